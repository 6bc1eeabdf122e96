"""Mappers and a connection's choices."""
