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


def enter(root, command):
    """Returns what subprocess needs to run a command in a root, in its folder `/data` and as the owner of that folder."""
    owner = (root / "data").stat()

    def change():
        os.chroot(root)
        os.chdir("/data")
        os.setgroups([])
        os.setgid(owner.st_gid)
        os.setuid(owner.st_uid)

    if os.geteuid() == 0:
        return {"args": command, "preexec_fn": change}
    unshare, sudo = shutil.which("unshare"), shutil.which("sudo")
    for prefix, option in (([], "--map-root-user"), ([sudo, "--non-interactive"], f"--setuid={owner.st_uid}")):
        start = [*prefix, unshare, option]
        if None not in start and subprocess.run([*start, "/bin/true"], capture_output=True).returncode == 0:
            return {"args": [*start, f"--root={root}", "--wd=/data", *command]}
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
        self.start = [self.program]
        if emulator(self.processor):
            shutil.copy(emulator(self.processor), self.path / "emulator")
            self.start.insert(0, "/emulator")
        return self

    def __exit__(self, *_):
        self.temporary.cleanup()

    def run(self, arguments, expected=None, code=0):
        """Runs the program; exits unless it ends with the code and, if given, prints what is expected."""
        command = enter(self.path, [*self.start, *arguments])
        ended = subprocess.run(**command, capture_output=True, env=self.environment)
        if ended.returncode != code or expected not in (None, ended.stdout):
            printed = (ended.stdout + ended.stderr).decode(errors="replace")
            sys.exit(f"error: discfg {' '.join(arguments)}: exit code {ended.returncode}, expected {code}\n{printed}")

    def run_session(self):
        for arguments, expected in SESSION:
            self.run(arguments, expected)

    def serve(self, arguments, environment, check):
        """Starts the program as a server on a free port and runs `check`, arguments that contain the default address.

        The check must succeed while the server runs, with and without the server's environment, and fail after it."""
        command = enter(self.path, [*self.start, *arguments, "-f", "json", "--listen", "127.0.0.1:0"])
        base, self.environment = self.environment, self.environment | environment
        server = subprocess.Popen(**command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment)
        try:
            line = server.stdout.readline()
            if not line:
                sys.exit(f"error: discfg {' '.join(arguments)} failed\n{server.stderr.read().decode(errors='replace')}")
            url = json.loads(line)["url"].rstrip("/")
            check = [url if each == "http://127.0.0.1:8899" else each for each in check]
            self.run(check)
            self.environment = base
            self.run(check)
        finally:
            server.terminate()
            server.communicate()
        self.run(check, code=1)


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
        # It would select a config for the check, which has none where the server is given it as an argument.
        (root.path / "data/.discfg").unlink()
        test = config["Healthcheck"]["Test"]
        assert test[:2] == ["CMD", root.program], test
        root.serve(config["Cmd"], {"DISCFG_CONFIG": "demo", "DISCFG_ENGINE": "local"}, test[2:])


def add(libraries, root):
    for library in libraries:
        (root / library.parent.relative_to("/")).mkdir(parents=True, exist_ok=True)
        shutil.copy(library, root / library.relative_to("/"))
