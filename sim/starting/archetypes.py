"""Archetypes: shipped scenarios that name the kind of market they are of, and which of them is nearest to a user's answers.

A file is an archetype because it says so itself (`archetype = "points_mall"`), not because of what it extends.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sim.scenario import load
from sim.scenario_files import locate, read, shipped
from sim.starting.questions import QUESTIONS, Answers, Question


@dataclass(frozen=True)
class Archetype:
    """A kind of market: the scenario that describes it, the name of the kind, and every setting of that scenario by path."""

    name: str
    kind: str
    settings: Mapping[str, Any]

    @property
    def currency(self) -> str:
        """Return the currency of its money."""
        return str(self.settings["currency"])


def archetypes() -> list[Archetype]:
    """Return the archetypes that come with the package, in the order of `shipped`."""
    kinds = {name: read(*locate(name)).archetype for name in shipped()}
    return [Archetype(name, kind, load(name).settings()) for name, kind in kinds.items() if kind]


def distances(answers: Answers, among: list[Archetype]) -> list[tuple[Archetype, float]]:
    """Return archetypes with their distance from the answers, nearest first; equally near ones stay in order.

    Distance is the mean of |ln(1 + answer) - ln(1 + archetype's value)| over the answers that tell one kind of market from
    another (twice and half count alike); 0 where there is none. How large market and vendor are does not count.
    """
    asked = [question for question in QUESTIONS.values() if question.kind and question.name in answers]
    return sorted(((found, _distance(found, asked, answers)) for found in among), key=lambda pair: pair[1])


def _distance(archetype: Archetype, asked: list[Question], answers: Answers) -> float:
    gaps = [abs(math.log1p(_told(q, answers)) - math.log1p(float(archetype.settings[q.path]))) for q in asked]
    return sum(gaps) / len(gaps) if gaps else 0.0


def _told(question: Question, answers: Answers) -> float:
    """Return an answer in the archetypes' money."""
    rate = answers["exchange-rate"].value if question.name == "fee" and "exchange-rate" in answers else 1.0
    return float(answers[question.name].value) * float(rate)
