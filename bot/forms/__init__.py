"""Issue templates and the bodies filed through them: load, recognise, parse, check. Pure: no I/O or clock."""
