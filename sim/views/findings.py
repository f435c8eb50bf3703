"""Sentences that results decide. None claims a difference whose 95 % interval includes zero."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.views.frames import Array, Interval, interval, names_of, outcome, paired, total
from sim.views.words import capital, count, join, measure_name, number, percent, plan_names, runs

if TYPE_CHECKING:
    from sim.study.compare import Comparison
    from sim.study.run import Result

TELLING = ("burnt_prospects", "focus", "reseller_confidence", "polish", "fit", "satisfaction", "live_merchants", "cash")


def plain_names(comparison: Comparison) -> dict[str, str]:
    """Return the name of every plan by key."""
    return plan_names({key: result.scenario for key, result in comparison.results.items()})


def quoted(comparison: Comparison) -> dict[str, str]:
    """Return the name of every plan by key, in quotation marks for use in a sentence."""
    return {key: quote(name) for key, name in plain_names(comparison).items()}


def quote(name: str) -> str:
    """Put a name in quotation marks."""
    return f"\N{LEFT DOUBLE QUOTATION MARK}{name}\N{RIGHT DOUBLE QUOTATION MARK}"


def money(result: Result) -> str:
    """Return the currency of a result."""
    return str(result.scenario.currency)


def span(found: Interval, sign: bool = False) -> str:
    """Return 'low to high', or words where there is no interval, or where a difference is none in any replication."""
    if sign and found.low == found.high == 0:
        return "no difference"
    return f"{number(found.low, sign)} to {number(found.high, sign)}" if found.known else "no interval from one replication"


def signs(comparison: Comparison, measure: str) -> dict[str, int]:
    """Return for each plan 1 or -1 where its total lies clearly above or below the base's, else 0."""
    return {plan: outcome(comparison, plan, measure).sign for plan in names_of(comparison)[1]}


def _who(comparison: Comparison, plans: Sequence[str], rest: bool) -> str:
    """Name plans; where they are many, 'all three plans', or 'the other two' after a first clause."""
    others = names_of(comparison)[1]
    if rest and len(plans) > 1:
        return f"the other {count(len(plans))}"
    if len(plans) == len(others) and len(plans) > 2:
        return f"all {count(len(plans))} plans"
    names = quoted(comparison)
    return join([names[plan] for plan in plans])


def standing(comparison: Comparison, measures: Sequence[str]) -> str:
    """Say which plans end above and below the base in measures whose signs agree, and for which there is no clear difference."""
    first = quoted(comparison)[names_of(comparison)[0]]
    found, where = signs(comparison, measures[0]), join([f"in {measure_name(m)}" for m in measures])
    if comparison.table["replications"] < 2:
        return f"One replication does not tell the plans apart {where}"
    clauses: list[str] = []
    for sign, word in ((-1, "below"), (1, "above")):
        plans = [plan for plan in found if found[plan] == sign]
        if plans:
            place = f"{word} {first} {where}" if not clauses else word
            clauses.append(f"{_who(comparison, plans, False)} end{'s' if len(plans) == 1 else ''} {place}")
    level = [plan for plan in found if found[plan] == 0]
    if level and not clauses:
        return f"No clear difference {where} between {first} and {_who(comparison, level, True)}"
    if level:
        clauses.append(f"no clear difference for {_who(comparison, level, True)}")
    return capital("; ".join(clauses))


def headline(comparison: Comparison) -> str:
    """Answer in a sentence: where the plans end in value and in signed merchants against the base."""
    if signs(comparison, "value") == signs(comparison, "signed_merchants"):
        return standing(comparison, ("value", "signed_merchants"))
    return f"{standing(comparison, ('value',))}. {standing(comparison, ('signed_merchants',))}"


def extreme(comparison: Comparison) -> str:
    """Name the plan that clearly loses most value (gains most, where none loses), or say that two cannot be told apart.

    Empty where no plan's difference is clear.
    """
    found = {plan: outcome(comparison, plan, "value") for plan in names_of(comparison)[1]}
    clear = {plan: f for plan, f in found.items() if f.sign}
    if not clear:
        return ""
    side = -1 if any(f.sign < 0 for f in clear.values()) else 1
    ranked = sorted((p for p in clear if clear[p].sign == side), key=lambda p: -side * clear[p].mean)
    names, first = quoted(comparison), ranked[0]
    unit = money(comparison.results[first])
    what = f"{number(found[first].mean, sign=True)} {unit} ({span(found[first], sign=True)})"
    if len(ranked) == 1:
        return f"Value of {names[first]} against {names[names_of(comparison)[0]]}: {what}"
    ends = [paired(comparison, plan, "value")[:, -1] for plan in ranked[:2]]
    if interval(ends[0] - ends[1]).sign == side:
        return f"{names[first]} {'loses' if side < 0 else 'gains'} most: {what}"
    word = "losses" if side < 0 else "gains"
    return f"The {word} of {names[first]} and {names[ranked[1]]} do not differ clearly"


def winner(comparison: Comparison) -> str:
    """Say which plan ends with the highest value and in how many replications, and whether it is clear of the runner-up."""
    done, share, names = comparison.table["replications"], comparison.p_best, quoted(comparison)
    if share is None or done < 2:
        return ""
    ends = {plan: values[:, -1] for plan, values in _against_base(comparison).items()}
    best = comparison.best
    second = max((plan for plan in ends if plan != best), key=lambda plan: float(ends[plan].mean()))
    often = f"in {round(share * done)} of {runs(done)} {names[best]} has the highest value"
    if interval(ends[best] - ends[second]).sign > 0:
        return capital(often)
    return f"No clear difference in value between {names[best]} and {names[second]}; {often}"


def _against_base(comparison: Comparison) -> dict[str, Array]:
    """Return the value of every plan less the base's, week by week, on the replications they share."""
    return {plan: paired(comparison, plan, "value") for plan in comparison.results}


def telling(comparison: Comparison, places: int = 3) -> list[tuple[str, str, Interval]]:
    """Choose measures that show why: (measure, plan to look at, its mean difference over the weeks).

    Measures come in a fixed order; one in which no plan clearly differs gives way to a later one in which some plan does.
    Each measure shows the plan that moves it most, but rather each plan once than one plan everywhere.
    """
    plans = names_of(comparison)[1]
    found = {measure: {plan: average_difference(comparison, plan, measure) for plan in plans} for measure in TELLING}
    first = sorted(TELLING, key=lambda measure: not any(f.sign for f in found[measure].values()))[:places]
    chosen = sorted(first, key=TELLING.index)
    shown = max(itertools.product(plans, repeat=len(chosen)), key=lambda movers: _worth_showing(found, chosen, movers))
    return [(measure, plan, found[measure][plan]) for measure, plan in zip(chosen, shown, strict=True)]


def _worth_showing(found: dict[str, dict[str, Interval]], measures: Sequence[str], movers: Sequence[str]) -> float:
    """Return how well plans stand for measures: clear differences relative to the largest, and a half for each plan shown."""
    worth, shown = 0.0, set()
    for measure, plan in zip(measures, movers, strict=True):
        largest = max((abs(f.mean) for f in found[measure].values() if f.sign), default=0.0)
        if found[measure][plan].sign and largest:
            worth += abs(found[measure][plan].mean) / largest
            shown.add(plan)
    return worth + 0.5 * len(shown)


def average_difference(comparison: Comparison, plan: str, measure: str) -> Interval:
    """Return plan minus base, averaged over the weeks in which every replication has a value, with its paired interval."""
    values = paired(comparison, plan, measure)
    known = values[:, np.isfinite(values).all(axis=0)]
    return interval(known.mean(axis=1)) if known.shape[1] else Interval(math.nan, math.nan, math.nan)


def telling_words(plan: str, found: Interval) -> str:
    """Say how far a plan moves a measure on average over the weeks."""
    if not found.known:
        return f"{plan}: {number(found.mean, sign=True)} on average, one replication"
    if not found.sign:
        return "no clear difference"
    return f"{plan}: {number(found.mean, sign=True)} on average ({span(found, sign=True)})"


def run_answer(result: Result) -> str:
    """Answer in a sentence for one scenario: how many merchants, what value."""
    name, signed = quote(plan_names({"": result.scenario})[""]), total(result, "signed_merchants")
    sure = f" ({span(signed)})" if signed.known else ""
    return f"{name} signs {number(signed.mean)} merchants in {result.scenario.weeks} weeks{sure} and {_worth(result)}"


def till(result: Result) -> str:
    """Say whether the cash lasts."""
    broke = 1 - total(result, "p_solvent").mean
    return "Cash is never used up" if broke <= 0 else f"Cash is used up in {percent(broke)} of replications"


def _worth(result: Result) -> str:
    """Say what value a scenario ends with, or that it cannot be told from zero."""
    value = total(result, "value")
    if value.known and not value.sign:
        return "ends with a value not clearly above or below zero"
    return f"ends with a value of {number(value.mean)} {money(result)}" + (f" ({span(value)})" if value.known else "")


def basis(reps: int) -> str:
    """Say what intervals rest on."""
    if reps == 1:
        return "One replication: no intervals."
    return f"In brackets: 95% intervals of means over {runs(reps)}."
