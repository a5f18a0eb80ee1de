"""Saved workflows: reading them, running them without a canvas."""
