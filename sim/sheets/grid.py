"""CSV files and Excel workbooks as grids of cells that know their place. What the cells mean is decided elsewhere."""

from __future__ import annotations

import csv
import datetime
import io
import itertools
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sim.errors import Problem, UserError, nearest
from sim.values import shown

PERIODS = ("week", "date", "month", "quarter")
ENDINGS = (".csv", ".tsv", ".xlsx")
LARGEST = 10_000_000
UNPACKED = 100_000_000
MOST_ROWS, MOST_COLUMNS = 20_000, 500
DELIMITERS = (",", ";", "\t")
TRUE = ("1", "true")
OTHER_FORMATS = {
    ".xls": "in the old Excel format", ".xlsm": "a workbook with macros", ".xlsb": "a binary workbook",
    ".ods": "an OpenDocument sheet",
}
UNSAVED = "holds a formula whose result was not saved: open the file in Excel or LibreOffice and save it"


@dataclass(frozen=True)
class Cell:
    """What stands in one cell that is not blank; row and column count from 1.

    `format` is the number format of a workbook's cell, `fault` why it cannot be read.
    """

    value: Any
    row: int
    column: int
    format: str = ""
    fault: str = ""


Row = dict[int, Cell]


@dataclass(frozen=True)
class Range:
    """Cells from a first to a last row and column, both included."""

    rows: tuple[int, int]
    columns: tuple[int, int]

    def __str__(self) -> str:
        first, last = (f"{letters(k)}{n}" for k, n in zip(self.columns, self.rows, strict=True))
        return f"{first}:{last}"

    def holds(self, row: int, column: int) -> bool:
        """Say whether a cell lies in it."""
        return self.rows[0] <= row <= self.rows[1] and self.columns[0] <= column <= self.columns[1]


@dataclass(frozen=True)
class Grid:
    """The cells of a CSV file (`sheet` is empty) or of one sheet of a workbook: rows by number, their cells by column.

    Blank cells and rows are left out. `comma` says that the decimal sign is a comma. Of a workbook, `merged` are the ranges of
    merged cells, `hidden_rows` and `hidden_columns` what its reader does not see.
    """

    file: str
    sheet: str = ""
    rows: dict[int, Row] = field(default_factory=dict)
    comma: bool = False
    merged: tuple[Range, ...] = ()
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()

    def place(self, row: int, column: int | None = None, header: str = "") -> str:
        """Return where a cell stands (without column: a row), as a message says it; `header` names the column of a CSV file."""
        if self.sheet:
            where = f"row {row}" if column is None else f"cell {letters(column)}{row}"
            return f"{self.file} sheet '{self.sheet}' {where}"
        return f"{self.file} line {row}" + (f" column '{header}'" if header else "")

    def header(self) -> int | None:
        """Return the row of column names: the first that holds texts only, one of them the name of a period and another."""
        return next((number for number, row in self.rows.items() if _names_columns(row)), None)


def _names_columns(row: Row) -> bool:
    texts = [cell.value for cell in row.values() if isinstance(cell.value, str)]
    return len(texts) == len(row) > 1 and any(period_name(text) for text in texts)


def period_name(text: str) -> str:
    """Return the period that a column of this name holds, or nothing."""
    name = text.strip().casefold()
    return name if name in PERIODS else ""


def letters(column: int) -> str:
    """Return the letters of a column counted from 1: A, B, ... Z, AA."""
    text = ""
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(ord("A") + rest) + text
    return text


def split(item: str) -> tuple[str, str]:
    """Return the file and the sheet that `FILE.xlsx#Sheet` names (no sheet: an empty name)."""
    match = re.fullmatch(r"(.*?\.xlsx)#(.*)", item, re.DOTALL | re.IGNORECASE)
    return (match[1], match[2]) if match else (item, "")


def is_sheet(item: str) -> bool:
    """Say whether `item` names a CSV file or a workbook."""
    return split(item)[0].lower().endswith(ENDINGS)


def other_format(item: str) -> str:
    """Say what is wrong with a file that a spreadsheet wrote in another format; nothing for any other."""
    named = next((words for ending, words in OTHER_FORMATS.items() if item.lower().partition("#")[0].endswith(ending)), "")
    return f"is {named}: save it as .xlsx" if named else ""


def grids(content: bytes, name: str, sheet: str = "") -> list[Grid]:
    """Return the grids of a file: one for a CSV file, one for each visible sheet of a workbook, or the sheet named.

    `name` is for messages. Raises UserError where it cannot be read.
    """
    if name.lower().endswith(".xlsx"):
        return _workbook(content, name, sheet)
    return [_separated(content, name)]


# CSV ----------------------------------------------------------------------------------------------------


def _separated(content: bytes, name: str) -> Grid:
    text = _text(content, name)
    told = re.match(r"sep=(.)\r?\n", text, re.IGNORECASE)
    if told:
        return _by(told[1], "\n" + text[told.end() :], name)
    ways, errors = [], []
    for delimiter in DELIMITERS:
        try:
            ways.append(_by(delimiter, text, name))
        except UserError as error:  # quotes that fit one delimiter break another
            errors.append(error)
    best = max(ways, key=lambda grid: len(grid.rows.get(grid.header() or 0, ())), default=None)
    if best is None or (best.header() is None and errors):
        raise errors[0]
    return best


def _text(content: bytes, name: str) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(Problem("is not text in UTF-8: save it as 'CSV UTF-8'", name, line)) from None
    if "\0" in text:
        raise UserError(Problem("is not a text file", name, text.count("\n", 0, text.index("\0")) + 1))
    return text


def _by(delimiter: str, text: str, name: str) -> Grid:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: dict[int, Row] = {}
    line = 1
    try:
        for record in reader:
            _keep(rows, line, (Cell(value.strip(), line, k) for k, value in enumerate(record, 1) if value.strip()), name)
            line = reader.line_num + 1
    except csv.Error as error:
        raise UserError(Problem(f"is not CSV: {error}", name, line)) from None
    return Grid(name, rows=rows, comma=delimiter == ";")


def _keep(rows: dict[int, Row], number: int, cells: Iterable[Cell], where: str) -> None:
    row = {cell.column: cell for cell in cells}
    if row:
        rows[number] = row
    if len(rows) > MOST_ROWS or max(row, default=0) > MOST_COLUMNS:
        last = f"; the last is {letters(max(row))}{number}" if row else ""
        raise UserError(Problem(f"has more than {MOST_ROWS:,} rows or {MOST_COLUMNS} columns in use{last}", where))


# workbooks ----------------------------------------------------------------------------------------------


def _workbook(content: bytes, name: str, sheet: str) -> list[Grid]:
    import openpyxl

    _check_archive(content, name)
    try:
        results = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        formulas = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
        visible = [page.title for page in results.worksheets if page.sheet_state == "visible"]
        titles = [_title(sheet, [page.title for page in results.worksheets], name)] if sheet else visible
        return [_page(results[title], formulas[title], name) for title in titles]
    except UserError:
        raise
    except Exception:  # openpyxl meets a broken part with whatever its XML or its own classes raise
        what = "cannot be read as an Excel workbook: open it in Excel or LibreOffice and save it anew"
        raise UserError(Problem(what, name)) from None


def _check_archive(content: bytes, name: str) -> None:
    """Refuse what is no workbook, what would fill the memory, and document types, which workbooks never declare."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        size = sum(part.file_size for part in archive.infolist())
        named = [part for part in archive.infolist() if part.filename.lower().endswith((".xml", ".rels"))]
        odd = size <= UNPACKED and any(b"<!DOCTYPE" in archive.read(part) for part in named)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, OSError, ValueError, EOFError):
        raise UserError(Problem("is not an Excel workbook (.xlsx), or one with a password", name)) from None
    if size > UNPACKED:
        raise UserError(Problem(f"holds more than {UNPACKED // 1_000_000} MB unpacked", name))
    if odd:
        raise UserError(Problem("declares a document type, which workbooks never do", name))


def _title(sheet: str, titles: list[str], name: str) -> str:
    found = next((title for title in titles if title.casefold() == sheet.casefold()), None)
    if found is None:
        close = nearest(sheet, titles)
        raise UserError(Problem(f"has no sheet {shown(sheet)!r}", name, allowed=", ".join(titles), nearest=close))
    return found


def _page(results: Any, formulas: Any, name: str) -> Grid:
    """Return a sheet from the cells that stand in its file: between them and a stray one may lie a million that do not."""
    where = f"{name} sheet '{results.title}'"
    rows: dict[int, Row] = {}
    with _opened(results) as parser, _opened(formulas) as source:
        for (number, row), (_, written) in zip(parser.parse(), source.parse(), strict=False):
            _keep(rows, number, _cells(results, row, written), where)
        return Grid(name, results.title, rows, False, _merged(parser), _hidden_rows(parser), _hidden_columns(parser))


@contextmanager
def _opened(page: Any) -> Iterator[Any]:
    """Give the parser that openpyxl's own rows come from, which leaves out what is not in the file."""
    from openpyxl.worksheet._reader import WorkSheetParser

    book = page.parent
    with page._get_source() as source:
        yield WorkSheetParser(
            source, page._shared_strings, data_only=book.data_only, epoch=book.epoch, date_formats=book._date_formats,
            timedelta_formats=book._timedelta_formats,
        )


def _merged(parser: Any) -> tuple[Range, ...]:
    found = parser.merged_cells.mergeCell if parser.merged_cells else ()
    return tuple(Range((each.min_row, each.max_row), (each.min_col, each.max_col)) for each in found)


def _hidden_rows(parser: Any) -> frozenset[int]:
    return frozenset(int(row) for row, look in parser.row_dimensions.items() if look.get("hidden") in TRUE)


def _hidden_columns(parser: Any) -> frozenset[int]:
    hidden = [look for look in parser.column_dimensions.values() if look.get("hidden") in TRUE]
    spans = (range(int(look["min"]), min(int(look["max"]), MOST_COLUMNS) + 1) for look in hidden)
    return frozenset(itertools.chain.from_iterable(spans))


def _cells(page: Any, row: Iterable[Any], written: Iterable[Any]) -> Iterator[Cell]:
    from openpyxl.cell.read_only import ReadOnlyCell

    for found, source in zip(row, written, strict=False):
        cell = ReadOnlyCell(page, **found)
        value: Any = cell.value
        if isinstance(value, str):
            value = value.strip() or None
        elif isinstance(value, datetime.datetime) and value.time() == datetime.time():
            value = value.date()
        unsaved = value is None and source["data_type"] == "f"
        fault = UNSAVED if unsaved else f"holds the error {value}" if cell.data_type == "e" else ""
        if value is not None or fault:
            yield Cell(value, found["row"], found["column"], cell.number_format or "", fault)
