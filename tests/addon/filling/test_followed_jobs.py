# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Generators that play with a body: which frames they are asked for, who may be asked, and what is said."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import connection, followed, obstacles, orders  # noqa: E402
from blender_addon.audio_source import source_of  # noqa: E402
from blender_addon.panels.generator import GeneratorPanel  # noqa: E402
from blender_addon.timeline import frame_rate, seconds_at, set_frame_rate  # noqa: E402
from tests.addon_driving import character, generate, keys  # noqa: E402
from tests.body_driving import EVERY, FRAMES, degrees, fill, play, pose_trunk, turns  # noqa: E402
from tests.fill_driving import done  # noqa: E402
from tests.panel_drawing import drawn  # noqa: E402
from tests.running import TUNE, melody, write_midi  # noqa: E402
from tests.serving import sound_file  # noqa: E402


@pytest.mark.parametrize("instrument", ["violin"], indirect=True)
@pytest.mark.parametrize("rate", [(24, 1.001), (60, 1.0)])
def test_keys_lie_on_whole_frames_at_any_rate(tune: Any, tmp_path: Path, rate: tuple[int, float]) -> None:
    tune.render.fps, tune.render.fps_base = rate
    tune.cadenza.score_file = str(write_midi(tmp_path / "long.mid", melody(TUNE * 4)))
    frames = [int(second * rate[0]) for second in (6.0, 6.4, 7.0)]
    tune.frame_end = frames[-1] + 5
    pose_trunk(frames)
    at = keys(done(bpy.ops.cadenza.fill))[:, 0]
    assert at.tolist() == list(range(frames[0], frames[-1] + 1))


@pytest.mark.parametrize("instrument", ["violin"], indirect=True)
def test_keys_of_a_range_in_seconds_lie_on_whole_frames(tune: Any) -> None:
    tune.cadenza.range, tune.cadenza.start, tune.cadenza.end = "SECONDS", 0.27, 1.9
    pose_trunk(EVERY)
    at = keys(done(play))[:, 0]
    assert at.tolist() == [*range(8, 47)]


@pytest.mark.parametrize("instrument", ["violin"], indirect=True)
def test_poses_before_the_sound_are_no_hindrance(tune: Any, tmp_path: Path) -> None:
    bpy.ops.object.speaker_add()
    speaker = bpy.context.object
    speaker.data.sound = bpy.data.sounds.load(str(sound_file(tmp_path / "later.wav", 2.0)))
    speaker.animation_data.nla_tracks[0].strips[0].frame_start = 13
    tune.cadenza.source, tune.cadenza.speaker, tune.cadenza.score_file = "SPEAKER", speaker, ""
    pose_trunk()
    posed = turns(tune, FRAMES[1:])
    tune.timeline_markers.new("Keep", frame=3)
    for press in (fill, play):
        assert keys(done(press))[0, 0] == 13
        assert degrees(turns(tune, FRAMES[1:]), posed) < 0.05


@pytest.mark.parametrize("instrument", ["piano"], indirect=True)
def test_who_stands_now_and_then_still_reaches_the_keys(tune: Any) -> None:
    """The take in which they sit is shorter than what is played; before and after it they stand."""
    pose_trunk()
    done(bpy.ops.cadenza.fill)
    done(play)
    assert json.loads(character().cadenza.report)["contact"]["keys"]["part_within"] == 1.0


@pytest.mark.parametrize("instrument", ["violin"], indirect=True)
def test_a_body_that_nothing_moves_is_told(tune: Any) -> None:
    tune.cadenza.keep_body = True
    assert followed.order(tune).told == followed.STILL
    pose_trunk()
    assert followed.order(tune).told == ""


@pytest.mark.parametrize("instrument", ["violin"], indirect=True)
def test_another_seed_is_told_which_button_to_press(tune: Any) -> None:
    pose_trunk(EVERY)
    take = done(play)
    with pytest.raises(orders.OrderError, match="press Generate with Keep My Body"):
        orders.like_take(tune, take)


@pytest.mark.parametrize("instrument", ["piano"], indirect=True)
def test_what_presses_no_keys_is_refused_at_the_piano(tune: Any) -> None:
    assert generate().state == "finished"
    tune.cadenza.filler = "tween"
    tune.cadenza.source, tune.cadenza.sound_file = "FILE", tune.cadenza.sound_file or str(Path(__file__))
    assert obstacles.to_filling(tune) == obstacles.AT_PIANO
    tune.cadenza.filler = "performer"
    assert "does not play the piano" in obstacles.to_filling(tune)


def test_an_older_backend_is_told_from_one_that_has_nobody(tune: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    known = connection.known()
    older = replace(known, components=tuple(replace(c, follows=False) for c in known.components))
    monkeypatch.setattr(connection, "_known", older)
    tune.cadenza.source, tune.cadenza.sound_file = "FILE", tune.cadenza.score_file
    assert "cannot play with a body yet: update it" in obstacles.to_filling(tune)


@pytest.mark.parametrize("instrument", ["violin"], indirect=True)
def test_the_instrument_chooses_who_fills(tune: Any) -> None:
    state = tune.cadenza
    state.instrument = "piano"
    assert (state.generator, state.filler) == ("pianist", "pianist")
    assert [c.name for c in connection.known().fillers("piano") if c.kind == "generator"] == ["pianist"]
    state.instrument = "violin"
    assert state.generator == "performer"
    assert state.filler in [c.name for c in connection.known().fillers("violin")]
    state.generator = "swayer"
    assert "keep_body" not in drawn(GeneratorPanel)


@pytest.mark.parametrize("instrument", ["piano"], indirect=True)
def test_who_fills_at_the_piano_follows(tune: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    known = connection.known()
    (pianist,) = (c for c in known.components if c.name == "pianist")
    others = tuple(c for c in known.components if c.name != "pianist")
    mute = replace(pianist, name="mute", follows=False)
    for added, filler in (((), "pianist"), ((replace(pianist, name="other"),), "other")):
        monkeypatch.setattr(connection, "_known", replace(known, components=(mute, *others, *added)))
        assert connection.filler_of("piano", "momu-fill") == filler
        assert connection.filler_of("piano", "mute") == filler
    assert connection.filler_of("violin", "other") == "momu-fill"


@pytest.mark.parametrize("instrument", ["violin"], indirect=True)
def test_only_who_varies_is_told_not_to(tune: Any) -> None:
    """A backend refuses options that a generator has not."""
    given = {"performer": {"sway": 0.5}, "swayer": {"size": 0.2}}
    assert followed._unvaried(given, "performer") == given | {"performer": {"sway": 0.5, "variation": 0.0}}
    assert followed._unvaried(given, "swayer") == given
    assert followed.idle_options("performer") == ("variation",)  # not shown where it does nothing
    assert followed.idle_options("swayer") == ()


@pytest.mark.parametrize("instrument", ["violin"], indirect=True)
def test_a_take_is_as_long_as_the_frames_that_were_looked_at(tune: Any) -> None:
    tune.cadenza.fill_part, tune.cadenza.fill_from, tune.cadenza.fill_to = True, 12, 40
    pose_trunk((14, 24, 36))
    assert keys(done(bpy.ops.cadenza.fill))[:, 0].tolist() == list(range(14, 37))  # from the first pose to the last


@pytest.mark.parametrize("instrument", ["violin"], indirect=True)
def test_what_is_kept_and_corrected_goes_with_the_job(tune: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    beats = {"annotations": {"version": 1, "tracks": []}}
    monkeypatch.setattr(followed, "corrected", lambda scene, source: beats)
    asked = followed.job(tune, source_of(tune), "performer", (1.0, 40.0), 8, {"performer": {"sway": 0.5}}, (0.5, 1.0))
    assert (asked.request.keep, asked.request.seed, asked.request.annotations) == ((0.5, 1.0), 8, beats["annotations"])
    assert asked.request.options == {"performer": {"sway": 0.5}}


@pytest.mark.parametrize("instrument", ["violin"], indirect=True)
@pytest.mark.parametrize(("fps", "zero"), [(24.0, 0.0), (30 / 1.001, 0.0), (24.0, 0.4), (24.0, 250.7)])
def test_what_is_played_around_falls_on_the_frames_that_are_seen(tune: Any, fps: float, zero: float) -> None:
    """At a rate of which four seconds are no whole frames, and where the sound begins between two frames."""
    set_frame_rate(tune, fps)
    source = replace(source_of(tune), frame=tune.frame_start + zero, start=0.0, end=60.0)
    asked = followed.job(tune, source, "performer", (301.0, 400.0), 1, {}, ()).request
    first = float(seconds_at(tune, 301.0, source.origin(tune)))
    assert asked.start is not None
    assert asked.start >= 0.0
    assert first - asked.start > min(followed.AROUND, first) - 1.01 / fps
    before = (first - asked.start) * frame_rate(tune)
    assert before == pytest.approx(round(before), abs=1e-6)
