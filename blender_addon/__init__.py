# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cadenza in Blender. Nothing else is imported before ``register()``."""


def register() -> None:
    from . import properties, take_properties

    properties.register()
    take_properties.register()


def unregister() -> None:
    from . import properties, take_properties

    take_properties.unregister()
    properties.unregister()
