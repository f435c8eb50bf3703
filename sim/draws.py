"""The only maker of randomness: every draw is addressed, nothing is sequential.

A draw is a hash of (seed, replication, mechanism, purpose, week, id, k): a counter-based generator with the
splitmix64 finaliser (Steele, Lea & Flood 2014). Whoever is added, switched off or asked in another order,
everybody else's luck stays as it was; two plans on one seed differ through cause alone.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

U64 = NDArray[np.uint64]
Floats = NDArray[np.float64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX1, _MIX2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_K_STEP = np.uint64(0xD1342543DE82EF95)
_S30, _S27, _S31, _S12 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(12)
_MASK = (1 << 64) - 1


def _finalise(z: U64) -> U64:
    """Mix 64-bit words in place and return them."""
    z ^= z >> _S30
    z *= _MIX1
    z ^= z >> _S27
    z *= _MIX2
    z ^= z >> _S31
    return z


def _key(*address: Any) -> np.uint64:
    digest = hashlib.blake2b(repr(address).encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


def _binomial_quantile(u: Floats, n: Floats, p: Floats) -> Floats:
    """Return the least k whose P(X <= k) >= u, X binomial; shapes (m,).

    Exact up to a variance of 100. Above it the expansion of Cornish & Fisher (1938), rounded: it is off by one in fewer than
    one draw of a hundred, and by less than a thousandth in the mean.
    """
    from scipy.special import ndtri

    z, variance = ndtri(u), n * p * (1.0 - p)
    skewed = n * p + np.sqrt(variance + 1.0 / 12.0) * z + (1.0 - 2.0 * p) * (z * z - 1.0) / 6.0
    k: Floats = np.where(variance > 0.0, np.clip(np.ceil(skewed - 0.5), 0.0, n), n * p)
    exact = np.flatnonzero((variance > 0.0) & (variance <= 100.0))
    k[exact] = _stepped(k[exact], u[exact], n[exact], p[exact])
    return k


def _stepped(k: Floats, u: Floats, n: Floats, p: Floats) -> Floats:
    """Return the exact quantile, found step by step from a guess `k`."""
    up = _at_most(k, n, p) < u
    at = np.flatnonzero(up)
    while len(at):
        k[at] += 1.0
        at = at[_at_most(k[at], n[at], p[at]) < u[at]]
    at = np.flatnonzero(~up & (k > 0.0))
    while len(at):
        at = at[_at_most(k[at] - 1.0, n[at], p[at]) >= u[at]]
        k[at] -= 1.0
        at = at[k[at] > 0.0]
    return k


def _at_most(k: Floats, n: Floats, p: Floats) -> Floats:
    """Return P(X <= k)."""
    from scipy.special import betainc

    below = betainc(np.maximum(n - k, 0.5), k + 1.0, 1.0 - p)
    return np.where(k >= n, 1.0, below)


class Purpose:
    """The draws of one purpose in one week: ask by id, and by k where one id draws several times."""

    def __init__(self, key: np.uint64) -> None:
        self._key = key

    def _words(self, ids: Any, k: Any = 0) -> U64:
        z = np.atleast_1d(np.asarray(ids)).astype(np.uint64)
        z = z * _GOLDEN
        z = z + np.asarray(k).astype(np.uint64) * _K_STEP
        z ^= self._key
        return _finalise(_finalise(z) + self._key)

    def uniform(self, ids: Any, k: Any = 0) -> Floats:
        """Return uniforms in (0, 1), one for each of `ids` (shape (n,), broadcast with `k`); neither end is ever reached."""
        return ((self._words(ids, k) >> _S12).astype(np.float64) + 0.5) * 2.0**-52

    def happens(self, probability: Any, ids: Any, k: Any = 0) -> NDArray[np.bool_]:
        """Return True with `probability` (scalar or one per id), shape (n,)."""
        return np.asarray(self.uniform(ids, k) < probability)

    def normal(self, ids: Any, k: Any = 0) -> Floats:
        """Return standard normals by inversion, shape (n,)."""
        from scipy.special import ndtri  # a third of a second to import: not paid by who only checks a scenario

        result: Floats = ndtri(self.uniform(ids, k))
        return result

    def gamma2(self, ids: Any, k: Any = 0) -> Floats:
        """Return Gamma draws of shape 2 and mean 1, shape (n,): half the sum of two exponentials."""
        first = self.uniform(ids, np.asarray(k) * 2)
        second = self.uniform(ids, np.asarray(k) * 2 + 1)
        result: Floats = -0.5 * np.log(first * second)
        return result

    def binomial(self, n: Any, probability: Any, ids: Any, k: Any = 0) -> NDArray[np.int64]:
        """Return for each id how many of `n` (scalar or (n,)) happen with `probability` each, by inversion of one uniform.

        Rises with n and with probability, so that the same id in a world a little different draws nearly the same.
        """
        u = self.uniform(ids, k)
        n, p = (np.broadcast_to(np.asarray(part, dtype=np.float64), u.shape) for part in (n, probability))
        return np.asarray(_binomial_quantile(u, n, p), dtype=np.int64)

    def choice(self, cumulative: Floats, ids: Any, k: Any = 0) -> NDArray[np.int64]:
        """Return for each id the index drawn by `cumulative` shares (shape (m,) for all ids, or (n, m))."""
        scaled = self.uniform(ids, k) * cumulative[..., -1]
        if cumulative.ndim == 1:
            return np.searchsorted(cumulative, scaled, side="right").astype(np.int64)
        return np.asarray((cumulative <= scaled[:, None]).sum(axis=1), dtype=np.int64)


class Draws:
    """All draws of one replication. `draws.at(week)("mechanism")` is what a mechanism gets."""

    def __init__(self, seed: int, replication: int, week: int = -1, mechanism: str = "", strict: bool = False) -> None:
        self.seed, self.replication, self.week, self.mechanism, self.strict = seed, replication, week, mechanism, strict
        self._used: set[str] = set()

    def at(self, week: int) -> Draws:
        """Return the draws of one week (week -1 is the world's making)."""
        return Draws(self.seed, self.replication, week, "", self.strict)

    def of(self, mechanism: str) -> Draws:
        """Return this week's draws of one mechanism."""
        return Draws(self.seed, self.replication, self.week, mechanism, self.strict)

    def __call__(self, purpose: str) -> Purpose:
        """Return one purpose's draws; a purpose is taken once a week (ValueError the second time when `strict`)."""
        if self.strict and purpose in self._used:
            raise ValueError(f"{self.mechanism}: the draws for '{purpose}' were taken twice in week {self.week}")
        self._used.add(purpose)
        return Purpose(_key(self.seed, self.replication, self.mechanism, purpose, self.week))
