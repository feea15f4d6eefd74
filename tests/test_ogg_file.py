# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Ogg files that hold a picture besides their sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from backend.audio_files import read_audio
from backend.ogg_file import HEAD, sound_alone
from plugins.api import AudioError
from tests.running import RATE, tone


def page(serial: int, flags: int, body: bytes) -> bytes:
    """One page of up to 255 bytes."""
    rest = bytes([len(body)]) + body
    checked = crc(HEAD.pack(b"OggS", 0, flags, 0, serial, 0, 0, 1) + rest)
    return HEAD.pack(b"OggS", 0, flags, 0, serial, 0, checked, 1) + rest


def crc(data: bytes) -> int:
    """Of RFC 3533: polynomial 0x04c11db7, nothing reflected, from 0."""
    found = 0
    for byte in data:
        found ^= byte << 24
        for _ in range(8):
            found = (found << 1) ^ (0x104C11DB7 if found & 0x80000000 else 0)
    return found


def with_picture(sound: bytes, *, serial: int = 77) -> bytes:
    """The first pages of all streams come first, the picture's before the sound's, as FFmpeg writes them."""
    second = sound.index(b"OggS", 4)
    picture = page(serial, 2, b"\x80theora and its size")
    return picture + sound[:second] + page(serial, 0, b"blue sky") + sound[second:] + page(serial, 4, b"end")


@pytest.fixture(params=["VORBIS", "OPUS"])
def plain(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "plain.ogg"
    soundfile.write(path, tone(rate=48000), 48000, format="OGG", subtype=request.param)
    return path


def test_the_sound_beside_a_picture_is_read(plain: Path, tmp_path: Path) -> None:
    path = tmp_path / "song.ogg"
    path.write_bytes(with_picture(plain.read_bytes()))
    with pytest.raises(soundfile.LibsndfileError):
        soundfile.SoundFile(path)
    assert np.array_equal(read_audio(path).samples, read_audio(plain).samples)
    assert read_audio(path, 0.5, 1.0).duration == 0.5


def test_nothing_is_left_out_of_sound_alone(plain: Path, tmp_path: Path) -> None:
    assert sound_alone(plain) is None
    wav = tmp_path / "tone.wav"
    soundfile.write(wav, tone(), RATE)
    assert sound_alone(wav) is None


def test_a_film_without_sound_is_told(tmp_path: Path) -> None:
    path = tmp_path / "film.ogg"
    path.write_bytes(page(1, 2, b"\x80theora") + page(2, 2, b"fishead") + page(1, 0, b"sky"))
    with pytest.raises(AudioError, match="is not a sound file that can be read"):
        read_audio(path)


@pytest.mark.parametrize("keep", [3, 40, 300, 4000])
def test_a_cut_file_is_told_or_read(plain: Path, tmp_path: Path, keep: int) -> None:
    path = tmp_path / "cut.ogg"
    path.write_bytes(with_picture(plain.read_bytes())[:keep])
    with pytest.raises(AudioError, match=r"is not a sound file|holds no sound|is silent|too short"):
        read_audio(path)
