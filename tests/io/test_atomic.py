import os
import re
import stat

import pytest

from darfix_core import execution
from darfix_core.errors import Cancelled, DataFileError, OutputExistsError
from darfix_core.io.atomic import check_output, write_whole


def _text(text):
    return lambda path: path.write_text(text)


def _fail(path):
    path.write_text("half of it")
    raise RuntimeError("no more")


def test_writes_all_files_and_makes_their_folders(tmp_path):
    written = write_whole({tmp_path / "new" / "a.txt": _text("a"), tmp_path / "new" / "deep" / "b.txt": _text("b")})
    assert [path.read_text() for path in written] == ["a", "b"]
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.txt", "b.txt", "deep", "new"]


def test_nothing_is_left_behind_when_a_writer_fails(tmp_path):
    with pytest.raises(RuntimeError, match="no more"):
        write_whole({tmp_path / "new" / "a.txt": _text("a"), tmp_path / "b.txt": _fail})
    assert list(tmp_path.rglob("*")) == []


def test_what_stood_there_survives_a_failure(tmp_path):
    old = tmp_path / "a.txt"
    old.write_text("old")
    with pytest.raises(RuntimeError):
        write_whole({old: _text("new"), tmp_path / "b.txt": _fail}, overwrite=True)
    assert old.read_text() == "old"
    assert list(tmp_path.iterdir()) == [old]


def test_what_stood_there_survives_a_failure_while_moving(tmp_path, monkeypatch):
    for name in "ab":
        (tmp_path / f"{name}.txt").write_text("old")
    replace = os.replace

    def failing(source, target):
        if os.path.basename(target) == "c.txt":
            raise PermissionError(13, "Permission denied")
        replace(source, target)

    monkeypatch.setattr(os, "replace", failing)
    writers = {tmp_path / f"{name}.txt": _text("new") for name in ("a", "new", "b", "c")}
    with pytest.raises(DataFileError, match=r"c\.txt: cannot be written: Permission denied"):
        write_whole(writers, overwrite=True)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a.txt": "old", "b.txt": "old"}


def test_no_hidden_name_is_left_when_a_file_cannot_be_replaced(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("old")
    replace, failures = os.replace, [PermissionError(13, "Permission denied")]

    def failing(source, target):
        if failures:
            raise failures.pop()
        replace(source, target)

    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(DataFileError, match="Permission denied"):
        write_whole({tmp_path / "a.txt": _text("new")}, overwrite=True)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a.txt": "old"}


def test_folders_are_removed_when_a_deeper_one_cannot_be_made(tmp_path):
    with pytest.raises(DataFileError, match=r"a\.txt: cannot be written: File name too long"):
        write_whole({tmp_path / "new" / "deep" / ("x" * 300) / "a.txt": _text("a")})
    assert list(tmp_path.iterdir()) == []


def test_outdated_files_go_when_the_others_come(tmp_path):
    (tmp_path / "old.png").write_text("old")
    written = write_whole(
        {tmp_path / "a.txt": _text("new")}, overwrite=True, outdated=[tmp_path / "old.png", tmp_path / "none.png"]
    )
    assert list(tmp_path.iterdir()) == written


def test_outdated_file_stops_all_unless_overwriting(tmp_path):
    old = tmp_path / "old.png"
    old.write_text("old")
    with pytest.raises(OutputExistsError, match=r"old\.png: exists already"):
        write_whole({tmp_path / "a.txt": _fail}, outdated=[old])
    assert list(tmp_path.iterdir()) == [old]


@pytest.mark.parametrize(
    ("failing_move", "message"),
    [
        (1, r"old\.png: cannot be removed: Permission denied"),
        (2, r"b\.txt: cannot be written: Permission denied"),
        (3, r"a\.txt: cannot be written: Permission denied"),
        (4, r"b\.txt: cannot be written: Permission denied"),
    ],
)
def test_files_stay_after_a_failure_while_moving(tmp_path, monkeypatch, failing_move, message):
    before = dict.fromkeys(("a.txt", "b.txt", "old.png"), "old")
    for name, text in before.items():
        (tmp_path / name).write_text(text)
    replace, calls = os.replace, []

    def failing(source, target):
        calls.append(target)
        if len(calls) == failing_move:
            raise PermissionError(13, "Permission denied")
        replace(source, target)

    monkeypatch.setattr(os, "replace", failing)
    writers = {tmp_path / name: _text("new") for name in ("a.txt", "b.txt")}
    with pytest.raises(DataFileError, match=message):
        write_whole(writers, overwrite=True, outdated=[tmp_path / "old.png"])
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == before


def test_outdated_files_stay_when_a_writer_fails(tmp_path):
    old = tmp_path / "old.png"
    old.write_text("old")
    with pytest.raises(RuntimeError):
        write_whole({tmp_path / "a.txt": _fail}, overwrite=True, outdated=[old])
    assert list(tmp_path.iterdir()) == [old]


def test_existing_file_is_refused_before_anything_is_written(tmp_path):
    old = tmp_path / "b.txt"
    old.write_text("old")
    message = re.escape(f"{old}: exists already; choose another name, or replace it with overwrite=True (--overwrite)")
    with pytest.raises(OutputExistsError, match=message):
        write_whole({tmp_path / "a.txt": _fail, old: _text("new")})
    assert list(tmp_path.iterdir()) == [old]


def test_existing_file_is_replaced_when_asked(tmp_path):
    old = tmp_path / "a.txt"
    old.write_text("old")
    write_whole({old: _text("new")}, overwrite=True)
    assert old.read_text() == "new"
    assert list(tmp_path.iterdir()) == [old]


def test_file_that_appeared_while_writing_is_not_replaced(tmp_path):
    target = tmp_path / "a.txt"

    def write(path):
        path.write_text("new")
        target.write_text("somebody else's")

    with pytest.raises(OutputExistsError):
        write_whole({target: write})
    assert target.read_text() == "somebody else's"


def test_new_file_has_the_usual_permissions(tmp_path):
    mask = os.umask(0)
    os.umask(mask)
    path = write_whole({tmp_path / "a.txt": _text("a")})[0]
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask


def test_cancelled_between_files(tmp_path):
    asked = []

    def cancelled():
        asked.append(True)
        return len(asked) > 1

    with execution(cancelled=cancelled), pytest.raises(Cancelled):
        write_whole({tmp_path / "a.txt": _text("a"), tmp_path / "b.txt": _text("b")})
    assert list(tmp_path.iterdir()) == []


def test_temporary_name_keeps_the_ending(tmp_path):
    seen = []
    write_whole({tmp_path / "a.png": lambda path: (seen.append(path), path.write_text(""))})
    assert seen[0].suffix == ".png"
    assert seen[0].parent == tmp_path


def test_folder_is_no_output(tmp_path):
    with pytest.raises(DataFileError, match="is a folder"):
        check_output(tmp_path, overwrite=True)


def test_file_in_the_way_of_the_folder_is_named(tmp_path):
    (tmp_path / "a").write_text("")
    with pytest.raises(DataFileError, match=r"cannot be written"):
        write_whole({tmp_path / "a" / "b.txt": _text("b")})
