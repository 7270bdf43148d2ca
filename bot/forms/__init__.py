"""Issue templates and the bodies filed through them: load, recognise, parse, check. Pure: no network, files or clock."""
