"""Consumers as rows: each is in one state, holds its own points and knows its weak ties by name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from sim.agents.consumers import CONSUMING, LAPSED
from sim.agents.people import Group, Home, People
from sim.agents.population import Bools, Ids, Population
from sim.agents.ties import Ties
from sim.draws import Floats, Purpose


class RowGroup(Group):
    """Rows in one state."""

    def by_merchant(self, merchants: int) -> Floats:
        """Count rows."""
        return np.bincount(self.owner, minlength=merchants).astype(np.float64)

    def drawn(self, purpose: Purpose, chance: Any) -> RowGroup:
        """Ask once for each row, by its id."""
        at = np.flatnonzero(purpose.happens(chance, self.ids))
        return replace(self, ids=self.ids[at], owner=self.owner[at])

    def become(self, state: int) -> RowGroup:
        """Write their state; points are in the row and go with it."""
        self.units.columns["state"][self.ids] = state
        return self


class Rows(People):
    """All consumers, a row each or a row for several who do the same."""

    def __init__(self, consumers: Population, ties: Ties, people_per_row: float) -> None:
        super().__init__(consumers, ties.rows, np.diff(ties.rows), people_per_row)
        self.weak: Ids = ties.weak

    def group(self, home: Home, state: int) -> RowGroup:
        """Look who is in the state."""
        at = np.flatnonzero(self.units.state[home.ids] == state)
        return RowGroup(self.units, home.ids[at], home.owner[at])

    def partners(self, group: Group) -> Floats:
        """Count the ties that lead to an active row."""
        ties = self.weak[group.ids]
        active: Floats = ((self.units.state[ties] == CONSUMING) & (ties >= 0)).sum(axis=1).astype(np.float64)
        return active

    def holdings(self, home: Home) -> tuple[Floats, Floats]:
        """Return the points of each row, and 1 where it is active, shapes (n,)."""
        return self.units.points[home.ids], (self.units.state[home.ids] == CONSUMING).astype(np.float64)

    def hold(self, home: Home, points: Floats) -> None:
        """Write the points of each row."""
        self.units.columns["points"][home.ids] = points

    def forfeit(self, gone: Bools, keep: Purpose, share: float) -> float:
        """Look only at rows that have something to lose."""
        held = np.flatnonzero((self.units.state == CONSUMING) | (self.units.points > 0))
        losers = held[gone[self.units.merchant[held]]]
        losers = losers[~((self.units.state[losers] == CONSUMING) & keep.happens(share, losers))]
        lost = float(self.units.points[losers].sum())
        self.units.columns["points"][losers] = 0.0
        self.units.columns["state"][losers] = LAPSED
        return lost

    def heads(self, state: int) -> int:
        """Count rows."""
        return int(np.count_nonzero(self.units.state == state))
