# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Takes written again: only the range and the part change, an animator's keys stay."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import takes  # noqa: E402
from blender_addon.core import rotations as rot  # noqa: E402
from blender_addon.rig.action import curves_of  # noqa: E402
from blender_addon.rig.channels import Channel  # noqa: E402
from tests.take_writing import ARM, FRAMES, HEAD, HIPS, channels, curve, hand_key, keys, posed, values, write  # noqa: E402


def test_only_the_range_changes_and_the_seams_are_smooth(character: Any) -> None:
    write(character, 1)
    take = character.cadenza_takes[0]
    uid, old = take.uid, {(p, i): values(curve(take, p, i)) for p in (HIPS, ARM, HEAD) for i in range(3)}
    assert write(character, 2, replace=take, frame_range=(100, 200), fade=10).uid == uid
    (take,) = takes.takes_of(character)
    for (path, index), was in old.items():
        now = values(curve(take, path, index))
        outside = (was[:, 0] <= 100) | (was[:, 0] >= 200)
        assert np.array_equal(now[:, 0], was[:, 0])
        assert np.array_equal(now[outside], was[outside])
    wanted = channels(2)["Anna"][0].values
    assert np.allclose(values(curve(take, HIPS))[110:189, 1], wanted[110:189, 0], atol=1e-6)
    hips, arm = (np.stack([values(curve(take, p, i))[:, 1] for i in range(n)], 1) for p, n in ((HIPS, 3), (ARM, 4)))
    assert np.abs(np.diff(hips, axis=0)).max() < 0.3
    assert np.degrees(2 * np.arccos(np.clip(np.abs((arm[1:] * arm[:-1]).sum(1)), 0, 1))).max() < 25
    assert len(bpy.data.actions) == 2
    assert [e.action.name for e in take.actions] == ["Anna Take 1", "Violin Take 1"]
    (change,) = takes.provenance(take)["revisions"]
    assert (change["frames"], change["provenance"]["seed"]) == ([100, 200], 2)
    assert take.seed == 1


def test_rotations_are_blended_as_rotations(character: Any) -> None:
    """A new movement written with the other sign of the quaternion is the same movement."""
    write(character, 1)
    take = character.cadenza_takes[0]
    flipped = channels(1)
    arm = flipped["Anna"][1]
    flipped["Anna"][1] = Channel(arm.path, arm.group, -arm.values, arm.part)
    before = [posed(character, f) for f in (99.5, 100.5, 150, 199.5, 204.25)]
    write(character, 1, channels=flipped, replace=take, frame_range=(100, 200))
    after = [posed(character, f) for f in (99.5, 100.5, 150, 199.5, 204.25)]
    assert np.allclose(before, after, atol=1e-5)


def test_a_turn_more_than_before_is_cut_and_not_unwound(character: Any) -> None:
    """Where signs cannot agree at both seams, no frame between two keys swings round."""
    slow = np.linspace(0.0, 2 * np.pi, 300)
    still = Channel(ARM, "arm", np.tile([1.0, 0.0, 0.0, 0.0], (300, 1)), "bow_arm")
    turn = Channel(ARM, "arm", rot.from_axis_angle(np.array([0.0, 0.0, 1.0]), slow), "bow_arm")
    write(character, 1, channels={"Anna": [still]})
    write(character, 1, channels={"Anna": [turn]}, replace=character.cadenza_takes[0], frame_range=(1, 290), fade=0)
    near = [posed(character, f)[1].reshape(4, 4)[:3, 0] for f in (289.0, 289.5, 290.0)]
    assert all(vector[0] > 0.95 for vector in near)


def test_only_one_part_of_the_body_changes(character: Any) -> None:
    write(character, 1)
    hips, arm = (values(curve(character.cadenza_takes[0], p)) for p in (HIPS, ARM))
    bow = values(curve(character.cadenza_takes[0], 'pose.bones["bow"].rotation_quaternion', 0, 1))
    write(character, 2, replace=character.cadenza_takes[0], part="bow_arm")
    take = character.cadenza_takes[0]
    assert np.array_equal(values(curve(take, HIPS)), hips)
    assert not np.allclose(values(curve(take, ARM)), arm, atol=0.1)
    assert not np.allclose(values(curve(take, 'pose.bones["bow"].rotation_quaternion', 0, 1)), bow, atol=0.1)
    assert np.allclose(values(curve(take, ARM))[:, 1], channels(2)["Anna"][1].values[:, 0], atol=1e-6)


def test_a_channel_that_stood_still_stands_still_outside(character: Any) -> None:
    still = {"Anna": [Channel(HIPS, "hips", np.tile([0.1, 0.2, 0.3], (300, 1)))]}
    write(character, 1, channels=still)
    assert len(curve(character.cadenza_takes[0], HIPS).keyframe_points) == 2
    write(character, 2, replace=character.cadenza_takes[0], frame_range=(100, 200))
    changed = curve(character.cadenza_takes[0], HIPS)
    assert [changed.evaluate(f) for f in (1, 50, 99.9, 100, 200, 250)] == pytest.approx([0.1] * 6)
    assert changed.evaluate(150) == pytest.approx(channels(2)["Anna"][0].values[149, 0])


@pytest.mark.parametrize("frame_range", [(100, 200), None])
def test_keys_set_by_hand_survive_writing_again(character: Any, frame_range: tuple[float, float] | None) -> None:
    write(character, 1)
    head = curve(character.cadenza_takes[0], HEAD)
    hand_key(head, 50, 3.0)  # on a key of ours, which Blender then changes
    hand_key(head, 150, 3.0)
    hand_key(head, 150.5, 3.1)  # between two of ours
    character.pose.bones["hips"].scale = (2, 2, 2)
    written = write(character, 2, replace=character.cadenza_takes[0], frame_range=frame_range, fade=10)
    assert written.hand_keys == (2 if frame_range else 3)
    head = curve(character.cadenza_takes[0], HEAD)
    assert [keys(head)[f] for f in (50, 150, 150.5)] == pytest.approx([3.0, 3.0, 3.1])
    wanted = channels(2)["Anna"][2].values[:, 0]
    assert keys(head)[170] == pytest.approx(wanted[169], abs=1e-6)  # far from it, the new movement
    assert keys(head)[149] != pytest.approx(wanted[148], abs=1e-3)  # beside it, on its way


def test_a_passage_keyed_by_hand_stays_whole(character: Any) -> None:
    write(character, 1)
    head = curve(character.cadenza_takes[0], HEAD)
    for point in [p for p in list(head.keyframe_points) if 120 < p.co[0] < 160][::-1]:
        head.keyframe_points.remove(point)
    for frame, value in ((125, 0.0), (140, 1.0), (155, 0.0)):
        hand_key(head, frame, value)
    shape = [head.evaluate(f) for f in np.arange(125, 156, 2.5)]
    write(character, 2, replace=character.cadenza_takes[0], frame_range=(100, 200))
    head = curve(character.cadenza_takes[0], HEAD)
    assert [f for f in keys(head) if 125 <= f <= 155] == [125, 140, 155]
    assert [head.evaluate(f) for f in np.arange(125, 156, 2.5)] == pytest.approx(shape, abs=1e-6)
    write(character, 2, replace=character.cadenza_takes[0], frame_range=(100, 200), keep_hand=False)
    assert len([f for f in keys(curve(character.cadenza_takes[0], HEAD)) if 125 <= f <= 155]) == 31


def test_bones_that_we_do_not_key_and_modifiers_are_left_alone(character: Any) -> None:
    write(character, 1)
    action = character.cadenza_takes[0].actions[0].action
    own = curves_of(action).fcurves.new('pose.bones["hips"].scale', index=0)
    hand_key(own, 120, 2.0)
    noise = curve(character.cadenza_takes[0], HIPS).modifiers.new("NOISE")
    noise.strength = 0.5
    curve(character.cadenza_takes[0], HIPS).mute = True
    write(character, 2, replace=character.cadenza_takes[0], frame_range=(100, 200))
    take = character.cadenza_takes[0]
    assert keys(curve(take, 'pose.bones["hips"].scale')) == {120: 2.0}
    hips = curve(take, HIPS)
    assert (hips.mute, hips.modifiers[0].strength, hips.modifiers[0].mute) == (True, 0.5, False)
    assert hips.keyframe_points[99].co[1] == pytest.approx(channels(1)["Anna"][0].values[99, 0])


def test_a_moved_strip_is_written_at_its_own_time(character: Any) -> None:
    write(character, 1)
    for _, _, strip in takes.strips_of(character.cadenza_takes[0]):
        strip.frame_start_raw, strip.frame_end_raw = 1001, 1300
        strip.frame_end_raw = 1300
    assert takes.frames_of(character.cadenza_takes[0]) == (1001, 1300)
    before = posed(character, 1050)
    later = FRAMES + 1000
    write(
        character, 2, channels=channels(2), frames=later, replace=character.cadenza_takes[0], frame_range=(1100, 1200)
    )
    take = character.cadenza_takes[0]
    assert takes.frames_of(take) == (1001, 1300)
    assert np.allclose(posed(character, 1050), before, atol=1e-6)
    assert np.allclose(values(curve(take, HIPS))[149, 1], channels(2)["Anna"][0].values[149, 0], atol=1e-6)


@pytest.mark.parametrize("extra", ["nothing", "modifier", "marker", "property"])
def test_what_an_animator_added_to_the_action_stays(character: Any, extra: str) -> None:
    write(character, 1)
    action = character.cadenza_takes[0].actions[0].action
    if extra == "modifier":
        curve(character.cadenza_takes[0], HEAD).modifiers.new("NOISE")
    if extra == "marker":
        action.pose_markers.new("breath").frame = 20
    if extra == "property":
        action["approved"] = {"by": "Anna"}
    arm = curve(character.cadenza_takes[0], ARM)
    arm.extrapolation, arm.lock, arm.color_mode, arm.color = "LINEAR", True, "CUSTOM", (0.25, 0.5, 0.75)
    arm.group.color_set = "THEME03"
    before = [values(c).tolist() for c in curves_of(action).fcurves if c.data_path != HIPS]
    hips = {"Anna": channels(2)["Anna"][:1]}
    write(character, 2, channels=hips, replace=character.cadenza_takes[0], frame_range=(100, 200))
    action = character.cadenza_takes[0].actions[0].action
    assert [values(c).tolist() for c in curves_of(action).fcurves if c.data_path != HIPS] == before
    arm = curve(character.cadenza_takes[0], ARM)
    assert (arm.extrapolation, arm.lock, arm.color_mode, *arm.color) == ("LINEAR", True, "CUSTOM", 0.25, 0.5, 0.75)
    assert (arm.group.name, arm.group.color_set) == ("arm", "THEME03")
    assert [m.name for m in action.pose_markers] == (["breath"] if extra == "marker" else [])
    assert ("approved" in action) == (extra == "property")
    assert len(curve(character.cadenza_takes[0], HEAD).modifiers) == (extra == "modifier")


def test_a_takes_keys_are_opened_for_the_animators_hand_and_closed_again(character: Any) -> None:
    own = bpy.data.actions.new("own")
    character.animation_data_create().action = own
    write(character, 1)
    write(character, 2)
    first, second = character.cadenza_takes
    takes.edit(character, first, True)
    assert (takes.edited(first), takes.edited(second), takes.shown(first), takes.shown(second)) == (
        True,
        False,
        True,
        False,
    )
    bone = character.pose.bones["head"]
    bone.rotation_euler = (0.5, 0.0, 0.0)
    bone.keyframe_insert("rotation_euler", frame=30)
    takes.edit(character, second, True)
    assert (takes.edited(first), takes.edited(second)) == (False, True)
    takes.edit(character, second, False)
    assert not takes.edited(second)
    assert character.animation_data.action == own
    assert keys(curve(first, HEAD))[30] == pytest.approx(0.5)
    assert 30 not in keys(curve(second, HEAD)) or keys(curve(second, HEAD))[30] != pytest.approx(0.5)


@pytest.mark.parametrize("how", ["tweak", "active"])
def test_a_take_that_is_being_edited_can_be_written_again(character: Any, how: str) -> None:
    write(character, 1)
    data = character.animation_data
    if how == "tweak":
        data.nla_tracks.active = data.nla_tracks[0]
        data.nla_tracks[0].strips[0].select = True
        data.nla_tracks[0].select = True
        data.use_tweak_mode = True
    else:
        data.action = character.cadenza_takes[0].actions[0].action
    assert takes.hidden_by(character) == ""
    character.pose.bones["hips"].location = (7, 7, 7)
    character.pose.bones["hips"].keyframe_insert("location", frame=50)
    write(character, 2, replace=character.cadenza_takes[0], frame_range=(100, 200))
    action = character.cadenza_takes[0].actions[0].action
    assert data.action == action
    assert data.use_tweak_mode == (how == "tweak")
    assert keys(curve(character.cadenza_takes[0], HIPS))[50] == pytest.approx(7)
    assert len(bpy.data.actions) == 2
    takes.delete(character, character.cadenza_takes[0])
    assert not character.cadenza_takes


def test_a_copy_of_the_character_does_not_change_the_first(character: Any) -> None:
    write(character, 1)
    copy = character.copy()
    bpy.context.scene.collection.objects.link(copy)
    before = values(curve(character.cadenza_takes[0], HIPS))
    write(copy, 2, channels={copy.name: channels(2)["Anna"]}, replace=copy.cadenza_takes[0])
    assert np.array_equal(values(curve(character.cadenza_takes[0], HIPS)), before)
    assert not np.array_equal(values(curve(copy.cadenza_takes[0], HIPS)), before)
    takes.delete(copy, copy.cadenza_takes[0])
    assert takes.shown(character.cadenza_takes[0])


def test_an_object_that_a_take_did_not_move_joins_it(character: Any) -> None:
    write(character, 1, channels={"Anna": channels(1)["Anna"]})
    write(character, 2, replace=character.cadenza_takes[0], frame_range=(100, 200))
    (take,) = takes.takes_of(character)
    assert [(e.object.name, e.action.name) for e in take.actions] == [
        ("Anna", "Anna Take 1"),
        ("Violin", "Violin Take 1"),
    ]
    assert [o.name for o, _, _ in takes.strips_of(take)] == ["Anna", "Violin"]
