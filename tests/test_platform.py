"""Money that changes hands otherwise: the platform, new terms at renewal, discounts, prizes, and who can say no."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import busy, faults, model_of

import sim
from sim.agents.decision_makers import ADMINISTRATOR, EXECUTIVE, FINANCE, FRONTLINE, TECHNICAL
from sim.agents.merchants import LIVE, SIGNED
from sim.agents.world import World
from sim.draws import Draws
from sim.errors import UserError
from sim.market.platform import TAKEN, Platform
from sim.model import GrowthModel, simulate
from sim.scenario_files import GROUPS, OTHERS, listed
from sim.starting.archetypes import archetypes, distances
from sim.starting.questions import QUESTIONS, answer

OFF = {f"plan__platform__{lever}": 0.0 for lever in ("take_rate", "cps_rate", "ad_load", "use_fee")}
ARCHETYPES = ("baseline", "analytics", "payments", "scan_points", "sensing", "embedded_trust")
MODELS = ("platform_model", "service_to_platform")


def quiet(weeks: int, **more: Any) -> GrowthModel:
    """Return a busy market without a platform, after `weeks`."""
    return model_of(busy(weeks=max(weeks + 40, 60), **(OFF | more)), weeks)


# the platform -------------------------------------------------------------------------------------------


def test_without_levers_there_is_no_platform() -> None:
    model = quiet(30)
    world = model.world
    assert not world.merchants.account.any()
    assert not world.merchants.charges.any()
    assert {world.accounts[name] for name in TAKEN} == {0.0}
    assert world.vendor.clutter == 0.0


def test_accounts_may_be_cultivated_before_anything_is_taken() -> None:
    world = quiet(40, plan__platform__accounts=True).world
    assert world.merchants.account[world.live()].mean() > 0.5
    assert world.flows["gmv"] > 0
    assert world.flows["take_revenue"] == 0


def test_cultivation_follows_its_closed_form() -> None:
    """With an account from the first week and support that always answers, it is 1 − (1 − s)^n after n weeks."""
    model = quiet(30)
    world = model.world
    mechanism = Platform(accounts=True, set_up=5.0, cultivation=0.1, helped=0.0)
    live = world.live()
    world.merchants.columns["account"][live] = True
    for k in range(1, 6):
        mechanism.step(world, Draws(1, 0).at(world.week + k).of("platform"))
        assert world.merchants.cultivated[live] == pytest.approx(1.0 - 0.9**k)


def test_what_merchants_are_charged_is_what_the_vendor_takes() -> None:
    for week in range(30, 50, 5):
        world = model_of(busy(weeks=60, plan__platform__take_rate=0.1, plan__platform__use_fee=0.5), week).world
        taken = sum(world.accounts[name] for name in ("gmv_commission", "cps", "use_fees"))
        assert world.merchants.charges.sum() == pytest.approx(taken)
        assert world.flows["take_revenue"] == pytest.approx(taken + world.accounts["advertising"])
        assert world.flows["take_revenue"] <= world.flows["gmv"] + world.accounts["advertising"] + world.accounts["use_fees"]


def test_who_leaves_loses_its_account() -> None:
    model = model_of(busy(weeks=80, renewal__level=-10.0), 75)
    world = model.world
    assert not world.merchants.account[world.merchants.status != LIVE].any()
    assert not world.merchants.cultivated[~world.merchants.account].any()
    assert not world.merchants.charges[world.merchants.status != LIVE].any()


def test_a_higher_take_lowers_gain_and_advertising_lowers_use() -> None:
    few, much = (simulate(busy(weeks=60, plan__platform__take_rate=rate), seed=3) for rate in (0.0, 0.6))
    assert much.weekly["merchant_gain"][-1] < few.weekly["merchant_gain"][-1]
    bare, crowded = (simulate(busy(weeks=60, plan__platform__ad_load=load), seed=3) for load in (0.0, 1.0))
    assert crowded.weekly["active_consumers"][-1] < bare.weekly["active_consumers"][-1]


def test_a_platform_that_takes_nothing_and_brings_nothing_changes_nothing() -> None:
    """Negative control: accounts alone, without crossing, leave every other number as it was."""
    usual = simulate(busy(weeks=60, **OFF), seed=5)
    accounts = simulate(busy(weeks=60, **OFF, plan__platform__accounts=True, platform__crossing=0.0), seed=5)
    own = {measure.name for measure in Platform.MEASURES}
    for name, values in usual.weekly.items():
        assert name in own or values.tobytes() == accounts.weekly[name].tobytes(), name


@settings(database=None, deadline=None, derandomize=True, max_examples=12)
@given(
    st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 20), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1),
)
def test_any_terms_balance(take: float, cps: float, ads: float, use: float, funds: float, discount: float, fault: float) -> None:
    model = GrowthModel(busy(
        weeks=30, plan__platform__take_rate=take, plan__platform__cps_rate=cps, plan__platform__ad_load=ads,
        plan__platform__use_fee=use, plan__usage__merchant_funds=funds, plan__buying__discount=discount,
        service__others_faults=fault,
    ))
    for _ in range(30):
        before = model.world.vendor.cash
        model.step()
        world = model.world
        assert world.vendor.cash - before == pytest.approx(sum(world.accounts.values()), rel=1e-9, abs=1e-3)
        assert faults(world) == []


# terms --------------------------------------------------------------------------------------------------


def test_contracts_keep_their_fee_until_they_are_renewed() -> None:
    fee = [{"to": 40, "value": 300.0}, {"from": 40, "value": 100.0}]
    scenario = busy(weeks=110, plan__tiers__fee_off=0.0, plan__buying__fee=fee)
    model = model_of(scenario, 41)
    old = model.world.live()
    assert (model.world.merchants.fee[old[model.world.merchants.list_fee[old] >= 0]] == 300.0).any()
    for _ in range(60):
        model.step()
        m = model.world.merchants
        kept = (m.status == LIVE) & (m.list_fee >= 0) & (m.live_week >= 0)
        renewed = kept & (model.world.week - m.live_week >= 52) & (m.signed_week < 40)
        assert set(np.unique(m.fee[renewed])) <= {100.0}
    assert renewed.any()


def test_who_signed_without_a_list_price_keeps_its_terms() -> None:
    world = model_of(busy(weeks=120, plan__buying__fee=[{"from": 30, "value": 999.0}]), 119).world
    seeds = np.arange(world.opening.seeds)
    unlisted = seeds[world.merchants.list_fee[seeds] < 0]
    assert (world.merchants.fee[unlisted] == 0.0).all()


def test_a_discount_is_a_named_account_and_ends_at_the_first_renewal() -> None:
    model = model_of(busy(weeks=130, plan__buying__discount=0.4, plan__tiers__fee_off=0.0), 50)
    world = model.world
    paying = world.merchants.status >= SIGNED
    given = (world.merchants.list_fee - world.merchants.fee)[paying & (world.merchants.list_fee >= 0)].sum()
    model.step()
    assert world.accounts["discounts"] < 0
    assert given > 0
    for _ in range(60):
        model.step()
    m = world.merchants
    renewed = (m.status == LIVE) & (m.list_fee >= 0) & (world.week - m.live_week >= 52)
    assert renewed.any()
    assert (m.fee[renewed] == m.list_fee[renewed]).all()


def test_a_discount_wins_rounds() -> None:
    full, less = (simulate(busy(weeks=30, plan__buying__discount=d, buying__price_weight=1.0), seed=2) for d in (0.0, 0.8))
    assert less.weekly["signed_merchants"].sum() > full.weekly["signed_merchants"].sum()


def test_prizes_are_paid_once_by_one_or_the_other() -> None:
    none, half = (model_of(busy(weeks=60, plan__usage__merchant_funds=share), 45) for share in (0.0, 0.5))
    for model in (none, half):
        model.step()
    total = -none.world.accounts["prizes"]
    assert total > 0
    assert half.world.merchants.prizes_paid.sum() == pytest.approx(-half.world.accounts["prizes"])
    assert not none.world.merchants.prizes_paid.any()


def test_a_rise_at_renewal_shows_in_net_and_not_in_gross_retention() -> None:
    run = simulate(busy(weeks=120, plan__buying__fee=[{"to": 50, "value": 100.0}, {"from": 50, "value": 150.0}]), seed=1)
    assert (run.weekly["gross_kept_fees"] <= run.weekly["kept_fees"] + 1e-9).all()
    assert run.weekly["gross_kept_fees"].sum() < run.weekly["kept_fees"].sum()
    assert (run.weekly["gross_kept_fees"] <= run.weekly["due_fees"] + 1e-9).all()


def test_the_declared_target_is_reached_once_and_stays_reached() -> None:
    run = simulate(busy(weeks=60, ledger__target=2_000.0), seed=1)
    reached = run.weekly["p_target"]
    assert set(reached) <= {0.0, 1.0}
    assert (np.diff(reached) >= 0).all()
    total = np.cumsum(run.weekly["signed_merchants"])
    assert (reached == (total >= 20)).all()


# who can say no -----------------------------------------------------------------------------------------


def holders(**market: Any) -> World:
    return World(busy(**market).resolved_market(), busy().resolved_vendor(), GrowthModel(busy(weeks=1)).draws)


@pytest.mark.parametrize(("flags", "roles"), [
    ((1, 1, 0, 0, 0), (EXECUTIVE, ADMINISTRATOR)), ((0, 1, 0, 0, 0), (ADMINISTRATOR,)),
    ((1, 1, 1, 1, 0), (EXECUTIVE, ADMINISTRATOR, TECHNICAL, FINANCE)), ((0, 0, 0, 0, 1), (FRONTLINE,)),
    ((0, 0, 0, 0, 0), (EXECUTIVE,)),
])
def test_whoever_wears_a_role_s_hat_holds_its_veto(flags: tuple[int, ...], roles: tuple[int, ...]) -> None:
    world = holders(market__veto_roles=flags, market__other_veto_share=0.0)
    held = np.zeros(world.decision_makers.n, dtype=bool)
    held[world.ties.covers[:, list(roles)].ravel()] = True
    assert (world.decision_makers.veto == held).all()


def test_more_who_can_say_no_sign_less_and_take_longer() -> None:
    few, many = (
        simulate(busy(weeks=60, market__committee_mean=6.0, market__other_veto_share=0.0, market__veto_roles=flags), seed=4)
        for flags in ((0, 1, 0, 0, 0), (1, 1, 1, 1, 1))
    )
    assert many.weekly["signed_merchants"].sum() < few.weekly["signed_merchants"].sum()
    assert many.weekly["cycle_weeks"][-1] > few.weekly["cycle_weeks"][-1]


def test_integration_makes_leaving_harder_and_signing_too() -> None:
    effort = (0.0, 0.0, 0.4, 0.0, 0.0)
    light, deep = (busy(weeks=60, market__integration=depth, buying__role_effort=effort) for depth in (0.0, 5.0))
    signed = [simulate(scenario, seed=6).weekly["signed_merchants"].sum() for scenario in (light, deep)]
    assert signed[1] < signed[0]
    same = quiet(58)
    stays = []
    for depth in (0.0, 5.0):
        world = copy.deepcopy(same.world)
        object.__setattr__(world, "market", world.market.model_copy(update={"integration": depth}))
        same.mechanisms.renewal.step(world, same.draws.at(world.week + 1).of("renewal"))
        stays.append(world.merchants.survival[world.live()])
    n = min(map(len, stays))
    assert stays[1][:n].mean() > stays[0][:n].mean()


# archetypes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*ARCHETYPES, *MODELS])
def test_archetypes_and_business_models_run_with_finite_numbers(name: str) -> None:
    run = simulate(sim.load(f"{name}+small").replace("market.scale", 0.02), seed=1, weeks=40)
    for measure, values in run.weekly.items():
        assert not np.isinf(values).any(), measure
    assert np.isfinite(run.weekly["value"]).all()
    assert run.weekly["live_merchants"][-1] >= 1


def test_there_are_six_archetypes_and_each_is_nearest_to_itself() -> None:
    found = archetypes()
    assert {archetype.name for archetype in found} == set(ARCHETYPES)
    kind = [q for q in QUESTIONS.values() if q.kind]
    for archetype in found:
        told = {q.name: answer(q, f"{archetype.settings[q.path]:.6g}") for q in kind}
        near = distances(told, found)
        assert near[0][0].name == archetype.name
        assert near[0][1] == pytest.approx(0.0, abs=1e-6)
        assert near[1][1] > 0.2, f"{archetype.name} is hardly told from {near[1][0].name}"


@pytest.mark.parametrize(("texts", "kind"), [
    ({"deciders": "1", "fee": "130", "buys-every": "18 months", "consumers-per-firm": "10"}, "analytics"),
    ({"deciders": "5", "fee": "1500", "buys-every": "5 years"}, "payments"),
    ({"deciders": "2", "consumers-per-firm": "5000", "fee": "80"}, "scan_points"),
    ({"deciders": "4", "consumers-per-firm": "2000", "fee": "100", "buys-every": "4 years"}, "embedded_trust"),
    ({"deciders": "3", "consumers-per-firm": "20", "fee": "600"}, "sensing"),
    ({"deciders": "4", "consumers-per-firm": "80", "fee": "400", "buys-every": "2 years"}, "points_mall"),
])
def test_answers_find_the_kind_of_market_they_tell_of(texts: dict[str, str], kind: str) -> None:
    told = {name: answer(QUESTIONS[name], text) for name, text in texts.items()}
    assert distances(told, archetypes())[0][0].kind == kind


def test_every_archetype_tells_its_plan_and_its_assumptions() -> None:
    for name in (*ARCHETYPES, *MODELS):
        told = sim.load(name).explain()
        assert "PLAN" in told
        assert "ASSUMPTIONS" in told
    assert "market.veto_roles" in sim.load("payments").explain()


def test_scenarios_are_listed_by_group() -> None:
    groups = listed()
    assert [group for group in groups if group in GROUPS] == [group for group in GROUPS if group in groups]
    assert {name for name, _ in groups["Archetypes"]} == set(ARCHETYPES)
    assert {name for name, _ in groups["Business models"]} == set(MODELS)
    assert GROUPS[-1] == OTHERS


def test_a_segment_the_market_does_not_have_is_refused() -> None:
    with pytest.raises(UserError, match="does not fit the market"):
        sim.load("sensing").replace("market.segments", 2)
