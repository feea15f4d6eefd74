# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Recognisers that watch motion: through the pipeline, the command line and the server."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from backend.chain import Job, recognizers_for
from backend.motion_file import checked, read_motion
from backend.pipeline import recognize
from backend.plugin_manager import load_plugins
from plugins.api import Audio, ComponentError, Motion, MotionError, Skeleton, find_track, from_json
from tests.running import RATE, Command, tone
from tests.serving import Visitor, install_plugin, running_server

WATCHER = """
import numpy as np
from plugins.api import Annotation, AnnotationTrack, Recognizer, hookimpl

class Watcher(Recognizer):
    '''Marks where the hand is highest.'''
    name, label = "watcher", "Watcher"
    writes, inputs = ("gesture",), ("motion",)

    def recognize(self, audio, motion, options, context):
        context.check_cancelled()
        height = motion.joint("right_hand")[:, 2]
        heard = "" if audio is None else " and heard"
        at = float(motion.times[int(height.argmax())])
        return [AnnotationTrack("gesture", (Annotation(at, 0.0, "seen" + heard),))]

class Either(Recognizer):
    '''Works from any of both.'''
    name, label = "either", "Either"
    writes, inputs = ("step",), ("sound", "motion")

    def recognize(self, audio, motion, options, context):
        given = [name for name, there in (("sound", audio), ("motion", motion)) if there is not None]
        return [AnnotationTrack("step", (Annotation(0.0, 0.0, " ".join(given)),))]

@hookimpl
def register_recognizers(register):
    register(Watcher())
    register(Either())
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("watching")
    with pytest.MonkeyPatch.context() as monkeypatch:
        install_plugin(folder, monkeypatch, "watching", WATCHER)
        yield folder


def waving(seconds: float = 3.0, start: float = 0.0, top: float = 2.0) -> Motion:
    """A hand that is highest ``top`` seconds after the beginning."""
    skeleton = Skeleton("mocap", ("hips", "right_hand"), (-1, 0), np.zeros((2, 3)), ("body", "body"))
    time = np.arange(round(30 * seconds)) / 30.0
    places = np.zeros((len(time), 2, 3))
    places[:, 1, 2] = 1.0 - np.abs(time - top)
    return Motion(skeleton, 30.0, places, start=start)


@pytest.fixture
def command(folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capfd)


def test_what_there_is_decides_who_can_work(folder: Path) -> None:
    registry = load_plugins()
    assert [r.name for r in recognizers_for(registry.recognizers, ["gesture"], Job(motion=waving()))] == ["watcher"]
    with pytest.raises(ComponentError, match="'gesture' is recognised from motion; give that"):
        recognizers_for(registry.recognizers, ["gesture"], Job())
    with pytest.raises(ComponentError, match="'step' is recognised from sound or motion"):
        recognizers_for(registry.recognizers, ["step"], Job(silent=True))
    with pytest.raises(ComponentError, match="'note' is recognised from sound"):
        recognizers_for(registry.recognizers, ["note"], Job(silent=True, motion=waving()))


def test_a_recogniser_gets_what_there_is(folder: Path) -> None:
    registry, sound = load_plugins(), Audio(tone(), RATE)

    def given(job: Job) -> str:
        return str(recognize(registry, job, sound, ["step"])[0].annotations[0].value)

    assert given(Job()) == "sound"
    assert given(Job(motion=waving())) == "sound motion"
    assert given(Job(motion=waving(), silent=True)) == "motion"


def test_the_command_line_watches_a_motion_alone(command: Command, tmp_path: Path) -> None:
    (tmp_path / "wave.npz").write_bytes(waving(start=1.0).to_bytes())
    ended = command("annotate", tmp_path / "wave.npz", "-o", tmp_path / "out.json", "--what", "gesture")
    assert ended.status == 0, ended.error
    found = find_track(from_json((tmp_path / "out.json").read_text()), "gesture").annotations[0]
    assert (round(found.time, 3), found.value) == (3.0, "seen")
    ended = command("annotate", tmp_path / "wave.npz", "-o", tmp_path / "cut.csv", "--what", "gesture", "--end", "2.5")
    assert ended.status == 0, ended.error
    assert (tmp_path / "cut.csv").read_text().splitlines()[1].startswith("gesture,2.4")


def test_the_command_line_watches_and_listens(command: Command, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "tune.wav", tone(), RATE)
    (tmp_path / "wave.npz").write_bytes(waving().to_bytes())
    rest = ("--motion", tmp_path / "wave.npz", "--what", "gesture")
    ended = command("annotate", tmp_path / "tune.wav", "-o", tmp_path / "out.json", *rest)
    assert ended.status == 0, ended.error
    assert from_json((tmp_path / "out.json").read_text())[0].annotations[0].value == "seen and heard"


@pytest.mark.parametrize(
    ("name", "rest", "words"),
    [
        ("wave.npz", ("--what", "note"), "'note' cannot be recognised here"),
        ("wave.npz", ("--what", "gestures"), "did you mean 'gesture'?"),
        ("wave.npz", ("--instrument", "tuba"), "nothing installed plays 'tuba'; installed: piano, violin"),
        ("wave.npz", ("--score", "tune.mid"), "give the recording first"),
        ("broken.npz", (), "not a Cadenza motion file"),
        ("nan.npz", (), "right_hand is not a number in frame 5"),
        ("short.npz", (), "too short"),
        ("wave.npz", ("--start", "9"), "lasts from 0.00 to 3.00 s"),
        ("absent.npz", (), "there is no file"),
    ],
)
def test_bad_motions_are_told(command: Command, tmp_path: Path, name: str, rest: tuple[str, ...], words: str) -> None:
    (tmp_path / "wave.npz").write_bytes(waving().to_bytes())
    (tmp_path / "broken.npz").write_bytes(b"PK\3\4 and more")
    (tmp_path / "short.npz").write_bytes(waving(0.2).to_bytes())
    hurt = waving()
    places = hurt.positions.copy()
    places[5, 1] = np.nan
    (tmp_path / "nan.npz").write_bytes(replace(hurt, positions=places).to_bytes())
    ended = command("annotate", tmp_path / name, "-o", tmp_path / "out.json", *rest)
    assert ended.status == 1
    assert words in ended.error
    assert not (tmp_path / "out.json").exists()


def test_too_long_a_motion_is_told() -> None:
    with pytest.raises(MotionError, match="minutes of it are too many"):
        checked(waving(10.0), "it", None, None, longest=5.0)


def test_a_motion_reads_back(tmp_path: Path) -> None:
    (tmp_path / "wave.npz").write_bytes(waving().to_bytes())
    np.testing.assert_array_equal(read_motion(tmp_path / "wave.npz").positions, waving().positions)


def test_the_server_watches_what_was_sent(folder: Path) -> None:
    data = waving().to_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    with running_server(cache=folder / "cache") as address, Visitor(address) as visitor:
        path = f"/v1/motions/{sha256}"
        assert visitor.http.head(path).status_code == 404
        early = visitor.http.post("/v1/jobs", json={"motion": sha256, "recognize": ["gesture"]})
        assert (early.status_code, early.json()["field"]) == (422, "motion")
        assert "PUT /v1/motions" in early.json()["detail"]
        assert visitor.http.put(path, content=data).status_code == 201
        assert visitor.http.put(path, content=data).status_code == 200
        status = visitor.wait(visitor.submit(motion=sha256, recognize=["gesture"])["id"])
        assert status["state"] == "finished", status
        tracks = from_json(visitor.get(f"/v1/jobs/{status['id']}/annotations").decode())
        assert tracks[0].annotations[0].value == "seen"
        for body, field in (
            ({"motion": sha256}, "audio"),
            ({"motion": sha256, "recognize": ["note"]}, "recognize"),
            ({"motion": "0" * 64, "recognize": ["gesture"]}, "motion"),
        ):
            answer = visitor.http.post("/v1/jobs", json=body)
            assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text
        junk = b"no motion at all"
        visitor.http.put(f"/v1/motions/{hashlib.sha256(junk).hexdigest()}", content=junk)
        answer = visitor.http.post(
            "/v1/jobs", json={"motion": hashlib.sha256(junk).hexdigest(), "recognize": ["gesture"]}
        )
        assert answer.status_code == 422
        assert "not a Cadenza motion file" in answer.json()["detail"]
