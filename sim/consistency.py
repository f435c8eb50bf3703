"""Settings that fit one by one but not together: segments and regions the market does not have, channels that reach nobody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.errors import Problem
from sim.scenario_files import Origin
from sim.values import shown

OF_SEGMENTS = ("segments", "segment_focus", "target_segment", "seed_segment", "capability_segment")
COUNTED_BY = dict.fromkeys(OF_SEGMENTS, "market.segments")
COUNTED_BY |= dict.fromkeys(("regions", "region_focus"), "market.regions")


def astray(settings: Mapping[str, Any], origins: Mapping[str, Origin]) -> list[Problem]:
    """Return a problem for each segment or region that is not in the market and for each channel that reaches no role."""
    found = []
    for path, value in settings.items():
        leaf, at = path.rpartition(".")[2], origins.get(path) or Origin("")
        allowed = "" if path.startswith("market.") else _refused(leaf, value, settings)
        if allowed:
            found.append(Problem("does not fit the market", at.file, at.line, path, shown(value), allowed))
    return found


def _refused(leaf: str, value: Any, settings: Mapping[str, Any]) -> str:
    """Return what is allowed where `value` is not, else nothing."""
    given = value if isinstance(value, tuple) else [part["value"] for part in value] if isinstance(value, list) else (value,)
    if leaf == "roles":
        return "shares from 0, not all 0" if min(given) < 0 or sum(given) <= 0 else ""
    if leaf not in COUNTED_BY:
        return ""
    count = int(settings[COUNTED_BY[leaf]])
    return f"numbers from 0 to {count - 1}" if any(isinstance(k, int) and k >= count for k in given) else ""
