# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Filling between an animator's poses, varying takes, four seeds: the buttons pressed, against a live server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import beside, connection, fills, jobs, obstacles, options, takes  # noqa: E402
from blender_addon.character import guess  # noqa: E402
from blender_addon.orders import OrderError  # noqa: E402
from blender_addon.panels.fill import FillerMenu, FillPanel  # noqa: E402
from blender_addon.panels.generator import GeneratePanel  # noqa: E402
from blender_addon.rig.action import curves_of  # noqa: E402
from tests.addon_driving import GENERATORS, add_character, character, drive, generate, keys  # noqa: E402
from tests.filling import FILLER  # noqa: E402
from tests.running import melody, write_midi  # noqa: E402
from tests.scene_dump import changes, dump  # noqa: E402
from tests.serving import install_plugin, running_server  # noqa: E402

ARM = "right_upper_arm"
LAST = 48
"""Frames of the sound's two seconds."""
POSES = {1: 0.0, 11: 0.7, 26: -0.4, 48: 0.2}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A live server with a quick generator and a quick filler."""
    folder = tmp_path_factory.mktemp("server")
    with pytest.MonkeyPatch.context() as patch:
        install_plugin(folder, patch, "swaying", GENERATORS)
        install_plugin(folder, patch, "filling", FILLER)
        with running_server(cache=folder / "cache") as found:
            yield found


@pytest.fixture
def stage(scene: Any) -> Any:
    scene.frame_end = LAST
    scene.render.fps, scene.render.fps_base = 24, 1.0
    scene.cadenza.filler, scene.cadenza.fill_seed = "tween", 5
    return scene


def pose(poses: dict[int, float] = POSES, bone: str = ARM) -> Any:
    """Key the bow arm at some frames; the action."""
    item = character().pose.bones[bone]
    item.rotation_mode = "XYZ"
    for frame, angle in poses.items():
        item.rotation_euler = (angle, 0.1, 0.2)
        item.keyframe_insert("rotation_euler", frame=frame)
    return character().animation_data.action


def hand_at(scene: Any, frames: Any, bone: str = "right_hand") -> np.ndarray:
    """(T, 3) where a bone is."""
    found = []
    for frame in frames:
        scene.frame_set(frame)
        found.append(np.array(character().pose.bones[bone].head))
    return np.array(found)


def all_keys(action: Any) -> list[Any]:
    return [
        (c.data_path, c.array_index, tuple(k.co), k.type) for c in curves_of(action).fcurves for k in c.keyframe_points
    ]


def option(**values: Any) -> None:
    for name, value in values.items():
        setattr(bpy.context.scene.cadenza.options_tween, f"value_{name}", value)


def done(press: Any) -> Any:
    """Press a button and wait; the take."""
    assert press() == {"FINISHED"}
    job = drive()
    assert job.state == "finished", job.error
    return takes.find(character(), job.take)


def test_poses_stay_and_what_lies_between_is_filled(stage: Any) -> None:
    own = pose()
    mine, before, straight = all_keys(own), hand_at(stage, POSES), hand_at(stage, range(1, LAST + 1))
    marker = stage.timeline_markers.new("mine", frame=9)
    stage.frame_set(7)
    take = done(bpy.ops.cadenza.fill)
    assert (take.name, take.generator, take.seed) == ("Filled 1", "tween", 5)
    told = takes.provenance(take)
    assert told["filled"] == {"frames": [1, LAST], "posed": len(POSES), "below": ""}
    assert stage.frame_current == 7
    assert (all_keys(own), marker.frame, len(stage.timeline_markers)) == (mine, 9, 1)
    assert takes.hidden_by(character()) == ""
    assert len(keys(take, ARM)) == LAST
    assert np.linalg.norm(hand_at(stage, POSES) - before, axis=1).max() < 2e-4  # metres
    away = np.linalg.norm(hand_at(stage, range(1, LAST + 1)) - straight, axis=1)
    assert away[[f - 1 for f in range(2, LAST) if f not in POSES]].min() > 1e-3


def as_seen(scene: Any, frames: Any) -> tuple[np.ndarray, np.ndarray]:
    """(T, B, 3) where all bones of the character and its instruments are, and (T, B, 3, 3) how they are turned."""
    items = [character(), *(child for child in character().children if child.type == "ARMATURE")]
    places, turns = [], []
    for frame in frames:
        scene.frame_set(frame)
        found = [np.array(item.matrix_world @ bone.matrix) for item in items for bone in item.pose.bones]
        places.append([m[:3, 3] for m in found])
        turns.append([m[:3, :3] / np.linalg.norm(m[:3, :3], axis=0) for m in found])
    return np.array(places), np.array(turns)


@pytest.mark.parametrize("scale", [1.0, 0.7])
@pytest.mark.parametrize("own", [True, False], ids=["instruments in the rig", "instruments of their own"])
def test_poses_of_a_violinist_stay_to_the_last_digit(stage: Any, tmp_path: Path, own: bool, scale: float) -> None:
    """Contact puts bow and fingers on the strings between poses; the poses are the animator's, off the strings too."""
    if not own:
        guess(add_character("Bea", lambda joint: joint.replace("violin", "v").replace("bow", "b")))
    character().scale = (scale, scale, scale)
    state, frames = stage.cadenza, (3, 11, 30, 44)
    state.source, state.score_file = "SCORE", str(write_midi(tmp_path / "tune.mid", melody()))
    state.generator = "performer"
    assert generate().state == "finished"
    (take,) = takes.takes_of(character())
    assert len(take.actions) == (1 if own else 2)
    for frame in frames:
        for bone in (ARM, "left_lower_arm", "left_upper_leg"):
            for curve in curves_of(take.actions[0].action).fcurves:
                if f'"{bone}"' in curve.data_path and "rotation" in curve.data_path and curve.array_index == 2:
                    min(curve.keyframe_points, key=lambda k: abs(k.co[0] - frame)).co[1] += 0.15
    places, turns = as_seen(stage, frames)
    size = violin_size()
    state.source = "FILE"
    filled = done(bpy.ops.cadenza.fill)
    assert takes.provenance(filled)["filled"]["posed"] == len(frames)
    found, turned = as_seen(stage, frames)
    assert np.linalg.norm(found - places, axis=2).max() < 1e-5
    assert np.degrees(np.linalg.norm(turned - turns, axis=(2, 3)).max()) < 0.01
    assert violin_size() == pytest.approx(size, rel=1e-4)


def violin_size() -> float:
    items = [character(), *character().children]
    return next(
        i.pose.bones["violin_end"].scale.x for i in items if i.type == "ARMATURE" and "violin_end" in i.pose.bones
    )


def test_filling_again_sees_poses_that_were_changed_since(stage: Any) -> None:
    own = pose()
    first = done(bpy.ops.cadenza.fill)
    for curve in curves_of(own).fcurves:
        if curve.array_index == 0:
            curve.keyframe_points[1].co[1] = -0.9  # in the action that lies below the take now
            curve.update()
    second = done(bpy.ops.cadenza.fill)
    assert takes.provenance(second)["filled"]["posed"] == len(POSES)
    filled = hand_at(stage, POSES)
    takes.show(character(), None)
    assert np.linalg.norm(filled - hand_at(stage, POSES), axis=1).max() < 2e-4
    takes.show(character(), first)
    assert np.linalg.norm(filled - hand_at(stage, POSES), axis=1)[1] > 0.1


def test_keys_that_were_set_by_hand_in_a_take_are_poses_too(stage: Any) -> None:
    generate()
    (take,) = takes.takes_of(character())
    for frame in (5, 40):
        curve = next(
            c for c in curves_of(take.actions[0].action).fcurves if f'"{ARM}"' in c.data_path and c.array_index == 1
        )
        key = next(k for k in curve.keyframe_points if k.co[0] == frame)
        key.co[1] += 0.3
    before = hand_at(stage, (5, 40))
    first = done(bpy.ops.cadenza.fill)
    assert takes.provenance(first)["filled"] == {"frames": [5, 40], "posed": 2, "below": take.uid}
    assert np.linalg.norm(hand_at(stage, (5, 40)) - before, axis=1).max() < 1e-3
    again = done(bpy.ops.cadenza.fill)  # the filled take has no poses of its own: those below it count
    assert takes.provenance(again)["filled"]["below"] == take.uid
    assert takes.frames_of(again) == (5.0, 40.0)


def test_only_a_range_and_beyond_the_keys(stage: Any) -> None:
    pose({11: 0.7, 26: -0.4})
    assert takes.frames_of(done(bpy.ops.cadenza.fill)) == (11.0, 26.0)
    stage.cadenza.fill_ends = True
    assert takes.frames_of(done(bpy.ops.cadenza.fill)) == (1.0, 48.0)
    stage.cadenza.fill_part, stage.cadenza.fill_from, stage.cadenza.fill_to = True, 8, 30
    assert takes.frames_of(done(bpy.ops.cadenza.fill)) == (8.0, 30.0)
    stage.cadenza.fill_to = 8
    with pytest.raises(OrderError, match="range to fill is empty"):
        fills.fill(stage)


def test_without_poses_or_without_gaps_there_is_nothing_to_fill(stage: Any) -> None:
    with pytest.raises(RuntimeError, match="no two poses of yours"):
        bpy.ops.cadenza.fill()
    pose({f: 0.01 * f for f in range(1, LAST + 1)})
    with pytest.raises(RuntimeError, match="has keys of yours, so there is nothing to fill"):
        bpy.ops.cadenza.fill()


def test_a_face_is_no_pose_but_controls_are(stage: Any) -> None:
    pose({1: 0.0, 48: 0.3})
    with bpy.context.temp_override(object=character(), active_object=character()):
        bpy.context.view_layer.objects.active = character()
        bpy.ops.object.mode_set(mode="EDIT")
        for name, parent in (("jaw", "head"), ("ik", "")):
            bone = character().data.edit_bones.new(name)
            bone.head, bone.tail = (0.0, 0.0, 1.6), (0.0, 0.0, 1.7)
            bone.parent = character().data.edit_bones.get(parent)
        bpy.ops.object.mode_set(mode="OBJECT")
    pose(dict.fromkeys(range(1, LAST + 1, 2), 0.1), "jaw")
    pose({20: 0.1}, "ik")
    assert takes.provenance(done(bpy.ops.cadenza.fill))["filled"]["posed"] == 3


def test_previews_are_seen_while_it_is_worked_on_and_go_without_a_trace(stage: Any) -> None:
    pose()
    stage.frame_set(7)
    option(seconds=60.0)
    before = dump()
    bpy.ops.cadenza.fill()
    drive(lambda job: any("preview" in t.name for t in takes.takes_of(character())))
    (preview,) = takes.takes_of(character())
    assert preview.name == "Filled 1 (preview)"
    drive(lambda job: takes.soloed(takes.takes_of(character())[0]))
    assert takes.hidden_by(character()) == ""
    stage.frame_set(9)
    stage.frame_set(7)
    bpy.ops.cadenza.cancel()
    stage.frame_set(7)
    assert changes(before, dump()) == []


def test_a_better_preview_takes_the_place_of_an_earlier_one(stage: Any) -> None:
    pose()
    option(seconds=60.0)
    bpy.ops.cadenza.fill()
    seen: list[tuple[str, float]] = []

    def second(job: Any) -> bool:
        for take in takes.takes_of(character()):
            if takes.shown(take):
                stage.frame_set(20)
                value = round(character().pose.bones["head"].head.x, 4)
                seen.extend([(take.uid, value)] if (take.uid, value) not in seen else [])
        return len(seen) == 2 and len(takes.takes_of(character())) == 1

    drive(second)
    assert seen[0][0] != seen[1][0]
    assert abs(seen[0][1] - seen[1][1]) > 1e-3
    assert takes.soloed(takes.takes_of(character())[0])
    bpy.ops.cadenza.cancel()
    assert not takes.takes_of(character())
    assert not any(track.is_solo for track in character().animation_data.nla_tracks)


def test_a_take_is_varied_by_how_much_and_where(stage: Any) -> None:
    generate()
    (take,) = takes.takes_of(character())
    option(variation=0.001)
    same = done(bpy.ops.cadenza.vary)
    assert takes.provenance(same)["varied"] == {"frames": [1, LAST], "take": "Take 1"}
    takes.show(character(), take)
    character().cadenza_take_index = 0
    frames = range(1, LAST + 1)
    own = {bone: hand_at(stage, frames, bone) for bone in ("right_hand", "left_hand", "head")}
    takes.show(character(), same)
    assert np.linalg.norm(hand_at(stage, frames) - own["right_hand"], axis=1).max() < 1e-3
    option(variation=1.0, part="right-arm")
    takes.show(character(), same)  # the chosen take is looked at, whichever is seen
    arm = done(bpy.ops.cadenza.vary)
    assert (arm.name, arm.seed) == ("Varied 2", 5)
    assert takes.provenance(arm)["job_options"]["tween"] == {"variation": 1.0, "part": "right-arm"}
    assert np.linalg.norm(hand_at(stage, frames) - own["right_hand"], axis=1).mean() > 0.02
    for still in ("left_hand", "head"):
        assert np.linalg.norm(hand_at(stage, frames, still) - own[still], axis=1).max() < 1e-3
    with pytest.raises(RuntimeError, match="was varied, not generated; press Vary This Take"):
        bpy.ops.cadenza.new_seed_take()


def test_marked_frames_and_keys_by_hand_stay_where_a_take_is_varied(stage: Any) -> None:
    generate()
    (take,) = takes.takes_of(character())
    curve = next(
        c for c in curves_of(take.actions[0].action).fcurves if f'"{ARM}"' in c.data_path and c.array_index == 1
    )
    curve.keyframe_points[29].co[1] += 0.2
    stage.timeline_markers.new("Keep", frame=10)
    before = hand_at(stage, range(1, LAST + 1))
    option(variation=1.0)
    done(bpy.ops.cadenza.vary)
    away = np.linalg.norm(hand_at(stage, range(1, LAST + 1)) - before, axis=1)
    assert away[[9, 29]].max() < 1e-3
    assert away[[8, 10, 28, 30]].min() > 1e-2


def test_what_lies_over_a_take_is_not_varied_twice(stage: Any) -> None:
    generate()
    (take,) = takes.takes_of(character())
    takes.add_layer(character(), take)
    neck = character().pose.bones["neck"]
    neck.rotation_quaternion = (0.9689, 0.2474, 0.0, 0.0)  # half a radian
    neck.keyframe_insert("rotation_quaternion", frame=1)
    layer = character().animation_data.action
    frames = range(1, LAST + 1, 6)
    before = hand_at(stage, frames, "head")
    option(variation=0.001)
    done(bpy.ops.cadenza.vary)
    assert character().animation_data.action == layer
    assert np.linalg.norm(hand_at(stage, frames, "head") - before, axis=1).max() < 1e-3


def test_four_seeds_make_four_takes(stage: Any) -> None:
    pose()
    poses = hand_at(stage, POSES)
    stage.frame_set(3)
    assert bpy.ops.cadenza.fill_four() == {"FINISHED"}
    assert jobs.waiting() == 3
    titles = wait()
    assert titles == [f"Fill Between My Keys, seed {i} of 4" for i in (1, 2, 3, 4)]
    every = list(takes.takes_of(character()))
    assert [(t.name, t.seed) for t in every] == [(f"Seed {i}", 4 + i) for i in (1, 2, 3, 4)]
    assert len({takes.provenance(t)["series"] for t in every}) == 1
    assert stage.frame_current == 3
    moved = []
    for take in every:
        takes.show(character(), take)
        assert np.linalg.norm(hand_at(stage, POSES) - poses, axis=1).max() < 2e-4
        moved.append(hand_at(stage, range(2, 10)))
    assert min(np.abs(a - b).max() for i, a in enumerate(moved) for b in moved[:i]) > 1e-3


def wait() -> list[str]:
    """Until no job runs and none waits; what they were called."""
    titles: list[str] = []
    while jobs.running():
        job = jobs.current()
        assert job is not None
        titles += [job.order.title] if job.order.title not in titles else []
        jobs.poll()
        time.sleep(0.002)
    job = jobs.current()
    assert job is not None
    assert job.state == "finished", job.error
    return titles


def test_four_seeds_of_the_generator_and_of_a_variation(stage: Any) -> None:
    stage.cadenza.seed = 2**31 - 2
    assert bpy.ops.cadenza.generate_four() == {"FINISHED"}
    wait()
    every = list(takes.takes_of(character()))
    assert [t.seed for t in every] == [2**31 - 2, 2**31 - 1, 0, 1]
    assert takes.provenance(every[2])["request"]["seed"] == 0
    character().cadenza_take_index = 1
    option(variation=1.0)
    assert bpy.ops.cadenza.vary_four() == {"FINISHED"}
    wait()
    varied = list(takes.takes_of(character()))[4:]
    assert [t.name for t in varied] == ["Seed 5", "Seed 6", "Seed 7", "Seed 8"]
    assert {takes.provenance(t)["varied"]["take"] for t in varied} == {"Seed 2"}


def test_cancelling_ends_those_that_wait_and_leaves_what_is_there(stage: Any) -> None:
    pose()
    bpy.ops.cadenza.fill_four()
    while jobs.waiting() > 2:
        jobs.poll()
    bpy.ops.cadenza.cancel()
    assert (jobs.waiting(), jobs.running()) == (0, False)
    assert [t.name for t in takes.takes_of(character())] == ["Seed 1"]


def test_a_failure_ends_those_that_wait(stage: Any) -> None:
    pose()
    option(fails=True)
    bpy.ops.cadenza.fill_four()
    job = drive()
    assert "numbers that are none" in job.error
    jobs.poll()
    assert (jobs.waiting(), jobs.running()) == (0, False)
    assert not takes.takes_of(character())


def test_who_fills_and_who_repairs_are_kept_apart(stage: Any) -> None:
    known = connection.known()
    assert "tween" in {c.name for c in known.correctors(fills=True)}
    assert "mapnet" not in {c.name for c in known.correctors(fills=True)}
    assert {c.name for c in known.correctors()} & {"tween", "mapnet"} == {"mapnet"}
    stage.cadenza.filler = "nobody"
    assert obstacles.to_filling(stage) == "This backend has no 'nobody'; choose another"
    bpy.ops.cadenza.choose_filler(name="tween")
    assert obstacles.to_filling(stage) == ""
    assert obstacles.to_varying(stage) == "Choose a take in the list"
    generate()
    assert obstacles.to_varying(stage) == ""
    option(variation=0.0)
    assert obstacles.to_varying(stage) == "Raise Variation: at 0 the take stays as it is"
    stage.cadenza.source = "SCORE"
    assert "follows the sound" in obstacles.to_filling(stage)
    stage.cadenza.source = "FILE"
    stage.cadenza.character = None
    assert "Choose a character" in obstacles.to_filling(stage)


def test_options_of_varying_are_drawn_apart(stage: Any) -> None:
    varying, others = Layout(), Layout()
    options.draw(varying, stage.cadenza, "tween", only=fills.OF_VARYING)
    options.draw(others, stage.cadenza, "tween", without=fills.OF_VARYING)
    assert varying.drawn == ["value_variation", "value_part"]
    assert others.drawn == ["value_swing", "value_seconds", "value_fails"]


def test_seeds_can_be_drawn_anew(stage: Any) -> None:
    before = stage.cadenza.seed
    bpy.ops.cadenza.new_seed(filling=True)
    assert stage.cadenza.seed == before
    assert stage.cadenza.fill_seed != 5


class Layout:
    """A layout that knows what Blender's does: which properties, operators, menus and icons there are."""

    icons = frozenset(bpy.types.UILayout.bl_rna.functions["prop"].parameters["icon"].enum_items.keys())

    def __init__(self) -> None:
        self.drawn: list[str] = []

    def _inside(self, **_: Any) -> Layout:
        return self

    row = column = box = _inside

    def _icon(self, icon: str = "NONE", **_: Any) -> None:
        assert icon in self.icons, icon

    def prop(self, data: Any, name: str, **more: Any) -> None:
        assert hasattr(data, name)
        self._icon(**more)
        self.drawn.append(name)

    def label(self, text: str = "", **more: Any) -> None:
        self._icon(**more)
        self.drawn.append(text)

    def operator(self, name: str, **more: Any) -> Any:
        assert name.removeprefix("cadenza.") in dir(bpy.ops.cadenza), name
        self._icon(**more)
        self.drawn.append(name)
        return SimpleNamespace()

    def menu(self, name: str, **more: Any) -> None:
        assert hasattr(bpy.types, name)
        self.drawn.append(name)

    def progress(self, **_: Any) -> None:
        self.drawn.append("progress")


def drawn(panel: Any) -> list[str]:
    layout = Layout()
    panel.draw(SimpleNamespace(layout=layout), bpy.context)
    return layout.drawn


def test_the_panel_draws_what_there_is(stage: Any) -> None:
    there = drawn(FillPanel)
    assert {"fill_seed", "cadenza.new_seed", "value_swing", "fill_part", "fill_ends", "cadenza.fill"} <= set(there)
    assert there.index("cadenza.fill_four") < there.index("value_variation") < there.index("cadenza.vary")
    assert "Choose a take in the list" in there
    assert "fill_from" not in there
    assert "cadenza.take_this_one" not in there
    stage.cadenza.fill_part, stage.cadenza.filler = True, "nobody"
    generate()
    bpy.ops.cadenza.side_by_side()
    there = drawn(FillPanel)
    assert {"fill_from", "cadenza.use_fill_range", "CADENZA_MT_fillers", "cadenza.take_this_one"} <= set(there)
    assert "This backend has no 'nobody'; choose another" in " ".join(there)
    assert "cadenza.generate_four" in drawn(GeneratePanel)
    assert drawn(FillerMenu) == ["cadenza.choose_filler"] * len(connection.known().correctors(fills=True))


def test_the_panel_says_how_many_are_to_come(stage: Any) -> None:
    pose()
    bpy.ops.cadenza.fill_four()
    assert "Keys, seed 1 of 4; 3 more to come" in " ".join(drawn(GeneratePanel))


def test_copies_that_stand_there_follow_the_newest_four(stage: Any) -> None:
    generate()
    bpy.ops.cadenza.side_by_side()
    assert [c.name for c in beside.copies() if c.show_name] == ["Take 1"]
    pose()
    bpy.ops.cadenza.fill_four()
    wait()
    assert [c.name for c in beside.copies() if c.show_name] == ["Seed 1", "Seed 2", "Seed 3", "Seed 4"]
    bpy.ops.cadenza.side_by_side()
    assert not beside.copies()
