# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Puts Cadenza's backend on this computer, for Blender to start: ``python3 scripts/setup_backend.py``.

It makes an environment of its own in this folder (a few minutes, once) and says what to
choose in Blender. Where there is a folder for a user's own commands, it puts a link there,
so that Blender finds the command by itself.

With ``--learned`` it installs PyTorch too, for what was learned: the recognisers that hear beats, phrases,
dynamics and articulation, and the generator a2m (some hundred megabytes; on Linux some gigabytes).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import environment


def main() -> None:
    learned = "--learned" in sys.argv[1:]
    wanted = ["--editable", ".[learned]" if learned else "."]
    python = environment.make(".venv-backend", wanted, no_dependencies=[environment.BASIC_PITCH])
    command = python.with_name("cadenza.exe" if os.name == "nt" else "cadenza")
    if _link(command, Path.home() / ".local" / "bin" / "cadenza"):
        print("\nDone. Blender finds the backend by itself: Preferences > Add-ons > Cadenza > Start Backend.")
    else:
        print(f"\nDone. In Blender, Preferences > Add-ons > Cadenza, choose this as Command:\n\n    {command}\n")


def _link(command: Path, link: Path) -> bool:
    """Put a link to a command; False where links are not usual, or another command is in the way."""
    if os.name == "nt" or (link.exists() and not link.is_symlink()):
        return False
    try:
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(command)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main()
    if sys.stdin.isatty() and os.name == "nt":
        input("Press Enter to close this window.")  # a double-clicked script's window closes at once
