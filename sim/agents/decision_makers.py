"""Decision-makers: the people inside a merchant whose beliefs decide."""

from __future__ import annotations

import numpy as np

from sim.agents.population import Column, Row, decision
from sim.curves import Number, logistic

EXECUTIVE, ADMINISTRATOR, TECHNICAL, FINANCE, FRONTLINE = range(5)
ROLES = ("executive", "administrator", "technical", "finance", "frontline")

COLUMNS = (
    Column("merchant", np.int64, 0, "id", "the firm"),
    Column("role", np.int64, EXECUTIVE, "code", "executive, administrator, technical, finance, frontline", (0, 4)),
    Column("veto", np.bool_, False, "flag", "the firm cannot sign against this person"),
    Column("aware", np.bool_, False, "flag", "knows of the vendor"),
    Column("mean", np.float64, 0.0, "0-1", "believed value of the product for the firm"),
    Column("precision", np.float64, 1.0, "1/variance", "how sure the belief is", (0.0, np.inf)),
    Column("error", np.float64, 0.0, "utility", "what this person weighs in this round beyond the model", None),
    Column("evaluated", np.bool_, False, "flag", "has tried the product in this round"),
    Column("skill", np.float64, 1.0, "× usual", "how well an administrator handles the product (1: learned it alone)", (0.0, 3.0)),
)


def posterior_mean(mean: Number, precision: Number, signal: Number, weight: Number) -> Number:
    """Return the belief after a signal of precision `weight`: the precision-weighted average (Roberts & Urban 1988)."""
    return (precision * mean + weight * signal) / (precision + weight)


def posterior_precision(precision: Number, weight: Number) -> Number:
    """Return the precision after a signal of precision `weight` (Erdem & Keane 1996)."""
    return precision + weight


def drifted(belief: Number, prior: Number, memory: Number) -> Number:
    """Return a belief (mean or precision) a week on: the share `memory` of its distance to the prior is kept."""
    return prior + memory * (belief - prior)


def enquiry_hazard(mean: Number, need: Number, spread: Number, initiative: Number) -> Number:
    """Return the weekly hazard at which an aware person in a firm in market enquires: low once belief is below need."""
    return initiative * logistic((mean - need) / spread)


def utility(mean: Number, precision: Number, value_weight: Number, risk_weight: Number, cost: Number, error: Number) -> Number:
    """Return the utility of signing over the status quo: value believed, less risk (1/√precision), less costs, plus the round's error."""
    return value_weight * mean - risk_weight / np.sqrt(precision) - cost + error


def completes_node(usual: Number, skill: Number, help_: Number) -> Number:
    """Return the weekly hazard at which an administrator completes a node of setting up, × skill × (1 + help)."""
    return usual * skill * (1.0 + help_)


class DecisionMaker(Row):
    """A decision-maker as an agent; override a decision to let it decide otherwise."""

    posterior_mean = decision(posterior_mean)
    posterior_precision = decision(posterior_precision)
    drifted = decision(drifted)
    enquiry_hazard = decision(enquiry_hazard)
    utility = decision(utility)
    completes_node = decision(completes_node)
