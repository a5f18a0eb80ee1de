"""Frozen data model: what the steps pass to each other. No input or output, no algorithms."""
