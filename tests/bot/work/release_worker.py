"""A process of some release that runs lanes, and such chores as it is told to know: `python -m … URL NAME …`."""

from __future__ import annotations

import sys
import threading
from datetime import datetime, timedelta

from bot.github.app import App
from bot.store.database import Database
from bot.store.places import place_at
from bot.work.chores import Chores, OwnChore, OwnWork
from bot.work.contexts import Contexts
from bot.work.engine import Engine
from bot.work.lease import Lease
from tests.bot.work.worker import LAPSES_AFTER, TERMS, TUNING, Runs, say
from tests.fakes.github import key_pair


def work(name: str) -> OwnWork:
    def do(chore: OwnChore) -> datetime:
        say(f"did {name}")
        return chore.now + timedelta(days=1)

    return OwnWork(do, first_after=timedelta(days=1))


def main() -> None:
    database = Database(sys.argv[1])
    github = App(1, key_pair()[0], api_url="http://127.0.0.1:9")
    contexts = Contexts(database, lambda: "nobody")
    chores = Chores(database, github, contexts, {}, own={name: work(name) for name in sys.argv[2:]})
    lease = Lease(place_at(database, LAPSES_AFTER), TERMS)
    engine = Engine(database, Runs(database, 0), TUNING, chores=chores, lease=lease)
    engine.start()
    say("ready")
    threading.Event().wait()


if __name__ == "__main__":
    main()
