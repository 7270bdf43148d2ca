"""A line below a cell that says where the run is."""

from __future__ import annotations

import html
import sys

from autolog import uris
from autolog.runs import Run


def say_where(run: Run) -> None:
    """In a notebook: a link to the run where its tracking server has pages, else the run's id. Elsewhere nothing."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is None or "IPKernelApp" not in shell.config:
        return
    from IPython.display import HTML, display

    page = run.page()
    if page is not None:
        display(HTML(f'autolog: <a href="{html.escape(page)}" target="_blank">this run in MLflow</a>'))
    else:
        place = html.escape(uris.public(run.box.uri))
        display(HTML(f"autolog: run <code>{run.run_id or 'to be made'}</code> in <code>{place}</code>"))
