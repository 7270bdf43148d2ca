"""Talks to GitHub: events, tokens, reads, writes and their limits."""
