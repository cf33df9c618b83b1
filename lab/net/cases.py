"""The cases: what the server and client do, what is done to the network, and which rule is true of it.

`slow` says which of the client's records the cause hit: seconds beyond the median of all others.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Case:
    id: str
    rule: str | None
    server: list[str]
    client: list[str]
    also: list[str] = field(default_factory=list)
    near_miss_of: str | None = None
    backends: int = 1
    dead: int | None = None  # back end without a way to it
    iptables: list[list[str]] = field(default_factory=list)
    sysctl: list[tuple[str, str]] = field(default_factory=list)  # (pod, node or back, setting)
    tbf: str | None = None
    pauses: list[tuple[float, float]] = field(default_factory=list)  # the server stopped at, for so long
    slow: float | None = 0.03  # a try that takes so much longer than the median was hit; None: count not told
    port: int = 8080
    program: str = "go"
    base: str = "median"  # what an unhurt call takes: the median of all, or the `least`


def drop(*match: str) -> list[str]:
    return ["-A", "FORWARD", "-p", "tcp", *match, "-j", "DROP"]


def every(n: int, packet: int = 0) -> list[str]:
    return ["-m", "statistic", "--mode", "nth", "--every", str(n), "--packet", str(packet)]


def chance(p: float) -> list[str]:
    return ["-m", "statistic", "--mode", "random", "--probability", str(p)]


PATHS = "--paths=/api/items,/api/users/7731,/api/orders?state=open"
HTTP = ["--ms=4", "--jitter=4", "--size=900"]
SYN = ["--dport", "8080", "--syn"]
DATA = ["--sport", "8080", "-m", "length", "--length", "300:2000"]

CASES = [
    # Connecting
    Case("syn-retry.pool", "tcp-connect-retry", HTTP, [PATHS, "--n=90", "--callers=3", "--no-reuse"], also=["connection-per-request"],
         iptables=[drop(*SYN, *every(9, 4))], slow=0.5),
    Case("syn-retry.old-kernel", "tcp-connect-retry", HTTP, [PATHS, "--n=60", "--callers=4", "--no-reuse"], also=["connection-per-request"],
         iptables=[drop(*SYN, *every(6, 2))], sysctl=[("pod", "net.ipv4.tcp_syn_linear_timeouts=0")], slow=0.5),
    Case("syn-retry.near-slow", "upstream-slow", [*HTTP, "--slow-ms=1000", "--slow-every=9"],
         [PATHS, "--n=60", "--callers=3", "--no-reuse"], also=["connection-per-request"], near_miss_of="syn-retry.pool", slow=0.5),
    Case("dead-endpoint.new", "tcp-connect-retry", HTTP, [PATHS, "--n=40", "--callers=2", "--no-reuse", "--retries=2", "--timeout-ms=1500"],
         also=["connection-per-request"], backends=2, dead=1, slow=0.5, base="least"),
    # Loss
    Case("rto.response", "tcp-retransmission-stall", HTTP, [PATHS, "--n=80", "--gap-ms=25"], iptables=[drop(*DATA, *every(17, 6))], slow=0.15),
    Case("rto.request", "tcp-retransmission-stall", HTTP, [PATHS, "--n=80", "--gap-ms=20", "--size=700"],
         iptables=[drop("--dport", "8080", "-m", "length", "--length", "300:2000", *every(19, 5))], slow=0.15),
    Case("rto.callers", "tcp-retransmission-stall", HTTP, [PATHS, "--n=160", "--callers=5", "--gap-ms=15"],
         iptables=[drop(*DATA, *chance(0.05))], slow=0.15),
    Case("rto.near-think", "upstream-slow", [*HTTP, "--slow-ms=210", "--slow-every=14"], [PATHS, "--n=80", "--gap-ms=20"],
         near_miss_of="rto.response", slow=0.15),
    Case("rto.near-burst", None, [*HTTP, "--big-size=160000", "--big-every=6"], [PATHS, "--n=60", "--gap-ms=20"],
         iptables=[drop("--sport", "8080", "-m", "length", "--length", "1400:1600", *every(71, 20))], near_miss_of="rto.response"),
    # Delayed acknowledgement
    Case("nagle.response", "tcp-delayed-ack", ["--kind=two-writes", "--ms=3", "--size=400"], ["--n=60", "--gap-ms=15"], slow=None),
    Case("nagle.near-think", None, ["--ms=42", "--jitter=2", "--size=400"], ["--n=60", "--gap-ms=15"], near_miss_of="nagle.response"),
    # Idle connections
    Case("idle-reset.py", "tcp-idle-reuse", ["--ms=3", "--size=500", "--idle-ms=1000"], ["idle", "--n=24", "--every=4", "--pause=1.004"],
         program="py", slow=None),
    Case("idle-close.near", None, ["--ms=3", "--size=500", "--idle-ms=1000"], [PATHS, "--n=24", "--pause-every=4", "--pause-ms=1500"],
         near_miss_of="idle-reset.py"),
    Case("idle-drop", "tcp-idle-drop", HTTP, [PATHS, "--n=24", "--gap-ms=50", "--pause-every=6", "--pause-ms=4200", "--timeout-ms=2500", "--retries=1"],
         iptables=[["-A", "FORWARD", "-m", "conntrack", "--ctstate", "INVALID", "-j", "DROP"]],
         sysctl=[("node", "net.netfilter.nf_conntrack_tcp_timeout_established=2"), ("node", "net.netfilter.nf_conntrack_tcp_loose=0"),
                 ("node", "net.netfilter.nf_conntrack_tcp_be_liberal=0")], slow=1.0),
    Case("idle-kept.near", None, HTTP, [PATHS, "--n=24", "--gap-ms=50", "--pause-every=6", "--pause-ms=4200"], near_miss_of="idle-drop"),
    # Windows, sizes, rates
    Case("window.client", "tcp-zero-window", ["--ms=4", "--size=900", "--big-size=900000", "--big-every=3"],
         ["slow-reader", "--n=12", "--every=3", "--rest=0.7"], program="py", slow=0.4),
    Case("window.near-parts", "upstream-slow", ["--ms=4", "--size=90000", "--parts=3", "--part-ms=350"], ["--n=12", "--gap-ms=50"],
         near_miss_of="window.client", slow=None),
    Case("mtu.response", "mtu-blackhole", ["--ms=4", "--size=600", "--big-size=30000", "--big-every=6"],
         [PATHS, "--n=36", "--gap-ms=30", "--timeout-ms=3500"], iptables=[drop("--sport", "8080", "-m", "length", "--length", "1401:2000")], slow=1.0),
    Case("mtu.near-slow", "upstream-slow", ["--ms=4", "--size=30000", "--slow-ms=1200", "--slow-every=6"], [PATHS, "--n=36", "--gap-ms=30"],
         near_miss_of="mtu.response", slow=0.5),
    Case("bandwidth.tbf", "bandwidth-limit", ["--ms=4", "--size=700", "--big-size=300000", "--big-every=5"], [PATHS, "--n=25", "--gap-ms=40"],
         tbf="4mbit", slow=0.3),
    # Reuse and TLS
    Case("reuse.none", "connection-per-request", HTTP, [PATHS, "--n=40", "--no-reuse"], slow=None),
    Case("reuse.server-closes", "connection-per-request", [*HTTP, "--no-reuse"], [PATHS, "--n=40"], slow=None),
    Case("reuse.near-pool", None, HTTP, [PATHS, "--n=60", "--callers=6"], near_miss_of="reuse.none"),
    Case("tls.each", "tls-handshake-cost", ["--kind=https", *HTTP, "--no-tickets"], ["--target=https://{service}", "--n=40", "--no-reuse", "--no-tickets"],
         also=["connection-per-request"], port=8443, slow=None),
    Case("tls.near-resumed", "connection-per-request", ["--kind=https", *HTTP], ["--target=https://{service}", "--n=40", "--no-reuse"],
         near_miss_of="tls.each", port=8443, slow=None),
    Case("tls.near-reused", None, ["--kind=https", *HTTP], ["--target=https://{service}", "--n=40"], near_miss_of="tls.each", port=8443),
    Case("tls.slow", "tls-handshake-slow", ["--kind=https", *HTTP, "--handshake-ms=230", "--no-tickets"],
         ["--target=https://{service}", "--n=24", "--no-reuse", "--no-tickets"], also=["tls-handshake-cost", "connection-per-request"], port=8443, slow=None),
    # The server
    Case("pause.stop", "process-pause", HTTP, [PATHS, "--n=400", "--callers=8", "--gap-ms=20"],
         pauses=[(0.4, 0.31), (0.95, 0.17), (1.3, 0.42)], slow=0.08),
    Case("slow.some", "upstream-slow", [*HTTP, "--slow-ms=600", "--slow-every=12"], [PATHS, "--n=90", "--callers=3", "--gap-ms=10"], slow=0.3),
    Case("slow.body", "upstream-slow", ["--ms=4", "--size=60000", "--parts=4", "--part-ms=220"], ["--n=14", "--gap-ms=40"], slow=None),
    Case("healthy.mix", None, HTTP, [PATHS, "--n=200", "--callers=10", "--gap-ms=5"]),
    Case("healthy.jitter", None, ["--ms=5", "--jitter=25", "--size=900"], [PATHS, "--n=150", "--callers=4", "--gap-ms=5"]),
    Case("healthy.uploads", None, HTTP, [PATHS, "--n=40", "--size=80000", "--gap-ms=10"]),
    # Retries
    Case("retry.503", "http-retry", [*HTTP, "--fail-every=11", "--fail-run=2"], [PATHS, "--n=60", "--retries=4", "--backoff-ms=250"], slow=0.15),
    Case("retry.429", "http-retry", [*HTTP, "--fail-every=9", "--fail-status=429", "--retry-s=1"],
         [PATHS, "--n=36", "--retries=3", "--honour", "--backoff-ms=100"], slow=0.5),
    Case("retry.near-errors", None, [*HTTP, "--fail-every=4"], [PATHS, "--n=60", "--gap-ms=10"], also=["http-error"], near_miss_of="retry.503"),
    # gRPC
    Case("grpc.deadline", "grpc-deadline", ["--kind=grpc", *HTTP, "--slow-ms=3000", "--slow-every=11"],
         ["--kind=grpc", "--target=passthrough:///{service}", "--paths=/shop.Stock/Reserve", "--n=50", "--timeout-ms=1500", "--gap-ms=20"],
         also=["upstream-slow"], port=50051, slow=0.5),
    Case("grpc.near-within", "upstream-slow", ["--kind=grpc", *HTTP, "--slow-ms=900", "--slow-every=11"],
         ["--kind=grpc", "--target=passthrough:///{service}", "--paths=/shop.Stock/Reserve", "--n=50", "--timeout-ms=2000", "--gap-ms=20"],
         near_miss_of="grpc.deadline", port=50051, slow=0.5),
    Case("grpc.age", "grpc-connection-churn", ["--kind=grpc", *HTTP, "--max-age-ms=1500"],
         ["--kind=grpc", "--target=passthrough:///{service}", "--paths=/shop.Stock/Get,/shop.Stock/List", "--n=160", "--callers=2", "--gap-ms=90"],
         port=50051, slow=None),
    Case("grpc.pings", "grpc-too-many-pings", ["--kind=grpc", *HTTP, "--slow-ms=45000", "--slow-every=6"],
         ["--kind=grpc", "--target=passthrough:///{service}", "--paths=/report.Jobs/Run", "--n=6", "--timeout-ms=60000", "--keepalive-ms=10000"],
         port=50051, slow=None),
    Case("grpc.retry", "http-retry", ["--kind=grpc", *HTTP, "--fail-every=9"],
         ["--kind=grpc", "--target=passthrough:///{service}", "--paths=/shop.Stock/Get", "--n=60", "--gap-ms=10",
          "--config={\"methodConfig\":[{\"name\":[{}],\"retryPolicy\":{\"maxAttempts\":4,\"initialBackoff\":\"0.5s\",\"maxBackoff\":\"2s\",\"backoffMultiplier\":2,\"retryableStatusCodes\":[\"UNAVAILABLE\"]}}]}"],
         port=50051, slow=0.08),
    Case("grpc.pinned", "grpc-single-backend", ["--kind=grpc", "--ms=25", "--jitter=4", "--size=200", "--at-once=2"],
         ["--kind=grpc", "--target=passthrough:///{service}", "--paths=/shop.Price/Quote", "--n=160", "--callers=10"], backends=2, port=50051, slow=None),
    Case("grpc.healthy", None, ["--kind=grpc", *HTTP],
         ["--kind=grpc", "--target=passthrough:///{service}", "--paths=/shop.Price/Quote,/shop.Stock/Get", "--n=200", "--callers=8", "--gap-ms=5"], port=50051),
]
