//! Which certificates a server is judged by: Amazon's own for Amazon's hosts, the system's for every other host
//! and where Amazon's don't verify, and those of `AWS_CA_BUNDLE` alone where it is set.

use support::account::keys;
use support::cli::{Outcome, Place};
use support::tls::{Authority, Handshake, TlsServer};

/// A host whose certificates come from Amazon; the proxy that these tests set leads elsewhere.
const AMAZON: &str = "dynamodb.eu-central-1.amazonaws.com";

fn place() -> Place {
    Place::at("", &keys("id", "secret")).without_env("AWS_ENDPOINT_URL")
}

fn get(place: &Place) -> Outcome {
    place.args(["get", "app", "/db/url", "--as", "self"]).run()
}

#[test]
fn amazons_hosts_are_judged_by_amazons_roots_first_and_then_by_the_systems() {
    let company = Authority::new("Company that opens TLS");
    let server = TlsServer::start(&company, AMAZON);
    let place = place().env("HTTPS_PROXY", server.proxy_url());
    let trusting = place.write("system.pem", company.pem());
    let place = place.env("SSL_CERT_FILE", trusting);
    get(&place).code(0).stdout("value\n").stderr("");
    assert_eq!(
        server.handshakes(),
        [Handshake::Refused, Handshake::Done],
        "Amazon's roots were asked first"
    );
}

#[test]
fn a_host_that_neither_list_knows_is_not_spoken_to() {
    let stranger = Authority::new("Stranger");
    let server = TlsServer::start(&stranger, AMAZON);
    let place = place().env("HTTPS_PROXY", server.proxy_url());
    let other = place.write("system.pem", Authority::new("Another").pem());
    get(&place.env("SSL_CERT_FILE", other))
        .code(6)
        .stdout("")
        .stderr_has("invalid peer certificate: UnknownIssuer");
    let handshakes = server.handshakes();
    assert!(!handshakes.is_empty());
    assert!(
        handshakes
            .iter()
            .all(|handshake| *handshake == Handshake::Refused)
    );
}

#[test]
fn any_other_host_is_judged_by_the_systems_roots_at_once() {
    let company = Authority::new("Company");
    let server = TlsServer::start(&company, "localhost");
    let place = place().env("AWS_ENDPOINT_URL", server.url());
    let trusting = place.write("system.pem", company.pem());
    get(&place.env("SSL_CERT_FILE", trusting))
        .code(0)
        .stdout("value\n");
    assert_eq!(server.handshakes(), [Handshake::Done]);
}

#[test]
fn a_bundle_replaces_amazons_roots() {
    let company = Authority::new("Company that opens TLS");
    let server = TlsServer::start(&company, AMAZON);
    let place = place().env("HTTPS_PROXY", server.proxy_url());
    let bundle = place.write("bundle.pem", company.pem());
    get(&place.env("AWS_CA_BUNDLE", bundle)).code(0).stdout("value\n");
    assert_eq!(server.handshakes(), [Handshake::Done]);
}

#[test]
fn a_bundle_replaces_the_systems_roots() {
    let company = Authority::new("Company");
    let server = TlsServer::start(&company, "localhost");
    let place = place().env("AWS_ENDPOINT_URL", server.url());
    let system = place.write("system.pem", company.pem());
    let bundle = place.write("bundle.pem", Authority::new("Another").pem());
    let place = place.env("SSL_CERT_FILE", system).env("AWS_CA_BUNDLE", bundle);
    get(&place)
        .code(6)
        .stdout("")
        .stderr_has("invalid peer certificate: UnknownIssuer");
    assert!(!server.handshakes().contains(&Handshake::Done));
}

#[test]
fn a_certificate_in_a_bundle_that_is_of_no_use_spoils_none_of_the_others() {
    let company = Authority::new("Company");
    let server = TlsServer::start(&company, "localhost");
    let place = place().env("AWS_ENDPOINT_URL", server.url());
    let useless = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let bundle = place.write("bundle.pem", format!("{useless}{}", company.pem()));
    get(&place.env("AWS_CA_BUNDLE", bundle)).code(0).stdout("value\n");
}

#[test]
fn a_bundle_that_holds_no_certificate_is_named() {
    let server = TlsServer::start(&Authority::new("Company"), "localhost");
    let place = place().env("AWS_ENDPOINT_URL", server.url());
    for (content, problem) in [("", "no certificate"), ("not PEM at all", "no certificate")] {
        let bundle = place.write("bundle.pem", content);
        let named = format!("AWS_CA_BUNDLE {}", bundle.display());
        place
            .args(["get", "app", "/db/url", "--as", "self"])
            .env("AWS_CA_BUNDLE", bundle)
            .run()
            .stdout("")
            .stderr_has(&named)
            .stderr_has(problem)
            .stderr_lacks("panicked");
    }
    place
        .args(["get", "app", "/db/url", "--as", "self"])
        .env("AWS_CA_BUNDLE", "missing.pem")
        .run()
        .stderr_has("can't read AWS_CA_BUNDLE missing.pem");
    assert!(server.handshakes().is_empty());
}
