"""Run a scenario many times: replications in any number of processes, one result, equal to the bit."""

from __future__ import annotations

import pickle
import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sim.errors import Problem, UserError
from sim.study.summary import summarise, totals

if TYPE_CHECKING:
    from pandas import DataFrame

    from sim.fields import Measure
    from sim.record import Run
    from sim.scenario import Scenario

Progress = Callable[[int, int], None]  # replications done, replications in all
Jobs = int | Literal["all"]
ENGINES = ("columns", "agents")
EVENTS = {"week": "int64", "event": "str", "merchant": "int64", "agent": "int64", "cause": "str", "ref": "int64"}
TRIES = 3


@dataclass(frozen=True)
class Failure:
    """A replication that did not come to its end: a fault of the program, kept and counted."""

    replication: int
    error: str
    trace: str = ""


@dataclass(frozen=True)
class Tables:
    """What one replication sends back, or all of them joined: the three long tables of a result."""

    weekly: DataFrame
    breakdown: DataFrame
    events: DataFrame


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
                ("reps", _whole(self.reps, 1), "whole numbers from 1"),
                ("engine", self.engine in ENGINES, " or ".join(ENGINES)),
            )
            if not fine
        ]
        if problems:
            raise UserError(*problems)


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
    return run_case(Case(lasting(scenario, weeks), seed, reps, engine), jobs, progress)


def run_case(case: Case, jobs: Jobs = 1, progress: Progress | None = None) -> Result:
    """Run one case; see `run`."""
    outcomes: dict[int, Tables | Failure] = {}
    for replication, outcome in _work(case, workers(jobs, case.reps)):
        outcomes[replication] = outcome
        if progress is not None:
            progress(len(outcomes), case.reps)
    return gather(case, [outcomes[replication] for replication in range(case.reps)])


def workers(jobs: Jobs, tasks: int) -> int:
    """Return how many processes to use for `tasks` tasks. Raises UserError on anything but a count or "all"."""
    import joblib

    if not (jobs == "all" or _whole(jobs, 1)):
        raise UserError(Problem("cannot be used", key="jobs", given=jobs, allowed="whole numbers from 1, or all"))
    return max(1, min(joblib.cpu_count() if jobs == "all" else jobs, tasks))


def _work(case: Case, processes: int) -> Iterator[tuple[int, Tables | Failure]]:
    """Yield (replication, outcome) as replications end. Those lost with a process that died are run again."""
    missing = set(range(case.reps))
    for _ in range(TRIES):
        for replication, outcome in _pool(case, sorted(missing), processes):
            missing.discard(replication)
            yield replication, outcome
        if not missing:
            return
    for replication in sorted(missing):
        yield replication, Failure(replication, f"its process died {TRIES} times (out of memory?)")


def _pool(case: Case, replications: Iterable[int], processes: int) -> Iterator[tuple[int, Tables | Failure]]:
    if processes == 1:
        yield from ((replication, _one(case, replication)) for replication in replications)
        return
    from joblib import Parallel, delayed
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    pool = Parallel(n_jobs=processes, return_as="generator_unordered")
    with tempfile.TemporaryDirectory(prefix="sim-", ignore_cleanup_errors=True) as folder:
        try:
            for file in pool(delayed(_one_away)(case, replication, folder) for replication in replications):
                yield pickle.loads(Path(folder, file).read_bytes())
        except TerminatedWorkerError:
            return


def _one_away(case: Case, replication: int, folder: str) -> str:
    """Run one replication in another process, leave the outcome in `folder` and return the name of its file.

    Tables do not travel through the pipe between processes: a process that dies while it sends would leave it blocked.
    """
    file = Path(folder, str(replication))
    file.with_suffix(".part").write_bytes(pickle.dumps((replication, _one(case, replication))))
    return file.with_suffix(".part").rename(file).name


def _one(case: Case, replication: int) -> Tables | Failure:
    """Run one replication. What the user can mend is raised; any other error is returned as a Failure."""
    from sim.model import simulate

    try:
        engine: Any = case.engine
        return _tables(simulate(case.scenario, case.seed, replication, engine=engine))
    except UserError:
        raise
    except Exception as error:
        return Failure(replication, f"{type(error).__name__}: {error}", traceback.format_exc())


def _tables(done: Run) -> Tables:
    import numpy as np
    import pandas as pd

    weekly = pd.DataFrame({"week": np.arange(done.weeks), **done.weekly})
    events = pd.DataFrame(done.events).astype(EVENTS)
    tables = Tables(weekly, _breakdown(done), events)
    for table in (tables.weekly, tables.breakdown, tables.events):
        table.insert(0, "replication", done.replication)
    return tables


def _breakdown(done: Run) -> DataFrame:
    import numpy as np
    import pandas as pd

    from sim.record import keys_of

    parts = []
    for (measure, dimension), amounts in done.breakdown.items():
        weeks, count = amounts.shape
        week, key = np.repeat(np.arange(weeks), count), np.tile(np.array(keys_of(dimension, count)), weeks)
        columns = {"week": week, "measure": measure, "dimension": dimension, "key": key, "value": amounts.ravel()}
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def measures_of(scenario: Scenario) -> dict[str, Measure]:
    """Return the measures that runs of `scenario` report, by name; money is in the scenario's currency."""
    from sim import record

    measures = record.measures_of(scenario.mechanisms)
    return {name: replace(m, unit=m.unit.replace("money", scenario.currency)) for name, m in measures.items()}


def gather(case: Case, outcomes: list[Tables | Failure]) -> Result:
    """Join replications, given in order, into a result."""
    import pandas as pd

    parts = [outcome for outcome in outcomes if isinstance(outcome, Tables)]
    failures = tuple(outcome for outcome in outcomes if isinstance(outcome, Failure))
    if not parts:
        raise RuntimeError(f"{case.scenario.name}: every replication failed\n{failures[0].trace or failures[0].error}")
    tables = (pd.concat([getattr(part, name) for part in parts], ignore_index=True) for name in ("weekly", "breakdown", "events"))
    return make_result(case, Tables(*tables), failures)


def make_result(case: Case, tables: Tables, failures: tuple[Failure, ...] = ()) -> Result:
    """Return the result of `case` from its joined tables."""
    measures = measures_of(case.scenario)
    table = totals(tables.weekly, measures)
    summary = summarise(case.scenario.name, case.seed, table, measures)
    return Result(
        case.scenario, case.seed, case.reps, tables.weekly, tables.breakdown, tables.events, table, summary, case.engine, failures
    )
