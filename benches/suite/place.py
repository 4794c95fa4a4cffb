"""What the benchmarks stand on: a folder and an environment of their own, the server, and the clients."""

import hashlib
import pathlib
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

from .process import Failed, has, output

HERE = pathlib.Path(__file__).resolve().parent
BENCHES = HERE.parent
ROOT = BENCHES.parent
CONFIG = "bench"
KEY = "/db/url"


class Place:
    """A home, a working folder and an environment that hold nothing of whoever runs this."""

    def __init__(self, root, env):
        self.root, self.work = root, root / "work"
        (root / "home").mkdir(parents=True, exist_ok=True)
        self.work.mkdir(exist_ok=True)
        self.env = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(root / "home"),
            "LANG": "C.UTF-8",
            **env,
        }

    def with_env(self, **more):
        """The same place with more variables set."""
        return Place(self.root, {**self.env, **more})


def aws(root, url):
    return Place(
        root,
        {
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "AWS_REGION": "eu-central-1",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": url,
        },
    )


def local(root, discfg):
    """A place with a config on the embedded engine, which holds the key."""
    place = Place(root, {"DISCFG_ENGINE": "local", "DISCFG_DATA_DIR": str(root / "data")})
    output([discfg, "init", CONFIG, "--local"], place)
    output([discfg, "set", CONFIG, KEY, '{"url":"postgres://db.example.com:5432/app"}'], place)
    return place


class Server:
    """The constant answers, in a process of their own."""

    def __init__(self, root):
        certificate, key, self.authority = certificates(root)
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "answers.py"), certificate, key],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        plain, secure = self.process.stdout.readline().split()
        self.http = f"http://127.0.0.1:{plain}"
        self.https = f"https://localhost:{secure}"

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def certificates(root):
    """An authority, a server's certificate from it, and a bundle as long as the one that is built into discfg."""
    paths = {name: str(root / name) for name in ("ca.key", "ca.pem", "key", "request", "pem", "names", "bundle")}
    pathlib.Path(paths["names"]).write_text(
        "subjectAltName=DNS:localhost\nbasicConstraints=critical,CA:FALSE\n"
    )
    new = ["-newkey", "rsa:2048", "-noenc"]
    for command in (
        ["req", "-x509", *new, "-keyout", paths["ca.key"], "-out", paths["ca.pem"], "-subj", "/CN=bench CA"],
        ["req", *new, "-keyout", paths["key"], "-out", paths["request"], "-subj", "/CN=localhost"],
        ["x509", "-req", "-in", paths["request"], "-CA", paths["ca.pem"], "-CAkey", paths["ca.key"],
         "-CAcreateserial", "-extfile", paths["names"], "-out", paths["pem"]],
    ):
        done = subprocess.run(["openssl", *command], capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed(f"openssl {command[0]}: {done.stderr}")
    roots = (ROOT / "src/aws/amazon-roots.pem").read_bytes()
    pathlib.Path(paths["bundle"]).write_bytes(roots + pathlib.Path(paths["ca.pem"]).read_bytes())
    return paths["pem"], paths["key"], paths["bundle"]


class Etcd:
    """An etcd server that holds the key."""

    def __init__(self, root):
        clients, peers = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        self.place = Place(root, {"ETCDCTL_API": "3", "ETCDCTL_ENDPOINTS": clients})
        self.process = subprocess.Popen(
            [
                "etcd", "--data-dir", str(root / "etcd"),
                "--listen-client-urls", clients, "--advertise-client-urls", clients,
                "--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers,
                "--initial-cluster", f"default={peers}",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(100):
            try:
                urllib.request.urlopen(f"{clients}/health", timeout=1).close()
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        else:
            self.close()
            raise Failed("etcd doesn't start")
        output(["etcdctl", "put", KEY, '{"url":"postgres://db.example.com:5432/app"}'], self.place)

    def close(self):
        self.process.terminate()
        self.process.wait()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def aws_cli(target):
    """The AWS CLI of requirements.txt, in a virtual environment that is made once."""
    venv = target / "benches" / "venv"
    stamp = venv / "stamp"
    requirements = BENCHES / "requirements.txt"
    wanted = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
    if not (stamp.is_file() and stamp.read_text() == wanted):
        print("making a virtual environment for the AWS CLI …", file=sys.stderr)
        shutil.rmtree(venv, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        pip = [str(venv / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--requirement", str(requirements)], check=True)
        stamp.write_text(wanted)
    return str(venv / "bin/aws")


def etcd_version():
    if not (has("etcd") and has("etcdctl")):
        return None
    done = subprocess.run(["etcd", "--version"], capture_output=True, text=True, check=True)
    return done.stdout.split()[2]
