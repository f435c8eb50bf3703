"""Scenarios: replaced, scaled, switched off; written, compared."""

from __future__ import annotations

import datetime
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toys import BASELINE, shelved

from sim import scenario_files
from sim.agents.vendor import STAGES
from sim.errors import UserError
from sim.fields import Par
from sim.scenario import Scenario, check, load, names, with_settings
from sim.settings import known, switches

SHIPPED = [name for name, _ in names()]


@pytest.fixture(scope="module", autouse=True)
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with shelved(tmp_path_factory.mktemp("scenarios")) as folder:
        yield folder


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, name: str, text: str | bytes) -> str:
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return name


def sem(scenario: Scenario) -> Any:
    return scenario.settings().get("plan.promotion.sem.spend")


# replacing ----------------------------------------------------------------------------------------------


def test_replace_leaves_the_old_one_alone() -> None:
    base = load("baseline")
    other = base.replace("plan.promotion.sem.spend", 8000, "belief.memory", 0.5)
    assert (sem(other), other.mechanisms.belief.memory, other.name) == (8000, 0.5, "baseline")
    assert base == load("baseline") != other
    assert base.replace("promotion.sem.half_life", 3).mechanisms.promotion.seo == base.mechanisms.promotion.seo
    assert base.replace("start_date", datetime.date(2030, 1, 7)).start_date.year == 2030
    assert base.replace("off.switches", ["belief.memory"]).off == ("belief.memory",)


def test_one_value_of_a_group_leaves_its_others() -> None:
    base = load("baseline")
    other = base.replace("promotion.sem.spend", 5).mechanisms.promotion.sem
    assert other == base.mechanisms.promotion.sem.model_copy(update={"spend": 5.0})


@pytest.mark.parametrize(("path", "value", "parts_"), [
    ("belief.memry", 1, ["belief.memry", "'belief.memory'"]), ("belief.memory", 2, ["belief.memory = 2", "out of range"]),
    ("plan.belief.memory", 0.5, ["not a lever"]), ("weeks", 99_999_999, ["weeks = 99999999", "from 1 to 5200"]),
    ("market.scale", 1e-3, []), ("belief", 3, ["is a table"]), ("name", "x", ["name", "not a known key"]),
])
def test_what_does_not_fit_is_not_put_in(path: str, value: Any, parts_: list[str]) -> None:
    with pytest.raises(UserError) as error:
        load("baseline").replace("market.merchants", 100).replace(path, value)
    for part in parts_:
        assert part in str(error.value)


def test_settings_are_read_as_toml() -> None:
    found = with_settings(load("baseline"), [
        "belief.memory=0.9", "plan.promotion.sem.spend = [{from = 3, value = 5}]", "plan.channel.announce=false", "title=A plan",
    ])
    assert (found.mechanisms.belief.memory, sem(found), found.title) == (0.9, [{"from": 3, "value": 5}], "A plan")
    assert found.settings()["plan.channel.announce"] is False
    assert str(found.origin("belief.memory")) == "--set"


@pytest.mark.parametrize("setting", [
    "belief.memory", "=3", "belief.memory=", "belief.memory=long", "belief.memory=7", "belief.memry=0.5", "weeks=[[",
    "belief.memory=0.5\nweeks=3", "plan.promotion.sem.spend=[{from=1}]", "a..b=3",
])
def test_a_wrong_setting_names_its_option(setting: str) -> None:
    with pytest.raises(UserError) as error:
        with_settings(load("baseline"), [setting])
    assert str(error.value).startswith("--set")
    assert len(error.value.problems) == 1


def test_wrong_settings_are_told_at_once() -> None:
    with pytest.raises(UserError) as error:
        with_settings(load("baseline"), ["weeks=0", "belief.memory=2", "nothing"])
    assert len(error.value.problems) == 3


# resolving ----------------------------------------------------------------------------------------------


def test_switches_take_their_off_value() -> None:
    off = load("baseline").replace("off.switches", switches())
    found = off.resolved()
    assert found.belief.memory == known()["belief.memory"].off != off.mechanisms.belief.memory
    assert found.belief.prior == off.mechanisms.belief.prior
    assert all(plain_at(found, path) == known()[path].off for path in switches())


def plain_at(model: Any, path: str) -> Any:
    for key in path.split("."):
        model = getattr(model, key)
    return model


def test_amounts_grow_with_the_market_and_nothing_else() -> None:
    whole = load("baseline").replace("market.merchants", 3_006, "promotion.seo.spend", 70, "vendor.seed_work", 9)
    tenth = whole.replace("market.scale", 0.1)
    roots = {
        "": (whole.resolved(), tenth.resolved()), "vendor.": (whole.resolved_vendor(), tenth.resolved_vendor()),
    }
    grown = 0
    for path, par in known().items():
        group = "vendor." if path.startswith("vendor.") else ""
        if path.startswith(("plan.", "market.", "off.")) or "." not in path:
            continue
        large, small = (plain_at(root, path.removeprefix(group)) for root in roots[group])
        assert small == (large * 0.1 if par.extensive else large)
        grown += small != large
    assert grown > 10
    assert (whole.resolved_market().merchants, tenth.resolved_market().merchants) == (3006, 301)
    assert tenth.market.merchants == 3006


def test_at_full_size_with_nothing_off_everything_stands_as_written() -> None:
    base = load("baseline")
    assert (base.resolved(), base.resolved_market(), base.resolved_vendor()) == (base.mechanisms, base.market, base.vendor)


def test_scenarios_are_frozen_and_travel() -> None:
    base = load("early+small")
    with pytest.raises(ValueError, match="frozen"):
        base.weeks = 3
    again = pickle.loads(pickle.dumps(base))
    assert (again, again.name, again.digest(), hash(again)) == (base, base.name, base.digest(), hash(base))
    assert again.origin("market.scale") == base.origin("market.scale")


# digest, diff, dump -------------------------------------------------------------------------------------


def test_the_digest_is_of_what_decides_a_run(here: Path) -> None:
    base = load("baseline")
    assert base.digest() == base.replace("title", "x", "description", "y").digest()
    write(here, "other.toml", BASELINE)
    assert load("other.toml").digest() == base.digest()
    off, zero = base.replace("off.switches", ["belief.memory"]), base.replace("belief.memory", known()["belief.memory"].off)
    assert off.digest() == zero.digest() != base.digest()
    assert len(base.digest()) == 64
    assert set(base.digest()) <= set("0123456789abcdef")


def fitting(par: Par) -> st.SearchStrategy[Any]:
    """Return values that fit a declaration."""
    low, high = par.bounds or (-1000, 1000)
    if isinstance(par.default, bool):
        return st.booleans()
    if par.choices:
        return st.sampled_from(par.choices)
    if isinstance(par.default, str):
        return st.text(st.characters(exclude_categories=["Cc", "Cs"], include_characters="\n\t"), max_size=30)
    if isinstance(par.default, datetime.date):
        return st.dates(datetime.date(1900, 1, 1), datetime.date(2200, 1, 1))
    if isinstance(par.default, int):
        return st.integers(int(low), int(high))
    if isinstance(par.default, tuple):
        n = len(par.default)
        return st.lists(st.floats(0, 1), min_size=n, max_size=n) if n else st.lists(st.integers(0, 9))
    return st.floats(low, high)


@st.composite
def entries(draw: Any, par: Par) -> Any:
    entry = {"value": draw(fitting(par))}
    if draw(st.booleans()):
        entry["from"] = draw(st.integers(1, 100))
        entry["to"] = entry["from"] + draw(st.integers(1, 100))
    if draw(st.booleans()):
        entry["every"] = draw(st.integers(1, 52))
        entry["on"] = draw(st.integers(1, entry["every"]))
    return entry | {"stage": draw(st.sampled_from(STAGES))}


def given_for(path: str) -> st.SearchStrategy[Any]:
    if path == "off.switches":
        return st.lists(st.sampled_from(switches()), unique=True, max_size=4)
    single = fitting(known()[path])
    return single | st.lists(entries(known()[path]), min_size=1, max_size=3) if path.startswith("plan.") else single


def changes(*without: str) -> st.SearchStrategy[dict[str, Any]]:
    apart = {"segments", "regions", "segment_focus", "region_focus", "roles"}  # these must fit each other, see below
    apart |= {"target_segment", "seed_segment", "capability_segment"}
    free = [path for path in known() if path not in without and path.rpartition(".")[2] not in apart]
    paths = st.lists(st.sampled_from(free), unique=True, min_size=1, max_size=6)
    return paths.flatmap(lambda chosen: st.fixed_dictionaries({path: given_for(path) for path in chosen}))


@settings(max_examples=60, deadline=None)
@given(changes("market.scale", "market.merchants"))
def test_what_is_written_loads_back_equal(tmp_path_factory: pytest.TempPathFactory, change: dict[str, Any]) -> None:
    made = load("early").replace(*(part for pair in change.items() for part in pair))
    file = tmp_path_factory.getbasetemp() / "written.toml"
    file.write_text(made.dump(), encoding="utf-8")
    again = load(str(file))
    assert again == made
    assert again.diff(made) == []
    assert (again.digest(), again.dump(), again.title) == (made.digest(), made.dump(), made.title)


@settings(max_examples=60, deadline=None)
@given(changes("market.scale", "market.merchants", "title", "description"))
def test_a_difference_put_in_makes_them_equal(change: dict[str, Any]) -> None:
    base = load("early")
    other = base.replace(*(part for pair in change.items() for part in pair))
    found = base.diff(other)
    assert {path for path, _, _ in found} <= set(change)
    assert [(path, there, here_) for path, here_, there in found] == other.diff(base)
    assert (base == other) == (not found)
    put = base.replace(*(part for path, _, there in found for part in (path, there))) if found else base
    assert put == other
    if any(not path.startswith("off.") for path, _, _ in found):
        assert put.digest() == other.digest() != base.digest()


def test_every_number_is_written_with_its_unit() -> None:
    text = load("baseline").dump()
    assert "merchants = 3_000  # firms; firms that could use the product; " in text
    assert "spend = [\n    {to = 26, value = 2_000.0},\n" in text


# what is shipped ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_scenarios_load_write_and_explain(name: str, monkeypatch: pytest.MonkeyPatch, here: Path) -> None:
    monkeypatch.setattr(scenario_files, "SHIPPED", Path(scenario_files.__file__).parent / "scenarios")
    assert check(name) == check(f"{name}+small") == []
    found = load(name)
    assert found.title
    write(here, "again.toml", found.dump())
    assert load("again.toml") == found
    assert found.title in found.explain()


@pytest.mark.parametrize(("path", "value", "allowed"), [
    ("promotion.sem.segments", [50], "from 0 to 7"), ("promotion.sem.regions", [6], "from 0 to 5"),
    ("circles.region_focus", 6, "from 0 to 5"),
    ("sales.segment_focus", 8, "from 0 to 7"), ("plan.sales.segment_focus", [{"to": 3, "value": 8}], "from 0 to 7"),
    ("promotion.sem.roles", [0.0, 0.0, 0.0, 0.0, 0.0], "not all 0"), ("word.roles", [-0.1, 0.5, 0.2, 0.2, 0.2], "from 0"),
])
def test_what_the_market_does_not_have_is_refused(path: str, value: Any, allowed: str) -> None:
    with pytest.raises(UserError) as error:
        load("baseline").replace(path, value)
    assert path in str(error.value)
    assert allowed in str(error.value)
    load("baseline").replace("promotion.sem.segments", [0, 7], "sales.segment_focus", 7, "plan.sales.segment_focus", 7)
