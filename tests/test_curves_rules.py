"""Pure shapes and the rules agents decide by: their limits, their signs, and equal bits for one agent and for many."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim import curves
from sim.agents import consumers, decision_makers, merchants, resellers
from sim.agents.population import Row
from sim.market.product import most_value

QUIET = settings(database=None, deadline=None, derandomize=True, max_examples=60)
SHARES = st.floats(0.0, 1.0)
NUMBERS = st.floats(-50.0, 50.0)
POSITIVE = st.floats(0.001, 1000.0)


def rules() -> dict[str, Callable[..., Any]]:
    """Return every rule by name, as the classes of agents declare them."""
    classes = (merchants.Merchant, decision_makers.DecisionMaker, resellers.Reseller, consumers.Consumer)
    return {
        name: method.__wrapped__
        for row_class in classes
        for name, method in vars(row_class).items()
        if hasattr(method, "__wrapped__")
    }


# curves -------------------------------------------------------------------------------------------------


def test_logistic_takes_any_number() -> None:
    assert curves.logistic(np.array([-1e300, -800.0, 800.0, 1e300])) == pytest.approx([0.0, 0.0, 1.0, 1.0])


def test_saturation_rises_from_nought_to_one() -> None:
    x = np.linspace(0, 1e6, 1000)
    y = curves.saturation(x, 7.0)
    assert y[0] == 0.0
    assert (np.diff(y) > 0).all()
    assert y[-1] == pytest.approx(1.0, abs=1e-4)
    assert curves.saturation(7.0, 7.0) == 0.5


def test_logistic_is_a_probability_and_odd_about_a_half() -> None:
    x = np.linspace(-30, 30, 601)
    y = curves.logistic(x)
    assert ((y > 0) & (y < 1)).all()
    assert (np.diff(y) > 0).all()
    assert y + curves.logistic(-x) == pytest.approx(np.ones_like(x))


def test_probability_of_a_hazard() -> None:
    hazard = np.array([0.0, 1e-12, 0.1, 1.0, 1e9])
    chance = curves.probability(hazard)
    assert chance[0] == 0.0
    assert chance[1] == pytest.approx(1e-12, rel=1e-9)  # small hazards keep their digits
    assert chance[-1] == 1.0
    halves = curves.probability(hazard / 2)
    assert 1 - chance == pytest.approx((1 - halves) ** 2)  # two half weeks make a week


@pytest.mark.parametrize(("half_life", "kept"), [(0.0, 0.0), (1.0, 0.5), (2.0, 0.5**0.5), (52.0, 0.5 ** (1 / 52))])
def test_keep_loses_half_in_a_half_life(half_life: float, kept: float) -> None:
    assert curves.keep(half_life) == pytest.approx(kept)


def test_clipping() -> None:
    x = np.array([-2.0, 0.0, 0.4, 1.0, 3.0])
    assert curves.clip01(x).tolist() == [0.0, 0.0, 0.4, 1.0, 1.0]
    assert curves.positive(x).tolist() == [0.0, 0.0, 0.4, 1.0, 3.0]


# all rules ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", rules())
def test_a_rule_gives_one_agent_the_bits_it_gives_many(name: str) -> None:
    rule = rules()[name]
    count = len(inspect.signature(rule).parameters)
    chance = np.random.default_rng(count)
    arguments = [chance.uniform(0.001, 3.0, 4_000) for _ in range(count)]
    at_once = np.asarray(rule(*arguments))
    one_by_one = np.array([rule(*(argument[j] for argument in arguments)) for j in range(4_000)])
    assert at_once.dtype == one_by_one.dtype
    assert at_once.tobytes() == one_by_one.tobytes()


@pytest.mark.parametrize("name", rules())
def test_a_rule_leaves_its_arguments_alone(name: str) -> None:
    rule = rules()[name]
    arguments = [np.linspace(0.1, 0.9, 7) for _ in inspect.signature(rule).parameters]
    rule(*arguments)
    assert all((argument == np.linspace(0.1, 0.9, 7)).all() for argument in arguments)


def test_every_rule_is_a_method_that_hands_on_its_arguments() -> None:
    assert len(rules()) > 15

    class Someone(merchants.Merchant):
        def __init__(self) -> None:
            """Stand for nobody."""

    assert Someone.push is Row.__dict__.get("push", merchants.Merchant.push)
    assert merchants.Merchant.push(Someone(), 1.0, 0.0, 0.4) == merchants.push(1.0, 0.0, 0.4)


# decision-makers ----------------------------------------------------------------------------------------


@QUIET
@given(NUMBERS, POSITIVE, NUMBERS, POSITIVE)
def test_a_signal_pulls_the_belief_towards_it(mean: float, precision: float, signal: float, weight: float) -> None:
    after = decision_makers.posterior_mean(mean, precision, signal, weight)
    assert min(mean, signal) - 1e-9 <= after <= max(mean, signal) + 1e-9
    assert decision_makers.posterior_precision(precision, weight) == precision + weight


@QUIET
@given(NUMBERS, POSITIVE, NUMBERS, NUMBERS, POSITIVE, POSITIVE)
def test_signals_may_come_in_any_order(mean: float, precision: float, a: float, b: float, u: float, v: float) -> None:
    def learn(*signals: tuple[float, float]) -> float:
        belief, sure = mean, precision
        for signal, weight in signals:
            belief, sure = decision_makers.posterior_mean(belief, sure, signal, weight), sure + weight
        return belief

    assert learn((a, u), (b, v)) == pytest.approx(learn((b, v), (a, u)), abs=1e-9)


def test_an_empty_signal_teaches_nothing() -> None:
    assert decision_makers.posterior_mean(0.4, 2.0, 0.9, 0.0) == pytest.approx(0.4)


@QUIET
@given(NUMBERS, NUMBERS, SHARES)
def test_belief_drifts_towards_the_prior(belief: float, prior: float, memory: float) -> None:
    after = decision_makers.drifted(belief, prior, memory)
    assert abs(after - prior) <= abs(belief - prior) + 1e-9
    assert decision_makers.drifted(belief, prior, 0.0) == prior
    assert decision_makers.drifted(belief, prior, 1.0) == pytest.approx(belief)


def test_who_believes_more_enquires_sooner_and_nobody_faster_than_initiative() -> None:
    mean = np.linspace(0, 1, 101)
    hazard = decision_makers.enquiry_hazard(mean, 0.4, 0.05, 0.3)
    assert (np.diff(hazard) > 0).all()
    assert ((hazard > 0) & (hazard < 0.3)).all()
    assert hazard[40] == pytest.approx(0.15)


def test_utility_rises_with_value_and_certainty_and_falls_with_cost() -> None:
    base = decision_makers.utility(0.5, 2.0, 6.0, 2.0, 1.0, 0.0)
    assert decision_makers.utility(0.6, 2.0, 6.0, 2.0, 1.0, 0.0) == pytest.approx(base + 0.6)
    assert decision_makers.utility(0.5, 3.0, 6.0, 2.0, 1.0, 0.0) > base
    assert decision_makers.utility(0.5, 2.0, 6.0, 2.0, 1.5, 0.0) == pytest.approx(base - 0.5)
    assert decision_makers.utility(0.5, 2.0, 6.0, 2.0, 1.0, 0.7) == pytest.approx(base + 0.7)


# merchants ----------------------------------------------------------------------------------------------


@QUIET
@given(SHARES, st.floats(-1.0, 1.0), SHARES, st.floats(0.0, 20.0), st.floats(1.0, 10.0), SHARES)
def test_satisfaction_stays_a_share(now: float, surprise: float, base: float, slope: float, dread: float, speed: float) -> None:
    assert -1e-12 <= merchants.next_satisfaction(now, surprise, base, slope, dread, speed) <= 1 + 1e-12


def test_losses_weigh_more_than_gains() -> None:
    settled = merchants.next_satisfaction(0.5, 0.0, 0.5, 0.2, 2.25, 0.1)
    up = merchants.next_satisfaction(0.5, 0.1, 0.5, 0.2, 2.25, 0.1) - settled
    down = settled - merchants.next_satisfaction(0.5, -0.1, 0.5, 0.2, 2.25, 0.1)
    assert settled == pytest.approx(0.5)
    assert down == pytest.approx(2.25 * up)


def test_own_gain_is_what_comes_in_less_what_goes_out() -> None:
    assert merchants.own_gain(100.0, 2.0, 50.0, 80.0, 30.0) == 140.0


@QUIET
@given(SHARES, st.floats(-2.0, 2.0), NUMBERS, st.floats(0.0, 50.0), st.floats(0.0, 5.0), st.floats(0.0, 30.0))
def test_renewal_is_a_probability(a: float, gain: float, level: float, weight: float, greed: float, switching: float) -> None:
    stays = merchants.renewal_probability(a, gain, level, weight, greed, switching)
    assert 0 <= stays <= 1
    assert merchants.renewal_probability(min(a + 0.1, 1.0), gain, level, weight, greed, switching) >= stays
    assert merchants.renewal_probability(a, gain + 0.5, level, weight, greed, switching) >= stays


@QUIET
@given(SHARES, st.floats(-2.0, 2.0), st.floats(0.0, 10.0))
def test_push_lies_between_nothing_and_most(satisfaction: float, gain: float, most: float) -> None:
    assert 0 <= merchants.push(satisfaction, gain, most) <= most
    assert merchants.push(satisfaction, gain + 0.1, most) >= merchants.push(satisfaction, gain, most)
    assert merchants.push(0.0, gain, most) == 0


@QUIET
@given(SHARES, st.floats(0.0, 5.0))
def test_asking_grows_with_what_is_missing(unmet: float, desire: float) -> None:
    assert merchants.asks_for_more(0.0, desire) == 0 <= merchants.asks_for_more(unmet, desire) <= desire
    assert merchants.asks_for_more(min(unmet + 0.1, 1.0), desire) >= merchants.asks_for_more(unmet, desire)


# resellers ----------------------------------------------------------------------------------------------


@QUIET
@given(NUMBERS, SHARES, SHARES, SHARES)
def test_support_heard_is_a_share(paid: float, promotion: float, leads: float, answers: float) -> None:
    assert 0 <= resellers.support_heard(paid, promotion, leads, answers) <= 1


@QUIET
@given(SHARES, SHARES, SHARES)
def test_expectation_lies_between_habit_and_announcement(habit: float, announced: float, belief: float) -> None:
    expected = resellers.expected_support(habit, announced, belief)
    assert min(habit, announced) - 1e-12 <= expected <= max(habit, announced) + 1e-12
    assert resellers.expected_support(habit, announced, 0.0) == habit
    assert resellers.expected_support(habit, announced, 1.0) == announced


@QUIET
@given(SHARES, SHARES, SHARES, st.floats(-1.0, 1.0), st.floats(0.0, 10.0))
def test_confidence_heads_for_a_share_and_a_windfall_is_no_grievance(s: float, d: float, k: float, gap: float, g: float) -> None:
    target = resellers.target_confidence(s, d, k, gap, g)
    assert 0 <= target <= 1
    assert resellers.target_confidence(s, d, k, -abs(gap), g) == resellers.target_confidence(s, d, k, 0.0, g) >= target


@QUIET
@given(SHARES, SHARES, SHARES, st.floats(1.0, 20.0))
def test_confidence_stays_a_share_and_never_moves_away(now: float, target: float, speed: float, asymmetry: float) -> None:
    after = resellers.next_confidence(now, target, speed, asymmetry)
    assert 0 <= after <= 1
    assert (after - now) * (target - now) >= 0


def test_confidence_falls_faster_than_it_rises() -> None:
    up = resellers.next_confidence(0.5, 0.7, 0.02, 2.25) - 0.5
    down = 0.5 - resellers.next_confidence(0.5, 0.3, 0.02, 2.25)
    assert up == pytest.approx(0.004)
    assert down == pytest.approx(2.25 * up)


@QUIET
@given(st.floats(-100.0, 100.0), st.floats(-10.0, 10.0), st.floats(0.0, 100.0))
def test_effort_is_a_share_that_grows_with_appeal(appeal: float, other: float, lines: float) -> None:
    effort = resellers.effort_share(appeal, other, lines)
    assert 0 <= effort <= 1
    assert resellers.effort_share(appeal + 1.0, other, lines) >= effort
    assert resellers.effort_share(appeal, other, 0.0) == 1.0


# consumers ----------------------------------------------------------------------------------------------


def test_hazards_add_up() -> None:
    assert consumers.hearing_hazard(0.1, 0.2, 0.3, 0.4) == pytest.approx(1.0)


@QUIET
@given(st.floats(0.0, 10.0), SHARES, st.floats(0.0, 10.0))
def test_experience_starts_people_holds_them_and_brings_them_back(propensity: float, experience: float, most: float) -> None:
    better = min(experience + 0.1, 1.0)
    for rule in (consumers.activation_hazard, consumers.return_hazard):
        assert 0 <= rule(propensity, experience, most) <= rule(propensity, better, most)
    assert 0 <= consumers.lapse_hazard(better, 0.01, most) <= consumers.lapse_hazard(experience, 0.01, most)


# the best a team could have added -----------------------------------------------------------------------


def greedy(target: np.ndarray, maturity: np.ndarray, work: float, cost: float, steps: int = 4_000) -> float:
    """Return the value added by giving each small piece of work to the feature where it adds most."""
    done, gap = np.zeros_like(target), target * (1 - maturity)
    for _ in range(steps):
        done[np.argmax(gap * np.exp(-done / cost))] += work / steps
    return float((gap * -np.expm1(-done / cost)).sum())


@pytest.mark.parametrize("work", [0.1, 5.0, 60.0, 900.0])
def test_most_value_is_what_the_best_split_adds(work: float) -> None:
    chance = np.random.default_rng(3)
    target, maturity = chance.dirichlet(np.ones(12)), chance.uniform(0, 0.9, 12)
    best = most_value(target, maturity, work, 11.0)
    assert best == pytest.approx(greedy(target, maturity, work, 11.0), rel=2e-3)
    even = (target * (1 - maturity) * -np.expm1(-work / 12 / 11.0)).sum()
    assert even < best <= (target * (1 - maturity)).sum() + 1e-12


def test_most_value_is_nothing_without_work_or_gap() -> None:
    target = np.full(4, 0.25)
    assert most_value(target, np.zeros(4), 0.0, 11.0) == 0.0
    assert most_value(target, np.ones(4), 10.0, 11.0) == 0.0
