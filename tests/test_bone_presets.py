# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Bone maps corrected, mirrored, saved and read back; the files of the presets."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from blender_addon.rig.bone_map import MAPPABLE, BoneMap, BoneMapError, guess_bone_map
from blender_addon.rig.bone_presets import FOLDER, PresetError, presets, read_preset
from tests.bone_mapping import PLAIN, nameless
from tests.rig_families import FAMILIES
from tests.rigs import person

ROOT = Path(__file__).resolve().parents[1]


# Corrected, mirrored, saved


def test_a_choice_by_hand_is_sure_and_takes_the_bone_from_another_joint() -> None:
    found = guess_bone_map(person(PLAIN))
    changed = found.with_bone("chest", "Spine2")
    assert changed.bones["chest"] == "Spine2"
    assert changed.confidence["chest"] == 1.0
    assert "upper_chest" not in changed.bones
    assert "upper_chest" not in changed.confidence
    assert "chest" not in changed.with_bone("chest", None).bones
    assert found.bones == PLAIN.bones
    with pytest.raises(BoneMapError, match="no joint 'nose'"):
        found.with_bone("nose", "Head")


@pytest.mark.parametrize("named_sides", [True, False])
def test_a_map_is_mirrored_by_names_else_by_places(named_sides: bool) -> None:
    rest = person(PLAIN)
    back = dict(zip(rest.bones, rest.bones, strict=True))
    if not named_sides:
        rest, back = nameless(rest)
    name_of = {old: new for new, old in back.items()}
    expected = {joint: name_of[bone] for joint, bone in PLAIN.bones.items()}
    half = BoneMap({j: b for j, b in expected.items() if not j.startswith("right_")}, dict.fromkeys(expected, 1.0))
    full = half.mirrored(rest)
    assert full.bones == expected
    assert full.confidence["left_hand"] == 1.0
    assert full.confidence["right_hand"] == (0.95 if named_sides else 0.6)
    other = BoneMap({j: b for j, b in expected.items() if not j.startswith("left_")}, {}).mirrored(rest)
    assert other.bones == expected


def test_mirroring_keeps_what_is_chosen_and_skips_unknown_bones() -> None:
    rest = person(PLAIN)
    chosen = BoneMap({"left_hand": "LeftHand", "right_hand": "RightForeArm", "left_foot": "gone"}, {})
    assert chosen.mirrored(rest).bones == chosen.bones


def test_a_saved_map_reads_back() -> None:
    rest = person(FAMILIES["auto-rig pro"])
    found = guess_bone_map(rest)
    assert found.parents["c_thigh_fk.l"] == "c_root.x"
    assert ("c_hand_ik.l", "ik_fk_switch", 1.0) in found.settings
    again = BoneMap.from_json(found.to_json())
    assert again == found
    assert json.loads(found.to_json())["version"] == 1


BROKEN: dict[str, tuple[str, str]] = {
    "no json": ("{", "not a bone map"),
    "a list": ("[]", 'no "bones"'),
    "no bones": ('{"version": 1}', 'no "bones"'),
    "another version": ('{"version": 9, "bones": {}}', "version 9"),
    "an unknown joint": ('{"version": 1, "bones": {"nose": "Nose"}}', "do not exist: nose"),
    "a bone twice": ('{"version": 1, "bones": {"hips": "A", "head": "A"}}', "twice: A"),
    "a number as bone": ('{"version": 1, "bones": {"hips": 3}}', '"bones"'),
    "a wrong confidence": ('{"version": 1, "bones": {"hips": "A"}, "confidence": {"hips": 2}}', "confidence of hips"),
    "no number": ('{"version": 1, "bones": {"hips": "A"}, "confidence": {"hips": NaN}}', "confidence of hips"),
    "a wrong preset": ('{"version": 1, "bones": {}, "preset": 3}', '"preset"'),
    "wrong parents": ('{"version": 1, "bones": {}, "parents": []}', '"parents"'),
    "wrong settings": ('{"version": 1, "bones": {}, "settings": [["a", "b"]]}', "setting"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_says_what_is_wrong(name: str) -> None:
    text, message = BROKEN[name]
    with pytest.raises(BoneMapError, match=message):
        BoneMap.from_json(text)


# Presets


def test_presets_of_every_family_are_there() -> None:
    names = {preset.name for preset in presets()}
    assert names == {path.stem for path in FOLDER.glob("*.json")}
    assert names >= {
        "mixamo",
        "rigify",
        "vrm",
        "vroid",
        "unreal",
        "cmu",
        "character-creator",
        "auto-rig-pro",
        "makehuman",
    }
    for preset in presets():
        assert set(preset.required) <= set(preset.bones) <= set(MAPPABLE)


def test_the_docs_list_every_preset() -> None:
    text = (ROOT / "docs" / "bone-maps.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1].strip().strip("`") for line in text.splitlines() if line.startswith("| `")]
    assert [row for row in rows if row not in MAPPABLE] == sorted(preset.name for preset in presets())


def _without_version(data: dict[str, Any]) -> None:
    del data["version"]


def _unknown_joint(data: dict[str, Any]) -> None:
    data["bones"]["nose"] = "Nose"


def _nothing_required(data: dict[str, Any]) -> None:
    data["required"] = []


def _unknown_field(data: dict[str, Any]) -> None:
    data["colour"] = "red"


@pytest.mark.parametrize("spoil", [_without_version, _unknown_joint, _nothing_required, _unknown_field])
def test_a_broken_preset_names_its_file(spoil: Callable[[dict[str, Any]], None], tmp_path: Path) -> None:
    data = json.loads((FOLDER / "mixamo.json").read_text(encoding="utf-8"))
    spoil(data)
    file = tmp_path / "mine.json"
    file.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(PresetError, match=r"mine\.json"):
        read_preset(file)
