# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The pipeline that command line and server share: impossible chains, recognition alone, the beginning first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backend.chain import ImpossibleJob, Job, check_job, recognizers_for, steps_of
from backend.pipeline import recognize, run
from backend.plugin_manager import Registry, load_plugins
from backend.sources import sound_of
from plugins.api import Annotation, AnnotationTrack, Audio, ComponentError, Motion, Score, violinist
from tests.running import RATE, melody, tone, write_midi
from tests.serving import install_plugin


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    with pytest.MonkeyPatch.context() as monkeypatch:
        install_plugin(tmp_path_factory.mktemp("plugins"), monkeypatch)
        return load_plugins()


def notes(count: int, seconds: float = 0.5) -> list[AnnotationTrack]:
    played = tuple(Annotation(i * seconds, seconds, {"pitch": 67 + i % 5}) for i in range(count))
    beats = tuple(Annotation(i * seconds, 0.0, i % 4 + 1) for i in range(count))
    return [AnnotationTrack("note", played), AnnotationTrack("beat", beats)]


def silence(seconds: float) -> Audio:
    return Audio(np.zeros(round(seconds * RATE), np.float32), RATE)


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"generator": "nobody"}, "generator", "installed: a2m, a2m-piano, dreamer, momu, performer"),
        ({"generator": "dreamer"}, "generator", "dreamer cannot run: nothing installed recognises 'dream'"),
        ({"generator": "unfinished"}, "generator", "unfinished cannot run: there is no post-step named 'polish'"),
        ({"instrument": "tuba"}, "instrument", "violin, not tuba"),
        ({"options": {"performer": {"sway": "much"}}}, "options", "performer.sway"),
    ],
)
def test_an_impossible_chain_names_the_step(
    registry: Registry, changes: dict[str, Any], field: str, words: str
) -> None:
    with pytest.raises(ImpossibleJob, match=words) as refused:
        check_job(registry, Job(**changes))
    assert refused.value.field == field


def test_annotations_make_a_chain_possible(registry: Registry) -> None:
    job = Job("dreamer", annotations=[AnnotationTrack("dream")])
    assert [step.name for step in steps_of(registry, job)] == ["dreamer"]


def test_the_steps_of_a_job(registry: Registry) -> None:
    def names(job: Job, *namespaces: str) -> list[str]:
        return [step.name for step in steps_of(registry, job, namespaces)]

    assert names(Job()) == ["transcribe", "hear-beats", "performer", "ik"]
    assert names(Job(score=Score("a.mid", b""))) == ["align", "performer", "ik"]
    assert names(Job(annotations=notes(3))) == ["performer", "ik"]
    assert names(Job(), "downbeat", "phrase") == ["hear-beats", "hear-phrases"]
    assert names(Job(score=Score("a.mid", b"")), "phrase", "beat") == ["align"]
    only_scores = [r for r in registry.recognizers if r.needs_score]
    with pytest.raises(ComponentError, match="'phrase' is only read from a score; give the score"):
        recognizers_for(only_scores, ["phrase"], Job())


def test_the_beginning_of_long_music_is_the_whole_in_small(registry: Registry) -> None:
    audio = silence(24.0)
    job = Job(annotations=notes(48), seed=4)
    shown: list[tuple[Motion, float]] = []
    fractions = [0.0]
    result = run(
        registry,
        job,
        audio,
        on_progress=lambda fraction, message: fractions.append(fraction),
        on_partial=lambda motion: shown.append((motion, fractions[-1])),
    )
    ((part, fraction),) = shown
    assert fraction < 0.5  # before the work on the whole began
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert (len(part), len(result.motion)) == (300, 720)
    assert part.rotations is not None
    assert np.isfinite(part.positions).all()
    assert part.provenance["seed"] == 4
    assert part.provenance["strokes"] < result.motion.provenance["strokes"]
    assert (part.positions.std(axis=0).max(axis=-1) > 0.01).any()
    # Who listens gets the same performance as who does not.
    assert run(registry, job, audio).motion.to_bytes() == result.motion.to_bytes()


def test_of_very_long_music_the_first_minute_comes_too(registry: Registry) -> None:
    shown: list[float] = []
    fractions = [0.0]
    audio = silence(361.0)
    run(
        registry,
        Job("quick", fps=5.0),
        audio,
        on_progress=lambda fraction, message: fractions.append(fraction),
        on_partial=lambda motion: shown.append(motion.duration),
    )
    assert shown == [10.0, 60.0]
    assert fractions == sorted(fractions)


def test_short_music_has_no_beginning(registry: Registry) -> None:
    shown: list[Motion] = []
    run(registry, Job(annotations=notes(30)), silence(15.0), on_partial=shown.append)
    assert shown == []


def test_music_that_begins_with_a_rest_is_performed(registry: Registry) -> None:
    late = [AnnotationTrack(t.namespace, t.slice(11.0, 30.0).annotations) for t in notes(60)]
    shown: list[Motion] = []
    result = run(registry, Job(annotations=late), silence(30.0), on_partial=shown.append)
    assert shown == []
    assert len(result.motion) == 900


def test_what_a_generator_shows_is_completed_first(registry: Registry) -> None:
    job = Job("quick", options={"quick": {"behaviour": "shows"}})
    shown: list[Motion] = []
    run(registry, job, silence(2.0), on_partial=shown.append)
    assert [len(part) for part in shown] == [15]


def test_recognition_alone(registry: Registry) -> None:
    tracks = recognize(registry, Job(), Audio(tone(), RATE), ["note"])
    assert [t.namespace for t in tracks] == ["note"]
    assert [a.value["pitch"] for a in tracks[0].annotations] == [67, 69, 71, 74]
    with pytest.raises(ImpossibleJob, match="'dream'"):
        recognize(registry, Job(), Audio(tone(), RATE), ["dream"])


def test_a_part_of_midi_is_recognised(registry: Registry, tmp_path: Path) -> None:
    midi = write_midi(tmp_path / "tune.mid", melody())
    score = Score("tune.mid", midi.read_bytes())
    audio = sound_of(None, score, 0.75, 1.75)
    tracks = recognize(registry, Job(score=score, silent=True), audio, ["note"])
    assert [round(a.time, 2) for a in tracks[0].annotations] == [1.0, 1.5]


def test_nothing_to_perform() -> None:
    with pytest.raises(ComponentError, match="give a recording, or a MIDI file"):
        sound_of(None, Score("tune.xml", b""), None, None)


NOWHERE = '''
from dataclasses import replace
import numpy as np
from plugins.api import *
from plugins.api import violinist

class Nowhere(Generator):
    """Loses a hand."""
    name, label, instruments, skeleton = "nowhere", "Nowhere", ("violin",), "violinist"

    def generate(self, audio, options, context):
        skeleton = violinist.violinist_skeleton()
        positions = np.repeat(skeleton.rest_positions[None], round(audio.duration * context.fps), axis=0)
        positions[0, skeleton.index("left_hand")] = np.nan
        positions[0, 0, 0] += len(context.constraints)
        if context.constraints:
            positions = np.nan_to_num(positions)
        return Motion(skeleton, context.fps, positions, start=audio.start)

@hookimpl
def register_generators(register):
    register(Nowhere())
'''


def test_numbers_that_are_none_never_leave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_plugin(tmp_path, monkeypatch, "nowhere", NOWHERE)
    with pytest.raises(ComponentError, match="nowhere answered with numbers that are none for left_hand"):
        run(load_plugins(), Job("nowhere"), silence(1.0))


def test_frames_of_a_motion_that_are_to_stay_reach_the_generator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_plugin(tmp_path, monkeypatch, "nowhere", NOWHERE)
    skeleton = violinist.violinist_skeleton()
    motion = Motion(skeleton, 30.0, np.repeat(skeleton.rest_positions[None], 30, axis=0))
    result = run(load_plugins(), Job("nowhere", motion=motion, keep=(0.2, 0.5)), silence(1.0))
    assert result.motion.positions[0, 0, 0] == pytest.approx(skeleton.rest_positions[0, 0] + 2.0)


CARELESS = '''
from dataclasses import replace
import numpy as np
from pydantic import Field
from plugins.api import *
from plugins.api import violinist

class Careless(Generator):
    """Answers as its option says."""
    name, label, instruments, skeleton = "careless", "Careless", ("violin",), "violinist"

    class Options(Generator.Options):
        how: str = ""

    def generate(self, audio, options, context):
        skeleton = violinist.violinist_skeleton()
        positions = np.repeat(skeleton.rest_positions[None], round(audio.duration * context.fps), axis=0)
        motion = Motion(skeleton, context.fps, positions, start=audio.start)
        changes = {"short": {"positions": positions[:5]}, "rate": {"fps": 60.0}, "late": {"start": 3.0}}
        if options.how == "bug":
            [][1]
        if options.how == "array":
            return positions
        return replace(motion, **changes.get(options.how, {}))

class Cut(Careless):
    """Answers well, and is cut."""
    name, label, post_steps = "cut", "Cut", ("cutter",)

class Cutter(PostStep):
    """Takes away all but five frames."""
    name, label, reads, writes = "cutter", "Cutter", "positions", "positions"

    def apply(self, motion, options, context):
        return replace(motion, positions=motion.positions[:5])

class Moody(Recognizer):
    """Writes as its option says."""
    name, label, writes = "moods", "Moods", ("mood", "humour")

    class Options(Recognizer.Options):
        how: str = ""

    def recognize(self, audio, motion, options, context):
        value = {"numpy": np.float32(1.0), "nan": float("nan")}.get(options.how, "gay")
        tracks = [AnnotationTrack("mood", (Annotation(0.0, 1.0, value),)), AnnotationTrack("humour")]
        if options.how == "bug":
            1 / 0
        renamed = [AnnotationTrack("moody"), tracks[1]]
        return {"renamed": renamed, "one": tracks[:1], "lone": tracks[0], "text": "mood"}.get(options.how, tracks)

@hookimpl
def register_generators(register):
    register(Careless())
    register(Cut())

@hookimpl
def register_post_steps(register):
    register(Cutter())

@hookimpl
def register_recognizers(register):
    register(Moody())
'''


@pytest.fixture
def careless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    install_plugin(tmp_path, monkeypatch, "careless", CARELESS)
    return load_plugins()


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("short", r"generator careless \(careless 1.0\) answered with motion from 0.00 to 0.21 s instead of 0.00 to 2"),
        ("late", r"careless .*motion from 3.00 to 5.00 s instead of 0.00 to 2.00 s; tell its author"),
        ("rate", r"careless .*answered with 60 frames a second instead of 24; tell its author"),
        ("array", r"generator careless \(careless 1.0\) answered with ndarray instead of a Motion; tell its author"),
        ("bug", r"^generator careless \(careless 1.0\) failed: IndexError: list index out of range; tell its author$"),
    ],
)
def test_a_generator_that_answers_wrongly_is_named(careless: Registry, how: str, words: str) -> None:
    assert len(run(careless, Job("careless", fps=24.0), silence(2.0)).motion) == 48
    with pytest.raises(ComponentError, match=words):
        run(careless, Job("careless", fps=24.0, options={"careless": {"how": how}}), silence(2.0))


def test_a_step_that_loses_frames_is_named_not_the_generator(careless: Registry) -> None:
    with pytest.raises(ComponentError, match=r"cutter \(careless 1.0\) answered with 5 frames .*instead of 48"):
        run(careless, Job("cut", fps=24.0), silence(2.0))


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("renamed", r"recognizer moods \(careless 1.0\) answered with moody, humour instead of mood, humour; tell"),
        ("one", "moods .*answered with mood instead of mood, humour"),
        ("lone", "moods .*answered with what is no list of tracks instead of mood, humour"),
        ("text", "moods .*answered with what is no list of tracks instead of mood, humour"),
        ("nan", "moods .*no plain JSON .*tell its author"),
        ("numpy", "moods .*no plain JSON .*float32.*tell its author"),
        ("bug", "moods .*failed: ZeroDivisionError: division by zero; tell its author"),
    ],
)
def test_a_recogniser_that_answers_wrongly_is_named(careless: Registry, how: str, words: str) -> None:
    assert len(recognize(careless, Job(), silence(1.0), ["mood"])) == 2
    with pytest.raises(ComponentError, match=words):
        recognize(careless, Job(options={"moods": {"how": how}}), silence(1.0), ["mood"])
