"""Seconds per run: one line for each scenario, imports apart. `make bench` runs it."""

from __future__ import annotations

import time
from typing import Any


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


def usage(spec: str, tries: int) -> tuple[float, float]:
    """Return the shortest time in seconds that a run spends on consumers and on all else, over `tries` runs."""
    from sim.market.usage import Usage
    from sim.model import simulate
    from sim.scenario import load

    step, scenario, parts = Usage.step, load(spec), []

    def timed(self: Usage, *given: Any) -> None:
        begin = time.perf_counter()
        step(self, *given)
        inside[0] += time.perf_counter() - begin

    setattr(Usage, "step", timed)  # noqa: B010
    for replication in range(tries):
        inside, begin = [0.0], time.perf_counter()
        simulate(scenario, seed=1, replication=replication)
        parts.append((inside[0], time.perf_counter() - begin - inside[0]))
    setattr(Usage, "step", step)  # noqa: B010
    on_consumers, elsewhere = zip(*parts, strict=True)
    return min(on_consumers), min(elsewhere)


def main() -> None:
    """Print how long imports take, a run of `small` (best of three) and of `baseline` (one run), and what consumers take of it.

    All on one core. Consumers are rows in `baseline+small` and a billion people in cohorts in `billion_people`.
    """
    begin = time.perf_counter()
    import sim.model  # noqa: F401

    print(f"imports   {time.perf_counter() - begin:6.2f} s")
    for label, spec, tries in (("small", "baseline+small", 3), ("baseline", "baseline", 1)):
        seconds, weeks = best(spec, tries)
        print(f"{label:9} {seconds:6.2f} s a run of {weeks} weeks")
    for label, spec in (("rows", "baseline+small"), ("cohorts", "billion_people")):
        seconds, rest = usage(spec, 3)
        print(f"{label:9} {seconds:6.2f} s on the consumers of {spec}, {seconds / rest:.2f} of all else in the same run")


if __name__ == "__main__":
    main()
