//! Grants: given, listed, changed, taken back.

use support::grants::{deployed, developer};
use support::transcript::Transcript;

#[test]
fn grants() {
    let (account, _proxy, place) = deployed();
    account.developer();
    let place = place.env("DEVELOPER", developer(&account));
    let mut session = Transcript::of(&place);
    session
        .script(
            r#"
            # None yet
            discfg grants
            discfg grants -f json

            # What would be given
            discfg grant team --write db --write @root --principal "$DEVELOPER" --dry-run
            discfg grant team --write db --write @root --principal "$DEVELOPER" --dry-run -f json
            discfg grant team --write db --write @root --principal "$DEVELOPER"

            # Given, unchanged, changed
            discfg grant team --write db --write @root --principal "$DEVELOPER" --yes
            discfg grant team --yes
            discfg grant team --read db --yes
            discfg grant reports --read web --principal "$DEVELOPER" --yes -f json
            discfg grant ci --read db --github acme/shop:environment:production --yes
            discfg grant ci --read db --github acme/shop:environment:production --create-oidc-provider --yes
            discfg grant lab --read db --oidc gitlab,project_path:acme/shop:ref_type:branch:ref:main --yes
            discfg grant lab --read db --oidc gitlab,project_path:acme/shop:ref_type:branch:ref:main --create-oidc-provider --yes

            # Listed
            discfg grants
            discfg grants -f json
            discfg grants -f yaml
            discfg grants -f raw
            discfg status
            "#,
        )
        .on_terminal("discfg grants", &[])
        .on_terminal("discfg configs", &[])
        .on_terminal("discfg grant team --read db --read web --dry-run", &[])
        .script(
            r#"
            # Revoked
            discfg revoke team
            discfg revoke team --yes
            discfg revoke reports --yes -f json
            discfg revoke team --yes
            discfg grants

            # Bad input
            discfg grant
            discfg grant new
            discfg grant new --read db
            discfg grant new --read db --write db --principal "$DEVELOPER"
            discfg grant new --read db --principal nobody
            discfg grant New --read db --principal "$DEVELOPER"
            discfg grant new --read a/b --principal "$DEVELOPER"
            discfg grant nosuch new --read db --principal "$DEVELOPER" --yes
            discfg get mode --as nosuch
            "#,
        )
        .keep("platform", "grants");
}
