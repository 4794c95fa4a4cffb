//! A table that outlived its stack is imported into a new one in two deployments: an import of only the table, since an
//! import can't create anything else, and an update that creates the rest.

use aws_sdk_cloudformation::Client;

use super::plan::EarlierAccess;
use crate::model::Billing;
use crate::stack::error::StackError;
use crate::stack::inspect::lookup::{self, Deployed};
use crate::stack::inspect::table::FoundTable;
use crate::stack::template::blueprint::Blueprint;
use crate::stack::template::config_template::Parameter;

/// The template of the import, `infra/import.yaml`.
const IMPORT_TEMPLATE: &str = include_str!("../../../infra/import.yaml");

/// The parameters of the table that both templates have.
const TABLE_PARAMETERS: [Parameter; 6] = [
    Parameter::Config,
    Parameter::BillingMode,
    Parameter::ReadCapacity,
    Parameter::WriteCapacity,
    Parameter::HistoryDays,
    Parameter::KmsKeyArn,
];

/// The parameters that bound access, which the import only keeps for the update.
const ACCESS_PARAMETERS: [Parameter; 10] = [
    Parameter::Readers,
    Parameter::Writers,
    Parameter::GitHubSubjects,
    Parameter::FirstOidc,
    Parameter::SecondOidc,
    Parameter::ThirdOidc,
    Parameter::AccountIds,
    Parameter::OrgId,
    Parameter::ExternalId,
    Parameter::PermissionsBoundary,
];

/// Reduces `wanted` to the table in its current state; the update changes what differs.
///
/// Returns an error if another key is given than the one that encrypts the table and its secrets.
pub(in crate::stack) fn begin(wanted: &mut Blueprint, table: &FoundTable) -> Result<(), StackError> {
    let given = wanted
        .given()
        .find(|(name, _)| *name == Parameter::KmsKeyArn.name());
    if let (Some(key), Some((_, given))) = (&table.kms_key, given)
        && key != given
    {
        return Err(StackError::ReplacesKey {
            stack: wanted.stack(),
            key: key.clone(),
        });
    }
    wanted.template = IMPORT_TEMPLATE;
    wanted.parameters.retain(|given| {
        let mut taken = TABLE_PARAMETERS.iter().chain(&ACCESS_PARAMETERS);
        taken.any(|parameter| parameter.name() == given.name)
    });
    match &table.kms_key {
        Some(key) => wanted.set(Parameter::KmsKeyArn, key),
        None => wanted.keep(Parameter::KmsKeyArn),
    }
    match table.billing {
        Billing::OnDemand => wanted.set(Parameter::BillingMode, "PAY_PER_REQUEST"),
        Billing::Provisioned { read, write } => {
            wanted.set(Parameter::BillingMode, "PROVISIONED");
            wanted.set(Parameter::ReadCapacity, &read.to_string());
            wanted.set(Parameter::WriteCapacity, &write.to_string());
        }
    }
    if let Some(days) = table.history_days {
        wanted.set(Parameter::HistoryDays, &days.to_string());
    }
    Ok(())
}

/// Adapts `wanted` to a stack that so far has only the table.
pub(in crate::stack) fn complete(wanted: &mut Blueprint, deployed: &Deployed) {
    let key = deployed.parameters.get(Parameter::KmsKeyArn.name());
    if key.is_some_and(|key| !key.is_empty()) {
        // The table came with a key, so none is created.
        wanted.keep(Parameter::MakeKmsKey);
    }
}

/// Sets the parameters in `wanted` that bound access, and that aren't given, to the values of the stack that left the
/// table. CloudFormation returns a deleted stack for 90 days, by its ARN (API reference, `DescribeStacks`), which the
/// table's tag has.
pub(in crate::stack) async fn restore_access(
    cfn: &Client,
    table: &FoundTable,
    wanted: &mut Blueprint,
) -> Result<EarlierAccess, StackError> {
    let Some(arn) = &table.made_by else {
        return Ok(EarlierAccess::Unknown);
    };
    let Some(earlier) = lookup::describe(cfn, arn).await? else {
        return Ok(EarlierAccess::Unknown);
    };
    let mut restored = Vec::new();
    for parameter in ACCESS_PARAMETERS {
        let value = earlier.parameters.get(parameter.name());
        let Some(value) = value.filter(|value| parameter.default() != Some(value)) else {
            continue;
        };
        if wanted.given().all(|(name, _)| name != parameter.name()) {
            wanted.set(parameter, value);
            restored.push(parameter.name());
        }
    }
    Ok(EarlierAccess::Restored(restored))
}
