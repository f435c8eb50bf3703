"""A marketing team's sheet as a plan: periods, levers, amounts; totals kept; every refusal one line with its place."""

from __future__ import annotations

import datetime
import io
import time
import zipfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toys import shelved

from sim.errors import UserError
from sim.scenario import Scenario, check, load
from sim.settings import known
from sim.sheets import grid, periods
from sim.sheets.cells import decimal, formatted, own_currency
from sim.sheets.columns import lever, levers
from sim.sheets.periods import Period, read

START = datetime.date(2027, 1, 4)
SEM, HEADS, SHARE, ANNOUNCE = "promotion.sem.spend", "sales.reps", "customization.max_share", "channel.announce"
EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture(scope="module", autouse=True)
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with shelved(tmp_path_factory.mktemp("scenarios")) as folder:
        yield folder


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def laid(text: str, stack: str = "baseline", name: str = "spend.csv", **settings: Any) -> Scenario:
    """Return `stack` with a CSV file over it."""
    Path(name).write_text(text, encoding="utf-8")
    return load(stack, name, [f"{key}={value}" for key, value in settings.items()])


def by_week(scenario: Scenario, path: str, weeks: int | None = None) -> list[Any]:
    """Return what the plan says of a lever in each week of the prototype."""
    stages = {"prototype": 0, "iteration": None, "stability": None}
    return [scenario.plan.at(week, "prototype", stages).get(path) for week in range(weeks or scenario.weeks)]


def told(text: str, **more: Any) -> list[str]:
    """Return every line said about a sheet."""
    with pytest.raises(UserError) as error:
        laid(text, **more)
    return str(error.value).split("\n")


def book(rows: list[list[Any]], sheet: str = "Budget", **formats: str) -> Any:
    """Return a workbook of one sheet; `formats` are number formats by cell."""
    made = openpyxl.Workbook()
    page = made.active
    assert page is not None
    page.title = sheet
    for row in rows:
        page.append(row)
    for cell, code in formats.items():
        page[cell].number_format = code
    return made


# periods ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "value", "first", "days"), [
    ("week", 0, "2027-01-04", 7), ("week", "3", "2027-01-25", 7), ("week", 2.0, "2027-01-18", 7),
    ("week", "2027-W05", "2027-02-01", 7),
    ("week", "2027w5", "2027-02-01", 7), ("week", datetime.date(2027, 2, 3), "2027-02-03", 7),
    ("week", "2027-02-03", "2027-02-03", 7),
    ("date", "2027-02-01", "2027-02-01", 1), ("date", "1 Feb 2027", "2027-02-01", 1), ("date", "2027/2/1", "2027-02-01", 1),
    ("date", "2027年2月1日", "2027-02-01", 1), ("date", "1-Feb-27", "2027-02-01", 1),
    ("month", "Feb 2027", "2027-02-01", 28), ("month", "February 2027", "2027-02-01", 28),
    ("month", "Feb-27", "2027-02-01", 28),
    ("month", "2027-02", "2027-02-01", 28), ("month", "02/2027", "2027-02-01", 28), ("month", "Sept. 2027", "2027-09-01", 30),
    ("month", "2027年2月", "2027-02-01", 28), ("month", datetime.date(2028, 2, 29), "2028-02-01", 29),
    ("month", datetime.datetime(2027, 12, 1, 6), "2027-12-01", 31),
    ("quarter", "2027-Q1", "2027-01-01", 90), ("quarter", "Q4 2027", "2027-10-01", 92), ("quarter", "3Q27", "2027-07-01", 92),
    ("quarter", "2027Q2", "2027-04-01", 91), ("quarter", datetime.date(2027, 5, 1), "2027-04-01", 91),
])
def test_periods_are_read(kind: str, value: Any, first: str, days: int) -> None:
    found = read(kind, value, START)
    assert found is not None
    assert (found.first.isoformat(), found.days) == (first, days)


@pytest.mark.parametrize(("kind", "value"), [
    ("week", -1), ("week", 2.5), ("week", True), ("week", "W5"), ("week", "2027-W54"), ("week", 10**9), ("week", "x" * 9999),
    ("date", "04/01/2027"), ("date", "2027-02-30"), ("date", "2027-02"), ("date", 46023), ("date", "9999-12-31"),
    ("month", "Jan"), ("month", 1), ("month", "2027-13"), ("month", "Janvier 2027"), ("month", "01/27"), ("month", "Mai 2027"),
    ("month", datetime.date(1, 1, 1)), ("quarter", "Q1"), ("quarter", "Q5 2027"), ("quarter", "2027 Q1 2027"),
    ("quarter", None),
])
def test_what_is_no_period_is_not_guessed(kind: str, value: Any) -> None:
    assert read(kind, value, START) is None


@pytest.mark.parametrize(("days", "ends"), [
    (["2027-01-04"], ["2027-01-11"]),
    (["2027-01-04", "2027-01-11", "2027-01-18"], ["2027-01-11", "2027-01-18", "2027-01-25"]),
    (["2027-11-01", "2027-12-01"], ["2027-12-01", "2028-01-01"]),
    (["2027-07-31", "2027-12-31"], ["2027-12-31", "2028-05-31"]),
    (["2027-11-30", "2028-01-30"], ["2028-01-30", "2028-03-30"]),
    (["2027-12-31", "2028-01-31"], ["2028-01-31", "2028-02-29"]),
])
def test_a_date_stands_for_the_time_until_the_next(days: list[str], ends: list[str]) -> None:
    firsts = [datetime.date.fromisoformat(day) for day in days]
    single = [Period(day, day + datetime.timedelta(1)) for day in firsts]
    assert [period.end.isoformat() for period in periods.joined(single).values()] == ends
    assert periods.even(firsts)


@st.composite
def calendars(draw: Any) -> tuple[list[tuple[Period, Fraction]], datetime.date, int]:
    """Return periods in a row, some left out, each with an amount, and a scenario in which all of them count."""
    day = first = draw(st.dates(datetime.date(2020, 1, 1), datetime.date(2030, 1, 1)))
    given_ = []
    for days in draw(st.lists(st.integers(1, 120), min_size=1, max_size=12)):
        period = Period(day, day + datetime.timedelta(days))
        day = period.end
        if draw(st.booleans()) or not given_:
            given_.append((period, Fraction(draw(st.integers(0, 10**9)), draw(st.sampled_from([1, 3, 100])))))
    start = draw(st.dates(first - datetime.timedelta(100), given_[0][0].middle))
    weeks = (given_[-1][0].middle - start).days // 7 + 1 + draw(st.integers(0, 20))
    return given_, start, weeks


@given(calendars())
def test_totals_are_kept_to_the_last_fraction(calendar: tuple[list[tuple[Period, Fraction]], datetime.date, int]) -> None:
    given_, start, weeks = calendar
    assert all(periods.counts(period, start, weeks) for period, _ in given_)
    spent = periods.totals(given_, start, weeks)
    assert sum(spent.values()) == sum(total for _, total in given_)
    assert set(spent) <= set(range(weeks))
    assert set(spent) == set(periods.levels(given_, start, weeks))


@given(
    st.lists(st.integers(0, 10**7), min_size=12, max_size=12), st.dates(datetime.date(2026, 12, 18), datetime.date(2027, 1, 16))
)
def test_a_year_of_months_is_kept(tmp_path_factory: pytest.TempPathFactory, months: list[int], start: datetime.date) -> None:
    rows = [f"2027-{k:02},{total}" for k, total in enumerate(months, 1)]
    name = str(tmp_path_factory.getbasetemp() / "year.csv")
    made = laid("month,Salon\n" + "\n".join(rows), name=name, start_date=start)
    assert sum(value or 0 for value in by_week(made, "promotion.salon.spend")) == pytest.approx(sum(months), rel=1e-12)


def test_a_shared_week_gets_from_both_months_by_days(here: Path) -> None:
    found = by_week(laid("month,SEM,reps\n2027-03,31000,3\n2027-04,60000,4\n"), SEM)
    assert found[8:12] == [7000] * 4
    assert found[12] == 3 * 1000 + 4 * 2000
    assert found[13:16] == [14000] * 3
    assert by_week(laid("month,SEM,reps\n2027-03,31000,3\n2027-04,60000,4\n"), HEADS)[11:14] == [3, 4, 4]


def test_one_sided_weeks_belong_to_whom_most_days_belong(here: Path) -> None:
    march = by_week(laid("month,SEM\n2027-03,28000\n2027-04,\n"), SEM)
    assert march[7:13] == [2000, 7000, 7000, 7000, 7000, 2000]  # Mar 29-31 are fewer than half a week: as in the baseline
    april = by_week(laid("month,SEM\n2027-04,30000\n"), SEM)
    assert sum(april[12:17]) == pytest.approx(30000)
    assert april[11] == 2000


# what is laid over what ---------------------------------------------------------------------------------


def test_blank_leaves_the_plan_underneath(here: Path) -> None:
    made = laid("week,SEM,announce\n0,100,\n1,,no\n2,0,no\n")
    assert by_week(made, SEM)[:4] == [100, 2000, 0, 2000]
    assert by_week(made, ANNOUNCE)[:4] == [True, False, False, True]
    written = made.settings()[f"plan.{SEM}"]
    assert written == [{"to": 26, "value": 2000.0}, {"stage": "stability", "value": 30000.0}, {"to": 1, "value": 100.0},
                       {"from": 2, "to": 3, "value": 0.0}]


def test_a_sheet_stands_in_a_stack(here: Path) -> None:
    (here / "spend.csv").write_text("week,SEM\n0,100\n")
    (here / "later.toml").write_text('extends = ["baseline", "spend.csv"]\n[plan.promotion.sem]\nspend = 7\n')
    made = load("early+spend.csv+small")
    assert (made.name, made.title) == ("early+spend+small", "Early + spend.csv")
    assert by_week(made, SEM)[:2] == [100, 9000]
    assert made == load("early+small", "spend.csv")
    assert str(made.origin(f"plan.{SEM}")) == "spend.csv line 1 column 'SEM'"
    assert by_week(load("later.toml"), SEM)[:2] == [7, 7]
    assert by_week(load("quiet+spend.csv"), ANNOUNCE)[0] is False


def test_a_run_starts_again_from_what_was_written(here: Path) -> None:
    made = laid("quarter,SEM,max_share\n2027-Q1,1000000,30 %\n2027-Q2,777777,25 %\n")
    (here / "again.toml").write_text(made.dump())
    assert load("again.toml").digest() == made.digest()
    assert "weeks 0-11 (Jan 2027 - Mar 2027)" in made.explain()


def test_amounts_are_at_full_size_as_in_scenario_files(here: Path) -> None:
    (here / "same.toml").write_text("[plan.promotion.sem]\nspend = [{to = 1, value = 70}]\n")
    (here / "spend.csv").write_text("week,SEM\n0,70\n")
    one, other = load("small+same.toml"), load("small+spend.csv")
    assert one.plan == other.plan
    assert one.digest() == other.digest()


def test_the_calendar_is_that_of_the_whole_stack(here: Path) -> None:
    (here / "later.toml").write_text("start_date = 2027-02-01\n")
    assert by_week(laid("month,SEM\n2027-02,2800\n"), SEM)[:5] == [2000, 2000, 2000, 2000, 700]
    assert by_week(laid("month,SEM\n2027-02,2800\n", "baseline+later.toml"), SEM)[0] == 700
    assert by_week(laid("month,SEM\n2027-02,2800\n", start_date="2027-02-01"), SEM)[0] == 700
    assert by_week(load("baseline", "spend.csv", ["currency=EUR"]), SEM)[4] == 700
    assert load("baseline+spend.csv", settings=["start_date=2027-02-01"], at_least=200).notes == ()


def test_longer_play_takes_in_later_rows(here: Path) -> None:
    text = "week,SEM\n0,1\n110,5\n"
    assert by_week(laid(text), SEM, 120)[110] is None
    (note,) = load("baseline", "spend.csv").notes
    assert "1 week is outside the scenario (2027-01-04 to 2028-12-31) and not played: row 3, with CNY 5 in all" in note
    assert by_week(load("baseline", "spend.csv", at_least=120), SEM, 120)[110] == 5


@pytest.mark.parametrize(("text", "note"), [
    ("month,SEM\nJan 2027,310\n", "line 2: 'Jan 2027': 28 of its 31 days lie in the scenario; its totals are spent in these"),
    ("month,SEM\nFeb 2027,310\nTotal,310\n", "line 3: 'Total' is a row of totals and is left out"),
    ("month,SEM,Total\nFeb 2027,310,310\n", "line 1: column 'Total' holds totals and is left out"),
    ("week,SEM\n1,310\n2,310\n", "weeks are counted from 0, so week 1 begins on 2027-01-11"),
    ("date,SEM\n2027-02-01,1\n2027-02-08,1\n2027-03-01,1\n", "the dates stand at uneven distances"),
    ("month,SEM\nDec 2026,1\nNov 2026,2\nFeb 2027,310\n", "2 months are outside the scenario"),
])
def test_what_a_reader_should_know_is_noted(text: str, note: str, here: Path) -> None:
    made = laid(text)
    assert [note in said for said in made.notes] == [True]
    assert made.replace("weeks", 50).notes == made.notes


def test_a_period_cut_by_the_beginning_is_spent_whole(here: Path) -> None:
    assert by_week(laid("month,SEM\nJan 2027,2800\n"), SEM)[:4] == [700] * 4


# columns ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "path"), [
    ("promotion.sem.spend", SEM), ("plan.promotion.sem.spend", SEM), ("sem.spend", SEM), ("SEM", SEM), ("sem spend", SEM),
    ("Sem_Spend", SEM),
    ("Feed ads", "promotion.feed_ads.spend"), ("reps", HEADS), ("Max share", SHARE),
    ("support per reseller", "channel.support_per_reseller"),
])
def test_a_lever_is_named_by_a_part_no_other_has(name: str, path: str) -> None:
    assert lever(name) == (path, None)


def test_every_lever_is_named_by_its_path() -> None:
    assert all(lever(path) == (path, None) for path in levers())


@pytest.mark.parametrize(("name", "parts"), [
    ("spend", ["could be any of several levers", "promotion.sem.spend, ", "promotion.salon.spend"]),
    ("sales", ["could be any", "sales.reps"]), ("SEM budget", ["is not a lever", f"did you mean '{SEM}'"]),
    ("exhibitoin", ["is not a lever", "'promotion.exhibition.spend'"]), ("belief.memory", ["is not a lever"]),
    ("", ["is not a lever"]),
])
def test_other_names_are_refused(name: str, parts: list[str]) -> None:
    _, problem = lever(name)
    for part in parts:
        assert part in str(problem)


@pytest.mark.parametrize(("header", "cell", "value"), [
    ("SEM (CNY)", "70", 70), ("SEM (CNY thousand)", "70", 70_000), ("SEM ['000]", "70", 70_000), ("SEM (万元)", "0.7", 7000),
    ("SEM (CNY/week)", "70", 70), ("SEM (CNY k per week)", "0.07", 70), ("SEM", "CNY 70", 70), ("SEM", "¥70", 70),
    ("SEM", "70元", 70),
    ("SEM", "0.7万元", 7000), ("SEM", "7k", 7000), ("SEM", "1.4M CNY", 1_400_000), ("SEM", '"7,000"', 7000),
    ("SEM", "7 000", 7000),
    ("SEM", "7\u00a0000", 7000), ("SEM", "7\u202f000", 7000), ("SEM", "+7", 7), ("SEM", "7'000.0", 7000),
    ("max share", "30 %", 0.3), ("max share (%)", "30", 0.3), ("max share (%)", "30%", 0.3), ("max share", "0.3", 0.3),
    ("sales segment focus", "3", 3), ("sales segment focus", "-1", -1), ("productize", "No", False), ("productize", "是", True),
    ("productize", "1", True),
])
def test_amounts_are_read(header: str, cell: str, value: Any, here: Path) -> None:
    path, _ = lever(header.split("(")[0].split("[")[0])
    found = by_week(laid(f"week,{header}\n0,{cell}\n"), path, 1)[0]
    assert found == pytest.approx(value)
    assert type(found) is type(known()[f"plan.{path}"].default)


@pytest.mark.parametrize(("header", "cell", "parts"), [
    ("SEM", "€70", ["'€70'", "another currency (€)", "amounts in CNY"]), ("SEM", "70 USD", ["another currency (USD)"]),
    ("SEM", "lots", ["'lots'", "is not a number", "12,000.50"]), ("SEM", '"1,50"', ["is not a number"]),
    ("SEM", "30 %", ["percentage"]),
    ("SEM", "-70", ["is out of range", "-70 a week", "from 0"]), ("SEM", "(70)", ["is out of range"]),
    ("SEM", "1e5", ["is not a number"]),
    ("SEM", "nan", ["is not a number"]), ("SEM", "=1+1", ["is not a number"]), ("SEM", "-", ["is not a number", "or nothing"]),
    ("SEM (CNY thousand)", "7k", ["a multiplier beside that of its column"]), ("SEM", "9" * 100, ["is not a number"]),
    ("reps", "CNY 3", ["is an amount of money", "people"]), ("reps", "30 %", ["percentage"]),
    ("max share", "30", ["write 30 % or 0.3"]),
    ("sales segment focus", "1.5", ["is not a whole number"]), ("productize", "perhaps", ["is not yes or no"]),
])
def test_amounts_that_do_not_fit_are_refused_with_their_place(header: str, cell: str, parts: list[str], here: Path) -> None:
    path, _ = lever(header.split("(")[0])
    (line,) = told(f"\nweek,{header}\n0,{cell}\n")
    assert line.startswith(f"spend.csv line 3 column '{header}': {path} = ")
    for part in parts:
        assert part in line
    assert len(line) < 300


@pytest.mark.parametrize(("header", "parts"), [
    ("SEM (EUR)", ["promotion.sem.spend = 'EUR': is not its unit", "(CNY)"]), ("SEM (clicks)", ["'clicks': is not its unit"]),
    ("reps (CNY)", ["'CNY': is not its unit", "(people)"]), ("reps (%)", ["is not its unit"]),
    ("spend", ["could be any of several levers"]), ("quarter", ["there are columns 'week' and 'quarter'"]),
    ("SEM,sem.spend", ["line 1: promotion.sem.spend: has another column already"]),
])
def test_wrong_columns_are_refused(header: str, parts: list[str], here: Path) -> None:
    (line,) = told(f"week,{header},announce\n0,{'1,' * (header.count(',') + 1)}yes\n")
    for part in ["spend.csv line 1", *parts]:
        assert part in line


@pytest.mark.parametrize(("text", "parts"), [
    ("month,SEM\nJanuary,5\n", ["line 2 column 'month': month = 'January': is not a month", "2027-02 or Feb 2027"]),
    ("month,SEM\n,5\n", ["line 2 column 'SEM': stands in a row without a month"]),
    ("month,SEM\n2027-02,5,9\n", ["line 2", "stands in a column without a name in line 1"]),
    ("month,SEM\n2027-02,5\nFeb 2027,5\n", ["line 3 column 'month': month = 'Feb 2027': shares days with line 2"]),
    ("week,SEM\n2027-02-01,5\n2027-02-04,5\n", ["line 3", "shares days with line 2"]),
    ("date,SEM\n2027-02-01,5\n2027-02-01,5\n", ["line 3", "shares days with line 2"]),
    ("month,SEM\n2025-02,5\n2025-03,5\n", ["line 2", "neither this nor any other month", "2027-01-04 to 2028-12-31"]),
    ("month,SEM\n2027-02,\n", ["spend.csv: says nothing"]), ("month,SEM\n", ["says nothing"]),
    ("month,SEM\n2027-02,500\n2027-03,600\nTotal,1200\n", ["line 4", "is a total, but the rows above add up to 1,100"]),
    ("SEM,reps\n5,6\n", ["has no table of a plan", "week, date, month or quarter"]), ("", ["has no table"]),
    ("month\n2027-02\n", ["no table"]),
    ('month,SEM\n2027-02,"5\n', ["line 2: is not CSV"]), ("month,SEM\n2027-02,\0\n", ["line 2", "is not a text file"]),
])
def test_wrong_tables_are_refused_in_one_line(text: str, parts: list[str], here: Path) -> None:
    (line,) = told(text)
    for part in parts:
        assert part in line


def test_every_problem_is_told_at_once(here: Path) -> None:
    text = "month,SEM,spend,reps\nFeb 2027,€5,1,3\nMar,5,1,4\nApr 2027,5,1,-3\nTotal,99,,\n"
    assert [line.split(":")[0] for line in told(text)] == [
        "spend.csv line 1", "spend.csv line 3 column 'month'", "spend.csv line 2 column 'SEM'", "spend.csv line 4 column 'reps'",
    ]


def test_subtotals_and_words_below_are_left_out(here: Path) -> None:
    rows = ("Feb 2027,5,total agreed", "Subtotal,5,", "Mar 2027,6,", "Subtotal,6,", "Total,11,", "Source: finance,,")
    made = laid("Plan,\nmonth,SEM,Notes\n" + "\n".join(rows))
    assert sum(value for value in by_week(made, SEM)[4:12]) == pytest.approx(11)
    assert len(made.notes) == 3


def test_a_run_of_equal_weeks_is_one_entry(here: Path) -> None:
    made = laid("month,SEM\n2027-03,31\n2027-04,30\n")
    assert made.settings()[f"plan.{SEM}"][2:] == [{"from": 8, "to": 16, "value": 7.0}, {"from": 16, "to": 17, "value": 5.0}]


# files --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [
    "Budget;;\nmonth;SEM;Notes\n2027-02;1.234,50;a, b\n".encode("utf-8-sig"), b"month\tSEM\n2027-02\t1,234.50\n",
    b'month,SEM\r\n2027-02,"1,234.50"\r\n', b"sep=;\nmonth;SEM\n2027-02;1 234,5\n", b'"a ""b"", c",\nmonth,SEM\n2027-02,1234.5\n',
])
def test_delimiters_and_decimal_signs_are_told_apart(content: bytes, here: Path) -> None:
    (here / "spend.csv").write_bytes(content)
    assert sum(by_week(load("baseline", "spend.csv"), SEM)[4:8]) == pytest.approx(1234.5)


@pytest.mark.parametrize(("text", "comma", "value"), [
    ("12,000", False, 12000), ("12.5", False, Fraction(25, 2)), (".5", False, Fraction(1, 2)), ("1,234,567", False, 1234567),
    ("12,5", False, None), ("0,125", False, None), ("1,2345", False, None), ("1,234 567", False, None), ("1.2.3", False, None),
    ("12.000", True, 12000), ("12,5", True, Fraction(25, 2)), ("0.125", True, None), ("12.5", True, None),
    ("1.234.567,8", True, Fraction(12345678, 10)),
    ("", False, None), (".", False, None), (",", True, None),
])
def test_thousands_are_no_decimals(text: str, comma: bool, value: Any) -> None:
    assert decimal(text, comma) == value


def test_currencies_are_told_apart() -> None:
    assert own_currency("¥", "CNY")
    assert own_currency("¥", "JPY")
    assert own_currency("$", "USD")
    assert not own_currency("$", "EUR")
    codes = ['"¥"#,##0', "[$€-407] #,##0.00", "#,##0 [$USD]", '#,##0\\ "CNY"', "$#,##0;[Red]-$#,##0"]
    assert [formatted(code) for code in codes] == [["¥"], ["€"], ["USD"], ["CNY"], ["$"]]
    assert not any(formatted(code) for code in ("[$-409]mmm yyyy", "0%", "General", '0 "people"'))


@pytest.mark.parametrize(("name", "content", "parts"), [
    ("a.csv", b"\xff\xfe\x00", ["a.csv line 1", "UTF-8"]), ("a.csv", b"#" * 10_000_001, ["larger than 10 MB"]),
    ("a.xlsx", b"junk", ["is not an Excel workbook"]), ("a.xlsx", b"PK\x03\x04junk", ["is not an Excel workbook"]),
    ("a.xlsx", b"", ["is not an Excel workbook"]),
    ("a.csv", b"week,SEM\n" + b"\n" * 99 + b"0," * 600, ["more than 20,000 rows or 500 columns"]),
    ("a.csv", b"week,SEM\n0," + b"5" * 200_000, ["is not CSV"]),
])
def test_files_that_are_no_sheets_are_one_line(name: str, content: bytes, parts: list[str], here: Path) -> None:
    (here / name).write_bytes(content)
    (line,) = [str(problem) for problem in check(f"baseline+{name}")]
    for part in parts:
        assert part in line


@pytest.mark.parametrize(("content", "part"), [
    (b"<a/>", "cannot be read as an Excel workbook"), (b'<!DOCTYPE a [<!ENTITY x "y">]><a/>', "declares a document type"),
    (b" " * 100_000_001, "more than 100 MB unpacked"),
])
def test_archives_that_are_no_workbooks_are_one_line(content: bytes, part: str, here: Path) -> None:
    with zipfile.ZipFile("a.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", content)
    (problem,) = check("baseline+a.xlsx")
    assert part in str(problem)


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(content: bytes) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("xl/workbook.xml", content)
    lines: list[str] = []
    for name, given_ in (("a.csv", content), ("a.xlsx", content), ("a.xlsx", made.getvalue())):
        try:
            grid.grids(given_, name)
        except UserError as error:
            lines.append(str(error))
    assert not any("\n" in line for line in lines)


@pytest.mark.parametrize(("spec", "parts"), [
    ("baseline+spend.xls", ["'spend.xls' is in the old Excel format", "save it as .xlsx"]),
    ("baseline+none.csv", ["none.csv", "no such file"]),
    ("baseline+in/none.csv", ["no such file"]), ("up.toml", ["up.toml line 1: extends", "outside the folder"]),
    ("link.toml", ["link.toml line 1: extends", "outside the folder"]),
])
def test_sheets_are_found_as_scenario_files_are(
    spec: str, parts: list[str], here: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "spend.xlsx"
    book([["week", "SEM"], [0, 5]]).save(elsewhere)
    (here / "link.xlsx").symlink_to(elsewhere)
    (here / "link.toml").write_text('extends = "link.xlsx#Budget"\n')
    (here / "up.toml").write_text('extends = "../spend.csv"\n')
    (line,) = [str(problem) for problem in check(spec)]
    for part in parts:
        assert part in line


def test_a_plan_is_a_sheet(here: Path) -> None:
    with pytest.raises(UserError, match="is not a sheet"):
        load("baseline", "mine.toml")


# workbooks ----------------------------------------------------------------------------------------------


def test_a_workbook_is_read_as_excel_shows_it(here: Path) -> None:
    rows = [
        ["Budget 2027"], [], ["Date", datetime.date(2026, 11, 1)], ["Month", "SEM", "Max share", "Productize"],
        [datetime.date(2027, 2, 1), 2800, 0.3, True], [datetime.datetime(2027, 3, 1), "2,800", "25 %", "no"],
        ["Total", "=SUM(B5:B6)"],
    ]
    book(rows, C5="0%", B5='"¥"#,##0').save("spend.xlsx")
    made = load("baseline+spend.xlsx")
    assert by_week(made, SEM)[4:8] == [700] * 4
    assert by_week(made, SHARE)[4:9] == [0.3] * 4 + [0.25]
    assert by_week(made, "customization.productize")[4:9] == [True] * 4 + [False]
    assert str(made.origin(f"plan.{SEM}")) == "spend.xlsx sheet 'Budget' cell B4"


@pytest.mark.parametrize(("value", "code", "parts"), [
    ("=1+1", "General", ["a formula whose result was not saved", "save it"]), ("#DIV/0!", "General", ["the error #DIV/0!"]),
    (5, "[$€-407] #,##0", ["another currency (€)", "amounts in CNY"]),
    (datetime.date(2027, 1, 2), "yyyy-mm-dd", ["is a date or a time"]),
    (True, "General", ["is yes or no"]), ("$5", "General", ["another currency ($)"]), (-5, "General", ["is out of range"]),
])
def test_a_wrong_cell_is_named(value: Any, code: str, parts: list[str], here: Path) -> None:
    made = book([[], ["", "Month", "SEM"], ["", "2027-02", value]], C3=code)
    made.save("spend.xlsx")
    (line,) = [str(problem) for problem in check("baseline+spend.xlsx")]
    assert line.startswith(f"spend.xlsx sheet 'Budget' cell C3: {SEM}")
    for part in parts:
        assert part in line


def test_the_sheet_with_a_table_is_read_or_the_one_named(here: Path) -> None:
    made = book([["week", "SEM"], [0, 5]])
    made.create_sheet("Notes").append(["nothing here"])
    made.save("one.xlsx")
    assert by_week(load("baseline+one.xlsx"), SEM)[0] == 5
    made.create_sheet("Low + lean").append(["week", "SEM"])
    made["Low + lean"].append([0, 3])
    hidden = made.create_sheet("Old")
    hidden.append(["week", "SEM"])
    hidden.sheet_state = "hidden"
    made.save("two.xlsx")
    (line,) = [str(problem) for problem in check("baseline+two.xlsx")]
    assert line == "two.xlsx: has several sheets with a plan: name one; allowed: two.xlsx#Budget, two.xlsx#Low + lean"
    low, high = load("baseline", "two.xlsx#low + lean"), load("baseline+two.xlsx#Budget+small")
    assert (by_week(low, SEM)[0], by_week(high, SEM)[0], high.name) == (3, 5, "baseline+two#Budget+small")
    assert "has no sheet 'Bugdet'; allowed: Budget, Notes" in str(check("baseline+two.xlsx#Bugdet")[0])
    assert "two.xlsx sheet 'Notes': has no table" in str(check("baseline+two.xlsx#Notes")[0])


# examples -----------------------------------------------------------------------------------------------


def test_the_examples_read(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = sorted(file for file in EXAMPLES.iterdir() if grid.is_sheet(file.name))
    assert len(files) == 3
    for file in files:
        assert check(f"baseline+{file}") == []
    (by_csv, by_book) = (load("baseline", file) for file in files if file.stem == "marketing_budget")
    assert by_week(by_csv, SEM) == by_week(by_book, SEM)
    assert sum(by_week(by_csv, SEM, 52)) == pytest.approx(1_290_000)


def test_the_example_workbook_is_that_of_its_script() -> None:
    names: dict[str, Any] = {"__name__": "script", "__file__": str(EXAMPLES / "make_workbook.py")}
    exec(compile((EXAMPLES / "make_workbook.py").read_text(encoding="utf-8"), "make_workbook.py", "exec"), names)
    with zipfile.ZipFile(io.BytesIO(names["made"]())) as made, zipfile.ZipFile(EXAMPLES / "marketing_budget.xlsx") as kept:
        assert {part: made.read(part) for part in made.namelist()} == {part: kept.read(part) for part in kept.namelist()}


# what a reader does not see as it is --------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["B1048576", "Z200000", "XFD1048576", "XFD3"])
def test_a_stray_cell_is_named_at_once(cell: str, here: Path) -> None:
    made = book([["Month", "SEM"], ["2027-02", 2800]])
    made["Budget"][cell] = "x"
    made.save("spend.xlsx")
    begin = time.perf_counter()
    (line,) = [str(problem) for problem in check("baseline+spend.xlsx")]
    assert time.perf_counter() - begin < 5
    assert cell in line
    assert "sheet 'Budget'" in line


@pytest.mark.parametrize(("cell", "value"), [("XFD1048576", " "), ("A1048576", "a footnote")])
def test_a_stray_blank_or_footnote_says_nothing(cell: str, value: str, here: Path) -> None:
    made = book([["Month", "SEM"], ["2027-02", 2800]])
    made["Budget"][cell] = value
    made.save("spend.xlsx")
    begin = time.perf_counter()
    assert check("baseline+spend.xlsx") == []
    assert time.perf_counter() - begin < 5


@pytest.mark.parametrize("merged", ["B2:B3", "A2:A3", "B2:C2"])
def test_merged_levers_and_periods_are_refused_by_their_address(merged: str, here: Path) -> None:
    made = book([["Month", "SEM", "Reps"], ["2027-01", 2800, 2], ["2027-02", None, 2], ["Total", 2800]])
    made["Budget"].merge_cells("B4:C4")
    made.save("fine.xlsx")
    assert check("baseline+fine.xlsx") == []
    made["Budget"].merge_cells(merged)
    made.save("spend.xlsx")
    lines = [str(problem) for problem in check("baseline+spend.xlsx")]
    assert f"spend.xlsx sheet 'Budget' cells {merged}: are merged; allowed: a value in each cell" in lines


def test_hidden_cells_count_and_a_note_says_so(here: Path) -> None:
    made = book([["Month", "SEM", "Reps"], ["2027-02", 2800, 2], ["2027-03", 2800, 2]])
    made["Budget"].row_dimensions[3].hidden = True
    made["Budget"].column_dimensions["C"].hidden = True
    made.save("spend.xlsx")
    notes = load("baseline+spend.xlsx").notes
    assert [note.partition(": ")[2] for note in notes] == ["hidden row 3 is counted", "hidden column C is counted"]


@pytest.mark.parametrize(("name", "format_"), [("old.xls", "in the old Excel format"), ("b.ods", "an OpenDocument sheet")])
def test_other_formats_are_named(name: str, format_: str, here: Path) -> None:
    for told in (check(f"baseline+{name}"), check(name), check(f"./{name}")):
        (line,) = map(str, told)
        assert f"{name}' is {format_}: save it as .xlsx" in line
    with pytest.raises(UserError, match=r"save it as \.xlsx"):
        load("baseline", name)


def test_digits_of_other_scripts_are_not_taken_for_nothing() -> None:
    assert decimal("\uff11\uff12\uff10\uff10\uff10") is None
    assert decimal("\u0661\u0662") is None
