"""Sales: enquiries meet capacity. A round opens when somebody aware in a firm in market is served.

Firms large enough go to reps, who have finite places; the rest go to telesales as far as it has places, or serve themselves.
Leads that wait go stale. Resellers open rounds in their territory by effort × skill, and together saturate it; where deals are
not registered they also call on firms in others' rounds, and the round is contested.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from sim.agents.decision_makers import ADMINISTRATOR, EXECUTIVE, enquiry_hazard
from sim.agents.mechanism import Mechanism
from sim.agents.merchants import LEAD, PROSPECT, REP, RESELLER, ROUND, ROUTES, SELF_SERVICE, TELESALES
from sim.agents.population import Bools, Column, Ids
from sim.agents.resellers import ACTIVE
from sim.agents.world import SOURCE, SOURCES, World
from sim.curves import probability, saturation
from sim.draws import Draws, Floats, Purpose
from sim.fields import Event, Measure, par

# The columns that hold a team: who is productive, who is on the payroll, who was wanted week by week.
_REPS = ("ramped_reps", "paid_reps", "wanted_reps")
_TELESALES = ("ramped_telesales", "paid_telesales", "wanted_telesales")


class Sales(Mechanism):
    """Reps, telesales, self-service and resellers take up enquiries and open rounds."""

    reps: float = par(1.0, "reps at work", unit="people", bounds=(0, 1e5), role="lever", extensive=True)
    account_focus: float = par(1.0, "firms of at least this size are served by reps, smaller ones serve themselves", unit="× mean firm", bounds=(0, 100), role="lever")
    segment_focus: int = par(-1, "the only segment reps serve (-1: all)", unit="index", bounds=(-1, 99), role="lever")
    telesales: float = par(0.0, "telesales people at work, who serve by phone what would otherwise serve itself", unit="people", bounds=(0, 1e5), role="lever", extensive=True)
    deal_registration: bool = par(True, "register deals: a firm in a round is closed to (other) resellers", role="lever")
    enquiry: float = par(0.12, "hazard at which a convinced aware person in a firm in market enquires", unit="1/week", bounds=(0, 5), off=0.0, role="uncertain", plausible=(0.08, 0.16))
    initiative: tuple[float, ...] = par((0.9, 1.0, 0.6, 0.3, 0.8), "how readily a person of each role enquires", unit="×", bounds=(0, 10))
    spread: float = par(0.05, "how gradually enquiries fall as belief falls below need", unit="0-1", bounds=(0.001, 1))
    slots_per_rep: float = par(14.0, "rounds a ramped rep holds open", unit="rounds", bounds=(0, 1e9), off=1e6, role="uncertain", plausible=(10, 20))
    ramp: float = par(13.0, "time to ramp a rep", unit="weeks", bounds=(1, 104))
    stale: float = par(0.08, "hazard at which a waiting lead goes cold: the firm settles its need elsewhere", unit="1/week", bounds=(0, 5))
    outreach: float = par(7.0, "firms an idle rep calls", unit="firms/week", bounds=(0, 1000), off=0.0)
    addressable: float = par(60_000.0, "firms on the reps' list", unit="firms", bounds=(1, 1e8), extensive=True)
    reseller_reach: float = par(0.085, "hazard at which a territory full of resellers calls on a firm in market", unit="1/week", bounds=(0, 5), off=0.0, role="uncertain", plausible=(0.06, 0.12))
    reseller_half: float = par(40.0, "reseller effort × skill in a territory at which half of that is reached", unit="resellers", bounds=(0.01, 1e5), extensive=True)
    wage: float = par(6_000.0, "cost of a rep", unit="money/week", bounds=(0, 1e6))
    travel: float = par(150.0, "travel and entertainment for a rep's open round", unit="money/week", bounds=(0, 1e6))
    severance: float = par(8.0, "severance", unit="weeks of wage", bounds=(0, 104))
    notice: float = par(0.0, "time from the lever's fall until who is no longer wanted is off the payroll; nobody sells under notice", unit="weeks", bounds=(0, 52), off=0.0)
    telesales_wage: float = par(2_500.0, "cost of a telesales person", unit="money/week", bounds=(0, 1e6))
    telesales_slots: float = par(30.0, "rounds a ramped telesales person holds open", unit="rounds", bounds=(0, 1e9), off=0.0)

    COLUMNS: ClassVar[dict[str, tuple[Column, ...]]] = {
        "vendor": (
            Column("ramped_reps", np.float64, -1.0, "people", "reps that are productive (-1: not started)"),
            Column("paid_reps", np.float64, 0.0, "people", "reps on the payroll, those under notice included", (0.0, np.inf)),
            Column("wanted_reps", np.float64, 0.0, "people", "reps asked for this week and in the weeks before, latest first", (0.0, np.inf), 53),
            Column("ramped_telesales", np.float64, -1.0, "people", "telesales people that are productive (-1: not started)"),
            Column("paid_telesales", np.float64, 0.0, "people", "telesales people on the payroll", (0.0, np.inf)),
            Column("wanted_telesales", np.float64, 0.0, "people", "telesales people asked for, latest first", (0.0, np.inf), 53),
        ),
    }
    WRITES: ClassVar[dict[str, tuple[str, ...]]] = {
        "vendor": (
            "ramped_reps", "paid_reps", "wanted_reps", "ramped_telesales", "paid_telesales", "wanted_telesales",
            "reps", "rep_capacity", "unserved_leads",
        ),
        "merchants": ("status", "window_end", "source", "lead_week", "round_week", "rounds", "route", "reseller", "rival"),
        "decision_makers": ("aware", "evaluated"),
    }
    PURPOSES: ClassVar[tuple[str, ...]] = ("enquiry", "stale", "outreach", "call", "interest", "which_reseller", "order")
    MEASURES: ClassVar[tuple[Measure, ...]] = (
        Measure("leads", "firms", "flow", "firms that enquired or were won over to a round by a reseller", by=("channel",)),
        Measure("opportunities", "rounds", "flow", "rounds opened", by=("channel", "route")),
        Measure("waiting_leads", "firms", "stock", "leads waiting for a rep"),
        Measure("stale_leads", "firms", "flow", "leads gone cold"),
        Measure("rep_weeks", "person-weeks", "flow", "reps on the payroll"),
        Measure("sales_spend", "money", "flow", "wages, travel and severance of sales"),
        Measure("served_leads", "firms", "flow", "leads taken up by reps and telesales"),
        Measure("lead_wait", "weeks", "flow", "weeks that those leads had waited, added up"),
        Measure("lead_response_weeks", "weeks", "ratio", "mean wait of the leads taken up by reps and telesales", ("lead_wait", "served_leads")),
        Measure("contested_rounds", "rounds", "flow", "rounds of others in which a reseller began to sell as well"),
    )
    EVENTS: ClassVar[tuple[Event, ...]] = (
        Event("lead", "a firm enquires", cause="channel that reached it last"),
        Event("lead_cold", "a waiting lead goes cold", cause="waited too long, or its need is over", value="weeks it waited"),
        Event("opportunity", "a round opens", agent="reseller that opened it", cause="channel that reached the firm last", ref="route (code)"),
        Event("contested", "a second seller comes into a round", agent="the second seller, a reseller", cause="route of the round", ref="route (code)"),
    )

    def step(self, world: World, draws: Draws) -> None:
        """Staff, take enquiries, let leads go stale, open rounds on every route."""
        self._staff(world)
        self._enquire(world, draws)
        self._go_stale(world, draws)
        self._serve(world, draws)
        self._resell(world, draws)

    def _staff(self, world: World) -> None:
        vendor = world.vendor
        vendor.reps, ramped, paid = self._team(world, _REPS, self.reps, self.wage)
        vendor.rep_capacity = ramped * self.slots_per_rep
        rounds = np.count_nonzero((world.merchants.status == ROUND) & (world.merchants.route == REP))
        world.pay("travel", rounds * self.travel)
        world.count("rep_weeks", paid)
        world.count("sales_spend", rounds * self.travel)
        self._team(world, _TELESALES, self.telesales, self.telesales_wage)

    def _team(self, world: World, team: tuple[str, str, str], wanted: float, wage: float) -> tuple[float, float, float]:
        """Pay a team, those under notice and those who leave; return who is at work, who of them is productive, who is paid."""
        staffed, (productive, payroll, calendar) = world.vendor.staffed, (world.vendor.columns[name] for name in team)
        calendar[0, 1:] = calendar[0, :-1]
        calendar[0, 0] = wanted
        at_work, paid = wanted * staffed, calendar[0, : int(self.notice) + 1].max() * staffed
        before = productive[0]
        productive[0] = at_work if before < 0 else min(before + (at_work - before) / self.ramp, at_work)
        leaving = max(payroll[0] - paid, 0.0) * (staffed >= 1.0)  # who leaves because he is not paid gets no severance either
        payroll[0] = paid
        world.pay("sales", paid * wage)
        world.pay("severance", leaving * self.severance * wage)
        world.count("sales_spend", (paid + leaving * self.severance) * wage)
        return at_work, productive[0], paid

    def _enquire(self, world: World, draws: Draws) -> None:
        """In each firm in market the keenest aware person decides whether to enquire."""
        merchants, people = world.merchants, world.decision_makers
        firms = world.in_market()
        firms = firms[merchants.status[firms] == PROSPECT]
        who, owner = world.ties.members(firms)
        knows = people.aware[who]
        who, owner = who[knows], owner[knows]
        initiative = self.enquiry * np.asarray(self.initiative)[people.role[who]]
        hazard = people.decide(enquiry_hazard, who, people.mean[who], world.market.need, self.spread, initiative)
        first = np.flatnonzero(np.diff(owner, prepend=-1))
        if not len(first):
            return
        keenest = np.maximum.reduceat(hazard, first)
        firms = firms[owner[first]]
        new = firms[draws("enquiry").happens(probability(keenest), firms)]
        merchants.columns["status"][new] = LEAD
        merchants.columns["lead_week"][new] = world.week
        merchants.columns["source"][new[merchants.source[new] < 0]] = SOURCE["other"]
        self._count_by_source(world, "leads", new)
        world.note("lead", new, -1, np.array(SOURCES)[merchants.source[new]])

    def _go_stale(self, world: World, draws: Draws) -> None:
        merchants = world.merchants
        waiting = np.flatnonzero((merchants.status == LEAD) & (merchants.lead_week < world.week))
        over = merchants.window_end[waiting] < world.week
        gone = draws("stale").happens(probability(self.stale), waiting) | over
        cause = np.where(over[gone], "its need is over", "waited too long")
        world.note("lead_cold", waiting[gone], -1, cause, -1, world.week - merchants.lead_week[waiting[gone]])
        merchants.columns["status"][waiting[gone]] = PROSPECT
        merchants.columns["window_end"][waiting[gone]] = world.week - 1
        world.count("stale_leads", gone.sum())

    def _serve(self, world: World, draws: Draws) -> None:
        """Reps take large firms, oldest lead first; telesales takes others while it has places; idle reps call on new firms."""
        merchants, vendor = world.merchants, world.vendor
        waiting = np.flatnonzero(merchants.status == LEAD)
        for_reps = self._for_reps(world, waiting)
        order = draws("order")
        by_phone = self._by_phone(world, order, waiting[~for_reps])
        self._open(world, np.setdiff1d(waiting[~for_reps], by_phone), SELF_SERVICE)
        self._open(world, by_phone, TELESALES)
        queue = waiting[for_reps]
        queue = queue[np.lexsort((order.uniform(queue), merchants.lead_week[queue]))]
        busy = np.count_nonzero((merchants.status == ROUND) & (merchants.route == REP))
        free = max(int(vendor.rep_capacity) - int(busy), 0)
        self._open(world, np.sort(queue[:free]), REP)
        vendor.unserved_leads = float(max(len(queue) - free, 0))
        self._call(world, draws, max(free - len(queue), 0))

    def _by_phone(self, world: World, order: Purpose, firms: Ids) -> Ids:
        """Return which of `firms` telesales takes: as many as it has free places, by lot."""
        places = int(world.vendor.ramped_telesales * self.telesales_slots)
        if places <= 0:
            return firms[:0]
        busy = np.count_nonzero((world.merchants.status == ROUND) & (world.merchants.route == TELESALES))
        chosen = np.argsort(order.uniform(firms), kind="stable")[: max(places - busy, 0)]
        return np.sort(firms[chosen])

    def _for_reps(self, world: World, firms: Ids) -> Bools:
        merchants = world.merchants
        large = merchants.size[firms] >= self.account_focus
        return np.asarray(large & ((self.segment_focus < 0) | (merchants.segment[firms] == self.segment_focus)))

    def _call(self, world: World, draws: Draws, idle: int) -> None:
        """Cold outreach: administrators of firms on the list learn of the vendor."""
        merchants = world.merchants
        firms = np.flatnonzero(merchants.status == PROSPECT)
        firms = firms[self._for_reps(world, firms)]
        idle_reps = world.vendor.ramped_reps * idle / max(world.vendor.rep_capacity, 1e-9)
        called = firms[draws("outreach").happens(probability(self.outreach * idle_reps / self.addressable), firms)]
        world.decision_makers.columns["aware"][world.ties.covers[called, ADMINISTRATOR]] = True
        merchants.columns["source"][called] = SOURCE["cold_outreach"]

    def _resell(self, world: World, draws: Draws) -> None:
        """Resellers call on firms in market in their territory; who finds it worth a look opens a round, or lets them join in."""
        merchants, resellers, people = world.merchants, world.resellers, world.decision_makers
        power = np.where(resellers.state == ACTIVE, resellers.effort * resellers.skill * resellers.talent, 0.0)
        by_region = np.bincount(resellers.region, power, world.market.regions) if resellers.n else np.zeros(world.market.regions)
        hazard = self.reseller_reach * saturation(by_region, self.reseller_half)
        firms = world.in_market()
        firms = firms[self._open_to_resellers(world, firms)]
        called = firms[draws("call").happens(probability(hazard)[merchants.region[firms]], firms)]
        who = world.ties.covers[called, ADMINISTRATOR]
        merchants.columns["source"][called[merchants.status[called] == PROSPECT]] = SOURCE["reseller"]
        people.columns["aware"][who] = True
        people.columns["aware"][world.ties.covers[called, EXECUTIVE]] = True
        interest = people.decide(enquiry_hazard, who, people.mean[who], world.market.need, self.spread, 1.0)
        wanted = called[draws("interest").happens(interest, called)]
        seller, free = self._sellers(world, draws, wanted, power), merchants.status[wanted] == PROSPECT
        self._contest(world, wanted[~free], seller[~free])
        opened = wanted[free]
        merchants.columns["reseller"][opened] = seller[free]
        merchants.columns["lead_week"][opened] = world.week
        self._count_by_source(world, "leads", opened)
        self._open(world, opened, RESELLER)

    def _open_to_resellers(self, world: World, firms: Ids) -> Bools:
        """Return which firms resellers may call on, shape (m,): free ones, and without registration those in somebody's round."""
        merchants = world.merchants
        free = np.asarray(merchants.status[firms] == PROSPECT)
        if self.deal_registration:
            return free
        shared = (merchants.status[firms] == ROUND) & (merchants.route[firms] != SELF_SERVICE) & (merchants.rival[firms] < 0)
        return np.asarray(free | shared)

    def _sellers(self, world: World, draws: Draws, firms: Ids, power: Floats) -> Ids:
        """Return the reseller that calls on each firm, shape (m,): one of its region, by its part of `power`."""
        chance, regions, seller = draws("which_reseller"), world.merchants.region[firms], np.full(len(firms), -1)
        for region in np.unique(regions):
            here = np.flatnonzero(regions == region)
            mine = np.flatnonzero((world.resellers.region == region) & (power > 0))
            seller[here] = mine[chance.choice(np.cumsum(power[mine]), firms[here])]
        return seller

    def _contest(self, world: World, firms: Ids, seller: Ids) -> None:
        """Let resellers sell in rounds that others have opened; one that calls on its own firm contests nothing."""
        merchants = world.merchants
        another = merchants.reseller[firms] != seller
        contested = firms[another]
        merchants.columns["rival"][contested] = seller[another]
        world.count("contested_rounds", len(contested))
        world.note("contested", contested, seller[another], np.array(ROUTES)[merchants.route[contested]], merchants.route[contested])

    def _open(self, world: World, firms: Ids, route: int) -> None:
        columns = world.merchants.columns
        columns["status"][firms] = ROUND
        columns["route"][firms] = route
        columns["round_week"][firms] = world.week
        columns["rounds"][firms] += 1
        world.decision_makers.columns["evaluated"][world.ties.members(firms)[0]] = False
        self._count_by_source(world, "opportunities", firms)
        if route in (REP, TELESALES):
            world.count("served_leads", len(firms))
            world.count("lead_wait", (world.week - columns["lead_week"][firms]).sum())
        world.split("opportunities", "route", np.bincount(np.full(len(firms), route), minlength=len(ROUTES)).astype(np.float64))
        world.note("opportunity", firms, columns["reseller"][firms] if route == RESELLER else -1, np.array(SOURCES)[columns["source"][firms]], route)

    def _count_by_source(self, world: World, measure: str, firms: Ids) -> None:
        world.count(measure, len(firms))
        world.split(measure, "channel", np.bincount(world.merchants.source[firms], minlength=len(SOURCES)).astype(np.float64))

    def stocks(self, world: World) -> dict[str, float]:
        """Return the leads that wait."""
        return {"waiting_leads": world.vendor.unserved_leads}
