"""One cell of a plan's sheet: amounts of money, shares, numbers, yes or no."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sim.fields import Par
from sim.sheets.grid import Cell

SCALES = {
    "k": 1000, "'000": 1000, "000": 1000, "000s": 1000, "thousand": 1000, "thousands": 1000, "千": 1000, "万": 10_000,
    "m": 1_000_000, "mn": 1_000_000, "million": 1_000_000, "millions": 1_000_000, "亿": 100_000_000,
}
DOLLARS = frozenset({"USD", "AUD", "CAD", "HKD", "MXN", "NZD", "SGD", "TWD"})
SIGNS = {
    "¥": frozenset({"CNY", "JPY"}), "￥": frozenset({"CNY", "JPY"}), "元": frozenset({"CNY"}), "rmb": frozenset({"CNY"}),
    "円": frozenset({"JPY"}), "€": frozenset({"EUR"}), "£": frozenset({"GBP"}), "$": DOLLARS, "us$": frozenset({"USD"}),
    "hk$": frozenset({"HKD"}), "nt$": frozenset({"TWD"}), "s$": frozenset({"SGD"}), "a$": frozenset({"AUD"}),
    "c$": frozenset({"CAD"}), "₹": frozenset({"INR"}), "₩": frozenset({"KRW"}), "₽": frozenset({"RUB"}), "฿": frozenset({"THB"}),
    "₫": frozenset({"VND"}), "zł": frozenset({"PLN"}), "r$": frozenset({"BRL"}), "kč": frozenset({"CZK"}),
}
SHARES = ("share", "0-1")  # units of which a hundredth is a per cent
YES, NO = ("yes", "y", "true", "on", "1", "是"), ("no", "n", "false", "off", "0", "否")
LONGEST = 60

_AMOUNT = re.compile(r"([-+]?) ?([^\d\s.,+-]*) ?([-+]?)([\d.,][\d., '’]*)(.*)")


def words_of(text: str) -> list[str]:
    """Return the words of a unit; 万元 is two."""
    return re.findall(r"[千万亿]|[^\s,千万亿]+", text)


def own_currency(word: str, currency: str) -> bool:
    """Say whether a sign or code stands for `currency`."""
    return word.casefold() == currency.casefold() or currency.upper() in SIGNS.get(word.casefold(), ())


def is_currency(word: str) -> bool:
    """Say whether a word is a sign or looks like the code of a currency."""
    return word.casefold() in SIGNS or re.fullmatch("[A-Z]{3}", word) is not None


def formatted(code: str) -> list[str]:
    """Return the currency signs in the number format of a workbook's cell."""
    signs = re.findall(r"\[\$([^\]-]+)", code)
    plain = re.sub(r"\[[^\]]*\]", "", code)
    singles = [sign for sign in SIGNS if len(sign) == 1]
    words = re.findall(r'"\s*([^"]+?)\s*"', plain)
    return [sign.strip() for sign in signs] + [word for word in words if is_currency(word)] or [s for s in singles if s in plain]


def yes(value: Any) -> bool | None:
    """Return what a cell for yes or no says, None where it says neither."""
    text = str(value).strip().casefold()
    return True if text in YES else False if text in NO else None


def decimal(text: str, comma: bool = False) -> Fraction | None:
    """Return a plain number, with thousands in groups of three or not; `comma` says that the decimal sign is a comma."""
    groups, point = (r"[. '’]", ",") if comma else (r"[, '’]", r"\.")
    match = re.fullmatch(rf"(\d+|[1-9]\d{{0,2}}(?:({groups})\d{{3}})(?:\2\d{{3}})*)?(?:{point}(\d*))?", text, re.ASCII)
    if match is None or not (match[1] or match[3]):
        return None
    return Fraction(f"{re.sub(r'[^0-9]', '', match[1] or '0')}.{match[3] or '0'}")


class Unreadable(ValueError):
    """Why a cell cannot be read; `allowed` says what would be."""

    def __init__(self, what: str, allowed: str = "") -> None:
        super().__init__(what)
        self.allowed = allowed


@dataclass(frozen=True)
class Number:
    """What a cell says: its value, with 'per cent' and a multiplier such as 'k' taken in, and whether it said those."""

    value: Fraction
    percent: bool = False
    scaled: bool = False


def number(cell: Cell, par: Par, currency: str, comma: bool = False) -> Number:
    """Return the number in a cell of parameter `par`; `comma` says that the decimal sign is a comma. Raises Unreadable."""
    value = cell.value
    if isinstance(value, bool | datetime.date | datetime.time | datetime.timedelta):
        raise Unreadable("is yes or no" if isinstance(value, bool) else "is a date or a time", par.allowed)
    if not isinstance(value, str):
        _check_words(formatted(cell.format), par, currency, comma)
        return Number(_finite(value))
    text = " ".join(value.replace("−", "-").split())  # split() takes hard and thin blanks too
    text = re.sub(r"^\((.*)\)$", r"-\1", text)  # as accountants write what is negative
    match = _AMOUNT.fullmatch(text) if len(text) <= LONGEST else None
    found = decimal(match[4].strip(), comma) if match else None
    if match is None or found is None:
        raise Unreadable("is not a number", _form(comma))
    after = words_of(match[5])
    scales = [SCALES[word.casefold()] for word in after if word.casefold() in SCALES]
    words = [match[2], *(word for word in after if word != "%" and word.casefold() not in SCALES)]
    _check_words([word for word in words if word], par, currency, comma)
    percent = "%" in after
    if percent and par.unit not in SHARES:
        raise Unreadable("is a percentage")
    if len(scales) + percent > 1:
        raise Unreadable("is not a number", _form(comma))
    times = Fraction(scales[0]) if scales else Fraction(1, 100) if percent else Fraction(1)
    return Number(-found * times if "-" in match[1] + match[3] else found * times, percent, bool(scales))


def _finite(value: Any) -> Fraction:
    try:
        return Fraction(value)
    except (TypeError, ValueError, OverflowError):
        raise Unreadable("is not a finite number") from None


def _form(comma: bool) -> str:
    return "numbers such as 12.000,50 (the columns are separated by semicolons)" if comma else "numbers such as 12,000.50"


def _check_words(words: list[str], par: Par, currency: str, comma: bool) -> None:
    """Raise Unreadable where a word beside a number is not the currency, or the parameter is not money."""
    for word in words:
        if not is_currency(word) and not own_currency(word, currency):
            raise Unreadable("is not a number", _form(comma))
        if "money" not in par.unit:
            raise Unreadable("is an amount of money", par.allowed)
        if not own_currency(word, currency):
            raise Unreadable(f"is in another currency ({word})", f"amounts in {currency}, the currency of the scenario")
