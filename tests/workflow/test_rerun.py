from __future__ import annotations

import os
import shutil

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.errors import DataFileError, OutputExistsError, WorkflowError
from darfix_core.workflow.overrides import Overrides
from darfix_core.workflow.rerun import make_rerun, may_be_equal, open_stored, step_names
from darfix_core.workflow.runner import run_plan
from tests.bliss_files import small_stack, write_scan


@pytest.fixture
def folder(tmp_path):
    """A scan, a saved part of it, and maps of both with two inputs."""
    stack = (small_stack(12) % 997 * np.hanning(12)[:, None, None] ** 2).astype(np.uint16)
    scan = str(write_scan(tmp_path / "scan.h5", stack, {"mu": np.linspace(0.0, 1.1, 12)}))
    dc.save_dataset(dc.roi(dc.load(scan), shape=(4, 4)), path=str(tmp_path / "part.h5"))
    background = dc.roi(dc.load(scan, frames=(0, 3)), shape=(4, 4))
    signal = dc.subtract_background(dc.load(str(tmp_path / "part.h5")), background, source="dataset")
    dc.save_maps(dc.moments(dc.define_dimensions(signal)), path=str(tmp_path / "maps.h5"), figures=False)
    return tmp_path


def again(folder, name="maps.h5", **changes):
    return make_rerun(open_stored(str(folder / name)), str(folder / name), Overrides(**changes))


def test_steps_of_two_inputs_give_the_same_maps(folder):
    rerun = again(folder)
    assert list(rerun.plan.graph.nodes)[-1] == "save_maps"
    assert rerun.sources == tuple(f"load_{n}: {folder / 'scan.h5'}: the same as then" for n in (1, 2))
    run_plan(rerun.plan)
    old, new = dc.load_maps(folder / "maps.h5"), dc.load_maps(folder / "maps_rerun.h5")
    assert new.history.head == old.history.head
    for name in old:
        np.testing.assert_array_equal(new[name], old[name])


def test_saved_dataset_is_made_again(folder):
    rerun = again(folder, "part.h5")
    assert rerun.output == str(folder / "part_rerun.h5")
    run_plan(rerun.plan)
    np.testing.assert_array_equal(
        dc.load(rerun.output).frames[:], dc.load(str(folder / "part.h5")).frames[:], strict=True
    )


def test_steps_are_named_by_their_ids_numbered_where_there_are_several(folder):
    names = list(step_names(dc.load_maps(folder / "maps.h5").history).values())
    assert sorted(names) == [
        "define_dimensions",
        "load_1",
        "load_2",
        "moments",
        "roi_1",
        "roi_2",
        "subtract_background",
    ]


def test_file_without_a_name_is_for_all_steps_that_read_the_same_file(folder):
    shutil.copy(folder / "scan.h5", folder / "other.h5")
    nodes = again(folder, inputs=[str(folder / "other.h5")]).plan.graph.nodes
    assert {nodes[name].parameters["path"] for name in ("load_1", "load_2")} == {str(folder / "other.h5")}


def test_file_is_given_by_the_name_of_a_step(folder):
    shutil.copy(folder / "scan.h5", folder / "other.h5")
    nodes = again(folder, inputs=[f"load_2={folder / 'other.h5'}"]).plan.graph.nodes
    assert [nodes[name].parameters["path"] for name in ("load_1", "load_2")] == [
        str(folder / "scan.h5"),
        str(folder / "other.h5"),
    ]


def test_moved_file_is_told_to_be_the_same(folder):
    (folder / "archive").mkdir()
    os.rename(folder / "scan.h5", folder / "archive" / "scan.h5")
    rerun = again(folder, inputs=[str(folder / "archive" / "scan.h5")])
    assert rerun.sources[0].endswith(f"archive/scan.h5: the same file, which was {folder / 'scan.h5'}")


def test_changed_file_is_told(folder):
    os.utime(folder / "scan.h5", (1e9, 1e9))
    assert "has changed since the result was made: it was written on" in again(folder).sources[0]


def test_missing_file_is_named_with_what_to_do(folder):
    os.remove(folder / "scan.h5")
    with pytest.raises(
        DataFileError, match=r"scan\.h5: is missing; Data Selection read it.* give --input PATH"
    ) as told:
        again(folder)
    assert f"The result of roi_1 is stored: --input {folder / 'part.h5'} goes on from there" in str(told.value) or (
        "roi_2" in str(told.value)
    )


def test_rerun_goes_on_from_a_saved_result(folder):
    (folder / "archive").mkdir()
    moved = shutil.move(folder / "scan.h5", folder / "archive" / "scan.h5")
    history = dc.load_maps(folder / "maps.h5").history
    names = step_names(history)
    stored = next(names[key] for key, node in history.nodes.items() if node.stored)
    lost = next(f"load_{n}" for n in (1, 2) if history.nodes[_key(names, f"load_{n}")].parameters["frames"] is not None)
    rerun = again(folder, inputs=[str(folder / "part.h5"), f"{lost}={moved}"])
    assert rerun.plan.graph.nodes[stored].parameters["path"] == str(folder / "part.h5")
    run_plan(rerun.plan)
    old, new = dc.load_maps(folder / "maps.h5"), dc.load_maps(folder / "maps_rerun.h5")
    assert may_be_equal(old.history, new.history)
    np.testing.assert_array_equal(new["intensity"], old["intensity"])


def _key(names, wanted):
    return next(key for key, name in names.items() if name == wanted)


def test_data_of_unknown_origin_are_read_from_where_they_were_saved(rocking_dataset, tmp_path):
    dc.save_dataset(dc.roi(rocking_dataset, shape=(5, 6)), path=str(tmp_path / "part.h5"))
    dc.save_maps(dc.moments(dc.load(str(tmp_path / "part.h5"))), path=str(tmp_path / "maps.h5"), figures=False)
    rerun = again(tmp_path)
    assert "it was made from data of unknown origin" in rerun.sources[0]
    assert list(rerun.plan.graph.nodes) == ["roi", "moments", "save_maps"]
    run_plan(rerun.plan)
    np.testing.assert_array_equal(
        dc.load_maps(rerun.output)["intensity"], dc.load_maps(tmp_path / "maps.h5")["intensity"]
    )


def test_array_of_unknown_origin_has_to_be_given(rocking_dataset, tmp_path):
    dc.save_maps(dc.moments(rocking_dataset), path=str(tmp_path / "maps.h5"), figures=False)
    with pytest.raises(
        WorkflowError, match=r"array of unknown origin, of the shape \(9, 12, 16\).* --input array=PATH"
    ):
        again(tmp_path)
    dc.save_dataset(rocking_dataset, path=str(tmp_path / "saved.h5"))
    run_plan(again(tmp_path, inputs=[f"array={tmp_path / 'saved.h5'}"]).plan)
    assert (tmp_path / "maps_rerun.h5").exists()


def test_result_without_steps_is_refused(rocking_dataset, tmp_path):
    dc.save_dataset(rocking_dataset, path=str(tmp_path / "saved.h5"))
    with pytest.raises(WorkflowError, match="nothing is known about how its content was made"):
        again(tmp_path, "saved.h5")


def test_file_of_others_is_refused(folder):
    with pytest.raises(DataFileError, match=r"scan\.h5: was not written by darfix-core"):
        open_stored(str(folder / "scan.h5"))


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (["Xyz=x.h5"], "the history has no step 'Xyz'; there are: "),
        (["roi=scan.h5"], "the history has no step 'roi'; did you mean "),
        (["nothing.h5"], "nothing.h5: no such file"),
    ],
)
def test_input_that_fits_nothing_is_refused(folder, monkeypatch, inputs, message):
    monkeypatch.chdir(folder)
    with pytest.raises((WorkflowError, DataFileError), match=message):
        again(folder, inputs=inputs)


def test_step_before_one_that_is_given_is_not_needed(folder):
    with pytest.raises(WorkflowError, match="'load_[12]' is not needed for the result: a later step is given too"):
        again(folder, inputs=[f"load_1={folder / 'scan.h5'}", f"subtract_background={folder / 'part.h5'}"])


def test_parameters_are_changed(folder):
    graph = again(folder, parameters=["subtract_background.method=mean", "Moments.min_intensity=5"]).plan.graph
    assert graph.nodes["subtract_background"].parameters["method"] == "mean"
    assert graph.nodes["moments"].parameters["min_intensity"] == 5.0


def test_missing_file_that_a_parameter_replaces_is_not_missed(folder):
    os.rename(folder / "scan.h5", folder / "other.h5")
    path = folder / "other.h5"
    rerun = again(folder, parameters=[f"load_1.path={path}", f"load_2.path={path}"])
    assert rerun.sources == tuple(f"load_{n}: {path}: instead of {folder / 'scan.h5'}" for n in (1, 2))


def test_output_is_a_file_or_a_folder(folder):
    assert again(folder, output=str(folder / "new.h5")).output == str(folder / "new.h5")
    assert again(folder, output=str(folder / "results")).output == str(folder / "results" / "maps_rerun.h5")


def test_stored_file_is_never_replaced_and_others_only_when_asked(folder):
    with pytest.raises(DataFileError, match="holds the result that is made again"):
        again(folder, output=str(folder / "maps.h5"), overwrite=True)
    with pytest.raises(DataFileError, match="part.h5: is one of the files that the result was made from"):
        again(folder, output=str(folder / "part.h5"), overwrite=True)
    (folder / "maps_rerun.h5").touch()
    with pytest.raises(OutputExistsError, match="exists already"):
        again(folder)
    again(folder, overwrite=True)


@pytest.fixture
def series(tmp_path):
    """A stack without positions, a table of them, dark frames, and maps of the three."""
    stack = (small_stack(12) % 997 * np.hanning(12)[:, None, None] ** 2).astype(np.uint16)
    for name in ("stack", "other", "dark", "other_dark"):
        np.save(tmp_path / f"{name}.npy", stack)
    for name in ("motors", "other"):
        lines = ["mu (deg)", *(f"{0.1 * number:.1f}" for number in range(12))]
        (tmp_path / f"{name}.csv").write_text("\n".join(lines))
    scan = dc.load(str(tmp_path / "stack.npy"), positions=str(tmp_path / "motors.csv"), dark=str(tmp_path / "dark.npy"))
    dc.save_maps(dc.moments(dc.define_dimensions(scan)), path=str(tmp_path / "maps.h5"), figures=False)
    return tmp_path


def test_all_files_that_were_read_are_told(series):
    rerun = again(series)
    assert rerun.sources == (
        f"load: {series / 'stack.npy'}: the same as then",
        f"load, dark: {series / 'dark.npy'}: the same as then",
        f"load, positions: {series / 'motors.csv'}: the same as then",
    )
    assert rerun.warnings == ()


def test_other_data_with_the_old_table_and_dark_frames_are_warned_of(series):
    rerun = again(series, inputs=[str(series / "other.npy")])
    assert rerun.sources[0] == f"load: {series / 'other.npy'}: instead of {series / 'stack.npy'}"
    assert rerun.sources[2] == f"load, positions: {series / 'motors.csv'}: the same as then"
    dark, positions = rerun.warnings
    assert f"dark from {series / 'dark.npy'} as before" in dark
    assert "give another by --set 'load.dark=FILE', or none by --set 'load.dark=None'" in dark
    assert f"positions from {series / 'motors.csv'} as before" in positions
    assert "give another by --positions FILE or --set 'load.positions=FILE'" in positions


def test_files_that_are_given_for_all_parameters_are_told(series):
    rerun = again(
        series,
        inputs=[str(series / "other.npy")],
        positions=str(series / "other.csv"),
        parameters=[f"load.dark={series / 'other_dark.npy'}"],
    )
    assert rerun.warnings == ()
    assert rerun.sources[1:] == (
        f"load, dark: {series / 'other_dark.npy'}: instead of {series / 'dark.npy'}",
        f"load, positions: {series / 'other.csv'}: instead of {series / 'motors.csv'}",
    )
    assert again(series, parameters=["load.dark=None"]).sources[1] == (
        f"load, dark: none: instead of {series / 'dark.npy'}"
    )


def test_table_that_is_stated_again_is_meant(series):
    other, table, dark = (str(series / name) for name in ("other.npy", "motors.csv", "dark.npy"))
    rerun = again(series, inputs=[other], positions=table, parameters=[f"load.dark={dark}"])
    assert rerun.warnings == ()


def test_moved_data_keep_their_table_without_a_warning(series):
    (series / "archive").mkdir()
    os.rename(series / "stack.npy", series / "archive" / "stack.npy")
    assert again(series, inputs=[str(series / "archive" / "stack.npy")]).warnings == ()


def test_missing_table_is_named_with_what_to_do(series):
    os.remove(series / "motors.csv")
    with pytest.raises(
        DataFileError,
        match=r"motors\.csv: is missing; Data Selection read positions from it.*--positions FILE or --set",
    ):
        again(series)
    again(series, positions=str(series / "other.csv"))
    with pytest.raises(DataFileError, match=r"none\.csv: no such file"):
        again(series, positions=str(series / "none.csv"))


def test_other_scan_of_the_file_is_other_data_too(tmp_path):
    for scan in ("1.1", "2.1"):
        write_scan(tmp_path / "scans.h5", small_stack(3), {"mu": [0.0, 0.1, 0.2]}, scan=scan)
    (tmp_path / "motors.csv").write_text("chi (deg)\n0\n1\n2\n")
    scan = dc.load(str(tmp_path / "scans.h5"), scan="1.1", positions=str(tmp_path / "motors.csv"))
    dc.save_dataset(scan, path=str(tmp_path / "set.h5"))
    [warning] = again(tmp_path, "set.h5", scan="2.1").warnings
    assert "motors.csv as before" in warning


def test_plan_alone_may_meet_files_that_exist(folder):
    (folder / "maps_rerun.h5").touch()
    rerun = make_rerun(open_stored(str(folder / "maps.h5")), str(folder / "maps.h5"), Overrides(), only_plan=True)
    assert rerun.plan.files["save_maps"][0] == str(folder / "maps_rerun.h5")
    assert rerun.plan.graph.nodes["save_maps"].parameters["overwrite"] is False
