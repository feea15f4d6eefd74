# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes: performances of a character as NLA strips, each with actions of its own.

A take moves one or more objects (the character's armature, its props): it has one action
for each, in a track of its own on that object. The object's active action, the animator's
tracks and their keys are never touched. Nothing here makes an undo step; the operators do.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import bpy

from .rig import nla
from .rig.action import curves_of, new_action, new_curve, set_keys

if TYPE_CHECKING:
    from .core.rotations import Array
    from .rig.channels import Channel

PIECE = 10_000
"""Keys that are set between two yields: a few milliseconds."""
DRAFT = "cadenza_draft"
"""Custom property of an action whose take is not finished."""


class TakeError(ValueError):
    """A take cannot be written or changed; the message says why and what to do."""


def takes_of(armature: Any) -> Any:
    """The character's takes, the oldest first; each has the fields of ``CadenzaTake``."""
    return armature.cadenza_takes


def provenance(take: Any) -> dict[str, Any]:
    """How the take was made: generator, options, seed, hash of the sound."""
    return dict(json.loads(take.provenance or "{}"))


def write_take(
    armature: Any,
    channels: Mapping[str, Sequence[Channel]],
    frames: Array,
    *,
    name: str,
    provenance: Mapping[str, Any],
) -> Generator[float, None, None]:
    """Write a take in small pieces of work; it appears, shown, when the generator ends.

    Args:
        armature: of the character, to which the take belongs.
        channels: object names -> channels.
        frames: (T,) scene frames of the channels' values, rising; fractions are kept.
        name: of the take; a number is added when the character has a take of that name.
        provenance: how it was made.

    Yields:
        What is done, from 0 to 1. Closing the generator early leaves nothing behind.

    Raises:
        TakeError: an object is not there, or was deleted or undone meanwhile.
    """
    _check_editable(armature)
    owners = [_Owner.of(name, channels) for name in channels]
    return _write(_Reference.to(armature), owners, frames, _fields(armature, name, provenance))


@dataclass(frozen=True)
class _Reference:
    """A data-block that is found again after anything but its deletion; Python's own references do not survive undo."""

    kind: str
    name: str
    uid: int

    @classmethod
    def to(cls, block: Any) -> _Reference:
        return cls("actions" if isinstance(block, bpy.types.Action) else "objects", block.name, block.session_uid)

    def find(self) -> Any:
        blocks = getattr(bpy.data, self.kind)
        named = blocks.get(self.name)
        if named is not None and named.session_uid == self.uid:
            return named
        found = next((b for b in blocks if b.session_uid == self.uid), None)
        if found is None:
            raise TakeError(f"{self.name!r} is gone: it was deleted or undone, or another file was opened")
        return found


@dataclass
class _Owner:
    """An object that a take moves, and the action that is being written for it."""

    object: _Reference
    channels: Sequence[Channel]
    action: _Reference | None = field(default=None)
    curves: int = 0

    @classmethod
    def of(cls, name: str, channels: Mapping[str, Sequence[Channel]]) -> _Owner:
        found = bpy.data.objects.get(name)
        if found is None:
            raise TakeError(f"there is no object {name!r}; was it renamed or deleted? Generate again")
        _check_editable(found)
        return cls(_Reference.to(found), channels[name])


def _check_editable(item: Any) -> None:
    if item.library is not None:
        raise TakeError(
            f"{item.name!r} is linked from {item.library.filepath!r} and cannot be changed here; "
            "make a library override of it first (Object > Library Override > Make)"
        )


def _fields(armature: Any, name: str, provenance: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": free_name(armature, name),
        "uid": uuid.uuid4().hex[:12],
        "seed": int(provenance.get("seed") or 0),
        "generator": str(provenance.get("generator") or ""),
        "provenance": json.dumps(dict(provenance)),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def free_name(armature: Any, name: str = "Take 1") -> str:
    """The name, counted up until no take of the character has it: Take 1, Take 2, ..."""
    taken = {take.name for take in armature.cadenza_takes}
    stem, _, last = name.rpartition(" ")
    stem, number = (stem, int(last)) if stem and last.isdecimal() else (name, 1)
    while name in taken:
        number += 1
        name = f"{stem} {number}"
    return name


def _write(
    armature: _Reference, owners: list[_Owner], frames: Array, fields: dict[str, Any]
) -> Generator[float, None, None]:
    try:
        yield from _write_actions(owners, frames, fields)
        take = _add(armature.find(), owners, fields)
        show(armature.find(), take)
        owners.clear()
    finally:
        for owner in owners:
            _discard(owner.action)
    yield 1.0


def _write_actions(owners: list[_Owner], frames: Array, fields: dict[str, Any]) -> Generator[float, None, None]:
    total = sum(c.values.shape[1] for owner in owners for c in owner.channels) or 1
    done = keys = 0
    for owner in owners:
        item = owner.object.find()
        action = new_action(f"{item.name} {fields['name']}", item)
        action[DRAFT], action["cadenza"], action["cadenza_take"] = True, fields["provenance"], fields["uid"]
        owner.action = _Reference.to(action)
        for channel in owner.channels:
            for index in range(channel.values.shape[1]):
                curve = new_curve(_drafted(owner), channel.path, index, channel.group)
                set_keys(curve, frames, channel.values[:, index])
                owner.curves += 1
                done, keys = done + 1, keys + len(frames)
                if keys >= PIECE:
                    keys = 0
                    yield done / total * 0.99


def _drafted(owner: _Owner) -> Any:
    """The curves of an owner's unfinished action, after seeing that nobody undid what was written."""
    assert owner.action is not None
    curves = curves_of(owner.action.find())
    if len(curves.fcurves) != owner.curves:
        raise TakeError("the take was undone while it was written; apply it again")
    return curves


def _discard(action: _Reference | None) -> None:
    try:
        if action is not None:
            bpy.data.actions.remove(action.find())
    except TakeError:
        pass  # gone already


def _add(armature: Any, owners: list[_Owner], fields: dict[str, Any]) -> Any:
    """Enter the take in the character's list and put its strips in the tracks."""
    for owner in owners:  # all of it, before anything changes
        owner.object.find(), _drafted(owner)
    take = armature.cadenza_takes.add()
    for key, value in fields.items():
        setattr(take, key, value)
    for owner in owners:
        assert owner.action is not None
        item, action = owner.object.find(), owner.action.find()
        del action[DRAFT]
        entry = take.actions.add()
        entry.object, entry.action = item, action
        nla.add_strip(item, action, f"Cadenza {take.uid}", take.name)
    armature.cadenza_take_index = len(armature.cadenza_takes) - 1
    return take


def find(armature: Any, uid: str) -> Any:
    """The take with that identifier, or None."""
    return next((take for take in armature.cadenza_takes if take.uid == uid), None)


def strips_of(take: Any) -> list[tuple[Any, Any, Any]]:
    """The take's strips: object, track, strip."""
    return [
        (entry.object, track, strip)
        for entry in take.actions
        if entry.object is not None
        for track, strip in nla.strips_of(entry.object, entry.action)
    ]


def show(armature: Any, take: Any) -> None:
    """Let this take be seen and mute the character's others; None mutes all of them."""
    for other in armature.cadenza_takes:
        for _, track, strip in strips_of(other):
            strip.mute = take is None or other.uid != take.uid
            if not strip.mute:
                track.mute = False


def shown(take: Any) -> bool:
    """Whether any of the take's strips is seen."""
    return any(not strip.mute and not track.mute for _, track, strip in strips_of(take))


def delete(armature: Any, take: Any) -> None:
    """Remove a take: its strips, its tracks, and its actions where nothing else uses them."""
    actions = []
    for entry in take.actions:
        if entry.object is not None and entry.action is not None:
            nla.remove_strips(entry.object, entry.action)
        actions.append(entry.action)
        entry.action = None
    armature.cadenza_takes.remove(next(i for i, t in enumerate(armature.cadenza_takes) if t.uid == take.uid))
    for action in actions:
        if action is not None and action.users == 0:
            bpy.data.actions.remove(action)
    last = len(armature.cadenza_takes) - 1
    armature.cadenza_take_index = max(0, min(armature.cadenza_take_index, last))
