"""Typed columns with permanent ids, and rows of them that are Mesa agents when somebody asks.

Columns are the truth. A row is a view: reading an attribute reads the column, writing writes it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Bools = NDArray[np.bool_]
Rule = Callable[..., Any]


@dataclass(frozen=True)
class Column:
    """One declared column: type, value at birth, unit, bounds (checked by tests), meaning; `width` > 0 makes it (n, width)."""

    name: str
    dtype: type
    birth: Any
    unit: str
    doc: str
    bounds: tuple[float, float] | None = None
    width: int = 0

    def make(self, n: int) -> NDArray[Any]:
        """Return the column of `n` newborn rows."""
        return np.full((n, self.width) if self.width else n, self.birth, dtype=self.dtype)


def decision(rule: Rule) -> Callable[..., Any]:
    """Return the default method of a decision: what the rule says. A subclass overrides it to decide otherwise."""

    @functools.wraps(rule)
    def method(self: Row, *args: Any) -> Any:
        return rule(*args)

    return method


class Row:
    """One agent, seen through its population's columns. Two views of one agent are equal."""

    def __init__(self, population: Population, id: int, model: Any = None) -> None:
        for name, value in (("_population", population), ("id", int(id)), ("model", model)):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "unique_id", population.first_unique_id + int(id))

    def __getattr__(self, name: str) -> Any:
        columns = object.__getattribute__(self, "_population").columns
        if name not in columns:
            raise AttributeError(f"{type(self).__name__} has no column '{name}'")
        return columns[name][self.id]

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._population.columns:
            self._population.columns[name][self.id] = value
        else:
            object.__setattr__(self, name, value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Row) and self._population is other._population and self.id == other.id

    def __hash__(self) -> int:
        return hash((id(self._population), self.id))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id})"


@functools.cache
def as_agent(row_class: type[Row]) -> type[Any]:
    """Return `row_class` joined with mesa.Agent, so that views pass for what Mesa hands out.

    Mesa's own constructor is never called: it would register the view and number it anew.
    """
    import mesa

    return type(row_class.__name__, (row_class, mesa.Agent), {"__module__": row_class.__module__, "__doc__": row_class.__doc__})


class Population:
    """`n` agents of one kind as columns. Row numbers are permanent ids; nobody is ever deleted."""

    def __init__(self, name: str, n: int, columns: Iterable[Column], row_class: type[Row]) -> None:
        self.name, self.n, self.row_class = name, int(n), row_class
        self.declared: dict[str, Column] = {}
        self.columns: dict[str, NDArray[Any]] = {}
        self.ids: Ids = np.arange(self.n, dtype=np.int64)
        self.model: Any = None
        self.first_unique_id = 1
        self.ask_all = False  # engine="agents": every row decides for itself
        self.changes = 0  # how often rows came or changed class: what was made of them before is out of date
        self._classes: dict[int, type[Row]] = {}
        self._views: dict[int, Row] = {}
        for column in columns:
            self.add(column)

    def add(self, column: Column) -> None:
        """Declare one more column. Raises ValueError when the name is taken."""
        if column.name in self.columns:
            raise ValueError(f"{self.name} already has a column '{column.name}'")
        self.declared[column.name] = column
        self.columns[column.name] = column.make(self.n)

    def grow(self, count: int) -> Ids:
        """Add `count` newborn rows behind the old ones, whose ids and values stay; return the new ids."""
        new = np.arange(self.n, self.n + count, dtype=np.int64)
        for name, column in self.declared.items():
            self.columns[name] = np.concatenate([self.columns[name], column.make(count)])
        self.n += int(count)
        self.ids = np.arange(self.n, dtype=np.int64)
        self.changes += 1
        return new

    def __getattr__(self, name: str) -> NDArray[Any]:
        try:
            return self.__dict__["columns"][name]  # type: ignore[no-any-return]
        except KeyError:
            raise AttributeError(f"no column '{name}' in {self.__dict__.get('name', 'this population')}") from None

    # rows -----------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, id: int) -> Any:
        return self._view(self._found(id))

    def __iter__(self) -> Iterator[Any]:
        return (self._view(i) for i in range(self.n))

    def where(self, mask: Bools) -> list[Any]:
        """Return the rows where `mask` (shape (n,)) is true, as a list."""
        return [self._view(int(i)) for i in np.flatnonzero(mask)]

    def use(self, row_class: type[Row], ids: Iterable[int]) -> None:
        """Let `ids` be of `row_class`, a subclass of this population's class whose decisions it overrides.

        Raises TypeError for any other class and IndexError for an id that is not there.
        """
        if not issubclass(row_class, self.row_class):
            raise TypeError(f"{row_class.__name__} must subclass {self.row_class.__name__}")
        for id in map(self._found, ids):
            self._classes[id] = row_class
            self._views.pop(id, None)
        self.changes += 1

    def _found(self, id: int) -> int:
        if not -self.n <= id < self.n:
            there = f"ids 0 to {self.n - 1}, not {id}" if self.n else "no rows"
            raise IndexError(f"{self.name} has {there}")
        return int(id) % self.n

    def _view(self, id: int) -> Row:
        if id not in self._views:  # kept: Mesa's AgentSets hold their members weakly
            agent_class = as_agent(self._classes.get(id, self.row_class))  # type: ignore[arg-type]
            self._views[id] = agent_class(self, id, self.model)
        return self._views[id]

    # decisions ------------------------------------------------------------------------------------------

    def decide(self, rule: Rule, ids: Ids, *args: Any) -> Any:
        """Return rule(*args) for `ids` (shape (n,)): whole columns at once, but rows whose class overrides it one by one.

        Each argument is a scalar or an array of shape (n,). An override is a method named as the rule, given scalars,
        and returns what the rule returns.
        """
        asked = self._asked(rule.__name__, ids)
        if self.ask_all:
            result = np.array([self._ask(rule, ids, args, j) for j in range(len(ids))])
            return result if len(ids) else rule(*args)
        result = rule(*args)
        if asked:
            result = np.array(np.broadcast_to(result, len(ids)))
            for j in asked:
                result[j] = self._ask(rule, ids, args, j)
        return result

    def _asked(self, name: str, ids: Ids) -> list[int]:
        if not self._classes:
            return []
        base = getattr(self.row_class, name)
        own = [i for i, c in self._classes.items() if getattr(c, name) is not base]
        return [int(j) for j in np.flatnonzero(np.isin(ids, own))] if own else []

    def _ask(self, rule: Rule, ids: Ids, args: tuple[Any, ...], j: int) -> Any:
        scalars = [a[j] if isinstance(a, np.ndarray) and a.ndim else a for a in args]
        return getattr(self._view(int(ids[j])), rule.__name__)(*scalars)


class Single(Population):
    """A population of one: reading and writing a name reads and writes its only row (a float, or an array of its width)."""

    def __init__(self, name: str, columns: Iterable[Column], row_class: type[Row]) -> None:
        super().__init__(name, 1, columns, row_class)

    def __getattr__(self, name: str) -> Any:
        return super().__getattr__(name)[0]

    def __setattr__(self, name: str, value: Any) -> None:
        columns = self.__dict__.get("columns", {})
        if name in columns:
            columns[name][0] = value
        else:
            object.__setattr__(self, name, value)
