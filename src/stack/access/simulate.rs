use aws_sdk_iam::Client;
use aws_sdk_iam::types::{
    ContextEntry, ContextKeyTypeEnum, OrganizationsDecisionDetail, PermissionsBoundaryDecisionDetail,
    PolicyEvaluationDecisionType, PolicySourceType, Statement,
};

use super::answer::Finding;
use super::error::AccessError;

/// A request that IAM's simulator is asked about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request<'a> {
    /// The ARN of the user or role that would make it.
    pub(super) by: &'a str,
    pub(super) actions: &'a [&'a str],
    pub(super) on: &'a str,
    /// The partition keys of the items that it is about, if it is about any.
    pub(super) leading_keys: &'a [&'a str],
}

/// What the simulator says of an action.
#[derive(Debug, Clone)]
pub(super) struct Simulated {
    pub(super) action: String,
    pub(super) finding: Finding,
    /// Whether nothing is in the way but that no statement speaks of it.
    pub(super) is_unsaid: bool,
}

/// The action that asking takes.
const ACTION: &str = "iam:SimulatePrincipalPolicy";

/// What IAM's simulator says of each action, in the order of the request: by the policies of the user or role with its
/// groups and its boundary, and by its organization's policies. It looks neither at the trust of roles nor at policies
/// of resources.
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

/// What of the request's context is known. A policy that asks for more gets no certain answer.
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
    /// The finding, and whether a statement that allows it is all that lacks.
    fn finding(&self) -> (Finding, bool) {
        let decisive = self.words();
        let finding = match self.decision {
            _ if !self.unknown_keys.is_empty() => Finding::unknown(format!(
                "the policies ask for {}, which isn't known here; without it the simulator says {}",
                self.unknown_keys.join(", "),
                self.decision.as_str()
            )),
            PolicyEvaluationDecisionType::Allowed => Finding::yes(format!(
                "allowed by {}",
                decisive.as_deref().unwrap_or("its policies")
            )),
            PolicyEvaluationDecisionType::ExplicitDeny => Finding::no(format!(
                "denied by {}",
                decisive.as_deref().unwrap_or("a statement of its policies")
            )),
            PolicyEvaluationDecisionType::ImplicitDeny if self.in_organization == Some(false) => {
                Finding::no("the organization's policies (SCP) don't allow it")
            }
            PolicyEvaluationDecisionType::ImplicitDeny if self.in_boundary == Some(false) => {
                Finding::no("its permissions boundary doesn't allow it")
            }
            PolicyEvaluationDecisionType::ImplicitDeny => {
                return (Finding::no("no statement of its policies allows it"), true);
            }
            other => Finding::unknown(format!("the simulator says {}", other.as_str())),
        };
        (finding, false)
    }

    /// The statements that decide, by policy and place: the simulator knows no Sids.
    fn words(&self) -> Option<String> {
        let words: Vec<String> = self
            .statements
            .iter()
            .filter_map(|statement| {
                let kind = match statement.source_policy_type() {
                    Some(PolicySourceType::User | PolicySourceType::Role) => "the inline policy",
                    Some(PolicySourceType::Group) => "the group's policy",
                    Some(PolicySourceType::AwsManaged) => "AWS's policy",
                    _ => "the policy",
                };
                let name = statement.source_policy_id()?;
                Some(match statement.start_position() {
                    Some(at) => format!("the statement at {}:{} of {kind} {name}", at.line(), at.column()),
                    None => format!("{kind} {name}"),
                })
            })
            .collect();
        (!words.is_empty()).then(|| words.join(" and "))
    }
}
