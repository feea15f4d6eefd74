# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The study as a page and the few routes that it needs."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import escape
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from training.study.gate import Gate
from training.study.session import BadAnswer, Conflict, Session, State, UnknownRater
from training.study.study_file import QUESTIONS, SCALE

PAGE: Final = Path(__file__).parent / "page"
KINDS: Final = {"study.css": "text/css", "study.js": "text/javascript", "icon.svg": "image/svg+xml"}


class Beginning(BaseModel):
    """Who begins."""

    model_config = ConfigDict(extra="forbid", strict=True)

    years: float | None = Field(default=None, ge=0, le=100)


class Answer(BaseModel):
    """What a rater says of a clip."""

    model_config = ConfigDict(extra="forbid", strict=True)

    clip: str = Field(max_length=64)
    ratings: dict[str, int] = Field(max_length=len(QUESTIONS))
    seconds: float = Field(ge=0, le=1e6, allow_inf_nan=False)


def create_app(session: Session, token: str = "") -> FastAPI:
    """The study as an ASGI app; it closes the session when it stops."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        session.close()

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    for kind, status in ((UnknownRater, 404), (Conflict, 409), (BadAnswer, 422), (OSError, 507)):
        app.add_exception_handler(kind, _answer_with(status))
    _add_page(app, session)
    _add_answers(app, session)
    app.add_middleware(Gate, token=token)
    return app


def _answer_with(status: int) -> Any:
    def answer(request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, status)

    return answer


def _add_page(app: FastAPI, session: Session) -> None:
    page = page_html(session.study.title, len(session.study.clips))
    clips = {clip.id: clip.path for clip in session.study.clips}

    @app.get("/")
    def show() -> HTMLResponse:
        return HTMLResponse(page)

    @app.get("/page/{name}")
    def part(name: str) -> FileResponse:
        if name not in KINDS:
            raise HTTPException(404)
        return FileResponse(PAGE / name, media_type=KINDS[name])

    @app.get("/clips/{id}")
    def film(id: str) -> FileResponse:
        if id not in clips:
            raise HTTPException(404)
        return FileResponse(clips[id], media_type="video/mp4")


def _add_answers(app: FastAPI, session: Session) -> None:
    @app.post("/raters", status_code=201)
    def begin(body: Beginning) -> dict[str, str]:
        return {"rater": session.begin(body.years)}

    @app.get("/raters/{rater}")
    def state(rater: str) -> dict[str, Any]:
        return _said(session.state(rater))

    @app.post("/raters/{rater}/ratings", status_code=201)
    def rate(rater: str, body: Answer) -> dict[str, Any]:
        return _said(session.rate(rater, body.clip, body.ratings, body.seconds))


def _said(state: State) -> dict[str, Any]:
    clip = None if state.clip is None else {"id": state.clip.id, "seconds": state.clip.media.seconds}
    return {"done": state.done, "of": state.of, "clip": clip}


def page_html(title: str, count: int) -> str:
    """The page with its title, its questions, and how many clips there are."""
    questions = "\n".join(_question(name, text) for name, text in QUESTIONS.items())
    html = (PAGE / "index.html").read_text(encoding="utf-8")
    parts = {"title": escape(title), "questions": questions, "count": str(count)}
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], html)


def _question(name: str, text: str) -> str:
    choices = "".join(
        f'<label><input type="radio" name="{name}" value="{value}"><span>{value}</span></label>' for value in SCALE
    )
    ends = f'<p class="ends" id="{name}-ends"><span>1: not at all</span><span>7: completely</span></p>'
    return (
        f'<fieldset disabled aria-describedby="{name}-ends"><legend>{escape(text)}</legend>'
        f'<div class="scale">{choices}</div>{ends}</fieldset>'
    )
