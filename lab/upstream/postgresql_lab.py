"""PostgreSQL with psycopg (libpq), asyncpg and pg8000."""
import asyncio
import contextlib
import os
import subprocess
import threading
import time

BIN = "/usr/lib/postgresql/15/bin"
PASSWORD = "lab-password"


def server(lab, tls=False):
    home = lab.owned("pg-tls" if tls else "pg", "postgres")
    data = os.path.join(home, "data")
    word = os.path.join(home, "word")
    with open(word, "w") as file:
        file.write(PASSWORD)
    os.chmod(word, 0o644)
    as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    subprocess.run([*as_postgres, f"{BIN}/initdb", "-D", data, "-U", "lab", "-A", "scram-sha-256",
                    "--pwfile", word, "-N"], check=True, stdout=subprocess.DEVNULL)
    port = lab.free_port()
    options = ["-c", f"port={port}", "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={home}",
               "-c", "fsync=off"]
    if tls:
        subprocess.run([*as_postgres, "openssl", "req", "-new", "-x509", "-nodes", "-days", "3650", "-subj", "/CN=lab",
                        "-keyout", f"{data}/server.key", "-out", f"{data}/server.crt"], check=True,
                       stderr=subprocess.DEVNULL)
        options += ["-c", "ssl=on"]
    lab.start([f"{BIN}/postgres", "-D", data, *options], port, "postgres")
    time.sleep(0.5)
    return port


def run(lab):
    port = server(lab)
    libpq(lab, port)
    drivers(lab, port)
    encrypted(lab, server(lab, tls=True))


def address(port, **more):
    return dict(host="127.0.0.1", port=port, user="lab", password=PASSWORD, dbname="postgres", **more)


def libpq(lab, port):
    import psycopg
    with lab.record("postgresql.libpq", port, "psycopg 3 (libpq 17) on PostgreSQL 15, SCRAM, no TLS") as watch:
        with watch.step("connect, TLS refused", ("STARTTLS",), ("AUTHENTICATE",)):
            db = psycopg.connect(**address(port), autocommit=True)
        with watch.step("create", ("CREATE",)):
            db.execute("CREATE TABLE fruit (id int PRIMARY KEY, name text)")
        with watch.step("insert with arguments", ("INSERT",)):
            db.execute("INSERT INTO fruit VALUES (%s, %s)", (1, "apple"))
        with watch.step("select", ("SELECT",)):
            db.execute("SELECT name FROM fruit").fetchall()
        with watch.step("wait", ("SELECT",), least=0.25):
            db.execute("SELECT pg_sleep(0.25)")
        with watch.step("syntax error", ("QUERY", "42601")), contextlib.suppress(psycopg.Error):
            db.execute("SELEKT 1")
        with watch.step("duplicate key", ("INSERT", "23505")), contextlib.suppress(psycopg.Error):
            db.execute("INSERT INTO fruit VALUES (1, 'again')")
        with watch.step("two statements and an error in the second", ("SELECT", "22012")):
            with contextlib.suppress(psycopg.Error):
                db.execute("SELECT 1; SELECT 1/0")
        with watch.step("transaction", ("BEGIN",), ("UPDATE",), ("COMMIT",)), db.transaction():
            db.execute("UPDATE fruit SET name = 'pear'")
        with watch.step("prepared once, run thrice", ("PREPARE",), ("SELECT",), ("SELECT",), ("SELECT",)):
            for number in range(3):
                db.execute("SELECT name FROM fruit WHERE id = %s", (number,), prepare=True)
        with watch.step("comments before", ("SELECT",)):
            db.execute("/* app='lab' */ -- first\n (SELECT 1)")
        with watch.step("many rows", ("SELECT",)):
            db.execute("SELECT g, repeat('x', 20) FROM generate_series(1, 1000) g").fetchall()
        with watch.step("copy in", ("COPY",)), db.cursor().copy("COPY fruit FROM STDIN") as copy:
            for number in range(100, 200):
                copy.write_row((number, "fruit"))
        with watch.step("copy out", ("COPY",)), db.cursor().copy("COPY fruit TO STDOUT") as copy:
            for _ in copy:
                pass
        with watch.step("copy in that fails", ("COPY", "23505")), contextlib.suppress(psycopg.Error):
            with db.cursor().copy("COPY fruit FROM STDIN") as copy:
                copy.write_row((100, "fruit"))
        with watch.step("pipeline", ("SELECT",), ("INSERT",), least=0.1), db.pipeline() as pipeline:
            db.execute("SELECT pg_sleep(0.1)", prepare=False)
            pipeline.sync()
            db.execute("INSERT INTO fruit VALUES (5000, 'x')", prepare=False)
        with watch.step("statement timeout", ("SET",), ("SELECT", "57014"), ("SET",), least=0.1):
            db.execute("SET statement_timeout = 100")
            with contextlib.suppress(psycopg.Error):
                db.execute("SELECT pg_sleep(5)")
            db.execute("SET statement_timeout = 0")
        with watch.step("listen", ("LISTEN",)):
            db.execute("LISTEN news")
        with watch.step("a second connection", ("STARTTLS",), ("AUTHENTICATE",)):
            other = psycopg.connect(**address(port), autocommit=True)
        with watch.step("notify", ("NOTIFY",)):
            other.execute("NOTIFY news, 'hot'")
            next(db.notifies(timeout=2, stop_after=1))
        with watch.step("select after a notification", ("SELECT",)):
            db.execute("SELECT 2")
        with watch.step("cancel from another connection", ("SELECT", "57014"), ("CANCEL",), least=0.2):
            threading.Timer(0.2, db.cancel).start()
            with contextlib.suppress(psycopg.Error):
                db.execute("SELECT pg_sleep(5)")
            time.sleep(0.1)
        with watch.step("wrong password", ("STARTTLS",), ("AUTHENTICATE", "28P01")):
            with contextlib.suppress(psycopg.Error):
                psycopg.connect(**{**address(port), "password": "wrong"})
        with watch.step("ended by another", ("SELECT",)):
            other.execute("SELECT pg_terminate_backend(%s)", (db.info.backend_pid,))
        other.close()


def drivers(lab, port):
    import asyncpg
    import pg8000.native
    with lab.record("postgresql.drivers", port, "asyncpg 0.32 and pg8000 1.31 on PostgreSQL 15") as watch:
        async def asynchronous():
            with watch.step("asyncpg: connect", ("STARTTLS",), ("AUTHENTICATE",)):
                db = await asyncpg.connect(host="127.0.0.1", port=port, user="lab", password=PASSWORD,
                                           database="postgres")
            with watch.step("asyncpg: simple", ("SELECT",)):
                await db.execute("SELECT 1")
            with watch.step("asyncpg: with an argument: prepares, flushes, then runs", ("PREPARE",), ("SELECT",)):
                await db.fetch("SELECT $1::int", 7)
            with watch.step("asyncpg: the same again", ("SELECT",)):
                await db.fetch("SELECT $1::int", 8)
            with watch.step("asyncpg: error on prepare", ("PREPARE", "42P01"), ("SYNC",)):
                with contextlib.suppress(asyncpg.PostgresError):
                    await db.fetch("SELECT * FROM nowhere WHERE x = $1", 1)
            with watch.step("asyncpg: error on run", ("PREPARE",), ("SELECT", "22012")):
                with contextlib.suppress(asyncpg.PostgresError):
                    await db.fetch("SELECT 1 / $1::int", 0)
            await db.close()
        asyncio.run(asynchronous())
        with watch.step("pg8000: connect", ("STARTTLS",), ("AUTHENTICATE",)):
            db = pg8000.native.Connection("lab", host="127.0.0.1", port=port, password=PASSWORD, database="postgres")
        with watch.step("pg8000: select", ("SELECT",)):
            db.run("SELECT 1")
        with watch.step("pg8000: with an argument", ("PREPARE",), ("DESCRIBE",), ("SELECT",)):
            db.run("SELECT :x", x=1)
        db.close()


def encrypted(lab, port):
    import psycopg
    with lab.record("postgresql.tls", port, "psycopg 3 on PostgreSQL 15 with TLS: only the request for it is plain") as watch:
        with watch.step("connect", ("STARTTLS", None, "upgrade")):
            db = psycopg.connect(**address(port, sslmode="require"), autocommit=True)
        with watch.step("select, unseen"):
            db.execute("SELECT 1")
        db.close()
