# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Generators that play with the body of the character: filling, varying, and mocap that gets hands, live."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import connection, followed, obstacles, orders, takes  # noqa: E402
from blender_addon.audio_source import source_of  # noqa: E402
from blender_addon.character import bone_map_of, guess  # noqa: E402
from blender_addon.panels.generator import GeneratorPanel  # noqa: E402
from blender_addon.rig import perform  # noqa: E402
from blender_addon.rig.action import curves_of  # noqa: E402
from blender_addon.rig.hand_keys import unposed_limbs  # noqa: E402
from blender_addon.rig.mannequin import editing_bones  # noqa: E402
from blender_addon.timeline import frame_rate, seconds_at, set_frame_rate  # noqa: E402
from tests.addon_driving import add_character, character, generate, keys  # noqa: E402
from tests.fill_driving import LAST, done, hand_at  # noqa: E402
from tests.panel_drawing import drawn  # noqa: E402
from tests.running import TUNE, melody, write_midi  # noqa: E402
from tests.serving import sound_file  # noqa: E402

FRAMES = (5, 24, 40)
EVERY = range(1, LAST + 1)
PLAYERS = {"violin": "performer", "piano": "pianist"}
TIPS = ("right_index_distal", "right_little_distal", "left_index_distal", "left_ring_distal")


def play() -> set[str]:
    """Generate with the body as it is."""
    bpy.context.scene.cadenza.keep_body = True
    return set(bpy.ops.cadenza.generate())


def fill() -> set[str]:
    return set(bpy.ops.cadenza.fill())


@pytest.fixture(params=["violin", "piano"])
def instrument(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def tune(stage: Any, tmp_path: Path, instrument: str) -> Any:
    """A stage with a tune to play."""
    state = stage.cadenza
    state.source, state.score_file = "SCORE", str(write_midi(tmp_path / "tune.mid", melody()))
    state.instrument = instrument
    state.generator = state.filler = PLAYERS[instrument]
    return stage


def pose_trunk(frames: Any = FRAMES, size: float = 0.2) -> Any:
    """Key the trunk of the character at some frames; the action."""
    for name in ("spine", "head"):
        item = character().pose.bones[name]
        item.rotation_mode = "XYZ"
        for i, frame in enumerate(frames):
            item.rotation_euler = (size * (-1) ** i, 0.1, 0.05 * i)
            item.keyframe_insert("rotation_euler", frame=frame)
    return character().animation_data.action


def turns(scene: Any, frames: Any, bones: Any = ("hips", "spine", "head")) -> np.ndarray:
    """(T, B, 3, 3) how bones are turned in the character's space."""
    found = []
    for frame in frames:
        scene.frame_set(frame)
        found.append([np.array(character().pose.bones[b].matrix.to_3x3().normalized()) for b in bones])
    return np.array(found)


def degrees(a: np.ndarray, b: np.ndarray) -> float:
    """The largest angle between turns."""
    trace = np.trace(np.swapaxes(a, -1, -2) @ b, axis1=-2, axis2=-1)
    return float(np.degrees(np.arccos(np.clip((trace - 1) / 2, -1, 1))).max())


def where_hands_are(scene: Any, frames: Any) -> np.ndarray:
    """(T, 2, 3) in the character's space."""
    found = []
    for frame in frames:
        scene.frame_set(frame)
        found.append([np.array(character().pose.bones[f"{side}_hand"].head) for side in ("left", "right")])
    return np.array(found)


def resting() -> np.ndarray:
    """(2, 3) where hands are at rest."""
    return np.array([np.array(character().data.bones[f"{side}_hand"].head_local) for side in ("left", "right")])


def played(scene: Any, frames: Any) -> np.ndarray:
    """(T, N, 3) fingertips and bow as what is played sees them."""
    found = []
    for frame in frames:
        scene.frame_set(frame)
        items = [i for i in (character(), *character().children) if i.type == "ARMATURE" and not i.hide_viewport]
        of = {bone.name: np.array(i.matrix_world @ bone.matrix) for i in items for bone in i.pose.bones}
        piano = scene.cadenza.instrument == "piano"
        seen = [np.linalg.inv(of["keyboard" if piano else "violin_end"]) @ of[bone] for bone in TIPS]
        found.append(
            [m[:3, 3] for m in (seen if piano else [*seen[2:], np.linalg.inv(of["violin_end"]) @ of["bow_frog"]])]
        )
    return np.array(found)


def test_poses_of_the_trunk_stay_and_hands_play(tune: Any) -> None:
    assert generate().state == "finished"
    reference = played(tune, EVERY)
    takes.show(character(), None)
    mine = pose_trunk()
    posed, before = turns(tune, FRAMES), [tuple(k.co) for c in curves_of(mine).fcurves for k in c.keyframe_points]
    take = done(bpy.ops.cadenza.fill)
    told = takes.provenance(take)
    assert (take.name, told["generator"], told["filled"]["posed"]) == ("Filled 1", tune.cadenza.filler, 3)
    assert degrees(turns(tune, FRAMES), posed) < 0.05
    assert before == [tuple(k.co) for c in curves_of(mine).fcurves for k in c.keyframe_points]
    frames = range(FRAMES[0], FRAMES[-1] + 1)
    off = np.linalg.norm(played(tune, frames) - reference[FRAMES[0] - 1 : FRAMES[-1]], axis=2)
    # The joint behind each fingertip; the hand leans otherwise when the body does. In poses as between them.
    assert np.median(off) < 0.004
    assert off.max() < 0.02
    between = turns(tune, range(6, 24))
    assert degrees(between[:1], between[-1:]) > 5.0  # it goes from the one pose to the other


def test_limbs_that_were_posed_stay_too(tune: Any) -> None:
    assert generate().state == "finished"
    pose_trunk()
    arm = character().pose.bones["left_upper_arm"]
    arm.rotation_mode = "XYZ"
    for frame in FRAMES:
        arm.rotation_euler = (0.1, 0.6, 0.4)
        arm.keyframe_insert("rotation_euler", frame=frame)
    bones = ("spine", "head", "left_upper_arm", "left_hand")
    posed = turns(tune, FRAMES, bones)
    done(bpy.ops.cadenza.fill)
    assert degrees(turns(tune, FRAMES, bones), posed) < 0.05
    left = 2 if tune.cadenza.instrument == "piano" else 0
    far = np.linalg.norm(played(tune, FRAMES)[:, left] - played(tune, [14])[:, left], axis=1)
    assert far.min() > 0.05


def test_a_take_is_varied_and_plays_the_same(tune: Any) -> None:
    assert generate().state == "finished"
    (take,) = takes.takes_of(character())
    stand = perform.stand_of(character())
    tune.timeline_markers.new("Keep", frame=20)
    before, hands = turns(tune, EVERY), played(tune, EVERY)
    group = getattr(tune.cadenza, f"options_{tune.cadenza.filler}")
    group.value_variation = 1.0
    varied = done(bpy.ops.cadenza.vary)
    assert (varied.name, takes.provenance(varied)["varied"]["take"]) == ("Varied 1", take.name)
    after = turns(tune, EVERY)
    assert degrees(after[19:20], before[19:20]) < 0.05
    assert degrees(after, before) > 0.3
    assert np.median(np.linalg.norm(played(tune, EVERY) - hands, axis=2)) < 0.004
    if stand is not None:
        again = perform.stand_of(character())
        assert again is not None
        assert np.allclose(again.keyboard, stand.keyboard, atol=1e-5)
    group.value_variation = 0.0
    assert obstacles.to_varying(tune) == obstacles.STAYS


@pytest.mark.parametrize("instrument", ["piano"], indirect=True)
def test_the_piano_stays_where_the_animator_put_it(tune: Any) -> None:
    guess(add_character("Bea", lambda joint: joint.replace("key", "k")))
    assert generate().state == "finished"
    (take,) = takes.takes_of(character())
    for entry in take.actions:
        for curve in curves_of(entry.action).fcurves:
            if curve.data_path in ('pose.bones["keyboard"].location', 'pose.bones["bench"].location'):
                for key in curve.keyframe_points:
                    key.co[1] += (0.04, 0.03, 0.0)[curve.array_index]
    tune.frame_set(3)
    stand = perform.stand_of(character())
    assert stand is not None
    done(bpy.ops.cadenza.vary)
    again = perform.stand_of(character())
    assert again is not None
    assert np.allclose(again.keyboard, stand.keyboard, atol=1e-5)
    assert np.allclose(again.bench, stand.bench, atol=1e-5)
    contact = json.loads(character().cadenza.report)["contact"]
    assert contact["keys"]["part_within"] == 1.0
    perform.props_of(character(), perform.PIANO).hide_viewport = True
    assert perform.stand_of(character()) is None  # one that is put away; who plays next gets one that fits


def test_mocap_keeps_its_body_and_gets_hands(tune: Any) -> None:
    """On a rig of other names and half the size, whose action has a key in every frame."""
    guess(add_character("Bea", lambda joint: joint.replace("violin", "v").replace("bow", "b").replace("key", "k")))
    character().scale = (0.5, 0.5, 0.5)
    angles = {frame: 0.06 * np.sin(0.4 * frame) for frame in EVERY}
    for name in ("spine", "head"):
        item = character().pose.bones[name]
        item.rotation_mode = "XYZ"
        for frame, angle in angles.items():
            item.rotation_euler = (angle, 0.5 * angle, 0.0)
            item.keyframe_insert("rotation_euler", frame=frame)
    seen = turns(tune, EVERY)
    take = done(play)
    assert not bpy.ops.cadenza.generate_four.poll()
    assert (take.name, take.generator) == ("Take 1", tune.cadenza.generator)
    assert takes.provenance(take)["options"]["variation"] == 0.0
    assert takes.provenance(take)["played"]["posed"] == LAST
    assert "keep_body" in drawn(GeneratorPanel)
    with pytest.raises(RuntimeError, match="was played, not generated; press Generate with Keep My Body"):
        bpy.ops.cadenza.new_seed_take()
    assert degrees(turns(tune, EVERY), seen) < 0.5
    contact = json.loads(character().cadenza.report)["contact"]
    played_on = "keys" if tune.cadenza.instrument == "piano" else "fingertips"
    assert contact[played_on]["part_within"] == 1.0
    assert keys(take, "right_hand").std() > 0.0
    character().cadenza_take_index = 0
    with pytest.raises(RuntimeError, match="'Take 1' was played, not generated; press Generate with Keep My Body"):
        bpy.ops.cadenza.new_seed_take()


def test_arms_that_nobody_moved_play_in_frames_that_are_kept_too(tune: Any) -> None:
    pose_trunk(EVERY, 0.02)
    tune.timeline_markers.new("Keep", frame=20)
    done(play)
    hands = where_hands_are(tune, (16, 20))
    assert np.linalg.norm(hands[1] - hands[0], axis=1).max() < 0.25  # at rest they hang half a metre away
    assert np.linalg.norm(hands[1] - resting(), axis=1).min() > 0.25


@pytest.mark.parametrize("instrument", ["violin"], indirect=True)
def test_limbs_of_control_rigs_count_as_posed(tune: Any) -> None:
    """A bone that stands for no joint may move any of them."""
    with editing_bones(character()) as bones:
        bones.new("ik").tail = (0.0, 0.0, 0.1)
    pose_trunk()
    frames, bone_map = np.arange(1.0, LAST + 1), bone_map_of(character())
    assert unposed_limbs(character(), bone_map, frames) == {"bow_arm", "left_hand", "legs"}
    character().pose.bones["ik"].keyframe_insert("location", frame=24)
    assert unposed_limbs(character(), bone_map, frames) == frozenset()
    assert unposed_limbs(character(), bone_map, frames[:10]) == {"bow_arm", "left_hand", "legs"}


@pytest.mark.parametrize("instrument", ["violin"], indirect=True)
def test_legs_stay_to_knees_and_soles(tune: Any) -> None:
    """Bent, and turned outwards: places of the ankles do not tell that."""
    for side, out in (("left", 0.5), ("right", -0.5)):
        bent = {"upper_leg": (0.9, 0.0, out), "lower_leg": (-1.6, 0.0, 0.0), "foot": (0.7, 0.0, 0.0)}
        for part, angles in bent.items():
            item = character().pose.bones[f"{side}_{part}"]
            item.rotation_mode = "XYZ"
            item.rotation_euler = angles
            for frame in EVERY:
                item.keyframe_insert("rotation_euler", frame=frame)
    legs = [f"{side}_{part}" for side in ("left", "right") for part in ("upper_leg", "lower_leg", "foot")]
    seen = turns(tune, (5, 30), legs)
    done(play)
    assert degrees(turns(tune, (5, 30), legs), seen) < 0.1


@pytest.mark.parametrize("instrument", ["violin"], indirect=True)
@pytest.mark.parametrize("press", [play, fill])
def test_who_walks_by_their_root_walks_once(tune: Any, press: Callable[[], set[str]]) -> None:
    """The bone above the hips stays as it is, so that the take must not have what it does."""
    bpy.context.view_layer.objects.active = character()
    bpy.ops.object.mode_set(mode="EDIT")
    bones = character().data.edit_bones
    root = bones.new("root")
    root.tail = (0.0, 0.2, 0.0)
    bones["hips"].parent = root
    bpy.ops.object.mode_set(mode="OBJECT")
    guess(character())
    pose_trunk()
    item = character().pose.bones["root"]
    for frame in FRAMES:
        item.location, item.rotation_quaternion = (0.05 * frame, 0.02 * frame, 0.0), (1.0, 0.0, 0.03 * frame, 0.0)
        item.keyframe_insert("location", frame=frame)
        item.keyframe_insert("rotation_quaternion", frame=frame)
    seen, at, hanging = turns(tune, FRAMES), hand_at(tune, FRAMES, "head"), turns(tune, FRAMES, ["right_lower_arm"])
    done(press)
    assert degrees(turns(tune, FRAMES), seen) < 0.05
    assert degrees(turns(tune, FRAMES, ["right_lower_arm"]), hanging) > 20.0  # nobody posed it, so it plays
    assert np.abs(hand_at(tune, FRAMES, "head") - at).max() < 1e-4


@pytest.mark.parametrize("instrument", ["violin"], indirect=True)
@pytest.mark.parametrize("press", [play, fill])
def test_a_layer_over_a_take_is_in_the_new_take_once(tune: Any, press: Callable[[], set[str]]) -> None:
    assert generate().state == "finished"
    assert bpy.ops.cadenza.add_layer() == {"FINISHED"}
    layer = pose_trunk()
    seen = turns(tune, FRAMES)
    take = done(press)
    assert degrees(turns(tune, FRAMES), seen) < 0.05
    below = [strip.action for track in character().animation_data.nla_tracks for strip in track.strips]
    assert below.index(layer) < below.index(take.actions[0].action)
    assert (character().animation_data.action, layer.users) == (None, 1)


@pytest.mark.parametrize("instrument", ["violin"], indirect=True)
@pytest.mark.parametrize("rate", [(24, 1.001), (60, 1.0)])
def test_keys_lie_on_whole_frames_at_any_rate(tune: Any, tmp_path: Path, rate: tuple[int, float]) -> None:
    tune.render.fps, tune.render.fps_base = rate
    tune.cadenza.score_file = str(write_midi(tmp_path / "long.mid", melody(TUNE * 4)))
    frames = [int(second * rate[0]) for second in (6.0, 6.4, 7.0)]
    tune.frame_end = frames[-1] + 5
    pose_trunk(frames)
    at = keys(done(bpy.ops.cadenza.fill))[:, 0]
    assert at.tolist() == list(range(frames[0], frames[-1] + 1))


@pytest.mark.parametrize("instrument", ["violin"], indirect=True)
def test_keys_of_a_range_in_seconds_lie_on_whole_frames(tune: Any) -> None:
    tune.cadenza.range, tune.cadenza.start, tune.cadenza.end = "SECONDS", 0.27, 1.9
    pose_trunk(EVERY)
    at = keys(done(play))[:, 0]
    assert at.tolist() == [*range(8, 47)]


@pytest.mark.parametrize("instrument", ["violin"], indirect=True)
def test_poses_before_the_sound_are_no_hindrance(tune: Any, tmp_path: Path) -> None:
    bpy.ops.object.speaker_add()
    speaker = bpy.context.object
    speaker.data.sound = bpy.data.sounds.load(str(sound_file(tmp_path / "later.wav", 2.0)))
    speaker.animation_data.nla_tracks[0].strips[0].frame_start = 13
    tune.cadenza.source, tune.cadenza.speaker, tune.cadenza.score_file = "SPEAKER", speaker, ""
    pose_trunk()
    posed = turns(tune, FRAMES[1:])
    tune.timeline_markers.new("Keep", frame=3)
    for press in (fill, play):
        assert keys(done(press))[0, 0] == 13
        assert degrees(turns(tune, FRAMES[1:]), posed) < 0.05


@pytest.mark.parametrize("instrument", ["piano"], indirect=True)
def test_who_stands_now_and_then_still_reaches_the_keys(tune: Any) -> None:
    """The take in which they sit is shorter than what is played; before and after it they stand."""
    pose_trunk()
    done(bpy.ops.cadenza.fill)
    done(play)
    assert json.loads(character().cadenza.report)["contact"]["keys"]["part_within"] == 1.0


@pytest.mark.parametrize("instrument", ["violin"], indirect=True)
def test_another_seed_is_told_which_button_to_press(tune: Any) -> None:
    pose_trunk(EVERY)
    take = done(play)
    with pytest.raises(orders.OrderError, match="press Generate with Keep My Body"):
        orders.like_take(tune, take)


@pytest.mark.parametrize("instrument", ["piano"], indirect=True)
def test_what_presses_no_keys_is_refused_at_the_piano(tune: Any) -> None:
    assert generate().state == "finished"
    tune.cadenza.filler = "tween"
    tune.cadenza.source, tune.cadenza.sound_file = "FILE", tune.cadenza.sound_file or str(Path(__file__))
    assert obstacles.to_filling(tune) == obstacles.AT_PIANO
    tune.cadenza.filler = "performer"
    assert "does not play the piano" in obstacles.to_filling(tune)


def test_an_older_backend_is_told_from_one_that_has_nobody(tune: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    known = connection.known()
    older = replace(known, components=tuple(replace(c, follows=False) for c in known.components))
    monkeypatch.setattr(connection, "_known", older)
    tune.cadenza.source, tune.cadenza.sound_file = "FILE", tune.cadenza.score_file
    assert "cannot play with a body yet: update it" in obstacles.to_filling(tune)


@pytest.mark.parametrize("instrument", ["violin"], indirect=True)
def test_the_instrument_chooses_who_fills(tune: Any) -> None:
    state = tune.cadenza
    state.instrument = "piano"
    assert (state.generator, state.filler) == ("pianist", "pianist")
    assert [c.name for c in connection.known().fillers("piano") if c.kind == "generator"] == ["pianist"]
    state.instrument = "violin"
    assert state.generator == "performer"
    assert state.filler in [c.name for c in connection.known().fillers("violin")]
    state.generator = "swayer"
    assert "keep_body" not in drawn(GeneratorPanel)


@pytest.mark.parametrize("instrument", ["violin"], indirect=True)
def test_only_who_varies_is_told_not_to(tune: Any) -> None:
    """A backend refuses options that a generator has not."""
    given = {"performer": {"sway": 0.5}, "swayer": {"size": 0.2}}
    assert followed._unvaried(given, "performer") == given | {"performer": {"sway": 0.5, "variation": 0.0}}
    assert followed._unvaried(given, "swayer") == given
    assert followed.idle_options("performer") == ("variation",)  # not shown where it does nothing
    assert followed.idle_options("swayer") == ()


@pytest.mark.parametrize("instrument", ["violin"], indirect=True)
def test_a_take_is_as_long_as_the_frames_that_were_looked_at(tune: Any) -> None:
    tune.cadenza.fill_part, tune.cadenza.fill_from, tune.cadenza.fill_to = True, 12, 40
    pose_trunk((14, 24, 36))
    assert keys(done(bpy.ops.cadenza.fill))[:, 0].tolist() == list(range(14, 37))  # from the first pose to the last


@pytest.mark.parametrize("instrument", ["violin"], indirect=True)
def test_what_is_kept_and_corrected_goes_with_the_job(tune: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    beats = {"annotations": {"version": 1, "tracks": []}}
    monkeypatch.setattr(followed, "corrected", lambda scene, source: beats)
    asked = followed.job(tune, source_of(tune), "performer", (1.0, 40.0), 8, {"performer": {"sway": 0.5}}, (0.5, 1.0))
    assert (asked.request.keep, asked.request.seed, asked.request.annotations) == ((0.5, 1.0), 8, beats["annotations"])
    assert asked.request.options == {"performer": {"sway": 0.5}}


@pytest.mark.parametrize("instrument", ["violin"], indirect=True)
@pytest.mark.parametrize(("fps", "zero"), [(24.0, 0.0), (30 / 1.001, 0.0), (24.0, 0.4), (24.0, 250.7)])
def test_what_is_played_around_falls_on_the_frames_that_are_seen(tune: Any, fps: float, zero: float) -> None:
    """At a rate of which four seconds are no whole frames, and where the sound begins between two frames."""
    set_frame_rate(tune, fps)
    source = replace(source_of(tune), frame=tune.frame_start + zero, start=0.0, end=60.0)
    asked = followed.job(tune, source, "performer", (301.0, 400.0), 1, {}, ()).request
    first = float(seconds_at(tune, 301.0, source.origin(tune)))
    assert asked.start is not None
    assert asked.start >= 0.0
    assert first - asked.start > min(followed.AROUND, first) - 1.01 / fps
    before = (first - asked.start) * frame_rate(tune)
    assert before == pytest.approx(round(before), abs=1e-6)
