"""Tiers: merchants are diagnosed one by one, helped where they are weakest, and graded bronze, silver or gold, with rights.

A diagnosis compares four states of a merchant with what is healthy: how well the product fits it, how promptly it is answered, how
fully it uses the product, what it gains. Help raises the state that is furthest below, and wears off. The tier follows use, gain and
satisfaction. Rights: a lower fee, co-marketing that strengthens the merchant's push, and, where service grants it, earlier answers.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from sim.agents.mechanism import Mechanism
from sim.agents.merchants import BRONZE, GOLD, SILVER
from sim.agents.population import Column, Ids
from sim.agents.world import World
from sim.curves import clip01, keep, saturation, this_week
from sim.draws import Draws, Floats
from sim.fields import Event, Measure, par

STATES = ("fit", "response", "use", "gain")
MOST_ATTENTION = 2.0


class Tiers(Mechanism):
    """Diagnosis, help, tiers and their rights."""

    diagnoses: float = par(0.0, "merchants diagnosed", unit="firms/week", bounds=(0, 1e6), role="lever", extensive=True)
    fee_off: float = par(0.0, "share off the fee for each tier above bronze, from the next diagnosis", unit="share/tier", bounds=(0, 0.4), role="lever")
    co_marketing: float = par(0.0, "co-marketing paid for a merchant for each tier above bronze", unit="money/week/tier", bounds=(0, 1e6), role="lever")
    time: float = par(0.05, "support that a diagnosis with its help takes", unit="person-weeks", bounds=(0, 10))
    most_support: float = par(0.4, "most of support that diagnoses, with what was promised before, get", unit="share", bounds=(0, 1))
    first: int = par(8, "weeks live until a merchant is diagnosed", unit="weeks", bounds=(0, 520))
    healthy: tuple[float, ...] = par((0.6, 0.9, 0.9, 0.6), "what is healthy: fit, response, use, gain (0-1: 0.5 where it gains nothing, 1 from twice the fee on)", unit="0-1", bounds=(0, 1))
    help: float = par(0.4, "share of what is missing in the weakest state that help makes up", unit="share", bounds=(0, 1), off=0.0)
    help_half_life: float = par(52.0, "half-life of help", unit="weeks", bounds=(0, 1040))
    silver: float = par(0.62, "mean of use, gain and satisfaction from which a merchant is silver", unit="0-1", bounds=(0, 1))
    gold: float = par(0.74, "the same for gold", unit="0-1", bounds=(0, 1))
    backing: float = par(0.3, "most by which co-marketing strengthens the push, for each tier", unit="share/tier", bounds=(0, 5), off=0.0)
    half_backing: float = par(60.0, "co-marketing at which half of that is reached", unit="money/week/tier", bounds=(0.01, 1e6))

    COLUMNS: ClassVar[dict[str, tuple[Column, ...]]] = {
        "merchants": (
            Column("diagnosed_week", np.int64, -1, "week", "when it was last diagnosed (-1: never)"),
            Column("fee_share_off", np.float64, 0.0, "share", "share off its fee for its tier", (0.0, 0.8)),
        ),
        "vendor": (Column("tiers_kept", np.bool_, False, "flag", "merchants are graded"),),
    }
    WRITES: ClassVar[dict[str, tuple[str, ...]]] = {
        "merchants": (
            "diagnosed_week", "fee_share_off", "fee", "tier", "backing", "configured", "attention", "extent_of_use", "relief",
        ),
        "vendor": ("claimed_support", "tiers_kept"),
    }
    MEASURES: ClassVar[tuple[Measure, ...]] = (
        Measure("diagnoses", "firms", "flow", "merchants diagnosed"),
        Measure("weak_fit", "firms", "flow", "diagnoses that found the fit of the product weakest"),
        Measure("weak_response", "firms", "flow", "diagnoses that found the response of service weakest"),
        Measure("weak_use", "firms", "flow", "diagnoses that found use weakest"),
        Measure("weak_gain", "firms", "flow", "diagnoses that found the merchant's own gain weakest"),
        Measure("silver_merchants", "firms", "stock", "live merchants of the silver tier"),
        Measure("gold_merchants", "firms", "stock", "live merchants of the gold tier"),
        Measure("co_marketing_spend", "money", "flow", "co-marketing for merchants above bronze"),
    )
    EVENTS: ClassVar[tuple[Event, ...]] = (
        Event("tier", "a merchant moves to another tier", ref="tier (code)", value="score of the diagnosis"),
    )

    def step(self, world: World, draws: Draws) -> None:
        """Let help wear off, diagnose, help, grade, and grant rights."""
        if not (self.diagnoses or world.vendor.tiers_kept):
            return
        world.vendor.tiers_kept = True
        live = world.live()
        self._begin(world, live)
        firms = self._next(world, live)
        states = self._states(world, firms)
        self._help(world, firms, states)
        self._grade(world, firms, states)
        self._back(world, live)

    def _begin(self, world: World, live: Ids) -> None:
        """New merchants start as bronze, unhelped; what help did for the others wears off."""
        merchants, columns = world.merchants, world.merchants.columns
        for name in ("configured", "attention", "relief"):
            columns[name][live] *= keep(self.help_half_life)
        new = live[merchants.live_week[live] == world.week - 1]
        for name, value in (("diagnosed_week", -1), ("fee_share_off", 0.0), ("tier", BRONZE), ("configured", 0.0), ("attention", 0.0), ("relief", 0.0)):
            columns[name][new] = value

    def _next(self, world: World, live: Ids) -> Ids:
        """Return who is diagnosed this week: longest not looked at first, as far as support goes."""
        merchants, vendor = world.merchants, world.vendor
        count = this_week(self.diagnoses, world.week)
        time = max(self.most_support * vendor.support_staff - vendor.claimed_support, 0.0)
        if self.time > 0:
            count = min(count, int(time / self.time))
        old = live[world.week - merchants.live_week[live] >= self.first]
        seen = np.maximum(merchants.diagnosed_week[old], merchants.live_week[old])
        firms = old[np.argsort(seen, kind="stable")][:count]
        merchants.columns["diagnosed_week"][firms] = world.week
        vendor.claimed_support += len(firms) * self.time
        world.count("diagnoses", len(firms))
        return firms

    def _states(self, world: World, firms: Ids) -> Floats:
        """Return fit, response, use and gain of each firm, 0-1, shape (m, 4)."""
        merchants = world.merchants
        relative = merchants.gain[firms] / np.maximum(merchants.fee[firms], 1.0)
        gain = clip01(0.5 + 0.25 * relative)
        return np.stack([world.fit(firms), merchants.response[firms], merchants.extent_of_use[firms], gain], axis=1)

    def _help(self, world: World, firms: Ids, states: Floats) -> None:
        """Help each firm with what is furthest below healthy: settings, attention, use, or relief of labour."""
        columns = world.merchants.columns
        missing = np.asarray(self.healthy) - states
        weakest = np.where((missing > 0).any(axis=1), missing.argmax(axis=1), -1)
        for k, (name, most) in enumerate((("configured", 1.0), ("attention", MOST_ATTENTION), ("extent_of_use", 1.0), ("relief", 1.0))):
            at = firms[weakest == k]
            columns[name][at] += self.help * np.maximum(most - columns[name][at], 0.0)
            world.count(f"weak_{STATES[k]}", len(at))

    def _grade(self, world: World, firms: Ids, states: Floats) -> None:
        """Set tier and fee by what the diagnosis found."""
        merchants = world.merchants
        score = (states[:, 2] + states[:, 3] + merchants.satisfaction[firms]) / 3.0
        tier = np.where(score >= self.gold, GOLD, np.where(score >= self.silver, SILVER, BRONZE))
        moved = tier != merchants.tier[firms]
        world.note("tier", firms[moved], -1, "", tier[moved], score[moved])
        off = self.fee_off * tier
        full = merchants.fee[firms] / (1.0 - merchants.fee_share_off[firms])
        for name, values in (("tier", tier), ("fee_share_off", off), ("fee", full * (1.0 - off))):
            merchants.columns[name][firms] = values

    def _back(self, world: World, live: Ids) -> None:
        """Pay for co-marketing; it strengthens the push of merchants above bronze."""
        tier, spend = world.merchants.tier[live], self.co_marketing * world.vendor.affordable
        lift = self.backing * saturation(spend, self.half_backing)
        world.merchants.columns["backing"][live] = 1.0 + lift * tier
        world.pay("co_marketing", spend * tier.sum())
        world.count("co_marketing_spend", spend * tier.sum())

    def stocks(self, world: World) -> dict[str, float]:
        """Return live merchants above bronze, by tier."""
        if not world.vendor.tiers_kept:
            return {"silver_merchants": 0.0, "gold_merchants": 0.0}
        count = np.bincount(world.merchants.tier[world.live()], minlength=3)
        return {"silver_merchants": float(count[SILVER]), "gold_merchants": float(count[GOLD])}
