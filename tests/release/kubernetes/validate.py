"""Validates the manifests of files against the schemas of Kubernetes that kubernetes-validate brings, and counts them.

Custom resources have no schema there and are left to the caller.
"""

import sys

import kubernetes_validate
import yaml

# The oldest that has sidecars without a feature gate, and the newest that the package knows.
VERSIONS = ("1.29", kubernetes_validate.latest_version())
CUSTOM = "external-secrets.io/"


def main():
    count = 0
    for path in sys.argv[1:]:
        with open(path) as file:
            documents = [document for document in yaml.safe_load_all(file) if document]
        for document in documents:
            if document["apiVersion"].startswith(CUSTOM):
                continue
            count += 1
            for version in VERSIONS:
                try:
                    kubernetes_validate.validate(document, version, strict=True)
                except kubernetes_validate.ValidationError as error:
                    sys.exit(f"{path}: {document['kind']} by Kubernetes {version}: {error}")
    print(f"{count} manifests")


if __name__ == "__main__":
    main()
