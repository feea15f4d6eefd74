# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a component: from its JSON Schema to properties that Blender draws and saves, and back.

Each component gets a PropertyGroup made from its schema, as a property of the scene's
state. The values live in the .blend under the component's name: they survive when the
group is made again from a changed schema, and when the file is opened again before a
backend has been asked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import bpy

from .option_schema import Option, options_of

if TYPE_CHECKING:
    from .core.protocol import ComponentInfo

BLENDER_UNITS = {"s": "TIME_ABSOLUTE", "rad": "ROTATION"}
"""Units that Blender shows by itself (radians as degrees); others are named in the label."""
NOT_SET = "Leave it to the component"

_groups: dict[str, tuple[str, Any]] = {}
"""By component: its schema as text, and the class made from it."""
_owner: Any = None
"""The class that the groups are properties of."""


def attach(owner: Any) -> None:
    """Say which registered PropertyGroup class holds the options."""
    global _owner
    _owner = owner


def detach() -> None:
    """Take all groups away; the values stay in the files."""
    global _owner
    for component in list(_groups):
        _remove(component)
    _owner = None


def update(components: Iterable[ComponentInfo]) -> None:
    """Make the groups follow what a backend has; never from ``draw``."""
    for info in components:
        schema = json.dumps(info.options, sort_keys=True)
        if info.error or _groups.get(info.name, ("",))[0] == schema:
            continue
        _remove(info.name)
        _add(info.name, schema, options_of(info.options))


def known(component: str) -> bool:
    """Whether the component's options can be drawn and read."""
    return component in _groups


def draw(
    layout: Any, state: Any, component: str, only: Container[str] | None = None, without: Container[str] = ()
) -> None:
    """The options as properties.

    Args:
        state: an instance of the class given to :func:`attach` (the scene's state).
        only: names of those that are drawn, None for all.
        without: names of those that are not.
    """
    for group, option in _options(state, component):
        if option.name in without or (only is not None and option.name not in only):
            continue
        if not option.nullable:
            layout.prop(group, option.attribute, slider=option.bounded)
            continue
        row = layout.row(align=True, heading=option.title)
        row.prop(group, _set_flag(option), text="")
        value = row.row()
        value.active = getattr(group, _set_flag(option))
        value.prop(group, option.attribute, text="", slider=option.bounded)


def read(state: Any, component: str) -> dict[str, Any]:
    """The options that differ from their defaults, as the backend takes them.

    Raises:
        OptionError: a JSON field does not hold JSON.
    """
    values = {}
    for group, option in _options(state, component):
        given = not option.nullable or getattr(group, _set_flag(option))
        value = option.to_json(getattr(group, option.attribute)) if given else None
        if value != option.default:
            values[option.name] = value
    return values


def value(state: Any, component: str, name: str) -> Any:
    """What one option is set to; None where there is none of that name."""
    for group, option in _options(state, component):
        if option.name == name:
            return option.to_json(getattr(group, option.attribute))
    return None


def write(state: Any, component: str, values: Mapping[str, Any]) -> None:
    """Set options from a job's; those that are not given, or fit no more, return to their defaults."""
    for group, option in _options(state, component):
        value = values.get(option.name, option.default)
        if option.nullable:
            setattr(group, _set_flag(option), value is not None)
        start = option.start
        if value is not None or option.kind in ("choice", "json"):
            with suppress(TypeError, ValueError):
                start = option.from_json(value)
        setattr(group, option.attribute, start)


def _options(state: Any, component: str) -> list[tuple[Any, Option]]:
    """Each option of a component with the group that holds its value."""
    if component not in _groups:
        return []
    group = getattr(state, _attribute(component))
    return [(group, option) for option in _groups[component][1].schema]


def reset(state: Any, component: str) -> None:
    """All options back to their defaults."""
    write(state, component, {})


def _add(component: str, schema: str, options: list[Option]) -> None:
    annotations = {}
    for option in options:
        annotations[option.attribute] = _property(option)
        if option.nullable:
            annotations[_set_flag(option)] = bpy.props.BoolProperty(
                name=option.title, description=option.description or NOT_SET, default=option.default is not None
            )
    name = f"CADENZA_PG_{_attribute(component)}"
    group = type(name, (bpy.types.PropertyGroup,), {"__annotations__": annotations, "schema": options})
    bpy.utils.register_class(group)
    setattr(_owner, _attribute(component), bpy.props.PointerProperty(type=group))
    _groups[component] = (schema, group)


def _remove(component: str) -> None:
    if component in _groups:
        delattr(_owner, _attribute(component))
        bpy.utils.unregister_class(_groups.pop(component)[1])


def _attribute(component: str) -> str:
    """Name of the property that holds a component's options (names may hold a dash, and be long)."""
    return "options_" + re.sub(r"\W", "_", component)[:40]


def _set_flag(option: Option) -> str:
    return f"{option.attribute}_is_set"


def _property(option: Option) -> Any:
    """The Blender property of an option."""
    shown = {"name": option.title, "description": option.tooltip, "default": option.start}
    low, high = option.limits
    if option.kind == "boolean":
        return bpy.props.BoolProperty(**shown)
    if option.kind == "integer":
        return bpy.props.IntProperty(**shown, min=low, max=high, step=option.step)
    if option.kind == "number":
        unit = BLENDER_UNITS.get(option.unit, "NONE")
        return bpy.props.FloatProperty(**shown, min=low, max=high, precision=3, step=5, unit=unit)
    if option.kind == "choice":
        # Numbered by their names: a choice stays what it is when others are added or change places.
        items = [(c.identifier, c.label, "", c.number) for c in option.choices]
        return bpy.props.EnumProperty(**shown, items=items)
    return bpy.props.StringProperty(**shown, maxlen=option.longest)
