"""Keeps what must survive a restart: deliveries, the issue mirror, history and the journal."""
