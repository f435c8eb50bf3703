"""Ten merchants that decide differently: a subclass of a Mesa agent overrides one decision, everybody else goes on in columns.

python examples/impatient_merchants.py     plays the sound plan with and without them on the same world, and prints who stayed
"""

from __future__ import annotations

from typing import Any

import sim
from sim.agents.merchants import LIVE

TEN = 10


class Impatient(sim.Merchant):
    """A firm that renews once in five times unless it is delighted."""

    def renewal_probability(self, satisfaction: Any, *rest: Any) -> Any:
        """Return the yearly chance to renew; an override returns what the rule returns and never draws."""
        if satisfaction > 0.9 and self.size > 0.0:  # any column is an attribute
            return super().renewal_probability(satisfaction, *rest)
        return 0.2


def stayed(impatient: bool, weeks: int) -> int:
    """Return how many of the first ten live merchants are live after so many weeks, where they are of the class above or not."""
    model, ten = sim.GrowthModel(sim.load("baseline+small"), weeks=weeks), []
    for _ in range(weeks):
        model.step()
        live = model.merchants.where(model.merchants.live_week >= 0)
        if not ten and len(live) >= TEN:
            ten = [merchant.id for merchant in live[:TEN]]
            model.merchants.use(Impatient, ten if impatient else [])
    return int((model.merchants.status[ten] == LIVE).sum())


def main(weeks: int = 156) -> tuple[int, int]:
    """Print and return how many of the ten are live at the end, as impatient ones and as usual ones."""
    found = stayed(True, weeks), stayed(False, weeks)
    print(f"of ten merchants {found[0]} stayed where they are impatient, {found[1]} where they are not")
    return found


if __name__ == "__main__":
    main()
