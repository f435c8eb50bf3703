"""Make marketing_budget.xlsx as a team keeps it: title, dates, formats with the currency, sums, a sheet of the year before.

python examples/make_workbook.py
"""

from __future__ import annotations

import datetime
import io
import re
import zipfile
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill

HERE = Path(__file__).parent
SEM = [60, 60, 90, 90, 120, 120, 120, 90, 150, 150, 150, 90]
FEED = [None, None, None, None, None, None, None, None, 80, 120, 120, 80]
FAIRS = [0, 0, 0, 0, 0, 180, 0, 0, 0, 220, 0, 0]
REPS = [2, 2, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12]
SHARES = [0.3, 0.3, 0.3, 0.25, 0.25, 0.25, 0.2, 0.2, 0.2, 0.15, 0.15, 0.15]
FIRST, HEAD = 6, 5
STAMP = datetime.datetime(2026, 11, 2)


def budget(sheet: Any) -> dict[str, float]:
    """Fill the sheet of the plan; return the results of its sums by cell."""
    sheet["A1"], sheet["A1"].font = "Marketing budget 2027", Font(bold=True, size=14)
    sheet["A2"] = "Totals of the month in CNY; reps and bespoke share are levels. Blank cells: as in the scenario."
    names = ("Month", "SEM", "Feed ads", "Exhibition", "Reps", "Max share", "Notes")
    for column, name in enumerate(names, 1):
        cell = sheet.cell(HEAD, column, name)
        cell.font, cell.fill = Font(bold=True, color="FFFFFF"), PatternFill("solid", fgColor="1F2A37")
        cell.alignment = Alignment(horizontal="left" if column in (1, 7) else "right")
    for k in range(12):
        money = [None if column[k] is None else column[k] * 1000 for column in (SEM, FEED, FAIRS)]
        row = (datetime.date(2027, k + 1, 1), *money, REPS[k], SHARES[k], "trade fair" if FAIRS[k] else None)
        for column, value in enumerate(row, 1):
            cell = sheet.cell(FIRST + k, column, value)
            cell.number_format = ("mmm yyyy", *['"¥"#,##0'] * 3, "0", "0%", "General")[column - 1]
    last = FIRST + 12
    sheet.cell(last, 1, "Total").font = Font(bold=True)
    sums = {}
    for column, letter in enumerate("BCD", 2):
        cell = sheet.cell(last, column, f"=SUM({letter}{FIRST}:{letter}{last - 1})")
        cell.number_format, cell.font = '"¥"#,##0', Font(bold=True)
        sums[cell.coordinate] = sum(value or 0 for value in (SEM, FEED, FAIRS)[column - 2]) * 1000
    for column, width in zip("ABCDEFG", (12, 14, 14, 14, 9, 11, 26), strict=True):
        sheet.column_dimensions[column].width = width
    sheet.freeze_panes = f"B{FIRST}"
    return sums


def year_before(sheet: Any) -> None:
    """Fill a sheet that is no plan."""
    sheet["A1"], sheet["A1"].font = "What 2026 taught", Font(bold=True, size=14)
    sheet["A3"] = "Fairs brought leads when there was a reference to show."
    sheet["A4"] = "Search paid from the first week."
    sheet.column_dimensions["A"].width = 70


def with_results(content: bytes, sums: dict[str, float]) -> bytes:
    """Return the workbook with the results of its formulas in place, as Excel saves them, and one time stamp throughout."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target:
        for part in source.infolist():
            text = source.read(part).decode()
            if part.filename == "xl/worksheets/sheet1.xml":
                for cell, value in sums.items():
                    empty = rf'(<c r="{cell}"[^>]*><f>[^<]*</f>)<v(?: ?/>|></v>)'
                    text = re.sub(empty, rf"\g<1><v>{value:.0f}</v>", text)
            text = re.sub(r"(<dcterms:modified[^>]*>)[^<]*", rf"\g<1>{STAMP.isoformat()}Z", text)
            target.writestr(zipfile.ZipInfo(part.filename, STAMP.timetuple()[:6]), text, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def made() -> bytes:
    """Return the workbook."""
    book = Workbook()
    book.active.title = "Budget"
    sums = budget(book.active)
    year_before(book.create_sheet("2026"))
    book.properties.creator, book.properties.created = "sim", STAMP
    content = io.BytesIO()
    book.save(content)
    return with_results(content.getvalue(), sums)


if __name__ == "__main__":
    (HERE / "marketing_budget.xlsx").write_bytes(made())
