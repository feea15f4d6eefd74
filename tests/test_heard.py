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
from plugins.performer.heard import SWELLS, Sway, habit, paces, sways, tuning_of
from plugins.performer.left_hand import WIDEST
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


def wandering(pitch: float, seconds: float, seed: int, cents: float = 6.0) -> Floats:
    """A tone whose pitch goes up and down by chance, within 30 ms."""
    from scipy.ndimage import gaussian_filter1d

    drawn = gaussian_filter1d(np.random.default_rng(seed).standard_normal(round(seconds * RATE)), 0.03 * RATE)
    phase = 2 * np.pi * np.cumsum(hertz_of(pitch) * 2.0 ** (cents * drawn / drawn.std() / 1200.0)) / RATE
    return np.asarray(0.1 * sum(np.sin(k * phase + k) / k for k in range(1, 9)))


@pytest.mark.parametrize(("seconds", "most"), [(0.36, 2), (0.6, 4), (1.2, 1)])
def test_pitch_that_only_wanders_is_no_vibrato(seconds: float, most: int) -> None:
    audio, starts = recorded(*(wandering(69, seconds, seed) for seed in range(30)))
    found = sways(audio, [Chord(s, s + seconds, (69,)) for s in starts[:-1]])
    assert sum(s is not None and s.hertz > 0.0 for s in found) <= most
    assert seconds < 0.5 or sum(s is None for s in found) == 0  # in short notes it cannot be told


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
    pitches = (69, 71, 72, 74, 57)
    tuned, starts = recorded(*(tone(p + 0.8 * (i == 4), 0.8) for i, p in enumerate(pitches)))  # the last is far off
    found = sways(tuned, [Chord(s, s + 0.8, (p,)) for s, p in zip(starts, pitches, strict=False)])
    assert [s is None for s in found] == [False] * 4 + [True]
    beyond = sways(audio, [Chord(-2.0, -1.0, (69,)), Chord(9.0, 11.0, (69,))])  # notes outside of the sound
    assert beyond == [None, None]


def test_a_cut_recording_is_heard_as_the_whole() -> None:
    """Its clock goes on: what begins at 7 s is found there."""
    pitches = (64, 67, 69, 72)
    audio, starts = recorded(*(tone(p - 0.3, 0.9, 5.5, 15.0) for p in pitches))
    later = Audio(audio.samples, RATE, 7.0)
    whole, cut = (
        sways(of, [Chord(s + by, s + by + 0.9, (p,)) for s, p in zip(starts, pitches, strict=False)])
        for of, by in ((audio, 0.0), (later, 7.0))
    )
    for a, b in zip(whole, cut, strict=True):
        assert a is not None
        assert b is not None
        assert a.hertz == b.hertz > 0.0
        assert b.times - 7.0 == pytest.approx(a.times, abs=1e-6)


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
    half = rocking(perform(audio, note, as_heard=0.5), 2)[inside]
    assert half == pytest.approx((rolled + deaf) / 2, abs=2e-5)
    plain, _ = recorded(tone(71, 2.0))
    assert np.ptp(rocking(perform(plain, note), 2)[inside]) < 1e-4


def test_a_vibrato_comes_and_goes_without_a_jump() -> None:
    pitches = (71, 72, 74, 72, 71, 72)
    audio, starts = recorded(*(tone(p, 0.7, 6.0, 25.0, seed=i) for i, p in enumerate(pitches)))
    notes = [Annotation(s, 0.7, {"pitch": p}) for s, p in zip(starts, pitches, strict=False)]
    heard, deaf = (perform(audio, notes, as_heard=much).joint("left_hand") for much in (1.0, 0.0))
    steps = [np.linalg.norm(np.diff(hand, 2, axis=0), axis=1).max() * 60.0**2 for hand in (heard, deaf)]
    assert steps[0] < 2.0 * steps[1] + 2.0


def test_a_very_wide_vibrato_stays_on_the_fingerboard() -> None:
    audio, _ = recorded(tone(71, 2.0, 5.5, 55.0))
    motion = perform(audio, [Annotation(0.0, 2.0, {"pitch": 71})])
    inside = (motion.times > 0.3) & (motion.times < 1.7)
    assert np.ptp(rocking(motion, 2)[inside]) == pytest.approx(2 * WIDEST, rel=0.1)


@pytest.mark.parametrize("cents", [0.0, 18.0])
def test_double_stops_have_vibrato_as_the_player_has(cents: float) -> None:
    """They cannot be told by themselves."""
    single = [tone(69 + i % 3, 0.8, 5.5, cents, seed=i) for i in range(6)]
    audio, starts = recorded(*single, tone(64, 2.0) + tone(71, 2.0))
    notes = [Annotation(s, 0.8, {"pitch": 69 + i % 3}) for i, s in enumerate(starts[:6])]
    notes += [Annotation(starts[6], 2.0, {"pitch": p}) for p in (64, 71)]
    motion = perform(audio, notes)
    inside = (motion.times > starts[6] + 0.4) & (motion.times < starts[6] + 1.6)
    rolled = max(np.ptp(_fingers(motion, inside)[:, f]) for f in range(4))
    assert (rolled > 0.001) == (cents > 0.0)


def _fingers(motion: Motion, frames: npt.NDArray[np.bool_]) -> Floats:
    """(T, 4) metres of the fingertips along the neck."""
    along = motion.joint("nut_d") - motion.joint("bridge_d")
    along = along / np.linalg.norm(along, axis=1, keepdims=True)
    tips = [motion.joint(f"left_{f}_tip") - motion.joint("bridge_d") for f in ("index", "middle", "ring", "little")]
    return np.stack([(tip * along).sum(axis=1)[frames] for tip in tips], axis=1)


def test_notes_that_cross_the_ends_of_a_cut_keep_their_bow() -> None:
    """A part of a piece, generated again: the strokes go on before and after it."""
    rng = np.random.default_rng(0)
    audio = Audio((0.1 * rng.standard_normal(4 * RATE)).astype(np.float32), RATE, 5.0)
    notes = [
        Annotation(3.0, 4.0, {"pitch": 69}),
        Annotation(7.0, 1.5, {"pitch": 71}),
        Annotation(8.5, 4.0, {"pitch": 69}),
    ]
    usual, even = (metrics.bow_position(perform(audio, notes, as_heard=much)) for much in (1.0, 0.0))
    assert np.abs(usual - even).max() < 0.06
    for hair in (usual, even):
        assert 60.0 * np.abs(np.diff(hair)).max() < 1.0
    assert np.ptp(even[:100]) < 0.7 * np.ptp(even)  # the first note's first half is not in it


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
        assert times[0] < 0.0
        assert times[-1] > 100.0
    rng = np.random.default_rng(1)
    times, come = paces(
        Audio((rng.standard_normal(4 * RATE) * np.repeat([0.01, 0.3], 2 * RATE)).astype(np.float32), RATE)
    )
    assert (np.diff(come) > 0.0).all()
    speed = np.diff(come)[1:-1] / np.diff(times)[1:-1]
    assert SWELLS[0] - 1e-9 <= speed.min() < speed.max() <= SWELLS[1] + 1e-9
