"""memcached with pymemcache (text), python-binary-memcached, and its meta commands by hand."""
import contextlib
import socket


def run(lab):
    port = lab.free_port()
    lab.start(["memcached", "-p", str(port), "-l", "127.0.0.1", "-u", "root"], port)
    text(lab, port)
    binary(lab, port)
    meta(lab, port)


def text(lab, port):
    from pymemcache.client.base import Client
    from pymemcache.exceptions import MemcacheError
    with lab.record("memcached.text", port, "pymemcache 4.0 on memcached 1.6.18") as watch:
        db = Client(("127.0.0.1", port), default_noreply=False)
        with watch.step("set", ("set",)):
            db.set("k", "1")
        with watch.step("get", ("get",)):
            db.get("k")
        with watch.step("get nothing", ("get",)):
            db.get("nothing")
        with watch.step("set without an answer, then get", ("get",)):
            db.set("quiet", "x", noreply=True)
            db.get("quiet")
        with watch.step("several", ("get",), ("gets",), ("incr",), ("add",), ("delete",), ("touch",), ("append",)):
            db.get_many(["k", "quiet", "nothing"])
            db.gets("k")
            db.incr("k", 1)
            db.add("k", "x")
            db.delete("nothing")
            db.touch("k", 100)
            db.append("k", "2")
        with watch.step("a value that is like a protocol", ("set",), ("get",)):
            db.set("odd", "END\r\nVALUE x 0 5\r\nget k\r\n")
            db.get("odd")
        with watch.step("large", ("set",), ("get",)):
            db.set("large", "x" * 9000)
            db.get("large")
        with watch.step("bad", ("incr", "CLIENT_ERROR")), contextlib.suppress(MemcacheError):
            db.incr("odd", 1)
        with watch.step("statistics", ("stats",), ("version",), ("flush_all",)):
            db.stats()
            db.version()
            db.flush_all()
        db.close()


def binary(lab, port):
    import bmemcached
    with lab.record("memcached.binary", port, "python-binary-memcached 0.33 on memcached 1.6.18") as watch:
        db = bmemcached.Client([f"127.0.0.1:{port}"])
        with watch.step("set", ("set",)):
            db.set("k", "v")
        with watch.step("get, get nothing", ("get",), ("get",)):
            db.get("k")
            db.get("nothing")
        with watch.step("several at once", ("getk",)):
            db.get_multi(["k", "nothing", "x"])
        with watch.step("others", ("incr",), ("delete",), ("add",), ("stats",), ("flush_all",)):
            db.incr("n", 1)
            db.delete("k")
            db.add("k", "v")
            db.stats()
            db.flush_all()
        db.disconnect_all()


def meta(lab, port):
    with lab.record("memcached.meta", port, "memcached 1.6.18 by hand: meta commands") as watch:
        with socket.create_connection(("127.0.0.1", port)) as db:
            def say(text, *, answers):
                db.sendall(text)
                got = b""
                while got.count(b"\r\n") < answers:
                    got += db.recv(4096)
            with watch.step("one by one", ("ms",), ("mg",), ("mg",), ("md",), ("mn",)):
                say(b"ms k 2 T0\r\nhi\r\n", answers=1)
                say(b"mg k v\r\n", answers=2)
                say(b"mg nothing v\r\n", answers=1)
                say(b"md k\r\n", answers=1)
                say(b"mn\r\n", answers=1)
            with watch.step("quiet ones closed by mn are one exchange", ("mg",)):
                say(b"mg a v q\r\nmg b v q\r\nmn\r\n", answers=1)
