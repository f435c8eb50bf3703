"""The world: all that a mechanism ever sees. Populations, ties, the week, and the week's books."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from sim.agents import cohorts, consumers, decision_makers, merchants, resellers, rivals, vendor
from sim.agents.decision_makers import ADMINISTRATOR, EXECUTIVE, FINANCE, FRONTLINE, ROLES, TECHNICAL
from sim.agents.people import People
from sim.agents.population import Column, Ids, Population, Single
from sim.agents.rows import Rows
from sim.agents.ties import Ties, covering, id_space
from sim.agents.vendor import Opening
from sim.draws import Draws, Floats
from sim.fields import Parameters, par

SOURCES = (
    "seo", "sem", "feed_ads", "content", "media", "exhibition", "salon", "incubator",
    "speaking", "developer_contest", "co_marketing", "reference_marketing", "social_campaign", "joint_campaign", "own_posts",
    "word_of_mouth", "cold_outreach", "reseller", "seed",
    "circle",
    "badge",
    "partner",
    "other",
)
SOURCE = {name: code for code, name in enumerate(SOURCES)}
ACCOUNTS = (
    "subscription", "custom_fees", "commission", "funding", "promotion", "sales", "travel", "severance", "engineering",
    "support", "overhead", "need_research", "recruitment", "channel_support", "reseller_margin", "prizes",
    "packaging", "circle_events",
    "training", "lecturing", "co_marketing", "intangibles",
    "badge_discounts", "badge_advertising", "badge_liability", "cash_back",
    "partner_bounties",
    "gmv_commission", "advertising", "cps", "use_fees", "discounts",
)
DIMENSIONS: dict[str, tuple[str, ...]] = {"channel": SOURCES, "route": merchants.ROUTES, "role": ROLES, "account": ACCOUNTS}
SECURITY = 0  # the feature that is information security: one that everybody needs
_ROLE_ORDER = np.array([EXECUTIVE, ADMINISTRATOR, FRONTLINE, TECHNICAL, FINANCE, ADMINISTRATOR])


class Market(Parameters):
    """The market: who is in it and what they need."""

    scale: float = par(1.0, "size of market and vendor together: every amount that grows with the market is multiplied by it", unit="×", bounds=(0.0005, 20))
    merchants: int = par(60_000, "firms that could use the product", unit="firms", bounds=(1, 2_000_000), extensive=True)
    segments: int = par(8, "industries", unit="count", bounds=(1, 100))
    regions: int = par(6, "regions", unit="count", bounds=(1, 100))
    size_spread: float = par(0.6, "standard deviation of log firm size", unit="log", bounds=(0, 2), source="few firms become large: lognormal sizes (Gibrat 1931)")
    committee_mean: float = par(3.6, "mean buying group of a firm of mean size", unit="people", bounds=(1, 6), source="5.4-6.8 for large deals (CEB 2015); small firms fewer")
    committee_spread: float = par(1.1, "how widely buying groups differ", unit="people", bounds=(0, 4))
    other_veto_share: float = par(0.1, "share of members beyond executive and administrator that hold a veto", unit="share", bounds=(0, 1), role="uncertain", plausible=(0.0, 0.25))
    core_features: int = par(12, "features every segment needs", unit="features", bounds=(1, 32))
    segment_features: int = par(5, "further features each segment needs", unit="features", bounds=(1, 32))
    own_features: int = par(8, "features a firm needs for itself", unit="features", bounds=(1, 32))
    features: int = par(32, "features of the product", unit="features", bounds=(2, 64))
    need_heterogeneity: float = par(0.45, "share of a firm's need that is its own", unit="share", bounds=(0, 1), role="uncertain", plausible=(0.3, 0.55))
    segment_overlap: float = par(0.6, "share of the common need that all segments have", unit="share", bounds=(0, 1), role="uncertain", plausible=(0.4, 0.8))
    need: float = par(0.37, "believed value below which a firm hardly enquires", unit="0-1", bounds=(0, 1))
    well_served_spread: float = par(0.8, "how much present solutions differ between firms", unit="utility", bounds=(0, 3), role="uncertain", plausible=(0.6, 1.0))
    pace_spread: float = par(1.5, "standard deviation of log pace of firms", unit="log", bounds=(0, 3), source="calibrated to days from first contact to won, quartiles 5 and 38 (Olist 2018)")
    consumers_per_merchant: float = par(67.0, "consumers of a firm of mean size", unit="people", bounds=(1, 1e6))
    people_per_row: float = par(40.0, "people one consumer row stands for (cohorts count single people)", unit="people", bounds=(1, 1e6))
    weak_ties: int = par(3, "weak ties of a consumer to consumers of other merchants", unit="ties", bounds=(0, 20))
    reseller_pool: int = par(200, "resellers that could be won", unit="firms", bounds=(0, 10_000), extensive=True)
    rivals: int = par(0, "rivals that will enter the market", unit="firms", bounds=(0, 20))
    veto_roles: tuple[float, ...] = par((1.0, 1.0, 0.0, 0.0, 0.0), "roles that hold a veto (1) or not (0): executive, administrator, technical, finance, frontline; whoever wears that hat in a firm holds it (none: the executive does)", unit="flag", bounds=(0, 1))
    integration: float = par(1.0, "how deep the product is built into a firm's systems: multiplies the effort of each role and what switching costs", unit="× points mall", bounds=(0, 10))
    consumers: Literal["rows", "cohorts"] = par("rows", "consumers one by one, or counted by merchant, state and propensity class")
    propensity_classes: int = par(8, "classes of propensity in which cohorts are counted", unit="classes", bounds=(1, 64))


class World:
    """Populations, ties, this week's flows, ledger and events. Built once from the market and the vendor's opening."""

    def __init__(self, market: Market, opening: Opening, draws: Draws) -> None:
        self.market, self.opening, self.week = market, opening, -1
        luck = draws.at(-1).of("world")
        self.merchants = Population("merchants", market.merchants, merchants.COLUMNS, merchants.Merchant)
        firms = self.merchants.ids
        z = luck("size").normal(firms)
        self._place(luck, z)
        sizes = _committee_sizes(market, z, luck)
        first = _offsets(sizes)
        self.decision_makers = Population("decision_makers", first[-1], decision_makers.COLUMNS, decision_makers.DecisionMaker)
        self._seat(luck, sizes, first)
        by_row = market.consumers == "rows"
        heads = self._count_consumers(luck, market.people_per_row if by_row else 1.0)
        counts = heads if by_row else np.zeros_like(heads)
        rows = _offsets(counts)
        self.consumers = Population("consumers", rows[-1], consumers.COLUMNS, consumers.Consumer)
        self.consumers.columns["merchant"][:] = np.repeat(firms, counts)
        self._consumer_key = self.consumers.merchant * 4096 + (self.consumers.ids - rows[self.consumers.merchant])
        self.consumers.columns["propensity"][:] = luck("propensity").gamma2(self._consumer_key)
        common = _common_needs(market, luck)
        self.merchants.add(Column("needs", np.float64, 0.0, "share", "need weights over the features, adding to 1", (0.0, 1.0), market.features))
        self.merchants.columns["needs"][:] = _needs(market, common[self.merchants.segment], luck)
        target = common[opening.target_segment % market.segments] + market.need_heterogeneity / market.features
        self.ties = Ties(first, covering(sizes, first), rows, self._weak_ties(luck), target)
        self.resellers = Population("resellers", market.reseller_pool, resellers.COLUMNS, resellers.Reseller)
        self.resellers.columns["region"][:] = self.resellers.ids % market.regions
        self.resellers.columns["talent"][:] = luck("talent").gamma2(self.resellers.ids)
        self.vendor = Single("vendor", vendor.COLUMNS, vendor.Vendor)
        self.vendor.add(_by_feature("maturity", market, "maturity of each feature"))
        self.vendor.add(_by_feature("heard", market, "need of the market as the vendor estimates it, adding to 1"))
        self.rivals = Population("rivals", market.rivals, rivals.COLUMNS, rivals.Rival)
        self.cohorts = Population("cohorts", 0 if by_row else market.merchants * market.propensity_classes, cohorts.COLUMNS, cohorts.Cohort)
        self.people: People = (
            Rows(self.consumers, self.ties, market.people_per_row) if by_row
            else cohorts.Cohorts(self.cohorts, heads, market.propensity_classes, market.weak_ties, luck)
        )
        self.populations = (
            self.vendor, self.merchants, self.decision_makers, self.resellers, self.consumers, self.rivals, self.cohorts,
        )
        self._open(opening)
        if opening.capability_segment >= 0:
            able = common[opening.capability_segment % market.segments] > common.mean(axis=0) + 1e-12
            self.vendor.maturity = np.where(able, np.maximum(self.vendor.maturity, opening.capability), self.vendor.maturity)
        self.open_books()

    # the week's books -----------------------------------------------------------------------------------

    def open_books(self) -> None:
        """Begin a week: empty flows, splits, ledger and events."""
        self.flows: dict[str, float] = {}
        self.splits: dict[tuple[str, str], Floats] = {}
        self.accounts: dict[str, float] = dict.fromkeys(ACCOUNTS, 0.0)
        self.events: list[tuple[str, Ids, Any, Any, Any, Any]] = []

    def count(self, measure: str, amount: Any) -> None:
        """Add to this week's flow of a measure."""
        self.flows[measure] = self.flows.get(measure, 0.0) + float(amount)

    def split(self, measure: str, dimension: str, amounts: Floats) -> None:
        """Add to a measure's breakdown; `amounts` has one entry for each key of the dimension."""
        at = (measure, dimension)
        self.splits[at] = self.splits[at] + amounts if at in self.splits else np.asarray(amounts, dtype=np.float64)

    def pay(self, account: str, amount: float) -> None:
        """Book money out of the till under one of ACCOUNTS (KeyError for any other)."""
        self.accounts[account] -= float(amount)

    def earn(self, account: str, amount: float) -> None:
        """Book money into the till under a named account."""
        self.pay(account, -amount)

    def note(self, event: str, who: Ids, agent: Any = -1, cause: Any = "", ref: Any = -1, value: Any = np.nan) -> None:
        """Record an event for each merchant in `who` (shape (m,)); other values are scalars or of that shape."""
        if len(who):
            self.events.append((event, who, agent, cause, ref, value))

    # what everybody can see -----------------------------------------------------------------------------

    def fit(self, firms: Ids, credit: float = 0.0) -> Floats:
        """Return how well today's product covers the needs of `firms`, shape (m,), 0-1.

        A delivered bespoke feature covers 0.95 of its need; a promised one the share `credit` of what is missing to
        that; settings made for a firm cover a share of what then is left.
        """
        covered = np.maximum(self.vendor.maturity, 0.95 * self.merchants.bespoke[firms])
        covered = covered + credit * self.merchants.promised[firms] * np.maximum(0.95 - covered, 0.0)
        result: Floats = np.einsum("ij,ij->i", self.merchants.needs[firms], covered)
        configured = self.merchants.configured[firms]
        return np.asarray(result + configured * (1.0 - result))

    def value(self, firms: Ids) -> Floats:
        """Return V = fit × polish of the product for `firms` this week, shape (m,), 0-1."""
        return np.asarray(self.fit(firms) * self.vendor.polish)

    def promise(self, firms: Ids) -> Floats:
        """Return the value that promises not yet delivered add, at the vendor's credibility, shape (m,), 0-1."""
        promised = np.zeros(len(firms))
        some = np.flatnonzero(self.merchants.promised[firms].any(axis=1))
        gain = self.fit(firms[some], self.vendor.credibility) - self.fit(firms[some])
        promised[some] = gain * self.vendor.polish
        return promised

    def in_market(self) -> Ids:
        """Return the firms in market this week that are neither signed nor live."""
        return np.flatnonzero((self.merchants.window_end >= self.week) & (self.merchants.status < merchants.SIGNED))

    def live(self) -> Ids:
        """Return the live merchants."""
        return np.flatnonzero(self.merchants.status == merchants.LIVE)

    def dues(self, firms: Ids) -> Floats:
        """Return what `firms` pay the vendor a week: the fee of their contract and last week's charges, shape (m,), in money/week."""
        return np.asarray(self.merchants.fee[firms] + self.merchants.charges[firms])

    def next_fee(self, firms: Ids) -> Floats:
        """Return the fee `firms` would renew at this week, shape (m,), in money/week.

        It moves as the list fee has moved since they signed or renewed, and what was taken off a new contract ends; who signed
        without a list fee keeps its own.
        """
        fee, listed = self.merchants.fee[firms], self.merchants.list_fee[firms]
        moved = self.vendor.fee / np.where(listed > 0, listed, 1.0) / self.merchants.agreed[firms]
        return np.where(listed > 0, fee * moved, np.where(listed == 0, self.vendor.fee, fee))

    def aimed(self, firms: Ids, segment: int, region: int) -> Ids:
        """Return those of `firms` that are in a segment and a region; -1 is any."""
        for focus, place in ((segment, self.merchants.segment), (region, self.merchants.region)):
            firms = firms if focus < 0 else firms[place[firms] == focus]
        return firms

    # making ---------------------------------------------------------------------------------------------

    def _place(self, luck: Draws, z: Floats) -> None:
        market, columns, firms = self.market, self.merchants.columns, self.merchants.ids
        columns["size"][:] = np.exp(market.size_spread * z - 0.5 * market.size_spread**2)
        columns["segment"][:] = np.floor(luck("segment").uniform(firms) * market.segments)
        columns["region"][:] = np.floor(luck("region").uniform(firms) * market.regions)
        columns["segment"][: self.opening.seeds] = self.opening.seed_segment % market.segments
        columns["circle"][:] = columns["segment"] * market.regions + columns["region"]
        columns["frequency"][:] = luck("frequency").gamma2(firms)
        columns["pace"][:] = np.exp(market.pace_spread * luck("pace").normal(firms) - 0.5 * market.pace_spread**2)
        columns["well_served"][:] = market.well_served_spread * luck("well_served").normal(firms)
        self.merchants.add(_flags("promised", market, "features promised and not yet delivered"))
        self.merchants.add(_flags("bespoke", market, "bespoke features delivered"))

    def _seat(self, luck: Draws, sizes: Ids, first: Ids) -> None:
        columns = self.decision_makers.columns
        columns["merchant"][:] = np.repeat(self.merchants.ids, sizes)
        position = self.decision_makers.ids - first[columns["merchant"]]
        columns["role"][:] = _ROLE_ORDER[position]
        key = columns["merchant"] * 8 + position
        columns["veto"][:] = luck("veto").happens(self.market.other_veto_share, key)
        holders = np.flatnonzero(self.market.veto_roles) if any(self.market.veto_roles) else [EXECUTIVE]
        columns["veto"][covering(sizes, first)[:, holders]] = True

    def _count_consumers(self, luck: Draws, people_per_head: float) -> Ids:
        heads = self.market.consumers_per_merchant / people_per_head
        counts = np.floor(self.merchants.size * heads + luck("consumers").uniform(self.merchants.ids))
        return np.maximum(counts, 1).astype(np.int64)

    def _weak_ties(self, luck: Draws) -> Ids:
        """Choose ties in a fixed id space: a tie beyond today's last id, or within a merchant, leads to nobody (-1)."""
        space = id_space(self.consumers.n)
        k = np.arange(self.market.weak_ties)
        chosen = np.floor(luck("weak_ties").uniform(self._consumer_key[:, None], k[None, :]) * space).astype(np.int64)
        chosen = np.where(chosen < self.consumers.n, chosen, -1)
        home = self.consumers.merchant
        return np.where(home[chosen] == home[:, None], -1, chosen)

    def _open(self, opening: Opening) -> None:
        vendor_, firms = self.vendor, np.arange(min(opening.seeds, self.merchants.n), dtype=np.int64)
        vendor_.cash, vendor_.polish, vendor_.credibility = opening.opening_cash, opening.polish, opening.credibility
        vendor_.stage_week[0] = 0
        needed = (self.merchants.needs[firms] > 0).any(axis=0) if len(firms) else np.zeros(self.market.features, dtype=bool)
        vendor_.heard = self.merchants.needs[firms].mean(axis=0) if len(firms) else np.full(self.market.features, 1 / self.market.features)
        vendor_.maturity = np.where(needed, opening.maturity, opening.other_maturity)
        columns = self.merchants.columns
        wanted = np.argsort(-self.merchants.needs[firms] * (1 - vendor_.maturity), axis=1, kind="stable")[:, : opening.seed_features]
        columns["promised"][firms[:, None], wanted] = True
        columns["bespoke_work"][firms] = opening.seed_work if opening.seed_features else 0.0
        for name, value in (("status", merchants.SIGNED), ("signed_week", 0), ("due_week", 26), ("route", merchants.REP), ("source", SOURCE["seed"])):
            columns[name][firms] = value
        columns["expected"][firms] = self.value(firms) + self.promise(firms)
        self.decision_makers.columns["aware"][self.ties.members(firms)[0]] = True


def _offsets(counts: Ids) -> Ids:
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])


def _flags(name: str, market: Market, doc: str) -> Any:
    return Column(name, np.bool_, False, "flag", doc, None, market.features)


def _by_feature(name: str, market: Market, doc: str) -> Any:
    return Column(name, np.float64, 0.0, "0-1", doc, (0.0, 1.0), market.features)


def _committee_sizes(market: Market, z: Floats, luck: Draws) -> Ids:
    own = luck("committee").normal(np.arange(len(z)))
    size = market.committee_mean + market.committee_spread * (0.6 * z + 0.8 * own)
    return np.clip(np.rint(size), 1, 6).astype(np.int64)


def _common_needs(market: Market, luck: Draws) -> Floats:
    """Return what firms of each segment need in common, shape (segments, features), rows adding to 1 - heterogeneity."""
    core_count = min(market.core_features, market.features)
    core = np.zeros(market.features)
    core[:core_count] = 1.0 / core_count
    others = np.arange(core_count, market.features)
    common = np.zeros((market.segments, market.features))
    chance = luck("segment_needs")
    for segment in range(market.segments):
        if len(others):
            order = np.argsort(chance.uniform(segment * 64 + others), kind="stable")[: market.segment_features]
            common[segment, others[order]] = 1.0 / len(order)
        else:
            common[segment] = core
    mixed = market.segment_overlap * core + (1 - market.segment_overlap) * common
    return np.asarray((1 - market.need_heterogeneity) * mixed)


def _needs(market: Market, needs: Floats, luck: Draws) -> Floats:
    """Return need weights, shape (n_merchants, features): to what the segment has in common (`needs`) comes what is a firm's own."""
    firms = np.arange(len(needs))
    chance = luck("own_needs")
    for k in range(market.own_features):
        chosen = np.floor(chance.uniform(firms, k) * market.features).astype(np.int64)
        needs[firms, chosen] += market.need_heterogeneity / market.own_features
    return needs
