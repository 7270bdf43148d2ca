"""A small soak: kills, a restart of PostgreSQL and foul weather, after which every issue is as it should be."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.github.weather import Weather
from tests.fakes.postgresql import INSTALLED
from tests.soak.run import Size, soak

# A limit without a word of its end costs a minute.
WEATHER = Weather(limited_unsaid=0.0, limited_for=2, silent=0.0, scattered=3.0)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("database", ["sqlite", *(["postgresql"] if INSTALLED else [])])
def test_nothing_is_lost_and_nothing_done_twice(database: str, tmp_path: Path):
    told: list[str] = []
    size = Size(
        deliveries=300,
        repositories=20,
        installations=10,
        workers=2 if database == "postgresql" else 1,
        database="postgresql" if database == "postgresql" else "sqlite",
        kills=2 if database == "sqlite" else 1,
        restarts=1,
        freezes=0,
        cuts=0,
        rate=60.0,
        patience=240.0,
        weather=WEATHER,
    )
    with soak(size, tmp_path, told.append) as run:
        run.play()
    assert run.wrong == [], "\n".join([*run.wrong, *told])
    assert run.mishaps.happened["kill -9"] == 2
    assert run.weather
    assert run.weather.struck["502"] > 10
