"""Noise removal: a list of operations gives what the steps give one after the other."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.cli import main
from darfix_core.engine import registry
from darfix_core.engine.execution import collect_warnings, execution, warn
from darfix_core.engine.registry import get_step
from darfix_core.steps.noise_removal import OPERATIONS, OperationChain, complete_operations
from darfix_core.workflow.replay import replay
from tests.contracts.cases import SlowSource

MEDIAN, MEAN = {"type": "subtract_background"}, {"type": "subtract_background", "method": "mean"}
THRESHOLD = {"type": "threshold", "bottom": 10.0}


@pytest.fixture
def scan(rng):
    frames = rng.poisson(30, (9, 12, 16)).astype(np.uint16)
    frames[4, 3, 5] = 900
    dataset = dc.Dataset.from_array(frames, {"mu": np.arange(9.0)})
    return dataset.replace(noise=dc.NoiseModel(gain=1.0, offset=0.0, read_noise=1.0))


@pytest.fixture
def source(scan):
    return SlowSource(np.asarray(scan.frames))


def steps_one_by_one(dataset, operations, inputs):
    for operation in operations:
        parameters = dict(operation)
        step = get_step(parameters.pop("type"))
        given = {name: inputs[name] for name in step.inputs if name in inputs}
        dataset = step(dataset, **given, **parameters)
    return dataset


@pytest.mark.parametrize(
    "operations",
    [
        [],
        [MEDIAN],
        [MEDIAN, {"type": "remove_hot_pixels", "kernel_size": 5}, THRESHOLD],
        [THRESHOLD, MEDIAN],
        [{"type": "remove_hot_pixels"}, {"type": "gradient_threshold"}, THRESHOLD],
        [{"type": "subtract_dark"}, {"type": "divide_flat"}, {"type": "apply_mask"}],
        [{"type": "apply_mask"}, {"type": "subtract_background", "source": "dataset"}],
    ],
)
def test_result_is_that_of_the_steps_one_by_one_bit_for_bit(scan, rng, operations):
    types = {operation["type"] for operation in operations}
    mask = np.zeros(scan.frame_shape, dtype=bool)
    mask[2:4, 5] = True
    known = {"mask": dc.Mask(mask)}
    known["dark"] = dc.Dataset.from_array(rng.poisson(2, (4, *scan.frame_shape)).astype(np.uint16))
    known["flat"] = dc.Dataset.from_array(rng.uniform(50, 60, (3, *scan.frame_shape)))
    if {"type": "subtract_background", "source": "dataset"} in operations:
        known["background"] = dc.Dataset.from_array(rng.poisson(20, (5, *scan.frame_shape)).astype(np.uint16))
    inputs = {name: value for name, value in known.items() if any(name in get_step(type).inputs for type in types)}
    dark = dc.Frames.from_array(rng.poisson(3, (4, *scan.frame_shape)).astype(np.uint16))
    scan = scan.replace(dark=dark)
    found = dc.noise_removal(scan, **inputs, operations=operations)
    expected = steps_one_by_one(scan, operations, inputs)
    assert found.frames.dtype == expected.frames.dtype
    assert found.frames[:].tobytes() == expected.frames[:].tobytes()
    assert np.array_equal(found.mask, expected.mask) if expected.mask is not None else found.mask is None
    assert repr(found.noise) == repr(expected.noise)


def test_median_background_is_removed_by_default(scan):
    assert np.array_equal(dc.noise_removal(scan).frames[:], dc.subtract_background(scan).frames[:])


def test_history_is_one_node_with_every_parameter_and_can_be_repeated(tmp_path, scan):
    dc.save_dataset(scan, path=tmp_path / "scan.h5")
    scan = dc.load(tmp_path / "scan.h5")
    found = dc.noise_removal(scan, operations=[MEAN, {**THRESHOLD, "enabled": False}])
    assert len(found.history.nodes) == len(scan.history.nodes) + 1
    first, second = found.history.nodes[found.history.head].parameters["operations"]
    assert first["method"] == "mean"
    assert set(first) == {"type", "enabled", *get_step("subtract_background").parameters.entries}
    assert (second["enabled"], second["top"]) == (False, None)
    again = replay(type(found.history).from_json(found.history.to_json()))
    assert np.array_equal(again.frames[:], found.frames[:])
    assert again.history.head == found.history.head


def test_mask_of_a_file_is_a_source_whose_place_is_known(tmp_path, scan, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mask = np.zeros(scan.frame_shape, dtype=bool)
    mask[2] = True
    np.save("mask.npy", mask)
    found = dc.noise_removal(scan, operations=[{"type": "apply_mask", "file": "mask.npy"}])
    assert np.array_equal(found.mask, mask)
    node = found.history.nodes[found.history.head]
    assert node.parameters["operations"][0]["file"] == str(tmp_path / "mask.npy")
    assert [file.path for file in node.sources] == [str(tmp_path / "mask.npy")]


@pytest.mark.parametrize(
    ("operation", "kind", "message"),
    [
        ({}, TypeError, r"operations, number 2, needs a 'type': one of subtract_background, "),
        ({"type": "thresholds"}, ValueError, r"number 2: there is no type 'thresholds'; did you mean 'threshold'\?"),
        ({"type": "moments"}, ValueError, r"number 2: there is no type 'moments'; there are: subtract_background"),
        ({"type": 3}, ValueError, r"number 2: there is no type '3'"),
        ({**THRESHOLD, "bottoms": 3.0}, TypeError, r"number 2 \(threshold\): .* 'bottoms'; did you mean 'bottom'\?"),
        ({**THRESHOLD, "bottom": "3"}, TypeError, r"number 2 \(threshold\): bottom must be .* got '3'"),
        ({**THRESHOLD, "enabled": 1}, TypeError, r"number 2 \(threshold\): enabled must be True or False, got 1"),
        ({**THRESHOLD, "enabled": False, "top": "x"}, TypeError, r"number 2 \(threshold\): top must be"),
        ({**THRESHOLD, "top": 5.0}, ValueError, r"number 2 \(threshold\): "),
        ({"type": "divide_flat"}, (TypeError, ValueError), r"number 2 \(divide_flat\): .*flat"),
        ({"type": "subtract_background", "source": "dark"}, ValueError, r"number 2 \(subtract_background\): .*dark"),
    ],
)
def test_wrong_operation_is_named_by_its_number(scan, operation, kind, message):
    with pytest.raises(kind, match=message):
        dc.noise_removal(scan, operations=[MEDIAN, operation])


def test_operation_that_is_not_enabled_is_left_out_but_counted(scan):
    off = {**MEDIAN, "enabled": False}
    assert np.array_equal(dc.noise_removal(scan, operations=[off]).frames[:], scan.frames[:])
    with pytest.raises(ValueError, match="number 2"):
        dc.noise_removal(scan, operations=[off, {"type": "subtract_background", "source": "dark"}])


def test_input_that_no_operation_uses_is_told(scan):
    with pytest.warns(dc.DarfixWarning, match="no operation uses the input background"):
        dc.noise_removal(scan, background=scan, operations=[THRESHOLD])


def test_frames_are_read_when_they_are_wanted(scan, source):
    lazy = dc.noise_removal(scan.replace(frames=dc.Frames(source)), operations=[THRESHOLD])
    assert source.read_pixels == 0
    lazy.frames[3]
    assert source.read_pixels == source.array[0].size


def test_operations_before_the_one_that_changes_are_not_computed_again(scan, source):
    chain, dataset = OperationChain(), scan.replace(frames=dc.Frames(source))

    def read_for(*operations):
        before = source.read_pixels
        result = chain(dataset, operations=complete_operations(operations))
        expected = dc.noise_removal(scan, operations=operations)
        read = source.read_pixels - before
        assert np.array_equal(result.frames[:], expected.frames[:])
        return read

    assert read_for(MEDIAN, THRESHOLD) == source.array.size
    assert read_for(MEDIAN, {**THRESHOLD, "bottom": 20.0}) == 0
    assert read_for(MEDIAN) == 0
    assert read_for({**MEDIAN, "enabled": False}, THRESHOLD) == 0
    assert read_for(MEDIAN, THRESHOLD) == 0
    assert read_for(THRESHOLD, MEDIAN) == source.array.size
    assert read_for(MEAN, THRESHOLD) == source.array.size


def test_mask_file_that_was_written_anew_is_read_again(tmp_path, scan):
    chain, file = OperationChain(), tmp_path / "mask.npy"
    operations = complete_operations([{"type": "apply_mask", "file": str(file)}])
    for time, masked in ((1_000_000_000, (2, 3)), (1_000_000_001, (5, 6))):
        mask = np.zeros(scan.frame_shape, dtype=bool)
        mask[masked] = True
        np.save(file, mask)
        os.utime(file, (time, time))
        assert np.array_equal(chain(scan, operations=operations).mask, mask)


def test_results_of_other_inputs_are_forgotten(scan):
    chain, operations = OperationChain(), complete_operations([MEDIAN])
    first = chain(scan, operations=operations)
    assert chain(scan, operations=operations) is first
    other = scan.replace(frames=dc.Frames.from_array(scan.frames[:] + 1))
    assert chain(other, operations=operations) is not first
    assert chain(scan, operations=operations) is not first


def test_warning_of_an_operation_names_it_also_when_its_result_is_remembered(scan, monkeypatch):
    def doubtful(dataset, **parameters):
        warn("very dark")
        return dataset

    monkeypatch.setitem(registry._steps, "threshold", replace(get_step("threshold"), function=doubtful))
    chain, operations = OperationChain(), complete_operations([{**MEDIAN, "enabled": False}, THRESHOLD])
    for _ in range(2):
        with collect_warnings() as messages:
            chain(scan, operations=operations)
        assert messages == ["operations, number 2 (threshold): very dark"]


def test_work_stops_when_it_is_cancelled(scan):
    with execution(cancelled=lambda: True), pytest.raises(dc.Cancelled):
        dc.noise_removal(scan, operations=[MEDIAN])


def test_command_line_takes_json(tmp_path, scan, capsys):
    dc.save_dataset(scan, path=tmp_path / "scan.h5")
    operations = [MEDIAN, {**THRESHOLD, "top": None, "enabled": False}]
    line = ["apply", "noise_removal", str(tmp_path / "scan.h5"), "--operations", json.dumps(operations)]
    assert main([*line, "-o", str(tmp_path / "clean.h5")]) == 0, capsys.readouterr().err
    found = dc.load(tmp_path / "clean.h5")
    assert np.array_equal(found.frames[:], dc.subtract_background(scan).frames[:])


def test_results_are_those_of_these_versions_of_the_operations():
    """A new version of an operation gives other results for the same list: raise the version of noise_removal, too.

    Its migration brings the parameters of that operation to the new version.
    """
    assert {type: get_step(type).version for type in OPERATIONS} == dict.fromkeys(OPERATIONS, 1)
