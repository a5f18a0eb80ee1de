"""Concatenation: the frames of all scans, where they belong, with the dimension that tells them apart."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

import darfix_core as dc
from darfix_core.engine.execution import execution
from darfix_core.errors import DarfixWarning, DataFileError
from darfix_core.model.frame_operations import PerPixel
from darfix_core.workflow.replay import replay
from tests.bliss_files import mesh, small_stack, write_scan

CHI, MU = np.linspace(-0.2, 0.2, 3), np.linspace(0.0, 1.0, 4)


def layer(folder, number, samz, *, stack=None, motor="samz"):
    """A mesh of 3 x 4 frames in a file of its own."""
    chi, mu = mesh(CHI, MU)
    stack = small_stack(12) + 100 * number if stack is None else stack
    path = folder / f"layer_{number}.h5"
    return str(write_scan(path, stack, {"chi": chi, "mu": mu}, constants={motor: samz}))


@pytest.fixture
def files(tmp_path):
    return [layer(tmp_path, number, 0.1 * number) for number in range(3)]


@pytest.fixture
def scans(files):
    return [dc.define_dimensions(dc.load(file)) for file in files]


def _below(block, level):
    return block - level


def listed(dataset):
    return [(entry.name, entry.values.tolist(), entry.unit) for entry in dataset.dimensions]


def test_moved_motor_is_the_slowest_dimension(scans):
    whole = dc.concatenate(scans)
    assert whole.shape == (3, 3, 4, 5, 7)
    assert listed(whole)[0] == ("samz", [0.0, 0.1, 0.2], "mm")
    assert [entry.name for entry in whole.dimensions[1:]] == ["chi", "mu"]
    np.testing.assert_array_equal(whole.frames[:], np.concatenate([one.frames[:] for one in scans]))
    np.testing.assert_array_equal(whole.positions["samz"], np.repeat([0.0, 0.1, 0.2], 12))
    np.testing.assert_array_equal(whole.grid_index, np.arange(36))
    assert "samz" not in whole.metadata["motors"]
    assert not whole.frames.source.in_memory


def test_dimensions_are_those_that_are_found_when_scans_are_joined_as_they_are_opened(scans, files):
    found = dc.define_dimensions(dc.load(files))
    whole = dc.concatenate(scans)
    for one, other in zip(whole.dimensions, found.dimensions, strict=True):
        assert (one.name, one.unit) == (other.name, other.unit)
        np.testing.assert_allclose(one.values, other.values, atol=1e-12)
    np.testing.assert_array_equal(whole.grid_index, found.grid_index)


def test_moments_of_the_whole_are_those_of_one_large_scan(scans, rng):
    stacks = [rng.poisson(50 * (number + 1), (12, 5, 7)).astype(np.uint16) for number in range(3)]
    parts = [one.replace(frames=dc.Frames.from_array(stack)) for one, stack in zip(scans, stacks, strict=True)]
    whole = dc.concatenate(parts)
    large = whole.replace(frames=dc.Frames.from_array(np.concatenate(stacks)))
    with execution(on_warning=lambda message: None):
        found, expected = dc.moments(whole), dc.moments(large)
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)


def test_order_is_kept_and_the_grid_runs_up(scans):
    whole = dc.concatenate([scans[2], scans[0], scans[1]])
    np.testing.assert_array_equal(whole.frames[0], scans[2].frames[0])
    assert listed(whole)[0][1] == [0.0, 0.1, 0.2]
    np.testing.assert_array_equal(whole.grid_index[::12], [24, 0, 12])
    falling = dc.concatenate(scans[::-1])
    assert listed(falling)[0][1] == [0.2, 0.1, 0.0]
    np.testing.assert_array_equal(falling.grid_index, np.arange(36))


def test_motor_is_named_and_its_values_are_given(scans):
    recorded = dc.concatenate(scans, along="samz")
    assert listed(recorded)[0] == ("samz", [0.0, 0.1, 0.2], "mm")
    energy = dc.concatenate(scans, along="energy", values=(17.0, 17.1, 17.3))
    assert listed(energy)[0][:2] == ("energy", [17.0, 17.1, 17.3])
    assert energy.metadata["joined_along"] == ("energy",)
    # What also moved is known of every frame.
    np.testing.assert_array_equal(energy.positions["samz"], np.repeat([0.0, 0.1, 0.2], 12))
    stated = dc.concatenate(scans, along="samz", values=(5.0, 6.0, 7.0))
    np.testing.assert_array_equal(stated.positions["samz"], np.repeat([5.0, 6.0, 7.0], 12))


def test_scans_that_nothing_tells_apart_are_numbered(scans):
    whole = dc.concatenate([scans[0], scans[0]])
    assert listed(whole)[0] == ("scan", [1.0, 2.0], "")
    with pytest.raises(ValueError, match="along must be given for scans that are numbered by 'scan' already"):
        dc.concatenate([whole, whole])
    assert dc.concatenate([whole, whole], along="energy", values=(1.0, 2.0)).shape[:2] == (2, 2)


def test_motor_that_was_recorded_with_every_frame_tells_the_scans_apart(scans):
    jitter = np.linspace(-1e-5, 1e-5, 12)
    parts = [
        one.replace(positions={**one.positions, "pz": number + jitter}, units={**one.units, "pz": "mm"})
        for number, one in enumerate(scans)
    ]
    whole = dc.concatenate(parts, along="pz")
    np.testing.assert_allclose(whole.dimensions[0].values, [0, 1, 2], atol=1e-6)
    assert whole.dimensions[0].unit == "mm"


@pytest.mark.parametrize(
    ("along", "values", "message"),
    [
        ("samy", None, r"along must be a motor whose place is known, or its values must be given: .* no 'samy'"),
        ("mu", None, r"along must be a motor that stands still in each scan, mu moves in layer_0\.h5"),
        ("samz", (1.0, 2.0), "values must hold a number for each of the 3 scans, got 2"),
        ("samz", (1.0, 2.0, 1.0), r"samz is 1 in layer_0\.h5 and 1 in layer_2\.h5; give other values"),
        (None, (1.0, 2.0, 3.0), "along must name the motor that values belong to"),
    ],
)
def test_what_cannot_tell_the_scans_apart_is_refused(scans, along, values, message):
    with pytest.raises(ValueError, match=message):
        dc.concatenate(scans, along=along, values=values)


def test_one_scan_is_not_several(scans):
    with pytest.raises(ValueError, match="datasets must be at least two, got 1"):
        dc.concatenate(scans[:1])
    for nothing in ((), None):
        with pytest.raises(TypeError, match="concatenate needs the input 'datasets': several Datasets"):
            dc.concatenate(nothing)
    with pytest.raises(TypeError, match="datasets must be a list of Datasets, got Dataset"):
        dc.concatenate(scans[0])
    with pytest.raises(TypeError, match="datasets must be a list of Datasets, number 2 is ndarray"):
        dc.concatenate([scans[0], np.zeros((3, 4, 5))])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda one: dc.roi(one, origin=(1, 0)), "the shape of their frames: 5 x 7 px and 4 x 7 px"),
        (lambda one: one.replace(origin=(3, 0)), "their place on the detector"),
        (lambda one: one.map_frames(np.sqrt, dtype=np.float32), "the type of their counts: uint16 and float32"),
        (lambda one: one.replace(pixel_size=(0.1, 0.1)), "the size of their pixels"),
        (lambda one: one.replace(orientation=(1, 1)), "their orientation"),
        (
            lambda one: one.replace(
                positions={"mu": one.positions["mu"]}, dimensions=(), grid_index=None, units={"mu": "deg"}
            ),
            "the motors that were recorded with each frame: chi, mu and mu",
        ),
    ],
)
def test_scans_that_do_not_fit_are_named(scans, change, message):
    with pytest.raises(DataFileError, match=rf"layer_0\.h5 and layer_1\.h5 cannot be joined.*{message}"):
        dc.concatenate([scans[0], change(scans[1])])


def test_unequal_dimensions_are_left_undefined_with_a_word(scans):
    with execution(on_warning=lambda message: None):
        shorter = dc.define_dimensions(scans[1].select_frames(range(8)).replace(dimensions=(), grid_index=None))
    with pytest.warns(
        DarfixWarning, match=r"differ, chi \(3\) x mu \(4\) and chi \(2\) x mu \(4\): those of the whole"
    ):
        whole = dc.concatenate([scans[0], shorter])
    assert whole.dimensions == ()
    assert whole.n_frames == 20
    bare = [one.replace(dimensions=(), grid_index=None) for one in scans]
    assert dc.concatenate(bare).dimensions == ()
    with pytest.warns(DarfixWarning, match=r"and none: those of the whole are not defined"):
        dc.concatenate([scans[0], *bare[1:]])


def test_jitter_of_the_dimensions_does_not_make_them_unequal(scans):
    chi, mu = scans[1].dimensions
    shifted = scans[1].replace(dimensions=(chi, dc.Dimension("mu", mu.values + 0.1 * mu.step, "deg")))
    assert dc.concatenate([scans[0], shifted]).shape[:3] == (2, 3, 4)


def test_missing_points_stay_missing(scans):
    whole = dc.concatenate([scans[0], scans[1].select_frames(np.delete(np.arange(12), 5))])
    assert whole.missing.tolist() == [17]


def test_operations_of_each_scan_are_applied(scans):
    levels = [PerPixel(np.arange(35, dtype=np.float32).reshape(5, 7) + number) for number in range(3)]
    parts = [
        dc.roi(one.map_frames(_below, dtype=np.float32, level=level), origin=(1, 2))
        for one, level in zip(scans, levels, strict=True)
    ]
    whole = dc.concatenate(parts)
    expected = np.concatenate([one.frames[:] for one in parts])
    for threads in (1, 3):
        with execution(threads=threads, memory=5000):
            np.testing.assert_array_equal(whole.frames[:], expected)
            np.testing.assert_array_equal(whole.frames.read(slice(5, 31), slice(1, 3)), expected[5:31, 1:3])
            np.testing.assert_array_equal(whole.frames[[30, 2, 2, 17]], expected[[30, 2, 2, 17]])
    assert whole.origin == (1, 2)


def test_common_region_of_interest_is_cropped_behind_the_files(scans):
    parts = [dc.roi(one, origin=(1, 2), shape=(3, 4)) for one in scans]
    whole = dc.concatenate(parts)
    assert len(whole.frames.operations) == 1
    np.testing.assert_array_equal(whole.frames[:], np.concatenate([one.frames[:] for one in parts]))


def test_masked_pixels_of_any_scan_are_masked(scans):
    masks = [np.zeros((5, 7), dtype=bool) for _ in range(2)]
    masks[0][1, 2] = masks[1][3, 4] = True
    whole = dc.concatenate([one.replace(mask=mask) for one, mask in zip(scans, masks, strict=False)])
    np.testing.assert_array_equal(whole.mask, masks[0] | masks[1])
    np.testing.assert_array_equal(dc.concatenate([scans[0], scans[1].replace(mask=masks[1])]).mask, masks[1])


def test_dark_frames_and_noise_are_kept_where_they_are_the_same(scans):
    dark, noise = dc.Frames.from_array(np.ones((2, 5, 7), np.uint16)), dc.NoiseModel(2.0, 100.0, 3.0)
    same = dc.concatenate([one.replace(dark=dark, noise=noise) for one in scans])
    assert same.noise == noise
    np.testing.assert_array_equal(same.dark[:], dark[:])
    with pytest.warns(DarfixWarning, match="the dark frames of the scans differ and are left out"):
        assert dc.concatenate([scans[0].replace(dark=dark), scans[1]]).dark is None
    with pytest.warns(DarfixWarning, match="the noise of the detector differs between the scans"):
        assert dc.concatenate([scans[0].replace(noise=noise), scans[1]]).noise is None


def test_history_has_an_edge_for_each_scan_and_makes_the_whole_again(scans):
    whole = dc.concatenate([scans[1], scans[0]], along="samz")
    node = whole.history.nodes[whole.history.head]
    assert node.inputs == {"datasets 1": scans[1].history.head, "datasets 2": scans[0].history.head}
    again = replay(dc.History.from_json(whole.history.to_json()))
    assert again.history.head == whole.history.head
    np.testing.assert_array_equal(again.frames[:], whole.frames[:])
    np.testing.assert_array_equal(again.positions["samz"], whole.positions["samz"])


def test_more_than_nine_scans_keep_their_order_in_the_history(scans):
    many = [scans[number % 3] for number in range(11)]
    whole = dc.concatenate(many, along="energy", values=tuple(map(float, range(11))))
    again = replay(dc.History.from_json(whole.history.to_json()))
    np.testing.assert_array_equal(again.frames[:], whole.frames[:])


def test_files_are_only_read_when_frames_are_asked_for(scans, monkeypatch):
    from darfix_core.io.hdf5_source import Hdf5Source

    monkeypatch.setattr(Hdf5Source, "read", lambda *_: pytest.fail("frames were read"))
    dc.concatenate(scans)


def test_missing_file_of_a_part_is_named(scans, files, tmp_path):
    whole = dc.concatenate(scans)
    (tmp_path / "layer_1.h5").rename(tmp_path / "elsewhere.h5")
    assert whole.frames[0].shape == (5, 7)
    with pytest.raises(DataFileError, match=r"layer_1\.h5"):
        whole.frames[13]
    with h5py.File(files[0]):
        pass
