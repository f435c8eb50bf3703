"""Made-up results with the frames and summaries that `sim.run` and `sim.compare` return: views are tried on them without a model."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

WEEKS = 156
CHANNELS = ("seo", "sem", "feed_ads", "content", "media", "exhibition", "salon", "incubator", "word_of_mouth", "cold_outreach", "reseller", "seed")
SHARE = {  # of visits, of leads, of opportunities, of wins
    "seo": (0.13, 0.12, 0.11, 0.10), "sem": (0.31, 0.24, 0.17, 0.12), "feed_ads": (0.27, 0.13, 0.05, 0.02),
    "content": (0.12, 0.14, 0.16, 0.17), "media": (0.06, 0.03, 0.02, 0.01), "exhibition": (0.03, 0.08, 0.12, 0.14),
    "salon": (0.01, 0.04, 0.07, 0.10), "incubator": (0.0, 0.02, 0.03, 0.03), "word_of_mouth": (0.07, 0.1, 0.12, 0.14),
    "cold_outreach": (0.0, 0.06, 0.07, 0.05), "reseller": (0.0, 0.04, 0.08, 0.12), "seed": (0.0, 0.0, 0.0, 0.001),
}
KINDS = {
    "impressions": ("contacts", "flow"), "visits": ("visits", "flow"), "leads": ("leads", "flow"), "opportunities": ("rounds", "flow"),
    "signed_merchants": ("merchants", "flow"), "live_merchants": ("merchants", "stock"), "win_rate": ("share", "ratio"),
    "cycle_weeks": ("weeks", "ratio"), "no_decision_share": ("share", "ratio"), "cac": ("CNY/merchant", "ratio"), "churn_rate": ("share/year", "ratio"),
    "active_consumers": ("people", "stock"), "points_outstanding": ("points", "stock"), "fit": ("0-1", "stock"), "polish": ("0-1", "stock"),
    "focus": ("0-1", "stock"), "resellers_active": ("resellers", "stock"), "reseller_confidence": ("0-1", "stock"),
    "burnt_prospects": ("merchants", "stock"), "channel_support": ("CNY/week", "flow"), "satisfaction": ("0-1", "stock"),
    "revenue": ("CNY", "flow"), "spend": ("CNY", "flow"), "cash": ("CNY", "stock"), "value": ("CNY", "stock"), "stage": ("stage", "stock"),
    "p_solvent": ("share", "stock"), "week_iteration": ("week", "week"), "week_stability": ("week", "week"), "week_insolvent": ("week", "week"),
}


@dataclass(frozen=True)
class FakeScenario:
    """Stands for a Scenario: only what the views read."""

    name: str
    title: str = ""
    description: str = "A vendor brings a points mall to merchants and, through them, to their consumers."
    start_date: date = date(2027, 1, 4)
    weeks: int = WEEKS
    currency: str = "CNY"

    def explain(self) -> str:
        """Return a calendar of the plan, as text."""
        return f"Plan of {self.name}\n  promotion.sem.spend   weeks 0-26 2,000   stability 30,000 CNY/week\n  channel.support_per_reseller   900 CNY/week <always>"

    def diff(self, other: FakeScenario) -> list[tuple[str, Any, Any]]:
        """Return one made-up difference."""
        return [] if other.name == self.name else [("plan.promotion.sem.spend", 8000, "weeks 0-26: 20000")]

    def digest(self) -> str:
        """Return a made-up content hash."""
        return "0f" * 32


@dataclass(frozen=True)
class FakeResult:
    """Stands for a Result."""

    scenario: FakeScenario
    seed: int
    reps: int
    weekly: pd.DataFrame
    breakdown: pd.DataFrame
    summary: dict[str, Any]
    events: pd.DataFrame = field(default_factory=pd.DataFrame)


@dataclass(frozen=True)
class FakeComparison:
    """Stands for a Comparison."""

    results: dict[str, FakeResult]
    table: dict[str, Any]
    best: str
    p_best: float


@dataclass(frozen=True)
class Shape:
    """What sets one made-up plan apart."""

    growth: float = 1.0
    burnt: float = 0.2
    focus: float = 0.75
    gaps: bool = False
    gate: int = 30
    cost: float = 1.0


SHAPES = {
    "baseline": Shape(),
    "premature_promotion": Shape(growth=0.72, burnt=1.0, gate=34, cost=1.02),
    "over_customization": Shape(growth=0.6, focus=0.3, gate=32, cost=1.05),
    "interrupted_channel_support": Shape(growth=0.85, gaps=True),
}
TITLES = {
    "baseline": "Sound plan", "premature_promotion": "Premature promotion",
    "over_customization": "Over-customization", "interrupted_channel_support": "Interrupted channel support",
}


def _run(shape: Shape, rng: np.random.Generator, weeks: int) -> dict[str, np.ndarray]:
    luck, t = 1 + 0.04 * rng.standard_normal(), np.arange(weeks, dtype=float)
    gate = int(shape.gate + rng.integers(-3, 4))
    stable = gate + 36 + int(rng.integers(-4, 5))
    ramp = 1 / (1 + np.exp(-(t - gate - 24) / 9))
    signed = rng.poisson(30 * shape.growth * luck * ramp)
    live = np.cumsum(signed) * (1 - 0.0015 * t)
    paid = ((t >= 20) & (((t // 26) % 2 == 0) | (not shape.gaps))) * 45_000.0 * (2 if shape.gaps else 1)
    confidence = np.empty(weeks)
    level = 0.3
    for week in range(weeks):
        target = (0.62 if paid[week] > 0 else 0.1) * luck
        level += (target - level) * (0.026 if target > level else 0.06)
        confidence[week] = level
    revenue, spend = live * 420.0, (180_000 + 70 * live) * shape.cost
    cash = 14_000_000 + np.cumsum(revenue - spend)
    value = np.cumsum((revenue - spend) * 0.9985**t) + live * 9_000
    noise = rng.standard_normal((8, weeks)) * 0.01
    burnt = 900 * shape.burnt * luck * np.clip((t - 4) / 30, 0, 1) * np.exp(-np.clip(t - 60, 0, None) / 140)
    out: dict[str, Any] = {
        "impressions": 90_000 + 0 * t, "visits": rng.poisson(2_600 + 0 * t), "leads": rng.poisson(20 + 170 * ramp), "opportunities": rng.poisson(8 + 90 * ramp),
        "signed_merchants": signed, "live_merchants": live, "win_rate": np.where(t < 8, np.nan, 0.13 + noise[0]), "cycle_weeks": 13 + noise[1] * 40,
        "no_decision_share": 0.5 + noise[2], "cac": 8_000 + 3e4 * np.exp(-t / 40), "churn_rate": 0.16 + noise[3] / 3,
        "active_consumers": live * 820 * (1 + noise[4]), "points_outstanding": live * 90_000, "fit": 0.2 + 0.45 * (1 - np.exp(-t / 70)) + noise[5] / 2,
        "polish": 0.2 + 0.6 * (1 - np.exp(-t / 60)), "focus": 0.9 - (0.9 - shape.focus) * np.clip(t / 80, 0, 1) + noise[6],
        "resellers_active": np.clip((t - 20) * 1.4, 0, 150), "reseller_confidence": confidence, "burnt_prospects": np.round(burnt),
        "channel_support": paid, "satisfaction": 0.62 + noise[7], "revenue": revenue, "spend": spend, "cash": cash, "value": value,
        "stage": (t >= gate).astype(float) + (t >= stable), "p_solvent": np.minimum.accumulate(cash > 0).astype(float),
        "week_iteration": (t == gate).astype(float), "week_stability": (t == stable).astype(float), "week_insolvent": 0.0 * t,
    }
    return {name: np.asarray(column, dtype=float) for name, column in out.items()}


def weekly_frame(shape: Shape, seed: int = 1, reps: int = 8, weeks: int = WEEKS) -> pd.DataFrame:
    """Return a weekly table: one row per replication and week, one column per measure."""
    parts = []
    for replication in range(reps):
        columns = _run(shape, np.random.default_rng([seed, replication]), weeks)
        parts.append(pd.DataFrame({"replication": replication, "week": np.arange(weeks), **columns}))
    return pd.concat(parts, ignore_index=True)


def breakdown_frame(weekly: pd.DataFrame) -> pd.DataFrame:
    """Split visits, leads, opportunities and signed merchants by channel (shares are made up)."""
    parts = []
    for i, measure in enumerate(("visits", "leads", "opportunities", "signed_merchants")):
        for channel in CHANNELS:
            value = weekly[measure] * SHARE[channel][i]
            keys = weekly[["replication", "week"]].assign(measure=measure, dimension="channel", key=channel, value=value)
            parts.append(keys)
    return pd.concat(parts, ignore_index=True)


def _total(frame: pd.DataFrame, measure: str) -> np.ndarray:
    kind, groups = KINDS[measure][1], frame.groupby("replication")[measure]
    if kind == "week":
        return np.array([float(np.argmax(g.to_numpy() > 0)) if (g > 0).any() else np.nan for _, g in groups])
    return np.asarray({"flow": groups.sum, "stock": groups.last, "ratio": groups.mean}[kind](), dtype=float)


def _interval(values: np.ndarray) -> tuple[float, float, float]:
    values = values[np.isfinite(values)]
    if len(values) < 2:
        return (float(values[0]) if len(values) else np.nan), np.nan, np.nan
    half = float(stdtrit(len(values) - 1, 0.975)) * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean()), float(values.mean() - half), float(values.mean() + half)


def summarise(name: str, seed: int, reps: int, weekly: pd.DataFrame) -> dict[str, Any]:
    """Return the summary in the form of `summary.json`."""
    measures = {}
    for measure, (unit, kind) in KINDS.items():
        total = _total(weekly, measure)
        mean, lo95, hi95 = _interval(total)
        known = total[np.isfinite(total)]
        p10, p50, p90 = np.percentile(known, [10, 50, 90]) if len(known) else (np.nan,) * 3
        row = {"mean": mean, "lo95": lo95, "hi95": hi95, "p10": p10, "p50": p50, "p90": p90, "unit": unit, "kind": kind}
        measures[measure] = row | ({"share": len(known) / reps} if kind == "week" else {})
        measures[measure] = {k: (None if isinstance(v, float) and np.isnan(v) else v) for k, v in measures[measure].items()}
    return {"scenario": name, "seed": seed, "replications": reps, "measures": measures}


def fake_result(name: str = "baseline", shape: Shape | None = None, reps: int = 8, seed: int = 1, weeks: int = WEEKS, **scenario: Any) -> FakeResult:
    """Return a made-up result of `reps` replications of `weeks` weeks."""
    weekly = weekly_frame(shape or SHAPES.get(name, Shape()), seed, reps, weeks)
    scenario = {"title": TITLES.get(name, ""), "weeks": weeks} | scenario
    return FakeResult(FakeScenario(name, **scenario), seed, reps, weekly, breakdown_frame(weekly), summarise(name, seed, reps, weekly))


def fake_comparison(shapes: dict[str, Shape] | None = None, reps: int = 8, seed: int = 1, weeks: int = WEEKS) -> FakeComparison:
    """Return a made-up comparison; the first plan is the base."""
    shapes = shapes or SHAPES
    results = {name: fake_result(name, shape, reps, seed, weeks) for name, shape in shapes.items()}
    base, *others = results
    plans: dict[str, Any] = {}
    for plan in others:
        plans[plan] = {}
        for measure, (unit, _) in KINDS.items():
            here, there = (_total(results[n].weekly, measure) for n in (base, plan))
            diff, lo95, hi95 = _interval(there - here)
            row = {"base": _interval(here)[0], "plan": _interval(there)[0], "diff": diff, "lo95": lo95, "hi95": hi95, "unit": unit}
            plans[plan][measure] = {k: (None if isinstance(v, float) and np.isnan(v) else v) for k, v in row.items()}
    ends = {n: _total(r.weekly, "value") for n, r in results.items()}
    best = max(ends, key=lambda n: float(ends[n].mean()))
    wins = np.mean([all(ends[best][r] >= ends[n][r] for n in ends) for r in range(reps)])
    return FakeComparison(results, {"base": base, "replications": reps, "plans": plans, "best": best, "p_best": float(wins)}, best, float(wins))
