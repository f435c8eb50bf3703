"""Options that commands share, and the ways in which they run and keep."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.study.limits import MOST_REPS, MOST_WORLDS

if TYPE_CHECKING:
    from sim.study.folders import Dress
    from sim.study.keep import Ways
    from sim.study.runner import Jobs

LONGEST = 9


def whole(least: int, most: int = 10**LONGEST - 1) -> Callable[[Any], int]:
    """Return a reader of whole numbers from `least` to `most`."""

    def whole_number(given: Any) -> int:
        text = str(given)  # a default comes as a number
        if not text.isdecimal() or len(text) > LONGEST or not least <= int(text) <= most:
            raise typer.BadParameter(f"{text!r}; allowed: whole numbers from {least} to {most:,}")
        return int(text)

    return whole_number


def processes(text: str) -> Jobs:
    """Read a number of processes, or all."""
    return "all" if text == "all" else whole(1)(text)


def option(name: str, metavar: str, text: str, **more: Any) -> Any:
    """Return an option with what its value is called in help."""
    return typer.Option(name, metavar=metavar, help=text, **more)


Reps = Annotated[int, option("--reps", "N", "Replications: independent worlds of one seed.", parser=whole(1, MOST_REPS))]
Seed = Annotated[int, option("--seed", "N", "Equal seeds meet equal worlds.", parser=whole(0))]
Weeks = Annotated[int | None, option("--weeks", "N", "Horizon (default: the scenario's own).", parser=whole(1))]
JobCount = Annotated[Any, option("--jobs", "N|all", "Processes; the numbers do not depend on it.", parser=processes)]
Json = Annotated[bool, typer.Option("--json", help="Print only the summary, as JSON, on standard output.")]
PLAN = "Your own plan by week, date, month or quarter: spend.csv, spend.xlsx#Budget. Amounts at full size; market.scale applies."
PlanSheet = Annotated[str, option("--plan", "SHEET", PLAN)]
WORLDS = "Also play the plans in N worlds drawn from the plausible ranges: in which share does the answer keep its sign?"
Worlds = Annotated[int | None, option("--worlds", "N", WORLDS, parser=whole(2, MOST_WORLDS))]
Out = Annotated[Path | None, option("--out", "DIR", "Run directory (default: results/NAME-HASH).")]


@contextmanager
def ways_of(label: str, replications: int, jobs: Jobs, draw: Dress) -> Iterator[Ways]:
    """Give the ways to run and keep; progress and notes go to standard error, `draw` writes charts and page."""
    from sim.study.keep import Ways
    from sim.views.terminal import Bar

    with Bar(label, replications) as bar:

        def dress(kept: Any, folder: Path) -> None:
            bar.say("charts and page")
            draw(kept, folder)

        yield Ways(jobs, bar.tell, "sim " + " ".join(sys.argv[1:]), dress, note=bar.note)


def print_json(content: Any) -> None:
    """Print the summary, alone on standard output."""
    from sim.study.folders import as_json

    typer.echo(as_json(content))
