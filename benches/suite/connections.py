"""What `discfg serve` holds for clients that are many, slow, or don't read: its memory, and whether it answers others."""

import contextlib
import pathlib
import re
import resource
import selectors
import socket
import time
import urllib.error
import urllib.request

from .load import Serve, send
from .process import Failed
from .table import megabytes

MANY = 10_000
SLOW = 1_000
# With the default --max-connections the server holds so many of them.
HELD = 4_096
# The figures that docs/http.md states.
MOST_CONNECTIONS = 200_000_000
MOST_UNREAD = 450_000_000
# How long clients stay that drip or don't read: longer than half the time that the server bears it.
STAY = 12
# How often each of them sends a byte.
DRIP = 0.5


class Memory:
    """What the server's process holds, as the kernel counts it."""

    def __init__(self, server):
        self.folder = pathlib.Path(f"/proc/{server.process.pid}")

    def field(self, name):
        found = re.search(rf"{name}:\s+(\d+)", (self.folder / "status").read_text())
        return int(found.group(1)) * 1024

    def now(self):
        return self.field("VmRSS")

    def peak(self):
        return self.field("VmHWM")

    def forget_peak(self):
        (self.folder / "clear_refs").write_text("5")


class Others:
    """A client like any other, which asks all the while."""

    def __init__(self, server):
        self.server, self.answered, self.slowest = server, 0, 0.0

    def ask(self):
        began = time.perf_counter()
        url = f"{self.server.url}{self.server.base}/db/keys/url"
        try:
            urllib.request.urlopen(url, timeout=30).close()
        except urllib.error.HTTPError as error:
            raise Failed(f"a GET was answered {error.code} meanwhile") from error
        self.answered += 1
        self.slowest = max(self.slowest, time.perf_counter() - began)


def files():
    """Lets this process have as many sockets open as it takes; how many those are."""
    wanted = MANY + 1000
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(wanted, hard)))
    except (ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def opened(server, count, receive=None, request=b""):
    """So many connections, opened one right after the other, each of which asks for something."""
    host, port = server.url.removeprefix("http://").split(":")
    sockets = []
    for _ in range(count):
        one = socket.socket()
        if receive:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        one.settimeout(30)
        one.connect((host, int(port)))
        one.setblocking(False)
        # The server may have closed it by now.
        with contextlib.suppress(OSError):
            one.send(request)
        sockets.append(one)
    return sockets


def close(sockets):
    for one in sockets:
        # Reset rather than closed in order: thousands that wait for a last packet would hold up the next part.
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        one.close()


def answers(sockets):
    """How many were answered 200 and are held, how many 503, and how many were closed without a word."""
    told = {b"200": 0, b"503": 0, b"": 0}
    selector = selectors.DefaultSelector()
    for one in sockets:
        selector.register(one, selectors.EVENT_READ)
    deadline = time.monotonic() + 60
    while selector.get_map():
        if time.monotonic() > deadline:
            raise Failed(f"{len(selector.get_map())} connections are neither answered nor closed")
        for key, _ in selector.select(1):
            try:
                answer = key.fileobj.recv(4096)
            except OSError:
                answer = b""
            told[answer[9:12]] += 1
            selector.unregister(key.fileobj)
    selector.close()
    return told[b"200"], told[b"503"], told[b""]


def stay(sockets, others, piece=None):
    """Lets all of them be, or send a byte now and then, while another asks."""
    until = time.monotonic() + STAY
    while time.monotonic() < until:
        begun = time.monotonic()
        if piece:
            for one in sockets:
                with contextlib.suppress(OSError):
                    one.send(piece)
        others.ask()
        time.sleep(max(0.0, DRIP - (time.monotonic() - begun)))


def settled(memory):
    """What is resident when it has stopped falling."""
    lowest, since = memory.now(), time.monotonic()
    while time.monotonic() - since < 3:
        time.sleep(0.2)
        now = memory.now()
        if now < lowest * 0.99:
            lowest, since = now, time.monotonic()
    return lowest


def row(bench, server, what, most, meanwhile):
    memory, others = Memory(server), Others(server)
    before = settled(memory)
    memory.forget_peak()
    with contextlib.ExitStack() as stack:
        note = meanwhile(stack, others)
        held, peak = memory.now(), memory.peak()
    after = settled(memory)
    if others.answered == 0:
        raise Failed(f"{what}: nobody else was answered")
    bench.table.add(
        what,
        f"≤ {megabytes(most)}",
        f"{megabytes(peak)} at most, {megabytes(before)} before, {megabytes(held)} with them, {megabytes(after)} "
        f"after; {note}others answered within {others.slowest * 1000:.0f} ms",
        peak <= most,
    )


def connections(bench):
    if files() < MANY + 500:
        bench.table.add("resident: many connections", "", f"not measured: {files()} files may be open (ulimit -Hn)")
        return
    server = Serve(bench.root / "serve-connections", bench.discfg)
    bench.stack.callback(server.close)
    host = server.url.removeprefix("http://")
    # Some 900 KB in one answer.
    for n in range(5):
        send(server, "PUT", f"{server.base}/large/keys/{n}", "v" * 180_000, "text/plain")
    bench.table.add("resident: `serve`, idle", "", megabytes(settled(Memory(server))))

    def head(method, path, *headers):
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *headers]
        return "\r\n".join(lines).encode() + b"\r\n"

    def many(stack, others):
        sockets = opened(server, MANY, request=head("GET", "/healthz") + b"\r\n")
        stack.callback(close, sockets)
        held, told, closed = answers(sockets)
        if held != HELD:
            raise Failed(f"{held} connections are held")
        # Its own place is among those that were taken: some go away.
        close(sockets[:200])
        del sockets[:200]
        deadline = time.monotonic() + 10
        while others.answered == 0:
            try:
                others.ask()
            except (Failed, OSError):
                if time.monotonic() > deadline:
                    raise
        return f"{held:,} held, {told:,} answered 503, {closed:,} closed; "

    def slow_heads(stack, others):
        sockets = opened(server, SLOW, request=b"GET /healthz HTTP/1.1\r\nX-Slow: ")
        stack.callback(close, sockets)
        stay(sockets, others, b"x")
        return ""

    def slow_bodies(stack, others):
        request = head("PUT", f"{server.base}/slow/keys/body", "Content-Length: 100000") + b"\r\n"
        sockets = opened(server, SLOW, request=request)
        stack.callback(close, sockets)
        stay(sockets, others, b"x")
        return ""

    def not_reading(stack, others):
        sockets = opened(server, SLOW, receive=4096, request=head("GET", f"{server.base}/large/snapshot") + b"\r\n")
        stack.callback(close, sockets)
        stay(sockets, others)
        return ""

    def not_reading_events(stack, others):
        request = head("GET", f"{server.base}/large/changes", "Accept: text/event-stream") + b"\r\n"
        sockets = opened(server, SLOW, receive=4096, request=request)
        stack.callback(close, sockets)
        for n in range(STAY * 2):
            send(server, "PUT", f"{server.base}/large/keys/{n % 5}", str(n) * 90_000, "text/plain")
            others.ask()
            time.sleep(DRIP)
        return ""

    rows = [
        (f"resident: {MANY:,} connections at once", MOST_CONNECTIONS, many),
        (f"resident: {MANY:,} connections at once, again", MOST_CONNECTIONS, many),
        (f"resident: {SLOW:,} clients whose heads come a byte at a time", MOST_CONNECTIONS, slow_heads),
        (f"resident: {SLOW:,} clients whose bodies come a byte at a time", MOST_CONNECTIONS, slow_bodies),
        (f"resident: {SLOW:,} clients that don't read 900 KB", MOST_UNREAD, not_reading),
        (f"resident: {SLOW:,} streams that nobody reads", MOST_UNREAD, not_reading_events),
    ]
    for what, most, meanwhile in rows:
        row(bench, server, what, most, meanwhile)
