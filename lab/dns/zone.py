"""What the lab's names resolve to: a cluster's own zone and an outside world."""

from __future__ import annotations

import zlib

NAMESPACES = ("prod", "payments", "kube-system", "default")
OUTSIDE = ("example.com", "example.net", "example.org")

SERVICES = (
    "orders", "users", "cart", "billing", "search", "catalog", "pricing", "inventory", "shipping", "ledger",
    "reviews", "sessions", "mailer", "reports", "images", "coupons", "fraud", "tax", "returns", "loyalty",
    "quotes", "feeds", "alerts", "audit", "exports", "imports", "tokens", "profiles", "wallet", "geo",
    "stock", "labels", "ads", "rates", "events", "hooks", "jobs", "cache", "queue", "metrics",
    "blobs", "locks", "flags", "menus", "seats", "trips", "fares", "maps", "cards", "claims",
    "policy", "offers", "brands", "stores", "staff", "shifts", "parcel", "routes", "depots", "fleet",
)  # fmt: skip


def hashed(name: str) -> int:
    return zlib.crc32(name.encode())


def zone_of(name: str) -> str:
    for outside in OUTSIDE:
        if name == outside or name.endswith("." + outside):
            return outside
    return "cluster.local" if name.endswith("cluster.local") else "."


def resolve(name: str, kind: int) -> tuple[str, list[tuple[int, str]], int]:
    """(rcode, answers, ttl) of a name. Services have A only, as in a single-stack cluster."""
    name = name.lower().rstrip(".")
    value = hashed(name)
    labels = name.split(".")
    if name.endswith(".svc.cluster.local"):
        if len(labels) != 5 or labels[1] not in NAMESPACES or labels[0].startswith("nope"):
            return "NXDOMAIN", [], 5
        address = f"10.100.{value >> 8 & 255}.{value & 127 | 1}"
        return "NOERROR", [(1, address)] if kind == 1 else [], 5
    outside = next((zone for zone in OUTSIDE if name.endswith("." + zone)), None)
    if outside is None or labels[0].startswith("nope") or len(labels) > 4:
        return "NXDOMAIN", [], 30
    answers: list[tuple[int, str]] = []
    if labels[0].startswith("cdn"):
        answers.append((5, f"edge-{value & 255}.{outside}"))
    if kind == 1:
        answers += [(1, f"10.100.{200 + index}.{value & 127 | 1}") for index in range(1 + value % 2)]
    elif kind == 28 and not labels[0].startswith("v4"):
        answers.append((28, f"2001:db8:{value & 0xFFFF:x}::{value >> 16 & 0xFF | 1:x}"))
    return "NOERROR", answers, 60 + value % 240
