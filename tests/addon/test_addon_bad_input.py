# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What goes wrong is said clearly, leaves the scene exactly as it was, and leaves a way on."""

from __future__ import annotations

import dataclasses
import itertools
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import connection, jobs, obstacles, orders, takes  # noqa: E402
from blender_addon.client import Backend  # noqa: E402
from blender_addon.job import Job  # noqa: E402
from tests.addon_driving import (  # noqa: E402
    SECONDS,
    add_character,
    character,
    connect,
    drive,
    empty_file,
    generate,
    keys,
    option,
)
from tests.scene_dump import changes, dump  # noqa: E402
from tests.scripted_server import SILENCE, Request, http_reply, scripted_server  # noqa: E402
from tests.serving import running_server  # noqa: E402

STATUS = {
    "id": "a1",
    "state": "finished",
    "progress": 1.0,
    "message": "",
    "error": "",
    "partials": 0,
    "cached": False,
}
SEEDS = itertools.count(1000)
ANNOTATIONS = '{"version": 1, "tracks": []}'


def start_at(scene: Any, address: str, timeout: float = 5.0, patience: float = 0.2) -> None:
    """Generate as the panel asks, at another backend, with little patience."""
    order = orders.performance(scene)
    work: Any = dataclasses.replace(
        order.work, backend=Backend(address, "", timeout), interval=0.01, silence=patience, absence=patience
    )
    jobs.start(dataclasses.replace(order, work=work))


def usual(request: Request) -> bytes | None:
    """A backend whose job is finished at once, with a motion that is none."""
    if request.path.endswith("/annotations"):
        return http_reply(200, ANNOTATIONS)
    if request.path.endswith("/motion"):
        return http_reply(200, b"PK\x03\x04 no npz")
    return http_reply(201, STATUS)


def refusing(kind: str) -> Callable[[Request], bytes | None]:
    """A backend that answers badly."""

    def answer(request: Request) -> bytes | None:
        motion = request.path.endswith("/motion")
        if kind == "garbage":
            return b"\x16\x03\x01 not HTTP at all\r\n\r\n"
        if kind == "another version":
            return http_reply(409, {"detail": "speaks 2"}, Cadenza_Protocol="2")
        if kind == "half a motion" and motion:
            return http_reply(200, b"PK\x03\x04", Content_Length="100000")
        if kind == "refused job" and request.path == "/v1/jobs":
            return http_reply(422, {"title": "Impossible", "detail": "the fps must be 1 to 240, not 0", "field": "fps"})
        if kind == "failed job" and request.path == "/v1/jobs":
            return http_reply(201, {**STATUS, "state": "failed", "error": "no notes were found; give the score"})
        if kind == "forgotten job" and request.path == "/v1/jobs":
            return http_reply(201, {**STATUS, "state": "running"})
        if kind == "forgotten job" and request.path == "/v1/jobs/a1":
            return http_reply(404, {"detail": "unknown job a1; the backend was restarted: generate again"})
        return SILENCE if kind == "silence" else usual(request)

    return answer


BAD_BACKENDS = {
    "garbage": ("cannot be used",),
    "another version": ("protocol 2, this add-on 1", "same version"),
    "half a motion": ("ended in the middle", "Try again"),
    "a motion that is none": ("motion cannot be used",),
    "refused job": ("1 to 240",),
    "failed job": ("no notes were found; give the score",),
    "forgotten job": ("restarted: generate again",),
    "silence": ("has not answered", "restart"),
}


@pytest.mark.parametrize("kind", BAD_BACKENDS)
def test_a_backend_that_answers_badly(scene: Any, kind: str) -> None:
    before = dump()
    with scripted_server(refusing(kind)) as server:
        start_at(scene, server.address, timeout=0.05 if kind == "silence" else 5.0)
        job = drive()
    assert job.state == "failed"
    assert all(word in f"{job.error}. {job.hint}" for word in BAD_BACKENDS[kind]), (job.error, job.hint)
    assert changes(before, dump()) == []
    assert generate().state == "finished"  # a way on


def test_a_backend_that_is_gone(scene: Any) -> None:
    before = dump()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        start_at(scene, f"http://127.0.0.1:{taken.getsockname()[1]}")
        job = drive()
    assert "no backend answers" in job.error
    assert "Start it" in job.hint
    assert changes(before, dump()) == []


def test_silence_is_shown_while_we_wait_and_can_be_cancelled(scene: Any) -> None:
    before = dump()
    with scripted_server(lambda request: SILENCE) as server:
        start_at(scene, server.address, timeout=0.05, patience=600.0)
        job = drive(lambda job: "Still waiting" in job.message)
        bpy.ops.cadenza.cancel()
    assert job.state == "cancelled"
    assert changes(before, dump()) == []


def test_a_backend_that_comes_back_in_time(scene: Any) -> None:
    asked: list[str] = []

    def answer(request: Request) -> bytes | None:
        asked.append(request.path)
        return b"" if len(asked) < 3 else http_reply(201, {**STATUS, "state": "failed", "error": "it did come back"})

    with scripted_server(answer) as server:
        start_at(scene, server.address, patience=30.0)
        assert drive().error == "it did come back"


@pytest.mark.parametrize("token", ["", "wrong" * 8])
def test_a_token_that_is_missing_or_wrong(scene: Any, preferences: Any, tmp_path: Path, token: str) -> None:
    before = dump()
    with running_server(cache=tmp_path / "cache", token="right" * 8) as guarded:
        preferences.address, preferences.token = guarded, token
        known = connect()
    assert known.state == "failed"
    assert "token" in known.hint
    assert obstacles.to_generating(scene) == "Start or connect the backend first"
    assert changes(before, dump()) == []


def test_the_network_is_used_only_where_it_is_allowed(scene: Any, preferences: Any) -> None:
    preferences.address = "https://machine.example"
    known = connect()
    assert (known.state, known.error) == ("failed", connection.OFFLINE)
    assert "Online Access" in known.hint


def test_no_character(scene: Any) -> None:
    scene.cadenza.character = None
    assert not bpy.ops.cadenza.generate.poll()
    assert "Choose a character" in obstacles.to_generating(scene)
    with pytest.raises(orders.OrderError, match="add our musician"):
        orders.performance(scene)


@pytest.mark.parametrize("lost", [("upper_arm", "lower_arm", "hand"), ("hand",)])
def test_a_character_without_arms_or_hands(scene: Any, lost: tuple[str, ...]) -> None:
    kept = {f"{side}_{part}" for side in ("left", "right") for part in lost}
    add_character("Bust", lambda joint: f"thing {joint[::-1]}" if joint in kept else joint)
    for item in character().cadenza.bones:
        if item.name in kept:
            item.bone = ""
    before = dump()
    words = obstacles.to_generating(scene)
    assert "left hand" in words
    assert "Bone Map" in words
    with pytest.raises(orders.OrderError, match="left hand"):
        orders.performance(scene)
    assert changes(before, dump()) == []


def test_a_linked_character_is_left_alone(scene: Any, tmp_path: Path) -> None:
    """What is changed in linked data is gone when the file is opened again: better say so."""
    generate()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "cast.blend"))
    found = empty_file()
    with bpy.data.libraries.load(str(tmp_path / "cast.blend"), link=True) as (_, wanted):
        wanted.objects = ["Anna"]
    found.collection.objects.link(wanted.objects[0])
    found.cadenza.character = wanted.objects[0]
    assert len(takes.takes_of(character())) == 1
    before = dump()
    for name in ("show_take", "star_take", "edit_take", "delete_take", "generate_again", "guess_bones"):
        with pytest.raises(RuntimeError, match=r"poll.*Anna is linked: make a library override"):
            getattr(bpy.ops.cadenza, name)()
    assert "library override" in obstacles.to_performer(found)
    assert changes(before, dump()) == []


def test_a_bone_that_is_gone(scene: Any) -> None:
    """The map names a bone that was renamed since."""
    character().data.bones["left_hand"].name = "flipper"
    before = dump()
    with pytest.raises(RuntimeError, match="no bone left_hand any more"):
        bpy.ops.cadenza.generate()
    assert changes(before, dump()) == []


def test_a_mirrored_armature_is_told(scene: Any) -> None:
    character().scale = (-1.0, 1.0, 1.0)
    job = generate()
    assert job.state in ("finished", "failed")
    assert "apply its scale" in character().cadenza.report + job.error


def running(**options: Any) -> Job:
    """A job that the backend works on, one that it has not done before."""
    bpy.context.scene.cadenza.seed = next(SEEDS)
    option(seconds=options.pop("seconds", 1.0), **options)
    bpy.ops.cadenza.generate()
    return drive(lambda job: job.state == "running")


def to_writing() -> Job:
    """A job that has begun to write keys."""
    bpy.ops.cadenza.generate()
    job = drive(lambda job: job.state == "applying")
    while not job.writing or job.progress < 0.95:
        jobs.poll(0.0005)
        assert not job.ended
    return job


def test_the_character_is_renamed_meanwhile(scene: Any) -> None:
    running()
    character().name = "Bela"
    assert drive().state == "finished"
    assert len(takes.takes_of(bpy.data.objects["Bela"])) == 1


@pytest.mark.parametrize("begin", [running, to_writing])
def test_the_character_is_deleted_meanwhile(scene: Any, begin: Callable[[], Job]) -> None:
    begin()
    bpy.data.objects.remove(character())
    before = {k: v for k, v in dump().items() if k != "actions"}
    job = drive()
    assert job.state == "failed"
    assert "deleted" in job.error
    assert [c for c in changes(before, dump()) if not c.startswith("/actions")] == []
    assert len(bpy.data.actions) == 0


def test_the_scene_is_deleted_meanwhile(scene: Any) -> None:
    running()
    bpy.data.scenes.new("Other")
    bpy.data.scenes.remove(bpy.data.scenes["Scene"])
    job = drive()
    assert job.state == "failed"
    assert "scene" in job.error


def test_the_frame_rate_changes_meanwhile(scene: Any) -> None:
    running()
    scene.render.fps, scene.render.fps_base = 30, 1.001
    assert drive().state == "finished"
    points = keys(takes.takes_of(character())[0])
    assert len(points) == round(SECONDS * 24)
    expected = scene.frame_start + np.arange(len(points)) / 24.0 * 30 / 1.001
    assert np.allclose(points[:, 0], expected, atol=1e-3)


@pytest.mark.parametrize("begin", [running, to_writing])
def test_another_file_is_opened_meanwhile(scene: Any, begin: Callable[[], Job]) -> None:
    job = begin()
    empty_file()
    before = dump()
    assert job.state == "cancelled"
    assert "another file was opened" in job.message
    jobs.poll()
    assert changes(before, dump()) == []


def test_a_file_saved_meanwhile_opens_without_the_first_part(scene: Any, tmp_path: Path) -> None:
    running(shows=True, seconds=60.0)
    drive(lambda job: len(takes.takes_of(character())) == 1)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "a.blend"))
    assert len(takes.takes_of(character())) == 0
    assert len(bpy.data.actions) == 0


def test_undo_in_the_middle(scene: Any) -> None:
    bpy.ops.ed.undo_push(message="one")
    scene.frame_end = 100
    bpy.ops.ed.undo_push(message="two")
    to_writing()
    bpy.ops.ed.undo()
    job = drive()
    assert job.state == "finished", job.error
    assert len(takes.takes_of(character())) == 1
    assert len(bpy.data.actions) == 1


@pytest.mark.parametrize("begin", [running, to_writing])
def test_cancelling(scene: Any, begin: Callable[[], Job]) -> None:
    before = dump()
    job = begin()
    bpy.ops.cadenza.cancel()
    assert job.state == "cancelled"
    assert {k: v for k, v in dump().items() if k != "scenes"} == {k: v for k, v in before.items() if k != "scenes"}


def without_props(joint: str) -> str:
    return {"violin_end": "one thing", "bow_frog": "another"}.get(joint, joint)


def test_instruments_that_were_built_go_again(scene: Any) -> None:
    add_character("Cara", without_props)
    before = dump()
    to_writing()
    assert len(bpy.data.objects) > 2
    bpy.ops.cadenza.cancel()
    assert changes(before, dump()) == []
    assert generate().state == "finished"
    assert any(item.parent == character() for item in bpy.data.objects)
