# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What breaks off in the middle: a library is missing, Blender fails, the disk is full, a signal comes."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from backend import animate as animate_module
from backend import drafts as drafts_module
from backend import progress_bars
from backend.animate import animate_file
from backend.blender import BlenderProcess
from backend.drafts import Outputs
from backend.pipeline import Job
from plugins.api import BakeJob, ComponentError
from plugins.api.pitch_network import pitch_network
from tests.running import FakeBlender, Run, names, start, stub_bpy, wait, write_score

needs_blender = pytest.mark.skipif(find_spec("bpy") is None, reason="Blender's module is not installed")


@pytest.fixture(autouse=True)
def heard_nothing_yet() -> None:
    """Other tests of this process may have heard the same sound."""
    pitch_network.cache_clear()


STUB_ANSWERS = """
import json, os, sys
sys.stderr.write("a line for every frame\\n" * 20000)
sys.stdin.readline()
print(json.dumps({"done": "x"}), flush=True)
os._exit(0)
"""


def test_basic_pitch_is_missing(animate: Run, sounds: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "basic_pitch", None)
    animate(sounds / "good.wav").failed_with("basic-pitch", "pip install")
    assert not out.exists()


def test_bpy_is_missing(animate: Run, sounds: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(animate_module, "BlenderProcess", BlenderProcess)
    monkeypatch.setitem(sys.modules, "bpy", None)
    animate(sounds / "good.wav").failed_with("Blender's Python module is missing", "pip install")
    assert not out.exists()


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (
            'raise ImportError("libXrender.so.1: cannot open shared object file: No such file or directory")',
            ("libXrender.so.1", "install", "libxrender1"),
        ),
        ("import os; os.kill(os.getpid(), 9)", ("SIGKILL", "memory", "try again")),
        ("import sys; sys.stdin.readline(); import os; os._exit(3)", ("Blender stopped without an answer",)),
        ("raise RuntimeError('out of luck')", ("Blender stopped without an answer", "out of luck")),
    ],
)
def test_blender_fails(
    animate: Run, sounds: Path, tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch, source: str, words: tuple
) -> None:
    stub = stub_bpy(tmp_path / "stub", source)
    monkeypatch.setattr(animate_module, "BlenderProcess", BlenderProcess)
    monkeypatch.syspath_prepend(stub)
    monkeypatch.setenv("PYTHONPATH", str(stub))
    animate(sounds / "good.mid").failed_with(*words)
    assert not out.exists()


def test_blender_may_say_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than a pipe holds: a film of a minute must not stop half-way."""
    stub = stub_bpy(tmp_path / "stub", STUB_ANSWERS)
    monkeypatch.syspath_prepend(stub)
    monkeypatch.setenv("PYTHONPATH", str(stub))
    with BlenderProcess() as blender:
        blender.apply(BakeJob("m", "a", "o", 30.0), lambda fraction, message: None)


class FullDisk(FakeBlender):
    def apply(self, job: BakeJob, progress: Callable[[float, str], None]) -> None:
        super().apply(job, progress)
        raise ComponentError("the .blend could not be written (No space left on device)")


def test_a_full_disk_in_blender(
    animate: Run, sounds: Path, out: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(animate_module, "BlenderProcess", FullDisk)
    out.mkdir()
    (out / "demo.wav").write_text("mine")
    animate(sounds / "good.mid", "--overwrite").failed_with("No space left")
    assert names(out) == {"demo.wav"}
    assert (out / "demo.wav").read_text() == "mine"


def test_a_full_disk_at_the_end(animate: Run, sounds: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: Path, target: Path) -> None:
        Path(target).write_text("half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))

    monkeypatch.setattr(drafts_module.shutil, "copy", full)
    ended = animate(sounds / "good.mid", "--motion", out / "demo.npz")
    ended.failed_with("No space left on device", "make room")
    assert not out.exists()


STAGES = ["Loading", "Listening", "Following", "Planning", "Moving bow", "Building", "Saving", "Rendering"]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("stage", STAGES)
def test_stopped_at_every_stage(
    animate: Run,
    sounds: Path,
    tmp_path: Path,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    stage: str,
    number: int,
    status: int,
) -> None:
    shown = progress_bars.Progress.update

    def update(bars: object, task: object, **changes: object) -> None:
        shown(bars, task, **changes)  # type: ignore[arg-type]
        if str(changes.get("description")).startswith(stage):
            os.kill(os.getpid(), number)

    monkeypatch.setattr(progress_bars.Progress, "update", update)
    score = write_score(tmp_path / "score.xml")
    ended = animate(sounds / "good.wav", "--score", score, "--preview", out / "demo.mp4")
    assert (ended.status, ended.out) == (status, "")
    assert ended.error.rstrip().endswith("cadenza: cancelled; nothing was written")
    assert not out.exists()


def test_stopped_while_copying(animate: Run, sounds: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = shutil.copy

    def stopped(source: Path, target: Path) -> None:
        copy(source, target)
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(drafts_module.shutil, "copy", stopped)
    assert animate(sounds / "good.mid", "--motion", out / "demo.npz").status == 130
    assert not out.exists()


@pytest.mark.parametrize("turned_into", [None, ImportError])
def test_a_signal_that_a_library_swallows_is_not_lost(
    animate: Run, sounds: Path, out: Path, monkeypatch: pytest.MonkeyPatch, turned_into: type[Exception] | None
) -> None:
    listen = animate_module.sound_of

    def swallowing(*arguments: object, **named: object) -> object:
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except BaseException as error:
            print("lost", file=sys.stderr)
            if turned_into is not None:
                raise turned_into("initialization failed") from error
        return listen(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(animate_module, "sound_of", swallowing)
    ended = animate(sounds / "good.wav")
    assert "lost" in ended.error
    assert ended.status == 130
    assert "Traceback" not in ended.error
    assert not out.exists()


def test_handlers_are_put_back(animate: Run, sounds: Path) -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    animate(sounds / "text.wav")
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks for the child in /proc")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_while_blender_works(sounds: Path, tmp_path: Path, out: Path, number: int, status: int) -> None:
    """A real process with a real child, which never answers."""
    said = tmp_path / "child"
    stub = stub_bpy(
        tmp_path / "stub",
        f"import os, sys, time\nsys.stdin.readline()\nopen({str(said)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)",
    )
    process = start("animate", sounds / "good.mid", "-o", out / "demo.blend", paths=[stub])
    while not (said.exists() and said.read_text()) and process.poll() is None:
        time.sleep(0.02)
    assert (out / "demo.wav").exists()
    process.send_signal(number)
    ended = wait(process)
    assert (ended.status, ended.out) == (status, "")
    assert "Traceback" not in ended.error
    assert not Path("/proc", said.read_text()).exists()
    assert not out.exists()


@needs_blender
def test_the_library_for_rendering_is_missing(sounds: Path, tmp_path: Path, out: Path) -> None:
    wrapper = tmp_path / "wrapper"
    wrapper.mkdir()
    (wrapper / "sitecustomize.py").write_text("import ctypes.util\nctypes.util.find_library = lambda name: None\n")
    rest = ("-o", out / "demo.blend", "--preview", out / "demo.mp4")
    ended = wait(start("animate", sounds / "good.mid", *rest, paths=[wrapper]))
    if sys.platform == "linux":
        ended.failed_with("EGL", "libegl1", "leave out --preview")
        assert not out.exists()


def test_called_from_a_thread_or_a_server(sounds: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from concurrent.futures import ThreadPoolExecutor

    monkeypatch.setattr(animate_module, "BlenderProcess", FakeBlender)
    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(animate_file, sounds / "good.mid", Outputs(out / "demo.blend"), Job()).result()
    assert written == [out / "demo.blend", out / "demo.wav"]
