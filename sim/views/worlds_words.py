"""What drawn worlds say of a comparison: in which share its answers keep their sign, and what the other worlds have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.study.compare import Comparison
from sim.study.keep import signs_of
from sim.study.worlds import MEASURES, Robustness
from sim.views.findings import plain_names
from sim.views.words import measure_name, number, percent

if TYPE_CHECKING:
    from rich.table import Table

MOST = 3


def in_worlds(robust: Robustness, comparison: Comparison) -> list[Any]:
    """Return tables and sentences for the terminal: shares of worlds, then what sets the others apart."""
    signs, names = signs_of(comparison), plain_names(comparison)
    rest = [row for plan, row in signs.items() for row in _others(robust, plan, names[plan], row["value"])]
    return [_shares(robust, signs, names), *rest]


def _shares(robust: Robustness, signs: dict[str, dict[str, int]], names: dict[str, str]) -> Table:
    from rich import box
    from rich.table import Table

    drawn = f"{len(robust.worlds)} worlds drawn from the plausible ranges, {robust.reps} replications each"
    title = f"{drawn}: share that keeps the sign"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for head in ("plan", *(measure_name(measure) for measure in MEASURES)):
        table.add_column(head, justify="left" if head == "plan" else "right")
    for plan, row in signs.items():
        table.add_row(names[plan], *(_share(robust, plan, measure, sign) for measure, sign in row.items()))
    return table


def _share(robust: Robustness, plan: str, measure: str, sign: int) -> str:
    return f"{'more' if sign > 0 else 'less'} in {percent(robust.share(plan, measure, sign))}" if sign else "no difference"


def _others(robust: Robustness, plan: str, name: str, sign: int) -> list[Any]:
    """Return one plain table of what the worlds have in common in which the sign of value turns, or why there is none."""
    turned = int(robust.turned(plan, "value", sign).sum())
    found = robust.in_common(plan, "value", sign)
    if not turned or not sign:
        return []
    if found.empty:
        few = "too few on one side to say what they have in common"
        return [f"{name}: value turns in {turned} of {len(robust.worlds)} worlds: {few}."]
    clear = found[found["clear"]]
    if clear.empty:
        return [f"{name}: no parameter by itself sets the {turned} worlds apart in which value turns."]
    return [_apart(clear.head(MOST).to_dict("records"), f"{name}: what sets the {turned} worlds apart in which value turns")]


def _apart(rows: list[dict[str, Any]], title: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for head in ("parameter", "there", "elsewhere", "range", "meaning"):
        table.add_column(head, justify="right" if head in ("there", "elsewhere", "range") else "left")
    for row in rows:
        span = f"{number(row['low'])} to {number(row['high'])}"
        meaning = f"{row['meaning']}, {row['unit']}" if row["unit"] else row["meaning"]
        table.add_row(row["parameter"], number(row["there"]), number(row["elsewhere"]), span, meaning)
    return table
