# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""MIDI files read by the add-on itself, against pretty_midi; damaged ones never raise anything but their error."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest

from blender_addon.core.annotations import AnnotationError
from blender_addon.midi_file import read_midi
from tests.running import melody, write_midi

HEAD = b"MThd\x00\x00\x00\x06\x00\x01\x00\x01\x01\xe0"


def track(body: bytes) -> bytes:
    return HEAD + b"MTrk" + len(body).to_bytes(4, "big") + body


def test_the_same_notes_as_pretty_midi(tmp_path: Path) -> None:
    notes = melody((67, 69, 71, 74, 67), 0.4)
    data = write_midi(tmp_path / "a.mid", notes).read_bytes()
    read, beats, bars = read_midi(data)
    assert [a.value["pitch"] for a in read.annotations] == [p for p, _, _ in notes]
    assert np.allclose([(a.time, a.end) for a in read.annotations], [n[1:] for n in notes], atol=2e-3)
    assert beats.times[:4] == [0.0, 0.5, 1.0, 1.5]
    assert [a.value for a in bars.annotations] == [1, 2][: len(bars)]


def test_tempo_metre_and_running_status() -> None:
    """Three quarters at 60, then 120 beats a minute; the second note goes on without a status byte."""
    metre, slow, fast = (
        b"\x00\xff\x58\x04\x03\x02\x18\x08",
        b"\x00\xff\x51\x03\x0f\x42\x40",
        b"\xff\x51\x03\x07\xa1\x20",
    )
    on = b"\x00\x90\x3c\x40" + b"\x83\x60\x3c\x00" + b"\x00\x3e\x40" + b"\x83\x60" + fast + b"\x83\x60\x90\x3e\x00"
    notes, beats, bars = read_midi(track(metre + slow + on + b"\x83\x60\xff\x2f\x00"))
    assert [(a.time, a.duration, a.value["pitch"]) for a in notes.annotations] == [(0.0, 1.0, 60), (1.0, 1.5, 62)]
    assert [(a.time, a.value) for a in beats.annotations] == [(0.0, 1), (1.0, 2), (2.0, 3), (2.5, 1), (3.0, 2)]
    assert [(a.time, a.value) for a in bars.annotations] == [(0.0, 1), (2.5, 2)]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no MIDI file"),
        (b"RIFF....", "no MIDI file"),
        (HEAD, "no tracks"),
        (HEAD[:12], "in the middle"),
        (HEAD[:12] + b"\xe7\x28", "SMPTE"),
        (track(b"\x00\x90\x3c\x40")[:-2], "in the middle"),
        (track(b"\x00\x3c\x40"), "damaged"),
    ],
)
def test_files_that_cannot_be_read(data: bytes, words: str) -> None:
    with pytest.raises(AnnotationError, match=words):
        read_midi(data)


def test_damaged_files_are_read_or_refused() -> None:
    rng = np.random.default_rng(3)
    whole = np.frombuffer(
        track(b"\x00\x90\x3c\x40\x83\x60\x3c\x00\x00\xff\x51\x03\x07\xa1\x20\x83\x60\xff\x2f\x00"), "u1"
    )
    for _ in range(400):
        data = whole.copy()
        data[rng.integers(14, len(data), 3)] = rng.integers(0, 256, 3)
        with contextlib.suppress(AnnotationError):
            read_midi(data.tobytes())
