"""The wheel and the source distribution: what they hold, and that they work where they are installed."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(path.name for path in (ROOT / "docs" / "steps").glob("*.md"))
PICTURES = sorted(f"pictures/{path.name}" for path in (ROOT / "docs" / "steps" / "pictures").glob("*.png"))
ICONS = sorted(path.name for path in (ROOT / "icons").glob("*.svg"))
TUTORIALS = sorted(path.name for path in (ROOT / "tutorials").glob("*.ows"))

CHECK = """
import sys
sys.path.insert(0, {folder!r})
from importlib.metadata import Distribution, distributions
from importlib.resources import files

found = next(d for d in distributions(path=[{folder!r}]) if d.metadata["Name"] == "darfix-core")
points = {{(point.group, point.value) for point in found.entry_points}}
assert ("console_scripts", "darfix_core.cli:main") in points, points
assert ("orange.widgets", "orangecontrib.dfxm.widgets") in points, points
assert ("orange.canvas.help", "orangecontrib.dfxm.help:WIDGET_INDEX") in points, points
assert ("orange.widgets.tutorials", "orangecontrib.dfxm.tutorials") in points, points
assert ("orangecanvas.examples", "orangecontrib.dfxm.tutorials") in points, points
assert ("ewoks.tasks.class", "darfix_core") in points, points
assert any(group == "orange3.addon" for group, _ in points), points

import darfix_core
assert darfix_core.__file__.startswith({folder!r}), darfix_core.__file__
for package, names in (("icons", {icons!r}), ("tutorials", {tutorials!r}), ("help_pages", {pages!r})):
    folder = files("orangecontrib.dfxm." + package)
    assert str(folder).startswith({folder!r}), folder
    for name in names:
        assert (folder / name).is_file(), name
from pathlib import Path
from orangecontrib.dfxm.help.html import write_pages
page = write_pages(Path({folder!r}) / "help").with_name("roi.html").read_text(encoding="utf8")
assert (Path({folder!r}) / "orangecontrib/dfxm/help_pages/pictures/roi.png").as_uri() in page
from darfix_core import cli
assert cli.main(["--version"]) in (0, None)
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    source = tmp_path_factory.mktemp("source") / "darfix-core"
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False).stdout
    names = [name for name in tracked.decode().split("\0") if name and (ROOT / name).is_file()]
    if not names:
        pytest.skip("not a git checkout: the files of the distribution are not known")
    for name in names:
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(source)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return folder


def test_there_are_icons_and_tutorials():
    assert ICONS
    assert TUTORIALS


def test_source_distribution_is_complete(built):
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    wanted = {"setup.py", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "darfix_core/py.typed"}
    wanted |= {f"icons/{name}" for name in ICONS} | {f"tutorials/{name}" for name in TUTORIALS}
    assert wanted <= names


def test_wheel_holds_no_tests(built):
    with zipfile.ZipFile(next(built.glob("*.whl"))) as archive:
        tops = {name.split("/")[0] for name in archive.namelist() if ".dist-info" not in name}
        assert "orangecontrib/__init__.py" not in archive.namelist()
    assert tops == {"darfix_core", "orangecontrib"}


@pytest.mark.parametrize("kind", ["*.whl", "*.tar.gz"])
def test_installed_distribution_works(built, tmp_path, kind):
    archive = next(built.glob(kind))
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*install, "--target", str(tmp_path), str(archive)], check=True, capture_output=True, timeout=300)
    code = CHECK.format(folder=str(tmp_path), icons=ICONS, tutorials=TUTORIALS, pages=[*PAGES, *PICTURES])
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
