"""Several scans as one dataset, and the dimension that tells them apart."""

from __future__ import annotations

import os

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.engine.execution import execution
from darfix_core.errors import Cancelled, DarfixWarning, DataFileError
from darfix_core.io.join import join_scans
from darfix_core.model.noise import NoiseModel
from tests.bliss_files import mesh, small_stack, write_scan

MU, CHI = np.linspace(0.0, 1.0, 11), np.linspace(-0.6, 0.6, 7)
JITTER = 0.01


def layers(folder, constants, positions=lambda number: {"mu": MU}, *, file="scan.h5", **options):
    """A scan for each entry of `constants`, in one file or (with ``{}`` in its name) in several."""
    for number, motors in enumerate(constants):
        moved = positions(number)
        n_frames = len(next(iter(moved.values())))
        several = "{}" in file
        write_scan(
            folder / file.format(number + 1),
            small_stack(n_frames) + 100 * number,
            moved,
            scan="1.1" if several else f"{number + 1}.1",
            constants={"chi_base": 1.5, **motors},
            **options,
        )
    return folder / file.replace("{}", "*")


@pytest.fixture
def steps_of_samz(tmp_path):
    return layers(tmp_path, [{"samz": 0.1 + 0.05 * number} for number in range(3)], counters={"current": np.ones(11)})


def found(dataset):
    return [(entry.name, entry.size) for entry in dc.define_dimensions(dataset).dimensions]


def test_scans_of_one_file_are_joined_without_reading_them(steps_of_samz):
    dataset = dc.load(steps_of_samz, scan="1.1,3.1")
    assert dataset.n_frames == 22
    assert not dataset.frames.source.in_memory
    np.testing.assert_array_equal(dataset.frames, np.concatenate([small_stack(11), small_stack(11) + 200]))
    np.testing.assert_array_equal(dataset.positions["samz"], np.repeat([0.1, 0.2], 11))
    np.testing.assert_array_equal(dataset.positions["mu"], np.tile(MU, 2))
    assert (dataset.unit("samz"), dataset.unit("mu")) == ("mm", "deg")
    assert dataset.counters["current"].shape == (22,)


def test_files_of_a_pattern_are_joined_in_natural_order(tmp_path):
    pattern = layers(tmp_path, [{"samz": 0.01 * number} for number in range(10)], file="layer_{}.h5")
    dataset = dc.load(str(pattern))
    np.testing.assert_allclose(dataset.positions["samz"][::11], 0.01 * np.arange(10))
    assert dataset.title == "10 scans (layer_1.h5 to layer_10.h5): ascan mu 0 1 10 0.5"
    reverse = dc.load([str(tmp_path / f"layer_{number}.h5") for number in (3, 1)])
    np.testing.assert_array_equal(reverse.positions["samz"][::11], [0.02, 0.0])


def test_history_names_all_parts(tmp_path):
    pattern = layers(tmp_path, [{"samz": 0.0}, {"samz": 0.1}], file="layer_{}.h5")
    (node,) = dc.load(str(pattern)).history.nodes.values()
    assert [os.path.basename(source.url) for source in node.sources] == ["data", "data"]
    assert [source.url.partition("::")[0] for source in node.sources] == [
        str(tmp_path / f"layer_{number}.h5") for number in (1, 2)
    ]


def test_metadata_keep_what_is_equal(steps_of_samz):
    metadata = dc.load(steps_of_samz, scan="all").metadata
    assert metadata["title"] == "3 scans (1.1, 2.1, 3.1): ascan mu 0 1 10 0.5"
    assert metadata["motors"] == {"chi_base": 1.5}
    assert metadata["sample"] == "al_foil"
    assert metadata["file"] == str(steps_of_samz)
    assert "scan" not in metadata
    assert metadata["parts"] == tuple(f"{steps_of_samz}::{number}.1" for number in (1, 2, 3))
    assert metadata["frames_of_parts"] == (11, 11, 11)
    assert metadata["joined_along"] == ("samz",)


def noisy(rng, values):
    return values + rng.uniform(-JITTER, JITTER, values.shape)


def back_and_forth():
    return np.repeat(CHI, MU.size), np.concatenate([MU[:: (-1) ** line] for line in range(CHI.size)])


@pytest.mark.parametrize("n_scans", [2, 3, 5])
@pytest.mark.parametrize("kind", ["line", "zigzag lines", "mesh", "zigzag mesh"])
@pytest.mark.parametrize("moved", [True, False])
def test_slow_dimension_is_found_from_the_read_backs(tmp_path, rng, n_scans, kind, moved):
    def positions(number):
        if kind == "line":
            return {"mu": noisy(rng, MU)}
        if kind == "zigzag lines":
            return {"mu": noisy(rng, MU[:: (-1) ** number])}
        chi, mu = mesh(CHI, MU) if kind == "mesh" else back_and_forth()
        return {"chi": noisy(rng, chi), "mu": noisy(rng, mu)}

    def constants(number):
        samz = 0.1 + 0.01 * number * moved
        return {"samz": samz + rng.normal(0, 1e-5), "samx": rng.normal(0, 1e-5), "omega": rng.normal(0, 1e-5)}

    path = layers(tmp_path, [constants(number) for number in range(n_scans)], positions)
    dataset = dc.define_dimensions(dc.load(path, scan="all"))
    slow = "samz" if moved else "scan"
    fast = [("mu", 11)] if "line" in kind else [("chi", 7), ("mu", 11)]
    assert [(entry.name, entry.size) for entry in dataset.dimensions] == [(slow, n_scans), *fast]
    per_scan = dataset.n_frames // n_scans
    np.testing.assert_array_equal(dataset.grid_index // per_scan, np.repeat(np.arange(n_scans), per_scan))
    assert dataset.missing.size == 0
    assert dataset.dimensions[0].unit == ("mm" if moved else "")


@pytest.mark.filterwarnings("default::darfix_core.errors.DarfixWarning")
def test_layers_that_are_not_equally_spaced_stay_where_they_were(tmp_path):
    path = layers(tmp_path, [{"samz": samz} for samz in (0.1, 0.12, 0.2)])
    with pytest.warns(DarfixWarning, match="positions of samz are not equally spaced; they are taken as they were"):
        dataset = dc.define_dimensions(dc.load(path, scan="all"))
    assert dataset.scan_shape == (3, 11)
    np.testing.assert_allclose(dataset.dimensions[0].values, [0.1, 0.12, 0.2])


def test_two_motors_between_the_scans_are_two_dimensions(tmp_path):
    path = layers(tmp_path, [{"samz": samz, "omega": omega} for samz in (0.0, 0.1) for omega in (0.0, 5.0, 10.0)])
    assert found(dc.load(path, scan="all")) == [("samz", 2), ("omega", 3), ("mu", 11)]


def test_motor_that_drifts_beside_one_that_was_moved_stays_constant(tmp_path):
    path = layers(tmp_path, [{"samz": 0.1 * number, "ffz": 1600 + 0.001 * (number % 2)} for number in range(3)])
    dataset = dc.load(path, scan="all")
    assert set(dataset.positions) == {"mu", "samz"}
    assert dataset.metadata["motors"]["ffz"] == 1600


def test_scans_of_one_frame_make_the_scan_that_was_done_by_hand(tmp_path):
    pattern = layers(
        tmp_path,
        [{"mu": 0.001 * number} for number in range(12)],
        lambda number: {"timer": np.zeros(1)},
        file="frame_{}.h5",
        title="ct 1",
    )
    assert found(dc.load(str(pattern))) == [("mu", 12)]


def test_ranges_of_one_motor_that_follow_each_other_are_one_scan(tmp_path):
    path = layers(tmp_path, [{}, {}], lambda number: {"mu": MU + 1.1 * number})
    dataset = dc.load(path, scan="all")
    assert dataset.metadata["joined_along"] == ("mu",)
    assert found(dataset) == [("mu", 22)]


@pytest.mark.filterwarnings("default::darfix_core.errors.DarfixWarning")
def test_interrupted_layer_leaves_points_without_frames(tmp_path):
    path = layers(
        tmp_path, [{"samz": 0.1 * number} for number in range(3)], lambda number: {"mu": MU[:8] if number == 1 else MU}
    )
    with pytest.warns(DarfixWarning, match="3 of the 33 grid points have no frame"):
        dataset = dc.define_dimensions(dc.load(path, scan="all"))
    assert dataset.scan_shape == (3, 11)
    np.testing.assert_array_equal(dataset.missing, [19, 20, 21])


@pytest.mark.filterwarnings("ignore:the scan in mu is narrower than the curves")
def test_maps_of_joined_layers_are_those_of_the_whole_stack(steps_of_samz):
    joined = dc.define_dimensions(dc.load(steps_of_samz, scan="all"))
    whole = dc.Dataset.from_array(np.asarray(joined.frames), dict(joined.positions), unit={"mu": "deg", "samz": "mm"})
    expected, maps = dc.moments(dc.define_dimensions(whole)), dc.moments(joined)
    for name in expected:
        np.testing.assert_allclose(maps[name], expected[name])


def test_unit_of_the_file_comes_first(tmp_path):
    path = layers(tmp_path, [{"oven": 300.0}, {"oven": 400.0}], units={"oven": "K"})
    assert dc.load(path, scan="all").unit("oven") == "K"


def test_frames_count_within_each_scan(steps_of_samz):
    dataset = dc.load(steps_of_samz, scan="all", frames=(2, 5))
    np.testing.assert_array_equal(dataset.frames[:, 0, 0], [2000, 3000, 4000, 2100, 3100, 4100, 2200, 3200, 4200])
    with pytest.raises(ValueError, match=r"1\.1: frames must be \(first, stop\)"):
        dc.load(steps_of_samz, scan="all", frames=(2, 12))


def test_dark_frames_are_given_once(tmp_path):
    path = layers(tmp_path, [{"samz": 0.0}, {"samz": 0.1}])
    write_scan(path, small_stack(2), {}, scan="9.1", title="loopscan 2 0.5")
    with pytest.warns(DarfixWarning, match=r"left out: 9\.1 \(the dark frames\)"):
        dataset = dc.load(path, scan="all", dark="9.1")
    assert (dataset.n_frames, dataset.dark.shape[0]) == (22, 2)
    assert dc.load(path, scan="1,2", dark="9").dark.shape[0] == 2


def test_dark_scan_of_several_files_is_that_of_the_first(tmp_path):
    pattern = layers(tmp_path, [{"samz": 0.0}, {"samz": 0.1}], file="layer_{}.h5")
    write_scan(tmp_path / "layer_1.h5", small_stack(2), {}, scan="9.1")
    assert dc.load(str(pattern), scan="1.1", dark="9.1").dark.shape[0] == 2


@pytest.mark.parametrize(
    ("stack", "positions", "options", "words"),
    [
        (small_stack(11, 4), {"mu": MU}, {}, "the shape of their frames: 5 x 7 px and 4 x 7 px"),
        (small_stack(11).astype(np.float32), {"mu": MU}, {}, "the type of their counts: uint16 and float32"),
        (small_stack(11), {"mu": MU}, {"detector": "basler"}, "their detector: pco_ff and basler"),
        (small_stack(11), {"chi": MU}, {}, "the motors that were recorded with each frame: mu and chi"),
        (small_stack(11), {"mu": MU}, {"units": {"mu": "rad"}}, "the unit of mu: deg and rad"),
    ],
)
def test_scans_that_do_not_fit_are_named(tmp_path, stack, positions, options, words):
    path = layers(tmp_path, [{}])
    write_scan(path, stack, positions, scan="2.1", **options)
    with pytest.raises(DataFileError, match=f"the scans 1.1 and 2.1 cannot be joined, they differ in {words}"):
        dc.load(path, scan="1.1,2.1")


def test_counters_that_some_scans_lack_are_left_out_and_told(tmp_path):
    path = layers(tmp_path, [{}], counters={"current": np.ones(11)})
    write_scan(path, small_stack(11), {"mu": MU}, scan="2.1")
    with pytest.warns(DarfixWarning, match="counters left out, as some of the scans lack them: current"):
        assert not dc.load(path, scan="all").counters


def test_warnings_name_the_scan(tmp_path):
    path = layers(tmp_path, [{}])
    write_scan(path, small_stack(11), {"mu": MU[:9]}, scan="2.1", end_reason="USER_ABORT")
    with pytest.warns(DarfixWarning, match=r"^2\.1: "):
        assert dc.load(path, scan="all").n_frames == 20


def test_file_with_several_scans_needs_a_choice(tmp_path):
    one = layers(tmp_path, [{}], file="one.h5")
    two = layers(tmp_path, [{}, {}], file="two.h5")
    with pytest.raises(DataFileError, match=r"two\.h5: the file holds 2 scans with frames"):
        dc.load([one, two])
    assert dc.load([one, two], scan="1.1").n_frames == 22
    assert dc.load([one, two], scan="all").metadata["parts"][1:] == (f"{two}::1.1", f"{two}::2.1")


def test_opening_many_scans_can_be_cancelled_and_tells_how_far_it_is(steps_of_samz):
    told = []
    with execution(progress=lambda fraction, what: told.append((round(fraction, 2), what))):
        dc.load(steps_of_samz, scan="all")
    assert told[:2] == [(0.0, "scans"), (0.33, "scans")]
    with execution(cancelled=lambda: True), pytest.raises(Cancelled):
        dc.load(steps_of_samz, scan="1.1,2.1")


def test_only_scans_as_they_were_opened_are_joined():
    dataset = dc.Dataset.from_array(small_stack(3))
    with pytest.raises(ValueError, match="at least one scan"):
        join_scans({})
    with pytest.raises(ValueError, match="as they were opened"):
        join_scans({"a": dataset.crop((0, 0), (2, 2)), "b": dataset})


def saved(folder, number, prepare):
    """Saved dataset of a scan, another one for each number."""
    raw = folder / f"raw_{number}.h5"
    if not raw.exists():
        write_scan(raw, small_stack(11) + 100 * number, {"mu": MU}, constants={"samz": 0.1 * number})
    path = folder / f"saved_{number}.h5"
    dc.save_dataset(prepare(dc.load(raw)), path=str(path))
    return path


def prepared(dataset, *, fill=5, pixel=(0, 0), origin=(1, 0), gain=2.0, size=6.5):
    """Scan with all that belongs to its pixels."""
    mask = np.zeros(dataset.frame_shape, dtype=bool)
    mask[pixel] = True
    dark = dc.Dataset.from_array(np.full((2, *dataset.frame_shape), fill, dtype=np.uint16)).frames
    full = dataset.replace(
        mask=mask, dark=dark, noise=NoiseModel(gain, 100.0, 2.0), pixel_size=(size, size), orientation=(1, 1)
    )
    return full.crop(origin, (4, 7))


def test_joined_saved_datasets_keep_what_belongs_to_their_pixels(tmp_path):
    paths = [saved(tmp_path, number, prepared) for number in (1, 2)]
    (tmp_path / "raw_1.h5").unlink()
    first, joined = dc.load(paths[0]), dc.load(paths)
    assert joined.n_frames == 22
    assert (joined.origin, joined.orientation, joined.pixel_size) == ((1, 0), (1, 1), (6.5, 6.5))
    assert joined.noise == NoiseModel(2.0, 100.0, 2.0)
    np.testing.assert_array_equal(joined.mask, first.mask)
    np.testing.assert_array_equal(joined.dark, first.dark)
    np.testing.assert_array_equal(joined.positions["samz"][::11], [0.1, 0.2])
    assert joined.unit("samz") == "mm"


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"pixel": (2, 2)}, "their mask"),
        ({"fill": 6}, "their dark frames"),
        ({"gain": 3.0}, "the noise of the detector"),
        ({"origin": (0, 0)}, "their place on the detector"),
        ({"size": 3.0}, "the size of their pixels"),
    ],
)
def test_saved_datasets_whose_pixels_mean_something_else_are_not_joined(tmp_path, other, words):
    paths = [saved(tmp_path, 1, prepared), saved(tmp_path, 2, lambda dataset: prepared(dataset, **other))]
    with pytest.raises(DataFileError, match=f"saved_1.h5 and saved_2.h5 cannot be joined, they differ in {words}"):
        dc.load(paths)


def test_saved_dataset_is_not_joined_with_one_that_lacks_its_dark_frames(tmp_path):
    paths = [saved(tmp_path, 1, prepared), saved(tmp_path, 2, lambda one: prepared(one).replace(dark=None))]
    with pytest.raises(DataFileError, match="they differ in their dark frames") as caught:
        dc.load(paths)
    assert caught.value.file == str(paths[1])


def test_saved_datasets_with_dimensions_are_not_joined(tmp_path):
    paths = [saved(tmp_path, number, dc.define_dimensions) for number in (1, 2)]
    with pytest.raises(DataFileError, match=r"saved_1\.h5: this saved dataset has scan dimensions"):
        dc.load(paths)


def test_scan_that_is_given_again_through_a_link_is_refused(tmp_path):
    path = layers(tmp_path, [{}])
    link = tmp_path / "latest.h5"
    link.symlink_to(path)
    with pytest.raises(DataFileError, match=r"latest\.h5: the scan is given twice"):
        dc.load([path, link])


def test_motor_with_another_unit_in_the_next_file_is_refused(tmp_path):
    for number, unit in ((1, "mm"), (2, "um")):
        constants, path = {"samz": 0.1 * number}, tmp_path / f"layer_{number}.h5"
        write_scan(path, small_stack(11), {"mu": MU}, constants=constants, units={"samz": unit})
    with pytest.raises(DataFileError, match="differ in the unit of samz: mm and um"):
        dc.load(str(tmp_path / "layer_*.h5"))
