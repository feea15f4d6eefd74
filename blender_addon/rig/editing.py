# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Edit mode for a moment: Blender makes bones nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bpy


@contextmanager
def editing(item: Any) -> Iterator[None]:
    """Edit mode of an object of the view layer; afterwards modes, selection and active object are as they were."""
    layer = bpy.context.view_layer
    active, selected = layer.objects.active, _selected(layer)
    mode = active.mode if active is not None else "OBJECT"
    together = [o for o in _objects(layer) if o.mode == mode]
    if mode != "OBJECT":
        _set_mode(active, "OBJECT")
    layer.objects.active = item
    _set_mode(item, "EDIT")
    try:
        yield
    finally:
        _set_mode(item, "OBJECT")
        layer.objects.active = active
        if mode != "OBJECT":
            _select(layer, together)  # those that shared the mode share it again
            _set_mode(active, mode)
        _select(layer, selected)


def _objects(layer: Any) -> list[Any]:
    """Objects that were just removed are listed as None until Blender updates the layer."""
    return [o for o in layer.objects if o is not None]


def _selected(layer: Any) -> list[Any]:
    return [o for o in _objects(layer) if o.select_get()]


def _select(layer: Any, wanted: list[Any]) -> None:
    for item in _objects(layer):
        if item.select_get() != (item in wanted):
            item.select_set(item in wanted)


def _set_mode(item: Any, mode: str) -> None:
    with bpy.context.temp_override(object=item, active_object=item):
        bpy.ops.object.mode_set(mode=mode)
