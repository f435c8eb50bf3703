"""`python -m sim.validation`: run the studies of the three mistakes and write the table the docs show."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sim.validation.table import Size, write


def main() -> None:
    """Read the options, run, and write or print the page."""
    options = argparse.ArgumentParser(prog="python -m sim.validation", description=__doc__)
    for name, default, text in (
        ("reps", 40, "replications on small"),
        ("full-reps", 40, "replications on baseline"),
        ("worlds", 50, "worlds"),
        ("seed", 1, "seed"),
        ("jobs", 2, "processes"),
    ):
        options.add_argument(f"--{name}", type=int, default=default, help=f"{text} (default {default})")
    options.add_argument("--out", type=Path, help="file to write (default: print)")
    given = options.parse_args()
    size = Size(given.reps, given.full_reps, given.worlds, given.seed, given.jobs)
    page = write(size, lambda name: print(f"{name} …", file=sys.stderr, flush=True))
    if given.out is None:
        print(page)
    else:
        given.out.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
