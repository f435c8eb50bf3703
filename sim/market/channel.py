"""Channel: resellers are recruited, hear support, gain or lose confidence, give effort, and leave.

S is what a reseller hears, e what it expects, T where its confidence is heading:
T = clip(0.6 S + 0.2 D + 0.2 κ' − g (e − S)⁺, 0, 1), e = (1 − κ) EMA₁₃(S) + κ · announced, and confidence falls 2.25 times as
fast as it rises (asymmetry by analogy with Tversky & Kahneman 1992). Support is judged against the expectation before this
week's support enters the average. Effort is a logit over the reseller's lines.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from sim.agents.mechanism import Mechanism
from sim.agents.merchants import LIVE, PROSPECT, RESELLER, ROUND
from sim.agents.population import Column, Ids
from sim.agents.resellers import (
    ACTIVE,
    CANDIDATE,
    LEFT,
    effort_share,
    expected_support,
    next_confidence,
    support_heard,
    target_confidence,
)
from sim.agents.world import World
from sim.curves import probability, saturation
from sim.draws import Draws, Floats
from sim.fields import Event, Measure, par


class Channel(Mechanism):
    """Recruitment, support, confidence, effort, exit."""

    recruitment: float = par(0.0, "programme spending to recruit resellers", unit="money/week", bounds=(0, 1e9), role="lever", extensive=True)
    support_per_reseller: float = par(0.0, "support paid per active reseller", unit="money/week", bounds=(0, 1e6), role="lever")
    announced: float = par(0.0, "support announced per active reseller (used where announce is true)", unit="money/week", bounds=(0, 1e6), role="lever")
    announce: bool = par(False, "publish the support announced (in weeks in which none is announced nothing is published)", role="lever")
    margin: float = par(0.2, "share of the fee that goes to the reseller of the account", unit="share", bounds=(0, 0.9), role="lever", source="SaaS resellers keep 20-40 % of list (practitioner guides 2025)")
    sign_up: float = par(0.06, "hazard at which candidates sign up when the programme is large", unit="1/week", bounds=(0, 5), off=0.0)
    half_recruitment: float = par(20_000.0, "programme spending at which half of that is reached", unit="money/week", bounds=(1, 1e9), extensive=True)
    full_support: float = par(800.0, "support that is heard in full", unit="money/week", bounds=(1, 1e7))
    hears_support: float = par(0.8, "weight of paid support in what a reseller hears", unit="share", bounds=(0, 1), off=0.0)
    hears_promotion: float = par(0.08, "weight of promotion it sees", unit="share", bounds=(0, 1))
    hears_leads: float = par(0.04, "weight of leads shared", unit="share", bounds=(0, 1))
    hears_answers: float = par(0.08, "weight of answers to its tickets", unit="share", bounds=(0, 1))
    half_leads: float = par(200.0, "waiting leads at which half of what sharing them can do is heard", unit="firms", bounds=(0.1, 1e6), extensive=True)
    noise: float = par(0.04, "spread of what is heard", unit="0-1", bounds=(0, 1))
    habit_weeks: float = par(13.0, "span of the average it is used to", unit="weeks", bounds=(1, 104))
    disappointment: float = par(0.3, "confidence lost per support missed", unit="×", bounds=(0, 10), off=0.0, role="uncertain", plausible=(0.15, 0.45))
    speed: float = par(1 / 39, "speed at which confidence rises", unit="1/week", bounds=(0, 1), role="uncertain", plausible=(1 / 52, 1 / 26))
    asymmetry: float = par(2.25, "how much faster it falls", unit="×", bounds=(1, 20), off=1.0, role="uncertain", plausible=(1.5, 3.0), source="losses weigh 2.25 times (Tversky & Kahneman 1992)")
    deals_needed: float = par(0.06, "signatures a week at full effort that satisfy", unit="firms/week", bounds=(0.001, 100))
    believes: float = par(1.0, "share of a published calendar that resellers go by, as far as they trust it", unit="share", bounds=(0, 1), off=0.0)
    trust_gain: float = par(1 / 78, "speed at which trust rises when announcements are kept", unit="1/week", bounds=(0, 1))
    trust_loss: float = par(1 / 3, "speed at which trust falls when they are broken", unit="1/week", bounds=(0, 1))
    lines: float = par(4.0, "other lines a reseller sells", unit="count", bounds=(0, 100))
    appeal: float = par(7.0, "weight of margin × confidence in effort (confidence carries how deals go)", unit="logit", bounds=(0, 100), role="uncertain", plausible=(6.0, 8.0))
    other_appeal: float = par(0.9, "appeal of another line", unit="logit", bounds=(-10, 10))
    prudence: float = par(0.5, "weight of how erratic support is", unit="logit", bounds=(0, 100), off=0.0)
    exit_level: float = par(0.31, "confidence below which it thinks of leaving", unit="0-1", bounds=(0, 1), off=0.0, role="uncertain", plausible=(0.28, 0.33))
    exit_weeks: int = par(8, "weeks below that level until it leaves", unit="weeks", bounds=(1, 520))
    opening_confidence: float = par(0.4, "confidence of a new reseller", unit="0-1", bounds=(0, 1))
    opening_skill: float = par(0.2, "skill of a new reseller", unit="0-1", bounds=(0, 1))
    ramp: float = par(13.0, "time in which skill closes 63 % of its gap, at full effort", unit="weeks", bounds=(1, 520))
    rust: float = par(0.02, "skill lost by a reseller that gives no effort", unit="1/week", bounds=(0, 1), off=0.0)
    pipeline_loss: float = par(1.0, "share of its open rounds lost when a reseller leaves", unit="share", bounds=(0, 1), off=0.0)

    COLUMNS: ClassVar[dict[str, tuple[Column, ...]]] = {
        "resellers": (
            Column("heard", np.float64, 0.0, "0-1", "support heard this week", (0.0, 1.0)),
            Column("gap", np.float64, 0.0, "0-1", "support heard less support expected this week", (-1.0, 1.0)),
        ),
    }
    WRITES: ClassVar[dict[str, tuple[str, ...]]] = {
        "resellers": ("state", "joined_week", "skill", "confidence", "habit", "trust", "surprise", "effort", "deals", "low_weeks", "heard", "gap", "earned", "margin_kept"),
        "merchants": ("status", "window_end", "promised", "route", "reseller", "rival"),
        "vendor": ("programme",),
    }
    PURPOSES: ClassVar[tuple[str, ...]] = ("sign_up", "noise", "pipeline")
    MEASURES: ClassVar[tuple[Measure, ...]] = (
        Measure("resellers_active", "resellers", "stock", "active resellers", by=("region",)),
        Measure("reseller_confidence", "0-1", "stock", "mean confidence of active resellers"),
        Measure("reseller_effort", "share", "stock", "mean effort share of active resellers"),
        Measure("expectation_gap", "0-1", "stock", "mean support heard less support expected"),
        Measure("productive_reseller_share", "share", "stock", "of all that ever signed up, those that ever sold"),
        Measure("reseller_exits", "resellers", "flow", "resellers that left"),
        Measure("reseller_sign_ups", "resellers", "flow", "resellers that signed up"),
        Measure("channel_support", "money", "flow", "support paid to resellers"),
        Measure("channel_spend", "money", "flow", "support, programme and margin"),
    )
    EVENTS: ClassVar[tuple[Event, ...]] = (
        Event("reseller_joined", "a reseller signs up", agent="the reseller", cause="programme, or promotion it saw"),
        Event("no_decision", "a round ends because its reseller left", agent="the reseller", cause="reseller left", ref="route (code)", value="value that was seen"),
        Event("reseller_left", "a reseller leaves", agent="the reseller", value="confidence"),
    )

    def step(self, world: World, draws: Draws) -> None:
        """Recruit, support, feel, decide on effort, leave. Acts on next week's rounds."""
        self._recruit(world, draws)
        active = np.flatnonzero(world.resellers.state == ACTIVE)
        shortfall = self._hear(world, draws, active)
        self._feel(world, active, shortfall)
        self._work(world, active)
        self._leave(world, draws, active)
        self._pay(world, active)

    def _recruit(self, world: World, draws: Draws) -> None:
        resellers, vendor = world.resellers, world.vendor
        candidates = np.flatnonzero(resellers.state == CANDIDATE)
        paid = self.recruitment * vendor.affordable
        vendor.programme = saturation(paid, self.half_recruitment)
        hazard = self.sign_up * vendor.programme + (vendor.recruiting if self.sign_up > 0 else 0.0)
        new = candidates[draws("sign_up").happens(probability(hazard), candidates)]
        heard = self._expected_at_start()
        values = (("state", ACTIVE), ("joined_week", world.week), ("skill", self.opening_skill), ("confidence", self.opening_confidence), ("habit", heard))
        for name, value in values:
            resellers.columns[name][new] = value
        world.pay("recruitment", paid)
        world.count("channel_spend", paid)
        world.count("reseller_sign_ups", len(new))
        cause = "programme" if self.sign_up * vendor.programme >= vendor.recruiting else "promotion"
        world.note("reseller_joined", np.full(len(new), -1), new, cause)

    def _expected_at_start(self) -> float:
        """A newcomer expects what the vendor pays when it signs up."""
        return min(self.hears_support * self.support_per_reseller / self.full_support, 1.0)

    def _hear(self, world: World, draws: Draws, active: Ids) -> Floats:
        """Return e − S, and update what resellers are used to, how erratic support is, and trust in announcements."""
        resellers, vendor = world.resellers, world.vendor
        paid = self.support_per_reseller * vendor.affordable
        level = self.hears_support * paid / self.full_support + self.noise * draws("noise").normal(active)
        leads = self.hears_leads * saturation(vendor.unserved_leads, self.half_leads)
        heard = resellers.decide(support_heard, active, level, self.hears_promotion * vendor.visible, leads, self.hears_answers * vendor.response)
        announced = min(self.hears_support * self.announced / self.full_support, 1.0)
        calendar = self.announce and self.announced > 0
        belief = self.believes * resellers.trust[active] * float(calendar)
        expected = resellers.decide(expected_support, active, resellers.habit[active], announced, belief)
        columns = resellers.columns
        columns["habit"][active] += (heard - resellers.habit[active]) / self.habit_weeks
        columns["surprise"][active] += (np.square(heard - expected) - resellers.surprise[active]) / self.habit_weeks
        columns["heard"][active] = heard
        columns["gap"][active] = heard - expected
        if calendar:
            gap = min(paid / self.announced, 1.0) - resellers.trust[active]
            columns["trust"][active] += np.where(gap > 0, self.trust_gain, self.trust_loss) * gap
        return np.asarray(expected - heard)

    def _feel(self, world: World, active: Ids, shortfall: Floats) -> None:
        resellers = world.resellers
        effort = np.maximum(resellers.effort[active], 0.05)
        satisfied = np.minimum(resellers.deals[active] / 26.0 / (self.deals_needed * effort), 1.0)
        heeded = self.believes * float(self.announce and self.announced > 0)
        belief = heeded * resellers.trust[active] + (1.0 - heeded) * 0.5
        target = resellers.decide(target_confidence, active, resellers.heard[active], satisfied, belief, shortfall, self.disappointment)
        resellers.columns["confidence"][active] = resellers.decide(
            next_confidence, active, resellers.confidence[active], target, self.speed, self.asymmetry,
        )
        resellers.columns["deals"] *= 25.0 / 26.0

    def _work(self, world: World, active: Ids) -> None:
        """Effort follows confidence, margin and how erratic support is; skill grows with effort and rusts without."""
        resellers = world.resellers
        margin = (self.margin / (0.2 * world.vendor.margin_demand)) * resellers.margin_kept[active]
        worth = self.appeal * margin * resellers.confidence[active] - self.prudence * resellers.surprise[active]
        effort = resellers.decide(effort_share, active, worth, self.other_appeal, self.lines)
        resellers.columns["effort"][active] = effort
        skill = resellers.skill[active]
        skill = skill + np.minimum(2.0 * effort, 1.0) * (1.0 - skill) / self.ramp - self.rust * np.maximum(1.0 - 2.0 * effort, 0.0) * skill
        resellers.columns["skill"][active] = skill

    def _leave(self, world: World, draws: Draws, active: Ids) -> None:
        resellers, merchants = world.resellers, world.merchants
        low = resellers.confidence[active] < self.exit_level
        resellers.columns["low_weeks"][active] = np.where(low, resellers.low_weeks[active] + 1, 0)
        gone = active[resellers.low_weeks[active] >= self.exit_weeks]
        resellers.columns["state"][gone] = LEFT
        resellers.columns["effort"][gone] = 0.0
        rounds = np.flatnonzero((merchants.status == ROUND) & np.isin(merchants.reseller, gone))
        lost = rounds[draws("pipeline").happens(self.pipeline_loss, rounds)]
        world.note("no_decision", lost, merchants.reseller[lost], "reseller left", RESELLER, merchants.seen[lost])
        for name, value in (("status", PROSPECT), ("window_end", world.week), ("promised", False), ("route", -1), ("reseller", -1), ("rival", -1)):
            merchants.columns[name][lost] = value
        merchants.columns["rival"][np.isin(merchants.rival, gone)] = -1
        world.count("reseller_exits", len(gone))
        world.count("decided_rounds", len(lost))
        world.count("no_decisions", len(lost))
        world.note("reseller_left", np.full(len(gone), -1), gone, "", -1, resellers.confidence[gone])

    def _pay(self, world: World, active: Ids) -> None:
        """Pay support to the active, and margin on the accounts of those still here."""
        merchants, resellers = world.merchants, world.resellers
        support = self.support_per_reseller * world.vendor.affordable * len(active)
        held = np.flatnonzero((merchants.status == LIVE) & (merchants.reseller >= 0))
        held = held[resellers.state[merchants.reseller[held]] == ACTIVE]
        margin = self._share_margin(world, held)
        world.pay("channel_support", support)
        world.pay("reseller_margin", margin)
        world.count("channel_support", support)
        world.count("channel_spend", support + margin)

    def _share_margin(self, world: World, held: Ids) -> float:
        """Book what each reseller earns on the accounts `held`; return the sum. Contested accounts bring less."""
        merchants, resellers = world.merchants, world.resellers
        owner, fee = merchants.reseller[held], merchants.fee[held]
        kept = fee * merchants.margin_share[held]
        usual, got = np.bincount(owner, fee, resellers.n), np.bincount(owner, kept, resellers.n)
        resellers.columns["earned"][:] = self.margin * got
        resellers.columns["margin_kept"][:] = np.divide(got, usual, out=np.ones(resellers.n), where=usual > 0)
        return float(self.margin * kept.sum())

    def stocks(self, world: World) -> dict[str, float]:
        """Return the state of the channel (means are NaN without active resellers)."""
        resellers = world.resellers
        active = np.flatnonzero(resellers.state == ACTIVE)
        joined = np.flatnonzero(resellers.state != CANDIDATE)
        world.split("resellers_active", "region", np.bincount(resellers.region[active], minlength=world.market.regions).astype(np.float64))
        mean = {
            name: float(values.mean()) if len(values) else float("nan")
            for name, values in (
                ("reseller_confidence", resellers.confidence[active]), ("reseller_effort", resellers.effort[active]),
                ("expectation_gap", resellers.gap[active]), ("productive_reseller_share", resellers.sold[joined] > 0),
            )
        }
        return {"resellers_active": float(len(active)), **mean}
