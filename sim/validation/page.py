"""The page of the facts: every claim with what was wanted and found, its causes, and its share of worlds; failures included."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sim.study.summary import plain
from sim.study.task import code
from sim.validation.causes import Set, Traced
from sim.validation.claims import Found, spelt
from sim.validation.play import QUICK_WORLDS, Judged

KINDS = {
    "E": "must emerge", "C": "is calibrated", "I": "checks an input", "E/I": "must emerge from an input",
    "C/E": "is calibrated, its shape must emerge", "-": "is a limit case",
}
HEAD = """# What comes out of the model

Made by `{command}` with the model's code `{code}`. Each fact is a file in [`sim/validation/facts/`](../sim/validation/facts):
what is played, what must come out and how large, written before the first result. Plans meet the same worlds; brackets are
95 % intervals (Student t over replications; bootstrap for ratios). A claim *holds* when the whole interval is where it should
be, is *not clear* when only the mean is, and *does not hold* otherwise. What is known to fail says why and stays here.{quick}
"""
QUICK = """

**A quick look**: few replications, no causes, few worlds. What is not clear here is no finding: `sim validate` looks closely."""


def page(judged: Sequence[Judged], command: str) -> str:
    """Return the Markdown page."""
    quick = any(one.quick for one in judged)
    parts = [HEAD.format(command=command, code=code()[:8], quick=QUICK if quick else ""), _overview(judged)]
    return "\n\n".join([*parts, *(_fact(one) for one in judged)]) + "\n"


def outcome(one: Judged) -> str:
    """Return a fact's verdict in a word or two."""
    if not one.holds():
        return "**does not hold**"
    known = [*(found for found in one.found if found.fails), *(t for t in one.traced if t.causes.fails)]
    unclear = any(found.verdict == "not clear" and not found.fails for found in one.found)
    return "holds in part" if known else "not clear" if unclear else "holds"


def _overview(judged: Sequence[Judged]) -> str:
    rows = []
    for one in judged:
        removed = [f"{found.removed(reading, found.whole):.0%}" for found in one.traced for reading in found.losses]
        share = "" if one.share is None else f"{one.share:.0%}"
        given = one.fact.given
        rows.append([f"[{given.fact}](#{_anchor(one)})", given.kind, given.question, outcome(one), ", ".join(removed), share])
    return grid(["fact", "kind", "question", "verdict", "causes remove", "worlds"], rows)


def _heading(one: Judged) -> str:
    return f"{one.fact.number} {one.fact.given.question}"


def _anchor(one: Judged) -> str:
    kept = "".join(letter for letter in _heading(one).lower() if letter.isalnum() or letter in " -")
    return kept.replace(" ", "-")


def _fact(one: Judged) -> str:
    given, study = one.fact.given, one.fact.study
    how = f"{study.replications} replications, seed {study.seed}, on `{given.base}`; {KINDS[given.kind]}."
    parts = [f"## {_heading(one)}", " ".join(part for part in (given.about.strip(), how) if part), _claims(one.found)]
    parts += [_causes(found) for found in one.traced]
    if one.share is not None and given.worlds is not None:
        parts.append(_worlds(one))
    if one.failures:
        parts.append(f"**{len(one.failures)} replications failed: {one.failures[0].error}**")
    return "\n\n".join(parts)


def _claims(found: Sequence[Found]) -> str:
    rows = [[one.says, one.wanted, one.found, _verdict(one.verdict, one.fails)] for one in found]
    return grid(["what", "wanted", "found", "verdict"], rows)


def _verdict(verdict: str, fails: str) -> str:
    if verdict in ("holds", "reported"):
        return verdict
    return f"{verdict}: {fails}" if fails else f"**{verdict}**"


def _causes(found: Traced) -> str:
    """Tabulate a loss as it is, without each cause and without all, with each cause's Shapley share."""
    causes, whole = found.causes, found.whole
    sets: list[tuple[str, Set]] = [("nothing", frozenset()), *((name, frozenset([name])) for name in causes.switches)]
    sets += [("all of them", whole)] if len(whole) > 1 else []
    heads = [head for reading in causes.readings for head in (reading.replace("_", " "), "removed", "Shapley")]
    shares = {reading: found.shapley(reading) for reading in causes.readings}
    rows = []
    for label, off in sets:
        cells = []
        for reading in causes.readings:
            loss = found.losses[reading][off]
            removed = f"{found.removed(reading, off):.0%}" if off else ""
            mine = f"{shares[reading][label]:.0%}" if label in shares[reading] else ""
            cells += [spelt(loss.mean, loss.low, loss.high), removed, mine]
        rows.append([label, *cells])
    verdict = _verdict("holds" if found.holds else "does not hold", causes.fails)
    wanted = f"All together must remove at least {causes.removed:.0%}: {verdict}."
    names = [" · ".join(str(label) for label in side) or "as it is" for side in (causes.of, causes.against)]
    switches = "; ".join(f"{name}: {', '.join(f'`{path}`' for path in paths)}" for name, paths in causes.switches.items())
    head = f"Causes of the difference *{names[0]}* less *{names[1]}* (the same switches off in both; {switches}):"
    return "\n\n".join((head, grid(["off", *heads], rows), wanted))


def _worlds(one: Judged) -> str:
    worlds, share = one.fact.given.worlds, one.share
    if worlds is None or share is None:
        return ""
    sign = "below" if worlds.sign < 0 else "above"
    names = [" · ".join(str(label) for label in side) for side in (worlds.of, worlds.against)]
    verdict = _verdict("holds" if share >= worlds.share else "does not hold", worlds.fails)
    verdict, count = ("too few to tell", QUICK_WORLDS) if one.quick else (verdict, worlds.count)
    return (
        f"In {share:.0%} of {count} worlds drawn from the plausible ranges, {worlds.measure.replace('_', ' ')} of *{names[0]}* "
        f"is {sign} that of *{names[1]}* (wanted: {worlds.share:.0%}; {verdict})."
    )


def as_json(judged: Sequence[Judged]) -> dict[str, Any]:
    """Return the verdicts as JSON can hold them."""
    return {"code": code(), "facts": [_one_json(one) for one in judged], "holds": all(one.holds() for one in judged)}


def _one_json(one: Judged) -> dict[str, Any]:
    claims = [
        {"says": f.says, "wanted": f.wanted, "found": f.found, "verdict": f.verdict, "fails": f.fails,
         "mean": plain(f.mean), "lo95": plain(f.low), "hi95": plain(f.high)}
        for f in one.found
    ]
    causes = [_cause_json(found, reading) for found in one.traced for reading in found.losses]
    given = one.fact.given
    return {
        "name": one.fact.name, "fact": given.fact, "kind": given.kind, "question": given.question, "quick": one.quick,
        "holds": one.holds(), "claims": claims, "causes": causes, "worlds": one.share, "failures": len(one.failures),
    }


def _cause_json(found: Traced, reading: str) -> dict[str, Any]:
    single = {name: plain(found.removed(reading, frozenset([name]))) for name in found.causes.switches}
    shares = {name: plain(share) for name, share in found.shapley(reading).items()}
    return {"reading": reading, "removed": plain(found.removed(reading, found.whole)), "single": single, "shapley": shares}


def grid(head: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |" for cells in lines)
