"""The engine room: takes deliveries in, and brings each repository's issues to where they should be."""
