# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Rigs of families that no preset knows, by the names of their bones."""

from __future__ import annotations

from tests.rigs import ALL_FINGERS, Family, both, finger_names, named

LR = ("L", "R")
SHORT = ("{s}Shoulder", "{s}UArm", "{s}FArm", "{s}Hand", "{s}Thigh", "{s}Shin", "{s}Foot", "{s}Toe")
POSER = ("{s}Collar", "{s}Shldr", "{s}ForeArm", "{s}Hand", "{s}Thigh", "{s}Shin", "{s}Foot", "")
SPACED = ("{s} shoulder", "{s} arm", "{s} elbow", "{s} wrist", "{s} leg", "{s} knee", "{s} ankle", "{s} toe")


def advanced_skeleton() -> Family:
    """Maya: a shoulder is the upper arm, the little finger hangs on a cup."""
    names = named(
        ("Root_M", "Spine1_M", "Chest_M", "", "Neck_M", "Head_M"),
        ("Scapula_{s}", "Shoulder_{s}", "Elbow_{s}", "Wrist_{s}", "Hip_{s}", "Knee_{s}", "Ankle_{s}", "Toes_{s}"),
        finger_names("{f}Finger{n}_{s}", ALL_FINGERS),
        LR,
    )
    extra = both(
        [
            ("ToesEnd_{s}", "Toes_{s}", "{side}_toes_end"),
            ("Cup_{s}", "Wrist_{s}", "{side}_hand>{side}_little_proximal:0.3"),
            ("Heel_{s}", "Ankle_{s}", "{side}_foot+0,0.05,-0.05"),
            ("Jaw_M", "Head_M", "head+0,-0.05,0"),
        ],
        LR,
    )
    return Family(names, extra, {f"PinkyFinger1_{s}": f"Cup_{s}" for s in LR})


def segmented() -> Family:
    """Limbs of two bones each, and a wrist for a hand."""
    names = named(
        ("DEF-Hips", "DEF-Spine", "DEF-RibCage", "DEF-Chest", "DEF-Neck", "DEF-Head"),
        tuple(
            f"DEF-{n}.{{s}}" for n in ("Shoulder", "UpperArm1", "Forearm1", "Wrist", "Thigh1", "Knee1", "Foot", "Toes")
        ),
        finger_names("DEF-Finger_{f}{n}.{s}", ALL_FINGERS),
        LR,
    )
    halves = (
        ("UpperArm", "upper_arm", "lower_arm"),
        ("Forearm", "lower_arm", "hand"),
        ("Thigh", "upper_leg", "lower_leg"),
    )
    extra = both(
        [(f"DEF-{n}2.{{s}}", f"DEF-{n}1.{{s}}", f"{{side}}_{a}>{{side}}_{b}:0.5") for n, a, b in halves],
        LR,
    )
    below = {"Forearm1": "UpperArm2", "Wrist": "Forearm2", "Knee1": "Thigh2"}
    return Family(names, extra, {f"DEF-{a}.{s}": f"DEF-{b}.{s}" for a, b in below.items() for s in LR})


def low_poly() -> Family:
    """Hips on a body root, fingers of two bones, pole targets."""
    names = named(
        ("Hips", "Abdomen", "Torso", "", "Neck", "Head"),
        tuple(f"{n}.{{s}}" for n in ("Shoulder", "UpperArm", "LowerArm", "Wrist", "UpperLeg", "LowerLeg", "Foot"))
        + ("",),
        {j: n for j, n in finger_names("{f}{n}.{s}", ALL_FINGERS).items() if not j.endswith("distal")},
        LR,
    )
    extra = both([("PoleTarget.{s}", None, "{side}_lower_leg+0,-0.5,0"), ("Body", None, "hips+0,0,-0.1")], LR)
    return Family(names, extra, {"Hips": "Body"})


OTHERS: dict[str, Family] = {
    "advanced skeleton": advanced_skeleton(),
    "two bones a segment": segmented(),
    "low poly": low_poly(),
    "short": Family(named(("Hip", "Ab", "Chest", "", "Neck", "Head"), SHORT, {}, LR)),
    "poser": Family(
        named(("hip", "abdomen", "chest", "", "neck", "head"), POSER, {}, ("l", "r")),
        both([("{s}Buttock", "hip", "hips")], ("l", "r")),
        {f"{s}Thigh": f"{s}Buttock" for s in "lr"},
    ),
    "spaced": Family(named(("Hips", "Spine", "Chest", "Upper Chest", "Neck", "Head"), SPACED, {}, ("Left", "Right"))),
    "two torsos": Family(
        named(
            ("LowerTorso", "UpperTorso", "", "", "", "Head"),
            ("", "{s}UpperArm", "{s}LowerArm", "{s}Hand", "{s}UpperLeg", "{s}LowerLeg", "{s}Foot", ""),
            {},
            ("Left", "Right"),
        ),
        (("HumanoidRootNode", None, "hips"),),
        {"LowerTorso": "HumanoidRootNode"},
    ),
    "numbered limbs": Family(
        named(
            ("Root", "Spine", "Chest", "", "Neck", "Head"),
            ("", "Arm1_{s}", "Arm2_{s}", "Hand_{s}", "Leg1_{s}", "Leg2_{s}", "Foot_{s}", ""),
            {},
            LR,
        )
    ),
    "muscles and bones": Family(
        named(
            ("hip", "torso", "chest", "", "neck", "head"),
            ("", "bicep_{s}", "forearm_{s}", "hand_{s}", "thigh_{s}", "shin_{s}", "foot_{s}", ""),
            {},
            ("l", "r"),
        )
    ),
    "few bones": Family(
        named(
            ("root", "body", "", "", "", "head"),
            ("", "arm.upper.{s}", "arm.lower.{s}", "", "leg.upper.{s}", "leg.lower.{s}", "", ""),
            {},
            LR,
        )
    ),
}
"""Named in ways that no preset knows."""
