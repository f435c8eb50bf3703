"""Telesales, partners, contested rounds, fission and returners, notice: what each does by hand, and that the books hold."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from conftest import Found
from hypothesis import given, settings
from hypothesis import strategies as st
from test_conservation import weeks
from tiny import Watched, both, busy, differing, model_of, sets

from sim.agents.merchants import LEAD, LIVE, PROSPECT, REP, RESELLER, ROUND, SELF_SERVICE, SIGNED, TELESALES
from sim.agents.resellers import ACTIVE, CANDIDATE, LEFT
from sim.agents.world import SOURCE, World
from sim.market.partners import Partners
from sim.model import GrowthModel, simulate
from sim.scenario import load

Step = Callable[..., World]
SELLING: dict[str, Any] = {
    "plan__sales__deal_registration": False, "plan__sales__telesales": 40.0, "sales__notice": 6.0, "sales__reseller_reach": 0.5,
    "plan__sales__reps": [{"value": 60.0}, {"from": 20, "to": 40, "value": 20.0}], "plan__partners__bounty": 9_000.0,
    "partners__reach": 0.2, "recruitment__fission": 0.5, "plan__recruitment__override": 0.2, "recruitment__returns": 0.3,
    "channel__exit_level": 0.4,
}


# telesales and the roster -------------------------------------------------------------------------------


def waiting(world: World) -> None:
    """Let the first hundred firms, all small, wait; nobody else is in a round."""
    sets("merchants", status=PROSPECT, window_end=world.week - 1, route=-1, reseller=-1, source=0, size=0.1)(world)
    for name, value in (("status", LEAD), ("lead_week", world.week), ("window_end", world.week + 9)):
        world.merchants.columns[name][:100] = value


QUIET = {"stale": 0.0, "enquiry": 0.0, "reseller_reach": 0.0, "account_focus": 1.0, "ramp": 1.0}


def test_telesales_takes_as_many_as_it_has_places_for_and_the_rest_serve_themselves(step: Step) -> None:
    world = step("sales", waiting, telesales=2.0, telesales_slots=12.0, **QUIET)
    routes = world.merchants.route[:100]
    assert np.count_nonzero(routes == TELESALES) == 24
    assert np.count_nonzero(routes == SELF_SERVICE) == 76


def test_places_taken_are_not_given_again(step: Step) -> None:
    def half_taken(world: World) -> None:
        waiting(world)
        world.merchants.columns["status"][100:112] = ROUND
        world.merchants.columns["route"][100:112] = TELESALES

    world = step("sales", half_taken, telesales=2.0, telesales_slots=12.0, **QUIET)
    assert np.count_nonzero(world.merchants.route[:100] == TELESALES) == 12


def test_a_firm_on_the_telephone_is_won_less_often_than_by_a_rep_and_more_often_than_alone(step: Step) -> None:
    """People want the product as soon as they have tried it; only who meets and shows differs."""

    def on(route: int) -> Callable[[World], None]:
        def change(world: World) -> None:
            world.decision_makers.columns["aware"][:] = False
            world.decision_makers.columns["aware"][world.ties.first[:-1]] = True
            sets("merchants", route=route, pace=1.0)(world)

        return change

    aware = {route: step("buying", on(route)).decision_makers.aware.sum() for route in (REP, TELESALES, SELF_SERVICE)}
    assert aware[REP] > aware[TELESALES] > aware[SELF_SERVICE]


def roster(notice: float, wanted: list[float]) -> list[tuple[float, float, float]]:
    """Return week by week who is at work, who is paid, and what severance costs, where `wanted` reps are asked for."""
    plan = [{"from": week, "to": week + 1, "value": reps} for week, reps in enumerate(wanted)]
    model = GrowthModel(busy(plan__sales__reps=plan, plan__sales__telesales=0.0, sales__notice=notice), weeks=len(wanted))
    told = []
    for _ in wanted:
        model.step()
        world = model.world
        told.append((float(world.vendor.reps), world.flows["rep_weeks"], -world.accounts["severance"]))
    return told


def test_who_is_under_notice_is_paid_and_sells_nothing() -> None:
    wanted = [1000.0, 1000.0, 400.0, 400.0, 700.0, 400.0, 400.0, 400.0]
    at_work, paid, severance = zip(*roster(2.0, wanted), strict=True)
    assert at_work == pytest.approx([reps / 100.0 for reps in wanted])
    assert paid == pytest.approx([10.0, 10.0, 10.0, 10.0, 7.0, 7.0, 7.0, 4.0])
    assert severance == pytest.approx([0.0, 0.0, 0.0, 0.0, 3.0 * 8.0 * 6_000.0, 0.0, 0.0, 3.0 * 8.0 * 6_000.0])


def test_without_notice_the_payroll_follows_the_lever() -> None:
    at_work, paid, _ = zip(*roster(0.0, [1000.0, 400.0, 700.0]), strict=True)
    assert at_work == paid


def test_leads_taken_up_tell_how_long_they_waited() -> None:
    run = simulate(busy(weeks=40))
    taken, waited = run.weekly["served_leads"], run.weekly["lead_wait"]
    by_route = run.breakdown["opportunities", "route"]
    assert (taken == by_route[:, REP] + by_route[:, TELESALES]).all()
    assert waited.sum() > 0
    assert run.weekly["lead_response_weeks"][-1] == pytest.approx(waited.sum() / taken.sum())


# contested rounds ---------------------------------------------------------------------------------------


def test_a_registered_firm_is_closed_and_an_unregistered_one_is_not(step: Step) -> None:
    closed, open_ = (step("sales", reseller_reach=5.0, deal_registration=registered) for registered in (True, False))
    assert (closed.merchants.rival < 0).all()
    contested = np.flatnonzero(open_.merchants.rival >= 0)
    assert len(contested) > 0
    assert open_.flows["contested_rounds"] == len(contested)
    assert (open_.merchants.status[contested] == ROUND).all()
    assert (open_.merchants.route[contested] != SELF_SERVICE).all()
    assert (open_.merchants.rival[contested] != open_.merchants.reseller[contested]).all()
    assert (open_.resellers.region[open_.merchants.rival[contested]] == open_.merchants.region[contested]).all()
    assert (closed.merchants.reseller == open_.merchants.reseller).all()  # free firms: the same calls, the same luck


def signing(route: int, holder: int, rival: int) -> Callable[[World], None]:
    def change(world: World) -> None:
        sets("decision_makers", aware=True, evaluated=True, mean=1.0, precision=50.0, error=0.0)(world)
        sets("merchants", pace=1e6, size=1.0, well_served=-5.0)(world)
        rounds = np.flatnonzero(world.merchants.status == ROUND)
        for name, value in (("route", route), ("reseller", holder), ("rival", rival)):
            world.merchants.columns[name][rounds] = value

    return change


@pytest.mark.parametrize(("route", "holder", "account"), [(REP, -1, 5), (TELESALES, -1, 5), (RESELLER, 3, 3)])
def test_on_a_contested_signature_both_margins_fall(route: int, holder: int, account: int, found: Found, step: Step) -> None:
    before = found["buying"][0]
    world = step("buying", signing(route, holder, 5), fee=400.0, contested_discount=0.1, contested_margin=0.6)
    new = np.flatnonzero((world.merchants.status == SIGNED) & (before.merchants.status == ROUND))
    assert len(new) > 5
    assert world.merchants.fee[new] == pytest.approx(360.0)
    assert world.merchants.margin_share[new] == pytest.approx(0.6)
    assert (world.merchants.reseller[new] == account).all()
    assert (world.merchants.rival[new] == -1).all()
    assert world.resellers.sold[account] - before.resellers.sold[account] == len(new)


def test_the_reseller_of_contested_accounts_is_paid_less_and_tries_less(step: Step) -> None:
    def accounts(share: float) -> Callable[[World], None]:
        def change(world: World) -> None:
            sets("resellers", state=ACTIVE, low_weeks=0, confidence=0.9, habit=0.0)(world)
            sets("merchants", margin_share=share)(world)
            live = world.live()
            world.merchants.columns["reseller"][live] = live % world.resellers.n

        return change

    usual, less = (step("channel", accounts(share)) for share in (1.0, 0.5))
    assert less.accounts["reseller_margin"] == pytest.approx(0.5 * usual.accounts["reseller_margin"])
    served = usual.resellers.earned > 0
    assert served.any()
    assert less.resellers.margin_kept[served] == pytest.approx(0.5)
    assert (less.resellers.margin_kept[~served] == 1.0).all()
    half, whole = (step("channel", both(accounts(1.0), sets("resellers", margin_kept=kept))) for kept in (0.5, 1.0))
    assert (half.resellers.effort < whole.resellers.effort).all()


def test_a_second_seller_that_leaves_contests_no_more(step: Step) -> None:
    def leaving(world: World) -> None:
        sets("resellers", state=ACTIVE, confidence=0.0, low_weeks=500, habit=1.0)(world)
        rounds = np.flatnonzero(world.merchants.status == ROUND)
        for name, value in (("route", REP), ("reseller", -1), ("rival", 2)):
            world.merchants.columns[name][rounds] = value

    world = step("channel", leaving)
    assert world.resellers.state[2] == LEFT
    assert (world.merchants.rival == -1).all()
    assert (world.merchants.status == ROUND).any()


# partners -----------------------------------------------------------------------------------------------


def test_a_bounty_is_paid_once_for_who_goes_live_and_never_for_who_is_lost(found: Found) -> None:
    world = copy.deepcopy(found["partners"][0])
    sets("merchants", bounty=0.0)(world)
    live, lost, still = (np.flatnonzero(world.merchants.status == s)[:n] for s, n in ((LIVE, 3), (PROSPECT, 4), (ROUND, 2)))
    for firms in (live, lost, still):
        world.merchants.columns["bounty"][firms] = 700.0
    world.vendor.partner_open, world.vendor.partner_judged, world.vendor.partner_activated = 9, 0.0, 0.0
    world.open_books()
    Partners().step(world, Watched(1, 0).at(world.week).of("partners"))
    assert world.accounts["partner_bounties"] == -2_100.0
    assert (world.vendor.partner_open, world.vendor.partner_judged, world.vendor.partner_activated) == (2, 7.0, 3.0)
    assert list(np.flatnonzero(world.merchants.bounty)) == list(still)
    world.open_books()
    Partners().step(world, Watched(1, 0).at(world.week).of("partners"))
    assert world.accounts["partner_bounties"] == 0.0


def test_leads_of_partners_are_warm(found: Found, step: Step) -> None:
    before, world = found["partners"][0], step("partners", reach=1.0, bounty=50_000.0)
    new = np.flatnonzero((world.merchants.status == LEAD) & (before.merchants.status == PROSPECT))
    assert len(new) == world.flows["partner_leads"] > 3
    assert world.decision_makers.aware[world.ties.covers[new, :2]].all()
    assert (world.merchants.source[new] == SOURCE["partner"]).all()
    assert (world.merchants.bounty[new] == 50_000.0).all()


@pytest.mark.parametrize("bounties", [(1_000.0, 2_000.0, 4_000.0)])
def test_what_a_bounty_brings_grows_less_than_in_proportion(bounties: tuple[float, ...]) -> None:
    pay = np.array(bounties) * 0.3
    hazard = pay / (pay + Partners().half_pay)
    assert (np.diff(hazard) > 0).all()
    assert (hazard[1:] < 2.0 * hazard[:-1]).all()


def test_partners_stop_where_nothing_goes_live() -> None:
    """Nobody signs: partners who judge by their record bring few; where most sign and go live they bring more than at first."""
    plan = busy(weeks=60, plan__partners__bounty=4_000.0, partners__reach=0.1, partners__assumed_leads=1_000.0)
    cases = ((10.0, 1.0), (10.0, 0.0), (-3.0, 1.0))
    dead, deaf, alive = (simulate(plan.replace("buying.cost", cost, "partners.record", record)) for cost, record in cases)
    late = slice(10, 60)
    assert dead.weekly["partner_leads"][late].sum() < 0.3 * deaf.weekly["partner_leads"][late].sum()
    assert alive.weekly["partner_activation"][-1] > 0.3 > dead.weekly["partner_activation"][-1]


def test_firms_that_partners_brought_are_counted_as_theirs() -> None:
    run = simulate(busy(weeks=60, partners__reach=0.3))
    brought = {}
    wins = 0
    for event, firm in zip(run.events["event"], run.events["merchant"], strict=True):
        if event == "referred":
            brought[firm] = True
        elif event in ("rejected", "no_decision"):
            brought.pop(firm, None)
        elif event == "signed":
            wins += brought.pop(firm, False)
    assert 0 < run.weekly["partner_wins"].sum() <= wins
    owed = run.events["value"][run.events["event"] == "bounty_paid"].sum()
    assert owed == pytest.approx(run.weekly["partner_spend"].sum())


# fission and returners ----------------------------------------------------------------------------------


def test_recruits_have_a_parent_of_their_territory_that_sold(step: Step) -> None:
    def some(world: World) -> None:
        won = world.resellers.ids % 3 == 0
        deals = np.where(world.resellers.ids % 2 == 0, 5.0, 0.0)
        sets("resellers", state=np.where(won, ACTIVE, CANDIDATE), confidence=0.8, deals=deals, parent=-1, habit=0.3)(world)

    world = step("recruitment", some, fission=5.0)
    new = np.flatnonzero(world.resellers.parent >= 0)
    parents = world.resellers.parent[new]
    assert len(new) > 0
    assert (world.resellers.state[new] == ACTIVE).all()
    assert (world.resellers.region[new] == world.resellers.region[parents]).all()
    assert (world.resellers.deals[parents] > 0).all()
    assert world.resellers.confidence[new] == pytest.approx(0.9 * 0.8)
    assert (world.resellers.habit[new] == 0.3).all()
    assert world.flows["reseller_recruits"] == len(new)


def test_fission_follows_the_share_of_the_territory_that_is_won(found: Found) -> None:
    """Closed form: each candidate signs up with 1 − exp(−q × share won), as an imitator does (Bass 1969)."""
    world, mechanism = copy.deepcopy(found["recruitment"])
    won = np.arange(world.resellers.n) % 10 < 4
    sets("resellers", region=0, state=np.where(won, ACTIVE, CANDIDATE), confidence=1.0, deals=1e9, parent=-1)(world)
    signed_up, q, draws = 0, 0.3, 200
    alone = mechanism.model_copy(update={"fission": q, "returns": 0.0, "override": 0.0})
    for week in range(draws):
        tried = copy.deepcopy(world)
        alone.step(tried, Watched(1, 0).at(week).of("recruitment"))
        signed_up += np.count_nonzero(tried.resellers.parent >= 0)
    n = draws * np.count_nonzero(~won)
    expected = 1.0 - np.exp(-q * won.mean())
    assert signed_up / n == pytest.approx(expected, abs=4.0 * np.sqrt(expected * (1 - expected) / n))


def test_when_a_parent_leaves_its_recruits_are_shaken_once(found: Found) -> None:
    world, mechanism = copy.deepcopy(found["recruitment"])
    parent = np.where(world.resellers.ids == 1, -1, np.where(world.resellers.ids == 0, 1, 0))
    sets("resellers", state=ACTIVE, confidence=0.5, parent=parent)(world)
    world.resellers.columns["state"][0] = LEFT
    still = mechanism.model_copy(update={"fission": 0.0, "returns": 0.0, "orphaned": 0.2})
    for _ in range(2):
        still.step(world, Watched(1, 0).at(world.week).of("recruitment"))
    assert world.resellers.confidence[2:] == pytest.approx(0.4)
    assert world.resellers.confidence[:2] == pytest.approx(0.5)
    assert (world.resellers.parent[1:] == -1).all()
    assert world.resellers.parent[0] == 1


def test_parents_are_paid_on_what_their_recruits_earn(step: Step) -> None:
    def family(world: World) -> None:
        parent = np.where(world.resellers.ids > 1, 1, -1)
        state = np.where(world.resellers.ids == 2, LEFT, ACTIVE)
        sets("resellers", state=state, parent=parent, earned=100.0)(world)

    world = step("recruitment", family, override=0.25, fission=0.0, returns=0.0)
    recruits = world.resellers.n - 3
    assert world.flows["parent_margin"] == pytest.approx(25.0 * recruits)


def test_who_comes_back_has_doubts_and_kept_its_skill(step: Step) -> None:
    gone = both(sets("resellers", state=LEFT, parent=-1, trust=0.6, skill=0.7, low_weeks=9), sets("vendor", programme=1.0))
    world = step("recruitment", gone, returns=5.0, fission=0.0)
    back = world.resellers.state == ACTIVE
    assert back.any()
    assert world.resellers.confidence[back] == pytest.approx(0.34)
    assert world.resellers.trust[back] == pytest.approx(0.3)
    assert (world.resellers.skill[back] == 0.7).all()
    assert (world.resellers.low_weeks[back] == 0).all()
    nobody = step("recruitment", both(gone, sets("vendor", programme=0.0)), returns=5.0, fission=0.0)
    assert (nobody.resellers.state == LEFT).all()


# measures -----------------------------------------------------------------------------------------------


def test_weeks_to_the_first_deal_are_those_of_the_events() -> None:
    run = simulate(busy(weeks=52, channel__exit_weeks=500, recruitment__returns=0.0))
    joined, waits = {}, []
    for week, event, agent in zip(run.events["week"], run.events["event"], run.events["agent"], strict=True):
        if event == "reseller_joined":
            joined[agent] = week
        elif event == "signed" and agent in joined:
            waits.append(week - joined.pop(agent))
    assert len(waits) > 5
    assert run.weekly["first_deals"].sum() == len(waits)
    assert run.weekly["weeks_to_first_deal"][-1] == pytest.approx(np.mean(waits))


def test_the_pipeline_is_worth_rounds_times_fee_times_win_rate() -> None:
    run = simulate(busy(weeks=40))
    rounds = np.cumsum(run.weekly["opportunities"] - run.weekly["decided_rounds"])[-1]
    rate = run.weekly["signed_merchants"][-26:].sum() / run.weekly["decided_rounds"][-26:].sum()
    assert run.weekly["pipeline_value"][-1] == pytest.approx(rounds * 380.0 * rate * 52.0)


# the whole week -----------------------------------------------------------------------------------------


def test_every_week_balances_with_all_of_it_on() -> None:
    assert [(week, wrong) for week, wrong in weeks(busy(weeks=70, **SELLING)) if wrong] == []


SHARE, HEADS, HAZARD = st.floats(0.0, 1.0), st.floats(0.0, 900.0), st.floats(0.0, 5.0)
ANY = {
    "plan.sales.telesales": HEADS, "plan.sales.reps": HEADS, "plan.sales.deal_registration": st.booleans(),
    "sales.notice": st.floats(0.0, 52.0), "plan.partners.bounty": st.floats(0.0, 2e5), "partners.reach": HAZARD,
    "partners.record": SHARE, "recruitment.fission": HAZARD, "recruitment.returns": HAZARD, "recruitment.orphaned": SHARE,
    "plan.recruitment.override": SHARE, "buying.contested_discount": SHARE, "buying.contested_margin": SHARE,
    "channel.exit_level": SHARE, "market.reseller_pool": st.integers(0, 1_500), "vendor.opening_cash": st.floats(0, 5e8),
}


@settings(database=None, deadline=None, derandomize=True, max_examples=10)
@given(st.fixed_dictionaries({}, optional=ANY), st.integers(0, 10_000))
def test_any_way_of_selling_balances(chosen: dict[str, Any], seed: int) -> None:
    scenario = busy(weeks=26, **SELLING).replace(*(part for pair in ({"weeks": 26} | chosen).items() for part in pair))
    assert [(week, wrong) for week, wrong in weeks(scenario, seed) if wrong] == []


def test_engines_are_equal_to_the_bit_with_all_of_it_on() -> None:
    models = [GrowthModel(busy(**SELLING), seed=7, engine=engine, weeks=40) for engine in ("columns", "agents")]  # type: ignore[arg-type]
    for model in models:
        for _ in range(40):
            model.step()
    assert differing(models[0].world, models[1].world) == set()
    world = models[0].world
    assert world.vendor.partner_judged > 0
    assert (world.resellers.parent >= 0).any()
    run = models[0].finish()
    assert run.weekly["contested_rounds"].sum() > 0
    assert run.weekly["telesales_wins"].sum() > 0
    assert run.weekly["reseller_returns"].sum() > 0


def test_what_is_off_in_the_baseline_leaves_no_trace() -> None:
    world = model_of(load("baseline").replace("market.scale", 0.02), 80).world
    assert (world.merchants.rival == -1).all()
    assert (world.merchants.margin_share == 1.0).all()
    assert not world.merchants.bounty.any()
    assert (world.resellers.parent == -1).all()
    assert (world.resellers.margin_kept == 1.0).all()
    assert not (world.merchants.route == TELESALES).any()
    assert not (world.merchants.status == LIVE).all()
