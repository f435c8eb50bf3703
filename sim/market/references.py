"""Reference customers: some merchants that vouch are chosen and packaged, tire with use, and hurt when they are lost.

Packaging (a case study, a film, hosted visits) is bought for chosen references: in a segment, in a region, of a least size,
the largest first. What it is worth stands in word: a packaged reference counts more. Each hearing wears it, time ages it, and
money makes it fresh again. A packaged reference that churns or becomes dissatisfied is lost: its circle hears of it by word, as of
many bad evaluations.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from sim.agents.mechanism import Mechanism
from sim.agents.merchants import LIVE, ROUND
from sim.agents.population import Column, Ids
from sim.agents.world import World
from sim.curves import keep
from sim.draws import Draws
from sim.fields import Event, Measure, par


class References(Mechanism):
    """Reference customers: chosen, packaged, tired, lost."""

    packaging: float = par(0.0, "spending on packaging reference customers (spent as far as there are merchants to package)", unit="money/week", bounds=(0, 1e9), role="lever", extensive=True)
    segment_focus: int = par(-1, "the only segment whose merchants are packaged (-1: all)", unit="index", bounds=(-1, 99), role="lever")
    region_focus: int = par(-1, "the only region whose merchants are packaged (-1: all)", unit="index", bounds=(-1, 99), role="lever")
    least_size: float = par(1.0, "size from which a merchant is packaged", unit="× mean firm", bounds=(0, 100), role="lever")
    cost: float = par(15_000.0, "cost of packaging one reference", unit="money/firm", bounds=(1, 1e9), source="our judgement: a film, a written case, the host's time")
    renewed_below: float = par(0.5, "freshness below which a reference is packaged anew", unit="0-1", bounds=(0, 1))
    half_life: float = par(52.0, "half-life of packaging", unit="weeks", bounds=(0, 5200))
    wear: float = par(0.01, "freshness that one hearing costs", unit="share/hearing", bounds=(0, 1), off=0.0, role="uncertain", plausible=(0.003, 0.03))
    lost_below: float = par(0.5, "satisfaction below which a packaged reference is lost", unit="0-1", bounds=(0, 1))
    fame: float = par(10.0, "evaluations as which the loss of a fresh reference is talked about", unit="evaluations", bounds=(0, 1000), off=0.0, role="uncertain", plausible=(3.0, 30.0))
    said: float = par(0.5, "share of the value it saw that a lost reference is heard to say", unit="share", bounds=(0, 1), source="our judgement: losses count about twice (2.25 times: Tversky & Kahneman 1992)")

    COLUMNS: ClassVar[dict[str, tuple[Column, ...]]] = {
        "merchants": (Column("says", np.float64, -1.0, "0-1", "value a lost reference says the product has (-1: it is not talked about)", (-1.0, 1.0)),),
        "vendor": (Column("packaging_work", np.float64, 0.0, "money", "spent on packaging that is not finished", (0.0, np.inf)),),
    }
    WRITES: ClassVar[dict[str, tuple[str, ...]]] = {
        "merchants": ("packaged", "says", "talk", "seen"),
        "vendor": ("packaging_work",),
    }
    MEASURES: ClassVar[tuple[Measure, ...]] = (
        Measure("packaged_references", "firms", "stock", "merchants that vouch and are packaged (freshness of 0.1 or more)"),
        Measure("packaging_spend", "money", "flow", "spending on packaging"),
        Measure("references_packaged", "firms", "flow", "merchants packaged, for the first time or anew"),
        Measure("references_lost", "firms", "flow", "packaged references lost to churn or dissatisfaction"),
    )
    EVENTS: ClassVar[tuple[Event, ...]] = (
        Event("reference_packaged", "a reference customer is packaged", value="size"),
        Event("reference_lost", "a packaged reference is lost", cause="dissatisfied, or churned", value="satisfaction"),
    )

    def step(self, world: World, draws: Draws) -> None:
        """Tire, lose, package."""
        packaged = np.flatnonzero(world.merchants.packaged > 0)
        if len(packaged):
            self._tire(world, packaged)
            self._lose(world, packaged)
        self._speak_out(world)
        if self.packaging > 0:
            self._package(world)

    def _tire(self, world: World, packaged: Ids) -> None:
        """Hearings wear packaging out, time ages it."""
        merchants = world.merchants
        used = np.power(1.0 - self.wear, merchants.hearings[packaged])
        fresh = merchants.packaged[packaged] * keep(self.half_life) * used
        merchants.columns["packaged"][packaged] = np.where(fresh < 1e-3, 0.0, fresh)

    def _lose(self, world: World, packaged: Ids) -> None:
        """References that are gone or dissatisfied are lost: the fresher, the more firms talk about it."""
        merchants = world.merchants
        lost = packaged[(merchants.status[packaged] != LIVE) | (merchants.satisfaction[packaged] < self.lost_below)]
        lost = lost[merchants.packaged[lost] > 0]
        if self.fame > 0:
            merchants.columns["talk"][lost] += self.fame * merchants.packaged[lost]
            merchants.columns["says"][lost] = self.said * merchants.seen[lost]
        merchants.columns["packaged"][lost] = 0.0
        world.count("references_lost", len(lost))
        cause = np.where(merchants.status[lost] == LIVE, "dissatisfied", "churned")
        world.note("reference_lost", lost, -1, cause, -1, merchants.satisfaction[lost])

    def _speak_out(self, world: World) -> None:
        """Let lost references say what they say until they vouch again, try the product anew, or nobody talks about it."""
        merchants = world.merchants
        who = np.flatnonzero(merchants.says >= 0)
        over = merchants.reference[who] | (merchants.status[who] == ROUND) | (merchants.talk[who] < 0.05)
        merchants.columns["says"][who[over]] = -1.0
        still = who[~over]
        merchants.columns["seen"][still] = merchants.says[still]

    def _package(self, world: World) -> None:
        """Spend on the largest chosen references that are not fresh, one after the other."""
        merchants, vendor = world.merchants, world.vendor
        chosen = self._chosen(world)
        paid = min(self.packaging * vendor.affordable, max(len(chosen) * self.cost - vendor.packaging_work, 0.0))
        vendor.packaging_work += paid
        done = chosen[: int(vendor.packaging_work / self.cost)]
        vendor.packaging_work -= len(done) * self.cost
        merchants.columns["packaged"][done] = 1.0
        world.pay("packaging", paid)
        world.count("packaging_spend", paid)
        world.count("references_packaged", len(done))
        world.note("reference_packaged", done, -1, "", -1, merchants.size[done])

    def _chosen(self, world: World) -> Ids:
        merchants = world.merchants
        firms = np.flatnonzero(merchants.reference & (merchants.packaged < self.renewed_below) & (merchants.size >= self.least_size))
        firms = world.aimed(firms, self.segment_focus, self.region_focus)
        return firms[np.argsort(-merchants.size[firms], kind="stable")]

    def stocks(self, world: World) -> dict[str, float]:
        """Return the references that vouch and are packaged."""
        merchants = world.merchants
        return {"packaged_references": float(np.count_nonzero(merchants.reference & (merchants.packaged >= 0.1)))}
