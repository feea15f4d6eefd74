# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A server on loopback that answers with the very bytes a test chooses: garbage, half a reply, silence."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

SILENCE = None
"""An answer that does not come before the test is over."""


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Answer = Callable[[Request], bytes | None]


class ScriptedServer:
    """What the test tells it to say (``answer`` may be changed at any time), and what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.requests: list[Request] = []
        self.over = threading.Event()
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                request = _read_request(self.rfile)
                outer.requests.append(request)
                said = outer.answer(request)
                if said is SILENCE:
                    outer.over.wait(30)
                else:
                    self.wfile.write(said)

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # type: ignore[method-assign]  # the other side may hang up

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"


def _read_request(file: Any) -> Request:
    method, path, _ = file.readline().decode().split(" ")
    headers = {}
    while line := file.readline().decode().strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return Request(method, path, headers, file.read(int(headers.get("content-length", 0))))


@contextmanager
def scripted_server(answer: Answer) -> Iterator[ScriptedServer]:
    scripted = ScriptedServer(answer)
    thread = threading.Thread(target=scripted.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield scripted
    finally:
        scripted.over.set()
        scripted.server.shutdown()
        scripted.server.server_close()
        thread.join()


def http_reply(status: int, body: bytes | str | dict[str, Any] = b"", **headers: str) -> bytes:
    """A whole reply of a backend that speaks protocol 1; ``headers`` with underscores for dashes."""
    if isinstance(body, dict):
        body = json.dumps(body)
    data = body.encode() if isinstance(body, str) else body
    named = {"Cadenza-Protocol": "1", "Content-Length": str(len(data)), "Connection": "close"}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items() if value)
    return f"HTTP/1.1 {status} Said\r\n{lines}\r\n".encode() + data
