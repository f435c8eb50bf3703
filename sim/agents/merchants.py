"""Merchants: firms that pay for the product, integrate it and bring it to their consumers."""

from __future__ import annotations

import numpy as np

from sim.agents.population import Column, Row, decision
from sim.curves import Number, clip01, logistic, positive

PROSPECT, LEAD, ROUND, SIGNED, LIVE = range(5)
REP, RESELLER, SELF_SERVICE = range(3)
ROUTES = ("rep", "reseller", "self_service")

COLUMNS = (
    Column("segment", np.int64, 0, "index", "industry"),
    Column("region", np.int64, 0, "index", "where the firm is"),
    Column("circle", np.int64, 0, "index", "segment × region: firms that hear of each other"),
    Column("size", np.float64, 1.0, "× mean firm", "firm size", (0.0, np.inf)),
    Column("frequency", np.float64, 1.0, "× mean", "how often the firm comes into market, relative", (0.0, np.inf)),
    Column("pace", np.float64, 1.0, "× mean", "how fast people in the firm get round to things", (0.0, np.inf)),
    Column("well_served", np.float64, 0.0, "utility", "how much better than usual its present solution is"),
    Column("window_end", np.int64, -1, "week", "last week of the in-market window (-1: out of market)"),
    Column("status", np.int64, PROSPECT, "code", "prospect, lead, in a round, signed, live", (0, 4)),
    Column("source", np.int64, -1, "code", "who reached the firm last (-1: nobody)"),
    Column("lead_week", np.int64, -1, "week", "when it enquired"),
    Column("round_week", np.int64, -1, "week", "when its round opened"),
    Column("rounds", np.int64, 0, "count", "rounds opened so far", (0, np.inf)),
    Column("route", np.int64, -1, "code", "who serves the round: rep, reseller, self-service"),
    Column("reseller", np.int64, -1, "id", "the reseller that opened the round or holds the account"),
    Column("signed_week", np.int64, -1, "week", "when it signed"),
    Column("live_week", np.int64, -1, "week", "when it went live"),
    Column("due_week", np.int64, -1, "week", "when promised work is due (-1: nothing promised)"),
    Column("bespoke_work", np.float64, 0.0, "person-weeks", "promised work not yet done", (0.0, np.inf)),
    Column("fee", np.float64, 0.0, "money/week", "fee of its contract", (0.0, np.inf)),
    Column("expected", np.float64, 0.0, "0-1", "value it was promised when it signed", (0.0, 1.0)),
    Column("satisfaction", np.float64, 0.5, "0-1", "satisfaction once live", (0.0, 1.0)),
    Column("survival", np.float64, 0.8, "1/year", "chance to renew, were it to decide this week", (0.0, 1.0)),
    Column("gain", np.float64, 0.0, "money/week", "its own gain from the product"),
    Column("active_people", np.float64, 0.0, "people", "its active consumers", (0.0, np.inf)),
    Column("reference", np.bool_, False, "flag", "vouches for the product"),
    Column("talk", np.float64, 0.0, "evaluations", "recent evaluation it still talks about", (0.0, np.inf)),
    Column("seen", np.float64, 0.0, "0-1", "value it saw in that evaluation", (0.0, 1.0)),
    Column("list_fee", np.float64, -1.0, "money/week", "list fee when it signed or last renewed (-1: signed without a list price)"),
    Column("charges", np.float64, 0.0, "money/week", "commission and use fees it paid last week, beside its fee", (0.0, np.inf)),
    Column("brought_gain", np.float64, 0.0, "money/week", "its margin last week on sales that the vendor's platform brought", (0.0, np.inf)),
    Column("prizes_paid", np.float64, 0.0, "money/week", "prizes of its consumers that it paid for last week", (0.0, np.inf)),
)


def next_satisfaction(satisfaction: Number, surprise: Number, base: Number, slope: Number, aversion: Number, speed: Number) -> Number:
    """Return satisfaction a week on: it moves towards base + slope × (gain − aversion × loss) of `surprise`.

    `surprise` is delivered minus promised value; losses weigh `aversion` times (Tversky & Kahneman 1992: 2.25).
    """
    target = clip01(base + slope * (positive(surprise) - aversion * positive(-surprise)))
    return satisfaction + speed * (target - satisfaction)


def own_gain(active: Number, margin: Number, labour_saved: Number, fee: Number, labour: Number) -> Number:
    """Return the firm's weekly gain in money: margin on active consumers plus labour saved, less fee and labour of use."""
    return margin * active + labour_saved - fee - labour


def renewal_probability(satisfaction: Number, gain: Number, level: Number, weight: Number, gain_weight: Number, switching: Number) -> Number:
    """Return the yearly chance to renew: logit in satisfaction, own gain relative to the fee, and switching cost."""
    return logistic(level + weight * (satisfaction - 0.5) + gain_weight * gain + switching)


def push(satisfaction: Number, gain: Number, most: Number) -> Number:
    """Return the weekly hazard at which the firm makes one of its consumers aware; `gain` is relative to the fee."""
    return most * satisfaction * (0.5 + 0.5 * logistic(2.0 * gain))


def asks_for_more(unmet: Number, desire: Number) -> Number:
    """Return the weekly hazard at which a firm in a round asks for bespoke work, rising with its unmet need (0-1)."""
    return desire * unmet


class Merchant(Row):
    """A merchant as an agent; override a decision to let it decide otherwise."""

    next_satisfaction = decision(next_satisfaction)
    own_gain = decision(own_gain)
    renewal_probability = decision(renewal_probability)
    push = decision(push)
    asks_for_more = decision(asks_for_more)
