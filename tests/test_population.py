"""Columns with permanent ids, rows that are Mesa agents, decisions that a class may take otherwise, and who knows whom."""

from __future__ import annotations

from typing import Any

import mesa
import numpy as np
import pytest

from sim.agents.population import Column, Population, Row, Single, as_agent, decision
from sim.agents.ties import covering, spread


def warmth(age: Any, weight: Any) -> Any:
    """Return age × weight."""
    return age * weight


class Person(Row):
    """A person."""

    warmth = decision(warmth)


class Cold(Person):
    """A person without warmth."""

    def warmth(self, age: Any, weight: Any) -> Any:
        return np.float64(0.0)


class Loud(Person):
    """A person who overrides nothing."""

    voice = "loud"


COLUMNS = (
    Column("age", np.float64, 3.0, "years", "age", (0.0, 120.0)),
    Column("child", np.bool_, False, "flag", "is a child"),
    Column("marks", np.int64, -1, "marks", "marks", None, 2),
)


@pytest.fixture
def people() -> Population:
    population = Population("people", 5, COLUMNS, Person)
    population.columns["age"][:] = np.arange(5)
    return population


def test_columns_have_their_type_birth_and_width(people: Population) -> None:
    assert people.age.dtype == np.float64
    assert people.child.dtype == np.bool_
    assert people.marks.shape == (5, 2)
    assert (people.marks == -1).all()
    assert list(people.ids) == [0, 1, 2, 3, 4]


def test_a_column_is_declared_once(people: Population) -> None:
    with pytest.raises(ValueError, match="people already has a column 'age'"):
        people.add(COLUMNS[0])


def test_an_unknown_column_is_named(people: Population) -> None:
    with pytest.raises(AttributeError, match="no column 'aeg' in people"):
        people.aeg  # noqa: B018


def test_growth_leaves_the_old_alone(people: Population) -> None:
    before, ada = {name: values.copy() for name, values in people.columns.items()}, people[2]
    assert list(people.grow(3)) == [5, 6, 7]
    assert len(people) == 8
    for name, values in before.items():
        assert people.columns[name][:5].tobytes() == values.tobytes()
    assert list(people.age[5:]) == [3.0, 3.0, 3.0]
    assert people[2] is ada
    ada.age = 7.5
    assert people.age[2] == 7.5


def test_growth_by_nobody(people: Population) -> None:
    assert list(people.grow(0)) == []
    assert len(people) == 5


# rows ---------------------------------------------------------------------------------------------------


def test_a_row_reads_and_writes_its_columns(people: Population) -> None:
    row = people[3]
    assert row.age == 3.0
    row.age = 40.5
    row.child = True
    row.marks = [4, 5]
    assert people.age[3] == 40.5
    assert people.child[3]
    assert list(people.marks[3]) == [4, 5]
    people.columns["age"][3] = 2.0
    assert row.age == 2.0


def test_a_row_gives_numbers_of_numpy(people: Population) -> None:
    assert type(people[1].age) is np.float64


def test_a_row_keeps_other_names_to_itself(people: Population) -> None:
    people[3].nickname = "Bo"
    assert people[3].nickname == "Bo"
    assert "nickname" not in people.columns


def test_a_row_names_a_column_it_lacks(people: Population) -> None:
    with pytest.raises(AttributeError, match="Person has no column 'aeg'"):
        people[0].aeg  # noqa: B018


def test_views_of_one_agent_are_equal(people: Population) -> None:
    other = Population("others", 5, COLUMNS, Person)
    fresh = Person(people, 2)
    assert people[2] == fresh
    assert hash(people[2]) == hash(fresh)
    assert {people[2], fresh, people[1]} == {people[1], people[2]}
    assert people[2] != people[1]
    assert people[2] != other[2]
    assert people[2] != 2
    assert repr(people[2]) == "Person(2)"


def test_rows_are_agents_of_mesa_without_being_registered(people: Population) -> None:
    known = len(getattr(mesa.Agent, "_ids", {}))
    row = people[1]
    assert isinstance(row, mesa.Agent)
    assert isinstance(row, Person)
    assert type(row).__name__ == "Person"
    assert as_agent(Person) is as_agent(Person)
    assert row.unique_id == people.first_unique_id + 1
    assert len(getattr(mesa.Agent, "_ids", {})) == known


def test_rows_by_number_in_turn_and_by_condition(people: Population) -> None:
    assert people[-1] == people[4]
    assert people[np.int64(2)] == people[2]
    assert [row.id for row in people] == [0, 1, 2, 3, 4]
    assert people.where(people.age > 2) == [people[3], people[4]]
    assert people.where(people.age > 99) == []
    for wrong in (5, -6):
        with pytest.raises(IndexError, match="people has ids 0 to 4"):
            people[wrong]


# decisions ----------------------------------------------------------------------------------------------


def test_a_decision_takes_whole_columns_at_once(people: Population) -> None:
    some = np.array([1, 3, 4])
    assert list(people.decide(warmth, some, people.age[some], 2.0)) == [2.0, 6.0, 8.0]
    assert people._views == {}


def test_asked_one_by_one_they_say_the_same(people: Population) -> None:
    some = np.array([1, 3, 4])
    at_once = people.decide(warmth, some, people.age[some], np.array([0.1, 0.2, 0.3]))
    people.ask_all = True
    one_by_one = people.decide(warmth, some, people.age[some], np.array([0.1, 0.2, 0.3]))
    assert at_once.tobytes() == one_by_one.tobytes()
    assert people._views != {}


def test_a_class_decides_for_its_own_rows(people: Population) -> None:
    people.use(Cold, [3, 4])
    some = np.array([1, 3])
    assert list(people.decide(warmth, some, people.age[some], 2.0)) == [2.0, 0.0]
    assert isinstance(people[3], Cold)
    assert not isinstance(people[1], Cold)


def test_a_scalar_answer_is_spread_where_somebody_overrides(people: Population) -> None:
    people.use(Cold, [3])
    assert list(people.decide(warmth, np.array([1, 3]), 2.0, 2.0)) == [4.0, 0.0]


def test_a_class_that_overrides_nothing_is_not_asked(people: Population) -> None:
    people.use(Loud, range(5))
    people.decide(warmth, people.ids, people.age, 2.0)
    assert people._views == {}


def test_an_override_gets_scalars_and_its_own_row(people: Population) -> None:
    seen: list[Any] = []

    class Curious(Person):
        def warmth(self, age: Any, weight: Any) -> Any:
            seen.append((self.id, type(age), weight))
            return warmth(age, weight)

    people.use(Curious, [2])
    people.decide(warmth, np.array([2, 4]), people.age[[2, 4]], 2.0)
    assert seen == [(2, np.float64, 2.0)]


@pytest.mark.parametrize("ask_all", [False, True])
def test_nobody_decides_nothing(people: Population, ask_all: bool) -> None:
    people.ask_all = ask_all
    people.use(Cold, [1])
    assert len(people.decide(warmth, people.ids[:0], people.age[:0], 2.0)) == 0


def test_only_a_subclass_may_decide(people: Population) -> None:
    with pytest.raises(TypeError, match="Row must subclass Person"):
        people.use(Row, [1])


# a population of one ------------------------------------------------------------------------------------


def test_the_only_row_reads_and_writes_by_name() -> None:
    firm = Single("firm", COLUMNS, Person)
    assert firm.age == 3.0
    firm.age = 9.0
    firm.age += 1.5
    assert firm.columns["age"].tolist() == [10.5]
    assert firm[0].age == 10.5
    firm.marks = np.array([7, 8])
    firm.marks[0] = 1
    assert firm.columns["marks"].tolist() == [[1, 8]]
    with pytest.raises(AttributeError, match="no column 'aeg' in firm"):
        firm.aeg  # noqa: B018


# ties ---------------------------------------------------------------------------------------------------


def test_spread_lists_what_belongs_to_each_owner() -> None:
    first = np.array([0, 2, 2, 5])
    ids, position = spread(first, np.array([2, 0, 1]))
    assert ids.tolist() == [2, 3, 4, 0, 1]
    assert position.tolist() == [0, 0, 0, 1, 1]
    ids, position = spread(first, np.array([], dtype=np.int64))
    assert len(ids) == len(position) == 0


@pytest.mark.parametrize(("size", "roles"), [
    (1, [0, 0, 0, 0, 0]),
    (2, [0, 1, 1, 0, 1]),
    (3, [0, 1, 1, 0, 2]),
    (4, [0, 1, 3, 0, 2]),
    (5, [0, 1, 3, 4, 2]),
    (6, [0, 1, 3, 4, 2]),
])
def test_in_small_groups_one_person_wears_several_hats(size: int, roles: list[int]) -> None:
    """Hats in the order executive, administrator, technical, finance, frontline; the second firm's people start at 10."""
    sizes, first = np.array([size, size]), np.array([0, 10, 20])
    assert covering(sizes, first).tolist() == [roles, [10 + role for role in roles]]
