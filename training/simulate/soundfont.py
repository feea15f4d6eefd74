# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Performances sounded by a soundfont of the user's, through the FluidSynth program."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from training.datasets.mosa import CorpusError
from training.simulate.sound import RATE

PROGRAMS: Final = {"violin": 40, "piano": 0}
"""General MIDI."""
ALIKE: Final = {"violin": (40, 40, 110, 41), "piano": (0, 0, 1)}
"""Programs that sound like it (fiddle, viola; bright piano): where nobody is seen to play, any of them may."""
SHARE: Final = 0.4
"""Part of the recordings that soundfonts play, where there are any."""
BEND: Final = 8192 / 200
"""Steps of the pitch wheel a cent, at General MIDI's range of a whole tone."""


@dataclass(frozen=True)
class SoundFont:
    """A soundfont file, known by its contents."""

    path: str
    sha256: str
    reference: float = 440.0
    program: int | None = None

    @classmethod
    def open(cls, path: Path) -> SoundFont:
        """CorpusError when it is none, or FluidSynth is not installed."""
        if shutil.which("fluidsynth") is None:
            raise CorpusError(
                "soundfonts need the program fluidsynth (apt install fluidsynth); or leave --soundfont out"
            )
        try:
            data = path.read_bytes()
        except OSError as error:
            raise CorpusError(f"the soundfont cannot be read: {error}") from error
        if data[:4] != b"RIFF" or data[8:12] != b"sfbk":
            raise CorpusError(f"{path} is no soundfont (.sf2)")
        return cls(str(path), hashlib.sha256(data).hexdigest())

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "path": Path(self.path).name}


def play(notes: Sequence[Any], font: SoundFont, instrument: str, seconds: float) -> npt.NDArray[np.float32]:
    """The dry sound of a performance.

    Args:
        notes: each with ``start``, ``end`` (seconds), ``pitch`` and ``loudness`` (0 to 1); of a piano also ``damped``.
        seconds: length of the answer.

    Returns:
        (N,) float32 at RATE, loudest about 0.5.
    """
    import soundfile

    with tempfile.TemporaryDirectory() as folder:
        score, sound = Path(folder) / "notes.mid", Path(folder) / "sound.wav"
        program = PROGRAMS[instrument] if font.program is None else font.program
        _midi(notes, program, font.reference).write(str(score))
        command = ["fluidsynth", "-ni", "-q", "-R", "0", "-C", "0", "-r", str(RATE), "-F", str(sound)]
        done = subprocess.run([*command, font.path, str(score)], capture_output=True, text=True, check=False)
        if done.returncode or not sound.is_file():
            raise CorpusError(f"fluidsynth could not play {font.path}: {done.stderr.strip()[-200:]}")
        samples = soundfile.read(sound, dtype="float32", always_2d=True)[0].mean(axis=1)
    out = np.zeros(int(seconds * RATE), dtype=np.float32)
    count = min(len(out), len(samples))
    out[:count] = samples[:count]
    return np.asarray(0.5 * out / max(float(np.abs(out).max()), 1e-9), dtype=np.float32)


def _midi(notes: Sequence[Any], program: int, reference: float) -> Any:
    import pretty_midi

    midi = pretty_midi.PrettyMIDI(resolution=960, initial_tempo=120)
    part = pretty_midi.Instrument(program)
    cents = 1200.0 * np.log2(reference / 440.0)
    part.pitch_bends.append(pretty_midi.PitchBend(int(np.clip(round(BEND * cents), -8192, 8191)), 0.0))
    for note, end in zip(notes, _silenced(notes), strict=True):
        velocity = int(np.clip(round(20 + 100 * note.loudness), 1, 127))
        part.notes.append(pretty_midi.Note(velocity, int(note.pitch), float(note.start), end))
    midi.instruments.append(part)
    return midi


def _silenced(notes: Sequence[Any]) -> list[float]:
    """When each note stops to sound: its pedal is up, or its key is struck again, of which MIDI's note-off would stop
    the new note."""
    out, again = [0.0] * len(notes), dict[int, float]()
    for i in sorted(range(len(notes)), key=lambda i: -notes[i].start):
        note = notes[i]
        rings = min(getattr(note, "damped", note.end), again.get(int(note.pitch), np.inf))
        out[i], again[int(note.pitch)] = float(max(rings, note.start + 0.01)), float(note.start)
    return out
