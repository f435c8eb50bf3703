"""Renewal: once a year each live firm weighs staying against going, on its satisfaction and its own gain."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from sim.agents.decision_makers import posterior_mean, posterior_precision
from sim.agents.mechanism import Mechanism
from sim.agents.merchants import PROSPECT, own_gain, renewal_probability
from sim.agents.population import Ids
from sim.agents.world import World
from sim.draws import Draws
from sim.fields import Measure, par


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

    WRITES: ClassVar[dict[str, tuple[str, ...]]] = {
        "merchants": ("gain", "survival", "status", "talk", "reference", "promised", "bespoke", "kept_up", "bespoke_work", "due_week", "route", "reseller", "active_people", "fee", "list_fee"),
        "decision_makers": ("mean", "precision"),
    }
    PURPOSES: ClassVar[tuple[str, ...]] = ("renew",)
    MEASURES: ClassVar[tuple[Measure, ...]] = (
        Measure("due_renewals", "firms", "flow", "contracts up for renewal"),
        Measure("renewals", "firms", "flow", "contracts renewed"),
        Measure("due_fees", "money/week", "flow", "fees of contracts up for renewal"),
        Measure("kept_fees", "money/week", "flow", "fees of contracts renewed"),
        Measure("gross_kept_fees", "money/week", "flow", "fees of contracts renewed, rises left out"),
        Measure("grr", "share", "ratio", "fees kept of fees up for renewal, rises left out", ("gross_kept_fees", "due_fees")),
        Measure("nrr", "share", "ratio", "fees kept of fees up for renewal", ("kept_fees", "due_fees")),
        Measure("churned", "firms", "flow", "live merchants lost"),
        Measure("renewal_rate", "share", "ratio", "renewed of contracts up for renewal", ("renewals", "due_renewals")),
        Measure("churn_rate", "share/week", "ratio", "live merchants lost per live merchant-week", ("churned", "live_weeks")),
        Measure("merchant_gain", "money/week", "stock", "mean own gain of live merchants"),
    )

    def step(self, world: World, draws: Draws) -> None:
        """Work out everybody's gain; firms at their anniversary decide."""
        merchants, live = world.merchants, world.live()
        merchants.columns["gain"][live] = self._gain(world, live)
        age = world.week - merchants.live_week[live]
        rise = world.next_fee(live) - merchants.fee[live]
        relative = np.clip((merchants.gain[live] - rise) / np.maximum(world.dues(live) + rise, 1.0), -2.0, 2.0)
        stays = merchants.decide(
            renewal_probability, live, merchants.satisfaction[live], relative, self.level, self.weight, self.gain_weight,
            self.switching * world.market.integration * age / 52.0,
        )
        merchants.columns["survival"][live] = 1.0 - self.leaves * (1.0 - stays)
        due = live[(age > 0) & (age % 52 == 0)]
        leaving = draws("renew").happens(1.0 - merchants.survival[due], due)
        goes, stays = due[leaving], due[~leaving]
        change = world.next_fee(stays) - merchants.fee[stays]
        world.count("due_renewals", len(due))
        world.count("renewals", len(due) - len(goes))
        world.count("due_fees", merchants.fee[due].sum())
        kept = merchants.fee[due].sum() - merchants.fee[goes].sum()
        world.count("kept_fees", kept + change.sum())
        world.count("gross_kept_fees", kept + np.minimum(change, 0.0).sum())
        self._take_new_terms(world, stays)
        self._leave(world, goes)

    def _take_new_terms(self, world: World, firms: Ids) -> None:
        """Contracts that are renewed take today's list fee; discounts end. Who signed without a list price keeps its terms."""
        columns = world.merchants.columns
        listed = columns["list_fee"][firms] >= 0
        columns["fee"][firms] = world.next_fee(firms)
        columns["list_fee"][firms[listed]] = columns["fee"][firms[listed]]

    def _gain(self, world: World, live: Ids) -> np.ndarray:
        merchants = world.merchants
        gain = merchants.decide(
            own_gain, live, merchants.active_people[live], self.margin, self.labour_saved * world.vendor.polish + merchants.brought_gain[live],
            world.dues(live), self.labour + merchants.prizes_paid[live],
        )
        return np.asarray(gain)

    def _leave(self, world: World, firms: Ids) -> None:
        """End contracts; everybody in the firm has learned what the product was worth."""
        merchants, people = world.merchants, world.decision_makers
        world.count("churned", len(firms))
        world.note("churned", firms, merchants.reseller[firms], "", -1, merchants.satisfaction[firms])
        who, owner = world.ties.members(firms)
        mean, precision = people.mean[who], people.precision[who]
        people.columns["mean"][who] = people.decide(posterior_mean, who, mean, precision, merchants.seen[firms][owner], self.lesson)
        people.columns["precision"][who] = people.decide(posterior_precision, who, precision, self.lesson)
        merchants.columns["talk"][firms] += 1.0
        values = (("status", PROSPECT), ("reference", False), ("promised", False), ("bespoke", False), ("kept_up", False), ("bespoke_work", 0.0), ("due_week", -1), ("route", -1), ("reseller", -1), ("active_people", 0.0))
        for name, value in values:
            merchants.columns[name][firms] = value

    def stocks(self, world: World) -> dict[str, float]:
        """Return the mean own gain of live merchants."""
        live = world.live()
        return {"merchant_gain": float(world.merchants.gain[live].mean()) if len(live) else float("nan")}
