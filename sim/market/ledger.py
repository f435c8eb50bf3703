"""The ledger closes the week: every flow named, cash moves by their sum, and the till decides what next week can afford."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from sim.agents.mechanism import Mechanism
from sim.agents.merchants import SIGNED
from sim.agents.population import Column
from sim.agents.world import ACCOUNTS, World
from sim.draws import Draws
from sim.fields import Measure, par

CONSUMER_BORNE = ("commission", "gmv_commission", "advertising", "cps", "use_fees")  # earned by what consumers do
REVENUE = ("subscription", "custom_fees", *CONSUMER_BORNE)
ACQUISITION = (
    "promotion", "sales", "travel", "severance", "channel_support", "recruitment", "partner_bounties", "badge_discounts",
    "badge_advertising", "badge_liability",
)
SERVING = ("support", "reseller_margin", "prizes", "cash_back", "training", "lecturing", "co_marketing")
PAYROLL = ("engineering", "sales", "support", "overhead", "severance")


class Ledger(Mechanism):
    """Revenue, overhead, funding; value."""

    funding: float = par(0.0, "funding received", unit="money/week", bounds=(0, 1e12), role="lever", extensive=True)
    overhead: float = par(15_000.0, "overhead of the opening team", unit="money/week", bounds=(0, 1e9), extensive=True)
    commission: float = par(0.25, "commission on an active consumer", unit="money/week/person", bounds=(0, 1e6))
    credit_line: float = par(0.0, "credit the vendor can draw", unit="money", bounds=(0, 1e12), extensive=True)
    cushion: float = par(5.0, "weeks of payroll in hand below which discretionary spending shrinks", unit="weeks", bounds=(0.1, 104))
    discount: float = par(0.9985, "weekly discount factor of value", unit="1/week", bounds=(0.9, 1))
    consumer_value: float = par(0.0, "value of an active consumer who stays, beyond commission", unit="money/person", bounds=(0, 1e6))
    terminal_weeks: float = par(78.0, "most weeks of expected margin that a live merchant is worth at the end", unit="weeks", bounds=(0, 1040))
    ltv_weeks: float = par(260.0, "most weeks of expected margin that count in lifetime value", unit="weeks", bounds=(0, 1040), source="five years is the usual limit (practitioner guides 2025)")
    target: float = par(3_000.0, "signed merchants that are the declared target", unit="firms", bounds=(0, 1e7), extensive=True)

    COLUMNS: ClassVar[dict[str, tuple[Column, ...]]] = {
        "vendor": (
            Column("discounted", np.float64, 0.0, "money", "discounted cash flow so far, funding excluded"),
            Column("burn", np.float64, 0.0, "money/week", "cash out less cash in, averaged over 13 weeks"),
            Column("insolvent", np.bool_, False, "flag", "the till was empty at some time"),
            Column("recurring", np.float64, 0.0, "money/week", "recurring revenue last week", (0.0, np.inf)),
            Column("signed_so_far", np.float64, 0.0, "firms", "merchants signed since week 0", (0.0, np.inf)),
        ),
    }
    WRITES: ClassVar[dict[str, tuple[str, ...]]] = {"vendor": ("cash", "affordable", "staffed", "discounted", "burn", "insolvent", "recurring", "signed_so_far")}
    MEASURES: ClassVar[tuple[Measure, ...]] = (
        Measure("revenue", "money", "flow", "subscription at list fees, custom fees, commission and what the platform takes", by=("account",)),
        Measure("spend", "money", "flow", "all money out", by=("account",)),
        Measure("funding", "money", "flow", "funding received (cash moves by revenue − spend + funding)"),
        Measure("cash", "money", "stock", "cash in hand"),
        Measure("value", "money", "stock", "discounted cash flow so far plus what the live merchants are worth"),
        Measure("runway_weeks", "weeks", "stock", "weeks the cash lasts at the burn of the last quarter (520 when there is none)"),
        Measure("p_solvent", "share", "stock", "1 while the till was never empty"),
        Measure("week_insolvent", "week", "week", "first week with an empty till"),
        Measure("acquisition_spend", "money", "flow", "promotion, badge, sales, channel programme and support, partners' bounties"),
        Measure("new_margin", "money/week", "flow", "weekly margin of the firms signed this week, at the margin of a live one"),
        Measure("cac_payback_weeks", "weeks", "ratio", "weeks of margin that pay for acquisition", ("acquisition_spend", "new_margin")),
        Measure("signed_lifetime", "money", "flow", "lifetime value of the firms signed this week, at that of a live one"),
        Measure("ltv_cac", "×", "ratio", "lifetime value signed per acquisition spending", ("signed_lifetime", "acquisition_spend")),
        Measure("ltv", "money/firm", "stock", "margin a live merchant is expected to bring, discounted (not known where there is none)"),
        Measure("net_burn", "money", "flow", "cash out less cash in, funding excluded"),
        Measure("new_recurring", "money/year", "flow", "rise of yearly recurring revenue this week"),
        Measure("burn_multiple", "×", "ratio", "cash burnt for one more of yearly recurring revenue", ("net_burn", "new_recurring")),
        Measure("top20_share", "share", "stock", "share of recurring revenue that the top fifth of live merchants brings (not known without)"),
        Measure("p_target", "share", "stock", "1 once as many merchants as the declared target have signed"),
        Measure("week_target", "week", "week", "week in which the declared target was reached"),
        Measure("cac", "money/firm", "ratio", "acquisition spending per signed merchant", ("acquisition_spend", "signed_merchants")),
    )

    def step(self, world: World, draws: Draws) -> None:
        """Book revenue and overhead, close the books, set next week's means."""
        self._book(world)
        vendor, accounts = world.vendor, world.accounts
        net = float(sum(accounts.values()))
        vendor.cash += net
        operating = net - accounts["funding"]
        vendor.discounted += float(np.power(self.discount, float(world.week))) * operating
        vendor.burn += (-operating - vendor.burn) / 13.0
        self._report(world)
        self._afford(world)

    def _book(self, world: World) -> None:
        merchants, paying = world.merchants, world.merchants.status >= SIGNED
        listed = paying & (merchants.list_fee >= 0)
        given = (merchants.list_fee[listed] - merchants.fee[listed]).sum()
        world.earn("subscription", merchants.fee[paying].sum() + given)
        world.pay("discounts", given)
        world.earn("commission", self.commission * merchants.active_people[paying].sum())
        world.earn("funding", self.funding)
        world.pay("overhead", self.overhead)

    def _report(self, world: World) -> None:
        accounts = world.accounts
        earned = np.array([accounts[name] * (name in REVENUE) for name in ACCOUNTS])
        spent = np.array([-accounts[name] * (name not in (*REVENUE, "funding")) for name in ACCOUNTS])
        for measure, amounts in (("revenue", earned), ("spend", spent)):
            world.count(measure, amounts.sum())
            world.split(measure, "account", amounts)
        world.count("funding", accounts["funding"])
        world.count("acquisition_spend", -sum(accounts[name] for name in ACQUISITION))
        live, signed = len(world.live()), world.flows.get("signed_merchants", 0.0)
        world.count("new_margin", signed * max(self._margin(world), 0.0) / live if live else 0.0)
        world.count("signed_lifetime", signed * max(self._worth(world, self.ltv_weeks), 0.0) / live if live else 0.0)
        world.count("net_burn", accounts["funding"] - sum(accounts.values()))
        self._report_growth(world, signed)

    def _report_growth(self, world: World, signed: float) -> None:
        """Count how far recurring revenue rose, and whether the declared target is reached."""
        vendor, accounts = world.vendor, world.accounts
        recurring = accounts["subscription"] + accounts["discounts"] + sum(accounts[name] for name in CONSUMER_BORNE)
        world.count("new_recurring", 52.0 * (recurring - vendor.recurring))
        vendor.recurring = max(recurring, 0.0)
        vendor.signed_so_far += signed
        world.count("week_target", float(vendor.signed_so_far >= self.target))

    def _afford(self, world: World) -> None:
        """When the till runs low discretionary spending shrinks; when it is empty staff that cannot be paid leave."""
        vendor, accounts = world.vendor, world.accounts
        funds = vendor.cash + self.credit_line
        payroll = max(-sum(accounts[name] for name in PAYROLL), 1e-9)
        vendor.affordable = float(np.clip((funds - payroll) / (self.cushion * payroll), 0.0, 1.0))
        vendor.staffed = float(np.clip(funds / payroll, 0.0, 1.0))
        if funds <= 0 and not vendor.insolvent:
            vendor.insolvent = True
            world.count("week_insolvent", 1.0)

    def _margin(self, world: World) -> float:
        """Return this week's margin on live merchants: fees and commission less support, teaching, reseller margin, prizes and cash back."""
        accounts = world.accounts
        brought = sum(accounts[name] for name in CONSUMER_BORNE) * (self.consumer_value == 0)
        cost = -sum(accounts[name] for name in SERVING)
        return float(world.merchants.fee[world.live()].sum() + brought - cost)

    def value(self, world: World) -> float:
        """Return discounted cash so far plus what the live merchants are worth under their survival, and v_C × active consumers.

        Consumers' worth is what they bring later, so with v_C > 0 their commission and what the platform takes are not in margin too.
        Consumers the vendor kept when their merchant went count as far as they are active.
        """
        merchants, vendor, live = world.merchants, world.vendor, world.live()
        people = float((merchants.active_people[live] * merchants.survival[live]).sum()) + vendor.kept_people
        end = max(self._worth(world, self.terminal_weeks), 0.0) + self.consumer_value * people
        return float(vendor.discounted + float(np.power(self.discount, float(world.week))) * end)

    def _worth(self, world: World, limit: float) -> float:
        """Return the margin that live merchants are expected to bring in at most `limit` weeks, discounted, in money.

        One that renews with yearly chance s brings its margin for (1 − k^T)/(1 − k) weeks, k = β s^(1/52), T the limit; from
        its next renewal on at the fee it will then be offered.
        """
        merchants, live = world.merchants, world.live()
        keep = np.minimum(self.discount * np.power(merchants.survival[live], 1.0 / 52.0), 1.0 - 1e-9)
        weeks = (1.0 - np.power(keep, limit)) / (1.0 - keep)
        until = np.minimum(52.0 - (world.week - merchants.live_week[live]) % 52, limit)
        later = weeks - (1.0 - np.power(keep, until)) / (1.0 - keep)
        common = (self._margin(world) - merchants.fee[live].sum()) / max(len(live), 1)
        rise = (world.next_fee(live) - merchants.fee[live]) * later
        return float(((merchants.fee[live] + common) * weeks + rise).sum())

    def _top_share(self, world: World) -> float:
        """Return the share of this week's recurring revenue that the top fifth of live merchants brings."""
        live, active = world.live(), world.merchants.active_people
        by_use = world.accounts["commission"] + world.accounts["advertising"]
        brought = world.dues(live) + by_use * active[live] / max(float(active.sum()), 1e-12)
        if not brought.sum() > 0:
            return float("nan")
        return float(np.sort(brought)[::-1][: int(np.ceil(0.2 * len(live)))].sum() / brought.sum())

    def stocks(self, world: World) -> dict[str, float]:
        """Return cash, value, runway and whether the till was never empty; split revenue and spending by account."""
        vendor, live = world.vendor, len(world.live())
        runway = min(max(vendor.cash, 0.0) / vendor.burn, 520.0) if vendor.burn > 0 else 520.0
        return {
            "cash": vendor.cash, "value": self.value(world), "runway_weeks": runway, "p_solvent": float(not vendor.insolvent),
            "ltv": self._worth(world, self.ltv_weeks) / live if live else float("nan"), "top20_share": self._top_share(world),
            "p_target": float(vendor.signed_so_far >= self.target),
        }
