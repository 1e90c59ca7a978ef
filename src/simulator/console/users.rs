//! The users who are left, page by page, and the buttons on them.

use maud::{Markup, html};

use super::super::roles;
use super::super::users::{DISABLED, GUEST, MFA_STATES, RESTRICTED, UNDELETABLE, User};
use super::frame::{Page, Part, mark, pager};

/// Rows of a page.
const ROWS: usize = 25;

pub(super) fn page(page: &Page<'_>) -> Markup {
    let tenant = page.tenant;
    let wanted = page.request.query.get("find").unwrap_or_default().trim();
    let lower = wanted.to_lowercase();
    let found = |position: u32| {
        lower.is_empty()
            || tenant
                .users
                .principal_name(position)
                .to_lowercase()
                .contains(&lower)
            || tenant
                .users
                .display_name(position)
                .to_lowercase()
                .contains(&lower)
    };
    let chosen: Vec<u32> = tenant
        .users
        .positions()
        .filter(|(position, user)| user.alive() && found(*position))
        .map(|(position, _)| position)
        .collect();
    let number = page.number("page").min(chosen.len().div_ceil(ROWS).max(1));
    let rows: Vec<u32> = chosen
        .iter()
        .copied()
        .skip((number - 1) * ROWS)
        .take(ROWS)
        .collect();
    let barred = tenant
        .users
        .positions()
        .any(|(_, user)| user.alive() && (user.is(RESTRICTED) || user.is(UNDELETABLE)));
    let path = page.to(Part::Users);
    let extra = if wanted.is_empty() {
        String::new()
    } else {
        format!("&{}", encoded("find", wanted))
    };
    html! {
        h1 { "Users" }
        p {
            (tenant.users.alive()) @if tenant.users.alive() == 1 { " is left. " } @else { " are left. " } (tenant.users.principal_name(tenant.retained))
            " is signed in here and stays; all others have to go."
        }
        @if barred {
            div.hint {
                p { "Some users are protected by a restricted management administrative unit or cannot be deleted for another reason." }
                (page.button(Part::Users, "liftRestrictions", "", "Lift the protection"))
            }
        }
        form.row method="get" action=(path) role="search" {
            label { "Name " input type="search" name="find" value=(wanted); }
            button { "Find" }
            @if !wanted.is_empty() { a href=(path) { "Show all" } }
        }
        @if rows.is_empty() {
            p { "Nobody of that name is left." }
        } @else {
            form method="post" action=(path) {
                input type="hidden" name="page" value=(number);
                @if !wanted.is_empty() { input type="hidden" name="find" value=(wanted); }
                table {
                    thead { tr { th { span.unseen { "Tick" } } th { "Name" } th { "User name" } th { "Kind" } th { "Multifactor" } } }
                    tbody { @for position in &rows { (row(page, *position)) } }
                }
                (pager(&path, &extra, number, ROWS, chosen.len()))
                @if tenant.exists() {
                    p.deeds {
                        button name="action" value="deleteUser" { "Delete the ticked users" }
                        button name="action" value="deleteShown" { "Delete all on this page" }
                        button.plain name="action" value="disableMfa" { "Disable multifactor authentication of the ticked" }
                    }
                }
            }
        }
    }
}

fn row(page: &Page<'_>, position: u32) -> Markup {
    let tenant = page.tenant;
    let Some(user) = tenant.users.get(position) else {
        return html! {};
    };
    let stays = position == tenant.retained;
    let name = tenant.users.principal_name(position);
    html! {
        tr.stays[stays] {
            td {
                @if stays { "" } @else {
                    input type="checkbox" name="id" value=(user.id) aria-label=(format!("Tick {name}"));
                    input type="hidden" name="shown" value=(user.id);
                }
            }
            td { (tenant.users.display_name(position)) }
            td { (name) }
            td { (what(page, position, user)) }
            td { (MFA_STATES[usize::from(user.mfa).min(2)]) }
        }
    }
}

fn what(page: &Page<'_>, position: u32, user: &User) -> Markup {
    let tenant = page.tenant;
    let synced = tenant.synced(position, user, page.world.clock.virtual_now());
    html! {
        @if position == tenant.retained { (mark("good", "stays")) " " }
        @if Some(position) == tenant.spare { (mark("quiet", "spare, goes in step 5")) " " }
        @if user.role != 0 { (roles::known(user.role).name) } @else if user.is(GUEST) { "Guest" } @else { "Member" }
        @if synced { " " (mark("open", "synchronized")) }
        @if user.is(RESTRICTED) || user.is(UNDELETABLE) { " " (mark("open", "protected")) }
        @if user.is(DISABLED) { " " (mark("quiet", "sign-in blocked")) }
    }
}

/// A pair of a query.
pub(super) fn encoded(name: &str, value: &str) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .append_pair(name, value)
        .finish()
}
