//! The words of CloudFormation: what its answers hold, as a stack named `discfg-payments` would make them.

use std::fmt::Write as _;

use discfg::stack::{Output, TEMPLATE};

use serde_json::{Value, json};

use super::server::{Scene, answer, refusal, table_answer, table_refusal};

pub(crate) const STACK: &str = "arn:aws:cloudformation:eu-central-1:123456789012:stack/discfg-payments/one";
pub(crate) const CHANGE_SET: &str = "arn:aws:cloudformation:eu-central-1:123456789012:changeSet/discfg-x/two";

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// `DescribeStacks` of a stack in this state, with the parameters and tags given.
pub(crate) fn stack(status: &str, parameters: &[(&str, &str)], tags: &[(&str, &str)]) -> Scene {
    let mut xml = format!(
        "<Stacks><member><StackName>discfg-payments</StackName><StackId>{STACK}</StackId>\
         <CreationTime>2026-01-31T08:00:00Z</CreationTime><StackStatus>{status}</StackStatus>"
    );
    xml.push_str("<Parameters>");
    for (key, value) in parameters {
        let _ = write!(
            xml,
            "<member><ParameterKey>{key}</ParameterKey><ParameterValue>{value}</ParameterValue></member>"
        );
    }
    xml.push_str("</Parameters><Tags>");
    for (key, value) in tags {
        let _ = write!(xml, "<member><Key>{key}</Key><Value>{value}</Value></member>");
    }
    xml.push_str("</Tags>");
    if matches!(
        status,
        "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "UPDATE_FAILED" | "UPDATE_ROLLBACK_COMPLETE"
    ) {
        xml.push_str("<Outputs>");
        for output in Output::ALL.map(Output::name) {
            let _ = write!(
                xml,
                "<member><OutputKey>{output}</OutputKey><OutputValue>the {output}</OutputValue></member>"
            );
        }
        xml.push_str("</Outputs>");
    }
    xml.push_str("</member></Stacks>");
    answer("DescribeStacks", &xml)
}

/// `DescribeStacks` of a stack without any output.
pub(crate) fn foreign_stack() -> Scene {
    answer(
        "DescribeStacks",
        &format!(
            "<Stacks><member><StackName>discfg-payments</StackName><StackId>{STACK}</StackId>\
             <CreationTime>2026-01-31T08:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus>\
             </member></Stacks>"
        ),
    )
}

pub(crate) fn absent() -> Scene {
    refusal(
        "DescribeStacks",
        400,
        "ValidationError",
        "Stack with id discfg-payments does not exist",
    )
}

pub(crate) fn throttled(action: &'static str) -> Scene {
    refusal(action, 400, "Throttling", "Rate exceeded")
}

pub(crate) fn template() -> Scene {
    answer(
        "GetTemplate",
        &format!("<TemplateBody>{}</TemplateBody>", escape(TEMPLATE)),
    )
}

pub(crate) fn change_set_made() -> Scene {
    answer(
        "CreateChangeSet",
        &format!("<Id>{CHANGE_SET}</Id><StackId>{STACK}</StackId>"),
    )
}

/// `DescribeChangeSet` in this status; each change is an action, a logical id, a type, and the rest of its XML.
pub(crate) fn change_set(status: &str, reason: &str, changes: &[(&str, &str, &str, &str)]) -> Scene {
    let mut xml = format!(
        "<ChangeSetId>{CHANGE_SET}</ChangeSetId><StackId>{STACK}</StackId><Status>{status}</Status>\
         <StatusReason>{reason}</StatusReason><ExecutionStatus>AVAILABLE</ExecutionStatus><Changes>"
    );
    for (action, id, kind, more) in changes {
        let _ = write!(
            xml,
            "<member><Type>Resource</Type><ResourceChange><Action>{action}</Action>\
             <LogicalResourceId>{id}</LogicalResourceId><ResourceType>{kind}</ResourceType>{more}\
             </ResourceChange></member>"
        );
    }
    xml.push_str("</Changes>");
    answer("DescribeChangeSet", &xml)
}

/// One event: an id, the logical id (`discfg-payments` is the stack), the status, the reason, the request token.
pub(crate) type Event<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str);

/// `DescribeStackEvents` with these events, given oldest first as they happen and played newest first.
pub(crate) fn events(events: &[Event<'_>]) -> Scene {
    page_of_events(events, None)
}

pub(crate) fn page_of_events(events: &[Event<'_>], next: Option<&str>) -> Scene {
    let mut xml = String::from("<StackEvents>");
    for (id, logical_id, status, reason, token) in events.iter().rev() {
        let physical = if *logical_id == "discfg-payments" {
            STACK
        } else {
            "physical"
        };
        let _ = write!(
            xml,
            "<member><EventId>{id}</EventId><StackId>{STACK}</StackId>\
             <LogicalResourceId>{logical_id}</LogicalResourceId>\
             <PhysicalResourceId>{physical}</PhysicalResourceId><ResourceType>AWS::Some::Type</ResourceType>\
             <Timestamp>2026-01-31T08:00:00Z</Timestamp><ResourceStatus>{status}</ResourceStatus>\
             <ResourceStatusReason>{reason}</ResourceStatusReason>"
        );
        if !token.is_empty() {
            let _ = write!(xml, "<ClientRequestToken>{token}</ClientRequestToken>");
        }
        xml.push_str("</member>");
    }
    xml.push_str("</StackEvents>");
    if let Some(next) = next {
        let _ = write!(xml, "<NextToken>{next}</NextToken>");
    }
    answer("DescribeStackEvents", &xml)
}

pub(crate) fn done(action: &'static str) -> Scene {
    answer(action, "")
}

/// `ListChangeSets` with these change sets, each complete.
pub(crate) fn change_sets(arns: &[&str]) -> Scene {
    let mut xml = String::from("<Summaries>");
    for arn in arns {
        let _ = write!(
            xml,
            "<member><ChangeSetId>{arn}</ChangeSetId><Status>CREATE_COMPLETE</Status></member>"
        );
    }
    xml.push_str("</Summaries>");
    answer("ListChangeSets", &xml)
}

/// `DescribeStackResources`; each is a logical id, its type, its physical id, its state and the reason.
pub(crate) fn resources(resources: &[(&str, &str, &str, &str, &str)]) -> Scene {
    let mut xml = String::from("<StackResources>");
    for (id, kind, physical, status, reason) in resources {
        let _ = write!(
            xml,
            "<member><LogicalResourceId>{id}</LogicalResourceId><ResourceType>{kind}</ResourceType>\
             <PhysicalResourceId>{physical}</PhysicalResourceId><ResourceStatus>{status}</ResourceStatus>\
             <ResourceStatusReason>{reason}</ResourceStatusReason><Timestamp>2026-01-31T08:00:00Z</Timestamp></member>"
        );
    }
    xml.push_str("</StackResources>");
    answer("DescribeStackResources", &xml)
}

/// A table as discfg makes it, in this status, with the rest of what `DescribeTable` says.
pub(crate) fn table(status: &str, more: &Value) -> Scene {
    let mut table = json!({
        "TableName": "discfg-payments",
        "TableArn": "arn:aws:dynamodb:eu-central-1:123456789012:table/discfg-payments",
        "TableStatus": status,
        "DeletionProtectionEnabled": true,
        "ItemCount": 0,
        "AttributeDefinitions": [
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        "KeySchema": [
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
        "ProvisionedThroughput": {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0},
    });
    if let (Some(table), Some(more)) = (table.as_object_mut(), more.as_object()) {
        table.extend(more.clone());
    }
    table_answer("DescribeTable", &json!({ "Table": table }))
}

pub(crate) fn no_table() -> Scene {
    table_refusal(
        "DescribeTable",
        "ResourceNotFoundException",
        "Requested resource not found",
    )
}

pub(crate) fn table_tags(tags: &[(&str, &str)]) -> Scene {
    let tags: Vec<Value> = tags
        .iter()
        .map(|(key, value)| json!({"Key": key, "Value": value}))
        .collect();
    table_answer("ListTagsOfResource", &json!({ "Tags": tags }))
}

/// `Scan` of a table with so many items, as far as it looks.
pub(crate) fn scanned(items: u32) -> Scene {
    table_answer("Scan", &json!({"Count": items, "ScannedCount": items}))
}
