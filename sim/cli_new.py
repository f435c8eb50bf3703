"""The command `sim scenarios new`: a plan to fill in, or a market from answers, given as options, in a file, or when asked."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.errors import Problem, UserError
from sim.starting.questions import QUESTIONS, Answer, Question, answer

if TYPE_CHECKING:
    from sim.starting.archetypes import Archetype
    from sim.starting.files import Started

FIRST = """A market of your own, from a dozen answers. Enter takes what stands in brackets: the nearest archetype's figure, in
proportion to what you have answered. Nothing is written before the last answer; Ctrl-C leaves nothing behind.
"""
LARGE = 20_000  # firms above which a first look is quicker on a part of the market
PANEL = "Your market"
TABLE = "Answers from a table of two columns: question,answer."
LIKE = "The archetype to extend (default: the nearest)."


def _option(name: str) -> Any:
    question = QUESTIONS[name]
    unit = f" ({question.unit})" if question.unit else ""
    return typer.Option(question.option, metavar="ANSWER", help=question.ask + unit, rich_help_panel=PANEL)


Name = Annotated[str, typer.Argument(metavar="NAME", help="The file to write: NAME.toml, or a path to it.")]
Base = Annotated[str | None, typer.Option("--base", metavar="SCENARIO", help="Start a plan on this scenario, without questions.")]
PlanOnly = Annotated[bool, typer.Option("--plan-only", help="Start a plan on the baseline, without questions.")]
From = Annotated[str | None, typer.Option("--from", metavar="FILE.csv", help=TABLE, rich_help_panel=PANEL)]
Like = Annotated[str, typer.Option("--archetype", metavar="NAME", help=LIKE, rich_help_panel=PANEL)]
Firms = Annotated[list[str] | None, _option("firms")]
BuysEvery = Annotated[list[str] | None, _option("buys-every")]
Deciders = Annotated[list[str] | None, _option("deciders")]
Consumers = Annotated[list[str] | None, _option("consumers-per-firm")]
Resellers = Annotated[list[str] | None, _option("resellers")]
Currency = Annotated[list[str] | None, _option("currency")]
Rate = Annotated[list[str] | None, _option("exchange-rate")]
Fee = Annotated[list[str] | None, _option("fee")]
Reps = Annotated[list[str] | None, _option("reps")]
Engineers = Annotated[list[str] | None, _option("engineers")]
Support = Annotated[list[str] | None, _option("support")]
Cash = Annotated[list[str] | None, _option("cash")]
Start = Annotated[list[str] | None, _option("start-date")]


def new(
    context: typer.Context, name: Name, base: Base = None, plan_only: PlanOnly = False, from_: From = None, archetype: Like = "",
    firms: Firms = None, buys_every: BuysEvery = None, deciders: Deciders = None, consumers_per_firm: Consumers = None,
    resellers: Resellers = None, currency: Currency = None, exchange_rate: Rate = None, fee: Fee = None, reps: Reps = None,
    engineers: Engineers = None, support: Support = None, cash: Cash = None, start_date: Start = None,
) -> None:
    """Start a scenario of your own: a market from a dozen answers, or a plan to fill in.

    Answers come as options or from a file; without any, they are asked for on a terminal. The market extends the nearest
    archetype and says which figures are yours, which follow from them and which are defaults. With --base or --plan-only, and
    where there is no terminal to ask on, a plan is started instead: examples to uncomment.

    [bold]Examples[/bold]

    sim scenarios new cafes

    sim scenarios new cafes --firms 12000 --buys-every "18 months" --deciders 2 --fee 195/month --currency EUR --exchange-rate 7.8

    sim scenarios new cafes --from figures.csv --cash 500000

    sim scenarios new my_plan --base baseline
    """
    file = name if name.endswith(".toml") else f"{name}.toml"
    options = _options(context.params)
    market = bool(options) or from_ is not None or bool(archetype)
    if market and (plan_only or base is not None):
        raise UserError(Problem("starts a plan; answers start a market", key="--plan-only" if plan_only else "--base"))
    if market or not (plan_only or base is not None or not _terminal()):
        _start_market(file, options, from_, archetype, ask=not market)
    else:
        _start_plan(file, base or "baseline")
    _note_namesake(file)


def _note_namesake(file: str) -> None:
    """Say which of two scenarios a name means, where one of that name comes with sim."""
    from pathlib import Path

    from sim.scenario_files import shipped

    name = Path(file).stem
    if name in shipped():
        typer.echo(f"note: {name} alone means the scenario that comes with sim; yours is {file}", err=True)


def _options(given: dict[str, Any]) -> dict[str, str]:
    """Return the answers given as options. Raises UserError where a question is answered twice."""
    options = {q.name: given[q.key] for q in QUESTIONS.values() if given[q.key]}
    twice = [
        Problem("is answered twice", key=QUESTIONS[name].option, given=" and ".join(texts), allowed="one answer")
        for name, texts in options.items() if len(texts) > 1
    ]
    if twice:
        raise UserError(*twice)
    return {name: texts[0] for name, texts in options.items()}


def _terminal() -> bool:
    """Say whether there is somebody to ask."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def _start_plan(file: str, base: str) -> None:
    from sim.starting.files import new as start

    made = start(file, base)
    typer.echo(f"wrote {made}, a plan on {base}; next: edit it, then  sim compare {base} {made}")


def _start_market(file: str, options: dict[str, str], figures: str | None, archetype: str, ask: bool) -> None:
    from sim.starting.files import check_free, new_market, ranked

    check_free(file)
    answers = _ask_all() if ask else _taken(options, figures)
    started = new_market(file, answers, archetype)
    others = [found for found, _ in ranked(answers, archetype) if found.name != started.archetype.name]
    _tell(started, len(answers), nearest=bool(others) and not archetype)


def _taken(options: dict[str, str], file: str | None) -> dict[str, Answer]:
    """Return the answers of a file, overruled by those given as options. Raises UserError with a line for each problem."""
    from sim.starting.figures import figures

    own = options.get("currency", "")
    answers = {} if file is None else figures(file, own)
    currency = own or str(answers["currency"].value if "currency" in answers else "")
    problems: list[Problem] = []
    for name, text in options.items():
        try:
            answers[name] = answer(QUESTIONS[name], text, currency=currency)
        except UserError as error:
            problems += error.problems
    if problems:
        raise UserError(*problems)
    return answers


def _tell(started: Started, count: int, nearest: bool) -> None:
    yours, own = started.sizes.runway()
    file, base = started.file, started.archetype
    typer.echo(f"wrote {file}: {count} answers on the {'nearest ' if nearest else ''}archetype {base.kind} ({base.name})")
    typer.echo(f"cash lasts the opening team about {yours:.0f} weeks, before any revenue (in {base.name} {own:.0f})")
    firms = started.sizes.value("firms")
    part = f" --set market.scale={10_000 / firms:.1g}" if firms > LARGE else ""
    typer.echo(f"next: sim scenarios explain {file}, then  sim run {file}{part} --reps 4")


# asking -------------------------------------------------------------------------------------------------


def _ask_all() -> dict[str, Answer]:
    from sim.starting.archetypes import archetypes, distances
    from sim.starting.sizes import Sizes

    answers: dict[str, Answer] = {}
    among = archetypes()
    typer.echo(FIRST, err=True)
    try:
        for question in QUESTIONS.values():
            near = distances(answers, among)[0][0]
            if question.name == "exchange-rate":
                asked = _ask_rate(question, answers, near)
            else:
                asked = _ask(question, Sizes(answers, near))
            if asked is not None:
                answers[question.name] = asked
    except (typer.Abort, KeyboardInterrupt):
        typer.echo("\nnothing was written", err=True)
        raise typer.Abort from None
    return answers


def _ask(question: Question, sizes: Any) -> Answer | None:
    """Ask one question until it is answered, or Enter takes the default; return None for the default."""
    currency, default = sizes.currency, sizes.default(question.name)
    typer.echo(f"{question.ask}  {_in(question.allowed, currency)}\n  {question.hint}", err=True)
    return _answered(question, currency, _shown(default))


def _ask_rate(question: Question, answers: dict[str, Answer], near: Archetype) -> Answer | None:
    """Ask what the currency is worth, where it is not the archetype's."""
    if "currency" not in answers or answers["currency"].value == near.currency:
        return None
    own = answers["currency"].value
    typer.echo(f"What is 1 {own} in {near.currency}?  {question.least:g} to {question.most:g}\n  {question.hint}", err=True)
    return _answered(question, own, "")


def _answered(question: Question, currency: str, default: str) -> Answer | None:
    while True:
        text = typer.prompt(f"  {question.name}" + (f" [{default}]" if default else ""), default="", show_default=False, err=True)
        if not text.strip() and default:
            return None
        try:
            return answer(question, text, currency=currency)
        except UserError as error:
            typer.echo(f"  {_in(str(error), currency)}", err=True)


def _in(text: str, currency: str) -> str:
    """Return text with money in the user's currency."""
    return text.replace("money", currency)


def _shown(value: Any) -> str:
    return f"{value:,.6g}" if isinstance(value, int | float) else str(value)
