"""Run directories: a folder for each result, found again by its inputs, never half-written.

A folder is written aside under a name that begins with a dot, flushed to disk, and renamed.
"""

from __future__ import annotations

import json
import platform
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

from sim.errors import Problem, UserError
from sim.study.compare import Comparison, of
from sim.study.run import Case, Result, make_result
from sim.study.store import TABLES, digest_of, flush, write_table
from sim.study.summary import as_table
from sim.study.task import Failure, Tables, code, hashed

VERSIONS = ("b2b2c-sim", "mesa", "numpy", "scipy", "pandas", "pydantic")
MANIFEST = "manifest.json"
DRAWN = ("charts", "report.html")
Dress = Callable[[Any, Path], None]  # writes charts and report of a result or comparison into its folder


# what a folder is found by ------------------------------------------------------------------------------


def inputs(case: Case) -> dict[str, Any]:
    """Return all that decides the numbers of `case`."""
    scenario = case.scenario
    return {
        "scenario": scenario.digest(), "seed": case.seed, "reps": case.reps, "weeks": scenario.weeks,
        "engine": case.engine, "code": code(),
    }


def folder_of(cases: Sequence[Case], shelf: Path) -> Path:
    """Return where on `shelf` the result of one case, or the comparison of several, belongs: <name>-<8 hex of the inputs>."""
    first = cases[0].scenario.name
    name = first if len(cases) == 1 else f"{first}-against-{len(cases) - 1}"
    return shelf / f"{file_name(name)}-{hashed(what_of(cases))[:8]}"


def what_of(cases: Sequence[Case]) -> Any:
    """Return the inputs of a run, or of a comparison of several."""
    return inputs(cases[0]) if len(cases) == 1 else {"plans": {case.scenario.name: inputs(case) for case in cases}}


# reading ------------------------------------------------------------------------------------------------


def find(case: Case, folder: Path) -> Result | None:
    """Return the result kept in `folder` if it was made from the inputs of `case` and is whole, else None."""
    import pandas as pd

    manifest = manifest_of(folder)
    if manifest.get("hash") != hashed(inputs(case)) or manifest.get("failures") or not is_whole(folder):
        return None
    try:
        tables = Tables(*(pd.read_parquet(folder / f"{name}.parquet") for name in TABLES))
    except (OSError, ValueError):  # somebody has removed or damaged a table: it is made again
        return None
    return make_result(case, tables)


def find_comparison(cases: Sequence[Case], folder: Path) -> Comparison | None:
    """Return the comparison kept in `folder` if it was made from `cases`, else None."""
    if manifest_of(folder).get("hash") != hashed(what_of(cases)) or not is_whole(folder):
        return None
    results = [find(case, _part(folder, case)) for case in cases]
    whole = [result for result in results if result is not None]
    return of(whole) if len(whole) == len(cases) else None


def is_whole(folder: Path) -> bool:
    """Say whether the files that a folder was made with are as they were written; charts and page are drawn anew anyway."""
    files = manifest_of(folder).get("files")
    try:
        return isinstance(files, dict) and all(digest_of(folder / name) == digest for name, digest in files.items())
    except OSError:
        return False


def manifest_of(folder: Path) -> dict[str, Any]:
    """Return the manifest in `folder`, empty where there is none that can be read."""
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _part(folder: Path, case: Case) -> Path:
    return folder / "plans" / file_name(case.scenario.name)


def file_name(name: str) -> str:
    """Return `name` with what file systems may refuse replaced."""
    return re.sub(r"[^A-Za-z0-9_.+-]", "_", name)


def other_code(what: Any, pattern: str, shelf: Path) -> Path | None:
    """Return a folder on `shelf`, named by `pattern`, made from the same inputs by other model code (None: there is none)."""
    for folder in sorted(shelf.glob(pattern)):
        made = manifest_of(folder).get("inputs")
        if made != what and _without_code(made) == _without_code(what):
            return folder
    return None


def _without_code(what: Any) -> Any:
    if not isinstance(what, dict):
        return what
    return {key: _without_code(part) for key, part in what.items() if key != "code"}


# writing ------------------------------------------------------------------------------------------------


def check_writable(folder: Path, what: Any) -> None:
    """Raise UserError where `folder` cannot be made, or holds anything but what was made from the inputs `what`."""
    with mendable(folder):
        if folder.exists() and not folder.is_dir():
            raise NotADirectoryError(str(folder))
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder.parent):
            pass
        taken = folder.exists() and any(folder.iterdir())
    kept = manifest_of(folder).get("hash")
    if taken and kept != hashed(what):
        other = "what another version or other inputs gave" if kept else "something else"
        raise UserError(Problem(f"holds {other}: give a new folder, or remove this one", file=str(folder)))


def save(result: Result, folder: Path, command: str = "", dress: Dress | None = None) -> None:
    """Write a run directory; `dress` adds charts and report. Raises UserError where it cannot be written."""
    with mendable(folder), aside_of(folder) as aside:
        _write_run(result, aside, command)
        if dress is not None:
            dress(result, aside)


def save_comparison(comparison: Comparison, folder: Path, command: str = "", dress: Dress | None = None) -> None:
    """Write a comparison: its table, charts and report, and under `plans/` the run directory of each plan."""
    results = list(comparison.results.values())
    with mendable(folder), aside_of(folder) as aside:
        for result in results:
            part = _part(aside, _case(result))
            part.mkdir(parents=True)
            _write_run(result, part, command)
        write_json(aside / "comparison.json", comparison.table)
        _comparison_table(comparison).to_csv(aside / "comparison.csv", index=False)
        write_manifest(aside, what_of([_case(result) for result in results]), command, [f for r in results for f in r.failures])
        if dress is not None:
            dress(comparison, aside)


def redress(kept: Any, folder: Path, dress: Dress) -> None:
    """Draw charts and report in `folder` again where the views have changed since; the data stay as they are."""
    manifest = manifest_of(folder)
    if manifest.get("views") == code(of_views=True) and (folder / "report.html").exists() and (folder / "charts").is_dir():
        return
    with mendable(folder):
        shutil.rmtree(folder / "charts", ignore_errors=True)
        dress(kept, folder)
        write_json(folder / f".{MANIFEST}", manifest | {"views": code(of_views=True)})
        (folder / f".{MANIFEST}").replace(folder / MANIFEST)


def _case(result: Result) -> Case:
    return Case(result.scenario, result.seed, result.reps, result.engine)


def _write_run(result: Result, folder: Path, command: str) -> None:
    (folder / "scenario.toml").write_text(result.scenario.dump(), encoding="utf-8")
    for name in TABLES:
        write_table(getattr(result, name), folder / f"{name}.parquet")
    write_json(folder / "summary.json", result.summary)
    as_table(result.summary).to_csv(folder / "summary.csv", index=False)
    write_manifest(folder, inputs(_case(result)), command, result.failures)


def write_manifest(folder: Path, what: Any, command: str, failures: Iterable[Failure]) -> None:
    """Write what a folder was made from, by which versions and command, what failed, and the hash of every file in it."""
    versions = {"python": platform.python_version()} | {name: _version(name) for name in VERSIONS}
    failed = [{"replication": failure.replication, "error": failure.error} for failure in failures]
    files = {file.name: digest_of(file) for file in sorted(folder.iterdir()) if file.is_file()}
    write_json(folder / MANIFEST, {
        "hash": hashed(what), "inputs": what, "views": code(of_views=True), "versions": versions, "command": command,
        "failures": failed, "files": files,
    })


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _comparison_table(comparison: Comparison) -> Any:
    import pandas as pd

    rows = [
        {"plan": plan, "measure": measure, **row}
        for plan, measures in comparison.table["plans"].items()
        for measure, row in measures.items()
    ]
    return pd.DataFrame(rows)


def write_json(file: Path, content: Any) -> None:
    """Write `content` as JSON."""
    file.write_text(as_json(content) + "\n", encoding="utf-8")


def as_json(content: Any) -> str:
    """Return `content` as JSON text; NaN is refused."""
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)


@contextmanager
def aside_of(folder: Path) -> Iterator[Path]:
    """Give a folder to write in, and put it in the place of `folder` when all is written; what else is there stays."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        aside.chmod(0o755)
        yield aside
        _carry_over(folder, aside)
        for file in aside.rglob("*"):
            flush(file)
        _replace(aside, folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _carry_over(folder: Path, aside: Path) -> None:
    """Copy what stands in `folder` beside what is made anew: exports, worlds, and whatever the user has put there."""
    for entry in folder.iterdir() if folder.is_dir() else ():
        if (aside / entry.name).exists() or entry.name in DRAWN:
            continue
        if entry.is_dir():
            shutil.copytree(entry, aside / entry.name, symlinks=True)
        else:
            shutil.copy2(entry, aside / entry.name, follow_symlinks=False)


def _replace(aside: Path, folder: Path) -> None:
    """Rename `aside` to `folder`; whoever has put a folder there meanwhile put an equal one."""
    old = aside.with_name(f"{aside.name}.old")
    if folder.exists():
        folder.rename(old)
    try:
        aside.rename(folder)
    except OSError:
        if not (folder / MANIFEST).exists():
            raise
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def mendable(folder: Path) -> Iterator[None]:
    """Turn what the file system refuses into an error the user can mend."""
    try:
        yield
    except (FileExistsError, NotADirectoryError):
        raise UserError(Problem("cannot be written: a file is in the way", file=str(folder))) from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UserError(Problem(f"cannot be written: {reason}", file=str(folder))) from None
