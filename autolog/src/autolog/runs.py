"""The run that a training logs to: the active one, or one of our own."""

from __future__ import annotations

import functools
import re
import time
import uuid
import weakref
from collections.abc import Callable, Mapping
from typing import Any

from autolog import uris
from autolog.chief import is_chief
from autolog.delivery import outbox as outboxes
from autolog.delivery.outbox import Outbox
from autolog.delivery.records import KEY_LENGTH, batches
from autolog.options import Options
from autolog.outcome import tell

START_SECONDS = 5.0
"""How long the start of a training waits for a server to make a run. Then it starts, and the run is made later."""
LOCAL_START_SECONDS = 60.0
"""The same for a store on this machine, whose tables may have to be made first."""
PARAM_LENGTH = 6000
TAG_LENGTH = 8000
"""MLflow's limits: https://mlflow.org/docs/latest/rest-api.html"""

_UNUSABLE = re.compile(r"[^\w\-. /]")
_histories: dict[str, RunHistory] = {}
under_way: dict[int, Run] = {}
"""Thread -> the run of the training that goes on in it, for what is logged beside that training."""
before_end: list[Callable[[Run], None]] = []
"""Called before the run of a training ends, by whoever may still have something for it. Must not raise."""


class RunHistory:
    """What was logged to a run by earlier trainings, so that a later one does not collide with it."""

    def __init__(self) -> None:
        self.params: dict[str, str] = {}
        self.fits = 0
        self.next_epoch = 0
        self.next_step = 0


def status_of(error: type[BaseException] | None) -> str:
    """MLflow's word for a run whose training ended by an exception of this kind, or by none."""
    if error is None:
        return "FINISHED"
    return "KILLED" if issubclass(error, KeyboardInterrupt) else "FAILED"


def milliseconds() -> int:
    """Now, as MLflow counts time: milliseconds since 1970."""
    return time.time_ns() // 1_000_000


@functools.lru_cache(maxsize=4096)
def usable(key: str) -> str:
    """`key` as MLflow takes it: https://mlflow.org/docs/latest/tracking.html, letters, digits and `_-. /`.

    As MLflow may make a path of it, it must read the same as one: without empty parts, `.` and `..`.
    """
    parts = _UNUSABLE.sub("_", key)[:KEY_LENGTH].split("/")
    name = "/".join(part for part in parts if part.strip(" .")).strip() or "_"
    return f"__{name[2:]}" if name.startswith("..") else name


class Run:
    """Takes what is to be logged, at once and without a word to the server."""

    def __init__(self, box: Outbox, token: str, options: Options, *, own: bool) -> None:
        self.box = box
        self.token = token
        self.options = options
        self.own = own
        """Whether it is ours to end."""
        self._activated: str | None = None
        self._ended = False
        if own:
            self.history = RunHistory()
        else:
            self.history = _histories.setdefault(token, RunHistory())
        self._fit: int | None = None
        """Which of the run's trainings this is, counted from 1."""

    @property
    def run_id(self) -> str | None:
        """The server's id; None as long as the server has not made it."""
        if not self.own:
            return self.token
        return self.box.journal.state.runs.get(self.token)

    def metric(self, key: str, value: Any, step: int, timestamp: int | None = None) -> None:
        """One value: a number, or what `float` makes one of when it is written."""
        self.box.metric(self.token, usable(key), value, timestamp or milliseconds(), step)

    def params(self, values: Mapping[str, object]) -> None:
        """Names and values. Where this run has another value by the same name, it goes beside it as `fit_2/name`."""
        texts: dict[str, str] = {}
        if self._fit is None:  # what is no training, such as a scalar's summary, logs no params
            self.history.fits += 1
            self._fit = self.history.fits
        for key, value in values.items():
            name, text = usable(key), _text(value, PARAM_LENGTH)
            if self.history.params.get(name, text) != text:
                name = usable(f"fit_{self._fit}/{name}")
            texts[name] = text
        self.history.params |= texts
        self._batches(params=texts)

    def tags(self, values: Mapping[str, object]) -> None:
        self._batches(tags={usable(key): _text(value, TAG_LENGTH) for key, value in values.items()})

    def _batches(self, params: Mapping[str, str] | None = None, tags: Mapping[str, str] | None = None) -> None:
        for batch in batches(params=(params or {}).items(), tags=(tags or {}).items()):
            self.box.record(batch.record(self.token))

    def text(self, name: str, content: str) -> None:
        """A text as an artifact."""
        path = self.box.journal.place_for(name)
        path.write_text(content, encoding="utf-8")
        self.file(path)

    def file(self, path: Any, folder: str | None = None) -> None:
        """A file as an artifact, in `folder` of the run; it must lie where `box.journal.place_for` said."""
        self.box.record({"run": self.token, "file": self._relative(path), "to": folder})

    def model(self, path: Any, step: int) -> None:
        """A folder in MLflow's model format as the run's model."""
        self.box.record({"run": self.token, "model": self._relative(path), "name": "model", "step": step})

    def _relative(self, path: Any) -> str:
        return str(path.relative_to(self.box.journal.folder).as_posix())

    def end(self, status: str) -> None:
        """Close it if it is ours (`FINISHED`, `FAILED` or `KILLED`), and take it off MLflow's stack."""
        for late in before_end:
            late(self)
        if not self.own:
            return
        self.box.record({"run": self.token, "end": {"status": status, "time": milliseconds()}})
        self._ended = True
        self.deactivate()

    def activate(self, made: Any) -> None:
        """Make it MLflow's active one; `made` is MLflow's Run."""
        from autolog import mlflow_side

        self._activated = made.info.run_id
        mlflow_side.activate(made)

    def deactivate(self) -> None:
        if self._activated is not None:
            from autolog import mlflow_side

            mlflow_side.deactivate(self._activated)
            self._activated = None

    def settle(self) -> None:
        """Wait until all is on the server, bounded; then say what went wrong, if something did."""
        self.box.flush()
        if self._ended and self.run_id is not None:
            from autolog import mlflow_side

            self._ended = False
            mlflow_side.deactivate(self.run_id)  # where it was made too late to be active, it still is the last one
        self.box.tell_problems(silent=self.options.silent)

    def page(self) -> str | None:
        """Where a browser shows this run."""
        if self.run_id is None or not uris.has_page(self.box.uri):
            return None
        return f"{uris.public(self.box.uri).rstrip('/')}/#/runs/{self.run_id}"


def _text(value: object, length: int) -> str:
    """`value` as databases take it, and not longer than they do."""
    text = str(value).encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
    return text if len(text) <= length else text[: length - 1] + "…"


def open_run(options: Options, *, default_name: str) -> Run | None:
    """The run that a training which starts now in this thread logs to.

    The active one (left open later), or a child of it if `nested`, or a new one. None if nothing is to be logged here:
    another process is the chief, or `exclusive` keeps off a run of the user's.
    """
    if not is_chief():
        return None
    import mlflow

    from autolog import mlflow_side

    active = mlflow_side.active_run()
    box = outboxes.outbox(mlflow.get_tracking_uri())
    if active is not None and options.exclusive:
        return None
    for twin in mlflow_side.own_autologging():
        tell(
            f"autolog: MLflow's own autologging is on as well, so that values are logged twice. Turn off one of the "
            f"two: `mlflow.{twin}.autolog(disable=True)`, or `autolog.disable()`.",
            silent=options.silent,
        )
    if active is not None and not options.nested:
        run = Run(box, active[0], options, own=False)
        if options.extra_tags:
            run.tags(options.extra_tags)
        return run
    return _new_run(box, options, parent=active[0] if active else None, default_name=default_name)


def _new_run(box: Outbox, options: Options, parent: str | None, default_name: str) -> Run:
    from mlflow.tracking.context.registry import resolve_tags

    from autolog import mlflow_side

    token = uuid.uuid4().hex
    tags = {str(key): str(value) for key, value in options.extra_tags.items()}
    if parent is not None:
        tags["mlflow.parentRunId"] = parent
    experiment, experiment_name = mlflow_side.chosen_experiment()
    run = Run(box, token, options, own=True)
    local = uris.store_of(box.uri) in {"sqlite", "file"}
    wanted = {
        "experiment": experiment,
        "experiment_name": experiment_name,
        "name": _text(options.run_name or f"{default_name}-{token[:6]}", TAG_LENGTH),
        # Resolved here and now: what delivers it may be another program by another user.
        "tags": {key: _text(value, TAG_LENGTH) for key, value in resolve_tags(tags).items()},
        "time": milliseconds(),
    }
    try:
        made = box.make(token, wanted, LOCAL_START_SECONDS if local else START_SECONDS)
        if made is not None:
            run.activate(made)
    except BaseException as error:  # somebody had enough of waiting: the run is made all the same
        run.end(status_of(type(error)))
        raise
    return run


def flush(seconds: float = outboxes.WAIT_SECONDS) -> bool:
    """Bring all that was logged so far to the tracking server, and wait for it.

    Args:
        seconds: how long to wait at most.

    Returns:
        Whether all of it is there. If not, it is safe on disk, and goes on being tried.
    """
    return outboxes.flush_all(seconds)


last_run_of: weakref.WeakKeyDictionary[Any, tuple[Run, int]] = weakref.WeakKeyDictionary()
"""Model -> the run of its last fit, and the last epoch there."""
