# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The add-on's HTTP client against a server that answers whatever bytes a test chooses."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from scripted_server import SILENCE, Answer, Request, http_reply, scripted_server

from blender_addon.address import Address
from blender_addon.client import CHUNK, Backend, BackendError
from blender_addon.core.annotations import Annotation, AnnotationTrack, to_json
from blender_addon.core.protocol import JobRequest

STATUS = {
    "version": 1,
    "id": "a1",
    "state": "running",
    "progress": 0.5,
    "message": "Solving",
    "error": "",
    "partials": 1,
    "cached": False,
}


def failure(answer: Answer, ask: Callable[[Backend], object] = Backend.health, timeout: float = 5.0) -> BackendError:
    """How a request ends when the server answers so."""
    with scripted_server(answer) as server, pytest.raises(BackendError) as raised:
        ask(Backend(server.address, "secret", timeout))
    return raised.value


def test_health_and_components() -> None:
    component = {"kind": "generator", "name": "performer", "devices": ["cpu"], "options": {}, "of_tomorrow": 3}

    def answer(request: Request) -> bytes:
        if request.path == "/healthz":
            return http_reply(200, {"status": "ok", "version": "0.1.0", "protocol": 1})
        return http_reply(200, {"version": 1, "components": [component]})

    with scripted_server(answer) as server:
        backend = Backend(server.address)
        assert backend.health().version == "0.1.0"
        (info,) = backend.components()
    assert (info.name, info.devices) == ("performer", ("cpu",))
    assert all(r.headers["cadenza-protocol"] == "1" and "authorization" not in r.headers for r in server.requests)


def test_a_job_from_submission_to_annotations() -> None:
    track = AnnotationTrack("beat", (Annotation(0.5, 0.0, 1),))
    replies = {
        ("POST", "/v1/jobs"): http_reply(201, STATUS),
        ("GET", "/v1/jobs/a1"): http_reply(200, STATUS),
        ("GET", "/v1/jobs/a1/motion"): http_reply(200, b"npz"),
        ("GET", "/v1/jobs/a1/partials/0"): http_reply(200, b"first"),
        ("GET", "/v1/jobs/a1/annotations"): http_reply(200, to_json([track])),
        ("DELETE", "/v1/jobs/a1"): http_reply(200, {**STATUS, "state": "cancelled"}),
    }
    with scripted_server(lambda r: replies[r.method, r.path]) as server:
        backend = Backend(server.address, "secret")
        assert backend.submit(JobRequest(audio="0" * 64, seed=3)).state == "running"
        assert backend.status("a1").partials == 1
        assert (backend.motion("a1"), backend.partial("a1", 0)) == (b"npz", b"first")
        assert backend.annotations("a1") == [track]
        assert backend.cancel("a1").ended
    assert b'"seed": 3' in server.requests[0].body
    assert all(r.headers["authorization"] == "Bearer secret" for r in server.requests)


def test_a_sound_goes_up_in_pieces(tmp_path: Path) -> None:
    sound = tmp_path / "long.flac"
    sound.write_bytes(bytes(range(256)) * (3 * CHUNK // 256) + b"end")
    digest = hashlib.sha256(sound.read_bytes()).hexdigest()
    parts: list[float] = []
    with scripted_server(lambda r: http_reply(404 if r.method == "HEAD" else 201)) as server:
        backend = Backend(server.address)
        assert not backend.has_sound(digest)
        backend.put_audio(digest, sound, parts.append)
    assert hashlib.sha256(server.requests[1].body).hexdigest() == digest
    assert len(parts) == 4
    assert parts == sorted(parts)
    assert parts[-1] == 1.0


def test_a_refused_upload_says_why(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"x" * 100)
    problem = http_reply(413, {"title": "Too large", "detail": "the sound has 900 MB, this backend takes 512"})
    error = failure(lambda r: problem, lambda b: b.put_audio("0", tmp_path / "a.wav"))
    assert error.status == 413
    assert "takes 512" in str(error)


def test_a_missing_sound_is_said(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match=r"gone\.wav cannot be read"):
        Backend("http://127.0.0.1:9").put_audio("0", tmp_path / "gone.wav")


def test_another_protocol_names_both_versions() -> None:
    error = failure(lambda r: http_reply(409, {"detail": "protocol 1 is not 7"}, Cadenza_Protocol="7"))
    assert "protocol 7, this add-on 1" in str(error)
    assert "same version" in error.hint


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"\x00\xff\x13 garbage\r\n\r\n", "cannot be used"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "cannot be used"),
        (http_reply(200, "<html>a router</html>", Cadenza_Protocol=""), "not a Cadenza backend"),
        (http_reply(200, b'{"id": '), "not JSON"),
        (http_reply(200, b"[1]"), "not a JSON object"),
        (http_reply(200, b"\xff\xfe\x00"), "not JSON"),
        (http_reply(200, {**STATUS, "state": "asleep"}), "asleep"),
        (http_reply(200, {"id": "a1"}), "not a job's status"),
        (http_reply(200, b'{"id": "a1"}', Content_Length="4000"), "ended in the middle"),
        (http_reply(200, b"5\r\nhel", Content_Length="", Transfer_Encoding="chunked"), "ended in the middle"),
        (b"", "hung up"),
        (http_reply(404, {"title": "Unknown job", "detail": "unknown job a1; the backend was restarted"}), "restarted"),
        (http_reply(500, b"Traceback ..."), "status 500"),
        (http_reply(503, b"", Cadenza_Protocol=""), "not reachable"),
    ],
)
def test_replies_that_cannot_be_used(answer: bytes, words: str) -> None:
    error = failure(lambda r: answer, lambda b: b.status("a1"))
    assert words in str(error)
    assert error.hint or error.status == 404  # a problem's own words say what to do


def test_lists_and_annotations_that_cannot_be_read() -> None:
    assert "components" in str(failure(lambda r: http_reply(200, {"components": [{"label": 1}]}), Backend.components))
    assert "annotations" in str(failure(lambda r: http_reply(200, {"tracks": 1}), lambda b: b.annotations("a1")))


def test_silence_ends_in_time() -> None:
    error = failure(lambda r: SILENCE, timeout=0.05)
    assert error.silent
    assert error.passing
    assert "0.05 s" in str(error)


def test_nobody_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(BackendError, match="no backend answers") as raised:
            Backend(f"http://127.0.0.1:{taken.getsockname()[1]}").health()
    assert raised.value.passing
    assert "Start it" in raised.value.hint


def test_a_wrong_token_says_where_to_enter_it() -> None:
    error = failure(lambda r: http_reply(401, {"title": "Unauthorized", "detail": "the token is wrong"}))
    assert error.status == 401
    assert "token" in error.hint
    with pytest.raises(BackendError, match="cannot be sent"):
        Backend("localhost:1", "two\r\nlines: x")


@pytest.mark.parametrize("protocol", ["1", ""])
def test_the_token_follows_no_redirect(protocol: str) -> None:
    with scripted_server(lambda r: http_reply(200, {"status": "ok"})) as other:
        away = http_reply(307, b"", Location=f"{other.address}/healthz", Cadenza_Protocol=protocol)
        error = failure(lambda r: away)
    assert other.requests == []
    assert other.address in str(error)


def test_a_certificate_is_verified() -> None:
    with scripted_server(lambda r: b"no TLS here") as server, pytest.raises(BackendError, match="no safe connection"):
        Backend(server.address.replace("http:", "https:")).health()


@pytest.mark.parametrize(
    ("text", "address", "local"),
    [
        ("http://127.0.0.1:8765", "http://127.0.0.1:8765", True),
        ("localhost:8765/", "http://localhost:8765", True),
        ("[::1]:80", "http://[::1]:80", True),
        ("gpu.example", "https://gpu.example:443", False),
        ("https://gpu.example/cadenza/", "https://gpu.example:443/cadenza", False),
        ("http://192.168.0.7:8765", "http://192.168.0.7:8765", False),
    ],
)
def test_addresses(text: str, address: str, local: bool) -> None:
    parsed = Address.parse(text)
    assert (str(parsed), parsed.local) == (address, local)


def test_addresses_where_others_read_along() -> None:
    readable = ("http://192.168.1.5:8765", "http://music.example")
    assert all(Address.parse(text).readable for text in readable)
    assert not any(Address.parse(text).readable for text in ("music.example", "127.0.0.1:8765", "http://localhost"))


@pytest.mark.parametrize(
    "text",
    ["", "ftp://a", "http://", "http://a:port", "http://me:pw@a", "http://a/?token=1", "http://a b", "http://[::1"],
)
def test_texts_that_are_no_address(text: str) -> None:
    with pytest.raises(BackendError, match="address"):
        Backend(text)
