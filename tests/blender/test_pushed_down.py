# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""An animator's active action under a take: pushed down, it plays on as it did."""

from __future__ import annotations

from typing import Any

import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import takes  # noqa: E402
from blender_addon.rig.action import curves_of  # noqa: E402
from tests.take_writing import write  # noqa: E402

BLINK = '["blink"]'


def seen(item: Any, frames: list[int]) -> list[float]:
    """The animator's own property as it is animated."""
    out = []
    for frame in frames:
        bpy.context.scene.frame_set(frame)
        out.append(round(item["blink"], 4))
    return out


def blinking(item: Any) -> Any:
    """An active action that moves a property of the animator's, from frame 51 to 61."""
    item["blink"] = 0.0
    for frame, value in ((51, 0.0), (56, 1.0), (61, 0.0)):
        item["blink"] = value
        item.keyframe_insert(BLINK, frame=frame)
    return item.animation_data.action


def pushed_down(item: Any) -> Any:
    """The animator's strip below a new take."""
    own = item.animation_data.action
    write(item, 1)
    takes.lay_over(takes.takes_of(item)[-1])
    assert item.animation_data.action is None
    (strip,) = (s for track in item.animation_data.nla_tracks for s in track.strips if s.action == own)
    return strip


def test_half_its_influence_stays_half(character: Any) -> None:
    blinking(character)
    character.animation_data.action_influence = 0.5
    before = seen(character, [51, 54, 56, 61])
    assert pushed_down(character).influence == 0.5
    assert seen(character, [51, 54, 56, 61]) == before


@pytest.mark.parametrize("past", ["CYCLES", "LINEAR"])
def test_what_goes_on_past_its_keys_goes_on(character: Any, past: str) -> None:
    bpy.context.scene.frame_end = 200
    (curve,) = curves_of(blinking(character)).fcurves
    if past == "CYCLES":
        curve.modifiers.new("CYCLES")
    else:
        curve.extrapolation = "LINEAR"
        curve.keyframe_points[-1].interpolation = curve.keyframe_points[0].interpolation = "LINEAR"
        curve.keyframe_points[-1].co.y = -1.0
    frames = [1, 13, 51, 56, 66, 98, 186]
    before = seen(character, frames)
    assert len(set(before)) > 1
    pushed_down(character)
    assert seen(character, frames) == before


@pytest.mark.skipif(bpy.app.version < (4, 4, 0), reason="actions have slots from 4.4 on")
def test_the_slot_that_played_plays(character: Any) -> None:
    action = blinking(character)
    other = action.slots.new(id_type="OBJECT", name="second idea")
    bag = action.layers[0].strips[0].channelbag(other, ensure=True)
    points = bag.fcurves.new(BLINK).keyframe_points
    points.insert(1, 0.7)
    character.animation_data.action_slot = other
    before = seen(character, [51, 56])
    assert before == [0.7, 0.7]
    assert pushed_down(character).action_slot == other
    assert seen(character, [51, 56]) == before
