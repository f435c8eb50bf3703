"""One look for every figure: colours, type, sheets in inches, time axes with the stage ribbon, lines with direct labels."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

import matplotlib as mpl
import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator
from matplotlib.transforms import ScaledTranslation

from sim.views.frames import STAGES, Array, Band, spread
from sim.views.words import day, tick

P = ParamSpec("P")
R = TypeVar("R")

INK, QUIET, RULE, BASE = "#1C2127", "#5B6570", "#E4E7EB", "#6B737C"
BLUE, GREEN, VERMILLION, PURPLE = "#0072B2", "#009E73", "#D55E00", "#A8518A"
PLANS = (PURPLE, "#56B4E9", "#E69F00", VERMILLION, GREEN, BLUE)
STAGE_FILL, STAGE_INK = ("#E6EAEE", "#B7C1CC", "#7A8898"), (INK, INK, "#FFFFFF")
CJK = ("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "WenQuanYi Micro Hei", "PingFang SC", "Microsoft YaHei")
ROW, ROW_GAP, MARGIN = 0.17, 0.03, 0.3


def rules() -> dict[Any, Any]:
    """Return matplotlib's settings for one figure; Chinese glyphs come from an installed font where there is one."""
    installed = set(font_manager.get_font_names())
    return {
        "font.family": ["DejaVu Sans", *(name for name in CJK if name in installed)],
        "font.size": 10.5, "svg.fonttype": "path", "svg.hashsalt": "sim", "savefig.dpi": 150, "figure.dpi": 150,
        "text.color": INK, "axes.labelcolor": QUIET, "axes.edgecolor": QUIET, "xtick.color": QUIET, "ytick.color": QUIET,
        "axes.linewidth": 0.8, "lines.linewidth": 2.0, "lines.solid_capstyle": "round", "text.parse_math": False,
    }


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Run `draw` under the settings of `rules`, and put matplotlib back as it was."""

    @functools.wraps(draw)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        with mpl.rc_context(rules()):
            return draw(*args, **kwargs)

    return wrapper


def plan_colours(base: str, plans: Sequence[str]) -> dict[str, str]:
    """Return a colour per plan: grey for the base, else one that follows from the plan's name.

    So a plan has one colour in every comparison, unless two names ask for the same: the later takes the next free one.
    """
    colours, free = {base: BASE}, list(range(len(PLANS)))
    for plan in plans:
        wanted = zlib.crc32(plan.split("+")[0].encode()) % len(PLANS)
        free = free or list(range(len(PLANS)))
        slot = min(free, key=lambda k: (k - wanted) % len(PLANS))
        free.remove(slot)
        colours[plan] = PLANS[slot]
    return colours


def contrast(colour: str) -> float:
    """Return the contrast of `colour` on white, 1 to 21 (WCAG 2)."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(colour)]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)


def ink(colour: str) -> str:
    """Return a tone of `colour` dark enough for text on white (contrast 4.5 or more)."""
    red, green, blue = to_rgb(colour)
    tones = (to_hex((k * red, k * green, k * blue)) for k in np.arange(0.85, 0, -0.05))
    return next(tone for tone in tones if contrast(tone) >= 4.5)


# Sheets: everything is placed in inches, so that type never meets type


@dataclass(frozen=True)
class Box:
    """A rectangle on the sheet in inches, from the lower left corner."""

    left: float
    bottom: float
    width: float
    height: float


def sheet(width: float, height: float) -> Figure:
    """Return an empty white figure of the given size in inches."""
    return Figure(figsize=(width, height), facecolor="white")


def axes_at(fig: Figure, box: Box) -> Axes:
    """Return axes that fill `box`, with only the rule of the horizontal axis."""
    width, height = fig.get_size_inches()
    ax = fig.add_axes((box.left / width, box.bottom / height, box.width / width, box.height / height))
    ax.spines[["top", "left", "right"]].set_visible(False)
    ax.tick_params(length=0)
    return ax


def write(fig: Figure, left: float, top: float, text: str, **look: Any) -> None:
    """Write `text` with its upper left corner at (left, top) inches."""
    width, height = fig.get_size_inches()
    style: dict[str, Any] = {"va": "top", "ha": "left", "linespacing": 1.25} | look
    fig.text(left / width, top / height, text, **style)


@functools.lru_cache(maxsize=1)
def _ruler() -> Any:
    make: Any = RendererAgg
    return make(8, 8, 72)


@functools.lru_cache(maxsize=4096)
def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Return the width of one line of text in inches."""
    return float(_ruler().get_text_width_height_descent(text, FontProperties(size=size, weight=weight), ismath=False)[0]) / 72


def wrap(text: str, width: float, size: float, weight: str = "normal") -> str:
    """Break `text` between words into lines no wider than `width` inches."""
    lines: list[str] = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size, weight) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return "\n".join(lines)


def more_lines(title: str, width: float, size: float = 15.0) -> float:
    """Return the height in inches that a title needs beyond its first line on a sheet `width` inches wide."""
    return wrap(title, width - 2 * MARGIN, size, "bold").count("\n") * size * 1.32 / 72


def balance(text: str, width: float, size: float, weight: str = "normal") -> str:
    """Break `text` as `wrap` does, then even out the lengths of its lines."""
    lines = wrap(text, width, size, weight).count("\n")
    narrower = [w for w in np.arange(width, 0.5 * width, -0.2) if wrap(text, float(w), size, weight).count("\n") == lines]
    return wrap(text, float(narrower[-1]), size, weight) if lines else text


def heading(fig: Figure, title: str, *notes: str, size: float = 15.0, shown: bool = True) -> float:
    """Write the finding, then each note on lines of its own; return the height in inches that stays free below them.

    The figure's label keeps the finding; with `shown` false nothing but the last note is written.
    """
    fig.set_label(title)
    width, top = fig.get_size_inches() - (2 * MARGIN, MARGIN)
    texts = [(title, size, "bold", INK), *((note, 10.5, "normal", QUIET) for note in notes if note)]
    for text, points, weight, colour in texts if shown else texts[-1:]:
        broken = balance(text, width, points, weight)
        write(fig, MARGIN, top, broken, size=points, weight=weight, color=colour)
        top -= (broken.count("\n") + 1) * points * 1.32 / 72 + (0.06 if weight == "bold" else 0)
    return float(top) - 0.06


# Time axes


def week_step(weeks: int) -> int:
    """Return a distance between week marks that gives at most seven."""
    return next((step for step in (1, 2, 4, 13, 26, 52, 104) if weeks / step <= 7), 260)


def _ribbon_row(ax: Axes, row: int, shares: Array) -> None:
    """Fill one row with the share of replications in each stage; corners only where a share changes."""
    weeks = shares.shape[1]
    starts = np.flatnonzero(np.any(np.diff(shares, axis=1, prepend=np.nan) != 0, axis=0))
    edges, base = np.append(starts, weeks), np.full(len(starts) + 1, float(row))
    for share, fill in zip(shares, STAGE_FILL, strict=True):
        top = base + np.append(share[starts], share[-1]) * ROW / (ROW + ROW_GAP)
        ax.fill_between(edges, base, top, step="post", color=fill, linewidth=0)
        base = top


def _ribbon_names(ax: Axes, rows: Sequence[Array], inches: float) -> None:
    """Name each stage once, in the first row where the weeks that mostly belong to it leave room for the name."""
    for k, name in enumerate(STAGES):
        for row, shares in enumerate(rows):
            weeks = np.flatnonzero(shares[k] > 0.5)
            if text_width(name, 8.5) + 0.08 <= len(weeks) * inches / shares.shape[1]:
                middle = row + 0.5 * ROW / (ROW + ROW_GAP)
                ax.text(float(weeks.mean()) + 0.5, middle - 0.03, name, size=8.5, ha="center", va="center", color=STAGE_INK[k])
                break


def stage_ribbon(fig: Figure, box: Box, rows: Sequence[Array], colours: Sequence[str], start: Any = None) -> Axes:
    """Draw the stages under a time axis whose lower edge is `box.bottom`, one row per plan, with the week marks below.

    `rows` holds arrays (3, weeks) of shares; `colours` marks each row with its plan's colour (empty: no marks);
    `start` is the date of week 0.
    """
    weeks, height = rows[0].shape[1], len(rows) * (ROW + ROW_GAP)
    ax = axes_at(fig, Box(box.left, box.bottom - height - 0.02, box.width, height))
    for row, shares in enumerate(rows):
        _ribbon_row(ax, row, shares)
    for row, colour in enumerate(colours):
        at = ax.get_yaxis_transform() + ScaledTranslation(-6 / 72, 0, fig.dpi_scale_trans)
        ax.plot([0], [row + 0.44], "s", color=colour, markersize=5, transform=at, clip_on=False)
    _ribbon_names(ax, rows, box.width)
    ax.set(xlim=(0, weeks), ylim=(len(rows), -0.02), yticks=[])
    ax.spines["bottom"].set_visible(False)
    ax.xaxis.set_major_locator(MultipleLocator(week_step(weeks)))
    ax.set_xlabel("week" if start is None else f"week (week 0 starts on {day(start)})", size=9.5, loc="left", labelpad=2)
    return ax


def time_axes(fig: Figure, box: Box, rows: Sequence[Array], *, unit: str, colours: Sequence[str] = (), start: Any = None) -> Axes:
    """Return axes over weeks that fill `box` with their stage ribbon and week marks; `unit` stands above the vertical axis."""
    below = len(rows) * (ROW + ROW_GAP) + 0.44
    plot = Box(box.left, box.bottom + below, box.width, box.height - below - 0.24)
    ax = axes_at(fig, plot)
    stage_ribbon(fig, plot, rows, colours, start)
    ax.set_xlim(0, rows[0].shape[1])
    ax.set_xticks([])
    ax.grid(axis="y", color=RULE, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.yaxis.set_major_locator(MaxNLocator(max(2, min(6, int(plot.height / 0.38))), steps=[1, 2, 2.5, 5, 10]))
    ax.yaxis.set_major_formatter(FuncFormatter(tick))
    unit_above(ax, unit)
    return ax


def unit_above(ax: Axes, words: str) -> None:
    """Write what an axis counts, in its unit, above its upper left corner."""
    ax.annotate(words, (0, 1), (0, 7), xycoords="axes fraction", textcoords="offset points", size=9.5, color=QUIET)


def zero_based(ax: Axes, *drawn: Array, top: float = 0.0) -> None:
    """Let the vertical axis hold zero, `top` and all that is `drawn`, with a little room; zero is a line where it is inside."""
    values = np.concatenate([np.array([0.0, top]), *(array[np.isfinite(array)] for array in drawn)])
    low, high = float(values.min()), float(values.max())
    room = 0.05 * (high - low) or 1.0
    ax.set_ylim(low - room if low < 0 else 0, high + room)
    if low < 0:
        ax.spines["bottom"].set_visible(False)
        ax.axhline(0, color=QUIET, linewidth=0.9)


# Marks


def draw_band(ax: Axes, band: Band, colour: str, **look: Any) -> None:
    """Draw a line at the end of each week with its band behind it."""
    weeks = np.arange(1, len(band.middle) + 1)
    ax.fill_between(weeks, band.low, band.high, color=colour, alpha=0.2, linewidth=0)
    ax.plot(weeks, band.middle, color=colour, **look)


@dataclass(frozen=True)
class Label:
    """Words at the right end of a line: where it ends in data units, text, colour."""

    y: float
    text: str
    colour: str


def end_labels(ax: Axes, labels: Sequence[Label], width: float, below: float = 0.2, size: float = 10.5) -> None:
    """Write each label to the right of its line's end, broken at `width` inches and moved apart where they would touch.

    They may go down to `below` inches under the axes. Call when the limits of the axes are final.
    """
    ax.get_ylim()  # settles limits that are still to be computed
    labels = [label for label in labels if np.isfinite(label.y)]
    if not labels:
        return
    texts = [wrap(label.text, width, size, "bold") for label in labels]
    scale = 72 / ax.figure.dpi
    at = ax.transData.transform([(0, label.y) for label in labels])[:, 1] * scale
    heights = np.array([(text.count("\n") + 1) * size * 1.3 + 3 for text in texts])
    frame = ax.get_window_extent()
    moved = spread(at, heights, frame.y0 * scale - 72 * below, frame.y1 * scale + 14)
    for label, text, y, there in zip(labels, texts, at, moved, strict=True):
        tie = {"arrowstyle": "-", "color": label.colour, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 1, "relpos": (0, 0.5)}
        ax.annotate(
            text, (1, label.y), (10, there - y), xycoords=ax.get_yaxis_transform(), textcoords="offset points", va="center",
            size=size, weight="bold", color=ink(label.colour), linespacing=1.15, annotation_clip=False,
            arrowprops=tie if abs(there - y) > 3 else None,
        )
