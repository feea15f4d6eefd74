# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Files of a run that was killed, or whose disk was full, do not keep it from going on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from training.recognition import judging
from training.run_log import RunLog
from training.whole_files import FileError, check_writable, read_json, whole_lines


def test_what_cannot_be_written_is_told_before_the_work(tmp_path: Path) -> None:
    check_writable(tmp_path / "new" / "folder" / "report.md")
    (tmp_path / "file").write_text("")
    check_writable(tmp_path / "file")
    (tmp_path / "taken.md").mkdir()
    for path in (tmp_path / "file" / "report.md", tmp_path / "taken.md"):
        with pytest.raises(FileError, match=f"{path.name} cannot be written .*; give another file with -o"):
            check_writable(path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "taken.md"]


@pytest.mark.parametrize("text", ["", '{"a": ', "[1]"])
def test_what_is_cut_off_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(FileError, match=r"a\.json .*; delete it"):
        read_json(path, "delete it")


def test_a_last_line_that_was_cut_off_is_taken_out(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 1}\n{"a": 2}\n{"a"')
    assert whole_lines(path) == [{"a": 1}, {"a": 2}]
    assert path.read_text() == '{"a": 1}\n{"a": 2}\n'
    path.write_text('{"a": 1}\n{"a": 2}')  # whole but for its end
    assert whole_lines(path) == [{"a": 1}, {"a": 2}]
    assert path.read_text().endswith("\n")
    path.write_text('{"a": 1}\n{"a"\n{"a": 2}\n')
    with pytest.raises(FileError, match=r"a\.jsonl, line 2, is no JSON"):
        whole_lines(path)


def test_a_log_goes_on_after_half_a_line(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text('{"step": 1, "loss": 2.0}\n{"step": 2, "lo')
    RunLog(tmp_path, 1)(2, loss=1.0)
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert rows == [{"step": 1, "loss": 2.0}, {"step": 2, "loss": 1.0}]


def test_kept_figures_go_on_after_half_a_line(tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    judging._keep(path, ("a",), {"F": 1.0})
    with path.open("a") as file:
        file.write('{"of": ["b"')
    assert judging._kept(path) == {("a",): {"F": 1.0}}
    judging._keep(path, ("b",), {"F": 0.5})
    assert judging._kept(path) == {("a",): {"F": 1.0}, ("b",): {"F": 0.5}}
