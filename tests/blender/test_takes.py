# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Takes: strips that an animator can trust. Nothing of theirs changes, nothing is left behind, all survives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

import blender_addon  # noqa: E402
from blender_addon import take_draft, takes  # noqa: E402
from blender_addon.core import rotations as rot  # noqa: E402
from blender_addon.rig import nla  # noqa: E402
from blender_addon.rig.action import curves_of  # noqa: E402
from blender_addon.rig.channels import Channel  # noqa: E402

FRAMES = np.arange(1.0, 301.0)
ARM = 'pose.bones["arm"].rotation_quaternion'
HEAD = 'pose.bones["head"].rotation_euler'
HIPS = 'pose.bones["hips"].location'


def empty_file() -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    if not hasattr(bpy.types.Object, "cadenza_takes"):
        blender_addon.register()


def armature(name: str, bones: tuple[str, ...], collection: Any) -> Any:
    item = bpy.data.objects.new(name, bpy.data.armatures.new(name))
    collection.objects.link(item)
    bpy.context.view_layer.objects.active = item
    bpy.ops.object.mode_set(mode="EDIT")
    for i, bone in enumerate(bones):
        made = item.data.edit_bones.new(bone)
        made.head, made.tail = (0, 0, i), (0, 0, i + 1)
    bpy.ops.object.mode_set(mode="OBJECT")
    for bone in item.pose.bones:
        bone.rotation_mode = "XYZ" if bone.name == "head" else "QUATERNION"
    return item


@pytest.fixture
def character() -> Any:
    """An armature with a violin."""
    empty_file()
    collection = bpy.data.collections.new("Anna")
    bpy.context.scene.collection.children.link(collection)
    anna = armature("Anna", ("hips", "arm", "head"), collection)
    armature("Violin", ("bow",), collection).parent = anna
    return anna


def channels(seed: int, frames: np.ndarray = FRAMES, props: str = "Violin") -> dict[str, list[Channel]]:
    rng = np.random.default_rng(seed)
    phases = rng.uniform(0, 6, 10)
    waves = np.sin(frames[:, None] / 20 + phases)
    turns = rot.unroll(rot.from_rotation_vector(waves[:, :3] * 1.5))
    bow = rot.unroll(rot.from_rotation_vector(waves[:, 5:8]))
    body = [
        Channel(HIPS, "hips", waves[:, :3], "torso"),
        Channel(ARM, "arm", turns, "bow_arm"),
        Channel(HEAD, "head", waves[:, 3:6], "torso"),
    ]
    return {"Anna": body, props: [Channel('pose.bones["bow"].rotation_quaternion', "bow", bow, "bow_arm")]}


def write(item: Any, seed: int, **more: Any) -> takes.Written:
    """Run the generator to its end; what it returns."""
    frames = more.pop("frames", FRAMES)
    writing = takes.write_take(
        item,
        more.pop("channels", None) or channels(seed, frames),
        frames,
        provenance={"generator": "test", "seed": seed},
        **more,
    )
    try:
        while True:
            assert 0 <= next(writing) <= 1
    except StopIteration as end:
        return end.value


def posed(item: Any, frame: float) -> np.ndarray:
    """What the bones' matrices are (B, 16) at a frame."""
    bpy.context.scene.frame_set(int(frame), subframe=frame % 1)
    graph = bpy.context.evaluated_depsgraph_get()
    return np.array([np.array(b.matrix).ravel() for b in item.evaluated_get(graph).pose.bones])


def curve(take: Any, path: str, index: int = 0, entry: int = 0) -> Any:
    return curves_of(take.actions[entry].action).fcurves.find(path, index=index)


def keys(curve: Any) -> dict[float, float]:
    return {round(p.co[0], 3): p.co[1] for p in curve.keyframe_points}


def dump() -> list[Any]:
    """The file as far as takes could change it."""
    rows: list[Any] = []
    for action in sorted(bpy.data.actions, key=lambda a: a.name):
        curves = [(c.data_path, c.array_index, tuple(keys(c).items())) for c in curves_of(action).fcurves]
        rows.append((action.name, action.users, action.use_fake_user, curves))
    for item in sorted(bpy.data.objects, key=lambda o: o.name):
        data = item.animation_data
        tracks = [
            (t.name, t.mute, t.is_solo, [(s.name, s.mute, s.influence, s.action.name) for s in t.strips])
            for t in (data.nla_tracks if data else ())
        ]
        rows.append((item.name, data and data.action and data.action.name, tracks))
        rows.append([(t.name, t.uid, t.provenance, t.starred) for t in item.cadenza_takes])
    return rows


def test_a_take_is_a_strip_on_each_object_that_shows_it(character: Any) -> None:
    write(character, 1)
    (take,) = takes.takes_of(character)
    assert (take.name, take.seed, take.generator) == ("Take 1", 1, "test")
    assert takes.provenance(take) == {"generator": "test", "seed": 1}
    assert [(o.name, t.name, s.name) for o, t, s in takes.strips_of(take)] == [
        (name, f"Cadenza {take.uid}", "Take 1") for name in ("Anna", "Violin")
    ]
    for item, _, strip in takes.strips_of(take):
        assert (strip.influence, strip.use_animated_influence) == (1.0, False)
        assert (strip.blend_type, strip.extrapolation) == ("REPLACE", "HOLD")
        assert item.animation_data.action is None
    assert takes.frames_of(take) == (1.0, 300.0)
    bpy.context.scene.frame_set(120)
    graph = bpy.context.evaluated_depsgraph_get()
    hips = character.evaluated_get(graph).pose.bones["hips"]
    assert np.allclose(hips.location, channels(1)["Anna"][0].values[119], atol=1e-6)


def test_fractions_of_frames_are_kept(character: Any) -> None:
    write(character, 1, frames=FRAMES[:50] * 1.25 + 0.4)
    (take,) = takes.takes_of(character)
    assert list(keys(curve(take, HIPS)))[:3] == [1.65, 2.9, 4.15]
    assert np.allclose(takes.frames_of(take), (1.65, 62.9))


def test_only_the_chosen_take_is_seen(character: Any) -> None:
    write(character, 1)
    first = posed(character, 80)
    write(character, 2)
    second = posed(character, 80)
    assert not np.allclose(first, second, atol=0.01)
    one, two = takes.takes_of(character)
    takes.show(character, one)
    assert np.array_equal(posed(character, 80), first)
    assert (takes.shown(one), takes.shown(two)) == (True, False)
    takes.show(character, two)
    assert np.array_equal(posed(character, 80), second)
    takes.show(character, None)
    assert not np.allclose(posed(character, 80), second, atol=0.01)


def test_the_character_stands_still_before_and_after(character: Any) -> None:
    write(character, 1)
    assert np.array_equal(posed(character, 0.75), posed(character, 1))
    assert np.array_equal(posed(character, 340), posed(character, 300))


def animators_strip(item: Any, name: str, first: int) -> Any:
    """A strip of an animator's: the hips up by five."""
    action = bpy.data.actions.new(name)
    if hasattr(action, "slots"):
        action.slots.new(id_type="OBJECT", name=item.name)
    points = curves_of(action).fcurves.new(HIPS, index=2).keyframe_points
    points.insert(first, 5.0)
    points.insert(first + 20, 5.0)
    data = item.animation_data or item.animation_data_create()
    strip = data.nla_tracks.new().strips.new(name, first, action)
    strip.influence = 1.0
    return strip


def test_an_animators_strips_are_seen_outside_the_take(character: Any) -> None:
    strip = animators_strip(character, "walk on", -40)
    strip.extrapolation = "NOTHING"
    write(character, 1)
    bpy.context.scene.frame_set(-30)
    graph = bpy.context.evaluated_depsgraph_get()
    assert character.evaluated_get(graph).pose.bones["hips"].location[2] == pytest.approx(5.0)
    assert (strip.mute, strip.extrapolation, strip.influence) == (False, "NOTHING", 1.0)


def test_deleting_removes_what_is_the_takes_and_nothing_else(character: Any) -> None:
    animators_strip(character, "walk on", -40)
    before = dump()
    write(character, 1)
    write(character, 2)
    for uid in [take.uid for take in takes.takes_of(character)]:
        takes.delete(character, takes.find(character, uid))
    assert character.animation_data.nla_tracks[0].strips[0].action.name == "walk on"
    assert len(bpy.data.actions) == 1
    violin = bpy.data.objects["Violin"]
    assert not violin.animation_data.nla_tracks
    assert dump() == before


def test_an_action_that_is_used_elsewhere_survives_its_take(character: Any) -> None:
    write(character, 1)
    other = bpy.data.objects.new("other", None)
    other.animation_data_create().action = character.cadenza_takes[0].actions[0].action
    takes.delete(character, character.cadenza_takes[0])
    assert other.animation_data.action.name == "Anna Take 1"
    assert [a.name for a in bpy.data.actions] == ["Anna Take 1"]


def test_closing_early_leaves_nothing_behind(character: Any) -> None:
    write(character, 1)
    before = dump()
    for more in ({}, {"replace": character.cadenza_takes[0]}):
        many = np.arange(1.0, 20000.0)
        writing = takes.write_take(character, channels(2, many), many, provenance={}, **more)
        for _ in range(3):
            assert next(writing) < 1
        assert len(bpy.data.actions) == 3
        writing.close()
        assert dump() == before


def lose_object() -> None:
    bpy.data.objects.remove(bpy.data.objects["Violin"])


def lose_file() -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)


def lose_draft() -> None:
    """What undo does: the draft is gone."""
    bpy.data.actions.remove(bpy.data.actions["Anna Take 2"])


def lose_pieces() -> None:
    """What undo does after a later step: the draft is as it was before."""
    bpy.data.actions["Anna Take 2"][take_draft.DRAFT] = 1


@pytest.mark.parametrize("loss", [lose_object, lose_file, lose_draft, lose_pieces])
def test_what_happens_meanwhile_is_told(character: Any, loss: Callable[[], None]) -> None:
    write(character, 1)
    many = np.arange(1.0, 20000.0)
    writing = takes.write_take(character, channels(2, many), many, name="Take 2", provenance={})
    for _ in range(3):
        next(writing)
    loss()
    with pytest.raises(takes.TakeError, match=r"gone|undone"):
        list(writing)
    names = [a.name for a in bpy.data.actions]
    assert [n for n in names if "Take 2" in n] == []


def test_undo_in_the_middle(character: Any) -> None:
    """Real undo: the step before the writing comes back while it goes on."""
    bpy.context.preferences.edit.use_global_undo = True
    bpy.ops.ed.undo_push(message="start")
    bpy.data.objects["Violin"].location.x = 3
    bpy.ops.ed.undo_push(message="move")
    many = np.arange(1.0, 20000.0)
    writing = takes.write_take(character, channels(2, many), many, provenance={})
    for _ in range(3):
        next(writing)
    bpy.ops.ed.undo()
    with pytest.raises(takes.TakeError, match=r"gone|undone"):
        list(writing)
    assert not bpy.data.actions
    write(bpy.data.objects["Anna"], 2)
    assert len(bpy.data.objects["Anna"].cadenza_takes) == 1


@pytest.mark.parametrize("again", [False, True])
def test_one_undo_brings_back_what_was(character: Any, again: bool) -> None:
    bpy.context.preferences.edit.use_global_undo = True
    write(character, 1)
    hand_key(curve(character.cadenza_takes[0], HEAD), 150, 3.0)
    bpy.ops.ed.undo_push(message="before")
    before = dump()
    more = {"replace": character.cadenza_takes[0], "keep_hand": False} if again else {}
    write(character, 2, **more)
    after = dump()
    bpy.ops.ed.undo_push(message="take")
    bpy.ops.ed.undo()
    assert dump() == before
    bpy.ops.ed.redo()
    assert dump() == after
    bpy.ops.ed.undo()
    anna = bpy.data.objects["Anna"]
    takes.delete(anna, anna.cadenza_takes[0])
    assert not bpy.data.actions


def test_a_draft_that_undo_brought_back_is_removed(character: Any) -> None:
    left = bpy.data.actions.new("Anna Take 1")
    left[take_draft.DRAFT] = 3
    write(character, 1)
    assert [a.name for a in bpy.data.actions if take_draft.DRAFT in a] == []
    assert len(bpy.data.actions) == 2


def test_a_take_of_one_frame(character: Any) -> None:
    write(character, 1, frames=np.array([12.5]))
    assert takes.frames_of(character.cadenza_takes[0]) == (12.5, 13.5)
    bpy.context.scene.frame_set(12)
    graph = bpy.context.evaluated_depsgraph_get()
    hips = character.evaluated_get(graph).pose.bones["hips"]
    assert np.allclose(hips.location, channels(1, np.array([12.5]))["Anna"][0].values[0], atol=1e-6)


def test_a_renamed_object_is_found_again(character: Any) -> None:
    many = np.arange(1.0, 20000.0)
    writing = takes.write_take(character, channels(2, many), many, provenance={})
    next(writing)
    character.name = "Berta"
    list(writing)
    assert takes.shown(character.cadenza_takes[0])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"channels": {"Nobody": channels(1)["Anna"]}}, "no object 'Nobody'"),
        ({"channels": {"Anna": [Channel('pose.bones["tail"].location', "tail", np.zeros((300, 3)))]}}, "map its bones"),
        ({"channels": {"Anna": [Channel(HIPS, "hips", np.zeros((299, 3)))]}}, "299 values for 300 frames"),
        ({"part": "legs"}, "nothing moves legs"),
        ({"frame_range": (20, 10)}, "from a frame to a later one"),
    ],
)
def test_what_cannot_be_written_is_told_before(character: Any, change: dict[str, Any], words: str) -> None:
    before = dump()
    with pytest.raises(takes.TakeError, match=words):
        write(character, 1, **change)
    assert dump() == before


def test_names_are_unique_and_follow_renaming(character: Any) -> None:
    for seed in (1, 2, 3):
        write(character, seed)
    assert [t.name for t in takes.takes_of(character)] == ["Take 1", "Take 2", "Take 3"]
    take = character.cadenza_takes[1]
    tracks = [t.name for _, t, _ in takes.strips_of(take)]
    take.name = "Take 1"  # as the panel's list does
    assert take.name == "Take 2"
    takes.rename(character, take, "  softer ")
    assert {s.name for _, _, s in takes.strips_of(take)} == {take.name} == {"softer"}
    assert [e.action.name for e in take.actions] == ["Anna softer", "Violin softer"]
    assert [t.name for _, t, _ in takes.strips_of(take)] == tracks


def test_star_and_duplicate(character: Any) -> None:
    for seed in (1, 2):
        write(character, seed)
    take = character.cadenza_takes[0]
    takes.star(take)
    assert take.starred
    assert takes.duplicate(character, take) == {"generator": "test", "seed": 3}


def test_solo_shows_the_take_without_the_animators_layers(character: Any) -> None:
    write(character, 1)
    plain = posed(character, 100)
    animators_strip(character, "over it", 90)
    assert not np.allclose(posed(character, 100), plain, atol=0.1)
    takes.solo(character.cadenza_takes[0])
    assert np.allclose(posed(character, 100), plain, atol=1e-6)
    assert takes.soloed(character.cadenza_takes[0])
    takes.solo(character.cadenza_takes[0], False)
    assert not np.allclose(posed(character, 100), plain, atol=0.1)


# What lies on top


def active_action(item: Any, path: str = HIPS) -> Any:
    item.animation_data_create()
    item.pose.bones["hips"].keyframe_insert(path.rpartition(".")[2], frame=1)
    return item.animation_data.action


def test_an_active_action_over_the_take_is_told_and_left_alone(character: Any) -> None:
    action = active_action(character)
    before = (action.name, [(c.data_path, c.array_index, keys(c)) for c in curves_of(action).fcurves])
    write(character, 1)
    assert f"{action.name!r}" in takes.hidden_by(character)
    assert "push it down" in takes.hidden_by(character)
    assert character.animation_data.action == action
    assert before == (action.name, [(c.data_path, c.array_index, keys(c)) for c in curves_of(action).fcurves])
    takes.solo(character.cadenza_takes[0])
    assert takes.hidden_by(character) == ""
    takes.solo(character.cadenza_takes[0], False)
    character.animation_data.action_blend_type = "COMBINE"
    assert takes.hidden_by(character) == ""


def test_an_active_action_on_other_bones_hides_nothing(character: Any) -> None:
    active_action(character, 'pose.bones["hips"].scale')
    write(character, 1)
    assert takes.hidden_by(character) == ""


def test_nla_switched_off_and_other_solos_are_told(character: Any) -> None:
    write(character, 1)
    assert takes.hidden_by(character) == ""
    character.animation_data.use_nla = False
    assert "switched off" in takes.hidden_by(character)
    character.animation_data.use_nla = True
    strip = animators_strip(character, "mine", 400)
    character.animation_data.nla_tracks[-1].is_solo = True
    assert strip.name == "mine"
    assert "plays solo" in takes.hidden_by(character)


# Writing again


def values(curve: Any) -> np.ndarray:
    out = np.empty(len(curve.keyframe_points) * 2, np.float32)
    curve.keyframe_points.foreach_get("co", out)
    return out.reshape(-1, 2)


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


def hand_key(curve: Any, frame: float, value: float) -> None:
    curve.keyframe_points.insert(frame, value)
    curve.update()


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


# Files


def saved(character: Any, folder: Path) -> Path:
    write(character, 1)
    write(character, 2)
    takes.star(character.cadenza_takes[0])
    hand_key(curve(character.cadenza_takes[1], HEAD), 150, 3.0)
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "anna.blend"))
    return folder / "anna.blend"


def test_all_survives_saving_and_reopening(character: Any, tmp_path: Path) -> None:
    path = saved(character, tmp_path)
    before, pose = dump(), posed(character, 77)
    bpy.ops.wm.open_mainfile(filepath=str(path))
    anna = bpy.data.objects["Anna"]
    assert dump() == before
    assert np.array_equal(posed(anna, 77), pose)
    assert write(anna, 3, replace=anna.cadenza_takes[1]).hand_keys == 1


@pytest.mark.parametrize("times", [1, 2])
def test_an_appended_character_brings_its_takes(character: Any, tmp_path: Path, times: int) -> None:
    path, pose = saved(character, tmp_path), posed(character, 77)
    empty_file()
    for _ in range(times):
        with bpy.data.libraries.load(str(path)) as (_, wanted):
            wanted.collections = ["Anna"]
        bpy.context.scene.collection.children.link(wanted.collections[0])
    annas = [o for o in bpy.data.objects if o.cadenza_takes]
    assert len(annas) == times
    assert len(bpy.data.actions) == 4 * times
    for anna in annas:
        assert [(t.name, t.starred, takes.shown(t)) for t in anna.cadenza_takes] == [
            ("Take 1", True, False),
            ("Take 2", False, True),
        ]
        assert np.allclose(posed(anna, 77), pose, atol=1e-6)
    takes.show(annas[0], annas[0].cadenza_takes[0])
    takes.delete(annas[0], annas[0].cadenza_takes[1])
    if times == 2:
        assert np.allclose(posed(annas[1], 77), pose, atol=1e-6)


def test_an_overridden_character_has_takes_of_its_own(character: Any, tmp_path: Path) -> None:
    path, pose = saved(character, tmp_path), posed(character, 77)
    empty_file()
    with bpy.data.libraries.load(str(path), link=True) as (_, wanted):
        wanted.collections = ["Anna"]
    wanted.collections[0].override_hierarchy_create(bpy.context.scene, bpy.context.view_layer)
    anna, violin = (next(o for o in bpy.data.objects if o.library is None and n in o.name) for n in ("Anna", "Violin"))
    assert np.allclose(posed(anna, 77), pose, atol=1e-6)
    body, props = channels(3).values()
    write(anna, 3, channels={anna.name: body, violin.name: props})
    own = posed(anna, 77)
    assert not np.allclose(own, pose, atol=0.01)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "shot.blend"))
    anna = next(o for o in bpy.data.objects if o.library is None and "Anna" in o.name)
    assert [t.name for t in anna.cadenza_takes] == ["Take 1", "Take 2", "Take 3"]
    assert np.allclose(posed(anna, 77), own, atol=1e-6)
    with pytest.raises(takes.TakeError, match="comes from the linked file"):
        takes.delete(anna, anna.cadenza_takes[1])
    takes.show(anna, anna.cadenza_takes[1])
    assert np.allclose(posed(anna, 77), pose, atol=1e-6)
    takes.delete(anna, anna.cadenza_takes[2])
    assert [t.name for t in anna.cadenza_takes] == ["Take 1", "Take 2"]


def test_a_take_of_the_library_can_be_written_again_for_the_override(character: Any, tmp_path: Path) -> None:
    """The linked action stays; the override's strip plays a copy, which the shot keeps."""
    path = saved(character, tmp_path)
    empty_file()
    with bpy.data.libraries.load(str(path), link=True) as (_, wanted):
        wanted.collections = ["Anna"]
    wanted.collections[0].override_hierarchy_create(bpy.context.scene, bpy.context.view_layer)
    anna, violin = (next(o for o in bpy.data.objects if o.library is None and n in o.name) for n in ("Anna", "Violin"))
    body, props = channels(3).values()
    before = posed(anna, 77)
    write(anna, 3, channels={anna.name: body, violin.name: props}, replace=anna.cadenza_takes[1], part="bow_arm")
    changed = posed(anna, 77)
    assert not np.allclose(changed, before, atol=0.01)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "shot.blend"))
    anna = next(o for o in bpy.data.objects if o.library is None and "Anna" in o.name)
    assert [t.name for t in anna.cadenza_takes] == ["Take 1", "Take 2"]
    assert np.allclose(posed(anna, 77), changed, atol=1e-6)


def test_a_linked_character_says_what_to_do(character: Any, tmp_path: Path) -> None:
    path = saved(character, tmp_path)
    empty_file()
    with bpy.data.libraries.load(str(path), link=True) as (_, wanted):
        wanted.objects = ["Anna"]
    with pytest.raises(takes.TakeError, match="library override"):
        write(wanted.objects[0], 1)


def test_strips_know_their_place_whatever_order_is_needed(character: Any) -> None:
    """Each end of a strip is held at the other; every move arrives all the same."""
    write(character, 1)
    _, _, strip = takes.strips_of(character.cadenza_takes[0])[0]
    for first, last in ((400.25, 900.5), (-50.0, -20.0), (1.0, 300.0)):
        nla.set_range(strip, first, last)
        placed = (strip.frame_start, strip.frame_end, strip.action_frame_start, strip.action_frame_end)
        assert placed == pytest.approx((first, last, first, last))
        assert strip.scale == pytest.approx(1.0)
