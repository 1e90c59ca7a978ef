//! What was bought: cancel it with a reason, delete it, ask support or the partner.

use maud::{Markup, html};
use uuid::Uuid;

use super::super::scenario::SubscriptionKind;
use super::super::subscription::{HOUR, Stage, Subscription};
use super::frame::{Page, Part, mark, short};

/// The reasons that can be chosen.
const REASONS: [&str; 7] = [
    "The organization closes or merges",
    "Too expensive",
    "Another product does the job",
    "Bought twice or by mistake",
    "It was a trial",
    "Trouble with the product",
    "Other",
];

/// What was bought, as this page shows it: it may be behind.
fn shown(page: &Page<'_>) -> Vec<Subscription> {
    let world = page.world;
    let index = world.find(page.tenant.id);
    let lag = index.map_or(0.0, |index| world.behaviour_of(index).admin_lag_hours);
    let moment = world.clock.virtual_now() - (lag * HOUR) as i64;
    let all = page.tenant.subscriptions.iter();
    all.map(|one| one.seen(moment)).collect()
}

pub(super) fn page(page: &Page<'_>) -> Markup {
    let all = shown(page);
    html! {
        h1 { "Subscriptions" }
        p { "First each is canceled, with a reason; then it is deleted, or time removes it." }
        @if all.is_empty() { p { "This tenant never bought anything." } } @else {
            table {
                thead { tr { th { "Product" } th { "Bought" } th.number { "Seats" } th { "State" } th { "What comes by itself" } th { "What you can do" } } }
                tbody { @for one in &all { (row(page, one)) } }
            }
        }
    }
}

fn row(page: &Page<'_>, one: &Subscription) -> Markup {
    html! {
        tr.past[one.gone()] {
            td { (one.sku) " " (short(one.id)) @if one.trial { " " (mark("quiet", "trial")) } }
            td { (bought(one.kind)) }
            td.number { (one.seats) }
            td { (state(one)) }
            td { (by_itself(page, one)) }
            td.deeds { @if page.tenant.exists() { (deeds(page, one)) } }
        }
    }
}

fn bought(kind: SubscriptionKind) -> &'static str {
    match kind {
        SubscriptionKind::Direct => "directly",
        SubscriptionKind::CustomerAgreement => "under a Customer Agreement",
        SubscriptionKind::Azure => "Azure, by use",
        SubscriptionKind::Partner => "from a partner",
        SubscriptionKind::SelfService => "by a user (self-service)",
        SubscriptionKind::Enterprise => "under an enterprise agreement",
        SubscriptionKind::EntraIdFree => "by nobody: it comes with the tenant",
    }
}

fn state(one: &Subscription) -> Markup {
    match one.stage {
        Stage::Enabled => mark("open", "active"),
        Stage::Warning => mark("open", "expired"),
        Stage::LockedOut => mark("open", "locked"),
        Stage::Suspended if one.delete_pressed => mark("quiet", "disabled, is being deleted"),
        Stage::Suspended => mark("open", "disabled"),
        Stage::Deleted => mark("good", "deleted"),
    }
}

fn by_itself(page: &Page<'_>, one: &Subscription) -> Markup {
    match one.stage {
        Stage::Deleted => html! { "nothing: it is gone" },
        _ if one.with_tenant() => html! { "goes with the tenant" },
        Stage::Suspended | Stage::Warning => {
            html! { @if let Some(at) = one.gone_at { "deleted " (page.due(at)) } @else { "nothing" } }
        }
        _ if one.kind == SubscriptionKind::Azure => html! { "nothing: it runs on" },
        _ if one.auto_renew => html! { "renewed " (page.due(one.term_end)) },
        _ => html! { "ends " (page.due(one.term_end)) },
    }
}

fn deeds(page: &Page<'_>, one: &Subscription) -> Markup {
    let id = one.id.to_string();
    let question = |deed: &str| format!("{}/{}/{deed}", page.to(Part::Subscriptions), one.id);
    html! {
        @if one.active() {
            @match one.kind {
                SubscriptionKind::Partner => (page.button(Part::Subscriptions, "partnerCancels", &id, "Ask the partner to cancel it")),
                SubscriptionKind::Enterprise => (page.button(Part::Subscriptions, "accountManagerEnds", &id, "Ask the account manager to end it")),
                SubscriptionKind::SelfService => a.button href=(question("cancel")) { "Take control and cancel…" },
                _ if one.may_cancel() => a.button href=(question("cancel")) { "Cancel…" },
                _ => span { "Too late to cancel within this term." },
            }
            @if one.auto_renew && one.kind != SubscriptionKind::Azure {
                (page.button(Part::Subscriptions, "stopRenewal", &id, "Stop the renewal"))
            }
        } @else if !one.gone() && !one.delete_pressed {
            @if one.with_tenant() { span { "Nothing: it can be neither canceled nor deleted." } }
            @else if one.kind == SubscriptionKind::CustomerAgreement { span { "Nothing: it goes at the end of its term." } }
            @else if one.kind == SubscriptionKind::Enterprise { span { "Nothing: the account manager has ended it." } }
            @else if one.kind == SubscriptionKind::Partner { span { "Nothing: the partner has ended it." } }
            @else if let Some(from) = one.delete_from().filter(|from| *from > page.world.clock.virtual_now()) {
                span { "Delete is offered " (page.due(from)) "." }
            }
            @else if one.deletable { a.button href=(question("delete")) { "Delete…" } }
            @else { (page.button(Part::Subscriptions, "supportDeletes", &id, "Ask support to delete it")) }
        }
    }
}

/// The page before something is canceled or deleted; `None` where there is no such question.
pub(super) fn question(page: &Page<'_>, id: &str, deed: &str) -> Option<Markup> {
    let id = Uuid::parse_str(id).ok()?;
    let all = shown(page);
    let one = all.iter().find(|one| one.id == id)?;
    let path = page.to(Part::Subscriptions);
    match deed {
        "cancel" if one.active() => Some(html! {
            h1 { "Cancel " (one.sku) }
            p { "Its users lose access at once. " (afterward(one)) }
            form.tall method="post" action=(path) {
                input type="hidden" name="action" value="cancelSubscription";
                input type="hidden" name="id" value=(one.id);
                label for="reason" { "Why do you cancel?" }
                select id="reason" name="reason" required {
                    option value="" { "Choose a reason" }
                    @for reason in REASONS { option { (reason) } }
                }
                label for="feedback" { "Anything to add? (optional)" }
                textarea id="feedback" name="feedback" rows="4" maxlength="1000" {}
                p.deeds { button { "Cancel the subscription" } a href=(path) { "Leave it as it is" } }
            }
        }),
        "delete" if !one.active() && !one.gone() && !one.with_tenant() => Some(html! {
            h1 { "Delete " (one.sku) }
            p { "Its data are lost. It is gone " (super::frame::span(one.deprovision)) " of the tenant's time later." }
            form method="post" action=(path) {
                input type="hidden" name="action" value="deleteSubscription";
                input type="hidden" name="id" value=(one.id);
                p.deeds { button.danger { "Yes, delete the subscription" } a href=(path) { "Leave it as it is" } }
            }
        }),
        _ => None,
    }
}

fn afterward(one: &Subscription) -> String {
    match one.kind {
        SubscriptionKind::CustomerAgreement => {
            "It stays disabled until the end of the term that was bought, then it is removed by itself."
                .to_owned()
        }
        SubscriptionKind::SelfService => {
            "The user who bought it is told by mail. It is deleted at once.".to_owned()
        }
        _ => format!(
            "It stays disabled until it is deleted: by you, or by itself after {}.",
            super::frame::span(one.disabled)
        ),
    }
}
