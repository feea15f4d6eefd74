# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The server when all goes well: sounds, jobs, events, results, the cache."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from plugins.api import ComponentInfo, JobRequest, JobStatus, Motion, from_json
from tests.running import melody, write_midi, write_score
from tests.serving import Visitor, install_plugin, running_server, sound_file


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("server")
    with pytest.MonkeyPatch.context() as monkeypatch:
        install_plugin(folder, monkeypatch)
        with running_server(cache=folder / "cache") as address:
            yield address


@pytest.fixture
def visitor(address: str) -> Iterator[Visitor]:
    with Visitor(address) as visitor:
        yield visitor


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return sound_file(tmp_path_factory.mktemp("sound") / "tune.wav").read_bytes()


def test_health(visitor: Visitor) -> None:
    answer = visitor.http.get("/healthz")
    assert answer.json()["status"] == "ok"
    assert answer.json()["protocol"] == 1
    assert answer.headers["cadenza-protocol"] == "1"


def test_components(visitor: Visitor) -> None:
    listed = visitor.http.get("/v1/components").json()
    assert listed["version"] == 1
    assert {c["name"] for c in listed["components"]} >= {"performer", "ik", "align", "transcribe", "beats", "quick"}
    assert set(listed["components"][0]) == set(ComponentInfo("", "").to_dict())


def test_a_sound_is_sent_once(visitor: Visitor, sound: bytes) -> None:
    other = sound + b"\0"
    path = f"/v1/audio/{hashlib.sha256(other).hexdigest()}"
    assert visitor.http.head(path).status_code == 404
    assert visitor.http.put(path, content=other).status_code == 201
    assert visitor.http.head(path).status_code == 200
    assert visitor.http.put(path, content=other).status_code == 200


def test_from_a_recording_to_motion(visitor: Visitor, sound: bytes) -> None:
    request = JobRequest(audio=visitor.put(sound), audio_name="tune.wav", fps=25.0, seed=3)
    job = JobStatus.from_dict(visitor.submit(**request.to_dict()))
    assert job.state in ("queued", "running")
    status = visitor.wait(job.id)
    assert (status["state"], status["progress"], status["cached"]) == ("finished", 1.0, False)
    motion = Motion.from_bytes(visitor.get(f"/v1/jobs/{job.id}/motion"))
    assert (motion.fps, len(motion), motion.provenance["seed"]) == (25.0, 50, 3)
    tracks = from_json(visitor.get(f"/v1/jobs/{job.id}/annotations").decode())
    assert {t.namespace for t in tracks} == {"note", "beat", "downbeat"}


def test_the_score_and_the_animators_notes_are_used(visitor: Visitor, sound: bytes, tmp_path: Path) -> None:
    import base64

    score = write_score(tmp_path / "tune.musicxml")
    data = base64.b64encode(score.read_bytes()).decode()
    asked = {"audio": visitor.put(sound), "score": {"name": "tune.musicxml", "data": data}}
    job = visitor.submit(**asked, generator="performer")["id"]
    assert visitor.wait(job)["state"] == "finished"
    document = json.loads(visitor.get(f"/v1/jobs/{job}/annotations"))
    notes = next(t for t in document["tracks"] if t["namespace"] == "note")
    assert [n["value"]["pitch"] for n in notes["annotations"]] == [67, 69, 71, 74]
    notes["annotations"] = notes["annotations"][:2]
    again = visitor.submit(**asked, annotations=document)["id"]
    assert visitor.wait(again)["state"] == "finished"
    assert json.loads(visitor.get(f"/v1/jobs/{again}/annotations")) == document
    assert Motion.from_bytes(visitor.get(f"/v1/jobs/{again}/motion")).provenance["notes"] == 2


def test_midi_is_performed_without_a_sound(visitor: Visitor, tmp_path: Path) -> None:
    import base64

    midi = write_midi(tmp_path / "tune.mid", melody())
    score = {"name": "tune.mid", "data": base64.b64encode(midi.read_bytes()).decode()}
    job = visitor.submit(score=score, start=0.5, end=2.0)["id"]
    assert visitor.wait(job)["state"] == "finished"
    motion = Motion.from_bytes(visitor.get(f"/v1/jobs/{job}/motion"))
    assert (motion.start, len(motion)) == (0.5, 45)


def test_recognition_alone(visitor: Visitor, sound: bytes) -> None:
    job = visitor.submit(audio=visitor.put(sound), recognize=["beat"])["id"]
    assert visitor.wait(job)["state"] == "finished"
    tracks = from_json(visitor.get(f"/v1/jobs/{job}/annotations").decode())
    assert {t.namespace for t in tracks} == {"beat", "downbeat"}
    refused = visitor.http.get(f"/v1/jobs/{job}/motion")
    assert refused.status_code == 409
    assert "annotations" in refused.json()["detail"]


def test_the_same_request_is_answered_from_the_cache(visitor: Visitor, sound: bytes) -> None:
    asked: dict[str, Any] = {"audio": visitor.put(sound), "generator": "quick", "seed": 11}
    first = visitor.wait(visitor.submit(**asked, audio_name="a.wav")["id"])
    again = visitor.submit(**asked, audio_name="b.wav")
    assert (again["state"], again["cached"], first["cached"]) == ("finished", True, False)
    motions = [visitor.get(f"/v1/jobs/{job['id']}/motion") for job in (first, again)]
    assert motions[0] == motions[1]
    for change in ({"seed": 12}, {"fps": 24.0}, {"end": 1.0}, {"options": {"quick": {"behaviour": "none"}}}):
        other = visitor.submit(**{**asked, **change})
        assert not other["cached"]
        visitor.wait(other["id"])


def test_the_same_job_makes_the_same_bytes(visitor: Visitor, sound: bytes, tmp_path: Path) -> None:
    asked = {"audio": visitor.put(sound), "seed": 21}
    here = visitor.wait(visitor.submit(**asked)["id"])["id"]
    with running_server(cache=tmp_path / "another") as address, Visitor(address) as other:
        other.put(sound)
        there = other.wait(other.submit(**asked)["id"])
        assert not there["cached"]
        assert other.get(f"/v1/jobs/{there['id']}/motion") == visitor.get(f"/v1/jobs/{here}/motion")


def test_events(visitor: Visitor, sound: bytes) -> None:
    options = {"quick": {"seconds": 0.5, "behaviour": "shows"}}
    job = visitor.submit(audio=visitor.put(sound), generator="quick", options=options)["id"]
    heard = stream(visitor.http, job)
    states = [data["state"] for kind, data in heard if kind == "status"]
    progress = [data["progress"] for kind, data in heard if kind == "status"]
    assert states[-1] == "finished"
    assert progress == sorted(progress)
    assert len(progress) > 2
    assert ("partial", {"index": 0}) in heard
    assert [data["message"] for kind, data in heard if kind == "log"] == ["Waiting for a worker", "Started", "Done"]
    # Who comes back is told where the job stands, and of the log only what is new.
    later = stream(visitor.http, job, {"Last-Event-ID": "2"})
    assert [kind for kind, _ in later] == ["log", "partial", "status"]


def stream(http: httpx.Client, job: str, headers: dict[str, str] | None = None) -> list[tuple[str, dict[str, Any]]]:
    heard, kind = [], ""
    with http.stream("GET", f"/v1/jobs/{job}/events", headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line.startswith("event: "):
                kind = line.removeprefix("event: ")
            if line.startswith("data: "):
                heard.append((kind, json.loads(line.removeprefix("data: "))))
    return heard


def test_a_listener_that_leaves_can_come_back(visitor: Visitor, sound: bytes) -> None:
    options = {"quick": {"seconds": 0.6}}
    job = visitor.submit(audio=visitor.put(sound), generator="quick", seed=77, options=options)["id"]
    with visitor.http.stream("GET", f"/v1/jobs/{job}/events") as answer:
        next(answer.iter_lines())
    assert stream(visitor.http, job)[-1][1]["state"] == "finished"


def test_the_beginning_of_long_music_comes_first(visitor: Visitor, tmp_path: Path) -> None:
    sound = visitor.put(sound_file(tmp_path / "long.wav", 24.0).read_bytes())
    job = visitor.submit(audio=sound, start=1.0)["id"]
    part = None
    while (status := visitor.status(job))["state"] in ("queued", "running"):
        if status["partials"] and part is None:
            part = Motion.from_bytes(visitor.get(f"/v1/jobs/{job}/partial"))
    assert (status["state"], status["partials"]) == ("finished", 1)
    assert part is not None
    whole = Motion.from_bytes(visitor.get(f"/v1/jobs/{job}/motion"))
    assert (part.start, part.duration, part.fps) == (whole.start, 10.0, whole.fps)
    assert part.rotations is not None  # the post-steps ran
    assert (part.joint("bow_frog").std(axis=0) > 0.01).any()  # it plays
    assert visitor.get(f"/v1/jobs/{job}/partial") == visitor.get(f"/v1/jobs/{job}/motion")


def test_a_generator_that_streams_shows_window_after_window(visitor: Visitor) -> None:
    sound = visitor.put((Path(__file__).resolve().parents[1] / "examples" / "minuet.flac").read_bytes())
    job = visitor.submit(audio=sound, start=1.0, generator="a2m")["id"]
    parts: list[Motion] = []
    while (status := visitor.status(job))["state"] in ("queued", "running"):
        while status["partials"] > len(parts):
            answer = visitor.http.get(f"/v1/jobs/{job}/partials/{len(parts)}")
            if answer.status_code != 200:
                break  # it has just ended
            parts.append(Motion.from_bytes(answer.content))
    assert status["state"] == "finished", status
    assert status["partials"] >= 4
    whole = Motion.from_bytes(visitor.get(f"/v1/jobs/{job}/motion"))
    end = whole.start
    for part in parts[: status["partials"]]:
        if len(part) == len(whole):
            break  # of a finished job the whole
        assert part.start == pytest.approx(end)
        end = part.start + part.duration
        np.testing.assert_allclose(part.joint("bow_frog"), whole.slice(part.start, end).joint("bow_frog"), atol=1e-4)


def test_metrics(visitor: Visitor, sound: bytes) -> None:
    job = visitor.submit(audio=visitor.put(sound), generator="quick", seed=5)["id"]
    visitor.wait(job)
    text = visitor.get("/metrics").decode()
    assert 'cadenza_jobs_total{cached="false",state="finished"}' in text
    assert 'route="/v1/jobs/{id}"' in text
    assert job not in text


def test_the_documentation_needs_no_internet(visitor: Visitor) -> None:
    page = visitor.get("/docs").decode()
    assert "POST /v1/jobs" in page
    assert "http://" not in page
    assert "https://" not in page
    assert visitor.http.get("/openapi.json").json()["info"]["title"] == "Cadenza"
