//! The engine on DynamoDB passes the suite that every engine passes, on a table in the emulator.

use std::sync::Arc;

use async_trait::async_trait;
use discfg::engine::dynamodb::{DynamoDb, DynamoDbOptions};
use discfg::model::Clock;
use discfg::store::conformance::Harness;
use discfg::store::{Admin, Store};

use support::account::Account;
use support::emulator::Emulator;

/// A config's table in an account of its own.
struct Table {
    clock: Arc<dyn Clock>,
    account: Account,
}

impl Table {
    fn handle(&self) -> Arc<DynamoDb> {
        Arc::new(DynamoDb::new(DynamoDbOptions {
            config: "conformance".parse().expect("a config name"),
            sdk: Account::sdk(&self.account.url(), &self.account.root()),
            by: "tester".into(),
            clock: Some(Arc::clone(&self.clock)),
            registers_sections: true,
            capacity: None,
            patience: DynamoDb::PATIENCE,
        }))
    }
}

#[async_trait]
impl Harness for Table {
    async fn open(&self) -> Arc<dyn Store> {
        self.handle()
    }

    async fn admin(&self) -> Option<Arc<dyn Admin>> {
        Some(self.handle())
    }
}

async fn fresh(clock: Arc<dyn Clock>) -> Table {
    let account = Emulator::shared().account();
    account.create_table("discfg-conformance");
    account.create_key("alias/discfg-conformance");
    Table { clock, account }
}

discfg::conformance_tests!(fresh);
