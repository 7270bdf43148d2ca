"""Decides what to do about an issue. Pure: the issue, templates, policy, history and time come in; a Plan comes out."""
