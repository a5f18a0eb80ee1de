import itertools
import json
import re

import numpy as np
import pytest

import darfix_core as dc
from benchmarks import __main__ as command
from benchmarks import harness, stock, table
from benchmarks.row import Conditions, Measured, Result, Row

pytestmark = pytest.mark.usefixtures("swift_collection")


def test_pairs_take_turns_and_the_first_is_not_counted():
    calls = []
    row = Row("x", lambda: calls.append("ours"), lambda: calls.append("other"), before=lambda: calls.append("before"))
    result = harness.measure(row, repeats=3)
    assert (len(result.ours), len(result.other), result.unit) == (3, 3, "s")
    assert [call for call in calls if call != "before"] == ["other", "ours", "ours", "other"] * 2
    assert calls[::2] == ["before"] * 8


def test_figures_that_a_row_finds_itself_are_taken():
    figures = iter([100.0, 1.0, 2.0, 3.0])
    result = harness.measure(Row("x", lambda: Measured(next(figures), "MB")), repeats=3)
    assert (result.ours, result.other, result.unit) == ([1.0, 2.0, 3.0], [], "MB")


def test_ratio_is_that_of_the_pairs():
    # The machine becomes ten times slower: the ratio of each pair stays.
    result = Result("x", "s", [1.0, 10.0, 100.0], [2.0, 20.0, 200.0], "numpy", ratio=1.9)
    assert result.ratios == [2.0, 2.0, 2.0]
    cells = [cell.strip() for cell in table.line(result).strip("|").split("|")]
    assert cells == [
        *["x", "10 s", "5.5 s - 55 s", "20 s (numpy)", "11 s - 110 s"],
        *["2.00", "2.00 - 2.00", "ratio >= 1.9", "yes"],
    ]
    assert table.line(result).count("|") == table.HEADING.splitlines()[0].count("|")


@pytest.mark.parametrize(
    ("aims", "met"),
    [
        ({}, None),
        ({"most": 3.0}, True),
        ({"most": 1.0}, False),
        ({"ratio": 2.0}, True),
        ({"most": 1.0, "ratio": 2.0}, False),
    ],
)
def test_aims(aims, met):
    assert table.met(Result("x", "s", [2.0], [4.0], "numpy", **aims)) is met


def test_row_without_another_way():
    line = table.line(Result("x", "s", [0.012, 0.012, 0.013], most=0.02))
    assert line == "| x | 12 ms | 12 ms - 12.5 ms |  |  |  |  | <= 20 ms | yes |"


def test_figures_come_back_from_json():
    results = [Result("x", "MB", [1.0], [2.0], "numpy", most=3.0), Result("y", "s", [1.0])]
    machine, again = table.from_json(table.to_json(table.machine(), results))
    assert again == results
    assert machine["versions"]["numpy"] == np.__version__


def test_comparison_tells_changes_from_noise():
    def results(*figures):
        return [Result(name, "s", list(ours)) for name, ours in zip("abc", figures, strict=False)]

    text = table.comparison(
        results((1, 1.1, 1.2), (1, 1.1, 1.2), (1, 1.1, 1.2)), results((2, 2.1), (1, 1.2), (0.5, 0.6))
    )
    assert [line.rsplit("|", 2)[1].strip() for line in text.splitlines()[2:]] == ["worse", "same", "better"]


def test_numpy_gives_the_same_moments(mosaicity_dataset):
    maps, motors = dc.moments(mosaicity_dataset), ["chi", "mu"]
    expected = stock.moments(mosaicity_dataset.frames[:], [mosaicity_dataset.positions[name] for name in motors])
    np.testing.assert_allclose(maps["intensity"], expected["intensity"], rtol=1e-6)
    for number, name in enumerate(motors):
        variance = expected[f"variance_{number}"]
        # float32 against float64
        np.testing.assert_allclose(maps[f"{name}/center_of_mass"], expected[f"center_of_mass_{number}"], atol=1e-6)
        np.testing.assert_allclose(maps[f"{name}/fwhm"], np.sqrt(8 * np.log(2) * variance), rtol=1e-3)
        np.testing.assert_allclose(maps[f"{name}/kurtosis"], expected[f"fourth_{number}"] / variance**2 - 3, atol=1e-3)
    np.testing.assert_allclose(maps["chi,mu/covariance"], expected["covariance"], atol=1e-6)


@pytest.fixture
def few_rows(monkeypatch):
    """A single group of two rows instead of the real ones, and one on demand."""
    made = []

    def rows(conditions: Conditions):
        made.append(conditions)
        (conditions.folder / "file").touch()
        yield Row("first thing", lambda: sum(range(100)), lambda: sum(range(200)), "python", repeats=2)
        yield Row("second thing", lambda: None, repeats=2)

    def big(conditions: Conditions):
        yield Row(f"{conditions.size} bytes", lambda: None, repeats=1)

    monkeypatch.setattr(command, "groups", lambda: {"few": rows, "big": big})
    return made


def test_table_and_figures_are_written(few_rows, tmp_path, capsys):
    assert command.main(["--output", str(tmp_path / "table.md"), "--folder", str(tmp_path / "work")]) == 0
    text = (tmp_path / "table.md").read_text()
    assert text == capsys.readouterr().out
    assert re.search(r"^Measured on .* cores, .* GB, .*; load at the start", text)
    assert [line.split(" | ")[0] for line in text.splitlines()[-2:]] == ["| first thing", "| second thing"]
    figures = json.loads((tmp_path / "table.json").read_text())
    assert [len(one["ours"]) for one in figures["results"]] == [2, 2]
    assert list((tmp_path / "work").iterdir()) == []
    assert command.main(["--compare", str(tmp_path / "table.json"), "first"]) == 0
    assert "Since table.json:" in capsys.readouterr().out


def test_words_choose_rows_and_groups(few_rows, capsys):
    assert command.main(["second"]) == 0
    assert "first thing" not in capsys.readouterr().out
    assert command.main(["nothing"]) == 2
    assert command.main(["big", "--size", "1.5GB"]) == 0
    assert "1500000000 bytes" in capsys.readouterr().out


def test_each_module_of_rows_is_a_group():
    assert {"big", "canvas", "moments", "reading", "start"} <= set(harness.groups())


def test_big_scan_is_read_and_computed_in_processes_of_their_own(monkeypatch, tmp_path):
    from benchmarks import rows_big

    monkeypatch.setattr(rows_big, "_SIDE", 64)
    time, memory = itertools.islice(rows_big.rows(Conditions(tmp_path, 0)), 2)
    time.before()
    for row in (time, memory):
        assert row.ours().value > 0
    assert (time.other().unit, memory.other().unit) == ("s", "MB")


def test_frames_of_the_big_scan_all_differ(monkeypatch):
    from benchmarks import rows_big

    monkeypatch.setattr(rows_big, "_SIDE", 64)
    frames = [block[0] for block in rows_big.noisy_blocks(24, np.linspace(-1, 1, 24))]
    assert len({frame.tobytes() for frame in frames}) == 24
    assert np.ptp([frame.mean() for frame in frames]) > 10
