"""Rivals, badges, channels and cash back: closed forms, balances, effects on common seeds with their negative controls."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from conftest import Found
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import Watched, both, busy, differing, model_of, sets

from sim import load
from sim.agents.decision_makers import ROLES
from sim.agents.merchants import LIVE, PROSPECT, ROUND, SIGNED, shows_badge, signs_with_rival
from sim.agents.rivals import next_offer
from sim.agents.world import SOURCE, SOURCES, World
from sim.market.promotion import CHANNELS, ONLINE, Promotion
from sim.market.rivals import Rivals
from sim.model import simulate
from sim.scenario import Scenario

Step = Callable[..., World]
EXECUTIVE_AT = ROLES.index("executive")


# rules --------------------------------------------------------------------------------------------------

UNIT = st.floats(0.0, 1.0)


@given(UNIT, UNIT, UNIT, UNIT)
def test_offers_rise_and_copying_never_makes_them_worse(offer: float, improvement: float, shown: float, copying: float) -> None:
    own = next_offer(np.float64(offer), improvement, 0.0, copying)
    copied = next_offer(np.float64(offer), improvement, shown, copying)
    assert offer - 1e-12 <= own <= copied + 1e-12 <= 1.0 + 2e-12
    assert copied <= max(own, shown) + 1e-12


@given(UNIT, UNIT, st.floats(0.001, 1.0))
def test_at_equal_worth_half_the_hazard_is_left(offer: float, believed: float, spread: float) -> None:
    assert signs_with_rival(np.float64(offer), offer, spread, 0.3) == pytest.approx(0.15)
    better, worse = (signs_with_rival(np.float64(a), b, spread, 1.0) for a, b in ((offer, believed), (believed, offer)))
    assert better + worse == pytest.approx(1.0)


@given(st.floats(0.0, 3.0), UNIT)
def test_a_badge_needs_a_reason(benefit: float, satisfaction: float) -> None:
    chance = shows_badge(np.float64(benefit), satisfaction, -2.0, 12.0, 3.0)
    assert 0.0 <= chance <= 1.0
    assert (chance > 0) == (benefit > 0)


# rivals -------------------------------------------------------------------------------------------------


def test_without_rivals_everything_is_the_vendors() -> None:
    world = model_of(busy(market__rivals=0), 30).world
    vendor = world.vendor
    assert (vendor.search_share, vendor.best_rival, vendor.margin_demand, vendor.rival_contract) == (1.0, 0.0, 1.0, 0)
    assert (world.merchants.bound_until == -1).all()


def test_parameters_of_rivals_do_nothing_without_rivals() -> None:
    strong = {"rivals__voice": 9e5, "rivals__appetite": 4.0, "renewal__rival_weight": 9.0}
    usual, other = (model_of(busy(market__rivals=0, **more), 30) for more in ({}, strong))
    assert differing(usual.world, other.world) == set()


def test_shares_by_hand() -> None:
    rivals = Rivals(presence=10.0)
    assert rivals._share(30.0, np.array([])) == 1.0
    assert rivals._share(30.0, np.array([50.0, 0.0])) == pytest.approx(40.0 / (40.0 + 60.0 + 10.0))


def test_rivals_enter_one_after_the_other() -> None:
    model = model_of(busy(market__rivals=3, rivals__first_week=5, rivals__apart=7), 14)
    assert list(model.rivals.entered) == [5, 12, -1]
    assert list(model.rivals.voice > 0) == [True, True, False]


def test_a_launch_shows_the_idea_after_its_lag() -> None:
    quiet = {f"plan__promotion__{name}__spend": 0.0 for name in CHANNELS}
    finished = {"vendor__polish": 1.0, "vendor__maturity": 1.0, "vendor__other_maturity": 1.0}
    finished |= {"rivals__improvement": 0.0, "rivals__lag": 8}
    for more, copies in ((finished, True), (finished | quiet, False)):
        early = model_of(busy(**more), 8).rivals.offer.copy()
        late = model_of(busy(**more), 20).rivals.offer
        assert (early == 0.35).all()
        assert (late > early).all() == copies


def test_a_firm_won_by_a_rival_is_bound_and_free_again_when_its_contract_ends() -> None:
    strong = {"rivals__appetite": 1.0, "rivals__opening_offer": 1.0, "rivals__voice": 1e8, "rivals__contract": 9}
    model = model_of(busy(need__interval=4.0, **strong), 5)
    merchants = model.merchants
    bound = np.flatnonzero(merchants.bound_until == model.world.week + 9)
    assert len(bound) > 5
    for _ in range(9):
        model.step()
        assert (merchants.status[bound] == PROSPECT).all()
        assert (merchants.window_end[bound] < model.world.week).all()
    for _ in range(12):
        model.step()
    assert (merchants.window_end[bound] > model.world.week - 12).any()


def test_what_is_believed_of_the_vendor_holds_a_rival_off(step: Step) -> None:
    everybody = both(sets("decision_makers", aware=True, precision=5.0), sets("rivals", offer=0.5))
    wins = [
        step("rivals", both(everybody, sets("decision_makers", mean=mean)), appetite=1.0).flows["rival_wins"]
        for mean in (0.1, 0.5, 0.9)
    ]
    assert wins[0] > wins[1] > wins[2]


def test_a_lost_round_ends_and_is_told(step: Step, found: Found) -> None:
    before = found["rivals"][0]
    after = step("rivals", sets("rivals", offer=1.0), appetite=5.0)
    was = before.merchants.status == ROUND
    lost = was & (after.merchants.status == PROSPECT)
    (event,) = [e for e in after.events if e[0] == "lost_to_rival"]
    assert set(event[1]) == set(np.flatnonzero(lost))
    assert after.flows["lost_rounds"] == after.flows["decided_rounds"] == lost.sum() > 0
    assert (after.merchants.route[lost] == -1).all()
    assert not after.merchants.promised[lost].any()


def test_who_leaves_for_a_rival_is_bound_and_would_else_have_stayed(step: Step, found: Found) -> None:
    def due(offer: float) -> Callable[[World], None]:
        anniversary = found["renewal"][0].week - 52
        return both(sets("merchants", live_week=anniversary), sets("vendor", best_rival=offer, rival_contract=20))

    alone, lured = (step("renewal", due(offer), rival_weight=3.0, level=1.0) for offer in (0.0, 1.0))
    left, more = (world.merchants.status != LIVE for world in (alone, lured))
    bound = lured.merchants.bound_until == lured.week + 20
    assert bound.sum() == lured.flows["lured_away"] > 0
    assert (bound == (more & ~left)).all()
    assert alone.flows["lured_away"] == 0


def test_the_leak_takes_searches_only(step: Step) -> None:
    shares = {leak: step("promotion", sets("vendor", search_share=leak)).splits["visits", "channel"] for leak in (1.0, 0.25)}
    ratio = np.divide(shares[0.25], shares[1.0], out=np.ones(len(SOURCES)), where=shares[1.0] > 0)
    for name in CHANNELS:
        assert ratio[SOURCE[name]] == pytest.approx(0.25 if name in ("seo", "sem") else 1.0)


# channels -----------------------------------------------------------------------------------------------


def test_channel_codes_are_the_first_sources_and_a_badge_is_no_channel() -> None:
    assert SOURCES[: len(CHANNELS)] == CHANNELS
    assert "badge" not in CHANNELS
    assert tuple(name for name in Promotion.model_fields if name in CHANNELS) == CHANNELS


def test_nine_tenths_and_more_of_online_contacts_are_frontline() -> None:
    online = ("seo", "sem", "feed_ads", "content", "media", "social_campaign", "joint_campaign")
    assert all(getattr(Promotion(), name).roles == ONLINE for name in online)
    assert ONLINE[ROLES.index("frontline")] == 0.95
    assert max(getattr(Promotion(), name).roles[EXECUTIVE_AT] for name in ("exhibition", "salon", "speaking")) > 0.3


def test_speakers_have_so_many_hours(found: Found) -> None:
    world = copy.deepcopy(found["promotion"][0])
    alone = {name: getattr(Promotion(), name) for name in CHANNELS}
    speaking = alone["speaking"].model_copy(update={"spend": 1e6, "hours": 3.0})
    world.open_books()
    Promotion(speaking=speaking, hour_cost=100.0).step(world, Watched(1, 0).at(world.week).of("promotion"))
    assert world.flows["promotion_spend"] == pytest.approx(300.0 * world.vendor.affordable)


def test_three_campaigns_of_six_keep_half_of_their_effect_where_a_team_runs_three(found: Found) -> None:
    six = ("feed_ads", "media", "exhibition", "salon", "co_marketing", "social_campaign")
    campaign = [getattr(Promotion(), name).campaign for name in CHANNELS]
    rows = {"campaign": np.array(campaign, dtype=np.float64)}
    spend = np.array([float(name in six) for name in CHANNELS])
    left = Promotion(most_campaigns=3.0, overload=1.0)._together(rows, spend)
    assert list(left) == [0.5 if one else 1.0 for one in campaign]
    assert (Promotion(overload=0.0)._together(rows, spend) == 1.0).all()
    assert (Promotion(overload=1.0, most_campaigns=6.0)._together(rows, spend) == 1.0).all()


def test_the_sound_plan_is_not_overloaded() -> None:
    plans = (load("baseline+small").replace("promotion.overload", power) for power in (0.0, 1.0))
    usual, strict = (simulate(plan, weeks=100).weekly for plan in plans)
    assert all(usual[name].tobytes() == strict[name].tobytes() for name in usual)


# badge --------------------------------------------------------------------------------------------------


def test_badges_go_with_their_reason() -> None:
    spans = [{"from": 0, "to": 40, "value": 0.5}]
    off = {"plan__visibility__endorsement": 0.0, "plan__visibility__advertising": 0.0}
    run = simulate(busy(plan__visibility__discount=spans, **off), seed=3).weekly
    assert run["badge_merchants"][39] > 0
    assert (run["badge_merchants"][40:] == 0).all()
    assert (run["badge_cost"][40:] == 0).all()
    assert (np.diff(run["name_known"][41:]) < 0).all()


def test_only_live_merchants_show_a_badge_and_only_free_firms_learn_from_it(step: Step, found: Found) -> None:
    before = found["visibility"][0]
    unknown = both(sets("merchants", badge=True), sets("decision_makers", aware=False))
    after = step("visibility", unknown, public=500.0, review=0.0)
    assert (after.merchants.status[after.merchants.badge] == LIVE).all()
    new = after.decision_makers.aware
    assert new.sum() == after.flows["badge_contacts"] > 0
    firms = after.decision_makers.merchant[new]
    assert (before.merchants.status[firms] < SIGNED).all()
    assert (after.merchants.source[firms] == SOURCE["badge"]).all()


def test_an_endorsement_costs_more_the_rougher_the_product(step: Step) -> None:
    rough = [both(sets("merchants", badge=True), sets("vendor", polish=polish)) for polish in (0.2, 0.6, 1.0)]
    costs = [step("visibility", change, review=0.0).accounts["badge_liability"] for change in rough]
    assert costs[0] < costs[1] < costs[2] == 0.0
    assert costs[0] / costs[1] == pytest.approx(2.0)


def test_names_leave_less_to_leak(step: Step) -> None:
    shares = [step("rivals", sets("vendor", name_known=known)).vendor.search_share for known in (0.0, 0.5, 1.0)]
    assert shares[0] < shares[1] < shares[2] == 1.0
    assert (shares[1] - shares[0]) == pytest.approx(shares[2] - shares[1])


# effects on common seeds --------------------------------------------------------------------------------

EFFECTS = ("rival_entry", "badge_discount", "cash_back", "social_participants")


@pytest.fixture(scope="module")
def runs() -> dict[str, list[Any]]:
    """Return weekly results of some scenarios and the baseline on three common seeds."""
    return {name: [simulate(load(f"{name}+small"), seed=seed).weekly for seed in (1, 2)] for name in ("baseline", *EFFECTS)}


def change(runs: dict[str, list[Any]], name: str, measure: str, last: bool = False) -> float:
    """Return the mean relative change of a scenario against the baseline on common seeds."""
    totals = [[w[measure][-1] if last else w[measure].sum() for w in runs[which]] for which in (name, "baseline")]
    return float(np.mean(totals[0]) / np.mean(totals[1]) - 1.0)


def test_a_rival_takes_firms_searches_and_margin(runs: dict[str, list[Any]]) -> None:
    assert change(runs, "rival_entry", "signed_merchants") < -0.05
    assert change(runs, "rival_entry", "sem_clicks") < -0.05
    assert change(runs, "rival_entry", "reseller_effort", last=True) < -0.05
    assert all(w["lost_rounds"].sum() > 0 for w in runs["rival_entry"])
    assert all(w["share_of_voice"][-1] == 1.0 and w["search_share"][-1] == 1.0 for w in runs["baseline"])


def test_a_badge_brings_inbound_firms_late(runs: dict[str, list[Any]]) -> None:
    assert change(runs, "badge_discount", "inbound_wins") > 0
    assert all(w["badge_contacts"].sum() > 50 for w in runs["badge_discount"])
    assert all((a["leads"][:40] == b["leads"][:40]).all() for a, b in zip(runs["badge_discount"], runs["baseline"], strict=True))


def test_cash_back_moves_consumers_not_firms(runs: dict[str, list[Any]]) -> None:
    assert change(runs, "cash_back", "active_consumers", last=True) > 0.05
    assert abs(change(runs, "cash_back", "renewals") / change(runs, "cash_back", "active_consumers", last=True)) < 0.3
    assert abs(change(runs, "cash_back", "signed_merchants")) < 0.02


def test_a_social_campaign_brings_people_who_are_no_prospects(runs: dict[str, list[Any]]) -> None:
    assert change(runs, "social_participants", "visits") > 1.0
    assert abs(change(runs, "social_participants", "leads")) < 0.05


# any of it ----------------------------------------------------------------------------------------------


@settings(database=None, deadline=None, derandomize=True, max_examples=6)
@given(st.integers(0, 5), st.floats(0.0, 2.0), UNIT, UNIT, UNIT)
def test_firms_are_signed_once_and_shares_are_shares(
    rivals: int, appetite: float, leak: float, discount: float, stands: float
) -> None:
    scenario: Scenario = busy(
        weeks=40, market__rivals=rivals, rivals__appetite=appetite, rivals__leak=leak, plan__visibility__discount=discount,
        plan__visibility__endorsement=stands,
    )
    run = simulate(scenario, seed=5).weekly
    assert np.allclose(run["signed_anywhere"], run["signed_merchants"] + run["rival_wins"])
    for name in ("share_of_voice", "search_share", "name_known"):
        assert ((run[name] >= 0) & (run[name] <= 1)).all(), name
    assert (run["badge_merchants"] <= run["live_merchants"]).all()
