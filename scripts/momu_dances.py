# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Who dances in quality_momu.py, and how they are judged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

IN_BAR = {"waltz": 3.0, "rumba": 4.0, "cha-cha": 4.0, "tango": 4.0}
"""Beats in a bar."""


def contestants(every, clips, files, a2m: Path | None):
    """Name -> dances for (clip, fold, seed).

    Args:
        files: row -> fold -> file of weights; the first row is also put onto the beat, as an animator would.
        a2m: where the dances of A2M's transformer are, or shall be.
    """
    from training.momu.baselines import AnotherPiece, NearestCopy, others
    from training.momu.dancing import MomuDancer
    from training.momu.regression import Regression

    known = others(every)
    who = {"another piece": AnotherPiece(known), "nearest copy": NearestCopy(known)}
    who["A2M's transformer"] = remembered(Regression(known), a2m) if a2m else Regression(known)
    for row, of_fold in files.items():
        who[row] = MomuDancer(of_fold)
    beats = heard_beats(clips)
    for row in ("nearest copy", *list(files)[:1]):
        who[f"{row}, onto the beat"] = onto(who[row], beats)
    return who


def remembered(dance, path: Path):
    """Each dance made once, and kept in a file."""
    path = path.with_suffix(".npz")
    made = dict(np.load(path)) if path.exists() else {}

    def danced(clip, fold, seed):
        if clip.name not in made:
            made[clip.name] = dance(clip, fold, seed)
            np.savez(path, **made)
        return made[clip.name]

    return danced


def heard_beats(clips):
    """Name of a clip -> its beats as the learned recogniser hears them: not the tracker that judges."""
    from plugins.api import JobContext, find_track
    from plugins.hearing.ears import Ears
    from plugins.hearing.recognizers import LearnedBeats

    hears = LearnedBeats(Ears())
    hears.load("cpu")
    tracks = {clip.name: hears.recognize(clip.audio, None, hears.Options(), JobContext()) for clip in clips}
    return {name: np.array(find_track(found, "beat").times) for name, found in tracks.items()}


def onto(dance, beats):
    """The same dance through ``beat-align``."""
    from training.momu.set_to_music import on_the_beat

    def danced(clip, fold, seed):
        return on_the_beat(replace(clip, places=dance(clip, fold, seed)), beats[clip.name]).places

    return danced


def judge_held(clips, who, held):
    """The judge deals folds of what it is given; here they are those of all dances."""
    from training.momu.judge_dances import judge

    folded = {
        name: (lambda clip, fold, seed, dance=dance: dance(clip, held[clip.piece], seed)) for name, dance in who.items()
    }
    return judge(clips, folded, (0,), count=2)


def kept_bars(clips) -> str:
    """How steadily the real dances keep to the bars of their own music, and of another piece's."""
    from training.momu.beats import bar_lock, music_beats
    from training.momu.judged import another

    heard = [music_beats(clip.audio) for clip in clips]
    pieces = [clip.piece for clip in clips]
    locks = [
        [bar_lock(clip.places, heard[at], IN_BAR[clip.label]) for at in (i, another(pieces, i))]
        for i, clip in enumerate(clips)
    ]
    own, other = np.mean(locks, axis=0)
    return (
        f"How steadily a dance's beats keep to bars, wherever in them (pairwise phase consistency, M. Vinck et al., 2010; "
        f"0 by chance), mean of {len(clips)} real dances: {own:.3f}; with another piece's bars {other:.3f}."
    )
