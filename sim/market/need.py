"""Need arrives: firms come into market, stay a window, and leave.

Most firms are out of market in any week (Dawes 2021: about 5 % in a quarter for slow products). A firm out of market and
not signed enters with hazard 1/interval × its own frequency (Gamma, shape 2, mean 1: some buy often) and stays a
Gamma window (shape 2). A rejection uses the window up (see buying). A firm bound by a contract with a rival does not enter.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from sim.agents.mechanism import Mechanism
from sim.agents.merchants import PROSPECT
from sim.agents.world import World
from sim.curves import probability
from sim.draws import Draws
from sim.fields import Measure, par


class Need(Mechanism):
    """Firms come into market and leave."""

    interval: float = par(104.0, "mean time between two needs of a firm", unit="weeks", bounds=(4, 5200), role="uncertain", plausible=(78, 156), source="about 1/104 a week for light products; 5 % of buyers in a quarter for slow ones (Dawes 2021)")
    window: float = par(16.0, "mean time a firm stays in market", unit="weeks", bounds=(2, 520), role="uncertain", plausible=(12, 20))
    arrives: float = par(1.0, "share of needs that arrive after week 0", unit="share", bounds=(0, 1), off=0.0)

    WRITES: ClassVar[dict[str, tuple[str, ...]]] = {"merchants": ("window_end",)}
    PURPOSES: ClassVar[tuple[str, ...]] = ("arrival", "window", "open_at_start", "left_at_start")
    MEASURES: ClassVar[tuple[Measure, ...]] = (
        Measure("in_market", "firms", "stock", "firms in market and neither signed nor live"),
    )

    def prepare(self, world: World, draws: Draws) -> None:
        """Start in the steady state: a firm is in market with the share of time it spends there.

        What is left of a Gamma(2) window met at random is one or two of its exponential halves, with even chance.
        """
        firms = world.merchants.ids
        hazard = world.merchants.frequency / self.interval
        share = hazard * self.window / (1.0 + hazard * self.window)
        inside = np.flatnonzero(draws("open_at_start").happens(share, firms) & (world.merchants.status == PROSPECT))
        chance, second = draws("window"), draws("left_at_start").happens(0.5, inside)
        left = -0.5 * self.window * (np.log(chance.uniform(inside)) + second * np.log(chance.uniform(inside, 1)))
        world.merchants.columns["window_end"][inside] = np.ceil(left).astype(np.int64) - 1

    def step(self, world: World, draws: Draws) -> None:
        """Let needs arrive in firms that are out of market and free."""
        merchants = world.merchants
        free = np.flatnonzero((merchants.window_end < world.week) & (merchants.status == PROSPECT) & (merchants.bound_until < world.week))
        chance = self.arrives * probability(merchants.frequency[free] / self.interval)
        entering = free[draws("arrival").happens(chance, free)]
        length = np.maximum(np.rint(self.window * draws("window").gamma2(entering)), 1)
        merchants.columns["window_end"][entering] = world.week + length.astype(np.int64) - 1

    def stocks(self, world: World) -> dict[str, float]:
        """Return the firms in market."""
        return {"in_market": float(len(world.in_market()))}
