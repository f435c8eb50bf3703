"""A scenario as a workbook: written, edited, read back; nothing lost, every wrong cell named."""

from __future__ import annotations

import datetime
import functools
import io
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_scenario import changes

from sim.errors import UserError
from sim.scenario import Scenario, load, names
from sim.settings import known
from sim.sheets.grid import grids
from sim.sheets.imported import imported
from sim.sheets.layout import put
from sim.sheets.texts import exact, from_cell, restored, to_cell
from sim.sheets.workbook import HEAD, PLAN, SCENARIO, workbook

SPECS = [name for name, _ in names()]
STACKS = ["premature_promotion+small", "over_customization+small", "interrupted_channel_support+small"]
EXAMPLES = Path(__file__).parents[1] / "examples"
SEM = "promotion.sem.spend"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def back(file: Path, scenario: Scenario, spec: str = "baseline") -> tuple[Scenario, str]:
    """Write a scenario to `file`, read it back by way of a scenario file; return that and its text."""
    file.write_bytes(workbook(scenario, spec))
    text = imported(file).toml()
    file.with_suffix(".toml").write_text(text, encoding="utf-8")
    return load(str(file.with_suffix(".toml"))), text


@functools.cache
def exported(spec: str) -> bytes:
    return workbook(load(spec), spec)


def opened(spec: str = "baseline") -> Any:
    return openpyxl.load_workbook(io.BytesIO(exported(spec)))


def row_of(book: Any, path: str, sheet: str = SCENARIO) -> int:
    """Return the first row of a parameter or lever."""
    group, _, name = path.rpartition(".")
    for row in range(HEAD + 1, book[sheet].max_row + 1):
        first, second = (book[sheet].cell(row, column).value for column in (1, 2))
        if first == path or (sheet == SCENARIO and (first, second) == (group or "scenario", name)):
            return row
    raise AssertionError(path)


def free_row(book: Any) -> int:
    """Return the first row of the plan that names no lever."""
    return next(row for row in range(HEAD + 1, 999) if book[PLAN].cell(row, 1).value is None)


def refused(book: Any) -> list[str]:
    book.save("mine.xlsx")
    with pytest.raises(UserError) as error:
        imported("mine.xlsx")
    return str(error.value).split("\n")


# there and back -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", SPECS + STACKS)
def test_every_shipped_scenario_comes_back_as_it_was(spec: str, tmp_path: Path) -> None:
    scenario = load(spec)
    found, text = back(tmp_path / "mine.xlsx", scenario, spec)
    assert found == scenario
    assert (found.digest(), found.title, found.description) == (scenario.digest(), scenario.title, scenario.description)
    assert len(text.splitlines()) == 3  # what it extends, title, description: nothing else differs


@pytest.mark.parametrize("file", ["channel_by_quarter.csv", "marketing_budget.xlsx"])
def test_a_sheet_in_the_stack_comes_back_as_it_was(file: str, tmp_path: Path) -> None:
    scenario = load(f"baseline+{EXAMPLES / file}+small")
    found, text = back(tmp_path / "mine.xlsx", scenario, f"baseline+{EXAMPLES / file}+small")
    assert found == scenario
    assert text.startswith('extends = "baseline"\n')
    assert "scale = 0.1" in text


def test_a_scenario_that_plans_less_than_the_baseline_is_written_in_full(tmp_path: Path) -> None:
    (tmp_path / "bare.toml").write_text("weeks = 30\n[plan.sales]\nreps = 3\n")
    scenario = load(str(tmp_path / "bare.toml"))
    found, text = back(tmp_path / "mine.xlsx", scenario, str(tmp_path / "bare.toml"))
    assert found == scenario
    assert "extends" not in text


@settings(max_examples=5, deadline=None)
@given(changes("market.scale", "market.merchants"))
def test_whatever_can_be_set_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, change: dict[str, Any]) -> None:
    scenario = load("baseline").replace(*(part for pair in change.items() for part in pair))
    found, _ = back(tmp_path_factory.getbasetemp() / "any.xlsx", scenario)
    assert found == scenario
    assert found.title == scenario.title


@settings(max_examples=25, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cc", "Cs"], include_characters="\n\t"), max_size=30))
def test_any_text_survives(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active["A1"].value = to_cell(text)
    book.active["A1"].data_type = "s"
    file = tmp_path_factory.getbasetemp() / "text.xlsx"
    book.save(file)
    cells = grids(file.read_bytes(), "text.xlsx")[0].rows.get(1, {})
    assert from_cell(known()["title"], cells.get(1), "CNY") == text


@given(st.floats(-1e300, 1e300, allow_subnormal=False))
def test_numbers_survive_a_spreadsheet_that_keeps_fifteen_digits(value: float) -> None:
    assert restored(float(f"{value:.15g}"), exact(value)) == value
    assert restored(float(f"{value:.16g}"), exact(value)) == value


def test_an_edit_outdoes_the_exact_number() -> None:
    assert restored(0.33, exact(1 / 3)) == 0.33
    assert restored(0.3333333333, exact(1 / 3)) == 0.3333333333


@pytest.mark.parametrize("title", [
    "=1+1", "+1", "-1", "@SUM(A1)", '"quoted"', "_x0041_", " blanks ", "", "2027", "a\nb\tc", "点数商城",
])
def test_text_is_never_a_formula(title: str, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    put(sheet["A1"], to_cell(title))
    book.save(tmp_path / "mine.xlsx")
    (grid,) = grids((tmp_path / "mine.xlsx").read_bytes(), "mine.xlsx")
    assert from_cell(known()["title"], grid.rows.get(1, {}).get(1), "CNY") == title
    cell = openpyxl.load_workbook(tmp_path / "mine.xlsx")["Sheet"]["A1"]
    assert cell.data_type != "f"
    assert bool(cell.quotePrefix) == title.startswith(("=", "+", "-", "@"))


def test_no_cell_of_a_workbook_is_a_formula(tmp_path: Path) -> None:
    found, _ = back(tmp_path / "mine.xlsx", load("baseline").replace("title", "=1+1", "description", "@SUM(A1)"))
    assert (found.title, found.description) == ("=1+1", "@SUM(A1)")
    book = openpyxl.load_workbook(tmp_path / "mine.xlsx")
    assert "f" not in {cell.data_type for sheet in book for row in sheet for cell in row}


# edited -------------------------------------------------------------------------------------------------


def test_edits_are_what_the_file_says(here: Path) -> None:
    book = opened("premature_promotion+small")
    sheet, plan = book[SCENARIO], book[PLAN]
    for path, value in (("title", "Mine"), ("market.merchants", 50_000.0), ("belief.memory", "90 %"),
    ("vendor.opening_cash", "CNY 8m"),
                        ("promotion.sem.segments", "1; 2"), ("promotion.seo.segments", 3), ("off.switches", "belief.memory"),
                        ("start_date", "2027-03-01"), ("promotion.sem.in_market_only", False)):
        sheet.cell(row_of(book, path), 3).value = value
    plan.cell(row_of(book, SEM, PLAN), 2).value = 12_345
    row = free_row(book)
    for column, value in ((1, "salon"), (2, 700), (4, 10), (5, 60), (6, 26), (7, 13), (8, "stability")):
        plan.cell(row, column).value = value
    plan.cell(row_of(book, "channel.support_per_reseller", PLAN), 2).value = None
    plan.cell(row_of(book, "channel.support_per_reseller", PLAN), 4).value = None
    plan.cell(row_of(book, "channel.support_per_reseller", PLAN), 5).value = None
    book.save("mine.xlsx")
    found = imported("mine.xlsx")
    (here / "mine.toml").write_text(found.toml())
    made = load("mine.toml")
    base = load("premature_promotion+small")
    differ = {path: value for path, _, value in base.diff(made)}
    assert found.toml().startswith('extends = ["premature_promotion", "small"]\ntitle = "Mine"\n')
    assert made.title == "Mine"
    assert differ == {
        "market.merchants": 50_000, "belief.memory": 0.9, "vendor.opening_cash": 8e6, "promotion.sem.segments": (1, 2),
        "promotion.seo.segments": (3,), "off.switches": ("belief.memory",), "start_date": datetime.date(2027, 3, 1),
        "promotion.sem.in_market_only": False,
        f"plan.{SEM}": [{"stage": "iteration", "value": 12_345.0}, {"stage": "stability", "value": 8_000.0}],
        "plan.promotion.salon.spend": [*base.settings()["plan.promotion.salon.spend"],
                                       {"from": 10, "to": 60, "every": 26, "on": 13, "stage": "stability", "value": 700.0}],
        "plan.channel.support_per_reseller": [{"from": 52, "value": 350.0}],
    }


def test_rows_may_be_sorted_and_columns_moved(here: Path) -> None:
    book = opened()
    sheet = book[SCENARIO]
    rows = [[(cell.value, cell.number_format) for cell in row] for row in sheet.iter_rows(min_row=HEAD + 1)]
    for number, row in enumerate(reversed(rows), HEAD + 1):
        for column, (value, code) in enumerate(row, 1):
            sheet.cell(number, column).value = value
            sheet.cell(number, column).number_format = code
    sheet.insert_cols(1)
    book[PLAN].move_range(f"A{HEAD}:J{book[PLAN].max_row}", rows=2, cols=1)
    book.save("mine.xlsx")
    assert imported("mine.xlsx").scenario == load("baseline")


def test_a_missing_row_is_as_in_what_it_extends(here: Path) -> None:
    book = opened("small")
    book[SCENARIO].delete_rows(row_of(book, "market.scale"))
    book.save("mine.xlsx")
    found = imported("mine.xlsx")
    assert found.scenario == load("small")
    assert found.notes == ["mine.xlsx sheet 'Scenario': no row for market.scale: as in small"]


def test_every_wrong_cell_is_named(here: Path) -> None:
    book = opened()
    wrong = {
        "market.merchants": (-3, "market.merchants = -3: is out of range; allowed: whole numbers from 1 to"),
        "market.segments": (2.5, "market.segments = 2.5: is not a whole number"),
        "belief.memory": ("lots", "belief.memory = 'lots': is not a number"),
        "vendor.opening_cash": ("$5", "is in another currency ($)"),
        "promotion.sem.in_market_only": ("maybe", "is not yes or no"),
        "need.window": (None, "need.window: is blank"), "promotion.sem.roles": ("0.5, 0.5", "is a list of 2"),
        "weeks": ("=1+1", "was not saved"),
        "off.switches": ("belief.memry", "is not a field of a mechanism"),
        "start_date": ("soon", "start_date = 'soon': is not a date"),
        "extends": ("basline", "extends = 'basline': is not a shipped scenario"),
    }
    for path, (value, _) in wrong.items():
        book[SCENARIO].cell(row_of(book, path), 3).value = value
    lines = refused(book)
    assert len(lines) == len(wrong)
    for path, (_, part) in wrong.items():
        (line,) = [line for line in lines if line.startswith(f"mine.xlsx sheet 'Scenario' cell C{row_of(book, path)}: ")]
        assert part in line


@pytest.mark.parametrize(("cells", "column", "part"), [
    ({1: "spend", 2: 3}, "A", "could be any of several levers"), ({1: "rpes", 2: 3}, "A", "is not a lever"),
    ({2: 3}, "A", "names no lever"),
    ({1: "reps", 4: 3}, "B", "sales.reps: has no value"), ({1: "reps", 2: -3}, "B", "sales.reps value = -3.0: is out of range"),
    ({1: "reps", 2: "lots"}, "B", "is not a number"),
    ({1: "reps", 2: 3, 4: 5, 5: 5}, "E", "sales.reps to = 5: ends before it begins"),
    ({1: "reps", 2: 3, 4: 1.5}, "D", "sales.reps from = 1.5: is not a whole number"),
    ({1: "reps", 2: 3, 6: 4}, "F", "needs 'on' beside it"),
    ({1: "reps", 2: 3, 8: "stable"}, "H", "sales.reps stage = 'stable': is not a stage"),
    ({1: "incubator", 2: "=1+1"}, "B", "a formula whose result was not saved"),
])
def test_every_wrong_row_of_the_plan_is_named(cells: dict[int, Any], column: str, part: str, here: Path) -> None:
    book = opened()
    row = free_row(book)
    for k, value in cells.items():
        book[PLAN].cell(row, k).value = value
    (line,) = refused(book)
    assert line.startswith(f"mine.xlsx sheet 'Plan' cell {column}{row}: ")
    assert part in line


def test_names_must_be_known_and_stand_once(here: Path) -> None:
    book = opened()
    first, second = row_of(book, "market.merchants"), row_of(book, "market.regions")
    book[SCENARIO].cell(first, 2).value = "merchnats"
    book[SCENARIO].cell(second, 2).value = "segments"
    lines = refused(book)
    assert lines[0].startswith(f"mine.xlsx sheet 'Scenario' cell B{first}: market.merchnats: is not a known parameter")
    assert lines[1].endswith(f"cell B{second}: market.segments: stands in row {second - 1} already")


def test_what_does_not_fit_together_is_named_by_cell(here: Path) -> None:
    book = opened()
    row = row_of(book, "promotion.sem.segments")
    book[SCENARIO].cell(row, 3).value = "50"
    (line,) = refused(book)
    assert line.startswith(f"mine.xlsx sheet 'Scenario' cell C{row}: promotion.sem.segments")
    assert "from 0 to 7" in line


def test_other_workbooks_are_refused(here: Path) -> None:
    openpyxl.Workbook().save("mine.xlsx")
    wrong = {"mine.xlsx": "has no sheet 'Scenario'", "mine.csv": "is not an .xlsx file", "none.xlsx": "no such file"}
    for name, part in wrong.items():
        with pytest.raises(UserError, match=part):
            imported(name)
    book = opened()
    book[SCENARIO].delete_rows(1, HEAD)
    (line,) = refused(book)
    assert line.startswith("mine.xlsx sheet 'Scenario': has no column 'Group'; allowed: Group, Name, Value, ")


# what it looks like -------------------------------------------------------------------------------------


def test_equal_scenarios_give_equal_files() -> None:
    one, other = exported("small"), workbook(load("small"), "small")
    assert one == other
    with zipfile.ZipFile(io.BytesIO(one)) as archive:
        assert {part.date_time for part in archive.infolist()} == {(2000, 1, 1, 0, 0, 0)}
        assert archive.namelist()[0] == "[Content_Types].xml"


def test_the_workbook_tells_units_bounds_and_notes() -> None:
    book = opened("premature_promotion+small")
    assert book.sheetnames == ["Read me", "Scenario", "Plan", "Lists"]
    assert [sheet.sheet_state for sheet in book] == ["visible"] * 3 + ["hidden"]
    row = [cell.value for cell in book[SCENARIO][row_of(book, "vendor.opening_cash")]]
    assert row[:5] == ["vendor", "opening_cash", 9_000_000, "CNY", "numbers from 0 to 1,000,000,000,000"]
    assert (row[5], row[6]) == (9_000_000, "fixed")
    for sheet in (SCENARIO, PLAN):
        assert book[sheet].freeze_panes is not None
        assert all(cell.comment for cell in book[sheet][HEAD])
    rules = {rule.type: rule for rule in book[SCENARIO].data_validations.dataValidation}
    assert set(rules) == {"whole", "decimal", "list", "date"}
    stages = [rule.formula1 for rule in book[PLAN].data_validations.dataValidation if rule.type == "list"]
    assert '"prototype,iteration,stability"' in stages
    assert "Lists!$A$2:$A$42" in stages


@pytest.mark.parametrize("path", ["market.merchants", "belief.memory", "promotion.sem.in_market_only"])
def test_a_cell_takes_what_its_declaration_takes(path: str) -> None:
    book = opened()
    cell, bounds = f"C{row_of(book, path)}", known()[path].bounds
    (rule,) = [rule for rule in book[SCENARIO].data_validations.dataValidation if cell in rule.sqref]
    told = (float(rule.formula1), float(rule.formula2)) if bounds else rule.formula1
    assert told == (bounds or '"yes,no"')
