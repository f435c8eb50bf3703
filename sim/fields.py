"""Parameters and measures, each declared once: files, errors, tables, samples and docs are derived from here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

Role = Literal["lever", "uncertain", "fixed"]
Kind = Literal["flow", "stock", "ratio", "week"]

OWN = "our judgement"


class Parameters(BaseModel):
    """A frozen group of declared parameters. Unknown names, wrong types, NaN and infinities are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


@dataclass(frozen=True)
class Par:
    """What is declared about one parameter (`path` is dotted from the model it was asked of)."""

    path: str
    default: Any
    doc: str
    unit: str
    bounds: tuple[float, float] | None
    role: Role
    off: Any
    source: str
    extensive: bool
    plausible: tuple[float, float] | None
    choices: tuple[str, ...] = ()  # the texts that a Literal type allows

    @property
    def allowed(self) -> str:
        """Say in words what values are accepted."""
        if isinstance(self.default, bool):
            return "true or false"
        if isinstance(self.default, str):
            return " or ".join(f"'{choice}'" for choice in self.choices) or "text"
        kind = "whole numbers" if isinstance(self.default, int) else "numbers"
        if isinstance(self.default, tuple):
            kind = f"a list of {len(self.default)} numbers" if self.default else "a list of whole numbers"
        low, high = self.bounds if self.bounds else (None, None)
        return kind + (f" from {low:g} to {high:g}" if low is not None else "") + (f" ({self.unit})" if self.unit else "")


def par(
    default: Any,
    doc: str,
    *,
    unit: str = "",
    bounds: tuple[float, float] | None = None,
    role: Role = "fixed",
    off: Any = None,
    source: str = OWN,
    extensive: bool = False,
    plausible: tuple[float, float] | None = None,
) -> Any:
    """Declare a parameter as a pydantic field.

    `bounds` are the values accepted (inclusive); `plausible` the range an `uncertain` parameter is drawn from
    when the answer is checked over many worlds; `off` the value that switches its effect off (None: no switch);
    `extensive` amounts are multiplied by `market.scale`. Raises ValueError on a declaration that contradicts itself.
    """
    if (role == "uncertain") != (plausible is not None):
        raise ValueError(f"'{doc}': uncertain parameters, and only they, declare a plausible range")
    declared: dict[str, Any] = {
        "unit": unit, "role": role, "off": off, "source": source, "extensive": extensive,
        "plausible": plausible, "bounds": bounds,
    }
    scalar = bounds is not None and not isinstance(default, tuple)
    limits: dict[str, Any] = {"ge": bounds[0], "le": bounds[1]} if scalar and bounds is not None else {}
    return Field(default=default, description=doc, json_schema_extra={"declared": declared}, validate_default=True, **limits)


def _declaration(path: str, field: FieldInfo) -> Par | None:
    extra = field.json_schema_extra
    if not isinstance(extra, dict) or "declared" not in extra:
        return None
    declared: Any = extra["declared"]
    choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
    return Par(path=path, default=field.default, doc=field.description or "", choices=choices, **declared)


def declared(model: type[BaseModel] | BaseModel, prefix: str = "") -> dict[str, Par]:
    """Return every parameter declared in `model`, nested groups included, by dotted path."""
    found: dict[str, Par] = {}
    fields = (model if isinstance(model, type) else type(model)).model_fields
    for name, field in fields.items():
        path = f"{prefix}{name}"
        par_ = _declaration(path, field)
        if par_ is not None:
            found[path] = par_
        elif isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found |= declared(field.annotation, path + ".")
    return found


@dataclass(frozen=True)
class Measure:
    """One reported number.

    kind `flow`: this week's amount (summary: sum over the horizon); `stock`: end of week (summary: last week);
    `ratio`: `over[0] / over[1]`, two flows summed over the trailing 52 weeks (summary: over the horizon);
    `week`: first week in which the flow of the same name was positive (summary: share of runs that reached it too).
    `by` names the dimensions in which `breakdown` splits the measure.
    """

    name: str
    unit: str
    kind: Kind
    doc: str = ""
    over: tuple[str, str] | None = None
    by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Event:
    """Something that happens to a merchant or reseller, and what the columns of its record hold (empty: nothing)."""

    name: str
    doc: str
    agent: str = ""
    cause: str = ""
    ref: str = ""
    value: str = ""
