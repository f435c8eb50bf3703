"""The text of a market file: what is yours, what follows from it, and the defaults you may want to replace."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

from sim.errors import UserError
from sim.matter import told_by_default
from sim.scenario import Scenario, load
from sim.scenario_files import Origin
from sim.settings import Reading, known, toml
from sim.starting.archetypes import Archetype
from sim.starting.following import WHY, Line, follows, yours
from sim.starting.questions import QUESTIONS
from sim.starting.sizes import Sizes, growth_parts

RULE = "# " + "-" * 100


def market_text(title: str, sizes: Sizes, near: list[tuple[Archetype, float]]) -> str:
    """Return the file as TOML. `near` are the archetypes with their distances, the one it extends first."""
    given, following = yours(sizes), follows(sizes)
    lines = [*given, *(line for found in following.values() for line in found)]
    blocks = (
        _head(title, sizes, near),
        _part("YOURS: what you answered", _answers(given, sizes)),
        _part("FOLLOWS FROM YOURS: what has to move with it so that the market means the same", _following(following, sizes)),
        _part("DEFAULTS YOU MAY WANT TO REPLACE, those that matter most first (remove the #)", _defaults(lines, sizes)),
    )
    return "\n".join("\n".join(block) + "\n" for block in blocks)


def tried(text: str, archetype: Archetype) -> Scenario:
    """Return the scenario that the text makes of its archetype. Raises UserError where it does not fit."""
    table = tomllib.loads(text)
    table.pop("extends")
    reading = Reading()
    reading.read(table, lambda keys: Origin("the file this would make"))
    if reading.problems:
        raise UserError(*reading.problems)
    base = load(archetype.name)
    pairs = [part for path, value in _flat(table) for part in (path, value)]
    return base.replace(*pairs)


def _flat(table: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _head(title: str, sizes: Sizes, near: list[tuple[Archetype, float]]) -> Iterator[str]:
    base = near[0]
    yield f"# A market of your own, from {len(sizes.answers)} answers to `sim scenarios new`. Keys are written in full:"
    yield "# write further ones the same way, or put a plan into a file of its own that extends this one."
    yield f"# It extends {base[0].name} (archetype {base[0].kind}). {_nearness(near)}"
    yield f"# Distance is the mean difference in logs over {_kinds(sizes)}."
    yield f"extends = {toml(base[0].name)}"
    yield f"title = {toml(title)}"
    yield f"description = {toml(f'A market of your own, on the archetype {base[0].kind}.')}"


def _nearness(near: list[tuple[Archetype, float]]) -> str:
    """Say how far the archetypes are from the answers, and whether the nearest was taken."""
    told = ", ".join(f"{found.name} {far:.2f}" for found, far in near)
    if len(near) == 1:
        return f"There is no other archetype; its distance from your answers: {told}."
    which = "nearest" if near[0][1] <= min(far for _, far in near) else "one asked for"
    return f"It is the {which}; distances from your answers: {told}."


def _kinds(sizes: Sizes) -> str:
    names = [name for name, question in QUESTIONS.items() if question.kind and sizes.given(name)]
    return ", ".join(names) if names else "those that tell one kind of market from another, of which you answered none"


def _part(heading: str, lines: Iterator[str]) -> Iterator[str]:
    yield RULE
    yield f"# {heading}"
    yield RULE
    found = list(lines)
    yield from found or ["# (nothing)"]


def _answers(given: list[Line], sizes: Sizes) -> Iterator[str]:
    for line in given:
        yield _setting(line, sizes)
    if sizes.given("exchange-rate"):
        yield f"# exchange-rate = {sizes.answers['exchange-rate'].said}: yours; {sizes.archetype.currency} for 1 {sizes.currency}"


def _following(groups: dict[str, list[Line]], sizes: Sizes) -> Iterator[str]:
    for number, (group, lines) in enumerate(groups.items()):
        yield from [""] * (number > 0)
        yield f"# {WHY[group]}"
        if group == "growth":
            yield f"# Here {' and '.join(part.why for part in growth_parts(sizes))}; the smaller counts."
        yield from (_setting(line, sizes) for line in lines)


def _setting(line: Line, sizes: Sizes) -> str:
    unit = _unit(line.path, sizes)
    return f"{line.path} = {toml(line.value)}  # " + (f"{unit}; " if unit else "") + line.note


def _unit(path: str, sizes: Sizes) -> str:
    return known()[path].unit.replace("money", sizes.currency)


def _defaults(lines: list[Line], sizes: Sizes) -> Iterator[str]:
    for path in told_by_default({line.path for line in lines}):
        found, value = known()[path], sizes.archetype.settings.get(f"plan.{path}")
        name, value = (path, sizes.archetype.settings[path]) if value is None else (f"plan.{path}", value)
        spread = "" if found.plausible is None else f"plausible {found.plausible[0]:.6g} to {found.plausible[1]:.6g}; "
        about = "; ".join(part for part in (_unit(path, sizes), found.doc) if part)
        yield f"# {name} = {' '.join(toml(value).split())}  # {about}; {spread}source: {found.source}"
