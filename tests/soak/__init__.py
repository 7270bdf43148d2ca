"""A long bad day: `make soak`."""
