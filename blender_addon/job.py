# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A job, from the button to the take: a state machine that ``poll()`` drives.

    (watching ->) sending -> queued -> running -> fetching -> applying -> finished
        any of them -> failed | cancelled

Network, decoding and solving happen in threads that never touch Blender; what they say
waits in a queue.
"""

from __future__ import annotations

import json
import queue
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from . import corrections, takes, undo_step
from .applying import ApplyError, Applying
from .core.motion import MotionError
from .order import Order, Preparing, Putting, Work
from .remote_job import Failure, Message, Partial, Progress, Result
from .rig.body import RigError
from .rig.capture import CaptureError

if TYPE_CHECKING:
    from .applying import Destination
    from .core.annotations import AnnotationTrack
    from .core.motion import Motion

BUDGET: Final = 0.025
"""Seconds of Blender's time that one poll may take."""
LOOKING: Final = 3.0
"""How much longer it may take to look at a character: putting the scene back each time costs as much as a frame."""
ENDED: Final = ("finished", "failed", "cancelled")
EXPECTED: Final = (ApplyError, takes.TakeError, RigError, MotionError, CaptureError)
"""Errors whose own words tell the animator what to do."""
SHARE: Final = {"sending": (0.0, 0.1), "queued": (0.1, 0.1), "running": (0.1, 0.85), "fetching": (0.85, 0.88)}
"""Part of the progress bar that a state fills; applying fills the rest."""
REPORT_IT: Final = "Copy the report and send it to us"


class Job:
    """One order being carried out.

    Attributes:
        state: see the module.
        progress: 0 to 1.
        message: what is being done, or how it ended.
        error, hint: what went wrong and what to do.
        notes: what happened when, for the report.
        details: of an error that nobody expected.
    """

    def __init__(self, order: Order) -> None:
        self.order = order
        self.state, self.progress, self.message = "sending", 0.0, order.title
        self.error = self.hint = self.details = ""
        self.notes: list[str] = []
        self.take = ""
        self._messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._cancelled = threading.Event()
        self._preview: Applying | None = None
        self._longer: Applying | None = None  # the preview that is to come
        self._newest: Motion | None = None  # and what came meanwhile
        self._withdrawn: Motion | None = None  # while a file is saved
        self._seen: Motion | None = None  # what the motion follows
        self._final: Applying | None = None
        self._closing: Iterator[None] | None = None
        self._tracks: list[AnnotationTrack] = []
        self._note(order.title)
        self._preparing = order.prepare
        self._marks = order.mark.begun() if order.mark is not None else None
        if order.work is not None:
            self._begin(order.work)

    @classmethod
    def refused(cls, title: str, message: str, hint: str = "", section: str = "generate") -> Job:
        """A job that could not even begin, so that the panel shows why."""
        job = cls(Order(title, None, section=section))
        job._fail(message, hint)
        return job

    def _begin(self, work: Work) -> None:
        arguments = (work, self._messages.put, self._cancelled)
        threading.Thread(target=_work, args=arguments, daemon=True).start()

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def writing(self) -> bool:
        """Whether something is done in Blender's thread: the next poll should come soon."""
        return self._preparing is not None or any(a is not None and a.writing for a in (self._longer, self._final))

    def poll(self, budget: float = BUDGET) -> None:
        """Take in what the threads said, and write keys for at most about ``budget`` seconds."""
        deadline = time.perf_counter() + budget * (LOOKING if self._preparing is not None else 1.0)
        try:
            while not self.ended and not self._messages.empty():
                self._take_in(self._messages.get())
            if not self.ended:
                self._advance(deadline)
        except EXPECTED as error:
            self._fail(str(error))
        except Exception as error:  # whatever happens, the scene is put back and the animator told
            self._fail(f"something unexpected happened ({error!r})", REPORT_IT, traceback.format_exc())

    def cancel(self, why: str = "Cancelled") -> None:
        """Stop, and leave the scene as it was; too late when the take is there and only tidying is left."""
        if not self.ended and self._closing is None:
            self._clear()
            self._end("cancelled", why)

    def _take_in(self, message: Message) -> None:
        if isinstance(message, Progress):
            self._progress(message)
        elif isinstance(message, Partial):
            self._show(message.motion)
        elif isinstance(message, Failure):
            self._fail(message.message, message.hint, message.details)
        else:
            self._receive(message)

    def _progress(self, message: Progress) -> None:
        self.message = message.message
        if message.state != self.state and message.state in SHARE:
            self.state = message.state
            self._note(message.state)
        if message.state in SHARE:
            low, high = SHARE[message.state]
            self.progress = max(self.progress, low + (high - low) * message.fraction)

    def _show(self, motion: Motion) -> None:
        """A beginning, or a preview: a take of its own until a longer or better one comes, or the job ends."""
        if self.order.destination is None:
            return
        if self._longer is not None:
            self._newest = motion  # its turn comes
            return
        to = replace(self._to, name=f"{self._to.name} ({self.order.part})", replace="")
        self._note(f"{self.order.part}: {len(motion)} frames")
        with suppress(*EXPECTED):  # the whole may fit where a part does not; and the whole says it better
            self._longer = Applying(to.cut(motion), to, {**self._origin_of(motion), takes.TEMPORARY: True})

    def _receive(self, result: Result) -> None:
        self._tracks = result.tracks
        if result.motion is None or self.order.destination is None:
            self._closing = self._close("Finished")
            return
        self.state, self.message = "applying", "Fitting the motion to the character"
        self._note(f"received {len(result.motion)} frames at {result.motion.fps:g} a second")
        self._drop_longer()
        self._newest = None
        base, *later = [*result.before, self._to.cut(result.motion)]
        self._final = Applying(base, self._to, self._origin_of(result.motion), later)

    @property
    def _to(self) -> Destination:
        """Where the motion goes, with what it follows."""
        assert self.order.destination is not None
        return replace(self.order.destination, seen=self._seen)

    def _origin_of(self, motion: Motion) -> dict[str, Any]:
        return {**motion.provenance, **self.order.provenance}

    def _advance(self, deadline: float) -> None:
        if self._preparing is not None:
            self._prepare(self._preparing, deadline)
        elif self._closing is not None:
            next(self._closing, None)
        elif self._final is not None:
            self._final.advance(deadline)
            self.progress = max(self.progress, SHARE["fetching"][1] * (1 - self._final.progress) + self._final.progress)
            if self._final.writing:
                self.message = "Writing the take"
            if self._final.done:
                self.take = self._final.take
                self._uncover()
                self._keep_fit(self._final.report)
                self._closing = self._close(self._told(self._final))
        elif self._longer is not None:
            self._advance_preview(self._longer, deadline)

    def _prepare(self, preparing: Preparing, deadline: float) -> None:
        """Look at the character; it has the bar's first tenth, as sending has."""
        self.message = "Looking at the character"
        work = preparing.advance(deadline)
        self.progress = SHARE["sending"][1] * preparing.progress
        if work is not None:
            self._preparing = None
            to = self.order.destination
            self._seen = preparing.seen if to is not None and to.follows else None
            self._begin(work)

    def _advance_preview(self, longer: Applying, deadline: float) -> None:
        if longer.done:  # in a poll of its own: to take the earlier one away costs time too
            if self._preview is not None:
                longer.succeed(self._preview)
            self._preview, self._longer = longer, None
            self._let_be_seen(longer)
            self._show_newest()
            return
        try:
            longer.advance(deadline)
        except EXPECTED as error:
            self._note(f"no {self.order.part}: {error}")
            self._drop_longer()
            self._show_newest()

    def _show_newest(self) -> None:
        if self._newest is not None:
            motion, self._newest = self._newest, None
            self._show(motion)

    def _let_be_seen(self, preview: Applying) -> None:
        """What lies over a preview stays where it is, for the job may be cancelled: the preview plays alone."""
        assert self.order.destination is not None
        character, _ = self.order.destination.find()
        take = takes.find(character, preview.take)
        if take is not None and self._hides(character, take):
            takes.solo(take)

    def withdraw(self) -> None:
        """Take a preview away for a while, unless the whole is about to come in its place."""
        shown = self._longer or self._preview
        if self._final is None and shown is not None:
            motion = self._newest or shown.motion
            self._drop_longer()
            self._drop_preview()
            self._newest = None
            self._withdrawn = None if self._kept(shown) else motion

    def _kept(self, shown: Applying) -> bool:
        """Whether a preview has become a take of the animator's."""
        character = self.order.destination.character.find() if self.order.destination is not None else None
        return character is not None and takes.find(character, shown.take) is not None

    def show_again(self) -> None:
        """Show what was withdrawn."""
        self._newest, self._withdrawn = self._withdrawn, None
        if self._final is None and self._longer is None:
            self._show_newest()

    def _drop_longer(self) -> None:
        if self._longer is not None:
            self._longer.discard(instruments=self._preview is None)
            self._longer = None

    def _keep_fit(self, report: Mapping[str, Any]) -> None:
        """The character remembers how well the motion fits it, for the panel."""
        assert self.order.destination is not None
        character, _ = self.order.destination.find()
        character.cadenza.report = json.dumps(report)

    def _uncover(self) -> None:
        """What a take was made from is most often the active action, which would lie on top of it."""
        assert self.order.destination is not None
        character, _ = self.order.destination.find()
        take = takes.find(character, self.take)
        if self._hides(character, take):
            takes.lay_over(take)

    def _hides(self, character: Any, take: Any) -> bool:
        """Whether something lies over a take that should lie below it."""
        if not self.order.over:
            return False
        return bool(takes.hidden_by(character)) or (self.order.baked and takes.laid_over(take))

    def _told(self, done: Applying) -> str:
        """What the animator reads of the take."""
        assert self.order.destination is not None
        character, _ = self.order.destination.find()
        take = takes.find(character, done.take)
        frames = takes.frames_of(take) or (0, 0)
        kept = f"; {done.hand_keys} keys of yours were kept" if done.hand_keys else ""
        return f"{take.name}: frames {frames[0]:.0f} to {frames[1]:.0f}{kept}"

    def _close(self, message: str) -> Iterator[None]:
        """What is left to do when the take is there, one piece a poll."""
        yield
        self._drop_preview(instruments=False)
        self._settle()
        yield
        if self._marks is not None:
            message = self._mark(self._marks, message)
        message = f"{message}; {self.order.told}" if self.order.told else message
        self.order.then()
        undo_step.push(f"Cadenza: {self.order.title}")
        self._end("finished", message)

    def _mark(self, mark: Putting, message: str) -> str:
        """Put the annotations where they belong; what the animator reads then. A take stays, whatever becomes of its
        markers."""
        try:
            count, left = mark.put(self._tracks)
        except Exception as error:  # the take is worth more than its markers
            if self.order.destination is None:
                raise
            self.details = traceback.format_exc()
            self._note(f"no markers: {error!r}")
            return f"{message}; its markers could not be put ({error}): press Recognise and Mark for them"
        counted = message if self.order.destination is not None else f"{message}: {count} {mark.words}"
        return f"{counted}; {left}" if left else counted

    def _settle(self) -> None:
        scene = self.order.destination.scene.find() if self.order.destination is not None else None
        if scene is not None:
            corrections.settle(scene, self.order.corrected)

    def _drop_preview(self, instruments: bool = True) -> None:
        if self._preview is not None:
            self._preview.discard(instruments)
            self._preview = None

    def _clear(self) -> None:
        """Put the scene back."""
        self._cancelled.set()
        for applying in (self._final, self._longer, self._preview):
            if applying is not None:
                with suppress(ReferenceError, takes.TakeError):
                    applying.discard()
        self._final = self._longer = self._preview = self._preparing = self._newest = None

    def _fail(self, message: str, hint: str = "", details: str = "") -> None:
        self._clear()
        self.error, self.hint, self.details = message, hint, details
        self._note(f"error: {message}")
        self._end("failed", message)

    def _end(self, state: str, message: str) -> None:
        self._cancelled.set()
        self.state, self.message = state, message
        self.progress = 1.0 if state == "finished" else self.progress
        self._note(state)

    def _note(self, text: str) -> None:
        self.notes.append(f"{datetime.now():%H:%M:%S} {text}")


def _work(work: Work, say: Callable[[Message], None], cancelled: threading.Event) -> None:
    """In the thread: whatever happens, the job hears of its end."""
    try:
        work.run(say, cancelled)
    except Exception as error:  # else nobody would hear of it in this thread
        say(Failure(f"something unexpected happened ({error!r})", REPORT_IT, traceback.format_exc()))
