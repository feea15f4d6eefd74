# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bone maps of rigs as Blender makes and imports them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile
from typing import Any

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon.core.violinist import violinist_skeleton  # noqa: E402
from blender_addon.rig import bone_guess, mannequin  # noqa: E402
from blender_addon.rig.armature import rest_pose_of  # noqa: E402
from blender_addon.rig.bone_map import MAPPABLE, essential_missing, guess_bone_map  # noqa: E402
from tests import shared_rigs  # noqa: E402
from tests.rigs import finger_names, named  # noqa: E402
from tests.test_bone_map_real_rigs import TRUTH  # noqa: E402

needs_rigs = pytest.mark.skipif(not shared_rigs.here(), reason=shared_rigs.ABSENT)
RIGIFY = named(
    ("torso", "", "spine_fk.002", "spine_fk.003", "neck", "head"),
    tuple(
        f"{n}.{{s}}"
        for n in ("shoulder", "upper_arm_fk", "forearm_fk", "hand_fk", "thigh_fk", "shin_fk", "foot_fk", "toe_fk")
    ),
    finger_names("{f}.0{n}.{s}", ("thumb", "f_index", "f_middle", "f_ring", "f_pinky")),
    ("L", "R"),
)
METARIG = named(
    ("spine", "spine.001", "spine.002", "spine.003", "spine.004", "spine.006"),
    tuple(f"{n}.{{s}}" for n in ("shoulder", "upper_arm", "forearm", "hand", "thigh", "shin", "foot", "toe")),
    finger_names("{f}.0{n}.{s}", ("thumb", "f_index", "f_middle", "f_ring", "f_pinky")),
    ("L", "R"),
)


@pytest.fixture(autouse=True)
def empty_scene() -> Iterator[None]:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    yield
    bpy.ops.wm.read_factory_settings(use_empty=True)


@pytest.fixture(scope="module")
def rigify() -> tuple[Any, Any]:
    """Rest poses of the human metarig and of the rig that it generates, with its custom properties."""
    import addon_utils

    bpy.ops.wm.read_factory_settings(use_empty=True)
    addon_utils.enable("rigify", default_set=True)
    bpy.ops.object.armature_human_metarig_add()
    metarig = rest_pose_of(bpy.context.object)
    bpy.ops.pose.rigify_generate()
    rig = bpy.context.object
    properties = {bone.name: set(bone.keys()) for bone in rig.pose.bones}
    return metarig, (rest_pose_of(rig), properties)


def imported(importer: Any, path: Path) -> Any:
    """The armature that an importer makes of a file."""
    importer(filepath=str(path))
    return next(item for item in bpy.data.objects if item.type == "ARMATURE")


def test_rigify_is_mapped_to_its_fk_controls(rigify: tuple[Any, Any]) -> None:
    rest, properties = rigify[1]
    found = guess_bone_map(rest)
    assert (found.preset, found.bones) == ("rigify", RIGIFY)
    assert set(found.parents) | set(found.parents.values()) <= set(rest.bones)
    assert set(found.bones.values()) <= set(found.parents)
    for bone, name, _ in found.settings:
        assert name in properties[bone]


def test_a_metarig_is_mapped_by_names_and_structure(rigify: tuple[Any, Any]) -> None:
    found = guess_bone_map(rigify[0])
    assert (found.preset, found.bones) == ("", METARIG)


def test_a_rig_of_controls_without_a_preset_does_not_raise(rigify: tuple[Any, Any]) -> None:
    assert set(bone_guess.guess(rigify[1][0])) <= set(MAPPABLE)


def test_our_own_musician_needs_no_guess() -> None:
    musician = mannequin.build_musician(violinist_skeleton())
    found = guess_bone_map(rest_pose_of(musician.armature))
    assert found.preset == "cadenza"
    assert found.bones == {joint: joint for joint in MAPPABLE}
    assert not essential_missing(found)


@needs_rigs
@pytest.mark.parametrize("name", sorted(shared_rigs.MPFB))
def test_built_rigs_read_as_their_tables(name: str) -> None:
    rest, table = rest_pose_of(shared_rigs.build_mpfb(name)), shared_rigs.rest_pose_of_mpfb(name)
    assert set(rest.bones) == set(table.bones)
    order = [table.index(bone) for bone in rest.bones]
    np.testing.assert_allclose(rest.heads, table.heads[order], atol=1e-5)
    np.testing.assert_allclose(rest.tails, table.tails[order], atol=1e-5)
    assert guess_bone_map(rest).bones == TRUTH[name]


@needs_rigs
@pytest.mark.parametrize(("name", "file"), [("knight", "gltf/Knight.glb"), ("vrm", "vrm/Example.vrm")])
def test_imported_gltf_rigs_are_mapped(name: str, file: str, tmp_path: Path) -> None:
    binary = tmp_path / "character.glb"
    copyfile(shared_rigs.FOLDER / file, binary)
    assert guess_bone_map(rest_pose_of(imported(bpy.ops.import_scene.gltf, binary))).bones == TRUTH[name]


@needs_rigs
@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # Blender's importer leaves its file open
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_imported_bvh_rigs_are_mapped() -> None:
    armature = imported(bpy.ops.import_anim.bvh, shared_rigs.FOLDER / "bvh" / "cmu_01_01_mb.bvh")
    assert guess_bone_map(rest_pose_of(armature)).bones == TRUTH["cmu_bvh"]
