# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The pose that a plug-in may begin with: somebody who plays."""

from __future__ import annotations

import numpy as np

from plugins.api import JobContext, Motion, playing_pose, violin, violinist
from plugins.ik.step import InverseKinematics
from training import performance_metrics as metrics

A_STRING = 2


def test_the_bow_is_on_the_a_string_and_the_feet_stand() -> None:
    body = violinist.violinist_skeleton()
    motion = Motion(body, 30.0, np.repeat(playing_pose()[None], 30, axis=0))
    distances, places = metrics.hair_distances(motion, [(0.0, 0.9, A_STRING, 0, 69)])
    assert distances.max() < 0.003
    assert 0.05 < places.mean() < 0.5
    hair = np.linalg.norm(motion.joint("bow_tip") - motion.joint("bow_frog"), axis=-1)
    assert np.allclose(hair, violin.HAIR_LENGTH, atol=1e-3)
    assert abs(motion.joint("left_toes_end")[..., 2]).max() < 0.05
    done = InverseKinematics().apply(motion, InverseKinematics().Options(), JobContext(fps=30.0))
    for joint in ("bow_frog", "violin_scroll", "left_hand", "right_hand"):
        assert np.abs(done.joint(joint) - motion.joint(joint)).max() < 0.01, joint
