"""Verdicts: what a claim wants, what was found with its interval, and whether it holds.

Means and differences are paired by replication with 95 % Student t intervals; ratios and best levels take a bootstrap of the
replications (Efron 1979). A claim *holds* when the whole interval is where it should be, is *not clear* when only the mean is,
and *does not hold* otherwise; without bounds it is only *reported*.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from sim.study.study import StudyResult, label_text
from sim.study.summary import Floats, intervals
from sim.validation.fact import Claim, Fact, Quantity

Verdict = Literal["holds", "not clear", "does not hold", "reported"]
SAMPLES = 4000
SURE = 0.95


@dataclass(frozen=True)
class Found:
    """What became of one claim: what it says, what was wanted and found in words, mean and interval, the verdict.

    `fails` is why it is known not to hold: it then stays in the table as failing, and is no surprise.
    """

    says: str
    wanted: str
    found: str
    verdict: Verdict
    mean: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    fails: str = ""

    def stands(self, quick: bool = False) -> bool:
        """Say whether the table may claim it; a quick look lets pass what is not clear."""
        return self.verdict in ("holds", "reported") or bool(self.fails) or (quick and self.verdict == "not clear")


def judge(claim: Claim, fact: Fact, result: StudyResult) -> Found:
    """Return what became of a claim in the result of its fact's study."""
    return _FORMS[claim.form](claim, fact, result)


def verdict(mean: float, low: float, high: float, least: float | None, most: float | None) -> Verdict:
    """Return the verdict on an interval that should lie between `least` and `most` (None: no bound).

    >>> verdict(2.0, 1.5, 2.5, 1.0, None), verdict(2.0, 0.5, 3.5, 1.0, None), verdict(0.5, 0.0, 1.0, 1.0, None)
    ('holds', 'not clear', 'does not hold')
    """
    if least is None and most is None:
        return "reported"
    floor, top = -np.inf if least is None else least, np.inf if most is None else most
    if not (np.isfinite(mean) or mean == np.inf) or not floor <= mean <= top:
        return "does not hold"
    return "holds" if floor <= low and high <= top else "not clear"


# quantities ---------------------------------------------------------------------------------------------


def samples(quantity: Quantity, fact: Fact, result: StudyResult) -> tuple[Floats, Floats | None]:
    """Return a quantity by replication, shape (replications,), and what it is counted per, of that shape (None: nothing)."""

    def of(labels: Any, reading: str) -> Floats:
        values: Floats = result.values(reading)[fact.cell(labels)]
        return values

    top = of(quantity.cell, quantity.reading)
    top = top if quantity.minus is None else top - of(quantity.minus, quantity.reading)
    if not quantity.per:
        return top, None
    per = of(quantity.cell, quantity.per)
    return top, per if quantity.per_minus is None else per - of(quantity.per_minus, quantity.per)


def _mean(top: Floats, per: Floats | None, pick: Any = slice(None)) -> Any:
    """Return the mean of replications (the ratio of means where it is per something: infinite where that is not above zero)."""
    if per is None:
        return np.nanmean(top[pick], axis=-1)
    below = np.nanmean(per[pick], axis=-1)
    return np.where(below > 0, np.nanmean(top[pick], axis=-1) / np.where(below > 0, below, 1.0), np.inf)


def _bootstrap(statistic: Callable[[Any], Any], count: int) -> tuple[float, float, float]:
    """Return a statistic of all replications, and the 95 % percentile interval over bootstrap samples of them."""
    rng = np.random.default_rng(count)
    drawn = np.asarray(statistic(rng.integers(count, size=(SAMPLES, count))), dtype=np.float64)
    low, high = np.quantile(drawn, [0.025, 0.975], method="lower")
    return float(statistic(np.arange(count))), float(low), float(high)


def _level(claim: Claim, fact: Fact, result: StudyResult) -> Found:
    top, per = samples(claim.of, fact, result)
    if per is None:
        mean, low, high = (float(part[0]) for part in intervals(top[:, None]))
    else:
        mean, low, high = _bootstrap(lambda pick: _mean(top, per, pick), len(top))
    return _numeric(claim, mean, low, high)


def _difference(claim: Claim, fact: Fact, result: StudyResult) -> Found:
    (top, per), (other, other_per) = (samples(side, fact, result) for side in (claim.of, claim.against) if side)
    if per is None and other_per is None:
        mean, low, high = (float(part[0]) for part in intervals((top - other)[:, None]))
    else:
        mean, low, high = _bootstrap(lambda pick: _mean(top, per, pick) - _mean(other, other_per, pick), len(top))
    return _numeric(claim, mean, low, high)


def _ratio(claim: Claim, fact: Fact, result: StudyResult) -> Found:
    (top, per), (other, other_per) = (samples(side, fact, result) for side in (claim.of, claim.against) if side)

    def statistic(pick: Any) -> Any:
        above, below = _mean(top, per, pick), _mean(other, other_per, pick)
        return np.where(below > 0, above / np.where(below > 0, below, 1.0), np.inf)

    return _numeric(claim, *_bootstrap(statistic, len(top)))


def _numeric(claim: Claim, mean: float, low: float, high: float) -> Found:
    outcome = verdict(mean, low, high, claim.least, claim.most)
    return Found(claim.says, bounds(claim), spelt(mean, low, high), outcome, mean, low, high, claim.fails)


def bounds(claim: Claim) -> str:
    """Return what a claim wants of a number."""
    least, most = (None if end is None else number(float(end)) for end in (claim.least, claim.most))
    if least is not None and most is not None:
        return f"{least} to {most}"
    return f"at least {least}" if least is not None else f"at most {most}" if most is not None else ""


# along a factor -----------------------------------------------------------------------------------------


def _curve(claim: Claim, side: Quantity, fact: Fact, result: StudyResult) -> tuple[list[Any], Floats]:
    """Return levels and values, shape (levels, replications), of replications that all cells have."""
    levels, _ = fact.along(claim.along, side.cell)
    values = np.stack([_each(side.model_copy(update={"cell": [*side.cell, level]}), fact, result) for level in levels])
    return levels, values[:, np.isfinite(values).all(axis=0)]


def _each(quantity: Quantity, fact: Fact, result: StudyResult) -> Floats:
    """Return a quantity replication by replication (NaN where what it is counted per is not above zero)."""
    top, per = samples(quantity, fact, result)
    return top if per is None else np.divide(top, per, out=np.full_like(top, np.nan), where=per > 0)


def _inner_best(claim: Claim, fact: Fact, result: StudyResult) -> Found:
    levels, values = _curve(claim, claim.of, fact, result)
    best = int(values.mean(axis=1).argmax())
    ends = [intervals((values[end] - values[best])[:, None]) for end in (0, -1)]
    losses = [(float(mean[0]), float(low[0]), float(high[0])) for mean, low, high in ends]
    inside = 0 < best < len(levels) - 1
    clear = inside and all(high < 0 for _, _, high in losses)
    told = ", ".join(f"{label_text(levels[end])}: {spelt(*loss)}" for end, loss in zip((0, -1), losses, strict=True))
    outcome: Verdict = "holds" if clear else "not clear" if inside else "does not hold"
    return Found(claim.says, "best inside, both ends clearly worse", f"best at {label_text(levels[best])}; {told}", outcome,
                 fails=claim.fails)


def _one_way(claim: Claim, fact: Fact, result: StudyResult) -> Found:
    sign = 1.0 if claim.form == "rises" else -1.0
    levels, values = _curve(claim, claim.of, fact, result)
    means = values.mean(axis=1)
    mean, low, high = (float(part[0]) for part in intervals((values[-1] - values[0])[:, None]))
    ends = sorted((sign * low, sign * high))
    way = verdict(sign * mean, ends[0], ends[1], 0.0, None)
    steady = bool((sign * np.diff(means) >= 0).all())
    outcome: Verdict = way if steady or way == "does not hold" else "not clear"
    told = ", ".join(f"{label_text(level)}: {number(float(m))}" for level, m in zip(levels, means, strict=True))
    found = f"{told}; last less first {spelt(mean, low, high)}"
    return Found(claim.says, f"{claim.form} from level to level", found, outcome, mean, low, high, claim.fails)


def _earlier(claim: Claim, fact: Fact, result: StudyResult) -> Found:
    """The best level of one curve against that of another, over bootstrap samples of the replications."""
    sides = [_curve(claim, side, fact, result) for side in (claim.of, claim.against) if side]
    (levels, first), (_, second) = sides
    count = min(first.shape[1], second.shape[1])
    pick = np.random.default_rng(count).integers(count, size=(SAMPLES, count))
    best = [curve[:, :count][:, pick].mean(axis=2).argmax(axis=0) for curve in (first, second)]
    at = [levels[int(curve.mean(axis=1).argmax())] for curve in (first, second)]
    share = float((best[0] < best[1]).mean())
    here = levels.index(at[0]) < levels.index(at[1])
    outcome: Verdict = "holds" if here and share >= SURE else "not clear" if here else "does not hold"
    told = f"best at {label_text(at[0])} against {label_text(at[1])}; earlier in {share:.0%} of bootstrap samples"
    return Found(claim.says, f"earlier in {SURE:.0%}", told, outcome, share, fails=claim.fails)


_FORMS: dict[str, Callable[[Claim, Fact, StudyResult], Found]] = {
    "level": _level, "difference": _difference, "ratio": _ratio, "inner_best": _inner_best, "falls": _one_way, "rises": _one_way,
    "earlier": _earlier,
}


def spelt(mean: float, low: float, high: float) -> str:
    """Return a mean with its interval."""
    return f"{number(mean)} [{number(low)}, {number(high)}]" if np.isfinite(low) else number(mean)


def number(x: float) -> str:
    """Return a number for a table: millions and thousands of money as such, three digits otherwise.

    >>> number(-448_000.0), number(0.98765), number(5.5e6), number(float("inf"))
    ('−448 k', '0.988', '5.50 m', '∞')
    """
    if x == 0:
        return "0"
    if not np.isfinite(x):
        return "–" if np.isnan(x) else "∞" if x > 0 else "−∞"
    size = abs(x)
    for least, unit, letter in ((1e6, 1e6, " m"), (1e4, 1e3, " k")):
        if size >= least:
            digits = 2 if size / unit < 10 else 1 if size / unit < 100 else 0
            return f"{x / unit:,.{digits}f}{letter}".replace("-", "−")
    digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3
    return f"{x:,.{digits}f}".replace("-", "−")
