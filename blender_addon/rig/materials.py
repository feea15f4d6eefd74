# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Materials of the musician and the studio, for the viewport and for EEVEE and Cycles alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import bpy


@dataclass(frozen=True)
class Look:
    """One material: colour (linear RGB), roughness, metal, clear coat, wood grain, flesh."""

    colour: tuple[float, float, float]
    roughness: float = 0.5
    metallic: float = 0.0
    coat: float = 0.0
    grain: tuple[float, float, float] | None = None
    flesh: float = 0.0
    sheen: float = 0.0


LOOKS: Final[dict[str, Look]] = {
    "skin": Look((0.62, 0.365, 0.255), 0.48, flesh=0.12),
    "lips": Look((0.47, 0.205, 0.160), 0.42, flesh=0.10),
    "seam": Look((0.20, 0.070, 0.060), 0.60),
    "nail": Look((0.70, 0.440, 0.350), 0.28, coat=0.3),
    "hair": Look((0.040, 0.022, 0.015), 0.42, sheen=0.2),
    "lash": Look((0.030, 0.018, 0.014), 0.60),
    "jacket": Look((0.022, 0.030, 0.058), 0.78, sheen=0.05),
    "lapel": Look((0.010, 0.012, 0.022), 0.38),
    "shirt": Look((0.80, 0.79, 0.76), 0.70),
    "pearl": Look((0.72, 0.74, 0.76), 0.22, coat=0.6),
    "trousers": Look((0.017, 0.021, 0.036), 0.80, sheen=0.05),
    "shoe": Look((0.010, 0.009, 0.009), 0.22, coat=0.7),
    "sole": Look((0.030, 0.020, 0.015), 0.60),
    "varnish": Look((0.36, 0.095, 0.022), 0.26, coat=0.8, grain=(260.0, 6.0, 60.0)),
    "varnish_dark": Look((0.27, 0.066, 0.016), 0.28, coat=0.8, grain=(20.0, 160.0, 40.0)),
    "edge": Look((0.21, 0.050, 0.013), 0.32, coat=0.6),
    "hollow": Look((0.016, 0.008, 0.005), 0.80),
    "ebony": Look((0.012, 0.010, 0.010), 0.34, coat=0.2),
    "maple": Look((0.62, 0.420, 0.200), 0.48, grain=(40.0, 12.0, 160.0)),
    "boxwood": Look((0.020, 0.013, 0.010), 0.30, coat=0.4),
    "gut": Look((0.55, 0.50, 0.42), 0.30, metallic=0.6),
    "steel": Look((0.66, 0.66, 0.68), 0.22, metallic=1.0),
    "gold": Look((0.72, 0.50, 0.20), 0.25, metallic=1.0),
    "pernambuco": Look((0.24, 0.058, 0.018), 0.30, coat=0.6, grain=(12.0, 90.0, 90.0)),
    "hair_bow": Look((0.82, 0.79, 0.70), 0.55),
    "silver": Look((0.70, 0.70, 0.70), 0.25, metallic=1.0),
    "ivory": Look((0.80, 0.77, 0.68), 0.35),
    "leather": Look((0.030, 0.018, 0.013), 0.55),
    "key_white": Look((0.80, 0.785, 0.745), 0.22, coat=0.4),
    "key_black": Look((0.014, 0.013, 0.013), 0.30, coat=0.3),
    "lacquer": Look((0.010, 0.010, 0.011), 0.14, coat=0.9),
    "soundboard": Look((0.50, 0.300, 0.125), 0.40, coat=0.4, grain=(90.0, 4.0, 90.0)),
    "plate": Look((0.55, 0.365, 0.120), 0.32, metallic=0.8),
    "copper": Look((0.50, 0.225, 0.110), 0.30, metallic=1.0),
    "felt": Look((0.220, 0.012, 0.018), 0.95),
    "paper": Look((0.78, 0.76, 0.70), 0.80),
    "backdrop": Look((0.46, 0.44, 0.42), 0.95),
}


def _set(shader: Any, names: tuple[str, ...], value: Any) -> None:
    """Set the first input that this Blender has among ``names``."""
    for name in names:
        if name in shader.inputs:
            shader.inputs[name].default_value = value
            return


def _add_grain(tree: Any, shader: Any, look: Look) -> None:
    """Vary the colour by a noise that is stretched along the grain."""
    nodes, links = tree.nodes, tree.links
    place = nodes.new("ShaderNodeTexCoord")
    stretch = nodes.new("ShaderNodeMapping")
    stretch.inputs["Scale"].default_value = look.grain
    noise = nodes.new("ShaderNodeTexNoise")
    noise.inputs["Scale"].default_value = 1.0
    noise.inputs["Detail"].default_value = 4.0
    ramp = nodes.new("ShaderNodeValToRGB")
    for stop, (position, factor) in zip(ramp.color_ramp.elements, ((0.30, 0.55), (0.72, 1.15)), strict=True):
        stop.position = position
        stop.color = (*(min(c * factor, 1.0) for c in look.colour), 1.0)
    links.new(place.outputs["Object"], stretch.inputs["Vector"])
    links.new(stretch.outputs["Vector"], noise.inputs["Vector"])
    links.new(noise.outputs[0], ramp.inputs["Fac"])
    links.new(ramp.outputs["Color"], shader.inputs["Base Color"])


def make_material(name: str) -> Any:
    """A new material of the given look."""
    look = LOOKS[name]
    material = bpy.data.materials.new(f"Cadenza {name.replace('_', ' ')}")
    material.diffuse_color = (*look.colour, 1.0)
    material.roughness, material.metallic = look.roughness, look.metallic
    if material.node_tree is None:  # from 5.0 on every material has nodes
        material.use_nodes = True
    shader = next(n for n in material.node_tree.nodes if n.type == "BSDF_PRINCIPLED")
    _set(shader, ("Base Color",), (*look.colour, 1.0))
    _set(shader, ("Roughness",), look.roughness)
    _set(shader, ("Metallic",), look.metallic)
    _set(shader, ("Coat Weight",), look.coat)
    _set(shader, ("Sheen Weight",), look.sheen)
    _set(shader, ("Subsurface Weight",), look.flesh)
    _set(shader, ("Subsurface Radius",), (0.010, 0.004, 0.002))
    if look.grain:
        _add_grain(material.node_tree, shader, look)
    return material


class Materials(dict[str, Any]):
    """Materials by look, made when first asked for, so that nothing unused stays in the file."""

    def __missing__(self, name: str) -> Any:
        self[name] = make_material(name)
        return self[name]
