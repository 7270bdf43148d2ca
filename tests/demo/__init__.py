"""`make demo`: the main job, played against the fake GitHub with the real service."""
