"""The dozen questions whose answers make a market of one's own, and how an answer is read.

Light on purpose: the command line builds its options from here before anything heavy is imported.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sim.errors import Problem, UserError

WEEKS = {"week": 1.0, "month": 52 / 12, "year": 52.0}  # the model's year has 52 weeks
_SPAN = re.compile(r"(.*?)\s*(?:(week|month|year)s?)?", re.IGNORECASE)
_RATE = re.compile(r"(.*?)\s*(?:(?:/\s*|\ban?\s|\bper\s)\s*(week|month|year))?", re.IGNORECASE)


@dataclass(frozen=True)
class Said:
    """What somebody wrote, the currency they count in ("" where that is not said), and whether their decimal sign is a comma."""

    text: str
    currency: str = ""
    comma: bool = False


@dataclass(frozen=True)
class Question:
    """One question: what is asked, how the answer is read, from `least` to `most` (inclusive, in `unit`).

    `path` is the setting it gives a value to ("" for one that only serves to work out others). `kind` marks what tells one
    kind of market from another: by these the nearest archetype is found.
    """

    name: str
    ask: str
    hint: str
    unit: str
    least: float
    most: float
    path: str
    read: Callable[[Question, Said], Any]
    kind: bool = False

    @property
    def key(self) -> str:
        """Return the name as Python writes it."""
        return self.name.replace("-", "_")

    @property
    def option(self) -> str:
        """Return the option of the command line."""
        return "--" + self.name

    @property
    def allowed(self) -> str:
        """Say in words what answers are accepted."""
        return ALLOWED[self.read](self)


@dataclass(frozen=True)
class Answer:
    """An answer: its value in the question's unit, and what the user wrote."""

    value: Any
    said: str


Answers = Mapping[str, Answer]


# reading ------------------------------------------------------------------------------------------------


def _count(question: Question, said: Said) -> int:
    value = _amount(question, said.text, said)
    if not value.is_integer():
        raise ValueError("is not a whole number")
    return int(_within(question, value))


def _number(question: Question, said: Said) -> float:
    return _within(question, _amount(question, said.text, said))


def _weeks(question: Question, said: Said) -> float:
    found = _SPAN.fullmatch(said.text)
    if found is None:
        raise ValueError("is not a length of time")
    return _within(question, _amount(question, found[1], said) * WEEKS[(found[2] or "week").lower()])


def _per_week(question: Question, said: Said) -> float:
    found = _RATE.fullmatch(said.text)
    if found is None:
        raise ValueError("is not an amount")
    return _within(question, _amount(question, found[1], said) / WEEKS[(found[2] or "week").lower()])


def _amount(question: Question, text: str, said: Said) -> float:
    """Return a number as plan sheets write it: 12,000, 400k, €195; with `comma` 12.000 and 7,8. Raises ValueError."""
    from sim.fields import Par
    from sim.sheets.cells import Unreadable, number
    from sim.sheets.grid import Cell

    if re.fullmatch("[0-9]{20,}", text):
        raise ValueError("is out of range")
    par = Par(question.name, 0.0, question.ask, question.unit, None, "fixed", None, "", False, None)
    try:
        return float(number(Cell(text.replace("_", ""), 0, 0), par, said.currency, said.comma).value)
    except Unreadable as error:
        if "another currency" in str(error) and not said.currency:
            raise ValueError("names a currency, but none was answered: answer currency too") from None
        raise ValueError(_odd(str(error), question)) from None


def _odd(what: str, question: Question) -> str:
    """Return why a number cannot be read, as it is said of an answer."""
    kinds: dict[Any, str] = {_weeks: "is not a length of time", _per_week: "is not an amount"}
    return kinds.get(question.read, what) if what == "is not a number" else what


def _currency(_: Question, said: Said) -> str:
    if not re.fullmatch(r"[A-Za-z]{1,8}", said.text):
        raise ValueError("is not a currency")
    return said.text


def _date(_: Question, said: Said) -> datetime.date:
    from sim.values import FIRST_DAY, LAST_DAY

    try:
        day = datetime.date.fromisoformat(said.text)
    except ValueError:
        raise ValueError("is not a date") from None
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError("is out of range")
    return day


def _within(question: Question, value: float) -> float:
    if not question.least <= value <= question.most:
        raise ValueError("is out of range")
    return value


def _range(question: Question) -> str:
    return f"{question.least:,.12g} to {question.most:,.12g} {question.unit}"


ALLOWED: dict[Callable[[Question, Said], Any], Callable[[Question], str]] = {
    _count: lambda q: f"whole numbers from {_range(q)}",
    _number: lambda q: f"{_range(q)}",
    _weeks: lambda q: f"{_range(q)}, or such as '18 months', '2 years'",
    _per_week: lambda q: f"{_range(q)}, or such as '195/month', '2340/year'",
    _currency: lambda q: "a code of at most 8 letters, such as EUR",
    _date: lambda q: "a date such as 2027-01-04",
}

# Bounds are such that whatever follows from answers within them is within the bounds of its own declaration; a test tries.
QUESTIONS = {question.name: question for question in (
    Question(
        "firms", "How many firms could use the product?",
        "All you could ever sell to, whether they buy today or not.",
        "firms", 100, 2_000_000, "market.merchants", _count,
    ),
    Question(
        "buys-every", "How often does such a firm look for something like it?",
        "Mean time between two times it is in the market for one.",
        "weeks", 4, 5200, "need.interval", _weeks, kind=True,
    ),
    Question(
        "deciders", "How many people in a firm decide?",
        "The mean buying group: everybody who has to be convinced, or can stop it.",
        "people", 1, 6, "market.committee_mean", _number, kind=True,
    ),
    Question(
        "consumers-per-firm", "How many consumers does a firm have?",
        "Mean over all firms: people who could use what the firm offers with it.",
        "people", 1, 1_000_000, "market.consumers_per_merchant", _number, kind=True,
    ),
    Question(
        "resellers", "How many resellers could you win?",
        "Firms that could sell it for you; 0 where there is no such channel.",
        "firms", 0, 10_000, "market.reseller_pool", _count,
    ),
    Question(
        "currency", "In which currency do you count?",
        "All money below, and in every result, is in it.",
        "", 0, 0, "currency", _currency,
    ),
    Question(
        "exchange-rate", "What is one unit of it worth in the archetype's currency?",
        "Wages, prices and budgets of the archetype are told in your currency at this rate.",
        "of its currency for 1 of yours", 0.01, 25, "", _number,
    ),
    Question(
        "fee", "What does a firm pay you?",
        "The usual subscription of a firm of mean size.",
        "money/week", 1, 100_000, "buying.fee", _per_week, kind=True,
    ),
    Question(
        "reps", "How many sales reps do you have today?",
        "Half a person is 0.5.",
        "people", 0, 1_000, "sales.reps", _number,
    ),
    Question(
        "engineers", "How many engineers do you have today?",
        "Everybody who builds the product.",
        "people", 0.5, 1_000, "customization.engineers", _number,
    ),
    Question(
        "support", "How many people in support do you have today?",
        "They answer tickets and bring new firms live.",
        "people", 0, 1_000, "service.support_staff", _number,
    ),
    Question(
        "cash", "How much cash do you have today?",
        "In the bank, before any further funding.",
        "money", 1, 100_000_000_000, "vendor.opening_cash", _number,
    ),
    Question(
        "start-date", "On which day does week 0 begin?",
        "So that results speak of dates.",
        "", 0, 0, "start_date", _date,
    ),
)}


def answer(
    question: Question, text: str, where: str = "", line: int | None = None, *, currency: str = "", comma: bool = False
) -> Answer:
    """Return what `text` answers. Raises UserError with what is allowed, naming the option, or a file (`where`) and line.

    `currency` is what the user counts in, where that is known; `comma` says that the decimal sign is a comma.
    """
    said = " ".join(text.split())
    try:
        return Answer(question.read(question, Said(said, currency, comma)), said)
    except ValueError as error:
        shown = said if len(said) <= 60 else said[:59] + "…"
        key = question.name if where else question.option
        allowed = question.allowed + ("; the decimal sign is a comma, as columns are separated by semicolons" if comma else "")
        raise UserError(Problem(str(error), where, line, key, shown, allowed)) from None
