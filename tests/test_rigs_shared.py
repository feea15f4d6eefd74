# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Real rigs perform in Blender: mapped without a hand, measured on what Blender evaluates."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blender_addon.core.motion import Motion
from blender_addon.core.violinist import FINGERS
from blender_addon.motion_files import load_motion
from blender_addon.rig.body import RigError
from blender_addon.rig.bone_map import guess_bone_map
from blender_addon.rig.performance import perform_motion
from plugins.api import piano
from tests import performing, playing_piano, shared_rigs
from tests.rigs import SIDES
from training import performance_metrics as metrics
from training import piano_metrics

pytestmark = [
    pytest.mark.skipif(not shared_rigs.here(), reason=shared_rigs.ABSENT),
    pytest.mark.skipif(find_spec("bpy") is None, reason="Blender's module is not installed"),
]

ROOT = Path(__file__).resolve().parents[1]
FILES = {"knight": "gltf/Knight.glb", "vrm": "vrm/Example.vrm"}
RIGS = ("mixamo", "game_engine", "cmu_mb", "default", "knight", "vrm", "rigify")
FEW_FINGERS = ("cmu_mb", "knight")
WALK = shared_rigs.FOLDER / "bvh" / "cmu_01_01_mb.bvh"


class Performed:
    """What Blender showed of a rig."""

    def __init__(self, path: Path, motion: Motion) -> None:
        with np.load(path, allow_pickle=False) as found:
            self.seen: dict[str, Any] = dict(found)
        facts = json.loads(str(self.seen.pop("facts")))
        self.report, self.bones = facts["report"], facts["bones"]
        self.frames = self.seen.pop("frames")
        self.source = motion

    def places(self, plain: bool = False) -> dict[str, np.ndarray]:
        start = "plain " if plain else ""
        return {
            k.removeprefix(start): v
            for k, v in self.seen.items()
            if k.startswith("plain ") == plain and v.shape[1:] == (3,)
        }

    def as_violinist(self) -> Motion:
        """With a violin of full size, its frames one after the other."""
        held = {bone: self.seen[bone] for bone in ("violin_end", "bow_frog")}
        few = Motion(self.source.skeleton, self.source.fps, self.source.positions[self.frames])
        return performing.as_violinist(few, self.places(), held)

    def sounding(self) -> list[performing.Sounding]:
        """What sounds at each of the frames that were looked at, in time of their own."""
        times, fps = self.source.times[self.frames], self.source.fps
        return [
            ((k - 0.1) / fps, (k + 0.5) / fps, *how)
            for start, end, *how in performing.sounding()
            for k in np.nonzero((times >= start) & (times < end))[0]
        ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rigs")


def _run(rig: str, motion: Path, out: Path) -> None:
    """The rig in a process of its own, which ends without taking Blender down."""
    given = str(shared_rigs.FOLDER / FILES[rig]) if rig in FILES else rig
    command = [sys.executable, "-m", "tests.perform_rig", given, str(motion), str(out)]
    environment = {**os.environ, "BLENDER_USER_RESOURCES": str(out.parent / "settings"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.fixture(scope="module")
def performed(folder: Path) -> Any:
    motion = performing.violinist()
    (folder / "violinist.npz").write_bytes(motion.to_bytes())

    @cache
    def get(rig: str) -> Performed:
        out = folder / f"{rig}.npz"
        _run(rig, folder / "violinist.npz", out)
        return Performed(out, motion)

    return get


@pytest.mark.parametrize("rig", RIGS)
def test_mapped_without_a_hand(performed: Any, rig: str) -> None:
    report = performed(rig).report
    assert not report["not_mapped"]
    assert not report["warnings"] or rig in FEW_FINGERS
    assert all(entry["confidence"] >= 0.4 for entry in report["bone_map"].values())


@pytest.mark.parametrize("rig", RIGS)
def test_limbs_point_where_the_source_points(performed: Any, rig: str) -> None:
    shown = performed(rig)
    motion = Motion(shown.source.skeleton, shown.source.fps, shown.source.positions[shown.frames])
    places = shown.places(plain=True)
    errors = performing.direction_errors(motion, places, {joint: joint for joint in places if joint in shown.bones})
    assert max(errors.values()) <= 1.0, errors


@pytest.mark.parametrize("rig", RIGS)
def test_bow_and_fingertips_on_blenders_own_armature(performed: Any, rig: str) -> None:
    shown = performed(rig)
    seen, sounding = shown.as_violinist(), shown.sounding()
    hair = metrics.hair_distances(seen, sounding)[0]
    fingers = [f for f in ("index", "middle", "ring", "little") if f"left_{f}_distal" in shown.bones]
    print(f"{rig}: {len(shown.bones)} joints, bow {(hair < 0.003).mean():.3f}", shown.report["contact"])
    assert (hair < 0.003).mean() >= 0.98
    if len(fingers) == 4:
        assert (metrics.stop_distances(seen, sounding) < 0.005).mean() >= 0.98


@pytest.mark.parametrize("rig", RIGS)
def test_fingertips_on_the_keys_of_a_piano(folder: Path, rig: str) -> None:
    """On Blender's own armature, in the frame of the keyboard that was built: nearly as near as the source's."""
    notes = playing_piano.scales_and_chords()
    motion = playing_piano.perform(notes)
    (folder / "pianist.npz").write_bytes(motion.to_bytes())
    _run(rig, folder / "pianist.npz", folder / f"{rig} at the piano.npz")
    shown = Performed(folder / f"{rig} at the piano.npz", motion)
    assert shown.report["contact"]["feet"]["part_within"] >= 0.98 or rig == "knight"  # whose legs are too short
    if rig in FEW_FINGERS:
        return
    back, depth = np.linalg.inv(shown.seen["keyboard"]), piano_metrics.key_depth(motion)[shown.frames]
    away = []
    for start, end, pitch, hand, finger in playing_piano.held(notes):
        tip = shown.seen[f"{SIDES[hand]}_{FINGERS[finger]}_tip"]
        tip = (back @ np.insert(tip, 3, 1.0, axis=1)[..., None])[:, :3, 0]
        here = (motion.times[shown.frames] >= start) & (motion.times[shown.frames] < end)
        away.append(piano_metrics.from_key(tip[here], pitch, depth[here, pitch - piano.LOWEST]))
    found = np.concatenate(away)
    print(f"{rig}: fingertips on their keys {(found < 0.004).mean():.3f}, worst {1000 * found.max():.1f} mm")
    assert len(found) > 80
    assert (found < 0.004).mean() >= 0.98


def test_a_rig_without_hands_dances(folder: Path) -> None:
    """OpenPose's rig ends at the wrists: it holds no violin, and says so, but moves as others do."""
    motion = performing.violinist()
    (folder / "dance.npz").write_bytes(performing.without_props(motion).to_bytes())
    _run("openpose", folder / "dance.npz", folder / "openpose.npz")
    shown = Performed(folder / "openpose.npz", motion)
    assert set(shown.report["not_mapped"]) >= {"left_hand", "right_hand"}
    places = shown.places(plain=True)
    few = Motion(motion.skeleton, motion.fps, motion.positions[shown.frames])
    errors = performing.direction_errors(few, places, {joint: joint for joint in places if joint in shown.bones})
    assert max(errors.values()) <= 1.0, errors
    rest = shared_rigs.rest_pose_of_mpfb("openpose")
    with pytest.raises(RigError, match="left_hand, right_hand; choose them in the bone map"):
        perform_motion(motion, rest, guess_bone_map(rest))


@pytest.mark.parametrize("rig", ["musician", "mixamo", "vrm"])
def test_a_recorded_walk(folder: Path, rig: str) -> None:
    """Limbs point where the walker's do; feet slide no farther than the walker's, by the length of the legs."""
    motion = load_motion(WALK).slice(0.02, 4.0).resample(30)  # the first frame is a T-pose
    (folder / "walk.npz").write_bytes(motion.to_bytes())
    _run(rig, folder / "walk.npz", folder / f"{rig} walks.npz")
    shown = Performed(folder / f"{rig} walks.npz", motion)
    assert shown.report["largest_direction_error_degrees"] <= 1.0
    assert shown.report["contact"]["feet"]["part_within"] >= 0.98
    places, walker = shown.places(), {j: motion.joint(j).astype(float) for j in motion.skeleton.joints}
    ratio = _length(places, "left_upper_leg", "left_lower_leg", "left_foot")
    ratio /= _length(walker, "LeftUpLeg", "LeftLeg", "LeftFoot")
    for side in SIDES:
        mine, theirs = places[f"{side}_foot"], walker[f"{side.title()}Foot"][shown.frames]
        steps = [np.linalg.norm(np.diff(p, axis=0), axis=-1) for p in (mine, theirs)]
        standing = steps[1] < 0.004
        assert standing.sum() > 5
        assert (steps[0][standing] < ratio * steps[1][standing] + 0.0005).all()
        assert mine[standing.argmax(), 2] == pytest.approx(mine[:, 2].min(), abs=0.03)


def _length(places: dict[str, np.ndarray], *joints: str) -> float:
    return float(np.linalg.norm(np.diff([places[joint][0] for joint in joints], axis=0), axis=-1).sum())
