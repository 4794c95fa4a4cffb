"""Reads files as those do whom they are written for, and prints what it found as one JSON object.

    python consumers.py FOLDER
"""

import base64
import csv
import json
import pathlib
import sys

import dotenv
import yaml


def main():
    folder = pathlib.Path(sys.argv[1])
    found = {"dotenv": dotenv.dotenv_values(folder / "dotenv", encoding="utf-8")}
    found["yaml"] = yaml.safe_load((folder / "yaml").read_bytes())
    found["nested"] = yaml.safe_load((folder / "nested").read_bytes())
    with open(folder / "csv", newline="", encoding="utf-8") as lines:
        header, *rows = csv.reader(lines, strict=True)
    assert header == ["key", "value"], header
    found["csv"] = dict(rows)
    secret = yaml.safe_load((folder / "k8s-secret").read_bytes())
    assert (secret["kind"], secret["metadata"]) == ("Secret", {"name": "mycfg"}), secret["kind"]
    found["k8s-secret"] = {name: base64.b64decode(data).decode() for name, data in secret["data"].items()}
    found["k8s-configmap"] = yaml.safe_load((folder / "k8s-configmap").read_bytes())["data"]
    json.dump(found, sys.stdout)


main()
