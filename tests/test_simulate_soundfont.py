# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Simulated performances that a soundfont plays (where FluidSynth and a soundfont are installed)."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.simulated import short_studies  # noqa: F401
from training.datasets.mosa import CorpusError
from training.simulate import corpus
from training.simulate.piano_playing import Struck
from training.simulate.playing import Sounding
from training.simulate.sound import RATE
from training.simulate.soundfont import SoundFont, play

FONTS = sorted(Path("/usr/share/sounds/sf2").glob("*.sf2")) if Path("/usr/share/sounds/sf2").is_dir() else []
needs_font = pytest.mark.skipif(
    not FONTS or shutil.which("fluidsynth") is None, reason="needs fluidsynth and a soundfont (apt install fluidsynth)"
)


def note(start: float, end: float, pitch: int) -> Sounding:
    return Sounding(start, end, pitch, 0.6, True, False, False, False, True, pitch)


@needs_font
@pytest.mark.parametrize("instrument", ["violin", "piano"])
@pytest.mark.parametrize("reference", [415.0, 442.0])
def test_notes_sound_when_and_where_they_are_written(instrument: str, reference: float) -> None:
    font = replace(SoundFont.open(FONTS[0]), reference=reference)
    sound = play([note(0.5, 1.5, 69), note(2.5, 3.5, 81)], font, instrument, 4.0)
    assert len(sound) == 4 * RATE
    assert np.abs(sound[: int(0.45 * RATE)]).max() < 0.01
    for first, pitch in ((0.7, 69), (2.7, 81)):
        piece = sound[int(first * RATE) : int((first + 0.6) * RATE)]
        spectrum = np.abs(np.fft.rfft(piece * np.hanning(len(piece)), 1 << 17))
        hertz = np.fft.rfftfreq(1 << 17, 1 / RATE)
        wanted = reference * 2 ** ((pitch - 69) / 12)
        near = (hertz > 0.9 * wanted) & (hertz < 1.1 * wanted)
        cents = 1200 * np.log2(hertz[near][spectrum[near].argmax()] / wanted)
        assert abs(cents) < 40, (pitch, cents)  # violins of some soundfonts tremble, and are not quite in tune


@needs_font
def test_the_pedal_lets_strings_ring_until_they_are_struck_again() -> None:
    font = SoundFont.open(FONTS[0])

    def level(notes: list[Struck], at: float) -> float:
        sound = play(notes, font, "piano", 4.0)
        return float(np.sqrt((sound[int(at * RATE) : int((at + 0.2) * RATE)] ** 2).mean()))

    short, held = Struck(0.5, 0.7, 0.7, 60, 0.8), Struck(0.5, 0.7, 3.5, 60, 0.8)
    again = Struck(2.0, 2.2, 3.5, 60, 0.8)
    assert level([held], 1.5) > 20 * level([short], 1.5)
    # MIDI has one string a key: the first note's end must not stop the second.
    assert level([held, again], 3.0) > 20 * level([short], 3.0)


@needs_font
@pytest.mark.usefixtures("short_studies")
def test_a_corpus_is_partly_played_by_it_and_says_so(tmp_path: Path) -> None:
    corpus.simulate(tmp_path / "c", 0.004, 3, soundfonts=[FONTS[0]], share=1.0)
    card = json.loads((tmp_path / "c" / "card.json").read_text())
    assert card["made_by"]["soundfonts"] == [SoundFont.open(FONTS[0]).sha256]
    assert "soundfonts" in card["licence"]
    (about,) = (tmp_path / "c").rglob("*_simulation.json")
    assert json.loads(about.read_text())["violin"]["path"] == FONTS[0].name
    with pytest.raises(CorpusError, match="another simulation"):
        corpus.simulate(tmp_path / "c", 0.004, 3)


def test_what_is_no_soundfont_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: "/bin/true")
    (tmp_path / "no.sf2").write_bytes(b"RIFF....WAVE")
    with pytest.raises(CorpusError, match="is no soundfont"):
        SoundFont.open(tmp_path / "no.sf2")
    with pytest.raises(CorpusError, match="cannot be read"):
        SoundFont.open(tmp_path / "none.sf2")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(CorpusError, match="apt install fluidsynth"):
        SoundFont.open(tmp_path / "no.sf2")
