# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""From recordings to what training reads: thirteen joints at 50 frames a second, and what is heard at 40.

A folder of takes holds

- ``joints.npy`` (frames, 13, 3) float32: metres in the performer's own frame (``plugins.api.playing_joints``), origin
  between the hips, a body of size 1;
- ``heard.npy`` (sound frames, 121) float16: ``plugins.mapnet.ears`` with the network of ``plugins/a2m``, and
  ``playing.npy`` (sound frames, 1) float16: whether anybody plays;
- ``paper.npy`` (frames, 35) float16, on request: the paper's features, for its own networks;
- ``takes.json``: which rows and which sound rows are whose, and of which split; ``card.json``: the data card.

It appears by renaming when all of it is written.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api import ComponentError, violinist
from plugins.api import rotations as rot
from plugins.api.playing_joints import JOINTS as REPAIRED
from plugins.api.playing_joints import own_frame
from plugins.mapnet.config import FPS, HEARD, JOINT_COUNT, PAPER_FPS, PAPER_SOUND, EarsConfig
from plugins.mapnet.ears import heard_by
from plugins.mapnet.sound import heard, paper_features
from training.a2m_clips import ClipsError, mapped
from training.datasets import mosa_motion
from training.datasets.clips import Growing
from training.datasets.corpus_card import corpus_card
from training.datasets.markers import JOINTS, PELVIS, our_joints
from training.datasets.mosa import CorpusError, OnProblem, Performance, Trial, find_trials, hash_of, read_trial
from training.datasets.splits import split_of
from training.mapnet.ears import BUNDLED_EARS, Ears

Floats = npt.NDArray[Any]

FORMAT_VERSION: Final = 1
KINDS: Final[dict[str, npt.DTypeLike]] = {"joints": np.float32, "heard": np.float16, "playing": np.float16}
SHAPES: Final = {"joints": (JOINT_COUNT, 3), "heard": (HEARD,), "playing": (1,), "paper": (PAPER_SOUND,)}
OF_SOUND: Final = ("heard", "playing")


@dataclass(frozen=True, eq=False)
class Take:
    """One performance: who played what, and its arrays."""

    piece: str
    performer: str
    trial: str
    split: str
    sha256: str
    arrays: dict[str, Floats] = field(repr=False)

    @property
    def frames(self) -> int:
        return len(self.arrays["joints"])


def take_of(performance: Performance, paper: bool = False) -> Take:
    """What training reads of a performance of MOSA's layout."""
    assert performance.samples is not None
    assert performance.markers is not None
    trial = performance.trial
    joints = thirteen(performance.markers)
    arrays = arrays_of(joints, performance.samples, performance.sample_rate, paper)
    return Take(
        trial.piece, trial.performer, trial.trial, split_of(trial.piece, trial.performer), hash_of(trial), arrays
    )


def arrays_of(joints: Floats, samples: Floats, sample_rate: int, paper: bool) -> dict[str, Floats]:
    """The arrays of a take from (T, 13, 3) metres at 50 frames a second and its sound, as long as the shorter."""
    frames = min(len(joints), round(len(samples) / sample_rate * PAPER_FPS))
    frame = own_frame(joints[:frames])
    mel, playing = heard(samples, sample_rate)
    found: dict[str, Floats] = {
        "joints": frame.inside(joints[:frames]),
        "heard": heard_by(mel, EarsConfig(), ears().infer),
        "playing": playing[:, None],
    }
    if paper:
        found["paper"] = paper_features(samples, sample_rate, frames)
    return found


@cache
def ears() -> Ears:
    """The network that hears the bow: that of ``plugins/a2m``, as it is bundled."""
    return Ears(BUNDLED_EARS)


def thirteen(markers: Floats) -> Floats:
    """(T, 13, 3) of the repaired joints at 50 frames a second from (T, 34, 3) optical markers at 120, metres."""
    smooth = mosa_motion.resample(mosa_motion.smooth(markers), mosa_motion.CAPTURE_FPS, PAPER_FPS)
    joints = dict(zip(JOINTS, np.moveaxis(our_joints(smooth), 1, 0), strict=True))
    return np.stack([joints[name] if name in joints else _hip(smooth, joints, name) for name in REPAIRED], axis=1)


def _hip(markers: Floats, joints: dict[str, Floats], name: str) -> Floats:
    """(T, 3) centre of a hip: where it is on our body, seen from the pelvis' markers."""
    from training.datasets.markers import MARKERS

    at = {marker: markers[:, MARKERS.index(marker)] for marker in PELVIS}
    left = rot.normalize(at["LASI"] + at["LPSI"] - at["RASI"] - at["RPSI"])
    back = rot.normalize(at["RPSI"] + at["LPSI"] - at["RASI"] - at["LASI"])
    up = rot.normalize(np.cross(left, back))
    half = float(np.median(np.linalg.norm(at["LASI"] - at["RASI"], axis=1))) / 0.240 * violinist.HIP_HALF
    sign = 1.0 if name.startswith("left") else -1.0
    return np.asarray(joints["hips"] + sign * half * left - 0.02 * up)


def make_takes(
    corpus: Path,
    out: Path,
    *,
    paper: bool = False,
    telmi: bool = False,
    on_problem: OnProblem = "skip",
    workers: int = 1,
    say: Callable[[str], None] = lambda problem: None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> dict[str, Any]:
    """Write a folder of takes from a corpus (MOSA's layout, or TELMI's); returns its data card.

    Args:
        say: hears of every recording that is left out, and why.

    Raises:
        CorpusError: ``out`` exists, nothing can be used, or, with ``on_problem="fail"``, a recording cannot be.
    """
    if out.exists():
        raise CorpusError(f"{out} exists; choose another folder for the takes, or delete it")
    about = corpus_card(corpus)
    part = out.with_name(out.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        rows, problems = _write(part, _found(corpus, paper, telmi, workers, progress), paper, on_problem, say)
        card = _card(about, rows, problems)
        (part / "takes.json").write_text(json.dumps(rows, indent=0) + "\n", encoding="utf-8")
        (part / "card.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
        part.rename(out)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return card


def _found(
    corpus: Path, paper: bool, telmi: bool, workers: int, progress: Callable[[int, int], None]
) -> Iterator[Take | str]:
    if telmi:
        from training.datasets.telmi import find_sessions

        work: Any = partial(_of_session, paper=paper)
        sources: list[Any] = find_sessions(corpus)
    else:
        work, sources = partial(_of_trial, paper=paper), find_trials(corpus)
    for done, found in enumerate(_mapped(work, sources, workers), 1):
        progress(done, len(sources))
        yield found


def _mapped(work: Any, sources: list[Any], workers: int) -> Iterator[Take | str]:
    if workers <= 1:
        yield from map(work, sources)
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(work, sources)


def _of_trial(trial: Trial, paper: bool) -> Take | str:
    if trial.instrument != "violin":
        return f"{trial.prefix}: is of the {trial.instrument}; the network repairs violinists"
    try:
        return take_of(read_trial(trial), paper)
    except (CorpusError, ComponentError) as error:
        return f"{trial.prefix}: {str(error).removeprefix(f'{trial.prefix}: ')}"


def _of_session(session: Any, paper: bool) -> Take | str:
    from training.datasets.telmi import read_session

    try:
        joints, samples, rate = read_session(session)
        arrays = arrays_of(joints, samples, rate, paper)
    except (CorpusError, ComponentError) as error:
        return f"{session.name}: {error}"
    split = split_of(session.piece, session.performer)
    return Take(session.piece, session.performer, session.trial, split, session.sha256(), arrays)


def _write(
    part: Path, takes: Iterable[Take | str], paper: bool, on_problem: OnProblem, say: Callable[[str], None]
) -> tuple[list[dict[str, Any]], list[str]]:
    kinds = {**KINDS, **({"paper": np.float16} if paper else {})}
    rows: list[dict[str, Any]] = []
    problems: list[str] = []
    offset = sound_offset = 0
    with ExitStack() as stack:
        writers = {name: stack.enter_context(Growing(part / f"{name}.npy", kind)) for name, kind in kinds.items()}
        for take in takes:
            if isinstance(take, str):
                if on_problem == "fail":
                    raise CorpusError(take)
                problems.append(take)
                say(take)
                continue
            for name, writer in writers.items():
                writer.append(take.arrays[name])
            who = {"piece": take.piece, "performer": take.performer, "trial": take.trial, "split": take.split}
            sound = len(take.arrays["heard"])
            rows.append({**who, "frames": take.frames, "offset": offset, "sha256": take.sha256})
            rows[-1] |= {"sound_frames": sound, "sound_offset": sound_offset}
            offset, sound_offset = offset + take.frames, sound_offset + sound
        if not rows:
            raise CorpusError("no recording of the corpus can be used")
    return rows, problems


def _card(about: dict[str, Any], rows: list[dict[str, Any]], problems: list[str]) -> dict[str, Any]:
    whole = hashlib.sha256("\n".join(row["sha256"] for row in rows).encode()).hexdigest()
    splits = sorted({r["split"] for r in rows})
    hours = {s: round(sum(r["frames"] for r in rows if r["split"] == s) / PAPER_FPS / 3600, 3) for s in splits}
    return {
        "format": FORMAT_VERSION,
        "frames_per_second": PAPER_FPS,
        "sound_frames_per_second": FPS,
        "ears": ears().sha256,
        "joints": list(REPAIRED),
        "recordings": len(rows),
        "pieces": len({r["piece"] for r in rows}),
        "performers": len({r["performer"] for r in rows}),
        "hours": hours,
        "left_out": problems,
        "sha256": whole,
        "corpus": about,
    }


@dataclass(frozen=True, eq=False)
class Takes:
    """An opened folder. Arrays are read from disk as they are used."""

    rows: list[dict[str, Any]]
    arrays: dict[str, Floats] = field(repr=False)
    card_sha256: str

    @classmethod
    def open(cls, folder: Path | str, *, paper: bool = False) -> Takes:
        """Raises ClipsError, naming the file, when something is missing or cut off."""
        folder = Path(folder)
        try:
            rows = json.loads((folder / "takes.json").read_text(encoding="utf-8"))
            card = hashlib.sha256((folder / "card.json").read_bytes()).hexdigest()
            last = max(int(r["offset"]) + int(r["frames"]) for r in rows)
            last_sound = max(int(r["sound_offset"]) + int(r["sound_frames"]) for r in rows)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ClipsError(
                f"{folder} is no folder of takes ({error!r}); make one with cadenza-train takes"
            ) from error
        names = [*KINDS, *(["paper"] if paper else [])]
        arrays = {name: mapped(folder / f"{name}.npy", SHAPES[name]) for name in names}
        for name, array in arrays.items():
            wanted = last_sound if name in OF_SOUND else last
            if len(array) < wanted:
                raise ClipsError(f"{folder / name}.npy has {len(array)} frames; takes.json speaks of {wanted}")
        return cls(rows, arrays, card)

    def split(self, *names: str) -> list[dict[str, Any]]:
        return [row for row in self.rows if row["split"] in names]

    def of(self, row: dict[str, Any], name: str) -> Floats:
        """(frames, ...) of one take, float64."""
        of = "sound_" if name in OF_SOUND else ""
        part = slice(row[f"{of}offset"], row[f"{of}offset"] + row[f"{of}frames"])
        return np.asarray(self.arrays[name][part], dtype=np.float64)
