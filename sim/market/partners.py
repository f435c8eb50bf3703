"""Partners: acquisition partners send warm leads and are paid a bounty for each of them that goes live.

What counts for them is the pay they can expect for a lead: the bounty times the share of their past leads that went live. The
hazard at which they bring a firm in market is concave in it, so partners stop sending where the product does not activate.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from sim.agents.decision_makers import ADMINISTRATOR, EXECUTIVE
from sim.agents.mechanism import Mechanism
from sim.agents.merchants import LEAD, LIVE, PROSPECT
from sim.agents.population import Column
from sim.agents.world import SOURCE, SOURCES, World
from sim.curves import keep, probability, saturation
from sim.draws import Draws
from sim.fields import Event, Measure, par


class Partners(Mechanism):
    """Bounties owed and paid, what partners think of them, the leads they bring."""

    bounty: float = par(0.0, "bounty for each merchant brought by an acquisition partner, paid when it goes live", unit="money", bounds=(0, 1e6), role="lever")
    reach: float = par(0.02, "hazard at which partners bring a firm in market when the pay they expect is large", unit="1/week", bounds=(0, 5), off=0.0)
    half_pay: float = par(1_000.0, "expected pay for a lead at which half of that is reached", unit="money", bounds=(1, 1e7))
    record: float = par(1.0, "share of the bounty that counts only as far as past leads went live", unit="share", bounds=(0, 1), off=0.0)
    assumed: float = par(0.3, "share going live that partners assume of a vendor they have not worked with", unit="share", bounds=(0, 1))
    assumed_leads: float = par(50.0, "leads of experience that this assumption weighs as much as", unit="firms", bounds=(0.01, 1e6), extensive=True)
    memory: float = par(52.0, "half-life of that experience", unit="weeks", bounds=(1, 1040))

    COLUMNS: ClassVar[dict[str, tuple[Column, ...]]] = {
        "vendor": (
            Column("partner_open", np.int64, 0, "firms", "partners' leads that are neither live nor lost yet", (0, np.inf)),
            Column("partner_judged", np.float64, 0.0, "firms", "partners' leads that went live or were lost, as far as remembered", (0.0, np.inf)),
            Column("partner_activated", np.float64, 0.0, "firms", "those of them that went live", (0.0, np.inf)),
        ),
    }
    WRITES: ClassVar[dict[str, tuple[str, ...]]] = {
        "vendor": ("partner_open", "partner_judged", "partner_activated"),
        "merchants": ("status", "source", "lead_week", "bounty"),
        "decision_makers": ("aware",),
    }
    PURPOSES: ClassVar[tuple[str, ...]] = ("referral",)
    MEASURES: ClassVar[tuple[Measure, ...]] = (
        Measure("partner_leads", "firms", "flow", "leads brought by acquisition partners"),
        Measure("partner_spend", "money", "flow", "bounties paid"),
        Measure("partner_activation", "share", "stock", "share going live that partners expect of their leads"),
    )
    EVENTS: ClassVar[tuple[Event, ...]] = (
        Event("referred", "an acquisition partner brings a firm", cause="partner", value="bounty offered"),
        Event("bounty_paid", "a firm brought by a partner is live", cause="partner", value="bounty"),
    )

    def step(self, world: World, draws: Draws) -> None:
        """Pay for firms that went live, forget a little, bring new firms."""
        vendor, kept = world.vendor, keep(self.memory)
        vendor.partner_judged *= kept
        vendor.partner_activated *= kept
        if vendor.partner_open > 0:
            self._settle(world)
        offered = self.bounty * vendor.affordable
        if offered > 0:
            self._refer(world, draws, offered)

    def _settle(self, world: World) -> None:
        """Pay what is owed on firms that are live by now; strike off those that were lost."""
        merchants, vendor = world.merchants, world.vendor
        owed = np.flatnonzero(merchants.bounty > 0)
        live, lost = owed[merchants.status[owed] == LIVE], owed[merchants.status[owed] == PROSPECT]
        paid = merchants.bounty[live].sum()
        world.pay("partner_bounties", paid)
        world.count("partner_spend", paid)
        world.note("bounty_paid", live, -1, "partner", -1, merchants.bounty[live])
        for gone in (live, lost):
            merchants.columns["bounty"][gone] = 0.0
        vendor.partner_open -= len(live) + len(lost)
        vendor.partner_judged += len(live) + len(lost)
        vendor.partner_activated += len(live)

    def _activation(self, world: World) -> float:
        """Return the share of leads going live that partners expect: what they lived through, and at first what they assume."""
        vendor = world.vendor
        return float((vendor.partner_activated + self.assumed * self.assumed_leads) / (vendor.partner_judged + self.assumed_leads))

    def _refer(self, world: World, draws: Draws, offered: float) -> None:
        """Bring firms that are looking: executive and administrator know of the vendor. The bounty agreed now is what is owed."""
        merchants = world.merchants
        pay = offered * (1.0 - self.record * (1.0 - self._activation(world)))
        firms = world.in_market()
        firms = firms[merchants.status[firms] == PROSPECT]
        new = firms[draws("referral").happens(probability(self.reach * saturation(pay, self.half_pay)), firms)]
        for role in (EXECUTIVE, ADMINISTRATOR):
            world.decision_makers.columns["aware"][world.ties.covers[new, role]] = True
        for name, value in (("status", LEAD), ("lead_week", world.week), ("source", SOURCE["partner"]), ("bounty", offered)):
            merchants.columns[name][new] = value
        world.vendor.partner_open += len(new)
        world.count("partner_leads", len(new))
        world.count("leads", len(new))
        world.split("leads", "channel", np.bincount(merchants.source[new], minlength=len(SOURCES)).astype(np.float64))
        world.note("referred", new, -1, "partner", -1, offered)

    def stocks(self, world: World) -> dict[str, float]:
        """Return what partners expect of their leads."""
        return {"partner_activation": self._activation(world)}
