"""Arrays behind the figures: replications × weeks, bands over replications, intervals of means, paired differences."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

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
    """Mean, 10th and 90th percentile over replications, each of shape (weeks,)."""

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


def matrix(result: Result, measure: str) -> Array:
    """Return a measure week by week, shape (replications, weeks)."""
    ordered = result.weekly.sort_values(["replication", "week"], kind="stable")
    return ordered[measure].to_numpy(dtype=float).reshape(ordered["replication"].nunique(), -1)


def running(result: Result, measure: str) -> Array:
    """Return a measure up to each week, shape (replications, weeks): flows summed from week 0, the others as they stand."""
    values = matrix(result, measure)
    return np.cumsum(values, axis=1) if result.summary["measures"][measure]["kind"] == "flow" else values


def _columns(values: Array) -> tuple[Array, Array]:
    """Return which weeks have any finite value, and those columns."""
    known = np.isfinite(values).any(axis=0)
    return known, values[:, known]


def mean(values: Array) -> Array:
    """Return the mean over replications, shape (weeks,), NaN where no replication has a value."""
    known, columns = _columns(values)
    out = np.full(values.shape[1], np.nan)
    out[known] = np.nanmean(columns, axis=0)
    return out


def band(values: Array) -> Band:
    """Return mean and 10th to 90th percentile over replications, each (weeks,)."""
    known, columns = _columns(values)
    out = np.full((2, values.shape[1]), np.nan)
    out[:, known] = np.nanpercentile(columns, (10, 90), axis=0)
    return Band(mean(values), out[0], out[1])


def intervals(values: Array) -> Band:
    """Return mean and 95 % Student t interval of the mean over replications, each (weeks,); NaN ends with fewer than two."""
    finite = np.isfinite(values)
    n = finite.sum(axis=0)
    middle = mean(values)
    squares = np.where(finite, (values - middle) ** 2, 0.0).sum(axis=0)
    degrees = np.maximum(n - 1, 1)
    half = stdtrit(degrees, 0.975) * np.sqrt(squares / degrees / np.maximum(n, 1))
    half = np.where(n >= 2, half, np.nan)
    return Band(middle, middle - half, middle + half)


def interval(values: Array) -> Interval:
    """Return mean and 95 % interval of one number per replication, shape (replications,)."""
    found = intervals(values[:, None])
    return Interval(float(found.middle[0]), float(found.low[0]), float(found.high[0]))


def names_of(comparison: Comparison) -> tuple[str, list[str]]:
    """Return the key of the base and the keys of the other plans."""
    base = str(comparison.table["base"])
    return base, [name for name in comparison.results if name != base]


def paired(comparison: Comparison, plan: str, measure: str) -> Array:
    """Return plan minus base on the same replications, up to each week, shape (replications, weeks)."""
    base, _ = names_of(comparison)
    return running(comparison.results[plan], measure) - running(comparison.results[base], measure)


def outcome(comparison: Comparison, plan: str, measure: str) -> Interval:
    """Return the paired difference over the horizon, as the comparison's table has it."""
    return from_row(comparison.table["plans"][plan][measure], "diff")


def stage_shares(result: Result) -> Array:
    """Return the share of replications in each stage, shape (3, weeks)."""
    stage = matrix(result, "stage")
    return np.stack([np.mean(stage == k, axis=0) for k in range(len(STAGES))])


def shift(values: Array) -> tuple[float, float, Interval]:
    """Return the mean at the beginning and at the end of `values` (replications, weeks), a twelfth of the horizon each, and the change."""
    span = max(1, values.shape[1] // 12)
    known = values[:, np.isfinite(values).all(axis=0)]
    if known.shape[1] == 0:
        return math.nan, math.nan, Interval(math.nan, math.nan, math.nan)
    first, last = known[:, :span].mean(axis=1), known[:, -span:].mean(axis=1)
    return float(first.mean()), float(last.mean()), interval(last - first)
