"""One batch of a repository's work: takes in what its deliveries say, looks at each issue they changed, and acts.

It costs two durable transactions however many issues it holds. The first stores what the deliveries said and what is
about to be done; the second, after the calls to GitHub, what became of it. A crash between them leaves intents without
outcomes, and the next look asks GitHub before anything is done again (`looks.py`).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import orjson
import structlog

from bot.github.errors import Behind, Forbidden, LimitReached, NotFound, Rejected, Unavailable
from bot.github.events import Event, parse_event
from bot.store import bashes, commands, deliveries, issues, journal
from bot.store.times import from_ms, to_ms
from bot.store.waiting import seen as seen_in_mirror
from bot.triage import lifecycle
from bot.triage.commands import OF_BASH
from bot.triage.issue import Command
from bot.work import landscape, looks, metrics
from bot.work.acts import Act
from bot.work.contexts import for_issue
from bot.work.hidden import Hidden
from bot.work.locating import locate
from bot.work.mirror import Mirror
from bot.work.pace import Pause, or_pause
from bot.work.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from bot.store.deliveries import Delivery
    from bot.store.issues import Record
    from bot.store.repositories import Known
    from bot.store.waiting import Seen
    from bot.triage.decide import Context
    from bot.work.mirror import Look
    from bot.work.ports import Installed
    from bot.work.workshop import Workshop

log = structlog.get_logger(__name__)

_HOUR = 3_600_000
_DAY = 24 * _HOUR


class Batch:
    """Used once."""

    def __init__(self, workshop: Workshop, repository_id: int, known: Known | None, now: int) -> None:
        self._shop = workshop
        self._id = repository_id
        self._known = known
        self._now = now
        self._events: list[tuple[Event, Delivery]] = []
        """Those about no single issue, not yet taken in."""
        self._done: list[Delivery] = []
        """Nothing is left to do for these once the first transaction is through."""
        self._settled: list[tuple[Look, Exception | None]] = []
        """Looks that ended, well or not, and are to be written down."""
        self._broken: list[tuple[Delivery, Exception]] = []
        """Deliveries that could not be taken in."""
        self._acts: list[Act] = []
        self._pause: Pause | None = None
        self._turns = Turns(repository_id, workshop.pace, now)
        self._unanswered = 0
        self._hidden = Hidden()

    def run(self, pending: list[Delivery], due: list[int]) -> int:
        """Until when what can wait must rest, in milliseconds; 0 if it need not. Raises Pause once all is stored."""
        events = self._parsed(pending)
        known = locate(self._shop, self._id, self._known, events, self._now)
        if known is None or not known.is_reachable:
            log.warning("deliveries from a repository that no installation covers", repository=self._id)
            self._drop(pending, due)
            return 0
        installed = self._shop.github.installation(known.installation_id or 0)
        numbers = {event.issue.number for event, _ in events if event.issue is not None} | set(due)
        with self._shop.database.read() as connection:
            records = issues.load(connection, self._id, numbers)
            waiting = commands.load_open(connection, self._id, numbers)
        for record in records.values():
            if record.intent:
                record.looked_at = max(record.looked_at or 0, self._shop.since)
        slug = or_pause(self._shop.pace, lambda: self._shop.github.slug)
        mirror = Mirror(records, self._id, slug)
        self._take_in(events, mirror)
        for number in due:
            mirror.look(number)
        said = [(number, command) for number, look in mirror.looks.items() for command in look.said]
        plain = [(number, command) for number, command in said if command.name not in OF_BASH]
        self._think(mirror, _merged(waiting, self._unheard(plain)), known, installed)
        said += self._seen(events)
        with self._shop.database.write() as connection:
            self._store_intents(connection, pending, records.values(), said)
        self._act(known, installed)
        if self._pause:
            raise self._pause
        return self._turns.resting

    def _parsed(self, pending: list[Delivery]) -> list[tuple[Event, Delivery]]:
        events: list[tuple[Event, Delivery]] = []
        for delivery in pending:
            try:
                events.append(
                    (parse_event(delivery.event, orjson.loads(delivery.body), self._shop.github.id), delivery)
                )
            except Exception as error:  # noqa: BLE001 whatever it is: the other deliveries go on
                self._broken.append((delivery, error))
        return events

    def _take_in(self, events: list[tuple[Event, Delivery]], mirror: Mirror) -> None:
        for event, delivery in events:
            try:
                wanted = self._is_wanted(event, delivery, mirror)
            except Exception as error:  # noqa: BLE001 whatever it is: the other deliveries go on
                self._broken.append((delivery, error))
                continue
            if not wanted:
                self._done.append(delivery)

    def _is_wanted(self, event: Event, delivery: Delivery, mirror: Mirror) -> bool:
        """Takes in what the delivery says, unless that was done before; whether an issue is to be looked at for it."""
        if event.issue is None:
            if not delivery.applied:
                self._events.append((event, delivery))
            return False
        return mirror.again(event, delivery) if delivery.applied else mirror.apply(event, delivery)

    def _unheard(self, said: list[tuple[int, Command]]) -> list[tuple[int, Command]]:
        """A delivery taken up again may bring a command that was carried out long ago."""
        if not said:
            return said
        with self._shop.database.read() as connection:
            old = commands.is_done(connection, [command.id for _, command in said])
        return [(number, command) for number, command in said if command.id not in old]

    def _seen(self, events: list[tuple[Event, Delivery]]) -> list[tuple[int, Command]]:
        """What a bash has to know: that somebody closed an issue or opened it again."""
        found = [
            (
                event.issue.number,
                Command(f"{delivery.guid}:0", 0, event.sender, event.action, at=event.issue.updated_at),
            )
            for event, delivery in events
            if event.name == "issues" and event.issue is not None and event.action in {"closed", "reopened"}
        ]
        if not found:
            return found
        with self._shop.database.read() as connection:
            return found if bashes.alive(connection, self._id) else []

    def _think(self, mirror: Mirror, waiting: dict[int, list[Command]], known: Known, installed: Installed) -> None:
        """Looks at the issues, and sorts them into those done with and those with something to be carried out."""
        seen = self._seen_in_mirror(mirror)
        for number, look in mirror.looks.items():
            if self._pause or self._shop.stopping.is_set():
                return
            _name_in_logs(look)
            if look.record.state == "gone":
                self._settled.append((look, None))
                continue
            if self._turns.rests(look):
                continue
            try:
                with self._turns.asking(look):
                    context = for_issue(self._shop.contexts.of(known, installed, self._now), known, look.record)
                    said, now = waiting.get(number, []), from_ms(self._now)
                    planned = looks.plan(look, said, context, installed, now, seen.get(number), self._shop.pace.lag)
            except Exception as error:  # noqa: BLE001 whatever it is: the other issues go on
                self._failed(look, error, known, installed)
                continue
            self._unanswered = 0
            self._plan_act(
                Act(planned, context.repository, self._now, dry_run=context.policy.dry_run), context, installed
            )

    def _seen_in_mirror(self, mirror: Mirror) -> dict[int, Seen]:
        numbers = [number for number, look in mirror.looks.items() if lifecycle.concerned(look.record)]
        if not numbers:
            return {}
        with self._shop.database.read() as connection:
            return seen_in_mirror(connection, self._id, numbers)

    def _plan_act(self, act: Act, context: Context, installed: Installed) -> None:
        act.record.looked_at = self._now
        log.debug("decided", repository=context.repository.full_name, verdict=act.planned.plan.verdict)
        if act.entries and not act.dry_run:
            looks.intend(act.planned)
        else:
            # Nothing here calls GitHub.
            act.carry_out(installed, self._shop.pace.moment)
        self._acts.append(act)

    def _failed(self, look: Look, error: Exception, known: Known, installed: Installed) -> None:
        """Takes down a failure that ends this look for now."""
        if isinstance(error, NotFound) and self._is_believed(look):
            # Of one in a repository that is given back, it may be there again.
            with self._turns.asking(look):
                hidden = None if known.removed else self._hidden.why(known.repository, installed)
            if hidden is None:
                if not known.removed:
                    look.record.state = "gone"
                self._settled.append((look, None))
                return
            error = hidden
        if isinstance(error, LimitReached):
            metrics.LIMITS.inc()
            if self._turns.can_wait(look):
                log.info("what can wait rests", reason=str(error))
                self._turns.rest(to_ms(error.until))
            else:
                self._pause = Pause(to_ms(error.until), str(error))
            return
        if isinstance(error, Unavailable) and not isinstance(error, Behind):
            metrics.UNAVAILABLE.inc()
            self._unanswered += 1
            if self._unanswered >= self._shop.pace.patience:
                self._pause = Pause(
                    self._shop.pace.now() + self._shop.pace.wait(_attempts(look.deliveries)), str(error)
                )
        elif not isinstance(error, Behind | NotFound | Forbidden | Rejected):
            log.error("a look failed", exc_info=error)
        self._settled.append((look, error))

    def _is_believed(self, look: Look) -> bool:
        """That the issue is not there; GitHub may not show yet what is new."""
        lag = round(1000 * self._shop.pace.lag)
        return all(it.attempts and it.received_at + lag <= self._now for it in look.deliveries)

    def _store_intents(
        self,
        connection: Connection,
        pending: list[Delivery],
        records: Iterable[Record],
        said: list[tuple[int, Command]],
    ) -> None:
        """The first transaction."""
        broken = {it.id for it, _ in self._broken}
        new = [it.id for it in pending if not it.applied and it.id not in broken]
        issues.save(connection, records)
        commands.add(connection, self._id, said)
        # Not this batch's time: another lane's that began after it, and knows nothing of the change, would be the look.
        now = self._shop.pace.moment()
        for event, _ in self._events:
            if event.repository is not None:
                landscape.changed(connection, event, event.repository, now, self._shop.pace.recent)
        deliveries.finish(connection, [it.id for it in self._done], self._now)
        metrics.FINISHED.labels("done").inc(len(self._done))
        for act in self._acts:
            if act.planned.recovered or any(it.applied for it in act.planned.look.deliveries):
                journal.close_open(connection, self._id, act.record.number, "its outcome was lost; looked again")
        self._write_quiet_acts(connection)
        self._write_settled(connection)
        for delivery, error in self._broken:
            log.error("a delivery could not be taken in", delivery=delivery.guid, exc_info=error)
            self._write_failure(connection, [delivery], error)
        entries = journal.begin(connection, [entry for act in self._acts for entry in act.entries])
        for act in self._acts:
            act.entries, entries = entries[: len(act.entries)], entries[len(act.entries) :]
        deliveries.mark_applied(connection, new)

    def _write_quiet_acts(self, connection: Connection) -> None:
        """Those that need no call to GitHub are over already."""
        quiet = [act for act in self._acts if act.dry_run or not act.entries]
        self._acts = [act for act in self._acts if not act.dry_run and act.entries]
        journal.write(connection, [entry for act in quiet for entry in act.entries])
        commands.finish(connection, [id_ for act in quiet for id_ in act.commands_done], self._now)
        self._settled += [(act.planned.look, None) for act in quiet]

    def _act(self, known: Known, installed: Installed) -> None:
        """Calls GitHub, and stores the outcomes now and then and at the end: the second transaction."""
        over: list[Act] = []
        begun = time.monotonic()
        for act in self._acts:
            if self._pause or self._shop.stopping.is_set() or self._turns.rests(act.planned.look):
                act.leave()
            else:
                self._carry_out(act, known, installed)
            over.append(act)
            if time.monotonic() - begun >= self._shop.pace.flush:
                self._store_outcomes(over)
                over, begun = [], time.monotonic()
        self._store_outcomes(over)

    def _carry_out(self, act: Act, known: Known, installed: Installed) -> None:
        look = act.planned.look
        _name_in_logs(look)
        try:
            with self._turns.asking(look):
                act.carry_out(installed, self._shop.pace.moment)
        except Exception as error:  # noqa: BLE001 whatever it is: the other issues go on
            self._failed(look, error, known, installed)
            return
        finally:
            look.record.looked_at = self._shop.pace.now()
        self._unanswered = 0
        log.info("carried out", actions=[entry.kind for entry in act.entries], failures=act.failures)
        self._settled.append((look, Forbidden("; ".join(act.failures)) if act.failures else None))

    def _store_outcomes(self, over: list[Act]) -> None:
        if not over:
            return
        with self._shop.database.write() as connection:
            issues.save(connection, [act.record for act in over])
            journal.finish(connection, [entry for act in over for entry in act.entries])
            commands.finish(connection, [id_ for act in over for id_ in act.commands_done], self._shop.pace.now())
            self._write_settled(connection)

    def _write_settled(self, connection: Connection) -> None:
        pace, now = self._shop.pace, self._shop.pace.now()
        good = [look for look, error in self._settled if error is None]
        deliveries.finish(connection, [it.id for look in good for it in look.deliveries], now)
        metrics.FINISHED.labels("done").inc(sum(len(look.deliveries) for look in good))
        issues.looked(connection, self._id, [look.record.number for look in good], self._now)
        for look, error in self._settled:
            if error is None:
                if look.hasty:
                    issues.look_at(connection, self._id, look.record.number, now + round(1000 * pace.lag))
                continue
            given_up = self._write_failure(connection, look.deliveries, error)
            if given_up:
                # Its dead letter brings them back when it is run again; no other delivery does, months later.
                commands.forget_open(connection, self._id, look.record.number)
                issues.looked(connection, self._id, [look.record.number], self._now)
            elif not look.deliveries:
                issues.look_at(connection, self._id, look.record.number, now + self._until_next(error))
        self._settled = []

    def _until_next(self, error: Exception) -> int:
        """Milliseconds until a look that no delivery asked for is tried again."""
        if isinstance(error, Unavailable):
            return self._shop.pace.wait(6)
        # A hidden repository is known to be taken away by then (`catch_up.py`), or is given back.
        # What fails for no known reason would else fill the log for ever.
        return _DAY if isinstance(error, NotFound) else _HOUR

    def _write_failure(self, connection: Connection, failed: list[Delivery], error: Exception) -> bool:
        """Has these tried again later, or gives them up; whether it did."""
        pace, now = self._shop.pace, self._shop.pace.now()
        ids, attempts = [it.id for it in failed], _attempts(failed)
        most = pace.attempts_unavailable if isinstance(error, Unavailable) else pace.attempts
        hopeless = isinstance(error, Forbidden | Rejected) or attempts + 1 >= most
        reason = str(error) or type(error).__name__
        if hopeless:
            deliveries.give_up(connection, ids, now, reason)
            log.error("given up", deliveries=[it.guid for it in failed], reason=reason)
        else:
            deliveries.try_again(connection, ids, now + pace.wait(attempts), reason)
        metrics.FINISHED.labels("dead" if hopeless else "again").inc(len(ids))
        return hopeless

    def _drop(self, pending: list[Delivery], due: list[int]) -> None:
        # What was begun while it could be reached is tried again, and goes to the dead letters before it gets lost.
        begun = [it for it in pending if it.applied]
        with self._shop.database.write() as connection:
            deliveries.finish(connection, [it.id for it in pending if not it.applied], self._now)
            if begun:
                self._write_failure(connection, begun, NotFound("its repository cannot be reached under any name"))
            issues.looked(connection, self._id, due, self._now)


def _name_in_logs(look: Look) -> None:
    """From here on every line of the log tells the issue and the delivery that led to it."""
    structlog.contextvars.bind_contextvars(
        issue=look.record.number, delivery=look.deliveries[-1].guid if look.deliveries else None
    )


def _merged(waiting: dict[int, list[Command]], said: list[tuple[int, Command]]) -> dict[int, list[Command]]:
    for number, command in said:
        known = waiting.setdefault(number, [])
        if all(it.id != command.id for it in known):
            known.append(command)
    return waiting


def _attempts(tried: list[Delivery]) -> int:
    return max((it.attempts for it in tried), default=0)
