//! The tokens of a server, and a server that doesn't start.

use super::prepared::session;

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
