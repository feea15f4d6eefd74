# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A dance with its music and its class, whatever corpus it is from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from plugins.api import Audio, Motion, Skeleton


class DanceError(ValueError):
    """A corpus of dances that cannot be used: the message names the file, the reason, and what to do."""


@dataclass(frozen=True, eq=False)
class Dance:
    """One recording.

    Attributes:
        name: of the recording; label: its class.
        piece: dances of one piece of music share it, and are never split.
        motion: metres, Z up, at whatever rate it was captured; its ``start`` counts from the sound's beginning.
        audio: the music, from the moment of the motion's first frame.
        part: "train", "val" or "test" where the corpus has a split of its own.
        released: (joint, parent) by name, the limbs that the released code of MCLEMCD lists for this corpus.
    """

    name: str
    label: str
    piece: str
    motion: Motion
    audio: Audio
    part: str = ""
    released: tuple[tuple[str, str], ...] = field(default=(), repr=False)


def card_sha256(dances: Sequence[Dance]) -> str:
    """Which dances they are: a hash of names, classes, places and sounds."""
    rows = []
    for dance in dances:
        moved = hashlib.sha256(np.ascontiguousarray(dance.motion.positions).tobytes()).hexdigest()
        rows.append([dance.name, dance.label, dance.piece, dance.part, dance.motion.fps, moved, dance.audio.sha256])
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def deal_pieces(class_of: Mapping[str, str], count: int, seed: int) -> list[set[str]]:
    """Pieces dealt out to ``count`` folds by lot, class by class, so that each fold has its share of every class.

    Raises:
        DanceError: a class has fewer pieces than there are folds.
    """
    rng = np.random.default_rng([seed, count])
    out: list[set[str]] = [set() for _ in range(count)]
    dealt = 0
    for label in sorted(set(class_of.values())):
        pieces = sorted(piece for piece, its in class_of.items() if its == label)
        if len(pieces) < count:
            raise DanceError(f"there are {len(pieces)} pieces of {label}, fewer than {count} folds; lower split.folds")
        for piece in rng.permutation(pieces):
            out[dealt % count].add(str(piece))
            dealt += 1
    return out


def skeleton_of(name: str, joints: Sequence[tuple[str, str | None]]) -> Skeleton:
    """A skeleton of (joint, parent) of which only the places of joints are known: no rest pose."""
    return Skeleton.build(name, [(joint, parent, (0.0, 0.0, 0.0), "body") for joint, parent in joints])


def part_of(skeleton: Skeleton, joints: Iterable[str]) -> Skeleton:
    """The same body with these joints only (all when there are none), each on the nearest one above it that is kept.

    Raises:
        DanceError: a joint is not there.
    """
    wanted = set(joints) or set(skeleton.joints)
    unknown = sorted(wanted - set(skeleton.joints))
    if unknown:
        raise DanceError(f"the skeleton {skeleton.name!r} has no {', '.join(unknown)}; joints takes {skeleton.joints}")
    kept = [joint for joint in skeleton.joints if joint in wanted]

    def above(joint: str) -> str | None:
        at = skeleton.parents[skeleton.index(joint)]
        while at >= 0 and skeleton.joints[at] not in wanted:
            at = skeleton.parents[at]
        return skeleton.joints[at] if at >= 0 else (None if joint == kept[0] else kept[0])

    return skeleton_of(skeleton.name, [(joint, above(joint)) for joint in kept])


def read_sound(path: Path) -> tuple[npt.NDArray[np.float32], int]:
    """(N,) float32 mono samples and their rate, of any container that has sound in it (a cover picture may be, too).

    Raises:
        DanceError: there is no sound in the file, or it cannot be read.
    """
    import av

    try:
        with av.open(str(path)) as container:
            stream = container.streams.audio[0]
            convert = av.AudioResampler(format="fltp", layout="mono")
            parts = [part.to_ndarray()[0] for frame in container.decode(stream) for part in convert.resample(frame)]
            parts += [part.to_ndarray()[0] for part in convert.resample(None)]
            return np.concatenate(parts).astype(np.float32), int(stream.rate)
    except (av.FFmpegError, OSError, IndexError, ValueError) as error:
        raise DanceError(f"the sound {path} cannot be read: {error}; give wav, flac, mp3 or ogg") from error
