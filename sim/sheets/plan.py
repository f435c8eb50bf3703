"""A sheet as a plan: rows are periods, columns are levers; what it says is laid over the plan that stands.

A lever in money a week gets totals, spread over the weeks of their periods (see `periods`); any other lever, and money whose
column says '/week', gets levels that hold throughout. Where a cell is blank, the plan underneath holds.
"""

from __future__ import annotations

import datetime
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from sim.errors import Problem
from sim.plan import Schedule, Span
from sim.sheets import periods
from sim.sheets.cells import SHARES, Number, Unreadable, number, yes
from sim.sheets.columns import Column
from sim.sheets.grid import PERIODS, Cell, Grid
from sim.sheets.periods import Period
from sim.sheets.table import Calendar, Line, Table
from sim.values import fit, shown

ROUNDING = Fraction(1, 1000)  # totals are often shown rounded
EXPORTED = "Scenario"


@dataclass
class Laid:
    """What a sheet says: schedules by lever (without 'plan.') and where each stands; problems, and notes for the reader."""

    schedules: dict[str, Schedule] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def lay(grids: Sequence[Grid], calendar: Calendar) -> Laid:
    """Return what a file says: `grids` are its sheets, of which one holds a table with a column of periods."""
    tables = [grid for grid in grids if grid.header() is not None]
    if len(tables) != 1:
        return Laid(problems=[_no_table(grids, [grid.sheet for grid in tables])])
    table = Table(tables[0], calendar)
    _check_calendar(table)
    schedules = {made.path: _weekly(table, made) for made in table.columns.values()}
    if table.problems:
        return Laid(problems=table.problems, notes=table.notes)
    places = {c.path: table.grid.place(table.head, c.cell.column, str(c.cell.value)) for c in table.columns.values()}
    return Laid({path: spans for path, spans in schedules.items() if spans}, places, notes=table.notes)


def _no_table(grids: Sequence[Grid], tables: list[str]) -> Problem:
    file = grids[0].file
    if tables:
        named = ", ".join(f"{file}#{sheet}" for sheet in tables)
        return Problem("has several sheets with a plan: name one", file, allowed=named)
    if EXPORTED in [grid.sheet for grid in grids]:
        return Problem("is a scenario's workbook: read it with 'sim scenarios import'", file)
    where = f"{file} sheet '{grids[0].sheet}'" if grids[0].sheet and len(grids) == 1 else file
    allowed = f"a row of column names, one of them {', '.join(PERIODS[:-1])} or {PERIODS[-1]}, each other a lever"
    return Problem("has no table of a plan", where, allowed=allowed)


# against the calendar -----------------------------------------------------------------------------------


def _check_calendar(table: Table) -> None:
    """Refuse a table that does not meet the scenario; note what of it is not played, or spent in fewer days."""
    filled = table.filled()
    outside = [line for period, line in filled if not table.calendar.counts(period)]
    if filled and len(outside) == len(filled):
        cell = table.name(outside[0])
        what = f"neither this nor any other {table.kind} of the sheet lies in the scenario"
        table.refuse(cell, Problem(what, key=table.kind, given=shown(cell.value), allowed=table.calendar.words))
    elif outside:
        _note_outside(table, outside)
    if not filled and not table.problems:
        table.problems.append(Problem("says nothing: every cell of a lever is blank", table.where))
    for period, line in filled:
        _note_cut(table, period, line)
    if table.kind == "week" and min((_counted(table.name(line).value) for _, line in filled), default=0) == 1:
        second = table.calendar.start + datetime.timedelta(weeks=1)
        table.note(f"{table.where}: weeks are counted from 0, so week 1 begins on {second}")


def _note_outside(table: Table, outside: list[Line]) -> None:
    money = [_value(table, made, line.cells[k])[0] for line in outside for k, made in table.columns.items() if k in line.cells]
    lost = sum((value for value in money if isinstance(value, Fraction)), Fraction(0))
    rows = ", ".join(str(line.number) for line in outside[:5]) + (", ..." if len(outside) > 5 else "")
    kinds = f"1 {table.kind} is" if len(outside) == 1 else f"{len(outside)} {table.kind}s are"
    amount = f", with {table.calendar.currency} {float(lost):,.12g} in all" if lost else ""
    table.note(f"{table.where}: {kinds} outside the scenario ({table.calendar.words}) and not played: row {rows}{amount}")


def _note_cut(table: Table, period: Period, line: Line) -> None:
    inside = sum(days for _, days in periods.shares(period, table.calendar.start, table.calendar.weeks))
    money = any(table.columns[k].spread for k in line.cells)
    if table.calendar.counts(period) and inside < period.days and money:
        name = shown(table.name(line).value)
        days = f"{inside} of its {period.days} days lie in the scenario"
        table.note(f"{table.grid.place(line.number)}: {name}: {days}; its totals are spent in these")


def _counted(value: Any) -> float:
    """Return the number of a week, 0 where it is written otherwise."""
    text = str(value).strip()
    return float(text) if re.fullmatch(r"\d+(\.0)?", text) else 0.0


# values -------------------------------------------------------------------------------------------------


def _weekly(table: Table, made: Column) -> Schedule:
    """Return the cells of a column laid over the weeks; what is wrong with them is refused."""
    given: list[tuple[Period, Any]] = []
    above: list[list[Fraction]] = [[]]
    misread = False
    for line in table.lines:
        cell = line.cells.get(made.cell.column)
        if cell is None:
            continue
        value, problem = _value(table, made, cell)
        if line.period is None:
            if not misread:
                _check_total(table, made, cell, value, above)
            above.append([])
            continue
        problem = problem or _misfit(made, cell, value, line.period)
        if problem is not None:
            table.refuse(cell, problem)
            misread = True
            continue
        above[-1].append(Fraction(value))
        if table.calendar.counts(line.period):
            given.append((line.period, value))
    if not given or table.problems:
        return ()
    return _entries((periods.totals if made.spread else periods.levels)(given, table.calendar.start, table.calendar.weeks))


def _value(table: Table, made: Column, cell: Cell) -> tuple[Any, Problem | None]:
    """Return the value of a cell in the type of its lever, a total as a fraction, and what is wrong with it."""
    if cell.fault:
        return None, Problem(cell.fault, key=made.path)
    try:
        return _read(table, made, cell), None
    except Unreadable as error:
        allowed = error.allowed or made.par.allowed
        return None, Problem(str(error), key=made.path, given=shown(cell.value), allowed=f"{allowed}, or nothing")


def _read(table: Table, made: Column, cell: Cell) -> Any:
    par, currency = made.par, table.calendar.currency
    if isinstance(par.default, bool):
        answer = yes(cell.value)
        if answer is None:
            raise Unreadable("is not yes or no", "yes or no")
        return answer
    value = _in_unit(made, cell, number(cell, par, currency, table.grid.comma))
    if made.spread:
        return value
    return int(value) if isinstance(par.default, int) and value.denominator == 1 else float(value)


def _in_unit(made: Column, cell: Cell, said: Number) -> Fraction:
    """Return a number in the lever's unit: per cent and multiples of the column taken in."""
    if said.scaled and made.times != 1:
        raise Unreadable("has a multiplier beside that of its column")
    if made.percent and not said.percent and "%" not in cell.format:
        return said.value / 100
    return said.value * made.times


def _misfit(made: Column, cell: Cell, value: Any, period: Period) -> Problem | None:
    """Return what is wrong with a value that could be read; a total is judged by what it comes to in a week."""
    weekly = float(value * periods.WEEK / period.days) if made.spread else value
    for _, problem in fit(made.par, weekly)[1]:
        astray = problem.what == "is out of range"
        hint = f", at {weekly:,.12g} a week" if astray and made.spread else ""
        hint = ": write 30 % or 0.3" if astray and made.par.unit in SHARES else hint
        return Problem(problem.what + hint, key=made.path, given=shown(cell.value), allowed=problem.allowed)
    return None


def _check_total(table: Table, made: Column, cell: Cell, value: Any, above: list[list[Fraction]]) -> None:
    """Refuse a total that is not that of the rows above, nor of those since the last total: something was misread."""
    if not made.spread or not isinstance(value, Fraction):
        return
    sums = [sum(above[-1], Fraction(0)), sum(itertools.chain.from_iterable(above), Fraction(0))]
    if not any(abs(value - each) <= max(Fraction(1), ROUNDING * abs(each)) for each in sums):
        what = f"is a total, but the rows above add up to {float(sums[1]):,.12g}"
        table.refuse(cell, Problem(what, key=made.path, given=shown(cell.value)))


def _entries(weekly: dict[int, Any]) -> Schedule:
    """Return values by week as entries, one for each run of weeks in which the value stays."""
    spans: list[Span] = []
    for week, given in weekly.items():
        value = float(given) if isinstance(given, Fraction) else given
        last = spans[-1] if spans else None
        if last is not None and last.end == week and last.value == value:
            spans[-1] = Span(value, last.start, week + 1)
        else:
            spans.append(Span(value, week, week + 1))
    return tuple(spans)
