"""Service: signed firms are brought live, tickets are answered, satisfaction moves by what was delivered less what was promised.

Losses weigh 2.25 times gains (Tversky & Kahneman 1992). Onboarding places are finite: support staff answer tickets first and
bring firms live with what is left. Where some firms' tickets go first, others wait: the mean response stays what the staff can do.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from sim.agents.decision_makers import ADMINISTRATOR
from sim.agents.mechanism import Mechanism
from sim.agents.merchants import LIVE, SIGNED, next_satisfaction
from sim.agents.population import Ids
from sim.agents.world import World
from sim.curves import this_week
from sim.draws import Draws, Floats
from sim.fields import Event, Measure, par

LONGEST_WAIT = 52.0


class Service(Mechanism):
    """Onboarding, tickets, satisfaction, references."""

    support_staff: float = par(2.0, "support staff on the payroll whatever the number of live merchants", unit="people", bounds=(0, 1e5), role="lever", extensive=True)
    support_per_live: float = par(0.012, "further support staff for each live merchant", unit="people/firm", bounds=(0, 10), role="lever")
    size_priority: float = par(0.0, "how far larger firms' tickets go first: exponent of size (negative: smaller ones)", unit="exponent", bounds=(-5, 5), role="lever")
    age_priority: float = par(0.0, "how far older firms' tickets go first: exponent of half-years live + 1 (negative: new ones)", unit="exponent", bounds=(-5, 5), role="lever")
    tier_priority: float = par(0.0, "how far tickets of a higher tier go first", unit="log weight/tier", bounds=(-5, 5), role="lever")
    burden: float = par(0.010, "work for tickets of a live merchant with a finished product", unit="person-weeks/week", bounds=(0, 10), role="uncertain", plausible=(0.007, 0.013))
    roughness: float = par(1.2, "further tickets of a product without polish", unit="×", bounds=(0, 10), off=0.0)
    how_to: float = par(0.5, "share of tickets that ask how to do it: they shrink as the skill of administrators grows", unit="share", bounds=(0, 1), off=0.0)
    onboarding: float = par(0.25, "work to bring a firm live", unit="person-weeks", bounds=(0.001, 100))
    soonest: int = par(2, "weeks from signature until a firm can be live", unit="weeks", bounds=(0, 104))
    ticket_share: float = par(0.75, "most of support that tickets get while firms wait to go live", unit="share", bounds=(0, 1))
    patience: float = par(0.4, "share of delivered value that slow answers can cost", unit="share", bounds=(0, 1), off=0.0)
    base: float = par(0.6, "satisfaction where what is delivered is what was promised", unit="0-1", bounds=(0, 1))
    slope: float = par(1.3, "satisfaction per value delivered beyond the promise", unit="1/value", bounds=(0, 20))
    aversion: float = par(2.25, "how much more a shortfall counts", unit="×", bounds=(1, 10), source="Tversky & Kahneman 1992")
    speed: float = par(0.08, "speed of satisfaction", unit="1/week", bounds=(0, 1))
    lateness: float = par(1.0, "share of promised work a live firm misses until it is delivered", unit="share", bounds=(0, 1), off=0.0)
    vouching: float = par(0.65, "satisfaction from which a firm vouches", unit="0-1", bounds=(0, 1))
    vouching_gain: float = par(-0.5, "own gain relative to the fee from which a firm vouches", unit="× fee", bounds=(-10, 10))
    seasoning: int = par(13, "weeks live before a firm vouches", unit="weeks", bounds=(0, 520))
    wage: float = par(3_500.0, "cost of a supporter", unit="money/week", bounds=(0, 1e6))
    others_faults: float = par(0.0, "share of delivered value lost to faults of partners (banks, carriers, other apps) that the vendor gets the blame for", unit="share", bounds=(0, 1), off=0.0)
    fault_tickets: float = par(10.0, "further tickets of a firm for which all value is lost to faults of partners", unit="×", bounds=(0, 1000))

    WRITES: ClassVar[dict[str, tuple[str, ...]]] = {
        "merchants": ("status", "live_week", "satisfaction", "reference", "seen", "talk", "response"),
        "vendor": ("support_staff", "response", "spare_support", "claimed_support"),
    }
    PURPOSES: ClassVar[tuple[str, ...]] = ("complains",)
    MEASURES: ClassVar[tuple[Measure, ...]] = (
        Measure("live_merchants", "firms", "stock", "live merchants", by=("segment", "region")),
        Measure("satisfaction", "0-1", "stock", "mean satisfaction of live merchants"),
        Measure("response", "0-1", "stock", "how promptly tickets are answered"),
        Measure("support_spend", "money", "flow", "wages of support"),
        Measure("live_weeks", "firm-weeks", "flow", "live merchants, week by week"),
        Measure("support_cost_per_merchant", "money/week", "ratio", "support wages per live merchant", ("support_spend", "live_weeks")),
        Measure("response_weeks", "weeks", "stock", "time a ticket waits beyond its week, where the share answered of what waits is the response (at most 52)"),
        Measure("tickets", "person-weeks", "flow", "work that tickets would take with nobody but support to solve them"),
        Measure("tickets_by_peers", "person-weeks", "flow", "the part of it that other users solve"),
        Measure("self_solved_share", "share", "ratio", "tickets that other users solve", ("tickets_by_peers", "tickets")),
        Measure("service_cost", "money", "flow", "work that service asks for, at the wage of support, with courses, lectures and lecturers' own time"),
        Measure("service_cost_per_merchant", "money/week", "ratio", "cost of service per live merchant", ("service_cost", "live_weeks")),
    )
    EVENTS: ClassVar[tuple[Event, ...]] = (
        Event("live", "a firm goes live", value="weeks since it signed"),
    )

    def step(self, world: World, draws: Draws) -> None:
        """Answer tickets, bring firms live, let satisfaction and references follow."""
        merchants, live = world.merchants, world.live()
        self._staff(world, live)
        merchants.columns["response"][live] = self._responses(world, live)
        self._bring_live(world)
        self._satisfy(world, draws, live)
        seasoned = live[world.week - merchants.live_week[live] >= self.seasoning]
        merchants.columns["reference"][:] = False
        gains = merchants.gain[seasoned] >= self.vouching_gain * world.dues(seasoned)
        merchants.columns["reference"][seasoned] = (merchants.satisfaction[seasoned] >= self.vouching) & gains

    def _staff(self, world: World, live: Ids) -> None:
        """Tickets come from live merchants; what other claims leave of staff is split between tickets and onboarding."""
        vendor = world.vendor
        staff = (self.support_staff + self.support_per_live * len(live)) * vendor.staffed
        demand = self._tickets(world, live)
        free = max(staff - vendor.pilot_support - vendor.claimed_support, 0.0)
        waiting = np.count_nonzero(world.merchants.status == SIGNED) > 0
        answered = min(demand, free * (self.ticket_share if waiting else 1.0))
        vendor.support_staff, vendor.spare_support = staff, free - answered
        response = answered / demand if demand > 0 else 1.0
        vendor.response = vendor.response + 0.5 * (response - vendor.response)
        world.pay("support", staff * self.wage)
        world.count("support_spend", staff * self.wage)
        world.count("live_weeks", len(live))
        world.count("service_cost", (demand + vendor.claimed_support) * self.wage)
        vendor.claimed_support = 0.0

    def _tickets(self, world: World, live: Ids) -> float:
        """Return the work for tickets that reach support: more the rougher the product, less the abler administrators are."""
        vendor = world.vendor
        skill = world.decision_makers.skill[world.ties.covers[live, ADMINISTRATOR]]
        how_to = float(np.maximum(1.0 + self.how_to * (1.0 - skill), 0.0).mean()) if len(live) else 1.0
        faults = self.roughness * (1.0 - vendor.polish) + self.others_faults * self.fault_tickets
        raised = len(live) * self.burden * (1.0 + faults) * how_to * vendor.ticket_work
        world.count("tickets", raised)
        world.count("tickets_by_peers", raised * vendor.self_solved)
        return float(raised * (1.0 - vendor.self_solved))

    def _responses(self, world: World, live: Ids) -> Floats:
        """Return how promptly each live merchant is answered, shape (m,): the vendor's mean, split by priority where there is one."""
        merchants, mean = world.merchants, world.vendor.response
        ahead = merchants.attention[live]
        if not (self.size_priority or self.age_priority or self.tier_priority or ahead.any()):
            return np.full(len(live), mean)
        half_years = (world.week - merchants.live_week[live]) / 26.0
        weight = ahead + self.size_priority * np.log(merchants.size[live]) + self.age_priority * np.log1p(half_years)
        return by_priority(float(mean), weight + self.tier_priority * merchants.tier[live])

    def _bring_live(self, world: World) -> None:
        """Bring firms live in order of signature, as many as support can."""
        merchants = world.merchants
        ready = np.flatnonzero((merchants.status == SIGNED) & (world.week - merchants.signed_week >= self.soonest))
        ready = ready[np.argsort(merchants.signed_week[ready], kind="stable")]
        work = self.onboarding * (1.0 - world.vendor.automated)
        places = world.vendor.spare_support / work
        carried = this_week(places, world.week)
        new = ready[:carried]
        merchants.columns["status"][new] = LIVE
        merchants.columns["live_week"][new] = world.week
        merchants.columns["satisfaction"][new] = 0.5
        world.count("service_cost", len(new) * work * self.wage)
        world.note("live", new, -1, "", -1, world.week - merchants.signed_week[new])

    def _satisfy(self, world: World, draws: Draws, live: Ids) -> None:
        merchants = world.merchants
        delivered = self.delivered(world, live)
        surprise = delivered - merchants.expected[live]
        merchants.columns["satisfaction"][live] = merchants.decide(
            next_satisfaction, live, merchants.satisfaction[live], surprise, self.base, self.slope, self.aversion, self.speed,
        )
        merchants.columns["seen"][live] = delivered
        upset = live[draws("complains").happens(np.maximum(0.5 - merchants.satisfaction[live], 0.0) * 0.2, live)]
        merchants.columns["talk"][upset] += 1.0

    def delivered(self, world: World, live: Ids) -> np.ndarray:
        """Return the value live firms get this week, shape (m,): promises missed, slow answers and faults of partners felt, as far as it is used."""
        slow = 1.0 - self.patience * (1.0 - world.merchants.response[live])
        felt = slow * (1.0 - self.others_faults) * world.merchants.extent_of_use[live]
        return np.asarray(world.fit(live, 1.0 - self.lateness) * world.vendor.polish * felt)

    def stocks(self, world: World) -> dict[str, float]:
        """Return live merchants (split by segment and region), their satisfaction and the response to tickets."""
        merchants, market, live = world.merchants, world.market, world.live()
        for dimension, size in (("segment", market.segments), ("region", market.regions)):
            world.split("live_merchants", dimension, np.bincount(merchants.columns[dimension][live], minlength=size).astype(np.float64))
        mean = float(merchants.satisfaction[live].mean()) if len(live) else float("nan")
        response = float(world.vendor.response)
        wait = min((1.0 - response) / max(response, 1e-9), LONGEST_WAIT)
        return {"live_merchants": float(len(live)), "satisfaction": mean, "response": response, "response_weeks": wait}


def by_priority(mean: float, weight: Floats) -> Floats:
    """Return shares in [0, 1] that average `mean` and go as exp(`weight`), shape (m,): who would get more than all gets all.

    What is cut off there goes to the others (water filling), so that the mean is kept. `weight` may be any finite numbers.
    """
    order = np.argsort(-weight, kind="stable")
    w = np.exp(np.maximum(weight[order] - weight.max(initial=-np.inf), -50.0))
    before = np.arange(len(w))
    level = (mean * len(w) - before) / np.cumsum(w[::-1])[::-1]  # the common factor when all `before` get all
    full = int(np.argmax(level * w <= 1.0)) if (level * w <= 1.0).any() else len(w)
    shares = np.ones(len(w))
    shares[order[full:]] = level[full] * w[full:] if full < len(w) else 1.0
    return np.clip(shares, 0.0, 1.0)
