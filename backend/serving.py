# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""``cadenza serve``: the server as a process, from its first line of log to a clean end."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn

from backend.device import cuda_is_available
from backend.json_log import log_as_json
from backend.server import create_app
from backend.service import Service
from backend.settings import Settings, read_token
from plugins.api import ComponentError

log = logging.getLogger("cadenza.server")

LAST_ANSWERS = 3
"""Seconds that connections may take when everything else has ended."""


class Server(uvicorn.Server):
    """uvicorn, except that a signal first lets the jobs end: their listeners are told, then the server goes.
    A second signal ends it at once."""

    def __init__(self, config: uvicorn.Config, service: Service, farewell: float) -> None:
        super().__init__(config)
        self._rooms, self._farewell = service, farewell
        self._stopping = False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._stopping:
            self.should_exit = self.force_exit = True
            return
        self._stopping = True
        threading.Thread(target=self._stop, daemon=True).start()

    def _stop(self) -> None:
        log.info("Stopping: running jobs have %g s", self._farewell)
        self._rooms.queue.drain(self._farewell)
        self.should_exit = True


def build(settings: Settings) -> Server:
    """A server that is ready to run.

    Raises:
        ComponentError: it cannot run as it was set up.
    """
    if settings.device == "cuda" and not cuda_is_available():
        raise ComponentError("no CUDA device was found; use --device cpu, or install torch with CUDA and a driver")
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=LAST_ANSWERS,
    )
    return Server(config, app.state.service, settings.farewell)


def serve(settings: Settings) -> None:
    """Answer until a signal comes (or standard input ends); ComponentError when it cannot begin."""
    log_as_json()
    server = build(settings)
    if settings.until_input_ends:
        threading.Thread(target=_stop_with_input, args=(server,), daemon=True).start()
    with contextlib.suppress(SystemExit):  # uvicorn's way to say that it could not begin
        server.run()
    if not server.started:
        raise ComponentError(
            f"{settings.host} port {settings.port} cannot be used; another program may use it: choose another --port"
        )


def _stop_with_input(server: Server) -> None:
    """A program that crashed sends no signal, but on every system the pipe that it held ends with it."""
    while os.read(0, 4096):
        pass
    log.info("Standard input ended")
    server.handle_exit(signal.SIGTERM, None)


def serve_with(token_file: Path | None, optional: Mapping[str, Any], **given: Any) -> None:
    """Serve with these settings; those of ``optional`` that are None keep their defaults."""
    token = read_token(token_file) if token_file is not None else ""
    asked = {name: value for name, value in optional.items() if value is not None}
    serve(Settings(**given, **asked, token=token))
