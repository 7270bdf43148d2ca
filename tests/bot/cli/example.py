"""A small form, and an issue filed through it without its version."""

from __future__ import annotations

FORM = """\
name: Bug report
description: Something is wrong
labels: [bug]
body:
- type: textarea
  attributes: {label: What happened}
  validations: {required: true}
- type: input
  attributes: {label: Version}
  validations: {required: true}
"""
INCOMPLETE = "### What happened\n\nIt broke\n\n### Version\n\n_No response_\n"
