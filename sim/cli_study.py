"""The commands `sim study ...`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from sim.cli_options import JobCount, Json, Out, option, print_json, ways_of, whole
from sim.study.limits import MOST_REPS

if TYPE_CHECKING:
    from sim.study.study import Study


class OrFile(TyperGroup):
    """A group in which what is no command is the file of a study to run."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `run` before a file."""
        if args and args[0] not in self.commands and args[0] not in ("--help", "-h"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


study = typer.Typer(cls=OrFile, no_args_is_help=True)
File = Annotated[str, typer.Argument(metavar="FILE", help="A study file (.toml).")]
Quick = Annotated[bool, typer.Option("--quick", help="Fewer replications and levels, as the file says: less sure.")]
Reps = Annotated[int | None, option("--reps", "N", "Replications (default: the file's).", parser=whole(2, MOST_REPS))]


def _load(file: str, quick: bool, reps: int | None = None) -> Study:
    from sim.study.study import Study

    return Study.load(file, quick, reps)


@study.callback()
def about() -> None:
    """Answer a question by playing many settings on the same worlds: sim study FILE.

    [bold]Examples[/bold]

    sim study experiments/promotion_timing.toml --quick

    sim study status experiments/promotion_timing.toml

    sim study export experiments/promotion_timing.toml --xlsx
    """


@study.command("run")
def run_(
    file: File, quick: Quick = False, reps: Reps = None, jobs: JobCount = "all", json: Json = False, out: Out = None
) -> None:
    """Run what was not run before, and write answer, charts and page. (The word run may be left out.)

    Stopped at any moment, the same command goes on from there.
    """
    from sim.study.answer import Answer
    from sim.study.keep import study_kept
    from sim.views.dress import dress_study

    found = _load(file, quick, reps)
    with ways_of(found.name, len(found.tasks), jobs, dress_study) as ways:
        result, folder, there = study_kept(found, out, ways)
    answer = Answer(result)
    if json:
        print_json(answer.as_json())
    else:
        from sim.views.study_findings import sentences
        from sim.views.terminal import show, study_table

        show(study_table(answer), *sentences(answer), f"\n{'Found' if there else 'Written'}: {folder / 'report.html'}")
    for cell, failure in result.failures:
        typer.echo(f"{cell}: replication {failure.replication} failed: {failure.error}", err=True)
    if result.failures:
        raise typer.Exit(1)


@study.command()
def status(file: File, quick: Quick = False, reps: Reps = None, json: Json = False) -> None:
    """Say how much of a study is run."""
    from sim.study.keep import Ways
    from sim.study.study_folder import progress_of

    found = _load(file, quick, reps)
    row = progress_of(found, Ways().store)
    if json:
        print_json(row)
        return
    failed = f", {row['failed']} failed" if row["failed"] else ""
    typer.echo(f"{found.name}: {row['done']} of {row['total']} replications done{failed}; {len(found.cells)} settings")


@study.command()
def export(
    file: File, quick: Quick = False, reps: Reps = None, out: Out = None,
    csv: Annotated[bool, typer.Option("--csv", help="rows.csv: a line for each setting and replication.")] = False,
    parquet: Annotated[bool, typer.Option("--parquet", help="rows.parquet: the same for data frames.")] = False,
    xlsx: Annotated[bool, typer.Option("--xlsx", help="study.xlsx: answer, settings and rows.")] = False,
) -> None:
    """Write the rows of a study that was run to its folder, or to --out."""
    from sim.errors import Problem, UserError
    from sim.study.keep import Ways
    from sim.study.study_folder import export as write
    from sim.study.study_folder import progress_of, study_folder

    found, ways = _load(file, quick, reps), Ways()
    kinds = [kind for kind, wanted in (("csv", csv), ("parquet", parquet), ("xlsx", xlsx)) if wanted]
    if not kinds:
        raise UserError(Problem("says no form", key="sim study export", allowed="--csv, --parquet, --xlsx"))
    row = progress_of(found, ways.store)
    if row["done"] + row["failed"] < row["total"]:
        first = f"sim study {file}{' --quick' if quick else ''}"
        raise UserError(Problem(f"has run {row['done']} of {row['total']} replications: first run  {first}", file=file))
    result = found.run(store=ways.store)
    for kind in kinds:
        typer.echo(f"Written: {write(result, Path(out or study_folder(found, ways.shelf)), kind)}")
