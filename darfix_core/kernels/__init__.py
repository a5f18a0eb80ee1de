"""Numba loops over arrays: no classes, no files. Serial; the engine runs them in several threads."""
