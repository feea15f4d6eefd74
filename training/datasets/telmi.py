# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""TELMI's recordings of violinists (G. Volpe et al., 2017) as takes: optical markers of the body, violin and bow in a
table that Qualisys Track Manager exported (.tsv, millimetres, 50 frames a second), and the sound.

    technique/performer/trial/anything.tsv and anything.wav

The corpus was not at hand; what is read is the export's published format (a header of ``NO_OF_FRAMES``,
``FREQUENCY``, ``MARKER_NAMES``, then a row a frame) with the markers that MAPNet's authors list (S. Shrestha et al.,
2022, section 4.2). Each joint is the middle of the markers around it, by any of the names below; Z is up. As in the
paper the playing part alone is kept: from the first to the last frame in which the bow is at the strings, where violin
and bow are marked.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api.playing_joints import PAPER_NAMES
from plugins.mapnet.config import PAPER_FPS as FPS
from training.datasets.mosa import CorpusError
from training.datasets.mosa_motion import fill_gaps, resample

Floats = npt.NDArray[Any]

AROUND: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "C7": (("C7", "TS"),),
    "RSHO": (("RSHO", "RIGHTSHOULDER"), ("RBSH", "RIGHTBACKSHOULDER")),
    "LSHO": (("LSHO", "LEFTSHOULDER"), ("LBSH", "LEFTBACKSHOULDER")),
    "RMEL": (("RMEL", "RIEL", "RIGHTINNERELBOW"), ("RLEL", "ROEL", "RIGHTOUTERELBOW")),
    "LMEL": (("LMEL", "LIEL", "LEFTINNERELBOW"), ("LLEL", "LOEL", "LEFTOUTERELBOW")),
    "RMWR": (("RMWR", "RIWR", "RIGHTINNERWRIST"), ("RLWR", "ROWR", "RIGHTOUTERWRIST")),
    "LMWR": (("LMWR", "LIWR", "LEFTINNERWRIST"), ("LLWR", "LOWR", "LEFTOUTERWRIST")),
    "RBWT": (("RBWT", "RIGHTBACKWAIST"),),
    "LBWT": (("LBWT", "LEFTBACKWAIST"),),
    "RKNE": (("RKNE", "RMKN", "RIGHTINNERKNEE"), ("RLKN", "RIGHTOUTERKNEE")),
    "LKNE": (("LKNE", "LMKN", "LEFTINNERKNEE"), ("LLKN", "LEFTOUTERKNEE")),
    "RTOE": (("RTOE", "RIGHTTOE"),),
    "LTOE": (("LTOE", "LEFTTOE"),),
}
"""The paper's joints: of each of these groups of names the one that the file has."""
VIOLIN: Final = ("VLNBRIDGE", "BRIDGE", "VIOLINBRIDGE", "VLN_BR")
BOW: Final = (("BOWFROG", "BOW_FR", "BOWB"), ("BOWTIP", "BOW_TIP", "BOWE"))
AT_THE_STRINGS: Final = 0.12
"""Metres from the bow's line to the bridge within which somebody plays."""


@dataclass(frozen=True)
class Session:
    """One recording: who played what."""

    piece: str
    performer: str
    trial: str
    motion: Path
    audio: Path

    @property
    def name(self) -> str:
        return f"{self.piece}/{self.performer}/{self.trial}"

    def sha256(self) -> str:
        digest = hashlib.sha256()
        for path in (self.motion, self.audio):
            digest.update(path.read_bytes())
        return digest.hexdigest()


def find_sessions(folder: Path) -> list[Session]:
    """All recordings of a corpus, by name; CorpusError when there is none."""
    found = []
    for motion in sorted(folder.glob("*/*/*/*.tsv")):
        sounds = sorted(motion.parent.glob("*.wav"))
        if sounds:
            piece, performer, trial = motion.parts[-4:-1]
            found.append(Session(piece, performer, trial, motion, sounds[0]))
    if not found:
        raise CorpusError(f"{folder} holds no recordings (technique/performer/trial with a .tsv and a .wav)")
    return found


def read_session(session: Session) -> tuple[Floats, Floats, int]:
    """(T, 13, 3) metres at 50 frames a second, the sound (N,) and its rate, both of the playing part.

    Raises:
        CorpusError: naming the file and what is wrong with it.
    """
    import soundfile

    markers, fps = read_tsv(session.motion)
    try:
        samples, rate = soundfile.read(session.audio, dtype="float32", always_2d=True)
    except (OSError, RuntimeError) as error:
        raise CorpusError(f"{session.audio.name} is no sound that can be read ({error})") from error
    joints = np.stack([_joint(session.motion.name, markers, name) for name in PAPER_NAMES], axis=1)
    joints = resample(fill_gaps(joints, fps), fps, FPS)
    first, last = _playing(markers, fps, len(joints))
    sound = samples.mean(axis=1)[round(first / FPS * rate) : round(last / FPS * rate)]
    return joints[first:last], sound, int(rate)


def read_tsv(path: Path) -> tuple[dict[str, Floats], float]:
    """Marker -> (T, 3) metres with Z up, and frames a second, of a table of Qualisys Track Manager.

    Raises:
        CorpusError: naming the file and what is wrong with it.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path.name} cannot be read ({error})") from error
    head: dict[str, list[str]] = {}
    for line in lines:
        cells = line.split("\t")
        if not cells[0] or not cells[0][0].isalpha() or cells[0] in ("Frame", "Time"):
            break
        head[cells[0]] = [c.strip() for c in cells[1:] if c.strip()]
    names = [name.upper().replace(" ", "") for name in head.get("MARKER_NAMES", ())]
    if not names or "FREQUENCY" not in head:
        raise CorpusError(f"{path.name} is no table of Qualisys Track Manager (it names no markers, or no frequency)")
    values = _numbers(path.name, lines[len(head) :], len(names))
    values[(values == 0.0).all(axis=2)] = np.nan  # how the program writes what it did not see
    return {name: values[:, i] / 1000.0 for i, name in enumerate(names)}, float(head["FREQUENCY"][0])


def _numbers(name: str, lines: list[str], count: int) -> Floats:
    rows = [line for line in lines if line and not line[0].isalpha()]
    try:
        table = np.array([[float(c) for c in line.split("\t") if c.strip()] for line in rows])
        return table[:, -3 * count :].reshape(len(table), count, 3)
    except (ValueError, IndexError) as error:
        raise CorpusError(
            f"{name}: its rows do not hold three numbers for each of {count} markers (truncated?)"
        ) from error


def _joint(file: str, markers: dict[str, Floats], joint: str) -> Floats:
    """(T, 3) the middle of the markers around a joint."""
    found = [next((markers[n] for n in names if n in markers), None) for names in AROUND[joint]]
    there = [f for f in found if f is not None]
    if not there:
        raise CorpusError(f"{file} has no marker for {joint} (looked for {', '.join(sum(AROUND[joint], ()))})")
    return np.mean(there, axis=0)


def _playing(markers: dict[str, Floats], fps: float, frames: int) -> tuple[int, int]:
    """First frame (at 50 a second) with the bow at the strings, and the one after the last; all without marks."""
    bridge = next((markers[n] for n in VIOLIN if n in markers), None)
    ends = [next((markers[n] for n in names if n in markers), None) for names in BOW]
    frog, tip = ends
    if bridge is None or frog is None or tip is None:
        return 0, frames
    line = tip - frog
    along = np.clip(((bridge - frog) * line).sum(axis=1) / np.maximum((line**2).sum(axis=1), 1e-9), 0.0, 1.0)
    near = np.linalg.norm(frog + along[:, None] * line - bridge, axis=1) < AT_THE_STRINGS
    at = np.nonzero(near)[0]
    if not len(at):
        return 0, frames
    return int(at[0] * FPS / fps), min(frames, int((at[-1] + 1) * FPS / fps))
