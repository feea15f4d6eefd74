# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Frames of a job's motion that are to stay as they are, as what components are told to keep."""

from __future__ import annotations

from collections.abc import Sequence

from plugins.api import ComponentError, Constraint, Motion


def kept(motion: Motion, seconds: Sequence[float]) -> list[Constraint]:
    """The frames of a motion nearest to these seconds, as constraints.

    Raises:
        ComponentError: a second lies outside the motion.
    """
    found = []
    for second in seconds:
        frame = round((second - motion.start) * motion.fps)
        if not 0 <= frame < len(motion):
            last = motion.start + motion.duration
            raise ComponentError(
                f"the frame to keep at {second:.2f} s lies outside the motion ({motion.start:.2f} to {last:.2f} s)"
            )
        # The middle of the frame: no rounding of its edges moves it to a neighbour.
        begin = motion.start + (frame - 0.5) / motion.fps
        found.append(Constraint(motion.slice(begin, begin + 1.0 / motion.fps)))
    return found
