use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use tokio::time::sleep;
use uuid::Uuid;

use super::DynamoDb;
use super::item::{self, Item, id};
use super::items;
use super::protocol::{SectionList, SendOutcome, Transaction};
use crate::model::{Jitter, Section};
use crate::store::{Admin, Consistency, Meta, Result};

/// How often a registration is sent, and the pause after the first time.
const TRIES: u32 = 12;
const PAUSE: Duration = Duration::from_millis(50);

#[async_trait]
impl Admin for DynamoDb {
    async fn meta(&self) -> Result<Option<Meta>> {
        let ids = vec![id(item::CONFIG, item::META)];
        let (found, _) = self.read_items(ids, Consistency::Strong, item::META).await?;
        found.first().map(items::to_meta).transpose()
    }

    async fn write_meta(&self, meta: Meta) -> Result<()> {
        self.put_unless(items::from_meta(meta), None, item::META).await?;
        self.count_sections().await
    }

    async fn register(&self, sections: &[Section]) -> Result<()> {
        let mut list = SectionList::default();
        loop {
            let transaction = Transaction::registering(sections, &list, self.now());
            if transaction.actions.is_empty() {
                return Ok(());
            }
            let token = Uuid::new_v4().to_string();
            let mut tries = 0;
            let found = loop {
                match self.send(&transaction, &token).await {
                    SendOutcome::Done => return Ok(()),
                    SendOutcome::Lost(found, _) => break found,
                    SendOutcome::Refused(error) => return Err(error),
                    SendOutcome::NotYet { error, .. } | SendOutcome::Unanswered(error) => {
                        tries += 1;
                        if tries == TRIES {
                            return Err(error);
                        }
                        sleep(Jitter::Half.draw(PAUSE * tries)).await;
                    }
                }
            };
            if list.learn(&transaction, &found) {
                let listed = self.section_list(&[], Consistency::Strong).await?;
                list.uncounted = Some(listed.sections.len());
            }
        }
    }
}

impl DynamoDb {
    /// Writes down the number of sections where it isn't there. A registration meanwhile writes it down itself.
    async fn count_sections(&self) -> Result<()> {
        let list = self.section_list(&[], Consistency::Strong).await?;
        if list.is_counted {
            return Ok(());
        }
        let count = items::from_section_count(list.sections.len());
        self.put_unless(count, Some("attribute_not_exists(pk)"), item::SECTIONS)
            .await
    }

    /// Puts an item; where `condition` doesn't hold, what is there stays.
    async fn put_unless(&self, item: Item, condition: Option<&str>, subject: &str) -> Result<()> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .set_condition_expression(condition.map(Into::into))
            .set_return_consumed_capacity(self.wants_capacity());
        match put.send().await {
            Ok(answer) => {
                self.count_write(answer.consumed_capacity());
                Ok(())
            }
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(self.failure("PutItem", Some(subject), &error)),
            },
        }
    }
}
