# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The add-on's client and the server understand each other, in what goes well and in what does not."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from blender_addon.client import Backend, BackendError
from plugins.api import JobRequest, JobStatus, Motion, ScoreFile, to_json
from tests.running import write_score
from tests.serving import install_plugin, running_server, sound_file

TOKEN = "correct-horse-battery"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("wire")
    with pytest.MonkeyPatch.context() as monkeypatch:
        install_plugin(folder, monkeypatch)
        with running_server(cache=folder / "cache", token=TOKEN, max_upload=200_000) as address:
            yield address


@pytest.fixture
def backend(address: str) -> Backend:
    return Backend(address, TOKEN)


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    return sound_file(tmp_path / "tune.wav")


def uploaded(backend: Backend, path: Path) -> str:
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    if not backend.has_sound(sha256):
        backend.put_audio(sha256, path)
    assert backend.has_sound(sha256)
    return sha256


def ended(backend: Backend, job: JobStatus) -> JobStatus:
    for _ in range(3000):
        job = backend.status(job.id)
        if job.ended:
            return job
        time.sleep(0.02)
    raise AssertionError(job)


def test_a_performance(backend: Backend, sound: Path, tmp_path: Path) -> None:
    assert backend.health().status == "ok"
    assert {c.name for c in backend.components()} >= {"performer", "ik", "quick"}
    score = write_score(tmp_path / "tune.musicxml")
    request = JobRequest(
        audio=uploaded(backend, sound),
        audio_name=sound.name,
        score=ScoreFile(score.name, base64.b64encode(score.read_bytes()).decode()),
        end=1.5,
        fps=29.97,
        seed=5,
        options={"performer": {"sway": 0.5}},
    )
    job = ended(backend, backend.submit(request))
    assert (job.state, job.error) == ("finished", "")
    motion = Motion.from_bytes(backend.motion(job.id))
    assert (motion.fps, motion.provenance["options"]["sway"]) == (29.97, 0.5)
    tracks = backend.annotations(job.id)
    again = replace(request, annotations={"version": 1, "tracks": [t.to_dict() for t in tracks]}, seed=6)
    job = ended(backend, backend.submit(again))
    assert to_json(backend.annotations(job.id)) == to_json(tracks)
    assert backend.submit(again).cached


def test_a_job_is_cancelled(backend: Backend, sound: Path) -> None:
    options = {"quick": {"seconds": 60.0}}
    job = backend.submit(JobRequest(audio=uploaded(backend, sound), generator="quick", options=options))
    assert backend.cancel(job.id).state == "cancelled"
    with pytest.raises(BackendError, match="the job is cancelled") as error:
        backend.motion(job.id)
    assert error.value.status == 409


def test_what_the_server_says_reaches_the_animator(backend: Backend, address: str, sound: Path, tmp_path: Path) -> None:
    audio = uploaded(backend, sound)
    with pytest.raises(BackendError, match="there is no post-step named 'polish'"):
        backend.submit(JobRequest(audio=audio, generator="unfinished"))
    with pytest.raises(BackendError, match="the backend was restarted"):
        backend.status("0123-4567")
    with pytest.raises(BackendError, match="token"):
        Backend(address, "wrong").components()
    large = tmp_path / "large.wav"
    large.write_bytes(bytes(20_000_000))
    with pytest.raises(BackendError, match="200,000 bytes"):
        backend.put_audio("0" * 64, large)
    assert not backend.has_sound("0" * 64)
