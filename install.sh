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
  install.sh --uninstall [--prefix DIR]

Options:
  --version VERSION  Version to install, such as 0.1.0 or v0.1.0 [default: the latest release]
  --prefix DIR       Folder to install below [default: $HOME/.local]
  --uninstall        Remove the files of an installation below DIR, and nothing else
  -h, --help         Print this help

It downloads the list of checksums and the archive for this platform, verifies the archive's SHA-256 sum, runs the new
program once, and then moves these files into place, the program last:

  DIR/bin/discfg                        the program
  DIR/share/man/man1                    manual pages
  DIR/share/{bash-completion,zsh,fish}  completions
  DIR/lib/discfg                        the function's code for `discfg init --api`
  DIR/share/doc/discfg                  licenses, README and changelog

If something fails or you interrupt it, DIR stays as it was. Nothing outside DIR changes. To update, run it again; files
that the new version no longer has are removed. --uninstall prints the files that it removes. Data stays, such as the
configs of the embedded engine, which can be in DIR/share/discfg.

It needs curl or wget, tar, gzip, and sha256sum or shasum.

Environment:
  DISCFG_RELEASES_URL  URL of the releases [default: https://github.com/discfg/discfg/releases]. A mirror has
                       URL/download/vVERSION/FILE and URL/latest/download/FILE. The archive and its checksum both come
                       from there, so it must be https, or http on this machine (localhost or 127.0.0.1).
                       Redirects must be https in both cases; wget does not check this
  https_proxy          Proxy, as curl and wget read it

Exit codes: 0 done, 1 failed and nothing changed, 2 invalid arguments, 3 version or installation not found
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

# Prints a line of what a tool wrote ($1) as the cause: the last, or with 'sed 1q' ($2) the first, where tar names it.
because() {
    printf '%s\n' "$1" | sed '/^[[:space:]]*$/d; s/^[[:space:]]*/because: /' | ${2:-tail -n 1}
}

is_version() {
    case $1:${1%%-*} in
        *[!0-9A-Za-z.-]*:* | *..*:* | *.:* | *-:* | *:*[!0-9.]* | *:*.*.*.*) return 1 ;;
        *:[0-9]*.[0-9]*.[0-9]*) return 0 ;;
        *) return 1 ;;
    esac
}

read_arguments() {
    version='' prefix='' has_prefix=no action=install
    while [ $# -gt 0 ]; do
        case $1 in
            --uninstall) action=uninstall && shift && continue ;;
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
    [ "$action" = install ] || [ -z "$version" ] || fail 2 'cannot use --version with --uninstall'
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
            case ${authority%%/*} in
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
    # Under Rosetta, uname reports the translated CPU.
    [ "$system:$(sysctl -n hw.optional.arm64 2>/dev/null)" != Darwin:1 ] || machine=arm64
    case $system:$machine in
        Linux:x86_64 | Linux:amd64) target=x86_64-unknown-linux-musl ;;
        Linux:aarch64 | Linux:arm64) target=aarch64-unknown-linux-musl ;;
        Darwin:x86_64) target=x86_64-apple-darwin ;;
        Darwin:arm64) target=aarch64-apple-darwin ;;
        *) fail 1 "unsupported platform: $system $machine; the releases are for Linux and macOS on x86_64 and aarch64" \
            'hint: build discfg from source: cargo install discfg' ;;
    esac
}

find_tools() {
    for tool in tar gzip mktemp find ln readlink; do
        command -v "$tool" >/dev/null || fail 1 "$tool not found" "hint: install $tool"
    done
    client=curl
    command -v curl >/dev/null || client=wget
    command -v "$client" >/dev/null || fail 1 'neither curl nor wget found' 'hint: install curl or wget'
    summer=sha256sum
    command -v sha256sum >/dev/null || summer='shasum -a 256'
    command -v "${summer%% *}" >/dev/null ||
        fail 1 'cannot verify checksums: neither sha256sum nor shasum found' 'hint: install coreutils'
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
    url=$base/latest/download/SHA256SUMS release='the latest release'
    [ -z "$version" ] || url=$base/download/v$version/SHA256SUMS release="version $version"
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
    top=${asset%.tar.gz} version=$listed
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
    said=$({ gzip -dc <archive.tar.gz >archive.tar &&
        tar -tf - <archive.tar >names && tar -tvf - <archive.tar >entries; } 2>&1) ||
        fail 1 "cannot unpack $asset" "$(because "$said" 'sed 1q')"
    while read -r name; do
        case /$name in
            *[!0-9A-Za-z._/+-]* | */../* | */..) fail 1 "cannot unpack $asset: it has an entry with an invalid name" ;;
            /"$top"/*) ;;
            *) fail 1 "cannot unpack $asset: it has an entry outside its folder" ;;
        esac
    done <names
    [ -z "$(sed '/^[-d]/d' entries)" ] ||
        fail 1 "cannot unpack $asset: it has an entry that is neither a file nor a folder"
    # Not with the owners and special bits of the archive, which root would restore.
    said=$({ tar -xof - <archive.tar && chmod -R u=rwX,go=rX "$top"; } 2>&1) ||
        fail 1 "cannot unpack $asset" "$(because "$said" 'sed 1q')"
    [ -f "$top/bin/discfg" ] || fail 1 "cannot install $asset: it does not contain bin/discfg"
    # With env, because a shell's own error has the number of a line of this script.
    said=$(env "$work/$top/bin/discfg" --version 2>&1) ||
        fail 1 "cannot run the program of $asset" "$(because "$said")" \
            "$([ -x "$top/bin/discfg" ] || echo 'hint: choose a folder on a file system without noexec: --prefix DIR')"
    [ "$said" = "discfg $version" ] || fail 1 "the program of $asset reports another version: expected discfg $version"
}

# Also a link that points nowhere.
exists() { [ -e "$1" ] || [ -L "$1" ]; }

# Creates a folder with those above it, and notes them for clean_up.
create_folder() {
    [ ! -d "$1" ] || return 0
    ! exists "$1" || fail 1 "cannot create folder $1: it is a file or a broken link" "$remove"
    above=${1%/*}
    [ -z "$above" ] || create_folder "$above"
    if said=$(mkdir "$1" 2>&1); then
        created=$1$newline$created
    elif [ ! -d "$1" ]; then
        fail 1 "cannot create $1" "$(because "$said")" "$writable"
    fi
}

# Creates the working folder and the lock: a link, as it is created together with its content, "PROCESS:SUFFIX".
begin() {
    # In the prefix, so that moving a file is a rename.
    said=$(mktemp -d "$prefix/.discfg-install.XXXXXX" 2>&1) ||
        fail 1 "cannot write to ${prefix:-/}" "$(because "$said")" "$writable"
    work=$said lock=$prefix/.discfg-install token=$$:${said##*.}
    until said=$(ln -sn "$token" "$lock" 2>&1); do
        owner=$(readlink "$lock")
        exists "$lock" || fail 1 "cannot create $lock" "$(because "$said")" \
            'hint: rerun the command, or choose another folder: --prefix DIR'
        # Another user's process can't be signalled, but runs. A killed run can have had the number of this one.
        case $$:$(kill -0 "${owner%%:*}" 2>&1) in
            "${owner%%:*}":* | *[Nn]'o such process'*) ;;
            *) refuse_second_run ;;
        esac
        said=$(rm -rf "$lock" "$prefix/.discfg-install.${owner##*[:/]}" "$staged" 2>&1) ||
            fail 1 "cannot remove $lock" "$(because "$said")" "$writable"
    done
}

refuse_second_run() {
    fail 1 "cannot $action: another installation is running below ${prefix:-/}${owner:+ (process ${owner%%:*})}" \
        "hint: wait for its end; if there is none, remove $lock"
}

# From here it takes milliseconds: an interrupt waits for the end.
begin_changes() {
    owner=$(readlink "$lock")
    # If two runs removed one leftover, the lock belongs to the last.
    [ "$owner" = "$token" ] || refuse_second_run
    trap '' HUP INT PIPE TERM
}

# Moves a file ($1) to a place ($2).
move() {
    said=$(mv -f "$1" "$2" 2>&1) || fail 1 "cannot write $2" "$(because "$said")" "$writable"
}

# Moves the file of a place ($1), if there is one, into the working folder, from where clean_up can move it back.
put_aside() {
    number=$((number + 1))
    ! exists "$1" || said=$(mv -f "$1" "$work/old-$number" 2>&1) ||
        fail 1 "cannot remove $1" "$(because "$said")" "$writable"
    moved=$number:$1$newline$moved
}

# Prints the files of an installation of any version. Their folders can contain files of others.
list_installed() {
    for place in "$prefix"/bin/discfg "$prefix"/share/man/man1/discfg.1 "$prefix"/share/man/man1/discfg-*.1 \
        "$prefix"/share/bash-completion/completions/discfg "$prefix"/share/fish/vendor_completions.d/discfg.fish \
        "$prefix"/share/zsh/site-functions/_discfg "$prefix"/lib/discfg/discfg-lambda.zip \
        "$prefix"/share/doc/discfg/CHANGELOG.md "$prefix"/share/doc/discfg/LICENSE \
        "$prefix"/share/doc/discfg/README.md "$prefix"/share/doc/discfg/THIRD-PARTY; do
        { [ ! -f "$place" ] && [ ! -L "$place" ]; } || printf '%s\n' "$place"
    done
}

# Notes that all files are in place, and removes discfg's folders that are empty.
end_changes() {
    is_done=yes created=''
    rmdir "$prefix/lib/discfg" "$prefix/share/doc/discfg" 2>/dev/null
}

uninstall() {
    installed=$(list_installed)
    [ -n "$installed" ] || fail 3 "no installation found below ${prefix:-/}" 'hint: name its folder: --prefix DIR'
    begin
    begin_changes
    printf '%s\n' "$installed" >"$work/installed" || fail 1 "cannot write to $work"
    while read -r place; do
        put_aside "$place"
    done <"$work/installed"
    end_changes
    printf 'discfg uninstalled; removed files:\n%s\n' "$installed"
}

move_in() {
    begin_changes
    find "$top" -type f >files || fail 1 "cannot list $work/$top"
    while read -r name; do
        place=$prefix/${name#"$top"/}
        [ ! -d "$place" ] || fail 1 "cannot write $place: it is a folder" "$remove"
        create_folder "${place%/*}"
    done <files
    list_installed >installed || fail 1 "cannot list the files below $prefix"
    while read -r place; do
        [ -f "$top/${place#"$prefix"/}" ] || put_aside "$place"
    done <installed
    while read -r name; do
        place=$prefix/${name#"$top"/}
        [ "$place" != "$prefix/bin/discfg" ] || continue
        put_aside "$place"
        move "$name" "$place"
    done <files
    # If bin is on another file system, this is where it is copied; the last step is a rename in any case.
    put_aside "$staged"
    move "$top/bin/discfg" "$staged"
    move "$staged" "$prefix/bin/discfg"
    end_changes
}

# Runs at the end, whatever the end is: unless all files are in place, puts the old ones back.
clean_up() {
    code=$?
    trap - EXIT
    trap '' HUP INT PIPE TERM
    cd / || exit 1
    if [ "$is_done" = no ]; then
        set -f
        IFS=$newline
        for entry in $moved; do
            old=$work/old-${entry%%:*} place=${entry#*:}
            rm -f "$place"
            ! exists "$old" || mv -f "$old" "$place"
        done
    fi
    [ -z "$work" ] || rm -rf "$work"
    [ -z "$lock" ] || [ "$(readlink "$lock")" != "$token" ] || rm -f "$lock"
    for folder in $created; do
        rmdir "$folder" 2>/dev/null
    done
    exit "$code"
}

report() {
    printf 'discfg %s installed:\n  program                        %s\n  manual pages, completions      %s\n' \
        "$version" "$prefix/bin/discfg" "$prefix/share"
    case :${PATH-}: in
        *:"$prefix/bin":*)
            found=$(command -v discfg)
            [ "$found" = "$prefix/bin/discfg" ] ||
                printf '%s comes first in PATH: remove it to run the new one\n' "$found"
            ;;
        *)
            printf '%s is not in PATH. Add this line to the startup file of your shell:\n' "$prefix/bin"
            line=$(printf '%s/bin\n' "$prefix" | sed "s/'/'\\\\''/g; s/.*/export PATH='&':\"\\\$PATH\"/")
            [ "${SHELL##*/}" != fish ] ||
                line=$(printf '%s/bin\n' "$prefix" | sed "s/[\\\\']/\\\\&/g; s/.*/fish_add_path '&'/")
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
    writable='hint: choose a folder that you can write to: --prefix DIR'
    remove='hint: remove it, or choose another --prefix'
    work='' lock='' created='' moved='' number=0 is_done=no
    read_arguments "$@"
    staged=$prefix/bin/.discfg-new
    trap clean_up EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 141' PIPE
    trap 'exit 143' TERM
    [ "$action" = install ] || { uninstall; exit; }
    read_base_url
    detect_target
    find_tools
    create_folder "${prefix:-/}"
    begin
    read_sums
    download_archive
    unpack
    move_in
    report
}

{
    main "$@" </dev/null
}
