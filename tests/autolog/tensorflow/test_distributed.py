"""A training in two processes: one run, logged by the chief alone."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor

from tests.autolog.stage import Tracking, run_program

PROGRAM = """
    import autolog
    autolog.autolog(log_models=False)
    import json, os
    import tensorflow as tf
    import tf_keras

    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    with strategy.scope():
        model = tf_keras.Sequential([tf_keras.layers.Dense(1)])
        model.compile(tf_keras.optimizers.SGD(0.01), "mse")
    data = tf.data.Dataset.from_tensor_slices((tf.ones((16, 2)), tf.ones((16, 1)))).batch(4)
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    history = model.fit(data.with_options(options), epochs=2, verbose=0)
    with tf.summary.create_file_writer(os.environ["HERE"]).as_default():
        tf.summary.scalar("mine", 1.0, step=0)
    print(json.dumps({"loss": history.history["loss"], "replicas": strategy.num_replicas_in_sync}))
"""


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def test_of_two_workers_that_train_one_model_the_chief_alone_logs(tracking: Tracking):
    cluster = {"worker": [f"127.0.0.1:{port}" for port in free_ports(2)]}
    environments = [
        {
            "TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}}),
            "TF_USE_LEGACY_KERAS": "1",
            "HERE": str(tracking.folder / f"logs{index}"),
            "AUTOLOG_SPOOL_DIR": str(tracking.folder / f"spool{index}"),
        }
        for index in range(2)
    ]
    with ThreadPoolExecutor() as pool:
        chief, other = pool.map(lambda environment: run_program(PROGRAM, environment=environment), environments)
    assert (chief.status, other.status) == (0, 0), chief.errors + other.errors
    assert chief.result["replicas"] == 2
    fit, loop = tracking.runs()
    assert fit.status == loop.status == "FINISHED"
    assert fit.values("loss") == chief.result["loss"]
    assert loop.metrics == {"mine": [(0, 1.0)]}
    assert not (tracking.folder / "spool1").exists()
