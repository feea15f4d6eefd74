# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Recordings of one performance on one clock, and a score's events at the seconds when they were played."""
