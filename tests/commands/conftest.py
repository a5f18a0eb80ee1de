"""The small steps of the workflow tests serve the commands too."""

from tests.workflow.conftest import calls, flow, ones, ows

__all__ = ["calls", "flow", "ones", "ows"]
