//! `cargo binstall`: its metadata lead to the archives of a release.

use std::fs;

use super::archive::{TARGETS, top};

#[test]
fn the_templates_lead_to_the_archives() {
    let manifest =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).expect("the manifest");
    let manifest: toml::Table = manifest.parse().expect("TOML");
    let binstall = &manifest["package"]["metadata"]["binstall"];
    let version = env!("CARGO_PKG_VERSION");
    for target in TARGETS {
        let resolve = |name: &str| {
            let template = binstall[name].as_str().expect("a string");
            let values = [
                ("name", "discfg"),
                ("version", version),
                ("target", target),
                ("bin", "discfg"),
                ("binary-ext", ""),
            ];
            values
                .into_iter()
                .fold(template.to_owned(), |text, (name, value)| {
                    text.replace(&format!("{{ {name} }}"), value)
                })
        };
        let top = top(version, target);
        assert_eq!(
            resolve("pkg-url"),
            format!("https://github.com/discfg/discfg/releases/download/v{version}/{top}.tar.gz")
        );
        assert_eq!(resolve("bin-dir"), format!("{top}/bin/discfg"));
        assert_eq!(resolve("pkg-fmt"), "tgz");
    }
}
