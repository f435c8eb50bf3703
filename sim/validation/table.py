"""The table of the three mistakes: runs the studies and writes what was found as Markdown, failures included."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sim.agents.world import Market
from sim.scenario import load
from sim.validation import mistakes as m

Interval = tuple[float, float, float]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Size:
    """How much to run: replications of the comparison, of the ablations, of the full-size baseline, and worlds."""

    reps: int = 40
    full_reps: int = 40
    worlds: int = 50
    seed: int = 1
    jobs: int = 2


def write(size: Size, say: Say) -> str:
    """Run everything and return the Markdown page. `say` is told what is under way."""
    parts = [_head(size)]
    sections: tuple[tuple[str, Callable[[Size], str]], ...] = (
        ("levels of the baseline", levels),
        ("losses on small", lambda s: losses(s, "small", s.reps)),
        ("losses on baseline", lambda s: losses(s, "baseline", s.full_reps)),
        ("causes", ablations),
        ("F1", fact_1),
        ("F4", fact_4),
        ("F6", fact_6),
        ("F8", fact_8),
        ("worlds", robustness),
    )
    for name, section in sections:
        say(name)
        parts.append(section(size))
    return "\n\n".join(parts) + "\n"


def _head(size: Size) -> str:
    return (
        "# The three mistakes against the sound plan\n\n"
        f"Made by `python -m sim.validation --reps {size.reps} --full-reps {size.full_reps} --worlds {size.worlds} "
        f"--seed {size.seed}` (`make validate`). All differences are paired on common seeds; brackets are 95 % intervals "
        "(Student t over replications). `small` is a tenth of the market. Money is CNY. A verdict is computed: a fact that "
        "does not hold says so."
    )


# sections -----------------------------------------------------------------------------------------------

TARGETS = {
    "signed in 104 weeks": "about 3,000 (about 300 on small)",
    "linearity R²": "at least 0.97",
    "last quarter / second": "at most 1.8",
    "no-decision share": "0.40 to 0.60",
    "won within 180 days": "0.10 to 0.16",
    "days p75 / p25": "at least 4",
    "renewal rate": "0.75 to 0.90",
    "penetration": "below one third",
}


def levels(size: Size) -> str:
    """Tabulate the calibrated levels, counted over the 104 weeks after the iteration gate."""
    rows, found = [], {}
    for market, reps in (("small", size.reps), ("baseline", max(size.full_reps // 4, 2))):
        plan = load("baseline" if market == "baseline" else "baseline+small")
        found[market] = m.arms([plan], reps, size.seed, size.jobs)[0]
        for one in found[market]:
            one["penetration"] /= Market().merchants * plan.market.scale
    for name, target in TARGETS.items():
        cells = [_cell(m.interval(one.get(name, np.nan) for one in found[market])) for market in ("small", "baseline")]
        rows.append([name, target, *cells])
    return "## Levels the baseline is calibrated to\n\n" + grid(["level", "wanted", "small", "baseline"], rows)


def losses(size: Size, market: str, reps: int) -> str:
    """Tabulate value and signed merchants of each mistake less the baseline's."""
    tail = "" if market == "baseline" else f"+{market}"
    base, *plans = m.arms([load(f"{name}{tail}") for name in ("baseline", *m.MISTAKES)], reps, size.seed, size.jobs)
    rows = []
    for name, plan in zip(m.MISTAKES, plans, strict=True):
        pair = [m.interval(m.differences(base, plan, measure)) for measure in ("value", "signed_merchants")]
        verdict = "loses in both" if all(high < 0 for _, _, high in pair) else "not clear of zero"
        rows.append([name, _cell(m.interval(p["value"] for p in plan)), _cell(pair[0]), _cell(pair[1]), verdict])
    value, signed = (_cell(m.interval(b[measure] for b in base)) for measure in ("value", "signed_merchants"))
    mean = f"Baseline: value {value}, signed merchants {signed}."
    title = f"## Losses on `{market}`, {reps} replications\n\n{mean}\n\n"
    return title + grid(["plan", "value", "value − baseline", "signed − baseline", "verdict"], rows)


def ablations(size: Size) -> str:
    """Tabulate each loss with causes switched off, one by one and together, in both plans alike."""
    text = (
        "## Where the losses come from (`small`)\n\nLoss = plan − baseline with the same switches off in both. "
        "*Removed* is the share of the loss that is gone (above 100 %: it turned into a gain)."
    )
    for mistake in m.MISTAKES:
        found = m.causes(mistake, "small", size.reps, size.seed, size.jobs)
        whole = found["as it is"]
        rows = [
            [
                label,
                *[
                    cell
                    for name in ("value", "signed_merchants")
                    for cell in (_cell(pair[name]), _removed(pair[name], whole[name]))
                ],
            ]
            for label, pair in found.items()
        ]
        gone = all(1 - found["the whole set"][name][0] / whole[name][0] >= 0.8 for name in whole)
        verdict = (
            "The whole set removes at least 80 % of both losses."
            if gone
            else "**The whole set does not remove 80 % of both losses.**"
        )
        text += (
            f"\n\n### {mistake}\n\n" + grid(["off", "value", "removed", "signed merchants", "removed"], rows) + f"\n\n{verdict}"
        )
    return text


def fact_1(size: Size) -> str:
    """F1: the same campaign in prototype and in stability, against no campaign."""
    late = load("baseline+small")
    base, early, none = m.arms([late, load("premature_promotion+small"), m.no_campaign(late)], size.reps, size.seed, size.jobs)
    visits = np.array([e["campaign visits"] / b["campaign visits"] for b, e in zip(base, early, strict=True)])
    cost = [sum(one["campaign spend"] for one in arm) / max(sum(one["campaign wins"] for one in arm), 1) for arm in (early, base)]
    gain_early, gain_late = m.differences(none, early, "signed_merchants"), m.differences(none, base, "signed_merchants")
    rows = [
        ["visits of the campaign, early / late", "within 15 % of 1", _cell(m.interval(visits))],
        ["cost per win among the rounds it opened, early", "", f"{cost[0]:,.0f}"],
        ["the same, late", "", f"{cost[1]:,.0f}"],
        ["ratio", "at least 3", f"{cost[0] / cost[1]:.1f}"],
        ["additional signed merchants, early", "", _cell(m.interval(gain_early))],
        ["additional signed merchants, late", "", _cell(m.interval(gain_late))],
        ["late / early: ratio of cost per additional merchant", "at least 2", _ratio(gain_late, gain_early)],
        ["value, early − late", "below 0", _cell(m.interval(m.differences(base, early, "value")))],
        ["value, early − no campaign", "", _cell(m.interval(m.differences(none, early, "value")))],
        ["resellers signed up before the iteration gate", "", _cell(m.interval(e["early resellers"] for e in early))],
        [
            "share of them that sold within a year",
            "below one half",
            _cell(m.interval(e["early resellers that sold"] for e in early)),
        ],
    ]
    return "## F1: the same campaign in prototype and in stability (`small`)\n\n" + grid(["what", "wanted", "found"], rows)


def fact_4(size: Size) -> str:
    """F4: more accepted custom work: win rate of the first year up, focus and value down."""
    base, over = m.arms([load("baseline+small"), load("over_customization+small")], size.reps, size.seed, size.jobs)
    wanted = {"first_year_win_rate": "above 0", "focus": "below 0", "value": "below 0"}
    rows = [[name, want, _cell(m.interval(m.differences(base, over, name)))] for name, want in wanted.items()]
    return "## F4: accepting custom work, difference to the baseline (`small`)\n\nThe first year is weeks 0 to 51.\n\n" + grid(
        ["measure", "wanted", "found"], rows
    )


def fact_6(size: Size) -> str:
    """F6: loss by length of the gaps at equal yearly support, and the time confidence takes to recover from a single gap."""
    text = (
        "## F6: support with gaps against steady support (`small`)\n\nThe same support per reseller and year, from week 52 on, "
        "with a gap in the middle of each year, or at its end. At its end the money is also paid earlier than under the steady "
        "plan, which is a gain of its own; *support* is what was paid in all: less, because resellers leave.\n\n"
    )
    rows = [row for centred in (True, False) for row in _gaps(size, centred)]
    text += grid(["gap each year", "value − steady", "signed − steady", "support − steady", "resellers that left"], rows)
    back = m.recoveries("small", max(size.reps // 2, 2), size.seed, size.jobs)
    text += (
        "\n\nAfter a single gap from week 91, weeks from its end until mean confidence is within 5 % of the run without it:\n\n"
    )
    return text + grid(
        ["gap", "wanted", "found", "not within the run"],
        [
            [
                f"{gap} weeks",
                f"more than {gap}",
                _cell(m.interval(weeks)),
                f"{sum(not np.isfinite(w) for w in weeks)} of {len(weeks)}",
            ]
            for gap, weeks in back.items()
        ],
    )


def _gaps(size: Size, centred: bool) -> list[list[str]]:
    plans = m.gap_plans("small", centred)
    steady, *found = m.arms(list(plans.values()), size.reps, size.seed, size.jobs)
    where = "in the middle" if centred else "at the end"
    names = ("value", "signed_merchants", "channel_support", "reseller_exits")
    return [
        [f"{gap} weeks, {where}", *(_cell(m.interval(m.differences(steady, arm, name))) for name in names)]
        for gap, arm in zip((8, 16, 26), found, strict=True)
    ]


def fact_8(size: Size) -> str:
    """F8: purchase likelihood by the number of veto-holders."""
    wanted = {1: "0.81", 6: "0.31"}
    rows = [
        [str(people), wanted.get(people, ""), f"{m.purchase_likelihood(people, 4, size.seed, size.jobs):.2f}"]
        for people in range(1, 7)
    ]
    return "## F8: purchase likelihood by the size of the buying group (CEB 2015)\n\n" + grid(
        ["veto-holders", "published", "found"], rows
    )


def robustness(size: Size) -> str:
    """The share of worlds in which each mistake loses."""
    found = m.over_worlds("small", size.worlds, 2, size.seed, size.jobs)
    rows = [[name, f"{one['value']:.0%}", f"{one['signed_merchants']:.0%}"] for name, one in found.items()]
    text = (
        f"## In how many worlds the mistakes lose (`small`)\n\n{size.worlds} worlds drawn by Latin hypercube from the plausible "
        "ranges of every uncertain parameter, 2 replications each.\n\n"
    )
    return text + grid(["plan", "loses value", "loses merchants"], rows)


# cells --------------------------------------------------------------------------------------------------


def grid(head: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def number(x: float) -> str:
    """Return a number as people write it: thousands as such, money in millions."""
    if not np.isfinite(x):
        return "–"
    if abs(x) >= 1e5:
        return f"{x / 1e6:,.2f} m"
    return f"{x:,.0f}" if abs(x) >= 100 else f"{x:,.1f}" if abs(x) >= 10 else f"{x:.3f}"


def _cell(found: Interval) -> str:
    mean, low, high = found
    return number(mean) + (f" [{number(low)}, {number(high)}]" if np.isfinite(low) else "")


def _removed(now: Interval, whole: Interval) -> str:
    return f"{1 - now[0] / whole[0]:.0%}" if whole[0] else "–"


def _ratio(top: np.ndarray, bottom: np.ndarray, draws: int = 4000) -> str:
    """Return the ratio of means with a bootstrap interval over replications (no bound where the bottom may be zero)."""
    rng = np.random.default_rng(1)
    pick = rng.integers(len(top), size=(draws, len(top)))
    ratios = np.where(
        bottom[pick].mean(axis=1) > 0, top[pick].mean(axis=1) / np.maximum(bottom[pick].mean(axis=1), 1e-12), np.inf
    )
    low, high = np.quantile(ratios, [0.025, 0.975], method="lower")
    centre = f"{top.mean() / bottom.mean():.1f}" if bottom.mean() > 0 else "no additional merchant at all"
    return f"{centre} [{low:.1f}, {'∞' if not np.isfinite(high) else f'{high:.1f}'}]"
