"""The table on a sheet: a row of column names, one column of periods, and a line for each; read, not yet understood as a plan."""

from __future__ import annotations

import datetime
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sim.errors import Problem
from sim.sheets import periods
from sim.sheets.columns import NOTES, Column, column
from sim.sheets.grid import Cell, Grid, Row, letters, period_name
from sim.sheets.periods import FORMS, Period
from sim.values import shown

TOTAL = re.compile(r"\b(?:sub|grand )?-?totals?\b|^sum\b|^[Σ∑]|合计|总计|小计", re.IGNORECASE)


@dataclass(frozen=True)
class Calendar:
    """What a sheet must know of its scenario: the first day of week 0, how many weeks, and the currency."""

    start: datetime.date
    weeks: int
    currency: str

    @property
    def words(self) -> str:
        """Say from when to when it runs."""
        return f"{self.start} to {self.start + datetime.timedelta(weeks=self.weeks, days=-1)}"

    def counts(self, period: Period) -> bool:
        """Say whether a period belongs to the scenario."""
        return periods.counts(period, self.start, self.weeks)


@dataclass(frozen=True)
class Line:
    """A row of the table: its period and the cells of levers by column; `total` where it sums up others."""

    number: int
    cells: Row
    period: Period | None = None
    total: bool = False


class Table:
    """The table of `grid`: `kind` of its periods (empty where they are not clear), `columns`, `lines`; `problems` and `notes`."""

    def __init__(self, grid: Grid, calendar: Calendar) -> None:
        self.grid, self.calendar = grid, calendar
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self.head = grid.header() or 0
        self.where = f"{grid.file} sheet '{grid.sheet}'" if grid.sheet else grid.file
        self._ignored: set[int] = set()
        self.kind, self.period_column = self._periods()
        self.columns = self._columns()
        self.lines = self._joined(list(self._lines())) if self.kind else []
        self._check_merged()
        self._note_hidden()
        self._check_overlaps()

    def refuse(self, cell: Cell, problem: Problem) -> None:
        """Note what is wrong with a cell."""
        name = self.grid.rows[self.head].get(cell.column)
        header = str(name.value) if name is not None and cell.row != self.head else ""
        place = self.grid.place(cell.row, cell.column, header)
        self.problems.append(replace(problem, file=place))

    def note(self, text: str) -> None:
        """Note what a reader should know."""
        self.notes.append(text)

    # columns --------------------------------------------------------------------------------------------

    def _periods(self) -> tuple[str, int]:
        found = [(period_name(cell.value), cell) for cell in self.grid.rows[self.head].values() if period_name(cell.value)]
        for _, cell in found[1:]:
            names = " and ".join(f"'{other.value}'" for _, other in found)
            self.refuse(cell, Problem(f"there are columns {names}", allowed="one column of periods"))
        return (found[0][0], found[0][1].column) if len(found) == 1 else ("", 0)

    def _columns(self) -> dict[int, Column]:
        made: dict[int, Column] = {}
        for cell in self.grid.rows[self.head].values():
            if period_name(cell.value) or cell.value.casefold() in NOTES or TOTAL.search(cell.value):
                self._ignored.add(cell.column)
                if TOTAL.search(cell.value):
                    self.note(f"{self.grid.place(cell.row, cell.column)}: column '{cell.value}' holds totals and is left out")
                continue
            found, problems = column(cell, self.calendar.currency)
            for problem in problems:
                self.refuse(cell, problem)
            twice = found is not None and found.path in (other.path for other in made.values())
            if twice:
                self.refuse(cell, Problem("has another column already", key=found.path if found else ""))
            self._ignored |= {cell.column} if found is None or twice else set()
            if found is not None and not twice:
                made[cell.column] = found
        return made

    # rows -----------------------------------------------------------------------------------------------

    def _lines(self) -> Iterator[Line]:
        nameless: set[int] = set()
        for number_, row in self.grid.rows.items():
            if number_ <= self.head:
                continue
            for k, cell in row.items():
                if k not in self.columns and k not in self._ignored and k not in nameless:
                    nameless.add(k)
                    self.refuse(cell, Problem(f"stands in a column without a name in {self._row(self.head)}"))
            line = self._line(number_, row)
            if line is not None:
                yield line

    def _line(self, number_: int, row: Row) -> Line | None:
        cells = {k: cell for k, cell in row.items() if k in self.columns}
        cell = row.get(self.period_column)
        period = periods.read(self.kind, cell.value, self.calendar.start) if cell is not None and not cell.fault else None
        if period is not None:
            return Line(number_, cells, period)
        labels = (str(other.value) for k, other in row.items() if k in self._ignored)
        total = next((label for label in labels if TOTAL.search(label)), None)
        if total is not None:
            self.note(f"{self.grid.place(number_)}: '{total}' is a row of totals and is left out")
            return Line(number_, cells, total=True)
        if cells and cell is None:
            first = next(iter(cells.values()))
            self.refuse(first, Problem(f"stands in a row without a {self.kind}"))
        elif cells and cell is not None:
            what = cell.fault or f"is not a {self.kind}"
            self.refuse(cell, Problem(what, key=self.kind, given=shown(cell.value), allowed=FORMS[self.kind]))
        return None

    def _joined(self, lines: list[Line]) -> list[Line]:
        """Return the lines with each date standing for the time until the next."""
        days = [line.period for line in lines if line.period is not None]
        if self.kind != "date":
            return lines
        until = periods.joined(days)
        if not periods.even(sorted({day.first for day in days})):
            self.note(f"{self.where}: the dates stand at uneven distances; each row holds until the day before the next date")
        return [replace(line, period=until[line.period]) if line.period else line for line in lines]

    def _row(self, number: int) -> str:
        return f"{'row' if self.grid.sheet else 'line'} {number}"

    def filled(self) -> list[tuple[Period, Line]]:
        """Return the lines that say something, with their periods, in the order of the sheet."""
        return [(line.period, line) for line in self.lines if line.period is not None and line.cells]

    def name(self, line: Line) -> Cell:
        """Return the cell that names the period of a line."""
        return self.grid.rows[line.number][self.period_column]

    # what a reader does not see as it is ----------------------------------------------------------------

    def _check_merged(self) -> None:
        """Refuse merged cells of levers and periods: only the first of them holds what all of them seem to say."""
        rows = [line.number for line in self.lines if line.period is not None]
        columns = [self.period_column, *self.columns]
        for merged in self.grid.merged:
            if any(merged.holds(row, column) for row in rows for column in columns):
                self.problems.append(Problem("are merged", f"{self.where} cells {merged}", allowed="a value in each cell"))

    def _note_hidden(self) -> None:
        rows = [str(line.number) for line in self.lines if line.number in self.grid.hidden_rows and line.cells and line.period]
        names = [letters(k) for k in self.columns if k in self.grid.hidden_columns]
        for kind, found in (("row", rows), ("column", names)):
            if found:
                some = ", ".join(found[:5]) + (", ..." if len(found) > 5 else "")
                count = f"{kind} {some} is" if len(found) == 1 else f"{kind}s {some} are"
                self.note(f"{self.where}: hidden {count} counted")

    def _check_overlaps(self) -> None:
        filled = sorted((period, line.number) for period, line in self.filled())
        for (before, above), (after, below) in itertools.pairwise(filled):
            if after.first < before.end:
                first, last = sorted((above, below))
                cell = self.grid.rows[last][self.period_column]
                self.refuse(cell, Problem(f"shares days with {self._row(first)}", key=self.kind, given=shown(cell.value)))
