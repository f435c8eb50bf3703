"""The answer of a study by its rule of decision: the best setting, how sure, what is as good, what the others cost.

Settings are compared on common worlds. One is *clearly worse* than the best when the 95 % interval of its paired difference
(Student t over replications) lies wholly beyond the indifference; the others, the best among them, make the region of best
settings. `p_best` is the share of bootstrap samples of the worlds (Efron 1979) in which the best setting, or one that equals it
in every world, is best; the indifference has no part in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import Problem, UserError
from sim.study.study import StudyResult, said
from sim.study.summary import Floats, intervals, plain
from sim.values import shown

if TYPE_CHECKING:
    from pandas import DataFrame

SAMPLES = 2000


@dataclass(frozen=True)
class Answer:
    """What a study's rule of decision says of its result. Raises UserError where in no world every setting has a value."""

    result: StudyResult

    def __post_init__(self) -> None:
        if not self._worlds.any():
            study = self.result.study
            measure = shown(study.decision.measure)
            raise UserError(Problem(self._why_nothing(), f"{study.name}.toml", key="decision.measure", given=measure))

    def _why_nothing(self) -> str:
        """Say why nothing can be compared: replications failed, or the measure was never there to be measured."""
        study = self.result.study
        ended = (self.result.rows["error"] == "").to_numpy().reshape(len(study.cells), study.replications)
        if not ended.all(axis=0).any():
            return "no replication came to its end in every setting, so that nothing can be compared"
        known = np.isfinite(self.result.values(study.decision.measure))
        kind = study.measured()[study.decision.measure].kind
        what = f"was not {'reached' if kind == 'week' else 'defined'} in any replication"
        if not known.any():
            return what
        never = [said(study, cell) for cell, row in zip(study.cells, known, strict=True) if not row.any()]
        return f"{what} of {never[0]}, so that it compares with nothing" if never else f"{what} that has it in every setting"

    @cached_property
    def _values(self) -> Floats:
        """The deciding measure, shape (cells, worlds), of worlds in which every cell has one."""
        return self.result.values(self.result.study.decision.measure)[:, self._worlds]

    @cached_property
    def _worlds(self) -> Any:
        return np.isfinite(self.result.values(self.result.study.decision.measure)).all(axis=0)

    @cached_property
    def worlds(self) -> int:
        """How many replications are compared."""
        return int(self._worlds.sum())

    @cached_property
    def best(self) -> int:
        """The cell of the best mean."""
        return int(np.argmax(self.result.study.decision.sign * self._values.mean(axis=1)))

    @cached_property
    def differences(self) -> tuple[Floats, Floats, Floats]:
        """Mean paired difference of each cell to the best and its 95 % interval, each of shape (cells,)."""
        return intervals((self._values - self._values[self.best]).T)

    @cached_property
    def clearly_worse(self) -> Any:
        """Which cells are clearly worse than the best, shape (cells,). None is where one world cannot tell."""
        rule = self.result.study.decision
        _, low, high = self.differences
        end = high if rule.sign > 0 else -low
        return np.isfinite(end) & (end < -rule.indifference)

    @cached_property
    def p_best(self) -> float:
        """The share of bootstrap samples of the worlds in which the best cell has the best mean."""
        rng = np.random.default_rng([self.result.study.seed, self.worlds])
        drawn = rng.multinomial(self.worlds, np.full(self.worlds, 1 / self.worlds), size=SAMPLES) / self.worlds
        means = self.result.study.decision.sign * (drawn @ self._values[~self.tied].T)
        best = self.result.study.decision.sign * (drawn @ self._values[self.best])
        return float((best >= means.max(axis=1, initial=-np.inf)).mean())

    @cached_property
    def tied(self) -> Any:
        """Which cells have in every world exactly what the best has, itself among them, shape (cells,)."""
        return (self._values == self._values[self.best]).all(axis=1)

    @cached_property
    def no_effect(self) -> list[str]:
        """The factors, and `plan`, of which every level gives exactly the same in every world."""
        study = self.result.study
        columns = [[cell.plan for cell in study.cells], *zip(*(cell.levels for cell in study.cells), strict=True)]
        spreads = [len(dict.fromkeys(column)) for column in columns]
        table = self._values.reshape(*spreads, self.worlds)
        names = ["plan", *(name for name, _ in study.factors)]
        return [name for k, name in enumerate(names) if spreads[k] > 1 and (np.ptp(table, axis=k) == 0).all()]

    def measure(self, name: str) -> tuple[Floats, Floats, Floats]:
        """Return mean and 95 % interval of a measure in every cell, over the replications that came to their end."""
        return intervals(self.result.values(name).T)

    @cached_property
    def cells(self) -> DataFrame:
        """A row for each cell: plan, factors, every measure with its interval, the difference to the best, if clearly worse."""
        import pandas as pd

        study = self.result.study
        labels = [{"plan": c.plan} | {n: v for (n, _), v in zip(study.factors, c.levels, strict=True)} for c in study.cells]
        table = pd.DataFrame(labels)
        for name in study.measures:
            for part, values in zip(("", "_lo95", "_hi95"), self.measure(name), strict=True):
                table[f"{name}{part}"] = values
        for part, values in zip(("", "_lo95", "_hi95"), self.differences, strict=True):
            table[f"difference{part}"] = values
        table["clearly_worse"] = self.clearly_worse
        return table

    def as_json(self) -> dict[str, Any]:
        """Return the content of `answer.json`."""
        study, (mean, low, high) = self.result.study, self.measure(self.result.study.decision.measure)
        rows = self.cells.astype(object).where(self.cells.notna(), None).to_dict("records")
        return {
            "study": study.name, "question": study.question, "quick": study.quick, "replications": self.worlds,
            "decision": study.decision.model_dump(), "best": rows[self.best],
            "value": {"mean": plain(mean[self.best]), "lo95": plain(low[self.best]), "hi95": plain(high[self.best])},
            "p_best": self.p_best, "as_good": int((~self.clearly_worse).sum()),
            "no_effect": self.no_effect, "cells": rows,
            "failures": [{"cell": cell, "replication": f.replication, "error": f.error} for cell, f in self.result.failures],
        }
