# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""``cadenza-train study serve``: a study on a port, until Ctrl-C."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from training.study.gate import is_loopback
from training.study.server import create_app
from training.study.session import Session
from training.study.study_file import StudyError, read_study

LAST_ANSWERS = 3
"""Seconds that answers on their way may take when the server stops."""


@dataclass(frozen=True)
class Address:
    """Where a study is served; port 0 is any free one."""

    host: str
    port: int
    token: str = ""


def serve(folder: Path, results: Path, address: Address, tell: Callable[[str], None]) -> None:
    """Answer until a signal comes.

    Args:
        tell: called with the link when the study can be opened.

    Raises:
        StudyError, ConfigError: the study cannot be shown or reached.
    """
    if not address.token and not is_loopback(address.host):
        raise StudyError(
            f"{address.host} can be reached by others, and there is no token; give --token-file FILE "
            "(make one with: openssl rand -hex 32 > FILE), or keep --host 127.0.0.1"
        )
    study = read_study(folder)
    with bound(address) as listening:
        server = build(Session(study, results), address.token)
        port = listening.getsockname()[1]
        host = f"[{address.host}]" if ":" in address.host else address.host
        tell(f"http://{host}:{port}/" + (f"?token={address.token}" if address.token else ""))
        server.run(sockets=[listening])


def build(session: Session, token: str = "") -> uvicorn.Server:
    """A server that is ready to run."""
    config = uvicorn.Config(
        create_app(session, token),
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=LAST_ANSWERS,
    )
    return uvicorn.Server(config)


def bound(address: Address) -> socket.socket:
    """A socket that listens there; StudyError when it cannot."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)[0]
        found = socket.socket(family, kind, protocol)
        try:
            if os.name == "posix":  # elsewhere it would let two programs share the port
                found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found.bind(place)
            found.listen(128)
        except OSError:
            found.close()
            raise
    except OSError as error:
        raise StudyError(
            f"{address.host} port {address.port} cannot be used ({error.strerror}); choose another --port"
        ) from error
    return found
