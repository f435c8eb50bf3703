"""What a study file asks for, checked as a whole before anything runs: every problem at once, with file, line and key."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic

from pydantic import ValidationError

from sim.errors import Problem, UserError, nearest
from sim.scenario import Scenario, load
from sim.scenario_files import Layer, is_path, locate, parts
from sim.settings import Reading, known, nested
from sim.sheets.grid import split
from sim.study.factors import Factor, LevelTable, shifted
from sim.study.file import Content, Paper, StudyFile, dotted, misfits, placed, read_as
from sim.study.run import lasting
from sim.toml_lines import Keys
from sim.values import shown

COLUMNS = ("plan", "replication", "error")


@dataclass(frozen=True)
class Asked(Generic[Content]):
    """A study file in which nothing is wrong, and its plans over its base with [set] and weeks in place."""

    paper: Paper[Content]
    given: Content
    plans: tuple[Scenario, ...]

    def refuse(self, keys: Keys, problem: Problem) -> UserError:
        """Return the error for a problem that shows only when settings meet."""
        return UserError(placed(self.paper.layer, keys, problem))


def asked(content: type[Content], path: str | Path) -> Asked[Content]:
    """Return what a study file with the keys of `content` asks for. Raises UserError with a problem for each thing wrong."""
    paper = read_as(content, path)
    check = _Check(paper)
    plans = check.plans()
    check.names()
    check.factors(plans)
    if paper.given is None or check.problems:
        raise UserError(*{str(problem): problem for problem in (*paper.problems, *check.problems)}.values())
    return Asked(paper, paper.given, tuple(plans))


class _Check:
    """The checks of one file; `problems` are met on the way, `keys` are where [set] and factors give a path."""

    def __init__(self, paper: Paper[Any]) -> None:
        self.paper, self.layer, self.given = paper, paper.layer, paper.readable
        self.problems: list[Problem] = []
        self.keys: dict[str, Keys] = {}

    def refuse(self, keys: Keys, problem: Problem) -> None:
        """Note what is wrong at a place of the file."""
        self.problems.append(placed(self.layer, keys, problem))

    def tried(self, keys: Keys, work: Callable[[], Scenario]) -> Scenario | None:
        """Return what `work` makes; what it raises is noted, at a place of the file where it has none of its own."""
        try:
            return work()
        except UserError as error:
            for problem in error.problems:
                if problem.file:
                    self.problems.append(problem)
                else:
                    self.refuse(self.keys.get(problem.key, keys), problem)
            return None

    # base, plans and [set] ------------------------------------------------------------------------------

    def plans(self) -> list[Scenario]:
        """Return the plans, or the base alone, with [set] and weeks in place; those that cannot be made are left out."""
        before = len(self.problems)
        for path, value in self.given.set.items():
            self._read(path, value, ("set", path))
        pairs = [part for pair in self.given.set.items() for part in pair] if len(self.problems) == before else []
        base = self._found(("base",), self.given.base)
        specs = [(("plans", k), name, self._plan(k, name)) for k, name in enumerate(self.given.plans)]
        if not base:
            return []
        made = [self._made(keys, f"{base}+{spec}", name, pairs) for keys, name, spec in specs if spec]
        return [plan for plan in made or [self._made(("base",), base, "", pairs)] if plan is not None]

    def _read(self, path: str, value: Any, keys: Keys) -> list[Problem]:
        """Check a setting given at a place of the file, and return what is wrong with it."""
        reading, depth = Reading(), path.count(".") + 1
        reading.read(nested({path: value}), lambda at: self.layer.origin((*keys, *at[depth:])))
        self.problems += reading.problems
        self.keys |= dict.fromkeys(reading.values, keys)
        return reading.problems

    def _plan(self, k: int, name: str) -> str:
        if name in self.given.plans[:k]:
            self.refuse(("plans", k), Problem("stands twice", given=shown(name), allowed="each plan once"))
            return ""
        return self._found(("plans", k), name)

    def _found(self, keys: Keys, spec: str) -> str:
        """Return a stack with its files as they are seen from here; empty where one is not there."""
        items, before = [], len(self.problems)
        for item in parts(spec, self.layer.path.parent):
            try:
                items.append(_beside(self.layer, item))
            except UserError as error:
                for problem in error.problems:
                    self.refuse(keys, problem)
        return "+".join(items) if len(self.problems) == before else ""

    def _made(self, keys: Keys, spec: str, name: str, pairs: list[Any]) -> Scenario | None:
        plan = self.tried(keys, lambda: load(spec).named(name) if name else load(spec))
        if plan is not None and pairs:
            found = plan
            plan = self.tried(("set",), lambda: found.replace(*pairs))
        if plan is not None:
            long = plan
            plan = self.tried(("weeks",), lambda: lasting(long, self.given.weeks))
        return plan

    # names ----------------------------------------------------------------------------------------------

    def names(self) -> None:
        """Check the names of measures, readings and factors."""
        from sim.record import measures_of as declared
        from sim.week import Mechanisms

        measures, readings = declared(Mechanisms()), self.layer.table.get("readings", {})
        for name, reading in self.given.readings.items():
            if name in measures:
                self.refuse(("readings", name), Problem("is the name of a measure"))
            try:
                reading.check(f"readings.{name}", measures)
            except UserError as error:
                for problem in error.problems:
                    self.refuse(("readings", name, problem.key.rpartition(".")[2]), problem)
        for keys, name in self.given.wanted():
            if name not in measures and name not in readings:
                near = nearest(name, [*readings, *measures])
                self.refuse(keys, Problem("is neither a measure nor a reading", given=shown(name), nearest=near))
        self._names_of_factors({*measures, *readings, *COLUMNS})

    def _names_of_factors(self, taken: set[str]) -> None:
        for k, factor in self._factors():
            if factor.name in taken:
                self.refuse(("factors", k, "name"), Problem("is the name of something else already", given=shown(factor.name)))
            taken.add(factor.name)

    def _factors(self) -> Iterator[tuple[int, Factor]]:
        return zip(self.paper.places, self.given.factors, strict=True)

    # factors --------------------------------------------------------------------------------------------

    def factors(self, plans: Sequence[Scenario]) -> None:
        """Check every level of every factor, and that no two of them, nor [set], say the same."""
        owners: dict[str, str] = {}
        for k, factor in self._factors():
            before = len(self.problems)
            given_by_set = dict(self.keys)
            self._values(k, factor)
            self._shifts(k, factor, plans)
            if len(self.problems) == before:
                self._levels(k, factor, given_by_set, owners)

    def _values(self, k: int, factor: Factor) -> None:
        """Check the values that a factor gives to paths, or the tables that are its levels."""
        for field, path in (("path", factor.path), *((("paths", j), path) for j, path in enumerate(factor.paths))):
            if path and path not in known():
                keys: Keys = ("factors", k, *(field if isinstance(field, tuple) else (field,)))
                self._refuse_path(keys, path)
            elif path:
                self._values_of(k, factor, path)
        for j, level in enumerate(factor.levels if not (factor.path or factor.paths or factor.shift) else ()):
            self._table(("factors", k, "levels", j), level)

    def _refuse_path(self, keys: Keys, path: str) -> None:
        near = Reading()
        near.read(nested({path: 0}), lambda _: self.layer.origin(keys))
        for problem in near.problems or [Problem("is not a setting")]:
            self.refuse(keys, replace(problem, key=dotted(keys), given=shown(path)))

    def _values_of(self, k: int, factor: Factor, path: str) -> None:
        """Check the values for one path; of levels between bounds, what is wrong with the first says enough."""
        for j, value in enumerate(factor.values()):
            keys: Keys = ("factors", k, "bounds") if factor.bounds else ("factors", k, "levels", j)
            before = len(self.problems)
            found = self._read(path, value, keys)
            self.problems[before:] = [replace(each, key=f"{dotted(keys[:3])} ({each.key})") for each in found]
            if found and factor.bounds:
                return

    def _table(self, keys: Keys, level: Any) -> None:
        try:
            table = LevelTable.model_validate(level)
        except ValidationError as error:
            self.problems += misfits(error, self.layer, StudyFile, keys)
            return
        for path, value in table.set.items():
            self._read(path, value, (*keys, "set", path))

    def _shifts(self, k: int, factor: Factor, plans: Sequence[Scenario]) -> None:
        said = set[str]()
        for (j, path), plan, weeks in itertools.product(enumerate(factor.shift), plans, factor.values()):
            try:
                shifted(path, plan.settings(), weeks)
            except UserError as error:
                for problem in error.problems:
                    if str(problem) not in said:
                        self.refuse(("factors", k, "shift", j), problem)
                    said.add(str(problem))

    def _levels(self, k: int, factor: Factor, given_by_set: Mapping[str, Keys], owners: dict[str, str]) -> None:
        """Check that levels are called apart, and that what they set is set nowhere else."""
        levels = factor.spread()
        labels = [level.label for level in levels]
        for j, label in enumerate(labels):
            if label in labels[:j]:
                keys: Keys = ("factors", k, "bounds") if factor.bounds else ("factors", k, "levels", j)
                self.refuse(keys, Problem(f"factor '{factor.name}' has two levels of one name", given=shown(label)))
        for path in dict.fromkeys(path for level in levels for path in (*level.settings, *level.shifts)):
            if path in owners:
                what = f"is set by two factors, '{owners[path]}' and '{factor.name}'"
                self.refuse(("factors", k), Problem(what, key=path))
            elif path in given_by_set and all(path in level.settings for level in levels):
                what = f"changes nothing: factor '{factor.name}' sets it at every level"
                self.refuse(given_by_set[path], Problem(what, key=path))
            owners[path] = factor.name


def _beside(layer: Layer, item: str) -> str:
    """Return a part of a stack as it is seen from the current folder: beside the file that names it, else here.

    Raises UserError where it is neither there nor a shipped scenario.
    """
    file = split(item)[0]
    if is_path(item) and (layer.path.parent / file).is_file():
        return os.path.normpath(Path(layer.name).parent / item)
    locate(item)
    if is_path(item) and not Path(file).is_file():
        raise UserError(Problem(f"there is no file {shown(item)}, neither beside this file nor in the current folder"))
    return item
