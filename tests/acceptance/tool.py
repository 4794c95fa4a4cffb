"""Runs the discfg binary as a user would, and keeps what it says."""

import json
import os
import re
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass

PATIENCE_S = 1800
# What of the caller's environment reaches discfg: how to get to the network, and nothing of AWS's or discfg's.
KEPT = re.compile(r"^(PATH|LANG|LC_\w+|TMPDIR|SSL_CERT_\w+|AWS_CA_BUNDLE|(HTTPS?|ALL|NO)_PROXY)$", re.IGNORECASE)
ANSWERED = re.compile(r"^.*?\banswered\b[:;]?\s*(.*\boperation[=:].*)$", re.MULTILINE)
FIELD = re.compile(r"(\w+)[=:]\s?(\"(?:[^\"\\]|\\.)*\"|[^\s;]+)")
REQUEST_ID = re.compile(r"[Rr]equest[ -]?(?:ID|Id|id)[\"':=\s]+([0-9A-Za-z-]{16,64})")
STATS = re.compile(
    r"^stats: \d+ requests(?: \(([^)]*)\))?(?:; ([\d.]+) read units, ([\d.]+) write units)?", re.MULTILINE
)


@dataclass
class Outcome:
    """How a call ended."""

    code: int
    out: str
    err: str

    def json(self):
        return json.loads(self.out)

    @property
    def reason(self):
        """The first lines of an error, for a line on the terminal."""
        lines = [line.strip() for line in self.err.splitlines() if line.strip().startswith(("error:", "because:"))]
        return f"exit code {self.code}" + (f", {'; '.join(lines)[:300]}" if lines else "")


def answered(stderr):
    """Returns what `-v` says of each request: its operation, status and id."""
    found = []
    for line in ANSWERED.findall(stderr):
        found.append({name: value.strip('"') for name, value in FIELD.findall(line)})
    seen = {entry.get("id") for entry in found}
    for request_id in REQUEST_ID.findall(stderr):
        if request_id not in seen:
            seen.add(request_id)
            found.append({"id": request_id})
    return found


def counted(stderr):
    """Returns the requests by operation, and the read and write units, that `--stats` tells."""
    requests, reads, writes = {}, 0.0, 0.0
    for names, read, write in STATS.findall(stderr):
        for each in filter(None, names.split(", ")):
            name, _, number = each.rpartition(" ")
            requests[name] = requests.get(name, 0) + int(number)
        reads, writes = reads + float(read or 0), writes + float(write or 0)
    return requests, (reads, writes)


class Tool:
    """The binary, in a home and a working folder of its own. Each identity has a cache of its own."""

    def __init__(self, binary, region, endpoint, report):
        self.binary, self.report = os.path.abspath(binary), report
        self.folder = tempfile.TemporaryDirectory(prefix="discfg-acceptance-")
        self.work = os.path.join(self.folder.name, "work")
        os.mkdir(self.work)
        self.env = {name: value for name, value in os.environ.items() if KEPT.match(name)}
        self.env.update(AWS_REGION=region, AWS_EC2_METADATA_DISABLED="true", DISCFG_CEILING=self.folder.name)
        if endpoint:
            self.env["AWS_ENDPOINT_URL"] = endpoint

    def close(self):
        self.folder.cleanup()

    def home(self, who):
        home = os.path.join(self.folder.name, f"home-{who}")
        os.makedirs(home, exist_ok=True)
        return home

    def forget(self, who):
        """Drops the cached credentials of roles, so that the next call assumes them again."""
        subprocess.run(["rm", "-rf", os.path.join(self.home(who), "cache")], check=True)

    def environment(self, who, credentials, more):
        home = self.home(who)
        places = {f"XDG_{name}_HOME": os.path.join(home, name.lower()) for name in ("CACHE", "CONFIG", "DATA", "STATE")}
        keys = {"AWS_ACCESS_KEY_ID": credentials.key, "AWS_SECRET_ACCESS_KEY": credentials.secret}
        if credentials.token:
            keys["AWS_SESSION_TOKEN"] = credentials.token
        return {**self.env, "HOME": home, **places, **keys, **(more or {})}

    def start(self, who, credentials, arguments, more=None, stdin=False):
        """Begins a call. It has a session of its own: Ctrl-C in the terminal reaches this run alone, which ends it."""
        return subprocess.Popen(
            [self.binary, *arguments, "-v", "--stats"],
            cwd=self.work,
            env=self.environment(who, credentials, more),
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def finish(self, who, process, arguments, began, given=None, patience=PATIENCE_S):
        """Waits for the end of a call, and keeps it in the report."""
        try:
            out, err = process.communicate(given, timeout=patience)
        except subprocess.TimeoutExpired:
            stop(process)
            out, err = process.communicate()
        except BaseException:
            stop(process)
            raise
        outcome = Outcome(process.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"))
        line = {
            "as": who,
            "arguments": list(arguments),
            "code": outcome.code,
            "stdout": outcome.out,
            "stderr": outcome.err,
            "ms": round((time.monotonic() - began) * 1000),
            "requests": answered(outcome.err),
        }
        self.report.call(line, *counted(outcome.err))
        return outcome

    def run(self, who, credentials, *arguments, env=None, stdin=None):
        began = time.monotonic()
        process = self.start(who, credentials, arguments, env, stdin is not None)
        return self.finish(who, process, arguments, began, stdin.encode() if stdin is not None else None)


def stop(process):
    """Ends a call as Ctrl-C would, and kills it if it doesn't end."""
    for number in (signal.SIGINT, signal.SIGINT, signal.SIGKILL):
        if process.poll() is not None:
            return
        process.send_signal(number)
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            continue
