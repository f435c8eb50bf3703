"""What follows from the answers, so that the market means the same though it is another.

Amounts that grow with the market grow with its firms; what a subscription is worth to a firm moves with the fee; the product is
sized to the team that builds it; the plan is played at the size that market and cash both carry; money is told in the user's
currency. A setting that nothing below names follows its declaration: `extensive` amounts the firms (in the plan: what market and
cash carry), money the currency.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sim.fields import Par
from sim.matter import YOURS
from sim.settings import known, toml
from sim.starting.questions import QUESTIONS, Question
from sim.starting.sizes import SAME, TEAM, Ratio, Sizes

BY: Mapping[str, tuple[str, ...]] = {
    "buying.fee": ("fee",), "buying.usual_fee": ("fee",), "renewal.labour_saved": ("fee",), "renewal.labour": ("fee",),
    "customization.custom_fee": ("fee",),
    "renewal.margin": ("fee", "per consumer"), "ledger.commission": ("fee", "per consumer"),
    "ledger.consumer_value": ("fee", "per consumer"), "usage.prize_cost": ("fee", "per consumer"),
    "platform.basket": ("fee", "per consumer"), "platform.ad_price": ("fee", "per consumer"),
    "platform.use_fee": ("fee", "per consumer"),
    "market.people_per_row": ("consumers",),
    "channel.half_recruitment": ("resellers", "money"), "channel.recruitment": ("resellers", "money"),
    "vendor.core_cost": ("product",), "vendor.seed_work": ("product",), "product.polish_cost": ("product",),
    "customization.product_factor": ("product",),
    "ledger.overhead": ("team", "money"), "ledger.funding": ("cash", "money"), "ledger.credit_line": ("cash", "money"),
}
WHY = {
    "firms": "Word of mouth, lists, ceilings and evidence are shares of the market: they grow and shrink with it.",
    "resellers": "A programme that recruits resellers costs so much for each candidate.",
    "deciders": "Groups differ as far as 1 to 6 people allow, so that their mean is what you said.",
    "consumers": "As many rows of consumers to a firm as the archetype has.",
    "fee": "A firm gains from the product, relative to the fee, what it gains in the archetype.",
    "money": "What things cost in the archetype, told in your currency.",
    "team": "Overhead is of the people there are.",
    "today": "Not answered: as large, in proportion, as the archetype's.",
    "product": "The product is sized to the largest team that builds it. Replace these if you know the person-weeks it takes.",
    "growth": "The archetype's plan at the size that market and cash both carry; people who are there today stay.",
    "cash": "Investors put in, for the cash you have, what they put in in the archetype.",
}


@dataclass(frozen=True)
class Line:
    """One setting of the file: path, value as scenario files hold it, where that comes from, and the group it is told in."""

    path: str
    value: Any
    note: str
    group: str = ""


def yours(sizes: Sizes) -> list[Line]:
    """Return the settings that are answers, in the order of the questions."""
    asked = [question for name, question in QUESTIONS.items() if sizes.given(name) and question.path]
    return [Line(q.path, _typed(q.path, sizes.value(q.name)), YOURS + sizes.answers[q.name].said) for q in asked]


def follows(sizes: Sizes) -> dict[str, list[Line]]:
    """Return the settings that follow from the answers, by group, groups in the order of WHY. What stays as it is is left out."""
    lines = [*_special(sizes), *_today(sizes), *_in_proportion(sizes), *_teams(sizes)]
    own = sizes.archetype.settings
    kept = [line for line in lines if line.path.startswith("plan.") or not _alike(line.value, own[line.path])]
    return {group: found for group in WHY if (found := [line for line in kept if line.group == group])}


# one by one ---------------------------------------------------------------------------------------------


def _special(sizes: Sizes) -> Iterator[Line]:
    own = sizes.archetype.settings
    segments, regions, firms = own["market.segments"], own["market.regions"], sizes.value("firms")
    if sizes.given("firms"):
        told = f"follows from firms: {firms:,} in {segments} segments × {regions} regions"
        yield Line("word.circle_size", _tidy(firms / (segments * regions)), told, "firms")
    if sizes.given("deciders"):
        spread = own["market.committee_spread"] * min(1.0, _room(sizes.value("deciders")) / _room(sizes.own("deciders")))
        yield Line("market.committee_spread", _tidy(spread), _from("deciders", own["market.committee_spread"], sizes), "deciders")


def _room(deciders: float) -> float:
    """Return how far a group of this mean is from the smallest and the largest there is."""
    return max(min(deciders - QUESTIONS["deciders"].least, QUESTIONS["deciders"].most - deciders), 1e-9 * deciders)


def _today(sizes: Sizes) -> Iterator[Line]:
    """Yield what the vendor has in week 0 and how many resellers there are, where that was not answered."""
    for name in ("resellers", *TEAM, "cash"):
        path, cause = QUESTIONS[name].path, sizes.ratio(name if name in ("resellers", "cash") else "firms")
        if not sizes.given(name):
            yield Line(path, _typed(path, sizes.value(name)), _from(cause.why, sizes.own(name), sizes), "today")


def _from(cause: str, own: Any, sizes: Sizes) -> str:
    amount = toml(own) if isinstance(own, int | float) else " then ".join(toml(value) for value in own)
    return f"follows from {cause}; {sizes.archetype.name} has {amount}"


# in proportion ------------------------------------------------------------------------------------------


def _in_proportion(sizes: Sizes) -> Iterator[Line]:
    answered = {question.path for question in QUESTIONS.values() if sizes.given(question.name)}
    apart = answered | {QUESTIONS[name].path for name in ("resellers", "cash", *TEAM)} | {"market.merchants", "word.circle_size"}
    for path, own in sizes.archetype.settings.items():
        if path.removeprefix("plan.") in {QUESTIONS[name].path for name in TEAM} or path in apart or _overruled(path, sizes):
            continue
        names = _names(path, known()[path])
        ratios = [ratio for ratio in map(sizes.ratio, names) if abs(ratio.by - 1.0) > SAME]
        if ratios and _sizeable(own):
            yield _scaled(path, own, ratios, names[0], sizes)


def _names(path: str, par: Par) -> tuple[str, ...]:
    """Return the ratios a setting is multiplied by: those named above, else what its declaration says."""
    named = BY.get(path.removeprefix("plan."))
    if named is not None:
        return named
    size = ("growth" if path.startswith("plan.") else "firms",) if par.extensive else ()
    return size + (("money",) if "money" in par.unit else ())


def _overruled(path: str, sizes: Sizes) -> bool:
    """Say whether the plan sets a lever throughout, so that its own value never holds."""
    planned = sizes.archetype.settings.get(f"plan.{path}")
    return planned is not None and (not isinstance(planned, list) or any(set(span) == {"value"} for span in planned))


def _sizeable(own: Any) -> bool:
    return isinstance(own, list) or (isinstance(own, int | float) and not isinstance(own, bool) and own != 0)


def _scaled(path: str, own: Any, ratios: list[Ratio], group: str, sizes: Sizes) -> Line:
    by, cause = 1.0, " and ".join(dict.fromkeys(ratio.why for ratio in ratios))
    for ratio in ratios:
        by *= ratio.by
    if isinstance(own, list):
        spans = [span | {"value": _tidy(span["value"] * by)} for span in own]
        return Line(path, spans, _from(cause, [span["value"] for span in own], sizes), group)
    if path in FLOORED:
        return Line(path, max(_tidy(own * by), FLOORED[path]), _from(cause, own, sizes), group)
    return Line(path, _typed(path, own * by), _from(cause, own, sizes), group)


# A person is at least one; where there is nobody to recruit, nothing is spent on it.
FLOORED = {"market.people_per_row": 1.0, "channel.half_recruitment": 1.0}


# teams --------------------------------------------------------------------------------------------------


def _teams(sizes: Sizes) -> Iterator[Line]:
    """Yield the plan of each team: what it is later; what it is today is its own value, which holds until then."""
    for name in TEAM:
        path = QUESTIONS[name].path
        planned = sizes.archetype.settings.get(f"plan.{path}")
        if planned is None or not (sizes.given(name) or _moved(sizes, name)):
            continue
        later = [span for span in planned if set(span) != {"value"}] if isinstance(planned, list) else []
        yield from _own_value(sizes, QUESTIONS[name])
        yield _later(sizes, name, later)


def _moved(sizes: Sizes, name: str) -> bool:
    return abs(sizes.growth - 1.0) > SAME or abs(float(sizes.value(name)) - sizes.own(name)) > SAME


def _own_value(sizes: Sizes, question: Question) -> Iterator[Line]:
    """Yield today's team where the archetype has another number in its plan than without it."""
    bare, planned = sizes.archetype.settings[question.path], sizes.own(question.name)
    if not sizes.given(question.name) and sizes.value(question.name) == planned != bare:
        yield Line(question.path, planned, f"follows from plan.{question.path} of {sizes.archetype.name}", "today")


def _later(sizes: Sizes, name: str, later: list[dict[str, Any]]) -> Line:
    path, growth = f"plan.{QUESTIONS[name].path}", sizes.ratio("growth")
    spans = [span | {"value": _tidy(sizes.later(name, span["value"]))} for span in later]
    note = _from(f"{growth.why}, no fewer than today", [span["value"] for span in later], sizes)
    if not later:
        return Line(path, _tidy(float(sizes.value(name))), f"today's {name}, throughout as in {sizes.archetype.name}", "growth")
    return Line(path, spans, note, "growth")


# numbers ------------------------------------------------------------------------------------------------


def _tidy(value: float) -> float:
    """Return a number to six digits: what follows from round answers should read well."""
    return float(f"{value:.6g}")


def _typed(path: str, value: Any) -> Any:
    default = known()[path].default
    if isinstance(default, int) and not isinstance(default, bool):
        return round(value)
    return _tidy(value) if isinstance(default, float) else value


def _alike(here: Any, there: Any) -> bool:
    both = isinstance(here, int | float) and isinstance(there, int | float)
    return here == there or bool(both and abs(here - there) <= 1e-6 * abs(there))
