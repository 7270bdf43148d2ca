"""The tracking store: ours beside MLflow's own, one call for each value, the bare driver, and through a server."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import raw, tracking
from benchmarks.rounds import Part, Row, compare
from tests.autolog.stage import make_tables

KINDS = {
    "fresh": "fresh full batch",
    "second": "second full batch",
    "retry": "retry of it",
    "epoch": "4 metrics an epoch",
}
"""In the order in which they go to each run."""
BESIDE_THE_DRIVER = BEHIND_A_SERVER = ("fresh", "epoch")
WANT = {
    ("SQLite", "fresh"): "7 or more",
    ("SQLite", "epoch"): "3 or more",
    ("PostgreSQL", "fresh"): "5 or more",
    ("PostgreSQL", "epoch"): "3 or more",
}
WANT_SERVED = {"SQLite": "3 or more", "PostgreSQL": "1.7 or more"}
EPOCHS = 25
"""Calls of the small kind in a round, of which the mean counts."""
SHARE = 10
"""Of a batch that is written value by value only each tenth value is, ten times as often: it takes that long."""


def _as_it_is(_run_id: str, batch: Any) -> Any:
    return batch


@dataclass(frozen=True)
class Writer:
    """Writes to a run, given by its id, a batch: metrics, params and tags."""

    write: Callable[[str, Any], None]
    prepare: Callable[[str, Any], Any] = _as_it_is
    """Makes of the batch what `write` takes; its time does not count."""


@dataclass(frozen=True)
class Place:
    """A database with MLflow's tables."""

    name: str
    ours: str
    """The URI for our store."""
    theirs: str
    """The URI for MLflow's own, by the same driver."""
    raw: dict[str, Callable[[raw.Batch], None]]
    """By name: ways to write by the driver alone."""


@contextmanager
def places(folder: Path) -> Iterator[list[Place]]:
    """SQLite, and PostgreSQL where its programs are; both wait for the disk, as they do by default."""
    from tests.fakes.postgresql import INSTALLED, postgresql_server  # noqa: PLC0415 - needs SQLAlchemy

    file = f"{folder}/mlflow.db"
    make_tables(f"sqlite:///{file}", folder)
    found = [
        Place(
            "SQLite", f"sqlite+autolog:///{file}", f"sqlite:///{file}", {"sqlite3, one transaction": raw.sqlite(file)}
        )
    ]
    with ExitStack() as stack:
        if INSTALLED:
            server = stack.enter_context(postgresql_server("fsync=on", "autovacuum=on"))
            server.create("mlflow")
            theirs = server.url("mlflow", "psycopg2")
            make_tables(theirs, folder)
            bare = {
                f"psycopg2's {way}": write
                for way, write in raw.psycopg2(f"host={server.folder} user=postgres dbname=mlflow").items()
            }
            found.append(Place("PostgreSQL", server.url("mlflow", "autolog"), theirs, bare))
        yield found


def run(rounds: int) -> Part:
    title = "The tracking store: batches of 800 metrics, 100 params and 100 tags"
    if importlib.util.find_spec("mlflow") is None:
        return Part(title, [], ["Left out: `make setup-autolog` adds MLflow."])
    rows: list[Row] = []
    notes: list[str] = []
    with TemporaryDirectory(prefix="autolog-bench-") as scratch, places(Path(scratch)) as found:
        for place in found:
            rows += _beside_the_others(place, rounds)
            rows += _served(place, rounds, Path(scratch))
            notes += _counts(place)
        if len(found) == 1:
            notes.append("PostgreSQL was left out: its programs are not installed.")
    notes.append("The drivers get rows that are ready, check nothing, and use the same INSERT … ON CONFLICT.")
    return Part(title, rows, notes)


def batches(kind: str) -> list[Any]:
    """The calls of a kind: metrics, params and tags of each."""
    from autolog.store.measure import Size, epochs, full_batch  # noqa: PLC0415 - needs MLflow

    if kind == "epoch":
        return list(epochs(EPOCHS))
    return [full_batch(Size(), int(kind != "fresh"))]


def _beside_the_others(place: Place, rounds: int) -> list[Row]:
    """Ours beside MLflow's and beside the driver; and, for the first batch, beside a call for each value."""
    from mlflow import MlflowClient  # noqa: PLC0415 - heavy, and not always there

    ours, theirs = _stores(place)
    experiment = theirs.create_experiment(f"beside {place.name}")
    writers: dict[str, Writer] = {"ours": _by_store(ours), "MLflow's": _by_store(theirs)}
    writers |= {name: _by_driver(write) for name, write in place.raw.items()}
    one_by_one = _one_by_one(MlflowClient(tracking_uri=place.theirs))
    seconds = _rounds(rounds, writers, tuple(KINDS), lambda: _new_run(theirs, experiment))
    _same_everywhere(theirs, experiment, len(writers) * (rounds + 1))
    for number in range(rounds + 1):
        spent = _spent(one_by_one, _new_run(theirs, experiment), "fresh") * SHARE
        if number:
            seconds["fresh"].setdefault("a call each", []).append(spent)
    rows = []
    for kind, by in seconds.items():
        what = f"{place.name}, {KINDS[kind]}"
        rates = {name: [1 / each for each in values] for name, values in by.items()}
        rows.append(
            compare(what, "per s", rates["ours"], "MLflow's", rates["MLflow's"], WANT.get((place.name, kind), ""))
        )
        if "a call each" in by:
            rows.append(compare(what, "per s", rates["ours"], "a call for each value", rates["a call each"]))
        for name in place.raw if kind in BESIDE_THE_DRIVER else ():
            want = "1.1 or less" if kind == "fresh" and place.name == "SQLite" else ""
            took = {who: [each * 1000 for each in by[who]] for who in ("ours", name)}
            rows.append(compare(what, "ms", took["ours"], name, took[name], want))
    return rows


def _served(place: Place, rounds: int, folder: Path) -> list[Row]:
    """The same through MLflow's server, one for each store, by MLflow's client."""
    from mlflow import MlflowClient  # noqa: PLC0415 - heavy, and not always there

    with tracking.server(place.ours, folder) as ours, tracking.server(place.theirs, folder) as theirs:
        clients = {"ours": MlflowClient(tracking_uri=ours), "MLflow's": MlflowClient(tracking_uri=theirs)}
        experiment = clients["ours"].create_experiment(f"served {place.name}")
        writers: dict[str, Writer] = {name: _by_store(client) for name, client in clients.items()}
        seconds = _rounds(rounds, writers, BEHIND_A_SERVER, lambda: clients["ours"].create_run(experiment).info.run_id)
    rows = []
    for kind, by in seconds.items():
        rates = {name: [1 / each for each in values] for name, values in by.items()}
        want = WANT_SERVED[place.name] if kind == "fresh" else ""
        what = f"{place.name} behind mlflow server, {KINDS[kind]}"
        rows.append(compare(what, "per s", rates["ours"], "MLflow's", rates["MLflow's"], want))
    return rows


def _rounds(
    rounds: int, writers: dict[str, Writer], kinds: tuple[str, ...], new_run: Callable[[], str]
) -> dict[str, dict[str, list[float]]]:
    """By kind and writer: seconds of a call in each round, after one that is left out."""
    seconds: dict[str, dict[str, list[float]]] = {kind: {name: [] for name in writers} for kind in kinds}
    for number in range(rounds + 1):
        order = list(writers) if number % 2 else list(reversed(writers))
        runs = {name: new_run() for name in order}
        for kind in kinds:
            for name in order:
                spent = _spent(writers[name], runs[name], kind)
                if number:
                    seconds[kind][name].append(spent)
    return seconds


def _spent(writer: Writer, run_id: str, kind: str) -> float:
    """Seconds of a call."""
    ready = [writer.prepare(run_id, batch) for batch in batches(kind)]
    start = time.perf_counter()
    for batch in ready:
        writer.write(run_id, batch)
    return (time.perf_counter() - start) / len(ready)


def _by_store(store: Any) -> Writer:
    """By a store or a client."""
    return Writer(lambda run_id, batch: store.log_batch(run_id, *batch))


def _by_driver(write: Callable[[raw.Batch], None]) -> Writer:
    return Writer(lambda _run_id, batch: write(batch), raw.rows_of)


def _one_by_one(client: Any) -> Writer:
    def write(run_id: str, batch: Any) -> None:
        metrics, params, tags = batch
        for metric in metrics[::SHARE]:
            client.log_metric(run_id, metric.key, metric.value, metric.timestamp, metric.step)
        for param in params[::SHARE]:
            client.log_param(run_id, param.key, param.value)
        for tag in tags[::SHARE]:
            client.set_tag(run_id, tag.key, tag.value)

    return Writer(write)


def _stores(place: Place) -> tuple[Any, Any]:
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore  # noqa: PLC0415 - heavy, and not always there

    from autolog.store import Store  # noqa: PLC0415 - the same

    return Store(place.ours, "unused"), SqlAlchemyStore(place.theirs, "unused")


def _new_run(store: Any, experiment: str) -> str:
    return str(store.create_run(experiment, "bench", 0, [], "bench").info.run_id)


def _same_everywhere(store: Any, experiment: str, count: int) -> None:
    """Every writer has written the same to its runs."""
    import sqlalchemy as sa  # noqa: PLC0415 - not always there

    columns = ", ".join(
        f"(SELECT count(*) FROM {table} WHERE {table}.run_uuid = runs.run_uuid)"  # noqa: S608
        for table in ("metrics", "latest_metrics", "params")
    )
    with store.engine.connect() as connection:
        query = sa.text(f"SELECT {columns} FROM runs WHERE experiment_id = :id")  # noqa: S608
        written = [tuple(row) for row in connection.execute(query, {"id": int(experiment)})]
    assert len(written) == count, written
    assert set(written) == {(2 * 800 + 4 * EPOCHS, 800 + 4, 200)}, set(written)


def _counts(place: Place) -> list[str]:
    """Statements and transactions of a call, by each store."""
    from autolog.store.counting import counted  # noqa: PLC0415 - needs SQLAlchemy

    told = []
    ours, theirs = _stores(place)
    runs = {store: _new_run(theirs, "0") for store in (theirs, ours)}
    for kind, title in KINDS.items():
        counts = []
        for store, run_id in runs.items():
            # A new connection is told things first, and there may be two.
            for _ in range(2):
                store.log_batch(run_id, [], [], [])
            with counted(store.engine) as count:
                store.log_batch(run_id, *batches(kind)[-1])
            counts.append(f"{count.statements} in {count.transactions}")
        told.append(f"{title} {' -> '.join(counts)}")
    return [f"Statements in transactions, {place.name}, MLflow's -> ours: {'; '.join(told)}."]
