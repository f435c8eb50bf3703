"""The page of a study: the answer, its certainty, every setting, and the question as it was asked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.study.answer import Answer
from sim.study.study import StudyResult, label_text
from sim.views.findings import span
from sim.views.frames import Interval
from sim.views.report import drawn, manifest_of, versions, write_page
from sim.views.study_figures import draw, study_figures
from sim.views.study_findings import at, loss, sentences, setting, unit_of, verdict
from sim.views.style import BASE, BLUE, GREEN, ink
from sim.views.words import capital, measure_name, number, percent, runs

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_study_report(result: StudyResult, folder: Path, figures: Mapping[str, Figure] | None = None) -> Path:
    """Write `report.html` of a study and return it; `figures` are its charts where they are drawn already."""
    answer, study, manifest = Answer(result), result.study, manifest_of(folder)
    charts, first = dict(figures or study_figures(result)), f"study_{study.decision.measure}"
    charts.pop(first, None)
    failed = len(result.failures)
    page = {
        "title": study.question, "scope": _scope(answer), "answer": verdict(answer), "more": sentences(answer)[1:],
        "failed": f"{capital(runs(failed))} failed; worlds in which one failed are compared nowhere." if failed else "",
        "picture": drawn(first, draw(answer, study.decision.measure, titled=False)), "cards": _cards(answer),
        "charts": [drawn(name, figure) for name, figure in charts.items()],
        "heads": _heads(answer), "labels": len(_labels(answer, 0)), "rows": [_row(answer, k) for k in range(len(study.cells))],
        "about": study.about, "source": study.source,
        "command": manifest.get("command") or f"sim study {study.name}.toml{' --quick' if study.quick else ''}",
        "versions": list((manifest.get("versions") or versions()).items()), "digest": study.digest[:16],
    }
    return write_page(page, folder, "study")


def _scope(answer: Answer) -> str:
    study = answer.result.study
    quick = "; a quick run: fewer replications, less sure" if study.quick else ""
    return f"{study.question} {len(study.cells)} settings, {runs(study.replications)} each, seed {study.seed}{quick}"


def _cards(answer: Answer) -> list[dict[str, str]]:
    """Return three numbers: what the best gives, how sure it is the best, what the worst costs."""
    rule = answer.result.study.decision
    worst = int(np.argmin(rule.sign * answer.differences[0]))
    best, lost, unit = at(answer, rule.measure, answer.best), loss(answer, worst), unit_of(answer, rule.measure)
    good = f"{int((~answer.clearly_worse).sum())} of {len(answer.clearly_worse)} settings not clearly worse"
    what = f"{capital(measure_name(rule.measure))} at {setting(answer, answer.best)}"
    return [
        _card(what, number(best.mean), unit, _sure(best), BLUE),
        _card("Best in", percent(answer.p_best), "of samples", good, GREEN),
        _card(f"Against it: {setting(answer, worst)}", number(lost.mean, sign=True), unit, _sure(lost, sign=True), BASE),
    ]


def _card(name: str, value: str, unit: str, sure: str, colour: str) -> dict[str, str]:
    return {"name": name, "value": value, "unit": unit, "sure": sure, "colour": colour, "ink": ink(colour)}


def _sure(found: Interval, sign: bool = False) -> str:
    return f"95% interval {span(found, sign)}" if found.known else "no interval"


def _heads(answer: Answer) -> list[str]:
    study = answer.result.study
    names = [f"{name}, {unit}" if unit else name for name, unit in study.factors]
    measures = [f"{capital(measure_name(measure))}, {unit_of(answer, measure)}" for measure in study.measures]
    return [*(["plan"] if _several_plans(answer) else []), *names, "Difference to the best", *measures]


def _several_plans(answer: Answer) -> bool:
    return len({cell.plan for cell in answer.result.study.cells}) > 1


def _labels(answer: Answer, k: int) -> list[str]:
    cell = answer.result.study.cells[k]
    return [*([cell.plan] if _several_plans(answer) else []), *(label_text(label) for label in cell.levels)]


def _row(answer: Answer, k: int) -> dict[str, Any]:
    found = [(loss(answer, k), True), *((at(answer, measure, k), False) for measure in answer.result.study.measures)]
    cells = [{"mean": number(f.mean, sign), "sure": span(f, sign) if f.known else ""} for f, sign in found]
    if k == answer.best:
        cells[0] = {"mean": "best", "sure": ""}
    return {"labels": _labels(answer, k), "cells": cells, "good": not answer.clearly_worse[k]}
