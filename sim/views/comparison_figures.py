"""Figures of a comparison: each a function from a Comparison to a matplotlib Figure; one colour per plan, the base in grey."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim.views.findings import extreme, headline, plain_names, span, standing, telling, telling_words
from sim.views.frames import Interval, band, certainty, mean, names_of, outcome, paired, running, stage_shares, total
from sim.views.style import (
    BASE,
    INK,
    MARGIN,
    QUIET,
    Box,
    Label,
    axes_at,
    draw_band,
    end_labels,
    heading,
    ink,
    more_lines,
    plan_colours,
    sheet,
    styled,
    time_axes,
    unit_above,
    wrap,
    write,
    zero_based,
)
from sim.views.words import capital, measure_name, number, runs, tick, unit_name

if TYPE_CHECKING:
    from sim.study.compare import Comparison

WIDTH, LABELS = 9.6, 2.1
VALUE_NOTE = "Value: discounted cash flow so far plus what live merchants are expected to bring."


def colours(comparison: Comparison) -> dict[str, str]:
    """Return the colour of every plan."""
    return plan_colours(*names_of(comparison))


def _plan_axes(fig: Figure, box: Box, comparison: Comparison, plans: list[str], unit: str, dated: bool = True) -> Axes:
    """Return time axes with one ribbon for each of `plans`; `dated` says when week 0 is."""
    by_plan, base = colours(comparison), comparison.results[names_of(comparison)[0]]
    rows, start = [stage_shares(comparison.results[plan]) for plan in plans], base.scenario.start_date if dated else None
    return time_axes(fig, box, rows, unit=unit, colours=[by_plan[plan] for plan in plans], start=start)


def _unit(comparison: Comparison, measure: str) -> str:
    base = comparison.results[names_of(comparison)[0]]
    return unit_name(base.summary["measures"][measure]["unit"], base.scenario.currency)


@styled
def difference(comparison: Comparison, measure: str) -> Figure:
    """Draw plan minus base week by week with the 95 % interval of the paired mean; flows are summed from week 0."""
    base, plans = names_of(comparison)
    names, by_plan, reps = plain_names(comparison), colours(comparison), comparison.table["replications"]
    title = standing(comparison, (measure,))
    fig = sheet(WIDTH, 4.9 + 0.2 * len(plans) + more_lines(title, WIDTH))
    how = f"Line: mean paired difference over {runs(reps)}; band: its 95% interval; ribbons: stages."
    note = VALUE_NOTE if measure == "value" else ""
    top = heading(fig, title, note, how if reps > 1 else "Line: one replication.")
    unit = f"{measure_name(measure)} against {names[base]}, {_unit(comparison, measure)}"
    ax = _plan_axes(fig, Box(0.95, 0.1, WIDTH - 0.95 - LABELS, top - 0.1), comparison, [base, *plans], unit)
    found = {plan: certainty(paired(comparison, plan, measure)) for plan in plans}
    zero_based(ax, *(edge for b in found.values() for edge in (b.low, b.high, b.middle)))
    for plan in plans:
        draw_band(ax, found[plan], by_plan[plan])
    ax.axhline(0, color=BASE, linewidth=1.6)
    lasts = {plan: float(found[plan].middle[-1]) for plan in plans}
    labels = [Label(last, f"{names[plan]} {number(last, sign=True)}", by_plan[plan]) for plan, last in lasts.items()]
    end_labels(ax, [Label(0.0, names[base], BASE), *labels], LABELS - 0.3, 0.2 * len(labels))
    return fig


# The whole story on one sheet


STORY, LOWER = (11.0, 8.0), 2.95


def _growth_panel(fig: Figure, box: Box, comparison: Comparison) -> None:
    """Draw signed merchants so far under every plan, over the stages of each."""
    base, plans = names_of(comparison)
    names, by_plan = plain_names(comparison), colours(comparison)
    plot = Box(box.left, box.bottom, box.width - 1.75, box.height)
    ax = _plan_axes(fig, plot, comparison, [base, *plans], "merchants signed so far")
    bands = {plan: band(running(comparison.results[plan], "signed_merchants")) for plan in (base, *plans)}
    zero_based(ax, *(values.high for values in bands.values()))
    for plan, values in bands.items():
        draw_band(ax, values, by_plan[plan], linewidth=2.4)
    lasts = {plan: float(values.middle[-1]) for plan, values in bands.items()}
    labels = [Label(last, f"{names[plan]} {number(last)}", by_plan[plan]) for plan, last in lasts.items()]
    end_labels(ax, labels, 1.5, 0.2 * len(labels))


def _value_row(ax: Axes, row: float, found: Interval, name: str, colour: str, width: float) -> None:
    """Draw one plan's difference as a dot with its interval, its name (in lines of `width` inches) and figures above."""
    words = number(found.mean, sign=True) + (f" ({span(found, sign=True)})" if found.known else ", one replication")
    if found.known:
        ax.hlines(row, found.low, found.high, color=colour, linewidth=2.4)
    ax.plot([found.mean], [row], "o", color=colour, markersize=9, mfc=colour if found.sign else "white", markeredgewidth=2)
    place: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "size": 10.5}
    place["bbox"] = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    ax.annotate(wrap(name, width, 10.5, "bold"), (0, row), (0, 23), weight="bold", va="bottom", color=ink(colour), **place)
    ax.annotate(words, (0, row), (0, 10), color=INK, **place)


def _value_panel(fig: Figure, box: Box, comparison: Comparison) -> None:
    """Draw each plan's difference in value at the end as a dot with its 95 % interval; hollow where it includes zero."""
    base, plans = names_of(comparison)
    names, by_plan, found = plain_names(comparison), colours(comparison), {p: outcome(comparison, p, "value") for p in plans}
    ax = axes_at(fig, Box(box.left, box.bottom + 0.44, box.width, box.height - 0.44 - 0.24))
    ends = [0.0, *(edge for f in found.values() for edge in (f.mean, f.low, f.high) if np.isfinite(edge))]
    zero = total(comparison.results[base], "value").mean
    room = 0.06 * (max(ends) - min(ends)) or 1.0
    ax.set(xlim=(min(ends) - room, max(ends) + room), ylim=(len(plans) - 0.6, -0.75), yticks=[])
    ax.axvline(0, color=BASE, linewidth=1.6)
    for row, plan in enumerate(plans):
        _value_row(ax, row, found[plan], names[plan], by_plan[plan], 0.9 * box.width)  # short of the line at zero
    ax.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    ax.xaxis.set_major_formatter(FuncFormatter(tick))
    ax.set_xlabel(f"{_unit(comparison, 'value')} against the base ({number(zero)})", size=9.5, loc="left", labelpad=2)
    unit_above(ax, "value at the end, with 95% interval")


def _why_panel(fig: Figure, box: Box, comparison: Comparison, measure: str, mover: str, found: Interval) -> None:
    """Draw one telling measure under every plan: the plan that moves it most and the base in full, the others thin."""
    base, plans = names_of(comparison)
    by_plan, name, top = colours(comparison), plain_names(comparison)[mover], box.bottom + box.height
    write(fig, box.left - 0.5, top, capital(measure_name(measure)), size=11, weight="bold", va="baseline")
    words = wrap(telling_words(name, found).replace(" to ", "\N{NO-BREAK SPACE}to\N{NO-BREAK SPACE}"), box.width + 0.5, 9.5)
    write(fig, box.left - 0.5, top - 0.07, words, size=9.5, color=ink(by_plan[mover]) if found.sign else QUIET)
    plot = Box(box.left, box.bottom, box.width, box.height - 0.47)
    ax = _plan_axes(fig, plot, comparison, [base, mover], _unit(comparison, measure), dated=False)
    lines = {plan: mean(running(comparison.results[plan], measure)) for plan in (*plans, base)}
    zero_based(ax, *lines.values())
    for plan, line in lines.items():
        strong = plan in (mover, base)
        look: dict[str, Any] = {"linewidth": 2.2, "zorder": 3} if strong else {"linewidth": 1.0, "alpha": 0.55}
        ax.plot(np.arange(1, len(line) + 1), line, color=by_plan[plan], **look)


@styled
def story(comparison: Comparison, titled: bool = True) -> Figure:
    """Draw the whole comparison on one sheet: growth under each plan, what it costs in value, and the measures that show why."""
    reps, most = comparison.table["replications"], extreme(comparison)
    title = headline(comparison)
    height = STORY[1] + 0.7 * max(0, len(comparison.results) - 4) + (more_lines(title, STORY[0], 17) if titled else -0.65)
    fig = sheet(STORY[0], height)
    how = f"Lines: means of {runs(reps)} on the same draws; bands: 10th to 90th percentile; ribbons: stages."
    notes = (f"{most}." if most else "", how if reps > 1 else "Lines: one replication.")
    top = heading(fig, title, *notes, size=17, shown=titled)
    tall = top - LOWER - 0.2
    _growth_panel(fig, Box(0.75, LOWER + 0.2, 6.7, tall), comparison)
    _value_panel(fig, Box(7.75, LOWER + 0.2, STORY[0] - 7.75 - MARGIN, tall), comparison)
    each = (STORY[0] - MARGIN) / 3
    for i, (measure, mover, found) in enumerate(telling(comparison)):
        _why_panel(fig, Box(0.8 + i * each, 0.02, each - 1.0, LOWER - 0.2), comparison, measure, mover, found)
    return fig


def comparison_charts(comparison: Comparison) -> dict[str, Figure]:
    """Return every figure of a comparison by name, in reading order."""
    charts = {"story": story(comparison)}
    for measure in ("value", "signed_merchants", *(row[0] for row in telling(comparison))):
        charts[f"difference_{measure}"] = difference(comparison, measure)
    return charts
