"""Readings: numbers read off a run beside its measures over the horizon, declared as data and taken where the run is made.

A reading is a measure in a window of weeks (`from` <= week < `to`, counted from week 0 or from the week after a gate), as a
whole or for some keys of one of its breakdowns; or a count of what became of rounds, leads and resellers, from the events.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from sim.agents.world import DIMENSIONS
from sim.errors import Problem, UserError, nearest

if TYPE_CHECKING:
    from sim.fields import Measure
    from sim.record import Run

Gate = Literal["iteration", "stability"]
NAN = float("nan")


class Reading(BaseModel):
    """One number to read off a run: a `measure`, or a `count` from the events, in a window."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False, populate_by_name=True)

    measure: str = ""
    count: Literal[
        "", "rounds", "rounds_won", "leads_won_share", "days_to_won", "linearity", "early_resellers", "early_resellers_sold",
    ] = ""
    first: int = Field(default=0, ge=0, alias="from")
    to: int | None = Field(default=None, ge=1)
    after: Gate | None = None
    by: str = ""
    keys: list[str] = []
    quantile: float = Field(default=0.5, ge=0, le=1)
    unit: str = ""

    @model_validator(mode="after")
    def _of_one_kind(self) -> Reading:
        if bool(self.measure) == bool(self.count):
            raise ValueError("reads either a measure or a count")
        if (self.measure and bool(self.by) != bool(self.keys)) or (self.count and self.by):
            raise ValueError("takes by and keys together for a part of a measure, keys alone for channels of a count")
        if self.to is not None and self.to <= self.first:
            raise ValueError("ends before it begins")
        return self

    def __hash__(self) -> int:
        return hash(self.address)

    @property
    def address(self) -> str:
        """Return all that decides the number, as text."""
        return json.dumps(self.model_dump(), sort_keys=True)

    def declared(self, name: str, measures: Mapping[str, Measure]) -> Measure:
        """Return the reading as a measure of its own."""
        from sim.fields import Measure

        whole = measures.get(self.measure)
        unit = self.unit or (whole.unit if whole else _UNITS[self.count])
        return Measure(name, unit, whole.kind if whole and whole.kind != "ratio" else "stock", name.replace("_", " "))

    def check(self, key: str, known: Mapping[str, Measure]) -> None:
        """Raise UserError where it reads what there is not."""
        if self.measure and self.measure not in known:
            raise UserError(Problem("is not a measure", key=key, given=self.measure, nearest=nearest(self.measure, known)))
        if self.by and self.by not in known[self.measure].by:
            allowed = ", ".join(known[self.measure].by) or f"nothing: {self.measure} has no parts"
            raise UserError(Problem("is no part of it", key=f"{key}.by", given=self.by, allowed=allowed))
        keys = DIMENSIONS.get(self.by or "channel", tuple(self.keys))
        odd = next((name for name in self.keys if name not in keys), None)
        if odd is not None:
            near = nearest(odd, keys)
            raise UserError(Problem("is no key", key=f"{key}.keys", given=odd, allowed=", ".join(keys), nearest=near))

    def read(self, run: Run, measures: Mapping[str, Measure]) -> float:
        """Return the number (NaN where the gate never opened or nothing is there to be read)."""
        window = self.window(run)
        if window is None:
            return NAN
        if self.count:
            return float(_COUNTS[self.count](self, run, window))
        return _share(run, measures[self.measure], window) if not self.by else self._part(run, window)

    def window(self, run: Run) -> slice | None:
        """Return the weeks it looks at; None where its gate never opened or the run ends before the window does."""
        start = self.first
        if self.after is not None:
            opened = run.weekly[f"week_{self.after}"][-1]
            if not np.isfinite(opened):
                return None
            start += int(opened) + 1
        stop = run.weeks if self.to is None else start + self.to - self.first
        return slice(start, stop) if start < stop <= run.weeks else None

    def _part(self, run: Run, window: slice) -> float:
        from sim.record import keys_of

        amounts = run.breakdown.get((self.measure, self.by))
        if amounts is None:
            return 0.0
        names = keys_of(self.by, amounts.shape[1])
        return float(amounts[window, [names.index(key) for key in self.keys]].sum())


def _share(run: Run, measure: Measure, window: slice) -> float:
    """Return a flow's sum, a stock at the window's end, a ratio of summed flows, or the week it first happened."""
    if measure.over is not None:
        above, below = (run.weekly[name][window].sum() for name in measure.over)
        return float(above / below) if below > 0 else NAN
    values = run.weekly[measure.name][window]
    return float(values.sum() if measure.kind == "flow" else values[-1])


# from the events ----------------------------------------------------------------------------------------


def _rounds(reading: Reading, run: Run, window: slice) -> tuple[int, int]:
    """Return how many rounds opened in the window (of the keys' channels, where given), and how many of those were signed."""
    events = run.events
    rows = np.flatnonzero(np.isin(events["event"], ("opportunity", "signed")))
    last: dict[int, int] = {}
    won = set()
    for row in rows:
        firm = int(events["merchant"][row])
        if events["event"][row] == "opportunity":
            last[firm] = int(row)
        elif firm in last:
            won.add(last[firm])
    mine = [int(row) for row in rows if events["event"][row] == "opportunity" and _inside(events, row, window, reading.keys)]
    return len(mine), sum(row in won for row in mine)


def _inside(events: Mapping[str, Any], row: Any, window: slice, channels: list[str]) -> bool:
    return window.start <= events["week"][row] < window.stop and (not channels or events["cause"][row] in channels)


def _won(run: Run, window: slice) -> Any:
    """Return the weeks from enquiry to signature of leads that enquired in the window, shape (n,)."""
    signed = run.events["event"] == "signed"
    took = run.events["value"][signed].astype(np.float64)
    led = run.events["week"][signed] - took
    return took[(led >= window.start) & (led < window.stop)]


def _won_share(reading: Reading, run: Run, window: slice) -> float:
    """Return the share of the window's leads won within 180 days."""
    leads = run.weekly["leads"][window].sum()
    return float((7.0 * spread_within_weeks(_won(run, window)) <= 180).sum() / leads) if leads > 0 else NAN


def _days(reading: Reading, run: Run, window: slice) -> float:
    days = 7.0 * spread_within_weeks(_won(run, window))
    return float(np.quantile(days, reading.quantile)) if len(days) else NAN


def spread_within_weeks(weeks: Any) -> Any:
    """Return whole `weeks` (n,) sorted, with those of one week spread evenly over it: k + (j + 1/2)/n_k.

    What was won k weeks after its enquiry took between k and k + 1 weeks: quantiles are those of grouped data.

    >>> spread_within_weeks(np.array([3.0, 1.0, 3.0])).tolist()
    [1.5, 3.25, 3.75]
    """
    values, counts = np.unique(weeks, return_counts=True)
    parts = [value + (np.arange(count) + 0.5) / count for value, count in zip(values, counts, strict=True)]
    return np.concatenate(parts) if parts else np.zeros(0)


def _linearity(run: Run, window: slice) -> float:
    """Return R² of a straight line through all signed merchants so far."""
    signed = np.cumsum(run.weekly["signed_merchants"][window])
    return float(np.corrcoef(np.arange(len(signed)), signed)[0, 1] ** 2) if np.ptp(signed) > 0 else NAN


def _early(run: Run) -> list[bool]:
    """Return for each reseller that signed up before the iteration gate whether it sold within a year."""
    events, gate = run.events, run.weekly["week_iteration"][-1]
    gate = gate if np.isfinite(gate) else run.weeks
    joined = (events["event"] == "reseller_joined") & (events["week"] < gate)
    signed = (events["event"] == "signed") & (events["agent"] >= 0)
    return [
        bool(((events["agent"][signed] == who) & (events["week"][signed] <= week + 52)).any())
        for who, week in zip(events["agent"][joined], events["week"][joined], strict=True)
    ]


def _early_sold(reading: Reading, run: Run, window: slice) -> float:
    sold = _early(run)
    return float(np.mean(sold)) if sold else NAN


_COUNTS: dict[str, Callable[[Reading, Run, slice], float]] = {
    "rounds": lambda reading, run, window: _rounds(reading, run, window)[0],
    "rounds_won": lambda reading, run, window: _rounds(reading, run, window)[1],
    "leads_won_share": _won_share,
    "days_to_won": _days,
    "linearity": lambda reading, run, window: _linearity(run, window),
    "early_resellers": lambda reading, run, window: len(_early(run)),
    "early_resellers_sold": _early_sold,
}
_UNITS = {
    "rounds": "rounds", "rounds_won": "rounds", "leads_won_share": "share", "days_to_won": "days", "linearity": "R²",
    "early_resellers": "resellers", "early_resellers_sold": "share",
}
