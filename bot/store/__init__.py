"""What the bot must not forget: deliveries, lanes, the issue mirror, its history, the journal."""
