#!/bin/sh
# The second step of the action: reads keys and exports them as variables, as an output or to a file.
#
# discfg writes the commands that mask secrets to stderr, from where the runner reads them, before it writes a value.
set -u
# shellcheck source=packaging/action/common.sh
. "${0%/*}/common.sh"
newline='
'

# Refuses an input ($1 its name, $2 a line of it) that, printed in an error, could be a command to the runner.
check() {
    case $2 in
        *[[:cntrl:]]* | *'##['*) fail "invalid $1" ;;
    esac
}

# Sets $line to a line without the white space around it.
trim() {
    line=${1#"${1%%[![:space:]]*}"}
    line=${line%"${line##*[![:space:]]}"}
}

# Adds to $arguments the option ($1) with each line of an input ($2), a line each.
add_lines() {
    set -f
    IFS=$newline
    for line in $2; do
        trim "$line"
        check "${1#--}" "$line"
        [ -z "$line" ] || arguments=$arguments$1=$line$newline
    done
    unset IFS
    set +f
}

# Runs a command of discfg ($1) on the config with $arguments and the others.
run() {
    command=$1
    shift
    set -f
    IFS=$newline
    # Each line of $arguments is an argument.
    # shellcheck disable=SC2086
    set -- $arguments "$@"
    unset IFS
    set +f
    [ -z "$INPUT_REGION" ] || set -- "--region=$INPUT_REGION" "$@"
    "$DISCFG" "$command" "--config=$INPUT_CONFIG" "$@"
}

# Exports in a format or by a template. A file that it writes is complete, or isn't there.
export_keys() {
    if [ "$INPUT_MASK" = true ]; then
        run export --mask "$@"
    else
        # Otherwise the format for the runner masks on its own.
        GITHUB_ACTIONS=false run export "$@"
    fi || fail 'cannot read the config' 'see the error above; its hints are for discfg export in a step of its own'
}

# Sets $template to a template for the variables that INPUT_ENV names, and $arguments to the prefixes to read.
read_variables() {
    arguments=''
    add_lines --env "$INPUT_ENV"
    # Checks names and keys, refuses variables that change what programs run, and shows what will be exported.
    run exec --dry-run -- true || fail 'cannot export the variables of env' 'see the error above'
    template='' separator='' reads_all=no prefixes=''
    set -f
    IFS=$newline
    for line in $arguments; do
        line=${line#--env=}
        name=${line%%=*} key=${line#*=}
        # The slash in front is optional.
        key=/${key#/}
        case $key in
            *[!0-9A-Za-z/._:-]*) fail 'invalid key in env' ;;
        esac
        # It is read with what is next to it.
        prefix=${key%/*}
        [ -n "$prefix" ] || reads_all=yes
        prefixes=$prefixes--prefix=$prefix$newline
        if [ "$INPUT_EXPORT" = output ]; then
            template="$template$separator\"$name\": {{ json(\"$key\") }}"
            separator=', '
        else
            template="$template$name<<$delimiter$newline{{ get(\"$key\") }}$newline$delimiter$newline"
        fi
    done
    unset IFS
    set +f
    [ "$INPUT_EXPORT" != output ] || template="{$template}"
    arguments=$prefixes
    [ "$reads_all" = no ] || arguments=''
    printf '%s\n' "$template" >"$work/template"
}

trim "$INPUT_PREFIX" && INPUT_PREFIX=$line
trim "$INPUT_ENV" && INPUT_ENV=$line
if [ -z "$INPUT_CONFIG" ]; then
    [ -z "$INPUT_PREFIX$INPUT_ENV$INPUT_FILE" ] || fail 'cannot read keys: config is not set' 'set config to the name of the config'
    exit 0
fi
check config "$INPUT_CONFIG"
check region "$INPUT_REGION"
check file "$INPUT_FILE"
check format "$INPUT_FORMAT"
case $INPUT_MASK in
    true | false) ;;
    *) fail 'invalid mask: expected true or false' ;;
esac
case $INPUT_EXPORT in
    env) require_file GITHUB_ENV "${GITHUB_ENV-}" ;;
    output) require_file GITHUB_OUTPUT "${GITHUB_OUTPUT-}" ;;
    file) ;;
    *) fail 'invalid export: expected env, output or file' ;;
esac
if [ "$INPUT_EXPORT" = file ]; then
    [ -n "$INPUT_FILE" ] || fail 'cannot export: file is not set' 'set file to the path of the file to write'
    [ -z "$INPUT_ENV" ] || fail 'cannot use env with export: file' 'use prefix and format, or export: env'
    case ${INPUT_FORMAT:=json} in
        github-env | silent) fail 'cannot write this format to a file' 'use export: env, or another format' ;;
    esac
else
    [ -z "$INPUT_FILE$INPUT_FORMAT" ] || fail 'cannot use file or format without export: file'
fi
[ -z "$INPUT_ENV" ] || [ -z "$INPUT_PREFIX" ] ||
    fail 'cannot use env and prefix in one step' 'use the action in two steps'

create_work_folder
[ "$INPUT_MASK" = true ] || echo '::warning title=discfg::mask is off: secrets are shown in the log'
# 128 random bits: no value contains it.
delimiter=discfg_$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')

arguments=''
add_lines --prefix "$INPUT_PREFIX"
case $INPUT_EXPORT in
    file)
        case $INPUT_FORMAT in
            # A step that reads the file takes an object for a value.
            json | yaml) export_keys --format="$INPUT_FORMAT" --flat --out="$INPUT_FILE" ;;
            *) export_keys --format="$INPUT_FORMAT" --out="$INPUT_FILE" ;;
        esac
        ;;
    env)
        if [ -z "$INPUT_ENV" ]; then
            # It appends to the file as a whole, or not at all.
            export_keys --format=github-env --out="$GITHUB_ENV"
        else
            read_variables
            export_keys --template="$work/template" --with-ttl --out="$work/variables"
            append "$work/variables" "$GITHUB_ENV"
        fi
        ;;
    output)
        if [ -z "$INPUT_ENV" ]; then
            export_keys --format=json --flat --out="$work/values"
        else
            read_variables
            export_keys --template="$work/template" --with-ttl --out="$work/values"
        fi
        { printf 'values<<%s\n' "$delimiter" && cat "$work/values" && printf '%s\n' "$delimiter"; } >"$work/outputs" ||
            fail 'cannot export: no room in the folder for temporary files'
        append "$work/outputs" "$GITHUB_OUTPUT"
        ;;
esac
