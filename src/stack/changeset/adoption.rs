//! A table that outlived its stack is imported into a new one in two deployments: an import of only the table, since an
//! import can't create anything else, and an update that creates the rest.

use crate::model::Billing;
use crate::stack::error::StackError;
use crate::stack::inspect::lookup::Deployed;
use crate::stack::inspect::table::FoundTable;
use crate::stack::template::blueprint::Blueprint;
use crate::stack::template::config_template::Parameter;

/// The template of the import, `infra/import.yaml`.
const IMPORT_TEMPLATE: &str = include_str!("../../../infra/import.yaml");

/// The parameters that both templates have.
const IMPORT_PARAMETERS: [Parameter; 6] = [
    Parameter::Config,
    Parameter::BillingMode,
    Parameter::ReadCapacity,
    Parameter::WriteCapacity,
    Parameter::HistoryDays,
    Parameter::KmsKeyArn,
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
        let mut taken = IMPORT_PARAMETERS.iter();
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
