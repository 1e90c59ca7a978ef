//! What every page has: the warning that it is a simulation, the tenant, the ways to the other pages, the note of the last press.

use maud::{DOCTYPE, Markup, html};
use uuid::Uuid;

use super::super::checks::{self, Check};
use super::super::clock::stamp;
use super::super::exchange::Request;
use super::super::tenant::Tenant;
use super::super::world::World;
use super::notes::Note;

/// The pages of a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Overview,
    Users,
    Subscriptions,
    Applications,
    Delete,
    History,
}

impl Part {
    const ALL: [Self; 6] = [
        Self::Overview,
        Self::Users,
        Self::Subscriptions,
        Self::Applications,
        Self::Delete,
        Self::History,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Users => "Users",
            Self::Subscriptions => "Subscriptions",
            Self::Applications => "Applications",
            Self::Delete => "Delete the tenant",
            Self::History => "History",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Overview => "",
            Self::Users => "/users",
            Self::Subscriptions => "/subscriptions",
            Self::Applications => "/applications",
            Self::Delete => "/delete",
            Self::History => "/history",
        }
    }
}

/// One page of one tenant.
pub(super) struct Page<'a> {
    pub(super) world: &'a World,
    pub(super) tenant: &'a Tenant,
    pub(super) request: &'a Request,
    part: Part,
    note: Option<&'a Note>,
}

impl<'a> Page<'a> {
    pub(super) fn new(world: &'a World, index: usize, part: Part, request: &'a Request) -> Self {
        let number = request.query.get("note").and_then(|text| text.parse().ok());
        Self {
            world,
            tenant: &world.tenants[index],
            request,
            part,
            note: number.and_then(|number| world.notes.get(number)),
        }
    }

    /// Where a page of this tenant is.
    pub(super) fn to(&self, part: Part) -> String {
        format!("/tenants/{}{}", self.tenant.id, part.path())
    }

    /// A number of the query, from 1.
    pub(super) fn number(&self, name: &str) -> usize {
        let given = self.request.query.get(name);
        given.and_then(|text| text.parse().ok()).unwrap_or(1).max(1)
    }

    pub(super) fn open_checks(&self) -> Vec<Check> {
        let all = checks::all(self.tenant).into_iter();
        all.filter(|one| one.status != "passed").collect()
    }

    /// A form with one button and what it presses.
    pub(super) fn button(&self, part: Part, action: &str, id: &str, label: &str) -> Markup {
        html! {
            form method="post" action=(self.to(part)) {
                input type="hidden" name="action" value=(action);
                input type="hidden" name="id" value=(id);
                @if part == self.part && self.number("page") > 1 {
                    input type="hidden" name="page" value=(self.number("page"));
                }
                button { (label) }
            }
        }
    }

    /// A virtual moment that is to come: how long in the tenant's own time, and the real time at which it is over.
    pub(super) fn due(&self, moment: i64) -> Markup {
        let clock = &self.world.clock;
        let left = moment - clock.virtual_now();
        if left <= 0 {
            return html! { "now" };
        }
        let today = super::super::clock::stamp(clock.real());
        html! { "in " (span(left + 59_999)) " " small { "(here at " (day_time(&clock.date(moment), &today)) ")" } }
    }

    pub(super) fn frame(&self, body: &Markup) -> Markup {
        let title = format!("{}: {}", self.tenant.initial_domain, self.part.name());
        let tenant = self.tenant;
        let refresh = self.part == Part::Overview && self.request.query.get("watch").is_some();
        document(
            &title,
            refresh.then_some(3),
            &html! {
                div.tenant {
                    div { strong { (tenant.display_name) } " " small { (tenant.initial_domain) } }
                    div { small { "Signed in as " (tenant.users.principal_name(tenant.retained)) ", Global Administrator" } }
                }
                nav aria-label="Pages of the tenant" {
                    @for part in Part::ALL {
                        a href=(self.to(part)) aria-current=[(part == self.part).then_some("page")] { (part.name()) }
                    }
                    @if self.world.tenants.len() > 1 { a.away href="/" { "Other tenants" } }
                }
                main {
                    @if let Some(note) = self.note {
                        p.note.bad[!note.good] role="status" { (note.text) }
                    }
                    @if let Some(at) = tenant.deleted_at {
                        p.note role="status" { "This tenant was deleted at " (hour(&stamp(at))) ". Nothing of it can be pressed any more." }
                    }
                    (body)
                }
            },
        )
    }
}

/// A page that belongs to no tenant.
pub(super) fn bare(title: &str, body: &Markup) -> Markup {
    document(title, None, &html! { main { (body) } })
}

fn document(title: &str, refresh: Option<u32>, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                @if let Some(seconds) = refresh { meta http-equiv="refresh" content=(seconds); }
                title { (title) " · tenant simulator" }
                link rel="stylesheet" href="/style.css";
                link rel="icon" href="data:,";
            }
            body {
                header { strong { "Tenant simulator" } span { "Nothing here is Microsoft's, and nothing here is real: press what you like." } }
                (body)
            }
        }
    }
}

/// So long, in the largest units that say it well.
pub(super) fn span(milliseconds: i64) -> String {
    let minutes = milliseconds / 60_000;
    let plural =
        |count: i64, unit: &str| format!("{count} {unit}{}", if count == 1 { "" } else { "s" });
    match (minutes / 1440, minutes / 60 % 24, minutes % 60) {
        (0, 0, 0) => "less than a minute".to_owned(),
        (0, 0, minutes) => plural(minutes, "minute"),
        (0, hours, 0) => plural(hours, "hour"),
        (0, hours, minutes) => format!("{} {}", plural(hours, "hour"), plural(minutes, "minute")),
        (days, 0, _) => plural(days, "day"),
        (days, hours, _) if days < 10 => {
            format!("{} {}", plural(days, "day"), plural(hours, "hour"))
        }
        (days, ..) => plural(days, "day"),
    }
}

/// `1 check is`, or `3 checks are`.
pub(super) fn are(count: usize, thing: &str) -> String {
    match count {
        1 => format!("1 {thing} is"),
        _ => format!("{count} {thing}s are"),
    }
}

/// The day and the time of a moment, for eyes.
pub(super) fn hour(stamp: &str) -> String {
    let (day, rest) = stamp.split_once('T').unwrap_or((stamp, ""));
    format!("{day} {} UTC", rest.trim_end_matches('Z'))
}

/// The time of day of a moment, with the day where that is another than that of `today`; the whole of it on hovering.
fn day_time(stamp: &str, today: &str) -> Markup {
    let all = hour(stamp);
    let day = |stamp: &str| stamp.split('T').next().map(str::to_owned);
    let same = day(stamp) == day(today);
    let told = all.split_once(' ').filter(|_| same);
    html! { time datetime=(stamp) title=(all) { (told.map_or(all.as_str(), |(_, time)| time)) } }
}

/// The start of an id; the whole of it on hovering.
pub(super) fn short(id: Uuid) -> Markup {
    let text = id.to_string();
    html! { code title=(text) { (text[..8]) "…" } }
}

/// A mark of a state; `kind` is `good`, `open` or `quiet`.
pub(super) fn mark(kind: &str, text: &str) -> Markup {
    html! { span class=(format!("mark {kind}")) { (text) } }
}

/// Links to the pages of a long table: which rows these are, and the neighbors.
pub(super) fn pager(path: &str, extra: &str, page: usize, size: usize, total: usize) -> Markup {
    let from = ((page - 1) * size + 1).min(total);
    let to = (page * size).min(total);
    html! {
        p.pager {
            @if page > 1 { a rel="prev" href=(format!("{path}?page={}{extra}", page - 1)) { "‹ Before" } " " }
            span { (from) "–" (to) " of " (total) }
            @if to < total { " " a rel="next" href=(format!("{path}?page={}{extra}", page + 1)) { "After ›" } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_told_as_one() {
        let told = [0, 1, 2].map(|count| are(count, "check"));
        assert_eq!(told, ["0 checks are", "1 check is", "2 checks are"]);
    }

    #[test]
    fn another_day_is_told_with_its_date() {
        let told = |stamp: &str| day_time(stamp, "2026-11-29T22:00:00Z").into_string();
        assert!(told("2026-11-29T23:59:00Z").contains(">23:59:00 UTC<"));
        assert!(told("2027-02-22T10:09:18Z").contains(">2027-02-22 10:09:18 UTC<"));
    }

    #[test]
    fn a_span_is_told_in_words() {
        let minute = 60_000;
        for (length, words) in [
            (10, "less than a minute"),
            (minute, "1 minute"),
            (90 * minute, "1 hour 30 minutes"),
            (72 * 60 * minute, "3 days"),
            (25 * 60 * minute, "1 day 1 hour"),
            (120 * 1440 * minute + 5 * 60 * minute, "120 days"),
        ] {
            assert_eq!(span(length), words);
        }
    }
}
