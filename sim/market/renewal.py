"""Renewal: once a year each live firm weighs staying against going, on its satisfaction and its own gain.

Where there are rivals the best of their offers lowers the logit of staying. Who leaves because of it signs with a rival.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from sim.agents.decision_makers import posterior_mean, posterior_precision
from sim.agents.mechanism import Mechanism
from sim.agents.merchants import NOTHING, PROSPECT, own_gain, renewal_probability
from sim.agents.population import Ids
from sim.agents.world import World
from sim.draws import Draws
from sim.fields import Event, Measure, par


class Renewal(Mechanism):
    """Own gain, yearly renewal, churn."""

    margin: float = par(20.0, "margin an active consumer brings the firm", unit="money/week/person", bounds=(0, 1e6))
    labour_saved: float = par(450.0, "labour the product saves the firm", unit="money/week", bounds=(0, 1e6))
    labour: float = par(120.0, "labour of using it", unit="money/week", bounds=(0, 1e6))
    level: float = par(0.9, "logit of renewing at satisfaction 0.5 and no gain", unit="logit", bounds=(-10, 10), role="uncertain", plausible=(0.6, 1.2))
    weight: float = par(4.5, "weight of satisfaction", unit="logit", bounds=(0, 50))
    gain_weight: float = par(0.3, "weight of own gain relative to the fee", unit="logit", bounds=(0, 50))
    switching: float = par(0.3, "switching cost per year live", unit="logit/year", bounds=(0, 10))
    leaves: float = par(1.0, "share of those who would leave that do", unit="share", bounds=(0, 1), off=0.0)
    lesson: float = par(4.0, "precision of what a leaving firm has learned", unit="1/variance", bounds=(0, 100))
    rival_weight: float = par(0.8, "weight of the best offer of a rival", unit="logit", bounds=(0, 50), off=0.0)

    WRITES: ClassVar[dict[str, tuple[str, ...]]] = {
        "merchants": ("gain", "survival", "status", "talk", "reference", "promised", "bespoke", "kept_up", "bespoke_work", "due_week", "route", "reseller", "active_people", "further", "extended", "bound_until", "fee", "list_fee", "agreed"),
        "decision_makers": ("mean", "precision"),
    }
    PURPOSES: ClassVar[tuple[str, ...]] = ("renew",)
    MEASURES: ClassVar[tuple[Measure, ...]] = (
        Measure("due_renewals", "firms", "flow", "contracts up for renewal"),
        Measure("renewals", "firms", "flow", "contracts renewed"),
        Measure("due_fees", "money/week", "flow", "fees of contracts up for renewal, as they were a year ago"),
        Measure("kept_fees", "money/week", "flow", "fees of contracts renewed, what was added in the year included"),
        Measure("gross_kept_fees", "money/week", "flow", "fees of contracts renewed, rises left out"),
        Measure("grr", "share", "ratio", "fees kept of fees up for renewal, rises left out", ("gross_kept_fees", "due_fees")),
        Measure("nrr", "share", "ratio", "fees kept, and added by further work, of fees up for renewal", ("kept_fees", "due_fees")),
        Measure("churned", "firms", "flow", "live merchants lost"),
        Measure("renewal_rate", "share", "ratio", "renewed of contracts up for renewal", ("renewals", "due_renewals")),
        Measure("churn_rate", "share/week", "ratio", "live merchants lost per live merchant-week", ("churned", "live_weeks")),
        Measure("lured_away", "firms", "flow", "live merchants lost to a rival that would have stayed without it"),
        Measure("merchant_gain", "money/week", "stock", "mean own gain of live merchants"),
    )
    EVENTS: ClassVar[tuple[Event, ...]] = (
        Event("churned", "a live merchant leaves", agent="reseller of the account", cause="lured by a rival, dissatisfied, no gain, or by chance", value="satisfaction"),
    )

    def step(self, world: World, draws: Draws) -> None:
        """Work out everybody's gain; firms at their anniversary decide."""
        merchants, live = world.merchants, world.live()
        merchants.columns["gain"][live] = self._gain(world, live)
        age = world.week - merchants.live_week[live]
        rise = world.next_fee(live) - merchants.fee[live]
        relative = np.clip((merchants.gain[live] - rise) / np.maximum(world.dues(live) + rise, 1.0), -2.0, 2.0)
        tied = self.switching * world.market.integration * age / 52.0
        level = self.level - self.rival_weight * world.vendor.best_rival
        stays = merchants.decide(renewal_probability, live, merchants.satisfaction[live], relative, level, self.weight, self.gain_weight, tied)
        merchants.columns["survival"][live] = 1.0 - self.leaves * (1.0 - stays)
        at = np.flatnonzero((age > 0) & (age % 52 == 0))
        due, chance = live[at], draws("renew").uniform(live[at])
        leaving = chance < 1.0 - merchants.survival[due]
        goes = due[leaving]
        alone = (self.level, self.weight, self.gain_weight, tied[at])
        lured = np.setdiff1d(goes, self._without_rivals(world, due, chance, relative[at], *alone))
        self._lure(world, lured)
        self._count(world, due, due[~leaving])
        self._take_new_terms(world, due[~leaving])
        self._leave(world, goes, self._reason(world, goes, lured))

    def _count(self, world: World, due: Ids, stay: Ids) -> None:
        """Count contracts and fees up for renewal, and those that stay: at today's terms, and without what has risen in the year."""
        fee, before = world.merchants.fee, world.merchants.fee - world.merchants.extended
        renewed = world.next_fee(stay)
        world.count("due_renewals", len(due))
        world.count("renewals", len(stay))
        world.count("due_fees", before[due].sum())
        world.count("kept_fees", fee[stay].sum() + (renewed - fee[stay]).sum())
        world.count("gross_kept_fees", np.minimum(renewed, before[stay]).sum())
        world.merchants.columns["extended"][due] = 0.0

    def _take_new_terms(self, world: World, firms: Ids) -> None:
        """Contracts that are renewed take today's list fee; discounts end. Who signed without a list price keeps its terms."""
        columns = world.merchants.columns
        columns["fee"][firms] = world.next_fee(firms)
        listed = firms[columns["list_fee"][firms] >= 0]
        columns["list_fee"][listed] = world.vendor.fee
        columns["agreed"][firms] = 1.0

    def _without_rivals(self, world: World, due: Ids, chance: np.ndarray, *weighed: Any) -> Ids:
        """Return those of `due` that would leave if there were no rival, on the same luck."""
        if world.vendor.best_rival == 0:
            return due[chance < 1.0 - world.merchants.survival[due]]
        stays = world.merchants.decide(renewal_probability, due, world.merchants.satisfaction[due], *weighed)
        anyway: Ids = due[chance < self.leaves * (1.0 - stays)]
        return anyway

    def _lure(self, world: World, lured: Ids) -> None:
        """Bind those that leave, and would not without rivals, to the rival they leave for."""
        world.merchants.columns["bound_until"][lured] = world.week + world.vendor.rival_contract
        world.count("rival_wins", len(lured))
        world.count("signed_anywhere", len(lured))
        world.count("lured_away", len(lured))

    def _gain(self, world: World, live: Ids) -> np.ndarray:
        merchants = world.merchants
        labour = self.labour * (1.0 - merchants.relief[live]) + merchants.teaching[live]
        gain = merchants.decide(
            own_gain, live, merchants.active_people[live], self.margin, self.labour_saved * world.vendor.polish + merchants.brought_gain[live],
            world.dues(live), labour + merchants.prizes_paid[live],
        )
        return np.asarray(gain)

    def _reason(self, world: World, goes: Ids, lured: Ids) -> Any:
        """Return why each of `goes` leaves, as far as the model knows, shape (m,)."""
        merchants = world.merchants
        poor, loses = merchants.satisfaction[goes] < 0.5, merchants.gain[goes] < 0
        return np.select([np.isin(goes, lured), poor, loses], ["lured by a rival", "dissatisfied", "no gain"], "by chance")

    def _leave(self, world: World, firms: Ids, reason: Any) -> None:
        """End contracts; everybody in the firm has learned what the product was worth."""
        merchants, people = world.merchants, world.decision_makers
        world.count("churned", len(firms))
        world.note("churned", firms, merchants.reseller[firms], reason, -1, merchants.satisfaction[firms])
        who, owner = world.ties.members(firms)
        mean, precision = people.mean[who], people.precision[who]
        people.columns["mean"][who] = people.decide(posterior_mean, who, mean, precision, merchants.seen[firms][owner], self.lesson)
        people.columns["precision"][who] = people.decide(posterior_precision, who, precision, self.lesson)
        merchants.columns["talk"][firms] += 1.0
        values = (("status", PROSPECT), ("reference", False), ("promised", False), ("bespoke", False), ("kept_up", False), ("bespoke_work", 0.0), ("due_week", -1), ("route", -1), ("reseller", -1), ("active_people", 0.0), ("further", NOTHING))
        for name, value in values:
            merchants.columns[name][firms] = value

    def stocks(self, world: World) -> dict[str, float]:
        """Return the mean own gain of live merchants."""
        live = world.live()
        return {"merchant_gain": float(world.merchants.gain[live].mean()) if len(live) else float("nan")}
