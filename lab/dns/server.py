"""The lab's DNS server: server.py CONFIG.json LOG.ndjson. Prints `ready` once it listens.

CONFIG: { seed, addresses, latencyMs: [low, high], behaviours: [...], grpcPort }. The log has one
JSON array a query, fields as server_log.LOG_FIELDS says.
"""

from __future__ import annotations

import asyncio
import json
import random
import struct
import sys
import time

from behaviours import Arrival, build
from wire import RCODES, parse_query, response
from zone import resolve, zone_of


SETTINGS = b"\0\0\0\x04\0\0\0\0\0"
SETTINGS_ACKNOWLEDGED = b"\0\0\0\x04\x01\0\0\0\0"


class Server:
    def __init__(self, config: dict, log) -> None:
        self.log = log
        self.random = random.Random(config["seed"])
        self.latency = config["latencyMs"]
        self.behaviours = build(config["behaviours"], config["seed"])
        self.seen: dict[tuple, int] = {}

    def handle(self, data: bytes, server: str, client: tuple, transport: str):
        """(reply or None, seconds until it goes out) for one message."""
        query = parse_query(data)
        if query is None:
            return None, 0.0
        key = (server, client, query.id, query.name, query.type, transport)
        self.seen[key] = self.seen.get(key, 0) + 1
        arrival = Arrival(
            time.time(), server, client[0], client[1], query.id, query.name, query.type_name, transport, self.seen[key]
        )
        delay = self.random.uniform(*self.latency) / 1000
        rcode, answers, ttl = resolve(query.name, query.type)
        action, truncated = "ok", False
        # Every behaviour is asked, so that one that keeps state sees each query.
        for decision in [behaviour.act(arrival) for behaviour in self.behaviours]:
            if decision is None or action == "drop":
                continue
            if decision[0] == "drop":
                action = "drop"
            elif decision[0] == "delay":
                delay += decision[1]
            elif decision[0] == "rcode":
                rcode, answers = decision[1], []
            elif decision[0] == "truncate":
                truncated, action = True, "truncate"
        dropped = action == "drop"
        self.log.write(
            json.dumps(
                [round(arrival.at, 6), server, transport, client[1], query.id, query.name, query.type_name,
                 arrival.seen, action, None if dropped else rcode, None if dropped else round(delay, 4)]
            )  # fmt: skip
            + "\n"
        )
        if dropped:
            return None, 0.0
        return response(query, RCODES[rcode], answers, ttl, truncated, zone_of(query.name)), delay


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: Server, address: str) -> None:
        self.server, self.address = server, address

    def connection_made(self, transport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, client) -> None:
        reply, delay = self.server.handle(data, self.address, client, "udp")
        if reply is not None:
            asyncio.get_running_loop().call_later(delay, self.transport.sendto, reply, client)


def stream_handler(server: Server, address: str):
    async def serve(reader, writer) -> None:
        client = writer.get_extra_info("peername")
        try:
            while True:
                (length,) = struct.unpack("!H", await reader.readexactly(2))
                reply, delay = server.handle(await reader.readexactly(length), address, client, "tcp")
                if reply is not None:
                    framed = struct.pack("!H", len(reply)) + reply
                    asyncio.get_running_loop().call_later(delay, writer.write, framed)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    return serve


async def greet(reader, writer) -> None:
    """As much of an HTTP/2 server as a gRPC channel needs to be READY."""
    try:
        await reader.readexactly(24)
        writer.write(SETTINGS + SETTINGS_ACKNOWLEDGED)
        while await reader.read(4096):
            pass
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    writer.close()


async def main() -> None:
    with open(sys.argv[1]) as file:
        config = json.load(file)
    loop = asyncio.get_running_loop()
    with open(sys.argv[2], "w", buffering=1) as log:
        server = Server(config, log)
        for address in config["addresses"]:
            await loop.create_datagram_endpoint(lambda address=address: Datagrams(server, address), (address, 53))
            await asyncio.start_server(stream_handler(server, address), address, 53)
        if config.get("grpcPort"):
            await asyncio.start_server(greet, "0.0.0.0", config["grpcPort"])
        print("ready", flush=True)
        await asyncio.Event().wait()


asyncio.run(main())
