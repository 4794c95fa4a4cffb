#!/bin/sh
# Installs a released discfg below a prefix. `sh install.sh --help` describes it.
#
# Everything is in functions, and the call at the end is in braces: of a download that was cut, a shell runs nothing.

usage() {
    cat <<'TEXT'
Install discfg for Linux or macOS (x86_64, aarch64) from its releases. Needs no root.

Usage: install.sh [--version VERSION] [--prefix DIR]
  curl --proto '=https' --tlsv1.2 -sSfL https://github.com/discfg/discfg/releases/latest/download/install.sh | sh
  curl --proto '=https' --tlsv1.2 -sSfL https://github.com/discfg/discfg/releases/latest/download/install.sh |
    sh -s -- --version 0.1.0 --prefix /usr/local

Options:
  --version VERSION  Version to install, such as 0.1.0 or v0.1.0 [default: the latest release]
  --prefix DIR       Folder to install below [default: $HOME/.local]
  -h, --help         Print this help

It downloads the list of checksums and the archive for this platform, verifies the archive's SHA-256 sum, runs the new
program once, and then moves these files into place, the program last:

  DIR/bin/discfg                 the program
  DIR/share/man/man1             manual pages
  DIR/share/{bash-completion,zsh,fish}
                                 completions
  DIR/share/discfg               the function's code for `discfg init --api`
  DIR/share/doc/discfg           license, README and changelog

If something fails or you interrupt it, DIR stays as it was. Nothing outside DIR changes. To update, run it again. To
uninstall, remove these files.

It needs curl or wget, tar, gzip, and sha256sum or shasum.

Environment:
  DISCFG_RELEASES_URL  URL of the releases [default: https://github.com/discfg/discfg/releases]. A mirror has
                       URL/download/vVERSION/FILE and URL/latest/download/FILE. The archive and its checksum both come
                       from there, so it must be https, or http on this machine (localhost or 127.0.0.1)
  https_proxy          Proxy, as curl and wget read it

Exit codes: 0 installed, 1 failed and nothing changed, 2 invalid arguments, 3 version not found
TEXT
}

# Prints the error, then the given lines that aren't empty, and ends with the exit code.
fail() {
    exit_code=$1
    printf 'error: %s\n' "$2" >&2
    shift 2
    for line; do
        [ -z "$line" ] || printf '%s\n' "$line" >&2
    done
    exit "$exit_code"
}

# Prints the last line of what a tool wrote ($1), which is what it says when it gives up, as the cause.
because() {
    printf '%s\n' "$1" | sed '/^[[:space:]]*$/d; s/^[[:space:]]*/because: /' | tail -n 1
}

is_version() {
    case $1:${1%%-*} in
        *[!0-9A-Za-z.-]*:* | *..*:* | *.:* | *-:* | *:*[!0-9.]* | *:*.*.*.*) return 1 ;;
        *:[0-9]*.[0-9]*.[0-9]*) return 0 ;;
        *) return 1 ;;
    esac
}

read_arguments() {
    version='' prefix='' has_prefix=no
    while [ $# -gt 0 ]; do
        case $1 in
            --version | --prefix)
                [ $# -ge 2 ] || fail 2 "$1 needs a value" 'hint: see --help'
                option=$1 value=$2
                shift
                ;;
            --version=* | --prefix=*) option=${1%%=*} value=${1#*=} ;;
            -h | --help) usage && exit 0 ;;
            *) fail 2 "unexpected argument \"$1\"" 'hint: see --help' ;;
        esac
        shift
        if [ "$option" = --prefix ]; then
            prefix=$value has_prefix=yes
        else
            version=${value#v}
            is_version "$version" || fail 2 "invalid version \"$value\": expected a version such as 0.1.0"
        fi
    done
    if [ "$has_prefix" = no ]; then
        [ -n "${HOME-}" ] || fail 2 'HOME is not set' 'hint: name the folder to install below: --prefix DIR'
        prefix=$HOME/.local
    fi
    case $prefix in
        '') fail 2 'invalid prefix: it is empty' 'hint: name the folder to install below: --prefix DIR' ;;
        # A shell leaves the ~ of --prefix=~/x as it is.
        '~'*) fail 2 "invalid prefix \"$prefix\": the shell did not expand ~" "hint: write \$HOME in its place" ;;
        *[[:cntrl:]]*) fail 2 'invalid prefix: it contains a control character' ;;
        /*) ;;
        *) prefix=$PWD/$prefix ;;
    esac
    while [ "$prefix" != "${prefix%/}" ]; do
        prefix=${prefix%/}
    done
}

# The archive and its checksum come from one server: without TLS, anyone on the way could replace both.
read_base_url() {
    base=${DISCFG_RELEASES_URL:-https://github.com/discfg/discfg/releases}
    base=${base%/}
    case $base in
        # A URL is printed, so it can't contain a password.
        *[!0-9A-Za-z:/.%_~+=,-]*) fail 2 'DISCFG_RELEASES_URL is not a valid URL without user and query' ;;
        https://?*) protocols='=https' ;;
        http://*)
            authority=${base#http://}
            authority=${authority%%/*}
            case $authority in
                localhost:*[!0-9]* | 127.0.0.1:*[!0-9]*) authority='' ;;
                localhost | 127.0.0.1 | localhost:* | 127.0.0.1:*) ;;
                *) authority='' ;;
            esac
            [ -n "$authority" ] || fail 2 'DISCFG_RELEASES_URL must be https, or http on this machine' \
                'hint: without TLS, an archive and its checksum can be replaced on the way: use https://'
            protocols='=http,https'
            ;;
        *) fail 2 'DISCFG_RELEASES_URL must be an https URL' ;;
    esac
}

detect_target() {
    system=$(uname -s) machine=$(uname -m)
    case $machine in
        x86_64 | amd64) cpu=x86_64 ;;
        aarch64 | arm64) cpu=aarch64 ;;
        *) cpu='' ;;
    esac
    case $system in
        Linux) os=unknown-linux-musl ;;
        Darwin)
            os=apple-darwin
            # Under Rosetta, uname reports the translated CPU.
            if [ "$(sysctl -n hw.optional.arm64 2>/dev/null)" = 1 ]; then
                cpu=aarch64
            fi
            ;;
        *) os='' ;;
    esac
    if [ -z "$os" ] || [ -z "$cpu" ]; then
        fail 1 "unsupported platform: $system $machine; the releases are for Linux and macOS on x86_64 and aarch64" \
            'hint: build discfg from source: cargo install discfg'
    fi
    target=$cpu-$os
}

find_tools() {
    for tool in tar gzip mktemp find; do
        command -v "$tool" >/dev/null || fail 1 "$tool not found" "hint: install $tool"
    done
    if command -v curl >/dev/null; then
        client=curl
    elif command -v wget >/dev/null; then
        client=wget
    else
        fail 1 'neither curl nor wget found' 'hint: install curl or wget'
    fi
    if command -v sha256sum >/dev/null; then
        summer=sha256sum
    elif command -v shasum >/dev/null; then
        summer='shasum -a 256'
    else
        fail 1 'cannot verify checksums: neither sha256sum nor shasum found' 'hint: install coreutils'
    fi
}

# Downloads URL ($1) to a file ($2). If that fails, $status is the HTTP status, if there was one, $said what the tool
# wrote, and $hint what to do, unless the file can't be written (23, 3).
download() {
    hint='hint: check the connection and the proxy (https_proxy), then rerun the command'
    if [ "$client" = curl ]; then
        said=$(curl --proto "$protocols" --proto-redir '=https' --tlsv1.2 -sSfL --retry 2 --connect-timeout 30 \
            --speed-limit 1 --speed-time 60 -w 'status:%{http_code}\n' -o "$2" "$1" 2>&1) && return
        [ $? -ne 23 ] || hint=''
        status=$(printf '%s\n' "$said" | sed -n 's/^status://p' | tail -n 1)
        said=$(printf '%s\n' "$said" | grep '^curl: (')
        return 1
    fi
    # Without -T, with which the wget of BusyBox 1.35 crashes.
    said=$(wget -S -t 2 -O "$2" "$1" 2>&1)
    code=$?
    case $said in
        # The wget of some BusyBox builds.
        *'certificate validation not implemented'*)
            fail 1 "cannot download $1: wget does not verify TLS certificates" 'hint: install curl or GNU wget'
            ;;
    esac
    [ $code -ne 0 ] || return 0
    [ $code -ne 3 ] || hint=''
    status=$(printf '%s\n' "$said" | sed -n 's/.*HTTP\/[0-9.]* \([0-9][0-9][0-9]\).*/\1/p' | tail -n 1)
    return 1
}

# Finds the archive's checksum, and the version where none was given: one request names both.
read_sums() {
    if [ -n "$version" ]; then
        from=$base/download/v$version
        release="version $version"
    else
        from=$base/latest/download
        release='the latest release'
    fi
    url=$from/SHA256SUMS
    if ! download "$url" "$work/SHA256SUMS"; then
        [ "$status" = 404 ] || fail 1 "cannot download $url" "$(because "$said")" "$hint"
        fail 3 "$release not found: $url does not exist" "hint: see $base for the versions"
    fi
    sum='' is_sums=no
    while read -r hex name || [ -n "$hex" ]; do
        case ${#hex}:$hex:$name in
            *:*[!0-9a-f]*:* | *:*:*[!0-9A-Za-z._-]* | *:) is_sums=no && break ;;
            64:*:discfg-[0-9]*-"$target.tar.gz") is_sums=yes ;;
            64:*) is_sums=yes && continue ;;
            *) is_sums=no && break ;;
        esac
        found=${name#discfg-}
        found=${found%"-$target.tar.gz"}
        [ "$found" = "${version:-$found}" ] || continue
        [ -z "$sum" ] || fail 1 "cannot choose an archive: $url names several for $target"
        sum=$hex asset=$name listed=$found
    done <"$work/SHA256SUMS"
    [ "$is_sums" = yes ] || fail 1 "cannot read $url: it is not a list of SHA-256 sums" \
        'hint: check whether a proxy answers in its place'
    [ -n "$sum" ] || fail 1 "cannot find an archive for $target in $url" \
        'hint: build discfg from source: cargo install discfg'
    top=${asset%.tar.gz}
    version=$listed
    is_version "$version" || fail 1 "cannot read $url: invalid version in $asset"
}

download_archive() {
    url=$base/download/v$version/$asset
    printf 'downloading %s\n' "$url" >&2
    download "$url" "$work/archive.tar.gz" || fail 1 "cannot download $url" "$(because "$said")" "$hint"
    # From stdin, because both escape some names of files.
    actual=$($summer <"$work/archive.tar.gz") || fail 1 "cannot compute the checksum of $asset"
    actual=${actual%% *}
    [ "$actual" = "$sum" ] || fail 1 "wrong checksum of $asset: expected $sum, found $actual" \
        'hint: the download is damaged or was replaced: rerun the command, and report it if it fails again'
}

# Unpacks the archive, after a look at each entry.
unpack() {
    cd "$work" || fail 1 "cannot enter $work"
    said=$({ gzip -dc <archive.tar.gz >archive.tar; } 2>&1) || fail 1 "cannot unpack $asset" "$(because "$said")"
    said=$({ tar -tf - <archive.tar >names && tar -tvf - <archive.tar >entries; } 2>&1) ||
        fail 1 "cannot unpack $asset" "$(because "$said")"
    while read -r name; do
        case /$name in
            *[!0-9A-Za-z._/+-]* | */../* | */..) fail 1 "cannot unpack $asset: it has an entry with an invalid name" ;;
            /"$top"/*) ;;
            *) fail 1 "cannot unpack $asset: it has an entry outside its folder" ;;
        esac
    done <names
    while read -r entry; do
        case $entry in
            -* | d*) ;;
            *) fail 1 "cannot unpack $asset: it has an entry that is neither a file nor a folder" ;;
        esac
    done <entries
    # Not with the owners and special bits of the archive, which root would restore.
    said=$({ tar -xof - <archive.tar && chmod -R u=rwX,go=rX "$top"; } 2>&1) ||
        fail 1 "cannot unpack $asset" "$(because "$said")"
    [ -f "$top/bin/discfg" ] || fail 1 "cannot install $asset: it does not contain bin/discfg"
    said=$("$work/$top/bin/discfg" --version 2>&1) || fail 1 "cannot run the program of $asset" "$(because "$said")"
    [ "$said" = "discfg $version" ] || fail 1 "the program of $asset reports another version: expected discfg $version"
}

# Creates a folder with those above it, and notes them for clean_up.
create_folder() {
    [ ! -d "$1" ] || return 0
    above=${1%/*}
    [ -z "$above" ] || create_folder "$above"
    if said=$(mkdir "$1" 2>&1); then
        created=$1$newline$created
    elif [ ! -d "$1" ]; then
        fail 1 "cannot create $1" "$(because "$said")" 'hint: choose a folder that you can write to: --prefix DIR'
    fi
}

# Also a link that points nowhere.
exists() { [ -e "$1" ] || [ -L "$1" ]; }

# Moves a file ($1) to a place ($2).
move() {
    said=$(mv -f "$1" "$2" 2>&1) || fail 1 "cannot write $2" "$(because "$said")"
}

move_in() {
    # From here it takes milliseconds. An interrupt waits for the end.
    trap '' HUP INT PIPE TERM
    find "$top" -type f >files || fail 1 "cannot list $work/$top"
    while read -r name; do
        place=$prefix/${name#"$top"/}
        [ ! -d "$place" ] || fail 1 "cannot write $place: it is a folder" 'hint: remove it, or choose another --prefix'
        create_folder "${place%/*}"
    done <files
    number=0
    while read -r name; do
        place=$prefix/${name#"$top"/}
        [ "$place" != "$prefix/bin/discfg" ] || continue
        number=$((number + 1))
        ! exists "$place" || move "$place" "$work/old-$number"
        moved=$number:$place$newline$moved
        move "$name" "$place"
    done <files
    # If bin is on another file system, this is where it is copied; the last step is a rename in any case.
    staged=$prefix/bin/.discfg-$$
    move "$top/bin/discfg" "$staged"
    move "$staged" "$prefix/bin/discfg"
    is_installed=yes
}

# Runs at the end, whatever the end is: unless all files are in place, puts the old ones back.
clean_up() {
    code=$?
    trap - EXIT
    trap '' HUP INT PIPE TERM
    cd / || exit 1
    if [ "$is_installed" = no ]; then
        [ -z "$staged" ] || rm -f "$staged"
        set -f
        IFS=$newline
        for entry in $moved; do
            old=$work/old-${entry%%:*} place=${entry#*:}
            rm -f "$place"
            ! exists "$old" || mv -f "$old" "$place"
        done
    fi
    [ -z "$work" ] || rm -rf "$work"
    if [ "$is_installed" = no ]; then
        for folder in $created; do
            rmdir "$folder" 2>/dev/null
        done
    fi
    exit "$code"
}

report() {
    printf 'discfg %s installed:\n' "$version"
    printf '  program                        %s\n' "$prefix/bin/discfg"
    printf '  manual pages, completions      %s\n' "$prefix/share"
    case :${PATH-}: in
        *:"$prefix/bin":*)
            found=$(command -v discfg)
            [ "$found" = "$prefix/bin/discfg" ] || printf '%s comes first in PATH: remove it to run the new one\n' "$found"
            ;;
        *)
            printf '%s is not in PATH. Add this line to the startup file of your shell:\n' "$prefix/bin"
            line="export PATH=\"$prefix/bin:\$PATH\""
            [ "${SHELL##*/}" != fish ] || line="fish_add_path \"$prefix/bin\""
            printf '  %s\n' "$line"
            ;;
    esac
}

main() {
    set -u
    umask 022
    # Messages are read, and ranges of characters are ASCII.
    export LC_ALL=C
    unset CDPATH GZIP TAR_OPTIONS
    SHELL=${SHELL-}
    newline='
'
    work='' created='' moved='' staged='' is_installed=no
    read_arguments "$@"
    read_base_url
    detect_target
    find_tools
    trap clean_up EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 141' PIPE
    trap 'exit 143' TERM
    create_folder "${prefix:-/}"
    # In the prefix, so that moving a file is a rename.
    work=$(mktemp -d "$prefix/.discfg-install.XXXXXX" 2>&1) || {
        said=$work work=''
        fail 1 "cannot write to ${prefix:-/}" "$(because "$said")" 'hint: choose a folder that you can write to: --prefix DIR'
    }
    read_sums
    download_archive
    unpack
    move_in
    report
}

{
    main "$@" </dev/null
}
