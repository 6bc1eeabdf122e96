"""Tieout's tests: one folder per package of the source, and beside them what holds for the whole tree."""
