"""What a batch asks of the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from mlflow.entities import Param, RunTag

from tests.autolog.store.sides import Place, Side, metric

METRICS = [metric(f"k{at % 50}", float(at), 1, at) for at in range(800)]
PARAMS = [Param(f"p{at}", "1") for at in range(100)]
TAGS = [RunTag(f"t{at}", "1") for at in range(100)]


class Counted:
    def __init__(self) -> None:
        self.statements: list[str] = []
        self.commits = 0


@contextmanager
def counting(engine: sa.Engine) -> Iterator[Counted]:
    """What goes through SQLAlchemy."""
    counted = Counted()

    def executed(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        counted.statements.append(statement)

    def committed(_connection: object) -> None:
        counted.commits += 1

    sa.event.listen(engine, "before_cursor_execute", executed)
    sa.event.listen(engine, "commit", committed)
    yield counted
    sa.event.remove(engine, "before_cursor_execute", executed)
    sa.event.remove(engine, "commit", committed)


def changes(path: Path) -> int:
    """How many transactions have changed a SQLite file: https://www.sqlite.org/fileformat2.html#file_change_counter."""
    return int.from_bytes(path.read_bytes()[24:28], "big")


def writing_transactions(engine: sa.Engine) -> int:
    """How many there have been in PostgreSQL, with this question's own."""
    with engine.connect() as connection:
        return int(connection.exec_driver_sql("SELECT txid_current()").scalar_one())


def warm(side: Side) -> None:
    """Use each of its connections: at its first use SQLite's is made ready."""
    run_id = side.start()
    for _ in range(10):
        side.log(run_id, [metric()])


def test_sqlite_is_asked_six_statements_and_one_commit(in_sqlite: Side):
    warm(in_sqlite)
    run_id, path = in_sqlite.start(), Path(str(in_sqlite.engine.url.database))
    for metrics in (METRICS, [*METRICS[:-1], metric("another")]):  # the second time nearly all of it is there
        before = changes(path)
        with counting(in_sqlite.engine) as counted:
            in_sqlite.log(run_id, metrics, PARAMS, TAGS)
        assert len(counted.statements) <= 6, counted.statements
        assert (counted.commits, changes(path) - before) == (1, 1)


def test_a_new_connection_to_sqlite_is_made_as_mlflow_makes_it(fresh_sqlite: Place, monkeypatch: pytest.MonkeyPatch):
    """Without a pool each batch has one of its own: it waits for other writers, and looks for what rows refer to."""
    monkeypatch.setenv("MLFLOW_SQLALCHEMYSTORE_POOLCLASS", "NullPool")
    side = fresh_sqlite.side("autolog")
    run_id = side.start()
    with counting(side.engine) as counted:
        refused = side.refusal(run_id, "log_batch", [metric(model_id="m-0")], [], [])
    assert refused == ("BAD_REQUEST", "(sqlite3.IntegrityError) FOREIGN KEY constraint failed")
    assert counted.statements[:3] == ["PRAGMA foreign_keys = ON", "PRAGMA busy_timeout = 20000", "BEGIN IMMEDIATE"]


@pytest.mark.parametrize(
    ("call", "most"),
    [
        (("log_metric", METRICS[0]), 4),
        (("log_param", PARAMS[0]), 3),
        (("set_tag", TAGS[0]), 3),
        (("set_tag", RunTag("mlflow.runName", "other")), 4),
    ],
    ids=["metric", "param", "tag", "name"],
)
def test_a_single_value_is_one_transaction_of_sqlite(in_sqlite: Side, call: tuple[str, object], most: int):
    warm(in_sqlite)
    run_id, path = in_sqlite.start(), Path(str(in_sqlite.engine.url.database))
    before = changes(path)
    with counting(in_sqlite.engine) as counted:
        getattr(in_sqlite.store, call[0])(run_id, call[1])
    assert len(counted.statements) <= most, counted.statements
    assert (counted.commits, changes(path) - before) == (1, 1)


def test_postgresql_is_asked_one_statement_in_one_transaction(in_postgresql: Side):
    run_id, model = in_postgresql.start(), in_postgresql.model()
    batches = [
        (METRICS, PARAMS, TAGS),
        ([*METRICS[:100], metric("m", model_id=model)], PARAMS, [*TAGS[1:], RunTag("mlflow.runName", "other")]),
        (METRICS[:1], [], []),
    ]
    for batch in batches:
        with counting(in_postgresql.engine) as counted:
            before = writing_transactions(in_postgresql.engine)
            counted.statements.clear()
            in_postgresql.log(run_id, *batch)
            assert len(counted.statements) == 1, counted.statements
        assert writing_transactions(in_postgresql.engine) - before == 2
    rows = in_postgresql.rows(run_id)
    assert [len(rows[table]) for table in ("metrics", "params", "tags")] == [801, 100, 101]


def test_a_single_value_is_one_statement_of_postgresql(in_postgresql: Side):
    run_id = in_postgresql.start()
    for method, value in (("log_metric", METRICS[0]), ("log_param", PARAMS[0]), ("set_tag", TAGS[0])):
        before = writing_transactions(in_postgresql.engine)
        with counting(in_postgresql.engine) as counted:
            getattr(in_postgresql.store, method)(run_id, value)
        assert len(counted.statements) == 1
        assert writing_transactions(in_postgresql.engine) - before == 2


def test_what_is_refused_is_not_tried_statement_by_statement(in_postgresql: Side):
    """As it is, where another writer was there a moment ago."""
    run_id = in_postgresql.start()
    in_postgresql.log(run_id, (), {"a": "1"})
    for params in ([Param("a", "1")], [Param("a", "2")]):
        with counting(in_postgresql.engine) as counted:
            in_postgresql.refusal(run_id, "log_batch", METRICS, params, TAGS)
        assert len(counted.statements) == 1
