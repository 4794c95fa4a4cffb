/// What a principal must be allowed, by a role's trust and by its own policies, to assume the role from any session.
///
/// A session may bear tags that pass on to the roles it assumes: EKS Pod Identity's do by default, and those of single
/// sign-on where attributes are passed. STS then asks for `sts:TagSession`, too (IAM user guide, "Pass session tags in
/// AWS STS", "Chaining roles with session tags"). Who may tag a session chooses its tags, so nothing of discfg's
/// relies on them.
pub const ASSUME_ACTIONS: [&str; 2] = ["sts:AssumeRole", TAG_SESSION];

pub(super) const TAG_SESSION: &str = "sts:TagSession";

/// The statement that a principal's own policies need to assume the role of this ARN, in IAM's JSON.
pub fn assume_statement(role: &str) -> String {
    let [assume, tag] = ASSUME_ACTIONS;
    format!(r#"{{"Effect":"Allow","Action":["{assume}","{tag}"],"Resource":"{role}"}}"#)
}
