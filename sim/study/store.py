"""The store: every replication ever run, found by the hash of what made it, in files that are whole or not there.

A row (each measure over the horizon, or the error of a failure) is `ab/ab12….json`, its tables stand beside it in the folder
`ab/ab12…/`. Both are written aside, flushed to disk and renamed, so several processes may share a store and a kill at any
moment leaves nothing half-written. A row carries a checksum of itself and those of its tables: what was damaged or changed since
counts as not run. Nothing else is kept in a store: it may be deleted at any time, at the price of running again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from sim.study.task import Done, Failure, Outcome, Tables, Task, hashed

TABLES = ("weekly", "breakdown", "events")
ASIDE = "aside"
FORGOTTEN = 3600.0  # seconds after which what lies aside was left by a process that was killed
CHECK = "check"


@dataclass(frozen=True)
class Store:
    """Replications under the folder `root`, which is made when first written to; `note` is told of what is damaged."""

    root: Path
    note: Callable[[str], None] = field(default=lambda _: None, compare=False)

    def find(self, task: Task) -> Done | Failure | None:
        """Return the row of `task`, without its tables: None where it was not run, is damaged, or lacks wanted tables."""
        row = self._read(task)
        if row is None or (task.full and "error" not in row and not self._has_tables(task, row)):
            return None
        if "error" in row:
            return Failure(task.replication, row["error"], row["trace"])
        sums = {name: np.nan if value is None else value for name, value in row["totals"].items()}
        return Done(task.replication, sums, row["seconds"])

    def damaged(self, task: Task) -> bool:
        """Say whether something is kept of `task` that is not as it was written."""
        row = self._read(task)
        if row is None:
            return self._file(task).exists()
        return "tables" in row and not self._has_tables(task, row)

    def _read(self, task: Task) -> dict[str, Any] | None:
        """Return a row that is as it was written for this task, None for any other."""
        try:
            found = json.loads(self._file(task).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return None
        whole = isinstance(found, dict) and found.pop(CHECK, "") == _check(task, found)
        return found if whole else None

    def _has_tables(self, task: Task, row: dict[str, Any]) -> bool:
        return "tables" in row and _sums_of(self._folder(task)) == row["tables"]

    def tables(self, task: Task) -> Tables:
        """Return the tables of a replication that was kept in full. Raises FileNotFoundError for any other."""
        import pandas as pd

        return Tables(*(pd.read_parquet(self._folder(task) / f"{name}.parquet") for name in TABLES))

    def keep(self, task: Task, outcome: Outcome) -> None:
        """Keep what became of `task`. Raises OSError where the folder cannot be written."""
        folder = self._folder(task)
        folder.parent.mkdir(parents=True, exist_ok=True)
        row = _row(task, outcome)
        if isinstance(outcome, Done) and outcome.tables is not None:
            row["tables"] = self._keep_tables(folder, outcome.tables)
        with self._aside() as aside:
            file = aside / "row.json"
            file.write_text(json.dumps(row | {CHECK: _check(task, row)}, allow_nan=False), encoding="utf-8")
            flush(file)
            file.replace(self._file(task))

    def tidy(self) -> None:
        """Remove what processes that were killed have left aside."""
        for left in (self.root / ASIDE).glob("*"):
            if time.time() - left.stat().st_mtime > FORGOTTEN:
                shutil.rmtree(left, ignore_errors=True)

    def _keep_tables(self, folder: Path, tables: Tables) -> dict[str, str]:
        """Put tables in their folder, in place of what differs from them, and return the hash of each file."""
        with self._aside() as aside:
            whole = aside / folder.name
            whole.mkdir()
            for name in TABLES:
                write_table(getattr(tables, name), whole / f"{name}.parquet")
                flush(whole / f"{name}.parquet")
            sums = _sums_of(whole)
            if _sums_of(folder) != sums:
                _put(whole, folder, aside / "old")
        return sums

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


def _check(task: Task, row: dict[str, Any]) -> str:
    return hashed([task.key, row])


def _put(whole: Path, folder: Path, old: Path) -> None:
    """Put a folder in the place of what stands there; another process may put the same meanwhile."""
    try:
        if folder.exists():
            folder.rename(old)
        whole.rename(folder)
    except OSError:
        if _sums_of(folder) != _sums_of(whole):
            raise


def _sums_of(folder: Path) -> dict[str, str]:
    """Return the hash of each table in a folder; nothing where one is not there."""
    try:
        return {name: digest_of(folder / f"{name}.parquet") for name in TABLES}
    except OSError:
        return {}


def digest_of(file: Path) -> str:
    """Return the SHA-256 (hex) of a file."""
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
