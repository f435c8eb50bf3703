"""Many runs: summaries by hand, any number of processes, failures kept, folders found again."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import sim
from sim.errors import Problem, UserError
from sim.fields import Measure
from sim.study import folders, keep, runner, summary, task
from sim.study.compare import cases, of
from sim.study.run import Case, Result, run_cases
from sim.study.runner import workers
from sim.study.task import measures_of

MEASURES = {
    "signed": Measure("signed", "firms", "flow"),
    "live": Measure("live", "firms", "stock"),
    "rounds": Measure("rounds", "rounds", "flow"),
    "win_rate": Measure("win_rate", "share", "ratio", over=("signed", "rounds")),
    "week_gate": Measure("week_gate", "week", "week"),
}
NAN = np.nan


def tiny(*layers: str) -> sim.Scenario:
    """Return a market of a few dozen firms over a dozen weeks."""
    return sim.load("+".join(layers or ("baseline", "small"))).replace("market.scale", 0.002).replace("weeks", 12)


def run_case(case: Case, **more: Any) -> Result:
    return run_cases([case], **more)[0]


@pytest.fixture(scope="module")
def case() -> Case:
    return Case(tiny(), seed=3, reps=3)


@pytest.fixture(scope="module")
def result(case: Case) -> sim.Result:
    return run_case(case)


def weekly() -> pd.DataFrame:
    return pd.DataFrame({
        "replication": [0, 0, 0, 1, 1, 1],
        "week": [0, 1, 2, 0, 1, 2],
        "signed": [1.0, 2.0, 3.0, 0.0, 0.0, 0.0],
        "live": [1.0, 3.0, 5.0, 0.0, 1.0, 2.0],
        "rounds": [4.0, 4.0, 4.0, 0.0, 0.0, 0.0],
        "win_rate": [0.2, 0.3, 0.4, NAN, NAN, NAN],
        "week_gate": [NAN, 1.0, 1.0, NAN, NAN, NAN],
    })


# summaries ----------------------------------------------------------------------------------------------


def test_totals_follow_the_kind_of_each_measure() -> None:
    table = summary.totals(weekly(), MEASURES)
    assert table["signed"].tolist() == [6.0, 0.0]
    assert table["live"].tolist() == [5.0, 2.0]
    np.testing.assert_array_equal(table["win_rate"], [0.5, NAN])
    np.testing.assert_array_equal(table["week_gate"], [1.0, NAN])
    assert table.index.tolist() == [0, 1]


def test_a_summary_says_what_replications_carry() -> None:
    found = summary.summarise("plan", 7, summary.totals(weekly(), MEASURES), MEASURES)
    assert {key: found[key] for key in ("scenario", "seed", "replications")} == {"scenario": "plan", "seed": 7, "replications": 2}
    signed = found["measures"]["signed"]
    assert (signed["mean"], signed["p50"], signed["unit"], signed["kind"]) == (3.0, 3.0, "firms", "flow")
    half = 12.706204736432095 * np.sqrt(18.0) / np.sqrt(2.0)  # Student t with one degree of freedom
    assert signed["hi95"] == pytest.approx(3.0 + half)
    assert signed["lo95"] == pytest.approx(3.0 - half)
    gate = found["measures"]["week_gate"]
    assert (gate["mean"], gate["lo95"], gate["share"]) == (1.0, None, 0.5)
    json.dumps(found, allow_nan=False)


def test_nothing_is_claimed_where_nothing_is_known() -> None:
    never = weekly().assign(week_gate=NAN)
    gate = summary.summarise("plan", 1, summary.totals(never, MEASURES), MEASURES)["measures"]["week_gate"]
    assert (gate["mean"], gate["p50"], gate["share"]) == (None, None, 0.0)


@pytest.mark.parametrize("n", [2, 5, 40])
def test_intervals_are_those_of_students_t(n: int) -> None:
    from scipy import stats

    values = np.random.default_rng(n).normal(size=(n, 3))
    mean, low, high = summary.intervals(values)
    expected = stats.t.interval(0.95, n - 1, loc=values.mean(axis=0), scale=stats.sem(values, axis=0))
    np.testing.assert_allclose([low, high], expected, rtol=1e-10)
    np.testing.assert_allclose(mean, values.mean(axis=0))


# running ------------------------------------------------------------------------------------------------


def test_a_result_has_the_tables_of_the_contract(result: sim.Result) -> None:
    measures = measures_of(result.scenario)
    assert list(result.weekly.columns) == ["replication", "week", *measures]
    assert list(result.breakdown.columns) == ["replication", "week", "measure", "dimension", "key", "value"]
    assert list(result.events.columns) == ["replication", "week", "event", "merchant", "agent", "cause", "ref", "value"]
    assert len(result.weekly) == 3 * 12
    assert list(result.summary) == ["scenario", "seed", "replications", "measures"]
    assert set(result.summary["measures"]) == set(measures)
    row = {"mean", "lo95", "hi95", "p10", "p50", "p90", "unit", "kind"}
    for name, found in result.summary["measures"].items():
        assert set(found) == row | ({"share"} if measures[name].kind == "week" else set())


def test_additive_breakdowns_sum_to_the_weekly_table(result: sim.Result) -> None:
    measures = measures_of(result.scenario)
    keys = ["replication", "week"]
    additive = result.breakdown[result.breakdown["measure"].map(lambda name: name in measures and measures[name].kind == "flow")]
    assert len(additive)
    for (measure, _), part in additive.groupby(["measure", "dimension"]):
        whole = result.weekly.set_index(keys)[measure]
        np.testing.assert_allclose(part.groupby(keys)["value"].sum(), whole, rtol=1e-9, atol=1e-9)


def test_money_is_in_the_currency_of_the_scenario(result: sim.Result) -> None:
    assert result.summary["measures"]["value"]["unit"] == result.scenario.currency


@pytest.mark.parametrize("jobs", [2, 3])
def test_the_number_of_processes_changes_no_bit(case: Case, result: sim.Result, jobs: int) -> None:
    other = run_case(case, jobs=jobs)
    for name in folders.TABLES:
        pd.testing.assert_frame_equal(getattr(other, name), getattr(result, name), check_exact=True)
    assert other.summary == result.summary


def test_more_replications_leave_the_first_ones_as_they_were(case: Case, result: sim.Result) -> None:
    fewer = run_case(Case(case.scenario, case.seed, 2))
    same = result.weekly[result.weekly["replication"] < 2]
    pd.testing.assert_frame_equal(fewer.weekly, same, check_exact=True)


def test_seeds_and_replications_are_different_worlds(case: Case, result: sim.Result) -> None:
    other = run_case(Case(case.scenario, case.seed + 1, 1))
    first, second = (result.weekly[result.weekly["replication"] == r].reset_index(drop=True) for r in (0, 1))
    assert not first.drop(columns="replication").equals(second.drop(columns="replication"))
    assert not first.equals(other.weekly)


def test_progress_counts_every_replication(case: Case) -> None:
    told: list[tuple[int, int]] = []
    run_case(Case(case.scenario, 1, 2), progress=lambda done, total: told.append((done, total)))
    assert told == [(0, 2), (1, 2), (2, 2)]


def test_weeks_replace_the_horizon(case: Case) -> None:
    short = sim.run(case.scenario, reps=1, weeks=4)
    assert short.scenario.weeks == 4
    assert short.weekly["week"].tolist() == [0, 1, 2, 3]


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let replication 1 fail."""
    from sim import model

    works = model.simulate

    def simulate(scenario: Any, seed: int = 1, replication: int = 0, **more: Any) -> Any:
        if replication == 1:
            raise ZeroDivisionError("the till is empty")
        return works(scenario, seed, replication, **more)

    monkeypatch.setattr(model, "simulate", simulate)


@pytest.mark.usefixtures("failing")
def test_a_failed_replication_is_kept_with_its_error_and_counts_in_no_number(case: Case, result: sim.Result) -> None:
    found = run_case(case)
    assert [(f.replication, f.error) for f in found.failures] == [(1, "ZeroDivisionError: the till is empty")]
    assert "simulate" in found.failures[0].trace
    assert found.summary["replications"] == 2
    assert sorted(found.weekly["replication"].unique()) == [0, 2]
    assert found.totals.loc[2].equals(result.totals.loc[2])


@pytest.mark.usefixtures("failing")
def test_a_comparison_pairs_only_what_came_to_its_end(case: Case, result: sim.Result) -> None:
    broken = run_case(Case(case.scenario, case.seed, case.reps))
    renamed = _named(broken, "other")
    table = of([result, renamed]).table
    assert table["replications"] == 2
    assert table["plans"]["other"]["value"]["diff"] == 0.0


def test_replications_lost_with_their_process_are_run_again(
    monkeypatch: pytest.MonkeyPatch, case: Case, result: sim.Result
) -> None:
    works, asked = runner._pool, []

    def pool(shards: Any, *more: Any) -> Any:
        asked.append([task.replication for shard in shards for task in shard])
        yield from works([[t for t in shard if t.replication != 1 or len(asked) > 1] for shard in shards], *more)

    monkeypatch.setattr(runner, "_pool", pool)
    assert run_case(case).weekly.equals(result.weekly)
    assert asked == [[0, 1, 2], [1]]


def test_a_process_that_keeps_dying_is_a_failure(monkeypatch: pytest.MonkeyPatch, case: Case) -> None:
    """Others are not blamed for it, though it breaks every round at once until they come first."""
    works = runner._pool

    def pool(shards: Any, *more: Any) -> Any:
        for one in (one for shard in shards for one in shard):
            if one.replication == 0:
                return
            yield from works([[one]], *more)

    monkeypatch.setattr(runner, "_pool", pool)
    found = run_case(case)
    assert [f.replication for f in found.failures] == [0]
    assert "process died" in found.failures[0].error


def test_when_all_fail_the_error_is_raised(monkeypatch: pytest.MonkeyPatch, case: Case) -> None:
    from sim import model

    def simulate(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("nothing works")

    monkeypatch.setattr(model, "simulate", simulate)
    with pytest.raises(RuntimeError, match="nothing works"):
        run_case(case)


def test_what_the_user_can_mend_is_no_failure(monkeypatch: pytest.MonkeyPatch, case: Case) -> None:
    from sim import model

    def simulate(*_: Any, **__: Any) -> Any:
        raise UserError(Problem("mend me"))

    monkeypatch.setattr(model, "simulate", simulate)
    with pytest.raises(UserError, match="mend me"):
        run_case(case)


def test_an_error_the_user_can_mend_survives_the_way_between_processes() -> None:
    error = UserError(Problem("one", key="a"), Problem("two", key="b"))
    assert pickle.loads(pickle.dumps(error)).problems == error.problems


@pytest.mark.parametrize("wrong", [{"reps": 0}, {"reps": 2.0}, {"reps": True}, {"seed": -1}, {"seed": None}, {"engine": "fast"}])
def test_arguments_out_of_range_are_refused(case: Case, wrong: dict[str, Any]) -> None:
    (name,) = wrong
    with pytest.raises(UserError, match=f"{name} ?=?.*allowed"):
        sim.run(case.scenario, **wrong)


@pytest.mark.parametrize("jobs", [0, -1, "some", 1.5])
def test_a_number_of_processes_is_a_count_or_all(jobs: Any) -> None:
    with pytest.raises(UserError, match="jobs"):
        workers(jobs, 4)


def test_seed_zero_is_a_seed(case: Case) -> None:
    assert run_case(Case(case.scenario, 0, 1)).seed == 0


# comparing ----------------------------------------------------------------------------------------------


def _named(result: sim.Result, name: str, **changes: float) -> sim.Result:
    """Return `result` as if of a plan called `name`, its totals moved by `changes`."""
    scenario = result.scenario.model_copy(update={"name": name})
    table = result.totals.assign(**{measure: result.totals[measure] + change for measure, change in changes.items()})
    return replace(result, scenario=scenario, totals=table)


def test_differences_are_paired_by_replication(result: sim.Result) -> None:
    table = of([result, _named(result, "richer", value=100.0), _named(result, "poorer", value=-50.0)]).table
    rich, poor = table["plans"]["richer"]["value"], table["plans"]["poorer"]["value"]
    assert rich["diff"] == pytest.approx(100.0)
    assert rich["plan"] - rich["base"] == pytest.approx(100.0)
    assert (poor["lo95"], poor["hi95"]) == (pytest.approx(-50.0), pytest.approx(-50.0))
    assert (table["best"], table["p_best"]) == ("richer", 1.0)
    assert list(table) == ["base", "replications", "plans", "best", "p_best"]
    assert set(rich) == {"base", "plan", "diff", "lo95", "hi95", "unit"}


def test_p_best_is_the_share_of_replications_won(result: sim.Result) -> None:
    other = _named(result, "other")
    other.totals["value"] = other.totals["value"] + np.array([-1.0, -1.0, 1e12])
    comparison = of([result, other])
    assert comparison.best == "other"
    assert comparison.p_best == pytest.approx(1 / 3)


def test_weekly_differences_of_equal_plans_are_nought(result: sim.Result) -> None:
    paired = of([result, _named(result, "other")]).paired("other", "cash")
    assert list(paired.columns) == ["week", "diff", "lo95", "hi95"]
    assert paired["week"].tolist() == list(range(12))
    assert (paired[["diff", "lo95", "hi95"]] == 0.0).all(axis=None)


def test_a_comparison_runs_plans_on_the_same_worlds(case: Case) -> None:
    plans = [tiny("baseline", "small"), tiny("premature_promotion", "small")]
    found = sim.compare(plans, seed=3, reps=2)
    assert list(found.results) == [plan.name for plan in plans]
    assert found.results[plans[0].name].weekly.equals(run_case(Case(case.scenario, 3, 2)).weekly)


def test_what_cannot_be_compared_is_refused(case: Case) -> None:
    one = case.scenario
    for plans, said in (([one], "two plans or more"), ([one, one], "name of its own")):
        with pytest.raises(UserError, match=said):
            cases(plans)
    longer = tiny("premature_promotion", "small").replace("weeks", 13)
    with pytest.raises(UserError, match="different length"):
        cases([one, longer])
    assert len(cases([one, longer], weeks=5)) == 2


def test_unknown_plans_and_measures_are_refused(result: sim.Result) -> None:
    comparison = of([result, _named(result, "other")])
    with pytest.raises(UserError, match="unknown plan"):
        comparison.paired("nobody", "cash")
    with pytest.raises(UserError, match="unknown measure"):
        comparison.paired("other", "happiness")


# keeping ------------------------------------------------------------------------------------------------


def test_a_run_directory_holds_what_the_contract_says(result: sim.Result, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folders.save(result, folder, "sim run x")
    kept = {file.name for file in folder.iterdir()}
    assert kept == {
        "scenario.toml", "manifest.json", "weekly.parquet", "breakdown.parquet", "events.parquet", "summary.json", "summary.csv"
    }
    assert json.loads((folder / "summary.json").read_text()) == result.summary
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["inputs"]["seed"], manifest["command"]) == (3, "sim run x")
    assert sim.load(str(folder / "scenario.toml")).digest() == result.scenario.digest()
    assert [file.name for file in tmp_path.iterdir()] == ["run"]


def test_what_is_kept_is_found_again_to_the_bit(case: Case, result: sim.Result, tmp_path: Path) -> None:
    folders.save(result, tmp_path / "run")
    found = folders.find(case, tmp_path / "run")
    assert found is not None
    for name in folders.TABLES:
        pd.testing.assert_frame_equal(getattr(found, name), getattr(result, name), check_exact=True)
    assert found.summary == result.summary


OTHERS = [{"seed": 4}, {"reps": 2}, {"engine": "agents"}, {"weeks": 11}, {"market.need_heterogeneity": 0.3}]


@pytest.mark.parametrize("other", OTHERS, ids=lambda other: next(iter(other)))
def test_other_inputs_are_other_folders(case: Case, result: sim.Result, tmp_path: Path, other: dict[str, Any]) -> None:
    scenario = case.scenario
    for key in other.keys() - {"seed", "reps", "engine"}:
        scenario = scenario.replace(key, other[key])
    plain = {"seed": case.seed, "reps": case.reps, "engine": case.engine}
    changed = Case(scenario, **(plain | {key: other[key] for key in other.keys() & plain.keys()}))
    assert folders.folder_of([changed], tmp_path) != folders.folder_of([case], tmp_path)
    folders.save(result, tmp_path / "run")
    assert folders.find(changed, tmp_path / "run") is None


def test_other_code_is_another_folder(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    before = folders.folder_of([case], Path("results"))
    monkeypatch.setattr(folders, "code", lambda **_: "changed")
    assert folders.folder_of([case], Path("results")) != before


def test_the_hash_of_the_code_covers_the_model_and_not_the_pictures() -> None:
    numbers = {path for path in ("week.py", "market/need.py", "study/task.py", "draws.py") if task.makes_numbers(Path(path))}
    assert len(numbers) == 4
    assert not task.makes_numbers(Path("cli.py"))
    assert folders.code() != folders.code(of_views=True)


def test_equal_inputs_are_not_run_again(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ways = keep.Ways(shelf=tmp_path)
    first, folder, there = keep.run_kept(case, None, ways)
    assert not there
    assert folder.name.startswith(f"{case.scenario.name}-")
    monkeypatch.setattr(runner, "perform", lambda *_: pytest.fail("was run again"))
    again, same, there = keep.run_kept(case, None, ways)
    assert (same, there, again.summary) == (folder, True, first.summary)


def test_a_comparison_uses_what_was_run_before(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ways = keep.Ways(shelf=tmp_path)
    keep.run_kept(case, None, ways)
    ran: list[str] = []
    works = runner.perform
    monkeypatch.setattr(runner, "perform", lambda task: ran.append(task.scenario.name) or works(task))
    todo = [case, Case(tiny("over_customization", "small"), case.seed, case.reps)]
    comparison, folder, there = keep.compare_kept(todo, None, ways)
    assert ran == [todo[1].scenario.name] * case.reps
    assert not there
    assert json.loads((folder / "comparison.json").read_text()) == comparison.table
    assert {part.name for part in (folder / "plans").iterdir()} == {c.scenario.name for c in todo}
    found, _, there = keep.compare_kept(todo, None, ways)
    assert there
    assert len(ran) == case.reps
    assert found.table == comparison.table


@pytest.mark.usefixtures("failing")
def test_a_run_with_failures_is_kept_but_run_again(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ways = keep.Ways(shelf=tmp_path)
    _, folder, _ = keep.run_kept(case, None, ways)
    assert json.loads((folder / "manifest.json").read_text())["failures"] == [
        {"replication": 1, "error": "ZeroDivisionError: the till is empty"}
    ]
    monkeypatch.undo()
    mended, same, there = keep.run_kept(case, None, ways)
    assert (same, there, mended.failures) == (folder, False, ())


def test_charts_are_drawn_again_only_when_the_views_changed(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Path] = []

    def dress(_: Any, folder: Path) -> None:
        (folder / "charts").mkdir()
        (folder / "report.html").write_text("page")
        drawn.append(folder)

    ways = keep.Ways(dress=dress, shelf=tmp_path)
    _, folder, _ = keep.run_kept(case, None, ways)
    keep.run_kept(case, None, ways)
    assert len(drawn) == 1
    was = folders.code
    monkeypatch.setattr(folders, "code", lambda of_views=False: "changed" if of_views else was())
    keep.run_kept(case, None, ways)
    keep.run_kept(case, None, ways)
    assert drawn[1:] == [folder]


def test_nothing_half_written_is_left(result: sim.Result, tmp_path: Path) -> None:
    def dress(_: Any, folder: Path) -> None:
        (folder / "report.html").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        folders.save(result, tmp_path / "run", dress=dress)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_holds_something_else_is_left_alone(case: Case, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match="holds something else"):
        keep.run_kept(case, tmp_path)
    (tmp_path / "file").write_text("a file")
    for folder in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(UserError, match="a file is in the way"):
            keep.run_kept(case, folder)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_broken_manifest_is_no_result(case: Case, tmp_path: Path) -> None:
    for text in ("", "[]", "{}", "{"):
        (tmp_path / "manifest.json").write_text(text)
        assert folders.find(case, tmp_path) is None


def test_a_damaged_or_stripped_folder_is_made_again(case: Case, tmp_path: Path) -> None:
    def dress(_: Any, folder: Path) -> None:
        (folder / "charts").mkdir(exist_ok=True)
        (folder / "report.html").write_text("page")

    ways = keep.Ways(dress=dress, shelf=tmp_path)
    first, folder, _ = keep.run_kept(case, None, ways)
    (folder / "report.html").unlink()
    assert keep.run_kept(case, None, ways)[2]
    assert (folder / "report.html").exists()
    (folder / "weekly.parquet").write_text("garbage")
    again, _, there = keep.run_kept(case, None, ways)
    assert not there
    assert again.summary == first.summary
    assert folders.find(case, folder) is not None


def test_cash_moves_by_what_the_tables_say(case: Case) -> None:
    weekly = run_case(Case(case.scenario.replace("plan.ledger.funding", [{"from": 3, "to": 4, "value": 5e6}]), 1, 1)).weekly
    moved = (weekly["revenue"] - weekly["spend"] + weekly["funding"]).to_numpy()
    np.testing.assert_allclose(np.diff(weekly["cash"]), moved[1:], rtol=0, atol=1e-6)
    assert weekly["funding"].sum() > 0
