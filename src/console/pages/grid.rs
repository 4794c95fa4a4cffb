mod column;
mod form;
mod rows;

use std::collections::BTreeMap;

use axum::response::Response;
use futures::future::join_all;
use maud::{Markup, html};

use self::column::{EntryFilter, GridColumn};
use self::form::MAX_COLUMNS;
use self::rows::{CellMark, GridCell, GridRow};
use crate::console::error::ConsoleError;
use crate::console::fields::FormFields;
use crate::console::layout::Page;
use crate::console::page_version::PageVersion;
use crate::console::text::{countdown, data};
use crate::console::value;
use crate::console::visit::{Visit, href};
use crate::model::{ConfigName, Grouped, Head};

/// How many rows a page has.
const ROWS: usize = 100;
/// How many configs are shown unless some are chosen.
const DEFAULT_COLUMNS: usize = 4;

/// What a page shows.
struct GridPage {
    rows: Vec<GridRow>,
    /// The name after which the next page begins.
    next: Option<String>,
}

/// Several configs or prefixes side by side.
pub(in crate::console) async fn show(visit: Visit) -> Result<Response, ConsoleError> {
    let query = &visit.query;
    let sides = sides(&visit);
    let filter = filter(query);
    let heads = heads(&visit, &sides).await;
    let mut version = PageVersion::default();
    for (config, heads) in &heads {
        version.add_heads(config, heads);
    }
    let list = if sides.len() < 2 {
        form::explanation(&visit, &sides, &heads)
    } else {
        let shown = &sides[..sides.len().min(MAX_COLUMNS)];
        let mut columns = join_all(shown.iter().map(|side| GridColumn::open(&visit, side, &filter))).await;
        let only_differences = query.get("only") == Some("differences");
        let page = read(&visit, &mut columns, &filter, only_differences).await;
        html! {
            @if sides.len() > shown.len() { p.notice.warn { "The grid shows the first " (MAX_COLUMNS) " of " (sides.len()) " columns." } }
            (list(query, &columns, &page))
        }
    };
    let content = html! {
        h1 { "Grid" }
        section #sides data-part aria-label="Columns" { (form::sides(&visit, &sides, &heads)) }
        @if sides.len() >= 2 { (form::filters(query)) }
        section #list data-part aria-label="Keys" { (list) }
    };
    let page = Page::new(&visit, "Grid").wide();
    let page = if heads.is_empty() {
        page
    } else {
        page.live(heads.into_keys(), version.word())
    };
    Ok(page.render(&content))
}

/// The sides that are asked for, or else the visitor's configs.
fn sides(visit: &Visit) -> Vec<String> {
    let asked = visit
        .query
        .each("side")
        .map(str::trim)
        .filter(|side| !side.is_empty());
    let asked: Vec<String> = asked.map(String::from).collect();
    if !asked.is_empty() {
        return asked;
    }
    let configs = visit.configs().take(DEFAULT_COLUMNS);
    configs.map(|config| config.name.to_string()).collect()
}

fn filter(query: &FormFields) -> EntryFilter {
    EntryFilter {
        text: query.get("q").map(|text| text.trim().to_ascii_lowercase()),
        with_ttl: query.is_on("ttl"),
        after: query.get("after").map(String::from),
    }
}

/// Where the sections stand of the configs that the sides name, as far as they can be read.
async fn heads<'v>(visit: &'v Visit, sides: &[String]) -> BTreeMap<&'v ConfigName, Vec<Head>> {
    let mut heads = BTreeMap::new();
    for side in sides {
        let name = side.split(['/', ':', '@']).next().unwrap_or_default();
        let Ok((config, store)) = visit.config(name) else {
            continue;
        };
        if !heads.contains_key(&config.name)
            && let Ok((found, _)) = visit.heads(&**store).await
        {
            heads.insert(&config.name, found);
        }
    }
    heads
}

async fn read(
    visit: &Visit,
    columns: &mut [GridColumn<'_>],
    filter: &EntryFilter,
    only_differences: bool,
) -> GridPage {
    let mut rows: Vec<GridRow> = Vec::new();
    while let Some(name) = columns.iter().filter_map(GridColumn::name).min() {
        let name = name.to_owned();
        let mut cells = Vec::with_capacity(columns.len());
        for column in &mut *columns {
            cells.push(column.take(visit, filter, &name).await);
        }
        let row = GridRow::new(name, cells);
        if only_differences && !row.is_different() {
            continue;
        }
        if rows.len() == ROWS {
            let next = rows.last().map(|last| last.name.clone());
            return GridPage { rows, next };
        }
        rows.push(row);
    }
    GridPage { rows, next: None }
}

fn list(query: &FormFields, columns: &[GridColumn<'_>], page: &GridPage) -> Markup {
    let is_first = query.get("after").is_none();
    let left_out: usize = columns.iter().map(|column| column.left_out).sum();
    let has_secrets = page.rows.iter().any(|row| row.has(CellMark::NotCompared));
    html! {
        p.count role="status" { (count(page, is_first)) }
        @if left_out > 0 || has_secrets {
            p.hint {
                @if left_out > 0 { "Keys with a time to live are left out. " }
                @if has_secrets { "Secrets are not compared here, since they would have to be decrypted: run " code { "discfg diff" } " for that." }
            }
        }
        div.grid tabindex="0" role="region" aria-label="Grid" {
            table data-rows {
                thead { tr {
                    th scope="col" { "Key" }
                    @for (at, column) in columns.iter().enumerate() { (heading(query, columns, column, at)) }
                } }
                tbody {
                    @for row in &page.rows { (row_markup(columns, row)) }
                }
            }
        }
        @if page.rows.is_empty() { p.empty { (nothing(query)) } }
        @if !is_first || page.next.is_some() {
            nav.pages aria-label="Pages" {
                @if !is_first { a href=(query.href("/grid", &[("after", "")])) { "First page" } }
                @if let Some(next) = &page.next {
                    a rel="next" href=(query.href("/grid", &[("after", next)])) { "Next page" }
                }
            }
        }
    }
}

fn nothing(query: &FormFields) -> &'static str {
    match (query.get("q"), query.get("only"), query.get("after")) {
        (_, _, Some(_)) => "There are no more keys.",
        (Some(_), _, _) => "No key contains this text.",
        (None, Some(_), _) => "There are no differences.",
        (None, None, _) => "There are no keys here.",
    }
}

fn count(page: &GridPage, is_first: bool) -> String {
    let number = |rows: usize, what: &str| (rows > 0).then(|| format!("{} {what}", Grouped(rows)));
    let with = |mark: CellMark| page.rows.iter().filter(|row| row.has(mark)).count();
    let unlike = |row: &&GridRow| row.has(CellMark::NotCompared) && !row.is_different();
    let keys = match (page.rows.len(), is_first && page.next.is_none()) {
        (1, true) => "1 key".into(),
        (rows, true) => format!("{} keys", Grouped(rows)),
        (rows, false) => format!("{} keys on this page", Grouped(rows)),
    };
    let parts = [
        number(with(CellMark::Differs), "with different values"),
        number(with(CellMark::Missing), "missing in a column"),
        number(page.rows.iter().filter(unlike).count(), "not compared"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        keys
    } else {
        format!("{keys}: {}", parts.join(", "))
    }
}

fn heading(query: &FormFields, columns: &[GridColumn<'_>], column: &GridColumn<'_>, at: usize) -> Markup {
    let address = column.config.as_ref().map(|config| {
        let path = href(config, "", None);
        if column.prefix.is_all() {
            path
        } else {
            format!("{path}?in={}", column.prefix.with_slash())
        }
    });
    // The other columns, by name: those of a page that names none are the visitor's configs.
    let others = columns.iter().enumerate().filter(|(other, _)| *other != at);
    let others = others.map(|(_, column)| ("side", column.label.as_str()));
    let without: Vec<(&str, &str)> = others.chain([("after", "")]).collect();
    html! {
        th scope="col" {
            @match address {
                Some(address) => a href=(address) { (data(&column.label)) },
                None => (data(&column.label)),
            }
            @if columns.len() > 2 {
                " " a.remove href=(query.href("/grid", &without)) title="Remove column" {
                    span aria-hidden="true" { "×" }
                    span.visually-hidden { "Remove column " (data(&column.label)) }
                }
            }
            @if let Some(problem) = &column.problem { p.notice.bad { (data(problem)) } }
            @for bad in &column.bad {
                p.notice.bad { "Section " (bad.section) " can't be read: " (data(&bad.problem)) }
            }
        }
    }
}

fn row_markup(columns: &[GridColumn<'_>], row: &GridRow) -> Markup {
    // Below a whole config a name is a key.
    let is_key = columns.iter().all(|column| column.prefix.is_all());
    html! {
        tr data-key=(row.name) {
            th scope="row" {
                @if is_key { "/" } (row.name)
                // The cells say it, too.
                @if row.has(CellMark::Differs) { " " span.badge aria-hidden="true" { "differs" } }
                @if row.has(CellMark::NotCompared) { " " span.badge.none aria-hidden="true" { "not compared" } }
                @if row.has(CellMark::Missing) { " " span.badge aria-hidden="true" { "missing" } }
            }
            @for (column, (cell, mark)) in columns.iter().zip(&row.cells) { (cell_markup(column, cell, *mark)) }
        }
    }
}

fn cell_markup(column: &GridColumn<'_>, cell: &GridCell, mark: CellMark) -> Markup {
    let class = match mark {
        CellMark::Same | CellMark::NotCompared => "value same",
        CellMark::Differs => "value differs",
        CellMark::Missing => "gap",
        CellMark::Unknown => "unknown",
    };
    let (entry, config) = match (cell, &column.config) {
        (GridCell::Entry(entry), Some(config)) => (entry, config),
        (GridCell::Unknown, _) => {
            return html! { td class=(class) { span aria-hidden="true" { "?" } span.visually-hidden { "unknown" } } };
        }
        _ => {
            return html! { td class=(class) { span aria-hidden="true" { "—" } span.visually-hidden { "missing" } } };
        }
    };
    html! {
        td class=(class) {
            @if mark == CellMark::Differs { span.visually-hidden { "differs: " } }
            @if mark == CellMark::NotCompared { span.visually-hidden { "not compared: " } }
            a href=(href(config, "key", Some(&entry.key))) { (value::in_cell(entry)) }
            @if let Some(end) = entry.expires { " " span.meta { (countdown(end)) } }
        }
    }
}
