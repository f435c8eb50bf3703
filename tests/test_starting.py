"""A market of one's own: answers read, the nearest archetype, what follows, the file; and plans started from examples."""

from __future__ import annotations

import datetime
import math
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toys import shelved

from sim import scenario_files
from sim.agents.vendor import STAGES
from sim.errors import UserError
from sim.matter import MATTERS, told_by_default
from sim.model import GrowthModel
from sim.plan import in_force
from sim.scenario import Scenario, check, load
from sim.settings import known, settings_of
from sim.starting.archetypes import archetypes, distances
from sim.starting.figures import figures
from sim.starting.files import new, new_market, ranked
from sim.starting.following import BY, WHY
from sim.starting.questions import QUESTIONS, Answer, answer
from sim.starting.sizes import RATIOS, TEAM, Sizes

CAFES = {
    "firms": "12,000", "buys-every": "18 months", "deciders": "2", "consumers-per-firm": "150", "resellers": "40",
    "currency": "EUR", "exchange-rate": "7.8", "fee": "195/month", "reps": "2", "engineers": "5", "support": "1",
    "cash": "400,000", "start-date": "2027-03-01",
}
A_TENTH = {"firms": "6000", "resellers": "20", "reps": "0.1", "engineers": "0.8", "support": "0.2", "cash": "900000"}
NICHE = CAFES | {"firms": "300", "resellers": "2", "reps": "1", "engineers": "2", "cash": "250000"}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def answers(texts: dict[str, str]) -> dict[str, Answer]:
    return {name: answer(QUESTIONS[name], text) for name, text in texts.items()}


def write(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text, encoding="utf-8")
    return name


def made(texts: dict[str, str], name: str = "mine.toml") -> Scenario:
    new_market(name, answers(texts))
    assert check(name) == []
    return load(name)


# answers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "text", "value"), [
    ("firms", "12000", 12_000), ("firms", "12,000", 12_000), ("firms", " 12_000 ", 12_000), ("firms", "1,200,000", 1_200_000),
    ("deciders", "3.6", 3.6), ("buys-every", "78", 78.0), ("buys-every", "78 weeks", 78.0), ("buys-every", "18 months", 78.0),
    ("buys-every", "1 year", 52.0), ("buys-every", "1.5 Years", 78.0), ("fee", "45", 45.0), ("fee", "195/month", 45.0),
    ("fee", "195 a month", 45.0), ("fee", "2,340 per year", 45.0), ("fee", "45 / week", 45.0), ("currency", "EUR", "EUR"),
    ("start-date", "2027-03-01", datetime.date(2027, 3, 1)), ("resellers", "0", 0),
])
def test_answers_are_read(name: str, text: str, value: Any) -> None:
    found = answer(QUESTIONS[name], text)
    assert found.value == pytest.approx(value) if isinstance(value, float) else found.value == value
    assert found.said == text.strip()


@pytest.mark.parametrize(("name", "text", "what"), [
    *(("firms", text, "is not a number") for text in ("many", "", "1.5e3", "nan", "12,00", "１２０００")),
    *(("firms", text, "is out of range") for text in ("99", "-5", "9" * 400)), ("firms", "120.5", "is not a whole number"),
    ("deciders", "7", "is out of range"), ("deciders", "3,6", "is not a number"), ("buys-every", "1 week", "is out of range"),
    ("buys-every", "often", "is not a length of time"), ("fee", "free", "is not an amount"), ("fee", "1/year", "is out of range"),
    ("fee", "45 EUR", "names a currency, but none was answered"), ("firms", "€12000", "is an amount of money"),
    ("currency", "€", "is not a currency"), ("start-date", "March", "is not a date"),
    ("start-date", "1700-01-01", "is out of range"),
    ("cash", "0", "is out of range"), ("exchange-rate", "0", "is out of range"),
])
def test_a_wrong_answer_is_one_line_that_says_what_is_allowed(name: str, text: str, what: str) -> None:
    with pytest.raises(UserError) as error:
        answer(QUESTIONS[name], text)
    (problem,) = error.value.problems
    line = str(problem)
    assert line.startswith(f"--{name}")
    assert what in line
    assert f"allowed: {QUESTIONS[name].allowed}" in line
    assert len(line) < 250


@pytest.mark.parametrize(("name", "text", "comma", "value"), [
    ("fee", "€195/month", False, 45.0), ("fee", "EUR 195/month", False, 45.0), ("fee", "195 EUR per month", False, 45.0),
    ("cash", "400k", False, 400_000.0), ("cash", "€1.2m", False, 1_200_000.0), ("firms", "12k", False, 12_000),
    ("firms", "12.000", True, 12_000), ("fee", "195,50/month", True, 195.5 / 52 * 12), ("exchange-rate", "7,8", True, 7.8),
])
def test_money_is_read_as_plan_sheets_write_it(name: str, text: str, comma: bool, value: float) -> None:
    found = answer(QUESTIONS[name], text, currency="EUR", comma=comma)
    assert found.value == pytest.approx(value)


def test_money_in_another_currency_is_refused() -> None:
    with pytest.raises(UserError, match="another currency"):
        answer(QUESTIONS["fee"], "$195/month", currency="EUR")
    with pytest.raises(UserError, match="decimal sign is a comma"):
        answer(QUESTIONS["exchange-rate"], "7.8", currency="EUR", comma=True)


def test_every_question_is_of_a_setting_and_within_its_bounds() -> None:
    for question in QUESTIONS.values():
        if question.path:
            bounds = known()[question.path].bounds
            assert bounds is None or bounds[0] <= question.least <= question.most <= bounds[1]
    assert "exchange-rate" in QUESTIONS
    assert list(QUESTIONS).index("currency") < list(QUESTIONS).index("exchange-rate") < list(QUESTIONS).index("fee")


# a table ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [
    'question,answer\nfirms,"12,000"\nbuys-every,18 months\nfee,\n',
    "Question;Answer\r\nFirms;12000\r\nBuys every;18 months\r\n\r\n",
    "\ufeffquestion,answer,\nfirms,12000,\nbuys_every,18 months,\n",
])
def test_a_table_of_answers(text: str, here: Path) -> None:
    found = figures(write(here, "figures.csv", text))
    assert {name: part.value for name, part in found.items()} == {"firms": 12_000, "buys-every": pytest.approx(78)}


def test_a_table_with_semicolons_has_decimal_commas(here: Path) -> None:
    text = "question;answer\nfirms;12.000\nfee;€195,50/month\nexchange-rate;7,8\ncurrency;EUR\ncash;400k\n"
    found = {name: part.value for name, part in figures(write(here, "figures.csv", text)).items()}
    assert (found["firms"], found["exchange-rate"], found["cash"], found["currency"]) == (12_000, 7.8, 400_000, "EUR")
    assert found["fee"] == pytest.approx(195.5 * 12 / 52)


@pytest.mark.parametrize(("text", "parts"), [
    ("question,answer\nfirms,60,000\n", ["figures.csv line 2", "third cell"]),
    ("question,answer\n\nfirm,12000\n", ["figures.csv line 3", "firm", "is not a question", "did you mean 'firms'"]),
    ("question,answer\nfirms,12000\nfirms,13000\n", ["figures.csv line 3", "firms", "answered twice"]),
    ("question,answer\nfirms,many\n", ["figures.csv line 2", "firms = 'many'", "whole numbers from 100"]),
    ("firms,12000\n", ["figures.csv line 1", "heading", "question,answer"]), ("", ["heading"]),
    ("question,answer\nfirms,\n", ["answers nothing"]),
])
def test_a_wrong_table_is_one_line(text: str, parts: list[str], here: Path) -> None:
    with pytest.raises(UserError) as error:
        figures(write(here, "figures.csv", text))
    (problem,) = error.value.problems
    for part in parts:
        assert part in str(problem)


def test_every_wrong_row_has_its_line(here: Path) -> None:
    with pytest.raises(UserError) as error:
        figures(write(here, "figures.csv", "question,answer\nfirms,few\ncash,lots\n"))
    assert [problem.line for problem in error.value.problems] == [2, 3]
    with pytest.raises(UserError, match="no such file"):
        figures("nowhere.csv")


# the nearest archetype ----------------------------------------------------------------------------------

ANALYTICS = """extends = "baseline"
archetype = "analytics"
title = "Analytics"
[need]
interval = 208.0
[buying]
fee = 4_000.0
usual_fee = 4_000.0
[market]
committee_mean = 5.0
consumers_per_merchant = 5_000.0
merchants = 8_000
"""


@pytest.fixture
def three(tmp_path: Path) -> Iterator[None]:
    """Put two toy archetypes beside the baseline, and a plan that is none."""
    folder = tmp_path / "shipped"
    folder.mkdir()
    baseline = (Path(scenario_files.__file__).parent / "scenarios" / "baseline.toml").read_text(encoding="utf-8")
    with shelved(folder):
        write(folder, "baseline.toml", baseline)
        write(folder, "analytics.toml", ANALYTICS)
        write(folder, "payments.toml", ANALYTICS.replace("analytics", "payments").replace("interval = 208.0", "interval = 26.0"))
        yield


def test_what_comes_with_sim_has_the_points_mall() -> None:
    found = archetypes()
    assert (found[0].name, found[0].kind) == ("baseline", "points_mall")
    assert {archetype.currency for archetype in found} == {"CNY"}  # one exchange rate is asked for, to this currency
    assert all(archetype.settings["market.scale"] == 1 for archetype in found)


def test_an_archetype_says_so_itself(three: None) -> None:
    assert [archetype.name for archetype in archetypes()] == ["baseline", "analytics", "payments"]
    assert [archetype.kind for archetype in archetypes()] == ["points_mall", "analytics", "payments"]


@pytest.mark.parametrize(("texts", "nearest"), [
    ({}, "baseline"), ({"firms": "8000", "cash": "1"}, "baseline"), ({"fee": "3000"}, "analytics"), ({"fee": "400"}, "baseline"),
    ({"fee": "3000", "buys-every": "30"}, "payments"), ({"fee": "500", "currency": "EUR", "exchange-rate": "7.8"}, "analytics"),
    ({"consumers-per-firm": "3000", "deciders": "5", "buys-every": "3 years"}, "analytics"), ({"deciders": "4"}, "baseline"),
])
def test_the_nearest_is_by_the_kind_of_market(texts: dict[str, str], nearest: str, three: None) -> None:
    assert distances(answers(texts), archetypes())[0][0].name == nearest


def test_distance_counts_twice_and_half_alike() -> None:
    base = archetypes()[0]
    far = [distances(answers({"consumers-per-firm": str(n)}), [base])[0][1] for n in (67, 135, 33)]
    assert far[0] == 0
    assert far[1] == pytest.approx(math.log(2))
    assert far[2] == pytest.approx(math.log(2))


def test_the_file_extends_the_nearest_and_says_how_far(three: None, here: Path) -> None:
    made({"fee": "3000", "buys-every": "30"})
    text = (here / "mine.toml").read_text()
    assert 'extends = "payments"' in text
    assert "It is the nearest; distances from your answers: payments 0." in text
    assert "over buys-every, fee." in text
    new_market("other.toml", answers({"fee": "3000"}), "points_mall")
    assert 'extends = "baseline"' in (here / "other.toml").read_text()
    assert "the one asked for" in (here / "other.toml").read_text()
    with pytest.raises(UserError, match=r"allowed: .*payments"):
        ranked({}, "paymnts")


def test_an_archetype_must_be_named(here: Path) -> None:
    write(here, "odd.toml", 'extends = "baseline"\narchetype = 3\n')
    (problem,) = check("odd.toml")
    assert str(problem).startswith("odd.toml line 2: archetype = 3")


# what follows -------------------------------------------------------------------------------------------


def numbers(scenario: Scenario, stage: str) -> dict[str, float]:
    """Return by path every number in force in week 60, some time after `stage` was entered; what scale multiplies in code too."""
    entered = {name: 40 * (name != "prototype") if STAGES.index(name) <= STAGES.index(stage) else None for name in STAGES}
    mechanisms = in_force(scenario.resolved(), scenario.plan, 60, stage, entered, scenario.market.scale)
    parts = (("", mechanisms), ("market.", scenario.resolved_market()), ("vendor.", scenario.resolved_vendor()))
    found = {path: value for path, value in settings_of(*parts) if isinstance(value, int | float)}
    found["customization.product_factor"] *= found.pop("market.scale")
    return found


@pytest.mark.parametrize("stage", STAGES)
def test_a_market_and_vendor_of_a_tenth_are_what_scale_makes_them(stage: str, here: Path) -> None:
    """Everything that grows with the market is found: `small` is the same market by another way."""
    assert numbers(made(A_TENTH), stage) == pytest.approx(numbers(load("baseline+small"), stage), rel=1e-6)


def test_a_tenth_runs_as_small_does(here: Path) -> None:
    ran = []
    for scenario in (made(A_TENTH), load("baseline+small")):
        model = GrowthModel(scenario, 1)
        for _ in range(60):
            model.step()
        ran.append((model.vendor.cash, float(len(model.world.live())), model.vendor.polish))
    assert ran[0] == pytest.approx(ran[1], rel=1e-6)


def test_answers_that_are_the_archetypes_change_nothing(here: Path) -> None:
    base = load("baseline")
    same = {"firms": "60000", "buys-every": "104", "deciders": "3.6", "consumers-per-firm": "67", "resellers": "200"}
    same |= {"reps": "1", "engineers": "8", "support": "2", "cash": "9000000", "fee": "380", "currency": "CNY"}
    mine = made(same | {"start-date": "2027-01-04"})
    assert {path for path, _, _ in base.diff(mine)} == {f"plan.{QUESTIONS[name].path}" for name in TEAM}
    for stage in STAGES:
        assert numbers(mine, stage) == numbers(base, stage)
    assert made({}, "nothing.toml").diff(base) == []


def test_the_market_means_the_same(here: Path) -> None:
    base, mine = load("baseline").settings(), made(CAFES).settings()

    def relative(settings: dict[str, Any], active: float) -> float:
        """Return a firm's gain relative to the fee, with a share of its consumers active."""
        people = active * settings["market.consumers_per_merchant"]
        gain = settings["renewal.margin"] * people + settings["renewal.labour_saved"] - settings["renewal.labour"]
        return float(gain / settings["buying.fee"] - 1.0)

    assert mine["word.circle_size"] == 12_000 / 48
    assert mine["buying.usual_fee"] == mine["buying.fee"] == 45
    assert [relative(mine, share) for share in (0, 0.3)] == pytest.approx([relative(base, share) for share in (0, 0.3)], rel=1e-4)
    for path in ("word.half", "sales.addressable", "sales.reseller_half", "product.evidence_half", "channel.half_leads"):
        assert mine[path] / mine["market.merchants"] == pytest.approx(base[path] / base["market.merchants"])
    spent = mine["promotion.sem.half_spend"] * 7.8 / mine["market.merchants"]
    assert spent == pytest.approx(base["promotion.sem.half_spend"] / base["market.merchants"], rel=1e-5)
    assert mine["customization.wage"] == pytest.approx(9_000 / 7.8, rel=1e-5)
    assert mine["market.consumers_per_merchant"] / mine["market.people_per_row"] == pytest.approx(67 / 40, rel=1e-5)


def test_the_plan_is_of_the_size_that_market_and_cash_carry(here: Path) -> None:
    def later(texts: dict[str, str]) -> list[float]:
        plan = made(CAFES | texts, f"{len(list(here.iterdir()))}.toml").settings()["plan.sales.reps"]
        return [span["value"] for span in plan]

    assert later({}) == pytest.approx([6.0, 7.2])  # a fifth of the archetype's firms
    assert later({"cash": "100000"}) == pytest.approx([30 * 780 / 9_000, 36 * 780 / 9_000], rel=1e-4)  # less cash than firms
    assert later({"reps": "20"}) == [20, 20]  # nobody who is there today is let go
    assert later({"cash": "4,000,000"}) == pytest.approx([6.0, 7.2])  # more cash buys no larger market


def test_no_money_is_left_in_the_archetypes_currency(here: Path) -> None:
    base, mine = load("baseline").settings(), made(CAFES).settings()
    kept = [path for path, par in known().items() if "money" in par.unit and base.get(path) and mine.get(path) == base[path]]
    assert [path for path in kept if f"plan.{path}" not in mine] == []


def test_a_group_of_one_or_six_has_no_spread(here: Path) -> None:
    for number, spread in (("1", 0.0), ("6", 0.0), ("3.6", 1.1)):
        found = made({"deciders": number}, f"{number}.toml").market.committee_spread
        assert found == pytest.approx(spread, abs=1e-6)


def test_what_is_not_answered_is_in_proportion() -> None:
    base = archetypes()[0]
    sizes = Sizes(answers({"firms": "12000"}), base)
    assert [sizes.value(name) for name in ("reps", "engineers", "support", "resellers")] == [1, 2, 1, 40]
    assert sizes.runway()[0] == pytest.approx(sizes.runway()[1]) == pytest.approx(90)
    assert Sizes({}, base).value("cash") == 9_000_000
    assert Sizes(answers({"currency": "EUR", "exchange-rate": "7.8"}), base).value("fee") == pytest.approx(380 / 7.8)


def test_names_of_ratios_and_settings_are_known() -> None:
    assert set(BY) <= set(known())
    assert {name for names in BY.values() for name in names} <= set(RATIOS)
    assert {names[0] for names in BY.values()} | {"firms", "growth", "money", "deciders", "today"} <= set(WHY)


# the file -----------------------------------------------------------------------------------------------


def asked(name: str) -> st.SearchStrategy[str]:
    """Return texts that answer a question within its bounds."""
    question = QUESTIONS[name]
    if name == "start-date":
        return st.dates(datetime.date(1900, 1, 1), datetime.date(2200, 1, 1)).map(str)
    if name in ("firms", "resellers"):
        return st.integers(int(question.least), int(question.most)).map(str)
    return st.floats(question.least, question.most).map(lambda value: f"{min(max(value, question.least), question.most):.6f}")


def any_answers() -> st.SearchStrategy[dict[str, str]]:
    free = [name for name in QUESTIONS if name not in ("currency", "exchange-rate")]
    plain = st.fixed_dictionaries({}, optional={name: asked(name) for name in free})
    abroad = st.fixed_dictionaries({"currency": st.just("EUR"), "exchange-rate": asked("exchange-rate")})
    return st.tuples(plain, st.just({}) | abroad).map(lambda both: both[0] | both[1])


@settings(max_examples=30, deadline=None)
@given(any_answers())
def test_any_answers_give_a_file_that_loads_back_to_them(tmp_path_factory: pytest.TempPathFactory, texts: dict[str, str]) -> None:
    file = tmp_path_factory.getbasetemp() / "any.toml"
    file.unlink(missing_ok=True)
    new_market(file, answers(texts))
    assert check(str(file)) == []
    found = load(str(file)).settings()
    for name, given_ in answers(texts).items():
        if QUESTIONS[name].path:
            exact = not isinstance(given_.value, float)
            value = found[QUESTIONS[name].path]
            assert value == given_.value if exact else value == pytest.approx(given_.value, rel=1e-5)
    assert all(math.isfinite(value) for value in found.values() if isinstance(value, float))


EDGES = [{name: f"{getattr(question, end):.15g}" for name, question in QUESTIONS.items()} for end in ("least", "most")]


@pytest.mark.parametrize("number", range(2**4))
def test_the_bounds_of_answers_hold_together(number: int, here: Path) -> None:
    """Every corner of size, means, fee and rate gives a file that loads."""
    sides = {"firms": 0, "cash": 1, **dict.fromkeys(TEAM, 1), "fee": 2, "consumers-per-firm": 2, "exchange-rate": 3}
    texts = {name: EDGES[number >> side & 1][name] for name, side in sides.items()} | {"currency": "EUR"}
    for resellers in ("0", "1", "10000"):
        made(texts | {"resellers": resellers}, f"{resellers}.toml")


def test_the_file_tells_yours_from_what_follows_and_from_defaults(here: Path) -> None:
    made(CAFES)
    text = (here / "mine.toml").read_text()
    head, _, rest = text.partition("# YOURS")
    given_, _, rest = rest.partition("# FOLLOWS FROM YOURS")
    following, _, defaults = rest.partition("# DEFAULTS")
    assert 'extends = "baseline"' in head
    assert "market.merchants = 12_000  # firms; yours: 12,000" in given_.splitlines()
    assert "buying.fee = 45.0  # EUR/week; yours: 195/month" in given_.splitlines()
    assert 'currency = "EUR"  # yours: EUR' in given_.splitlines()
    assert "# exchange-rate = 7.8: yours; CNY for 1 EUR" in given_
    assert "word.circle_size = 250.0  # firms; follows from firms: 12,000 in 8 segments × 6 regions" in following.splitlines()
    assert "sales.wage = 769.231  # EUR/week; follows from currency ÷ 7.8; baseline has 6_000.0" in following
    assert len(tomllib.loads("#" + given_)) >= 8
    wrong = [line for line in defaults.splitlines()[2:] if not (line.startswith("# ") and "source: " in line)]
    assert wrong == []


@pytest.mark.parametrize("texts", [{}, CAFES, {"reps": "4"}])
def test_defaults_stand_in_order_with_what_they_are(texts: dict[str, str], here: Path) -> None:
    mine = made(texts)
    lines = (here / "mine.toml").read_text().partition("# DEFAULTS")[2].splitlines()[2:]
    paths = [line.split()[1].removeprefix("plan.") for line in lines]
    assert paths == [path for path in MATTERS if path in paths]
    assert len(paths) >= 12
    write(here, "replaced.toml", (here / "mine.toml").read_text() + "\n".join(line.removeprefix("# ") for line in lines))
    assert load("replaced.toml").diff(mine) == []


def test_explain_tells_the_same(here: Path) -> None:
    text = " ".join(made(CAFES | {"deciders": "3.6"}).explain().split())
    lines = (here / "mine.toml").read_text().splitlines()
    for number, line in enumerate(lines, 1):
        if "; yours: " in line:
            said = line.partition("yours: ")[2]
            assert f"set in mine.toml line {number} (yours: {said})" in text
    assert "(follows from firms: 12,000 in 8 segments × 6 regions)" in text
    assert "3.6 people, as in the baseline set in mine.toml" in text
    told = text.partition("DEFAULTS of the baseline")[2]
    defaults = [line.split()[1] for line in lines if line.startswith("# ") and "source: " in line]
    assert defaults
    assert [path for path in defaults if path not in told] == []
    assert "market.merchants" not in told
    assert "DEFAULTS" not in load("premature_promotion").explain()


def test_what_matters_is_known_and_named_once() -> None:
    assert set(MATTERS) <= set(known())
    assert len(set(MATTERS)) == len(MATTERS)
    assert {question.path for question in QUESTIONS.values()} - {"", "currency", "start_date"} <= set(MATTERS)
    assert told_by_default({"plan.sales.reps", "need.window"}) == [p for p in MATTERS if p not in ("sales.reps", "need.window")]


@pytest.mark.slow
def test_what_is_said_to_matter_most_does() -> None:
    """The first of the list move value more between the ends of their ranges than what is not on it."""
    base = load("baseline+small")

    def moved(path: str) -> float:
        values = []
        for bound in known()[path].plausible or ():
            model = GrowthModel(base.replace(path, type(known()[path].default)(bound)), 1)
            for _ in range(base.weeks):
                model.step()
            values.append(model.finish().weekly["value"][-1])
        return float(abs(values[0] - values[1]))

    uncertain = [path for path, par in known().items() if par.plausible is not None]
    least = max(moved(path) for path in uncertain if path not in MATTERS)
    assert min(moved(path) for path in ("market.need_heterogeneity", "market.segment_overlap", "need.window")) > least


@pytest.mark.parametrize(("texts", "part"), [
    ({"currency": "EUR"}, "needs --exchange-rate, what 1 EUR is in CNY"), ({"exchange-rate": "7.8"}, "counts in CNY too"),
])
def test_money_is_not_converted_silently(texts: dict[str, str], part: str, here: Path) -> None:
    with pytest.raises(UserError, match=part):
        new_market("mine.toml", answers(texts))
    assert list(here.iterdir()) == []


def test_a_file_that_fails_half_way_leaves_nothing(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.starting.files.market_text", lambda *_: 'extends = "baseline"\ntitle = "\udc00"\n')
    monkeypatch.setattr("sim.starting.files.tried", lambda *_: None)
    with pytest.raises(UserError, match=r"mine.toml: cannot be written"):
        new_market("mine.toml", {})
    assert list(here.iterdir()) == []


# runs ---------------------------------------------------------------------------------------------------


def run_through(scenario: Scenario) -> dict[str, float]:
    """Return the last week's measures after the scenario's whole horizon; warnings are errors."""
    model = GrowthModel(scenario, 1)
    for _ in range(scenario.weeks):
        model.step()
    weekly = model.finish().weekly
    last = {measure: float(values[-1]) for measure, values in weekly.items()}
    assert math.isfinite(last["value"])
    assert math.isfinite(last["cash"])
    return last | {"signed": float(weekly["signed_merchants"].sum())}


def test_a_niche_runs_three_years(here: Path) -> None:
    last = run_through(made(NICHE))
    assert 3 <= last["signed"] < 300
    assert last["stage"] >= 1


@pytest.mark.slow
@pytest.mark.parametrize(("texts", "scale"), [(CAFES, 1.0), ({"firms": "2000000"}, 0.003), (CAFES | {"firms": "2000000"}, 0.05)])
def test_markets_of_any_size_run_three_years(texts: dict[str, str], scale: float, here: Path) -> None:
    last = run_through(made(texts).replace("market.scale", scale))
    assert last["signed"] > 20


# plans --------------------------------------------------------------------------------------------------


@pytest.fixture
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with shelved(tmp_path_factory.mktemp("scenarios")) as folder:
        yield folder


@pytest.mark.parametrize("base", ["baseline", "early+small", "mine.toml"])
def test_a_new_file_loads_and_so_do_its_examples(base: str, here: Path, shelf: Path) -> None:
    write(here, "mine.toml", 'extends = "early"\n')
    file = new("next-plan.toml", base)
    assert load("next-plan.toml").replace("title", "", "description", "") == load(base).replace("title", "", "description", "")
    assert load("next-plan.toml").title == "Next plan"
    lines = file.read_text().splitlines()
    examples = [line.removeprefix("# ") for line in lines if line.startswith("# ") and (line[2] == "[" or " = " in line)]
    assert len(examples) == 8
    write(here, "tried.toml", "\n".join([lines[0], *examples]))
    assert check("tried.toml") == []
    assert len(load(base).diff(load("tried.toml"))) >= 3


@pytest.mark.parametrize(("path", "base", "part"), [
    ("there.toml", "baseline", "is there already"), ("plan.txt", "baseline", "is not a .toml file"),
    ("no/folder.toml", "baseline", "cannot be written"), ("mine.toml", "basline", "'basline'"),
    ("mine.toml", "../up.toml", "outside"),
    ("mine.toml", "nowhere.toml", "no file 'nowhere.toml'"),
])
def test_a_new_file_that_cannot_be_is_refused(path: str, base: str, part: str, here: Path, shelf: Path) -> None:
    write(here, "there.toml", "weeks = 3\n")
    with pytest.raises(UserError, match=part):
        new(path, base)
    assert (here / "there.toml").read_text() == "weeks = 3\n"
    assert not (here / "mine.toml").exists()


def test_titles_are_quoted(here: Path, shelf: Path) -> None:
    new("mine.toml", title='A "plan"\\')
    assert load("mine.toml").title == 'A "plan"\\'


