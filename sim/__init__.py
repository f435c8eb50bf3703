"""Agent-based simulator of a B2B2C market: a vendor, its merchants, their decision-makers, resellers and consumers.

>>> import sim
>>> scenario = sim.load("baseline+small").replace("plan.promotion.sem.spend", 8000)
>>> scenario.weeks
156

`sim.run(scenario)` runs it, `sim.compare([...])` compares plans on the same worlds, `sim.GrowthModel(scenario, seed=1)`
is the Mesa model to step, inspect and extend. Names are imported when first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.agents.cohorts import Cohort
    from sim.agents.consumers import Consumer
    from sim.agents.decision_makers import DecisionMaker
    from sim.agents.merchants import Merchant
    from sim.agents.resellers import Reseller
    from sim.agents.rivals import Rival
    from sim.agents.vendor import Vendor
    from sim.errors import UserError
    from sim.model import GrowthModel
    from sim.scenario import Scenario, load
    from sim.study.compare import Comparison, compare
    from sim.study.run import Result, run
    from sim.study.study import Study

__version__ = "0.1.0"

_HOMES = {
    "load": "sim.scenario", "Scenario": "sim.scenario", "GrowthModel": "sim.model", "UserError": "sim.errors",
    "run": "sim.study.run", "Result": "sim.study.run", "compare": "sim.study.compare", "Comparison": "sim.study.compare",
    "Study": "sim.study.study",
    "Vendor": "sim.agents.vendor", "Merchant": "sim.agents.merchants", "DecisionMaker": "sim.agents.decision_makers",
    "Reseller": "sim.agents.resellers", "Consumer": "sim.agents.consumers",
    "Cohort": "sim.agents.cohorts", "Rival": "sim.agents.rivals",
}

__all__ = [
    "Cohort", "Comparison", "Consumer", "DecisionMaker", "GrowthModel", "Merchant", "Reseller", "Result", "Rival", "Scenario",
    "Study",
    "UserError", "Vendor", "compare", "load", "run",
]


def __getattr__(name: str) -> Any:
    """Import a public name from where it is defined."""
    if name not in _HOMES:
        raise AttributeError(f"module 'sim' has no attribute '{name}'")
    found = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Return the public names."""
    return [*__all__, "__version__"]
