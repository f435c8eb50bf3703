"""The product: engineers build the core on the need they have heard of, and polish it on the evidence that arrives.

Core work has diminishing returns and features age: Δm = (1 − e^(−x/c))(1 − m) − o·m for x person-weeks on a feature. The
roadmap follows an estimate of need from live merchants, open rounds, arrived consumer feedback and need research. Polish
rises with work and evidence, falls with regressions from upkeep that was not done.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from sim.agents.mechanism import Mechanism
from sim.agents.merchants import LIVE, ROUND
from sim.agents.population import Column
from sim.agents.world import World
from sim.curves import keep, this_week
from sim.draws import Draws, Floats
from sim.fields import Measure, par

WINDOW = 26


class Product(Mechanism):
    """Core roadmap, polish and focus."""

    polish_share: float = par(0.3, "share of core work that goes into polish", unit="share", bounds=(0, 1), role="lever")
    need_research: float = par(0.0, "spending on asking target firms what they need", unit="money/week", bounds=(0, 1e9), role="lever", extensive=True)
    interview: float = par(3_000.0, "cost of one interview in need research", unit="money", bounds=(1, 1e6))
    obsolescence: float = par(0.0065, "share of maturity that ages away", unit="1/week", bounds=(0, 1), off=0.0, role="uncertain", plausible=(0.004, 0.0068), source="15-30 % a year (B2B2C practice)")
    concentration: float = par(1.5, "how sharply the roadmap goes for the largest gap", unit="exponent", bounds=(0, 10))
    hearing_half_life: float = par(26.0, "half-life of what was heard of needs", unit="weeks", bounds=(1, 520))
    round_weight: float = par(0.4, "weight of a firm in a round against a live one", unit="×", bounds=(0, 10))
    feedback_weight: float = par(0.02, "weight of a report that arrived, towards the true need of the target", unit="×/report", bounds=(0, 10))
    research_noise: float = par(0.5, "relative spread of a need told in an interview", unit="×", bounds=(0, 10))
    polish_cost: float = par(55.0, "polish work that closes 63 % of the gap at full evidence", unit="person-weeks", bounds=(0.1, 1e6), extensive=True, role="uncertain", plausible=(45.0, 65.0))
    untaught: float = par(0.4, "share of polish that needs no evidence from use", unit="share", bounds=(0, 1))
    evidence_half: float = par(80.0, "reports a week at which evidence teaches 63 % of what it can", unit="reports/week", bounds=(0.01, 1e8), extensive=True)
    drift: float = par(0.03, "share of polish lost to a changing environment", unit="1/week", bounds=(0, 1), off=0.0)
    regressions: float = par(0.25, "polish lost per share of engineering of upkeep not done", unit="1/week", bounds=(0, 10), off=0.0, role="uncertain", plausible=(0.15, 0.35))

    COLUMNS: ClassVar[dict[str, tuple[Column, ...]]] = {
        "vendor": (
            Column("hearing", np.float64, 0.0, "firms", "how much was heard of needs so far"),
            Column("roadmap_added", np.float64, 0.0, "value", "value to the target added in each of the last weeks", None, WINDOW),
            Column("roadmap_best", np.float64, 0.0, "value", "the most that work could have added in each of the last weeks", None, WINDOW),
            Column("maturity_before", np.float64, 0.0, "0-1", "maturity when the week began", None, 64),
            Column("focus", np.float64, 1.0, "share", "value added to the target ÷ the most that work could have added", (0.0, 1.0)),
        ),
    }
    WRITES: ClassVar[dict[str, tuple[str, ...]]] = {
        "vendor": ("maturity", "heard", "polish", "hearing", "roadmap_added", "roadmap_best", "maturity_before", "focus"),
    }
    PURPOSES: ClassVar[tuple[str, ...]] = ("interviewee", "interview_noise")
    MEASURES: ClassVar[tuple[Measure, ...]] = (
        Measure("fit", "0-1", "stock", "need of the target market that the product covers"),
        Measure("polish", "0-1", "stock", "how well the product works"),
        Measure("focus", "share", "stock", "value added to the target market by 26 weeks' engineering ÷ the most it could have added"),
    )

    def prepare(self, world: World, draws: Draws) -> None:
        """Remember the opening product, from which the first weeks' focus is judged."""
        world.vendor.hearing = float(world.opening.seeds)
        world.vendor.maturity_before[: world.market.features] = world.vendor.maturity

    def step(self, world: World, draws: Draws) -> None:
        """Listen, build, polish, and judge the focus."""
        vendor = world.vendor
        self._listen(world, draws)
        core = vendor.engineering * (1.0 - self.polish_share)
        gap = vendor.heard * (1.0 - vendor.maturity)
        pull = np.power(np.maximum(gap, 1e-12), self.concentration)
        built = (1.0 - np.exp(-core * pull / pull.sum() / world.opening.core_cost)) * (1.0 - vendor.maturity)
        vendor.maturity = vendor.maturity + built
        self._judge_focus(world)
        vendor.maturity = vendor.maturity * (1.0 - self.obsolescence)
        self._polish(world)
        vendor.maturity_before[: world.market.features] = vendor.maturity

    def _listen(self, world: World, draws: Draws) -> None:
        """Move the estimate of need: a running average over live firms, rounds, reports and interviews."""
        merchants, vendor, needs = world.merchants, world.vendor, world.merchants.needs
        kept = keep(self.hearing_half_life) * vendor.hearing
        sources = [(vendor.heard, kept)]
        for status, weight in ((LIVE, 1.0), (ROUND, self.round_weight)):
            firms = np.flatnonzero(merchants.status == status)
            if len(firms):
                sources.append((needs[firms].mean(axis=0), weight * len(firms) * (1.0 - keep(self.hearing_half_life))))
        sources.append((world.ties.target, self.feedback_weight * vendor.evidence * (1.0 - keep(self.hearing_half_life))))
        weekly = self.need_research * vendor.affordable / self.interview
        interviews = this_week(weekly, world.week)
        target = world.opening.target_segment % world.market.segments
        if interviews and (world.merchants.segment == target).any():
            sources.append(self._interview(world, draws, interviews))
        world.pay("need_research", self.need_research * vendor.affordable)
        total = sum(weight for _, weight in sources)
        if total > 0:
            vendor.heard = np.sum([estimate * weight for estimate, weight in sources], axis=0) / total
        vendor.hearing = total

    def _interview(self, world: World, draws: Draws, count: int) -> tuple[Floats, float]:
        """Ask `count` firms of the target segment; what they say is noisy."""
        target = np.flatnonzero(world.merchants.segment == world.opening.target_segment % world.market.segments)
        asked = target[np.floor(draws("interviewee").uniform(np.arange(count)) * len(target)).astype(np.int64)]
        features = np.arange(world.market.features)
        noise = draws("interview_noise").normal(asked[:, None], features[None, :])
        told = np.maximum(world.merchants.needs[asked] * (1.0 + self.research_noise * noise), 0.0).sum(axis=0)
        return (told / told.sum(), float(count)) if told.sum() > 0 else (told, 0.0)

    def _polish(self, world: World) -> None:
        vendor = world.vendor
        taught = self.untaught + (1.0 - self.untaught) * -np.expm1(-vendor.evidence / self.evidence_half)
        work = vendor.engineering * self.polish_share / self.polish_cost
        gained = -np.expm1(-work) * taught * (1.0 - vendor.polish)
        lost = min(self.drift + self.regressions * vendor.unpaid_upkeep, 1.0) * vendor.polish
        vendor.polish = min(max(vendor.polish + gained - lost, 0.0), 1.0)

    def _judge_focus(self, world: World) -> None:
        """Compare 26 weeks' added value to the target with the best those person-weeks could have done on the product as it stood.

        Upkeep and one-firm work count as work and add nothing. Polish work is left out on both sides.
        """
        vendor, target = world.vendor, world.ties.target
        before = vendor.maturity_before[: world.market.features]
        work = vendor.engineers - vendor.engineering * self.polish_share
        added = float((target * (vendor.maturity - before)).sum())
        for name, value in (("roadmap_added", added), ("roadmap_best", most_value(target, before, work, world.opening.core_cost))):
            ring = getattr(vendor, name)
            ring[:-1] = ring[1:]
            ring[-1] = value
        best = float(vendor.roadmap_best.sum())
        idle = 1.0 if (target * (1.0 - before)).sum() < 1e-9 else 0.0
        vendor.focus = min(float(vendor.roadmap_added.sum()) / best, 1.0) if best > 1e-9 else idle

    def stocks(self, world: World) -> dict[str, float]:
        """Return fit to the target market, polish and focus."""
        vendor = world.vendor
        return {"fit": float((world.ties.target * vendor.maturity).sum()), "polish": vendor.polish, "focus": vendor.focus}


def most_value(target: Floats, maturity: Floats, work: float, cost: float) -> float:
    """Return the most Σ t (1 − m)(1 − e^(−x/c)) with Σ x = `work`: equalise marginal gains (water filling).

    `target` and `maturity` have shape (features,); `work` in person-weeks, `cost` in person-weeks per feature.
    """
    gain = np.sort(target * (1.0 - maturity))[::-1]
    gain = gain[gain > 1e-12]
    if not len(gain) or work <= 0:
        return 0.0
    log_gain = np.cumsum(np.log(gain))
    count = np.arange(1, len(gain) + 1)
    level = np.exp((log_gain - work / cost) / count)  # marginal gain if the first k features share the work
    k = max(int(np.count_nonzero(gain > level)), 1)  # the first is always worked on, though rounding may hide a tiny gain
    return max(float(gain[:k].sum() - k * level[k - 1]), 0.0)
