"""Draws by address: the same whoever else draws, spread as they should be, and independent of each other."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from sim.draws import Draws, Purpose

IDS = np.arange(20_000)


def purpose(seed: int = 1, replication: int = 0, week: int = 3, mechanism: str = "need", name: str = "arrival") -> Purpose:
    return Draws(seed, replication).at(week).of(mechanism)(name)


def correlation(a: Any, b: Any) -> float:
    """Return the correlation in standard errors."""
    return float(abs(np.corrcoef(a, b)[0, 1]) * np.sqrt(len(a)))


# addresses ----------------------------------------------------------------------------------------------


def test_a_draw_depends_on_its_address_alone() -> None:
    alone = purpose().uniform(np.array([17]), 4)
    assert purpose().uniform(IDS, 4)[17] == alone[0]
    assert purpose().uniform(IDS[::-1], 4)[-18] == alone[0]
    assert purpose().uniform(IDS[:, None], np.arange(6)[None, :])[17, 4] == alone[0]


def test_asking_does_not_change_the_answer() -> None:
    draws = Draws(1, 0).at(3).of("need")
    first = draws("arrival").uniform(IDS)
    draws("window").normal(IDS)
    assert (draws("arrival").uniform(IDS) == first).all()


def test_ids_are_not_changed_by_asking() -> None:
    ids = IDS.astype(np.uint64)
    purpose().uniform(ids)
    assert (ids == IDS).all()


@pytest.mark.parametrize("other", [
    {"seed": 2}, {"seed": 0}, {"replication": 1}, {"week": 4}, {"week": -1}, {"mechanism": "word"}, {"name": "arrivals"},
])
def test_every_part_of_the_address_counts(other: dict[str, Any]) -> None:
    mine, others = purpose().uniform(IDS), purpose(**other).uniform(IDS)
    assert not (mine == others).any()
    assert correlation(mine, others) < 4.5


def test_seed_and_replication_are_not_mixed_up() -> None:
    pairs = itertools.product(range(20), range(20))
    seen = {float(purpose(seed, replication).uniform(IDS[:1])[0]) for seed, replication in pairs}
    assert len(seen) == 400


def test_neighbouring_ids_and_edges_are_independent() -> None:
    u = purpose().uniform(IDS)
    assert correlation(u[:-1], u[1:]) < 4.5
    for k in range(1, 5):
        assert correlation(u, purpose().uniform(IDS, k)) < 4.5


def test_dependence_is_caught() -> None:
    u = purpose().uniform(IDS)
    assert correlation(u, 0.1 * u + 0.9 * purpose(week=4).uniform(IDS)) > 4.5


def test_strict_draws_are_taken_once_a_week() -> None:
    draws = Draws(1, 0, strict=True).at(2).of("need")
    draws("arrival")
    draws("window")
    with pytest.raises(ValueError, match="need: the draws for 'arrival' were taken twice in week 2"):
        draws("arrival")
    Draws(1, 0, strict=True).at(3).of("need")("arrival")


# how they are spread ------------------------------------------------------------------------------------


def test_uniforms_fill_the_unit_interval_evenly() -> None:
    counts = np.histogram(purpose().uniform(np.arange(100_000)), bins=50, range=(0, 1))[0]
    assert counts.sum() == 100_000
    assert ((counts - 2_000) ** 2 / 2_000).sum() < 100  # chi-square with 49 degrees of freedom


class Extreme(Purpose):
    """Draws all of whose words are the same."""

    def __init__(self, word: int) -> None:
        self.word = word

    def _words(self, ids: Any, k: Any = 0) -> Any:
        return np.full(len(ids), self.word, dtype=np.uint64)


@pytest.mark.parametrize("word", [0, 2**64 - 1])
def test_uniforms_never_reach_either_end(word: int) -> None:
    draws = Extreme(word)
    assert 0 < draws.uniform(IDS[:1])[0] < 1
    assert np.isfinite(draws.normal(IDS[:1])).all()
    assert np.isfinite(draws.gamma2(IDS[:1])).all()
    assert draws.choice(np.array([0.2, 0.7, 0.7]), IDS[:1])[0] in (0, 1)


def test_what_is_certain_happens_and_what_is_impossible_does_not() -> None:
    for word in (0, 2**64 - 1):
        assert Extreme(word).happens(1.0, IDS[:1]).all()
        assert not Extreme(word).happens(0.0, IDS[:1]).any()


@pytest.mark.parametrize("p", [0.02, 0.5, 0.97])
def test_things_happen_with_their_probability(p: float) -> None:
    assert purpose().happens(p, IDS).mean() == pytest.approx(p, abs=4.5 * np.sqrt(p * (1 - p) / len(IDS)))


def test_more_likely_things_happen_to_the_same_and_more() -> None:
    rare, often = purpose().happens(0.1, IDS), purpose().happens(0.3, IDS)
    assert (often >= rare).all()


def test_each_id_may_have_its_own_probability() -> None:
    happened = purpose().happens(np.where(IDS % 2 == 0, 0.0, 1.0), IDS)
    assert (happened == (IDS % 2 == 1)).all()


def test_normals_have_mean_nought_and_spread_one() -> None:
    z = purpose().normal(IDS)
    assert z.mean() == pytest.approx(0.0, abs=4.5 / np.sqrt(len(IDS)))
    assert z.std() == pytest.approx(1.0, abs=0.03)
    assert (np.abs(z) < 1.96).mean() == pytest.approx(0.95, abs=0.007)


def test_gamma_draws_have_mean_one_and_shape_two() -> None:
    g = purpose().gamma2(IDS)
    assert (g > 0).all()
    assert g.mean() == pytest.approx(1.0, abs=0.025)
    assert g.var() == pytest.approx(0.5, abs=0.04)
    assert (g < 1.0).mean() == pytest.approx(1 - 3 * np.exp(-2), abs=0.016)
    assert not (g == purpose().gamma2(IDS, 1)).any()


def test_choices_follow_their_shares() -> None:
    shares = np.array([0.5, 0.0, 0.3, 0.2])
    counts = np.bincount(purpose().choice(np.cumsum(shares), IDS), minlength=4) / len(IDS)
    assert counts == pytest.approx(shares, abs=0.02)
    assert counts[1] == 0


def test_choices_of_each_id_by_its_own_shares_agree_with_common_shares() -> None:
    cumulative = np.array([2.0, 2.0, 5.0])
    one = purpose().choice(cumulative, IDS)
    each = purpose().choice(np.tile(cumulative, (len(IDS), 1)), IDS)
    assert (one == each).all()
    own = np.where((IDS % 2 == 0)[:, None], [1.0, 1.0, 1.0], [0.0, 0.0, 1.0])
    assert (purpose().choice(own, IDS) == np.where(IDS % 2 == 0, 0, 2)).all()


def test_nobody_draws_nothing() -> None:
    nobody = IDS[:0]
    for drawn in (purpose().uniform(nobody), purpose().normal(nobody), purpose().gamma2(nobody), purpose().happens(0.5, nobody)):
        assert len(drawn) == 0
    assert len(purpose().choice(np.array([0.3, 1.0]), nobody)) == 0
