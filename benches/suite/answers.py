"""A server that answers each AWS request that the benchmarks make with the same bytes, whatever was asked.

    python answers.py CERTIFICATE KEY

Prints the port of HTTP and the port of HTTPS, then serves until its standard input ends. It does as little as it
can, so that what is timed is the client.
"""

import asyncio
import email.utils
import json
import ssl
import sys

ENTRY = {
    "pk": {"S": "/db"},
    "sk": {"S": "/db/url"},
    "value": {"S": '{"url":"postgres://db.example.com:5432/app"}'},
    "kind": {"S": "json"},
    "version": {"N": "3"},
    "rev": {"N": "7"},
    "created": {"S": "2026-11-01T12:00:00Z"},
    "modified": {"S": "2026-11-02T12:00:00Z"},
    "by": {"S": "arn:aws:sts::123456789012:assumed-role/developer/jo"},
}
HEAD = {
    "pk": {"S": "/db"},
    "sk": {"S": "@head"},
    "rev": {"N": "7"},
    "n": {"N": "1"},
    "modified": {"S": "2026-11-02T12:00:00Z"},
}
META = {"pk": {"S": "@config"}, "sk": {"S": "@meta"}, "layout": {"N": "1"}, "history_days": {"N": "30"}}

STS = (
    '<{0}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{0}Result>{1}</{0}Result>'
    "<ResponseMetadata><RequestId>00000000-0000-0000-0000-000000000000</RequestId></ResponseMetadata></{0}Response>"
)
IDENTITY = (
    "<Arn>arn:aws:iam::123456789012:user/jo</Arn><UserId>AIDAEXAMPLE</UserId><Account>123456789012</Account>"
)
SESSION = (
    "<AssumedRoleUser><AssumedRoleId>AROAEXAMPLE:discfg-jo</AssumedRoleId>"
    "<Arn>arn:aws:sts::123456789012:assumed-role/discfg-bench-eu-central-1-read/discfg-jo</Arn></AssumedRoleUser>"
    "<Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>"
    "<SessionToken>token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
)

JSON, XML = "application/x-amz-json-1.0", "text/xml"
ANSWERS = {
    b"DynamoDB_20120810.GetItem": (JSON, json.dumps({"Item": ENTRY})),
    b"DynamoDB_20120810.BatchGetItem": (
        JSON,
        json.dumps({"Responses": {"discfg-bench": [ENTRY, HEAD, META]}, "UnprocessedKeys": {}}),
    ),
    b"DynamoDB_20120810.TransactWriteItems": (JSON, "{}"),
    b"Action=GetCallerIdentity": (XML, STS.format("GetCallerIdentity", IDENTITY)),
    b"Action=AssumeRole": (XML, STS.format("AssumeRole", SESSION)),
}


def answer(request):
    for mark, (kind, body) in ANSWERS.items():
        if mark in request:
            return "200 OK", kind, body
    return "400 Bad Request", JSON, '{"__type":"ValidationException","message":"no answer is kept for this"}'


class Answering(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.received = transport, b""

    def data_received(self, data):
        self.received += data
        while (request := self.take()) is not None:
            status, kind, body = answer(request)
            head = (
                f"HTTP/1.1 {status}\r\nDate: {email.utils.formatdate(usegmt=True)}\r\n"
                f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            self.transport.write((head + body).encode())

    def take(self):
        head, blank, rest = self.received.partition(b"\r\n\r\n")
        if not blank:
            return None
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        if len(rest) < length:
            return None
        request, self.received = head + blank + rest[:length], rest[length:]
        return request


async def main(certificate, key):
    loop = asyncio.get_running_loop()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    plain = await loop.create_server(Answering, "127.0.0.1", 0)
    secure = await loop.create_server(Answering, "127.0.0.1", 0, ssl=context)
    print(*(server.sockets[0].getsockname()[1] for server in (plain, secure)), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
