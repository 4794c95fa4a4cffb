//! What commands ask of a config's table through its roles, whose credentials are cached but where a row says so.

use support::cli::Place;
use support::counts;
use support::emulator::Emulator;
use support::proxy::Proxy;

use super::asking::{Row, Watched, ten};

#[test]
fn through_the_roles() {
    let account = Emulator::shared().account();
    let proxy = Proxy::before(Emulator::shared());
    let watched = Watched::through(&proxy);
    let deployer = Place::at(proxy.url(), &account.admin()).env("DISCFG_CONFIG", "payments");
    deployer.args(["init", "payments", "--yes", "-q"]).run().code(0);
    let place = Place::at(proxy.url(), &account.developer()).env("DISCFG_CONFIG", "payments");
    ten(&place, "ten.json", "one");
    place.args(["set", "db/url", "one"]).run().code(0);
    place.args(["get", "db/url"]).run().code(0);
    let forget_the_roles = || {
        place
            .shell("rm -r \"$XDG_CACHE_HOME\"/discfg/role-*")
            .run()
            .code(0);
    };

    let as_developer: &[Row] = &[
        ("get", 0, &["get", "db/url"]),
        ("set", 0, &["set", "db/url", "two"]),
        ("touch", 0, &["touch", "db/url", "--ttl", "1h"]),
        ("delete", 0, &["delete", "db/url"]),
        (
            "apply, ten new keys",
            0,
            &["apply", "--yes", "-d", "ten.json", "--prefix", "/ten"],
        ),
        (
            "import, ten keys that are so",
            0,
            &["import", "-d", "ten.json", "--prefix", "/ten"],
        ),
        ("ls -r, one section", 0, &["ls", "-r", "/ten"]),
        ("export, one section", 0, &["export", "--prefix", "/ten"]),
        (
            "exec, one section",
            0,
            &["exec", "--prefix", "/ten", "--", "true"],
        ),
    ];
    let as_deployer: &[Row] = &[
        ("init, unchanged", 0, &["init", "payments"]),
        ("status", 0, &["status", "payments"]),
        ("configs, one", 0, &["configs"]),
        ("grants, none", 0, &["grants", "payments"]),
    ];
    counts::hold("dynamodb.roles", |counted| {
        for (row, code, args) in as_developer {
            counted.asked(row, &watched.asked(&place, *code, args));
        }
        forget_the_roles();
        counted.asked(
            "get, no role cached",
            &watched.asked(&place, 0, &["get", "ten/k0"]),
        );
        forget_the_roles();
        let set = watched.asked(&place, 0, &["set", "ten/k0", "two"]);
        counted.asked("set, no role cached", &set);
        for (row, code, args) in as_deployer {
            counted.asked(row, &watched.asked(&deployer, *code, args));
        }
    });
}
