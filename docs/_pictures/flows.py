"""Workflows that hold every step, so that its window can be photographed."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np

import darfix_core as dc
from _pictures.panels import CROP
from _pictures.scenes import aperture, drifting_crystal, faint_scene, uneven_detector
from darfix_core.engine.registry import get_step
from darfix_core.engine.step_inputs import channel_name
from darfix_core.io.mask_file import write_mask
from darfix_core.workflow.demo import tutorial_file
from darfix_core.workflow.ows import write_changed

#: Steps that the tutorial lacks; they get the dataset from Background Subtraction, or as `OF_RAW_FRAMES` from before.
BESIDE_TUTORIAL = {
    "select_frames": "{'ranges': {'mu': (-0.1, 0.15), 'chi': (None, 0.2)}, '__version__': 1}",
    "partition": "{'__version__': 1}",
    "binning": "{'__version__': 1}",
    "normalise": "{'__version__': 1}",
    "projection": "{'__version__': 1}",
    "z_sum": "{'__version__': 1}",
    "scan_quality": "{'__version__': 1}",
    "noise_removal": "{'operations': ({'type': 'subtract_background'}, {'type': 'threshold', 'bottom': 20.0}), "
    "'__version__': 1}",
    "weak_beam": "{'n_sigma': 0.5, '__version__': 1}",
    "persist": "{'__version__': 1}",
    "load_dataset": "{'path': 'saved.h5', '__version__': 1}",
    "concatenate": "{'along': 'energy', 'values': (17.0, 17.1), '__version__': 1}",
    "apply_mask": "{'file': 'mask.npy', '__version__': 1}",
    "data_copy": "{'path': 'copy.h5', 'order': 'pixel', '__version__': 1}",
    "save_dataset": "{'path': 'dataset.h5', '__version__': 1}",
}
OF_RAW_FRAMES = ("scan_quality", "noise_removal")
_BACKGROUND_NODE, _RAW_NODE = "3", "2"
#: Steps around the shift of a scan that drifts, with their settings.
AROUND_SHIFT = {
    "load": "{'path': 'drifting.h5', '__version__': 1}",
    "shift_correction": "{'__version__': 1}",
    "save_shift": "{'path': 'found.txt', '__version__': 1}",
    "load_shift": "{'path': 'drift.txt', '__version__': 1}",
}
#: Steps that clean the scene with faint lines.
CLEANING = {
    "load": "{'path': 'faint.h5', '__version__': 1}",
    "remove_hot_pixels": "{'__version__': 1}",
    "threshold": "{'bottom': 30.0, '__version__': 1}",
    "gradient_threshold": "{'bottom': 30.0, 'min_gradient': 6.0, '__version__': 1}",
}
#: Nodes of the tutorial whose datasets are put together.
SEVERAL = ("1", "2")


def write_tutorial_flow(scan_file: Path, name: str = "mosaicity.ows") -> Path:
    """The tutorial on the demo scan, beside its file."""
    flow = scan_file.parent / name
    changes = {"Data Selection": {"path": scan_file.name}, "Save Maps": {"path": "maps.h5"}}
    write_changed(tutorial_file("mosaicity.ows"), flow, changes)
    return flow


def write_extended_flow(scan_file: Path) -> Path:
    """The tutorial with the steps that it lacks, on the demo scan, beside its files."""
    folder, scan = scan_file.parent, dc.load(scan_file, scan="1.1")
    flow = write_tutorial_flow(scan_file, "extended.ows")
    add_nodes(flow, BESIDE_TUTORIAL, {dc.Dataset: (_BACKGROUND_NODE, "Dataset")})
    write_mask(folder / "mask.npy", aperture(scan.frame_shape))
    dc.save_dataset(dc.roi(scan, origin=CROP[0], shape=CROP[1]), path=folder / "saved.h5")
    return flow


def write_shift_flow(folder: Path) -> Path:
    """Workflow around the shift of a crystal that drifts, beside its files."""
    drifting, drift = drifting_crystal()
    dc.save_dataset(drifting, path=folder / "drifting.h5")
    dc.save_shift(drift, path=folder / "drift.txt")
    flow = empty_flow(folder / "shift.ows")
    add_nodes(flow, AROUND_SHIFT, {})
    return flow


def write_detector_flow(scan_file: Path) -> Path:
    """Workflow of the demo scan as an uneven detector would record it, with dark frames and a flat field."""
    folder, scan = scan_file.parent, dc.load(scan_file, scan="1.1")
    rng, (level, response) = np.random.default_rng(6), uneven_detector(scan.frame_shape)
    dark = dc.Frames.from_array(rng.poisson(level, (20, *scan.frame_shape)).astype(np.uint16))
    frames = (scan.frames[:] * response + rng.poisson(level, scan.frames.shape)).astype(np.uint16)
    light = rng.poisson(8000 * response + level, dark.shape).astype(np.uint16)
    dc.save_dataset(scan.replace(frames=dc.Frames.from_array(frames), dark=dark), path=folder / "uneven.h5")
    dc.save_dataset(dc.Dataset(dc.Frames.from_array(light), dark=dark), path=folder / "flat.h5")
    flow = empty_flow(folder / "detector.ows")
    add_nodes(flow, {"load": "{'path': 'uneven.h5', '__version__': 1}", "subtract_dark": "{'__version__': 1}"}, {})
    add_nodes(flow, {"load": "{'path': 'flat.h5', '__version__': 1}"}, {})
    add_nodes(flow, {"divide_flat": "{'__version__': 1}"}, {dc.Dataset: ("1", "Dataset"), "flat": ("2", "Dataset")})
    return flow


def write_cleaning_flow(folder: Path) -> Path:
    """Workflow of a scan of the scene with faint lines, with some hot pixels, and the steps that clean it."""
    rng, mu, light = np.random.default_rng(7), np.linspace(-0.2, 0.2, 9), faint_scene()
    frames = light * np.exp(-((mu / 0.1) ** 2))[:, None, None] + rng.normal(0, 7, (mu.size, *light.shape))
    frames[:, rng.random(light.shape) < 2e-3] += 250
    scan = dc.Dataset.from_array(frames.astype(np.float32), {"mu": mu}).replace(noise=dc.NoiseModel(1.0, 0.0, 7.0))
    dc.save_dataset(scan, path=folder / "faint.h5")
    flow = empty_flow(folder / "cleaning.ows")
    add_nodes(flow, CLEANING, {})
    return flow


def empty_flow(path: Path) -> Path:
    """A workflow without any steps."""
    path.write_text('<scheme version="2.0"><nodes/><links/><node_properties/></scheme>')
    return path


def add_nodes(flow: Path, settings: dict[str, str], sources: dict[type | str, tuple[str, str]]) -> None:
    """Add steps to a workflow, with the wires that they need.

    Parameters
    ----------
    flow : Path
    settings : dict
        Step -> settings of its widget.
    sources : dict
        Type or name of an input -> node and channel that it comes from; the first new node that gives the type where
        none is stated.
    """
    tree, sources = ElementTree.parse(flow), dict(sources)
    nodes, links, properties = (tree.find(name) for name in ("nodes", "links", "node_properties"))
    for number, (id, text) in enumerate(settings.items()):
        step, node_id = get_step(id), str(len(nodes))
        name = {"name": step.title, "title": step.title, "qualified_name": step.widget, "version": ""}
        place = f"({720 + 150 * number}.0, 320.0)"
        ElementTree.SubElement(nodes, "node", id=node_id, project_name="darfix-core", position=place, **name)
        for entry in step.inputs.values():
            if entry.optional:
                continue
            source, channel = sources.get(entry.name, sources[entry.kind])
            if id in OF_RAW_FRAMES:
                source = _RAW_NODE
            for giver in SEVERAL if entry.many else (source,):
                ends = {"source_node_id": giver, "sink_node_id": node_id, "enabled": "true"}
                channels = {"source_channel": channel, "sink_channel": entry.channel}
                ElementTree.SubElement(links, "link", id=str(len(links)), **ends, **channels)
        for output, kind in step.outputs.items():
            sources.setdefault(kind, (node_id, channel_name(output)))
        ElementTree.SubElement(properties, "properties", node_id=node_id, format="literal").text = text
    tree.write(flow, encoding="utf-8", xml_declaration=True)
