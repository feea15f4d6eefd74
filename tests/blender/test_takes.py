# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Takes: strips that an animator can trust. Nothing of theirs changes, nothing is left behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import take_draft, takes  # noqa: E402
from blender_addon.rig import nla  # noqa: E402
from blender_addon.rig.action import curves_of  # noqa: E402
from blender_addon.rig.channels import Channel  # noqa: E402
from tests.take_writing import FRAMES, HEAD, HIPS, channels, curve, dump, hand_key, keys, posed, write  # noqa: E402


def test_a_take_is_a_strip_on_each_object_that_shows_it(character: Any) -> None:
    write(character, 1)
    (take,) = takes.takes_of(character)
    assert (take.name, take.seed, take.generator) == ("Take 1", 1, "test")
    assert takes.provenance(take) == {"generator": "test", "seed": 1}
    assert [(o.name, t.name, s.name) for o, t, s in takes.strips_of(take)] == [
        (name, f"Cadenza {take.uid}", "Take 1") for name in ("Anna", "Violin")
    ]
    for item, _, strip in takes.strips_of(take):
        assert (strip.influence, strip.use_animated_influence) == (1.0, False)
        assert (strip.blend_type, strip.extrapolation) == ("REPLACE", "HOLD")
        assert item.animation_data.action is None
    assert takes.frames_of(take) == (1.0, 300.0)
    bpy.context.scene.frame_set(120)
    graph = bpy.context.evaluated_depsgraph_get()
    hips = character.evaluated_get(graph).pose.bones["hips"]
    assert np.allclose(hips.location, channels(1)["Anna"][0].values[119], atol=1e-6)


def test_fractions_of_frames_are_kept(character: Any) -> None:
    write(character, 1, frames=FRAMES[:50] * 1.25 + 0.4)
    (take,) = takes.takes_of(character)
    assert list(keys(curve(take, HIPS)))[:3] == [1.65, 2.9, 4.15]
    assert np.allclose(takes.frames_of(take), (1.65, 62.9))


def test_only_the_chosen_take_is_seen(character: Any) -> None:
    write(character, 1)
    first = posed(character, 80)
    write(character, 2)
    second = posed(character, 80)
    assert not np.allclose(first, second, atol=0.01)
    one, two = takes.takes_of(character)
    takes.show(character, one)
    assert np.array_equal(posed(character, 80), first)
    assert (takes.shown(one), takes.shown(two)) == (True, False)
    takes.show(character, two)
    assert np.array_equal(posed(character, 80), second)
    takes.show(character, None)
    assert not np.allclose(posed(character, 80), second, atol=0.01)


def test_the_character_stands_still_before_and_after(character: Any) -> None:
    write(character, 1)
    assert np.array_equal(posed(character, 0.75), posed(character, 1))
    assert np.array_equal(posed(character, 340), posed(character, 300))


def animators_strip(item: Any, name: str, first: int) -> Any:
    """A strip of an animator's: the hips up by five."""
    action = bpy.data.actions.new(name)
    if hasattr(action, "slots"):
        action.slots.new(id_type="OBJECT", name=item.name)
    points = curves_of(action).fcurves.new(HIPS, index=2).keyframe_points
    points.insert(first, 5.0)
    points.insert(first + 20, 5.0)
    data = item.animation_data or item.animation_data_create()
    strip = data.nla_tracks.new().strips.new(name, first, action)
    strip.influence = 1.0
    return strip


def test_an_animators_strips_are_seen_outside_the_take(character: Any) -> None:
    strip = animators_strip(character, "walk on", -40)
    strip.extrapolation = "NOTHING"
    write(character, 1)
    bpy.context.scene.frame_set(-30)
    graph = bpy.context.evaluated_depsgraph_get()
    assert character.evaluated_get(graph).pose.bones["hips"].location[2] == pytest.approx(5.0)
    assert (strip.mute, strip.extrapolation, strip.influence) == (False, "NOTHING", 1.0)


def test_deleting_removes_what_is_the_takes_and_nothing_else(character: Any) -> None:
    animators_strip(character, "walk on", -40)
    before = dump()
    write(character, 1)
    write(character, 2)
    for uid in [take.uid for take in takes.takes_of(character)]:
        takes.delete(character, takes.find(character, uid))
    assert character.animation_data.nla_tracks[0].strips[0].action.name == "walk on"
    assert len(bpy.data.actions) == 1
    violin = bpy.data.objects["Violin"]
    assert not violin.animation_data.nla_tracks
    assert dump() == before


def test_an_action_that_is_used_elsewhere_survives_its_take(character: Any) -> None:
    write(character, 1)
    other = bpy.data.objects.new("other", None)
    other.animation_data_create().action = character.cadenza_takes[0].actions[0].action
    takes.delete(character, character.cadenza_takes[0])
    assert other.animation_data.action.name == "Anna Take 1"
    assert [a.name for a in bpy.data.actions] == ["Anna Take 1"]


def test_closing_early_leaves_nothing_behind(character: Any) -> None:
    write(character, 1)
    before = dump()
    for more in ({}, {"replace": character.cadenza_takes[0]}):
        many = np.arange(1.0, 20000.0)
        writing = takes.write_take(character, channels(2, many), many, provenance={}, **more)
        for _ in range(3):
            assert next(writing) < 1
        assert len(bpy.data.actions) == 3
        writing.close()
        assert dump() == before


def lose_object() -> None:
    bpy.data.objects.remove(bpy.data.objects["Violin"])


def lose_file() -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)


def lose_draft() -> None:
    """What undo does: the draft is gone."""
    bpy.data.actions.remove(bpy.data.actions["Anna Take 2"])


def lose_pieces() -> None:
    """What undo does after a later step: the draft is as it was before."""
    bpy.data.actions["Anna Take 2"][take_draft.DRAFT] = 1


@pytest.mark.parametrize("loss", [lose_object, lose_file, lose_draft, lose_pieces])
def test_what_happens_meanwhile_is_told(character: Any, loss: Callable[[], None]) -> None:
    write(character, 1)
    many = np.arange(1.0, 20000.0)
    writing = takes.write_take(character, channels(2, many), many, name="Take 2", provenance={})
    for _ in range(3):
        next(writing)
    loss()
    with pytest.raises(takes.TakeError, match=r"gone|undone"):
        list(writing)
    names = [a.name for a in bpy.data.actions]
    assert [n for n in names if "Take 2" in n] == []


def test_undo_in_the_middle(character: Any) -> None:
    """Real undo: the step before the writing comes back while it goes on."""
    bpy.context.preferences.edit.use_global_undo = True
    bpy.ops.ed.undo_push(message="start")
    bpy.data.objects["Violin"].location.x = 3
    bpy.ops.ed.undo_push(message="move")
    many = np.arange(1.0, 20000.0)
    writing = takes.write_take(character, channels(2, many), many, provenance={})
    for _ in range(3):
        next(writing)
    bpy.ops.ed.undo()
    with pytest.raises(takes.TakeError, match=r"gone|undone"):
        list(writing)
    assert not bpy.data.actions
    write(bpy.data.objects["Anna"], 2)
    assert len(bpy.data.objects["Anna"].cadenza_takes) == 1


@pytest.mark.parametrize("again", [False, True])
def test_one_undo_brings_back_what_was(character: Any, again: bool) -> None:
    bpy.context.preferences.edit.use_global_undo = True
    write(character, 1)
    hand_key(curve(character.cadenza_takes[0], HEAD), 150, 3.0)
    bpy.ops.ed.undo_push(message="before")
    before = dump()
    more = {"replace": character.cadenza_takes[0], "keep_hand": False} if again else {}
    write(character, 2, **more)
    after = dump()
    bpy.ops.ed.undo_push(message="take")
    bpy.ops.ed.undo()
    assert dump() == before
    bpy.ops.ed.redo()
    assert dump() == after
    bpy.ops.ed.undo()
    anna = bpy.data.objects["Anna"]
    takes.delete(anna, anna.cadenza_takes[0])
    assert not bpy.data.actions


def test_a_draft_that_undo_brought_back_is_removed(character: Any) -> None:
    left = bpy.data.actions.new("Anna Take 1")
    left[take_draft.DRAFT] = 3
    write(character, 1)
    assert [a.name for a in bpy.data.actions if take_draft.DRAFT in a] == []
    assert len(bpy.data.actions) == 2


def test_a_take_of_one_frame(character: Any) -> None:
    write(character, 1, frames=np.array([12.5]))
    assert takes.frames_of(character.cadenza_takes[0]) == (12.5, 13.5)
    bpy.context.scene.frame_set(12)
    graph = bpy.context.evaluated_depsgraph_get()
    hips = character.evaluated_get(graph).pose.bones["hips"]
    assert np.allclose(hips.location, channels(1, np.array([12.5]))["Anna"][0].values[0], atol=1e-6)


def test_a_renamed_object_is_found_again(character: Any) -> None:
    many = np.arange(1.0, 20000.0)
    writing = takes.write_take(character, channels(2, many), many, provenance={})
    next(writing)
    character.name = "Berta"
    list(writing)
    assert takes.shown(character.cadenza_takes[0])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"channels": {"Nobody": channels(1)["Anna"]}}, "no object 'Nobody'"),
        ({"channels": {"Anna": [Channel('pose.bones["tail"].location', "tail", np.zeros((300, 3)))]}}, "map its bones"),
        ({"channels": {"Anna": [Channel(HIPS, "hips", np.zeros((299, 3)))]}}, "299 values for 300 frames"),
        ({"part": "legs"}, "nothing moves legs"),
        ({"frame_range": (20, 10)}, "from a frame to a later one"),
    ],
)
def test_what_cannot_be_written_is_told_before(character: Any, change: dict[str, Any], words: str) -> None:
    before = dump()
    with pytest.raises(takes.TakeError, match=words):
        write(character, 1, **change)
    assert dump() == before


def test_names_are_unique_and_follow_renaming(character: Any) -> None:
    for seed in (1, 2, 3):
        write(character, seed)
    assert [t.name for t in takes.takes_of(character)] == ["Take 1", "Take 2", "Take 3"]
    take = character.cadenza_takes[1]
    tracks = [t.name for _, t, _ in takes.strips_of(take)]
    take.name = "Take 1"  # as the panel's list does
    assert take.name == "Take 2"
    takes.rename(character, take, "  softer ")
    assert {s.name for _, _, s in takes.strips_of(take)} == {take.name} == {"softer"}
    assert [e.action.name for e in take.actions] == ["Anna softer", "Violin softer"]
    assert [t.name for _, t, _ in takes.strips_of(take)] == tracks


def test_star_and_duplicate(character: Any) -> None:
    for seed in (1, 2):
        write(character, seed)
    take = character.cadenza_takes[0]
    takes.star(take)
    assert take.starred
    assert takes.duplicate(character, take) == {"generator": "test", "seed": 3}


def test_solo_shows_the_take_without_the_animators_layers(character: Any) -> None:
    write(character, 1)
    plain = posed(character, 100)
    animators_strip(character, "over it", 90)
    assert not np.allclose(posed(character, 100), plain, atol=0.1)
    takes.solo(character.cadenza_takes[0])
    assert np.allclose(posed(character, 100), plain, atol=1e-6)
    assert takes.soloed(character.cadenza_takes[0])
    takes.solo(character.cadenza_takes[0], False)
    assert not np.allclose(posed(character, 100), plain, atol=0.1)


# What lies on top


def active_action(item: Any, path: str = HIPS) -> Any:
    item.animation_data_create()
    item.pose.bones["hips"].keyframe_insert(path.rpartition(".")[2], frame=1)
    return item.animation_data.action


def test_an_active_action_over_the_take_is_told_and_left_alone(character: Any) -> None:
    action = active_action(character)
    before = (action.name, [(c.data_path, c.array_index, keys(c)) for c in curves_of(action).fcurves])
    write(character, 1)
    assert f"{action.name!r}" in takes.hidden_by(character)
    assert "push it down" in takes.hidden_by(character)
    assert character.animation_data.action == action
    assert before == (action.name, [(c.data_path, c.array_index, keys(c)) for c in curves_of(action).fcurves])
    takes.solo(character.cadenza_takes[0])
    assert takes.hidden_by(character) == ""
    takes.solo(character.cadenza_takes[0], False)
    character.animation_data.action_blend_type = "COMBINE"
    assert takes.hidden_by(character) == ""


def test_an_active_action_on_other_bones_hides_nothing(character: Any) -> None:
    active_action(character, 'pose.bones["hips"].scale')
    write(character, 1)
    assert takes.hidden_by(character) == ""


def test_nla_switched_off_and_other_solos_are_told(character: Any) -> None:
    write(character, 1)
    assert takes.hidden_by(character) == ""
    character.animation_data.use_nla = False
    assert "switched off" in takes.hidden_by(character)
    character.animation_data.use_nla = True
    strip = animators_strip(character, "mine", 400)
    character.animation_data.nla_tracks[-1].is_solo = True
    assert strip.name == "mine"
    assert "plays solo" in takes.hidden_by(character)


def test_strips_know_their_place_whatever_order_is_needed(character: Any) -> None:
    """Each end of a strip is held at the other; every move arrives all the same."""
    write(character, 1)
    _, _, strip = takes.strips_of(character.cadenza_takes[0])[0]
    for first, last in ((400.25, 900.5), (-50.0, -20.0), (1.0, 300.0)):
        nla.set_range(strip, first, last)
        placed = (strip.frame_start, strip.frame_end, strip.action_frame_start, strip.action_frame_end)
        assert placed == pytest.approx((first, last, first, last))
        assert strip.scale == pytest.approx(1.0)
