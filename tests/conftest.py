"""What many tests look at: one week of a busy market, mechanism by mechanism."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from tiny import Watched, busy, model_of, moments

from sim.agents.mechanism import Mechanism
from sim.agents.world import World
from sim.plan import with_values
from sim.scenario import Scenario

Found = dict[str, tuple[World, Mechanism]]
WEEK = 60


@pytest.fixture(scope="session")
def market() -> Scenario:
    """Return a market of 400 firms in which every mechanism has work."""
    return busy()


@pytest.fixture(scope="session")
def found(market: Scenario) -> Found:
    """Return for each mechanism the world as it finds it in week 60, and the mechanism in force."""
    return moments(model_of(market.replace("weeks", WEEK + 1), WEEK))


@pytest.fixture(scope="session")
def step(found: Found) -> Callable[..., World]:
    """Return a function that lets one mechanism act on a copy of what it finds in week 60, and returns that copy.

    `before` may change the copy first; `settings` are fields of the mechanism in place of those in force.
    """

    def stepped(name: str, before: Callable[[World], Any] | None = None, **settings: Any) -> World:
        world, mechanism = found[name]
        world = copy.deepcopy(world)
        if before is not None:
            before(world)
        values = {field.replace("__", "."): value for field, value in settings.items()}
        with_values(mechanism, values).step(world, Watched(1, 0).at(world.week).of(name))
        return world

    return stepped
