"""Figures of a study: a curve over one factor, a heat map over two, each factor's own effect over more."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim.study.answer import Answer
from sim.study.study import StudyResult, label_text
from sim.views.frames import Array
from sim.views.study_findings import unit_of, verdict
from sim.views.style import (
    BLUE,
    INK,
    PLANS,
    RULE,
    Box,
    Label,
    axes_at,
    end_labels,
    heading,
    more_lines,
    sheet,
    styled,
    unit_above,
)
from sim.views.words import capital, measure_name, number, runs, tick

WIDTH = 9.6
FEW = 4
HEAT = LinearSegmentedColormap.from_list("sim-heat", ["#f7f9fc", "#9ecae1", "#2171b5"])


def study_figures(result: StudyResult) -> dict[str, Figure]:
    """Return every figure of a study by name: the deciding measure first, then the others."""
    answer, study = Answer(result), result.study
    return {f"study_{measure}": draw(answer, measure) for measure in study.measures}


@styled
def draw(answer: Answer, measure: str, titled: bool = True) -> Figure:
    """Draw a measure over the settings, in the form that suits the number of factors; without its title where a page has it."""
    axes = _axes_of(answer)
    deciding = measure == answer.result.study.decision.measure
    title = verdict(answer) if deciding else f"{capital(measure_name(measure))} in every setting"
    if (len(axes) == 2 and min(len(levels) for _, _, levels in axes) > FEW) or len(axes) > 2:
        return (_heat if len(axes) == 2 else _effects)(answer, measure, title, axes, titled)
    return _curves(answer, measure, title, axes, titled)


def _headed(answer: Answer, title: str, height: float, notes: Sequence[str], titled: bool) -> tuple[Figure, float]:
    """Return a sheet with its heading, and the height that stays free below it."""
    fig = sheet(WIDTH, height + (more_lines(title, WIDTH) if titled else -0.5))
    return fig, heading(fig, title, answer.result.study.question, *notes, shown=titled)


AxisOf = tuple[str, str, list[Any]]


def _axes_of(answer: Answer) -> list[AxisOf]:
    """Return name, unit and levels of whatever varies: the factors, and the plans where there are several."""
    study = answer.result.study
    levels = [list(dict.fromkeys(column)) for column in zip(*(cell.levels for cell in study.cells), strict=True)]
    found = [(name, unit, column) for (name, unit), column in zip(study.factors, levels, strict=True)]
    plans = list(dict.fromkeys(cell.plan for cell in study.cells))
    return ([("plan", "", plans)] if len(plans) > 1 else []) + found


def _table(axes: Sequence[AxisOf], values: Array) -> Array:
    """Return values (cells,) as an array with an axis for each of `axes`; cells come plan by plan, last factor fastest."""
    return values.reshape([len(levels) for _, _, levels in axes])


def _numeric(levels: Sequence[Any]) -> bool:
    return all(isinstance(level, float | int) and not isinstance(level, bool) for level in levels)


def _where(levels: Sequence[Any]) -> Array:
    """Return where levels stand on an axis: at their numbers, else side by side."""
    return np.asarray(levels, dtype=np.float64) if _numeric(levels) else np.arange(len(levels), dtype=np.float64)


def _axis_name(name: str, unit: str) -> str:
    return f"{name}, {unit}" if unit else name


# one factor, or one and a few of another ----------------------------------------------------------------


def _curves(answer: Answer, measure: str, title: str, axes: Sequence[AxisOf], titled: bool) -> Figure:
    """Draw means over the longest axis, one line for each level of the other, with the interval of the difference to the best."""
    along = max(range(len(axes)), key=lambda k: (len(axes[k][2]), k))
    other = axes[1 - along] if len(axes) == 2 else ("", "", [""])
    name, unit, levels = axes[along]
    tables = (np.moveaxis(_table(axes, values), along, -1) for values in _marks(answer, measure))
    means, half, good = (table.reshape(len(other[2]), -1) for table in tables)
    fig, top = _headed(answer, title, 5.0, [_note(answer, measure)], titled)
    labelled = len(other[2]) > 1
    ax = axes_at(fig, Box(0.95, 0.62, WIDTH - 0.95 - (2.1 if labelled else 0.35), top - 0.62 - 0.3))
    x = _where(levels)
    aside = 0.012 * (x.max() - x.min()) * (np.arange(len(means)) - (len(means) - 1) / 2)  # so that no interval hides another
    for k, line in enumerate(means):
        _line(ax, x + aside[k], line, half[k], good[k], PLANS[k % len(PLANS)] if labelled else BLUE)
    _frame(ax, x, levels, _axis_name(name, unit), unit_words(answer, measure))
    if labelled:
        texts = [f"{other[0]} {label_text(level)} {other[1]}".strip() for level in other[2]]
        lasts = zip(means[:, -1], texts, itertools.cycle(PLANS), strict=False)
        end_labels(ax, [Label(float(last), text, colour) for last, text, colour in lasts], 1.8)
    return fig


def _marks(answer: Answer, measure: str) -> tuple[Array, Array, Array]:
    """Return means, half widths of the intervals to show, and which cells are not clearly worse than the best."""
    mean, low, high = answer.measure(measure)
    if measure == answer.result.study.decision.measure:
        _, low, high = answer.differences
    return mean, (high - low) / 2, (~answer.clearly_worse).astype(np.float64)


def _line(ax: Axes, x: Array, line: Array, half: Array, good: Array, colour: str) -> None:
    ax.plot(x, line, color=colour, linewidth=2)
    ax.vlines(x, line - half, line + half, color=colour, linewidth=1.6, alpha=0.7)
    for at, y, fine in zip(x, line, good, strict=True):
        ax.plot([at], [y], "o", color=colour, markersize=8, mfc=colour if fine else "white", markeredgewidth=1.8, zorder=3)


def _frame(ax: Axes, x: Array, levels: Sequence[Any], name: str, unit: str) -> None:
    room = 0.04 * (x.max() - x.min()) or 0.5
    ax.set_xlim(x.min() - room, x.max() + room)
    ax.set_xticks(x, [label_text(level) for level in levels])
    ax.set_xlabel(name, loc="left", size=10)
    ax.grid(axis="y", color=RULE, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    ax.yaxis.set_major_formatter(FuncFormatter(tick))
    unit_above(ax, unit)


def unit_words(answer: Answer, measure: str) -> str:
    """Return measure and unit as an axis says them."""
    return f"{measure_name(measure)}, {unit_of(answer, measure)}"


def _note(answer: Answer, measure: str) -> str:
    deciding = measure == answer.result.study.decision.measure
    bars = "the paired difference to the best" if deciding else "the mean"
    dots = "filled: not clearly worse than the best" if deciding else "filled: among the best by the rule of decision"
    return f"Means of {runs(answer.worlds)} on the same worlds; bars: 95% interval of {bars}; {dots}."


# two factors --------------------------------------------------------------------------------------------


def _heat(answer: Answer, measure: str, title: str, axes: Sequence[AxisOf], titled: bool) -> Figure:
    """Draw means as a map over two factors: numbers in the cells, the best marked, those not clearly worse outlined."""
    (down, down_unit, rows), (name, unit, columns) = axes
    means, good = (_table(axes, values) for values in (answer.measure(measure)[0], (~answer.clearly_worse).astype(float)))
    note = f"Means of {runs(answer.worlds)} on the same worlds; outlined: not clearly worse than the best (dot)."
    fig, top = _headed(answer, title, 2.2 + 0.52 * len(rows), [note], titled)
    ax = axes_at(fig, Box(1.3, 0.62, WIDTH - 1.65, top - 0.62 - 0.3))
    ax.imshow(means, cmap=HEAT, aspect="auto", vmin=np.nanmin(means), vmax=np.nanmax(means))
    for (row, column), value in np.ndenumerate(means):
        _square(ax, row, column, value, bool(good[row, column]), _dark(means, value))
    best = np.unravel_index(answer.best, means.shape)
    ax.plot([best[1] - 0.38], [best[0]], "o", color="white", markeredgecolor=INK, markersize=8)
    ax.set_xticks(range(len(columns)), [label_text(level) for level in columns])
    ax.set_yticks(range(len(rows)), [label_text(level) for level in rows])
    ax.set_xlabel(_axis_name(name, unit), loc="left", size=10)
    ax.spines["bottom"].set_visible(False)
    unit_above(ax, f"{_axis_name(down, down_unit)} (down); {unit_words(answer, measure)} (cells)")
    return fig


def _dark(means: Array, value: float) -> bool:
    low, high = float(np.nanmin(means)), float(np.nanmax(means))
    return bool(high > low and (value - low) / (high - low) > 0.65)


def _square(ax: Axes, row: int, column: int, value: float, good: bool, dark: bool) -> None:
    ax.text(column, row, number(value), ha="center", va="center", size=10, color="white" if dark else INK)
    if good:
        ax.add_patch(Rectangle((column - 0.46, row - 0.44), 0.92, 0.88, fill=False, edgecolor=INK, linewidth=1.8))


# more factors -------------------------------------------------------------------------------------------


def _effects(answer: Answer, measure: str, title: str, axes: Sequence[AxisOf], titled: bool) -> Figure:
    """Draw the mean over all other factors at each level of each factor, side by side on one scale."""
    values = _table(axes, answer.measure(measure)[0])
    how = f"Each panel: means over all other factors, {runs(answer.worlds)} a setting."
    fig, top = _headed(answer, title, 4.6, [how], titled)
    width = (WIDTH - 0.95 - 0.35) / len(axes)
    panels = [axes_at(fig, Box(0.95 + k * width, 0.62, width - 0.25, top - 0.62 - 0.3)) for k in range(len(axes))]
    for k, (ax, (name, unit, levels)) in enumerate(zip(panels, axes, strict=True)):
        line = values.mean(axis=tuple(j for j in range(len(axes)) if j != k))
        x = _where(levels)
        ax.plot(x, line, "o-", color=BLUE, linewidth=2)
        _frame(ax, x, levels, _axis_name(name, unit), unit_words(answer, measure) if k == 0 else "")
    low, high = min(ax.get_ylim()[0] for ax in panels), max(ax.get_ylim()[1] for ax in panels)
    for k, ax in enumerate(panels):
        ax.set_ylim(low, high)
        ax.tick_params(labelleft=k == 0)
    return fig
