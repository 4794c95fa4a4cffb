use crate::cli::bad_sections::report;
use crate::cli::failure::Failure;
use crate::cli::output::show;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::engine::local::LocalEngine;
use crate::engine::local_file;
use crate::model::Access;
use crate::ops::readable_heads;
use crate::store::Heads;
use crate::wire::result::LocalStatus;

/// Shows the file, its size, state and sections.
pub(super) async fn run(session: &mut Session, terminal: &mut Terminal) -> Result<(), Failure> {
    let config = session.config()?;
    let path = local_file(session.target()?)?;
    let store = session.store(Access::Read, "every section").await?;
    let read: crate::store::Result<_> =
        async { Ok((store.status().await?, readable_heads(store, &Heads::All).await?)) }.await;
    let (status, (heads, bad)) = read.map_err(|error| session.explain(error, Access::Read))?;
    let shape = LocalStatus {
        action: "status",
        config,
        engine: "local",
        stack: None,
        file: path.display().to_string(),
        bytes: LocalEngine::bytes_of(&path),
        state: status.to_string(),
        sections: heads
            .iter()
            .map(|head| (head.section.to_string(), head.revision.get()))
            .collect(),
    };
    let human = || {
        let sections: Vec<&str> = shape.sections.keys().map(String::as_str).collect();
        let sections = if sections.is_empty() {
            "none".into()
        } else {
            sections.join(", ")
        };
        format!(
            "config     {}\nengine     local: no stack, no roles\nfile       {} ({} bytes)\nstate      {}\nsections   {sections}\n",
            shape.config, shape.file, shape.bytes, shape.state
        )
    };
    show(terminal, session.format(), &shape, human, || {
        format!("{}\n", shape.state).into_bytes()
    })?;
    report(&bad, terminal)
}
