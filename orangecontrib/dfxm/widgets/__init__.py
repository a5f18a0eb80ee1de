"""Widgets of the DFXM category."""
