//! What the environment and the AWS config files say is checked before the SDK sees it, and named where it is wrong.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
#[cfg(target_os = "linux")]
use std::os::unix::fs::PermissionsExt as _;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use support::account::keys;
use support::cli::Place;
use support::config::CONFIG;

/// Where a request would be refused, so that the settings before it are all right.
fn place() -> Place {
    Place::at("http://127.0.0.1:1", &keys("id", "secret"))
        .env("DISCFG_CONFIG", CONFIG)
        .env("AWS_MAX_ATTEMPTS", "1")
}

fn get(place: &Place) -> support::cli::Call {
    place.args(["get", "k", "--as", "self"])
}

#[test]
fn an_empty_setting_is_unset_and_legacy_is_standard() {
    let place = place();
    for name in [
        "AWS_RETRY_MODE",
        "AWS_MAX_ATTEMPTS",
        "AWS_ENDPOINT_URL_DYNAMODB",
        "AWS_USE_FIPS_ENDPOINT",
        "AWS_PROFILE",
        "AWS_CONFIG_FILE",
        "AWS_DEFAULT_REGION",
        "AWS_SESSION_TOKEN",
        "AWS_EC2_METADATA_DISABLED",
    ] {
        let refused = get(&place).env(name, "").env("AWS_RETRY_MODE", "legacy").run();
        refused.code(6).stdout("").stderr_has("Connection refused");
    }
    let profile =
        "[default]\nregion = eu-central-1\nretry_mode =\nmax_attempts =\nendpoint_url = http://127.0.0.1:1\n";
    in_config(&place, profile);
    for (name, value) in [("AWS_REGION", ""), ("AWS_ENDPOINT_URL", "")] {
        let refused = get(&place).env(name, value).run();
        refused.code(6).stdout("").stderr_has("Connection refused");
    }
}

#[test]
fn an_empty_setting_in_a_file_is_unset() {
    let place = place();
    let names = [
        "retry_mode",
        "max_attempts",
        "role_arn",
        "credential_source",
        "credential_process",
        "web_identity_token_file",
        "sso_session",
        "sso_start_url",
        "login_session",
        "source_profile",
    ];
    for name in names {
        for empty in [format!("{name} ="), format!("{} = # none", name.to_uppercase())] {
            in_config(&place, &format!("[default]\nregion = eu-central-1\n{empty}\n"));
            // What the credentials file has is used.
            let credentials = "[default]\naws_access_key_id = a\naws_secret_access_key = b\n";
            fs::write(place.home().join(".aws/credentials"), credentials).expect("a file");
            get(&place)
                .env("AWS_ACCESS_KEY_ID", "")
                .env("AWS_MAX_ATTEMPTS", "")
                .run()
                .code(6)
                .stdout("")
                .stderr_has("Connection refused");
        }
        let path = in_config(&place, &format!("[default]\n{name} =\n  x = 1\n"));
        let error = format!(
            "error: invalid {name} in {path}, line 2: expected a value on this line, not an indented block below it\n"
        );
        get(&place).run().code(2).stdout("").stderr(&error);
    }
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_text_is_named() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let place = place();
    for name in [
        "AWS_REGION",
        "AWS_PROFILE",
        "AWS_RETRY_MODE",
        "AWS_MAX_ATTEMPTS",
        "AWS_ACCESS_KEY_ID",
        "AWS_SESSION_TOKEN",
        "AWS_ENDPOINT_URL_DYNAMODB",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
    ] {
        get(&place)
            .env(name, OsStr::from_bytes(b"a\xff"))
            .run()
            .code(2)
            .stdout("")
            .stderr(&format!("error: invalid {name}: not valid UTF-8\n"));
    }
    get(&place)
        .env("AWS_OF_ANOTHER_PROGRAM", OsStr::from_bytes(b"a\xff"))
        .run()
        .code(6);
}

#[test]
fn what_credentials_lack_is_named() {
    let place = place().without_env("AWS_SECRET_ACCESS_KEY");
    let error = "error: invalid AWS_SECRET_ACCESS_KEY: it is not set, but AWS_ACCESS_KEY_ID is\n";
    get(&place).run().code(2).stdout("").stderr(error);
    let place = place.without_env("AWS_ACCESS_KEY_ID");
    for (variable, used_with, value) in [
        (
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "AWS_ROLE_ARN",
            "arn:aws:iam::123456789012:role/dev",
        ),
        (
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            "http://127.0.0.1:1",
        ),
    ] {
        let error = format!("error: cannot read /nosuch, which {variable} names\n  because: ");
        get(&place)
            .env(variable, "/nosuch")
            .env(used_with, value)
            .run()
            .stdout("")
            .code(8)
            .stderr_has(&error);
    }
    let config =
        "[default]\nrole_arn = arn:aws:iam::123456789012:role/dev\nweb_identity_token_file = /nosuch\n";
    let path = in_config(&place, config);
    let error =
        format!("error: cannot read /nosuch, which web_identity_token_file in {path}, line 3 names\n");
    get(&place).run().code(8).stdout("").stderr_has(&error);
}

/// An HTTP server that gives credentials to whoever asks, and refuses what is posted. What was asked comes by the channel.
fn credential_server() -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    let (tell, told) = channel();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut request = vec![0; 64 * 1024];
            let mut length = (&stream).read(&mut request).unwrap_or(0);
            if request.starts_with(b"POST") && request[..length].ends_with(b"\r\n\r\n") {
                length += (&stream).read(&mut request[length..]).unwrap_or(0);
            }
            let request = String::from_utf8_lossy(&request[..length]).into_owned();
            let status = if request.starts_with("GET") {
                "200 OK"
            } else {
                "403 Forbidden"
            };
            let body = r#"{"AccessKeyId":"id","SecretAccessKey":"s","Token":"t","Expiration":"2099-01-01T00:00:00Z"}"#;
            let length = body.len();
            let head = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
            let _ = (&stream).write_all((head + body).as_bytes());
            if tell.send(request).is_err() {
                break;
            }
        }
    });
    (url, told)
}

#[test]
fn an_empty_variable_of_a_source_of_credentials_is_unset() {
    let (url, asked) = credential_server();
    let place = place()
        .without_env("AWS_ACCESS_KEY_ID")
        .without_env("AWS_SECRET_ACCESS_KEY");
    let token = place.write("token", "a token");
    let container = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", url.as_str())];
    let identity = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.to_str().expect("UTF-8")),
        ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/dev"),
        ("AWS_ENDPOINT_URL_STS", &url),
    ];
    let given = |set: &[(&str, &str)], empty: &[&str]| {
        let set = set.iter().copied().chain(empty.iter().map(|name| (*name, "")));
        set.fold(get(&place), |call, (name, value)| call.env(name, value))
            .run()
    };
    let empty = [
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        "AWS_ROLE_ARN",
        "AWS_ROLE_SESSION_NAME",
    ];
    let none = given(&[], &[]).code(5);
    for name in empty {
        given(&[], &[name]).code(5).stdout("").stderr(none.errors());
        if name != "AWS_CONTAINER_CREDENTIALS_FULL_URI" {
            // The credentials of the container are used, and sent where nobody listens.
            given(&container, &[name])
                .code(6)
                .stderr_has("Connection refused");
            let request = asked.recv().expect("it was asked").to_ascii_lowercase();
            assert!(
                request.starts_with("get / ") && !request.contains("authorization"),
                "{request}"
            );
        }
    }
    given(&identity, &["AWS_ROLE_SESSION_NAME"]).code(5);
    let request = asked.recv().expect("it was asked");
    assert!(
        request.contains("&RoleSessionName=web-identity-token-"),
        "{request}"
    );
    for missing in 0..2 {
        let name = identity[missing].0;
        let rest: Vec<_> = identity.into_iter().filter(|(other, _)| *other != name).collect();
        let unset = given(&rest, &[]).code(5);
        given(&rest, &[name]).code(5).stderr(unset.errors());
        assert!(asked.try_recv().is_err(), "{name}");
    }
}

#[test]
fn an_invalid_variable_is_named() {
    let place = place();
    for (name, value, problem) in [
        ("AWS_RETRY_MODE", "bogus", "expected standard, adaptive or legacy"),
        ("AWS_MAX_ATTEMPTS", "0", "expected a whole number from 1"),
        ("AWS_MAX_ATTEMPTS", "-1", "expected a whole number from 1"),
        ("AWS_MAX_ATTEMPTS", "many", "expected a whole number from 1"),
        ("AWS_USE_FIPS_ENDPOINT", "yes", "expected true or false"),
        ("AWS_EC2_METADATA_DISABLED", "1", "expected true or false"),
        ("AWS_ENDPOINT_URL", "localhost", "expected a URL such as "),
        ("AWS_ENDPOINT_URL_DYNAMODB", "ftp://x", "expected a URL such as "),
        ("AWS_ENDPOINT_URL_STS", "http://", "expected a URL such as "),
        (
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            "x",
            "expected a URL such as ",
        ),
        (
            "AWS_EC2_METADATA_SERVICE_ENDPOINT",
            "http:",
            "expected a URL such as ",
        ),
        (
            "AWS_ACCOUNT_ID_ENDPOINT_MODE",
            "x",
            "expected preferred, disabled or required",
        ),
    ] {
        let error = format!("error: invalid {name} {value:?}: {problem}");
        get(&place)
            .env(name, value)
            .run()
            .code(2)
            .stdout("")
            .stderr_has(&error)
            .stderr_lacks("panicked");
    }
    let sent = "it contains a character that can't be sent in a header";
    let url = "expected a URL such as ";
    for (name, value, problem) in [
        ("AWS_EXECUTION_ENV", "x\ny", sent),
        ("AWS_LAMBDA_FUNCTION_NAME", "x\ty", sent),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1/?a b", url),
        ("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1\n", url),
        (
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            "a b",
            "expected a path such as /v2/credentials",
        ),
    ] {
        let error = format!("error: invalid {name} {value:?}: {problem}");
        get(&place)
            .env(name, value)
            .run()
            .code(2)
            .stdout("")
            .stderr_has(&error);
    }
    let error = "error: invalid AWS_ACCESS_KEY_ID: it contains a character that no access key ID has\n";
    for id in ["a/b", "a=b", "a,b"] {
        let call = get(&place).env("AWS_ACCESS_KEY_ID", id);
        call.run().code(2).stdout("").stderr(error);
    }
    let error = "error: invalid AWS_CONTAINER_AUTHORIZATION_TOKEN: it contains a line break\n";
    let call = get(&place).env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "a\nb");
    call.run().code(2).stdout("").stderr(error);
    for (value, problem) in [
        ("AKIA\n", "it contains a line break"),
        ("AK IA", "it contains white space"),
        ("AKIÄ", "it contains a character that can't be sent in a header"),
    ] {
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
            let error = format!("error: invalid {name}: {problem}\n");
            get(&place)
                .env(name, value)
                .run()
                .code(2)
                .stdout("")
                .stderr(&error);
        }
    }
    place
        .args(["get", "k", "--endpoint-url", "localhost:8000"])
        .run()
        .code(2)
        .stderr_has("error: invalid endpoint URL \"localhost:8000\": expected a URL such as ");
}

fn in_config(place: &Place, content: &str) -> String {
    fs::create_dir_all(place.home().join(".aws")).expect("a folder");
    let path = place.home().join(".aws/config");
    fs::write(&path, content).expect("a file");
    path.to_str().expect("a path in UTF-8").to_owned()
}

#[test]
fn an_invalid_setting_in_a_file_is_named_with_its_line() {
    let place = place().without_env("AWS_MAX_ATTEMPTS").without_env("AWS_REGION");
    for (content, problem) in [
        (
            "[default]\nretry_mode = bogus\n",
            "invalid retry_mode \"bogus\" in FILE, line 2: expected standard",
        ),
        (
            "[default]\n\nmax_attempts = 0 # none\n",
            "invalid max_attempts \"0\" in FILE, line 3: expected a whole number",
        ),
        (
            "[default]\nregion = Frankfurt\n",
            "invalid region \"Frankfurt\" in FILE, line 2: expected a code such as",
        ),
        (
            "[default]\nuse_fips_endpoint = 1\n",
            "invalid use_fips_endpoint \"1\" in FILE, line 2: expected true",
        ),
        ("[default]\nregion eu-central-1\n", "invalid FILE at line 2: "),
        ("region = eu-central-1\n", "invalid FILE at line 1: "),
    ] {
        let path = in_config(&place, content);
        let error = format!("error: {}", problem.replace("FILE", &path));
        get(&place).run().code(2).stdout("").stderr_has(&error);
    }
    for content in [
        "\u{feff}[default]\nregion = eu-central-1\n",
        "[default]\r\nregion = eu-central-1\r\n",
    ] {
        in_config(&place, content);
        get(&place).run().code(6).stderr_has("Connection refused");
    }
    in_config(&place, "[profile \"dev\"]\nregion = eu-central-1\n");
    get(&place)
        .env("AWS_PROFILE", "dev")
        .run()
        .code(6)
        .stderr_has("Connection refused");
}

#[test]
fn what_a_profile_gets_its_credentials_by_is_checked_with_its_line() {
    let place = Place::new()
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        .env("DISCFG_CONFIG", CONFIG);
    let role = "role_arn = arn:aws:iam::123456789012:role/dev\n";
    for (content, problem) in [
        (
            "[default]\naws_access_key_id = a\u{1}\naws_secret_access_key = b\n".to_owned(),
            "invalid aws_access_key_id in FILE, line 2: it contains a character that can't be sent in a header",
        ),
        (
            "[default]\naws_access_key_id = a\naws_secret_access_key = b\naws_session_token = c\u{7f}\n"
                .to_owned(),
            "invalid aws_session_token in FILE, line 4: it contains a character that can't be sent in a header",
        ),
        (
            format!("[default]\n{role}credential_source = Foo\n"),
            "invalid credential_source \"Foo\" in FILE, line 3: expected Environment, Ec2InstanceMetadata or EcsContainer",
        ),
        (
            format!("[default]\n{role}source_profile = default\n"),
            "invalid source_profile \"default\" in FILE, line 3: it names its own profile, which has no access key",
        ),
        (
            format!("[default]\n{role}source_profile = nosuch\n"),
            "invalid source_profile \"nosuch\" in FILE, line 3: no such profile: not in FILE",
        ),
        (
            format!("[default]\n{role}source_profile = b\n[profile b]\n{role}source_profile = default\n"),
            "invalid source_profile \"default\" in FILE, line 6: these profiles name each other: default, b",
        ),
        (
            format!("[default]\n{role}"),
            "invalid role_arn \"arn:aws:iam::123456789012:role/dev\" in FILE, line 2: its profile also needs source_profile, \
             credential_source or web_identity_token_file",
        ),
        (
            "[default]\nsso_session = nosuch\nsso_account_id = 123456789012\nsso_role_name = dev\n"
                .to_owned(),
            "invalid sso_session \"nosuch\" in FILE, line 2: the section [sso-session nosuch] does not exist",
        ),
    ] {
        let path = in_config(&place, &content);
        let error = format!("error: {}\n", problem.replace("FILE", &path));
        get(&place).run().code(2).stdout("").stderr(&error);
    }
    // A role that is assumed with its profile's own key.
    in_config(
        &place,
        &format!(
            "[default]\n{role}source_profile = default\naws_access_key_id = a\naws_secret_access_key = b\n"
        ),
    );
    get(&place).env("AWS_MAX_ATTEMPTS", "1").run().code(6);
    // Keys in the environment don't hide that the profile isn't there, as for the AWS CLI.
    get(&place)
        .env("AWS_PROFILE", "nosuch")
        .env("AWS_ACCESS_KEY_ID", "a")
        .env("AWS_SECRET_ACCESS_KEY", "b")
        .run()
        .code(2)
        .stderr_has("nosuch");
}

#[test]
fn a_profile_that_is_not_there_is_named_in_place_of_what_it_lacks() {
    let place = place().without_env("AWS_REGION");
    let path = in_config(
        &place,
        "[profile dev]\nregion = eu-central-1\n[ops]\nregion = eu-west-1\n",
    );
    for (name, problem) in [
        ("nosuch", format!("not in {path}")),
        ("ops", format!("{path}, line 3: [ops] must be [profile ops]")),
    ] {
        let error = format!(
            "error: AWS profile \"{name}\" not found: {problem}\n  hint: list the profiles with `aws configure list-profiles`\n"
        );
        get(&place)
            .env("AWS_PROFILE", name)
            .run()
            .code(2)
            .stdout("")
            .stderr(&error);
        place
            .args(["get", "k", "-p", name, "--region", "eu-west-1"])
            .run()
            .code(2)
            .stdout("")
            .stderr(&error);
    }
}

#[test]
fn a_program_for_credentials_that_fails_is_named_without_its_arguments() {
    let place = Place::new()
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        .env("AWS_MAX_ATTEMPTS", "1")
        .env("DISCFG_CONFIG", CONFIG);
    for (command, problem) in [
        ("false --token hidden", "credential_process false: exit status: 1"),
        (
            "echo hidden",
            "credential_process echo: its output is not the JSON of credentials",
        ),
        (
            r#"printf %s '{"Version":1,"AccessKeyId":"hid\nden","SecretAccessKey":"b"}'"#,
            "invalid access key ID: it contains a line break",
        ),
    ] {
        in_config(&place, &format!("[default]\ncredential_process = {command}\n"));
        get(&place)
            .run()
            .code(5)
            .stdout("")
            .stderr_has(problem)
            .stderr_lacks("hidden")
            .stderr_lacks("panicked");
    }
    let printed =
        r#"{"Version":1,"AccessKeyId":"a","SecretAccessKey":"b","Expiration":"2099-01-01T00:00:00Z"}"#;
    in_config(
        &place,
        &format!("[default]\ncredential_process = echo '{printed}'\n"),
    );
    get(&place).run().code(6).stderr_has("Connection refused");
}

#[cfg(target_os = "linux")]
#[test]
fn a_program_for_credentials_ends_with_its_caller() {
    let place = Place::new()
        .env("AWS_REGION", "eu-central-1")
        .env("DISCFG_CONFIG", CONFIG);
    let program = place.write("program", "#!/bin/sh\necho pid $$ >&2; exec sleep 600\n");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it is executable");
    for command in ["./program --user ann", "env -u X ./program \"a b\""] {
        in_config(&place, &format!("[default]\ncredential_process = {command}\n"));
        for signal in ["TERM", "INT", "HUP", "KILL"] {
            let running = get(&place).start();
            let line = running.says("pid ");
            let pid = line.trim_start_matches("pid ");
            running.signal(signal);
            let gone = format!(
                "for try in $(seq 500); do kill -0 {pid} 2>/dev/null || exit 0; sleep 0.02; done; kill {pid}; exit 1"
            );
            place.shell(&gone).run().code(0);
        }
    }
}

#[test]
fn credentials_that_need_more_say_what() {
    let place = Place::new()
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        .env("DISCFG_CONFIG", CONFIG);
    in_config(
        &place,
        "[default]\nlogin_session = arn:aws:iam::123456789012:user/ann\n",
    );
    get(&place)
        .run()
        .code(5)
        .stderr_has("error: profile default uses login_session, which discfg does not support\n")
        .stderr_has("aws configure export-credentials --profile default");
    in_config(
        &place,
        "[default]\nrole_arn = arn:aws:iam::123456789012:role/dev\nsource_profile = base\nmfa_serial = arn:aws:iam::123456789012:mfa/ann\n\
         [profile base]\naws_access_key_id = a\naws_secret_access_key = b\n",
    );
    get(&place).run().code(5).stderr_has(
        "profile default requires a code of the MFA device arn:aws:iam::123456789012:mfa/ann: no terminal to ask for it",
    );
}
