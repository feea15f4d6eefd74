# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The backend as a child of Blender: found, started, watched, stopped; and what is said when it cannot be."""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from blender_addon.client import Backend, BackendError
from blender_addon.local_backend import LocalBackend, LocalBackendError, find_command
from tests.running import COMMAND, ROOT


def program(path: Path, source: str) -> Path:
    """An executable file that runs some Python."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(ROOT)!r})\n{source}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture
def child() -> Iterator[LocalBackend]:
    made = LocalBackend()
    yield made
    made.stop()


def wait(child: LocalBackend, done: Callable[[], bool], seconds: float = 60.0) -> None:
    limit = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < limit, child.log
        time.sleep(0.01)


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for the command is a script with a shebang")
def test_the_real_command_from_start_to_stop(
    child: LocalBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONHOME", "/nowhere")  # Blender's own; the child must not see it
    child.start(program(tmp_path / "cadenza", COMMAND))
    assert child.state == "starting"
    wait(child, lambda: child.state != "starting")
    assert child.state == "running", child.log
    backend = Backend(child.address, child.token)
    assert backend.address.local
    assert backend.health().status == "ok"
    assert any(c.name == "performer" for c in backend.components())
    with pytest.raises(BackendError, match="token"):
        Backend(child.address, "").components()
    assert child.last_line
    assert "{" not in child.last_line
    address = child.address
    child.stop()
    assert (child.state, child.address) == ("stopped", "")
    with pytest.raises(BackendError, match="no backend answers"):
        Backend(address).health()


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for the command is a script with a shebang")
def test_it_ends_with_a_blender_that_crashes(
    child: LocalBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody stops it: the pipe to it ends with the process that holds it, as if that had crashed."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    child.start(program(tmp_path / "cadenza", COMMAND))
    wait(child, lambda: child.state == "running")
    assert child._child is not None
    assert child._child.stdin is not None
    child._child.stdin.close()
    wait(child, lambda: child.state == "failed")


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for the command is a script with a shebang")
def test_a_command_that_ends_by_itself(child: LocalBackend, tmp_path: Path) -> None:
    child.start(program(tmp_path / "cadenza", "print('no room on the disk'); sys.exit(3)"))
    wait(child, lambda: child.state == "failed" and bool(child.last_line))
    assert child.last_line == "no room on the disk"
    assert child.address == ""


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for the command is a script with a shebang")
def test_a_command_that_does_not_want_to_stop(
    child: LocalBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blender_addon.local_backend.FAREWELL", 0.1)
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    child.start(program(tmp_path / "cadenza", deaf))
    wait(child, lambda: child.last_line == "deaf")
    child.stop()
    assert child.state == "stopped"


def test_where_the_command_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(tmp_path / "elsewhere"))
    with pytest.raises(LocalBackendError, match="Install it"):
        find_command()
    here = program(tmp_path / "home" / ".local" / "bin" / "cadenza", "")
    assert find_command() == here
    on_path = program(tmp_path / "elsewhere" / "cadenza", "")
    assert find_command() == on_path
    beside = program(tmp_path / "venv" / "bin" / "cadenza", "")
    python = program(tmp_path / "venv" / "bin" / "python3", "")
    assert find_command(str(python)) == find_command(str(tmp_path / "venv")) == find_command(str(beside)) == beside
    with pytest.raises(LocalBackendError, match="preferences"):
        find_command(str(tmp_path / "nothing"))


def test_a_command_that_cannot_be_run(child: LocalBackend, tmp_path: Path) -> None:
    (tmp_path / "cadenza").write_text("no program")
    with pytest.raises(LocalBackendError, match="cannot be run"):
        child.start(tmp_path / "cadenza")
    assert child.state == "stopped"
