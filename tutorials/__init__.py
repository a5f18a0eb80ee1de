"""Workflows of the Tutorials menu."""
