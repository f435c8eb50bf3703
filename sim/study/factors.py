"""What a study varies: factors with levels, each level a handful of settings, and the grid they span."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sim.errors import Problem, UserError, nearest
from sim.settings import known
from sim.study.limits import MOST_CELLS


class Given(BaseModel):
    """A part of a study file: unknown keys, wrong types, NaN and infinities are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class LevelTable(Given):
    """One level spelled out: how it is called, and the settings it puts in place (none: as it is)."""

    label: float | int | str
    set: dict[str, Any]


class Factor(Given):
    """One thing varied: values of `path` (or of several `paths` alike), weeks by which schedules `shift`, or tables.

    Instead of `levels`, `bounds` gives levels at equal distances, both ends among them: `steps` of them, or five.
    """

    name: str = Field(min_length=1)
    unit: str = ""
    path: str = ""
    paths: list[str] = []
    shift: list[str] = []
    levels: list[Any] = []
    bounds: list[float | int] = Field(default=[], max_length=2)
    steps: int = Field(default=5, ge=2, le=1000)

    @model_validator(mode="after")
    def _of_one_kind(self) -> Factor:
        tables = [isinstance(level, dict) and "set" in level for level in self.levels]
        if any(tables) and not all(tables):
            raise ValueError("mixes values and tables; allowed: levels that are all values, or all tables of label and set")
        if sum(map(bool, (self.path, self.paths, self.shift))) != (0 if any(tables) else 1):
            raise ValueError("varies either a path, paths, a shift, or levels that are tables of label and set")
        if bool(self.levels) == bool(self.bounds) or len(self.bounds) == 1:
            raise ValueError("needs either levels, or bounds = [lowest, highest] and a number of steps (5 where not given)")
        if self.levels and "steps" in self.model_fields_set:
            raise ValueError("has steps, which go with bounds, beside levels")
        return self

    def spread(self) -> list[Level]:
        """Return its levels."""
        return [self._level(given) for given in self.values()]

    def values(self) -> Sequence[Any]:
        """Return what is given for each level: a value, weeks, or a table."""
        if not self.bounds:
            return self.levels
        low, high = self.bounds
        exact = (low + (high - low) * k / (self.steps - 1) for k in range(self.steps))
        return [float(f"{level:.12g}") for level in exact]  # 0.3, not 0.30000000000000004

    def _level(self, given: Any) -> Level:
        if isinstance(given, dict) and not (self.path or self.paths or self.shift):
            table = LevelTable.model_validate(given)
            return Level(table.label, table.set)
        if self.shift:
            return Level(given, {}, tuple(self.shift))
        return Level(_label(given), dict.fromkeys([self.path] if self.path else self.paths, given))


@dataclass(frozen=True)
class Level:
    """One level: its label (a number or a name), the settings it puts in place, the schedules it moves by `label` weeks."""

    label: Any
    settings: Mapping[str, Any]
    shifts: tuple[str, ...] = ()

    def pairs(self, now: Mapping[str, Any]) -> list[Any]:
        """Return paths and values as Scenario.replace takes them; `now` are the settings it is laid over."""
        moved = {path: shifted(path, now, self.label) for path in self.shifts}
        return [part for pair in (dict(self.settings) | moved).items() for part in pair]


def shifted(path: str, now: Mapping[str, Any], weeks: Any) -> list[dict[str, Any]]:
    """Return the schedule at `path` begun `weeks` later. Raises UserError where there is none that can be moved."""
    if path not in now:
        allowed = ", ".join(p for p in now if p.startswith("plan.") and isinstance(now[p], list))
        raise UserError(Problem("is not set by the plan", key=path, allowed=allowed, nearest=nearest(path, known())))
    if not isinstance(now[path], list) or not isinstance(weeks, int) or isinstance(weeks, bool):
        raise UserError(Problem("can only be moved by whole weeks, as a list of times", key=path, given=weeks))
    later = [_later(entry, weeks) for entry in now[path]]
    if any(entry["from"] < 0 for entry in later):
        raise UserError(Problem(f"would begin before week 0, moved by {weeks}", key=path))
    return later


def _later(entry: Mapping[str, Any], weeks: int) -> dict[str, Any]:
    ends = {"to": entry["to"] + weeks} if "to" in entry else {}
    return {**entry, "from": entry.get("from", 0) + weeks, **ends}


def _label(given: Any) -> Any:
    if isinstance(given, bool):
        return "yes" if given else "no"
    return given if isinstance(given, float | int | str) else str(given)


def thinned(levels: Sequence[Level], every: int) -> list[Level]:
    """Return every so many-th of the levels, first and last among them."""
    return [level for k, level in enumerate(levels) if k % every == 0 or k == len(levels) - 1]


def grid(spreads: Sequence[Sequence[Level]]) -> Iterator[tuple[Level, ...]]:
    """Yield every combination of levels, the last factor fastest. Raises UserError where there are too many."""
    count = 1
    for levels in spreads:
        count *= len(levels)
    if count > MOST_CELLS:
        raise UserError(Problem(f"spans {count:,} settings", key="factors", allowed=f"{MOST_CELLS:,} at most"))
    yield from itertools.product(*spreads)
