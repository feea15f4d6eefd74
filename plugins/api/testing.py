# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The contract test that a plug-in author runs on a component: ``check_component(MyGenerator())``."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from pydantic import BaseModel, ValidationError

from plugins.api import Annotation, AnnotationTrack, Array, Audio, Motion, Skeleton, to_json, violinist
from plugins.api.components import (
    Component,
    Composer,
    Corrector,
    Generator,
    PostStep,
    Recognizer,
    Recommendation,
    Recommender,
)
from plugins.api.context import Cancelled, Constraint, JobContext

WORDS: Final = {
    "dynamics": ("ppp", "pp", "p", "mp", "mf", "f", "ff", "fff", "cresc", "dim"),
    "articulation": ("legato", "neutral", "staccato"),
}
"""What the values of a namespace may be, where it has words of its own."""
_KINDS = (Generator, PostStep, Corrector, Recognizer, Recommender, Composer)


def declaration_problems(component: object) -> list[str]:
    """What is wrong with how a component describes itself; empty when all is well."""
    if not isinstance(component, _KINDS):
        kinds = ", ".join(kind.__name__ for kind in _KINDS[:-1])
        return [f"{component!r} is not an instance of {kinds} or {_KINDS[-1].__name__}"]
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
    if isinstance(component, Generator) and not isinstance(component.follows, bool):
        problems.append(f"follows must be True or False, not {component.follows!r}")
    if isinstance(component, Corrector):
        said = {"fills": component.fills, "retimes": component.retimes}
        problems += [f"{name} must be True or False, not {v!r}" for name, v in said.items() if not isinstance(v, bool)]
    required = {
        Generator: ("instruments", "skeleton"),
        PostStep: ("reads", "writes"),
        Recognizer: ("writes",),
        Composer: ("skeleton",),
    }
    for kind, attributes in required.items():
        if isinstance(component, kind):
            problems += [f"{a} is missing" for a in attributes if not hasattr(component, a)]
    lists = {
        Generator: ("instruments", "needs", "post_steps"),
        Corrector: ("needs",),
        Recognizer: ("writes", "reads"),
        Recommender: ("describing",),
        Composer: ("post_steps",),
    }
    for kind, attributes in lists.items():
        if isinstance(component, kind):
            given = {a: getattr(component, a, ()) for a in attributes}
            problems += [f"{a} must be a tuple of names, not {v!r}" for a, v in given.items() if not _is_names(v)]
    return problems


def _is_names(value: object) -> bool:
    return isinstance(value, (tuple, list)) and all(isinstance(v, str) for v in value)


def check_component(component: Component, *, audio: Audio | None = None) -> None:
    """Check that a component keeps its contract; AssertionError says which part it breaks.

    It is declared well, has defaults for all options, answers in the right type on
    two seconds of sound, gives the same answer twice for one seed, leaves what it
    was given as it is, and stops when the job is cancelled.
    """
    problems = declaration_problems(component)
    assert not problems, f"{component!r}: " + "; ".join(problems)
    try:
        options = component.Options()
    except ValidationError as error:
        raise AssertionError(f"every option needs a default: {error}") from error
    component.Options.model_json_schema()
    component.load("cpu")
    sound = audio or test_audio()
    if isinstance(component, Generator):
        _check_generator(component, options, sound)
    elif isinstance(component, PostStep):
        _check_change(lambda motion, context: component.apply(motion, options, context))
    elif isinstance(component, Corrector):
        _check_change(lambda motion, context: component.correct(motion, sound, options, context))
        _check_rate(component.correct(test_motion(), sound, options, test_context(fps=60.0)))
        if component.fills:
            _check_fills(component, options, sound)
    elif isinstance(component, Recognizer) and not component.needs_score:
        _check_recognizer(component, options, sound)
    elif isinstance(component, Recommender):
        _check_recommender(component, options, sound)
    elif isinstance(component, Composer):
        _check_composer(component, options)


def test_audio(seconds: float = 2.0, rate: int = 22050) -> Audio:
    """A4 with a gentle swell."""
    t = np.arange(int(seconds * rate)) / rate
    return Audio((0.3 * np.sin(2 * np.pi * 440 * t) * np.sin(np.pi * t / seconds)).astype(np.float32), rate)


def test_motion(frames: int = 20) -> Motion:
    """The violinist at rest."""
    skeleton = violinist.violinist_skeleton()
    return Motion(skeleton, 30.0, np.repeat(skeleton.rest_positions[None], frames, axis=0))


def test_dance(seconds: float = 6.0) -> Motion:
    """The violinist rocks and nods twice a second."""
    skeleton = violinist.violinist_skeleton()
    times = np.arange(int(seconds * 30.0)) / 30.0
    positions = np.repeat(skeleton.rest_positions[None], len(times), axis=0)
    positions[..., 0] += (0.1 * np.sin(2 * np.pi * times))[:, None]
    positions[..., 2] += (0.03 * np.abs(np.sin(2 * np.pi * times)))[:, None]
    return Motion(skeleton, 30.0, positions)


def test_body(lean: float, seconds: float = 2.0) -> Motion:
    """A standing figure of joints that every character has, its spine bent forward by ``lean`` radians."""
    joints = ("hips", "spine", "neck", "head")
    offsets = np.array([[0.0, 0.0, 1.0], [0.0, 0.0, 0.1], [0.0, 0.0, 0.4], [0.0, 0.0, 0.1]])
    skeleton = Skeleton("figure", joints, (-1, 0, 1, 2), offsets, ("body",) * 4)
    frames = int(seconds * 30.0)
    rotations = np.zeros((frames, 4, 4))
    rotations[..., 0] = 1.0
    rotations[:, 1] = [np.cos(lean / 2), np.sin(lean / 2), 0.0, 0.0]
    places = np.repeat(skeleton.rest_positions[None], frames, axis=0)
    positions, _ = skeleton.forward_kinematics(rotations, places)
    return Motion(skeleton, 30.0, positions.astype(np.float32), rotations.astype(np.float32))


def test_context(**changes: Any) -> JobContext:
    """A context that knows two notes and four beats."""
    notes = tuple(Annotation(t, 0.9, {"pitch": 69, "velocity": 0.6}) for t in (0.1, 1.05))
    beats = tuple(Annotation(0.5 * i, 0.0, i % 4 + 1) for i in range(4))
    tracks = [AnnotationTrack("note", notes), AnnotationTrack("beat", beats)]
    return JobContext(**{"annotations": tracks, **changes})


# These are helpers for authors, not tests.
for _helper in (test_audio, test_motion, test_dance, test_body, test_context):
    setattr(_helper, "__test__", False)  # noqa: B010


def _check_generator(generator: Generator, options: Any, sound: Audio) -> None:
    def run(audio: Audio, **changes: Any) -> Motion:
        return generator.generate(audio, options, test_context(seed=7, **changes))

    motion = run(sound)
    _check_motion(motion)
    named = motion.skeleton.name
    assert named == generator.skeleton, f"the class moves {generator.skeleton!r}, the motion {named!r}"
    _check_same(motion, run(sound))
    # Neither of these is a default, so that none can be written into the code.
    fps, start = 24.0, 0.5
    cut = run(Audio(sound.samples, sound.sample_rate, start), fps=fps)
    for made, asked, audio in ((motion, 30.0, sound), (cut, fps, Audio(sound.samples, sound.sample_rate, start))):
        assert made.fps == asked, f"context.fps was {asked:g}, the motion has {made.fps:g}"
        assert abs(made.duration - audio.duration) <= 1.5 / made.fps, "the motion is not as long as the audio"
        assert abs(made.start - audio.start) < 1e-6, (
            f"the audio starts at {audio.start:g} s, the motion at {made.start:g} s: give it start=audio.start"
        )
    _check_cancelled(lambda context: generator.generate(sound, options, context))
    if generator.follows:
        _check_follows(lambda body: run(sound, body=body))


def _check_follows(run: Callable[[Motion], Motion]) -> None:
    """One that follows a body looks at it, copes with frames that nobody posed, and leaves it as it is."""
    bodies = [test_body(0.0), test_body(0.5)]
    straight, leaning = (run(body) for body in bodies)
    _check_motion(leaning)
    for now, was in zip(_arrays(bodies[1]), _arrays(test_body(0.5)), strict=True):
        assert np.array_equal(now, was), "the body was changed: change a copy"
    assert not np.array_equal(straight.positions, leaning.positions, equal_nan=True), (
        "two bodies gave the same motion: follow context.body, or leave follows out"
    )
    posed = test_body(0.5)
    for array in _arrays(posed):
        array[np.arange(len(posed)) % 20 != 5] = np.nan
    filled = run(posed)
    _check_motion(filled)
    assert np.array_equal(np.isnan(filled.positions), np.isnan(leaning.positions)), (
        "frames of the body that nobody posed must be made up: some of the answer is not a number"
    )


def _arrays(motion: Motion) -> tuple[Array, Array]:
    assert motion.rotations is not None
    return motion.positions, motion.rotations


def _check_change(run: Callable[[Motion, JobContext], Motion]) -> None:
    """What holds for motion to motion."""
    given = test_motion()
    motion = run(given, test_context(seed=7))
    _check_motion(motion)
    assert np.array_equal(given.positions, test_motion().positions), "the given motion was changed: change a copy"
    assert (motion.fps, len(motion), motion.start) == (given.fps, len(given), given.start), (
        "the answer must have the frame rate, the frames and the start of the given motion"
    )
    _check_same(motion, run(test_motion(), test_context(seed=7)))
    _check_cancelled(lambda context: run(test_motion(), context))


def _check_rate(motion: Motion) -> None:
    """A corrector asked for another frame rate answers at it, or at the motion's own; over the same seconds."""
    given = test_motion()
    assert motion.fps in (given.fps, 60.0), f"the answer must have {given.fps:g} or context.fps frames a second"
    assert motion.start == given.start, "the answer must begin where the given motion does"
    assert abs(motion.duration - given.duration) <= 1.0 / given.fps, "the answer must last as long as the given motion"


def _check_fills(corrector: Corrector, options: Any, sound: Audio) -> None:
    """One that fills makes up the frames that nobody posed, keeps those that somebody did, and asks the seed."""
    posed = test_dance(2.0)
    given = replace(posed, positions=posed.positions.copy())
    given.positions[15:-15] = np.nan
    kept = [Constraint(posed.slice(0.0, 0.5 - 1e-3)), Constraint(posed.slice(1.5, 2.0))]

    def run(seed: int) -> Any:
        return corrector.correct(given, sound, options, test_context(seed=seed, constraints=kept)).positions

    found = run(7)
    assert np.isfinite(found).all(), "frames that nobody posed must be filled: some of the answer is not a number"
    off = np.linalg.norm((found - posed.positions)[[*range(15), *range(-15, 0)]], axis=-1).max()
    assert off <= 1e-3, f"frames in context.constraints must be kept; a joint lies {1000 * off:.1f} mm away"
    assert not np.array_equal(found, run(8)), "two seeds filled alike: draw from numpy.random.default_rng(context.seed)"


def _check_motion(motion: object) -> None:
    assert isinstance(motion, Motion), f"the answer must be a Motion, not {type(motion).__name__}"
    assert len(motion), "the motion has no frames"
    try:
        motion.to_bytes()
    except TypeError as error:
        raise AssertionError(f"the provenance must be plain JSON: {error}") from error


def _check_same(motion: Motion, again: Motion) -> None:
    same = np.array_equal(motion.positions, again.positions, equal_nan=True)
    if same and motion.rotations is not None and again.rotations is not None:
        same = np.array_equal(motion.rotations, again.rotations, equal_nan=True)
    assert same, "the same seed gave another motion: draw only from numpy.random.default_rng(context.seed)"


def _check_cancelled(run: Callable[[JobContext], object]) -> None:
    try:
        run(test_context(is_cancelled=lambda: True))
    except Cancelled:
        return
    raise AssertionError("a cancelled job must stop: call context.progress() or context.check_cancelled()")


def _check_recognizer(recognizer: Recognizer, options: Any, sound: Audio) -> None:
    def run(context: JobContext) -> list[AnnotationTrack]:
        return recognizer.recognize(sound, None, options, context)

    tracks = run(test_context(seed=7))
    assert isinstance(tracks, list), f"the answer must be a list of tracks, not {type(tracks).__name__}"
    assert all(isinstance(t, AnnotationTrack) for t in tracks), "the answer must be a list of AnnotationTrack"
    assert [t.namespace for t in tracks] == list(recognizer.writes), f"the tracks must be {recognizer.writes}"
    for track in tracks:
        words = WORDS.get(track.namespace)
        odd = [a.value for a in track.annotations if words is not None and a.value not in words]
        assert not odd, f"{track.namespace} is one of {', '.join(words or ())}, not {odd[0]!r}"
        assert all(0.0 <= a.confidence <= 1.0 for a in track.annotations), "confidence must be 0 to 1"
    try:
        text = to_json(tracks)
    except TypeError as error:
        raise AssertionError(f"times and values must be plain numbers, strings, lists and dicts: {error}") from error
    assert to_json(run(test_context(seed=7))) == text, "the same sound and seed gave other annotations"
    _check_cancelled(run)


@dataclass(frozen=True)
class DescribedTracks:
    """A library in memory, for tests: tracks and what a recommender said of each."""

    paths: Sequence[Path]
    durations: Array
    described: Sequence[Mapping[str, Array]]

    def matrix(self, name: str) -> Array:
        return np.stack([track[name] for track in self.described]) if self.described else np.zeros((0, 1))

    def arrays(self, index: int) -> Mapping[str, Array]:
        return self.described[index]


def _check_recommender(recommender: Recommender, options: Any, sound: Audio) -> None:
    def describe(context: JobContext) -> Mapping[str, Array]:
        return recommender.describe(sound, options, context)

    described = describe(test_context(seed=7))
    assert isinstance(described, Mapping), f"describe must answer with arrays by name, not {type(described).__name__}"
    for name, array in described.items():
        plain = isinstance(array, np.ndarray) and array.dtype.kind in "biuf"
        assert plain, f"{name!r} must be an array of numbers"
        assert np.isfinite(array).all(), f"{name!r} holds numbers that are not finite"
    again = describe(test_context(seed=7))
    same = set(again) == set(described) and all(np.array_equal(described[n], again[n]) for n in described)
    assert same, "the same sound and seed gave another description"
    _check_cancelled(describe)

    tracks = DescribedTracks([Path("sound.wav")], np.array([sound.duration]), [described])

    def run(context: JobContext, library: DescribedTracks = tracks) -> list[Recommendation]:
        return recommender.recommend(test_dance(), library, options, context)

    found = run(test_context(seed=7))
    assert isinstance(found, list), f"the answer must be a list of Recommendation, not {type(found).__name__}"
    assert all(isinstance(r, Recommendation) for r in found), "the answer must be a list of Recommendation"
    assert {r.path for r in found} <= set(tracks.paths), "only sounds of the library may be recommended"
    assert found == sorted(found, key=lambda r: -r.score), "the best must come first"
    assert run(test_context(seed=7)) == found, "the same motion and seed gave other recommendations"
    assert run(test_context(seed=7), DescribedTracks([], np.zeros(0), [])) == [], "an empty library has nothing to give"
    _check_cancelled(run)


def _check_composer(composer: Composer, options: Any) -> None:
    _check_composed(lambda motion, context: composer.compose(motion, options, context))
    _check_improvised(composer, lambda seconds, context: composer.improvise(seconds, options, context))


def _check_composed(run: Callable[[Motion, JobContext], Audio]) -> None:
    """Sound of a motion; neither its rate nor its start is a default."""
    given = replace(test_dance(), fps=24.0, start=0.5)
    sound = run(given, test_context(seed=7))
    _check_sound(sound, given.duration, given.start)
    same = np.array_equal(given.positions, test_dance().positions)
    assert same, "the given motion was changed: change a copy"
    _check_same_sound(sound, run(given, test_context(seed=7)))
    _check_cancelled(lambda context: run(given, context))


def _check_improvised(composer: Composer, run: Callable[[float, JobContext], tuple[Motion, Audio]]) -> None:
    seconds, fps = 2.5, 24.0
    made = run(seconds, test_context(seed=7, fps=fps))
    pair = isinstance(made, tuple) and len(made) == 2
    assert pair, f"improvise must answer with a motion and its audio, not {type(made).__name__}"
    motion, sound = made
    _check_motion(motion)
    named = motion.skeleton.name
    assert named == composer.skeleton, f"the class moves {composer.skeleton!r}, the motion {named!r}"
    assert motion.fps == fps, f"context.fps was {fps:g}, the motion has {motion.fps:g}"
    assert abs(motion.duration - seconds) <= 1.5 / fps, f"the motion lasts {motion.duration:g} s, not {seconds:g}"
    assert motion.start == 0.0, f"what is improvised begins at 0 s, not {motion.start:g}"
    _check_sound(sound, seconds, 0.0)
    again = run(seconds, test_context(seed=7, fps=fps))
    _check_same(motion, again[0])
    _check_same_sound(sound, again[1])
    _check_cancelled(lambda context: run(seconds, context))


def _check_sound(sound: object, seconds: float, start: float) -> None:
    assert isinstance(sound, Audio), f"the sound must be an Audio, not {type(sound).__name__}"
    assert abs(sound.duration - seconds) <= 0.05, f"the sound lasts {sound.duration:g} s, not {seconds:g} as the motion"
    assert abs(sound.start - start) < 1e-6, f"the motion starts at {start:g} s, the sound at {sound.start:g} s"
    peak = float(np.abs(sound.samples).max(initial=0.0))
    assert peak <= 1.0, f"the sound's peak is {peak:.2f}: full scale is 1"


def _check_same_sound(sound: Audio, again: Audio) -> None:
    same = sound.sample_rate == again.sample_rate and np.array_equal(sound.samples, again.samples)
    assert same, "the same seed gave another sound: draw only from numpy.random.default_rng(context.seed)"
