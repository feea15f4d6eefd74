# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""``cadenza serve`` as a process: what it refuses, what it logs, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from backend import cli
from backend import serving as serving_module
from backend.settings import Settings
from tests.running import start
from tests.serving import Visitor, install_plugin, sound_file

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals")


@contextmanager
def serving(folder: Path, *arguments: object) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command with the plug-ins of ``folder``, and its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ("serve", "--port", port, "--cache", folder / "cache", "--workers", 1, *arguments)
    process = start(*command, paths=[folder])
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(600):
            assert process.poll() is None, process.communicate()
            try:
                if httpx.get(f"{address}/healthz").status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.05)
        yield process, address
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    install_plugin(tmp_path, monkeypatch)
    return tmp_path


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_running_job_finish(folder: Path, number: int) -> None:
    with serving(folder) as (process, address), Visitor(address) as visitor:
        audio = visitor.put(sound_file(folder / "tune.wav").read_bytes())
        asked = {"audio": audio, "generator": "quick", "options": {"quick": {"seconds": 1.0}}}
        runs = visitor.submit(**asked)["id"]
        waits = visitor.submit(**asked, seed=1)["id"]
        visitor.wait(runs, "running")
        process.send_signal(number)
        status = visitor.wait(waits)
        assert status["state"] == "failed"
        assert "submit it again" in status["error"]
        assert visitor.http.post("/v1/jobs", json=asked).json()["type"] == "urn:cadenza:stopping"
        _, error = process.communicate(timeout=30)
    assert process.returncode == 0, error
    lines = [json.loads(line) for line in error.splitlines()]
    assert all({"time", "level", "logger", "message"} <= set(line) for line in lines)
    told = {(line["job"], line["message"]) for line in lines if "job" in line}
    assert {(runs, "Started"), (runs, "Done"), (waits, status["error"])} <= told
    with serving(folder) as (_, address), Visitor(address) as visitor:
        visitor.put(sound_file(folder / "tune.wav").read_bytes())
        assert visitor.submit(**asked)["cached"]  # what was finished is not lost
        assert "restarted" in visitor.http.get(f"/v1/jobs/{runs}").json()["detail"]


def test_a_second_signal_ends_at_once(folder: Path) -> None:
    with serving(folder) as (process, address), Visitor(address) as visitor:
        audio = visitor.put(sound_file(folder / "tune.wav").read_bytes())
        job = visitor.submit(audio=audio, generator="quick", options={"quick": {"behaviour": "hangs"}})["id"]
        visitor.wait(job, "running")
        process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=8)  # less than running jobs are given
        assert process.returncode == 0


def test_workers_end_with_a_killed_server(folder: Path) -> None:
    with serving(folder) as (process, address), Visitor(address) as visitor:
        audio = visitor.put(sound_file(folder / "tune.wav").read_bytes())
        options = {"quick": {"seconds": 60.0}}
        visitor.wait(visitor.submit(audio=audio, generator="quick", options=options)["id"], "running")
        lists = list(Path(f"/proc/{process.pid}/task").glob("*/children"))
        if not lists:
            pytest.skip("this system does not list a process's children")
        workers = [int(number) for children in lists for number in children.read_text().split()]
        assert workers
        process.kill()
        process.communicate()
    for _ in range(200):
        if not any(alive(number) for number in workers):
            return
        time.sleep(0.05)
    raise AssertionError("workers are left over")


def alive(number: int) -> bool:
    try:
        state = Path(f"/proc/{number}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state.rpartition(")")[2].split()[0] != "Z"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--host", "0.0.0.0"), "--token-file"),
        (("--token-file", "nothing-here"), "nothing-here"),
        (("--workers", "0"), "--workers"),
        (("--device", "abacus"), "--device"),
    ],
)
def test_what_cannot_be_served(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    process = start("serve", "--port", 0, "--cache", tmp_path, *arguments)
    out, error = process.communicate(timeout=60)
    assert process.returncode == 1
    assert out == ""
    assert words in error
    assert "Traceback" not in error


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        process = start("serve", "--port", other.getsockname()[1], "--cache", tmp_path)
        _, error = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "choose another --port" in error
    assert "Traceback" not in error


def test_the_command_has_the_defaults_of_the_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made: list[Settings] = []
    monkeypatch.setattr(serving_module, "serve", made.append)
    cli.serve()
    cli.serve(max_upload=1, workers=7, cache=tmp_path)
    assert made == [Settings(), Settings(max_upload=1_000_000, workers=7, cache=tmp_path)]
