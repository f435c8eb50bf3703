"""The platform: merchants open accounts, are cultivated to sell, and the vendor takes a share of what is sold.

A merchant goes from entry through account set-up and cultivation to monetisation. Its gross merchandise value (GMV) is
active people × basket × cultivation; the platform also brings it sales to other merchants' consumers. The vendor earns
commission on GMV, cost per sale (CPS) on what it brought, a fee for use, and advertising. What a merchant pays lowers its own
gain, and advertising takes from what consumers experience: renewal, push and use follow next week. A business model is nothing
but these levers beside the fee; with all of them at 0 there is no platform.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from sim.agents.mechanism import Mechanism
from sim.agents.merchants import LIVE
from sim.agents.population import Column, Ids
from sim.agents.world import World
from sim.curves import probability
from sim.draws import Draws, Floats
from sim.fields import Measure, par

TAKEN = ("gmv_commission", "advertising", "cps", "use_fees")


class Platform(Mechanism):
    """Accounts, cultivation, GMV, and what is taken of it."""

    accounts: bool = par(False, "open merchants' accounts and cultivate them though nothing is taken yet", role="lever")
    take_rate: float = par(0.0, "commission on what merchants sell to their own consumers", unit="share", bounds=(0, 1), role="lever")
    cps_rate: float = par(0.0, "commission on the sales that the platform brings (cost per sale)", unit="share", bounds=(0, 1), role="lever")
    ad_load: float = par(0.0, "advertising shown to an active consumer, as a share of the most there is room for", unit="share", bounds=(0, 1), role="lever")
    use_fee: float = par(0.0, "fee a merchant pays for the use by an active consumer", unit="money/week/person", bounds=(0, 1e6), role="lever")
    basket: float = par(80.0, "what an active consumer buys of a merchant that is fully cultivated", unit="money/week/person", bounds=(0, 1e6))
    set_up: float = par(0.15, "hazard at which a merchant's account is set up", unit="1/week", bounds=(0, 5))
    cultivation: float = par(0.04, "speed at which an account is cultivated", unit="1/week", bounds=(0, 1))
    helped: float = par(0.6, "share of that speed, and of set-up, that hangs on prompt support", unit="share", bounds=(0, 1), off=0.0)
    crossing: float = par(0.1, "share of what is bought that consumers also buy of another merchant, where all are cultivated", unit="share", bounds=(0, 1), off=0.0)
    sale_margin: float = par(0.25, "merchant's margin on a sale that was brought", unit="share", bounds=(0, 1))
    ad_price: float = par(1.0, "advertising revenue of an active consumer at full load", unit="money/week/person", bounds=(0, 1e6))
    annoyance: float = par(0.5, "share of a consumer's experience that advertising at full load takes", unit="share", bounds=(0, 1), off=0.0)

    COLUMNS: ClassVar[dict[str, tuple[Column, ...]]] = {
        "merchants": (
            Column("account", np.bool_, False, "flag", "its account on the vendor's platform is set up"),
            Column("cultivated", np.float64, 0.0, "0-1", "how far it has learned to sell on the platform", (0.0, 1.0)),
        ),
        "vendor": (Column("platform_open", np.bool_, False, "flag", "merchants are let onto the platform"),),
    }
    WRITES: ClassVar[dict[str, tuple[str, ...]]] = {
        "merchants": ("account", "cultivated", "charges", "brought_gain"),
        "vendor": ("platform_open", "clutter"),
    }
    PURPOSES: ClassVar[tuple[str, ...]] = ("set_up",)
    MEASURES: ClassVar[tuple[Measure, ...]] = (
        Measure("platform_accounts", "firms", "stock", "live merchants whose account is set up"),
        Measure("cultivation", "0-1", "stock", "mean cultivation of live merchants (not known where there are none)"),
        Measure("gmv", "money", "flow", "gross merchandise value: what merchants sell to their consumers, and what the platform brings"),
        Measure("brought_sales", "money", "flow", "sales that the platform brought"),
        Measure("cps_revenue", "money", "flow", "commission on the sales that the platform brought"),
        Measure("take_revenue", "money", "flow", "all that the platform takes: commission, CPS, use fees and advertising"),
        Measure("take_share", "share", "ratio", "what the platform takes of gross merchandise value", ("take_revenue", "gmv")),
    )

    def step(self, world: World, draws: Draws) -> None:
        """Open and cultivate accounts, let merchants sell, take the vendor's share."""
        vendor = world.vendor
        vendor.clutter = self.annoyance * self.ad_load
        taking = self.take_rate + self.cps_rate + self.ad_load + self.use_fee
        vendor.platform_open = vendor.platform_open or self.accounts or taking > 0
        if not vendor.platform_open:
            return
        live = world.live()
        self._cultivate(world, draws, live)
        own, brought = self._sales(world, live)
        self._take(world, live, own, brought)

    def _cultivate(self, world: World, draws: Draws, live: Ids) -> None:
        """Set accounts up and cultivate them, faster where support answers promptly; who has left loses its account."""
        merchants, columns = world.merchants, world.merchants.columns
        gone = np.flatnonzero(merchants.account & (merchants.status != LIVE))
        columns["account"][gone], columns["cultivated"][gone] = False, 0.0
        pace = 1.0 - self.helped * (1.0 - world.vendor.response)
        waiting = live[~merchants.account[live]]
        columns["account"][waiting[draws("set_up").happens(probability(self.set_up * pace), waiting)]] = True
        at = live[merchants.account[live]]
        columns["cultivated"][at] += self.cultivation * pace * (1.0 - merchants.cultivated[at])

    def _sales(self, world: World, live: Ids) -> tuple[Floats, Floats]:
        """Return what each live merchant sells this week to its own consumers and what the platform brings it, shapes (m,).

        What is brought goes to merchants by size × cultivation, and is nothing where nobody is cultivated.
        """
        merchants = world.merchants
        active, ready, size = merchants.active_people[live], merchants.cultivated[live], merchants.size[live]
        pool = self.crossing * self.basket * active.sum()
        return self.basket * active * ready, pool * size * ready / max(float(size.sum()), 1e-12)

    def _take(self, world: World, live: Ids, own: Floats, brought: Floats) -> None:
        """Book what the vendor takes and what it costs each merchant."""
        columns, active = world.merchants.columns, world.merchants.active_people[live]
        commission, cps, used = self.take_rate * own, self.cps_rate * brought, self.use_fee * active
        for name, amounts in (("charges", commission + cps + used), ("brought_gain", self.sale_margin * brought)):
            columns[name][:] = 0.0
            columns[name][live] = amounts
        advertising = self.ad_load * self.ad_price * float(active.sum())
        for account, amount in zip(TAKEN, (commission.sum(), advertising, cps.sum(), used.sum()), strict=True):
            world.earn(account, amount)
        world.count("gmv", own.sum() + brought.sum())
        world.count("brought_sales", brought.sum())
        world.count("cps_revenue", cps.sum())
        world.count("take_revenue", commission.sum() + advertising + cps.sum() + used.sum())

    def stocks(self, world: World) -> dict[str, float]:
        """Return accounts set up and mean cultivation."""
        merchants, live = world.merchants, world.live()
        known = float(merchants.cultivated[live].mean()) if len(live) else float("nan")
        return {"platform_accounts": float(np.count_nonzero(merchants.account[live])), "cultivation": known}
