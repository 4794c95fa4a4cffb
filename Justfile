set shell := ["bash", "-euo", "pipefail", "-c"]

target := absolute_path(env("CARGO_TARGET_DIR", justfile_directory() / "target"))

# List the recipes
[private]
default:
    @'{{ just_executable() }}' --list --unsorted

# Set a value and read it back on the embedded engine, in a temporary folder
[group('try')]
demo:
    #!/usr/bin/env bash
    set -euo pipefail
    cargo build --quiet --bin discfg
    folder=$(mktemp -d)
    trap '{ set +x; rm -rf "$folder"; } 2>/dev/null' EXIT
    export DISCFG_DATA_DIR=$folder/data XDG_STATE_HOME=$folder/state PATH='{{ target }}/debug':$PATH PS4='$ '
    cd "$folder"
    set -x
    discfg init mycfg --local
    discfg set mykey '{"json": "works"}'
    discfg get mykey

# Everything that a change must pass, as in CI
[group('check')]
check:
    .ci/run

# All tests; installs the emulator that they need
[group('check')]
test *args:
    cargo test --workspace {{ args }}

# The fast tier: units, engines, command line without AWS, texts; no Python, Node or network
[group('check')]
test-fast *args:
    tests/fast {{ args }}

# Test the release binary under concurrency, crashes and faults: all campaigns, or the named ones
[group('check')]
campaign *args:
    cargo build --release --bin discfg
    CARGO_TARGET_DIR='{{ target }}' tests/campaign/run {{ args }}

# Take a config through its whole life in your AWS account, or with --emulator (see docs/acceptance.md)
[group('check')]
acceptance *args:
    [[ -n "${DISCFG_BIN:-}" || ' {{ args }} ' =~ ' '--(sweep|selftest)' ' ]] || cargo build --release --bin discfg
    CARGO_TARGET_DIR='{{ target }}' python3 -B tests/acceptance/run.py {{ args }}

# Check the templates with cfn-lint, and the format of the module with Terraform or OpenTofu, which you install yourself
[group('check')]
lint-infra:
    "$(python3 tests/venv.py '{{ target }}')/bin/cfn-lint" --include-checks I -- infra/*.yaml
    "$(command -v terraform || echo tofu)" fmt -check -diff -recursive infra/terraform

# Take screenshots of the console's pages at two widths in both color schemes, into target/console/shots
[group('check')]
console-shots:
    cargo build --quiet --bin discfg
    mkdir -p '{{ target }}/console'
    cp tests/console/package.json tests/console/package-lock.json '{{ target }}/console'
    npm ci --prefix '{{ target }}/console' --ignore-scripts --no-audit --no-fund
    node tests/console/shots.mjs '{{ target }}/debug/discfg' '{{ target }}/console'

# Fuzz each parser for a minute, or for the given seconds; needs nightly Rust and cargo-fuzz
[group('check')]
fuzz seconds="60":
    #!/usr/bin/env bash
    set -euo pipefail
    cargo +nightly fuzz --version >/dev/null || { echo 'error: cargo-fuzz not found: run cargo install cargo-fuzz' >&2; exit 1; }
    for target in $(cargo +nightly fuzz list); do
        printf '\n== %s ==\n' "$target"
        cargo +nightly fuzz run "$target" -- -max_total_time={{ seconds }} -rss_limit_mb=2048 -timeout=10
    done

# Measure the release binary and compare it with other tools (see benches/README.md)
[group('check')]
bench *args:
    cargo build --release --package discfg --package discfg-bare --bins
    CARGO_TARGET_DIR='{{ target }}' benches/run {{ args }}

# Build the release binary
[group('ship')]
release:
    cargo build --release --bin discfg
    @ls -lh '{{ target }}/release/discfg'

# Build the zip files of the function that `init --api` deploys
[group('ship')]
lambda:
    python3 packaging/function.py '{{ target }}'

# Build archives, packages, image and function of a release for Linux, and try each in an empty root
[group('ship')]
dist:
    python3 packaging/dist.py '{{ target }}'

# Build the documents as a book, target/book/index.html; needs mdBook (cargo install mdbook)
[group('ship')]
book:
    mdbook build docs

# Write the container image as an OCI layout, without a container engine
[group('ship')]
image:
    python3 packaging/dist.py '{{ target }}' --image
