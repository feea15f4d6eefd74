# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What is made of a study's ratings: means, standard errors, tests, the report."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import wilcoxon

from tests.test_study_make import command
from training.study.analysis import analyse, holm, signed_rank
from training.study.ratings import COLUMNS, Rating
from training.study.study_file import QUESTIONS, StudyError

RATERS, PIECES = 8, ("de1", "mo2", "ba3")


def ratings(seed: int = 0) -> list[Rating]:
    """Raters of different severity; "real" is liked best, "base" least."""
    rng = np.random.default_rng(seed)
    found = []
    for rater, (condition, liking) in itertools.product(range(RATERS), (("real", 6), ("full", 4), ("base", 3))):
        for piece, question in itertools.product(PIECES, QUESTIONS):
            value = int(np.clip(liking + rater % 3 - 1 + rng.integers(-1, 2), 1, 7))
            found.append(Rating(f"r{rater}", len(found) + 1, piece, condition, question, value, 9.0, "now"))
    return found


def write(path: Path, given: list[Rating]) -> Path:
    lines = [",".join(COLUMNS), *(",".join(r.row().values()) for r in given)]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_means_and_errors_are_over_raters() -> None:
    given = ratings()
    result = analyse(given)
    assert (len(result.raters), result.ratings, result.left_out, result.repeated) == (8, 8 * 3 * 3 * 2, {}, 0)
    assert result.comparisons == ()
    for summary in result.summaries:
        table = np.array(
            [
                [
                    r.rating
                    for r in given
                    if (r.rater, r.condition, r.question) == (f"r{i}", summary.condition, summary.question)
                ]
                for i in range(RATERS)
            ]
        )
        assert table.shape == (RATERS, len(PIECES))
        by_rater = table.mean(axis=1)
        assert summary.mean == pytest.approx(by_rater.mean())
        assert summary.error == pytest.approx(np.sqrt(((by_rater - by_rater.mean()) ** 2).sum() / 7 / 8))
        assert summary.n == 8


def test_pairs_are_tested_against_the_reference() -> None:
    result = analyse(ratings(), "real")
    assert [(c.condition, c.question) for c in result.comparisons] == [
        ("base", "real"), ("full", "real"), ("base", "match"), ("full", "match")
    ]  # fmt: skip
    for c in result.comparisons:
        assert c.difference < -0.5
        assert c.n == 8
        assert 2 / 2**c.pairs <= c.p <= c.adjusted
    with pytest.raises(StudyError, match="no condition 'reel'; there are base, full, real"):
        analyse(ratings(), "reel")


def test_the_signed_rank_test_counts_all_signs_even_with_ties() -> None:
    differences = np.array([1.0, 1.0, -0.5, 2.0, 0.0, 0.1 + 0.2 - 0.3, 1.5])
    ranks = np.array([2.5, 2.5, 1.0, 5.0, 4.0])  # of what is not zero
    signs = np.array(list(itertools.product((0, 1), repeat=5)))
    sums = signs @ ranks
    reached = ranks.sum() - 1.0
    p = 2 * np.mean(sums >= reached)
    assert signed_rank(differences) == (5, pytest.approx(p))
    assert signed_rank(np.zeros(4)) == (0, 1.0)
    # 15 raters, all of one mind.
    assert signed_rank(np.ones(15)) == (15, pytest.approx(2 / 2**15))
    assert signed_rank(np.ones(60))[1] < 1e-9


@pytest.mark.parametrize("n", [1, 2, 7, 16])
def test_the_signed_rank_test_is_scipys_where_no_ranks_are_tied(n: int) -> None:
    differences = np.random.default_rng(n).normal(0.5, 1.0, n)
    assert signed_rank(differences) == (n, pytest.approx(wilcoxon(differences, method="exact").pvalue))


def test_holm() -> None:
    # The smallest is multiplied by 4, the next by 3, and none falls below the one before.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_raters_who_did_not_finish_count_only_when_asked() -> None:
    given = ratings()
    short = [r for r in given if r.rater != "r3" or r.item == "de1"]
    result = analyse(short)
    assert result.left_out == {"r3": 6}
    assert len(result.raters) == 7
    assert len(analyse(short, unfinished=True).raters) == 8
    with pytest.raises(StudyError, match="no ratings"):
        analyse([])


def test_what_was_given_again_counts_once() -> None:
    given = ratings()
    again = Rating(**{**vars(given[0]), "rating": 1})
    result = analyse([*given, again])
    assert result.repeated == 1
    assert result.summaries == analyse([again, *given[1:]]).summaries


def test_the_command_writes_a_report_and_a_plot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path / "ratings.csv", ratings())
    (tmp_path / "ratings.raters.csv").write_text(
        "rater,seed,study,years,time\nr0,1,x,10,now\nr1,1,x,,now\nr2,1,x,5,now\ngone,1,x,40,now\n"
    )
    out = tmp_path / "docs" / "report.md"
    assert command(monkeypatch, "study", "analyse", file, "-o", out, "--reference", "real") == 0
    assert "8 raters" in capsys.readouterr().out
    text = out.read_text()
    assert "144 ratings by 8 raters" in text
    assert "2 raters told how long they have played an instrument, 7.5 years on average" in text
    expected = {(s.condition, s.question): f"{s.mean:.2f} ({s.error:.2f}) | 8" for s in analyse(ratings()).summaries}
    for condition in ("base", "full", "real"):
        cells = " | ".join(expected[condition, question] for question in QUESTIONS)
        assert f"| {condition} | {cells} |" in text
    assert len(re.findall(r"^\| (base|full) \| (real|match) \| -\d", text, re.MULTILINE)) == 4
    assert "With 8 raters p cannot be less than 0.0078" in text
    assert "Left out" not in text
    assert (tmp_path / "docs" / "report.png").read_bytes().startswith(b"\x89PNG")


def test_one_rater_has_no_error_bar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path / "r.csv", [r for r in ratings() if r.rater == "r0"])
    assert command(monkeypatch, "study", "analyse", file, "-o", tmp_path / "r.md", "--reference", "full") == 0
    assert "(unknown) | 1" in (tmp_path / "r.md").read_text()


def test_broken_lines_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path / "r.csv", ratings())
    with file.open("a") as more:
        more.write("r0,1,de1,full,real,8,9.0,now\nr0,x,de1,full,real,7,9.0,now\nr0,1,de1\n")
        more.write("r0,1,de1,full,beauty,7,9.0,now\nr0,1,de1,full,real,7,inf,now\nr0,1,de1,full,real,7,9.0,now,what\n")
    assert command(monkeypatch, "study", "analyse", file, "-o", tmp_path / "r.md") == 1
    error = capsys.readouterr().err
    for words in (
        "line 146: the rating '8' is not 1 to 7",
        "line 147: the order 'x' is no number",
        "line 148: no condition, question, rating, seconds, time",
        "line 149: the question 'beauty'",
        "line 150: the seconds 'inf'",
        "line 151: more values than columns",
        "--on-problem skip",
    ):
        assert words in error
    assert not (tmp_path / "r.md").exists()
    assert command(monkeypatch, "study", "analyse", file, "-o", tmp_path / "r.md", "--on-problem", "skip") == 0
    text = (tmp_path / "r.md").read_text()
    assert text.count("line 1") == 6
    assert "144 ratings by 8" in text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read"),
        (b"rater,order\n", "lacks the columns item"),
        (b"\xff\xfe\x00binary", "lacks the columns"),
        ((",".join(COLUMNS) + "\n").encode(), "no ratings"),
    ],
)
def test_files_that_hold_no_ratings(
    content: bytes | None,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if content is not None:
        (tmp_path / "r.csv").write_bytes(content)
    assert command(monkeypatch, "study", "analyse", tmp_path / "r.csv", "-o", tmp_path / "r.md") == 1
    assert words in capsys.readouterr().err
    assert command(monkeypatch, "study", "analyse", tmp_path / "r.csv", "-o", tmp_path / "r.txt") == 1
    assert "must end in .md" in capsys.readouterr().err
