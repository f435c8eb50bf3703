"""The round: how a firm buys.

Members who know of it try the product; colleagues and meetings tell the others. Each weighs
U = w_v (μ + what is promised) − w_r/√τ − costs − how well it is served already (less where the product is the standard), plus an error drawn once per round: ε = √ρ ε_firm + √(1−ρ) ε_person
(ρ about 0.05 turns 81 % with one veto-holder into 31 % with six; CEB 2015). Approval is looked at again as beliefs move,
never redrawn. The round ends by signing (all veto-holders aware and approving), by an informed veto, or at the end of the
window (no decision: 40-60 % of qualified rounds, Dixon & McKenna 2022).
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sim.agents.decision_makers import ROLES, TECHNICAL, posterior_mean, posterior_precision, utility
from sim.agents.mechanism import Mechanism
from sim.agents.merchants import PROSPECT, REP, RESELLER, ROUND, ROUTES, SIGNED, TELESALES
from sim.agents.population import Bools, Ids
from sim.agents.world import SECURITY, SOURCE, SOURCES, World
from sim.curves import probability
from sim.draws import Draws, Floats
from sim.fields import Event, Measure, par


class Buying(Mechanism):
    """Decision-makers evaluate, approve, oppose or stay undecided."""

    fee: float = par(380.0, "fee of a new contract", unit="money/week", bounds=(0, 1e6), role="lever")
    pilot_share: float = par(0.0, "share of open rounds in which a pilot runs this week", unit="share", bounds=(0, 1), role="lever")
    value_weight: float = par(6.0, "weight of believed value", unit="utility", bounds=(0, 50))
    risk_weight: float = par(2.5, "weight of uncertainty (1/√precision)", unit="utility", bounds=(0, 50))
    cost: float = par(1.2, "integration and operating effort, exclusivity and the status quo", unit="utility", bounds=(-10, 10), role="uncertain", plausible=(1.0, 1.4))
    price_weight: float = par(1.0, "disutility of the usual fee", unit="utility", bounds=(0, 10))
    usual_fee: float = par(380.0, "fee the market takes as usual", unit="money/week", bounds=(1, 1e6))
    role_value: tuple[float, ...] = par((1.0, 1.0, 1.0, 1.0, 1.0), "weight of value by role", unit="×", bounds=(0, 10))
    role_price: tuple[float, ...] = par((1.2, 0.8, 0.5, 2.0, 0.3), "weight of price by role", unit="×", bounds=(0, 10))
    security: float = par(0.3, "share of a technical decider's judgement of value that is information security", unit="share", bounds=(0, 1), off=0.0)
    correlation: float = par(0.05, "correlation of errors inside a firm", unit="share", bounds=(0, 1), source="81 % with one decider, 31 % with six (CEB 2015)")
    undecided: float = par(0.6, "utility below zero down to which a person stays undecided", unit="utility", bounds=(0, 10), role="uncertain", plausible=(0.4, 0.8))
    evaluation: float = par(2.0, "precision of what one week of trying tells", unit="1/variance", bounds=(0, 100), role="uncertain", plausible=(1.4, 2.6))
    shows_today: float = par(1.0, "share of an evaluation that shows today's product (the rest shows `finished`)", unit="share", bounds=(0, 1), off=0.0)
    finished: float = par(0.6, "value of a finished product, where evaluations show that", unit="0-1", bounds=(0, 1))
    pilot: float = par(3.0, "precision of an evaluation in a pilot", unit="×", bounds=(1, 100))
    noise: float = par(0.08, "spread of what an evaluation shows", unit="0-1", bounds=(0, 1))
    trying: tuple[float, ...] = par((0.50, 0.40, 0.25, 0.35), "hazard at which a member tries it: rep, reseller, self-service, telesales", unit="1/week", bounds=(0, 5))
    meeting: tuple[float, ...] = par((0.30, 0.25, 0.03, 0.12), "hazard at which meetings make a member aware: rep, reseller, self-service, telesales", unit="1/week", bounds=(0, 5))
    colleagues: float = par(0.20, "hazard at which colleagues pass on awareness and what they saw", unit="1/week", bounds=(0, 5), role="uncertain", plausible=(0.13, 0.27))
    second_hand: float = par(0.3, "precision of what a colleague saw", unit="×", bounds=(0, 1))
    paperwork: float = par(1.0, "hazard at which an agreed contract is signed", unit="1/week", bounds=(0.01, 100))
    refusal: float = par(0.25, "hazard at which an informed opponent ends the round", unit="1/week", bounds=(0, 5), off=0.0)
    budget_size: float = par(2.5, "size from which firms sign only in budget windows", unit="× mean firm", bounds=(0, 1000))
    faults: float = par(0.004, "engineering that answers one round's trial of a product without polish", unit="person-weeks/week", bounds=(0, 10), off=0.0, role="uncertain", plausible=(0.003, 0.005))
    rejection_talk: float = par(2.25, "how much more a firm that rejected talks than one left undecided", unit="×", bounds=(0, 20), source="losses count 2.25 times (Tversky & Kahneman 1992)")
    contested_discount: float = par(0.1, "share of the fee that a firm with two sellers bargains off", unit="share", bounds=(0, 1), off=0.0)
    contested_margin: float = par(0.6, "share of the usual margin that the reseller of a contested account gets", unit="share", bounds=(0, 1), off=1.0)
    most_pilots: float = par(0.3, "most of engineering that pilots get", unit="share", bounds=(0, 1))
    pilot_engineering: float = par(0.2, "engineering a pilot takes", unit="person-weeks/week", bounds=(0, 100))
    pilot_service: float = par(0.2, "support a pilot takes", unit="person-weeks/week", bounds=(0, 100))
    discount: float = par(0.0, "share off the fee of a new contract until its first renewal", unit="share", bounds=(0, 1), role="lever")
    role_effort: tuple[float, ...] = par((0.0, 0.0, 0.0, 0.0, 0.0), "further effort of integration as each role weighs it, for a product as light as a points mall", unit="utility", bounds=(0, 10))

    WRITES: ClassVar[dict[str, tuple[str, ...]]] = {
        "merchants": ("status", "window_end", "signed_week", "expected", "fee", "list_fee", "agreed", "talk", "seen", "promised", "route", "reseller", "rival", "margin_share"),
        "decision_makers": ("aware", "mean", "precision", "error", "evaluated"),
        "resellers": ("sold", "deals"),
        "vendor": ("trial_work", "pilot_support", "fee"),
    }
    PURPOSES: ClassVar[tuple[str, ...]] = ("aware", "try", "show", "hear", "firm_error", "person_error", "sign", "refuse", "pilot")
    MEASURES: ClassVar[tuple[Measure, ...]] = (
        Measure("signed_merchants", "firms", "flow", "firms that signed", by=("channel", "route", "segment", "region")),
        Measure("decided_rounds", "rounds", "flow", "rounds that ended, however"),
        Measure("rejections", "rounds", "flow", "rounds ended by an informed veto"),
        Measure("no_decisions", "rounds", "flow", "rounds left undecided"),
        Measure("cycle_sum", "weeks", "flow", "weeks from round to signature, added up"),
        Measure("reseller_wins", "firms", "flow", "firms signed through resellers"),
        Measure("rep_wins", "firms", "flow", "firms signed through reps"),
        Measure("telesales_wins", "firms", "flow", "firms signed through telesales"),
        Measure("partner_wins", "firms", "flow", "firms signed that an acquisition partner brought"),
        Measure("first_deals", "resellers", "flow", "resellers that signed their first firm"),
        Measure("first_deal_wait", "weeks", "flow", "weeks from their sign-up to that signature, added up"),
        Measure("sem_wins", "firms", "flow", "firms signed that search advertising had reached last"),
        Measure("inbound_wins", "firms", "flow", "firms signed that came by search, content, word or badge"),
        Measure("win_rate", "share", "ratio", "signed of decided rounds", ("signed_merchants", "decided_rounds")),
        Measure("rejection_share", "share", "ratio", "rejected of decided rounds", ("rejections", "decided_rounds")),
        Measure("no_decision_share", "share", "ratio", "undecided of decided rounds", ("no_decisions", "decided_rounds")),
        Measure("cycle_weeks", "weeks", "ratio", "mean weeks from round to signature", ("cycle_sum", "signed_merchants")),
        Measure("reseller_win_share", "share", "ratio", "signed through resellers", ("reseller_wins", "signed_merchants")),
        Measure("inbound_share", "share", "ratio", "signed that came by themselves", ("inbound_wins", "signed_merchants")),
        Measure("wins_per_rep", "firms/person-week", "ratio", "signed through reps per rep-week", ("rep_wins", "rep_weeks")),
        Measure("weeks_to_first_deal", "weeks", "ratio", "mean weeks from a reseller's sign-up to its first signature, where there was one", ("first_deal_wait", "first_deals")),
        Measure("pipeline_value", "money", "stock", "a year's fees of the open rounds at the win rate of the last 26 weeks"),
        Measure("sem_clicks_per_win", "clicks", "ratio", "search clicks bought per firm won by them", ("sem_clicks", "sem_wins")),
    )
    EVENTS: ClassVar[tuple[Event, ...]] = (
        Event("signed", "a firm signs", agent="reseller of the round", cause="channel that reached it last", ref="route (code)", value="weeks since it enquired"),
        Event("rejected", "an informed veto ends a round", agent="reseller of the round", cause="role of the veto-holder", ref="route (code)", value="value that was seen"),
        Event("no_decision", "time runs out", agent="reseller of the round", cause="veto-holder unaware, or undecided", ref="route (code)", value="value that was seen"),
    )

    def step(self, world: World, draws: Draws) -> None:
        """One week in every open round."""
        world.vendor.fee = self.fee
        firms = np.flatnonzero(world.merchants.status == ROUND)
        who, owner = world.ties.members(firms)
        self._begin(world, draws, firms, who, owner)
        pilots = self._pilots(world, draws, firms)
        self._spread_word(world, draws, firms, who, owner)
        self._try(world, draws, firms, who, owner, pilots)
        approves, opposes = self._judge(world, firms, who, owner)
        self._end(world, draws, firms, who, owner, approves, opposes)

    def _begin(self, world: World, draws: Draws, firms: Ids, who: Ids, owner: Ids) -> None:
        """Draw the errors of rounds opened this week: one of the firm, one of each person."""
        new = (world.merchants.round_week[firms] == world.week)[owner]
        at = who[new]
        shared = draws("firm_error").normal(world.decision_makers.merchant[at])
        own = draws("person_error").normal(at)
        world.decision_makers.columns["error"][at] = np.sqrt(self.correlation) * shared + np.sqrt(1 - self.correlation) * own

    def _pilots(self, world: World, draws: Draws, firms: Ids) -> Bools:
        """Return which rounds run a pilot this week; book the work that trials take: the less polished, the more faults."""
        chosen = draws("pilot").happens(self.pilot_share, firms)
        most = int(self.most_pilots * world.vendor.engineers / max(self.pilot_engineering, 1e-9))
        chosen &= np.cumsum(chosen) <= most
        faults = self.faults * len(firms) * (1.0 - world.vendor.polish)
        world.vendor.trial_work = float(chosen.sum() * self.pilot_engineering + faults)
        world.vendor.pilot_support = float(chosen.sum() * self.pilot_service)
        return chosen

    def _spread_word(self, world: World, draws: Draws, firms: Ids, who: Ids, owner: Ids) -> None:
        people = world.decision_makers
        told = np.bincount(owner[people.aware[who]], minlength=len(firms)) > 0
        hazard = world.merchants.pace[firms] * (np.asarray(self.meeting)[world.merchants.route[firms]] + self.colleagues * told)
        learns = draws("aware").happens(probability(hazard)[owner], who)
        people.columns["aware"][who[learns]] = True

    def _try(self, world: World, draws: Draws, firms: Ids, who: Ids, owner: Ids, pilots: Bools) -> None:
        """Members who know of it try the product, or hear from a colleague who did."""
        people, merchants = world.decision_makers, world.merchants
        shown = self.shows_today * world.value(firms) + (1.0 - self.shows_today) * self.finished
        merchants.columns["seen"][firms] = np.clip(shown, 0.0, 1.0)
        trying = probability(merchants.pace[firms] * np.asarray(self.trying)[merchants.route[firms]])
        tries = people.aware[who] & draws("try").happens(trying[owner], who)
        seen_by_some = np.bincount(owner[people.evaluated[who]], minlength=len(firms)) > 0
        hears = ~tries & people.aware[who] & seen_by_some[owner] & draws("hear").happens(probability(self.colleagues), who)
        weight = self.evaluation * np.where(pilots, self.pilot, 1.0)[owner] * np.where(tries, 1.0, self.second_hand)
        at = np.flatnonzero(tries | hears)
        y = self._judged(world, firms, shown, owner[at], people.role[who[at]]) + self.noise * draws("show").normal(who[at])
        rows, w = who[at], weight[at]
        mean, precision = people.mean[rows], people.precision[rows]
        people.columns["mean"][rows] = people.decide(posterior_mean, rows, mean, precision, y, w)
        people.columns["precision"][rows] = people.decide(posterior_precision, rows, precision, w)
        people.columns["evaluated"][who[tries]] = True

    def _judged(self, world: World, firms: Ids, shown: Floats, owner: Ids, role: Ids) -> Floats:
        """Return the value each member sees: technical people look at information security more than others do."""
        vendor, bespoke = world.vendor, world.merchants.bespoke[firms, SECURITY]
        secure = np.maximum(vendor.maturity[SECURITY], 0.95 * bespoke) * vendor.polish
        secure = self.shows_today * secure + (1.0 - self.shows_today) * self.finished
        weight = self.security * (role == TECHNICAL)
        return np.asarray((1.0 - weight) * shown[owner] + weight * secure[owner])

    def _judge(self, world: World, firms: Ids, who: Ids, owner: Ids) -> tuple[Bools, Bools]:
        """Return who approves and who opposes, shape (len(who),)."""
        people, role = world.decision_makers, world.decision_makers.role[who]
        price = self.price_weight * (self._fee(world, firms)[owner] / self.usual_fee) * np.asarray(self.role_price)[role]
        effort = world.market.integration * np.asarray(self.role_effort)[role]
        cost = self.cost + price + (world.merchants.well_served[firms] - world.merchants.standard[firms])[owner] + effort
        weight = self.value_weight * np.asarray(self.role_value)[role]
        hope = people.mean[who] + world.promise(firms)[owner]
        u = people.decide(utility, who, hope, people.precision[who], weight, self.risk_weight, cost, people.error[who])
        return u > 0, (u < -self.undecided) & people.evaluated[who]

    def _fee(self, world: World, firms: Ids) -> Floats:
        """Return the fee on offer to each firm, shape (m,): two sellers who bid for one firm go down."""
        contested = 1.0 - self.contested_discount * (world.merchants.rival[firms] >= 0)
        return np.asarray(self.fee * (1.0 - self.discount) * contested)

    def _end(self, world: World, draws: Draws, firms: Ids, who: Ids, owner: Ids, approves: Bools, opposes: Bools) -> None:
        """Sign, reject or let time run out, in that order."""
        merchants, people, n = world.merchants, world.decision_makers, len(firms)
        veto = people.veto[who]
        missing = np.bincount(owner[veto & ~(approves & people.aware[who])], minlength=n)
        against = np.bincount(owner[veto & opposes], minlength=n)
        open_purse = (merchants.size[firms] < self.budget_size) | ((world.week + firms) % 13 < 7)
        signs = (missing == 0) & open_purse & draws("sign").happens(probability(self.paperwork * merchants.pace[firms]), firms)
        rejects = ~signs & (against > 0) & draws("refuse").happens(probability(self.refusal), firms)
        late = ~signs & ~rejects & (merchants.window_end[firms] <= world.week)
        self._sign(world, firms, who, owner, signs)
        opponent = np.zeros(n, dtype=np.int64)
        opponent[owner[veto & opposes]] = people.role[who[veto & opposes]]
        unaware = np.bincount(owner[veto & ~people.aware[who]], minlength=n) > 0
        self._lose(world, firms[rejects], "rejected", np.array(ROLES)[opponent[rejects]])
        self._lose(world, firms[late], "no_decision", np.where(unaware[late], "veto-holder unaware", "undecided"))
        tried = np.bincount(owner[people.evaluated[who]], minlength=n) > 0
        merchants.columns["talk"][firms] += tried * (self.rejection_talk * rejects + 1.0 * late)
        world.count("rejections", rejects.sum())
        world.count("no_decisions", late.sum())
        world.count("decided_rounds", (signs | rejects | late).sum())

    def _sign(self, world: World, firms: Ids, who: Ids, owner: Ids, signs: Bools) -> None:
        merchants, people, new = world.merchants, world.decision_makers, firms[signs]
        veto = people.veto[who]
        hope = np.bincount(owner[veto], people.mean[who[veto]], len(firms)) / np.bincount(owner[veto], minlength=len(firms))
        terms = (("fee", self._fee(world, new)), ("list_fee", self.fee), ("agreed", 1.0 - self.discount))
        self._share_account(world, new)
        values = (("status", SIGNED), ("signed_week", world.week), ("window_end", -1), *terms, ("expected", np.clip(hope[signs] + world.promise(new), 0, 1)))
        for name, value in values:
            merchants.columns[name][new] = value
        weeks = world.week - merchants.round_week[new] + 1
        lead_weeks = world.week - merchants.lead_week[new]
        world.note("signed", new, merchants.reseller[new], np.array(SOURCES)[merchants.source[new]], merchants.route[new], lead_weeks)
        world.count("cycle_sum", weeks.sum())
        self._count_wins(world, new)
        self._credit_sellers(world, merchants.reseller[new])

    def _share_account(self, world: World, new: Ids) -> None:
        """Let the reseller that also sold in a contested round have the account, unless it is another reseller's; margins fall."""
        columns = world.merchants.columns
        contested = columns["rival"][new] >= 0
        second = new[contested & (columns["reseller"][new] < 0)]
        columns["reseller"][second] = columns["rival"][second]
        columns["margin_share"][new] = 1.0 - (1.0 - self.contested_margin) * contested
        columns["rival"][new] = -1

    def _credit_sellers(self, world: World, held: Ids) -> None:
        """Count this week's signatures, shape (m,) of reseller ids (-1: none), for the resellers that made them."""
        sellers, resellers = held[held >= 0], world.resellers
        first = np.unique(sellers[resellers.sold[sellers] == 0])
        world.count("first_deals", len(first))
        world.count("first_deal_wait", (world.week - resellers.joined_week[first]).sum())
        np.add.at(world.resellers.columns["sold"], sellers, 1)
        np.add.at(world.resellers.columns["deals"], sellers, 1.0)

    def _count_wins(self, world: World, new: Ids) -> None:
        merchants, market = world.merchants, world.market
        source, route = merchants.source[new], merchants.route[new]
        world.count("signed_merchants", len(new))
        world.count("signed_anywhere", len(new))
        keyed = (
            ("channel", source, len(SOURCES)), ("route", route, len(ROUTES)),
            ("segment", merchants.segment[new], market.segments), ("region", merchants.region[new], market.regions),
        )
        for dimension, keys, size in keyed:
            world.split("signed_merchants", dimension, np.bincount(keys, minlength=size).astype(np.float64))
        world.count("reseller_wins", np.count_nonzero(route == RESELLER))
        world.count("rep_wins", np.count_nonzero(route == REP))
        world.count("telesales_wins", np.count_nonzero(route == TELESALES))
        world.count("partner_wins", np.count_nonzero(merchants.bounty[new] > 0))
        world.count("sem_wins", np.count_nonzero(source == SOURCE["sem"]))
        world.count("inbound_wins", np.count_nonzero(np.isin(source, _INBOUND)))

    def _lose(self, world: World, firms: Ids, event: str, cause: NDArray[np.str_]) -> None:
        """Close a lost round: the window is used up, promises lapse; what was learned stays."""
        columns = world.merchants.columns
        world.note(event, firms, columns["reseller"][firms], cause, columns["route"][firms], columns["seen"][firms])
        for name, value in (("status", PROSPECT), ("window_end", world.week), ("promised", False), ("route", -1), ("reseller", -1), ("rival", -1)):
            columns[name][firms] = value

    def stocks(self, world: World) -> dict[str, float]:
        """Return what the open rounds are worth: rounds × fee × win rate × 52."""
        vendor, rounds = world.vendor, np.count_nonzero(world.merchants.status == ROUND)
        rate = vendor.recent_wins.sum() / max(vendor.recent_decided.sum(), 1.0)
        return {"pipeline_value": float(rounds * self.fee * rate * 52.0)}


_INBOUND = [SOURCE[name] for name in ("seo", "content", "word_of_mouth", "badge")]
