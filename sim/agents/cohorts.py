"""Consumers as cohorts: counts by merchant, state and propensity class, where people are too many for rows of their own.

All people of a cohort have the propensity of their class, share its points evenly, and meet as many active weak-tie partners
as can be expected (mean field). All else is as for rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sim.agents.consumers import CONSUMING, LAPSED, STATES, UNAWARE, Consumer
from sim.agents.people import Group, Home, People
from sim.agents.population import Bools, Column, Ids, Population
from sim.agents.ties import id_space
from sim.draws import Draws, Floats, Purpose

COLUMNS = (
    Column("merchant", np.int64, 0, "id", "home merchant"),
    Column("propensity", np.float64, 1.0, "× mean", "how readily these people take up offers", (0.0, np.inf)),
    Column("people", np.int64, 0, "people", "people who are unaware, aware, active, lapsed", (0, np.inf), STATES),
    Column("points", np.float64, 0.0, "points", "points held by people in each of these states", (0.0, np.inf), STATES),
)


class Cohort(Consumer):
    """A cohort as an agent: a decision it overrides holds for each of its people."""


@dataclass(frozen=True)
class CohortGroup(Group):
    """People in one state: how many of each cohort (n,), and the points they hold (n,)."""

    state: int
    count: Ids
    held: Floats

    def by_merchant(self, merchants: int) -> Floats:
        """Add up people."""
        return np.bincount(self.owner, self.count, merchants).astype(np.float64)

    def drawn(self, purpose: Purpose, chance: Any) -> CohortGroup:
        """Draw how many of each cohort; they have their share of its points."""
        count = purpose.binomial(self.count, chance, self.ids)
        return replace(self, count=count, held=self.held * (count / np.maximum(self.count, 1)))

    def become(self, state: int) -> CohortGroup:
        """Move people and points from column to column."""
        for name, amount in (("people", self.count), ("points", self.held)):
            column = self.units.columns[name]
            column[self.ids, self.state] -= amount
            column[self.ids, state] += amount
        return replace(self, state=state)


class Cohorts(People):
    """All consumers, counted by merchant, state and class."""

    def __init__(self, cohorts: Population, sizes: Ids, classes: int, weak_ties: int, luck: Draws) -> None:
        """Fill `cohorts` (merchants × classes rows) with `sizes` people (n_merchants,), each of a class by lot."""
        super().__init__(cohorts, np.arange(len(sizes) + 1, dtype=np.int64) * classes, sizes, 1.0)
        self.ties_per_head = weak_ties / id_space(int(sizes.sum()))
        cohorts.columns["merchant"][:] = np.repeat(np.arange(len(sizes)), classes)
        propensity, share = gamma2_classes(classes)
        cohorts.columns["propensity"][:] = np.tile(propensity, len(sizes))
        lot, left = luck("class"), sizes
        for k in range(classes):  # a multinomial, class by class
            count = lot.binomial(left, share[k] / share[k:].sum(), np.arange(len(sizes)), k)
            cohorts.columns["people"][k::classes, UNAWARE] = count
            left = left - count

    def group(self, home: Home, state: int) -> CohortGroup:
        """Return every cohort with its people in the state."""
        count, held = self.units.people[home.ids, state], self.units.points[home.ids, state]
        return CohortGroup(self.units, home.ids, home.owner, state, count, held)

    def partners(self, group: Group) -> Floats:
        """Return how many to expect: ties × share of the places in the id space that active people elsewhere hold."""
        everywhere = self.units.people[:, CONSUMING].sum()
        own = np.bincount(group.owner, self.units.people[group.ids, CONSUMING])
        return np.asarray(self.ties_per_head * (everywhere - own[group.owner]))

    def holdings(self, home: Home) -> tuple[Floats, Floats]:
        """Return points by cohort and state, and people where the state is active, shapes (n, states)."""
        active = np.zeros((len(home.ids), STATES))
        active[:, CONSUMING] = self.units.people[home.ids, CONSUMING]
        return self.units.points[home.ids], active

    def hold(self, home: Home, points: Floats) -> None:
        """Write the points by cohort and state."""
        self.units.columns["points"][home.ids] = points

    def forfeit(self, gone: Bools, keep: Purpose, share: float) -> float:
        """Look only at cohorts that have something to lose; who stays has an even part of the points."""
        people, points = self.units.columns["people"], self.units.columns["points"]
        held = np.flatnonzero((people[:, CONSUMING] > 0) | (points[:, LAPSED] > 0))
        losers = held[gone[self.units.merchant[held]]]
        active = people[losers, CONSUMING]
        stay = keep.binomial(active, share, losers)
        carried = points[losers, CONSUMING] * (stay / np.maximum(active, 1))
        lost = float(points[losers].sum() - carried.sum())
        points[losers] = 0.0
        points[losers, CONSUMING] = carried
        people[losers, LAPSED] += active - stay
        people[losers, CONSUMING] = stay
        return lost

    def heads(self, state: int) -> int:
        """Add up people."""
        return int(self.units.people[:, state].sum())


def gamma2_classes(classes: int) -> tuple[Floats, Floats]:
    """Return propensity and share of so many classes that stand for a Gamma variable of shape 2 and mean 1, shapes (classes,).

    They are the nodes and weights of Gauss-Laguerre quadrature (Golub & Welsch 1969): mean, variance and all moments up to
    2 × classes - 1 are those of the Gamma. Equally likely classes with their means have too little variance and start too fast.

    >>> [part.round(4).tolist() for part in gamma2_classes(2)]
    [[0.634, 2.366], [0.7887, 0.2113]]
    """
    from scipy.special import roots_genlaguerre  # a third of a second to import: not paid by who only checks a scenario

    nodes, weights = roots_genlaguerre(classes, 1.0)
    return nodes / 2.0, weights / weights.sum()
