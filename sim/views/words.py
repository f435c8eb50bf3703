"""Numbers and names as people read them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

MINUS = "\N{MINUS SIGN}"
LONG_TITLE = 34
MEASURES = {
    "signed_merchants": "signed merchants",
    "live_merchants": "live merchants",
    "win_rate": "share of decided rounds won",
    "cycle_weeks": "length of a buying round",
    "no_decision_share": "rounds without decision",
    "rejection_share": "rounds rejected",
    "cac": "cost per signed merchant",
    "churn_rate": "merchants lost",
    "participants": "consumers who have heard of it",
    "redemption_rate": "points redeemed",
    "fit": "fit of product and need",
    "polish": "polish of the product",
    "focus": "focus of engineering",
    "bespoke_live": "bespoke features to keep up",
    "custom_backlog_weeks": "queue of custom work",
    "debt_share": "engineering spent on upkeep",
    "resellers_active": "active resellers",
    "reseller_win_share": "wins through resellers",
    "references": "reference merchants",
    "support_cost_per_merchant": "support cost per merchant",
    "p_solvent": "solvent replications",
    "gmv": "gross merchandise value", "take_revenue": "taken by the platform", "cps_revenue": "commission on sales brought",
    "top20_share": "share of the top fifth of merchants", "ltv": "lifetime value", "ltv_cac": "lifetime value to CAC",
    "burn_multiple": "burn multiple", "grr": "gross revenue retention", "nrr": "net revenue retention",
    "p_target": "replications that reach the target", "week_target": "target reached",
    "week_iteration": "iteration gate",
    "week_stability": "stability gate",
    "week_insolvent": "cash used up",
    "in_market": "firms in the market",
    "wins_per_rep": "wins per sales rep",
    "sem_clicks_per_win": "search clicks per win",
    "executive_contact_share": "contacts with executives",
    "renewal_rate": "contracts renewed",
    "runway_weeks": "cash lasts for",
    "promise_kept": "promises kept on time",
    "merchant_gain": "merchants' own gain",
    "reseller_exits": "resellers who left",
    "productive_reseller_share": "resellers with sales",
    "expectation_gap": "support heard less support expected",
    "channel_support": "support paid to resellers",
    "contacts": "decision-makers reached",
    "executive_contacts": "executives reached",
    "awareness": "firms that know the vendor",
    "response": "promptness of support",
    "told": "firms told of an evaluation",
    "sem_clicks": "search clicks",
    "rep_weeks": "sales reps on the payroll",
    "cycle_sum": "weeks in rounds won",
    "debt_weeks": "upkeep that was due",
    "engineering_weeks": "engineering paid for",
    "live_weeks": "live merchants, week by week",
    "requests": "requests for bespoke work",
    "accepted": "requests accepted",
    "due_renewals": "contracts up for renewal",
    "churned": "merchants lost in all",
    "reports": "usage reports received",
}
CHANNELS = {
    "seo": "SEO", "sem": "SEM", "feed_ads": "feed ads", "word_of_mouth": "word of mouth", "cold_outreach": "cold outreach",
    "reseller": "resellers", "seed": "seed merchants", "exhibition": "exhibitions", "salon": "salons", "incubator": "incubators",
}
GROUPS = {
    "Outcome": ("value", "signed_merchants", "live_merchants", "active_consumers", "cash", "p_solvent"),
    "Stages": ("week_iteration", "week_stability", "week_insolvent", "stage"),
    "From contact to contract": (
        "impressions", "visits", "leads", "in_market", "opportunities", "win_rate", "rejection_share", "no_decision_share",
        "cycle_weeks", "cac", "executive_contact_share", "sem_clicks_per_win", "wins_per_rep", "inbound_share", "goodwill",
        "references", "awareness", "burnt_prospects",
    ),
    "Product and service": (
        "fit", "polish", "focus", "bespoke_live", "custom_backlog_weeks", "debt_share", "promise_kept", "satisfaction",
        "response", "support_cost_per_merchant", "merchant_gain", "renewal_rate", "churn_rate",
    ),
    "Resellers": (
        "resellers_active", "reseller_confidence", "reseller_win_share", "productive_reseller_share", "reseller_exits",
        "reseller_sign_ups", "reseller_effort", "expectation_gap", "channel_support",
    ),
    "Consumers": (
        "participants", "points_outstanding", "points_earned", "points_spent", "points_expired", "redemption_rate",
    ),
    "Money": (
        "revenue", "spend", "acquisition_spend", "promotion_spend", "sales_spend", "support_spend", "channel_spend",
        "runway_weeks", "gmv", "take_revenue", "cps_revenue", "top20_share", "ltv", "ltv_cac", "cac_payback_weeks",
        "burn_multiple", "nrr", "grr", "p_target", "week_target",
    ),
}
COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def measure_name(measure: str) -> str:
    """Return the name of a measure in plain words."""
    return MEASURES.get(measure, measure.replace("_", " "))


def grouped(measures: Iterable[str]) -> dict[str, list[str]]:
    """Sort measures into groups to read; those that no group names come last, as counts behind the others."""
    rest = list(measures)
    groups = {group: [m for m in names if m in rest] for group, names in GROUPS.items()}
    groups["Counts behind these"] = [m for m in rest if not any(m in names for names in GROUPS.values())]
    return {group: names for group, names in groups.items() if names}


def unit_name(unit: str, currency: str) -> str:
    """Return a unit as an axis shows it: the scenario's currency for money, words for a bare range."""
    return "index, 0 to 1" if unit == "0-1" else unit.replace("money", currency)


def channel_name(key: str) -> str:
    """Return the name of a channel in plain words."""
    return CHANNELS.get(key, key.replace("_", " "))


def capital(text: str) -> str:
    """Return `text` with its first letter in upper case, the rest untouched."""
    return text[:1].upper() + text[1:]


def plan_names(scenarios: dict[str, Any]) -> dict[str, str]:
    """Return a short, distinct name for each scenario by its key: its title where short and its own, else its key in words."""
    titles = [s.title for s in scenarios.values()]
    return {
        key: s.title if s.title and len(s.title) <= LONG_TITLE and titles.count(s.title) == 1 else capital(key.replace("_", " "))
        for key, s in scenarios.items()
    }


def count(n: int) -> str:
    """Return a small number as a word."""
    return COUNTS[n] if n < len(COUNTS) else str(n)


def join(names: Sequence[str]) -> str:
    """Join names as in 'a, b and c'."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _scaled(x: float) -> tuple[float, str]:
    for limit, unit, letter in ((1e9, 1e9, "bn"), (1e6, 1e6, "M"), (1e4, 1e3, "k")):
        if abs(x) >= limit * 0.9995:
            return x / unit, letter
    return x, ""


def number(x: float | None, sign: bool = False) -> str:
    """Return `x` with three digits (two below 1) and k, M or bn from 10k on; `sign` puts a plus before what is positive."""
    if x is None or not math.isfinite(x):
        return "\N{EN DASH}"
    value, letter = _scaled(x)
    digits = 0 if value == 0 or abs(value) >= 99.95 else 1 if abs(value) >= 9.995 else 2
    if not letter and abs(value - round(value)) < (0.05 if abs(value) >= 9.995 else 1e-9):
        digits = 0
    if not letter and 1e-6 <= abs(value) < 0.0995:
        digits = 1 - math.floor(math.log10(abs(value)))
    text = f"{abs(value):,.{digits}f}"
    if float(text.replace(",", "")) == 0:
        return "0"
    return (MINUS if value < 0 else "+" if sign else "") + text + letter


def tick(x: float, _position: int = 0) -> str:
    """Return a tick label: no trailing zeros, k and M for thousands and millions."""
    for limit, letter in ((1e9, "bn"), (1e6, "M"), (1e3, "k")):
        if abs(x) >= limit:
            return f"{x / limit:g}{letter}".replace("-", MINUS)
    return f"{x:g}".replace("-", MINUS)


def percent(x: float) -> str:
    """Return a share as a percentage; one decimal below 1%."""
    value = 100 * x
    return f"{value:.0f}%" if value >= 0.95 or value < 0.05 else f"{value:.1f}%"


def day(date: Any) -> str:
    """Return a date as '4 January 2027'."""
    return f"{date.day} {date:%B} {date.year}"


def runs(n: int) -> str:
    """Return 'one replication' or 'n replications'."""
    return "one replication" if n == 1 else f"{n} replications"
