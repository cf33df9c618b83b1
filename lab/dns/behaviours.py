"""What the lab's server does to a query: one small class a scenario, asked in order.

Each returns an action or None (leave it to the next): ("drop",), ("delay", seconds),
("rcode", name), ("truncate",). Chance comes from a seeded generator, so a run can be repeated as
far as the clients' own timing allows.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

# Two queries further apart than this were not sent as one pair.
PAIR_SECONDS = 0.0015


@dataclass
class Arrival:
    """One query as the server sees it."""

    at: float
    server: str
    client: str
    port: int
    id: int
    name: str
    type: str
    transport: str
    seen: int  # how often this very query (port, id, name, type) arrived, this time included


class Pairs:
    """Tells the second packet of a pair: another family for the same name from one port, at once."""

    def __init__(self) -> None:
        self.last: dict[tuple[str, int], Arrival] = {}

    def is_second(self, arrival: Arrival) -> bool:
        key = (arrival.client, arrival.port)
        before = self.last.get(key)
        self.last[key] = arrival
        return (
            before is not None
            and before.seen == 1
            and arrival.seen == 1
            and before.name == arrival.name
            and before.type != arrival.type
            and before.server == arrival.server
            and arrival.at - before.at < PAIR_SECONDS
        )


class Race:
    """Loses the second packet of a same-port pair, as kernels before 5.6 did behind a DNAT."""

    def __init__(self, random: random.Random, p: float = 0, at: list[int] | None = None, first: bool = False, **_) -> None:
        # `at`: exactly these pairs, counted from 1, instead of chance.
        self.random, self.p, self.at, self.first_only = random, p, at, first
        self.pairs, self.ports, self.count = Pairs(), set(), 0

    def act(self, arrival: Arrival):
        if arrival.transport != "udp" or not self.pairs.is_second(arrival):
            return None
        # `first`: only a port's first pair can race, for later ones conntrack has the entry already.
        fresh = arrival.port not in self.ports
        self.ports.add(arrival.port)
        if self.first_only and not fresh:
            return None
        self.count += 1
        lost = self.count in self.at if self.at else self.random.random() < self.p
        return ("drop",) if lost else None


@dataclass
class Only:
    """Which queries a behaviour is for: all where nothing is said."""

    servers: list[str] | None = None
    types: list[str] | None = None
    transport: str | None = None
    match: str = ""  # names that hold this

    def takes(self, arrival: Arrival) -> bool:
        return (
            (self.servers is None or arrival.server in self.servers)
            and (self.types is None or arrival.type in self.types)
            and (self.transport is None or arrival.transport == self.transport)
            and self.match in arrival.name
        )


class Loss:
    """Loses any UDP query with one chance, resends too."""

    def __init__(self, random: random.Random, p: float, kind: str = "", **only) -> None:
        self.random, self.p, self.only = random, p, Only(**{"transport": "udp", **only})

    def act(self, arrival: Arrival):
        return ("drop",) if self.only.takes(arrival) and self.random.random() < self.p else None


class Burst:
    """Loses every UDP query for `lost` seconds of every `period`, `offset` seconds after the first query."""

    def __init__(self, random: random.Random, lost: float, period: float, offset: float = 0.5, **_) -> None:
        self.lost, self.period, self.offset, self.began = lost, period, offset, None

    def act(self, arrival: Arrival):
        if self.began is None:
            self.began = arrival.at
        since = arrival.at - self.began - self.offset
        return ("drop",) if arrival.transport == "udp" and since >= 0 and since % self.period < self.lost else None


class Dead:
    """These addresses never answer, and no ICMP tells so."""

    def __init__(self, random: random.Random, servers: list[str], **_) -> None:
        self.servers = set(servers)

    def act(self, arrival: Arrival):
        return ("drop",) if arrival.server in self.servers else None


class Slow:
    """Answers late; `first` only the first time a query is seen (its resend is quick)."""

    def __init__(
        self, random: random.Random, ms: list[float], p: float = 1, first: bool = False, kind: str = "", **only
    ) -> None:
        self.random, self.p, self.ms, self.first, self.only = random, p, ms, first, Only(**only)

    def act(self, arrival: Arrival):
        if not self.only.takes(arrival) or (self.first and arrival.seen > 1) or self.random.random() >= self.p:
            return None
        return ("delay", self.random.uniform(*self.ms) / 1000)


class Family:
    """One family is never answered (`drop`) or answered with a code."""

    def __init__(self, random: random.Random, type: str, action: str, **_) -> None:
        self.type, self.action = type, action

    def act(self, arrival: Arrival):
        if arrival.type != self.type:
            return None
        return ("drop",) if self.action == "drop" else ("rcode", self.action)


class Code:
    """Queries get this code, with a chance; `first` only the first time each is seen."""

    def __init__(
        self, random: random.Random, code: str, p: float = 1, first: bool = False, kind: str = "", **only
    ) -> None:
        self.random, self.code, self.p, self.first, self.only = random, code, p, first, Only(**only)

    def act(self, arrival: Arrival):
        if not self.only.takes(arrival) or (self.first and arrival.seen > 1) or self.random.random() >= self.p:
            return None
        return ("rcode", self.code)


class Truncate:
    """UDP answers carry TC and nothing else."""

    def __init__(self, random: random.Random, match: str = "", **_) -> None:
        self.match = match

    def act(self, arrival: Arrival):
        return ("truncate",) if arrival.transport == "udp" and self.match in arrival.name else None


KINDS = {
    "race": Race, "burst": Burst, "loss": Loss, "dead": Dead, "slow": Slow, "family": Family, "code": Code, "truncate": Truncate,
}  # fmt: skip


def build(specifications: list[dict], seed: int) -> list:
    """Behaviours from their JSON; each has its own generator, so adding one moves no other's chance."""
    return [
        KINDS[specification["kind"]](random.Random(f"{seed}:{index}"), **specification)
        for index, specification in enumerate(specifications)
    ]
