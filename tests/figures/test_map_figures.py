import subprocess
import sys

import numpy as np
import pytest
from matplotlib.offsetbox import AnchoredOffsetbox

from darfix_core.figures import style
from darfix_core.figures.map_figures import map_figure, overview_figure
from darfix_core.model.maps import Map, Maps
from tests.synthetic_maps import synthetic_maps


def _texts(figure):
    return [text.get_text() for text in figure.texts]


def _bar(axes):
    return axes.child_axes[0]


def _panels(figure):
    return {axes.get_title(loc="left"): axes for axes in figure.axes}


def test_title_says_what_was_measured_on_which_sample():
    texts = _texts(map_figure(synthetic_maps(), "mu/center_of_mass"))
    assert texts == ["Al 5 % · fscan2d chi 0 0.02 10 mu 1 0.02 10", "Centre of mass in mu"]


def test_axes_are_in_micrometres_with_a_scale_bar():
    axes = map_figure(synthetic_maps(), "mu/center_of_mass").axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("x (µm)", "y (µm)")
    np.testing.assert_allclose(axes.images[0].get_extent(), (-0.02, 0.78, 1.725, -0.075))
    (bar,) = [artist for artist in axes.artists if isinstance(artist, AnchoredOffsetbox)]
    assert bar.txt_label.get_text() == "200 nm"


def test_axes_are_in_detector_pixels_without_a_pixel_size():
    axes = map_figure(synthetic_maps(pixel_size=None), "mu/center_of_mass").axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("x (px)", "y (px)")
    assert axes.images[0].get_extent() == [39.5, 59.5, 41.5, 29.5]
    assert not axes.artists


def test_image_keeps_its_proportions():
    for shape, pixel_size in (((118, 314), None), ((60, 60), (0.15, 0.04)), ((80, 50), (0.1, 0.1))):
        figure = map_figure(synthetic_maps(shape, pixel_size=pixel_size), "intensity")
        axes = figure.axes[0]
        left, right, bottom, top = axes.images[0].get_extent()
        assert axes.bbox.width / axes.bbox.height == pytest.approx((right - left) / (bottom - top))


def test_color_bar_shows_the_unit():
    figure = map_figure(synthetic_maps(), "chi,mu/covariance")
    bar = _bar(figure.axes[0])
    assert bar.get_ylabel() == "10⁻³ deg²"
    np.testing.assert_allclose(bar.get_ylim(), (-1.9, 1.9), rtol=0.01)


def test_outliers_do_not_set_the_colors():
    values = np.random.default_rng(0).normal(5, 0.1, (60, 60))
    values[0, 0], values[1, 1] = 1e9, -1e9
    axes = map_figure(Maps({"mu/center_of_mass": Map(values, "deg")}), "mu/center_of_mass").axes[0]
    low, high = axes.images[0].get_clim()
    assert 4.5 < low < high < 5.5


def test_signed_maps_have_zero_in_the_middle():
    values = np.linspace(-1, 3, 400).reshape(20, 20)
    axes = map_figure(Maps({"mu/skewness": Map(values)}), "mu/skewness").axes[0]
    low, high = axes.images[0].get_clim()
    assert low == -high
    np.testing.assert_allclose(style.color_map("mu/skewness")(0.5)[:3], 0.98, atol=0.02)


def test_signed_colors_are_even_and_equally_far_from_white():
    colors = style.color_map("mu/skewness")(np.linspace(0, 1, 257))[:, :3]
    assert colors.min() > 0
    assert colors.max() < 1
    luminance = colors @ [0.2126, 0.7152, 0.0722]
    assert luminance.argmax() == 128


def test_empty_pixels_are_grey():
    figure = map_figure(synthetic_maps(), "mu/center_of_mass")
    figure.canvas.draw()
    picture = np.asarray(figure.canvas.buffer_rgba())
    box = figure.axes[0].bbox
    color = picture[picture.shape[0] - int(box.y0 + box.height / 2), int(box.x0 + 4), :3]
    np.testing.assert_array_equal(color, [0xC4] * 3)


@pytest.mark.parametrize("value", [np.nan, 0.0, 3.0, -1e7])
@pytest.mark.parametrize("name", ["mu/center_of_mass", "mu/skewness", "intensity"])
def test_constant_and_empty_maps_are_drawn(name, value):
    maps = Maps({name: Map(np.full((8, 9), value), "deg")})
    for figure in (map_figure(maps, name), overview_figure(maps)):
        figure.canvas.draw()
        texts = [text.get_text() for text in figure.axes[0].texts]
        assert texts == (["no values"] if np.isnan(value) else [f"all values: {value:.6g} deg"])
        assert not figure.axes[0].child_axes


def test_few_values_beside_a_constant_are_told_apart():
    values = np.zeros((60, 60))
    values[3, 4] = 2.0
    axes = map_figure(Maps({"mu/fwhm": Map(values, "deg")}), "mu/fwhm").axes[0]
    assert axes.images[0].get_clim() == (0.0, 2.0)
    assert not axes.texts


@pytest.mark.parametrize("offset", [25.1023, -23.176, 1e6, 99999.0])
@pytest.mark.parametrize("width", [1e-8, 4e-6, 1e-4, 0.9e-3, 1e-2])
def test_long_numbers_do_not_run_into_the_next_panel(offset, width):
    values = offset + abs(offset) * np.linspace(0, width, 400).reshape(20, 20)
    names = ("intensity", "obpitch/center_of_mass", "obpitch/fwhm", "obpitch/sum")
    figure = overview_figure(Maps({name: Map(values, "deg") for name in names}))
    figure.canvas.draw()
    boxes = [axes.get_tightbbox() for axes in figure.axes]
    for number, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:number])
        assert box.x1 <= figure.bbox.width
    titles = [axes.get_title(loc="left").replace("\n", " ") for axes in figure.axes]
    assert all("deg" in title for title in titles)


def test_what_all_numbers_share_stands_in_the_title():
    values = np.linspace(25.1023, 25.1024, 400).reshape(20, 20)
    maps = Maps({"obpitch/center_of_mass": Map(values, "deg", "centre of mass in obpitch")})
    axes = overview_figure(maps).axes[0]
    assert axes.get_title(loc="left").replace("\n", " ") == "obpitch: centre of mass − 25.1023 deg (10⁻⁶ deg)"
    np.testing.assert_allclose(axes.images[0].get_array(), 1e6 * (values - 25.1023), atol=1e-6)
    bar = _bar(map_figure(maps, "obpitch/center_of_mass").axes[0])
    assert bar.get_ylabel() == "obpitch: centre of mass − 25.1023 deg (10⁻⁶ deg)"


def test_integer_and_boolean_maps_are_drawn():
    maps = Maps({"status": Map(np.arange(12, dtype=np.int32).reshape(3, 4)), "valid": Map(np.eye(3, 4, dtype=bool))})
    figure = overview_figure(maps)
    figure.canvas.draw()
    status, valid = (axes.images[0].get_array() for axes in figure.axes if axes.images)
    np.testing.assert_array_equal(status, maps["status"])
    np.testing.assert_array_equal(valid, maps["valid"])


def test_unknown_map_is_refused_with_the_nearest_name():
    with pytest.raises(KeyError, match="did you mean 'mu/fwhm'"):
        map_figure(synthetic_maps(), "mu/fwmh")


def test_map_of_colors_is_refused():
    with pytest.raises(ValueError, match="name must be a map with one value a pixel, got 'mosaicity'"):
        map_figure(synthetic_maps(), "mosaicity")


def test_overview_holds_all_maps_with_values():
    figure = overview_figure(synthetic_maps())
    titles = {axes.get_title(loc="left").replace("\n", " ") for axes in figure.axes}
    assert titles == {
        "intensity (counts)",
        "chi, mu: covariance (10⁻³ deg²)",
        "chi: centre of mass (deg)",
        "mu: centre of mass (deg)",
        "chi: FWHM (deg)",
        "mu: FWHM (deg)",
    }
    assert _texts(figure) == ["Al 5 % · fscan2d chi 0 0.02 10 mu 1 0.02 10"]


def test_overview_puts_maps_of_one_motor_in_line():
    for shape in ((60, 60), (20, 200), (200, 20)):
        panels = _panels(overview_figure(synthetic_maps(shape, pixel_size=None)))
        places = {name.replace("\n", " ").partition(" (")[0]: axes.get_position() for name, axes in panels.items()}
        of_chi = places["chi: centre of mass"], places["chi: FWHM"]
        assert of_chi[0].x0 == pytest.approx(of_chi[1].x0) or of_chi[0].y0 == pytest.approx(of_chi[1].y0)


@pytest.mark.parametrize("shape", [(256, 256), (118, 314), (20, 600), (600, 20)])
def test_panels_do_not_overlap(shape):
    figure = overview_figure(synthetic_maps(shape, pixel_size=None))
    figure.canvas.draw()
    boxes = [axes.get_tightbbox() for axes in figure.axes]
    for number, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:number])
        assert box.x0 > 0
        assert box.y0 > 0
        assert box.x1 <= figure.bbox.width
        assert box.y1 <= figure.bbox.height


def test_overview_without_values_is_refused():
    with pytest.raises(ValueError, match="maps must hold a map with one value a pixel, got colors"):
        overview_figure(Maps({"colors": Map(np.zeros((2, 2, 3)))}))


def test_no_window_and_no_pyplot():
    code = (
        "import sys; from tests.synthetic_maps import synthetic_maps;"
        "from darfix_core.figures.map_figures import map_figure;"
        "assert 'matplotlib' not in sys.modules;"
        "map_figure(synthetic_maps(), 'intensity').canvas.draw();"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("longest", "length"), [(1.0, 1.0), (9.9, 5.0), (10.0, 10.0), (0.3, 0.2), (47.0, 20.0), (0.00051, 0.0005)]
)
def test_scale_bars_have_round_lengths(longest, length):
    assert style.nice_length(longest) == pytest.approx(length)


@pytest.mark.parametrize(
    ("limits", "power"), [((0, 9e4), 0), ((0, 2e5), 3), ((-3e6, 0), 6), ((0, 2e-3), -3), ((0, 0.02), 0), ((0, 0), 0)]
)
def test_powers_of_ten_keep_numbers_short(limits, power):
    assert style.decimal_power(*limits) == power


def test_long_facts_are_cut():
    line = style.facts_line({"title": "x" * 300, "sample": "Al"}, 2.0, 8)
    assert line.startswith("Al · xxx")
    assert line.endswith("…")
    assert len(line) < 40


def test_pictures_name_the_file_and_the_scan():
    facts = {"file": "/data/layer_1.h5", "scan": "2.1", "sample": "Al", "title": "ascan mu 0 1 10 1"}
    assert style.facts_line(facts, 9.0, 8) == "layer_1.h5 2.1 · Al · ascan mu 0 1 10 1"
    assert style.facts_line({}, 9.0, 8) == ""


def test_units_are_not_broken_into_lines():
    assert style.wrapped("centre of mass (10⁻⁶ deg)", 1.7, 9) == "centre of mass\n(10⁻⁶ deg)"


def test_text_in_capitals_unless_a_motor_begins_it():
    assert style.sentence("centre of mass") == "Centre of mass"
    assert style.sentence("mu stands still") == "mu stands still"
