# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""One simulated recording: a score, played, heard, performed, and written as a trial of MOSA's layout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api import AnnotationTrack, Audio, JobContext, Motion
from plugins.api import rotations as rot
from training.datasets.markers import optical_markers
from training.datasets.mosa_annotations import Annotations
from training.datasets.mosa_motion import CAPTURE_FPS
from training.datasets.mosa_tracks import tracks
from training.simulate import room, soundfont
from training.simulate.kinds import KINDS
from training.simulate.players import Player
from training.simulate.sound import RATE

TAIL: Final = (0.8, 2.0)
"""Seconds after the last note."""
Floats = npt.NDArray[np.float64]


LATER: Final = ("pulse", "as_heard")
"""Options that corpora do without: the weights that ship learned from such, and the same seed still makes them."""


@dataclass(frozen=True, eq=False)
class Recording:
    """Sound, markers (T, 34, 3) in metres at 120 frames a second (None where nobody moves), and what was chosen by
    chance."""

    samples: npt.NDArray[np.float32]
    sample_rate: int
    markers: Floats | None
    place: room.Place
    instrument: Any
    warnings: tuple[str, ...]


def record(
    annotations: Annotations,
    player: Player,
    seed: list[int],
    fonts: Sequence[soundfont.SoundFont] = (),
    *,
    share: float = soundfont.SHARE,
    motion: bool = True,
) -> Recording:
    """Play annotated music, now and then by one of these soundfonts: the same arguments give the same recording."""
    heard, shown = (np.random.default_rng([*seed, part]) for part in (1, 2))
    kind = KINDS[player.plays]
    known = tracks(annotations)
    notes = kind.sounding(known, annotations, player, heard)
    where = room.place(heard)
    seconds = max(n.end for n in notes) + float(heard.uniform(*TAIL))
    instrument: Any
    if fonts and heard.random() < share:
        instrument = replace(fonts[int(heard.integers(len(fonts)))], reference=where.reference)
        if not motion:
            instrument = replace(instrument, program=int(heard.choice(soundfont.ALIKE[player.plays])))
        dry = soundfont.play(notes, instrument, player.plays, seconds)
    else:
        instrument = kind.instrument(player, where.reference, heard)
        dry = kind.play(notes, player, instrument, seconds, heard)
    samples = room.record(dry, where, RATE, heard)
    if not motion:
        return Recording(samples, RATE, None, where, instrument, ())
    seen = perform(kind.shown(known, notes), Audio(samples, RATE), player, int(shown.integers(2**31)))
    markers = _in_laboratory(optical_markers(seen), shown)
    return Recording(samples, RATE, markers, where, instrument, tuple(seen.provenance.get("warnings", ())))


def perform(known: list[AnnotationTrack], audio: Audio, player: Player, seed: int) -> Motion:
    """The ``performer`` and ``ik`` plug-ins, in process."""
    from plugins.ik.step import InverseKinematics

    kind = KINDS[player.plays]
    played = [track for track in known if track.namespace in ("note", "beat")]
    context = JobContext(seed=seed, fps=float(CAPTURE_FPS), annotations=played, instrument=player.plays)
    performer, ik = kind.performer(), InverseKinematics()
    options = {name: 0.0 for name in LATER if name in performer.Options.model_fields} | player.options
    motion = performer.generate(audio, performer.Options(**options), context)
    return ik.apply(kind.resized(motion, player.size), ik.Options(), context)


def _in_laboratory(markers: Floats, rng: np.random.Generator) -> Floats:
    """Somewhere in the room, facing anywhere."""
    turn = rot.from_axis_angle(np.array([0.0, 0.0, 1.0]), float(rng.uniform(0, 2 * np.pi)))
    return np.asarray(rot.rotate(turn, markers) + np.append(rng.uniform(-1.0, 1.0, 2), 0.0))
