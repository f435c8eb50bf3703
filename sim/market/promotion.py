"""Promotion: channels turn money into contacts, contacts into awareness and a faint first impression.

Each channel keeps a goodwill stock A ← δA + (1 − δ)x (Nerlove & Arrow 1962) and reaches its ceiling as A/(A + K).
Visits count everybody who comes, prospect or not, so traffic cannot depend on the stage of the product. Of the firms
reached, a contact lands on whoever wears the role's hat; that person becomes aware and takes a signal
y = V + bias + noise, whose precision grows with the stock of content. An incubator introduces firms: they come in batches, as
warm leads. Some channels are only as strong as there are references or live merchants, speakers have only so many hours, and
a team runs only so many campaigns well at once. Searches for the category are shared with rivals (see rivals).
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from sim.agents.decision_makers import ADMINISTRATOR, EXECUTIVE, ROLES, posterior_mean, posterior_precision
from sim.agents.mechanism import Mechanism
from sim.agents.merchants import LEAD, PROSPECT, SIGNED
from sim.agents.population import Column, Ids
from sim.agents.world import SOURCES, World
from sim.curves import keep, probability, saturation
from sim.draws import Draws, Floats
from sim.fields import Event, Measure, Parameters, par

CHANNELS = (
    "seo", "sem", "feed_ads", "content", "media", "exhibition", "salon", "incubator",
    "speaking", "developer_contest", "co_marketing", "reference_marketing", "social_campaign", "joint_campaign", "own_posts",
)
LONGEST_DELAY = 26
ONLINE = (0.01, 0.02, 0.01, 0.01, 0.95)
OFFLINE = (0.40, 0.30, 0.10, 0.05, 0.15)
STAGE = (0.55, 0.25, 0.10, 0.05, 0.05)
DEVELOPERS = (0.02, 0.03, 0.80, 0.02, 0.13)
PARTNERS = (0.10, 0.20, 0.05, 0.05, 0.60)


class PromotionChannel(Parameters):
    """One channel: what it costs, whom it reaches, how long it lasts."""

    spend: float = par(0.0, "spending", unit="money/week", bounds=(0, 1e9), role="lever", extensive=True)
    half_spend: float = par(40_000.0, "spending at which half the ceiling is reached", unit="money/week", bounds=(0.01, 1e10), extensive=True)
    steepness: float = par(1.0, "exponent of the response: 1 is concave; above 1 an S-curve, which a study must choose on purpose", unit="exponent", bounds=(1, 5))
    ceiling: float = par(0.05, "most visits a week per firm of the market", unit="visits/firm/week", bounds=(0, 10))
    impressions_per_visit: float = par(30.0, "times it is seen for one visit", unit="impressions/visit", bounds=(1, 1e4))
    precision: float = par(0.2, "share of visits that come from firms that could buy", unit="share", bounds=(0, 1))
    half_life: float = par(2.0, "half-life of its goodwill stock", unit="weeks", bounds=(0, 260))
    delay: int = par(0, "weeks until spending shows", unit="weeks", bounds=(0, LONGEST_DELAY))
    every: int = par(1, "one burst in so many weeks (1: steady)", unit="weeks", bounds=(1, 52))
    roles: tuple[float, ...] = par(ONLINE, "share of contacts by role: executive, administrator, technical, finance, frontline", unit="share", bounds=(0, 1), source="95 % of online contacts are frontline users (B2B2C practice)")
    in_market_only: bool = par(False, "reaches only firms in market (search)")
    bias: float = par(0.05, "how much better than it is the product looks here", unit="0-1", bounds=(-1, 1))
    wear_out: float = par(0.0, "share of effect a creative in steady use loses", unit="share", bounds=(0, 1), off=0.0)
    segments: tuple[int, ...] = par((), "segments it is aimed at (empty: all)", unit="index", bounds=(0, 99))
    regions: tuple[int, ...] = par((), "regions it is aimed at (empty: all)", unit="index", bounds=(0, 99))
    introduces: float = par(0.0, "share of contacts with free firms that come as an introduction: a lead whose executive and administrator know of the vendor", unit="share", bounds=(0, 1), off=0.0)
    recruits: float = par(0.0, "hazard at which its ceiling makes a candidate reseller sign up", unit="1/week", bounds=(0, 1))
    consumer_reach: float = par(0.0, "hazard at which its ceiling makes a consumer aware", unit="1/week", bounds=(0, 1))
    hours: float = par(1e9, "hours that people have for it, which cap its spending (a billion: no cap)", unit="hours/week", bounds=(0, 1e12), extensive=True)
    with_references: float = par(0.0, "share of its strength that comes from references", unit="share", bounds=(0, 1), off=0.0)
    with_live: float = par(0.0, "share of its strength that comes from live merchants", unit="share", bounds=(0, 1), off=0.0)
    campaign: bool = par(False, "is run as a campaign, by a team that can run only so many")


def _online(**given: Any) -> PromotionChannel:
    return PromotionChannel(**given)


def _offline(**given: Any) -> PromotionChannel:
    return PromotionChannel(roles=OFFLINE, **given)


class Promotion(Mechanism):
    """Paid and owned channels make firms aware."""

    seo: PromotionChannel = _online(half_spend=15_000, ceiling=0.008, precision=0.35, half_life=26, delay=8, in_market_only=True, bias=0.05)
    sem: PromotionChannel = _online(half_spend=30_000, ceiling=0.020, precision=0.30, half_life=0.5, in_market_only=True, bias=0.05)
    feed_ads: PromotionChannel = _online(half_spend=120_000, ceiling=0.60, precision=0.10, half_life=1, bias=0.1, wear_out=0.3, recruits=0.002, consumer_reach=0.001, campaign=True)
    content: PromotionChannel = _online(half_spend=25_000, ceiling=0.020, precision=0.25, half_life=26, delay=4)
    media: PromotionChannel = _online(half_spend=80_000, ceiling=0.10, precision=0.05, half_life=4, bias=0.15, wear_out=0.2, recruits=0.004, consumer_reach=0.001, campaign=True)
    exhibition: PromotionChannel = _offline(half_spend=80_000, ceiling=0.02, precision=0.5, half_life=1, every=13, recruits=0.012, campaign=True)
    salon: PromotionChannel = _offline(half_spend=40_000, ceiling=0.003, precision=0.7, half_life=1, campaign=True)
    incubator: PromotionChannel = _offline(half_spend=40_000, ceiling=0.0015, precision=0.8, half_life=13, every=13, introduces=0.5)
    speaking: PromotionChannel = PromotionChannel(roles=STAGE, half_spend=8_000, ceiling=0.0012, precision=0.7, half_life=2, recruits=0.002, hours=20)
    developer_contest: PromotionChannel = PromotionChannel(roles=DEVELOPERS, half_spend=40_000, ceiling=0.004, precision=0.4, half_life=4, every=13, campaign=True)
    co_marketing: PromotionChannel = PromotionChannel(roles=PARTNERS, half_spend=30_000, ceiling=0.02, precision=0.2, half_life=4, bias=0.1, recruits=0.002, campaign=True)
    reference_marketing: PromotionChannel = PromotionChannel(roles=(0.2, 0.35, 0.1, 0.05, 0.3), half_spend=30_000, ceiling=0.006, precision=0.5, half_life=8, bias=0.0, with_references=1.0)
    social_campaign: PromotionChannel = _online(half_spend=60_000, ceiling=1.0, precision=0.004, half_life=1, bias=0.1, wear_out=0.4, consumer_reach=0.03, campaign=True)
    joint_campaign: PromotionChannel = _online(half_spend=60_000, ceiling=0.1, precision=0.1, half_life=2, bias=0.05, wear_out=0.2, consumer_reach=0.06, with_live=1.0, campaign=True)
    own_posts: PromotionChannel = PromotionChannel(roles=(0.02, 0.05, 0.05, 0.01, 0.87), half_spend=4_000, ceiling=0.006, precision=0.2, half_life=4, bias=0.1, consumer_reach=0.001, with_live=0.8)
    reach: float = par(1.0, "contacts per visit of a prospect", unit="×", bounds=(0, 10), off=0.0, role="uncertain", plausible=(0.7, 1.4))
    informativeness: float = par(0.8, "precision of what one contact tells at full content", unit="1/variance", bounds=(0, 10), off=0.0, role="uncertain", plausible=(0.5, 1.1))
    noise: float = par(0.15, "spread of what a contact tells", unit="0-1", bounds=(0, 1))
    content_quality: float = par(1.0, "quality of content: scales what a given volume of it lets a contact tell", unit="×", bounds=(0, 3))
    bare: float = par(0.3, "informativeness without any content, as a share", unit="share", bounds=(0, 1))
    introduction: int = par(13, "weeks an introduced firm stays in market at least", unit="weeks", bounds=(1, 520))
    recovery: float = par(0.05, "speed at which a creative tires and recovers", unit="1/week", bounds=(0, 1))
    visible_half: float = par(53_750.0, "goodwill over all channels at which half of what a reseller or rival can see is seen", unit="money/week", bounds=(0.01, 1e10), extensive=True)
    hour_cost: float = par(200.0, "cost of an hour of those who speak", unit="money/hour", bounds=(0.01, 1e6))
    references_half: float = par(60.0, "references at which a channel built on them has half its strength", unit="firms", bounds=(0.001, 1e6), extensive=True)
    live_half: float = par(600.0, "live merchants at which a channel built on them has half its strength", unit="firms", bounds=(0.001, 1e7), extensive=True)
    most_campaigns: float = par(3.0, "campaigns that a team runs well at once", unit="campaigns", bounds=(1, 100))
    overload: float = par(0.0, "how much campaigns suffer where more run at once: each keeps (most_campaigns/campaigns) to this power", unit="exponent", bounds=(0, 5), off=0.0)

    COLUMNS: ClassVar[dict[str, tuple[Column, ...]]] = {
        "vendor": (
            Column("adstock", np.float64, 0.0, "money/week", "goodwill stock of each channel", (0.0, np.inf), len(CHANNELS)),
            Column("fatigue", np.float64, 0.0, "0-1", "tiredness of each channel's creative", (0.0, 1.0), len(CHANNELS)),
            Column("pipeline", np.float64, 0.0, "money/week", "spending on its way, by channel and delay", (0.0, np.inf), len(CHANNELS) * (LONGEST_DELAY + 1)),
        ),
    }
    WRITES: ClassVar[dict[str, tuple[str, ...]]] = {
        "vendor": ("adstock", "fatigue", "pipeline", "visible", "voice", "search_voice", "recruiting", "direct_reach"),
        "merchants": ("source", "status", "lead_week", "window_end"),
        "decision_makers": ("aware", "mean", "precision"),
    }
    PURPOSES: ClassVar[tuple[str, ...]] = ("contact", "which_channel", "which_role", "impression", "introduced")
    MEASURES: ClassVar[tuple[Measure, ...]] = (
        Measure("impressions", "impressions", "flow", "times the channels were seen"),
        Measure("visits", "visits", "flow", "visits, prospects or not", by=("channel",)),
        Measure("reads", "reads", "flow", "visits that read on, as far as there is content to read", by=("channel",)),
        Measure("contacts", "contacts", "flow", "decision-makers reached", by=("role",)),
        Measure("executive_contacts", "contacts", "flow", "executives reached"),
        Measure("executive_contact_share", "share", "ratio", "executives among decision-makers reached", ("executive_contacts", "contacts")),
        Measure("sem_clicks", "clicks", "flow", "clicks bought by search advertising"),
        Measure("promotion_spend", "money", "flow", "promotion spending", by=("channel",)),
        Measure("goodwill", "money/week", "stock", "goodwill stock over all channels"),
    )
    EVENTS: ClassVar[tuple[Event, ...]] = (
        Event("lead", "an introduced firm comes as a lead", cause="channel that introduced it"),
    )

    def _rows(self) -> dict[str, Any]:
        channels = [getattr(self, name) for name in CHANNELS]
        rows: dict[str, Any] = {
            name: np.array([getattr(c, name) for c in channels], dtype=np.float64)
            for name in ("spend", "half_spend", "ceiling", "precision", "wear_out", "bias", "recruits", "consumer_reach", "introduces", "every", "in_market_only", "impressions_per_visit", "steepness", "hours", "with_references", "with_live", "campaign")
        }
        rows["kept"] = np.array([keep(c.half_life) for c in channels])
        rows["delay"] = np.array([c.delay for c in channels], dtype=np.int64)
        rows["roles"] = np.cumsum(np.array([c.roles for c in channels]), axis=1)
        return rows

    def step(self, world: World, draws: Draws) -> None:
        """Spend, let goodwill move, reach firms."""
        rows = self._rows()
        rows["ceiling"] = rows["ceiling"] * np.where(_EVENTS, world.vendor.event_pull, 1.0)
        level = self._spend(world, rows)
        reached, channel = self._contacts(world, draws, rows, level)
        self._inform(world, draws, rows, reached, channel)
        self._introduce(world, draws, rows["introduces"][channel], reached)

    def _spend(self, world: World, rows: dict[str, Any]) -> Floats:
        """Pay, update stocks; return each channel's reach this week as a share of its ceiling, shape (n_channels,)."""
        vendor = world.vendor
        spend = np.minimum(rows["spend"], rows["hours"] * self.hour_cost) * vendor.affordable
        pipeline = vendor.pipeline.reshape(len(CHANNELS), -1)
        pipeline[:, :-1] = pipeline[:, 1:]
        pipeline[:, -1] = 0.0
        pipeline[np.arange(len(CHANNELS)), rows["delay"]] += spend
        stock = rows["kept"] * vendor.adstock + (1.0 - rows["kept"]) * pipeline[:, 0]
        vendor.adstock = stock
        level = saturation(np.power(stock, rows["steepness"]), np.power(rows["half_spend"], rows["steepness"])) * (1.0 - rows["wear_out"] * vendor.fatigue)
        level = level * self._strength(world, rows) * self._together(rows, spend)
        vendor.fatigue = vendor.fatigue + self.recovery * (level - vendor.fatigue)
        vendor.voice, vendor.search_voice = float(stock.sum()), float((stock * rows["in_market_only"]).sum())
        vendor.visible = float(saturation(stock.sum(), self.visible_half))
        vendor.recruiting = float((rows["recruits"] * level).sum())
        vendor.direct_reach = float((rows["consumer_reach"] * level).sum())
        world.pay("promotion", spend.sum())
        world.count("promotion_spend", spend.sum())
        world.split("promotion_spend", "channel", _by_source(spend))
        shown = np.asarray(level * np.where(world.week % rows["every"] == 0, rows["every"], 0.0))
        shown = np.asarray(shown * (1.0 - rows["in_market_only"] * (1.0 - vendor.search_share)))
        visits = rows["ceiling"] * shown * world.merchants.n
        self._count_visits(world, visits, visits * rows["impressions_per_visit"])
        reads = visits * self._content(world)
        world.count("reads", reads.sum())
        world.split("reads", "channel", _by_source(reads))
        return shown

    def _strength(self, world: World, rows: dict[str, Any]) -> Floats:
        """Return the share of each channel's strength that there are references and live merchants for, shape (n_channels,)."""
        references = saturation(np.count_nonzero(world.merchants.reference), self.references_half)
        live = saturation(len(world.live()), self.live_half)
        return np.asarray((1.0 - rows["with_references"] * (1.0 - references)) * (1.0 - rows["with_live"] * (1.0 - live)))

    def _together(self, rows: dict[str, Any], spend: Floats) -> Floats:
        """Return what is left of each channel's effect where more campaigns run at once than a team runs well."""
        running = float((rows["campaign"] * (spend > 0)).sum())
        return np.asarray(np.power(min(self.most_campaigns / max(running, 1.0), 1.0), self.overload * rows["campaign"]))

    def _count_visits(self, world: World, visits: Floats, impressions: Floats) -> None:
        world.count("visits", visits.sum())
        world.count("impressions", impressions.sum())
        world.split("visits", "channel", _by_source(visits))
        world.count("sem_clicks", visits[CHANNELS.index("sem")])

    def _contacts(self, world: World, draws: Draws, rows: dict[str, Any], level: Floats) -> tuple[Ids, Ids]:
        """Draw who is reached, and through which channel.

        Search concentrates its visits on firms in market: their hazard is its ceiling over the usual share in market.
        """
        merchants = world.merchants
        hazard = self.reach * rows["ceiling"] * rows["precision"] * level * (rows["roles"][:, -1] > 0)
        if not (hazard > 0).any():
            return merchants.ids[:0], merchants.ids[:0]
        search = hazard * rows["in_market_only"] / _USUAL_SHARE_IN_MARKET
        broad = hazard * (1.0 - rows["in_market_only"])
        most = probability(search.sum() + broad.sum())
        u = draws("contact").uniform(merchants.ids)
        maybe = np.flatnonzero((u < most) & (merchants.status < SIGNED))
        inside = (merchants.window_end[maybe] >= world.week).astype(np.float64)
        each = (broad + np.outer(inside, search)) * self._aimed(world, maybe)
        reached = u[maybe] < probability(each.sum(axis=1))
        firms, each = maybe[reached], np.cumsum(each[reached], axis=1)
        return firms, draws("which_channel").choice(each, firms) if len(firms) else firms

    def _aimed(self, world: World, firms: Ids) -> Floats:
        """Return 1 where a channel is aimed at a firm's segment and region, shape (m, n_channels)."""
        aimed = np.ones((len(firms), len(CHANNELS)))
        for k, name in enumerate(CHANNELS):
            channel: PromotionChannel = getattr(self, name)
            if channel.segments:
                aimed[:, k] *= np.isin(world.merchants.segment[firms], channel.segments)
            if channel.regions:
                aimed[:, k] *= np.isin(world.merchants.region[firms], channel.regions)
        return aimed

    def _inform(self, world: World, draws: Draws, rows: dict[str, Any], firms: Ids, channel: Ids) -> None:
        """Make the person reached aware and let the impression move the belief."""
        roles, people = rows["roles"], world.decision_makers
        role = draws("which_role").choice(roles[channel], firms) if len(firms) else firms
        who = world.ties.covers[firms, role]
        quality = self.content_quality * world.vendor.content_quality
        weight = self.informativeness * (self.bare + (1.0 - self.bare) * quality * self._content(world))
        y = world.value(firms) + rows["bias"][channel] + self.noise * draws("impression").normal(firms)
        mean, precision = people.mean[who], people.precision[who]
        people.columns["mean"][who] = people.decide(posterior_mean, who, mean, precision, y, weight)
        people.columns["precision"][who] = people.decide(posterior_precision, who, precision, weight)
        people.columns["aware"][who] = True
        world.merchants.columns["source"][firms] = channel
        by_role = np.bincount(role, minlength=len(ROLES)).astype(np.float64)
        world.count("contacts", by_role.sum())
        world.count("executive_contacts", by_role[EXECUTIVE])
        world.split("contacts", "role", by_role)

    def _introduce(self, world: World, draws: Draws, share: Floats, firms: Ids) -> None:
        """Let some of the free firms reached come as warm leads: an incubator brings its firms in batches."""
        columns = world.merchants.columns
        free = (columns["status"][firms] == PROSPECT) & (columns["bound_until"][firms] < world.week) & draws("introduced").happens(share, firms)
        new = firms[free]
        for role in (EXECUTIVE, ADMINISTRATOR):
            world.decision_makers.columns["aware"][world.ties.covers[new, role]] = True
        columns["status"][new] = LEAD
        columns["lead_week"][new] = world.week
        columns["window_end"][new] = np.maximum(columns["window_end"][new], world.week + self.introduction - 1)
        world.count("leads", len(new))
        world.note("lead", new, -1, np.array(SOURCES)[columns["source"][new]])
        world.split("leads", "channel", np.bincount(columns["source"][new], minlength=len(SOURCES)).astype(np.float64))

    def _content(self, world: World) -> float:
        """Return the stock of content, 0-1."""
        return float(saturation(world.vendor.adstock[CHANNELS.index("content")], self.content.half_spend))

    def stocks(self, world: World) -> dict[str, float]:
        """Return total goodwill."""
        return {"goodwill": float(world.vendor.adstock.sum())}


_EVENTS = np.isin(CHANNELS, ("exhibition", "salon"))
_USUAL_SHARE_IN_MARKET = 0.12  # a search visit meets about this share of all firms: those in market


def _by_source(amounts: Floats) -> Floats:
    full = np.zeros(len(SOURCES))
    full[: len(CHANNELS)] = amounts
    return full
