from __future__ import annotations

import pytest

from darfix_core.engine.compiler import load_compiler
from darfix_core.engine.execution import execution
from darfix_core.errors import Cancelled


def test_loading_is_looked_at_between_the_pieces():
    asked = iter([False, False, True])
    with execution(cancelled=lambda: next(asked)), pytest.raises(Cancelled):
        load_compiler()
    assert next(asked, "asked three times") == "asked three times"
