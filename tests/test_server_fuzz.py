# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Whatever is sent, the server answers, and never with its own failure."""

from __future__ import annotations

import base64
import io
import warnings
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import hypothesis
import numpy as np
import pytest
import soundfile

from tests.running import RATE, melody, tone, write_midi
from tests.serving import Visitor, install_plugin, running_server

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # libraries below it say what they will drop one day
    schemathesis = pytest.importorskip("schemathesis")

EXAMPLES = 15
"""Requests of each kind for each route."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("fuzz")
    with pytest.MonkeyPatch.context() as monkeypatch:
        install_plugin(folder, monkeypatch)
        limits = {"patience": 30.0, "max_upload": 1_000_000, "max_seconds": 10.0}
        with running_server(cache=folder / "cache", max_waiting=2000, **limits) as address:
            yield address


def test_requests_made_from_the_schema(address: str) -> None:
    # A schema cannot say which sounds are here and which numbers are a job's.
    unasked = [import_module("schemathesis.specs.openapi.checks").positive_data_acceptance]
    schema = schemathesis.openapi.from_url(f"{address}/openapi.json")
    with Visitor(address) as visitor:
        audio = visitor.put(sounds()[0])
        job = visitor.wait(visitor.submit(audio=audio, generator="quick")["id"])["id"]
    called = set()
    for result in schema.get_all_operations():
        operation = result.ok()

        @hypothesis.settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(case=operation.as_strategy())
        def answered(case: schemathesis.Case) -> None:
            if case.meta.generation.mode.is_positive:
                make_real(case, audio, job)
            case.call_and_validate(excluded_checks=unasked)

        answered()
        called.add(operation.label)
    assert len(called) == 15, called


def make_real(case: schemathesis.Case, audio: str, job: str) -> None:
    """Let a request that fits the schema be about a sound and a job that there are."""
    if "id" in case.path_parameters:
        case.path_parameters["id"] = job
    if isinstance(case.body, dict):
        case.body |= {"audio": audio, "generator": "quick", "instrument": "violin", "options": {}}


def sounds() -> list[bytes]:
    made = []
    for form, kind in (("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("MP3", "MPEG_LAYER_III")):
        buffer = io.BytesIO()
        soundfile.write(buffer, tone(seconds=0.2), RATE, format=form, subtype=kind)
        made.append(buffer.getvalue())
    return made


def mutated(data: bytes, rng: np.random.Generator) -> bytes:
    """Bytes changed, cut, repeated or put in, mostly near the head, where formats are told."""
    out = bytearray(data)
    for _ in range(rng.integers(1, 6)):
        at = int(min(rng.exponential(60.0), len(out) - 1)) if rng.random() < 0.7 else int(rng.integers(len(out)))
        act = rng.integers(5)
        if act == 0:
            out[at] = rng.integers(256)
        elif act == 1:
            out[at : at + 4] = rng.choice([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\x7f", b"\0\0\0\x80"])
        elif act == 2:
            del out[at : at + int(rng.integers(1, 200))]
        elif act == 3:
            out[at:at] = out[at : at + int(rng.integers(1, 200))]
        else:
            del out[max(at, 1) :]
        out = out or bytearray(b"\0")
    return bytes(out)


def test_mutated_uploads(address: str) -> None:
    """500 of them; what is taken as a sound is performed by a quick generator."""
    rng = np.random.default_rng(0)
    jobs = []
    with Visitor(address) as visitor:
        originals = sounds()
        for i in range(500):
            audio = visitor.put(mutated(originals[i % len(originals)], rng))
            answer = visitor.http.post("/v1/jobs", json={"audio": audio, "generator": "quick", "seed": i})
            assert answer.status_code in (201, 422), answer.text
            if answer.status_code == 201:
                jobs.append(answer.json()["id"])
        ended = [visitor.wait(job) for job in jobs]
        assert visitor.http.get("/healthz").status_code == 200
    assert {status["state"] for status in ended} <= {"finished", "failed"}
    assert all("crashed" not in status["error"] for status in ended)
    assert sum(status["state"] == "finished" for status in ended) > 50


def test_mutated_midi(address: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    original = write_midi(tmp_path / "tune.mid", melody(seconds=0.2)).read_bytes()
    jobs = []
    with Visitor(address) as visitor:
        for i in range(60):
            score = {"name": "tune.mid", "data": base64.b64encode(mutated(original, rng)).decode()}
            jobs.append(visitor.submit(score=score, generator="quick", seed=i)["id"])
        ended = [visitor.wait(job) for job in jobs]
    assert {status["state"] for status in ended} == {"finished", "failed"}
    assert all("crashed" not in status["error"] for status in ended)
