"""The journal keeps records through crashes, full disks and places that cannot be written to."""

from __future__ import annotations

import resource
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from autolog.delivery.journal import Journal, abandoned, folders
from autolog.delivery.lock import Lock

URI = "http://127.0.0.1:1"


@pytest.fixture
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("AUTOLOG_SPOOL_DIR", str(tmp_path / "spool"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    return tmp_path / "spool"


@contextmanager
def disk_with_room_for(size: int) -> Iterator[None]:
    """No file of this process may grow beyond `size` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def record(number: int) -> dict[str, Any]:
    return {"run": "r", "number": number, "text": "é\r\n" * 20}


def numbers(journal: Journal) -> list[int]:
    return [each["number"] for each, _ in journal.read()]


def left_by_a_dead_process(journal: Journal) -> Path:
    """The system opens a dead process's locks."""
    journal.disown()
    return journal.folder


def test_what_a_dead_process_wrote_is_read_on_from_where_it_was_delivered(spool: Path):
    journal = Journal.create(URI)
    for number in range(10):
        journal.append(record(number))
    place = [after for _, after in journal.read()][3]
    journal.state.runs["token"] = "id"
    journal.confirm(place)
    adopted = Journal.adopt(left_by_a_dead_process(journal))
    assert adopted
    assert numbers(adopted) == list(range(4, 10))
    assert adopted.state.runs == {"token": "id"}


def test_a_note_of_how_far_delivery_came_costs_the_same_however_many_runs_there_were(spool: Path):
    journal = Journal.create(URI)
    for number in range(500):
        journal.state.runs[f"token {number}"] = f"id {number}"
        journal.save()
    assert (journal.folder / "state.json").stat().st_size < 200
    with (journal.folder / "runs.jsonl").open("a") as file:
        file.write('\n["token 500", "half an')
    journal.state.runs["token 501"] = "id 501"
    journal.save()
    adopted = Journal.adopt(left_by_a_dead_process(journal))
    assert adopted
    assert adopted.state.runs == {f"token {number}": f"id {number}" for number in (*range(500), 501)}
    adopted.state.runs["one more"] = "id"
    adopted.save()
    again = Journal.adopt(left_by_a_dead_process(adopted))
    assert again
    assert again.state.runs == adopted.state.runs
    assert len((journal.folder / "runs.jsonl").read_text().split("\n")) == 504, "each is written once"


def test_half_a_record_at_the_end_is_passed_over(spool: Path):
    journal = Journal.create(URI)
    journal.append(record(1))
    with (left_by_a_dead_process(journal) / "00000000.jsonl").open("ab") as file:
        file.write(b'{"run":"r","num')
    adopted = Journal.adopt(journal.folder)
    assert adopted
    assert numbers(adopted) == [1]


def test_delivered_segments_are_deleted(spool: Path):
    journal = Journal.create(URI)
    journal.segment_bytes = 1_000
    for number in range(100):
        journal.append(record(number))
    assert len(list(journal.folder.glob("*.jsonl"))) > 5
    assert numbers(journal) == list(range(100))
    for _, after in list(journal.read()):
        journal.confirm(after)
    assert len(list(journal.folder.glob("*.jsonl"))) <= 1
    journal.close()
    assert not journal.folder.exists()


def test_reading_ends_where_the_journal_ended_when_it_began(spool: Path):
    journal = Journal.create(URI)
    journal.append(record(0))
    journal.append(record(1))
    reading = journal.read()
    assert next(reading)[0]["number"] == 0
    journal.append(record(2))
    assert [each["number"] for each, _ in reading] == [1]
    journal.close()


def test_a_reader_beside_the_writer_misses_nothing(spool: Path):
    journal, seen = Journal.create(URI), list[int]()
    journal.segment_bytes = 2_000

    def write() -> None:
        for number in range(1_500):
            journal.append(record(number))

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive() or not journal.delivered:
        for each, after in journal.read():
            seen.append(each["number"])
            journal.confirm(after)
            if each["number"] % 7 == 0:
                break
    assert seen == list(range(1_500))
    journal.close()


def test_a_full_disk_lets_records_go_on_in_memory_and_back_to_disk(spool: Path):
    journal = Journal.create(URI)
    journal.segment_bytes = 20_000
    with disk_with_room_for(10_000):
        for number in range(150):
            journal.append(record(number))
        assert journal.in_memory
        assert (journal.folder / "00000000.jsonl").stat().st_size <= 10_000
        assert numbers(journal) == list(range(150))
    for number in range(150, 600):
        journal.append(record(number))
    assert numbers(journal) == list(range(600))
    places = [after for _, after in journal.read()]
    journal.confirm(places[-1])
    assert journal.durable
    assert journal.delivered
    journal.close()


def test_memory_has_an_end(spool: Path):
    journal = Journal.create(URI)
    journal.memory_bytes = 30_000
    with disk_with_room_for(1_000):
        while not journal.full:
            journal.append(record(0))
        assert 30_000 <= journal.in_memory < 31_000
        place = [after for _, after in journal.read()][-1]
        journal.append(record(1))
        journal.confirm(place)
        assert numbers(journal) == [1]
    journal.close()


def test_where_the_spool_cannot_be_written_to_it_lies_with_temporary_files_and_is_found_there(
    spool: Path, tmp_path: Path
):
    spool.write_text("a file in the way")
    journal = Journal.create(URI)
    assert journal.folder.is_relative_to(tmp_path / "tmp")
    assert journal.folder.parent.stat().st_mode & 0o077 == 0
    journal.append(record(1))
    left_by_a_dead_process(journal)
    assert [numbers(each) for each in abandoned(URI)] == [[1]]


def test_where_nothing_can_be_written_it_is_in_memory(spool: Path, monkeypatch: pytest.MonkeyPatch):
    spool.write_text("a file in the way")
    monkeypatch.setattr(tempfile, "tempdir", str(spool))
    journal = Journal.create(URI)
    journal.append(record(1))
    assert numbers(journal) == [1]
    assert not journal.durable
    journal.confirm(journal.end)
    journal.close()


def test_only_its_owner_can_read_a_spool(spool: Path):
    assert Journal.create(URI).folder.stat().st_mode & 0o077 == 0


def test_a_journal_is_adopted_by_one_at_a_time(spool: Path):
    journal = Journal.create(URI)
    journal.append(record(1))
    assert Journal.adopt(journal.folder) is None
    folder = left_by_a_dead_process(journal)
    found: list[Journal] = []
    threads = [threading.Thread(target=lambda: found.extend(abandoned(URI))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.folder for each in found] == [folder]


def test_one_that_another_has_just_delivered_is_not_adopted(spool: Path):
    journal = Journal.create(URI)
    folder = journal.folder
    journal.close()
    assert not folder.exists()
    assert Journal.adopt(folder) is None
    assert not folder.exists()


def test_a_lock_on_a_file_that_its_holder_deleted_is_worth_nothing(tmp_path: Path):
    holder, other = Lock(tmp_path / "lock"), Lock(tmp_path / "lock")
    assert holder.acquire()
    assert not other.acquire()
    holder.release()
    assert other.acquire()
    (tmp_path / "lock").unlink()
    assert holder.acquire()


def test_those_for_other_servers_are_left_alone(spool: Path):
    for uri in (URI, "http://127.0.0.1:2"):
        left_by_a_dead_process(Journal.create(uri))
    assert [each.header["uri"] for each in abandoned(URI)] == [URI]


def test_what_is_no_journal_is_left_alone(spool: Path):
    (spool / "a").mkdir(parents=True)
    (spool / "b").mkdir()
    (spool / "b" / "header.json").write_text("[]")
    (spool / "c").mkdir()
    (spool / "c" / "header.json").write_text("{")
    (spool / "file").write_text("")
    assert not list(abandoned())
    assert len(folders()) == 2


def test_what_was_refused_outlives_the_spool(spool: Path):
    journal = Journal.create(URI)
    journal.append(record(1))
    path = journal.place_for("summary.txt")
    path.write_text("kept")
    journal.set_aside({"run": "r", "file": str(path.relative_to(journal.folder))}, "the run was deleted")
    journal.confirm(journal.end)
    journal.close()
    assert not list(abandoned())
    kept = spool / "refused" / journal.folder.name
    assert "the run was deleted" in (kept / "refused.jsonl").read_text()
    assert (kept / path.relative_to(journal.folder)).read_text() == "kept"
    assert not journal.folder.exists()
