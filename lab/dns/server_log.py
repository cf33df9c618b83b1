"""What the server's log says in sum: how many queries were lost, and of which sort."""

from __future__ import annotations

LOG_FIELDS = ["at", "server", "transport", "port", "id", "name", "type", "seen", "action", "rcode", "delaySeconds"]
PAIR_SECONDS = 0.0015
SLOW_SECONDS = 0.1
# Above any retry of gRPC's c-ares, below the 30 s that it waits between two resolutions.
RESOLUTION_SECONDS = 20


def summarise(entries: list[list], lookups: list[dict]) -> dict:
    """Counts over one run. `dropped` splits by where the query stood in its pair."""
    dropped = {"first": 0, "second": 0, "both": 0, "lone": 0, "resend": 0}
    used = [False] * len(entries)
    pairs = 0
    by_port: dict[tuple, int] = {}
    for index, entry in enumerate(entries):
        at, server, transport, port, _, name, kind, seen = entry[:8]
        if transport != "udp":
            used[index] = True
            continue
        if seen > 1:
            used[index] = True
            if entry[8] == "drop":
                dropped["resend"] += 1
            continue
        key = (port, server, name)
        before = by_port.get(key)
        if before is not None and not used[before] and entries[before][6] != kind and at - entries[before][0] < PAIR_SECONDS:
            pairs += 1
            used[before] = used[index] = True
            lost = (entries[before][8] == "drop", entry[8] == "drop")
            if lost == (True, True):
                dropped["both"] += 1
            elif lost == (True, False):
                dropped["first"] += 1
            elif lost == (False, True):
                dropped["second"] += 1
        by_port[key] = index
    dropped["lone"] = sum(1 for index, entry in enumerate(entries) if not used[index] and entry[8] == "drop")
    waits = sorted(lookup["seconds"] for lookup in lookups)
    return {
        "queries": len(entries),
        "samePortPairs": pairs,
        "droppedQueries": sum(1 for entry in entries if entry[8] == "drop"),
        "droppedByPlace": dropped,
        "lookups": len(lookups),
        "failed": sum(1 for lookup in lookups if not lookup["ok"]),
        "lookupsOver100ms": sum(1 for wait in waits if wait > SLOW_SECONDS),
        "medianSeconds": waits[len(waits) // 2] if waits else None,
        "maxSeconds": waits[-1] if waits else None,
    }


def resolutions(entries: list[list], lookup: dict) -> int:
    """How often a gRPC channel resolved its name while one stopwatch ran: a new id long after the last query."""
    ids, last, count = set(), None, 0
    for at, identifier, name, kind in ((entry[0], entry[4], entry[5], entry[6]) for entry in entries):
        inside = lookup["startEpoch"] - 0.01 <= at <= lookup["endEpoch"] + 0.01
        if not inside or kind != "A" or not name.startswith(lookup["name"].rstrip(".")):
            continue
        if last is None or (at - last > RESOLUTION_SECONDS and identifier not in ids):
            count += 1
        ids.add(identifier)
        last = at
    return count
