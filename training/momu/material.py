# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Performances and dances as MoMu reads them: sound and a body's features at 40 frames a second, cut into windows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.momu.amplitude import amplitude
from plugins.momu.body import Body, Scale, dancer, median_lengths, turned, violinist
from plugins.momu.vigour import vigour
from training.a2m_clips import Clips, ClipsError
from training.datasets.markers import JOINTS
from training.momu.config import MomuRun
from training.momu.dance_clips import DanceClip, fold_of, read
from training.momu.losses import moments_of
from training.momu.set_to_music import warped_to_beats

Floats = npt.NDArray[np.floating[Any]]

SAMPLES: Final = 400_000
"""Frames, at most, that scales are fitted to."""
LENGTHS_FROM: Final = 40
"""Pieces from which a body's bones are measured."""


@dataclass(frozen=True, eq=False)
class Piece:
    """One performance: ``heard`` (T, 128), ``posture`` (T, pose), ``happenings`` (T, events), ``moved`` (T,) amplitude,
    ``places`` (T, J, 3)."""

    name: str
    style: int
    split: str
    heard: Floats = field(repr=False)
    posture: Floats = field(repr=False)
    happenings: Floats = field(repr=False)
    moved: Floats = field(repr=False)
    places: Floats = field(repr=False)

    def __len__(self) -> int:
        return len(self.heard)


@dataclass(frozen=True, eq=False)
class Material:
    """What a run of training reads."""

    body: Body
    scale: Scale
    pieces: tuple[Piece, ...]
    classes: tuple[str, ...]
    intensity: tuple[float, float]
    card: str
    grip: npt.NDArray[np.float64] | None = None

    def split(self, name: str) -> list[Piece]:
        return [piece for piece in self.pieces if piece.split == name]

    def windows(self, split: str, length: int) -> list[tuple[Piece, int]]:
        """Pieces and first frames, a second apart; none of pieces shorter than a window."""
        return [(p, first) for p in self.split(split) for first in range(0, len(p) - length + 1, 40)]

    def features(self, piece: Piece, first: int = 0, length: int | None = None, angle: float = 0.0) -> Floats:
        """(length, pose + events) scaled."""
        cut = slice(first, None if length is None else first + length)
        posture = piece.posture[cut]
        if angle:
            posture = turned(posture, angle)
        return self.scale.scaled(posture, piece.happenings[cut])

    def batch(self, rows: Sequence[tuple[Piece, int]], length: int, rng: np.random.Generator | None) -> dict[str, Any]:
        """Arrays of windows: heard (B, T, 128), features (B, T, F), moments (B, M), style (B,), intensity (B,).

        Args:
            rng: turns each window about the upright axis; None for none.
        """
        angles = rng.uniform(-np.pi, np.pi, len(rows)) if rng is not None else np.zeros(len(rows))
        mean, deviation = self.intensity
        cuts = [(p, slice(first, first + length)) for p, first in rows]
        return {
            "heard": np.stack([p.heard[cut] for p, cut in cuts]).astype(np.float32),
            "features": np.stack(
                [self.features(p, f, length, float(a)) for (p, f), a in zip(rows, angles, strict=True)]
            ),
            "moments": np.stack([moments_of(p.moved[cut]) for p, cut in cuts]),
            "style": np.array([p.style for p, _ in rows], dtype=np.int64),
            "intensity": np.array([(vigour(p.places[cut]) - mean) / deviation for p, cut in cuts], dtype=np.float32),
        }


def material(config: MomuRun) -> Material:
    """Everything that a run reads.

    Raises:
        ClipsError, DanceError: it cannot be used.
    """
    if config.kind == "clips":
        return _performances(Path(config.clips), config.directions)
    clips = read(config.kind, config.clips)
    if config.on_the_beat:
        clips = warped_to_beats(clips)
    return of_dances(clips, config.fold, config.folds, config.directions)


def of_dances(clips: Sequence[DanceClip], fold: int | None, folds: int = 4, directions: bool = True) -> Material:
    """Dances, those of a fold held out as "held"."""
    held = fold_of(clips, folds) if fold is not None else {}
    body = _freed(dancer(clips[0].skeleton), directions)
    classes = tuple(sorted({clip.label for clip in clips}))
    digest = hashlib.sha256()
    pieces = []
    for clip in clips:
        digest.update(clip.name.encode() + np.ascontiguousarray(clip.places).tobytes())
        split = "held" if fold is not None and held[clip.piece] == fold else "train"
        pieces.append(_piece(clip.name, classes.index(clip.label), split, clip.heard, clip.places, body))
    return _made(body, pieces, classes, digest.hexdigest())


def _performances(folder: Path, directions: bool) -> Material:
    clips = Clips.open(folder, "violin")
    body = _freed(violinist(), directions)
    columns = [JOINTS.index(joint) for joint in body.joints]
    pieces = []
    for recording in clips.recordings:
        places = np.asarray(clips.joints[recording.rows][:, columns], dtype=np.float32)
        name = f"{recording.piece}/{recording.performer}/{recording.trial}"
        if not np.isfinite(places).all():
            raise ClipsError(
                f"{folder / 'joints.npy'}: of {name} no motion is known throughout; momu learns from motion"
            )
        places = places - places[:, :1]
        pieces.append(_piece(name, 0, recording.split, clips.audio[recording.rows], places, body))
    return replace(_made(body, pieces, (), clips.card_sha256), grip=clips.grip())


def _piece(name: str, style: int, split: str, heard: Floats, places: Floats, body: Body) -> Piece:
    return Piece(name, style, split, heard, body.posture(places), body.happenings(places), amplitude(places), places)


def _made(body: Body, pieces: Sequence[Piece], classes: tuple[str, ...], card: str) -> Material:
    train = [piece for piece in pieces if piece.split == "train"]
    body = body.with_lengths(median_lengths(body, [piece.places for piece in train[:LENGTHS_FROM]]))
    every = max(1, sum(map(len, train)) // SAMPLES)
    posture = np.concatenate([piece.posture[::every] for piece in train])
    happenings = np.concatenate([piece.happenings[::every] for piece in train])
    # Of stretches as long as a window, as they are asked for.
    amounts = [vigour(p.places[f : f + 320]) for p in train for f in range(0, max(1, len(p) - 320), 320)]
    intensity = (float(np.mean(amounts)), max(float(np.std(amounts)), 1e-3))
    return Material(body, Scale.fit(posture, happenings, body), tuple(pieces), classes, intensity, card)


def _freed(body: Body, directions: bool) -> Body:
    """Without directions, every bone is a free vector (the paper's ablation of directional vectors)."""
    return (
        body
        if directions
        else Body(body.joints, body.parents, (False,) * len(body.joints), body.lengths, body.travels, body.feet)
    )
