//! Commands that run others, or for some time.

use super::prepared::{prepared, session};
use support::transcript::Transcript;

#[test]
fn exec() {
    session(
        "exec",
        r#"
        # What a command is given
        discfg delete db/salt
        discfg exec --pristine -- env
        discfg exec --pristine --prefix db -- env
        discfg exec --pristine --prefix db --prefix app -- env
        discfg exec --pristine --env MAIN_URL=/db/url --prefix app -- env
        discfg exec --pristine --with-ttl --prefix services -- env
        URL=discfg OTHER=kept discfg exec --strict --prefix db -- sh -c 'echo "$URL $OTHER"'
        URL=kept discfg exec --no-clobber --prefix db -- sh -c 'echo "$URL"'
        discfg exec --prefix nosuch -- echo done
        discfg exec mycfg --prefix db -- sh -c 'exit 7'

        # Refusals, before the command is run
        URL=discfg NOSUCH=discfg discfg exec --strict --prefix db -- true
        discfg set app/node_options x
        discfg exec --prefix app -- true
        discfg exec --prefix app --allow-env NODE_OPTIONS --pristine -- true
        discfg delete app/node_options
        discfg exec --env URL=/nosuch -- true
        discfg set app/na.me x
        discfg set app/na-me y
        discfg exec --prefix app -- true
        discfg exec --env 1X=/db/url -- true
        discfg exec --env X -- true
        printf 'a\000b' | discfg set bytes/zero -d -
        discfg exec --prefix bytes -- true
        discfg set digits/1st x
        discfg exec --prefix digits -- true
        discfg exec nosuch -- true

        # Commands that can't be run, and bad input
        discfg exec --prefix db -- nosuch-command
        discfg exec --prefix db -- /
        discfg exec --prefix db
        discfg exec --prefix a//b -- true
        discfg exec --prefix db --interval 1s -- true
        "#,
    );
}

#[test]
fn watch() {
    session(
        "watch",
        r#"
        # Commits that were made already, one and then all
        discfg watch db --after 3 --once
        discfg watch db --after 3 --once -f json
        discfg watch db --after 3 --once -f yaml
        discfg watch db --after 3 --once -f raw
        discfg watch db --after 3 --once -q
        discfg watch app --after 1 --once
        discfg watch app --after 1 --once -f json
        discfg watch db --after 2 --once
        discfg watch db --after 2 --once -f json
        discfg watch --after @root=1 --once
        discfg watch services --after 0 --once
        discfg delete app/name
        discfg watch app --after 2 --once
        discfg watch app --after 2 --once -f json

        # A commit of several keys
        printf 'a: 1\nb: 2\n' | discfg import --prefix new -d - --from yaml
        discfg watch new --after 0 --once
        discfg watch new --after 0 --once -f json

        # A command for each
        discfg watch new --after 0 --once --exec 'echo "$DISCFG_OP $DISCFG_KEY=$DISCFG_VALUE"'
        discfg watch new --after 0 --once -f silent --exec 'echo "$DISCFG_OP $DISCFG_KEY=$DISCFG_VALUE"'
        discfg watch new --after 0 --once --exec 'exit 3'

        # Nothing happens
        discfg watch db --timeout 300ms
        discfg watch --timeout 300ms -f json

        # Bad input
        discfg watch db --after 99 --once
        discfg watch db --after app=1 --once
        discfg watch --after 1 --once
        discfg watch --after x --once
        discfg watch a//b
        discfg watch --interval never
        discfg watch nosuch db --once
        "#,
    );
}

/// The watch begins first: it tells no expiry after the fact.
#[test]
fn an_expiry() {
    let place = prepared();
    let mut session = Transcript::of(&place);
    let watch = ["watch", "services", "--interval", "10ms"];
    let watching = place.args(watch).start();
    let mut said = vec![watching.says("watching")];
    session.about("# A key expires while it is watched, and is gone");
    session.run("discfg set services/web/2 10.0.0.8:80 --ttl 2s");
    said.extend([watching.line(), watching.line()]);
    session.about("# discfg watch services --interval 10ms");
    session.said(&said);
    session.script(
        "
        discfg get services/web/2
        discfg touch services/web/2
        discfg ls -r services
        discfg history services/web/2
        ",
    );
    watching.signal("INT");
    session.outcome("discfg watch services --interval 10ms", &watching.end());
    session.keep("output", "watch-expiry");
}
