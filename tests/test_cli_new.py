"""`sim scenarios new` as a user runs it: options, a table, and questions on a terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from test_cli import call, refused

import sim
from sim.starting.questions import QUESTIONS

CTRL_C, CTRL_D = "\x03", "\x04"
CAFES = ("--firms", "12000", "--buys-every", "18 months", "--deciders", "2", "--fee", "195/month", "--currency", "EUR")


def of_a_terminal() -> None:
    """Take the terminal, and let Ctrl-C count: whoever runs the tests in the background has it ignored."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Terminal:
    """A command on a pseudo-terminal of its own; `text` is what it has shown so far."""

    def __init__(self, *arguments: str, cwd: Path) -> None:
        self.ours, theirs = pty.openpty()
        environment = os.environ | {"COLUMNS": "120", "NO_COLOR": "1", "TERM": "dumb"}
        environment["PYTHONPATH"] = str(Path(sim.__file__).parents[1])
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sim", *arguments], cwd=cwd, env=environment, stdin=theirs, stdout=theirs, stderr=theirs,
            start_new_session=True, preexec_fn=of_a_terminal,
        )
        os.close(theirs)
        self.text = ""

    def type(self, text: str) -> None:
        os.write(self.ours, text.encode())

    def press(self, key: str, until: str) -> None:
        """Press a key until it is heard: Python loses an interrupt that comes in the moment before it waits for a line."""
        for _ in range(20):
            time.sleep(0.2)
            self.type(key)
            end = time.monotonic() + 3
            self.until(lambda text, end=end: until in text or time.monotonic() > end)  # type: ignore[misc]
            if until in self.text:
                return

    def until(self, met: Callable[[str], bool]) -> str:
        """Read until what is shown meets a condition, or the command ends; return it."""
        end = time.monotonic() + 60
        while not met(self.text):
            assert time.monotonic() < end, self.text
            if select.select([self.ours], [], [], 0.2)[0]:
                try:
                    self.text += os.read(self.ours, 4096).decode(errors="replace")
                except OSError:  # Linux says so when the other end is closed
                    break
        return self.text

    def end(self) -> int:
        """Return the exit code once the command has ended."""
        try:
            self.until(lambda _: False)
        finally:
            os.close(self.ours)
            self.process.kill()  # does nothing to one that has ended
            code = self.process.wait(timeout=60)
        return code


def asked(terminal: Terminal, name: str) -> None:
    """Wait for the prompt of a question."""
    terminal.until(lambda text: text.endswith(": ") and f"  {name}" in text.splitlines()[-1])


# asking -------------------------------------------------------------------------------------------------


def test_questions_are_asked_on_a_terminal(tmp_path: Path) -> None:
    terminal = Terminal("scenarios", "new", "cafes", cwd=tmp_path)
    typed = {"firms": "12,000", "buys-every": "18 months", "currency": "EUR", "exchange-rate": "7.8", "reps": "2"}
    wrong = {"firms": "many", "exchange-rate": ""}
    for name in QUESTIONS:
        asked(terminal, name)
        if name in wrong:
            terminal.type(wrong[name] + "\n")
            terminal.until(lambda text, name=name: text.count(f"\n  {name}") >= 2 and text.endswith(": "))  # type: ignore[misc]
        terminal.type(typed.get(name, "") + "\n")
    assert terminal.end() == 0
    shown = terminal.text.replace("\r", "")
    assert "How many firms could use the product?  whole numbers from 100 to 2,000,000 firms" in shown
    assert "All you could ever sell to" in shown
    assert "  firms [60,000]: many" in shown
    assert "--firms = 'many': is not a number; allowed: whole numbers from 100 to 2,000,000 firms" in shown
    assert "What is 1 EUR in CNY?" in shown
    assert "engineers [2]:" in shown  # in proportion to the firms
    assert "money" not in shown.partition("exchange-rate:")[2].partition("wrote")[0].replace("All money below", "")
    assert "wrote cafes.toml: 5 answers on the nearest archetype points_mall (baseline)" in shown
    text = (tmp_path / "cafes.toml").read_text()
    for line in ("market.merchants = 12_000  # firms; yours: 12,000", "need.interval = 78.0  # weeks; yours: 18 months"):
        assert line in text.splitlines()
    assert "# market.committee_mean = 3.6" in text  # Enter leaves a default a default
    assert sim.load(str(tmp_path / "cafes.toml")).currency == "EUR"


def test_without_another_currency_no_rate_is_asked(tmp_path: Path) -> None:
    terminal = Terminal("scenarios", "new", "mine", cwd=tmp_path)
    for name in QUESTIONS:
        if name != "exchange-rate":
            asked(terminal, name)
            terminal.type("\n")
    assert terminal.end() == 0
    assert "exchange-rate" not in terminal.text
    assert sim.load(str(tmp_path / "mine.toml")).diff(sim.load("baseline")) == []


@pytest.mark.parametrize("key", [CTRL_C, CTRL_D])
def test_whoever_leaves_leaves_nothing_behind(key: str, tmp_path: Path) -> None:
    terminal = Terminal("scenarios", "new", "cafes", cwd=tmp_path)
    asked(terminal, "firms")
    terminal.type("12000\n")
    asked(terminal, "buys-every")
    terminal.press(key, until="nothing was written")
    assert terminal.end() == 130
    assert "nothing was written" in terminal.text
    assert "Traceback" not in terminal.text
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_taken_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    (tmp_path / "cafes.toml").write_text("weeks = 3\n")
    terminal = Terminal("scenarios", "new", "cafes", cwd=tmp_path)
    assert terminal.end() == 2
    assert terminal.text.strip() == "cafes.toml: is there already: choose another name"


@pytest.mark.parametrize("arguments", [["--plan-only"], ["--base", "baseline+small"]])
def test_a_plan_is_started_without_questions_on_a_terminal_too(arguments: list[str], tmp_path: Path) -> None:
    terminal = Terminal("scenarios", "new", "mine", *arguments, cwd=tmp_path)
    assert terminal.end() == 0
    assert "wrote mine.toml, a plan on baseline" in terminal.text
    assert "# [plan.customization]" in (tmp_path / "mine.toml").read_text()


# options ------------------------------------------------------------------------------------------------


def test_without_a_terminal_or_an_answer_a_plan_is_started(tmp_path: Path) -> None:
    done = call("scenarios", "new", "mine", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("wrote mine.toml, a plan on baseline; next: ")
    assert done.stderr == ""


def test_answers_come_as_options(tmp_path: Path) -> None:
    done = call("scenarios", "new", "cafes", *CAFES, "--exchange-rate", "7.8", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "wrote cafes.toml: 6 answers on the nearest archetype points_mall (baseline)",
        "cash lasts the opening team about 90 weeks, before any revenue (in baseline 90)",
        "next: sim scenarios explain cafes.toml, then  sim run cafes.toml --reps 4",
    ]
    assert call("scenarios", "check", "cafes.toml", "cafes.toml+small", cwd=tmp_path).returncode == 0
    told = call("scenarios", "explain", "cafes.toml", cwd=tmp_path).stdout
    assert "(yours: 18 months)" in " ".join(told.split())
    assert "DEFAULTS of the baseline that stand here" in told


def test_options_overrule_the_table(tmp_path: Path) -> None:
    (tmp_path / "figures.csv").write_text("question,answer\nfirms,12000\ncash,5000000\n")
    assert call("scenarios", "new", "mine", "--from", "figures.csv", "--cash", "6000000", cwd=tmp_path).returncode == 0
    found = sim.load(str(tmp_path / "mine.toml"))
    assert (found.market.merchants, found.vendor.opening_cash) == (12_000, 6_000_000)


def test_a_large_market_is_first_looked_at_in_part(tmp_path: Path) -> None:
    done = call("scenarios", "new", "mine", "--firms", "2000000", cwd=tmp_path)
    assert "mine.toml --set market.scale=0.005 --reps 4" in done.stdout


@pytest.mark.parametrize(("arguments", "parts"), [
    (["--firms", "many"], ["--firms = 'many'", "is not a number", "whole numbers from 100 to 2,000,000 firms"]),
    (["--firms", "20"], ["--firms = '20'", "out of range"]), (["--deciders", "9"], ["--deciders = '9'", "1 to 6 people"]),
    (["--buys-every", "often"], ["--buys-every = 'often'", "18 months"]), (["--fee", "-3"], ["--fee = '-3'", "195/month"]),
    (["--start-date", "soon"], ["--start-date = 'soon'", "2027-01-04"]), (["--firm", "3"], ["--firm"]),
    (["--currency", "EUR"], ["--currency = 'EUR'", "--exchange-rate", "1 EUR is in CNY"]),
    (["--exchange-rate", "2"], ["--exchange-rate", "has no use"]), (["--exchange-rate", "0.0001"], ["0.01 to 25"]),
    (["--from", "nowhere.csv"], ["nowhere.csv", "no such file"]), (["--from", "wrong.csv"], ["wrong.csv line 2", "'firms'"]),
    (["--archetype", "paymnts"], ["--archetype = 'paymnts'", "baseline (points_mall)"]),
    (["--base", "baseline", "--firms", "3000"], ["--base", "starts a plan; answers start a market"]),
    (["--plan-only", "--from", "wrong.csv"], ["--plan-only", "starts a plan"]), (["--base", "basline"], ["baseline"]),
])
def test_a_wrong_request_is_one_line_and_writes_nothing(arguments: list[str], parts: list[str], tmp_path: Path) -> None:
    (tmp_path / "wrong.csv").write_text("question,answer\nfirmss,12000\n")
    line = refused("scenarios", "new", "mine", *arguments, cwd=tmp_path)
    for part in parts:
        assert part in line
    assert [file.name for file in tmp_path.iterdir()] == ["wrong.csv"]


def test_every_wrong_answer_has_its_line(tmp_path: Path) -> None:
    done = call("scenarios", "new", "mine", "--firms", "few", "--cash", "lots", cwd=tmp_path)
    assert done.returncode == 2
    assert [line.split()[0] for line in done.stderr.splitlines()] == ["--firms", "--cash"]
    assert list(tmp_path.iterdir()) == []


# as people write it -------------------------------------------------------------------------------------


def test_money_on_the_command_line_is_that_of_the_currency(tmp_path: Path) -> None:
    given = ("--currency", "EUR", "--exchange-rate", "7.8", "--cash", "400k", "--fee", "€195/month")
    assert call("scenarios", "new", "mine", *given, cwd=tmp_path).returncode == 0
    text = (tmp_path / "mine.toml").read_text()
    assert "buying.fee = 45.0  # EUR/week; yours: €195/month" in text
    assert "vendor.opening_cash = 400_000.0" in text


def test_a_question_answered_twice_is_refused(tmp_path: Path) -> None:
    line = refused("scenarios", "new", "mine", "--firms", "12000", "--firms", "13000", cwd=tmp_path)
    assert line == "--firms = '12000 and 13000': is answered twice; allowed: one answer"
    assert not (tmp_path / "mine.toml").exists()


def test_a_namesake_of_a_shipped_scenario_is_told_apart(tmp_path: Path) -> None:
    done = call("scenarios", "new", "baseline", "--plan-only", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stderr == "note: baseline alone means the scenario that comes with sim; yours is baseline.toml\n"
