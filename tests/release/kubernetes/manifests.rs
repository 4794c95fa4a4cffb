use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::yaml;

/// The files, by name.
pub(super) const FILES: [&str; 6] = [
    "exec.yaml",
    "external-secrets.yaml",
    "init-container.yaml",
    "server.yaml",
    "service-account.yaml",
    "sidecar.yaml",
];

pub(super) fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/kubernetes")
}

pub(super) fn text(name: &str) -> String {
    let path = directory().join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The manifests in a file, without documents that are comments alone.
pub(super) fn documents(name: &str) -> Vec<Value> {
    let mut documents = yaml::documents(&text(name));
    documents.retain(|document| !document.is_null());
    documents
}

/// One manifest of a file.
pub(super) fn find(name: &str, kind: &str, called: &str) -> Value {
    let is_it = |document: &Value| document["kind"] == kind && document["metadata"]["name"] == called;
    let found = documents(name).into_iter().find(is_it);
    found.unwrap_or_else(|| panic!("{name} has no {kind} {called}"))
}

/// A container of a pod.
#[derive(Debug)]
pub(super) struct Container(pub(super) Value);

/// The containers of a manifest's pod, those that come first included.
pub(super) fn containers(manifest: &Value) -> Vec<Container> {
    let pod = &manifest["spec"]["template"]["spec"];
    let all = ["initContainers", "containers"]
        .into_iter()
        .filter_map(|list| pod[list].as_array());
    all.flatten().cloned().map(Container).collect()
}

impl Container {
    /// Whether its program is discfg: that of the image, or one that the image contains.
    pub(super) fn runs_discfg(&self) -> bool {
        match self.words("command").first() {
            Some(program) => program == "/usr/bin/discfg",
            None => self.0["image"]
                .as_str()
                .is_some_and(|image| image.starts_with("ghcr.io/discfg/discfg:")),
        }
    }

    /// What its program is started with.
    pub(super) fn arguments(&self) -> Vec<String> {
        let command = self.words("command").into_iter().skip(1);
        command.chain(self.words("args")).collect()
    }

    /// The names of its variables.
    pub(super) fn env(&self) -> Vec<&str> {
        let variables = self.0["env"].as_array().into_iter().flatten();
        variables
            .filter_map(|variable| variable["name"].as_str())
            .collect()
    }

    pub(super) fn mounts(&self) -> Vec<&Value> {
        self.0["volumeMounts"].as_array().into_iter().flatten().collect()
    }

    fn words(&self, field: &str) -> Vec<String> {
        let words = self.0[field].as_array().into_iter().flatten();
        words
            .map(|word| word.as_str().expect("a word").to_owned())
            .collect()
    }
}
