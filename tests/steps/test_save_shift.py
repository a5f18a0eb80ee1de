"""Shifts are written whole, under names that tell what they are."""

from __future__ import annotations

import numpy as np
import pytest

import darfix_core as dc
from darfix_core.errors import OutputExistsError


def test_other_endings_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"path must end in \.txt, \.csv, \.dat, got .*shift\.h5"):
        dc.save_shift(dc.Shift(np.zeros((2, 2))), path=tmp_path / "shift.h5")


def test_existing_file_is_replaced_only_when_asked(tmp_path):
    path = tmp_path / "new" / "shift.txt"
    dc.save_shift(dc.Shift(np.zeros((2, 2))), path=path)
    with pytest.raises(OutputExistsError, match=r"shift\.txt: exists already"):
        dc.save_shift(dc.Shift(np.ones((2, 2))), path=path)
    dc.save_shift(dc.Shift(np.ones((2, 2))), path=path, overwrite=True)
    np.testing.assert_array_equal(dc.load_shift(path).values, 1)
