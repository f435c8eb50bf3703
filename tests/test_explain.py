"""Scenarios in words."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path

import pytest
from toys import shelved

from sim.scenario import Scenario, load
from sim.settings import known


@pytest.fixture(scope="module", autouse=True)
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with shelved(tmp_path_factory.mktemp("scenarios")) as folder:
        yield folder


def lines_of(scenario: Scenario) -> list[str]:
    return [" ".join(line.split()) for line in scenario.explain().splitlines()]


def test_the_calendar_tells_when_and_how_much() -> None:
    spend = [
        {"from": 0, "to": 26, "value": 2000}, {"from": 60, "every": 26, "on": 13, "value": 900},
        {"stage": "iteration", "value": 1},
        {"stage": "stability", "from": 0, "to": 40, "value": 1_250_000.5}, {"from": 7, "to": 8, "value": 3},
        {"stage": "stability", "from": 5, "value": 4},
    ]
    found = lines_of(load("baseline").replace("plan.promotion.sem.spend", spend, "start_date", datetime.date(2027, 1, 4)))
    start = found.index("sem.spend: spending")
    assert found[start + 1 : start + 8] == [
        "weeks 0-25 (Jan 2027 - Jun 2027) 2,000 CNY/week", "from week 60 (Feb 2028), the first 13 weeks of every 26 900 CNY/week",
        "while in stage iteration 1 CNY/week", "weeks 0-39 after entering stability 1,250,000.5 CNY/week",
        "week 7 (Feb 2027) 3 CNY/week", "while in stage stability, from its week 5 4 CNY/week", "otherwise 0 CNY/week",
    ]
    assert found[start + 8].startswith("(baseline: weeks 0-25")
    assert f"announce: {known()['channel.announce'].doc}" in found
    assert "throughout yes" in found
    assert any("last of them counts" in line for line in found)


def test_units_of_money_are_in_the_currency() -> None:
    text = load("early").replace("currency", "EUR").explain()
    assert "9,000 EUR/week" in text
    assert "money/week" not in text


def test_assumptions_tell_here_there_unit_and_source() -> None:
    text = load("quiet").explain()
    base = known()["belief.memory"]
    assert "ASSUMPTIONS that differ from the baseline" in text
    assert f"belief.memory: {base.doc}" in text
    assert "0.9 share, in the baseline" in text
    assert "set in quiet.toml line 4; source of the default:" in text
    assert "belief.prior" not in text


def test_a_smaller_market_is_noted() -> None:
    assert "market.scale" not in load("baseline").explain()
    text = load("early+small").explain()
    assert "Played at 0.1 times full size" in text
    assert "9,000° CNY/week" in text


def test_what_is_off_is_listed() -> None:
    assert "SWITCHED OFF" not in load("early").explain()
    text = load("early").replace("off.switches", ["belief.memory"]).explain()
    assert "SWITCHED OFF\n  belief.memory" in text


def test_the_baseline_tells_what_is_uncertain() -> None:
    text = load("baseline").explain()
    assert "ASSUMPTIONS known only within a range" in text
    assert "plausible" in text
    assert load("early").explain().endswith("ASSUMPTIONS as in the baseline")
