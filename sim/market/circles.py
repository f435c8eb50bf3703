"""Circles: evenings for the firms of one segment and region, where guests meet the live merchants among them.

Money is spread over the circles it is aimed at, as far as a live merchant can host there. Firms in and out of market come;
a guest meets several hosts at once and takes the mean of what they see, so that belief moves faster than by one-to-one
education. Hosts that gain from the product go on talking in their circle (repeat business; see word).
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from sim.agents.decision_makers import posterior_mean, posterior_precision
from sim.agents.mechanism import Mechanism
from sim.agents.merchants import SIGNED
from sim.agents.population import Ids
from sim.agents.world import SOURCE, World
from sim.curves import probability, saturation
from sim.draws import Draws, Floats
from sim.fields import Measure, par


class Circles(Mechanism):
    """Events in circles: guests meet hosts."""

    events: float = par(0.0, "spending on events in circles (spent as far as there are hosts)", unit="money/week", bounds=(0, 1e9), role="lever", extensive=True)
    segment_focus: int = par(-1, "the only segment in whose circles events are held (-1: all)", unit="index", bounds=(-1, 99), role="lever")
    region_focus: int = par(-1, "the only region in whose circles events are held (-1: all)", unit="index", bounds=(-1, 99), role="lever")
    place_cost: float = par(400.0, "cost of a guest's place", unit="money/guest", bounds=(1, 1e6), source="our judgement: somewhat more than a visit to a salon costs")
    most: float = par(0.05, "hazard at which a firm comes when there are places without limit", unit="1/week", bounds=(0, 5), off=0.0)
    precision: float = par(3.0, "precision of what a guest learns where hosts are many", unit="1/variance", bounds=(0, 50), off=0.0, role="uncertain", plausible=(1.5, 4.5), source="two references' worth: a guest hears several users at once")
    half_hosts: float = par(2.0, "hosts at which half that precision is reached", unit="firms", bounds=(0.01, 1e4))
    noise: float = par(0.10, "spread of what a guest makes of it", unit="0-1", bounds=(0, 1))
    repeat: float = par(0.3, "evaluations by which a host that gains talks more after a week of events", unit="evaluations/week", bounds=(0, 10), off=0.0)
    roles: tuple[float, ...] = par((0.40, 0.30, 0.10, 0.05, 0.15), "who comes: executive, administrator, technical, finance, frontline", unit="share", bounds=(0, 1), source="as other meetings in person")

    WRITES: ClassVar[dict[str, tuple[str, ...]]] = {
        "decision_makers": ("aware", "mean", "precision"),
        "merchants": ("source", "talk"),
    }
    PURPOSES: ClassVar[tuple[str, ...]] = ("comes", "role", "impression")
    MEASURES: ClassVar[tuple[Measure, ...]] = (
        Measure("circle_spend", "money", "flow", "spending on events in circles"),
        Measure("circle_guests", "firms", "flow", "firms that came to an event in their circle"),
        Measure("circle_hosts", "firms", "flow", "live merchants that hosted, week by week"),
    )

    def step(self, world: World, draws: Draws) -> None:
        """Hold events where live merchants can host; guests learn, hosts talk."""
        hosts = world.aimed(world.live(), self.segment_focus, self.region_focus) if self.events > 0 else world.merchants.ids[:0]
        if not len(hosts):
            return
        merchants, market = world.merchants, world.market
        here = np.bincount(merchants.circle[hosts], minlength=market.segments * market.regions)
        firms = np.flatnonzero((here > 0)[merchants.circle] & (merchants.status < SIGNED))
        guests = firms[draws("comes").happens(self._attendance(world, len(firms)), firms)]
        seen = np.bincount(merchants.circle[hosts], merchants.seen[hosts], len(here)) / np.maximum(here, 1)
        at = merchants.circle[guests]
        self._learn(world, draws, guests, seen[at], self.precision * saturation(here[at], self.half_hosts))
        merchants.columns["talk"][hosts[merchants.gain[hosts] > 0]] += self.repeat
        world.count("circle_guests", len(guests))
        world.count("circle_hosts", len(hosts))

    def _attendance(self, world: World, firms: int) -> float:
        """Pay for places; return the chance that one of the `firms` invited comes: places are filled, fewer the rarer firms are."""
        paid = self.events * world.vendor.affordable * (firms > 0)
        world.pay("circle_events", paid)
        world.count("circle_spend", paid)
        places = paid / self.place_cost
        return float(probability(self.most * saturation(places, max(self.most * firms, 1e-9))))

    def _learn(self, world: World, draws: Draws, guests: Ids, seen: Floats, weight: Floats) -> None:
        """Whoever comes takes what the hosts see for the product's value, and knows of the vendor."""
        people = world.decision_makers
        role = draws("role").choice(np.cumsum(self.roles), guests)
        who = world.ties.covers[guests, np.minimum(role, len(self.roles) - 1)]
        signal = seen + self.noise * draws("impression").normal(guests)
        mean, precision = people.mean[who], people.precision[who]
        people.columns["mean"][who] = people.decide(posterior_mean, who, mean, precision, signal, weight)
        people.columns["precision"][who] = people.decide(posterior_precision, who, precision, weight)
        people.columns["aware"][who] = True
        world.merchants.columns["source"][guests] = SOURCE["circle"]
