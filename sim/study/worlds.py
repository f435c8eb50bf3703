"""Does the answer hold in other worlds? Plans compared in worlds drawn from the plausible ranges of all uncertain parameters.

Worlds are a Latin hypercube (McKay, Beckman & Conover 1979) over the ranges that `uncertain` parameters declare. What the worlds
in which an answer turns have in common is looked for parameter by parameter (Mann & Whitney 1947), with Holm's correction for
having looked at all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import Problem, UserError
from sim.scenario import Scenario
from sim.settings import known
from sim.study.limits import MOST_WORLDS
from sim.study.run import some
from sim.study.runner import Jobs, Progress, carry_out
from sim.study.store import Store
from sim.study.summary import Floats, plain
from sim.study.task import Done, Task

if TYPE_CHECKING:
    from pandas import DataFrame

MEASURES = ("value", "signed_merchants")
REPS = 2
FEWEST = 3
CLEAR = 0.05
World = dict[str, float]


def draw_worlds(count: int, seed: int = 1) -> list[World]:
    """Return `count` worlds, each a value for every uncertain parameter by path."""
    from scipy.stats import qmc

    uncertain = {path: par for path, par in known().items() if par.plausible is not None}
    sample = qmc.LatinHypercube(len(uncertain), rng=np.random.default_rng(seed)).random(count)
    low, high = (np.array([par.plausible[k] for par in uncertain.values() if par.plausible]) for k in (0, 1))
    drawn = low + sample * (high - low)
    whole = [isinstance(par.default, int) for par in uncertain.values()]
    return [
        {path: round(x) if is_whole else float(x) for path, x, is_whole in zip(uncertain, row, whole, strict=True)}
        for row in drawn
    ]


def in_world(plan: Scenario, world: World) -> Scenario:
    """Return `plan` played in a drawn world."""
    pairs: list[Any] = [item for pair in world.items() for item in pair]
    return plan.replace(*pairs)


@dataclass(frozen=True)
class Robustness:
    """Plans against the first of them in many worlds.

    names        of all plans, the base first
    worlds       the drawn worlds
    differences  plan − base by world, mean over its replications: measure -> shape (worlds, plans − 1), NaN where one failed
    """

    names: tuple[str, ...]
    worlds: tuple[World, ...]
    differences: dict[str, Floats]
    reps: int

    def share(self, plan: str, measure: str, sign: int) -> float:
        """Return the share of worlds in which plan − base has `sign` (1 or -1); NaN where no world is known."""
        found = self._of(plan, measure)
        return float((np.sign(found) == sign).mean()) if len(found) else float("nan")

    def _of(self, plan: str, measure: str) -> Floats:
        found = self.differences[measure][:, self.names.index(plan) - 1]
        return found[np.isfinite(found)]

    def turned(self, plan: str, measure: str, sign: int) -> Any:
        """Return in which worlds the answer turns, shape (worlds,)."""
        found = self.differences[measure][:, self.names.index(plan) - 1]
        return np.isfinite(found) & (np.sign(found) != sign)

    def in_common(self, plan: str, measure: str, sign: int) -> DataFrame:
        """Return what sets apart the worlds in which the answer turns, the clearest parameter first.

        [parameter, there, elsewhere, low, high, unit, meaning, clear]: means in those worlds and in the others, plausible range,
        and whether the difference is clear (p below 0.05 after Holm's correction). Empty with fewer than three worlds on a side.
        """
        import pandas as pd

        turned = self.turned(plan, measure, sign)
        columns = ["parameter", "there", "elsewhere", "low", "high", "unit", "meaning", "clear"]
        if min(turned.sum(), (~turned).sum()) < FEWEST:
            return pd.DataFrame(columns=columns)
        rows = sorted((self._row(path, turned) for path in self.worlds[0]), key=lambda row: float(row[0]))
        clear = holm([row[0] for row in rows])
        return pd.DataFrame([(*row[1:], sure) for row, sure in zip(rows, clear, strict=True)], columns=columns)

    def _row(self, path: str, turned: Any) -> tuple[Any, ...]:
        from scipy.stats import mannwhitneyu

        values, par = np.array([world[path] for world in self.worlds]), known()[path]
        there, elsewhere = values[turned], values[~turned]
        low, high = par.plausible or (np.nan, np.nan)
        p = float(mannwhitneyu(there, elsewhere).pvalue)
        return p, path, float(there.mean()), float(elsewhere.mean()), low, high, par.unit, par.doc

    def table(self) -> DataFrame:
        """Return a row for each world: its parameters, then plan − base of each measure."""
        import pandas as pd

        table = pd.DataFrame(list(self.worlds))
        for measure, found in self.differences.items():
            for k, name in enumerate(self.names[1:]):
                table[f"{name}: {measure}"] = found[:, k]
        return table

    def as_json(self, signs: dict[str, dict[str, int]]) -> dict[str, Any]:
        """Return the share of worlds that keep each sign, and the clearest parameters of those that do not."""
        plans = {
            plan: {measure: {"sign": sign, "keeps_sign": plain(self.share(plan, measure, sign))} for measure, sign in row.items()}
            for plan, row in signs.items()
        }
        return {"worlds": len(self.worlds), "replications": self.reps, "plans": plans}


def holm(p: Sequence[float]) -> list[bool]:
    """Return which of `p`, in rising order, are below CLEAR by Holm's step-down rule (Holm 1979).

    >>> holm([0.01, 0.02, 0.2])
    [True, True, False]
    """
    clear, still = [], True
    for k, value in enumerate(p):
        still = still and value * (len(p) - k) < CLEAR
        clear.append(still)
    return clear


def over_worlds(
    plans: Sequence[Scenario],
    count: int,
    seed: int = 1,
    reps: int = REPS,
    jobs: Jobs = 1,
    progress: Progress | None = None,
    store: Store | None = None,
) -> Robustness:
    """Play `plans` in `count` drawn worlds, each `reps` times on common draws.

    Raises UserError on fewer than two plans or worlds, and on more worlds than MOST_WORLDS.
    """
    if len(plans) < 2 or not 2 <= count <= MOST_WORLDS:
        allowed = f"two plans or more, and 2 to {MOST_WORLDS:,} worlds"
        raise UserError(Problem("cannot be played", key="worlds", given=count, allowed=allowed))
    worlds = draw_worlds(count, seed)
    played = [in_world(plan, world) for world in worlds for plan in plans]
    tasks = [Task(plan, seed, replication, full=False) for plan in played for replication in range(reps)]
    outcomes = _carried_out(tasks, jobs, progress, store)
    differences = {}
    for measure in MEASURES:
        sums = np.array([done.totals[measure] if isinstance(done, Done) else np.nan for done in outcomes])
        table = sums.reshape(count, len(plans), reps)
        differences[measure] = (table[:, 1:] - table[:, :1]).mean(axis=2)
    return Robustness(tuple(plan.name for plan in plans), tuple(worlds), differences, reps)


def _carried_out(tasks: Sequence[Task], jobs: Jobs, progress: Progress | None, store: Store | None) -> list[Any]:
    with some(store) as kept:
        return list(carry_out(tasks, kept, jobs, progress))
