# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What the server does not do, and how it says so: problem details with the field and what to do."""

from __future__ import annotations

import base64
import errno
import hashlib
import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
import soundfile

from backend import messages
from backend.settings import Settings, read_token
from plugins.api import ComponentError
from tests.running import RATE, melody, write_midi
from tests.serving import Visitor, install_plugin, running_server, sound_file

TOKEN = "correct-horse-battery"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("refusals")
    with pytest.MonkeyPatch.context() as monkeypatch:
        install_plugin(folder, monkeypatch)
        yield folder


@pytest.fixture(scope="module")
def visitor(folder: Path) -> Iterator[Visitor]:
    limits = {"max_upload": 200_000, "max_seconds": 5.0}
    with running_server(cache=folder / "cache", **limits) as address, Visitor(address) as visitor:
        yield visitor


@pytest.fixture(scope="module")
def sound(folder: Path) -> bytes:
    return sound_file(folder / "tune.wav").read_bytes()


def refused(answer: httpx.Response, status: int, *words: str, field: str = "") -> None:
    """It is a problem with this status and field whose detail holds the words."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cadenza-protocol"] == "1"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["type"].startswith("urn:cadenza:")
    assert problem["title"]
    assert all(word in problem["detail"] for word in words), problem
    assert problem.get("field", "") == field


def score(name: str, data: bytes = b"MThd") -> dict[str, str]:
    return {"name": name, "data": base64.b64encode(data).decode()}


NOTE = {"time": 0.0, "duration": 1.0, "value": {"pitch": 69}, "confidence": 1.0}

BAD_JOBS: dict[str, tuple[dict[str, Any], str, str]] = {
    "nothing to perform": ({"audio": None}, "audio", "upload a sound"),
    "a sound that was not sent": ({"audio": "0" * 64}, "audio", "PUT /v1/audio/000"),
    "a sound by another name": ({"audio": "../../etc/passwd"}, "audio", "pattern"),
    "an unknown generator": (
        {"generator": "nobody"},
        "generator",
        "installed: a2m, a2m-piano, dreamer, momu, performer",
    ),
    "another instrument": ({"instrument": "tuba"}, "instrument", "performer plays violin, not tuba"),
    "options of nobody": ({"options": {"nobody": {}}}, "options", "nobody, which is not installed"),
    "an unknown option": (
        {"options": {"performer": {"swing": 1}}},
        "options",
        "performer.swing: there is none of that",
    ),
    "an option out of range": ({"options": {"performer": {"sway": 9}}}, "options", "less than or equal to 2"),
    "a step that nobody recognises": ({"generator": "dreamer"}, "generator", "recognises 'dream'"),
    "a step that is missing": ({"generator": "unfinished"}, "generator", "no post-step named 'polish'"),
    "recognising what nobody can": ({"recognize": ["dream"]}, "recognize", "recognises 'dream'"),
    "too many frames": ({"fps": 1000}, "fps", "less than or equal to 240"),
    "a negative seed": ({"seed": -1}, "seed", "greater than or equal to 0"),
    "a range outside the sound": ({"start": 60}, "audio", "begins at 60 s, but"),
    "an empty range": ({"start": 1, "end": 1}, "audio", "ends at 1 s, but begins at 1 s"),
    "a field too many": ({"colour": "red"}, "colour", "there is none of that name"),
    "a score of no kind": ({"score": score("tune.pdf")}, "score", "give one of .musicxml"),
    "a score that leads elsewhere": ({"score": score("../tune.mid")}, "score", "pattern"),
    "a score that is no base64": ({"score": {"name": "a.mid", "data": "é"}}, "score", "base64"),
    "MusicXML alone": ({"audio": None, "score": score("tune.xml")}, "audio", "needs its recording"),
    "annotations of another kind": ({"annotations": {"tracks": []}}, "annotations", '"version": 1'),
    "annotations that are none": (
        {"annotations": {"version": 1, "tracks": [{}]}},
        "annotations",
        "not an annotation track",
    ),
    "a time that is no number": (
        {"annotations": {"version": 1, "tracks": [{"namespace": "note", "annotations": [{**NOTE, "time": "x"}]}]}},
        "annotations",
        "could not convert",
    ),
}


@pytest.mark.parametrize("case", BAD_JOBS)
def test_an_impossible_job_is_refused_before_it_starts(visitor: Visitor, sound: bytes, case: str) -> None:
    body, field, words = BAD_JOBS[case]
    answer = visitor.http.post("/v1/jobs", json={"audio": visitor.put(sound), **body})
    refused(answer, 422, words, field=field)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"text"', b"\xff", b"[" * 100_000, b'{"seed": NaN}'])
def test_a_body_that_is_no_job(visitor: Visitor, body: bytes) -> None:
    answer = visitor.http.post("/v1/jobs", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    refused(answer, answer.status_code, field=answer.json().get("field", ""))


def test_a_body_that_is_no_json_is_told_where(visitor: Visitor) -> None:
    answer = visitor.http.post("/v1/jobs", content=b"{audio}", headers={"Content-Type": "application/json"})
    refused(answer, 422, "the body: no JSON (", "at character 1)")


def test_sounds_that_are_none(visitor: Visitor, tmp_path: Path) -> None:
    silence = tmp_path / "silence.wav"
    soundfile.write(silence, np.zeros(RATE, np.float32), RATE)
    for data, words in ((b"text", "not a sound file"), (b"RIFF", "not a sound file"), (b"", "is empty")):
        job = {"audio": visitor.put(data), "audio_name": "my tune.wav"}
        refused(visitor.http.post("/v1/jobs", json=job), 422, "my tune.wav", words, field="audio")
    job = visitor.submit(audio=visitor.put(silence.read_bytes()), audio_name="my tune.wav")["id"]
    assert "my tune.wav is silent" in visitor.wait(job)["error"]


def test_music_that_is_too_long(visitor: Visitor, tmp_path: Path) -> None:
    long = tmp_path / "long.ogg"
    soundfile.write(long, 0.1 * np.sin(np.arange(10 * RATE) / 9), RATE)
    job = {"audio": visitor.put(long.read_bytes())}
    refused(visitor.http.post("/v1/jobs", json=job), 422, "too many", field="audio")
    assert visitor.http.post("/v1/jobs", json={**job, "generator": "quick", "start": 6}).status_code == 201
    midi = write_midi(tmp_path / "long.mid", melody(seconds=2.0))
    status = visitor.wait(visitor.submit(score=score("long.mid", midi.read_bytes()))["id"])
    assert "too many" in status["error"]


def test_a_sound_that_is_too_large(visitor: Visitor) -> None:
    path = f"/v1/audio/{'0' * 64}"
    refused(visitor.http.put(path, content=b"0" * 200_001), 413, "200,000 bytes", "compressed")
    pieces = (b"0" * 50_000 for _ in range(5))  # sent without saying the length
    refused(visitor.http.put(path, content=pieces), 413, "200,000 bytes")
    assert visitor.http.head(path).status_code == 404


def test_a_sound_with_another_hash(visitor: Visitor) -> None:
    digest = hashlib.sha256(b"sound").hexdigest()
    refused(visitor.http.put(f"/v1/audio/{'0' * 64}", content=b"sound"), 422, digest, field="sha256")
    assert visitor.http.head(f"/v1/audio/{digest}").status_code == 404


def test_half_a_sound(visitor: Visitor, folder: Path, sound: bytes) -> None:
    digest = hashlib.sha256(sound + b"half").hexdigest()
    port = urlsplit(str(visitor.http.base_url)).port
    half = http.client.HTTPConnection("127.0.0.1", port)
    half.putrequest("PUT", f"/v1/audio/{digest}")
    half.putheader("Content-Length", str(len(sound) + 4))
    half.endheaders(sound)
    half.close()
    assert visitor.http.head(f"/v1/audio/{digest}").status_code == 404
    assert visitor.http.get("/healthz").status_code == 200


def test_a_job_that_is_too_large(visitor: Visitor) -> None:
    body = json.dumps({"audio_name": "x" * 8_000_000}).encode()
    headers = {"Content-Type": "application/json"}
    refused(visitor.http.post("/v1/jobs", content=body, headers=headers), 413, "8,000,000 bytes")
    pieces = (body[i : i + 1_000_000] for i in range(0, len(body), 1_000_000))
    refused(visitor.http.post("/v1/jobs", content=pieces, headers=headers), 413, "8,000,000 bytes")


@pytest.mark.parametrize(
    "path", ["/v1/audio/..%2F..%2Fetc%2Fpasswd", f"/v1/audio/{'A' * 64}", f"/v1/audio/{'0' * 64}%0a", "/v1/audio/x"]
)
def test_names_that_lead_elsewhere(visitor: Visitor, path: str) -> None:
    answer = visitor.http.put(path, content=b"")
    assert answer.status_code in (404, 422)
    assert visitor.http.head(path).status_code in (404, 422)


@pytest.mark.parametrize("part", ["", "/motion", "/partial", "/annotations", "/events"])
def test_unknown_jobs(visitor: Visitor, part: str) -> None:
    refused(visitor.http.get(f"/v1/jobs/0123{part}"), 404, "restarted", field="id")
    refused(visitor.http.delete("/v1/jobs/0123"), 404, "restarted", field="id")


def test_results_before_they_are_there(visitor: Visitor, sound: bytes) -> None:
    options = {"quick": {"seconds": 30.0}}
    job = visitor.submit(audio=visitor.put(sound), generator="quick", options=options)["id"]
    for part in ("motion", "annotations", "partial"):
        refused(visitor.http.get(f"/v1/jobs/{job}/{part}"), 409, "status", field="id")
    visitor.http.delete(f"/v1/jobs/{job}")
    refused(visitor.http.get(f"/v1/jobs/{job}/motion"), 409, "cancelled", field="id")


def test_other_places_and_methods(visitor: Visitor) -> None:
    refused(visitor.http.get("/v2/jobs"), 404, "/v2/jobs", "/docs")
    refused(visitor.http.put("/v1/jobs"), 405, "PUT")


def test_another_protocol(visitor: Visitor, sound: bytes) -> None:
    answer = visitor.http.get("/v1/components", headers={"Cadenza-Protocol": "2"})
    refused(answer, 409, "protocol '2'", "this backend 1", field="Cadenza-Protocol")
    assert visitor.http.get("/v1/components", headers={"Cadenza-Protocol": "1"}).status_code == 200
    job = {"version": 2, "audio": visitor.put(sound)}
    refused(visitor.http.post("/v1/jobs", json=job), 409, "protocol 2", field="version")


def test_a_page_of_somebody_else_in_a_browser(visitor: Visitor) -> None:
    refused(visitor.http.get("/v1/components", headers={"Host": "evil.example:80"}), 403, "localhost", field="Host")
    refused(visitor.http.get("/v1/components", headers={"Host": "[::"}), 403, field="Host")
    assert visitor.http.get("/v1/components", headers={"Host": "localhost:99"}).status_code == 200


def test_the_token(folder: Path, tmp_path: Path) -> None:
    with running_server(cache=tmp_path, token=TOKEN) as address, Visitor(address) as visitor:
        assert visitor.http.get("/healthz").status_code == 200
        for given in ({}, {"Authorization": TOKEN}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer é"}):
            headers = {name: value.encode() for name, value in given.items()}
            for path in ("/v1/components", "/v1/jobs/x", "/metrics", "/nowhere"):
                answer = visitor.http.get(path, headers=headers)
                refused(answer, 401, "Authorization: Bearer")
                assert answer.headers["www-authenticate"] == "Bearer"
        # By any name: who has the token comes through a proxy.
        good = {"Authorization": f"Bearer {TOKEN}", "Host": "music.example"}
        assert visitor.http.get("/v1/components", headers=good).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "music.example", ""])
def test_other_addresses_need_a_token(host: str, tmp_path: Path) -> None:
    with pytest.raises(ComponentError, match="--token-file"):
        Settings(host=host, cache=tmp_path)
    assert Settings(host=host, token=TOKEN, cache=tmp_path).host == host
    assert TOKEN not in repr(Settings(host=host, token=TOKEN, cache=tmp_path))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback_needs_none(host: str, tmp_path: Path) -> None:
    assert Settings(host=host, cache=tmp_path).token == ""


@pytest.mark.parametrize(
    ("wrong", "words"),
    [({"workers": 0}, "--workers"), ({"max_seconds": -1.0}, "--max-seconds"), ({"port": 70000}, "--port")],
)
def test_settings_that_make_no_sense(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ComponentError, match=words):
        Settings(**wrong)


def test_token_files(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    assert read_token(path) == TOKEN
    for text, words in (
        ("short", "too short"),
        ("", "too short"),
        ("two words of token", "one word"),
        ("é" * 20, "ASCII"),
    ):
        path.write_text(text)
        with pytest.raises(ComponentError, match=words):
            read_token(path)


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [(RuntimeError("secret"), 500, "please report it"), (OSError(errno.ENOSPC, "full"), 507, "disk is full")],
)
def test_a_failure_of_the_server_itself(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, words: str
) -> None:
    def fail(_: object) -> None:
        raise error

    monkeypatch.setattr(messages, "asdict", fail)
    answer = visitor.http.post("/v1/jobs", json={"score": score("tune.mid")})
    refused(answer, status, words)
    assert "secret" not in answer.text
    assert f'route="/v1/jobs",status="{status}"' in visitor.get("/metrics").decode()
