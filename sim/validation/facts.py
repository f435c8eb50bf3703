"""What is measured of one replication to judge the stylised facts: a flat dictionary, cheap to send between processes."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.agents.world import SOURCES
from sim.draws import Floats
from sim.record import Run
from sim.scenario import Scenario

CAMPAIGN = ("feed_ads", "exhibition")
AFTER_GATE = 104


def totals(run: Run) -> dict[str, float]:
    """Return value (money), signed merchants, first-year win rate, final focus, spending and the gates' weeks."""
    weekly, year = run.weekly, slice(0, 52)
    return {
        "value": weekly["value"][-1],
        "signed_merchants": weekly["signed_merchants"].sum(),
        "first_year_win_rate": _share(weekly["signed_merchants"][year].sum(), weekly["decided_rounds"][year].sum()),
        "focus": weekly["focus"][-1],
        "spend": weekly["spend"].sum(),
        "channel_support": weekly["channel_support"].sum(),
        "reseller_exits": weekly["reseller_exits"].sum(),
        "week_iteration": weekly["week_iteration"][-1],
        "week_stability": weekly["week_stability"][-1],
        "solvent": weekly["p_solvent"][-1],
    }


def levels(run: Run) -> dict[str, float]:
    """Return the calibrated levels of the baseline, counted from the week after the iteration gate (NaN where it never opens)."""
    weekly, start = run.weekly, run.weekly["week_iteration"][-1] + 1
    if not np.isfinite(start) or start + AFTER_GATE > run.weeks:
        return {}
    span = slice(int(start), int(start) + AFTER_GATE)
    signed, decided = weekly["signed_merchants"][span], weekly["decided_rounds"][span].sum()
    quarters = signed.reshape(4, -1).sum(axis=1)
    return {
        "signed in 104 weeks": signed.sum(),
        "linearity R²": float(np.corrcoef(np.arange(AFTER_GATE), np.cumsum(signed))[0, 1] ** 2),
        "last quarter / second": quarters[3] / quarters[1],
        "no-decision share": weekly["no_decisions"][span].sum() / decided,
        "win rate": signed.sum() / decided,
        "renewal rate": _share(weekly["renewals"].sum(), weekly["due_renewals"].sum()),
        "penetration": weekly["live_merchants"][-1],
        **_lead_times(run, span),
    }


def _lead_times(run: Run, span: slice) -> dict[str, float]:
    """Return the share of leads won within 180 days and the quartiles of days to won.

    Leads of the last 26 weeks are left out, so that all had 180 days. What was won k weeks after its enquiry took between k and
    k + 1 weeks: quantiles are those of grouped data, evenly spread within the week.
    """
    events, first, last = run.events, span.start, span.stop - 26
    signed = events["event"] == "signed"
    took = events["value"][signed].astype(np.float64)
    led = events["week"][signed] - took
    days = 7.0 * spread_within_weeks(took[(led >= first) & (led < last)])
    p25, p50, p75 = np.percentile(days, [25, 50, 75]) if len(days) else (np.nan,) * 3
    leads = run.weekly["leads"][first:last].sum()
    return {
        "won within 180 days": (days <= 180).sum() / max(leads, 1),
        "days to won p25": p25,
        "days to won p50": p50,
        "days to won p75": p75,
        "days p75 / p25": p75 / p25,
    }


def spread_within_weeks(weeks: Floats) -> Floats:
    """Return whole `weeks` (n,) sorted, with those of one week spread evenly over it: k + (j + 1/2)/n_k.

    >>> spread_within_weeks(np.array([3.0, 1.0, 3.0])).tolist()
    [1.5, 3.25, 3.75]
    """
    values, counts = np.unique(weeks, return_counts=True)
    parts = [value + (np.arange(count) + 0.5) / count for value, count in zip(values, counts, strict=True)]
    return np.concatenate(parts) if parts else np.zeros(0)


def campaign(run: Run, start: int, weeks: int = 26) -> dict[str, float]:
    """Return what the campaign that started in week `start` bought: visits, spending, rounds it opened, and wins among those.

    A round belongs to it when one of its channels reached the firm last and it opened within `weeks` + 4 of its start.
    """
    visits, spent = (run.breakdown[(name, "channel")][start : start + weeks] for name in ("visits", "promotion_spend"))
    columns = [SOURCES.index(name) for name in CAMPAIGN]
    opened, won = rounds_of(run, CAMPAIGN, start, start + weeks + 4)
    return {
        "campaign visits": visits[:, columns].sum(),
        "campaign spend": spent[:, columns].sum(),
        "campaign rounds": opened,
        "campaign wins": won,
    }


def rounds_of(run: Run, sources: tuple[str, ...], first: int, last: int) -> tuple[int, int]:
    """Return how many rounds opened in weeks first <= week < last through `sources`, and how many of those were signed."""
    events = run.events
    opened = np.flatnonzero(events["event"] == "opportunity")
    signed = np.flatnonzero(events["event"] == "signed")
    last_round: dict[int, int] = {}
    wins = set()
    for row in np.sort(np.concatenate([opened, signed])):
        firm = int(events["merchant"][row])
        if events["event"][row] == "opportunity":
            last_round[firm] = int(row)
        elif firm in last_round:
            wins.add(last_round[firm])
    mine = [int(r) for r in opened if events["cause"][r] in sources and first <= events["week"][r] < last]
    return len(mine), sum(r in wins for r in mine)


def early_resellers(run: Run) -> dict[str, float]:
    """Return how many resellers signed up before the iteration gate, and the share of them that sold within a year."""
    events, gate = run.events, run.weekly["week_iteration"][-1]
    gate = gate if np.isfinite(gate) else run.weeks
    joined = (events["event"] == "reseller_joined") & (events["week"] < gate)
    signed = (events["event"] == "signed") & (events["agent"] >= 0)
    sold = [
        bool(((events["agent"][signed] == who) & (events["week"][signed] <= week + 52)).any())
        for who, week in zip(events["agent"][joined], events["week"][joined], strict=True)
    ]
    return {"early resellers": float(len(sold)), "early resellers that sold": float(np.mean(sold)) if sold else float("nan")}


def recovery(gapped: Run, twin: Run, end: int) -> float:
    """Return the weeks from the gap's end until mean confidence is within 5 % of the twin's (NaN: not within the run)."""
    ratio = gapped.weekly["reseller_confidence"][end:] / twin.weekly["reseller_confidence"][end:]
    back = np.flatnonzero(ratio >= 0.95)
    return float(back[0]) if len(back) else float("nan")


def first_of_stability(run: Run) -> int:
    """Return the week the stability gate opened (the run's length where it never does)."""
    week = run.weekly["week_stability"][-1]
    return int(week) + 1 if np.isfinite(week) else run.weeks


def _share(part: Any, whole: Any) -> float:
    return float(part / whole) if whole > 0 else float("nan")


def with_switches(scenario: Scenario, switches: tuple[str, ...]) -> Scenario:
    """Return `scenario` with `switches` off, beside those that are off already."""
    return scenario.replace("off.switches", sorted({*scenario.off, *switches})) if switches else scenario
