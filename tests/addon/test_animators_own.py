# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What an animator made is left alone: other characters, objects that hang on instruments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import beside, jobs, takes  # noqa: E402
from blender_addon.rig import perform  # noqa: E402
from tests.addon_driving import add_character, character, drive, generate, option  # noqa: E402


@pytest.fixture
def bert(scene: Any) -> Any:
    """A character without a violin of its own, so that one is hung on it."""
    bpy.data.objects.remove(scene.cadenza.character)
    return add_character("Bert", rename=lambda joint: joint.replace("violin", "v").replace("bow_", "b_"))


def duplicated(item: Any) -> Any:
    """As Shift-D does it, with this object alone selected; chosen in Performer."""
    for each in bpy.data.objects:
        each.select_set(each == item)
    bpy.context.view_layer.objects.active = item
    bpy.ops.object.duplicate()
    bpy.context.scene.cadenza.character = bpy.context.object
    return bpy.context.object


def strips(item: Any) -> list[tuple[str, bool]]:
    return [(strip.name, strip.mute) for track in item.animation_data.nla_tracks for strip in track.strips]


def test_a_duplicates_takes_leave_the_originals_violin_alone(bert: Any) -> None:
    generate()
    generate()
    violin = perform.props_of(bert)
    before = strips(violin), strips(bert)
    copy = duplicated(bert)
    first, second = takes.takes_of(copy)
    bpy.ops.cadenza.show_take(uid=first.uid)
    assert [mute for _, mute in strips(copy)] == [False, True]
    assert (strips(violin), strips(bert)) == before
    assert generate().state == "finished"
    assert (strips(violin), strips(bert)) == before
    assert perform.props_of(copy) not in (None, violin)
    for take in (first.uid, second.uid):
        bpy.ops.cadenza.delete_take(uid=take)
    assert (strips(violin), strips(bert)) == before
    assert not violin.hide_viewport
    assert [len(takes.strips_of(take)) for take in takes.takes_of(bert)] == [2, 2]


def test_what_hangs_on_a_violin_outlives_it(scene: Any, bert: Any) -> None:
    """The job is cancelled while a first part is shown, and its violin goes."""
    option(shows=True)
    option(seconds=60.0)
    bpy.ops.cadenza.generate()
    drive(lambda job: len(takes.takes_of(bert)) == 1)
    violin = perform.props_of(bert)
    rose, leaf = (bpy.data.objects.new(name, None) for name in ("Rose", "Leaf"))
    for item in (rose, leaf):
        scene.collection.objects.link(item)
    rose.parent, rose.parent_type, rose.parent_bone = violin, "BONE", "violin_end"
    leaf.parent = next(iter(violin.children))
    bpy.context.view_layer.update()
    places = [item.matrix_world.copy() for item in (rose, leaf)]
    bpy.ops.cadenza.cancel()
    assert perform.props_of(bert) is None
    assert {"Rose", "Leaf"} <= set(bpy.data.objects.keys())
    bpy.context.view_layer.update()
    for item, place in zip((rose, leaf), places, strict=True):
        assert item.parent is None
        assert (item.matrix_world.translation - place.translation).length < 1e-5


def test_a_copy_to_compare_is_nobody_to_perform(scene: Any) -> None:
    """Its takes would go with the copy; and a copy of Anna's twin shows the twin's take, though Anna has it too."""
    generate()
    anna = character()
    twin = duplicated(anna)
    takes.show(anna, None)
    takes.show(twin, None)
    bpy.ops.cadenza.side_by_side()
    bpy.context.view_layer.objects.active = next(c for c in beside.copies() if c.type == "ARMATURE")
    assert not bpy.ops.cadenza.use_active.poll()
    bpy.ops.cadenza.take_this_one()
    assert [takes.shown(takes.takes_of(item)[0]) for item in (anna, twin)] == [False, True]
    bpy.context.view_layer.objects.active = anna
    assert bpy.ops.cadenza.use_active.poll()


def test_an_export_keeps_the_dots_of_its_name(scene: Any, tmp_path: Path) -> None:
    (tmp_path / "anna v1.bvh").write_text("an earlier one")
    (tmp_path / "anna.glb").write_text("another")
    for name in ("anna v1.2", "anna.glb"):
        bpy.ops.cadenza.export_character(filepath=str(tmp_path / name), kind=".bvh")
    assert {f.name for f in tmp_path.glob("anna*")} == {"anna v1.bvh", "anna v1.2.bvh", "anna.glb", "anna.bvh"}
    assert (tmp_path / "anna v1.bvh").read_text() == "an earlier one"


def test_what_is_no_bone_map_is_refused(scene: Any, tmp_path: Path) -> None:
    (tmp_path / "bones.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RuntimeError, match="no bone map"):
        bpy.ops.cadenza.load_bones(filepath=str(tmp_path / "bones.json"))


@pytest.mark.skipif(not bpy.app.build_options.audaspace, reason="this Blender module is built without sound")
@pytest.mark.parametrize("packed", [True, False], ids=["packed", "moved with its project"])
def test_a_takes_sound_is_found_again(scene: Any, tmp_path: Path, packed: bool) -> None:
    project = tmp_path / "project"
    project.mkdir()
    sound = Path(scene.cadenza.sound_file).rename(project / "tune.wav")
    bpy.ops.wm.save_as_mainfile(filepath=str(project / "a.blend"))
    scene = bpy.context.scene
    strip = scene.sequence_editor_create().strips.new_sound("Tune", "//tune.wav", 1, 1)
    scene.cadenza.source, scene.cadenza.strip = "STRIP", "Tune"
    if packed:
        strip.sound.pack()
        sound.unlink()
    assert generate().state == "finished"
    if packed:  # Blender's own folder goes when it closes
        Path(takes.provenance(takes.takes_of(character())[0])["source"]["sound"]).unlink()
    else:
        bpy.ops.wm.save_mainfile()
        project.rename(tmp_path / "elsewhere")
        bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "elsewhere" / "a.blend"))
    bpy.ops.cadenza.new_seed_take()
    job = drive()
    assert (job.state, job.error) == ("finished", "")


def test_a_sound_that_is_gone_is_told_at_once(scene: Any) -> None:
    generate()
    Path(scene.cadenza.sound_file).unlink()
    with pytest.raises(RuntimeError, match="is gone"):
        bpy.ops.cadenza.new_seed_take()


def test_bones_that_were_renamed_are_told_at_once(scene: Any) -> None:
    generate()
    for bone in character().data.bones:
        bone.name = f"mixamorig:{bone.name}"
    with pytest.raises(RuntimeError, match="and others any more"):
        bpy.ops.cadenza.generate()


def test_a_pose_that_nobody_keyed_is_there_again(scene: Any) -> None:
    """A larger head and a bent leg: keyed over while takes are seen, and back when none is."""
    head, leg = (character().pose.bones[bone] for bone in ("head", "left_upper_leg"))
    head.scale, leg.rotation_quaternion = (1.3, 1.3, 1.3), (0.8, 0.6, 0.0, 0.0)

    def as_posed() -> bool:
        scene.frame_set(scene.frame_current + 1)
        return head.scale.x == pytest.approx(1.3) and leg.rotation_quaternion.x == pytest.approx(0.6)

    generate()
    assert not as_posed()
    bpy.ops.cadenza.show_take()
    assert as_posed()
    head.scale = (1.4, 1.3, 1.3)
    bpy.ops.cadenza.show_take()
    assert not as_posed()
    generate()
    bpy.ops.cadenza.delete_take()
    bpy.ops.cadenza.delete_take()
    assert not len(takes.takes_of(character()))
    scene.frame_set(3)
    assert tuple(head.scale) == pytest.approx((1.4, 1.3, 1.3))


def test_another_sound_of_the_same_name_is_not_taken(scene: Any, tmp_path: Path) -> None:
    generate()
    sound = Path(scene.cadenza.sound_file)
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / sound.name
    other.write_bytes(sound.read_bytes()[:-400])
    bpy.data.sounds.load(str(other))
    sound.unlink()
    with pytest.raises(RuntimeError, match="is gone"):
        bpy.ops.cadenza.new_seed_take()


def test_a_newer_pose_is_not_lost_to_an_older_one(scene: Any) -> None:
    """The take was muted in the NLA editor, not here."""
    arm = character().pose.bones["left_upper_arm"]
    arm.rotation_quaternion = (0.8, 0.6, 0.0, 0.0)
    generate()
    for track in character().animation_data.nla_tracks:
        track.mute = True
    arm.rotation_quaternion = (0.6, 0.0, 0.8, 0.0)
    bpy.ops.cadenza.delete_take()
    scene.frame_set(3)
    assert tuple(arm.rotation_quaternion) == pytest.approx((0.6, 0.0, 0.8, 0.0))


def test_what_only_a_later_take_moves_is_remembered_too(scene: Any) -> None:
    generate()
    head = character().pose.bones["head"]
    head.scale = (1.3, 1.3, 1.3)
    generate()
    bpy.ops.cadenza.show_take()
    scene.frame_set(3)
    assert tuple(head.scale) == pytest.approx((1.3, 1.3, 1.3))


def test_four_seeds_speak_of_no_changes(scene: Any) -> None:
    """The markers of the first are not what an animator corrected meanwhile."""
    scene.cadenza.mark_takes, scene.cadenza.generator = True, "performer"
    scene.cadenza.range, scene.cadenza.end = "SECONDS", 1.0
    bpy.ops.cadenza.generate_four()
    while jobs.running():
        jobs.poll()
    assert len(takes.takes_of(character())) == 4
    assert "you changed" not in jobs.current().message  # the last, whose order waited for three others
