//! `export`: one consistent snapshot, in any format, on every engine.

use std::time::Duration;

use support::cli::Place;
use support::config::{behind_proxy, embedded, on_every_engine};

on_every_engine!(
    json_is_the_default_and_full_keys_are_flat,
    each_format_is_written,
    what_has_a_time_to_live_stays_out,
    a_digest_that_differs_is_a_conflict_and_nothing_is_written,
    a_template_is_rendered,
    secrets_are_masked_where_a_runner_reads_it,
    an_export_imports_to_the_same_or_says_what_it_loses,
    several_prefixes_are_exported_with_whole_keys,
    a_template_without_end_is_refused,
);

fn filled(place: &Place) {
    for (args, code) in [
        (&["set", "/db/url", "it's \"5\" $x"][..], 0),
        (&["set", "/db/pool/max", "1.10", "--json"], 0),
        (&["set", "/app/list", "[1, 2]"], 0),
        (&["set", "/name", "n"], 0),
    ] {
        place.args(args).run().code(code);
    }
}

fn json_is_the_default_and_full_keys_are_flat(place: &Place) {
    place.args(["export"]).run().code(0).stdout("{}\n").stderr("");
    filled(place);
    let all = "{\n  \"/app/list\": [1, 2],\n  \"/db/pool/max\": 1.10,\n  \"/db/url\": \"it's \\\"5\\\" $x\",\n  \"/name\": \"n\"\n}\n";
    for args in [
        &["export"][..],
        &["export", "mycfg"],
        &["export", "-f", "json"],
        &["export", "-c", "mycfg"],
    ] {
        place.args(args).run().code(0).stdout(all).stderr("");
    }
    place
        .args(["export", "--prefix", "db"])
        .run()
        .code(0)
        .stdout("{\n  \"pool/max\": 1.10,\n  \"url\": \"it's \\\"5\\\" $x\"\n}\n");
    place
        .args(["export", "--prefix", "/db", "--nested", "-f", "yaml"])
        .run()
        .code(0)
        .stdout("pool:\n  max: 1.10\nurl: \"it's \\\"5\\\" $x\"\n");
    place.args(["export", "--nested"]).run().code(0).json();
    place.args(["set", "/db", "v"]).run().code(0);
    place
        .args(["export", "--nested"])
        .run()
        .code(8)
        .stdout("")
        .stderr("error: nested JSON can't contain both /db and /db/pool/max\n");
}

fn each_format_is_written(place: &Place) {
    filled(place);
    for (format, wanted) in [
        ("dotenv", "POOL_MAX=1.10\nURL='it\\'s \"5\" $x'\n"),
        ("docker-env", "POOL_MAX=1.10\nURL=it's \"5\" $x\n"),
        ("tfvars", "POOL_MAX = 1.10\nURL = \"it's \\\"5\\\" $x\"\n"),
        ("properties", "pool.max=1.10\nurl=it's \"5\" $x\n"),
        ("csv", "key,value\npool/max,1.10\nurl,\"it's \"\"5\"\" $x\"\n"),
        (
            "shell",
            "export POOL_MAX='1.10'\nexport URL='it'\\''s \"5\" $x'\n",
        ),
        (
            "github-env",
            "POOL_MAX<<DISCFG_EOF\n1.10\nDISCFG_EOF\nURL<<DISCFG_EOF\nit's \"5\" $x\nDISCFG_EOF\n",
        ),
        (
            "k8s-secret",
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: mycfg\ntype: Opaque\ndata:\n  pool.max: \"MS4xMA==\"\n  url: \"aXQncyAiNSIgJHg=\"\n",
        ),
        (
            "k8s-configmap",
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: mycfg\ndata:\n  pool.max: \"1.10\"\n  url: \"it's \\\"5\\\" $x\"\n",
        ),
        ("silent", ""),
    ] {
        place
            .args(["export", "--prefix", "/db", "-f", format])
            .run()
            .code(0)
            .stdout(wanted)
            .stderr("");
    }
    place
        .args(["set", "/raw", "-d", "-"])
        .stdin(b"\xff\xfe")
        .run()
        .code(0);
    place
        .args(["export", "-f", "dotenv"])
        .run()
        .code(8)
        .stdout("")
        .stderr_has("cannot write the value of /raw as dotenv: it is bytes")
        .stderr_lacks("$x");
    place
        .args(["export", "-f", "yaml"])
        .run()
        .code(0)
        .stdout_has("/raw: !!binary \"//4=\"\n");
    place.args(["set", "/db-url", "other"]).run().code(0);
    place
        .args(["export", "-f", "shell"])
        .run()
        .code(8)
        .stdout("")
        .stderr_has("/db-url and /db/url would both be the variable DB_URL");
}

fn what_has_a_time_to_live_stays_out(place: &Place) {
    place.args(["set", "/a", "1"]).run().code(0);
    place.args(["set", "/b", "2", "--ttl", "1h"]).run().code(0);
    place
        .args(["export"])
        .run()
        .code(0)
        .stdout("{\n  \"/a\": \"1\"\n}\n");
    let both = "{\n  \"/a\": \"1\",\n  \"/b\": \"2\"\n}\n";
    place.args(["export", "--with-ttl"]).run().code(0).stdout(both);
}

fn a_digest_that_differs_is_a_conflict_and_nothing_is_written(place: &Place) {
    filled(place);
    let info = place
        .args(["info", "--prefix", "/db", "-f", "json"])
        .run()
        .code(0)
        .json();
    let digest = info["digest"].as_str().expect("a digest");
    let export = |digest: &str| {
        place
            .args([
                "export",
                "--prefix",
                "/db",
                "--expect-digest",
                digest,
                "-f",
                "csv",
            ])
            .run()
    };
    export(digest).code(0).stdout_has("pool/max,1.10\n");
    export(&digest.to_uppercase().replace("SHA256", "sha256")).code(0);
    place.args(["set", "/app/other", "x"]).run().code(0);
    export(digest).code(0);
    place.args(["set", "/db/url", "changed"]).run().code(0);
    export(digest).code(4).stdout("").stderr_has(digest);
}

fn a_template_is_rendered(place: &Place) {
    filled(place);
    let template = "url={{ db.url }} {{ get('/db/pool/max') }} {{ json('app/list') }} {{ keys['/name'] }}\n";
    place.write("t.j2", template);
    place
        .args(["export", "--template", "t.j2"])
        .run()
        .code(0)
        .stdout("url=it's \"5\" $x 1.10 [1, 2] n\n")
        .stderr("");
    place
        .args(["export", "--prefix", "/db", "--template", "-"])
        .stdin("{{ pool.max }}")
        .run()
        .code(0)
        .stdout("1.10");
    place
        .args(["export", "--template", "-"])
        .stdin("{{ db.url }}\n{{ db.nope }}\n")
        .run()
        .code(8)
        .stdout("")
        .stderr("error: invalid template at line 2: db.nope not found\n");
}

fn secrets_are_masked_where_a_runner_reads_it(place: &Place) {
    let key = "-----BEGIN-----\r\n\r\n100%\n  \nx\ry\n::stop-commands::z\n";
    place
        .args(["set", "/build/key", "--secret", "-d", "-"])
        .stdin(key)
        .run()
        .code(0);
    place
        .args(["set", "/build/pw", "hunter2", "--secret"])
        .run()
        .code(0);
    place.args(["set", "/build/tag", "v1"]).run().code(0);
    let masks = "::add-mask::-----BEGIN-----\n::add-mask::100%25\n::add-mask::x%0Dy\n\
                 ::add-mask::::stop-commands::z\n::add-mask::hunter2\n";
    let variables = format!(
        "KEY<<DISCFG_EOF\n{key}\nDISCFG_EOF\nPW<<DISCFG_EOF\nhunter2\nDISCFG_EOF\n\
         TAG<<DISCFG_EOF\nv1\nDISCFG_EOF\n"
    );
    let github_env = ["export", "--prefix", "/build", "-f", "github-env"];
    let export = |args: &[&str]| place.args(github_env).and(args);
    export(&[]).run().code(0).stdout(&variables).stderr("");
    let in_job = |args: &[&str]| export(args).env("GITHUB_ACTIONS", "true");
    in_job(&[]).run().code(0).stdout(&variables).stderr(masks);
    in_job(&["-q"]).run().code(0).stdout(&variables).stderr(masks);
    export(&["--mask"]).run().code(0).stdout(&variables).stderr(masks);
    export(&[])
        .env("GITHUB_ACTIONS", "false")
        .run()
        .code(0)
        .stderr("");

    // The steps of a job share one file, whose last line may lack its end.
    place.write("env", "BEFORE=1");
    in_job(&["--out", "env"]).run().code(0).stdout("").stderr(masks);
    let written = std::fs::read_to_string(place.dir().join("env")).expect("a file");
    assert_eq!(written, format!("BEFORE=1\n{variables}"));
    in_job(&["--out", "env"]).run().code(0);
    let written = std::fs::read_to_string(place.dir().join("env")).expect("a file");
    assert_eq!(written, format!("BEFORE=1\n{variables}{variables}"));

    // Where the masks can't be written, neither are the values.
    for (stderr, code) in [("2>/dev/full", 70), ("2>/dev/null", 8), ("2>&-", 8)] {
        let masked = format!("discfg export --prefix /build -f github-env --out closed {stderr}");
        let masked = place.shell(&masked).env("GITHUB_ACTIONS", "true");
        masked.run().code(code).stdout("");
        assert!(!place.dir().join("closed").exists(), "{stderr}");
    }
    place
        .shell("discfg export --prefix /plain --allow-empty -f github-env 2>/dev/null")
        .env("GITHUB_ACTIONS", "true")
        .run()
        .code(0);

    // Nothing but that format masks unasked; a captured stderr would hold the secrets.
    let others: [&[&str]; 4] = [
        &["export", "-q", "-f", "json"],
        &["export", "-f", "silent"],
        &["get", "/build/pw"],
        &["exec", "--prefix", "/build", "--", "/bin/true"],
    ];
    for args in others {
        place
            .args(args)
            .env("GITHUB_ACTIONS", "true")
            .run()
            .code(0)
            .stderr("");
    }
    place
        .args(["export", "-f", "silent", "--mask"])
        .run()
        .code(0)
        .stdout("")
        .stderr(masks);
    place
        .args(["set", "/build/raw", "--secret", "-d", "-"])
        .stdin(b"\xff\xfe")
        .run()
        .code(0);
    place
        .args(["export", "--prefix", "/build", "-f", "yaml", "--mask"])
        .run()
        .code(0)
        .stdout_has("!!binary \"//4=\"")
        .stderr_has("::add-mask:://4=\n");
    // A failure writes neither.
    in_job(&[]).run().code(8).stdout("").stderr_lacks("hunter2");
}

#[test]
fn what_is_written_to_a_file_is_replaced_as_a_whole() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let place = embedded();
    filled(&place);
    let at = |name: &str| place.dir().join(name);
    place.write(
        "out.csv",
        "old and longer than what is written now, by far, by far, by far, by far",
    );
    let export = |out: &str| {
        place
            .args(["export", "--prefix", "/db", "-f", "csv", "--out", out])
            .run()
    };
    export("out.csv").code(0).stdout("").stderr("");
    let written = std::fs::read_to_string(at("out.csv")).expect("a file");
    assert_eq!(written, "key,value\npool/max,1.10\nurl,\"it's \"\"5\"\" $x\"\n");
    let mode = std::fs::metadata(at("out.csv"))
        .expect("a file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    // What fails leaves the file as it was.
    place
        .args(["export", "--expect-digest", &format!("sha256:{}", "0".repeat(64))])
        .and(&["--out", "out.csv"])
        .run()
        .code(4);
    assert_eq!(std::fs::read_to_string(at("out.csv")).expect("a file"), written);
    place
        .args(["export", "--template", "-", "--out", "page"])
        .stdin("{{ name }}")
        .run()
        .code(0)
        .stdout("");
    assert_eq!(std::fs::read_to_string(at("page")).expect("a file"), "n");
    // Neither through a link nor over anything else.
    symlink("out.csv", at("link")).expect("a link");
    for out in ["link", ".", "/dev/null"] {
        export(out).code(8).stderr_has("it is not a regular file");
    }
    export("absent/out.csv")
        .code(8)
        .stdout("")
        .stderr_has("cannot write to absent/out.csv");
    place
        .args(["export", "-f", "github-env", "--out", "/dev/null"])
        .run()
        .code(8)
        .stderr_has("/dev/null is a device, not a regular file");
}

#[test]
fn what_is_no_export_is_a_usage_error() {
    let place = embedded();
    place.write("t.j2", "x");
    for (args, said) in [
        (
            &["export", "-f", "human"][..],
            "[possible values: json, yaml, dotenv, docker-env, tfvars, properties, csv",
        ),
        (&["export", "-f", "raw"], "[possible values: json"),
        (&["-f", "raw", "export"], "expected one of json, yaml"),
        (
            &["export", "-f", "toml"],
            "invalid value 'toml' for '--format <FORMAT>'",
        ),
        (
            &["export", "-f", "csv", "--nested"],
            "--nested requires -f json or -f yaml, not csv",
        ),
        (
            &["export", "-f", "json", "--template", "t.j2"],
            "-f and --template can't be used together",
        ),
        (
            &["export", "--nested", "--template", "t.j2"],
            "cannot be used with",
        ),
        (
            &["export", "--expect-digest", "abc"],
            "expected sha256: and 64 hexadecimal digits",
        ),
        (&["export", "a", "b"], "unexpected argument 'b'"),
        (&["export", "--prefix", "//"], "invalid value '//'"),
        (&["get", "k", "-f", "dotenv"], "only `export` writes"),
        (&["info", "-f", "csv"], "human, json, yaml, raw or silent"),
    ] {
        place.args(args).run().code(2).stdout("").stderr_has(said);
    }
    place
        .args(["export", "--template", "absent.j2"])
        .run()
        .code(8)
        .stdout("")
        .stderr_has("absent.j2");
    place.write("bad.j2", b"\xff");
    place
        .args(["export", "--template", "bad.j2"])
        .run()
        .code(8)
        .stdout("")
        .stderr_has("UTF-8");
    place.args(["export", "-c", "other"]).run().code(3).stdout("");
    let help = place.args(["export", "--help"]).run().code(0);
    help.stdout_has("docker-env")
        .stdout_has("k8s-configmap")
        .stdout_has("--expect-digest");
}

#[test]
fn what_is_written_in_parts_is_whole_or_nothing() {
    let place = support::config::embedded();
    let keys: Vec<String> = (0..2500).map(|n| format!("\"/db/k{n:04}\": \"{n}\"")).collect();
    place.write("many.json", format!("{{{}}}", keys.join(",")));
    place
        .args(["import", "-d", "many.json", "--batch", "-q"])
        .run()
        .code(0);
    let json = place.args(["export"]).run().code(0).stderr("").json();
    let members = json.as_object().expect("an object");
    assert_eq!(members.len(), 2500);
    assert_eq!(members["/db/k2499"], "2499");
    let shell = place.args(["export", "-f", "shell"]).run().code(0).text();
    assert_eq!(shell.lines().count(), 2500);
    place
        .shell("discfg export | head -c 20 >head; discfg info --prefix / -f json >info")
        .run()
        .code(0)
        .stderr("");

    // A value that the last of the parts can't hold.
    place.args(["set", "zz/last", "two\nlines"]).run().code(0);
    place
        .args(["export", "-f", "docker-env"])
        .run()
        .code(8)
        .stdout("")
        .stderr_has("/zz/last");
    let other = format!("sha256:{}", "0".repeat(64));
    place
        .args(["export", "--expect-digest", &other])
        .run()
        .code(4)
        .stdout("");
}

/// Runs a command with a terminal as its stderr, and gives what it wrote there.
fn on_a_terminal(place: &Place, command: &str) -> String {
    let spawn = format!("import pty; pty.spawn(['sh', '-c', '{command} > out'])");
    place
        .shell(&format!("python3 -c \"{spawn}\""))
        .env("TERM", "xterm")
        .run()
        .code(0)
        .text()
}

mod on_aws {
    use super::*;

    #[test]
    fn reading_that_takes_a_while_is_seen_on_a_terminal() {
        let (_account, proxy, place) = behind_proxy();
        place.args(["set", "db/url", "x"]).run().code(0);
        place.write("app.json", r#"{"/db/url": "y"}"#);
        assert_eq!(on_a_terminal(&place, "discfg export"), "");
        for command in [
            "discfg export",
            "discfg import -d app.json",
            "discfg copy /db /spare --yes",
            "discfg delete -r spare --yes",
        ] {
            proxy.on("*").times(1).delay(Duration::from_millis(1200));
            let seen = on_a_terminal(&place, command);
            assert!(seen.contains("reading"), "{command}: {seen}");
            proxy.calm();
        }
        proxy.on("*").times(1).delay(Duration::from_millis(1200));
        assert_eq!(on_a_terminal(&place, "discfg export -q"), "");
    }
}

fn an_export_imports_to_the_same_or_says_what_it_loses(place: &Place) {
    for args in [
        &["set", "/db/pool", "{\"max\": 5}"][..],
        &["set", "/db/n", "1", "--json"],
        &["set", "/db/url", "1"],
    ] {
        place.args(args).run().code(0);
    }
    let digest = || {
        place
            .args(["info", "--prefix", "/db", "-f", "json"])
            .run()
            .code(0)
            .json()["digest"]
            .clone()
    };
    let before = digest();
    let again = |export: &[&str], import: &[&str]| {
        place.args(export).run().code(0).stderr("");
        place.args(["delete", "-r", "/db", "--yes"]).run().code(0);
        place.args(import).run().code(0);
        assert_eq!(digest(), before, "{export:?}");
    };
    again(&["export", "--out", "a.json"], &["import", "-d", "a.json"]);
    again(
        &["export", "-f", "yaml", "--out", "a.yaml"],
        &["import", "-d", "a.yaml"],
    );
    for format in ["json", "yaml"] {
        let refused = place
            .args(["export", "--prefix", "db", "-f", format])
            .run()
            .code(8)
            .stdout("");
        assert!(
            refused.errors().contains("/db/pool") && refused.errors().contains("--flat"),
            "{}",
            refused.errors()
        );
        let file = format!("b.{format}");
        again(
            &["export", "--prefix", "db", "--flat", "-f", format, "--out", &file],
            &["import", "--prefix", "db", "--flat", "-d", &file],
        );
    }
    place.args(["export", "--flat", "-f", "csv"]).run().code(2);
    place.args(["export", "--flat", "--nested"]).run().code(2);
    place.args(["set", "--secret", "/db/pw", "hunter2"]).run().code(0);
    place.args(["set", "/db/s", "\"x\"", "--json"]).run().code(0);
    let notes = "note: contains 1 secret in plain text; import stores new keys as plain values\n\
        note: contains 1 JSON string, which import reads as text\n";
    for args in [&["export"][..], &["export", "-f", "yaml"]] {
        let said = place.args(args).run().code(0);
        assert_eq!(said.errors(), notes, "{args:?}");
    }
    place.args(["export", "-q"]).run().code(0).stderr("");
    let secret = "note: contains 1 secret in plain text; import stores new keys as plain values\n";
    for format in ["dotenv", "docker-env", "k8s-secret", "csv"] {
        let export = place.args(["export", "--prefix", "db", "-f", format]).run();
        assert!(export.code(0).errors().contains(secret), "{format}");
    }
    // These are read once, by a shell or a runner, and not kept.
    for format in ["shell", "fish", "github-env"] {
        let export = place.args(["export", "--prefix", "db", "-f", format]).run();
        export.code(0).stderr("");
    }
}

fn a_template_without_end_is_refused(place: &Place) {
    place.write("t", "{% set ns = namespace(x='xxxx') %}\n{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}");
    place
        .args(["export", "--template", "t"])
        .run()
        .code(8)
        .stdout("")
        .stderr("error: invalid template at line 2: rendering exceeds the limit of 700,000 steps or 44 MB of text\n");
}

fn several_prefixes_are_exported_with_whole_keys(place: &Place) {
    let pairs = "db/url=one db-x/url=two db/pool/max=3 app/name=shop web/port=80 root=r";
    place.shell(&format!("discfg set {pairs}")).run().code(0);
    let export = |args: &[&str]| place.args([&["export"], args].concat()).run();
    export(&["--prefix", "web", "--prefix", "/db"])
        .code(0)
        .stdout("{\n  \"/db/pool/max\": \"3\",\n  \"/db/url\": \"one\",\n  \"/web/port\": \"80\"\n}\n");
    // In the order of the keys, and each once.
    let nested = [
        "--prefix", "db/pool", "--prefix", "db", "--prefix", "db-x", "--prefix", "db",
    ];
    export(&[&nested[..], &["-f", "dotenv"]].concat())
        .code(0)
        .stdout("DB_X_URL=two\nDB_POOL_MAX=3\nDB_URL=one\n");
    let digest = |args: &[&str]| {
        let answer =
            export(&[args, &["--expect-digest", &format!("sha256:{}", "0".repeat(64))]].concat()).code(4);
        answer.errors().to_owned()
    };
    assert_eq!(
        digest(&["--prefix", "db", "--prefix", "web"]),
        digest(&["--prefix", "web", "--prefix", "db"])
    );
    export(&["--prefix", "app", "--prefix", "/"])
        .code(0)
        .stdout(export(&[]).text());
    place.write("page.j2", "{{ db.url }} {{ get(\"/app/name\") }}");
    export(&["--prefix", "db", "--prefix", "app", "--template", "page.j2"])
        .code(0)
        .stdout("one shop");
    export(&["--prefix", "db", "--prefix", "none"])
        .code(3)
        .stdout("")
        .stderr_has("error: no keys below /none");
    export(&[
        "--prefix",
        "none",
        "--prefix",
        "app",
        "--allow-empty",
        "-f",
        "csv",
    ])
    .code(0)
    .stdout("key,value\n/app/name,shop\n");
    export(&["--prefix", "db", "--prefix", "app", "--except", "/db"])
        .code(0)
        .stdout("{\n  \"/app/name\": \"shop\"\n}\n");
}
