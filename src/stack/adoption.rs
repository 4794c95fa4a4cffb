//! A table that outlived its stack is taken into a new one in two deployments: an import of the table alone, since an
//! import may make nothing beside what it takes in, and an update that makes the rest.

use super::blueprint::Blueprint;
use super::error::StackError;
use super::lookup::Deployed;
use super::table::FoundTable;
use super::template::Parameter;
use crate::model::Billing;

/// What the parameter [`Parameter::Adopt`] is while the stack is the table alone.
pub(super) const ALONE: &str = "true";
const WHOLE: &str = "false";

/// Makes `wanted` the table alone, as it is: what differs from it is for the update to change.
///
/// An error if another key is given than the one that the table and its secrets are encrypted with.
pub(super) fn begin(wanted: &mut Blueprint, table: &FoundTable) -> Result<(), StackError> {
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
    wanted.keep(Parameter::MakeKmsKey);
    match &table.kms_key {
        Some(key) => wanted.set(Parameter::KmsKeyArn, key),
        None => wanted.keep(Parameter::KmsKeyArn),
    }
    wanted.set(Parameter::Adopt, ALONE);
    wanted.template = without_outputs(wanted.template);
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
pub(super) fn complete(wanted: &mut Blueprint, deployed: &Deployed) {
    wanted.set(Parameter::Adopt, WHOLE);
    let key = deployed.parameters.get(Parameter::KmsKeyArn.name());
    if key.is_some_and(|key| !key.is_empty()) {
        // The table came with a key: no other one is made.
        wanted.keep(Parameter::MakeKmsKey);
    }
}

/// An import may not even name an output that its conditions leave out. They are the template's last section.
fn without_outputs(template: &'static str) -> &'static str {
    template
        .split_once("\nOutputs:\n")
        .map_or(template, |(rest, _)| rest)
}

#[cfg(test)]
mod tests {
    use super::super::template::TEMPLATE;
    use super::*;

    #[test]
    fn an_import_has_all_of_the_template_but_its_outputs() {
        let rest = without_outputs(TEMPLATE);
        assert!(!rest.contains("DiscfgLayout"), "the first output");
        let outputs = &TEMPLATE[rest.len()..];
        let sections: Vec<_> = outputs
            .lines()
            .filter(|line| line.starts_with(|c: char| c.is_ascii_alphabetic()))
            .collect();
        assert_eq!(sections, ["Outputs:"], "nothing else is cut off");
    }
}
