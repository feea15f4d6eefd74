# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The ``cadenza-train`` command line: data, training, evaluation."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import typer

from training.a2m_command import a2m
from training.choices import Instrument, OnProblem
from training.mapnet.command import evaluate_mapnet, mapnet, takes
from training.mclemcd.command import evaluate_mclemcd, mclemcd
from training.momu.command import momu
from training.progress import progress
from training.recognition.command import evaluate_recognition, recognition
from training.report.command import evaluate
from training.study.command import study
from training.synchronisation.command import synchronise

# Only what the help needs is imported here.

app = typer.Typer(
    help="Makes corpora of performances and trains on them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


GOES_ON: Final = "the same command goes on from here"
ANEW: Final = "nothing was written, and the same command begins anew"
STOPPED: Final = {
    **dict.fromkeys(("simulate", "a2m", "recognition", "mapnet", "mclemcd", "momu"), GOES_ON),
    **dict.fromkeys(("clips", "takes"), ANEW),
}
"""Of commands that take long, what Ctrl-C leaves."""


def main() -> None:
    """Run the command; what is wrong with the data becomes one message and an exit status."""
    try:
        app()
    except SystemExit as end:  # typer makes one of Ctrl-C
        if end.code == 130 and (said := STOPPED.get(sys.argv[1])):
            _fail(f"stopped; {said}", 130)
        raise
    except Exception as error:
        if not _is_for_the_user(error):
            raise
        _fail(str(error))


def _is_for_the_user(error: Exception) -> bool:
    """Errors of data say what to do themselves; others are mistakes of ours."""
    module = type(error).__module__
    return isinstance(error, OSError) or module.startswith(("training.", "plugins."))


def _fail(message: str, status: int = 1) -> NoReturn:
    print(f"cadenza-train: {message}", file=sys.stderr)  # noqa: T201
    sys.exit(status)


@app.callback()
def _commands() -> None:
    """Makes corpora of performances and trains on them."""


@app.command()
def simulate(
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder of the corpus; a stopped run goes on in it.")],
    hours: Annotated[float, typer.Option(min=0.001, help="How much music.")] = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same corpus.")] = 0,
    instrument: Annotated[Instrument, typer.Option(help="Who plays.")] = Instrument.violin,
    mosa: Annotated[Path | None, typer.Option(help="MOSA's annotations: play their timings too (CC BY 4.0).")] = None,
    soundfont: Annotated[
        list[Path] | None, typer.Option(help="A .sf2 that plays part of it; as often as needed.")
    ] = None,
    share: Annotated[float, typer.Option(min=0.0, max=1.0, help="Part of it that the soundfonts play.")] = 0.4,
    scores: Annotated[Path | None, typer.Option(help="Folder of .abc and .musicxml: play excerpts of them.")] = None,
    motion: Annotated[bool, typer.Option(help="Whether anybody moves; sound alone is much faster.")] = True,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
) -> None:
    """Simulate performances in MOSA's own format."""
    from training.simulate.corpus import simulate as run

    settings: dict[str, Any] = {
        "instrument": instrument.value,
        "mosa": mosa,
        "soundfonts": soundfont or [],
        "share": share,
        "scores": scores,
        "motion": motion,
        "workers": workers,
    }
    with progress("recordings") as tell:
        recordings = run(out, hours, seed, **settings, progress=tell)
    typer.echo(f"{len(recordings)} recordings in {out}; {out / 'card.json'} says what they are")


@app.command()
def clips(
    corpus: Annotated[Path, typer.Argument(help="A corpus in MOSA's layout, real or simulated.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="New folder for the clips.")],
    on_problem: Annotated[OnProblem, typer.Option(help="A recording that cannot be used.")] = OnProblem.fail,
    hearing: Annotated[bool, typer.Option(help="For cadenza-train recognition: keys and levels too.")] = False,
    motion: Annotated[bool, typer.Option(help="Whether the corpus has motion.")] = True,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
) -> None:
    """Cut a corpus into what training reads: sound, score and joints at 40 frames a second."""
    from training.datasets.clips import make_clips
    from training.datasets.corpus_card import warning_of

    def say(problem: object) -> None:
        typer.echo(f"left out: {problem}", err=True)

    with progress("recordings") as tell:
        card = make_clips(
            corpus,
            out,
            on_problem=on_problem.value,
            hearing=hearing,
            motion=motion,
            say=say,
            workers=workers,
            progress=tell,
        )
    if warning := warning_of(corpus, card):
        typer.echo(warning, err=True)
    left_out = f", {len(card['left_out'])} left out" if card["left_out"] else ""
    typer.echo(f"{card['recordings']} recordings, {card['hours']['all']} hours in {out}{left_out}")


app.command()(a2m)
app.command()(recognition)
app.command()(takes)
app.command()(mapnet)
app.command()(evaluate_mapnet)
app.command()(mclemcd)
app.command()(momu)
app.command()(evaluate)
app.command()(evaluate_mclemcd)
app.command()(evaluate_recognition)
app.command()(synchronise)
app.add_typer(study, name="study")


if __name__ == "__main__":
    main()
