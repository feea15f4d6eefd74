# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a JSON Schema says of each option, in the terms of a property in Blender. No bpy.

Understood: booleans, integers, numbers, strings, ``enum`` and ``const``, each of them
nullable, ``$ref`` into ``$defs``, limits, a ``unit`` (seconds "s", radians "rad", others are
shown as they are written). Everything else becomes a text field that holds JSON.
"""

from __future__ import annotations

import json
import math
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

LARGEST_INT: Final = 2**31 - 1
LARGEST_FLOAT: Final = 1e9
SMALLEST_FLOAT: Final = 1e-6
"""Smaller numbers cannot be entered in Blender's fields, which show six digits."""
LONGEST_IDENTIFIER: Final = 63


class OptionError(ValueError):
    """A field holds what its option cannot take; the message says which."""


@dataclass(frozen=True)
class Choice:
    """One entry of an enumeration: its value, and what Blender stores and shows for it."""

    value: Any

    @property
    def identifier(self) -> str:
        return self.value if isinstance(self.value, str) and self.value else json.dumps(self.value)

    @property
    def label(self) -> str:
        return self.identifier.replace("_", " ").capitalize()

    @property
    def number(self) -> int:
        return zlib.crc32(self.identifier.encode()) & LARGEST_INT


@dataclass(frozen=True)
class Option:
    """One option.

    Attributes:
        kind: boolean, integer, number, choice, text, or json (anything else, edited as JSON).
        title, description: what the animator reads.
        default: as the schema gives it, None when it gives none.
        nullable: whether None is a value of its own.
        limits: least and greatest value of integers and numbers.
        longest: characters of a text, 0 for any number.
    """

    name: str
    kind: str
    title: str
    description: str
    default: Any
    nullable: bool = False
    limits: tuple[Any, Any] = (0, 0)
    step: int = 0
    unit: str = ""
    choices: tuple[Choice, ...] = ()
    longest: int = 0

    @property
    def attribute(self) -> str:
        """Name of the property: the option's, made safe and distinct from Blender's own attributes."""
        safe = re.sub(r"\W", "_", self.name)[:40]
        return f"value_{safe}" if safe == self.name else f"value_{safe}_{zlib.crc32(self.name.encode()):x}"

    @property
    def bounded(self) -> bool:
        """Whether it is a number between limits of its own: drawn as a slider."""
        largest = {"integer": LARGEST_INT, "number": LARGEST_FLOAT}.get(self.kind, 0)
        return max(map(abs, self.limits)) < largest

    @property
    def tooltip(self) -> str:
        low, high = self.limits
        limits = f"{low:g} to {high:g}" if self.bounded else ""
        return "; ".join(filter(None, (self.description, limits)))

    @property
    def start(self) -> Any:
        """The property's value before anybody touches it: the default, or the nearest to nothing."""
        if self.default is not None or self.kind == "json":
            return self.from_json(self.default)
        if self.kind == "choice":
            return self.choices[0].identifier
        empty = {"boolean": False, "integer": 0, "number": 0.0, "text": ""}[self.kind]
        return min(max(empty, self.limits[0]), self.limits[1]) if self.kind in ("integer", "number") else empty

    def from_json(self, value: Any) -> Any:
        """The property's value for an option's; what does not fit becomes the nearest that does."""
        if self.kind == "json":
            return json.dumps(value)
        if self.kind == "choice":
            found = next((c for c in self.choices if c.value == value), self.choices[0])
            return found.identifier
        if self.kind == "text":
            return str(value)
        if self.kind == "boolean":
            return bool(value)
        number = min(max(value, self.limits[0]), self.limits[1])
        return int(number) if self.kind == "integer" else float(number)

    def to_json(self, value: Any) -> Any:
        """The option's value for a property's."""
        if self.kind == "choice":
            # A choice that the component has no more is stored as a number that Blender reads as "".
            return next((c.value for c in self.choices if c.identifier == value), self.default)
        if self.kind == "number":
            # A limit that 32 bits cannot hold must not be passed by the rounding.
            return min(max(shortest(value), self.limits[0]), self.limits[1])
        if self.kind != "json":
            return value
        try:
            return json.loads(value)
        except ValueError as error:
            raise OptionError(f"the option {self.title!r} takes JSON, and this is none: {value[:60]!r}") from error


def options_of(schema: Mapping[str, Any]) -> list[Option]:
    """The options that a component's schema describes, in its order; none is left out."""
    definitions, properties = schema.get("$defs"), schema.get("properties")
    if not isinstance(properties, Mapping):
        return []
    return [_option(name, entry, definitions or {}) for name, entry in properties.items()]


def _option(name: str, entry: Any, definitions: Mapping[str, Any]) -> Option:
    try:
        return _understood(name, entry, definitions)
    except (AttributeError, KeyError, TypeError, ValueError):
        # Not what we know of JSON Schema: the animator may still give a value.
        given = entry if isinstance(entry, Mapping) else {}
        title = str(given.get("title") or _words(name))
        return Option(name, "json", title, str(given.get("description", "")), given.get("default"))


def _understood(name: str, entry: Mapping[str, Any], definitions: Mapping[str, Any]) -> Option:
    """The option, or an exception when a property of Blender's cannot hold it."""
    inner, nullable = _without_null(_resolved(entry, definitions), definitions)
    kind, unit = _kind(inner), str(inner.get("unit", ""))
    title = str(inner.get("title") or _words(name))
    if unit and not (kind == "number" and unit in ("s", "rad")):
        title = f"{title} ({unit})"
    option = Option(
        name,
        kind,
        title,
        str(inner.get("description", "")),
        inner.get("default"),
        nullable and kind != "json",
        limits=_limits(inner, kind) if kind in ("integer", "number") else (0, 0),
        step=_step(inner) if kind == "integer" else 0,
        unit=unit,
        choices=tuple(map(Choice, _values(inner))) if kind == "choice" else (),
        longest=min(int(inner.get("maxLength", 0)), 10_000) if kind == "text" else 0,
    )
    if not _takes(option):
        raise ValueError(f"{name} cannot hold {option.default!r}")
    return option


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _resolved(entry: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """The entry with its ``$ref`` (or an ``allOf`` of one) filled in; its own words win."""
    reference = entry.get("$ref")
    if reference is None and len(entry.get("allOf", ())) == 1:
        reference = entry["allOf"][0].get("$ref")
    if reference is None:
        return dict(entry)
    target = definitions.get(str(reference).removeprefix("#/$defs/"), {})
    own = {k: v for k, v in entry.items() if k not in ("$ref", "allOf")}
    return {**target, **own}


def _without_null(entry: dict[str, Any], definitions: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """``anyOf`` of something and null, or a list of types with null: that something, and True."""
    outer = {k: v for k, v in entry.items() if k not in ("anyOf", "oneOf")}
    for key in ("anyOf", "oneOf"):
        variants = entry.get(key, ())
        rest = [v for v in variants if v.get("type") != "null"]
        if len(rest) == 1 and len(variants) == 2:
            return {**_resolved(rest[0], definitions), **outer}, True
    types = entry.get("type")
    if isinstance(types, list) and len(types) == 2 and "null" in types:
        return {**entry, "type": next(t for t in types if t != "null")}, True
    return entry, False


def _values(entry: Mapping[str, Any]) -> list[Any]:
    """What an ``enum`` or ``const`` allows; nothing for other entries."""
    return list(entry["enum"]) if "enum" in entry else [entry["const"]] if "const" in entry else []


def _kind(entry: Mapping[str, Any]) -> str:
    if "enum" in entry or "const" in entry:
        return "choice" if _choosable(_values(entry)) else "json"
    kinds = {"boolean": "boolean", "integer": "integer", "number": "number", "string": "text"}
    return kinds.get(str(entry.get("type")), "json")


def _choosable(values: list[Any]) -> bool:
    """Blender's enumerations need distinct, short identifiers."""
    choices = [Choice(v) for v in values]
    identifiers = {c.identifier for c in choices}
    short = all(len(i) <= LONGEST_IDENTIFIER and i.isprintable() for i in identifiers)
    return bool(values) and short and len(identifiers) == len({c.number for c in choices}) == len(values)


def _limits(entry: Mapping[str, Any], kind: str) -> tuple[Any, Any]:
    """Inclusive limits; an exclusive one moves inwards by the smallest step that is shown."""
    largest = LARGEST_INT if kind == "integer" else LARGEST_FLOAT
    step = 1 if kind == "integer" else SMALLEST_FLOAT
    low = max(entry.get("minimum", -largest), -largest)
    high = min(entry.get("maximum", largest), largest)
    if "exclusiveMinimum" in entry:
        low = max(low, entry["exclusiveMinimum"] + step)
    if "exclusiveMaximum" in entry:
        high = min(high, entry["exclusiveMaximum"] - step)
    low, high = (math.ceil(low), math.floor(high)) if kind == "integer" else (float(low), float(high))
    if low > high:
        raise ValueError(f"no number is at least {low} and at most {high}")
    return low, high


def _step(entry: Mapping[str, Any]) -> int:
    step = entry.get("multipleOf", 0)
    return int(step) if 1 <= step <= 100 else 1


def _takes(option: Option) -> bool:
    """Whether the property can hold the schema's own default."""
    default = option.default
    if default is None or option.kind == "json":
        return True
    if option.kind == "choice":
        return any(c.value == default for c in option.choices)
    if option.kind == "boolean" or isinstance(default, bool):
        return option.kind == "boolean" and isinstance(default, bool)
    if option.kind == "text":
        return isinstance(default, str) and (not option.longest or len(default) <= option.longest)
    within = bool(option.limits[0] <= default <= option.limits[1])
    if option.kind == "integer":
        return within and isinstance(default, int)
    return within and shortest(default) == default and (default == 0 or abs(default) >= SMALLEST_FLOAT)


def shortest(number: float) -> float:
    """The shortest decimal that a property of 32 bits cannot tell from ``number``: 0.1 for 0.10000000149."""
    return float(str(np.float32(number)))
