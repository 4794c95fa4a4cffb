use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};

use super::DynamoDb;
use super::{item, items};
use crate::model::{Access, GrantName, GrantScope, Section, Uncovered};
use crate::store::{Consistency, Result, StoreError};

impl DynamoDb {
    /// What the grant list says that a grant covers, if it is in the list. Strongly consistent; every role of the
    /// config may ask.
    pub async fn grant_scope(&self, grant: &GrantName) -> Result<Option<GrantScope>> {
        self.read_grant(grant, Consistency::Strong).await
    }

    /// Writes down what a grant covers, which takes the deployer's own credentials.
    pub async fn write_grant(&self, grant: &GrantName, scope: &GrantScope) -> Result<()> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(items::from_grant(grant, scope)))
            .set_return_consumed_capacity(self.wants_capacity());
        let answer = put.send().await;
        let answer = answer.map_err(|error| self.failure("PutItem", Some(item::CONFIG), &error))?;
        self.count_write(answer.consumed_capacity());
        Ok(())
    }

    /// Takes a grant out of the list, if it is there; with the deployer's own credentials.
    pub async fn remove_grant(&self, grant: &GrantName) -> Result<()> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(items::grant_id(grant)))
            .set_return_consumed_capacity(self.wants_capacity());
        let answer = delete.send().await;
        let answer = answer.map_err(|error| self.failure("DeleteItem", Some(item::CONFIG), &error))?;
        self.count_write(answer.consumed_capacity());
        Ok(())
    }

    async fn read_grant(&self, grant: &GrantName, read: Consistency) -> Result<Option<GrantScope>> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(items::grant_id(grant)))
            .consistent_read(read == Consistency::Strong)
            .set_return_consumed_capacity(self.wants_capacity())
            .send()
            .await
            .map_err(|error| self.failure("GetItem", Some(item::CONFIG), &error))?;
        self.count_read(answer.consumed_capacity());
        answer.item.as_ref().map(items::to_grant).transpose()
    }

    /// The sections that are everything under a grant.
    pub(super) async fn granted_sections(
        &self,
        grant: &GrantName,
        read: Consistency,
    ) -> Result<Vec<Section>> {
        let scope = self.read_grant(grant, read).await?;
        let scope = scope.ok_or_else(|| StoreError::Unlisted(grant.clone()))?;
        Ok(scope.sections().iter().cloned().collect())
    }

    /// The same result, in which a denial under a grant says what the grant covers, where that explains it.
    pub(super) async fn explain_denial<T>(
        &self,
        result: Result<T>,
        asked: &[Section],
        wanted: Access,
    ) -> Result<T> {
        match (result, &self.grant) {
            (Err(error), Some(grant)) => Err(self.explained_denial(error, grant, asked, wanted).await),
            (result, _) => result,
        }
    }

    /// As [`Self::explain_denial`], for reading.
    pub(super) fn explain_denials<'a, T: Send + 'a>(
        &'a self,
        stream: BoxStream<'a, Result<T>>,
        asked: Vec<Section>,
    ) -> BoxStream<'a, Result<T>> {
        match &self.grant {
            None => stream,
            Some(grant) => stream
                .or_else(move |error| {
                    let asked = asked.clone();
                    async move { Err(self.explained_denial(error, grant, &asked, Access::Read).await) }
                })
                .boxed(),
        }
    }

    async fn explained_denial(
        &self,
        error: StoreError,
        grant: &GrantName,
        asked: &[Section],
        wanted: Access,
    ) -> StoreError {
        let StoreError::Denied {
            action,
            subject,
            source,
        } = error
        else {
            return error;
        };
        let uncovered = match self.read_grant(grant, Consistency::Strong).await {
            Ok(Some(scope)) => Uncovered::of(scope, asked, wanted),
            Ok(None) => None,
            Err(error) => {
                tracing::debug!(%grant, %error, "cannot read the grant's record");
                None
            }
        };
        match uncovered {
            Some(uncovered) => StoreError::Uncovered {
                action,
                grant: grant.clone(),
                uncovered: Box::new(uncovered),
                source,
            },
            None => StoreError::Denied {
                action,
                subject,
                source,
            },
        }
    }
}
