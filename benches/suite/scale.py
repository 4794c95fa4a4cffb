"""A hundred thousand keys: loaded, listed, exported, given to a process; with etcd beside it."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request

from . import place as places
from . import process
from .place import CONFIG, ROOT
from .table import megabytes, milliseconds, times

SECTIONS, FOLDERS, KEYS = 10, 100, 100
ALL = SECTIONS * FOLDERS * KEYS
FEW = "/few"
# As many as an etcd server takes into one transaction (etcd's `--max-txn-ops`).
ETCD_BATCH = 128


def load():
    """The keys with their values, of some fifty bytes each."""
    keys = {
        f"/s{section}/f{folder:02}/k{key:02}": f"postgres://db-{key}.example.com:5432/app?section={section}"
        for section in range(SECTIONS)
        for folder in range(FOLDERS)
        for key in range(KEYS)
    }
    keys |= {f"{FEW}/k{key:02}": f"value {key} of a hundred" for key in range(100)}
    return keys


def scale(bench):
    keys = load()
    file = bench.root / "load.json"
    file.write_text(json.dumps(keys))
    importing = [bench.discfg, "import", CONFIG, "-d", str(file), "--batch", "-q", "-f", "silent"]
    etcd = loaded_etcd(bench, keys)
    emulator = Emulator(bench)
    bench.stack.callback(emulator.close)
    # The emulator looks through a whole table for each query, so once is enough to see that it works.
    engines = [
        ("embedded engine", places.local(bench.root / "scale", bench.discfg), bench.runs),
        ("emulator", emulator.place, 1),
    ]
    for name, place, runs in engines:
        took = process.run(importing, place)
        rate = f"{len(keys) / took.wall:,.0f} keys a second ({took.wall:.0f} s)"
        bench.table.add(f"`import --batch` of {len(keys):,} keys, {name}", "", rate)
        again = process.run(importing, place)
        bench.table.add(f"… again, with nothing to do, {name}", "", f"{again.wall:.1f} s")
        listing = [bench.discfg, "ls", "-c", CONFIG]
        bench.alone(f"`ls` of {SECTIONS + 1} folders over them, {name}", listing, place, runs)
        listing = [bench.discfg, "ls", "-c", CONFIG, "/s3/f42"]
        bench.alone(f"`ls` of a level with {KEYS} keys, {name}", listing, place, runs)
        exporting = [bench.discfg, "export", CONFIG, "-f", "json"]
        executing = [bench.discfg, "exec", CONFIG, "--prefix", FEW, "--", "true"]
        against(bench, f"`export` of all, {name}", exporting, place, etcd, ["etcdctl", "get", "--prefix", "/"], min(runs, 5))
        against(bench, f"`exec` with 100 keys, {name}", executing, place, etcd, ["etcdctl", "get", "--prefix", FEW + "/"], runs)
        if process.has("time"):
            peak = megabytes(process.resident(exporting, place))
            bench.table.add(f"resident: `export` of all, {name}", "", peak)


def against(bench, what, ours, place, etcd, theirs, runs):
    if etcd is None:
        bench.table.add(what, "", f"{milliseconds(process.run(ours, place).wall)}; etcd is not installed")
        return
    both = place.with_env(**{k: v for k, v in etcd.place.env.items() if k.startswith("ETCDCTL_")})
    taken = process.pairs(ours, theirs, both, runs)
    ratio = process.median([b.wall / a.wall for a, b in taken])
    cpu = process.median([b.cpu / a.cpu for a, b in taken])
    ours = milliseconds(process.median([a.wall for a, _ in taken]))
    bench.table.add(
        f"{what}, etcdctl against it",
        "≥ 1× as long",
        f"{ours}; etcdctl {times(ratio)} as long, {times(cpu)} the CPU of the client",
        ratio >= 1,
    )


def loaded_etcd(bench, keys):
    """An etcd server that holds the same keys, and a row that says how long that took."""
    version = places.etcd_version()
    if version is None:
        return None
    server = places.Etcd(bench.root / "scale-etcd")
    bench.stack.callback(server.close)
    pairs = list(keys.items())
    began = time.perf_counter()
    for start in range(0, len(pairs), ETCD_BATCH):
        puts = "\n".join(f"put {key} {json.dumps(value)}" for key, value in pairs[start : start + ETCD_BATCH])
        done = subprocess.run(
            ["etcdctl", "txn"], input=f"\n{puts}\n\n\n", env=server.place.env, capture_output=True, text=True
        )
        if done.returncode != 0:
            raise process.Failed(f"etcdctl txn: {done.stderr}")
    took = time.perf_counter() - began
    rate = f"{len(keys) / took:,.0f} keys a second, a process for each {ETCD_BATCH}"
    bench.table.add(f"the same load by `etcdctl txn` (etcd {version})", "", rate)
    return server


class Emulator:
    """The AWS emulator of the tests, with a config's table."""

    def __init__(self, bench):
        venv = subprocess.run(
            [sys.executable, str(ROOT / "tests/venv.py"), str(bench.target)], check=True, capture_output=True, text=True
        ).stdout.strip()
        url = f"http://127.0.0.1:{places.free_port()}"
        self.process = subprocess.Popen(
            [f"{venv}/bin/ministack"],
            env={
                "PATH": os.environ["PATH"], "AUTH": "true", "BIND_HOST": "127.0.0.1",
                "GATEWAY_PORT": url.rsplit(":", 1)[1], "AWS_ENDPOINT_URL": url,
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(100):
            try:
                urllib.request.urlopen(f"{url}/_ministack/health", timeout=1).close()
                break
            except urllib.error.HTTPError:
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        account = {"AWS_ACCESS_KEY_ID": "100000000001", "AWS_SECRET_ACCESS_KEY": "root", "DISCFG_AS": "self"}
        self.place = places.aws(bench.root / "scale-aws", url).with_env(**account)
        create = bench.aws_cli(
            "create-table", "--table-name", f"discfg-{CONFIG}", "--billing-mode", "PAY_PER_REQUEST",
            "--attribute-definitions", "AttributeName=pk,AttributeType=S", "AttributeName=sk,AttributeType=S",
            "--key-schema", "AttributeName=pk,KeyType=HASH", "AttributeName=sk,KeyType=RANGE",
        )
        process.run(create, self.place)

    def close(self):
        self.process.terminate()
        self.process.wait()
