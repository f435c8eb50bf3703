"""Channel resellers: they sell the product among others in a territory, for margin and as far as they trust the vendor."""

from __future__ import annotations

import numpy as np

from sim.agents.population import Column, Row, decision
from sim.curves import Number, clip01, positive, saturation

CANDIDATE, ACTIVE, LEFT = range(3)

COLUMNS = (
    Column("region", np.int64, 0, "index", "territory"),
    Column("talent", np.float64, 1.0, "× mean", "selling skill once trained", (0.0, np.inf)),
    Column("state", np.int64, CANDIDATE, "code", "candidate, active, left", (0, 2)),
    Column("joined_week", np.int64, -1, "week", "when it signed up"),
    Column("skill", np.float64, 0.0, "0-1", "how much of its talent it can use on this product", (0.0, 1.0)),
    Column("confidence", np.float64, 0.0, "0-1", "confidence in the vendor", (0.0, 1.0)),
    Column("habit", np.float64, 0.0, "0-1", "support it is used to (13-week average)", (0.0, 1.0)),
    Column("trust", np.float64, 0.5, "0-1", "trust in announcements", (0.0, 1.0)),
    Column("surprise", np.float64, 0.0, "0-1", "mean square of support heard less expected", (0.0, 1.0)),
    Column("effort", np.float64, 0.0, "share", "share of its selling time given to this product", (0.0, 1.0)),
    Column("deals", np.float64, 0.0, "signings", "recent signings, each fading over 26 weeks", (0.0, np.inf)),
    Column("sold", np.int64, 0, "count", "signings so far", (0, np.inf)),
    Column("low_weeks", np.int64, 0, "weeks", "weeks in a row below the exit level", (0, np.inf)),
    Column("parent", np.int64, -1, "id", "the reseller that won it over (-1: none, or it has left)"),
    Column("earned", np.float64, 0.0, "money/week", "margin on its accounts this week", (0.0, np.inf)),
    Column("margin_kept", np.float64, 1.0, "share", "mean share of the usual margin it gets on its accounts", (0.0, 1.0)),
)


def support_heard(paid: Number, promotion: Number, leads: Number, answers: Number) -> Number:
    """Return S in [0, 1], what the reseller hears of the vendor this week: the capped sum of its four parts."""
    return clip01(paid + promotion + leads + answers)


def expected_support(habit: Number, announced: Number, belief: Number) -> Number:
    """Return e, the support expected: habit, and the announcement as far as it is believed (`belief` 0 when none)."""
    return (1.0 - belief) * habit + belief * announced


def target_confidence(support: Number, deals: Number, belief: Number, shortfall: Number, disappointment: Number) -> Number:
    """Return T = clip(0.6 S + 0.2 D + 0.2 κ' − g (e − S)⁺, 0, 1): where confidence is heading."""
    return clip01(0.6 * support + 0.2 * deals + 0.2 * belief - disappointment * positive(shortfall))


def next_confidence(confidence: Number, target: Number, speed: Number, asymmetry: Number) -> Number:
    """Return confidence a week on; it falls `asymmetry` times as fast as it rises (by analogy with Tversky & Kahneman 1992)."""
    gap = target - confidence
    return clip01(confidence + speed * (positive(gap) - asymmetry * positive(-gap)))


def effort_share(appeal: Number, other_appeal: Number, lines: Number) -> Number:
    """Return the share of effort by logit over this line and `lines` others of `other_appeal`."""
    return 1.0 / (1.0 + lines * np.exp(other_appeal - appeal))


def recruiting_hazard(confidence: Number, deals: Number, most: Number, half: Number) -> Number:
    """Return the weekly hazard at which it wins over a candidate of its territory: confidence × success, `half` deals half of it."""
    return most * confidence * saturation(deals, half)


def returning_hazard(programme: Number, most: Number) -> Number:
    """Return the weekly hazard at which a reseller that left comes back; `programme` (0-1) is how much the vendor invites."""
    return most * programme


class Reseller(Row):
    """A reseller as an agent; override a decision to let it decide otherwise."""

    support_heard = decision(support_heard)
    expected_support = decision(expected_support)
    target_confidence = decision(target_confidence)
    next_confidence = decision(next_confidence)
    effort_share = decision(effort_share)
    recruiting_hazard = decision(recruiting_hazard)
    returning_hazard = decision(returning_hazard)
