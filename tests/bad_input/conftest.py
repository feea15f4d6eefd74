# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The command with Blender's stand-in, and sound files, good and bad."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from backend import animate as animate_module
from tests.running import RATE, Command, FakeBlender, Run, melody, tone, write_midi


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    monkeypatch.setattr(animate_module, "BlenderProcess", FakeBlender)
    return Command(monkeypatch, capfd)


@pytest.fixture
def animate(command: Command, tmp_path: Path) -> Run:
    """``cadenza animate INPUT -o out/demo.blend ...``"""
    return lambda source, *rest: command("animate", source, "-o", tmp_path / "out" / "demo.blend", *rest)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sound files, good and bad."""
    folder = tmp_path_factory.mktemp("sounds")
    sound = tone()
    soundfile.write(folder / "good.wav", sound, RATE)
    soundfile.write(folder / "short.wav", sound[: RATE // 20], RATE)
    soundfile.write(folder / "silent.wav", np.zeros(RATE), RATE)
    soundfile.write(folder / "old.wav", tone(rate=8000), 8000, subtype="PCM_U8")
    soundfile.write(folder / "surround.flac", np.stack([tone(rate=96000)] * 6, axis=1), 96000)
    broken = sound.copy()
    broken[1000] = np.nan
    soundfile.write(folder / "nan.wav", broken, RATE, subtype="FLOAT")
    (folder / "empty.wav").touch()
    (folder / "text.wav").write_text("no sound at all\n" * 50)
    (folder / "header.wav").write_bytes((folder / "good.wav").read_bytes()[:44])
    (folder / "empty.mid").touch()
    (folder / "broken.mid").write_bytes(b"MThd\0\0\0\6\0\1\0\1" + b"junk" * 20)
    write_midi(folder / "rests.mid", [])
    write_midi(folder / "good.mid", melody())
    return folder
