"""`discfg serve` on the embedded engine and etcd under the same load, in turn."""

import asyncio
import base64
import json
import os
import pathlib
import re
import subprocess
import time

from . import place as places
from .place import CONFIG, HERE
from .process import Failed, has, median
from .table import megabytes, milliseconds, times

SECONDS = 3
CLIENTS = 1000
ROUNDS = 20


class Serve:
    """A server over a config on the embedded engine."""

    def __init__(self, root, discfg, *flags):
        self.place = places.local(root, discfg)
        self.process = subprocess.Popen(
            [discfg, "serve", CONFIG, "--listen", "127.0.0.1:0", "--log", "off", "-f", "json", *flags],
            env=self.place.env,
            cwd=self.place.work,
            stdout=subprocess.PIPE,
            text=True,
        )
        said = self.process.stdout.readline()
        if not said:
            raise Failed("discfg serve doesn't start")
        self.url = json.loads(said)["url"].rstrip("/")
        self.base = f"/v1/{CONFIG}"

    def close(self):
        self.process.terminate()
        self.process.wait()


class Sender:
    """One server, what a client sends it, and what it took."""

    def __init__(self, server, **request):
        self.server = server
        self.request = {f"BENCH_{name.upper()}": value for name, value in request.items()}

    def load(self, clients):
        """Requests a second, the server's CPU a request, and the time that 99 of 100 requests took at most."""
        cpu = cpu_of(self.server.process.pid)
        # What a thread of wrk holds of one client it can't hold of two; and as few as can be leave the processor alone.
        threads = clients if "BENCH_GUARD" in self.request else min(clients, 2)
        done = subprocess.run(
            ["wrk", f"-t{threads}", f"-c{clients}", f"-d{SECONDS}s", "-s", str(HERE / "load.lua"), self.server.url],
            env={**os.environ, **self.request, "BENCH_CLIENTS_OF_THREAD": str(clients // threads)},
            capture_output=True,
            text=True,
        )
        told = re.search(r"BENCH (\d+) (\d+) (\d+) (\d+) (\d+)", done.stdout)
        if not told:
            raise Failed(f"wrk: {done.stdout}{done.stderr}")
        requests, micros, refused, broken, p99 = map(int, told.groups())
        if refused or broken:
            raise Failed(f"{self.server.url}: {refused} requests refused, {broken} broken")
        spent = cpu_of(self.server.process.pid) - cpu
        return requests / (micros / 1e6), spent / requests, p99 / 1e6


def cpu_of(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(server):
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) * 1024


def encoded(text):
    return base64.b64encode(text.encode()).decode()


PUT = '{"key":"{key}","value":"{value}"}'
COMPARED = (
    '{"compare":[{"target":"MOD","result":"EQUAL","key":"{key}","modRevision":"{revision}"}],'
    f'"success":[{{"requestPut":{PUT}}}]}}'
)


def compare(bench, what, ours, theirs, clients, budget=None):
    """The two under the same load, in turn; the first pair warms up."""
    pairs = [(ours.load(clients), theirs.load(clients)) for _ in range(max(3, bench.runs // 4) + 1)][1:]
    rate = median([a[0] for a, _ in pairs])
    ratio = median([a[0] / b[0] for a, b in pairs])
    spent = median([a[1] for a, _ in pairs])
    cpu = median([b[1] / a[1] for a, b in pairs])
    p99 = median([a[2] for a, _ in pairs])
    other = median([b[2] for _, b in pairs])
    bench.table.add(
        what,
        f"≥ {budget}× etcd's" if budget else "",
        f"{rate:,.0f} a second, {times(ratio)} etcd's; {spent * 1e6:.0f} µs of CPU a request, etcd {times(cpu)} that; "
        f"p99 {milliseconds(p99)}, etcd {milliseconds(other)}",
        ratio >= budget if budget else None,
    )


async def listen(host, port, request, marks, told, ready):
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(request)
    await writer.drain()
    await reader.readuntil(b"\r\n\r\n")
    ready()
    try:
        while True:
            line = await reader.readline()
            if not line:
                return
            found = marks.search(line)
            if found:
                told.append((int(found.group(1)), time.perf_counter()))
    finally:
        writer.close()


async def fan_out(server, request, marks, put):
    """How long a write takes to reach each of the clients that stream, over some rounds."""
    host, port = server.url.removeprefix("http://").split(":")
    told, ready, everyone = [], 0, asyncio.Event()

    def one_more():
        nonlocal ready
        ready += 1
        if ready == CLIENTS:
            everyone.set()

    before = resident(server)
    head = request.replace("HOST", f"{host}:{port}").encode()
    tasks = [asyncio.create_task(listen(host, port, head, marks, told, one_more)) for _ in range(CLIENTS)]
    await asyncio.wait_for(everyone.wait(), 60)
    held = resident(server) - before
    delays = []
    for n in range(1, ROUNDS + 1):
        began = time.perf_counter()
        await asyncio.to_thread(put, n)
        deadline = began + 30
        while sum(1 for told_n, _ in told if told_n == n) < CLIENTS:
            if time.perf_counter() > deadline:
                raise Failed(f"{server.url}: {CLIENTS} clients were not all told")
            await asyncio.sleep(0.005)
        delays += [at - began for told_n, at in told if told_n == n]
        told.clear()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    delays.sort()
    return median(delays), delays[int(len(delays) * 0.99)], held


def send(server, method, path, body, content_type):
    import urllib.request

    request = urllib.request.Request(
        server.url + path, data=body.encode(), method=method, headers={"Content-Type": content_type}
    )
    urllib.request.urlopen(request, timeout=30).close()


def load(bench):
    if not (has("wrk") and places.etcd_version()):
        bench.table.add("`serve` against etcd", "", "not measured: wrk, etcd and etcdctl are not all installed")
        return
    ours = Serve(bench.root / "serve", bench.discfg, "--max-streams", "2000")
    bench.stack.callback(ours.close)
    etcd = places.Etcd(bench.root / "etcd-load")
    bench.stack.callback(etcd.close)
    etcd.url = etcd.place.env["ETCDCTL_ENDPOINTS"]
    idle = resident(ours), resident(etcd)

    get = Sender(ours, method="GET", path=f"{ours.base}/db/keys/url")
    body = json.dumps({"key": encoded("/db/url")})
    their_get = Sender(etcd, method="POST", path="/v3/kv/range", body=body, base64="1")
    compare(bench, "GET, 1 client", get, their_get, 1)
    compare(bench, "GET, 64 clients", get, their_get, 64, 8)

    value = "postgres://db.example.com:5432/app?n={n}"
    put = Sender(ours, method="PUT", path=f"{ours.base}/load/keys/{{client}}", body=value)
    their_put = Sender(etcd, method="POST", path="/v3/kv/put", body=PUT, base64="1")
    compare(bench, "durable PUT, 1 client", put, their_put, 1)
    compare(bench, "durable PUT, 64 clients", put, their_put, 64, 3)

    guarded = Sender(ours, method="PUT", path=f"{ours.base}/held/keys/{{client}}", body=value, guard="etag")
    first = f'{{"success":[{{"requestPut":{PUT}}}]}}'
    their_guarded = Sender(
        etcd, method="POST", path="/v3/kv/txn", body=COMPARED, first_body=first, guard="txn", base64="1"
    )
    compare(bench, "guarded PUT, 64 clients in one section", guarded, their_guarded, 64)
    after = resident(ours), resident(etcd)

    watch = f"GET {ours.base}/fan/changes HTTP/1.1\r\nHost: HOST\r\nAccept: text/event-stream\r\n\r\n"
    # The value is the number of the round.
    told = asyncio.run(
        fan_out(ours, watch, re.compile(rb'"value":"(\d+)"'),
                lambda n: send(ours, "PUT", f"{ours.base}/fan/keys/out", str(n), "text/plain"))
    )
    create = json.dumps({"create_request": {"key": encoded("/fan/out")}})
    watch = f"POST /v3/watch HTTP/1.1\r\nHost: HOST\r\nContent-Length: {len(create)}\r\n\r\n{create}"
    their_told = asyncio.run(
        fan_out(etcd, watch, re.compile(rb'"version":"(\d+)"'),
                lambda n: send(etcd, "POST", "/v3/kv/put",
                               json.dumps({"key": encoded("/fan/out"), "value": encoded(str(n))}), "application/json"))
    )
    for what, (mid, p99, held) in (("`serve`", told), ("etcd", their_told)):
        bench.table.add(
            f"a write reaches {CLIENTS} clients that stream, {what}",
            "",
            f"median {milliseconds(mid)}, p99 {milliseconds(p99)}; {megabytes(held)} for the streams",
        )
    for what, (mine, theirs), most in (("idle", idle, None), ("after the load", after, 0.25)):
        bench.table.add(
            f"resident: `serve`, {what}",
            "≤ 1/4 of etcd's" if most else "",
            f"{megabytes(mine)}, etcd {megabytes(theirs)}",
            mine <= theirs * most if most else None,
        )
