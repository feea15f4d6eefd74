# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Simulated performances in MOSA's own format: scores, players, sound, motion, a corpus on disk."""
