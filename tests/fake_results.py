"""Made-up results in the real classes `Result` and `Comparison`: the views are tried on them without a model."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from sim.fields import Measure
from sim.study.compare import Comparison, of
from sim.study.run import Result
from sim.study.summary import summarise, totals
from sim.study.task import Failure

WEEKS = 156
SHARE = {  # of visits, of leads, of opportunities, of wins
    "seo": (0.13, 0.12, 0.11, 0.10),
    "sem": (0.31, 0.24, 0.17, 0.12),
    "feed_ads": (0.27, 0.13, 0.05, 0.02),
    "content": (0.12, 0.14, 0.16, 0.17),
    "media": (0.06, 0.03, 0.02, 0.01),
    "exhibition": (0.03, 0.08, 0.12, 0.14),
    "salon": (0.01, 0.04, 0.07, 0.10),
    "incubator": (0.0, 0.02, 0.03, 0.03),
    "word_of_mouth": (0.07, 0.10, 0.12, 0.14),
    "cold_outreach": (0.0, 0.06, 0.07, 0.05),
    "reseller": (0.0, 0.04, 0.08, 0.119),
    "seed": (0.0, 0.0, 0.0, 0.001),
}
FUNNEL = ("visits", "leads", "opportunities", "signed_merchants")
FLOWS = {
    "impressions": "impressions", "visits": "visits", "leads": "firms", "opportunities": "rounds", "signed_merchants": "firms",
    "decided_rounds": "rounds", "no_decisions": "rounds", "cycle_sum": "weeks", "revenue": "money", "spend": "money",
    "channel_support": "money",
}
STOCKS = {
    "live_merchants": "firms", "active_consumers": "people", "points_outstanding": "points", "fit": "0-1", "polish": "0-1",
    "focus": "share", "resellers_active": "resellers", "reseller_confidence": "0-1", "burnt_prospects": "firms",
    "satisfaction": "0-1", "cash": "money", "value": "money", "stage": "stage", "p_solvent": "share",
}
RATIOS = {
    "win_rate": ("share", ("signed_merchants", "decided_rounds")),
    "no_decision_share": ("share", ("no_decisions", "decided_rounds")),
    "cycle_weeks": ("weeks", ("cycle_sum", "signed_merchants")),
    "cac": ("money/firm", ("spend", "signed_merchants")),
}
WHENS = ("week_iteration", "week_stability", "week_insolvent")
MEASURES = (
    {name: Measure(name, unit, "flow") for name, unit in FLOWS.items()}
    | {name: Measure(name, unit, "stock") for name, unit in STOCKS.items()}
    | {name: Measure(name, unit, "ratio", "", over) for name, (unit, over) in RATIOS.items()}
    | {name: Measure(name, "week", "week") for name in WHENS}
)


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
        return (
            f"Plan of {self.name}\n"
            "  promotion.sem.spend            weeks 0-26   2,000 CNY/week <then nothing>\n"
            "  promotion.sem.spend            stability   30,000 CNY/week\n"
            "  channel.support_per_reseller   always         900 CNY/week"
        )

    def diff(self, other: FakeScenario) -> list[tuple[str, Any, Any]]:
        """Return one made-up difference."""
        return [] if other.name == self.name else [("plan.promotion.sem.spend", 8000, [{"from": 0, "to": 26, "value": 20000}])]

    def digest(self) -> str:
        """Return a made-up content hash."""
        return "0f" * 32


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
    rounds = rng.poisson(8 + 200 * ramp)
    out: dict[str, Any] = {
        "impressions": 90_000 + 0 * t, "visits": rng.poisson(2_600 + 0 * t), "leads": rng.poisson(20 + 170 * ramp),
        "opportunities": rng.poisson(8 + 90 * ramp), "signed_merchants": signed, "decided_rounds": rounds,
        "no_decisions": rounds // 2, "cycle_sum": 13 * signed, "live_merchants": live,
        "active_consumers": live * 820 * (1 + noise[4]),
        "points_outstanding": live * 90_000, "fit": 0.2 + 0.45 * (1 - np.exp(-t / 70)) + noise[5] / 2,
        "polish": 0.2 + 0.6 * (1 - np.exp(-t / 60)),
        "focus": 0.9 - (0.9 - shape.focus) * np.clip(t / 80, 0, 1) + noise[6],
        "resellers_active": np.clip((t - 20) * 1.4, 0, 150), "reseller_confidence": confidence,
        "burnt_prospects": np.round(burnt), "channel_support": paid, "satisfaction": 0.62 + noise[7],
        "revenue": revenue, "spend": spend, "cash": cash, "value": value,
        "stage": (t >= gate).astype(float) + (t >= stable), "p_solvent": np.minimum.accumulate(cash > 0).astype(float),
        "week_iteration": np.where(t >= gate, gate, np.nan), "week_stability": np.where(t >= stable, stable, np.nan),
        "week_insolvent": np.full(weeks, np.nan),
        "win_rate": np.where(t < 8, np.nan, 0.13 + noise[0]), "no_decision_share": 0.5 + noise[2], "cycle_weeks": 13 + noise[1],
        "cac": 8_000 + 3e4 * np.exp(-t / 40),
    }
    return {name: np.asarray(out[name], dtype=float) for name in MEASURES}


def weekly_frame(shape: Shape, seed: int, replications: list[int], weeks: int) -> pd.DataFrame:
    """Return a weekly table: one row per replication and week, one column per measure."""
    parts = []
    for replication in replications:
        columns = _run(shape, np.random.default_rng([seed, replication]), weeks)
        parts.append(pd.DataFrame({"replication": replication, "week": np.arange(weeks), **columns}))
    return pd.concat(parts, ignore_index=True)


def breakdown_frame(weekly: pd.DataFrame) -> pd.DataFrame:
    """Split visits, leads, opportunities and signed merchants by channel (shares are made up)."""
    keys = weekly[["replication", "week"]]
    parts = [
        keys.assign(measure=measure, dimension="channel", key=channel, value=weekly[measure] * shares[i])
        for i, measure in enumerate(FUNNEL)
        for channel, shares in SHARE.items()
    ]
    return pd.concat(parts, ignore_index=True)


def result_of(scenario: FakeScenario, weekly: pd.DataFrame, seed: int = 1, failures: tuple[Failure, ...] = ()) -> Result:
    """Return a result around a weekly table."""
    table = totals(weekly, MEASURES)
    summary, reps = summarise(scenario.name, seed, table, MEASURES), len(table) + len(failures)
    everything: Any = scenario
    return Result(everything, seed, reps, weekly, breakdown_frame(weekly), pd.DataFrame(), table, summary, failures=failures)


def fake_result(
    name: str = "baseline", shape: Shape | None = None, reps: int = 8, weeks: int = WEEKS, failed: int = 0, **scenario: Any
) -> Result:
    """Return a made-up result of `reps` replications, the first `failed` of which failed."""
    weekly = weekly_frame(shape or SHAPES.get(name, Shape()), 1, list(range(failed, reps)), weeks)
    failures = tuple(Failure(replication, "ZeroDivisionError: division by zero") for replication in range(failed))
    return result_of(FakeScenario(name, **({"title": TITLES.get(name, ""), "weeks": weeks} | scenario)), weekly, 1, failures)


def fake_comparison(shapes: dict[str, Shape] | None = None, reps: int = 8, weeks: int = WEEKS) -> Comparison:
    """Return a made-up comparison; the first plan is the base."""
    return of([fake_result(name, shape, reps, weeks) for name, shape in (shapes or SHAPES).items()])
