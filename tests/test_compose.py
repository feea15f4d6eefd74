# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""``cadenza compose`` and ``cadenza improvise``: what they write, and what they say when they cannot."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from backend import compose_files
from backend.blender import BlenderProcess
from backend.plugin_manager import Registry, load_plugins
from plugins.api import Audio, Component, JobContext, Motion
from plugins.api.testing import test_dance as dance
from tests.good_components import RATE, GoodComposer, GoodStep
from tests.running import Command, FakeBlender, names

needs_blender = pytest.mark.skipif(find_spec("bpy") is None, reason="Blender's module is not installed")
GOOD = ("--composer", "good-composer")


class Completed(GoodComposer):
    """Leaves its hands to the post-step."""

    name, post_steps = "completed", ("good-step",)


class Whole(GoodComposer):
    """Completed by inverse kinematics, as Blender needs it."""

    name, post_steps = "whole", ("ik",)


class Undone(GoodComposer):
    """Leaves its hands to nobody."""

    name = "undone"

    def improvise(self, seconds: float, options: Any, context: JobContext) -> tuple[Motion, Audio]:
        motion, sound = super().improvise(seconds, options, context)
        motion.positions[:, motion.skeleton.index("left_hand")] = np.nan
        return motion, sound


class Hasty(GoodComposer):
    """Stops half-way."""

    name = "hasty"

    def compose(self, motion: Motion, options: Any, context: JobContext) -> Audio:
        sound = super().compose(motion, options, context)
        return replace(sound, samples=sound.samples[: len(sound.samples) // 2])


class Unfinished(GoodComposer):
    """Needs what is not installed."""

    name, post_steps = "unfinished", ("polish",)


def _with_composers() -> Registry:
    registry = load_plugins()
    kinds: tuple[tuple[str, Component], ...] = (
        ("post_step", GoodStep()),
        *(("composer", made()) for made in (GoodComposer, Completed, Whole, Undone, Hasty, Unfinished)),
    )
    for kind, component in kinds:
        registry.components.setdefault(kind, {})[component.name] = component
    return registry


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    monkeypatch.setattr(compose_files, "load_plugins", _with_composers)
    monkeypatch.setattr(compose_files, "BlenderProcess", FakeBlender)
    monkeypatch.setenv("COLUMNS", "200")
    FakeBlender.jobs = []
    return Command(monkeypatch, capfd)


def write(motion: Motion, path: Path) -> Path:
    path.write_bytes(motion.to_bytes())
    return path


@pytest.fixture
def motion(tmp_path: Path) -> Path:
    return write(dance(), tmp_path / "dance.npz")


def test_composers_are_listed() -> None:
    infos = {info.name: info for info in _with_composers().describe() if info.kind == "composer"}
    assert infos["good-composer"].label == "Good composer"
    assert infos["good-composer"].options["properties"]["pitch"]["maximum"] == 2000.0


def test_a_motion_is_set_to_music(command: Command, motion: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "music.wav"
    ended = command("compose", motion, "-o", out, *GOOD)
    assert ended.status == 0, ended.error
    assert ended.out == f"{out}\n"
    info = soundfile.info(out)
    assert (info.subtype, info.samplerate, info.channels) == ("PCM_16", RATE, 1)
    assert info.duration == pytest.approx(6.0, abs=1 / RATE)
    assert abs(soundfile.read(out)[0]).max() > 0.05
    assert names(out.parent) == {out.name}


def test_a_part_of_a_motion_is_set_to_music(command: Command, motion: Path, tmp_path: Path) -> None:
    out = tmp_path / "music.wav"
    assert command("compose", motion, "-o", out, *GOOD, "--start", 1.5, "--end", 4).status == 0
    assert soundfile.info(out).duration == pytest.approx(2.5, abs=1 / RATE)


def test_seed_and_options_reach_the_composer(command: Command, motion: Path, tmp_path: Path) -> None:
    def made(*options: object) -> bytes:
        assert command("compose", motion, "-o", tmp_path / "music.wav", *GOOD, "--overwrite", *options).status == 0
        return (tmp_path / "music.wav").read_bytes()

    first = made("--seed", 1)
    assert made("--seed", 1) == first
    assert made("--seed", 2) != first
    assert made("--seed", 1, "--option", "pitch=440") != first
    assert made("--seed", 1, "--option", "good-composer.pitch=220") == first
    bad = command("compose", motion, "-o", tmp_path / "no.wav", *GOOD, "--option", "pitch=9")
    bad.failed_with("good-composer.pitch", "greater than or equal to 20")


BAD_MOTIONS: dict[str, tuple[Motion, tuple[str, ...]]] = {
    "no frames": (replace(dance(), positions=dance().positions[:0]), ("holds no frames", "export it again")),
    "too short": (dance(0.4), ("0.40 s", "too short", "at least 0.5 s")),
    "20 minutes": (
        replace(dance(1.0), fps=1 / 40, positions=dance(1.0).positions),
        ("20 minutes", "too many", "choose at most 10"),
    ),
}


@pytest.mark.parametrize("fault", BAD_MOTIONS)
def test_a_motion_that_cannot_be_set_to_music(fault: str, command: Command, tmp_path: Path) -> None:
    motion, words = BAD_MOTIONS[fault]
    path = write(motion, tmp_path / "bad.npz")
    command("compose", path, "-o", tmp_path / "music.wav", *GOOD).failed_with("bad.npz", *words)
    assert names(tmp_path) == {"bad.npz"}


def test_a_motion_with_gaps_is_told(command: Command, tmp_path: Path) -> None:
    positions = dance().positions.copy()
    positions[30, dance().skeleton.index("head")] = np.nan
    path = write(replace(dance(), positions=positions), tmp_path / "gaps.npz")
    said = ("gaps.npz", "head is not a number in frame 30", "export it again")
    command("compose", path, "-o", tmp_path / "music.wav", *GOOD).failed_with(*said)


def test_files_that_cannot_be(command: Command, motion: Path, tmp_path: Path) -> None:
    out = tmp_path / "music.wav"
    (tmp_path / "letter.npz").write_text("dear")
    (tmp_path / "file").write_text("no folder")
    command("compose", tmp_path / "letter.npz", "-o", out, *GOOD).failed_with("not a Cadenza motion file", "--motion")
    command("compose", tmp_path / "no" / "where.npz", "-o", out, *GOOD).failed_with(
        "there is no file", "check its name"
    )
    command("compose", motion, "-o", tmp_path / "music.mp3", *GOOD).failed_with("must end in .wav")
    command("compose", motion, "-o", tmp_path, *GOOD).failed_with("must end in .wav")
    command("compose", motion, "-o", tmp_path / "file" / "music.wav", *GOOD).failed_with("choose another place")
    out.write_bytes(b"old")
    command("compose", motion, "-o", out, *GOOD).failed_with("exists already", "--overwrite")
    assert out.read_bytes() == b"old"


def test_composers_that_cannot(command: Command, motion: Path, tmp_path: Path) -> None:
    out = tmp_path / "music.wav"
    nobody = command("compose", motion, "-o", out, "--composer", "nobody")
    nobody.failed_with("no composer named 'nobody'", "good-composer", "choose another with --composer")
    command("compose", motion, "-o", out, "--composer", "hasty").failed_with("3.00 s of sound for 6.00 s")
    command("compose", motion, "-o", out, *GOOD, "--seed", -1).failed_with("--seed must be 0 to")
    unfinished = command("improvise", "--seconds", 2, "-o", tmp_path / "take", "--composer", "unfinished")
    unfinished.failed_with("cannot improvise", "no post-step named 'polish'")
    undone = command("improvise", "--seconds", 2, "-o", tmp_path / "take", "--composer", "undone")
    undone.failed_with("numbers that are none for left_hand", "--seed")
    assert names(tmp_path) == {motion.name}


def test_a_take_is_improvised(command: Command, tmp_path: Path) -> None:
    take = tmp_path / "new" / "take.1"
    ended = command("improvise", "--seconds", 3, "-o", take, *GOOD, "--fps", 25, "--seed", 5)
    assert ended.status == 0, ended.error
    made = {f"take.1{ending}" for ending in (".wav", ".motion.npz", ".blend")}
    assert names(take.parent) == made
    assert {Path(line).name for line in ended.out.splitlines()} == made
    motion = Motion.load(take.parent / "take.1.motion.npz")
    assert (motion.fps, len(motion)) == (25.0, 75)
    info = soundfile.info(take.parent / "take.1.wav")
    assert (info.subtype, info.duration) == ("PCM_16", pytest.approx(3.0, abs=1 / RATE))
    (job,) = FakeBlender.jobs
    assert job.sound is not None
    assert (job.sound.path, job.sound.start, job.fps) == (str(take.parent / "take.1.wav"), 0.0, 25.0)
    said = motion.provenance
    assert (said["composer"], said["seed"], said["fps"]) == ("good-composer", 5, 25.0)
    assert said["audio"]


def test_without_a_blender_file(command: Command, tmp_path: Path) -> None:
    for seed in (1, 2):
        ended = command("improvise", "--seconds", 1, "-o", tmp_path, *GOOD, "--no-blend", "--seed", seed)
        assert ended.status == 0, ended.error
    first, second = (tmp_path / f"improvised-{seed}.motion.npz" for seed in (1, 2))
    assert names(tmp_path) == {p.name for m in (first, second) for p in (m, m.with_name(m.name[:12] + ".wav"))}
    assert FakeBlender.jobs == []
    assert (Motion.load(first).positions != Motion.load(second).positions).any()


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("take", "take"),
        ("take.wav", "take"),
        ("take.motion.npz", "take"),
        ("take.BLEND", "take"),
        ("take.2", "take.2"),
        (".wav", ".wav"),
        ("folder/", "folder/improvised-9"),
    ],
)
def test_where_a_take_goes(given: str, name: str, tmp_path: Path) -> None:
    outputs = compose_files.take_outputs(f"{tmp_path}/{given}", 9, blend=True)
    assert outputs.motion == tmp_path / f"{name}.motion.npz"
    assert outputs.sound == tmp_path / f"{name}.wav"
    assert outputs.blend == tmp_path / f"{name}.blend"


def test_post_steps_complete_what_is_improvised(command: Command, tmp_path: Path) -> None:
    for composer in ("good-composer", "completed"):
        options = ("--composer", composer, "--no-blend")
        assert command("improvise", "--seconds", 1, "-o", tmp_path / composer, *options).status == 0
    plain, lifted = (Motion.load(tmp_path / f"{c}.motion.npz") for c in ("good-composer", "completed"))
    np.testing.assert_allclose(lifted.positions, plain.positions + 0.1, atol=1e-6)


@pytest.mark.parametrize("seconds", ["0", "-3", "0.2", "1200", "nan", "inf"])
def test_lengths_that_cannot_be(seconds: str, command: Command, tmp_path: Path) -> None:
    ended = command("improvise", "--seconds", seconds, "-o", tmp_path / "take", *GOOD)
    ended.failed_with("seconds cannot be improvised", "give --seconds 0.5 to 600")
    assert names(tmp_path) == set()


def test_nothing_of_a_take_is_lost(command: Command, tmp_path: Path) -> None:
    (tmp_path / "take.wav").write_bytes(b"old")
    take = ("improvise", "--seconds", 1, "-o", tmp_path / "take", *GOOD)
    command(*take).failed_with("take.wav exists already", "--overwrite")
    assert names(tmp_path) == {"take.wav"}
    assert (tmp_path / "take.wav").read_bytes() == b"old"
    assert command(*take, "--overwrite").status == 0
    assert soundfile.info(tmp_path / "take.wav").duration == pytest.approx(1.0, abs=1 / RATE)


@needs_blender
def test_a_real_blend_file(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compose_files, "BlenderProcess", BlenderProcess)
    plain = command("improvise", "--seconds", 1, "-o", tmp_path / "take", *GOOD)
    plain.failed_with("no rotations", "inverse kinematics")
    assert names(tmp_path) == set()
    ended = command("improvise", "--seconds", 1, "-o", tmp_path / "take", "--composer", "whole")
    assert ended.status == 0, ended.error
    assert names(tmp_path) == {"take.wav", "take.motion.npz", "take.blend"}
    assert (tmp_path / "take.blend").stat().st_size > 100_000
