"""Compare plans on the same worlds: differences paired by replication, their intervals, and who ends best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import Problem, UserError
from sim.study.run import Case, Result, lasting, run_cases
from sim.study.runner import Jobs, Progress
from sim.study.summary import Floats, by_replication, intervals, plain

if TYPE_CHECKING:
    from pandas import DataFrame

    from sim.scenario import Scenario

GOAL = "value"


@dataclass(frozen=True)
class Comparison:
    """Plans on common worlds; the first is the base.

    results  each plan's result by name
    table    the content of `comparison.json`
    best     the plan with the highest mean value at the horizon
    p_best   share of replications in which that plan ends with the highest value of all (ties count for it); None where
             no replication came to its end in every plan
    """

    results: dict[str, Result]
    table: dict[str, Any]
    best: str
    p_best: float | None

    def paired(self, plan: str, measure: str) -> DataFrame:
        """Return plan minus base, replication by replication, as a table [week, diff, lo95, hi95] (Student t, 95 %).

        Raises UserError on an unknown plan or measure.
        """
        import pandas as pd

        base, other = self.results[self.table["base"]], self._known(plan)
        if measure not in other.summary["measures"]:
            raise UserError(Problem("unknown measure", given=measure, allowed=", ".join(other.summary["measures"])))
        here, there = (by_replication(_only(r.weekly, self.common()), measure) for r in (base, other))
        diff, low, high = intervals(there - here)
        return pd.DataFrame({"week": np.arange(len(diff)), "diff": diff, "lo95": low, "hi95": high})

    def common(self) -> list[int]:
        """Return the replications that came to their end in every plan."""
        return _common(list(self.results.values()))

    def plot(self) -> Any:
        """Return the chart that tells the whole story, a matplotlib Figure."""
        from sim.views.figures import comparison_figures

        return next(iter(comparison_figures(self).values()))

    def _known(self, plan: str) -> Result:
        if plan not in self.results:
            raise UserError(Problem("unknown plan", given=plan, allowed=", ".join(self.results)))
        return self.results[plan]


def cases(scenarios: Sequence[Scenario], seed: int = 1, reps: int = 20, weeks: int | None = None) -> list[Case]:
    """Return what a comparison of `scenarios` runs. Raises UserError where they cannot be compared."""
    found = [Case(lasting(scenario, weeks), seed, reps) for scenario in scenarios]
    names = [case.scenario.name for case in found]
    horizons = {case.scenario.name: case.scenario.weeks for case in found}
    if len(found) < 2:
        raise UserError(Problem("a comparison needs two plans or more", key="plans", given=names[0] if names else None))
    if len(set(names)) < len(names):
        raise UserError(Problem(f"each plan needs a name of its own; given: {', '.join(names)}"))
    if len(set(horizons.values())) > 1:
        lasts = ", ".join(f"{name} {weeks}" for name, weeks in horizons.items())
        raise UserError(Problem(f"plans of different length ({lasts}): give one number with --weeks", key="weeks"))
    _same_size(found)
    return found


def _same_size(found: Sequence[Case]) -> None:
    """Refuse plans on markets of different scale: a difference of their money or firms says nothing."""
    base = found[0].scenario
    for case in found[1:]:
        one, other = base.market.scale, case.scenario.market.scale
        if one != other:
            what = f"{base.name} plays at scale {one:g}, {case.scenario.name} at {other:g}"
            raise UserError(Problem(f"{what}; stack the same market on each", key="market.scale"))


def compare(
    scenarios: Sequence[Scenario],
    seed: int = 1,
    reps: int = 20,
    weeks: int | None = None,
    jobs: Jobs = 1,
    progress: Progress | None = None,
) -> Comparison:
    """Run `scenarios` on the same worlds and compare each with the first.

    The arguments are those of `run`; `progress` is told (done, total) over all plans. Raises UserError on fewer than two
    plans, on two of one name, and on horizons that differ.
    """
    return of(run_cases(cases(scenarios, seed, reps, weeks), jobs, progress))


def of(results: Sequence[Result]) -> Comparison:
    """Return the comparison of results that are there already; the first is the base."""
    base, *others = results
    replications = _common(results)
    plans = {other.scenario.name: _differences(base, other, replications) for other in others}
    best, p_best = _best(results, replications)
    table = {
        "base": base.scenario.name, "replications": len(replications), "plans": plans, "best": best, "p_best": p_best,
    }
    return Comparison({result.scenario.name: result for result in results}, table, best, p_best)


def _common(results: Sequence[Result]) -> list[int]:
    return sorted(set.intersection(*(set(result.totals.index.tolist()) for result in results)))


def _only(weekly: DataFrame, replications: list[int]) -> DataFrame:
    return weekly[weekly["replication"].isin(replications)]


def _differences(base: Result, other: Result, replications: list[int]) -> dict[str, dict[str, Any]]:
    """Return for each measure the means of base and plan and their paired difference over the horizon.

    A replication in which the measure is undefined in either plan counts in no difference (a gate never reached, say),
    so `diff` may then differ from `plan` minus `base`.
    """
    rows = {}
    for name, row in other.summary["measures"].items():
        here, there = (r.totals.loc[replications, name].to_numpy(dtype=np.float64) for r in (base, other))
        columns: Floats = np.stack([here, there, there - here], axis=1)
        mean, low, high = intervals(columns)
        numbers = {"base": mean[0], "plan": mean[1], "diff": mean[2], "lo95": low[2], "hi95": high[2]}
        rows[name] = {key: plain(number) for key, number in numbers.items()} | {"unit": row["unit"]}
    return rows


def _best(results: Sequence[Result], replications: list[int]) -> tuple[str, float | None]:
    ends = np.stack([result.totals.loc[replications, GOAL].to_numpy(dtype=np.float64) for result in results])
    if not replications:
        return results[0].scenario.name, None
    best = int(ends.mean(axis=1).argmax())
    return results[best].scenario.name, float((ends[best] >= ends.max(axis=0)).mean())
