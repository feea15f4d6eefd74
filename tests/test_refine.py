# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""``cadenza refine``: what it refuses, and what it says of a sound that is not the motion's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from plugins.api import Motion, pianist, violinist
from tests.running import RATE, Command, tone


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capfd)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Six seconds."""
    path = tmp_path / "tune.wav"
    soundfile.write(path, tone([67, 69, 71, 74] * 3), RATE)
    return path


def written(folder: Path, seconds: float, skeleton: object = None) -> Path:
    body = skeleton or violinist.violinist_skeleton()
    motion = Motion(body, 25.0, np.repeat(body.rest_positions[None], round(25 * seconds), axis=0))  # type: ignore[attr-defined]
    path = folder / "rough.npz"
    path.write_bytes(motion.to_bytes())
    return path


def test_a_take_at_the_piano_is_refused(command: Command, recording: Path, tmp_path: Path) -> None:
    rough = written(tmp_path, 6.0, pianist.pianist_skeleton())
    ended = command("refine", rough, "--audio", recording, "-o", tmp_path / "clean.npz")
    ended.failed_with("nobody would press the keys", "cadenza animate with --body")
    assert not (tmp_path / "clean.npz").exists()


def test_a_sound_that_ends_before_the_motion_is_told(command: Command, recording: Path, tmp_path: Path) -> None:
    asked = ("refine", written(tmp_path, 20.0), "--audio", recording, "--corrector", "mapnet")
    ended = command(*asked, "-o", tmp_path / "clean.npz")
    assert ended.status == 0, ended.error
    assert "note: tune.wav lasts from 0.00 to 6.00 s, the motion from 0.00 to 20.00 s" in ended.error
    assert "right recording?" in ended.error
    command(*asked, "--start", 10, "--end", 15, "-o", tmp_path / "part.npz").failed_with(
        "tune.wav lasts from 0.00 to 6.00 s, the motion from 10.00 to 1", "nothing of it is heard"
    )
    moved = command(*asked, "--start", 10, "--end", 15, "--option", "offset=-10", "-o", tmp_path / "part.npz")
    assert moved.status == 0, moved.error
    assert "lasts from" not in moved.error


def test_a_sound_that_is_as_long_needs_no_words(command: Command, recording: Path, tmp_path: Path) -> None:
    ended = command("refine", written(tmp_path, 6.5), "--audio", recording, "-o", tmp_path / "clean.npz")
    assert ended.status == 0, ended.error
    assert "lasts from" not in ended.error


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("letter.npz", b"Dear Anna", "letter.npz is not a Cadenza motion file: it is damaged, or something else; give"),
        ("walk.bvh", b"HIERARCHY", "walk.bvh is not a Cadenza motion file: .bvh is read in Blender"),
    ],
)
def test_what_is_no_motion_is_told_in_plain_words(
    command: Command, recording: Path, tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    ended = command("refine", tmp_path / name, "--audio", recording, "-o", tmp_path / "clean.npz")
    ended.failed_with(words)
    assert "pickle" not in ended.error


def test_the_npz_of_another_program_is_told(command: Command, recording: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", poses=np.zeros(3))
    ended = command("refine", tmp_path / "other.npz", "--audio", recording, "-o", tmp_path / "clean.npz")
    ended.failed_with("other.npz is not a Cadenza motion file: it is an .npz of something else")


def test_an_option_of_no_such_name(command: Command, recording: Path, tmp_path: Path) -> None:
    asked = ("refine", written(tmp_path, 6.0), "--audio", recording, "-o", tmp_path / "clean.npz")
    command(*asked, "--option", "strenght=0.5").failed_with(
        "mapnet.strenght: there is none of that name; did you mean 'strength'? Options of mapnet: strength, offset"
    )
