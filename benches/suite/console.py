"""What a page of the console costs with ten thousand keys, and how soon it shows a change."""

import contextlib
import http.client
import json
import re
import statistics
import subprocess
import time
import urllib.parse

from .place import CONFIG
from .table import milliseconds

KEYS = 10_000
SECTIONS = 20
PAGES = 30
CHANGES = 20
# The pages that the budget is about, and others.
FIRST = {
    "Keys, all": f"/c/{CONFIG}?view=flat",
    "Keys, one level": f"/c/{CONFIG}?in=/section00/",
    "Keys, filtered": f"/c/{CONFIG}?q=key-00099",
    "Configs": "/",
    "Timeline": f"/c/{CONFIG}/timeline",
    "a key": f"/c/{CONFIG}/key/section00/key-00000",
}
# Its commits hold a hundred keys each, of which it shows some with their differences.
UNBOUND = {"Timeline"}
MOST_TIME = 0.050
MOST_BYTES = 60_000
MOST_LIVE = 0.300
FORM = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}


class Console:
    """A running `discfg ui`, and a browser that has signed in."""

    def __init__(self, discfg, place):
        command = [discfg, "ui", "--no-open", "-f", "json"]
        self.process = subprocess.Popen(
            command, cwd=place.work, env=place.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        ready = json.loads(self.process.stdout.readline())
        link = urllib.parse.urlsplit(ready["loopbackUrl"])
        self.address = link.netloc
        self.connection = self.connect()
        self.cookie = None
        begun = self.ask("POST", link.path, headers=FORM)
        self.cookie = begun.headers["set-cookie"].split(";")[0]
        self.csrf = re.search(r'name="csrf" value="(\w+)"', self.ask("GET", "/").text)[1]

    def connect(self):
        return http.client.HTTPConnection(self.address, timeout=30)

    def ask(self, method, path, body=None, headers=()):
        cookie = {"Cookie": self.cookie} if self.cookie else {}
        self.connection.request(method, path, body, {**cookie, **dict(headers)})
        answer = self.connection.getresponse()
        answer.text = answer.read().decode()
        return answer

    def save(self, path, value, base):
        fields = {"csrf": self.csrf, "step": "save", "base": base, "value": value, "kind": "text", "ttl": "never"}
        answer = self.ask("POST", path, urllib.parse.urlencode(fields), FORM)
        return int(answer.headers["location"].rpartition("=")[2])

    def close(self):
        self.process.terminate()
        self.process.wait()


def timed(console, path):
    began = time.perf_counter()
    answer = console.ask("GET", path)
    return time.perf_counter() - began, len(answer.text.encode())


def live(console):
    """The times from the answer to a change until the page has been loaded again because of its event."""
    key = "/section00/key-00000"
    page, edit = f"/c/{CONFIG}/key{key}", f"/c/{CONFIG}/edit{key}"
    revision = int(re.search(r"<dt>Revision</dt><dd>(\d+)", console.ask("GET", page).text)[1])
    stream = console.connect()
    headers = {"Cookie": console.cookie, "Accept": "text/event-stream"}
    stream.request("GET", f"/live?config={CONFIG}", headers=headers)
    events = stream.getresponse()
    # The feed has looked once before it can tell of news.
    revision = console.save(edit, "warm", revision)
    while b"heads" not in events.readline():
        pass
    taken = []
    for change in range(CHANGES):
        value = f"change {change}"
        revision = console.save(edit, value, revision)
        began = time.perf_counter()
        while b"event: heads" not in events.readline():
            pass
        text = console.ask("GET", page).text
        taken.append(time.perf_counter() - began)
        assert value in text
    stream.close()
    return taken


def console(bench):
    keys = {
        f"/section{number % SECTIONS:02}/key-{number // SECTIONS:05}": f"the value of key {number}"
        for number in range(KEYS)
    }
    file = bench.root / "console.json"
    file.write_text(json.dumps(keys))
    place = bench.local
    subprocess.run(
        [bench.discfg, "import", CONFIG, "-d", str(file), "--batch", "-q", "-f", "silent"], cwd=place.work, env=place.env, check=True
    )
    running = Console(bench.discfg, place)
    with contextlib.closing(running):
        for what, path in FIRST.items():
            taken = [timed(running, path) for _ in range(PAGES)]
            first, middle = taken[0][0], statistics.median(seconds for seconds, _ in taken)
            size = max(size for _, size in taken)
            is_bound = what not in UNBOUND
            bench.table.add(
                f"console, 10,000 keys: {what}",
                f"≤ {milliseconds(MOST_TIME)}" + (f", ≤ {MOST_BYTES // 1000} KB" if is_bound else ""),
                f"{milliseconds(middle)} (the first {milliseconds(first)}), {size / 1000:.0f} KB",
                max(first, middle) <= MOST_TIME and (size <= MOST_BYTES or not is_bound),
            )
        taken = live(running)
        bench.table.add(
            "console: a change until the page has it",
            f"≤ {milliseconds(MOST_LIVE)}",
            f"{milliseconds(statistics.median(taken))}, at most {milliseconds(max(taken))}",
            max(taken) <= MOST_LIVE,
        )
