import itertools

import matplotlib.image
import numpy as np
import pytest

from darfix_core.engine.execution import execution
from darfix_core.errors import Cancelled, OutputExistsError
from darfix_core.figures.files import files_to_write, save_figures
from darfix_core.model.maps import Map, Maps
from tests.synthetic_maps import synthetic_maps


def test_overview_and_mosaicity_stand_beside_the_maps(tmp_path):
    paths = save_figures(synthetic_maps(), tmp_path / "new" / "maps.of.today")
    assert [path.name for path in paths] == ["maps.of.today_overview.png", "maps.of.today_mosaicity.png"]
    for path in paths:
        assert np.ptp(matplotlib.image.imread(path)[..., :3]) == 1


def test_maps_of_one_motor_have_no_mosaicity(tmp_path):
    paths = save_figures(synthetic_maps(motors=("mu",)), tmp_path / "maps")
    assert [path.name for path in paths] == ["maps_overview.png"]


def test_maps_of_colors_alone_have_no_overview(tmp_path):
    assert save_figures(Maps({"colors": Map(np.zeros((2, 2, 3)))}), tmp_path / "maps") == []


def test_existing_picture_is_kept_unless_asked(tmp_path):
    (tmp_path / "maps_mosaicity.png").write_text("old")
    with pytest.raises(OutputExistsError, match="maps_mosaicity"):
        save_figures(synthetic_maps(), tmp_path / "maps")
    assert len(list(tmp_path.iterdir())) == 1
    assert len(save_figures(synthetic_maps(), tmp_path / "maps", overwrite=True)) == 2


@pytest.mark.parametrize("name", ["maps.of.today.nxs", "maps.h5"])
def test_files_are_known_before_there_are_maps(tmp_path, name):
    maps, *pictures = files_to_write(tmp_path / name)
    assert maps == tmp_path / name
    assert pictures == save_figures(synthetic_maps(), (tmp_path / name).with_suffix(""))


@pytest.mark.parametrize("n", [0, 1, 5, 20, 40, 60])
def test_cancelling_is_looked_for_all_the_time(tmp_path, n):
    asked = itertools.count()
    with execution(cancelled=lambda: next(asked) == n), pytest.raises(Cancelled):
        save_figures(synthetic_maps(), tmp_path / "maps")
    assert list(tmp_path.iterdir()) == []


def test_path_of_the_files_is_checked():
    with pytest.raises(ValueError, match="path must end in"):
        files_to_write("maps.png")
