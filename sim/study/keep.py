"""Run what has not been run, find what has: the one way from a question to a folder that holds its answer."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sim.study import folders
from sim.study.compare import Comparison, of
from sim.study.run import Case, Result, run_cases
from sim.study.runner import Jobs, Progress
from sim.study.store import Store


def shelf() -> Path:
    """Return the folder of run directories and their store: `results` here, or what SIM_RESULTS names."""
    return Path(os.environ.get("SIM_RESULTS") or "results")


@dataclass(frozen=True)
class Ways:
    """How to run and keep: processes, whom to tell, the command that asked, who draws charts and report, the shelf."""

    jobs: Jobs = 1
    progress: Progress | None = None
    command: str = ""
    dress: folders.Dress | None = None
    shelf: Path = field(default_factory=shelf)

    @property
    def store(self) -> Store:
        """The store of the shelf, shared by all that is run on it."""
        return Store(self.shelf / ".store")


def run_kept(case: Case, folder: Path | None = None, ways: Ways | None = None) -> tuple[Result, Path, bool]:
    """Return the result of `case`, its folder, and whether it was there already.

    `folder` None means <shelf>/<scenario>-<8 hex of the inputs>. Replications in the store are not run again. Raises UserError
    where folder or store cannot be written, before anything is run.
    """
    ways = ways or Ways()
    folder = folder or folders.folder_of([case], ways.shelf)
    result = folders.find(case, folder)
    if result is not None:
        if ways.dress is not None:
            folders.redress(result, folder, ways.dress)
        return result, folder, True
    result = _results([case], folder, ways)[0]
    folders.save(result, folder, ways.command, ways.dress)
    return result, folder, False


def compare_kept(cases: Sequence[Case], folder: Path | None = None, ways: Ways | None = None) -> tuple[Comparison, Path, bool]:
    """Return the comparison of `cases`, its folder, and whether it was there already; see `run_kept`."""
    ways = ways or Ways()
    folder = folder or folders.folder_of(cases, ways.shelf)
    found = folders.find_comparison(cases, folder)
    if found is not None:
        if ways.dress is not None:
            folders.redress(found, folder, ways.dress)
        return found, folder, True
    comparison = of(_results(cases, folder, ways))
    folders.save_comparison(comparison, folder, ways.command, ways.dress)
    return comparison, folder, False


def _results(cases: Sequence[Case], folder: Path, ways: Ways) -> list[Result]:
    folders.check_writable(folder, cases)
    with folders.mendable(ways.store.root):
        return run_cases(cases, ways.jobs, ways.progress, ways.store)
