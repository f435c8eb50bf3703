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

from sim.views.frames import Array, band, interval, matrix, mean, running, shift, stage_shares, total
from sim.views.style import (
    BLUE, GREEN, INK, MARGIN, PURPLE, QUIET, RULE, VERMILLION, Box, Label, axes_at, draw_band, end_labels, heading, sheet, styled,
    time_axes, write, zero_based,
)
from sim.views.words import capital, channel_name, join, measure_name, number, percent, runs, tick

if TYPE_CHECKING:
    from sim.study.run import Result

WIDTH, HEIGHT, LABELS = 9.6, 5.0, 1.75
FUNNEL = ("visits", "leads", "opportunities", "signed_merchants")


@dataclass(frozen=True)
class Line:
    """One measure to draw: its name on the figure and its colour."""

    measure: str
    name: str
    colour: str


def _unit(result: Result, measure: str) -> str:
    return str(result.summary["measures"][measure]["unit"])


def reading(result: Result) -> str:
    """Say how the lines of a figure are to be read."""
    if result.reps == 1:
        return "One replication; ribbon: stage."
    return f"Line: mean of {result.reps} replications; band: 10th to 90th percentile; ribbon: stages."


def _sheet(result: Result, title: str, note: str = "", height: float = HEIGHT) -> tuple[Figure, Box]:
    """Return a figure with its heading, and the box left for the plot and its labels on the right."""
    fig = sheet(WIDTH, height)
    top = heading(fig, title, note, reading(result))
    return fig, Box(0.85, 0.1, WIDTH - 0.85 - LABELS, top - 0.1)


def _draw(ax: Axes, result: Result, lines: Sequence[Line]) -> None:
    """Draw lines with bands, then their names and last values at the right end."""
    labels = []
    for line in lines:
        values = band(running(result, line.measure))
        draw_band(ax, values, line.colour)
        labels.append(Label(values.middle[-1], f"{line.name} {number(values.middle[-1])}".strip(), line.colour))
    end_labels(ax, labels, LABELS - 0.3)


def _timeline(result: Result, title: str, note: str, unit: str, lines: Sequence[Line], top: float | None = None) -> Figure:
    """Return a figure with one time axis that includes zero; `top` sets its upper end (None: as the data has it)."""
    fig, box = _sheet(result, title, note)
    ax = time_axes(fig, box, [stage_shares(result)], unit=unit, start=result.scenario.start_date)
    bands = [band(running(result, line.measure)) for line in lines]
    zero_based(ax, min(float(np.nanmin(b.low)) for b in bands), max(float(np.nanmax(b.high)) for b in bands) if top is None else top)
    _draw(ax, result, lines)
    return fig


def _spread_note(result: Result, measure: str, what: str) -> str:
    """Give the 95 % interval of a total in words, empty with one replication."""
    found = total(result, measure)
    return f"{what} {number(found.low)} to {number(found.high)} (95% interval)." if found.known else ""


@styled
def growth(result: Result) -> Figure:
    """Draw signed merchants so far and live merchants over the stages."""
    weeks = matrix(result, "stage").shape[1]
    title = (
        f"{number(total(result, 'signed_merchants').mean)} merchants signed in {weeks} weeks; "
        f"{number(total(result, 'live_merchants').mean)} live at the end"
    )
    lines = [Line("signed_merchants", "signed so far", BLUE), Line("live_merchants", "live", GREEN)]
    return _timeline(result, title, _spread_note(result, "signed_merchants", "Signed:"), "merchants", lines)


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
    note = "Firms that looked at the product, hold it below their need and are sure of it."
    return _timeline(result, title, note, "firms", [Line("burnt_prospects", "burnt prospects", VERMILLION)])


def _movement(result: Result, lines: Sequence[Line]) -> str:
    """Say which lines rise, fall or do neither between the first and the last twelfth of the horizon."""
    found = {line.name: shift(matrix(result, line.measure)) for line in lines}
    if result.reps == 1:
        return capital("; ".join(f"{name} {number(a)} at first, {number(b)} at the end" for name, (a, b, _) in found.items()))
    if len(lines) == 1:
        a, b, change = found[lines[0].name]
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
    return _timeline(result, _movement(result, lines), note, "index, 0 to 1", lines, 1.0)


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
    zero_based(ax, 0, 1)
    ax.fill_between(weeks, 0, np.append(paid > 0, paid[-1] > 0) * ax.get_ylim()[1], step="post", color=RULE, alpha=0.6, linewidth=0, zorder=0)
    below.fill_between(weeks, 0, np.append(paid, paid[-1]), step="post", color=PURPLE, alpha=0.75, linewidth=0)
    _support_axis(below, paid, _unit(result, "channel_support"))
    _draw(ax, result, [Line("reseller_confidence", "confidence", BLUE)])
    end_labels(below, [Label(0.5 * below.get_ylim()[1], f"support paid, {number(float(paid.sum()))} in all", PURPLE)], LABELS - 0.3)
    return fig


def _support_axis(ax: Axes, paid: Array, unit: str) -> None:
    """Set the axis of the support calendar: the same weeks, two marks, its unit above."""
    highest = max(float(paid.max()), 1.0)
    ax.set(xlim=(0, len(paid)), ylim=(0, highest * 1.1), xticks=[], yticks=[0, highest])
    ax.yaxis.set_major_formatter(FuncFormatter(lambda x, _: tick(float(f"{x:.3g}"))))
    ax.annotate(f"{unit}, mean", (0, 1), (0, 5), xycoords="axes fraction", textcoords="offset points", size=9.5, color=QUIET)


@styled
def consumers(result: Result) -> Figure:
    """Draw active consumers."""
    people, live = total(result, "active_consumers"), total(result, "live_merchants").mean
    title = f"{number(people.mean)} consumers active at the end" + (f", {number(people.mean / live)} per live merchant" if live > 0 else "")
    return _timeline(result, title, _spread_note(result, "active_consumers", "At the end:"), "people", [Line("active_consumers", "active", GREEN)])


@styled
def cash(result: Result) -> Figure:
    """Draw cash at hand, and say in how many replications it was used up."""
    line, broke = mean(matrix(result, "cash")), 1 - total(result, "p_solvent").mean
    low = int(np.nanargmin(line))
    unit = _unit(result, "cash")
    lowest = f"{'on average ' if result.reps > 1 else ''}{number(float(line[low]))} {unit} at its lowest, in week {low}"
    title = f"Cash is never used up; {lowest}" if broke <= 0 else f"Cash is used up in {percent(broke)} of replications; {lowest}"
    return _timeline(result, title, _spread_note(result, "cash", "At the end:"), unit, [Line("cash", "cash", BLUE)])


def funnel_shares(result: Result) -> dict[str, dict[str, Array]]:
    """Return, by measure of the funnel and by channel, the share of the measure's total, shape (replications,); NaN where the total is zero."""
    rows = result.breakdown
    rows = rows[(rows["dimension"] == "channel") & rows["measure"].isin(FUNNEL)]
    sums = rows.groupby(["measure", "key", "replication"])["value"].sum().unstack("replication", fill_value=0.0)
    sums = sums.reindex(columns=range(result.reps), fill_value=0.0)
    keys = [key for key in sums.index.unique("key") if sums.xs(key, level="key").to_numpy().any()]
    shares: dict[str, dict[str, Array]] = {}
    for measure in FUNNEL:
        part = {k: sums.loc[(measure, k)].to_numpy(float) if (measure, k) in sums.index else np.zeros(result.reps) for k in keys}
        whole = np.sum(list(part.values()), axis=0) if part else np.zeros(result.reps)
        shares[measure] = {k: np.divide(v, whole, out=np.full(len(v), math.nan), where=whole > 0) for k, v in part.items()}
    return shares


def _leader(shares: dict[str, Array]) -> tuple[str, float] | None:
    """Return the channel with the clearly largest share (paired interval clear of the runner-up), or None."""
    ranked = sorted(shares, key=lambda k: -float(np.nan_to_num(np.mean(shares[k]))))
    if len(ranked) < 2 or interval(shares[ranked[0]] - shares[ranked[1]]).sign <= 0:
        return None
    return ranked[0], float(np.mean(shares[ranked[0]]))


def _funnel_title(shares: dict[str, dict[str, Array]]) -> str:
    """Say which channel brings most visits and which most merchants, where one clearly does."""
    if all(len(share) < 2 for share in shares["visits"].values()):
        return "One replication does not tell which channel leads"
    visits, signed = _leader(shares["visits"]), _leader(shares["signed_merchants"])
    if visits and signed and visits[0] == signed[0]:
        return f"{capital(channel_name(visits[0]))}: most visits ({percent(visits[1])}) and most signed merchants ({percent(signed[1])})"
    first = f"Most visits come from {channel_name(visits[0])} ({percent(visits[1])})" if visits else "No channel clearly leads in visits"
    last = f"most signed merchants from {channel_name(signed[0])} ({percent(signed[1])})" if signed else "none clearly leads in signed merchants"
    return f"{first}, {last}" if visits and signed else f"{first}; {last}"


def _funnel_column(ax: Axes, shares: dict[str, Array], keys: Sequence[str], widest: float) -> None:
    """Draw one column of bars with whiskers from the 10th to the 90th percentile and the mean share in figures."""
    means = np.array([float(np.nan_to_num(np.mean(shares[k]))) for k in keys])
    ahead = _leader(shares)
    ends = np.zeros((2, len(keys)))
    if np.isfinite(list(shares.values())).all():
        ends = np.array([np.percentile(shares[k], (10, 90)) for k in keys]).T
    ax.barh(range(len(keys)), means, height=0.62, color=[BLUE if ahead and key == ahead[0] else "#A9C8DE" for key in keys])
    ax.hlines(range(len(keys)), *ends, color=INK, linewidth=1.0)
    for i, value in enumerate(means):
        ax.text(max(value, ends[1, i]) + 0.02 * widest, i, percent(value) if value else "\N{EN DASH}", va="center", size=9.5, color=INK if value else QUIET)
    ax.set(xlim=(0, widest * 1.35), ylim=(len(keys) - 0.4, -0.6), xticks=[], yticks=[])
    ax.spines["bottom"].set_visible(False)
    ax.axvline(0, color=QUIET, linewidth=0.8)


@styled
def funnel(result: Result) -> Figure:
    """Draw each channel's share of visits, leads, opportunities and signed merchants, side by side."""
    shares = funnel_shares(result)
    keys = sorted(shares["visits"], key=lambda k: -float(np.nan_to_num(np.mean(shares["signed_merchants"][k]))))
    fig = sheet(WIDTH, 1.9 + 0.31 * max(len(keys), 1))
    spread = "" if result.reps == 1 else f", mean of {runs(result.reps)}; whisker: 10th to 90th percentile"
    top = heading(fig, _funnel_title(shares), f"Share of each channel in a column's total{spread}.")
    column, names = (WIDTH - 1.75 - MARGIN) / len(FUNNEL), 1.65
    widest = max((float(np.nanmax(list(v.values()), initial=0)) for v in shares.values() if v), default=0) or 1.0
    for i, measure in enumerate(FUNNEL):
        left = names + i * column
        write(fig, left, top - 0.16, capital(measure_name(measure)), size=10.5, weight="bold", va="baseline")
        write(fig, left, top - 0.35, f"{number(total(result, measure).mean)} in all", size=9.5, color=QUIET, va="baseline")
        ax = axes_at(fig, Box(left, 0.2, column - 0.15, top - 0.66))
        _funnel_column(ax, shares[measure], keys, widest)
        if i == 0:
            for row, key in enumerate(keys):
                ax.annotate(channel_name(key), (0, row), (-8, 0), textcoords="offset points", ha="right", va="center", size=10)
    return fig


RUN_CHARTS: dict[str, Callable[[Result], Figure]] = {
    "growth": growth, "funnel": funnel, "burnt_prospects": burnt_prospects, "product": product, "channel": channel,
    "consumers": consumers, "cash": cash,
}
