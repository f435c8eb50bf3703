"""Pure shapes the market is made of. All take and return float64 scalars or arrays and are safe inside rules."""

from __future__ import annotations

from typing import Any

import numpy as np

Number = Any  # a float64 scalar or array: rules take both


def saturation(x: Number, half: Number) -> Number:
    """Return x / (x + half): 0 at x = 0, one half at x = `half` (> 0), towards 1.

    >>> float(saturation(np.float64(3.0), np.float64(3.0)))
    0.5
    """
    return x / (x + half)


def logistic(x: Number) -> Number:
    """Return 1 / (1 + exp(-x)), in effect 0 below x = -700.

    >>> float(logistic(np.float64(0.0)))
    0.5
    """
    return 1.0 / (1.0 + np.exp(np.minimum(-x, 700.0)))  # exp of more would overflow


def probability(hazard: Number) -> Number:
    """Return the chance 1 - exp(-hazard) of at least one event in a week at weekly `hazard` >= 0.

    >>> float(probability(np.float64(0.0)))
    0.0
    """
    return -np.expm1(-hazard)


def clip01(x: Number) -> Number:
    """Return x held inside [0, 1].

    >>> float(clip01(np.float64(1.4)))
    1.0
    """
    return np.minimum(np.maximum(x, 0.0), 1.0)


def positive(x: Number) -> Number:
    """Return max(x, 0).

    >>> float(positive(np.float64(-2.0)))
    0.0
    """
    return np.maximum(x, 0.0)


def this_week(rate: float, week: int) -> int:
    """Return how many whole ones of `rate` a week fall into `week`: fractions add up over the weeks.

    >>> [this_week(0.4, week) for week in range(5)]
    [0, 0, 1, 0, 1]
    """
    return int(np.floor(rate * (week + 1)) - np.floor(rate * week))


def keep(half_life: float) -> float:
    """Return the share kept after one week when half is lost in `half_life` weeks (0: nothing is kept).

    >>> keep(1.0)
    0.5
    """
    return float(np.power(0.5, 1.0 / half_life)) if half_life > 0 else 0.0
