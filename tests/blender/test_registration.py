# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The add-on is enabled, disabled and enabled again, leaves nothing behind, and draws without a backend."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import pytest

bpy = pytest.importorskip("bpy")

import blender_addon  # noqa: E402
from blender_addon import registration  # noqa: E402


@pytest.fixture
def addon() -> Iterator[Any]:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.preferences.addon_enable(module="blender_addon")
    yield bpy.context.preferences.addons["blender_addon"].preferences
    if "blender_addon" in bpy.context.preferences.addons:
        bpy.ops.preferences.addon_disable(module="blender_addon")


def ours() -> set[str]:
    """Everything of ours that Blender knows."""
    classes = {n for n in dir(bpy.types) if n.lower().startswith("cadenza")}
    properties = {
        f"{owner}.{found.identifier}"
        for owner in ("Scene", "Object", "TimelineMarker")
        for found in getattr(bpy.types, owner).bl_rna.properties
        if found.identifier.startswith("cadenza")
    }
    handlers = {str(f) for name in ("load_pre", "load_post") for f in getattr(bpy.app.handlers, name)}
    return {*classes, *properties, *{h for h in handlers if "before_load" in h or "after_load" in h}}


def test_nothing_stays_after_disabling(addon: Any) -> None:
    there = ours()
    assert {"Scene.cadenza", "Object.cadenza", "Object.cadenza_takes", "TimelineMarker.cadenza"} <= there
    assert "generate" in dir(bpy.ops.cadenza)
    bpy.ops.preferences.addon_disable(module="blender_addon")
    assert ours() == set()
    bpy.ops.preferences.addon_enable(module="blender_addon")
    assert len(ours()) == len(there)


def test_registering_twice_is_registering_once(addon: Any) -> None:
    there = ours()
    blender_addon.register()
    assert len(ours()) == len(there)


def test_a_module_that_fails_takes_the_others_back(monkeypatch: pytest.MonkeyPatch) -> None:
    blender_addon.unregister()
    monkeypatch.setattr(registration, "MODULES", ("properties", "scene_properties", "no_such_module"))
    with pytest.raises(ModuleNotFoundError):
        blender_addon.register()
    assert ours() == set()


def test_the_token_is_hidden_and_nothing_is_sent_by_enabling(addon: Any) -> None:
    assert addon.bl_rna.properties["token"].subtype == "PASSWORD"
    connection = importlib.import_module("blender_addon.connection")
    assert connection.known().state == "unknown"


def test_buttons_say_why_they_cannot_be_pressed(addon: Any) -> None:
    obstacles = importlib.import_module("blender_addon.obstacles")
    scene = bpy.context.scene
    assert not bpy.ops.cadenza.generate.poll()
    assert "Video Sequencer" in obstacles.to_generating(scene)
    scene.cadenza.source = "SCORE"
    assert obstacles.to_generating(scene) == "Choose a MIDI file in Source"
    scene.cadenza.score_file = "//a.mid"
    assert "character" in obstacles.to_generating(scene)
    bpy.ops.cadenza.add_musician()
    assert obstacles.to_generating(scene) == "Start or connect the backend first"
    assert scene.cadenza.character.cadenza.bones["left_hand"].bone == "left_hand"
    assert obstacles.to_applying(scene) == "Choose a motion file"


def test_bone_maps_by_hand(addon: Any, tmp_path: Any) -> None:
    bpy.ops.cadenza.add_musician()
    character = importlib.import_module("blender_addon.character")
    armature = bpy.context.scene.cadenza.character
    rows = armature.cadenza.bones
    assert all(row.confidence > 0.5 for row in rows if row.bone)
    rows["neck"].bone = rows["head"].bone  # a bone stands for one joint
    assert (rows["neck"].confidence, rows["head"].bone, rows["head"].confidence) == (1.0, "", 0.0)
    assert "head" not in character.bone_map_of(armature).bones
    bpy.ops.cadenza.save_bones(filepath=str(tmp_path / "map.json"))
    bpy.ops.cadenza.guess_bones()
    assert rows["head"].bone == "head"
    bpy.ops.cadenza.load_bones(filepath=str(tmp_path / "map.json"))
    assert (rows["neck"].bone, rows["head"].bone) == ("head", "")
    rows["left_hand"].bone = ""
    assert character.missing(armature) == ["left_hand"]
    bpy.ops.cadenza.mirror_bones()
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(RuntimeError, match="bone map"):
        bpy.ops.cadenza.load_bones(filepath=str(tmp_path / "other.json"))
