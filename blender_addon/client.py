# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The backend over HTTP, on the standard library. No bpy: everything here may run in a thread.

One connection a request, to one origin only: redirects are errors, so that the token
never travels anywhere else. Whatever goes wrong becomes a :class:`BackendError`.
"""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from .address import Address
from .core.annotations import AnnotationError, AnnotationTrack, from_json
from .core.protocol import PROTOCOL_VERSION, ComponentInfo, JobRequest, JobStatus, ProtocolError

PROTOCOL_HEADER: Final = "Cadenza-Protocol"
CHUNK: Final = 1 << 18
LARGEST_REPLY: Final = 2 << 30
"""Bytes; a motion of ten hours stays below."""
TIMEOUT: Final = 20.0
"""Seconds without a byte before a request is given up."""

UNREACHABLE: Final = "Start it (preferences of Cadenza), or correct its address"
NOT_CADENZA: Final = "Check the address in the preferences of Cadenza: something else may be listening there"
TRY_AGAIN: Final = "Try again; if it stays so, restart the backend and look at the last line of its log"
TOKEN: Final = "Enter the token that the backend was started with in the preferences of Cadenza"


class BackendError(Exception):
    """A request that did not succeed.

    Attributes:
        message: what happened.
        hint: what to do.
        passing: whether the same request may succeed in a moment (nobody answers, or not in time).
        silent: whether the backend accepted the request and then said nothing.
        status: of the HTTP reply, 0 when there was none.
    """

    def __init__(
        self, message: str, hint: str = "", *, passing: bool = False, silent: bool = False, status: int = 0
    ) -> None:
        super().__init__(f"{message}. {hint}" if hint else message)
        self.message, self.hint = message, hint
        self.passing, self.silent, self.status = passing, silent, status


@dataclass(frozen=True)
class Health:
    """What a backend says of itself: its state in a word, and its version."""

    status: str
    version: str


@dataclass(frozen=True)
class Reply:
    status: int
    location: str
    body: bytes


class Backend:
    """The verbs of the wire.

    Args:
        address: where the backend is, see :meth:`Address.parse`.
        token: sent with each request to that address; empty for none.
        timeout: seconds without a byte before a request fails.
    """

    def __init__(self, address: str, token: str = "", timeout: float = TIMEOUT) -> None:
        try:
            self.address = Address.parse(address)
        except ValueError as error:
            raise BackendError(str(error), "Correct it in the preferences of Cadenza") from error
        self._token, self._timeout = token.strip(), timeout
        if not (self._token.isascii() and self._token.isprintable()):
            raise BackendError("the token holds characters that cannot be sent", TOKEN)

    def health(self) -> Health:
        """Whether the backend is there; needs no token."""
        said = self._object(self._ask("GET", "/healthz"))
        return Health(str(said.get("status", "")), str(said.get("version", "")))

    def components(self) -> list[ComponentInfo]:
        """What is installed there, broken plug-ins included."""
        listed = self._object(self._ask("GET", "/v1/components")).get("components")
        try:
            return [_component(entry) for entry in listed or ()]
        except (TypeError, KeyError, AttributeError) as error:
            raise self._garbage("its list of components cannot be read") from error

    def has_sound(self, sha256: str) -> bool:
        return self._has("audio", sha256)

    def has_motion(self, sha256: str) -> bool:
        return self._has("motions", sha256)

    def put_motion(self, sha256: str, data: bytes) -> None:
        """Upload a motion (``Motion.to_bytes``)."""
        self._ask("PUT", f"/v1/motions/{sha256}", data, "application/octet-stream", len(data))

    def _has(self, what: str, sha256: str) -> bool:
        try:
            self._ask("HEAD", f"/v1/{what}/{sha256}")
        except BackendError as error:
            if error.status == 404:
                return False
            raise
        return True

    def put_audio(self, sha256: str, path: Path, sent: Callable[[float], None] = lambda part: None) -> None:
        """Upload a sound file as it is, piece by piece.

        Args:
            sha256: of the file, hex.
            sent: called with the sent part, 0 to 1; what it raises ends the upload.
        """
        try:
            size = path.stat().st_size
            with path.open("rb") as file:
                body = _pieces(file.read, size, sent)
                self._ask("PUT", f"/v1/audio/{sha256}", body, "application/octet-stream", size)
        except OSError as error:
            raise BackendError(f"{path.name} cannot be read ({error.strerror})", "Choose a file that exists") from error

    def submit(self, request: JobRequest) -> JobStatus:
        return self._status(self._ask("POST", "/v1/jobs", json.dumps(request.to_dict()).encode(), "application/json"))

    def status(self, job: str) -> JobStatus:
        return self._status(self._ask("GET", f"/v1/jobs/{job}"))

    def motion(self, job: str) -> bytes:
        """The finished motion, as :meth:`Motion.from_bytes` reads it."""
        return self._ask("GET", f"/v1/jobs/{job}/motion").body

    def partial(self, job: str, index: int) -> bytes:
        """One partial motion, counted from 0."""
        return self._ask("GET", f"/v1/jobs/{job}/partials/{index}").body

    def annotations(self, job: str) -> list[AnnotationTrack]:
        text = self._ask("GET", f"/v1/jobs/{job}/annotations").body
        try:
            return from_json(text.decode())
        except (UnicodeDecodeError, AnnotationError) as error:
            raise self._garbage(f"its annotations cannot be read ({error})") from error

    def cancel(self, job: str) -> JobStatus:
        return self._status(self._ask("DELETE", f"/v1/jobs/{job}"))

    def _ask(self, method: str, path: str, body: Any = None, kind: str = "", size: int | None = None) -> Reply:
        """One request; a reply of success, or BackendError."""
        headers = {PROTOCOL_HEADER: str(PROTOCOL_VERSION), "Accept": "*/*", "Connection": "close"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        if kind:
            headers |= {"Content-Type": kind, "Content-Length": str(len(body) if size is None else size)}
        with self._connection() as connection:
            try:
                connection.request(method, self.address.prefix + path, body, headers)
            except (BrokenPipeError, ConnectionResetError):
                # The backend may refuse an upload before it has read all of it: its reply says why.
                if body is None:
                    raise
            with connection.getresponse() as response:
                self._check_protocol(response)
                reply = Reply(response.status, response.headers.get("Location", ""), _read(response))
        if 200 <= reply.status < 300:
            return reply
        raise self._refusal(reply)

    @contextmanager
    def _connection(self) -> Iterator[http.client.HTTPConnection]:
        """A connection whose failures are BackendErrors."""
        connection = _connect(self.address, self._timeout)
        try:
            yield connection
        except TimeoutError as error:
            message = f"the backend at {self.address} has not answered for {self._timeout:g} s"
            raise BackendError(message, TRY_AGAIN, passing=True, silent=True) from error
        except ssl.SSLError as error:
            reason = getattr(error, "verify_message", "") or str(error.reason or error)
            hint = "Use an address whose certificate this computer trusts; it is never skipped"
            raise BackendError(f"no safe connection to {self.address} ({reason})", hint) from error
        except http.client.IncompleteRead as error:
            raise BackendError(f"the reply of {self.address} ended in the middle", TRY_AGAIN, passing=True) from error
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError) as error:
            raise BackendError(f"the backend at {self.address} hung up", TRY_AGAIN, passing=True) from error
        except (http.client.HTTPException, ValueError) as error:
            raise self._garbage(f"not HTTP ({type(error).__name__})") from error
        except OSError as error:
            reason = error.strerror or str(error)
            raise BackendError(f"no backend answers at {self.address} ({reason})", UNREACHABLE, passing=True) from error
        finally:
            connection.close()

    def _check_protocol(self, response: http.client.HTTPResponse) -> None:
        theirs = response.headers.get(PROTOCOL_HEADER)
        if theirs == str(PROTOCOL_VERSION):
            return
        if theirs is None:
            if response.status in (502, 503, 504):  # a proxy before it
                message = f"the backend at {self.address} is not reachable ({response.status} {response.reason})"
                raise BackendError(message, TRY_AGAIN, passing=True, status=response.status)
            if 300 <= response.status < 400:
                raise self._redirect(response.status, response.headers.get("Location", ""))
            raise BackendError(f"{self.address} is not a Cadenza backend", NOT_CADENZA, status=response.status)
        message = f"the backend at {self.address} speaks protocol {theirs[:20]}, this add-on {PROTOCOL_VERSION}"
        raise BackendError(message, "Install the same version of Cadenza on both sides", status=response.status)

    def _refusal(self, reply: Reply) -> BackendError:
        """What an HTTP status of failure says to the animator."""
        if 300 <= reply.status < 400:
            return self._redirect(reply.status, reply.location)
        said = _problem(reply.body)
        if reply.status == 401:
            return BackendError(said or f"the backend at {self.address} asks for a token", TOKEN, status=401)
        if not said:
            message = f"the backend at {self.address} answered with status {reply.status}"
            return BackendError(message, TRY_AGAIN, status=reply.status)
        return BackendError(said, status=reply.status)

    def _redirect(self, status: int, location: str) -> BackendError:
        message = f"{self.address} sends on to {location[:200] or 'another address'}"
        hint = "Enter the backend's own address in the preferences of Cadenza: the token goes to no other"
        return BackendError(message, hint, status=status)

    def _status(self, reply: Reply) -> JobStatus:
        try:
            return JobStatus.from_dict(self._object(reply))
        except ProtocolError as error:
            raise self._garbage(str(error)) from error

    def _object(self, reply: Reply) -> dict[str, Any]:
        try:
            said = json.loads(reply.body)
        except ValueError as error:
            raise self._garbage("not JSON") from error
        if not isinstance(said, dict):
            raise self._garbage("not a JSON object")
        return said

    def _garbage(self, why: str) -> BackendError:
        return BackendError(f"the reply of {self.address} cannot be used: {why}", TRY_AGAIN)


def _connect(address: Address, timeout: float) -> http.client.HTTPConnection:
    if not address.secure:
        return http.client.HTTPConnection(address.host, address.port, timeout=timeout)
    context = ssl.create_default_context()
    paths = ssl.get_default_verify_paths()
    if not paths.cafile and not paths.capath:
        # Blender on macOS has no certificates where its OpenSSL looks, but carries a bundle.
        with suppress(ImportError):
            import certifi

            context.load_verify_locations(certifi.where())
    return http.client.HTTPSConnection(address.host, address.port, timeout=timeout, context=context)


def _pieces(read: Callable[[int], bytes], size: int, sent: Callable[[float], None]) -> Iterator[bytes]:
    """A file's bytes, exactly ``size`` of them even when it grows meanwhile."""
    done = 0
    while done < size and (piece := read(min(CHUNK, size - done))):
        yield piece
        done += len(piece)
        sent(done / size)
    if done < size:
        raise BackendError("the sound file became shorter while it was sent", "Try again when it is saved")


def _read(response: http.client.HTTPResponse) -> bytes:
    """The whole body; http.client raises IncompleteRead when the connection ends before it."""
    if (response.length or 0) > LARGEST_REPLY:
        raise ValueError(f"a reply of {response.length} bytes")
    pieces, size = [], 0
    while piece := response.read(CHUNK):
        pieces.append(piece)
        size += len(piece)
        if size > LARGEST_REPLY:
            raise ValueError(f"a reply of more than {LARGEST_REPLY} bytes")
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)
    return b"".join(pieces)


def _problem(body: bytes) -> str:
    """The text of RFC 9457 problem details; empty when the body is something else."""
    try:
        said = json.loads(body)
        text = said.get("detail") or said.get("title") or ""
    except (ValueError, AttributeError):
        return ""
    return str(text)


def _component(entry: Any) -> ComponentInfo:
    """Known fields only, so that a backend may say more."""
    known = ComponentInfo.__dataclass_fields__
    fields = {name: value for name, value in dict(entry).items() if name in known}
    if not isinstance(fields["name"], str) or not isinstance(fields.get("options", {}), dict):
        raise TypeError("a component has no name, or options that are no schema")
    lists = {name: tuple(fields.get(name, ())) for name in ("devices", "writes", "inputs")}
    return ComponentInfo(**{**fields, **lists, "fills": fields.get("fills") is True})
