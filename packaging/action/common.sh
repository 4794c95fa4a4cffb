# What the steps of the action share. A message contains no input: a line of one could be a command to the runner.
# shellcheck shell=sh

# Ends the step with an error, which the runner also shows on the job's page, and a hint.
fail() {
    printf '::error title=discfg::%s\n' "$1"
    [ -z "${2-}" ] || printf 'hint: %s\n' "$2" >&2
    exit 1
}

# Ends the step unless the runner's file ($1 its variable, $2 its path) can be written.
require_file() {
    [ -n "$2" ] || fail "cannot write to $1: it is not set" 'run the action in a job of GitHub Actions'
    { [ -f "$2" ] && [ -w "$2" ]; } || fail "cannot write to $1: it does not name a writable file"
}

# Appends a file ($1) to the runner's file ($2): as a whole, or not at all.
append() {
    cp "$2" "$work/before" || fail 'cannot export: no room in the folder for temporary files'
    # After a line without an end, the first name would be a part of that line.
    { [ -z "$(tail -c 1 "$2")" ] || echo >>"$2"; } && cat "$1" >>"$2" && return
    cat "$work/before" >"$2"
    fail 'cannot export: writing to the file of the runner failed'
}

# Creates a folder that only the user of the job can read, $work, and removes it at the end.
create_work_folder() {
    work=$(mktemp -d "${RUNNER_TEMP:-/tmp}/discfg.XXXXXX") || fail 'cannot create a folder for temporary files'
    trap 'rm -rf "$work"' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
}
