from __future__ import annotations

import dataclasses
import itertools
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from fake_results import SHAPES, WEEKS, FakeScenario, Shape, breakdown_frame, fake_comparison, fake_result, result_of
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from sim.study.compare import Comparison, of
from sim.study.run import Result
from sim.views import findings, frames, style, words
from sim.views.comparison_figures import comparison_charts, difference, story
from sim.views.figures import run_figures, save_comparison_charts, save_run_charts
from sim.views.funnel_figure import funnel, funnel_shares
from sim.views.report import inline_svg, write_comparison_report, write_run_report
from sim.views.run_figures import RUN_CHARTS, burnt_prospects, cash, channel, growth, product

MIRROR = {"promoted": SHAPES["premature_promotion"], "baseline": SHAPES["baseline"]}


@pytest.fixture(scope="module")
def result() -> Result:
    return fake_result("interrupted_channel_support")


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return fake_comparison()


@pytest.fixture(scope="module")
def equal() -> Comparison:
    """Return plans that differ by nothing but luck that none of them shares."""
    base = fake_result("baseline")
    others = [dataclasses.replace(fake_result("baseline"), scenario=FakeScenario(name)) for name in ("one", "two")]
    jitter = np.random.default_rng(5)
    moved = []
    for other in others:
        weekly = other.weekly.copy()
        kicks = np.repeat(jitter.standard_normal(8), WEEKS)
        weekly["value"] += 1e5 * kicks
        weekly["burnt_prospects"] += np.round(20 * kicks)
        moved.append(result_of(FakeScenario(other.scenario.name), weekly))
    return of([base, *moved])


@pytest.fixture(scope="module")
def run_page(result: Result, tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_run_report(result, tmp_path_factory.mktemp("run")).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def comparison_page(comparison: Comparison, tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_comparison_report(comparison, tmp_path_factory.mktemp("comparison")).read_text(encoding="utf-8")


def title(figure: Figure) -> str:
    return str(figure.get_label())


def with_weekly(result: Result, **columns: Any) -> Result:
    """Return a result in which some weekly columns are replaced."""
    scenario: Any = result.scenario
    return result_of(scenario, result.weekly.assign(**columns))


# numbers and names --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (3, "3"), (0.126, "0.13"), (0.004, "0.0040"), (0.0999, "0.10"), (1e-4, "0.00010"), (1e-9, "0"),
        (12.34, "12.3"), (12.01, "12"), (412, "412"), (3020.4, "3,020"), (9994.4, "9,994"), (9999.4, "10.0k"), (12_345, "12.3k"),
        (999_960, "1.00M"), (1_234_567, "1.23M"), (-8_890_000, "−8.89M"), (2.5e9, "2.50bn"), (float("nan"), "–"), (None, "–"),
    ],
)
def test_numbers_read_as_people_write_them(value: float | None, text: str) -> None:
    assert words.number(value) == text


def test_a_sign_is_shown_on_request_only_and_never_on_zero() -> None:
    assert [words.number(x, sign=True) for x in (5, -5, 0)] == ["+5", "−5", "0"]
    assert words.number(5) == "5"


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (500, "500"), (2000, "2k"), (2.5e6, "2.5M"), (-1e6, "−1M"), (0.2, "0.2")])
def test_ticks_have_no_trailing_zeros(value: float, text: str) -> None:
    assert words.tick(value) == text


def test_plans_go_by_their_title_where_it_is_short_and_their_own() -> None:
    def named(**titles: str) -> dict[str, str]:
        return words.plan_names({key: FakeScenario(key, title) for key, title in titles.items()})

    assert named(a_b="Sound plan") == {"a_b": "Sound plan"}
    assert named(a_b="", c="x" * 60) == {"a_b": "A b", "c": "C"}
    assert named(a_b="Same", c_d="Same") == {"a_b": "A b", "c_d": "C d"}


def test_every_measure_of_a_group_is_in_one_group_only() -> None:
    listed = list(itertools.chain(*words.GROUPS.values()))
    assert len(listed) == len(set(listed))
    found = words.grouped(["fit", "news", "value"])
    assert found == {"Outcome": ["value"], "Product and service": ["fit"], "Counts behind these": ["news"]}


# arrays -------------------------------------------------------------------------------------------------


def test_flows_run_up_to_their_total_and_stocks_stand(result: Result) -> None:
    signed, live = (frames.running(result, measure)[:, -1] for measure in ("signed_merchants", "live_merchants"))
    assert signed.mean() == pytest.approx(frames.total(result, "signed_merchants").mean)
    assert live.mean() == pytest.approx(frames.total(result, "live_merchants").mean)


@pytest.mark.parametrize("measure", ["value", "signed_merchants"])
def test_differences_over_time_end_at_those_of_the_table(comparison: Comparison, measure: str) -> None:
    for plan in frames.names_of(comparison)[1]:
        drawn = frames.certainty(frames.paired(comparison, plan, measure))
        told = frames.outcome(comparison, plan, measure)
        assert [drawn.middle[-1], drawn.low[-1], drawn.high[-1]] == pytest.approx([told.mean, told.low, told.high])


def test_pairs_are_those_of_the_replications_both_plans_have() -> None:
    short = of([fake_result("baseline", failed=2), fake_result("premature_promotion", failed=3)])
    assert frames.paired(short, "premature_promotion", "value").shape == (5, WEEKS)
    some, whole = (frames.paired(found, "premature_promotion", "value") for found in (short, fake_comparison()))
    assert some == pytest.approx(whole[3:])


def test_stage_shares_sum_to_one_and_start_with_the_prototype(result: Result) -> None:
    shares = frames.stage_shares(result)
    assert shares.sum(axis=0) == pytest.approx(np.ones(WEEKS))
    assert shares[:, 0].tolist() == [1, 0, 0]
    assert ((shares > 0) & (shares < 1)).any(), "replications should differ in some week"


def test_bands_hold_the_middle_and_skip_what_is_undefined() -> None:
    values = np.array([[np.nan, 1.0, np.nan], [np.nan, 3.0, 5.0]])
    found = frames.band(values)
    assert np.isnan([found.middle[0], found.low[0], found.high[0]]).all()
    assert found.middle[1:].tolist() == [2.0, 5.0]
    assert found.low[1] < 2 < found.high[1]


@pytest.mark.parametrize(("low", "high", "sign"), [(1, 2, 1), (-2, -1, -1), (-1, 1, 0), (0, 1, 0), (float("nan"), 1, 0)])
def test_a_sign_needs_an_interval_clear_of_zero(low: float, high: float, sign: int) -> None:
    assert frames.Interval(1.5, low, high).sign == sign


# sentences ----------------------------------------------------------------------------------------------


def test_the_headline_names_the_losers_and_turns_with_the_data(comparison: Comparison) -> None:
    assert findings.headline(comparison) == "All three plans end below “Sound plan” in value and in signed merchants"
    mirrored = fake_comparison(MIRROR)
    assert findings.headline(mirrored) == "“Sound plan” ends above “Promoted” in value and in signed merchants"


def test_no_claim_where_intervals_include_zero(equal: Comparison) -> None:
    said = "No clear difference in value and in signed merchants between “Sound plan” and the other two"
    assert findings.headline(equal) == said
    assert findings.extreme(equal) == ""
    assert findings.winner(equal).startswith("No clear difference in value between")
    assert {found.sign for _, _, found in findings.telling(equal)} == {0}


def test_one_replication_claims_nothing() -> None:
    one = fake_comparison(reps=1)
    assert findings.headline(one) == "One replication does not tell the plans apart in value and in signed merchants"
    assert findings.extreme(one) == findings.winner(one) == ""
    assert "one replication" in findings.telling_words("A", findings.telling(one)[1][2])
    assert "interval" not in findings.run_answer(fake_result(reps=1))


def test_a_mixed_outcome_is_told_plan_by_plan(equal: Comparison) -> None:
    better = fake_result("better", Shape(growth=1.3))
    mixed = of([equal.results["baseline"], fake_result("premature_promotion"), better, equal.results["one"]])
    said = findings.standing(mixed, ("value",))
    assert said == "“Premature promotion” ends below “Sound plan” in value; “Better” ends above; no clear difference for “One”"


def test_the_largest_loss_is_named_only_when_clear_of_the_next(comparison: Comparison) -> None:
    assert findings.extreme(comparison).startswith("“Over-customization” loses most: −26.4M CNY (−27.3M to −25.6M)")
    close = {"baseline": Shape(), "one": Shape(growth=0.7), "two": Shape(growth=0.7)}
    assert findings.extreme(fake_comparison(close)) == "The losses of “One” and “Two” do not differ clearly"
    gains = {"baseline": Shape(), "one": Shape(growth=1.2), "two": Shape(growth=1.4)}
    assert findings.extreme(fake_comparison(gains)).startswith("“Two” gains most: +")


def test_the_winner_is_the_plan_with_the_highest_value() -> None:
    gains = fake_comparison({"baseline": Shape(), "better": Shape(growth=1.3)})
    assert findings.winner(gains) == "In 8 of 8 replications “Better” has the highest value"


def test_telling_measures_are_those_a_plan_moves(comparison: Comparison) -> None:
    found = {measure: plan for measure, plan, _ in findings.telling(comparison)}
    assert found == {
        "burnt_prospects": "premature_promotion",
        "focus": "over_customization",
        "reseller_confidence": "interrupted_channel_support",
    }
    growing = findings.telling(fake_comparison({"baseline": Shape(), "better": Shape(growth=1.3)}))
    assert {"live_merchants", "cash"} <= {measure for measure, _, _ in growing}


def test_each_plan_is_shown_where_it_can_be() -> None:
    both = fake_comparison({"baseline": Shape(), "one": Shape(burnt=0.6), "two": Shape(burnt=1.0, focus=0.3)})
    shown = {measure: plan for measure, plan, _ in findings.telling(both)}
    assert (shown["burnt_prospects"], shown["focus"]) == ("one", "two")
    one = fake_comparison({"baseline": Shape(), "one": Shape(), "two": Shape(burnt=1.0, focus=0.3)})
    assert {plan for _, plan, found in findings.telling(one) if found.sign} == {"two"}


def test_a_value_that_may_be_zero_is_said_to_be_so(result: Result) -> None:
    luck = np.repeat([-2.0, 1, -1, 2, 3, -3, 0.5, -0.4], WEEKS)
    assert "a value not clearly above or below zero" in findings.run_answer(with_weekly(result, value=luck))
    assert "a value of 25.9M CNY (23.5M to 28.3M)" in findings.run_answer(result)


# titles of figures --------------------------------------------------------------------------------------


def test_run_titles_follow_the_data(result: Result) -> None:
    assert title(growth(result)) == "2,614 merchants signed in 156 weeks; 2,007 live at the end"
    assert title(product(result)) == "Fit and polish rise, while focus falls"
    assert title(product(with_weekly(result, focus=0.5, polish=1 - result.weekly["polish"]))) == (
        "Fit rises, polish falls, while focus shows no clear change"
    )
    assert title(burnt_prospects(result)).startswith("Burnt prospects peak at 181 in week")
    assert title(burnt_prospects(with_weekly(result, burnt_prospects=0.0))) == "No prospects burnt"
    rising = with_weekly(result, burnt_prospects=result.weekly["week"])
    assert title(burnt_prospects(rising)).startswith("155 prospects burnt at the end")


def test_the_channel_title_counts_the_weeks_of_support(result: Result) -> None:
    assert title(channel(result)) == "Reseller confidence falls from 0.23 to 0.19; support paid in 43% of weeks from week 20"
    assert title(channel(fake_result("baseline"))).endswith("support paid in 100% of weeks from week 20")
    assert title(channel(with_weekly(result, channel_support=0.0))).endswith("no support is paid")
    assert title(channel(with_weekly(result, reseller_confidence=np.nan))).startswith("No reseller confidence to show")


def test_the_cash_title_says_how_often_it_is_used_up(result: Result) -> None:
    assert title(cash(result)).startswith("Cash is never used up")
    broke = with_weekly(result, p_solvent=(result.weekly["replication"] > 1).astype(float))
    assert title(cash(broke)).startswith("Cash is used up in 25% of replications")


def test_funnel_shares_are_of_each_total(result: Result) -> None:
    shares = funnel_shares(result)
    for measure in ("visits", "signed_merchants"):
        assert sum(shares[measure].values()) == pytest.approx(np.ones(8))
    assert shares["visits"]["sem"].mean() == pytest.approx(0.31)


def test_the_funnel_names_a_leader_only_where_one_leads(result: Result) -> None:
    assert title(funnel(result)) == "Most visits come from SEM (31%), most signed merchants from content (17%)"
    rows = breakdown_frame(result.weekly)
    same = rows.assign(value=rows["value"].where(rows["key"].isin(["sem", "seo"]), 0.0))
    assert title(funnel(dataclasses.replace(result, breakdown=same))) == (
        "Most visits (70%) and most signed merchants (55%) come from SEM"
    )
    level = rows.assign(value=1.0)
    assert title(funnel(dataclasses.replace(result, breakdown=level))) == (
        "No channel clearly leads in visits; none clearly leads in signed merchants"
    )
    assert title(funnel(fake_result(reps=1))) == "One replication does not tell which channel leads"


def test_difference_titles_turn_with_the_sign(comparison: Comparison, equal: Comparison) -> None:
    assert title(difference(comparison, "value")) == "All three plans end below “Sound plan” in value"
    assert title(difference(fake_comparison(MIRROR), "value")) == "“Sound plan” ends above “Promoted” in value"
    assert "no clear difference" in title(difference(equal, "value")).lower()


# figures ------------------------------------------------------------------------------------------------


def boxes(figure: Figure) -> Iterator[tuple[str, Any]]:
    """Yield every piece of text drawn in a figure with its box in pixels."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    for text in figure.findobj(Text):
        if text.get_text().strip() and text not in hidden(figure):
            yield text.get_text(), Text.get_window_extent(text, canvas.get_renderer())


def hidden(figure: Figure) -> list[Text]:
    """Return the labels of marks that lie beyond the ends of their axis: they are there, but not drawn."""
    axes = itertools.chain.from_iterable((ax.xaxis, ax.yaxis) for ax in figure.axes)
    marks = ((tick, sorted(axis.get_view_interval())) for axis in axes for tick in axis.get_major_ticks())
    return [tick.label1 for tick, (low, high) in marks if not low <= tick.get_loc() <= high]


def clashes(figure: Figure) -> list[tuple[str, str]]:
    """Return pairs of text that overlap by more than a sliver, and text that leaves the sheet."""
    found, (width, height) = list(boxes(figure)), figure.get_size_inches() * figure.dpi
    out = [(text, "edge") for text, b in found if b.x0 < 0 or b.y0 < 0 or b.x1 > width or b.y1 > height]
    for (one, a), (two, b) in itertools.combinations(found, 2):
        across, along = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        if across > 2 and along > 3:
            out.append((one, two))
    return out


@pytest.mark.parametrize("name", RUN_CHARTS)
@pytest.mark.parametrize("reps", [1, 8])
def test_no_text_of_a_run_chart_overlaps_or_is_cut(name: str, reps: int) -> None:
    assert clashes(RUN_CHARTS[name](fake_result("interrupted_channel_support", reps=reps))) == []


@pytest.mark.parametrize("plans", [2, 4, 7])
def test_no_text_of_a_comparison_overlaps_or_is_cut(plans: int) -> None:
    names = [f"plan_{k}_with_rather_a_long_name" for k in range(1, plans)]
    shapes = {"a_sound_plan_for_a_points_mall": Shape()} | {n: Shape(growth=0.6 + 0.1 * k) for k, n in enumerate(names)}
    for figure in comparison_charts(fake_comparison(shapes, reps=4)).values():
        assert clashes(figure) == []


def test_nothing_drawn_leaves_its_axis(result: Result) -> None:
    ax = product(with_weekly(result, focus=1.4)).axes[0]
    assert ax.get_ylim()[1] > 1.4
    assert product(result).axes[0].get_ylim() == (0, pytest.approx(1.05))
    below = cash(with_weekly(result, cash=-5e6)).axes[0].get_ylim()
    assert below[0] < -5e6 < 0 < below[1]


def test_overlapping_text_is_caught() -> None:
    figure = Figure()
    figure.text(0.5, 0.5, "one word")
    figure.text(0.5, 0.5, "another")
    figure.text(0.99, 0.1, "far too long for the sheet")
    assert clashes(figure) == [("far too long for the sheet", "edge"), ("one word", "another")]


@pytest.mark.parametrize("odd", [{"weeks": 3, "reps": 2}, {"shape": Shape(growth=0)}, {"failed": 2}, {"shape": Shape(cost=1.9)}])
def test_odd_results_are_drawn(odd: dict[str, Any]) -> None:
    figures = run_figures(fake_result(**odd))
    assert list(figures) == ["growth", "funnel", "burnt_prospects", "product", "channel", "consumers", "cash"]
    assert all(clashes(figure) == [] for figure in figures.values())


def test_every_time_axis_has_its_stage_ribbon(result: Result, comparison: Comparison) -> None:
    stages = {"prototype", "iteration", "stability"}
    for name, figure in run_figures(result).items():
        drawn = {text for text, _ in boxes(figure)}
        assert name == "funnel" or stages <= drawn, name
    for name, figure in comparison_charts(comparison).items():
        assert stages <= {text for text, _ in boxes(figure)}, name


def test_the_story_labels_every_plan_with_its_interval(comparison: Comparison) -> None:
    drawn = " ".join(text.replace("\n", " ") for text, _ in boxes(story(comparison)))
    for name in ("Sound plan", "Premature promotion", "Over-customization", "Interrupted channel support"):
        assert name in drawn
    assert "−26.4M (−27.3M to −25.6M)" in drawn
    assert findings.headline(comparison) in drawn
    untitled = " ".join(text for text, _ in boxes(story(comparison, titled=False)))
    assert findings.headline(comparison) not in untitled


def test_a_plan_has_one_colour_in_every_comparison() -> None:
    three = style.plan_colours("baseline", ["premature_promotion", "over_customization", "interrupted_channel_support"])
    assert len(set(three.values())) == 4
    assert three["baseline"] == style.BASE
    assert style.plan_colours("baseline", ["over_customization"])["over_customization"] == three["over_customization"]
    assert style.plan_colours("x", ["over_customization+small"])["over_customization+small"] == three["over_customization"]
    many = style.plan_colours("baseline", [f"plan_{k}" for k in range(6)])
    assert len(set(many.values())) == 7


def test_text_in_a_plans_colour_is_readable() -> None:
    assert min(style.contrast(style.ink(colour)) for colour in (*style.PLANS, style.BASE)) >= 4.5
    assert style.contrast("#FFFFFF") == pytest.approx(1)
    assert style.contrast("#000000") == pytest.approx(21)


def test_labels_are_moved_apart_and_stay_inside() -> None:
    heights = np.full(4, 10.0)
    moved = frames.spread(np.array([50.0, 50.0, 52.0, 99.0]), heights, 0, 100)
    assert (np.diff(np.sort(moved)) >= 9.9).all()
    assert moved.min() >= 5
    assert moved.max() <= 95
    assert frames.spread(np.array([10.0, 60.0]), heights[:2], 0, 100).tolist() == [10, 60]


def test_lines_are_broken_between_words_at_the_width() -> None:
    broken = style.wrap("one two three four five six", 1.0, 12)
    assert max(style.text_width(line, 12) for line in broken.split("\n")) <= 1.0
    assert broken.replace("\n", " ") == "one two three four five six"


def test_files_are_written_alike_each_time(result: Result, comparison: Comparison, tmp_path: Path) -> None:
    first, second = (save_run_charts(result, tmp_path / name) for name in ("a", "b"))
    assert [file.name for file in first] == [f"{name}.{kind}" for name in RUN_CHARTS for kind in ("png", "svg")]
    assert all(file.parent == tmp_path / "a" / "charts" for file in first)
    assert [file.read_bytes() for file in first] == [file.read_bytes() for file in second]
    drawn = save_comparison_charts(comparison, tmp_path / "c")
    assert {"story.png", "story.svg", "difference_value.svg", "difference_signed_merchants.svg"} <= {file.name for file in drawn}
    for file in [*first, *drawn]:
        if file.suffix == ".svg":
            assert not list(ElementTree.parse(file).iter("{http://www.w3.org/2000/svg}text")), f"{file.name} needs fonts"


def test_drawing_leaves_matplotlib_as_it_was(result: Result) -> None:
    before = dict(mpl.rcParams)
    growth(result)
    assert dict(mpl.rcParams) == before
    code = "import sim.views.comparison_figures, sim.views.run_figures, sim.views.report, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "matplotlib.pyplot" not in loaded


# the page -----------------------------------------------------------------------------------------------


@pytest.fixture(params=["run", "comparison"])
def page(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(f"{request.param}_page"))


def test_a_page_holds_all_it_needs(page: str) -> None:
    assert re.findall(r"https?:|//\w|<script|<link|<img|<iframe|@import|\bsrc=", page) == []
    assert all(target.startswith("#") for target in re.findall(r'href="([^"]*)"', page))
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", page))
    assert len(page.encode()) < 3_000_000


def test_every_id_is_there_once_and_every_reference_is_met(page: str) -> None:
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', page)) | set(re.findall(r"url\(#([^)]+)\)", page)) <= set(ids)


def test_a_page_is_whole_and_prints_no_raw_values(page: str) -> None:
    text = re.sub(r"<svg.*?</svg>|<style>.*?</style>", "", page, flags=re.DOTALL)
    assert re.findall(r"\b(nan|None|inf|Undefined)\b", text) == []
    for tag in ("html", "body", "main", "section", "table", "tbody", "div", "figure", "pre", "svg", "p", "h1"):
        assert len(re.findall(rf"<{tag}[\s>]", page)) == page.count(f"</{tag}>"), tag


def test_the_first_screen_is_a_sentence_a_picture_and_three_numbers(page: str) -> None:
    first = page[: page.index("<h2>")]
    assert first.count("<h1>") == 1
    assert first.count("<svg") == 1
    assert len(re.findall(r'<p class="value">', first)) == 3
    assert first.count("95% interval <span") == 3


def test_the_run_page_tells_numbers_and_how_to_make_it_again(run_page: str) -> None:
    assert "signs 2,614 merchants in 156 weeks (2,506 to 2,723)" in run_page
    assert run_page.count("<svg") == len(RUN_CHARTS)
    assert "sim run interrupted_channel_support --seed 1 --reps 8 --weeks 156" in run_page
    assert "10th to 90th percentile" in run_page
    assert "python 3." in run_page
    assert "&lt;then nothing&gt;" in run_page, "the calendar is shown as text"


def test_the_comparison_page_tells_differences_and_plans(comparison_page: str) -> None:
    assert "All three plans end below “Sound plan” in value and in signed merchants." in comparison_page
    assert "In 8 of 8 replications “Sound plan” has the highest value." in comparison_page
    assert "from 0, to 26, value 20,000" in comparison_page
    cells = re.findall(r'<td class="n (clear|unclear)">([^<]*)<small>([^<]*)</small>', comparison_page)
    assert {kind for kind, _, _ in cells} == {"clear", "unclear"}
    for kind, _, interval in cells:
        signs = {end[0] if end[0] in "+−" else "0" for end in interval.split(" to ")}
        assert kind == "unclear" or len(signs) == 1, f"{interval} includes zero"


def test_cards_say_where_there_is_no_clear_difference(equal: Comparison, tmp_path: Path) -> None:
    page = write_comparison_report(equal, tmp_path).read_text(encoding="utf-8")
    assert page[: page.index("<h2>")].count('<p class="remark">no clear difference</p>') == 3


def test_failures_and_the_kept_command_are_told(tmp_path: Path) -> None:
    manifest = {"command": "sim run baseline --set a=1", "versions": {"python": "9.9", "mesa": None}}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    page = write_run_report(fake_result(failed=2), tmp_path).read_text(encoding="utf-8")
    assert "2 replications failed and are left out." in page
    assert "<pre>sim run baseline --set a=1</pre>" in page
    assert "python 9.9" in page
    assert "mesa None" not in page


def test_text_from_a_scenario_is_shown_not_run(tmp_path: Path) -> None:
    page = write_run_report(fake_result(title="<b>&x", currency="<script>"), tmp_path).read_text(encoding="utf-8")
    assert "<b>" not in page
    assert "<script>" not in page
    assert "“&lt;b&gt;&amp;x” signs" in page


def test_a_picture_in_a_page_says_what_it_shows(result: Result) -> None:
    picture = inline_svg(growth(result), "a")
    assert picture.startswith("<svg viewBox=")
    assert '<title id="a-title">2,614 merchants signed' in picture
    assert "xmlns" not in picture


def test_a_page_needs_no_chart_drawn_twice(result: Result, tmp_path: Path) -> None:
    drawn = run_figures(result)
    page = write_run_report(result, tmp_path, {name: drawn[name] for name in ("growth", "cash")}).read_text(encoding="utf-8")
    assert page.count("<svg") == 2


def test_reports_of_equal_results_are_equal(result: Result, run_page: str, tmp_path: Path) -> None:
    assert write_run_report(result, tmp_path).read_text(encoding="utf-8") == run_page


def test_weeks_that_never_came_are_left_blank(run_page: str) -> None:
    row = re.search(r"<tr><td>Cash used up<code>.*?</tr>", run_page)
    assert row
    assert "in 0% of replications" in row.group()
    assert pd.isna(frames.total(fake_result(), "week_insolvent").mean)
