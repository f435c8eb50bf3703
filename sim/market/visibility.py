"""Visibility: merchants show the vendor's badge for a reason, and whoever sees it knows the vendor's name.

Reasons are an endorsement by the vendor (it stands for its merchants towards their consumers and pays for what goes wrong, the
more the less polished the product is), a discount on the fee, or a share of the merchant's advertising. Where the reason ends,
the badge goes. Consumers of those that show it, and people their advertising reaches, see it; deciders of other firms are among
them, in proportion. Who knows the name searches for it, not for the category.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from sim.agents.mechanism import Mechanism
from sim.agents.merchants import LIVE, SIGNED, shows_badge
from sim.agents.population import Column, Ids
from sim.agents.world import SOURCE, World
from sim.curves import probability
from sim.draws import Draws, Floats
from sim.fields import Measure, par


class Visibility(Mechanism):
    """Merchants show a badge; people see it."""

    endorsement: float = par(0.0, "how far the vendor stands for merchants that show its badge", unit="share", bounds=(0, 1), role="lever")
    discount: float = par(0.0, "discount on the fee of merchants that show the badge", unit="share", bounds=(0, 1), role="lever")
    advertising: float = par(0.0, "share that the vendor pays of the advertising of merchants that show the badge in it", unit="share", bounds=(0, 1), role="lever")
    trust: float = par(0.12, "worth of a full endorsement to a merchant", unit="× fee", bounds=(0, 10))
    budget: float = par(80.0, "advertising of a merchant of mean size", unit="money/week", bounds=(0, 1e6))
    level: float = par(-2.0, "logit of showing the badge at satisfaction 0.5, for next to nothing", unit="logit", bounds=(-20, 20))
    weight: float = par(12.0, "weight of the benefit relative to the fee", unit="logit", bounds=(0, 100))
    pride: float = par(3.0, "weight of satisfaction", unit="logit", bounds=(0, 50))
    review: float = par(0.08, "hazard at which a merchant thinks of it anew", unit="1/week", bounds=(0, 5))
    noticing: float = par(0.03, "hazard at which a person notices the name, where as many people see badges as there are", unit="1/week", bounds=(0, 5), off=0.0)
    recognition: float = par(5.0, "how much more readily a searcher recognises the name than a person remembers it unaided", unit="×", bounds=(0, 100), off=0.0, source="recognition is easier than recall (Rossiter & Percy 1997); its size is our judgement")
    public: float = par(4_000_000.0, "people among whom deciders live", unit="people", bounds=(1, 1e10), extensive=True)
    shown: float = par(1.5, "people reached by a unit of money in a merchant's advertising", unit="people/money", bounds=(0, 1000))
    fading: float = par(0.0133, "hazard at which a name is forgotten", unit="1/week", bounds=(0, 1), source="as awareness: half-life 52 weeks (B2B2C practice)")
    liability: float = par(4.0, "cost of standing for a product without polish, by consumer active at a merchant that shows the badge", unit="money/week/person", bounds=(0, 1e4), off=0.0)

    COLUMNS: ClassVar[dict[str, tuple[Column, ...]]] = {
        "merchants": (Column("badge", np.bool_, False, "flag", "shows the vendor's badge"),),
    }
    WRITES: ClassVar[dict[str, tuple[str, ...]]] = {
        "merchants": ("badge", "source"), "decision_makers": ("aware",), "vendor": ("name_known",),
    }
    PURPOSES: ClassVar[tuple[str, ...]] = ("review", "show", "notice")
    MEASURES: ClassVar[tuple[Measure, ...]] = (
        Measure("badge_merchants", "firms", "stock", "live merchants that show the badge"),
        Measure("badge_contacts", "contacts", "flow", "decision-makers that learned of the vendor from a badge"),
        Measure("badge_cost", "money", "flow", "discounts, advertising and liability for the badge"),
        Measure("name_known", "share", "stock", "share of searchers who know the vendor's name from a badge"),
    )

    def step(self, world: World, draws: Draws) -> None:
        """Merchants decide, the vendor pays, people see the badge and forget names."""
        if not (self.endorsement or self.discount or self.advertising or world.vendor.name_known or world.merchants.badge.any()):
            return
        self._decide(world, draws)
        bearers = np.flatnonzero(world.merchants.badge)
        self._pay(world, bearers)
        self._notice(world, draws, self._exposure(world, bearers))

    def _decide(self, world: World, draws: Draws) -> None:
        """Let live merchants think anew now and then; without a reason, or when it has left, nobody shows the badge."""
        merchants, live = world.merchants, world.live()
        benefit = self._benefit(world, live)
        anew = draws("review").happens(probability(self.review), live) | (benefit <= 0)
        at = live[anew]
        chance = merchants.decide(shows_badge, at, benefit[anew], merchants.satisfaction[at], self.level, self.weight, self.pride)
        merchants.columns["badge"][at] = draws("show").happens(chance, at)
        merchants.columns["badge"][merchants.status != LIVE] = False

    def _benefit(self, world: World, live: Ids) -> Floats:
        """Return what a badge brings each of `live` a week, relative to its fee (at most 3), shape (m,)."""
        money = self.advertising * world.vendor.affordable * self.budget * world.merchants.size[live]
        relative = money / np.maximum(world.merchants.fee[live], 1.0)
        return np.asarray(np.minimum(self.discount + self.trust * self.endorsement + relative, 3.0))

    def _pay(self, world: World, bearers: Ids) -> None:
        merchants, vendor = world.merchants, world.vendor
        costs = (
            ("badge_discounts", self.discount * merchants.fee[bearers].sum()),
            ("badge_advertising", self.advertising * vendor.affordable * self.budget * merchants.size[bearers].sum()),
            ("badge_liability", self.liability * self.endorsement * (1.0 - vendor.polish) * merchants.active_people[bearers].sum()),
        )
        for account, cost in costs:
            world.pay(account, cost)
            world.count("badge_cost", cost)

    def _exposure(self, world: World, bearers: Ids) -> Floats:
        """Return the people who see badges in each region, relative to those who live there, shape (n_regions,)."""
        merchants, market = world.merchants, world.market
        people = world.people.sizes[bearers] * world.people.weight
        if self.advertising > 0:
            people = people + self.shown * self.budget * merchants.size[bearers]
        seen = np.bincount(merchants.region[bearers], people, market.regions)
        return np.asarray(seen / (self.public / market.regions))

    def _notice(self, world: World, draws: Draws, exposure: Floats) -> None:
        """Let deciders of firms that are free notice the name; let searchers know it, and forget it."""
        merchants, people, vendor = world.merchants, world.decision_makers, world.vendor
        chance = probability(self.noticing * exposure)
        who = np.flatnonzero(~people.aware & (merchants.status < SIGNED)[people.merchant] & (chance > 0)[merchants.region[people.merchant]])
        new = who[draws("notice").happens(chance[merchants.region[people.merchant[who]]], who)]
        people.columns["aware"][new] = True
        merchants.columns["source"][people.merchant[new]] = SOURCE["badge"]
        world.count("badge_contacts", len(new))
        known = vendor.name_known * (1.0 - self.fading)
        known += float(probability(self.noticing * self.recognition * exposure).mean()) * (1.0 - known)
        vendor.name_known = known if known > 1e-9 else 0.0

    def stocks(self, world: World) -> dict[str, float]:
        """Return the merchants that show the badge and how far the name is known."""
        return {"badge_merchants": float(np.count_nonzero(world.merchants.badge)), "name_known": world.vendor.name_known}
