# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies between an animator's poses made up from the music, and takes varied; each result is a take of its own.

Frames that the animator posed are looked at, sent and kept as they are; of all others nothing is sent, for they are to
be made up. The character is looked at once, however many seeds are asked for.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from . import beside, character, connection, followed, obstacles, orders, takes
from .audio_source import Source, source_of
from .order import Order
from .orders import OrderError, all_options, new_take, rate_of, request_of, watched_character
from .reference import Reference
from .remote_job import RemoteJob
from .repairs import frames_to, kept_frames, only_posed
from .rig import nla
from .rig.capture import CaptureError, Poses, Watching
from .rig.hand_keys import DENSE, posed_by_hand, unposed_limbs
from .scene_properties import LARGEST_SEED
from .timeline import seconds_at
from .watch import Watch

FOUR: Final = 4
OF_VARYING: Final = ("variation", "part")
"""Options that count only where a take is varied."""
FILLED: Final = "filled"
"""What the provenance of a take says that was filled between poses."""


@dataclass(frozen=True, eq=False)
class _Look:
    """What is to be looked at, and what of it stays.

    Attributes:
        section: of the panel.
        posed: (T,) frames of which something is sent.
        keep: (T,) frames that stay as they are.
        free: parts of the body that nobody posed in any of them.
        made: joins the take's provenance.
    """

    section: str
    title: str
    name: str
    source: Source
    watching: Watching
    posed: Any
    keep: Any
    made: Mapping[str, Any]
    options: Mapping[str, Mapping[str, Any]]
    free: frozenset[str] = frozenset()


def fill(scene: Any) -> Order:
    """Make up the frames between the animator's own poses."""
    return _orders(scene, _between_poses(scene), [scene.cadenza.fill_seed])[0]


def vary(scene: Any) -> Order:
    """Make the chosen take anew, near to what it is."""
    return _orders(scene, _of_take(scene), [scene.cadenza.fill_seed])[0]


def four_fills(scene: Any) -> list[Order]:
    return _as_four(scene, _orders(scene, _between_poses(scene), seeds(scene.cadenza.fill_seed)))


def four_variations(scene: Any) -> list[Order]:
    return _as_four(scene, _orders(scene, _of_take(scene), seeds(scene.cadenza.fill_seed)))


def four_performances(scene: Any) -> list[Order]:
    return _as_four(scene, [orders.performance(scene, seed) for seed in seeds(scene.cadenza.seed)])


def seeds(first: int) -> list[int]:
    """The four from this one on."""
    return [(first + i) % (LARGEST_SEED + 1) for i in range(FOUR)]


def _as_four(scene: Any, made: Sequence[Order]) -> list[Order]:
    """Orders of which each makes a take "Seed 1", "Seed 2"...; when all are there, who stands side by side is these."""
    series, found = uuid.uuid4().hex[:12], []
    for number, order in enumerate(made, 1):
        assert order.destination is not None
        title = f"{order.title}, seed {number} of {len(made)}"
        to = replace(order.destination, name="Seed 1")
        found.append(replace(order, title=title, destination=to, provenance={**order.provenance, "series": series}))
    place = Reference.to(scene)
    found[-1] = replace(found[-1], then=lambda: beside.refresh(place.find()))
    return found


def _orders(scene: Any, look: _Look, wanted: Sequence[int]) -> list[Order]:
    state = scene.cadenza
    origin = look.source.origin(scene)
    keep = tuple(float(seconds_at(scene, frame, origin)) for frame in look.watching.frames[look.keep])
    follows = connection.known().follows(state.filler)
    to = replace(new_take(scene, look.source), name=look.name, kept=keep, follows=follows, free=look.free)
    found = []
    for seed in wanted:
        watch = Watch(look.watching, _job(scene, look, seed, keep), lambda motion: only_posed(motion, look.posed))
        made = {"generator": state.filler, **look.made}
        order = Order(look.title, None, to, made, None, watch, over=True, part="preview", section=look.section)
        found.append(replace(order, baked=look.section == "fill"))  # what lies over a take lies over its variation too
    return found


def _job(scene: Any, look: _Look, seed: int, keep: tuple[float, ...]) -> RemoteJob:
    """What asks the chosen corrector, or a generator that plays with the body."""
    name, source = scene.cadenza.filler, look.source
    if connection.known().follows(name):
        ends = float(look.watching.frames[0]), float(look.watching.frames[-1])
        return followed.job(scene, source, name, ends, seed, look.options, keep)
    asked = {"corrector": name, "options": look.options, "keep": keep, "seed": seed}
    request = replace(request_of(scene, source, asked), start=None, end=None)
    return RemoteJob(connection.backend(), request, source.sound, None)


def _between_poses(scene: Any) -> _Look:
    source, armature, frames = _stage(scene, "fill")
    bone_map = character.bone_map_of(armature)
    seen, below = _as_posed(armature)
    with seen(armature):
        posed = posed_by_hand(armature, bone_map, np.arange(frames[0], frames[1] + 1))
    if posed.sum() < 2:
        raise OrderError(
            "there are no two poses of yours to fill between; pose the character at two frames, and key it"
        )
    if not scene.cadenza.fill_ends:
        at = np.flatnonzero(posed)
        frames = (frames[0] + int(at[0]), frames[0] + int(at[-1]), frames[2])
    watching = _watching(scene, armature, frames, seen)
    with seen(armature):
        posed = posed_by_hand(armature, bone_map, watching.frames)
        free = unposed_limbs(armature, bone_map, watching.frames)
    if posed.all():
        raise OrderError(
            f"every frame from {frames[0]:g} to {frames[1]:g} has keys of yours, so there is nothing to fill; "
            "thin them out, or vary a take instead"
        )
    watching.only(posed)
    options = all_options(scene.cadenza)
    for name in OF_VARYING:
        options.get(scene.cadenza.filler, {}).pop(name, None)
    made = {FILLED: {"frames": [frames[0], frames[1]], "posed": int(posed.sum()), "below": below}}
    return _Look("fill", "Fill Between My Keys", "Filled 1", source, watching, posed, posed, made, options, free)


def _of_take(scene: Any) -> _Look:
    source, armature, frames = _stage(scene, "vary")
    take = obstacles.chosen_take(scene)
    if take is None:
        raise OrderError("no take is chosen; choose one in Takes")
    takes.check_there(take, (frames[0], frames[1]))
    there = takes.frames_of(take) or (frames[0], frames[1])
    frames = (max(frames[0], math.ceil(there[0] - 1e-3)), min(frames[1], math.floor(there[1] + 1e-3)), frames[2])
    watching = _watching(scene, armature, frames, _alone(take.uid))
    kept: Any = np.isin(watching.frames, kept_frames(scene))
    own = next((e.action for e in take.actions if e.object == armature), None)
    by_hand = posed_by_hand(armature, character.bone_map_of(armature), watching.frames, own)
    if own is not None and by_hand.mean() < DENSE:
        kept = kept | by_hand
    made = {"varied": {"frames": [frames[0], frames[1]], "take": take.name}}
    every = np.ones(len(watching.frames), dtype=bool)
    return _Look("vary", "Vary This Take", "Varied 1", source, watching, every, kept, made, all_options(scene.cadenza))


def _stage(scene: Any, act: str) -> tuple[Source, Any, tuple[float, float, float]]:
    """What sounds, who moves, and first and last frame."""
    source, armature, state = source_of(scene), watched_character(scene), scene.cadenza
    if source.sound is None and not connection.known().follows(state.filler):
        raise OrderError("this needs the recording; choose a sound strip, a speaker or a file in Source")
    part = (state.fill_from, state.fill_to) if state.fill_part else None
    return source, armature, frames_to(scene, source, part, act)


def _watching(scene: Any, armature: Any, frames: tuple[float, float, float], seen: Any) -> Watching:
    """Looks at every frame of the scene, so that what is kept is kept at the very frame of its keys."""
    look = Poses(armature, character.bone_map_of(armature))
    return Watching(scene, armature, look, *frames, rate_of(scene), seen)


def _as_posed(armature: Any) -> tuple[Callable[[Any], AbstractContextManager[None]], str]:
    """How the animator's poses are seen, and the take in which they are, "" for none. A take without a key of theirs,
    and with nothing of theirs on top, lies over their poses: they may have changed them since it was made."""
    shown = next((take for take in takes.takes_of(armature) if takes.shown(take)), None)
    if shown is None or nla.has_own_action(armature) or nla.tweaked(armature):
        return nullcontext, shown.uid if shown is not None else ""
    if any(e.object == armature and e.action is not None and takes.changed_by_hand(e.action) for e in shown.actions):
        return nullcontext, shown.uid
    below = str(takes.provenance(shown).get(FILLED, {}).get("below", ""))
    return lambda item: takes.only_seen(item, takes.find(item, below)), below


def _alone(uid: str) -> Callable[[Any], AbstractContextManager[None]]:
    """How a take is seen without what the animator laid over it, which will lie over its variation too."""

    @contextmanager
    def seen(armature: Any) -> Iterator[None]:
        take = takes.find(armature, uid)
        if take is None:
            raise CaptureError("the take was deleted while it was looked at; undo that, or choose another")
        with takes.only_seen(armature, take, alone=True):
            yield

    return seen
