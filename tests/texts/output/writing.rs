//! Commands that write.

use rusqlite::Connection;

use super::prepared::{prepared, session};
use support::transcript::Transcript;

#[test]
fn set() {
    session(
        "set",
        r#"
        # A key that is new, one that is there, and each format
        discfg set app/port 8080
        discfg set app/port 8081
        discfg set app/port 8082 -f json
        discfg set app/port 8083 -f yaml
        discfg set app/port 8084 -f raw
        discfg set app/port 8085 -f silent
        discfg set app/port 8085
        discfg set mycfg app/port 8086

        # Several keys
        discfg set app/port=8087 app/name=web
        discfg set app/port=8088 app/name=web -f json
        discfg set app/port=8089 app/name=web -f raw
        discfg set app/port=1 app/name=x --if-present
        discfg set mycfg app/port=1 app/name=x
        discfg set app/port=1 x

        # Kinds of values
        discfg set app/limits '{"cpu": 2}' -f json
        discfg set app/limits --json 3 -f json
        discfg set app/limits --text '{"cpu": 2}' -f json
        printf 'from stdin' | discfg set app/banner -d -
        discfg set app/offset -- -3

        # Fields
        discfg set db/pool 20 --field /size
        discfg set db/pool 20 --field /size -f json
        discfg set db/pool many --field /size
        discfg set db/pool 20 --field /sizes/max
        discfg set mode 20 --field /size

        # Times to live
        discfg set services/web/2 10.0.0.8:80 --ttl 30s -f json
        discfg set services/web/2 10.0.0.9:80 --keep-ttl
        discfg set services/web/2 10.0.0.9:80

        # Secrets
        discfg set db/password hunter3
        discfg set db/password hunter4 -f json
        discfg set db/token abc --secret -f json
        printf 'abc' | discfg set db/token --secret
        discfg set db/token abc --plain

        # Guards
        discfg set mode test --if-absent
        discfg set mode test --if-absent --show-value
        discfg set mode test --if-absent -f json
        discfg set nosuch x --if-present
        discfg set mode test --if-revision 1
        discfg set mode test --if-value staging
        discfg set mode test --if-value production
        discfg set db/password x --if-value hunter4
        discfg set db/password x --if-absent --show-value
        discfg set mode test --if-absent --if-present

        # Bad input
        discfg set
        discfg set mode
        discfg set a b c d
        discfg set a//b x
        discfg set '@meta' x
        discfg set mode --json '{"a":'
        printf '\377' | discfg set mode -d - --text
        discfg set mode -d nosuch.txt
        discfg set mode x -d nosuch.txt
        discfg set mode x --ttl soon
        discfg set mode x --ttl 0s
        discfg set mode x --ttl 1m --keep-ttl
        discfg set mode x --if-revision one
        head -c 190001 /dev/zero | tr '\0' x | discfg set mode -d -
        head -c 190000 /dev/zero | tr '\0' x | discfg set mode --secret -d -
        discfg set nosuch mode x
        discfg set mode x --as read
        "#,
    );
}

#[test]
fn edit() {
    session(
        "edit",
        r#"
        # Without an editor
        discfg edit app/name
        VISUAL=vi discfg edit app/name

        # A key, in each format
        EDITOR=true discfg edit app/name
        EDITOR='printf shop >' discfg edit app/name --yes
        EDITOR='printf store >' discfg edit app/name --yes -f json
        EDITOR='printf inn >' discfg edit app/name --yes -f raw
        EDITOR='printf "{}" >' discfg edit app/new --yes
        EDITOR='printf hunter3 >' discfg edit db/password --yes -f json
        EDITOR='printf "a\\nb\\n" >' discfg edit app/name --yes

        # What is kept
        XDG_RUNTIME_DIR=$PWD EDITOR='printf other >' discfg edit app/name
        XDG_RUNTIME_DIR=$PWD EDITOR='printf "{" >' discfg edit app/new --yes
        XDG_RUNTIME_DIR=$PWD EDITOR='printf "{" >' discfg edit app/new --yes -f json
        EDITOR=false discfg edit app/name

        # A conflict
        XDG_RUNTIME_DIR=$PWD EDITOR='test -e seen && exit; touch seen; discfg set app/name other -q; printf mine >' discfg edit app/name --yes

        # Keys below a prefix
        EDITOR=true discfg edit --prefix db -f json
        EDITOR='cat' discfg edit --prefix db
        EDITOR='sed -i -e "s/password: .*/password: hunter4/" -e "\$anew: 1"' discfg edit --prefix db --yes
        XDG_RUNTIME_DIR=$PWD EDITOR='printf "a: 1\na: 2" >' discfg edit --prefix db --yes
        XDG_RUNTIME_DIR=$PWD EDITOR='printf "/app/a: 1" >' discfg edit --prefix db --yes
        XDG_RUNTIME_DIR=$PWD EDITOR='sed -i s/password/pw/' discfg edit --prefix db --yes

        # Bad input
        discfg edit
        discfg edit a b c
        discfg edit app/name --batch
        EDITOR=true discfg edit mycfg app/name --prefix db
        EDITOR=true discfg edit --prefix /
        EDITOR=true discfg edit nosuch app/name
        "#,
    );
}

#[test]
fn delete() {
    session(
        "delete",
        r"
        # One key
        discfg delete app/name
        discfg rm mode -f json
        discfg delete db/password -f json
        discfg delete app/name
        discfg delete app/name -f json
        discfg delete app/name --ignore-not-found
        discfg delete app/name --ignore-not-found -f json
        discfg delete db/url --dry-run

        # Guards
        discfg delete db/url --if-revision 2
        discfg delete db/url --if-value x --show-value
        discfg delete nosuch --if-present

        # All below a prefix
        discfg delete -r db --dry-run
        discfg delete -r db --dry-run -f json
        discfg delete -r db
        discfg delete -r db --yes
        discfg delete -r app --yes -f json
        discfg delete -r db --yes
        discfg delete -r db --yes --ignore-not-found
        discfg delete -r /

        # Several keys
        discfg set app/a=1 app/b=2 web/c=3
        discfg delete mycfg app/a nosuch other
        discfg delete mycfg app/a app/b --if-present
        discfg delete /app/a /app/b
        discfg delete nosuch app/a app/b
        discfg delete -c mycfg app/a web/c nosuch --ignore-not-found
        discfg delete -c mycfg app/b nosuch --ignore-not-found -f json

        # Bad input
        discfg delete
        discfg delete a//b
        discfg delete -r app --if-present
        discfg delete db/
        ",
    );
}

#[test]
fn touch() {
    session(
        "touch",
        r"
        discfg touch services/web/1
        discfg touch services/web/1 --ttl 2h
        discfg touch services/web/1 -f json
        discfg touch services/web/1 -f yaml
        discfg touch services/web/1 -f raw

        # No time to live, not there, bad input
        discfg touch mode
        discfg touch mode --ttl 2h
        discfg touch nosuch
        discfg touch services/web/1 --ttl never
        discfg touch
        ",
    );
}

#[test]
fn rollback() {
    session(
        "rollback",
        r"
        # A key
        discfg rollback mode --to 1 --dry-run
        discfg rollback mode --to 1
        discfg rollback mode --to 1
        discfg rollback mode --to 2 -f json
        discfg history mode --values

        # All below a prefix
        discfg set db/url postgres://elsewhere
        discfg delete db/salt
        discfg rollback --prefix db --to 4 --dry-run
        discfg rollback --prefix db --to 4 --dry-run --values -f json
        discfg rollback --prefix db --to 4
        discfg rollback --prefix db --to 4 --yes
        discfg rollback --prefix db --to 4 --yes
        discfg rollback db/password --to 1 -f json
        discfg rollback services/web/1 --to 1

        # What hasn't been, and bad input
        discfg rollback mode --to 99
        discfg rollback nosuch --to 1
        discfg rollback --prefix / --to 1
        discfg rollback mode
        discfg rollback mode --to x
        discfg rollback mode --prefix db --to 1
        discfg rollback mode --to 0
        ",
    );
}

#[test]
fn purge() {
    let place = prepared();
    place
        .args(["set", "db/password", "plain", "--plain"])
        .run()
        .code(0);
    place
        .args(["set", "db/password", "hunter3", "--secret"])
        .run()
        .code(0);
    place.args(["set", "mode", "testing"]).run().code(0);
    let file = place.home().join("data/discfg/mycfg.db");
    let database = Connection::open(file).expect("SQLite opens it");
    // Only what is older than two minutes is purged.
    let aged = database.execute("UPDATE log SET at = at - 600 WHERE key != '/app/name'", []);
    aged.expect("it is written");
    drop(database);
    let sure = "[y/N] ";
    let mut session = Transcript::of(&place);
    session
        .about("# A secret that was stored in plain text once")
        .on_terminal("discfg purge db/password", &[(sure, "n")])
        .on_terminal("discfg purge db/password", &[(sure, "y")])
        .script(
            r"
        discfg purge db/password --dry-run
        discfg history db/password --values
        discfg history db/password -f json
        discfg get db/password --revision 5
        discfg rollback --prefix db --to 5

        # Formats, and a dry run
        discfg purge mode --dry-run
        discfg purge mode --dry-run -f json
        discfg purge mode
        discfg purge mycfg mode --yes -f json
        discfg purge mode --yes -f yaml
        discfg purge mode --yes -f raw
        discfg purge mode --yes -q

        # What changed just now, what never was, and bad input
        discfg set app/name store -q
        discfg purge app/name --yes -f json
        discfg purge nosuch --yes
        discfg purge nosuch mode --yes
        discfg purge
        ",
        )
        .keep("output", "purge");
}

#[test]
fn diff() {
    session(
        "diff",
        r#"
        # Two prefixes
        discfg copy /db /spare --yes -q
        discfg diff /db /spare
        discfg set spare/url postgres://other
        discfg set spare/timeout 3
        discfg delete spare/salt
        discfg set spare/password hunter3
        discfg diff /db /spare
        discfg diff /db /spare --values
        discfg diff /db /spare -f json
        discfg diff /db /spare --values -f json
        discfg diff /db /spare -f yaml
        discfg diff /db /spare -f raw
        discfg diff /db /spare -f silent

        # A place and its past
        discfg diff /db@1 /db
        discfg diff /@1 /
        discfg diff mycfg@1 mycfg
        discfg diff /mode@1 /mode

        # A file
        echo '{"url": "postgres://db.internal/shop", "new": 1}' | discfg diff /db -d - --from json
        echo '{"url": "postgres://db.internal/shop", "new": 1}' | discfg diff /db -d - --from json --values
        discfg diff /db -d nosuch.json

        # Other configs
        discfg init other --local
        discfg diff mycfg other
        discfg diff mycfg:/db other:/db
        discfg diff mycfg nosuch

        # Bad input
        discfg diff
        discfg diff /db
        discfg diff /db /spare@99
        discfg diff /db /spare@x
        discfg diff /a//b /db
        discfg diff a/b /db
        echo '{' | discfg diff /db -d - --from json
        "#,
    );
}

#[test]
fn r#move() {
    session(
        "move",
        r"
        # Within a config
        discfg move /db /storage --dry-run
        discfg move /db /storage --dry-run --values
        discfg move /db /storage --dry-run -f json
        discfg move /db /storage
        discfg move /db/url /db/uri --yes -m 'As the driver calls it'
        discfg history db/uri
        discfg mv /services /hosts --yes

        # Other configs
        discfg init other --local
        discfg move mycfg:/db other:/db --yes
        discfg move mycfg:/app other:/app --yes -f json

        # What isn't there, what is in the way, and bad input
        discfg set db/url one
        discfg set db/uri two
        discfg move /nosuch /elsewhere --yes
        discfg move /db/url /db/uri --yes
        discfg move /db/url /db/uri --yes --force --values
        discfg move /db /db --yes
        discfg move /db /db/deeper --yes
        discfg move /db@1 /old --yes
        ",
    );
}

#[test]
fn copy() {
    session(
        "copy",
        r"
        # Within a config
        discfg copy /db /spare --dry-run
        discfg copy /db /spare --dry-run --values
        discfg copy /db /spare --dry-run -f json
        discfg copy /db /spare
        discfg copy /db /spare --yes
        discfg copy /db /spare --yes
        discfg copy /db /spare --yes -f json
        discfg set db/url postgres://other
        discfg cp /db /spare --yes --values

        # A place's past, keys with a time to live, other configs
        discfg copy /db@1 /old --yes
        discfg copy /services /other-services --yes
        discfg copy /services /other-services --yes --with-ttl
        discfg init other --local
        discfg copy mycfg other --yes
        discfg copy mycfg:/db other:/spare --yes -f json
        discfg copy /app /new --batch --yes

        # What isn't there, and bad input
        discfg copy /nosuch /elsewhere --yes
        discfg copy nosuch /elsewhere --yes
        discfg copy mycfg nosuch --yes
        discfg copy /db /db --yes
        discfg copy /db
        discfg copy /db /spare@1 --yes
        ",
    );
}
