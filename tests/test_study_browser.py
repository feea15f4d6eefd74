# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The page of a study in a real browser: the system's Chromium without a window.

With CADENZA_PICTURES=FOLDER it leaves pictures of the page there.
"""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.studies import served, write_study

pytestmark = pytest.mark.browser

WIDE, PHONE = {"width": 1280, "height": 720}, {"width": 375, "height": 667}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A browser; skips where there is none."""
    api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no Chromium is installed (Debian: apt-get install chromium)")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_study(tmp_path_factory.mktemp("made"))


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    """A fresh page that must not complain nor ask anybody else for anything."""
    context = chromium.new_context(viewport=WIDE)
    page = context.new_page()
    complaints: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.complaints = complaints
    yield page
    assert all(url.startswith("http://127.0.0.1:") for url in asked)
    context.close()


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def picture(page: Any, name: str) -> None:
    """Keep a picture where somebody asked for it."""
    if folder := os.environ.get("CADENZA_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png")


def play(page: Any) -> None:
    page.click("#play")
    page.wait_for_selector("fieldset:not([disabled])", timeout=15_000)


def choose(page: Any, real: int, match: int) -> None:
    page.check(f"input[name=real][value='{real}']", force=True)
    page.check(f"input[name=match][value='{match}']", force=True)


def progress(page: Any, text: str) -> None:
    page.wait_for_function("text => document.getElementById('progress').textContent === text", arg=text)


def test_a_rater_goes_through_with_the_mouse_and_a_reload(page: Any, made: Path, tmp_path: Path) -> None:
    with served(made, tmp_path / "r.csv") as (address, study):
        page.goto(address)
        assert page.inner_text("h1") == "Who plays?"
        picture(page, "welcome")
        page.fill("#years", "12.5")
        page.click("#begin button")
        for number in range(1, 5):
            progress(page, f"Film {number} of 4")
            assert page.is_disabled("#next")
            assert page.is_disabled("input[name=real]")
            if number == 1:
                picture(page, "wide-before")
            play(page)
            assert page.is_disabled("#next")
            page.check("input[name=real][value='6']", force=True)
            assert page.is_disabled("#next")
            choose(page, number, 8 - number)
            assert page.is_enabled("#next")
            if number == 2:
                picture(page, "wide")
                page.reload()  # what was not sent is asked again, what was sent is not
                progress(page, "Film 2 of 4")
                play(page)
                choose(page, number, 8 - number)
            page.click("#next")
        page.wait_for_selector("#thanks:not([hidden])")
        picture(page, "thanks")
        page.reload()
        page.wait_for_selector("#thanks:not([hidden])")
        page.click("#again")
        assert page.is_visible("#begin")
    kept = rows(tmp_path / "r.csv")
    assert [r["rating"] for r in kept] == ["1", "7", "2", "6", "3", "5", "4", "4"]
    order = study.order(kept[0]["rater"])
    assert [(r["item"], r["condition"]) for r in kept[::2]] == [(c.item.piece, c.item.condition) for c in order]
    assert all(float(r["seconds"]) >= 1.0 for r in kept)
    assert page.complaints == []


def test_a_film_must_be_played_to_its_end(page: Any, made: Path, tmp_path: Path) -> None:
    with served(made, tmp_path / "r.csv") as (address, _):
        page.goto(address)
        page.click("#begin button")
        progress(page, "Film 1 of 4")
        page.wait_for_function("() => document.getElementById('clip').duration > 0")
        # Whoever knows how to jump to the end has not seen the film.
        page.evaluate(
            "async () => { const film = document.getElementById('clip'); film.muted = true;"
            " film.currentTime = film.duration - 0.05; await film.play(); }"
        )
        page.wait_for_function("() => document.getElementById('clip').ended")
        page.wait_for_timeout(100)
        assert page.is_disabled("input[name=real]")
        play(page)
        assert page.is_enabled("input[name=real]")
        assert not page.evaluate("document.getElementById('clip').muted")
        assert page.evaluate("document.getElementById('clip').webkitAudioDecodedByteCount") > 0


def test_the_keyboard_is_enough(page: Any, made: Path, tmp_path: Path) -> None:
    with served(made, tmp_path / "r.csv") as (address, _):
        page.goto(address)
        page.wait_for_selector("#begin")
        for _ in range(2):
            page.keyboard.press("Tab")
        page.keyboard.type("3")
        page.keyboard.press("Enter")
        progress(page, "Film 1 of 4")
        page.keyboard.press("Space")  # the focus is on Play
        page.wait_for_selector("fieldset:not([disabled])", timeout=15_000)
        page.keyboard.press("Space")  # and then on the first question: 1
        for key in ("ArrowRight", "ArrowRight", "Tab", "Space", "ArrowRight", "Tab"):
            page.keyboard.press(key)
        assert page.evaluate("document.activeElement.id") == "next"
        page.keyboard.press("Enter")
        progress(page, "Film 2 of 4")
    assert [r["rating"] for r in rows(tmp_path / "r.csv")] == ["3", "2"]
    assert rows(tmp_path / "r.raters.csv")[0]["years"] == "3"


def test_a_telephone(chromium: Any, made: Path, tmp_path: Path) -> None:
    context = chromium.new_context(viewport=PHONE, has_touch=True, is_mobile=True, device_scale_factor=2)
    page = context.new_page()
    with served(made, tmp_path / "r.csv") as (address, _):
        page.goto(address)
        picture(page, "phone-welcome")
        page.tap("#begin button")
        progress(page, "Film 1 of 4")
        page.tap("#play")
        page.wait_for_selector("fieldset:not([disabled])", timeout=15_000)
        for name, value in (("real", 7), ("match", 2)):
            label = page.locator(f"label:has(input[name={name}][value='{value}'])")
            box = label.bounding_box()
            assert box["width"] >= 32
            assert box["height"] >= 40  # a fingertip
            label.tap()
        picture(page, "phone")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        page.tap("#next")
        progress(page, "Film 2 of 4")
    assert [r["rating"] for r in rows(tmp_path / "r.csv")] == ["7", "2"]
    context.close()


def test_trouble_on_the_way(page: Any, made: Path, tmp_path: Path) -> None:
    with served(made, tmp_path / "r.csv") as (address, study):
        page.goto(address)
        page.evaluate("localStorage.setItem('cadenza-study-rater', 'nobody')")
        page.reload()
        page.wait_for_selector("#welcome:not([hidden])")  # whom the server does not know begins
        page.click("#begin button")
        progress(page, "Film 1 of 4")
        play(page)
        choose(page, 5, 5)
        page.route("**/ratings", lambda route: route.abort())
        page.click("#next")
        page.wait_for_selector("#problem:not([hidden])")
        assert "cannot be reached" in page.inner_text("#problem")
        picture(page, "trouble")
        page.unroute("**/ratings")
        # The same clip is rated in another window meanwhile: this one goes on with the next.
        rater = page.evaluate("localStorage.getItem('cadenza-study-rater')")
        body = {"clip": study.order(rater)[0].id, "ratings": {"real": 1, "match": 1}, "seconds": 3.0}
        assert httpx.post(f"{address}/raters/{rater}/ratings", json=body).status_code == 201
        page.click("#next")
        progress(page, "Film 2 of 4")
        assert page.is_hidden("#problem")
    assert [r["rating"] for r in rows(tmp_path / "r.csv")] == ["1", "1"]


def test_the_token_link(page: Any, made: Path, tmp_path: Path) -> None:
    with served(made, tmp_path / "r.csv", token="a1b2c3d4e5f6a7b8") as (address, _):
        page.goto(f"{address}/?token=a1b2c3d4e5f6a7b8")
        assert page.url == f"{address}/"
        page.click("#begin button")
        progress(page, "Film 1 of 4")
        play(page)
    assert page.complaints == []


def test_nothing_foreign_runs_in_the_page(page: Any, made: Path, tmp_path: Path) -> None:
    with served(made, tmp_path / "r.csv") as (address, _):
        page.goto(address)
        page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.hit = 1\">')")
        page.evaluate(
            "() => { const script = document.createElement('script'); script.textContent = 'window.hit = 1';"
            " document.body.append(script); }"
        )
        page.wait_for_timeout(200)
        assert page.evaluate("window.hit") is None
