"""Every setting of a scenario by its path: what is known, whether a table of values fits, and how it is written as TOML.

Paths are those of scenario files: `weeks`, `market.scale`, `vendor.seeds`, `belief.memory`, `plan.promotion.sem.spend`,
`off.switches`.
"""

from __future__ import annotations

import datetime
import functools
import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from sim.agents.vendor import Opening
from sim.agents.world import Market
from sim.errors import Problem, nearest
from sim.fields import Par, Parameters, declared, par
from sim.plan import LAST_WEEK, Schedule, plain, schedule
from sim.scenario_files import Origin
from sim.toml_lines import Keys
from sim.values import Found, fit, shown
from sim.week import Mechanisms


class Heading(Parameters):
    """What a scenario says about itself."""

    title: str = par("", "title")
    description: str = par("", "what it is about")
    start_date: datetime.date = par(datetime.date(2027, 1, 4), "first day of week 0")
    weeks: int = par(156, "horizon", unit="weeks", bounds=(1, LAST_WEEK))
    currency: str = par("CNY", "currency of all money")


class Off(Parameters):
    """What is switched off: fields that take their declared off-value."""

    switches: tuple[str, ...] = par((), "fields of mechanisms that take their off-value")


SWITCHES = "off.switches"
Origins = Callable[[Keys], Origin]


@functools.cache
def known() -> dict[str, Par]:
    """Return the declaration of every setting by path."""
    mechanisms = declared(Mechanisms)
    levers = {f"plan.{path}": lever for path, lever in mechanisms.items() if lever.role == "lever"}
    around = declared(Heading) | declared(Market, "market.") | declared(Opening, "vendor.")
    return around | mechanisms | levers | declared(Off, "off.")


def settings_of(*parts: tuple[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield every setting of the given models with its path; each model comes as (prefix, model)."""
    for prefix, model in parts:
        kind: Any = type(model)
        for path in _paths(kind):
            yield prefix + path, functools.reduce(getattr, path.split("."), model)


@functools.cache
def _paths(model: type[Parameters]) -> tuple[str, ...]:
    return tuple(declared(model))


@functools.cache
def defaults() -> dict[str, Any]:
    """Return what every setting is where no file says anything: the declared defaults, and a plan without levers."""
    parts = (("", Heading()), ("market.", Market()), ("vendor.", Opening()), ("", Mechanisms()), ("off.", Off()))
    return dict(settings_of(*parts))


def nested(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings by dotted path as tables within tables."""
    tables: dict[str, Any] = {}
    for path, value in settings.items():
        *groups, key = path.split(".")
        functools.reduce(lambda table, group: table.setdefault(group, {}), groups, tables)[key] = value
    return tables


@functools.cache
def _tree() -> dict[str, Any]:
    return nested(known())


# checking -----------------------------------------------------------------------------------------------


class Reading:
    """Tables of values checked against what is known: `values` by path, with `problems` and `origins` of each."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.origins: dict[str, Origin] = {}
        self.problems: list[Problem] = []

    def read(self, table: Mapping[str, Any], origin: Origins) -> None:
        """Take in a table as tomllib gives it; `origin` says where keys stand. Later tables replace earlier values."""
        self._table(table, _tree(), (), origin)

    def lay(self, path: str, schedule: Schedule, origin: Origin) -> None:
        """Lay entries of a lever over those that stand: where none of the new ones holds, the old ones do."""
        self.values[path] = (*self.values.get(path, ()), *schedule)
        self.origins[path] = origin

    def _table(self, table: Mapping[str, Any], tree: Mapping[str, Any], keys: tuple[str, ...], origin: Origins) -> None:
        for key, given in table.items():
            at = (*keys, key)
            inner = tree.get(key)
            if inner is None and at[0] == "plan" and isinstance(given, dict) and _is_group(at[1:]):
                inner = {}
            if inner is None:
                self._refuse(at, origin, _unknown(at, tree, given))
            elif isinstance(inner, Par):
                self._value(at, inner, given, origin)
            elif isinstance(given, dict):
                self._table(given, inner, at, origin)
            else:
                self._refuse(at, origin, Problem("is a table, not a value", given=shown(given), allowed=_some(inner)))

    def _value(self, keys: tuple[str, ...], par_: Par, given: Any, origin: Origins) -> None:
        path = ".".join(keys)
        value, problems = _reader(path)(par_, given)
        for entry, problem in problems:
            self._refuse(keys, origin, problem, entry)
        if not problems:
            self.values[path], self.origins[path] = value, origin(keys)

    def _refuse(self, keys: tuple[str, ...], origin: Origins, problem: Problem, entry: int | None = None) -> None:
        place = origin(keys if entry is None else (*keys, entry))
        within = ("" if entry is None else f" entry {entry + 1}") + (f" {written((problem.key,))}" if problem.key else "")
        key = written(keys) + within
        self.problems.append(replace(problem, file=place.file, line=place.line, key=key))


def checked(path: str, given: Any) -> Found:
    """Return what a file gives for the setting at `path` in the type declared, a schedule as entries, and what is wrong."""
    return _reader(path)(known()[path], given)


def _reader(path: str) -> Callable[[Par, Any], Found]:
    if path == SWITCHES:
        return _switches
    return schedule if path.startswith("plan.") else fit


def _switches(_: Par, given: Any) -> Found:
    allowed = "a list of fields of mechanisms that declare an off-value"
    if not isinstance(given, list | tuple) or not all(isinstance(path, str) for path in given):
        return given, [(None, Problem("is not a list of names", given=shown(given), allowed=allowed))]
    twice = [(k, Problem("is named twice", given=shown(path))) for k, path in enumerate(given) if path in given[:k]]
    return tuple(given), twice + [(k, problem) for k, path in enumerate(given) if (problem := _no_switch(path)) is not None]


def _no_switch(path: str) -> Problem | None:
    found = known().get(path) if _is_group(path.split(".")[:1]) else None
    if found is None:
        return Problem("is not a field of a mechanism", given=shown(path), nearest=nearest(path, switches()))
    if found.role == "lever":
        return Problem(f"is a lever: set plan.{path} instead", given=shown(path))
    if found.off is None:
        head = path.partition(".")[0] + "."
        return Problem("has no off-value", given=shown(path), allowed=", ".join(p for p in switches() if p.startswith(head)))
    return None


def switches() -> list[str]:
    """Return every field of a mechanism that declares an off-value."""
    return [path for path, found in declared(Mechanisms).items() if found.off is not None and found.role != "lever"]


def _is_group(keys: Any) -> bool:
    """Say whether keys lead to a mechanism, or to a group of fields within one."""
    inner = functools.reduce(lambda tree, key: tree.get(key, {}) if isinstance(tree, dict) else {}, keys, _tree())
    return bool(keys) and keys[0] in Mechanisms.model_fields and isinstance(inner, dict) and bool(inner)


def _unknown(keys: tuple[str, ...], siblings: Mapping[str, Any], given: Any) -> Problem:
    rest = ".".join(keys[1:])
    if keys[0] == "plan" and rest in known() and _is_group(keys[1:2]):
        return Problem(f"is not a lever: its value is constant and stands in [{written(keys[1:-1])}]", given=shown(given))
    close = nearest(keys[-1], siblings)
    what = "is not a known table" if isinstance(given, dict) else "is not a known key"
    return Problem(what, nearest=_elsewhere(keys) or (".".join((*keys[:-1], close)) if close else ""))


def _elsewhere(keys: tuple[str, ...]) -> str:
    """Return a setting of that name in another table: in the plan for a plan's key, else outside it."""
    planned = keys[0] == "plan"
    return next((p for p in known() if p.endswith(f".{keys[-1]}") and p.startswith("plan.") == planned), "")


def _some(tree: Mapping[str, Any]) -> str:
    names = list(tree)
    return "keys such as " + ", ".join(names[:3]) if names else "nothing"


def toml_value(text: str) -> Any:
    """Return the value that a text says in TOML; what TOML cannot read is text."""
    try:
        table = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return table["value"] if len(table) == 1 else text


# writing ------------------------------------------------------------------------------------------------


def written(keys: tuple[str, ...]) -> str:
    """Return keys as TOML writes them."""
    return ".".join(key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else toml(key) for key in keys)


def toml(value: Any) -> str:
    """Return a value as TOML that reads back equal; lists of tables take a line for each."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list | tuple):
        broken = len(value) > 1 and isinstance(value[0], dict)
        parts = [toml(part) for part in value]
        return "[\n" + "".join(f"    {part},\n" for part in parts) + "]" if broken else "[" + ", ".join(parts) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool | datetime.date):
        return str(value).lower() if isinstance(value, bool) else value.isoformat()
    if isinstance(value, int):
        return f"{value:_}"
    return f"{value:_.1f}" if value.is_integer() and abs(value) < 1e15 else repr(value)


def dump(settings: Mapping[str, Any]) -> str:
    """Return settings as TOML that reads back equal, each with its unit and meaning; headings before tables."""
    tables: dict[str, list[str]] = {}
    for path, value in settings.items():
        table, _, key = path.rpartition(".")
        plan = path.startswith("plan.")
        tables.setdefault(table, []).append(f"{key} = {toml(plain(value) if plan else value)}{_note(path)}")
    return "\n".join("\n".join(([f"[{table}]"] if table else []) + lines) + "\n" for table, lines in tables.items())


def _note(path: str) -> str:
    found = known()[path]
    source = "" if path.startswith("plan.") else found.source
    about = "; ".join(part for part in (found.unit, found.doc, source) if part)
    return f"  # {about}" if "." in path else ""
