# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Blind listening-and-watching tests: people rate clips without knowing who or what made the motion.

After MOSA's (section VII.D): every rater sees every clip once, in an order of his own, and answers two
questions on a scale of seven.
"""
