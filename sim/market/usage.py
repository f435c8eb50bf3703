"""Consumers: merchants push, people talk, some take it up, lapse and return; points are earned, spent and expire.

Hazards add: push p and word of mouth q F give h = −ln[(1 − p)(1 − qF)] (Bass 1969 in the limit of complete mixing, no lapse,
immediate activation). Strong ties are within a merchant, weak ties across (Goldenberg, Libai & Muller 2001). Only consumers of
live merchants can do anything. Rows and cohorts go through the same lines: they differ in how a group is drawn from and moved
(sim/agents/rows.py and cohorts.py).
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from sim.agents.consumers import AWARE, CONSUMING, LAPSED, UNAWARE, activation_hazard, hearing_hazard, lapse_hazard, return_hazard
from sim.agents.decision_makers import ADMINISTRATOR
from sim.agents.mechanism import Mechanism
from sim.agents.merchants import LIVE, push
from sim.agents.people import Group, Home
from sim.agents.population import Ids
from sim.agents.world import World
from sim.curves import probability
from sim.draws import Draws, Floats
from sim.fields import Measure, par


class Usage(Mechanism):
    """Consumers hear, take up, lapse, return; points."""

    incentive: float = par(1.0, "points earned per active person", unit="points/week", bounds=(0, 1000), role="lever")
    cash_back: float = par(0.0, "cash back paid per active person", unit="money/week", bounds=(0, 1e4), role="lever")
    push: float = par(0.05, "hazard at which a satisfied, gaining merchant reaches a consumer", unit="1/week", bounds=(0, 10), off=0.0, role="uncertain", plausible=(0.03, 0.08))
    rollout: float = par(0.15, "speed at which use spreads in a new firm from executive through administrator to frontline, who push", unit="1/week", bounds=(0, 10))
    skilled: float = par(1.0, "how far the administrator's skill multiplies the speed at which use spreads and the push", unit="×", bounds=(0, 1), off=0.0)
    strong: float = par(0.06, "hazard through strong ties when everybody at the merchant is active", unit="1/week", bounds=(0, 10), off=0.0, role="uncertain", plausible=(0.03, 0.09))
    weak: float = par(0.01, "hazard from one active weak tie", unit="1/week", bounds=(0, 10), off=0.0)
    bad_talk: float = par(0.3, "share by which bad experience damps what people hear", unit="share", bounds=(0, 1), off=0.0)
    take_up: float = par(0.12, "hazard at which an aware person of mean propensity starts, at best experience", unit="1/week", bounds=(0, 1e9), role="uncertain", plausible=(0.08, 0.16))
    immediate: float = par(0.0, "share that starts in the week of hearing (1 in the Bass limit)", unit="share", bounds=(0, 1))
    lapse: float = par(0.01, "hazard to lapse at best experience", unit="1/week", bounds=(0, 10), off=0.0)
    friction: float = par(0.06, "further hazard to lapse without any experience", unit="1/week", bounds=(0, 10), off=0.0)
    comeback: float = par(0.02, "hazard to return at best experience", unit="1/week", bounds=(0, 10), off=0.0)
    attraction: float = par(0.5, "incentive at which half of its pull is felt", unit="points/week", bounds=(0.001, 1000))
    cash_worth: float = par(20.0, "points that a unit of cash back is worth", unit="points/money", bounds=(0, 1e4), off=0.0)
    spending: float = par(0.04, "share of points spent", unit="1/week", bounds=(0, 1))
    expiry: float = par(0.01, "share of points that expire", unit="1/week", bounds=(0, 1), source="a third of points is never redeemed (COLLOQUY 2011)")
    kept_by_vendor: float = par(0.0, "share of a lost merchant's consumers with activity or points that stay with the vendor and keep them (the others lapse and forfeit)", unit="share", bounds=(0, 1), off=0.0, source="depends on the archetype: none where the offer is the merchant's own")
    kept_activity: float = par(0.5, "activity of those kept: what they earn and spend, and how readily they return", unit="×", bounds=(0, 1))
    prize_cost: float = par(0.05, "cost of a point spent, borne by the vendor but for what merchants fund", unit="money/point", bounds=(0, 1000))
    merchant_funds: float = par(0.0, "share of the cost of prizes that merchants fund for their own consumers", unit="share", bounds=(0, 1), role="lever")

    WRITES: ClassVar[dict[str, tuple[str, ...]]] = {
        "consumers": ("state", "points"), "cohorts": ("people", "points"), "vendor": ("kept_people",),
        "merchants": ("active_people", "redeemed", "prizes_paid", "parted"),
    }
    PURPOSES: ClassVar[tuple[str, ...]] = ("hear", "start", "lapse", "return", "at_once", "keep", "kept_lapse")
    MEASURES: ClassVar[tuple[Measure, ...]] = (
        Measure("active_consumers", "people", "stock", "active consumers"),
        Measure("kept_consumers", "people", "stock", "active consumers whose merchant has gone"),
        Measure("participants", "people", "stock", "consumers that have heard of it"),
        Measure("points_outstanding", "points", "stock", "points held"),
        Measure("points_earned", "points", "flow", "points earned"),
        Measure("points_spent", "points", "flow", "points spent"),
        Measure("points_expired", "points", "flow", "points expired or forfeited"),
        Measure("redemption_rate", "share", "ratio", "points spent of points earned", ("points_spent", "points_earned")),
    )

    def step(self, world: World, draws: Draws) -> None:
        """Let everybody be drawn by last week's states, then move."""
        people, live = world.people, world.live()
        kept = self._part(world, draws)
        home = people.home(live)
        unaware, aware, active, lapsed = (people.group(home, state) for state in (UNAWARE, AWARE, CONSUMING, LAPSED))
        experience = self._experience(world, live)
        hearing = self._hearing(world, live, unaware, active)
        starting = aware.decide(activation_hazard, aware.propensity, experience[aware.owner], self.take_up)
        lapsing = active.decide(lapse_hazard, experience[active.owner], self.lapse, self.friction)
        returning = lapsed.decide(return_hazard, lapsed.propensity, experience[lapsed.owner], self.comeback)
        hear = unaware.drawn(draws("hear"), probability(hearing))
        start = aware.drawn(draws("start"), probability(starting))
        lapse = active.drawn(draws("lapse"), probability(lapsing))
        return_ = lapsed.drawn(draws("return"), probability(returning))
        start.become(CONSUMING)
        lapse.become(LAPSED)
        return_.become(CONSUMING)
        hear.become(AWARE).drawn(draws("at_once"), self.immediate).become(CONSUMING)
        world.merchants.columns["active_people"][live] = people.group(home, CONSUMING).by_merchant(len(live)) * people.weight
        spent = self._points(world, home, 1.0)
        world.merchants.columns["redeemed"][live] = np.bincount(home.owner, spent, len(live)) * people.weight
        self._fund(world, live)
        self._outlive(world, draws, kept)

    def _part(self, world: World, draws: Draws) -> Ids:
        """Consumers of a merchant that has gone lose it: some stay with the vendor, the others lapse and forfeit their points.

        Return the merchants that have gone and have left the vendor some.
        """
        merchants, gone = world.merchants, world.merchants.status != LIVE
        lost = world.people.forfeit(gone & ~merchants.parted, draws("keep"), self.kept_by_vendor)
        world.count("points_expired", lost * world.people.weight)
        merchants.columns["parted"][:] = gone
        return np.flatnonzero(gone & (merchants.live_week >= 0)) if self.kept_by_vendor > 0 else merchants.ids[:0]

    def _outlive(self, world: World, draws: Draws, kept: Ids) -> None:
        """Who stayed when the merchant went is active as far as the vendor alone can keep people so, and lapses for good."""
        people, away = world.people, world.people.home(kept)
        active = people.group(away, CONSUMING)
        lapsing = active.decide(lapse_hazard, self._experience(world, kept)[active.owner], self.lapse, self.friction)
        active.drawn(draws("kept_lapse"), probability(lapsing)).become(LAPSED)
        self._points(world, away, self.kept_activity)
        left = float(people.group(away, CONSUMING).by_merchant(len(kept)).sum())
        world.vendor.kept_people = self.kept_activity * left * people.weight

    def _experience(self, world: World, where: Ids) -> Floats:
        """Return the experience consumers get at each merchant, 0-1: polish × pull of the incentive, felt half by itself, less clutter."""
        offered = self.incentive + self.cash_worth * self.cash_back * world.vendor.affordable
        pull = offered / (offered + self.attraction)
        return np.full(len(where), world.vendor.polish * (0.5 + 0.5 * pull) * (1.0 - world.vendor.clutter))

    def _hearing(self, world: World, live: Ids, unaware: Group, active: Group) -> Floats:
        """Return the hazard to become aware: push of the merchant, strong ties at home, weak ties elsewhere, the vendor's own reach."""
        pushed = self._pushed(world, live)
        share = active.by_merchant(len(live)) / np.maximum(world.people.sizes[live], 1)
        damped = 1.0 - self.bad_talk * (1.0 - world.vendor.polish)
        strong = -np.log1p(-np.minimum(-np.expm1(-self.strong) * share, 1 - 1e-12)) * damped
        weak = self.weak * damped * world.people.partners(unaware)
        at = unaware.owner
        return np.asarray(unaware.decide(hearing_hazard, pushed[at], strong[at], weak, world.vendor.direct_reach))

    def _pushed(self, world: World, live: Ids) -> Floats:
        """Return the hazard at which each live merchant reaches one of its consumers, shape (m,)."""
        merchants = world.merchants
        gain = np.clip(merchants.gain[live] / np.maximum(world.dues(live), 1.0), -2.0, 2.0)
        skill = 1.0 + self.skilled * (world.decision_makers.skill[world.ties.covers[live, ADMINISTRATOR]] - 1.0)
        rolled_out = probability(self.rollout * (world.week - merchants.live_week[live] + 1.0) * skill)
        pushed = rolled_out * merchants.decide(push, live, merchants.satisfaction[live], gain, self.push)
        return np.asarray(pushed * skill * merchants.extent_of_use[live] * merchants.backing[live])

    def _points(self, world: World, home: Home, activity: float) -> Floats:
        """Active people earn and spend, as far as they are active; of what is left a share expires. Return what each unit spends.

        Outstanding = earned − spent − expired.
        """
        people = world.people
        held, active = people.holdings(home)
        earned = self.incentive * activity * active
        spent = np.where(active > 0, self.spending * activity * held, 0.0)
        expired = self.expiry * (held - spent)
        people.hold(home, held + earned - spent - expired)
        for name, amount in (("points_earned", earned), ("points_spent", spent), ("points_expired", expired)):
            world.count(name, amount.sum() * people.weight)
        world.pay("prizes", self.prize_cost * spent.sum() * people.weight)
        world.pay("cash_back", self.cash_back * activity * world.vendor.affordable * active.sum() * people.weight)
        return np.asarray(spent if spent.ndim == 1 else spent.sum(axis=1))

    def _fund(self, world: World, live: Ids) -> None:
        """Merchants bear their share of the prizes of their own consumers."""
        columns, share = world.merchants.columns, self.merchant_funds * self.prize_cost
        columns["prizes_paid"][:] = 0.0
        columns["prizes_paid"][live] = share * columns["redeemed"][live]
        world.earn("prizes", float(columns["prizes_paid"].sum()))

    def stocks(self, world: World) -> dict[str, float]:
        """Return active consumers, participants and points held, in people and points."""
        people = world.people
        return {
            "active_consumers": float(people.heads(CONSUMING) * people.weight),
            "kept_consumers": float(world.vendor.kept_people / self.kept_activity) if self.kept_activity > 0 else 0.0,
            "participants": float((people.sizes.sum() - people.heads(UNAWARE)) * people.weight),
            "points_outstanding": people.points * people.weight,
        }
