"""Consumers: merchants push, people talk, some take it up, lapse and return; points are earned, spent and expire.

Hazards add: push p and word of mouth q F give h = −ln[(1 − p)(1 − qF)] (Bass 1969 in the limit of complete mixing, no lapse,
immediate activation). Strong ties are within a merchant, weak ties across (Goldenberg, Libai & Muller 2001). Only rows at
live merchants can do anything, and those the vendor keeps when their merchant goes.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from sim.agents.consumers import AWARE, CONSUMING, LAPSED, UNAWARE, activation_hazard, hearing_hazard, lapse_hazard, return_hazard
from sim.agents.decision_makers import ADMINISTRATOR
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
        "consumers": ("state", "points", "kept"), "merchants": ("active_people", "redeemed", "prizes_paid"), "vendor": ("kept_people",),
    }
    PURPOSES: ClassVar[tuple[str, ...]] = ("hear", "start", "lapse", "return", "at_once", "keep")
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
        """All transitions look at last week's states."""
        consumers, merchants = world.consumers, world.merchants
        self._part(world, draws)
        live = world.live()
        rows, owner = world.ties.at_home(live)
        state = consumers.state[rows]
        hears = rows[self._hears(world, draws, live, rows, owner, state)]
        experience = self._experience(world, live)[owner]
        kept = np.flatnonzero(consumers.kept)
        at, all_ = consumers.state, np.concatenate([rows, kept])
        felt = np.concatenate([experience, self._experience(world, kept)])
        ready = np.concatenate([np.ones(len(rows)), np.full(len(kept), self.kept_activity)])
        propensity = consumers.propensity[all_]
        starts = self._happens(world, draws, "start", activation_hazard, rows, state == AWARE, propensity[: len(rows)], experience, self.take_up)
        lapses = self._happens(world, draws, "lapse", lapse_hazard, all_, at[all_] == CONSUMING, felt, self.lapse, self.friction)
        returns = self._happens(world, draws, "return", return_hazard, all_, at[all_] == LAPSED, propensity, felt, self.comeback * ready)
        at_once = hears[draws("at_once").happens(self.immediate, hears)]
        for who, new in ((hears, AWARE), (at_once, CONSUMING), (rows[starts], CONSUMING), (all_[lapses], LAPSED), (all_[returns], CONSUMING)):
            consumers.columns["state"][who] = new
        people = world.market.people_per_row
        merchants.columns["active_people"][live] = np.bincount(owner, consumers.state[rows] == CONSUMING, len(live)) * people
        world.vendor.kept_people = self.kept_activity * np.count_nonzero(consumers.state[kept] == CONSUMING) * people
        spent = self._points(world, all_, ready)[: len(rows)]
        merchants.columns["redeemed"][live] = np.bincount(owner, spent, len(live)) * people
        self._fund(world, live)

    def _experience(self, world: World, where: Ids) -> Floats:
        """Return the experience consumers get at each live merchant (or kept ones at the vendor's own place), 0-1: polish × pull of the incentive, felt half by itself."""
        offered = self.incentive + self.cash_worth * self.cash_back * world.vendor.affordable
        pull = offered / (offered + self.attraction)
        return np.full(len(where), world.vendor.polish * (0.5 + 0.5 * pull) * (1.0 - world.vendor.clutter))

    def _hears(self, world: World, draws: Draws, live: Ids, rows: Ids, owner: Ids, state: Ids) -> Bools:
        """Draw who becomes aware: push of the merchant, strong ties at home, weak ties elsewhere, the vendor's own reach."""
        consumers, merchants = world.consumers, world.merchants
        gain = np.clip(merchants.gain[live] / np.maximum(world.dues(live), 1.0), -2.0, 2.0)
        skill = 1.0 + self.skilled * (world.decision_makers.skill[world.ties.covers[live, ADMINISTRATOR]] - 1.0)
        rolled_out = probability(self.rollout * (world.week - merchants.live_week[live] + 1.0) * skill)
        pushed = rolled_out * merchants.decide(push, live, merchants.satisfaction[live], gain, self.push)
        pushed = pushed * skill * merchants.extent_of_use[live] * merchants.backing[live]
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

    def _points(self, world: World, rows: Ids, activity: Floats) -> Floats:
        """Active people earn, as far as they are active; points are spent at a rate and the rest expires at another. Outstanding = earned − spent − expired."""
        consumers, people = world.consumers, world.market.people_per_row
        held, active = consumers.points[rows], consumers.state[rows] == CONSUMING
        earned = np.where(active, self.incentive * activity, 0.0)
        spent = np.where(active, self.spending * activity * held, 0.0)
        expired = self.expiry * (held - spent)
        consumers.columns["points"][rows] = held + earned - spent - expired
        for name, amount in (("points_earned", earned), ("points_spent", spent), ("points_expired", expired)):
            world.count(name, amount.sum() * people)
        world.pay("prizes", self.prize_cost * spent.sum() * people)
        world.pay("cash_back", self.cash_back * world.vendor.affordable * active.sum() * people)
        return np.asarray(spent)

    def _fund(self, world: World, live: Ids) -> None:
        """Merchants bear their share of the prizes of their own consumers."""
        columns, share = world.merchants.columns, self.merchant_funds * self.prize_cost
        columns["prizes_paid"][:] = 0.0
        columns["prizes_paid"][live] = share * columns["redeemed"][live]
        world.pay("prizes", -float(columns["prizes_paid"].sum()))

    def _part(self, world: World, draws: Draws) -> None:
        """Consumers of a merchant that has gone lose it: some stay with the vendor, the others lapse and forfeit their points."""
        consumers = world.consumers
        held = np.flatnonzero((consumers.state == CONSUMING) | (consumers.points > 0))
        at_live = world.merchants.status[consumers.merchant] == LIVE
        consumers.columns["kept"][consumers.kept & at_live] = False  # its merchant has come back
        gone = held[~at_live[held] & ~consumers.kept[held]]
        stays = draws("keep").happens(self.kept_by_vendor, gone)
        consumers.columns["kept"][gone[stays]] = True
        lost = gone[~stays]
        world.count("points_expired", consumers.points[lost].sum() * world.market.people_per_row)
        consumers.columns["points"][lost] = 0.0
        consumers.columns["state"][lost] = LAPSED

    def stocks(self, world: World) -> dict[str, float]:
        """Return active consumers, participants and points held, in people and points."""
        consumers, people = world.consumers, world.market.people_per_row
        heard = consumers.state != UNAWARE
        return {
            "kept_consumers": float(np.count_nonzero(consumers.kept & (consumers.state == CONSUMING)) * people),
            "active_consumers": float(np.count_nonzero(consumers.state == CONSUMING) * people),
            "participants": float(np.count_nonzero(heard) * people),
            "points_outstanding": float(consumers.points.sum() * people),
        }
