"""Typed stand-ins, one for each edge of the project."""
