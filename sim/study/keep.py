"""Run what has not been run, find what has: the one way from a question to a folder that holds its answer."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from sim.errors import Problem, UserError
from sim.study import folders
from sim.study.compare import Comparison, of
from sim.study.run import Case, Result, run_cases
from sim.study.runner import Jobs, Progress
from sim.study.store import Store
from sim.study.study import Study, StudyResult
from sim.study.study_folder import is_kept, save_study, study_folder, study_inputs, study_name
from sim.study.worlds import MEASURES, REPS, Robustness, over_worlds


def shelf() -> Path:
    """Return the folder of run directories and their store: `results` here, or what SIM_RESULTS names."""
    named = os.environ.get("SIM_RESULTS") or "results"
    try:
        return Path(named).expanduser()
    except RuntimeError:
        raise UserError(Problem("names the home of nobody known here", key="SIM_RESULTS", given=named)) from None


@dataclass(frozen=True)
class Ways:
    """How to run and keep: processes, whom to tell, the command that asked, who draws charts and report, the shelf, notes."""

    jobs: Jobs = 1
    progress: Progress | None = None
    command: str = ""
    dress: folders.Dress | None = None
    shelf: Path = field(default_factory=shelf)
    note: Callable[[str], None] = lambda _: None

    @property
    def store(self) -> Store:
        """The store of the shelf, shared by all that is run on it."""
        return Store(self.shelf / ".store", self.note)


def run_kept(case: Case, folder: Path | None = None, ways: Ways | None = None) -> tuple[Result, Path, bool]:
    """Return the result of `case`, its folder, and whether it was there already.

    `folder` None means <shelf>/<scenario>-<8 hex of the inputs>. Replications in the store are not run again. Raises UserError
    where folder or store cannot be written, before anything is run.
    """
    ways = ways or Ways()
    folder = folder or folders.folder_of([case], ways.shelf)
    result = folders.find(case, folder)
    if result is not None:
        return _dressed(result, folder, ways), folder, True
    result = _results([case], folder, ways)[0]
    folders.save(result, folder, ways.command, ways.dress)
    return result, folder, False


def compare_kept(cases: Sequence[Case], folder: Path | None = None, ways: Ways | None = None) -> tuple[Comparison, Path, bool]:
    """Return the comparison of `cases`, its folder, and whether it was there already; see `run_kept`."""
    ways = ways or Ways()
    folder = folder or folders.folder_of(cases, ways.shelf)
    found = folders.find_comparison(cases, folder)
    if found is not None:
        return _dressed(found, folder, ways), folder, True
    comparison = of(_results(cases, folder, ways))
    folders.save_comparison(comparison, folder, ways.command, ways.dress)
    return comparison, folder, False


def study_kept(study: Study, folder: Path | None = None, ways: Ways | None = None) -> tuple[StudyResult, Path, bool]:
    """Return the result of `study`, its folder, and whether it was there already; see `run_kept`."""
    ways = ways or Ways()
    folder, what = folder or study_folder(study, ways.shelf), study_inputs(study)
    there = is_kept(study, folder)
    if not there:
        _prepare(what, f"{study_name(study)}-*", folder, ways)
    with folders.mendable(ways.store.root):
        result = study.run(ways.jobs, ways.progress, ways.store)
    if there:
        return _dressed(result, folder, ways), folder, True
    save_study(result, folder, ways.command, ways.dress)
    return result, folder, False


def worlds_kept(comparison: Comparison, count: int, folder: Path, ways: Ways) -> Robustness:
    """Return how the plans of a comparison do in `count` drawn worlds; `worlds.csv` and `worlds.json` go to its folder."""
    results = list(comparison.results.values())
    plans, seed = [result.scenario for result in results], results[0].seed
    with folders.mendable(ways.store.root):
        robust = over_worlds(plans, count, seed, REPS, ways.jobs, ways.progress, ways.store)
    with folders.mendable(folder):
        for name, text in (
            ("worlds.csv", robust.table().to_csv(index=False)),
            ("worlds.json", folders.as_json(robust.as_json(signs_of(comparison))) + "\n"),
        ):
            (folder / f".{name}").write_text(text, encoding="utf-8")
            (folder / f".{name}").replace(folder / name)
    return robust


def signs_of(comparison: Comparison) -> dict[str, dict[str, int]]:
    """Return the sign of each plan's mean difference to the base, by plan and measure."""
    return {
        plan: {measure: int(np.sign(rows[measure]["diff"] or 0.0)) for measure in MEASURES}
        for plan, rows in comparison.table["plans"].items()
    }


def _dressed(kept: Any, folder: Path, ways: Ways) -> Any:
    if ways.dress is not None:
        folders.redress(kept, folder, ways.dress)
    return kept


def _results(cases: Sequence[Case], folder: Path, ways: Ways) -> list[Result]:
    _prepare(folders.what_of(cases), f"{folders.folder_of(cases, ways.shelf).name[:-8]}*", folder, ways)
    with folders.mendable(ways.store.root):
        return run_cases(cases, ways.jobs, ways.progress, ways.store)


def _prepare(what: Any, pattern: str, folder: Path, ways: Ways) -> None:
    """See that the folder can be written, and say where the same was run by other code, which counts for nothing now."""
    folders.check_writable(folder, what)
    before = folders.other_code(what, pattern, ways.shelf)
    if before is not None:
        ways.note(f"the model's code has changed since {before} was made: everything is run again")
