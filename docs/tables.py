"""The tables of docs/model.md, made from the declarations in the code.

python docs/tables.py            print the tables
python docs/tables.py --write    put them between their markers in docs/model.md
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from sim.fields import Measure, Par
from sim.record import measures_of
from sim.scenario import load
from sim.settings import known
from sim.week import Mechanisms

PAGE = Path(__file__).with_name("model.md")
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


def tables() -> dict[str, str]:
    """Return the generated parts of the page by the name of their markers."""
    return {"scaled": scaled_list(), "measures": measures_table(), "uncertain": uncertain_table()}


def refreshed(text: str) -> str:
    """Return `text` with each generated part between its markers. Raises ValueError where markers are missing or doubled."""
    for name, table in tables().items():
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
    if arguments:
        PAGE.write_text(refreshed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        print("\n\n".join(tables().values()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
