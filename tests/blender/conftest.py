# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What tests in Blender share."""

from __future__ import annotations

from typing import Any

import pytest

bpy = pytest.importorskip("bpy")

from tests.take_writing import armature, empty_file  # noqa: E402


@pytest.fixture
def scene() -> Any:
    """A fresh file's, at 24 frames a second."""
    empty_file()
    bpy.context.scene.render.fps, bpy.context.scene.render.fps_base = 24, 1.0
    return bpy.context.scene


@pytest.fixture
def character() -> Any:
    """An armature with a violin."""
    empty_file()
    collection = bpy.data.collections.new("Anna")
    bpy.context.scene.collection.children.link(collection)
    anna = armature("Anna", ("hips", "arm", "head"), collection)
    armature("Violin", ("bow",), collection).parent = anna
    return anna
