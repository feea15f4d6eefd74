# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""From what the networks say to beats, bars, phrases, dynamics, articulation; and a training run that makes one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from backend.audio_files import read_audio
from plugins.a2m.score_features import NAMES
from plugins.api import Audio, ComponentError, JobContext, Motion, Skeleton
from plugins.api.checkpoint import CheckpointError
from plugins.api.overlap import window_starts
from plugins.api.testing import check_component
from plugins.hearing import features
from plugins.hearing.checkpoint import load_weights
from plugins.hearing.config import INPUTS
from plugins.hearing.ears import Ears
from plugins.hearing.picking import chances, peaks, stretches
from plugins.hearing.recognizers import LearnedArticulation, LearnedBeats, LearnedDynamics, LearnedPhrases
from plugins.hearing.streaming import LOOK_AHEAD, STEP, BeatStream
from tests.a2m_clips import with_hearing, write_clips
from tests.running import RATE, tone
from training.a2m_clips import ClipsError
from training.config_files import ConfigError, read_config
from training.metrics import event_f1
from training.recognition.config import RecognitionConfig
from training.recognition.evaluate import confusion_lines, evaluate, table
from training.recognition.targets import CLASSES
from training.recognition.train import train
from training.recognition.windows import Heard, Library, varied, window

ROOT = Path(__file__).resolve().parents[1]
TINY = {"widths": {"notes": 16, "movement": 8}, "main_blocks": 1, "feed_forward": 16}


def activation(times: list[float], seconds: float = 10.0, height: float = 0.9) -> np.ndarray:
    at = np.arange(round(40 * seconds)) / 40
    return height * np.max([np.exp(-0.5 * ((at - t) / 0.03) ** 2) for t in times], axis=0)


def test_peaks_are_found_between_frames() -> None:
    wanted = [0.51, 1.02, 1.487, 2.0, 9.96]
    times, sure = peaks(activation(wanted), 0.4, 0.1)
    np.testing.assert_allclose(times, wanted, atol=0.006)
    assert (sure > 0.7).all()
    assert len(peaks(activation(wanted, height=0.3), 0.4, 0.1)[0]) == 0
    assert len(peaks(np.empty(0), 0.4, 0.1)[0]) == 0
    assert len(peaks(np.full(80, 0.9), 0.4, 0.1)[0]) <= 80 / 5


def test_short_stretches_go_to_their_longer_neighbours() -> None:
    classes = np.repeat([2, 3, 2, 0, 1], [100, 5, 60, 90, 3])
    assert stretches(classes, 0.5) == [(0, 165, 2), (165, 258, 0)]
    assert stretches(np.array([], dtype=np.int64), 0.5) == []


def test_nothing_happens_in_silence() -> None:
    silent = np.array([True, True, False, False])
    np.testing.assert_allclose(chances(np.full(4, 20.0), silent), [0.0, 0.0, 1.0, 1.0], atol=1e-6)


def test_windows_cover_the_music() -> None:
    for count in (1, 480, 481, 1000, 5000):
        starts = window_starts(count, 480)
        assert starts[0] == 0
        assert max(starts) + 480 >= count
        assert (np.diff(starts) <= 240).all()


def config(clips: Path, output: Path, **changes: Any) -> RecognitionConfig:
    raw = {
        "clips": [str(clips)],
        "output": str(output),
        "model": TINY,
        "window": 80,
        "batch": 4,
        "steps": 8,
        "log_every": 4,
        "validate_every": 4,
        "save_every": 2,
        "tensorboard": False,
        "machine": {"accelerator": "cpu", "threads": 1},
    }
    return RecognitionConfig(**{**raw, **changes})


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return with_hearing(write_clips(tmp_path_factory.mktemp("hearing") / "clips"))


@pytest.fixture(scope="module")
def ears(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Ears:
    return Ears(train(config(clips, tmp_path_factory.mktemp("run"))))


@pytest.mark.parametrize("kind", [LearnedBeats, LearnedPhrases, LearnedDynamics, LearnedArticulation])
def test_the_contract(kind: Any, ears: Ears) -> None:
    torch.set_num_threads(1)
    check_component(kind(ears))


def test_no_beats_on_silence_and_none_without_a_sound(ears: Ears) -> None:
    beats = LearnedBeats(ears)
    beats.load("cpu")
    options = beats.Options(steadiness=1.0)
    for track in beats.recognize(Audio(np.zeros(22050 * 8, dtype=np.float32), 22050), None, options, JobContext()):
        assert track.annotations == ()
    with pytest.raises(ComponentError, match="in a sound or a motion; give one"):
        beats.recognize(None, None, options, JobContext())


def test_one_network_hears_a_sound_once_for_all(ears: Ears) -> None:
    asked = []

    def count(network: Any, windows: Any) -> Any:
        asked.append(len(windows))
        return network.infer(windows)

    sound = Audio(tone(seconds=1.5), 44100)
    for kind in (LearnedBeats, LearnedPhrases, LearnedDynamics, LearnedArticulation):
        component = kind(ears)
        component.load("cpu")
        component.recognize(sound, None, component.Options(), JobContext(on_infer=count))
    assert len(asked) == 1


def test_a_run_taken_up_again_ends_the_same(clips: Path, tmp_path: Path) -> None:
    whole = train(config(clips, tmp_path / "whole"))
    # Killed after four of eight steps: the state of step 4 is what a killed run leaves.
    train(config(clips, tmp_path / "parts", minutes=1e-9))
    parts = train(config(clips, tmp_path / "parts"))
    for name, value in load_weights(whole).tensors.items():
        np.testing.assert_array_equal(load_weights(parts).tensors[name], value)
    steps = [json.loads(line)["step"] for line in (tmp_path / "parts" / "log.jsonl").read_text().splitlines()]
    assert steps == sorted(steps)
    with pytest.raises(ConfigError, match="seed"):
        train(config(clips, tmp_path / "parts", seed=1))


@pytest.mark.parametrize("network", ["paper-time", "paper-expression", "paper-cnn"])
@pytest.mark.parametrize("modalities", [["audio"], ["motion", "hands"], ["audio", "motion", "hands"]])
def test_the_papers_networks_train_too(clips: Path, tmp_path: Path, network: str, modalities: list[str]) -> None:
    small = {"main_blocks": 0, "head_blocks": 1}
    raw = config(clips, tmp_path, network=network, modalities=modalities, model=small, steps=2)
    assert train(raw.model_copy(update={"loss": raw.loss.model_copy(update={"events": "paper"})})).is_file()


def test_a_window_is_what_is_heard_there_at_its_speed(clips: Path) -> None:
    heard = Library([str(clips)], ["audio", "notes", "movement"]).split("train")[0]
    mel = np.asarray(heard.inputs["audio"], dtype=np.float32)
    plain = window(heard, 10, 80)
    np.testing.assert_allclose(plain.inputs["audio"], mel[10:90], atol=1e-6)
    assert {name: x.shape for name, x in plain.inputs.items()} == {
        name: (80, INPUTS[name]) for name in ("audio", "notes", "movement")
    }
    keys = np.load(clips / "keys.npy")[heard.recording.rows][10:90] / 255
    np.testing.assert_allclose(plain.inputs["notes"][:, :176], keys, atol=1e-6)
    fast = window(heard, 10, 80, speed=2.0)
    np.testing.assert_allclose(fast.inputs["audio"], mel[10:170:2], atol=1e-6)
    moved = [w.inputs["movement"][:, :-1].reshape(80, -1, 6) for w in (plain, fast)]
    np.testing.assert_allclose(moved[1][:40, :, :3], moved[0][::2, :, :3], atol=1e-5)
    np.testing.assert_allclose(moved[1][:40, :, 3:], 2 * moved[0][::2, :, 3:], atol=1e-5)
    for name, frames in heard.events.items():
        inside = frames[(frames >= 10) & (frames < 169)]
        assert fast.events[name].sum() <= len(inside)
        assert fast.events[name].sum() >= len(inside) / 2 - 1
    beyond = window(heard, len(heard) - 20, 80)
    assert beyond.music.sum() == 20
    assert not beyond.inputs["notes"][25:].any()
    assert (beyond.classes["dynamics"][25:] == -1).all()
    variety = config(clips, clips).variety
    again, same = (varied(heard, 80, variety, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(again.inputs["notes"], same.inputs["notes"])


def test_now_and_then_only_sound_or_only_movement_is_there(clips: Path) -> None:
    heard = Library([str(clips)], ["notes", "movement"]).split("train")[0]
    variety, rng = config(clips, clips).variety, np.random.default_rng(0)
    found = [varied(heard, 40, variety, rng) for _ in range(60)]
    without = {name: sum(not w.inputs[name].any() for w in found) for name in ("notes", "movement")}
    assert 4 <= without["notes"] <= 24
    assert 4 <= without["movement"] <= 24
    assert all(w.inputs["notes"].any() or w.inputs["movement"].any() for w in found)


def test_who_says_nothing_of_phrases_does_not_say_that_there_are_none(clips: Path, tmp_path: Path) -> None:
    folder = with_hearing(write_clips(tmp_path / "clips"))
    score = np.load(folder / "score.npy")
    score[:, NAMES.index("phrase")] = 0.0
    np.save(folder / "score.npy", score)
    silent = window(Library([str(folder)], ["notes"]).split("train")[0], 0, 80)
    assert not silent.known["phrase"].any()
    assert silent.known["beat"].all()
    assert window(Library([str(clips)], ["notes"]).split("train")[0], 0, 80).known["phrase"].all()


def test_a_run_that_starts_from_other_weights_is_another(clips: Path, tmp_path: Path) -> None:
    one, other = (str(train(config(clips, tmp_path / f"{seed}", seed=seed, steps=2))) for seed in (0, 1))
    train(config(clips, tmp_path / "next", start=one, steps=2))
    train(config(clips, tmp_path / "next", start=one, steps=2))
    with pytest.raises(ConfigError, match="the weights of start"):
        train(config(clips, tmp_path / "next", start=other, steps=2))


def test_clips_without_keys_say_how_to_make_them(tmp_path: Path) -> None:
    folder = write_clips(tmp_path / "clips")
    with pytest.raises(ClipsError, match=r"keys.npy is missing; make the clips with: cadenza-train clips --hearing"):
        Library([str(folder)], ["notes"])


def test_the_shipped_config_is_read(tmp_path: Path) -> None:
    shipped = read_config(RecognitionConfig, ROOT / "training" / "configs" / "hearing.yaml", ["steps=3"])
    assert shipped.steps == 3
    with pytest.raises(ConfigError, match="colour"):
        read_config(RecognitionConfig, ROOT / "training" / "configs" / "hearing.yaml", ["loss.colour=3"])
    with pytest.raises(ConfigError, match=r"model\.wdith is no known key"):
        read_config(RecognitionConfig, ROOT / "training" / "configs" / "hearing.yaml", ["model.wdith=3"])


def test_the_shipped_weights_hear_the_example() -> None:
    truth = json.loads((ROOT / "examples" / "minuet.truth.json").read_text(encoding="utf-8"))
    beats = next(np.array([a["time"] for a in t["annotations"]]) for t in truth["tracks"] if t["namespace"] == "beat")
    beat_tracker = LearnedBeats(Ears())
    beat_tracker.load("cpu")
    tracks = beat_tracker.recognize(
        read_audio(ROOT / "examples" / "minuet.flac"), None, beat_tracker.Options(), JobContext()
    )
    assert event_f1(beats, np.array(tracks[0].times), 0.07) > 0.85


def test_weights_of_something_else_are_refused(tmp_path: Path) -> None:
    from plugins.a2m.generator import WEIGHTS

    with pytest.raises(CheckpointError, match="a2m"):
        load_weights(WEIGHTS)
    with pytest.raises(ComponentError, match="a2m"):
        Ears(WEIGHTS).load("cpu")


def test_a_network_that_says_the_truth_gets_full_marks(
    clips: Path, ears: Ears, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 1200
    recording = replace(Library([str(clips)], ["notes"]).split("train")[0].recording, frames=count)
    beats = np.arange(10, count, 24)
    heard = Heard(
        recording,
        {"notes": np.zeros((count, 192), dtype=np.uint8), "movement": None},
        {"beat": beats, "downbeat": beats[::4], "phrase": beats[::16]},
        {"dynamics": np.arange(count) // 300, "articulation": np.arange(count) // 100 % 3},
    )

    def truth(self: Ears, inputs: Any, network: Any, context: JobContext) -> dict[str, np.ndarray]:
        said = {name: np.full((count, 1), -9.0) for name in heard.events}
        for name, frames in heard.events.items():
            said[name][frames] = 9.0
        said |= {name: np.eye(size)[heard.classes[name]] for name, size in CLASSES.items()}
        return {**said, "pitched": np.ones((count, 1))}

    monkeypatch.setattr(Library, "split", lambda self, name: [heard])
    monkeypatch.setattr(Ears, "hear", truth)
    (figures,), confusions = evaluate(ears._path, [str(clips)], ["test_piece"])
    for name in ("beat", "downbeat", "phrase", "dynamics", "articulation", "articulation, macro-F"):
        assert figures.values[name] > 0.99, name
    assert figures.values["articulation, commonest"] == pytest.approx(1 / 3)
    assert "| test_piece | violin | notes | 1 | 1.000 |" in table([figures])
    assert "| pp | 1.00 | 0.00 |" in "\n".join(confusion_lines(confusions[0]))


def test_motion_alone_is_watched_on_any_skeleton_that_has_the_joints(ears: Ears) -> None:
    component = LearnedBeats(ears)
    component.load("cpu")
    names = ("hips", "left_upper_arm", "right_upper_arm", "left_hand", "right_hand")
    offsets = np.array([[0, 0, 1], [0.2, 0, 0.4], [-0.2, 0, 0.4], [0.5, 0, 0.3], [-0.5, 0, 0.3]])
    skeleton = Skeleton("mocap", names, (-1, 0, 0, 0, 0), offsets, ("body",) * 5)
    time = np.arange(300) / 30.0
    places = np.broadcast_to(offsets, (300, 5, 3)).copy()
    places[:, 4, 2] += 0.1 * np.sin(2 * np.pi * time)
    motion = Motion(skeleton, 30.0, places, start=2.5)
    tracks = component.recognize(None, motion, component.Options(), JobContext())
    assert [t.namespace for t in tracks] == ["beat", "downbeat"]
    assert all(2.5 <= a.time < 12.5 for t in tracks for a in t.annotations)
    with pytest.raises(ComponentError, match="give one"):
        component.recognize(None, replace(motion, positions=places[:1]), component.Options(), JobContext())


def test_whoever_faces_elsewhere_moves_the_same() -> None:
    rng = np.random.default_rng(0)
    names = ("hips", "left_upper_arm", "right_upper_arm", "right_hand")
    skeleton = Skeleton("mocap", names, (-1, 0, 0, 0), np.zeros((4, 3)), ("body",) * 4)
    rest = [[0, 0, 1], [0.2, 0, 1.4], [-0.2, 0, 1.4], [-0.4, -0.2, 1]]
    places = np.cumsum(rng.normal(0.0, 0.01, (90, 4, 3)), axis=0) + rest
    turn = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    here, there = (features.movement(features.joints_of(Motion(skeleton, 30.0, p))) for p in (places, places @ turn.T))
    np.testing.assert_allclose(here, there, atol=1e-4)
    assert here[:, -1].all()
    assert here.any(axis=0).sum() == 6 + 1  # the right hand is all that is known of those that are watched


def test_a_stream_says_what_is_certain_and_keeps_it(ears: Ears) -> None:
    ears.load("cpu")
    sound = np.concatenate([tone(seconds=0.4) for _ in range(8)])
    listener, fed, told = BeatStream(ears, RATE), 0, 0
    for size in (0.3, 1.1, 2.7, 3.0, 1.9, 0.2, 4.0):
        piece = sound[fed : fed + round(size * RATE)]
        fed += len(piece)
        tracks = listener.feed(piece)
        assert listener.certain <= max(fed / RATE - LOOK_AHEAD, 0.0) + 1e-6
        assert listener.certain >= fed / RATE - LOOK_AHEAD - STEP - 1e-6
        assert all(a.time <= listener.certain for t in tracks for a in t.annotations)
        assert len(listener._said["beat"]) >= told
        told = len(listener._said["beat"])
    tracks = listener.finish()
    assert [t.namespace for t in tracks] == ["beat", "downbeat"]
    assert listener.certain == pytest.approx(fed / RATE, abs=0.03)
    # In other pieces it says the same.
    other = BeatStream(ears, RATE)
    for first in range(0, fed, RATE // 2):
        other.feed(sound[:fed][first : first + RATE // 2])
    assert other.finish() == tracks
