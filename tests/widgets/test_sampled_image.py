"""Large images are drawn from the pixels that can be seen, and look as matplotlib draws them."""

from __future__ import annotations

import numpy as np
import pytest


def drawn(qtbot, backend, values, *, limits=None, inverted=True, colors=None):
    """Screen pixels (ny, nx, 4) of an image without axes."""
    from silx.gui.plot import PlotWidget

    from orangecontrib.dfxm.views.image_plot import make_colormap

    plot = PlotWidget(backend=backend)
    plot.resize(400, 300)
    plot.setAxesDisplayed(False)
    plot.getYAxis().setInverted(inverted)
    plot.setDataMargins(0, 0, 0, 0)
    plot.addImage(values, origin=(-0.5, -0.5), colormap=colors or make_colormap("viridis", (0, 1000)))
    if limits is not None:
        plot.setLimits(*limits)
    with qtbot.waitExposed(plot):
        plot.show()
    qtbot.wait(50)  # silx draws by and by
    picture = np.array(plot.getBackend().fig.canvas.buffer_rgba())
    plot.close()
    return picture


CASES = {
    "larger than the screen": ((900, 1100), None),
    "smaller than the screen": ((12, 16), None),
    "a part of it": ((900, 1100), (100.3, 180.9, 200.2, 260.4)),
    "more than it": ((90, 110), (-30.0, 150.0, -20.0, 130.0)),
    "a few pixels": ((900, 1100), (100.3, 103.9, 200.2, 202.4)),
}


@pytest.mark.parametrize("inverted", [True, False], ids=["row 0 on top", "row 0 below"])
@pytest.mark.parametrize("case", CASES)
def test_image_looks_as_matplotlib_draws_it(qtbot, case, inverted):
    from orangecontrib.dfxm.views.sampled_image import SampledBackend

    shape, limits = CASES[case]
    y, x = np.mgrid[: shape[0], : shape[1]]
    values = 500 + 400 * np.sin(y / shape[0] * 9) * np.cos(x / shape[1] * 7)
    values[:3, :5] = np.nan
    fast, slow = (drawn(qtbot, b, values, limits=limits, inverted=inverted) for b in (SampledBackend, "matplotlib"))
    assert np.ptp(slow[..., 0]) > 50
    # Where a pixel of the image ends, the screen may show its neighbour.
    different = (np.abs(fast.astype(int) - slow).max(axis=-1) > 12).mean()
    assert different < 0.02


def test_colours_are_drawn_as_they_are(qtbot):
    from orangecontrib.dfxm.views.sampled_image import SampledBackend

    smooth = np.linspace(0, 255, 700).astype(np.uint8)
    values = np.stack(np.broadcast_arrays(smooth[:, None], smooth[None, :], np.uint8(90)), axis=-1)
    fast, slow = (drawn(qtbot, backend, values) for backend in (SampledBackend, "matplotlib"))
    assert np.abs(fast.astype(int) - slow).mean() < 1


def test_limits_of_the_colours_are_those_of_the_whole_image(qtbot):
    from silx.gui.colors import Colormap

    from orangecontrib.dfxm.views.sampled_image import SampledBackend

    values = np.zeros((50, 50))
    values[0, 0], values[30:, 30:] = 100.0, 50.0
    pictures = [
        drawn(qtbot, b, values, limits=(20, 45, 20, 45), colors=Colormap("gray")) for b in (SampledBackend, None)
    ]
    assert pictures[0][..., 0].max() == pytest.approx(pictures[1][..., 0].max(), abs=1)


def test_saved_picture_shows_the_image(qtbot, tmp_path):
    from orangecontrib.dfxm.views.image_plot import ImagePlot, make_colormap

    plot = ImagePlot()
    plot.show_image(np.arange(12.0).reshape(3, 4), colormap=make_colormap("gray", (0, 11)))
    with qtbot.waitExposed(plot):
        plot.show()
    qtbot.wait(50)
    for kind in ("png", "svg", "pdf"):
        path = tmp_path / f"plot.{kind}"
        assert plot.saveGraph(str(path)) is not False
        assert path.stat().st_size > 1000
    assert b"<image" in (tmp_path / "plot.svg").read_bytes()
    plot.close()


def test_no_more_pixels_are_coloured_than_the_screen_has(qtbot, monkeypatch):
    from silx.gui.colors import Colormap

    from orangecontrib.dfxm.views.sampled_image import SampledBackend

    coloured = []
    apply = Colormap.applyToData

    def counted(self, data, reference=None):
        coloured.append(data.size)
        return apply(self, data, reference)

    monkeypatch.setattr(Colormap, "applyToData", counted)
    drawn(qtbot, SampledBackend, np.zeros((2160, 2560), np.uint16))
    assert 0 < max(coloured) <= 402 * 302
