"""Scenario files and sheets: found, read with the line of every key, and stacked. What they mean is decided elsewhere."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sim.errors import Problem, UserError, nearest
from sim.files import content_of
from sim.sheets import grid
from sim.toml_lines import Keys, located
from sim.values import shown

SHIPPED = Path(__file__).resolve().parent / "scenarios"
LARGEST = 1_000_000
FILES = ".toml file or sheet (.csv, .tsv, .xlsx)"
OTHERS = "Ideas"  # the group of files that name none
GROUPS = (
    "Archetypes", "Business models", "Mistakes", "Plans", "Channels", "Sales and resellers", "Service and growing merchants",
    "References, circles, standards", "Rivals and visibility", "Consumers and firms", "Sizes", OTHERS,
)


@dataclass(frozen=True)
class Origin:
    """Where a value was given: a file as the user knows it, a line, and what that file says beside it."""

    file: str
    line: int | None = None
    note: str = ""

    def __str__(self) -> str:
        return self.file + (f" line {self.line}" if self.line is not None else "")


@dataclass(frozen=True)
class Layer:
    """One file: what it says, the line of every key and the comment beside it, what it extends, and what is wrong with that.

    `table` is without `extends`, `archetype` and `group`; `archetype` names the kind of market that the file itself is an
    archetype of, `group` under what heading it is listed.
    A plan kept as a sheet says nothing but `grids`; the sheet that was named is part of its path.
    """

    path: Path
    name: str
    table: dict[str, Any]
    lines: dict[Keys, int]
    extends: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    grids: tuple[grid.Grid, ...] = ()
    archetype: str = ""
    group: str = ""
    notes: dict[Keys, str] = field(default_factory=dict)

    def origin(self, keys: Keys) -> Origin:
        """Return where `keys` stand, or the table around them."""
        note = self.notes.get(keys, "")
        while keys and keys not in self.lines:
            keys = keys[:-1]
        return Origin(self.name, self.lines.get(keys), note)


# finding ------------------------------------------------------------------------------------------------


def shipped() -> list[str]:
    """Return the names of the scenarios that come with the package, baseline first."""
    return sorted((file.stem for file in SHIPPED.glob("*.toml")), key=lambda name: (name != "baseline", name))


def listed() -> dict[str, list[tuple[str, str]]]:
    """Return name and title of every scenario that comes with the package by its group, in the order of GROUPS."""
    found: dict[str, list[tuple[str, str]]] = {group: [] for group in GROUPS}
    for name in shipped():
        layer = read(*locate(name))
        found.setdefault(layer.group or OTHERS, []).append((name, str(layer.table.get("title", ""))))
    return {group: rows for group, rows in found.items() if rows}


def is_path(item: str) -> bool:
    """Say whether `item` is meant as a file, not as the name of a shipped scenario."""
    return item.endswith(".toml") or grid.is_sheet(item) or "/" in item or os.sep in item


def parts(spec: str, *folders: Path) -> list[str]:
    """Split what the user typed at each '+' that belongs to no file's name, here or in one of `folders`."""
    pieces, found = spec.split("+"), []
    while pieces:
        ways = ["+".join(pieces[:n]) for n in range(len(pieces), 1, -1)]
        longest = next((way for way in ways if any(_is_file(way, folder) for folder in (Path(), *folders))), pieces[0])
        found.append(longest.strip())
        pieces = pieces[longest.count("+") + 1 :]
    return found


def _is_file(name: str, folder: Path) -> bool:
    try:
        return is_path(name) and (folder / name).is_file()
    except (OSError, ValueError):
        return False


def stem(item: str) -> str:
    """Return the name of a scenario: that of its file without the ending, and of the sheet where one is named."""
    file, sheet = grid.split(item)
    return (Path(file).stem if is_path(file) else file) + (f"#{sheet}" if sheet else "")


def locate(item: str, beside: Path | None = None) -> tuple[Path, str]:
    """Return the file that `item` means and its name for messages; `beside` is the file that extends it.

    Raises UserError for an unknown name, and for a path that leaves the folder of `beside`.
    """
    if grid.other_format(item):
        raise UserError(Problem(f"{shown(item)} {grid.other_format(item)}"))
    if not is_path(item):
        if item not in shipped():
            known = f"a name that sim scenarios list shows, or a {FILES}"
            raise UserError(Problem(f"there is no scenario {shown(item)}", allowed=known, nearest=nearest(item, shipped())))
        return SHIPPED / f"{item}.toml", f"{item}.toml"
    if not item.endswith(".toml") and not grid.is_sheet(item):
        raise UserError(Problem(f"{shown(item)} is not a {FILES}"))
    folder = Path() if beside is None else beside.parent
    named, sheet = grid.split(item)
    try:
        file = (folder / named).resolve()
        inside = beside is None or file.is_relative_to(folder.resolve())
        missing = beside is not None and inside and not file.exists()
    except (OSError, ValueError, RuntimeError):
        raise UserError(Problem(f"{shown(item)} is not a path")) from None
    if not inside:
        raise UserError(Problem(f"{shown(item)} lies outside the folder of this file", allowed="files beside it or below"))
    if missing:
        raise UserError(Problem(f"there is no file {shown(item)}"))
    file = file.with_name(f"{file.name}#{sheet}") if sheet else file
    return file, item if beside is None else os.path.normpath(folder / item)


# reading ------------------------------------------------------------------------------------------------


def read(path: Path, name: str) -> Layer:
    """Read one file. Raises UserError where it cannot be read, is too large, or is no TOML or sheet; `name` is for messages."""
    if grid.is_sheet(path.name):
        return _sheet(path, grid.split(name)[0])
    text = text_of(path, name)
    try:
        table = tomllib.loads(text)
    except RecursionError:
        raise UserError(Problem("is nested too deeply", file=name)) from None
    except tomllib.TOMLDecodeError as error:
        raise UserError(_syntax(name, str(error), text)) from None
    except ValueError:
        raise UserError(Problem("holds a number of thousands of digits", file=name)) from None
    lines, notes = located(text)
    extends, wrong = _names(table.pop("extends", ()), name, lines)
    kind, odd = _archetype(table.pop("archetype", ""), name, lines)
    group, strange = _group(table.pop("group", ""), name, lines)
    return Layer(path, name, table, lines, extends, wrong + odd + strange, archetype=kind, group=group, notes=notes)


def _names(given: Any, name: str, lines: dict[Keys, int]) -> tuple[tuple[str, ...], tuple[Problem, ...]]:
    """Return what a file says it extends, and what is wrong with that."""
    extends = [given] if isinstance(given, str) else given
    if isinstance(extends, list | tuple) and all(isinstance(item, str) for item in extends):
        return tuple(extends), ()
    return (), (Problem("is not a name or a list of names", name, lines.get(("extends",)), "extends", shown(given)),)


def _sheet(path: Path, name: str) -> Layer:
    file, sheet = grid.split(str(path))
    found = grid.grids(content_of(Path(file), name, grid.LARGEST), name, sheet)
    return Layer(path, name, {}, {}, grids=tuple(found))


def _archetype(given: Any, name: str, lines: dict[Keys, int]) -> tuple[str, tuple[Problem, ...]]:
    """Return the kind of market that a file says it is an archetype of, and what is wrong with that."""
    if isinstance(given, str) and (not given or re.fullmatch(r"[a-z][a-z0-9_]{0,59}", given)):
        return given, ()
    allowed = "a name such as points_mall"
    return "", (Problem("is not a name", name, lines.get(("archetype",)), "archetype", shown(given), allowed),)


def _group(given: Any, name: str, lines: dict[Keys, int]) -> tuple[str, tuple[Problem, ...]]:
    """Return the heading under which a file is listed, and what is wrong with that."""
    if isinstance(given, str) and given == " ".join(given.split()) and len(given) <= 40:
        return given, ()
    allowed = "a short heading such as Plans"
    return "", (Problem("is not a heading", name, lines.get(("group",)), "group", shown(given), allowed),)


def text_of(path: Path, name: str) -> str:
    """Return the text of a file with plain line ends. Raises UserError where it cannot be read; `name` is for messages."""
    content = content_of(path, name, LARGEST)
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(Problem("is not text in UTF-8", file=name, line=line)) from None


def _syntax(name: str, message: str, source: str) -> Problem:
    place = re.search(r" \((?:at line (\d+), column \d+|at end of document)\)$", message)
    text = (message[: place.start()] if place else message).rstrip(".")
    line = int(place[1]) if place and place[1] else source.rstrip().count("\n") + 1
    return Problem(f"is not TOML: {text[:1].lower()}{text[1:]}", file=name, line=line)


# stacking -----------------------------------------------------------------------------------------------


class Stack:
    """Files laid over each other, bases first, each once.

    `layers` in the order they were laid, `bases` what each file extends at whatever remove, `problems` met on the way.
    """

    def __init__(self) -> None:
        self.layers: list[Layer] = []
        self.problems: list[Problem] = []
        self.bases: dict[Path, set[Path]] = {}
        self._trail: list[Path] = []

    def lay(self, item: str, beside: Layer | None = None) -> None:
        """Lay what `item` names, after what it extends; collect problems. `beside` is the file that extends it."""
        at = Origin("") if beside is None else beside.origin(("extends",))
        key = "" if beside is None else "extends"
        try:
            path, name = locate(item, None if beside is None else _known_as(beside))
            if path in self._trail:
                ring = [*self._trail[self._trail.index(path) :], path]
                raise UserError(Problem("goes in a circle: " + " → ".join(file.name for file in ring)))
        except UserError as error:
            self.problems += [replace(problem, file=at.file, line=at.line, key=key) for problem in error.problems]
            return
        for extending in self._trail:
            self.bases.setdefault(extending, set()).update({path, *self.bases.get(path, ())})
        if path not in (layer.path for layer in self.layers):
            self._lay_file(path, name)

    def _lay_file(self, path: Path, name: str) -> None:
        try:
            layer = read(path, name)
        except UserError as error:
            self.problems += error.problems
            return
        self.problems += layer.problems
        self._trail.append(path)
        for base in layer.extends:
            self.lay(base, layer)
        self._trail.pop()
        self.layers.append(layer)


def _known_as(layer: Layer) -> Path:
    """Return a file's path as the user gave it; a shipped one's in full."""
    return layer.path if layer.path.parent == SHIPPED else Path(layer.name)
