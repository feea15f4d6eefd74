# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The device process from outside: the server keeps it running, workers ask it."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection
from pathlib import Path
from typing import Any, Final

from backend.device_process import NOTHING_TO_SHARE
from backend.device_wire import address, key, meeting_place, pack, unpack
from backend.inference import Here
from backend.plugin_manager import Registry
from plugins.api import Component, ComponentError
from plugins.api.batching import Windows

log = logging.getLogger("cadenza.device")

PAUSE: Final = 1.0
"""Seconds before a process that ended is replaced: one that cannot begin must not keep the machine busy."""
TRIES: Final = 2
"""How often a job asks before it gives up."""
ABSENCE: Final = 30.0
"""Seconds that a worker waits for a device process, which may be starting."""


class DeviceProcess:
    """Starts the process, and another when it ends, until it is closed.

    Args:
        folder: private to this server.
        with_cpu: share it even where there is no GPU.
        patience: seconds without a sign of life after which a job fails; one batch may take half of them.

    Attributes:
        environment: what workers need to know to find it.
    """

    def __init__(self, folder: Path, with_cpu: bool, patience: float) -> None:
        self.environment = {**meeting_place(folder), "CADENZA_DEVICE_SHARED": "cpu" if with_cpu else "cuda"}
        self._arguments = ["cpu" if with_cpu else "cuda", str(patience / TRIES)]
        self._socket = folder / "device"
        self._closed = threading.Event()
        self._process = self._start()
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self._keeper.start()

    def close(self) -> None:
        self._closed.set()
        self._process.kill()
        self._keeper.join()

    def _start(self) -> subprocess.Popen[bytes]:
        self._socket.unlink(missing_ok=True)
        return subprocess.Popen(
            [sys.executable, "-P", "-c", "from backend.device_process import main; main()", *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            env={**os.environ, **self.environment, "PYTHONPATH": os.pathsep.join(sys.path)},
        )

    def _keep(self) -> None:
        while True:
            status = self._process.wait()
            if self._process.stdin is not None:
                self._process.stdin.close()
            if self._closed.is_set() or status == NOTHING_TO_SHARE:
                return
            log.error("the device's process ended (status %d); starting another", status)
            if self._closed.wait(PAUSE):
                return
            self._process = self._start()
            if self._closed.is_set():  # while it was started
                self._process.kill()


class Elsewhere(Here):
    """Networks run in the device process of this server; those on devices that it does not share, here."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._shared = ("cuda", "cpu") if os.environ.get("CADENZA_DEVICE_SHARED") == "cpu" else ("cuda",)
        self._connection: Connection | None = None

    def device_here(self, component: Component, device: str) -> str:
        """A component that has no network to share does its work on the device itself."""
        shares = type(component).infer is not Component.infer
        return "cpu" if shares and device in self._shared else device

    def infer(self, component: Component, device: str, windows: Windows) -> Windows:
        if device not in self._shared:
            return super().infer(component, device, windows)
        head = {"kind": self._registry.kind_of(component), "name": component.name, "device": device}
        told, answers = self._asked(pack(head, windows))
        if told.get("memory"):
            raise MemoryError(told["error"])
        if "error" in told:
            raise RuntimeError(f"its network failed: {told['error']}")
        return answers

    def _asked(self, message: bytes) -> tuple[dict[str, Any], Windows]:
        """The answer to a message. Asked twice when the process ends meanwhile: another job may have ended it."""
        for tries in range(TRIES):
            try:
                connection = self._connected()
                connection.send_bytes(message)
                return unpack(connection.recv_bytes())
            except (OSError, EOFError) as error:
                self._connection = None
                if tries + 1 == TRIES:
                    raise ComponentError(
                        "the process that has the device ended while it worked on this job; submit it again"
                    ) from error
        raise AssertionError

    def _connected(self) -> Connection:
        """The connection, made when it is first needed, and anew when the process is another."""
        if self._connection is not None and self._connection.poll():  # it says nothing unasked: this is its end
            self._connection = None
        since = time.monotonic()
        while self._connection is None:
            try:
                self._connection = Client(address(), authkey=key())
            except (OSError, EOFError, AuthenticationError):
                if time.monotonic() - since > ABSENCE:
                    raise
                time.sleep(0.1)
        return self._connection


def inference_of(registry: Registry) -> Here:
    """Where this process's networks run: as the server that started it says."""
    return Elsewhere(registry) if address() else Here()
