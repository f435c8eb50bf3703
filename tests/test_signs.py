"""Which way each mechanism pulls: one parameter or state moved, one step, the same draws, and nobody reacts the other way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from conftest import Found
from tiny import CALIBRATED, both, sets

from sim.agents.consumers import AWARE, CONSUMING, LAPSED, UNAWARE
from sim.agents.merchants import DELIVERED, LIVE, PROSPECT, REP, ROUND, SELF_SERVICE, SIGNED, TELESALES
from sim.agents.resellers import ACTIVE, CANDIDATE, LEFT
from sim.agents.world import SOURCE, World
from sim.week import Mechanisms

Step = Callable[..., World]
Change = Callable[[World], Any]


def cultivated(world: World) -> None:
    """Let every live merchant sell on the platform."""
    live = world.live()
    for name, value in (("account", True), ("cultivated", 0.5), ("active_people", 30.0)):
        world.merchants.columns[name][live] = value


def entering(world: World) -> None:
    """Let every second live merchant have its account, and nobody have learned to sell."""
    live = world.live()
    for name, value in (("account", live % 2 == 0), ("cultivated", 0.0)):
        world.merchants.columns[name][live] = value


def signed_now(before: World, after: World) -> Any:
    return (after.merchants.status == SIGNED) & (before.merchants.status != SIGNED)


@dataclass(frozen=True)
class Sign:
    """With `more` in place of `less` (settings of the mechanism), `seen` rises (sign 1) or falls (-1) and never the other way.

    `before` changes the world first; `also` are settings on both sides.
    """

    mechanism: str
    less: dict[str, Any]
    more: dict[str, Any]
    seen: Callable[[World, World], Any]
    sign: int
    before: Change | None = None
    also: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.mechanism}.{'+'.join(self.more)}"


def column(population: str, name: str) -> Callable[[World, World], Any]:
    return lambda before, after: getattr(after, population).columns[name]


def flow(name: str) -> Callable[[World, World], Any]:
    return lambda before, after: after.flows.get(name, 0.0)


def became(population: str, name: str, value: Any) -> Callable[[World, World], Any]:
    """Return who has `value` in a column afterwards and had not before."""

    def seen(before: World, after: World) -> Any:
        return (getattr(after, population).columns[name] == value) & (getattr(before, population).columns[name] != value)

    return seen


def firms_reached(before: World, after: World) -> Any:
    changed = after.decision_makers.precision != before.decision_makers.precision
    return np.bincount(after.decision_makers.merchant[changed], minlength=after.merchants.n)


def firms_aware(before: World, after: World) -> Any:
    return np.bincount(after.decision_makers.merchant[after.decision_makers.aware], minlength=after.merchants.n) > 0


def learned(before: World, after: World) -> Any:
    return np.abs(after.decision_makers.mean - CALIBRATED["belief.prior"])


def helped(before: World, after: World) -> Any:
    """Return all that help has raised at each merchant."""
    return sum(after.merchants.columns[name] for name in ("configured", "attention", "extent_of_use", "relief"))


def all_due(world: World) -> None:
    world.merchants.columns["live_week"][:] = world.week - 52


def nearly_stable(world: World) -> None:
    world.vendor.stage, world.vendor.weeks_ready, world.vendor.polish = 1, 3, 0.7
    world.vendor.recent_wins, world.vendor.recent_decided = np.full(26, 2.0), np.full(26, 8.0)


def forming(world: World) -> None:
    world.vendor.stage = 0
    world.merchants.columns["status"][: world.opening.seeds] = LIVE
    world.merchants.columns["satisfaction"][: world.opening.seeds] = 0.8


def scarce(world: World) -> None:
    world.vendor.cash = -3.0 * sum(world.accounts[name] for name in ("engineering", "sales", "support"))


def free_to_ask(world: World) -> None:
    world.merchants.columns["asked"][:] = -1
    world.vendor.queue_weeks = 0.0


def convinced(world: World) -> None:
    """Let everybody know of the vendor and be nearly won."""
    sets("decision_makers", aware=True, evaluated=True, mean=0.55, precision=4.0)(world)


def fresh(world: World) -> None:
    """Let a few vouch, freshly packaged, and nobody know of the vendor."""
    few = world.merchants.ids % 40 == 0
    sets("merchants", reference=few, packaged=1.0, talk=0.0)(world)
    nobody_aware(world)


def moved_needs(before: World, after: World) -> Any:
    return np.abs(after.merchants.needs - before.merchants.needs).sum(axis=1)


nobody_aware = sets("decision_makers", aware=False)
tired = sets("merchants", packaged=1.0, hearings=3.0, satisfaction=0.9, status=LIVE)
disappointed = sets("merchants", packaged=1.0, satisfaction=0.2, expected=0.9)
served = sets("merchants", satisfaction=0.9, asked_week=-1_000, further=0, bespoke_work=0.0)
delivered = sets("merchants", further=DELIVERED, fee=100.0)
hands = sets("vendor", support_staff=100.0, claimed_support=0.0)


def abandoned(world: World) -> None:
    """Let everybody be active, and every merchant be gone."""
    sets("consumers", state=CONSUMING)(world)
    sets("merchants", status=PROSPECT, parted=False, live_week=0)(world)


def alike(world: World) -> None:
    """Let rivals offer what the vendor does."""
    world.rivals.columns["offer"][:] = (world.ties.target * world.vendor.maturity).sum() * world.vendor.polish


everywhere = {"reach": 10.0, "sem__half_life": 0.0, "feed_ads__half_life": 0.0}
confidence = column("resellers", "confidence")
long_queue, owed = sets("merchants", bespoke_work=1.0), sets("merchants", promised=True)
unpaid, slow = sets("vendor", unpaid_upkeep=0.2), sets("vendor", response=0.2)
all_aware = sets("consumers", state=AWARE)
no_resellers = sets("resellers", state=CANDIDATE)
everybody_vouches = sets("merchants", reference=True, talk=0.0)
all_active = sets("resellers", state=ACTIVE)
strong_rivals, shown_off = sets("rivals", offer=1.0), sets("vendor", shown_value=1.0, exposed=1.0)
strong_alternative, demanding = sets("vendor", best_rival=0.8), both(all_active, sets("vendor", margin_demand=2.0))
village = {"public": 1_000.0}
newcomers, no_badges = sets("rivals", entered=-1, offer=0.6), sets("merchants", badge=False)



def phones_ready(world: World) -> None:
    """Let telesales be in place and ramped."""
    sets("vendor", ramped_telesales=200.0)(world)


def two_sellers(world: World) -> None:
    """Let a second seller bid in every round, for firms that sign."""
    sets("decision_makers", aware=True, evaluated=True, mean=1.0, precision=50.0, error=0.0)(world)
    rounds = np.flatnonzero(world.merchants.status == ROUND)
    world.merchants.columns["route"][rounds], world.merchants.columns["reseller"][rounds] = REP, -1
    world.merchants.columns["rival"][rounds] = 0
    sets("merchants", pace=1e6, size=1.0, well_served=-5.0)(world)


def won_a_third(world: World) -> None:
    """Let every third reseller be active, sure and successful, and the others be candidates."""
    won = world.resellers.ids % 3 == 0
    sets("resellers", state=np.where(won, ACTIVE, CANDIDATE), confidence=0.8, deals=5.0, parent=-1)(world)


def all_left(world: World) -> None:
    sets("resellers", state=LEFT, parent=-1)(world)
    world.vendor.programme = 0.5


def family(world: World) -> None:
    """Let the first reseller be the parent of all others."""
    sets("resellers", state=ACTIVE, parent=np.where(world.resellers.ids > 0, 0, -1), earned=100.0)(world)

content, skill = sets("merchants", satisfaction=1.0), column("decision_makers", "skill")

phoned, eager_resellers = {"account_focus": 100.0}, {"reseller_reach": 5.0}
SIGNS = [
    Sign("need", {"interval": 24.0}, {"interval": 6.0}, lambda b, a: a.merchants.window_end != b.merchants.window_end, 1),
    Sign("need", {"window": 6.0}, {"window": 20.0}, column("merchants", "window_end"), 1),
    Sign("promotion", {"sem__spend": 0.0}, {"sem__spend": 9e4}, firms_aware, 1, nobody_aware, everywhere),
    Sign("promotion", {"feed_ads__spend": 0.0}, {"feed_ads__spend": 9e4}, firms_reached, 1, None, everywhere),
    Sign("promotion", {"reach": 0.5}, {"reach": 3.0}, firms_reached, 1),
    Sign("promotion", {"informativeness": 0.2}, {"informativeness": 3.0}, column("decision_makers", "precision"), 1),
    Sign("word", {"reach": 0.05}, {"reach": 1.0}, became("merchants", "source", SOURCE["word_of_mouth"]), 1, everybody_vouches),
    Sign("word", {"reach": 0.05}, {"reach": 1.0}, column("decision_makers", "aware"), 1, everybody_vouches),
    Sign("word", {"reference": 0.5}, {"reference": 3.0}, column("decision_makers", "precision"), 1, everybody_vouches),
    Sign("word", {"telling": 0.1}, {"telling": 1.0}, flow("told"), 1),
    Sign("belief", {"memory": 0.5}, {"memory": 0.99}, learned, 1),
    Sign("belief", {"forgetting": 0.01}, {"forgetting": 0.2}, column("decision_makers", "aware"), -1),
    Sign("sales", {"enquiry": 0.05}, {"enquiry": 1.0}, lambda b, a: a.merchants.lead_week == a.week, 1, no_resellers),
    Sign("sales", {"reps": 0.6}, {"reps": 50.0, "ramp": 1.0}, column("vendor", "unserved_leads"), -1),
    Sign("sales", {"stale": 0.02}, {"stale": 1.0}, flow("stale_leads"), 1),
    Sign("sales", {"reseller_reach": 0.05}, {"reseller_reach": 1.0}, became("merchants", "source", SOURCE["reseller"]), 1),
    Sign("buying", {"fee": 10.0}, {"fee": 20_000.0}, became("merchants", "status", SIGNED), -1, convinced),
    Sign("buying", {"cost": 0.0}, {"cost": 2.0}, became("merchants", "status", SIGNED), -1, convinced),
    Sign("buying", {"paperwork": 0.1}, {"paperwork": 5.0}, became("merchants", "status", SIGNED), 1, convinced),
    Sign("buying", {"evaluation": 0.5}, {"evaluation": 5.0}, column("decision_makers", "precision"), 1),
    Sign("buying", {"colleagues": 0.05}, {"colleagues": 1.0}, column("decision_makers", "aware"), 1),
    Sign("buying", {"refusal": 0.1}, {"refusal": 2.0}, flow("rejections"), 1, sets("decision_makers", mean=0.0, evaluated=True)),
    Sign("customization", {"accept_match": 0.1}, {"accept_match": 0.9}, flow("accepted"), -1, free_to_ask, {"asking": 5.0}),
    Sign("customization", {"max_share": 0.1}, {"max_share": 0.9}, column("vendor", "engineering"), -1, long_queue),
    Sign("customization", {"upkeep": 0.001}, {"upkeep": 0.01}, column("vendor", "engineering"), -1),
    Sign("customization", {"engineers": 0.4}, {"engineers": 2.0}, column("vendor", "engineering"), 1),
    Sign("product", {"polish_share": 0.1}, {"polish_share": 0.6}, column("vendor", "polish"), 1),
    Sign("product", {"polish_share": 0.1}, {"polish_share": 0.6}, column("vendor", "maturity"), -1),
    Sign("product", {"obsolescence": 0.001}, {"obsolescence": 0.05}, column("vendor", "maturity"), -1),
    Sign("product", {"regressions": 0.1}, {"regressions": 1.0}, column("vendor", "polish"), -1, unpaid),
    Sign("service", {"support_staff": 0.1}, {"support_staff": 5.0}, column("vendor", "response"), 1),
    Sign("service", {"patience": 0.1}, {"patience": 0.9}, column("merchants", "satisfaction"), -1, slow),
    Sign("service", {"aversion": 1.0}, {"aversion": 4.0}, column("merchants", "satisfaction"), -1),
    Sign("service", {"lateness": 0.2}, {"lateness": 1.0}, column("merchants", "satisfaction"), -1, owed),
    Sign("renewal", {"level": -1.0}, {"level": 2.0}, became("merchants", "status", PROSPECT), -1, all_due),
    Sign("renewal", {"switching": 0.0}, {"switching": 3.0}, became("merchants", "status", PROSPECT), -1, all_due),
    Sign("renewal", {"margin": 5.0}, {"margin": 20.0}, column("merchants", "gain"), 1),
    Sign("usage", {"push": 0.05}, {"push": 2.0}, lambda b, a: a.consumers.state != UNAWARE, 1),
    Sign("usage", {"incentive": 0.2}, {"incentive": 20.0}, lambda b, a: a.consumers.state == CONSUMING, 1, all_aware),
    Sign("usage", {"lapse": 0.05}, {"lapse": 1.0}, lambda b, a: a.consumers.state == LAPSED, 1),
    Sign("usage", {"expiry": 0.01}, {"expiry": 0.2}, column("consumers", "points"), -1),
    Sign("feedback", {"reports": 0.001}, {"reports": 0.1}, column("vendor", "reports_due"), 1),
    Sign("feedback", {"delay": 10}, {"delay": 1}, column("vendor", "evidence"), 1),
    Sign("channel", {"support_per_reseller": 100.0}, {"support_per_reseller": 1_500.0}, confidence, 1, all_active),
    Sign("channel", {"asymmetry": 1.0}, {"asymmetry": 4.0}, confidence, -1, all_active),
    Sign("channel", {"disappointment": 0.1}, {"disappointment": 2.0}, confidence, -1, all_active),
    Sign("channel", {"margin": 0.1}, {"margin": 0.4}, column("resellers", "effort"), 1, all_active),
    Sign("ledger", {"funding": 0.0}, {"funding": 1e6}, column("vendor", "cash"), 1),
    Sign("ledger", {"overhead": 0.0}, {"overhead": 1e6}, column("vendor", "cash"), -1),
    Sign("ledger", {"commission": 0.1}, {"commission": 5.0}, column("vendor", "cash"), 1),
    Sign("ledger", {"cushion": 1.0}, {"cushion": 100.0}, column("vendor", "affordable"), -1, scarce),
    Sign("gates", {"polish": 0.65}, {"polish": 0.75}, column("vendor", "stage"), -1, nearly_stable),
    Sign("gates", {"decided": 12}, {"decided": 10_000}, column("vendor", "stage"), -1, nearly_stable),
    Sign("gates", {"seeds_satisfied": 2}, {"seeds_satisfied": 50}, column("vendor", "stage"), -1, forming),
    Sign("references", {"packaging": 0.0}, {"packaging": 1e6}, column("merchants", "packaged"), 1, everybody_vouches),
    Sign("references", {"wear": 0.001}, {"wear": 0.5}, column("merchants", "packaged"), -1, tired),
    Sign("references", {"fame": 1.0}, {"fame": 20.0}, column("merchants", "talk"), 1, disappointed),
    Sign("word", {"packaged": 1.0}, {"packaged": 50.0}, column("decision_makers", "aware"), 1, fresh),
    Sign("circles", {"events": 0.0}, {"events": 1e6}, flow("circle_guests"), 1),
    Sign("circles", {"precision": 0.5}, {"precision": 5.0}, column("decision_makers", "precision"), 1),
    Sign("circles", {"repeat": 0.1}, {"repeat": 1.0}, column("merchants", "talk"), 1, sets("merchants", gain=1.0)),
    Sign("standard", {"pull": 0.1}, {"pull": 2.0}, column("merchants", "standard"), 1),
    Sign("standard", {"threshold": 0.5}, {"threshold": 0.01}, column("merchants", "standard"), 1),
    Sign("growth", {"rate": 0.0}, {"rate": 0.5}, column("merchants", "size"), 1),
    Sign("growth", {"stage_share": 0.1}, {"stage_share": 0.9}, moved_needs, 1, sets("merchants", moved=0.0)),
    Sign("secondary", {"desire": 0.01}, {"desire": 5.0}, flow("further_requests"), 1, served),
    Sign("secondary", {"fee_rise": 0.05}, {"fee_rise": 0.5}, column("merchants", "fee"), 1, delivered),
    Sign("usage", {"kept_by_vendor": 0.1}, {"kept_by_vendor": 0.9}, column("vendor", "kept_people"), 1, abandoned),
    Sign("intangibles", {"documents__spend": 1e3}, {"documents__spend": 1e6}, column("vendor", "ticket_work"), -1),
    Sign("intangibles", {"automation__spend": 1e3}, {"automation__spend": 1e6}, column("vendor", "automated"), 1),
    Sign("skill", {"course": 0.1}, {"course": 0.9}, skill, 1, None, {"lectures": 0.0, "training": 1e5}),
    Sign("skill", {"rule_changes": 0.0}, {"rule_changes": 52.0}, skill, -1, None, {"lectures": 0.0, "course": 0.0}),
    Sign("nodes", {"matters": 0.1}, {"matters": 0.9}, column("merchants", "extent_of_use"), -1),
    Sign("nodes", {"guidance": 0.0}, {"guidance": 40.0}, column("merchants", "node_week"), 1, hands),
    Sign("tiers", {"help": 0.1}, {"help": 0.9}, helped, 1, None, {"diagnoses": 1e4}),
    Sign("tiers", {"fee_off": 0.0}, {"fee_off": 0.2}, column("merchants", "fee"), -1, content, {"diagnoses": 1e4}),
    Sign("service", {"how_to": 0.1}, {"how_to": 0.9}, column("vendor", "response"), 1, sets("decision_makers", skill=1.5)),
    Sign("rivals", {"appetite": 0.01}, {"appetite": 2.0}, flow("rival_wins"), 1, strong_rivals),
    Sign("rivals", {"price": 0.5}, {"price": 3.0}, flow("rival_wins"), -1, newcomers, {"appetite": 2.0}),
    Sign("rivals", {"voice": 0.0}, {"voice": 1e6}, column("vendor", "search_share"), -1, newcomers),
    Sign("rivals", {"leak": 0.1}, {"leak": 0.9}, column("vendor", "search_share"), -1),
    Sign("rivals", {"copying": 0.01}, {"copying": 0.5}, column("rivals", "offer"), 1, shown_off),
    Sign("rivals", {"demand": 0.1}, {"demand": 2.0}, column("vendor", "margin_demand"), 1, alike),
    Sign("renewal", {"rival_weight": 0.5}, {"rival_weight": 5.0}, column("merchants", "survival"), -1, strong_alternative),
    Sign("channel", {"margin": 0.1}, {"margin": 0.4}, column("resellers", "effort"), 1, demanding),
    Sign("promotion", {"overload": 0.1}, {"overload": 2.0}, flow("visits"), -1),
    Sign("promotion", {"speaking__hours": 0.1}, {"speaking__hours": 10.0}, flow("promotion_spend"), 1),
    Sign("promotion", {"joint_campaign__with_live": 0.1}, {"joint_campaign__with_live": 0.9}, flow("visits"), -1),
    Sign("visibility", {"discount": 0.02}, {"discount": 0.9}, column("merchants", "badge"), 1, no_badges, {"review": 5.0}),
    Sign("visibility", {"advertising": 0.02}, {"advertising": 0.9}, flow("badge_cost"), 1, no_badges, {"review": 5.0}),
    Sign("visibility", {"noticing": 0.01}, {"noticing": 1.0}, column("decision_makers", "aware"), 1, nobody_aware, village),
    Sign("visibility", {"noticing": 0.01}, {"noticing": 1.0}, column("vendor", "name_known"), 1, nobody_aware, village),
    Sign("usage", {"cash_back": 0.0}, {"cash_back": 50.0}, lambda b, a: a.consumers.state == CONSUMING, 1, all_aware),
    Sign("sales", {"telesales": 0.0}, {"telesales": 200.0}, became("merchants", "route", TELESALES), 1, phones_ready, phoned),
    Sign("sales", {"telesales": 0.0}, {"telesales": 200.0}, became("merchants", "route", SELF_SERVICE), -1, phones_ready, phoned),
    Sign("sales", {"notice": 0.0, "reps": 0.3}, {"notice": 20.0, "reps": 0.3}, flow("rep_weeks"), 1),
    Sign("sales", {"deal_registration": True}, {"deal_registration": False}, flow("contested_rounds"), 1, None, eager_resellers),
    Sign("buying", {"contested_discount": 0.05}, {"contested_discount": 0.9}, column("merchants", "fee"), -1, two_sellers),
    Sign("partners", {"bounty": 500.0}, {"bounty": 50_000.0}, flow("partner_leads"), 1, None, {"reach": 1.0}),
    Sign("partners", {"half_pay": 5_000.0}, {"half_pay": 100.0}, flow("partner_leads"), 1, None, {"reach": 1.0}),
    Sign("recruitment", {"fission": 0.2}, {"fission": 5.0}, became("resellers", "state", ACTIVE), 1, won_a_third),
    Sign("recruitment", {"returns": 0.2}, {"returns": 5.0}, became("resellers", "state", ACTIVE), 1, all_left),
    Sign("recruitment", {"override": 0.0}, {"override": 0.3}, flow("parent_margin"), 1, family),
    Sign("platform", {"take_rate": 0.01}, {"take_rate": 0.2}, column("merchants", "charges"), 1, cultivated),
    Sign("platform", {"cps_rate": 0.01}, {"cps_rate": 0.2}, flow("cps_revenue"), 1, cultivated),
    Sign("platform", {"ad_load": 0.1}, {"ad_load": 0.6}, flow("take_revenue"), 1, cultivated),
    Sign("platform", {"ad_load": 0.1}, {"ad_load": 0.6}, column("vendor", "clutter"), 1),
    Sign("platform", {"use_fee": 0.1}, {"use_fee": 0.6}, column("merchants", "charges"), 1, cultivated),
    Sign("platform", {"basket": 20.0}, {"basket": 90.0}, flow("gmv"), 1, cultivated),
    Sign("platform", {"cultivation": 0.01}, {"cultivation": 0.2}, column("merchants", "cultivated"), 1, entering),
    Sign("platform", {"set_up": 0.01}, {"set_up": 2.0}, column("merchants", "account"), 1, entering),
    Sign("platform", {"crossing": 0.01}, {"crossing": 0.2}, column("merchants", "brought_gain"), 1, cultivated),
    Sign("renewal", {"labour": 10.0}, {"labour": 400.0}, column("merchants", "gain"), -1),
    Sign("usage", {"merchant_funds": 0.1}, {"merchant_funds": 0.9}, column("merchants", "prizes_paid"), 1),
    Sign("service", {"others_faults": 0.0}, {"others_faults": 0.3}, column("merchants", "satisfaction"), -1),
    Sign("buying", {"role_effort": (0.0,) * 5}, {"role_effort": (0.0, 2.0, 0.0, 0.0, 0.0)}, signed_now, -1, convinced),
    Sign("ledger", {"target": 1.0}, {"target": 1e6}, flow("week_target"), -1),
]


def holds(sign: int, less: Any, more: Any) -> bool:
    """Say whether `more` lies on the right side of `less`: somewhere strictly, nowhere on the wrong side."""
    change = sign * (np.asarray(more, dtype=float) - np.asarray(less, dtype=float))
    return bool((change >= 0).all() and (change > 0).any())


@pytest.mark.parametrize("case", SIGNS, ids=str)
def test_pulls_the_way_it_says(case: Sign, found: Found, step: Step) -> None:
    before = found[case.mechanism][0]
    less, more = (case.seen(before, step(case.mechanism, case.before, **case.also, **s)) for s in (case.less, case.more))
    assert holds(case.sign, less, more)
    assert not holds(-case.sign, less, more)


def test_every_mechanism_has_a_sign() -> None:
    assert {case.mechanism for case in SIGNS} == set(Mechanisms.model_fields)


@pytest.mark.parametrize(("less", "more"), [([1, 1], [1, 1]), ([1, 2], [2, 1]), ([1, 2], [0, 2]), (2.0, 1.0)])
def test_a_sign_that_does_not_hold_is_caught(less: Any, more: Any) -> None:
    assert not holds(1, less, more)


def test_more_references_tell_more_firms(found: Found, step: Step) -> None:
    vouching = found["word"][0].merchants.ids % 40 == 0
    few, many = (
        step("word", lambda world, who=who: (sets("merchants", reference=who)(world), nobody_aware(world)), half=500.0)
        for who in (vouching, True)
    )
    assert holds(1, few.decision_makers.aware, many.decision_makers.aware)


def test_promises_win_rounds_as_far_as_they_are_believed(found: Found, step: Step) -> None:
    """A promise adds to what a firm hopes for, at the vendor's credibility."""
    def offer(promised: bool, credibility: float) -> Change:
        def change(world: World) -> None:
            convinced(world)
            sets("vendor", credibility=credibility, polish=0.9, maturity=0.3)(world)
            sets("merchants", promised=promised, bespoke=False)(world)

        return change

    worlds = (step("buying", offer(*terms)) for terms in ((False, 0.9), (True, 0.05), (True, 0.9)))
    signed = [np.count_nonzero(world.merchants.status == SIGNED) for world in worlds]
    assert signed[0] <= signed[1] <= signed[2]
    assert signed[0] < signed[2]
