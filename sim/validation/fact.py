"""A stylised fact as a study file: what is played, what must come out, what causes it, all written before the first result."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, Field, model_validator

from sim.errors import Problem, UserError, nearest
from sim.settings import switches
from sim.study.asked import asked
from sim.study.factors import Given
from sim.study.file import StudyFile
from sim.study.study import Study, label_text, study_of
from sim.toml_lines import Keys

FOLDER = Path(__file__).with_name("facts")
Label = str | float | int
Form = Literal["level", "difference", "ratio", "inner_best", "falls", "rises", "earlier"]


class Quantity(Given):
    """A reading's mean in the cell that has the given labels, less the same in another cell (`minus`), per another reading.

    `per_minus` is the cell whose `per` is taken off: money per *additional* merchant.
    """

    cell: list[Label] = []
    reading: str = "value"
    minus: list[Label] | None = None
    per: str = ""
    per_minus: list[Label] | None = None


class Claim(Given):
    """One thing that must come out, with size and direction.

    level        `of` lies between least and most (with neither it is only reported)
    difference   `of` less `against` (paired), ratio: `of` ÷ `against`
    inner_best   over the levels of factor `along`, in the cells labelled `of`, the best is inside and both ends are clearly worse
    falls, rises the reading moves one way along that factor, clearly from its first level to its last
    earlier      the best level among `of` comes before that among `against`
    """

    says: str = Field(min_length=1)
    form: Form = "difference"
    of: Quantity = Quantity()
    against: Quantity | None = None
    along: str = ""
    least: float | int | None = None
    most: float | int | None = None
    fails: str = ""

    @model_validator(mode="after")
    def _complete(self) -> Claim:
        if (self.form in ("difference", "ratio", "earlier")) != (self.against is not None):
            raise ValueError("needs against for a difference, a ratio or an earlier best, and only there")
        if (self.form in ("inner_best", "falls", "rises", "earlier")) != bool(self.along):
            raise ValueError("needs along, a factor, for a best level or a direction, and only there")
        return self


class Causes(Given):
    """The causal set of a loss: `of` less `against`, with groups of switches off in both, must go away when all are off."""

    of: list[Label]
    against: list[Label]
    readings: list[str] = Field(default=["value"], min_length=1)
    removed: float = Field(default=0.8, ge=0, le=1)
    replications: int | None = Field(default=None, ge=2)
    switches: dict[str, list[str]] = Field(min_length=1, max_length=6)
    fails: str = ""


class Worlds(Given):
    """In how many drawn worlds the sign of `of` less `against` must stay."""

    of: list[Label]
    against: list[Label]
    measure: Literal["value", "signed_merchants"] = "value"
    sign: Literal[1, -1] = -1
    count: int = Field(default=50, ge=2)
    share: float = Field(default=0.8, ge=0, le=1)
    fails: str = ""


class FactFile(StudyFile):
    """The content of a fact's file: a study, and what must come out of it."""

    fact: str = Field(min_length=1)
    kind: Literal["E", "C", "I", "E/I", "C/E", "-"]
    claims: list[Claim] = Field(min_length=1)
    causes: list[Causes] = []
    worlds: Worlds | None = None

    PARTS: ClassVar[dict[str, type[BaseModel]]] = StudyFile.PARTS | {"claims": Claim, "causes": Causes, "worlds": Worlds}

    def wanted(self) -> list[tuple[Keys, str]]:
        """Return every measure or reading that it, a claim or a cause looks at, with the keys that ask for it."""
        return [*super().wanted(), *_read(self)]


@dataclass(frozen=True)
class Fact:
    """A fact with the study that is played for it."""

    name: str
    given: FactFile
    study: Study

    @property
    def number(self) -> str:
        """Return F1 … F19."""
        return self.given.fact

    def cell(self, labels: list[Label]) -> int:
        """Return the index of the only cell that has all `labels`. Raises UserError where none or several have."""
        wanted = {label_text(label) for label in labels}
        found = [k for k, has in enumerate(self._labels()) if wanted <= has]
        if len(found) != 1:
            known = sorted(set().union(*self._labels()))
            what = "belongs to no setting" if not found else "belongs to several settings"
            raise UserError(Problem(what, file=f"{self.name}.toml", key="cell", given=labels, allowed=", ".join(known)))
        return found[0]

    def along(self, factor: str, labels: list[Label]) -> tuple[list[Any], list[int]]:
        """Return the levels of `factor`, in order, and the cells that have them and all `labels`."""
        names = [name for name, _ in self.study.factors]
        if factor not in names:
            problem = Problem("is no factor", file=f"{self.name}.toml", key="along", given=factor, nearest=nearest(factor, names))
            raise UserError(problem)
        at = names.index(factor)
        levels = list(dict.fromkeys(cell.levels[at] for cell in self.study.cells))
        return levels, [self.cell([*labels, level]) for level in levels]

    def _labels(self) -> list[set[str]]:
        return [{cell.plan, *(label_text(level) for level in cell.levels)} for cell in self.study.cells]


def shipped() -> list[str]:
    """Return the names of the facts that come with the package, in order."""
    return sorted(file.stem for file in FOLDER.glob("*.toml"))


def find(name: str) -> list[Path]:
    """Return the files of a fact, by number (`F1`; it may have several), name or path. Raises UserError where there is none."""
    names = shipped()
    found = [one for one in names if name in (one, one.split("_")[0].replace("F0", "F"), one.split("_")[0])]
    if found:
        return [FOLDER / f"{one}.toml" for one in found]
    if name.endswith(".toml") and Path(name).is_file():
        return [Path(name)]
    numbers = dict.fromkeys(one.split("_")[0].replace("F0", "F") for one in names)
    raise UserError(Problem(f"there is no fact {name!r}", allowed=", ".join(numbers), nearest=nearest(name, [*numbers, *names])))


def load_fact(path: str | Path, quick: bool = False) -> Fact:
    """Return a fact from its file. Raises UserError with a problem for each thing wrong, by file and key."""
    found = asked(FactFile, path)
    fact = Fact(Path(found.paper.layer.name).stem, found.given, study_of(found, quick))
    try:
        _check(fact)
    except UserError as error:
        raise UserError(*(replace(p, file=p.file or found.paper.layer.name) for p in error.problems)) from None
    return fact


def _check(fact: Fact) -> None:
    """Raise UserError where a claim or cause names what there is not."""
    for labels in _named_cells(fact.given):
        fact.cell(labels)
    for claim in fact.given.claims:
        for side in (claim.of, claim.against):
            if claim.along and side:
                fact.along(claim.along, side.cell)
    for path in (path for cause in fact.given.causes for group in cause.switches.values() for path in group):
        if path not in switches():
            raise UserError(Problem("has no off-value", key="causes.switches", given=path, nearest=nearest(path, switches())))


def _read(given: FactFile) -> Iterator[tuple[Keys, str]]:
    """Yield the measures and readings that claims and causes look at, each with its keys in the file."""
    for k, claim in enumerate(given.claims):
        for name, side in (("of", claim.of), ("against", claim.against)):
            if side:
                yield from ((("claims", k, name, part), read) for part in ("reading", "per") if (read := getattr(side, part)))
    for k, cause in enumerate(given.causes):
        yield from ((("causes", k, "readings", j), read) for j, read in enumerate(cause.readings))


def _named_cells(given: FactFile) -> Iterator[list[Label]]:
    for claim in given.claims:
        if not claim.along:
            for side in (claim.of, claim.against):
                yield from (labels for labels in ((side.cell, side.minus, side.per_minus) if side else ()) if labels is not None)
    pairs: list[Causes | Worlds] = [*given.causes, *([given.worlds] if given.worlds else [])]
    for pair in pairs:
        yield from (pair.of, pair.against)
