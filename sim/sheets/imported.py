"""A scenario's workbook read back: the scenario, and the file that says it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sim.errors import Problem, UserError, nearest
from sim.fields import Par
from sim.files import content_of
from sim.plan import Schedule, schedule
from sim.scenario import Scenario, load, of_settings
from sim.scenario_files import Origin, parts, shipped
from sim.settings import checked, known
from sim.sheets.cells import Unreadable
from sim.sheets.columns import lever, levers
from sim.sheets.grid import LARGEST, Cell, Grid, Row, grids
from sim.sheets.texts import from_cell, restored
from sim.sheets.workbook import ENTRY, EXTENDS, HEADING, PLAN, PLAN_COLUMNS, SCENARIO, SETTING_COLUMNS
from sim.values import shown

CURRENCY = "currency"


@dataclass
class Imported:
    """What a workbook says: the scenario, what its file extends, and what a reader should know."""

    scenario: Scenario
    extends: str
    notes: list[str] = field(default_factory=list)

    def toml(self) -> str:
        """Return the scenario file: what differs from what it extends, where that can be said, else everything."""
        return self.scenario.dump(self.extends)


def imported(path: str | Path) -> Imported:
    """Read a workbook as `sim scenarios export` writes it, edited or not. Raises UserError with every problem and its cell."""
    name = str(path)
    if not name.lower().endswith(".xlsx"):
        raise UserError(Problem("is not an .xlsx file", name))
    content = content_of(Path(path), name, LARGEST)
    settings, plan = (_Page(grids(content, name, sheet)[0], columns) for sheet, columns in (
        (SCENARIO, SETTING_COLUMNS), (PLAN, PLAN_COLUMNS),
    ))
    given = {} if settings.problems else _settings(settings)
    extends = str(given.pop(EXTENDS, ("baseline", None))[0])
    currency = str(given[CURRENCY][0]) if CURRENCY in given else ""
    schedules = {} if plan.problems else _schedules(plan, currency)
    if settings.problems or plan.problems:
        raise UserError(*settings.problems, *plan.problems)
    values = {path: value for path, (value, _) in (given | schedules).items()}
    origins = {path: Origin(place) for path, (_, place) in (given | schedules).items()}
    base = load(extends).settings()
    missing = [path for path in base if path not in values and not path.startswith("plan.")]
    kept = {path: checked(path, base[path])[0] for path in missing}
    notes = [f"{settings.where}: no row for {', '.join(missing)}: as in {extends}"] if missing else []
    return Imported(of_settings(Path(path).stem, kept | values, origins), extends, notes)


class _Page:
    """One sheet of the workbook: rows below the column names, cells by name; `problems` met on the way."""

    def __init__(self, grid: Grid, columns: dict[str, str]) -> None:
        self.grid, self.problems = grid, list[Problem]()
        self.where = f"{grid.file} sheet '{grid.sheet}'"
        names = {name.casefold() for name in columns}
        self.head, self._columns = 0, dict[str, int]()
        for number, row in grid.rows.items():
            found = {str(cell.value).casefold(): k for k, cell in row.items() if str(cell.value).casefold() in names}
            if len(found) > len(self._columns):
                self.head, self._columns = number, found
        needed = [name for name in [*list(columns)[:2], "Value"] if name.casefold() not in self._columns]
        if needed:
            self.problems.append(Problem(f"has no column '{needed[0]}'", self.where, allowed=", ".join(columns)))
        self.problems += [
            Problem("are merged", f"{self.where} cells {merged}", allowed="a value in each cell")
            for merged in grid.merged if merged.rows[1] >= self.head
        ]

    def rows(self) -> Iterator[tuple[int, Row]]:
        """Yield number and cells of each row below the column names."""
        return ((number, row) for number, row in self.grid.rows.items() if number > self.head)

    def cell(self, row: Row, name: str) -> Cell | None:
        """Return the cell of a row in the column of that name, None where it is blank."""
        return row.get(self._columns.get(name, 0))

    def place(self, number: int, name: str) -> str:
        """Return where a cell stands."""
        return self.grid.place(number, self._columns.get(name))

    def refuse(self, number: int, name: str, problem: Problem) -> None:
        """Note what is wrong with a cell."""
        self.problems.append(replace(problem, file=self.place(number, name)))

    def read(self, number: int, row: Row, name: str, key: str, par: Par, currency: str) -> tuple[Any, bool]:
        """Return what a cell says in the type of `par`, and whether it could be read; what is wrong is refused."""
        cell = self.cell(row, name)
        try:
            if cell is not None and cell.fault:
                raise Unreadable(cell.fault)
            full = self.cell(row, "exact") if name == "value" else None
            return restored(from_cell(par, cell, currency), full.value if full else None), True
        except Unreadable as error:
            given = None if cell is None or cell.fault else shown(cell.value)
            self.refuse(number, name, Problem(str(error), key=key, given=given, allowed=error.allowed or par.allowed))
            return None, False


# settings -----------------------------------------------------------------------------------------------


def _settings(page: _Page) -> dict[str, tuple[Any, str]]:
    """Return value and place of every setting by path."""
    lines = {path: (number, row) for path, number, row in _paths(page)}
    currency_row = lines.get(CURRENCY)
    currency_cell = page.cell(currency_row[1], "value") if currency_row else None
    currency = str(currency_cell.value) if currency_cell else ""
    found: dict[str, tuple[Any, str]] = {}
    for path, (number, row) in lines.items():
        value, fine = _extends(page, number, row) if path == EXTENDS else _setting(page, number, row, path, currency)
        if fine:
            found[path] = (value, page.place(number, "value"))
    return found


def _paths(page: _Page) -> Iterator[tuple[str, int, Row]]:
    """Yield the rows that name a setting, with its path; refuse the others."""
    seen: dict[str, int] = {}
    names = [path for path in known() if not path.startswith("plan.")]
    for number, row in page.rows():
        group, name = (str(cell.value) if (cell := page.cell(row, part)) else "" for part in ("group", "name"))
        path = name if group in (HEADING, "") else f"{group}.{name}"
        if not name and page.cell(row, "value") is None:
            continue
        if path not in names and path != EXTENDS:
            page.refuse(number, "name", Problem("is not a known parameter", key=path, nearest=nearest(path, names)))
        elif path in seen:
            page.refuse(number, "name", Problem(f"stands in row {seen[path]} already", key=path))
        else:
            seen[path] = number
            yield path, number, row


def _extends(page: _Page, number: int, row: Row) -> tuple[str, bool]:
    cell = page.cell(row, "value")
    spec = str(cell.value) if cell else "baseline"
    unknown = next((item for item in parts(spec) if item not in shipped()), None)
    if unknown is not None:
        allowed = ", ".join(shipped()) + ", or several with +"
        page.refuse(number, "value", Problem("is not a shipped scenario", key=EXTENDS, given=shown(unknown), allowed=allowed))
    return spec, unknown is None


def _setting(page: _Page, number: int, row: Row, path: str, currency: str) -> tuple[Any, bool]:
    given, fine = page.read(number, row, "value", path, known()[path], currency)
    if not fine:
        return None, False
    value, problems = checked(path, given)
    for _, problem in problems:
        page.refuse(number, "value", replace(problem, key=path))
    return value, not problems


# plan ---------------------------------------------------------------------------------------------------


def _schedules(page: _Page, currency: str) -> dict[str, tuple[Schedule, str]]:
    """Return schedule and place of every lever that has a value, by its path as a setting."""
    entries: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for number, row in page.rows():
        path, entry = _entry(page, number, row, currency)
        if path and entry:
            entries.setdefault(path, []).append((number, entry))
    found: dict[str, tuple[Schedule, str]] = {}
    for path, rows in entries.items():
        spans, problems = schedule(levers()[path], [entry for _, entry in rows])
        for k, problem in problems:
            number = rows[k or 0][0]
            key = f"{path} {problem.key}".strip()
            page.refuse(number, problem.key or "value", replace(problem, key=key, given=problem.given))
        found[f"plan.{path}"] = (spans, page.place(rows[0][0], "value"))
    return found


def _entry(page: _Page, number: int, row: Row, currency: str) -> tuple[str, dict[str, Any]]:
    """Return the lever of a row and its entry; both empty where the row says nothing or is refused."""
    name = page.cell(row, "lever")
    said = [key for key in ENTRY if page.cell(row, key) is not None]
    if not said:
        return "", {}
    if name is None:
        page.refuse(number, "lever", Problem("names no lever", allowed="a lever from the list"))
        return "", {}
    path, problem = lever(str(name.value))
    if problem is not None:
        page.refuse(number, "lever", problem)
        return "", {}
    if "value" not in said:
        page.refuse(number, "value", Problem("has no value", key=path, allowed=levers()[path].allowed))
        return "", {}
    return _read(page, number, row, said, path, currency)


def _read(page: _Page, number: int, row: Row, said: list[str], path: str, currency: str) -> tuple[str, dict[str, Any]]:
    entry: dict[str, Any] = {}
    weeks = Par("", 0, "", "weeks", None, "fixed", None, "", False, None)
    for key in said:
        cell = page.cell(row, key)
        if key == "stage" and cell is not None:
            entry[key] = str(cell.value).strip()
            continue
        par = levers()[path] if key == "value" else weeks
        label = path if key == "value" else f"{path} {key}"
        value, fine = page.read(number, row, key, label, par, currency)
        if not fine:
            return "", {}
        entry[key] = value
    return path, entry
