"""Studies: a declared question played over a grid of settings on common worlds, answered by its own rule."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import Problem, UserError
from sim.scenario import Scenario
from sim.scenario_files import text_of
from sim.study.asked import Asked, asked
from sim.study.factors import Level, grid, thinned
from sim.study.file import Content, Decision, StudyFile
from sim.study.limits import MOST_CELLS, MOST_REPS, MOST_TASKS
from sim.study.readings import Reading
from sim.study.run import some
from sim.study.runner import Jobs, Progress, carry_out
from sim.study.store import Store
from sim.study.summary import Floats
from sim.study.task import Done, Failure, Outcome, Task, hashed, measures_of

if TYPE_CHECKING:
    from pandas import DataFrame

    from sim.fields import Measure


@dataclass(frozen=True)
class Cell:
    """One setting of the study: a plan, and the level of each factor, by label."""

    plan: str
    levels: tuple[Any, ...]
    scenario: Scenario


@dataclass(frozen=True)
class Study:
    """A question with everything that is run to answer it.

    name      the file's, without ending
    factors   (name, unit) of each factor, in order
    cells     settings, plan by plan, the last factor fastest
    readings  numbers read off each run beside the measures, by name
    """

    name: str
    question: str
    about: str
    factors: tuple[tuple[str, str], ...]
    cells: tuple[Cell, ...]
    measures: tuple[str, ...]
    replications: int
    seed: int
    decision: Decision
    source: str = ""
    quick: bool = False
    readings: tuple[tuple[str, Reading], ...] = ()

    @classmethod
    def load(cls, path: str | Path, quick: bool = False, replications: int | None = None) -> Study:
        """Return the study of a file; `quick` as the file says, `replications` in place of the file's.

        Raises UserError with a problem for each thing wrong, by file and key.
        """
        found = asked(StudyFile, path)
        made = study_of(found, quick, replications)
        if len(made.cells) < 2:
            raise found.refuse(("factors",), Problem("compares nothing: it needs factors with levels, or several plans"))
        return made

    @property
    def tasks(self) -> list[Task]:
        """Every replication of every cell."""
        return [task for cell in self.cells for task in self.tasks_of(cell.scenario)]

    def tasks_of(self, scenario: Scenario) -> list[Task]:
        """Return the replications of one scenario, of which the sums over the horizon and the readings are wanted."""
        return [Task(scenario, self.seed, k, full=False, readings=self.readings) for k in range(self.replications)]

    @property
    def digest(self) -> str:
        """Return the hash (hex) of what is run and of the rule it is answered by, whatever code runs it."""
        cells = [[cell.plan, [str(label) for label in cell.levels], cell.scenario.digest()] for cell in self.cells]
        rule = [self.decision.model_dump(), list(self.measures), self.question, [list(factor) for factor in self.factors]]
        read = [[[name, reading.address] for name, reading in self.readings]] if self.readings else []
        return hashed([cells, rule, self.replications, self.seed, *read])

    def measured(self) -> dict[str, Measure]:
        """Return the declarations of its measures, by name."""
        declared = measures_of(self.cells[0].scenario)
        declared |= {name: reading.declared(name, declared) for name, reading in self.readings}
        return {name: declared[name] for name in self.measures}

    def run(self, jobs: Jobs = 1, progress: Progress | None = None, store: Store | None = None) -> StudyResult:
        """Run what `store` does not hold yet (None: nothing is kept) and return the result."""
        with some(store) as kept:
            return result_of(self, carry_out(self.tasks, kept, jobs, progress))


@dataclass(frozen=True)
class StudyResult:
    """What a study found: `rows`, one for each cell and replication [plan, factors, replication, error, measures]."""

    study: Study
    rows: DataFrame
    failures: tuple[tuple[str, Failure], ...] = ()

    def values(self, measure: str) -> Floats:
        """Return a measure of each cell and replication, shape (cells, replications); NaN where it failed."""
        values: Floats = self.rows[measure].to_numpy(dtype=np.float64)
        return values.reshape(len(self.study.cells), self.study.replications)

    def plot(self) -> Any:
        """Return the chart that answers, a matplotlib Figure."""
        from sim.views.study_figures import study_figures

        return next(iter(study_figures(self).values()))


def study_of(found: Asked[Content], quick: bool = False, replications: int | None = None) -> Study:
    """Return the study that a file asks for. Raises UserError where it is too large, or settings do not fit together."""
    given, layer = found.given, found.paper.layer
    count = replications or (given.quick.replications if quick else given.replications)
    spreads = [thinned(factor.spread(), given.quick.every if quick else 1) for factor in given.factors]
    _check_size(found, math.prod([len(found.plans), *map(len, spreads)]), count)
    cells = tuple(_cell(found, plan, levels) for plan in found.plans for levels in grid(spreads))
    return Study(
        Path(layer.name).stem, given.question, given.about, tuple((factor.name, factor.unit) for factor in given.factors), cells,
        tuple(dict.fromkeys(name for _, name in given.wanted())), count, given.seed, given.decision,
        text_of(layer.path, layer.name), quick, tuple(given.readings.items()),
    )


def _check_size(found: Asked[Any], cells: int, count: int) -> None:
    """Refuse what would fill the memory, before any of it is made."""
    if not 2 <= count <= MOST_REPS:
        raise found.refuse(("replications",), Problem("is out of range", given=count, allowed=f"2 to {MOST_REPS:,}"))
    if cells > MOST_CELLS:
        raise found.refuse(("factors",), Problem(f"span {cells:,} settings", allowed=f"{MOST_CELLS:,} at most"))
    if cells * count > MOST_TASKS:
        what = f"makes {cells * count:,} runs of {cells:,} settings"
        raise found.refuse(("replications",), Problem(what, given=count, allowed=f"{MOST_TASKS:,} runs at most"))


def _cell(found: Asked[Any], plan: Scenario, levels: Sequence[Level]) -> Cell:
    """Return a plan with a level of each factor in place. Raises UserError where they do not fit together."""
    pairs = [part for level in levels for part in level.pairs(plan.settings() if level.shifts else {})]
    try:
        scenario = plan.replace(*pairs) if pairs else plan
    except UserError as error:
        by = {path: k for k, level in enumerate(levels) for path in (*level.settings, *level.shifts)}
        told = [found.refuse(("factors", by.get(problem.key, 0)), problem) for problem in error.problems]
        raise UserError(*(problem for each in told for problem in each.problems)) from None
    return Cell(plan.name, tuple(level.label for level in levels), scenario)


def result_of(study: Study, outcomes: Sequence[Outcome]) -> StudyResult:
    """Return the result of a study from what became of its tasks, in order."""
    import pandas as pd

    rows, failures, found = [], [], iter(outcomes)
    for cell in study.cells:
        labels = {"plan": cell.plan} | {name: label for (name, _), label in zip(study.factors, cell.levels, strict=True)}
        for _ in range(study.replications):
            outcome = next(found)
            sums = outcome.totals if isinstance(outcome, Done) else {}
            error = outcome.error if isinstance(outcome, Failure) else ""
            row = labels | {"replication": outcome.replication, "error": error}
            rows.append(row | {measure: sums.get(measure, np.nan) for measure in study.measures})
            if isinstance(outcome, Failure):
                failures.append((said(study, cell), outcome))
    return StudyResult(study, pd.DataFrame(rows), tuple(failures))


def said(study: Study, cell: Cell, without: Collection[str] = ()) -> str:
    """Return a cell in words: `start at 26 weeks, calendar “announced”`; `without` are factors, or `plan`, to leave out."""
    several = len({other.plan for other in study.cells}) > 1 and "plan" not in without
    pairs = zip(study.factors, cell.levels, strict=True)
    parts = [f"{name} {_at(label, unit)}" for (name, unit), label in pairs if name not in without]
    return ", ".join(([cell.plan] if several else []) + parts)


def _at(label: Any, unit: str) -> str:
    if isinstance(label, str):
        return f"\N{LEFT DOUBLE QUOTATION MARK}{label}\N{RIGHT DOUBLE QUOTATION MARK}"
    return f"at {label_text(label)}{f' {unit}' if unit else ''}"


def label_text(label: Any) -> str:
    """Return a level's label as people write it."""
    return f"{label:,g}" if isinstance(label, float | int) and not isinstance(label, bool) else str(label)
