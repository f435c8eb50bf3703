"""Skill: what administrators can do with the product: taught by the vendor or by other customers, worn by changes and leaving.

Skill 1 is what an administrator has learned alone. A course closes a share of the distance to the most that can be known; so does a
lecture by a satisfied customer to others of its circle or segment, which costs the lecturer time and may be paid. Every change of the
product's rules takes a share of what was known; who forgot learns again; who leaves takes what he was taught along.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from sim.agents.decision_makers import ADMINISTRATOR
from sim.agents.mechanism import Mechanism
from sim.agents.merchants import teaches
from sim.agents.population import Column, Ids
from sim.agents.world import World
from sim.curves import probability, this_week
from sim.draws import Draws
from sim.fields import Event, Measure, par


class Skill(Mechanism):
    """Courses, customer lecturers, rule changes, turnover."""

    training: float = par(0.0, "spending on courses for administrators", unit="money/week", bounds=(0, 1e9), role="lever", extensive=True)
    lectures: float = par(0.0, "most lectures by customers", unit="lectures/week", bounds=(0, 1e4), role="lever", extensive=True)
    lecture_pay: float = par(0.0, "paid to a customer for a lecture", unit="money/lecture", bounds=(0, 1e6), role="lever")
    rule_changes: float = par(0.0, "changes of the product's rules", unit="1/year", bounds=(0, 52), role="lever")
    course_cost: float = par(300.0, "cost of a course for one administrator", unit="money", bounds=(1, 1e6))
    course_time: float = par(0.05, "support that a course for one administrator takes", unit="person-weeks", bounds=(0, 10))
    most_support: float = par(0.3, "most of support that courses get", unit="share", bounds=(0, 1))
    course: float = par(0.5, "share of what is left to know that a course teaches", unit="share", bounds=(0, 1), off=0.0)
    lecture: float = par(0.35, "share of what is left to know that a lecture teaches", unit="share", bounds=(0, 1), off=0.0)
    audience: int = par(12, "administrators that hear a lecture", unit="people", bounds=(1, 10_000))
    most: float = par(1.6, "most that can be known", unit="× usual", bounds=(1, 3))
    good: float = par(0.6, "satisfaction from which a customer is asked to lecture", unit="0-1", bounds=(0, 1))
    seasoning: int = par(26, "weeks live before a customer is asked", unit="weeks", bounds=(0, 520))
    willing: float = par(0.1, "hazard at which a fully satisfied customer agrees when paid far beyond its cost", unit="1/week", bounds=(0, 5))
    lecture_hours: float = par(8.0, "time a lecture takes the lecturer", unit="hours", bounds=(0.1, 200))
    hour: float = par(60.0, "what an hour of an administrator costs its firm", unit="money/hour", bounds=(0.1, 1e5))
    wear: float = par(0.15, "share of skill that a change of rules takes", unit="share", bounds=(0, 1), off=0.0)
    relearning: float = par(0.03, "speed at which lost skill comes back alone", unit="1/week", bounds=(0, 1))
    turnover: float = par(0.25, "hazard at which an administrator leaves: the next has no more than usual skill", unit="1/year", bounds=(0, 50), off=0.0)

    COLUMNS: ClassVar[dict[str, tuple[Column, ...]]] = {
        "vendor": (Column("skill_moved", np.bool_, False, "flag", "skill has moved at some time"),),
    }
    WRITES: ClassVar[dict[str, tuple[str, ...]]] = {
        "decision_makers": ("skill",), "merchants": ("teaching",), "vendor": ("claimed_support", "skill_moved"),
    }
    PURPOSES: ClassVar[tuple[str, ...]] = ("leaves", "agrees", "seat")
    MEASURES: ClassVar[tuple[Measure, ...]] = (
        Measure("administrator_skill", "× usual", "stock", "mean skill of administrators at live merchants"),
        Measure("trained", "people", "flow", "administrators that took a course"),
        Measure("lectured", "people", "flow", "administrators that heard a lecture"),
        Measure("lectures_held", "lectures", "flow", "lectures held by customers"),
        Measure("training_spend", "money", "flow", "courses and pay of lecturers"),
        Measure("lecturer_time_cost", "money", "flow", "what lectures cost lecturers in time, before their pay"),
    )
    EVENTS: ClassVar[tuple[Event, ...]] = (
        Event("lecture", "a good customer teaches others", value="pay"),
    )

    def step(self, world: World, draws: Draws) -> None:
        """Let people leave and forget, then teach."""
        if not (self.training or self.lectures or self.rule_changes or world.vendor.skill_moved):
            return
        world.vendor.skill_moved = True
        live = world.live()
        who = world.ties.covers[live, ADMINISTRATOR]
        self._lose(world, draws, live, who)
        self._train(world, who)
        self._lecture(world, draws, live, who)

    def _lose(self, world: World, draws: Draws, live: Ids, who: Ids) -> None:
        skill = world.decision_makers.skill[who]
        skill = skill + self.relearning * np.maximum(1.0 - skill, 0.0)
        left = draws("leaves").happens(probability(self.turnover / 52.0), live)
        skill = np.where(left, np.minimum(skill, 1.0), skill)
        skill = skill * np.power(1.0 - self.wear, float(this_week(self.rule_changes / 52.0, world.week)))
        world.decision_makers.columns["skill"][who] = skill

    def _train(self, world: World, who: Ids) -> None:
        """Give courses to those who know least, as far as money and support go."""
        vendor = world.vendor
        places = this_week(self.training * vendor.affordable / self.course_cost, world.week)
        time = max(self.most_support * vendor.support_staff - vendor.claimed_support, 0.0)
        if self.course_time > 0:
            places = min(places, int(time / self.course_time))
        least = who[np.argsort(world.decision_makers.skill[who], kind="stable")][:places]
        self._teach(world, least, self.course)
        vendor.claimed_support += len(least) * self.course_time
        self._pay(world, "training", len(least) * self.course_cost)
        world.count("service_cost", len(least) * self.course_cost)
        world.count("trained", len(least))

    def _lecture(self, world: World, draws: Draws, live: Ids, who: Ids) -> None:
        """Ask good customers; each that agrees teaches the nearest of its segment, its circle first."""
        merchants = world.merchants
        merchants.columns["teaching"][live] = 0.0
        pay, cost = self.lecture_pay * world.vendor.affordable, self.lecture_hours * self.hour
        good = live[(merchants.satisfaction[live] >= self.good) & (world.week - merchants.live_week[live] >= self.seasoning)]
        hazard = merchants.decide(teaches, good, merchants.satisfaction[good], pay, cost, self.willing)
        chance = draws("agrees").uniform(good) if self.lectures > 0 else np.ones(len(good))
        agreed = np.flatnonzero(chance < probability(hazard))
        agreed = good[agreed[np.argsort(chance[agreed], kind="stable")]][: this_week(self.lectures, world.week)]
        merchants.columns["teaching"][agreed] = cost - pay
        self._seat(world, live, who, agreed, draws("seat").uniform(live))
        self._pay(world, "lecturing", pay * len(agreed))
        world.count("lectures_held", len(agreed))
        world.count("lecturer_time_cost", cost * len(agreed))
        world.count("service_cost", max(cost, pay) * len(agreed))
        world.note("lecture", agreed, -1, "", -1, pay)

    def _seat(self, world: World, live: Ids, who: Ids, lecturers: Ids, seat: np.ndarray) -> None:
        """Fill the seats of each lecture; an administrator hears one a week."""
        merchants, free = world.merchants, ~np.isin(live, lecturers)
        for lecturer in lecturers:
            at = np.flatnonzero(free & (merchants.segment[live] == merchants.segment[lecturer]))
            far = merchants.circle[live[at]] != merchants.circle[lecturer]
            at = at[np.argsort(far + seat[at], kind="stable")][: self.audience]
            free[at] = False
            self._teach(world, who[at], self.lecture)
            world.count("lectured", len(at))

    def _teach(self, world: World, who: Ids, share: float) -> None:
        skill = world.decision_makers.skill[who]
        world.decision_makers.columns["skill"][who] = skill + share * np.maximum(self.most - skill, 0.0)

    def _pay(self, world: World, account: str, amount: float) -> None:
        world.pay(account, amount)
        world.count("training_spend", amount)

    def stocks(self, world: World) -> dict[str, float]:
        """Return the mean skill of administrators at live merchants (NaN without any)."""
        live = world.live()
        skill = world.decision_makers.skill[world.ties.covers[live, ADMINISTRATOR]]
        return {"administrator_skill": float(skill.mean()) if len(live) else float("nan")}
