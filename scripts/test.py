# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Lint, types, import rules and all tests: ``python3 scripts/test.py``.

Makes the environments first: the main one (with Blender 5.0's module) runs everything;
Blender 4.2 and 4.5 run the tests of the Blender side. Extra arguments go to pytest and
skip all but the main tests (``python3 scripts/test.py -k motion``).
"""

from __future__ import annotations

import sys

import environment

OTHER_BLENDERS = ("4.2", "4.5")


def main() -> int:
    python = str(environment.main_environment())
    if len(sys.argv) > 1:
        return environment.run([python, "-m", "pytest", *sys.argv[1:]])
    steps = [
        ("lint", [python, "-m", "ruff", "check", "."]),
        ("format", [python, "-m", "ruff", "format", "--check", "."]),
        ("types", [python, "-m", "mypy"]),
        ("tests", [python, "-m", "pytest"]),
    ]
    for version in OTHER_BLENDERS:
        other = str(environment.blender_environment(version))
        steps.append((f"tests of the Blender side on {version}", [other, "-m", "pytest", "tests/blender"]))
    failed = []
    for name, command in steps:
        print(f"\n== {name}", flush=True)
        if environment.run(command) != 0:
            failed.append(name)
    print(f"\nfailed: {', '.join(failed)}" if failed else "\nall passed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
