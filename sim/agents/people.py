"""Consumers as usage sees them, whatever their resolution: groups in one state to draw from and move on, and the points they hold.

There are two resolutions. As rows, a unit is one consumer (or several that do the same), in one state. As cohorts, a unit is all
people of one merchant and one propensity, some of them in each state. Rules, hazards and their order are the same for both.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from sim.agents.population import Bools, Ids, Population, Rule
from sim.agents.ties import spread
from sim.draws import Floats, Purpose


@dataclass(frozen=True)
class Home:
    """The units at home with some merchants: ids (n,), and each one's merchant by its position among them (n,)."""

    ids: Ids
    owner: Ids


@dataclass(frozen=True)
class Group(ABC):
    """Consumers in one state: ids (n,) of units, and the position of each one's merchant (n,)."""

    units: Population
    ids: Ids
    owner: Ids

    @property
    def propensity(self) -> Floats:
        """Propensity of each unit, shape (n,)."""
        return self.units.propensity[self.ids]

    def decide(self, rule: Rule, *args: Any) -> Any:
        """Return what `rule` says of each unit, or its class if that decides otherwise; arguments are scalars or of shape (n,)."""
        return self.units.decide(rule, self.ids, *args)

    @abstractmethod
    def by_merchant(self, merchants: int) -> Floats:
        """Return how many there are at each of so many merchants, shape (merchants,), in units of `People.weight` people."""

    @abstractmethod
    def drawn(self, purpose: Purpose, chance: Any) -> Group:
        """Return those whom it happens to with `chance` (scalar or (n,)), each for themselves."""

    @abstractmethod
    def become(self, state: int) -> Group:
        """Move them to another state, with their points; return them there."""


class People(ABC):
    """All consumers of the market in one resolution.

    weight  people that a head counts for
    sizes   (n_merchants,) heads at home with each merchant, which never change
    """

    def __init__(self, units: Population, first: Ids, sizes: Ids, weight: float) -> None:
        self.units, self.first, self.sizes, self.weight = units, first, sizes, weight

    def home(self, merchants: Ids) -> Home:
        """Return the units at home with `merchants` (m,)."""
        return Home(*spread(self.first, merchants))

    @abstractmethod
    def group(self, home: Home, state: int) -> Group:
        """Return those at `home` who are in a state."""

    @abstractmethod
    def partners(self, group: Group) -> Floats:
        """Return the active weak-tie partners of each unit's members, shape (n,); none are at their own merchant."""

    @abstractmethod
    def holdings(self, home: Home) -> tuple[Floats, Floats]:
        """Return points held and the active heads who hold them, in arrays of one shape."""

    @abstractmethod
    def hold(self, home: Home, points: Floats) -> None:
        """Let the points held be `points`, shaped as `holdings` returns them."""

    @abstractmethod
    def forfeit(self, gone: Bools, keep: Purpose, share: float) -> float:
        """Part the consumers of the merchants in `gone` (n_merchants,) from them; return how many points are forfeited.

        With chance `share` an active consumer stays active and keeps the points; all others lapse and forfeit theirs.
        """

    @abstractmethod
    def heads(self, state: int) -> int:
        """Return the heads in a state in the whole market."""

    @property
    def points(self) -> float:
        """Points held in the whole market, in units of `weight`."""
        return float(self.units.points.sum())
