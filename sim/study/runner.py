"""The runner: tasks go to processes in shards, what was run before is not run again, and what died is run once more."""

from __future__ import annotations

import functools
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from sim.errors import Problem, UserError
from sim.study.store import Store
from sim.study.task import Failure, Outcome, Task, perform

Progress = Callable[[int, int], None]  # replications done, replications in all
Jobs = int | Literal["all"]
SHARD_SECONDS = 10.0
TRIES = 3
WATCH_SECONDS = 1.0


def carry_out(tasks: Sequence[Task], store: Store, jobs: Jobs = 1, progress: Progress | None = None) -> list[Outcome]:
    """Return what became of each task, in order, without tables: those stay in `store`.

    What the store holds is not run; failures are tried again. `jobs` is the number of processes or "all" (the numbers do not
    depend on it). Raises UserError on what the user can mend; OSError where the store cannot be written.
    """
    processes = workers(jobs, len(tasks))
    store.tidy()
    ended = {task.key for task in tasks if not isinstance(store.find(task), Failure | None)}
    tell = _teller(progress, tasks, ended)
    tell()
    left = [task for task in dict.fromkeys(tasks) if task.key not in ended]
    _note_damaged(left, store)
    for key in _in_rounds(left, store, processes):
        ended.add(key)
        tell()
    return [store.find(task) or Failure(task.replication, "what was run is gone from the store") for task in tasks]


def _note_damaged(left: Sequence[Task], store: Store) -> None:
    damaged = sum(map(store.damaged, left))
    if damaged:
        what = "1 replication is" if damaged == 1 else f"{damaged:,} replications are"
        store.note(f"{what} damaged in {store.root}, counted as not run, and run again")


def _teller(progress: Progress | None, tasks: Sequence[Task], ended: set[str]) -> Callable[[], None]:
    return lambda: progress(sum(task.key in ended for task in tasks), len(tasks)) if progress is not None else None


def workers(jobs: Jobs, tasks: int) -> int:
    """Return how many processes to use for `tasks` tasks. Raises UserError on anything but a count or "all"."""
    import joblib

    if not (jobs == "all" or (isinstance(jobs, int) and not isinstance(jobs, bool) and jobs >= 1)):
        raise UserError(Problem("cannot be used", key="jobs", given=jobs, allowed="whole numbers from 1, or all"))
    return max(1, min(joblib.cpu_count() if jobs == "all" else jobs, tasks))


def seconds(task: Task) -> float:
    """Return about how long a replication takes, to cut shards by (measured on small and baseline)."""
    firms = task.scenario.market.merchants * task.scenario.market.scale
    return float(task.scenario.weeks * (0.004 + 2e-7 * firms))


def shards(tasks: Sequence[Task], processes: int) -> list[list[Task]]:
    """Return `tasks` in shards of about ten seconds, small runs together; several to each process, so that none waits long."""
    most = max(1, len(tasks) // (4 * processes))
    found: list[list[Task]] = []
    filled = SHARD_SECONDS
    for task in tasks:
        if filled >= SHARD_SECONDS or len(found[-1]) >= most:
            found.append([])
            filled = 0.0
        found[-1].append(task)
        filled += seconds(task)
    return found


def _in_rounds(left: Sequence[Task], store: Store, processes: int) -> Iterator[str]:
    """Yield the keys of tasks as they end. A process that dies breaks a round; what it had not ended is run in the next."""
    idle, ended = 0, set[str]()
    while left and idle < TRIES:
        before = len(ended)
        for key in _pool(shards(left, processes), store, processes):
            ended.add(key)
            yield key
        left = [task for task in left if task.key not in ended]
        idle = 0 if len(ended) > before else idle + 1
        turn = min(2 * processes, len(left) - 1)  # what was in flight goes to the end, lest it keep breaking the others' rounds
        left = [*left[turn:], *left[:turn]] if turn > 0 else left
    for task in left:
        yield from _alone(task, store)


def _alone(task: Task, store: Store) -> Iterator[str]:
    """Run one task in a process of its own; should that die too, the task has failed."""
    keys = list(_pool([[task]], store, 2))
    if not keys:
        store.keep(task, Failure(task.replication, "its process died (out of memory?)"))
    yield task.key


def _pool(found: Sequence[Sequence[Task]], store: Store, processes: int) -> Iterator[str]:
    """Yield keys of ended tasks until all shards are done, or a process dies."""
    if processes == 1:
        for task in (task for shard in found for task in shard):
            yield _one(task, store)
        return
    from joblib import Parallel, delayed
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    pool = Parallel(n_jobs=processes, return_as="generator_unordered", batch_size=1, pre_dispatch="n_jobs")
    work: Any = (delayed(_shard)(list(shard), store.root, os.getpid()) for shard in found)
    known = [task for shard in found for task in shard]
    seen: set[str] = set()
    try:
        for keys in pool(work):
            seen.update(keys)
            yield from keys
    except TerminatedWorkerError:
        yield from (task.key for task in known if task.key not in seen and not isinstance(store.find(task), Failure | None))


def _shard(tasks: Sequence[Task], root: Path, driver: int) -> list[str]:
    """Run tasks, keep each as it ends and send only keys: a process that dies while it sends would leave the pipe blocked."""
    _end_with(driver)
    return [_one(task, Store(root)) for task in tasks]


@functools.cache
def _end_with(driver: int) -> None:
    """Have this process end when the one that started it is gone: killed outright, it cannot end its workers itself."""
    threading.Thread(target=_watch, args=(driver,), daemon=True).start()


def _watch(driver: int) -> None:
    while os.getppid() == driver:
        time.sleep(WATCH_SECONDS)
    os._exit(1)  # what is being written lies aside


def _one(task: Task, store: Store) -> str:
    store.keep(task, perform(task))
    return task.key
