"""Rivals: vendors of a simpler kind that sell to the same firms."""

from __future__ import annotations

import numpy as np

from sim.agents.population import Column, Row, decision
from sim.curves import Number, clip01, positive

COLUMNS = (
    Column("entered", np.int64, -1, "week", "when it entered the market (-1: not yet)"),
    Column("offer", np.float64, 0.0, "0-1", "what its product is worth to a firm", (0.0, 1.0)),
    Column("voice", np.float64, 0.0, "money/week", "its promotion", (0.0, np.inf)),
    Column("price", np.float64, 1.0, "× usual fee", "its price", (0.0, np.inf)),
)


def next_offer(offer: Number, improvement: Number, shown: Number, copying: Number) -> Number:
    """Return a rival's offer a week on: it closes the share `improvement` of its gap to 1, and copies what the vendor has shown.

    Copying closes the share `copying` of what is left up to `shown`; nobody copies what is worse.
    """
    own = offer + improvement * (1.0 - offer)
    return clip01(own + copying * positive(shown - own))


class Rival(Row):
    """A rival as an agent; override a decision to let it decide otherwise."""

    next_offer = decision(next_offer)
