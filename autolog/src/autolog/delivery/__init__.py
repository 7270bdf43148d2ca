"""From memory to the tracking server: buffer, journal on disk, sender.

What is logged goes into a `Buffer` in memory, which costs the training an append. A flusher thread writes it to a
`Journal` on disk each second; a sender thread delivers the journal in order, in `log_batch` calls within MLflow's
limits, and notes how far it came. Whatever the server or the process does, the undelivered rest of the journal is the
spool, which the next run or `autolog sync` delivers.
"""
