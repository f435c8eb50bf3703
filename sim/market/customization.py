"""Customization: bespoke work is asked for, promised, queued, delivered, kept up, and sometimes productized.

A request is the `features` a firm misses most. It matches the target market by Σ min(w, t) / Σ w over those features (scale-free,
0-1; t is the need the vendor has heard of). Accepted work counts in the round at the vendor's credibility, is queued at
signature and takes engineers from the core. Kept up, n features cost u·n·(1 + v·n/E) person-weeks a week, paid up to 60 % of
engineering; what stays unpaid shows in the product (see product).
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from sim.agents.mechanism import Mechanism
from sim.agents.merchants import ASKED, DELIVERED, LIVE, NOTHING, REP, RESELLER, ROUND, SIGNED, UNDER_WAY, asks_for_more
from sim.agents.population import Column, Ids
from sim.agents.world import World
from sim.curves import probability
from sim.draws import Draws, Floats
from sim.fields import Event, Measure, par

LONGEST_QUEUE = 1040.0


class Customization(Mechanism):
    """Requests, promises, the queue, delivery and upkeep."""

    engineers: float = par(8.0, "engineers on the payroll", unit="people", bounds=(0, 1e5), role="lever", extensive=True)
    accept_match: float = par(0.5, "match with the target market from which a request is accepted", unit="0-1", bounds=(0, 1.01), role="lever")
    max_share: float = par(0.3, "most of engineering after upkeep that bespoke work gets", unit="share", bounds=(0, 1), role="lever")
    max_load: float = par(12.0, "queue above which nothing more is accepted", unit="weeks", bounds=(0, 1000), role="lever")
    promise_freedom: float = par(0.2, "freedom of reps below quota to offer bespoke work", unit="share", bounds=(0, 1), role="lever")
    productize: bool = par(True, "turn bespoke features that several firms have into core", role="lever")
    asking: float = par(0.6, "hazard at which a firm in a round asks for all it misses", unit="1/week", bounds=(0, 5), off=0.0, role="uncertain", plausible=(0.4, 0.8))
    offering: float = par(0.30, "hazard at which a rep far below quota and free to promise offers bespoke work", unit="1/week", bounds=(0, 5), off=0.0)
    quota: float = par(0.25, "signatures a week expected of a rep", unit="firms/week", bounds=(0.001, 100))
    features: int = par(4, "features in a request", unit="features", bounds=(1, 16))
    work: float = par(0.2, "bespoke work for one feature", unit="person-weeks", bounds=(0, 1000), role="uncertain", plausible=(0.15, 0.25))
    due_in: float = par(13.0, "time in which promised work is due", unit="weeks", bounds=(1, 260))
    load_on_core: float = par(1.0, "bespoke work taken from the core team", unit="share", bounds=(0, 1), off=0.0)
    upkeep: float = par(0.004, "upkeep of a bespoke feature", unit="person-weeks/week", bounds=(0, 10), off=0.0, role="uncertain", plausible=(0.003, 0.005), source="maintenance takes a third to two fifths of developers' time (Stripe 2018)")
    crowding: float = par(0.01, "how much upkeep grows per bespoke feature and engineer", unit="people/feature", bounds=(0, 10), role="uncertain", plausible=(0.005, 0.015))
    most_upkeep: float = par(0.6, "most of engineering that upkeep gets", unit="share", bounds=(0, 1))
    reuse: float = par(0.4, "share of bespoke work that also serves the core", unit="share", bounds=(0, 1), off=0.0, role="uncertain", plausible=(0.2, 0.6))
    product_factor: float = par(1.5, "work to productize, against the bespoke work", unit="×", bounds=(0, 100))
    custom_fee: float = par(6_000.0, "paid by the firm for one bespoke feature on delivery", unit="money", bounds=(0, 1e8))
    credibility_speed: float = par(0.02, "how fast kept and broken promises move credibility", unit="1/promise", bounds=(0, 1), off=0.0)
    wage: float = par(9_000.0, "cost of an engineer", unit="money/week", bounds=(0, 1e6))

    COLUMNS: ClassVar[dict[str, tuple[Column, ...]]] = {
        "merchants": (
            Column("asked", np.int64, -1, "round", "round in which it last asked or was offered bespoke work"),
            Column("kept_up", np.bool_, False, "flag", "bespoke features whose upkeep is the vendor's", None, 64),
        ),
        "vendor": (
            Column("wins_26", np.float64, 0.0, "firms/week", "signatures through reps, averaged over 26 weeks"),
            Column("product_work", np.float64, 0.0, "person-weeks", "work done on the feature being productized"),
            Column("product_feature", np.int64, 0, "index", "the feature being productized"),
        ),
    }
    WRITES: ClassVar[dict[str, tuple[str, ...]]] = {
        "merchants": ("asked", "kept_up", "promised", "bespoke", "bespoke_work", "due_week", "further"),
        "vendor": ("wins_26", "product_work", "product_feature", "maturity", "engineers", "engineering", "unpaid_upkeep", "bespoke_features", "queue", "queue_weeks", "credibility"),
    }
    PURPOSES: ClassVar[tuple[str, ...]] = ("ask", "offer")
    MEASURES: ClassVar[tuple[Measure, ...]] = (
        Measure("requests", "firms", "flow", "requests for bespoke work"),
        Measure("accepted", "firms", "flow", "requests accepted"),
        Measure("due_promises", "promises", "flow", "promises delivered or come due"),
        Measure("kept_promises", "promises", "flow", "promises delivered on time"),
        Measure("promise_kept", "share", "ratio", "promises kept on time", ("kept_promises", "due_promises")),
        Measure("engineering_weeks", "person-weeks", "flow", "engineering paid for"),
        Measure("debt_weeks", "person-weeks", "flow", "upkeep of bespoke features that was due"),
        Measure("debt_share", "share", "ratio", "upkeep due as a share of engineering", ("debt_weeks", "engineering_weeks")),
        Measure("bespoke_live", "features", "stock", "bespoke features kept up"),
        Measure("custom_backlog_weeks", "weeks", "stock", "time the queue of bespoke work takes (1040: longer, or never)"),
    )
    EVENTS: ClassVar[tuple[Event, ...]] = (
        Event("request_accepted", "bespoke work is accepted", value="match with the target market"),
        Event("request_refused", "bespoke work is refused", value="match with the target market"),
        Event("delivered", "bespoke work is delivered", value="features"),
    )

    def step(self, world: World, draws: Draws) -> None:
        """Requests, then this week's engineering: upkeep, bespoke queue, productizing; the rest is the core's."""
        self._hear_requests(world, draws)
        self._hear_further_requests(world)
        self._book_signed(world)
        vendor = world.vendor
        vendor.engineers = self.engineers * vendor.staffed
        world.pay("engineering", vendor.engineers * self.wage)
        world.count("engineering_weeks", vendor.engineers)
        free = self._keep_up(world, max(vendor.engineers - vendor.trial_work, 0.0))
        used = self._work_off(world, self.max_share * free)
        vendor.engineering = max(free - self.load_on_core * used, 0.0)

    def _hear_requests(self, world: World, draws: Draws) -> None:
        """A firm in a round asks, or a rep below quota offers; the vendor accepts what matches and what it can carry."""
        merchants, vendor = world.merchants, world.vendor
        firms = np.flatnonzero((merchants.status == ROUND) & (merchants.asked < merchants.rounds) & np.isin(merchants.route, (REP, RESELLER)))
        unmet = 1.0 - world.fit(firms)
        asks = draws("ask").happens(probability(world.merchants.decide(asks_for_more, firms, unmet, self.asking)), firms)
        behind = max(1.0 - vendor.wins_26 / max(self.quota * vendor.reps, 1e-9), 0.0)
        by_rep = merchants.route[firms] == REP
        offered = by_rep & draws("offer").happens(probability(self.offering * self.promise_freedom * behind), firms)
        new = firms[(asks | offered) & (unmet > 0.05)]
        merchants.columns["asked"][new] = merchants.rounds[new]
        self._answer(world, new)

    def _answer(self, world: World, firms: Ids) -> Ids:
        """Accept what matches and what the queue can carry; return the firms whose request was accepted."""
        weight, wanted, match = self._requests(world, firms)
        accepted = (match >= self.accept_match) & (weight > 0) & (world.vendor.queue_weeks < self.max_load)
        world.merchants.columns["promised"][firms[accepted][:, None], wanted[accepted]] = True
        world.count("requests", len(firms))
        world.count("accepted", accepted.sum())
        world.note("request_accepted", firms[accepted], -1, "", -1, match[accepted])
        world.note("request_refused", firms[~accepted], -1, "", -1, match[~accepted])
        return np.asarray(firms[accepted])

    def _hear_further_requests(self, world: World) -> None:
        """Live merchants that asked for further work are answered alike; what is accepted is queued and due at once."""
        merchants = world.merchants
        firms = np.flatnonzero(merchants.further == ASKED)
        if not len(firms):
            return
        accepted = self._answer(world, firms)
        merchants.columns["further"][firms] = NOTHING
        merchants.columns["further"][accepted] = UNDER_WAY
        merchants.columns["bespoke_work"][accepted] = merchants.promised[accepted].sum(axis=1) * self.work
        merchants.columns["due_week"][accepted] = world.week + int(self.due_in)

    def _requests(self, world: World, firms: Ids) -> tuple[Floats, Ids, Floats]:
        """Return what each firm misses in its request (m,), the features (m, k) and the match with the market (m,)."""
        needs, heard = world.merchants.needs[firms], world.vendor.heard
        missing = needs * (1.0 - np.maximum(world.vendor.maturity, world.merchants.bespoke[firms]))
        wanted = np.argsort(-missing, axis=1, kind="stable")[:, : self.features]
        w = np.take_along_axis(needs, wanted, axis=1)
        match = np.minimum(w, heard[wanted]).sum(axis=1) / np.maximum(w.sum(axis=1), 1e-12)
        return np.take_along_axis(missing, wanted, axis=1).sum(axis=1), wanted, match

    def _book_signed(self, world: World) -> None:
        """Queue the promised work of firms that signed this week; follow how reps do against quota."""
        merchants, vendor = world.merchants, world.vendor
        new = np.flatnonzero((merchants.status == SIGNED) & (merchants.signed_week == world.week) & (merchants.bespoke_work == 0))
        promised = merchants.promised[new].sum(axis=1)
        merchants.columns["bespoke_work"][new] = promised * self.work
        merchants.columns["due_week"][new] = np.where(promised > 0, world.week + int(self.due_in), -1)
        vendor.wins_26 += (np.count_nonzero(merchants.route[new] == REP) - vendor.wins_26) / 26.0

    def _keep_up(self, world: World, engineering: float) -> float:
        """Pay the upkeep of live bespoke features first; return the person-weeks left."""
        merchants, vendor = world.merchants, world.vendor
        n = float(merchants.kept_up[merchants.status == LIVE].sum())
        team = max(vendor.engineers, self.upkeep * n, 1e-9)  # where staff has left, upkeep is measured by the team it takes
        due = self.upkeep * n * (1.0 + self.crowding * n / team)
        paid = min(due, self.most_upkeep * engineering)
        vendor.bespoke_features, vendor.unpaid_upkeep = n, (due - paid) / team
        world.count("debt_weeks", due)
        return float(engineering - paid)

    def _work_off(self, world: World, capacity: float) -> float:
        """Do queued work in order of promise, then productize with what is left; return the person-weeks used."""
        merchants, vendor = world.merchants, world.vendor
        self._break_promises(world)
        queue = np.flatnonzero(merchants.bespoke_work > 0)
        promised = np.where(merchants.further[queue] == UNDER_WAY, merchants.due_week[queue] - int(self.due_in), merchants.signed_week[queue])
        queue = queue[np.argsort(promised, kind="stable")]
        work = merchants.bespoke_work[queue]
        before = np.cumsum(work) - work
        done = np.clip(capacity - before, 0.0, work)
        merchants.columns["bespoke_work"][queue] = np.where(done >= work, 0.0, work - done)
        self._deliver(world, queue[done >= work])
        vendor.queue = float(merchants.bespoke_work.sum())
        vendor.queue_weeks = min(vendor.queue / max(capacity, 1e-9), LONGEST_QUEUE)
        used = float(done.sum())
        return used + self._turn_into_product(world, capacity - used)

    def _deliver(self, world: World, firms: Ids) -> None:
        merchants = world.merchants
        delivered = merchants.promised[firms].astype(np.float64)
        on_time = merchants.due_week[firms] >= world.week
        merchants.columns["bespoke"][firms] |= merchants.promised[firms]
        merchants.columns["kept_up"][firms, : world.market.features] |= merchants.promised[firms]
        merchants.columns["promised"][firms] = False
        merchants.columns["due_week"][firms] = -1
        merchants.columns["further"][firms[merchants.further[firms] == UNDER_WAY]] = DELIVERED
        self._advance(world, self.reuse * self.work * delivered.sum(axis=0))
        self._judge_promises(world, on_time.sum(), on_time.sum())
        world.earn("custom_fees", self.custom_fee * delivered.sum())
        world.note("delivered", firms, -1, "", -1, delivered.sum(axis=1))

    def _break_promises(self, world: World) -> None:
        """A promise that comes due undelivered is broken, once."""
        merchants = world.merchants
        broken = (merchants.bespoke_work > 0) & (merchants.due_week == world.week - 1)
        self._judge_promises(world, 0, broken.sum())

    def _judge_promises(self, world: World, kept: int, due: int) -> None:
        """Move credibility towards 1 for each promise kept and towards 0 for each broken."""
        vendor = world.vendor
        stays = np.power(1.0 - self.credibility_speed, float(due))
        vendor.credibility = stays * vendor.credibility + (1.0 - stays) * (kept / max(due, 1))
        world.count("kept_promises", kept)
        world.count("due_promises", due)

    def _advance(self, world: World, person_weeks: Floats) -> None:
        """Let work that also serves the core advance it: Δm = work/core cost × (1 − m)."""
        vendor = world.vendor
        vendor.maturity = vendor.maturity + np.minimum(person_weeks / world.opening.core_cost, 1.0) * (1.0 - vendor.maturity)

    def _turn_into_product(self, world: World, capacity: float) -> float:
        """Productize the bespoke feature most firms have, when at least two do: its upkeep ends, the core gains.

        It is core work: what it takes scales with the product, as the core's cost does.
        """
        merchants, vendor = world.merchants, world.vendor
        holders = merchants.kept_up[merchants.status == LIVE].sum(axis=0)
        if vendor.product_work == 0.0:
            vendor.product_feature = int(np.argmax(holders))
        feature = int(vendor.product_feature)
        if not self.productize or holders[feature] < 2 or capacity <= 0:
            return 0.0
        cost = self.product_factor * self.work * world.market.scale
        used = min(capacity, cost - vendor.product_work)
        vendor.product_work += used
        if vendor.product_work >= cost - 1e-12:
            vendor.product_work = 0.0
            merchants.columns["kept_up"][:, feature] = False
            only = np.zeros(world.market.features)
            only[feature] = cost
            self._advance(world, self.reuse * only)
        return float(used)

    def stocks(self, world: World) -> dict[str, float]:
        """Return bespoke features kept up and the backlog in weeks."""
        return {"bespoke_live": world.vendor.bespoke_features, "custom_backlog_weeks": world.vendor.queue_weeks}
