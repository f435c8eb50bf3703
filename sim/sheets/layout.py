"""How a scenario's workbook looks: colours, number formats, widths, drop-downs, and a file that is equal for equal content."""

from __future__ import annotations

import datetime
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from typing import Any

from sim.fields import Par
from sim.values import FIRST_DAY, LAST_DAY, allowed

INK, PALE, RULE, INPUT, INPUT_INK = "1F2A37", "6B7280", "D5DAE1", "FFF7DB", "1D4ED8"
BAND, DIFFERS = "EEF2F7", "C2410C"
FONT = "Calibri"
NUMBERS = ("Value", "Baseline", "From", "To", "Every", "On")
STAMP = datetime.datetime(2000, 1, 1)
LONGEST_PROMPT = 250


def font(**given: Any) -> Any:
    """Return the workbook's font in size 10, changed as given."""
    from openpyxl.styles import Font

    return Font(**({"name": FONT, "size": 10, "color": INK} | given))


def head(sheet: Any, row: int, names: Sequence[str], notes: Sequence[str]) -> None:
    """Write a row of column names with a comment on each; what stands above stays in view."""
    from openpyxl.comments import Comment
    from openpyxl.styles import Alignment, PatternFill

    for column, (name, note) in enumerate(zip(names, notes, strict=True), 1):
        cell = sheet.cell(row, column, name)
        cell.font, cell.fill = font(bold=True, color="FFFFFF"), PatternFill("solid", fgColor=INK)
        cell.alignment = Alignment(vertical="center", horizontal="right" if name in NUMBERS else "left", indent=1)
        cell.comment = Comment(note, "sim", width=260, height=90)
    sheet.row_dimensions[row].height = 20


def put(cell: Any, value: Any, wrap: bool = False, **style: Any) -> None:
    """Write a value; text is text even where it begins like a formula."""
    from openpyxl.styles import Alignment

    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"
        cell.quotePrefix = value[:1] in ("=", "+", "-", "@")
    if isinstance(value, datetime.date):
        cell.number_format = "yyyy-mm-dd"
    elif isinstance(value, int | float) and not isinstance(value, bool):
        whole = value == int(value)
        cell.number_format = "General" if abs(value) < 1 or (whole and abs(value) < 1000) else "#,##0" if whole else "#,##0.0###"
    cell.font = font(**style)
    number = isinstance(value, int | float)
    cell.alignment = Alignment(vertical="top", horizontal="right" if number else "left", indent=1, wrap_text=wrap)


def mark_input(cell: Any, left: bool = False) -> None:
    """Show a cell as one to change; numbers stand at the right."""
    from openpyxl.styles import Alignment, Border, PatternFill, Side

    line = Side("thin", color=RULE)
    cell.fill, cell.border = PatternFill("solid", fgColor=INPUT), Border(line, line, line, line)
    cell.font = font(color=INPUT_INK)
    cell.alignment = Alignment(vertical="top", horizontal="left" if left else "right", indent=1)


def fit_height(sheet: Any, row: int, widths: Sequence[float]) -> None:
    """Make a row as high as its longest text needs in columns of these widths."""
    lines = [-(-len(str(sheet.cell(row, k).value or "")) // (width * 1.2)) for k, width in enumerate(widths, 1) if width]
    sheet.row_dimensions[row].height = 14 * max(1, *lines)


def begin(sheet: Any, row: int, columns: int) -> None:
    """Draw a line above a row: a group begins."""
    from openpyxl.styles import Border, Side

    for column in range(1, columns + 1):
        cell = sheet.cell(row, column)
        cell.border = Border(cell.border.left, cell.border.right, Side("thin", color=PALE), cell.border.bottom)


def page(sheet: Any, widths: Sequence[float], frozen: str, rows: str = "") -> None:
    """Set widths, what stays in view, and how it prints: across one page, `rows` repeated."""
    from openpyxl.utils import get_column_letter

    for column, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.freeze_panes = frozen or None
    sheet.sheet_view.showGridLines = False
    sheet.sheet_view.zoomScale = 110
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = rows or None
    sheet.oddFooter.center.text = "&A  ·  page &P of &N"


# what may be typed --------------------------------------------------------------------------------------


def rule(par: Par) -> dict[str, Any]:
    """Return what a cell of `par` accepts, in the words of a workbook's validation; empty where that cannot be said."""
    if isinstance(par.default, bool):
        return {"type": "list", "formula1": '"yes,no"'}
    if isinstance(par.default, datetime.date):
        return {"type": "date", "operator": "between", "formula1": _serial(FIRST_DAY), "formula2": _serial(LAST_DAY)}
    if isinstance(par.default, str | tuple) or par.bounds is None:
        return {}
    low, high = (f"{bound:.15g}" for bound in par.bounds)
    kind = "whole" if isinstance(par.default, int) else "decimal"
    return {"type": kind, "operator": "between", "formula1": low, "formula2": high}


def _serial(day: datetime.date) -> str:
    return str((day - datetime.date(1899, 12, 30)).days)


class Rules:
    """The validations of one sheet: cells of one rule share it."""

    def __init__(self, sheet: Any) -> None:
        self._sheet = sheet
        self._made: dict[Any, Any] = {}

    def of(self, cell: Any, par: Par) -> None:
        """Let a cell take only what `par` accepts; say what that is where it is refused."""
        if rule(par):
            self.put(cell, rule(par), allowed(par))

    def choice(self, cells: str, formula: str, error: str) -> None:
        """Give cells a drop-down."""
        self.put(cells, {"type": "list", "formula1": formula}, error)

    def put(self, cells: Any, given: dict[str, Any], error: str) -> None:
        """Hold cells (one, or a range) to a rule; `error` says what is allowed."""
        from openpyxl.worksheet.datavalidation import DataValidation

        key = (*given.items(), error)
        if key not in self._made:
            text = error[:LONGEST_PROMPT]
            self._made[key] = DataValidation(allow_blank=True, showErrorMessage=True, errorTitle="Allowed", error=text, **given)
            self._sheet.add_data_validation(self._made[key])
        self._made[key].add(cells)


# the file -----------------------------------------------------------------------------------------------


def content(workbook: Any) -> bytes:
    """Return a workbook as the bytes of an .xlsx file, equal for equal content."""
    made, fixed = io.BytesIO(), io.BytesIO()
    workbook.properties.creator = "sim"
    workbook.properties.created = STAMP
    workbook.save(made)
    with zipfile.ZipFile(made) as source, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as target:
        for part in _in_order(source.infolist()):
            text = source.read(part)
            if part.filename == "docProps/core.xml":
                text = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + STAMP.isoformat().encode() + b"Z", text)
            target.writestr(zipfile.ZipInfo(part.filename, STAMP.timetuple()[:6]), text, zipfile.ZIP_DEFLATED)
    return fixed.getvalue()


def _in_order(parts: Iterable[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
    return sorted(parts, key=lambda part: (part.filename != "[Content_Types].xml", part.filename))
