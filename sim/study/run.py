"""Run a scenario many times: replications in any number of processes, one result, equal to the bit."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import Problem, UserError
from sim.study.limits import MOST_REPS
from sim.study.runner import Jobs, Progress, carry_out
from sim.study.store import TABLES, Store
from sim.study.summary import summarise, totals
from sim.study.task import Done, Failure, Outcome, Tables, Task, measures_of

if TYPE_CHECKING:
    from pandas import DataFrame

    from sim.scenario import Scenario

ENGINES = ("columns", "agents")


@dataclass(frozen=True)
class Result:
    """The replications of one scenario.

    weekly    [replication, week, a column for each measure]
    breakdown [replication, week, measure, dimension, key, value]
    events    [replication, week, event, merchant, agent, cause, ref, value]
    totals    each measure over the horizon, one row per replication
    summary   the content of `summary.json`
    failures  replications that failed; they are in none of the tables
    """

    scenario: Scenario
    seed: int
    reps: int
    weekly: DataFrame
    breakdown: DataFrame
    events: DataFrame
    totals: DataFrame
    summary: dict[str, Any]
    engine: str = "columns"
    failures: tuple[Failure, ...] = field(default=())

    def plot(self) -> Any:
        """Return the chart that sums the run up, a matplotlib Figure."""
        from sim.views.figures import run_figures

        return next(iter(run_figures(self).values()))


@dataclass(frozen=True)
class Case:
    """What makes a result: equal cases give equal results. Raises UserError on what cannot be run."""

    scenario: Scenario
    seed: int = 1
    reps: int = 20
    engine: str = "columns"

    def __post_init__(self) -> None:
        problems = [
            Problem("cannot be used", key=key, given=getattr(self, key), allowed=allowed)
            for key, fine, allowed in (
                ("seed", _whole(self.seed, 0), "whole numbers from 0"),
                ("reps", _whole(self.reps, 1) and self.reps <= MOST_REPS, f"whole numbers from 1 to {MOST_REPS:,}"),
                ("engine", self.engine in ENGINES, " or ".join(ENGINES)),
            )
            if not fine
        ]
        if problems:
            raise UserError(*problems)

    def tasks(self, full: bool = True) -> list[Task]:
        """Return its replications."""
        return [Task(self.scenario, self.seed, replication, self.engine, full) for replication in range(self.reps)]


def _whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def lasting(scenario: Scenario, weeks: int | None) -> Scenario:
    """Return `scenario` over `weeks` weeks (None: its own horizon). Raises UserError where that is out of bounds."""
    return scenario if weeks is None or weeks == scenario.weeks else scenario.replace("weeks", weeks)


def run(
    scenario: Scenario,
    seed: int = 1,
    reps: int = 20,
    weeks: int | None = None,
    engine: str = "columns",
    jobs: Jobs = 1,
    progress: Progress | None = None,
) -> Result:
    """Run `scenario` over `reps` replications of one `seed` and return the result.

    `weeks` replaces the scenario's horizon; `jobs` is the number of processes or "all" (the numbers do not depend on it);
    `progress` is told (done, total) as replications end. Raises UserError on arguments out of range; a replication that
    fails is in `failures`.
    """
    return run_cases([Case(lasting(scenario, weeks), seed, reps, engine)], jobs, progress)[0]


def run_cases(
    cases: Sequence[Case], jobs: Jobs = 1, progress: Progress | None = None, store: Store | None = None
) -> list[Result]:
    """Run several cases together, each replication once; see `run`. What `store` holds is not run again (None: none is kept)."""
    with some(store) as kept:
        tasks = [task for case in cases for task in case.tasks()]
        outcomes = iter(carry_out(tasks, kept, jobs, progress))
        return [_gather(case, [(task, next(outcomes)) for task in case.tasks()], kept) for case in cases]


@contextmanager
def some(store: Store | None) -> Iterator[Store]:
    """Give `store`, or one for the time being where there is none."""
    if store is not None:
        yield store
    else:
        with tempfile.TemporaryDirectory(prefix="sim-", ignore_cleanup_errors=True) as folder:
            yield Store(Path(folder))


def _gather(case: Case, outcomes: Sequence[tuple[Task, Outcome]], store: Store) -> Result:
    """Join replications, given in order, into a result."""
    import pandas as pd

    parts = [store.tables(task) for task, outcome in outcomes if isinstance(outcome, Done)]
    failures = tuple(outcome for _, outcome in outcomes if isinstance(outcome, Failure))
    if not parts:
        raise RuntimeError(f"{case.scenario.name}: every replication failed\n{failures[0].trace or failures[0].error}")
    joined = (pd.concat([getattr(part, name) for part in parts], ignore_index=True) for name in TABLES)
    return make_result(case, Tables(*joined), failures)


def make_result(case: Case, tables: Tables, failures: tuple[Failure, ...] = ()) -> Result:
    """Return the result of `case` from its joined tables."""
    measures = measures_of(case.scenario)
    table = totals(tables.weekly, measures)
    summary = summarise(case.scenario.name, case.seed, table, measures)
    return Result(
        case.scenario, case.seed, case.reps, tables.weekly, tables.breakdown, tables.events, table, summary, case.engine, failures
    )
