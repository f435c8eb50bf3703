"""The command `sim`: thin. Heavy imports stand inside the commands, so that help and lists come at once."""

from __future__ import annotations

import io
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli_options import JobCount, Json, Out, PlanSheet, Reps, Seed, Weeks, Worlds, print_json, ways_of
from sim.cli_scenarios import Set, Spec, scenario_of, scenarios
from sim.cli_study import study
from sim.cli_validate import validate
from sim.errors import UserError

if TYPE_CHECKING:
    from sim.scenario import Scenario
    from sim.study.runner import Jobs
    from sim.study.task import Failure

DEMO = ("baseline", "premature_promotion", "over_customization", "interrupted_channel_support")
DEMO_MARKET = "small"
STOPPED = 130
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
app.add_typer(study, name="study")
app.command()(validate)


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
    json: Json = False, out: Out = None, plan: PlanSheet = "",
) -> None:
    """Run one scenario and write table, charts and a page to its run directory.

    Equal inputs are found there and not run again.

    [bold]Examples[/bold]

    sim run baseline --reps 4

    sim run baseline+small --set plan.promotion.sem.spend=8000 --weeks 104

    sim run my_plan.toml --json > summary.json

    sim run baseline+small --plan spend.xlsx
    """
    from sim.study.keep import run_kept
    from sim.study.run import Case, lasting
    from sim.views.dress import dress_run

    case = Case(lasting(scenario_of(scenario, set_, plan, weeks), weeks), seed, reps)
    with ways_of(scenario, reps, jobs, dress_run) as ways:
        result, folder, there = run_kept(case, out, ways)
    if json:
        print_json(result.summary)
    else:
        from sim.views.terminal import run_table, show

        show(run_table(result), _where(folder, there))
    _end([(case.scenario.name, failure) for failure in result.failures])


@app.command()
def compare(
    plans: Annotated[list[str], typer.Argument(metavar="A B...", help="Two scenarios or more; the first is the base.")],
    set_: Set = None, reps: Reps = 20, seed: Seed = 1, weeks: Weeks = None, jobs: JobCount = "all",
    json: Json = False, out: Out = None, worlds: Worlds = None,
) -> None:
    """Compare plans on the same worlds: paired differences with 95 % intervals, which is best, and how often.

    --set changes every plan alike.

    [bold]Examples[/bold]

    sim compare baseline premature_promotion over_customization

    sim compare baseline+small my_plan.toml+small --reps 40 --seed 7

    sim compare baseline+small premature_promotion+small --worlds 50

    sim compare baseline baseline+spend.csv
    """
    found = [scenario_of(plan, set_, weeks=weeks) for plan in plans]
    _compare(found, " ".join(plans), (seed, reps, weeks), jobs, json, out, worlds)


@app.command()
def demo(reps: Reps = 40, seed: Seed = 1, jobs: JobCount = "all", json: Json = False, out: Out = None) -> None:
    """Compare a sound plan with promoting too early, customizing too much, and supporting resellers in fits and starts.

    The market is a tenth of full size; table, charts and report.html go to the run directory.

    [bold]Example[/bold]

    sim demo --reps 100
    """
    plans = [scenario_of(f"{plan}+{DEMO_MARKET}") for plan in DEMO]
    _compare(plans, "demo", (seed, reps, None), jobs, json, out)


def _compare(
    plans: list[Scenario], label: str, how: tuple[int, int, int | None], jobs: Jobs, json: bool, out: Path | None,
    worlds: int | None = None,
) -> None:
    from sim.study.compare import cases
    from sim.study.keep import compare_kept, signs_of, worlds_kept
    from sim.views.dress import dress_comparison

    todo = cases(plans, *how)
    _warn_of_markets([case.scenario for case in todo])
    with ways_of(label, how[1] * len(todo), jobs, dress_comparison) as ways:
        comparison, folder, there = compare_kept(todo, out, ways)
        robust = None if worlds is None else worlds_kept(comparison, worlds, folder, ways)
    if json:
        print_json(comparison.table | ({} if robust is None else {"robustness": robust.as_json(signs_of(comparison))}))
    else:
        from sim.views.findings import winner
        from sim.views.terminal import comparison_table, plan_sentences, show
        from sim.views.worlds_words import in_worlds

        others = [] if robust is None else in_worlds(robust, comparison)
        show(comparison_table(comparison), *plan_sentences(comparison), winner(comparison), *others, _where(folder, there))
    _end([(name, failure) for name, result in comparison.results.items() for failure in result.failures])


def _warn_of_markets(plans: list[Scenario]) -> None:
    for plan in plans[1:]:
        paths = [path for path, _, _ in plans[0].diff(plan) if path.startswith("market.")]
        if paths:
            pair, what = f"{plans[0].name} and {plan.name}", ", ".join(paths)
            print(f"note: {pair} meet different markets ({what}): it is not the plan alone that differs", file=sys.stderr)


# shared ------------------------------------------------------------------------------------------------


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
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows no minus sign gets a question mark
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end the workers too, as Ctrl-C does
    try:
        code = app(prog_name="sim", standalone_mode=False)
    except UserError as error:
        print(*error.problems, sep="\n", file=sys.stderr)
        code = 2
    except typer.TyperException as error:
        print(" ".join(error.format_message().split()), file=sys.stderr)
        code = 2
    except (typer.Abort, KeyboardInterrupt):
        code = STOPPED
    except BrokenPipeError:
        sys.stderr.close()
        code = 0
    if code == STOPPED:
        runs = sys.argv[1:2] in (["run"], ["compare"], ["demo"], ["study"], ["validate"])
        print("stopped" + ("; what has been run is kept: the same command goes on from there" if runs else ""), file=sys.stderr)
    sys.exit(code if isinstance(code, int) else 0)
