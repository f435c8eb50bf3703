"""Where a loss comes from: groups of causes switched off one by one, in every combination, and all together, in both plans alike.

What a set of causes removes is 1 − (loss without them) ÷ (loss as it is). A group's Shapley share is its mean contribution over
all orders in which the groups could be switched off (Shapley 1953): the shares add up to what the whole set removes.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sim.scenario import Scenario
from sim.study.summary import Floats, intervals
from sim.study.task import Done, Outcome, Task
from sim.validation.fact import Causes, Fact

Set = frozenset[str]


@dataclass(frozen=True)
class Loss:
    """A loss in one reading with one set of causes off: mean and 95 % interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Traced:
    """A loss by set of causes off, in every reading that is looked at."""

    causes: Causes
    losses: dict[str, dict[Set, Loss]]

    @property
    def whole(self) -> Set:
        """Return all causes."""
        return frozenset(self.causes.switches)

    def removed(self, reading: str, off: Set) -> float:
        """Return the share of the loss that is gone with `off` off."""
        found = self.losses[reading]
        return 1.0 - found[off].mean / found[frozenset()].mean

    def shapley(self, reading: str) -> dict[str, float]:
        """Return each cause's share of what the whole set removes."""
        return shapley({off: self.removed(reading, off) for off in self.losses[reading]})

    @property
    def holds(self) -> bool:
        """Say whether the whole set removes what it must, of every reading."""
        return all(self.removed(reading, self.whole) >= self.causes.removed for reading in self.losses)


def shapley(worth: dict[Set, float]) -> dict[str, float]:
    """Return the Shapley value of each player, from what every coalition is worth.

    >>> found = shapley({frozenset(): 0.0, frozenset("a"): 0.5, frozenset("b"): 0.0, frozenset("ab"): 1.0})
    >>> found["a"], found["b"]
    (0.75, 0.25)
    """
    players = max(worth, key=len)
    n = len(players)
    return {
        player: sum(
            math.factorial(len(others)) * math.factorial(n - len(others) - 1) / math.factorial(n)
            * (worth[others | {player}] - worth[others])
            for others in subsets(players - {player})
        )
        for player in players
    }


def subsets(names: Set) -> Iterator[Set]:
    """Yield every subset of `names`, the empty one first."""
    for size in range(len(names) + 1):
        yield from map(frozenset, itertools.combinations(sorted(names), size))


def tasks_of(causes: Causes, fact: Fact) -> list[Task]:
    """Return all that is run to trace a loss: set by set, the losing plan and then the other."""
    plans = [plan for off in subsets(frozenset(causes.switches)) for plan in _pair(causes, fact, off)]
    return [task for plan in plans for task in _tasks(causes, fact, plan)]


def _pair(causes: Causes, fact: Fact, off: Set) -> list[Scenario]:
    gone = [path for name in sorted(off) for path in causes.switches[name]]
    plans = [fact.study.cells[fact.cell(labels)].scenario for labels in (causes.of, causes.against)]
    return [plan.replace("off.switches", sorted({*plan.off, *gone})) if gone else plan for plan in plans]


def _tasks(causes: Causes, fact: Fact, plan: Scenario) -> list[Task]:
    tasks = fact.study.tasks_of(plan)
    count = len(tasks) if causes.replications is None else min(causes.replications, len(tasks))
    return tasks[:count]


def traced(causes: Causes, fact: Fact, outcomes: Sequence[Outcome]) -> Traced:
    """Return the losses from what became of `tasks_of`, in its order."""
    sets = list(subsets(frozenset(causes.switches)))
    count = len(outcomes) // (2 * len(sets))
    losses: dict[str, dict[Set, Loss]] = {reading: {} for reading in causes.readings}
    for k, off in enumerate(sets):
        mine = outcomes[2 * k * count : 2 * (k + 1) * count]
        for reading in causes.readings:
            losses[reading][off] = _loss(_values(mine[:count], reading) - _values(mine[count:], reading))
    return Traced(causes, losses)


def _values(outcomes: Sequence[Outcome], reading: str) -> Floats:
    import numpy as np

    return np.array([found.totals[reading] if isinstance(found, Done) else np.nan for found in outcomes])


def _loss(differences: Floats) -> Loss:
    return Loss(*(float(part[0]) for part in intervals(differences[:, None])))
