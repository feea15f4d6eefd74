# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The process that has the device: it runs the networks of all jobs, windows of several in one batch.

Workers do everything else in processes of their own. So the device's memory holds each network once, and
a job that computes on the CPU does not keep the device waiting. The main thread runs the networks, one
more listens to each worker. When a batch hangs the process ends, and the server starts another.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from contextlib import suppress
from multiprocessing.connection import Connection, Listener
from time import monotonic, sleep
from typing import Any, Final

from backend.device import cuda_is_available
from backend.device_wire import address, key, pack, unpack
from backend.inference import Batcher, Network, batch_size
from backend.out_of_memory import is_out_of_memory
from backend.plugin_manager import Registry, load_plugins

NOTHING_TO_SHARE: Final = 3
"""Exit status: there is no GPU, and each worker does as well by itself."""
HUNG: Final = 4
"""Exit status: a batch took too long."""
LOOK: Final = 0.2
"""Seconds between two looks at whether a batch hangs."""


class Networks:
    """The networks of components, loaded when they are first asked."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._known: dict[tuple[str, str, str], Network] = {}
        self._lock = threading.Lock()

    def get(self, kind: str, name: str, device: str) -> Network:
        with self._lock:
            if (kind, name, device) not in self._known:
                component = self._registry.ready(self._registry.get(kind, name), device)
                self._known[kind, name, device] = Network(component.infer, batch_size(component, device))
            return self._known[kind, name, device]


def main() -> None:
    """Run networks until the server is gone. Arguments: whether a CPU is shared too, and the patience."""
    with_cpu, patience = sys.argv[1] == "cpu", float(sys.argv[2])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server decides
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    if not with_cpu and not cuda_is_available():
        sys.exit(NOTHING_TO_SHARE)
    batcher, networks = Batcher(), Networks(load_plugins())
    listener = Listener(address(), authkey=key())
    for work in (lambda: _accept(listener, networks, batcher), lambda: _watch(batcher, patience), _end_with_server):
        threading.Thread(target=work, daemon=True).start()
    while True:
        batcher.work()


def _accept(listener: Listener, networks: Networks, batcher: Batcher) -> None:
    while True:
        with suppress(OSError, EOFError, ValueError):  # one who does not know the key, or is gone already
            worker = listener.accept()
            threading.Thread(target=_listen, args=(worker, networks, batcher), daemon=True).start()


def _listen(worker: Connection, networks: Networks, batcher: Batcher) -> None:
    """Answer one worker until it is gone."""
    with suppress(OSError, EOFError), worker:
        while True:
            worker.send_bytes(_answer(worker.recv_bytes(), networks, batcher))


def _answer(message: bytes, networks: Networks, batcher: Batcher) -> bytes:
    try:
        head, windows = unpack(message)
        network = networks.get(head["kind"], head["name"], head["device"])
        return pack({}, batcher.ask(network, windows).result())
    except Exception as error:  # a stranger's code may raise anything; the job is told
        logging.getLogger("cadenza.device").error("a network failed", exc_info=error)
        told: dict[str, Any] = {"error": f"{type(error).__name__}: {error}", "memory": is_out_of_memory(error)}
        return pack(told)


def _watch(batcher: Batcher, patience: float) -> None:
    """A thread that hangs inside a library cannot be ended; the process can."""
    while True:
        sleep(LOOK)
        since = batcher.busy_since
        if since is not None and monotonic() - since > patience:
            os._exit(HUNG)


def _end_with_server() -> None:
    while os.read(0, 4096):
        pass
    os._exit(0)
