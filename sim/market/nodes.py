"""Nodes: what a new merchant has to get done until the product works for it, and by when.

Account, first campaign and review are done by its administrator, one after the other, sooner the abler he is and the more help comes,
by hand (support time) or by automation. First consumers and first redemption have happened when they have happened. What is not
done when due is missed, and until it is done the merchant uses the product less.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from sim.agents.decision_makers import ADMINISTRATOR, completes_node
from sim.agents.mechanism import Mechanism
from sim.agents.population import Column, Ids
from sim.agents.world import World
from sim.curves import probability, saturation
from sim.draws import Draws, Floats
from sim.fields import Event, Measure, par

NODES = ("account", "first_campaign", "first_consumers", "first_redemption", "review")
DONE = np.array([0, 1, 4])  # those somebody has to do
WEEK_HOURS = 40.0


class Nodes(Mechanism):
    """Account, first campaign, first consumers, first redemption, review."""

    guidance: float = par(0.0, "support given by hand to a merchant for each node that somebody has to do", unit="hours/node", bounds=(0, 200), role="lever")
    matters: float = par(0.0, "use lost by a merchant that misses every node", unit="share", bounds=(0, 1), off=0.0)
    hazards: tuple[float, ...] = par((0.30, 0.10, 0.06), "hazard at which an administrator of usual skill completes account, first campaign, review without help", unit="1/week", bounds=(0, 10))
    due: tuple[float, ...] = par((4.0, 13.0, 26.0, 30.0, 39.0), "when each node is due after going live", unit="weeks", bounds=(0, 520))
    weights: tuple[float, ...] = par((0.3, 0.25, 0.2, 0.15, 0.1), "what each node is worth for use (they count as shares of their sum)", unit="share", bounds=(0, 1))
    consumers: float = par(40.0, "active consumers that make the node of first consumers (100 where firms have several hundred)", unit="people", bounds=(1, 1e6))
    lift: float = par(3.0, "how much help in full raises the hazard", unit="×", bounds=(0, 100), off=0.0)
    half_help: float = par(3.0, "help at which half of that is reached", unit="hours/node", bounds=(0.01, 1000))
    automated_hours: float = par(4.0, "hours by hand that automation stands for where it does everything", unit="hours/node", bounds=(0, 1000))
    skilled: float = par(1.0, "how far the administrator's skill multiplies the hazard", unit="×", bounds=(0, 1), off=0.0)
    speed: float = par(0.15, "speed at which use follows", unit="1/week", bounds=(0, 1))
    most_support: float = par(0.5, "most of support that guidance, with what was promised before, gets", unit="share", bounds=(0, 1))

    COLUMNS: ClassVar[dict[str, tuple[Column, ...]]] = {
        "merchants": (
            Column("node_week", np.int64, -1, "week", "when each node was reached (-1: not yet)", None, len(NODES)),
            Column("guided", np.float64, 0.0, "hours", "help by hand received for the node under way", (0.0, np.inf)),
        ),
        "vendor": (Column("nodes_followed", np.bool_, False, "flag", "nodes are followed"),),
    }
    WRITES: ClassVar[dict[str, tuple[str, ...]]] = {
        "merchants": ("node_week", "guided", "extent_of_use"), "vendor": ("claimed_support", "nodes_followed"),
    }
    PURPOSES: ClassVar[tuple[str, ...]] = ("node",)
    MEASURES: ClassVar[tuple[Measure, ...]] = (
        Measure("nodes_due", "nodes", "flow", "nodes of new merchants that came due"),
        Measure("nodes_reached", "nodes", "flow", "nodes that were reached when due"),
        Measure("node_completion", "share", "ratio", "nodes reached when due", ("nodes_reached", "nodes_due")),
        Measure("guidance_weeks", "person-weeks", "flow", "support given by hand for nodes"),
        Measure("use", "0-1", "stock", "mean extent of use of live merchants"),
    )
    EVENTS: ClassVar[tuple[Event, ...]] = (
        Event("node_missed", "a new merchant misses a node", cause="node", ref="node (code)"),
    )

    def step(self, world: World, draws: Draws) -> None:
        """Guide, reach nodes, find what is missed, let use follow. Looks at consumers as last week left them."""
        vendor, merchants = world.vendor, world.merchants
        if not (self.matters or self.guidance or vendor.nodes_followed):
            return
        vendor.nodes_followed = True
        live = world.live()
        new = live[merchants.live_week[live] == world.week - 1]
        merchants.columns["node_week"][new] = -1
        merchants.columns["guided"][new] = 0.0
        merchants.columns["extent_of_use"][new] = 1.0
        self._happen(world, live)
        self._complete(world, draws, live)
        self._follow(world, live, self._missed(world, live))

    def _happen(self, world: World, live: Ids) -> None:
        """What consumers do is looked up, not drawn."""
        merchants, columns = world.merchants, world.merchants.columns["node_week"]
        for k, there in ((2, merchants.active_people[live] >= self.consumers), (3, merchants.redeemed[live] > 0)):
            new = live[there & (columns[live, k] < 0)]
            columns[new, k] = world.week

    def _complete(self, world: World, draws: Draws, live: Ids) -> None:
        """Let administrators work on the first of their nodes that is not done."""
        merchants = world.merchants
        position = (merchants.node_week[live][:, DONE] >= 0).sum(axis=1)
        busy = position < len(DONE)
        firms, position = live[busy], position[busy]
        self._guide(world, firms)
        who = world.ties.covers[firms, ADMINISTRATOR]
        skill = 1.0 + self.skilled * (world.decision_makers.skill[who] - 1.0)
        hours = merchants.guided[firms] + self.automated_hours * world.vendor.automated
        help_ = self.lift * saturation(hours, self.half_help)
        hazard = world.decision_makers.decide(completes_node, who, np.asarray(self.hazards)[position], skill, help_)
        reached = draws("node").happens(probability(hazard), firms)
        merchants.columns["node_week"][firms[reached], DONE[position[reached]]] = world.week
        merchants.columns["guided"][firms[reached]] = 0.0

    def _guide(self, world: World, firms: Ids) -> None:
        """Give each firm the hours meant for its node, in the order in which firms went live, as far as support goes."""
        merchants, vendor = world.merchants, world.vendor
        firms = firms[np.argsort(merchants.live_week[firms], kind="stable")]
        wanted = np.maximum(self.guidance - merchants.guided[firms], 0.0)
        hours = WEEK_HOURS * max(self.most_support * vendor.support_staff - vendor.claimed_support, 0.0)
        given = np.clip(hours - (np.cumsum(wanted) - wanted), 0.0, wanted)
        merchants.columns["guided"][firms] += given
        vendor.claimed_support += float(given.sum()) / WEEK_HOURS
        world.count("guidance_weeks", given.sum() / WEEK_HOURS)

    def _missed(self, world: World, live: Ids) -> Floats:
        """Return which nodes of each firm are overdue, shape (m, 5), as numbers; count those that come due this week."""
        merchants, due = world.merchants, np.rint(self.due)
        age = (world.week - merchants.live_week[live])[:, None]
        open_ = merchants.node_week[live] < 0
        now = age == due
        world.count("nodes_due", now.sum())
        world.count("nodes_reached", (now & ~open_).sum())
        firm, node = np.nonzero(now & open_)
        world.note("node_missed", live[firm], -1, np.array(NODES)[node], node)
        return np.asarray(open_ & (age >= due), dtype=np.float64)

    def _follow(self, world: World, live: Ids, missed: Floats) -> None:
        weights = np.asarray(self.weights) / max(sum(self.weights), 1e-9)
        use = world.merchants.extent_of_use[live]
        target = 1.0 - self.matters * (missed * weights).sum(axis=1)
        world.merchants.columns["extent_of_use"][live] = use + self.speed * (target - use)

    def stocks(self, world: World) -> dict[str, float]:
        """Return the mean extent of use of live merchants (NaN without any)."""
        live = world.live()
        return {"use": float(world.merchants.extent_of_use[live].mean()) if len(live) else float("nan")}
