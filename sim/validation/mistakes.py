"""The three mistakes against the sound plan: losses, where they come from, and in how many worlds they keep their sign."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.draws import Floats
from sim.fields import declared
from sim.record import Run
from sim.scenario import Scenario, load
from sim.study.worlds import over_worlds as played
from sim.validation import facts
from sim.week import Mechanisms

MISTAKES = ("premature_promotion", "over_customization", "interrupted_channel_support")
CAUSES: dict[str, dict[str, tuple[str, ...]]] = {
    "premature_promotion": {
        "evaluations show today's product": ("buying.shows_today",),
        "memory": ("belief.memory",),
        "word about evaluations": ("word.evaluation",),
        "forgetting": ("belief.forgetting",),
        "shared capacity": ("sales.slots_per_rep", "buying.faults"),
    },
    "over_customization": {
        "bespoke load on core": ("customization.load_on_core",),
        "upkeep": ("customization.upkeep",),
        "lateness": ("service.lateness", "customization.credibility_speed"),
        "regressions": ("product.regressions",),
    },
    "interrupted_channel_support": {
        "disappointment": ("channel.disappointment",),
        "asymmetry": ("channel.asymmetry",),
        "exit": ("channel.exit_level",),
        "pipeline and skill loss": ("channel.pipeline_loss", "channel.rust"),
    },
}
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Task:
    """One replication to run, and what to measure of it."""

    scenario: Scenario
    seed: int
    replication: int
    weeks: int | None = None
    start: int | None = None


def measure(task: Task) -> dict[str, float]:
    """Run one replication and return totals, levels and, where a campaign starts, what it bought."""
    from sim.model import simulate

    run = simulate(task.scenario, task.seed, task.replication, task.weeks)
    start = facts.first_of_stability(run) if task.start is None else task.start
    return {**facts.totals(run), **facts.levels(run), **facts.campaign(run, start), **facts.early_resellers(run)}


def confidence(task: Task) -> Floats:
    """Run one replication and return the weekly mean confidence of resellers, shape (weeks,)."""
    from sim.model import simulate

    return simulate(task.scenario, task.seed, task.replication, task.weeks).weekly["reseller_confidence"]


def many(tasks: Sequence[Task], jobs: int = 2, what: Callable[[Task], Any] = measure) -> list[Any]:
    """Return `what` of each task, in order, over `jobs` processes."""
    from joblib import Parallel, delayed

    return list(Parallel(n_jobs=jobs)(delayed(what)(task) for task in tasks))


def interval(values: Iterable[float]) -> tuple[float, float, float]:
    """Return mean and 95 % t interval (NaN bounds below two values; NaN values are left out)."""
    from scipy.stats import t

    given = np.asarray([v for v in values if np.isfinite(v)])
    if len(given) < 2:
        return (float(given.mean()) if len(given) else float("nan"), float("nan"), float("nan"))
    half = float(t.ppf(0.975, len(given) - 1) * given.std(ddof=1) / np.sqrt(len(given)))
    return float(given.mean()), float(given.mean()) - half, float(given.mean()) + half


def arms(plans: Sequence[Scenario], reps: int, seed: int, jobs: int, weeks: int | None = None) -> list[list[dict[str, float]]]:
    """Return the measurements of every plan on the same seeds, [plan][replication]."""
    tasks = [Task(plan, seed, r, weeks, 0 if plan.name.startswith("premature") else None) for plan in plans for r in range(reps)]
    found = many(tasks, jobs)
    return [found[k * reps : (k + 1) * reps] for k in range(len(plans))]


def differences(base: list[dict[str, float]], plan: list[dict[str, float]], name: str) -> Floats:
    """Return plan − base of one measure, shape (replications,)."""
    return np.array([p[name] - b[name] for b, p in zip(base, plan, strict=True)])


def no_campaign(scenario: Scenario) -> Scenario:
    """Return `scenario` without its campaign."""
    off: list[Any] = [item for channel in facts.CAMPAIGN for item in (f"plan.promotion.{channel}.spend", 0.0)]
    return scenario.replace(*off)


def causes(mistake: str, market: str, reps: int, seed: int, jobs: int) -> dict[str, dict[str, tuple[float, float, float]]]:
    """Return the loss (plan − baseline, same switches in both) as it is, without each cause, and without the whole set."""
    known = CAUSES[mistake]
    sets = {"as it is": (), **known, "the whole set": tuple(switch for group in known.values() for switch in group)}
    plans = [facts.with_switches(load(f"{name}+{market}"), off) for off in sets.values() for name in ("baseline", mistake)]
    found = arms(plans, reps, seed, jobs)
    return {
        label: {name: interval(differences(found[2 * k], found[2 * k + 1], name)) for name in ("value", "signed_merchants")}
        for k, label in enumerate(sets)
    }


def gap_plans(market: str, centred: bool = True) -> dict[int, Scenario]:
    """Return plans of equal yearly support from week 52 on, by the weeks of each year without any: 0, 8, 16, 26.

    `centred` puts the gap in the middle of the year; otherwise support comes first, so that it is also paid earlier than the
    steady plan's, which is a gain of its own.
    """
    base = load(f"baseline+{market}")
    early, rate = {"from": 26, "to": 52, "value": 250}, 350
    plans = {0: base}
    for gap in (8, 16, 26):
        paid = 52 - gap
        always = {"from": 52, "value": rate * 52 / paid}
        pause = {"from": 52 + (paid // 2 if centred else paid), "every": 52, "on": gap, "value": 0}
        plans[gap] = base.replace("plan.channel.support_per_reseller", [early, always, pause])
    return plans


def recoveries(market: str, reps: int, seed: int, jobs: int, start: int = 91, weeks: int = 260) -> dict[int, list[float]]:
    """Return, for single gaps of 4, 8, 13, 26 weeks from week `start`, the weeks until confidence is back (NaN: never)."""
    base = load(f"baseline+{market}").replace("weeks", weeks)
    early, steady = {"from": 26, "to": 52, "value": 250}, {"from": 52, "value": 350}
    gaps = (4, 8, 13, 26)
    plans = [base] + [
        base.replace("plan.channel.support_per_reseller", [early, steady, {"from": start, "to": start + gap, "value": 0}])
        for gap in gaps
    ]
    found = many([Task(plan, seed, r, weeks) for plan in plans for r in range(reps)], jobs, confidence)
    twin = found[:reps]
    return {gap: [back(found[(k + 1) * reps + r], twin[r], start + gap) for r in range(reps)] for k, gap in enumerate(gaps)}


def back(gapped: Floats, twin: Floats, end: int) -> float:
    """Return the weeks from `end` until `gapped` is within 5 % of `twin` (NaN: not within the run)."""
    near = np.flatnonzero(gapped[end:] >= 0.95 * twin[end:])
    return float(near[0]) if len(near) else float("nan")


def over_worlds(market: str, count: int, reps: int, seed: int, jobs: int) -> dict[str, dict[str, Any]]:
    """Return for each mistake and measure the share of worlds in which the mean paired difference is below zero."""
    plans = [load(f"{name}+{market}") for name in ("baseline", *MISTAKES)]
    found = played(plans, count, seed, reps, jobs)
    return {
        mistake: {measure: found.share(plan.name, measure, -1) for measure in ("value", "signed_merchants")}
        for mistake, plan in zip(MISTAKES, plans[1:], strict=True)
    }


def purchase_likelihood(people: int, reps: int = 4, seed: int = 1, jobs: int = 2) -> float:
    """Return the share of rounds signed in a market where every firm has `people` veto-holders and time does not press.

    The product is good (V = 0.578, where one veto-holder in five is against) and stays so, everybody is served by a rep, firms
    are alike in pace and present solution, and members weigh price alike. The content is how likelihood falls with the size
    of the group.
    """
    base = load("baseline+small")
    bench = base.replace(
        "weeks",
        78,
        "market.committee_mean",
        float(people),
        "market.committee_spread",
        0.0,
        "market.other_veto_share",
        1.0,
        "market.pace_spread",
        0.0,
        "market.well_served_spread",
        0.0,
        "market.size_spread",
        0.0,
        "need.window",
        520.0,
        "vendor.maturity",
        0.76,
        "vendor.other_maturity",
        0.76,
        "vendor.polish",
        0.76,
        "product.obsolescence",
        0.0,
        "product.drift",
        0.0,
        "plan.customization.engineers",
        0.0,
        "customization.asking",
        0.0,
        "sales.account_focus",
        0.0,
        "plan.sales.reps",
        2000.0,
        "buying.role_price",
        [1.0, 1.0, 1.0, 1.0, 1.0],
        "buying.refusal",
        0.0,
        "buying.faults",
        0.0,
        "plan.promotion.sem.spend",
        80_000.0,
        "vendor.opening_cash",
        1e10,
    )
    found = many([Task(bench, seed, r) for r in range(reps)], jobs, likelihood)
    return float(np.mean(found))


def likelihood(task: Task) -> float:
    """Run one replication and return the share of the rounds of the first 26 weeks that were signed in the end."""
    from sim.agents.world import SOURCES
    from sim.model import simulate

    run: Run = simulate(task.scenario, task.seed, task.replication, task.weeks)
    opened, won = facts.rounds_of(run, SOURCES, 0, 26)
    return won / max(opened, 1)


def switches_known() -> None:
    """Raise ValueError when a cause names a field without an off-value."""
    pars = declared(Mechanisms)
    for groups in CAUSES.values():
        for path in (path for group in groups.values() for path in group):
            if pars[path].off is None:
                raise ValueError(f"{path} has no off-value")
