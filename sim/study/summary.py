"""What replications say together: each measure over the horizon, its mean with an interval, its spread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.fields import Measure

if TYPE_CHECKING:
    from pandas import DataFrame

Floats = NDArray[np.float64]
COLUMNS = ("mean", "lo95", "hi95", "p10", "p50", "p90", "share", "unit", "kind")


def intervals(values: Floats) -> tuple[Floats, Floats, Floats]:
    """Return mean and 95 % Student t interval over the first axis of `values` (replications, n), each of shape (n,).

    Values that are not defined (NaN) are left out; the ends are NaN where fewer than two remain.
    """
    from scipy.special import stdtrit

    known = np.isfinite(values)
    n = known.sum(axis=0)
    filled = np.where(known, values, 0.0)
    mean = np.where(n > 0, filled.sum(axis=0) / np.maximum(n, 1), np.nan)
    squares = np.where(known, (filled - mean) ** 2, 0.0).sum(axis=0)
    error = np.sqrt(squares / np.maximum(n - 1, 1) / np.maximum(n, 1))
    half = np.where(n > 1, stdtrit(np.maximum(n - 1, 1), 0.975) * error, np.nan)
    return mean, mean - half, mean + half


def by_replication(weekly: DataFrame, measure: str) -> Floats:
    """Return one measure of a weekly table as an array of shape (replications, weeks), in the table's order."""
    replications = weekly["replication"].nunique()
    values: Floats = weekly[measure].to_numpy(dtype=np.float64).reshape(replications, -1 if replications else 0)
    return values


def totals(weekly: DataFrame, measures: Mapping[str, Measure]) -> DataFrame:
    """Return each measure over the horizon: one row per replication, one column per measure.

    Flows are summed, stocks taken at the last week, ratios are the ratio of their two summed flows (NaN where the
    second is zero), weeks the week in which it first happened (NaN where it did not).
    """
    import pandas as pd

    columns = {name: _total(weekly, measure) for name, measure in measures.items()}
    return pd.DataFrame(columns, index=pd.Index(weekly["replication"].unique(), name="replication"))


def _total(weekly: DataFrame, measure: Measure) -> Floats:
    if measure.over is not None:
        above, below = (by_replication(weekly, name).sum(axis=1) for name in measure.over)
        return np.asarray(np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0))
    values = by_replication(weekly, measure.name)
    return np.asarray(values.sum(axis=1) if measure.kind == "flow" else values[:, -1])


def plain(value: Any) -> Any:
    """Return a number as JSON can hold it: None for what is not defined."""
    return float(value) if np.isfinite(value) else None


def summarise(scenario: str, seed: int, table: DataFrame, measures: Mapping[str, Measure]) -> dict[str, Any]:
    """Return the content of `summary.json` from totals by replication.

    lo95 and hi95 bound the mean (Student t over replications); p10, p50 and p90 describe the replications.
    Measures of kind `week` also say in what `share` of replications it happened at all.
    """
    rows = {name: _row(table[name].to_numpy(dtype=np.float64), measure) for name, measure in measures.items()}
    return {"scenario": scenario, "seed": seed, "replications": len(table), "measures": rows}


def _row(values: Floats, measure: Measure) -> dict[str, Any]:
    known = values[np.isfinite(values)]
    middle = [float(end[0]) for end in intervals(values[:, None])]
    spread = np.percentile(known, (10, 50, 90)) if len(known) else np.full(3, np.nan)
    numbers = zip(("mean", "lo95", "hi95", "p10", "p50", "p90"), (*middle, *spread), strict=True)
    row: dict[str, Any] = {key: plain(value) for key, value in numbers}
    row |= {"unit": measure.unit, "kind": measure.kind}
    return row | {"share": len(known) / len(values) if len(values) else None} if measure.kind == "week" else row


def as_table(summary: Mapping[str, Any]) -> DataFrame:
    """Return a summary as a table with one row per measure, for `summary.csv`."""
    import pandas as pd

    rows = [{"measure": name, **row} for name, row in summary["measures"].items()]
    return pd.DataFrame(rows, columns=["measure", *COLUMNS])
