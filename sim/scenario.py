"""The scenario: a frozen tree of everything a run assumes and plans. Load, stack, check, replace, explain, compare, dump."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, InstanceOf, PrivateAttr, ValidationError

from sim import consistency
from sim import explain as words
from sim.agents.vendor import Opening
from sim.agents.world import Market
from sim.errors import Problem, UserError
from sim.fields import declared
from sim.plan import Model, Plan, plain, scaled, with_values
from sim.scenario_files import Origin, locate, parts, read, shipped
from sim.settings import SWITCHES, Heading, Reading, defaults, dump, known, nested, settings_of, toml, toml_value
from sim.sheets.grid import is_sheet, other_format
from sim.stacked import stacked
from sim.values import shown
from sim.week import Mechanisms


class Scenario(Heading):
    """Everything a run assumes and plans. Equal when every setting is equal, whatever it is called and wherever it came from."""

    name: str = "scenario"
    market: Market = Market()
    vendor: Opening = Opening()
    mechanisms: Mechanisms = Mechanisms()
    plan: InstanceOf[Plan] = Field(default_factory=Plan)
    off: tuple[str, ...] = ()
    _origins: dict[str, Origin] = PrivateAttr(default_factory=dict)
    _notes: tuple[str, ...] = PrivateAttr(default=())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scenario) and self._settings() == other._settings()

    def __hash__(self) -> int:
        return hash((self.weeks, self.market, self.vendor, self.mechanisms, self.plan, self.off))

    def _settings(self) -> dict[str, Any]:
        heading = Heading(**{name: getattr(self, name) for name in Heading.model_fields})
        models = (("", heading), ("market.", self.market), ("vendor.", self.vendor), ("", self.mechanisms))
        plan = {f"plan.{path}": schedule for path, schedule in self.plan.levers.items()}
        return dict(settings_of(*models)) | plan | {SWITCHES: self.off}

    def settings(self) -> dict[str, Any]:
        """Return every setting by path, as scenario files write it; levers that the plan does not name are not there."""
        return {path: plain(value) if path.startswith("plan.") else value for path, value in self._settings().items()}

    def origin(self, path: str) -> Origin | None:
        """Return the file and line that gave a setting, or None where its declared default stands."""
        return self._origins.get(path)

    @property
    def notes(self) -> tuple[str, ...]:
        """Say what a reader should know of the sheets in it: what was left out, and what is spent in fewer days."""
        return self._notes

    def replace(self, path: str, value: Any, *more: Any) -> Scenario:
        """Return a scenario in which settings differ: a path and a value, and further pairs of them.

        `value` is what a scenario file would hold there. Raises UserError for what does not fit.
        """
        pairs = [path, value, *more]
        if len(pairs) % 2:
            raise UserError(Problem("has no value", key=str(pairs[-1])))
        reading = Reading()
        for key, given in zip(pairs[::2], pairs[1::2], strict=True):
            reading.read(nested({key: given}), lambda keys: Origin(""))
        return self._with(reading)

    def named(self, name: str) -> Scenario:
        """Return the same scenario under another name, by which comparisons tell it from others."""
        return _build(name, self._settings() | {"title": name}, self._origins)

    def _with(self, reading: Reading) -> Scenario:
        if reading.problems:
            raise UserError(*reading.problems)
        made = _build(self.name, self._settings() | reading.values, self._origins | reading.origins)
        made._notes = self._notes
        return made

    # what the model runs on -----------------------------------------------------------------------------

    def resolved(self) -> Mechanisms:
        """Return the mechanisms with switches off, and amounts that grow with the market times its scale."""
        pars = declared(Mechanisms)
        return with_values(_scaled(self.mechanisms, self.market.scale), {path: pars[path].off for path in self.off})

    def resolved_market(self) -> Market:
        """Return the market at its scale."""
        return _scaled(self.market, self.market.scale)

    def resolved_vendor(self) -> Opening:
        """Return the vendor's opening at the market's scale."""
        return _scaled(self.vendor, self.market.scale)

    def digest(self) -> str:
        """Return the SHA-256 (hex) of all that decides a run's numbers and labels; name, title and description do not."""
        models = (("market.", self.resolved_market()), ("vendor.", self.resolved_vendor()), ("", self.resolved()))
        plan = {f"plan.{path}": plain(schedule) for path, schedule in self.plan.levers.items()}
        heading = {"weeks": self.weeks, "start_date": self.start_date.isoformat(), "currency": self.currency}
        content = json.dumps(dict(settings_of(*models)) | plan | heading, sort_keys=True, allow_nan=False)
        return hashlib.sha256(content.encode()).hexdigest()

    # what a reader sees ---------------------------------------------------------------------------------

    def dump(self, extends: str = "") -> str:
        """Return the scenario as TOML that loads back equal, each value with unit, meaning and source.

        In whole; or, where it `extends` others (names stacked with '+') and plans every lever that they plan, what differs.
        """
        here, base = self._settings(), load(extends)._settings() if extends else {}
        if not extends or set(base) - set(here):
            return dump(here)
        items = parts(extends)
        differ = {path: value for path, value in here.items() if path in ("title", "description") or base.get(path) != value}
        return f"extends = {toml(items[0] if len(items) == 1 else items)}\n{dump(differ)}"

    def diff(self, other: Scenario) -> list[tuple[str, Any, Any]]:
        """Return (path, here, there) for each setting that differs, None where a plan does not name the lever.

        Title and description are left out.
        """
        here, there = self.settings(), other.settings()
        paths = [path for path in known() if path not in ("title", "description") and here.get(path) != there.get(path)]
        return [(path, here.get(path), there.get(path)) for path in paths]

    def explain(self) -> str:
        """Return in words the calendar of the plan, the assumptions that differ from the baseline, and what is off."""
        base = load("baseline")._settings()
        return words.explain(self.name, self._settings(), base, self._origins)


def _scaled(model: Model, scale: float) -> Model:
    pars = {path: par for path, par in declared(model).items() if par.extensive}
    values = dict(settings_of(("", model)))
    return with_values(model, {path: scaled(par, values[path], scale) for path, par in pars.items()})


# reading ------------------------------------------------------------------------------------------------


def load(spec: str, plan: str | Path = "", settings: Iterable[str] = (), at_least: int = 0) -> Scenario:
    """Return the scenario that `spec` names: a shipped name, a .toml file or a sheet, or several laid over each other with '+'.

    Each file's own differences are laid over what stands; what it extends is laid first, once. `plan` is a sheet (.csv, .xlsx,
    .xlsx#Sheet) laid over it all; `settings` ("path=value") replace what files say. Sheets are read over the scenario's weeks,
    and `at_least` so many.
    Raises UserError with every problem found.
    """
    settings = list(settings)
    found, problems = _read(spec, str(plan), settings, at_least)
    if found is None or problems:
        raise UserError(*problems)
    return with_settings(found, settings) if settings else found


def of_settings(name: str, settings: Mapping[str, Any], origins: Mapping[str, Origin]) -> Scenario:
    """Return the scenario of settings that each fit their declaration; what is missing has its declared default.

    Schedules are entries as `sim.plan` reads them. Raises UserError where settings do not fit together, at their `origins`.
    """
    return _build(name, defaults() | dict(settings), dict(origins))


def check(spec: str) -> list[Problem]:
    """Return every problem of the scenario that `spec` names, in all its files."""
    return _read(spec)[1]


def names() -> list[tuple[str, str]]:
    """Return name and title of every scenario that comes with the package, baseline first."""
    return [(name, str(read(*locate(name)).table.get("title", ""))) for name in shipped()]


def with_settings(scenario: Scenario, settings: Iterable[str]) -> Scenario:
    """Return `scenario` with each "path=value" in place; values are TOML, and what TOML cannot read is text.

    Raises UserError naming --set.
    """
    reading = Reading()
    for setting in settings:
        path, equals, text = setting.partition("=")
        if not equals or not path.strip() or not text.strip():
            reading.problems.append(Problem("has not the form KEY=VALUE", key="--set", given=shown(setting)))
        else:
            reading.read(nested({path.strip(): toml_value(text.strip())}), lambda keys: Origin("--set"))
            reading.problems += _overruled(scenario, path.strip())
    return scenario._with(reading)


def _overruled(scenario: Scenario, path: str) -> list[Problem]:
    """Return the problem of setting a lever's own value where the plan, which overrules it, sets the lever too."""
    if path not in scenario.plan.levers:
        return []
    return [Problem("is a lever that the plan sets, so this would change nothing", "--set", key=path, allowed=f"plan.{path}")]


def _read(spec: str, plan: str = "", settings: Iterable[str] = (), at_least: int = 0) -> tuple[Scenario | None, list[Problem]]:
    items = parts(spec)
    if plan and not is_sheet(plan):
        allowed = "a .csv, .tsv or .xlsx file; scenario files are stacked with +"
        return None, [Problem(other_format(plan) or "is not a sheet", plan, allowed=allowed)]
    found = stacked([*items, plan] if plan else items, settings, at_least)
    if found.problems:
        return None, list(found.problems)
    try:
        made = _build(found.name, found.values, found.origins)
    except UserError as error:
        return None, error.problems
    made._notes = found.notes
    return made, []


def _build(name: str, values: dict[str, Any], origins: dict[str, Origin]) -> Scenario:
    """Return the scenario of checked values. Raises UserError where they do not fit together."""
    tables = nested({path: value for path, value in values.items() if not path.startswith("plan.") and path != SWITCHES})
    heading = {key: tables.pop(key) for key in Heading.model_fields}
    plan = Plan({path.removeprefix("plan."): values[path] for path in known() if path in values and path.startswith("plan.")})
    market, vendor = tables.pop("market"), tables.pop("vendor")
    try:
        made = Scenario(
            name=name, **heading, market=market, vendor=vendor, mechanisms=tables, plan=plan, off=values[SWITCHES],  # type: ignore[arg-type]
        )
    except ValidationError as error:
        raise UserError(*(_misfit(found, origins) for found in error.errors())) from None
    made._origins.update(origins)
    _check_scale(made)
    astray = consistency.astray(made.settings(), origins)
    if astray:
        raise UserError(*astray)
    return made


def _misfit(found: Any, origins: dict[str, Origin]) -> Problem:
    keys = tuple(str(key) for key in found["loc"])
    path = ".".join(keys[1:] if keys[:1] == ("mechanisms",) else keys)
    at = origins.get(path, Origin(""))
    return Problem(str(found["msg"]), at.file, at.line, path, shown(found["input"]))


def _check_scale(scenario: Scenario) -> None:
    """Refuse a scale at which a whole number falls below its least."""
    scale, small = scenario.market.scale, dict(settings_of(("market.", scenario.resolved_market())))
    at = scenario.origin("market.scale") or scenario.origin("market.merchants") or Origin("")
    for path, value in small.items():
        par = known()[path]
        if par.extensive and par.bounds and isinstance(value, int) and value < par.bounds[0]:
            what = f"leaves {value} {par.unit} in {path}"
            raise UserError(Problem(what, at.file, at.line, "market.scale", scale, f"{path} × scale at least {par.bounds[0]:g}"))
