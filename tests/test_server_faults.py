# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Jobs that go wrong: each fails by itself with a message, and the server goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.out_of_memory import is_out_of_memory
from tests.serving import Visitor, install_plugin, running_server, sound_file

SLOW = {"quick": {"seconds": 60.0}}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return sound_file(tmp_path_factory.mktemp("sound") / "tune.wav").read_bytes()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("faults")
    with pytest.MonkeyPatch.context() as monkeypatch:
        install_plugin(folder, monkeypatch)
        yield folder


@pytest.fixture(scope="module")
def visitor(folder: Path) -> Iterator[Visitor]:
    with running_server(cache=folder / "cache", patience=4.0) as address, Visitor(address) as visitor:
        yield visitor


def misbehaving(how: str, **more: Any) -> dict[str, Any]:
    return {"generator": "quick", "options": {"quick": {"behaviour": how, **more}}}


FAULTS = {
    "raises": "generator quick (behaviours 1.0) failed: ValueError: bad luck",
    "refuses": "give it something else to do",
    "exits": "SystemExit: bye",
    "dies": "crashed while standing (status 7)",
    "aborts": "crashed while standing (signal 6)",
    "killed": "memory probably ran short",
    "memory": "not enough memory while standing",
    "device memory": "--device cpu",
    "hangs": "nothing was heard of the job for 4 s while standing",
}


@pytest.mark.parametrize("how", FAULTS)
def test_a_plugin_that_fails_fails_its_own_job(visitor: Visitor, sound: bytes, how: str) -> None:
    audio = visitor.put(sound)
    bad = visitor.submit(audio=audio, **misbehaving(how))["id"]
    good = visitor.submit(audio=audio, generator="quick", options={"quick": {"behaviour": f"after {how}"}})["id"]
    status = visitor.wait(bad)
    assert status["state"] == "failed"
    assert FAULTS[how] in status["error"]
    assert visitor.http.get(f"/v1/jobs/{bad}/motion").status_code == 409
    assert visitor.wait(good)["state"] == "finished"


def test_a_failure_is_not_kept_in_the_cache(visitor: Visitor, sound: bytes) -> None:
    asked = {"audio": visitor.put(sound), **misbehaving("refuses")}
    assert [visitor.wait(visitor.submit(**asked)["id"])["state"] for _ in range(2)] == ["failed", "failed"]


def test_a_job_that_goes_on_for_ever(folder: Path, sound: bytes, tmp_path: Path) -> None:
    with running_server(cache=tmp_path, time_limit=6.0) as address, Visitor(address) as visitor:
        status = visitor.wait(visitor.submit(audio=visitor.put(sound), **misbehaving("deaf"))["id"])
        assert status["state"] == "failed"
        assert "more than 6 s while not listening" in status["error"]


def test_a_job_is_cancelled_while_it_waits_and_while_it_runs(visitor: Visitor, sound: bytes) -> None:
    audio = visitor.put(sound)
    runs = visitor.submit(audio=audio, generator="quick", options=SLOW)["id"]
    waits = visitor.submit(audio=audio, generator="quick", options=SLOW, seed=1)["id"]
    visitor.wait(runs, "running")
    for job in (waits, runs):
        answer = visitor.http.delete(f"/v1/jobs/{job}")
        assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
        assert visitor.http.delete(f"/v1/jobs/{job}").json() == answer.json()
    last = visitor.submit(audio=audio, generator="quick", seed=99)["id"]
    assert visitor.wait(last)["state"] == "finished"
    assert visitor.http.delete(f"/v1/jobs/{last}").json()["state"] == "finished"
    assert visitor.status(runs)["state"] == "cancelled"


def test_jobs_that_are_cancelled_at_once(visitor: Visitor, sound: bytes) -> None:
    audio = visitor.put(sound)
    for seed in range(200, 240):
        job = visitor.submit(audio=audio, generator="quick", seed=seed)["id"]
        assert visitor.http.delete(f"/v1/jobs/{job}").json()["state"] in ("cancelled", "finished")
    assert visitor.wait(visitor.submit(audio=audio, generator="quick", seed=240)["id"])["state"] == "finished"


def test_a_thread_that_an_earlier_job_left_behind(visitor: Visitor, sound: bytes) -> None:
    audio = visitor.put(sound)
    left = visitor.submit(audio=audio, **misbehaving("leaves a thread"))["id"]
    assert visitor.wait(left)["state"] == "finished"
    job = visitor.submit(audio=audio, generator="quick", options={"quick": {"seconds": 0.3}})["id"]
    seen = {visitor.status(job)["message"]}
    while visitor.status(job)["state"] != "finished":
        seen.add(visitor.status(job)["message"])
    assert "From before" not in seen


def test_a_plugin_that_does_not_listen_is_cancelled_too(visitor: Visitor, sound: bytes) -> None:
    audio = visitor.put(sound)
    deaf = visitor.submit(audio=audio, **misbehaving("deaf"))["id"]
    visitor.wait(deaf, "running")
    visitor.http.delete(f"/v1/jobs/{deaf}")
    assert visitor.wait(visitor.submit(audio=audio, generator="quick", seed=98)["id"])["state"] == "finished"


def test_a_restart_tells_the_truth_about_lost_jobs(folder: Path, sound: bytes, tmp_path: Path) -> None:
    quick = {"generator": "quick", "seed": 4}
    with running_server(cache=tmp_path) as address, Visitor(address) as visitor:
        done = visitor.submit(audio=visitor.put(sound), **quick)["id"]
        assert visitor.wait(done)["state"] == "finished"
        cut = visitor.submit(audio=visitor.put(sound), generator="quick", options=SLOW)["id"]
        visitor.wait(cut, "running")
    with running_server(cache=tmp_path) as address, Visitor(address) as visitor:
        for job in (done, cut):
            answer = visitor.http.get(f"/v1/jobs/{job}")
            assert answer.status_code == 404
            assert "restarted" in answer.json()["detail"]
        assert visitor.submit(audio=visitor.put(sound), **quick)["cached"]


def test_only_so_many_jobs_wait_and_are_remembered(folder: Path, sound: bytes, tmp_path: Path) -> None:
    limits = {"max_waiting": 2, "max_remembered": 4}
    with running_server(cache=tmp_path, **limits) as address, Visitor(address) as visitor:
        audio = visitor.put(sound)
        first = visitor.submit(audio=audio, generator="quick", options=SLOW)["id"]
        visitor.wait(first, "running")
        waiting = [visitor.submit(audio=audio, generator="quick", seed=seed)["id"] for seed in (1, 2)]
        answer = visitor.http.post("/v1/jobs", json={"audio": audio, "generator": "quick", "seed": 3})
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:cadenza:busy")
        visitor.http.delete(f"/v1/jobs/{first}")
        for job in waiting:
            assert visitor.wait(job)["state"] == "finished"
        for _ in range(3):
            assert visitor.submit(audio=audio, generator="quick", seed=1)["cached"]
        answer = visitor.http.get(f"/v1/jobs/{first}")
        assert answer.status_code == 404
        assert "only the last 4" in answer.json()["detail"]


def test_a_result_that_made_room_for_others(folder: Path, sound: bytes, tmp_path: Path) -> None:
    with running_server(cache=tmp_path, cache_size=100_000) as address, Visitor(address) as visitor:
        audio = visitor.put(sound)
        jobs = [visitor.wait(visitor.submit(audio=audio, generator="quick", seed=seed)["id"]) for seed in (1, 2, 3)]
        answers = [visitor.http.get(f"/v1/jobs/{job['id']}/motion") for job in jobs]
        assert [a.status_code for a in answers] == [410, 410, 200]
        assert "submit the job again" in answers[0].json()["detail"]
        assert visitor.wait(visitor.submit(audio=audio, generator="quick", seed=1)["id"])["state"] == "finished"


def test_a_sound_that_vanished_before_its_turn(folder: Path, sound: bytes, tmp_path: Path) -> None:
    with running_server(cache=tmp_path) as address, Visitor(address) as visitor:
        audio = visitor.put(sound)
        first = visitor.submit(audio=audio, generator="quick", options=SLOW)["id"]
        second = visitor.submit(audio=audio, generator="quick")["id"]
        visitor.wait(first, "running")
        (tmp_path / "sounds" / audio).unlink()
        visitor.http.delete(f"/v1/jobs/{first}")
        status = visitor.wait(second)
        assert status["state"] == "failed"
        assert "send it again" in status["error"]
        assert visitor.http.post("/v1/jobs", json={"audio": audio}).json()["type"] == "urn:cadenza:no-sound"


class OutOfMemoryError(RuntimeError):
    """Called as torch's."""


def test_memory_errors_are_told_by_their_names() -> None:
    assert is_out_of_memory(MemoryError())
    assert is_out_of_memory(OutOfMemoryError("CUDA"))
    assert is_out_of_memory(RuntimeError("BFCArena: Failed to allocate memory for requested buffer"))
    assert not is_out_of_memory(ValueError("out of range"))
