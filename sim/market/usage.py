"""Consumers: merchants push, people talk, some take it up, lapse and return; points are earned, spent and expire.

Hazards add: push p and word of mouth q F give h = −ln[(1 − p)(1 − qF)] (Bass 1969 in the limit of complete mixing, no lapse,
immediate activation). Strong ties are within a merchant, weak ties across (Goldenberg, Libai & Muller 2001). Only rows at
live merchants can do anything.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from sim.agents.consumers import AWARE, CONSUMING, LAPSED, UNAWARE, activation_hazard, hearing_hazard, lapse_hazard, return_hazard
from sim.agents.mechanism import Mechanism
from sim.agents.merchants import LIVE, push
from sim.agents.population import Bools, Ids
from sim.agents.world import World
from sim.curves import probability
from sim.draws import Draws, Floats
from sim.fields import Measure, par


class Usage(Mechanism):
    """Consumers hear, take up, lapse, return; points."""

    incentive: float = par(1.0, "points earned per active person", unit="points/week", bounds=(0, 1000), role="lever")
    push: float = par(0.05, "hazard at which a satisfied, gaining merchant reaches a consumer", unit="1/week", bounds=(0, 10), off=0.0, role="uncertain", plausible=(0.03, 0.08))
    rollout: float = par(0.15, "speed at which use spreads in a new firm from executive through administrator to frontline, who push", unit="1/week", bounds=(0, 10))
    strong: float = par(0.06, "hazard through strong ties when everybody at the merchant is active", unit="1/week", bounds=(0, 10), off=0.0, role="uncertain", plausible=(0.03, 0.09))
    weak: float = par(0.01, "hazard from one active weak tie", unit="1/week", bounds=(0, 10), off=0.0)
    bad_talk: float = par(0.3, "share by which bad experience damps what people hear", unit="share", bounds=(0, 1), off=0.0)
    take_up: float = par(0.12, "hazard at which an aware person of mean propensity starts, at best experience", unit="1/week", bounds=(0, 1e9), role="uncertain", plausible=(0.08, 0.16))
    immediate: float = par(0.0, "share that starts in the week of hearing (1 in the Bass limit)", unit="share", bounds=(0, 1))
    lapse: float = par(0.01, "hazard to lapse at best experience", unit="1/week", bounds=(0, 10), off=0.0)
    friction: float = par(0.06, "further hazard to lapse without any experience", unit="1/week", bounds=(0, 10), off=0.0)
    comeback: float = par(0.02, "hazard to return at best experience", unit="1/week", bounds=(0, 10), off=0.0)
    attraction: float = par(0.5, "incentive at which half of its pull is felt", unit="points/week", bounds=(0.001, 1000))
    spending: float = par(0.04, "share of points spent", unit="1/week", bounds=(0, 1))
    expiry: float = par(0.01, "share of points that expire", unit="1/week", bounds=(0, 1), source="a third of points is never redeemed (COLLOQUY 2011)")
    prize_cost: float = par(0.05, "cost of a point spent, borne by the vendor but for what merchants fund", unit="money/point", bounds=(0, 1000))
    merchant_funds: float = par(0.0, "share of the cost of prizes that merchants fund for their own consumers", unit="share", bounds=(0, 1), role="lever")

    WRITES: ClassVar[dict[str, tuple[str, ...]]] = {"consumers": ("state", "points"), "merchants": ("active_people", "prizes_paid")}
    PURPOSES: ClassVar[tuple[str, ...]] = ("hear", "start", "lapse", "return", "at_once")
    MEASURES: ClassVar[tuple[Measure, ...]] = (
        Measure("active_consumers", "people", "stock", "active consumers"),
        Measure("participants", "people", "stock", "consumers that have heard of it"),
        Measure("points_outstanding", "points", "stock", "points held"),
        Measure("points_earned", "points", "flow", "points earned"),
        Measure("points_spent", "points", "flow", "points spent"),
        Measure("points_expired", "points", "flow", "points expired or forfeited"),
        Measure("redemption_rate", "share", "ratio", "points spent of points earned", ("points_spent", "points_earned")),
    )

    def step(self, world: World, draws: Draws) -> None:
        """All transitions look at last week's states."""
        consumers, merchants = world.consumers, world.merchants
        self._forfeit(world)
        live = world.live()
        rows, owner = world.ties.at_home(live)
        state = consumers.state[rows]
        experience = self._experience(world, live)[owner]
        hears = self._hears(world, draws, live, rows, owner, state)
        propensity = consumers.propensity[rows]
        starts = self._happens(world, draws, "start", activation_hazard, rows, state == AWARE, propensity, experience, self.take_up)
        lapses = self._happens(world, draws, "lapse", lapse_hazard, rows, state == CONSUMING, experience, self.lapse, self.friction)
        returns = self._happens(world, draws, "return", return_hazard, rows, state == LAPSED, propensity, experience, self.comeback)
        at_once = rows[hears][draws("at_once").happens(self.immediate, rows[hears])]
        for who, new in ((rows[hears], AWARE), (at_once, CONSUMING), (rows[starts], CONSUMING), (rows[lapses], LAPSED), (rows[returns], CONSUMING)):
            consumers.columns["state"][who] = new
        active = np.bincount(owner, consumers.state[rows] == CONSUMING, len(live)) * world.market.people_per_row
        merchants.columns["active_people"][live] = active
        self._points(world, rows, owner, live)

    def _experience(self, world: World, live: Ids) -> Floats:
        """Return the experience consumers get at each live merchant, 0-1: polish × pull of the incentive, felt half by itself."""
        pull = self.incentive / (self.incentive + self.attraction)
        return np.full(len(live), world.vendor.polish * (0.5 + 0.5 * pull) * (1.0 - world.vendor.clutter))

    def _hears(self, world: World, draws: Draws, live: Ids, rows: Ids, owner: Ids, state: Ids) -> Bools:
        """Draw who becomes aware: push of the merchant, strong ties at home, weak ties elsewhere, the vendor's own reach."""
        consumers, merchants = world.consumers, world.merchants
        gain = np.clip(merchants.gain[live] / np.maximum(world.dues(live), 1.0), -2.0, 2.0)
        rolled_out = probability(self.rollout * (world.week - merchants.live_week[live] + 1.0))
        pushed = rolled_out * merchants.decide(push, live, merchants.satisfaction[live], gain, self.push)
        share = np.bincount(owner, state == CONSUMING, len(live)) / np.maximum(np.bincount(owner, minlength=len(live)), 1)
        damped = 1.0 - self.bad_talk * (1.0 - world.vendor.polish)
        strong = -np.log1p(-np.minimum(-np.expm1(-self.strong) * share, 1 - 1e-12)) * damped
        unaware = np.flatnonzero(state == UNAWARE)
        ties = world.ties.weak[rows[unaware]]
        weak = self.weak * damped * ((consumers.state[ties] == CONSUMING) & (ties >= 0)).sum(axis=1)
        at = owner[unaware]
        hazard = consumers.decide(hearing_hazard, rows[unaware], pushed[at], strong[at], weak, world.vendor.direct_reach)
        hears = np.zeros(len(rows), dtype=bool)
        hears[unaware] = draws("hear").happens(probability(hazard), rows[unaware])
        return hears

    def _happens(self, world: World, draws: Draws, purpose: str, rule: object, rows: Ids, where: Bools, *args: object) -> Bools:
        at = np.flatnonzero(where)
        given = [a[at] if isinstance(a, np.ndarray) else a for a in args]
        hazard = world.consumers.decide(rule, rows[at], *given)  # type: ignore[arg-type]
        result = np.zeros(len(rows), dtype=bool)
        result[at] = draws(purpose).happens(probability(hazard), rows[at])
        return result

    def _points(self, world: World, rows: Ids, owner: Ids, live: Ids) -> None:
        """Active people earn; points are spent at a rate and the rest expires at another. Outstanding = earned − spent − expired."""
        consumers, people = world.consumers, world.market.people_per_row
        held, active = consumers.points[rows], consumers.state[rows] == CONSUMING
        earned = np.where(active, self.incentive, 0.0)
        spent = np.where(active, self.spending * held, 0.0)
        expired = self.expiry * (held - spent)
        consumers.columns["points"][rows] = held + earned - spent - expired
        for name, amount in (("points_earned", earned), ("points_spent", spent), ("points_expired", expired)):
            world.count(name, amount.sum() * people)
        world.pay("prizes", self.prize_cost * spent.sum() * people * (1.0 - self.merchant_funds))
        paid = world.merchants.columns["prizes_paid"]
        paid[:] = 0.0
        paid[live] = self.merchant_funds * self.prize_cost * people * np.bincount(owner, spent, len(live))

    def _forfeit(self, world: World) -> None:
        """Consumers of a merchant that has gone lose it, and their points."""
        consumers = world.consumers
        held = np.flatnonzero((consumers.state == CONSUMING) | (consumers.points > 0))
        gone = held[world.merchants.status[consumers.merchant[held]] != LIVE]
        world.count("points_expired", consumers.points[gone].sum() * world.market.people_per_row)
        consumers.columns["points"][gone] = 0.0
        consumers.columns["state"][gone] = LAPSED

    def stocks(self, world: World) -> dict[str, float]:
        """Return active consumers, participants and points held, in people and points."""
        consumers, people = world.consumers, world.market.people_per_row
        heard = consumers.state != UNAWARE
        return {
            "active_consumers": float(np.count_nonzero(consumers.state == CONSUMING) * people),
            "participants": float(np.count_nonzero(heard) * people),
            "points_outstanding": float(consumers.points.sum() * people),
        }
