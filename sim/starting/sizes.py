"""How a market of one's own compares with its archetype: answers, what stands where there is none, and the ratios between."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sim.errors import Problem, UserError
from sim.starting.archetypes import Archetype
from sim.starting.questions import QUESTIONS, Answers

SAME = 1e-9  # ratios closer than this are rounding
TEAM = {"reps": "sales.wage", "engineers": "customization.wage", "support": "service.wage"}


@dataclass(frozen=True)
class Ratio:
    """Yours ÷ the archetype's, and in words which answer it comes from: 'firms × 0.2'."""

    by: float
    why: str


@dataclass(frozen=True)
class Sizes:
    """The answers beside the archetype. Raises UserError for a currency without its rate, or a rate without its currency."""

    answers: Answers
    archetype: Archetype

    def __post_init__(self) -> None:
        own, other = self.currency, self.archetype.currency
        if own != other and "exchange-rate" not in self.answers:
            what = f"needs --exchange-rate, what 1 {own} is in {other}, so that the archetype's money can be told in {own}"
            raise UserError(Problem(what, key="--currency", given=own))
        if own == other and self.rate != 1.0:
            raise UserError(Problem(f"has no use: the archetype counts in {other} too", key="--exchange-rate", given=self.rate))

    def given(self, name: str) -> bool:
        """Say whether a question was answered."""
        return name in self.answers

    def value(self, name: str) -> Any:
        """Return the answer to a question, or what stands where there is none, in your currency."""
        return self.answers[name].value if self.given(name) else self.default(name)

    def default(self, name: str) -> Any:
        """Return what stands where a question is not answered: the archetype's, in proportion where it grows with others."""
        work_out = _DEFAULTS.get(name)
        return self.archetype.settings[QUESTIONS[name].path] if work_out is None else work_out(self)

    @property
    def currency(self) -> str:
        """Return the currency of your money."""
        return str(self.answers["currency"].value) if "currency" in self.answers else self.archetype.currency

    @property
    def rate(self) -> float:
        """Return what one unit of your currency is worth in the archetype's."""
        return float(self.answers["exchange-rate"].value) if "exchange-rate" in self.answers else 1.0

    # the archetype's ------------------------------------------------------------------------------------

    def own(self, name: str) -> float:
        """Return the archetype's answer to a question, in its money: what its plan sets in week 0, else its own value."""
        return self.opening(QUESTIONS[name].path)

    def opening(self, lever: str) -> float:
        """Return what a lever of the archetype is in week 0."""
        settings = self.archetype.settings
        planned = settings.get(f"plan.{lever}")
        spans = planned if isinstance(planned, list) else [] if planned is None else [{"value": planned}]
        constant = [span["value"] for span in spans if set(span) == {"value"}]
        return float(constant[-1] if constant else settings[lever])

    # ratios ---------------------------------------------------------------------------------------------

    def ratio(self, name: str) -> Ratio:
        """Return a ratio by name: one of RATIOS."""
        return RATIOS[name](self)

    @functools.cached_property
    def firms(self) -> float:
        """Return firms ÷ the archetype's."""
        return float(self.value("firms") / self.own("firms"))

    @functools.cached_property
    def cash(self) -> float:
        """Return cash ÷ the archetype's, in one money."""
        return float(self.value("cash") * self.rate / self.own("cash"))

    @property
    def growth(self) -> float:
        """Return the size at which market and cash both carry the archetype's plan."""
        return min(self.firms, self.cash)

    @property
    def heads(self) -> float:
        """Return the opening team ÷ the archetype's, in people."""
        return sum(float(self.value(name)) for name in TEAM) / max(sum(self.own(name) for name in TEAM), 1e-9)

    def weekly_cost(self) -> float:
        """Return what the opening team costs a week, overhead included, in the archetype's money."""
        wages = sum(float(self.value(name)) * self.archetype.settings[wage] for name, wage in TEAM.items())
        return float(wages + self.archetype.settings["ledger.overhead"] * self.heads)

    def own_weekly_cost(self) -> float:
        """Return what the archetype's opening team costs a week."""
        wages = sum(self.own(name) * self.archetype.settings[wage] for name, wage in TEAM.items())
        return float(wages + self.archetype.settings["ledger.overhead"])

    def runway(self) -> tuple[float, float]:
        """Return the weeks that cash lasts the opening team, yours and the archetype's."""
        yours = self.value("cash") * self.rate / max(self.weekly_cost(), 1e-9)
        return float(yours), self.own("cash") / max(self.own_weekly_cost(), 1e-9)

    def later(self, name: str, value: float) -> float:
        """Return how many people a team has where the archetype's plan has `value`: in proportion, no fewer than today.

        Where the archetype lets go of people who are there in week 0, so does yours, by the same share.
        """
        kept = min(1.0, value / self.own(name)) if self.own(name) else 1.0
        return max(value * self.growth, float(self.value(name)) * kept)

    def largest(self, name: str) -> float:
        """Return the largest team of a kind in your plan ÷ the archetype's largest."""
        planned = self.archetype.settings.get(f"plan.{QUESTIONS[name].path}")
        spans = planned if isinstance(planned, list) else []
        later = [span["value"] for span in spans if set(span) != {"value"}]
        yours = max([float(self.value(name)), *(self.later(name, value) for value in later)])
        return float(yours / max([self.own(name), *later, 1e-9]))


def _people(name: str) -> Callable[[Sizes], float]:
    def in_proportion(sizes: Sizes) -> float:
        own = sizes.own(name)
        return own if sizes.firms == 1.0 or own == 0 else float(max(1, round(own * sizes.firms)))

    return in_proportion


def _cash(sizes: Sizes) -> float:
    """Return as many weeks of the opening team as the archetype has of its own."""
    return float(sizes.own("cash") * sizes.weekly_cost() / max(sizes.own_weekly_cost(), 1e-9) / sizes.rate)


_DEFAULTS: dict[str, Callable[[Sizes], Any]] = {
    "resellers": lambda sizes: round(sizes.own("resellers") * sizes.firms),
    "exchange-rate": lambda sizes: 1.0,
    "fee": lambda sizes: sizes.own("fee") / sizes.rate,
    "cash": _cash,
    **{name: _people(name) for name in TEAM},
}


def times(name: str, by: float) -> Ratio:
    """Return the ratio of one answer."""
    return Ratio(by, f"{name} × {by:.4g}")


def growth_parts(sizes: Sizes) -> tuple[Ratio, Ratio]:
    """Return what the market and what the cash carry of the archetype's plan; the smaller counts."""
    return times("firms", sizes.firms), times("cash" if sizes.given("cash") else "cash for the team", sizes.cash)


def _growth(sizes: Sizes) -> Ratio:
    market, means = growth_parts(sizes)
    return market if market.by <= means.by + SAME else means


def _fee(sizes: Sizes) -> Ratio:
    by = float(sizes.value("fee")) / sizes.own("fee")
    return times("fee", by) if sizes.given("fee") else Ratio(by, f"currency ÷ {sizes.rate:.4g}")


def _resellers(sizes: Sizes) -> Ratio:
    by = float(sizes.value("resellers")) / max(sizes.own("resellers"), 1e-9)
    return times("resellers" if sizes.given("resellers") else "firms", by)


def _consumers(sizes: Sizes) -> float:
    return float(sizes.value("consumers-per-firm")) / sizes.own("consumers-per-firm")


RATIOS: dict[str, Callable[[Sizes], Ratio]] = {
    "firms": lambda sizes: times("firms", sizes.firms),
    "money": lambda sizes: Ratio(1.0 / sizes.rate, f"currency ÷ {sizes.rate:.4g}"),
    "fee": _fee,
    "consumers": lambda sizes: times("consumers-per-firm", _consumers(sizes)),
    "per consumer": lambda sizes: Ratio(1.0 / _consumers(sizes), f"consumers-per-firm ÷ {_consumers(sizes):.4g}"),
    "resellers": _resellers,
    "cash": lambda sizes: growth_parts(sizes)[1],
    "growth": _growth,
    "product": lambda sizes: times("largest team of engineers", sizes.largest("engineers")),
    "team": lambda sizes: times("team", sizes.heads),
}
