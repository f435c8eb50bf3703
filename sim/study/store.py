"""The store: every replication ever run, found by the hash of what made it, in files that are whole or not there.

A row (each measure over the horizon, or the error of a failure) is `ab/ab12….json`, its tables stand beside it in the folder
`ab/ab12…/`. Both are written aside, flushed to disk and renamed, so several processes may share a store and a kill at any
moment leaves nothing half-written. Nothing else is kept in a store: it may be deleted at any time, at the price of running again.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sim.study.task import Done, Failure, Outcome, Tables, Task

TABLES = ("weekly", "breakdown", "events")
ASIDE = "aside"
FORGOTTEN = 3600.0  # seconds after which what lies aside was left by a process that was killed


@dataclass(frozen=True)
class Store:
    """Replications under the folder `root`, which is made when first written to."""

    root: Path

    def find(self, task: Task) -> Done | Failure | None:
        """Return the row of `task`, without its tables: None where it was not run, or its tables are wanted and not there."""
        row = _read(self._file(task))
        if row is None or (task.full and "error" not in row and not self._folder(task).is_dir()):
            return None
        if "error" in row:
            return Failure(task.replication, row["error"], row["trace"])
        sums = {name: np.nan if value is None else value for name, value in row["totals"].items()}
        return Done(task.replication, sums, row["seconds"])

    def tables(self, task: Task) -> Tables:
        """Return the tables of a replication that was kept in full. Raises FileNotFoundError for any other."""
        import pandas as pd

        return Tables(*(pd.read_parquet(self._folder(task) / f"{name}.parquet") for name in TABLES))

    def keep(self, task: Task, outcome: Outcome) -> None:
        """Keep what became of `task`. Raises OSError where the folder cannot be written."""
        folder = self._folder(task)
        folder.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(outcome, Done) and outcome.tables is not None and not folder.is_dir():
            self._keep_tables(folder, outcome.tables)
        with self._aside() as aside:
            file = aside / "row.json"
            file.write_text(json.dumps(_row(task, outcome), allow_nan=False), encoding="utf-8")
            flush(file)
            file.replace(self._file(task))

    def tidy(self) -> None:
        """Remove what processes that were killed have left aside."""
        for left in (self.root / ASIDE).glob("*"):
            if time.time() - left.stat().st_mtime > FORGOTTEN:
                shutil.rmtree(left, ignore_errors=True)

    def _keep_tables(self, folder: Path, tables: Tables) -> None:
        with self._aside() as aside:
            whole = aside / folder.name
            whole.mkdir()
            for name in TABLES:
                write_table(getattr(tables, name), whole / f"{name}.parquet")
                flush(whole / f"{name}.parquet")
            try:
                whole.rename(folder)
            except OSError:
                if not folder.is_dir():  # another process has put the same there meanwhile
                    raise

    @contextmanager
    def _aside(self) -> Iterator[Path]:
        (self.root / ASIDE).mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(dir=self.root / ASIDE))
        try:
            yield aside
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def _file(self, task: Task) -> Path:
        return self.root / task.key[:2] / f"{task.key}.json"

    def _folder(self, task: Task) -> Path:
        return self.root / task.key[:2] / task.key


def write_table(table: Any, file: Path) -> None:
    """Write a data frame as Parquet."""
    table.to_parquet(file, engine="pyarrow", compression="zstd", index=False)


def flush(file: Path) -> None:
    """Have the system write `file` to the disk."""
    handle = os.open(file, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _row(task: Task, outcome: Outcome) -> dict[str, Any]:
    made = {"scenario": task.scenario.name, "seed": task.seed, "replication": task.replication}
    if isinstance(outcome, Failure):
        return made | {"error": outcome.error, "trace": outcome.trace}
    sums = {name: value if np.isfinite(value) else None for name, value in outcome.totals.items()}
    return made | {"seconds": outcome.seconds, "totals": sums}


def _read(file: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
