#!/bin/sh
# Prints the section of CHANGELOG.md for a release, and fails unless the tag is that of the version in Cargo.toml.
#
#     packaging/release_notes.sh v0.1.0
set -eu
root=$(cd "${0%/*}/.." && pwd)
tag=$1
version=$(sed -n 's/^version = "\([^"]*\)"$/\1/p' "$root/Cargo.toml" | head -n 1)
if [ "$tag" != "v$version" ]; then
    echo "error: the tag is $tag, but Cargo.toml has version $version" >&2
    exit 1
fi
# Up to the next section. A date can follow the version.
notes=$(awk -v version="$version" '/^## / { inside = $2 == version; next } inside' "$root/CHANGELOG.md")
if [ -z "$notes" ]; then
    echo "error: CHANGELOG.md has no section \"## $version\", or an empty one" >&2
    exit 1
fi
printf '%s\n' "$notes" | sed '/./,$!d'
