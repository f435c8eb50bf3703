"""Run what has not been run, find what has: the one way from a question to a folder that holds its answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sim.study import store
from sim.study.compare import Comparison, of, shifted
from sim.study.run import Case, Jobs, Progress, Result, run_case

SHELF = Path("results")


@dataclass(frozen=True)
class Ways:
    """How to run and keep: processes, whom to tell, the command that asked, who draws charts and report, the shelf."""

    jobs: Jobs = 1
    progress: Progress | None = None
    command: str = ""
    dress: store.Dress | None = None
    shelf: Path = SHELF


def run_kept(case: Case, folder: Path | None = None, ways: Ways | None = None) -> tuple[Result, Path, bool]:
    """Return the result of `case`, its folder, and whether it was there already.

    `folder` None means <shelf>/<scenario>-<8 hex of the inputs>. Raises UserError where the folder cannot be written,
    before anything is run.
    """
    ways = ways or Ways()
    folder = folder or store.folder_of([case], ways.shelf)
    result = store.find(case, folder)
    if result is not None:
        if ways.dress is not None:
            store.redress(result, folder, ways.dress)
        return result, folder, True
    store.check_writable(folder, [case])
    result = run_case(case, ways.jobs, ways.progress)
    store.save(result, folder, ways.command, ways.dress)
    return result, folder, False


def compare_kept(cases: Sequence[Case], folder: Path | None = None, ways: Ways | None = None) -> tuple[Comparison, Path, bool]:
    """Return the comparison of `cases`, its folder, and whether it was there already; plans run before are not run again."""
    ways = ways or Ways()
    folder = folder or store.folder_of(cases, ways.shelf)
    found = store.find_comparison(cases, folder)
    if found is not None:
        if ways.dress is not None:
            store.redress(found, folder, ways.dress)
        return found, folder, True
    store.check_writable(folder, cases)
    comparison = of(_results(cases, ways))
    store.save_comparison(comparison, folder, ways.command, ways.dress)
    return comparison, folder, False


def _results(cases: Sequence[Case], ways: Ways) -> list[Result]:
    total = sum(case.reps for case in cases)
    results: list[Result] = []
    for case in cases:
        progress = shifted(ways.progress, sum(result.reps for result in results), total)
        known = store.find(case, store.folder_of([case], ways.shelf))
        results.append(run_case(case, ways.jobs, progress) if known is None else known)
        if progress is not None:
            progress(case.reps, case.reps)
    return results
