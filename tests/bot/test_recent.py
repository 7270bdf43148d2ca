"""What is kept of what was used last."""

from __future__ import annotations

import threading

from bot.recent import Recent


def test_what_was_unused_for_longest_goes_first():
    kept: Recent[str, int] = Recent(2)
    kept.put("a", 1)
    kept.put("b", 2)
    assert kept.get("a") == 1
    kept.put("c", 3)
    assert [kept.get(key) for key in "abc"] == [1, None, 3]


def test_weights_count_together():
    kept: Recent[str, int] = Recent(10)
    kept.put("a", 1, 4)
    kept.put("b", 2, 4)
    kept.put("a", 3, 6)
    assert [kept.get(key) for key in "ab"] == [3, 2]
    kept.put("b", 4, 5)
    assert [kept.get(key) for key in "ab"] == [None, 4]
    kept.drop("b")
    kept.drop("b")
    kept.put("c", 5, 10)
    assert [kept.get(key) for key in "bc"] == [None, 5]


def test_what_is_too_heavy_is_kept_alone():
    kept: Recent[str, int] = Recent(10)
    kept.put("a", 1)
    kept.put("b", 2, 11)
    assert [kept.get(key) for key in "ab"] == [None, 2]
    kept.put("c", 3)
    assert [kept.get(key) for key in "bc"] == [None, 3]


def test_threads_do_not_get_in_each_others_way():
    kept: Recent[int, int] = Recent(50)

    def use() -> None:
        for number in range(3000):
            kept.put(number % 70, number)
            kept.get((number * 7) % 70)
            kept.drop((number * 3) % 70)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(100, 150):
        kept.put(number, number)
    assert [kept.get(number) for number in range(100, 150)] == list(range(100, 150))
