"""What a mechanism of the market is: one frozen record of parameters with a step."""

from __future__ import annotations

from typing import ClassVar

from sim.agents.population import Column
from sim.agents.world import World
from sim.draws import Draws
from sim.fields import Event, Measure, Parameters


class Mechanism(Parameters):
    """One mechanism: its fields are its parameters, `step` is what happens in a week. It holds no other state.

    COLUMNS  private columns it needs, by population
    WRITES   every column it may change, by population
    PURPOSES the random draws it takes, each at most once a week
    MEASURES what it reports
    EVENTS   what it notes
    """

    COLUMNS: ClassVar[dict[str, tuple[Column, ...]]] = {}
    WRITES: ClassVar[dict[str, tuple[str, ...]]] = {}
    PURPOSES: ClassVar[tuple[str, ...]] = ()
    MEASURES: ClassVar[tuple[Measure, ...]] = ()
    EVENTS: ClassVar[tuple[Event, ...]] = ()

    def prepare(self, world: World, draws: Draws) -> None:
        """Set up private columns before week 0 (nothing by default)."""

    def step(self, world: World, draws: Draws) -> None:
        """Let one week happen to `world`."""
        raise TypeError(f"{type(self).__name__} has no step")

    def stocks(self, world: World) -> dict[str, float]:
        """Return the stocks it reports at the end of the week, by measure name."""
        return {}
