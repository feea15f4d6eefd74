# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An animator's selected keys and strips, moved onto the beats. Only what is selected is touched."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

from .audio_source import all_strips
from .rig import nla
from .rig.action import curves_in_use


def nearest(frames: Sequence[float], frame: float) -> float:
    """The one of rising frames next to another."""
    i = bisect_left(frames, frame)
    return min(frames[max(i - 1, 0) : i + 1], key=lambda f: abs(f - frame))


def snap_keys(item: Any, frames: Sequence[float]) -> tuple[int, int]:
    """Move the selected keys of an object's action to the beats; how many were moved, and how many would have fallen
    upon another key and stayed.

    Args:
        item: an object (its own action, and that of its shape keys or data).
        frames: of the beats in the scene, rising.
    """
    moved = left = 0
    for owner in _owners(item):
        curves, at = curves_in_use(owner.animation_data), _in_action(owner.animation_data, frames)
        for curve in curves.fcurves if curves is not None else ():
            done, not_done = _snap_curve(curve, at)
            moved, left = moved + done, left + not_done
    return moved, left


def _owners(item: Any) -> list[Any]:
    data = getattr(item, "data", None)
    every = [item, data, getattr(data, "shape_keys", None)]
    return [o for o in every if o is not None and o.animation_data is not None and o.animation_data.action is not None]


def _in_action(data: Any, frames: Sequence[float]) -> Sequence[float]:
    """Frames of the action that are seen at frames of the scene: a strip whose keys are edited may lie elsewhere."""
    if not data.use_tweak_mode:
        return frames
    return sorted(data.nla_tweak_strip_time_to_scene(frame, invert=True) for frame in frames)


def _snap_curve(curve: Any, frames: Sequence[float]) -> tuple[int, int]:
    chosen = [key for key in curve.keyframe_points if key.select_control_point]
    taken = {round(key.co.x, 3) for key in curve.keyframe_points if not key.select_control_point}
    moved = left = 0
    # The one nearest to its beat gets it.
    for key in sorted(chosen, key=lambda k: abs(nearest(frames, k.co.x) - k.co.x)):
        to = nearest(frames, key.co.x)
        if round(to, 3) in taken:
            left += round(key.co.x, 3) != round(to, 3)
            taken.add(round(key.co.x, 3))
            continue
        taken.add(round(to, 3))
        shift = to - key.co.x
        if abs(shift) > 1e-4:
            moved += 1
            for handle in (key.handle_left, key.handle_right, key.co):
                handle.x += shift
    if moved:
        curve.update()
    return moved, left


def snap_strips(scene: Any, item: Any, frames: Sequence[float]) -> tuple[int, bool]:
    """Let selected strips begin on beats: the object's NLA strips, and the scene's sequencer strips (on whole frames);
    how many were moved, and whether the source's sound was selected too: it stays, for the beats are its own."""
    moved, stays = 0, False
    for strip in nla.selected_strips(item):
        if _is_source(scene, item, strip):
            stays = True
        else:
            moved += nla.move_strip(strip, nearest(frames, strip.frame_start))
    for strip in all_strips(scene):
        if strip.select and scene.cadenza.source == "STRIP" and strip.name == scene.cadenza.strip:
            stays = True
        elif strip.select:
            moved += _move_sequence(strip, round(nearest(frames, _begin(strip))))
    return moved, stays


def _is_source(scene: Any, item: Any, strip: Any) -> bool:
    """Whether an object's NLA strip is the sound of the speaker that is the source."""
    return strip.type == "SOUND" and scene.cadenza.source == "SPEAKER" and item == scene.cadenza.speaker


def _begin(strip: Any) -> int:
    return int(strip.left_handle if hasattr(strip, "content_start") else strip.frame_final_start)


def _move_sequence(strip: Any, to: int) -> bool:
    shift = to - _begin(strip)
    if not shift:
        return False
    if hasattr(strip, "content_start"):
        strip.content_start += shift
    else:
        strip.frame_start += shift
    return True
