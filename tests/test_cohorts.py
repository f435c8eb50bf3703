"""Consumers as cohorts: the same mechanism on counts. What must balance, whose luck is whose, and agreement with rows."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, cramervonmises_2samp, gamma, ks_2samp
from test_bass import P, Q, closed_form, limit, recursion
from tiny import Watched, busy, differing, faults, model_of, pairs

from sim import Cohort, Consumer, Merchant
from sim.agents.cohorts import gamma2_classes
from sim.agents.consumers import AWARE, CONSUMING, LAPSED, UNAWARE
from sim.agents.merchants import LIVE
from sim.agents.vendor import Opening
from sim.agents.world import Market, World
from sim.draws import Draws
from sim.errors import UserError
from sim.market.usage import Usage
from sim.model import GrowthModel, only_writes, simulate
from sim.record import measures_of
from sim.scenario import Scenario, load

COUNTED = busy(market__consumers="cohorts", usage__push=0.3, usage__immediate=0.2)


def shops(merchants: int, people: float, seed: int = 1, **market: Any) -> World:
    """Return a world of equal merchants, all long live and satisfied, with a fair product."""
    made = Market(**({
        "merchants": merchants, "size_spread": 0.0, "consumers_per_merchant": float(people), "people_per_row": 1.0,
        "reseller_pool": 0, "consumers": "cohorts",
    } | market))
    world = World(made, Opening(seeds=0, polish=0.8), Draws(seed, 0))
    for name, value in (("status", LIVE), ("live_week", -10_000), ("satisfaction", 1.0), ("gain", 0.0), ("fee", 1.0)):
        world.merchants.columns[name][:] = value
    return world


def let(world: World, usage: Usage, weeks: int, seed: int = 1, draws: Callable[..., Draws] = Draws) -> World:
    """Let usage alone happen for `weeks`."""
    for _ in range(weeks):
        world.week += 1
        usage.step(world, draws(seed, 0).at(world.week).of("usage"))
    return world


# a market of cohorts ------------------------------------------------------------------------------------


def test_there_are_no_rows_and_as_many_people_as_single_rows_would_be() -> None:
    counted, by_row = model_of(COUNTED).world, model_of(busy(market__people_per_row=1.0)).world
    assert (counted.consumers.n, by_row.cohorts.n) == (0, 0)
    assert counted.cohorts.n == 8 * counted.merchants.n
    assert (counted.people.sizes == by_row.people.sizes).all()
    assert (np.bincount(counted.cohorts.merchant, counted.cohorts.people[:, UNAWARE]) == counted.people.sizes).all()
    assert differing(counted, model_of(COUNTED.replace("market.people_per_row", 7.0)).world) == set()


def test_everything_that_reads_consumers_works_on_counts() -> None:
    counted, by_row = simulate(COUNTED), simulate(busy(usage__push=0.3, usage__immediate=0.2))
    for name in measures_of(COUNTED.mechanisms):
        assert np.isfinite(counted.weekly[name][-1]) == np.isfinite(by_row.weekly[name][-1]), name
    for name in ("active_consumers", "participants", "points_outstanding", "points_spent", "points_expired", "revenue"):
        assert counted.weekly[name][-1] == pytest.approx(by_row.weekly[name][-1], rel=0.5), name


def test_an_unknown_resolution_is_refused_in_one_line() -> None:
    with pytest.raises(UserError) as caught:
        busy(market__consumers="cohort")
    expected = "market.consumers = 'cohort': is not known; allowed: 'rows' or 'cohorts'; did you mean 'cohorts'?"
    assert [str(problem) for problem in caught.value.problems] == [expected]
    with pytest.raises(ValueError, match="'rows' or 'cohorts'"):
        Market(consumers="cohort")


def test_what_is_counted_loads_back_equal(tmp_path: Any) -> None:
    file = tmp_path / "counted.toml"
    file.write_text(COUNTED.dump(), encoding="utf-8")
    assert load(str(file)) == COUNTED
    assert COUNTED.digest() != COUNTED.replace("market.consumers", "rows").digest()


@pytest.mark.parametrize("classes", [1, 2, 8, 64])
def test_classes_stand_for_the_gamma_variable(classes: int) -> None:
    propensity, share = gamma2_classes(classes)
    assert share.sum() == pytest.approx(1.0)
    for power in range(1, min(2 * classes, 12)):
        assert share @ propensity**power == pytest.approx(gamma.moment(power, 2.0, scale=0.5)), power


def test_started_in_time_as_the_gamma_variable_says() -> None:
    """The share that has started at cumulated hazard H is 1 - (1 + H/2)^-2; equally likely classes are half a per cent off."""
    propensity, share = gamma2_classes(8)
    for hazard in (0.1, 0.5, 1.0, 2.0, 4.0):
        assert share @ -np.expm1(-hazard * propensity) == pytest.approx(1 - (1 + hazard / 2) ** -2, rel=1e-4)


# what must balance --------------------------------------------------------------------------------------


def unbalanced(before: World, world: World, usage: Usage) -> list[str]:
    """Return which balances of a week in `world` do not hold."""
    people, points, flows = world.cohorts.people, world.cohorts.points, world.flows
    held = before.cohorts.points.sum() + flows["points_earned"] - flows["points_spent"] - flows["points_expired"]
    stocks, elsewhere = usage.stocks(world), (world.merchants.status != LIVE)[world.cohorts.merchant]
    at_home = np.bincount(world.cohorts.merchant, people[:, CONSUMING], world.merchants.n)
    balances = {
        "people of a merchant and class": (people.sum(axis=1) == before.cohorts.people.sum(axis=1)).all(),
        "people of a merchant": (np.bincount(world.cohorts.merchant, people.sum(axis=1)) == world.people.sizes).all(),
        "points are earned, spent or expire": points.sum() == pytest.approx(held, rel=1e-9, abs=1e-9),
        "only those who have been active hold points": not points[:, [UNAWARE, AWARE]].any(),
        "nobody holds points where nobody is": not points[people == 0].any(),
        "active people are at live merchants": not people[elsewhere, CONSUMING].any(),
        "points are held at live merchants": not points[elsewhere].any(),
        "active people are counted at their merchants": (at_home == world.merchants.active_people)[world.live()].all(),
        "stocks": stocks["active_consumers"] == at_home.sum() and stocks["points_outstanding"] == points.sum(),
        "participants": stocks["participants"] == people.sum() - people[:, UNAWARE].sum(),
        "bounds": faults(world) == [],
    }
    return [name for name, holds in balances.items() if not holds]


SHARE, HAZARD = st.floats(0.0, 1.0), st.floats(0.0, 10.0)
ANY = {
    "usage.push": HAZARD, "usage.strong": HAZARD, "usage.weak": HAZARD, "usage.bad_talk": SHARE, "usage.take_up": HAZARD,
    "usage.immediate": SHARE, "usage.lapse": HAZARD, "usage.friction": HAZARD, "usage.comeback": HAZARD, "usage.spending": SHARE,
    "usage.expiry": SHARE, "plan.usage.incentive": st.floats(0.0, 100.0), "market.weak_ties": st.integers(0, 5),
    "market.propensity_classes": st.integers(1, 20), "market.consumers_per_merchant": st.floats(1.0, 1e6),
    "market.merchants": st.integers(100, 10_000), "renewal.level": st.floats(-10.0, 3.0), "vendor.polish": SHARE,
}


@settings(database=None, deadline=None, derandomize=True, max_examples=12)
@given(st.fixed_dictionaries({}, optional=ANY), st.integers(0, 10_000))
def test_any_market_balances(chosen: dict[str, Any], seed: int) -> None:
    model = GrowthModel(COUNTED.replace(*pairs({"weeks": 30} | chosen)), seed)
    model.draws = Watched(seed, 0)
    for population in model.world.populations:
        population.model = None
    while model.world.week + 1 < 30:
        before = copy.copy(model.world)
        before.cohorts = copy.deepcopy(model.world.cohorts)
        model.step()
        model.draws.log.clear()
        assert unbalanced(before, model.world, model.mechanisms.usage) == [], model.world.week


def test_what_does_not_balance_is_caught() -> None:
    before = shops(3, 100)
    world = let(copy.deepcopy(before), Usage(), 1)
    assert unbalanced(before, world, Usage()) == []
    world.cohorts.columns["people"][0, AWARE] += 1
    world.cohorts.columns["points"][1, UNAWARE] += 1.0
    found = unbalanced(before, world, Usage())
    assert {"people of a merchant and class", "people of a merchant", "points are earned, spent or expire"} <= set(found)


def test_consumers_of_a_lost_merchant_lapse_and_forfeit_their_points() -> None:
    world = let(shops(3, 1_000), Usage(push=1.0, take_up=2.0), 20)
    held = world.cohorts.points[world.cohorts.merchant == 1].sum()
    active = world.cohorts.people[world.cohorts.merchant == 1, CONSUMING].sum()
    assert min(held, active) > 100
    world.merchants.columns["status"][1] = LIVE - 1
    world.open_books()
    before = world.cohorts.people.copy()
    let(world, Usage(expiry=0.0), 1)
    lost = world.cohorts.merchant == 1
    assert world.flows["points_expired"] == pytest.approx(held)
    assert not world.cohorts.points[lost].any()
    assert (world.cohorts.people[lost, LAPSED] == before[lost, LAPSED] + before[lost, CONSUMING]).all()
    assert world.cohorts.points[~lost].sum() > 0


def test_writes_only_what_usage_declares() -> None:
    world = shops(4, 200)
    with only_writes(world, Usage()):
        let(world, Usage(push=1.0, take_up=2.0, immediate=0.5, lapse=0.5, comeback=1.0), 12, draws=lambda *a: Watched(*a))
    assert (np.bincount(np.repeat(np.arange(4), 32), world.cohorts.people.ravel()) == 200).all()


@pytest.mark.parametrize("market", [
    {"merchants": 1, "seeds": 0}, {"merchants": 1, "seeds": 1}, {"merchants": 40, "seeds": 0, "weak_ties": 0},
])
def test_works_where_hardly_anybody_is(market: dict[str, int]) -> None:
    place = {"seeds": "vendor"}
    given_ = {f"{place.get(name, 'market')}.{name}": value for name, value in market.items()}
    model = model_of(COUNTED.replace(*pairs({"market.scale": 1.0, "market.reseller_pool": 1} | given_)), 40)
    assert faults(model.world) == []


# agents -------------------------------------------------------------------------------------------------


class Shy(Cohort):
    """People who never start."""

    def activation_hazard(self, *args: Any) -> Any:
        return np.float64(0.0)


class Silent(Merchant):
    """A merchant that never pushes."""

    def push(self, *args: Any) -> Any:
        return np.float64(0.0)


def test_engines_are_equal_to_the_bit() -> None:
    models = [GrowthModel(COUNTED, seed=7, engine=engine, weeks=40) for engine in ("columns", "agents")]
    for model in models:
        for _ in range(40):
            model.step()
    assert differing(models[0].world, models[1].world) == set()
    assert models[0].world.people.heads(CONSUMING) > 100
    assert {Cohort} == {kind for kind in models[0].agent_types if issubclass(kind, Consumer)}


def test_a_cohort_may_decide_otherwise() -> None:
    model = GrowthModel(COUNTED.replace("usage.immediate", 0.0))
    model.cohorts.use(Shy, range(0, model.cohorts.n, 2))
    for _ in range(40):
        model.step()
    active = model.cohorts.people[:, CONSUMING]
    assert not active[::2].any()
    assert active[1::2].sum() > 100


def test_rows_that_are_not_there_cannot_decide() -> None:
    model = GrowthModel(COUNTED)
    with pytest.raises(IndexError, match="consumers has no rows"):
        model.consumers.use(Consumer, [0])
    with pytest.raises(IndexError, match="merchants has ids 0 to 399, not 400"):
        model.merchants.use(Merchant, [400])


# twin worlds --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "value"), [("plan.usage.incentive", 20.0), ("plan.buying.fee", 900.0)])
def test_plans_that_part_in_a_week_agree_up_to_it(path: str, value: float) -> None:
    usual = COUNTED.settings().get(path)
    before = usual if isinstance(usual, list) else [] if usual is None else [{"value": usual}]
    models = [GrowthModel(scenario) for scenario in (COUNTED, COUNTED.replace(path, [*before, {"from": 20, "value": value}]))]
    for week in range(40):
        for model in models:
            model.step()
        if week == 19:
            assert differing(models[0].world, models[1].world) == set()
    assert "cohorts.people" in differing(models[0].world, models[1].world)


def test_what_one_merchant_does_differently_changes_only_its_own_people() -> None:
    """Each cohort draws by its own address: where ties across are cut, nobody else's people, and nobody's luck, are touched."""
    usage = Usage(weak=0.0)
    one, other = shops(20, 500), shops(20, 500)
    other.merchants.use(Silent, [7])
    let(one, usage, 30)
    let(other, usage, 30)
    differ = (one.cohorts.people != other.cohorts.people).any(axis=1)
    assert set(one.cohorts.merchant[differ]) == {7}


def test_a_merchant_more_changes_nobody_elses_people() -> None:
    usage = Usage(weak=0.0)
    one, more = let(shops(20, 500), usage, 30), let(shops(21, 500), usage, 30)
    assert (more.cohorts.people[: one.cohorts.n] == one.cohorts.people).all()


def test_a_little_more_push_moves_few_and_all_one_way() -> None:
    """In the first week no cohort has fewer who hear, and the difference varies far less than between seeds."""
    def heard(push: float, seed: int) -> np.ndarray:
        return let(shops(20, 500, seed), Usage(push=push), 1, seed).cohorts.people[:, AWARE]

    more = np.stack([heard(0.055, seed) - heard(0.05, seed) for seed in range(60)])
    apart = np.stack([heard(0.055, seed + 100) - heard(0.05, seed) for seed in range(60)])
    assert (more >= 0).all()
    assert more.sum() > 0
    assert more.sum(axis=1).var() < 0.1 * apart.sum(axis=1).var()


# binomial draws -----------------------------------------------------------------------------------------

IDS = np.arange(20_000)


@pytest.mark.parametrize("n", [0, 1, 7, 60, 900])
@pytest.mark.parametrize("p", [0.0, 1e-9, 0.003, 0.1, 0.5, 0.97, 1.0])
def test_binomials_are_the_quantiles_of_their_uniforms(n: int, p: float) -> None:
    purpose = Draws(1, 0).at(3).of("usage")("hear")
    drawn = purpose.binomial(n, p, IDS)
    exact = binom.ppf(purpose.uniform(IDS), n, p).astype(int)
    if n * p * (1 - p) <= 100:
        assert (drawn == exact).all()
    else:
        assert (drawn != exact).mean() < 0.01
        assert np.abs(drawn - exact).max() <= 1


@pytest.mark.parametrize(("n", "p"), [(100_000, 0.002), (20_000, 0.3), (10**9, 0.4), (10**9, 1e-7)])
def test_large_binomials_have_mean_and_spread(n: int, p: float) -> None:
    drawn = Draws(1, 0).at(3).of("usage")("hear").binomial(n, p, IDS)
    spread = np.sqrt(n * p * (1 - p))
    assert abs(drawn.mean() - n * p) < 4 * spread / np.sqrt(len(IDS))
    assert drawn.std() == pytest.approx(spread, rel=0.02)
    assert ((drawn >= 0) & (drawn <= n)).all()


def test_binomials_rise_with_number_and_chance() -> None:
    purpose = Draws(1, 0).at(3).of("usage")("hear")
    n = (purpose.uniform(IDS, 1) * 800).astype(int)
    p = purpose.uniform(IDS, 2)
    few = purpose.binomial(n, p, IDS)
    assert (purpose.binomial(n + 1, p, IDS) >= few - (n * p * (1 - p) > 90)).all()
    assert (purpose.binomial(n, np.minimum(p * 1.05, 1.0), IDS) >= few - (n * p * (1 - p) > 60)).all()


# Bass ---------------------------------------------------------------------------------------------------


def adopted(usage: Usage, steps: int, people: float = 1e6, **market: Any) -> np.ndarray:
    """Return the share that has adopted after each step, shape (steps,)."""
    world, shares = shops(1, people, weak_ties=0, **market), np.zeros(steps)
    for step in range(steps):
        shares[step] = let(world, usage, 1).people.heads(CONSUMING) / people
    return shares


def test_many_people_follow_the_recursion_of_bass() -> None:
    shares = adopted(limit(-np.log1p(-P), -np.log1p(-Q)), 24)
    assert np.abs(shares - recursion(P, Q, 24)).max() < 0.003
    for p, q in ((P, 0.36), (0.027, Q), (P, 0.0)):
        assert np.abs(shares - recursion(p, q, 24)).max() > 0.01


def test_in_weeks_of_a_year_it_is_the_closed_form() -> None:
    years = np.arange(1, 13)
    yearly = adopted(limit(P / 52, Q / 52), 12 * 52)[51::52]
    assert np.abs(yearly - closed_form(P, Q, years)).max() < 0.006
    assert np.abs(yearly - closed_form(P, 0.36, years)).max() > 0.01


# agreement with rows ------------------------------------------------------------------------------------

SEEDS, OTHERS = 120, range(1_000, 1_120)
LEVEL = 0.01  # chance, over all tests of a family together, that any of them rejects though rows and cohorts agree
Sample = dict[str, np.ndarray]


def smallest(rows: Sample, others: Sample) -> dict[str, float]:
    """Return p-values by measure and test (Kolmogorov-Smirnov, Cramér-von Mises; two-sided) for one distribution behind both."""
    found = {}
    for name in rows:
        found[f"{name} KS"] = float(ks_2samp(rows[name], others[name]).pvalue)
        found[f"{name} CvM"] = float(cramervonmises_2samp(rows[name], others[name]).pvalue)
    return found


def rejected(p_values: dict[str, float]) -> list[str]:
    """Return the tests that reject at LEVEL under Holm's (1979) step-down correction."""
    ordered = sorted(p_values, key=lambda name: p_values[name])
    for k, name in enumerate(ordered):
        if p_values[name] > LEVEL / (len(ordered) - k):
            return ordered[:k]
    return ordered


def test_holm_steps_down() -> None:
    assert rejected({"a": 0.9, "b": 0.003, "c": 0.004}) == ["b", "c"]
    assert rejected({"a": 0.006, "b": 0.9, "c": 0.8}) == []
    assert rejected({"a": 0.001}) == ["a"]


LIVELY = {"lapse": 0.05, "comeback": 0.1, "take_up": 0.3, "strong": 0.2}


def alone(seeds: range, weeks: int = 20, usage: Usage | None = None, **market: Any) -> Sample:
    """Return what twelve merchants and usage alone come to, by measure, an entry for each seed."""
    usage = usage or Usage(**LIVELY)
    stocks = [usage.stocks(let(shops(12, 60, seed, **market), usage, weeks, seed)) for seed in seeds]
    return {name: np.array([stock[name] for stock in stocks]) for name in stocks[0]}


@pytest.fixture(scope="module")
def rows_alone() -> Sample:
    return alone(range(SEEDS), consumers="rows")


def test_rows_and_cohorts_agree_in_distribution(rows_alone: Sample) -> None:
    assert rejected(smallest(rows_alone, alone(OTHERS))) == []


@pytest.mark.parametrize("wrong", [
    {"propensity_classes": 1}, {"usage": Usage(**LIVELY | {"lapse": 0.06})},
])
def test_what_does_not_agree_is_caught(rows_alone: Sample, wrong: dict[str, Any]) -> None:
    assert rejected(smallest(rows_alone, alone(OTHERS, **wrong)))


MEASURES = ("active_consumers", "participants", "points_outstanding", "value")
SMALL = {"weeks": 40, "market.people_per_row": 1.0}
WHOLE: dict[str, Scenario] = {
    "a fiftieth of the baseline": load("baseline").replace(*pairs(SMALL | {"market.scale": 0.02})),
    "much happens": busy().replace(*pairs(SMALL)),
    "all live and talking": load("baseline").replace(*pairs(SMALL | {
        "market.merchants": 40, "vendor.seeds": 40, "market.size_spread": 0.0, "market.reseller_pool": 0,
        "vendor.opening_cash": 1e9, "vendor.polish": 0.8, "vendor.seed_features": 0, "service.onboarding": 0.001,
        "renewal.leaves": 0.0, "usage.rollout": 1.0, "usage.take_up": 0.2, "usage.lapse": 0.05,
        "usage.comeback": 0.1,
    })),
}


@functools.cache
def whole(name: str, seeds: range, *settings: Any) -> Sample:
    """Return what whole runs of a scenario come to, by measure, an entry for each seed."""
    scenario = WHOLE[name].replace(*settings) if settings else WHOLE[name]
    runs = [simulate(scenario, seed=seed).weekly for seed in seeds]
    return {measure: np.array([weekly[measure][-1] for weekly in runs]) for measure in MEASURES}


def all_p_values(*settings: Any) -> dict[str, float]:
    """Return the p-values of every scenario, rows against cohorts with `settings`, 200 seeds each, other seeds on either side."""
    found = {}
    for name in WHOLE:
        others = whole(name, range(1_000, 1_200), "market.consumers", "cohorts", *settings)
        found |= {f"{name}: {test}": p for test, p in smallest(whole(name, range(200)), others).items()}
    return found


@pytest.mark.slow
def test_whole_runs_of_rows_and_cohorts_agree_in_distribution() -> None:
    found = all_p_values()
    print(*(f"{p:.4f} {name}" for name, p in found.items()), sep="\n")
    assert rejected(found) == []


@pytest.mark.slow
def test_whole_runs_with_one_class_do_not_agree() -> None:
    found = rejected(all_p_values("market.propensity_classes", 1))
    print(*found, sep="\n")
    assert {name.partition(":")[0] for name in found} >= {"much happens", "all live and talking"}
