use std::collections::BTreeMap;

use axum::Json;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::snapshot::read_covered;
use crate::formats::{FormatError, secret_names};
use crate::http::error::ApiError;
use crate::http::openapi::{Base64, OnePrefix, Reads, Reveal};
use crate::http::request::context::RequestContext;
use crate::http::request::view::EntryView;
use crate::model::{Entry, ErrorKind, Key, Prefix, Value};
use crate::store::StoreError;
use crate::wire::{Problem, ProblemCode};

/// Read the values below a prefix as one flat object, for what copies them into a Kubernetes Secret
#[utoipa::path(
    get,
    path = "/v1/{config}/@config/values",
    operation_id = "values",
    params(OnePrefix, Reveal, Base64),
    responses(
        (status = 200, description = "Each value as a string, named by its key below the prefix with `.` for `/`. Keys with a time to live are left out.", body = BTreeMap<String, String>),
        (status = 422, description = "A key has no name in a Kubernetes Secret, two keys have the same one, a value is bytes, or the values exceed 1 MiB.", body = Problem, content_type = "application/problem+json"),
        Reads
    )
)]
pub(in crate::http) async fn values(
    mut context: RequestContext,
) -> Result<Json<BTreeMap<String, String>>, ApiError> {
    let prefix: Option<Prefix> = context.query.take("prefix")?;
    let view = EntryView::of_values(&mut context)?;
    let in_base64 = context.query.flag("base64")?.unwrap_or_default();
    context.query.end()?;
    let prefix = prefix.unwrap_or_else(Prefix::all);
    if let Some(section) = prefix.section() {
        context.check_section(&section)?;
    }
    let entries = context
        .deadline
        .in_time(read_entries(&context, &prefix, view))
        .await?;
    let items: Vec<(Key, Value)> = entries
        .into_iter()
        .map(|entry| (entry.key, entry.value))
        .collect();
    let names = secret_names(&items, &prefix).map_err(refuse_format)?;
    let texts = items.iter().map(|(_, value)| {
        if in_base64 {
            Some(STANDARD.encode(value.bytes()))
        } else {
            value.as_text().map(String::from)
        }
    });
    let texts: Vec<Option<String>> = texts.collect();
    let bytes = items
        .iter()
        .zip(&texts)
        .filter(|(_, text)| text.is_none())
        .map(|((key, _), _)| key.clone());
    let bytes: Vec<Key> = bytes.collect();
    if !bytes.is_empty() {
        let detail = format!(
            "cannot return bytes as text ({}); request base64=true",
            list(&bytes)
        );
        return Err(ApiError::new(ErrorKind::Invalid, ProblemCode::Unfit, detail).about(bytes));
    }
    Ok(Json(names.into_iter().zip(texts.into_iter().flatten()).collect()))
}

/// The entries below a prefix with their values, without a gap: clients delete the values that are missing from the response.
async fn read_entries(
    context: &RequestContext,
    prefix: &Prefix,
    view: EntryView,
) -> Result<Vec<Entry>, ApiError> {
    let (snapshot, bad) = read_covered(context, vec![prefix.clone()]).await?;
    if let Some(bad) = bad.into_iter().next() {
        let error = StoreError::Corrupt {
            section: Some(bad.section),
            what: bad.problem,
            source: None,
        };
        return Err(error.into());
    }
    let is_empty = snapshot.entries.is_empty();
    let entries = snapshot.without_ttl().entries;
    if entries.is_empty() {
        let ttl = if is_empty { "" } else { " without a time to live" };
        let detail = format!("no keys{ttl} below {prefix}");
        return Err(ApiError::new(ErrorKind::NotFound, ProblemCode::NoKey, detail));
    }
    if view == EntryView::Masked {
        let secrets = entries.iter().filter(|entry| entry.secret);
        let secrets: Vec<Key> = secrets.map(|entry| entry.key.clone()).collect();
        if !secrets.is_empty() {
            let detail = format!(
                "{prefix} contains secrets ({}); request their values with reveal=true",
                list(&secrets)
            );
            return Err(ApiError::denied(detail).about(secrets));
        }
    }
    Ok(view.open(context, entries).await?)
}

fn refuse_format(error: FormatError) -> ApiError {
    let failure = ApiError::new(ErrorKind::Invalid, ProblemCode::Unfit, error.to_string());
    match error {
        FormatError::Unnamed { key, .. } | FormatError::Unfit { key, .. } => failure.about([key]),
        FormatError::Collision { first, second, .. } => failure.about([first, second]),
        _ => failure,
    }
}

/// How many keys an error names.
const NAMED: usize = 5;

fn list(keys: &[Key]) -> String {
    let named: Vec<&str> = keys.iter().take(NAMED).map(Key::as_str).collect();
    let more = keys.len() - named.len();
    let rest = if more == 0 {
        String::new()
    } else {
        format!(" and {more} more")
    };
    format!("{}{rest}", named.join(", "))
}
