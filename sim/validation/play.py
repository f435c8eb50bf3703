"""Plays facts through the store and judges them: what was played before is not played again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sim.study.runner import Jobs, Progress, carry_out
from sim.study.store import Store
from sim.study.study import result_of
from sim.study.task import Failure, Outcome, Task
from sim.study.worlds import over_worlds
from sim.validation.causes import Traced, tasks_of, traced
from sim.validation.claims import Found, judge
from sim.validation.fact import Fact, Worlds

QUICK_WORLDS = 6


@dataclass(frozen=True)
class Judged:
    """A fact with its verdicts: of each claim, of each causal set, and in which share of worlds its sign stays."""

    fact: Fact
    found: tuple[Found, ...]
    traced: tuple[Traced, ...]
    share: float | None = None
    failures: tuple[Failure, ...] = ()

    @property
    def quick(self) -> bool:
        """Say whether it was looked at quickly, with fewer replications."""
        return self.fact.study.quick

    def holds(self) -> bool:
        """Say whether all that the table claims of it holds; what is known to fail is no claim."""
        claims = all(found.stands(self.quick) for found in self.found)
        causes = all(one.holds or one.causes.fails or self.quick for one in self.traced)
        return claims and causes and self._in_worlds() and not self.failures

    def _in_worlds(self) -> bool:
        worlds = self.fact.given.worlds
        return worlds is None or self.share is None or bool(worlds.fails) or self.quick or self.share >= worlds.share


def play(facts: Sequence[Fact], store: Store, jobs: Jobs = "all", progress: Progress | None = None) -> list[Judged]:
    """Return every fact with its verdicts; a quick look leaves the causes and most worlds out."""
    parts = [_parts(fact) for fact in facts]
    tasks = [task for part in parts for group in part for task in group]
    worlds = [_worlds_of(fact) for fact in facts]
    total = size(facts)
    tell = None if progress is None else _shifted(progress, 0, total)
    outcomes = iter(carry_out(tasks, store, jobs, tell))
    shares, before = [], len(tasks)
    for fact, found in zip(facts, worlds, strict=True):
        tell = None if progress is None else _shifted(progress, before, total)
        shares.append(None if found is None else _share(fact, *found, store, jobs, tell))
        before += 0 if found is None else 4 * found[1]
    return [_judged(fact, part, outcomes, share) for fact, part, share in zip(facts, parts, shares, strict=True)]


def size(facts: Sequence[Fact]) -> int:
    """Return how many replications it takes to play `facts`."""
    worlds = sum(4 * found[1] for found in map(_worlds_of, facts) if found)
    return sum(len(group) for fact in facts for group in _parts(fact)) + worlds


def _shifted(progress: Progress, before: int, total: int) -> Progress:
    return lambda done, _: progress(before + done, total)


def _parts(fact: Fact) -> list[list[Task]]:
    """Return the tasks of a fact: its study's, then those of each causal set."""
    causes = [] if fact.study.quick else [tasks_of(cause, fact) for cause in fact.given.causes]
    return [fact.study.tasks, *causes]


def _worlds_of(fact: Fact) -> tuple[Worlds, int] | None:
    worlds = fact.given.worlds
    return None if worlds is None else (worlds, QUICK_WORLDS if fact.study.quick else worlds.count)


def _share(fact: Fact, worlds: Worlds, count: int, store: Store, jobs: Jobs, progress: Progress | None) -> float:
    """Return the share of drawn worlds in which the difference has its sign."""
    against, of = (fact.study.cells[fact.cell(labels)].scenario for labels in (worlds.against, worlds.of))
    plans = [against.named("against"), of.named("of")]
    return over_worlds(plans, count, fact.study.seed, 2, jobs, progress, store).share("of", worlds.measure, worlds.sign)


def _judged(fact: Fact, parts: list[list[Task]], outcomes: Any, share: float | None) -> Judged:
    found: list[list[Outcome]] = [[next(outcomes) for _ in part] for part in parts]
    result = result_of(fact.study, found[0])
    losses = tuple(traced(cause, fact, mine) for cause, mine in zip(fact.given.causes, found[1:], strict=False))
    failures = tuple(outcome for part in found for outcome in part if isinstance(outcome, Failure))
    return Judged(fact, tuple(judge(claim, fact, result) for claim in fact.given.claims), losses, share, failures)
