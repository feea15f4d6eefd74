# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The damper pedal of a MIDI file."""

from __future__ import annotations

import io
from collections import defaultdict
from itertools import accumulate
from typing import Any, Final

from plugins.api import piano

DRUMS: Final = 9
"""The tenth channel."""


def pedal_of(data: bytes, midi: Any, end: float) -> list[tuple[float, float, float]]:
    """Where the pedal of a Standard MIDI File is down, drums left out: see ``piano.pedal_spans``.

    Args:
        data: the file.
        midi: the same, as pretty_midi read it: its clock counts, but it forgets tracks without notes.
        end: seconds at which it comes up if nothing says so.
    """
    import mido

    said: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for track in mido.MidiFile(file=io.BytesIO(data), clip=True).tracks:
        for tick, message in zip(accumulate(m.time for m in track), track, strict=True):
            if message.type == "control_change" and message.control == piano.DAMPER and message.channel != DRUMS:
                said[message.channel].append((tick, message.value))
    channels = (sorted(changes, key=lambda change: change[0]) for changes in said.values())
    return piano.pedal_spans([[(float(midi.tick_to_time(t)), v) for t, v in changes] for changes in channels], end)
