"""Builds the archives for macOS, on macOS, into TARGET_DIR/dist. FUNCTION is the code that `init --api` deploys.

    rustup target add aarch64-apple-darwin x86_64-apple-darwin
    python3 packaging/macos.py TARGET_DIR FUNCTION
"""

import os
import pathlib
import subprocess
import sys

import archive
import third_party
import toolchain

TARGETS = ["aarch64-apple-darwin", "x86_64-apple-darwin"]


def build(target_dir, target):
    command = [toolchain.CARGO, "build", "--locked", "--release", "--bin", "discfg", "--target", target]
    environment = {**os.environ, "CARGO_TARGET_DIR": str(target_dir)}
    subprocess.run(command, check=True, cwd=toolchain.ROOT, env=environment)
    return target_dir / target / "release" / "discfg"


def main():
    target_dir, function = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    programs = {target: build(target_dir, target) for target in TARGETS}
    machine = {"arm64": "aarch64"}.get(os.uname().machine, os.uname().machine)
    # It prints the manual pages and completions of both.
    native = programs[f"{machine}-apple-darwin"]
    for target, program in programs.items():
        prefix = target_dir / target / "release" / "prefix"
        archive.lay_out(program, prefix, [native], third_party.notices(target_dir, target), function)
        archive.pack(prefix, target_dir / "dist" / f"discfg-{archive.version()}-{target}.tar.gz")


if __name__ == "__main__":
    main()
