"""Runs a packed program in a root that holds nothing of this machine: only the kernel is shared."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile

import image

SESSION = [
    (["--version"], None),
    (["init", "demo", "--local"], None),
    (["set", "db/url", "postgres://db.example.com"], b"/db/url: version 1, revision 1\n"),
    (["get", "db/url"], b"postgres://db.example.com\n"),
]


def enter(root):
    """Returns the command that runs a program in a root, in its folder `/data` and as the owner of that folder."""
    unshare = shutil.which("unshare") or sys.exit("error: unshare not found. Debian, Ubuntu: apt-get install util-linux")
    owner = (root / "data").stat()
    command = [unshare, f"--root={root}", "--wd=/data"]
    if os.geteuid() == 0:
        return [*command, f"--setgid={owner.st_gid}", f"--setuid={owner.st_uid}"]
    for prefix, option in (([], "--map-root-user"), (["sudo", "--non-interactive"], f"--setuid={owner.st_uid}")):
        if subprocess.run([*prefix, unshare, option, "/bin/true"], capture_output=True).returncode == 0:
            return [*prefix, *command, option]
    sys.exit("error: cannot change the root: run as root, or allow user namespaces or sudo")


def emulator(processor):
    """Returns the path of the program that runs programs of another processor, or None for this machine's."""
    if processor == os.uname().machine:
        return None
    name = f"qemu-{processor}-static"
    return shutil.which(name) or sys.exit(f"error: {name} not found. Debian, Ubuntu: apt-get install qemu-user-static")


class EmptyRoot:
    """A temporary root that `fill(path)` has filled, as a context."""

    def __init__(self, fill, program, processor, environment):
        self.fill, self.program, self.processor, self.environment = fill, program, processor, environment

    def __enter__(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.temporary.name) / "root"
        self.fill(self.path)
        (self.path / "data").mkdir(exist_ok=True)
        self.start = [*enter(self.path), self.program]
        if emulator(self.processor):
            shutil.copy(emulator(self.processor), self.path / "emulator")
            self.start.insert(-1, "/emulator")
        return self

    def __exit__(self, *_):
        self.temporary.cleanup()

    def run(self, arguments, expected=None):
        """Runs the program; exits unless it succeeds and, if given, prints what is expected."""
        ended = subprocess.run([*self.start, *arguments], capture_output=True, env=self.environment)
        if ended.returncode != 0 or expected not in (None, ended.stdout):
            printed = (ended.stdout + ended.stderr).decode(errors="replace")
            sys.exit(f"error: discfg {' '.join(arguments)} failed, exit code {ended.returncode}\n{printed}")

    def run_session(self):
        for arguments, expected in SESSION:
            self.run(arguments, expected)

    def serve(self, arguments, check):
        """Starts the program as a server on a free port and runs `check`, arguments that contain the default address."""
        command = [*self.start, *arguments, "-f", "json", "--listen", "127.0.0.1:0"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment)
        try:
            line = server.stdout.readline()
            if not line:
                sys.exit(f"error: discfg {' '.join(arguments)} failed\n{server.stderr.read().decode(errors='replace')}")
            url = json.loads(line)["url"].rstrip("/")
            self.run([url if each == "http://127.0.0.1:8899" else each for each in check])
        finally:
            server.terminate()
            server.communicate()


def try_archive(path, processor, libraries=()):
    """Unpacks an archive and tries its one folder as the whole of a root, with the C library if it is given."""

    def fill(root):
        with tempfile.TemporaryDirectory() as folder:
            with tarfile.open(path) as file:
                file.extractall(folder, filter="tar")
            (unpacked,) = pathlib.Path(folder).iterdir()
            assert unpacked.name == path.name.removesuffix(".tar.gz"), unpacked
            shutil.copytree(unpacked, root)
        add(libraries, root)

    with EmptyRoot(fill, "/bin/discfg", processor, {"HOME": "/data"}) as root:
        root.run_session()


def try_image(layout, architecture, processor, libraries=()):
    """Unpacks an image, runs its program as its user, and its health check against its server."""
    config = {}

    def fill(root):
        config.update(image.unpack(layout, architecture, root))
        add(libraries, root)

    with EmptyRoot(fill, "/usr/bin/discfg", processor, {}) as root:
        assert config["Entrypoint"] == [root.program], config
        root.environment = dict(entry.split("=", 1) for entry in config["Env"])
        root.run_session()
        root.environment |= {"DISCFG_CONFIG": "demo", "DISCFG_ENGINE": "local"}
        test = config["Healthcheck"]["Test"]
        assert test[:2] == ["CMD", root.program], test
        root.serve(config["Cmd"], test[2:])


def add(libraries, root):
    for library in libraries:
        (root / library.parent.relative_to("/")).mkdir(parents=True, exist_ok=True)
        shutil.copy(library, root / library.relative_to("/"))
