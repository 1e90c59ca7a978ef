//! What happened, the newest first, and what the judge found.

use maud::{Markup, html};

use super::super::world::Effect;
use super::frame::{Page, Part, hour, pager, short};

const ROWS: usize = 50;

pub(super) fn page(page: &Page<'_>) -> Markup {
    let world = page.world;
    let id = page.tenant.id;
    let broken: Vec<_> = world
        .judge
        .violations
        .iter()
        .filter(|one| one.tenant == id)
        .collect();
    let all: Vec<&Effect> = world
        .effects
        .iter()
        .rev()
        .filter(|one| one.tenant == id)
        .collect();
    let number = page.number("page").min(all.len().div_ceil(ROWS).max(1));
    html! {
        h1 { "History" }
        @if broken.is_empty() { p { "The judge has seen no request that breaks a rule of the procedure." } } @else {
            h2 { (broken.len()) @if broken.len() == 1 { " request" } @else { " requests" } " broke a rule" }
            table {
                thead { tr { th { "When" } th { "Rule" } th { "What" } } }
                tbody { @for one in broken.iter().rev().take(ROWS) { tr { td { (time(&one.time)) } td { (one.kind) } td { (one.detail) } } } }
            }
        }
        h2 { "Changes" }
        @if all.is_empty() { p { "Nothing has changed since the start." } } @else {
            table {
                thead { tr { th { "When" } th { "What" } th { "Object" } th { "By" } } }
                tbody { @for one in all.iter().skip((number - 1) * ROWS).take(ROWS) { (row(page, one)) } }
            }
            (pager(&page.to(Part::History), "", number, ROWS, all.len()))
        }
    }
}

fn row(page: &Page<'_>, one: &Effect) -> Markup {
    html! {
        tr {
            td { (time(&one.time)) }
            td { (words(one.kind)) @if let Some(note) = &one.note { br; small { (note) } } }
            td { (short(one.id)) }
            td { (who(page, one)) }
        }
    }
}

fn who(page: &Page<'_>, one: &Effect) -> String {
    match one.app {
        None if one.request_id == "time" => "time".to_owned(),
        None => "a person".to_owned(),
        Some(app) => page
            .tenant
            .principal_of(app)
            .map_or_else(|| app.to_string(), |principal| principal.name.clone()),
    }
}

fn time(stamp: &str) -> String {
    hour(stamp.split('.').next().unwrap_or(stamp))
}

/// `userDeleted` as `User deleted`.
fn words(kind: &str) -> String {
    let mut out = String::new();
    for letter in kind.chars() {
        if out.is_empty() {
            out.extend(letter.to_uppercase());
        } else if letter.is_uppercase() {
            out.push(' ');
            out.extend(letter.to_lowercase());
        } else {
            out.push(letter);
        }
    }
    out
}
