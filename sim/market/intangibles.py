"""Intangibles: what a vendor builds once and many merchants use: documents, community, automation, content, a name at events.

Each is a stock of past spending that wears away, x ← keep x + spending (intangible capital: Corrado, Hulten & Sichel 2009), and acts
with diminishing returns, most × x/(x + half), on one thing: documents on the work of a ticket, the community on the tickets that
other users solve, automation on the work of setting a firm up, content on how much content tells, the name on the reach of
events. Without a stock that thing is as it was.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from sim.agents.mechanism import Mechanism
from sim.agents.population import Column
from sim.agents.world import World
from sim.curves import keep, saturation
from sim.draws import Draws
from sim.fields import Measure, Parameters, par

STOCKS = ("documents", "community", "automation", "content_quality", "event_reputation")


class Intangible(Parameters):
    """One stock: what is spent on it, how it lasts, what it does at most."""

    spend: float = par(0.0, "spending on it", unit="money/week", bounds=(0, 1e9), role="lever", extensive=True)
    half: float = par(300_000.0, "stock at which half of its effect is had", unit="money", bounds=(1, 1e12), extensive=True)
    half_life: float = par(78.0, "half-life of the stock", unit="weeks", bounds=(0, 1040))
    most: float = par(0.5, "most it does: the share of its cost that goes, or the share by which its effect grows", unit="share", bounds=(0, 0.95), off=0.0)


def _stock(**given: Any) -> Intangible:
    return Intangible(**given)


class Intangibles(Mechanism):
    """Documents, community, automation, quality of content, reputation at events."""

    documents: Intangible = _stock(most=0.4)
    community: Intangible = _stock(half_life=39.0, most=0.5)
    automation: Intangible = _stock(half=1_000_000.0, half_life=104.0, most=0.7)
    content_quality: Intangible = _stock(half_life=52.0, most=0.6)
    event_reputation: Intangible = _stock(half=500_000.0, half_life=52.0, most=0.6)
    half_users: float = par(500.0, "live merchants at which the community solves half of what it could", unit="firms", bounds=(0.1, 1e6), extensive=True)

    COLUMNS: ClassVar[dict[str, tuple[Column, ...]]] = {
        "vendor": (Column("intangibles", np.float64, 0.0, "money", "stocks: documents, community, automation, content, events", (0.0, np.inf), len(STOCKS)),),
    }
    WRITES: ClassVar[dict[str, tuple[str, ...]]] = {
        "vendor": ("intangibles", "ticket_work", "self_solved", "automated", "content_quality", "event_pull"),
    }
    MEASURES: ClassVar[tuple[Measure, ...]] = (
        Measure("intangibles_spend", "money", "flow", "spending on documents, community, automation, content and a name at events"),
        Measure("documents", "money", "stock", "stock of documents"),
        Measure("community", "money", "stock", "stock of the user community"),
        Measure("automation", "money", "stock", "stock of automation"),
        Measure("content_work", "money", "stock", "stock of work on the quality of content"),
        Measure("event_reputation", "money", "stock", "stock of reputation at events"),
        Measure("automated_share", "share", "stock", "work of setting a firm up that needs nobody"),
    )

    def step(self, world: World, draws: Draws) -> None:
        """Build, let wear, and say what the stocks do from this week's service and next week's promotion on."""
        vendor = world.vendor
        groups = [getattr(self, name) for name in STOCKS]
        spend = np.array([group.spend for group in groups]) * vendor.affordable
        if not spend.any() and not vendor.intangibles.any():
            return
        vendor.intangibles = np.array([keep(group.half_life) for group in groups]) * vendor.intangibles + spend
        effect = np.array([group.most for group in groups]) * saturation(vendor.intangibles, np.array([group.half for group in groups]))
        vendor.ticket_work = 1.0 - effect[0]
        vendor.self_solved = effect[1] * saturation(float(len(world.live())), self.half_users)
        vendor.automated = effect[2]
        vendor.content_quality = 1.0 + effect[3]
        vendor.event_pull = 1.0 + effect[4]
        world.pay("intangibles", spend.sum())
        world.count("intangibles_spend", spend.sum())

    def stocks(self, world: World) -> dict[str, float]:
        """Return the five stocks and the share of setting up that is automated."""
        names = ("documents", "community", "automation", "content_work", "event_reputation")
        stocks = dict(zip(names, world.vendor.intangibles.tolist(), strict=True))
        return stocks | {"automated_share": float(world.vendor.automated)}
