"""Plans in drawn worlds: what is drawn, what share keeps the sign, what the others have in common."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from test_cli import call, refused

import sim
from sim.errors import UserError
from sim.settings import known
from sim.study.worlds import Robustness, draw_worlds, in_world, over_worlds


def test_worlds_are_a_latin_hypercube_over_the_plausible_ranges() -> None:
    worlds = draw_worlds(20, seed=3)
    uncertain = {path: par for path, par in known().items() if par.plausible is not None}
    assert len(worlds) == 20
    for path, par in uncertain.items():
        low, high = par.plausible or (0.0, 0.0)
        values = np.array([world[path] for world in worlds])
        assert values.min() >= low - 1e-12
        assert values.max() <= high + 1e-12
        if not isinstance(par.default, int):
            assert sorted(np.floor((values - low) / (high - low) * 20).astype(int)) == list(range(20))
    assert worlds == draw_worlds(20, seed=3)
    assert worlds != draw_worlds(20, seed=4)


def test_a_world_changes_the_uncertain_alone() -> None:
    plan = sim.load("premature_promotion+small")
    played = in_world(plan, draw_worlds(2)[0])
    assert {path for path, _, _ in plan.diff(played)} <= {path for path, par in known().items() if par.role == "uncertain"}
    assert played.plan == plan.plan


def made_up(turns: np.ndarray, worlds: list[dict[str, float]]) -> Robustness:
    difference = np.where(turns, 5.0, -5.0)[:, None]
    return Robustness(("base", "plan"), tuple(worlds), {"value": difference, "signed_merchants": difference}, 2)


def test_what_turns_an_answer_is_found() -> None:
    """Where the sign hangs on one parameter, that one comes first and is clear; where on none, nothing is."""
    worlds = draw_worlds(60, seed=1)
    forgetting = np.array([world["belief.forgetting"] for world in worlds])
    turns = forgetting > np.quantile(forgetting, 0.7)
    robust = made_up(turns, worlds)
    assert robust.share("plan", "value", -1) == pytest.approx(1 - turns.mean())
    found = robust.in_common("plan", "value", -1)
    assert found.iloc[0]["parameter"] == "belief.forgetting"
    assert found.iloc[0]["clear"]
    assert found.iloc[0]["there"] > found.iloc[0]["elsewhere"]
    luck = made_up(np.random.default_rng(5).random(60) < 0.3, worlds)
    assert not luck.in_common("plan", "value", -1)["clear"].any()


def test_too_few_worlds_say_nothing() -> None:
    worlds = draw_worlds(10)
    turns = np.zeros(10, dtype=bool)
    turns[:2] = True
    assert made_up(turns, worlds).in_common("plan", "value", -1).empty


def test_plans_are_paired_in_every_world() -> None:
    base = sim.load("baseline+small").replace("market.scale", 0.002, "weeks", 8)
    same = over_worlds([base, base.named("same")], 2, reps=2)
    assert same.differences["value"].tolist() == [[0.0], [0.0]]
    other = over_worlds([base, base.replace("plan.sales.reps", 500.0).named("many reps")], 2, reps=1)
    assert (other.differences["value"] < 0).all()
    for wrong in ([base], [base, base]):
        with pytest.raises(UserError, match="two"):
            over_worlds(wrong, 2 if len(wrong) < 2 else 1)


def test_the_command_prints_shares_and_writes_worlds(tmp_path: Path) -> None:
    tiny = ("--set", "market.scale=0.002", "--weeks", "6", "--reps", "2", "--jobs", "1")
    plans = ("baseline+small", "premature_promotion+small")
    done = call("compare", *plans, *tiny, "--worlds", "2", "--out", "found", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "2 worlds drawn from the plausible ranges" in " ".join(done.stdout.split())
    assert len((tmp_path / "found" / "worlds.csv").read_text().splitlines()) == 3
    again = call("compare", *plans, *tiny, "--worlds", "2", "--out", "found", "--json", cwd=tmp_path)
    assert json.loads(again.stdout)["robustness"] == json.loads((tmp_path / "found" / "worlds.json").read_text())
    assert "worlds" in refused("compare", *plans, *tiny, "--worlds", "1", cwd=tmp_path)
