"""Levers over weeks and stages: what a plan sets, and the mechanisms in force in a week.

A schedule is a constant, or a list of entries of which the last active one counts. Where none is active, the mechanism's own
value holds.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import BaseModel

from sim.agents.vendor import STAGES
from sim.errors import Problem, nearest
from sim.fields import Par, declared
from sim.values import Found, fit, shown
from sim.week import Mechanisms

LAST_WEEK = 5200
ENTRY = "{from, to, every, on, stage, value}, weeks counted from 0"

StageWeeks = Mapping[str, int | None]
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Span:
    """One entry of a schedule: `value` holds in weeks start <= k < end (None: without end).

    k counts from week 0, or from the week `stage` was entered; with a stage and no end it ends with the stage, with an end
    it runs its full length. With `every`, only the first `on` weeks of each `every` weeks counted from `start`.
    """

    value: float | int | bool
    start: int = 0
    end: int | None = None
    every: int | None = None
    on: int | None = None
    stage: str | None = None

    def active(self, week: int, stage: str, stage_weeks: StageWeeks) -> bool:
        """Say whether it holds in `week`, when `stage` is the current one and `stage_weeks` says when each was entered."""
        entered = 0 if self.stage is None else stage_weeks.get(self.stage)
        left = self.stage is not None and self.end is None and stage != self.stage
        if entered is None or left:
            return False
        k = week - entered
        inside = k >= self.start and (self.end is None or k < self.end)
        return inside and (self.every is None or self.on is None or (k - self.start) % self.every < self.on)

    @property
    def constant(self) -> bool:
        """Say whether it holds throughout."""
        return self == Span(self.value)

    def plain(self) -> dict[str, Any]:
        """Return the entry as scenario files write it."""
        given = {"from": self.start or None, "to": self.end, "every": self.every, "on": self.on, "stage": self.stage}
        return {key: value for key, value in given.items() if value is not None} | {"value": self.value}


Schedule = tuple[Span, ...]


def plain(schedule: Schedule) -> Any:
    """Return a schedule as scenario files write it: a constant, or a list of tables."""
    return schedule[0].value if len(schedule) == 1 and schedule[0].constant else [span.plain() for span in schedule]


@dataclass(frozen=True)
class Plan:
    """Schedules by lever path. Read-only; equal plans are equal and hash alike."""

    levers: Mapping[str, Schedule] = field(default_factory=dict)
    _last: Any = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "levers", MappingProxyType(dict(self.levers)))

    def __hash__(self) -> int:
        return hash(frozenset(self.levers.items()))

    def __reduce__(self) -> tuple[Any, ...]:
        return Plan, (dict(self.levers),)

    def at(self, week: int, stage: str, stage_weeks: StageWeeks) -> dict[str, Any]:
        """Return the value of each lever that the plan sets in `week` (0-based), by path.

        `stage` is the current one of STAGES, `stage_weeks` the week each was entered (None: not yet).
        """
        found = {}
        for path, schedule in self.levers.items():
            for span in reversed(schedule):
                if span.active(week, stage, stage_weeks):
                    found[path] = span.value
                    break
        return found

    def applied(self, mechanisms: Mechanisms, values: dict[str, Any], scale: float) -> Mechanisms:
        """Return `mechanisms` with lever `values` in place; the same object as last time when asked for the same."""
        if self._last is not None:
            before, key, made = self._last
            if before is mechanisms and key == (scale, values):
                return made  # type: ignore[no-any-return]
        pars = _declared(type(mechanisms))
        made = with_values(mechanisms, {path: scaled(pars[path], value, scale) for path, value in values.items()})
        object.__setattr__(self, "_last", (mechanisms, (scale, values), made))
        return made


def in_force(
    mechanisms: Mechanisms, plan: Plan, week: int, stage: str, stage_weeks: StageWeeks, scale: float = 1.0
) -> Mechanisms:
    """Return the mechanisms in force in `week`: frozen copies in which every lever of the plan holds this week's number.

    Amounts that grow with the market are multiplied by `scale` (those in `mechanisms` are so already). While no lever moves
    the same object is returned.
    """
    return plan.applied(mechanisms, plan.at(week, stage, stage_weeks), scale)


@functools.cache
def _declared(model: type[BaseModel]) -> dict[str, Par]:
    return declared(model)


def scaled(par: Par, value: Any, scale: float) -> Any:
    """Return `value` for a market of `scale`: amounts that grow with the market times `scale`, whole numbers rounded."""
    if not par.extensive:
        return value
    return round(value * scale) if isinstance(value, int) else value * scale


def with_values(model: Model, values: Mapping[str, Any]) -> Model:
    """Return a copy of a frozen model with `values` by dotted path in place; groups without any are shared, not copied."""
    own: dict[str, Any] = {}
    groups: dict[str, dict[str, Any]] = {}
    for path, value in values.items():
        head, _, rest = path.partition(".")
        if rest:
            groups.setdefault(head, {})[rest] = value
        else:
            own[head] = value
    own |= {head: with_values(getattr(model, head), inner) for head, inner in groups.items()}
    return model.model_copy(update=own) if own else model


# reading ------------------------------------------------------------------------------------------------


def schedule(par: Par, given: Any) -> Found:
    """Return the schedule that a scenario file gives for lever `par`, and what is wrong with it, by entry."""
    if not isinstance(given, list | tuple):
        if isinstance(given, dict):
            return (), [(None, Problem("is one table; a schedule is a list of them", allowed=f"[ {ENTRY} ]"))]
        value, problems = fit(par, given)
        return (Span(value),), problems
    if not given:
        return (), [(None, Problem("is an empty list", allowed=f"{par.allowed}, or a list of {ENTRY}"))]
    read = [_span(par, entry) for entry in given]
    spans = tuple(span for span, _ in read if span is not None)
    problems = [(k, problem) for k, (_, found) in enumerate(read) for problem in found]
    return spans, problems or _hidden(spans)


def _hidden(spans: Schedule) -> list[tuple[int, Problem]]:
    last = max((k for k, span in enumerate(spans) if span.constant), default=0)
    return [(k, Problem(f"never holds: entry {last + 1} comes later and holds throughout")) for k in range(last)]


def _span(par: Par, entry: Any) -> tuple[Span | None, list[Problem]]:
    if not isinstance(entry, dict):
        return None, [Problem("is not a table", given=shown(entry), allowed=ENTRY)]
    problems = [
        Problem("is not a known key", key=key, allowed=ENTRY, nearest=nearest(key, _KEYS)) for key in entry if key not in _KEYS
    ]
    if "value" not in entry:
        problems.append(Problem("has no value", allowed=par.allowed))
    read = {}
    for key, check in _KEYS.items():
        if key in entry:
            read[key], found = check(par, entry[key])
            problems += [Problem(p.what, key=key, given=p.given, allowed=p.allowed, nearest=p.nearest) for _, p in found]
    problems = problems or _contradictions(read)
    if problems:
        return None, problems
    return Span(read["value"], read.get("from", 0), *(read.get(key) for key in ("to", "every", "on", "stage"))), []


def _contradictions(read: dict[str, Any]) -> list[Problem]:
    start, end, every, on = (read.get(key) for key in ("from", "to", "every", "on"))
    if end is not None and end <= (start or 0):
        return [Problem("ends before it begins", key="to", given=end, allowed=f"more than from = {start or 0}")]
    if (every is None) != (on is None):
        here, missing = ("on", "every") if every is None else ("every", "on")
        return [Problem(f"needs '{missing}' beside it: the first 'on' of each 'every' weeks", key=here, given=read[here])]
    if on is not None and every is not None and on > every:
        return [Problem("is longer than 'every'", key="on", given=on, allowed=f"whole numbers from 1 to {every} (weeks)")]
    return []


def _weeks(least: int) -> Callable[[Par, Any], Found]:
    limit = Par("", 0, "", "weeks", (least, LAST_WEEK), "fixed", None, "", False, None)
    return lambda _, value: fit(limit, value)


def _stage(_: Par, value: Any) -> Found:
    if value in STAGES:
        return value, []
    problem = Problem("is not a stage", given=shown(value), allowed=", ".join(STAGES), nearest=nearest(str(value), STAGES))
    return value, [(None, problem)]


_KEYS: dict[str, Callable[[Par, Any], Found]] = {
    "from": _weeks(0), "to": _weeks(1), "every": _weeks(1), "on": _weeks(1), "stage": _stage, "value": fit,
}
