"""Figures of maps and curves, drawn with matplotlib without a screen."""
