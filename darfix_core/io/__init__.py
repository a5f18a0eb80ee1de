"""Readers of scans and writers of results."""
