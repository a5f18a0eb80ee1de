"""Masks: pixels that are NaN in every map, from an input or a file, wherever the frames lie on the detector."""

from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.engine.execution import execution
from darfix_core.errors import DarfixWarning, DataFileError
from darfix_core.io.mask_file import write_mask
from darfix_core.workflow.replay import replay


@pytest.fixture
def spot():
    values = np.zeros((12, 16), dtype=bool)
    values[3, 4] = values[5, 9] = True
    return values


def maps_of(dataset):
    with execution(on_warning=lambda message: None):
        return dc.moments(dataset)


def test_masked_pixels_are_nan_in_every_map_and_the_others_stay(rocking_dataset, spot):
    before, after = maps_of(rocking_dataset), maps_of(dc.apply_mask(rocking_dataset, dc.Mask(spot)))
    for name in after:
        assert np.isnan(after[name][spot]).all()
        np.testing.assert_array_equal(after[name][~spot], before[name][~spot])


def test_frames_stay_as_they_are(rocking_dataset, spot):
    masked = dc.apply_mask(rocking_dataset, dc.Mask(spot))
    assert masked.frames is rocking_dataset.frames
    assert rocking_dataset.mask is None


def test_mask_comes_from_a_file_and_the_history_knows_it(rocking_dataset, spot, tmp_path, monkeypatch):
    write_mask(tmp_path / "mask.npy", spot)
    monkeypatch.chdir(tmp_path)
    masked = dc.apply_mask(rocking_dataset, file="mask.npy")
    np.testing.assert_array_equal(masked.mask, spot)
    node = masked.history.nodes[masked.history.head]
    assert node.parameters["file"] == str(tmp_path / "mask.npy")
    assert [source.path for source in node.sources] == [str(tmp_path / "mask.npy")]
    monkeypatch.chdir("/")
    again = replay(masked.history, {"dataset": rocking_dataset})
    np.testing.assert_array_equal(again.mask, spot)


def test_masks_add_up_or_replace(rocking_dataset, spot):
    other = np.roll(spot, 3, axis=1)
    masked = dc.apply_mask(rocking_dataset, dc.Mask(other))
    np.testing.assert_array_equal(dc.apply_mask(masked, dc.Mask(spot)).mask, spot | other)
    np.testing.assert_array_equal(dc.apply_mask(masked, dc.Mask(spot), mode="replace").mask, spot)
    np.testing.assert_array_equal(dc.apply_mask(masked, dc.Mask(spot), invert=True, mode="replace").mask, ~spot)
    np.testing.assert_array_equal(dc.apply_mask(rocking_dataset, dc.Mask(spot), invert=True).mask, ~spot)


def test_mask_of_the_detector_is_cut_to_the_frames(rocking_dataset, spot):
    cropped = dc.roi(rocking_dataset, origin=(2, 3), shape=(6, 8))
    np.testing.assert_array_equal(dc.apply_mask(cropped, dc.Mask(spot)).mask, spot[2:8, 3:11])
    # A mask that was drawn on the frames themselves fits as it is.
    np.testing.assert_array_equal(dc.apply_mask(cropped, dc.Mask(spot[2:8, 3:11])).mask, spot[2:8, 3:11])
    # So does one that says where it sits.
    inner = dc.roi(rocking_dataset, origin=(4, 4), shape=(3, 3))
    np.testing.assert_array_equal(dc.apply_mask(inner, dc.Mask(spot[2:8, 3:11], (2, 3))).mask, spot[4:7, 4:7])


def test_larger_mask_of_frames_at_the_corner_is_told(rocking_dataset, spot):
    corner = dc.roi(rocking_dataset, shape=(6, 8))
    with pytest.warns(DarfixWarning, match=r"the mask, 12 x 16 px, is larger than the frames, 6 x 8 px"):
        np.testing.assert_array_equal(dc.apply_mask(corner, dc.Mask(spot)).mask, spot[:6, :8])


@pytest.mark.parametrize(
    ("origin", "mask"),
    [
        ((0, 0), dc.Mask(np.zeros((11, 16), dtype=bool))),
        ((20, 0), dc.Mask(np.zeros((30, 30), dtype=bool))),
        ((2, 0), dc.Mask(np.zeros((30, 30), dtype=bool), (5, 0))),
        ((2, 3), dc.Mask(np.zeros((12, 16), dtype=bool), (5, 0))),
    ],
)
def test_mask_that_does_not_cover_the_frames_is_refused(rocking_dataset, origin, mask):
    with pytest.raises(ValueError, match=r"the mask must have the shape of the frames, \(12, 16\).*it has the shape"):
        dc.apply_mask(rocking_dataset.replace(origin=origin), mask)


def test_mask_of_the_detector_is_refused_for_binned_frames(rocking_dataset, spot):
    with pytest.raises(ValueError, match="the frames are binned: the mask must have their shape"):
        dc.apply_mask(dc.binning(rocking_dataset), dc.Mask(spot))
    half = np.eye(6, 8, dtype=bool)
    np.testing.assert_array_equal(dc.apply_mask(dc.binning(rocking_dataset), dc.Mask(half)).mask, half)


def test_mask_of_all_pixels_is_refused(rocking_dataset, spot):
    with pytest.raises(ValueError, match=r"covers all of them \(invert=True, mode='add'\)"):
        dc.apply_mask(rocking_dataset, dc.Mask(np.zeros((12, 16), dtype=bool)), invert=True)
    masked = dc.apply_mask(rocking_dataset, dc.Mask(spot))
    with pytest.raises(ValueError, match="the mask must leave pixels to be used"):
        dc.apply_mask(masked, dc.Mask(~spot))
    dc.apply_mask(masked, dc.Mask(~spot), mode="replace")


def test_no_mask_and_two_masks_are_refused(rocking_dataset, spot, tmp_path):
    with pytest.raises(ValueError, match="a mask must be given, as the input mask or by file; got neither"):
        dc.apply_mask(rocking_dataset)
    file = str(write_mask(tmp_path / "mask.npy", spot))
    with pytest.raises(ValueError, match="file must be None where the input mask is connected"):
        dc.apply_mask(rocking_dataset, dc.Mask(spot), file=file)


def test_missing_file_is_named(rocking_dataset, tmp_path):
    with pytest.raises(DataFileError, match=r"missing\.npy: there is no such mask file"):
        dc.apply_mask(rocking_dataset, file=str(tmp_path / "missing.npy"))
