# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The ``cadenza`` command line."""

from __future__ import annotations

import errno
import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from backend import compose_cli, library_cli, recommend_cli
from backend.signals import Stopped, stopped_by_signals

if TYPE_CHECKING:
    from rich.console import Console

    from backend.pipeline import Job
    from plugins.api import CharacterFile

# Only what the help needs is imported here: Ctrl-C is answered properly from ``main`` on.

app = typer.Typer(
    help="Animates musicians from audio, in Blender.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

CANCELLED = "cancelled; nothing was written"
ADVICE = {
    errno.ENOSPC: "make room on the disk and try again",
    errno.ENAMETOOLONG: "choose a shorter name",
}


def main() -> None:
    """Run the command; whatever goes wrong becomes one message and an exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a name that the terminal cannot show is no failure
    try:
        with stopped_by_signals():
            app(prog_name="cadenza")
    except Stopped as stop:
        _fail(CANCELLED, stop.status)
    except KeyboardInterrupt:
        _fail(CANCELLED, 130)
    except Exception as error:
        _explain(error)
        raise


def _explain(error: Exception) -> None:
    """End with a message if the error is meant for the user; a mistake of ours goes on."""
    from backend.answers import ComponentFailed
    from plugins.api import AnnotationError, AudioError, Cancelled, ComponentError, MotionError

    if isinstance(error, ComponentFailed):
        _console().print(error.traceback(), markup=False, highlight=False, soft_wrap=True, end="")
    if isinstance(error, Cancelled):
        _fail(CANCELLED, 130)
    if isinstance(error, MemoryError):
        _fail("there is not enough memory; choose a shorter range with --start and --end")
    if isinstance(error, (AnnotationError, AudioError, ComponentError, MotionError, OSError)):
        _fail(_words(error))


def _console() -> Console:
    from rich.console import Console

    return Console(stderr=True)


def _fail(message: str, status: int = 1) -> NoReturn:
    from rich.text import Text

    _console().print(Text.assemble(("cadenza: ", "red"), message), soft_wrap=True)
    sys.exit(status)


def _words(error: Exception) -> str:
    if not isinstance(error, OSError) or not error.strerror:
        return str(error)
    place = f"{error.filename}: " if error.filename else ""
    return f"{place}{error.strerror}; {ADVICE.get(error.errno or 0, 'check that the file can be read or written')}"


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"cadenza {version('cadenza')}")  # noqa: T201 (for scripts)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Which version this is")
    ] = False,
) -> None:
    """Animates musicians from audio, in Blender."""


@app.command()
def animate(
    input: Annotated[Path, typer.Argument(help="Recording (wav, flac, mp3, ogg, opus) or MIDI file")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The .blend to write")],
    instrument: Annotated[str, typer.Option(help="What is played")] = "violin",
    score: Annotated[Path | None, typer.Option(help="Score of the piece (musicxml, mxl, mid): exact notes")] = None,
    generator: Annotated[
        str, typer.Option(help="Which generator; see: cadenza components. Without, one that plays the instrument")
    ] = "",
    preview: Annotated[Path | None, typer.Option(help="Film to render, .mp4")] = None,
    motion: Annotated[Path | None, typer.Option(help="Also write the motion, .npz")] = None,
    annotations: Annotated[Path | None, typer.Option(help="Also write notes, beats and so on, .json")] = None,
    start: Annotated[float | None, typer.Option(help="Begin here, seconds")] = None,
    end: Annotated[float | None, typer.Option(help="Stop here, seconds")] = None,
    fps: Annotated[float, typer.Option(help="Frames per second")] = 30.0,
    seed: Annotated[int, typer.Option(help="Another seed, another performance")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    option: Annotated[
        list[str] | None, typer.Option(help="name=value of the generator, or component.name=value")
    ] = None,
    body: Annotated[
        Path | None,
        typer.Option(help="Motion of a character (.npz): its body stays as it is there, arms and hands play"),
    ] = None,
    rig: Annotated[
        Path | None, typer.Option(help="Your character: .blend, .glb, .gltf, .vrm, .fbx or .bvh; else our musician")
    ] = None,
    armature: Annotated[str, typer.Option(help="Name of the character's armature, where the file has several")] = "",
    bone_map: Annotated[Path | None, typer.Option(help="Saved bone map, .json; else it is guessed")] = None,
    report: Annotated[Path | None, typer.Option(help="Also write how the character fits, .json")] = None,
    export: Annotated[Path | None, typer.Option(help="Also write the character: .fbx, .glb, .bvh or .usd")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that exist")] = False,
) -> None:
    """Make a .blend in which a musician plays the recording."""
    from backend.animate import animate_file
    from backend.drafts import Outputs

    job = job_of(generator, instrument, fps, seed, device, option or [])
    outputs = Outputs(output, preview, motion, annotations, report=report, export=export)
    written = animate_file(
        input,
        outputs,
        job,
        score=score,
        body=body,
        character=_character(rig, armature, bone_map),
        start=start,
        end=end,
        overwrite=overwrite,
        console=_console(),
    )
    for path in written:
        print(path)  # noqa: T201 (what was made goes to standard output, for scripts)


@app.command()
def annotate(
    input: Annotated[
        Path, typer.Argument(help="Recording (wav, flac, mp3, ogg, opus), MIDI file, or a motion alone (.npz)")
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="The file to write: .json, .jams, .csv, .txt (Audacity labels) or .mid"),
    ],
    score: Annotated[Path | None, typer.Option(help="Score of the piece (musicxml, mxl, mid): no guessing")] = None,
    motion: Annotated[
        Path | None, typer.Option(help="Motion of the same performance (.npz): it is watched too")
    ] = None,
    what: Annotated[
        str, typer.Option(help="What to recognise, by commas: beat,downbeat,note,... Without, all that can be")
    ] = "",
    recognizer: Annotated[
        list[str] | None, typer.Option(help="One to ask before others that write the same; as often as needed")
    ] = None,
    start: Annotated[float | None, typer.Option(help="Begin here, seconds")] = None,
    end: Annotated[float | None, typer.Option(help="Stop here, seconds")] = None,
    instrument: Annotated[str, typer.Option(help="What is played: that part of the score is read")] = "violin",
    seed: Annotated[int, typer.Option(help="For recognisers that draw lots")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    option: Annotated[list[str] | None, typer.Option(help="component.name=value")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that exists")] = False,
) -> None:
    """Write the music's structure: beats, bars, phrases, notes, dynamics, articulation; exact with a score."""
    from dataclasses import replace

    from backend.annotate import annotate_file

    job = job_of("-", instrument, 30.0, seed, device, option or [])
    job = replace(job, recognizers=tuple(recognizer or ()))
    wanted = [name.strip().lower() for name in what.split(",") if name.strip()]
    ranges = {"start": start, "end": end}
    tracks = annotate_file(
        input, output, job, what=wanted, score=score, motion=motion, overwrite=overwrite, console=_console(), **ranges
    )
    _console().print(", ".join(f"{len(t)} {t.namespace}" for t in tracks), highlight=False, soft_wrap=True)
    print(output)  # noqa: T201 (what was made goes to standard output, for scripts)


@app.command()
def refine(
    motion: Annotated[Path, typer.Argument(help="The motion to repair (.npz); what is missing in it is NaN")],
    audio: Annotated[Path, typer.Option(help="Recording of the same performance")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The motion to write, .npz")],
    corrector: Annotated[str, typer.Option(help="What repairs; see: cadenza components")] = "mapnet",
    start: Annotated[float | None, typer.Option(help="Begin here, seconds of the recording")] = None,
    end: Annotated[float | None, typer.Option(help="Stop here, seconds of the recording")] = None,
    fps: Annotated[
        float | None, typer.Option(help="Frames per second to write; as many as there are, unless said")
    ] = None,
    keep: Annotated[list[float] | None, typer.Option(help="A second whose frame is right; as often as needed")] = None,
    seed: Annotated[int, typer.Option(help="For correctors that draw lots")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    option: Annotated[list[str] | None, typer.Option(help="name=value of the corrector")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that exists")] = False,
) -> None:
    """Repair a motion from its recording: jitter, gaps, exchanged joints, too few frames."""
    from dataclasses import replace

    from backend.refine import refine_file

    job = job_of(corrector, "violin", 30.0 if fps is None else fps, seed, device, option or [])
    job = replace(job, generator="performer", corrector=corrector)
    where = {"start": start, "end": end, "fps": fps}
    result = refine_file(
        motion, output, job, audio=audio, keep=keep or (), overwrite=overwrite, console=_console(), **where
    )
    said = result.motion.provenance.get("repair", {})
    if "jitter" in said:
        found = f"jitter of {1000 * said['jitter']:.0f} mm, exchanged joints in {100 * said['exchanged']:.0f} %"
        _console().print(f"{found} of the frames", highlight=False, soft_wrap=True)
    print(output)  # noqa: T201 (what was made goes to standard output, for scripts)


def _character(rig: Path | None, armature: str, bone_map: Path | None) -> CharacterFile | None:
    from plugins.api import CharacterFile, ComponentError

    if rig is None:
        if armature or bone_map is not None:
            raise ComponentError("--armature and --bone-map are about a character of your own; give it with --rig")
        return None
    return CharacterFile(str(rig.absolute()), armature, str(bone_map.absolute()) if bone_map else None)


def job_of(generator: str, instrument: str, fps: float, seed: int, device: str, options: list[str]) -> Job:
    """The job as it was asked for; ComponentError when a value is out of its range."""
    from backend.pipeline import Job
    from plugins.api import ComponentError

    if device not in ("auto", "cpu", "cuda"):
        raise ComponentError(f"--device is auto, cpu or cuda, not {device!r}")
    if not 1.0 <= fps <= 240.0:
        raise ComponentError(f"--fps must be 1 to 240, not {fps:g}")
    if not 0 <= seed < 2**31:
        raise ComponentError(f"--seed must be 0 to {2**31 - 1}, not {seed}")
    generator = generator or _player_of(instrument)
    return Job(generator, instrument, fps, seed, device, parse_options(options, generator))  # type: ignore[arg-type]


def _player_of(instrument: str) -> str:
    """The generator for an instrument; the violin's is known without looking for plug-ins."""
    if instrument == "violin":
        return "performer"
    from backend.plugin_manager import load_plugins

    return load_plugins().player_of(instrument)


def parse_options(given: list[str], generator: str) -> dict[str, dict[str, Any]]:
    """``name=value`` belongs to the generator, ``component.name=value`` to that component; values as JSON or text."""
    from plugins.api import ComponentError

    options: dict[str, dict[str, Any]] = {}
    for item in given:
        name, equals, text = item.partition("=")
        component, dot, field = name.rpartition(".")
        if not equals or not field or (dot and not component):
            raise ComponentError(f"--option takes name=value or component.name=value, not {item!r}")
        try:
            value = json.loads(text)
        except json.JSONDecodeError:
            value = text
        options.setdefault(component or generator, {})[field] = value
    return options


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to answer at; others than this machine's own need a token")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(help="0 for any that is free")] = 8765,
    token_file: Annotated[Path | None, typer.Option(help="File with the token that clients must show")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    workers: Annotated[int | None, typer.Option(help="Jobs at once; half of the cores, at most 4, unless said")] = None,
    share_device: Annotated[
        bool | None,
        typer.Option(help="One process runs the networks of all jobs; with several workers and a GPU, unless said"),
    ] = None,
    max_upload: Annotated[int, typer.Option(help="Largest sound, megabytes")] = 500,
    max_seconds: Annotated[float, typer.Option(help="Longest music of one job")] = 1800.0,
    cache: Annotated[Path | None, typer.Option(help="Folder for sounds and results")] = None,
    cache_size: Annotated[int, typer.Option(help="Megabytes of sounds, and of results, kept there")] = 4000,
    patience: Annotated[float, typer.Option(help="Seconds without a sign of life after which a job fails")] = 300.0,
    time_limit: Annotated[float, typer.Option(help="Seconds after which a job fails")] = 3600.0,
    until_input_ends: Annotated[
        bool, typer.Option("--until-input-ends", help="Stop when standard input ends: with the program that started it")
    ] = False,
) -> None:
    """Work for the add-on, on this machine or for others (docs/server.md)."""
    from backend.serving import serve_with

    limits = {"max_seconds": max_seconds, "patience": patience, "time_limit": time_limit}
    sizes = {"max_upload": max_upload * 1_000_000, "cache_size": cache_size * 1_000_000}
    optional = {"workers": workers, "share_device": share_device, "cache": cache}
    where = {"host": host, "port": port, "device": device, "until_input_ends": until_input_ends}
    serve_with(token_file, optional, **where, **limits, **sizes)


@app.command()
def components(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, with the options' schemas")] = False,
) -> None:
    """What is installed: components, their options, devices, and the licences of their weights."""
    from backend.listing import print_components
    from backend.plugin_manager import load_plugins

    registry = load_plugins()
    if as_json:
        print(json.dumps([info.to_dict() for info in registry.describe()], indent=2))  # noqa: T201
    else:
        print_components(registry.describe())


@app.command(name="new-plugin")
def new_plugin(
    folder: Annotated[Path, typer.Argument(help="Folder to make; its name is the package's: cadenza-rocker")],
) -> None:
    """Make a plug-in that works, to be changed: a generator, its project and its test (docs/plugins.md)."""
    from backend.new_plugin import make
    from backend.plugin_manager import load_plugins

    for path in make(folder, load_plugins()):
        print(path)  # noqa: T201 (what was made goes to standard output, for scripts)
    said = f"install it: python -m pip install --editable {folder}; then see: cadenza components"
    _console().print(said, highlight=False, soft_wrap=True)


app.command()(compose_cli.compose)
app.command()(compose_cli.improvise)
app.command()(recommend_cli.recommend)
app.add_typer(library_cli.app, name="library")

if __name__ == "__main__":
    main()
