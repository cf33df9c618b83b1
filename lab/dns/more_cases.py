"""Beside the basic four: healthy twins, near misses, Kubernetes' path, and the other DNS rules."""

from __future__ import annotations

from network import BACKENDS
from lab import Case

DEAD, ALIVE, THIRD = "10.96.0.11", "10.96.0.10", "10.96.0.12"
BOTH = list(BACKENDS)
NOT_LOSS = ["dns-race", "dns-loss", "dns-dead-server"]
DNS_FAULTS = [*NOT_LOSS, "dns-slow-server", "dns-error", "dns-family-missing", "dns-truncation"]

# When the answer leaves so that it comes just after the resolver's own first timer, in ms.
LATE = {
    "glibc": [5150, 5500], "musl-1.2.3": [2600, 2900], "go": [5150, 5500], "cares-1.18.1": [5150, 5500],
    "cares-1.34.5": [2150, 2500], "node": [2200, 2600], "grpc-1.51.1": [6200, 6600],
}  # fmt: skip


def healthy() -> list[Case]:
    cases = []
    for resolver in ("glibc", "musl-1.2.3", "musl-1.2.5", "go", "cares-1.18.1", "cares-1.34.5", "grpc-1.51.1", "grpc-1.85.3",
                     "node", "node-lookup", "python", "java", "grpc-native-1.51.1"):  # fmt: skip
        # Node's dns.resolve knows no search list, so it is given whole names.
        names = "service outside" if resolver == "node" else "short other-namespace absolute"
        cases.append(Case(f"{resolver}.healthy", resolver, "healthy", None, names=names, search=resolver != "node",
                          processes=3, lookups=9, not_expected=[*DNS_FAULTS, "dns-search-walk"]))  # fmt: skip
    for resolver in ("glibc", "musl-1.2.3", "go", "cares-1.18.1", "cares-1.34.5", "grpc-1.51.1"):
        cases.append(Case(f"{resolver}.walk", resolver, "search walk", "dns-search-walk", names="outside", search=True,
                          processes=3, lookups=5, not_expected=DNS_FAULTS,
                          note="an outside name of two dots under ndots:5: three suffixes are tried first"))  # fmt: skip
    cases += [
        Case("glibc.healthy-threads", "glibc", "healthy, four threads", None, names="service outside cdn", processes=2, lookups=16,
             threads=4, not_expected=DNS_FAULTS),
        Case("glibc.healthy-twins", "glibc", "two processes ask the same name at once", None, names="service", processes=4,
             lookups=8, stagger=0, repeat_names=True, not_expected=DNS_FAULTS, note="every process's lookup is one of its own"),
        Case("musl-1.2.3.healthy-twins", "musl-1.2.3", "two processes ask the same name at once", None, names="service",
             processes=4, lookups=8, stagger=0, repeat_names=True, not_expected=DNS_FAULTS),
        Case("cares-1.34.5.healthy-channel", "cares-1.34.5", "healthy, one channel", None, names="service outside", processes=3,
             lookups=12, mode="-k", not_expected=DNS_FAULTS),
        Case("glibc.walk-ndots2", "glibc", "ndots:2 against the walk", None, names="outside", search=True, options="ndots:2",
             processes=3, lookups=8, not_expected=["dns-search-walk"]),
        Case("glibc.steady-30ms", "glibc", "every answer takes 30 ms: far away, not slow", None,
             [{"kind": "slow", "ms": [28, 32]}], names="outside", processes=3, lookups=8,
             not_expected=NOT_LOSS, note="no contrast and below any threshold of a second"),
    ]  # fmt: skip
    return cases


def races() -> list[Case]:
    race = {"kind": "race", "p": 0.22}
    cases = []
    for resolver in ("glibc", "musl-1.2.3", "cares-1.18.1", "grpc-1.51.1"):
        cases.append(Case(f"{resolver}.race-walk", resolver, "race under ndots:5", "dns-race", [{"kind": "race", "p": 0.13}],
                          search=True, processes=4, lookups=4, also_true=["dns-search-walk"],
                          not_expected=["dns-loss", "dns-dead-server"]))  # fmt: skip
        cases.append(Case(f"{resolver}.race-few", resolver, "two lost seconds", "dns-race", [{"kind": "race", "at": [9, 22]}],
                          processes=4, lookups=8, not_expected=["dns-loss", "dns-dead-server"],
                          note="two losses prove little: at most `possible`"))  # fmt: skip
    for resolver in ("glibc", "musl-1.2.3", "go", "cares-1.18.1", "cares-1.34.5", "grpc-1.51.1", "node"):
        immune = resolver == "go"
        cases.append(Case(f"{resolver}.race-dnat", resolver, "race behind a ClusterIP with two backends", None if immune else "dns-race",
                          processes=6, lookups=4 if immune else 6, dnat={"backends": BOTH, "race": 0.3},
                          not_expected=["dns-race", "dns-loss"] if immune else ["dns-loss", "dns-dead-server"],
                          note="the node drops the second packet of a flow behind the DNAT; the server never sees it"))  # fmt: skip
    for resolver in ("musl-1.2.4", "musl-1.2.5", "cares-1.20.1", "cares-1.25.0", "cares-1.33.0", "cares-1.34.5", "pycares-1.34.5",
                     "python", "java", "node-lookup", "grpc-native-1.51.1"):  # fmt: skip
        cases.append(Case(f"{resolver}.race", resolver, "race", "dns-race", [race], processes=6, lookups=6,
                          not_expected=["dns-loss", "dns-dead-server"]))  # fmt: skip
    cases += [
        Case("glibc.race-any", "glibc", "race, captured with -i any", "dns-race", [race], processes=6, lookups=5, any=True,
             not_expected=["dns-loss"]),
        Case("musl-1.2.3.race-any", "musl-1.2.3", "race, captured with -i any", "dns-race", [race], processes=5, lookups=6,
             any=True, not_expected=["dns-loss"]),
        Case("glibc.race-threads", "glibc", "race, six threads of one process", "dns-race", [race], processes=2, lookups=18,
             threads=6, not_expected=["dns-loss"]),
        Case("cares-1.34.5.race-channel", "cares-1.34.5", "race, one warmed channel", "dns-race", [race], processes=4, lookups=10,
             mode="-k", not_expected=["dns-loss"]),
        Case("glibc.race-reopen", "glibc", "race, cured with single-request-reopen", None, [race], options="single-request-reopen",
             processes=4, lookups=8, not_expected=["dns-race", "dns-loss"],
             note="answers come under 2 ms, so asking one after the other costs nothing worth a finding"),
        Case("musl-1.2.3.race-reopen", "musl-1.2.3", "race; musl does not know single-request-reopen", "dns-race", [race],
             options="single-request-reopen", processes=5, lookups=8, not_expected=["dns-loss"]),
    ]  # fmt: skip
    return cases


def losses() -> list[Case]:
    loss = {"kind": "loss", "p": 0.15}
    cases = []
    for resolver in ("glibc", "musl-1.2.3", "go", "cares-1.34.5"):
        cases.append(Case(f"{resolver}.loss-dnat", resolver, "loss behind a ClusterIP with two backends", "dns-loss", names="service outside",
                          processes=6, lookups=6, dnat={"backends": BOTH, "loss": 0.15},
                          not_expected=["dns-race", "dns-dead-server"]))  # fmt: skip
    for resolver, mode in (("glibc", "-4"), ("musl-1.2.3", "-4"), ("cares-1.34.5", "-n -4"), ("node", "resolve4")):
        cases.append(Case(f"{resolver}.loss-lone", resolver, "loss of lone A queries", "dns-loss", [loss], names="outside",
                          processes=5, lookups=9, mode=mode, not_expected=["dns-race", "dns-dead-server"],
                          note="one family is asked for: there is no pair"))  # fmt: skip
    for resolver in ("musl-1.2.5", "cares-1.20.1", "cares-1.25.0", "cares-1.33.0", "cares-1.34.5", "pycares-1.34.5", "python",
                     "node-lookup", "grpc-native-1.51.1"):  # fmt: skip
        cases.append(Case(f"{resolver}.loss", resolver, "loss", "dns-loss", [loss], names="outside v4", processes=6, lookups=6,
                          not_expected=["dns-race", "dns-dead-server"]))  # fmt: skip
    cases += [
        Case("glibc.loss-two-servers", "glibc", "loss at two servers", "dns-loss", [{"kind": "loss", "p": 0.2}], names="outside",
             servers=[ALIVE, DEAD], processes=6, lookups=6, not_expected=["dns-race", "dns-dead-server"]),
        Case("musl-1.2.3.loss-two-servers", "musl-1.2.3", "loss at two servers", "dns-loss", [{"kind": "loss", "p": 0.25}],
             names="outside", servers=[ALIVE, DEAD], processes=5, lookups=6, not_expected=["dns-race", "dns-dead-server"],
             note="musl asks both at once: one answer of either is enough, so most losses cost nothing"),
        Case("go.loss-any", "go", "loss, captured with -i any", "dns-loss", [loss], names="outside", processes=5, lookups=6, any=True,
             not_expected=["dns-race", "dns-dead-server"]),
    ]  # fmt: skip
    return cases


def dead() -> list[Case]:
    cases = []
    for resolver in ("glibc", "musl-1.2.3", "go", "cares-1.34.5", "node", "cares-1.18.1"):
        cases.append(Case(f"{resolver}.dead-only", resolver, "the only server is dead", "dns-dead-server",
                          [{"kind": "dead", "servers": [ALIVE]}], names="outside", processes=4,
                          lookups=1 if resolver in ("node", "cares-1.18.1") else 2, not_expected=["dns-race", "dns-loss"]))  # fmt: skip
        cases.append(Case(f"{resolver}.dead-backend", resolver, "one of two backends is dead", "dns-dead-server",
                          [{"kind": "dead", "servers": [BACKENDS[1]]}], names="service outside", processes=6,
                          lookups=2 if resolver == "cares-1.18.1" else 5,
                          dnat={"backends": BOTH}, not_expected=["dns-race"],
                          note="flows of one port lose every packet, others none; new ports may reach the other backend"))  # fmt: skip
    cases += [
        Case("musl-1.2.3.dead-second", "musl-1.2.3", "the second of two nameservers is dead", "dns-dead-server",
             [{"kind": "dead", "servers": [DEAD]}], names="outside", servers=[ALIVE, DEAD], processes=3, lookups=8,
             not_expected=["dns-race", "dns-loss"], note="musl asks all at once: the dead one costs nothing"),
        Case("glibc.dead-rotate", "glibc", "one of two nameservers is dead, options rotate", "dns-dead-server",
             [{"kind": "dead", "servers": [DEAD]}], names="outside", servers=[DEAD, ALIVE], options="rotate", processes=4,
             lookups=4, not_expected=["dns-race", "dns-loss"]),
        Case("glibc.dead-three", "glibc", "two of three nameservers are dead", "dns-dead-server",
             [{"kind": "dead", "servers": [DEAD, THIRD]}], names="outside", servers=[DEAD, THIRD, ALIVE], processes=4,
             lookups=2, not_expected=["dns-race", "dns-loss"]),
        Case("glibc.dead-timeout1", "glibc", "dead first server, options timeout:1 attempts:3", "dns-dead-server",
             [{"kind": "dead", "servers": [DEAD]}], names="outside", servers=[DEAD, ALIVE], options="timeout:1 attempts:3",
             processes=4, lookups=5, not_expected=["dns-race", "dns-loss"]),
    ]  # fmt: skip
    return cases


def slow() -> list[Case]:
    cases = []
    for resolver in ("glibc", "musl-1.2.3", "go", "cares-1.18.1", "cares-1.34.5", "node", "grpc-1.51.1"):
        cases.append(Case(f"{resolver}.slow-some", resolver, "three answers in ten are late", "dns-slow-server",
                          [{"kind": "slow", "ms": [200, 800], "p": 0.3}], names="service outside", processes=3, lookups=8,
                          not_expected=NOT_LOSS))  # fmt: skip
        cases.append(Case(f"{resolver}.slow-late", resolver, "some answers come after the resolver asked again", "dns-slow-server",
                          [{"kind": "slow", "ms": LATE[resolver], "p": 0.2, "first": True}], names="outside", processes=5,
                          lookups=4, not_expected=["dns-dead-server", "dns-race"],
                          note="only a query's first sending is delayed; the resend is answered at once"))  # fmt: skip
    for resolver in ("python", "java", "node-lookup", "cares-1.25.0", "pycares-1.34.5"):
        cases.append(Case(f"{resolver}.slow", resolver, "slow", "dns-slow-server", [{"kind": "slow", "ms": [200, 800]}],
                          names="outside", processes=3, lookups=6, not_expected=NOT_LOSS))  # fmt: skip
    cases += [
        Case("cares-1.34.5.slow-channel", "cares-1.34.5", "a warmed channel meets late answers", "dns-slow-server",
             [{"kind": "slow", "ms": [400, 800], "p": 0.2}], names="outside", processes=4, lookups=12, mode="-k",
             not_expected=["dns-race", "dns-dead-server"],
             note="since 1.32 the timer follows the latency seen (least 250 ms): it asks again while the answer is on its way"),
        Case("glibc.slow-walk", "glibc", "slow server under ndots:5", "dns-slow-server", [{"kind": "slow", "ms": [150, 300]}],
             names="outside", search=True, processes=3, lookups=4, also_true=["dns-search-walk"], not_expected=NOT_LOSS),
        Case("glibc.slow-dnat", "glibc", "one of two backends is slow", "dns-slow-server",
             [{"kind": "slow", "ms": [300, 600], "p": 0.5}], processes=4, lookups=7, dnat={"backends": BOTH},
             not_expected=NOT_LOSS),
        Case("musl-1.2.3.slow-aaaa", "musl-1.2.3", "only AAAA answers are late", "dns-slow-server",
             [{"kind": "slow", "ms": [300, 700], "types": ["AAAA"]}], names="outside", processes=3, lookups=6,
             not_expected=[*NOT_LOSS, "dns-family-missing"]),
    ]  # fmt: skip
    return cases


def others() -> list[Case]:
    cases = []
    for resolver in ("glibc", "musl-1.2.3", "go", "cares-1.34.5", "node", "cares-1.18.1"):
        cases.append(Case(f"{resolver}.family-lost", resolver, "AAAA is never answered", "dns-family-missing",
                          [{"kind": "family", "type": "AAAA", "action": "drop"}], names="outside", processes=4,
                          lookups=1 if resolver in ("cares-1.18.1", "node") else 2, not_expected=["dns-race", "dns-loss"]))  # fmt: skip
    for resolver, action in (("glibc", "REFUSED"), ("musl-1.2.3", "SERVFAIL"), ("go", "REFUSED"), ("cares-1.34.5", "NOTIMP")):
        cases.append(Case(f"{resolver}.family-{action.lower()}", resolver, f"AAAA is answered {action}", "dns-family-missing",
                          [{"kind": "family", "type": "AAAA", "action": action}], names="outside", processes=3, lookups=3,
                          not_expected=NOT_LOSS))  # fmt: skip
    for resolver in ("glibc", "musl-1.2.3", "go", "cares-1.34.5", "node"):
        cases.append(Case(f"{resolver}.servfail", resolver, "SERVFAIL for one name in two", "dns-error",
                          [{"kind": "code", "code": "SERVFAIL", "match": "example.com"}], names="service outside", processes=3,
                          lookups=4, not_expected=NOT_LOSS))  # fmt: skip
        cases.append(Case(f"{resolver}.nxdomain", resolver, "names that do not exist", "dns-error", names="service missing",
                          processes=3, lookups=6, not_expected=NOT_LOSS))  # fmt: skip
        cases.append(Case(f"{resolver}.truncated", resolver, "answers too big for UDP", "dns-truncation",
                          [{"kind": "truncate", "match": "example.net"}], names="cdn service", processes=3, lookups=6,
                          not_expected=NOT_LOSS))  # fmt: skip
    cases += [
        Case("musl-1.2.5.truncated", "musl-1.2.5", "answers too big for UDP", "dns-truncation",
             [{"kind": "truncate", "match": "example.net"}], names="cdn service", processes=3, lookups=6, not_expected=NOT_LOSS),
        Case("glibc.refused", "glibc", "REFUSED for one name in two", "dns-error",
             [{"kind": "code", "code": "REFUSED", "match": "example.com"}], names="service outside", processes=3, lookups=4,
             not_expected=NOT_LOSS),
        Case("glibc.nxdomain-walk", "glibc", "a missing name under ndots:5", "dns-error", names="missing", search=True,
             processes=3, lookups=4, also_true=["dns-search-walk"], not_expected=NOT_LOSS),
        Case("glibc.use-vc", "glibc", "options use-vc: TCP from the start", None, names="service outside", options="use-vc",
             processes=3, lookups=6, not_expected=[*DNS_FAULTS, "dns-truncation"]),
        Case("go.use-vc", "go", "options use-vc: TCP from the start", None, names="service outside", options="use-vc",
             processes=3, lookups=6, not_expected=[*DNS_FAULTS, "dns-truncation"]),
        Case("glibc.sequential", "glibc", "options single-request, answers of 6 to 9 ms", "dns-sequential-pair", names="outside",
             options="single-request", processes=4, lookups=8, latency=(6, 9), not_expected=NOT_LOSS),
        Case("glibc.sequential-reopen", "glibc", "options single-request-reopen, answers of 6 to 9 ms", "dns-sequential-pair",
             names="outside", options="single-request-reopen", processes=4, lookups=8, latency=(6, 9), not_expected=NOT_LOSS),
        Case("go.sequential", "go", "options single-request, answers of 6 to 9 ms", "dns-sequential-pair", names="outside",
             options="single-request", processes=4, lookups=8, latency=(6, 9), not_expected=NOT_LOSS),
        Case("glibc.sequential-quick", "glibc", "options single-request, answers under 1 ms", None, names="outside",
             options="single-request", processes=4, lookups=8, not_expected=["dns-sequential-pair"]),
        Case("go.race-no-edns", "go-no-edns", "race; no EDNS (GODEBUG=netedns0=0)", None, [{"kind": "race", "p": 0.3}],
             processes=4, lookups=8, not_expected=NOT_LOSS, note="A and AAAA leave from ports of their own: nothing is lost"),
        Case("go.loss-no-edns", "go-no-edns", "loss; no EDNS (GODEBUG=netedns0=0)", "dns-loss", [{"kind": "loss", "p": 0.15}],
             names="outside", processes=6, lookups=5, not_expected=["dns-race", "dns-dead-server"]),
    ]  # fmt: skip
    return cases


def more() -> list[Case]:
    return [*healthy(), *races(), *losses(), *dead(), *slow(), *others()]
