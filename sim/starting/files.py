"""Write a scenario file to start from: a plan with examples to uncomment, or a market of one's own from answers.

Nothing is written unless the whole file is known to load, and never over a file that is there.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from pathlib import Path

from sim.errors import Problem, UserError
from sim.scenario_files import locate, parts, read
from sim.settings import toml
from sim.starting.archetypes import Archetype, archetypes, distances
from sim.starting.market_text import market_text, tried
from sim.starting.questions import Answers
from sim.starting.sizes import Sizes


@dataclass(frozen=True)
class Started:
    """A market file that was written: where, the archetype it extends, and how the two compare."""

    file: Path
    archetype: Archetype
    sizes: Sizes


def check_free(path: str | Path) -> Path:
    """Return the file that `path` means. Raises UserError where it cannot be a new scenario file."""
    file = Path(path)
    if file.suffix != ".toml":
        raise UserError(Problem("is not a .toml file", file=str(file)))
    try:
        there, folder = file.exists(), file.parent.is_dir()
    except (OSError, ValueError) as error:
        raise UserError(Problem(f"cannot be written: {_reason(error)}", file=str(file))) from None
    if there:
        raise UserError(Problem("is there already: choose another name", file=str(file)))
    if not folder:
        raise UserError(Problem("cannot be written: no such file or directory", file=str(file)))
    return file


def new(path: str | Path, extends: str = "baseline", title: str = "") -> Path:
    """Write a commented file to start a plan from, and return its path. `extends` may stack several with '+'.

    Raises UserError where there is a file already, where it cannot be written, and for an unknown `extends`.
    """
    file, items = check_free(path), parts(extends)
    for item in items:
        read(*locate(item, file))
    _write(file, _plan_text(file, extends, items, title or _title(file)))
    return file


def new_market(path: str | Path, answers: Answers, archetype: str = "", title: str = "") -> Started:
    """Write a market of one's own, and return what was written.

    It extends `archetype`, or the nearest one. Raises UserError where there is a file already, where it cannot be written, for an
    unknown archetype, and for answers that do not fit together.
    """
    file = check_free(path)
    near = ranked(answers, archetype)
    sizes = Sizes(answers, near[0][0])
    text = market_text(title or _title(file), sizes, near)
    tried(text, sizes.archetype)
    _write(file, text)
    return Started(file, sizes.archetype, sizes)


def ranked(answers: Answers, archetype: str = "") -> list[tuple[Archetype, float]]:
    """Return the archetypes and how far from the answers each is, nearest first, or the one asked for first of all.

    Raises UserError for an unknown archetype.
    """
    near = distances(answers, archetypes())
    names = {name: found for found in near for name in (found[0].kind, found[0].name)}
    if archetype and archetype not in names:
        allowed = ", ".join(f"{found.name} ({found.kind})" for found, _ in near)
        raise UserError(Problem("is not an archetype", key="--archetype", given=archetype, allowed=allowed))
    chosen = [names[archetype]] if archetype else []
    return chosen + [found for found in near if found not in chosen]


def _title(file: Path) -> str:
    return re.sub(r"[_-]+", " ", file.stem).capitalize()


def _write(file: Path, text: str) -> None:
    """Write a new file; leave none behind where that fails half-way."""
    try:
        handle = file.open("x", encoding="utf-8")
    except FileExistsError:
        raise UserError(Problem("is there already: choose another name", file=str(file))) from None
    except (OSError, ValueError) as error:
        raise UserError(Problem(f"cannot be written: {_reason(error)}", file=str(file))) from None
    try:
        with handle:
            handle.write(text)
    except BaseException as error:
        with contextlib.suppress(OSError):
            file.unlink()
        if isinstance(error, OSError | ValueError):
            raise UserError(Problem(f"cannot be written: {_reason(error)}", file=str(file))) from None
        raise


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()


def _plan_text(file: Path, extends: str, items: list[str], title: str) -> str:
    return f"""extends = {toml(items[0] if len(items) == 1 else items)}
title = {toml(title)}
description = "What this plan does differently, and why."

# Only what differs stands here. A lever is a number for the whole time, or a list of times and stages.
# `sim scenarios explain {extends}` says what stands otherwise, `sim scenarios check {file.name}` what is wrong here.

# [plan.promotion.sem]
# spend = [ {{from = 0, to = 26, value = 2_000}}, {{stage = "stability", value = 30_000}} ]

# [plan.customization]
# accept_match = 0.6

# [plan.channel]
# support_per_reseller = [ {{from = 60, every = 26, on = 13, value = 900}} ]

# [market]
# need_heterogeneity = 0.35
"""
