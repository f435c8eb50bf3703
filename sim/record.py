"""What a run leaves behind: one number per measure and week, breakdowns, and events with their causes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.agents.mechanism import Mechanism
from sim.agents.world import DIMENSIONS, World
from sim.draws import Floats
from sim.fields import Event, Measure
from sim.week import Mechanisms

EVENT_FIELDS = ("week", "event", "merchant", "agent", "cause", "ref", "value")


def each(mechanisms: Mechanisms) -> Iterator[tuple[str, Mechanism]]:
    """Yield every mechanism with its name, in the order of the week."""
    return ((name, getattr(mechanisms, name)) for name in type(mechanisms).model_fields)


def measures_of(mechanisms: Mechanisms, also: Sequence[Mechanism] = ()) -> dict[str, Measure]:
    """Return every declared measure by name. Raises ValueError when two mechanisms declare the same."""
    found: dict[str, Measure] = {}
    for name, mechanism in (*each(mechanisms), *((type(own).__name__, own) for own in also)):
        for measure in mechanism.MEASURES:
            if measure.name in found:
                raise ValueError(f"measure '{measure.name}' is declared twice, the second time by {name}")
            found[measure.name] = measure
    return found


def events_of(mechanisms: Mechanisms) -> list[tuple[str, Event]]:
    """Return every declared event with the mechanism that notes it, in the order of the week."""
    return [(name, event) for name, mechanism in each(mechanisms) for event in mechanism.EVENTS]


@dataclass(frozen=True)
class Run:
    """One replication: weekly (measure -> (weeks,)), breakdown ((measure, dimension) -> (weeks, keys)), events."""

    seed: int
    replication: int
    weekly: dict[str, Floats]
    breakdown: dict[tuple[str, str], Floats]
    events: dict[str, Any]

    @property
    def weeks(self) -> int:
        """Return the number of weeks recorded."""
        return len(next(iter(self.weekly.values())))


def keys_of(dimension: str, count: int) -> tuple[str, ...]:
    """Return the names of a dimension's `count` keys."""
    return DIMENSIONS.get(dimension) or tuple(str(k) for k in range(count))


class Recorder:
    """Fills weekly arrays from the world's books and the mechanisms' stocks."""

    def __init__(self, weeks: int, mechanisms: Mechanisms, also: Sequence[Mechanism] = ()) -> None:
        self.measures, self.also = measures_of(mechanisms, also), tuple(also)
        self.weekly = {name: np.full(weeks, np.nan) for name in self.measures}
        for name, measure in self.measures.items():
            if measure.kind == "flow":
                self.weekly[name][:] = 0.0
        self.breakdown: dict[tuple[str, str], Floats] = {}
        self.weeks = weeks
        self._events: list[tuple[int, Any]] = []
        self._first: dict[str, float] = {}

    def record(self, world: World, mechanisms: Mechanisms) -> None:
        """Take down the week that has just happened."""
        week = world.week
        for mechanism in (*(found for _, found in each(mechanisms)), *self.also):
            for name, value in mechanism.stocks(world).items():
                self.weekly[name][week] = value
        for name, measure in self.measures.items():
            if measure.kind == "flow":
                self.weekly[name][week] = world.flows.get(name, 0.0)
            elif measure.kind == "week":
                if world.flows.get(name, 0.0) > 0:
                    self._first.setdefault(name, float(week))
                self.weekly[name][week] = self._first.get(name, np.nan)
        for at, amounts in world.splits.items():
            if at not in self.breakdown:
                self.breakdown[at] = np.zeros((self.weeks, len(amounts)))
            self.breakdown[at][week] = amounts
        self._events += [(week, event) for event in world.events]

    def finish(self, seed: int, replication: int) -> Run:
        """Return the finished, read-only run; ratios look back over 52 weeks."""
        for name, measure in self.measures.items():
            if measure.over is not None:
                top, bottom = (_trailing(self.weekly[part]) for part in measure.over)
                self.weekly[name] = np.divide(top, bottom, out=np.full(self.weeks, np.nan), where=bottom > 0)
        for array in (*self.weekly.values(), *self.breakdown.values()):
            array.flags.writeable = False
        return Run(seed, replication, self.weekly, self.breakdown, self._event_columns())

    def _event_columns(self) -> dict[str, Any]:
        parts: dict[str, list[Any]] = {field: [] for field in EVENT_FIELDS}
        for week, (event, who, agent, cause, ref, value) in self._events:
            n = len(who)
            for field, given in zip(EVENT_FIELDS, (week, event, who, agent, cause, ref, value), strict=True):
                parts[field].append(np.broadcast_to(np.asarray(given, dtype=object if field in ("event", "cause") else None), n))
        empty = np.zeros(0)
        return {field: np.concatenate(arrays) if arrays else empty for field, arrays in parts.items()}


def _trailing(flow: Floats, span: int = 52) -> Floats:
    """Return the sum over the last `span` weeks; a difference of running totals would leave a rest where all are zero."""
    return np.convolve(flow, np.ones(span))[: len(flow)]
