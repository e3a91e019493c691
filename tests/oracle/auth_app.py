"""MLflow's auth app on a database: its chain of revisions, and its store.

usage: auth_app.py upgrade DATABASE ...    as the auth app does when it starts
       auth_app.py open DATABASE ...       reads and writes through its store

DATABASE is the path of a SQLite file or the URL of a database on a server. `open` leaves a user
behind, so give it copies. Prints `ok` for each.
"""

from __future__ import annotations

import logging
import sys
import types
import warnings
from pathlib import Path

from databases import engine_of, text_of

logging.disable(logging.WARNING)
with warnings.catch_warnings():
    # MLflow finds fault with its own mlflow-skinny.
    warnings.simplefilter("ignore")
    import mlflow.server


def without_web_pages() -> None:
    """Lets the auth app's modules be imported without the extra packages of its web pages."""
    package = types.ModuleType("mlflow.server.auth")
    package.__path__ = [str(Path(mlflow.server.__file__).parent / "auth")]
    sys.modules[package.__name__] = package


def upgrade(database: str) -> None:
    """Upgrades, and stamps a database from before MLflow 3.6, as the auth app does."""
    from mlflow.server.auth.db import utils

    engine = engine_of(database)
    try:
        utils.migrate(engine, "head")
    finally:
        engine.dispose()


def open_store(database: str) -> None:
    """Raises unless the auth app's store reads every user, and can write a new one."""
    from mlflow.server.auth.sqlalchemy_store import SqlAlchemyStore

    store = SqlAlchemyStore()
    store.init_db(text_of(engine_of(database).url))
    for user in store.list_users():
        store.list_experiment_permissions(user.username)
        store.list_registered_model_permissions(user.username)
        store.list_scorer_permissions(user.username)
    user = store.create_user("written after the upgrade", "a long password")
    store.create_experiment_permission("77", user.username, "EDIT")
    store.create_scorer_permission("77", "a/b ü", user.username, "READ")
    assert store.authenticate_user(user.username, "a long password")
    assert store.get_experiment_permission("77", user.username).permission == "EDIT"
    assert store.get_scorer_permission("77", "a/b ü", user.username).permission == "READ"


def main(arguments: list[str]) -> int:
    """Runs one of the two commands."""
    commands = {"upgrade": upgrade, "open": open_store}
    if len(arguments) < 2 or arguments[0] not in commands:
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return 2
    without_web_pages()
    for database in arguments[1:]:
        commands[arguments[0]](database)
        print("ok", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
