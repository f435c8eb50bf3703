"""What a study says in sentences: the best setting, how sure, what is as good, what the worst costs."""

from __future__ import annotations

import numpy as np

from sim.study.answer import Answer
from sim.study.study import said
from sim.views.findings import span
from sim.views.frames import Interval
from sim.views.words import capital, count, join, measure_name, number, percent, runs, unit_name

MOST_NAMED = 4


def unit_of(answer: Answer, measure: str) -> str:
    """Return the unit of a measure as people read it."""
    study = answer.result.study
    return unit_name(study.measured()[measure].unit, study.cells[0].scenario.currency)


def amount(answer: Answer, measure: str, found: Interval, sign: bool = False) -> str:
    """Return a mean with unit and 95 % interval: `2.1M CNY (1.9M to 2.3M)`."""
    unit = unit_of(answer, measure)
    sure = f" ({span(found, sign)})" if found.known else ""
    return f"{number(found.mean, sign)}{f' {unit}' if unit not in ('index, 0 to 1', 'share') else ''}{sure}"


def setting(answer: Answer, cell: int) -> str:
    """Return a cell in words; what makes no difference is left out."""
    without = answer.no_effect if not answer.tied.all() else ()
    return said(answer.result.study, answer.result.study.cells[cell], without)


def at(answer: Answer, measure: str, cell: int) -> Interval:
    """Return a measure in a cell with its interval."""
    return Interval(*(float(part[cell]) for part in answer.measure(measure)))


def loss(answer: Answer, cell: int) -> Interval:
    """Return the paired difference of a cell to the best, with its interval."""
    return Interval(*(float(part[cell]) for part in answer.differences))


def verdict(answer: Answer) -> str:
    """Name the best setting and what it gives, or say that all settings give the same."""
    rule = answer.result.study.decision
    found = amount(answer, rule.measure, at(answer, rule.measure, answer.best))
    if answer.tied.all():
        return f"{no_difference(answer)}: {measure_name(rule.measure)} {found} in every setting"
    return f"{capital(setting(answer, answer.best))}: {rule.choose} {measure_name(rule.measure)}, {found}"


def no_difference(answer: Answer) -> str:
    """Name the factors that make no difference; nothing where all do."""
    names = ["the plan" if name == "plan" else name for name in answer.no_effect]
    return f"{capital(join(names))} make{'s' if len(names) == 1 else ''} no difference" if names else ""


def equals(answer: Answer) -> str:
    """Name the settings that give exactly what the best gives, but for what makes no difference anywhere."""
    others = {setting(answer, int(cell)): None for cell in np.flatnonzero(answer.tied)}
    others.pop(setting(answer, answer.best), None)
    if not others:
        return ""
    named = join(list(others)) if len(others) <= MOST_NAMED else f"{count(len(others))} other settings"
    return f"Exactly the same in every run: {named}."


def certainty_words(answer: Answer) -> str:
    """Say how often the best is best when the worlds are drawn anew, and by what rule others are as good."""
    rule = answer.result.study.decision
    least = f"{number(float(rule.indifference))} {unit_of(answer, rule.measure)}"
    matter = f" Differences up to {least} do not matter." if rule.indifference else ""
    return f"Best in {percent(answer.p_best)} of bootstrap samples of {runs(answer.worlds)}.{matter}"


def as_good(answer: Answer) -> str:
    """Say which other settings are not clearly worse."""
    others = [int(cell) for cell in np.flatnonzero(~answer.clearly_worse & ~answer.tied)]
    total = len(answer.result.study.cells)
    if not others and answer.tied.sum() > 1:
        return "All others are clearly worse."
    if not others:
        return f"All {count(total - 1)} other settings are clearly worse." if total > 2 else "The other setting is clearly worse."
    names = list(dict.fromkeys(setting(answer, cell) for cell in others))
    named = join(names) if len(names) <= MOST_NAMED else ""
    verb = "is" if len(names) == 1 else "are"
    return f"Not clearly worse {verb} {named}." if named else f"Of {total} settings {len(others)} others are not clearly worse."


def worst(answer: Answer) -> str:
    """Say what the worst setting costs against the best."""
    rule = answer.result.study.decision
    cell = int(np.argmin(rule.sign * answer.differences[0]))
    if cell == answer.best:
        return ""
    lost, side = loss(answer, cell), "below" if rule.sign > 0 else "above"
    size = Interval(abs(lost.mean), *sorted((-rule.sign * lost.low, -rule.sign * lost.high)))
    return f"The worst, {setting(answer, cell)}, is {amount(answer, rule.measure, size)} {side} it."


def edge(answer: Answer) -> str:
    """Say where the best level lies at the end of what was tried, so that better ones may lie beyond."""
    study, best, ends = answer.result.study, answer.result.study.cells[answer.best], []
    for (name, _), here, k in zip(study.factors, best.levels, range(len(study.factors)), strict=True):
        levels = list(dict.fromkeys(cell.levels[k] for cell in study.cells))
        numbers = len(levels) > 2 and all(isinstance(level, float | int) for level in levels)
        if numbers and name not in answer.no_effect and here in (min(levels), max(levels)):
            ends.append(name)
    return f"The best lies at the end of what was tried of {join(ends)}." if ends else ""


def sentences(answer: Answer) -> list[str]:
    """Return everything a study says, the answer first."""
    if answer.tied.all():
        return [f"{verdict(answer)}."]
    idle = no_difference(answer)
    found = [
        f"{verdict(answer)}.", f"{idle}." if idle else "", equals(answer), certainty_words(answer), as_good(answer),
        worst(answer), edge(answer),
    ]
    return [sentence for sentence in found if sentence]
