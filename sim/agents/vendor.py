"""The vendor: the company whose product it is, and what it opens with."""

from __future__ import annotations

import numpy as np

from sim.agents.population import Column, Row
from sim.fields import Parameters, par

STAGES = ("prototype", "iteration", "stability")

COLUMNS = (
    Column("cash", np.float64, 0.0, "money", "cash in hand (negative: credit drawn)"),
    Column("affordable", np.float64, 1.0, "share", "share of discretionary spending the till allows this week", (0.0, 1.0)),
    Column("staffed", np.float64, 1.0, "share", "share of staff that is paid and stays", (0.0, 1.0)),
    Column("stage", np.int64, 0, "code", "0 prototype, 1 iteration, 2 stability", (0, 2)),
    Column("stage_week", np.int64, -1, "week", "when each stage was entered (-1: not yet)", None, len(STAGES)),
    Column("polish", np.float64, 0.2, "0-1", "how well the product works", (0.0, 1.0)),
    Column("credibility", np.float64, 0.7, "0-1", "share of promises kept on time, as the market sees it", (0.0, 1.0)),
    Column("rep_capacity", np.float64, 0.0, "rounds", "rounds the ramped reps can hold open", (0.0, np.inf)),
    Column("reps", np.float64, 0.0, "people", "reps at work", (0.0, np.inf)),
    Column("engineering", np.float64, 0.0, "person-weeks", "engineering left for the core roadmap this week", (0.0, np.inf)),
    Column("engineers", np.float64, 0.0, "people", "engineers on the payroll", (0.0, np.inf)),
    Column("unpaid_upkeep", np.float64, 0.0, "share", "upkeep not done, as a share of engineering", (0.0, np.inf)),
    Column("bespoke_features", np.float64, 0.0, "features", "bespoke features live and kept up", (0.0, np.inf)),
    Column("queue", np.float64, 0.0, "person-weeks", "promised bespoke work not yet done", (0.0, np.inf)),
    Column("queue_weeks", np.float64, 0.0, "weeks", "how long that queue takes (at most 1040)", (0.0, 1040.0)),
    Column("response", np.float64, 1.0, "0-1", "how promptly tickets are answered", (0.0, 1.0)),
    Column("support_staff", np.float64, 0.0, "people", "support staff on the payroll", (0.0, np.inf)),
    Column("spare_support", np.float64, 0.0, "person-weeks", "support not taken by tickets", (0.0, np.inf)),
    Column("evidence", np.float64, 0.0, "reports/week", "usage evidence that reached engineering this week", (0.0, np.inf)),
    Column("trial_work", np.float64, 0.0, "person-weeks", "engineering that firms trying the product take this week", (0.0, np.inf)),
    Column("pilot_support", np.float64, 0.0, "person-weeks", "support that this week's pilots take", (0.0, np.inf)),
    Column("unserved_leads", np.float64, 0.0, "firms", "leads waiting for a rep", (0.0, np.inf)),
    Column("visible", np.float64, 0.0, "0-1", "promotion a reseller sees in the market", (0.0, 1.0)),
    Column("recruiting", np.float64, 0.0, "hazard/week", "how strongly promotion invites resellers to sign up", (0.0, np.inf)),
    Column("direct_reach", np.float64, 0.0, "hazard/week", "promotion's direct reach of consumers", (0.0, np.inf)),
    Column("kept_people", np.float64, 0.0, "people", "active consumers kept after their merchant has gone, each counted as its share of usual activity", (0.0, np.inf)),
    Column("claimed_support", np.float64, 0.0, "person-weeks", "support promised this week beyond tickets, pilots and going live", (0.0, np.inf)),
    Column("ticket_work", np.float64, 1.0, "×", "work for a ticket, against a vendor without documents", (0.0, 1.0)),
    Column("self_solved", np.float64, 0.0, "share", "tickets that other users solve", (0.0, 1.0)),
    Column("automated", np.float64, 0.0, "share", "work of setting a firm up that needs nobody", (0.0, 1.0)),
    Column("content_quality", np.float64, 1.0, "×", "quality of content, against the usual", (1.0, np.inf)),
    Column("event_pull", np.float64, 1.0, "×", "reach of exhibitions and salons, against a vendor without a name there", (1.0, np.inf)),
    Column("voice", np.float64, 0.0, "money/week", "goodwill over all channels: how loudly the vendor is heard", (0.0, np.inf)),
    Column("search_voice", np.float64, 0.0, "money/week", "goodwill of its search channels", (0.0, np.inf)),
    Column("search_share", np.float64, 1.0, "share", "share of searches for the category that come to the vendor", (0.0, 1.0)),
    Column("name_known", np.float64, 0.0, "share", "share of searchers who know the vendor's name from a badge", (0.0, 1.0)),
    Column("best_rival", np.float64, 0.0, "0-1", "best offer of a rival, less what it costs beyond the usual fee (0: no rival)", (0.0, 1.0)),
    Column("rival_contract", np.int64, 0, "weeks", "how long a contract with a rival binds", (0, np.inf)),
    Column("margin_demand", np.float64, 1.0, "×", "margin that resellers ask for, against a market without rivals", (1.0, np.inf)),
    Column("recent_wins", np.float64, 0.0, "firms", "signatures in each of the last 26 weeks", (0.0, np.inf), 26),
    Column("recent_decided", np.float64, 0.0, "rounds", "decided rounds in each of the last 26 weeks", (0.0, np.inf), 26),
    Column("programme", np.float64, 0.0, "0-1", "how much programme spending invites resellers", (0.0, 1.0)),
    Column("fee", np.float64, 0.0, "money/week", "list fee of a new contract this week", (0.0, np.inf)),
    Column("clutter", np.float64, 0.0, "share", "share of consumers' experience that advertising took last week", (0.0, 1.0)),
)


class Opening(Parameters):
    """What the vendor opens with in week 0 (the state of a team with a prototype and its first signed firms)."""

    opening_cash: float = par(9_000_000.0, "cash at week 0: about 90 weeks of the opening team, so that cash alone does not decide timing", unit="money", bounds=(0, 1e12), extensive=True)
    seeds: int = par(3, "merchants signed at week 0, in the target segment", unit="firms", bounds=(0, 100), source="B2B2C practice: a prototype is built around 2-3 signed customers")
    seed_work: float = par(8.0, "bespoke work under way at each seed", unit="person-weeks", bounds=(0, 1e4), extensive=True)
    seed_features: int = par(2, "bespoke features under way at each seed", unit="features", bounds=(0, 8))
    core_cost: float = par(11.0, "core work that takes a feature from 0 to 63 % of maturity", unit="person-weeks/feature", bounds=(0.01, 1e5), extensive=True, role="uncertain", plausible=(9.0, 13.0))
    maturity: float = par(0.2, "maturity of the features the seeds need", unit="0-1", bounds=(0, 1))
    other_maturity: float = par(0.0, "maturity of all other features", unit="0-1", bounds=(0, 1))
    polish: float = par(0.2, "polish at week 0", unit="0-1", bounds=(0, 1))
    credibility: float = par(0.7, "credibility of promises at week 0", unit="0-1", bounds=(0, 1))
    target_segment: int = par(0, "segment the product is meant for: need research asks its firms, and focus is judged by its need", unit="index", bounds=(0, 99))
    seed_segment: int = par(0, "segment of the merchants signed at week 0", unit="index", bounds=(0, 99))
    capability_segment: int = par(-1, "segment whose need a capability the vendor starts with happens to meet (-1: no such capability)", unit="index", bounds=(-1, 99))
    capability: float = par(0.0, "maturity of that capability: of the features that segment needs more than others do", unit="0-1", bounds=(0, 1))


class Vendor(Row):
    """The vendor as an agent."""
