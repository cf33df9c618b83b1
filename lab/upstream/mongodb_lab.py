"""FerretDB, which speaks MongoDB's protocol over SQLite, with PyMongo."""
import contextlib
import os
import shutil


def run(lab):
    port = lab.free_port()
    state = os.path.join(lab.work, "ferret")
    os.makedirs(state)
    lab.start([os.environ.get("FERRETDB") or shutil.which("ferretdb"), "--handler=sqlite",
               f"--sqlite-url=file:{state}/", f"--listen-addr=127.0.0.1:{port}", "--telemetry=disable",
               f"--state-dir={state}", "--debug-addr=-"], port)
    import pymongo
    from pymongo import errors

    with lab.record("mongodb.pymongo", port, "PyMongo 4.20 on FerretDB 1.24 (SQLite): the server is not MongoDB's own, the driver is",
                    leave_out=["hello", "ismaster"]) as watch:
        # The driver's monitor asks whether the server lives on connections of its own, whenever it likes.
        client = pymongo.MongoClient("127.0.0.1", port, serverMonitoringMode="poll", maxPoolSize=1,
                                     directConnection=True)
        fruit = client.lab.fruit
        with watch.step("insert", ("insert",)):
            fruit.insert_one({"_id": 1, "name": "apple"})
        with watch.step("find", ("find",)):
            fruit.find_one({"name": "apple"})
        with watch.step("duplicate key", ("insert", "11000")), contextlib.suppress(errors.PyMongoError):
            fruit.insert_one({"_id": 1})
        with watch.step("no such command", ("COMMAND", "59")), contextlib.suppress(errors.PyMongoError):
            client.lab.command("secretword")
        with watch.step("bad", ("aggregate", "40234")), contextlib.suppress(errors.PyMongoError):
            list(fruit.aggregate([{"$nonsense": 1}]))
        with watch.step("many", ("insert",), ("find",), ("getMore",), ("getMore",)):
            fruit.insert_many([{"_id": number, "text": "x" * 20} for number in range(100, 400)])
            list(fruit.find({"_id": {"$gte": 100}}, batch_size=120))
        with watch.step("update, delete, count", ("update",), ("delete",), ("aggregate",), ("ping",)):
            fruit.update_one({"_id": 1}, {"$set": {"name": "pear"}})
            fruit.delete_one({"_id": 2})
            fruit.count_documents({})
            client.admin.command("ping")
        with watch.step("close: FerretDB does not know that command", ("endSessions", "59")):
            client.close()
