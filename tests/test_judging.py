# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""How trackers are judged: on performances in the corpora's own layouts, by figures that are known beforehand."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from plugins.api import Audio
from tests.running import melody, write_midi
from training.datasets import performances as real
from training.datasets.mosa import CorpusError
from training.recognition import judging, synthesisers
from training.recognition.judging import Judged, continuity, figures, judge, matched
from training.recognition.report import by_piece, write
from training.recognition.synthesisers import Synthesiser
from training.recognition.trackers import Said

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared data")
BEATS = np.arange(2.0, 12.0, 0.5)


def performed(piece: str = "waltz", name: str = "p1") -> real.Performed:
    notes = tuple(real.Note(float(t), float(t) + 0.4, 60, 80) for t in BEATS)
    return real.Performed("ours", "piano", piece, name, notes, BEATS, BEATS[::3], BEATS[::6])


def said(beats: np.ndarray, downbeats: np.ndarray | None = None, phrases: np.ndarray | None = None) -> Said:
    return Said(beats, downbeats, phrases, 0.5, np.linspace(1.0, 0.0, len(beats)))


def test_a_performance_is_cut_and_led_in() -> None:
    cut = performed().until(6.0)
    assert min(n.onset for n in cut.notes) == real.LEAD
    np.testing.assert_allclose(cut.beats, BEATS[BEATS - 1.0 < 6.0] - 1.0)
    assert max(n.offset for n in cut.notes) <= 6.0
    assert cut.phrases is not None
    np.testing.assert_allclose(cut.phrases, [1.0, 4.0])


def test_the_truth_gets_full_marks_and_half_the_beats_half() -> None:
    full = figures(performed(), said(BEATS + 0.03, BEATS[::3], BEATS[::6]), 60.0)
    assert {k: full[k] for k in ("beat F", "CMLt", "AMLt", "downbeat F", "phrase F")} == dict.fromkeys(
        ("beat F", "CMLt", "AMLt", "downbeat F", "phrase F"), 1.0
    )
    assert full["CPU s a minute"] == 0.5
    assert full["right of those at 0.7 and more"] == full["right of those below 0.4"] == 1.0
    sure = np.linspace(1.0, 0.0, len(BEATS))
    wrong = figures(performed(), said(BEATS + np.where(sure < 0.7, 0.2, 0.0)), 60.0)
    assert wrong["right of those at 0.7 and more"] == 1.0
    assert wrong["right of those below 0.4"] == 0.0
    half = figures(performed(), said(BEATS[::2]), 60.0)
    assert (half["beat P"], half["beat R"]) == (1.0, 0.5)
    assert "downbeat F" not in half
    assert half["CMLt"] < 0.1 < half["AMLt"]
    assert matched(BEATS, BEATS + 0.08, 0.07)["F"] == 0.0
    assert matched(np.empty(0), np.empty(0), 0.07)["F"] == 1.0
    assert continuity(BEATS, np.empty(0)) == {"CMLt": 0.0, "AMLt": 0.0}


def test_asap_s_layout_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "Composer" / "Piece"
    folder.mkdir(parents=True)
    write_midi(folder / "Player01.mid", melody())
    rows = ["0.0\t0.0\tdb,4/4,0", "0.5\t0.5\tb", "1.0\t1.0\tbR", "1.5\t1.5\tb", "2.0\t2.0\tdb"]
    (folder / "Player01_annotations.txt").write_text("\n".join(rows))
    (folder / "midi_score_annotations.txt").write_text("\n".join(rows))
    (found,) = real.asap(tmp_path)
    assert (found.piece, found.name, found.instrument) == ("Composer/Piece", "Player01", "piano")
    np.testing.assert_allclose(found.beats, [0.0, 0.5, 1.0, 1.5, 2.0])
    np.testing.assert_allclose(found.downbeats, [0.0, 2.0])
    assert len(found.notes) > 3


def test_the_pedal_is_read_and_played_where_it_is_wanted(tmp_path: Path) -> None:
    import pretty_midi

    folder = tmp_path / "Piece"
    folder.mkdir()
    midi, part = pretty_midi.PrettyMIDI(resolution=960), pretty_midi.Instrument(0)
    part.notes = [pretty_midi.Note(80, 60 + i, 0.5 * i, 0.5 * i + 0.4) for i in range(4)]
    part.control_changes = [pretty_midi.ControlChange(64, 127, 0.6), pretty_midi.ControlChange(64, 0, 1.5)]
    midi.instruments.append(part)
    midi.write(str(folder / "Player01.mid"))
    (folder / "Player01_annotations.txt").write_text("0.0\t0.0\tdb,4/4,0\n0.5\t0.5\tb\n")
    (found,) = real.asap(tmp_path)
    late = found.until(1.8)  # with a second before the first note
    assert [(round(t, 3), v) for t, v in found.pedal] == [(0.6, 127), (1.5, 0)]
    assert [(round(t, 3), v) for t, v in late.pedal] == [(1.6, 127)]
    for pedal, count in ((True, 2), (False, 0)):
        synthesisers.write_midi(found, tmp_path / "out.mid", pedal)
        (written,) = pretty_midi.PrettyMIDI(str(tmp_path / "out.mid")).instruments
        assert len(written.control_changes) == count


@needs_shared
def test_match_files_say_when_beats_and_phrases_were_played() -> None:
    found = {p.name: p for p in real.match_files(SHARED / "batik-mozart", "batik")}
    sonata = found["kv279_1"]
    onsets = np.array([n.onset for n in sonata.notes])
    near = np.abs(sonata.beats[:, None] - onsets).min(axis=1)
    assert np.mean(near < 0.05) > 0.9
    assert sonata.phrases is not None
    assert len(sonata.phrases) > 20
    assert np.abs(sonata.phrases[:, None] - onsets).min() < 0.01


@pytest.mark.parametrize("file", ["a.wav", "absent.sf2"])
def test_what_cannot_play_is_told(tmp_path: Path, file: str) -> None:
    (tmp_path / "a.wav").write_bytes(b"")
    with pytest.raises(CorpusError, match="is no soundfont"):
        Synthesiser.read(f"x={tmp_path / file}")


def test_a_synthesiser_without_its_program_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.sf2").write_bytes(b"")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(CorpusError, match="needs the program fluidsynth"):
        Synthesiser.read(str(tmp_path / "a.sf2"))


class Silence(Synthesiser):
    """Plays nothing, as long as the music lasts."""

    def play(self, performed: real.Performed, pedal: bool = False) -> Audio:
        return Audio(np.zeros(8000 * 12, dtype=np.float32), 8000)


def test_a_judgement_goes_on_where_it_was_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "LONGEST", 10.0)
    asked = []

    def tracker(audio: Audio) -> Said:
        asked.append(audio.duration)
        return said(performed().until(10.0).beats)

    font = tmp_path / "none.sf2"
    font.write_bytes(b"one")
    synthesisers = [Silence("none", font)]
    kept = tmp_path / "kept.jsonl"
    first = judge([performed()], synthesisers, {"one": tracker}, kept=kept, versions={"one": "a"})
    again = judge([performed()], synthesisers, {"one": tracker, "two": tracker}, kept=kept, versions={"one": "a"})
    assert asked == [10.0, 10.0]  # what was kept is not asked again
    assert again[0] == first[0]
    judge([performed()], synthesisers, {"one": tracker}, kept=kept, versions={"one": "b"})
    assert len(asked) == 3
    assert first[0].values["beat F"] == 1.0
    font.write_bytes(b"another")  # under the same name
    judge([performed()], synthesisers, {"one": tracker}, kept=kept, versions={"one": "a"})
    assert len(asked) == 4
    moved = replace(performed(), beats=performed().beats + 0.1)
    judge([moved], synthesisers, {"one": tracker}, kept=kept, versions={"one": "a"})
    assert len(asked) == 5


def test_the_report_counts_pieces_not_performances(tmp_path: Path) -> None:
    rows = [
        Judged("ours", "piano", piece, name, "none", "us", {"beat F": f, "CPU s a minute": 1.0})
        for piece, name, f in (("waltz", "p1", 1.0), ("waltz", "p2", 0.0), ("march", "p1", 0.8))
    ]
    assert by_piece(rows, "beat F") == [0.5, 0.8]
    out = tmp_path / "report.md"
    write(out, rows, [], [], "Weights: none.")
    text = out.read_text()
    assert "Piano: 2 pieces, 3 performances, none" in text
    assert "| us | 0.650" in text
    assert (tmp_path / "report_beats.png").stat().st_size > 1000
