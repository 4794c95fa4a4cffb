"""What the function costs from the start of its process to its first answer, by the instructions of user space.

Lambda is played: the function asks for events at a server of this process. When it asks for the first one it is ready,
and when it asks for the one after that it has answered. There it is ended, and what it executed until then is counted.
"""

import http.server
import json
import os
import re
import signal
import subprocess
import threading

from suite import place as places
from suite import process
from suite.place import CONFIG, KEY
from suite.table import megabytes, millions

PATIENCE_S = 120
BUILT = "`just lambda` builds it"
SECTION, REST = KEY.strip("/").split("/")
PATH = f"/v1/{CONFIG}/{SECTION}/keys/{REST}"

EVENT = {
    "version": "2.0",
    "routeKey": "$default",
    "rawPath": PATH,
    "rawQueryString": "",
    "headers": {"accept": "*/*", "host": "api.example.com"},
    "requestContext": {
        "accountId": "123456789012",
        "apiId": "api",
        "authorizer": {"iam": {
            "accessKey": "ASIAEXAMPLE",
            "accountId": "123456789012",
            "callerId": "AROAEXAMPLE:jo",
            "userArn": "arn:aws:sts::123456789012:assumed-role/reader/jo",
            "userId": "AROAEXAMPLE:jo",
        }},
        "domainName": "api.example.com",
        "domainPrefix": "api",
        "http": {
            "method": "GET",
            "path": PATH,
            "protocol": "HTTP/1.1",
            "sourceIp": "192.0.2.1",
            "userAgent": "bench",
        },
        "requestId": "request",
        "routeKey": "$default",
        "stage": "$default",
        "time": "01/Nov/2026:00:00:00 +0000",
        "timeEpoch": 1793491200000,
    },
    "isBase64Encoded": False,
}


class RuntimeApi:
    """Gives the event `events` times, keeps the answers, and says so when it is asked once more."""

    def __init__(self, events):
        self.left, self.answers, self.over = events, [], threading.Event()
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self):
                if api.left == 0:
                    api.over.set()
                    # It waits for this until it is ended.
                    threading.Event().wait(PATIENCE_S)
                    return
                api.left -= 1
                body = json.dumps(EVENT).encode()
                self.send_response(200)
                self.send_header("lambda-runtime-aws-request-id", "request")
                self.send_header("lambda-runtime-deadline-ms", "4102444800000")
                self.send_header("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-central-1:123456789012:function:f")
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self):
                length = self.headers.get("content-length")
                api.answers.append(self.rfile.read(int(length)) if length else self.chunks())
                self.send_response(202)
                self.send_header("content-length", "0")
                self.end_headers()

            def chunks(self):
                body = b""
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return body

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"127.0.0.1:{self.server.server_port}"


def instructions(program, place, events):
    """What the function executes until it has answered so many events and asks for the next."""
    api = RuntimeApi(events)
    named = {
        "AWS_LAMBDA_RUNTIME_API": api.address,
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "DISCFG_CONFIG": CONFIG,
    }
    counting = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={os.devnull}", "--", program]
    child = subprocess.Popen(
        counting, env={**place.env, **named}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        if not api.over.wait(PATIENCE_S):
            raise process.Failed("the function asks for no event")
        # Nobody catches it, and callgrind says what it has counted.
        child.send_signal(signal.SIGTERM)
        _, said = child.communicate(timeout=PATIENCE_S)
    finally:
        child.kill()
        api.server.shutdown()
    return int(re.search(r"Collected : (\d+)", said).group(1)), [json.loads(answer) for answer in api.answers]


def cold(bench):
    target = bench.target / "x86_64-unknown-linux-musl" / "release" / "bootstrap"
    archive = bench.target / "lambda" / "discfg-lambda-x86_64.zip"
    if not (target.is_file() and archive.is_file()):
        bench.table.add("the function", "", f"not measured: {BUILT}")
        return
    bench.table.add("the function, linked statically", "", megabytes(target.stat().st_size))
    zipped = archive.stat().st_size
    bench.table.add("the function's zip file", "≤ 4 MB", megabytes(zipped), zipped <= 4_000_000)
    if not process.has("valgrind"):
        bench.table.add("instructions: the function", "", "not counted: valgrind is not installed")
        return
    def count(place, events, status=200):
        counted, answers = instructions(str(target), place, events)
        if any(answer["statusCode"] != status for answer in answers):
            raise process.Failed(f"the function answers {answers}")
        return counted

    ready, once, twice = (count(bench.http, events) for events in range(3))
    # Nobody answers the two calls, which differ by the client with Amazon's roots and by the look-up of a proxy.
    nowhere = f"http://127.0.0.1:{places.free_port()}"
    unanswered = bench.http.with_env(AWS_MAX_ATTEMPTS="1")
    plain = unanswered.with_env(AWS_ENDPOINT_URL=nowhere)
    amazon = "https://dynamodb.eu-central-1.amazonaws.com"
    secure = unanswered.with_env(AWS_ENDPOINT_URL=amazon, HTTPS_PROXY=nowhere)
    tls_client = count(secure, 1, 503) - count(plain, 1, 503)
    first = "its first answer, of a `GET` of a key"
    for what, counted in (
        ("until it is ready", ready),
        (f"{first}, DynamoDB over http", once - ready),
        (f"{first}, and the TLS client built", once - ready + tls_client),
        (f"{first}, DynamoDB over https, with its handshake", count(bench.https, 1) - ready),
        ("its second answer, DynamoDB over http", twice - once),
    ):
        bench.table.add(f"instructions: the function, {what}", "", millions(counted))
