# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The user's own character from the terminal: performed, reported, exported; errors are said and write nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backend import drafts, sources
from plugins.api import Motion
from tests.odd_rigs import rolled, stretched
from tests.rig_families import FAMILIES
from tests.rigs import a_pose, person
from tests.running import Command, melody, names, write_midi

bpy = pytest.importorskip("bpy")

from blender_addon import audio_source, character_files  # noqa: E402
from blender_addon.character_files import CharacterError, export_character, open_character  # noqa: E402
from blender_addon.motion_files import load_motion  # noqa: E402
from blender_addon.rig.bone_map import BoneMap  # noqa: E402
from tests.built_rigs import bones_of, build, empty_scene, show, world_of  # noqa: E402

MIXAMO = FAMILIES["mixamo"]
HAND = MIXAMO.bones["right_hand"]


def wear(armature: Any) -> None:
    """A mesh that the bones move: a triangle for each."""
    points, groups = [], []
    for bone in armature.data.bones:
        points += [bone.head_local + v for v in _corners()]
        groups.append(bone.name)
    mesh = bpy.data.meshes.new("Skin")
    mesh.from_pydata(points, [], [(3 * i, 3 * i + 1, 3 * i + 2) for i in range(len(groups))])
    item = bpy.data.objects.new("Skin", mesh)
    bpy.context.scene.collection.objects.link(item)
    for i, name in enumerate(groups):
        item.vertex_groups.new(name=name).add([3 * i, 3 * i + 1, 3 * i + 2], 1.0, "REPLACE")
    item.parent = armature
    item.modifiers.new("Armature", "ARMATURE").object = armature


def _corners() -> list[Any]:
    from mathutils import Vector

    return [Vector(v) for v in ((0.02, 0.0, 0.0), (0.0, 0.02, 0.0), (0.0, 0.0, 0.02))]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tune, a character as .blend, .glb, .fbx, files with none, two and an unmapped one."""
    here = tmp_path_factory.mktemp("cast")
    write_midi(here / "tune.mid", melody())
    empty_scene()
    bpy.ops.wm.save_as_mainfile(filepath=str(here / "nobody.blend"))
    anna = build(a_pose(rolled(stretched(person(MIXAMO, "Anna"), 1), 1), MIXAMO, 35))
    wear(anna)
    bpy.ops.wm.save_as_mainfile(filepath=str(here / "anna.blend"))
    for suffix in ("glb", "fbx"):
        export_character(here / f"anna.{suffix}", anna, bpy.context.scene)
    build(person(MIXAMO, "Ben")).location = (2.0, 0.0, 0.0)
    bpy.ops.wm.save_as_mainfile(filepath=str(here / "two.blend"))
    (here / "damaged.glb").write_bytes((here / "anna.glb").read_bytes()[:500])
    (here / "damaged.fbx").write_bytes((here / "anna.fbx").read_bytes()[:500])
    (here / "damaged.blend").write_bytes(b"no blend")
    (here / "anna.obj").write_text("v 0 0 0\n")
    (here / "damaged.json").write_text('{"version": 1, "bones": ')
    (here / "strange.json").write_text(BoneMap({"hips": "Hüfte"}, {}).to_json())
    (here / "map.json").write_text(BoneMap(MIXAMO.bones, {}).to_json())
    return here


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capfd)


@pytest.fixture(scope="module")
def performed(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one run of the command writes, for a character in a .blend."""
    out = tmp_path_factory.mktemp("out")
    with pytest.MonkeyPatch.context() as patch:
        run(patch, folder / "tune.mid", "-o", out / "a.blend", "--rig", folder / "anna.blend", *outputs(out))
    return out


def outputs(out: Path, export: str = "fbx") -> tuple[object, ...]:
    return "--report", out / "a.json", "--export", out / f"a.{export}", "--motion", out / "a.npz"


def run(patch: pytest.MonkeyPatch, *arguments: object) -> None:
    import sys

    from backend import cli

    patch.setattr(sys, "argv", ["cadenza", "animate", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code


def test_everything_is_written(performed: Path) -> None:
    assert names(performed) == {"a.blend", "a.wav", "a.json", "a.fbx", "a.npz"}
    report = json.loads((performed / "a.json").read_text())
    assert report["armature"] == "Anna"
    assert report["preset"] == "mixamo"
    assert report["bone_map"]["right_hand"]["bone"] == HAND
    assert 0 < report["bone_map"]["right_hand"]["confidence"] <= 1
    assert report["largest_direction_error_degrees"] < 0.01
    assert report["contact"]["bow"]["part_within"] >= 0.98
    assert report["contact"]["fingertips"]["part_within"] >= 0.98
    assert report["warnings"] == []


def hand_in_blend(path: Path) -> np.ndarray:
    """(N, 3) where the hand is in the .blend, every tenth frame, seen from the hips."""
    bpy.ops.wm.open_mainfile(filepath=str(path))
    return hand_of(next(o for o in bpy.context.scene.objects if o.name == "Anna"))


def hand_of(armature: Any, first: int = 1) -> np.ndarray:
    scene, out = bpy.context.scene, []
    names = {name.replace("_", ":"): name for name in (b.name for b in armature.data.bones)}  # USD has no colons
    hips, hand = (names[name.replace("_", ":")] for name in (MIXAMO.bones["hips"], HAND))
    for frame in range(first, first + 60, 10):
        show(scene, frame)
        bones = bones_of(armature, (hips, hand))
        out.append(bones[hand][:3, 3] - bones[hips][:3, 3])
    return np.array(out)


def test_the_blend_holds_the_performance(performed: Path) -> None:
    motion = Motion.load(performed / "a.npz")
    hand = hand_in_blend(performed / "a.blend")
    assert np.ptp(hand, axis=0).max() > 0.1
    assert np.linalg.norm(np.diff(hand, axis=0), axis=-1).max() < 0.6
    props = [o for o in bpy.context.scene.objects if o.parent and o.parent.name == "Anna instruments"]
    assert len(props) == 2
    bow = next(o for o in props if "bow" in o.name)
    show(bpy.context.scene, bpy.context.scene.frame_start + 30)
    armature = bpy.data.objects["Anna"]
    grip = np.linalg.norm(world_of(bow)[:3, 3] - bones_of(armature)[HAND][:3, 3])
    theirs = np.linalg.norm(motion.joint("bow_frog")[30] - motion.joint("right_hand")[30])
    assert grip == pytest.approx(theirs, rel=0.2)


def imported(path: Path) -> tuple[Any, int]:
    """The character in an exported file, in an empty scene, and the frame at which it begins."""
    empty_scene()
    bpy.context.scene.render.fps = 30
    if path.suffix == ".fbx":
        bpy.ops.import_scene.fbx(filepath=str(path))
    elif path.suffix == ".glb":
        bpy.ops.import_scene.gltf(filepath=str(path))
    elif path.suffix == ".bvh":
        bpy.ops.import_anim.bvh(filepath=str(path))
    else:
        bpy.ops.wm.usd_import(filepath=str(path))
    rigs = [o for o in bpy.context.scene.objects if o.type == "ARMATURE"]
    return max(rigs, key=lambda o: len(o.data.bones)), 2 if path.suffix == ".fbx" else 1  # FBX counts on by one


@pytest.mark.parametrize("suffix", ["fbx", "glb", "bvh", "usd"])
@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # Blender's BVH importer leaves a file open
def test_exports_move_as_the_blend_does(performed: Path, suffix: str, tmp_path: Path) -> None:
    expected = hand_in_blend(performed / "a.blend")
    target = performed / "a.fbx"
    if suffix != "fbx":
        target = tmp_path / f"a.{suffix}"
        export_character(target, bpy.data.objects["Anna"], bpy.context.scene)
    armature, first = imported(target)
    assert np.abs(hand_of(armature, first) - expected).max() < 1e-4
    if suffix == "bvh":
        motion = load_motion(target)  # with Y up, as other programs expect
        hand = motion.joint(HAND) - motion.joint(MIXAMO.bones["hips"])
        assert np.abs(hand[:60:10] - expected).max() < 1e-4


def test_both_sides_name_the_same_files() -> None:
    """They share no code, for each must do without the other."""
    assert drafts.EXPORTS == character_files.WRITABLE
    assert drafts.CHARACTERS == character_files.READABLE
    assert sources.SCORES == audio_source.SCORES


@pytest.mark.parametrize("hidden", ["eye", "monitor", "collection", "excluded"])
def test_a_hidden_rig_is_exported_or_what_to_do_is_said(hidden: str, tmp_path: Path) -> None:
    """Exporters would write an empty file and say nothing."""
    empty_scene()
    anna = build(person(MIXAMO, "Anna"))
    cast = bpy.data.collections.new("Cast")
    bpy.context.scene.collection.children.link(cast)
    cast.objects.link(anna)
    bpy.context.scene.collection.objects.unlink(anna)
    layer = bpy.context.view_layer.layer_collection.children["Cast"]
    {
        "eye": lambda: anna.hide_set(True),
        "monitor": lambda: setattr(anna, "hide_viewport", True),
        "collection": lambda: setattr(layer, "hide_viewport", True),
        "excluded": lambda: setattr(layer, "exclude", True),
    }[hidden]()
    if hidden in ("eye", "monitor"):
        export_character(tmp_path / "a.glb", anna, bpy.context.scene)
        assert (anna.hide_get(), anna.hide_viewport) == (hidden == "eye", hidden == "monitor")
        assert set(MIXAMO.bones.values()) <= {b.name for b in imported(tmp_path / "a.glb")[0].data.bones}
        return
    with pytest.raises(CharacterError, match="show it first" if hidden == "collection" else "include it first"):
        export_character(tmp_path / "a.glb", anna, bpy.context.scene)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", ["glb", "usd"])
def test_the_bow_is_exported_in_the_hand(performed: Path, suffix: str, tmp_path: Path) -> None:
    bpy.ops.wm.open_mainfile(filepath=str(performed / "a.blend"))
    target = tmp_path / f"a.{suffix}"
    export_character(target, bpy.data.objects["Anna"], bpy.context.scene)
    expected, size = bow_from_hand(bpy.data.objects["Anna"])
    armature, first = imported(target)
    found, its_size = bow_from_hand(armature, first)
    assert np.abs(found - expected).max() < 1e-4
    assert its_size == pytest.approx(size, abs=1e-4)


def bow_from_hand(armature: Any, first: int = 1) -> tuple[np.ndarray, float]:
    """(N, 3) from the hand to the bow's frog, and the bow's size."""
    hand, out = next(b.name for b in armature.data.bones if b.name.replace("_", ":") == HAND), []
    bow = next(o for o in bpy.context.scene.objects if o.type == "MESH" and "bow" in o.name.lower())
    for frame in range(first, first + 60, 20):
        show(bpy.context.scene, frame)
        out.append(world_of(bow)[:3, 3] - bones_of(armature, (hand,))[hand][:3, 3])
    return np.array(out), float(np.linalg.norm(world_of(bow)[:3, 0]))


@pytest.mark.parametrize("suffix", ["glb", "fbx"])
def test_characters_from_other_programs(command: Command, folder: Path, tmp_path: Path, suffix: str) -> None:
    ended = command(
        "animate", folder / "tune.mid", "-o", tmp_path / "a.blend", "--rig", folder / f"anna.{suffix}", "--end", "1",
        "--report", tmp_path / "a.json", "--bone-map", folder / "map.json",
    )  # fmt: skip
    assert ended.status == 0, ended.error
    report = json.loads((tmp_path / "a.json").read_text())
    assert report["contact"]["bow"]["part_within"] >= 0.98
    assert report["largest_direction_error_degrees"] < 0.01
    assert report["bone_map"]["hips"]["confidence"] == 1.0


def test_one_of_several_characters(command: Command, folder: Path, tmp_path: Path) -> None:
    given = ("animate", folder / "tune.mid", "-o", tmp_path / "a.blend", "--rig", folder / "two.blend")
    command(*given).failed_with("several characters", "'Anna'", "'Ben'", "--armature")
    command(*given, "--armature", "Carl").failed_with("no armature 'Carl'", "'Anna'", "'Ben'")
    assert names(tmp_path) == set()
    ended = command(*given, "--armature", "Ben", "--end", "1", "--report", tmp_path / "a.json")
    assert ended.status == 0, ended.error
    assert json.loads((tmp_path / "a.json").read_text())["armature"] == "Ben"
    open_character(tmp_path / "a.blend", "Ben")
    assert bpy.data.objects["Anna"].animation_data is None


@pytest.mark.parametrize(
    ("rig", "more", "words"),
    [
        ("nobody.blend", (), ["nobody.blend", "no armature", "rigged character"]),
        ("damaged.glb", (), ["damaged.glb", "cannot be opened"]),
        ("damaged.fbx", (), ["damaged.fbx", "cannot be opened"]),
        ("damaged.blend", (), ["damaged.blend", "cannot be opened"]),
        ("anna.obj", (), ["anna.obj", ".blend, .glb, .gltf, .vrm, .fbx, .bvh"]),
        ("none.blend", (), ["none.blend"]),
        ("anna.blend", ("--bone-map", "damaged.json"), ["not a bone map", "choose a JSON file"]),
        ("anna.blend", ("--bone-map", "strange.json"), ["no bone 'Hüfte'", "guess the bone map again"]),
        ("anna.blend", ("--bone-map", "none.json"), ["none.json"]),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(
    command: Command, folder: Path, tmp_path: Path, rig: str, more: tuple[str, ...], words: list[str]
) -> None:
    options = [folder / word if word.endswith(".json") else word for word in more]
    ended = command("animate", folder / "tune.mid", "-o", tmp_path / "a.blend", "--rig", folder / rig, *options)
    ended.failed_with(*words)
    assert names(tmp_path) == set()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--report", "a.json"), ["--report", "--rig"]),
        (("--export", "a.fbx"), ["--export", "--rig"]),
        (("--armature", "Anna"), ["--armature", "--rig"]),
        (("--bone-map", "map.json"), ["--bone-map", "--rig"]),
        (("--rig", "anna.blend", "--export", "a.stl"), ["a.stl", ".fbx"]),
        (("--rig", "anna.blend", "--report", "a.txt"), ["a.txt", ".json"]),
        (("--rig", "anna.fbx", "--export", "anna.fbx"), ["also the input"]),
        (("--rig", "anna.blend", "--bone-map", "map.json", "--report", "map.json"), ["also the input"]),
    ],
)
def test_options_that_do_not_fit(command: Command, folder: Path, more: tuple[str, ...], words: list[str]) -> None:
    before = {path: path.read_bytes() for path in folder.iterdir()}
    options = [folder / word if "." in word else word for word in more]
    command("animate", folder / "tune.mid", "-o", folder / "new.blend", *options, "--overwrite").failed_with(*words)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_the_rig_itself_is_never_the_output(command: Command, folder: Path) -> None:
    rig = folder / "anna.blend"
    command("animate", folder / "tune.mid", "-o", rig, "--rig", rig, "--overwrite").failed_with("also the input")
