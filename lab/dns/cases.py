"""The matrix: which resolver meets which scenario, and the rule that is then true."""

from __future__ import annotations

from lab import Case
from more_cases import more
from option_cases import options

RACE, LOSS = {"kind": "race", "p": 0.22}, {"kind": "loss", "p": 0.15}
SLOW = {"kind": "slow", "ms": [200, 800]}
DEAD, ALIVE = "10.96.0.11", "10.96.0.10"

# A resolver whose A and AAAA leave from ports of their own has no pair to race.
IMMUNE_TO_RACE = ("go",)
# Seen with its own trace (cares_resolver): the retry at the second server is answered for both
# families, the first answer read makes gRPC cancel the other query, and what is left may be an
# address that can't be reached. The next resolution comes 30 s later.
GRPC_FORGETS = "; where `resolutions` is 2, gRPC kept one family's answer only and asked again 30 s later"
# Processes × lookups. glibc turns sequential in a thread that lost an answer once, so many short
# processes meet a race more often than few long ones; gRPC opens a connection for each name.
SHAPE = {"glibc": (7, 5), "python": (7, 5), "java": (6, 5), "node-lookup": (6, 6), "grpc": (5, 6), "cares": (5, 8)}


def family_of(resolver: str) -> str:
    """The part of a resolver's key before its version."""
    for known in ("grpc-native", "grpc", "musl", "cares", "pycares", "node-lookup"):
        if resolver.startswith(known):
            return known
    return resolver.split("-")[0]


def shape(resolver: str) -> dict:
    processes, lookups = SHAPE.get(family_of(resolver), (5, 8))
    return {"processes": processes, "lookups": lookups}


def basic(resolver: str) -> list[Case]:
    """Race, loss, dead and slow server, as every resolver is put through them."""
    immune = family_of(resolver) in IMMUNE_TO_RACE
    return [
        Case(f"{resolver}.race", resolver, "race", None if immune else "dns-race", [RACE], **shape(resolver),
             not_expected=["dns-race", "dns-loss"] if immune else ["dns-loss", "dns-dead-server"],
             note="A and AAAA leave from ports of their own: nothing is lost" if immune else ""),
        Case(f"{resolver}.loss", resolver, "loss", "dns-loss", [LOSS], names="outside v4", **shape(resolver),
             not_expected=["dns-race", "dns-dead-server"]),
        Case(f"{resolver}.dead", resolver, "dead", "dns-dead-server", [{"kind": "dead", "servers": [DEAD]}], names="outside",
             servers=[DEAD, ALIVE], processes=4, lookups=3, not_expected=["dns-race", "dns-loss"],
             note="the first of two nameservers never answers" + (GRPC_FORGETS if resolver.startswith("grpc-1.8") else "")),
        Case(f"{resolver}.slow", resolver, "slow", "dns-slow-server", [SLOW], names="outside", processes=3, lookups=7,
             not_expected=["dns-race", "dns-loss", "dns-dead-server"]),
    ]  # fmt: skip


BASIC = ["glibc", "musl-1.2.3", "go", "cares-1.18.1", "pycares-1.34.9", "grpc-1.51.1", "grpc-1.85.3", "node"]


def all_cases(available: set[str], recorded: bool) -> list[Case]:
    """@param recorded without those that the committed set leaves out"""
    cases: list[Case] = []
    for resolver in BASIC:
        if resolver in available:
            cases += basic(resolver)
    return [*cases, *(case for case in [*more(), *([] if recorded else options())] if {case.resolver, *case.mix} <= available)]
