"""Growth: firms grow at rates of their own, and what they need changes with the stage of growth they reach.

Sizes multiply by lognormal factors that do not depend on size (Gibrat 1931), so a few become large. A firm that reaches a
further growth stage comes to need, in the part `stage_share`, what firms of that stage need: its needs move there gradually and
what it needed before keeps the rest.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from sim.agents.mechanism import Mechanism
from sim.agents.population import Column, Ids
from sim.agents.world import World
from sim.draws import Draws, Floats
from sim.fields import Event, Measure, par

GROWTH_STAGES = 3
WIDEST = 64


class Growth(Mechanism):
    """Sizes, growth stages, and the part of need that follows them."""

    rate: float = par(0.0, "mean growth of log size", unit="1/year", bounds=(-2, 2))
    spread: float = par(0.0, "how much growth of log size differs between firms (standard deviation)", unit="1/year", bounds=(0, 1), off=0.0, source="growth does not depend on size (Gibrat 1931)")
    middle: float = par(1.0, "size from which a firm is in the middle stage of growth", unit="× mean firm", bounds=(0, 1000))
    large: float = par(2.5, "size from which it is in the late stage", unit="× mean firm", bounds=(0, 1000))
    stage_share: float = par(0.0, "share of need that a further growth stage brings", unit="share", bounds=(0, 1), off=0.0)
    stage_features: int = par(6, "features that firms of one growth stage need", unit="features", bounds=(1, 32))
    speed: float = par(0.04, "speed at which needs move once a stage is reached", unit="1/week", bounds=(0, 1))

    COLUMNS: ClassVar[dict[str, tuple[Column, ...]]] = {
        "merchants": (
            Column("growth_stage", np.int64, 0, "code", "growth stage reached: early, middle, late", (0, GROWTH_STAGES - 1)),
            Column("growth_rate", np.float64, 0.0, "1/year", "own growth of log size, in standard deviations from the mean"),
            Column("moved", np.float64, 1.0, "share", "how far its needs have moved since it reached its growth stage (1: all the way)", (0.0, 1.0)),
        ),
        "vendor": (Column("stage_needs", np.float64, 0.0, "share", "what firms of each growth stage need, adding to 1 in each", (0.0, 1.0), GROWTH_STAGES * WIDEST),),
    }
    WRITES: ClassVar[dict[str, tuple[str, ...]]] = {
        "merchants": ("size", "growth_stage", "growth_rate", "moved", "needs"),
        "vendor": ("stage_needs",),
    }
    PURPOSES: ClassVar[tuple[str, ...]] = ("growth_rate", "stage_needs")
    MEASURES: ClassVar[tuple[Measure, ...]] = (
        Measure("mean_size", "× mean firm", "stock", "mean size of firms, in firms of mean size at week 0"),
        Measure("late_stage_firms", "firms", "stock", "firms in the late stage of growth"),
        Measure("needs_moving", "firms", "stock", "firms whose needs are moving to those of a growth stage they reached"),
    )
    EVENTS: ClassVar[tuple[Event, ...]] = (
        Event("growth_stage_reached", "a firm reaches a growth stage", ref="growth stage", value="size"),
    )

    def prepare(self, world: World, draws: Draws) -> None:
        """Give every firm its rate and its stage at week 0 (which its needs already fit), and every stage what it needs."""
        columns, firms, count = world.merchants.columns, world.merchants.ids, world.market.features
        columns["growth_rate"][:] = draws("growth_rate").normal(firms)
        columns["growth_stage"][:] = self._stage_of(world.merchants.size)
        needs = np.zeros((GROWTH_STAGES, WIDEST))
        chance = draws("stage_needs")
        for k in range(GROWTH_STAGES):
            chosen = np.argsort(chance.uniform(k * WIDEST + np.arange(count)), kind="stable")[: self.stage_features]
            needs[k, chosen] = 1.0 / len(chosen)
        world.vendor.stage_needs = needs.ravel()

    def step(self, world: World, draws: Draws) -> None:
        """Grow; where a further stage is reached, needs begin to move."""
        if self.rate != 0 or self.spread > 0:
            self._grow(world)
        if self.stage_share > 0:
            self._move(world)

    def _stage_of(self, size: Floats) -> Ids:
        return np.asarray((size >= self.middle).astype(np.int64) + (size >= max(self.large, self.middle)))

    def _grow(self, world: World) -> None:
        merchants = world.merchants
        size = merchants.size * np.exp((self.rate + self.spread * merchants.growth_rate) / 52.0)
        merchants.columns["size"][:] = np.clip(size, 1e-6, 1e6)
        reached = np.flatnonzero(self._stage_of(merchants.size) > merchants.growth_stage)
        merchants.columns["growth_stage"][reached] = self._stage_of(merchants.size[reached])
        merchants.columns["moved"][reached] = 0.0
        world.note("growth_stage_reached", reached, -1, "", merchants.growth_stage[reached], merchants.size[reached])

    def _move(self, world: World) -> None:
        """Move needs of firms under way by one step, so that in the end the share `stage_share` is the stage's."""
        merchants, count = world.merchants, world.market.features
        firms = np.flatnonzero(merchants.moved < 1)
        if not len(firms):
            return
        before = merchants.moved[firms]
        after = before + self.speed * (1.0 - before)
        after = np.where(after > 0.999, 1.0, after)
        part = self.stage_share * (after - before) / np.maximum(1.0 - self.stage_share * before, 1e-12)
        wanted = world.vendor.stage_needs.reshape(GROWTH_STAGES, WIDEST)[merchants.growth_stage[firms], :count]
        needs = merchants.needs[firms]
        merchants.columns["needs"][firms] = needs + np.clip(part, 0.0, 1.0)[:, None] * (wanted - needs)
        merchants.columns["moved"][firms] = after

    def stocks(self, world: World) -> dict[str, float]:
        """Return mean size, firms in the late stage and firms whose needs are moving."""
        merchants = world.merchants
        return {
            "mean_size": float(merchants.size.mean()),
            "late_stage_firms": float(np.count_nonzero(merchants.growth_stage == GROWTH_STAGES - 1)),
            "needs_moving": float(np.count_nonzero(merchants.moved < 1)) * (self.stage_share > 0),
        }
