from dataclasses import replace

import numpy as np
import pytest

from darfix_core.figures.mosaicity_colors import mosaicity_colors
from darfix_core.figures.mosaicity_figure import mosaicity_figure
from darfix_core.model.maps import Map
from tests.synthetic_maps import synthetic_maps


def _texts(axes):
    return [text.get_text().strip() for text in axes.texts]


def test_key_has_the_motors_as_axes():
    image, key = mosaicity_figure(synthetic_maps()).axes
    assert (key.get_xlabel(), key.get_ylabel()) == ("mu (deg)", "chi (deg)")
    assert key.images[0].get_extent() == [1.0, 1.19, 0.0, 0.11]
    assert image.get_xlabel() == "x (µm)"


def test_key_shows_the_color_of_a_motor_position():
    key = mosaicity_figure(synthetic_maps()).axes[1].images[0]
    assert key.origin == "lower"
    np.testing.assert_allclose(key.get_array()[0, -1], mosaicity_colors(1.0, -1.0), atol=1e-6)


def test_title_names_motors_and_sample():
    texts = [text.get_text() for text in mosaicity_figure(synthetic_maps()).texts]
    assert texts == ["Al 5 % · fscan2d chi 0 0.02 10 mu 1 0.02 10", "Orientation: centres of mass in chi and mu"]


def test_empty_pixels_are_grey_and_explained():
    image, key = mosaicity_figure(synthetic_maps()).axes
    np.testing.assert_allclose(image.images[0].get_array()[:, 0], 0xC4 / 255, atol=1e-6)
    assert "no orientation" in _texts(key)


def test_full_maps_need_no_explanation():
    maps = synthetic_maps()
    colors = np.nan_to_num(maps["mosaicity"], nan=0.5)
    key = mosaicity_figure(replace(maps, entries={**maps.entries, "mosaicity": Map(colors)})).axes[1]
    assert "no orientation" not in _texts(key)


def test_lines_enclose_the_pixels():
    maps = synthetic_maps((60, 60))
    rng = np.random.default_rng(0)
    spread = {"chi": (0.05, 0.01), "mu": (1.1, 0.02)}
    centers = {f"{motor}/center_of_mass": Map(rng.normal(*of, (60, 60)), "deg") for motor, of in spread.items()}
    key = mosaicity_figure(replace(maps, entries={**maps.entries, **centers})).axes[1]
    assert "lines enclose 50 % and 90 %\nof the pixels" in _texts(key)
    lines = [path.vertices[:, 0] for line in key.collections for path in line.get_paths()]
    outer = max(np.ptp(line) for line in lines)
    # Nine tenths of a two-dimensional Gaussian lie within 2.15 standard deviations; a bin is 0.2 of one in mu.
    assert outer / 2 == pytest.approx(2.15 * 0.02, rel=0.15)


@pytest.mark.parametrize("shape", [(256, 256), (118, 314), (20, 600), (600, 20)])
def test_nothing_is_cut_off(shape):
    figure = mosaicity_figure(synthetic_maps(shape, pixel_size=None))
    figure.canvas.draw()
    box = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    assert 0 <= box.x0 < box.x1 <= width
    assert 0 <= box.y0 < box.y1 <= height


def test_maps_without_orientation_are_drawn():
    maps = synthetic_maps()
    empty = {name: Map(np.full(entry.values.shape, np.nan)) for name, entry in maps.entries.items()}
    figure = mosaicity_figure(replace(maps, entries=empty))
    figure.canvas.draw()
    assert figure.axes[0].images


def test_maps_without_a_mosaicity_map_are_refused():
    with pytest.raises(KeyError, match="no map 'mosaicity'"):
        mosaicity_figure(synthetic_maps(motors=("mu",)))
    with pytest.raises(ValueError, match="metadata must hold 'mosaicity'"):
        mosaicity_figure(synthetic_maps(metadata={}))
