//! IAM's policy simulator, in the shape of its answers (IAM API reference, `SimulatePrincipalPolicy`), with a test's
//! decisions. The emulator's own ignores the context, tells no statements and finds no role that has a path.

use std::fmt::Write as _;

use percent_encoding::percent_decode_str;

use super::proxy::Proxy;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The ARN of the user or role.
    pub by: String,
    /// The actions.
    pub actions: Vec<String>,
    /// The ARN of the resource.
    pub on: String,
    /// The partition keys that are given as context.
    pub keys: Vec<String>,
}

impl Asked {
    fn new(form: &str) -> Self {
        let pairs: Vec<(String, String)> = form
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| {
                (
                    name.to_owned(),
                    percent_decode_str(value).decode_utf8_lossy().into(),
                )
            })
            .collect();
        let all = |beginning: &str| -> Vec<String> {
            let of = pairs.iter().filter(|(name, _)| name.starts_with(beginning));
            of.map(|(_, value)| value.clone()).collect()
        };
        let keys = pairs
            .iter()
            .find(|(_, value)| value == "dynamodb:LeadingKeys")
            .map(|(name, _)| all(&name.replace("ContextKeyName", "ContextKeyValues")));
        Self {
            by: all("PolicySourceArn").concat(),
            actions: all("ActionNames"),
            on: all("ResourceArns").concat(),
            keys: keys.unwrap_or_default(),
        }
    }
}

/// What is said of every action of a request.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// `allowed`, `implicitDeny` or `explicitDeny`.
    pub decision: &'static str,
    /// The policy, of this type, whose statement at this line and column decides.
    pub statement: Option<(&'static str, &'static str, u32, u32)>,
    /// Context keys that the policies ask for and that weren't given.
    pub unknown_keys: &'static [&'static str],
    /// Whether the permissions boundary allows it, if there is one.
    pub in_boundary: Option<bool>,
    /// Whether the organization's policies allow it, if there are any.
    pub in_organization: Option<bool>,
}

impl Said {
    /// Allowed by this statement.
    pub fn allowed(policy: &'static str, line: u32, column: u32) -> Self {
        Self {
            decision: "allowed",
            statement: Some((policy, "IAM Policy", line, column)),
            ..Self::default()
        }
    }

    /// No statement speaks of it.
    pub fn unsaid() -> Self {
        Self {
            decision: "implicitDeny",
            ..Self::default()
        }
    }
}

/// Makes the proxy answer for the simulator. What `says` nothing of goes to the emulator's.
pub fn answer(proxy: &Proxy, says: impl Fn(&Asked) -> Option<Said> + Send + Sync + 'static) {
    proxy.on("SimulatePrincipalPolicy").play(move |form| {
        let asked = Asked::new(form);
        says(&asked).map(|said| (200, answer_of(&asked, &said)))
    });
}

/// All that was asked, in order.
pub fn asked(proxy: &Proxy) -> Vec<Asked> {
    proxy
        .requests()
        .iter()
        .filter(|request| request.operation == "SimulatePrincipalPolicy")
        .map(|request| Asked::new(&String::from_utf8_lossy(&request.message.body)))
        .collect()
}

fn answer_of(asked: &Asked, said: &Said) -> String {
    let mut results = String::new();
    for action in &asked.actions {
        let mut more = String::from("<MatchedStatements>");
        if let Some((policy, kind, line, column)) = said.statement {
            let _ = write!(
                more,
                "<member><SourcePolicyId>{policy}</SourcePolicyId><SourcePolicyType>{kind}</SourcePolicyType>\
                 <StartPosition><Line>{line}</Line><Column>{column}</Column></StartPosition>\
                 <EndPosition><Line>{line}</Line><Column>99</Column></EndPosition></member>"
            );
        }
        more.push_str("</MatchedStatements><MissingContextValues>");
        for key in said.unknown_keys {
            let _ = write!(more, "<member>{key}</member>");
        }
        more.push_str("</MissingContextValues>");
        if let Some(is) = said.in_boundary {
            let _ = write!(
                more,
                "<PermissionsBoundaryDecisionDetail><AllowedByPermissionsBoundary>{is}\
                 </AllowedByPermissionsBoundary></PermissionsBoundaryDecisionDetail>"
            );
        }
        let organization = said.in_organization.map(|is| {
            format!(
                "<OrganizationsDecisionDetail><AllowedByOrganizations>{is}</AllowedByOrganizations>\
                 </OrganizationsDecisionDetail>"
            )
        });
        let (decision, on) = (said.decision, &asked.on);
        let _ = write!(
            results,
            "<member><EvalActionName>{action}</EvalActionName><EvalDecision>{decision}</EvalDecision>\
             <EvalResourceName>{on}</EvalResourceName>{}<ResourceSpecificResults><member>\
             <EvalResourceName>{on}</EvalResourceName><EvalResourceDecision>{decision}</EvalResourceDecision>{more}\
             </member></ResourceSpecificResults></member>",
            organization.unwrap_or_default()
        );
    }
    format!(
        "<SimulatePrincipalPolicyResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\
         <SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated>\
         <EvaluationResults>{results}</EvaluationResults></SimulatePrincipalPolicyResult>\
         </SimulatePrincipalPolicyResponse>"
    )
}
