# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
# ruff: noqa: F811 - fixtures are arguments
"""MOSA's layout: the real annotations, files of our own, and files that are wrong."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from plugins.api import Score
from tests.conftest import SHARED
from tests.simulated import short_studies, small_corpus  # noqa: F401
from training.datasets import mosa, mosa_motion
from training.datasets.markers import JOINTS, MARKERS, a2m_targets, our_joints, paper_joints
from training.datasets.mosa_annotations import (
    HEADERS,
    AlignedNote,
    Annotations,
    TableError,
    read_annotations,
    read_table,
)


@pytest.fixture(scope="session")
def published() -> list[mosa.Trial]:
    """MOSA's own annotations of nine performances."""
    folder = SHARED / "mosa-annotations"
    if not folder.is_dir():
        pytest.skip("MOSA's annotations (shared/data/mosa-annotations) are not here")
    return mosa.find_trials(folder)


def test_every_published_table_is_read_whole(published: list[mosa.Trial]) -> None:
    assert len(published) == 9
    for trial in published:
        tables = sorted(trial.tables.glob("*.csv"))
        assert len(tables) == len(HEADERS)
        for path in tables:
            name = path.stem.removeprefix(f"{trial.prefix}_")
            lines = [line for line in path.read_text(encoding="utf-8-sig").splitlines()[1:] if line.strip(",")]
            assert len(read_table(path, name)) == len(lines) > 0, path.name


def test_published_performances_become_tracks(published: list[mosa.Trial]) -> None:
    for trial in published:
        performance = mosa.read_trial(trial, motion=False, audio=False)
        found = {t.namespace: t for t in performance.tracks}
        assert len(found["note"]) == len(performance.annotations.align_notetime)
        assert len(found["beat"]) > 2 * len(found["downbeat"]) > 60
        assert (np.diff(found["beat"].times) >= 0).all()
        assert {a.value for a in found["beat"].annotations} == set(range(1, 5 if trial.piece != "de1" else 4))
        slurred = [not a.value["new_bow"] for a in found["note"].annotations]
        assert 0.1 < np.mean(slurred) < 0.7
        assert len(found["phrase"]) >= 3
        assert all(a.duration > 0 for a in found["phrase"].annotations)
        # What lies beyond the part that was played (the whole movement's cadences do) is left out.
        assert max(a.end for a in found["phrase"].annotations) <= max(a.end for a in found["note"].annotations) + 0.01


def test_published_scores_are_read(published: list[mosa.Trial]) -> None:
    from plugins.transcription.score import read_score

    for trial in published[3:4]:
        notes = mosa.read_trial(trial, motion=False, audio=False).annotations.note
        readings = read_score(Score(trial.sheet.name, trial.sheet.read_bytes()))
        assert any(abs(len(r.notes) - len(notes)) < 0.2 * len(notes) for r in readings), trial.prefix


def test_published_tables_survive_writing(published: list[mosa.Trial], tmp_path: Path) -> None:
    from training.datasets.mosa_annotations import write_annotations

    for trial in published[::4]:
        annotations = read_annotations(trial.tables, trial.prefix)
        write_annotations(annotations, tmp_path, trial.prefix)
        assert read_annotations(tmp_path, trial.prefix) == annotations


def _note(number: int, onset: float, position: float) -> AlignedNote:
    return AlignedNote(number, onset, onset + 0.5, position, position + 1.0, "A4", 69, 1.0, 0, position)


def test_score_positions_become_seconds() -> None:
    notes = (_note(0, 2.0, -1.0), _note(1, 3.0, 0.0), _note(2, 3.1, 0.0), _note(3, 5.0, 1.0))
    annotations = Annotations(notes)
    np.testing.assert_allclose(annotations.seconds([-1.0, 0.0, 0.5, 1.0, 2.0]), [2.0, 3.0, 4.0, 5.0, 5.5])
    # Before the first note the tempo of the nearest beats goes on.
    assert annotations.seconds([-2.0])[0] < 1.5
    backwards = Annotations((_note(0, 2.0, 0.0), _note(1, 1.9, 1.0), _note(2, 4.0, 2.0)))
    assert (np.diff(backwards.seconds(np.linspace(0, 2, 9))) >= 0).all()


def test_a_recording_of_ours_round_trips(small_corpus: Path, tmp_path: Path) -> None:
    trial = mosa.find_trials(small_corpus)[0]
    first = mosa.read_trial(trial)
    assert first.markers is not None
    assert first.samples is not None
    assert first.markers.shape[1:] == (34, 3)
    assert abs(len(first.markers) / 120 - len(first.samples) / first.sample_rate) < 0.02
    copy = replace(trial, folder=tmp_path / trial.folder.name)
    mosa.write_trial(copy, first.annotations, first.markers, first.samples, first.sample_rate)
    second = mosa.read_trial(copy)
    assert second.annotations == first.annotations
    np.testing.assert_allclose(second.markers, first.markers, atol=6e-6)
    np.testing.assert_allclose(second.samples, first.samples, atol=1e-4)
    assert (copy.motion.read_bytes(), copy.audio.read_bytes()) == (trial.motion.read_bytes(), trial.audio.read_bytes())


def test_motion_files_keep_gaps_and_the_order_of_their_columns(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    markers = rng.uniform(-1, 1, (50, 34, 3)).round(5)
    markers[10:20, 3] = np.nan
    markers[0, 0] = np.nan
    markers[49, 33] = np.nan
    path = tmp_path / "motion.csv"
    mosa_motion.write_motion(path, markers)
    np.testing.assert_allclose(mosa_motion.read_motion(path), markers, atol=6e-6)
    lines = [line.split(",") for line in path.read_text().splitlines()]
    turned = "\n".join(",".join(cells[-3:] + cells[:-3]) for cells in lines) + "\n"
    path.write_text(turned.replace("_x", ":X").replace("_y", ":Y").replace("_z", ":Z"))
    np.testing.assert_allclose(mosa_motion.read_motion(path), markers, atol=6e-6)


def test_gaps_are_filled_linearly_and_long_ones_refused() -> None:
    markers = np.zeros((1200, 34, 3))
    markers[:, 5, 0] = np.arange(1200)
    gapped = markers.copy()
    gapped[100:300, 5] = np.nan
    np.testing.assert_allclose(mosa_motion.fill_gaps(gapped), markers)
    gapped[100:900, 5] = np.nan
    with pytest.raises(TableError, match=r"marker T10 is away for 6\.7 s"):
        mosa_motion.fill_gaps(gapped)
    gapped[:, 7] = np.nan
    gapped[:, 5] = 0.0
    with pytest.raises(TableError, match="marker STRN is never seen"):
        mosa_motion.fill_gaps(gapped)


def test_the_filter_has_no_phase_and_cuts_at_ten_hertz() -> None:
    t = np.arange(1200) / 120
    middle = slice(240, 960)
    for hertz, low, high in ((2.0, 0.99, 1.01), (10.0, 0.45, 0.55), (30.0, 0.0, 0.02)):
        wave = np.sin(2 * np.pi * hertz * t)[:, None]
        smooth = mosa_motion.smooth(wave)[middle, 0]
        gain = 2 * np.mean(smooth * wave[middle, 0])
        assert low <= gain <= high, hertz
        assert abs(np.mean(smooth * np.cos(2 * np.pi * hertz * t)[middle])) < 2e-3


def test_resampling_keeps_the_times() -> None:
    ramp = np.arange(1201.0)[:, None] / 120
    np.testing.assert_allclose(mosa_motion.resample(ramp, 120)[:, 0], np.arange(401) / 40)
    np.testing.assert_allclose(mosa_motion.resample(ramp, 100, 40)[:, 0], np.arange(481) * 100 / 40 / 120)
    np.testing.assert_allclose(mosa_motion.velocities(ramp[::3])[:, 0], 1.0)
    assert mosa_motion.windows(760) == [0, 40, 80, 120]
    assert mosa_motion.windows(639) == []


def test_the_own_frame_knows_no_laboratory(small_corpus: Path) -> None:
    markers = mosa.read_trial(mosa.find_trials(small_corpus)[0]).markers
    assert markers is not None
    joints = our_joints(mosa_motion.in_own_frame(markers, mosa_motion.own_frame(markers)))
    turned = np.stack([-markers[..., 1] + 3.0, markers[..., 0] - 1.0, markers[..., 2]], axis=-1)
    np.testing.assert_allclose(
        our_joints(mosa_motion.in_own_frame(turned, mosa_motion.own_frame(turned))), joints, atol=1e-9
    )
    at = {name: joints[:, i].mean(axis=0) for i, name in enumerate(JOINTS)}
    assert np.abs(at["hips"]).max() < 0.05
    assert at["left_upper_arm"][0] > 0.1 > -0.1 > at["right_upper_arm"][0]  # left on +X
    assert at["head"][2] > 0.4 > -0.7 > at["left_foot"][2]  # Z up
    assert at["violin_scroll"][1] < at["violin_end"][1] < 0.1  # facing -Y


def test_joints_of_the_paper(small_corpus: Path) -> None:
    markers = mosa.read_trial(mosa.find_trials(small_corpus)[0]).markers
    assert markers is not None
    joints = paper_joints(markers)
    assert joints.shape[1:] == (21, 3)
    np.testing.assert_allclose(
        joints[:, 2], markers[:, [MARKERS.index(m) for m in ("RASI", "LASI", "RPSI", "LPSI")]].mean(1)
    )
    targets = a2m_targets(markers)
    assert targets.shape[1:] == (11, 3)
    np.testing.assert_array_equal(targets[:, 0], markers[:, MARKERS.index("BOWE")])
    np.testing.assert_array_equal(targets[:, 10], joints[:, 2])


def _damage(path: Path, old: str, new: str, line: int = 4) -> None:
    lines = path.read_text().splitlines(keepends=True)
    assert old in lines[line]
    lines[line] = lines[line].replace(old, new, 1)
    path.write_text("".join(lines))


def _cell(path: Path, column: int, new: str, lines: slice = slice(4, 5)) -> None:
    rows = [line.split(",") for line in path.read_text().splitlines()]
    for row in rows[lines]:
        row[column] = new
    path.write_text("\n".join(",".join(row) for row in rows) + "\n")


def _exchange(trial: mosa.Trial, a: str, b: str, frames: slice = slice(None)) -> None:
    markers = mosa_motion.read_motion(trial.motion)
    i, j = MARKERS.index(a), MARKERS.index(b)
    markers[frames, [i, j]] = markers[frames, [j, i]]
    mosa_motion.write_motion(trial.motion, markers)


def _mirror(trial: mosa.Trial) -> None:
    mosa_motion.write_motion(trial.motion, mosa_motion.read_motion(trial.motion) * [-1.0, 1.0, 1.0])


def _silence(trial: mosa.Trial) -> None:
    samples, rate = soundfile.read(trial.audio)
    soundfile.write(trial.audio, 0 * samples, rate)


def _shorten(trial: mosa.Trial) -> None:
    samples, rate = soundfile.read(trial.audio)
    soundfile.write(trial.audio, samples[: len(samples) // 2], rate)


def _table(trial: mosa.Trial, name: str) -> Path:
    return trial.tables / f"{trial.prefix}_{name}.csv"


DAMAGES: dict[str, tuple[Callable[[mosa.Trial], object], str]] = {
    "no motion": (lambda t: t.motion.unlink(), "motion.csv is missing"),
    "no sound": (lambda t: t.audio.unlink(), "audio.wav is missing"),
    "no notes": (lambda t: _table(t, "align_notetime").unlink(), "align_notetime.csv cannot be read"),
    "no tables": (lambda t: shutil.rmtree(t.tables), "annotation/annotations of .* is missing"),
    "another's motion": (
        lambda t: t.motion.rename(t.motion.with_name("de1_yv10_t1_motion.csv")),
        "motion.csv is missing; de1_yv10_t1_motion.csv is there: mislabelled",
    ),
    "another's table": (
        lambda t: shutil.copy(_table(t, "beat"), t.tables / "de1_yv10_t1_beat.csv"),
        "de1_yv10_t1_beat.csv belongs to another trial",
    ),
    "motion cut in a line": (
        lambda t: t.motion.write_bytes(t.motion.read_bytes()[: t.motion.stat().st_size // 2]),
        "motion.csv is truncated|line .* cells instead of 102|the motion lasts",
    ),
    "motion cut at a line": (
        lambda t: t.motion.write_text("".join(t.motion.read_text().splitlines(keepends=True)[:300])),
        "the motion lasts 2.5 s, the sound",
    ),
    "sound cut": (_shorten, "one is truncated"),
    "sound damaged": (lambda t: t.audio.write_bytes(b"RIFF nonsense"), "audio.wav is no sound"),
    "silent": (_silence, "audio.wav is silent"),
    "a word in the motion": (lambda t: _cell(t.motion, 7, "what"), "motion.csv: line 5 holds 'what'"),
    "a marker away": (lambda t: _cell(t.motion, 9, "nan", slice(1, None)), "marker LBHD is never seen"),
    "a marker unnamed": (lambda t: _damage(t.motion, "CLAV", "WHAT", 0), "names|no columns|CLAV"),
    "markers exchanged": (lambda t: _exchange(t, "RFHD", "LBHD", slice(100, 200)), "mislabelled markers"),
    "left is right": (_mirror, "left is on the right"),
    "metres": (
        lambda t: mosa_motion.write_motion(t.motion, mosa_motion.read_motion(t.motion) / 1000.0),
        "millimetres are expected",
    ),
    "centimetres": (
        lambda t: mosa_motion.write_motion(t.motion, mosa_motion.read_motion(t.motion) / 10.0),
        r"the body measures 0\.1\d m; millimetres are expected",
    ),
    "no MIDI number": (lambda t: _cell(_table(t, "align_notetime"), 6, "200"), "has MIDI number 200, not 0 to 127"),
    "NaN in the notes": (lambda t: _cell(_table(t, "align_notetime"), 1, "nan"), "line 5: onset is 'nan'"),
    "a word in the beats": (
        lambda t: _cell(_table(t, "beat"), 0, "one"),
        "beat.csv line 5: beat is 'one', not a number",
    ),
    "cells missing": (
        lambda t: _table(t, "note").write_text("\n".join([",".join(HEADERS["note"][1]), "0.0,1.0"]) + "\n"),
        "note.csv line 2: 2 cells instead of 8",
    ),
    "another header": (
        lambda t: _damage(_table(t, "expression"), "onset", "when", 0),
        "expression.csv: the first line",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_named_and_skipped_or_fatal(damage: str, small_corpus: Path, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    shutil.copytree(small_corpus, corpus)
    trials = mosa.find_trials(corpus)
    work, message = DAMAGES[damage]
    work(trials[0])
    with pytest.raises(mosa.CorpusError, match=message) as caught:
        list(mosa.read_corpus(corpus, "fail"))
    assert str(caught.value).startswith(trials[0].prefix)
    said: list[mosa.Problem] = []
    read = list(mosa.read_corpus(corpus, "skip", said.append))
    assert [p.trial.prefix for p in read] == [t.prefix for t in trials[1:]]
    assert [p.where for p in said] == [trials[0].prefix]


def test_a_folder_without_performances_is_refused(tmp_path: Path) -> None:
    with pytest.raises(mosa.CorpusError, match="holds no performances"):
        mosa.find_trials(tmp_path)
    with pytest.raises(mosa.CorpusError, match="is not a folder"):
        mosa.find_trials(tmp_path / "none")
