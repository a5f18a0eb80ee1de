"""Steps that read files leave them alone; steps that write files write them whole, and replace nothing unasked."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest

import darfix_core as dc
from darfix_core.cli import main
from darfix_core.engine.execution import execution
from darfix_core.engine.registry import get_step, reader_of, writer_of
from darfix_core.errors import Cancelled, DataFileError, OutputExistsError

from .cases import STEPS, SUFFIX, arrays_of, assert_same, example, inputs_of, made_for, scan

pytestmark = pytest.mark.usefixtures("without_pictures")

READERS = [name for name in STEPS if get_step(name).input_path]
WRITERS = [name for name in STEPS if get_step(name).output_path]


def file_of(kind, path):
    """File with what is of that type."""
    writer = writer_of(kind)
    file = path.with_suffix(SUFFIX.get(writer.id, ".h5"))
    writer(example(kind), **{writer.output_path: file})
    return file


def opened(name, path):
    """What a step has written."""
    kind = next(iter(get_step(name).inputs.values())).kind
    return dc.load_maps(path) if kind is dc.Maps else reader_of(kind)(**{reader_of(kind).input_path: path})


def target(name, path):
    """Path with the ending of the files that a step writes."""
    return path.with_suffix(SUFFIX.get(name, ".h5"))


def written(name, path, **parameters):
    """Write what the contracts are tried on."""
    step = get_step(name)
    return step(**inputs_of(step), **{step.output_path: path}, **parameters)


def contents(folder):
    """Name -> bytes of all files below a folder."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("name", READERS)
def test_missing_and_foreign_files_are_named(name, tmp_path):
    step = get_step(name)
    (tmp_path / "foreign.h5").write_bytes(b"no HDF5 file")
    (tmp_path / "empty.h5").touch()
    with h5py.File(tmp_path / "hollow.h5", "w"):
        pass
    for file in ("missing.h5", "foreign.h5", "empty.h5", "hollow.h5"):
        with pytest.raises(DataFileError, match=file):
            step(**{step.input_path: tmp_path / file})


@pytest.mark.parametrize("name", READERS)
def test_reading_neither_changes_nor_locks_a_file(name, tmp_path):
    step = get_step(name)
    file = file_of(next(iter(step.outputs.values())), tmp_path / "scan")
    before = contents(tmp_path)
    result = step(**{step.input_path: file})
    expected = {key: array.copy() for key, array in arrays_of(result).items()}
    assert contents(tmp_path) == before
    if file.suffix == ".h5":
        # An acquisition goes on writing.
        with h5py.File(file, "r+") as opened_again:
            opened_again["added"] = 1
    for key, array in arrays_of(result).items():
        np.testing.assert_array_equal(array, expected[key], err_msg=key)


@pytest.mark.parametrize("name", WRITERS)
def test_writers_have_the_parameters_that_the_runner_sets(name):
    entries = get_step(name).parameters.entries
    assert entries["overwrite"].default is False
    assert entries[get_step(name).output_path].required


@pytest.mark.parametrize("name", WRITERS)
def test_file_that_exists_is_replaced_only_when_asked(name, tmp_path):
    path = target(name, tmp_path / "out")
    path.write_bytes(b"precious")
    with pytest.raises(OutputExistsError, match=rf"out\{path.suffix}"):
        written(name, path)
    assert contents(tmp_path) == {path.name: b"precious"}
    written(name, path, overwrite=True)
    value = next(iter(inputs_of(get_step(name)).values()))
    assert_same(opened(name, path), value, name)


@pytest.mark.parametrize("name", WRITERS)
def test_folders_are_made_and_nothing_but_the_file_stays(name, tmp_path):
    path = target(name, tmp_path / "new" / "folder" / "out")
    written(name, path)
    assert list(contents(tmp_path)) == [f"new/folder/{path.name}"]


@pytest.mark.parametrize("path", ["out.doc", "out", "", "folder"])
@pytest.mark.parametrize("name", WRITERS)
def test_name_that_is_none_of_a_file_of_ours_is_refused(name, path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if path == "folder":
        path = target(name, tmp_path / path)
        path.mkdir()
    for overwrite in (False, True):
        with pytest.raises((ValueError, DataFileError), match="path|folder"):
            written(name, path, overwrite=overwrite)
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("name", WRITERS)
def test_file_that_the_data_come_from_is_never_replaced(name, tmp_path):
    step, file = get_step(name), tmp_path / "scan.h5"
    dc.save_dataset(scan(), path=file)
    dataset, before = dc.load(file), contents(tmp_path)
    inputs = {key: made_for(entry.kind, dataset) for key, entry in step.inputs.items() if not entry.optional}
    if not next(iter(inputs.values())).history.files or SUFFIX.get(name, ".h5") != ".h5":
        pytest.skip("such a file cannot be what the result was made from")
    (tmp_path / "link.h5").symlink_to(file)
    for path in (file, tmp_path / "link.h5"):
        with pytest.raises(DataFileError, match="made from this file"):
            step(**inputs, **{step.output_path: path}, overwrite=True)
    (tmp_path / "link.h5").unlink()
    assert contents(tmp_path) == before


@pytest.mark.parametrize("name", WRITERS)
def test_cancelled_writer_leaves_what_was_there(name, tmp_path):
    path = target(name, tmp_path / "out")
    path.write_bytes(b"precious")
    with execution(cancelled=lambda: True), pytest.raises(Cancelled):
        written(name, path, overwrite=True)
    assert contents(tmp_path) == {path.name: b"precious"}


@pytest.mark.parametrize("name", WRITERS)
def test_what_is_written_is_told_to_people_and_programs(name, tmp_path, capsys):
    path = target(name, tmp_path / "out")
    step = get_step(name)
    given = dc.roi(scan(), origin=(1, 2))
    inputs = {key: made_for(entry.kind, given).with_history(given.history) for key, entry in step.inputs.items()}
    step(**inputs, **{step.output_path: path})
    assert main(["info", str(path)]) == 0
    told = capsys.readouterr().out
    assert path.name in told
    assert "roi" in told, "how it was made"
    assert main(["info", str(path), "--json"]) == 0
    assert "roi" in json.dumps(json.loads(capsys.readouterr().out))


@pytest.mark.parametrize("name", WRITERS)
def test_file_holds_how_it_was_made(name, tmp_path):
    dc.save_dataset(scan(), path=tmp_path / "scan.h5")
    dataset = dc.load(tmp_path / "scan.h5")
    step, path = get_step(name), target(name, tmp_path / "out")
    given = dc.roi(dataset, origin=(1, 2))
    needed = {key: entry.kind for key, entry in step.inputs.items() if not entry.optional}
    inputs = {key: made_for(kind, given).with_history(given.history) for key, kind in needed.items()}
    step(**inputs, **{step.output_path: path})
    assert opened(name, path).history.head == next(iter(inputs.values())).history.head
