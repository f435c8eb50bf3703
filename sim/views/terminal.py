"""Results as a terminal shows them: tables, and a sentence for each plan."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from sim.study.study import label_text
from sim.views.findings import TELLING, average_difference, money, plain_names, quoted, span, telling
from sim.views.frames import Interval, names_of, outcome, total
from sim.views.study_findings import at, loss, unit_of
from sim.views.words import capital, measure_name, number, runs

if TYPE_CHECKING:
    from rich.table import Table

    from sim.study.answer import Answer
    from sim.study.compare import Comparison
    from sim.study.run import Result

HEADLINE = (
    "value", "signed_merchants", "live_merchants", "active_consumers", "win_rate", "cycle_weeks", "cac", "renewal_rate",
    "burnt_prospects", "focus", "reseller_confidence", "cash", "p_solvent", "week_iteration", "week_stability",
)
MOST_ROWS = 12
DECIDING = ("value", "signed_merchants")


def _table(title: str, *columns: str, folding: Sequence[str] = ()) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        words = column in ("plan", "measure", "unit", "")
        whole = not words and column not in folding
        table.add_column(column, justify="left" if words else "right", no_wrap=whole, overflow="fold")
    return table


def run_table(result: Result) -> Table:
    """Return the headline measures of a run: mean, its 95 % interval, spread over replications, unit."""
    done = result.summary["replications"]
    title = f"{result.scenario.title or result.scenario.name} ({runs(done)})"
    table = _table(title, "measure", "mean", "95% interval", "10-90%", "unit")
    for measure in HEADLINE:
        row = result.summary["measures"].get(measure)
        if row is not None:
            found = total(result, measure)
            spread = f"{number(row['p10'])} to {number(row['p90'])}" if found.known else ""
            table.add_row(measure, number(found.mean), span(found) if found.known else "", spread, row["unit"])
    return table


def comparison_table(comparison: Comparison) -> Table:
    """Return value and signed merchants of every plan, and below them the difference to the base with its 95 % interval."""
    base, others = names_of(comparison)
    names, unit = plain_names(comparison), money(comparison.results[base])
    done = comparison.table["replications"]
    sure = " (95% interval)" if done > 1 else ""
    title = capital(f"{runs(done)} on the same worlds; below: against {quoted(comparison)[base]}{sure}")
    table = _table(title, "plan", f"value, {unit}", "signed merchants")
    for plan in (base, *others):
        table.add_row(names[plan], *(_cell(comparison, plan, measure) for measure in DECIDING))
    return table


def _cell(comparison: Comparison, plan: str, measure: str) -> str:
    mean = number(total(comparison.results[plan], measure).mean)
    return mean if plan == comparison.table["base"] else f"{mean}\n{_moved(outcome(comparison, plan, measure))}"


def _moved(found: Interval) -> str:
    return number(found.mean, sign=True) + (f" ({span(found, sign=True)})" if found.known else "")


def study_table(answer: Answer) -> Table:
    """Return the settings of a study, best first, with the deciding measure and the paired difference to the best."""
    study, rule = answer.result.study, answer.result.study.decision
    title, unit = f"{study.question} ({runs(answer.worlds)} on the same worlds)", unit_of(answer, rule.measure)
    factors = [f"{name}, {of}" if of else name for name, of in study.factors]
    several = ["plan"] if len({cell.plan for cell in study.cells}) > 1 else []
    value = f"{rule.measure}, {unit}"
    table = _table(title, *several, *factors, value, "to the best", "", folding=(*factors, value))
    order = (-rule.sign * answer.measure(rule.measure)[0]).argsort(kind="stable")
    for cell in order[:MOST_ROWS]:
        found = "best" if cell == answer.best else _moved(loss(answer, cell))
        good = "" if answer.clearly_worse[cell] else "may be best" if cell != answer.best else ""
        labels = [*([study.cells[cell].plan] if several else []), *map(label_text, study.cells[cell].levels)]
        table.add_row(*labels, number(at(answer, rule.measure, cell).mean), found, good)
    if len(order) > MOST_ROWS:
        table.caption = f"and {len(order) - MOST_ROWS} more in cells.csv"
    return table


def plan_sentences(comparison: Comparison) -> list[str]:
    """Say for each plan, from the numbers, what it gains or loses against the base and which measure moves most clearly."""
    base, others = names_of(comparison)
    names = plain_names(comparison)
    return [f"{names[plan]}: {_ends(comparison, plan)} {quoted(comparison)[base]}{_why(comparison, plan)}." for plan in others]


def _ends(comparison: Comparison, plan: str) -> str:
    unit = money(comparison.results[plan])
    value, signed = (outcome(comparison, plan, measure) for measure in DECIDING)
    if not value.known:
        return f"{_moved(signed)} signed merchants and {_moved(value)} {unit} of value in one replication, against"
    return f"{_change(signed, '', 'signed merchants', 'fewer')} and {_change(value, f' {unit}', 'value', 'less')} than"


def _change(found: Interval, unit: str, what: str, less: str) -> str:
    if not found.sign:
        return f"not clearly more or {less} {what} ({span(found, sign=True)}{unit})"
    return f"{number(abs(found.mean))}{unit} {'more' if found.sign > 0 else less} {what} ({span(found, sign=True)})"


def _why(comparison: Comparison, plan: str) -> str:
    """Name the telling measure that moves with the plan: the one the charts show for it, or else the clearest."""
    shown = {mover: (measure, found) for measure, mover, found in reversed(telling(comparison)) if found.sign}
    found = {measure: average_difference(comparison, plan, measure) for measure in TELLING}
    clear = [(measure, f) for measure, f in found.items() if f.sign]
    if not clear:
        return ""
    measure, moved = shown.get(plan) or max(clear, key=lambda row: abs(row[1].mean) / max(row[1].high - row[1].low, 1e-12))
    return f"; {measure_name(measure)} {_moved(moved)} on average over the weeks"


def show(*parts: Any) -> None:
    """Print tables and sentences to standard output. Raises BrokenPipeError where nobody reads on."""
    from rich.console import Console

    class Plain(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # rich itself would leave with 1, as if the fault were ours

    console = Plain(highlight=False, soft_wrap=False)
    for part in parts:
        console.print(part)


class Bar:
    """Progress on standard error while a study runs: `tell` as replications end, `say` what happens after."""

    def __init__(self, label: str, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        counted = (BarColumn(), MofNCompleteColumn(), TextColumn("replications"), TimeRemainingColumn())
        self._label = label
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), *counted)
        self._bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._bar.add_task(label, total=total)

    def __enter__(self) -> Bar:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bar.stop()

    def tell(self, done: int, total: int) -> None:
        """Show how many replications of how many are done."""
        self._bar.update(self._task, completed=done, total=total)

    def note(self, what: str) -> None:
        """Print a note above the bar."""
        self._bar.console.print(f"note: {what}", highlight=False, soft_wrap=True)

    def say(self, what: str) -> None:
        """Show what is done now."""
        self._bar.update(self._task, description=f"{self._label}: {what}")
