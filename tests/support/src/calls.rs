//! What the calls about an account ask the emulator's IAM for, kept while a test wants it.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use super::account::Account;
use super::emulator::target_dir;

/// Calls, each with its `principal`, `action`, `resource` and `context`, the condition keys with their values.
pub struct Calls {
    file: PathBuf,
}

impl Calls {
    /// The calls about an account from now on.
    pub fn of(account: &Account) -> Self {
        let url = account.url();
        let port = url.rsplit(':').next().expect("a port");
        let name = format!("calls-{port}-{}", account.id());
        let file = target_dir().join("emulator").join(name);
        fs::write(&file, "").unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        Self { file }
    }

    /// The calls until now.
    pub fn made(&self) -> Vec<Value> {
        let lines = fs::read_to_string(&self.file).expect("the calls that were kept");
        let call = |line| serde_json::from_str(line).expect("a call is JSON");
        lines.lines().map(call).collect()
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.file);
    }
}
