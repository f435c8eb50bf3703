"""Minimally different worlds: what a plan or a newcomer does not touch stays as it was, to the bit."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny import CHANNELS, Watched, busy, columns, differing, model_of

from sim.agents.merchants import LIVE, SIGNED
from sim.agents.world import World
from sim.draws import Draws
from sim.model import GrowthModel, simulate
from sim.record import Run, each
from sim.scenario import Scenario

WEEKS = 40


def fingerprint(run: Run) -> str:
    """Return a hash of all that was recorded."""
    content = [(name, values.tolist()) for name, values in run.weekly.items()]
    content += [(at, amounts.tolist()) for at, amounts in run.breakdown.items()]
    content += [(field, values.tolist()) for field, values in run.events.items()]
    return hashlib.sha256(repr(content).encode()).hexdigest()


# the same again -----------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_world(market: Scenario) -> None:
    first, again = (simulate(market, seed=5, weeks=WEEKS) for _ in range(2))
    assert fingerprint(first) == fingerprint(again)


@pytest.mark.parametrize("other", [{"seed": 6}, {"seed": 0}, {"replication": 1}])
def test_another_seed_or_replication_gives_another(market: Scenario, other: dict[str, int]) -> None:
    worlds = (simulate(market, **{"seed": 5, "weeks": 10} | given) for given in ({}, other))
    assert len({fingerprint(run) for run in worlds}) == 2


def test_a_shorter_run_is_the_beginning_of_a_longer_one(market: Scenario) -> None:
    short, long = (simulate(market, seed=5, weeks=weeks) for weeks in (15, WEEKS))
    for name, values in short.weekly.items():
        assert values.tobytes() == long.weekly[name][:15].tobytes(), name


def test_another_process_gives_the_same_world(market: Scenario) -> None:
    """Processes differ in their hash seed; nothing that is drawn or ordered may depend on it."""
    tests = Path(__file__).parent
    code = "from tiny import busy; from sim.model import simulate; from test_worlds import fingerprint; "
    code += f"print(fingerprint(simulate(busy(), seed=5, weeks={WEEKS})))"
    environment = os.environ | {"PYTHONHASHSEED": "4321", "PYTHONPATH": os.pathsep.join([str(tests), str(tests.parent)])}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == fingerprint(simulate(market, seed=5, weeks=WEEKS))


# plans that part ----------------------------------------------------------------------------------------

PARTINGS: dict[str, Any] = {
    "plan.promotion.sem.spend": 6e5, "plan.sales.reps": 10.0, "plan.customization.max_share": 0.9, "plan.buying.fee": 900.0,
    "plan.channel.support_per_reseller": 0.0, "plan.usage.incentive": 20.0, "plan.ledger.funding": 0.0,
    "plan.service.support_staff": 5.0, "plan.product.polish_share": 0.9,
}


def from_week(market: Scenario, path: str, week: int, value: Any) -> Scenario:
    """Return the market with a lever at `value` from `week` on and as it was before."""
    usual = market.settings().get(path)
    before = usual if isinstance(usual, list) else [] if usual is None else [{"value": usual}]
    return market.replace(path, [*before, {"from": week, "value": value}])


@pytest.mark.parametrize("path", PARTINGS)
def test_plans_that_part_in_a_week_agree_up_to_it(market: Scenario, path: str) -> None:
    models = [GrowthModel(scenario) for scenario in (market, from_week(market, path, 20, PARTINGS[path]))]
    for _ in range(20):
        for model in models:
            model.step()
    assert differing(models[0].world, models[1].world) == set()
    for _ in range(15):
        for model in models:
            model.step()
    assert differing(models[0].world, models[1].world) != set()
    weekly = [model.recorder.weekly for model in models]
    assert all(weekly[0][name][:20].tobytes() == weekly[1][name][:20].tobytes() for name in weekly[0])


# a segment nobody touches -------------------------------------------------------------------------------

# Segments meet only through what the vendor shares out: its product, staff and till, resellers, partners, ties across firms, and
# what its platform brings one of another's consumers. With those held apart, what is done to one segment is not felt in another.
TOUCHED, UNTOUCHED = 2, (0, 1, 3)
APART = busy(
    market__segments=4, market__reseller_pool=0, vendor__opening_cash=1e12, word__elsewhere=0.0, usage__weak=0.0,
    product__concentration=0.0, product__untaught=1.0, plan__product__need_research=0.0, plan__customization__engineers=900.0,
    customization__asking=0.0, plan__customization__promise_freedom=0.0, buying__faults=0.0, plan__buying__pilot_share=0.0,
    sales__outreach=0.0, plan__sales__segment_focus=TOUCHED, plan__service__support_staff=50_000.0,
    plan__sales__telesales=0.0, plan__partners__bounty=0.0,
    promotion__sem__segments=(TOUCHED,), promotion__salon__segments=(TOUCHED,), promotion__salon__regions=(),
    promotion__salon__ceiling=1.0, promotion__content__segments=(), promotion__content__ceiling=0.2, usage__push=0.5,
    market__rivals=0, plan__visibility__endorsement=0.0, plan__visibility__discount=0.0, plan__visibility__advertising=0.0,
    plan__circles__events=0.0, plan__references__packaging=0.0, secondary__desire=0.0,
    plan__tiers__diagnoses=0.0, plan__skill__training=0.0, plan__skill__lectures=0.0, plan__nodes__guidance=0.0,
    plan__intangibles__community__spend=0.0, platform__crossing=0.0,
    **{f"plan__promotion__{name}__spend": 0.0 for name in CHANNELS if name not in ("seo", "content")},
)
AIMED: dict[str, tuple[Any, ...]] = {
    "search, from week 4": ("plan.promotion.sem.spend", [{"from": 4, "value": 5e6}]),
    "salons": ("plan.promotion.salon.spend", 5e6),
    "reps, from week 4": ("plan.sales.reps", [{"from": 4, "value": 4_000.0}]),
    "no reps": ("plan.sales.reps", 0.0),
}


def of_segment(world: World, segment: int) -> dict[str, bytes]:
    """Return every column of a segment's merchants, decision-makers and consumers."""
    firms = world.merchants.segment == segment
    found = {f"merchants.{name}": values[firms] for name, values in world.merchants.columns.items()}
    for population in (world.decision_makers, world.consumers):
        found |= {f"{population.name}.{name}": values[firms[population.merchant]] for name, values in population.columns.items()}
    return {at: values.tobytes() for at, values in found.items()}


def felt(one: World, other: World, segment: int) -> set[str]:
    """Return the columns in which anybody of a segment differs."""
    here, there = of_segment(one, segment), of_segment(other, segment)
    return {at for at in here if here[at] != there[at]}


@pytest.fixture(scope="module")
def apart() -> World:
    return model_of(APART, 60).world


@pytest.mark.parametrize("plan", AIMED)
def test_a_segment_no_plan_touches_is_the_same_under_any_plan(apart: World, plan: str) -> None:
    other = model_of(APART.replace(*AIMED[plan]), 60).world
    assert {segment: felt(apart, other, segment) for segment in UNTOUCHED} == {segment: set() for segment in UNTOUCHED}
    assert {"merchants.status", "decision_makers.mean", "consumers.state"} <= felt(apart, other, TOUCHED)


def test_things_happen_in_the_segments_nobody_touches(apart: World) -> None:
    for segment in UNTOUCHED:
        here = apart.merchants.segment == segment
        assert np.count_nonzero(apart.merchants.status[here] >= SIGNED) > 3
        assert np.count_nonzero(apart.consumers.state[here[apart.consumers.merchant]]) > 10


@pytest.mark.parametrize("shared", [
    ("product.untaught", 0.0), ("word.elsewhere", 100.0, "word.half", 1e5), ("usage.weak", 5.0),
])
def test_what_segments_share_is_felt(shared: tuple[Any, ...]) -> None:
    together = APART.replace(*shared)
    one, other = (model_of(scenario, 60).world for scenario in (together, together.replace(*AIMED["salons"])))
    assert felt(one, other, 0)


# one more agent -----------------------------------------------------------------------------------------


def with_one_more(scenario: Scenario) -> tuple[GrowthModel, GrowthModel]:
    """Return the market, and the market with a merchant more that never comes into market and that nobody introduces."""
    full = scenario.replace(
        "market.scale", 1.0, "market.merchants", 500, "market.reseller_pool", 30, "promotion.incubator.introduces", 0.0,
        "standard.pull", 0.0, "plan.circles.events", 0.0,  # one more firm is part of the share live, and of those invited
    )
    one, more = GrowthModel(full), GrowthModel(full.replace("market.merchants", 501))
    assert np.ceil(np.log2(one.world.consumers.n)) == np.ceil(np.log2(more.world.consumers.n))
    more.world.merchants.columns["frequency"][500] = 0.0
    more.world.merchants.columns["window_end"][500] = -1
    return one, more


def changed(one: World, more: World) -> set[str]:
    """Return the columns in which anybody of `one` differs from the same agent of `more`."""
    mine = {f"{population}.{name}": values for population, name, values in columns(one)}
    theirs = {f"{population}.{name}": values for population, name, values in columns(more)}
    return {at for at, values in mine.items() if values.tobytes() != theirs[at][: len(values)].tobytes()}


def test_an_inert_newcomer_changes_nobody(market: Scenario) -> None:
    one, more = with_one_more(market)
    assert changed(one.world, more.world) == set()
    for _ in range(WEEKS):
        one.step()
        more.step()
    assert changed(one.world, more.world) == set()
    assert np.count_nonzero(one.world.merchants.status == LIVE) > 20
    newcomer = more.merchants[500]
    assert newcomer.status == 0
    assert more.world.decision_makers.n > one.world.decision_makers.n


def test_a_newcomer_that_buys_is_felt(market: Scenario) -> None:
    one, more = with_one_more(market)
    for model in (one, more):
        model.world.merchants.columns["window_end"][:] = 30
    more.world.merchants.columns["well_served"][500], more.world.merchants.columns["source"][500] = -20.0, 0
    more.world.decision_makers.columns["aware"][more.world.decision_makers.merchant == 500] = True
    for _ in range(WEEKS):
        one.step()
        more.step()
    assert more.merchants[500].status >= SIGNED
    assert "vendor.heard" in changed(one.world, more.world)


def test_a_newcomer_changes_nobodys_draws(market: Scenario) -> None:
    asked = []
    for model in with_one_more(market):
        model.draws = Watched(1, 0)
        for _ in range(6):
            model.step()
        asked.append({})
        for address, ids, k, uniforms in model.draws.log:
            asked[-1].setdefault(address, {}).update(zip(zip(ids.ravel(), k.ravel(), strict=True), uniforms.ravel(), strict=True))
    one, more = asked
    assert set(one) <= set(more)
    for address, uniforms in one.items():
        assert uniforms.items() <= more[address].items(), address


def test_a_reseller_more_leaves_the_others_as_they_were_made(market: Scenario) -> None:
    one, more = (GrowthModel(market.replace("market.reseller_pool", pool)) for pool in (3_000, 3_100))
    assert more.world.resellers.n == one.world.resellers.n + 1
    assert changed(one.world, more.world) == set()


# ties ---------------------------------------------------------------------------------------------------


def test_weak_ties_lead_to_other_merchants(market: Scenario) -> None:
    world = GrowthModel(market.replace("market.consumers_per_merchant", 400.0)).world
    home, ties = world.consumers.merchant, world.ties.weak
    assert ties.shape == (world.consumers.n, market.market.weak_ties)
    assert ties.max() < world.consumers.n
    assert (ties >= 0).mean() > 0.4
    assert not ((home[ties] == home[:, None]) & (ties >= 0)).any()


def test_a_merchant_alone_has_no_ties_across(market: Scenario) -> None:
    alone = market.replace("market.scale", 1.0, "market.merchants", 1, "market.consumers_per_merchant", 4_000.0)
    assert (GrowthModel(alone).world.ties.weak == -1).all()


def test_the_world_is_made_as_the_market_says(market: Scenario) -> None:
    world = GrowthModel(market).world
    people, firms = world.decision_makers, world.merchants
    assert (np.diff(people.merchant) >= 0).all()
    assert (np.bincount(people.merchant, minlength=firms.n) == np.diff(world.ties.first)).all()
    assert (np.bincount(world.consumers.merchant, minlength=firms.n) == np.diff(world.ties.rows)).all()
    assert (people.merchant[world.ties.covers] == firms.ids[:, None]).all()
    assert (np.bincount(people.merchant[people.veto], minlength=firms.n) >= 1).all()
    assert (firms.status[: market.vendor.seeds] == SIGNED).all()
    assert np.count_nonzero(firms.status) == market.vendor.seeds
    assert (firms.segment[: market.vendor.seeds] == 0).all()
    assert (firms.circle == firms.segment * market.market.regions + firms.region).all()
    assert np.allclose(world.merchants.needs.sum(axis=1), 1.0)
    assert firms.size.mean() == pytest.approx(1.0, abs=0.15)
    assert world.consumers.n == pytest.approx(firms.size.sum() * 3.0, rel=0.1)


def test_needs_of_a_segment_have_more_in_common_than_needs_across(market: Scenario) -> None:
    world = GrowthModel(market.replace("market.segment_overlap", 0.0)).world
    needs, segment = world.merchants.needs, world.merchants.segment
    unit = needs / np.sqrt(np.square(needs).sum(axis=1, keepdims=True))
    cosine, same = unit @ unit.T, segment[:, None] == segment[None, :]
    np.fill_diagonal(same, False)
    assert cosine[same].mean() > cosine[segment[:, None] != segment[None, :]].mean() + 0.1


# purposes and weeks -------------------------------------------------------------------------------------


def strongest(drawn: np.ndarray) -> float:
    """Return the strongest correlation between rows, in standard errors."""
    r = np.abs(np.corrcoef(drawn))
    np.fill_diagonal(r, 0.0)
    return float(r.max() * np.sqrt(drawn.shape[1]))


@pytest.fixture(scope="module")
def drawn(market: Scenario) -> np.ndarray:
    """Return uniforms of 4,000 ids for every purpose in three weeks, a row each."""
    ids = np.arange(4_000)
    addresses = [(name, purpose, week) for name, m in each(market.mechanisms) for purpose in m.PURPOSES for week in (-1, 0, 1)]
    return np.stack([Draws(1, 0).at(week).of(name)(purpose).uniform(ids) for name, purpose, week in addresses])


def test_no_two_purposes_or_weeks_share_their_luck(drawn: np.ndarray) -> None:
    assert len(drawn) > 100
    assert strongest(drawn) < 5.5


def test_shared_luck_is_caught(drawn: np.ndarray) -> None:
    mixed = 0.85 * drawn[3] + 0.15 * drawn[40]
    assert strongest(np.vstack([drawn, mixed])) > 5.5
    assert strongest(np.vstack([drawn, 0.9 * drawn[-1] + 0.1 * drawn[7]])) > 5.5


def test_what_agents_are_born_with_is_unrelated(market: Scenario) -> None:
    world = GrowthModel(market.replace("market.scale", 0.1, "market.people_per_row", 1_000.0)).world
    born = [world.merchants.columns[name] for name in ("segment", "region", "size", "frequency", "pace", "well_served")]
    assert strongest(np.stack(born)) < 4.5
    assert strongest(np.stack([*born, born[3] + 0.1 * born[4]])) > 4.5
