"""Study files: a question, what is varied, what is measured, and the rule of decision, written before the first run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar

from pydantic import BaseModel, Field, ValidationError

from sim.errors import Problem, UserError, nearest
from sim.scenario_files import Layer, locate, read
from sim.study.factors import Factor, Given
from sim.study.readings import Reading
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

    replications: int = Field(default=6, ge=2)
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
    replications: int = Field(default=20, ge=2)
    seed: int = Field(default=1, ge=0)
    weeks: int | None = Field(default=None, ge=1)
    decision: Decision = Decision()
    quick: Quick = Quick()

    PARTS: ClassVar[dict[str, type[BaseModel]]] = {"factors": Factor, "decision": Decision, "quick": Quick, "readings": Reading}

    @classmethod
    def fields_of(cls, keys: tuple[Any, ...]) -> list[str]:
        """Return the names known at a place of the file, to find the one nearest to a misspelt name."""
        return list(cls.PARTS.get(keys[0] if keys else "", cls).model_fields)


Content = TypeVar("Content", bound=StudyFile)


def read_study(path: str | Path) -> tuple[StudyFile, Layer]:
    """Return what a study file says, and where. Raises UserError with a problem for each thing wrong."""
    return read_as(StudyFile, path)


def read_as(content: type[Content], path: str | Path) -> tuple[Content, Layer]:
    """Return what a study file with the keys of `content` says, and where. Raises UserError as `read_study`."""
    file, name = locate(str(path))
    layer = read(file, name)
    if "question" not in layer.table:
        raise UserError(Problem("asks no question, as a study file does", name, allowed='question = "…", base = "…", factors'))
    if layer.extends or layer.problems:
        raise UserError(Problem("is a scenario's key: a study names its scenario as base", name, key="extends"))
    try:
        return content.model_validate(layer.table), layer
    except ValidationError as error:
        raise UserError(*(_problem(found, layer, content) for found in error.errors(include_url=False))) from None


def _problem(found: Mapping[str, Any], layer: Layer, content: type[StudyFile]) -> Problem:
    keys = tuple(key for key in found["loc"] if not (isinstance(key, str) and key in _TYPES))
    at = layer.origin(keys)
    path = ".".join(str(key + 1) if isinstance(key, int) else key for key in keys)
    if found["type"] == "extra_forbidden":
        return Problem("is not a known key", at.file, at.line, path, nearest=nearest(str(keys[-1]), content.fields_of(keys[:-1])))
    if found["type"] == "missing":
        return Problem("is missing", at.file, at.line, path)
    what = found["msg"].removeprefix("Value error, ")
    given = None if isinstance(found["input"], dict | list) else shown(found["input"])
    return Problem(what[:1].lower() + what[1:], at.file, at.line, path, given)


_TYPES = ("int", "float", "str")
