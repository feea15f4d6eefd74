# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Windows of clips as the networks hear and see them: cut at random, faster or slower, higher or lower, disturbed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from plugins.hearing import features
from plugins.hearing.config import INPUTS
from training.a2m_clips import Clips, ClipsError, Recording, mapped
from training.recognition.config import Variety
from training.recognition.targets import CLASSES, EVENTS, classes_of, events_of
from training.recognition.views import seen_hands, seen_markers, seen_movement

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Heard:
    """A recording.

    Attributes:
        inputs: modality -> (T, inputs), read from disk as it is used where it is large; None where the recording has
            none.
        events: name -> frames, of those that are known. classes: name -> (T,), -1 where none is known.
    """

    recording: Recording
    inputs: Mapping[str, npt.NDArray[Any] | None] = field(repr=False)
    events: dict[str, npt.NDArray[np.int64]] = field(repr=False)
    classes: dict[str, npt.NDArray[np.int64]] = field(repr=False)

    def __len__(self) -> int:
        return self.recording.frames

    def has(self, modality: str) -> bool:
        return self.inputs[modality] is not None


@dataclass(frozen=True, eq=False)
class Window:
    """What is heard and what it is.

    Attributes:
        inputs: modality -> (T, inputs). music: (T,) 1 where there is music, 0 behind its end.
        events: name -> (T,) 1 in the frame of an event. known: name -> (T,) 1 where it is known whether there is one.
        classes: name -> (T,), -1 unknown.
    """

    inputs: dict[str, Floats]
    music: Floats
    events: dict[str, Floats]
    known: dict[str, Floats]
    classes: dict[str, npt.NDArray[np.int64]]


class Library:
    """The recordings of one or more folders of clips, of any instrument.

    Args:
        modalities: what the network hears and sees.
        leave_out: pieces that are not touched.
    """

    def __init__(self, folders: Sequence[str], modalities: Sequence[str], leave_out: Sequence[str] = ()) -> None:
        opened = [_Folder(clips, modalities) for folder in folders for clips in _instruments(folder)]
        self._recordings = [(f, r) for f in opened for r in f.clips.recordings if r.piece not in leave_out]
        digest = "".join(f.clips.card_sha256 for f in opened)
        self.card_sha256 = hashlib.sha256(digest.encode()).hexdigest()

    def split(self, name: str) -> list[Heard]:
        """ClipsError when there is nothing of that split."""
        found = [folder.heard(r) for folder, r in self._recordings if r.split == name]
        if not found:
            raise ClipsError(
                f"the clips have no recordings of the split {name!r}; an hour of simulated music has some of each"
            )
        return found


class _Folder:
    """Clips of one instrument with the arrays that these modalities need."""

    def __init__(self, clips: Clips, modalities: Sequence[str]) -> None:
        self.clips, self._modalities = clips, modalities
        self._arrays: dict[str, Any] = {}
        shapes: dict[str, tuple[tuple[int, ...], str]] = {}
        if "notes" in modalities:
            shapes |= {"keys": ((2 * features.KEYS,), "u"), "levels": ((features.LEVELS,), "f")}
        if "motion" in modalities:
            shapes |= {"markers": ((22, 3), "f")}
        for name, (shape, kind) in shapes.items():
            path = Path(clips.folder) / f"{name}.npy"
            if not path.is_file():
                raise ClipsError(f"{path} is missing; make the clips with: cadenza-train clips --hearing")
            self._arrays[name] = mapped(path, shape, kind)

    def heard(self, recording: Recording) -> Heard:
        score = np.asarray(self.clips.score[recording.rows])
        events = events_of(score)
        # Beats there are in all music; who says nothing of phrases does not say that there are none.
        known = {name: at for name, at in events.items() if len(at) or name != "phrase"}
        inputs = {name: self._input(name, recording) for name in self._modalities}
        return Heard(recording, inputs, known, classes_of(score))

    def _input(self, modality: str, recording: Recording) -> npt.NDArray[Any] | None:
        rows = recording.rows
        if modality == "audio":
            return np.asarray(self.clips.audio[rows])
        if modality == "notes":
            relative = features.relative(self._arrays["levels"][rows])
            keys = self._arrays["keys"][rows]
            return np.concatenate([keys, np.round(127.0 * (relative + 1.0)).astype(np.uint8)], axis=1)
        if modality == "motion":
            return seen_markers(self._arrays["markers"][rows])
        joints = np.asarray(self.clips.joints[rows])
        return seen_hands(joints) if modality == "hands" else seen_movement(joints)


def _instruments(folder: str) -> list[Clips]:
    found = []
    for instrument in ("violin", "piano"):
        try:
            found.append(Clips.open(folder, instrument))
        except ClipsError as error:
            if "names no recordings" not in str(error):
                raise
    if not found:
        raise ClipsError(f"{folder} has no recordings of the violin or the piano")
    return found


def window(heard: Heard, first: int, length: int, speed: float = 1.0) -> Window:
    """``length`` frames from frame ``first`` on, ``speed`` times as fast as they were played."""
    at = first + np.arange(length) * speed
    music = at <= len(heard) - 1
    low = np.minimum(at.astype(np.int64), len(heard) - 1)
    part = (at - low)[:, None].astype(np.float32)
    high = np.minimum(low + 1, len(heard) - 1)
    inputs = {}
    for name, array in heard.inputs.items():
        if array is None:
            inputs[name] = features.without(length, INPUTS[name])
            continue
        near, far = (_read(name, array[i]) for i in (low, high))
        inputs[name] = np.where(music[:, None], near * (1.0 - part) + far * part, 0.0).astype(np.float32)
    if "movement" in inputs and speed != 1.0:
        inputs["movement"][:, :-1].reshape(length, -1, 6)[..., 3:] *= speed
    nearest = np.minimum(np.round(at).astype(np.int64), len(heard) - 1)
    classes = {name: np.where(music, heard.classes[name][nearest], -1) for name in CLASSES}
    there = music.astype(np.float32)
    events = {name: _marked((heard.events.get(name, np.empty(0)) - first) / speed, length) for name in EVENTS}
    known = {name: there * (name in heard.events) for name in EVENTS}
    return Window(inputs, there, events, known, classes)


def _read(modality: str, rows: npt.NDArray[Any]) -> Floats:
    """As the network reads it."""
    if modality != "notes":
        return np.asarray(rows, dtype=np.float32)
    keys, relative = np.split(rows.astype(np.float32), [2 * features.KEYS], axis=1)
    return features.notes(keys / 255.0, relative / 127.0 - 1.0)


def varied(heard: Heard, length: int, variety: Variety, rng: np.random.Generator) -> Window:
    """A window anywhere in a recording, changed by chance."""
    speed = float(2.0 ** rng.uniform(-variety.tempo, variety.tempo))
    first = int(rng.integers(0, max(1, len(heard) - round(length * speed))))
    cut = window(heard, first, length, speed)
    if "audio" in cut.inputs:
        cut.inputs["audio"] = _other_mel(cut.inputs["audio"], variety, rng)
    if "notes" in cut.inputs:
        cut.inputs["notes"] = _other_notes(cut.inputs["notes"], variety, rng)
    if "movement" in cut.inputs and heard.has("movement"):
        cut.inputs["movement"] = _other_movement(cut.inputs["movement"], rng)
        _leave_one_out(cut.inputs, variety, rng)
    return cut


def _other_mel(mel: Floats, variety: Variety, rng: np.random.Generator) -> Floats:
    shifted = np.roll(mel, int(rng.integers(-3, 4)), axis=1)
    louder = shifted * rng.uniform(1.0 - variety.level, 1.0 + variety.level / 2)
    return np.asarray(np.clip(louder + rng.normal(0.0, variety.noise, mel.shape), 0.0, 1.1), dtype=np.float32)


def _other_notes(notes: Floats, variety: Variety, rng: np.random.Generator) -> Floats:
    """In another key, heard more or less surely, some of it not at all, louder or softer."""
    keys, level, there = np.split(notes, [2 * features.KEYS, 2 * features.KEYS + features.LEVELS], axis=1)
    image = keys.reshape(len(keys), 2, features.KEYS)
    shift = int(rng.integers(-variety.pitch, variety.pitch + 1))
    image = np.roll(image, shift, axis=2)
    if shift:
        image[:, :, slice(0, shift) if shift > 0 else slice(shift, None)] = 0.0
    image = image ** float(2.0 ** rng.uniform(-0.6, 0.6)) * rng.uniform(1.0 - variety.level, 1.0, (1, 2, 1))
    for _ in range(int(rng.integers(0, 4))):  # a few keys are missed for a while
        key, begin = int(rng.integers(features.KEYS)), int(rng.integers(len(keys)))
        image[begin : begin + int(rng.integers(10, 200)), :, key : key + int(rng.integers(1, 8))] = 0.0
    image = image + variety.noise * np.abs(rng.normal(0.0, 1.0, image.shape))
    louder = rng.normal(0.0, 0.05) + rng.normal(0.0, 0.05, (1, features.LEVELS))
    level = np.clip(level + louder + rng.normal(0.0, variety.noise, level.shape), -1.0, 0.5)
    found = np.concatenate([np.clip(image, 0.0, 1.0).reshape(keys.shape), level, there], axis=1)
    return np.asarray(found, dtype=np.float32) * there


def _other_movement(movement: Floats, rng: np.random.Generator) -> Floats:
    """Larger or smaller, a little noisy, now and then without violin and bow: not all who are captured have them."""
    moved, there = movement[:, :-1].reshape(len(movement), -1, 6), movement[:, -1:]
    moved = moved * rng.uniform(0.7, 1.3) + rng.normal(0.0, 0.03, moved.shape)
    if rng.random() < 0.3:
        moved[:, -4:] = 0.0
    return np.concatenate([moved.reshape(len(movement), -1), there], axis=1).astype(np.float32) * there


def _leave_one_out(inputs: dict[str, Floats], variety: Variety, rng: np.random.Generator) -> None:
    """Now and then only one of sound and movement is there."""
    if "notes" not in inputs:
        return
    chance = rng.random()
    if chance < variety.without:
        inputs["movement"] = np.zeros_like(inputs["movement"])
    elif chance < 2 * variety.without:
        inputs["notes"] = np.zeros_like(inputs["notes"])


def _marked(frames: npt.NDArray[np.floating[Any]], length: int) -> Floats:
    out = np.zeros(length, dtype=np.float32)
    rounded = np.round(frames).astype(np.int64)
    out[rounded[(rounded >= 0) & (rounded < length)]] = 1.0
    return out
