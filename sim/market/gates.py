"""Gates: stages are marks on what has happened. Plans may key levers to them and reports speak of them; nothing else knows them."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from sim.agents.mechanism import Mechanism
from sim.agents.merchants import LIVE
from sim.agents.population import Column
from sim.agents.vendor import STAGES
from sim.agents.world import World
from sim.draws import Draws
from sim.fields import Measure, par


class Gates(Mechanism):
    """prototype → iteration → stability; gates do not close."""

    seeds_satisfied: int = par(2, "seeds live and satisfied that open iteration", unit="firms", bounds=(0, 100), source="B2B2C practice: 2-3 seeds live and satisfied")
    satisfied: float = par(0.720, "satisfaction that counts as satisfied", unit="0-1", bounds=(0, 1))
    polish: float = par(0.6, "polish that opens stability", unit="0-1", bounds=(0, 1))
    win_rate: float = par(0.12, "win rate over 26 weeks that opens stability", unit="share", bounds=(0, 1))
    holds: float = par(0.9, "win rate of the last 13 weeks against the 13 before", unit="×", bounds=(0, 10))
    decided: int = par(12, "decided rounds from which a win rate is judged", unit="rounds", bounds=(1, 10_000))
    overlap: float = par(0.5, "mean cosine of the needs of the last ten signed firms", unit="cosine", bounds=(0, 1))
    weeks: int = par(4, "weeks in a row", unit="weeks", bounds=(1, 104))
    forced_iteration: int = par(-1, "week in which iteration is declared (-1: when it is reached)", unit="week", bounds=(-1, 5200))
    forced_stability: int = par(-1, "week in which stability is declared (-1: when it is reached)", unit="week", bounds=(-1, 5200))

    COLUMNS: ClassVar[dict[str, tuple[Column, ...]]] = {
        "vendor": (
            Column("weeks_ready", np.int64, 0, "weeks", "weeks in a row ready for stability"),
        ),
    }
    WRITES: ClassVar[dict[str, tuple[str, ...]]] = {"vendor": ("stage", "stage_week", "recent_wins", "recent_decided", "weeks_ready")}
    MEASURES: ClassVar[tuple[Measure, ...]] = (
        Measure("stage", "code", "stock", "0 prototype, 1 iteration, 2 stability"),
        Measure("week_iteration", "week", "week", "week the iteration gate opened"),
        Measure("week_stability", "week", "week", "week the stability gate opened"),
    )

    def step(self, world: World, draws: Draws) -> None:
        """Move to the next stage when its gate opens; it counts from next week."""
        vendor = world.vendor
        for name, flow in (("recent_wins", "signed_merchants"), ("recent_decided", "decided_rounds")):
            ring = getattr(vendor, name)
            ring[:-1] = ring[1:]
            ring[-1] = world.flows.get(flow, 0.0)
        ready = self._ready(world)
        vendor.weeks_ready = vendor.weeks_ready + 1 if ready else 0
        stage = int(vendor.stage)
        opens = (
            self._opens(world, self.forced_iteration, self._seeds_happy(world)),
            self._opens(world, self.forced_stability, vendor.weeks_ready >= self.weeks),
            False,
        )[stage]
        if opens:
            vendor.stage = stage + 1
            vendor.stage_week[stage + 1] = world.week + 1
            world.count(f"week_{STAGES[stage + 1]}", 1.0)

    def _opens(self, world: World, forced: int, reached: bool) -> bool:
        return world.week + 1 >= forced if forced >= 0 else reached

    def _seeds_happy(self, world: World) -> bool:
        merchants, seeds = world.merchants, world.opening.seeds
        happy = (merchants.status[:seeds] == LIVE) & (merchants.satisfaction[:seeds] >= self.satisfied)
        return bool(happy.sum() >= self.seeds_satisfied)

    def _ready(self, world: World) -> bool:
        """Polish is high, the win rate over 26 weeks holds, and the last ten signed firms need much the same."""
        vendor = world.vendor
        wins, decided = vendor.recent_wins, vendor.recent_decided
        if vendor.stage != 1 or vendor.polish < self.polish or decided.sum() < self.decided:
            return False
        before, last = _rate(wins[:13], decided[:13]), _rate(wins[13:], decided[13:])
        holds = _rate(wins, decided) >= self.win_rate and last >= self.holds * before
        return holds and self._overlap(world) >= self.overlap

    def _overlap(self, world: World) -> float:
        signed = world.merchants.signed_week
        last = np.argsort(-signed, kind="stable")[:10]
        last = last[signed[last] >= 0]
        needs = world.merchants.needs[last]
        unit = needs / np.maximum(np.sqrt(np.square(needs).sum(axis=1, keepdims=True)), 1e-12)
        cosine = unit @ unit.T
        return float((cosine.sum() - len(last)) / (len(last) * (len(last) - 1))) if len(last) > 1 else 0.0

    def stocks(self, world: World) -> dict[str, float]:
        """Return the stage."""
        return {"stage": float(world.vendor.stage)}


def _rate(wins: np.ndarray, decided: np.ndarray) -> float:
    return float(wins.sum() / decided.sum()) if decided.sum() > 0 else 0.0
