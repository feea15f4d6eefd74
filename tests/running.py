# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""For tests of the command: sounds and scores made of a few notes, the command itself, Blender's stand-in."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from backend import cli
from plugins.api import BakeJob

ROOT = Path(__file__).resolve().parents[1]
RATE = 22050
TUNE = (67, 69, 71, 74)

# A job that was started in the background ignores Ctrl-C, and so would its children.
COMMAND = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\nfrom backend.cli import main; main()"
)


@dataclass(frozen=True)
class Ended:
    """How the command ended."""

    status: int
    out: str
    error: str

    def failed_with(self, *words: str) -> None:
        """It ended with one message that holds all the words, and wrote nothing to standard output."""
        assert self.status == 1, self.error
        assert self.out == ""
        assert "Traceback" not in self.error
        message = self.error[self.error.index("cadenza: ") :]
        assert len(message.strip().splitlines()) == 1
        assert all(word in message for word in words), message


Run = Callable[..., Ended]
"""The command with its arguments."""


def tone(pitches: Sequence[int] = TUNE, seconds: float = 0.5, rate: int = RATE) -> np.ndarray:
    """Bowed-string-like notes, one after the other."""
    t = np.arange(round(seconds * rate)) / rate
    fade = np.minimum(1.0, np.minimum(t, seconds - t) / 0.02)
    notes = [
        fade * sum(np.sin(2 * np.pi * k * 440 * 2 ** ((p - 69) / 12) * t) / k for k in range(1, 7)) for p in pitches
    ]
    return np.asarray(0.3 * np.concatenate(notes), dtype=np.float32)


def write_midi(path: Path, notes: Sequence[tuple[int, float, float]]) -> Path:
    """A violin part of (pitch, start, end)."""
    pretty_midi = pytest.importorskip("pretty_midi")
    part = pretty_midi.Instrument(program=40)
    part.notes = [pretty_midi.Note(80, *note) for note in notes]
    midi = pretty_midi.PrettyMIDI()
    midi.instruments.append(part)
    midi.write(str(path))
    return path


def melody(pitches: Sequence[int] = TUNE, seconds: float = 0.5) -> list[tuple[int, float, float]]:
    return [(p, i * seconds, (i + 1) * seconds) for i, p in enumerate(pitches)]


def write_score(path: Path, pitches: Sequence[int] = TUNE) -> Path:
    """MusicXML: one bar of quarter notes; without pitches a bar of rest."""
    notes = "".join(f"<note>{_pitch(p)}<duration>1</duration><voice>1</voice></note>" for p in pitches)
    count = max(len(pitches), 1)
    rest = "<note><rest/><duration>1</duration><voice>1</voice></note>"
    path.write_text(
        '<score-partwise version="4.0"><part-list><score-part id="P1"><part-name>Violin</part-name></score-part>'
        f'</part-list><part id="P1"><measure number="1"><attributes><divisions>1</divisions><time><beats>{count}'
        f"</beats><beat-type>4</beat-type></time></attributes>{notes or rest}</measure></part></score-partwise>"
    )
    return path


def _pitch(midi: int) -> str:
    step, alter = "CCDDEFFGGAAB"[midi % 12], midi % 12 in (1, 3, 6, 8, 10)
    return f"<pitch><step>{step}</step><alter>{alter:d}</alter><octave>{midi // 12 - 1}</octave></pitch>"


class FakeBlender:
    """Takes the job and leaves what Blender leaves, its half-written files included."""

    jobs: list[BakeJob]

    def __init__(self) -> None:
        type(self).jobs = []

    def __enter__(self) -> FakeBlender:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def check(self) -> None:
        pass

    def apply(self, job: BakeJob, progress: Callable[[float, str], None]) -> None:
        self.jobs.append(job)
        output = Path(job.output)
        half = output.with_name(f".{output.stem}.part.blend@")
        half.write_bytes(b"half")
        progress(0.0, "Building the musician")
        assert Path(job.motion).is_file()
        assert Path(job.annotations).is_file()
        assert job.sound is None or Path(job.sound.path).is_file()
        progress(0.5, "Saving")
        half.replace(output)
        if job.preview:
            progress(0.6, "Rendering the preview")
            Path(job.preview).write_bytes(b"film")
        progress(1.0, "Done")


class Command:
    """``cadenza`` in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capfd = capfd

    def __call__(self, *arguments: object) -> Ended:
        self._monkeypatch.setattr(sys, "argv", ["cadenza", *map(str, arguments)])
        self._capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, error = self._capfd.readouterr()
        return Ended(int(ended.value.code or 0), out, error)


def start(*arguments: object, paths: Sequence[Path] = ()) -> subprocess.Popen[str]:
    """``cadenza`` as a process of its own; ``paths`` come first where it looks for modules."""
    found = os.pathsep.join([*map(str, paths), str(ROOT)])
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": found},
    )


def wait(process: subprocess.Popen[str]) -> Ended:
    out, error = process.communicate(timeout=60)
    return Ended(process.returncode, out, error)


def names(folder: Path) -> set[str]:
    """Everything below a folder, hidden files included."""
    return {str(p.relative_to(folder)) for p in folder.rglob("*")}


def stub_bpy(folder: Path, source: str) -> Path:
    """A folder whose ``bpy`` is this source."""
    folder.mkdir()
    (folder / "bpy.py").write_text(source)
    return folder
