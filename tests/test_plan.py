"""Plans: when an entry of a schedule holds, which one wins, what is refused, and the mechanisms in force."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from toys import Toys

from sim.agents.vendor import STAGES
from sim.fields import declared
from sim.plan import LAST_WEEK, Plan, Span, in_force, plain, schedule, with_values

LEVERS = declared(Toys)
SPEND, HEADS, ANNOUNCE = (LEVERS[path] for path in ("promotion.search.spend", "team.heads", "team.announce"))
NOT_YET = {"prototype": 0, "iteration": None, "stability": None}
ENTERED = {"prototype": 0, "iteration": 10, "stability": 30}


def stage_in(week: int) -> str:
    return "prototype" if week < 10 else "iteration" if week < 30 else "stability"


def weeks_of(span: Span, horizon: int = 80) -> list[int]:
    """Return the weeks in which an entry holds when iteration is entered in week 10 and stability in week 30."""
    return [week for week in range(horizon) if span.active(week, stage_in(week), ENTERED)]


def force(toys: Any, plan: Plan, week: int, scale: float = 1.0, stage: str = "prototype") -> Any:
    return in_force(toys, plan, week, stage, NOT_YET, scale)


def plan(**levers: Any) -> Plan:
    """Return a plan from schedules as files write them, by lever path with __ for a dot."""
    paths = {key.replace("__", "."): value for key, value in levers.items()}
    read = {path: schedule(LEVERS[path], value) for path, value in paths.items()}
    assert not any(problems for _, problems in read.values())
    return Plan({path: spans for path, (spans, _) in read.items()})


# when an entry holds ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("span", "weeks"), [
    (Span(1), range(80)),
    (Span(1, 5), range(5, 80)),
    (Span(1, 5, 8), [5, 6, 7]),
    (Span(1, 60, None, 26, 3), [60, 61, 62]),
    (Span(1, 3, 16, 6, 2), [3, 4, 9, 10, 15]),
    (Span(1, stage="prototype"), range(10)),
    (Span(1, stage="iteration"), range(10, 30)),
    (Span(1, stage="stability"), range(30, 80)),
    (Span(1, 15, stage="iteration"), range(25, 30)),
    (Span(1, 0, 40, stage="iteration"), range(10, 50)),
    (Span(1, 5, 40, stage="iteration"), range(15, 50)),
    (Span(1, 0, 3, stage="stability"), [30, 31, 32]),
    (Span(1, 1, None, 8, 2, "iteration"), [11, 12, 19, 20, 27, 28]),
    (Span(1, 0, 25, 10, 2, "iteration"), [10, 11, 20, 21, 30, 31]),
])
def test_when_an_entry_holds(span: Span, weeks: Any) -> None:
    assert weeks_of(span) == list(weeks)


def test_nothing_holds_in_a_stage_not_entered() -> None:
    for span in (Span(1, stage="iteration"), Span(1, 0, 40, stage="iteration")):
        assert not any(span.active(week, "prototype", NOT_YET) for week in range(60))


spans = st.builds(
    lambda value, start, length, every, on, stage: Span(
        value, start, None if length is None else start + length, every, None if every is None else min(on, every), stage
    ),
    st.floats(0, 1e6), st.integers(0, 60), st.none() | st.integers(1, 60), st.none() | st.integers(1, 20), st.integers(1, 20),
    st.none() | st.sampled_from(STAGES),
)


@given(spans)
def test_windows_are_as_counted_out(span: Span) -> None:
    origin = 0 if span.stage is None else (ENTERED[span.stage] or 0)
    end = span.end
    if end is None:
        end = {None: 200, "prototype": 10, "iteration": 20, "stability": 200}[span.stage]
    counted = set()
    for begin in range(span.start, end, span.every or end + 1):
        counted |= set(range(begin, min(begin + (span.on or end), end)))
    assert weeks_of(span) == sorted(origin + k for k in counted if origin + k < 80)


# which value counts -------------------------------------------------------------------------------------


def test_later_entries_win_and_gaps_are_left_alone() -> None:
    search = [{"from": 2, "to": 8, "value": 1.0}, {"from": 4, "to": 6, "value": 2.0}]
    made = plan(promotion__search__spend=search, team__heads=3)
    found = [made.at(week, "prototype", NOT_YET) for week in range(9)]
    assert [values.get("promotion.search.spend") for values in found] == [None, None, 1, 1, 2, 2, 1, 1, None]
    assert [values["team.heads"] for values in found] == [3] * 9


def test_in_force_sets_levers_and_nothing_else() -> None:
    toys = Toys()
    found = force(toys, plan(promotion__search__spend=[{"from": 1, "value": 50}], team__announce=True), 1)
    assert found.promotion.search.spend == 50.0
    assert found.promotion.search.half_life == 1.0
    assert found.promotion.fair is toys.promotion.fair
    assert (found.team.heads, found.team.announce) == (7, True)
    assert toys == Toys()


def test_outside_every_entry_the_own_value_holds() -> None:
    toys = with_values(Toys(), {"promotion.search.spend": 9.0})
    made = plan(promotion__search__spend=[{"from": 1, "to": 2, "value": 50}])
    assert [force(toys, made, week).promotion.search.spend for week in range(3)] == [9.0, 50.0, 9.0]
    assert force(toys, Plan(), 0) is toys


def test_only_what_grows_with_the_market_is_scaled() -> None:
    made = plan(promotion__search__spend=50, team__heads=26, team__share=0.4, team__announce=True)
    found = force(Toys(), made, 0, scale=0.1)
    assert found.promotion.search.spend == 5.0
    assert found.team.heads == 3
    assert isinstance(found.team.heads, int)
    assert (found.team.share, found.team.announce) == (0.4, True)


def test_the_same_object_is_returned_while_no_lever_moves() -> None:
    toys, made = Toys(), plan(promotion__search__spend=[{"from": 3, "to": 6, "value": 50}], team__heads=3)
    found = [force(toys, made, week) for week in range(8)]
    assert [found[week] is found[week - 1] for week in range(1, 8)] == [True, True, False, True, True, False, True]


def test_two_models_of_one_plan_do_not_meet() -> None:
    made = plan(promotion__search__spend=[{"from": 1, "value": 50}])
    here, there = Toys(), with_values(Toys(), {"team.heads": 1})
    for week in range(3):
        first, second, large = force(here, made, week), force(there, made, week), force(here, made, week, scale=2.0)
        assert (first.team.heads, second.team.heads) == (7, 1)
        assert large.promotion.search.spend == 2 * first.promotion.search.spend


def test_plans_are_values() -> None:
    made, same = plan(team__heads=3, team__share=0.1), plan(team__share=0.1, team__heads=3)
    force(Toys(), made, 0)
    assert made == same != plan(team__heads=4)
    assert hash(made) == hash(same)
    assert pickle.loads(pickle.dumps(made)) == copy.deepcopy(made) == made
    with pytest.raises(TypeError):
        made.levers["team.heads"] = ()  # type: ignore[index]
    with pytest.raises(AttributeError):
        made.levers = {}  # type: ignore[misc]


# reading ------------------------------------------------------------------------------------------------


def test_constants_take_the_type_of_the_lever() -> None:
    for par, value in ((SPEND, 8000), (HEADS, 3), (ANNOUNCE, True)):
        (span,), problems = schedule(par, value)
        assert not problems
        assert type(span.value) is type(par.default)
        assert plain((span,)) == value


@given(st.lists(spans, min_size=1, max_size=4))
def test_schedules_read_back(entries: list[Span]) -> None:
    kept = tuple(span for k, span in enumerate(entries) if k == 0 or not span.constant)
    assert schedule(SPEND, plain(kept)) == (kept, [])


@pytest.mark.parametrize(("given_", "parts"), [
    ("lots", ["is not a number", "'lots'", "from 0 to"]),
    (True, ["is not a number"]),
    (-1, ["is out of range", "-1"]),
    (float("nan"), ["is not a finite number"]),
    (float("inf"), ["is not a finite number"]),
    ({"value": 3}, ["is one table"]),
    ([], ["is an empty list"]),
    ([3], ["is not a table", "3"]),
    ([{"form": 3, "value": 1}], ["form", "is not a known key", "'from'"]),
    ([{"from": 3}], ["has no value"]),
    ([{"value": "lots"}], ["value", "is not a number"]),
    ([{"value": -1}], ["value", "is out of range"]),
    ([{"from": -1, "value": 1}], ["from", "is out of range"]),
    ([{"from": 1.0, "value": 1}], ["from", "is not a whole number"]),
    ([{"to": True, "value": 1}], ["to", "is not a whole number"]),
    ([{"to": LAST_WEEK + 1, "value": 1}], ["to", "is out of range"]),
    ([{"to": 0, "value": 1}], ["to", "is out of range"]),
    ([{"from": 5, "to": 5, "value": 1}], ["to = 5", "ends before it begins", "more than from = 5"]),
    ([{"every": 5, "value": 1}], ["every", "'on'"]),
    ([{"on": 5, "value": 1}], ["on", "'every'"]),
    ([{"every": 5, "on": 6, "value": 1}], ["on = 6", "longer than 'every'", "from 1 to 5"]),
    ([{"stage": "iterating", "value": 1}], ["stage", "'iterating'", "prototype, iteration", "'iteration'"]),
    ([{"stage": ["iteration"], "value": 1}], ["stage", "is not a stage"]),
    ([{"to": 3, "value": 1}, {"value": 2}], ["never holds", "entry 2"]),
])
def test_what_does_not_fit_is_refused(given_: Any, parts: list[str]) -> None:
    _, problems = schedule(SPEND, given_)
    (problem,) = [problem for _, problem in problems]
    for part in parts:
        assert part in str(problem)


def test_every_problem_of_a_schedule_is_found_with_its_entry() -> None:
    entries = [{"from": 2, "to": 1, "value": 1}, {"value": 3, "stage": "x"}, {"from": "a", "valeu": 1}]
    _, problems = schedule(SPEND, entries)
    assert [entry for entry, _ in problems] == [0, 1, 2, 2, 2]


def test_whole_and_yes_or_no_levers_refuse_other_numbers() -> None:
    for par, value, what in ((HEADS, 2.5, "whole"), (HEADS, True, "whole"), (ANNOUNCE, 1, "true"), (ANNOUNCE, "yes", "true")):
        _, problems = schedule(par, [{"value": value}])
        assert what in str(problems[0][1])
