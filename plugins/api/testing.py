# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The contract test that a plug-in author runs on a component: ``check_component(MyGenerator())``."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import numpy as np
from pydantic import BaseModel

from plugins.api import Annotation, AnnotationTrack, Audio, Motion, violinist
from plugins.api.components import Component, Corrector, Generator, PostStep, Recognizer, Recommender
from plugins.api.context import Cancelled, JobContext

_KINDS = (Generator, PostStep, Corrector, Recognizer, Recommender)


def declaration_problems(component: object) -> list[str]:
    """What is wrong with how a component describes itself; empty when all is well."""
    if not isinstance(component, _KINDS):
        return [f"{component!r} is not an instance of Generator, PostStep, Corrector, Recognizer or Recommender"]
    problems = []
    name = getattr(component, "name", None)
    if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9_-]*", name):
        problems.append(f"name must be lower-case letters, digits, '_' or '-', not {name!r}")
    if not isinstance(getattr(component, "label", None), str) or not component.label.strip():
        problems.append("label must say what the animator sees")
    if not (inspect.getdoc(type(component)) or "").strip() or type(component).__doc__ is None:
        problems.append("the class needs a docstring: the animator reads it")
    if not (isinstance(component.Options, type) and issubclass(component.Options, BaseModel)):
        problems.append("Options must be a nested pydantic model")
    if not component.devices or not set(component.devices) <= {"cpu", "cuda"}:
        problems.append(f"devices must be 'cpu' and/or 'cuda', not {component.devices!r}")
    required = {Generator: ("instruments", "skeleton"), PostStep: ("reads", "writes"), Recognizer: ("writes",)}
    for kind, attributes in required.items():
        if isinstance(component, kind):
            problems += [f"{a} is missing" for a in attributes if not hasattr(component, a)]
    return problems


def check_component(component: Component, *, audio: Audio | None = None) -> None:
    """Check that a component keeps its contract; AssertionError says which part it breaks.

    It is declared well, has defaults for all options, answers in the right type on
    two seconds of sound, gives the same answer twice for one seed, and stops when
    the job is cancelled.
    """
    problems = declaration_problems(component)
    assert not problems, f"{component!r}: " + "; ".join(problems)
    options = component.Options()
    component.Options.model_json_schema()
    component.load("cpu")
    sound = audio or test_audio()
    if isinstance(component, Generator):
        _check_motion(lambda c: component.generate(sound, options, c), sound)
    elif isinstance(component, PostStep):
        _check_motion(lambda c: component.apply(test_motion(), options, c), None)
    elif isinstance(component, Corrector):
        _check_motion(lambda c: component.correct(test_motion(), sound, options, c), None)
    elif isinstance(component, Recognizer) and not component.needs_score:
        _check_tracks(component.recognize(sound, None, options, test_context()), component.writes)


def test_audio(seconds: float = 2.0, rate: int = 22050) -> Audio:
    """A4 with a gentle swell."""
    t = np.arange(int(seconds * rate)) / rate
    return Audio((0.3 * np.sin(2 * np.pi * 440 * t) * np.sin(np.pi * t / seconds)).astype(np.float32), rate)


def test_motion(frames: int = 20) -> Motion:
    """The violinist at rest."""
    skeleton = violinist.violinist_skeleton()
    return Motion(skeleton, 30.0, np.repeat(skeleton.rest_positions[None], frames, axis=0))


def test_context(**changes: Any) -> JobContext:
    """A context that knows two notes and four beats."""
    notes = tuple(Annotation(t, 0.9, {"pitch": 69, "velocity": 0.6}) for t in (0.1, 1.05))
    beats = tuple(Annotation(0.5 * i, 0.0, i % 4 + 1) for i in range(4))
    tracks = [AnnotationTrack("note", notes), AnnotationTrack("beat", beats)]
    return JobContext(**{"annotations": tracks, **changes})


# These three are helpers for authors, not tests.
test_audio.__test__ = test_motion.__test__ = test_context.__test__ = False  # type: ignore[attr-defined]


def _check_motion(run: Callable[[JobContext], Motion], audio: Audio | None) -> None:
    motion = run(test_context(seed=7))
    assert isinstance(motion, Motion), f"the answer must be a Motion, not {type(motion).__name__}"
    assert len(motion), "the motion has no frames"
    if audio is not None:
        assert motion.fps == 30.0, f"context.fps was 30, the motion has {motion.fps}"
        assert abs(motion.duration - audio.duration) <= 1.5 / motion.fps, "the motion is not as long as the audio"
    again = run(test_context(seed=7))
    assert np.array_equal(motion.positions, again.positions, equal_nan=True), "the same seed gave another motion"
    try:
        run(test_context(is_cancelled=lambda: True))
    except Cancelled:
        return
    raise AssertionError("a cancelled job must stop: call context.progress() or context.check_cancelled()")


def _check_tracks(tracks: list[AnnotationTrack], namespaces: tuple[str, ...]) -> None:
    assert [t.namespace for t in tracks] == list(namespaces), f"the tracks must be {namespaces}"
    for track in tracks:
        assert all(0.0 <= a.confidence <= 1.0 for a in track.annotations), "confidence must be 0 to 1"
