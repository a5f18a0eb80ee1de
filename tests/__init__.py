"""Tests of darfix-core; the folders mirror the packages."""
