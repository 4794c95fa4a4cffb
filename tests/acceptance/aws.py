"""Signs requests (Signature Version 4) and calls AWS, with the standard library alone.

Nothing here comes from the code under test or from an SDK, so what discfg deploys is seen by a second pair of eyes.
"""

import datetime
import hashlib
import hmac
import http.client
import json
import re
import ssl
import time
import urllib.parse
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass

ATTEMPTS = 6
TIMEOUT_S = 60
RETRIED = re.compile(r"Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|ServiceUnavailable|InternalFailure")
VERSIONS = {"iam": "2010-05-08", "sts": "2011-06-15", "cloudformation": "2010-05-15"}
TARGETS = {
    "dynamodb": ("DynamoDB_20120810", "1.0"),
    "kms": ("TrentService", "1.1"),
    "logs": ("Logs_20140328", "1.1"),
}


@dataclass(frozen=True)
class Credentials:
    """An access key, with a session token if it is of a session."""

    key: str
    secret: str
    token: str = ""


@dataclass
class Answer:
    """What a server answered."""

    status: int
    headers: dict
    body: bytes

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    @property
    def request_id(self):
        names = ("x-amzn-requestid", "x-amz-request-id", "apigw-requestid", "x-amz-id-2", "request-id")
        return next((self.headers[name] for name in names if name in self.headers), "")


class AwsError(Exception):
    """A refusal by a service."""

    def __init__(self, operation, answer):
        self.operation = operation
        self.status = answer.status
        self.code, self.message = error_of(answer.text)
        super().__init__(f"{operation}: {self.status} {self.code}: {self.message}")


class Unreachable(Exception):
    """No answer from a service, after several attempts."""


def error_of(body):
    """Returns the code and the message of an error body, JSON or XML."""
    try:
        said = json.loads(body)
        code = str(said.get("__type") or said.get("code") or said.get("Code") or "").rpartition("#")[2]
        return code, str(said.get("message") or said.get("Message") or "")
    except (ValueError, AttributeError):
        code = re.search(r"<Code>([^<]*)", body)
        message = re.search(r"<Message>([^<]*)", body)
        return (code.group(1) if code else ""), (message.group(1) if message else body[:200])


def encoded(text, safe=""):
    return urllib.parse.quote(text, safe=f"-_.~{safe}")


def digest(data):
    return hashlib.sha256(data).hexdigest()


def signed_headers(who, service, region, method, path, query, headers, body, now=None):
    """Returns `headers` with those that sign the request.

    `path` is the path as it is sent. All services but S3 sign it encoded once more, and nothing of it is resolved: a
    path with `..` in it is signed, and sent, as it is.
    """
    now = now or datetime.datetime.now(datetime.timezone.utc)
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    headers = {**headers, "X-Amz-Date": stamp}
    if who.token:
        headers["X-Amz-Security-Token"] = who.token
    if service == "s3":
        headers["X-Amz-Content-Sha256"] = digest(body)
    names = sorted(headers, key=str.lower)
    lines = "".join(f"{name.lower()}:{' '.join(str(headers[name]).split())}\n" for name in names)
    signed = ";".join(name.lower() for name in names)
    canonical_path = path if service == "s3" else encoded(path, safe="/")
    pairs = sorted((encoded(name), encoded(value)) for name, value in query)
    canonical_query = "&".join(f"{name}={value}" for name, value in pairs)
    canonical = "\n".join([method, canonical_path, canonical_query, lines, signed, digest(body)])
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    to_sign = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, digest(canonical.encode())])
    key = f"AWS4{who.secret}".encode()
    for part in (stamp[:8], region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={who.key}/{scope}, SignedHeaders={signed}, Signature={signature}"
    )
    return headers


def send(url, method, path, query, headers, body):
    """Sends one request, with the path exactly as given, and returns the answer."""
    at = urllib.parse.urlsplit(url)
    if at.scheme == "https":
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(at.hostname, at.port, timeout=TIMEOUT_S, context=context)
    else:
        connection = http.client.HTTPConnection(at.hostname, at.port, timeout=TIMEOUT_S)
    target = path + ("?" + "&".join(f"{encoded(name)}={encoded(value)}" for name, value in query) if query else "")
    try:
        connection.request(method, target, body=body or None, headers=headers)
        response = connection.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, names, response.read())
    finally:
        connection.close()


def suffix_of(region):
    return "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"


def partition_of(region):
    return "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"


def iam_at(region):
    """Returns the host of IAM in the region's partition, and the region that its requests are signed for."""
    return {
        "aws": ("iam.amazonaws.com", "us-east-1"),
        "aws-cn": ("iam.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        "aws-us-gov": ("iam.us-gov.amazonaws.com", "us-gov-west-1"),
    }[partition_of(region)]


class Aws:
    """A client for the services that a run looks at.

    `identity` gives the credentials for each request. `record` takes what was asked and what came.
    """

    def __init__(self, identity, region, endpoint, record):
        self.identity, self.region, self.endpoint, self.record = identity, region, endpoint, record

    def as_(self, credentials):
        """Returns the same client for other credentials."""
        return Aws(lambda: credentials, self.region, self.endpoint, self.record)

    def place(self, service):
        host, region = iam_at(self.region) if service == "iam" else (None, self.region)
        if self.endpoint:
            return self.endpoint.rstrip("/"), region
        prefix = "apigateway" if service == "apigatewayv2" else service
        return f"https://{host or f'{prefix}.{region}.{suffix_of(region)}'}", region

    def query(self, service, action, **parameters):
        """Does an action of IAM, STS or CloudFormation, and returns the XML without namespaces."""
        form = {"Action": action, "Version": VERSIONS[service], **parameters}
        body = urllib.parse.urlencode(form).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self.call(service, action, "POST", "/", (), headers, body)
        return ElementTree.fromstring(re.sub(r' xmlns="[^"]*"', "", answer.text, count=1))

    def json(self, service, operation, **given):
        """Does an operation of DynamoDB, KMS or CloudWatch Logs."""
        target, version = TARGETS[service]
        headers = {"Content-Type": f"application/x-amz-json-{version}", "X-Amz-Target": f"{target}.{operation}"}
        answer = self.call(service, operation, "POST", "/", (), headers, json.dumps(given).encode())
        return json.loads(answer.body or b"{}")

    def rest(self, service, operation, method, path, query=(), body=b""):
        """Does an operation of S3, Lambda or API Gateway, and returns the answer."""
        return self.call(service, operation, method, path, query, {}, body)

    def call(self, service, operation, method, path, query, headers, body):
        url, region = self.place(service)
        signing = "apigateway" if service == "apigatewayv2" else service
        for attempt in range(1, ATTEMPTS + 1):
            everything = {"Host": urllib.parse.urlsplit(url).netloc, **headers}
            everything = signed_headers(self.identity(), signing, region, method, path, query, everything, body)
            began = time.monotonic()
            try:
                answer = send(url, method, path, query, everything, body)
            except (OSError, http.client.HTTPException) as error:
                self.record(service, operation, None, began, str(error))
                if attempt == ATTEMPTS:
                    raise Unreachable(f"{operation}: {url} cannot be reached: {error}") from error
            else:
                self.record(service, operation, answer, began)
                if answer.status < 300:
                    return answer
                passing = answer.status >= 500 or RETRIED.search(answer.text)
                if not passing or attempt == ATTEMPTS:
                    raise AwsError(operation, answer)
            time.sleep(min(0.3 * 2**attempt, 8))

    def assume(self, role, session="discfg-acceptance"):
        """Returns credentials of a role."""
        said = self.query("sts", "AssumeRole", RoleArn=role, RoleSessionName=session)
        text = {element.tag: element.text for element in said.iter()}
        return Credentials(text["AccessKeyId"], text["SecretAccessKey"], text["SessionToken"])


def pages(read, items, mark, given):
    """Yields the items of all pages of a JSON operation. `mark` names the marker in the answer and in the request."""
    came, goes = mark
    while True:
        page = read(**given)
        yield from page.get(items, [])
        if not page.get(came):
            return
        given = {**given, goes: page[came]}


def xml_pages(read, goes="Marker", came="Marker", **given):
    """Yields each page of an XML operation."""
    while True:
        page = read(**given)
        yield page
        marker = page.findtext(f".//{came}")
        if not marker:
            return
        given = {**given, goes: marker}


def tags_of(element):
    """Returns the tags of a stack or role in XML as a dict."""
    return {tag.findtext("Key"): tag.findtext("Value") or "" for tag in element.findall("Tags/member")}
