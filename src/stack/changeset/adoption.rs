//! A table that outlived its stack is taken into a new one in two deployments: an import of the table alone, since an
//! import may make nothing beside what it takes in, and an update that makes the rest.

use crate::model::Billing;
use crate::stack::error::StackError;
use crate::stack::inspect::lookup::Deployed;
use crate::stack::inspect::table::FoundTable;
use crate::stack::template::blueprint::Blueprint;
use crate::stack::template::config_template::Parameter;

/// The template of the import, as `infra/import.yaml` has it.
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

/// Makes `wanted` the table alone, as it is: what differs from it is for the update to change.
///
/// An error if another key is given than the one that the table and its secrets are encrypted with.
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

/// Makes `wanted` the whole of a stack that is the table alone.
pub(in crate::stack) fn complete(wanted: &mut Blueprint, deployed: &Deployed) {
    let key = deployed.parameters.get(Parameter::KmsKeyArn.name());
    if key.is_some_and(|key| !key.is_empty()) {
        // The table came with a key: no other one is made.
        wanted.keep(Parameter::MakeKmsKey);
    }
}
