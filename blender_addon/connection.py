# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of the backend, as panels draw it: asked in a thread, kept here, never fetched while drawing."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import bpy

from . import options
from .client import Backend, BackendError
from .core.annotations import NAMESPACES
from .local_backend import CHILD, LocalBackendError, find_command
from .settings import LOCAL, settings

if TYPE_CHECKING:
    from .core.protocol import ComponentInfo

OFFLINE: Final = "Blender is not allowed to use the network"
ALLOW: Final = "Turn on Preferences > System > Network > Allow Online Access, or use a backend on this computer"


@dataclass(frozen=True)
class Known:
    """What the last look showed.

    Attributes:
        state: ``unknown``, ``asking``, ``ready`` or ``failed``.
        error, hint: why it failed, and what to do.
        version: of the backend.
        components: what it has, broken ones included.
    """

    state: str = "unknown"
    error: str = ""
    hint: str = ""
    version: str = ""
    components: tuple[ComponentInfo, ...] = ()

    def generators(self, instrument: str = "") -> list[ComponentInfo]:
        """Those that play an instrument, or all; of what an older backend has, nobody knows what it plays."""
        able = [c for c in self.components if c.kind == "generator" and not c.error]
        return [c for c in able if not instrument or not c.instruments or instrument in c.instruments]

    def correctors(self, fills: bool = False) -> list[ComponentInfo]:
        """Those that repair; or those that fill between poses, and vary."""
        return [c for c in self.components if c.kind == "corrector" and not c.error and c.fills == fills]

    def followers(self, instrument: str = "") -> list[ComponentInfo]:
        """Generators that play with a body that is given."""
        return [c for c in self.generators(instrument) if c.follows]

    def follows(self, name: str) -> bool:
        """Whether this is a generator that does."""
        return any(c.name == name for c in self.followers())

    def fillers(self, instrument: str = "") -> list[ComponentInfo]:
        """What may be chosen to fill between poses, and to vary."""
        return [*self.correctors(fills=True), *self.followers(instrument)]

    def recommenders(self) -> list[ComponentInfo]:
        return [c for c in self.components if c.kind == "recommender" and not c.error]

    def recognized(self, given: str = "SOUND", instrument: str = "") -> list[str]:
        """Namespaces that can be recognised from SOUND (with a score perhaps), MOTION or BOTH; beats and bars while
        nothing is known. Violins have no pedal, and only scores tell a piano's."""
        able = [c for c in self.components if not c.error and (given != "MOTION" or "motion" in c.inputs)]
        written = {namespace for c in able for namespace in c.writes}
        able_to = (written or {"beat", "downbeat"}) - ({"pedal"} if instrument == "violin" else set())
        return [n for n in NAMESPACES if n in able_to]

    def find(self, name: str) -> ComponentInfo | None:
        """The generator of that name."""
        return next((c for c in self.generators() if c.name == name), None)


USUAL: Final = {"violin": "performer", "piano": "pianist"}
"""Instrument -> the generator that plays it where nothing else is chosen."""

FILLS: Final = {"violin": "momu-fill", "piano": "pianist"}
"""Instrument -> what fills and varies there where nothing else is chosen."""

_known = Known()
_answers: queue.SimpleQueue[tuple[int, Known]] = queue.SimpleQueue()
_asked = 0
"""Number of the newest question; answers to older ones are dropped."""
_child_state = "stopped"


def known() -> Known:
    """What the last look showed; cheap enough to draw."""
    return _known


def player_of(instrument: str, now: str) -> str:
    """A generator that plays an instrument: the one of now, if it is known to; else the usual one."""
    able = _known.generators(instrument)
    if any(c.name == now and c.instruments for c in able):
        return now
    usual = USUAL.get(instrument, now)
    return usual if not able or any(c.name == usual for c in able) else able[0].name


def filler_of(instrument: str, now: str) -> str:
    """What fills and varies at an instrument: what does now, if it can. Correctors press no keys."""
    able = [c.name for c in (_known.followers(instrument) if instrument == "piano" else _known.fillers(instrument))]
    usual = FILLS.get(instrument, now)
    return now if now in able else usual if not able or usual in able else able[0]


def backend() -> Backend:
    """The chosen backend.

    Raises:
        BackendError: it does not run, its address is wrong, or the network may not be used.
    """
    chosen = settings()
    if chosen.kind == LOCAL:
        if CHILD.state == "starting":
            raise BackendError("the backend is starting", "Wait a moment")
        if not CHILD.address:
            raise BackendError("the backend does not run", "Press Start Backend")
        return Backend(CHILD.address, CHILD.token)
    found = Backend(chosen.address, chosen.token)
    if not found.address.local and not bpy.app.online_access:
        raise BackendError(OFFLINE, ALLOW)
    return found


def start_local() -> None:
    """Start the local backend; :func:`poll` notices when it is ready, and that it could not be started."""
    global _child_state, _known
    forget()
    try:
        CHILD.start(find_command(settings().command))
        _child_state = "starting"
    except LocalBackendError as error:
        _known = Known("failed", str(error))


def stop_local() -> None:
    """Stop the local backend; nothing is known any more."""
    global _child_state
    CHILD.stop()
    _child_state = "stopped"
    forget()


def forget() -> None:
    """Nothing is known any more (the address changed)."""
    global _known, _asked
    _asked += 1
    _known = Known()


def refresh() -> None:
    """Ask the backend what it is and has; :func:`poll` takes the answer."""
    global _known, _asked
    _asked += 1
    try:
        asked = backend()
    except BackendError as error:
        _known = replace(_known, state="failed", error=error.message, hint=error.hint)
        return
    _known = replace(_known, state="asking", error="", hint="")
    threading.Thread(target=_ask, args=(asked, _asked), daemon=True).start()


def _ask(asked: Backend, number: int) -> None:
    try:
        version = asked.health().version
        answer = Known("ready", version=version, components=tuple(asked.components()))
    except BackendError as error:
        answer = Known("failed", error.message, error.hint)
    _answers.put((number, answer))


def poll() -> bool:
    """Take answers and notice what became of the child; whether anything changed. Blender's thread only."""
    changed = _watch_child()
    while not _answers.empty():
        number, answer = _answers.get()
        if number == _asked:
            _take(answer)
            changed = True
    return changed


def starting() -> bool:
    """Whether the local backend is on its way."""
    return CHILD.state == "starting"


def busy() -> bool:
    """Whether :func:`poll` has something to wait for."""
    return _known.state == "asking" or CHILD.state in ("starting", "running")


def _take(answer: Known) -> None:
    global _known
    _known = answer
    try:
        options.update(answer.components)
    except Exception as error:  # whatever a backend sends as a schema: the timer must go on
        _known = Known("failed", f"its options cannot be shown ({error!r})", "Install the same version on both sides")


def _watch_child() -> bool:
    global _child_state, _known
    before, _child_state = _child_state, CHILD.state
    if before == _child_state:
        return False
    if _child_state == "running":
        refresh()
    elif _child_state == "failed":
        last = CHILD.last_line or "it said nothing"
        _known = Known("failed", f"the backend ended: {last}", "Press Start Backend; if it ends again, copy its log")
    return True
