"""One replication: what it is found by, and what it sends back."""

from __future__ import annotations

import functools
import hashlib
import json
import time
import traceback
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import UserError

if TYPE_CHECKING:
    from pandas import DataFrame

    from sim.fields import Measure
    from sim.record import Run
    from sim.scenario import Scenario
    from sim.study.readings import Reading

PACKAGE = Path(__file__).resolve().parents[1]
NO_NUMBERS = ("explain.py", "__main__.py")
EVENTS = {"week": "int64", "event": "str", "merchant": "int64", "agent": "int64", "cause": "str", "ref": "int64"}


@dataclass(frozen=True)
class Task:
    """One replication of a scenario. Without `full` only each measure over the horizon is wanted, not the tables.

    `readings` are further numbers to read off the run, by name: they stand among the totals.
    """

    scenario: Scenario
    seed: int
    replication: int
    engine: str = "columns"
    full: bool = True
    readings: tuple[tuple[str, Reading], ...] = ()

    @functools.cached_property
    def key(self) -> str:
        """Return the hash (hex) of all that decides its numbers: scenario, seed, replication, engine, readings, model code."""
        read = [[[name, reading.address] for name, reading in self.readings]] if self.readings else []
        return hashed([_digest(self.scenario), self.seed, self.replication, self.engine, code(), *read])


@dataclass(frozen=True)
class Tables:
    """The three long tables of a replication, or of several joined."""

    weekly: DataFrame
    breakdown: DataFrame
    events: DataFrame


@dataclass(frozen=True)
class Failure:
    """A replication that did not come to its end: a fault of the program, kept and counted."""

    replication: int
    error: str
    trace: str = ""


@dataclass(frozen=True)
class Done:
    """A replication that came to its end: each measure over the horizon (NaN where not defined), seconds, tables if wanted."""

    replication: int
    totals: dict[str, float]
    seconds: float
    tables: Tables | None = None


Outcome = Done | Failure


def hashed(content: Any) -> str:
    """Return the SHA-256 (hex) of what JSON can hold."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@functools.lru_cache(maxsize=4096)
def _digest(scenario: Scenario) -> str:
    return scenario.digest()


@functools.cache
def code(*, of_views: bool = False) -> str:
    """Return a hash of the program's source: of what makes the numbers, or of what draws them."""
    digest = hashlib.sha256()
    for file in sorted(PACKAGE.rglob("*")):
        path = file.relative_to(PACKAGE)
        drawn = path.parts[0] == "views"
        if drawn == of_views and file.is_file() and (drawn or makes_numbers(path)) and file.suffix != ".pyc":
            digest.update(path.as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def makes_numbers(path: Path) -> bool:
    """Say whether a file of the package, by its path in it, has a part in what a replication gives."""
    studies = path.parts[0] == "study" and path.name not in ("task.py", "summary.py", "readings.py")
    apart = studies or path.parts[0] == "validation" or path.name in NO_NUMBERS or path.name.startswith("cli")
    return path.suffix == ".py" and not apart


def perform(task: Task) -> Outcome:
    """Run one replication. What the user can mend is raised; any other error is returned as a Failure."""
    from sim.model import simulate
    from sim.study.summary import totals

    begin = time.perf_counter()
    try:
        engine: Any = task.engine
        run, measures = simulate(task.scenario, task.seed, task.replication, engine=engine), measures_of(task.scenario)
        tables = _tables(run, events=task.full)
        row = totals(tables.weekly, measures).iloc[0]
        read = {name: reading.read(run, measures) for name, reading in task.readings}
    except UserError:
        raise
    except Exception as error:
        return Failure(task.replication, f"{type(error).__name__}: {error}", traceback.format_exc())
    sums = {str(name): float(value) for name, value in row.items()} | read
    return Done(task.replication, sums, time.perf_counter() - begin, tables if task.full else None)


def _tables(done: Run, events: bool) -> Tables:
    """Return the tables of a run; what is only summed up needs neither breakdown nor events."""
    import numpy as np
    import pandas as pd

    weekly = pd.DataFrame({"week": np.arange(done.weeks), **done.weekly})
    tables = [weekly, _breakdown(done), pd.DataFrame(done.events).astype(EVENTS)] if events else [weekly]
    for table in tables:
        table.insert(0, "replication", done.replication)
    return Tables(*tables) if events else Tables(weekly, weekly[:0], weekly[:0])


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
