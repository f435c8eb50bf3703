"""Every switch: with its off-value the effect it stands for is gone, with another it is there, on the same draws.

For each switch one function measures the effect in a single step; `step` lets the mechanism act with the switch on or off.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from conftest import Found
from tiny import CHANNELS, both, faults, model_of, sets

from sim.agents.consumers import CONSUMING, LAPSED, UNAWARE
from sim.agents.decision_makers import TECHNICAL
from sim.agents.merchants import DELIVERED, LEAD, LIVE, PROSPECT, RESELLER, ROUND, SIGNED, TELESALES
from sim.agents.resellers import ACTIVE, CANDIDATE, LEFT
from sim.agents.world import SECURITY, SOURCE, World
from sim.fields import declared
from sim.scenario import Scenario
from sim.settings import switches
from sim.week import Mechanisms

Step = Callable[..., World]
Effect = Callable[[World, Step], float]
EFFECTS: dict[str, Effect] = {}


def switch(path: str) -> Callable[[Effect], Effect]:
    def register(effect: Effect) -> Effect:
        EFFECTS[path] = effect
        return effect

    return register


def spread(a: Any, b: Any) -> float:
    """Return the largest difference between two arrays."""
    return float(np.abs(np.asarray(a, dtype=float) - np.asarray(b, dtype=float)).max())


def newly(before: World, after: World, population: str, column: str, value: Any) -> int:
    """Return how many agents have `value` in a column that had not."""
    was, now = (getattr(world, population).columns[column] for world in (before, after))
    return int(np.count_nonzero((now == value) & (was != value)))


# the world moves, they hear -----------------------------------------------------------------------------


@switch("need.arrives")
def _(before: World, step: Step) -> float:
    return float(np.count_nonzero(step().merchants.window_end != before.merchants.window_end))


def first_week(world: World) -> None:
    world.week = 0  # bursts come every so many weeks from week 0


def by_itself(channel: str) -> dict[str, float]:
    """Return settings that let a channel work without references and live merchants."""
    return {f"{channel}__with_references": 0.0, f"{channel}__with_live": 0.0}


def wear_out(k: int) -> Effect:
    def effect(before: World, step: Step) -> float:
        worlds = (step(before=both(first_week, sets("vendor", fatigue=level)), **by_itself(CHANNELS[k])) for level in (0.9, 0.0))
        tired, fresh = (world.splits["visits", "channel"][k] for world in worlds)
        return abs(float(tired - fresh))

    return effect


def introduces(channel: str) -> Effect:
    def effect(before: World, step: Step) -> float:
        others = {f"{name}__introduces": 0.0 for name in CHANNELS if name != channel}
        alone = by_itself(channel) | {f"{channel}__ceiling": 1.0}
        after = step(before=both(first_week, sets("merchants", status=PROSPECT, bound_until=-1)), **alone, **others)
        return newly(before, after, "merchants", "status", LEAD)

    return effect


for number, channel in enumerate(CHANNELS):
    EFFECTS[f"promotion.{channel}.wear_out"] = wear_out(number)
    EFFECTS[f"promotion.{channel}.introduces"] = introduces(channel)


@switch("promotion.reach")
def _(before: World, step: Step) -> float:
    return step().flows.get("contacts", 0.0)


@switch("promotion.informativeness")
def _(before: World, step: Step) -> float:
    after = step().decision_makers
    return spread(after.precision, before.decision_makers.precision) + spread(after.mean, before.decision_makers.mean)


@switch("word.reach")
def _(before: World, step: Step) -> float:
    return newly(before, step(before=sets("merchants", reference=True)), "merchants", "source", SOURCE["word_of_mouth"])


@switch("word.leadership")
def _(before: World, step: Step) -> float:
    """Firms of any size vouch; whether the largest are twice as large counts only where leaders count more."""
    larger = before.merchants.size * np.where(before.merchants.size > 1.0, 4.0, 1.0)
    sizes = (sets("merchants", reference=True, source=-1, size=size) for size in (before.merchants.size, larger))
    usual, more = (step(before=size, half=3_000.0, reach=2.0).merchants.source for size in sizes)
    return float(np.count_nonzero(usual != more))


@switch("word.reference")
def _(before: World, step: Step) -> float:
    after = step(before=sets("merchants", reference=True, talk=0.0))
    return spread(after.decision_makers.precision, before.decision_makers.precision)


@switch("word.evaluation")
def _(before: World, step: Step) -> float:
    return step().flows["told"]


@switch("belief.memory")
def _(before: World, step: Step) -> float:
    after = step(prior=0.3)
    idle = after.merchants.status[after.decision_makers.merchant] < ROUND
    return spread(after.decision_makers.mean[idle], 0.3)


@switch("belief.forgetting")
def _(before: World, step: Step) -> float:
    return newly(before, step(), "decision_makers", "aware", False)


# they choose --------------------------------------------------------------------------------------------


@switch("sales.enquiry")
def _(before: World, step: Step) -> float:
    return step(before=sets("resellers", state=CANDIDATE)).flows.get("leads", 0.0) - before.flows.get("leads", 0.0)


@switch("sales.slots_per_rep")
def _(before: World, step: Step) -> float:
    return float(step().vendor.unserved_leads)


@switch("sales.outreach")
def _(before: World, step: Step) -> float:
    free = both(sets("resellers", state=CANDIDATE), sets("vendor", ramped_reps=100.0), sets("merchants", source=SOURCE["seed"]))
    return newly(before, step(before=free, reps=100.0), "merchants", "source", SOURCE["cold_outreach"])


@switch("sales.reseller_reach")
def _(before: World, step: Step) -> float:
    return newly(before, step(), "merchants", "source", SOURCE["reseller"])


@switch("buying.shows_today")
def _(before: World, step: Step) -> float:
    poor, good = (step(before=sets("vendor", polish=polish)) for polish in (0.1, 0.9))
    return spread(poor.merchants.seen, good.merchants.seen) + spread(poor.decision_makers.mean, good.decision_makers.mean)


@switch("buying.security")
def _(before: World, step: Step) -> float:
    """Nobody needs the feature itself, so it counts in the judgement of technical people alone."""

    def safe(maturity: float) -> Callable[[World], None]:
        def change(world: World) -> None:
            sets("decision_makers", aware=True, role=TECHNICAL)(world)
            world.merchants.columns["needs"][:, SECURITY] = 0.0
            world.vendor.maturity[SECURITY] = maturity

        return change

    insecure, secure = (step(before=safe(maturity), trying=(5.0, 5.0, 5.0, 5.0)).decision_makers.mean for maturity in (0.0, 1.0))
    return spread(insecure, secure)


@switch("buying.refusal")
def _(before: World, step: Step) -> float:
    return step(before=sets("decision_makers", mean=0.0, evaluated=True)).flows["rejections"]


@switch("buying.faults")
def _(before: World, step: Step) -> float:
    return float(step(pilot_share=0.0).vendor.trial_work)


# they live with it: product -----------------------------------------------------------------------------


def nobody_asked(world: World) -> None:
    """Let every round be free to ask, and reps be far below quota."""
    world.merchants.columns["asked"][:] = -1
    world.vendor.wins_26 = 0.0


@switch("customization.asking")
def _(before: World, step: Step) -> float:
    return step(before=nobody_asked, offering=0.0).flows["requests"]


@switch("customization.offering")
def _(before: World, step: Step) -> float:
    return step(before=nobody_asked, asking=0.0).flows["requests"]


def queue(world: World) -> None:
    """Put work on every live merchant, and no other."""
    live = world.live()
    world.merchants.columns["bespoke_work"][:] = 0.0
    world.merchants.columns["bespoke_work"][live] = 0.01
    world.merchants.columns["promised"][live, 20:] = True
    world.merchants.columns["due_week"][live] = world.week + 1


@switch("customization.load_on_core")
def _(before: World, step: Step) -> float:
    idle = step(before=sets("merchants", bespoke_work=0.0, kept_up=False))
    return abs(float(step(before=both(sets("merchants", kept_up=False), queue)).vendor.engineering - idle.vendor.engineering))


@switch("customization.upkeep")
def _(before: World, step: Step) -> float:
    return step().flows["debt_weeks"]


@switch("customization.reuse")
def _(before: World, step: Step) -> float:
    return spread(step(before=queue).vendor.maturity, before.vendor.maturity)


@switch("customization.credibility_speed")
def _(before: World, step: Step) -> float:
    return abs(float(step(before=queue).vendor.credibility - before.vendor.credibility))


@switch("product.obsolescence")
def _(before: World, step: Step) -> float:
    return spread(step(before=sets("vendor", engineering=0.0)).vendor.maturity, before.vendor.maturity)


@switch("product.drift")
def _(before: World, step: Step) -> float:
    return float(before.vendor.polish - step(before=sets("vendor", engineering=0.0, unpaid_upkeep=0.0)).vendor.polish)


@switch("product.regressions")
def _(before: World, step: Step) -> float:
    return float(before.vendor.polish - step(before=sets("vendor", engineering=0.0, unpaid_upkeep=0.3), drift=0.0).vendor.polish)


# they live with it: service, renewal --------------------------------------------------------------------


@switch("service.roughness")
def _(before: World, step: Step) -> float:
    rough, smooth = (step(before=sets("vendor", polish=polish), support_staff=1e3) for polish in (0.1, 0.9))
    return abs(float(rough.vendor.spare_support - smooth.vendor.spare_support))


@switch("service.patience")
def _(before: World, step: Step) -> float:
    slow, prompt = (step(before=sets("vendor", response=response), support_staff=0.0) for response in (0.1, 0.9))
    return spread(slow.merchants.seen, prompt.merchants.seen)


@switch("service.lateness")
def _(before: World, step: Step) -> float:
    owed, done = (step(before=sets("merchants", promised=not there, bespoke=there)) for there in (False, True))
    return spread(owed.merchants.seen, done.merchants.seen)


@switch("renewal.leaves")
def _(before: World, step: Step) -> float:
    return step(before=sets("merchants", live_week=before.week - 52, satisfaction=0.0)).flows["churned"]


# they live with it: consumers ---------------------------------------------------------------------------


def half_active(world: World) -> None:
    """Let every other consumer be active and the rest unaware, so that everybody has an active tie; the vendor reaches nobody."""
    world.consumers.columns["state"][:] = np.where(world.consumers.ids % 2 == 0, CONSUMING, UNAWARE)
    world.consumers.columns["points"][:] = 0.0
    world.vendor.direct_reach = 0.0


def heard(before: World, step: Step, **settings: float) -> float:
    after = step(before=half_active, **settings)
    return float(np.count_nonzero((before.consumers.ids % 2 == 1) & (after.consumers.state != UNAWARE)))


@switch("usage.push")
def _(before: World, step: Step) -> float:
    return heard(before, step, strong=0.0, weak=0.0)


@switch("usage.strong")
def _(before: World, step: Step) -> float:
    return heard(before, step, push=0.0, weak=0.0)


@switch("usage.weak")
def _(before: World, step: Step) -> float:
    return heard(before, step, push=0.0, strong=0.0)


@switch("usage.bad_talk")
def _(before: World, step: Step) -> float:
    bad, good = (step(before=both(half_active, sets("vendor", polish=polish)), strong=0.7) for polish in (0.0, 1.0))
    return float(np.count_nonzero((bad.consumers.state == UNAWARE) & (good.consumers.state != UNAWARE)))


@switch("usage.lapse")
def _(before: World, step: Step) -> float:
    return lapsed(before, step, friction=0.0)


@switch("usage.friction")
def _(before: World, step: Step) -> float:
    return lapsed(before, step, lapse=0.0)


def lapsed(before: World, step: Step, **settings: float) -> float:
    """Return how many consumers of live merchants lapse when all were active."""
    after = step(before=sets("consumers", state=CONSUMING), **settings)
    return float(np.count_nonzero((after.consumers.state == LAPSED) & (after.merchants.status[after.consumers.merchant] == LIVE)))


@switch("usage.comeback")
def _(before: World, step: Step) -> float:
    after = step(before=sets("consumers", state=LAPSED))
    return float(np.count_nonzero(after.consumers.state == CONSUMING))


def posted(before: World, after: World) -> float:
    return float(after.vendor.reports_due.sum() - before.vendor.reports_due[1:].sum())


@switch("feedback.reports")
def _(before: World, step: Step) -> float:
    return posted(before, step(from_merchants=0.0))


@switch("feedback.from_merchants")
def _(before: World, step: Step) -> float:
    return posted(before, step(reports=0.0))


# they live with it: resellers ---------------------------------------------------------------------------


@switch("channel.sign_up")
def _(before: World, step: Step) -> float:
    return step(before=both(sets("resellers", state=CANDIDATE), sets("vendor", recruiting=5.0))).flows["reseller_sign_ups"]


@switch("channel.hears_support")
def _(before: World, step: Step) -> float:
    paid, unpaid = (step(support_per_reseller=money) for money in (1_600.0, 0.0))
    return spread(paid.resellers.heard, unpaid.resellers.heard)


@switch("channel.disappointment")
def _(before: World, step: Step) -> float:
    spoilt, modest = (step(before=sets("resellers", state=ACTIVE, habit=habit), announce=False) for habit in (1.0, 0.0))
    return spread(spoilt.resellers.confidence, modest.resellers.confidence)


@switch("channel.asymmetry")
def _(before: World, step: Step) -> float:
    """Two levels of confidence above where it is heading keep the share 1 - speed × asymmetry of their distance."""
    levels = (sets("resellers", state=ACTIVE, confidence=level) for level in (0.95, 1.0))
    high, higher = (step(before=level, speed=0.01).resellers.confidence for level in levels)
    return spread((higher - high) / 0.05, 0.99)


@switch("channel.believes")
def _(before: World, step: Step) -> float:
    """Resellers used to nothing, who trust a calendar that promises much, expect as much as they believe of it."""
    trusting = sets("resellers", state=ACTIVE, trust=0.9, habit=0.0)
    promised, silent = (step(before=trusting, announce=told, announced=1_600.0) for told in (True, False))
    return spread(promised.resellers.confidence, silent.resellers.confidence)


@switch("channel.prudence")
def _(before: World, step: Step) -> float:
    erratic, even = (step(before=sets("resellers", state=ACTIVE, surprise=surprise)) for surprise in (0.9, 0.0))
    return spread(erratic.resellers.effort, even.resellers.effort)


def leaving(world: World) -> None:
    """Let every reseller be at the end of its patience, with rounds open."""
    sets("resellers", state=ACTIVE, confidence=0.0, low_weeks=500, habit=1.0)(world)
    rounds = np.flatnonzero(world.merchants.status == ROUND)
    world.merchants.columns["route"][rounds] = RESELLER
    world.merchants.columns["reseller"][rounds] = rounds % world.resellers.n


@switch("channel.exit_level")
def _(before: World, step: Step) -> float:
    return step(before=leaving).flows["reseller_exits"]


@switch("channel.rust")
def _(before: World, step: Step) -> float:
    skill = step(before=sets("resellers", state=ACTIVE, skill=1.0), margin=0.0).resellers.skill
    return spread(skill, 1.0)


@switch("channel.pipeline_loss")
def _(before: World, step: Step) -> float:
    after = step(before=leaving)
    assert after.flows["reseller_exits"] > 0
    return newly(before, after, "merchants", "status", PROSPECT)


# references, circles, growth, secondary development ------------------------------------------------------


@switch("word.packaged")
def _(before: World, step: Step) -> float:
    few = before.merchants.ids % 40 == 0
    fresh, plain = (step(before=sets("merchants", reference=few, packaged=level, talk=0.0), half=500.0) for level in (1.0, 0.0))
    return float(np.count_nonzero(fresh.merchants.source != plain.merchants.source))


@switch("references.wear")
def _(before: World, step: Step) -> float:
    content = sets("merchants", packaged=1.0, satisfaction=0.9, status=LIVE)
    used, idle = (step(before=both(content, sets("merchants", hearings=n)), packaging=0.0) for n in (5.0, 0.0))
    return spread(used.merchants.packaged, idle.merchants.packaged)


@switch("references.fame")
def _(before: World, step: Step) -> float:
    after = step(before=sets("merchants", packaged=1.0, satisfaction=0.2), packaging=0.0)
    return spread(after.merchants.talk, before.merchants.talk)


@switch("circles.most")
def _(before: World, step: Step) -> float:
    return step().flows.get("circle_guests", 0.0)


@switch("circles.precision")
def _(before: World, step: Step) -> float:
    after = step().decision_makers
    return spread(after.precision, before.decision_makers.precision) + spread(after.mean, before.decision_makers.mean)


@switch("circles.repeat")
def _(before: World, step: Step) -> float:
    return spread(step(before=sets("merchants", gain=1.0)).merchants.talk, before.merchants.talk)


@switch("standard.pull")
def _(before: World, step: Step) -> float:
    return float(step(before=sets("merchants", standard=0.0)).merchants.standard.max())


@switch("growth.spread")
def _(before: World, step: Step) -> float:
    return spread(step().merchants.size, before.merchants.size)


@switch("growth.stage_share")
def _(before: World, step: Step) -> float:
    return spread(step(before=sets("merchants", moved=0.0)).merchants.needs, before.merchants.needs)


@switch("secondary.desire")
def _(before: World, step: Step) -> float:
    served = sets("merchants", satisfaction=0.9, asked_week=-1_000, further=0, bespoke_work=0.0)
    return step(before=served).flows.get("further_requests", 0.0)


@switch("secondary.fee_rise")
def _(before: World, step: Step) -> float:
    after = step(before=sets("merchants", further=DELIVERED, fee=100.0))
    return spread(after.merchants.fee, 100.0)


@switch("usage.kept_by_vendor")
def _(before: World, step: Step) -> float:
    gone = both(sets("consumers", state=CONSUMING), sets("merchants", status=PROSPECT, parted=False, live_week=0))
    return float(step(before=gone).vendor.kept_people)


# they live with it: what makes service lighter ----------------------------------------------------------


def intangible(stock: str, column: str) -> Effect:
    def effect(before: World, step: Step) -> float:
        usual = 0.0 if column in ("self_solved", "automated") else 1.0
        return spread(getattr(step(**{f"{stock}__spend": 1e5}).vendor, column), usual)

    return effect


# rivals, badge, cash back, and what a channel is built on ------------------------------------------------


def built_on(k: int, other: str, crowd: Callable[[World], None], nobody: Callable[[World], None]) -> Effect:
    def effect(before: World, step: Step) -> float:
        alone = {f"{CHANNELS[k]}__{other}": 0.0}
        many, none = (step(before=both(first_week, change), **alone).splits["visits", "channel"][k] for change in (crowd, nobody))
        return abs(float(many - none))

    return effect


MOVED = {
    "documents": "ticket_work", "community": "self_solved", "automation": "automated", "content_quality": "content_quality",
    "event_reputation": "event_pull",
}
for stock, moved in MOVED.items():
    EFFECTS[f"intangibles.{stock}.most"] = intangible(stock, moved)


def skill_after(step: Step, skill: float, **settings: float) -> Any:
    """Return the skill of everybody after a week that began at `skill`, in which nothing but `settings` moves it."""
    quiet = {"training": 0.0, "lectures": 0.0, "rule_changes": 0.0, "turnover": 0.0, "relearning": 0.0}
    return step(before=sets("decision_makers", skill=skill), **(quiet | settings)).decision_makers.skill


@switch("skill.course")
def _(before: World, step: Step) -> float:
    return spread(skill_after(step, 1.0, training=1e5), 1.0)


@switch("skill.lecture")
def _(before: World, step: Step) -> float:
    return spread(skill_after(step, 1.0, lectures=100.0, good=0.0, seasoning=0, willing=5.0), 1.0)


@switch("skill.wear")
def _(before: World, step: Step) -> float:
    return spread(skill_after(step, 1.0, rule_changes=52.0), 1.0)


@switch("skill.turnover")
def _(before: World, step: Step) -> float:
    after = step(before=sets("decision_makers", skill=1.5), training=0.0, lectures=0.0, rule_changes=0.0)
    return spread(after.decision_makers.skill, 1.5)


@switch("nodes.matters")
def _(before: World, step: Step) -> float:
    overdue = sets("merchants", node_week=-1, extent_of_use=1.0, active_people=0.0, redeemed=0.0, live_week=0)
    return spread(step(before=overdue, hazards=(0.0, 0.0, 0.0)).merchants.extent_of_use, 1.0)


def nodes_differ(one: World, other: World) -> float:
    return float(np.count_nonzero(one.merchants.node_week != other.merchants.node_week))


@switch("nodes.lift")
def _(before: World, step: Step) -> float:
    alone, guided = (step(before=sets("merchants", node_week=-1, guided=hours), guidance=0.0) for hours in (0.0, 100.0))
    return nodes_differ(alone, guided)


@switch("nodes.skilled")
def _(before: World, step: Step) -> float:
    new, able = (step(before=both(sets("merchants", node_week=-1), sets("decision_makers", skill=skill))) for skill in (0.2, 3.0))
    return nodes_differ(new, able)


@switch("tiers.help")
def _(before: World, step: Step) -> float:
    unhelped = sets("merchants", configured=0.0, attention=0.0, relief=0.0, extent_of_use=0.5)
    after = step(before=unhelped, diagnoses=1e4).merchants
    return spread(after.configured + after.attention + after.relief + after.extent_of_use, 0.5)


@switch("tiers.backing")
def _(before: World, step: Step) -> float:
    return spread(step(before=sets("merchants", tier=2, backing=1.0), diagnoses=0.0).merchants.backing, 1.0)


@switch("service.how_to")
def _(before: World, step: Step) -> float:
    new, able = (step(before=sets("decision_makers", skill=skill), support_staff=1e3) for skill in (0.8, 1.4))
    return abs(float(new.vendor.spare_support - able.vendor.spare_support))


@switch("usage.skilled")
def _(before: World, step: Step) -> float:
    worlds = (both(half_active, sets("decision_makers", skill=skill)) for skill in (0.2, 3.0))
    new, able = (step(before=world, strong=0.0, weak=0.0, push=1.0) for world in worlds)
    return spread(new.consumers.state, able.consumers.state)
vouching, silent = sets("merchants", reference=True), sets("merchants", reference=False)
live, free = sets("merchants", status=LIVE), sets("merchants", status=PROSPECT)
for number, channel in enumerate(CHANNELS):
    EFFECTS[f"promotion.{channel}.with_references"] = built_on(number, "with_live", vouching, silent)
    EFFECTS[f"promotion.{channel}.with_live"] = built_on(number, "with_references", live, free)


@switch("promotion.overload")
def _(before: World, step: Step) -> float:
    few, many = (step(most_campaigns=most).flows["visits"] for most in (1.0, 100.0))
    return abs(many - few)


@switch("rivals.improvement")
def _(before: World, step: Step) -> float:
    return spread(step(copying=0.0).rivals.offer, before.rivals.offer)


def shown_off(world: World) -> None:
    """Let the vendor have been visible with a finished product."""
    sets("vendor", shown_value=1.0, exposed=1.0)(world)


@switch("rivals.copying")
def _(before: World, step: Step) -> float:
    return spread(step(before=shown_off, improvement=0.0).rivals.offer, before.rivals.offer)


@switch("rivals.appetite")
def _(before: World, step: Step) -> float:
    return step(before=sets("rivals", offer=1.0)).flows.get("rival_wins", 0.0)


@switch("rivals.leak")
def _(before: World, step: Step) -> float:
    return 1.0 - float(step().vendor.search_share)


@switch("rivals.demand")
def _(before: World, step: Step) -> float:
    return float(step(alike=1.0).vendor.margin_demand) - 1.0


@switch("renewal.rival_weight")
def _(before: World, step: Step) -> float:
    strong, none = (step(before=sets("vendor", best_rival=offer)).merchants.survival for offer in (0.9, 0.0))
    return spread(strong, none)


def all_badges(world: World) -> None:
    sets("merchants", badge=False)(world)
    world.merchants.columns["badge"][world.live()] = True
    sets("decision_makers", aware=False)(world)


@switch("visibility.noticing")
def _(before: World, step: Step) -> float:
    return step(before=all_badges, public=1_000.0).flows["badge_contacts"]


@switch("visibility.recognition")
def _(before: World, step: Step) -> float:
    return float(step(before=both(all_badges, sets("vendor", name_known=0.0)), public=1_000.0).vendor.name_known)


@switch("visibility.liability")
def _(before: World, step: Step) -> float:
    rough, smooth = (step(before=both(all_badges, sets("vendor", polish=polish))) for polish in (0.1, 0.9))
    return abs(rough.flows["badge_cost"] - smooth.flows["badge_cost"])


@switch("usage.cash_worth")
def _(before: World, step: Step) -> float:
    lapsed = sets("consumers", state=LAPSED)
    nothing, much = (step(before=lapsed, cash_back=cash, comeback=1.0).consumers.state for cash in (0.0, 50.0))
    return float(np.count_nonzero(nothing != much))


# selling ------------------------------------------------------------------------------------------------


@switch("sales.notice")
def _(before: World, step: Step) -> float:
    """Half of the reps are no longer wanted: how many are paid beyond those at work."""
    after = step(before=sets("vendor", wanted_reps=1.0), reps=0.5)
    return float(after.flows["rep_weeks"] - after.vendor.reps)


@switch("sales.telesales_slots")
def _(before: World, step: Step) -> float:
    after = step(before=sets("vendor", ramped_telesales=5.0), telesales=5.0, account_focus=100.0)
    return newly(before, after, "merchants", "route", TELESALES)


def signing(rival: int) -> Callable[[World], None]:
    """Let everybody in a round want the product; `rival` also sells in each."""

    def change(world: World) -> None:
        sets("decision_makers", aware=True, evaluated=True, mean=1.0, precision=50.0, error=0.0)(world)
        sets("merchants", pace=1e6, size=1.0, well_served=-5.0, rival=rival)(world)

    return change


def signed_terms(before: World, step: Step, column: str, **settings: float) -> float:
    """Return how far a column of the firms that sign differs between contested rounds and others."""
    alone, contested = (step(before=signing(rival), **settings) for rival in (-1, 0))
    new = (alone.merchants.status == SIGNED) & (contested.merchants.status == SIGNED) & (before.merchants.status == ROUND)
    return spread(alone.merchants.columns[column][new], contested.merchants.columns[column][new])


@switch("buying.contested_discount")
def _(before: World, step: Step) -> float:
    return signed_terms(before, step, "fee")


@switch("buying.contested_margin")
def _(before: World, step: Step) -> float:
    return signed_terms(before, step, "margin_share")


@switch("partners.reach")
def _(before: World, step: Step) -> float:
    return step(bounty=50_000.0).flows["partner_leads"]


@switch("partners.record")
def _(before: World, step: Step) -> float:
    good, bad = (
        step(before=sets("vendor", partner_judged=1e6, partner_activated=share * 1e6), reach=1.0).flows["partner_leads"]
        for share in (1.0, 0.0)
    )
    return good - bad


def two_in_three_won(world: World) -> None:
    won = world.resellers.ids % 3 > 0
    sets("resellers", state=np.where(won, ACTIVE, CANDIDATE), confidence=0.9, deals=9.0, parent=-1)(world)


@switch("recruitment.fission")
def _(before: World, step: Step) -> float:
    return step(before=two_in_three_won).flows.get("reseller_recruits", 0.0)


@switch("recruitment.pull")
def _(before: World, step: Step) -> float:
    usual, more = (step(before=two_in_three_won, fission=0.2, override=share).flows["reseller_recruits"] for share in (0.0, 1.0))
    return more - usual


@switch("recruitment.orphaned")
def _(before: World, step: Step) -> float:
    """The first reseller has left and was everybody's parent; nobody is won over or comes back."""

    def orphans(parent: int) -> Callable[[World], None]:
        state = np.where(before.resellers.ids == 0, LEFT, ACTIVE)
        return sets("resellers", state=state, parent=np.where(before.resellers.ids == 0, -1, parent))

    left, alone = (step(before=orphans(parent), fission=0.0, returns=0.0).resellers.confidence for parent in (0, -1))
    return spread(left, alone)


@switch("recruitment.returns")
def _(before: World, step: Step) -> float:
    after = step(before=both(sets("resellers", state=LEFT, parent=-1), sets("vendor", programme=0.5)), fission=0.0)
    return after.flows.get("reseller_returns", 0.0)


@switch("recruitment.return_trust")
def _(before: World, step: Step) -> float:
    gone = both(sets("resellers", state=LEFT, parent=-1, trust=0.6), sets("vendor", programme=1.0))
    return spread(step(before=gone, returns=5.0, fission=0.0).resellers.trust, 0.6)
# money --------------------------------------------------------------------------------------------------


@switch("service.others_faults")
def _(before: World, step: Step) -> float:
    """What live firms miss beyond what a service without partners' faults leaves them."""
    return spread(step().merchants.seen, step(others_faults=0.0).merchants.seen)


def at_work(world: World) -> None:
    """Let every live merchant have its account and sell a little."""
    sets("merchants", account=world.merchants.status == LIVE, cultivated=0.3)(world)
    sets("consumers", state=CONSUMING)(world)
    world.merchants.columns["active_people"][world.live()] = 30.0


@switch("platform.helped")
def _(before: World, step: Step) -> float:
    prompt, slow = (step(before=both(at_work, sets("vendor", response=response))) for response in (1.0, 0.0))
    return spread(prompt.merchants.cultivated, slow.merchants.cultivated)


@switch("platform.crossing")
def _(before: World, step: Step) -> float:
    return step(before=at_work).flows["brought_sales"]


@switch("platform.annoyance")
def _(before: World, step: Step) -> float:
    return float(step(before=at_work, ad_load=0.5).vendor.clutter)


# the tests ----------------------------------------------------------------------------------------------

PARS = declared(Mechanisms)
TINY = 1e-12


def tried(path: str, value: Any, found: Found, step: Step) -> float:
    """Return the effect of the switch at `path` when it is set to `value`."""
    name, _, field = path.partition(".")

    def stepped(**given: Any) -> World:
        return step(name, **({field.replace(".", "__"): value} | given))

    return EFFECTS[path](found[name][0], stepped)


@pytest.mark.parametrize("path", switches())
def test_off_takes_the_effect_away(path: str, found: Found, step: Step) -> None:
    assert abs(tried(path, PARS[path].off, found, step)) <= TINY


@pytest.mark.parametrize("path", switches())
def test_on_the_effect_is_there(path: str, found: Found, step: Step) -> None:
    off, (low, high) = PARS[path].off, PARS[path].bounds  # type: ignore[misc]
    assert tried(path, (off + high) / 2 if off == low else PARS[path].default, found, step) > TINY


def test_every_effect_belongs_to_a_switch() -> None:
    assert set(EFFECTS) == set(switches())


def test_all_switches_off_at_once_the_market_still_runs(market: Scenario) -> None:
    scenario = market.replace("off.switches", tuple(switches()))
    resolved = scenario.resolved()
    for path in switches():
        assert value_of(resolved, path) == PARS[path].off
    assert faults(model_of(scenario, 20).world) == []


@pytest.mark.parametrize("path", switches())
def test_a_scenario_sets_a_switch_off_and_nothing_else(path: str, market: Scenario) -> None:
    usual, off = market.resolved(), market.replace("off.switches", (path,)).resolved()
    for other in PARS:
        assert value_of(off, other) == (PARS[path].off if other == path else value_of(usual, other))


def value_of(mechanisms: Any, path: str) -> Any:
    for part in path.split("."):
        mechanisms = getattr(mechanisms, part)
    return mechanisms
