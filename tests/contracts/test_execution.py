"""Results do not depend on who computes them, in which blocks; long work tells how far it is, and stops when asked."""

from __future__ import annotations

import time

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.engine import folding, pixel_maps
from darfix_core.engine.cutting import BlockSizes
from darfix_core.engine.execution import execution
from darfix_core.engine.registry import get_step
from darfix_core.errors import Cancelled
from darfix_core.model.frame_sources import Storage

from .cases import (
    GIVE_DATASETS,
    GIVE_MAPS,
    PURE,
    STEPS,
    SlowSource,
    as_from_file,
    assert_same,
    cases,
    counts,
    inputs_of,
    made_for,
    maps,
    mesh_of,
    required_of,
    scan,
)

#: Steps that read frames before the frames of their result are asked for, and why.
READ_FIRST = {
    "subtract_background": "the background is made from many frames",
    "subtract_dark": "the dark image is made from many frames",
    "divide_flat": "the response is made from many frames",
    "remove_hot_pixels": "the rule of darfix has a limit for each frame that is made from the whole of it",
    "weak_beam": "the limit of a pixel is made from its whole curve",
    "noise_removal": "a background, which is made from many frames, is among its operations",
    "persist": "it is there to read the frames once",
    "partition": "the intensity of every frame is needed",
}
#: Steps whose result has frames of another source, and why.
OTHER_SOURCE = {
    "concatenate": "it has the sources of all its inputs",
    "persist": "it is there to keep the frames elsewhere",
    "projection": "frames are combined where they are read",
}
#: Steps that make one frame of their result of many, and why.
OF_MANY_FRAMES: dict[str, str] = {
    "projection": "frames are combined",
}
#: Steps whose result needs as much memory as the frames, and why.
NEEDS_MEMORY = {"persist": "it is there to hold the frames, unless a scratch file is asked for"}
#: Steps that read frames more than once, and why.
READ_TWICE = {
    "persist": "some frames are read beforehand, to tell how long all of them take",
    "scan_quality": "a few frames tell the noise of the detector, and where in the image to look closely",
}
TAKE_DATASETS = [name for name in STEPS if dc.Dataset in [entry.kind for entry in get_step(name).inputs.values()]]
#: Who computes floats may change their last bits, but not integers.
CLOSE = {"rtol": 1e-5, "atol": 1e-9}


def all_from_file(inputs, **of_source):
    return {key: as_from_file(value, **of_source) for key, value in inputs.items()}


def sources_of(inputs):
    return [value.frames.source for value in inputs.values() if isinstance(value, dc.Dataset)]


@pytest.mark.parametrize("from_file", [False, True], ids=["memory", "file"])
@pytest.mark.parametrize("sizes", [BlockSizes(rows=1, frames=1), BlockSizes(rows=5, frames=3), BlockSizes(1000, 1000)])
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("name", PURE)
def test_threads_and_blocks_do_not_change_the_result(name, sizes, threads, from_file, monkeypatch):
    with monkeypatch.context() as patch:
        expected = cases(name)
        for module in (folding, pixel_maps):
            patch.setattr(module, "BlockSizes", lambda *args: sizes)
        for case in expected:
            inputs = all_from_file(case.inputs) if from_file else case.inputs
            with execution(threads=threads, memory=50_000 if from_file else None):
                assert_same(case.step(**inputs, **case.parameters), case.result, case, **CLOSE)


@pytest.mark.parametrize("storage", [Storage(frames=1), Storage(frames=35, rows=2), Storage(frames=19, rows=5)])
@pytest.mark.parametrize("memory", [2_000, 10_000])
@pytest.mark.parametrize("name", PURE)
def test_how_a_file_is_stored_does_not_change_the_result(name, storage, memory):
    for case in cases(name):
        with execution(threads=2, memory=memory):
            inputs = all_from_file(case.inputs, storage=storage)
            if name in NEEDS_MEMORY and case.parameters.get("to") != "scratch" and memory < scan().frames.nbytes:
                with pytest.raises(MemoryError, match="DARFIX_MEMORY"):
                    case.step(**inputs, **case.parameters)
            else:
                assert_same(case.step(**inputs, **case.parameters), case.result, case, **CLOSE)


@pytest.mark.parametrize("sizes", [BlockSizes(), BlockSizes(rows=5, frames=3)])
@pytest.mark.parametrize("name", PURE)
def test_a_cluster_does_not_change_the_result(name, sizes, monkeypatch):
    pytest.importorskip("distributed", reason="needs the extra distributed")
    expected = cases(name)
    for module in (folding, pixel_maps):
        monkeypatch.setattr(module, "BlockSizes", lambda *args: sizes)
    for case in expected if sizes.rows is None else expected[:1]:
        with execution(scheduler="local:2", memory=500_000):
            assert_same(case.step(**all_from_file(case.inputs), **case.parameters), case.result, case, **CLOSE)


@pytest.mark.parametrize("name", GIVE_DATASETS)
def test_nothing_is_read_or_copied_before_it_is_needed(name):
    for case in cases(name):
        inputs = all_from_file(case.inputs)
        result = case.step(**inputs, **case.parameters)
        read = sum(source.read_pixels for source in sources_of(inputs))
        if name not in READ_FIRST:
            assert read == 0, f"{case} reads {read} pixels at once: is that needed? Then say why in READ_FIRST"
        if name not in OTHER_SOURCE:
            for value in case.step.results(result).values():
                if isinstance(value, dc.Dataset):
                    assert value.frames.source is sources_of(inputs)[0], f"{case} copies the frames"


@pytest.mark.parametrize("name", PURE)
def test_no_frame_is_read_more_than_once(name):
    for case in cases(name):
        inputs = all_from_file(case.inputs)
        case.step(**inputs, **case.parameters)
        for source in sources_of(inputs):
            assert (source.read_pixels > source.array.size) == (name in READ_TWICE), case
            assert source.read_pixels <= 2 * source.array.size, case


@pytest.mark.parametrize("name", sorted(READ_FIRST))
def test_steps_that_may_read_at_once_do(name):
    read = 0
    for case in cases(name):
        inputs = all_from_file(case.inputs)
        case.step(**inputs, **case.parameters)
        read += sum(source.read_pixels for source in sources_of(inputs))
    assert read


@pytest.mark.parametrize("name", [name for name in GIVE_DATASETS if name not in OF_MANY_FRAMES])
def test_preview_of_a_frame_reads_one_frame(name):
    for case in cases(name):
        inputs = all_from_file(case.inputs)
        result = case.step.results(case.step(**inputs, **case.parameters))
        for key, value in case.step.results(case.result).items():
            if not isinstance(value, dc.Dataset):
                continue
            for source in sources_of(inputs):
                source.read_pixels = 0
            last = min(3, value.n_frames - 1)
            np.testing.assert_array_equal(result[key].frames[last], value.frames[last], err_msg=f"{case}: {key}")
            assert sum(source.read_pixels for source in sources_of(inputs)) <= scan().frames[0].size, case


@pytest.fixture
def told():
    """What is told about the progress of a computation."""
    return []


@pytest.mark.parametrize("memory", [20_000, 2**30])
@pytest.mark.parametrize("from_file", [False, True], ids=["memory", "file"])
@pytest.mark.parametrize("name", PURE)
def test_progress_goes_on_to_the_end(name, told, from_file, memory):
    for case in cases(name):
        told.clear()
        inputs = all_from_file(case.inputs) if from_file else case.inputs
        with execution(threads=2, memory=memory, progress=lambda fraction, what: told.append((fraction, what))):
            case.step(**inputs, **case.parameters)
        fractions = [fraction for fraction, _ in told]
        assert fractions == sorted(fractions), f"{case}: the bar runs back: {fractions}"
        assert all(0 <= fraction <= 1 for fraction in fractions), case
        assert all(what for _, what in told), f"{case}: what is done is not told"
        if from_file and any(source.read_pixels for source in sources_of(inputs)):
            assert fractions[-1] == 1, f"{case}: the bar ends at {fractions[-1:]}"


@pytest.mark.parametrize("name", TAKE_DATASETS)
def test_work_stops_within_half_a_second_of_being_asked(name, tmp_path):
    step = get_step(name)
    # Four seconds to read, and all frames fit into one block.
    slow = mesh_of(counts(20, 20), 20, 20, dark=scan().dark)
    slow = slow.replace(frames=dc.Frames(SlowSource(slow.frames[:], Storage(), seconds=0.01)))
    fitting = {dc.Dataset: slow} | {kind: made_for(kind, slow) for kind in (dc.Shift, dc.Mask)}
    inputs = {key: fitting.get(type(value), value) for key, value in inputs_of(step).items()}
    parameters = required_of(step) | ({step.output_path: str(tmp_path / "out.h5")} if step.output_path else {})
    asked = time.perf_counter() + 0.2
    with execution(threads=2, memory=2**20, cancelled=lambda: time.perf_counter() > asked):
        try:
            step(**inputs, **parameters)
        except Cancelled:
            assert slow.frames.source.read_pixels < slow.frames.source.array.size
        else:
            assert not slow.frames.source.read_pixels, f"{name} cannot be cancelled"
    assert time.perf_counter() - asked < 0.5
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [name for name in TAKE_DATASETS if name in (*READ_FIRST, *GIVE_MAPS)])
def test_computing_in_memory_stops_when_it_is_cancelled(name):
    for case in cases(name):
        # Something is left to compute: frames that are in memory already need not be kept there.
        inputs = {key: dc.roi(value) if isinstance(value, dc.Dataset) else value for key, value in case.inputs.items()}
        with execution(cancelled=lambda: True), pytest.raises(Cancelled):
            case.step(**inputs, **case.parameters)


@pytest.mark.parametrize("name", PURE)
def test_computing_again_gives_the_same_bits(name):
    for case in cases(name):
        with execution(threads=3):
            first = case.step(**case.inputs, **case.parameters)
        with execution(threads=3):
            assert_same(case.step(**case.inputs, **case.parameters), first, case)


def test_maps_are_no_frames():
    assert as_from_file(maps()) is maps()
