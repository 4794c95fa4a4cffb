"""Proxies between discfg and DynamoDB Local: faults, latency, conflicts, items that become visible one by one."""
import asyncio, email.utils, json, random, time

IDENTITY = ('<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/tester'
            "</Arn><UserId>AIDA</UserId><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>").encode()


class Upstream:
    """A proxy's connection for one of its own, opened when it is needed."""

    def __init__(self, port):
        self.port, self.r, self.w = port, None, None

    async def ask(self, request):
        if self.w is None:
            self.r, self.w = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 26)
        self.w.write(request)
        return await FaultProxy.read(self.r)

    def close(self):
        if self.w:
            self.w.close()


class FaultProxy:
    """Between discfg and DynamoDB Local. Each request meets a fault with probability `rate`, and takes `latency` seconds longer, half of it before
    the table has it and half after; counts what it did."""
    KINDS = {"*": ["cut-before", "cut-after", "500-before", "500-after", "throttle", "slow", "half"],
             "TransactWriteItems": ["cut-before", "cut-after", "cut-after", "500-before", "500-after", "throttle", "conflict", "in-progress", "slow", "slow-after", "half"]}

    def __init__(self, upstream, seed, rate=0, latency=0):
        self.upstream, self.rate, self.latency, self.rng, self.done, self.calls = upstream, rate, latency, random.Random(seed), {}, {}

    async def start(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0, limit=1 << 26, backlog=500)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    @staticmethod
    def head(status, kind, n):
        return f"HTTP/1.1 {status} X\r\ndate: {email.utils.formatdate(usegmt=True)}\r\ncontent-type: {kind}\r\ncontent-length: {n}\r\n\r\n".encode()

    @classmethod
    def answer(cls, status, kind, extra=None):
        data = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{kind}", "message": kind, "Message": kind, **(extra or {})}).encode()
        return cls.head(status, "application/x-amz-json-1.0", len(data)), data

    @classmethod
    def cancelled(cls, codes):
        said = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{', '.join(codes)}]"
        return cls.answer(400, "TransactionCanceledException", {"message": said, "Message": said, "CancellationReasons": [{"Code": c} for c in codes]})

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

    async def forward(self, op, head, body, up):
        """What the table answers: the one place for a proxy that knows better."""
        return await up.ask(head + body)

    async def serve(self, r, w):
        up = Upstream(self.upstream)
        try:
            while True:
                head, body = await self.read(r)
                op = next((l.split(b".")[-1].strip().decode() for l in head.split(b"\r\n") if l.lower().startswith(b"x-amz-target:")), "")
                self.calls[op] = self.calls.get(op, 0) + 1
                if b"Action=GetCallerIdentity" in body:
                    w.write(self.head(200, "text/xml", len(IDENTITY)) + IDENTITY)
                    await w.drain()
                    continue
                await asyncio.sleep(self.latency / 2)
                kind = None
                if self.rng.random() < self.rate:
                    kind = self.rng.choice(self.KINDS.get(op, self.KINDS["*"]))
                    self.done[kind] = self.done.get(kind, 0) + 1
                if kind == "cut-before":
                    return
                if kind == "500-before":
                    h, b = self.answer(500, "InternalServerError")
                elif kind == "throttle":
                    h, b = self.answer(400, "ThrottlingException")
                elif kind == "in-progress":
                    h, b = self.answer(400, "TransactionInProgressException")
                elif kind == "conflict":
                    codes = ["None"] * len(json.loads(body)["TransactItems"])
                    codes[self.rng.randrange(len(codes))] = "TransactionConflict"
                    h, b = self.cancelled(codes)
                else:
                    if kind == "slow":
                        await asyncio.sleep(self.rng.uniform(0.2, 1.5))
                    h, b = await self.forward(op, head, body, up)
                    if kind == "slow-after":
                        await asyncio.sleep(self.rng.uniform(0.2, 2.5))
                    if kind == "cut-after":
                        return
                    if kind == "500-after":
                        h, b = self.answer(500, "InternalServerError")
                    if kind == "half":
                        w.write(h + b[: len(b) // 2])
                        await w.drain()
                        return
                await asyncio.sleep(self.latency / 2)
                w.write(h + b)
                await w.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            w.close()
            up.close()


class Conflicts(FaultProxy):
    """Transactions conflict, as on DynamoDB (DynamoDB Local lets one wait for the other): while one that writes is under way, for `flight` seconds at
    least, each other transaction over one of its items is cancelled."""

    def __init__(self, upstream, seed, rate=0, latency=0, flight=0.01):
        super().__init__(upstream, seed, rate, latency)
        self.flight, self.flying, self.conflicts = flight, {}, {}

    @staticmethod
    def key(item):
        return item["pk"]["S"], item["sk"]["S"]

    def items(self, body):
        """The items of a transaction: what is done with each, its table and its key."""
        return [(what, x["TableName"], self.key(x.get("Item") or x["Key"])) for i in json.loads(body)["TransactItems"] for what, x in i.items()]

    async def forward(self, op, head, body, up):
        if op not in ("TransactWriteItems", "TransactGetItems"):
            return await self.plain(op, head, body, up)
        items = self.items(body)
        clash = [k in self.flying for _, _, k in items]
        if any(clash):
            self.conflicts[op] = self.conflicts.get(op, 0) + 1
            return self.cancelled(["TransactionConflict" if c else "None" for c in clash])
        if op == "TransactGetItems":
            return await up.ask(head + body)
        for _, _, k in items:
            self.flying[k] = (None, 0)
        try:
            return await self.write(items, head, body, up)
        finally:
            for _, _, k in items:
                self.flying.pop(k, None)

    async def plain(self, op, head, body, up):
        return await up.ask(head + body)

    async def write(self, items, head, body, up):
        until = time.monotonic() + self.flight
        answer = await up.ask(head + body)
        await asyncio.sleep(max(0, until - time.monotonic()))
        return answer


class HalfVisible(Conflicts):
    """A transaction's items become visible one by one to plain reads, as DynamoDB's documentation says of read-committed reads (DynamoDB Local
    shows them all at once): while one is under way, plain reads see some of its items old. Only for commits that delete nothing."""
    longest, torn = 0.25, 0

    def overlay(self, item):
        """What a plain read sees in place of this item."""
        if not item:
            return item
        old = self.flying.get(self.key(item))
        if old and time.monotonic() < old[1]:
            self.torn += 1
            return old[0]
        return item

    async def ask(self, op, body):
        data, other = json.dumps(body).encode(), Upstream(self.upstream)
        h, b = await other.ask((f"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nx-amz-target: DynamoDB_20120810.{op}\r\ncontent-type: application/x-amz-json-1.0\r\n"
                                "authorization: AWS4-HMAC-SHA256 Credential=AKIACAMPAIGN/20260101/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0\r\n"
                                f"content-length: {len(data)}\r\n\r\n").encode() + data)
        other.close()
        return json.loads(b)

    async def write(self, items, head, body, up):
        keys = [k for what, _, k in items if what in ("Put", "Update")]
        wanted = [{"pk": {"S": k[0]}, "sk": {"S": k[1]}} for k in keys]
        got = await self.ask("BatchGetItem", {"RequestItems": {items[0][1]: {"ConsistentRead": True, "Keys": wanted}}})
        olds = {self.key(item): item for item in next(iter(got["Responses"].values()), [])}
        span = self.rng.uniform(0, self.longest)
        # Seen as old from before it is made until its own moment.
        for k in keys:
            self.flying[k] = (olds.get(k), time.monotonic() + self.rng.uniform(0, span) + 0.02)
        h, b = await up.ask(head + body)
        if h.startswith(b"HTTP/1.1 200"):
            await asyncio.sleep(span + 0.03)
        return h, b

    async def plain(self, op, head, body, up):
        h, b = await up.ask(head + body)
        if op not in ("GetItem", "BatchGetItem", "Query") or not h.startswith(b"HTTP/1.1 200") or not self.flying:
            return h, b
        q, d = json.loads(body), json.loads(b)
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
        lines = [l for l in h.split(b"\r\n") if l and not l.lower().startswith((b"content-length", b"x-amz-crc32", b"transfer-encoding"))]
        return b"\r\n".join(lines) + b"\r\ncontent-length: %d\r\n\r\n" % len(b), b
