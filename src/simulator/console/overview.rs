//! The first page: the five steps of the procedure with what is left of each, synchronization, the clock.

use maud::{Markup, html};

use super::super::clock::precise;
use super::super::subscription::Subscription;
use super::super::tenant::{CUSTOMER, Domain, ENTERPRISE, ONLINE_SERVICES};
use super::super::users::User;
use super::frame::{Page, Part, are, hour, mark, span};

/// How far a press puts the clock forward, in seconds.
const AHEAD: [(u64, &str); 5] = [
    (3_600, "1 hour"),
    (86_400, "1 day"),
    (259_200, "3 days"),
    (2_592_000, "30 days"),
    (31_536_000, "365 days"),
];

pub(super) fn page(page: &Page<'_>) -> Markup {
    let watched = page.request.query.get("watch").is_some();
    html! {
        h1 { "What is left of this tenant" }
        p.watch {
            @if watched {
                "This page looks again every three seconds. " a href=(page.to(Part::Overview)) { "Hold it still" }
            } @else {
                a href=(format!("{}?watch=on", page.to(Part::Overview))) { "Look again every three seconds" }
            }
        }
        (steps(page))
        div.columns {
            (synchronization(page))
            (clock(page))
            (sign_in(page))
            (about(page))
        }
    }
}

/// One row of the table of steps.
struct Step {
    name: &'static str,
    left: usize,
    text: String,
    part: Part,
}

fn steps(page: &Page<'_>) -> Markup {
    let rows = [
        users(page),
        cancel(page),
        delete(page),
        mfa(page),
        directory(page),
    ];
    html! {
        table.steps {
            thead { tr { th { "Step" } th { "State" } th { "What is left" } } }
            tbody {
                @for (number, step) in (1..).zip(&rows) {
                    tr {
                        td { (number) ". " a href=(page.to(step.part)) { (step.name) } }
                        td { @if step.left == 0 { (mark("good", "done")) } @else { (mark("open", "open")) } }
                        td { (step.text) }
                    }
                }
            }
        }
    }
}

fn users(page: &Page<'_>) -> Step {
    let left = page.tenant.users_to_go();
    let spare = page
        .tenant
        .spare
        .is_some_and(|at| page.tenant.users.get(at).is_some_and(User::alive));
    Step {
        name: "Delete the users",
        left,
        text: match (left, spare) {
            (0, false) => "Only the administrator who stays is left.".to_owned(),
            (0, true) => "Only the administrator who stays and the spare one are left; the spare one goes in step 5.".to_owned(),
            (1, _) => format!("1 of {} users is to be deleted.", page.tenant.users.alive()),
            (left, _) => format!("{left} of {} users are to be deleted.", page.tenant.users.alive()),
        },
        part: Part::Users,
    }
}

fn cancel(page: &Page<'_>) -> Step {
    let left = page
        .tenant
        .subscriptions
        .iter()
        .filter(|one| one.active())
        .count();
    Step {
        name: "Cancel the subscriptions",
        left,
        text: match left {
            0 => "No subscription is active.".to_owned(),
            left => format!("{left} active."),
        },
        part: Part::Subscriptions,
    }
}

fn delete(page: &Page<'_>) -> Step {
    let there: Vec<&Subscription> = page
        .tenant
        .subscriptions
        .iter()
        .filter(|one| !one.gone() && !one.with_tenant())
        .collect();
    let waits = there
        .iter()
        .filter(|one| !one.active() && one.delete_pressed)
        .count();
    Step {
        name: "Delete the subscriptions",
        left: there.len(),
        text: match there.len() {
            0 => "No subscription is left.".to_owned(),
            left if waits == 1 => format!("{left} left, of which 1 only needs time."),
            left if waits > 0 => format!("{left} left, of which {waits} only need time."),
            left => format!("{left} left."),
        },
        part: Part::Subscriptions,
    }
}

fn mfa(page: &Page<'_>) -> Step {
    let users = &page.tenant.users;
    let armed = |(position, user): &(u32, &User)| {
        *position != page.tenant.retained && user.alive() && user.mfa != 0
    };
    let left = users.positions().filter(armed).count();
    Step {
        name: "Disable multifactor authentication",
        left,
        text: match left {
            0 => "No account but that of the administrator who stays has it.".to_owned(),
            1 => "1 account besides that of the administrator who stays has it.".to_owned(),
            left => format!("{left} accounts besides that of the administrator who stays have it."),
        },
        part: Part::Users,
    }
}

fn directory(page: &Page<'_>) -> Step {
    let open = page.open_checks().len();
    Step {
        name: "Delete the directory",
        left: usize::from(page.tenant.exists()),
        text: match (page.tenant.exists(), open) {
            (false, _) => "The directory is deleted.".to_owned(),
            (true, 0) => "Every check has passed: it can be deleted.".to_owned(),
            (true, open) => format!("{} open.", are(open, "check")),
        },
        part: Part::Delete,
    }
}

fn synchronization(page: &Page<'_>) -> Markup {
    let sync = &page.tenant.sync;
    html! {
        section {
            h2 { "Directory synchronization" }
            @match (sync.on, sync.off_at) {
                (None, _) => p { "Was never on: every user lives in the cloud." },
                (Some(false), _) => p { "Off." },
                (Some(true), Some(at)) => p { "Is being switched off: done " (page.due(at)) ". That cannot be called off." },
                (Some(true), None) => {
                    p { "On: users come from a directory on the premises, and deleting one of those is refused." }
                    @if page.tenant.exists() { (page.button(Part::Overview, "switchSyncOff", "", "Switch it off")) }
                },
            }
        }
    }
}

fn clock(page: &Page<'_>) -> Markup {
    let clock = &page.world.clock;
    let now = clock.virtual_now();
    let speed = clock.speed();
    html! {
        section {
            h2 { "Clock" }
            p {
                "It is " (hour(precise(clock.real()).split('.').next().unwrap_or_default())) ". Microsoft's long waits pass faster here: "
                @if speed >= 86_400.0 { "a day takes " (trimmed(86_400.0 / speed)) " s" } @else { "an hour takes " (trimmed(3_600.0 / speed)) " s" }
                "; " (span(now)) " have passed since the start."
            }
            form.row method="post" action=(page.to(Part::Overview)) {
                input type="hidden" name="action" value="advanceClock";
                label { "Put it forward by "
                    select name="seconds" {
                        @for (seconds, words) in AHEAD { option value=(seconds) selected[seconds == 86_400] { (words) } }
                    }
                }
                button { "Forward" }
            }
        }
    }
}

/// What <https://microsoft.com/devicelogin> is: a code that another device shows is typed here.
fn sign_in(page: &Page<'_>) -> Markup {
    let tenant = page.tenant;
    html! {
        section {
            h2 id="sign-in" { "Sign in on another device" }
            p { "A program that shows a code signs in as " (tenant.users.principal_name(tenant.retained)) " once the code is typed here." }
            @if tenant.exists() {
                form.row method="post" action=(page.to(Part::Overview)) {
                    input type="hidden" name="action" value="signIn";
                    label { "Code " input name="userCode" autocomplete="off" required; }
                    button { "Sign in" }
                }
            }
        }
    }
}

fn trimmed(number: f64) -> String {
    let text = format!("{number:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn about(page: &Page<'_>) -> Markup {
    let tenant = page.tenant;
    html! {
        section {
            h2 { "About it" }
            dl {
                dt { "Tenant id" } dd { code { (tenant.id) } }
                dt { "Kind" } dd { (kind(&tenant.kind)) ", cloud " (format!("{:?}", tenant.cloud)) }
                dt { "Domains" } dd { @for domain in &tenant.domains { (domain_line(page, domain)) } }
                dt { "Billing accounts" } dd { @for one in &tenant.agreements { div { (agreement(one)) } } }
                @if let Some(resource) = &tenant.resource { dt { "Azure resource" } dd { code { (resource.id) } } }
            }
        }
    }
}

/// Its name; where DNS still leads its mail anywhere, a button for whoever keeps its zone; and one that sets it free.
fn domain_line(page: &Page<'_>, domain: &Domain) -> Markup {
    let dns = &domain.dns;
    let leads = dns.mx.iter().chain(&dns.autodiscover).chain(&dns.texts);
    let leads: Vec<&str> = leads.map(String::as_str).collect();
    html! {
        div {
            (domain.name)
            @if !leads.is_empty() {
                " " small { "(DNS: " (leads.join(", ")) ")" }
                (page.button(Part::Overview, "changeDns", &domain.name, "Remove these records"))
            }
            @if !domain.initial && page.tenant.exists() {
                (page.button(Part::Overview, "releaseDomain", &domain.name, "Remove the domain, and what uses it"))
            }
        }
    }
}

fn kind(told: &str) -> &str {
    match told {
        "AAD" => "workforce",
        "CIAM" => "External ID",
        "AAD B2C" => "Azure AD B2C",
        other => other,
    }
}

fn agreement(told: &str) -> &str {
    match told {
        CUSTOMER => "Microsoft Customer Agreement",
        "MicrosoftPartnerAgreement" => "Microsoft Partner Agreement",
        ENTERPRISE => "Enterprise Agreement",
        ONLINE_SERVICES => "Online Services Agreement (bought directly)",
        other => other,
    }
}
