"""Apache Kafka (one node, KRaft) with kafka-python."""
import contextlib
import glob
import os
import subprocess
import time


def server(lab, jars):
    port, controller = lab.free_port(), lab.free_port()
    config = os.path.join(lab.work, "server.properties")
    with open(config, "w") as file:
        file.write(f"""process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
log.dirs={lab.work}/kafka
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
""")
    java = ["java", "-Xmx512m", "-cp", ":".join(glob.glob(os.path.join(jars, "*.jar")))]
    number = subprocess.run([*java, "kafka.tools.StorageTool", "random-uuid"], check=True, capture_output=True,
                            text=True).stdout.strip()
    subprocess.run([*java, "kafka.tools.StorageTool", "format", "-t", number, "-c", config], check=True,
                   stdout=subprocess.DEVNULL)
    lab.start([*java, "kafka.Kafka", config], port)
    time.sleep(5)
    return port


def run(lab):
    from kafka import KafkaConsumer, KafkaProducer, TopicPartition
    from kafka.admin import KafkaAdminClient, NewTopic
    port = server(lab, os.environ["KAFKA_JARS"])
    where = dict(bootstrap_servers=f"127.0.0.1:{port}")
    with lab.record("kafka.python", port, "kafka-python 3.0 on Kafka 4.1 (KRaft, one node)",
                    counted=["CreateTopics", "Produce", "LeaveGroup"]) as watch:
        with watch.step("create a topic", ("CreateTopics",)):
            admin = KafkaAdminClient(**where)
            admin.create_topics([NewTopic("fruit", 1, 1)])
            admin.close()
        with watch.step("produce, acknowledged", ("Produce",), ("Produce",), ("Produce",)):
            producer = KafkaProducer(**where, acks="all", linger_ms=0)
            for number in range(3):
                producer.send("fruit", f"apple {number}".encode()).get(10)
            producer.close()
        with watch.step("produce, not acknowledged"):
            producer = KafkaProducer(**where, acks=0, linger_ms=0, enable_idempotence=False)
            producer.send("fruit", b"pear").get(10)
            producer.close()
        with watch.step("read what is there, then wait for more"):
            consumer = KafkaConsumer(**where, group_id="people", auto_offset_reset="earliest", fetch_max_wait_ms=400)
            consumer.assign([TopicPartition("fruit", 0)])
            until = time.time() + 1.5
            while time.time() < until:
                consumer.poll(200)
            consumer.close()
        with watch.step("members of a group", ("LeaveGroup",)):
            consumer = KafkaConsumer("fruit", **where, group_id="group", auto_offset_reset="earliest", fetch_max_wait_ms=300)
            until = time.time() + 2
            while time.time() < until:
                consumer.poll(200)
            consumer.close()
        with watch.step("a topic that is not there is made", ("Produce",)), contextlib.suppress(Exception):
            producer = KafkaProducer(**where, max_block_ms=500, allow_auto_create_topics=False)
            producer.send("no-such-topic", b"x").get(1)
        producer.close()
