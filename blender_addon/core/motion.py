# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Motion: what every joint of a skeleton does over time; describes itself."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from . import rotations as rot
from .skeleton import Skeleton

FORMAT_VERSION: Final = 1


class MotionError(ValueError):
    """Motion that cannot be used: the message says what is wrong with it."""


@dataclass(frozen=True, eq=False)
class Motion:
    """A skeleton's performance.

    Attributes:
        skeleton: the joints; travels with the motion.
        fps: frames per second, any positive float.
        positions: (T, J, 3) float32, metres, world space, Z up. A joint that a
            generator leaves for a post-step to find is NaN.
        rotations: (T, J, 4) float32, local, unit, wxyz, or None.
        start: time of frame 0 in the recording, seconds.
        provenance: what made it (generator, version, options, seed, audio hash).
        confidence: (T, J) float32, 0 to 1: how sure each joint's place is, or None when nobody said.
    """

    skeleton: Skeleton
    fps: float
    positions: npt.NDArray[np.float32] = field(repr=False)
    rotations: npt.NDArray[np.float32] | None = field(default=None, repr=False)
    start: float = 0.0
    provenance: Mapping[str, Any] = field(default_factory=dict)
    confidence: npt.NDArray[np.float32] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "positions", np.asarray(self.positions, dtype=np.float32))
        if not (np.isfinite(self.fps) and self.fps > 0):
            raise MotionError(f"fps must be a positive number, not {self.fps}")
        joints = len(self.skeleton)
        if self.positions.ndim != 3 or self.positions.shape[1:] != (joints, 3):
            raise MotionError(f"positions must be (T, {joints}, 3), not {self.positions.shape}")
        if self.rotations is not None:
            object.__setattr__(self, "rotations", np.asarray(self.rotations, dtype=np.float32))
            if self.rotations.shape != (len(self.positions), joints, 4):
                raise MotionError(f"rotations must be (T, {joints}, 4), not {self.rotations.shape}")
        if self.confidence is not None:
            object.__setattr__(self, "confidence", np.asarray(self.confidence, dtype=np.float32))
            if self.confidence.shape != (len(self.positions), joints):
                raise MotionError(f"confidence must be (T, {joints}), not {self.confidence.shape}")

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def duration(self) -> float:
        """Seconds from the first frame to one frame past the last."""
        return len(self) / self.fps

    @property
    def times(self) -> npt.NDArray[np.float64]:
        """(T,) time of each frame in the recording, seconds."""
        return self.start + np.arange(len(self)) / self.fps

    def joint(self, name: str) -> npt.NDArray[np.float32]:
        """(T, 3) positions of one joint."""
        return self.positions[:, self.skeleton.index(name)]

    def slice(self, start: float, end: float) -> Motion:
        """The frames with start <= time < end (seconds in the recording)."""
        first = max(0, int(np.ceil((start - self.start) * self.fps - 1e-6)))
        last = max(first, int(np.ceil((end - self.start) * self.fps - 1e-6)))
        return replace(
            self,
            positions=self.positions[first:last],
            rotations=None if self.rotations is None else self.rotations[first:last],
            confidence=None if self.confidence is None else self.confidence[first:last],
            start=self.start + first / self.fps,
        )

    def continued(self, later: Motion) -> Motion:
        """This motion up to where ``later`` begins, then ``later``; MotionError when they do not fit together."""
        frame = round((later.start - self.start) * self.fps)
        alike = later.skeleton == self.skeleton and later.fps == self.fps
        if not alike or (later.rotations is None) != (self.rotations is None):
            raise MotionError("parts of one motion must have the same skeleton, frame rate and kinds of data")
        if not 0 <= frame <= len(self):
            raise MotionError(
                f"a part that begins at {later.start:g} s does not join the {self.duration:g} s before it"
            )

        def joined(before: npt.NDArray[np.float32], after: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
            return np.concatenate([before[:frame], after])

        rotations = None
        if self.rotations is not None and later.rotations is not None:
            rotations = joined(self.rotations, later.rotations)
        confidence = None
        if self.confidence is not None and later.confidence is not None:
            confidence = joined(self.confidence, later.confidence)
        positions = joined(self.positions, later.positions)
        return replace(later, positions=positions, rotations=rotations, confidence=confidence, start=self.start)

    def resample(self, fps: float) -> Motion:
        """The same motion at another frame rate.

        Positions are interpolated linearly; rotations spherically, and where
        there are rotations the positions are computed again from them, so that
        bone lengths stay exact.
        """
        if not (np.isfinite(fps) and fps > 0):
            raise MotionError(f"fps must be a positive number, not {fps}")
        if fps == self.fps or len(self) < 2:
            return replace(self, fps=fps)
        count = int(np.floor((len(self) - 1) * fps / self.fps + 1e-6)) + 1
        at = np.minimum(np.arange(count) * self.fps / fps, len(self) - 1)
        low = np.minimum(at.astype(int), len(self) - 2)
        part = at - low
        weight = part[:, None, None]
        positions = self.positions[low] * (1 - weight) + self.positions[low + 1] * weight
        sure = self.confidence
        sure = None if sure is None else sure[low] * (1 - part[:, None]) + sure[low + 1] * part[:, None]
        if self.rotations is None:
            return replace(self, fps=fps, positions=positions, confidence=sure)
        local = rot.slerp(self.rotations[low], self.rotations[low + 1], part[:, None])
        positions, _ = self.skeleton.forward_kinematics(local, positions)
        return replace(self, fps=fps, positions=positions, rotations=rot.unroll(local), confidence=sure)

    def to_bytes(self) -> bytes:
        """An npz archive that holds everything, the skeleton included."""
        head = {
            "version": FORMAT_VERSION,
            "fps": self.fps,
            "start": self.start,
            "skeleton": self.skeleton.to_dict(),
            "provenance": dict(self.provenance),
        }
        arrays: dict[str, npt.NDArray[Any]] = {"positions": self.positions}
        if self.rotations is not None:
            arrays["rotations"] = self.rotations
        if self.confidence is not None:
            arrays["confidence"] = self.confidence
        buffer = io.BytesIO()
        np.savez(buffer, header=np.array(json.dumps(head)), **arrays)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Motion:
        """Read :meth:`to_bytes`; MotionError when it is something else."""
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as archive:
                head = json.loads(str(archive["header"]))
                positions = archive["positions"]
                rotations = archive["rotations"] if "rotations" in archive.files else None
                sure = archive["confidence"] if "confidence" in archive.files else None
            version = head["version"]
            if version == FORMAT_VERSION:
                skeleton, start = Skeleton.from_dict(head["skeleton"]), float(head["start"])
                return cls(skeleton, float(head["fps"]), positions, rotations, start, dict(head["provenance"]), sure)
        except Exception as error:  # numpy and zipfile raise almost anything on damaged bytes
            raise MotionError(f"not a Cadenza motion file: {error}") from error
        raise MotionError(f"the motion has format version {version}, this Cadenza reads {FORMAT_VERSION}")

    @classmethod
    def load(cls, path: Path | str) -> Motion:
        return cls.from_bytes(Path(path).read_bytes())
