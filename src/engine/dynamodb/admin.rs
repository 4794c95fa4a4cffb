use async_trait::async_trait;
use aws_sdk_dynamodb::operation::put_item::PutItemError;

use super::DynamoDb;
use super::items::{self, Item, id};
use super::transaction::registration;
use crate::model::{Head, Revision, Section};
use crate::store::{Admin, Consistency, Meta, Result};

#[async_trait]
impl Admin for DynamoDb {
    async fn meta(&self) -> Result<Option<Meta>> {
        let ids = vec![id(items::CONFIG, items::META)];
        let (found, _) = self.read_items(ids, Consistency::Strong, items::META).await?;
        found.first().map(items::to_meta).transpose()
    }

    async fn write_meta(&self, meta: Meta) -> Result<()> {
        self.put_unless(items::from_meta(meta), None, items::META).await
    }

    async fn register(&self, sections: &[Section]) -> Result<()> {
        for section in sections {
            let name = section.as_str();
            let head = Head {
                section: section.clone(),
                revision: Revision::ZERO,
                changes: 0,
                commit: None,
                modified: None,
            };
            let absent = Some("attribute_not_exists(pk)");
            self.put_unless(items::from_head(&head), absent, name).await?;
            self.put_unless(registration(section, self.now()), absent, name)
                .await?;
        }
        Ok(())
    }
}

impl DynamoDb {
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
                self.took_to_write(answer.consumed_capacity());
                Ok(())
            }
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(self.failure("PutItem", Some(subject), &error)),
            },
        }
    }
}
