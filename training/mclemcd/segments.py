# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Dances as seconds: what is trained on, and how it is split.

Seconds of one piece resemble one another more than seconds of two pieces of one class. A split that shares out the
seconds of a piece (as the paper's code does) asks how well a piece is recognised again; only one that keeps pieces
together asks about the class.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from plugins.api import Skeleton
from plugins.mclemcd import features
from plugins.mclemcd.config import StyleConfig
from plugins.mclemcd.features import Edges, Floats, edges_of
from training.datasets.dances import Dance, DanceError, card_sha256, deal_pieces, part_of
from training.mclemcd.config import Data, Split

Rows = npt.NDArray[np.int64]
PARTS: Final = 3
"""The paper trains on one of three parts of the seconds, validates on another, tests on the third."""


@dataclass(frozen=True, eq=False)
class Segments:
    """N seconds of dances.

    Attributes:
        places: (N, 25, J, 3) centred and scaled; sound: (N, 1, 96, 25).
        label: (N,) class; owner: (N,) which dance.
        pieces: piece of each dance; kinds: class of each dance; names, parts: of each dance.
        edges: (joint, parent) of the graph and of the limbs.
        card: hash of the dances.
    """

    places: Floats = field(repr=False)
    sound: Floats = field(repr=False)
    label: Rows = field(repr=False)
    owner: Rows = field(repr=False)
    names: tuple[str, ...]
    pieces: tuple[str, ...]
    kinds: Rows
    parts: tuple[str, ...]
    classes: tuple[str, ...]
    skeleton: Skeleton
    edges: Edges
    card: str

    def __len__(self) -> int:
        return len(self.label)


def read(data: Data) -> list[Dance]:
    """The dances that a config names."""
    from training.datasets import aist, music_to_dance

    reader = {"music-to-dance": music_to_dance.read_dances, "aist": aist.read_dances}[data.kind]
    return reader(Path(data.folder))


def cut(dances: Sequence[Dance], joints: Sequence[str], style: StyleConfig) -> Segments:
    """The seconds of dances for which there are both motion and sound."""
    skeleton = part_of(dances[0].motion.skeleton, joints)
    edges = _released(dances[0], skeleton) if style.parity else edges_of(skeleton)
    classes = tuple(sorted({dance.label for dance in dances}))
    places, sound = [], []
    for dance in dances:
        moved = features.motion_segments(dance.motion, skeleton.joints, style.smooth)
        heard = features.music_segments(dance.audio)
        both = min(len(moved), len(heard))
        places.append(moved[:both])
        sound.append(heard[:both])
    kinds = np.array([classes.index(dance.label) for dance in dances])
    owner = np.repeat(np.arange(len(dances)), [len(part) for part in places])
    return Segments(
        np.concatenate(places),
        np.concatenate(sound),
        kinds[owner],
        owner,
        tuple(dance.name for dance in dances),
        tuple(dance.piece for dance in dances),
        kinds,
        tuple(dance.part for dance in dances),
        classes,
        skeleton,
        edges,
        card_sha256(dances),
    )


def split(segments: Segments, how: Split, seed: int) -> tuple[Rows, Rows]:
    """Rows to train on, and rows that are kept.

    Raises:
        DanceError: a fold is empty, or the corpus has no split of its own.
    """
    every = np.arange(len(segments))
    if how.by == "all":
        return every, every[:0]
    if how.by == "segments":
        # Seconds, as in the paper's re-split for collaborative learning; the third that it validates on is left out.
        parts = np.array_split(np.random.default_rng([seed, PARTS]).permutation(every), PARTS)
        return np.sort(parts[how.fold % PARTS]), np.sort(parts[(how.fold + 2) % PARTS])
    if how.by == "published":
        part = np.array(segments.parts)[segments.owner]
        train, kept = every[part == "train"], every[part == "test"]
        if not len(train) or not len(kept):
            raise DanceError("these dances have no published split; give split.by=piece")
        return train, kept
    kept_pieces = folds(segments, how.folds, seed)[how.fold]
    held = np.isin(np.array(segments.pieces)[segments.owner], sorted(kept_pieces))
    return every[~held], every[held]


def folds(segments: Segments, count: int, seed: int) -> list[set[str]]:
    """Pieces dealt out to folds by lot, class by class, so that each fold has its share of every class.

    Raises:
        DanceError: a class has fewer pieces than there are folds.
    """
    class_of = {piece: segments.classes[kind] for piece, kind in zip(segments.pieces, segments.kinds, strict=True)}
    return deal_pieces(class_of, count, seed)


def _released(dance: Dance, skeleton: Skeleton) -> list[tuple[int, int]]:
    known = set(skeleton.joints)
    return [(skeleton.index(a), skeleton.index(b)) for a, b in dance.released if {a, b} <= known]
