# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Corpora of performances: reading, writing, and cutting them into clips to train on."""
