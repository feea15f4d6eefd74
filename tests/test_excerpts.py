# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Tunes and scores of the user's own, from which the simulation takes excerpts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from training.datasets.mosa import CorpusError, find_trials, read_trial
from training.simulate.abc_tunes import AbcError, key, read_tune, tunes
from training.simulate.accompany import chords
from training.simulate.corpus import plan, simulate
from training.simulate.excerpts import RANGES, excerpt, read_library
from training.simulate.loosening import loosened
from training.simulate.musicxml import score_xml
from training.simulate.parts import PartsError, read_parts
from training.simulate.players import pianist
from training.simulate.studies import study
from training.simulate.timing import perform

JIG = """X:1
T:Our Own Jig
M:6/8
L:1/8
K:G
D|GBd gfe|d2B AGF|GBd gfe|d2A B2D|
GBd (gfe)|d2B .A.G.F|{c}GBd "G"gfe|dcA G2:|
|:d|g2d B>cd|(3efg e dcB|[DA]2c BAG|FAF D2d|
g2d Bcd|efe dcB|A2c BAG|FDF G2:|
"""
SCALE = "".join("CDEFGABcdefg"[i % 12] + ("|" if i % 4 == 3 else "") for i in range(32))


def tune(body: str, metre: str = "4/4", key: str = "C", unit: str = "1/4") -> str:
    return f"X:1\nT:t\nM:{metre}\nL:{unit}\nK:{key}\n{body}\n"


def test_a_tune_is_read_with_its_pickup_repeats_and_marks() -> None:
    found = read_tune(JIG)
    assert (found.title, found.bar, found.beat) == ("Our Own Jig", 3.0, 1.5)
    assert found.notes[0] == (-0.5, 0.5, 62)
    assert found.notes[1] == (0.0, 0.5, 67)
    assert found.strains == [-0.5, 23.5, 47.5, 71.5]  # each strain twice
    at = {p: (n, pitch) for p, n, pitch in found.notes}
    assert at[2.5] == (0.5, 76)  # e: no accidental in G
    assert at[5.5] == (0.5, 66)  # F sharp by the key
    assert (13.5, 15.0) in found.slurs
    assert {16.5, 17.0, 17.5} <= set(found.short)
    assert at[49.5][0] == pytest.approx(0.75)  # B>cd
    assert at[50.25][0] == pytest.approx(0.25)
    assert at[51.0][0] == pytest.approx(1 / 3)
    assert at[54.0] == (1.0, 69)  # of a chord the highest


def test_endings_ties_and_accidentals() -> None:
    found = read_tune(tune("CDEF|G2G2|1 ^FGAB|c4:|2 =FGAB|c2-c2|]" + SCALE))
    pitches = [p for _, _, p in found.notes]
    assert pitches[:11] == [60, 62, 64, 65, 67, 67, 66, 67, 69, 71, 72]
    assert pitches[11:22] == [60, 62, 64, 65, 67, 67, 65, 67, 69, 71, 72]
    assert found.notes[21] == (28.0, 4.0, 72)  # tied


@pytest.mark.parametrize(
    ("body", "metre", "key", "why"),
    [
        ("CDEF|GAB|" + SCALE, "4/4", "C", "even"),
        ("CDEF|GABc|\nK:D\n" + SCALE, "4/4", "C", "changes"),
        (SCALE, "7", "C", "metre"),
        (SCALE, "4/4", "Hp", "key"),
        ("CDEF|", "4/4", "C", "hardly any"),
        ("§§§§§§§§§§§§§§§§§§§§" + SCALE, "4/4", "C", "not understood"),
        ("z4|z4|", "4/4", "C", "no notes"),
    ],
)
def test_what_is_not_read_is_told(body: str, metre: str, key: str, why: str) -> None:
    with pytest.raises(AbcError, match=why):
        read_tune(tune(body, metre, key))


def test_a_file_of_tunes_gives_those_that_can_be_read() -> None:
    text = JIG + "\n" + tune("CDEF|GAB|" + SCALE).replace("X:1", "X:2") + "\n" + JIG.replace("X:1", "X:3")
    assert [t.title for t in tunes(text)] == ["Our Own Jig", "Our Own Jig"]


@pytest.mark.parametrize(
    ("name", "tonic", "altered"), [("D", 2, 2), ("Bb", 10, -2), ("Em", 4, 1), ("Ador", 9, 1), ("Amix", 9, 2)]
)
def test_keys(name: str, tonic: int, altered: int) -> None:

    found, letters, _ = key(name)
    assert found == tonic
    assert sum(letters.values()) == altered


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scores")
    (folder / "jig.abc").write_text(JIG)
    for i in range(2):
        (folder / f"study{i}.musicxml").write_bytes(score_xml(study(np.random.default_rng(i), f"S{i}", 40.0)))
    (folder / "broken.mxl").write_bytes(b"PK")
    return folder


def test_parts_of_a_score_are_read(scores: Path) -> None:
    score = study(np.random.default_rng(0), "S0", 40.0)
    movement = read_parts(scores / "study0.musicxml")
    (part,) = movement.parts
    assert sorted(part.notes) == sorted((n.position, n.length, n.pitch) for n in score.notes)
    assert [b[0] for b in movement.bars] == [i * score.bar for i in range(score.bars)]
    assert movement.bars[0][1:] == (score.bar, score.beat)
    assert {m[1] for m in part.marks} <= {e.expression for e in score.expressions}
    with pytest.raises(PartsError, match="broken"):
        read_parts(scores / "broken.mxl")


@pytest.mark.parametrize("instrument", ["violin", "piano"])
def test_excerpts_can_be_played(scores: Path, instrument: str) -> None:
    library = read_library(scores)
    assert (len(library.tunes), len(library.movements)) == (1, 2)
    low, high = RANGES[instrument]
    staves = set()
    for seed in range(12):
        score = excerpt(library, instrument, np.random.default_rng(seed))
        assert all(low <= n.pitch <= high and n.length > 0 for n in score.notes)
        assert all(n.position < score.length for n in score.notes)
        assert 30.0 <= score.pulse <= 200.0
        staves |= {n.staff for n in score.notes}
        by_key: dict[int, list[tuple[float, float]]] = {}
        for n in score.notes:
            by_key.setdefault(n.pitch, []).append((n.position, n.end))
        for times in by_key.values():  # no key twice at once
            assert all(
                b >= a_end - 1e-6 for (_, a_end), (b, _) in zip(sorted(times)[:-1], sorted(times)[1:], strict=True)
            )
    assert staves == ({0} if instrument == "violin" else {0, 1})


def test_a_tune_gets_chords_that_fit_it() -> None:
    tonic_and_dominant = read_tune(tune("CEGE|CEGE|GBdB|GBdB|CEGE|FAcA|GBdB|CEGE|"))
    found = chords(tonic_and_dominant, 8, np.random.default_rng(0))
    assert [found[i] for i in (0, 2, 3, 5, 6, 7)] == [0, 4, 4, 3, 4, 0]


def test_a_free_performance_keeps_the_order_of_what_is_written(scores: Path) -> None:
    score = excerpt(read_library(scores), "piano", np.random.default_rng(1))
    strict = perform(score, pianist(0, 1), np.random.default_rng(2))
    free = loosened(strict, np.random.default_rng(3), chords=True)
    assert [n.note_id for n in free.align_notetime] == [n.note_id for n in strict.align_notetime]
    beats = [a.seconds([b.position for b in a.beat]) for a in (strict, free)]
    assert (np.diff(beats[1]) > 0).all()
    spread = [np.std(np.diff(np.log(np.diff(b)))) for b in beats]
    assert spread[1] > spread[0]
    assert all(n.offset >= n.onset + 0.0299 for n in free.align_notetime)


def test_a_corpus_of_excerpts_without_motion(scores: Path, tmp_path: Path) -> None:
    planned = simulate(tmp_path / "a", 0.04, 3, instrument="piano", scores=scores, motion=False)
    trials = find_trials(tmp_path / "a")
    assert len(trials) == len(planned)
    assert not list((tmp_path / "a").rglob("*_motion.csv"))
    kinds = {p.kind for p in plan(0.2, 3, None, "piano", scores)}
    assert kinds == {"excerpt", "study"}
    found = read_trial(trials[0], motion=False)
    assert found.samples is not None
    with pytest.raises(CorpusError, match=r"motion.csv is missing"):
        read_trial(trials[0])
    card = json.loads((tmp_path / "a" / "card.json").read_text())
    assert "nobody moves" in card["what"]
    assert "excerpt" in card["sources"]
    simulate(tmp_path / "b", 0.04, 3, instrument="piano", scores=scores, motion=False)
    for trial in trials:
        other = tmp_path / "b" / trial.folder.relative_to(tmp_path / "a")
        assert (other / trial.audio.name).read_bytes() == trial.audio.read_bytes()


def test_a_folder_without_scores_is_told(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="holds no tunes"):
        read_library(tmp_path)
    with pytest.raises(CorpusError, match="not a folder"):
        read_library(tmp_path / "nowhere")
