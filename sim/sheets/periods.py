"""Weeks, dates, months and quarters as a sheet writes them, and their totals and levels spread over a scenario's weeks.

The rule, once: a period counts where its middle day lies in the scenario. A week belongs to the sheet where most of its days, or
the middle day of a period, lie in periods with an entry. A total is spent evenly over those days of its period that lie in such
weeks, so all of it is spent; a level holds in the weeks of which its period has most days.
"""

from __future__ import annotations

import datetime
import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeVar

from sim.plan import LAST_WEEK
from sim.values import FIRST_DAY, LAST_DAY

Value = TypeVar("Value")
DAY = datetime.timedelta(days=1)
WEEK = 7
FORMS = {
    "week": "the number of a week counted from 0, 2027-W05, or the date of its first day such as 2027-02-01",
    "date": "a date such as 2027-02-01",
    "month": "a month such as 2027-02 or Feb 2027",
    "quarter": "a quarter such as 2027-Q1 or Q1 2027",
}
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
NAMES = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
)

_YEAR_FIRST = re.compile(r"(\d{4})[-/.年](\d{1,2})(?:月|[-/.月](\d{1,2})日?)?")
_MONTH_FIRST = re.compile(r"(\d{1,2})[-/.](\d{4})")
_NAMED = re.compile(r"(?:(\d{1,2})[ .-]+)?([a-z]+)\.?[ .,'’/-]*(\d{4}|\d{2})")
_QUARTER = re.compile(r"(?:(\d{4}|\d{2})[ -/]*)?(?:q([1-4])|([1-4])q)(?:[ -/'’]*(\d{4}|\d{2}))?")
_ISO_WEEK = re.compile(r"(\d{4})[- ]?w(\d{1,2})")


@dataclass(frozen=True, order=True)
class Period:
    """Days from `first` until the day before `end`."""

    first: datetime.date
    end: datetime.date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.end - self.first).days

    @property
    def middle(self) -> datetime.date:
        """Its middle day, the earlier of two."""
        return self.first + (self.days - 1) // 2 * DAY


# reading ------------------------------------------------------------------------------------------------


def read(kind: str, value: Any, start: datetime.date) -> Period | None:
    """Return the period of one of PERIODS that a cell names, None where it names none; `start` is the first day of week 0.

    That of a date is its day alone until `joined`.
    """
    if kind == "week":
        first = _week(value, start)
        return _within(first, WEEK) if first else None
    if kind == "quarter":
        year, number = _quarter(value)
        return _months(year, 3 * number - 2, 3) if number else None
    year, month, day = _date(value)
    if kind == "month":
        return _months(year, month, 1) if month else None
    return _day(year, month, day) if day else None


def _week(value: Any, start: datetime.date) -> datetime.date | None:
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
    text = value.strip().casefold() if isinstance(value, str) else ""
    if re.fullmatch(r"\d{1,4}", text):
        number = int(text)
    if number is not None:
        return start + int(number) * WEEK * DAY if number == int(number) and 0 <= number <= LAST_WEEK else None
    iso = _ISO_WEEK.fullmatch(text)
    try:
        if iso:
            return datetime.date.fromisocalendar(int(iso[1]), int(iso[2]), 1)
        year, month, day = _date(value)
        return datetime.date(year, month, day)
    except ValueError:
        return None


def _date(value: Any) -> tuple[int, int, int]:
    """Return year, month and day of what a cell says; 0 where it says none."""
    if isinstance(value, datetime.date):
        return value.year, value.month, value.day
    text = value.strip().casefold() if isinstance(value, str) else ""
    if match := _YEAR_FIRST.fullmatch(text):
        return int(match[1]), int(match[2]), int(match[3] or 0)
    if match := _MONTH_FIRST.fullmatch(text):
        return int(match[2]), int(match[1]), 0
    match = _NAMED.fullmatch(text)
    if match is None or not (match[2] in MONTHS or match[2] in NAMES or match[2] == "sept"):
        return 0, 0, 0
    return _full(match[3]), MONTHS.index(match[2][:3]) + 1, int(match[1] or 0)


def _quarter(value: Any) -> tuple[int, int]:
    year, month, _ = _date(value)
    if 1 <= month <= 12:
        return year, (month + 2) // 3
    match = _QUARTER.fullmatch(value.strip().casefold()) if isinstance(value, str) else None
    if match is None or (match[1] is None) == (match[4] is None):
        return 0, 0
    return _full(match[1] or match[4]), int(match[2] or match[3])


def _full(year: str) -> int:
    return int(year) + (2000 if len(year) == 2 else 0)


def _day(year: int, month: int, day: int) -> Period | None:
    try:
        first = datetime.date(year, month, day)
    except ValueError:
        return None
    return _within(first, 1)


def _months(year: int, month: int, count: int) -> Period | None:
    if not (FIRST_DAY.year <= year < LAST_DAY.year and 1 <= month <= 12):
        return None
    return Period(datetime.date(year, month, 1), later(datetime.date(year, month, 1), count))


def _within(first: datetime.date, days: int) -> Period | None:
    return Period(first, first + days * DAY) if FIRST_DAY <= first <= LAST_DAY + LAST_WEEK * WEEK * DAY else None


def later(day: datetime.date, months: int) -> datetime.date:
    """Return the day so many months later; the last of its month where that month is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    following = datetime.date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return min(following - DAY, datetime.date(year, month + 1, 1) + (day.day - 1) * DAY)


def joined(days: Sequence[Period]) -> dict[Period, Period]:
    """Return for each day the period until the next; the last is as long as the one before it (alone: a week)."""
    firsts = sorted({day.first for day in days})
    ends = [*firsts[1:], _last_end(firsts)] if firsts else []
    made = dict(zip(firsts, ends, strict=True))
    return {day: Period(day.first, made[day.first]) for day in days}


def _last_end(firsts: list[datetime.date]) -> datetime.date:
    if len(firsts) == 1:
        return firsts[0] + WEEK * DAY
    before, last = firsts[-2:]
    months = (last.year - before.year) * 12 + last.month - before.month
    return later(last, months) if months and before.day == last.day else last + (last - before)


def even(firsts: Sequence[datetime.date]) -> bool:
    """Say whether dates in ascending order stand at equal distances, in days or in months."""
    pairs = list(itertools.pairwise(firsts))
    months = {(b.year - a.year) * 12 + b.month - a.month if a.day == b.day else None for a, b in pairs}
    return len({(b - a).days for a, b in pairs}) <= 1 or (len(months) == 1 and None not in months)


# spreading ----------------------------------------------------------------------------------------------


def counts(period: Period, start: datetime.date, weeks: int) -> bool:
    """Say whether a period belongs to a scenario of `weeks` weeks from `start`."""
    return start <= period.middle < start + weeks * WEEK * DAY


def shares(period: Period, start: datetime.date, weeks: int) -> Iterator[tuple[int, int]]:
    """Yield each week of the scenario that shares days with a period, and how many."""
    first, end = (period.first - start).days, (period.end - start).days
    for week in range(max(first // WEEK, 0), min(-(-end // WEEK), weeks)):
        yield week, min(end, (week + 1) * WEEK) - max(first, week * WEEK)


def _own(periods: Sequence[Period], start: datetime.date, weeks: int) -> set[int]:
    """Return the weeks that belong to the sheet."""
    filled: Counter[int] = Counter()
    for period in periods:
        filled.update(dict(shares(period, start, weeks)))
    return {week for week, days in filled.items() if 2 * days > WEEK} | {(p.middle - start).days // WEEK for p in periods}


def totals(given: Sequence[tuple[Period, Fraction]], start: datetime.date, weeks: int) -> dict[int, Fraction]:
    """Return what is spent in each week when each total is spread over its period; the sum is that of the totals.

    Periods do not overlap, and count (see `counts`).
    """
    own = _own([period for period, _ in given], start, weeks)
    spent: dict[int, Fraction] = {}
    for period, total in given:
        inside = [(week, days) for week, days in shares(period, start, weeks) if week in own]
        daily = total / sum(days for _, days in inside)
        for week, days in inside:
            spent[week] = spent.get(week, Fraction(0)) + daily * days
    return dict(sorted(spent.items()))


def levels(given: Sequence[tuple[Period, Value]], start: datetime.date, weeks: int) -> dict[int, Value]:
    """Return what holds in each week: the value of the period that has most of its days, of equal ones the first."""
    own = _own([period for period, _ in given], start, weeks)
    best: dict[int, tuple[int, Value]] = {}
    for period, value in sorted(given, key=lambda pair: pair[0]):
        for week, days in shares(period, start, weeks):
            if week in own and days > best.get(week, (0, value))[0]:
                best[week] = (days, value)
    return {week: best[week][1] for week in sorted(best)}
