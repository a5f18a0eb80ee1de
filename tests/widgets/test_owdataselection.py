"""Data Selection: files, scans, detectors, dark frames, what is shown of them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from tests.bliss_files import small_stack, write_scan

from .support import stored


@pytest.fixture
def owdata():
    from orangecontrib.dfxm.widgets.owdataselection import OWDataSelection

    return OWDataSelection


@pytest.fixture
def scan_file(tmp_path):
    """Two scans of mu, one without frames, and dark frames."""
    path = tmp_path / "scans.h5"
    mu = np.linspace(0, 1.1, 12)
    write_scan(path, small_stack(), {"mu": mu}, scan="1.1", title="ascan mu 0 1.1 11 0.5", constants={"chi": 1.5})
    write_scan(path, small_stack() + 1, {"mu": mu}, scan="2.1")
    write_scan(path, None, {"mu": mu}, scan="3.1")
    write_scan(path, small_stack(4), {"timer": np.arange(4.0)}, scan="4.1", title="loopscan 4 0.5")
    return path


def output(orange, widget):
    return orange.get_output("Dataset", widget=widget, wait=10000)


def test_without_a_file_it_waits(orange, owdata):
    widget = orange.create_widget(owdata)
    assert output(orange, widget) is None
    assert "Choose a file" in str(widget.Information.waiting)
    assert not widget.Error.active


def test_reopened_workflow_loads_without_a_click(orange, owdata, scan_file):
    widget = orange.create_widget(owdata, stored_settings={"path": str(scan_file), "scan": "2.1"})
    dataset = output(orange, widget)
    assert np.array_equal(np.asarray(dataset.frames), small_stack() + 1)
    assert not widget.isVisible()


def test_scans_are_offered_even_if_none_can_be_chosen_for_the_user(orange, owdata, scan_file):
    widget = orange.create_widget(owdata)
    widget.source.choose([str(scan_file)])
    assert output(orange, widget) is None
    assert "1.1" in str(widget.Error.failed)
    combo = widget.scans.combo
    offered = [combo.itemText(row) for row in range(combo.count())]
    assert offered[1] == "1.1  (12 frames)  ascan mu 0 1.1 11 0.5"
    assert "no frames" in offered[3]
    combo.setCurrentIndex(1)
    combo.activated.emit(1)
    assert output(orange, widget).title == "ascan mu 0 1.1 11 0.5"
    assert stored(widget)["scan"] == "1.1"
    assert not widget.Error.active


def checked(widget):
    from AnyQt.QtCore import Qt

    items = [widget.scans.list.item(row) for row in range(widget.scans.list.count())]
    return [item.data(Qt.UserRole) for item in items if item.checkState() == Qt.Checked]


def check(widget, row, state=True):
    """Click the check mark of a scan."""
    from AnyQt.QtCore import Qt

    widget.scans.list.item(row).setCheckState(Qt.Checked if state else Qt.Unchecked)


@pytest.fixture
def layers_file(tmp_path):
    """Three layers, the second with a scan without frames behind it."""
    path = tmp_path / "layers.h5"
    for number in (1, 2, 3):
        write_scan(
            path,
            small_stack() + 100 * number,
            {"mu": np.linspace(0, 1.1, 12)},
            scan=f"{number}.1",
            constants={"samz": 0.01 * number},
        )
    return write_scan(path, None, {"mu": np.arange(3.0)}, scan="2.2")


def test_several_scans_are_checked_and_joined(orange, qtbot, owdata, layers_file):
    from AnyQt.QtCore import Qt

    widget = orange.create_widget(owdata, stored_settings={"path": str(layers_file), "scan": "1.1"})
    assert output(orange, widget).n_frames == 12
    assert not widget.joined_label.text()
    assert checked(widget) == ["1.1"]
    assert not widget.scans.list.isVisibleTo(widget.scans)
    qtbot.mouseClick(widget.scans.button, Qt.LeftButton)
    assert widget.scans.list.isVisibleTo(widget.scans)
    check(widget, 3)
    dataset = output(orange, widget)
    assert dataset.n_frames == 24
    assert stored(widget)["scan"] == "1.1,3.1"
    assert widget.scans.combo.currentText() == "2 scans: 1.1,3.1"
    assert widget.joined_label.text() == (
        "2 scans joined, 12 frames each, 24 in all. Told apart by samz from 0.01 to 0.03 mm."
    )
    assert widget.detectors.combo.itemText(1).startswith("pco_ff")
    check(widget, 0, False)
    assert output(orange, widget).metadata["scan"] == "3.1"
    assert stored(widget)["scan"] == "3.1"
    assert not widget.joined_label.isVisibleTo(widget)


def test_list_of_scans_is_folded_where_there_is_no_choice(orange, qtbot, owdata, layers_file, tmp_path):
    from AnyQt.QtCore import Qt

    widget = orange.create_widget(owdata, stored_settings={"path": str(layers_file), "scan": "1.1"})
    output(orange, widget)
    qtbot.mouseClick(widget.scans.button, Qt.LeftButton)
    assert widget.scans.list.isVisibleTo(widget.scans)
    single = write_scan(tmp_path / "single.h5", small_stack(), {"mu": np.linspace(0, 1.1, 12)})
    widget.source.choose([str(single)])
    assert output(orange, widget).n_frames == 12
    assert not widget.scans.list.isVisibleTo(widget.scans)
    assert widget.scans.button.isHidden()
    widget.source.choose([str(layers_file)])
    output(orange, widget)
    assert widget.scans.list.isVisibleTo(widget.scans)
    np.save(tmp_path / "stack.npy", small_stack())
    widget.source.choose([str(tmp_path / "stack.npy")])
    assert output(orange, widget).n_frames == 12
    assert not widget.scans.list.isVisibleTo(widget.scans)


def test_joined_scans_are_shown_in_the_middle_of_one_of_them(orange, owdata, layers_file):
    widget = orange.create_widget(owdata, stored_settings={"path": str(layers_file), "scan": "1.1,3.1"})
    output(orange, widget)
    assert widget.browser.number == 18  # 12 would be the first of the second scan


def test_error_fits_the_bar_and_names_the_file_in_full_below(orange, owdata, tmp_path):
    folder = tmp_path / "RAW_DATA" / "sample_with_a_long_name" / "sample_with_a_long_name_mosaicity_layer_one"
    folder.mkdir(parents=True)
    path = folder / "sample_with_a_long_name_mosaicity_layer_one.h5"
    write_scan(path, None, {"mu": np.arange(3.0)})
    widget = orange.create_widget(owdata, stored_settings={"path": str(path)})
    assert output(orange, widget) is None
    first, *others = str(widget.Error.failed).split("\n")
    assert first.startswith("sample_with_a…y_layer_one.h5: the file holds no frames")
    assert others == [str(path)]
    shown = widget.message_bar.message
    assert shown.text == first
    assert shown.informativeText.replace("\n", "") == str(path)
    # Longer lines would leave the screen.
    assert max(map(len, shown.informativeText.split("\n"))) <= 110


def test_all_scans_that_hold_frames(orange, qtbot, owdata, layers_file):
    from AnyQt.QtCore import Qt

    widget = orange.create_widget(owdata, stored_settings={"path": str(layers_file), "scan": "1.1"})
    output(orange, widget)
    widget.scans.all_check.click()
    assert output(orange, widget).n_frames == 36
    assert stored(widget)["scan"] == "all"
    assert checked(widget) == ["1.1", "2.1", "3.1"]
    assert "left out: 2.2 (no frames)" in str(widget.Warning.doubtful)
    assert not widget.scans.list.item(2).flags() & Qt.ItemIsEnabled
    check(widget, 1, False)
    assert output(orange, widget).n_frames == 24
    assert (stored(widget)["scan"], widget.scans.all_check.isChecked()) == ("1.1,3.1", False)


def test_saved_range_is_shown_and_kept(orange, owdata, layers_file):
    widget = orange.create_widget(owdata, stored_settings={"path": str(layers_file), "scan": "2.1-3.1"})
    assert output(orange, widget).n_frames == 24
    assert checked(widget) == ["2.1", "3.1"]
    assert widget.scans.button.isChecked()
    assert stored(widget)["scan"] == "2.1-3.1"
    combo = widget.scans.combo
    combo.setCurrentIndex(1)
    combo.activated.emit(1)
    assert output(orange, widget).n_frames == 12
    assert (stored(widget)["scan"], checked(widget)) == ("1.1", ["1.1"])


def test_several_files_are_joined(orange, owdata, tmp_path):
    paths = [
        str(write_scan(tmp_path / f"{number}.h5", small_stack(), {"mu": np.linspace(0, 1.1, 12)}))
        for number in (1, 2, 3)
    ]
    widget = orange.create_widget(owdata)
    widget.source.choose(paths)
    assert output(orange, widget).n_frames == 36
    assert widget.file_label.text().startswith("BLISS/NeXus HDF5: 3 files, ")
    assert widget.joined_label.text().endswith("Told apart by scan from 1 to 3.")
    assert stored(widget)["path"] == tuple(paths)


def test_detector_is_offered_with_its_shape(orange, owdata, scan_file):
    widget = orange.create_widget(owdata, stored_settings={"path": str(scan_file), "scan": "1.1"})
    output(orange, widget)
    combo = widget.detectors.combo
    assert [combo.itemText(row) for row in range(combo.count())] == ["automatic: pco_ff", "pco_ff  12 x 5 x 7, uint16"]


def test_another_file_forgets_the_choices_of_the_last(orange, owdata, scan_file, tmp_path):
    other = write_scan(tmp_path / "other.h5", small_stack(3), {"chi": np.arange(3.0)}, scan="7.1")
    widget = orange.create_widget(
        owdata, stored_settings={"path": str(scan_file), "scan": "1.1", "dark": "4.1", "frames": (0, 5)}
    )
    assert output(orange, widget).n_frames == 5
    widget.source.line.setText(str(other))
    widget.source.line.editingFinished.emit()
    assert output(orange, widget).n_frames == 3
    assert stored(widget) == {
        "path": str(other),
        "scan": None,
        "detector": None,
        "dark": None,
        "positions": None,
        "frames": None,
    }
    assert widget.scans.combo.itemText(0) == "automatic: 7.1"


def test_frame_range_is_typed(orange, owdata, scan_file):
    widget = orange.create_widget(owdata, stored_settings={"path": str(scan_file), "scan": "1.1"})
    editor = widget.form.editors["frames"]
    editor.check.click()
    first, behind = editor.inner.parts
    behind.spin.setValue(6)
    first.spin.setValue(2)
    assert output(orange, widget).n_frames == 4
    assert stored(widget)["frames"] == (2, 6)


def test_dark_frames_of_another_scan(orange, owdata, scan_file):
    widget = orange.create_widget(owdata, stored_settings={"path": str(scan_file), "scan": "1.1"})
    output(orange, widget)
    combo = widget.darks.combo
    assert [combo.itemText(row) for row in range(combo.count())] == ["none", "1.1", "2.1", "4.1"]
    combo.setEditText("4.1")
    combo.activated.emit(3)
    assert output(orange, widget).dark.shape[0] == 4
    combo.setEditText("none")
    combo.lineEdit().editingFinished.emit()
    assert output(orange, widget).dark is None


@pytest.mark.parametrize("content", [None, b"", b"no HDF5 at all"])
def test_bad_file_gives_one_clear_error(orange, owdata, tmp_path, content):
    path = tmp_path / "bad.h5"
    if content is not None:
        path.write_bytes(content)
    widget = orange.create_widget(owdata, stored_settings={"path": str(path)})
    assert output(orange, widget) is None
    assert "bad.h5" in str(widget.Error.failed)
    assert len(widget.Error.active) == 1


def test_metadata_can_be_searched(orange, owdata, scan_file):
    widget = orange.create_widget(owdata, stored_settings={"path": str(scan_file), "scan": "1.1"})
    output(orange, widget)
    tree = widget.metadata.tree
    groups = {tree.topLevelItem(row).text(0): tree.topLevelItem(row) for row in range(tree.topLevelItemCount())}
    moving, constant = groups["Moving motors"].child(0), groups["Constant motors"].child(0)
    assert (moving.text(0), moving.text(1), moving.text(2)) == ("mu", "0 to 1.1", "deg")
    assert (constant.text(0), constant.text(1), constant.text(2)) == ("chi", "1.5", "deg")
    widget.metadata.search.setText("CHI")
    assert not groups["Constant motors"].isHidden()
    assert groups["Moving motors"].isHidden()


def test_frames_are_browsed(orange, qtbot, owdata, scan_file):
    widget = orange.create_widget(owdata, stored_settings={"path": str(scan_file), "scan": "1.1"})
    output(orange, widget)
    widget.show()
    widget.browser.spin.setValue(3)
    qtbot.waitUntil(lambda: "Frame 3 of 0 to 11" in widget.browser.caption.text())
    assert np.array_equal(widget.browser.plot.getImage("image").getData(), small_stack()[3])
    widget.hide()


def test_frame_that_cannot_be_read_is_a_warning(orange, qtbot, owdata, scan_file):
    widget = orange.create_widget(owdata, stored_settings={"path": str(scan_file), "scan": "1.1"})
    output(orange, widget)
    os.truncate(scan_file, 2000)
    widget.show()
    qtbot.waitUntil(lambda: widget.Warning.unreadable.is_shown())
    assert widget.browser.caption.text() == "The frame cannot be read."
    widget.hide()


def test_file_that_has_grown_is_reloaded(orange, qtbot, owdata, tmp_path):
    from AnyQt.QtCore import Qt

    path = write_scan(tmp_path / "one.h5", small_stack(), {"mu": np.arange(12.0)}, scan="1.1")
    widget = orange.create_widget(owdata, stored_settings={"path": str(path)})
    assert output(orange, widget) is not None
    write_scan(path, small_stack(), {"mu": np.arange(12.0)}, scan="2.1")
    qtbot.mouseClick(widget.reload_button, Qt.LeftButton)
    assert output(orange, widget) is None
    assert widget.scans.combo.count() == 3


def test_path_inside_a_file_names_its_scan():
    from orangecontrib.dfxm.views.source_editors import scan_of

    assert scan_of("/1.1/measurement/pco_ff") == "1.1"
    assert scan_of("/") == ""


def test_scan_picked_in_the_dialog_is_opened(orange, owdata, scan_file):
    widget = orange.create_widget(owdata)
    widget.source.scan_chosen.emit(str(scan_file), "2.1")
    assert output(orange, widget).metadata["scan"] == "2.1"


def test_several_files_are_one_value(orange, owdata):
    widget = orange.create_widget(owdata)
    widget.source.line.setText("a.edf; b.edf")
    widget.source.line.editingFinished.emit()
    assert stored(widget)["path"] == ("a.edf", "b.edf")


def test_table_of_positions_is_chosen(orange, owdata, tmp_path):
    np.save(tmp_path / "stack.npy", small_stack(3))
    table = tmp_path / "motors.csv"
    table.write_text("mu (deg),samz\n0,4.5\n1,4.5\n2,4.5\n")
    widget = orange.create_widget(owdata, stored_settings={"path": str(tmp_path / "stack.npy")})
    assert not output(orange, widget).positions
    assert widget.file_label.text().startswith("npy: ")
    widget.positions_table.choose(str(table))
    dataset = output(orange, widget)
    assert list(dataset.positions["mu"]) == [0, 1, 2]
    assert stored(widget)["positions"] == str(table)
    table.write_text("mu\n0\n1\n")
    widget.reload_button.click()
    assert output(orange, widget) is None
    assert "the table has 2 rows of positions, the scan has 3 frames" in str(widget.Error.failed)


def test_folder_of_tiff_files(orange, owdata, tmp_path):
    import tifffile

    for number in (9, 10):
        tifffile.imwrite(tmp_path / f"frame_{number}.tif", small_stack(11)[number])
    widget = orange.create_widget(owdata)
    widget.source.choose([str(tmp_path)])
    assert np.array_equal(output(orange, widget).frames, small_stack(11)[9:])
    assert not widget.scans.isEnabled()


def test_real_edf_files(orange, owdata):
    folder = os.environ.get("DARFIX_SAMPLE_DATA")
    if not folder:
        pytest.skip("DARFIX_SAMPLE_DATA is not set")
    widget = orange.create_widget(owdata)
    widget.source.choose([str(Path(folder) / name) for name in ("strain_0000.edf", "strain_0001.edf")])
    assert output(orange, widget).shape == (2, 2048, 2048)
    assert widget.file_label.text() == "EDF: 2 files, 16.8 MB"
    assert not widget.scans.isEnabled()
