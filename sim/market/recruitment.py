"""Recruitment: resellers bring resellers (fission), those who left come back, and what parents and their recruits mean to each other.

A reseller that is confident and sells tells others of its territory: recruiting spreads like imitation (Bass 1969), with a hazard
that follows the share of the territory already won. Who it wins over has it as its parent. Programme spending, and promotion seen
by candidates, recruit in the channel itself.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from sim.agents.mechanism import Mechanism
from sim.agents.population import Ids
from sim.agents.resellers import ACTIVE, CANDIDATE, LEFT, recruiting_hazard, returning_hazard
from sim.agents.world import World
from sim.curves import probability
from sim.draws import Draws, Floats
from sim.fields import Event, Measure, par


class Recruitment(Mechanism):
    """Fission, returners, parents."""

    fission: float = par(0.0, "hazard at which a territory full of confident, successful resellers wins over a candidate", unit="1/week", bounds=(0, 5), off=0.0)
    half_deals: float = par(2.0, "recent signings (each fading over 26 weeks) at which a reseller is half as convincing as it can be", unit="signings", bounds=(0.01, 1000))
    override: float = par(0.0, "share of its recruits' margin that a parent gets on top", unit="share", bounds=(0, 1), role="lever")
    pull: float = par(2.0, "how much more a reseller recruits per share of override", unit="×", bounds=(0, 100), off=0.0)
    told: float = par(0.9, "share of its parent's confidence that a recruit starts with", unit="share", bounds=(0, 1))
    taught: float = par(0.25, "share of its parent's skill that a recruit starts with", unit="share", bounds=(0, 1))
    orphaned: float = par(0.15, "share of its confidence that a recruit loses when its parent leaves", unit="share", bounds=(0, 1), off=0.0)
    returns: float = par(0.0, "hazard at which a reseller that left comes back when the programme is large", unit="1/week", bounds=(0, 5), off=0.0)
    return_confidence: float = par(0.34, "confidence of a returner: below a newcomer's, near the level at which it left", unit="0-1", bounds=(0, 1))
    return_trust: float = par(0.5, "share of its trust in announcements that a returner still has", unit="share", bounds=(0, 1), off=1.0)

    WRITES: ClassVar[dict[str, tuple[str, ...]]] = {
        "resellers": ("state", "joined_week", "parent", "confidence", "skill", "habit", "trust", "low_weeks"),
    }
    PURPOSES: ClassVar[tuple[str, ...]] = ("fission", "parent", "return")
    MEASURES: ClassVar[tuple[Measure, ...]] = (
        Measure("reseller_recruits", "resellers", "flow", "resellers that signed up because another one won them over"),
        Measure("reseller_returns", "resellers", "flow", "resellers that had left and came back"),
        Measure("parent_margin", "money", "flow", "margin paid to parents on their recruits' accounts"),
    )
    EVENTS: ClassVar[tuple[Event, ...]] = (
        Event("reseller_joined", "a reseller is won by another", agent="the reseller", cause="fission", ref="parent, a reseller", value="confidence"),
        Event("reseller_orphaned", "a reseller's parent has left", agent="the reseller", ref="parent, a reseller", value="confidence"),
        Event("reseller_returned", "a reseller that had left comes back", agent="the reseller", value="confidence"),
    )

    def step(self, world: World, draws: Draws) -> None:
        """Recruits and returners begin next week; parents are paid, and missed where they have left."""
        self._orphan(world)
        if self.fission > 0:
            self._divide(world, draws)
        if self.returns > 0:
            self._take_back(world, draws)
        self._pay_parents(world)

    def _orphan(self, world: World) -> None:
        """Who has lost its parent loses confidence, once."""
        resellers = world.resellers
        orphans = np.flatnonzero((resellers.parent >= 0) & (resellers.state[resellers.parent] == LEFT))
        here = orphans[resellers.state[orphans] == ACTIVE]
        resellers.columns["confidence"][here] *= 1.0 - self.orphaned
        world.note("reseller_orphaned", np.full(len(here), -1), here, "", resellers.parent[here], resellers.confidence[here])
        resellers.columns["parent"][orphans] = -1

    def _divide(self, world: World, draws: Draws) -> None:
        """Each candidate may be won over by the resellers of its territory; one of them becomes its parent."""
        resellers = world.resellers
        active = np.flatnonzero(resellers.state == ACTIVE)
        most = self.fission * (1.0 + self.pull * self.override)
        hazard = resellers.decide(recruiting_hazard, active, resellers.confidence[active], resellers.deals[active], most, self.half_deals)
        mass = np.zeros(resellers.n)
        mass[active] = hazard
        candidates = np.flatnonzero(resellers.state == CANDIDATE)
        chance = probability(self._in_territory(world, mass))[resellers.region[candidates]]
        new = candidates[draws("fission").happens(chance, candidates)]
        parents = self._parents(world, draws, new, mass)
        values = (
            ("state", ACTIVE), ("joined_week", world.week), ("parent", parents), ("confidence", self.told * resellers.confidence[parents]),
            ("skill", self.taught * resellers.skill[parents]), ("habit", resellers.habit[parents]),
        )
        for name, value in values:
            resellers.columns[name][new] = value
        world.count("reseller_sign_ups", len(new))
        world.count("reseller_recruits", len(new))
        world.note("reseller_joined", np.full(len(new), -1), new, "fission", parents, resellers.confidence[new])

    def _in_territory(self, world: World, mass: Floats) -> Floats:
        """Return the mean of `mass` (one entry a reseller) over all resellers and candidates of each territory, shape (regions,)."""
        region, regions = world.resellers.region, world.market.regions
        return np.asarray(np.bincount(region, mass, regions) / np.maximum(np.bincount(region, minlength=regions), 1))

    def _parents(self, world: World, draws: Draws, new: Ids, mass: Floats) -> Ids:
        """Return for each of `new` the reseller of its territory that won it over, drawn by its part of `mass`."""
        region, parents, chance = world.resellers.region, np.zeros(len(new), dtype=np.int64), draws("parent")
        for territory in np.unique(region[new]):
            here = np.flatnonzero(region[new] == territory)
            able = np.flatnonzero((region == territory) & (mass > 0))
            parents[here] = able[chance.choice(np.cumsum(mass[able]), new[here])]
        return parents

    def _take_back(self, world: World, draws: Draws) -> None:
        """Some of those who left come back to a vendor that invites them, with their skill and with doubts."""
        resellers = world.resellers
        gone = np.flatnonzero(resellers.state == LEFT)
        hazard = resellers.decide(returning_hazard, gone, np.full(len(gone), world.vendor.programme), self.returns)
        back = gone[draws("return").happens(probability(hazard), gone)]
        for name, value in (("state", ACTIVE), ("joined_week", world.week), ("confidence", self.return_confidence), ("low_weeks", 0)):
            resellers.columns[name][back] = value
        resellers.columns["trust"][back] *= self.return_trust
        world.count("reseller_returns", len(back))
        world.note("reseller_returned", np.full(len(back), -1), back, "", -1, resellers.confidence[back])

    def _pay_parents(self, world: World) -> None:
        resellers = world.resellers
        recruits = np.flatnonzero((resellers.parent >= 0) & (resellers.state == ACTIVE))
        paid = self.override * resellers.earned[recruits].sum()
        world.pay("reseller_margin", paid)
        world.count("parent_margin", paid)
        world.count("channel_spend", paid)
