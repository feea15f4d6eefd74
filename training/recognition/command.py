# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""``cadenza-train recognition``."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated

import typer


def recognition(
    config: Annotated[Path, typer.Option(help="YAML; training/configs/hearing.yaml explains each key.")],
    override: Annotated[list[str] | None, typer.Option(help="key=value over the config, as often as needed.")] = None,
) -> None:
    """Train the network that hears beats, phrases, dynamics and articulation. A stopped run goes on where it was."""
    from training.config_files import ConfigError, read_config
    from training.recognition.config import RecognitionConfig

    read = read_config(RecognitionConfig, config, override or [])
    try:
        from training.recognition.train import train
    except ModuleNotFoundError as error:
        raise ConfigError(f"training needs {error.name}; run: pip install 'cadenza[learned,training]'") from error
    typer.echo(f"the weights are in {train(read)}")


def evaluate_recognition(
    weights: Annotated[Path, typer.Argument(help="hearing.safetensors")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Report, .md; plots are written beside it.")] = Path(
        "docs/results/recognition.md"
    ),
    asap: Annotated[Path | None, typer.Option(help="Performances in the layout of (n)ASAP.")] = None,
    match: Annotated[list[Path] | None, typer.Option(help="Folder with match/*.match; as often as needed.")] = None,
    mosa: Annotated[Path | None, typer.Option(help="MOSA's annotations.")] = None,
    synth: Annotated[
        list[str] | None, typer.Option(help="NAME=FILE (.sf2, .sf3, or TiMidity's .cfg); as often as needed.")
    ] = None,
    madmom: Annotated[Path | None, typer.Option(help="A Python that has madmom, to be judged beside.")] = None,
    results: Annotated[
        Path | None, typer.Option(help="JSON lines of what was measured; a stopped run goes on from there.")
    ] = None,
    clips: Annotated[list[str] | None, typer.Option(help="Folder of clips; as often as needed.")] = None,
    leave_out: Annotated[str, typer.Option(help="Pieces of the clips that are not touched, by commas.")] = "",
) -> None:
    """Measure what the recognisers hear: real players' timing by unseen synthesisers, and simulated clips."""
    from training.config_files import ConfigError
    from training.datasets import performances as real
    from training.datasets.mosa import CorpusError
    from training.progress import progress
    from training.recognition.judging import judge
    from training.recognition.synthesisers import Synthesiser
    from training.whole_files import check_writable

    if out.suffix != ".md":
        raise ConfigError(f"the report {out} must end in .md")
    check_writable(out)
    try:
        from training.recognition.evaluate import Confusion, Figures, evaluate
        from training.recognition.report import write
        from training.recognition.trackers import trackers
    except ModuleNotFoundError as error:
        raise ConfigError(f"evaluating needs {error.name}; run: pip install 'cadenza[learned,training]'") from error
    played = [
        *(real.asap(asap) if asap else ()),
        *(p for folder in match or () for p in real.match_files(folder, folder.name)),
        *(real.mosa(mosa) if mosa else ()),
    ]
    sounds = [Synthesiser.read(text) for text in synth or ()]
    if played and not sounds:
        raise CorpusError("performances have no sound of their own; give at least one --synth NAME=FILE")
    if not played and (asap or match or mosa):
        given = ", ".join(str(folder) for folder in (asap, *(match or ()), mosa) if folder)
        raise CorpusError(
            f"no performance is found in {given}; --asap wants *_annotations.txt beside *.mid, --match match/*.match, "
            "--mosa yv/piece/performer/trial"
        )
    if not played and not clips:
        raise ConfigError("there is nothing to measure; give performances (--asap, --match, --mosa) or --clips")
    with progress("performances") as tell:
        judges = trackers(weights, {"madmom": madmom} if madmom else {})
        version = hashlib.sha256(weights.read_bytes()).hexdigest()[:16]
        judged = judge(played, sounds, judges, tell, results, {"ours": version})
    figures: list[Figures] = []
    confusions: list[Confusion] = []
    if clips:
        with progress("recordings") as tell:
            left_out = [name for name in leave_out.split(",") if name]
            figures, confusions = evaluate(weights, clips, ["test_performer", "test_piece"], tell, left_out)
    write(out, judged, figures, confusions, f"Weights: `{weights.name}`.")
    typer.echo(f"{out} is written")
