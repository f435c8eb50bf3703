"""The command `sim validate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sim.cli_options import JobCount, Json, print_json, ways_of

Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME...]", help="Facts by number or file (default: all).")]
Quick = Annotated[bool, typer.Option("--quick", help="Fewer replications, no causes, few worlds: less sure.")]
Page = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the page (Markdown) there, not on the screen.")]


def validate(names: Names = None, quick: Quick = False, jobs: JobCount = "all", json: Json = False, out: Page = None) -> None:
    """Play the stylised facts that must come out of the model, and say which hold: with size, interval, causes and worlds.

    Leaves with 1 when one does not. What was played before is not played again.

    [bold]Examples[/bold]

    sim validate --quick

    sim validate F1 F4

    sim validate my_fact.toml --json
    """
    from sim.validation.fact import find, load_fact, shipped
    from sim.validation.page import as_json, page
    from sim.validation.play import play, size

    facts = [load_fact(file, quick) for name in names or shipped() for file in find(name)]
    with ways_of("validate", size(facts), jobs, lambda *_: None) as ways:
        judged = play(facts, ways.store, jobs, ways.progress)
    text = page(judged, " ".join(["sim validate", *(names or []), *(["--quick"] if quick else [])]))
    if json:
        print_json(as_json(judged))
    elif out is None:
        typer.echo(text, nl=False)
    if out is not None:
        write_page(out, text)
    if not all(one.holds() for one in judged):
        raise typer.Exit(1)


def write_page(file: Path, text: str) -> None:
    """Write the page. Raises UserError where that cannot be done."""
    from sim.errors import Problem, UserError

    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(Problem(f"cannot be written: {error.strerror}", file=str(file))) from None

