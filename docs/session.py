"""A page that shows a session at the command line, played: every command run, every output compared.

    python docs/session.py            play docs/tutorial.md and say where it differs from what the commands print
    python docs/session.py --write    put what they print into the page (outputs cut short by … are compared only)

Fenced blocks, from top to bottom: ```csv NAME and ```toml NAME are files that the reader has or writes, ```toml in NAME are lines
of a file that a command wrote, ```console holds commands after $ and what they print; a line … stands for any lines left out.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).with_name("tutorial.md")
ROOT = PAGE.parents[1]
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
CUT = "…"
WIDTH = "110"


@dataclass(frozen=True)
class Step:
    """One command of a page: what is typed, what the page says it prints, and what it printed."""

    typed: str
    said: str
    printed: str

    @property
    def right(self) -> bool:
        """Say whether the page tells what was printed, as far as it tells it."""
        return matches(self.said, self.printed)


def matches(said: str, printed: str) -> bool:
    """Say whether lines printed are those said, where a line … stands for any number of lines."""
    parts = [re.escape(line) + "\n" if line != CUT else "(?:.*\n)*?" for line in tidy(said).splitlines()]
    return re.fullmatch("".join(parts), tidy(printed)) is not None


def tidy(text: str) -> str:
    """Return lines without blanks at their ends, and without empty lines at the ends of the text."""
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines()) + "\n"


def commands(block: str) -> list[tuple[str, str]]:
    """Return the commands of a console block, each with what the block says it prints."""
    parts = re.split(r"^\$ (.*)\n", block, flags=re.MULTILINE)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


def play(text: str, folder: Path) -> tuple[list[Step], list[str]]:
    """Play a page in a folder; return its commands, and the lines it says are in a file and are not."""
    steps: list[Step] = []
    missing: list[str] = []
    for kind, name, block in FENCE.findall(text):
        if kind == "console":
            steps += [Step(typed, said, _run(typed, folder)) for typed, said in commands(block)]
        elif name.strip().startswith("in "):
            there = (folder / name.strip()[3:]).read_text(encoding="utf-8").splitlines()
            missing += [line for line in block.splitlines() if line and line != CUT and line not in there]
        elif name.strip():
            (folder / name.strip()).write_text(block, encoding="utf-8")
    return steps, missing


def _run(typed: str, folder: Path) -> str:
    command = typed.split()
    if command[0] != "sim":
        raise ValueError(f"{typed!r} is not a command of sim")
    environment = os.environ | {"COLUMNS": WIDTH, "NO_COLOR": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=900, check=False,
    )
    return done.stdout if done.returncode == 0 else f"{done.stdout}{done.stderr}(exit code {done.returncode})"


def refreshed(text: str, steps: list[Step]) -> str:
    """Return the page with what commands printed in the place of what it said, unless that is cut short."""
    for step in steps:
        if CUT not in step.said.splitlines():
            gap = "\n" if step.said.endswith("\n\n") else ""
            text = text.replace(f"$ {step.typed}\n{step.said}", f"$ {step.typed}\n{tidy(step.printed)}{gap}")
    return text


def numbers(text: str) -> set[str]:
    """Return the numbers in a text, without signs and thousands commas."""
    return {found.replace(",", "").rstrip(".") for found in re.findall(r"\d[\d,_.]*[kM]?", text.replace("_", ""))}


def prose(text: str) -> str:
    """Return a page without its blocks, and without code and links in its sentences."""
    return re.sub(r"`[^`]*`|\]\([^)]*\)", " ", FENCE.sub("", text))


def main(arguments: list[str]) -> int:
    """Play the tutorial; return 1 where it differs from what the commands print and is not to be written."""
    if arguments not in ([], ["--write"]):
        print("usage: python docs/session.py [--write]", file=sys.stderr)
        return 2
    text = PAGE.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        steps, missing = play(text, Path(folder))
    if arguments:
        PAGE.write_text(refreshed(text, steps), encoding="utf-8")
    for step in steps:
        if not step.right:
            print(f"$ {step.typed}\n{step.printed}")
    print(*missing, sep="\n")
    return int(bool(missing) or any(not step.right for step in steps)) if not arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
