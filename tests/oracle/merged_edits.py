"""Merges what a revision does on each dialect, and edits of one table that follow each other."""

from __future__ import annotations

from collections.abc import Sequence

Edit = tuple[str | None, str]
"""A table and an edit of it, or no table and a call of its own."""


def merged(lists: Sequence[list[Edit]]) -> list[tuple[list[Edit], list[int]]]:
    """Runs of edits, each with the lists that have it, in an order that fits every list."""
    rest = [list(edits) for edits in lists]
    runs: list[tuple[list[Edit], list[int]]] = []
    while any(rest):
        edit, having = _next(rest)
        for at in having:
            rest[at].pop(0)
        if runs and runs[-1][1] == having:
            runs[-1][0].append(edit)
        else:
            runs.append(([edit], having))
    return runs


def _next(rest: Sequence[list[Edit]]) -> tuple[Edit, list[int]]:
    """An edit that can come now: no list has it behind another one of its own."""
    heads = [edits[0] for edits in rest if edits]
    for head in heads:
        having = [at for at, edits in enumerate(rest) if head in edits]
        if all(rest[at][0] == head for at in having):
            return head, having
    return heads[0], [at for at, edits in enumerate(rest) if edits and edits[0] == heads[0]]


def grouped(edits: Sequence[Edit]) -> list[str]:
    """Edits of one table that follow each other become one call."""
    calls: list[str] = []
    at = 0
    while at < len(edits):
        table = edits[at][0]
        if table is None:
            calls.append(edits[at][1])
            at += 1
            continue
        end = at
        while end < len(edits) and edits[end][0] == table:
            end += 1
        own = [edit for _, edit in edits[at:end]]
        if all(edit.startswith("//") for edit in own):
            calls += own
        else:
            inner = "".join(f"\n            {edit}" for edit in own)
            calls.append(f'.alter("{table}", |t| {{{inner}\n        }})')
        at = end
    return calls
