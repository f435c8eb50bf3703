"""The commands `sim scenarios ...`, and how every command reads a scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli_new import new
from sim.errors import Problem, UserError

if TYPE_CHECKING:
    from sim.scenario import Scenario

SPEC = "A name, a .toml file, or several laid over each other: premature_promotion+small."
SET = "Replace a value: plan.promotion.sem.spend=8000. Repeatable."
Spec = Annotated[str, typer.Argument(metavar="SCENARIO", help=SPEC)]
Set = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help=SET)]

scenarios = typer.Typer(invoke_without_command=True)


def scenario_of(spec: str, settings: list[str] | None = None) -> Scenario:
    """Return the scenario `spec` names, with each KEY=VALUE of `settings` in place. Raises UserError."""
    from sim.scenario import load, with_settings

    found = load(spec)
    return with_settings(found, settings) if settings else found


@scenarios.callback()
def about(context: typer.Context) -> None:
    """List, show, explain, check and start scenarios."""
    if context.invoked_subcommand is None:
        list_()


@scenarios.command("list")
def list_() -> None:
    """List the scenarios that come with sim."""
    from sim.scenario_files import locate, read, shipped

    titles = {name: str(read(*locate(name)).table.get("title", "")) for name in shipped()}
    width = max(map(len, titles), default=0)
    for name, title in titles.items():
        typer.echo(f"{name:{width}}  {title}")
    typer.echo("\nLay one over another with +, left to right: sim run premature_promotion+small")


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
            typer.echo(f"{spec}: fine")
        problems += found
    if problems:
        raise UserError(*problems)


scenarios.command()(new)
