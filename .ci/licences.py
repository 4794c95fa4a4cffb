"""Checks every dependency against deny.toml: its licence, its source, and that no crate has two versions.

    python .ci/licences.py

The same rules as `cargo deny check licenses bans sources`, with nothing to install. It does not check advisories,
which come from a database that changes daily.
"""

import collections
import json
import pathlib
import re
import subprocess
import sys

try:
    import tomllib
except ModuleNotFoundError:
    import tomli as tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
CRATES_IO = re.compile(r"registry\+https://[^/]+/rust-lang/crates\.io-index")


class Expression:
    """A licence expression: OR binds looser than AND, and `/` is the old way to write OR."""

    def __init__(self, text):
        self.tokens = re.findall(r"[()]|[^\s()]+", text.replace("/", " OR "))

    def allowed_by(self, allowed):
        holds = self._any(allowed)
        if self.tokens:
            raise ValueError(f"unexpected {self.tokens[0]}")
        return holds

    def _any(self, allowed):
        holds = self._all(allowed)
        while self._take("OR"):
            # Parses both sides, whatever the result of the first.
            holds = self._all(allowed) or holds
        return holds

    def _all(self, allowed):
        holds = self._one(allowed)
        while self._take("AND"):
            holds = self._one(allowed) and holds
        return holds

    def _one(self, allowed):
        if self._take("("):
            holds = self._any(allowed)
            if not self._take(")"):
                raise ValueError("a parenthesis is not closed")
            return holds
        name = self.tokens.pop(0)
        if self._take("WITH"):
            name = f"{name} WITH {self.tokens.pop(0)}"
        return name in allowed

    def _take(self, token):
        if self.tokens[:1] == [token]:
            self.tokens.pop(0)
            return True
        return False


def licence_faults(packages, allowed):
    for package in packages:
        expression = package["license"]
        try:
            fits = expression is not None and Expression(expression).allowed_by(allowed)
        except (ValueError, IndexError) as error:
            fits, expression = False, f"{expression} (invalid: {error})"
        if not fits:
            yield f"{package['name']} {package['version']}: the licence {expression} is not in deny.toml"


def source_faults(packages):
    for package in packages:
        source = package["source"]
        # A package without a source is a member of the workspace.
        if source is not None and not CRATES_IO.fullmatch(source):
            yield f"{package['name']} {package['version']}: source {source} is not crates.io"


def double_faults(packages, exceptions):
    versions = collections.defaultdict(list)
    for package in packages:
        versions[package["name"]].append(package["version"])
    for exception in exceptions:
        name, _, version = exception["crate"].partition("@")
        skipped = [v for v in versions[name] if v == version or v.startswith(f"{version}.")]
        if len(versions[name]) < 2 or not skipped:
            yield f"{exception['crate']}: the exception in deny.toml is no longer needed"
        elif not exception.get("reason"):
            yield f"{exception['crate']}: the exception in deny.toml has no reason"
        versions[name] = [v for v in versions[name] if v not in skipped]
    for name, left in sorted(versions.items()):
        if len(left) > 1:
            yield f"{name}: several versions ({', '.join(left)}); see `cargo tree --target all --invert {name}@{left[0]}`"


def self_test():
    """Verifies that the checks can fail."""
    for text, fits in {
        "MIT": True,
        "GPL-3.0": False,
        "GPL-3.0 OR MIT": True,
        "MIT/GPL-3.0": True,
        "MIT AND GPL-3.0": False,
        "(GPL-3.0 OR MIT) AND ISC": True,
        "MIT OR ISC AND GPL-3.0": True,
        "MIT WITH exception": False,
    }.items():
        assert Expression(text).allowed_by({"MIT", "ISC"}) is fits, text
    crate = {"name": "a", "license": None, "source": "git+https://example.com/a"}
    two = [{**crate, "version": "1.0.0"}, {**crate, "version": "2.0.0"}]
    assert len(list(licence_faults(two, {"MIT"}))) == 2
    assert len(list(source_faults(two))) == 2
    assert len(list(double_faults(two, []))) == 1
    assert not list(double_faults(two, [{"crate": "a@1", "reason": "b"}]))
    assert len(list(double_faults(two[:1], [{"crate": "a@1", "reason": "b"}]))) == 1
    assert len(list(double_faults(two, [{"crate": "a@1"}]))) == 1


def main():
    self_test()
    rules = tomllib.loads((ROOT / "deny.toml").read_text())
    metadata = ["cargo", "metadata", "--locked", "--all-features", "--format-version", "1", "--quiet"]
    found = subprocess.run(metadata, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    packages = json.loads(found.stdout)["packages"]
    faults = [
        *licence_faults(packages, set(rules["licenses"]["allow"])),
        *source_faults(packages),
        *double_faults(packages, rules["bans"]["skip"]),
    ]
    if faults:
        sys.exit("\n".join(faults))
    print(f"{len(packages)} packages: licences, sources and duplicate versions match deny.toml")


if __name__ == "__main__":
    main()
