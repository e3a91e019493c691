"""Makes SQLite databases as MLflow's own chain leaves them at any revision, filled or not.

usage: make_state.py PATH REVISION        one database (REVISION `base`: that of MLflow 0.9.1)
       make_state.py REVISION=PATH ...    several, walking the chain once
       make_state.py --all DIR            all 71, as DIR/REVISION.db

--fill SEED puts rows of awkward values into every table that the state has; equal seeds give equal
rows. --nan-tie adds metrics that MLflow's own upgrade does not survive.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from alembic_chain import BASE, create_base, states, upgrade
from fill import fill


def make_states(
    wanted: Mapping[str, Path], *, seed: int | None = None, nan_tie: bool = False
) -> None:
    """Makes a database at each wanted revision, replacing what is there."""
    order = states()
    unknown = set(wanted) - set(order)
    if unknown:
        raise ValueError(f"MLflow has no revision {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory() as directory:
        walker = Path(directory) / "walker.db"
        create_base(walker)
        for revision in order:
            if revision != BASE:
                upgrade(walker, revision)
            if revision in wanted:
                path = wanted[revision]
                path.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(walker, path)
                if seed is not None:
                    fill(path, seed, nan_tie=nan_tie)


def _parse_targets(arguments: argparse.Namespace) -> dict[str, Path]:
    given = arguments.targets
    if arguments.all is not None:
        if given:
            raise ValueError("--all takes no further databases")
        return {revision: arguments.all / f"{revision}.db" for revision in states()}
    if given and all("=" in target for target in given):
        pairs = (target.split("=", 1) for target in given)
        return {revision: Path(path) for revision, path in pairs}
    if len(given) == 2:
        return {given[1]: Path(given[0])}
    raise ValueError("give PATH REVISION, or REVISION=PATH ..., or --all DIR")


def main() -> int:
    """Parses the command line and makes the states."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("targets", nargs="*")
    parser.add_argument("--all", type=Path, metavar="DIR")
    parser.add_argument("--fill", type=int, metavar="SEED")
    parser.add_argument("--nan-tie", action="store_true")
    arguments = parser.parse_args()
    try:
        wanted = _parse_targets(arguments)
        make_states(wanted, seed=arguments.fill, nan_tie=arguments.nan_tie)
    except ValueError as error:
        parser.error(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
