"""Rivals: they enter, improve, copy what is public, and sign firms that are in market.

Choice is exclusive for a contract: a firm that signs with a rival is out of market while bound. It signs with a hazard that
grows with the rival's share of voice, and by a logit (Luce 1959; McFadden 1974) of the rival's offer, less its price, against
what the firm's veto-holders believe of the vendor. What the vendor has shown is copied with a lag, the faster the more visible
the vendor has been: a launch also shows the idea. Searches for the category go to the vendor by its share of voice and its
rank in search, to rivals for the rest.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from sim.agents.mechanism import Mechanism
from sim.agents.merchants import LEAD, PROSPECT, ROUND, signs_with_rival
from sim.agents.population import Column, Ids
from sim.agents.rivals import next_offer
from sim.agents.world import World
from sim.curves import clip01, probability
from sim.draws import Draws, Floats
from sim.fields import Event, Measure, par

LONGEST_LAG = 104


class Rivals(Mechanism):
    """Rivals enter, improve, copy and win firms."""

    first_week: int = par(26, "week in which the first rival enters", unit="week", bounds=(0, 5200))
    apart: int = par(52, "weeks from one entry to the next", unit="weeks", bounds=(0, 5200))
    opening_offer: float = par(0.35, "what a rival's product is worth to a firm when it enters, unless it has copied more", unit="0-1", bounds=(0, 1))
    improvement: float = par(0.001, "share of its gap to a perfect offer that a rival closes by itself", unit="1/week", bounds=(0, 1), off=0.0)
    copying: float = par(0.03, "share of its gap to what the vendor has shown that a rival closes, while the vendor is fully visible", unit="1/week", bounds=(0, 1), off=0.0)
    lag: int = par(26, "weeks until what the vendor has shown can be copied", unit="weeks", bounds=(0, LONGEST_LAG))
    exposure_weeks: float = par(52.0, "span over which it counts how visible the vendor has been", unit="weeks", bounds=(1, 520))
    voice: float = par(20_000.0, "promotion of a rival in the market", unit="money/week", bounds=(0, 1e9), extensive=True)
    price: float = par(1.0, "price of a rival", unit="× usual fee", bounds=(0, 10))
    price_value: float = par(0.17, "value that makes up for the usual fee", unit="0-1", bounds=(0, 1), source="buying: price_weight 1 against value_weight 6")
    appetite: float = par(0.04, "hazard at which a firm in market signs with a rival that alone is heard and far better", unit="1/week", bounds=(0, 5), off=0.0)
    spread: float = par(0.1, "how gradually firms turn to a rival as its offer rises above what they believe of the vendor", unit="0-1", bounds=(0.001, 1), source="logit of choice (McFadden 1974)")
    contract: int = par(104, "weeks a contract with a rival binds", unit="weeks", bounds=(1, 520))
    presence: float = par(2_000.0, "voice that anybody in the market has by being there", unit="money/week", bounds=(0.001, 1e8), extensive=True)
    searching: float = par(0.3, "share of a rival's promotion that goes into search", unit="share", bounds=(0, 1))
    rank: float = par(0.5, "weight of rank in search, against share of voice, in who is found by a search for the category", unit="share", bounds=(0, 1))
    leak: float = par(0.7, "share of searches that are for the category and not for a name", unit="share", bounds=(0, 1), off=0.0)
    demand: float = par(0.3, "rise of the margin resellers ask for, for each rival whose offer equals the vendor's", unit="×", bounds=(0, 10), off=0.0)
    alike: float = par(0.2, "difference of offers from which a rival is no alternative to resellers", unit="0-1", bounds=(0.001, 1))

    COLUMNS: ClassVar[dict[str, tuple[Column, ...]]] = {
        "vendor": (
            Column("shown_value", np.float64, 0.0, "0-1", "value of the product to the target market in each of the last weeks", (0.0, 1.0), LONGEST_LAG + 1),
            Column("exposed", np.float64, 0.0, "0-1", "how visible the vendor has been", (0.0, 1.0)),
        ),
    }
    WRITES: ClassVar[dict[str, tuple[str, ...]]] = {
        "rivals": ("entered", "offer", "voice", "price"),
        "vendor": ("shown_value", "exposed", "search_share", "best_rival", "rival_contract", "margin_demand"),
        "merchants": ("status", "window_end", "bound_until", "promised", "route", "reseller", "talk"),
    }
    PURPOSES: ClassVar[tuple[str, ...]] = ("sign", "which_rival")
    MEASURES: ClassVar[tuple[Measure, ...]] = (
        Measure("rivals_in_market", "firms", "stock", "rivals that have entered"),
        Measure("rival_offer", "0-1", "stock", "best offer of a rival, less what it costs beyond the usual fee (0 without rivals)"),
        Measure("share_of_voice", "share", "stock", "the vendor's share of all promotion heard"),
        Measure("search_share", "share", "stock", "share of searches for the category that come to the vendor"),
        Measure("rival_wins", "firms", "flow", "firms that signed with a rival"),
        Measure("lost_rounds", "rounds", "flow", "rounds lost to a rival"),
        Measure("lost_leads", "firms", "flow", "waiting leads lost to a rival"),
        Measure("signed_anywhere", "firms", "flow", "firms that signed with the vendor or a rival"),
        Measure("market_share_in_market", "share", "ratio", "signed with the vendor of all that signed with anybody", ("signed_merchants", "signed_anywhere")),
        Measure("lost_round_share", "share", "ratio", "lost to a rival of decided rounds", ("lost_rounds", "decided_rounds")),
    )
    EVENTS: ClassVar[tuple[Event, ...]] = (
        Event("lost_to_rival", "a firm in a round signs with a rival", agent="reseller of the round", cause="which rival, and whether it seemed better or was just heard of", ref="route (code)", value="the rival's offer"),
    )

    def prepare(self, world: World, draws: Draws) -> None:
        """Let rivals-to-be start from their own idea of the product."""
        world.rivals.columns["offer"][:] = self.opening_offer

    def step(self, world: World, draws: Draws) -> None:
        """Enter, improve and copy; tell the market what there is; win firms. Judged on last week's voice and beliefs."""
        if not world.rivals.n:
            return
        self._enter(world)
        value = self._copy(world)
        here = np.flatnonzero(world.rivals.entered >= 0)
        self._stand(world, here, value)
        if len(here):
            self._win(world, draws, here)

    def _enter(self, world: World) -> None:
        rivals = world.rivals
        new = np.flatnonzero((rivals.entered < 0) & (self.first_week + self.apart * rivals.ids <= world.week))
        for name, value in (("entered", world.week), ("voice", self.voice), ("price", self.price)):
            rivals.columns[name][new] = value

    def _copy(self, world: World) -> float:
        """Let offers move; who has not entered yet copies, too. Return what the product is worth to the target market now."""
        vendor, rivals = world.vendor, world.rivals
        value = float((world.ties.target * vendor.maturity).sum() * vendor.polish)
        vendor.shown_value[:-1] = vendor.shown_value[1:]
        vendor.shown_value[-1] = min(value, 1.0)
        vendor.exposed += (vendor.visible - vendor.exposed) / self.exposure_weeks
        improvement = np.where(rivals.entered >= 0, self.improvement, 0.0)
        shown, copying = vendor.shown_value[-1 - self.lag], self.copying * vendor.exposed
        rivals.columns["offer"][:] = rivals.decide(next_offer, rivals.ids, rivals.offer, improvement, shown, copying)
        return value

    def _net(self, world: World, here: Ids) -> Floats:
        """Return the offers of rivals `here`, less what they cost beyond the usual fee, 0-1."""
        return np.asarray(clip01(world.rivals.offer[here] - self.price_value * (world.rivals.price[here] - 1.0)))

    def _stand(self, world: World, here: Ids, value: float) -> None:
        """Say how the vendor stands against the rivals: in search, at renewal, and with resellers."""
        vendor = world.vendor
        rank = self._share(vendor.search_voice, self.searching * world.rivals.voice[here])
        found = self.rank * rank + (1.0 - self.rank) * self._share(vendor.voice, world.rivals.voice[here])
        vendor.search_share = 1.0 - self.leak * (1.0 - vendor.name_known) * (1.0 - found)
        vendor.best_rival = float(self._net(world, here).max()) if len(here) else 0.0
        vendor.rival_contract = self.contract if len(here) else 0
        likeness = clip01(1.0 - np.abs(world.rivals.offer[here] - value) / self.alike)
        vendor.margin_demand = 1.0 + self.demand * float(likeness.sum())

    def _share(self, own: float, others: Floats) -> float:
        """Return the vendor's share of what is heard when everybody also has `presence`; exactly 1 without others."""
        mine = self.presence + own
        return float(mine / (mine + (self.presence + others).sum()))

    def _win(self, world: World, draws: Draws, here: Ids) -> None:
        """Let firms in market sign with rivals, whatever stage their talks with the vendor have reached."""
        merchants, rivals, firms = world.merchants, world.rivals, world.in_market()
        believed, heard = self._believed(world, firms), self.presence + rivals.voice[here]
        share = self.appetite * heard / (self.presence + world.vendor.voice + heard.sum())
        net = self._net(world, here)
        parts = [merchants.decide(signs_with_rival, firms, net[k], believed, self.spread, share[k]) for k in range(len(here))]
        hazard = np.cumsum(np.stack(np.broadcast_arrays(*parts), axis=1).reshape(len(firms), len(here)), axis=1)
        signs = draws("sign").happens(probability(hazard[:, -1]), firms)
        new = firms[signs]
        rival = here[draws("which_rival").choice(hazard[signs], new)] if len(new) else new
        self._bind(world, new, rival, believed[signs])

    def _believed(self, world: World, firms: Ids) -> Floats:
        """Return what aware veto-holders of each firm believe, the surer the more weight; the need where none is aware, shape (m,)."""
        people = world.decision_makers
        who, owner = world.ties.members(firms)
        known = people.veto[who] & people.aware[who]
        who, owner = who[known], owner[known]
        weight = np.bincount(owner, people.precision[who], len(firms))
        mean = np.bincount(owner, people.precision[who] * people.mean[who], len(firms))
        believed: Floats = np.divide(mean, weight, out=np.full(len(firms), world.market.need), where=weight > 0)
        return believed

    def _bind(self, world: World, new: Ids, rival: Ids, believed: Floats) -> None:
        """Close what was open with the vendor; who had tried the product talks of it as after an undecided round."""
        merchants, people = world.merchants, world.decision_makers
        status = merchants.status[new]
        lost = status == ROUND
        who, owner = world.ties.members(new[lost])
        merchants.columns["talk"][new[lost]] += np.bincount(owner[people.evaluated[who]], minlength=int(lost.sum())) > 0
        why = np.array(["seems better" if better else "was heard of" for better in (world.rivals.offer[rival] > believed)[lost]], dtype=object)
        cause = np.array([f"rival {k} {reason}" for k, reason in zip(rival[lost], why, strict=True)], dtype=object)
        world.note("lost_to_rival", new[lost], merchants.reseller[new[lost]], cause, merchants.route[new[lost]], world.rivals.offer[rival[lost]])
        for name, value in (("status", PROSPECT), ("window_end", world.week - 1), ("bound_until", world.week + self.contract), ("promised", False), ("route", -1), ("reseller", -1)):
            merchants.columns[name][new] = value
        for measure, count in (("rival_wins", len(new)), ("signed_anywhere", len(new)), ("lost_rounds", lost.sum()), ("decided_rounds", lost.sum()), ("lost_leads", (status == LEAD).sum())):
            world.count(measure, count)

    def stocks(self, world: World) -> dict[str, float]:
        """Return how the vendor stands against its rivals."""
        vendor, here = world.vendor, np.flatnonzero(world.rivals.entered >= 0)
        return {
            "rivals_in_market": float(len(here)), "rival_offer": vendor.best_rival, "search_share": vendor.search_share,
            "share_of_voice": self._share(vendor.voice, world.rivals.voice[here]),
        }
