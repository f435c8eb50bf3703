"""Where keys stand in a TOML text, and what is said beside them. The text must be valid: tomllib has read it before."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any

Keys = tuple[str | int, ...]

_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"""{1,3}|\'\'\'.*?\'\'\'{1,3}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*|[\[\]{},=.\n]'
    r'|[^\s\[\]{},=."\'#]+|[^\S\n]+', re.DOTALL,
)


def line_numbers(text: str) -> dict[Keys, int]:
    """Return the line (from 1) of every table header, key and list entry of a valid TOML text, by its keys.

    The entries of lists, and of lists of tables, are numbered from 0.
    """
    return located(text)[0]


def located(text: str) -> tuple[dict[Keys, int], dict[Keys, str]]:
    """Return the lines as `line_numbers` does, and the comment that ends the line of a value, by the value's keys."""
    found: dict[Keys, int] = {}
    notes: dict[Keys, str] = {}
    table: Keys = ()
    entries: dict[Keys, int] = {}
    for tokens, comment in _statements(text):
        words, line = [token for token, _ in tokens], tokens[0][1]
        if words[0] != "[":
            keys = table + _keys("".join(words[: words.index("=")]) + "=0")
            for n in range(len(table) + 1, len(keys) + 1):
                found.setdefault(keys[:n], line)
            _list_lines(tokens[words.index("=") + 1 :], keys, found)
            if comment:
                notes[keys] = comment
            continue
        table = _keys("".join(words))
        if words[1] == "[":
            found.setdefault(table, line)
            entries[table] = entries.get(table, -1) + 1
            table = (*table, entries[table])
        for n in range(1, len(table) + 1):
            found.setdefault(table[:n], line)
    return found, notes


def _statements(text: str) -> Iterator[tuple[list[tuple[str, int]], str]]:
    """Yield headers and assignments as lists of (token, line) without blanks, each with the comment that ends it."""
    statement: list[tuple[str, int]] = []
    line, depth, comment = 1, 0, ""
    for match in _TOKEN.finditer(text + "\n"):
        token = match[0]
        if token == "\n" and depth == 0 and statement:
            yield statement, comment
            statement = []
        depth += (token in "[{") - (token in "]}")
        comment = token.strip("# \t") if token.startswith("#") and depth == 0 else "" if token == "\n" else comment
        if not token.isspace() and not token.startswith("#"):
            statement.append((token, line))
        line += token.count("\n")


def _keys(text: str) -> Keys:
    keys: list[str | int] = []
    inner: Any = tomllib.loads(text)
    while isinstance(inner, dict) and inner:
        ((key, inner),) = inner.items()
        keys.append(key)
    return tuple(keys)


def _list_lines(value: list[tuple[str, int]], keys: Keys, found: dict[Keys, int]) -> None:
    if value[0][0] != "[":
        return
    depth, k = 0, 0
    for token, line in value:
        depth -= token in "]}"
        if depth == 1 and token not in ",]":
            found.setdefault((*keys, k), line)
        k += depth == 1 and token == ","
        depth += token in "[{"
