# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The shared vocabulary of Cadenza: skeletons, motion, audio, annotations, messages.

Only the standard library and numpy are imported here, so that the add-on, the
backend, the plug-ins and the training code all speak the same words.
"""
