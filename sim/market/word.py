"""Word among firms: references vouch, and firms that evaluated the product talk about what they saw.

References (live, satisfied, seasoned) are met by firms in market: strongest in the own circle (segment × region), then in
the segment, then elsewhere. A firm that evaluated or uses the product talks for a while; who is told takes a signal of
the value that was seen. Dissatisfied words count more (losses 2.25 times; Tversky & Kahneman 1992).
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sim.agents.decision_makers import ROLES, posterior_mean, posterior_precision
from sim.agents.mechanism import Mechanism
from sim.agents.merchants import LIVE, SIGNED
from sim.agents.population import Bools, Ids
from sim.agents.world import SOURCE, World
from sim.curves import keep, probability
from sim.draws import Draws, Floats
from sim.fields import Event, Measure, par


class Word(Mechanism):
    """What firms tell each other."""

    reach: float = par(0.012, "hazard at which a firm in market hears of a reference when there are many", unit="1/week", bounds=(0, 2), off=0.0, role="uncertain", plausible=(0.006, 0.02))
    half: float = par(150.0, "weighted references at which half that hazard is reached", unit="firms", bounds=(0.1, 1e6), extensive=True)
    own_circle: float = par(20.0, "weight of a reference in the own circle", unit="×", bounds=(0, 1000), source="weights 2, 1 and 0.3 (B2B2C practice), here times how many of a firm's contacts each is")
    own_segment: float = par(3.0, "weight of a reference in the own segment", unit="×", bounds=(0, 1000))
    elsewhere: float = par(0.3, "weight of any other reference", unit="×", bounds=(0, 1000))
    reference: float = par(1.5, "precision of what a reference tells", unit="1/variance", bounds=(0, 50), off=0.0, role="uncertain", plausible=(0.8, 2.5))
    evaluation: float = par(1.2, "precision of what a firm that evaluated tells", unit="1/variance", bounds=(0, 50), off=0.0, role="uncertain", plausible=(0.8, 1.6))
    telling: float = par(0.3, "firms told by one evaluation a week", unit="firms/week", bounds=(0, 10), role="uncertain", plausible=(0.2, 0.4))
    talk_half_life: float = par(13.0, "half-life of an evaluation as a topic", unit="weeks", bounds=(0, 260))
    dissatisfied: float = par(2.25, "how much more a disappointed firm talks", unit="×", bounds=(1, 10), source="losses count 2.25 times (Tversky & Kahneman 1992)")
    leadership: float = par(1.0, "how much more a large reference counts: weight 1 + this × (size − 1)", unit="×", bounds=(0, 1), off=0.0)
    packaged: float = par(4.0, "how much more often a freshly packaged reference is met: × (1 + this × how fresh)", unit="×", bounds=(0, 100), off=0.0, role="uncertain", plausible=(2.0, 6.0))
    circle_size: float = par(1250.0, "firms in a circle of mean size", unit="firms", bounds=(1, 1e6), extensive=True)
    noise: float = par(0.10, "spread of what is told", unit="0-1", bounds=(0, 1))
    roles: tuple[float, ...] = par((0.3, 0.35, 0.05, 0.05, 0.25), "who hears: executive, administrator, technical, finance, frontline", unit="share", bounds=(0, 1))

    WRITES: ClassVar[dict[str, tuple[str, ...]]] = {
        "decision_makers": ("aware", "mean", "precision"),
        "merchants": ("source", "talk", "hearings"),
    }
    PURPOSES: ClassVar[tuple[str, ...]] = ("reference", "told", "role", "noise")
    MEASURES: ClassVar[tuple[Measure, ...]] = (
        Measure("references", "firms", "stock", "live merchants that vouch"),
        Measure("told", "firms", "flow", "firms told of an evaluation"),
    )
    EVENTS: ClassVar[tuple[Event, ...]] = (
        Event("reference_heard", "a firm in market hears of a reference", cause="where the nearest one is: own circle, own segment, elsewhere", value="weight of all references it could meet"),
    )

    def step(self, world: World, draws: Draws) -> None:
        """Let references vouch and evaluations be told; talk fades."""
        by_reference = self._hear_of_references(world, draws)
        by_word, seen = self._hear_of_evaluations(world, draws)
        firms = np.concatenate([by_reference, by_word])
        told = np.concatenate([world.value(by_reference), seen])
        weight = np.repeat([self.reference, self.evaluation], [len(by_reference), len(by_word)])
        self._learn(world, draws, firms, told, weight, np.arange(len(firms)) >= len(by_reference))
        world.merchants.columns["source"][by_reference] = SOURCE["word_of_mouth"]
        world.merchants.columns["talk"] *= keep(self.talk_half_life)

    def _hear_of_references(self, world: World, draws: Draws) -> Ids:
        merchants = world.merchants
        vouching = np.flatnonzero(merchants.reference)
        firms = world.in_market()
        followed = bool(merchants.packaged.any())
        if followed:
            merchants.columns["hearings"][:] = 0.0
        if not len(vouching):
            return firms[:0]
        weight = 1.0 + self.leadership * (merchants.size[vouching] - 1.0)
        shown = weight * (1.0 + self.packaged * merchants.packaged[vouching])
        near, met = (self._near(world, vouching, w, firms) for w in (weight, shown))
        hears = draws("reference").happens(probability(self.reach * met / (near + self.half)), firms)
        if followed:
            self._follow(world, vouching, shown, firms[hears], met[hears])
        world.note("reference_heard", firms[hears], -1, self._nearest(world, vouching, firms[hears]), -1, met[hears])
        return firms[hears]

    def _nearest(self, world: World, vouching: Ids, heard: Ids) -> NDArray[Any]:
        """Return where the nearest reference of each firm in `heard` is: in its own circle, its own segment, or elsewhere."""
        columns = world.merchants.columns
        same = [np.isin(columns[name][heard], columns[name][vouching]) for name in ("circle", "segment")]
        return np.select(same, ["own circle", "own segment"], "elsewhere")

    def _near(self, world: World, vouching: Ids, weight: Floats, firms: Ids) -> Floats:
        """Return what references of `weight` come to for `firms`, the nearer the more, shape (m,)."""
        merchants, market = world.merchants, world.market
        circle = np.bincount(merchants.circle[vouching], weight, market.segments * market.regions)[merchants.circle[firms]]
        segment = np.bincount(merchants.segment[vouching], weight, market.segments)[merchants.segment[firms]]
        near = self.own_circle * circle + self.own_segment * (segment - circle) + self.elsewhere * (weight.sum() - segment)
        return np.asarray(np.maximum(near, 0.0))

    def _follow(self, world: World, vouching: Ids, weight: Floats, heard: Ids, near: Floats) -> None:
        """Share each hearing out among the references by what they weigh for who heard: who is heard of most tires most."""
        merchants, market = world.merchants, world.market
        share = 1.0 / near
        circle = np.bincount(merchants.circle[heard], share, market.segments * market.regions)[merchants.circle[vouching]]
        segment = np.bincount(merchants.segment[heard], share, market.segments)[merchants.segment[vouching]]
        met = self.own_circle * circle + self.own_segment * (segment - circle) + self.elsewhere * (share.sum() - segment)
        merchants.columns["hearings"][vouching] = np.maximum(weight * met, 0.0)

    def _hear_of_evaluations(self, world: World, draws: Draws) -> tuple[Ids, Floats]:
        """Return who is told by whom in its circle, and the value that was seen (mean over the circle's talkers)."""
        merchants, circles = world.merchants, world.market.segments * world.market.regions
        loud = merchants.talk * np.where(merchants.status == LIVE, self._disappointment(world), 1.0)
        talkers = np.flatnonzero(loud > 1e-3)
        mass = np.bincount(merchants.circle[talkers], loud[talkers], circles)
        seen = np.bincount(merchants.circle[talkers], loud[talkers] * merchants.seen[talkers], circles)
        hazard = self.telling * (self.evaluation > 0) * mass / self.circle_size
        open_ = np.flatnonzero((merchants.status < SIGNED) & (hazard > 0)[merchants.circle])
        told = open_[draws("told").happens(probability(hazard)[merchants.circle[open_]], open_)]
        world.count("told", len(told))
        at = merchants.circle[told]
        return told, seen[at] / mass[at]

    def _disappointment(self, world: World) -> Floats:
        return np.where(world.merchants.satisfaction < 0.5, self.dissatisfied, 1.0)

    def _learn(self, world: World, draws: Draws, firms: Ids, told: Floats, weight: Floats, second: Bools) -> None:
        """Each firm's person takes the signal; one who hears of a reference learns of the vendor too."""
        people, k = world.decision_makers, second.astype(np.int64)
        role = draws("role").choice(np.cumsum(self.roles), firms, k)
        who = world.ties.covers[firms, np.minimum(role, len(ROLES) - 1)]
        signal = told + self.noise * draws("noise").normal(firms, k)
        for part in (~second, second):  # one person may hear both: one after the other
            at, w = who[part], weight[part]
            mean, precision = people.mean[at], people.precision[at]
            people.columns["mean"][at] = people.decide(posterior_mean, at, mean, precision, signal[part], w)
            people.columns["precision"][at] = people.decide(posterior_precision, at, precision, w)
        people.columns["aware"][who[~second]] = True

    def stocks(self, world: World) -> dict[str, float]:
        """Return the merchants that vouch."""
        return {"references": float(np.count_nonzero(world.merchants.reference))}
