"""A stack of scenario files and sheets as one table of settings: what stands last counts, and knows where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sim.errors import Problem
from sim.scenario_files import Layer, Origin, Stack, locate, stem
from sim.settings import Reading, defaults, nested, toml_value
from sim.sheets import plan
from sim.sheets.table import Calendar


@dataclass(frozen=True)
class Stacked:
    """Settings by path with their origins, the name of the whole, what is wrong with it, and what a reader should know."""

    name: str
    values: dict[str, Any]
    origins: dict[str, Origin]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


def stacked(items: Sequence[str], settings: Iterable[str] = (), at_least: int = 0) -> Stacked:
    """Return what `items` say, each laid over those before it.

    Sheets are read on the calendar of the whole: with the start, horizon and currency that the last file, or one of `settings`
    ("path=value"), gives, and over at least so many weeks.
    """
    stack, reading = Stack(), Reading()
    for item in items:
        stack.lay(item)
    calendar = _calendar(stack, settings, at_least)
    notes: list[str] = []
    for layer in stack.layers:
        if layer.grids:
            notes += _lay(layer, reading, calendar)
        else:
            reading.read(layer.table, layer.origin)
    problems = tuple(dict.fromkeys(stack.problems + reading.problems))
    headings = {} if problems else _headings(stack, [locate(item)[0] for item in items])
    name = "+".join(stem(item) for item in items)
    return Stacked(name, defaults() | reading.values | headings, reading.origins, problems, tuple(notes))


def _calendar(stack: Stack, settings: Iterable[str], at_least: int) -> Calendar:
    reading = Reading()
    for layer in stack.layers:
        reading.read(layer.table, layer.origin)
    for path, equals, text in (setting.partition("=") for setting in settings):
        if equals and path.strip() in ("start_date", "weeks", "currency"):
            reading.read(nested({path.strip(): toml_value(text.strip())}), lambda keys: Origin(""))
    found = defaults() | reading.values
    return Calendar(found["start_date"], max(found["weeks"], at_least), found["currency"])


def _lay(layer: Layer, reading: Reading, calendar: Calendar) -> list[str]:
    """Lay a sheet over what stands, and return the notes on it."""
    laid = plan.lay(layer.grids, calendar)
    reading.problems += laid.problems
    for path, schedule in laid.schedules.items():
        reading.lay(f"plan.{path}", schedule, Origin(laid.places[path]))
    return laid.notes


# headings -----------------------------------------------------------------------------------------------


def _headings(stack: Stack, paths: list[Path]) -> dict[str, str]:
    """Return title and description of a stack: those of the files named, without bases of others and mere markets.

    A file that says nothing of its own beyond [market] is a market to play on: it renames only itself.
    """
    layers = [_titled(layer) for layer in stack.layers if layer.path in paths]
    layers = [layer for layer in layers if _plays(layer)] or layers
    bases = set().union(*(stack.bases.get(layer.path, set()) for layer in layers))
    told = [layer.table for layer in layers if layer.path not in bases]
    titles = [str(table["title"]) for table in told if table.get("title")]
    texts = [str(table["description"]) for table in told if table.get("description")]
    return {"title": " + ".join(titles), "description": " ".join(texts)}


def _titled(layer: Layer) -> Layer:
    """Return a sheet titled by its file's name, any other layer as it is."""
    return replace(layer, table={"title": layer.path.name}) if layer.grids else layer


def _plays(layer: Layer) -> bool:
    return bool(layer.grids) or not set(layer.table) <= {"title", "description", "market"}
