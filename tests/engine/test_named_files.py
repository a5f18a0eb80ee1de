"""Files that parameters name, for the history."""

from __future__ import annotations

from darfix_core.engine.file_parameters import absolute_files, named_files
from darfix_core.model.frame_sources import SourceFile


def test_files_that_exist_are_named_once(tmp_path):
    table, other = tmp_path / "motors.csv", tmp_path / "dark.h5"
    table.write_text("mu\n1\n")
    other.write_text("dark")
    values = [str(table), f"{other}::2.1", str(table), None, 4, "2.1", str(tmp_path), str(tmp_path / "gone.csv")]
    found = named_files(values)
    assert [file.url for file in found] == [str(table), str(other)]
    assert found[0].size == 5


def test_files_that_are_known_are_passed_over(tmp_path):
    path = tmp_path / "dark.h5"
    path.write_text("dark")
    assert named_files([f"{path}::2.1"], [SourceFile(f"{path}::/2.1/data", 4, 0.0)]) == ()


def test_lists_of_operations_name_the_files_of_each(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mask.npy").write_text("mask")
    operations = ({"type": "apply_mask", "file": "mask.npy"}, {"type": "apply_mask", "file": None}, {"top": "mask.npy"})
    values = absolute_files({"operations": operations}, ["operations"], "", (tmp_path,))
    path = str(tmp_path / "mask.npy")
    assert values["operations"] == ({"type": "apply_mask", "file": path}, *operations[1:])
    assert [file.path for file in named_files(values.values())] == [path]
