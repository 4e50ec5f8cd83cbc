"""The page's colours: all can be read, and two of the three palettes are told apart by colour-blind eyes."""

import re
from importlib.resources import files

import numpy as np
import pytest

EYES = {
    "protanopia": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deuteranopia": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
}
"""Linear RGB as these eyes see it (Machado, Oliveira and Fernandes 2009)."""
XYZ = np.array([[0.4125, 0.3576, 0.1804], [0.2127, 0.7152, 0.0722], [0.0193, 0.1192, 0.9503]])
WHITE = np.array([0.9505, 1.0, 1.0888])


def palettes() -> dict[tuple[str, str], dict[str, str]]:
    """The colours by theme and palette, as the style sheet cascades them."""
    style = files("tinygrad_edu.drawing.lesson").joinpath("page/page.css").read_text("utf-8")
    rules = re.findall(r'^:root((?:\[data-\w+="\w+"\])*) \{(.*?)\}', style, re.MULTILINE | re.DOTALL)
    found = {}
    for theme in ("light", "dark"):
        for palette in ("green", "blue", "violet"):
            colours: dict[str, str] = {}
            for where, rule in rules:
                if {*re.findall(r'"(\w+)"', where)} <= {theme, palette}:
                    colours |= dict(re.findall(r"--(\w+): (#\w+)", rule))
            found[theme, palette] = colours
    return found


PALETTES = palettes()


def linear(colour: str) -> np.ndarray:
    full = colour if len(colour) == 7 else "#" + "".join(2 * digit for digit in colour[1:])
    given = np.array([int(full[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    return np.where(given <= 0.04045, given / 12.92, ((given + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    dark, light = sorted(float(XYZ[1] @ linear(colour)) for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


def apart(one: str, other: str, eyes: str) -> float:
    """How far apart two colours look (CIE 1976)."""
    labs = []
    for colour in (one, other):
        x, y, z = (t if t > 0 else 0 for t in np.cbrt(XYZ @ np.clip(EYES[eyes] @ linear(colour), 0, 1) / WHITE))
        labs.append(np.array([116 * y, 500 * (x - y), 200 * (y - z)]))
    return float(np.linalg.norm(labs[0] - labs[1]))


@pytest.mark.parametrize("kind", PALETTES)
def test_every_number_can_be_read(kind: tuple[str, str]) -> None:
    colours = PALETTES[kind]
    for ink in ("value", "grad", "ink", "soft"):
        for paper in ("back", "frame", "panel"):
            assert contrast(colours[ink], colours[paper]) >= 4.5, (ink, paper)


@pytest.mark.parametrize("kind", PALETTES)
@pytest.mark.parametrize("eyes", EYES)
def test_values_and_gradients_are_told_apart(kind: tuple[str, str], eyes: str) -> None:
    colours = PALETTES[kind]
    assert apart(colours["value"], colours["grad"], eyes) >= (10 if kind[1] == "green" else 80)


def test_pure_green_and_red_would_not_do() -> None:
    assert apart("#008000", "#ff0000", "protanopia") < 15
    assert contrast("#ff0000", "#ffffff") < 4.5
