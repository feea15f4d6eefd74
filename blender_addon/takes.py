# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes: performances of a character as NLA strips, each with actions of its own.

A take moves one or more objects (the character's armature, its props): it has one action
for each, in a track of its own on that object. The object's active action, the animator's
tracks and their keys are never touched. Nothing here makes an undo step; the operators do.

A take's strips are those that play its actions, wherever they lie and whatever they are
called: an animator may move, rename, split and copy them.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Generator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import bpy
import numpy as np

from . import put_away
from .reference import Reference
from .rig import nla
from .take_draft import Draft, Range, TakeError, remove_leftovers
from .take_draft import find as found
from .take_entries import entries_of
from .take_strips import (
    add_layer,
    changed_by_hand,
    check_there,
    clock_of,
    edit,
    edited,
    frames_of,
    hidden_by,
    laid_over,
    lay_over,
    made_theirs,
    none_is_seen,
    only_seen,
    remember_pose,
    show,
    shown,
    solo,
    soloed,
    strips_of,
)

if TYPE_CHECKING:
    from .core.rotations import Array
    from .rig.channels import Channel

__all__ = [
    "TakeError",
    "Written",
    "add_layer",
    "changed_by_hand",
    "check_there",
    "clock_of",
    "edit",
    "edited",
    "frames_of",
    "hidden_by",
    "laid_over",
    "lay_over",
    "made_theirs",
    "only_seen",
    "show",
    "shown",
    "solo",
    "soloed",
    "strips_of",
    "write_take",
]


TEMPORARY: Final = "temporary"
"""Mark in the provenance of a first part or a preview."""


@dataclass(frozen=True)
class Written:
    """What :func:`write_take` returns.

    Attributes:
        uid: of the take.
        hand_keys: how many keys of the animator were kept in what was written again.
    """

    uid: str
    hand_keys: int = 0


def write_take(
    armature: Any,
    channels: Mapping[str, Sequence[Channel]],
    frames: Array,
    *,
    provenance: Mapping[str, Any],
    name: str = "Take 1",
    replace: Any = None,
    part: str | Collection[str] | None = None,
    frame_range: tuple[float, float] | None = None,
    fade: float = 8.0,
    keep_hand: bool = True,
) -> Generator[float, None, Written]:
    """Write a take in small pieces of work; it appears, shown, when the generator ends.

    With ``replace`` only that take changes, and of it only the keys of these channels, in
    ``frame_range`` and of ``part``; every key outside stays as it is, bit for bit. At both
    seams, inside the range, the old movement becomes the new one over ``fade`` frames.

    An animator's own keys are sacred in the range too: a key that they set, or moved to
    another value, stays; between two neighbouring ones nothing is put, for that passage is
    theirs; beside them the new movement fades as at a seam. To have such a passage written
    again, say ``keep_hand=False`` (undo brings the keys back) or delete the keys first.
    Keys that they deleted or shifted in time without changing them count as ours.

    Args:
        armature: of the character, to which the take belongs.
        channels: object names -> channels.
        frames: (T,) scene frames of the channels' values, rising; fractions are kept.
        provenance: how it was made.
        name: of a new take; a number is added when the character has a take of that name.
        replace: the take to write again, None for a new one.
        part: only the channels of this part or these parts of the body.
        frame_range: scene frames (first, last) that are written again, None for all.
        fade: frames of each cross-fade.
        keep_hand: whether the animator's keys stay.

    Yields:
        What is done, from 0 to 1. Closing the generator early leaves nothing behind. A piece
        takes a few milliseconds; but an action to which an animator has added F-curve modifiers,
        pose markers or slots is copied in one.

    Returns:
        Which take it is, and how many of the animator's keys it goes round.

    Raises:
        TakeError: an object is not there or cannot be changed, or was deleted, or undone meanwhile.
    """
    if frame_range is not None and not frame_range[0] < frame_range[1]:
        raise TakeError(f"a range runs from a frame to a later one, not from {frame_range[0]} to {frame_range[1]}")
    _check_editable(armature)
    wanted = {part} if isinstance(part, str) else None if part is None else set(part)
    drafts = []
    for key, all_of_it in channels.items():
        chosen = [c for c in all_of_it if wanted is None or c.part in wanted]
        if chosen:
            drafts.append(_draft(key, chosen, len(frames), replace))
    if not drafts:
        raise TakeError(f"nothing moves {' or '.join(sorted(wanted))}" if wanted else "nothing moves")
    where = Range(*(frame_range or (-np.inf, np.inf)), max(fade, 0.0), keep_hand)
    fields = _fields(provenance)
    if replace is None:
        fields["name"] = free_name(armature, name)
    else:
        fields = _revised(replace, fields, wanted, frame_range)
    remove_leftovers()
    return _write(Reference.to(armature), drafts, np.asarray(frames), where, fields, replace is not None)


def _draft(name: str, channels: Sequence[Channel], count: int, replace: Any) -> Draft:
    item = bpy.data.objects.get(name)
    if item is None:
        raise TakeError(f"there is no object {name!r}; was it renamed or deleted? Generate again")
    _check_editable(item)
    for channel in channels:
        if len(channel.values) != count:
            raise TakeError(f"{channel.path} of {name!r} has {len(channel.values)} values for {count} frames")
        try:
            item.path_resolve(channel.path)
        except ValueError:
            raise TakeError(f"{name!r} has no {channel.path} any more; map its bones and generate again") from None
    entry = _entry(replace, item) if replace is not None else None
    return Draft(Reference.to(item), channels, Reference.to(entry.action) if entry and entry.action else None)


def _entry(take: Any, item: Any) -> Any:
    """What the take has for an object, or None."""
    return next((entry for entry in take.actions if entry.object == item), None)


def _check_editable(item: Any) -> None:
    if item.library is not None:
        raise TakeError(
            f"{item.name!r} is linked from {item.library.filepath!r} and cannot be changed here; "
            "make a library override of it first (Object > Library Override > Make)"
        )


def _fields(provenance: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "uid": uuid.uuid4().hex[:12],
        "seed": int(provenance.get("seed") or 0),
        "generator": str(provenance.get("generator") or ""),
        "provenance": json.dumps(dict(provenance)),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _revised(
    take: Any, fields: dict[str, Any], part: Collection[str] | None, frame_range: tuple[float, float] | None
) -> dict[str, Any]:
    """What changes of a take's fields: all, or, where only some of it is written again, a note of that."""
    if part is None and frame_range is None:
        return {**fields, "uid": take.uid, "name": take.name}
    whole = provenance(take)
    change = {"parts": sorted(part) if part else None, "frames": frame_range, "made": fields["created"]}
    change["provenance"] = json.loads(fields["provenance"])
    whole["revisions"] = [*whole.get("revisions", ()), change]
    return {"uid": take.uid, "name": take.name, "provenance": json.dumps(whole)}


def _write(
    armature: Reference, drafts: list[Draft], frames: Array, where: Range, fields: dict[str, Any], again: bool
) -> Generator[float, None, Written]:
    try:
        keys = sum(c.values.size for draft in drafts for c in draft.channels)
        done = 0
        for draft in drafts:
            for count in draft.write(f"{draft.owner.name} {fields['name']}", frames, where):
                done += count
                yield min(done / max(keys, 1), 1.0) * 0.99
        for draft in drafts:
            for _ in draft.check_unchanged():
                yield 0.99
        _finish(found(armature), drafts, fields, again)
    finally:
        for draft in drafts:
            draft.discard()
    yield 1.0
    return Written(fields["uid"], sum(draft.hand_keys for draft in drafts))


def _finish(armature: Any, drafts: list[Draft], fields: dict[str, Any], again: bool) -> None:
    """Enter the drafts in the character's list and its tracks, in one piece."""
    take = find(armature, fields["uid"])
    if again and take is None:
        raise TakeError(f"the take {fields['name']!r} was deleted while it was written again")
    owners = [found(draft.owner) for draft in drafts]
    for draft in drafts:  # see that all is there before anything changes
        draft.found()
    if take is None:
        take = armature.cadenza_takes.add()
    for key, value in fields.items():
        if getattr(take, key) != value:
            setattr(take, key, value)
    for owner, draft in zip(owners, drafts, strict=True):
        remember_pose(owner, draft.found())
    for owner, draft in zip(owners, drafts, strict=True):
        _play(take, owner, draft.finished(), found(draft.old) if draft.old is not None else None)
    if not again:
        armature.cadenza_take_index = len(armature.cadenza_takes) - 1
    show(armature, take)


def _play(take: Any, owner: Any, action: Any, old: Any) -> None:
    """Let an owner play a take's new action, in place of an old one, which goes unless something else uses it."""
    action["cadenza"], action["cadenza_take"] = take.provenance, take.uid
    entry = _entry(take, owner) or take.actions.add()
    entry.object, entry.action = owner, action
    if old is None:
        nla.add_strip(owner, action, f"Cadenza {take.uid}", take.name)
        return
    nla.exchange(owner, old, action)
    name = old.name
    _remove_unused(old)
    action.name = name


def _remove_unused(action: Any) -> None:
    """Remove an action that no data-block uses; one that an animator gave a fake user is used."""
    if action is not None and action.library is None and action.users == 0:
        bpy.data.actions.remove(action)


def is_temporary(take: Any) -> bool:
    """Whether a take is a first part or a preview, which goes when the whole comes."""
    return TEMPORARY in provenance(take)


def keep(take: Any) -> None:
    """Let a first part or a preview stay: an animator has made it theirs."""
    take.provenance = json.dumps({k: v for k, v in provenance(take).items() if k != TEMPORARY})


def takes_of(armature: Any) -> Any:
    """The character's takes, the oldest first; each has the fields of ``CadenzaTake``."""
    return armature.cadenza_takes


def find(armature: Any, uid: str) -> Any:
    """The take with that identifier, or None."""
    return next((take for take in armature.cadenza_takes if take.uid == uid), None)


def provenance(take: Any) -> dict[str, Any]:
    """How the take was made: generator, options, seed, hash of the sound; ``revisions`` of parts and ranges."""
    return dict(json.loads(take.provenance or "{}"))


def free_name(armature: Any, name: str = "Take 1", uid: str = "") -> str:
    """The name, counted up until no other take of the character has it: Take 1, Take 2, ..."""
    taken = {take.name for take in armature.cadenza_takes if take.uid != uid}
    stem, _, last = name.rpartition(" ")
    stem, number = (stem, int(last)) if stem and last.isdecimal() else (name, 1)
    while name in taken:
        number += 1
        name = f"{stem} {number}"
    return name


def star(take: Any) -> None:
    """Mark a take, or take the mark away."""
    take.starred = not take.starred


def rename(armature: Any, take: Any, name: str) -> None:
    """Give a take, its strips and its actions another name; a number is added when another take has it."""
    take.name = free_name(armature, name.strip() or take.name, take.uid)


def follow_name(take: Any) -> None:
    """Name a take's strips and actions after it, when it was renamed here or in the panel's list."""
    free = free_name(take.id_data, take.name.strip() or "Take 1", take.uid)
    if free != take.name:
        take.name = free  # comes here again
        return
    for _, _, strip in strips_of(take):
        strip.name = take.name
    for entry in entries_of(take):
        if entry.action is not None and entry.object is not None and entry.action.library is None:
            entry.action.name = f"{entry.object.name} {take.name}"


def duplicate(armature: Any, take: Any) -> dict[str, Any]:
    """The provenance of a take like this one, with a seed that no take of the character has: to generate with."""
    again = provenance(take)
    revisions = again.pop("revisions", ())
    seeds = {other.seed for other in armature.cadenza_takes}
    seeds |= {int(revision["provenance"].get("seed") or 0) for revision in revisions}
    seed = take.seed + 1
    while seed in seeds:
        seed += 1
    return {**again, "seed": seed % 2**31}


def delete(armature: Any, take: Any) -> None:
    """Remove a take: its strips, its tracks, and its actions where nothing else uses them."""
    if armature.override_library is not None and any(track.is_override_data for _, track, _ in strips_of(take)):
        raise TakeError(
            f"the take {take.name!r} comes from the linked file of {armature.name!r}; hide it here, delete it there"
        )
    solo(take, False)
    before = any(shown(other) for other in armature.cadenza_takes)
    actions = []
    for entry in entries_of(take):
        if entry.object is not None and entry.action is not None:
            nla.remove_strips(entry.object, entry.action)
        actions.append(entry.action)
        entry.action = None
    armature.cadenza_takes.remove(next(i for i, t in enumerate(armature.cadenza_takes) if t.uid == take.uid))
    for action in actions:
        _remove_unused(action)
    seen = next((t for t in armature.cadenza_takes if shown(t)), None)
    put_away.follow(armature, seen)
    if seen is None:
        none_is_seen(armature, before)
    last = len(armature.cadenza_takes) - 1
    armature.cadenza_take_index = max(0, min(armature.cadenza_take_index, last))
