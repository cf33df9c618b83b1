"""DNS messages, as little as the lab's server needs (RFC 1035, RFC 6891)."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass

TYPES = {1: "A", 5: "CNAME", 6: "SOA", 12: "PTR", 16: "TXT", 28: "AAAA", 33: "SRV", 65: "HTTPS"}
RCODES = {"NOERROR": 0, "FORMERR": 1, "SERVFAIL": 2, "NXDOMAIN": 3, "NOTIMP": 4, "REFUSED": 5}


@dataclass
class Query:
    id: int
    flags: int
    name: str
    type: int
    question: bytes
    edns: bool

    @property
    def type_name(self) -> str:
        return TYPES.get(self.type, f"TYPE{self.type}")


def parse_query(data: bytes) -> Query | None:
    """The first question of a query; None for what is no query."""
    if len(data) < 17:
        return None
    identifier, flags, questions, _, _, additional = struct.unpack("!6H", data[:12])
    if flags & 0x8000 or questions != 1:
        return None
    labels, at = [], 12
    while at < len(data) and data[at]:
        length = data[at]
        labels.append(data[at + 1 : at + 1 + length].decode("latin-1"))
        at += length + 1
    if at + 5 > len(data):
        return None
    (kind,) = struct.unpack("!H", data[at + 1 : at + 3])
    return Query(identifier, flags, ".".join(labels), kind, data[12 : at + 5], additional > 0)


def encode_name(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label) + b"\0"


def record(owner: bytes, kind: int, ttl: int, data: bytes) -> bytes:
    return owner + struct.pack("!HHIH", kind, 1, ttl, len(data)) + data


def response(query: Query, rcode: int, answers: list[tuple[int, str]], ttl: int, truncated: bool, zone: str) -> bytes:
    """A reply; `answers` are (type, text) in order, a CNAME first re-owning what follows it."""
    owner, records = b"\xc0\x0c", []
    if not truncated:
        for kind, text in answers:
            if kind == 5:
                records.append(record(owner, 5, ttl, encode_name(text)))
                owner = encode_name(text)
            else:
                family = socket.AF_INET if kind == 1 else socket.AF_INET6
                records.append(record(owner, kind, ttl, socket.inet_pton(family, text)))
    authority = []
    if not records and not truncated and rcode in (0, 3):
        names = encode_name(f"ns.dns.{zone}") + encode_name(f"hostmaster.{zone}")
        authority.append(record(encode_name(zone), 6, ttl, names + struct.pack("!5I", 1, 7200, 1800, 86400, ttl)))
    additional = [b"\0" + struct.pack("!HHIH", 41, 1232, 0, 0)] if query.edns else []
    flags = 0x8080 | (query.flags & 0x0100) | (0x0400 if zone == "cluster.local" else 0) | (0x0200 if truncated else 0)
    head = struct.pack("!6H", query.id, flags | rcode, 1, len(records), len(authority), len(additional))
    return head + query.question + b"".join(records) + b"".join(authority) + b"".join(additional)
