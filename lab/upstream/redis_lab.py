"""Redis with redis-py, both versions of the protocol."""
import contextlib
import socket
import time

# The library asks only what it is told to, and does not try again.
PLAIN = dict(lib_name=None, lib_version=None, driver_info=None)


def client(port, **more):
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry
    return redis.Redis(port=port, retry=Retry(NoBackoff(), 0), **PLAIN, **more)


def run(lab):
    port = lab.free_port()
    lab.start(["redis-server", "--port", str(port), "--save", "", "--dir", lab.work, "--enable-debug-command", "yes"], port)
    for version in (2, 3):
        commands(lab, port, version)
    listeners(lab, port)
    secured(lab)


def commands(lab, port, version):
    import redis
    # With RESP3 the library asks for notices of maintenance, which this server does not know.
    hello = [("HELLO",), ("CLIENT", "ERR")] if version == 3 else []
    with lab.record(f"redis.resp{version}", port, f"redis-py 8.1 with RESP{version} on Redis 7.0") as watch:
        db = client(port, protocol=version)
        with watch.step("connect and set", *hello, ("SET",)):
            db.set("k", "v")
        with watch.step("get", ("GET",)):
            db.get("k")
        with watch.step("get nothing", ("GET",)):
            db.get("nothing")
        with watch.step("wait", ("DEBUG",), least=0.25):
            db.execute_command("DEBUG", "SLEEP", "0.25")
        with watch.step("wrong type", ("LPUSH", "WRONGTYPE")), contextlib.suppress(redis.ResponseError):
            db.lpush("k", 1)
        with watch.step("no such command", ("COMMAND", "ERR")), contextlib.suppress(redis.ResponseError):
            db.execute_command("SECRETWORD", "x")
        with watch.step("a large value there and back", ("SET",), ("GET",)):
            db.set("large", "x" * 9000)
            db.get("large")
        with watch.step("pipeline", *[("INCRBY",)] * 20, ("LPUSH", "WRONGTYPE"), ("HGETALL",)):
            with db.pipeline(transaction=False) as pipeline, contextlib.suppress(redis.ResponseError):
                for _ in range(20):
                    pipeline.incr("n")
                pipeline.lpush("k", 1)
                pipeline.hgetall("none")
                pipeline.execute()
        with watch.step("transaction", ("MULTI",), ("SET",), ("LPUSH",), ("EXEC",)):
            with db.pipeline() as pipeline, contextlib.suppress(redis.ResponseError):
                pipeline.set("a", 1)
                pipeline.lpush("k", 1)
                pipeline.execute()
        with watch.step("nested answers", ("HSET",), ("EVAL",), ("XADD",), ("XRANGE",), ("CLUSTER", "ERR")):
            db.hset("h", mapping={"a": 1, "b": 2})
            db.eval("return {1, {2, {3, 'four'}}, {}}", 0)
            db.xadd("s", {"f": "v"})
            db.xrange("s")
            with contextlib.suppress(redis.ResponseError):
                db.execute_command("CLUSTER", "INFO")
        with watch.step("blocking, nothing comes", ("BLPOP", None, "stream"), least=0.3):
            db.execute_command("BLPOP", "empty", "0.3")
        with watch.step("blocking read of a stream", ("XREAD", None, "stream"), least=0.2):
            db.execute_command("XREAD", "BLOCK", "200", "STREAMS", "s", "$")
        with watch.step("read of a stream that does not block", ("XREAD",)):
            db.execute_command("XREAD", "STREAMS", "s", "0")
        db.close()


def listeners(lab, port):
    import redis
    with lab.record("redis.listeners", port, "redis-py 8.1 on Redis 7.0: publish and subscribe, monitor, typed by hand") as watch:
        db = client(port, protocol=2)
        listener = db.pubsub()
        with watch.step("subscribe, three messages, unsubscribe, close", ("SUBSCRIBE", None, "stream"), ("PUBLISH",),
                        ("PUBLISH",), ("PUBLISH",), least=0.2):
            listener.subscribe("news")
            for number in range(3):
                time.sleep(0.1)
                db.publish("news", number)
            for _ in range(4):
                listener.get_message(timeout=1)
            listener.unsubscribe()
            listener.get_message(timeout=1)
            listener.close()
        with watch.step("monitor, and what it sees", ("MONITOR", None, "stream"), ("GET",), ("GET",)):
            with socket.create_connection(("127.0.0.1", port)) as monitor:
                monitor.sendall(b"*1\r\n$7\r\nMONITOR\r\n")
                time.sleep(0.1)
                db.get("a")
                db.get("b")
                time.sleep(0.1)
        with watch.step("slow typing of an array, then a line", ("ECHO",), ("PING",)):
            with socket.create_connection(("127.0.0.1", port)) as person:
                for part in (b"*2\r", b"\n$4\r\nEC", b"HO\r\n$5\r\nhel", b"lo\r\n"):
                    person.sendall(part)
                    time.sleep(0.03)
                person.recv(100)
                person.sendall(b"PING\r\n")
                person.recv(100)
        with watch.step("another ends the wait", ("CLIENT",), ("BLPOP", "UNBLOCKED", "stream"),
                        ("CLIENT",)):
            with socket.create_connection(("127.0.0.1", port)) as waiting:
                waiting.sendall(b"*2\r\n$6\r\nCLIENT\r\n$2\r\nID\r\n")
                number = int(waiting.recv(100)[1:])
                waiting.sendall(b"*3\r\n$5\r\nBLPOP\r\n$5\r\nempty\r\n$1\r\n0\r\n")
                time.sleep(0.1)
                db.execute_command("CLIENT", "UNBLOCK", str(number), "ERROR")
                waiting.recv(100)
        db.close()


def secured(lab):
    import redis
    port = lab.free_port()
    lab.start(["redis-server", "--port", str(port), "--save", "", "--requirepass", "lab-password"], port)
    with lab.record("redis.password", port, "redis-py 8.1 on Redis 7.0 with a password") as watch:
        for password, error in (("wrong", "WRONGPASS"), ("lab-password", None)):
            with watch.step(f"{password} password", ("AUTH", error), *([] if error else [("GET",)])):
                with contextlib.suppress(redis.RedisError):
                    client(port, protocol=2, password=password).get("k")
        with watch.step("none", ("GET", "NOAUTH")), contextlib.suppress(redis.RedisError):
            client(port, protocol=2).get("k")
