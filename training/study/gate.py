# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What every request to a study passes: who may come in, and what the page may load."""

from __future__ import annotations

import hmac
import ipaddress
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from training.study.study_file import StudyError

COOKIE: Final = "cadenza_study"
MONTH: Final = 30 * 24 * 3600
SHORTEST_TOKEN: Final = 16
MAX_BODY: Final = 4096
"""Bytes; an answer has less than 200."""
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


class Gate:
    """ASGI middleware. With a token, the link ``/?token=…`` leaves it in a cookie, because a browser
    sends no header of ours when it loads a film."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._token = app, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        refused = self._refusal(scope, Headers(scope=scope))
        await (refused or self._app)(scope, receive, answer)

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        length = headers.get("content-length", "0" if scope["method"] != "POST" else "")
        if not length.isdecimal() or int(length) > MAX_BODY:
            return PlainTextResponse("an answer is shorter, and says its length", 413)
        if not self._token:
            # A page elsewhere could else reach us under a name of its own (DNS rebinding).
            here = is_loopback(_host(headers))
            return None if here else PlainTextResponse("this study answers to localhost and 127.0.0.1 only", 403)
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if scope["path"] == "/" and self._is_token(given):
            welcome = RedirectResponse("/", 303)
            welcome.set_cookie(COOKIE, given, max_age=MONTH, httponly=True, samesite="lax")
            return welcome
        if self._is_token(_cookie(headers)):
            return None
        return PlainTextResponse("open the whole link that you were given; it ends in ?token=...", 401)

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._token.encode())


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this very machine only."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def read_token(path: Path) -> str:
    """The token in a file; StudyError when it cannot be part of a link or is easily guessed."""
    token = path.read_text(encoding="utf-8", errors="replace").strip()
    if not (token.isascii() and token.isalnum()) or len(token) < SHORTEST_TOKEN:
        raise StudyError(
            f"{path} must hold one word of at least {SHORTEST_TOKEN} letters and digits; "
            "make one with: openssl rand -hex 32"
        )
    return token


def _host(headers: Headers) -> str:
    try:
        return urlsplit(f"//{headers.get('host', '')}").hostname or ""
    except ValueError:
        return ""


def _cookie(headers: Headers) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found is not None else ""
