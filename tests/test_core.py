# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Annotations, audio and messages of the shared vocabulary."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blender_addon.core import rotations as rot
from blender_addon.core.annotations import Annotation, AnnotationError, AnnotationTrack, find_track, from_json, to_json
from blender_addon.core.audio import Audio, AudioError
from blender_addon.core.protocol import BakeJob, ComponentInfo, ProtocolError, SoundFile
from tests.geometry import UNIT

# Annotations

TIMES = st.floats(-10.0, 1e4)
VALUES = st.none() | st.integers(-1000, 1000) | st.text(max_size=5) | st.dictionaries(st.text(max_size=3), UNIT)
ANNOTATIONS = st.builds(Annotation, TIMES, st.floats(0.0, 100.0), VALUES, UNIT)
TRACKS = st.builds(AnnotationTrack, st.sampled_from(["beat", "note", "phrase"]), st.lists(ANNOTATIONS).map(tuple))


@given(st.lists(TRACKS, max_size=3))
def test_annotations_survive_json(tracks: list[AnnotationTrack]) -> None:
    assert from_json(to_json(tracks)) == tracks


def test_the_json_is_the_documented_one() -> None:
    track = AnnotationTrack("beat", (Annotation(1.25, 0.0, 1, 0.9),))
    assert json.loads(to_json([track])) == {
        "version": 1,
        "tracks": [
            {
                "namespace": "beat",
                "annotations": [{"time": 1.25, "duration": 0.0, "value": 1, "confidence": 0.9}],
            }
        ],
    }


ROW = '{"time": %s, "duration": 0, "value": 1, "confidence": 1}'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"version": 1}',
        '{"version": 1, "tracks": null}',
        '{"version": 1, "tracks": [3]}',
        '{"version": 1, "tracks": [{"namespace": "beat"}]}',
        '{"version": 1, "tracks": [{"namespace": "beat", "annotations": [{"time": 1}]}]}',
        '{"version": 1, "tracks": [{"namespace": "beat", "annotations": [' + ROW % '"soon"' + "]}]}",
        '{"version": 1, "tracks": [{"namespace": "beat", "annotations": [' + ROW % "NaN" + "]}]}",
    ],
)
def test_what_is_no_annotation_file_is_refused(text: str) -> None:
    with pytest.raises(AnnotationError):
        from_json(text)


def test_annotations_of_another_version_name_both() -> None:
    with pytest.raises(AnnotationError, match="have version 9, this Cadenza reads 1"):
        from_json('{"version": 9, "tracks": []}')


def test_an_annotation_needs_finite_times() -> None:
    for time, duration in ((float("nan"), 0.0), (float("inf"), 0.0), (0.0, -1.0), (0.0, float("inf"))):
        with pytest.raises(AnnotationError, match="finite time and duration"):
            Annotation(time, duration)


def test_a_track_is_in_order_and_can_be_cut() -> None:
    track = AnnotationTrack("note", (Annotation(2.0, 1.5, "b"), Annotation(0.0, 1.0, "a"), Annotation(3.0, 1.0, "c")))
    assert track.times == [0.0, 2.0, 3.0]
    assert len(track) == 3
    part = track.slice(2.0, 3.0)
    assert [(a.value, a.time, a.end) for a in part.annotations] == [("b", 2.0, 3.0)]
    assert find_track([track], "note") is track
    assert find_track([track], "beat") == AnnotationTrack("beat")


# Audio


def sine(seconds: float = 1.0, rate: int = 8000, start: float = 0.0) -> Audio:
    return Audio(0.5 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate), rate, start)


@pytest.mark.parametrize(
    ("samples", "rate", "message"),
    [
        (np.zeros((10, 2)), 8000, r"must be mono, of shape \(N,\), not \(10, 2\)"),
        (np.zeros(10), 0, "sample rate must be positive, not 0"),
        (np.array([0.0, np.nan]), 8000, "not numbers"),
        (np.array([0.0, np.inf]), 8000, "not numbers"),
    ],
)
def test_bad_audio_is_refused(samples: rot.Array, rate: int, message: str) -> None:
    with pytest.raises(AudioError, match=message):
        Audio(samples, rate)


def test_audio_tells_its_times() -> None:
    audio = sine(1.5, start=3.0)
    assert (audio.duration, audio.start, audio.end) == (1.5, 3.0, 4.5)
    assert audio.samples.dtype == np.float32


def test_the_hash_is_of_the_sound_and_its_rate() -> None:
    audio = sine()
    assert audio.sha256 == sine(start=5.0).sha256
    assert audio.sha256 != Audio(audio.samples, 8001).sha256
    assert audio.sha256 != Audio(audio.samples * 1.001, 8000).sha256


def test_loudness_of_a_sine_is_3_db_under_its_peak() -> None:
    loudness = sine().loudness(25.0)
    assert loudness.shape == (25,)
    np.testing.assert_allclose(loudness[1:-1], 20 * np.log10(0.5) - 3.01, atol=0.2)
    assert (Audio(np.zeros(800), 8000).loudness(25.0) == -100).all()


# Messages


def test_a_bake_job_survives_json() -> None:
    job = BakeJob("a.npz", "a.json", "a.blend", 29.97, SoundFile("a.wav", 1.5), "a.mp4", 640, 360)
    assert BakeJob.from_json(job.to_json()) == job
    bare = BakeJob("a.npz", "a.json", "a.blend", 24.0)
    assert BakeJob.from_json(bare.to_json()) == bare


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"version": 1}', '{"version": 1, "sound": null, "tempo": 3}', '{"version": 1, "sound": 4}'],
)
def test_what_is_no_bake_job_is_refused(text: str) -> None:
    with pytest.raises(ProtocolError, match="not a bake job"):
        BakeJob.from_json(text)


def test_a_bake_job_of_another_protocol_names_both() -> None:
    with pytest.raises(ProtocolError, match="speaks protocol 7, this add-on 1"):
        BakeJob.from_json('{"version": 7}')


def test_a_component_info_is_plain_json() -> None:
    info = ComponentInfo("generator", "g", devices=("cuda", "cpu"), options={"type": "object"})
    assert json.loads(json.dumps(info.to_dict())) == info.to_dict()
