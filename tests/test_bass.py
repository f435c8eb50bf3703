"""The consumers' mechanism in the limit that Bass (1969) solved: complete mixing, adoption at once, no lapse, no bad talk.

One merchant holds everybody. Its push and the word of its consumers give the hazard h = -ln[(1 - p)(1 - qF)] a step.
"""

from __future__ import annotations

import numpy as np
import pytest

from sim.agents.consumers import CONSUMING
from sim.agents.merchants import LIVE, push
from sim.agents.vendor import Opening
from sim.agents.world import Market, World
from sim.draws import Draws
from sim.market.usage import Usage

P, Q = 0.03, 0.38
ROWS = 10_000
RUNS = 200


def crowd(seed: int, rows: int = ROWS) -> World:
    """Return a world of one merchant, long live and satisfied, and its `rows` consumers, a person each."""
    market = Market(
        merchants=1, size_spread=0.0, consumers_per_merchant=float(rows), people_per_row=1.0, weak_ties=0, reseller_pool=0,
    )
    world = World(market, Opening(seeds=0), Draws(seed, 0))
    for name, value in (("status", LIVE), ("live_week", -10_000), ("satisfaction", 1.0), ("gain", 0.0), ("fee", 1.0)):
        world.merchants.columns[name][:] = value
    assert world.consumers.n == rows
    return world


def limit(p_hazard: float, q_hazard: float) -> Usage:
    """Return the mechanism in Bass's limit; the merchant is satisfied and breaks even, which sets its share of the push."""
    most = p_hazard / float(push(1.0, 0.0, 1.0))
    return Usage(push=most, strong=q_hazard, weak=0.0, bad_talk=0.0, immediate=1.0, lapse=0.0, friction=0.0)


def adopted(usage: Usage, steps: int, seed: int, rows: int = ROWS) -> np.ndarray:
    """Return the share that has adopted after each step, shape (steps,)."""
    world, shares = crowd(seed, rows), np.zeros(steps)
    for week in range(steps):
        world.week = week
        usage.step(world, Draws(seed, 0).at(week).of("usage"))
        shares[week] = np.count_nonzero(world.consumers.state == CONSUMING) / rows
    return shares


def recursion(p: float, q: float, steps: int) -> np.ndarray:
    """Return F after each step of F ← F + (1 - F)(1 - (1 - p)(1 - qF)), shape (steps,)."""
    shares, f = np.zeros(steps), 0.0
    for step in range(steps):
        f += (1 - f) * (1 - (1 - p) * (1 - q * f))
        shares[step] = f
    return shares


def closed_form(p: float, q: float, years: np.ndarray) -> np.ndarray:
    """Return Bass's F(t) = (1 - e^(-(p+q)t)) / (1 + (q/p) e^(-(p+q)t))."""
    fading = np.exp(-(p + q) * years)
    return np.asarray((1 - fading) / (1 + q / p * fading))


@pytest.fixture(scope="module")
def runs() -> np.ndarray:
    """Return the shares of many runs, shape (RUNS, 24)."""
    usage = limit(-np.log1p(-P), -np.log1p(-Q))
    return np.stack([adopted(usage, 24, seed) for seed in range(RUNS)])


def test_half_have_adopted_in_the_eighth_period(runs: np.ndarray) -> None:
    assert ((runs < 0.5).sum(axis=1) + 1 == 8).mean() > 0.9
    assert (runs.mean(axis=0) < 0.5).sum() + 1 == 8


def agrees(mean: np.ndarray, exact: np.ndarray) -> bool:
    """Say whether a mean of runs lies within one per cent of the recursion wherever a tenth has adopted."""
    late = exact >= 0.1
    return bool((np.abs(mean[late] / exact[late] - 1) < 0.01).all())


def test_the_mean_of_many_runs_is_the_recursion(runs: np.ndarray) -> None:
    mean, exact = runs.mean(axis=0), recursion(P, Q, 24)
    assert agrees(mean, exact)
    assert (np.abs(mean - exact) < 4 * runs.std(axis=0, ddof=1) / np.sqrt(RUNS)).all()


@pytest.mark.parametrize(("p", "q"), [(P, 0.36), (0.027, Q), (P, 0.0)])
def test_another_recursion_does_not_agree(runs: np.ndarray, p: float, q: float) -> None:
    assert not agrees(runs.mean(axis=0), recursion(p, q, 24))


def test_another_mechanism_does_not_agree() -> None:
    usage = limit(-np.log1p(-P), -np.log1p(-0.36))
    wrong = np.mean([adopted(usage, 24, seed) for seed in range(10)], axis=0)
    assert not agrees(wrong, recursion(P, Q, 24))


def test_runs_differ_and_stay_within_their_spread(runs: np.ndarray) -> None:
    assert len({row.tobytes() for row in runs}) == RUNS
    assert 0.001 < runs[:, 7].std() < 0.03
    assert (np.diff(runs, axis=1) >= 0).all()


def test_in_weeks_of_a_year_it_is_the_closed_form() -> None:
    years = np.arange(1, 13)
    usage = limit(P / 52, Q / 52)
    yearly = np.mean([adopted(usage, 12 * 52, seed) for seed in range(6)], axis=0)[51::52]
    assert np.abs(yearly - closed_form(P, Q, years)).max() < 0.015
    for p, q in ((P, 0.34), (0.025, Q)):
        assert np.abs(yearly - closed_form(p, q, years)).max() > 0.03


@pytest.mark.parametrize("change", [
    {"immediate": 0.0}, {"lapse": 0.1}, {"push": 0.0}, {"bad_talk": 1.0},
])
def test_outside_the_limit_adoption_is_slower(change: dict[str, float], runs: np.ndarray) -> None:
    usage = limit(-np.log1p(-P), -np.log1p(-Q)).model_copy(update=change)
    assert adopted(usage, 24, 1)[11] < 0.97 * runs[1, 11]
