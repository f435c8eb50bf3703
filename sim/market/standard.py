"""The standard: where enough firms of a segment (or circle) use the product, the others take it for the usual thing to have.

The more of its kind use it, the less a firm's present solution weighs against it: a smooth step in the share that is live
(thresholds of collective behaviour: Granovetter 1978; adoption externalities: Katz & Shapiro 1985).
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from sim.agents.mechanism import Mechanism
from sim.agents.population import Ids
from sim.agents.world import World
from sim.curves import logistic
from sim.draws import Draws, Floats
from sim.fields import Measure, par


class Standard(Mechanism):
    """A segment or circle in which the product is the standard."""

    pull: float = par(0.0, "how much the status quo loses where the product is the standard", unit="utility", bounds=(0, 10), off=0.0)
    threshold: float = par(0.1, "share of firms live at which half of that is reached", unit="share", bounds=(0, 1))
    steepness: float = par(60.0, "steepness of the step around the threshold", unit="1/share", bounds=(0, 1000))
    by_circle: bool = par(False, "firms look at their circle (else at their segment)")

    WRITES: ClassVar[dict[str, tuple[str, ...]]] = {"merchants": ("standard",)}
    MEASURES: ClassVar[tuple[Measure, ...]] = (
        Measure("leading_share", "share", "stock", "largest share of a segment's firms that is live"),
        Measure("standard_segments", "segments", "stock", "segments in which a share above the threshold is live"),
    )

    def step(self, world: World, draws: Draws) -> None:
        """Let firms look round among their kind."""
        if self.pull <= 0:
            return
        kind = world.merchants.circle if self.by_circle else world.merchants.segment
        share = _live_share(world, kind)
        world.merchants.columns["standard"][:] = (self.pull * logistic(self.steepness * (share - self.threshold)))[kind]

    def stocks(self, world: World) -> dict[str, float]:
        """Return the largest share live in a segment, and the segments above the threshold."""
        share = _live_share(world, world.merchants.segment)
        return {"leading_share": float(share.max()), "standard_segments": float(np.count_nonzero(share > self.threshold))}


def _live_share(world: World, kind: Ids) -> Floats:
    """Return the share of live firms of each kind, shape (kinds,)."""
    live = world.live()
    count = np.bincount(kind)
    return np.asarray(np.bincount(kind[live], minlength=len(count)) / np.maximum(count, 1))
