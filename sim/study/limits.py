"""How large a question may be: beyond these, it fills the memory or takes weeks. Light, for the command line reads it."""

from __future__ import annotations

MOST_REPS = 100_000
MOST_CELLS = 20_000
MOST_TASKS = 1_000_000  # settings times replications
MOST_WORLDS = 10_000
