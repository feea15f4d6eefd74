# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Performances that are imagined as the pitch network would hear them, and a network that learns from them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from plugins.api.checkpoint import load_checkpoint
from plugins.api.log_mel import FPS
from plugins.hearing.features import KEYS, LEVELS
from plugins.hearing.model import network_of
from tests.a2m_clips import with_hearing, write_clips
from training.datasets.mosa import CorpusError
from training.recognition.config import Imagined, RecognitionConfig
from training.recognition.imagined import imagined
from training.recognition.train import _Hearing, train
from training.recognition.windows import Library
from training.simulate.excerpts import read_library
from training.simulate.imagined import LOWEST, Hearing, keys, levels

TINY = {"widths": {"notes": 16, "movement": 8}, "main_blocks": 1, "feed_forward": 16}
JIG = """X:1
T:Our Own Jig
M:6/8
L:1/8
K:G
D|GBd gfe|d2B AGF|GBd gfe|d2A B2D|
GBd (gfe)|d2B .A.G.F|GBd gfe|dcA G2:|
|:d|g2d B>cd|(3efg e dcB|dA2 BAG|FAF D2d|
g2d Bcd|efe dcB|A2c BAG|FDF G2:|
"""


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scores")
    (folder / "own.abc").write_text(JIG, encoding="utf-8")
    return folder


def note(start: float, end: float, pitch: int, loudness: float = 0.6, new_bow: bool = True) -> Any:
    more = {"new_bow": new_bow, "damped": end}
    return SimpleNamespace(start=start, end=end, pitch=pitch, loudness=loudness, **more)


@pytest.mark.parametrize("struck", [False, True])
def test_keys_begin_and_sound_where_notes_do(struck: bool) -> None:
    notes = [note(1.0, 1.8, 69), note(2.0, 2.2, 76), note(2.5, 3.5, 62, new_bow=False)]
    rng = np.random.default_rng(0)
    apart = []
    for _ in range(20):
        found = keys(notes, 200, Hearing.by(rng, struck), rng, struck)
        assert found.shape == (200, 2 * KEYS)
        assert found.dtype == np.float32
        assert 0.0 <= found.min() < found.max() <= 1.0
        onset, sounds = found[:, :KEYS], found[:, KEYS:]
        for one in notes:
            key = one.pitch - LOWEST
            apart.append(int(onset[:, key].argmax()) - one.start * FPS)
            assert sounds[round(FPS * one.start) + 6, key] > 0.3
        assert sounds[:30].max() < 0.25
        assert (sounds[64, :] > 0.3).sum() <= 2  # the key itself, and perhaps one that is an octave above
    # As early and as late as the pitch network puts them: at the note's frame or the next, here and there two off.
    assert -0.5 <= np.mean(apart) <= 0.5
    assert np.abs(apart).max() <= 4


def test_levels_follow_what_is_played() -> None:
    rng = np.random.default_rng(1)
    heard = Hearing.by(rng, struck=False)
    loud, soft = (levels([note(1.0, 2.0, 69, loudness)], 200, heard, struck=False) for loudness in (0.9, 0.4))
    assert loud.shape == (200, LEVELS)
    assert loud[60].max() == pytest.approx(soft[60].max() + 15.0, abs=1.5)  # half of thirty decibels
    assert loud[20].max() < loud[60].max() - 20.0
    low, high = (levels([note(1.0, 2.0, pitch)], 200, heard, struck=False)[60] - heard.colour for pitch in (55, 100))
    assert low.argmax() < high.argmax()
    fading = levels([note(0.5, 4.5, 60)], 200, Hearing.by(rng, struck=True), struck=True)
    assert fading[30].max() > fading[160].max() + 3.0


@pytest.mark.parametrize("instrument", ["violin", "piano"])
def test_what_is_imagined_is_a_recording_with_its_truth(scores: Path, instrument: str) -> None:
    library = read_library(scores)
    one, again, other = (imagined(library, instrument, 0.5, np.random.default_rng(s), True) for s in (3, 3, 4))
    assert one.recording.instrument == instrument
    heard, same, another = (np.asarray(h.inputs["notes"]) for h in (one, again, other))
    np.testing.assert_array_equal(heard, same)
    assert len(heard) != len(another) or (heard != another).any()
    assert heard.shape == (len(one), 2 * KEYS + LEVELS)
    assert not one.has("movement")
    beats, bars = one.events["beat"], one.events["downbeat"]
    assert len(beats) > len(bars) > 3
    assert set(bars) <= set(beats)
    # Where a bar begins, a key does: the tune has a note on every downbeat.
    onset = heard[:, :KEYS].max(axis=1)
    near = [onset[max(at - 4, 0) : at + 6].max() for at in bars]
    assert np.median(near) > 0.5 * 255
    assert {name: len(kind) for name, kind in one.classes.items()} == {"dynamics": len(one), "articulation": len(one)}


def config(clips: Path, output: Path, scores: Path, **asked: float) -> RecognitionConfig:
    raw: dict[str, Any] = {
        "clips": [str(clips)],
        "output": str(output),
        "model": TINY,
        "window": 80,
        "batch": 6,
        "steps": 2,
        "tensorboard": False,
        "imagined": {"scores": str(scores), **asked},
        "machine": {"accelerator": "cpu", "threads": 1},
    }
    return RecognitionConfig(**raw)


def test_windows_are_imagined_as_often_as_is_asked(scores: Path, tmp_path: Path) -> None:
    clips = with_hearing(write_clips(tmp_path / "clips"))
    library = Library([str(clips)], ["notes", "movement"])
    made = {}
    for share in (0.0, 0.5, 1.0):
        asked = config(clips, tmp_path / "run", scores, share=share)
        training = _Hearing(asked, network_of(asked.hearing), library)
        steps = [training.windows(step) for step in range(4)]
        again = [w for rank in range(2) for w in training.windows(2, rank, 2)]
        np.testing.assert_array_equal(again[0].inputs["notes"], steps[2][0].inputs["notes"])
        np.testing.assert_array_equal(again[3].inputs["notes"], steps[2][1].inputs["notes"])
        # Whoever is imagined is not seen; of clips now and then only one of both is there.
        made[share] = np.mean([w.inputs["notes"].any() and not w.inputs["movement"].any() for s in steps for w in s])
    assert made[1.0] == 1.0
    assert made[0.0] < 0.5 <= made[0.5] + 0.2 < 1.0


def test_weights_tell_what_they_imagined(scores: Path, tmp_path: Path) -> None:
    clips = with_hearing(write_clips(tmp_path / "clips"))
    plain, more = (config(clips, tmp_path / name, scores, share=0.5) for name in ("plain", "more"))
    found = load_checkpoint(train(more), component="hearing", version=1)
    asked = found.config["training"]["imagined"]
    assert (asked["share"], asked["scores"]) == (0.5, scores.name)
    without = plain.model_copy(update={"imagined": Imagined()})
    assert load_checkpoint(train(without), component="hearing", version=1).data_card != found.data_card


def test_what_cannot_be_imagined_is_told(scores: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="only notes are imagined"):
        RecognitionConfig(clips=("x",), output="y", modalities=("audio",), imagined=Imagined(scores=str(scores)))
    clips = with_hearing(write_clips(tmp_path / "clips"))
    (tmp_path / "nothing").mkdir()
    with pytest.raises(CorpusError, match="holds no tunes"):
        train(config(clips, tmp_path / "run", tmp_path / "nothing"))
