# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A study on a real port: what raters are offered, what is kept of their answers, what is refused."""

from __future__ import annotations

import csv
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.running import ROOT
from tests.studies import served, write_study
from training.study.ratings import COLUMNS, Log, raters_file
from training.study.session import Session
from training.study.study_file import StudyError, read_study

TOKEN = "a1b2c3d4e5f6a7b8"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_study(tmp_path_factory.mktemp("made"))


@pytest.fixture
def study(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "study"))


def begin(http: httpx.Client, **told: Any) -> str:
    answer = http.post("/raters", json=told)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["rater"])


def rate(
    http: httpx.Client, rater: str, clip: str, real: Any = 4, match: Any = 5, seconds: Any = 2.5
) -> httpx.Response:
    body = {"clip": clip, "ratings": {"real": real, "match": match}, "seconds": seconds}
    return http.post(f"/raters/{rater}/ratings", json=body)


def rate_all(http: httpx.Client, rater: str) -> int:
    state = http.get(f"/raters/{rater}").json()
    while state["clip"] is not None:
        answer = rate(http, rater, state["clip"]["id"])
        assert answer.status_code == 201, answer.text
        state = answer.json()
    return int(state["done"])


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_rater_rates_every_clip_once_in_an_order_that_can_be_made_again(study: Path, tmp_path: Path) -> None:
    with served(study, tmp_path / "r.csv") as (address, read), httpx.Client(base_url=address) as http:
        rater = begin(http, years=12)
        assert http.get(f"/raters/{rater}").json() == http.get(f"/raters/{rater}").json()
        assert rate_all(http, rater) == 4
    kept = rows(tmp_path / "r.csv")
    assert list(kept[0]) == list(COLUMNS)
    expected = [
        (str(number), clip.item.piece, clip.item.condition, question, rating)
        for number, clip in enumerate(read.order(rater), 1)
        for question, rating in (("real", "4"), ("match", "5"))
    ]
    assert [(r["order"], r["item"], r["condition"], r["question"], r["rating"]) for r in kept] == expected
    assert {r["rater"] for r in kept} == {rater}
    assert {r["seconds"] for r in kept} == {"2.5"}
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", r["time"]) for r in kept)
    (person,) = rows(raters_file(tmp_path / "r.csv"))
    assert (person["rater"], person["years"], person["seed"]) == (rater, "12", "1")


def test_nothing_that_is_sent_names_a_condition_or_a_piece(study: Path) -> None:
    with served(study) as (address, read), httpx.Client(base_url=address) as http:
        rater = begin(http)
        seen = [http.get("/"), http.get(f"/raters/{rater}"), http.get("/page/study.js"), http.get("/page/study.css")]
        seen += [http.get(f"/clips/{clip.id}") for clip in read.clips]
    for answer in seen:
        assert answer.status_code == 200
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "content-disposition" not in answer.headers
        told = (str(answer.headers) + (answer.text if "video" not in answer.headers["content-type"] else "")).lower()
        assert "full" not in told.replace("fullscreen", "")
        assert "mo2" not in told
    page = seen[0].text
    assert "Who plays?" in page
    assert not re.findall(r"https?://", page)
    assert not re.findall(r"<script>|style=|onclick", page)


def test_films_come_in_parts(study: Path) -> None:
    with served(study) as (address, read), httpx.Client(base_url=address) as http:
        part = http.get(f"/clips/{read.clips[0].id}", headers={"Range": "bytes=4-7"})
        assert part.status_code == 206
        assert part.content == b"ftyp"
        for path in ("/clips/0000", "/clips/..%2Fstudy.yaml", "/page/..%2Fserver.py", "/page/index.html", "/docs"):
            assert http.get(path).status_code == 404


def test_what_is_no_answer_is_refused_and_not_kept(study: Path, tmp_path: Path) -> None:
    with served(study, tmp_path / "r.csv") as (address, read), httpx.Client(base_url=address) as http:
        rater = begin(http)
        first, second, *_ = (clip.id for clip in read.order(rater))
        for rating in (0, 8, -1, 3.5, "5", None, True, 10**30):
            assert rate(http, rater, first, real=rating).status_code == 422, rating
        for seconds in (0.2, -1, "9", None):
            assert rate(http, rater, first, seconds=seconds).status_code == 422
        assert "not played to its end" in rate(http, rater, first, seconds=0.2).json()["detail"]
        url = f"/raters/{rater}/ratings"
        given = {"clip": first, "ratings": {"real": 1, "match": 2}, "seconds": 2}
        for wrong in (
            {**given, "ratings": {"real": 1}},
            {**given, "ratings": {"real": 1, "beauty": 7}},
            {**given, "condition": "full"},
            {"clip": first},
            [given],
        ):
            assert http.post(url, json=wrong).status_code == 422
        assert (
            http.post(url, content=b'{"seconds": NaN', headers={"content-type": "application/json"}).status_code == 422
        )
        assert http.post(url, json={**given, "clip": "x" * 5000}).status_code == 413
        assert http.post("/raters", json={"years": -1}).status_code == 422
        assert rate(http, rater, second).status_code == 409
        assert rate(http, rater, "0000").status_code == 409
        unknown = rate(http, "f" * 16, first)
        assert unknown.status_code == 404
        assert "not known" in unknown.json()["detail"]
        assert http.get("/raters/nobody").status_code == 404
        assert rows(tmp_path / "r.csv") == []
        assert rate(http, rater, first).status_code == 201
        assert rate(http, rater, first).status_code == 409
    assert len(rows(tmp_path / "r.csv")) == 2


def test_raters_at_once_lose_nothing(study: Path, tmp_path: Path) -> None:
    with served(study, tmp_path / "r.csv") as (address, _), httpx.Client(base_url=address) as http:
        raters = [begin(http) for _ in range(12)]
        with ThreadPoolExecutor(12) as pool:
            assert list(pool.map(lambda rater: rate_all(http, rater), raters)) == [4] * 12
            # One rater with two windows: each clip counts once.
            rater = begin(http)
            clip = http.get(f"/raters/{rater}").json()["clip"]["id"]
            codes = list(pool.map(lambda _: rate(http, rater, clip).status_code, range(8)))
            assert sorted(codes) == [201] + [409] * 7
    kept = rows(tmp_path / "r.csv")
    assert len(kept) == (12 * 4 + 1) * 2
    assert len({(r["rater"], r["item"], r["condition"], r["question"]) for r in kept}) == len(kept)


def start(*arguments: object) -> subprocess.Popen[str]:
    code = "from training.cli import main; main()"
    command = [sys.executable, "-c", code, "study", "serve", *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def link(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.communicate()
    return line.split()[0]


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_a_killed_server_goes_on_where_it_was(study: Path) -> None:
    process = start(study, "--port", 0)
    with httpx.Client(base_url=link(process)) as http:
        rater, other = begin(http), begin(http)
        first = http.get(f"/raters/{rater}").json()["clip"]["id"]
        state = rate(http, rater, first, 7, 1).json()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with (study / "ratings.csv").open("a") as file:
        file.write(f"{rater},2,de1,fu")  # what a failing machine may leave
    process = start(study, "--port", 0)
    try:
        with httpx.Client(base_url=link(process)) as http:
            assert http.get(f"/raters/{rater}").json() == state
            assert http.get(f"/raters/{other}").json()["done"] == 0
            assert rate_all(http, rater) == 4
    finally:
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in error
    assert [r["rating"] for r in rows(study / "ratings.csv")] == ["7", "1"] + ["4", "5"] * 3


def test_half_an_answer_is_asked_for_again(study: Path, tmp_path: Path) -> None:
    with served(study, tmp_path / "r.csv") as (address, _), httpx.Client(base_url=address) as http:
        rater = begin(http)
        rate_all(http, rater)
    whole = (tmp_path / "r.csv").read_text().splitlines(keepends=True)
    (tmp_path / "r.csv").write_text("".join(whole[:-1]))
    with served(study, tmp_path / "r.csv") as (address, _), httpx.Client(base_url=address) as http:
        assert http.get(f"/raters/{rater}").json()["done"] == 3


def test_a_full_disk_keeps_what_was_there(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="limits of a process")
    log = Log(tmp_path / "a.csv", ("a", "b"))
    log.append([{"a": "1", "b": "2"}])
    before = (tmp_path / "a.csv").read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 3, hard))
    try:
        with pytest.raises(OSError, match="disk is full"):
            log.append([{"a": "3", "b": "4"}, {"a": "5", "b": "6"}])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert (tmp_path / "a.csv").read_bytes() == before
    log.append([{"a": "3", "b": "4"}])
    assert rows(tmp_path / "a.csv")[1] == {"a": "3", "b": "4"}
    log.close()


def test_results_that_do_not_fit(study: Path, tmp_path: Path) -> None:
    results = tmp_path / "r.csv"
    read = read_study(study)
    session = Session(read, results)
    with pytest.raises(StudyError, match="another study writes"):
        Session(read, results)
    rater = session.begin()
    session.close()
    header = ",".join(COLUMNS)
    for line, words in (
        (f"{rater},1,de1,full,real,9,2.0,now", "line 2: the rating '9' is not 1 to 7"),
        (f"{rater},1,de1,full,real", "line 2: no rating, seconds, time"),
        (f"{rater},1,xx9,full,real,3,2.0,now", "another study"),
        ("somebody,1,de1,full,real,3,2.0,now", "another study"),
    ):
        results.write_text(f"{header}\n{line}\n")
        with pytest.raises(StudyError, match=words):
            Session(read, results)
    results.write_text("a,b\n1,2\n")
    with pytest.raises(StudyError, match="lacks the columns rater, order"):
        Session(read, results)
    results.write_text(f"{header}\n")
    (study / "study.yaml").write_text((study / "study.yaml").read_text().replace("seed: 1", "seed: 2"))
    with pytest.raises(StudyError, match="has changed since"):
        Session(read_study(study), results)


def test_a_token_comes_with_the_link_and_stays(study: Path) -> None:
    with served(study, token=TOKEN) as (address, read), httpx.Client(base_url=address) as http:
        for path in ("/", "/?token=wrong", "/raters/x", f"/clips/{read.clips[0].id}", f"/raters/x?token={TOKEN}"):
            assert http.get(path).status_code == 401
        assert http.post("/raters", json={}).status_code == 401
        assert http.get("/", headers={"cookie": 'cadenza_study="\xff'.encode("latin-1")}).status_code == 401
        welcome = http.get(f"/?token={TOKEN}")
        assert welcome.status_code == 303
        assert {"HttpOnly", "SameSite=lax"} <= {part.strip() for part in welcome.headers["set-cookie"].split(";")}
        assert welcome.headers["location"] == "/"
        assert http.get("/").status_code == 200
        begin(http)


def test_another_name_of_this_machine_is_refused(study: Path) -> None:
    with served(study) as (address, _), httpx.Client(base_url=address) as http:
        assert http.get("/", headers={"host": "evil.example"}).status_code == 403
        assert http.get("/", headers={"host": "localhost:1"}).status_code == 200


def test_what_cannot_be_served(study: Path, tmp_path: Path) -> None:
    (tmp_path / "short").write_text("secret")
    (tmp_path / "odd").write_text("secret secret secret secret")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        started = [
            (start(study, *arguments), words)
            for arguments, words in (
                (("--port", port), f"port {port} cannot be used"),
                (("--host", "0.0.0.0"), "--token-file"),
                (("--token-file", tmp_path / "short"), "at least 16"),
                (("--token-file", tmp_path / "odd"), "letters and digits"),
                (("--token-file", tmp_path / "gone"), "gone"),
            )
        ]
        for process, words in started:
            out, error = process.communicate(timeout=60)
            assert process.returncode == 1
            assert out == ""
            assert words in error
            assert "Traceback" not in error
