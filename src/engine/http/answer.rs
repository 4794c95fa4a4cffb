use crate::aws::PlainAnswer;
use crate::wire::Problem;

/// What the API says is wrong, if it is a discfg API that says so.
pub(super) fn problem(answer: &PlainAnswer) -> Option<Problem> {
    let is_problem = media_type(answer)? == "application/problem+json";
    let problem: Problem = serde_json::from_slice(&answer.body).ok().filter(|_| is_problem)?;
    (problem.status == answer.status && !problem.kind.is_empty()).then_some(problem)
}

/// The media type of an answer, without its parameters.
pub(super) fn media_type(answer: &PlainAnswer) -> Option<&str> {
    let content_type = answer.content_type.as_deref()?;
    Some(content_type.split(';').next().unwrap_or_default().trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_problem_that_agrees_with_its_status_is_one() {
        let answer = |status, content_type: &str, body: &str| PlainAnswer {
            status,
            content_type: Some(content_type.into()),
            retry_after: None,
            body: body.into(),
        };
        let json = r#"{"type":"about:blank","title":"-","status":404,"detail":"-","kind":"not-found"}"#;
        assert!(problem(&answer(404, "application/problem+json", json)).is_some());
        assert!(problem(&answer(404, "application/problem+json; charset=utf-8", json)).is_some());
        assert!(problem(&answer(403, "application/problem+json", json)).is_none());
        assert!(problem(&answer(404, "application/json", json)).is_none());
        assert!(problem(&answer(404, "application/problem+json", "{}")).is_none());
    }
}
