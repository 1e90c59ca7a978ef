//! Application registrations and enterprise applications.

use maud::{Markup, html};

use super::super::tenant::{Principal, Tenant};
use super::frame::{Page, Part, mark, pager, short};

const ROWS: usize = 25;

pub(super) fn page(page: &Page<'_>) -> Markup {
    let tenant = page.tenant;
    let registered: Vec<_> = tenant
        .applications
        .iter()
        .filter(|one| one.deleted_at == 0)
        .collect();
    let mut principals: Vec<&Principal> = tenant
        .principals
        .iter()
        .filter(|one| one.deleted_at == 0 && !one.hidden)
        .collect();
    principals.sort_by_key(|one| !one.blocks());
    let number = page
        .number("page")
        .min(principals.len().div_ceil(ROWS).max(1));
    let shown = principals.iter().skip((number - 1) * ROWS).take(ROWS);
    html! {
        h1 { "Applications" }
        p { "Registrations and enterprise applications stand in the way of deleting the tenant, but for Microsoft's own, which go with it. One that cannot be deleted is disabled." }
        h2 { "Registrations" }
        @if registered.is_empty() { p { "None is left." } } @else {
            table {
                thead { tr { th { "Name" } th { "Application" } th { "What you can do" } } }
                tbody {
                    @for one in registered {
                        tr {
                            td { (one.name) (own(tenant, one.app_id)) }
                            td { (short(one.app_id)) }
                            td.deeds { @if tenant.exists() { (page.button(Part::Applications, "deleteApplication", &one.id.to_string(), "Delete")) } }
                        }
                    }
                }
            }
        }
        h2 { "Enterprise applications" }
        @if principals.is_empty() { p { "None is left." } } @else {
            table {
                thead { tr { th { "Name" } th { "Application" } th { "Whose" } th { "What you can do" } } }
                tbody { @for one in shown { (row(page, one)) } }
            }
            (pager(&page.to(Part::Applications), "", number, ROWS, principals.len()))
        }
    }
}

fn own(tenant: &Tenant, app_id: uuid::Uuid) -> Markup {
    html! { @if tenant.client(app_id).is_some() { " " (mark("quiet", "signs in to close the tenant: last")) } }
}

fn row(page: &Page<'_>, one: &Principal) -> Markup {
    html! {
        tr {
            td { (one.name) (own(page.tenant, one.app_id)) @if !one.enabled { " " (mark("quiet", "disabled")) } }
            td { (short(one.app_id)) }
            td {
                @if one.first_party() { "Microsoft" } @else if one.managed_identity { "an Azure resource" }
                @else if one.owner == page.tenant.id { "this tenant" } @else { "another company" }
            }
            td.deeds { @if page.tenant.exists() { (deeds(page, one)) } }
        }
    }
}

/// What gets it out of the way: a setting, a connection that ends, its deletion, or, where that is refused, that nobody signs in.
fn deeds(page: &Page<'_>, one: &Principal) -> Markup {
    let id = one.id.to_string();
    let button = |action, label| page.button(Part::Applications, action, &id, label);
    html! {
        @if one.linked_in {
            a href=(page.to(Part::Delete)) { "It goes with the setting LinkedIn account connections" }
        } @else if one.is_azure_dev_ops() {
            (button("disconnectAzureDevOps", "Disconnect the organization of Azure DevOps"))
        } @else if one.first_party() {
            span { "Nothing: it goes with the tenant." }
        } @else {
            (button("deleteApplication", if one.managed_identity { "Delete its Azure resource" } else { "Delete" }))
            @if one.enabled { (button("disableApplication", "Disable")) }
            @else if !one.blocks() { span { "Disabled, it is no longer in the way." } }
        }
    }
}
