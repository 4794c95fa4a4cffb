#!/bin/sh
# The first step of the action: provides the program, from the runner's tool cache or by install.sh.
set -u
# shellcheck source=packaging/action/common.sh
. "${0%/*}/common.sh"

action=$(cd "${0%/*}/../.." && pwd) || fail 'cannot find the folder of the action'
require_file GITHUB_OUTPUT "${GITHUB_OUTPUT-}"
require_file GITHUB_PATH "${GITHUB_PATH-}"
create_work_folder

version=${INPUT_VERSION-}
if [ -z "$version" ]; then
    # The action of v0.1.0 installs 0.1.0.
    version=$(sed -n 's/^version = "\([^"]*\)"$/\1/p' "$action/Cargo.toml" | head -n 1)
fi
version=${version#v}
case $version in
    *[!0-9A-Za-z.-]* | .* | -* | '') fail 'invalid version' 'give a version such as 0.1.0, or latest' ;;
esac

# Self-hosted runners keep this folder, others have it for the job.
prefix=${RUNNER_TEMP:-/tmp}/discfg/$version
if [ "$version" != latest ] && [ -n "${RUNNER_TOOL_CACHE-}" ] && mkdir -p "$RUNNER_TOOL_CACHE/discfg" 2>/dev/null &&
    [ -w "$RUNNER_TOOL_CACHE/discfg" ]; then
    prefix=$RUNNER_TOOL_CACHE/discfg/$version/$(uname -m)
fi
program=$prefix/bin/discfg

if [ "$("$program" --version 2>/dev/null)" != "discfg $version" ]; then
    set -- --prefix "$prefix"
    [ "$version" = latest ] || set -- "$@" --version "$version"
    # Its report is for people with a shell.
    sh "$action/install.sh" "$@" >/dev/null || fail 'cannot install discfg' 'see the error above'
fi
installed=$("$program" --version) || fail 'cannot run discfg'
echo "$installed"

printf '%s\n' "$prefix/bin" >"$work/path"
printf 'version=%s\npath=%s\n' "${installed#discfg }" "$program" >"$work/outputs"
append "$work/path" "$GITHUB_PATH"
append "$work/outputs" "$GITHUB_OUTPUT"
