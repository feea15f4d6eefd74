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

from blender_addon.core import rotations as rot  # noqa: E402
from blender_addon.core.violinist import violinist_skeleton  # noqa: E402
from blender_addon.rig import bone_guess, mannequin  # noqa: E402
from blender_addon.rig.armature import rest_pose_of  # noqa: E402
from blender_addon.rig.bone_map import MAPPABLE, essential_missing, guess_bone_map  # noqa: E402
from tests import shared_rigs  # noqa: E402
from tests.rigify import Generated, generated  # noqa: E402
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
def rigify() -> Generated:
    return generated()


def imported(importer: Any, path: Path) -> Any:
    """The armature that an importer makes of a file."""
    importer(filepath=str(path))
    return next(item for item in bpy.data.objects if item.type == "ARMATURE")


def test_rigify_is_mapped_to_its_fk_controls(rigify: Generated) -> None:
    found = guess_bone_map(rigify.rest)
    assert (found.preset, found.bones) == ("rigify", RIGIFY)
    assert set(found.bones.values()) <= set(found.parents)
    for bone, name, _ in found.settings:
        assert name in rigify.properties[bone]


def test_rigifys_controls_follow_their_effective_parents(rigify: Generated) -> None:
    """With the preset's settings, Blender's own evaluation is the product along ``parents``."""
    found = guess_bone_map(rigify.rest)
    rest = {b: rot.to_matrix(q) for b, q in zip(rigify.rest.bones, rigify.rest.rotations, strict=True)}
    for bone, matrix in rest.items():
        rest[bone] = np.block([[matrix, rigify.rest.heads[rigify.rest.index(bone)][:, None]], [np.eye(4)[3:]]])

    def place(bone: str) -> np.ndarray:
        own = rest[bone] @ rigify.turned.get(bone, np.eye(4))
        above = found.parents.get(bone)
        return own if above is None else place(above) @ np.linalg.inv(rest[above]) @ own

    for bone in found.bones.values():
        np.testing.assert_allclose(place(bone), rigify.posed[bone], atol=2e-5, err_msg=bone)
    for deform, control in (("DEF-spine", "torso"), ("DEF-hand.L", "hand_fk.L"), ("DEF-spine.006", "head")):
        moved = [rigify.posed[bone] @ np.linalg.inv(rest[bone]) for bone in (deform, control)]
        np.testing.assert_allclose(moved[0], moved[1], atol=1e-4, err_msg=deform)


def test_a_metarig_is_mapped_by_names_and_structure(rigify: Generated) -> None:
    found = guess_bone_map(rigify.metarig)
    assert (found.preset, found.bones) == ("", METARIG)


def test_a_rig_of_controls_without_a_preset_does_not_raise(rigify: Generated) -> None:
    assert set(bone_guess.guess(rigify.rest)) <= set(MAPPABLE)


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
