"""The week, top to bottom.

    the world moves        need
    they hear              promotion, word, belief
    they choose            sales, buying
    they live with it      customization, product, service, renewal, usage, platform, feedback, channel
    the books close        ledger, gates

What usage, platform, channel and gates do acts next week. Engineering reads the evidence that arrived last week before this
week's is posted; a reseller judges support against what it expected before this week's support enters its habit.
"""

from __future__ import annotations

from sim.agents.world import World
from sim.draws import Draws
from sim.fields import Parameters
from sim.market.belief import Belief
from sim.market.buying import Buying
from sim.market.channel import Channel
from sim.market.customization import Customization
from sim.market.feedback import Feedback
from sim.market.gates import Gates
from sim.market.ledger import Ledger
from sim.market.need import Need
from sim.market.platform import Platform
from sim.market.product import Product
from sim.market.promotion import Promotion
from sim.market.renewal import Renewal
from sim.market.sales import Sales
from sim.market.service import Service
from sim.market.usage import Usage
from sim.market.word import Word


class Mechanisms(Parameters):
    """The market's mechanisms, one field each, in the order of the week."""

    need: Need = Need()
    promotion: Promotion = Promotion()
    word: Word = Word()
    belief: Belief = Belief()
    sales: Sales = Sales()
    buying: Buying = Buying()
    customization: Customization = Customization()
    product: Product = Product()
    service: Service = Service()
    renewal: Renewal = Renewal()
    usage: Usage = Usage()
    platform: Platform = Platform()
    feedback: Feedback = Feedback()
    channel: Channel = Channel()
    ledger: Ledger = Ledger()
    gates: Gates = Gates()


def week(world: World, mechanisms: Mechanisms, draws: Draws) -> None:
    """Let one week happen to `world`; `draws` are this week's."""
    mechanisms.need.step(world, draws.of("need"))
    mechanisms.promotion.step(world, draws.of("promotion"))
    mechanisms.word.step(world, draws.of("word"))
    mechanisms.belief.step(world, draws.of("belief"))
    mechanisms.sales.step(world, draws.of("sales"))
    mechanisms.buying.step(world, draws.of("buying"))
    mechanisms.customization.step(world, draws.of("customization"))
    mechanisms.product.step(world, draws.of("product"))
    mechanisms.service.step(world, draws.of("service"))
    mechanisms.renewal.step(world, draws.of("renewal"))
    mechanisms.usage.step(world, draws.of("usage"))
    mechanisms.platform.step(world, draws.of("platform"))
    mechanisms.feedback.step(world, draws.of("feedback"))
    mechanisms.channel.step(world, draws.of("channel"))
    mechanisms.ledger.step(world, draws.of("ledger"))
    mechanisms.gates.step(world, draws.of("gates"))
