"""The commands `sim scenarios ...`, and how every command reads a scenario."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli_new import new
from sim.errors import Problem, UserError

if TYPE_CHECKING:
    from sim.scenario import Scenario

SPEC = "A name, a .toml file, a sheet (.csv, .xlsx), or several laid over each other: premature_promotion+small."
SET = "Replace a value: plan.promotion.sem.spend=8000. Repeatable."
Spec = Annotated[str, typer.Argument(metavar="SCENARIO", help=SPEC)]
Set = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help=SET)]

scenarios = typer.Typer(invoke_without_command=True)


def scenario_of(spec: str, settings: list[str] | None = None, plan: str = "", weeks: int | None = None) -> Scenario:
    """Return the scenario `spec` names, with the sheet `plan` over it and each KEY=VALUE of `settings` in place.

    What a reader should know of its sheets goes to standard error. Raises UserError.
    """
    from sim.scenario import load

    found = load(spec, plan, settings or [], weeks or 0)
    for note in found.notes:
        print(f"note: {note}", file=sys.stderr)
    return found


@scenarios.callback()
def about(context: typer.Context) -> None:
    """List, show, explain, check and start scenarios."""
    if context.invoked_subcommand is None:
        list_()


@scenarios.command("list")
def list_() -> None:
    """List the scenarios that come with sim, by group."""
    from sim.scenario_files import listed

    groups = listed()
    width = max((len(name) for rows in groups.values() for name, _ in rows), default=0)
    for group, rows in groups.items():
        typer.echo(group)
        for name, title in rows:
            typer.echo(f"  {name:{width}}  {title}")
        typer.echo("")
    typer.echo("Lay one over another with +, left to right: sim run premature_promotion+small")


@scenarios.command()
def show(scenario: Spec, set_: Set = None) -> None:
    """Print a scenario in full, as TOML that loads back."""
    typer.echo(scenario_of(scenario, set_).dump(), nl=False)


@scenarios.command()
def explain(scenario: Spec, set_: Set = None) -> None:
    """Say what a scenario plans when, and where it departs from the baseline, with units and sources."""
    typer.echo(scenario_of(scenario, set_).explain())


@scenarios.command()
def check(files: Annotated[list[str], typer.Argument(metavar="SCENARIO...", help="Names or .toml files.")]) -> None:
    """Check scenarios without running them: one line for each problem.

    [bold]Example[/bold]

    sim scenarios check my_plan.toml my_plan.toml+small
    """
    from sim import scenario

    problems: list[Problem] = []
    for spec in files:
        found = scenario.check(spec)
        if not found:
            scenario_of(spec)
            typer.echo(f"{spec}: fine")
        problems += found
    if problems:
        raise UserError(*problems)


scenarios.command()(new)


@scenarios.command("export")
def export_(
    what: Annotated[list[str], typer.Argument(metavar="[SCENARIO] FILE.xlsx", help="What to write (baseline) and where to.")],
) -> None:
    """Write a scenario as an Excel workbook: every parameter and the plan, to be edited and imported.

    [bold]Examples[/bold]

    sim scenarios export mine.xlsx

    sim scenarios export premature_promotion+small mine.xlsx
    """
    from sim.files import write_new
    from sim.sheets.workbook import workbook

    *specs, file = what
    if len(specs) > 1 or not file.lower().endswith(".xlsx"):
        raise UserError(Problem("is not what it takes", key=" ".join(what), allowed="[SCENARIO] FILE.xlsx"))
    spec = specs[0] if specs else "baseline"
    write_new(Path(file), workbook(scenario_of(spec), spec))
    typer.echo(f"wrote {file}; next: edit its yellow cells, then  sim scenarios import {file}")


@scenarios.command("import")
def import_(
    file: Annotated[str, typer.Argument(metavar="FILE.xlsx", help="A workbook that export wrote, edited or not.")],
    to: Annotated[str, typer.Argument(metavar="[NAME.toml]", help="The file to write.", show_default="FILE.toml")] = "",
) -> None:
    """Read a workbook back as a scenario file; every problem is told with its sheet and cell.

    [bold]Example[/bold]

    sim scenarios import mine.xlsx && sim compare baseline mine.toml
    """
    from sim.files import write_new
    from sim.sheets.imported import imported

    found = imported(file)
    for note in found.notes:
        print(f"note: {note}", file=sys.stderr)
    target = Path(to) if to else Path(file).with_suffix(".toml")
    if target.suffix != ".toml":
        raise UserError(Problem("is not a .toml file", file=str(target)))
    write_new(target, found.toml())
    typer.echo(f"wrote {target}; next: sim compare {found.extends} {target}")
