"""Ten merchants that decide differently: a subclass of a Mesa agent overrides one decision, everybody else goes on in columns.

python examples/loyal_merchants.py     plays the sound plan with and without them on the same world, and prints who stayed
"""

from __future__ import annotations

from typing import Any

import sim


class Loyal(sim.Merchant):
    """A firm that renews nine times in ten, whatever it has lived through, unless it is large."""

    def renewal_probability(self, satisfaction: Any, *rest: Any) -> Any:
        """Return the yearly chance to renew; an override returns what the rule returns and never draws."""
        if self.size > 1.0:  # any column is an attribute
            return super().renewal_probability(satisfaction, *rest)
        return 0.9


def played(loyal: int, weeks: int) -> sim.GrowthModel:
    """Return the model after so many weeks, with the first `loyal` live merchants of the class above."""
    model = sim.GrowthModel(sim.load("baseline+small"), weeks=weeks)
    chosen = False
    for _ in range(weeks):
        model.step()
        live = model.merchants.where(model.merchants.live_week >= 0)
        if not chosen and len(live) >= loyal:
            model.merchants.use(Loyal, [merchant.id for merchant in live[:loyal]])
            chosen = True
    return model


def main(weeks: int = 156) -> tuple[int, int]:
    """Print and return how many merchants are live with and without ten loyal ones."""
    counts = tuple(int((played(loyal, weeks).merchants.status == 4).sum()) for loyal in (10, 0))
    print(f"live merchants: {counts[0]} with ten loyal ones, {counts[1]} without")
    return counts[0], counts[1]


if __name__ == "__main__":
    main()
