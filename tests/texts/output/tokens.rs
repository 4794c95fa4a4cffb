//! The tokens of a server, its log, and a server that doesn't start.

use super::prepared::{prepared, session};
use support::serving::{Server, new_token};
use support::transcript::Transcript;

#[test]
fn serve_token() {
    session(
        "serve-token",
        r"
        # Made
        discfg serve token new --file tokens --name reader --read-all
        discfg serve token new --file tokens --name web --write web --write @root --decrypt mycfg -f json
        discfg serve token new --file tokens --name ops --write-all mycfg other -f yaml
        discfg serve token new --file tokens --name two --read db --read app -f raw -q

        # Listed
        discfg serve token list --file tokens
        discfg serve token list --file tokens -f json
        discfg serve token list --file tokens -f yaml
        discfg serve token list --file tokens -f raw

        # Revoked
        discfg serve token revoke --file tokens --name two
        discfg serve token revoke --file tokens --name ops -f json
        discfg serve token revoke --file tokens --name ops

        # Bad input
        discfg serve token new --file tokens --name reader --read-all
        discfg serve token new --file tokens --name new
        discfg serve token new --file tokens --name 'no name' --read-all
        discfg serve token new --file tokens --name new --read-all --write db
        discfg serve token new --file tokens --name new --read-all -f silent
        discfg serve token new --name new --read-all
        discfg serve token list --file nosuch
        echo broken > broken; chmod 600 broken; discfg serve token list --file broken
        chmod 644 tokens; discfg serve token list --file tokens
        discfg serve token
        ",
    );
}

#[test]
fn serve_that_does_not_start() {
    session(
        "serve-refused",
        r"
        discfg serve nosuch
        discfg serve --listen nowhere
        discfg serve --listen 0.0.0.0:0
        discfg serve --tls-cert nosuch.pem --tls-key nosuch.key
        discfg serve --tls-cert nosuch.pem
        discfg serve --token-file nosuch
        discfg serve --engine https://config.example.com
        discfg serve --log loud
        discfg serve --max-body none
        ",
    );
}

#[test]
fn console_that_does_not_start() {
    session(
        "ui-refused",
        r"
        discfg ui --no-open nosuch
        discfg ui --no-open mycfg mycfg
        discfg ui --no-open --exit-when-idle soon
        discfg serve --ui
        ",
    );
}

/// What a server writes from its start to its end.
#[test]
fn serve() {
    let place = prepared();
    let token = new_token(&place, "tokens", "reader", &["--read-all"]);
    let mut session = Transcript::of(&place);
    for (log, more) in [
        ("text", &[][..]),
        ("json", &[]),
        ("text", &["--token-file", "tokens"]),
    ] {
        let flags = [&["--log", log][..], more].concat();
        let server = Server::start(&place, &flags);
        let mut said = vec![server.says("serving")];
        let url = server.url.clone();
        for (method, path) in [
            ("GET", "/v1/mycfg/@root/keys/mode"),
            ("PUT", "/v1/mycfg/@root/keys/a"),
        ] {
            server.with_token(&token, method, path, "");
            said.push(server.says(path));
        }
        server.ask("GET", "/nosuch", &[], "");
        said.push(server.says("/nosuch"));
        server.signal("TERM");
        let call = format!("discfg serve --listen 127.0.0.1:0 {}", flags.join(" "));
        session.about(&format!("# {url} is asked three times, and the server gets TERM"));
        session.said(&said).outcome(&call, &server.end());
    }
    session.keep("output", "serve");
}
