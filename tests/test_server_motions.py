# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What a server does with a motion besides recognising: it is repaired from its sound, and given music."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from plugins.api import Motion
from plugins.api.testing import test_body
from scripts.dancing import RATE, beats_of, loudness_of, music, stepping
from tests.serving import Visitor, running_server
from tests.test_mapnet import error, jittery, performance, sound


@pytest.fixture(scope="module")
def visitor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    folder = tmp_path_factory.mktemp("server")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "own"))
        with running_server(cache=folder / "cache") as address, Visitor(address) as found:
            yield found


def sent(visitor: Visitor, motion: Motion) -> str:
    data = motion.to_bytes()
    digest = hashlib.sha256(data).hexdigest()
    assert visitor.http.put(f"/v1/motions/{digest}", content=data).status_code in (200, 201)
    return digest


def finished(visitor: Visitor, body: dict[str, Any]) -> dict[str, Any]:
    job = visitor.wait(visitor.submit(**body)["id"], "finished", "failed", seconds=120.0)
    assert job["state"] == "finished", job["error"]
    return job


@pytest.fixture
def recording(visitor: Visitor, tmp_path: Path) -> str:
    made = sound()
    soundfile.write(tmp_path / "tune.wav", made.samples, made.sample_rate)
    data = (tmp_path / "tune.wav").read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    visitor.http.put(f"/v1/audio/{digest}", content=data)
    return digest


def test_a_motion_is_repaired(visitor: Visitor, recording: str) -> None:
    truth = performance()
    given = jittery(truth, 0.05)
    asked: dict[str, Any] = {"motion": sent(visitor, given), "audio": recording, "corrector": "mapnet", "fps": 50.0}
    job = finished(visitor, asked)
    found = Motion.from_bytes(visitor.get(f"/v1/jobs/{job['id']}/motion"))
    assert found.fps == 50.0
    assert error(found.resample(25.0).slice(0.0, 5.0), truth.slice(0.0, 5.0)) < 0.5 * error(given, truth)
    assert found.confidence is not None
    assert found.provenance["corrector"] == "mapnet"
    (track,) = json.loads(visitor.get(f"/v1/jobs/{job['id']}/annotations"))["tracks"]
    assert track["namespace"] == "change"
    assert max(a["value"] for a in track["annotations"]) > 20.0
    early = finished(visitor, {**asked, "motion": sent(visitor, replace(given, start=-1.0)), "keep": [-0.4]})
    assert Motion.from_bytes(visitor.get(f"/v1/jobs/{early['id']}/motion")).start == -1.0  # before the sound begins
    kept = finished(visitor, {**asked, "fps": 25.0, "keep": [2.0]})
    again = Motion.from_bytes(visitor.get(f"/v1/jobs/{kept['id']}/motion"))
    assert np.abs(again.positions[50] - given.positions[50]).max() < 1e-5


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"corrector": "nobody"}, "corrector", "no corrector named 'nobody'"),
        ({"audio": None}, "audio", "needs the sound"),
        ({"recognize": ["beat"]}, "recognize", "one of them"),
        ({"options": {"mapnet": {"strength": 3}}}, "options", "strength"),
    ],
)
def test_what_cannot_be_repaired_is_refused(
    visitor: Visitor, recording: str, changes: dict[str, Any], field: str, words: str
) -> None:
    body = {"motion": sent(visitor, performance(2.0)), "audio": recording, "corrector": "mapnet", **changes}
    answer = visitor.http.post("/v1/jobs", json=body)
    assert answer.status_code == 422
    assert answer.json()["field"] == field
    assert words in answer.json()["detail"]


def test_a_frame_to_keep_outside_the_motion_fails_the_job(visitor: Visitor, recording: str) -> None:
    body = {"motion": sent(visitor, performance(2.0)), "audio": recording, "corrector": "mapnet", "keep": [7.0]}
    job = visitor.wait(visitor.submit(**body)["id"], "failed", "finished")
    assert job["state"] == "failed"
    assert "lies outside the motion" in job["error"]


def test_the_body_of_a_motion_is_followed(visitor: Visitor, recording: str) -> None:
    body = test_body(0.2, 3.0)
    assert body.rotations is not None
    body.rotations[30:60] = body.positions[30:60] = np.nan
    asked: dict[str, Any] = {"motion": sent(visitor, body), "audio": recording, "end": 3.0, "keep": [0.5], "seed": 4}
    found = Motion.from_bytes(visitor.get(f"/v1/jobs/{finished(visitor, asked)['id']}/motion"))
    assert (found.skeleton.name, len(found)) == ("violinist", 90)
    assert found.rotations is not None
    turns = found.skeleton.world_rotations(found.rotations)[:, found.skeleton.index("chest")]
    assert 2 * np.arcsin(turns[[0, 29, 60], 1]) == pytest.approx(0.2, abs=0.005)
    (player,) = [c for c in json.loads(visitor.get("/v1/components"))["components"] if c["name"] == "performer"]
    assert player["follows"]
    refused = visitor.http.post("/v1/jobs", json={**asked, "generator": "momu", "keep": []})
    assert refused.status_code == 422
    assert refused.json()["field"] == "motion"
    assert "momu cannot play with a body that is given; choose performer or pianist" in refused.json()["detail"]


def test_a_motion_is_given_music(visitor: Visitor, tmp_path: Path) -> None:
    for seed, tempo in enumerate((80.0, 100.0, 124.0)):
        beats = beats_of(tempo, 30.0, seed=seed)
        soundfile.write(
            tmp_path / f"{tempo:.0f}.wav", music(beats, loudness_of(len(beats), seed), 30.0, seed=seed), RATE
        )
    beats = beats_of(100.0, 30.0, seed=1)
    dance = stepping(beats, 0.4 + 0.8 * loudness_of(len(beats), 1), 25.0, seconds=24.0)
    asked = {"motion": sent(visitor, dance), "recommender": "mclemcd", "library": str(tmp_path), "top": 2}
    for _ in range(2):  # a library may change: its answer is not remembered
        job = finished(visitor, asked)
        assert not job["cached"]
        (track,) = json.loads(visitor.get(f"/v1/jobs/{job['id']}/annotations"))["tracks"]
        ranks = {a["value"]["rank"]: a for a in track["annotations"]}
        assert set(ranks) == {1, 2}
        assert ranks[1]["value"]["name"] == "100.wav"
        assert ranks[1]["value"]["reason"]
    answer = visitor.http.post("/v1/jobs", json={**asked, "library": str(tmp_path / "none")})
    assert (answer.status_code, answer.json()["field"]) == (422, "library")
    answer = visitor.http.post("/v1/jobs", json={"recommender": "mclemcd"})
    assert "no motion" in answer.json()["detail"]


def test_a_motion_with_gaps_is_repaired_but_not_recognised(visitor: Visitor, recording: str) -> None:
    given = performance(2.0)
    places = given.positions.copy()
    places[10:20] = np.nan
    digest = sent(visitor, replace(given, positions=places, rotations=None))
    refused = visitor.http.post("/v1/jobs", json={"motion": digest, "recognize": ["beat"]})
    assert "not a number" in refused.json()["detail"]
    job = finished(visitor, {"motion": digest, "audio": recording, "corrector": "mapnet"})
    assert np.isfinite(Motion.from_bytes(visitor.get(f"/v1/jobs/{job['id']}/motion")).positions).all()


def test_a_pose_at_the_very_end_is_gone_to(visitor: Visitor, recording: str) -> None:
    """It lies in the frame after the last that is played."""
    body = test_body(0.2, 3.0)
    assert body.rotations is not None
    body.rotations[10:60] = body.positions[10:60] = np.nan
    body.rotations[:10] = test_body(0.0, 3.0).rotations[:10]
    asked: dict[str, Any] = {"motion": sent(visitor, body), "audio": recording, "end": 2.0, "keep": [0.1, 2.0]}
    found = Motion.from_bytes(visitor.get(f"/v1/jobs/{finished(visitor, asked)['id']}/motion"))
    assert found.rotations is not None
    turns = found.skeleton.world_rotations(found.rotations)[:, found.skeleton.index("chest")]
    assert len(found) == 60
    assert 2 * np.arcsin(turns[[5, 59], 1]) == pytest.approx([0.0, 0.2], abs=0.01)
