# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The piano in the panel against a live server: chosen, played from MIDI, generated again, cancelled, undone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import connection, obstacles, orders, takes  # noqa: E402
from blender_addon.rig import perform  # noqa: E402
from blender_addon.rig.action import curves_of  # noqa: E402
from tests.addon_driving import character, drive, generate  # noqa: E402
from tests.running import write_midi  # noqa: E402
from tests.scene_dump import changes, dump  # noqa: E402

NOTES = [(48, 0.2, 1.0), (64, 0.2, 0.6), (67, 0.2, 0.6), (72, 0.7, 1.2), (55, 1.1, 1.8), (71, 1.3, 1.8)]


@pytest.fixture
def pianist(scene: Any, tmp_path: Path) -> Any:
    """The scene, with a MIDI file to be played on the piano."""
    scene.cadenza.source, scene.cadenza.score_file = "SCORE", str(write_midi(tmp_path / "tune.mid", NOTES))
    scene.cadenza.instrument = "piano"
    return scene


def turned(take: Any) -> dict[str, np.ndarray]:
    """Key of the piano -> (T, 2) frames and angles."""
    found = {}
    for action in (entry.action for entry in take.actions):
        for curve in curves_of(action).fcurves:
            if '"key_' in curve.data_path:
                points = np.empty(2 * len(curve.keyframe_points), dtype=np.float32)
                curve.keyframe_points.foreach_get("co", points)
                found[curve.data_path.split('"')[1]] = points.reshape(-1, 2)
    return found


def test_the_instrument_chooses_who_can_play_it(scene: Any) -> None:
    state = scene.cadenza
    assert state.generator == "swayer"
    state.instrument = "piano"
    assert state.generator == "pianist"
    names = {c.name for c in connection.known().generators("piano")}
    assert names == {"pianist", "a2m-piano"}
    state.generator = "a2m-piano"
    state.instrument = "violin"
    assert state.generator == "performer"
    state.generator = "pianist"
    assert "does not play the violin; choose another" in obstacles.to_generating(scene)
    assert not bpy.ops.cadenza.generate.poll()


def test_an_older_backend_says_nothing_of_instruments(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    known = connection.known()
    plain = replace(known, components=tuple(replace(c, instruments=()) for c in known.components))
    monkeypatch.setattr(connection, "_known", plain)
    scene.cadenza.instrument = "piano"
    assert scene.cadenza.generator == "pianist"  # of the others nobody knows whether they can
    monkeypatch.setattr(connection, "_known", connection.Known())
    scene.cadenza.generator, scene.cadenza.instrument = "performer", "violin"
    scene.cadenza.instrument = "piano"
    assert scene.cadenza.generator == "pianist"


def test_a_character_plays_a_midi_file(pianist: Any) -> None:
    job = generate()
    assert (job.state, job.error) == ("finished", "")
    (take,) = takes.takes_of(character())
    assert take.generator == "pianist"
    assert takes.provenance(take)["request"]["instrument"] == "piano"
    props = perform.props_of(character(), perform.PIANO)
    assert len(props.children) == 4
    keys = turned(take)
    assert set(keys) == {f"key_{pitch}" for pitch, _, _ in NOTES}
    for pitch, start, _ in NOTES:
        frames, angles = keys[f"key_{pitch}"].T
        down = frames[np.argmax(np.abs(angles) > 0.02)]
        assert down == pytest.approx(pianist.frame_start + 24 * start, abs=2.5), pitch


def test_bars_and_arms_again(pianist: Any) -> None:
    generate()
    before = turned(takes.takes_of(character())[0])
    state = pianist.cadenza
    state.part, state.again_from, state.again_to, state.fade = "ALL", 10, 30, 4
    assert bpy.ops.cadenza.generate_again() == {"FINISHED"}
    assert drive().state == "finished"
    state.part = "bow_arm"
    assert bpy.ops.cadenza.generate_again() == {"FINISHED"}
    assert drive().state == "finished"
    (take,) = takes.takes_of(character())
    after = turned(take)
    assert set(after) == set(before)
    for key, points in before.items():  # the same notes: the same keys, whatever the body does
        assert np.allclose(np.interp(points[:, 0], *after[key].T), points[:, 1], atol=2e-3), key


def test_another_instrument_is_told_before_anything_is_generated_again(pianist: Any) -> None:
    generate()
    pianist.cadenza.again_from, pianist.cadenza.again_to = 10, 30
    pianist.cadenza.instrument = "violin"
    with pytest.raises(orders.OrderError, match=r"'performer' does not play the piano of this take; choose Piano"):
        orders.take_again(pianist, takes.takes_of(character())[0])


def test_takes_at_the_piano_are_varied_by_pianists_alone(pianist: Any, tmp_path: Path) -> None:
    """With others fingers would leave the keys, and the keys stay up."""
    generate()
    assert (obstacles.to_varying(pianist), obstacles.to_filling(pianist)) == ("", "")
    pianist.cadenza.source, pianist.cadenza.sound_file = "FILE", str(tmp_path / "tune.wav")
    assert obstacles.to_repairing(pianist) == obstacles.PLAY_ON
    pianist.cadenza.filler = "momu-fill"
    assert (obstacles.to_varying(pianist), obstacles.to_filling(pianist)) == (obstacles.AT_PIANO,) * 2
    takes.delete(character(), takes.takes_of(character())[0])
    assert not obstacles.to_repairing(pianist)


def test_cancelling_takes_the_piano_away_again(pianist: Any) -> None:
    before = dump()
    bpy.ops.cadenza.generate()
    drive(lambda job: perform.props_of(character(), perform.PIANO) is not None)
    bpy.ops.cadenza.cancel()
    drive()
    assert perform.props_of(character(), perform.PIANO) is None
    assert changes(before, dump()) == []


def test_our_pianist_has_a_piano_of_its_own(pianist: Any) -> None:
    bpy.ops.cadenza.add_musician()
    assert character().name.startswith("Pianist")
    assert character().pose.bones["bench"].location.y > 0.5  # stands back while nobody sits
    job = generate()
    assert (job.state, job.error) == ("finished", "")
    assert perform.props_of(character(), perform.PIANO) is None
    (take,) = takes.takes_of(character())
    assert set(turned(take)) == {f"key_{pitch}" for pitch, _, _ in NOTES}
    pianist.frame_set(20)
    bpy.context.view_layer.update()
    bench, hips = (character().pose.bones[b].head for b in ("bench", "hips"))
    assert np.hypot(*(bench - hips)[:2]) < 0.1


def test_sound_is_heard_as_a_piano_where_that_is_chosen(scene: Any) -> None:
    """What is recognised is asked for the instrument that is chosen."""
    scene.cadenza.instrument = "piano"
    scene.cadenza.recognize = {"beat"}
    assert orders.recognition(scene).work.request.instrument == "piano"
