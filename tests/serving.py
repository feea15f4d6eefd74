# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""For tests against a server: a real one on a loopback port, and plug-ins that behave in many ways.

    with running_server(cache=tmp_path) as address:
        ...                                          # "http://127.0.0.1:41234"

The plug-ins of ``install_plugin`` must be installed before the server starts.
"""

from __future__ import annotations

import hashlib
import importlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import soundfile

from backend.serving import build
from backend.settings import Settings
from tests.running import RATE, tone

BEHAVIOURS = '''
import os, sys, threading, time
from typing import Any
import numpy as np
from pydantic import Field
from plugins.api import *
from plugins.api import violinist

class Quick(Generator):
    """Stands and wobbles with the seed; needs no recogniser. Its option tells how it fails."""
    name, label = "quick", "Quick"
    instruments, skeleton = ("violin",), "violinist"

    class Options(Generator.Options):
        behaviour: str = Field("", description="What goes wrong")
        seconds: float = Field(0.0, ge=0.0, le=600.0, description="How long it takes")

    def generate(self, audio: Audio, options: Any, context: JobContext) -> Motion:
        context.progress(0.0, "Standing")
        misbehave(options.behaviour, context)
        end = time.monotonic() + options.seconds
        while time.monotonic() < end:
            context.progress(1.0 - (end - time.monotonic()) / options.seconds, "Wobbling")
            time.sleep(0.01)
        body = violinist.violinist_skeleton()
        frames = max(1, round(audio.duration * context.fps))
        noise = np.random.default_rng(context.seed).normal(0.0, 0.001, (frames, 1, 3))
        motion = Motion(body, context.fps, body.rest_positions[None] + noise, start=audio.start)
        if options.behaviour == "shows":
            context.partial(motion.slice(audio.start, audio.start + 0.5))
        return motion

class OutOfMemoryError(RuntimeError):
    """Called as torch's."""

def misbehave(how: str, context: JobContext) -> None:
    if how == "raises":
        raise ValueError("bad luck \\ud800")
    if how == "refuses":
        raise ComponentError("give it something else to do")
    if how == "exits":
        sys.exit("bye")
    if how == "dies":
        os._exit(7)
    if how == "aborts":
        os.abort()
    if how == "killed":
        os.kill(os.getpid(), 9)
    if how == "memory":
        raise MemoryError
    if how == "device memory":
        raise OutOfMemoryError("CUDA out of memory")
    if how == "hangs":
        time.sleep(600)
    if how == "leaves a thread":
        def haunt():
            for _ in range(200):
                context.on_progress(0.9, "From before")
                time.sleep(0.005)
        threading.Thread(target=haunt, daemon=True).start()
    if how == "deaf":
        while True:
            context.on_progress(0.5, "Not listening")
            time.sleep(0.01)

class Dreamer(Generator):
    """Needs what nobody recognises."""
    name, label = "dreamer", "Dreamer"
    instruments, skeleton, needs = ("violin",), "violinist", ("dream",)

    def generate(self, audio: Audio, options: Any, context: JobContext) -> Motion:
        raise AssertionError

class Unfinished(Dreamer):
    """Is completed by what nobody has."""
    name, label = "unfinished", "Unfinished"
    needs, post_steps = (), ("polish",)

@hookimpl
def register_generators(register):
    register(Quick())
    register(Dreamer())
    register(Unfinished())
'''


def install_plugin(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str = "behaviours", source: str = "") -> None:
    """A throw-away package with generators "quick" (see BEHAVIOURS), "dreamer" and "unfinished", in ``folder``."""
    monkeypatch.syspath_prepend(folder)
    (folder / f"{name}.py").write_text(source or BEHAVIOURS, encoding="utf-8")
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[cadenza.plugins]\n{name} = {name}\n")
    importlib.invalidate_caches()


@contextmanager
def running_server(**settings: Any) -> Iterator[str]:
    """A server on a free loopback port; its address. ``settings`` are those of backend.settings.Settings;
    give at least ``cache``."""
    server = build(Settings(**{"port": 0, "workers": 1, "farewell": 0.0, **settings}))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def sound_file(path: Path, seconds: float = 2.0) -> Path:
    """A wave file of bowed notes."""
    soundfile.write(path, tone(seconds=seconds / 4), RATE)
    return path


class Visitor:
    """A client that waits and checks."""

    def __init__(self, address: str, **headers: str) -> None:
        self.http = httpx.Client(base_url=address, timeout=60.0, headers=headers)

    def __enter__(self) -> Visitor:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def put(self, data: bytes) -> str:
        """Upload a sound; its hash."""
        sha256 = hashlib.sha256(data).hexdigest()
        answer = self.http.put(f"/v1/audio/{sha256}", content=data)
        assert answer.status_code in (200, 201), answer.text
        return sha256

    def submit(self, **body: Any) -> dict[str, Any]:
        answer = self.http.post("/v1/jobs", json=body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def status(self, number: str) -> dict[str, Any]:
        return dict(self.http.get(f"/v1/jobs/{number}").raise_for_status().json())

    def wait(self, number: str, *states: str, seconds: float = 60.0) -> dict[str, Any]:
        """The job's status once it has ended, or is in one of ``states``."""
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            status = self.status(number)
            if status["state"] in (states or ("finished", "failed", "cancelled")):
                return status
            time.sleep(0.02)
        raise AssertionError(f"the job is still {status}")

    def get(self, path: str) -> bytes:
        answer = self.http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.content
