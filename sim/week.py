"""The week, top to bottom.

    the world moves        growth, need, rivals
    they hear              promotion, word, circles, visibility, belief
    they choose            partners, sales, standard, buying
    they live with it      secondary, customization, product, intangibles, skill, nodes, tiers, service, renewal, references,
                           usage, platform, feedback, channel, recruitment
    the books close        ledger, gates

What usage, platform, channel and gates do acts next week. Engineering reads the evidence that arrived last week before this
week's is posted; courses, guidance and diagnoses claim support before tickets get the rest; a reseller judges support against
what it expected before this week's support enters its habit.
"""

from __future__ import annotations

from collections.abc import Sequence

from sim.agents.mechanism import Mechanism
from sim.agents.world import World
from sim.draws import Draws
from sim.fields import Parameters
from sim.market.belief import Belief
from sim.market.buying import Buying
from sim.market.channel import Channel
from sim.market.circles import Circles
from sim.market.customization import Customization
from sim.market.feedback import Feedback
from sim.market.gates import Gates
from sim.market.growth import Growth
from sim.market.intangibles import Intangibles
from sim.market.ledger import Ledger
from sim.market.need import Need
from sim.market.nodes import Nodes
from sim.market.partners import Partners
from sim.market.platform import Platform
from sim.market.product import Product
from sim.market.promotion import Promotion
from sim.market.recruitment import Recruitment
from sim.market.references import References
from sim.market.renewal import Renewal
from sim.market.rivals import Rivals
from sim.market.sales import Sales
from sim.market.secondary import Secondary
from sim.market.service import Service
from sim.market.skill import Skill
from sim.market.standard import Standard
from sim.market.tiers import Tiers
from sim.market.usage import Usage
from sim.market.visibility import Visibility
from sim.market.word import Word


class Mechanisms(Parameters):
    """The market's mechanisms, one field each, in the order of the week."""

    growth: Growth = Growth()
    need: Need = Need()
    rivals: Rivals = Rivals()
    promotion: Promotion = Promotion()
    word: Word = Word()
    circles: Circles = Circles()
    visibility: Visibility = Visibility()
    belief: Belief = Belief()
    partners: Partners = Partners()
    sales: Sales = Sales()
    standard: Standard = Standard()
    buying: Buying = Buying()
    secondary: Secondary = Secondary()
    customization: Customization = Customization()
    product: Product = Product()
    intangibles: Intangibles = Intangibles()
    skill: Skill = Skill()
    nodes: Nodes = Nodes()
    tiers: Tiers = Tiers()
    service: Service = Service()
    renewal: Renewal = Renewal()
    references: References = References()
    usage: Usage = Usage()
    platform: Platform = Platform()
    feedback: Feedback = Feedback()
    channel: Channel = Channel()
    recruitment: Recruitment = Recruitment()
    ledger: Ledger = Ledger()
    gates: Gates = Gates()


def week(world: World, mechanisms: Mechanisms, draws: Draws, also: Sequence[Mechanism] = ()) -> None:
    """Let one week happen to `world`; `draws` are this week's. Mechanisms of your own (`also`) come before the books close."""
    mechanisms.growth.step(world, draws.of("growth"))
    mechanisms.need.step(world, draws.of("need"))
    mechanisms.rivals.step(world, draws.of("rivals"))
    mechanisms.promotion.step(world, draws.of("promotion"))
    mechanisms.word.step(world, draws.of("word"))
    mechanisms.circles.step(world, draws.of("circles"))
    mechanisms.visibility.step(world, draws.of("visibility"))
    mechanisms.belief.step(world, draws.of("belief"))
    mechanisms.partners.step(world, draws.of("partners"))
    mechanisms.sales.step(world, draws.of("sales"))
    mechanisms.standard.step(world, draws.of("standard"))
    mechanisms.buying.step(world, draws.of("buying"))
    mechanisms.secondary.step(world, draws.of("secondary"))
    mechanisms.customization.step(world, draws.of("customization"))
    mechanisms.product.step(world, draws.of("product"))
    mechanisms.intangibles.step(world, draws.of("intangibles"))
    mechanisms.skill.step(world, draws.of("skill"))
    mechanisms.nodes.step(world, draws.of("nodes"))
    mechanisms.tiers.step(world, draws.of("tiers"))
    mechanisms.service.step(world, draws.of("service"))
    mechanisms.renewal.step(world, draws.of("renewal"))
    mechanisms.references.step(world, draws.of("references"))
    mechanisms.usage.step(world, draws.of("usage"))
    mechanisms.platform.step(world, draws.of("platform"))
    mechanisms.feedback.step(world, draws.of("feedback"))
    mechanisms.channel.step(world, draws.of("channel"))
    mechanisms.recruitment.step(world, draws.of("recruitment"))
    for mechanism in also:
        mechanism.step(world, draws.of(type(mechanism).__name__))
    mechanisms.ledger.step(world, draws.of("ledger"))
    mechanisms.gates.step(world, draws.of("gates"))
