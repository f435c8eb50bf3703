"""One page per result: a self-contained HTML file that opens without a network and prints on A4."""

from __future__ import annotations

import io
import json
import platform
import re
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.views.findings import basis, extreme, headline, money, plain_names, run_answer, span, till, winner
from sim.views.frames import Interval, names_of, outcome, replications, total
from sim.views.style import BASE, BLUE, GREEN, INK, ink, plan_colours, rules
from sim.views.words import capital, day, grouped, measure_name, number, percent, plan_names, runs, unit_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sim.study.compare import Comparison
    from sim.study.run import Result

TRIM = 18  # points of the margin of a figure that a page does not need
PACKAGES = ("b2b2c-sim", "mesa", "numpy", "scipy", "pandas", "matplotlib")


def write_run_report(result: Result, folder: Path, figures: Mapping[str, Figure] | None = None) -> Path:
    """Write `report.html` for one scenario and return it; `figures` are its charts where they are drawn already."""
    from sim.views.figures import run_figures
    from sim.views.run_figures import growth

    charts, name = dict(figures or run_figures(result)), plan_names({"": result.scenario})[""]
    charts.pop("growth", None)
    page = _page([result], folder) | {
        "title": name, "answer": run_answer(result), "more": [f"{till(result)}.", basis(replications(result))],
        "picture": drawn("first", growth(result, titled=False)), "cards": _run_cards(result), "charts": _alldrawn(charts),
        "measures": _run_table(result), "plans": [_plan(result, name, INK)],
    }
    return write_page(page, folder)


def write_comparison_report(comparison: Comparison, folder: Path, figures: Mapping[str, Figure] | None = None) -> Path:
    """Write `report.html` for a comparison and return it; `figures` are its charts where they are drawn already."""
    from sim.views.comparison_figures import comparison_charts, story

    charts, names = dict(figures or comparison_charts(comparison)), plain_names(comparison)
    charts.pop("story", None)
    base, others = names_of(comparison)
    colours, results = plan_colours(base, others), comparison.results
    said = [extreme(comparison), winner(comparison)]
    page = _page(list(results.values()), folder) | {
        "title": f"{names[base]} against {', '.join(names[plan] for plan in others)}", "answer": headline(comparison),
        "more": [*(f"{words}." for words in said if words), basis(comparison.table["replications"])],
        "picture": drawn("first", story(comparison, titled=False)), "cards": _comparison_cards(comparison),
        "charts": _alldrawn(charts), "differences": _difference_table(comparison),
        "heads": [{"name": names[plan], "colour": ink(colours[plan])} for plan in results],
        "each": _each_table(comparison),
        "plans": [_plan(results[plan], names[plan], colours[plan], results[base]) for plan in results],
    }
    return write_page(page, folder)


# pictures -----------------------------------------------------------------------------------------------


def inline_svg(figure: Figure, prefix: str) -> str:
    """Return a figure as an SVG element for HTML, a little trimmed: no outside name in it, every id beginning with `prefix`."""
    import matplotlib as mpl

    out = io.StringIO()
    with mpl.rc_context(rules()):
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    body = text[text.index(">", text.index("<svg")) + 1:]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL).replace("xlink:href", "href")
    body = re.sub(r'(\sid="|href="#|url\(#)', rf"\g<1>{prefix}-", body)
    width, height = figure.get_size_inches() * 72
    view, title = f"{TRIM} {TRIM} {width - TRIM:g} {height - TRIM:g}", _escaped(str(figure.get_label()))
    return f'<svg viewBox="{view}" role="img" aria-labelledby="{prefix}-title"><title id="{prefix}-title">{title}</title>{body}'


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def drawn(name: str, figure: Figure) -> str:
    """Return a figure as the page holds it, under a name of its own."""
    return inline_svg(figure, name)


def _alldrawn(charts: Mapping[str, Figure]) -> list[str]:
    return [drawn(name, figure) for name, figure in charts.items()]


# numbers ------------------------------------------------------------------------------------------------


def _card(name: str, found: Interval, unit: str, colour: str, sign: bool = False) -> dict[str, str]:
    """Return one of the three numbers: what, how much, how sure, and a remark where it cannot be told from zero."""
    sure = span(found, sign) if found.known else ""
    remark = "no clear difference" if sign and found.known and not found.sign else ""
    card = {"name": name, "value": number(found.mean, sign), "unit": unit, "sure": sure, "remark": remark}
    return card | {"colour": colour, "ink": ink(colour)}


def _run_cards(result: Result) -> list[dict[str, str]]:
    return [
        _card("Signed merchants", total(result, "signed_merchants"), "firms", BLUE),
        _card("Live merchants at the end", total(result, "live_merchants"), "firms", GREEN),
        _card("Value", total(result, "value"), money(result), BASE),
    ]


def _comparison_cards(comparison: Comparison) -> list[dict[str, str]]:
    """Choose three differences: value under the plans that move it most, then merchants under the first of them."""
    base, plans = names_of(comparison)
    names, colours, unit = plain_names(comparison), plan_colours(base, plans), money(comparison.results[base])
    chosen = sorted(sorted(plans, key=lambda plan: -abs(outcome(comparison, plan, "value").mean))[:3], key=plans.index)
    cards = [_card(f"{names[p]}: value", outcome(comparison, p, "value"), unit, colours[p], sign=True) for p in chosen]
    for measure in ("signed_merchants", "live_merchants"):
        found = outcome(comparison, chosen[0], measure)
        cards.append(_card(f"{names[chosen[0]]}: {measure_name(measure)}", found, "firms", colours[chosen[0]], sign=True))
    return cards[:3]


def _spread(row: Mapping[str, Any]) -> str:
    return "" if row["p10"] is None else f"{number(row['p10'])} to {number(row['p90'])}"


def _reached(row: Mapping[str, Any]) -> str:
    """Say in what share of replications something happened, for measures of kind week."""
    return f"in {percent(row['share'])} of replications" if row.get("share") is not None else ""


def _summary_row(result: Result, measure: str) -> dict[str, str]:
    row, found = result.summary["measures"][measure], total(result, measure)
    sure = span(found) if found.known else ""
    return {"mean": number(found.mean), "sure": sure, "spread": _spread(row), "reached": _reached(row)}


def _named(result: Result, measure: str) -> dict[str, str]:
    unit = unit_name(result.summary["measures"][measure]["unit"], result.scenario.currency)
    return {"name": capital(measure_name(measure)), "code": measure, "unit": unit}


def _run_table(result: Result) -> dict[str, list[dict[str, str]]]:
    groups = grouped(result.summary["measures"])
    return {group: [_named(result, m) | _summary_row(result, m) for m in names] for group, names in groups.items()}


def _difference_table(comparison: Comparison) -> dict[str, list[dict[str, Any]]]:
    base = comparison.results[names_of(comparison)[0]]
    groups = grouped(base.summary["measures"])
    return {group: [_difference_row(comparison, base, m) for m in names] for group, names in groups.items()}


def _difference_row(comparison: Comparison, base: Result, measure: str) -> dict[str, Any]:
    cells = [_difference(comparison, plan, measure) for plan in names_of(comparison)[1]]
    return _named(base, measure) | {"base": number(total(base, measure).mean), "cells": cells}


def _difference(comparison: Comparison, plan: str, measure: str) -> dict[str, Any]:
    found = outcome(comparison, plan, measure)
    sure = span(found, sign=True) if found.known else ""
    return {"mean": number(found.mean, sign=True), "sure": sure, "distinct": bool(found.sign)}


def _each_table(comparison: Comparison) -> dict[str, list[dict[str, Any]]]:
    base = comparison.results[names_of(comparison)[0]]
    return {
        group: [_named(base, m) | {"cells": [_summary_row(result, m) for result in comparison.results.values()]} for m in names]
        for group, names in grouped(base.summary["measures"]).items()
    }


# plan and provenance ------------------------------------------------------------------------------------


def _plan(result: Result, name: str, colour: str, base: Result | None = None) -> dict[str, Any]:
    """Return the calendar of a plan, or what sets it apart from the base where there is one."""
    alone = base is None or base is result
    apart = [] if base is None or base is result else base.scenario.diff(result.scenario)
    rows = [{"path": path, "here": _plain(here), "there": _plain(there)} for path, here, there in apart]
    calendar = result.scenario.explain() if alone else ""
    return {"name": name, "colour": ink(colour), "calendar": calendar, "description": result.scenario.description, "apart": rows}


def _plain(value: Any) -> str:
    """Return a value of a scenario in words; schedules as 'from 0, to 26, value 2000; …'."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_plain(part)}" for key, part in value.items())
    if isinstance(value, (list, tuple)):
        return "; ".join(_plain(part) for part in value)
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "not set"}[value]
    return f"{value:,.10g}" if isinstance(value, (int, float)) else str(value)


def _page(results: list[Result], folder: Path) -> dict[str, Any]:
    """Return what every page says: the runs behind it, failures, the command and versions that make it again."""
    first, manifest = results[0], manifest_of(folder)
    failed = sum(len(result.failures) for result in results)
    names = " ".join(result.scenario.name for result in results)
    verb, weeks = "run" if len(results) == 1 else "compare", first.scenario.weeks
    command = f"sim {verb} {names} --seed {first.seed} --reps {first.reps} --weeks {weeks}"
    scope = (f"{weeks} weeks from {day(first.scenario.start_date)}", runs(first.reps), f"seed {first.seed}")
    return {
        "scope": ", ".join(scope), "seed": first.seed, "reps": first.reps,
        "failed": f"{runs(failed).capitalize()} failed and {'is' if failed == 1 else 'are'} left out." if failed else "",
        "command": manifest.get("command") or command, "versions": manifest.get("versions") or versions(),
        "digests": [(result.scenario.name, result.scenario.digest()) for result in results],
    }


def manifest_of(folder: Path) -> dict[str, Any]:
    """Return the manifest of a run directory, empty where there is none."""
    file = Path(folder) / "manifest.json"
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else {}


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that make a page."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def write_page(page: Mapping[str, Any], folder: Path, template: str = "report") -> Path:
    """Fill a template and write `report.html` into `folder`. Raises OSError where it cannot be written."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    shelf = Environment(loader=PackageLoader("sim.views"), autoescape=True, undefined=StrictUndefined)
    shelf.trim_blocks = shelf.lstrip_blocks = True
    file = Path(folder) / "report.html"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(shelf.get_template(f"{template}.html.j2").render(page), encoding="utf-8")
    return file
