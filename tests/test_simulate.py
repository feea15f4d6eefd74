# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
# ruff: noqa: F811 - fixtures are arguments
"""Simulated performances: scores, timing, sound, bodies, and a corpus that can be stopped at any moment."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from plugins.api import Audio, Score, violin, violinist
from plugins.api import rotations as rot
from plugins.transcription.score import read_score
from tests.conftest import ROOT, SHARED
from tests.simulated import HOURS, SEED, short_studies, small_corpus  # noqa: F401
from training.datasets import mosa
from training.datasets.markers import JOINTS, optical_markers, our_joints
from training.datasets.mosa_tracks import tracks
from training.performance_metrics import best_f1
from training.simulate import corpus, room, sound
from training.simulate.bowed_string import bow
from training.simulate.claim import annotations_sha256, claimed
from training.simulate.musicxml import score_xml
from training.simulate.players import SIZES
from training.simulate.players import violinist as player
from training.simulate.playing import Sounding, sounding
from training.simulate.recording import perform as move
from training.simulate.studies import study
from training.simulate.timing import perform, varied
from training.whole_files import FileError


def _files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("seed", range(0, 60, 3))
def test_studies_are_violin_music(seed: int) -> None:
    score = study(np.random.default_rng(seed), "Study", 40.0)
    pitches = [n.pitch for n in score.notes]
    assert violin.OPEN_PITCHES[0] <= min(pitches)
    assert max(pitches) <= violin.OPEN_PITCHES[3] + 24
    assert 20 < score.nominal_seconds < 90
    onsets = np.unique([n.position for n in score.notes])
    assert onsets[0] == 0.0
    assert max(n.end for n in score.notes) == pytest.approx(score.length)
    # One voice: what starts later starts when the notes before have ended.
    for onset, following in pairwise(onsets):
        assert all(n.end == pytest.approx(following, abs=1e-5) for n in score.notes if n.position == onset)
        assert sum(n.position == onset for n in score.notes) <= 4
    assert len(score.phrases) == len(score.cadences) == score.bars // 4
    assert score == study(np.random.default_rng(seed), "Study", 40.0)


@pytest.mark.parametrize("seed", range(1, 30, 4))
def test_studies_are_written_down(seed: int) -> None:
    score = study(np.random.default_rng(seed), "Study", 30.0)
    (reading,) = read_score(Score("study.musicxml", score_xml(score)))
    read = [(n.onset, n.pitch, n.duration) for n in reading.notes]
    np.testing.assert_allclose(read, [(n.position, n.pitch, n.length) for n in score.notes], atol=1e-3)
    slurs = [(e.onset, e.offset) for e in score.expressions if e.expression == "legato"]
    assert [n.new_bow for n in reading.notes] == [
        not any(a < n.position < b - 1e-5 for a, b in slurs) for n in score.notes
    ]
    short = {e.onset for e in score.expressions if e.expression == "staccato"}
    assert {round(n.onset, 4) for n in reading.notes if "staccato" in n.marks} == {round(s, 4) for s in short}


def test_studies_differ_in_bowing_and_speed() -> None:
    scores = [study(np.random.default_rng(s), "Study", 40.0) for s in range(40)]
    slurs = [sum(e.expression == "legato" for e in s.expressions) / len(s.notes) for s in scores]
    speeds = [len({n.position for n in s.notes}) / s.nominal_seconds for s in scores]
    assert min(slurs) == 0.0
    assert max(slurs) > 0.2
    assert min(speeds) < 1.5 < 3.5 < max(speeds)


@pytest.mark.parametrize("seed", range(5))
def test_performed_notes_keep_their_order_and_slurs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    score, who = study(rng, "Study", 30.0), player(1, seed)
    annotations = perform(score, who, rng)
    onsets = np.array([n.onset for n in annotations.align_notetime])
    positions = np.array([n.score_position for n in annotations.align_notetime])
    assert (np.diff(onsets)[np.diff(positions) > 0] >= 0.0299).all()
    assert all(n.offset > n.onset for n in annotations.align_notetime)
    lasts = onsets[-1] - onsets[0]
    assert 0.75 < lasts / (score.nominal_seconds / who.tempo) < 1.4
    found = {t.namespace: t for t in tracks(annotations)}
    slurred = sum(not a.value["new_bow"] for a in found["note"].annotations)
    spans = [(e.onset, e.offset) for e in score.expressions if e.expression == "legato"]
    assert slurred == sum(any(a < n.position < b - 1e-6 for a, b in spans) for n in score.notes)
    beats = [a.value for a in found["beat"].annotations]
    assert beats[:3] == [1, 2, 3][: round(score.bar / score.beat)] + [1] * (3 - round(score.bar / score.beat))
    assert max(beats) == round(score.bar / score.beat)


@pytest.mark.parametrize("waveguide", [False, True])
def test_notes_sound_at_their_pitch_and_bows_are_heard(waveguide: bool) -> None:
    who = replace(player(1, 0), vibrato=(5.5, 0.0), intonation=0.0)
    notes = [
        Sounding(0.5 + 0.5 * i, 1.0 + 0.5 * i, pitch, 0.7, i % 2 == 0, i % 2 == 0, False, False, False, pitch)
        for i, pitch in enumerate((57, 62, 69, 74, 78, 81))
    ]
    violin_ = sound.Instrument(body=3, waveguide=waveguide, reference=440.0)
    samples = sound.play(notes, who, violin_, 4.5, np.random.default_rng(0))
    assert len(samples) == int(4.5 * sound.RATE)
    assert np.abs(samples[: int(0.45 * sound.RATE)]).max() < 1e-3
    for note in notes:
        assert _pitch(samples, note.start + 0.15) == pytest.approx(note.pitch, abs=0.25)
    level = Audio(samples, sound.RATE).loudness(200.0, window=0.015)
    for change, slurred in ((1.5, False), (2.5, False), (1.0, True), (2.0, True)):
        around = level[round((change - 0.06) * 200) : round((change + 0.05) * 200)]
        dip = min(level[round((change - 0.15) * 200)], level[round((change + 0.15) * 200)]) - around.min()
        assert (dip < 9.0) if slurred else (dip > 3.0), (change, dip)


def _pitch(samples: np.ndarray, at: float) -> float:
    """MIDI number of 0.2 s of sound, by the common divisor of its partials (harmonic product)."""
    part = samples[round(at * sound.RATE) : round((at + 0.2) * sound.RATE)]
    spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part)), 1 << 17))
    pitches = np.arange(52.0, 90.0, 0.05)
    bins = 440.0 * 2 ** ((pitches - 69) / 12) / sound.RATE * (1 << 17)
    power = sum(np.log(spectrum[np.round(k * bins).astype(int)] + 1e-3 * spectrum.max()) for k in range(1, 6))
    return float(pitches[np.argmax(power)])


def test_the_waveguide_follows_the_bow() -> None:
    rate, count = 22050, 11025
    hertz = np.full(count, 440.0)
    moving = np.where(np.arange(count) < count // 2, 0.2, 0.0)
    wave = bow(hertz, moving, np.ones(count), 1.5, 0.12, 0.6, rate)
    assert wave[count // 4 : count // 2].std() > 0.1
    assert wave[-count // 4 :].std() < 0.02
    assert np.isfinite(wave).all()


def test_a_room_comes_after_the_sound_and_neither_shifts_nor_clips_it() -> None:
    dry = np.zeros(22050, dtype=np.float32)
    dry[5000] = 0.5
    for seed in range(6):
        rng = np.random.default_rng(seed)
        where = replace(room.place(rng), noise=-120.0, hum=0.0)
        heard = room.record(dry, where, 22050, rng)
        assert len(heard) == len(dry)
        assert np.abs(heard).max() <= 1.0
        assert 4995 <= int(np.argmax(np.abs(heard))) <= 5025
        assert np.abs(heard[:4950]).max() < 1e-3


@pytest.mark.parametrize("size", [SIZES[0], 1.0, SIZES[1]])
def test_bodies_of_every_size_hold_the_bow(size: float) -> None:
    rng = np.random.default_rng(2)
    who = replace(player(1, 3), size=size)
    annotations = perform(study(rng, "Study", 12.0), who, rng)
    seconds = max(n.offset for n in annotations.align_notetime) + 0.5
    quiet = Audio(rng.normal(0, 0.1, int(seconds * 8000)).astype(np.float32), 8000)
    motion = move(tracks(annotations), quiet, who, 1)
    options = motion.provenance["options"]
    assert (options["pulse"], options["as_heard"]) == (0.0, 0.0)  # as the corpora that weights learned from
    skeleton = motion.skeleton
    assert skeleton.rest_positions[skeleton.index("head_top"), 2] == pytest.approx(size * violinist.STATURE)
    arm = np.linalg.norm(motion.joint("left_hand") - motion.joint("left_lower_arm"), axis=-1)
    np.testing.assert_allclose(arm, size * violinist.FOREARM, atol=1e-5)
    hair = np.linalg.norm(motion.joint("bow_tip") - motion.joint("bow_frog"), axis=-1)
    np.testing.assert_allclose(hair, violin.HAIR_LENGTH, atol=1e-5)
    # The hand stays where it holds the bow.
    world = skeleton.world_rotations(motion.rotations.astype(float))
    bow_turn = world[:, skeleton.index("bow_frog")]
    thumb = rot.rotate(rot.conjugate(bow_turn), motion.joint("right_thumb_tip") - motion.joint("bow_frog"))
    assert np.linalg.norm(thumb - np.median(thumb, axis=0), axis=-1).max() < 0.012
    found = our_joints(optical_markers(motion))
    for i, name in enumerate(JOINTS):
        assert np.linalg.norm(found[:, i] - motion.joint(name), axis=-1).max() < 0.02, name


def test_the_bow_turns_when_the_notes_say(small_corpus: Path) -> None:
    trial = mosa.find_trials(small_corpus)[0]
    annotations, who = corpus.annotations_of(_planned(trial), SEED)
    known = tracks(annotations)
    samples = mosa.read_trial(trial).samples
    assert samples is not None
    from training.performance_metrics import bow_reversals

    motion = move(known, Audio(samples, sound.RATE), who, 1)
    bows = np.unique([a.time for a in known[0].annotations if a.value["new_bow"]])
    assert best_f1(bows[1:], bow_reversals(motion), 0.07)[0] > 0.8


def _planned(trial: mosa.Trial) -> corpus.Planned:
    return next(
        p for p in corpus.plan(HOURS, SEED) if p.path == f"{trial.group}/{trial.piece}/{trial.performer}/{trial.trial}"
    )


def test_loudness_follows_the_marks(small_corpus: Path) -> None:
    annotations, who = corpus.annotations_of(corpus.plan(HOURS, SEED)[0], SEED)
    soft = replace(annotations, expression=tuple(e for e in annotations.expression if len(e.expression) > 2))
    louder = []
    for mark in ("pp", "ff"):
        marked = replace(
            soft,
            expression=(replace(annotations.expression[0], onset=0.0, offset=999.0, expression=mark), *soft.expression),
        )
        notes = sounding(tracks(marked)[0], marked, who, np.random.default_rng(0))
        louder.append(np.mean([n.loudness for n in notes]))
    assert louder[1] > louder[0] + 0.4


def test_the_same_seed_gives_the_same_bytes_in_any_number_of_processes(small_corpus: Path, tmp_path: Path) -> None:
    corpus.simulate(tmp_path / "again", HOURS, SEED, workers=2)
    assert _files(tmp_path / "again") == _files(small_corpus)


def test_more_hours_are_the_same_and_more(short_studies: None) -> None:
    few, many = corpus.plan(0.05, 3), corpus.plan(0.2, 3)
    assert many[: len(few)] == few
    assert len(many) > 2 * len(few)
    assert len({(p.piece, p.performer, p.trial) for p in many}) == len(many)
    assert corpus.plan(0.05, 4) != few


def test_a_corpus_goes_on_where_it_was_stopped(small_corpus: Path, tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    shutil.copytree(small_corpus, folder)
    gone = mosa.find_trials(folder)[-1].folder
    kept = mosa.find_trials(folder)[0].audio
    before = kept.stat().st_mtime_ns
    shutil.rmtree(gone)
    (folder / "card.json").unlink()
    (folder / ".parts" / "half").mkdir(parents=True)
    corpus.simulate(folder, HOURS, SEED)
    assert _files(folder) == _files(small_corpus)
    assert kept.stat().st_mtime_ns == before


KILLED = """
import sys
from pathlib import Path
from training.simulate import corpus
corpus.LENGTHS = (4.0, 8.0)
corpus.simulate(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))
"""


def test_a_killed_simulation_leaves_whole_recordings_only(small_corpus: Path, tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(folder), str(HOURS), str(SEED)], cwd=ROOT)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not (folder / ".parts").is_dir() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    whole = _files(small_corpus)
    finished = {p: b for p, b in _files(folder).items() if not p.startswith(".parts")}
    assert finished.items() <= whole.items()
    corpus.simulate(folder, HOURS, SEED)
    assert _files(folder) == whole


def test_another_simulation_or_a_full_folder_is_refused(small_corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(mosa.CorpusError, match="holds another simulation"):
        corpus.simulate(small_corpus, HOURS, SEED + 1)
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "to.txt").write_text("her")
    with pytest.raises(mosa.CorpusError, match="is not empty"):
        corpus.simulate(tmp_path / "letters", HOURS, SEED)


def test_fewer_hours_than_there_are_are_refused(small_corpus: Path, tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    shutil.copytree(small_corpus, folder)
    with pytest.raises(mosa.CorpusError, match="recordings more than this is to make"):
        corpus.simulate(folder, 0.001, SEED)
    with pytest.raises(mosa.CorpusError, match="number of hours, not inf"):
        corpus.simulate(folder, float("inf"), SEED)
    assert _files(folder) == _files(small_corpus)


def test_one_program_at_a_time_works_in_a_folder(small_corpus: Path, tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    folder = tmp_path / "corpus"
    shutil.copytree(small_corpus, folder)
    settings = json.loads((folder / "simulation.json").read_text())
    with (
        claimed(folder, settings, [p.path for p in corpus.plan(HOURS, SEED)]),
        pytest.raises(mosa.CorpusError, match="another cadenza-train simulate is at work"),
    ):
        corpus.simulate(folder, HOURS, SEED)
    corpus.simulate(folder, HOURS, SEED)


def test_an_empty_file_of_settings_is_named(small_corpus: Path, tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    shutil.copytree(small_corpus, folder)
    (folder / "simulation.json").write_text("")
    with pytest.raises(FileError, match=r"simulation\.json is empty, cut off or no JSON"):
        corpus.simulate(folder, HOURS, SEED)


def test_other_annotations_are_another_simulation(tmp_path: Path) -> None:
    table = tmp_path / "yv" / "p" / "yv01" / "t1" / "annotation" / "annotations" / "p_yv01_t1_note.csv"
    table.parent.mkdir(parents=True)
    table.write_text("one")
    settings = {
        "simulation": 1,
        "seed": 0,
        "instrument": "violin",
        "mosa": annotations_sha256(mosa.find_trials(tmp_path)),
    }
    folder = tmp_path / "corpus"
    with claimed(folder, settings, []):
        pass
    table.write_text("other")
    other = {**settings, "mosa": annotations_sha256(mosa.find_trials(tmp_path))}
    with pytest.raises(mosa.CorpusError, match="another simulation"), claimed(folder, other, []):
        pass
    (folder / "simulation.json").write_text(json.dumps({**settings, "mosa": True}))  # begun before this was looked at
    with claimed(folder, other, []):
        pass


def test_the_card_says_what_it_is(small_corpus: Path) -> None:
    card = json.loads((small_corpus / "card.json").read_text())
    trials = mosa.find_trials(small_corpus)
    assert card["recordings"] == len(trials)
    assert card["made_by"]["seed"] == SEED
    assert "Simulated" in card["what"]
    assert card["licence"] == "MIT"
    assert card["hours"] == pytest.approx(sum(len(mosa.read_trial(t).markers) for t in trials) / 120 / 3600, abs=1e-3)
    assert {p["name"] for p in card["players"]} == {t.performer for t in trials}


def test_real_timings_are_played_too(short_studies: None) -> None:
    folder = SHARED / "mosa-annotations"
    if not folder.is_dir():
        pytest.skip("MOSA's annotations (shared/data/mosa-annotations) are not here")
    recordings = corpus.plan(0.5, SEED, folder)
    real = [p for p in recordings if p.source]
    assert 0.02 < len(real) / len(recordings) < 0.5
    annotations, who = corpus.annotations_of(real[0], SEED)
    source = mosa.read_trial(mosa.Trial.at(Path(real[0].source)), motion=False, audio=False).annotations
    ours, theirs = (np.array([n.onset for n in a.align_notetime]) for a in (annotations, source))
    assert np.corrcoef(np.diff(ours), np.diff(theirs))[0, 1] > 0.97
    assert np.ptp(ours) == pytest.approx(np.ptp(theirs) / who.tempo, rel=0.01)
    assert varied(source, who, np.random.default_rng(1)) == varied(source, who, np.random.default_rng(1))
