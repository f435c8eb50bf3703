"""Consumers: end users, each at home with one merchant. A row stands for `market.people_per_row` people.

With `market.consumers = "cohorts"` there are no rows: people are counted in cohorts, which decide by the same rules.
"""

from __future__ import annotations

import numpy as np

from sim.agents.population import Column, Row, decision
from sim.curves import Number

UNAWARE, AWARE, CONSUMING, LAPSED = range(4)
STATES = 4

COLUMNS = (
    Column("merchant", np.int64, 0, "id", "home merchant"),
    Column("state", np.int64, UNAWARE, "code", "unaware, aware, active, lapsed", (0, 3)),
    Column("propensity", np.float64, 1.0, "× mean", "how readily this person takes up offers", (0.0, np.inf)),
    Column("points", np.float64, 0.0, "points/person", "points held", (0.0, np.inf)),
)


def hearing_hazard(push: Number, strong: Number, weak: Number, direct: Number) -> Number:
    """Return the weekly hazard to become aware: the merchant's push, strong and weak ties, the vendor's own reach.

    Hazards add (Goldenberg, Libai & Muller 2001 in continuous form).
    """
    return push + strong + weak + direct


def activation_hazard(propensity: Number, experience: Number, most: Number) -> Number:
    """Return the weekly hazard at which an aware person starts using it: `most` × propensity × experience (0-1)."""
    return most * propensity * experience


def lapse_hazard(experience: Number, least: Number, friction: Number) -> Number:
    """Return the weekly hazard to lapse: `least` plus `friction` × what is missing in the experience."""
    return least + friction * (1.0 - experience)


def return_hazard(propensity: Number, experience: Number, most: Number) -> Number:
    """Return the weekly hazard at which a lapsed person returns."""
    return most * propensity * experience


class Consumer(Row):
    """A consumer as an agent; override a decision to let it decide otherwise."""

    hearing_hazard = decision(hearing_hazard)
    activation_hazard = decision(activation_hazard)
    lapse_hazard = decision(lapse_hazard)
    return_hazard = decision(return_hazard)
