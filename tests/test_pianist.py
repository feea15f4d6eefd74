# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The pianist plays: measured on positions, key by key and finger by finger."""

from __future__ import annotations

import io

import numpy as np
import pytest

from backend.pipeline import Job, run
from backend.plugin_manager import load_plugins
from backend.sources import sound_of
from blender_addon.rig.body import rest_of_skeleton
from blender_addon.rig.bone_map import guess_bone_map
from blender_addon.rig.performance import perform_motion
from plugins.api import (
    Annotation,
    AnnotationTrack,
    ComponentError,
    JobContext,
    Motion,
    Score,
    pianist,
    piano,
    violinist,
)
from plugins.performer.piano_body import pedalled
from plugins.performer.piano_fingering import plan_hand
from plugins.performer.piano_generator import Pianist, plan_hands
from plugins.performer.piano_music import LEFT, RIGHT, Note, read_piece, with_hands
from tests.playing_piano import held, note, perform, scales_and_chords, silence
from training import performance_metrics as metrics
from training import piano_metrics

NOTES = scales_and_chords()


@pytest.fixture(scope="module")
def motion() -> Motion:
    return perform(NOTES)


def line(pitches: list[int], hand: int = RIGHT, each: float = 0.25) -> list[Note]:
    return [Note(each * i, each * (i + 1), p, hand=hand) for i, p in enumerate(pitches)]


def test_keys_lie_as_on_a_piano() -> None:
    pitches = np.arange(piano.LOWEST, piano.HIGHEST + 1)
    x = piano.centre(pitches)
    assert len(pitches) == 88
    assert (np.diff(x) < 0).all()
    assert x[0] == pytest.approx(-x[-1], abs=1e-9)
    assert x[39] - x[51] == pytest.approx(0.1645, abs=1e-9)
    whites = x[~piano.is_black(pitches)]
    assert len(whites) == 52
    assert np.allclose(np.diff(whites), -piano.WHITE_WIDTH)
    assert piano.surface(60, 0.0, 0.01) == pytest.approx(-0.01)


def test_fingertips_are_on_the_keys_they_play(motion: Motion) -> None:
    distance = piano_metrics.finger_distances(motion, held(NOTES))
    assert (distance <= 0.004).mean() >= 0.98


def test_keys_go_down_when_and_only_when_they_sound(motion: Motion) -> None:
    missing, extra = piano_metrics.wrong_keys(motion, held(NOTES))
    assert missing == 0.0
    assert extra == 0.0
    down = piano_metrics.key_depth(motion) > piano_metrics.HALF_DOWN
    for n in NOTES:
        frame = np.searchsorted(motion.times, n.time)
        assert down[frame, n.value["pitch"] - piano.LOWEST]


def test_no_key_has_two_fingers_and_no_hand_goes_through_the_other(motion: Motion) -> None:
    assert piano_metrics.shared_keys(motion, held(NOTES)) == 0
    assert piano_metrics.hands_apart(motion) > 0.0


def test_the_body_sits_and_keeps_its_shape(motion: Motion) -> None:
    assert metrics.bone_length_error(motion) < 1e-4
    assert piano_metrics.heel_slide(motion) < 0.001
    assert piano_metrics.seat_shift(motion) < 0.03
    assert piano_metrics.wrists_above(motion) > 0.02
    for name, (least, most) in metrics.joint_angles(motion).items():
        low, high = metrics.LIMITS[name]
        assert name == "forearm turn" or (low - 1.0 <= least and most <= high + 1.0), name


def test_arms_pass_beside_head_and_torso(motion: Motion) -> None:
    for name, gap in piano_metrics.clearances(motion).items():
        assert gap > 0.01, name


def test_no_pops(motion: Motion) -> None:
    acceleration, joint = metrics.largest_acceleration(motion)
    assert acceleration < 200.0, joint


def test_positions_and_rotations_tell_the_same(motion: Motion) -> None:
    assert motion.rotations is not None
    positions, _ = motion.skeleton.forward_kinematics(motion.rotations.astype(float), motion.positions)
    assert np.allclose(positions, motion.positions, atol=2e-6)


def test_the_foot_works_the_pedal(motion: Motion) -> None:
    pedal, toes = motion.joint("pedal"), motion.joint("right_toes")
    assert np.ptp(pedal[:, 2]) == pytest.approx(piano.PEDAL_TRAVEL, abs=0.001)
    above = toes[:, 2] - pedal[:, 2]
    assert np.ptp(above) < 0.002
    still = perform(NOTES[:12], pedal=0.0)
    assert np.ptp(still.joint("pedal")[:, 2]) < 1e-6


def test_one_seed_one_performance_another_seed_another() -> None:
    some = NOTES[:10]
    first, again, other = perform(some, 3), perform(some, 3), perform(some, 4)
    assert np.array_equal(first.positions, again.positions)
    assert np.abs(first.joint("head") - other.joint("head")).max() > 0.001


def test_scales_pass_the_thumb_where_pianists_do() -> None:
    fingers = [f + 1 for f in plan_hand(line([62, 64, 66, 67, 69, 71, 73, 74]), RIGHT).fingers]
    assert fingers == [1, 2, 3, 1, 2, 3, 4, 5]
    down = [f + 1 for f in plan_hand(line([60, 59, 57, 55, 53, 52, 50, 48], LEFT), LEFT).fingers]
    assert down[0] == 1
    assert down[-1] == 5 or down[-1] == 4


def test_chords_are_held_in_the_order_of_the_fingers() -> None:
    for hand, expected in ((RIGHT, (0, 1, 2, 4)), (LEFT, (4, 2, 1, 0))):
        chord = [Note(0.0, 1.0, p, hand=hand) for p in (60, 64, 67, 72)]
        fingers = plan_hand(chord, hand).fingers
        assert list(fingers) == sorted(fingers, reverse=hand == LEFT)
        assert (fingers[0], fingers[-1]) == (expected[0], expected[-1])


def test_a_held_key_keeps_its_finger_under_a_moving_voice() -> None:
    bass = Note(0.0, 4.0, 60, hand=RIGHT)
    melody = [Note(0.5 * i, 0.5 * i + 0.5, p, hand=RIGHT) for i, p in enumerate((72, 71, 69, 67, 69, 71, 72, 71))]
    planned = plan_hand(sorted([bass, *melody], key=lambda n: (n.start, n.pitch)), RIGHT)
    assert planned.let_go == 0
    assert planned.fingers[0] == 0
    assert 0 not in planned.fingers[1:]


def test_hands_are_told_apart() -> None:
    tune = [Note(0.5 * i, 0.5 * i + 0.5, 72 + i % 5) for i in range(12)]
    bass = [Note(1.0 * i, 1.0 * i + 1.0, 40 + i % 3) for i in range(6)]
    for n in with_hands(sorted([*tune, *bass], key=lambda n: (n.start, n.pitch))):
        assert n.hand == (RIGHT if n.pitch > 60 else LEFT)


def test_what_no_hands_can_hold_is_left_out_and_said() -> None:
    cluster = [note(0.0, 1.0, p) for p in range(40, 64, 2)]
    piece = read_piece(AnnotationTrack("note", tuple(cluster)), AnnotationTrack("beat"), silence(2.0))
    plan = plan_hands(piece.notes)
    assert 8 <= len(plan.presses) <= 10
    assert any("left out" in warning for warning in plan.warnings)
    assert {p.pitch for p in plan.presses} >= {40, 62}


def test_notes_off_the_keyboard_are_moved_and_said() -> None:
    far = AnnotationTrack("note", (note(0.0, 1.0, 12), note(1.0, 1.0, 120)))
    piece = read_piece(far, AnnotationTrack("beat"), silence(2.0))
    assert [n.pitch for n in piece.notes] == [24, 108]
    assert "2 notes" in piece.warnings[0]


def test_no_notes_is_an_error_that_says_what_to_do() -> None:
    generator = Pianist()
    with pytest.raises(ComponentError, match="score or a MIDI file"):
        generator.generate(silence(1.0), generator.Options(), JobContext())


def test_one_hand_alone_and_the_ends_of_the_keyboard() -> None:
    """From the lowest key to the highest and back, every second: the body leans, the other hand rests."""
    notes = [note(1.0 * i, 0.6, p, hand="right") for i, p in enumerate((21, 108, 64, 96, 30, 108))]
    motion = perform(notes)
    assert np.isfinite(motion.positions).all()
    assert metrics.bone_length_error(motion) < 1e-4
    assert np.ptp(motion.joint("left_hand"), axis=0).max() < 0.05


def test_a_trill_and_a_repeated_key_come_up_between() -> None:
    notes = [note(0.5 + 0.1 * i, 0.1, (72, 74)[i % 2]) for i in range(16)]
    notes += [note(3.0 + 0.15 * i, 0.15, 60) for i in range(8)]
    motion = perform(notes, fps=120.0)
    depth = piano_metrics.key_depth(motion)
    for pitch, count in ((72, 8), (74, 8), (60, 8)):
        down = depth[:, pitch - piano.LOWEST] > piano_metrics.HALF_DOWN
        assert (np.diff(down.astype(int)) == 1).sum() == count


def midi_file(tracks: list[list[tuple[float, float, int]]]) -> Score:
    import pretty_midi

    midi = pretty_midi.PrettyMIDI()
    for rows in tracks:
        part = pretty_midi.Instrument(0)
        part.notes = [pretty_midi.Note(80, p, a, b) for a, b, p in rows]
        midi.instruments.append(part)
    data = io.BytesIO()
    midi.write(data)
    return Score("two hands.mid", data.getvalue())


def test_a_midi_file_of_two_tracks_is_played_by_both_hands() -> None:
    """The pipeline reads all of a piano's tracks; the higher one is the right hand's, even where it goes below."""
    score = midi_file([[(0.0, 0.5, 76), (0.5, 1.0, 52)], [(0.0, 0.5, 48), (0.5, 1.0, 55)]])
    job = Job("pianist", instrument="piano", score=score, silent=True)
    result = run(load_plugins(), job, silence(2.0))
    assert result.motion.skeleton == pianist.pianist_skeleton()
    notes = next(t for t in result.annotations if t.namespace == "note")
    assert {(n.value["pitch"], n.value["hand"]) for n in notes.annotations} == {
        (76, "right"),
        (52, "right"),
        (48, "left"),
        (55, "left"),
    }


def test_the_stand_in_for_a_recording_is_struck_and_dies_away() -> None:
    sound = sound_of(None, midi_file([[(0.5, 2.5, 69)]]), None, None, instrument="piano").samples
    level = [float(np.abs(sound[int(t * 22050) :][:2000]).max()) for t in (0.2, 0.55, 2.2, 3.2)]
    assert level[0] == 0.0
    assert level[1] > 3 * level[2] > 3 * level[3]


def test_a_character_without_a_piano_gets_one() -> None:
    rest = rest_of_skeleton(violinist.violinist_skeleton())
    done = perform_motion(perform(NOTES[:6]), rest, guess_bone_map(rest))
    assert {"keyboard", "pedal", "bench"} <= {channel.group for channel in done.props}
    assert not done.report["warnings"]


def test_who_plays_what() -> None:
    registry = load_plugins()
    assert registry.player_of("piano") == "pianist"
    assert registry.player_of("violin") == "performer"
    with pytest.raises(ComponentError, match="piano, violin"):
        registry.player_of("tuba")


def test_a_trill_is_struck_in_turn_by_two_fingers_of_one_hand() -> None:
    """B, with C in the scale: thirteen notes a second that begin and end on B; the bass goes on under it."""
    notes = [
        note(0.5, 0.5, 72, hand="right"),
        note(1.0, 1.0, 71, hand="right", marks=["trill-mark"]),
        note(1.0, 1.0, 48, hand="left"),
        note(2.0, 0.1, 71, hand="right", marks=["trill-mark"]),  # no time for one
    ]
    struck = [h for h in held(notes) if 1.0 <= h[0] < 1.99 and h[3] == 1]
    assert [pitch for _, _, pitch, _, _ in struck] == [71, 72] * 6 + [71]
    assert len({finger for *_, finger in struck}) == 2
    assert sum(h[2] == 71 and h[0] >= 1.99 for h in held(notes)) == 1
    depth = piano_metrics.key_depth(perform(notes, fps=120.0))
    inside = slice(round(1.0 * 120), round(2.0 * 120))
    for pitch in (71, 72):
        down = depth[inside, pitch - piano.LOWEST] > piano.DIP / 2
        assert 5 <= int((np.diff(down.astype(int)) > 0).sum()) <= 7


def test_a_trill_beyond_the_keyboard_is_a_plain_note() -> None:
    notes = [note(0.5, 1.0, 108, marks=["trill-mark"])]
    assert [h[2] for h in held(notes)] == [108]


def test_the_foot_does_what_a_midi_file_or_a_score_says_of_the_pedal() -> None:
    """Down and up at the times that are told, half a pedal too; up for a moment where it is pressed again at once."""
    told = (Annotation(1.0, 1.0, 1.0), Annotation(2.0, 1.5, 0.5), Annotation(4.2, 0.5, 1.0))
    tracks = [AnnotationTrack("note", tuple(NOTES)), AnnotationTrack("pedal", told)]
    context = JobContext(annotations=tracks, fps=100.0, instrument="piano")
    motion = Pianist().generate(silence(6.0), Pianist.Options(), context)
    top = motion.joint("pedal")[:, 2]
    down = (top.max() - top) / piano.PEDAL_TRAVEL

    def at(seconds: float) -> float:
        return float(down[round(100 * seconds)])

    assert [at(t) for t in (0.5, 1.5, 2.8, 3.9, 4.4, 5.5)] == pytest.approx([0.0, 1.0, 0.5, 0.0, 1.0, 0.0], abs=0.01)
    assert at(1.0) == pytest.approx(0.5, abs=0.05)
    assert at(4.7) == pytest.approx(0.5, abs=0.05)
    assert down[200:220].min() < 0.02  # between the first and the second
    half = Pianist().generate(silence(6.0), Pianist.Options(pedal=0.5), context).joint("pedal")[:, 2]
    assert np.ptp(half) == pytest.approx(np.ptp(top) / 2, abs=1e-4)


def test_a_deeper_pedal_within_a_longer_one_is_pressed() -> None:
    told = (Annotation(1.0, 4.0, 0.3), Annotation(2.0, 0.6, 1.0))
    down = pedalled(np.arange(0.0, 6.0, 0.01), told)
    assert [round(float(down[i]), 2) for i in (50, 150, 220, 240, 350, 550)] == [0.0, 0.3, 1.0, 1.0, 0.3, 0.0]
    assert down[110:490].min() > 0.29  # it does not come up between
