# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Trackers on real players' timing, sounded by synthesisers that no training heard; all in the same run.

F-measures, precision, recall by mir_eval with the tolerances of MOSA (Y.-F. Huang et al., 2024), continuity (M. Davies,
N. Degara, M. Plumbley, *Evaluation methods for musical audio beat tracking algorithms*, 2009) of beats; nothing is
trimmed.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from plugins.api import Audio
from training.datasets.performances import Performed
from training.recognition.synthesisers import Synthesiser
from training.recognition.trackers import Said, Tracker
from training.whole_files import whole_lines

TOLERANCES: Final = {"beat": 0.07, "downbeat": 0.07, "phrase": 0.7}
SURENESS: Final = {"right of those at 0.7 and more": (0.7, 1.01), "right of those below 0.4": (-0.01, 0.4)}
LONGEST: Final = 120.0
"""Seconds of a performance that are heard."""
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    """What one tracker reached on one sound: figure -> value, of those that there are."""

    corpus: str
    instrument: str
    piece: str
    name: str
    sound: str
    tracker: str
    values: Mapping[str, float] = field(repr=False)


def judge(
    performances: Sequence[Performed],
    synthesisers: Sequence[Synthesiser],
    trackers: Mapping[str, Tracker],
    tell: Callable[[int, int], None] = lambda done, of: None,
    kept: Path | None = None,
    versions: Mapping[str, str] | None = None,
) -> list[Judged]:
    """Every tracker on every performance by every synthesiser.

    Args:
        kept: a file of JSON lines in which every figure is kept as soon as it is there; a second run goes on from it.
            What was kept of another soundfont or of other notes and beats under the same names is measured again.
        versions: of trackers that change: what was kept of another version is measured again too.
    """
    known = _kept(kept)
    fonts = {synthesiser: synthesiser.sha256() for synthesiser in synthesisers} if kept else {}
    out = []
    for done, performed in enumerate(performances):
        tell(done, len(performances))
        cut = performed.until(LONGEST)
        for synthesiser in synthesisers:
            of = (cut.corpus, cut.piece, cut.name, synthesiser.name, fonts.get(synthesiser, ""), _digest(cut))
            keys = {name: (*of, name, (versions or {}).get(name, "")) for name in trackers}
            heard = None if all(key in known for key in keys.values()) else _sound(synthesiser, cut)
            for name, tracker in trackers.items():
                if keys[name] not in known and heard is not None:
                    known[keys[name]] = figures(cut, tracker(heard), heard.duration)
                    _keep(kept, keys[name], known[keys[name]])
                about = (cut.corpus, cut.instrument, cut.piece, cut.name, synthesiser.name, name)
                out.append(Judged(*about, known[keys[name]]))
    return out


def _digest(performed: Performed) -> str:
    """Of what is played and what is true of it (nobody uses the pedal)."""
    truth = [performed.beats, performed.downbeats, performed.phrases]
    said = [performed.instrument, performed.notes, [None if times is None else times.tolist() for times in truth]]
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


def _sound(synthesiser: Synthesiser, performed: Performed) -> Audio:
    sound = synthesiser.play(performed)
    return Audio(sound.samples[: round(LONGEST * sound.sample_rate)], sound.sample_rate)


def _kept(path: Path | None) -> dict[tuple[str, ...], dict[str, float]]:
    if path is None or not path.exists():
        return {}
    return {tuple(line["of"]): line["figures"] for line in whole_lines(path)}


def _keep(path: Path | None, key: tuple[str, ...], values: Mapping[str, float]) -> None:
    if path is not None:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"of": key, "figures": values}) + "\n")


def figures(truth: Performed, said: Said, seconds: float) -> dict[str, float]:
    """Everything that is measured of one answer."""
    out = {f"beat {k}": v for k, v in matched(truth.beats, said.beats, TOLERANCES["beat"]).items()}
    out |= continuity(truth.beats, said.beats)
    if said.downbeats is not None:
        out |= {f"downbeat {k}": v for k, v in matched(truth.downbeats, said.downbeats, 0.07).items()}
    if said.phrases is not None and truth.phrases is not None and len(truth.phrases):
        out |= {f"phrase {k}": v for k, v in matched(truth.phrases, said.phrases, TOLERANCES["phrase"]).items()}
        every = np.arange(truth.phrases[0], truth.phrases[-1] + 1e-6, usual_gap(truth.phrases))
        out["phrase F, evenly spaced"] = matched(truth.phrases, every, TOLERANCES["phrase"])["F"]
    out["CPU s a minute"] = 60.0 * said.seconds / max(seconds, 1e-6)
    return out | _sureness(truth.beats, said)


def _sureness(beats: Floats, said: Said) -> dict[str, float]:
    """How many beats are right of those that a tracker is sure of, and of those that it is not."""
    if said.sure is None or not len(said.beats) or not len(beats):
        return {}
    right = np.abs(said.beats[:, None] - beats).min(axis=1) <= TOLERANCES["beat"]
    parts = {name: (said.sure >= low) & (said.sure < high) for name, (low, high) in SURENESS.items()}
    return {name: float(right[part].mean()) for name, part in parts.items() if part.any()}


def usual_gap(times: Floats) -> float:
    return float(np.median(np.diff(times))) if len(times) > 1 else 10.0


def matched(reference: Floats, estimated: Floats, tolerance: float) -> dict[str, float]:
    """Precision, recall and F-measure of events matched one to one."""
    import mir_eval

    real, made = np.sort(reference), np.sort(estimated)
    if not len(real) or not len(made):
        same = float(len(real) == len(made))
        return {"F": same, "P": same, "R": same}
    f, precision, recall = mir_eval.onset.f_measure(real, made, window=tolerance)
    return {"F": float(f), "P": float(precision), "R": float(recall)}


def continuity(reference: Floats, estimated: Floats) -> dict[str, float]:
    """CMLt and AMLt: the part of the beats in stretches that are right, at the right metrical level or at any."""
    import mir_eval

    if len(reference) < 2 or len(estimated) < 2:
        return {"CMLt": 0.0, "AMLt": 0.0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, total, _, any_total = mir_eval.beat.continuity(np.sort(reference), np.sort(estimated))
    return {"CMLt": float(total), "AMLt": float(any_total)}
