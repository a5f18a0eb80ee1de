import numpy as np
import pytest

from darfix_core import Shift
from darfix_core.figures.shift_figure import shift_figure, verdict


@pytest.fixture
def shift():
    mu = np.array([0.2, 0.0, 0.1])
    values = np.outer(mu, (10, -5))
    return Shift(values, np.full((3, 2), 0.1), [True, True, False], "good", (10, -5), "mu", {"mu": mu}, {"mu": "deg"})


def test_linear_shift_is_drawn_in_the_order_of_its_motor(shift):
    axes = shift_figure(shift).axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("mu (deg)", "shift (px)")
    dy, dx = (container.lines[0] for container in axes.containers)
    np.testing.assert_allclose(dy.get_xdata(), [0, 0.1, 0.2])
    np.testing.assert_allclose(dy.get_ydata(), [0, 1, 2])
    np.testing.assert_allclose(dx.get_ydata(), [0, -0.5, -1])


def test_values_that_are_not_trusted_are_hollow(shift):
    points = [line for line in shift_figure(shift).axes[0].lines if line.get_marker() == "o"]
    hollow = [line for line in points if line.get_markerfacecolor() == "white"]
    assert [line.get_xdata().tolist() for line in hollow] == [[0.1], [0.1]]
    assert sum(len(line.get_xdata()) for line in points) == 6


def test_other_shifts_are_drawn_over_the_frames():
    axes = shift_figure(Shift(np.zeros((4, 2)))).axes[0]
    assert axes.get_xlabel() == "frame"
    np.testing.assert_array_equal(axes.containers[0].lines[0].get_xdata(), range(4))


@pytest.mark.parametrize(
    ("trusted", "words"),
    [
        ([True] * 3, "Trusted: why"),
        ([False] * 3, "Not trusted: why"),
        ([True, False, True], "Trusted in 2 of 3 frames"),
    ],
)
def test_verdict_stands_above(trusted, words):
    shift = Shift(np.zeros((3, 2)), trusted=trusted, reason="why")
    assert any(text.get_text().startswith(words) for text in shift_figure(shift).texts)
    assert verdict(shift)[0].startswith(words)


def test_unknown_values_and_errors_are_left_out():
    shift = Shift([(0, 0), (np.nan, np.nan), (1, 2)], trusted=[True, False, True])
    shift_figure(shift).canvas.draw()
