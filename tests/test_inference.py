# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Networks on a device that several jobs share: batches across jobs, the same bits in any company."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from backend.inference import Batcher, Here, Network
from backend.plugin_manager import Registry
from backend.shared_device import Elsewhere
from plugins.a2m.generator import A2M
from plugins.api import Motion
from plugins.api.batching import Windows, in_batches, infer_padded
from tests.good_components import Good
from tests.serving import Visitor, install_plugin, running_server, sound_file

SHARED = '''
import os, time
from typing import Any
import numpy as np
from plugins.api import *
from plugins.api import violinist

class Adder(Generator):
    """Moves as its network says; its option tells how that fails."""
    name, label = "adder", "Adder"
    instruments, skeleton = ("violin",), "violinist"

    class Options(Generator.Options):
        behaviour: float = 0.0

    def infer(self, windows):
        how = windows.flat[0]
        if how == 1:
            raise ValueError("no such sum")
        if how == 2:
            os._exit(9)
        if how == 3:
            time.sleep(600)
        if how == 4:
            raise MemoryError
        return np.full_like(windows, os.getpid() % 1000)

    def generate(self, audio: Audio, options: Any, context: JobContext) -> Motion:
        asked = np.full((3, 4), options.behaviour, dtype=np.float32)
        said = context.infer(self, asked)
        body = violinist.violinist_skeleton()
        frames = max(1, round(audio.duration * context.fps))
        where = {"asked in": os.getpid() % 1000, "answered in": float(said[0, 0])}
        return Motion(body, context.fps, np.repeat(body.rest_positions[None], frames, axis=0),
                      start=audio.start, provenance=where)

@hookimpl
def register_generators(register):
    register(Adder())
'''


def some(count: int, seed: int = 0, length: int = 160) -> Windows:
    return np.random.default_rng(seed).random((count, length, 128), dtype=np.float32)


@pytest.fixture(scope="module")
def network() -> A2M:
    a2m = A2M()
    a2m.load("cpu")
    return a2m


def test_a_batch_is_always_of_one_size() -> None:
    sizes: list[int] = []

    def double(windows: Windows) -> Windows:
        sizes.append(len(windows))
        return 2 * windows

    windows = np.arange(14, dtype=np.float32).reshape(7, 2)
    np.testing.assert_array_equal(in_batches(double, windows, 3), 2 * windows)
    assert sizes == [3, 3, 3]
    with pytest.raises(ValueError, match="asked 3 windows and answered 1"):
        infer_padded(lambda rows: rows[:1], windows[:2], 3)
    with pytest.raises(ValueError, match="no windows"):
        in_batches(double, windows[:0], 3)


def test_windows_of_several_jobs_go_in_one_batch_and_each_gets_its_own_answers() -> None:
    batches: list[Windows] = []

    def negative(windows: Windows) -> Windows:
        batches.append(windows.copy())
        return -windows

    batcher, shared = Batcher(), Network(negative, 8)
    asked = [np.full((n, 2), 10 * n, dtype=np.float32) + np.arange(n)[:, None] for n in (3, 4, 2)]
    answers = [batcher.ask(shared, windows.astype(np.float32)) for windows in asked]
    assert batcher.work() == 8
    assert batcher.work() == 1
    assert len(batches) == 2
    for windows, answer in zip(asked, answers, strict=True):
        np.testing.assert_array_equal(answer.result(0), -windows)


def test_other_networks_and_other_shapes_wait_for_the_next_batch() -> None:
    batcher = Batcher()
    ours, theirs = Network(lambda w: w + 1, 8), Network(lambda w: w + 2, 8)
    long, short, other = np.zeros((2, 5)), np.zeros((2, 3)), np.zeros((2, 5))
    answers = [batcher.ask(n, w.astype(np.float32)) for n, w in ((ours, long), (ours, short), (theirs, other))]
    assert [batcher.work() for _ in range(3)] == [2, 2, 2]
    assert [float(a.result(0).max()) for a in answers] == [1.0, 1.0, 2.0]


def test_a_network_that_fails_fails_those_who_asked_it() -> None:
    batcher = Batcher()

    def broken(windows: Windows) -> Windows:
        raise RuntimeError("out of tune")

    bad = batcher.ask(Network(broken, 2), np.zeros((5, 3), dtype=np.float32))
    good = batcher.ask(Network(lambda w: w, 2), np.ones((2, 3), dtype=np.float32))
    assert [batcher.work(), batcher.work()] == [2, 2]
    with pytest.raises(RuntimeError, match="out of tune"):
        bad.result(0)
    np.testing.assert_array_equal(good.result(0), np.ones((2, 3)))


def test_an_answer_does_not_depend_on_the_company(network: A2M) -> None:
    ours, theirs = some(3, seed=1), some(5, seed=2)
    alone = in_batches(network.infer, ours, 8)
    batcher, shared = Batcher(), Network(network.infer, 8)
    first, second = batcher.ask(shared, theirs), batcher.ask(shared, ours)
    assert batcher.work() == 8
    np.testing.assert_array_equal(second.result(0), alone)
    assert first.result(0).shape[0] == 5


def test_jobs_ask_from_threads_of_their_own(network: A2M) -> None:
    batcher, shared = Batcher(), Network(network.infer, 4)
    asked = [some(3, seed=s, length=40) for s in range(6)]
    answers = [batcher.ask(shared, windows) for windows in asked[:1]]
    threads = [threading.Thread(target=lambda w=w: answers.append(batcher.ask(shared, w))) for w in asked[1:]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counts = []
    while not all(a.done() for a in answers):
        counts.append(batcher.work())
    assert counts == [4, 4, 4, 4, 2]
    expected = sorted(float(Here().infer(network, "cpu", w).sum()) for w in asked)
    np.testing.assert_allclose(sorted(float(a.result(0).sum()) for a in answers), expected, rtol=1e-4)


def test_only_what_shares_its_network_leaves_the_device(network: A2M, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CADENZA_DEVICE_SHARED", raising=False)
    elsewhere = Elsewhere(Registry())
    assert elsewhere.device_here(network, "cuda") == "cpu"
    assert elsewhere.device_here(Good(), "cuda") == "cuda"  # it runs what it has by itself
    assert elsewhere.device_here(network, "cpu") == "cpu"


# The process that has the device, with a real server


@pytest.fixture(scope="module")
def visitor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    folder = tmp_path_factory.mktemp("shared")
    with pytest.MonkeyPatch.context() as monkeypatch:
        install_plugin(folder, monkeypatch, "shared_networks", SHARED)
        settings = {"cache": folder / "cache", "workers": 2, "share_device": True, "patience": 4.0}
        with running_server(**settings) as address, Visitor(address) as visitor:
            yield visitor


@pytest.fixture(scope="module")
def sound(visitor: Visitor, tmp_path_factory: pytest.TempPathFactory) -> str:
    return visitor.put(sound_file(tmp_path_factory.mktemp("sound") / "s.wav", 5.0).read_bytes())


def ended(visitor: Visitor, **job: object) -> tuple[dict[str, object], Motion | None]:
    number = visitor.submit(**job)["id"]
    status = visitor.wait(number)
    done = status["state"] == "finished"
    return status, Motion.from_bytes(visitor.get(f"/v1/jobs/{number}/motion")) if done else None


def test_networks_of_all_workers_run_in_one_process(visitor: Visitor, sound: str) -> None:
    jobs = [visitor.submit(audio=sound, generator="adder", seed=seed)["id"] for seed in range(4)]
    motions = []
    for number in jobs:
        assert visitor.wait(number)["state"] == "finished"
        motions.append(Motion.from_bytes(visitor.get(f"/v1/jobs/{number}/motion")))
    askers = {m.provenance["asked in"] for m in motions}
    (answerer,) = {m.provenance["answered in"] for m in motions}
    assert answerer not in askers


def test_shared_or_not_the_motion_is_the_same(tmp_path: Path) -> None:
    sound = sound_file(tmp_path / "s.wav", 5.0).read_bytes()
    motions = []
    for share in (True, False):
        with running_server(cache=tmp_path / str(share), share_device=share) as address, Visitor(address) as visitor:
            status, motion = ended(visitor, audio=visitor.put(sound), generator="a2m")
        assert motion is not None, status["error"]
        motions.append(motion)
    shared, alone = motions
    np.testing.assert_array_equal(shared.positions, alone.positions)


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        (1.0, "no such sum"),
        (2.0, "the process that has the device ended"),
        (3.0, "the process that has the device ended|nothing was heard of the job"),
        (4.0, "not enough memory"),
    ],
)
def test_a_network_that_misbehaves_fails_its_job_and_the_server_lives(
    visitor: Visitor, sound: str, behaviour: float, message: str
) -> None:
    options = {"adder": {"behaviour": behaviour}}
    status, _ = ended(visitor, audio=sound, generator="adder", options=options, seed=int(time.monotonic() * 1000))
    assert status["state"] == "failed"
    assert re.search(message, str(status["error"]))
    status, motion = ended(visitor, audio=sound, generator="adder", seed=int(time.monotonic() * 1000))
    assert status["state"] == "finished", status["error"]
    assert motion is not None
