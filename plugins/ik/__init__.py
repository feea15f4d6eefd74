# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Inverse kinematics: hands, feet and head in, whole body out."""

from collections.abc import Callable

from plugins.api import PostStep, hookimpl


@hookimpl
def register_post_steps(register: Callable[[PostStep], None]) -> None:
    from plugins.ik.step import InverseKinematics

    register(InverseKinematics())
