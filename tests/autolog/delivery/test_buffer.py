"""The buffer keeps the order, has an end, and counts what it had to drop."""

from __future__ import annotations

import threading
from typing import Any

from autolog.delivery.buffer import Buffer


def emptied(buffer: Buffer) -> list[Any]:
    out: list[Any] = []
    while taken := buffer.take(10):
        out += taken
    return out


def steps(entries: list[Any]) -> list[int]:
    return [each[4] for each in entries if isinstance(each, tuple)]


def test_when_it_is_full_the_oldest_points_give_way_and_are_counted():
    buffer = Buffer(points=100)
    for step in range(250):
        buffer.metric("r", "loss", 0.5, 0, step)
    assert steps(emptied(buffer)) == list(range(150, 250))
    assert buffer.take_dropped() == 150
    assert buffer.take_dropped() == 0


def test_points_do_not_push_out_what_makes_their_run():
    buffer = Buffer(points=100)
    buffer.record({"run": "r", "make": {}})
    for step in range(300):
        buffer.metric("r", "loss", 0.5, 0, step)
    first, *rest = emptied(buffer)
    assert first == {"run": "r", "make": {}}
    assert steps(rest) == list(range(200, 300))


def test_other_records_have_an_end_too():
    buffer = Buffer(records=5)
    for number in range(9):
        buffer.record({"run": "r", "end": number})
    assert [each["end"] for each in emptied(buffer)] == [0, 1, 2, 3, 4]
    assert buffer.take_dropped() == 4
    buffer.record({"run": "r", "end": 9})
    assert emptied(buffer) == [{"run": "r", "end": 9}]


def test_many_threads_lose_nothing_and_keep_each_ones_order_while_it_is_emptied():
    buffer, done, out = Buffer(), threading.Event(), list[Any]()

    def log(run: str) -> None:
        for step in range(5_000):
            if step % 500 == 0:
                buffer.record({"run": run, "end": step})
            buffer.metric(run, "loss", 0.5, 0, step)

    def empty() -> None:
        while not done.is_set():
            out.extend(buffer.take(100))

    flusher = threading.Thread(target=empty)
    flusher.start()
    threads = [threading.Thread(target=log, args=(f"r{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    flusher.join()
    out.extend(emptied(buffer))
    for number in range(4):
        mine = [each for each in out if (each["run"] if isinstance(each, dict) else each[0]) == f"r{number}"]
        expected = [kind for step in range(5_000) for kind in ((("end", step), step) if step % 500 == 0 else (step,))]
        assert [("end", each["end"]) if isinstance(each, dict) else each[4] for each in mine] == expected
