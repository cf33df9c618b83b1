"""MariaDB with PyMySQL, MySQL's own connector, and MariaDB's command line (compression, several results)."""
import contextlib
import os
import subprocess
import time

PASSWORD = "lab-password"


def server(lab):
    data = lab.owned("maria", "mysql")
    subprocess.run(["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--user=mysql", "--skip-test-db"],
                   check=True, stdout=subprocess.DEVNULL)
    port = lab.free_port()
    with open(os.path.join(lab.work, "init.sql"), "w") as file:
        file.write(f"CREATE DATABASE lab;\nCREATE USER lab@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';\n"
                   "GRANT ALL ON *.* TO lab@'127.0.0.1';\n")
    lab.start(["mariadbd", "--no-defaults", f"--datadir={data}", "--user=mysql", f"--port={port}",
               "--bind-address=127.0.0.1", f"--socket={data}/s", "--skip-name-resolve", "--local-infile=1",
               f"--init-file={lab.work}/init.sql"], port)
    time.sleep(1)
    return port


def run(lab):
    port = server(lab)
    python(lab, port)
    connector(lab, port)
    command_line(lab, port)


def python(lab, port):
    import pymysql
    with lab.record("mysql.pymysql", port, "PyMySQL 1.2 on MariaDB 10.11, no TLS") as watch:
        with watch.step("connect", ("AUTHENTICATE",), ("SET",)):
            db = pymysql.connect(host="127.0.0.1", port=port, user="lab", password=PASSWORD, database="lab",
                                 autocommit=True, local_infile=True, ssl_disabled=True,
                                 client_flag=pymysql.constants.CLIENT.MULTI_STATEMENTS)
        cursor = db.cursor()
        with watch.step("create", ("CREATE",)):
            cursor.execute("CREATE TABLE fruit (id int PRIMARY KEY, name text)")
        with watch.step("insert", ("INSERT",)):
            cursor.execute("INSERT INTO fruit VALUES (%s, %s)", (1, "apple"))
        with watch.step("select", ("SELECT",)):
            cursor.execute("SELECT * FROM fruit")
        with watch.step("no rows", ("SELECT",)):
            cursor.execute("SELECT * FROM fruit WHERE id = 99")
        with watch.step("wait", ("SELECT",), least=0.25):
            cursor.execute("SELECT SLEEP(0.25)")
        for does, text, error in [("syntax error", "SELEKT 1", "1064"), ("no such table", "SELECT * FROM nowhere", "1146"),
                                  ("duplicate key", "INSERT INTO fruit VALUES (1, 'x')", "1062")]:
            with watch.step(does, ("QUERY" if text.startswith("SELEKT") else text.split()[0], error)):
                with contextlib.suppress(pymysql.Error):
                    cursor.execute(text)
        with watch.step("several statements, one answer after the other", ("SELECT",), least=0.1):
            cursor.execute("SELECT 1; SELECT SLEEP(0.1); UPDATE fruit SET name = 'pear'; SELECT 2, 3")
            while cursor.nextset():
                pass
        with watch.step("transaction", ("BEGIN",), ("UPDATE",), ("COMMIT",)):
            db.begin()
            cursor.execute("UPDATE fruit SET name = 'plum'")
            db.commit()
        with watch.step("many rows", ("SELECT",)):
            cursor.execute("SELECT seq, REPEAT('x', 20) FROM seq_1_to_1000")
        with watch.step("procedure", ("CREATE",), ("CALL",)):
            cursor.execute("CREATE PROCEDURE both_of_them() BEGIN SELECT 1; SELECT 2; END")
            cursor.execute("CALL both_of_them()")
            while cursor.nextset():
                pass
        file = os.path.join(lab.work, "fruit.tsv")
        with open(file, "w") as rows:
            rows.writelines(f"{number}\tfruit\n" for number in range(100, 400))
        with watch.step("a file from the client", ("LOAD",)):
            cursor.execute(f"LOAD DATA LOCAL INFILE '{file}' INTO TABLE fruit")
        with watch.step("ping, another database", ("PING",), ("USE",), ("USE", "1049")):
            db.ping(reconnect=False)
            db.select_db("mysql")
            with contextlib.suppress(pymysql.Error):
                db.select_db("nowhere")
        db.close()
        with watch.step("wrong password", ("AUTHENTICATE", "1045")), contextlib.suppress(pymysql.Error):
            pymysql.connect(host="127.0.0.1", port=port, user="lab", password="wrong", ssl_disabled=True)


def connector(lab, port):
    import mysql.connector
    options = dict(host="127.0.0.1", port=port, user="lab", password=PASSWORD, database="lab", use_pure=True,
                   ssl_disabled=True, autocommit=True, charset="utf8mb4", collation="utf8mb4_general_ci")
    with lab.record("mysql.connector", port, "MySQL Connector/Python 26.10 (pure) on MariaDB 10.11: prepared statements") as watch:
        with watch.step("connect", ("AUTHENTICATE",), ("SET",), ("SET",)):
            db = mysql.connector.connect(**options)
        with watch.step("a cursor", ("PING",)):
            cursor = db.cursor(prepared=True)
        with watch.step("prepared, run twice", ("PREPARE",), ("RESET",), ("SELECT",),
                        ("RESET",), ("SELECT",)):
            for number in (1, 2):
                cursor.execute("SELECT name, id FROM fruit WHERE id > %s", (number,))
                cursor.fetchall()
        with watch.step("prepared insert without rows", ("PREPARE",), ("RESET",), ("INSERT",)):
            cursor.execute("INSERT INTO fruit VALUES (%s, 'x')", (9000,))
        with watch.step("prepared, duplicate key", ("RESET",), ("INSERT", "1062")):
            with contextlib.suppress(mysql.connector.Error):
                cursor.execute("INSERT INTO fruit VALUES (%s, 'x')", (9000,))
        with watch.step("prepared statement that is wrong", ("PREPARE", "1146")), contextlib.suppress(mysql.connector.Error):
            cursor.execute("SELECT * FROM nowhere WHERE x = %s", (1,))
        with watch.step("no parameters, no columns", ("PREPARE",), ("RESET",), ("DO",)):
            cursor.execute("DO 1", ())
        db.close()


def command_line(lab, port):
    command = ["mariadb", "--no-defaults", "-h", "127.0.0.1", f"-P{port}", "-ulab", f"-p{PASSWORD}", "--skip-ssl",
               "lab"]
    with lab.record("mysql.compressed", port, "MariaDB's command line with compression on MariaDB 10.11") as watch:
        rows = "SELECT seq, REPEAT('x', 20) FROM seq_1_to_1000"
        text = f"{rows}; SELECT 1; SELECT SLEEP(0.2); SELECT * FROM nowhere"
        with watch.step("short statements lie plain in the compressed frames; the error, too", ("AUTHENTICATE",),
                        ("SELECT",), ("SELECT",), ("SELECT",), ("SELECT", "1146"), least=0.2):
            subprocess.run([*command, "--compress", "-e", text], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                           check=False)
