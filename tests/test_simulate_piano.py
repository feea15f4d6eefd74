# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
# ruff: noqa: F811 - fixtures are arguments
"""Simulated pianists: two-hand studies, struck strings, bodies at one keyboard, a corpus and its clips."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from plugins.api import Audio, Motion, Score, pianist, piano, violinist
from plugins.performer.piano_generator import plan_hands
from plugins.performer.piano_music import read_piece
from plugins.transcription.score import read_score
from tests.conftest import SHARED
from tests.simulated import HOURS, SEED, short_studies, small_corpus, small_piano_corpus  # noqa: F401
from tests.test_simulate import _files, _pitch
from training import performance_metrics as metrics
from training import piano_metrics
from training.datasets import mosa, mosa_motion
from training.datasets.clips import make_clips
from training.datasets.markers import BODY_MARKERS, JOINTS, optical_markers, our_joints
from training.datasets.mosa_tracks import tracks
from training.simulate import corpus, piano_sound, players
from training.simulate.kinds import KINDS
from training.simulate.musicxml import TYPES, score_xml
from training.simulate.piano_playing import Struck
from training.simulate.recording import perform as move
from training.simulate.score import Score as Study
from training.simulate.studies import study
from training.simulate.timing import perform

KIND = KINDS["piano"]
BODY = JOINTS[:17]


def _study(seed: int, seconds: float = 40.0) -> Study:
    return study(np.random.default_rng(seed), "Study", seconds, KIND.textures)


@pytest.mark.parametrize("seed", range(0, 60, 3))
def test_studies_are_piano_music(seed: int) -> None:
    score = _study(seed)
    assert {n.staff for n in score.notes} == {0, 1}
    assert min(n.pitch for n in score.notes) >= piano.LOWEST
    assert max(n.pitch for n in score.notes) <= piano.HIGHEST
    # Each hand plays all the time and one thing after the other; none meets the other on a key.
    for staff in (0, 1):
        notes = [n for n in score.notes if n.staff == staff]
        onsets = sorted({n.position for n in notes})
        assert onsets[0] == 0.0
        for onset, following in pairwise([*onsets, score.length]):
            chord = [n for n in notes if n.position == onset]
            assert all(n.end == pytest.approx(following, abs=1e-5) for n in chord)
            assert len(chord) <= 4
            assert max(n.pitch for n in chord) - min(n.pitch for n in chord) <= 12
    assert len({(n.position, n.pitch) for n in score.notes}) == len(score.notes)
    apart = [min(n.pitch for n in score.notes if n.staff == s) for s in (0, 1)]
    assert apart[0] >= 60 > apart[1]
    assert {round(12 * n.length) for n in score.notes} <= set(TYPES)
    assert score == _study(seed)


def test_studies_differ_in_what_the_hands_do() -> None:
    scores = [_study(seed) for seed in range(30)]
    for staff in (0, 1):
        hands = [[n for n in s.notes if n.staff == staff] for s in scores]
        speeds = [len({n.position for n in notes}) / s.nominal_seconds for notes, s in zip(hands, scores, strict=True)]
        chords = [1 - len({n.position for n in notes}) / len(notes) for notes in hands]
        assert min(speeds) < 1.2 < 3.0 < max(speeds)
        assert min(chords) < 0.05 < 0.4 < max(chords)


@pytest.mark.parametrize("seed", range(1, 30, 7))
def test_studies_are_written_on_two_staves(seed: int) -> None:
    score = _study(seed, 25.0)
    (reading,) = read_score(Score("study.musicxml", score_xml(score)), "piano")
    read = sorted((round(n.onset, 3), n.pitch, round(n.duration, 3), n.hand) for n in reading.notes)
    hands = ("right", "left")
    assert read == sorted((round(n.position, 3), n.pitch, round(n.length, 3), hands[n.staff]) for n in score.notes)


def test_the_left_hand_holds_its_notes_under_the_right_hands_and_is_known_as_left() -> None:
    rng = np.random.default_rng(0)
    who = replace(players.pianist(1, 0), detached=1.0)
    score = next(s for s in map(_study, range(99)) if len(_under(s)) > 100)
    annotations = perform(score, who, rng)
    played = annotations.align_notetime
    # Rests of phrases and staccato shorten a few.
    assert np.mean([played[k].onset < played[i].offset for i, k in _under(score)]) > 0.9
    track = tracks(annotations)[0]
    known = sorted((n.time, n.value["pitch"], n.value["hand"]) for n in track.annotations)
    hands = [("right", "left")[w.staff] for w in score.notes]
    assert known == sorted((n.onset, n.midi_number, h) for n, h in zip(played, hands, strict=True))


def _under(score: Study) -> list[tuple[int, int]]:
    """A note of the left hand, and one of the right hand that begins while that is held."""
    notes = list(enumerate(score.notes))
    held = [(i, n) for i, n in notes if n.staff]
    return [(i, k) for i, n in held for k, m in notes if not m.staff and n.position < m.position < n.end - 1e-6]


def test_keys_sound_at_their_pitch_louder_brighter_and_as_long_as_they_are_held() -> None:
    who = players.pianist(1, 0)
    made = piano_sound.Instrument(strings=3, reference=440.0)
    rng = np.random.default_rng(0)
    notes = [
        Struck(0.5 + i, 0.9 + i, (0.9 if i % 2 else 1.4) + i, p, 0.7) for i, p in enumerate((43, 55, 60, 67, 72, 84))
    ]
    samples = piano_sound.play(notes, who, made, 7.0, rng)
    assert len(samples) == 7 * piano_sound.RATE
    assert np.abs(samples[: int(0.45 * piano_sound.RATE)]).max() < 1e-3
    level = Audio(samples, piano_sound.RATE).loudness(100.0, window=0.03)
    for i, note in enumerate(notes):
        if note.pitch >= 55:
            assert _pitch(samples, note.start + 0.1) == pytest.approx(note.pitch, abs=0.25)
        # The pedal holds what the key lets go.
        fallen = level[round(100 * note.start) + 10] - level[round(100 * (note.end + 0.35))]
        assert fallen > 20.0 if i % 2 else fallen < 12.0, (note, fallen)
    soft, loud = (
        piano_sound.play([Struck(0.1, 1.0, 1.0, 60, v)], who, made, 1.5, np.random.default_rng(1)) for v in (0.2, 0.9)
    )
    assert _centre(loud) > 1.15 * _centre(soft)
    dark, bright = (piano_sound.tones(seed, 60, 440.0)[1] for seed in (1, 2))
    assert abs(_centre(dark) - _centre(bright)) > 20.0


def _centre(samples: np.ndarray) -> float:
    """Centre of the spectrum, Hz."""
    spectrum = np.abs(np.fft.rfft(samples))
    return float((spectrum * np.fft.rfftfreq(len(samples), 1 / piano_sound.RATE)).sum() / spectrum.sum())


@pytest.mark.parametrize("size", [players.SIZES[0], players.SIZES[1]])
def test_bodies_of_every_size_reach_keys_and_pedal(size: float) -> None:
    rng = np.random.default_rng(3)
    who = replace(players.pianist(1, 3), size=size)
    annotations = perform(_study(3, 12.0), who, rng)
    known = tracks(annotations)
    notes = KIND.sounding(known, annotations, who, rng)
    known = KIND.shown(known, notes)
    assert [n.value["velocity"] for n in known[0].annotations] == pytest.approx([n.loudness for n in notes], abs=1e-4)
    quiet = Audio(np.zeros(int(8000 * (max(n.end for n in notes) + 0.5)), dtype=np.float32), 8000)
    motion = move(known, quiet, who, 1)
    skeleton = motion.skeleton
    assert skeleton.rest_positions[skeleton.index("head_top"), 2] == pytest.approx(size * violinist.STATURE)
    piece = read_piece(known[0], known[1], quiet)
    held = [(p.start, p.end, p.pitch, p.hand, p.finger) for p in plan_hands(piece.notes).presses]
    assert piano_metrics.finger_distances(motion, held).max() < 0.004
    assert metrics.bone_length_error(motion) < 1e-4
    assert piano_metrics.heel_slide(motion) < 0.001
    _sits_at_the_piano(motion)
    found = our_joints(optical_markers(motion))
    for i, name in enumerate(BODY):
        assert np.linalg.norm(found[:, i] - motion.joint(name), axis=-1).max() < 0.02, name
    assert np.isnan(found[:, len(BODY) :]).all()


def _sits_at_the_piano(motion: Motion) -> None:
    """Elbows near the height of the keys, knees under them, the bench under the hips, feet on the floor."""
    mean = {j: motion.joint(j).mean(axis=0) for j in ("hips", "bench", "keyboard", "left_lower_arm", "left_lower_leg")}
    assert abs(mean["left_lower_arm"][2] - mean["keyboard"][2]) < 0.10
    assert mean["left_lower_leg"][2] < mean["keyboard"][2] - 0.15
    assert mean["hips"][2] - mean["bench"][2] == pytest.approx(pianist.SEATED[2] - pianist.BENCH[2], abs=0.01)
    assert 0.0 <= motion.joint("left_toes")[:, 2].min() < 0.03


def test_a_piano_corpus_is_mosas_and_follows_from_its_seed(small_piano_corpus: Path, tmp_path: Path) -> None:
    trials = mosa.find_trials(small_piano_corpus)
    assert {(t.group, t.instrument) for t in trials} == {("yp", "piano")}
    first = mosa.read_trial(trials[0])
    assert first.markers is not None
    assert np.isfinite(first.markers[:, : len(BODY_MARKERS)]).all()
    assert np.isnan(first.markers[:, len(BODY_MARKERS) :]).all()
    assert len(trials[0].motion.read_text().splitlines()[0].split(",")) == 3 * len(BODY_MARKERS)
    copy = replace(trials[0], folder=tmp_path / trials[0].folder.name)
    mosa.write_trial(copy, first.annotations, first.markers, first.samples, first.sample_rate)
    assert copy.motion.read_bytes() == trials[0].motion.read_bytes()
    corpus.simulate(tmp_path / "again", HOURS, SEED, instrument="piano", workers=2)
    assert _files(tmp_path / "again") == _files(small_piano_corpus)
    card = json.loads((small_piano_corpus / "card.json").read_text())
    assert "piano" in card["what"]
    assert card["motion"]["markers"] == list(BODY_MARKERS)
    assert {p["name"] for p in card["players"]} == {t.performer for t in trials}
    with pytest.raises(mosa.CorpusError, match="holds another simulation"):
        corpus.simulate(small_piano_corpus, HOURS, SEED)


def test_a_folder_from_before_there_were_pianists_goes_on(small_corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "simulation.json").write_text(
        json.dumps({"simulation": corpus.VERSION, "seed": SEED, "mosa": False})
    )
    corpus.simulate(tmp_path / "old", 0.001, SEED)
    with pytest.raises(mosa.CorpusError, match="holds another simulation"):
        corpus.simulate(tmp_path / "old", 0.001, SEED, instrument="piano")


def test_annotations_without_a_pianist_are_refused() -> None:
    folder = SHARED / "mosa-annotations"
    if not folder.is_dir():
        pytest.skip("MOSA's annotations (shared/data/mosa-annotations) are not here")
    with pytest.raises(mosa.CorpusError, match="no performances of the piano; leave it out"):
        corpus.plan(0.1, SEED, folder, "piano")


def test_a_pianists_files_that_are_wrong_are_named(small_piano_corpus: Path, tmp_path: Path) -> None:
    trial = mosa.find_trials(small_piano_corpus)[0]
    markers = mosa_motion.read_motion(trial.motion)
    copy = replace(trial, folder=tmp_path / "yp" / trial.piece / trial.performer / trial.trial)
    first = mosa.read_trial(trial)
    markers[:, BODY_MARKERS.index("LELB")] = np.nan
    mosa.write_trial(copy, first.annotations, markers, first.samples, first.sample_rate)
    with pytest.raises(mosa.CorpusError, match="marker LELB is never seen"):
        mosa.read_trial(copy)
    # A violinist's file must have violin and bow.
    stolen = replace(copy, group="yv")
    mosa.write_trial(stolen, first.annotations, first.markers, first.samples, first.sample_rate)
    with pytest.raises(mosa.CorpusError, match="marker VIOLINE is never seen"):
        mosa.read_trial(stolen)


def test_clips_of_pianists_hold_the_body(small_piano_corpus: Path, tmp_path: Path) -> None:
    card = make_clips(small_piano_corpus, tmp_path / "clips")
    rows = json.loads((tmp_path / "clips" / "clips.json").read_text())
    assert {r["instrument"] for r in rows} == {"piano"}
    assert card["corpus"]["made_by"]["instrument"] == "piano"
    joints = np.load(tmp_path / "clips" / "joints.npy")
    assert np.isfinite(joints[:, : len(BODY)]).all()
    assert np.isnan(joints[:, len(BODY) :]).all()
    at = {name: joints[:, i] for i, name in enumerate(JOINTS)}
    # The left hand is on the left and plays lower notes; both are before the body, above the hips.
    assert (at["left_hand"][:, 0] > at["right_hand"][:, 0]).mean() > 0.95
    assert (at["left_hand"][:, 1] < -0.2).all()
    assert (at["right_hand"][:, 2] > 0.05).all()
