import os
import subprocess
import sys
import time
from pathlib import Path

from darfix_core.io.atomic import write_whole
from darfix_core.io.temporary import remove_abandoned, temporary_name


def left_by_a_dead_process(folder, name="maps.h5"):
    """Hidden file of a process that has ended."""
    program = (
        "import sys, pathlib, darfix_core.io.temporary as t; print(t.temporary_name(pathlib.Path(sys.argv[1])), end='')"
    )
    command = [sys.executable, "-c", program, name]
    path = folder / subprocess.run(command, capture_output=True, text=True, check=True).stdout
    path.write_text("half of it")
    return path


def test_name_is_hidden_and_keeps_folder_and_ending(tmp_path):
    name = temporary_name(tmp_path / "maps.h5")
    assert (name.parent, name.suffix) == (tmp_path, ".h5")
    assert name.name.startswith(".maps.")
    assert temporary_name(tmp_path / "maps.h5") != name


def test_name_of_any_output_can_be_written(tmp_path):
    for stem in ("x" * 252, "ü" * 126, "x", "a.b", "new\nline"):
        name = temporary_name(tmp_path / f"{stem}.h5")
        name.touch()
        assert (name.parent, name.suffix, name.exists()) == (tmp_path, ".h5", True)


def test_next_writer_removes_what_a_killed_one_has_left(tmp_path):
    for name in ("maps.h5", "other.png", "no_ending", "x" * 252 + ".h5", "new\nline.h5"):
        left_by_a_dead_process(tmp_path, name)
    write_whole({tmp_path / "maps.h5": Path.touch})
    assert [path.name for path in tmp_path.iterdir()] == ["maps.h5"]


def test_files_of_living_processes_and_of_others_stay(tmp_path):
    mine = temporary_name(tmp_path / "maps.h5")
    # Another machine's process cannot be looked up: only the age of its files tells.
    machine, rest = mine.name.split(".")[2].split("-", 1)
    foreign = mine.with_name(mine.name.replace(machine, f"{int(machine, 16) ^ 1:08x}").replace(rest, "1-0123abcd"))
    others = [mine, foreign, tmp_path / ".hidden.h5", tmp_path / "maps.h5", tmp_path / f".maps.{machine}-1.h5"]
    for path in others:
        path.touch()
    remove_abandoned([tmp_path, tmp_path / "missing"])
    assert sorted(tmp_path.iterdir()) == sorted(others)
    os.utime(foreign, (0, time.time() - 8 * 24 * 3600))
    remove_abandoned([tmp_path])
    assert not foreign.exists()


def test_folder_with_such_a_name_stays(tmp_path):
    path = left_by_a_dead_process(tmp_path)
    path.unlink()
    path.mkdir()
    remove_abandoned([tmp_path])
    assert path.is_dir()
