"""A mechanism in one file: a bus tours one region, and administrators see the product for themselves.

python examples/roadshow.py     plays the sound plan with and without it on the same worlds, and prints what differs
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

import sim
from sim.agents.decision_makers import ADMINISTRATOR
from sim.agents.mechanism import Mechanism
from sim.agents.world import World
from sim.curves import probability, saturation
from sim.draws import Draws
from sim.fields import Measure, par


class Roadshow(Mechanism):
    """Administrators in one region meet the vendor's bus and know of the product from then on."""

    spend: float = par(0.0, "spending", unit="money/week", bounds=(0, 1e9), role="lever", extensive=True)
    half_spend: float = par(2_000.0, "spending at which half the reach is had", unit="money/week", bounds=(1, 1e9))
    reach: float = par(0.05, "hazard at which the bus meets a firm of the region", unit="1/week", bounds=(0, 5), off=0.0)
    region: int = par(0, "region toured", unit="index", bounds=(0, 99), role="lever")

    WRITES: ClassVar[dict[str, tuple[str, ...]]] = {"decision_makers": ("aware",)}
    PURPOSES: ClassVar[tuple[str, ...]] = ("met",)
    MEASURES: ClassVar[tuple[Measure, ...]] = (Measure("roadshow_meetings", "firms", "flow", "firms met on tour"),)

    def step(self, world: World, draws: Draws) -> None:
        """Meet firms of the region, and pay."""
        spend = self.spend * world.vendor.affordable
        firms = np.flatnonzero(world.merchants.region == self.region)
        met = firms[draws("met").happens(probability(self.reach * saturation(spend, self.half_spend)), firms)]
        world.decision_makers.columns["aware"][world.ties.covers[met, ADMINISTRATOR]] = True
        world.pay("promotion", spend)
        world.count("roadshow_meetings", len(met))


def played(spend: float, replication: int, weeks: int) -> dict[str, float]:
    """Return meetings, leads of the region and cash after so many weeks of the sound plan with a roadshow of `spend` a week."""
    model = sim.GrowthModel(sim.load("baseline+small"), replication=replication, weeks=weeks, also=[Roadshow(spend=spend)])
    for _ in range(weeks):
        model.step()
    run = model.finish()
    signed = run.breakdown[("signed_merchants", "region")][:, 0].sum()
    return {"meetings": run.weekly["roadshow_meetings"].sum(), "signed in the region": signed, "cash": run.weekly["cash"][-1]}


def main(replications: int = 4, weeks: int = 104) -> dict[str, float]:
    """Print and return the mean difference that the roadshow makes, on the same worlds."""
    pairs = [(played(2_000.0, k, weeks), played(0.0, k, weeks)) for k in range(replications)]
    found = {name: float(np.mean([with_[name] - without[name] for with_, without in pairs])) for name in pairs[0][0]}
    for name, difference in found.items():
        print(f"{name}: {difference:+,.1f}")
    return found


if __name__ == "__main__":
    main()
