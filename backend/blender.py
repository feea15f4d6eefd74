# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The Blender side as a process of its own: only bytes cross, and it loads while we compute."""

from __future__ import annotations

import importlib.util
import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from types import TracebackType

from backend.signals import held_back
from plugins.api import BakeJob, ComponentError


class BlenderProcess:
    """``python -m blender_addon.headless``, started early, given one job later.

    Use as a context manager: on leaving, the process is gone.
    """

    def __init__(self) -> None:
        if importlib.util.find_spec("bpy") is None:
            raise ComponentError(
                "Blender's Python module is missing; run: pip install 'bpy==5.0.1' (it needs Python 3.11)"
            )
        # A file, not a pipe: Blender says a line for every frame, and would wait for us to read it.
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed on leaving)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "blender_addon.headless"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            # Ctrl-C in a terminal goes to the whole group: ours alone decides what to do then.
            start_new_session=True,
        )

    def __enter__(self) -> BlenderProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with held_back():
            self._process.kill()
            self._process.communicate()
            self._errors.close()

    def check(self) -> None:
        """ComponentError when the process is gone: no need to compute what it cannot take."""
        if self._process.poll() is not None:
            raise ComponentError(self._last_words())

    def apply(self, job: BakeJob, progress: Callable[[float, str], None]) -> None:
        """Hand over the job and wait; ComponentError with Blender's own message when it fails."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(job.to_json() + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise ComponentError(self._last_words()) from None
        for line in self._process.stdout:
            message = json.loads(line)
            if "error" in message:
                raise ComponentError(message["error"])
            if "done" in message:
                return
            progress(message["progress"], message["message"])
        raise ComponentError(self._last_words())

    def _last_words(self) -> str:
        status = self._process.wait()
        self._errors.seek(0)
        lines = [line.strip() for line in self._errors.read().decode(errors="replace").splitlines() if line.strip()]
        missing = next((line for line in reversed(lines) if "cannot open shared object file" in line), None)
        if missing:
            return (
                f"Blender's module needs a system library ({missing}); on Debian or Ubuntu install: libx11-6 "
                "libxrender1 libxfixes3 libxi6 libxkbcommon0 libsm6 libice6 libxext6 libgl1 libegl1"
            )
        if status < 0:
            return (
                f"Blender was ended by {_signal_name(-status)}; if memory ran short, close other programs, "
                "choose a shorter range or leave out --preview, and try again"
            )
        return f"Blender stopped without an answer: {lines[-1] if lines else 'no message'}"


def _signal_name(number: int) -> str:
    try:
        return f"the signal {signal.Signals(number).name}"
    except ValueError:
        return f"signal {number}"
