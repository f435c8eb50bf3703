"""Study files: a question, what is varied, what is measured, and the rule of decision, written before the first run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, Field, ValidationError

from sim.errors import Problem, UserError, nearest
from sim.scenario_files import Layer, locate, read
from sim.study.factors import Factor, Given
from sim.study.limits import MOST_REPS
from sim.study.readings import Reading
from sim.toml_lines import Keys
from sim.values import shown

GOAL = "value"


class Decision(Given):
    """The rule of decision: which measure counts, which end of it is good, and which difference does not matter."""

    measure: str = GOAL
    choose: Literal["highest", "lowest"] = "highest"
    indifference: float | int = Field(default=0.0, ge=0)

    @property
    def sign(self) -> int:
        """Return 1 where more is better, else -1."""
        return 1 if self.choose == "highest" else -1


class Quick(Given):
    """What --quick makes of it: fewer replications, every so many-th level."""

    replications: int = Field(default=6, ge=2, le=MOST_REPS)
    every: int = Field(default=1, ge=1)


class StudyFile(Given):
    """The content of a study file."""

    question: str = Field(min_length=1)
    about: str = ""
    base: str = "baseline+small"
    plans: list[str] = []
    set: dict[str, Any] = {}
    readings: dict[str, Reading] = {}
    factors: list[Factor] = []
    measures: list[str] = [GOAL, "signed_merchants"]
    replications: int = Field(default=20, ge=2, le=MOST_REPS)
    seed: int = Field(default=1, ge=0)
    weeks: int | None = Field(default=None, ge=1)
    decision: Decision = Decision()
    quick: Quick = Quick()

    PARTS: ClassVar[dict[str, type[BaseModel]]] = {"factors": Factor, "decision": Decision, "quick": Quick, "readings": Reading}

    @classmethod
    def fields_of(cls, keys: tuple[Any, ...]) -> list[str]:
        """Return the names known at a place of the file, to find the one nearest to a misspelt name."""
        return list(cls.PARTS.get(keys[0] if keys else "", cls).model_fields)

    def wanted(self) -> list[tuple[Keys, str]]:
        """Return every measure or reading that it looks at, each with the keys that ask for it; the deciding one first."""
        named: list[tuple[Keys, str]] = [(("measures", k), name) for k, name in enumerate(self.measures)]
        return [(("decision", "measure"), self.decision.measure), *named]


Content = TypeVar("Content", bound=StudyFile)


@dataclass(frozen=True)
class Paper(Generic[Content]):
    """A study file as it was read: its content, or where something has not the form it must have, what is wrong.

    given     all of it; None where there are `problems`
    readable  what of it has the form of a study, so that the rest can be checked too
    places    the number that each factor of `readable` has in the file, from 0
    """

    layer: Layer
    given: Content | None
    readable: StudyFile
    places: tuple[int, ...]
    problems: tuple[Problem, ...] = ()


def read_as(content: type[Content], path: str | Path) -> Paper[Content]:
    """Return what a study file with the keys of `content` says. Raises UserError where it is no study file at all."""
    file, name = locate(str(path))
    layer = read(file, name)
    if "question" not in layer.table:
        raise UserError(Problem("asks no question, as a study file does", name, allowed='question = "…", base = "…", factors'))
    if layer.extends or layer.problems:
        raise UserError(Problem("is a scenario's key: a study names its scenario as base", name, key="extends"))
    try:
        given = content.model_validate(layer.table)
    except ValidationError as error:
        problems = misfits(error, layer, content)
        readable, places = _readable(layer.table, error)
        return Paper(layer, None, readable, places, tuple(problems))
    return Paper(layer, given, given, tuple(range(len(given.factors))))


def _readable(table: Mapping[str, Any], error: ValidationError) -> tuple[StudyFile, tuple[int, ...]]:
    """Return a study of what a file says but for the parts that do not fit, and the places of its factors."""
    astray = {tuple(found["loc"])[:2] for found in error.errors(include_url=False)}
    whole = {keys[0] for keys in astray if len(keys) == 1 or keys[0] not in StudyFile.PARTS}
    kept = {key: part for key, part in table.items() if key in StudyFile.model_fields and key not in whole}
    for key in ("readings", "decision", "quick"):
        if isinstance(kept.get(key), dict):
            kept[key] = {name: part for name, part in kept[key].items() if (key, name) not in astray}
    places = tuple(k for k in range(len(kept.get("factors", ()))) if ("factors", k) not in astray)
    if "factors" in kept:
        kept["factors"] = [kept["factors"][k] for k in places]
    return StudyFile.model_validate({"question": "?"} | kept), places


# what is wrong ------------------------------------------------------------------------------------------


def placed(layer: Layer, keys: Keys, problem: Problem) -> Problem:
    """Return a problem with file and line of `keys`, and with them as its key where it has none."""
    at = layer.origin(keys)
    return replace(problem, file=at.file, line=at.line, key=problem.key or dotted(keys))


def dotted(keys: Keys) -> str:
    """Return keys as messages write them: entries of lists count from 1."""
    return ".".join(str(key + 1) if isinstance(key, int) else key for key in keys)


def misfits(error: ValidationError, layer: Layer, content: type[Content], within: Keys = ()) -> list[Problem]:
    """Return one problem for each place that has not the form declared; `within` are the keys of what was read."""
    by_place: dict[Keys, list[Mapping[str, Any]]] = {}
    for found in error.errors(include_url=False):
        keys = within + tuple(key for key in found["loc"] if not (isinstance(key, str) and key in _KINDS))
        by_place.setdefault(keys, []).append(found)
    return [_problem(keys, _telling(found), layer, content) for keys, found in by_place.items()]


def _telling(found: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the error that says most: where one of several types would do, that of the type that was given."""
    return min(found, key=lambda each: each["type"] in _TYPES)


def _problem(keys: Keys, found: Mapping[str, Any], layer: Layer, content: type[Content]) -> Problem:
    if found["type"] == "extra_forbidden":
        near = nearest(str(keys[-1]), content.fields_of(keys[:-1]))
        return placed(layer, keys, Problem("is not a known key", nearest=near))
    if found["type"] == "missing":
        return placed(layer, keys, Problem("is missing"))
    what, allowed = _words(found["type"], found.get("ctx", {}), found["msg"])
    given = None if isinstance(found["input"], dict | list) else shown(found["input"])
    return placed(layer, keys, Problem(what, given=given, allowed=allowed))


def _words(kind: str, context: Mapping[str, Any], message: str) -> tuple[str, str]:
    """Return what is wrong and what is allowed as the rest of the program says it, from an error of pydantic."""
    if kind in _TYPES:
        return f"is not {_TYPES[kind]}", ""
    if kind in _BOUNDS:
        (bound,) = (context[key] for key in ("ge", "gt", "le", "lt") if key in context)
        return "is out of range", f"{_BOUNDS[kind]} {bound:,}"
    if kind in _LENGTHS:
        return _LENGTHS[kind], ""
    if kind == "literal_error":
        return "is not known", str(context["expected"]).replace("'", "")
    what, _, allowed = message.removeprefix("Value error, ").partition("; allowed: ")
    return what[:1].lower() + what[1:], allowed


_KINDS = ("int", "float", "str")
_TYPES = {
    "int_type": "a whole number", "int_from_float": "a whole number", "float_type": "a number", "string_type": "text",
    "list_type": "a list", "dict_type": "a table", "model_type": "a table", "bool_type": "true or false",
    "model_attributes_type": "a table", "int_parsing_size": "a whole number",
}
_BOUNDS = {
    "greater_than_equal": "at least", "greater_than": "more than", "less_than_equal": "at most", "less_than": "less than",
}
_LENGTHS = {
    "finite_number": "is not a finite number", "string_too_short": "is empty", "too_short": "has too few entries",
    "too_long": "has too many entries",
}
