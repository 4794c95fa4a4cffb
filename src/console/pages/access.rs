mod problem;
mod question;
mod roles;

use axum::response::Response;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use maud::{Markup, html};

use self::problem::problem;
use crate::console::access_source::AccessSource;
use crate::console::error::ConsoleError;
use crate::console::layout::{Page, Tab};
use crate::console::text::data;
use crate::console::visit::ConfigVisit;
use crate::model::Section;
use crate::stack::access::{Brought, Inspector, NOT_COVERED, SectionAccess, SubjectAccess};

/// The number of concurrent simulations: IAM throttles early.
const SIDE_BY_SIDE: usize = 4;

/// Who can access a config, and what decides it.
pub(in crate::console) async fn show(visit: ConfigVisit) -> Result<Response, ConsoleError> {
    let content = match &visit.visit.console.access {
        AccessSource::Local => html! {
            p.notice {
                "The embedded engine has no access control: who can read or write the config's file can read or write every key. \
                 The permissions of the file decide."
            }
        },
        AccessSource::Unavailable(reason) => html! { p.notice { (reason) } },
        AccessSource::Aws { cfn, iam } => {
            let inspector = Inspector::new(cfn, iam.clone(), &visit.config.name).await;
            let roles = roles::overview(cfn, iam, &visit.config.name).await;
            let evaluated = match &inspector {
                Ok(Some(inspector)) => evaluate(&visit, inspector).await?,
                Ok(None) => html! { p.notice.warn { "The config has no stack: there are no roles." } },
                Err(error) => problem(error),
            };
            html! { (evaluated) (roles) }
        }
    };
    let content = html! {
        h1 { "Access" }
        (content)
    };
    Ok(Page::of_config(&visit, Tab::Access, "Access").render(&content))
}

async fn evaluate(visit: &ConfigVisit, inspector: &Inspector) -> Result<Markup, ConsoleError> {
    let query = &visit.visit.query;
    let (heads, bad) = visit.visit.heads(&*visit.store).await?;
    let mut sections = inspector.granted_sections();
    sections.extend(heads.into_iter().map(|head| head.section));
    sections.extend(bad.into_iter().map(|bad| bad.section));
    if sections.is_empty() {
        sections.insert(Section::root());
    }
    let sections: Vec<Section> = sections.into_iter().collect();
    let matrix = if query.is_on("matrix") {
        matrix(inspector, &sections).await
    } else {
        html! {
            p { a.button href={ (visit.href("access", None)) "?matrix=on" } { "Evaluate all principals" } }
            p.hint { "Asks IAM's policy simulator about each principal that a role trusts, which takes some seconds." }
        }
    };
    Ok(html! {
        (question::ask(visit, inspector).await)
        section aria-labelledby="matrix-title" {
            h2 #matrix-title { "Principals by section" }
            (matrix)
        }
        p.hint { "Not evaluated: " (NOT_COVERED) "." }
    })
}

async fn matrix(inspector: &Inspector, sections: &[Section]) -> Markup {
    let brought = Brought::default();
    let rows = async {
        let subjects = inspector.named().await?;
        // Owned futures: a closure over borrowed subjects isn't general enough for a handler.
        let rows: Vec<_> = subjects
            .iter()
            .map(|subject| inspector.access_to(subject, &brought, sections))
            .collect();
        let rows = stream::iter(rows).buffered(SIDE_BY_SIDE);
        rows.try_collect::<Vec<SubjectAccess>>().await
    };
    match rows.await {
        Err(error) => problem(&error),
        Ok(rows) if rows.is_empty() => html! { p.empty { "The roles trust no principal." } },
        Ok(rows) => html! {
            div.scroll tabindex="0" role="region" aria-label="Principals by section" {
                table.matrix {
                    thead { tr {
                        th scope="col" { "Principal" }
                        @for section in sections { th scope="col" { (section) } }
                    } }
                    tbody {
                        @for row in &rows {
                            tr {
                                th scope="row" {
                                    (data(&row.principal))
                                    @if row.judged_by == SubjectAccess::BY_TRUST { " " span.hint { "judged by trust only" } }
                                }
                                @for cell in &row.sections { td { (badge(cell)) } }
                            }
                        }
                    }
                }
            }
        },
    }
}

fn badge(cell: &SectionAccess) -> Markup {
    html! { span class={ "badge " (cell.access) } { (cell.access) } }
}
