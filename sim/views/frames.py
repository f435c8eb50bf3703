"""Arrays behind the figures: replications × weeks, bands over replications, intervals of means, paired differences."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.study.summary import by_replication, intervals

if TYPE_CHECKING:
    from sim.study.compare import Comparison
    from sim.study.run import Result

Array = NDArray[np.float64]
STAGES = ("prototype", "iteration", "stability")


@dataclass(frozen=True)
class Interval:
    """A mean with its 95 % interval; the ends are NaN where replications are too few to say."""

    mean: float
    low: float
    high: float

    @property
    def known(self) -> bool:
        """Say whether there is an interval at all."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    @property
    def sign(self) -> int:
        """Return 1 or -1 where the interval lies on one side of zero, else 0."""
        return (self.low > 0) - (self.high < 0) if self.known else 0


@dataclass(frozen=True)
class Band:
    """A line and the two edges of its band, each of shape (weeks,)."""

    middle: Array
    low: Array
    high: Array


def from_row(row: dict[str, Any], centre: str = "mean") -> Interval:
    """Return the interval in a row of a summary (`centre="mean"`) or of a comparison (`centre="diff"`); None becomes NaN."""
    mean, low, high = (math.nan if row[key] is None else float(row[key]) for key in (centre, "lo95", "hi95"))
    return Interval(mean, low, high)


def total(result: Result, measure: str) -> Interval:
    """Return a measure over the whole horizon, as the summary has it."""
    return from_row(result.summary["measures"][measure])


def replications(result: Result) -> int:
    """Return how many replications the tables hold (those that failed are not among them)."""
    return int(result.summary["replications"])


def matrix(result: Result, measure: str) -> Array:
    """Return a measure week by week, shape (replications, weeks)."""
    return by_replication(result.weekly, measure)


def running(result: Result, measure: str) -> Array:
    """Return a measure up to each week, shape (replications, weeks): flows summed from week 0, the others as they stand."""
    values = matrix(result, measure)
    return np.cumsum(values, axis=1) if result.summary["measures"][measure]["kind"] == "flow" else values


def mean(values: Array) -> Array:
    """Return the mean over replications, shape (weeks,), NaN where no replication has a value."""
    return intervals(values)[0]


def band(values: Array) -> Band:
    """Return mean and 10th to 90th percentile over replications, each (weeks,), NaN where no replication has a value."""
    known = np.isfinite(values).any(axis=0)
    out = np.full((2, values.shape[1]), np.nan)
    out[:, known] = np.nanpercentile(values[:, known], (10, 90), axis=0)
    return Band(mean(values), out[0], out[1])


def certainty(values: Array) -> Band:
    """Return mean and 95 % Student t interval of the mean over replications, each (weeks,); NaN ends with fewer than two."""
    return Band(*intervals(values))


def interval(values: Array) -> Interval:
    """Return mean and 95 % interval of one number per replication, shape (replications,)."""
    return Interval(*(float(end[0]) for end in intervals(values[:, None])))


def names_of(comparison: Comparison) -> tuple[str, list[str]]:
    """Return the key of the base and the keys of the other plans."""
    base = str(comparison.table["base"])
    return base, [name for name in comparison.results if name != base]


def paired(comparison: Comparison, plan: str, measure: str) -> Array:
    """Return plan minus base on the same replications, up to each week, shape (replications, weeks)."""
    base, _ = names_of(comparison)
    here, there = comparison.results[base], comparison.results[plan]
    rows = [np.isin(result.weekly["replication"].unique(), comparison.common()) for result in (there, here)]
    return running(there, measure)[rows[0]] - running(here, measure)[rows[1]]


def outcome(comparison: Comparison, plan: str, measure: str) -> Interval:
    """Return the paired difference over the horizon, as the comparison's table has it."""
    return from_row(comparison.table["plans"][plan][measure], "diff")


def stage_shares(result: Result) -> Array:
    """Return the share of replications in each stage, shape (3, weeks)."""
    stage = matrix(result, "stage")
    return np.stack([np.mean(stage == k, axis=0) for k in range(len(STAGES))])


def shift(values: Array) -> tuple[float, float, Interval]:
    """Return means over the first and the last twelfth of `values` (replications, weeks), and the change between them."""
    span = max(1, values.shape[1] // 12)
    known = values[:, np.isfinite(values).all(axis=0)]
    if known.shape[1] == 0:
        return math.nan, math.nan, Interval(math.nan, math.nan, math.nan)
    first, last = known[:, :span].mean(axis=1), known[:, -span:].mean(axis=1)
    return float(first.mean()), float(last.mean()), interval(last - first)


def spread(centres: Array, heights: Array, low: float, high: float) -> Array:
    """Move centres apart until spans of `heights` no longer overlap, as little as possible, inside [low, high] where they fit."""
    order, moved = np.argsort(centres, kind="stable"), centres.astype(float).copy()
    for _ in range(300):
        for a, b in itertools.pairwise(order):
            overlap = (heights[a] + heights[b]) / 2 - (moved[b] - moved[a])
            if overlap > 0:
                moved[a], moved[b] = moved[a] - overlap / 2, moved[b] + overlap / 2
        moved = np.clip(moved, low + heights / 2, np.maximum(high - heights / 2, low + heights / 2))
    return moved
