# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Sounds that are no music, or too much of it: an honest answer, or a refusal that says what to do."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile

from plugins.api import AnnotationTrack, find_track, from_json
from tests.running import RATE, Command, names, tone, write_score

SECONDS = 12
T = np.arange(SECONDS * RATE) / RATE


def noise(level: float) -> np.ndarray:
    return np.random.default_rng(5).normal(0.0, 10 ** (level / 20), len(T))


def speech() -> np.ndarray:
    """Bursts of a gliding voice with formants, at irregular times: no metre, no steady pitch."""
    rng = np.random.default_rng(7)
    pitch = 110 * 2 ** (0.3 * np.cumsum(rng.normal(0, 0.004, len(T))))
    voice = sum(np.sin(k * 2 * np.pi * np.cumsum(pitch) / RATE) / k for k in range(1, 20))
    gate = np.repeat(rng.random(SECONDS * 9) > 0.45, len(T) // (SECONDS * 9) + 1)[: len(T)]
    return 0.05 * np.asarray(voice) * np.convolve(gate, np.hanning(1200) / 600, "same")


def annotate(command: Command, folder: Path, sound: np.ndarray, *rest: object) -> list[AnnotationTrack]:
    soundfile.write(folder / "in.wav", sound, RATE)
    ended = command("annotate", folder / "in.wav", "-o", folder / "out.json", *rest)
    assert ended.status == 0, ended.error
    return from_json((folder / "out.json").read_text())


def test_silence_is_refused(command: Command, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "in.wav", np.zeros(RATE), RATE)
    command("annotate", tmp_path / "in.wav", "-o", tmp_path / "out.json").failed_with("is silent", "check the export")
    assert names(tmp_path) == {"in.wav"}


def test_a_noise_floor_has_no_beats_no_notes_and_no_loudness(command: Command, tmp_path: Path) -> None:
    tracks = annotate(command, tmp_path, noise(-78.0))
    assert [len(find_track(tracks, name)) for name in ("beat", "downbeat", "note")] == [0, 0, 0]
    assert {a.value for a in find_track(tracks, "loudness").annotations} <= {-70.0}


@pytest.mark.parametrize("sound", [noise(-20.0), speech()], ids=["noise", "speech"])
def test_what_is_no_music_is_not_told_for_sure(command: Command, tmp_path: Path, sound: np.ndarray) -> None:
    tracks = annotate(command, tmp_path, sound)
    for name in ("beat", "downbeat", "phrase", "dynamics", "articulation"):
        told = max((a.confidence for a in find_track(tracks, name).annotations), default=0.0)
        assert told <= (0.5 if name.endswith("beat") else 0.6), name
    assert sum(a.confidence > 0.8 for a in find_track(tracks, "note").annotations) <= SECONDS / 2


@pytest.mark.parametrize("sound", [noise(-20.0), speech()], ids=["noise", "speech"])
def test_a_score_is_not_found_in_what_is_no_music(command: Command, tmp_path: Path, sound: np.ndarray) -> None:
    score = write_score(tmp_path / "tune.musicxml", [67, 69, 71, 74, 76, 74, 71, 69] * 4)
    soundfile.write(tmp_path / "in.wav", sound, RATE)
    ended = command("annotate", tmp_path / "in.wav", "-o", tmp_path / "out.json", "--score", score)
    ended.failed_with("tune.musicxml", "give the score")


def test_music_in_silence_has_beats_only_where_it_sounds(command: Command, tmp_path: Path) -> None:
    still = noise(-78.0)
    tracks = annotate(command, tmp_path, np.concatenate([still, np.tile(tone(), 4), still]), "--what", "beat")
    beats = find_track(tracks, "beat").times
    assert beats
    assert min(beats) > SECONDS - 2
    assert max(beats) < SECONDS + 8 + 2


def test_eighty_minutes_are_too_many_at_once(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(bytes([128]) * (8000 * 4800))
    ended = command("annotate", path, "-o", tmp_path / "out.json")
    ended.failed_with("80 minutes", "at most 30", "--start and --end")
    assert names(tmp_path) == {"long.wav"}


def test_another_key_is_told(command: Command, tmp_path: Path) -> None:
    tune = [67, 69, 71, 74, 76, 74, 71, 69]
    score = write_score(tmp_path / "high.musicxml", [p + 3 for p in tune])
    soundfile.write(tmp_path / "in.wav", tone(tune), RATE)
    ended = command("annotate", tmp_path / "in.wav", "-o", tmp_path / "out.json", "--score", score)
    ended.failed_with("high.musicxml is written 3 semitones higher", "align.transpose=-3")
    rest = ("--score", score, "--option", "align.transpose=-3")
    assert command("annotate", tmp_path / "in.wav", "-o", tmp_path / "out.json", *rest).status == 0
    notes = find_track(from_json((tmp_path / "out.json").read_text()), "note").annotations
    assert [a.value["pitch"] for a in notes] == tune
