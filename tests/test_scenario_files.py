"""Scenario files: the line of every key, stacking, and what is refused, in one line each."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from toys import shelved

from sim.errors import UserError
from sim.scenario import Scenario, check, load, names
from sim.scenario_files import parts
from sim.settings import toml
from sim.toml_lines import line_numbers, located


@pytest.fixture(scope="module", autouse=True)
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with shelved(tmp_path_factory.mktemp("scenarios")) as folder:
        yield folder


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, name: str, text: str | bytes) -> str:
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return name


def told(spec: str) -> list[str]:
    return [str(problem) for problem in check(spec)]


def refusal(spec: str) -> str:
    """Return the only line said about `spec`."""
    (line,) = told(spec)
    with pytest.raises(UserError) as error:
        load(spec)
    assert str(error.value) == line
    assert "\n" not in line
    return line


def sem(scenario: Scenario) -> Any:
    return scenario.settings().get("plan.promotion.sem.spend")


# line numbers -------------------------------------------------------------------------------------------


def test_every_key_has_its_line() -> None:
    text = "\n".join([
        "a = 1  # [not a table]",                      # 1
        "b = '''",                                     # 2
        "c = 3",                                       # 3
        "[no]'''",                                     # 4
        '"d e"."f=g" = """x\\"""" # y',                # 5
        "[ t . u ]",                                   # 6
        "list = [ # one",                              # 7
        "  {k = [1, 2], from = 1}, {k = '}]'},",       # 8
        "",                                            # 9
        "  {k = 2}",                                   # 10
        "]",                                           # 11
        "v.w = 1.5",                                   # 12
        "[[t.rows]]",                                  # 13
        "x = 2027-01-04",                              # 14
        "[[t.rows]]",                                  # 15
        "x = [1,",                                     # 16
        "2]",                                          # 17
    ])
    tomllib.loads(text)
    expected = {
        ("a",): 1, ("b",): 2, ("d e",): 5, ("d e", "f=g"): 5, ("t",): 6, ("t", "u"): 6, ("t", "u", "list"): 7,
        ("t", "u", "list", 0): 8, ("t", "u", "list", 1): 8, ("t", "u", "list", 2): 10,
        ("t", "u", "v"): 12, ("t", "u", "v", "w"): 12, ("t", "rows"): 13, ("t", "rows", 0): 13, ("t", "rows", 0, "x"): 14,
        ("t", "rows", 1): 15, ("t", "rows", 1, "x"): 16, ("t", "rows", 1, "x", 0): 16, ("t", "rows", 1, "x", 1): 17,
    }
    assert line_numbers(text) == expected


def test_the_comment_that_ends_a_value_is_told() -> None:
    text = "\n".join([
        "# above", 'a.b = "#1"  # one', "c = [  # opens", "  1,  # first", "]  #  two ",
        "[t]  # header", "d = {e = 1}", "f = 2 # # three",
    ])
    assert located(text)[1] == {("a", "b"): "one", ("c",): "two", ("t", "f"): "three"}


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
values = st.recursive(texts | st.integers() | st.booleans(), lambda inner: st.lists(inner, max_size=3), max_leaves=5)


@given(st.dictionaries(texts, st.dictionaries(texts, values, max_size=4), max_size=4), st.randoms())
def test_lines_are_found_whatever_the_keys(tables: dict[str, dict[str, Any]], random: Any) -> None:
    lines: list[str] = []
    expected: dict[tuple[str, ...], int] = {}
    for table, content in tables.items():
        lines += ["# ] \"\"\" = ["] * random.randrange(3) + [f"[ {toml(table)} ]"]
        expected[(table,)] = len(lines)
        for key, value in content.items():
            lines += [""] * random.randrange(2) + [f"{toml(key)} = {toml(value)} # '''"]
            expected[(table, key)] = len(lines)
    text = "\n".join(lines)
    assert tomllib.loads(text) == tables
    assert {keys: line for keys, line in line_numbers(text).items() if len(keys) <= 2} == expected


# stacking -----------------------------------------------------------------------------------------------


def test_a_file_says_only_what_differs() -> None:
    base, early = load("baseline"), load("early")
    assert (early.weeks, early.market.merchants) == (104, 3_000)
    assert sem(early) == 9_000
    assert sem(base) == [{"to": 26, "value": 2_000}, {"stage": "stability", "value": 30_000}]
    assert early.plan.levers["channel.announce"] == base.plan.levers["channel.announce"]
    assert {path for path, _, _ in base.diff(early)} == {"plan.promotion.sem.spend"}


def test_stacks_are_laid_left_to_right_and_bases_once(here: Path) -> None:
    assert load("early+small").market.scale == 0.1
    assert load("baseline+early") == load("early+baseline") == load("early")
    assert sem(load("quiet+baseline")) == 9_000
    write(here, "mine.toml", 'extends = ["quiet", "small"]\n[belief]\nmemory = 0.8\n')
    write(here, "more.toml", "weeks = 30\n[belief]\nmemory = 0.7\n")
    mine = load("mine.toml")
    assert (sem(mine), mine.market.scale, mine.mechanisms.belief.memory) == (9_000, 0.1, 0.8)
    assert load("mine.toml+more.toml").mechanisms.belief.memory == 0.7
    assert load("more.toml+mine.toml").mechanisms.belief.memory == 0.8


def test_files_may_be_stacked_beside_and_below(here: Path) -> None:
    (here / "plans").mkdir()
    write(here, "plans/base.toml", "weeks = 10\n")
    write(here, "top.toml", 'extends = "plans/base.toml"\n')
    assert load("top.toml").weeks == load(str(here / "top.toml")).weeks == 10


@pytest.mark.parametrize(("spec", "name", "title"), [
    ("baseline", "baseline", "Sound plan"), ("small", "small", "A tenth"), ("baseline+small", "baseline+small", "Sound plan"),
    ("early+small", "early+small", "Early"), ("baseline+early", "baseline+early", "Early"), ("quiet", "quiet", "Quiet"),
    (" early + small ", "early+small", "Early"),
])
def test_names_and_titles_of_stacks(spec: str, name: str, title: str) -> None:
    assert (load(spec).name, load(spec).title) == (name, title)


def test_two_plans_laid_together_are_named_together(here: Path) -> None:
    write(here, "other.toml", 'title = "Other"\ndescription = "Too."\n[belief]\nmemory = 0.5\n')
    both = load("early+other.toml")
    assert (both.name, both.title, both.description) == ("early+other", "Early + Other", "Spends at once. Too.")


def test_a_base_gives_no_title(here: Path) -> None:
    write(here, "plain.toml", 'extends = "baseline"\n')
    assert (load("plain.toml").name, load("plain.toml").title, load("plain.toml").description) == ("plain", "", "")


def test_a_plus_in_a_file_name_is_no_stack(here: Path) -> None:
    write(here, "a+b.toml", "weeks = 5\n")
    assert parts("early+a+b.toml+small") == ["early", "a+b.toml", "small"]
    assert load("a+b.toml").weeks == 5


def test_every_value_knows_its_file_and_line(here: Path) -> None:
    write(here, "mine.toml", 'extends = "early"\n\n[belief]\nmemory = 0.8\n')
    found = load("mine.toml+small")
    places = {
        "belief.memory": "mine.toml line 4", "market.scale": "small.toml line 3", "plan.promotion.sem.spend": "early.toml line 5",
        "market.merchants": "baseline.toml line 6",
    }
    assert {path: str(found.origin(path)) for path in places} == places
    assert found.origin("belief.prior") is None


def test_names_lists_baseline_first() -> None:
    assert names() == [("baseline", "Sound plan"), ("early", "Early"), ("quiet", "Quiet"), ("small", "A tenth")]


# refusals -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "parts_"), [
    ("[belief]\nmemry = 0.9", ["wrong.toml line 2: belief.memry", "is not a known key", "'belief.memory'"]),
    ("[beleif]\nmemory = 0.9", ["wrong.toml line 1: beleif", "is not a known table", "'belief'"]),
    ("beleif.memory = 0.9", ["wrong.toml line 1: beleif", "'belief'"]),
    ("[market]\nmemory = 0.9", ["line 2: market.memory", "'belief.memory'"]),
    ("[promotion.smm]\nspend = 1", ["line 1: promotion.smm", "'promotion.sem'"]),
    ('"a\\u001bb" = 1', ['line 1: "a\\u001bb"', "is not a known key"]),
    ("[belief]\nmemory = 7", ["line 2: belief.memory = 7", "is out of range", "from 0 to 1"]),
    ("[belief]\nmemory = nan", ["line 2: belief.memory = nan", "not a finite number"]),
    ("[belief]\nmemory = -inf", ["line 2: belief.memory = -inf", "not a finite number"]),
    ("[belief]\nmemory = '90 %'", ["line 2: belief.memory = '90 %'", "is not a number"]),
    ("[belief]\nmemory = true", ["belief.memory = true", "is not a number"]),
    ("belief = 3", ["line 1: belief = 3", "is a table", "memory"]),
    ("[belief.memory]\nx = 3", ["belief.memory", "is not a number"]),
    ("[market]\nmerchants = 10.0", ["market.merchants = 10.0", "is not a whole number", "firms"]),
    ("[market]\nmerchants = 0x" + "f" * 9000, ["line 2: market.merchants", "is out of range"]),
    ("[market]\nmerchants = 10\nscale = 0.01", ["line 3: market.scale = 0.01", "leaves 0 firms in market.merchants"]),
    ("[promotion.sem]\nroles = [0.5, 0.5]", ["promotion.sem.roles", "is a list of 2", "5 numbers"]),
    ("[promotion.sem]\nroles = [0, 0, 0, 0, 'x']", ["promotion.sem.roles", "an entry that is not a number"]),
    ("[promotion.sem]\nsegments = [0.5]", ["promotion.sem.segments", "an entry that is not a whole number"]),
    ("[promotion.sem]\nin_market_only = 1", ["promotion.sem.in_market_only = 1", "is not true or false"]),
    ("weeks = 0", ["weeks = 0", "is out of range", "weeks"]),
    ("title = 3", ["title = 3", "is not text"]),
    ('title = "a\\u0007"', ["title", "control characters"]),
    (f"title = '{'x' * 3000}'", ["title", "is longer than 2,000"]),
    ("start_date = '2027-01-04'", ["start_date = '2027-01-04'", "is not a date"]),
    ("start_date = 2027-01-04T10:00:00", ["start_date = 2027-01-04T10:00:00", "is not a date"]),
    ("start_date = 9999-12-31", ["start_date = 9999-12-31", "is out of range"]),
    ("extends = 3", ["line 1: extends = 3", "is not a name or a list of names"]),
    ("\nextends = 'basline'", ["wrong.toml line 2: extends", "'basline'", "'baseline'"]),
    ("extends = 'nowhere.toml'", ["wrong.toml line 1: extends", "no file 'nowhere.toml'"]),
    ("extends = '../up.toml'", ["line 1: extends", "'../up.toml' lies outside the folder"]),
    ("extends = '/etc/up.toml'", ["line 1: extends", "lies outside the folder"]),
    ("extends = 'link.toml'", ["line 1: extends", "lies outside the folder"]),
    ('extends = "a\\u0000.toml"', ["line 1: extends", "is not a path"]),
    ("extends = 'wrong.toml'", ["line 1: extends", "in a circle: wrong.toml → wrong.toml"]),
    ("[plan.belief]\nmemory = 0.5", ["line 2: plan.belief.memory = 0.5", "is not a lever", "[belief]"]),
    ("[plan.promotion.sem]\nhalf_life = 2", ["plan.promotion.sem.half_life = 2", "is not a lever", "[promotion.sem]"]),
    ("[plan.promotion.sem]\nspnd = 2", ["plan.promotion.sem.spnd", "'plan.promotion.sem.spend'"]),
    ("[plan.market]\nscale = 2", ["line 1: plan.market", "is not a known table"]),
    ("[plan]\nweeks = 2", ["line 2: plan.weeks", "is not a known key"]),
    ("[plan.promotion]\nsem = 2", ["line 2: plan.promotion.sem = 2", "is a table", "spend"]),
    ("[plan.channel]\nannounce = 1", ["line 2: plan.channel.announce = 1", "is not true or false"]),
    ("[plan.promotion.sem]\nspend = [\n {to = 3, value = 1},\n {from = 3, to = 2, value = 1},\n]",
     ["wrong.toml line 4: plan.promotion.sem.spend entry 2 to = 2", "ends before it begins"]),
    ("[[plan.promotion.sem.spend]]\nto = 3\nvalue = 1\n[[plan.promotion.sem.spend]]\nvalue = -1",
     ["wrong.toml line 4: plan.promotion.sem.spend entry 2 value = -1", "is out of range"]),
    ("[off]\nswitches = 'belief.memory'", ["off.switches = 'belief.memory'", "is not a list"]),
    ("[off]\nswitches = ['belief.memory', 'belief.memory']", ["off.switches entry 2", "is named twice"]),
    ("[off]\nswitches = ['belief.prior']", ["'belief.prior'", "has no off-value", "belief.memory"]),
    ("[off]\nswitches = ['belief.memry']", ["'belief.memry'", "is not a field", "'belief.memory'"]),
    ("[off]\nswitches = ['promotion.sem.spend']", ["is a lever: set plan.promotion.sem.spend"]),
    ("[off]\nswitches = ['market.scale']", ["'market.scale'", "is not a field of a mechanism"]),
    ("a = 1\n[b", ["wrong.toml line 2", "is not TOML", "expected ']'"]),
    ("a = 1\nb =\n\n", ["wrong.toml line 2", "is not TOML"]),
    ("weeks = 3\nweeks = 4", ["wrong.toml line 2", "is not TOML"]),
    ("weeks = " + "[" * 30_000, ["wrong.toml", "nested too deeply"]),
    ("weeks = " + "9" * 5_000, ["wrong.toml", "thousands of digits"]),
    (b"# fine\nt = '\xff'", ["wrong.toml line 2", "UTF-8"]),
    (b"#" * 1_000_001, ["wrong.toml", "larger than 1 MB"]),
], ids=lambda part: str(part)[:30] if isinstance(part, str | bytes) else "")
def test_a_wrong_file_is_refused_in_one_line(text: str | bytes, parts_: list[str], here: Path, tmp_path_factory: Any) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    write(elsewhere, "link.toml", "weeks = 3\n")
    (here / "link.toml").symlink_to(elsewhere / "link.toml")
    line = refusal(write(here, "wrong.toml", text))
    for part in parts_:
        assert part in line
    assert len(line) < 400


def test_every_problem_is_told_at_once(here: Path) -> None:
    write(here, "base.toml", "weeks = 0\n")
    write(here, "wrong.toml", 'extends = ["smal", "base.toml"]\ntitel = "x"\n[belief]\nmemory = 2\nprior = "x"\n[plan]\nx = 3\n')
    places = [line.partition(":")[0].replace(".toml line", "") for line in told("wrong.toml")]
    assert places == ["wrong 1", "base 1", "wrong 2", "wrong 4", "wrong 5", "wrong 7"]
    assert len(told("wrong.toml+nowhere+wrong.toml")) == 7


def test_circles_are_refused_wherever_they_close(here: Path) -> None:
    for name, base in (("a", "b"), ("b", "c"), ("c", "b")):
        write(here, f"{name}.toml", f'extends = "{base}.toml"\n')
    assert "c.toml line 1: extends: goes in a circle: b.toml → c.toml → b.toml" in refusal("a.toml")


@pytest.mark.parametrize(("spec", "parts_"), [
    ("basline", ["'basline'", "sim scenarios list", "did you mean 'baseline'"]),
    ("", ["no scenario ''"]), ("baseline+", ["no scenario ''", "sim scenarios list"]), ("baseline+smal", ["'smal'", "'small'"]),
    (".", ["no scenario '.'"]), ("../baseline", ["'../baseline' is not a .toml file"]), ("/etc/passwd", ["is not a .toml"]),
    ("nowhere.toml", ["nowhere.toml", "no such file"]), ("a\x00.toml", ["is not a path"]),
    ("x" * 5000 + ".toml", ["file name too long"]),
    ("folder.toml", ["folder.toml", "is a directory"]), ("pipe.toml", ["pipe.toml", "not a file"]),
    ("mien.toml", ["did you mean 'mine.toml'"]),
])
def test_what_cannot_be_found_or_read_is_one_line(spec: str, parts_: list[str], here: Path) -> None:
    (here / "folder.toml").mkdir()
    os.mkfifo(here / "pipe.toml")
    write(here, "mine.toml", "weeks = 3\n")
    for part in parts_:
        assert part in refusal(spec)


def test_missing_rights_are_one_line(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(here, "mine.toml", "weeks = 3\n")

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert refusal("mine.toml") == "mine.toml: cannot be read: permission denied"


def test_a_byte_order_mark_and_windows_lines_are_read(here: Path) -> None:
    write(here, "mine.toml", b"\xef\xbb\xbfweeks = 30\r\n[belief]\r\nmemory = 0.5\r\n")
    assert load("mine.toml").weeks == 30
    assert str(load("mine.toml").origin("belief.memory")) == "mine.toml line 3"
