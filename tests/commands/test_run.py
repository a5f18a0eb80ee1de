from __future__ import annotations

import os
import signal

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.cli import main
from darfix_core.engine import registry


@pytest.fixture
def file(ows, flow, ones, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    return str(ows(flow.nodes, flow.links))


def test_nodes_on_stderr_and_files_on_stdout(file, capsys, tmp_path):
    assert main(["run", file, "--output", "out", "--threads", "1"]) == 0
    out, err = capsys.readouterr()
    assert out == f"wrote {tmp_path / 'out' / 'maps.h5'}\n"
    assert err.splitlines() == ["[1/4] Load", "[2/4] Crop", "[3/4] Sum", "[4/4] Save"]


def test_dry_run_opens_the_input_shows_the_plan_and_runs_nothing(file, calls, capsys, tmp_path):
    assert main(["run", file, "--dry-run", "--set", "Crop.rows=1", "--scan", "2.1"]) == 0
    out = capsys.readouterr().out
    assert len(calls) == 1
    assert "Load would read Dataset(" in out
    assert "  2  Crop (crop)\n       dataset from Load\n       rows = 1 px\n" in out
    assert "scan = '2.1'" in out
    assert f"reads  {tmp_path / 'ones.txt'}" in out
    assert f"writes {tmp_path / 'maps.h5'}" in out
    assert not (tmp_path / "maps.h5").exists()


def test_dry_run_finds_what_cannot_be_opened(file, capsys):
    assert main(["run", file, "--dry-run", "--scan", "broken"]) == 2
    assert "no scan 'broken'; there are: 1.1" in capsys.readouterr().err


def test_nodes_left_out_are_named(ows, flow, ones, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    nodes = [*flow.nodes, ("Loose", flow.nodes[1][1], {})]
    assert main(["run", str(ows(nodes, flow.links))]) == 0
    assert "left out: Loose: nothing is connected to its input 'Dataset'\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--set", "Crp.rows=2"], "no node 'Crp'; did you mean 'Crop'?"),
        (["--set", "Crop.row=2"], "node 'Crop' has no parameter 'row'; did you mean 'rows'?"),
        (["--set", "Crop.rows=two"], "node 'Crop': rows must be an integer of at least 1 or None, got 'two'"),
        (["--input", "nothing.txt"], "nothing.txt: no such file (node 'Load')"),
        (["--scan", "broken"], "node 'Load': no scan 'broken'; there are: 1.1"),
    ],
)
def test_errors_are_one_line_and_status_2(file, capsys, options, message):
    assert main(["run", file, *options]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("darfix-core: error: ")
    assert last.endswith(message)


def test_existing_output_is_kept(file, capsys, tmp_path):
    (tmp_path / "maps.h5").write_text("precious")
    assert main(["run", file]) == 2
    assert "maps.h5: exists already (node 'Save'); give --overwrite" in capsys.readouterr().err
    assert (tmp_path / "maps.h5").read_text() == "precious"
    assert main(["run", file, "--overwrite"]) == 0


def test_only_what_was_written_is_listed(file, capsys, monkeypatch, tmp_path):
    def saving(self, *args, **kwargs):
        result = original(self, *args, **kwargs)
        if self.id == "save_maps":
            (tmp_path / "maps_overview.png").unlink()
            (tmp_path / "maps_overview.png").touch()
        return result

    original = registry.Step.__call__
    monkeypatch.setattr(registry.Step, "__call__", saving)
    for name in ("overview", "mosaicity", "other"):
        (tmp_path / f"maps_{name}.png").write_text("made just now by something else")
    assert main(["run", file, "--overwrite"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"wrote {tmp_path / name}" for name in ("maps.h5", "maps_overview.png")
    ]


def test_warnings_name_the_node(file, capsys):
    assert main(["run", file, "--set", "Crop.label=warn"]) == 0
    assert "darfix-core: warning: Crop: few rows\n" in capsys.readouterr().err


def test_debug_shows_where_the_error_arose(file, capsys):
    assert main(["run", file, "--set", "Crop.label=bug", "--debug"]) == 2
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert "KeyError: 'oops'" in err
    assert err.splitlines()[-1].endswith("node 'Crop': KeyError: 'oops'")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupt_and_termination_cancel_in_order(file, capsys, monkeypatch, tmp_path, number, status):
    original = registry.Step.__call__

    def interrupted(self, *args, **kwargs):
        if self.id == "sum":
            os.kill(os.getpid(), number)
        return original(self, *args, **kwargs)

    monkeypatch.setattr(registry.Step, "__call__", interrupted)
    assert main(["run", file]) == status
    assert capsys.readouterr().err.splitlines()[-1] == "darfix-core: cancelled: no unfinished file is left"
    assert not (tmp_path / "maps.h5").exists()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_progress_bar_on_a_terminal(file, capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    assert main(["run", file, "--set", "Crop.label=warn"]) == 0
    err = capsys.readouterr().err
    assert "[4/4] Save" in err
    assert "darfix-core: warning: Crop: few rows" in err


def test_table_of_positions_is_read_by_the_only_node_that_reads(tmp_path, monkeypatch, capsys):
    tutorial = os.path.abspath("tutorials/rocking_curve.ows")
    monkeypatch.chdir(tmp_path)
    mu = np.linspace(0.0, 1.1, 12)
    np.save("stack.npy", np.ones((12, 3, 4)) * (1000 * np.exp(-(((mu - 0.5) / 0.15) ** 2)))[:, None, None])
    np.savetxt("motors.csv", mu, header="mu (deg)", comments="")
    command = ["run", tutorial, "--input", "stack.npy", "--output", "maps"]
    assert main(command) == 2
    assert "on the command line --positions motors.csv" in capsys.readouterr().err
    assert main([*command, "--positions", "no.csv"]) == 2
    assert f"{tmp_path / 'no.csv'}: no such file: a table of positions" in capsys.readouterr().err
    assert main([*command, "--positions", "motors.csv", "--dry-run"]) == 0
    assert f"reads  {tmp_path / 'motors.csv'}\n" in capsys.readouterr().out
    assert main([*command, "--positions", "motors.csv"]) == 0
    maps = dc.load_maps("maps/maps.h5")
    np.testing.assert_allclose(maps["mu/center_of_mass"], 0.5, atol=0.01)  # the curve is sampled at steps of 0.1
