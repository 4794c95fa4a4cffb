"""Builds what a release consists of, and tries each part in an empty root.

    python3 packaging/dist.py TARGET_DIR            all of it, into TARGET_DIR/dist
    python3 packaging/dist.py TARGET_DIR --image    only the image, into TARGET_DIR/image/layout

The programs are linked statically for Linux on x86_64 and aarch64; qemu-user-static runs those of the other processor.
"""

import argparse
import hashlib
import os
import pathlib
import shutil
import subprocess

import archive
import function
import image
import smoke_test
import third_party
import toolchain

TARGETS = ["x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"]
DEBIAN = {"x86_64": "amd64", "aarch64": "arm64"}


def processor(target):
    return target.partition("-")[0]


def starter(program, target):
    """The command line that starts a program of a target here."""
    found = smoke_test.emulator(processor(target))
    return [found, program] if found else [program]


def prefix_of(target_dir, target):
    # Below the target's release folder, where cargo-deb looks for the paths of Cargo.toml.
    return target_dir / target / "release" / "prefix"


def build_prefix(target_dir, target, zip_file):
    program = toolchain.build(target_dir, target, "discfg", "discfg")
    notices = third_party.notices(target_dir, target)
    archive.lay_out(program, prefix_of(target_dir, target), starter(program, target), notices, zip_file)


def build_archive(target_dir, dist, target):
    path = dist / f"discfg-{archive.version()}-{target}.tar.gz"
    archive.pack(prefix_of(target_dir, target), path)
    smoke_test.try_archive(path, processor(target))


def build_image(target_dir):
    """Writes the image for all architectures to TARGET_DIR/image/layout, tries it, and returns its path."""
    certificates = next(toolchain.python_tools(target_dir).parent.glob("lib/python*/site-packages/certifi/cacert.pem"))
    prefixes = {architecture: prefix_of(target_dir, target) for architecture, target in image.ARCHITECTURES.items()}
    layout = image.build(target_dir / "image", prefixes, certificates)
    for architecture, target in image.ARCHITECTURES.items():
        smoke_test.try_image(layout, architecture, processor(target))
    return layout


def build_debian_package(target_dir, dist, target):
    name = f"discfg_{archive.version()}-1_{DEBIAN[processor(target)]}.deb"
    command = [toolchain.cargo_tool(target_dir, "cargo-deb"), "--no-build", "--no-strip", "--target", target]
    environment = {**os.environ, "CARGO_TARGET_DIR": str(target_dir), "SOURCE_DATE_EPOCH": str(archive.date())}
    subprocess.run([*command, "--output", dist / name], check=True, cwd=toolchain.ROOT, env=environment)

    def install(root):
        for part in ("info", "updates"):
            (root / "var/lib/dpkg" / part).mkdir(parents=True)
        (root / "var/lib/dpkg/status").touch()
        forced = ["--force-not-root", "--force-script-chrootless", "--force-architecture"]
        command = ["dpkg", *forced, f"--root={root}", "--log=/dev/null", "--install", dist / name]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    with smoke_test.EmptyRoot(install, "/usr/bin/discfg", processor(target), {"HOME": "/data"}) as root:
        root.run_session()


def write_sums(dist):
    names = sorted(path.name for path in dist.iterdir())
    lines = [f"{hashlib.sha256((dist / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (dist / "SHA256SUMS").write_text("".join(lines))


def build_release(target_dir):
    dist = target_dir / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    dist.mkdir(parents=True)
    zip_files = {name: function.build(target_dir, name) for name in function.TARGETS}
    for target in TARGETS:
        # `init --api` deploys the x86_64 function, whatever machine it runs on.
        build_prefix(target_dir, target, zip_files["x86_64"])
        build_archive(target_dir, dist, target)
        build_debian_package(target_dir, dist, target)
    layout = build_image(target_dir)
    with (dist / f"discfg-{archive.version()}-oci.tar").open("wb") as file:
        archive.write_tar(file, {layout: 0})
    for path in [*zip_files.values(), toolchain.ROOT / "install.sh"]:
        shutil.copy(path, dist)
    bill = third_party.bill_of_materials(target_dir, TARGETS)
    (dist / f"discfg-{archive.version()}.cdx.json").write_text(bill)
    write_sums(dist)
    for path in sorted(dist.iterdir()):
        print(f"{path.stat().st_size:>12,}  {path.name}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("target_dir", type=pathlib.Path)
    parser.add_argument("--image", action="store_true")
    given = parser.parse_args()
    target_dir = given.target_dir.resolve()
    if given.image:
        for target in TARGETS:
            build_prefix(target_dir, target, None)
        print(build_image(target_dir))
    else:
        build_release(target_dir)


if __name__ == "__main__":
    main()
