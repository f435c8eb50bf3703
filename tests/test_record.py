"""What a run leaves behind: measures by their kind, breakdowns with named keys, events with their causes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tiny import busy, model_of

from sim.agents.decision_makers import ROLES
from sim.agents.merchants import REP, RESELLER, ROUTES
from sim.agents.world import SOURCES
from sim.model import GrowthModel, simulate
from sim.record import EVENT_FIELDS, Recorder, Run, each, keys_of, measures_of
from sim.scenario import Scenario
from sim.week import Mechanisms

WEEKS = 70
MEASURES = measures_of(Mechanisms())


@pytest.fixture(scope="module")
def run() -> Run:
    return simulate(busy(weeks=WEEKS), seed=2)


@pytest.fixture(scope="module")
def deserted() -> Run:
    """Return a run in which resellers come, open rounds and soon leave."""
    scenario = busy(channel__sign_up=0.3, channel__exit_level=1.0, channel__exit_weeks=9, sales__reseller_reach=0.5, weeks=40)
    return simulate(scenario, seed=2)


def of_kind(kind: str) -> list[str]:
    return [name for name, measure in MEASURES.items() if measure.kind == kind]


# measures -----------------------------------------------------------------------------------------------


def test_every_measure_has_a_number_for_every_week(run: Run) -> None:
    assert set(run.weekly) == set(MEASURES)
    assert {len(values) for values in run.weekly.values()} == {WEEKS}
    assert run.weeks == WEEKS
    assert (run.seed, run.replication) == (2, 0)


GLOSSARY = {
    "impressions", "visits", "leads", "opportunities", "signed_merchants", "live_merchants", "win_rate", "cycle_weeks",
    "in_market", "no_decision_share", "rejection_share", "cac", "churn_rate", "active_consumers", "participants",
    "points_outstanding", "redemption_rate", "fit", "polish", "focus", "bespoke_live", "custom_backlog_weeks", "debt_share",
    "resellers_active", "reseller_confidence", "reseller_win_share", "goodwill", "references", "support_cost_per_merchant",
    "revenue", "spend", "cash", "value", "stage", "p_solvent", "week_iteration", "week_stability", "week_insolvent",
    "burnt_prospects", "wins_per_rep", "sem_clicks_per_win", "executive_contact_share", "renewal_rate", "runway_weeks",
    "satisfaction", "promise_kept", "merchant_gain", "reseller_exits", "productive_reseller_share", "expectation_gap",
    "channel_support", "inbound_share",
}


def test_the_glossary_is_there() -> None:
    assert set(MEASURES) >= GLOSSARY


def test_flows_are_numbers_and_count_up(run: Run) -> None:
    for name in of_kind("flow"):
        assert np.isfinite(run.weekly[name]).all(), name
        either_way = name in ("net_burn", "new_recurring")
        assert either_way or (run.weekly[name] >= -1e-9).all(), name


def test_stocks_are_taken_every_week(run: Run) -> None:
    of_some = {"satisfaction", "merchant_gain", "reseller_confidence", "reseller_effort", "expectation_gap"}
    of_some |= {"cultivation", "ltv", "top20_share", "use", "administrator_skill"}  # NaN without any
    for name in of_kind("stock"):
        late = name in of_some or name == "productive_reseller_share"
        assert np.isfinite(run.weekly[name][20:] if late else run.weekly[name]).all(), name


def test_a_stock_is_the_state_at_the_end_of_the_week() -> None:
    model = model_of(busy(weeks=30), 30)
    weekly = model.recorder.weekly
    assert weekly["cash"][29] == model.world.vendor.cash
    assert weekly["polish"][29] == model.world.vendor.polish
    assert weekly["references"][29] == np.count_nonzero(model.world.merchants.reference)


def test_ratios_look_back_over_a_year(run: Run) -> None:
    for name in of_kind("ratio"):
        top, bottom = MEASURES[name].over  # type: ignore[misc]
        for week in (0, 10, 51, 52, WEEKS - 1):
            window = slice(max(week - 51, 0), week + 1)
            over, under = run.weekly[top][window].sum(), run.weekly[bottom][window].sum()
            if under > 0:
                assert run.weekly[name][week] == pytest.approx(over / under), (name, week)
            else:
                assert np.isnan(run.weekly[name][week]), (name, week)


def test_shares_are_shares(run: Run) -> None:
    for name, measure in MEASURES.items():
        if measure.unit == "share" and name != "debt_share":  # upkeep due may exceed the engineering there is
            values = run.weekly[name][np.isfinite(run.weekly[name])]
            assert ((values >= 0) & (values <= 1 + 1e-9)).all(), name


def test_where_nothing_happened_for_a_year_there_is_no_ratio() -> None:
    """Amounts that are no whole numbers must leave no rest when they drop out of the window."""
    recorder = Recorder(120, Mechanisms())
    recorder.weekly["engineering_weeks"][:40] = 0.1 * np.arange(40)
    recorder.weekly["debt_weeks"][:40] = 0.3
    share = recorder.finish(1, 0).weekly["debt_share"]
    assert np.isfinite(share[1:90]).all()
    assert np.isnan(share[91:]).all()


# first weeks --------------------------------------------------------------------------------------------


def test_a_week_is_told_from_the_week_it_happened(run: Run) -> None:
    for name in of_kind("week"):
        told = run.weekly[name]
        reached = np.flatnonzero(np.isfinite(told))
        if len(reached):
            assert (told[reached] == reached[0]).all(), name
            assert list(reached) == list(range(reached[0], WEEKS)), name


def test_gates_open_when_the_stage_changes(run: Run) -> None:
    stage = run.weekly["stage"]
    assert (np.diff(stage) >= 0).all()
    assert stage[-1] == 2
    assert run.weekly["week_iteration"][-1] == np.argmax(stage >= 1)
    assert run.weekly["week_stability"][-1] == np.argmax(stage >= 2)
    assert np.isnan(run.weekly["week_insolvent"]).all()


def test_an_empty_till_is_told_once() -> None:
    run = simulate(busy(plan__ledger__funding=0.0, vendor__opening_cash=2e7, buying__fee=0.0, plan__sales__reps=300.0), weeks=40)
    (week,) = set(run.weekly["week_insolvent"][np.isfinite(run.weekly["week_insolvent"])])
    assert (run.weekly["cash"][: int(week)] > 0).all()
    assert run.weekly["cash"][int(week)] <= 0
    assert (run.weekly["p_solvent"] == (np.arange(40) < week)).all()


# breakdowns ---------------------------------------------------------------------------------------------


def test_breakdowns_have_named_keys(run: Run) -> None:
    assert keys_of("channel", len(SOURCES)) == SOURCES
    assert keys_of("route", len(ROUTES)) == ROUTES
    assert keys_of("role", 5) == ROLES
    assert keys_of("segment", 3) == ("0", "1", "2")
    for (measure, dimension), amounts in run.breakdown.items():
        assert amounts.shape == (WEEKS, len(keys_of(dimension, amounts.shape[1]))), (measure, dimension)


def test_the_dimensions_of_the_contract_are_there() -> None:
    assert keys_of("channel", 20) == (
        "seo", "sem", "feed_ads", "content", "media", "exhibition", "salon", "incubator",
        "speaking", "developer_contest", "co_marketing", "reference_marketing", "social_campaign", "joint_campaign", "own_posts",
        "word_of_mouth", "cold_outreach", "reseller", "seed",
        "circle", "badge", "partner", "other",
    )
    assert keys_of("route", 4) == ("rep", "reseller", "self_service", "telesales")
    assert keys_of("role", 5) == ("executive", "administrator", "technical", "finance", "frontline")


# events -------------------------------------------------------------------------------------------------


def rows(run: Run, *kinds: str) -> list[dict[str, Any]]:
    """Return events of given kinds, a dictionary each, in order."""
    at = np.flatnonzero(np.isin(run.events["event"], kinds))
    return [{field: run.events[field][j] for field in EVENT_FIELDS} for j in at]


def test_events_have_all_their_fields(run: Run) -> None:
    assert tuple(run.events) == EVENT_FIELDS
    assert len({len(values) for values in run.events.values()}) == 1
    assert (np.diff(run.events["week"].astype(int)) >= 0).all()


@pytest.mark.parametrize("name", ["run", "deserted"])
def test_a_round_ends_on_the_route_it_began_on(name: str, request: pytest.FixtureRequest) -> None:
    """Every opportunity ends once at most, later or in the same week, on its own route and with its own reseller."""
    run = request.getfixturevalue(name)
    open_: dict[int, dict[str, Any]] = {}
    ended = 0
    for row in rows(run, "opportunity", "signed", "rejected", "no_decision", "lost_to_rival"):
        firm = int(row["merchant"])
        if row["event"] == "opportunity":
            assert firm not in open_
            open_[firm] = row
        else:
            began = open_.pop(firm)
            ended += 1
            assert (row["ref"], row["agent"]) == (began["ref"], began["agent"]), row
    assert ended > 100
    assert {row["ref"] for row in open_.values()} <= set(range(len(ROUTES)))


def test_causes_are_named(run: Run, deserted: Run) -> None:
    assert {row["cause"] for row in rows(run, "signed", "opportunity")} <= set(SOURCES)
    assert {row["cause"] for row in rows(run, "rejected")} <= set(ROLES)
    lost = {row["cause"] for row in rows(run, "lost_to_rival")}
    assert lost
    assert lost <= {f"rival {k} {why}" for k in range(2) for why in ("seems better", "was heard of")}
    assert {row["cause"] for row in rows(deserted, "no_decision")} == {"veto-holder unaware", "undecided", "reseller left"}


def test_rounds_of_a_reseller_that_leaves_are_lost_with_it(deserted: Run) -> None:
    left = {(row["week"], row["agent"]) for row in rows(deserted, "reseller_left")}
    lost = [row for row in rows(deserted, "no_decision") if row["cause"] == "reseller left"]
    assert lost
    assert {(row["week"], row["agent"]) for row in lost} <= left
    assert {row["ref"] for row in lost} == {RESELLER}


def test_a_merchants_story_is_told_in_order(run: Run) -> None:
    order = {"opportunity": 0, "signed": 1, "live": 2, "churned": 3}
    last: dict[int, int] = {}
    for row in rows(run, *order):
        firm, step = int(row["merchant"]), order[row["event"]]
        before = last.get(firm, 1 if firm < 3 else -1)  # the seeds begin signed
        assert step == before + 1 or (step == 0 and before in (0, 3)), row
        last[firm] = step


def test_signatures_tell_their_wait(run: Run) -> None:
    for row in rows(run, "signed"):
        assert row["value"] >= 0
        assert (row["agent"] >= 0) == (row["ref"] == RESELLER)
    assert any(row["ref"] == REP for row in rows(run, "signed"))


# a run is finished --------------------------------------------------------------------------------------


def test_a_finished_run_cannot_be_changed(run: Run) -> None:
    with pytest.raises(ValueError, match="read-only"):
        run.weekly["cash"][0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        run.breakdown["spend", "account"][0] = 1.0
    with pytest.raises(AttributeError):
        run.seed = 3  # type: ignore[misc]


def test_a_market_where_nothing_happens_leaves_empty_events(market: Scenario) -> None:
    quiet = {"growth.spread": 0.0, "vendor.seeds": 0, "need.arrives": 0.0, "market.reseller_pool": 0}
    still = market.replace(*(part for pair in quiet.items() for part in pair), "plan.promotion.sem.spend", 0.0)
    run = simulate(still.replace("sales.enquiry", 0.0, "plan.partners.bounty", 0.0), weeks=3)
    assert {len(values) for values in run.events.values()} == {0}
    assert run.weekly["leads"].sum() == 0


def test_one_week_is_a_run(market: Scenario) -> None:
    run = simulate(market, weeks=1)
    assert run.weeks == 1
    assert np.isfinite(run.weekly["cash"]).all()


def test_stepping_and_simulating_are_one(market: Scenario) -> None:
    model = GrowthModel(market, seed=4, weeks=12)
    for _ in range(12):
        model.step()
    stepped, simulated = model.finish(), simulate(market, seed=4, weeks=12)
    assert all(stepped.weekly[name].tobytes() == simulated.weekly[name].tobytes() for name in stepped.weekly)


def test_what_is_noted_is_declared_and_what_is_declared_is_noted_by_its_mechanism() -> None:
    """A busy market with every mechanism at work notes no event that its mechanism does not declare."""
    model = model_of(busy(), weeks=0)
    noted: dict[str, set[str]] = {name: set() for name, _ in each(model.mechanisms)}
    for _ in range(40):
        for name, mechanism in each(model._begin()):
            before = len(model.world.events)
            mechanism.step(model.world, model.draws.at(model.world.week).of(name))
            noted[name] |= {event[0] for event in model.world.events[before:]}
    declared = {name: {event.name for event in mechanism.EVENTS} for name, mechanism in each(model.mechanisms)}
    assert {name: events - declared[name] for name, events in noted.items() if events - declared[name]} == {}
    assert noted["buying"] == declared["buying"]
    assert sum(len(events) for events in noted.values()) >= 20
