"""Compiles programs of this workspace for other machines, with Zig as C compiler and linker.

`rustup target add TARGET` gives a toolchain the standard library of a target. Where a toolchain has only its source
(`rust-src`), the library is compiled with the program. `CARGO` and `RUSTC` name another toolchain than the one on PATH.
"""

import os
import pathlib
import shutil
import struct
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CARGO = os.environ.get("CARGO", "cargo")
RUSTC = os.environ.get("RUSTC", "rustc")
FROM_PYPI = ["cargo-zigbuild==0.24.0", "certifi==2026.10.19.post1", "ziglang==0.17.0"]
FROM_CRATES_IO = {"cargo-deb": "3.8.0", "cargo-sbom": "0.10.0"}


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout.strip()


def sysroot():
    return pathlib.Path(output(RUSTC, "--print", "sysroot"))


def rustlib(target):
    return sysroot() / "lib" / "rustlib" / target


def can_build(target):
    """Whether the toolchain has the standard library of a target, compiled or as source."""
    return (rustlib(target) / "lib").is_dir() or rustlib("src").is_dir()


def python_tools(target_dir):
    """Returns the `bin` folder of a virtual environment with FROM_PYPI, which it creates if it is missing or outdated."""
    venv = target_dir / "packaging" / "venv"
    stamp, wanted = venv / "discfg-stamp", "\n".join([*FROM_PYPI, sys.version])
    if not (stamp.is_file() and stamp.read_text() == wanted):
        shutil.rmtree(venv, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        pip = [venv / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *FROM_PYPI], check=True)
        stamp.write_text(wanted)
    return venv / "bin"


def cargo_tool(target_dir, name):
    """Returns the path of a tool of FROM_CRATES_IO, which cargo compiles if it is missing or outdated."""
    root = target_dir / "packaging" / "cargo"
    command = [CARGO, "install", "--quiet", "--locked", "--root", root, "--version", FROM_CRATES_IO[name], name]
    subprocess.run(command, check=True, cwd=ROOT, env={**os.environ, "CARGO_TARGET_DIR": str(root / "target")})
    return root / "bin" / name


def build(target_dir, target, package, program, glibc=None):
    """Builds a release program for a target and returns its path. No path of this machine is in it."""
    home = os.environ.get("CARGO_HOME") or pathlib.Path.home() / ".cargo"
    flags = [f"--remap-path-prefix={path}={name}" for path, name in ((home, "cargo"), (ROOT, "."), (sysroot(), "rust"))]
    environment = {
        **os.environ,
        "CARGO_TARGET_DIR": str(target_dir),
        "PATH": f"{python_tools(target_dir)}{os.pathsep}{os.environ['PATH']}",
    }
    command = [CARGO, "zigbuild", "--locked", "--release", "--package", package, "--bin", program]
    command += ["--target", f"{target}.{glibc}" if glibc else target]
    if target.endswith("-musl"):
        # Zig takes rustc's `-static-pie` for `-static`, and the program would stand at one address in each process.
        flags += ["-C", "link-arg=-pie"]
    if not (rustlib(target) / "lib").is_dir():
        # The library is built from source by an option that only RUSTC_BOOTSTRAP opens in a stable toolchain, and the
        # toolchain has no start files of musl, so that they come from Zig.
        command += ["-Z", "build-std=std,panic_abort,panic_unwind"]
        environment["RUSTC_BOOTSTRAP"] = "1"
        flags += ["-C", "link-self-contained=no"]
    environment["CARGO_ENCODED_RUSTFLAGS"] = "\x1f".join(flags)
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    built = target_dir / target / "release" / program
    if target.endswith("-musl"):
        check_static_pie(built)
    return built


def check_static_pie(program):
    """Exits unless a 64-bit ELF program is position-independent and has no interpreter, which is a dynamic linker."""
    header = program.read_bytes()[:4096]
    (kind,) = struct.unpack_from("<H", header, 16)
    (offset,) = struct.unpack_from("<Q", header, 32)
    size, count = struct.unpack_from("<HH", header, 54)
    segments = {struct.unpack_from("<I", header, offset + number * size)[0] for number in range(count)}
    position_independent, interpreter = 3, 3
    if kind != position_independent or interpreter in segments:
        sys.exit(f"error: {program} is not linked statically as a position-independent program")
