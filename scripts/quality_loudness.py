# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""How well the ``loudness`` curve follows what was played: ``python scripts/quality_loudness.py``.

Simulated performances (studies, other seeds than any corpus of ours), each recorded in a room with a microphone and
noise: correlation of the curve with that of the dry sound before the room, and with how loud the player meant the notes
that sound (0 to 1, the loudest of them). Silence before, between and after is left out. Prints Markdown.
"""

from __future__ import annotations

import numpy as np

from plugins.api import Audio, JobContext
from plugins.loudness.meter import LoudnessMeter
from training.datasets.mosa_tracks import tracks
from training.simulate import room
from training.simulate.kinds import KINDS
from training.simulate.sound import RATE
from training.simulate.studies import study
from training.simulate.timing import perform

SEED, RECORDINGS = 9001, 12
QUIET = -60.0


def curve(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Seconds and LUFS."""
    meter = LoudnessMeter()
    track = meter.recognize(Audio(samples, RATE), None, meter.Options(), JobContext())[0]
    return np.array(track.times), np.array([a.value for a in track.annotations])


def correlations(instrument: str, number: int) -> tuple[float, float]:
    rng = np.random.default_rng([SEED, number])
    kind = KINDS[instrument]
    player = kind.player(SEED, number)
    told = perform(study(rng, "study", 45.0, kind.textures), player, rng)
    notes = kind.sounding(tracks(told), told, player, rng)
    where = room.place(rng)
    seconds = max(n.end for n in notes) + 1.0
    dry = kind.play(notes, player, kind.instrument(player, where.reference, rng), seconds, rng)
    times, heard = curve(room.record(dry, where, RATE, rng))
    _, played = curve(dry)
    meant = np.array([max((n.loudness for n in notes if n.start - 0.2 <= t < n.end + 0.1), default=0.0) for t in times])
    sounds = (played > QUIET) & (meant > 0.0)
    return tuple(float(np.corrcoef(heard[sounds], other[sounds])[0, 1]) for other in (played, meant))  # type: ignore[return-value]


def main() -> None:
    print("| instrument | recordings | with the dry sound | with what was meant |\n|---|---|---|---|")
    for instrument in KINDS:
        found = np.array([correlations(instrument, i) for i in range(RECORDINGS)])
        cells = [
            f"{m:.3f} ({low:.3f} to {high:.3f})"
            for m, low, high in zip(*(f(found, axis=0) for f in (np.mean, np.min, np.max)), strict=True)
        ]
        print(f"| {instrument} | {RECORDINGS} | {cells[0]} | {cells[1]} |", flush=True)


if __name__ == "__main__":
    main()
