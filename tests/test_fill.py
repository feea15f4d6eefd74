# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Correctors that fill: what the host hands on, shows, checks and remembers of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from backend.chain import Job
from backend.correction import correct
from backend.plugin_manager import Registry
from plugins.api import Audio, Corrector, JobContext, Motion, MotionError, Skeleton
from plugins.api.testing import test_audio as some_sound
from plugins.api.testing import test_dance as some_dance
from tests.filling import FILLER
from tests.good_components import GoodCorrector, GoodFiller
from tests.serving import Visitor, install_plugin, running_server, sound_file


def gapped(first: int = 20, last: int = 40) -> Motion:
    """Two seconds of dancing of which nobody posed the frames from ``first`` to ``last``."""
    motion = some_dance(2.0)
    places = motion.positions.copy()
    places[first:last] = np.nan
    return replace(motion, positions=places)


def registry_of(corrector: Corrector) -> Registry:
    return Registry({"corrector": {corrector.name: corrector}})


def filled(corrector: Corrector, motion: Motion, shown: list[Motion] | None = None, **job: Any) -> Motion:
    asked = Job(corrector=corrector.name, motion=motion, device="cpu", **{"fps": motion.fps, **job})
    hear = None if shown is None else shown.append
    return correct(registry_of(corrector), asked, some_sound(), on_partial=hear).motion


def test_gaps_are_filled_and_the_way_there_is_shown() -> None:
    given, shown = gapped(), list[Motion]()
    found = filled(GoodFiller(), given, shown, seed=3)
    assert np.isfinite(found.positions).all()
    assert np.array_equal(found.positions[:20], given.positions[:20])
    assert found.provenance["seed"] == 3
    (lines,) = shown
    assert (lines.fps, len(lines), lines.start) == (found.fps, len(found), found.start)
    assert not np.array_equal(lines.positions[20:40], found.positions[20:40])
    assert not np.array_equal(filled(GoodFiller(), given, seed=4).positions, found.positions)


def test_what_is_shown_is_at_the_rate_that_was_asked_for() -> None:
    shown = list[Motion]()
    assert filled(GoodFiller(), gapped(), shown, fps=24.0).fps == 24.0
    assert [part.fps for part in shown] == [24.0]


class Spoiler(GoodFiller):
    """Answers with what the test says, and shows it first."""

    name, label = "spoiler", "Spoiler"
    spoil: ClassVar[Any] = None

    def correct(self, motion: Motion, audio: Audio, options: Any, context: JobContext) -> Motion:
        found = type(self).spoil(super().correct(motion, audio, options, replace(context, on_partial=lambda _: None)))
        context.partial(found)
        return found


def hole(frame: int, joint: str) -> Any:
    def spoil(motion: Motion) -> Motion:
        places = motion.positions.copy()
        places[frame, motion.skeleton.index(joint), 1] = np.nan
        return replace(motion, positions=places)

    return spoil


@pytest.mark.parametrize("frame", [3, 30])
def test_no_number_leaves_that_is_none(monkeypatch: pytest.MonkeyPatch, frame: int) -> None:
    shown = list[Motion]()
    monkeypatch.setattr(Spoiler, "spoil", staticmethod(hole(frame, "left_hand")))
    with pytest.raises(MotionError, match=f"numbers that are none for left_hand .first at {frame / 30:.2f} s"):
        filled(Spoiler(), gapped(), shown)
    assert shown == []


def test_rotations_are_looked_at_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def spoil(motion: Motion) -> Motion:
        turns = np.zeros((*motion.positions.shape[:2], 4), dtype=np.float32)
        turns[..., 0] = 1.0
        turns[25, motion.skeleton.index("head")] = np.inf
        return replace(motion, rotations=turns)

    monkeypatch.setattr(Spoiler, "spoil", staticmethod(spoil))
    with pytest.raises(MotionError, match="none for head"):
        filled(Spoiler(), gapped())


def test_a_joint_that_nobody_ever_gave_may_be_missing_but_not_where_nothing_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = some_dance(2.0)
    places = given.positions.copy()
    places[:, given.skeleton.index("head")] = np.nan
    without_head = replace(given, positions=places)
    monkeypatch.setattr(Spoiler, "spoil", staticmethod(lambda motion: without_head))
    monkeypatch.setattr(GoodFiller, "correct", lambda self, motion, audio, options, context: motion)
    assert filled(Spoiler(), without_head).skeleton == given.skeleton
    with pytest.raises(MotionError, match="none for head"):
        filled(Spoiler(), replace(given, positions=np.full_like(places, np.nan)))


def test_other_joints_are_refused() -> None:
    class Stranger(GoodCorrector):
        """Answers with somebody else's motion."""

        def correct(self, motion: Motion, audio: Audio, options: Any, context: JobContext) -> Motion:
            stick = Skeleton("stick", ("a", "b"), (-1, 0), np.zeros((2, 3)), ("body", "body"))
            return Motion(stick, motion.fps, np.zeros((len(motion), 2, 3)))

    with pytest.raises(MotionError, match="other joints than it was given"):
        filled(Stranger(), some_dance(2.0))


@pytest.fixture(scope="module")
def visitor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    folder = tmp_path_factory.mktemp("server")
    with pytest.MonkeyPatch.context() as patch:
        install_plugin(folder, patch, "filling", FILLER)
        with running_server(cache=folder / "cache") as address, Visitor(address) as found:
            yield found


@pytest.fixture
def request_body(visitor: Visitor, tmp_path: Path) -> dict[str, Any]:
    data = gapped().to_bytes()
    digest = hashlib.sha256(data).hexdigest()
    assert visitor.http.put(f"/v1/motions/{digest}", content=data).status_code in (200, 201)
    sound = visitor.put(sound_file(tmp_path / "tune.wav").read_bytes())
    return {"motion": digest, "audio": sound, "corrector": "tween", "fps": 24.0, "seed": 5}


def test_the_server_says_who_fills(visitor: Visitor) -> None:
    listed = {c["name"]: c["fills"] for c in visitor.http.get("/v1/components").json()["components"]}
    assert (listed["tween"], listed["mapnet"], listed["performer"]) == (True, False, False)


def test_the_server_shows_and_remembers_by_seed(visitor: Visitor, request_body: dict[str, Any]) -> None:
    slow = {**request_body, "options": {"tween": {"seconds": 60.0}}}
    number = visitor.submit(**slow)["id"]
    while visitor.wait(number, "running", "failed")["partials"] < 2:
        pass
    parts = [Motion.from_bytes(visitor.get(f"/v1/jobs/{number}/partials/{i}")) for i in range(2)]
    assert [(part.fps, part.start) for part in parts] == [(24.0, 0.0)] * 2
    assert all(np.isfinite(part.positions).all() for part in parts)
    visitor.http.delete(f"/v1/jobs/{number}")
    answers = {}
    for seed in (5, 6, 5):
        job = visitor.wait(visitor.submit(**{**request_body, "seed": seed})["id"])
        assert job["state"] == "finished", job["error"]
        assert job["cached"] == (seed in answers)
        answers.setdefault(seed, visitor.get(f"/v1/jobs/{job['id']}/motion"))
    five, six = (Motion.from_bytes(answers[seed]).positions for seed in (5, 6))
    assert not np.array_equal(five, six)


def test_a_gap_that_stays_fails_the_job_with_the_reason(visitor: Visitor, request_body: dict[str, Any]) -> None:
    body = {**request_body, "options": {"tween": {"fails": True}}}
    job = visitor.wait(visitor.submit(**body)["id"])
    assert job["state"] == "failed"
    assert "tween answered with numbers that are none for hips" in job["error"]
