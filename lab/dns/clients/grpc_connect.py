"""A gRPC channel's way to READY with a stopwatch: GAP_MS DEADLINE_S PORT NAME...

The time is the lookup's plus a TCP connect and one SETTINGS exchange on the spot (a millisecond
or two), and gRPC's own polling. A channel for each name, closed after; with more names the
lookups are one after another.
"""

import json
import sys
import time

import grpc

gap, deadline, port, names = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3], sys.argv[4:]
for name in names:
    start, tick, error = time.time(), time.monotonic(), ""
    channel = grpc.insecure_channel(f"dns:///{name}:{port}", options=[("grpc.use_local_subchannel_pool", 1)])
    ready = grpc.channel_ready_future(channel)
    try:
        ready.result(timeout=deadline)
    except grpc.FutureTimeoutError:
        error = "DEADLINE"
    seconds, end = time.monotonic() - tick, time.time()
    line = {"name": name, "startEpoch": round(start, 6), "endEpoch": round(end, 6), "seconds": round(seconds, 6),
            "ok": error == "", "error": error, "addresses": -1, "thread": 0}
    print(json.dumps(line), flush=True)
    ready.cancel()
    channel.close()
    time.sleep(gap / 1000)
