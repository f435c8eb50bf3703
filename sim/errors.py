"""One error form for everything a user can mend.

UserError(ValueError)      one or more Problems; the command line prints a line each and exits with 2
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Problem:
    """One thing wrong with what the user gave: where it stands, what it is, what is allowed."""

    what: str
    file: str = ""
    line: int | None = None
    key: str = ""
    given: Any = None
    allowed: str = ""
    nearest: str = ""

    def __str__(self) -> str:
        where = self.file + (f" line {self.line}" if self.line is not None else "")
        key = self.key + (f" = {self.given!r}" if self.given is not None else "")
        text = ": ".join(part for part in (where, key, self.what) if part)
        if self.allowed:
            text += f"; allowed: {self.allowed}"
        if self.nearest:
            text += f"; did you mean '{self.nearest}'?"
        return " ".join(text.split())


class UserError(ValueError):
    """Raised for what the user can mend; `problems` holds one Problem per line to print."""

    def __init__(self, *problems: Problem | str) -> None:
        self.problems = [p if isinstance(p, Problem) else Problem(p) for p in problems]
        super().__init__("\n".join(str(p) for p in self.problems))


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name closest to `name`, or an empty string when none is close."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return close[0] if close else ""
