//! The rows, by service. How to write one: `CONTRIBUTING.md`.

mod arm;
mod billing_rights;
mod directories;
mod external;
mod graph;
mod graph_effects;
mod inventory;
mod login;
mod losses;
mod one_by_one;
mod partner;
mod roles;
mod subscriptions;

use crate::row::Row;
use std::sync::LazyLock;
use tenant_closure::closure::id::ObjectId;
use tenant_closure::closure::observation::{Fact, Subscription};

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    [
        login::rows(),
        graph::rows(),
        roles::rows(),
        losses::rows(),
        inventory::rows(),
        graph_effects::rows(),
        subscriptions::rows(),
        arm::rows(),
        billing_rights::rows(),
        directories::rows(),
        external::rows(),
        one_by_one::rows(),
        partner::rows(),
    ]
    .into_iter()
    .flatten()
    .collect()
});

/// All of them.
pub fn all() -> &'static [Row] {
    &ROWS
}

/// An id whose last digits are these.
pub fn id(n: u128) -> ObjectId {
    ObjectId(uuid::Uuid::from_u128(n))
}

/// The tenant of all rows.
const TENANT: &str = "00000000-0000-0000-0000-00000000aaaa";
/// The administrator who stays.
const ADMINISTRATOR: &str = "00000000-0000-0000-0000-0000000000a1";
/// A user, or whatever else is deleted.
const ONE: &str = "00000000-0000-0000-0000-00000000000b";
/// Others of them.
const TWO: &str = "00000000-0000-0000-0000-00000000000c";
const THREE: &str = "00000000-0000-0000-0000-00000000000d";

/// What is known of a fact, in words.
fn told<T>(fact: &Fact<T>, words: impl Fn(&T) -> String) -> Fact<String> {
    match fact {
        Fact::Known(value) => Fact::Known(words(value)),
        Fact::NotRead => Fact::NotRead,
        Fact::Unreadable(why) => Fact::Unreadable(*why),
    }
}

/// The last digits of an id.
fn short(id: &ObjectId) -> String {
    id.to_string().trim_start_matches(['0', '-']).to_owned()
}

fn shorts<'a>(ids: impl IntoIterator<Item = &'a ObjectId>) -> String {
    let all: Vec<String> = ids.into_iter().map(short).collect();
    all.join(" ")
}

/// A subscription in words.
fn subscription(one: &Subscription) -> String {
    let mut words = format!(
        "{} {:?} {:?} '{}', {} seats",
        short(&one.id),
        one.agreement,
        one.lifecycle,
        one.name,
        one.seats
    );
    for (is, word) in [(one.cancelable, "cancelable"), (one.auto_renew, "renews")] {
        if is {
            words = format!("{words}, {word}");
        }
    }
    for (word, date) in [("until", one.cancel_until), ("next", one.next_change)] {
        if let Some(date) = date {
            words = format!("{words}, {word} {date}");
        }
    }
    if let Some(term) = &one.next_term {
        words = format!("{words}, then {}", term.as_str());
    }
    words
}
