"""The funnel by channel: what each channel brings from visits to signed merchants."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.views.frames import Array, interval, replications, total
from sim.views.style import BLUE, INK, MARGIN, QUIET, Box, axes_at, heading, sheet, styled, write
from sim.views.words import capital, channel_name, measure_name, number, percent, runs

if TYPE_CHECKING:
    from sim.study.run import Result

WIDTH = 9.6
FUNNEL = ("visits", "leads", "opportunities", "signed_merchants")


def funnel_shares(result: Result) -> dict[str, dict[str, Array]]:
    """Return by measure of the funnel and by channel its share of the measure's total, shape (replications,).

    NaN where the total is zero; channels without a single visit, lead, opportunity or win are left out.
    """
    rows = result.breakdown
    rows = rows[(rows["dimension"] == "channel") & rows["measure"].isin(FUNNEL)]
    sums = rows.groupby(["measure", "key", "replication"])["value"].sum().unstack("replication", fill_value=0.0)
    sums = sums.reindex(columns=result.weekly["replication"].unique(), fill_value=0.0)
    n = sums.shape[1]
    keys = [key for key in sums.index.unique("key") if sums.xs(key, level="key").to_numpy().any()]
    shares: dict[str, dict[str, Array]] = {}
    for measure in FUNNEL:
        part = {k: sums.loc[(measure, k)].to_numpy(float) if (measure, k) in sums.index else np.zeros(n) for k in keys}
        whole = np.sum(list(part.values()), axis=0) if part else np.zeros(n)
        shares[measure] = {k: np.divide(v, whole, out=np.full(len(v), math.nan), where=whole > 0) for k, v in part.items()}
    return shares


def _mean(share: Array) -> float:
    """Return the mean over the replications in which the total is not zero, 0 where there are none."""
    known = share[np.isfinite(share)]
    return float(known.mean()) if len(known) else 0.0


def _leader(shares: dict[str, Array]) -> tuple[str, float] | None:
    """Return the channel with the clearly largest share (paired interval clear of the runner-up), or None."""
    ranked = sorted(shares, key=lambda k: -_mean(shares[k]))
    if len(ranked) < 2 or interval(shares[ranked[0]] - shares[ranked[1]]).sign <= 0:
        return None
    return ranked[0], _mean(shares[ranked[0]])


def _funnel_title(shares: dict[str, dict[str, Array]]) -> str:
    """Say which channel brings most visits and which most merchants, where one clearly does."""
    if all(len(share) < 2 for share in shares["visits"].values()):
        return "One replication does not tell which channel leads"
    visits, signed = _leader(shares["visits"]), _leader(shares["signed_merchants"])
    most = [f"{channel_name(found[0])} ({percent(found[1])})" if found else "" for found in (visits, signed)]
    if visits and signed and visits[0] == signed[0]:
        share = percent(signed[1])
        return f"Most visits ({percent(visits[1])}) and most signed merchants ({share}) come from {channel_name(visits[0])}"
    if visits and signed:
        return f"Most visits come from {most[0]}, most signed merchants from {most[1]}"
    first = f"Most visits come from {most[0]}" if visits else "No channel clearly leads in visits"
    return f"{first}; " + (f"most signed merchants come from {most[1]}" if signed else "none clearly leads in signed merchants")


def _funnel_column(ax: Axes, shares: dict[str, Array], keys: Sequence[str], widest: float) -> None:
    """Draw one column of bars with whiskers from the 10th to the 90th percentile and the mean share in figures."""
    means = np.array([_mean(shares[k]) for k in keys])
    ahead = _leader(shares)
    ends = np.zeros((2, len(keys)))
    if np.isfinite(list(shares.values())).all():
        ends = np.array([np.percentile(shares[k], (10, 90)) for k in keys]).reshape(-1, 2).T
    ax.barh(range(len(keys)), means, height=0.62, color=[BLUE if ahead and key == ahead[0] else "#A9C8DE" for key in keys])
    ax.hlines(range(len(keys)), *ends, color=INK, linewidth=1.0)
    ax.plot(ends, [range(len(keys))] * 2, "|", color=INK, markersize=5)
    for i, value in enumerate(means):
        words, colour = (percent(value), INK) if value else ("\N{EN DASH}", QUIET)
        ax.annotate(words, (max(value, ends[1, i]), i), (5, 0), textcoords="offset points", va="center", size=9.5, color=colour)
    ax.set(xlim=(0, widest * 1.35), ylim=(len(keys) - 0.4, -0.6), xticks=[], yticks=[])
    ax.spines["bottom"].set_visible(False)
    ax.axvline(0, color=QUIET, linewidth=0.8)


@styled
def funnel(result: Result) -> Figure:
    """Draw each channel's share of visits, leads, opportunities and signed merchants, side by side."""
    shares = funnel_shares(result)
    keys = sorted(shares["visits"], key=lambda k: -_mean(shares["signed_merchants"][k]))
    fig = sheet(WIDTH, 1.9 + 0.31 * max(len(keys), 1))
    spread = "" if replications(result) == 1 else f", mean of {runs(replications(result))}; whisker: 10th to 90th percentile"
    top = heading(fig, _funnel_title(shares), f"Share of each channel in a column's total{spread}.")
    column, names = (WIDTH - 1.75 - MARGIN) / len(FUNNEL), 1.65
    widest = float(np.nan_to_num([share for part in shares.values() for share in part.values()]).max(initial=0)) or 1.0
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
