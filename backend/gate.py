# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What every request passes: who may come in, which protocol is spoken, how much is sent; what is counted."""

from __future__ import annotations

import hmac
import logging
import time
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.messages import MAX_BODY
from backend.metrics import Metrics
from backend.problems import Problem, problem_of
from backend.settings import Settings, is_loopback
from plugins.api import PROTOCOL_VERSION

log = logging.getLogger("cadenza.server")

OPEN = ("/healthz", "/docs", "/openapi.json")
"""Answered without a token: they hold no secrets, and a browser cannot send one."""
UPLOADS = "/v1/audio/"


class Gate:
    """ASGI middleware around the whole app."""

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics
        self._token = settings.token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begin = time.perf_counter()
        begun = False

        async def answer(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                MutableHeaders(scope=message)["Cadenza-Protocol"] = str(PROTOCOL_VERSION)
                self._note(scope, message["status"], time.perf_counter() - begin)
            await send(message)

        try:
            self._check(scope, Headers(scope=scope))
            await self._app(scope, receive if scope["path"].startswith(UPLOADS) else _bounded(receive), answer)
        except Problem as problem:
            await problem.response()(scope, receive, answer)
        except Exception as error:
            log.error("%s %s failed", scope["method"], scope["path"], exc_info=error)
            if begun:
                raise  # half an answer must not look like a whole one
            await problem_of(error).response()(scope, receive, answer)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        self._metrics.answered(_method(scope), _route(scope), status, seconds)
        level = logging.WARNING if status in (401, 403) else logging.DEBUG
        log.log(level, "%s %s: %d, %s", scope["method"], scope["path"], status, (scope.get("client") or ["?"])[0])

    def _check(self, scope: Scope, headers: Headers) -> None:
        if scope["path"] not in OPEN:
            self._check_token(headers)
        spoken = headers.get("cadenza-protocol")
        if spoken is not None and spoken.strip() != str(PROTOCOL_VERSION):
            raise Problem(
                409,
                "protocol",
                f"the request speaks protocol {spoken!a}, this backend {PROTOCOL_VERSION}; "
                "install the same version of Cadenza on both sides",
                "Cadenza-Protocol",
            )
        length = headers.get("content-length", "")
        if not scope["path"].startswith(UPLOADS) and length.isdecimal() and int(length) > MAX_BODY:
            raise Problem(413, "too-large", _TOO_LARGE)

    def _check_token(self, headers: Headers) -> None:
        if self._token:
            kind, _, given = headers.get("authorization", "").partition(" ")
            # Compared in constant time: how long it takes tells nothing of the token.
            if kind.lower() != "bearer" or not hmac.compare_digest(given.strip().encode("latin-1"), self._token):
                raise Problem(
                    401, "token", "the token is missing or wrong; send the header Authorization: Bearer TOKEN"
                )
        elif not is_loopback(_host(headers)):
            # A page in a browser on this machine could else reach us under a name of its own (DNS rebinding).
            raise Problem(403, "host", "without a token this backend answers to localhost and 127.0.0.1 only", "Host")


_TOO_LARGE = f"a request other than a sound has at most {MAX_BODY:,} bytes; send a shorter score or fewer annotations"


def _bounded(receive: Receive) -> Receive:
    """Stops a body that goes on for too long without having said its length."""
    seen = 0

    async def bounded() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > MAX_BODY:
            raise HTTPException(413, _TOO_LARGE)
        return message

    return bounded


def _host(headers: Headers) -> str:
    """The name under which the request reached us; empty when it is none."""
    try:
        return urlsplit(f"//{headers.get('host', 'localhost')}").hostname or ""
    except ValueError:
        return ""


def _route(scope: Scope) -> str:
    """The route's pattern: a label with every path would grow without end."""
    return str(getattr(scope.get("route"), "path", "none"))


def _method(scope: Scope) -> str:
    method = str(scope["method"])
    return method if method in ("GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "PATCH") else "other"
