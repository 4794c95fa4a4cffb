//! Which certificates a server is judged by: Amazon's own for Amazon's hosts, the system's for every other host
//! and where Amazon's don't verify, and those of `AWS_CA_BUNDLE` alone where it is set. And what is said of one that
//! isn't accepted.

use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use support::account::keys;
use support::cli::{Outcome, Place};
use support::tls::{Authority, Handshake, TlsServer, Validity};

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
        .stderr_has("not signed by a CA that this machine trusts");
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
        .stderr_has("not signed by a CA that this machine trusts");
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
    for (content, problem) in [
        ("", "no usable root certificate"),
        ("not PEM at all", "no usable root certificate"),
    ] {
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
        .stderr_has("cannot read AWS_CA_BUNDLE missing.pem");
    assert!(server.handshakes().is_empty());
}

/// Each way to a server: an API with tokens, one that takes signed requests, and DynamoDB itself.
fn ways(server: &TlsServer, roots: &str) -> [Place; 3] {
    let place = || {
        let place = place();
        let roots = place.write("system.pem", roots);
        place.env("SSL_CERT_FILE", roots)
    };
    let engine = || place().env("DISCFG_ENGINE", server.url());
    [
        engine(),
        engine().env("DISCFG_SIGN", "true").env("DISCFG_AS", "self"),
        place()
            .env("AWS_ENDPOINT_URL", server.url())
            .env("DISCFG_AS", "self"),
    ]
}

/// How often the server was hung up on, once that is as often as this: it hears of it after the client has ended.
fn refusals(server: &TlsServer, wanted: usize) -> usize {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        let refusals = server.handshakes().len();
        if refusals >= wanted || Instant::now() > deadline {
            return refusals;
        }
        std::thread::yield_now();
    }
}

#[test]
fn a_certificate_that_is_not_accepted_is_told_with_the_reason_and_the_mend() {
    let authority = Authority::new("Company");
    let roots = authority.pem();
    let other = Authority::new("Another").pem();
    let untrusted = "not signed by a CA that this machine trusts";
    for (host, validity, roots, told, mend) in [
        ("localhost", Validity::Now, &other, untrusted, "AWS_CA_BUNDLE"),
        (
            "other.example",
            Validity::Now,
            &roots,
            "its certificate is valid for other.example, not for localhost",
            "use the host name in the certificate",
        ),
        (
            "localhost",
            Validity::Past,
            &roots,
            "its certificate expired at 2020-02-01T00:00:00Z",
            "renew the server's certificate",
        ),
        (
            "localhost",
            Validity::Future,
            &roots,
            "its certificate is not valid yet: it starts at 4000-02-01T00:00:00Z",
            "correct this machine's clock",
        ),
    ] {
        let server = TlsServer::proving(authority.server_at(host, validity));
        for (way, place) in ways(&server, roots).into_iter().enumerate() {
            let told = place
                .args(["get", "app", "/db/url"])
                .run()
                .code(6)
                .stdout("")
                .stderr_has("is not trusted")
                .stderr_has(told)
                .stderr_lacks("invalid peer");
            // An SDK tries again, and tells no reasons apart.
            if way < 2 {
                told.stderr_has(mend).stderr_lacks("cannot be reached");
                assert_eq!(refusals(&server, way + 1), way + 1, "one try is enough");
            }
        }
        assert!(!server.handshakes().contains(&Handshake::Done));
    }
    // A commit wasn't made, and that is known at once.
    let server = TlsServer::proving(authority.server_at("localhost", Validity::Past));
    ways(&server, &roots)[0]
        .args(["set", "app", "/db/url", "x"])
        .run()
        .code(6)
        .stderr_has("its certificate expired")
        .stderr_lacks("outcome");
}

#[test]
fn a_bundle_that_others_can_write_is_not_used() {
    let company = Authority::new("Company");
    let server = TlsServer::start(&company, "localhost");
    let place = place().env("AWS_ENDPOINT_URL", server.url());
    let bundle = place.write("bundle.pem", company.pem());
    std::fs::set_permissions(&bundle, std::fs::Permissions::from_mode(0o666)).expect("it is ours");
    let place = place.env("AWS_CA_BUNDLE", &bundle);
    get(&place)
        .stdout("")
        .stderr_has("others can write")
        .stderr_has("chmod go-w");
    std::fs::set_permissions(&bundle, std::fs::Permissions::from_mode(0o444)).expect("it is ours");
    get(&place).code(0).stdout("value\n");
}

#[test]
fn the_systems_roots_are_judged_where_a_variable_names_them() {
    let company = Authority::new("Company");
    let server = TlsServer::start(&company, "localhost");
    let place = place().env("AWS_ENDPOINT_URL", server.url());
    let said = |name: &str, path: &str, what: &str| {
        place
            .args(["get", "app", "/db/url", "--as", "self"])
            .env(name, path)
            .run()
            .code(8)
            .stdout("")
            .stderr_has(name)
            .stderr_has(what);
    };
    said("SSL_CERT_FILE", "/dev/zero", "is a device, not a regular file");
    said("SSL_CERT_FILE", "absent.pem", "No such file");
    let large = place.dir().join("large.pem");
    std::fs::File::create(&large)
        .and_then(|file| file.set_len(17 * 1024 * 1024))
        .expect("a file");
    said("SSL_CERT_FILE", "large.pem", "is too large");
    place.write("none.pem", "nothing");
    said("SSL_CERT_FILE", "none.pem", "no usable root certificate");
    // A folder of certificates, as OpenSSL keeps them.
    let folder = place.dir().join("certs");
    std::fs::create_dir(&folder).expect("a folder");
    std::os::unix::fs::symlink("/dev/zero", folder.join("0a1b2c3d.0")).expect("a link");
    said("SSL_CERT_DIR", "certs", "no usable root certificate");
    place.write("company.pem", company.pem());
    std::os::unix::fs::symlink("../company.pem", folder.join("0a1b2c3d.1")).expect("a link");
    get(&place.env("SSL_CERT_DIR", "certs")).code(0).stdout("value\n");
}

#[test]
fn files_of_the_sdk_are_judged_where_a_variable_names_them() {
    let company = Authority::new("Company");
    let server = TlsServer::start(&company, "localhost");
    let place = place().env("AWS_ENDPOINT_URL", server.url());
    let roots = place.write("system.pem", company.pem());
    let place = place.env("SSL_CERT_FILE", roots);
    super::hostile_files::pipe(&place.dir().join("pipe"));
    let get = |variable: &str, path: &str| {
        place
            .args(["get", "app", "/db/url", "--as", "self"])
            .env(variable, path)
            .run()
    };
    for variable in [
        "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    ] {
        for (path, what) in [("/dev/zero", "is a device"), ("pipe", "is a named pipe")] {
            get(variable, path)
                .code(8)
                .stdout("")
                .stderr_has(variable)
                .stderr_has(what);
        }
        for path in ["/dev/null", "absent"] {
            get(variable, path).code(0).stdout("value\n");
        }
    }
}
