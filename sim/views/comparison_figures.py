"""Figures of a comparison: each a function from a Comparison to a matplotlib Figure; one colour per plan, the base in grey."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim.views.findings import average_difference, extreme, headline, plain_names, span, standing, telling, telling_words
from sim.views.frames import Interval, band, intervals, mean, names_of, outcome, paired, running, stage_shares
from sim.views.style import (
    BASE, INK, MARGIN, QUIET, RULE, Box, Label, axes_at, draw_band, end_labels, heading, ink, plan_colours, sheet, styled, time_axes,
    wrap, write, zero_based,
)
from sim.views.words import capital, measure_name, number, runs, tick

if TYPE_CHECKING:
    from sim.study.compare import Comparison

WIDTH, LABELS = 9.6, 2.1
VALUE_NOTE = "Value: discounted cash flow so far plus what live merchants are expected to bring."


def colours(comparison: Comparison) -> dict[str, str]:
    """Return the colour of every plan."""
    return plan_colours(*names_of(comparison))


def _ribbons(comparison: Comparison, plans: list[str]) -> dict[str, list[np.ndarray] | list[str]]:
    """Return the ribbons of `plans` and the marks that tie each to its plan."""
    by_plan = colours(comparison)
    return {"rows": [stage_shares(comparison.results[p]) for p in plans], "colours": [by_plan[p] for p in plans]}


def _plan_axes(fig: Figure, box: Box, comparison: Comparison, plans: list[str], unit: str) -> Axes:
    """Return time axes with one ribbon for each of `plans`."""
    by_plan, base = colours(comparison), comparison.results[names_of(comparison)[0]]
    rows = [stage_shares(comparison.results[plan]) for plan in plans]
    return time_axes(fig, box, rows, unit=unit, colours=[by_plan[plan] for plan in plans], start=base.scenario.start_date)


def _unit(comparison: Comparison, measure: str) -> str:
    base, _ = names_of(comparison)
    return str(comparison.results[base].summary["measures"][measure]["unit"])


@styled
def difference(comparison: Comparison, measure: str) -> Figure:
    """Draw plan minus base week by week with the 95 % interval of the paired mean; flows are summed from week 0."""
    base, plans = names_of(comparison)
    names, by_plan, reps = plain_names(comparison), colours(comparison), comparison.table["replications"]
    fig = sheet(WIDTH, 5.0 + 0.2 * len(plans))
    how = "Line: one replication." if reps < 2 else f"Line: mean paired difference over {runs(reps)}; band: its 95% interval; ribbons: stages."
    title = standing(comparison, (measure,))
    top = heading(fig, title, VALUE_NOTE if measure == "value" else "", how)
    unit = f"{measure_name(measure)} against {names[base]}, {_unit(comparison, measure)}"
    ax = _plan_axes(fig, Box(0.95, 0.1, WIDTH - 0.95 - LABELS, top - 0.1), comparison, [base, *plans], unit)
    found = {plan: intervals(paired(comparison, plan, measure)) for plan in plans}
    ends = [edge for b in found.values() for edge in (b.low, b.high, b.middle)]
    zero_based(ax, min(float(np.nanmin(e, initial=0)) for e in ends), max(float(np.nanmax(e, initial=0)) for e in ends))
    for plan in plans:
        draw_band(ax, found[plan], by_plan[plan])
    ax.axhline(0, color=BASE, linewidth=1.6)
    labels = [Label(float(found[p].middle[-1]), f"{names[p]} {number(float(found[p].middle[-1]), sign=True)}", by_plan[p]) for p in plans]
    end_labels(ax, [Label(0.0, names[base], BASE), *labels], LABELS - 0.3)
    return fig


# The whole story on one sheet


STORY = (11.0, 7.9)


def _growth_panel(fig: Figure, box: Box, comparison: Comparison) -> None:
    """Draw signed merchants so far under every plan, over the stages of each."""
    base, plans = names_of(comparison)
    names, by_plan = plain_names(comparison), colours(comparison)
    ax = _plan_axes(fig, Box(box.left, box.bottom, box.width - 1.75, box.height), comparison, [base, *plans], "merchants signed so far")
    bands = {plan: band(running(comparison.results[plan], "signed_merchants")) for plan in (base, *plans)}
    zero_based(ax, 0, max(float(b.high.max()) for b in bands.values()))
    for plan, values in bands.items():
        draw_band(ax, values, by_plan[plan], linewidth=2.4)
    end_labels(ax, [Label(float(b.middle[-1]), f"{names[p]} {number(float(b.middle[-1]))}", by_plan[p]) for p, b in bands.items()], 1.5)


def _value_row(ax: Axes, row: float, found: Interval, name: str, colour: str, inches: float) -> None:
    """Draw one plan's difference as a dot with its interval, its name and figures above."""
    words = f"{number(found.mean, sign=True)} ({span(found, sign=True)})" if found.known else f"{number(found.mean, sign=True)}, one replication"
    if found.known:
        ax.hlines(row, found.low, found.high, color=colour, linewidth=2.4)
    ax.plot([found.mean], [row], "o", color=colour, markersize=9, markerfacecolor=colour if found.sign else "white", markeredgewidth=2)
    for text, weight, rise, tint in ((wrap(name, inches, 10.5, "bold"), "bold", 25, ink(colour)), (words, "normal", 10, INK)):
        ax.annotate(text, (0, row), (0, rise), xycoords=("axes fraction", "data"), textcoords="offset points", size=10.5, weight=weight, color=tint)


def _value_panel(fig: Figure, box: Box, comparison: Comparison) -> None:
    """Draw each plan's difference in value at the end as a dot with its 95 % interval; hollow where it includes zero."""
    base, plans = names_of(comparison)
    names, by_plan, found = plain_names(comparison), colours(comparison), {p: outcome(comparison, p, "value") for p in plans}
    ax = axes_at(fig, Box(box.left, box.bottom + 0.44, box.width, box.height - 0.44 - 0.24))
    ends = [0.0, *(edge for f in found.values() for edge in (f.mean, f.low, f.high) if np.isfinite(edge))]
    room = 0.06 * (max(ends) - min(ends)) or 1.0
    ax.set(xlim=(min(ends) - room, max(ends) + room), ylim=(len(plans) - 0.6, -0.75), yticks=[])
    ax.axvline(0, color=BASE, linewidth=1.6)
    for row, plan in enumerate(plans):
        _value_row(ax, row, found[plan], names[plan], by_plan[plan], box.width)
    ax.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    ax.xaxis.set_major_formatter(FuncFormatter(tick))
    ax.set_xlabel(f"{_unit(comparison, 'value')}; 0 = {names[base]}", size=9.5, loc="left", labelpad=2)
    ax.annotate("value at the end, with 95% interval", (0, 1), (0, 7), xycoords="axes fraction", textcoords="offset points", size=9.5, color=QUIET)


def _why_panel(fig: Figure, box: Box, comparison: Comparison, measure: str, mover: str, found: Interval) -> None:
    """Draw one telling measure under every plan: the plan that moves it most and the base in full, the others thin."""
    base, plans = names_of(comparison)
    by_plan, name = colours(comparison), plain_names(comparison)[mover]
    write(fig, box.left - 0.5, box.bottom + box.height + 0.56, capital(measure_name(measure)), size=11, weight="bold")
    words = wrap(telling_words(measure, name, found), box.width + 0.5, 9.5)
    write(fig, box.left - 0.5, box.bottom + box.height + 0.36, words, size=9.5, color=ink(by_plan[mover]) if found.sign else QUIET)
    ax = _plan_axes(fig, box, comparison, [base, mover], _unit(comparison, measure))
    lines = {plan: mean(running(comparison.results[plan], measure)) for plan in (*plans, base)}
    zero_based(ax, min(float(np.nanmin(v)) for v in lines.values()), max(float(np.nanmax(v)) for v in lines.values()))
    for plan, line in lines.items():
        strong = plan in (mover, base)
        ax.plot(np.arange(1, len(line) + 1), line, color=by_plan[plan], linewidth=2.2 if strong else 1.0, alpha=1 if strong else 0.55, zorder=3 if strong else 2)


@styled
def story(comparison: Comparison) -> Figure:
    """Draw the whole comparison on one sheet: growth under each plan, what it costs in value, and the measures that show why."""
    fig, reps = sheet(*STORY), comparison.table["replications"]
    note = f"{extreme(comparison)}." if extreme(comparison) else ""
    how = "Lines: one replication." if reps < 2 else f"Lines: means of {runs(reps)} on the same draws; bands: 10th to 90th percentile; ribbons: stages."
    top = heading(fig, headline(comparison), note, how, size=17)
    lower = 2.55
    upper = Box(0.75, lower + 0.65, 0, top - lower - 0.7)
    _growth_panel(fig, Box(upper.left, upper.bottom, 6.7, upper.height), comparison)
    _value_panel(fig, Box(7.75, upper.bottom, STORY[0] - 7.75 - MARGIN, upper.height), comparison)
    each = (STORY[0] - MARGIN) / 3
    for i, (measure, mover, found) in enumerate(telling(comparison)):
        _why_panel(fig, Box(0.8 + i * each, 0.05, each - 1.0, lower - 0.65), comparison, measure, mover, found)
    return fig


def comparison_charts(comparison: Comparison) -> dict[str, Figure]:
    """Return every figure of a comparison by name, in reading order."""
    charts = {"story": story(comparison)}
    for measure in ("value", "signed_merchants", *(row[0] for row in telling(comparison))):
        charts[f"difference_{measure}"] = difference(comparison, measure)
    return charts
