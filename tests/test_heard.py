# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Vibrato and swelling strokes as they are heard: on sounds whose vibrato and loudness are known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from plugins.api import Annotation, AnnotationTrack, Audio, JobContext, Motion, violin
from plugins.ik.step import InverseKinematics
from plugins.performer.generator import Performer
from plugins.performer.heard import Sway, habit, paces, sways, tuning_of
from plugins.performer.music import Chord
from training import performance_metrics as metrics

RATE = 22050
Floats = npt.NDArray[np.float64]


def hertz_of(pitch: float) -> float:
    return float(440.0 * 2.0 ** ((pitch - 69) / 12.0))


def tone(pitch: float, seconds: float, rate: float = 0.0, cents: float = 0.0, seed: int = 0) -> Floats:
    """Eight partials with vibrato, a soft beginning and end, and a little noise."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * RATE)) / RATE
    swayed = hertz_of(pitch) * 2.0 ** (cents * np.sin(2 * np.pi * rate * t) / 1200.0)
    phase = 2 * np.pi * np.cumsum(swayed) / RATE
    partials = sum(np.sin(k * phase + rng.uniform(0, 6)) / k for k in range(1, 9) if k * hertz_of(pitch) < 9000)
    edges = np.clip(np.minimum(t / 0.05, (seconds - t) / 0.03), 0.0, 1.0)
    return np.asarray(0.2 * partials * edges + 0.01 * rng.standard_normal(len(t)))


def recorded(*tones: Floats) -> tuple[Audio, list[float]]:
    """The tones one after the other, and where each begins."""
    starts = np.cumsum([0, *(len(x) for x in tones)]) / RATE
    return Audio(np.concatenate(tones).astype(np.float32), RATE), [float(s) for s in starts]


@pytest.mark.parametrize("pitch", [57, 69, 81, 93])
@pytest.mark.parametrize(("rate", "cents", "seconds"), [(5.0, 8.0, 0.6), (6.5, 20.0, 0.4), (5.8, 15.0, 1.5)])
def test_rate_and_width_of_a_vibrato_are_heard(pitch: int, rate: float, cents: float, seconds: float) -> None:
    audio, _ = recorded(tone(pitch, seconds, rate, cents))
    (sway,) = sways(audio, [Chord(0.0, seconds, (pitch,))])
    assert sway is not None
    assert sway.hertz == pytest.approx(rate, abs=0.35)
    assert sway.cents == pytest.approx(cents, rel=0.15)
    inside = np.arange(0.15, seconds - 0.12, 0.01)
    true = cents * np.sin(2 * np.pi * rate * inside)
    assert np.corrcoef(sway.at(inside), true)[0, 1] > 0.97  # wave by wave
    assert sway.at(np.array([-1.0, seconds + 1.0])) == pytest.approx([0.0, 0.0])


def test_a_tone_that_stands_still_has_none() -> None:
    audio, starts = recorded(*(tone(p, 0.7, seed=p) for p in range(60, 80)))
    found = sways(audio, [Chord(s, s + 0.7, (p,)) for s, p in zip(starts, range(60, 80), strict=False)])
    assert all(s is not None and s.hertz == 0.0 and not s.curve.any() for s in found)


def test_what_cannot_be_told_is_not_told() -> None:
    noise = 0.3 * np.random.default_rng(0).standard_normal(RATE)
    other = tone(64, 1.0)  # the score says another note than is played
    audio, _ = recorded(noise, other, tone(69, 0.2, 6.0, 20.0), tone(69, 1.0, 6.0, 20.0))
    chords = [Chord(0.0, 1.0, (69,)), Chord(1.0, 2.0, (71,)), Chord(2.0, 2.2, (69,)), Chord(2.2, 3.2, (62, 69))]
    assert sways(audio, chords) == [None] * 4
    plucked = Chord(2.2, 3.2, (69,), plucked=True)
    assert sways(audio, [plucked]) == [None]
    assert sways(Audio(np.zeros(RATE, np.float32), RATE), [Chord(0.0, 1.0, (69,))]) == [None]
    assert sways(audio, []) == []
    beyond = sways(audio, [Chord(-2.0, -1.0, (69,)), Chord(9.0, 11.0, (69,))])  # notes outside of the sound
    assert beyond == [None, None]


@pytest.mark.parametrize("off", [-100.0, -35.0, 0.0, 45.0])
def test_recordings_may_be_tuned_lower_or_higher(off: float) -> None:
    """As old instruments are: at 415 Hz."""
    pitches = (62, 66, 69, 74, 76)
    audio, starts = recorded(*(tone(p + off / 100.0, 0.8, 5.5, 15.0, seed=p) for p in pitches))
    chords = [Chord(s, s + 0.8, (p,)) for s, p in zip(starts, pitches, strict=False)]
    assert tuning_of(audio, chords) == pytest.approx(off, abs=8.0)
    found = [s for s in sways(audio, chords) if s is not None]
    assert len(found) == len(pitches)
    assert [s.hertz for s in found] == pytest.approx([5.5] * len(found), abs=0.3)


def test_who_plays_without_vibrato_has_none_where_it_cannot_be_told() -> None:
    still = [Sway(np.zeros(1), np.zeros(1), 0.0, 0.0)] * 8
    assert habit([*still, None, None]) == 0.0
    assert habit([None, *still[:3]]) == 1.0  # too few to tell
    assert habit([*still, *([Sway(np.zeros(1), np.zeros(1), 6.0, 12.0)] * 8)]) == 0.5


def perform(audio: Audio, notes: list[Annotation], **options: float) -> Motion:
    context = JobContext(annotations=[AnnotationTrack("note", tuple(notes)), AnnotationTrack("beat")], fps=60.0)
    motion = Performer().generate(audio, Performer.Options(**options), context)
    return InverseKinematics().apply(motion, None, context)


def rocking(motion: Motion, string: int) -> Floats:
    """(T,) metres of the first finger's tip along a string, towards the nut."""
    along = motion.joint(f"nut_{'gdae'[string]}") - motion.joint(f"bridge_{'gdae'[string]}")
    along = along / np.linalg.norm(along, axis=1, keepdims=True)
    tip = motion.joint("left_index_tip") - motion.joint(f"bridge_{'gdae'[string]}")
    return np.asarray((tip * along).sum(axis=1))


def test_the_fingertip_rolls_as_the_pitch_is_heard_to() -> None:
    audio, _ = recorded(tone(71, 2.0, 5.5, 18.0))
    note = [Annotation(0.0, 2.0, {"pitch": 71})]
    motion = perform(audio, note)
    inside = (motion.times > 0.3) & (motion.times < 1.7)
    rolled = rocking(motion, 2)[inside]
    pitch = 18.0 * np.sin(2 * np.pi * 5.5 * motion.times[inside])
    assert np.corrcoef(rolled, pitch)[0, 1] < -0.95  # towards the bridge when it rises
    reach = np.linalg.norm(violin.stop_position(2, 2.0) - violin.BRIDGE[2])
    assert np.ptp(rolled) / 2 == pytest.approx(reach * np.log(2.0) * 18.0 / 1200.0, rel=0.25)
    deaf = rocking(perform(audio, note, as_heard=0.0), 2)[inside]
    assert abs(np.corrcoef(deaf, pitch)[0, 1]) < 0.5
    assert np.ptp(deaf) > 0.001
    assert np.ptp(rocking(perform(audio, note, vibrato=0.0), 2)[inside]) < 1e-4
    plain, _ = recorded(tone(71, 2.0))
    assert np.ptp(rocking(perform(plain, note), 2)[inside]) < 1e-4


def test_a_bow_goes_faster_where_its_note_swells() -> None:
    t = np.arange(3 * RATE) / RATE
    swell = 10.0 ** (-0.5 * np.abs(t - 2.0))  # loudest after two of three seconds
    audio = Audio((tone(69, 3.0) * swell).astype(np.float32), RATE)
    notes = [Annotation(0.0, 3.0, {"pitch": 69, "bow": "down"})]
    usual, even = (metrics.bow_position(perform(audio, notes, as_heard=much)) for much in (1.0, 0.0))
    frames = np.arange(len(usual)) / 60.0
    inside = (frames > 0.6) & (frames < 2.6)
    speeds = [np.gradient(hair)[inside] for hair in (usual, even)]
    level = swell[np.minimum((frames[inside] * RATE).astype(int), len(swell) - 1)]
    assert np.corrcoef(speeds[0], level)[0, 1] > 0.9
    assert np.ptp(speeds[1]) < 0.1 * speeds[1].mean()
    assert usual[[0, -1]] == pytest.approx(even[[0, -1]], abs=0.002)  # the same bow, another way through it


def test_an_even_sound_leaves_the_bow_even() -> None:
    for samples in (np.full(RATE, 0.3), np.zeros(RATE), np.zeros(0)):
        times, come = paces(Audio(samples.astype(np.float32), RATE, 5.0))
        assert come == pytest.approx(times, abs=1e-6)
    rng = np.random.default_rng(1)
    times, come = paces(
        Audio((rng.standard_normal(4 * RATE) * np.repeat([0.01, 0.3], 2 * RATE)).astype(np.float32), RATE)
    )
    assert (np.diff(come) > 0.0).all()
    assert np.array_equal(
        paces(Audio(rng.standard_normal(RATE).astype(np.float32), RATE), 0.0)[1], np.arange(101) / 100
    )
