"""The contract, held by every mechanism: what it writes, what it draws, what it refuses, and that it works with nobody there."""

from __future__ import annotations

import copy
import inspect
import re
from typing import Any

import numpy as np
import pytest
from conftest import Found
from tiny import Watched, busy, columns, differing, faults, model_of, moments

from sim.agents.mechanism import Mechanism
from sim.agents.world import DIMENSIONS, World
from sim.draws import Draws
from sim.errors import UserError
from sim.fields import Measure, Par, declared
from sim.model import GrowthModel, add_columns, only_writes
from sim.plan import with_values
from sim.record import each, measures_of
from sim.scenario import Scenario
from sim.settings import known
from sim.week import Mechanisms

NAMES = list(Mechanisms.model_fields)
PARS = declared(Mechanisms)
BOUNDED = {path: par for path, par in known().items() if par.bounds is not None and not path.startswith("plan.")}
CLASSES = {name: type(mechanism) for name, mechanism in each(Mechanisms())}
WEEKS = ["start", "busy", "poor", "broke"]
POOR = {"plan__ledger__funding": 0.0, "vendor__opening_cash": 2e7, "buying__fee": 40.0, "plan__sales__reps": 200.0}


@pytest.fixture(scope="module")
def weeks(market: Scenario, found: Found) -> dict[str, Found]:
    """Return what mechanisms find at the start, in a busy week, when the till runs low and when staff cannot be paid."""
    model = GrowthModel(busy(**POOR))
    there = {"start": moments(GrowthModel(market)), "busy": found}
    for when, share in (("poor", "affordable"), ("broke", "staffed")):
        while getattr(model.world.vendor, share) == 1.0:
            model.step()
        there[when] = moments(model)
    return there


# what it writes -----------------------------------------------------------------------------------------


def untouched(world: World) -> list[Any]:
    """Return what no mechanism may change: the objects that hold columns and ties, the week, ties and target."""
    ties = world.ties
    arrays = [a.tobytes() for a in (ties.first, ties.covers, ties.rows, ties.weak, ties.target)]
    return [[id(values) for _, _, values in columns(world)], [p.n for p in world.populations], world.week, id(ties), arrays]


@pytest.mark.parametrize("when", WEEKS)
@pytest.mark.parametrize("name", NAMES)
def test_writes_only_what_it_declares(name: str, when: str, weeks: dict[str, Found]) -> None:
    world, mechanism = weeks[when][name]
    world = copy.deepcopy(world)
    before = untouched(world)
    with only_writes(world, mechanism):
        mechanism.step(world, Watched(1, 0).at(world.week).of(name))
    assert untouched(world) == before


@pytest.mark.parametrize("name", NAMES)
def test_prepares_only_what_it_declares_and_its_own_columns(name: str, market: Scenario) -> None:
    world = World(market.resolved_market(), market.resolved_vendor(), Draws(1, 0))
    for _, mechanism in each(market.resolved()):
        add_columns(world, mechanism)
    mechanism = getattr(market.resolved(), name)
    with only_writes(world, mechanism):
        mechanism.prepare(world, Watched(1, 0).of(name))


class Thief(CLASSES["need"]):  # type: ignore[misc,name-defined]
    def step(self, world: World, draws: Draws) -> None:
        world.merchants.columns["segment"][0] = 1


def test_writing_another_column_is_caught(found: Found) -> None:
    world = copy.deepcopy(found["need"][0])
    with pytest.raises(ValueError, match="read-only"), only_writes(world, Thief()):
        Thief().step(world, Draws(1, 0))
    world.merchants.columns["segment"][0] = 2  # and may be written again afterwards


@pytest.mark.parametrize("name", NAMES)
def test_declares_no_write_that_its_code_does_not_hold(name: str) -> None:
    source = inspect.getsource(inspect.getmodule(CLASSES[name]))  # type: ignore[arg-type]
    for population, written in CLASSES[name].WRITES.items():
        own = {column.name for column in CLASSES[name].COLUMNS.get(population, ())}
        for column in written:
            assert len(re.findall(rf"\b{column}\b", source)) > 1 + (column in own), f"{population}.{column}"


def test_the_columns_it_declares_exist(found: Found) -> None:
    for name, (world, mechanism) in found.items():
        for population, written in mechanism.WRITES.items():
            assert set(written) <= set(getattr(world, population).columns), name


# what it draws ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def log(market: Scenario) -> list[Any]:
    """Return everything drawn in 66 weeks; no purpose was taken twice a week, no probability lay outside [0, 1]."""
    model = GrowthModel(market, weeks=66)
    model.draws = Watched(1, 0)
    for name, mechanism in each(model.mechanisms):
        mechanism.prepare(model.world, model.draws.at(-1).of(name))
    for _ in range(66):
        model.step()
    return model.draws.log


@pytest.mark.parametrize("name", NAMES)
def test_draws_for_the_purposes_it_declares(name: str, log: list[Any]) -> None:
    assert {purpose for (who, purpose, _), *_ in log if who == name} == set(CLASSES[name].PURPOSES)


@pytest.mark.parametrize("name", NAMES)
def test_draws_once_for_each_who_when_and_why(name: str, log: list[Any]) -> None:
    asked: dict[Any, list[np.ndarray]] = {}
    for address, ids, k, _ in log:
        if address[0] == name:
            once = np.unique(np.stack([ids.ravel(), k.ravel()], axis=1), axis=0)  # several may share one draw of their firm
            asked.setdefault(address, []).append(once)
    for address, parts in asked.items():
        questions = np.concatenate(parts)
        assert len(np.unique(questions, axis=0)) == len(questions), address


def test_a_second_look_at_a_purpose_is_refused() -> None:
    draws = Watched(1, 0).at(3).of("need")
    draws("arrival")
    with pytest.raises(ValueError, match="need: the draws for 'arrival' were taken twice in week 3"):
        draws("arrival")


def otherwise(par: Par, value: Any) -> Any:
    """Return another value that `par` allows, a tenth of the way up or down its bounds."""
    if isinstance(value, bool) or par.bounds is None or isinstance(par.default, tuple):
        return value
    low, high = max(par.bounds[0], -1.0), min(par.bounds[1], 2.0 * abs(value) + 1.0)
    moved = value + 0.2 * (high - value) if value < high else value - 0.2 * (value - low)
    return round(moved) if isinstance(value, int) else moved


def drawn(market: Scenario, mechanism: str = "", weeks: int = 8) -> dict[Any, dict[tuple[int, int], float]]:
    """Return the uniforms of `weeks` by address and (id, k), where the parameters of `mechanism` are others."""
    model = GrowthModel(market, weeks=weeks)
    model.draws = Watched(1, 0)
    changed = {path: otherwise(PARS[path], value) for path, value in values_of(model.mechanisms, mechanism).items()}
    model.mechanisms = with_values(model.mechanisms, changed)
    for _ in range(weeks):
        model.step()
    found: dict[Any, dict[tuple[int, int], float]] = {}
    for address, ids, k, uniforms in model.draws.log:
        found.setdefault(address, {}).update(zip(zip(ids.ravel(), k.ravel(), strict=True), uniforms.ravel(), strict=True))
    return found


def values_of(mechanisms: Mechanisms, mechanism: str) -> dict[str, Any]:
    paths = [path for path in PARS if path.split(".")[0] == mechanism]
    found = {}
    for path in paths:
        value: Any = mechanisms
        for part in path.split("."):
            value = getattr(value, part)
        found[path] = value
    return found


@pytest.fixture(scope="module")
def usual(market: Scenario) -> dict[Any, dict[tuple[int, int], float]]:
    return drawn(market)


@pytest.mark.parametrize("name", NAMES)
def test_its_parameters_leave_all_draws_alone(name: str, market: Scenario, usual: dict[Any, Any]) -> None:
    others = drawn(market, name)
    shared = 0
    for address in usual.keys() & others.keys():
        here, there = usual[address], others[address]
        both = here.keys() & there.keys()
        shared += len(both)
        assert all(here[at] == there[at] for at in both), address
    assert shared > 1000


@pytest.mark.parametrize("name", NAMES)
def test_its_parameters_matter(name: str, market: Scenario) -> None:
    model = GrowthModel(market, weeks=12)
    other = GrowthModel(market, weeks=12)
    values = values_of(other.mechanisms, name)
    other.mechanisms = with_values(other.mechanisms, {path: otherwise(PARS[path], value) for path, value in values.items()})
    for _ in range(12):
        model.step()
        other.step()
    assert differing(model.world, other.world)


# nobody there -------------------------------------------------------------------------------------------

LONELY: dict[str, dict[str, Any]] = {
    "one firm": {"market.merchants": 1, "market.reseller_pool": 0, "vendor.seeds": 0},
    "one seed": {"market.merchants": 1, "market.reseller_pool": 1, "vendor.seeds": 1},
    "more seeds than firms": {"market.merchants": 2, "market.reseller_pool": 0, "vendor.seeds": 9},
    "no seeds": {"market.merchants": 40, "market.reseller_pool": 2, "vendor.seeds": 0},
    "no ties": {"market.merchants": 3, "market.reseller_pool": 1, "market.weak_ties": 0, "market.segments": 1},
    "two features": {"market.merchants": 5, "market.features": 2, "market.reseller_pool": 1, "vendor.seed_features": 8},
    "one who says nothing": {
        "market.merchants": 9, "market.features": 2, "product.research_noise": 10.0, "plan.product.need_research": 3_000.0,
    },
    "many segments": {"market.merchants": 5, "market.segments": 100, "market.regions": 100, "market.reseller_pool": 3},
}


@pytest.fixture(scope="module", params=LONELY)
def lonely(request: pytest.FixtureRequest, market: Scenario) -> list[Found]:
    settings = {"market.scale": 1.0} | LONELY[request.param]
    model = GrowthModel(market.replace(*(part for pair in settings.items() for part in pair)), weeks=60)
    found = [moments(model)]
    for _ in range(30):
        model.step()
    return [*found, moments(model)]


@pytest.mark.parametrize("name", NAMES)
def test_works_where_hardly_anybody_is(name: str, lonely: list[Found]) -> None:
    for found in lonely:
        world, mechanism = copy.deepcopy(found[name])
        with only_writes(world, mechanism):
            mechanism.step(world, Watched(1, 0).at(world.week).of(name))
        assert faults(world) == []
        assert mechanism.stocks(world).keys() <= {measure.name for measure in mechanism.MEASURES}


@pytest.mark.parametrize("settings", LONELY.values(), ids=LONELY)
def test_the_week_works_where_hardly_anybody_is(settings: dict[str, Any], market: Scenario) -> None:
    settings = {"market.scale": 1.0} | settings
    model = model_of(market.replace(*(part for pair in settings.items() for part in pair)), 60)
    assert faults(model.world) == []
    assert model.world.vendor.heard.sum() == pytest.approx(1.0)


# bounds -------------------------------------------------------------------------------------------------


def beyond(par: Par) -> list[Any]:
    """Return a value below and one above what `par` allows."""
    low, high = par.bounds  # type: ignore[misc]
    if isinstance(par.default, int):
        return [int(low) - 1, int(high) + 1]
    wrong = [low - 0.01 * max(abs(low), 1.0), high + 0.01 * max(abs(high), 1.0)]
    return [(*par.default[:-1], value) for value in wrong] if isinstance(par.default, tuple) else wrong


@pytest.mark.parametrize("path", [path for path in BOUNDED if not isinstance(BOUNDED[path].default, tuple)])
def test_refuses_what_is_out_of_bounds_in_one_line(path: str, market: Scenario) -> None:
    par = BOUNDED[path]
    paths = [path, f"plan.{path}"] if par.role == "lever" else [path]
    for at in paths:
        for value in beyond(par):
            with pytest.raises(UserError) as caught:
                market.replace(at, value)
            (problem,) = caught.value.problems
            assert problem.key == at
            low, high = par.bounds  # type: ignore[misc]
            assert "\n" not in str(problem)
            assert f"{at} = " in str(problem)
            assert f"from {low:g} to {high:g}" in str(problem)
            assert par.unit in str(problem)
            assert str(value) in str(problem).replace("_", "")


def test_every_number_has_bounds() -> None:
    numbers = {path: par for path, par in known().items() if type(par.default) in (int, float, tuple) and path != "off.switches"}
    assert {path for path, par in numbers.items() if par.bounds is None} == set()


def test_every_parameter_says_what_it_is() -> None:
    for path, par in known().items():
        if not path.startswith("off."):
            assert par.doc, path
        if isinstance(par.default, int | float) and not isinstance(par.default, bool):
            assert par.unit, path
        if par.plausible is not None and par.bounds is not None:
            assert par.bounds[0] <= par.plausible[0] < par.plausible[1] <= par.bounds[1], path
        if par.off is not None and par.bounds is not None:
            assert par.bounds[0] <= par.off <= par.bounds[1], path


def at_bounds(name: str) -> list[tuple[str, Any]]:
    """Return every field of a mechanism with each of its bounds (fields that are lists, with every entry at the bound)."""
    found = []
    for path, par in PARS.items():
        if path.split(".")[0] == name and par.bounds is not None:
            for bound in par.bounds:
                value = int(bound) if isinstance(par.default, int) else float(bound)
                found.append((path.partition(".")[2], (value,) * len(par.default) if isinstance(par.default, tuple) else value))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_works_at_each_of_its_bounds(name: str, weeks: dict[str, Found]) -> None:
    for when in ("start", "busy"):
        world, mechanism = weeks[when][name]
        for path, value in at_bounds(name):
            extreme, tried = with_values(mechanism, {path: value}), copy.deepcopy(world)
            extreme.step(tried, Watched(1, 0).at(world.week).of(name))
            assert faults(tried) == [], f"{name}.{path} = {value}"
            stocks = extreme.stocks(tried)
            allowed_nan = {key for key in stocks if np.isnan(mechanism.stocks(world)[key])}
            assert {key for key, stock in stocks.items() if not np.isfinite(stock)} <= allowed_nan, f"{name}.{path} = {value}"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("side", [0, 1])
def test_works_with_everything_at_its_bounds(name: str, side: int, weeks: dict[str, Found]) -> None:
    for when in ("start", "busy"):
        world, mechanism = weeks[when][name]
        tried = copy.deepcopy(world)
        extreme = with_values(mechanism, dict(at_bounds(name)[side::2]))
        extreme.step(tried, Watched(1, 0).at(world.week).of(name))
        extreme.stocks(tried)
        assert faults(tried) == []


SIZES = {path: par for path, par in BOUNDED.items() if path.startswith(("market.", "vendor."))}
TOO_LARGE = {("market.merchants", 1), ("market.scale", 0)}
TOO_LARGE |= {(f"vendor.{name}_segment", 1) for name in ("target", "seed", "capability")}  # refused: no such segment


@pytest.mark.parametrize("path", SIZES)
def test_the_world_is_made_at_each_bound(path: str, market: Scenario) -> None:
    small = market.replace("market.scale", 1.0, "market.merchants", 40, "market.reseller_pool", 4, "market.people_per_row", 1e3)
    for side, bound in enumerate(SIZES[path].bounds):  # type: ignore[arg-type]
        if (path, side) not in TOO_LARGE:
            value = int(bound) if isinstance(SIZES[path].default, int) else float(bound)
            many = isinstance(SIZES[path].default, tuple)
            model = model_of(small.replace(path, (int(bound),) * len(SIZES[path].default) if many else value), 2)
            assert faults(model.world) == [], f"{path} = {value}"
            assert np.allclose(model.world.merchants.needs.sum(axis=1), 1.0)
            assert model.world.ties.target.sum() == pytest.approx(1.0)


# what it leaves -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_columns_stay_within_their_bounds(name: str, weeks: dict[str, Found]) -> None:
    for found in weeks.values():
        world, mechanism = copy.deepcopy(found[name])
        mechanism.step(world, Watched(1, 0).at(world.week).of(name))
        assert faults(world) == []


def test_a_value_out_of_bounds_is_caught(found: Found) -> None:
    world = copy.deepcopy(found["need"][0])
    world.merchants.columns["satisfaction"][3] = 1.1
    world.decision_makers.columns["mean"][0] = np.nan
    assert [fault.split()[0] for fault in faults(world)] == ["merchants.satisfaction", "decision_makers.mean"]


@pytest.mark.parametrize("when", WEEKS)
def test_books_only_measures_it_declares(when: str, weeks: dict[str, Found]) -> None:
    measures = measures_of(Mechanisms())
    for name, (world, mechanism) in weeks[when].items():
        world = copy.deepcopy(world)
        world.open_books()
        mechanism.step(world, Watched(1, 0).at(world.week).of(name))
        mechanism.stocks(world)
        assert {flow for flow in world.flows if measures[flow].kind not in ("flow", "week")} == set(), name
        for measure, dimension in world.splits:
            assert dimension in measures[measure].by, f"{name}: {measure} by {dimension}"


def test_measures_are_declared_once_and_ratios_know_their_parts() -> None:
    measures = measures_of(Mechanisms())
    for measure in measures.values():
        assert measure.unit, measure.name
        assert measure.doc, measure.name
        assert (measure.kind == "ratio") == (measure.over is not None), measure.name
        for part in measure.over or ():
            assert measures[part].kind == "flow", measure.name
        assert set(measure.by) <= {*DIMENSIONS, "segment", "region"}, measure.name


def test_a_measure_declared_twice_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CLASSES["gates"], "MEASURES", (Measure("cash", "money", "stock"),))
    with pytest.raises(ValueError, match="measure 'cash' is declared twice, the second time by gates"):
        measures_of(Mechanisms())


def test_a_mechanism_without_a_step_says_so() -> None:
    with pytest.raises(TypeError, match="Mechanism has no step"):
        Mechanism().step(None, None)  # type: ignore[arg-type]


def test_a_parameter_cannot_be_changed_in_place() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Mechanisms().need.interval = 3.0


@pytest.mark.parametrize("wrong", [
    {"interval": "104"}, {"interval": float("nan")}, {"interval": float("inf")}, {"intervall": 104.0}, {"interval": 3.9},
])
def test_a_mechanism_made_by_hand_refuses_what_does_not_fit(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="interval"):
        CLASSES["need"](**wrong)


def test_uncertain_parameters_alone_declare_a_plausible_range() -> None:
    from sim.fields import par

    with pytest.raises(ValueError, match="uncertain"):
        par(1.0, "without a range", role="uncertain")
    with pytest.raises(ValueError, match="uncertain"):
        par(1.0, "no uncertain one", plausible=(0.0, 1.0))


