"""Puts a Report into the forms in which people and programs read it: Markdown, HTML, CSV and JSON."""
