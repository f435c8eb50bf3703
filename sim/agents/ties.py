"""Who knows whom: who sits in which buying group, who is at home where, whose paths cross."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.agents.population import Ids
from sim.draws import Floats


@dataclass(frozen=True)
class Ties:
    """Edges by permanent id; a newcomer adds its own and changes nobody else's.

    first   (n_merchants + 1,) where each merchant's decision-makers begin (they are stored in order of merchant)
    covers  (n_merchants, 5) which decision-maker wears which role's hat: in small firms one person wears several
    rows    (n_merchants + 1,) where each merchant's consumers begin
    weak    (n_consumers, k) weak ties, each a consumer at another merchant
    target  (n_features,) mean need of the target segment's firms, adding to 1
    """

    first: Ids
    covers: Ids
    rows: Ids
    weak: Ids
    target: Floats

    def members(self, merchants: Ids) -> tuple[Ids, Ids]:
        """Return the decision-makers of `merchants` (m,) and, for each, its merchant's position in that list."""
        return spread(self.first, merchants)

    def at_home(self, merchants: Ids) -> tuple[Ids, Ids]:
        """Return the consumers at home with `merchants` (m,) and, for each, its merchant's position in that list."""
        return spread(self.rows, merchants)


def spread(first: Ids, owners: Ids) -> tuple[Ids, Ids]:
    """Return the ids that belong to `owners` where owner i has first[i] to first[i + 1] - 1, and each one's owner position."""
    counts = first[owners + 1] - first[owners]
    position = np.repeat(np.arange(len(owners), dtype=np.int64), counts)
    within = np.arange(counts.sum(), dtype=np.int64) - np.repeat(np.cumsum(counts) - counts, counts)
    return first[owners][position] + within, position


def id_space(n: int) -> int:
    """Return how many ids ties of `n` are chosen among: the next power of two, so that newcomers change nobody's choice.

    >>> id_space(100)
    128
    """
    return int(2 ** int(np.ceil(np.log2(max(n, 2)))))


def covering(sizes: Ids, first: Ids) -> NDArray[np.int64]:
    """Return who covers which role, shape (n, 5), in groups of `sizes` (n,) that fill up in a fixed order.

    The order is executive, administrator, frontline, technical, finance, second administrator. Where a role is not
    filled, the administrator stands in for technical and frontline work, the executive for the rest.
    """
    administrator = np.where(sizes > 1, 1, 0)
    position = np.stack([
        np.zeros_like(sizes),
        administrator,
        np.where(sizes > 3, 3, administrator),
        np.where(sizes > 4, 4, 0),
        np.where(sizes > 2, 2, administrator),
    ], axis=1)
    return np.asarray(first[:-1, None] + position, dtype=np.int64)
