"""Runs the lanes: takes stored deliveries, decides, and carries the plans out."""
