"""The house as DESIGN draws it: who may import whom, who may know the stage, what a rule may be made of."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import sim

HOUSE = Path(sim.__file__).parent

# From top to bottom: a file imports only what stands above it. Files of one line do not import each other.
ORDER = [
    ["errors"],
    ["fields"],
    ["curves"],
    ["draws"],
    ["agents.population"],
    ["agents.vendor", "agents.merchants", "agents.decision_makers", "agents.resellers", "agents.consumers", "agents.rivals"],
    ["agents.ties"],
    ["agents.people"],
    ["agents.rows", "agents.cohorts"],
    ["agents.world"],
    ["agents.mechanism"],
    ["market.*"],
    ["week"],
    ["values"],
    ["files"],
    ["plan"],
    ["toml_lines"],
    ["sheets.grid"],
    ["scenario_files"],
    ["settings"],
    ["sheets.cells"],
    ["sheets.columns"],
    ["sheets.periods"],
    ["sheets.table"],
    ["sheets.plan"],
    ["stacked"],
    ["matter"],
    ["explain"],
    ["consistency"],
    ["scenario"],
    ["sheets.texts", "sheets.layout"],
    ["sheets.workbook"],
    ["sheets.imported"],
    ["starting.questions"],
    ["starting.archetypes", "starting.figures"],
    ["starting.sizes"],
    ["starting.following"],
    ["starting.market_text"],
    ["starting.files"],
    ["record"],
    ["model"],
    ["study.limits"],
    ["study.summary"],
    ["study.readings"],
    ["study.task"],
    ["study.store"],
    ["study.runner"],
    ["study.run"],
    ["study.compare"],
    ["study.factors"],
    ["study.file"],
    ["study.asked"],
    ["study.study"],
    ["study.answer"],
    ["study.worlds"],
    ["study.folders"],
    ["study.study_folder"],
    ["study.keep"],
    ["validation.fact"],
    ["validation.claims", "validation.causes"],
    ["validation.play"],
    ["validation.page"],
    ["views.words"],
    ["views.frames"],
    ["views.style", "views.findings"],
    ["views.study_findings"],
    ["views.funnel_figure"],
    ["views.run_figures", "views.comparison_figures", "views.study_figures"],
    ["views.figures"],
    ["views.report"],
    ["views.study_report"],
    ["views.dress", "views.terminal", "views.worlds_words"],
    ["cli_options"],
    ["cli_new"],
    ["cli_scenarios", "cli_study", "cli_validate"],
    ["cli"],
    ["__main__"],
]
# A result draws itself when asked: the one door upwards, open only inside a method.
DOORS = {("study.run", "views.figures"), ("study.compare", "views.figures"), ("study.study", "views.study_figures")}


def modules() -> dict[str, Path]:
    found = {".".join(file.relative_to(HOUSE).with_suffix("").parts): file for file in HOUSE.rglob("*.py")}
    return {name: file for name, file in found.items() if not name.endswith("__init__")}


def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def imports(tree: ast.AST, known: set[str]) -> set[str]:
    """Return the modules of the house that a syntax tree imports, wherever it does."""
    named: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "sim":
            named |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.ImportFrom) and node.level:
            raise AssertionError(f"relative import in line {node.lineno}")
        elif isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
    return {name.removeprefix("sim.") for name in named} & known


def place(name: str) -> int:
    for number, names in enumerate(ORDER):
        if name in names or name.rpartition(".")[0] + ".*" in names:
            return number
    raise AssertionError(f"{name} has no place in the house: add it to ORDER")


def upward(name: str, imported: set[str]) -> set[str]:
    return {other for other in imported if other != name and place(other) >= place(name) and (name, other) not in DOORS}


@pytest.mark.parametrize("name", sorted(modules()))
def test_a_file_imports_only_what_stands_above_it(name: str) -> None:
    assert upward(name, imports(tree_of(modules()[name]), set(modules()))) == set()


def test_every_line_of_the_order_is_there() -> None:
    listed = {name for names in ORDER for name in names if not name.endswith("*")}
    assert listed - set(modules()) == set()


def test_doors_open_only_inside_functions() -> None:
    for name, other in DOORS:
        top = ast.Module([node for node in tree_of(modules()[name]).body if isinstance(node, ast.Import | ast.ImportFrom)], [])
        assert other not in imports(top, set(modules()))


def test_upward_and_sideways_imports_are_caught() -> None:
    known = {"market.belief", "market.need", "week", "curves"}
    code = "from sim.market.need import Need\ndef f():\n    from sim import week\nimport sim.curves"
    assert upward("market.belief", imports(ast.parse(code), known)) == {"market.need", "week"}


def loaded(code: str) -> set[str]:
    """Return the modules that a fresh interpreter holds after running `code`."""
    command = [sys.executable, "-c", f"{code}; import sys; print(*sys.modules)"]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


def test_nothing_heavy_is_imported_at_start() -> None:
    heavy = {"numpy", "mesa", "pandas", "matplotlib", "scipy", "joblib", "pyarrow", "pydantic"}
    assert loaded("import sim, sim.cli") & heavy == set()


def test_checking_a_scenario_imports_neither_mesa_nor_pandas() -> None:
    assert loaded("import sim; sim.load('baseline')") & {"mesa", "pandas", "matplotlib", "scipy.stats", "joblib"} == set()


def test_public_names_are_there() -> None:
    for name in sim.__all__:
        assert getattr(sim, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'lode'"):
        sim.lode  # noqa: B018


# the week -----------------------------------------------------------------------------------------------


def steps(tree: ast.Module) -> list[str]:
    """Return the mechanisms that week() steps, in order."""
    week = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "week")
    calls = [node.value for node in week.body if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)]
    return [c.func.value.attr for c in calls if isinstance(c.func, ast.Attribute) and isinstance(c.func.value, ast.Attribute)]


def test_the_week_steps_every_mechanism_in_the_order_of_its_fields() -> None:
    from sim.week import Mechanisms

    assert steps(tree_of(HOUSE / "week.py")) == list(Mechanisms.model_fields)


def test_each_market_file_holds_one_mechanism() -> None:
    from sim.week import Mechanisms

    assert {name.removeprefix("market.") for name in modules() if name.startswith("market.")} == set(Mechanisms.model_fields)


# the stage ----------------------------------------------------------------------------------------------

STAGE_NAMES = {"stage", "stage_week", "STAGES", "week_iteration", "week_stability"}


def stage_readings(tree: ast.AST) -> list[int]:
    """Return the lines that read the stage: by attribute, by name, or as a key. Writing one entry is no reading."""
    written = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Store)}
    lines = []
    for node in ast.walk(tree):
        attribute = isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and node.attr in STAGE_NAMES
        name = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in STAGE_NAMES
        key = isinstance(node, ast.Constant) and node.value in STAGE_NAMES
        if (attribute or name or key) and id(node) not in written:
            lines.append(node.lineno)  # type: ignore[attr-defined]
    return lines


def without_columns(tree: ast.Module) -> ast.Module:
    """Return a module without its declaration of columns."""
    declared = [n for n in tree.body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) in ("COLUMNS", "STAGES")]
    return ast.Module([node for node in tree.body if node not in declared], [])


MARKET = sorted(file for part in ("agents", "market") for file in (HOUSE / part).glob("*.py"))


@pytest.mark.parametrize("file", MARKET, ids=lambda file: f"{file.parent.name}.{file.stem}")
def test_only_the_gates_read_the_stage(file: Path) -> None:
    tree = tree_of(file)
    if file.stem == "gates":
        assert stage_readings(tree)
    else:
        assert stage_readings(without_columns(tree) if file.stem == "vendor" else tree) == []


@pytest.mark.parametrize("code", [
    "if world.vendor.stage > 0: pass", "x = vendor.columns['stage']", "getattr(vendor, 'stage_week')", "flows['week_iteration']",
    "late = STAGES[2]", "world.vendor.stage += 1\nx = world.vendor.stage",
])
def test_reading_the_stage_is_caught(code: str) -> None:
    assert stage_readings(ast.parse(code))


def test_opening_the_first_stage_is_no_reading() -> None:
    assert stage_readings(ast.parse("vendor.stage_week[0] = 0")) == []


# rules --------------------------------------------------------------------------------------------------

FUNCTIONS = {"exp", "log", "log1p", "expm1", "sqrt", "power", "minimum", "maximum", "where", "abs"}
ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.BitAnd, ast.BitOr)
SIGNS = (ast.USub, ast.Invert)
COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)


def functions(tree: ast.Module) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def decisions(tree: ast.Module) -> set[str]:
    """Return the functions that a module hands to decision(...)."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "decision"]
    return {ast.unparse(call.args[0]) for call in calls}


def faults(function: ast.FunctionDef, known: set[str]) -> list[str]:
    """Return what a rule does that need not give equal bits for scalars and for arrays; `known` may be called."""
    body = function.body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    return [ast.unparse(node) for statement in body for node in _faulty(statement, known)]


def _faulty(node: ast.AST, known: set[str]) -> list[ast.AST]:
    fine: bool
    parts: list[ast.AST]
    match node:
        case ast.Assign(targets=[ast.Name()], value=value) | ast.Return(value=ast.expr() as value):
            fine, parts = True, [value]
        case ast.BinOp(left, op, right):
            fine, parts = isinstance(op, ARITHMETIC), [left, right]
        case ast.UnaryOp(op, operand):
            fine, parts = isinstance(op, SIGNS), [operand]
        case ast.Compare(left, [op], [right]):
            fine, parts = isinstance(op, COMPARISONS), [left, right]
        case ast.Call(ast.Attribute(ast.Name("np"), name), args, []):
            fine, parts = name in FUNCTIONS, list(args)
        case ast.Call(ast.Name(name), args, []):
            fine, parts = name in known, list(args)
        case ast.Name():
            fine, parts = True, []
        case ast.Constant(value=value):
            fine, parts = isinstance(value, float | int) and not isinstance(value, bool), []
        case _:
            fine, parts = False, []
    return ([] if fine else [node]) + [fault for part in parts for fault in _faulty(part, known)]


def called(function: ast.FunctionDef) -> set[str]:
    return {node.func.id for node in ast.walk(function) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}


def rules_and_curves() -> dict[str, dict[str, ast.FunctionDef]]:
    """Return by file every rule, and everything in curves or its own file that a rule calls."""
    curves = functions(tree_of(HOUSE / "curves.py"))
    found: dict[str, dict[str, ast.FunctionDef]] = {}
    for file in sorted((HOUSE / "agents").glob("*.py")):
        own = functions(tree_of(file))
        todo = [name for name in decisions(tree_of(file)) if file.stem != "population"]
        reached: dict[str, ast.FunctionDef] = {}
        while todo:
            name = todo.pop()
            if name not in reached and name in own | curves:
                reached[name] = (curves | own)[name]
                todo += called(reached[name])
        if reached:
            found[file.stem] = reached
    return found


RULES = [(file, name) for file, reached in rules_and_curves().items() for name in sorted(reached)]


def test_there_are_rules_to_check() -> None:
    assert {"merchants", "decision_makers", "resellers", "consumers"} <= {file for file, _ in RULES}


@pytest.mark.parametrize(("file", "name"), RULES, ids=lambda part: part)
def test_a_rule_gives_equal_bits_for_scalars_and_arrays(file: str, name: str) -> None:
    reached = rules_and_curves()[file]
    assert faults(reached[name], set(reached)) == []


def test_every_decision_is_a_function_of_its_file() -> None:
    for file in sorted((HOUSE / "agents").glob("*.py")):
        if file.stem != "population":
            assert decisions(tree_of(file)) <= set(functions(tree_of(file)))


def test_mechanisms_decide_by_rules_alone() -> None:
    known = {name for file in (HOUSE / "agents").glob("*.py") for name in decisions(tree_of(file))}
    asked: set[tuple[str, str]] = set()
    for file in (HOUSE / "market").glob("*.py"):
        nodes = list(ast.walk(tree_of(file)))
        handed_on = {node.arg for node in nodes if isinstance(node, ast.arg)}
        calls = [node for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
        rules = {ast.unparse(call.args[0]) for call in calls if ast.unparse(call.func).endswith(".decide")}
        asked |= {(file.stem, rule) for rule in rules - handed_on}
    assert asked
    assert {rule for _, rule in asked} - known == set()


@pytest.mark.parametrize("body", [
    "return x ** 2", "return x @ x", "return math.exp(x)", "return sum(x)", "return np.sum(x)", "return np.dot(x, x)",
    "return x if x > 0 else 0.0", "return 0 < x < 1", "return x > 0 and x < 1", "return not x", "return x[0]", "return x.mean()",
    "return float(x)", "return unknown(x)", "return np.where(x > 0, x, other=1)", "return x // 2", "return 'text'",
    "x += 1\n    return x", "return (y := x)", "return None", "assert x > 0\n    return x", "a, b = x\n    return a",
    "if x > 0:\n        return x\n    return 0.0", "for i in x:\n        pass\n    return x",
])
def test_a_rule_that_may_differ_is_caught(body: str) -> None:
    function = functions(ast.parse(f"def rule(x):\n    '''Say.'''\n    {body}\n"))["rule"]
    assert faults(function, {"clip01"})


def test_a_plain_rule_is_let_through() -> None:
    body = "z = clip01(x) * -y / 2\n    return np.where((z > 0) & ~(x <= y), np.exp(z), 1.0)"
    code = f"def rule(x, y):\n    '''Say.'''\n    {body}\n"
    assert faults(functions(ast.parse(code))["rule"], {"clip01"}) == []
