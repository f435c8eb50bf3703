"""The command line as a user runs it: exit codes, one line for each problem, nothing but the summary with --json."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import sim

TINY = ("--set", "market.scale=0.002", "--weeks", "6", "--reps", "2", "--jobs", "1")


def call(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"COLUMNS": "120", "NO_COLOR": "1", "PYTHONPATH": str(Path(sim.__file__).parents[1])}
    command = [sys.executable, "-m", "sim", *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300)


def refused(*arguments: str, cwd: Path) -> str:
    """Run what must be refused; return its only line on standard error."""
    done = call(*arguments, cwd=cwd)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, done.stderr
    return lines[0]


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("user")


@pytest.fixture(scope="module")
def ran(there: Path) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """Run a tiny market once with --json into `run`."""
    return there / "run", call("run", "baseline+small", *TINY, "--json", "--out", "run", cwd=there)


# what to do first ---------------------------------------------------------------------------------------


def test_bare_sim_says_what_to_do_first(there: Path) -> None:
    done = call(cwd=there)
    assert done.returncode == 0
    assert "sim demo" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("command", [
    [], ["run"], ["compare"], ["demo"], ["scenarios"], ["scenarios", "list"], ["scenarios", "show"], ["scenarios", "explain"],
    ["scenarios", "check"], ["scenarios", "new"], ["scenarios", "export"], ["scenarios", "import"],
])
def test_every_command_explains_itself(command: list[str], there: Path) -> None:
    done = call(*command, "--help", cwd=there)
    assert done.returncode == 0
    assert "Usage: sim" in done.stdout


def test_help_shows_examples(there: Path) -> None:
    for command in ("run", "compare"):
        assert f"sim {command} baseline" in call(command, "--help", cwd=there).stdout


def test_version(there: Path) -> None:
    assert call("--version", cwd=there).stdout == f"sim {sim.__version__}\n"


@pytest.mark.parametrize("command", [["--help"], ["scenarios", "list"]])
def test_help_and_list_come_at_once(command: list[str], there: Path) -> None:
    def seconds() -> float:
        begin = time.perf_counter()
        call(*command, cwd=there)
        return time.perf_counter() - begin

    assert min(seconds() for _ in range(3)) < 1.0  # 0.3 s on a quiet machine; importing pandas or Mesa alone takes longer


# running ------------------------------------------------------------------------------------------------


def test_json_is_all_there_is_on_standard_output(ran: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, done = ran
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found == json.loads((folder / "summary.json").read_text())
    assert (found["scenario"], found["seed"], found["replications"]) == ("baseline+small", 1, 2)


def test_a_run_writes_its_directory(ran: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, _ = ran
    tables = {"weekly.parquet", "breakdown.parquet", "events.parquet", "summary.json", "summary.csv"}
    assert {file.name for file in folder.iterdir()} == tables | {"scenario.toml", "manifest.json", "charts", "report.html"}
    assert {file.suffix for file in (folder / "charts").iterdir()} == {".png", ".svg"}
    assert json.loads((folder / "manifest.json").read_text())["command"].startswith("sim run baseline+small --set market.")


def test_equal_inputs_are_found(ran: tuple[Path, subprocess.CompletedProcess[str]], there: Path) -> None:
    folder, _ = ran
    before = (folder / "weekly.parquet").stat().st_mtime_ns
    done = call("run", "baseline+small", *TINY, "--out", "run", cwd=there)
    assert done.returncode == 0, done.stderr
    assert "Found: run" in done.stdout
    assert "signed_merchants" in done.stdout
    assert (folder / "weekly.parquet").stat().st_mtime_ns == before


def test_a_run_can_be_repeated_from_its_directory(ran: tuple[Path, subprocess.CompletedProcess[str]], there: Path) -> None:
    folder, done = ran
    again = call("run", str(folder / "scenario.toml"), "--reps", "2", "--jobs", "2", "--json", "--out", "again", cwd=there)
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["measures"] == json.loads(done.stdout)["measures"]


def test_the_default_directory_is_named_after_scenario_and_inputs(tmp_path: Path) -> None:
    done = call("run", "baseline+small", *TINY, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (folder,) = (entry for entry in (tmp_path / "results").iterdir() if entry.name != ".store")
    name, _, digest = folder.name.rpartition("-")
    assert name == "baseline+small"
    assert len(digest) == 8
    assert set(digest) <= set("0123456789abcdef")


def test_plans_are_compared(there: Path) -> None:
    done = call("compare", "baseline+small", "premature_promotion+small", *TINY, "--json", "--out", "compared", cwd=there)
    assert done.returncode == 0, done.stderr
    table = json.loads(done.stdout)
    assert table == json.loads((there / "compared" / "comparison.json").read_text())
    assert table["base"] == "baseline+small"
    assert list(table["plans"]) == ["premature_promotion+small"]
    assert set(table["plans"]["premature_promotion+small"]["value"]) == {"base", "plan", "diff", "lo95", "hi95", "unit"}
    assert (there / "compared" / "report.html").exists()
    assert (there / "compared" / "plans" / "baseline+small" / "weekly.parquet").exists()


def test_different_markets_are_noted(there: Path) -> None:
    (there / "alike.toml").write_text("[market]\nneed_heterogeneity = 0.3\n")
    done = call("compare", "baseline+small", "premature_promotion+small+alike.toml", *TINY, "--json", cwd=there)
    assert done.returncode == 0, done.stderr
    assert "different markets (market.need_heterogeneity)" in done.stderr


def test_markets_of_different_scale_are_refused(there: Path) -> None:
    said = refused("compare", "baseline+small", "premature_promotion", *TINY[2:], cwd=there)
    assert "market.scale" in said
    assert "0.1" in said


def test_a_lever_that_the_plan_overrules_is_refused(there: Path) -> None:
    said = refused("run", "baseline+small", "--set", "sales.reps=99", cwd=there)
    assert said.startswith("--set: sales.reps")
    assert said.endswith("plan.sales.reps")


@pytest.mark.slow
def test_demo_tells_the_three_mistakes(tmp_path: Path) -> None:
    done = call("demo", "--reps", "10", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (folder,) = (entry for entry in (tmp_path / "results").iterdir() if entry.name != ".store")
    table = json.loads((folder / "comparison.json").read_text())
    assert table["best"] == table["base"] == "baseline+small"
    for measures in table["plans"].values():
        assert measures["value"]["hi95"] < 0
        assert measures["signed_merchants"]["hi95"] < 0
    assert (folder / "report.html").exists()


# what the user can mend ---------------------------------------------------------------------------------


def write(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text, encoding="utf-8")
    return name


@pytest.mark.parametrize(("text", "parts"), [
    ('extends = "baseline"\n[belief]\nmemry = 0.9\n', ["wrong.toml line 3", "belief.memry", "memory"]),
    ('extends = "baseline"\n[beleif]\nmemory = 0.9\n', ["wrong.toml line 2", "beleif", "belief"]),
    ('extends = "baseline"\n[belief]\nmemory = "long"\n', ["wrong.toml line 3", "belief.memory", "'long'", "allowed"]),
    ('extends = "baseline"\n[belief]\nmemory = 7.0\n', ["wrong.toml line 3", "belief.memory = 7.0", "allowed"]),
    ('extends = "baseline"\n[belief]\nmemory = nan\n', ["wrong.toml line 3", "belief.memory"]),
    ('extends = "baseline"\n[plan.promotion.sem]\nspnd = 3\n', ["wrong.toml line 3", "spnd", "spend"]),
    ('extends = "baseline"\n[belief\n', ["wrong.toml", "line 2"]),
    ('extends = "basline"\n', ["basline", "baseline"]),
])
def test_a_wrong_file_is_one_line(text: str, parts: list[str], tmp_path: Path) -> None:
    write(tmp_path, "wrong.toml", text)
    line = refused("run", "wrong.toml", cwd=tmp_path)
    for part in parts:
        assert part in line


def test_every_problem_has_its_line(tmp_path: Path) -> None:
    write(tmp_path, "wrong.toml", 'extends = "baseline"\n[belief]\nmemry = 0.9\nprior = "x"\n')
    done = call("scenarios", "check", "wrong.toml", "baseline", "nowhere", cwd=tmp_path)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 3
    assert done.stdout.startswith("baseline: fine")


@pytest.mark.parametrize(("arguments", "parts"), [
    (["run", "basline"], ["basline", "baseline"]),
    (["run", "nowhere.toml"], ["nowhere.toml"]),
    (["run", "baseline+"], ["no scenario ''", "sim scenarios list"]),
    (["run", "."], ["."]),
    (["run"], ["SCENARIO"]),
    (["run", "baseline", "--reps", "0"], ["--reps", "'0'", "whole numbers from 1"]),
    (["run", "baseline", "--reps", "many"], ["--reps", "'many'", "whole numbers from 1"]),
    (["run", "baseline", "--seed", "-1"], ["--seed", "'-1'", "whole numbers from 0"]),
    (["run", "baseline", "--weeks", "0"], ["--weeks", "'0'"]),
    (["run", "baseline", "--weeks", "99999999"], ["weeks", "99999999", "allowed"]),
    (["run", "baseline", "--jobs", "few"], ["--jobs", "'few'"]),
    (["run", "baseline", "--set", "belief.memory"], ["--set", "belief.memory", "KEY=VALUE"]),
    (["run", "baseline", "--set", "belief.memry=0.9"], ["belief.memry", "memory"]),
    (["run", "baseline", "--set", "belief.memory=long"], ["belief.memory", "'long'", "allowed"]),
    (["run", "baseline", "--set", "belief.memory=7"], ["belief.memory", "7", "allowed"]),
    (["run", "baseline", "--set", "plan.belief.memory=0.9"], ["belief.memory", "lever"]),
    (["run", "baseline", "--repz", "3"], ["--repz"]),
    (["rnu", "baseline"], ["rnu", "run"]),
    (["compare", "baseline"], ["two plans or more"]),
    (["compare", "baseline", "baseline"], ["name of its own"]),
    (["scenarios", "show", "basline"], ["basline", "baseline"]),
    (["scenarios", "new", "a/b"], ["a/b.toml", "cannot be written"]),
])
def test_a_wrong_request_is_one_line(arguments: list[str], parts: list[str], there: Path) -> None:
    line = refused(*arguments, cwd=there)
    for part in parts:
        assert part in line


def test_an_unreadable_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00title")
    assert "bytes.toml" in refused("run", "bytes.toml", cwd=tmp_path)
    (tmp_path / "folder.toml").mkdir()
    assert "folder.toml" in refused("run", "folder.toml", cwd=tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="everything is readable to root")
def test_missing_rights_are_one_line(tmp_path: Path) -> None:
    write(tmp_path, "mine.toml", 'extends = "baseline"\n')
    (tmp_path / "mine.toml").chmod(0)
    assert "mine.toml" in refused("run", "mine.toml", cwd=tmp_path)
    (tmp_path / "closed").mkdir(mode=0o500)
    assert "permission denied" in refused("run", "baseline+small", *TINY, "--out", "closed/run", cwd=tmp_path)


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    write(tmp_path, "file", "")
    assert "cannot be written: a file is in the way" in refused("run", "baseline+small", *TINY, "--out", "file/run", cwd=tmp_path)
    assert "cannot be written" in refused("run", "baseline+small", *TINY, "--out", "/proc/run", cwd=tmp_path)
    assert "holds something else" in refused("run", "baseline+small", *TINY, "--out", ".", cwd=tmp_path)


# scenarios ----------------------------------------------------------------------------------------------


def test_list_names_every_scenario_with_its_title(there: Path) -> None:
    groups = [block.splitlines() for block in call("scenarios", "list", cwd=there).stdout.split("\n\n")[:-1]]
    found = {group: [line.split()[0] for line in lines] for group, *lines in groups}
    names = [name for rows in found.values() for name in rows]
    assert names[0] == "baseline"
    assert "payments" in found["Archetypes"]
    assert "premature_promotion" in found["Mistakes"]
    assert {"small", "premature_promotion", "over_customization", "interrupted_channel_support"} <= set(names)


def test_what_show_prints_loads_back(there: Path) -> None:
    done = call("scenarios", "show", "premature_promotion+small", "--set", "weeks=20", cwd=there)
    assert done.returncode == 0
    write(there, "shown.toml", done.stdout)
    shown, loaded = sim.load(str(there / "shown.toml")), sim.load("premature_promotion+small").replace("weeks", 20)
    assert shown.digest() == loaded.digest()


def test_explain_names_units_and_levers(there: Path) -> None:
    done = call("scenarios", "explain", "premature_promotion", cwd=there)
    assert done.returncode == 0
    assert "promotion" in done.stdout


@pytest.mark.parametrize("base", ["baseline", "baseline+small"])
def test_a_new_plan_loads_and_so_do_its_examples(base: str, tmp_path: Path) -> None:
    assert call("scenarios", "new", "my-plan", "--base", base, cwd=tmp_path).returncode == 0
    assert call("scenarios", "check", "my-plan.toml", cwd=tmp_path).returncode == 0
    text = (tmp_path / "my-plan.toml").read_text()
    starts = ("# [", "# spend", "# accept", "# support", "# need")
    examples = [line.removeprefix("# ") for line in text.splitlines() if line.startswith(starts)]
    assert len(examples) == 8
    write(tmp_path, "my-plan.toml", text + "\n".join(examples))
    assert call("scenarios", "check", "my-plan.toml", cwd=tmp_path).returncode == 0
    assert "is there already" in refused("scenarios", "new", "my-plan", cwd=tmp_path)


# sheets -------------------------------------------------------------------------------------------------


def test_a_plan_from_a_sheet_runs_and_runs_again(tmp_path: Path) -> None:
    write(tmp_path, "spend.csv", "month,SEM,reps\nJan 2027,\"280,000\",3\nFeb 2027,\"¥560,000\",\nTotal,840000,\n")
    done = call("run", "baseline+small", "--plan", "spend.csv", *TINY, "--json", "--out", "run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["scenario"] == "baseline+small+spend"
    assert done.stderr.count("note: spend.csv line 4: 'Total' is a row of totals") == 1
    loaded = sim.load(str(tmp_path / "run" / "scenario.toml"))
    assert {"from": 4, "to": 8, "value": 140_000.0} in loaded.settings()["plan.promotion.sem.spend"]
    (tmp_path / "spend.csv").unlink()
    again = call("run", "run/scenario.toml", "--reps", "2", "--jobs", "1", "--json", "--out", "again", cwd=tmp_path)
    assert json.loads(again.stdout)["measures"] == json.loads(done.stdout)["measures"]


def test_sheets_are_compared_and_told_apart(tmp_path: Path) -> None:
    write(tmp_path, "high.csv", "week;SEM\n0;1.000.000,50\n")
    write(tmp_path, "low.csv", "week\tSEM\n0\t1.5\n")
    done = call("compare", "baseline+high.csv+small", "baseline+low.csv+small", *TINY, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    table = json.loads(done.stdout)
    assert (table["base"], list(table["plans"])) == ("baseline+high+small", ["baseline+low+small"])


def test_every_problem_of_a_sheet_is_a_line(tmp_path: Path) -> None:
    write(tmp_path, "spend.csv", "month,SEM,spend\nJan 2027,€5,\nFebr,5,\n")
    done = call("run", "baseline", "--plan", "spend.csv", cwd=tmp_path)
    assert done.returncode == 2
    assert [line.split(": ")[0] for line in done.stderr.splitlines()] == [
        "spend.csv line 1", "spend.csv line 3 column 'month'", "spend.csv line 2 column 'SEM'",
    ]
    assert "is not a sheet" in refused("run", "baseline", "--plan", "plan.toml", cwd=tmp_path)


def test_the_horizon_asked_for_is_that_of_the_sheet(tmp_path: Path) -> None:
    write(tmp_path, "late.csv", "week,SEM\n0,5\n160,7\n")
    assert "not played: row 3" in call("scenarios", "check", "baseline+late.csv", cwd=tmp_path).stderr
    tiny = ("--set", "market.scale=0.002", "--reps", "1", "--jobs", "1", "--json", "--out", "run")
    done = call("run", "baseline+late.csv", "--weeks", "161", *tiny, cwd=tmp_path)
    assert (done.returncode, done.stderr.count("note")) == (0, 0), done.stderr


def test_a_workbook_goes_there_and_back(tmp_path: Path) -> None:
    assert "wrote mine.xlsx" in call("scenarios", "export", "premature_promotion+small", "mine.xlsx", cwd=tmp_path).stdout
    done = call("scenarios", "import", "mine.xlsx", cwd=tmp_path)
    assert "wrote mine.toml; next: sim compare premature_promotion+small mine.toml" in done.stdout
    assert sim.load(str(tmp_path / "mine.toml")) == sim.load("premature_promotion+small")
    assert "is there already" in refused("scenarios", "import", "mine.xlsx", cwd=tmp_path)
    assert "is there already" in refused("scenarios", "export", "mine.xlsx", cwd=tmp_path)
    assert call("scenarios", "import", "mine.xlsx", "other.toml", cwd=tmp_path).returncode == 0
    assert call("scenarios", "export", "plain.xlsx", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(("arguments", "parts"), [
    (["export", "mine.toml"], ["[SCENARIO] FILE.xlsx"]), (["export", "baseline", "small", "mine.xlsx"], ["[SCENARIO] FILE.xlsx"]),
    (["export", "basline", "mine.xlsx"], ["did you mean 'baseline'"]), (["export", "no/mine.xlsx"], ["cannot be written"]),
    (["import", "none.xlsx"], ["none.xlsx", "no such file"]), (["import", "spend.csv"], ["is not an .xlsx file"]),
])
def test_a_wrong_workbook_is_one_line(arguments: list[str], parts: list[str], tmp_path: Path) -> None:
    line = refused("scenarios", *arguments, cwd=tmp_path)
    for part in parts:
        assert part in line


def test_a_terminal_that_knows_no_minus_sign_and_a_reader_that_stops(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(Path(sim.__file__).parents[1]), "PYTHONIOENCODING": "ascii"}
    command = f"{sys.executable} -m sim run baseline+small {' '.join(TINY)}"
    done = subprocess.run(command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    piped = f"set -o pipefail; {command} | head -1"
    done = subprocess.run(["bash", "-c", piped], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
