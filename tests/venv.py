"""Makes the virtual environment of tests/requirements.txt in a target directory, once, and prints its path.

    python3 tests/venv.py TARGET_DIR

Test binaries and the gate may ask at the same time: whoever holds the lock builds, the others wait and find it done.
"""

import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

OLDEST = (3, 10)
REQUIREMENTS = pathlib.Path(__file__).resolve().parent / "requirements.txt"


def fail(reason):
    sys.exit(
        f"{reason}\n"
        "The tests need Python 3.10 or newer with venv and pip, and the packages of tests/requirements.txt from the\n"
        "package index that pip is set up for. Debian, Ubuntu: apt-get install python3 python3-venv. "
        "Fedora: dnf install python3.\nmacOS: brew install python."
    )


def build(venv):
    # What a build that was killed left behind is not trusted.
    shutil.rmtree(venv, ignore_errors=True)
    made = subprocess.run([sys.executable, "-m", "venv", str(venv)], capture_output=True, text=True)
    if made.returncode != 0:
        fail(f"No virtual environment could be made with {sys.executable}:\n{made.stdout}{made.stderr}")
    pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    installed = subprocess.run([*pip, "--requirement", str(REQUIREMENTS)], capture_output=True, text=True)
    if installed.returncode != 0:
        fail(f"pip could not install tests/requirements.txt:\n{installed.stdout}{installed.stderr}")


def main():
    if sys.version_info < OLDEST:
        fail(f"This is Python {sys.version.split()[0]}.")
    home = pathlib.Path(sys.argv[1]).resolve() / "emulator"
    home.mkdir(parents=True, exist_ok=True)
    venv, stamp = home / "venv", home / "venv" / "discfg-stamp"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()
    with open(home / "venv.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # An interpreter that was upgraded away leaves links that point nowhere.
        whole = os.access(venv / "bin" / "python", os.X_OK)
        if not (whole and stamp.is_file() and stamp.read_text() == wanted):
            build(venv)
            stamp.write_text(wanted)
    print(venv)


if __name__ == "__main__":
    main()
