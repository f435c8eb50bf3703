"""Study files, grids, the rule of decision, and studies as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_cli import call, refused

import sim
from sim.errors import UserError
from sim.study import keep, runner
from sim.study.answer import Answer
from sim.study.factors import Factor, Level, grid, shifted, thinned
from sim.study.study import Cell, Study, StudyResult, result_of
from sim.study.study_folder import export, progress_of
from sim.study.task import Done, Failure
from sim.views.study_figures import study_figures
from sim.views.study_findings import sentences

ROOT = Path(__file__).parents[1]
SHIPPED = sorted((ROOT / "experiments").glob("*.toml"))
TINY = """question = "How much custom work?"
base = "baseline+small"
weeks = 8
replications = 3
measures = ["value", "focus"]
[set]
"market.scale" = 0.002
[[factors]]
name = "match"
path = "plan.customization.accept_match"
levels = [0.0, 1.0]
[[factors]]
name = "share"
unit = "of engineering"
path = "plan.customization.max_share"
bounds = [0.1, 0.5]
steps = 3
[quick]
replications = 2
every = 2
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(TINY)
    return path


def written(folder: Path, text: str) -> Path:
    path = folder / "study.toml"
    path.write_text(text)
    return path


# files --------------------------------------------------------------------------------------------------


def test_a_grid_is_every_plan_with_every_level(file: Path) -> None:
    study = Study.load(file)
    assert [cell.levels for cell in study.cells] == [(m, s) for m in (0.0, 1.0) for s in (0.1, 0.3, 0.5)]
    assert study.factors == (("match", ""), ("share", "of engineering"))
    assert all(cell.scenario.weeks == 8 for cell in study.cells)
    assert study.cells[4].scenario.settings()["plan.customization.max_share"] == 0.3
    assert len(study.tasks) == 18
    quick = Study.load(file, quick=True)
    assert [cell.levels for cell in quick.cells] == [(m, s) for m in (0.0, 1.0) for s in (0.1, 0.5)]
    assert quick.replications == 2
    assert Study.load(file, quick=True, replications=4).replications == 4


def test_plans_are_laid_over_the_base(tmp_path: Path) -> None:
    text = TINY.split("[[factors]]")[0].replace("weeks = 8", 'weeks = 8\nplans = ["baseline", "premature_promotion"]')
    study = Study.load(written(tmp_path, text))
    assert [cell.plan for cell in study.cells] == ["baseline", "premature_promotion"]
    assert {path for path, _, _ in study.cells[0].scenario.diff(study.cells[1].scenario)} == {
        "plan.promotion.feed_ads.spend", "plan.promotion.exhibition.spend",
    }


WRONG = [
    ('question = "How much custom work?"', "", ["question"]),
    ("replications = 3", "replicatons = 3", ["line 4", "replicatons", "did you mean 'replications'"]),
    ("replications = 3", "replications = 1", ["line 4", "replications = 1", "out of range; allowed: at least 2"]),
    ("replications = 3", 'replications = "3"', ["line 4", "replications"]),
    ('base = "baseline+small"', 'base = "basline+small"', ["basline", "did you mean 'baseline'"]),
    ('"focus"', '"fokus"', ["measures", "fokus", "did you mean 'focus'"]),
    ("accept_match", "accept_mach", ["accept_mach", "did you mean"]),
    ("[0.0, 1.0]", "[0.0, 7.0]", ["accept_match", "7.0", "out of range"]),
    ("[0.0, 1.0]", "[0.0, 0.0]", ["match", "two levels of one name"]),
    ("bounds = [0.1, 0.5]", "bounds = [0.1]", ["factors.2", "line 12", "bounds"]),
    ("bounds = [0.1, 0.5]\nsteps = 3", "", ["factors.2", "levels"]),
    ("customization.max_share", "customization.accept_match", ["accept_match", "two factors"]),
    ('name = "share"', 'name = "match"', ["factors", "match", "already"]),
    ('name = "share"', 'name = "plan"', ["factors", "plan", "already"]),
    ("[quick]", '[decision]\nmeasure = "valu"\n[quick]', ["decision.measure", "valu"]),
    ("[quick]", '[decision]\nchoose = "best"\n[quick]', ["decision.choose", "highest"]),
    ("steps = 3", "steps = 3\nshift = [\"plan.promotion.sem.spend\"]", ["factors.2"]),
    ("[set]", "[set", ["is not TOML"]),
    ("replications = 3", "replications = 100000000", ["line 4", "replications = 100000000", "at most 100,000"]),
    ("weeks = 8", 'weeks = 8\nplans = ["baseline", "baseline"]', ["line 4", "plans.2 = 'baseline'", "stands twice"]),
    ('base = "baseline+small"', 'base = "basline+small"', ["line 2", "base"]),
    ('base = "baseline+small"', 'base = "mine.toml"', ["line 2", "base", "no file 'mine.toml'"]),
    ('"market.scale" = 0.002', '"market.scale" = -1', ["line 7", "market.scale = -1", "out of range"]),
    ('"market.scale" = 0.002', '"market.skale" = 0.002', ["line 7", "market.skale", "did you mean 'market.scale'"]),
    ("accept_match", "accept_mach", ["line 10", "factors.1.path = 'plan.customization.accept_mach'", "accept_match'?"]),
    ("[0.0, 1.0]", "[0.0, 7.0]", ["line 11", "factors.1.levels"]),
    ("[0.0, 1.0]", "[0.0, 0.0]", ["line 11", "factors.1.levels.2 = 0.0"]),
    ("[0.1, 0.5]", "[nan, 0.5]", ["line 16", "factors.2.bounds.1 = nan: is not a finite number"]),
    ("[quick]", "[decision]\nindifference = nan\n[quick]", ["decision.indifference = nan: is not a finite number"]),
    ("[quick]", '[decision]\nindifference = "5k"\n[quick]', ["decision.indifference = '5k': is not a number"]),
    ("[0.0, 1.0]", '[0.0, {label = "a", set = {}}]', ["factors.1", "all values, or all tables of label and set"]),
    ("[0.0, 1.0]", "[0.0, 1.0]\nsteps = 2", ["factors.1", "steps, which go with bounds"]),
    ('path = "plan.customization.accept_match"\nlevels = [0.0, 1.0]', 'levels = [{label = "a", set = 3}]',
     ["line 10", "factors.1.levels.1.set = 3: is not a table"]),
    ('"market.scale" = 0.002', '"market.scale" = 0.002\n"plan.customization.accept_match" = 0.5',
     ["line 8", "plan.customization.accept_match", "changes nothing", "'match'"]),
]


@pytest.mark.parametrize(("old", "new", "parts"), WRONG, ids=[f"{new[:24]}|{old[:16]}" for old, new, _ in WRONG])
def test_what_is_wrong_is_told_with_file_and_key(old: str, new: str, parts: list[str], tmp_path: Path) -> None:
    assert old in TINY
    with pytest.raises(UserError) as error:
        Study.load(written(tmp_path, TINY.replace(old, new, 1)))
    for part in ["study.toml", *parts]:
        assert part in str(error.value)
    assert len(str(error.value).splitlines()) == 1


FAULTS = """question = "Which?"
base = "basline+small"
replications = 1
measures = ["fokus"]
plans = ["baseline", "baseline"]
[set]
"market.scale" = -1
"market.skale" = 1
[[factors]]
name = "match"
path = "plan.customization.accept_mach"
levels = [0.0, 1.0]
[[factors]]
name = "share"
path = "plan.customization.max_share"
levels = [0.1, 0.1, 7.0]
[[factors]]
name = "odd"
levels = []
[decision]
measure = "valu"
"""


def test_all_that_is_wrong_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        Study.load(written(tmp_path, FAULTS))
    lines = {problem.line for problem in error.value.problems}
    assert lines == {2, 3, 4, 5, 7, 8, 11, 16, 17, 21}
    assert all(problem.key for problem in error.value.problems)


def test_too_many_runs_are_refused_before_they_are_made(tmp_path: Path) -> None:
    text = TINY.replace("replications = 3", "replications = 100000").replace("steps = 3", "steps = 1000")
    with pytest.raises(UserError, match="line 4: replications = 100000: makes 200,000,000 runs"):
        Study.load(written(tmp_path, text))
    with pytest.raises(UserError, match="span 200,000 settings"):
        Study.load(written(tmp_path, text.replace("[0.0, 1.0]", str([k / 1000 for k in range(200)]))))


def test_base_and_plans_are_looked_for_beside_the_study_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "mine.toml").write_text('extends = ["baseline", "small"]\n[market]\nscale = 0.003\n')
    (tmp_path / "mine.toml").write_text('extends = ["baseline", "small"]\n[market]\nscale = 0.004\n')
    (tmp_path / "here.toml").write_text("[plan.customization]\naccept_match = 0.5\n")
    text = TINY.replace('"baseline+small"', '"mine.toml"').replace('[set]\n"market.scale" = 0.002\n', "")
    text = text.replace("weeks = 8", 'weeks = 8\nplans = ["here.toml", "baseline"]')
    (tmp_path / "sub" / "study.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    study = Study.load("sub/study.toml")
    assert study.cells[0].scenario.market.scale == 0.003
    assert {cell.plan for cell in study.cells} == {"here.toml", "baseline"}


def test_a_grid_too_large_is_refused() -> None:
    levels = [Level(k, {}) for k in range(200)]
    with pytest.raises(UserError, match="8,000,000"):
        next(grid([levels, levels, levels]))


@given(st.integers(0, 40), st.integers(1, 30), st.integers(0, 50))
@settings(max_examples=40, deadline=None)
def test_a_shift_moves_the_whole_schedule(start: int, length: int, weeks: int) -> None:
    now = {"plan.promotion.sem.spend": [{"from": start, "to": start + length, "value": 5.0}]}
    moved = {"from": start + weeks, "to": start + length + weeks, "value": 5.0}
    assert shifted("plan.promotion.sem.spend", now, weeks) == [moved]


@pytest.mark.parametrize(("path", "now", "weeks"), [
    ("plan.promotion.sem.spend", {}, 3), ("plan.promotion.sem.spend", {"plan.promotion.sem.spend": 4.0}, 3),
    ("plan.promotion.sem.spend", {"plan.promotion.sem.spend": [{"from": 2, "value": 1.0}]}, -3),
    ("plan.promotion.sem.spend", {"plan.promotion.sem.spend": [{"from": 2, "value": 1.0}]}, 0.5),
])
def test_what_cannot_be_shifted_is_refused(path: str, now: dict[str, Any], weeks: Any) -> None:
    with pytest.raises(UserError, match="sem"):
        shifted(path, now, weeks)


def test_thinned_levels_keep_both_ends() -> None:
    levels = [Level(k, {}) for k in range(8)]
    assert [level.label for level in thinned(levels, 3)] == [0, 3, 6, 7]
    assert thinned(levels, 1) == levels


def test_levels_that_are_tables_set_several_things() -> None:
    levels = [{"label": "a", "set": {"x": 1, "y": 2}}, {"label": "b", "set": {"x": 3}}]
    factor = Factor.model_validate({"name": "calendar", "levels": levels})
    assert [(level.label, dict(level.settings)) for level in factor.spread()] == [("a", {"x": 1, "y": 2}), ("b", {"x": 3})]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_studies_load_and_differ_only_by_their_factors(path: Path) -> None:
    for quick in (False, True):
        study = Study.load(path, quick=quick)
        assert 2 <= len(study.cells) <= 40
        assert len({cell.scenario.digest() for cell in study.cells}) == len(study.cells)


def test_the_campaign_costs_the_same_whenever_it_starts() -> None:
    study = Study.load(ROOT / "experiments" / "promotion_timing.toml")
    for lever in ("promotion.feed_ads.spend", "promotion.exhibition.spend"):
        plans = [cell.scenario.plan.levers[lever] for cell in study.cells]
        (spans,) = {tuple((span.value, span.end - span.start) for span in plan if span.end is not None) for plan in plans}
        assert spans[0][1] == 26


def test_support_costs_the_same_in_every_year_whatever_the_gap() -> None:
    study = Study.load(ROOT / "experiments" / "channel_continuity.toml")
    for cell in study.cells:
        for lever in ("channel.support_per_reseller", "channel.announced"):
            paid = [cell.scenario.plan.at(week, "stability", {"stability": 60}).get(lever, 0.0) for week in range(208)]
            for year in (slice(52, 104), slice(104, 156), slice(156, 208)):
                assert sum(paid[year]) == pytest.approx(350 * 52, rel=1e-6)


# the rule of decision -----------------------------------------------------------------------------------


def made_up(values: list[list[float]], **rule: Any) -> Answer:
    """Return the answer over `values`, one list of worlds for each of some settings."""
    scenario = sim.load("baseline+small")
    study = Study.load(ROOT / "experiments" / "promotion_timing.toml")
    cells = tuple(Cell("p", (k,), scenario) for k in range(len(values)))
    decision = study.decision.model_copy(update={"indifference": 0.0} | rule)
    study = Study("made up", "Which?", "", (("x", ""),), cells, ("value",), len(values[0]), 1, decision)
    outcomes = [
        Failure(r, "lost") if np.isnan(v) else Done(r, {"value": v}, 0.0) for row in values for r, v in enumerate(row)
    ]
    return Answer(result_of(study, outcomes))


def test_the_best_is_found_and_who_is_clearly_worse() -> None:
    answer = made_up([[1.0, 2.0, 3.0, 4.0], [2.0, 3.1, 3.9, 5.0], [1.9, 3.2, 3.8, 5.1]])
    assert answer.best == 1
    assert answer.clearly_worse.tolist() == [True, False, False]
    assert answer.differences[0].tolist() == pytest.approx([-1.0, 0.0, 0.0])
    assert 0.3 < answer.p_best <= 1.0


def test_differences_that_do_not_matter_make_nobody_worse() -> None:
    values = [[1.0, 2.0, 3.0, 4.0], [2.0, 3.1, 3.9, 5.0]]
    assert made_up(values).clearly_worse.tolist() == [True, False]
    assert made_up(values, indifference=2.0).clearly_worse.tolist() == [False, False]


def test_lowest_can_be_best() -> None:
    answer = made_up([[1.0, 2.0, 3.0], [2.0, 3.1, 3.9]], choose="lowest")
    assert answer.best == 0
    assert answer.clearly_worse.tolist() == [False, True]


def test_worlds_in_which_a_setting_failed_are_compared_nowhere() -> None:
    answer = made_up([[1.0, np.nan, 3.0, 4.0], [2.0, 9.0, 3.9, 5.0]])
    assert answer.worlds == 3
    assert [failure.replication for _, failure in answer.result.failures] == [1]
    with pytest.raises(UserError, match="nothing can be compared"):
        made_up([[np.nan, np.nan], [1.0, 2.0]])


@given(st.lists(st.lists(st.floats(-1e6, 1e6), min_size=4, max_size=4), min_size=2, max_size=6))
@settings(max_examples=40, deadline=None)
def test_the_best_is_never_clearly_worse_and_nobody_is_better(values: list[list[float]]) -> None:
    answer = made_up(values)
    assert not answer.clearly_worse[answer.best]
    assert (answer.differences[0] <= 1e-6).all()


def test_equal_settings_are_never_told_apart() -> None:
    answer = made_up([[1.0, 2.0, 3.0]] * 4)
    assert not answer.clearly_worse.any()


def of_two_factors(table: list[list[list[float]]], **rule: Any) -> Answer:
    """Return the answer of values by level of a, level of b and world."""
    base = sim.load("baseline+small")
    decision = Study.load(SHIPPED[0]).decision.model_copy(update={"indifference": 0.0} | rule)
    cells = tuple(Cell("base", (a / 10, b / 10), base) for a, row in enumerate(table) for b in range(len(row)))
    study = Study("made up", "Which?", "", (("a", ""), ("b", "weeks")), cells, ("value",), len(table[0][0]), 1, decision)
    return Answer(result_of(study, [Done(k, {"value": x}, 1.0) for row in table for cell in row for k, x in enumerate(cell)]))


def test_a_factor_that_makes_no_difference_is_named_and_decides_nothing() -> None:
    answer = of_two_factors([[[1.0, 2.0], [2.0, 3.1], [1.0, 1.5]]] * 3)
    assert answer.no_effect == ["a"]
    assert answer.p_best == 1.0
    words = sentences(answer)
    assert words[0].startswith("B at 0.1 weeks: highest value")
    assert words[1] == "A makes no difference."
    assert not any("end of what was tried" in sentence or "a at" in sentence for sentence in words)


def test_settings_that_all_give_the_same_are_not_ranked() -> None:
    answer = of_two_factors([[[1.0, 2.0]] * 3] * 3)
    assert answer.no_effect == ["a", "b"]
    (words,) = sentences(answer)
    assert words.startswith("A and b make no difference: value ")
    assert words.endswith(" in every setting.")


def test_settings_equal_to_the_best_are_told() -> None:
    answer = of_two_factors([[[3.0, 4.0], [1.0, 2.0]], [[3.0, 4.0], [0.5, 2.0]]])
    assert answer.no_effect == []
    assert "Exactly the same in every run: a at 0.1, b at 0 weeks." in sentences(answer)
    assert answer.p_best == 1.0


def test_indifference_has_no_part_in_p_best() -> None:
    values = [[[1.0, 2.0, 3.0, 4.2]], [[1.1, 1.9, 3.1, 4.1]]]
    assert of_two_factors(values).p_best == of_two_factors(values, indifference=9.0).p_best < 1


def test_the_worst_lies_below_the_best_or_above_where_less_is_better() -> None:
    table = [[[1.0, 2.0, 3.0], [2.0, 3.1, 3.9]]]
    assert "is 1 CNY (0.75 to 1.25) below it" in " ".join(sentences(of_two_factors(table)))
    assert "is 1 CNY (0.75 to 1.25) above it" in " ".join(sentences(of_two_factors(table, choose="lowest")))


def test_a_measure_that_never_was_is_not_blamed_on_failures() -> None:
    base = sim.load("baseline+small")
    decision = Study.load(SHIPPED[0]).decision.model_copy(update={"measure": "week_stability"})
    cells = tuple(Cell("base", (k,), base) for k in range(2))
    study = Study("mine", "Which?", "", (("x", ""),), cells, ("week_stability",), 2, 1, decision)
    for weeks, said in (([np.nan] * 4, "any replication"), ([3.0, 4.0, np.nan, np.nan], "any replication of x at 1")):
        with pytest.raises(UserError, match=f"mine.toml: decision.measure = 'week_stability': was not reached in {said}"):
            Answer(result_of(study, [Done(k % 2, {"week_stability": week}, 1.0) for k, week in enumerate(weeks)]))


# running ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, StudyResult, Path]:
    folder = tmp_path_factory.mktemp("studies")
    path = folder / "mine.toml"
    path.write_text(TINY)
    result, made, there = keep.study_kept(Study.load(path), None, keep.Ways(shelf=folder / "results"))
    assert not there
    return folder, result, made


def test_one_changed_level_runs_just_its_rows(kept: tuple[Path, StudyResult, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    folder, result, _ = kept
    ran: list[float] = []
    works, lever = runner.perform, "plan.customization.accept_match"
    monkeypatch.setattr(runner, "perform", lambda one: ran.append(one.scenario.settings()[lever]) or works(one))
    ways = keep.Ways(shelf=folder / "results")
    again, _, there = keep.study_kept(Study.load(folder / "mine.toml"), None, ways)
    assert there
    assert ran == []
    assert again.rows.equals(result.rows)
    (folder / "changed.toml").write_text(TINY.replace("[0.0, 1.0]", "[0.0, 0.9]"))
    changed, _, there = keep.study_kept(Study.load(folder / "changed.toml"), None, ways)
    assert ran == [0.9] * 9
    assert changed.rows.iloc[:9].equals(result.rows.iloc[:9])


def test_changed_code_is_noticed_and_said(kept: tuple[Path, StudyResult, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    from sim.study import study_folder, task

    folder, _, made = kept
    notes: list[str] = []
    for module in (study_folder, task):
        monkeypatch.setattr(module, "code", lambda **_: "changed")
    keep.study_kept(Study.load(folder / "mine.toml"), None, keep.Ways(shelf=folder / "results", note=notes.append))
    assert len(notes) == 1
    assert str(made) in notes[0]


def test_the_folder_holds_rows_settings_and_answer(kept: tuple[Path, StudyResult, Path]) -> None:
    _, result, made = kept
    assert {entry.name for entry in made.iterdir()} == {"mine.toml", "rows.parquet", "cells.csv", "answer.json", "manifest.json"}
    rows = pd.read_parquet(made / "rows.parquet")
    assert len(rows) == 18
    assert rows["value"].tolist() == result.rows["value"].tolist()
    answer = json.loads((made / "answer.json").read_text())
    assert len(answer["cells"]) == 6
    assert answer["best"] == answer["cells"][Answer(result).best]
    assert (made / "mine.toml").read_text() == TINY


@pytest.mark.parametrize("name", ["answer.json", "rows.parquet", "cells.csv", "mine.toml"])
def test_a_damaged_folder_is_made_again_from_the_store(
    kept: tuple[Path, StudyResult, Path], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _, made = kept
    before = (made / name).read_bytes()
    (made / "own.txt").write_text("mine")
    (made / name).write_text("{}")
    monkeypatch.setattr(runner, "perform", lambda one: pytest.fail("was run again"))
    study, ways = Study.load(folder / "mine.toml"), keep.Ways(shelf=folder / "results")
    assert not keep.study_kept(study, None, ways)[2]
    assert (made / name).read_bytes() == before
    assert (made / "own.txt").read_text() == "mine"
    (made / name).unlink()
    assert not keep.study_kept(study, None, ways)[2]
    assert keep.study_kept(study, None, ways)[2]
    (made / "own.txt").unlink()


def test_the_home_folder_is_known_by_its_short_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SIM_RESULTS", "~/mine")
    assert keep.shelf() == tmp_path / "mine"
    monkeypatch.setenv("SIM_RESULTS", "~nobody-of-this-name/mine")
    with pytest.raises(UserError, match="SIM_RESULTS"):
        keep.shelf()


@pytest.mark.parametrize("kind", ["csv", "parquet", "xlsx"])
def test_rows_are_exported(kept: tuple[Path, StudyResult, Path], kind: str, tmp_path: Path) -> None:
    _, result, _ = kept
    file = export(result, tmp_path, kind)
    if kind == "xlsx":
        book = openpyxl.load_workbook(file)
        assert book.sheetnames == ["answer", "settings", "rows"]
        assert book["rows"].max_row == 19
        return
    rows = pd.read_csv(file) if kind == "csv" else pd.read_parquet(file)
    assert rows["value"].tolist() == pytest.approx(result.rows["value"].tolist(), rel=1e-12)


def test_text_that_looks_like_a_formula_stays_text(kept: tuple[Path, StudyResult, Path], tmp_path: Path) -> None:
    _, result, _ = kept
    rows = result.rows.assign(error="=1+1")
    book = openpyxl.load_workbook(export(StudyResult(result.study, rows), tmp_path, "xlsx"))
    cell = book["rows"].cell(2, list(rows.columns).index("error") + 1)
    assert (cell.value, cell.data_type) == ("=1+1", "s")


def test_status_counts_what_the_store_holds(kept: tuple[Path, StudyResult, Path], tmp_path: Path) -> None:
    folder, result, _ = kept
    assert progress_of(result.study, keep.Ways(shelf=folder / "results").store) == {"done": 18, "failed": 0, "total": 18}
    assert progress_of(result.study, keep.Ways(shelf=tmp_path).store) == {"done": 0, "failed": 0, "total": 18}


def test_figures_and_sentences_are_made(kept: tuple[Path, StudyResult, Path]) -> None:
    _, result, _ = kept
    figures = study_figures(result)
    assert list(figures) == ["study_value", "study_focus"]
    words = sentences(Answer(result))
    assert words[0].startswith("Share at 0.5 of engineering: ")
    assert words[1] == "Match makes no difference."
    assert all(sentence.endswith(".") for sentence in words)


def test_a_study_from_the_command_line(tmp_path: Path) -> None:
    written(tmp_path, TINY)
    assert "0 of 8" in call("study", "status", "study.toml", "--quick", cwd=tmp_path).stdout
    assert "first run" in refused("study", "export", "study.toml", "--csv", cwd=tmp_path)
    done = call("study", "study.toml", "--quick", "--jobs", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "highest value" in " ".join(done.stdout.split())
    (made,) = (tmp_path / "results").glob("study-quick-*")
    assert (made / "report.html").exists()
    assert "8 of 8" in call("study", "status", "study.toml", "--quick", cwd=tmp_path).stdout
    again = call("study", "study.toml", "--quick", "--json", cwd=tmp_path)
    assert json.loads(again.stdout) == json.loads((made / "answer.json").read_text())
    assert call("study", "export", "study.toml", "--quick", "--csv", "--xlsx", cwd=tmp_path).returncode == 0
    assert {"rows.csv", "study.xlsx"} <= {entry.name for entry in made.iterdir()}


@pytest.mark.parametrize(("arguments", "part"), [
    (["study", "nowhere.toml"], "no such file"), (["study", "baseline"], "question"),
    (["study", "export", "x.toml"], "no such file"),
    (["study", "x.txt"], "x.txt"), (["study", "x.toml", "--reps", "100001"], "100,000"),
    (["compare", "baseline", "small", "--worlds", "999999999"], "2 to 10,000"),
])
def test_wrong_studies_are_one_line(arguments: list[str], part: str, tmp_path: Path) -> None:
    assert part in refused(*arguments, cwd=tmp_path)
