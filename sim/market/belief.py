"""Belief fades: awareness is forgotten, and what was learned drifts back to the prior.

People in a round or at a live merchant forget nothing. Awareness is lost at a constant hazard (half-life 52 weeks: index 84
one year after advertising stops on a mature product, Hartnett et al. 2021, is an upper end); mean and precision keep the
share `memory` of their distance to the prior (Roberts & Urban 1988; Erdem & Keane 1996).
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from sim.agents.decision_makers import drifted
from sim.agents.mechanism import Mechanism
from sim.agents.merchants import ROUND
from sim.agents.world import World
from sim.draws import Draws
from sim.fields import Measure, par


class Belief(Mechanism):
    """What people believe of the product's value for their firm, and how it fades."""

    prior: float = par(0.42, "value expected of a vendor nobody knows", unit="0-1", bounds=(0, 1), role="uncertain", plausible=(0.38, 0.46))
    prior_precision: float = par(1.0, "precision of that expectation", unit="1/variance", bounds=(0.01, 100))
    memory: float = par(0.995, "share of what was learned that is kept a week (half-life about 138 weeks)", unit="share", bounds=(0, 1), off=0.0, role="uncertain", plausible=(0.991, 0.997))
    forgetting: float = par(0.0133, "hazard at which awareness is lost (half-life 52 weeks)", unit="1/week", bounds=(0, 1), off=0.0, role="uncertain", plausible=(0.008, 0.02), source="half-life 52 weeks (B2B2C practice); Hartnett et al. 2021 is an upper end")
    sure: float = par(1.6, "precision above which a low belief counts as burnt", unit="1/variance", bounds=(0, 100))

    WRITES: ClassVar[dict[str, tuple[str, ...]]] = {"decision_makers": ("aware", "mean", "precision")}
    PURPOSES: ClassVar[tuple[str, ...]] = ("forget",)
    MEASURES: ClassVar[tuple[Measure, ...]] = (
        Measure("burnt_prospects", "firms", "stock", "firms with a person who is sure that the product is worth less than needed"),
        Measure("awareness", "share", "stock", "firms in which somebody knows of the vendor"),
    )

    def prepare(self, world: World, draws: Draws) -> None:
        """Set every belief to the prior."""
        world.decision_makers.columns["mean"][:] = self.prior
        world.decision_makers.columns["precision"][:] = self.prior_precision

    def step(self, world: World, draws: Draws) -> None:
        """Let people outside rounds and contracts forget."""
        people, memory = world.decision_makers, self.memory
        idle = world.merchants.status[people.merchant] < ROUND
        learned = np.flatnonzero(idle & ((people.precision != self.prior_precision) | (people.mean != self.prior)))
        people.columns["mean"][learned] = people.decide(drifted, learned, people.mean[learned], self.prior, memory)
        people.columns["precision"][learned] = people.decide(drifted, learned, people.precision[learned], self.prior_precision, memory)
        knowing = np.flatnonzero(idle & people.aware)
        lost = knowing[draws("forget").happens(self.forgetting, knowing)]
        people.columns["aware"][lost] = False

    def stocks(self, world: World) -> dict[str, float]:
        """Return burnt prospects and the share of firms that know of the vendor."""
        people, n = world.decision_makers, world.merchants.n
        low = np.flatnonzero((people.mean < world.market.need) & (people.precision > self.sure))
        burnt = np.zeros(n, dtype=bool)
        burnt[people.merchant[low]] = True
        aware = np.zeros(n, dtype=bool)
        aware[people.merchant[people.aware]] = True
        return {"burnt_prospects": float((burnt & (world.merchants.status < ROUND)).sum()), "awareness": float(aware.mean())}
