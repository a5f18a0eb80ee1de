"""Blocks computed by the workers of a Dask cluster."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import Future

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.engine import remote
from darfix_core.engine.cutting import BlockSizes
from darfix_core.engine.execution import current_execution, execution, warn
from darfix_core.engine.folding import fold_frames
from darfix_core.engine.pixel_maps import map_pixels
from darfix_core.engine.remote import Cluster, cluster_of
from darfix_core.errors import DarfixError, DataFileError
from darfix_core.model.frame_sources import Storage
from darfix_core.model.frames import Frames
from tests.engine.test_execution import Sum
from tests.model.test_frames import CountingSource

LOCAL = "local:2"


@pytest.fixture
def array(rng):
    return rng.integers(0, 1000, (23, 17, 11)).astype(np.uint16)


def curve(block, rows):
    return {"median": np.median(block, axis=0), "process": np.full(block.shape[1:], os.getpid())}


@pytest.mark.parametrize("sizes", [None, BlockSizes(rows=5, frames=3), BlockSizes(rows=1, frames=1)])
def test_cluster_gives_what_threads_give(array, sizes):
    frames = Frames(CountingSource(array)).crop((1, 1), (12, 9)).map(np.negative, dtype=np.int64)
    told = []
    with execution(scheduler=LOCAL, progress=lambda fraction, what: told.append(fraction)):
        total = fold_frames(frames, Sum(), sizes=sizes)["sum"]
        images = map_pixels(frames, curve, sizes=sizes)
    np.testing.assert_array_equal(total, frames[:].sum(axis=0))
    np.testing.assert_array_equal(images["median"], np.median(frames[:], axis=0))
    assert os.getpid() not in images["process"]
    assert told.count(1) == 2


def test_cluster_reads_compressed_frames_through_a_scratch_file(array, tmp_path, monkeypatch):
    monkeypatch.setenv("DARFIX_SCRATCH", str(tmp_path))
    source = CountingSource(array)
    source.storage = Storage(frames=1, rows=17)
    with execution(scheduler=LOCAL):
        images = map_pixels(Frames(source), curve)
    np.testing.assert_array_equal(images["median"], np.median(array, axis=0))
    assert source.read_pixels == array.size
    assert list(tmp_path.iterdir()) == []


def test_stack_in_memory_is_computed_where_it_is(array):
    with execution(scheduler=LOCAL):
        images = map_pixels(Frames.from_array(array), curve)
    assert np.all(images["process"] == os.getpid())


def sleeping(block, rows):
    time.sleep(3)
    return {}


def test_cancelling_does_not_wait_for_the_workers(array):
    stop = threading.Event()
    with execution(scheduler=LOCAL, cancelled=stop):
        cluster_of(current_execution()).threads(current_execution())
        threading.Timer(0.5, stop.set).start()
        start = time.monotonic()
        with pytest.raises(dc.Cancelled):
            map_pixels(Frames(CountingSource(array)), sleeping)
    assert time.monotonic() - start < 1.0


def broken(block, rows):
    raise DataFileError("the frame is damaged", file="scan.h5", path="1.1")


def warning(block, rows):
    warn("the worker noticed something")
    return {"image": block[0]}


def test_errors_and_warnings_of_workers_arrive_as_they_are(array):
    frames = Frames(CountingSource(array))
    with execution(scheduler=LOCAL):
        with pytest.raises(DataFileError, match="the frame is damaged") as caught:
            map_pixels(frames, broken)
        assert (caught.value.file, caught.value.path) == ("scan.h5", "1.1")
        with pytest.warns(dc.DarfixWarning, match="the worker noticed something"):
            map_pixels(frames, warning)


def test_task_that_is_lost_with_its_worker_is_an_error_and_no_cancelling():
    lost: Future[tuple[int, list[str]]] = Future()
    lost.cancel()
    with pytest.raises(DarfixError, match="the workers of tcp://host were lost"):
        Cluster(None, "tcp://host")._result(lost, current_execution())


@pytest.mark.parametrize("scheduler", ["thread", "local:none", "local:0", "host:8786", ""])
def test_scheduler_that_is_none_is_refused(array, scheduler):
    with pytest.raises(ValueError, match="scheduler must be"), execution(scheduler=scheduler):
        fold_frames(Frames(CountingSource(array)), Sum())


def test_scheduler_that_does_not_answer_is_named(array, monkeypatch):
    monkeypatch.setattr(remote, "_CONNECT_S", 0.3)
    with (
        execution(scheduler="tcp://127.0.0.1:9"),
        pytest.raises(DarfixError, match=r"the scheduler tcp://127.0.0.1:9 does not answer"),
    ):
        fold_frames(Frames(CountingSource(array)), Sum())


def test_scheduler_comes_from_the_environment_and_from_around(monkeypatch):
    monkeypatch.setenv("DARFIX_SCHEDULER", "tcp://somewhere:8786")
    assert current_execution().scheduler == "tcp://somewhere:8786"
    with execution(scheduler="threads", threads=3, memory=10**6), execution(threads=2) as inner:
        assert (inner.scheduler, inner.threads, inner.memory) == ("threads", 2, 10**6)
        assert not inner.remote


class FakeClient:
    """A client with workers of our choice."""

    def __init__(self, threads, versions=None):
        self.nthreads, self._versions = lambda: threads, versions

    def run(self, function, workers, on_error):
        return self._versions


def test_worker_of_another_version_is_refused():
    client = FakeClient({"tcp://a:1": 2}, {"tcp://a:1": "0.0.1"})
    with pytest.raises(DarfixError, match=r"worker tcp://a:1 of cluster has darfix-core 0.0.1, this is"):
        Cluster(client, "cluster").threads(current_execution())


def test_worker_without_the_program_is_told():
    client = FakeClient({"tcp://a:1": 2}, {"tcp://a:1": ModuleNotFoundError("No module named 'darfix_core'")})
    with pytest.raises(DarfixError, match=r"worker tcp://a:1 of cluster cannot load darfix-core: No module"):
        Cluster(client, "cluster").threads(current_execution())


def test_cluster_without_workers_is_told(monkeypatch):
    monkeypatch.setattr(remote, "_WORKERS_S", 0.15)
    with pytest.raises(DarfixError, match="the scheduler cluster has no workers"):
        Cluster(FakeClient({}), "cluster").threads(current_execution())
