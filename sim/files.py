"""Files read whole and within a limit, and written where nothing stands yet; what goes wrong is one line."""

from __future__ import annotations

from pathlib import Path

from sim.errors import Problem, UserError, nearest


def content_of(path: Path, name: str, largest: int) -> bytes:
    """Return what a file holds. Raises UserError where it cannot be read or has more than `largest` bytes."""
    try:
        content = _content(path, largest)
    except FileNotFoundError:
        there = [file.name for file in path.parent.glob(f"*{path.suffix}")] if path.parent.is_dir() else []
        raise UserError(Problem("there is no such file", file=name, nearest=nearest(path.name, there))) from None
    except OSError as error:
        raise UserError(Problem(f"cannot be read: {(error.strerror or str(error)).lower()}", file=name)) from None
    if len(content) > largest:
        raise UserError(Problem(f"is larger than {largest // 1_000_000} MB", file=name))
    return content


def _content(path: Path, largest: int) -> bytes:
    """Return at most one byte more than is accepted. Pipes and devices are refused: they may never end."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise OSError("not a file")
    with path.open("rb") as handle:
        return handle.read(largest + 1)


def write_new(file: Path, content: str | bytes) -> None:
    """Write a file that is not there yet. Raises UserError where there is one, and where it cannot be written."""
    try:
        with file.open("xb") as handle:
            handle.write(content.encode() if isinstance(content, str) else content)
    except FileExistsError:
        raise UserError(Problem("is there already: choose another name", file=str(file))) from None
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise UserError(Problem(f"cannot be written: {reason}", file=str(file))) from None
