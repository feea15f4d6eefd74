# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The server's routes: sounds come in, jobs are made, results go out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Annotated, Any, Final

from fastapi import APIRouter, FastAPI, Header, Path, Request
from fastapi.responses import FileResponse, HTMLResponse, Response
from sse_starlette import EventSourceResponse
from starlette.requests import ClientDisconnect

from backend.audio_store import AudioStore
from backend.docs_page import docs_page
from backend.events import events
from backend.gate import Gate
from backend.messages import (
    SHA256,
    ComponentsBody,
    HealthBody,
    JobBody,
    ProblemBody,
    StatusBody,
    status_body,
)
from backend.problems import Json, Problem, install_problems
from backend.service import Service
from backend.settings import Settings
from plugins.api import PROTOCOL_VERSION

Sha256 = Annotated[str, Path(pattern=SHA256, description="SHA-256 of the file's bytes, hexadecimal")]
Number = Annotated[str, Path(max_length=100, description="The job's number")]
NPZ: Final = "application/octet-stream"


def create_app(settings: Settings) -> FastAPI:
    """The server as an ASGI app. Its workers run from the app's startup to its shutdown."""
    service = Service(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        service.open()
        try:
            yield
        finally:
            service.close()

    app = FastAPI(
        title="Cadenza",
        version=version("cadenza"),
        description="Animates musicians from audio.",
        lifespan=lifespan,
        docs_url=None,  # the ready-made page needs scripts from the internet
        redoc_url=None,
        responses={"4XX": _problem("What was wrong and what to do")},
    )
    app.state.service = service
    install_problems(app)
    app.include_router(_about(app, service))
    app.include_router(_uploads(service, service.sounds, "audio", "a sound file as it is (wav, flac, mp3, ogg, opus)"))
    app.include_router(_uploads(service, service.motions, "motions", "a motion (Cadenza's .npz), to be recognised"))
    app.include_router(_jobs(service))
    app.include_router(_results(service))
    app.add_middleware(Gate, settings=settings, metrics=service.metrics)
    return app


def _problem(description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/problem+json": {"schema": _PROBLEM}}}


_PROBLEM: Final = ProblemBody.model_json_schema()


def _about(app: FastAPI, service: Service) -> APIRouter:
    router = APIRouter(tags=["about"])

    @router.get("/healthz", response_model=HealthBody)
    async def health() -> Json:
        """Whether the backend is there, and in which version."""
        return Json({"status": "ok", "version": version("cadenza"), "protocol": PROTOCOL_VERSION})

    @router.get("/v1/components", response_model=ComponentsBody)
    def components() -> Json:
        """What is installed: generators, recognisers and so on, with their options as JSON Schema."""
        return Json({"version": PROTOCOL_VERSION, "components": [i.to_dict() for i in service.registry.describe()]})

    @router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    def metrics() -> Response:
        """Counters for Prometheus."""
        return Response(service.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    @router.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return HTMLResponse(docs_page(app.openapi()))

    return router


def _uploads(service: Service, store: AudioStore, name: str, what: str) -> APIRouter:
    router = APIRouter(prefix=f"/v1/{name}", tags=[name])

    @router.head(
        "/{sha256}", response_class=Response, responses={200: {"description": "Yes"}, 404: {"description": "No"}}
    )
    def has(sha256: Sha256) -> Response:
        """Whether it is there already."""
        return Response(status_code=404 if store.use(sha256) is None else 200)

    @router.put(
        "/{sha256}",
        status_code=201,
        response_class=Response,
        responses={200: {"description": "It was there already"}, 201: {"description": "It is stored"}},
        description=f"Send {what}.",
        openapi_extra={"requestBody": {"required": True, "content": {NPZ: {"schema": _BYTES}}}},
    )
    async def put(sha256: Sha256, request: Request) -> Response:
        if store.use(sha256) is not None:
            return Response(status_code=200)
        length = request.headers.get("content-length", "")
        try:
            size = await store.put(sha256, int(length) if length.isdecimal() else None, request.stream())
        except ClientDisconnect:
            raise Problem(400, "incomplete", "the upload ended before all of it was there; send it again") from None
        service.metrics.uploaded(size)
        return Response(status_code=201)

    return router


_BYTES: Final = {"type": "string", "format": "binary"}


def _jobs(service: Service) -> APIRouter:
    router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

    @router.post("", status_code=201, response_model=StatusBody, responses={503: _problem("Too busy, or stopping")})
    def submit(body: JobBody) -> Json:
        """Ask for a performance, or for annotations alone. What was made before is there at once."""
        return Json(status_body(service.submit(body).status), 201)

    @router.get("/{id}", response_model=StatusBody)
    async def status(id: Number) -> Json:
        """Where a job stands."""
        return Json(status_body(service.queue.get(id).status))

    @router.get("/{id}/events", response_class=EventSourceResponse, responses={200: {"content": _STREAM}})
    async def follow(id: Number, last_event_id: Annotated[str, Header(max_length=20)] = "") -> EventSourceResponse:
        """A job's events as they happen: `status`, `partial`, `log`; the stream ends with the job."""
        last = int(last_event_id) if last_event_id.isdecimal() else 0
        return EventSourceResponse(events(service.queue.get(id), last))

    @router.delete("/{id}", response_model=StatusBody)
    async def cancel(id: Number) -> Json:
        """Cancel a job. One that has ended stays as it is."""
        return Json(status_body(service.queue.cancel(service.queue.get(id))))

    return router


_EVENT: Final = {
    "type": "object",
    "description": "One event; its data is JSON",
    "properties": {
        "event": {"enum": ["status", "partial", "log"]},
        "data": {"type": "string"},
        "id": {"type": "string"},
    },
}
_STREAM: Final = {"text/event-stream": {"schema": _EVENT}}


def _results(service: Service) -> APIRouter:
    router = APIRouter(prefix="/v1/jobs", tags=["results"])
    npz: dict[int | str, dict[str, Any]] = {200: {"content": {NPZ: {"schema": _BYTES}}}}

    @router.get("/{id}/motion", response_class=FileResponse, responses=npz)
    def motion(id: Number) -> FileResponse:
        """The finished motion (npz)."""
        return FileResponse(service.motion(id), media_type=NPZ)

    @router.get("/{id}/partial", response_class=FileResponse, responses=npz)
    def partial(id: Number) -> FileResponse:
        """The newest partial result (npz): finished motion of a part of the music."""
        return FileResponse(service.partial(id), media_type=NPZ)

    @router.get("/{id}/partials/{index}", response_class=FileResponse, responses=npz)
    def one_partial(id: Number, index: Annotated[int, Path(ge=0, le=100_000)]) -> FileResponse:
        """One partial result (npz), counted from 0; it takes the place of earlier ones of the same seconds."""
        return FileResponse(service.partial(id, index), media_type=NPZ)

    @router.get("/{id}/annotations", responses={200: {"content": {"application/json": {}}}})
    def annotations(id: Number) -> FileResponse:
        """Notes, beats and whatever else was recognised."""
        return FileResponse(service.annotations(id), media_type="application/json")

    return router
