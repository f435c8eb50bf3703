"""The command `sim`: thin. Heavy imports stand inside the commands, so that help and lists come at once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli_scenarios import Set, Spec, scenario_of, scenarios
from sim.errors import UserError

if TYPE_CHECKING:
    from sim.scenario import Scenario
    from sim.study.keep import Ways
    from sim.study.run import Failure, Jobs

DEMO = ("baseline", "premature_promotion", "over_customization", "interrupted_channel_support")
DEMO_MARKET = "small"
LONGEST = 9
FIRST = """sim plays a market in which a vendor sells through merchants to their consumers, and shows what a plan is worth.

Begin with
  sim demo                                        a sound plan against three others: table, charts and a page (a minute or two)
  sim scenarios list                              what can be run
  sim scenarios explain baseline                  what it assumes, with units and sources
  sim run baseline --reps 4                       one plan
  sim compare baseline premature_promotion        plans on the same worlds: differences with intervals

Then make your own
  sim scenarios new my_market                     your market, from a dozen questions
  sim scenarios new my_plan --base baseline       a plan to edit; then  sim compare baseline my_plan.toml
Every command explains itself: sim run --help
"""

app = typer.Typer(
    name="sim", add_completion=False, no_args_is_help=False, invoke_without_command=True, rich_markup_mode="rich",
    pretty_exceptions_enable=False, context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(scenarios, name="scenarios")


def _whole(least: int) -> Callable[[Any], int]:
    def whole_number(given: Any) -> int:
        text = str(given)  # a default comes as a number
        if not text.isdecimal() or len(text) > LONGEST or int(text) < least:
            raise typer.BadParameter(f"{text!r}; allowed: whole numbers from {least} of at most {LONGEST} digits")
        return int(text)

    return whole_number


def _processes(text: str) -> Jobs:
    return "all" if text == "all" else _whole(1)(text)


def _option(name: str, metavar: str, text: str, **more: Any) -> Any:
    return typer.Option(name, metavar=metavar, help=text, **more)


Reps = Annotated[int, _option("--reps", "N", "Replications: independent worlds of one seed.", parser=_whole(1))]
Seed = Annotated[int, _option("--seed", "N", "Equal seeds meet equal worlds.", parser=_whole(0))]
Weeks = Annotated[int | None, _option("--weeks", "N", "Horizon (default: the scenario's own).", parser=_whole(1))]
JobCount = Annotated[Any, _option("--jobs", "N|all", "Processes; the numbers do not depend on it.", parser=_processes)]
Json = Annotated[bool, typer.Option("--json", help="Print only the summary, as JSON, on standard output.")]
Out = Annotated[Path | None, _option("--out", "DIR", "Run directory (default: results/NAME-HASH).")]


def _version(wanted: bool) -> None:
    if wanted:
        from sim import __version__

        typer.echo(f"sim {__version__}")
        raise typer.Exit()


@app.callback()
def start(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """Play a B2B2C market week by week and see what a plan is worth.

    sim demo                                   a sound plan against three others
    sim run baseline --reps 4                  one plan
    sim compare baseline premature_promotion   plans on the same worlds
    """
    if context.invoked_subcommand is None:
        typer.echo(FIRST, nl=False)


@app.command()
def run(
    scenario: Spec, set_: Set = None, reps: Reps = 20, seed: Seed = 1, weeks: Weeks = None, jobs: JobCount = "all",
    json: Json = False, out: Out = None,
) -> None:
    """Run one scenario and write table, charts and a page to its run directory.

    Equal inputs are found there and not run again.

    [bold]Examples[/bold]

    sim run baseline --reps 4

    sim run baseline+small --set plan.promotion.sem.spend=8000 --weeks 104

    sim run my_plan.toml --json > summary.json
    """
    from sim.study.keep import run_kept
    from sim.study.run import Case, lasting

    case = Case(lasting(scenario_of(scenario, set_), weeks), seed, reps)
    with _ways(scenario, reps, jobs, comparison=False) as ways:
        result, folder, there = run_kept(case, out, ways)
    if json:
        _print_json(result.summary)
    else:
        from sim.views.terminal import run_table, show

        show(run_table(result), _where(folder, there))
    _end([(case.scenario.name, failure) for failure in result.failures])


@app.command()
def compare(
    plans: Annotated[list[str], typer.Argument(metavar="A B...", help="Two scenarios or more; the first is the base.")],
    set_: Set = None, reps: Reps = 20, seed: Seed = 1, weeks: Weeks = None, jobs: JobCount = "all",
    json: Json = False, out: Out = None,
) -> None:
    """Compare plans on the same worlds: paired differences with 95 % intervals, which is best, and how often.

    --set changes every plan alike.

    [bold]Examples[/bold]

    sim compare baseline premature_promotion over_customization

    sim compare baseline+small my_plan.toml+small --reps 40 --seed 7
    """
    _compare([scenario_of(plan, set_) for plan in plans], " ".join(plans), seed, reps, weeks, jobs, json, out)


@app.command()
def demo(reps: Reps = 40, seed: Seed = 1, jobs: JobCount = "all", json: Json = False, out: Out = None) -> None:
    """Compare a sound plan with promoting too early, customizing too much, and supporting resellers in fits and starts.

    The market is a tenth of full size; table, charts and report.html go to the run directory.

    [bold]Example[/bold]

    sim demo --reps 100
    """
    plans = [scenario_of(f"{plan}+{DEMO_MARKET}") for plan in DEMO]
    _compare(plans, "demo", seed, reps, None, jobs, json, out)


def _compare(
    plans: list[Scenario], label: str, seed: int, reps: int, weeks: int | None, jobs: Jobs, json: bool, out: Path | None
) -> None:
    from sim.study.compare import cases
    from sim.study.keep import compare_kept

    todo = cases(plans, seed, reps, weeks)
    _warn_of_markets([case.scenario for case in todo])
    with _ways(label, reps * len(todo), jobs, comparison=True) as ways:
        comparison, folder, there = compare_kept(todo, out, ways)
    if json:
        _print_json(comparison.table)
    else:
        from sim.views.findings import winner
        from sim.views.terminal import comparison_table, plan_sentences, show

        show(comparison_table(comparison), *plan_sentences(comparison), winner(comparison), _where(folder, there))
    _end([(name, failure) for name, result in comparison.results.items() for failure in result.failures])


def _warn_of_markets(plans: list[Scenario]) -> None:
    for plan in plans[1:]:
        paths = [path for path, _, _ in plans[0].diff(plan) if path.startswith("market.")]
        if paths:
            pair, what = f"{plans[0].name} and {plan.name}", ", ".join(paths)
            print(f"note: {pair} meet different markets ({what}): it is not the plan alone that differs", file=sys.stderr)


# shared ------------------------------------------------------------------------------------------------


@contextmanager
def _ways(label: str, replications: int, jobs: Jobs, comparison: bool) -> Iterator[Ways]:
    """Give the ways to run and keep, with progress shown on standard error."""
    from sim.study.keep import Ways
    from sim.views.dress import dress_comparison, dress_run
    from sim.views.terminal import Bar

    with Bar(label, replications) as bar:

        def dress(kept: Any, folder: Path) -> None:
            bar.say("charts and page")
            (dress_comparison if comparison else dress_run)(kept, folder)

        yield Ways(jobs, bar.tell, "sim " + " ".join(sys.argv[1:]), dress)


def _print_json(content: Any) -> None:
    from sim.study.store import as_json

    typer.echo(as_json(content))


def _where(folder: Path, there: bool) -> str:
    return f"\n{'Found' if there else 'Written'}: {folder / 'report.html'}"


def _end(failures: list[tuple[str, Failure]]) -> None:
    """Name every replication that failed, and leave with 1 if any did: that is a fault of the program."""
    for name, failure in failures:
        print(f"{name}: replication {failure.replication} failed: {failure.error}", file=sys.stderr)
    if failures:
        raise typer.Exit(1)


def main() -> None:
    """Run the command line: 0 when done, 2 for what the user can mend (one line for each problem), 1 for our faults."""
    try:
        code = app(prog_name="sim", standalone_mode=False)
    except UserError as error:
        print(*error.problems, sep="\n", file=sys.stderr)
        code = 2
    except typer.TyperException as error:
        print(" ".join(error.format_message().split()), file=sys.stderr)
        code = 2
    except typer.Abort:
        code = 130
    except BrokenPipeError:
        sys.stderr.close()
        code = 0
    sys.exit(code if isinstance(code, int) else 0)
