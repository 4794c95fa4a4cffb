"""What is linked into the program: the licences of the crates, and a bill of materials in CycloneDX."""

import json
import pathlib
import time

import archive
import toolchain

LICENCES = ("license", "licence", "copying", "notice", "copyright", "unlicense")


def linked(target):
    """Returns (name, version) of each crate that is linked into the program for a target, but for this workspace's."""
    command = [toolchain.CARGO, "tree", "--locked", "--package", "discfg", "--edges", "normal", "--target", target]
    lines = toolchain.output(*command, "--prefix", "none", "--format", "{p}").splitlines()
    crates = {tuple(line.split(" ")[:2]) for line in lines if line}
    return sorted((name, version.removeprefix("v")) for name, version in crates if name != "discfg")


def notices(target_dir, target):
    """Returns the licences of the linked crates, each text once, with the crates that it is for, and of musl."""
    command = [toolchain.CARGO, "metadata", "--locked", "--format-version", "1", "--filter-platform", target]
    packages = {(each["name"], each["version"]): each for each in json.loads(toolchain.output(*command))["packages"]}
    texts = {}
    heads = []
    if target.endswith("-musl"):
        musl = next(toolchain.python_tools(target_dir).parent.glob("lib/python*/site-packages/ziglang/lib/libc/musl"))
        texts[(musl / "COPYRIGHT").read_text().strip()] = ["musl"]
    for crate in linked(target):
        package = packages[crate]
        title = f"{package['name']} {package['version']}"
        heads.append(f"{title}: {package['license'] or 'see below'}")
        folder = pathlib.Path(package["manifest_path"]).parent
        for path in sorted(folder.iterdir()):
            if path.is_file() and path.name.lower().startswith(LICENCES):
                texts.setdefault(path.read_text(errors="replace").strip(), []).append(title)
    parts = ["discfg contains these crates:", "\n".join(heads), "SQLite, which rusqlite contains, is in the public domain."]
    parts += [f"{'=' * 78}\n{', '.join(crates)}\n{'-' * 78}\n\n{text}" for text, crates in texts.items()]
    return "\n\n".join(parts) + "\n"


def bill_of_materials(target_dir, targets):
    """Returns the CycloneDX document of the crates that are linked into the program for any of the targets."""
    command = [toolchain.cargo_tool(target_dir, "cargo-sbom"), "--cargo-package", "discfg"]
    document = json.loads(toolchain.output(*command, "--output-format", "cyclone_dx_json_1_6"))
    wanted = {f"pkg:cargo/{name}@{version}" for target in targets for name, version in linked(target)}
    document["components"] = [each for each in document["components"] if each["purl"].split("?")[0] in wanted]
    own = document["metadata"]["component"]["components"]
    known = {each["bom-ref"] for each in [*own, *document["components"]]}
    document["dependencies"] = [
        {**each, "dependsOn": [ref for ref in each.get("dependsOn", []) if ref in known]}
        for each in document["dependencies"]
        if each["ref"] in known
    ]
    document["metadata"].pop("authors", None)
    document["metadata"]["timestamp"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(archive.date()))
    return json.dumps(document, indent=1, sort_keys=True) + "\n"
