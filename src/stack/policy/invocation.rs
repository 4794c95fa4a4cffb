use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Statement;
use super::resolve::Resource;

/// The permission that a resource without a policy document gives, as the equivalent policy statement. `None` for
/// resources of other types; an error if it can't be determined.
pub(in crate::stack) fn statement(resource: &Resource) -> Option<Result<Option<Statement>, String>> {
    match resource.kind.as_str() {
        "AWS::Lambda::Permission" => Some(permission(resource).map(Some)),
        "AWS::ApiGatewayV2::Route" => Some(route(resource)),
        _ => None,
    }
}

/// Lambda adds this statement to the function's own policy (CloudFormation, `AWS::Lambda::Permission`).
fn permission(resource: &Resource) -> Result<Statement, String> {
    const KNOWN: [&str; 5] = [
        "Action",
        "FunctionName",
        "Principal",
        "SourceAccount",
        "SourceArn",
    ];
    if let Some(other) = resource
        .properties
        .keys()
        .find(|name| !KNOWN.contains(&name.as_str()))
    {
        return Err(format!("it has {other}, which discfg doesn't support"));
    }
    let principal = text(resource, "Principal")?.unwrap_or_default();
    let kind = if principal.ends_with(".amazonaws.com") {
        "Service"
    } else {
        "AWS"
    };
    let mut conditions = BTreeMap::new();
    for (property, operator, key) in [
        ("SourceAccount", "StringEquals", "aws:SourceAccount"),
        ("SourceArn", "ArnLike", "aws:SourceArn"),
    ] {
        if let Some(value) = text(resource, property)? {
            let values = BTreeMap::from([(key.to_owned(), BTreeSet::from([value]))]);
            conditions.insert(operator.to_owned(), values);
        }
    }
    Ok(Statement {
        sid: Some("Permission".into()),
        allows: true,
        principals: BTreeMap::from([(kind.to_owned(), BTreeSet::from([principal]))]),
        actions: text(resource, "Action")?.into_iter().collect(),
        resources: text(resource, "FunctionName")?.into_iter().collect(),
        conditions,
    })
}

/// A route with IAM authorization gives no permission: the callers' own policies do.
fn route(resource: &Resource) -> Result<Option<Statement>, String> {
    match text(resource, "AuthorizationType")?.as_deref() {
        Some("AWS_IAM") => Ok(None),
        None | Some("NONE") => Ok(Some(Statement {
            sid: Some("Route".into()),
            allows: true,
            principals: BTreeMap::from([("*".to_owned(), BTreeSet::from(["*".to_owned()]))]),
            actions: BTreeSet::from(["execute-api:Invoke".to_owned()]),
            resources: text(resource, "RouteKey")?.into_iter().collect(),
            conditions: BTreeMap::new(),
        })),
        Some(other) => Err(format!("its authorization type is {other}")),
    }
}

fn text(resource: &Resource, property: &str) -> Result<Option<String>, String> {
    match resource.properties.get(property) {
        None => Ok(None),
        Some(Ok(Value::String(text))) => Ok(Some(text.clone())),
        Some(Ok(Value::Number(number))) => Ok(Some(number.to_string())),
        Some(Ok(_)) => Err(format!("its {property} is not a string")),
        Some(Err(unclear)) => Err(unclear.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::policy::resolve;
    use crate::stack::policy::resolve::StackLocation;
    use crate::stack::policy::statement_words::sentence;
    use crate::stack::template::config_template::TEMPLATE;

    fn resource(kind: &str, properties: &[(&str, &str)]) -> Resource {
        let property = |(name, value): &(&str, &str)| ((*name).to_owned(), Ok(Value::from(*value)));
        Resource {
            kind: kind.into(),
            properties: properties.iter().map(property).collect(),
        }
    }

    #[test]
    fn the_templates_permission_is_for_its_own_api_alone() {
        let parameters = [("Config", "payments"), ("MakeApi", "true")];
        let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let place =
            StackLocation::of("arn:aws:cloudformation:eu-west-1:123456789012:stack/discfg-payments/x");
        let made = resolve::resources(TEMPLATE, &parameters.into(), &place.expect("a place"));
        let made = made.expect("the template resolves");
        let found = statement(&made["Invocation"])
            .expect("it is one")
            .expect("it is clear");
        assert_eq!(
            sentence(&found.expect("it lets in")),
            "allow lambda:InvokeFunction on ${Function} for service apigateway.amazonaws.com, only for requests from \
             arn:aws:execute-api:eu-west-1:123456789012:${Api}/$default/*"
        );
        for route in ["GetRoute", "PutRoute", "PostRoute", "DeleteRoute"] {
            assert_eq!(statement(&made[route]), Some(Ok(None)), "{route}");
        }
    }

    #[test]
    fn a_route_that_asks_nobody_is_open_to_everyone() {
        for of in [
            &[("RouteKey", "GET /x")][..],
            &[("RouteKey", "GET /x"), ("AuthorizationType", "NONE")],
        ] {
            let found = statement(&resource("AWS::ApiGatewayV2::Route", of)).expect("it is one");
            let found = found.expect("it is clear").expect("it lets in");
            assert_eq!(
                sentence(&found),
                "allow execute-api:Invoke on GET /x for everyone"
            );
        }
    }

    #[test]
    fn what_can_not_be_told_is_an_error() {
        let custom = [("RouteKey", "GET /x"), ("AuthorizationType", "CUSTOM")];
        let found = statement(&resource("AWS::ApiGatewayV2::Route", &custom)).expect("it is one");
        assert!(found.expect_err("unclear").contains("CUSTOM"));
        let token = [("Action", "lambda:InvokeFunction"), ("EventSourceToken", "x")];
        let found = statement(&resource("AWS::Lambda::Permission", &token)).expect("it is one");
        assert!(found.expect_err("unclear").contains("EventSourceToken"));
        assert_eq!(statement(&resource("AWS::Lambda::Function", &[])), None);
    }
}
