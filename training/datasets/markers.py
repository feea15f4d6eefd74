# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""MOSA's 34 optical markers, the joints that are derived from them, and ours.

Order and derived joints follow Y.-F. Huang et al., *MOSA: Music Motion with Semantic Annotation
Dataset* (2024), whose markers are placed as in the Plug-in Gait full-body model (Vicon): head,
trunk, acromion, lateral epicondyle, both sides of the wrist, second metacarpal, pelvis, lateral
knee and ankle, heel, toe; two each on violin and bow. Where exactly they lie on *our* body
(``_PLACES``) was set by eye within that model, for the stature of 1.75 m; on another body the
places grow with it.

Positions are (T, markers, 3) in any length unit, except where metres are said. Axes as
everywhere: Z up, right-handed; our performer faces -Y with the left hand on +X.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from plugins.api import Array, Motion, violinist
from plugins.api import rotations as rot

Floats = npt.NDArray[np.float64]

BODY_MARKERS: Final = (
    *("RFHD", "LFHD", "RBHD", "LBHD", "C7", "T10", "CLAV", "STRN"),
    *("RSHO", "RELB", "RWRA", "RWRB", "RFIN", "LSHO", "LELB", "LWRA", "LWRB", "LFIN"),
    *("RASI", "LASI", "RPSI", "LPSI"),
    *("RKNE", "RHEE", "RTOE", "RANK", "LKNE", "LHEE", "LTOE", "LANK"),
)
MARKERS: Final = (*BODY_MARKERS, "VIOLINE", "VIOLINB", "BOWE", "BOWB")
"""E is the far end (scroll, tip), B the near one (end button, frog)."""
UPPER_BODY: Final = MARKERS[:22]
"""What the paper's recognition reads."""
PELVIS: Final = ("RASI", "LASI", "RPSI", "LPSI")
HEAD: Final = ("RFHD", "LFHD", "RBHD", "LBHD")

PAPER_JOINTS: Final[dict[str, tuple[str, ...]]] = {
    "Head": HEAD,
    "Neck": ("C7", "T10"),
    "Root": PELVIS,
    "Rshoulder": ("RSHO",),
    "Relbow": ("RELB",),
    "Rwrist": ("RWRA", "RWRB"),
    "Rfinger": ("RFIN",),
    "Lshoulder": ("LSHO",),
    "Lelbow": ("LELB",),
    "Lwrist": ("LWRA", "LWRB"),
    "Lfinger": ("LFIN",),
    "Rknee": ("RKNE",),
    "Rankle": ("RHEE", "RANK"),
    "Rtoe": ("RTOE",),
    "Lknee": ("LKNE",),
    "Lankle": ("LHEE", "LANK"),
    "Ltoe": ("LTOE",),
    "Vtop": ("VIOLINE",),
    "Vbottom": ("VIOLINB",),
    "Btop": ("BOWE",),
    "Bbottom": ("BOWB",),
}
"""The paper's 21 joints, each the mean of its markers."""
A2M_TARGETS: Final = (
    *("Btop", "Relbow", "Rwrist", "Rfinger"),
    *("Vtop", "Lelbow", "Lwrist", "Lfinger"),
    *("Head", "Neck", "Root"),
)
"""The 11 that the paper's A2M predicts: right hand, left hand, torso."""

JOINTS: Final = (
    *("hips", "neck", "head"),
    *("right_upper_arm", "right_lower_arm", "right_hand", "right_index_proximal"),
    *("left_upper_arm", "left_lower_arm", "left_hand", "left_index_proximal"),
    *("right_lower_leg", "right_foot", "right_toes", "left_lower_leg", "left_foot", "left_toes"),
    *("violin_end", "violin_scroll", "bow_frog", "bow_tip"),
)
"""Our joints that clips hold, by their names in our skeleton: the centres of the paper's 21. (NaN where a pianist
holds no violin.)"""

SHOULDER_DEPTH: Final = 0.045
ELBOW_DEPTH: Final = 0.038
FINGER_DEPTH: Final = 0.010
KNEE_DEPTH: Final = 0.052
ANKLE_DEPTH: Final = 0.038
TOE_DEPTH: Final = 0.020
"""Metres from these joints' centres to the skin where their markers sit."""

_Place = tuple[str, str, tuple[float, float, float]]


def _sided(side: str, sign: float) -> dict[str, _Place]:
    """Markers of one side: at which joint, carried by which joint's rotation, metres from it at rest."""
    letter = side[0].upper()
    arm, forearm, hand = (f"{side}_{part}" for part in ("upper_arm", "lower_arm", "hand"))
    knee, ankle, toes = (f"{side}_{part}" for part in ("lower_leg", "foot", "toes"))
    return {
        f"{letter}FHD": ("head", "head", (0.065 * sign, -0.085, 0.100)),
        f"{letter}BHD": ("head", "head", (0.065 * sign, 0.075, 0.100)),
        f"{letter}SHO": (arm, "upper_chest", (0.0, 0.0, SHOULDER_DEPTH)),
        # With the palm down the outer side of the elbow is up.
        f"{letter}ELB": (forearm, arm, (0.0, 0.0, ELBOW_DEPTH)),
        f"{letter}WRA": (hand, forearm, (0.0, -0.030, 0.0)),
        f"{letter}WRB": (hand, forearm, (0.0, 0.030, 0.0)),
        f"{letter}FIN": (f"{side}_index_proximal", hand, (0.0, 0.0, FINGER_DEPTH)),
        f"{letter}ASI": ("hips", "hips", (0.120 * sign, -0.090, 0.035)),
        f"{letter}PSI": ("hips", "hips", (0.045 * sign, 0.110, 0.040)),
        f"{letter}KNE": (knee, f"{side}_upper_leg", (KNEE_DEPTH * sign, 0.0, 0.0)),
        f"{letter}ANK": (ankle, knee, (ANKLE_DEPTH * sign, 0.0, 0.0)),
        f"{letter}HEE": (ankle, ankle, (0.0, 0.055, -0.040)),
        f"{letter}TOE": (toes, ankle, (0.0, 0.0, TOE_DEPTH)),
    }


_PLACES: Final[dict[str, _Place]] = {
    "C7": ("upper_chest", "upper_chest", (0.0, 0.060, 0.175)),
    "T10": ("chest", "chest", (0.0, 0.100, 0.030)),
    "CLAV": ("upper_chest", "upper_chest", (0.0, -0.075, 0.110)),
    "STRN": ("chest", "chest", (0.0, -0.115, 0.060)),
    **_sided("right", -1.0),
    **_sided("left", 1.0),
}
_PROPS: Final = {"VIOLINE": "violin_scroll", "VIOLINB": "violin_end", "BOWE": "bow_tip", "BOWB": "bow_frog"}


def optical_markers(motion: Motion) -> Floats:
    """(T, 34, 3) metres: where the markers on a performing musician are; NaN for those of what is not held.

    Args:
        motion: complete, with rotations (as the ``ik`` step leaves it), of our violinist's or pianist's skeleton.
    """
    if motion.rotations is None:
        raise ValueError("markers need the joints' rotations: complete the motion first (inverse kinematics)")
    skeleton = motion.skeleton
    world = skeleton.world_rotations(motion.rotations.astype(np.float64))
    size = float(skeleton.rest_positions[skeleton.index("head_top"), 2]) / violinist.STATURE
    out = np.full((len(motion), len(MARKERS), 3), np.nan)
    for i, marker in enumerate(MARKERS):
        if marker in _PROPS:
            if _PROPS[marker] in skeleton:
                out[:, i] = motion.joint(_PROPS[marker])
            continue
        joint, carrier, place = _PLACES[marker]
        turned = rot.rotate(world[:, skeleton.index(carrier)], np.array(place) * size)
        out[:, i] = motion.joint(joint) + turned
    return out


def paper_joints(markers: Floats) -> Floats:
    """(T, 21, 3) the joints of PAPER_JOINTS from (T, 34, 3) markers."""
    return np.stack([_mean(markers, *names) for names in PAPER_JOINTS.values()], axis=1)


def a2m_targets(markers: Floats) -> Floats:
    """(T, 11, 3) the joints of A2M_TARGETS from (T, 34, 3) markers."""
    return np.stack([_mean(markers, *PAPER_JOINTS[name]) for name in A2M_TARGETS], axis=1)


def our_joints(markers: Floats) -> Floats:
    """(T, 21, 3) the joints of JOINTS from (T, 34, 3) markers, metres, Z up.

    The centres lie under the skin: markers are moved inwards along the axes of their segments,
    by our body's measures scaled to the lengths of forearms and shanks that the markers show.
    """
    size = _body_size(markers)
    chest = _frame(_mean(markers, "C7", "CLAV"), _mean(markers, "T10", "STRN"), _mean(markers, "CLAV", "STRN"))
    found = {
        "hips": _inside_pelvis(markers, size),
        "neck": _mean(markers, "C7", "CLAV") + size * rot.rotate(chest, np.array([0.0, 0.0105, 0.0225])),
        "head": _inside_head(markers, size),
    }
    for side in ("right", "left"):
        found |= _arm(markers, side, chest, size) | _leg(markers, side, size)
    found |= {joint: _mean(markers, marker) for marker, joint in _PROPS.items()}
    return np.stack([found[joint] for joint in JOINTS], axis=1)


def _mean(markers: Floats, *names: str) -> Floats:
    return np.asarray(markers[:, [MARKERS.index(n) for n in names]].mean(axis=1))


def _body_size(markers: Floats) -> float:
    """Size of this body; ours is 1."""
    lengths = []
    for letter in "RL":
        wrist = _mean(markers, f"{letter}WRA", f"{letter}WRB")
        lengths.append(np.linalg.norm(_mean(markers, f"{letter}ELB") - wrist, axis=-1))
        shank = _mean(markers, f"{letter}KNE") - _mean(markers, f"{letter}ANK")
        lengths.append(np.linalg.norm(shank, axis=-1))
    ours = np.hypot([violinist.FOREARM, violinist.SHANK], [ELBOW_DEPTH, KNEE_DEPTH - ANKLE_DEPTH]).sum() * 2
    return float(np.median(lengths, axis=1).sum() / ours)


def _frame(top: Floats, bottom: Floats, front: Floats) -> Array:
    """(T, 4) rotation of a trunk segment: Z from bottom to top, -Y to the front."""
    up = rot.normalize(top - bottom)
    back = rot.normalize((top + bottom) / 2 - front)
    left = rot.normalize(np.cross(back, up))
    return rot.from_matrix(np.stack([left, np.cross(up, left), up], axis=-1))


def _inside_pelvis(markers: Floats, size: float) -> Floats:
    left = rot.normalize(_mean(markers, "LASI", "LPSI") - _mean(markers, "RASI", "RPSI"))
    back = _mean(markers, "RPSI", "LPSI") - _mean(markers, "RASI", "LASI")
    up = rot.normalize(np.cross(left, back))
    return np.asarray(_mean(markers, *PELVIS) - size * (0.0375 * up + 0.010 * np.cross(up, left)))


def _inside_head(markers: Floats, size: float) -> Floats:
    left = rot.normalize(_mean(markers, "LFHD", "LBHD") - _mean(markers, "RFHD", "RBHD"))
    back = _mean(markers, "RBHD", "LBHD") - _mean(markers, "RFHD", "LFHD")
    up = rot.normalize(np.cross(left, back))
    return np.asarray(_mean(markers, *HEAD) - size * (0.100 * up - 0.005 * np.cross(up, left)))


def _arm(markers: Floats, side: str, chest: Array, size: float) -> dict[str, Floats]:
    letter, sign = side[0].upper(), 1.0 if side == "left" else -1.0
    shoulder = _mean(markers, f"{letter}SHO") - rot.rotate(chest, np.array([0.0, 0.0, SHOULDER_DEPTH * size]))
    wrist = _mean(markers, f"{letter}WRA", f"{letter}WRB")
    skin = _mean(markers, f"{letter}ELB")
    # The marker sits on the axis that the elbow bends about.
    axis = rot.normalize(sign * np.cross(wrist - skin, skin - shoulder))
    finger = _mean(markers, f"{letter}FIN")
    thumbwards = _mean(markers, f"{letter}WRA") - _mean(markers, f"{letter}WRB")
    back = rot.normalize(sign * np.cross(finger - wrist, -thumbwards))
    return {
        f"{side}_upper_arm": shoulder,
        f"{side}_lower_arm": skin - ELBOW_DEPTH * size * axis,
        f"{side}_hand": wrist,
        f"{side}_index_proximal": finger - FINGER_DEPTH * size * back,
    }


def _leg(markers: Floats, side: str, size: float) -> dict[str, Floats]:
    letter, sign = side[0].upper(), 1.0 if side == "left" else -1.0
    left = rot.normalize(_mean(markers, "LASI") - _mean(markers, "RASI")) * sign * size
    toe, ankle = _mean(markers, f"{letter}TOE"), _mean(markers, f"{letter}ANK")
    up = np.array([0.0, 0.0, TOE_DEPTH * size])
    return {
        f"{side}_lower_leg": _mean(markers, f"{letter}KNE") - KNEE_DEPTH * left,
        f"{side}_foot": ankle - ANKLE_DEPTH * left,
        f"{side}_toes": toe - up,
    }
