"""GrowthModel: the market as a Mesa model. Columns are the truth; agents are views made when somebody asks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import mesa
import numpy as np
from mesa.agent import AgentSet

from sim.agents.mechanism import Mechanism
from sim.agents.population import Population
from sim.agents.vendor import STAGES
from sim.agents.world import World
from sim.draws import Draws
from sim.plan import in_force
from sim.record import Recorder, Run, each
from sim.scenario import Scenario
from sim.week import week

Engine = Literal["columns", "agents"]


class GrowthModel(mesa.Model):
    """One replication of a scenario, stepped week by week.

    `engine="agents"` asks every agent one by one through its Mesa class, with the same result to the bit. `also` are mechanisms
    of your own: they step every week before the books close, and their measures are recorded. Raises ValueError for an unknown
    engine and for a measure that is there already.
    """

    def __init__(
        self, scenario: Scenario, seed: int = 1, replication: int = 0, engine: Engine = "columns", weeks: int | None = None,
        also: Sequence[Mechanism] = (),
    ) -> None:
        super().__init__(rng=np.random.default_rng([int(seed), int(replication)]))
        if engine not in ("columns", "agents"):
            raise ValueError(f"engine = {engine!r}; allowed: 'columns', 'agents'")
        self.case, self.seed, self.replication = scenario, int(seed), int(replication)
        self.draws = Draws(self.seed, self.replication)
        self.mechanisms, self.also = scenario.resolved(), tuple(also)
        self.world = World(scenario.resolved_market(), scenario.resolved_vendor(), self.draws)
        for name, mechanism in (*each(self.mechanisms), *((type(own).__name__, own) for own in self.also)):
            add_columns(self.world, mechanism)
            mechanism.prepare(self.world, self.draws.at(-1).of(name))
        first = 1
        for population in self.world.populations:
            population.model, population.ask_all, population.first_unique_id = self, engine == "agents", first
            first += population.n
        self.recorder = Recorder(scenario.weeks if weeks is None else weeks, self.mechanisms, self.also)
        self._agent_sets: dict[type, AgentSet] = {}
        self._agent_changes: list[int] = []

    def step(self) -> None:
        """Let one week happen and take it down."""
        mechanisms = self._begin()
        week(self.world, mechanisms, self.draws.at(self.world.week), self.also)
        self.recorder.record(self.world, mechanisms)

    def _begin(self) -> Any:
        """Open the week's books; return the mechanisms in force this week."""
        world = self.world
        if world.week + 1 >= self.recorder.weeks:
            raise ValueError(f"this model was made for {self.recorder.weeks} weeks; give more with weeks=")
        world.week += 1
        world.open_books()
        entered = world.vendor.stage_week
        stage_weeks = {name: int(entered[k]) if entered[k] >= 0 else None for k, name in enumerate(STAGES)}
        return in_force(
            self.mechanisms, self.case.plan, world.week, STAGES[int(world.vendor.stage)], stage_weeks, world.market.scale
        )

    def finish(self) -> Run:
        """Return what was recorded, and let Mesa forget this model."""
        getattr(mesa.Agent, "_ids", {}).pop(self, None)  # Mesa 3.3 keeps every model in a class attribute
        return self.recorder.finish(self.seed, self.replication)

    # Mesa's surface -------------------------------------------------------------------------------------

    @property
    def vendor(self) -> Any:
        """The vendor as an agent."""
        return self.world.vendor[0]

    @property
    def merchants(self) -> Population:
        """Merchants: `model.merchants[7]`, iterate, `where(mask)`, `use(MyMerchant, ids)`."""
        return self.world.merchants

    @property
    def decision_makers(self) -> Population:
        """Decision-makers, as merchants."""
        return self.world.decision_makers

    @property
    def resellers(self) -> Population:
        """Resellers, as merchants."""
        return self.world.resellers

    @property
    def consumers(self) -> Population:
        """Consumer rows, as merchants; none where consumers are cohorts."""
        return self.world.consumers

    @property
    def rivals(self) -> Population:
        """Rivals, as merchants."""
        return self.world.rivals

    @property
    def cohorts(self) -> Population:
        """Cohorts of consumers, as merchants; none where consumers are rows."""
        return self.world.cohorts

    @property
    def agents_by_type(self) -> dict[type, AgentSet]:
        """Every agent as a view, by its population's class, made on first use."""
        changes = [population.changes for population in self.world.populations]
        if self._agent_changes != changes:
            self._agent_changes = changes
            self._agent_sets = {
                population.row_class: AgentSet(list(population), random=self.random)
                for population in self.world.populations
                if population.n
            }
        return self._agent_sets

    @property
    def agent_types(self) -> list[type]:
        """The classes of agents in the market."""
        return list(self.agents_by_type)

    @property  # type: ignore[misc]
    def agents(self) -> AgentSet:
        """Every agent as a view, made on first use."""
        return AgentSet([agent for agents in self.agents_by_type.values() for agent in agents], random=self.random)


def add_columns(world: World, mechanism: Mechanism) -> None:
    """Declare a mechanism's private columns in the world."""
    for name, columns in mechanism.COLUMNS.items():
        for column in columns:
            getattr(world, name).add(column)


@contextmanager
def only_writes(world: World, mechanism: Mechanism) -> Iterator[None]:
    """Make every column read-only but those `mechanism` declares that it writes (ValueError from NumPy on any other write)."""
    for population in world.populations:
        allowed = mechanism.WRITES.get(population.name, ())
        for name, values in population.columns.items():
            values.flags.writeable = name in allowed
    try:
        yield
    finally:
        for population in world.populations:
            for values in population.columns.values():
                values.flags.writeable = True


def simulate(
    scenario: Scenario, seed: int = 1, replication: int = 0, weeks: int | None = None, engine: Engine = "columns"
) -> Run:
    """Run one replication from week 0 and return what it leaves behind."""
    horizon = scenario.weeks if weeks is None else weeks
    model = GrowthModel(scenario, seed, replication, engine, horizon)
    for _ in range(horizon):
        model.step()
    return model.finish()
