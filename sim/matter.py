"""Which defaults matter most to somebody with a market of his own, most important first."""

from __future__ import annotations

from collections.abc import Collection

YOURS = "yours: "  # how the comment beside a setting begins that is the user's own answer
ASKED = (
    "market.merchants", "need.interval", "market.committee_mean", "market.consumers_per_merchant", "market.reseller_pool",
    "buying.fee", "sales.reps", "customization.engineers", "service.support_staff", "vendor.opening_cash",
)  # what `sim scenarios new` asks for, in its order
COSTS = ("customization.wage", "sales.wage", "service.wage", "ledger.overhead")
# Uncertain parameters by how far `value` moves between the ends of their plausible ranges, on `baseline+small` with common seeds.
# A slow test measures again.
UNCERTAIN = (
    "market.need_heterogeneity", "market.segment_overlap", "need.window", "product.polish_cost", "buying.cost",
    "product.obsolescence", "sales.reseller_reach", "buying.evaluation", "belief.prior", "promotion.reach", "vendor.core_cost",
    "sales.enquiry", "buying.colleagues", "buying.faults", "market.other_veto_share", "renewal.level",
    "market.well_served_spread",
)
MATTERS = ASKED + COSTS + UNCERTAIN


def told_by_default(settled: Collection[str]) -> list[str]:
    """Return the settings that matter and are not among `settled`, neither themselves nor in the plan, in order."""
    return [path for path in MATTERS if path not in settled and f"plan.{path}" not in settled]
