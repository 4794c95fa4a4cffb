//! Commands that read.

use super::prepared::{prepared, session};
use support::transcript::Transcript;

#[test]
fn get() {
    session(
        "get",
        r"
        # A value, in each format
        discfg get mode
        discfg get mode -f json
        discfg get mode -f yaml
        discfg get mode -f raw
        discfg get mode -f silent
        discfg get mycfg mode
        discfg get -c mycfg /mode

        # Several keys
        discfg get mycfg mode app/greeting db/pool db/salt db/password
        discfg get -c mycfg mode db/pool db/password -f json
        discfg get mycfg mode db/pool -f yaml
        discfg get mycfg mode db/pool -f raw
        discfg get mycfg mode nosuch other
        discfg get mycfg mode nosuch --default none
        discfg get mycfg mode db/url --revision 1
        discfg get /mode /db/url
        discfg get nosuch mode db/url

        # Kinds of values
        discfg get app/greeting
        discfg get app/greeting -f json
        discfg get db/pool
        discfg get db/pool -f json
        discfg get db/pool -f yaml
        discfg get db/salt
        discfg get db/salt -f json
        discfg get db/salt -f yaml
        discfg get services/web/1 -f json

        # A field
        discfg get db/pool --field /size
        discfg get db/pool --field .ratio -f json
        discfg get db/pool --field /none
        discfg get db/pool --field /none --default 1
        discfg get db/pool --field size
        discfg get mode --field /size

        # A secret
        discfg get db/password
        discfg get db/password -f json

        # Its past
        discfg get mode --revision 1
        discfg get mode --revision 1 -f json
        discfg get mode --revision 9
        discfg get app/greeting --revision 1

        # What isn't there
        discfg get nosuch
        discfg get nosuch -q
        discfg get nosuch -f json
        discfg get nosuch --default none
        discfg get nosuch --default none -f json
        discfg get db
        discfg get mycfg
        discfg get nosuch mode
        discfg get mode nosuch

        # Bad input
        discfg get
        discfg get a b c
        discfg get a//b
        discfg get '@meta'
        discfg get 'a b'
        discfg get MyCfg mode
        discfg get mode --revision x
        discfg get mode --revision 0
        discfg get mode --as 'no one'
        discfg get mode -f dotenv
        discfg get mode -f xml
        discfg get mode --nosuch
        discfg get mode --local --engine dynamodb

        # Beside the result
        discfg get mode --stats
        discfg get mode -v
        ",
    );
}

#[test]
fn ls() {
    session(
        "ls",
        r"
        # One level
        discfg ls
        discfg ls db
        discfg ls services/
        discfg ls mycfg /db
        discfg ls -f json
        discfg ls -f yaml
        discfg ls -f raw
        discfg ls --values

        # All
        discfg ls -r
        discfg ls -r --values
        discfg ls -l
        discfg ls -rl
        discfg ls -rl --values
        discfg ls -r services -f json
        discfg ls -r db --values -f json
        discfg ls -r db --values -f yaml
        discfg ls -r db --values -f raw

        # Nothing there
        discfg ls nosuch
        discfg ls nosuch -f json
        discfg ls mode
        discfg ls nosuch db

        # Bad input
        discfg ls a//b
        discfg ls a b c
        ",
    );
}

#[test]
fn info() {
    session(
        "info",
        r"
        discfg info
        discfg info -f json
        discfg info -f yaml
        discfg info -f raw
        discfg info --prefix db
        discfg info --prefix db -f json
        discfg info --prefix nosuch
        discfg info nosuch
        discfg info --prefix a//b
        ",
    );
}

#[test]
fn history() {
    session(
        "history",
        r"
        discfg history mode
        discfg history mode --values
        discfg history mode -f json
        discfg history mode -f yaml
        discfg history mode -f raw
        discfg history mode -n 1
        discfg history mode --before 2 --values

        # Values of each kind
        discfg history app/greeting --values
        discfg history db/password --values
        discfg history db/password --values -f json
        discfg history db/salt --values
        discfg history services/web/1 --values

        # A key that was deleted
        discfg delete db/salt
        discfg history db/salt
        discfg history db/salt -f json

        # What isn't there, and bad input
        discfg history nosuch
        discfg history nosuch -f json
        discfg history mode --before 0
        discfg history mode -n many

        # Of a prefix, across keys
        discfg set db/url postgres://other -m 'Move to the other host'
        discfg history --prefix db -n 3
        discfg history --prefix db --by nobody
        ",
    );
}

#[test]
fn which() {
    let place = prepared();
    let mut session = Transcript::of(&place);
    session.script(
        r"
            discfg which
            discfg which -f json
            discfg which -f yaml
            discfg which -f raw
            discfg which -c other --as write

            # Settings of a call before those of the environment before those of the .discfg
            DISCFG_CONFIG=payments discfg which
            discfg which -c payments --engine dynamodb --region eu-west-3
            DISCFG_CONFIG=payments DISCFG_ENGINE=https://config.example.com discfg which
            AWS_REGION=eu-central-1 DISCFG_AS=team discfg which -c payments --engine dynamodb -p dev

            # Bad settings
            DISCFG_CONFIG=No discfg which
            DISCFG_ENGINE=nosuch discfg which
            DISCFG_AS='no one' discfg which
            discfg which --account 12

            # Nothing is chosen
            rm .discfg
            discfg which
            discfg which -f json
            discfg get mode
            ",
    );
    session.keep("output", "which");
}

#[test]
fn export() {
    session(
        "export",
        r#"
        # Formats that keep kinds
        discfg export
        discfg export -f yaml
        discfg export -f json --nested
        discfg export -f yaml --nested --prefix app
        discfg export -f json --prefix db
        discfg export -f csv
        discfg export --prefix /services --with-ttl

        # Formats of environments, which hold no bytes
        discfg export -f dotenv
        discfg delete db/salt
        discfg export -f dotenv
        discfg export -f docker-env
        discfg delete app/greeting
        discfg export -f docker-env
        discfg export -f shell
        discfg export -f github-env
        discfg export -f github-env --prefix db --mask
        GITHUB_ACTIONS=true discfg export -f github-env --prefix db --out env
        cat env
        discfg export --out env/none
        discfg export -f tfvars
        discfg export -f properties
        discfg export -f k8s-secret
        discfg export -f k8s-configmap
        discfg export -f silent
        discfg export -f human
        discfg export -f raw

        # Templates
        echo 'url={{ get("/db/url") }} size={{ json("/db/pool").size }} {{ db.url }}' | discfg export --template -
        echo 'url={{ get("/db/nosuch") }}' | discfg export --template -
        echo 'url={{ get( }}' | discfg export --template -
        echo '{{ nosuch }}' | discfg export --template -
        discfg export --template nosuch.j2
        discfg export --template - -f yaml

        # Digests, and nothing there
        discfg export --expect-digest sha256:0000000000000000000000000000000000000000000000000000000000000000
        discfg export --expect-digest 12
        discfg export --prefix nosuch
        discfg export nosuch
        discfg export -f xml
        discfg set app/name/short s
        discfg export --nested
        discfg set app/name-short s
        discfg set app/name.short s
        discfg export -f dotenv
        "#,
    );
}

#[test]
fn find() {
    session(
        "find",
        r"
        # A part of the key, a glob, a regular expression
        discfg find url
        discfg find 'db/*'
        discfg find 'u?l'
        discfg find -i -E '^/DB/P'
        discfg find url --prefix app
        discfg find url -f json

        # In values
        discfg find e --in-values
        discfg find hunter --in-values
        discfg find e --in-values --reveal --prefix db
        discfg find postgres --in-values -f json

        # Nothing
        discfg find nosuch
        discfg find nosuch -f json

        # Refusals
        discfg find 'a[b'
        discfg find -E 'a('
        discfg find ''
        discfg find
        discfg find url --reveal
        discfg find mycfg url --in mycfg
        discfg find url --in nosuch
        ",
    );
}
