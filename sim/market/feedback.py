"""Feedback travels from consumer to merchant to vendor, late and with loss; only what arrives teaches."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from sim.agents.mechanism import Mechanism
from sim.agents.population import Column
from sim.agents.world import World
from sim.draws import Draws
from sim.fields import Measure, par

LONGEST = 53


class Feedback(Mechanism):
    """Usage evidence on its way to engineering."""

    delay: int = par(4, "weeks from a consumer's experience to engineering", unit="weeks", bounds=(1, LONGEST - 1), role="uncertain", plausible=(2, 10))
    reports: float = par(0.004, "reports of an active consumer", unit="reports/week/person", bounds=(0, 10), off=0.0)
    arrives: float = par(0.6, "share of reports that arrive", unit="share", bounds=(0, 1))
    from_merchants: float = par(0.3, "reports of a live merchant", unit="reports/week/firm", bounds=(0, 100), off=0.0)

    COLUMNS: ClassVar[dict[str, tuple[Column, ...]]] = {
        "vendor": (Column("reports_due", np.float64, 0.0, "reports", "reports by weeks until they arrive", (0.0, np.inf), LONGEST),),
    }
    WRITES: ClassVar[dict[str, tuple[str, ...]]] = {"vendor": ("reports_due", "evidence")}
    MEASURES: ClassVar[tuple[Measure, ...]] = (Measure("reports", "reports", "flow", "usage reports that reached engineering"),)

    def step(self, world: World, draws: Draws) -> None:
        """Post this week's reports to a later week (engineering has read this week's), and deliver what is due next."""
        vendor, due = world.vendor, world.vendor.reports_due
        active = float(world.merchants.active_people.sum())
        due[self.delay] += self.arrives * (self.reports * active + self.from_merchants * len(world.live()))
        due[:-1] = due[1:]
        due[-1] = 0.0
        vendor.evidence = float(due[0])
        world.count("reports", due[0])
