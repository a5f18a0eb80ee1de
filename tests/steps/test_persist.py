"""Keeping frames in memory or in a scratch file."""

from __future__ import annotations

import gc

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.engine.execution import execution
from darfix_core.engine.scratch import ScratchSource
from darfix_core.errors import DataFileError
from darfix_core.steps import persist as module
from darfix_core.steps.persist import plan_persist, size_text, time_text
from tests.model.test_frames import CountingSource


@pytest.fixture
def dataset(rocking_dataset):
    """A scan that is read as from a file, with an operation on it."""
    source = CountingSource(np.array(rocking_dataset.frames[:]))
    return dc.roi(rocking_dataset.replace(frames=dc.Frames(source)), origin=(1, 2))


@pytest.mark.parametrize("to", ["memory", "scratch"])
def test_kept_frames_are_those_that_were_computed(dataset, to, tmp_path):
    kept = dc.persist(dataset, to=to, folder=str(tmp_path))
    expected = dataset.frames[:]
    source = dataset.frames.source
    source.read_pixels = 0
    np.testing.assert_array_equal(kept.frames[:], expected)
    np.testing.assert_array_equal(dc.moments(kept)["intensity"], dc.moments(kept)["intensity"])
    assert source.read_pixels == 0
    assert kept.frames.source.in_memory == (to == "memory")
    assert isinstance(kept.frames.source, ScratchSource) == (to == "scratch")
    assert kept.frames.source.files == source.files
    assert kept.dimensions == dataset.dimensions
    assert kept.history.nodes[kept.history.head].step == "persist"
    del kept
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_frames_in_memory_are_not_copied(rocking_dataset):
    assert dc.persist(rocking_dataset).frames.source is rocking_dataset.frames.source


def test_frames_beyond_the_budget_are_refused_with_what_to_do(dataset):
    source = dataset.frames.source
    with execution(memory=dataset.frames.nbytes - 1), pytest.raises(MemoryError, match=r"to='scratch'.*DARFIX_MEMORY"):
        dc.persist(dataset)
    assert source.read_pixels <= dataset.frames.shape[0] * source.shape[1] * source.shape[2]


def test_missing_folder_is_named(dataset, tmp_path):
    with pytest.raises(DataFileError, match="there is no such folder for scratch files"):
        dc.persist(dataset, to="scratch", folder=str(tmp_path / "missing"))


def test_size_and_time_are_told_before_and_with_the_progress(dataset, tmp_path):
    told = []
    with execution(memory=10**9, progress=lambda fraction, what: told.append((fraction, what))):
        plan = plan_persist(dataset)
        dc.persist(dataset)
    assert plan.nbytes == dataset.frames.nbytes
    assert plan.fits
    assert plan.describe() == f"{size_text(plan.nbytes)} in memory (budget 1 GB), about 1 s or less"
    assert told[0] == (0.0, f"keeping {plan.describe()}")
    assert told[-1][0] == 1.0
    scratch = plan_persist(dataset, to="scratch", folder=str(tmp_path))
    assert f"in {tmp_path} (" in scratch.describe()


def test_time_is_that_of_some_frames_times_their_number(dataset, monkeypatch):
    ticks = iter([10.0, 10.0, 13.0])
    monkeypatch.setattr(module.time, "perf_counter", lambda: next(ticks))
    monkeypatch.setattr(module, "block_frames", lambda frames, memory: 2)
    assert plan_persist(dataset).seconds == pytest.approx(3.0 * len(dataset.frames) / 2)


def test_time_is_not_measured_longer_than_it_takes_to_tell(dataset, monkeypatch):
    # Frames that are slow to read for their size, as a small region of large compressed ones.
    clock = [0.0]
    monkeypatch.setattr(module.time, "perf_counter", lambda: clock[0])
    read = CountingSource.read

    def slowly(self, region):
        clock[0] += 0.2 * region.n_frames
        return read(self, region)

    monkeypatch.setattr(CountingSource, "read", slowly)
    assert plan_persist(dataset).seconds == pytest.approx(0.2 * len(dataset.frames))
    assert clock[0] == pytest.approx(0.2 * dataset.frames.storage.frames)


@pytest.mark.parametrize(
    ("nbytes", "text"), [(12, "12 bytes"), (1530, "1.53 kB"), (2_120_000, "2.12 MB"), (20e9, "20 GB")]
)
def test_sizes_are_told_in_three_digits(nbytes, text):
    assert size_text(int(nbytes)) == text


@pytest.mark.parametrize(("seconds", "text"), [(0.1, "1 s or less"), (41.3, "41 s"), (150, "2 min"), (99.9, "2 min")])
def test_times_are_told_in_seconds_or_minutes(seconds, text):
    assert time_text(seconds) == text


def test_time_of_a_scratch_file_is_that_of_the_slower_of_computing_and_writing(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_seconds_of_disk", lambda folder, nbytes: 1000.0)
    assert plan_persist(dataset, to="scratch", folder=str(tmp_path)).seconds == 1000.0
    monkeypatch.undo()
    assert plan_persist(dataset, to="scratch", folder=str(tmp_path)).seconds < 100
    assert list(tmp_path.iterdir()) == []
