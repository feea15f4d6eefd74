# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A folder of clips as A2M reads it: memory-mapped, checked, cut into windows.

The folder holds ``clips.json`` (what was recorded, which split it belongs to, where it begins),
``audio.npy`` (frames, 128), ``score.npy`` (frames, 10), ``joints.npy`` (frames, J, 3) metres from
the hips, all at 40 frames a second, and ``card.json``, the data card.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.a2m.config import SCORE_FEATURES
from plugins.a2m.targets import Targets
from plugins.api.grip import HELD, fit_grip
from plugins.api.log_mel import BANDS, FPS
from plugins.api.strokes import hair_positions, scaled
from training.datasets.markers import JOINTS

SPLITS: Final = ("train", "valid", "test_piece", "test_performer")
STROKE_CHANNELS: Final = 3
"""Place of the hair, speed of the bow, neighbourhood of a turn (``plugins.api.strokes``)."""


class ClipsError(ValueError):
    """Clips that cannot be used: the message names the file and what is wrong with it."""


@dataclass(frozen=True)
class Recording:
    """One performance: ``frames`` rows from row ``offset`` on."""

    piece: str
    performer: str
    trial: str
    instrument: str
    split: str
    frames: int
    offset: int

    @property
    def rows(self) -> slice:
        return slice(self.offset, self.offset + self.frames)


@dataclass(frozen=True, eq=False)
class Clips:
    """An opened folder. Arrays are read from disk as they are used."""

    folder: Path
    recordings: tuple[Recording, ...]
    audio: npt.NDArray[np.float16] = field(repr=False)
    score: npt.NDArray[np.float32] = field(repr=False)
    joints: npt.NDArray[np.float32] = field(repr=False)
    card_sha256: str

    @classmethod
    def open(cls, folder: Path | str, instrument: str) -> Clips:
        """Raises ClipsError, naming the file, when something is missing, cut off or mislabelled."""
        folder = Path(folder)
        recordings = tuple(r for r in _recordings(folder) if r.instrument == instrument)
        if not recordings:
            raise ClipsError(f"{folder / 'clips.json'} names no recordings of the {instrument}")
        shapes = {"audio": (BANDS,), "score": (SCORE_FEATURES,), "joints": (len(JOINTS), 3)}
        arrays = {name: mapped(folder / f"{name}.npy", shape) for name, shape in shapes.items()}
        rows = max(r.offset + r.frames for r in recordings)
        for name, array in arrays.items():
            if len(array) < rows:
                raise ClipsError(f"{folder / name}.npy has {len(array)} frames; clips.json speaks of {rows}")
        return cls(folder, recordings, arrays["audio"], arrays["score"], arrays["joints"], _hash(folder / "card.json"))

    def split(self, name: str) -> list[Recording]:
        return [r for r in self.recordings if r.split == name]

    def windows(self, split: str, length: int, hop: int) -> npt.NDArray[np.int64]:
        """First rows of all windows of a split; recordings shorter than a window are left out."""
        starts = [np.arange(r.offset, r.offset + r.frames - length + 1, hop) for r in self.split(split)]
        return np.concatenate(starts) if starts else np.empty(0, dtype=np.int64)

    def points(self, rows: slice, targets: Targets) -> npt.NDArray[np.float32]:
        """(rows, S) coordinates of the targets' joints, metres."""
        columns = [JOINTS.index(joint) for part in targets.values() for joint in part]
        found: npt.NDArray[np.float32] = self.joints[rows][:, columns].reshape(-1, 3 * len(columns))
        if not np.isfinite(found).all():
            row = rows.start + int(np.nonzero(~np.isfinite(found).all(axis=1))[0][0])
            raise ClipsError(f"{self.folder / 'joints.npy'}: frame {row} ({self._owner(row)}) is not a number")
        return found

    def check_heard(self, rows: slice, *, score: bool) -> None:
        """ClipsError when the sound of these rows, or their score, holds what is not a number."""
        arrays: dict[str, Any] = {"audio": self.audio} | ({"score": self.score} if score else {})
        for name, array in arrays.items():
            wrong = ~np.isfinite(array[rows]).all(axis=1)
            if wrong.any():
                row = rows.start + int(np.nonzero(wrong)[0][0])
                raise ClipsError(f"{self.folder / name}.npy: frame {row} ({self._owner(row)}) is not a number")

    @cached_property
    def strokes(self) -> npt.NDArray[np.float32]:
        """(frames, 3) of all recordings, on the model's scale."""
        out = np.zeros((len(self.joints), STROKE_CHANNELS), dtype=np.float32)
        for recording in self.recordings:
            out[recording.rows] = scaled(self.hair(recording), FPS)
        return out

    def hair(self, recording: Recording) -> npt.NDArray[np.float64]:
        """(T,) metres of hair between frog and violin."""
        ends = ("bow_frog", "bow_tip", "violin_end", "violin_scroll")
        joints = self.joints[recording.rows].astype(np.float64)
        return hair_positions(*(joints[:, JOINTS.index(name)] for name in ends))

    def grip(self) -> npt.NDArray[np.float64] | None:
        """How the right hand holds the bow, fitted to the training recordings; None for who has no bow."""
        recordings = self.split("train")
        if recordings[0].instrument != "violin":
            return None
        joints = np.concatenate([self.joints[r.rows] for r in recordings]).astype(np.float64)
        hair = np.concatenate([self.hair(r) for r in recordings])
        held = np.stack([joints[:, JOINTS.index(name)] for name in HELD], axis=1)
        return fit_grip(joints[:, JOINTS.index("bow_frog")], joints[:, JOINTS.index("bow_tip")], hair, held)

    def _owner(self, row: int) -> str:
        owners = [r for r in self.recordings if r.offset <= row < r.offset + r.frames]
        return "/".join((owners[0].piece, owners[0].performer, owners[0].trial)) if owners else "no recording"


def part_sizes(targets: Targets) -> tuple[int, ...]:
    """Coordinates of each part of the body."""
    return tuple(3 * len(joints) for joints in targets.values())


def check_targets(targets: Targets) -> None:
    unknown = [joint for part in targets.values() for joint in part if joint not in JOINTS]
    if unknown:
        raise ClipsError(f"the clips hold no joints {', '.join(unknown)}; they hold {', '.join(JOINTS)}")


def _recordings(folder: Path) -> Sequence[Recording]:
    path = folder / "clips.json"
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        recordings = [_recording(row) for row in rows]
    except OSError as error:
        raise ClipsError(f"{path} cannot be read: {error.strerror}. Make clips with cadenza-train clips") from error
    except (TypeError, KeyError, ValueError) as error:
        raise ClipsError(f"{path} is not a list of recordings: {error!r}") from error
    wrong = sorted({r.split for r in recordings} - set(SPLITS))
    if wrong:
        raise ClipsError(f"{path} knows the splits {', '.join(wrong)}; they are {', '.join(SPLITS)}")
    return recordings


def _recording(row: dict[str, Any]) -> Recording:
    texts = {key: str(row[key]) for key in ("piece", "performer", "trial", "instrument", "split")}
    frames, offset = int(row["frames"]), int(row["offset"])
    if frames < 0 or offset < 0:
        raise ValueError(f"frames {frames} from {offset}")
    return Recording(**texts, frames=frames, offset=offset)


def mapped(path: Path, shape: tuple[int, ...], kind: str = "f") -> Any:
    """(frames, *shape) from disk; ClipsError when the file holds something else than numpy's ``kind``."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise ClipsError(f"{path} cannot be read: {error}") from error
    if array.shape[1:] != shape or array.dtype.kind != kind:
        raise ClipsError(f"{path} holds {array.dtype} of shape {array.shape}, not numbers of shape (frames, {shape})")
    return array


def _hash(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ClipsError(f"{path}, the data card, cannot be read: {error.strerror}") from error
