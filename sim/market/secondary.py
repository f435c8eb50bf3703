"""Secondary development: live merchants that were served well and still miss something buy further work.

What they ask for goes the way of all bespoke work: the vendor accepts what matches and what it can carry, it is queued, due,
paid for on delivery and kept up (see customization). Delivered, it raises the fee.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from sim.agents.mechanism import Mechanism
from sim.agents.merchants import ASKED, DELIVERED, NOTHING, buys_further_work
from sim.agents.population import Column
from sim.agents.world import World
from sim.curves import probability
from sim.draws import Draws
from sim.fields import Event, Measure, par


class Secondary(Mechanism):
    """Further bespoke work of live merchants."""

    desire: float = par(0.0, "hazard at which a live merchant asks for further work when it misses all and is wholly satisfied", unit="1/week", bounds=(0, 5), off=0.0)
    least: float = par(0.6, "satisfaction from which merchants buy further work", unit="0-1", bounds=(0, 0.99))
    seasoning: int = par(13, "weeks live before a merchant asks", unit="weeks", bounds=(0, 520))
    pause: int = par(26, "weeks between two requests of a merchant", unit="weeks", bounds=(1, 520))
    fee_rise: float = par(0.10, "rise of the fee when further work is delivered", unit="share", bounds=(0, 10), off=0.0)

    COLUMNS: ClassVar[dict[str, tuple[Column, ...]]] = {
        "merchants": (Column("asked_week", np.int64, -1_000_000, "week", "when it last asked for further work"),),
    }
    WRITES: ClassVar[dict[str, tuple[str, ...]]] = {"merchants": ("further", "asked_week", "fee", "extended")}
    PURPOSES: ClassVar[tuple[str, ...]] = ("ask",)
    MEASURES: ClassVar[tuple[Measure, ...]] = (
        Measure("further_requests", "firms", "flow", "live merchants that asked for further work"),
        Measure("further_delivered", "firms", "flow", "live merchants whose further work was delivered last week"),
        Measure("further_fees", "money/week", "flow", "fees added by further work delivered last week"),
    )
    EVENTS: ClassVar[tuple[Event, ...]] = (
        Event("contract_extended", "further work raises the fee", value="fee added"),
    )

    def step(self, world: World, draws: Draws) -> None:
        """Raise the fee of those whose work was delivered; let others ask."""
        if self.desire <= 0:
            return
        self._extend(world)
        merchants, live = world.merchants, world.live()
        ready = (merchants.further[live] == NOTHING) & (world.week - merchants.live_week[live] >= self.seasoning)
        ready &= (merchants.bespoke_work[live] == 0) & (world.week - merchants.asked_week[live] >= self.pause)
        firms = live[ready]
        unmet = np.clip(1.0 - world.fit(firms), 0.0, 1.0)
        hazard = merchants.decide(buys_further_work, firms, merchants.satisfaction[firms], unmet, self.desire, self.least)
        asks = firms[draws("ask").happens(probability(hazard), firms)]
        merchants.columns["further"][asks] = ASKED
        merchants.columns["asked_week"][asks] = world.week
        world.count("further_requests", len(asks))

    def _extend(self, world: World) -> None:
        merchants = world.merchants
        done = np.flatnonzero(merchants.further == DELIVERED)
        added = self.fee_rise * merchants.fee[done]
        merchants.columns["fee"][done] += added
        merchants.columns["extended"][done] += added
        merchants.columns["further"][done] = NOTHING
        world.count("further_delivered", len(done))
        world.count("further_fees", added.sum())
        world.note("contract_extended", done, -1, "", -1, added)
