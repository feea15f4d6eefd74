# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The actions of a take while they are written, piece by piece, between an animator's own steps.

Between two pieces anything may happen: undo, renaming, deleting, another file. So nothing
of Blender's is held over a pause; data-blocks are found again by their session's
identifier, and a draft knows how many of its pieces are written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np

from .reference import Reference
from .rig import nla
from .rig.action import (
    Keys,
    copy_curve,
    curves_of,
    emptied,
    fingerprint,
    is_plain,
    new_action,
    new_curve,
    set_keys,
    values_at,
)
from .rig.splice import NEAR, splice

if TYPE_CHECKING:
    from .core.rotations import Array
    from .rig.channels import Channel

PIECE = 10_000
"""Keys that are set between two pauses: one to three milliseconds."""
DRAFT = "cadenza_draft"
"""Custom property of an unfinished action: how many of its pieces are written."""


WRITING: set[int] = set()
"""Session identifiers of the drafts that are being written."""


class TakeError(ValueError):
    """A take cannot be written or changed; the message says why and what to do."""


def find(reference: Reference) -> Any:
    """The data-block; TakeError when it is gone."""
    block = reference.find()
    if block is None:
        raise TakeError(
            f"{reference.name!r} is gone: it was deleted or undone while the take was written, "
            "or another file was opened; generate again"
        )
    return block


@dataclass(frozen=True)
class Range:
    """What of a take is written again.

    Attributes:
        first, last: scene frames; infinite for all of it.
        fade: frames of the cross-fades inside of them.
        keep_hand: whether an animator's keys stay.
    """

    first: float = -np.inf
    last: float = np.inf
    fade: float = 0.0
    keep_hand: bool = True

    def on(self, clock: nla.Clock, first: float, last: float) -> Range:
        """The same on an action's own time; an end where its keys (from ``first`` to ``last``) end is open."""
        begin, end = (float(clock.inside(np.array(frame))) for frame in (self.first, self.last))
        return replace(
            self,
            first=begin if begin > first + NEAR else -np.inf,
            last=end if end < last - NEAR else np.inf,
            fade=self.fade / clock.scale,
        )

    @property
    def held(self) -> list[tuple[float, float]]:
        """What lies outside: intervals from and to."""
        outside = [(-np.inf, self.first), (self.last, np.inf)]
        return [pair for pair in outside if np.isfinite(pair).any()]


@dataclass
class Draft:
    """The coming action of one object of a take.

    Attributes:
        owner: the object.
        channels: what is written.
        old: the action that it will replace, None for a new take.
        action: the draft, None before it is begun.
        pieces: how many are written.
        hand_keys: how many keys of the animator were kept where it was written.
        before: fingerprints of the old action's F-curves when they were copied.
    """

    owner: Reference
    channels: Sequence[Channel]
    old: Reference | None = None
    action: Reference | None = None
    pieces: int = 0
    hand_keys: int = 0
    before: list[int] = field(default_factory=list)

    def check_unchanged(self) -> Iterator[int]:
        """See, curve by curve, that the old action was not changed meanwhile: it is written again else, with that.

        Raises:
            TakeError: it was.
        """
        for index in range(len(self.before)):
            curves = curves_of(find(self.old)).fcurves if self.old is not None else ()
            if len(curves) != len(self.before) or fingerprint(curves[index]) != self.before[index]:
                raise TakeError("the take's keys were changed while it was written again; generate again")
            yield 0

    def found(self) -> Any:
        """The draft action, after seeing that nobody has undone what was written."""
        assert self.action is not None
        action = find(self.action)
        if action.get(DRAFT) != self.pieces:
            raise TakeError("the take was undone while it was written; generate again")
        return action

    def _written(self) -> None:
        self.pieces += 1
        assert self.action is not None
        find(self.action)[DRAFT] = self.pieces

    def write(self, name: str, frames: Array, where: Range) -> Iterator[int]:
        """Write the action; yields the keys written since the last pause.

        Args:
            name: of the action.
            frames: (T,) scene frames of the channels' values.
            where: what of the old action is written again.
        """
        if self.old is None:
            self._begin(new_action(name, find(self.owner)))
            yield from self._write_new(frames)
            return
        yield from self._copy()
        clock = nla.clock_of(find(self.owner), find(self.old), where.first, where.last)
        inside = where.on(clock, *self.found().curve_frame_range)
        for channel in self.channels:
            yield from self._write_again(channel, clock.inside(frames), inside)

    def _begin(self, action: Any) -> None:
        action[DRAFT] = 0
        self.action = Reference.to(action)
        WRITING.add(self.action.uid)

    def _copy(self) -> Iterator[int]:
        """Begin with a copy of the old action, made curve by curve where that is all that there is to it."""
        assert self.old is not None
        old = find(self.old)
        if not is_plain(old):
            self.before = [fingerprint(curve) for curve in curves_of(old).fcurves]
            self._begin(old.copy())
            yield 0
            return
        self._begin(emptied(old))
        count = len(curves_of(old).fcurves)
        for index in range(count):
            curves = curves_of(find(self.old)).fcurves
            if len(curves) != count:
                raise TakeError("the take was changed while it was written again; generate again")
            self.before.append(fingerprint(curves[index]))
            copy_curve(curves[index], curves_of(self.found()))
            self._written()
            yield 0

    def _write_new(self, frames: Array) -> Iterator[int]:
        keys = 0
        for channel in self.channels:
            for index in range(channel.values.shape[1]):
                curve = new_curve(curves_of(self.found()), channel.path, index, channel.group)
                set_keys(curve, frames, channel.values[:, index])
                self._written()
                keys += len(frames)
                if keys >= PIECE:
                    yield keys
                    keys = 0
        yield keys

    def _write_again(self, channel: Channel, frames: Array, where: Range) -> Iterator[int]:
        """Splice a channel into the copy of the old action."""
        wanted = (frames >= where.first - NEAR) & (frames <= where.last + NEAR)
        frames, values = frames[wanted], channel.values[wanted]
        if not len(frames):
            return
        curves = self._curves(channel, frames, values)
        old = [Keys.read(curve) for curve in curves]
        hand = [k.by_hand if where.keep_hand else np.zeros(len(k.frames), dtype=bool) for k in old]
        result = splice(
            [k.frames for k in old],
            hand,
            frames,
            values,
            where.held,
            where.fade,
            lambda at: np.stack([values_at(curve, at) for curve in curves], axis=-1),
            kind_of(channel),
        )
        yield 0
        for i, keys in enumerate(old):
            inside = (keys.frames > where.first) & (keys.frames < where.last)
            self.hand_keys += int((hand[i] & inside & result.kept[i]).sum())
            fresh = Keys.generated(result.frames[i], result.values[i], result.cuts[i])
            keys.chosen(result.kept[i]).joined(fresh).write(self._curves(channel, frames, values)[i])
            self._written()
            yield len(frames)

    def _curves(self, channel: Channel, frames: Array, values: Array) -> list[Any]:
        """The draft's F-curves of a channel; those that were missing hold the first new value."""
        curves, found = curves_of(self.found()), []
        for index in range(values.shape[1]):
            curve = curves.fcurves.find(channel.path, index=index)
            if curve is None:
                curve = new_curve(curves, channel.path, index, channel.group)
                set_keys(curve, frames[:1], values[:1, index])
            found.append(curve)
        return found

    def finished(self) -> Any:
        """The action, no longer a draft."""
        action = self.found()
        del action[DRAFT]
        WRITING.discard(action.session_uid)
        self.action = None
        return action

    def discard(self) -> None:
        """Leave nothing behind."""
        if self.action is not None:
            WRITING.discard(self.action.uid)
            action = self.action.find()
            if action is not None:
                bpy.data.actions.remove(action)


def kind_of(channel: Channel) -> str:
    """How a channel's values are blended, see :func:`~.rig.splice.splice`."""
    if channel.path.endswith("rotation_quaternion"):
        return "quaternion"
    return "euler" if channel.path.endswith("rotation_euler") else ""


def remove_leftovers() -> None:
    """Remove unfinished actions that nobody is writing: undo can bring them back."""
    for action in [a for a in bpy.data.actions if DRAFT in a and a.session_uid not in WRITING]:
        bpy.data.actions.remove(action)
