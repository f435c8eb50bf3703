"""What each mechanism does in one week, in a case simple enough to work out by hand."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import pytest
from conftest import Found
from tiny import Watched, both, busy, model_of, sets

from sim.agents.consumers import AWARE, CONSUMING, LAPSED, UNAWARE
from sim.agents.merchants import LEAD, LIVE, PROSPECT, REP, ROUND, SELF_SERVICE, SIGNED
from sim.agents.resellers import ACTIVE
from sim.agents.vendor import STAGES
from sim.agents.world import World
from sim.market.feedback import Feedback
from sim.market.gates import Gates
from sim.market.promotion import CHANNELS, LONGEST_DELAY, Promotion

Step = Callable[..., World]


# need, promotion, belief --------------------------------------------------------------------------------


def test_a_need_opens_a_window_from_this_week_on_and_only_where_none_is_open(found: Found, step: Step) -> None:
    before, after = found["need"][0], step("need", interval=4.0)
    opened = after.merchants.window_end != before.merchants.window_end
    assert opened.sum() > 5
    assert (before.merchants.status[opened] == PROSPECT).all()
    assert (before.merchants.window_end[opened] < before.week).all()
    assert (after.merchants.window_end[opened] > before.week).all()


def test_money_spent_shows_after_its_delay_and_fades_by_half_in_a_half_life(found: Found) -> None:
    world = copy.deepcopy(found["promotion"][0])
    sets("vendor", adstock=0.0, pipeline=0.0, fatigue=0.0, affordable=0.5)(world)
    quiet = {"spend": 0.0, "half_life": 1.0, "delay": 3}
    silent = Promotion(**{name: getattr(Promotion(), name).model_copy(update=quiet) for name in CHANNELS})
    loud = silent.model_copy(update={"sem": silent.sem.model_copy(update={"spend": 800.0})})
    stocks, sem = [], CHANNELS.index("sem")
    for week in range(6):
        world.open_books()
        (loud if week == 0 else silent).step(world, Watched(1, 0).at(week).of("promotion"))
        stocks.append(world.vendor.adstock[sem])
        if week == 0:
            assert world.accounts["promotion"] == -400.0
    assert stocks == [0.0, 0.0, 0.0, 200.0, 100.0, 50.0]
    assert world.vendor.pipeline.shape == (len(CHANNELS) * (LONGEST_DELAY + 1),)


def test_bursts_come_all_at_once(found: Found) -> None:
    visits = []
    for week in range(6):
        world = copy.deepcopy(found["promotion"][0])
        world.week = week
        Promotion(salon=Promotion().salon.model_copy(update={"every": 3})).step(world, Watched(1, 0).at(week).of("promotion"))
        visits.append(world.splits["visits", "channel"][CHANNELS.index("salon")])
    assert visits[0] == visits[3] > 0
    assert visits[1] == visits[2] == visits[4] == visits[5] == 0


def test_who_is_in_a_round_or_a_customer_forgets_nothing(found: Found, step: Step) -> None:
    before = found["belief"][0]
    after = step("belief", sets("decision_makers", aware=True), memory=0.5, forgetting=1.0)
    idle = before.merchants.status[before.decision_makers.merchant] < ROUND
    assert (after.decision_makers.aware == ~idle).all()
    for name in ("mean", "precision"):
        kept = after.decision_makers.columns[name] == before.decision_makers.columns[name]
        assert kept[~idle].all()
        assert not kept[idle].all()


# sales and rounds ---------------------------------------------------------------------------------------


def queue(world: World) -> None:
    """Let the first hundred firms wait, the later the longer, all large enough for a rep."""
    columns, week = world.merchants.columns, world.week
    sets("merchants", status=PROSPECT, window_end=week - 1, route=-1, reseller=-1, source=0)(world)
    for name, value in (("status", LEAD), ("lead_week", week - np.arange(100) // 10), ("window_end", week + 9), ("size", 5.0)):
        columns[name][:100] = value


def test_the_oldest_leads_are_served_first_as_far_as_places_go(step: Step) -> None:
    world = step("sales", queue, reps=2.0, ramp=1.0, slots_per_rep=12.0, stale=0.0, enquiry=0.0, reseller_reach=0.0)
    opened = np.flatnonzero(world.merchants.status == ROUND)
    assert len(opened) == 24
    assert (world.merchants.route[opened] == REP).all()
    assert set(range(80, 100)) <= set(opened)
    assert set(opened) <= set(range(70, 100))
    assert world.vendor.unserved_leads == 76


def test_small_firms_serve_themselves(step: Step) -> None:
    small = both(queue, sets("merchants", size=0.1))
    world = step("sales", small, account_focus=1.0, telesales=0.0, stale=0.0, enquiry=0.0, reseller_reach=0.0)
    assert (world.merchants.route[:100] == SELF_SERVICE).all()
    assert world.vendor.unserved_leads == 0


def test_reps_serve_the_segment_they_are_pointed_at(step: Step) -> None:
    world = step("sales", queue, reps=100.0, ramp=1.0, segment_focus=1, stale=0.0, enquiry=0.0, reseller_reach=0.0)
    assert ((world.merchants.route[:100] == REP) == (world.merchants.segment[:100] == 1)).all()


def eager(world: World) -> None:
    """Let everybody in a round know, have tried, and want the product; firms are small and quick."""
    sets("decision_makers", aware=True, evaluated=True, mean=1.0, precision=50.0, error=0.0)(world)
    sets("merchants", pace=1e6, size=1.0, well_served=0.0)(world)


def in_rounds(found: Found) -> np.ndarray:
    return np.flatnonzero(found["buying"][0].merchants.status == ROUND)


def test_a_firm_signs_when_all_who_hold_a_veto_agree(found: Found, step: Step) -> None:
    firms = in_rounds(found)
    assert len(firms) > 10
    assert (step("buying", eager).merchants.status[firms] == SIGNED).all()


def test_one_veto_holder_who_is_against_or_unaware_is_enough(found: Found, step: Step) -> None:
    firms = in_rounds(found)
    world = found["buying"][0]
    one = world.ties.covers[firms, 0]

    def against(world: World) -> None:
        world.decision_makers.columns["mean"][one] = -5.0

    def unaware(world: World) -> None:
        world.decision_makers.columns["aware"][one] = False
        world.merchants.columns["route"][firms] = REP

    refused = step("buying", both(eager, against), refusal=5.0, evaluation=0.0, noise=0.0)
    assert not (refused.merchants.status[firms] == SIGNED).any()
    assert refused.flows["rejections"] > 0.9 * len(firms)
    waiting = step("buying", both(eager, unaware), meeting=(0.0, 0.0, 0.0), colleagues=0.0)
    assert not (waiting.merchants.status[firms] == SIGNED).any()
    assert waiting.flows["rejections"] == 0


def test_what_is_undecided_when_time_runs_out_is_no_decision(found: Found, step: Step) -> None:
    firms = in_rounds(found)

    def late(world: World) -> None:
        world.merchants.columns["window_end"][firms[::2]] = world.week
        world.merchants.columns["window_end"][firms[1::2]] = world.week + 5

    world = step("buying", late, cost=9.0, refusal=0.0)
    assert (world.merchants.status[firms[::2]] == PROSPECT).all()
    assert (world.merchants.status[firms[1::2]] == ROUND).all()
    assert world.flows["no_decisions"] == len(firms[::2])


def test_large_firms_sign_in_their_budget_windows_alone(found: Found, step: Step) -> None:
    firms = in_rounds(found)
    world = step("buying", both(eager, sets("merchants", size=9.0)), budget_size=2.0)
    assert ((world.merchants.status[firms] == SIGNED) == ((world.week + firms) % 13 < 7)).all()


# product and customization ------------------------------------------------------------------------------


def one_job(world: World) -> None:
    """Let live merchant number one have two features due next week, and nobody else anything."""
    sets("merchants", bespoke_work=0.0, promised=False, bespoke=False, kept_up=False, due_week=-1)(world)
    firm = world.live()[0]
    world.merchants.columns["bespoke_work"][firm] = 0.2
    world.merchants.columns["promised"][firm, [4, 9]] = True
    world.merchants.columns["due_week"][firm] = world.week + 1
    sets("vendor", trial_work=0.0, product_work=0.0)(world)


def test_work_delivered_on_time_is_paid_kept_up_and_believed(found: Found, step: Step) -> None:
    before, firm = found["customization"][0], found["customization"][0].live()[0]
    terms = {"engineers": 1.0, "max_share": 0.5, "asking": 0.0, "offering": 0.0, "productize": False, "credibility_speed": 0.1}
    world = step("customization", one_job, **terms, custom_fee=100.0, load_on_core=1.0, reuse=0.0)
    assert np.flatnonzero(world.merchants.bespoke[firm]).tolist() == [4, 9]
    assert np.flatnonzero(world.merchants.kept_up[firm]).tolist() == [4, 9]
    assert not world.merchants.promised.any()
    assert world.merchants.due_week[firm] == -1
    assert world.accounts["custom_fees"] == 200.0
    assert world.vendor.credibility == pytest.approx(0.9 * before.vendor.credibility + 0.1)
    assert world.vendor.engineering == pytest.approx(0.8)


def test_work_that_comes_due_undone_breaks_a_promise_once(found: Found, step: Step) -> None:
    before = found["customization"][0]

    def late(weeks: int) -> Callable[[World], None]:
        return both(one_job, lambda world: sets("merchants", due_week=world.week - weeks)(world))

    terms = {"engineers": 0.1, "max_share": 0.1, "asking": 0.0, "offering": 0.0, "credibility_speed": 0.1}
    broken, later = (step("customization", late(weeks), **terms) for weeks in (1, 2))
    assert broken.vendor.credibility == pytest.approx(0.9 * before.vendor.credibility)
    assert broken.flows["due_promises"] == 1
    assert later.vendor.credibility == before.vendor.credibility
    assert later.flows["due_promises"] == 0


def test_core_work_closes_gaps_and_age_opens_them(found: Found, step: Step) -> None:
    before = found["product"][0]
    even = both(sets("vendor", maturity=0.5, engineering=3.2), sets("vendor", heard=1 / 32))
    world = step("product", even, polish_share=0.0, obsolescence=0.01, need_research=0.0, concentration=1.0)
    built = 0.5 + (1 - np.exp(-0.1 / before.opening.core_cost * np.ones(32))) * 0.5
    # what was heard this week tilts the work a little, so the sum is what is worked out by hand
    assert world.vendor.maturity.sum() == pytest.approx((built * 0.99).sum(), rel=0.01)


# service, renewal ---------------------------------------------------------------------------------------


def test_firms_go_live_in_order_of_signature_as_many_as_places(step: Step) -> None:
    def signed(world: World) -> None:
        world.merchants.columns["status"][:] = PROSPECT
        world.merchants.columns["status"][10:40] = SIGNED
        world.merchants.columns["signed_week"][10:40] = world.week - np.arange(30)

    world = step("service", signed, support_staff=5.0, support_per_live=0.0, onboarding=1.0, soonest=3)
    gone = np.flatnonzero(world.merchants.status == LIVE)
    assert gone.tolist() == [35, 36, 37, 38, 39]
    assert (world.merchants.live_week[gone] == world.week).all()
    hurried = step("service", signed, support_staff=500.0, support_per_live=0.0, onboarding=1.0, soonest=3)
    assert np.flatnonzero(hurried.merchants.status == LIVE).tolist() == list(range(13, 40))


def test_satisfied_seasoned_merchants_vouch(step: Step) -> None:
    def seasoned(world: World) -> None:
        sets("merchants", live_week=world.week - 20, satisfaction=1.0, gain=1e6)(world)
        world.merchants.columns["live_week"][world.live()[:3]] = world.week - 2

    world = step("service", seasoned, speed=0.0, seasoning=13, vouching=0.8)
    live = world.live()
    assert world.merchants.reference[live[3:]].sum() > 0.8 * len(live)
    assert not world.merchants.reference[live[:3]].any()
    assert not world.merchants.reference[world.merchants.status != LIVE].any()


def test_contracts_come_up_once_a_year(found: Found, step: Step) -> None:
    def of_all_ages(world: World) -> None:
        world.merchants.columns["live_week"][:] = world.week - world.merchants.ids % 53

    world = step("renewal", of_all_ages, level=-10.0, switching=0.0, weight=0.0, gain_weight=0.0)
    live = found["renewal"][0].merchants.status == LIVE
    due = live & (world.merchants.ids % 53 == 52)
    assert due.sum() > 0
    assert ((world.merchants.status == LIVE) == (live & ~due)).all()
    assert world.flows["due_renewals"] == due.sum()


# consumers ----------------------------------------------------------------------------------------------

STILL = {"push": 0.0, "strong": 0.0, "weak": 0.0, "lapse": 0.0, "friction": 0.0, "comeback": 0.0, "take_up": 0.0}


def only_there(state: int) -> Callable[[World], None]:
    """Put every consumer in one state; the vendor reaches nobody."""
    return both(sets("consumers", state=state, points=0.0), sets("vendor", direct_reach=0.0))


@pytest.mark.parametrize("state", [AWARE, CONSUMING, LAPSED])
def test_only_who_has_not_heard_can_hear(step: Step, state: int) -> None:
    world = step("usage", only_there(state), **STILL | {"push": 10.0, "strong": 10.0, "weak": 10.0, "immediate": 1.0})
    at_live = (world.merchants.status == LIVE)[world.consumers.merchant]
    assert (world.consumers.state[at_live] == state).all()


@pytest.mark.parametrize("state", [AWARE, LAPSED])
def test_only_active_people_talk(step: Step, state: int) -> None:
    def half(world: World) -> None:
        only_there(UNAWARE)(world)
        world.consumers.columns["state"][::2] = state

    world = step("usage", half, **STILL | {"strong": 10.0, "weak": 10.0})
    assert (world.consumers.state[1::2] == UNAWARE).all()


def test_points_by_hand(step: Step) -> None:
    def held(world: World) -> None:
        only_there(CONSUMING)(world)
        world.consumers.columns["state"][::2] = LAPSED
        world.consumers.columns["points"][:] = 100.0
        world.merchants.columns["parted"][:] = False  # merchants that are not live have gone this week

    world = step("usage", held, **STILL, incentive=2.0, spending=0.1, expiry=0.05, prize_cost=0.5, kept_by_vendor=0.0)
    at_live = (world.merchants.status == LIVE)[world.consumers.merchant]
    active, lapsed = at_live & (world.consumers.state == CONSUMING), at_live & (world.consumers.ids % 2 == 0)
    assert world.consumers.points[active] == pytest.approx(100 + 2 - 10 - 4.5)
    assert world.consumers.points[lapsed] == pytest.approx(95)
    assert (world.consumers.points[~at_live] == 0).all()
    assert (world.consumers.state[~at_live] == LAPSED).all()
    assert world.accounts["prizes"] == pytest.approx(-0.5 * 10 * active.sum() * world.market.people_per_row)


@pytest.mark.parametrize("delay", [1, 4, 52])
def test_each_report_arrives_once_after_its_delay(found: Found, delay: int) -> None:
    world = copy.deepcopy(found["feedback"][0])
    world.vendor.columns["reports_due"][:] = 0.0
    talking, silent = (Feedback(delay=delay, reports=reports, from_merchants=0.0, arrives=0.5) for reports in (0.01, 0.0))
    arrived = []
    for week in range(2 * delay + 120):
        (talking if week == 0 else silent).step(world, Watched(1, 0).at(week).of("feedback"))
        arrived.append(world.vendor.evidence)
    posted = 0.5 * 0.01 * world.merchants.active_people.sum()
    assert np.flatnonzero(arrived).tolist() == [delay - 1]  # read by engineering in the week after
    assert arrived[delay - 1] == pytest.approx(posted)


# resellers, money, gates --------------------------------------------------------------------------------


def test_support_is_judged_against_what_was_expected_before(step: Step) -> None:
    """Habit moves by what was heard; trust falls by a third of the gap when half of what was announced is paid."""
    used_to = sets("resellers", state=ACTIVE, habit=0.5, trust=0.8)
    used_to = both(used_to, sets("vendor", affordable=1.0, visible=0.0, response=0.0))
    world = step(
        "channel", used_to, support_per_reseller=500.0, announced=1_000.0, announce=True, full_support=1_000.0, hears_support=1.0,
        noise=0.0, hears_leads=0.0, trust_loss=1 / 3, habit_weeks=10.0, sign_up=0.0, exit_level=0.0,
    )
    assert world.resellers.heard == pytest.approx(0.5)
    assert world.resellers.habit == pytest.approx(0.5)
    assert world.resellers.trust == pytest.approx(0.8 - 0.3 / 3)
    expected = 0.2 * 0.5 + 0.8 * 1.0
    assert world.resellers.gap == pytest.approx(0.5 - expected)


def test_resellers_are_paid_support_and_margin(found: Found, step: Step) -> None:
    def accounts(world: World) -> None:
        sets("resellers", state=ACTIVE)(world)
        sets("merchants", reseller=-1, fee=100.0)(world)
        world.merchants.columns["reseller"][world.live()[:10]] = 2
        world.vendor.affordable = 0.5

    world = step("channel", accounts, support_per_reseller=300.0, margin=0.3, recruitment=1_000.0, exit_level=0.0, sign_up=0.0)
    assert world.accounts["channel_support"] == pytest.approx(-300 * 0.5 * world.resellers.n)
    assert world.accounts["reseller_margin"] == pytest.approx(-0.3 * 100 * 10)
    assert world.accounts["recruitment"] == pytest.approx(-500)


def test_a_reseller_leaves_after_enough_low_weeks_in_a_row(step: Step) -> None:
    def low(world: World) -> None:
        sets("resellers", state=ACTIVE, confidence=0.0, low_weeks=world.resellers.ids % 4)(world)

    world = step("channel", low, exit_level=0.9, exit_weeks=3, sign_up=0.0)
    assert ((world.resellers.state == ACTIVE) == (world.resellers.ids % 4 < 2)).all()
    recovered = step("channel", both(low, sets("resellers", confidence=1.0)), exit_level=0.1, exit_weeks=3, sign_up=0.0)
    assert (recovered.resellers.low_weeks == 0).all()


@pytest.mark.parametrize(("payrolls", "affordable", "staffed"), [(20, 1, 1), (3.5, 0.5, 1), (1, 0, 1), (0.5, 0, 0.5)])
def test_the_till_decides_what_next_week_can_afford(step: Step, payrolls: float, affordable: float, staffed: float) -> None:
    def till(world: World) -> None:
        world.open_books()
        world.merchants.columns["status"][:] = PROSPECT
        world.vendor.cash = 1_000.0 * (payrolls + 1.0)
        world.pay("engineering", 900.0)

    world = step("ledger", till, overhead=100.0, funding=0.0, cushion=5.0, credit_line=0.0)
    assert world.vendor.cash == pytest.approx(1_000.0 * payrolls)
    assert world.vendor.affordable == pytest.approx(affordable)
    assert world.vendor.staffed == pytest.approx(staffed)
    assert not world.vendor.insolvent


def test_gates_want_weeks_in_a_row_and_never_close(found: Found) -> None:
    world = copy.deepcopy(found["gates"][0])
    gates = Gates(seeds_satisfied=1, satisfied=0.5, polish=0.5, win_rate=0.2, decided=10, overlap=0.0, weeks=3, holds=0.0)
    sets("vendor", stage=0, weeks_ready=0, polish=0.9, recent_wins=1.0, recent_decided=2.0)(world)
    world.merchants.columns["status"][:3], world.merchants.columns["satisfaction"][:3] = LIVE, 0.9
    stages = []
    for polish in (0.9, 0.9, 0.9, 0.1, 0.9, 0.9, 0.9, 0.1, 0.1):
        world.vendor.polish = polish
        world.flows.update(signed_merchants=1.0, decided_rounds=2.0)
        gates.step(world, Watched(1, 0))
        stages.append(STAGES[world.vendor.stage])
        world.week += 1
    assert stages == ["iteration"] * 6 + ["stability"] * 3


def test_forced_gates_open_in_their_week() -> None:
    scenario = busy(gates__forced_iteration=5, gates__forced_stability=9, weeks=12)
    weekly = model_of(scenario, 12).finish().weekly
    stages = [int(np.argmax(weekly["stage"] >= stage)) for stage in (1, 2)]
    assert stages == [4, 8]  # seen at the end of the week before they count
