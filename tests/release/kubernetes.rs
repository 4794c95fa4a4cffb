//! The examples for Kubernetes: their manifests fit its schemas, and their commands do what the page says of them.

mod external_secrets;
mod manifests;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::{Value, json};
use support::account::Account;
use support::cli::Place;
use support::emulator::venv;
use support::grants::{deployed, without_leading_keys};
use support::markdown::blocks;
use support::serving::Server;
use support::web_identity::bearer;

use self::manifests::{Container, FILES, containers, directory, documents, find, text};

const PAGE: &str = include_str!("../../docs/kubernetes.md");
const CONFIGURATION: &str = include_str!("../../docs/configuration.md");
/// The account in the page's commands.
const DOCUMENTED: &str = "123456789012";
/// The issuer in the page's commands.
const ISSUER: &str = "https://oidc.eks.eu-central-1.amazonaws.com/id/0A1B2C3D4E5F";

#[test]
fn manifests_fit_the_schemas_of_kubernetes() {
    let python = venv().expect("the tests' Python").join("bin/python");
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/release/kubernetes/validate.py"
    );
    let files = FILES.map(|name| directory().join(name));
    let validated = Command::new(python).arg(script).args(files).output();
    let validated = validated.expect("Python runs");
    let said = String::from_utf8_lossy(&validated.stdout);
    assert!(
        validated.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&validated.stderr)
    );
    // Five of them are the operator's own, of which Kubernetes has no schema.
    let known = FILES.iter().flat_map(|name| documents(name)).count() - 5;
    assert_eq!(said.trim(), format!("{known} manifests"));
}

#[test]
fn manifests_name_what_there_is() {
    let mut listed: Vec<String> = fs::read_dir(directory())
        .expect("the folder of the examples")
        .map(|file| file.expect("a file").file_name().to_string_lossy().into_owned())
        .collect();
    listed.sort();
    assert_eq!(listed, FILES);
    for name in FILES {
        assert!(PAGE.contains(&format!("examples/kubernetes/{name}")), "{name}");
        for document in documents(name) {
            let pod = &document["spec"]["template"]["spec"];
            let volumes: Vec<&Value> = pod["volumes"].as_array().into_iter().flatten().collect();
            for container in containers(&document) {
                for variable in container.env() {
                    let is_ours = variable.starts_with("DISCFG_");
                    assert!(!is_ours || CONFIGURATION.contains(variable), "{variable}");
                }
                for mount in container.mounts() {
                    assert!(
                        volumes.iter().any(|volume| volume["name"] == mount["name"]),
                        "{mount}"
                    );
                }
                if container.runs_discfg() {
                    assert!(
                        pod["securityContext"]["runAsNonRoot"] == json!(true)
                            && container.0["securityContext"]["readOnlyRootFilesystem"] == json!(true),
                        "{name}"
                    );
                }
            }
        }
    }
    let image = format!("ghcr.io/discfg/discfg:{}", env!("CARGO_PKG_VERSION"));
    let all: String = FILES
        .iter()
        .map(|name| text(name))
        .chain([PAGE.to_owned()])
        .collect();
    let named = all.matches("ghcr.io/discfg/discfg:").count();
    assert_eq!(
        named,
        all.matches(&image).count(),
        "of another version than {image}"
    );
}

/// What the page's commands run after: the cluster and EKS are played by nothing, and questions are answered.
const PREAMBLE: &str = "\
set -eu
aws() { :; }
kubectl() { :; }
discfg() { case $1 in init | grant) command discfg \"$@\" --yes ;; *) command discfg \"$@\" ;; esac; }
";

/// A deployed config, whose grant was made by the page's commands, and the place of a pod of the service account: it has a
/// token, and can write nowhere outside its volumes.
fn pod() -> (Account, Place) {
    let (account, _proxy, place) = deployed();
    place
        .args(["set", "db/pool/max=20", "db/settings={\"a\":1}"])
        .run()
        .code(0);
    let commands =
        ["AWS roles", "Server for the cluster"].map(|section| blocks(PAGE, section, "sh").join("\n"));
    let commands = commands.join("\n").replace(DOCUMENTED, account.id());
    assert!(commands.contains(ISSUER));
    place.shell(&format!("{PREAMBLE}{commands}")).run().code(0);
    without_leading_keys(&account, "web");
    let place = place_of(&account, &find("service-account.yaml", "ServiceAccount", "shop"));
    (account, place)
}

/// The place of a pod of the service account.
fn place_of(account: &Account, service_account: &Value) -> Place {
    let of = &service_account["metadata"];
    let name = |field: &str| of[field].as_str().expect("a name");
    let arn = of["annotations"]["eks.amazonaws.com/role-arn"]
        .as_str()
        .expect("an ARN");
    let (_, role) = arn.rsplit_once('/').expect("a path");
    let subject = format!("system:serviceaccount:{}:{}", name("namespace"), name("name"));
    let place = bearer(account, role, ISSUER, &subject, "sts.amazonaws.com");
    let unwritable = [
        "XDG_CACHE_HOME",
        "XDG_CONFIG_HOME",
        "XDG_DATA_HOME",
        "XDG_STATE_HOME",
        "DISCFG_CONFIG",
    ];
    let place = unwritable.into_iter().fold(place, Place::without_env);
    place.env("HOME", "/proc/nowhere")
}

#[test]
fn a_file_is_written_for_an_application_that_reads_it() {
    let (_account, place) = pod();
    let deployment = find("init-container.yaml", "Deployment", "shop");
    let [writer, reader] = &containers(&deployment)[..] else {
        panic!("{deployment}");
    };
    let config = "/config/db.json";
    assert!(reader.0["env"].to_string().contains(config), "{:?}", reader.0);
    assert_eq!(writer.mounts()[0]["mountPath"], reader.mounts()[0]["mountPath"]);
    // Only the user who writes it can read it.
    let pod = &deployment["spec"]["template"]["spec"]["securityContext"];
    assert!(pod["runAsUser"].is_u64(), "{pod}");
    assert!(
        [writer, reader]
            .iter()
            .all(|container| container.0["securityContext"]["runAsUser"].is_null())
    );
    let out = place.dir().join("db.json");
    let command = writer.command_with(config, &out.display().to_string());
    place.args(&command).run().code(0).stdout("");
    let file = fs::read_to_string(&out).expect("the file");
    let written: Value = serde_json::from_str(&file).expect("JSON");
    assert_eq!(
        written,
        json!({"pool/max": "20", "settings": {"a": 1}, "url": "one"})
    );
    let mode = fs::metadata(&out).expect("the file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_program_has_the_keys_in_its_environment() {
    let (_account, place) = pod();
    let job = find("exec.yaml", "Job", "migrate");
    let [container] = &containers(&job)[..] else {
        panic!("{job}");
    };
    let command = container.command_with("/app/migrate", "/usr/bin/printenv");
    let shown = place
        .args(command.iter().filter(|argument| *argument != "--all"))
        .run()
        .code(0)
        .text();
    for variable in ["URL=one", "POOL_MAX=20"] {
        assert!(shown.lines().any(|line| line == variable), "{shown}");
    }
}

#[test]
fn a_sidecar_answers_its_pod_and_its_probes() {
    let (_account, place) = pod();
    let deployment = find("sidecar.yaml", "Deployment", "shop");
    let [sidecar, shop] = &containers(&deployment)[..] else {
        panic!("{deployment}");
    };
    assert_eq!(sidecar.0["restartPolicy"], "Always");
    let command = sidecar.command_with("", "");
    assert_eq!(command[0], "serve");
    let own = "http://127.0.0.1:8899";
    place
        .args(["serve", "--help"])
        .run()
        .code(0)
        .stdout_has("127.0.0.1:8899");
    let arguments: Vec<&str> = command[1..].iter().map(String::as_str).collect();
    let server = Server::start(&place, &arguments);
    let probe = |probe: &str| {
        let command = sidecar.0[probe]["exec"]["command"]
            .as_array()
            .expect("a command")
            .iter();
        let command = command.map(|word| word.as_str().expect("a word").replace(own, &server.url));
        place.args(command.skip(1)).run()
    };
    probe("startupProbe").code(0).stdout("").stderr("");
    probe("readinessProbe").code(0);
    let url = shop.0["env"][0]["value"].as_str().expect("a URL");
    let path = url.strip_prefix(own).expect("the sidecar's URL");
    let answer = server.ask("GET", &format!("{path}keys/url"), &[("Accept", "text/plain")], "");
    assert_eq!((answer.status(), &answer.body[..]), (200, &b"one"[..]));
    server.signal("TERM");
    server.says("stopping");
}

#[test]
fn the_server_of_the_cluster_has_the_role_that_its_service_account_names() {
    let (account, _place) = pod();
    let place = place_of(&account, &find("server.yaml", "ServiceAccount", "discfg"));
    place
        .args(["get", "payments", "web/port", "--as", "read"])
        .run()
        .code(0)
        .stdout("one\n");
    place.args(["set", "payments", "web/port", "two"]).run().code(5);
}

impl Container {
    /// The arguments of discfg, with another text for one in them.
    fn command_with(&self, from: &str, to: &str) -> Vec<String> {
        assert!(self.runs_discfg(), "{:?}", self.0);
        let words = self.arguments().into_iter();
        words
            .map(|word| if word == from { to.to_owned() } else { word })
            .collect()
    }
}
