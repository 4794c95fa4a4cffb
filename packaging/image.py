"""Writes the image of the Dockerfile as an OCI layout, with nothing but Python.

The Dockerfile says what the image is; this reads the few instructions that it uses. Image and layer are described at
https://github.com/opencontainers/image-spec (v1.1); `Healthcheck` is Docker's addition to it.
"""

import gzip
import hashlib
import io
import json
import pathlib
import re
import shlex
import shutil
import sys
import tarfile
import time

import archive
import toolchain

ARCHITECTURES = {"amd64": "x86_64-unknown-linux-musl", "arm64": "aarch64-unknown-linux-musl"}
USER = 65532
DURATIONS = {"interval": "Interval", "timeout": "Timeout", "start-period": "StartPeriod"}


def lay_out_root(prefix, certificates, root):
    """Fills what belongs to root: the program, the certificate authorities, a user, a folder for temporary files."""
    shutil.rmtree(root, ignore_errors=True)
    archive.write(root / "usr/bin/discfg", (prefix / "bin/discfg").read_bytes())
    archive.write(root / "etc/ssl/certs/ca-certificates.crt", certificates.read_bytes())
    for licence in (prefix / "share/doc/discfg").iterdir():
        if licence.name in ("LICENSE", "THIRD-PARTY"):
            archive.write(root / "usr/share/doc/discfg" / licence.name, licence.read_bytes())
    archive.write(root / "etc/passwd", f"discfg:x:{USER}:{USER}:discfg:/data:/usr/bin/discfg\n".encode())
    archive.write(root / "etc/group", f"discfg:x:{USER}:\n".encode())
    for path in root.rglob("*"):
        path.chmod(0o755 if path.is_dir() or path.name == "discfg" else 0o644)
    (root / "tmp").mkdir()
    (root / "tmp").chmod(0o1777)


def lay_out_home(home):
    """Fills what belongs to the user: the folder for data."""
    (home / "data").mkdir(parents=True, exist_ok=True)
    (home / "data").chmod(0o700)


def configuration(dockerfile):
    """Returns the `config` object of an image for the instructions of a Dockerfile that only copies folders to `/`."""
    config = {"Env": [], "Labels": {}}
    for line in dockerfile.splitlines():
        word, _, rest = line.partition(" ")
        match word:
            case "" | "#" | "FROM" | "ARG" | "COPY":
                pass
            case "ENV":
                config["Env"].append(rest)
            case "LABEL":
                name, _, value = shlex.split(rest)[0].partition("=")
                config["Labels"][name] = value
            case "USER":
                config["User"] = rest
            case "WORKDIR":
                config["WorkingDir"] = rest
            case "EXPOSE":
                config["ExposedPorts"] = {f"{rest}/tcp": {}}
            case "ENTRYPOINT" | "CMD":
                config[word.capitalize()] = json.loads(rest)
            case "HEALTHCHECK":
                options, _, command = rest.partition(" CMD ")
                config["Healthcheck"] = {"Test": ["CMD", *json.loads(command)]}
                for name, seconds in re.findall(r"--([a-z-]+)=(\d+)s", options):
                    config["Healthcheck"][DURATIONS[name]] = int(seconds) * 1_000_000_000
            case _:
                sys.exit(f"error: unknown instruction in Dockerfile: {line}")
    return config


def write_layout(roots, home, layout):
    """Writes the OCI layout of one image per architecture, `roots`, with `home`, into the folder `layout`."""
    shutil.rmtree(layout, ignore_errors=True)
    config = configuration((toolchain.ROOT / "Dockerfile").read_text())
    config["Labels"]["org.opencontainers.image.version"] = archive.version()
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(archive.date()))

    def blob(media_type, data):
        if not isinstance(data, bytes):
            data = json.dumps(data, sort_keys=True).encode()
        digest = hashlib.sha256(data).hexdigest()
        archive.write(layout / "blobs" / "sha256" / digest, data)
        return {"mediaType": f"application/vnd.oci.image.{media_type}", "digest": f"sha256:{digest}", "size": len(data)}

    manifests = []
    for architecture, root in roots.items():
        tar = io.BytesIO()
        archive.write_tar(tar, {root: 0, home: USER})
        layer = blob("layer.v1.tar+gzip", gzip.compress(tar.getvalue(), 6, mtime=0))
        platform = {"architecture": architecture, "os": "linux"}
        diff_id = f"sha256:{hashlib.sha256(tar.getvalue()).hexdigest()}"
        description = {
            **platform,
            "created": created,
            "config": config,
            "rootfs": {"type": "layers", "diff_ids": [diff_id]},
            "history": [{"created": created, "created_by": "COPY / /"}],
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": blob("config.v1+json", description),
            "layers": [layer],
        }
        manifests.append({**blob("manifest.v1+json", manifest), "platform": platform})
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": manifests}
    name = {"org.opencontainers.image.ref.name": archive.version()}
    top = {"schemaVersion": 2, "manifests": [{**blob("index.v1+json", index), "annotations": name}]}
    archive.write(layout / "index.json", json.dumps(top, sort_keys=True).encode())
    archive.write(layout / "oci-layout", b'{"imageLayoutVersion": "1.0.0"}')


def build(folder, prefixes, certificates):
    """Writes roots and layout for installation prefixes, by architecture, into a folder. Returns the layout's path."""
    roots = {architecture: folder / f"root-{architecture}" for architecture in prefixes}
    for architecture, prefix in prefixes.items():
        lay_out_root(prefix, certificates, roots[architecture])
    home = folder / "home"
    lay_out_home(home)
    write_layout(roots, home, folder / "layout")
    return folder / "layout"


def read_blob(layout, descriptor):
    data = (layout / "blobs" / descriptor["digest"].replace(":", "/")).read_bytes()
    found = {"digest": f"sha256:{hashlib.sha256(data).hexdigest()}", "size": len(data)}
    wrong = {name: value for name, value in found.items() if descriptor[name] != value}
    if wrong:
        sys.exit(f"error: {layout}: {descriptor['digest']}: wrong {wrong}")
    return data


def unpack(layout, architecture, root):
    """Checks every digest and size on the way to an architecture's layer, unpacks it to `root`, returns the `config`."""
    (top,) = json.loads((layout / "index.json").read_text())["manifests"]
    index = json.loads(read_blob(layout, top))
    (found,) = [each for each in index["manifests"] if each["platform"]["architecture"] == architecture]
    manifest = json.loads(read_blob(layout, found))
    description = json.loads(read_blob(layout, manifest["config"]))
    (layer,) = manifest["layers"]
    tar = gzip.decompress(read_blob(layout, layer))
    if description["rootfs"]["diff_ids"] != [f"sha256:{hashlib.sha256(tar).hexdigest()}"]:
        sys.exit(f"error: {layout}: the layer is not the one that the configuration names")
    with tarfile.open(fileobj=io.BytesIO(tar)) as file:
        file.extractall(root, filter="fully_trusted")
    return description["config"]
