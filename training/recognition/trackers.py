# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Who is judged: our recogniser, librosa's tracker (the ``beats`` plug-in), and programs of others."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api import Audio, JobContext, Recognizer, find_track
from plugins.beats.tracker import BeatTracker
from plugins.hearing.ears import Ears
from plugins.hearing.recognizers import LearnedBeats, LearnedPhrases
from training.datasets.mosa import CorpusError

SCRIPT: Final = Path(__file__).resolve().parents[2] / "scripts" / "madmom_beats.py"
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Said:
    """What a tracker found (seconds; None where it does not look for it), the CPU seconds that it took, and how sure it
    is of each beat."""

    beats: Floats
    downbeats: Floats | None
    phrases: Floats | None
    seconds: float
    sure: Floats | None = None


Tracker = Callable[[Audio], Said]


def trackers(weights: Path, others: Mapping[str, Path]) -> dict[str, Tracker]:
    """By name.

    Args:
        others: name -> Python that has madmom (``scripts/madmom_beats.py`` runs in it).
    """
    ears = Ears(weights)
    found: dict[str, Tracker] = {
        "ours": Ours(LearnedBeats(ears), LearnedPhrases(ears)),
        "librosa": Ours(BeatTracker(), None),
    }
    for name, python in others.items():
        for kind in ("rnn", "joint"):
            found[f"{name} {kind}"] = Madmom(python, kind)
    return found


@dataclass
class Ours:
    """Recognisers of ours."""

    beats: Recognizer
    phrases: Recognizer | None

    def __call__(self, audio: Audio) -> Said:
        for component in (self.beats, self.phrases):
            if component is not None:
                component.load("cpu")
        began = time.process_time()
        tracks = self.beats.recognize(audio, None, self.beats.Options(), JobContext())
        times = {name: np.array(find_track(tracks, name).times) for name in ("beat", "downbeat")}
        sure = [a.confidence for a in find_track(tracks, "beat").annotations]
        phrases = None
        if self.phrases is not None:
            found = self.phrases.recognize(audio, None, self.phrases.Options(), JobContext())
            phrases = np.array(found[0].times)
        taken = time.process_time() - began
        return Said(times["beat"], times["downbeat"], phrases, taken, np.array(sure))


@dataclass
class Madmom:
    """madmom in a Python of its own (its licence and its old libraries stay outside)."""

    python: Path
    kind: str

    def __call__(self, audio: Audio) -> Said:
        said = _madmom(self.python, audio)
        downbeats = np.array(said["joint_downbeats"]) if self.kind == "joint" else None
        return Said(np.array(said[f"{self.kind}_beats"]), downbeats, None, float(said["cpu_seconds"][self.kind]))


_HEARD: dict[str, dict[str, Any]] = {}
"""What madmom said of a sound: both of its trackers answer at once."""


def _madmom(python: Path, audio: Audio) -> dict[str, Any]:
    import soundfile

    if audio.sha256 in _HEARD:
        return _HEARD[audio.sha256]
    with tempfile.TemporaryDirectory() as folder:
        wave = Path(folder) / "sound.wav"
        soundfile.write(wave, audio.samples, audio.sample_rate)
        done = subprocess.run([str(python), str(SCRIPT), str(wave)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise CorpusError(f"{python} could not run madmom: {(done.stderr or done.stdout).strip()[-300:]}")
    _HEARD.clear()
    _HEARD[audio.sha256] = json.loads(done.stdout.splitlines()[-1])
    return _HEARD[audio.sha256]
