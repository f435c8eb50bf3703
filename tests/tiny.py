"""Tiny markets in which much happens in few weeks, and ways to look at them while they run."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from sim.agents.mechanism import Mechanism
from sim.agents.world import World
from sim.draws import Draws, Purpose
from sim.model import GrowthModel
from sim.record import each
from sim.scenario import Scenario

INTANGIBLES = ("documents", "community", "automation", "content_quality", "event_reputation")
CHANNELS = (
    "seo", "sem", "feed_ads", "content", "media", "exhibition", "salon", "incubator",
    "speaking", "developer_contest", "co_marketing", "reference_marketing", "social_campaign", "joint_campaign", "own_posts",
)

# Nothing here is an estimate: needs come often, the product is fair, every lever is pulled, so that each mechanism has work.
# What is calibrated elsewhere is given a number of its own, so that these markets stay as they are.
CALIBRATED: dict[str, Any] = {
    "market.need": 0.37, "market.need_heterogeneity": 0.45, "market.segment_overlap": 0.6, "market.well_served_spread": 0.8,
    "market.pace_spread": 1.4, "market.committee_mean": 3.6, "vendor.core_cost": 11.0, "promotion.reach": 1.0,
    "promotion.informativeness": 0.8, "word.reference": 1.5, "word.evaluation": 1.2, "word.telling": 0.3, "belief.prior": 0.42,
    "belief.memory": 0.995, "belief.forgetting": 0.0133, "sales.enquiry": 0.12, "sales.slots_per_rep": 14.0,
    "sales.reseller_reach": 0.1, "buying.evaluation": 2.0, "buying.colleagues": 0.2, "buying.faults": 0.004,
    "buying.risk_weight": 2.5, "buying.price_weight": 0.2,
    "buying.meeting": (0.3, 0.25, 0.03, 0.12), "buying.trying": (0.5, 0.4, 0.25, 0.35),
    "customization.asking": 0.6, "customization.crowding": 0.01, "customization.reuse": 0.4,
    "product.obsolescence": 0.0065, "product.polish_cost": 55.0, "product.regressions": 0.25, "service.burden": 0.01,
    "renewal.margin": 12.0, "renewal.labour_saved": 250.0, "usage.push": 0.05, "usage.strong": 0.06, "usage.take_up": 0.12,
    "feedback.delay": 4, "channel.disappointment": 0.3, "channel.speed": 1 / 39, "channel.asymmetry": 2.25, "channel.appeal": 7.0,
    "channel.other_appeal": 2.2, "channel.hears_support": 0.75, "channel.lines": 4.0,
}
SETTINGS = CALIBRATED | {
    "weeks": 60,
    "market.scale": 0.01, "market.merchants": 40_000, "market.segments": 3, "market.regions": 2, "market.reseller_pool": 3_000,
    "market.consumers_per_merchant": 60.0, "market.people_per_row": 20.0, "market.other_veto_share": 0.3,
    "vendor.opening_cash": 1e9, "vendor.polish": 0.6, "vendor.maturity": 0.5, "vendor.other_maturity": 0.3,
    "need.interval": 12.0, "need.window": 12.0, "word.reach": 0.2,
    "promotion.content.segments": (0,), "promotion.salon.regions": (0,),
    "sales.account_focus": 0.6, "sales.outreach": 20.0, "buying.cost": 1.0, "buying.undecided": 0.1, "buying.refusal": 1.0,
    "service.soonest": 1, "service.seasoning": 8, "service.vouching": 0.45, "renewal.level": -1.5, "service.onboarding": 0.1,
    "gates.satisfied": 0.3, "gates.polish": 0.3, "gates.win_rate": 0.01, "gates.holds": 0.1, "gates.overlap": 0.1,
    "channel.exit_level": 0.3, "channel.exit_weeks": 3, "channel.sign_up": 0.03,
    "customization.work": 0.3, "customization.upkeep": 0.02,
    **{f"plan.promotion.{name}.spend": 60_000.0 for name in CHANNELS},
    "plan.sales.reps": 60.0, "plan.customization.engineers": 80.0, "plan.customization.accept_match": 0.2,
    "plan.customization.promise_freedom": 1.0, "plan.customization.max_share": 0.5, "plan.buying.pilot_share": 0.02,
    "plan.service.support_staff": 60.0, "plan.service.support_per_live": 0.01, "plan.product.need_research": 600_000.0,
    "plan.channel.recruitment": 40_000.0, "plan.channel.announce": True, "plan.channel.announced": 1_200.0,
    "plan.channel.support_per_reseller": [{"from": 0, "to": 30, "value": 1_500.0}, {"from": 30, "value": 300.0}],
    "plan.usage.incentive": 2.0, "plan.ledger.funding": 2e7,
    "plan.references.packaging": 400_000.0, "plan.references.least_size": 0.5, "references.cost": 2_000.0,
    "references.wear": 0.05, "plan.circles.events": 100_000.0, "standard.pull": 0.3,
    "growth.spread": 0.2, "growth.stage_share": 0.2, "usage.kept_by_vendor": 0.3,
    "secondary.desire": 0.3, "secondary.least": 0.45, "secondary.seasoning": 4, "secondary.pause": 8,
    "nodes.matters": 0.2, "skill.good": 0.3, "skill.seasoning": 8, "plan.nodes.guidance": 1.0, "plan.tiers.diagnoses": 100.0,
    "plan.tiers.fee_off": 0.05, "plan.tiers.co_marketing": 20.0, "plan.skill.training": 30_000.0, "plan.skill.lectures": 100.0,
    "plan.skill.lecture_pay": 300.0, "plan.skill.rule_changes": 4.0, "plan.service.size_priority": 0.5,
    **{f"plan.intangibles.{name}.spend": 2_000.0 for name in INTANGIBLES},
    "market.rivals": 2, "rivals.first_week": 4, "rivals.apart": 20, "rivals.lag": 8, "rivals.contract": 12,
    "visibility.budget": 40.0, "plan.visibility.endorsement": 0.5, "plan.visibility.discount": 0.05,
    "plan.visibility.advertising": 0.2, "plan.usage.cash_back": 0.01, "promotion.overload": 0.2,
    "plan.partners.bounty": 4_000.0, "plan.sales.telesales": 10.0, "recruitment.fission": 0.1, "recruitment.returns": 0.05,
    "plan.platform.take_rate": 0.01, "plan.platform.cps_rate": 0.05, "plan.platform.ad_load": 0.05, "plan.platform.use_fee": 0.1,
}


def sets(population: str, **values: Any) -> Callable[[World], None]:
    """Return a function that fills whole columns of a population."""

    def change(world: World) -> None:
        for name, value in values.items():
            getattr(world, population).columns[name][:] = value

    return change


def both(*changes: Callable[[World], Any]) -> Callable[[World], None]:
    """Return a function that makes several changes, one after the other."""

    def change(world: World) -> None:
        for one in changes:
            one(world)

    return change


def pairs(settings: dict[str, Any]) -> list[Any]:
    """Return settings as Scenario.replace takes them."""
    return [part for pair in settings.items() for part in pair]


def busy(**more: Any) -> Scenario:
    """Return the busy market; `more` are further settings by path, with __ for the dot."""
    return Scenario().replace(*pairs(SETTINGS | {path.replace("__", "."): value for path, value in more.items()}))


def model_of(scenario: Scenario, weeks: int = 0, seed: int = 1, **given: Any) -> GrowthModel:
    """Return the model after `weeks`."""
    model = GrowthModel(scenario, seed, **given)
    for _ in range(weeks):
        model.step()
    return model


def columns(world: World) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield population, name and values of every column."""
    for population in world.populations:
        for name, values in population.columns.items():
            yield population.name, name, values


def differing(one: World, other: World) -> set[str]:
    """Return the columns that are not equal to the bit, as population.name."""
    mine, theirs = ({f"{p}.{name}": v for p, name, v in columns(world)} for world in (one, other))
    assert mine.keys() == theirs.keys()
    return {at for at, v in mine.items() if v.dtype != theirs[at].dtype or v.tobytes() != theirs[at].tobytes()}


def faults(world: World) -> list[str]:
    """Return what is wrong in the columns: no number, or outside the bounds declared."""
    found = []
    for population in world.populations:
        for name, column in population.declared.items():
            values = population.columns[name]
            if values.dtype.kind == "f" and np.isnan(values).any():
                found.append(f"{population.name}.{name} holds NaN")
            elif column.bounds is not None and values.size:
                low, high = column.bounds
                if values.min() < low - 1e-9 or values.max() > high + 1e-9:
                    found.append(f"{population.name}.{name} from {values.min()} to {values.max()}")
    return found


class Watched(Draws):
    """Draws that write down who drew what, and refuse what is no probability. `log` has one entry for each question asked."""

    def __init__(self, seed: int, replication: int, week: int = -1, mechanism: str = "", log: list[Any] | None = None) -> None:
        super().__init__(seed, replication, week, mechanism, strict=True)
        self.log: list[Any] = [] if log is None else log

    def at(self, week: int) -> Watched:
        return Watched(self.seed, self.replication, week, "", self.log)

    def of(self, mechanism: str) -> Watched:
        return Watched(self.seed, self.replication, self.week, mechanism, self.log)

    def __call__(self, purpose: str) -> Purpose:
        return Heard(super().__call__(purpose)._key, (self.mechanism, purpose, self.week), self.log)


class Heard(Purpose):
    """One purpose's draws, written down as (address, ids, k, uniforms)."""

    def __init__(self, key: np.uint64, address: tuple[str, str, int], log: list[Any]) -> None:
        super().__init__(key)
        self.address, self.log = address, log

    def uniform(self, ids: Any, k: Any = 0) -> Any:
        drawn = super().uniform(ids, k)
        self.log.append((self.address, *(np.array(a) for a in np.broadcast_arrays(np.atleast_1d(ids), k)), drawn))
        return drawn

    def happens(self, probability: Any, ids: Any, k: Any = 0) -> Any:
        p = np.asarray(probability)
        assert np.all((p >= 0) & (p <= 1)), f"{self.address}: no probability: {p.min()} to {p.max()}"
        return super().happens(probability, ids, k)


def moments(model: GrowthModel) -> dict[str, tuple[World, Mechanism]]:
    """Step one week; return for each mechanism a copy of the world as it found it, and the mechanism in force."""
    found = {}
    for population in model.world.populations:
        population.model = None
        population._views.clear()
    draws, mechanisms = model.draws, model._begin()
    for name, mechanism in each(mechanisms):
        found[name] = copy.deepcopy(model.world), mechanism
        mechanism.step(model.world, draws.at(model.world.week).of(name))
    model.recorder.record(model.world, mechanisms)
    return found
