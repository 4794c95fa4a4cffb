use aws_sdk_iam::Client;
use aws_sdk_iam::types::{
    ContextEntry, ContextKeyTypeEnum, OrganizationsDecisionDetail, PermissionsBoundaryDecisionDetail,
    PolicyEvaluationDecisionType, PolicySourceType, Statement,
};

use super::answer::Finding;
use super::error::AccessError;

/// A request to evaluate with IAM's policy simulator.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request<'a> {
    /// The ARN of the user or role that sends it.
    pub(super) by: &'a str,
    pub(super) actions: &'a [&'a str],
    pub(super) on: &'a str,
    /// The partition keys of its items, if any.
    pub(super) leading_keys: &'a [&'a str],
}

/// The simulator's result for an action.
#[derive(Debug, Clone)]
pub(super) struct Simulated {
    pub(super) action: String,
    pub(super) finding: Finding,
    /// Whether it is only denied because no statement allows it.
    pub(super) is_unsaid: bool,
}

/// The action that the simulation requires.
const ACTION: &str = "iam:SimulatePrincipalPolicy";

/// Simulates each action with IAM's policy simulator, in the order of the request, by the policies of the user or role,
/// its groups, permissions boundary and organization. Trust policies and resource policies are not evaluated.
pub(super) async fn simulate(iam: &Client, request: &Request<'_>) -> Result<Vec<Simulated>, AccessError> {
    let mut found: Vec<Simulated> = Vec::new();
    let mut marker = None;
    loop {
        let answer = iam
            .simulate_principal_policy()
            .policy_source_arn(request.by)
            .set_action_names(Some(
                request.actions.iter().map(|&action| action.into()).collect(),
            ))
            .resource_arns(request.on)
            .set_context_entries(Some(context(request)))
            .set_marker(marker)
            .send()
            .await
            .map_err(|error| AccessError::request(ACTION, request.by, &error))?;
        for result in answer.evaluation_results() {
            // With resources given, the answer for each may come below the answer for all.
            let of_resource = result
                .resource_specific_results()
                .iter()
                .find(|one| one.eval_resource_name() == request.on);
            let judged = Judged {
                decision: of_resource.map_or(result.eval_decision(), |one| one.eval_resource_decision()),
                statements: of_resource.map_or(result.matched_statements(), |one| one.matched_statements()),
                unknown_keys: of_resource.map_or(result.missing_context_values(), |one| {
                    one.missing_context_values()
                }),
                in_boundary: of_resource
                    .and_then(|one| one.permissions_boundary_decision_detail())
                    .or(result.permissions_boundary_decision_detail())
                    .map(PermissionsBoundaryDecisionDetail::allowed_by_permissions_boundary),
                in_organization: result
                    .organizations_decision_detail()
                    .map(OrganizationsDecisionDetail::allowed_by_organizations),
            };
            let (finding, is_unsaid) = judged.finding();
            found.push(Simulated {
                action: result.eval_action_name().to_owned(),
                finding,
                is_unsaid,
            });
        }
        marker = answer.marker().map(str::to_owned);
        if !answer.is_truncated() || marker.is_none() {
            break;
        }
    }
    let in_order = request.actions.iter().map(|&action| {
        let answered = found.iter().find(|one| one.action.eq_ignore_ascii_case(action));
        answered.cloned().unwrap_or_else(|| Simulated {
            action: action.to_owned(),
            finding: Finding::unknown("IAM's simulator gave no answer"),
            is_unsaid: false,
        })
    });
    Ok(in_order.collect())
}

/// The known context of the request. A policy that depends on more gives an unknown result.
fn context(request: &Request<'_>) -> Vec<ContextEntry> {
    let entry = |name: &str, kind, values: &[&str]| {
        ContextEntry::builder()
            .context_key_name(name)
            .context_key_type(kind)
            .set_context_key_values(Some(values.iter().map(|&value| value.into()).collect()))
            .build()
    };
    let account = request.by.split(':').nth(4).unwrap_or_default();
    let mut entries = vec![
        entry("aws:PrincipalArn", ContextKeyTypeEnum::String, &[request.by]),
        entry("aws:PrincipalAccount", ContextKeyTypeEnum::String, &[account]),
        entry("aws:SecureTransport", ContextKeyTypeEnum::Boolean, &["true"]),
    ];
    if !request.leading_keys.is_empty() {
        entries.push(entry(
            "dynamodb:LeadingKeys",
            ContextKeyTypeEnum::StringList,
            request.leading_keys,
        ));
    }
    entries
}

struct Judged<'a> {
    decision: &'a PolicyEvaluationDecisionType,
    statements: &'a [Statement],
    unknown_keys: &'a [String],
    in_boundary: Option<bool>,
    in_organization: Option<bool>,
}

impl Judged<'_> {
    /// The finding, and whether only an allowing statement is missing.
    fn finding(&self) -> (Finding, bool) {
        let decisive = self.words();
        let finding = match self.decision {
            _ if !self.unknown_keys.is_empty() => Finding::unknown(format!(
                "the policies depend on {}, which is unknown here; without it the policy simulator returns {}",
                self.unknown_keys.join(", "),
                self.decision.as_str()
            )),
            PolicyEvaluationDecisionType::Allowed => Finding::yes(format!(
                "allowed by {}",
                decisive.as_deref().unwrap_or("its policies")
            )),
            PolicyEvaluationDecisionType::ExplicitDeny => Finding::no(format!(
                "denied by {}",
                decisive.as_deref().unwrap_or("its policies")
            )),
            PolicyEvaluationDecisionType::ImplicitDeny if self.in_organization == Some(false) => {
                Finding::no("not allowed by the organization's policies (SCP)")
            }
            PolicyEvaluationDecisionType::ImplicitDeny if self.in_boundary == Some(false) => {
                Finding::no("not allowed by its permissions boundary")
            }
            PolicyEvaluationDecisionType::ImplicitDeny => {
                return (Finding::no("not allowed by any statement of its policies"), true);
            }
            other => Finding::unknown(format!("the policy simulator returns {}", other.as_str())),
        };
        (finding, false)
    }

    /// The deciding statements, by policy and position: the simulator returns no Sids.
    fn words(&self) -> Option<String> {
        let words: Vec<String> = self
            .statements
            .iter()
            .filter_map(|statement| {
                let kind = match statement.source_policy_type() {
                    Some(PolicySourceType::User | PolicySourceType::Role) => "inline policy",
                    Some(PolicySourceType::Group) => "group policy",
                    Some(PolicySourceType::AwsManaged) => "AWS managed policy",
                    _ => "policy",
                };
                let name = statement.source_policy_id()?;
                Some(match statement.start_position() {
                    Some(at) => format!("{kind} {name} (statement at {}:{})", at.line(), at.column()),
                    None => format!("{kind} {name}"),
                })
            })
            .collect();
        (!words.is_empty()).then(|| words.join(" and "))
    }
}
