"""Documents that say what the code says: tables are fresh, links lead somewhere, examples run."""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import sim
from sim.fields import declared
from sim.model import GrowthModel
from sim.scenario import Scenario
from sim.settings import switches
from sim.week import Mechanisms

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "results").rglob("README.md"))]
LINK = re.compile(r"\]\(([^)\s]+)\)")


def tables() -> ModuleType:
    """Return docs/tables.py as a module."""
    return script("tables")


def script(name: str) -> ModuleType:
    """Return a script of docs/ as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[str]:
    """Return the fenced blocks of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text(page), flags=re.DOTALL | re.MULTILINE)


# tables -------------------------------------------------------------------------------------------------


def test_every_generated_part_is_fresh() -> None:
    for page, parts in tables().files().items():
        content = page.read_text(encoding="utf-8")
        assert tables().refreshed(content, parts) == content, f"{page.name} is stale: python docs/tables.py --write"


def test_a_stale_table_is_refreshed() -> None:
    page = text("docs/model.md")
    stale = re.sub(r"^\| `win_rate`.*\n", "", page, flags=re.MULTILINE)
    assert stale != page
    assert tables().refreshed(stale, tables().tables()) == page


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="0 places marked '<!-- scaled -->'"):
        tables().refreshed("no markers", tables().tables())


def test_every_mechanism_has_its_page_and_no_page_is_of_none() -> None:
    assert {page.stem for page in (ROOT / "docs" / "mechanisms").glob("*.md")} == set(Mechanisms.model_fields)
    for name in Mechanisms.model_fields:
        page = text(f"docs/mechanisms/{name}.md")
        for heading in ("## Equations", "## Look at", "## Parameters"):
            assert heading in page, f"{name}: {heading}"


def test_the_tables_say_everything_once() -> None:
    from sim.record import measures_of

    rows = re.findall(r"^\| `([\w.]+)` \|", tables().measures_table(), flags=re.MULTILINE)
    assert rows == list(measures_of(Mechanisms()))
    rows = re.findall(r"^\| `([\w.]+)` \|", tables().uncertain_table(), flags=re.MULTILINE)
    assert {path for path, par in declared(Mechanisms).items() if par.role == "uncertain"} <= set(rows)
    assert len(rows) == len(set(rows))


def test_tables_are_printed_unless_told_otherwise(capsys: pytest.CaptureFixture[str]) -> None:
    assert tables().main(["--wirte"]) == 2
    assert capsys.readouterr().out == ""
    assert tables().main([]) == 0
    assert "| `signed_merchants` | firms | flow |" in capsys.readouterr().out


def told(name: str) -> str:
    """Return what people wrote on a mechanism's page, without its generated part."""
    return re.sub(r"<!-- parameters -->.*<!-- end of parameters -->", "", text(f"docs/mechanisms/{name}.md"), flags=re.DOTALL)


def test_every_lever_and_every_switch_is_explained_on_its_page() -> None:
    as_one = tables().channels_as_one
    levers = {path for path, par in declared(Mechanisms).items() if par.role == "lever"}
    paths = {as_one(path) for path in levers | set(switches())}
    assert sorted(path for path in paths if f"`{path}`" not in told(path.split(".")[0])) == []


def test_what_looks_like_a_parameter_is_one() -> None:
    from sim.settings import known

    groups = {path.split(".")[0] for path in known()} - {"off", "plan"}
    pages = text("docs/model.md") + "".join(told(name) for name in Mechanisms.model_fields)
    named = {path for path in re.findall(r"`(\w+\.[\w.<>]+)`", pages) if path.split(".")[0] in groups}
    assert named
    assert named - {tables().channels_as_one(path) for path in known()} == set()


# links --------------------------------------------------------------------------------------------------


def broken(page: Path, content: str) -> list[str]:
    """Return the relative links in `content` that lead to no file, seen from `page`."""
    links = [link for link in LINK.findall(content) if not re.match(r"[a-z]+:|#", link)]
    return [link for link in links if not (page.parent / link.partition("#")[0]).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_relative_links_lead_somewhere(page: Path) -> None:
    assert broken(page, page.read_text(encoding="utf-8")) == []


def test_a_broken_link_is_caught() -> None:
    content = "[a](README.md) ![b](docs/nowhere.png) [c](https://example.org/x) [d](#part) [e](docs/model.md#need)"
    assert broken(ROOT / "README.md", content) == ["docs/nowhere.png"]


# examples -----------------------------------------------------------------------------------------------


def test_the_example_of_the_readme_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs as it stands, but on a hundredth of the market, two replications and six weeks."""
    load, compare, given = sim.load, sim.compare, []

    def tiny(spec: str) -> Scenario:
        return load(spec).replace("market.scale", 0.01)

    def quick(scenarios: list[Scenario], **settings: Any) -> Any:
        given.append(settings)
        return compare(scenarios, **(settings | {"reps": 2, "weeks": 6}))

    monkeypatch.setattr(sim, "load", tiny)
    monkeypatch.setattr(sim, "compare", quick)
    (code,) = blocks("README.md", "python")
    names: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), names)
    assert given
    assert names["result"].table["plans"]
    assert names["model"].world.week == 51


def commands(page: str) -> list[list[str]]:
    """Return the commands of a page: the lines of its sh blocks."""
    lines = [line for block in blocks(page, "sh") for line in block.splitlines()]
    assert all(line.startswith("sim ") for line in lines)
    return [line.split()[1:] for line in lines]


def said(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    """Run the command line and return its exit code; what plays plays two replications of six weeks on a tiny market."""
    from sim.cli import main

    tiny = ["--set", "market.scale=0.002", "--weeks", "6", "--reps", "2", "--jobs", "1", "--json"]
    monkeypatch.setattr(sys, "argv", ["sim", *arguments, *(tiny if arguments[0] in ("run", "compare") else [])])
    with pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0)


def test_the_commands_of_the_sheets_page_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    todo = commands("docs/sheets.md")
    assert len(todo) == 6
    assert [said(arguments, monkeypatch) for arguments in todo] == [0] * 6
    assert (tmp_path / "mine.toml").exists()


def test_the_sheet_of_the_page_reads_and_its_refusals_are_as_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from openpyxl import Workbook

    from sim.scenario import check

    monkeypatch.chdir(tmp_path)
    (sheet,) = blocks("docs/sheets.md", "csv")
    Path("spend.csv").write_text(sheet, encoding="utf-8")
    assert check("baseline+spend.csv") == []
    told = blocks("docs/sheets.md", "text")[0].splitlines()
    book = Workbook()
    assert book.active is not None
    book.active.title = "Budget"
    for cell, value in (("A6", "Month"), ("B6", "SEM"), ("A7", "Feb 2027"), ("B7", "$5,000")):
        book.active[cell] = value
    book.save("spend.xlsx")
    Path("spend.csv").write_text("\n\n\nMonth,spend\nFeb 2027,5\n")
    problems = [str(*check("baseline+spend.xlsx")), str(check("baseline+spend.csv")[0])]
    assert [problem[: len(line.removesuffix("..."))] for problem, line in zip(problems, told, strict=True)] == [
        line.removesuffix("...") for line in told
    ]


@pytest.fixture(scope="module")
def extended() -> dict[str, Any]:
    """Return the names left behind by the Python of docs/extend.md, run from top to bottom."""
    names: dict[str, Any] = {}
    for code in blocks("docs/extend.md", "python"):
        exec(compile(code, "docs/extend.md", "exec"), names)
    return names


def test_ten_merchants_decide_otherwise(extended: dict[str, Any]) -> None:
    model, chances = extended["model"], extended["chances"]
    ours = {id: chance for id, chance in chances.items() if id < 10 and model.merchants.size[id] <= 1.0}
    assert set(ours.values()) == {0.9}
    usual = GrowthModel(sim.load("baseline+small"), seed=1)
    for _ in range(26):
        usual.step()
    differ = np.flatnonzero(usual.merchants.survival != model.merchants.survival)
    assert set(differ) == set(ours)


def test_the_mechanism_of_the_page_keeps_the_contract(extended: dict[str, Any]) -> None:
    from sim.model import only_writes

    model, roadshow = extended["model"], extended["Roadshow"]
    assert 0 < extended["newly_aware"] <= model.world.flows["roadshow_meetings"]
    assert model.world.accounts["promotion"] <= -20_000.0
    for purpose in roadshow.PURPOSES:
        with only_writes(model.world, roadshow()):
            roadshow(spend=1e6, reach=0.0).step(model.world, model.draws.at(200).of(purpose))


def test_the_plan_of_the_page_fits_its_levers(extended: dict[str, Any]) -> None:
    from sim.plan import schedule

    (plan,) = blocks("docs/extend.md", "toml")
    levers = declared(extended["Roadshow"])
    for name, given in tomllib.loads(plan)["plan"]["roadshow"].items():
        assert levers[name].role == "lever"
        assert schedule(levers[name], given)[1] == []


def test_the_readme_shows_the_table_that_validation_wrote() -> None:
    page = (ROOT / "docs" / "three_mistakes.md").read_text(encoding="utf-8")
    rows = [line for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines() if line.startswith("| premature_")]
    assert len(rows) == 1
    assert rows[0] in page
# the tutorial -------------------------------------------------------------------------------------------


def test_the_tutorial_tells_what_the_commands_print(tmp_path: Path) -> None:
    """Every command is run, every output compared: docs/session.py --write refreshes what has moved."""
    steps, missing = script("session").play(text("docs/tutorial.md"), tmp_path)
    assert len(steps) >= 6
    assert [f"$ {step.typed}\n{step.printed}" for step in steps if not step.right] == []
    assert missing == []


def test_every_number_in_the_tutorials_sentences_is_in_a_file_or_an_output() -> None:
    session, page = script("session"), text("docs/tutorial.md")
    shown = session.numbers("\n".join(block for _, _, block in session.FENCE.findall(page)))
    told = {number for number in session.numbers(session.prose(page)) if number not in {str(n) for n in range(1, 8)}}
    assert len(told) >= 10
    assert told - shown == set()


def test_the_figures_of_the_tutorial_are_those_of_the_example() -> None:
    parts = script("session").FENCE.findall(text("docs/tutorial.md"))
    found = {name.strip(): block for kind, name, block in parts if kind == "csv"}
    assert set(found) == {"figures.csv", "budget.csv"}
    for name, block in found.items():
        assert block == text(f"examples/cafe_loyalty/{name}")


def test_an_output_that_differs_is_caught(tmp_path: Path) -> None:
    session = script("session")
    assert session.matches("a\n…\nd\n", "a \nb\nc\nd\n\n")
    assert session.matches("a\n…\n", "a\n")
    assert not session.matches("a\n…\nd\n", "a\nb\n")
    assert not session.matches("a 1\n", "a 2\n")
    files = "```toml p.toml\nextends = 'baseline'\n```\n```toml in p.toml\nweeks = 3\n```\n"
    page = files + "```console\n$ sim scenarios check p.toml q.toml\np.toml: well\n```\n"
    steps, missing = session.play(page, tmp_path)
    assert missing == ["weeks = 3"]
    assert [step.right for step in steps] == [False]
    assert "(exit code 2)" in steps[0].printed
    assert "p.toml: fine\nq.toml: there is no such file" in session.refreshed(page, steps)


# studies ------------------------------------------------------------------------------------------------


def test_the_study_file_of_the_page_is_one(tmp_path: Path) -> None:
    file, readings = blocks("docs/studies.md", "toml")
    assert len(tomllib.loads(readings)["readings"]) == 4
    path = tmp_path / "shown.toml"
    top, sep, rest = file.partition("[set]")
    path.write_text(f"{top}{readings}{sep}{rest}", encoding="utf-8")
    study = sim.Study.load(path)
    assert [name for name, _ in study.readings] == list(tomllib.loads(readings)["readings"])
    assert len(study.cells) == 6
    assert sim.Study.load(path, quick=True).replications == 4


def test_the_python_of_the_studies_page_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (code,) = blocks("docs/studies.md", "python")
    exec(compile(code, "docs/studies.md", "exec"), {})


# practice and examples ----------------------------------------------------------------------------------


def test_the_page_of_practice_names_what_there_is() -> None:
    from sim.record import measures_of
    from sim.scenario_files import shipped
    from sim.settings import known

    rows = [line.strip().strip("|").split(" | ") for line in text("docs/practice.md").splitlines() if line.startswith("| ")][2:]
    assert len(rows) >= 30
    for column, there in ((3, set(known())), (4, set(measures_of(Mechanisms()))), (5, set(shipped()))):
        assert {name for row in rows for name in re.findall(r"`([^`]+)`", row[column])} - there == set()


def example(name: str) -> Any:
    """Return a script of examples/ as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "examples" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_roadshow_meets_firms_and_costs_what_it_spends() -> None:
    """Every week 2,000 at a tenth of the market: 200 a week, but for what other spending the till could not afford."""
    found = example("roadshow").main(replications=1, weeks=20)
    assert found["meetings"] > 0
    assert found["cash"] < -0.9 * 20 * 2_000


def test_of_ten_impatient_merchants_fewer_stay() -> None:
    impatient, usual = example("impatient_merchants").main(weeks=110)
    assert impatient < usual <= 10


def test_why_did_we_win_fewer_is_answered_by_the_lines_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    run = sim.run
    monkeypatch.setattr(sim, "run", lambda scenario, reps: run(scenario, reps=reps, weeks=90))
    scope: dict[str, Any] = {}
    for block in blocks("docs/events.md", "python"):
        exec(block, scope)  # the page's own lines
    assert {"signed", "no_decision"} <= set(scope["why"][0].index.get_level_values("event"))
    assert scope["why"][0].sum() > 10
