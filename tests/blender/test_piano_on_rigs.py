# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A foreign character at a piano in Blender: evaluated where it was solved; the piano is built, and goes again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from mathutils import Matrix  # noqa: E402

from blender_addon import put_away, takes  # noqa: E402
from blender_addon.core import piano  # noqa: E402
from blender_addon.core.motion import Motion  # noqa: E402
from blender_addon.core.pianist import key_joint  # noqa: E402
from blender_addon.core.violinist import FINGERS  # noqa: E402
from blender_addon.rig import perform  # noqa: E402
from blender_addon.rig.bone_map import BoneMap  # noqa: E402
from tests import performing, scene_dump  # noqa: E402
from tests.built_rigs import bones_of, build, empty_scene, show, world_of  # noqa: E402
from tests.odd_rigs import rolled, stretched  # noqa: E402
from tests.rig_families import FAMILIES  # noqa: E402
from tests.rigs import SIDES, a_pose, person  # noqa: E402

MIXAMO = FAMILIES["mixamo"]
MAP = BoneMap(MIXAMO.bones, {})


@pytest.fixture(scope="module")
def motion() -> Motion:
    return performing.at_piano()


def play(armature: Any, motion: Motion) -> perform.Performance:
    performance = perform.plan(armature, motion, MAP, bpy.context.scene).solve()
    perform.ensure_props(armature, performance)
    for _ in takes.write_take(armature, performance.channels, performance.frames, provenance={}):
        pass
    return performance


def tips_of(armature: Any) -> dict[tuple[int, int], np.ndarray]:
    """(hand, finger) -> (3,) of its end in the world."""
    bones = bones_of(armature)
    found = {}
    for hand, side in enumerate(SIDES):
        for finger, name in enumerate(FINGERS):
            bone = MIXAMO.bones[f"{side}_{name}_distal"]
            length = armature.data.bones[bone].length
            found[hand, finger] = (bones[bone] @ [0.0, length, 0.0, 1.0])[:3]
    return found


def test_fingers_meet_the_keys_that_go_down(motion: Motion) -> None:
    """In the world of a character that is scaled, turned and moved; the mesh of the keys included."""
    scene = empty_scene()
    armature = build(a_pose(rolled(stretched(person(MIXAMO), 1), 1), MIXAMO, 30))
    armature.matrix_world = Matrix.Translation((2.0, 1.0, 0.0)) @ Matrix.Rotation(0.7, 4, "Z") @ Matrix.Scale(0.7, 4)
    bpy.context.view_layer.update()
    performance = play(armature, motion)
    assert performance.report["contact"]["keys"]["part_within"] > 0.95
    props = perform.props_of(armature, perform.PIANO)
    keys = next(c for c in props.children if c.name.endswith("keys"))
    groups = np.array([v.groups[0].group for v in keys.data.vertices])
    fronts = {p: float(piano.front(p)[2]) for p in (60, 66, 67)}
    for k in range(0, len(motion), 6):
        show(scene, performance.frames[k])
        keyboard = np.linalg.inv(world_of(props) @ np.array(props.pose.bones["keyboard"].matrix))
        for (hand, finger), tip in tips_of(armature).items():
            joint = f"{SIDES[hand]}_{FINGERS[finger]}_tip"
            wanted = (motion.joint(joint) - motion.joint("keyboard"))[k]
            assert np.linalg.norm((keyboard @ [*tip, 1.0])[:3] - wanted) < 0.006, (k, joint)  # idle ones may be off
        surface = (keyboard @ np.insert(mesh_of(keys), 3, 1.0, axis=1).T)[2]
        down = {60: 10 <= k < 20, 66: 15 <= k < 30, 67: False}
        for pitch, pressed in down.items():
            here = surface[groups == keys.vertex_groups[key_joint(pitch)].index].max()
            assert (here < fronts[pitch] - 5e-4) == pressed, (k, pitch)


def mesh_of(item: Any) -> np.ndarray:
    """(N, 3) vertices in the world, after the modifiers."""
    shown = item.evaluated_get(bpy.context.evaluated_depsgraph_get())
    out = np.zeros(len(shown.data.vertices) * 3, dtype=np.float32)
    shown.data.vertices.foreach_get("co", out)
    matrix = np.array(shown.matrix_world)
    return np.asarray(out.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3])


def test_a_piano_is_built_once_and_removed_without_a_trace(motion: Motion) -> None:
    empty_scene()
    armature = build(person(MIXAMO, "Anna"))
    before = scene_dump.dump()
    performance = perform.plan(armature, motion, MAP, bpy.context.scene).solve()
    props = perform.ensure_props(armature, performance)
    assert perform.ensure_props(armature, performance) == props
    assert len(props.children) == 4
    assert perform.props_of(armature) is None
    perform.remove_props(armature, perform.PIANO)
    assert scene_dump.changes(before, scene_dump.dump()) == []


def test_violin_and_piano_are_two_things(motion: Motion) -> None:
    empty_scene()
    armature = build(person(MIXAMO, "Anna"))
    play(armature, performing.player())
    play(armature, motion)
    violin, grand = (perform.props_of(armature, plays) for plays in (perform.VIOLIN, perform.PIANO))
    assert violin is not None
    assert grand is not None
    assert violin != grand
    perform.remove_props(armature, perform.PIANO)
    assert perform.props_of(armature, perform.VIOLIN) == violin


def seen(item: Any) -> bool:
    return not item.hide_viewport and not item.hide_render


def test_only_what_the_shown_take_plays_is_seen(motion: Motion) -> None:
    """Of a violin and a piano; what the animator hid stays hidden."""
    empty_scene()
    armature = build(person(MIXAMO, "Anna"))
    play(armature, performing.player())
    play(armature, motion)
    violin, grand = (perform.props_of(armature, plays) for plays in (perform.VIOLIN, perform.PIANO))
    bow = next(c for c in violin.children if c.parent_bone == "bow_frog")
    first, second = takes.takes_of(armature)
    assert [seen(i) for i in (violin, *violin.children, grand, *grand.children)] == [False] * 3 + [True] * 5
    takes.show(armature, first)
    assert [seen(i) for i in (violin, *violin.children, grand, *grand.children)] == [True] * 3 + [False] * 5
    bow.hide_viewport = True
    for take, there in ((second, False), (first, True)):
        takes.show(armature, take)
        assert seen(violin) == there
        assert bow.hide_viewport
    with takes.only_seen(armature, second):
        assert (seen(violin), seen(grand)) == (False, True)
    assert (seen(violin), seen(grand)) == (True, False)
    takes.delete(armature, second)
    assert (seen(violin), seen(grand)) == (True, False)
    takes.delete(armature, takes.takes_of(armature)[0])
    assert not any(seen(i) for i in (violin, grand))
    play(armature, motion)
    assert (seen(violin), seen(grand)) == (False, True)
    assert not put_away.put_away(grand)


def test_an_instrument_that_is_moved_by_hand_stays(motion: Motion) -> None:
    empty_scene()
    armature = build(person(MIXAMO, "Anna"))
    play(armature, performing.player())
    violin = perform.props_of(armature, perform.VIOLIN)
    violin.animation_data_create().action = bpy.data.actions.new("By hand")
    play(armature, motion)
    assert seen(violin)


def test_what_was_hidden_in_part_is_so_again_after_a_look(motion: Motion) -> None:
    """The animator hid the piano's armature, its meshes are put away: a look at another take changes neither."""
    empty_scene()
    armature = build(person(MIXAMO, "Anna"))
    play(armature, performing.player())
    play(armature, motion)
    grand = perform.props_of(armature, perform.PIANO)
    grand.hide_viewport = True
    first, second = takes.takes_of(armature)
    takes.show(armature, first)
    before = scene_dump.dump()
    with takes.only_seen(armature, second):
        assert all(seen(child) for child in grand.children)
    assert scene_dump.changes(before, scene_dump.dump()) == []


def test_the_note_of_what_was_put_away_is_kept_by_files(motion: Motion, tmp_path: Path) -> None:
    """Of a linked character's override too, where custom properties would be lost."""
    empty_scene()
    armature = build(person(MIXAMO, "Anna"))
    play(armature, performing.player())
    play(armature, motion)
    library, shot = tmp_path / "anna.blend", tmp_path / "shot.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(library))
    empty_scene()
    with bpy.data.libraries.load(str(library), link=True) as (there, wanted):
        wanted.objects = there.objects
    for item in wanted.objects:
        bpy.context.scene.collection.objects.link(item)
    linked = next(o for o in wanted.objects if o.name == "Anna")
    linked.override_hierarchy_create(bpy.context.scene, bpy.context.view_layer)
    mine = next(o for o in bpy.data.objects if o.name == "Anna" and o.override_library)
    takes.show(mine, takes.takes_of(mine)[0])
    takes.show(mine, takes.takes_of(mine)[1])
    bpy.ops.wm.save_as_mainfile(filepath=str(shot))
    bpy.ops.wm.open_mainfile(filepath=str(shot))
    mine = next(o for o in bpy.data.objects if o.name == "Anna" and o.override_library)
    violin, grand = (perform.props_of(mine, plays) for plays in (perform.VIOLIN, perform.PIANO))
    assert (seen(violin), seen(grand)) == (False, True)
    takes.show(mine, takes.takes_of(mine)[0])
    assert (seen(violin), seen(grand)) == (True, False)
