"""Connectors against recorded answers and real HTTP servers."""
