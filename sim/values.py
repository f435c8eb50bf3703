"""One value a user gave, checked against its declaration."""

from __future__ import annotations

import datetime
import math
import unicodedata
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

from sim.errors import Problem, nearest
from sim.fields import Par

Found = tuple[Any, Sequence[tuple[int | None, Problem]]]  # a value, and what is wrong with it by entry (None: with the whole)

LONGEST_SHOWN = 60
LONGEST_TEXT = 2000
FIRST_DAY, LAST_DAY = datetime.date(1900, 1, 1), datetime.date(2200, 1, 1)


class Shown(str):
    """A value as it stands in a message."""

    __slots__ = ()
    __repr__ = str.__str__


def shown(value: Any) -> Shown:
    """Return a value in few characters, as a scenario file would write it."""
    if isinstance(value, bool | datetime.date | datetime.time):
        return Shown(str(value).lower() if isinstance(value, bool) else value.isoformat())
    try:
        text = repr(value.item() if hasattr(value, "item") else value)
    except ValueError:  # whole numbers of thousands of digits have no decimal form
        text = "a number of thousands of digits"
    return Shown(text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…")


def allowed(par: Par) -> str:
    """Say in words what values `par` accepts."""
    return f"a date such as 2027-01-04, from {FIRST_DAY} to {LAST_DAY}" if isinstance(par.default, datetime.date) else par.allowed


def fit(par: Par, given: Any) -> Found:
    """Return `given` in the type that `par` declares, and what is wrong with it (nothing, or one problem)."""
    if isinstance(par.default, tuple):
        value, what = _list(par, given)
    else:
        value, what = _one(par.default, par.bounds, given)
        if not what and par.choices and value not in par.choices:
            return value, [(None, Problem("is not known", "", None, "", shown(value), allowed(par), nearest(value, par.choices)))]
    return value, [(None, Problem(what, given=shown(given), allowed=allowed(par)))] if what else []


def _list(par: Par, given: Any) -> tuple[Any, str]:
    if not isinstance(given, list | tuple):
        return given, "is not a list"
    if par.default and len(given) != len(par.default):
        return given, f"is a list of {len(given)}"
    model = par.default[0] if par.default else 0
    read = [_one(model, par.bounds, part) for part in given]
    return tuple(value for value, _ in read), next((f"has an entry that {what}" for _, what in read if what), "")


def _one(model: Any, bounds: tuple[float, float] | None, given: Any) -> tuple[Any, str]:
    """Return `given` in the type of `model`, and what is wrong with it."""
    if isinstance(model, bool):
        return given, "" if isinstance(given, bool) else "is not true or false"
    if isinstance(model, str):
        return given, _text(given)
    if isinstance(model, datetime.date):
        return given, _date(given)
    return _number(model, bounds, given)


def _number(model: Any, bounds: tuple[float, float] | None, given: Any) -> tuple[Any, str]:
    whole = isinstance(model, int)
    kind: Any = Integral if whole else Real
    if isinstance(given, bool) or not isinstance(given, kind):
        return given, "is not a whole number" if whole else "is not a number"
    low, high = bounds if bounds else (-1e300, 1e300)
    if not isinstance(given, Integral) and not math.isfinite(given):
        return given, "is not a finite number"
    if not low <= given <= high:
        return given, "is out of range"
    return int(given) if isinstance(given, Integral) and whole else float(given), ""


def _text(given: Any) -> str:
    if not isinstance(given, str):
        return "is not text"
    if len(given) > LONGEST_TEXT:
        return f"is longer than {LONGEST_TEXT:,} characters"
    odd = any(unicodedata.category(c) in ("Cc", "Cs") for c in given if c not in "\n\t")
    return "holds control characters" if odd else ""


def _date(given: Any) -> str:
    if type(given) is not datetime.date:
        return "is not a date"
    return "" if FIRST_DAY <= given <= LAST_DAY else "is out of range"
