"""Two engines, one market: whole columns at once or agent by agent, equal to the bit; and the market as Mesa sees it."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from typing import Any

import mesa
import numpy as np
import pytest
from mesa.agent import AgentSet
from tiny import busy, differing, model_of

from sim import Consumer, DecisionMaker, Merchant, Reseller, Rival, Vendor, load
from sim.agents import merchants
from sim.agents.population import Population, Row
from sim.model import GrowthModel, simulate
from sim.record import Run
from sim.scenario import Scenario

SMALL = {
    "busy": busy(),
    "bespoke": busy(
        plan__customization__accept_match=0.0, plan__customization__max_share=0.9, plan__customization__engineers=90.0,
        plan__customization__productize=False, plan__customization__max_load=1_000.0, customization__work=0.05,
        customization__upkeep=0.05, vendor__core_cost=60.0, vendor__maturity=0.4, vendor__other_maturity=0.3, buying__cost=0.0,
    ),
    "channel in fits and starts": busy(
        market__reseller_pool=6_000, channel__sign_up=0.2, plan__channel__announced=1_500.0, plan__sales__reps=0.0,
        plan__channel__support_per_reseller=[{"every": 10, "on": 5, "value": 1_600.0}],
    ),
    "many consumers": busy(
        market__consumers_per_merchant=400.0, usage__push=0.5, usage__weak=0.2, usage__lapse=0.1, usage__immediate=0.3,
        market__merchants=15_000, vendor__polish=0.8, vendor__maturity=0.9,
    ),
    "short of money": busy(plan__ledger__funding=0.0, vendor__opening_cash=6e7, buying__fee=40.0, plan__sales__reps=300.0),
    "few large firms": busy(market__merchants=8_000, market__committee_mean=6.0, market__size_spread=1.5, market__segments=1),
    "campaign first": load("premature_promotion").replace("market.scale", 0.01),
}


def parts(run: Run) -> Iterator[tuple[str, bytes]]:
    """Yield everything a run recorded, as bytes."""
    for name, values in run.weekly.items():
        yield name, values.tobytes()
    for at, amounts in run.breakdown.items():
        yield str(at), amounts.tobytes()
    for field, values in run.events.items():
        yield f"event {field}", repr(values.tolist()).encode()


# two engines --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SMALL)
def test_engines_are_equal_to_the_bit(name: str) -> None:
    models = [GrowthModel(SMALL[name], seed=7, engine=engine, weeks=60) for engine in ("columns", "agents")]
    for week in range(60):
        for model in models:
            model.step()
        if week % 10 == 9:
            assert differing(models[0].world, models[1].world) == set(), f"week {week}"
    one, other = (dict(parts(model.finish())) for model in models)
    assert one.keys() == other.keys()
    assert {at for at in one if one[at] != other[at]} == set()


def test_the_small_markets_are_not_alike_and_things_happen_in_them() -> None:
    runs = {name: simulate(scenario, seed=7) for name, scenario in SMALL.items() if name != "campaign first"}
    assert len({run.weekly["cash"].tobytes() for run in runs.values()}) == len(runs)
    happened = {name: set(run.events["event"]) for name, run in runs.items()}
    assert all({"opportunity", "signed", "live", "no_decision"} <= events for events in happened.values())
    rarer = {"rejected", "request_accepted", "delivered", "churned", "reseller_joined", "reseller_left"}
    assert rarer <= set.union(*happened.values())
    assert runs["bespoke"].weekly["bespoke_live"].max() > 10
    assert runs["channel in fits and starts"].weekly["reseller_win_share"][-1] > 0.1
    assert runs["many consumers"].weekly["active_consumers"][-1] > 1_000
    assert np.isfinite(runs["short of money"].weekly["week_insolvent"][-1])


def test_every_decision_is_asked_of_agents(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[tuple[str, str]] = set()
    ask = Population._ask

    def listening(self: Population, rule: Any, ids: Any, args: Any, j: int) -> Any:
        asked.add((self.row_class.__name__, rule.__name__))
        return ask(self, rule, ids, args, j)

    monkeypatch.setattr(Population, "_ask", listening)
    model_of(busy(weeks=57), 57, engine="agents")
    kinds = (Merchant, DecisionMaker, Reseller, Consumer, Rival)
    assert asked == {(kind.__name__, name) for kind in kinds for name, rule in vars(kind).items() if hasattr(rule, "__wrapped__")}


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(ValueError, match=r"engine = 'colums'; allowed: 'columns', 'agents'"):
        GrowthModel(busy(), engine="colums")  # type: ignore[arg-type]


# classes that decide otherwise --------------------------------------------------------------------------


class Faithful(Merchant):
    """A merchant that hands every decision to its rule."""

    def renewal_probability(self, *args: Any) -> Any:
        return merchants.renewal_probability(*args)

    def next_satisfaction(self, *args: Any) -> Any:
        return merchants.next_satisfaction(*args)

    def push(self, *args: Any) -> Any:
        return merchants.push(*args)


class Fickle(Merchant):
    """A merchant that never renews."""

    def renewal_probability(self, *args: Any) -> Any:
        return np.float64(0.0)


class Doubting(DecisionMaker):
    """A person whom nothing impresses."""

    def posterior_mean(self, mean: Any, precision: Any, signal: Any, weight: Any) -> Any:
        return mean


def test_overrides_that_call_the_rule_change_no_bit() -> None:
    usual, faithful = (GrowthModel(SMALL["busy"]) for _ in range(2))
    faithful.merchants.use(Faithful, range(60))
    for model in (usual, faithful):
        for _ in range(60):
            model.step()
    assert differing(usual.world, faithful.world) == set()


def test_ten_merchants_change_the_market_only_through_their_own_decisions() -> None:
    """Up to the first decision that differs nothing does; the week after it, only what those ten brought about."""
    usual, other = (model_of(busy(weeks=120), 52) for _ in range(2))
    ten = usual.world.live()[:10]
    other.merchants.use(Fickle, ten)
    while differing(usual.world, other.world) == set():
        left = usual.world.merchants.status.copy()
        for model in (usual, other):
            model.step()
    changed = np.flatnonzero(usual.merchants.status != other.merchants.status)
    assert set(changed) <= set(ten)
    assert (left[changed] == merchants.LIVE).all()
    assert (other.merchants.status[changed] == merchants.PROSPECT).all()
    for name in ("satisfaction", "size", "window_end", "rounds", "fee", "seen"):
        others = np.setdiff1d(usual.merchants.ids, ten)
        assert (usual.merchants.columns[name][others] == other.merchants.columns[name][others]).all(), name


def test_people_whom_nothing_impresses_keep_their_belief() -> None:
    model = GrowthModel(SMALL["busy"])
    doubting = np.arange(50, 90)
    model.decision_makers.use(Doubting, doubting)
    before = model.decision_makers.mean.copy()
    for _ in range(30):
        model.step()
    moved = model.decision_makers.mean != before
    assert not moved[doubting].any()
    assert moved.sum() > 200


# the market as Mesa sees it -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model() -> GrowthModel:
    return model_of(SMALL["busy"], 20)


def test_it_is_a_mesa_model(model: GrowthModel) -> None:
    assert isinstance(model, mesa.Model)


def test_rows_are_reached_by_number_in_turn_and_by_condition(model: GrowthModel) -> None:
    seventh = model.merchants[7]
    assert seventh.satisfaction == model.world.merchants.columns["satisfaction"][7]
    assert len(list(model.merchants)) == len(model.merchants) == model.world.merchants.n
    large = model.merchants.where(model.merchants.size > 2.0)
    assert large
    assert all(merchant.size > 2.0 for merchant in large)
    assert model.vendor.cash == model.world.vendor.cash


@pytest.mark.parametrize(("population", "kind"), [
    ("merchants", Merchant), ("decision_makers", DecisionMaker), ("resellers", Reseller), ("consumers", Consumer),
])
def test_every_row_is_an_agent_of_its_class(model: GrowthModel, population: str, kind: type[Row]) -> None:
    row = getattr(model, population)[3]
    assert isinstance(row, mesa.Agent)
    assert isinstance(row, kind)
    assert row.model is model
    assert row == getattr(model, population)[3]
    assert hash(row) == hash(getattr(model, population)[3])
    assert row != getattr(model, population)[4]


def test_the_vendor_is_an_agent(model: GrowthModel) -> None:
    assert isinstance(model.vendor, Vendor)
    assert isinstance(model.vendor, mesa.Agent)


def test_every_agent_has_its_own_number(model: GrowthModel) -> None:
    numbers = [agent.unique_id for agent in model.agents]
    assert len(set(numbers)) == len(numbers) == sum(p.n for p in model.world.populations)


def test_agent_sets_hold_their_agents(model: GrowthModel) -> None:
    sets = model.agents_by_type
    gc.collect()
    assert set(sets) == set(model.agent_types) == {Vendor, Merchant, DecisionMaker, Reseller, Consumer, Rival}
    for kind, agents in sets.items():
        assert isinstance(agents, AgentSet)
        assert len(agents) == len(list(agents)) > 0
        assert all(isinstance(agent, kind) for agent in agents)
    assert sum(len(agents) for agents in sets.values()) == len(model.agents)


def test_agent_sets_can_be_asked_as_mesa_does(model: GrowthModel) -> None:
    kept = model.agents_by_type[Merchant].select(lambda merchant: merchant.size > 2.0)
    assert {agent.id for agent in kept} == set(np.flatnonzero(model.merchants.size > 2.0))
    assert np.mean(model.agents_by_type[Merchant].get("size")) == pytest.approx(model.merchants.size.mean())


def test_agents_of_another_class_are_found_in_their_sets() -> None:
    model = model_of(SMALL["busy"], 1)
    before = len(model.agents_by_type[Merchant])
    model.merchants.use(Fickle, [3, 4])
    gc.collect()
    agents = model.agents_by_type[Merchant]
    assert len(agents) == before
    assert {agent.id for agent in agents if isinstance(agent, Fickle)} == {3, 4}
    assert len(model.agents) == sum(p.n for p in model.world.populations)


def test_writing_through_a_view_is_writing_the_column() -> None:
    model = model_of(SMALL["busy"], 2)
    model.merchants[7].well_served = -9.0
    model.vendor.cash = 123.0
    for agent in model.agents_by_type[Reseller]:
        agent.talent = 2.5
    assert model.world.merchants.columns["well_served"][7] == -9.0
    assert model.world.vendor.cash == 123.0
    assert (model.world.resellers.talent == 2.5).all()
    model.step()
    assert model.world.merchants.well_served[7] == -9.0


def test_a_run_that_never_asks_makes_no_views() -> None:
    model = model_of(SMALL["busy"], 5)
    assert all(population._views == {} for population in model.world.populations)


def test_mesa_steps_and_we_count_the_weeks() -> None:
    model = GrowthModel(SMALL["busy"])
    assert model.world.week == -1
    model.step()
    assert model.world.week == 0


def test_beyond_its_horizon_it_says_so() -> None:
    model = model_of(busy(weeks=2), 2)
    with pytest.raises(ValueError, match="made for 2 weeks"):
        model.step()
    assert model.world.week == 1


@pytest.mark.parametrize("engine", ["columns", "agents"])
def test_a_finished_model_is_let_go(engine: Any) -> None:
    model = model_of(SMALL["busy"], 2, engine=engine)
    assert len(model.agents) > 0
    model.finish()
    gone = weakref.ref(model)
    known = len(getattr(mesa.Agent, "_ids", {}))
    del model
    gc.collect()
    assert gone() is None
    assert len(getattr(mesa.Agent, "_ids", {})) <= known


def test_models_live_side_by_side(market: Scenario) -> None:
    alone = model_of(market, 6)
    one, other = GrowthModel(market), GrowthModel(market, seed=2)
    for _ in range(6):
        other.step()
        one.step()
    assert differing(alone.world, one.world) == set()
    assert differing(alone.world, other.world) != set()
