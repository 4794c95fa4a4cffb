use std::fmt::Write as _;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::Serialize;

use crate::cli::failure::Failure;
use crate::cli::output::show;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::model::{Access, ConfigName, Role, Section};
use crate::ops::readable_heads;
use crate::stack::access::{Brought, Inspector, NOT_COVERED, Subject, SubjectAccess};
use crate::store::Heads;

/// The number of concurrent simulations: IAM throttles early.
const SIDE_BY_SIDE: usize = 4;

#[derive(Serialize)]
struct Matrix {
    action: &'static str,
    config: String,
    sections: Vec<Section>,
    principals: Vec<SubjectAccess>,
    #[serde(rename = "notCovered")]
    not_covered: &'static str,
}

pub(super) async fn run(
    config: &ConfigName,
    inspector: &Inspector,
    subjects: Vec<Subject>,
    brought: &Brought,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let subjects = if subjects.is_empty() {
        inspector.named().await?
    } else {
        subjects
    };
    let mut sections = inspector.granted_sections();
    sections.extend(registered(session).await?);
    if sections.is_empty() {
        // An empty config is shown by its root section.
        sections.insert(Section::root());
    }
    let sections: Vec<Section> = sections.into_iter().collect();
    let principals: Vec<SubjectAccess> = stream::iter(&subjects)
        .map(|subject| inspector.access_to(subject, brought, &sections))
        .buffered(SIDE_BY_SIDE)
        .try_collect()
        .await?;
    let matrix = Matrix {
        action: "access",
        config: config.to_string(),
        sections,
        principals,
        not_covered: NOT_COVERED,
    };
    show(
        terminal,
        session.format(),
        &matrix,
        || table(&matrix),
        || csv(&matrix).into_bytes(),
    )?;
    if matrix
        .principals
        .iter()
        .any(|row| row.judged_by == SubjectAccess::BY_TRUST)
    {
        terminal.hint(
            "Principals that are judged only by trust also need a policy of their own that allows them to assume the \
             role.",
        );
    }
    for subject in &subjects {
        if let Subject::Unaccepted(trusted) = subject
            && let Err(refused) = trusted.accepted()
        {
            terminal.hint(&format!(
                "A role trusts a subject that discfg would refuse: {refused}."
            ));
        }
    }
    terminal.hint(&format!("Not evaluated: {NOT_COVERED}."));
    Ok(())
}

/// The registered sections, read with the caller's own credentials unless a role is given: an administrator need not be
/// a reader.
async fn registered(session: &mut Session) -> Result<Vec<Section>, Failure> {
    let mut global = session.global().clone();
    if session.target()?.role.is_none() {
        global.role = Some(Role::Caller);
    }
    let mut own = session.beside(global);
    let store = own.store(Access::Read, "the list of sections").await?;
    let read = readable_heads(store, &Heads::All).await;
    let (heads, bad) = read.map_err(|error| {
        own.explain(error, Access::Read)
            .hint("or list the sections in the read role, if it trusts you: --as read")
    })?;
    let bad = bad.into_iter().map(|bad| bad.section);
    let mut sections: Vec<Section> = heads.into_iter().map(|head| head.section).chain(bad).collect();
    sections.sort();
    Ok(sections)
}

/// The header, then the cells of each row.
fn lines(matrix: &Matrix) -> Vec<Vec<&str>> {
    let mut head = vec!["principal", "judged by"];
    head.extend(matrix.sections.iter().map(Section::as_str));
    let rows = matrix.principals.iter().map(|row| {
        let mut line = vec![row.principal.as_str(), row.judged_by];
        line.extend(row.sections.iter().map(|cell| cell.access));
        line
    });
    std::iter::once(head).chain(rows).collect()
}

fn table(matrix: &Matrix) -> String {
    let lines = lines(matrix);
    let columns = matrix.sections.len() + 2;
    let widths: Vec<usize> = (0..columns)
        .map(|column| lines.iter().map(|line| line[column].len()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for line in lines {
        let mut row = String::new();
        for (word, width) in line.iter().zip(&widths) {
            let _ = write!(row, "{word:<width$}  ");
        }
        let _ = writeln!(text, "{}", row.trim_end());
    }
    text
}

/// RFC 4180, except that lines end as they do on Unix.
fn csv(matrix: &Matrix) -> String {
    let field = |word: &str| {
        if word.contains(['"', ',', '\r', '\n']) {
            format!("\"{}\"", word.replace('"', "\"\""))
        } else {
            word.to_owned()
        }
    };
    let mut text = String::new();
    for line in lines(matrix) {
        let fields: Vec<String> = line.into_iter().map(field).collect();
        let _ = writeln!(text, "{}", fields.join(","));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::access::{Answer, SectionAccess};

    #[test]
    fn a_field_with_a_quote_or_a_comma_is_quoted() {
        let cell =
            |section: &str| SectionAccess::new(section.parse().expect("a section"), Answer::Yes, Answer::No);
        let matrix = Matrix {
            action: "access",
            config: "payments".into(),
            sections: vec!["/db".parse().expect("a section")],
            principals: vec![SubjectAccess {
                principal: "repo:acme/shop:environment:a \"b\"".into(),
                judged_by: "trust and policies",
                sections: vec![cell("/db")],
            }],
            not_covered: NOT_COVERED,
        };
        assert_eq!(
            csv(&matrix),
            "principal,judged by,/db\n\"repo:acme/shop:environment:a \"\"b\"\"\",trust and policies,read\n"
        );
        assert_eq!(
            table(&matrix),
            "principal                         judged by           /db\n\
             repo:acme/shop:environment:a \"b\"  trust and policies  read\n"
        );
    }
}
