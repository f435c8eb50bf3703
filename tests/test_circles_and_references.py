"""References, circles, standards, growth, further work, kept consumers: what they do, in closed form where there is one."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from conftest import Found
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import busy, model_of

from sim.agents.consumers import CONSUMING, LAPSED
from sim.agents.merchants import ASKED, DELIVERED, LIVE, NOTHING, PROSPECT, UNDER_WAY, buys_further_work
from sim.agents.world import World
from sim.draws import Draws
from sim.market.growth import GROWTH_STAGES, WIDEST, Growth
from sim.market.references import References
from sim.market.standard import Standard
from sim.model import GrowthModel
from sim.scenario import Scenario, load

Step = Callable[..., World]
FEW = {"market.scale": 0.01, "market.people_per_row": 400.0}


def put(**values: Any) -> Callable[[World], None]:
    def change(world: World) -> None:
        for name, value in values.items():
            world.merchants.columns[name][:] = value

    return change


def tiny(name: str) -> Scenario:
    return load(name).replace(*(part for pair in FEW.items() for part in pair))


# references ---------------------------------------------------------------------------------------------


def test_every_hearing_is_shared_out_among_references(found: Found, step: Step) -> None:
    def some(world: World) -> None:
        few = world.merchants.ids % 20 == 0
        put(reference=few, packaged=np.where(few, 0.7, 0.0), talk=0.0, hearings=9.0, source=-1)(world)

    after = step("word", some, reach=1.0)
    heard = np.count_nonzero(after.merchants.source >= 0)
    assert heard > 5
    assert after.merchants.hearings.sum() == pytest.approx(heard)
    assert not after.merchants.hearings[after.merchants.ids % 20 != 0].any()


def test_without_packaging_nobody_is_followed(found: Found, step: Step) -> None:
    after = step("word", put(reference=True, packaged=0.0, hearings=0.0))
    assert not after.merchants.hearings.any()


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_a_fresh_reference_is_met_more_often_in_proportion(found: Found, step: Step, share: float) -> None:
    """Where all references are equally fresh, the hazard of hearing is multiplied; the number of hearings follows."""
    levels = (put(reference=True, packaged=level, source=-1, talk=0.0) for level in (0.0, share))
    worlds = (step("word", level, reach=0.4, packaged=8.0) for level in levels)
    plain, fresh = (np.count_nonzero(world.merchants.source >= 0) for world in worlds)
    assert (fresh > plain) == (share > 0)


def test_packaging_costs_what_it_says_and_takes_the_largest_first(found: Found, step: Step) -> None:
    after = step("references", put(reference=True, packaged=0.0), packaging=5_500.0, cost=2_000.0, least_size=0.0)
    left, spent = float(after.vendor.packaging_work), after.flows["packaging_spend"]
    done, was = np.flatnonzero(after.merchants.packaged == 1.0), found["references"][0]
    assert spent == pytest.approx(5_500.0 * after.vendor.affordable)
    assert after.accounts["packaging"] == was.accounts["packaging"] - spent
    assert was.vendor.packaging_work + spent == pytest.approx(len(done) * 2_000.0 + left)
    assert after.merchants.size[done].min() >= np.delete(after.merchants.size, done).max()


def test_nothing_is_spent_where_nobody_can_be_packaged(found: Found, step: Step) -> None:
    after = step("references", put(reference=False, packaged=0.0), packaging=1e6)
    assert after.flows["packaging_spend"] == 0.0
    small = step("references", put(reference=True, packaged=0.0, size=0.5), packaging=1e6, least_size=0.6)
    assert small.flows["packaging_spend"] == 0.0


@pytest.mark.parametrize(("focus", "column"), [("segment_focus", "segment"), ("region_focus", "region")])
def test_packaging_is_aimed(found: Found, step: Step, focus: str, column: str) -> None:
    after = step("references", put(reference=True, packaged=0.0), packaging=1e9, least_size=0.0, **{focus: 1})
    assert (after.merchants.columns[column][after.merchants.packaged == 1.0] == 1).all()
    assert (after.merchants.packaged == 1.0).any()


def test_freshness_falls_by_time_and_use(found: Found, step: Step) -> None:
    ready = put(packaged=0.8, hearings=3.0, satisfaction=0.9, status=LIVE)
    after = step("references", ready, packaging=0.0, half_life=26.0, wear=0.1)
    assert after.merchants.packaged == pytest.approx(0.8 * 0.5 ** (1 / 26) * 0.9**3)


def test_a_lost_reference_is_talked_about_until_it_vouches_again(found: Found, step: Step) -> None:
    turned = put(packaged=0.5, satisfaction=0.3, status=LIVE, reference=False, talk=0.0, seen=0.6, hearings=0.0)
    lost = step("references", turned, packaging=0.0, fame=10.0, said=0.5)
    assert lost.flows["references_lost"] == lost.merchants.n
    assert not lost.merchants.packaged.any()
    assert lost.merchants.talk == pytest.approx(5.0, rel=0.05)
    assert (lost.merchants.seen == 0.3).all()
    mechanism = References(packaging=0.0)
    lost.merchants.columns["reference"][:] = True
    lost.merchants.columns["seen"][:] = 0.6
    mechanism.step(lost, Draws(1, 0))
    assert (lost.merchants.seen == 0.6).all()
    assert (lost.merchants.says == -1).all()


def test_a_reference_that_no_longer_vouches_but_is_content_is_not_lost(found: Found, step: Step) -> None:
    kept = step("references", put(packaged=0.5, satisfaction=0.55, status=LIVE, reference=False), packaging=0.0)
    assert kept.flows["references_lost"] == 0
    gone = step("references", put(packaged=0.5, satisfaction=0.9, status=PROSPECT, reference=False), packaging=0.0)
    assert gone.flows["references_lost"] == gone.merchants.n


# circles ------------------------------------------------------------------------------------------------


def test_guests_take_what_their_hosts_see(found: Found, step: Step) -> None:
    """With no noise and great precision the belief of guests is what the hosts of their circle see, on the mean."""
    def see(world: World) -> None:
        world.merchants.columns["seen"][:] = 0.2 + 0.1 * world.merchants.circle

    after = step("circles", see, events=1e9, most=5.0, precision=50.0, half_hosts=0.01, noise=0.0)
    before = found["circles"][0].decision_makers
    moved = np.flatnonzero(after.decision_makers.mean != before.mean)
    assert len(moved) == after.flows["circle_guests"] > 20
    told = 0.2 + 0.1 * after.merchants.circle[after.decision_makers.merchant[moved]]
    left = (after.decision_makers.mean[moved] - told) / (before.mean[moved] - told)
    weight = after.decision_makers.precision[moved] - before.precision[moved]
    assert left == pytest.approx(before.precision[moved] / after.decision_makers.precision[moved])
    assert (weight > 45.0).all()


def test_where_nobody_is_live_no_evening_is_paid_for(found: Found, step: Step) -> None:
    after = step("circles", put(status=PROSPECT), events=1e6)
    assert after.accounts["circle_events"] == 0.0
    assert "circle_guests" not in after.flows


@settings(database=None, deadline=None, derandomize=True, max_examples=30)
@given(events=st.floats(1.0, 1e7), cost=st.floats(1.0, 1e5), most=st.floats(0.001, 5.0), firms=st.integers(1, 100_000))
def test_no_more_guests_are_expected_than_there_are_places(events: float, cost: float, most: float, firms: int) -> None:
    from sim.market.circles import Circles

    world = GrowthModel(busy()).world
    chance = Circles(events=events, place_cost=cost, most=most)._attendance(world, firms)
    assert 0.0 <= chance < 1.0
    assert chance * firms <= events / cost * (1 + 1e-9)
    assert world.accounts["circle_events"] == -events


# standard -----------------------------------------------------------------------------------------------


def test_half_of_it_at_the_threshold(found: Found) -> None:
    world = copy.deepcopy(found["standard"][0])
    share = np.bincount(world.merchants.segment[world.live()], minlength=3) / np.bincount(world.merchants.segment)
    for segment in range(3):
        Standard(pull=1.4, threshold=float(share[segment])).step(world, Draws(1, 0))
        assert world.merchants.standard[world.merchants.segment == segment] == pytest.approx(0.7)


def test_a_standard_helps_like_a_present_solution_that_serves_worse(found: Found, step: Step) -> None:
    worlds = (
        step("buying", lambda w, a=a, b=b: (w.merchants.columns["standard"].__setitem__(slice(None), a),
                                            w.merchants.columns["well_served"].__iadd__(b))) for a, b in ((0.5, 0.0), (0.0, -0.5))
    )
    one, other = worlds
    assert (one.merchants.status == other.merchants.status).all()


# growth -------------------------------------------------------------------------------------------------


def test_sizes_grow_at_lognormal_rates_and_a_few_become_large() -> None:
    model = GrowthModel(busy(growth__rate=0.1, growth__spread=0.4, growth__stage_share=0.0))
    before, world = model.world.merchants.size.copy(), model.world
    mechanism = Growth(rate=0.1, spread=0.4)
    for _ in range(104):
        mechanism.step(world, Draws(1, 0))
    growth = np.log(world.merchants.size / before)
    assert growth == pytest.approx(2 * (0.1 + 0.4 * world.merchants.growth_rate))
    assert np.log(world.merchants.size).std() > np.log(before).std()
    assert abs(np.corrcoef(growth, before)[0, 1]) < 0.15


def test_needs_move_to_those_of_the_stage_by_their_share() -> None:
    world = GrowthModel(busy()).world
    before = world.merchants.needs.copy()
    world.merchants.columns["growth_stage"][:] = 0
    mechanism = Growth(rate=2.0, spread=0.0, stage_share=0.3, speed=0.1)
    for _ in range(200):
        mechanism.step(world, Draws(1, 0))
    assert (world.merchants.growth_stage == GROWTH_STAGES - 1).all()
    assert (world.merchants.moved == 1).all()
    assert np.allclose(world.merchants.needs.sum(axis=1), 1.0)
    late = world.vendor.stage_needs.reshape(GROWTH_STAGES, WIDEST)[-1, : before.shape[1]]
    at_once = world.merchants.ids[(world.merchants.size > 0) & (before @ late >= 0)]
    least = 0.7 * 0.7 * before[at_once] + 0.3 * late
    assert (world.merchants.needs[at_once] >= least - 1e-9).all()
    assert (world.merchants.needs[at_once] <= before[at_once] + 0.3 * late + 0.3 * 0.3 + 0.3).all()


def test_one_stage_in_closed_form() -> None:
    world = GrowthModel(busy()).world
    before = world.merchants.needs.copy()
    world.merchants.columns["moved"][:] = 0.0
    world.merchants.columns["growth_stage"][:] = 1
    for week in range(1, 60):
        Growth(stage_share=0.4, speed=0.05).step(world, Draws(1, 0))
        moved = 1 - 0.95**week
        middle = world.vendor.stage_needs.reshape(GROWTH_STAGES, WIDEST)[1, : before.shape[1]]
        assert world.merchants.needs == pytest.approx((1 - 0.4 * moved) * before + 0.4 * moved * middle)


def test_who_stays_in_a_stage_keeps_its_needs_to_the_bit() -> None:
    model = model_of(busy(growth__spread=0.3, growth__stage_share=0.5), 1)
    first, needs = model.world.merchants.growth_stage.copy(), model.world.merchants.needs.copy()
    for _ in range(50):
        model.step()
    same = model.world.merchants.growth_stage == first
    still = same & (model.world.merchants.moved == 1)
    assert (model.world.merchants.needs[still] == needs[still]).all()
    assert not (model.world.merchants.needs[~same] == needs[~same]).all()


# further work -------------------------------------------------------------------------------------------


def test_only_those_served_well_ask_and_the_more_the_more_is_missing() -> None:
    assert buys_further_work(0.6, 0.5, 1.0, 0.6) == 0.0
    assert buys_further_work(0.5, 0.5, 1.0, 0.6) == 0.0
    assert buys_further_work(1.0, 0.5, 1.0, 0.6) == 0.5
    assert buys_further_work(0.8, 0.4, 1.0, 0.6) < buys_further_work(0.8, 0.6, 1.0, 0.6)


def test_what_is_asked_for_goes_through_the_queue_and_raises_the_fee(found: Found, step: Step) -> None:
    def asks(world: World) -> None:
        live = world.live()[:5]
        put(further=NOTHING, bespoke_work=0.0, promised=False, bespoke=False)(world)
        world.merchants.columns["further"][live] = ASKED
        world.vendor.queue_weeks = 0.0

    taken = step("customization", asks, accept_match=0.0, asking=0.0, max_share=0.0)
    firms = taken.live()[:5]
    assert (taken.merchants.further[firms] == UNDER_WAY).all()
    assert (taken.merchants.bespoke_work[firms] > 0).all()
    refused = step("customization", asks, accept_match=1.01, asking=0.0)
    assert (refused.merchants.further[firms] == NOTHING).all()
    assert not refused.merchants.bespoke_work[firms].any()
    done = step("customization", asks, accept_match=0.0, asking=0.0, max_share=1.0, engineers=1e4)
    assert (done.merchants.further[firms] == DELIVERED).all()
    assert done.accounts["custom_fees"] > 0


def test_further_work_queues_behind_earlier_promises(found: Found, step: Step) -> None:
    def queue(world: World) -> None:
        live = world.live()
        put(further=NOTHING, bespoke_work=0.0, promised=False)(world)
        old, new = live[np.argsort(world.merchants.signed_week[live], kind="stable")][[0, -1]]
        world.merchants.columns["bespoke_work"][[old, new]] = 1.0
        world.merchants.columns["promised"][[old, new], 20:22] = True
        world.merchants.columns["due_week"][[old, new]] = world.week + 13, world.merchants.signed_week[new] + 13
        world.merchants.columns["further"][old] = UNDER_WAY

    after = step("customization", queue, asking=0.0, max_share=1.0, engineers=1.5, upkeep=0.0)
    waiting = after.merchants.bespoke_work > 0
    assert waiting.sum() == 1
    assert after.merchants.further[waiting] == UNDER_WAY


def test_fees_kept_can_exceed_fees_due(found: Found, step: Step) -> None:
    due = put(fee=110.0, extended=10.0, live_week=found["renewal"][0].week - 52)
    after = step("renewal", due, leaves=0.0)
    assert after.flows["kept_fees"] / after.flows["due_fees"] == pytest.approx(1.1)
    assert not after.merchants.extended[after.live()].any()


# kept consumers -----------------------------------------------------------------------------------------


def abandoned(world: World) -> None:
    """Let everybody be active, with points, and every merchant be gone."""
    put(status=PROSPECT, parted=False, live_week=0)(world)
    for name, value in (("state", CONSUMING), ("points", 3.0)):
        world.consumers.columns[name][:] = value


def test_kept_consumers_keep_points_and_go_on_by_half(found: Found, step: Step) -> None:
    all_, none = (step("usage", abandoned, kept_by_vendor=share, spending=0.1, expiry=0.0, incentive=1.0) for share in (1.0, 0.0))
    assert all_.merchants.parted.all()
    assert all_.flows["points_expired"] == 0.0
    active = all_.consumers.state == CONSUMING
    assert 0 < np.count_nonzero(~active) < all_.consumers.n
    assert all_.consumers.points[active] == pytest.approx(3.0 + 0.5 - 0.5 * 0.1 * 3.0)
    assert all_.vendor.kept_people == 0.5 * active.sum() * all_.market.people_per_row
    assert none.vendor.kept_people == 0.0
    assert not none.consumers.points.any()
    assert (none.consumers.state == LAPSED).all()


def test_a_merchant_that_comes_back_takes_its_consumers_back(found: Found, step: Step) -> None:
    def back(world: World) -> None:
        abandoned(world)
        put(status=LIVE, live_week=world.week, parted=True)(world)

    after = step("usage", back)
    assert not after.merchants.parted.any()
    assert after.vendor.kept_people == 0.0
    assert after.merchants.active_people.sum() > 0


# the scenarios ------------------------------------------------------------------------------------------

SHIPPED = (
    "segment_leader_reference", "packaged_references", "lost_reference", "circle_education", "segment_standard", "growing_firms",
    "secondary_development", "kept_consumers", "few_large_deals",
)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_scenario_runs_and_says_what_it_is(name: str) -> None:
    scenario = tiny(name)
    assert scenario.title
    assert scenario.description
    run = model_of(scenario.replace("weeks", 12), 12).finish()
    assert np.isfinite(run.weekly["value"]).all()
