# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Performances sounded by programs and soundfonts of the user's: FluidSynth (.sf2, .sf3) and TiMidity++ (.cfg)."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plugins.api import Audio
from training.datasets.mosa import CorpusError
from training.datasets.performances import PEDAL, Performed
from training.simulate.soundfont import PROGRAMS

RATE: Final = 22050
PROGRAM_OF: Final = {".sf2": "fluidsynth", ".sf3": "fluidsynth", ".cfg": "timidity"}


@dataclass(frozen=True)
class Synthesiser:
    """A name for the report, and the soundfont (or TiMidity++'s configuration) that plays."""

    name: str
    path: Path

    @classmethod
    def read(cls, text: str) -> Synthesiser:
        """``NAME=FILE``, or the file alone; CorpusError when it cannot play."""
        name, _, file = text.rpartition("=")
        path = Path(file)
        program = PROGRAM_OF.get(path.suffix)
        if program is None or not path.is_file():
            raise CorpusError(f"{file} is no soundfont (.sf2, .sf3) and no configuration of TiMidity++ (.cfg)")
        if shutil.which(program) is None:
            raise CorpusError(f"{file} needs the program {program} (apt install {program})")
        return cls(name or path.stem, path)

    def sha256(self) -> str:
        """Beginning of the file's SHA-256. (What a .cfg names is not followed.)"""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:16]

    def play(self, performed: Performed, pedal: bool = False) -> Audio:
        """The sound, with the pedal or as if nobody used it; the performance's seconds are the sound's."""
        import soundfile

        with tempfile.TemporaryDirectory() as folder:
            midi, wave = Path(folder) / "notes.mid", Path(folder) / "sound.wav"
            write_midi(performed, midi, pedal)
            done = subprocess.run(self._command(midi, wave), capture_output=True, text=True, check=False)
            if done.returncode or not wave.is_file():
                raise CorpusError(f"{self.path} could not be played: {done.stderr.strip()[-200:]}")
            samples, rate = soundfile.read(wave, dtype="float32", always_2d=True)
        return Audio(samples.mean(axis=1), int(rate))

    def _command(self, midi: Path, wave: Path) -> list[str]:
        if self.path.suffix == ".cfg":
            return [
                "timidity",
                "--preserve-silence",
                "-c",
                str(self.path),
                "-s",
                str(RATE),
                "-OwM",
                "-o",
                str(wave),
                str(midi),
            ]
        return ["fluidsynth", "-ni", "-q", "-r", str(RATE), "-F", str(wave), str(self.path), str(midi)]


def write_midi(performed: Performed, path: Path, pedal: bool = False) -> None:
    import pretty_midi

    midi, part = pretty_midi.PrettyMIDI(resolution=960), pretty_midi.Instrument(PROGRAMS[performed.instrument])
    part.notes += [
        pretty_midi.Note(n.velocity, n.pitch, n.onset, max(n.offset, n.onset + 0.02)) for n in performed.notes
    ]
    if pedal:
        part.control_changes += [pretty_midi.ControlChange(PEDAL, value, time) for time, value in performed.pedal]
    midi.instruments.append(part)
    midi.write(str(path))
