use maud::{Markup, html};

use super::problem::problem;
use crate::console::text::data;
use crate::console::visit::ConfigVisit;
use crate::model::{Access, GitHubSubject, Key, OidcSubject, PrincipalArn};
use crate::stack::access::{Answer, Brought, Inspector, Subject, Verdict};

/// The form for a question, with the answer to the one that the address asks.
pub(super) async fn ask(visit: &ConfigVisit, inspector: &Inspector) -> Markup {
    let query = &visit.visit.query;
    let (who, key) = (
        query.get("who").unwrap_or_default(),
        query.get("key").unwrap_or_default(),
    );
    let wants = query.get("wants").unwrap_or("read");
    let answered = if who.is_empty() || key.is_empty() {
        html! {}
    } else {
        match answer(inspector, who.trim(), key.trim(), wants).await {
            Ok((subject, access, key, verdict)) => verdict_markup(&subject, access, &key, &verdict),
            Err(problem) => problem,
        }
    };
    html! {
        section aria-labelledby="question-title" {
            h2 #question-title { "Check access" }
            form.edit.question method="get" action=(visit.href("access", None)) {
                label for="who" { "Principal" }
                input #who name="who" value=(who) required spellcheck="false" autocomplete="off" placeholder="arn:aws:iam::123456789012:role/app";
                p.hint { "The ARN of a user, role or session; a GitHub job such as acme/shop:environment:production; or ISSUER,SUBJECT of an OIDC token." }
                div.row {
                    div {
                        label for="wants" { "Access" }
                        select #wants name="wants" {
                            option value="read" selected[wants == "read"] { "read" }
                            option value="write" selected[wants == "write"] { "write" }
                        }
                    }
                    div {
                        label for="question-key" { "Key" }
                        input #question-key name="key" value=(key) required spellcheck="false" autocomplete="off" placeholder="/db/url";
                    }
                }
                div.actions { button.primary { "Check" } }
            }
            (answered)
        }
    }
}

async fn answer(
    inspector: &Inspector,
    who: &str,
    key: &str,
    wants: &str,
) -> Result<(Subject, Access, Key, Verdict), Markup> {
    let invalid = |text: String| html! { p.notice.bad role="alert" { (data(&text)) } };
    let key: Key = key
        .parse()
        .map_err(|error: crate::model::KeyError| invalid(error.to_string()))?;
    let access = if wants == "write" {
        Access::Write
    } else {
        Access::Read
    };
    let subject = subject(who).map_err(invalid)?;
    let evaluated = async {
        let subject = match subject {
            Subject::Principal(principal) => Subject::Principal(inspector.resolve(principal).await?),
            subject => subject,
        };
        let verdict = inspector
            .may(&subject, &Brought::default(), access, &key.section())
            .await?;
        Ok((subject, verdict))
    };
    let (subject, verdict) = evaluated.await.map_err(|error| problem(&error))?;
    Ok((subject, access, key, verdict))
}

/// What a text names: an ARN, a GitHub job, or the subject of another issuer.
fn subject(text: &str) -> Result<Subject, String> {
    if text.starts_with("arn:") {
        let principal = text.parse::<PrincipalArn>();
        return principal
            .map(Subject::Principal)
            .map_err(|error| error.to_string());
    }
    if text.contains(',') {
        let subject = text.parse::<OidcSubject>();
        return subject.map(Subject::Oidc).map_err(|error| error.to_string());
    }
    let job = text.parse::<GitHubSubject>();
    job.map(Subject::GitHub).map_err(|error| error.to_string())
}

fn verdict_markup(subject: &Subject, access: Access, key: &Key, verdict: &Verdict) -> Markup {
    let (class, verb) = match verdict.answer {
        Answer::Yes => ("good", "can"),
        Answer::No => ("bad", "can't"),
        Answer::Unknown => ("warn", "may"),
    };
    html! {
        div.verdict role="status" {
            p class={ "notice " (class) } {
                strong { (verdict.answer) } ": " (data(&subject.to_string())) " " (verb) " " (access) " " code { (key) }
            }
            ol.ways {
                @for way in &verdict.ways {
                    li {
                        p { "As " strong { (way.role) } ": " (answer_badge(way.answer)) }
                        ul.steps {
                            @for step in &way.steps {
                                li {
                                    (answer_badge(step.finding.answer)) " " code { (step.of) } ": " (data(&step.finding.because))
                                    @if step.only_with_tags { " (only for sessions with transitive tags)" }
                                    @if step.only_by_api { " (only for the HTTP API)" }
                                    @if let Some(missing) = &step.finding.missing { p.hint { "Missing: " code { (data(missing)) } } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn answer_badge(answer: Answer) -> Markup {
    let class = match answer {
        Answer::Yes => "yes",
        Answer::No => "no",
        Answer::Unknown => "unknown",
    };
    html! { span class={ "badge " (class) } { (answer) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_an_arn_a_job_or_a_subject() {
        let kind = |text| match subject(text) {
            Ok(Subject::Principal(_)) => "principal",
            Ok(Subject::GitHub(_)) => "job",
            Ok(Subject::Oidc(_)) => "subject",
            Ok(_) => "other",
            Err(_) => "invalid",
        };
        assert_eq!(kind("arn:aws:iam::123456789012:role/app"), "principal");
        assert_eq!(kind("acme/shop:environment:production"), "job");
        assert_eq!(
            kind("https://oidc.example.com,system:serviceaccount:a:b"),
            "subject"
        );
        for text in ["arn:aws:s3:::bucket", "acme", "<script>"] {
            assert_eq!(kind(text), "invalid", "{text}");
        }
    }
}
