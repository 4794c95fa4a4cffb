"""Builds the function and packs it as Lambda takes it: one zip file for each processor that the toolchain can build for.

    python3 lambda/package.py TARGET_DIR

`rustup target add x86_64-unknown-linux-musl aarch64-unknown-linux-musl` gives the toolchain both, and what comes out is
linked statically. Without the first, x86_64 is linked against the glibc of Amazon Linux 2023, which `provided.al2023` is.

cargo-zigbuild and Zig come from PyPI into a virtual environment below the target directory: Zig brings a C compiler and
a linker for each of these targets, whatever machine this is. The same program gives the same zip file, and where it was
built is not in it.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import zipfile

TOOLS = ["cargo-zigbuild==0.24.0", "ziglang==0.17.0"]
GLIBC = "2.34"
# Of each processor, by Lambda's word for it, the targets that can be built for it, the best first.
TARGETS = {
    "x86_64": ["x86_64-unknown-linux-musl", "x86_64-unknown-linux-gnu"],
    "arm64": ["aarch64-unknown-linux-musl", "aarch64-unknown-linux-gnu"],
}
ROOT = pathlib.Path(__file__).resolve().parent.parent
ZIPPED_MAX = 4_000_000


def said(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def tools(target_dir):
    """The environment of TOOLS, made if it isn't there or is of others."""
    venv = target_dir / "lambda" / "venv"
    stamp, wanted = venv / "discfg-stamp", "\n".join([*TOOLS, sys.version])
    if not (stamp.is_file() and stamp.read_text() == wanted):
        shutil.rmtree(venv, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        pip = [venv / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *TOOLS], check=True)
        stamp.write_text(wanted)
    return venv / "bin"


def build(target, target_dir, sysroot, bin_dir):
    home = os.environ.get("CARGO_HOME") or pathlib.Path.home() / ".cargo"
    places = {home: "cargo", ROOT: ".", sysroot: "rust"}
    flags = [f"--remap-path-prefix={there}={here}" for there, here in places.items()]
    environment = {
        **os.environ,
        "CARGO_ENCODED_RUSTFLAGS": "\x1f".join(flags),
        "CARGO_TARGET_DIR": str(target_dir),
        "PATH": f"{bin_dir}{os.pathsep}{os.environ['PATH']}",
    }
    with_glibc = f"{target}.{GLIBC}" if target.endswith("-gnu") else target
    command = ["cargo", "zigbuild", "--locked", "--release", "--package", "discfg-lambda", "--target", with_glibc]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    return target_dir / target / "release" / "bootstrap"


def pack(program, archive):
    entry = zipfile.ZipInfo("bootstrap", date_time=(1980, 1, 1, 0, 0, 0))
    entry.create_system = 3
    entry.external_attr = 0o100755 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    beside = archive.with_suffix(".new")
    with zipfile.ZipFile(beside, "w", compresslevel=9) as file:
        file.writestr(entry, program.read_bytes())
    beside.replace(archive)


def main():
    target_dir = pathlib.Path(sys.argv[1]).resolve()
    sysroot = pathlib.Path(said("rustc", "--print", "sysroot"))
    installed = {path.parent.name for path in (sysroot / "lib" / "rustlib").glob("*/lib")}
    bin_dir = tools(target_dir)
    for processor, targets in TARGETS.items():
        target = next((target for target in targets if target in installed), None)
        if target is None:
            print(f"{processor}: left out; `rustup target add {targets[0]}` lets it be built")
            continue
        program = build(target, target_dir, sysroot, bin_dir)
        archive = target_dir / "lambda" / f"discfg-lambda-{processor}.zip"
        pack(program, archive)
        linked = f"against glibc {GLIBC}" if target.endswith("-gnu") else "statically"
        size, zipped = program.stat().st_size, archive.stat().st_size
        print(f"{processor}: {size:,} bytes, linked {linked}; {zipped:,} bytes in {archive}")
        if zipped > ZIPPED_MAX:
            sys.exit(f"{archive} has more than the {ZIPPED_MAX:,} bytes that a cold start should load")
        if processor == "x86_64":
            # Where `discfg init --api` looks for it.
            shipped = target_dir / "release" / "discfg-lambda.zip"
            shipped.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(archive, shipped)


if __name__ == "__main__":
    main()
