"""Seconds per run: one line for each scenario, imports apart. `make bench` runs it."""

from __future__ import annotations

import time


def best(spec: str, tries: int) -> tuple[float, int]:
    """Return the shortest time in seconds of `tries` runs of a scenario over its whole horizon, and its weeks."""
    from sim.model import simulate
    from sim.scenario import load

    scenario = load(spec)
    taken = []
    for replication in range(tries):
        begin = time.perf_counter()
        simulate(scenario, seed=1, replication=replication)
        taken.append(time.perf_counter() - begin)
    return min(taken), scenario.weeks


def main() -> None:
    """Print how long imports take, then a run of `small` (best of three) and of `baseline` (one run), on one core."""
    begin = time.perf_counter()
    import sim.model  # noqa: F401

    print(f"imports   {time.perf_counter() - begin:6.2f} s")
    for label, spec, tries in (("small", "baseline+small", 3), ("baseline", "baseline", 1)):
        seconds, weeks = best(spec, tries)
        print(f"{label:9} {seconds:6.2f} s a run of {weeks} weeks")


if __name__ == "__main__":
    main()
