"""Toys: two mechanisms to try plans on, and a shelf of four scenarios, whatever the real ones hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sim import scenario_files
from sim.fields import Parameters, par


class Channel(Parameters):
    """One channel of the toy's promotion."""

    spend: float = par(0.0, "spending", unit="money/week", bounds=(0, 1e6), role="lever", extensive=True)
    half_life: float = par(2.0, "half-life", unit="weeks", bounds=(0, 52))


class Promotion(Parameters):
    """A mechanism with groups within."""

    search: Channel = Channel(half_life=1.0)
    fair: Channel = Channel()


class Team(Parameters):
    """A mechanism with whole and yes-or-no levers."""

    heads: int = par(7, "heads", unit="people", bounds=(0, 1000), role="lever", extensive=True)
    share: float = par(0.5, "share", unit="share", bounds=(0, 1), role="lever")
    announce: bool = par(False, "announce", role="lever")


class Toys(Parameters):
    """What stands for the market's mechanisms."""

    promotion: Promotion = Promotion()
    team: Team = Team()


BASELINE = """title = "Sound plan"
description = "The plan others are held against."
weeks = 104

[market]
merchants = 3_000

[plan.promotion.sem]
spend = [
    {from = 0, to = 26, value = 2_000},
    {stage = "stability", value = 30_000},
]

[plan.channel]
announce = true
"""
FILES = {
    "baseline": BASELINE,
    "small": 'title = "A tenth"\n[market]\nscale = 0.1\n',
    "early": 'extends = "baseline"\ntitle = "Early"\ndescription = "Spends at once."\n[plan.promotion.sem]\nspend = 9_000\n',
    "quiet": 'extends = "early"\ntitle = "Quiet"\n[belief]\nmemory = 0.9\n[plan.channel]\nannounce = false\n',
}


@contextmanager
def shelved(folder: Path) -> Iterator[Path]:
    """Put a shelf of four scenarios, written to `folder`, in the place of those that come with the package."""
    for name, text in FILES.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scenario_files, "SHIPPED", folder.resolve())
        yield folder
