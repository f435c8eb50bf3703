"""The folder of a study: rows, settings, answer, the question as it was asked, and what it was made from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sim.study import folders
from sim.study.answer import Answer
from sim.study.store import Store, write_table
from sim.study.study import Study, StudyResult
from sim.study.task import Failure, code, hashed

KINDS = ("csv", "parquet", "xlsx")


def study_inputs(study: Study) -> dict[str, Any]:
    """Return all that decides the numbers of a study."""
    return {"study": study.digest, "code": code()}


def study_name(study: Study) -> str:
    """Return how the folder of a study begins."""
    return folders.file_name(study.name) + ("-quick" if study.quick else "")


def study_folder(study: Study, shelf: Path) -> Path:
    """Return where on `shelf` a study belongs: <name>-<8 hex of the inputs>."""
    return shelf / f"{study_name(study)}-{hashed(study_inputs(study))[:8]}"


def is_kept(study: Study, folder: Path) -> bool:
    """Say whether `folder` was made from the inputs of `study`, without failures, and is whole."""
    manifest = folders.manifest_of(folder)
    return manifest.get("hash") == hashed(study_inputs(study)) and not manifest.get("failures") and folders.is_whole(folder)


def save_study(result: StudyResult, folder: Path, command: str = "", dress: folders.Dress | None = None) -> None:
    """Write the folder of a study; `dress` adds charts and report. Raises UserError where it cannot be written."""
    answer = Answer(result)
    with folders.mendable(folder), folders.aside_of(folder) as aside:
        (aside / f"{folders.file_name(result.study.name)}.toml").write_text(result.study.source, encoding="utf-8")
        write_table(result.rows.astype({"plan": str} | _as_text(result)), aside / "rows.parquet")
        answer.cells.to_csv(aside / "cells.csv", index=False)
        folders.write_json(aside / "answer.json", answer.as_json())
        folders.write_manifest(aside, study_inputs(result.study), command, [failure for _, failure in result.failures])
        if dress is not None:
            dress(result, aside)


def _as_text(result: StudyResult) -> dict[str, type]:
    """Return the factors whose levels are not all numbers: their columns are written as text."""
    names = [name for name, _ in result.study.factors]
    return {name: str for name in names if result.rows[name].dtype == object}


def progress_of(study: Study, store: Store) -> dict[str, int]:
    """Return how many replications of a study the store holds, how many failed, and how many there are."""
    found = [store.find(task) for task in study.tasks]
    failed = sum(isinstance(outcome, Failure) for outcome in found)
    return {"done": len(found) - failed - found.count(None), "failed": failed, "total": len(found)}


def export(result: StudyResult, folder: Path, kind: str) -> Path:
    """Write the rows of a study as `rows.csv`, `rows.parquet` or `study.xlsx` (rows, settings, answer) and return the file."""
    with folders.mendable(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if kind == "xlsx":
            return _workbook(result, folder / "study.xlsx")
        file, rows = folder / f"rows.{kind}", result.rows.astype({"plan": str} | _as_text(result))
        if kind == "csv":
            rows.to_csv(file, index=False)
        else:
            write_table(rows, file)
        return file


def _workbook(result: StudyResult, file: Path) -> Path:
    from openpyxl import Workbook

    answer, book = Answer(result), Workbook(write_only=True)
    facts = [("question", result.study.question), ("best", str(answer.as_json()["best"])), ("p_best", answer.p_best)]
    _sheet(book, "answer", [("what", "found"), *facts])
    for name, table in (("settings", answer.cells), ("rows", result.rows)):
        _sheet(book, name, [tuple(table.columns), *table.itertuples(index=False, name=None)])
    book.save(file)
    return file


def _sheet(book: Any, name: str, rows: list[tuple[Any, ...]]) -> None:
    """Add a sheet; text is written as text, so that none is taken for a formula."""
    from openpyxl.cell import WriteOnlyCell

    sheet = book.create_sheet(name)
    sheet.freeze_panes = "A2"
    for row in rows:
        cells = []
        for value in row:
            cell = WriteOnlyCell(sheet, value=None if value != value else getattr(value, "item", lambda v=value: v)())
            if isinstance(value, str):
                cell.data_type = "s"
            cells.append(cell)
        sheet.append(cells)
