"""Settings as the cells of a workbook write them, and back without loss."""

from __future__ import annotations

import datetime
import json
import re
from typing import Any

from sim.fields import Par
from sim.sheets.cells import Unreadable, number, yes
from sim.sheets.grid import Cell

NONE = "none"
DIGITS = 15  # that every spreadsheet keeps
ROUNDED = 1e-14
_PLAIN = re.compile("[\t\n\x20-\x7e\xa0-\u1fff\u2010-\u2027\u2030-\u205e\u2070-\ud7ff\uf900-\ufffd\U00010000-\U0001fffd]*")


def to_cell(value: Any) -> Any:
    """Return a setting as a workbook's cell shows it: yes or no, lists as text, odd text in quotes."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(str(part) for part in value) or NONE
    return _quoted(value) if isinstance(value, str) else value


def exact(value: Any) -> str | None:
    """Return a number that a spreadsheet would round, in full; None where it keeps it."""
    return repr(value) if isinstance(value, float) and float(f"{value:.{DIGITS}g}") != value else None


def restored(value: Any, written: Any) -> Any:
    """Return the number that `exact` wrote, where `value` is it but for a spreadsheet's rounding; else `value`."""
    try:
        full = float(written)
    except (TypeError, ValueError):
        return value
    return full if isinstance(value, float) and abs(value - full) <= ROUNDED * abs(full) else value


def _quoted(text: str) -> str:
    """Return text as it is, or in quotes where a cell would not keep it."""
    kept = text == text.strip() and not text.startswith('"') and _PLAIN.fullmatch(text) and "_x" not in text
    return text if kept else json.dumps(text)


def from_cell(par: Par, cell: Cell | None, currency: str) -> Any:
    """Return the setting that a cell says (None: it is blank), in the type of `par`; Unreadable where it says none."""
    if isinstance(par.default, str):
        return "" if cell is None else _text(cell.value)
    if cell is None:
        raise Unreadable("is blank", f"{par.allowed}, or '{NONE}'" if isinstance(par.default, tuple) else par.allowed)
    if isinstance(par.default, bool):
        answer = yes(cell.value)
        if answer is None:
            raise Unreadable("is not yes or no", "yes or no")
        return answer
    if isinstance(par.default, datetime.date):
        return _date(cell.value)
    if isinstance(par.default, tuple):
        return _list(cell)
    value = number(cell, par, currency).value
    return int(value) if isinstance(par.default, int) and value.denominator == 1 else float(value)


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = str(value)
    if not text.startswith('"'):
        return text
    try:
        return str(json.loads(text))
    except ValueError:
        return text


def _date(value: Any) -> Any:
    try:
        return datetime.date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise Unreadable("is not a date", "a date such as 2027-01-04") from None


def _list(cell: Cell) -> tuple[Any, ...]:
    """Return a list written with commas or semicolons; one entry may stand alone."""
    text = str(cell.value).strip().strip("[]")
    parts = [] if text.casefold() in (NONE, "") else [part.strip().strip("'\"") for part in re.split(r"[,;]", text)]
    return tuple(map(_entry, parts))


def _entry(text: str) -> Any:
    try:
        return int(text) if re.fullmatch(r"[-+]?\d{1,9}", text) else float(text)
    except ValueError:
        return text  # the name of a switch, or what its declaration will refuse
