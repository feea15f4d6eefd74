# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The style of a dance: embeddings of motion and of sound in one room of 256 numbers, and a recogniser of its class.

No weights come with Cadenza: the dances that they could be learned from have no licence that allows it. Train your own
(docs/dance-style.md).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np
import numpy.typing as npt
from pydantic import Field

from plugins.api import Annotation, AnnotationTrack, Audio, ComponentError, JobContext, Motion, Recognizer
from plugins.mclemcd.checkpoint import usual_place
from plugins.mclemcd.embedder import Embedder
from plugins.mclemcd.features import FPS, SEGMENT

__all__ = ["DanceStyle", "Embedder", "fingerprint", "installed", "style_annotations"]

AROUND: Final = 5
"""Seconds over which chances are averaged before a class is said: one second of a dance tells little."""

Floats = npt.NDArray[np.float64]


class DanceStyle(Recognizer):
    """Says which dance it is, from motion, sound or both, by weights that you trained yourself (cadenza-train
    mclemcd). One annotation spans the whole, with the vote of the piece; the others are its stretches."""

    name = "dance-style"
    label = "Dance style (learned)"
    licence = "yours: no weights come with it"
    checkpoint: ClassVar[str] = ""
    devices = ("cuda", "cpu")
    writes = ("style",)
    inputs = ("motion", "sound")

    class Options(Recognizer.Options):
        weights: str = Field(
            "", title="Weights", description="File that cadenza-train mclemcd wrote; empty: usual place"
        )

    def __init__(self) -> None:
        self._device = "cpu"
        self._loaded: tuple[Path, Embedder] | None = None
        type(self).checkpoint = fingerprint(usual_place())

    def load(self, device: str) -> None:
        self._device = device  # which weights is an option, and known with the job

    def recognize(
        self, audio: Audio | None, motion: Motion | None, options: Any, context: JobContext
    ) -> list[AnnotationTrack]:
        embedder = self._embedder(Path(options.weights) if options.weights else usual_place())
        if audio is None and motion is None:
            raise ComponentError("the style is found in a motion or a sound; give one")
        context.progress(0.1, "Watching the dance")
        seen = None if motion is None else (motion.start, embedder.motion_segments(motion)[1])
        context.progress(0.6, "Listening to the dance")
        heard = None if audio is None else (audio.start, embedder.music_segments(audio)[1])
        start, end = _span(audio, motion)
        chances = _joined([part for part in (seen, heard) if part is not None], start, end)
        return [AnnotationTrack("style", tuple(style_annotations(chances, embedder.classes, start, end)))]

    def _embedder(self, path: Path) -> Embedder:
        if self._loaded is None or self._loaded[0] != path:
            self._loaded = (path, Embedder(path, self._device))
        return self._loaded[1]


def installed() -> list[Recognizer]:
    """The recogniser, where there are weights for it and PyTorch: one that can only fail would spoil every *recognise
    all there is*."""
    return [DanceStyle()] if find_spec("torch") is not None and usual_place().is_file() else []


def style_annotations(chances: Floats, classes: Sequence[str], start: float, end: float) -> list[Annotation]:
    """The piece's vote, then its stretches.

    Args:
        chances: (N, K) of the seconds from ``start``.

    Returns:
        The vote spans the whole: a mapping with ``piece`` (the class that most seconds say) and ``share`` (of the
        seconds). A stretch's value is its class; its confidence is the mean chance.
    """
    votes = np.bincount(chances.argmax(axis=1), minlength=len(classes))
    # Of as many votes, the one that is likelier.
    best = int(np.lexsort((chances.sum(axis=0), votes))[-1])
    share = float(votes[best] / len(chances))
    whole = {"piece": classes[best], "share": round(share, 3)}
    found = [Annotation(start, max(end - start, 0.0), whole, round(float(chances[:, best].mean()), 3))]
    said = _averaged(chances).argmax(axis=1)
    turns = [0, *(np.flatnonzero(np.diff(said)) + 1), len(said)]
    for a, b in pairwise(turns):
        until = end if b == len(said) else start + b * SEGMENT / FPS
        since = start + a * SEGMENT / FPS
        sure = round(float(chances[a:b, said[a]].mean()), 3)
        found.append(Annotation(since, max(until - since, 0.0), classes[said[a]], sure))
    return found


def fingerprint(path: Path) -> str:
    """Which weights they are: a hash of the file's header, in which a hash of its content is; "" without a file."""
    try:
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            return f"mclemcd {hashlib.sha256(file.read(min(size, 10_000_000))).hexdigest()[:16]}"
    except OSError:
        return ""


def _span(audio: Audio | None, motion: Motion | None) -> tuple[float, float]:
    spans = [(audio.start, audio.end)] if audio is not None else []
    if motion is not None:
        spans.append((motion.start, motion.start + motion.duration))
    return min(a for a, _ in spans), max(b for _, b in spans)


def _joined(parts: Sequence[tuple[float, Floats]], start: float, end: float) -> Floats:
    """(N, K) chances of the seconds from ``start``: where there are two, those of which both are sure."""
    count = max(1, int((end - start) * FPS / SEGMENT))
    total = np.zeros((count, parts[0][1].shape[1]))
    for since, chances in parts:
        at = np.arange(count) - round((since - start) * FPS / SEGMENT)
        there = (at >= 0) & (at < len(chances))
        total[there] += np.log(np.maximum(chances[at[there]], 1e-6))
    joint = np.exp(total - total.max(axis=1, keepdims=True))
    return np.asarray(joint / joint.sum(axis=1, keepdims=True))


def _averaged(chances: Floats) -> Floats:
    from scipy.ndimage import uniform_filter1d

    return np.asarray(uniform_filter1d(chances, AROUND, axis=0, mode="nearest"))
