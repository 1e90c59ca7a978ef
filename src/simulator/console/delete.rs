//! The checks before the tenant is deleted, what settles each, and the deletion itself.

use maud::{Markup, html};

use super::super::checks::{self, Check};
use super::frame::{Page, Part, are, mark};

pub(super) fn page(page: &Page<'_>) -> Markup {
    let tenant = page.tenant;
    let open = page.open_checks().len();
    html! {
        h1 { "Delete the tenant" }
        p { "Every check must have passed. Nobody gets a deleted tenant back." }
        table {
            thead { tr { th { "Check" } th { "State" } th { "What to do" } } }
            tbody { @for one in checks::all(tenant) { (row(page, &one)) } }
        }
        @if tenant.exists() {
            @if open > 0 {
                p.hint { "Not yet: " (are(open, "check")) " open." }
            }
            @if let Some(resource) = &tenant.resource {
                p { "A directory for customers is not deleted here: its Azure resource is, by a program with rights on it (" code { (resource.id) } ")." }
            } @else {
                form.tall method="post" action=(page.to(Part::Delete)) {
                    input type="hidden" name="action" value="deleteTenant";
                    label for="confirm" { "To be sure, write its first domain: " strong { (tenant.initial_domain) } }
                    input id="confirm" name="confirm" autocomplete="off" required;
                    p.deeds { button.danger { "Delete this tenant" } }
                }
            }
            h2 { "Support" }
            p { "Where every check has passed and the tenant is not deleted all the same, support looks for what these pages do not show." }
            (page.button(Part::Delete, "supportRemovesApplications", "", "Ask support to remove it"))
        }
    }
}

fn row(page: &Page<'_>, one: &Check) -> Markup {
    let passed = one.status == "passed";
    html! {
        tr {
            td { (one.name) " " small { (one.id) } }
            td { @if passed { (mark("good", "passed")) } @else { (mark("open", "open")) } }
            td.deeds {
                @if !passed {
                    @match one.id.as_str() {
                        "C1" => a href=(page.to(Part::Users)) { "Delete all users but one Global Administrator" },
                        "C2" => a href=(page.to(Part::Overview)) { "Switch directory synchronization off" },
                        "C3" => a href=(page.to(Part::Applications)) { "Delete the enterprise applications" },
                        "C4" => a href=(page.to(Part::Applications)) { "Delete the registrations" },
                        "C6" | "C7" => a href=(page.to(Part::Subscriptions)) { "Cancel and delete the subscriptions" },
                        "C12" => (page.button(Part::Delete, "deleteDomainServices", "", "Delete the managed domain")),
                        "C13" => (page.button(Part::Delete, "deleteUserFlows", "", "Delete the user flows and policies")),
                        id => (page.button(Part::Delete, "settleCheck", id, label(id))),
                    }
                }
            }
        }
    }
}

/// What settles a check that no program can read.
fn label(id: &str) -> &'static str {
    match id {
        "C5" => "Set the LinkedIn connection to No",
        "C8" => "Get permission for Azure resources",
        "C9" => "Delete the multifactor providers",
        "C10" => "Delete the self-service products",
        "C11" => "Pay the invoices",
        "C15" => "Remove the seats of the store",
        _ => "Settle it",
    }
}
