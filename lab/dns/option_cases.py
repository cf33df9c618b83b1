"""What resolv.conf(5) can change, servers of two minds, mixtures, IPv6, short packets; expectations written before the run."""

from __future__ import annotations

from network import BACKENDS
from lab import Case

DEAD, ALIVE, THIRD = "10.96.0.11", "10.96.0.10", "10.96.0.12"
BOTH = list(BACKENDS)
# What may not be found: of loss and death all, all but the race, all but loss.
NOT = ["dns-race", "dns-loss", "dns-dead-server"]
NOL, NOR = ["dns-loss", "dns-dead-server"], ["dns-race", "dns-dead-server"]
ALL = [*NOT, "dns-slow-server", "dns-error", "dns-family-missing", "dns-truncation", "dns-search-walk"]


def race(p: float) -> dict:
    return {"kind": "race", "p": p}


def loss(p: float, **only) -> dict:
    return {"kind": "loss", "p": p, **only}


def slow(low: int, high: int, **only) -> dict:
    return {"kind": "slow", "ms": [low, high], **only}


def dead(*servers: str) -> dict:
    return {"kind": "dead", "servers": list(servers)}


def code(name: str, **only) -> dict:
    return {"kind": "code", "code": name, **only}


def options() -> list[Case]:
    return [
        Case("netty.healthy", "netty", "healthy", None, names="service outside", processes=3, lookups=9, not_expected=ALL),
        Case("netty.race", "netty", "race", "dns-race", [race(.22)], processes=5, lookups=8, not_expected=NOL),
        Case("netty.loss", "netty", "loss", "dns-loss", [loss(.15)], names="outside v4", processes=5, lookups=8, not_expected=NOR),
        Case("netty.dead", "netty", "dead", "dns-dead-server", [dead(DEAD)], names="outside", servers=[DEAD, ALIVE], processes=4,
             lookups=3, not_expected=NOT[:2]),
        Case("netty.slow", "netty", "slow", "dns-slow-server", [slow(200, 800)], names="outside", processes=3, lookups=7,
             not_expected=NOT),
        Case("netty.loss-v4only", "netty", "loss, A only", "dns-loss", [loss(.15)], names="outside", mode="default", processes=5,
             lookups=8, not_expected=NOR),
        Case("netty.walk", "netty", "walk", "dns-search-walk", names="outside", search=True, processes=3, lookups=5,
             not_expected=NOT),
        Case("glibc.loss-timeout2", "glibc", "loss, timeout:2 attempts:4", "dns-loss", [loss(.2)], names="outside",
             options="timeout:2 attempts:4", processes=7, lookups=5, not_expected=NOR),
        Case("glibc.race-edns0", "glibc", "race, edns0 trust-ad", "dns-race", [race(.22)], options="edns0 trust-ad", processes=7,
             lookups=5, not_expected=NOL),
        Case("glibc.rotate-slow-third", "glibc", "three servers, rotate, one slow", "dns-slow-server", [slow(300, 700,
             servers=[THIRD])], names="outside", servers=[ALIVE, DEAD, THIRD], options="rotate", processes=6, lookups=6,
             not_expected=NOT),
        Case("glibc.refuses-first", "glibc", "the first of two servers refuses all, the second answers", None, [code("REFUSED",
             servers=[DEAD])], names="outside", servers=[DEAD, ALIVE], processes=5, lookups=6, not_expected=NOT),
        Case("musl-1.2.5.refuses-first", "musl-1.2.5", "same by musl", None, [code("REFUSED", servers=[DEAD])], names="outside",
             servers=[DEAD, ALIVE], processes=5, lookups=6, not_expected=NOT),
        Case("go.refuses-first", "go", "same by Go", None, [code("REFUSED", servers=[DEAD])], names="outside", servers=[DEAD,
             ALIVE], processes=5, lookups=6, not_expected=NOT),
        Case("go.dead-second", "go", "second of two dead, never asked", None, [dead(DEAD)], names="outside", servers=[ALIVE, DEAD],
             processes=4, lookups=8, not_expected=ALL),
        Case("cares-1.34.5.dead-two-of-three", "cares-1.34.5", "two of three dead", "dns-dead-server", [dead(DEAD, THIRD)],
             names="outside", servers=[DEAD, THIRD, ALIVE], processes=4, lookups=3, not_expected=NOT[:2]),
        Case("go.dead-three-rotate", "go", "one of three dead, rotate", "dns-dead-server", [dead(THIRD)], names="outside",
             servers=[ALIVE, DEAD, THIRD], options="rotate", processes=4, lookups=6, not_expected=NOT[:2]),
        Case("glibc.loss-single-request", "glibc", "loss, single-request", "dns-loss", [loss(.15)], names="outside",
             options="single-request", processes=7, lookups=6, not_expected=NOR),
        Case("musl-1.2.5.loss-options", "musl-1.2.5", "loss, timeout:2 attempts:3", "dns-loss", [loss(.2)], names="outside",
             options="timeout:2 attempts:3", processes=6, lookups=6, not_expected=NOR),
        Case("go.loss-timeout1", "go", "loss, timeout:1 attempts:5", "dns-loss", [loss(.25)], names="outside",
             options="timeout:1 attempts:5", processes=6, lookups=6, not_expected=NOR),
        Case("glibc.burst", "glibc", "bursts of loss", "dns-loss", [{"kind": "burst", "lost": 1.2, "period": 6}], names="outside",
             processes=5, lookups=20, gap=100, not_expected=NOR),
        Case("go.burst", "go", "bursts of loss", "dns-loss", [{"kind": "burst", "lost": 1.2, "period": 6}], names="outside",
             processes=5, lookups=20, gap=100, not_expected=["dns-race"]),
        Case("musl-1.2.3.burst", "musl-1.2.3", "bursts of loss", "dns-loss", [{"kind": "burst", "lost": 1.2, "period": 6}],
             names="outside", processes=5, lookups=20, gap=100, not_expected=NOR),
        Case("glibc.race-rare", "glibc", "race, 6 %", "dns-race", [race(.06)], processes=12, lookups=10, not_expected=NOL),
        Case("musl-1.2.3.race-heavy", "musl-1.2.3", "race, 60 %", "dns-race", [race(.6)], processes=5, lookups=6,
             not_expected=NOL),
        Case("cares-1.34.5.race-c8", "cares-1.34.5", "race, eight at once", "dns-race", [race(.25)], processes=8, lookups=6,
             stagger=0, not_expected=NOL),
        Case("glibc.loss-c50", "glibc", "loss, fifty at once", "dns-loss", [loss(.08)], names="outside", processes=50, lookups=3,
             stagger=.01, not_expected=NOR),
        Case("glibc.healthy-c50", "glibc", "healthy, fifty at once", None, names="service outside", processes=50, lookups=4,
             stagger=.005, not_expected=ALL),
        Case("glibc.truncated-tcp-refused", "glibc", "truncated, TCP refused", "dns-truncation", [{"kind": "truncate",
             "match": "example.net"}], names="cdn service", processes=3, lookups=6, no_tcp="reject", also_true=["dns-error",
             "tcp-connect-refused"], not_expected=NOT),
        Case("go.truncated-tcp-drop", "go", "truncated, TCP dropped", "dns-truncation", [{"kind": "truncate",
             "match": "example.net"}], names="cdn service", processes=3, lookups=4, no_tcp="drop",
             also_true=["tcp-connect-retry", "dns-error"], not_expected=NOT),
        Case("glibc.truncated-tcp-slow", "glibc", "truncated, TCP slow", "dns-slow-server", [{"kind": "truncate",
             "match": "example.net"}, slow(300, 600, transport="tcp")], names="cdn service", processes=3, lookups=6,
             also_true=["dns-truncation"], not_expected=NOT),
        Case("glibc.slow-zone", "glibc", "slow for one zone only", "dns-slow-server", [slow(300, 700, match="example.net")],
             names="service cdn outside", processes=4, lookups=9, not_expected=NOT),
        Case("go.slow-a", "go", "A only slow", "dns-slow-server", [slow(300, 700, types=["A"])], names="outside", processes=4,
             lookups=6, not_expected=[*NOT, "dns-family-missing"]),
        Case("glibc.walk-slow-nx", "glibc", "NXDOMAIN slow, positive fast, walk", "dns-slow-server", [slow(150, 400,
             match="cluster.local")], names="outside", search=True, processes=3, lookups=4, also_true=["dns-search-walk"],
             not_expected=NOT),
        Case("node.missing-slow", "node", "missing names slow", "dns-slow-server", [slow(300, 600, match="nope")],
             names="missing service", processes=4, lookups=8, also_true=["dns-error"], not_expected=NOT),
        Case("glibc.servfail-once", "glibc", "SERVFAIL, well at the second try", None, [code("SERVFAIL", first=True, p=.3)],
             names="outside", processes=5, lookups=8, not_expected=NOT),
        Case("musl-1.2.5.servfail-once", "musl-1.2.5", "SERVFAIL, well at the second try", None, [code("SERVFAIL", first=True,
             p=.3)], names="outside", processes=5, lookups=8, not_expected=NOT),
        Case("mix.loss", "glibc", "loss, four programs", "dns-loss", [loss(.15)], names="outside", mix=["musl-1.2.5", "go",
             "node"], processes=8, lookups=6, not_expected=NOR),
        Case("mix.race", "glibc", "race, four programs", "dns-race", [race(.25)], mix=["musl-1.2.3", "go", "cares-1.34.5"],
             processes=12, lookups=5, not_expected=NOL),
        Case("mix.healthy", "glibc", "healthy, five programs", None, names="service outside", mix=["musl-1.2.3", "go",
             "cares-1.18.1", "node"], processes=10, lookups=6, not_expected=ALL),
        Case("mix.dead", "glibc", "first server dead, three programs", "dns-dead-server", [dead(DEAD)], names="outside",
             servers=[DEAD, ALIVE], mix=["go", "cares-1.25.0"], processes=6, lookups=3, not_expected=NOT[:2]),
        Case("glibc.v6-loss", "glibc", "loss, IPv6 nameserver", "dns-loss", [loss(.15)], names="outside v4",
             servers=["fd00:96::a"], processes=7, lookups=5, not_expected=NOR),
        Case("musl-1.2.3.v6-race", "musl-1.2.3", "race, IPv6 nameserver", "dns-race", [race(.22)], servers=["fd00:96::a"],
             processes=5, lookups=8, not_expected=NOL),
        *[Case(f"{resolver}.v6-dead", resolver, "dead IPv6 nameserver first, then IPv4", "dns-dead-server", [dead("fd00:96::b")],
               names="outside", servers=["fd00:96::b", ALIVE], processes=4, lookups=3, not_expected=NOT[:2])
          for resolver in ("go", "glibc", "musl-1.2.5", "cares-1.18.1", "cares-1.34.5", "node")],
        Case("glibc.nodelocal-healthy", "glibc", "node-local address, healthy, ndots 2", None, names="service outside",
             servers=["169.254.20.10"], processes=4, lookups=8, not_expected=ALL),
        Case("go.nodelocal-slow-some", "go", "node-local cache, misses slow", "dns-slow-server", [slow(900, 2100, p=.2)],
             names="outside", servers=["169.254.20.10"], processes=5, lookups=8, not_expected=NOT),
        Case("cares-1.34.5.dead-any", "cares-1.34.5", "dead, any", "dns-dead-server", [dead(DEAD)], names="outside", servers=[DEAD,
             ALIVE], any=True, processes=4, lookups=3, not_expected=NOT[:2]),
        Case("node.slow-any", "node", "slow, any", "dns-slow-server", [slow(200, 800)], names="outside", any=True, processes=3,
             lookups=7, not_expected=NOT),
        *[Case(f"{r}.answerloss-dnat", r, "answers lost at the node", "dns-loss", names="service outside", processes=6, lookups=6,
             dnat={"backends": BOTH, "answerloss": .15}, not_expected=NOR) for r in ("glibc", "musl-1.2.3", "go",
             "cares-1.34.5", "node")],
        Case("glibc.race-snap96", "glibc", "race, snap length 96", "dns-race", [race(.22)], processes=7, lookups=5, snap=96,
             not_expected=NOL),
        Case("go.loss-snap96", "go", "loss, snap length 96", "dns-loss", [loss(.15)], names="outside v4", processes=5, lookups=8,
             snap=96, not_expected=NOR),
        Case("cares-1.34.5.loss-snap96", "cares-1.34.5", "loss, snap length 96", "dns-loss", [loss(.15)], names="outside v4",
             processes=6, lookups=6, snap=96, not_expected=NOR),
        Case("glibc.walk-snap96", "glibc", "walk, snap length 96", "dns-search-walk", names="outside", search=True, processes=3,
             lookups=5, snap=96, not_expected=NOT),
        Case("go.use-vc-slow", "go", "use-vc, slow", "dns-slow-server", [slow(300, 700, p=.5)], names="outside", options="use-vc",
             processes=4, lookups=6, not_expected=NOT),
        Case("node-lookup.dead-c8", "node-lookup", "dead, eight at once in four threads", "dns-dead-server", [dead(DEAD)],
             names="outside", servers=[DEAD, ALIVE], processes=2, threads=8, lookups=8, not_expected=NOT[:2]),
        Case("java.dead", "java", "dead", "dns-dead-server", [dead(DEAD)], names="outside", servers=[DEAD, ALIVE], processes=4,
             lookups=3, not_expected=NOT[:2]),
        Case("node.loss-c8", "node", "loss, eight at once", "dns-loss", [loss(.15)], names="outside v4", processes=2, threads=8,
             lookups=24, not_expected=NOR),
        Case("glibc.steady-60ms", "glibc", "all 60 ms: far", None, [slow(55, 65)], names="outside", processes=3, lookups=8,
             not_expected=NOT),
        Case("glibc.race-v4only", "glibc", "race cannot touch lone queries", None, [race(.5)], names="outside", mode="-4",
             processes=4, lookups=8, not_expected=ALL),
        Case("glibc.refused-only", "glibc", "the only server refuses all", "dns-error", [code("REFUSED")], names="outside",
             processes=3, lookups=4, not_expected=NOT),
        Case("go.servfail-some", "go", "SERVFAIL for a fifth", "dns-error", [code("SERVFAIL", p=.45)], names="outside",
             processes=5, lookups=8, not_expected=NOT),
        Case("grpc-1.51.1.dead-two", "grpc-1.51.1", "one of two dead", "dns-dead-server", [dead(DEAD)], names="outside",
             servers=[DEAD, ALIVE], processes=3, lookups=2, not_expected=NOT[:2]),
        Case("glibc.loss-one-of-two", "glibc", "first of two servers loses a quarter", "dns-loss", [loss(.25, servers=[DEAD])],
             names="outside", servers=[DEAD, ALIVE], processes=8, lookups=6, not_expected=NOR),
        Case("glibc.loss-aaaa-some", "glibc", "30 % of AAAA lost for one zone", "dns-loss", [loss(.3, types=["AAAA"],
             match="example.com")], names="outside v4", processes=6, lookups=8, also_true=["dns-race"],
             not_expected=["dns-dead-server"], note="seconds of pairs only: the race's shape"),
    ]  # fmt: skip
