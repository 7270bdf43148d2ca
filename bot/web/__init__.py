"""Serves the webhook, the setup page, health and metrics."""
