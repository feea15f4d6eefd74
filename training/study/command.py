# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""``cadenza-train study``."""

from __future__ import annotations

import secrets
import shlex
from pathlib import Path
from typing import Annotated, Literal

import typer

from training.progress import progress

# Only what the help needs is imported here.

study = typer.Typer(help="Blind listening-and-watching tests.", no_args_is_help=True)


@study.command()
def make(
    condition: Annotated[list[str], typer.Option(help="NAME=FOLDER of mp4 files, named by piece; once a condition.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="New folder of the study.")],
    title: Annotated[str, typer.Option(help="What raters read above the films; it must not give anything away.")] = "",
    seed: Annotated[
        int | None, typer.Option(min=0, help="Of names and orders; drawn, and written down, by default.")
    ] = None,
) -> None:
    """Make a study from films: one folder a condition, one film of the same name a piece."""
    from training.study.make import make_study
    from training.study.study_file import StudyError

    folders: dict[str, Path] = {}
    for given in condition:
        name, equals, folder = given.partition("=")
        if not (name and equals and folder) or name in folders:
            raise StudyError(f"--condition is NAME=FOLDER, each name once, not {given!r}")
        folders[name] = Path(folder)
    drawn = secrets.randbelow(2**31) if seed is None else seed

    def warn(text: str) -> None:
        typer.echo(f"warning: {text}", err=True)

    with progress("films") as tell:
        count = make_study(folders, out, drawn, title=title, warn=warn, progress=tell)
    show = shlex.join(["cadenza-train", "study", "serve", str(out)])
    typer.echo(f"{count} {'clip' if count == 1 else 'clips'} in {out}; show them with: {show}")


@study.command()
def serve(
    folder: Annotated[Path, typer.Argument(help="A study, as study make makes it.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for any free one.")] = 8770,
    host: Annotated[str, typer.Option(help="Another address than this machine's own needs a token.")] = "127.0.0.1",
    token_file: Annotated[Path | None, typer.Option(help="File with the token that the link ends in.")] = None,
    results: Annotated[Path | None, typer.Option(help="CSV of the ratings; default: in the study's folder.")] = None,
) -> None:
    """Show a study to raters in their browsers, until Ctrl-C. The same command goes on with it."""
    from training.study.gate import read_token
    from training.study.serving import Address
    from training.study.serving import serve as run

    token = read_token(token_file) if token_file is not None else ""
    file = results or folder / "ratings.csv"

    def tell(link: str) -> None:
        typer.echo(f"{link} shows the study; ratings go to {file}; Ctrl-C ends it")

    run(folder, file, Address(host, port, token), tell)


@study.command()
def analyse(
    results: Annotated[Path, typer.Argument(help="CSV of ratings.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Report, .md; the plot is written beside it.")],
    reference: Annotated[str | None, typer.Option(help="Condition that the others are tested against.")] = None,
    unfinished: Annotated[bool, typer.Option("--unfinished", help="Count raters who did not finish, too.")] = False,
    on_problem: Annotated[Literal["fail", "skip"], typer.Option(help="A line that cannot be used.")] = "fail",
) -> None:
    """Means with standard errors, paired tests, and a plot."""
    from training.study.analysis import analyse as run
    from training.study.ratings import read_ratings
    from training.study.report import write_report
    from training.study.study_file import StudyError

    if out.suffix != ".md":
        raise StudyError(f"the report {out} must end in .md")
    ratings, wrong = read_ratings(results)
    if wrong and on_problem == "fail":
        raise StudyError("; ".join(wrong) + "; mend these lines, or leave them out with --on-problem skip")
    for line in wrong:
        typer.echo(f"left out: {line}", err=True)
    result = run(ratings, reference, unfinished=unfinished)
    plot = write_report(result, results, out, reference, wrong)
    typer.echo(f"{len(result.raters)} raters; {out} and {plot}")
