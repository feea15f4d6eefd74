# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A character that is looked at: what is seen can be put back on it, and what it was moved by stays."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import music_search, repairs, takes  # noqa: E402
from blender_addon.character import bone_map_of, guess  # noqa: E402
from blender_addon.core.annotations import Annotation, AnnotationTrack  # noqa: E402
from blender_addon.reference import Reference  # noqa: E402
from blender_addon.rig import perform  # noqa: E402
from blender_addon.rig.capture import CaptureError, Places, Poses, Watching  # noqa: E402
from blender_addon.rig.hand_keys import keyed  # noqa: E402
from tests.addon_driving import add_character, empty_file  # noqa: E402

LAST = 30


@pytest.fixture
def scene() -> Iterator[Any]:
    bpy.ops.preferences.addon_enable(module="blender_addon")
    found = empty_file()
    found.render.fps, found.render.fps_base, found.frame_end = 24, 1.0, LAST
    guess(add_character())
    yield found
    bpy.ops.preferences.addon_disable(module="blender_addon")


def play(armature: Any, every: int = 1) -> None:
    """Both arms and the spine turn, keyed on every so many frames."""
    for name, speed in (("right_upper_arm", 3.0), ("left_lower_arm", 2.0), ("spine", 1.0)):
        bone = armature.pose.bones[name]
        bone.rotation_mode = "XYZ"
        for frame in range(1, LAST + 1, every):
            bone.rotation_euler = (0.3 * np.sin(speed * frame / 10), 0.1, 0.2 * np.cos(speed * frame / 10))
            bone.keyframe_insert("rotation_euler", frame=frame)


def places(scene: Any, armature: Any, frames: range) -> np.ndarray:
    found = []
    for frame in frames:
        scene.frame_set(frame)
        found.append(
            [list(armature.pose.bones[name].head) for name in ("right_hand", "left_hand", "head", "left_foot")]
        )
    return np.array(found)


def looked_at(scene: Any, armature: Any, look: Any, first: float = 1.0, last: float = LAST) -> Any:
    watching = Watching(scene, armature, look, first, last, 0.0, 24.0)
    while not watching.done:
        watching.advance(time.perf_counter())  # one frame at a time
    return watching.motion()


@pytest.mark.parametrize("scale", [1.0, 2.5])
def test_what_is_seen_can_be_put_back(scene: Any, scale: float) -> None:
    armature = scene.cadenza.character
    armature.scale = (scale,) * 3
    armature.rotation_euler = (0.0, 0.0, 0.7)
    play(armature)
    scene.frame_set(5)
    before = places(scene, armature, range(1, LAST + 1))
    scene.frame_set(5)
    motion = looked_at(scene, armature, Poses(armature, bone_map_of(armature)))
    assert scene.frame_current == 5
    assert (motion.fps, len(motion)) == (24.0, LAST)
    upper, lower = motion.joint("right_upper_arm"), motion.joint("right_lower_arm")
    assert np.linalg.norm(lower - upper, axis=1) == pytest.approx(0.3255 * scale, abs=1e-3)  # metres of the scene
    solved = perform.plan(armature, motion, bone_map_of(armature), scene, 0.0).solve()
    armature.animation_data.action = None
    written = takes.write_take(armature, solved.channels, solved.frames, provenance={})
    for _ in written:
        pass
    after = places(scene, armature, range(1, LAST + 1))
    assert np.abs(after - before).max() < 2e-3


def test_recognisers_see_places_in_the_world(scene: Any) -> None:
    armature = scene.cadenza.character
    armature.location = (1.0, 2.0, 0.0)
    play(armature)
    motion = looked_at(scene, armature, Places(armature, bone_map_of(armature)), 3.0, 20.0)
    assert motion.start == pytest.approx(2 / 24)
    scene.frame_set(3)
    world = armature.matrix_world @ armature.pose.bones["right_hand"].head
    assert motion.joint("right_hand")[0] == pytest.approx(list(world), abs=1e-5)


def test_frames_with_keys_are_told_from_what_lies_between(scene: Any) -> None:
    armature = scene.cadenza.character
    frames = np.arange(1.0, LAST + 1)
    bones = ["right_upper_arm", "left_lower_arm", "spine"]
    assert keyed(armature, bones, frames).all()  # nothing is keyed
    play(armature, every=6)
    assert (np.nonzero(keyed(armature, bones, frames))[0] + 1).tolist() == [1, 7, 13, 19, 25]
    play(armature, every=2)  # mocap at half of the scene's rate
    assert (np.nonzero(keyed(armature, bones, frames))[0] + 1).tolist() == list(range(1, LAST + 1, 2))
    play(armature)
    assert keyed(armature, bones, frames).all()


def test_keys_of_a_strip_count_where_it_lies(scene: Any) -> None:
    armature = scene.cadenza.character
    frames = np.arange(1.0, LAST + 1)
    play(armature, every=4)
    track = armature.animation_data.nla_tracks.new()
    strip = track.strips.new("rough", 3, armature.animation_data.action)
    armature.animation_data.action = None
    first = 3 + 1 - int(strip.action_frame_start)
    assert (np.nonzero(keyed(armature, ["spine"], frames))[0] + 1).tolist() == list(range(first, LAST + 1, 4))
    track.mute = True
    assert keyed(armature, ["spine"], frames).all()


def test_a_take_is_laid_over_the_action(scene: Any) -> None:
    armature = scene.cadenza.character
    play(armature)
    jaw = armature.pose.bones["head"]
    jaw.location = (0.0, 0.05, 0.0)
    jaw.keyframe_insert("location", frame=1)  # what only the animator's action moves
    own = armature.animation_data.action
    motion = looked_at(scene, armature, Poses(armature, bone_map_of(armature)), 8.0, 20.0)
    solved = perform.plan(armature, motion, bone_map_of(armature), scene, 0.0).solve()
    chosen = {name: [c for c in cs if "spine" in c.path] for name, cs in solved.channels.items()}
    for _ in takes.write_take(armature, chosen, solved.frames, provenance={}):
        pass
    (take,) = takes.takes_of(armature)
    assert takes.hidden_by(armature)
    before = places(scene, armature, range(1, LAST + 1))
    takes.lay_over(take)
    assert takes.hidden_by(armature) == ""
    assert armature.animation_data.action is None
    tracks = armature.animation_data.nla_tracks
    assert [t.strips[0].action for t in tracks] == [own, take.actions[0].action]
    assert takes.shown(take)
    assert (
        np.abs(places(scene, armature, range(1, LAST + 1)) - before).max() < 0.01
    )  # outside the take the action goes on


def test_ranges_and_rigs_that_cannot_be_looked_at_are_told(scene: Any) -> None:
    armature = scene.cadenza.character
    look = Places(armature, bone_map_of(armature))
    with pytest.raises(CaptureError, match="between half a second and 30 minutes"):
        Watching(scene, armature, look, 5.0, 6.0, 0.0)
    watching = Watching(scene, armature, look, 1.0, 30.0, 0.0)
    bpy.data.objects.remove(armature)
    with pytest.raises(CaptureError, match="was deleted"):
        watching.advance(0.0)


def test_frames_are_marked_and_changes_are_found(scene: Any) -> None:
    scene.frame_set(12)
    assert repairs.toggle_keep(scene)
    scene.timeline_markers.new("keep.001", frame=20)
    scene.timeline_markers.new("keepsake", frame=25)
    assert repairs.kept_frames(scene) == [12, 20]
    assert not repairs.toggle_keep(scene)
    assert repairs.kept_frames(scene) == [20]
    values = (1.0, 30.0, 50.0, 25.0, 3.0, 90.0, 10.0)
    found = repairs.peaks(tuple(Annotation(i / 10, 0.0, v) for i, v in enumerate(values)))
    assert [a.value for a in found] == [50.0, 90.0]


def test_tracks_are_put_on_the_shelf_by_rank(scene: Any) -> None:
    def track(name: str, **more: Any) -> dict[str, Any]:
        return {"path": f"/music/{name}", "name": name, **more}

    told = AnnotationTrack(
        "recommendation",
        (
            Annotation(0.5, 0.0, track("second.wav", rank=2, score=1.0, tempo_ratio=1.05, reason="fits")),
            Annotation(7.25, 0.0, track("first.wav", rank=1, score=2.0, tempo_ratio=1.0, reason="fits well")),
            Annotation(0.0, 0.0, track("broken.mp3", left_out="is no sound")),
        ),
    )
    assert music_search.Shelf(Reference.to(scene), 11.0).put([told]) == (2, "")
    state = scene.cadenza_music_found
    assert [t.name for t in state.tracks] == ["first.wav", "second.wav", "broken.mp3"]
    assert (state.tracks[0].offset, state.frame) == (7.25, 11.0)
    assert music_search.speed_of(state.tracks[0]) == ""
    assert "stretch the motion to 105.0 %" in music_search.speed_of(state.tracks[1])


@pytest.mark.parametrize(("first", "last", "every", "meant"), [
    (0, 100, 1, False),  # a strip that is shorter than the range
    (0, 250, 2, False), (1, 250, 2, False), (0, 100, 2, False),  # mocap of half the rate
    (0, 250, 3, False), (10, 240, 4, True), (0, 30, 6, True),  # blocking
])  # fmt: skip
def test_poses_are_told_from_mocap(first: int, last: int, every: int, meant: bool) -> None:
    keys = np.zeros(250, dtype=bool)
    keys[first:last:every] = True
    seen, kept = repairs.seen_frames(keys)
    assert kept.tolist() == (keys if meant else np.zeros_like(keys)).tolist()
    inside = slice(first, np.nonzero(keys)[0][-1] + 1)
    assert seen[inside].tolist() == keys[inside].tolist()
    outside = np.ones_like(keys)
    outside[inside] = False
    assert (seen[outside] == (not meant)).all()
