# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Whether the bow is on a string, and the hand on the bow, when the whole body has been solved."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from plugins.api import JobContext, Motion, violin, violinist
from plugins.api.bowed_pose import assemble
from plugins.api.log_mel import FPS
from plugins.api.prediction import Prediction
from plugins.ik.step import InverseKinematics
from training.metrics import Floats
from training.performance_metrics import joint, segment_distance


def contact(said: Prediction, grip: Floats, sounding: npt.NDArray[np.bool_]) -> dict[str, float]:
    """Metres: of the hair from the string that it is nearest to while notes sound (mean and largest), and of
    the right wrist from where the grip on that bow wants it (95th percentile of all frames).

    Which string a note is on is not written in clips, so that the right string is not asked for.
    """
    skeleton = violinist.violinist_skeleton()
    positions, rotations = assemble(skeleton, said, grip)
    wanted = positions[:, skeleton.index("right_hand")].copy()
    given = Motion(skeleton, float(FPS), positions, rotations)
    solved = InverseKinematics().apply(given, InverseKinematics.Options(), JobContext(fps=float(FPS)))
    frog, tip = joint(solved, "bow_frog"), joint(solved, "bow_tip")
    strings = [(joint(solved, f"bridge_{name}"), joint(solved, f"nut_{name}")) for name in violin.STRINGS]
    hair = np.min([segment_distance(frog, tip, bridge, nut) for bridge, nut in strings], axis=0)
    played = hair[sounding] if sounding.any() else hair
    off = np.linalg.norm(joint(solved, "right_hand") - wanted, axis=-1)
    return {
        "hair_mean": float(played.mean()),
        "hair_most": float(played.max()),
        "hand_95": float(np.quantile(off, 0.95)),
    }
