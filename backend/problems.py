# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Errors as problem details (RFC 9457): what was wrong with which field, and what to do."""

from __future__ import annotations

import errno
import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from backend.validation import said

_HEADERS: Final = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "5"}}


class Json(JSONResponse):
    """JSON in ASCII: whatever text a plug-in or a client made up can be written so, half a surrogate pair too."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content, separators=(",", ":")).encode()


class Problem(Exception):
    """A request that cannot be answered.

    Attributes:
        kind: last part of the problem's type, stable, for programs.
        detail: for people: what was wrong, and what to do.
    """

    def __init__(self, status: int, kind: str, detail: str, field: str = "") -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail, self.field = status, kind, detail, field

    def response(self) -> Json:
        title = HTTPStatus(self.status).phrase
        content: dict[str, Any] = {"type": f"urn:cadenza:{self.kind}", "title": title, "status": self.status}
        content["detail"] = self.detail
        if self.field:
            content["field"] = self.field
        return Json(content, self.status, _HEADERS.get(self.status), media_type="application/problem+json")


def install_problems(app: FastAPI) -> None:
    """Let every error of the app become a problem."""

    @app.exception_handler(Problem)
    async def _problem(request: Request, error: Problem) -> Json:
        return error.response()

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Json:
        return _from_validation(error.errors()).response()

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Json:
        response = Problem(error.status_code, "http", _advice(request, error)).response()
        response.headers.update(error.headers or {})
        return response


def problem_of(error: Exception) -> Problem:
    """What a client is told of a failure of ours."""
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return Problem(507, "disk-full", "the backend's disk is full; make room there and try again")
    detail = f"the backend failed ({type(error).__name__}); its log says more: please report it"
    return Problem(500, "internal", detail)


def _from_validation(errors: Sequence[Any]) -> Problem:
    places = [_place(error) for error in errors]
    detail = "; ".join(f"{place or 'the body'}: {said(e)}" for place, e in zip(places, errors, strict=True))
    return Problem(422, "invalid", f"{detail}; see /docs", places[0].split(".")[0] if places else "")


def _place(error: Any) -> str:
    """Which field is wrong; "" for the body as a whole."""
    if error["type"] == "json_invalid":
        return ""
    return ".".join(str(part) for part in error["loc"] if part not in ("body", "path", "query"))


def _advice(request: Request, error: HTTPException) -> str:
    if error.status_code == 404:
        return f"there is nothing at {request.url.path}; see /docs"
    if error.status_code == 405:
        return f"{request.url.path} does not take {request.method}; see /docs"
    return f"{error.detail}; see /docs"
