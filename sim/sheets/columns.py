"""The columns of a plan's sheet: which lever a name means, and in what unit its cells stand."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from sim.errors import Problem, nearest
from sim.fields import Par
from sim.settings import known
from sim.sheets.cells import SCALES, SHARES, own_currency, words_of
from sim.sheets.grid import Cell
from sim.values import shown

MONEY = "money/week"
NOTES = ("note", "notes", "comment", "comments", "remark", "remarks", "备注")
RULE = "a lever's path, or a part of it that no other lever has"


@dataclass(frozen=True)
class Column:
    """A column of one lever: `times` is what its numbers are multiplied by, `spread` says that they are totals of a period."""

    path: str
    par: Par
    cell: Cell
    times: int = 1
    percent: bool = False
    spread: bool = False


def levers() -> dict[str, Par]:
    """Return the declaration of every lever by its path in the plan, without 'plan.'."""
    return {path.removeprefix("plan."): par for path, par in known().items() if path.startswith("plan.")}


@functools.cache
def _names() -> dict[tuple[str, ...], list[str]]:
    """Return the levers that have a part of a path, by the words of the part."""
    found: dict[tuple[str, ...], list[str]] = {}
    for path in levers():
        keys = path.split(".")
        for first in range(len(keys)):
            for end in range(first + 1, len(keys) + 1):
                found.setdefault(_words(" ".join(keys[first:end])), []).append(path)
    return found


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[^\W_]+", text.casefold()))


def lever(name: str) -> tuple[str, Problem | None]:
    """Return the lever that a name means: its path, or a part of it that no other lever has; blanks, dots and case are alike."""
    words = _words(name)
    words = words[1:] if words[:1] == ("plan",) else words
    paths = _names().get(words, [])
    if len(paths) == 1:
        return paths[0], None
    if paths:
        return "", Problem("could be any of several levers", key=shown(name), allowed=", ".join(paths))
    return "", Problem("is not a lever", key=shown(name), allowed=RULE, nearest=_near(words))


def _near(words: tuple[str, ...]) -> str:
    texts = {" ".join(name): paths[0] for name, paths in _names().items() if len(paths) == 1}
    within = next((path for text, path in texts.items() if f" {text} " in f" {' '.join(words)} "), "")
    close = nearest(" ".join(words), texts)
    return texts[close] if close else within


def column(cell: Cell, currency: str) -> tuple[Column | None, list[Problem]]:
    """Return the column under a cell with a lever's name, which may end with a unit in brackets, and what is wrong with it."""
    match = re.fullmatch(r"(.*?)\s*[(\[（]([^()\[\]（）]*)[)\]）]", cell.value, re.DOTALL)
    name, unit = (match[1], match[2]) if match else (cell.value, "")
    path, problem = lever(name)
    if problem is not None:
        return None, [problem]
    par = levers()[path]
    made, what = _in_unit(path, par, cell, unit.strip(), currency)
    return (made, []) if not what else (None, [Problem(what, key=path, given=shown(unit), allowed=_allowed(par, currency))])


def _allowed(par: Par, currency: str) -> str:
    if par.unit == MONEY:
        return f"({currency}), ({currency} thousand), ({currency}/week)"
    return "(%)" if par.unit in SHARES else f"({par.unit})" if par.unit else "no unit"


def _in_unit(path: str, par: Par, cell: Cell, unit: str, currency: str) -> tuple[Column, str]:
    """Return the column of a lever given in `unit`, and why it cannot be."""
    money, percent = par.unit == MONEY, unit == "%" and par.unit in SHARES
    if not money:
        fits = percent or unit.casefold() in ("", par.unit.casefold())
        return Column(path, par, cell, percent=percent), "" if fits else "is not its unit"
    text, rate = re.subn(r"\s*(/|per )\s*week$", "", unit, flags=re.IGNORECASE)
    times, what = 1, ""
    for word in words_of(text):
        if word.casefold() in SCALES and times == 1:
            times = SCALES[word.casefold()]
        elif not own_currency(word, currency):
            what = "is not its unit"
    return Column(path, par, cell, times, spread=not rate), what
