//! Configs for tests of what is in them: made without the deployment that other tests are about.

use tempfile::TempDir;

use super::account::Account;
use super::api_server::ApiServer;
use super::cli::Place;
use super::emulator::Emulator;
use super::proxy::Proxy;
use super::stores::embedded_store;

/// The name of every config made here; each has a home or an account of its own.
pub const CONFIG: &str = "mycfg";
/// Its table.
pub const TABLE: &str = "discfg-mycfg";

/// Its KMS key.
pub const ALIAS: &str = "alias/discfg-mycfg";

/// A new config on the embedded engine, in force in its place.
pub fn embedded() -> Place {
    let place = Place::new();
    place.args(["init", CONFIG, "--local", "-q"]).run().code(0);
    place
}

/// A new config's bare table and its KMS key, in force in a place whose user is the account's root and acts as itself.
pub fn on_table() -> (Account, Place) {
    let account = Emulator::shared().account();
    account.create_table(TABLE);
    account.create_key(ALIAS);
    let place = Place::at(&account.url(), &account.root())
        .env("DISCFG_CONFIG", CONFIG)
        .env("DISCFG_AS", "self");
    (account, place)
}

/// The same with a proxy before the table.
pub fn behind_proxy() -> (Account, Proxy, Place) {
    let (account, place) = on_table();
    let proxy = Proxy::before(Emulator::shared());
    let place = place.env("AWS_ENDPOINT_URL", proxy.url());
    (account, proxy, place)
}

/// A new config behind an API, in force in a place that knows nothing else of it.
pub struct Behind {
    pub server: ApiServer,
    pub place: Place,
    /// What the server's store lies in.
    _folder: TempDir,
}

/// A config on the embedded engine behind an API that asks for no token.
pub fn behind_api() -> Behind {
    let (folder, store) = embedded_store(None);
    let server = ApiServer::over(store);
    let place = Place::new()
        .env("DISCFG_ENGINE", server.url())
        .env("DISCFG_CONFIG", CONFIG);
    Behind {
        server,
        place,
        _folder: folder,
    }
}

/// Makes three tests of each function that takes a place: one an engine.
#[macro_export]
macro_rules! on_every_engine {
    ($($name:ident),+ $(,)?) => {
        $crate::config::on_both_engines!($($name),+);

        mod behind_an_api {
            $(#[test]
            fn $name() {
                super::$name(&$crate::config::behind_api().place);
            })+
        }
    };
}
pub use crate::on_every_engine;

/// Makes two tests of each function that takes a place: one an engine.
#[macro_export]
macro_rules! on_both_engines {
    ($($name:ident),+ $(,)?) => {
        mod on_the_embedded_engine {
            $(#[test]
            fn $name() {
                super::$name(&$crate::config::embedded());
            })+
        }

        mod on_dynamodb {
            $(#[test]
            fn $name() {
                super::$name(&$crate::config::on_table().1);
            })+
        }
    };
}
pub use crate::on_both_engines;
