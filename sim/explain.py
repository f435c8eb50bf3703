"""A scenario in words: the calendar of its plan, what it assumes otherwise than the baseline, and what is switched off."""

from __future__ import annotations

import datetime
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sim.fields import Par
from sim.matter import YOURS, told_by_default
from sim.plan import Schedule, Span
from sim.scenario_files import Origin
from sim.settings import SWITCHES, known

Settings = Mapping[str, Any]

WIDTH = 110
TOLD_ELSEWHERE = ("title", "description", SWITCHES)
BARE = ("0-1", "index", "week", "logit", "utility", "exponent")  # units that are no nouns to count in


def explain(name: str, here: Settings, base: Settings, origins: Mapping[str, Origin]) -> str:
    """Return what a strategist should know of the scenario with settings `here`, against those of the baseline."""
    parts = (
        _heading(name, here), _scale(here), _calendar(here, base, origins), _assumptions(here, base, origins),
        _defaults(here, base, origins), _off(here),
    )
    return "\n\n".join("\n".join(lines) for lines in map(list, parts) if lines)


def _heading(name: str, here: Settings) -> Iterator[str]:
    title = here["title"]
    yield f"{title} ({name})" if title and title != name else name
    yield from textwrap.wrap(here["description"], WIDTH)
    last = here["start_date"] + datetime.timedelta(weeks=here["weeks"], days=-1)
    yield f"{_count(here['weeks'], 'weeks')}, {_day(here['start_date'])} to {_day(last)}; money in {here['currency']}."


def _scale(here: Settings) -> list[str]:
    scale = here["market.scale"]
    if scale == 1:
        return []
    text = f"Played at {scale:,g} times full size (market.scale): amounts marked ° are given at full size and multiplied by it."
    return textwrap.wrap(text, WIDTH)


# plan ---------------------------------------------------------------------------------------------------


def _calendar(here: Settings, base: Settings, origins: Mapping[str, Origin]) -> Iterator[str]:
    planned = [path for path in known() if path.startswith("plan.") and (path in here or path in base)]
    yield "PLAN" if planned else "PLAN: none; every lever stays at its own value."
    for mechanism in dict.fromkeys(path.split(".")[1] for path in planned):
        yield f"  {mechanism.replace('_', ' ').capitalize()}"
        for path in planned:
            if path.split(".")[1] == mechanism:
                yield from _lever(path, here, base, origins)
    if any(len(here.get(path, ())) > 1 for path in planned):
        yield "  Where several lines of a lever hold in the same week, the last of them counts."


def _lever(path: str, here: Settings, base: Settings, origins: Mapping[str, Origin]) -> Iterator[str]:
    par = known()[path]
    yield f"    {path.split('.', 2)[2]}: {par.doc}"
    rows = [(when, *amount.partition(" ")) for when, amount in _rows(path, here)]
    wide, digits = (max(len(row[k]) for row in rows) for k in (0, 1))
    yield from (f"      {when:{wide}}  {number:>{digits}} {unit}".rstrip() for when, number, _, unit in rows)
    if here.get(path) != base.get(path):
        told = "; ".join(f"{when} {amount}" for when, amount in _rows(path, base))
        yield from _wrapped(f"(baseline: {told})")
        yield from _wrapped(_given(path, here, origins))


def _rows(path: str, settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield when and how much, for each entry of a schedule and for the time outside them."""
    par, schedule = known()[path], settings.get(path, ())
    for span in schedule:
        yield _when(span, settings), _amount(par, span.value, settings)
    if not _throughout(schedule):
        own = settings[path.removeprefix("plan.")]
        yield "otherwise" if schedule else "throughout", _amount(par, own, settings)


def _throughout(schedule: Schedule) -> bool:
    return any(span.constant for span in schedule)


def _when(span: Span, settings: Settings) -> str:
    """Say in words when a span holds: 'weeks 0-25 (Jan 2027 - Jul 2027)', 'weeks 0-39 after entering stability'."""
    if span.constant:
        return "throughout"
    if span.stage is not None:
        text = _in_stage(span, span.stage)
    elif span.end is None:
        text = f"from week {span.start} ({_month(span.start, settings)})"
    else:
        first, last = _month(span.start, settings), _month(span.end - 1, settings)
        text = f"{_weeks(span)} ({first if first == last else f'{first} - {last}'})"
    return text if span.every is None else f"{text}, the first {_count(span.on or 0, 'weeks')} of every {span.every}"


def _in_stage(span: Span, stage: str) -> str:
    if span.end is not None:
        return f"{_weeks(span)} after entering {stage}"
    return f"while in stage {stage}" + (f", from its week {span.start}" if span.start else "")


def _weeks(span: Span) -> str:
    last = (span.end or 0) - 1
    return f"week {span.start}" if last == span.start else f"weeks {span.start}-{last}"


# assumptions --------------------------------------------------------------------------------------------


def _assumptions(here: Settings, base: Settings, origins: Mapping[str, Origin]) -> Iterator[str]:
    paths = [path for path in known() if not path.startswith("plan.") and path not in TOLD_ELSEWHERE]
    other = [path for path in paths if here[path] != base[path] or _yours(path, origins)]
    if here == base:
        yield "ASSUMPTIONS known only within a range"
        yield from _uncertain(paths, here)
        return
    if not other:
        yield "ASSUMPTIONS as in the baseline"
        return
    yield "ASSUMPTIONS that differ from the baseline"
    for path in other:
        par = known()[path]
        yield f"  {path}: {par.doc}"
        yield f"      {_amount(par, here[path], here)}, " + _beside(par, here[path], base[path], base)
        given = _given(path, here, origins)
        yield from _wrapped((f"{given}; " if given else "") + f"source of the default: {par.source}")


def _beside(par: Par, here: Any, there: Any, base: Settings) -> str:
    return "as in the baseline" if here == there else f"in the baseline {_amount(par, there, base)}"


def _yours(path: str, origins: Mapping[str, Origin]) -> bool:
    """Say whether the file that gave a setting calls it an answer of the user's."""
    return path in origins and YOURS in origins[path].note


def _given(path: str, here: Settings, origins: Mapping[str, Origin]) -> str:
    """Return where a setting was given, and what its file says beside it beyond what its declaration says."""
    place, par = origins.get(path), known()[path]
    if place is None or not place.file:
        return ""
    note = "" if par.doc in place.note else place.note.removeprefix(f"{par.unit.replace('money', here['currency'])}; ")
    return f"set in {place}" + (f" ({note})" if note else "")


def _defaults(here: Settings, base: Settings, origins: Mapping[str, Origin]) -> Iterator[str]:
    """Yield what a market of its own leaves as in the baseline and ought to look at."""
    settled = {path for path in known() if here.get(path) != base.get(path) or _yours(path, origins)}
    if not any(path.startswith("market.") and path != "market.scale" for path in settled):
        return
    yield "DEFAULTS of the baseline that stand here, those that matter most first"
    for path in told_by_default(settled):
        par = known()[path]
        yield f"  {path}: {par.doc}"
        spread = "" if par.plausible is None else f", plausible {' to '.join(map(_number, par.plausible))}"
        rows = _rows(f"plan.{path}", here) if f"plan.{path}" in here else [("", _amount(par, here[path], here))]
        yield from _wrapped(f"{', then '.join(amount for _, amount in rows)}{spread}; source: {par.source}")


def _uncertain(paths: Iterable[str], here: Settings) -> Iterator[str]:
    for path in paths:
        par = known()[path]
        if par.plausible is not None:
            low, high = (_number(bound) for bound in par.plausible)
            yield f"  {path}: {par.doc}"
            yield from _wrapped(f"{_amount(par, here[path], here)}, plausible {low} to {high}; source: {par.source}")


def _off(here: Settings) -> Iterator[str]:
    if here[SWITCHES]:
        yield "SWITCHED OFF"
    for path in here[SWITCHES]:
        par = known()[path]
        yield f"  {path}: {par.doc}"
        yield f"      {_amount(par, par.off, here)} instead of {_amount(par, here[path], here)}"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 7)


# words --------------------------------------------------------------------------------------------------


def _amount(par: Par, value: Any, settings: Settings) -> str:
    """Return a value with its unit; ° marks what grows with the market where that is not at full size."""
    mark = "°" if par.extensive and settings["market.scale"] != 1 else ""
    unit = "" if isinstance(value, bool) else par.unit.replace("money", settings["currency"])
    if unit in BARE:
        return f"{_number(value)}{mark} ({unit})"
    return f"{_number(value)}{mark}" + (f" {_one(unit) if value == 1 else unit}" if unit else "")


def _number(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return "[" + ", ".join(_number(part) for part in value) + "]"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.12g}" if isinstance(value, float) and abs(value) < 1e12 else str(value)


def _count(n: int, unit: str) -> str:
    return f"{n:,} {_one(unit) if n == 1 else unit}"


def _one(unit: str) -> str:
    return {"weeks": "week", "firms": "firm", "people": "person", "features": "feature", "rounds": "round"}.get(unit, unit)


def _day(day: datetime.date) -> str:
    return f"{day.day} {day:%b %Y}"


def _month(week: int, settings: Settings) -> str:
    return f"{settings['start_date'] + datetime.timedelta(weeks=week):%b %Y}"
