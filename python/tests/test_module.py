"""The module against real files: `python -m unittest discover python/tests`.

MLFLOW_MIGRATE_PROGRAM names the program, unless it is installed beside the module.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path
from typing import Optional

import mlflow_migrate
from mlflow_migrate import Event
from mlflow_migrate._errors import CLASSES

ROOT = Path(__file__).resolve().parents[2]
HEAD = "f4a9b2c7d1e6"
OLD = "7ac759974ad8"


class Folder(unittest.TestCase):
    """A test with a folder of its own, and a copy of the sample in it."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.sample = self.folder / "mlruns.db"
        shutil.copyfile(ROOT / "examples" / "mlruns-1.2.0.db", self.sample)
        self.url = f"sqlite:///{self.sample}"

    def version(self, path: Optional[Path] = None) -> str:
        connection = sqlite3.connect(path or self.sample)
        self.addCleanup(connection.close)
        (version,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        assert isinstance(version, str)
        return version


class Commands(Folder):
    def test_an_upgrade_reports_what_it_did(self) -> None:
        report = mlflow_migrate.upgrade(self.url)
        self.assertEqual((report.from_revision, report.to_revision), (OLD, HEAD))
        self.assertEqual(len(report.revisions), 65)
        self.assertEqual(report.releases, ("3.18.x",))
        self.assertGreater(report.tables_created, 60)
        self.assertGreaterEqual(sum(step.rows or 0 for step in report.steps), report.rows_migrated)
        self.assertEqual(self.version(), HEAD)
        again = mlflow_migrate.upgrade(self.sample)
        self.assertEqual((again.from_revision, again.steps), (HEAD, ()))

    def test_options_reach_the_program(self) -> None:
        copy, other = self.folder / "copy.db", self.folder / "other.db"
        report = mlflow_migrate.upgrade(
            self.url,
            "2.9.2",
            backup_to=copy,
            check_file=False,
            step_by_step=True,
            jobs=1,
            lock_timeout=3,
            lock_wait="10s",
            answer_timeout=10,
            retry_for=0,
        )
        self.assertEqual(report.to_revision, "acf3f17fdcc7")
        self.assertEqual(self.version(copy), OLD)
        moved = mlflow_migrate.upgrade(self.url, into=other, skip_invalid=True, accept_drift=True)
        self.assertEqual((self.version(), self.version(other)), ("acf3f17fdcc7", HEAD))
        self.assertEqual(moved.to_revision, HEAD)
        fresh = self.folder / "fresh.db"
        self.assertTrue(mlflow_migrate.upgrade(fresh, create=True, assume="empty").created)

    def test_a_backup_leads_back(self) -> None:
        report = mlflow_migrate.upgrade(self.url, backup=True)
        assert report.backup is not None
        self.assertEqual(self.version(Path(report.backup)), OLD)

    def test_looking_changes_nothing(self) -> None:
        before = self.sample.read_bytes()
        plan = mlflow_migrate.plan(self.url, "2.9.2")
        self.assertEqual((plan.from_revision, plan.to_revision), (OLD, "acf3f17fdcc7"))
        self.assertIn("change table metrics", [step.title for step in plan.steps])
        self.assertEqual((plan.findings, plan.outdated), ((), ("1.2.x",)))
        current = mlflow_migrate.current(self.url)
        self.assertEqual((current.revision, current.head), (OLD, HEAD))
        self.assertEqual((current.releases, len(current.due)), (("1.2.x",), 65))
        found = mlflow_migrate.check(self.url)
        self.assertEqual((found.verdict, found.is_behind, found.fits), ("behind", True, False))
        self.assertTrue(mlflow_migrate.check(self.url, to="1.2.0").fits)
        self.assertEqual(self.sample.read_bytes(), before)

    def test_drift_is_a_result_of_check_and_an_error_of_upgrade(self) -> None:
        with sqlite3.connect(self.sample) as connection:
            connection.execute("ALTER TABLE runs RENAME COLUMN name TO title")
        connection.close()
        found = mlflow_migrate.check(self.url)
        self.assertFalse(found.fits or found.is_behind)
        self.assertGreater(len(found.drift), 0)
        with self.assertRaises(mlflow_migrate.DatabaseMismatch) as caught:
            mlflow_migrate.upgrade(self.url)
        self.assertEqual((caught.exception.kind, caught.exception.exit_code), ("drift", 24))

    def test_the_environment_names_the_database(self) -> None:
        environment = {**os.environ, "MLFLOW_BACKEND_STORE_URI": self.url}
        self.assertEqual(mlflow_migrate.current(environment=environment).revision, OLD)


class Errors(Folder):
    def test_an_error_has_kind_exit_code_and_hint(self) -> None:
        mlflow_migrate.upgrade(self.url)
        with self.assertRaises(mlflow_migrate.ArgumentsError) as caught:
            mlflow_migrate.upgrade(self.url, "2.9.2")
        error = caught.exception
        self.assertEqual((error.kind, error.exit_code), ("target_behind", 13))
        assert error.hint is not None
        self.assertIn("restore the backup", error.hint)
        self.assertIn(error.hint, str(error))

    def test_a_missing_file_and_a_wrong_option(self) -> None:
        with self.assertRaises(mlflow_migrate.DatabaseUnreachable) as missing:
            mlflow_migrate.current(self.folder / "none.db")
        self.assertEqual(missing.exception.exit_code, 14)
        with self.assertRaises(mlflow_migrate.ArgumentsError) as usage:
            mlflow_migrate.upgrade(self.url, jobs=0)
        self.assertEqual((usage.exception.kind, usage.exception.exit_code), ("usage", 64))
        with self.assertRaises(ValueError):
            mlflow_migrate.current(" ")

    def test_every_kind_of_the_page_has_its_class(self) -> None:
        page = (ROOT / "docs" / "exit_codes.md").read_text(encoding="utf-8")
        _, errors = page.split("## Arguments and target")
        kinds = set(re.findall(r"^\| <a id=.*></a>\d+ \| `(\w+)` \|", errors, re.MULTILINE))
        self.assertEqual(kinds, set(CLASSES))

    def test_no_password_is_in_the_list_of_processes(self) -> None:
        seen: list[str] = []

        def look(_: Event) -> None:
            for folder in Path("/proc").glob("[0-9]*"):
                try:
                    seen.append((folder / "cmdline").read_text())
                except OSError:
                    pass

        mlflow_migrate.upgrade(self.url, on_event=look)
        running = [line for line in seen if "upgrade\0--json" in line]
        self.assertTrue(running)
        self.assertFalse([line for line in running if str(self.sample) in line])

    def test_another_program_in_its_place(self) -> None:
        other = self.folder / "other"
        for script, wanted in (("echo no JSON", "no line of JSON"), ("echo gone >&2", "gone")):
            other.write_text(f"#!/bin/sh\n{script}\n")
            other.chmod(0o755)
            self.set_program(str(other))
            with self.assertRaisesRegex(mlflow_migrate.UnexpectedOutput, wanted):
                mlflow_migrate.current(self.url)

    def set_program(self, path: str) -> None:
        before = os.environ.get("MLFLOW_MIGRATE_PROGRAM")

        def put_back() -> None:
            if before is None:
                os.environ.pop("MLFLOW_MIGRATE_PROGRAM", None)
            else:
                os.environ["MLFLOW_MIGRATE_PROGRAM"] = before

        self.addCleanup(put_back)
        os.environ["MLFLOW_MIGRATE_PROGRAM"] = path


class Progress(Folder):
    def test_events_arrive_in_order(self) -> None:
        events: list[Event] = []
        report = mlflow_migrate.upgrade(self.url, on_event=events.append)
        names = [event.name for event in events]
        self.assertEqual((names[0], names[-1]), ("notice", "verified"))
        self.assertLess(names.index("planned"), names.index("step_started"))
        self.assertEqual(names.count("step_finished"), len(report.steps))

    def test_an_exception_of_the_callback_stops_the_upgrade(self) -> None:
        def fail(event: Event) -> None:
            raise LookupError(event.name)

        with self.assertRaisesRegex(LookupError, "notice"):
            mlflow_migrate.upgrade(self.url, on_event=fail)
        self.assertEqual(list(self.folder.glob("*-journal")), [])
        self.assertIn(self.version(), (OLD, HEAD))

    def test_ctrl_c_waits_for_a_safe_end(self) -> None:
        blocker = sqlite3.connect(self.sample)
        self.addCleanup(blocker.close)
        blocker.execute("BEGIN IMMEDIATE")
        # A shell that starts something in the background has it ignore Ctrl-C.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)
        interrupt = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
        self.addCleanup(interrupt.cancel)
        interrupt.start()
        with self.assertRaises(KeyboardInterrupt):
            mlflow_migrate.upgrade(self.url, lock_timeout=60)
        blocker.rollback()
        self.assertEqual(self.version(), OLD)


class Pages(Folder):
    def test_the_code_of_the_pages_runs(self) -> None:
        before = Path.cwd()
        self.addCleanup(os.chdir, before)
        os.chdir(self.folder)
        names: dict[str, object] = {"mlflow_migrate": mlflow_migrate, "url": self.url}
        ran = 0
        for page in ("README.md", "docs/python.md"):
            text = (ROOT / page).read_text(encoding="utf-8")
            for code in re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
                for backup in self.folder.glob("*.backup"):
                    backup.unlink()
                shutil.copyfile(ROOT / "examples" / "mlruns-1.2.0.db", self.sample)
                with contextlib.redirect_stdout(io.StringIO()):
                    exec(code, names)
                ran += 1
        self.assertEqual(ran, 4)


class DropIn(Folder):
    def run_module(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "mlflow_migrate", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def test_db_upgrade_takes_the_arguments_of_mlflow(self) -> None:
        ran = self.run_module("db", "upgrade", self.url)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertIn(f"upgraded from {OLD}", ran.stdout)
        new = self.folder / "new.db"
        self.assertEqual(self.run_module("db", "upgrade", f"sqlite:///{new}").returncode, 0)
        self.assertTrue(new.is_file())

    def test_other_words(self) -> None:
        self.assertEqual(self.run_module("db", "--help").returncode, 0)
        for words in (["db"], ["db", "upgrade"], ["db", "upgrade", "a", "b"], ["db", "move", "a"]):
            ran = self.run_module(*words)
            self.assertEqual((ran.returncode, ran.stdout), (2, ""), words)
            self.assertIn("usage: python -m mlflow_migrate db upgrade URL", ran.stderr)

    def test_every_other_command_is_the_program(self) -> None:
        ran = self.run_module("current", self.url)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertIn(OLD, ran.stdout)
        self.assertEqual(self.run_module("nothing").returncode, 64)


if __name__ == "__main__":
    unittest.main()
