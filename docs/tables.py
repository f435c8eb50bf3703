"""The tables of docs/model.md and of the pages of docs/mechanisms/, made from the declarations in the code.

python docs/tables.py            print the tables
python docs/tables.py --write    put them between their markers
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sim.fields import Measure, Par, declared
from sim.record import each, events_of, measures_of
from sim.scenario import load
from sim.settings import known
from sim.week import Mechanisms

PAGE = Path(__file__).with_name("model.md")
EVENTS = Path(__file__).with_name("events.md")
PAGES = Path(__file__).with_name("mechanisms")
WIDTH = 130


def measures_table() -> str:
    """Return every measure, in the order of the week, as a Markdown table: name, unit, kind, meaning."""
    measures = measures_of(Mechanisms()).values()
    return _table(("measure", "unit", "kind", "meaning"), ((f"`{m.name}`", m.unit, m.kind, _meaning(m)) for m in measures))


def uncertain_table() -> str:
    """Return every uncertain parameter as a Markdown table, with its value in the baseline and its plausible range."""
    settings = load("baseline").settings()
    rows = ((f"`{path}`", _number(settings[path]), _range(par), par.unit, par.doc, par.source) for path, par in _uncertain())
    return _table(("parameter", "baseline", "plausible", "unit", "meaning", "source"), rows)


def scaled_list() -> str:
    """Return a sentence, in lines, that names every setting multiplied by market.scale."""
    extensive = (path for path, par in known().items() if par.extensive and not path.startswith("plan."))
    names = dict.fromkeys(f"`{channels_as_one(path)}`" for path in extensive)
    return textwrap.fill("Multiplied: " + ", ".join(names) + ".", WIDTH, break_long_words=False)


def submodels_table() -> str:
    """Return the mechanisms in the order of the week as a Markdown table: name with its page, what it does."""
    rows = ((f"[{name}](mechanisms/{name}.md)", _first_line(type(found))) for name, found in each(Mechanisms()))
    return _table(("mechanism", "what it does"), rows)


def mechanism_part(name: str) -> str:
    """Return the generated part of a mechanism's page: its parameters, what it writes, draws and measures."""
    mechanism = getattr(Mechanisms(), name)
    pars = {channels_as_one(path): par for path, par in declared(mechanism, f"{name}.").items()}
    rows = ((f"`{path}`", _value(par.default), par.unit, _role(par), par.doc, par.source) for path, par in pars.items())
    writes = "; ".join(f"{population} ({', '.join(columns)})" for population, columns in mechanism.WRITES.items()) or "nothing"
    told = {
        "Writes": writes, "Random draws": ", ".join(mechanism.PURPOSES) or "none",
        "Measures": ", ".join(f"`{measure.name}`" for measure in mechanism.MEASURES) or "none",
        "Events": ", ".join(f"`{event.name}`" for event in mechanism.EVENTS) or "none",
    }
    lines = [textwrap.fill(f"{what}: {how}.", WIDTH, break_long_words=False) for what, how in told.items()]
    return "\n\n".join([_table(("parameter", "default", "unit", "role", "meaning", "source"), rows), *lines])


def events_table() -> str:
    """Return every event as a Markdown table: name, what happens, what its columns hold, and who notes it."""
    rows = ((f"`{e.name}`", e.doc, e.agent, e.cause, e.ref, e.value, name) for name, e in events_of(Mechanisms()))
    return _table(("event", "what happens", "agent", "cause", "ref", "value", "noted by"), rows)


def tables() -> dict[str, str]:
    """Return the generated parts of the page by the name of their markers."""
    named = {"scaled": scaled_list(), "submodels": submodels_table(), "measures": measures_table()}
    return named | {"uncertain": uncertain_table()}


def files() -> dict[Path, dict[str, str]]:
    """Return every page with generated parts, and those by the names of their markers."""
    pages = {PAGES / f"{name}.md": {"parameters": mechanism_part(name)} for name, _ in each(Mechanisms())}
    return {PAGE: tables(), EVENTS: {"events": events_table()}, **pages}


def refreshed(text: str, parts: Mapping[str, str]) -> str:
    """Return `text` with each generated part between its markers. Raises ValueError where markers are missing or doubled."""
    for name, table in parts.items():
        begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        text, found = re.subn(f"{begin}.*?{end}", lambda _, part=f"{begin}\n{table}\n{end}": part, text, flags=re.DOTALL)  # type: ignore[misc]
        if found != 1:
            raise ValueError(f"{found} places marked '{begin}' to '{end}'; there should be one")
    return text


def _uncertain() -> Iterable[tuple[str, Par]]:
    return ((path, par) for path, par in known().items() if par.role == "uncertain")


def channels_as_one(path: str) -> str:
    """Return a setting's path with <channel> for the name of a promotion channel.

    >>> channels_as_one("promotion.sem.spend")
    'promotion.<channel>.spend'
    """
    parts = path.split(".")
    return f"promotion.<channel>.{parts[2]}" if len(parts) == 3 and parts[0] == "promotion" else path


def _first_line(kind: type) -> str:
    return (kind.__doc__ or "").split("\n")[0]


def _role(par: Par) -> str:
    off = f"; off: {_value(par.off)}" if par.off is not None else ""
    plausible = f" ({_range(par)})" if par.plausible else ""
    return f"{par.role}{plausible}{off}"


def _value(value: Any) -> str:
    """Return a default as scenario files write it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(map(_value, value)) or "none"
    return f"{value:,.6g}" if isinstance(value, float | int) else str(value)


def _meaning(measure: Measure) -> str:
    ratio = f" (`{measure.over[0]}` ÷ `{measure.over[1]}`)" if measure.over else ""
    split = f"; split by {', '.join(measure.by)}" if measure.by else ""
    return measure.doc + ratio + split


def _range(par: Par) -> str:
    low, high = par.plausible or (float("nan"), float("nan"))
    return f"{_number(low)} to {_number(high)}"


def _number(value: Any) -> str:
    return f"{value:.4g}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def main(arguments: Sequence[str]) -> int:
    """Print the generated parts, or refresh the page when asked to write; return the exit code."""
    if list(arguments) not in ([], ["--write"]):
        print("usage: python docs/tables.py [--write]", file=sys.stderr)
        return 2
    for page, parts in files().items():
        if arguments:
            page.write_text(refreshed(page.read_text(encoding="utf-8"), parts), encoding="utf-8")
        else:
            print(*parts.values(), sep="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
