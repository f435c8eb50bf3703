"""Answers from a spreadsheet: a CSV file of two columns, `question,answer`."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from sim.errors import Problem, UserError, nearest
from sim.scenario_files import text_of
from sim.starting.questions import QUESTIONS, Answer, answer
from sim.values import shown

HEAD = ("question", "answer")


def figures(file: str, currency: str = "") -> dict[str, Answer]:
    """Return the answers in a CSV file by question; rows without an answer are passed over.

    The first line is `question,answer` (or `question;answer`, as spreadsheets of some countries write it, with a comma for the
    decimal sign). Questions are named as the options are, with or without hyphens. Money is in `currency`, or what the file says.
    Raises UserError with a line for each problem.
    """
    rows, comma = _rows(file)
    currency = currency or next((row[1] for _, row in rows if len(row) > 1 and _name(row) == "currency"), "")
    found: dict[str, Answer] = {}
    problems: list[Problem] = []
    for line, row in rows:
        try:
            _take(file, line, row, found, currency, comma)
        except UserError as error:
            problems += error.problems
    if problems:
        raise UserError(*problems)
    if not found:
        raise UserError(Problem("answers nothing", file=file, allowed="a line such as firms,12000"))
    return found


def _rows(file: str) -> tuple[list[tuple[int, list[str]]], bool]:
    """Return the rows below the heading, each with its line, and whether semicolons separate the columns."""
    text = text_of(Path(file), file)
    first = text.partition("\n")[0]
    comma = ";" in first
    reader = csv.reader(io.StringIO(text), delimiter=";" if comma else ",")
    try:
        rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except csv.Error as error:
        raise UserError(Problem(f"is no table: {error}", file, reader.line_num)) from None
    if not rows or tuple(cell.lower() for cell in rows[0][1][:2]) != HEAD:
        raise UserError(Problem("has not the heading it needs", file, 1, allowed="question,answer"))
    return [(line, row) for line, row in rows[1:] if any(row)], comma


def _name(row: list[str]) -> str:
    return "-".join(row[0].lower().replace("_", " ").replace("-", " ").split())


def _take(file: str, line: int, row: list[str], found: dict[str, Answer], currency: str, comma: bool) -> None:
    if any(row[2:]):  # 400,000 without quotes would be 400
        raise UserError(Problem("has a third cell", file, line, allowed="a question and an answer, as in cash,400000"))
    name = _name(row)
    question = QUESTIONS.get(name)
    if question is None:
        allowed, close = ", ".join(QUESTIONS), nearest(name, QUESTIONS)
        raise UserError(Problem("is not a question", file, line, shown(row[0]), None, allowed, close))
    if name in found:
        raise UserError(Problem("is answered twice", file, line, name))
    if len(row) > 1 and row[1]:
        found[name] = answer(question, row[1], file, line, currency=currency, comma=comma)
