from __future__ import annotations

import json

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.cli import main
from darfix_core.commands.check import BAD
from tests.bliss_files import small_stack, write_scan
from tests.steps.quality_scans import Scan


@pytest.fixture(scope="module")
def scan():
    scan = Scan(np.random.default_rng(5), "pedestal", size=40)
    scan.pedestal = 2 * scan.peak
    return scan


def written(path, scan, counts):
    positions = {
        name: 0.01 * (label + off) for name, label, off in zip(scan.names, scan.labels, scan.jitter, strict=True)
    }
    return write_scan(path, np.rint(np.clip(counts, 0, 65535)).astype(np.uint16), positions, units={"mu": "deg"})


@pytest.fixture(scope="module")
def file(scan, tmp_path_factory):
    return written(tmp_path_factory.mktemp("check") / "scan.h5", scan, scan.counts(scan.light()))


def test_verdicts_are_shown_with_what_helps(file, capsys):
    assert main(["check", str(file)]) == BAD
    out = capsys.readouterr().out
    assert out.splitlines()[0].startswith(f"{file}: ")
    assert ["pedestal", "bad"] in [line.split()[:2] for line in out.splitlines()]
    assert "Step that helps: subtract_background." in " ".join(out.split())


def test_exit_status_of_a_scan_that_is_not_bad_is_0(scan, tmp_path, capsys):
    file = written(tmp_path / "clean.h5", scan, scan.counts(scan.light()) - scan.pedestal)
    assert main(["check", str(file)]) == 0
    assert "bad" not in capsys.readouterr().out


def test_json_is_plain(file, capsys):
    assert main(["check", str(file), "--json"]) == BAD
    report = json.loads(capsys.readouterr().out)
    assert report["file"] == str(file)
    assert report["verdict"] == "bad"
    assert report["checks"][0]["check"] == "pedestal"
    assert report["checks"][0]["helps"] == "subtract_background"


@pytest.mark.parametrize("ending", ["png", "pdf", "json"])
def test_page_is_written_and_not_overwritten_unasked(file, tmp_path, capsys, ending):
    page = tmp_path / f"page.{ending}"
    assert main(["check", str(file), "-o", str(page)]) == BAD
    assert f"wrote {page}" in capsys.readouterr().out
    assert page.stat().st_size > 1000
    assert main(["check", str(file), "-o", str(page)]) == 2
    assert "exists already" in capsys.readouterr().err
    assert main(["check", str(file), "-o", str(page), "--overwrite"]) == BAD


def test_mask_of_the_bad_pixels_is_written_as_apply_mask_takes_it(file, tmp_path, capsys):
    mask = tmp_path / "bad.npy"
    assert main(["check", str(file), "--mask", str(mask)]) == BAD
    assert f"wrote {mask}" in capsys.readouterr().out
    expected = dc.scan_quality(dc.define_dimensions(dc.load(file)))[1]
    np.testing.assert_array_equal(dc.apply_mask(dc.load(file), file=str(mask)).mask, expected.values)
    assert main(["check", str(file), "--mask", "bad.h5"]) == 2
    assert "bad.h5: must end in" in capsys.readouterr().err


def test_several_files_are_checked_one_by_one(file, capsys):
    assert main(["check", str(file), str(file), "--json"]) == BAD
    assert len(json.loads(capsys.readouterr().out)["scans"]) == 2
    assert main(["check", str(file), str(file), "-o", "page.pdf"]) == 2
    assert "takes what was found in one scan, got 2 files" in capsys.readouterr().err


def test_other_endings_are_refused_before_the_work(file, capsys):
    assert main(["check", str(file), "-o", "page.txt"]) == 2
    assert "page.txt: must end in .png, .pdf, .svg or .json" in capsys.readouterr().err


def test_scan_without_dimensions_is_checked_as_far_as_it_goes(tmp_path, capsys):
    file = write_scan(tmp_path / "still.h5", small_stack(4), {"mu": [1.0] * 4})
    assert main(["check", str(file)]) in (0, BAD)
    captured = capsys.readouterr()
    assert "what needs them is not checked" in captured.err
    assert "positioner jitter, not checked" in captured.out
