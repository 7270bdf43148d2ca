"""Databases for the stores: SQLite, and PostgreSQL by both of its drivers."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.autolog.stage import make_tables
from tests.autolog.store.sides import DRIVERS, POSTGRESQL, TEMPLATE, Maker, Place, Side, make_place
from tests.fakes.postgresql import INSTALLED, Server, postgresql_server


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not INSTALLED:
        terminalreporter.write_line("The store was not tested on PostgreSQL, whose programs are not installed.")


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a database that has MLflow's tables."""
    with postgresql_server() as server:
        server.create(TEMPLATE)
        make_tables(server.url(TEMPLATE), tmp_path_factory.mktemp("template"))
        yield server


@pytest.fixture(scope="session")
def new_place(request: pytest.FixtureRequest, empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Maker:
    folder = tmp_path_factory.mktemp("places")
    return lambda driver: make_place(driver, folder, empty_database, lambda: request.getfixturevalue("postgresql"))


@pytest.fixture(scope="session")
def shared(new_place: Maker) -> Iterator[Callable[[str, str], Side]]:
    """The stores that the tests share: each test has runs of its own in their databases."""
    place = functools.cache(new_place)
    made: list[Place] = []

    @functools.cache
    def side(driver: str, kind: str) -> Side:
        made.append(place(driver))
        return place(driver).side(kind)

    yield side
    for each in made:
        each.close()


@pytest.fixture(scope="session", params=DRIVERS)
def driver(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def mlflows(shared: Callable[[str, str], Side], driver: str) -> Side:
    return shared(driver, "mlflow")


@pytest.fixture(scope="session")
def ours(shared: Callable[[str, str], Side], driver: str) -> Side:
    return shared(driver, "autolog")


@pytest.fixture(scope="session", params=["mlflow", "autolog"])
def side(request: pytest.FixtureRequest, shared: Callable[[str, str], Side], driver: str) -> Side:
    """One of the stores, for what is true of both."""
    return shared(driver, request.param)


@pytest.fixture(scope="session", params=POSTGRESQL)
def in_postgresql(request: pytest.FixtureRequest, shared: Callable[[str, str], Side]) -> Side:
    """Ours on PostgreSQL."""
    return shared(request.param, "autolog")


@pytest.fixture(scope="session")
def in_sqlite(shared: Callable[[str, str], Side]) -> Side:
    """Ours on SQLite."""
    return shared("sqlite", "autolog")


@pytest.fixture(params=DRIVERS)
def fresh(request: pytest.FixtureRequest, new_place: Maker) -> Iterator[Place]:
    """A database for one test."""
    with closing(new_place(request.param)) as place:
        yield place


@pytest.fixture
def fresh_sqlite(new_place: Maker) -> Iterator[Place]:
    with closing(new_place("sqlite")) as place:
        yield place
