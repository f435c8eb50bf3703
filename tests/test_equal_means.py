"""The plans of the three mistakes spend what the sound plan spends: only when, on what, or how steadily differs."""

from __future__ import annotations

from typing import Any

import pytest

from sim.scenario import Scenario, load
from sim.validation.fact import find, load_fact

MISTAKES = ("premature_promotion", "over_customization", "interrupted_channel_support")
GATES = {"prototype": 0, "iteration": 36, "stability": 70}
WEEKS = range(156)
SUPPORT = "channel.support_per_reseller"


def by_week(scenario: Scenario, lever: str) -> list[Any]:
    """Return what the plan gives a lever in each week, when stages are entered as in GATES."""
    found = []
    for week in WEEKS:
        stage = max((name for name, start in GATES.items() if start <= week), key=lambda name: GATES[name])
        entered = {name: start if start <= week else None for name, start in GATES.items()}
        found.append(scenario.plan.at(week, stage, entered).get(lever, 0.0))
    return found


def moved(name: str) -> set[str]:
    base, plan = load("baseline").plan.levers, load(name).plan.levers
    return {lever for lever in base.keys() | plan.keys() if base.get(lever) != plan.get(lever)}


def test_each_mistake_moves_only_its_own_levers() -> None:
    assert moved("premature_promotion") == {"promotion.feed_ads.spend", "promotion.exhibition.spend"}
    more = ("accept_match", "max_share", "max_load", "promise_freedom")
    assert moved("over_customization") == {f"customization.{lever}" for lever in more}
    assert moved("interrupted_channel_support") == {SUPPORT}
    for name in MISTAKES:
        assert all(path.startswith("plan.") for path, _, _ in load("baseline").diff(load(name)))


@pytest.mark.parametrize("lever", ["promotion.feed_ads.spend", "promotion.exhibition.spend"])
def test_the_early_campaign_has_the_same_budget_rate_and_duration(lever: str) -> None:
    late, early = (by_week(load(name), lever) for name in ("baseline", "premature_promotion"))
    assert sorted(late) == sorted(early)
    assert sum(late) > 0
    assert early[:26] == late[70:96]


@pytest.mark.parametrize("plan", ["interrupted_channel_support", 8, 16, 26])
def test_support_is_the_same_year_by_year(plan: str | int) -> None:
    fact = load_fact(find("F6")[0])
    gapped = load(plan) if isinstance(plan, str) else fact.study.cells[fact.cell([plan])].scenario
    steady, paid = by_week(load("baseline"), SUPPORT), by_week(gapped, SUPPORT)
    assert paid[:52] == steady[:52]
    for year in (slice(52, 104), slice(104, 156)):
        assert sum(paid[year]) == pytest.approx(sum(steady[year]), rel=1e-8)
        assert 0.0 in paid[year]
