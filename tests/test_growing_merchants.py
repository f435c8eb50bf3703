"""Service beyond tickets: priority keeps the mean; nodes, tiers, skill and intangibles do what they say, and nothing when off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from conftest import Found
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import INTANGIBLES, busy, differing, model_of

from sim.agents.decision_makers import ADMINISTRATOR, completes_node
from sim.agents.merchants import BRONZE, GOLD, teaches
from sim.agents.world import World
from sim.market.intangibles import Intangible, Intangibles
from sim.market.nodes import DONE, Nodes
from sim.market.service import by_priority
from sim.market.skill import Skill
from sim.model import GrowthModel, simulate
from sim.record import measures_of
from sim.scenario import load
from sim.week import Mechanisms

Step = Callable[..., World]
QUIET = settings(database=None, deadline=None, derandomize=True, max_examples=80)
SHARES = st.floats(0.0, 1.0)
LEVERS_OFF: dict[str, Any] = {
    "nodes.matters": 0.0, "plan.nodes.guidance": 0.0, "plan.tiers.diagnoses": 0.0, "plan.skill.training": 0.0,
    "plan.skill.lectures": 0.0, "plan.skill.rule_changes": 0.0, "plan.service.size_priority": 0.0,
    **{f"plan.intangibles.{name}.spend": 0.0 for name in INTANGIBLES},
}


def replaced(scenario: Any, values: dict[str, Any]) -> Any:
    return scenario.replace(*(part for pair in values.items() for part in pair))


def at_live(world: World, name: str) -> np.ndarray:
    return np.asarray(world.merchants.columns[name][world.live()])


# support priority ---------------------------------------------------------------------------------------


@QUIET
@given(SHARES, st.lists(st.floats(-400.0, 400.0), min_size=1, max_size=60))
def test_priority_splits_the_mean_and_keeps_it(mean: float, weights: list[float]) -> None:
    weight = np.array(weights)
    shares = by_priority(mean, weight)
    assert shares.mean() == pytest.approx(mean, abs=1e-9)
    assert ((shares >= 0) & (shares <= 1)).all()
    order = np.argsort(weight, kind="stable")
    assert (np.diff(shares[order]) >= -1e-12).all()


def test_priority_by_hand() -> None:
    assert by_priority(0.5, np.log([1.0, 3.0])) == pytest.approx([0.25, 0.75])
    assert by_priority(0.75, np.log([1.0, 3.0])) == pytest.approx([0.5, 1.0])  # the larger gets all, the rest goes to the other
    assert by_priority(0.4, np.zeros(5)) == pytest.approx(np.full(5, 0.4))
    assert len(by_priority(0.5, np.zeros(0))) == 0


def test_without_priority_everybody_is_answered_alike_to_the_bit(step: Step) -> None:
    world = step("service", size_priority=0.0, support_staff=0.1, before=lambda w: w.merchants.columns["attention"].fill(0.0))
    live = world.live()
    old = live[world.merchants.live_week[live] < world.week]
    assert (world.merchants.response[old] == world.vendor.response).all()
    assert 0 < world.vendor.response < 1


def test_priority_moves_answers_between_merchants_and_adds_none(step: Step) -> None:
    alike, ordered = (step("service", size_priority=p, support_staff=0.1) for p in (0.0, 2.0))
    live = ordered.live()
    old = live[ordered.merchants.live_week[live] < ordered.week]
    assert ordered.vendor.response == alike.vendor.response
    assert ordered.merchants.response[old].mean() == pytest.approx(ordered.vendor.response)
    assert np.corrcoef(np.log(ordered.merchants.size[old]), ordered.merchants.response[old])[0, 1] > 0.5


@pytest.mark.parametrize(("response", "weeks"), [(1.0, 0.0), (0.5, 1.0), (0.25, 3.0), (0.0, 52.0)])
def test_the_wait_is_that_of_a_geometric_queue(response: float, weeks: float, found: Found) -> None:
    world, service = found["service"]
    was, world.vendor.response = float(world.vendor.response), response
    assert service.stocks(world)["response_weeks"] == pytest.approx(weeks)
    world.vendor.response = was


# what is off is not there -------------------------------------------------------------------------------


def test_off_nothing_of_it_moves_anything() -> None:
    """With every lever at rest the parameters of the new mechanisms change no column of the market."""
    quiet = replaced(busy(weeks=40), LEVERS_OFF)
    other = replaced(quiet, {
        "skill.wear": 0.9, "skill.turnover": 5.0, "nodes.hazards": (0.0, 0.0, 0.0), "tiers.help": 1.0, "tiers.backing": 5.0,
        "intangibles.documents.most": 0.9, "intangibles.event_reputation.most": 0.9, "service.how_to": 1.0, "usage.skilled": 0.3,
    })
    usual, moved = model_of(quiet, 40), model_of(other, 40)
    assert differing(usual.world, moved.world) == set()
    neutral = {"extent_of_use": 1.0, "backing": 1.0, "configured": 0.0, "relief": 0.0, "teaching": 0.0, "tier": 0}
    for name, value in neutral.items():
        assert (usual.world.merchants.columns[name] == value).all(), name
    assert (usual.world.decision_makers.skill == 1.0).all()


def test_a_negative_control_matters_at_zero_keeps_use_full_though_nodes_are_missed() -> None:
    run = simulate(busy(weeks=50, nodes__matters=0.0, plan__nodes__guidance=0.5, plan__tiers__diagnoses=0.0), seed=2)
    assert run.weekly["nodes_due"].sum() > run.weekly["nodes_reached"].sum() > 0
    assert (run.weekly["use"][20:] == 1.0).all()


# nodes --------------------------------------------------------------------------------------------------


def all_done(world: World) -> None:
    world.merchants.columns["node_week"][:] = 0
    world.merchants.columns["live_week"][world.live()] = 0


def test_use_goes_to_one_less_the_weight_of_what_is_missed(step: Step) -> None:
    """In the limit of infinite speed use is 1 − matters × the share of weight that is overdue."""
    def account_missed(world: World) -> None:
        all_done(world)
        world.merchants.columns["node_week"][:, 0] = -1

    world = step("nodes", before=account_missed, matters=0.5, speed=1.0, hazards=(0.0, 0.0, 0.0))
    assert at_live(world, "extent_of_use") == pytest.approx(np.full(len(world.live()), 1.0 - 0.5 * 0.3))
    done = step("nodes", before=all_done, matters=0.5, speed=1.0)
    assert (at_live(done, "extent_of_use") == 1.0).all()


def test_nodes_of_consumers_are_looked_up(step: Step) -> None:
    """Active people and points spent decide, whatever the administrator does."""
    def half(world: World) -> None:
        world.merchants.columns["node_week"][:] = -1
        even = world.merchants.ids % 2 == 0
        world.merchants.columns["active_people"][:] = np.where(even, 100.0, 0.0)
        world.merchants.columns["redeemed"][:] = np.where(even, 0.0, 3.0)

    world = step("nodes", before=half, hazards=(0.0, 0.0, 0.0))
    live = world.live()
    reached = world.merchants.node_week[live] >= 0
    assert (reached[:, 2] == (live % 2 == 0)).all()
    assert (reached[:, 3] == (live % 2 == 1)).all()
    assert not reached[:, DONE].any()


def test_nodes_of_the_administrator_come_one_after_the_other(step: Step) -> None:
    world = step("nodes", before=lambda w: w.merchants.columns["node_week"].fill(-1), hazards=(50.0, 50.0, 50.0))
    reached = world.merchants.node_week[world.live()][:, DONE] >= 0
    assert reached[:, 0].all()
    assert not reached[:, 1:].any()


def test_guidance_takes_its_hours_from_support_and_no_more(step: Step) -> None:
    def fresh(world: World) -> None:
        world.merchants.columns["node_week"][:] = -1
        world.merchants.columns["guided"][:] = 0.0
        world.vendor.claimed_support, world.vendor.support_staff = 0.0, 1.0

    world = step("nodes", before=fresh, guidance=4.0, hazards=(0.0, 0.0, 0.0), most_support=0.5)
    assert world.vendor.claimed_support == pytest.approx(min(0.5, 0.1 * len(world.live())))
    assert at_live(world, "guided").sum() == pytest.approx(40.0 * world.vendor.claimed_support)

    def staffed(world: World) -> None:
        fresh(world)
        world.vendor.support_staff = 1e6

    rich = step("nodes", before=staffed, guidance=4.0, hazards=(0.0, 0.0, 0.0))
    assert (at_live(rich, "guided") == 4.0).all()


def test_what_support_has_promised_is_not_there_for_tickets(step: Step) -> None:
    def claimed(weeks: float) -> Callable[[World], None]:
        return lambda world: setattr(world.vendor, "claimed_support", weeks)

    none, some = (step("service", before=claimed(weeks), support_staff=50.0) for weeks in (0.0, 2.0))
    assert none.vendor.spare_support - some.vendor.spare_support == pytest.approx(2.0)
    assert some.vendor.claimed_support == 0.0
    assert some.flows["service_cost"] - none.flows["service_cost"] >= 2.0 * 3_500.0 - 1.0


@QUIET
@given(st.floats(0.0, 5.0), st.floats(0.0, 3.0), st.floats(0.0, 10.0))
def test_an_able_administrator_with_help_is_never_later(usual: float, skill: float, help_: float) -> None:
    hazard = completes_node(usual, skill, help_)
    assert completes_node(usual, skill, 0.0) <= hazard <= completes_node(usual, skill + 0.1, help_ + 0.1)


# skill --------------------------------------------------------------------------------------------------


QUIET_SKILL: dict[str, Any] = {"training": 0.0, "lectures": 0.0, "rule_changes": 0.0, "turnover": 0.0, "relearning": 0.0}


def skilled(skill: float) -> Callable[[World], None]:
    """Return a function that gives everybody this skill."""
    return lambda world: world.decision_makers.columns["skill"].fill(skill)


def test_a_course_closes_its_share_of_the_distance(step: Step) -> None:
    settings_ = QUIET_SKILL | {"training": 1e6, "most": 2.0, "course": 0.25, "course_time": 0.0}
    world = step("skill", before=skilled(1.0), **settings_)
    skill = world.decision_makers.skill[world.ties.covers[world.live(), ADMINISTRATOR]]
    assert skill == pytest.approx(np.full(len(skill), 1.25))
    assert world.accounts["training"] == pytest.approx(-300.0 * len(skill) + found_before(step, "training"))


def found_before(step: Step, account: str) -> float:
    return float(step("skill", **QUIET_SKILL).accounts[account])


def test_rule_changes_wear_and_time_mends_to_the_usual_and_not_beyond(step: Step) -> None:
    worn = step("skill", before=skilled(1.4), **QUIET_SKILL | {"rule_changes": 52.0, "wear": 0.1})
    who = worn.ties.covers[worn.live(), ADMINISTRATOR]
    assert worn.decision_makers.skill[who] == pytest.approx(np.full(len(who), 1.26))
    mended = step("skill", before=skilled(0.6), **QUIET_SKILL | {"relearning": 0.5})
    assert mended.decision_makers.skill[who] == pytest.approx(np.full(len(who), 0.8))
    able = step("skill", before=skilled(1.3), **QUIET_SKILL | {"relearning": 0.5})
    assert (able.decision_makers.skill == 1.3).all()


LECTURES: dict[str, Any] = QUIET_SKILL | {"lectures": 3.0, "good": 0.0, "seasoning": 0, "willing": 5.0, "audience": 4}


def test_lecturers_teach_their_own_kind_and_pay_with_their_time(step: Step) -> None:
    world = step("skill", before=skilled(1.0), **LECTURES, lecture_pay=100.0)
    merchants, live = world.merchants, world.live()
    lecturers = live[merchants.teaching[live] != 0]
    assert len(lecturers) == world.flows["lectures_held"] == 3
    assert merchants.teaching[lecturers] == pytest.approx(np.full(3, 8.0 * 60.0 - 100.0))
    taught = live[world.decision_makers.skill[world.ties.covers[live, ADMINISTRATOR]] > 1.0]
    assert 0 < len(taught) == world.flows["lectured"] <= 12
    assert set(merchants.segment[taught]) <= set(merchants.segment[lecturers])
    assert not set(taught) & set(lecturers)
    assert world.flows["lecturer_time_cost"] == pytest.approx(3 * 480.0)


def test_a_lecturers_own_gain_falls_by_what_the_time_costs_it_less_its_pay(step: Step) -> None:
    def teaching(cost: float) -> Callable[[World], None]:
        return lambda world: world.merchants.columns["teaching"].fill(cost)

    usual, lecturer = (step("renewal", before=teaching(cost), leaves=0.0) for cost in (0.0, 380.0))
    live = usual.live()
    assert usual.merchants.gain[live] - lecturer.merchants.gain[live] == pytest.approx(np.full(len(live), 380.0))


@QUIET
@given(SHARES, st.floats(0.0, 1e4), st.floats(0.01, 1e4), st.floats(0.0, 5.0))
def test_more_pay_makes_more_lecturers_and_a_higher_cost_fewer(satisfaction: float, pay: float, cost: float, most: float) -> None:
    hazard = teaches(satisfaction, pay, cost, most)
    assert 0 <= hazard <= most
    assert teaches(satisfaction, pay + 10.0, cost, most) >= hazard >= teaches(satisfaction, pay, cost + 10.0, most)


# tiers --------------------------------------------------------------------------------------------------


RAISED = {"fit": "configured", "response": "attention", "use": "extent_of_use", "gain": "relief"}


@pytest.mark.parametrize(("state", "raised"), RAISED.items())
def test_help_goes_to_the_weakest_point_and_nowhere_else(state: str, raised: str, step: Step) -> None:
    names = ("configured", "attention", "extent_of_use", "relief")
    healthy = tuple(1.0 if name == state else 0.0 for name in ("fit", "response", "use", "gain"))

    def unhelped(world: World) -> None:
        for name in names:
            world.merchants.columns[name][:] = 0.5
        for name in ("response", "gain"):
            world.merchants.columns[name][:] = 0.0
        world.vendor.support_staff, world.vendor.claimed_support = 1e6, 0.0

    world = step("tiers", before=unhelped, healthy=healthy, diagnoses=1e5, first=0, help_half_life=1e3)
    live = world.live()
    old = live[world.merchants.live_week[live] < world.week - 1]
    kept = 0.5 * 0.5 ** (1 / 1e3)
    for name in names:
        assert ((world.merchants.columns[name][old] > 0.501) == (name == raised)).all(), name
    assert world.flows[f"weak_{state}"] == world.flows["diagnoses"] == len(live)
    assert world.merchants.configured[old].min() >= kept - 1e-12


def test_a_tier_lowers_the_fee_once_and_gives_it_back(step: Step) -> None:
    rights = {"diagnoses": 1e5, "first": 0, "fee_off": 0.1, "time": 0.0, "gold": 0.5, "silver": 0.4}

    def satisfied(world: World) -> None:
        world.merchants.columns["satisfaction"][:] = 1.0
        world.merchants.columns["extent_of_use"][:] = 1.0
        world.merchants.columns["gain"][:] = 1e4
        world.merchants.columns["fee"][:] = 100.0
        world.merchants.columns["tier"][:] = BRONZE
        world.merchants.columns["fee_share_off"][:] = 0.0

    def fallen(world: World) -> None:
        poor = {"satisfaction": 0.0, "extent_of_use": 0.0, "gain": -1e6, "tier": GOLD, "fee": 80.0, "fee_share_off": 0.2}
        for name, value in poor.items():
            world.merchants.columns[name][:] = value

    golden = step("tiers", before=satisfied, **rights)
    assert at_live(golden, "fee") == pytest.approx(np.full(len(golden.live()), 80.0))
    old = golden.live()[golden.merchants.live_week[golden.live()] < golden.week - 1]
    plain = step("tiers", before=fallen, **rights, help=0.0)
    assert plain.merchants.fee[old] == pytest.approx(np.full(len(old), 100.0))
    assert (plain.merchants.tier[old] == BRONZE).all()


# intangibles --------------------------------------------------------------------------------------------


def test_a_stock_kept_up_settles_where_spending_is_what_wears_away() -> None:
    """x ← keep x + s has the rest point s/(1 − keep); the effect there is most × x/(x + half)."""
    model = GrowthModel(replaced(busy(weeks=3), LEVERS_OFF), seed=1)
    step_, half_life = Intangibles(documents=Intangible(spend=100.0, half=5_000.0, half_life=10.0, most=0.4)), 10.0
    for _ in range(400):
        step_.step(model.world, model.draws.at(0).of("intangibles"))
    rest = 100.0 / (1.0 - 0.5 ** (1.0 / half_life))
    assert model.world.vendor.intangibles[0] == pytest.approx(rest)
    assert model.world.vendor.ticket_work == pytest.approx(1.0 - 0.4 * rest / (rest + 5_000.0))
    assert model.world.vendor.self_solved == model.world.vendor.automated == 0.0


def test_the_community_solves_more_the_more_users_there_are(step: Step) -> None:
    few, many = (step("intangibles", half_users=half, community__spend=1e4) for half in (1e5, 1.0))
    assert 0 < few.vendor.self_solved < many.vendor.self_solved


def test_tickets_solved_by_peers_never_reach_support(step: Step) -> None:
    def solved(share: float) -> Callable[[World], None]:
        return lambda world: setattr(world.vendor, "self_solved", share)

    none, half = (step("service", before=solved(share), support_staff=1e3) for share in (0.0, 0.5))
    assert none.flows["tickets"] == half.flows["tickets"]
    assert half.flows["tickets_by_peers"] == pytest.approx(0.5 * half.flows["tickets"])
    assert half.vendor.spare_support - none.vendor.spare_support == pytest.approx(0.5 * half.flows["tickets"])


# facts --------------------------------------------------------------------------------------------------

SETTLED = (
    "value", "cash", "live_merchants", "satisfaction", "use", "administrator_skill", "response_weeks",
    "service_cost_per_merchant",
)
SERVICE = [
    "missed_nodes", "guided_nodes", "merchant_tiers", "administrator_training", "customer_lecturers", "rule_changes",
    "documents_first", "user_community", "automation_first", "scarce_support", "support_priority", "service_purse",
]


@pytest.mark.parametrize("name", SERVICE)
def test_the_scenarios_run(name: str) -> None:
    run = simulate(load(f"{name}+small").replace("market.scale", 0.02), seed=4)
    for name_, measure in measures_of(Mechanisms()).items():
        values = run.weekly[name_]
        assert not np.isinf(values).any(), name_
        assert measure.kind in ("ratio", "week", "stock") or np.isfinite(values).all(), name_
    assert {name_ for name_ in SETTLED if not np.isfinite(run.weekly[name_][-1])} == set()


def paired(names: tuple[str, str], measures: tuple[str, str], seeds: int = 4) -> np.ndarray:
    """Return the second scenario's ratio of totals less the first's, one per seed, on a twentieth of the market."""
    totals = []
    for name in names:
        runs = [simulate(load(f"{name}+small").replace("market.scale", 0.05), seed=seed) for seed in range(seeds)]
        totals.append([run.weekly[measures[0]].sum() / run.weekly[measures[1]].sum() for run in runs])
    return np.asarray(totals[1]) - np.asarray(totals[0])


def test_guidance_completes_nodes() -> None:
    assert (paired(("missed_nodes", "guided_nodes"), ("nodes_reached", "nodes_due")) > 0.05).all()


def test_changing_rules_cost_nodes_and_make_work() -> None:
    assert (paired(("missed_nodes", "rule_changes"), ("nodes_reached", "nodes_due")) < 0).all()
    assert (paired(("missed_nodes", "rule_changes"), ("service_cost", "live_weeks")) > 0).all()


def test_declared_mechanisms_are_quiet_by_default() -> None:
    assert Nodes().matters == Nodes().guidance == Skill().training == Skill().lectures == Skill().rule_changes == 0
