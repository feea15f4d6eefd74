# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a motion to a take on a character: planned and written in Blender's thread, solved in another.

No step of it holds Blender for long, none holds on to Blender's data between two steps,
and one that is discarded leaves the scene as it was.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from . import put_away, takes, timeline
from .pose import Pose
from .reference import Reference
from .rig import nla, perform
from .rig.merge import Layer, parts_touched

if TYPE_CHECKING:
    from .audio_source import Source
    from .core.motion import Motion
    from .rig.bone_map import BoneMap
    from .rig.channels import Channel

OFF: Final = 0.01
"""Part of a frame by which one may be off and still be whole."""
TRIES: Final = 3
"""How often a take is written when undo takes it away meanwhile."""


class ApplyError(RuntimeError):
    """The motion cannot be applied; the message says why and what to do."""


@dataclass(frozen=True)
class Again:
    """What of a take is generated again: a part of the body, between two times in the recording (seconds)."""

    part: str | None
    begin: float
    end: float
    fade: float


@dataclass(frozen=True)
class Destination:
    """Where a motion goes.

    Attributes:
        name: of the new take.
        place: where the recording lies in the scene; None to begin at the scene's first frame.
        replace: identifier of the take that is generated again, or "".
        frames: first and last scene frame that are generated again, or None for all.
        rate: the scene's frames a second that these frames are of.
        fade: frames over which old and new are blended.
        layers: what of that take is generated again: what was before, and now.
        kept: of a motion that was seen on this very character, seconds of frames that stay as they were seen.
        follows: whether the motion only follows what was seen, by a skeleton of its own.
        free: parts of the body that play in frames that are kept too, for nobody posed them.
        seen: what was seen then.
    """

    character: Reference
    scene: Reference
    bone_map: BoneMap
    name: str
    place: Source | None = None
    replace: str = ""
    frames: tuple[float, float] | None = None
    rate: float = 0.0
    fade: int = 0
    layers: tuple[Again, ...] = ()
    kept: tuple[float, ...] | None = None
    follows: bool = False
    free: frozenset[str] = frozenset()
    seen: Motion | None = field(default=None, repr=False, compare=False)

    def find(self) -> tuple[Any, Any]:
        """Character and scene; ApplyError when one of them is gone."""
        character, scene = self.character.find(), self.scene.find()
        if scene is None:
            raise ApplyError(f"the scene {self.scene.name!r} was deleted meanwhile; generate again in another")
        if character is None or not character.users_scene:
            raise ApplyError(
                f"the character {self.character.name!r} was deleted meanwhile; undo that, or choose another, "
                "and generate again (the backend remembers the result)"
            )
        if self.frames is not None and abs(timeline.frame_rate(scene) - self.rate) > 1e-6:
            raise ApplyError("the scene's frame rate was changed meanwhile; set it back, and generate again")
        return character, scene

    def cut(self, motion: Motion) -> Motion:
        """A motion as long as what it follows."""
        if self.seen is None:
            return motion
        seen, half = self.seen, 0.5 / motion.fps
        found = motion.slice(seen.start - half, seen.start + (len(seen) - 1) / seen.fps + half)
        frame = (found.start - seen.start) * seen.fps  # a sound begins with a whole sample
        return replace(found, start=seen.start + round(frame) / seen.fps) if abs(frame - round(frame)) < OFF else found

    def origin(self, scene: Any) -> float | None:
        return None if self.place is None else self.place.origin(scene)


class Applying:
    """One motion on its way to a take; :meth:`advance` until ``done``.

    Attributes:
        done: whether the take is there.
        motion: what is applied.
        take: identifier of the take, once done.
        hand_keys: how many keys of the animator it goes round.
        report: what the solver says of the fit, once solved.
    """

    def __init__(
        self,
        motion: Motion,
        destination: Destination,
        provenance: Mapping[str, Any],
        later: Sequence[Motion] = (),
    ) -> None:
        self.done, self.take, self.hand_keys = False, "", 0
        self.report: dict[str, Any] = {}
        self.motion, self._destination, self._provenance = motion, destination, provenance
        self._solved: perform.Performance | None = None
        self._failed: BaseException | None = None
        self._fraction = 0.0
        self._writing: Generator[float, None, takes.Written] | None = None
        self._tries = 0
        self._built_props = False
        character, scene = destination.find()
        self._shown = next((t.uid for t in takes.takes_of(character) if takes.shown(t)), "")
        self._index = character.cadenza_take_index
        self._alone = [(Reference.to(owner), name) for owner in _owners(character) for name in nla.soloed_on(owner)]
        self._instruments = put_away.state_of(character)
        self._pose, self._below = Pose({}), character.cadenza_pose
        layers = [Layer(m, *astuple(again)) for m, again in zip(later, destination.layers, strict=True)]
        to, origin = destination, destination.origin(scene)
        plan = perform.plan(character, motion, to.bone_map, scene, origin, layers, to.kept, to.seen, to.free)
        self._thread = threading.Thread(target=self._solve, args=(plan,), daemon=True)
        self._thread.start()

    @property
    def progress(self) -> float:
        """0 to 1."""
        return 1.0 if self.done else self._fraction

    @property
    def writing(self) -> bool:
        return self._writing is not None

    def advance(self, deadline: float) -> None:
        """Go on until ``deadline`` (of ``time.perf_counter``). Raises what went wrong; discard it then."""
        if self._failed is not None:
            raise self._failed
        while self._solved is not None and not self.done and time.perf_counter() < deadline:
            try:
                self._write()
            except takes.TakeError:
                # Undo takes away what is half written: it is written again while character and scene are there.
                self._destination.find()
                self._tries += 1
                if self._tries == TRIES:
                    raise
                self._writing = None

    def succeed(self, earlier: Applying) -> None:
        """Take the place of an earlier, finished one: if this one is discarded, what was before both comes back."""
        self._shown, self._index, self._pose = earlier._shown, earlier._index, earlier._pose
        self._alone, self._below = earlier._alone, earlier._below
        self._instruments = earlier._instruments
        self._built_props = self._built_props or earlier._built_props
        earlier.discard(instruments=False)

    def discard(self, instruments: bool = True) -> None:
        """Take everything away again, the finished take included; safe at any time.

        Args:
            instruments: whether what is played goes too, when it was built for this motion.
        """
        if self._writing is not None:
            self._writing.close()
        character = self._destination.character.find()
        if character is None:
            return
        take = takes.find(character, self.take) if self.take and not self._destination.replace else None
        if take is not None and takes.is_temporary(take) and takes.made_theirs(take):
            takes.keep(take)
            return
        if take is not None:
            seen = takes.shown(take)
            takes.delete(character, take)
            if seen:
                self._pose.restore()
                takes.show(character, takes.find(character, self._shown))
                character.cadenza_take_index, character.cadenza_pose = self._index, self._below
                self._let_play_alone()
            put_away.restore(self._instruments)
        if self._built_props and instruments:
            _remove_idle(character, perform.played_in(self.motion))

    def _let_play_alone(self) -> None:
        """The animator's own track that played solo before."""
        for owner, name in self._alone:
            item = owner.find()
            if item is not None:
                nla.solo_track(item, name)

    def _solve(self, plan: perform.Plan) -> None:
        """In the thread: numpy only."""
        try:
            solved = plan.solve(self._heard)
            self.report = solved.report
            self._solved = solved
        except BaseException as error:  # told by advance(), in Blender's thread
            with suppress(AttributeError):
                error.add_note(traceback.format_exc())
            self._failed = error

    def _heard(self, fraction: float, message: str) -> None:
        self._fraction = 0.5 * fraction

    def _write(self) -> None:
        """One piece of writing: the instruments, if the motion needs any, then the take."""
        assert self._solved is not None
        if self._writing is None:
            character, scene = self._destination.find()
            if self._solved.props and perform.props_of(character, self._solved.plays) is None:
                self._built_props = perform.ensure_props(character, self._solved) is not None
            else:
                self._writing = self._begin(character, scene, self._solved)
            return
        try:
            done = next(self._writing)
            if done >= 1.0:  # the take is there: hear at once which, so that it can be discarded
                next(self._writing)
            self._fraction = 0.5 + 0.5 * done
        except StopIteration as end:
            self.take, self.hand_keys = end.value.uid, end.value.hand_keys
            self.done = True

    def _begin(self, character: Any, scene: Any, solved: perform.Performance) -> Generator[float, None, takes.Written]:
        """The generator that writes; frames are made now, at the frame rate of now."""
        self._pose = Pose.of(_as_named_now(character, solved))
        to, start = self._destination, self._destination.origin(scene)
        start = self.motion.start if start is None else start
        frames = timeline.frame_at(scene, self.motion.times, start)
        again: dict[str, Any] = {}
        if to.replace:
            part = parts_touched(to.layers[-1].part)
            again = {"replace": takes.find(character, to.replace), "part": part, "frame_range": to.frames}
            again["fade"] = to.fade
            if again["replace"] is None:
                raise ApplyError("the take that was to be generated again is gone; generate a new one")
        made = {**self._provenance, "rate": timeline.frame_rate(scene)}
        return takes.write_take(
            character, _as_named_now(character, solved), frames, name=to.name, provenance=made, **again
        )


def _as_named_now(character: Any, solved: perform.Performance) -> dict[str, list[Channel]]:
    """The channels of the character and of its instruments, which an animator may have renamed meanwhile."""
    props = perform.props_of(character, solved.plays) if solved.props else None
    names = {solved.props: props.name if props is not None else solved.props}
    return {names.get(name, character.name): channels for name, channels in solved.channels.items()}


def _remove_idle(character: Any, plays: str) -> None:
    """Take away what was built to be played, unless a take that stays plays it."""
    props = perform.props_of(character, plays)
    if all(entry.object != props for take in takes.takes_of(character) for entry in take.actions):
        perform.remove_props(character, plays)


def _owners(character: Any) -> list[Any]:
    """What takes move: the character and its instruments."""
    return [character, *put_away.instruments_of(character)]
