"""Figures of one scenario: each a function from a Result to a matplotlib Figure, under a title that its data decides."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from sim.views.findings import till
from sim.views.frames import Array, band, matrix, mean, replications, running, shift, stage_shares, total
from sim.views.funnel_figure import funnel
from sim.views.style import (
    BLUE,
    GREEN,
    PURPLE,
    RULE,
    VERMILLION,
    Box,
    Label,
    axes_at,
    draw_band,
    end_labels,
    heading,
    more_lines,
    sheet,
    styled,
    time_axes,
    unit_above,
    zero_based,
)
from sim.views.words import capital, join, number, percent, tick, unit_name

if TYPE_CHECKING:
    from sim.study.run import Result

WIDTH, HEIGHT, LABELS = 9.6, 5.0, 1.75


@dataclass(frozen=True)
class Line:
    """One measure to draw: its name on the figure and its colour."""

    measure: str
    name: str
    colour: str


def _unit(result: Result, measure: str) -> str:
    return unit_name(result.summary["measures"][measure]["unit"], result.scenario.currency)


def reading(result: Result) -> str:
    """Say how the lines of a figure are to be read."""
    if replications(result) == 1:
        return "One replication; ribbon: stage."
    return f"Line: mean of {replications(result)} replications; band: 10th to 90th percentile; ribbon: stages."


def _sheet(result: Result, title: str, note: str = "", height: float = HEIGHT, titled: bool = True) -> tuple[Figure, Box]:
    """Return a figure with its heading, and the box left for the plot and its labels on the right."""
    fig = sheet(WIDTH, height + (more_lines(title, WIDTH) if titled else -0.3))
    top = heading(fig, title, note, reading(result), shown=titled)
    return fig, Box(0.85, 0.1, WIDTH - 0.85 - LABELS, top - 0.1)


def _draw(ax: Axes, result: Result, lines: Sequence[Line]) -> None:
    """Draw lines with bands, then their names and last values at the right end."""
    labels = []
    for line in lines:
        values = band(running(result, line.measure))
        draw_band(ax, values, line.colour)
        labels.append(Label(values.middle[-1], f"{line.name} {number(values.middle[-1])}".strip(), line.colour))
    end_labels(ax, labels, LABELS - 0.3)


def _timeline(
    result: Result, title: str, note: str, unit: str, lines: Sequence[Line], *, top: float = 0.0, titled: bool = True
) -> Figure:
    """Return a figure with one time axis that includes zero and `top`."""
    fig, box = _sheet(result, title, note, titled=titled)
    ax = time_axes(fig, box, [stage_shares(result)], unit=unit, start=result.scenario.start_date)
    bands = [band(running(result, line.measure)) for line in lines]
    zero_based(ax, *(edge for b in bands for edge in (b.low, b.high, b.middle)), top=top)
    _draw(ax, result, lines)
    return fig


def _spread_note(result: Result, measure: str, what: str) -> str:
    """Give the 95 % interval of a total in words, empty with one replication."""
    found = total(result, measure)
    return f"{what} {number(found.low)} to {number(found.high)} (95% interval)." if found.known else ""


@styled
def growth(result: Result, titled: bool = True) -> Figure:
    """Draw signed merchants so far and live merchants over the stages."""
    weeks = matrix(result, "stage").shape[1]
    title = (
        f"{number(total(result, 'signed_merchants').mean)} merchants signed in {weeks} weeks; "
        f"{number(total(result, 'live_merchants').mean)} live at the end"
    )
    lines = [Line("signed_merchants", "signed so far", BLUE), Line("live_merchants", "live", GREEN)]
    return _timeline(result, title, _spread_note(result, "signed_merchants", "Signed:"), "merchants", lines, titled=titled)


@styled
def burnt_prospects(result: Result) -> Figure:
    """Draw the firms that know the product and hold it below their need."""
    line = mean(matrix(result, "burnt_prospects"))
    peak, last = int(np.nanargmax(line)), float(line[-1])
    if line[peak] == 0:
        title = "No prospects burnt"
    elif last >= 0.95 * line[peak]:
        title = f"{number(last)} prospects burnt at the end, about as many as at any time"
    else:
        title = f"Burnt prospects peak at {number(float(line[peak]))} in week {peak} and end at {number(last)}"
    note = "Firms in which somebody is sure that the product is worth less than needed."
    return _timeline(result, title, note, "firms", [Line("burnt_prospects", "burnt prospects", VERMILLION)])


def _movement(result: Result, lines: Sequence[Line]) -> str:
    """Say which lines rise, fall or do neither between the first and the last twelfth of the horizon."""
    found = {line.name: shift(matrix(result, line.measure)) for line in lines}
    a, b, change = found[lines[0].name]
    if len(lines) == 1 and math.isnan(a):
        return f"No {lines[0].name} to show"
    if replications(result) == 1:
        return capital("; ".join(f"{name} {number(a)} at first, {number(b)} at the end" for name, (a, b, _) in found.items()))
    if len(lines) == 1:
        verb = {1: "rises from", -1: "falls from", 0: "shows no clear change, from"}[change.sign]
        return capital(f"{lines[0].name} {verb} {number(a)} to {number(b)}")
    words = []
    for sign, one, many in ((1, "rises", "rise"), (-1, "falls", "fall"), (0, "shows no clear change", "show no clear change")):
        names = [name for name, (_, _, change) in found.items() if change.sign == sign]
        if names:
            words.append(f"{join(names)} {one if len(names) == 1 else many}")
    return capital(", ".join(words[:-1]) + (", while " if len(words) > 1 else "") + words[-1])


@styled
def product(result: Result) -> Figure:
    """Draw fit, polish and focus."""
    lines = [Line("fit", "fit", BLUE), Line("polish", "polish", GREEN), Line("focus", "focus", VERMILLION)]
    note = "Fit: need covered; focus: share of engineering's best possible effect on the target market."
    return _timeline(result, _movement(result, lines), note, "index, 0 to 1", lines, top=1.0)


def _support_title(result: Result) -> str:
    """Say what reseller confidence did and how much of the time support was paid."""
    title = _movement(result, [Line("reseller_confidence", "reseller confidence", BLUE)])
    paid = mean(matrix(result, "channel_support")) > 0
    if not paid.any():
        return f"{title}; no support is paid"
    since = paid[int(np.argmax(paid)):]
    return f"{title}; support paid in {percent(float(since.mean()))} of weeks from week {int(np.argmax(paid))}"


@styled
def channel(result: Result) -> Figure:
    """Draw resellers' confidence above the calendar of what they are paid in support; paid weeks are shaded in both."""
    fig, box = _sheet(result, _support_title(result), height=5.8)
    split = box.bottom + 1.55
    ax = time_axes(
        fig, Box(box.left, split, box.width, box.height - split + box.bottom), [stage_shares(result)],
        unit="confidence, 0 to 1", start=result.scenario.start_date,
    )
    below = axes_at(fig, Box(box.left, 0.25, box.width, 1.05))
    paid = mean(matrix(result, "channel_support"))
    weeks = np.arange(len(paid) + 1)
    zero_based(ax, top=1.0)
    shade = np.append(paid, paid[-1]) > 0
    ax.fill_between(weeks, 0, shade * ax.get_ylim()[1], step="post", color=RULE, alpha=0.6, linewidth=0, zorder=0)
    below.fill_between(weeks, 0, np.append(paid, paid[-1]), step="post", color=PURPLE, alpha=0.75, linewidth=0)
    _support_axis(below, paid, _unit(result, "channel_support"))
    _draw(ax, result, [Line("reseller_confidence", "confidence", BLUE)])
    words = f"support paid, {number(float(paid.sum()))} in all"
    end_labels(below, [Label(0.5 * below.get_ylim()[1], words, PURPLE)], LABELS - 0.3)
    return fig


def _support_axis(ax: Axes, paid: Array, unit: str) -> None:
    """Set the axis of the support calendar: the same weeks, two marks, its unit above."""
    highest = max(float(paid.max()), 1.0)
    ax.set(xlim=(0, len(paid)), ylim=(0, highest * 1.1), xticks=[], yticks=[0, highest])
    ax.yaxis.set_major_formatter(FuncFormatter(lambda x, _: tick(float(f"{x:.3g}"))))
    unit_above(ax, f"{unit} a week")


@styled
def consumers(result: Result) -> Figure:
    """Draw active consumers."""
    people, live = total(result, "active_consumers"), total(result, "live_merchants").mean
    each = f", {number(people.mean / live)} per live merchant" if live > 0 else ""
    note = _spread_note(result, "active_consumers", "At the end:")
    title = f"{number(people.mean)} consumers active at the end{each}"
    return _timeline(result, title, note, "people", [Line("active_consumers", "active", GREEN)])


@styled
def cash(result: Result) -> Figure:
    """Draw cash at hand, and say in how many replications it was used up."""
    line = mean(matrix(result, "cash"))
    low = int(np.nanargmin(line))
    unit = _unit(result, "cash")
    lowest = f"{'on average ' if replications(result) > 1 else ''}{number(float(line[low]))} {unit} at its lowest, in week {low}"
    note = _spread_note(result, "cash", "At the end:")
    return _timeline(result, f"{till(result)}; {lowest}", note, unit, [Line("cash", "cash", BLUE)])


RUN_CHARTS: dict[str, Callable[[Result], Figure]] = {
    "growth": growth, "funnel": funnel, "burnt_prospects": burnt_prospects, "product": product, "channel": channel,
    "consumers": consumers, "cash": cash,
}
