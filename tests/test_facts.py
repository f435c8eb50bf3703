"""Facts: their files, readings off a run, verdicts with controls, causes, and `sim validate` as a user runs it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_cli import call, refused

from sim.agents.world import SOURCES
from sim.errors import UserError
from sim.model import simulate
from sim.scenario import load
from sim.study.readings import Reading
from sim.study.store import Store
from sim.study.study import result_of
from sim.study.task import Done, Task, measures_of, perform
from sim.validation.causes import shapley, subsets, tasks_of, traced
from sim.validation.claims import Found, judge
from sim.validation.fact import find, load_fact, shipped
from sim.validation.page import outcome, page
from sim.validation.play import Judged

TINY = """fact = "F0"
kind = "E"
question = "Do more engineers cost more?"
base = "baseline+small"
weeks = 6
replications = 3
[set]
"market.scale" = 0.002
[[factors]]
name = "engineers"
path = "plan.customization.engineers"
levels = [0.0, 500.0, 5000.0]
[readings]
first_weeks = {measure = "spend", to = 3}
[[claims]]
says = "spending rises"
form = "rises"
along = "engineers"
of = {reading = "first_weeks"}
[[claims]]
says = "value, many less few"
of = {cell = [5000.0]}
against = {cell = [0.0]}
most = 0
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "F00_mine.toml"
    path.write_text(text)
    return path


# files --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", shipped())
def test_every_fact_that_ships_can_be_played(name: str) -> None:
    for quick in (False, True):
        fact = load_fact(find(name)[0], quick)
        assert fact.study.cells
        assert fact.given.kind != "E" or fact.given.claims
    assert fact.study.replications < load_fact(find(name)[0]).study.replications


def test_a_fact_is_found_by_number_or_name_and_may_have_several_files() -> None:
    assert [file.stem for file in find("F8")] == ["F08_buying_group", "F08_cycles"]
    assert find("F01_premature_promotion") == find("F1") == find("F01")


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('form = "rises"', 'form = "climbs"', "claims.1.form"),
        ('along = "engineers"', 'along = "enginers"', "did you mean 'engineers'"),
        ("cell = [5000.0]", "cell = [50.0]", "belongs to no setting; allowed: 0, 5,000, 500, baseline+small"),
        ("cell = [5000.0]", "cell = []", "belongs to several settings"),
        ('measure = "spend"', 'measure = "spent"', "did you mean 'spend'"),
        ('reading = "first_weeks"', 'reading = "first_week"', "did you mean 'first_weeks'"),
        ("most = 0", "moist = 0", "did you mean 'most'"),
        ('against = {cell = [0.0]}', "", "needs against for a difference"),
        ("to = 3}", 'to = 3, by = "channel", keys = ["sem"]}', "is no part of it"),
    ],
)
def test_what_is_wrong_with_a_fact_is_said(tmp_path: Path, old: str, new: str, line: str) -> None:
    assert old in TINY
    with pytest.raises(UserError) as raised:
        load_fact(written(tmp_path, TINY.replace(old, new)))
    assert line in str(raised.value)
    assert "F00_mine.toml" in str(raised.value)


# readings -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run() -> Any:
    return simulate(load("baseline+small").replace("market.scale", 0.02), 1, 0, 60)


def read(run: Any, **given: Any) -> float:
    return Reading.model_validate(given).read(run, measures_of(load("baseline+small")))


def test_windows_of_a_flow_add_up_to_the_whole(run: Any) -> None:
    parts = [read(run, measure="visits", **{"from": k, "to": k + 20}) for k in (0, 20, 40)]
    assert sum(parts) == pytest.approx(run.weekly["visits"].sum())
    keys = [read(run, measure="visits", by="channel", keys=[name]) for name in SOURCES]
    assert sum(keys) == pytest.approx(run.weekly["visits"].sum())


def test_a_stock_is_read_at_the_end_of_its_window_and_a_ratio_from_its_sums(run: Any) -> None:
    assert read(run, measure="polish", to=30) == run.weekly["polish"][29]
    won, decided = run.weekly["signed_merchants"][10:50].sum(), run.weekly["decided_rounds"][10:50].sum()
    assert read(run, measure="win_rate", **{"from": 10, "to": 50}) == pytest.approx(won / decided)


def test_weeks_after_a_gate_are_counted_from_the_week_after_it(run: Any) -> None:
    gate = int(run.weekly["week_iteration"][-1])
    assert read(run, measure="spend", after="iteration", to=4) == pytest.approx(run.weekly["spend"][gate + 1 : gate + 5].sum())
    assert np.isnan(read(run, measure="spend", after="iteration", to=60))
    assert np.isnan(read(run, measure="spend", after="stability", to=1)) == np.isnan(run.weekly["week_stability"][-1])


def test_rounds_are_counted_with_what_became_of_them(run: Any) -> None:
    events = run.events
    assert read(run, count="rounds") == (events["event"] == "opportunity").sum()
    assert read(run, count="rounds_won") == (events["event"] == "signed").sum() > 0
    of_search = read(run, count="rounds", keys=["sem"])
    assert of_search == ((events["event"] == "opportunity") & (events["cause"] == "sem")).sum()
    assert 0 < of_search < read(run, count="rounds")


def test_readings_are_taken_where_the_run_is_made_and_kept_in_the_store(tmp_path: Path) -> None:
    plan = load("baseline+small").replace("market.scale", 0.002, "weeks", 6)
    bare = Task(plan, 1, 0, full=False)
    with_one = replace(bare, readings=(("early", Reading(measure="spend", to=3)),))
    assert bare.key != with_one.key
    store, done = Store(tmp_path), perform(with_one)
    assert isinstance(done, Done)
    store.keep(with_one, done)
    kept = store.find(with_one)
    assert isinstance(kept, Done)
    assert kept.totals["early"] == done.totals["early"] > 0
    without = perform(bare)
    assert isinstance(without, Done)
    assert set(done.totals) - {"early"} == set(without.totals)


# verdicts -----------------------------------------------------------------------------------------------


def judged(tmp_path: Path, claim: str, values: Callable[[float, np.random.Generator], Any], reps: int = 30) -> Found:
    """Return the verdict on one claim about made-up values: `values(engineers, rng)` of shape (replications,)."""
    text = TINY[: TINY.index("[[claims]]")].replace("replications = 3", f"replications = {reps}") + claim
    fact = load_fact(written(tmp_path, text))
    rng = np.random.default_rng(3)
    rows: list[Any] = []
    for cell in fact.study.cells:
        for k, value in enumerate(values(float(cell.levels[0]), rng)):
            rows.append(Done(k, {name: float(value) for name in fact.study.measures}, 0.0))
    return judge(fact.given.claims[0], fact, result_of(fact.study, rows))


DIFFERENCE = '[[claims]]\nsays = "x"\nof = {cell = [500.0]}\nagainst = {cell = [0.0]}\nleast = 0\n'
RATIO = '[[claims]]\nsays = "x"\nform = "ratio"\nof = {cell = [500.0]}\nagainst = {cell = [0.0]}\nleast = 2\n'
INNER = '[[claims]]\nsays = "x"\nform = "inner_best"\nalong = "engineers"\n'
FALLS = '[[claims]]\nsays = "x"\nform = "falls"\nalong = "engineers"\n'


@pytest.mark.parametrize(
    ("claim", "means", "verdict"),
    [
        (DIFFERENCE, {0.0: 1.0, 500.0: 3.0, 5000.0: 0.0}, "holds"),
        (DIFFERENCE, {0.0: 3.0, 500.0: 1.0, 5000.0: 0.0}, "does not hold"),
        (RATIO, {0.0: 10.0, 500.0: 30.0, 5000.0: 0.0}, "holds"),
        (RATIO, {0.0: 10.0, 500.0: 12.0, 5000.0: 0.0}, "does not hold"),
        (INNER, {0.0: 1.0, 500.0: 9.0, 5000.0: 2.0}, "holds"),
        (INNER, {0.0: 1.0, 500.0: 5.0, 5000.0: 9.0}, "does not hold"),
        (FALLS, {0.0: 9.0, 500.0: 5.0, 5000.0: 1.0}, "holds"),
        (FALLS, {0.0: 1.0, 500.0: 5.0, 5000.0: 9.0}, "does not hold"),
        (FALLS, {0.0: 5.0, 500.0: 9.0, 5000.0: 1.0}, "not clear"),
    ],
)
def test_verdicts_follow_what_was_found(tmp_path: Path, claim: str, means: dict[float, float], verdict: str) -> None:
    found = judged(tmp_path, claim, lambda level, rng: means[level] + 0.3 * rng.normal(size=30))
    assert found.verdict == verdict
    assert found.stands() == (verdict == "holds")


def test_noise_alone_is_not_clear(tmp_path: Path) -> None:
    found = judged(tmp_path, DIFFERENCE, lambda level, rng: 0.01 * level / 500 + rng.normal(size=6), 6)
    assert found.low < 0 < found.high
    assert found.verdict != "holds"


def test_what_is_known_to_fail_stays_failing_and_is_no_surprise(tmp_path: Path) -> None:
    claim = DIFFERENCE + 'fails = "the price is too high"\n'
    found = judged(tmp_path, claim, lambda level, rng: -level + rng.normal(size=30))
    assert found.verdict == "does not hold"
    assert found.stands()
    assert found.fails == "the price is too high"


def test_an_earlier_best_is_one_that_stays_earlier_when_worlds_are_drawn_anew(tmp_path: Path) -> None:
    text = TINY[: TINY.index("[readings]")] + (
        '[[factors]]\nname = "rival"\nlevels = [{label = "yes", set = {}}, {label = "no", set = {"need.window" = 20.0}}]\n'
        '[[claims]]\nsays = "x"\nform = "earlier"\nalong = "engineers"\nof = {cell = ["yes"]}\nagainst = {cell = ["no"]}\n'
    )
    fact = load_fact(written(tmp_path, text.replace("replications = 3", "replications = 20")))
    first, middle = (9.0, 5.0, 1.0), (1.0, 9.0, 5.0)
    for curves, verdict in (
        ({"yes": first, "no": middle}, "holds"), ({"yes": middle, "no": first}, "does not hold"),
        ({"yes": middle, "no": middle}, "does not hold"),
    ):
        rng, rows = np.random.default_rng(1), []
        for cell in fact.study.cells:
            level = curves[str(cell.levels[1])][(0.0, 500.0, 5000.0).index(cell.levels[0])]
            rows += [Done(k, dict.fromkeys(fact.study.measures, level + 0.1 * rng.normal()), 0.0) for k in range(20)]
        assert judge(fact.given.claims[0], fact, result_of(fact.study, rows)).verdict == verdict


def test_money_per_additional_merchant_is_infinite_where_there_is_none(tmp_path: Path) -> None:
    claim = (
        '[[claims]]\nsays = "x"\nform = "level"\nleast = 5\n'
        'of = {cell = [500.0], reading = "spend", per = "value", per_minus = [0.0]}\n'
    )
    none = judged(tmp_path, claim, lambda level, rng: np.full(10, 4.0), 10)
    assert (none.mean, none.verdict, none.found) == (np.inf, "holds", "∞")
    some = judged(tmp_path, claim, lambda level, rng: np.full(10, 4.0 if level == 0 else 12.0), 10)
    assert (some.mean, some.verdict) == (12 / 8, "does not hold")


# causes -------------------------------------------------------------------------------------------------


@given(st.integers(1, 4).flatmap(lambda n: st.lists(st.floats(-5, 5), min_size=2**n, max_size=2**n)))
def test_shapley_shares_add_up_to_what_all_causes_remove(worth: list[float]) -> None:
    names = frozenset("abcd"[: int(np.log2(len(worth)))])
    game = dict(zip(subsets(names), worth, strict=True))
    assert sum(shapley(game).values()) == pytest.approx(game[names] - game[frozenset()], abs=1e-9)


def test_a_cause_that_changes_nothing_has_no_share_and_equal_ones_share_alike() -> None:
    worth = {off: 1.0 if {"a", "b"} & off else 0.0 for off in subsets(frozenset("abc"))}
    assert shapley(worth) == pytest.approx({"a": 0.5, "b": 0.5, "c": 0.0})


CAUSES = """[[causes]]
of = [5000.0]
against = [0.0]
readings = ["value"]
[causes.switches]
wages = ["customization.load_on_core"]
other = ["customization.upkeep", "product.drift"]
"""


def test_a_loss_is_traced_with_the_same_switches_off_on_both_sides(tmp_path: Path) -> None:
    fact = load_fact(written(tmp_path, TINY + CAUSES))
    (cause,) = fact.given.causes
    tasks = tasks_of(cause, fact)
    assert len(tasks) == 4 * 2 * 3
    off = [task.scenario.off for task in tasks]
    assert off[0] == off[3] == ()
    assert off[-1] == off[-4] == ("customization.load_on_core", "customization.upkeep", "product.drift")
    worth = {(): -10.0, ("customization.load_on_core",): -6.0, ("customization.upkeep", "product.drift"): -10.0}
    base = {0.0: 0.0}

    def made(task: Task) -> Done:
        engineers = task.scenario.settings()["plan.customization.engineers"]
        return Done(task.replication, {"value": base.get(engineers, worth.get(task.scenario.off, -1.0))}, 0.0)

    found = traced(cause, fact, [made(task) for task in tasks])
    assert found.removed("value", frozenset(["wages"])) == pytest.approx(0.4)
    assert found.removed("value", found.whole) == pytest.approx(0.9)
    assert found.shapley("value") == pytest.approx({"wages": 0.65, "other": 0.25})
    assert found.holds


# the page and the command -------------------------------------------------------------------------------


def some(tmp_path: Path, verdict: str, fails: str = "") -> Judged:
    fact = load_fact(written(tmp_path, TINY))
    return Judged(fact, (Found("x", "at least 0", "1", verdict, fails=fails),), ())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("verdict", "fails", "said"),
    [("holds", "", "holds"), ("does not hold", "", "**does not hold**"), ("not clear", "", "**does not hold**"),
     ("does not hold", "because", "holds in part")],
)
def test_the_page_says_what_holds(tmp_path: Path, verdict: str, fails: str, said: str) -> None:
    one = some(tmp_path, verdict, fails)
    assert outcome(one) == said
    assert f"| {said} |" in page([one], "sim validate")


def test_validate_plays_a_fact_and_leaves_with_1_when_it_does_not_hold(tmp_path: Path) -> None:
    file = written(tmp_path, TINY)
    done = call("validate", file.name, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["holds"] is True
    assert [claim["verdict"] for claim in found["facts"][0]["claims"]] == ["holds", "holds"]
    file.write_text(TINY.replace("most = 0", "least = 0"))
    wrong = call("validate", file.name, "--out", "page.md", cwd=tmp_path)
    assert wrong.returncode == 1
    assert "**does not hold**" in (tmp_path / "page.md").read_text(encoding="utf-8")
    assert wrong.stdout == ""


def test_validate_names_what_is_no_fact(tmp_path: Path) -> None:
    assert "there is no fact 'F77'; allowed: F1, F2, F3" in refused("validate", "F77", cwd=tmp_path)
