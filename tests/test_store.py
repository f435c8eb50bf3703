"""The store and the runner: nothing run twice, nothing half-written, killed processes cost no more than they held."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import sim
from sim.study import runner, task
from sim.study.runner import carry_out, shards
from sim.study.store import ASIDE, Store
from sim.study.task import Done, Failure, Task, perform

STUDY = """question = "How much custom work?"
base = "baseline+small"
weeks = 12
replications = 8
[set]
"market.scale" = 0.002
[[factors]]
name = "match"
path = "plan.customization.accept_match"
levels = [0.0, 0.5, 1.0]
"""


@pytest.fixture(scope="module")
def scenario() -> sim.Scenario:
    return sim.load("baseline+small").replace("market.scale", 0.002, "weeks", 12)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


# what is kept -------------------------------------------------------------------------------------------


def test_a_row_comes_back_to_the_bit(scenario: sim.Scenario, store: Store) -> None:
    one = Task(scenario, 1, 0)
    assert store.find(one) is None
    done = perform(one)
    assert isinstance(done, Done)
    store.keep(one, done)
    found = store.find(one)
    assert isinstance(found, Done)
    np.testing.assert_array_equal(list(found.totals.values()), list(done.totals.values()))
    assert found.totals.keys() == done.totals.keys()
    assert done.tables is not None
    pd.testing.assert_frame_equal(store.tables(one).weekly, done.tables.weekly, check_exact=True)
    pd.testing.assert_frame_equal(store.tables(one).events, done.tables.events, check_exact=True)


def test_sums_alone_do_not_serve_where_tables_are_wanted(scenario: sim.Scenario, store: Store) -> None:
    sums, full = Task(scenario, 1, 0, full=False), Task(scenario, 1, 0)
    assert sums.key == full.key
    store.keep(sums, perform(sums))
    assert store.find(sums) is not None
    assert store.find(full) is None
    store.keep(full, perform(full))
    found, again = store.find(full), store.find(sums)
    assert isinstance(found, Done)
    assert isinstance(again, Done)
    assert found.totals == pytest.approx(again.totals, nan_ok=True, abs=0)


def test_a_failure_is_a_row_with_its_error(scenario: sim.Scenario, store: Store) -> None:
    one = Task(scenario, 1, 0)
    store.keep(one, Failure(0, "ZeroDivisionError: the till is empty", "trace"))
    assert store.find(one) == Failure(0, "ZeroDivisionError: the till is empty", "trace")


BROKEN = [
    "", "{", "[]", '{"seed": 1', "{}", '{"error": 1}', '{"totals": null, "seconds": 1}',
    '{"totals": {"value": "x"}, "seconds": "a"}', '{"totals": {}, "seconds": 1}', '{"error": "a", "trace": "b"}',
]


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_file_is_no_row(scenario: sim.Scenario, store: Store, text: str) -> None:
    one = Task(scenario, 1, 0, full=False)
    store.keep(one, Done(0, {"value": 1.5}, 0.1))
    assert not store.damaged(one)
    store._file(one).write_text(text)
    assert store.find(one) is None
    assert store.damaged(one)


def test_a_changed_digit_or_another_rows_content_is_not_believed(scenario: sim.Scenario, store: Store) -> None:
    one, two = Task(scenario, 1, 0, full=False), Task(scenario, 1, 1, full=False)
    for each in (one, two):
        store.keep(each, Done(each.replication, {"value": 1.5}, 0.1))
    whole = store._file(one).read_text()
    store._file(one).write_text(whole.replace("1.5", "1.6"))
    assert store.find(one) is None
    store._file(two).write_text(whole)
    assert store.find(two) is None
    store._file(one).write_text(whole)
    assert isinstance(store.find(one), Done)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:100])


@pytest.mark.parametrize("damage", [Path.unlink, cut])
def test_a_damaged_table_is_run_again_with_a_note(scenario: sim.Scenario, tmp_path: Path, damage: Callable[[Path], None]) -> None:
    notes: list[str] = []
    store, one = Store(tmp_path / "store", notes.append), Task(scenario, 1, 0)
    carry_out([one], store)
    before = store.tables(one).weekly
    damage(store._folder(one) / "weekly.parquet")
    assert store.find(one) is None
    assert isinstance(carry_out([one], store)[0], Done)
    pd.testing.assert_frame_equal(store.tables(one).weekly, before, check_exact=True)
    assert len(notes) == 1
    assert notes[0].startswith("1 replication is damaged in ")
    carry_out([one], store)
    assert len(notes) == 1


OTHERS = [{"seed": 2}, {"replication": 1}, {"engine": "agents"}]


@pytest.mark.parametrize("other", OTHERS, ids=str)
def test_other_inputs_have_other_keys(scenario: sim.Scenario, other: dict[str, object]) -> None:
    plain = {"scenario": scenario, "seed": 1, "replication": 0}
    assert Task(**plain).key != Task(**(plain | other)).key  # type: ignore[arg-type]
    assert Task(**plain).key == Task(**plain).key  # type: ignore[arg-type]
    assert Task(scenario.named("another"), 1, 0).key == Task(**plain).key  # type: ignore[arg-type]


def test_other_code_has_other_keys(scenario: sim.Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    before = Task(scenario, 1, 0).key
    monkeypatch.setattr(task, "code", lambda: "changed")
    assert Task(scenario, 1, 0).key != before


def test_what_was_left_aside_long_ago_is_removed(store: Store) -> None:
    old, new = store.root / ASIDE / "old", store.root / ASIDE / "new"
    for folder in (old, new):
        folder.mkdir(parents=True)
    os.utime(old, (time.time() - 1e5, time.time() - 1e5))
    store.tidy()
    assert not old.exists()
    assert new.exists()


# what is run --------------------------------------------------------------------------------------------


def test_nothing_is_run_twice(scenario: sim.Scenario, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    few = [Task(scenario, 1, k, full=False) for k in range(3)]
    first = carry_out(few, store)
    ran: list[int] = []
    monkeypatch.setattr(runner, "perform", lambda one: ran.append(one.replication) or perform(one))
    more = [*few, *few, *(Task(scenario, 1, k, full=False) for k in range(3, 5))]
    again = carry_out(more, store)
    assert ran == [3, 4]
    assert [done.replication for done in again] == [0, 1, 2, 0, 1, 2, 3, 4]
    assert str(again[:3]) == str(first)


def test_any_order_and_number_of_processes_gives_the_same(scenario: sim.Scenario, tmp_path: Path) -> None:
    tasks = [Task(scenario, 1, k, full=False) for k in range(4)]
    one = carry_out(tasks, Store(tmp_path / "one"))
    two = carry_out(tasks[::-1], Store(tmp_path / "two"), jobs=2)[::-1]
    sums = [[list(done.totals.values()) for done in found if isinstance(done, Done)] for found in (one, two)]
    assert len(sums[0]) == 4
    np.testing.assert_array_equal(*sums)


def test_shards_hold_every_task_once_and_small_runs_together(scenario: sim.Scenario) -> None:
    many = [Task(scenario, 1, k) for k in range(1000)]
    found = shards(many, 2)
    assert [one for shard in found for one in shard] == many
    assert all(sum(runner.seconds(one) for one in shard) < 11 for shard in found)
    assert 8 <= len(shards(many[:9], 2)) <= 9


def test_a_failure_is_tried_again(scenario: sim.Scenario, store: Store) -> None:
    one = Task(scenario, 1, 0, full=False)
    store.keep(one, Failure(0, "MemoryError: "))
    assert isinstance(carry_out([one], store)[0], Done)


# killed at any moment -----------------------------------------------------------------------------------


def started(folder: Path, *more: str) -> subprocess.Popen[bytes]:
    environment = os.environ | {"PYTHONPATH": str(Path(sim.__file__).parents[1]), "SIM_RESULTS": str(folder / "results")}
    command = [sys.executable, "-m", "sim", "study", "mine.toml", "--jobs", "2", *more]
    return subprocess.Popen(
        command, cwd=folder, env=environment, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def answer_of(folder: Path) -> tuple[bytes, str]:
    """Run the study to its end; return rows (as written) and answer."""
    assert started(folder).wait(300) == 0
    (made,) = (entry for entry in (folder / "results").iterdir() if entry.name.startswith("mine-"))
    return (made / "rows.parquet").read_bytes(), (made / "answer.json").read_text()


def workers_of(driver: int) -> list[int]:
    """Return the processes of the driver's session but itself."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            name = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[3]) == driver and int(entry.name) != driver and b"popen_loky" in name:
            found.append(int(entry.name))
    return found


def killed_and_finished(folder: Path, kills: int, seed: int) -> int:
    """Kill driver or workers at random moments, each time going on; return how many kills met a live process."""
    luck, met = random.Random(seed), 0
    for _ in range(kills):
        driver = started(folder)
        time.sleep(luck.uniform(0.5, 6.0))
        victims = [driver.pid] if luck.random() < 0.5 else workers_of(driver.pid)[:1]
        for victim in victims:
            os.kill(victim, signal.SIGKILL)
            met += 1
        if victims != [driver.pid]:
            time.sleep(0.5)
        os.killpg(driver.pid, signal.SIGKILL)
        driver.wait()
    return met


def broken_equals_unbroken(tmp_path: Path, kills: int, seed: int, text: str = STUDY) -> int:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    for folder in (whole, broken):
        folder.mkdir()
        (folder / "mine.toml").write_text(text)
    met = killed_and_finished(broken, kills, seed)
    assert answer_of(broken) == answer_of(whole)
    for file in (broken / "results" / ".store").glob("??/*.json"):
        json.loads(file.read_text())
    return met


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
def test_a_study_killed_twice_gives_the_unbroken_table(tmp_path: Path) -> None:
    broken_equals_unbroken(tmp_path, 2, seed=1)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
def test_a_study_killed_fifty_times_gives_the_unbroken_table(tmp_path: Path) -> None:
    longer = STUDY.replace("replications = 8", "replications = 200")  # so that most kills meet a process at work
    assert broken_equals_unbroken(tmp_path, 50, seed=2, text=longer) >= 25


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
def test_a_study_goes_on_when_a_worker_is_killed(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(STUDY.replace("weeks = 12", "weeks = 104"))
    driver = started(tmp_path)
    for _ in range(300):
        found = workers_of(driver.pid)
        if found and any((tmp_path / "results" / ".store").glob("??/*.json")):
            break
        time.sleep(0.05)
    assert found
    os.kill(found[0], signal.SIGKILL)
    assert driver.wait(300) == 0
    (made,) = (entry for entry in (tmp_path / "results").iterdir() if entry.name.startswith("mine-"))
    assert json.loads((made / "answer.json").read_text())["failures"] == []


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
def test_workers_do_not_outlive_a_driver_that_was_killed(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(STUDY.replace("weeks = 12", "weeks = 500").replace("0.002", "0.05"))
    driver = started(tmp_path)
    for _ in range(600):
        found = workers_of(driver.pid)
        if len(found) > 1 and any((tmp_path / "results" / ".store").glob("??/*.json")):
            break
        time.sleep(0.05)
    assert found
    driver.kill()
    driver.wait()
    for _ in range(200):
        if not workers_of(driver.pid):
            break
        time.sleep(0.1)
    left = workers_of(driver.pid)
    if left:
        os.killpg(driver.pid, signal.SIGKILL)
    assert not left


def test_ctrl_c_is_one_line_and_what_was_run_stays(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(STUDY.replace("weeks = 12", "weeks = 156").replace("0.002", "0.02"))
    environment = os.environ | {"PYTHONPATH": str(Path(sim.__file__).parents[1])}
    driver = subprocess.Popen(
        [sys.executable, "-m", "sim", "study", "mine.toml", "--jobs", "2"], cwd=tmp_path, env=environment, text=True,
        start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # it may be ignored where tests run in the background
    )
    for _ in range(600):
        if any((tmp_path / "results" / ".store").glob("??/*.json")):
            break
        time.sleep(0.05)
    os.killpg(driver.pid, signal.SIGINT)
    out, err = driver.communicate(timeout=120)
    assert (driver.returncode, out) == (130, "")
    assert err.split("\n")[-2] == "stopped; what has been run is kept: the same command goes on from there"
    assert "Traceback" not in err
    assert any((tmp_path / "results" / ".store").glob("??/*.json"))
