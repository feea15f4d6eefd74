# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What the pitch network hears: for each frame and key, whether a note sounds or starts.

The network is basic-pitch (R. Bittner et al., *A Lightweight Instrument-Agnostic
Model for Polyphonic Note Transcription and Multipitch Estimation*, ICASSP 2022);
its weights (Apache-2.0) come inside its package and run on ONNX Runtime.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api import Audio, ComponentError, JobContext

CHECKPOINT: Final = "basic-pitch icassp_2022"
SAMPLE_RATE: Final = 22050
HOP: Final = 256
FPS: Final = SAMPLE_RATE / HOP
LOWEST_PITCH: Final = 21
WINDOW: Final = 43844
"""Samples that the network takes at once."""
MARGIN: Final = 15
"""Frames at each end of a window that lack context and are dropped."""
STEP: Final = 141
"""Frames kept of each window: a whole number, so that the grid of frames stays even."""
BATCH: Final = 8
KEPT: Final = 3
"""Sounds that are remembered: a recording and its beginnings, for the next performance of them."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Posteriors:
    """(T, 88) probabilities for MIDI 21 to 108 at FPS; frame 0 is at ``start`` seconds."""

    note: Floats = field(repr=False)
    onset: Floats = field(repr=False)
    start: float

    def pitch(self, midi: int | npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Columns of pitches, kept inside the keyboard."""
        return np.clip(np.asarray(midi) - LOWEST_PITCH, 0, 87)

    def frame(self, seconds: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Time in the recording to (fractional) frame."""
        return (np.asarray(seconds, dtype=float) - self.start) * FPS

    def seconds(self, frame: npt.ArrayLike) -> npt.NDArray[np.float64]:
        return np.asarray(frame, dtype=float) / FPS + self.start


class PitchNetwork:
    """The network, loaded once; remembers the last sounds that it heard."""

    def __init__(self) -> None:
        self._session: Any = None
        self._heard: dict[str, Posteriors] = {}

    def load(self) -> None:
        if self._session is not None:
            return
        import onnxruntime

        onnxruntime.set_default_logger_severity(3)
        self._session = onnxruntime.InferenceSession(_weights(), providers=["CPUExecutionProvider"])

    def listen(self, audio: Audio, context: JobContext) -> Posteriors:
        """Posteriors of a whole sound."""
        heard = self._heard.pop(audio.sha256, None) or self._run(audio, context)
        self._heard = {**dict(list(self._heard.items())[1 - KEPT :]), audio.sha256: heard}
        return replace(heard, start=audio.start)  # the same samples may lie elsewhere

    def _run(self, audio: Audio, context: JobContext) -> Posteriors:
        self.load()
        windows = _windows(_resample(audio))
        name = self._session.get_inputs()[0].name
        notes, onsets = [], []
        for first in range(0, len(windows), BATCH):
            context.progress(first / len(windows), "Listening for notes")
            batch = windows[first : first + BATCH, :, None]
            note, onset = self._session.run(["StatefulPartitionedCall:1", "StatefulPartitionedCall:2"], {name: batch})
            notes.append(note[:, MARGIN : MARGIN + STEP].reshape(-1, 88))
            onsets.append(onset[:, MARGIN : MARGIN + STEP].reshape(-1, 88))
        frames = int(np.ceil(audio.duration * FPS))
        return Posteriors(np.concatenate(notes)[:frames], np.concatenate(onsets)[:frames], audio.start)


@cache
def pitch_network() -> PitchNetwork:
    """The one of this process: whoever asks about a sound second need not listen again."""
    return PitchNetwork()


def _weights() -> str:
    """Path of the network. The package is not imported: it would look for TensorFlow, and complain."""
    package = find_spec("basic_pitch")
    if package is None or not package.submodule_search_locations:
        raise ComponentError(
            "the note recogniser needs the basic-pitch package; run: pip install --no-deps basic-pitch==0.4.0"
        )
    return str(Path(package.submodule_search_locations[0]) / "saved_models" / "icassp_2022" / "nmp.onnx")


def _resample(audio: Audio) -> Floats:
    if audio.sample_rate == SAMPLE_RATE:
        return audio.samples
    import soxr

    resampled: Floats = soxr.resample(audio.samples, audio.sample_rate, SAMPLE_RATE, quality="MQ")
    return resampled


def _windows(samples: Floats) -> Floats:
    """Overlapping windows such that kept frame i of window w is at (w STEP + i) HOP samples."""
    count = int(np.ceil(max(len(samples), 1) / (STEP * HOP)))
    padded = np.zeros(count * STEP * HOP + WINDOW, dtype=np.float32)
    padded[MARGIN * HOP : MARGIN * HOP + len(samples)] = samples
    return np.stack([padded[w * STEP * HOP : w * STEP * HOP + WINDOW] for w in range(count)])
