# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A backend on this computer as a child process: find the command, start it, watch it, stop it. No bpy.

The child listens on a free port of the loopback address and takes a random token that
only we know. Its log is read by a thread that touches nothing but this object.
"""

from __future__ import annotations

import atexit
import json
import os
import re
import secrets
import shutil
import subprocess
import tempfile
import threading
from collections import deque
from pathlib import Path
from typing import Final

NAME: Final = "cadenza"
READY: Final = re.compile(r"https?://(?:127\.0\.0\.1|localhost|\[::1\]):\d+")
"""The address in the line that says where the backend listens."""
KEPT: Final = 200
"""Lines of the log."""
FAREWELL: Final = 5.0
"""Seconds that a backend gets to stop by itself."""
INSTALL: Final = "Install it (see the guide), or choose the command in the preferences of Cadenza"


class LocalBackendError(RuntimeError):
    """The backend cannot be started; the message says what to do."""


def find_command(chosen: str = "") -> Path:
    """The ``cadenza`` command.

    Args:
        chosen: the command itself, a Python beside which it is installed, or a folder that holds it;
            empty to look where commands usually are.

    Raises:
        LocalBackendError: there is none.
    """
    if chosen:
        return _beside(Path(chosen).expanduser())
    # A program that is started from the desktop often lacks the folders of the user's shell.
    folders = [os.environ.get("PATH", ""), str(Path.home() / ".local" / "bin")]
    found = shutil.which(NAME, path=os.pathsep.join(folders))
    if found is None:
        raise LocalBackendError(f"the command {NAME!r} was not found. {INSTALL}")
    return Path(found)


def _beside(path: Path) -> Path:
    if path.is_file() and not path.name.lower().startswith("python"):
        return path
    folder = path.parent if path.is_file() else path
    found = shutil.which(NAME, path=os.pathsep.join(map(str, (folder, folder / "bin", folder / "Scripts"))))
    if found is None:
        raise LocalBackendError(f"there is no command {NAME!r} at {path}. {INSTALL}")
    return Path(found)


class LocalBackend:
    """The one child of this Blender.

    Attributes:
        token: what the child asks for.
    """

    def __init__(self) -> None:
        self.token = ""
        self._child: subprocess.Popen[str] | None = None
        self._address = ""
        self._log: deque[str] = deque(maxlen=KEPT)
        self._reader: threading.Thread | None = None

    @property
    def state(self) -> str:
        """``stopped``, ``starting``, ``running``, or ``failed`` (it ended by itself)."""
        if self._child is None:
            return "stopped"
        if self._child.poll() is not None:
            return "failed"
        return "running" if self._address else "starting"

    @property
    def address(self) -> str:
        """Where it listens; empty before it does."""
        return self._address if self.state == "running" else ""

    @property
    def last_line(self) -> str:
        """Of its log, for people: of a line of JSON its message."""
        line = self._log[-1] if self._log else ""
        try:
            return str(json.loads(line)["message"])
        except (ValueError, KeyError, TypeError):
            return line

    @property
    def log(self) -> str:
        return "\n".join(self._log)

    def start(self, command: Path) -> None:
        """Start it and return at once; LocalBackendError when the command cannot be run."""
        self.stop()
        self.token = secrets.token_hex(32)
        self._log.clear()
        folder = Path(tempfile.mkdtemp(prefix="cadenza-"))
        secret = folder / "token"
        secret.touch(mode=0o600)
        secret.write_text(self.token, encoding="ascii")
        line = [str(command), "serve", "--host", "127.0.0.1", "--port", "0", "--token-file", str(secret)]
        line.append("--until-input-ends")  # when Blender crashes, the child goes too
        try:
            self._child = subprocess.Popen(
                line,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                env=_environment(),
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise LocalBackendError(f"{command} cannot be run ({error.strerror}). {INSTALL}") from error
        atexit.register(self.stop)
        self._reader = threading.Thread(target=self._read, args=(self._child, folder), daemon=True)
        self._reader.start()

    def stop(self) -> None:
        """Stop it, gently first; nothing when it does not run."""
        child, self._child, self._address = self._child, None, ""
        if child is None:
            return
        atexit.unregister(self.stop)
        if child.stdin is not None:
            child.stdin.close()
        child.terminate()
        try:
            child.wait(FAREWELL)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        if self._reader is not None:
            self._reader.join(FAREWELL)

    def _read(self, child: subprocess.Popen[str], folder: Path) -> None:
        """Keep the log, notice the address; the token's file goes as soon as it was read."""
        assert child.stdout is not None
        with child.stdout:
            for line in child.stdout:
                if line.strip():
                    self._log.append(line.strip())
                found = READY.search(line)
                if found and not self._address and child is self._child:
                    self._address = found.group()
                    shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


def _environment() -> dict[str, str]:
    """Ours, without what tells Blender's own Python where it lives."""
    return {k: v for k, v in os.environ.items() if k not in ("PYTHONHOME", "PYTHONPATH")} | {"PYTHONUNBUFFERED": "1"}


CHILD: Final = LocalBackend()
