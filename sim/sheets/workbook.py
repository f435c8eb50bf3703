"""A scenario as an Excel workbook: how to use it, every parameter with unit, range and source, and the plan."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from copy import copy
from typing import Any

from sim.agents.vendor import STAGES
from sim.fields import Par
from sim.plan import LAST_WEEK, Span
from sim.scenario import Scenario, load
from sim.scenario_files import parts, shipped
from sim.settings import defaults, known
from sim.sheets import layout
from sim.sheets.columns import levers
from sim.sheets.layout import INK, PALE, Rules, mark_input, put
from sim.sheets.texts import exact, to_cell
from sim.values import allowed

README, SCENARIO, PLAN, LISTS = "Read me", "Scenario", "Plan", "Lists"
ABOUT_EXTENDS = "shipped scenarios that the imported file extends"
EXTENDS, HEADING = "extends", "scenario"
EXACT = "Numbers of more digits than a spreadsheet keeps, as they were written; they count while the value is not changed."
SETTING_COLUMNS = {
    "Group": "The table of the scenario file.",
    "Name": "The parameter. Group and name together are its path, as in --set market.merchants=20000.",
    "Value": "What this scenario assumes. Change it here.",
    "Unit": "What the value counts. Money is in the scenario's currency.",
    "Allowed": "What is accepted; anything else is refused, here and on import.",
    "Baseline": "What the baseline assumes. Values that differ from it are shown in orange.",
    "Role": "lever: yours to set. uncertain: known only within a range. fixed: neither.",
    "Meaning": "What it is.",
    "Source": "Where the default comes from.",
    "Exact": EXACT,
}
PLAN_COLUMNS = {
    "Lever": "What you set. A short name does where no other lever has it: sem, reps, engineers.",
    "Value": "What it is set to in these weeks. Blank: this row is not part of the plan.",
    "Unit": "What the value counts. Money is an amount a week.",
    "From": "First week, counted from 0. Blank: week 0. With a stage, counted from its beginning.",
    "To": "The week it ends before. Blank: to the end of the scenario, or of the stage.",
    "Every": "For bursts: the length of a cycle in weeks. Goes with 'On'.",
    "On": "For bursts: how many weeks of each cycle it is on. Goes with 'Every'.",
    "Stage": "Holds only from when the product enters this stage.",
    "Meaning": "What the lever is, and what holds where no row does.",
    "Exact": EXACT,
}
SETTING_WIDTHS = (21, 24, 17, 20, 33, 13, 11, 48, 44, 24)
PLAN_WIDTHS = (34, 15, 16, 9, 9, 9, 9, 14, 66, 24)
ENTRY = ("value", "from", "to", "every", "on", "stage")
SPARE = 40
HEAD = 4


def workbook(scenario: Scenario, spec: str = "baseline") -> bytes:
    """Return a scenario as the content of an .xlsx file; `spec` is what it was loaded from. Equal input gives equal bytes."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for name in (README, SCENARIO, PLAN, LISTS):
        book.create_sheet(name)
    _readme(book[README], scenario)
    _settings(book[SCENARIO], scenario, extended(spec))
    _plan(book[PLAN], scenario)
    _lists(book[LISTS])
    return layout.content(book)


def extended(spec: str) -> str:
    """Return what an imported file extends: what the scenario was loaded from where all of it is shipped, else the baseline."""
    return spec if all(item in shipped() for item in parts(spec)) else "baseline"


# read me ------------------------------------------------------------------------------------------------


def _readme(sheet: Any, scenario: Scenario) -> None:
    layout.page(sheet, (3, 22, 92), "")
    put(sheet["B2"], to_cell(scenario.title) or scenario.name, bold=True, size=18)
    put(sheet["B3"], to_cell(scenario.description), wrap=True, color=PALE)
    sheet.merge_cells("B3:C3")
    sheet.row_dimensions[2].height = 28
    sheet.row_dimensions[3].height = 14 * (1 + len(scenario.description) // 110)
    row = 5
    for title, lines in _help(scenario):
        put(sheet.cell(row, 2), title, bold=True, size=12)
        sheet.row_dimensions[row].height = 20
        for name, text in lines:
            row += 1
            put(sheet.cell(row, 2), name, bold=bool(name))
            put(sheet.cell(row, 3), text, wrap=True)
            sheet.row_dimensions[row].height = 15
            if name == "Yellow":
                mark_input(sheet.cell(row, 2), left=True)
        row += 2


def _help(scenario: Scenario) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    weeks = f"{scenario.start_date} is the first day of week 0; the scenario has {scenario.weeks} weeks."
    yield "How to use it", [
        ("1  Change", "Change yellow cells on the sheets Scenario and Plan. Everything else explains them."),
        ("2  Save", "Save the workbook as .xlsx, in Excel or LibreOffice."),
        ("3  Read it back", "sim scenarios import FILE.xlsx    writes FILE.toml, or says which cell is wrong."),
        ("4  Play", "sim compare baseline FILE.toml    what the plan is worth against the baseline, on the same worlds."),
    ]
    yield "What you see", [
        ("Yellow", "A cell to change. It takes what 'Allowed' says and refuses the rest."),
        (SCENARIO, "What the market, the vendor and the mechanisms are assumed to be: one row a parameter."),
        (PLAN, "What you decide: one row a lever and time. Rows may be added below, and left blank."),
    ]
    yield "How the plan reads", [
        ("Weeks", f"Weeks are counted from 0. {weeks}"),
        ("Always", "Only lever and value: it holds throughout."),
        ("From, to", "From 26, to 52: it holds in weeks 26 to 51."),
        ("Every, on", "From 60, every 26, on 13: from week 60 it is on for 13 weeks of every 26."),
        ("Stage", "Stage stability: it holds while the product is in that stage. From and to then count from its beginning."),
        ("Several rows", "Where several rows of a lever hold in the same week, the lowest of them counts."),
        ("No row", "Where no row holds, the lever keeps its own value, which stands on the sheet Scenario."),
        ("Market scale", "Money, people and firms stand at full size; market.scale shrinks market, vendor and plan together."),
    ]


# scenario -----------------------------------------------------------------------------------------------


def _settings(sheet: Any, scenario: Scenario, extends: str) -> None:
    from openpyxl.formatting.rule import FormulaRule
    from openpyxl.styles import Font

    layout.page(sheet, SETTING_WIDTHS, f"D{HEAD + 1}", f"{HEAD}:{HEAD}")
    put(sheet["A1"], "Scenario", bold=True, size=14)
    sheet.row_dimensions[1].height = 24
    put(sheet["A2"], "One row a parameter. Change the yellow values; orange ones differ from the baseline.", color=PALE)
    layout.head(sheet, HEAD, list(SETTING_COLUMNS), list(SETTING_COLUMNS.values()))
    sheet.column_dimensions["J"].hidden = True
    rules, base, last = Rules(sheet), load("baseline").settings(), HEAD
    for last, (path, value) in enumerate(rows(scenario, extends), HEAD + 1):
        _setting(sheet, last, path, value, base, scenario, rules)
    sheet.auto_filter.ref = f"A{HEAD}:I{last}"
    differs = FormulaRule([f'AND($F{HEAD + 1}<>"",$C{HEAD + 1}<>$F{HEAD + 1})'], font=Font(bold=True, color=layout.DIFFERS))
    sheet.conditional_formatting.add(f"C{HEAD + 1}:C{last}", differs)


def rows(scenario: Scenario, extends: str) -> Iterator[tuple[str, Any]]:
    """Yield path and value of every row of the sheet Scenario: headings, what it extends, parameters."""
    settings = scenario.settings()
    paths = [path for path in known() if not path.startswith("plan.")]
    yield from ((path, settings[path]) for path in paths if "." not in path)
    yield EXTENDS, extends
    yield from ((path, settings[path]) for path in paths if "." in path)


def _setting(sheet: Any, row: int, path: str, value: Any, base: dict[str, Any], scenario: Scenario, rules: Rules) -> None:
    par = known().get(path) or Par(path, "", ABOUT_EXTENDS, "", None, "fixed", None, "", False, None)
    group, _, name = path.rpartition(".")
    own = f"plan.{path}" in known()
    meaning = par.doc + ("; its own value, where the plan says nothing" if own else "")
    source = par.source if path in defaults() and group else ""
    texts = (group or HEADING, name, None, _unit(par, scenario), _allowed(par), None, par.role if group else "", meaning, source)
    for column, text in enumerate(texts, 1):
        put(sheet.cell(row, column), text, wrap=column in (5, 8, 9), color=INK if column in (2, 8) else PALE)
    put(sheet.cell(row, 3), to_cell(value))
    mark_input(sheet.cell(row, 3), left=isinstance(value, str | tuple))
    put(sheet.cell(row, 6), None if path in ("title", "description", EXTENDS) else to_cell(base[path]), color=PALE)
    sheet.cell(row, 6).alignment = copy(sheet.cell(row, 3).alignment)
    rules.of(sheet.cell(row, 3), par)
    if sheet.cell(row - 1, 1).value not in (group or HEADING, "Group"):
        layout.begin(sheet, row, len(texts))
    put(sheet.cell(row, 10), exact(value), color=PALE)
    layout.fit_height(sheet, row, (0, 0, 0, *SETTING_WIDTHS[3:9]))


def _allowed(par: Par) -> str:
    """Return what is accepted, without the unit, and large numbers in figures."""
    text = allowed(par).removesuffix(f" ({par.unit})")
    return re.sub(r"\d[\d.]*(e\+\d+)?", lambda match: f"{float(match[0]):,.15g}", text) if par.bounds else text


def _unit(par: Par, scenario: Scenario) -> str:
    if isinstance(par.default, str | datetime.date):
        return "text" if isinstance(par.default, str) else "date"
    return par.unit.replace("money", scenario.currency)


# plan ---------------------------------------------------------------------------------------------------


def _plan(sheet: Any, scenario: Scenario) -> None:
    layout.page(sheet, PLAN_WIDTHS, f"C{HEAD + 1}", f"{HEAD}:{HEAD}")
    put(sheet["A1"], "Plan", bold=True, size=14)
    sheet.row_dimensions[1].height = 24
    put(sheet["A2"], "One row a lever and time, weeks counted from 0. Where rows of a lever meet, the lowest counts.", color=PALE)
    layout.head(sheet, HEAD, list(PLAN_COLUMNS), list(PLAN_COLUMNS.values()))
    sheet.column_dimensions["J"].hidden = True
    rules, row = Rules(sheet), HEAD
    for path, par in levers().items():
        for span in scenario.plan.levers.get(path, (None,)):
            row += 1
            _entry(sheet, row, path, par, span, scenario)
            rules.of(sheet.cell(row, 2), par)
    for spare in range(row + 1, row + 1 + SPARE):
        _inputs(sheet, spare)
    _plan_rules(rules, HEAD + 1, row + SPARE)


def _entry(sheet: Any, row: int, path: str, par: Par, span: Span | None, scenario: Scenario) -> None:
    plain = span.plain() if span is not None else {}
    own = to_cell(scenario.settings()[path])
    own = f"{own:,.12g}" if isinstance(own, float) else own
    put(sheet.cell(row, 1), path)
    for column, key in zip((2, 4, 5, 6, 7, 8), ENTRY, strict=True):
        put(sheet.cell(row, column), to_cell(plain[key]) if key in plain else None)
    put(sheet.cell(row, 3), _unit(par, scenario), color=PALE)
    put(sheet.cell(row, 10), exact(plain.get("value")), color=PALE)
    if sheet.cell(row - 1, 1).value != path:
        unit = f" {_unit(par, scenario)}" if par.unit else ""
        put(sheet.cell(row, 9), f"{par.doc}; where no row holds: {own}{unit}", wrap=True, color=PALE)
    _inputs(sheet, row)
    layout.fit_height(sheet, row, (*[0] * 8, PLAN_WIDTHS[8]))
    if sheet.cell(row - 1, 1).value not in (path, "Lever"):
        layout.begin(sheet, row, 9)


def _inputs(sheet: Any, row: int) -> None:
    for column in (1, 2, 4, 5, 6, 7, 8):
        mark_input(sheet.cell(row, column), left=column in (1, 8))


def _plan_rules(rules: Rules, first: int, last: int) -> None:
    weeks = {"type": "whole", "operator": "between", "formula2": str(LAST_WEEK)}
    rules.choice(f"A{first}:A{last}", f"{LISTS}!$A$2:$A${1 + len(levers())}", "a lever from the list")
    rules.put(f"D{first}:D{last}", weeks | {"formula1": "0"}, f"whole numbers from 0 to {LAST_WEEK} (weeks)")
    rules.put(f"E{first}:G{last}", weeks | {"formula1": "1"}, f"whole numbers from 1 to {LAST_WEEK} (weeks)")
    rules.choice(f"H{first}:H{last}", f'"{",".join(STAGES)}"', ", ".join(STAGES))


def _lists(sheet: Any) -> None:
    put(sheet["A1"], "Lever", bold=True)
    for row, path in enumerate(levers(), 2):
        put(sheet.cell(row, 1), path)
    sheet.sheet_state = "hidden"
