"""Says which revisions of MLflow the catalogue lacks, and writes their files as far as it can.

usage: watch.py                  looks at the newest release on PyPI
       watch.py --release 3.18.0 looks at this release
       watch.py --installed      looks at the MLflow that is installed here
       --write                   writes the revision files, and notes what was seen

It compares both graphs, that of the tracking store and that of the auth app, with the catalogue,
and each revision file with the one that was seen before: MLflow does change files of old releases.
Exit status 1 if there is anything new. CONTRIBUTING.md says what is to be done then.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from pathlib import Path

import wheel
from recorded_operations import Recording, record
from revision_skeleton import Skeleton, columns_of_constraints
from wheel import RevisionFile

_REPOSITORY = Path(__file__).parent.parent.parent
_CATALOGUE = _REPOSITORY / "migrations" / "src"
_SEEN = Path(__file__).parent / "seen_revisions.json"


def main() -> int:
    """Reports, and writes what was asked for."""
    options = _parse()
    with tempfile.TemporaryDirectory(prefix="mlflow-migrate-watch.") as folder:
        release, path = _release(options, Path(folder))
        graphs = {graph: wheel.revisions(graph, path) for graph in wheel.GRAPHS}
    news = _news(release, graphs)
    print("\n".join(news) if news else f"MLflow {release}: nothing new")
    if options.write:
        _write(release, graphs)
    return int(bool(news))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--release", help="of MLflow, instead of the newest on PyPI")
    parser.add_argument("--installed", action="store_true", help="look at the MLflow installed here")
    parser.add_argument("--write", action="store_true", help="write the files of new revisions")
    return parser.parse_args()


def _release(options: argparse.Namespace, folder: Path) -> tuple[str, Path | None]:
    if options.installed:
        return wheel.installed_release(), None
    release = options.release or wheel.newest_release()
    return release, wheel.fetch(release, folder)


def _news(release: str, graphs: dict[str, list[RevisionFile]]) -> list[str]:
    seen = json.loads(_SEEN.read_text()) if _SEEN.is_file() else {}
    news = []
    for graph, files in graphs.items():
        known = _known(graph)
        for file in files:
            before = seen.get(graph, {}).get(file.revision)
            if file.revision not in known:
                news.append(f"{graph}: {file.revision} is not in the catalogue ({file.name})")
            elif before != file.digest:
                news.append(f"{graph}: {file.revision} is not the file that was seen ({file.name})")
        gone = known - {file.revision for file in files}
        news += [f"{graph}: {revision} is not in MLflow {release}" for revision in sorted(gone)]
    head = graphs["tracking"][-1].revision
    listed = _listed_releases()
    if _number(release) > max(map(_number, listed)) and head != list(listed.values())[-1]:
        news.append(f"MLflow {release} has the head {head}, and is not in the table of releases")
    return news


def _known(graph: str) -> set[str]:
    folder = "versions" if graph == "tracking" else graph
    paths = (_CATALOGUE / folder).glob("m*_*.rs")
    return {path.stem[1:].partition("_")[0] for path in paths}


def _listed_releases() -> dict[str, str]:
    source = (_CATALOGUE / "releases.rs").read_text()
    return dict(re.findall(r'\("([\d.]+)", Some\("(\w+)"\)\)', source))


def _number(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", release)[:3])


def _write(release: str, graphs: dict[str, list[RevisionFile]]) -> None:
    files, known = graphs["tracking"], _known("tracking")
    earlier: list[Recording] = []
    previous = ""
    for file in files:
        recordings = record(file.source, file.name)
        module = f"m{file.name}"
        if file.revision not in known:
            skeleton = Skeleton(file, recordings, columns_of_constraints(earlier))
            (_CATALOGUE / "versions" / f"{module}.rs").write_text(skeleton.text())
            _list_module(module, previous)
            print(f"wrote migrations/src/versions/{module}.rs")
        earlier += recordings
        previous = module
    _list_release(release, files[-1].revision)
    seen = {graph: {one.revision: one.digest for one in graphs[graph]} for graph in graphs}
    _SEEN.write_text(json.dumps({"release": release, **seen}, indent=2) + "\n")


def _list_module(module: str, previous: str) -> None:
    """Adds the lines of a module after those of the revision before it."""
    path = _CATALOGUE / "versions" / "mod.rs"
    source = path.read_text()
    if re.search(rf"\bmod {module};", source):
        return
    source = source.replace(f"mod {previous};\n", f"mod {previous};\nmod {module};\n")
    call = f"        {previous}::revision(),\n"
    path.write_text(source.replace(call, f"{call}        {module}::revision(),\n"))


def _list_release(release: str, head: str) -> None:
    path = _CATALOGUE / "releases.rs"
    source = path.read_text()
    listed = _listed_releases()
    if _number(release) <= max(map(_number, listed)) or head == list(listed.values())[-1]:
        return
    newest = list(listed)[-1]
    row = f'    ("{newest}", Some("{listed[newest]}")),\n'
    path.write_text(source.replace(row, f'{row}    ("{release}", Some("{head}")),\n'))


if __name__ == "__main__":
    sys.exit(main())
