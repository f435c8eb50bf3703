"""Merchants: firms that pay for the product, integrate it and bring it to their consumers."""

from __future__ import annotations

import numpy as np

from sim.agents.population import Column, Row, decision
from sim.curves import Number, clip01, logistic, positive, saturation

PROSPECT, LEAD, ROUND, SIGNED, LIVE = range(5)
REP, RESELLER, SELF_SERVICE = range(3)
NOTHING, ASKED, UNDER_WAY, DELIVERED = range(4)
BRONZE, SILVER, GOLD = range(3)
REP, RESELLER, SELF_SERVICE, TELESALES = range(4)
ROUTES = ("rep", "reseller", "self_service", "telesales")

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
    Column("route", np.int64, -1, "code", "who serves the round: rep, reseller, self-service, telesales"),
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
    Column("packaged", np.float64, 0.0, "0-1", "how fresh its packaging as a reference customer is", (0.0, 1.0)),
    Column("hearings", np.float64, 0.0, "firms/week", "firms expected to have heard of it as a reference this week (followed while any is packaged)", (0.0, np.inf)),
    Column("standard", np.float64, 0.0, "utility", "how much less the status quo weighs because its kind treats the product as the standard", (0.0, np.inf)),
    Column("further", np.int64, NOTHING, "code", "further bespoke work of a live merchant: nothing, asked for, under way, delivered", (0, 3)),
    Column("extended", np.float64, 0.0, "money/week", "fee that further work has added since the last anniversary", (0.0, np.inf)),
    Column("response", np.float64, 1.0, "0-1", "how promptly its tickets are answered", (0.0, 1.0)),
    Column("redeemed", np.float64, 0.0, "points/week", "points its consumers spent this week", (0.0, np.inf)),
    Column("extent_of_use", np.float64, 1.0, "0-1", "how fully it uses the product", (0.0, 1.0)),
    Column("tier", np.int64, 0, "code", "bronze, silver, gold", (0, 2)),
    Column("backing", np.float64, 1.0, "×", "co-marketing behind its push", (1.0, np.inf)),
    Column("configured", np.float64, 0.0, "share", "unmet need that settings made for it cover", (0.0, 1.0)),
    Column("attention", np.float64, 0.0, "log weight", "how far its tickets are put ahead", (0.0, np.inf)),
    Column("relief", np.float64, 0.0, "share", "labour of use it has been relieved of", (0.0, 1.0)),
    Column("teaching", np.float64, 0.0, "money/week", "cost of teaching other firms, less what it is paid for that"),
    Column("bound_until", np.int64, -1, "week", "last week of its contract with a rival (-1: none)"),
    Column("rival", np.int64, -1, "id", "the reseller that also sells in its round, which is contested (-1: nobody)"),
    Column("margin_share", np.float64, 1.0, "share", "share of the usual margin that the reseller of the account gets", (0.0, 1.0)),
    Column("bounty", np.float64, 0.0, "money", "owed to the acquisition partner that brought it, once it is live (0: no partner)", (0.0, np.inf)),
    Column("list_fee", np.float64, -1.0, "money/week", "list fee when it signed or last renewed (-1: signed without a list price)"),
    Column("parted", np.bool_, True, "flag", "no longer (or not yet) at its consumers' side: what a loss of it costs them is done"),
    Column("agreed", np.float64, 1.0, "share", "share of the list fee agreed until the first renewal", (0.0, 1.0)),
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


def buys_further_work(satisfaction: Number, unmet: Number, desire: Number, least: Number) -> Number:
    """Return the weekly hazard at which a live firm asks for further bespoke work: `desire` × unmet need × satisfaction beyond `least` (below 1)."""
    return desire * unmet * positive(satisfaction - least) / (1.0 - least)
def teaches(satisfaction: Number, pay: Number, cost: Number, most: Number) -> Number:
    """Return the weekly hazard at which a satisfied firm agrees to lecture: a quarter of it for the honour, the rest for the pay.

    `pay` and `cost` (> 0) are the money for a lecture and what the time for it costs the firm.
    """
    return most * satisfaction * (0.25 + 0.75 * saturation(pay, cost))
def signs_with_rival(offer: Number, believed: Number, spread: Number, most: Number) -> Number:
    """Return the weekly hazard at which a firm in market signs with a rival: `most` × logit of its offer against what is believed of the vendor."""
    return most * logistic((offer - believed) / spread)


def shows_badge(benefit: Number, satisfaction: Number, level: Number, weight: Number, pride: Number) -> Number:
    """Return the chance that a live firm shows the vendor's badge: logit in the benefit (relative to the fee) and satisfaction; 0 without benefit."""
    return np.where(benefit > 0.0, logistic(level + weight * benefit + pride * (satisfaction - 0.5)), 0.0)


class Merchant(Row):
    """A merchant as an agent; override a decision to let it decide otherwise."""

    next_satisfaction = decision(next_satisfaction)
    own_gain = decision(own_gain)
    renewal_probability = decision(renewal_probability)
    push = decision(push)
    asks_for_more = decision(asks_for_more)
    buys_further_work = decision(buys_further_work)
    teaches = decision(teaches)
    signs_with_rival = decision(signs_with_rival)
    shows_badge = decision(shows_badge)
