# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The damper pedal of a MIDI file."""

from __future__ import annotations

import io
from collections import defaultdict
from typing import Final

from plugins.api import piano

DRUMS: Final = 9
"""The tenth channel."""


def pedal_of(data: bytes, end: float) -> list[tuple[float, float, float]]:
    """Where the pedal of a Standard MIDI File is down, drums left out: see ``piano.pedal_spans``.

    Args:
        end: seconds at which it comes up if nothing says so.
    """
    import mido

    said: dict[int, list[tuple[float, int]]] = defaultdict(list)
    seconds = 0.0
    for message in mido.MidiFile(file=io.BytesIO(data), clip=True):
        seconds += message.time
        if message.type == "control_change" and message.control == piano.DAMPER and message.channel != DRUMS:
            said[message.channel].append((seconds, message.value))
    return piano.pedal_spans(said.values(), end)
