//! `plan`: what would be done, for whom approves it: what goes, what can be brought back until when, what stays, what is
//! left to persons, what blocks, how long it takes at least, and the command that approves it.

mod back;
mod besides;
mod blocks;
mod checks;
mod known;
mod later;

use crate::api::TenantClosure;
use crate::api::status::{PlanStatus, TenantClosureStatus};
use crate::closure::loss::LossCount;
use crate::closure::observation::Agreement;
use crate::closure::plan::Ender;
use crate::closure::report::Phase;
use crate::closure::words::thousands;
use crate::plugin::look::{Look, Mark};
use crate::plugin::view::bought;
use crate::plugin::{Ended, Trouble, read, words};
use kube::Client;
use std::fmt::Write as _;
use std::io::Write;

pub(crate) async fn show(
    name: &str,
    client: Client,
    namespace: &str,
    look: Look,
    out: &mut (dyn Write + Send),
) -> Result<Ended, Trouble> {
    let closure = read(&client, namespace, name).await?;
    out.write_all(text(&closure, look).as_bytes())?;
    out.flush()?;
    Ok(words::ended(&closure))
}

/// The plan of a closure as it stands; each line ends with a line feed.
pub fn text(closure: &TenantClosure, look: Look) -> String {
    let nothing = TenantClosureStatus::default();
    let status = closure.status.as_ref().unwrap_or(&nothing);
    let Some(plan) = &status.plan else {
        let why = status
            .summary
            .as_deref()
            .unwrap_or("the operator has not looked at the closure yet");
        return format!("no plan is made yet: {why}\n");
    };
    let mut lines = Lines::new(look);
    head(closure, plan, &mut lines);
    later::tell(plan, &mut lines);
    goes(closure, plan, &mut lines);
    dies(plan, &mut lines);
    back::tell(plan, &mut lines);
    stays(closure, &mut lines);
    persons(closure, plan, &mut lines);
    checks::tell(closure, &mut lines);
    blocks::tell(closure, status, plan, &mut lines);
    known::tell(status, &mut lines);
    time(status, &mut lines);
    promises(closure, plan, &mut lines);
    next(closure, status, plan, &mut lines);
    lines.text
}

/// Lines of the plan.
struct Lines {
    look: Look,
    text: String,
}

impl Lines {
    const fn new(look: Look) -> Self {
        Self {
            look,
            text: String::new(),
        }
    }

    /// A line of the table, with what is said of it below, broken.
    fn row(&mut self, sign: &str, what: &str, number: Option<u32>, said: &str) {
        let number = number.map_or_else(String::new, words::count);
        for (i, line) in words::wrap(said).into_iter().enumerate() {
            let (sign, what, number) = if i == 0 {
                (sign, what, number.as_str())
            } else {
                (" ", "", "")
            };
            // Writing to a String cannot fail.
            let _ = writeln!(self.text, "  {sign}  {what:<26} {number:>9}   {line}");
        }
    }

    fn below(&mut self, text: &str) {
        let _ = writeln!(self.text, "       {text}");
    }

    fn title(&mut self, text: &str) {
        let _ = writeln!(self.text, "{}", self.look.bold(text));
    }
}

fn head(closure: &TenantClosure, plan: &PlanStatus, lines: &mut Lines) {
    let tenant = &closure.spec.tenant;
    let dot = lines.look.dot();
    let line = format!(
        "PLAN {} {dot} made {} {dot} tenant {} {dot} {}",
        short(&plan.digest),
        plan.made_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        tenant.initial_domain,
        tenant.id
    );
    lines.title(&line);
    let brought = &plan.custom_domains;
    if !brought.is_empty() {
        lines.below(&format!("its domains: {}", brought.join(", ")));
    }
}

const GOES: &str = "-";
const STAYS: &str = "=";

/// What is deleted, ended or released.
fn goes(closure: &TenantClosure, plan: &PlanStatus, lines: &mut Lines) {
    lines.title("What goes");
    lines.row(
        GOES,
        "users",
        Some(plan.users),
        "deleted with mailbox and assignments",
    );
    if plan.supplemented > 0 {
        let said = "who came later, in supplements that were approved";
        lines.row(GOES, "users", Some(plan.supplemented), said);
    }
    let ended = if plan.subscriptions > 0 {
        "ended for good"
    } else {
        "nothing to end"
    };
    lines.row(GOES, "subscriptions", Some(plan.subscriptions), ended);
    let dot = lines.look.dot();
    for one in &plan.bought {
        lines.below(&bought(one, dot));
    }
    let told = u32::try_from(plan.ended_apart().count()).unwrap_or(u32::MAX);
    if plan.subscriptions > told {
        lines.below(&format!(
            "and {} more",
            words::count(plan.subscriptions - told)
        ));
    }
    if plan.applications > 0 {
        lines.row(
            GOES,
            "applications",
            Some(plan.applications),
            "applications and service principals, removed",
        );
    }
    if plan.own > 0 {
        lines.row(
            GOES,
            "the operator's own",
            Some(plan.own),
            "its registration and service principal, last, when a person says that nothing else is left",
        );
    }
    besides::tell(closure, plan, lines);
    if plan.domains > 0 {
        lines.row(
            GOES,
            "domains released",
            Some(plan.domains),
            "free for another tenant",
        );
    }
    let directory = if closure
        .spec
        .directory
        .as_ref()
        .is_some_and(|d| d.resource.is_some())
    {
        "deleted by the operator through Azure, and with it everything above: this cannot be undone"
    } else {
        "deleted by a person, and with it everything above: this cannot be undone"
    };
    lines.row(GOES, "the directory", Some(1), directory);
}

/// What dies with the tenant though the procedure does not mention it.
fn dies(plan: &PlanStatus, lines: &mut Lines) {
    if plan.losses.is_empty() {
        return;
    }
    lines.title("What dies with it");
    let open = lines.look.sign(Mark::Blocked);
    for one in &plan.losses {
        let counted = &one.counted;
        let what = match counted.subscription {
            Some(id) => format!("resources in the Azure subscription {id}"),
            None => format!("{}{}", counted.kind.words(), counted.size()),
        };
        let uncounted = if counted.count.is_none() {
            "nobody could count them; "
        } else {
            ""
        };
        let (sign, standing) = match (one.accepted, counted.subscription) {
            (true, None) => (GOES, "accepted in spec.accept"),
            (true, Some(_)) => (GOES, "accepted in spec.accept by its id"),
            (false, None) => (
                open.as_str(),
                "not accepted: add this kind with a reference to spec.accept",
            ),
            (false, Some(_)) => (
                open.as_str(),
                "not accepted, so it is not canceled: add its id to an entry of this kind in spec.accept",
            ),
        };
        let number = counted.count.map(|n| u32::try_from(n).unwrap_or(u32::MAX));
        let said = format!("{what}; {uncounted}{standing}");
        lines.row(sign, counted.kind.name(), number, &said);
    }
}

fn stays(closure: &TenantClosure, lines: &mut Lines) {
    lines.title("What stays");
    let retain = &closure.spec.retain;
    let said = format!(
        "{}, until the directory is deleted",
        retain.global_administrator
    );
    lines.row(STAYS, "retained administrator", Some(1), &said);
    if let Some(spare) = &retain.spare_administrator {
        let said = format!("{spare}, through step 4; deleted first in step 5");
        lines.row(STAYS, "spare administrator", Some(1), &said);
    }
    if plan_keeps_applications(closure) {
        lines.row(
            STAYS,
            "applications",
            None,
            "left alone: spec.directory.removeApplications is not set",
        );
    }
}

fn plan_keeps_applications(closure: &TenantClosure) -> bool {
    let directory = closure.spec.directory.as_ref();
    directory.is_none_or(|d| !d.remove_applications)
}

/// What no program may do: known from how things were bought and from what kind of directory it is.
fn persons(closure: &TenantClosure, plan: &PlanStatus, lines: &mut Lines) {
    lines.title("What persons have to do");
    let sign = lines.look.sign(Mark::Person);
    for (ender, what, said) in [
        (
            Ender::Administrator,
            "cancel and delete",
            "on the products page, with the reason in spec.cancellation",
        ),
        (
            Ender::Partner,
            "ask the partner",
            "to cancel it in Partner Center (within seven days of the start of its term), or to switch its renewal off; the \
             sentence to send comes with the hand-off",
        ),
        (
            Ender::Distributor,
            "ask the distributor",
            "through the partner, to cancel it in Partner Center (within seven days of the start of its term), or to switch \
             its renewal off; the sentence comes with the hand-off",
        ),
        (
            Ender::AccountManager,
            "ask the account manager",
            "to end it: no call exists for an enterprise agreement",
        ),
    ] {
        let number = plan
            .bought
            .iter()
            .filter(|one| one.ended_by == ender)
            .count();
        if number > 0 {
            lines.row(&sign, what, u32::try_from(number).ok(), said);
        }
    }
    let number = |how| {
        plan.bought
            .iter()
            .filter(|one| one.agreement == how)
            .count()
    };
    let unknown = number(Agreement::Unknown);
    if unknown > 0 {
        let said = "directly, by self-service, under a Customer Agreement or a volume licence: the products page shows it, and \
                    what it offers for each comes with the hand-off";
        lines.row(
            &sign,
            "see how it was bought",
            u32::try_from(unknown).ok(),
            said,
        );
    }
    let azure = number(Agreement::Azure);
    if azure > 0 {
        let said = "in the Azure portal, once canceled and Microsoft's waiting time is over";
        lines.row(&sign, "delete in Azure", u32::try_from(azure).ok(), said);
    }
    if closure
        .spec
        .directory
        .as_ref()
        .is_none_or(|d| d.resource.is_none())
    {
        lines.row(&sign, "settle and attest", Some(5), "checks that no program can read: LinkedIn, MFA providers, self-service products, invoices, Store");
        lines.row(&sign, "delete the directory", Some(1), "as the retained administrator, on the page that the hand-off names: Microsoft offers no call for it");
    }
}

fn time(status: &TenantClosureStatus, lines: &mut Lines) {
    if let Some(estimate) = &status.estimate {
        lines.title("How long at least");
        let said = format!(
            "not before {}: {}",
            words::minute(estimate.earliest),
            estimate.message
        );
        lines.row(&lines.look.sign(Mark::Waiting).clone(), "", None, &said);
    }
}

/// The five words of Microsoft's procedure, each with what becomes of it.
fn promises(closure: &TenantClosure, plan: &PlanStatus, lines: &mut Lines) {
    lines.title("Closing the account deletes");
    let users = words::count(plan.users.saturating_add(plan.supplemented));
    let ended = words::count(plan.subscriptions);
    let backup = match &closure.spec.backup {
        None => "nobody has said that there is a backup",
        Some(_) => "what is in the backup stays, nothing else",
    };
    for (word, said) in [
        (
            "subscriptions",
            format!("{ended} ended, by whom stands above"),
        ),
        ("licenses", licenses(plan)),
        (
            "payment methods",
            "go with the account; no program may read them, a person attests the invoices"
                .to_owned(),
        ),
        (
            "users",
            format!("{users} deleted in step 1, who stays goes with the directory"),
        ),
        (
            "user data",
            format!(
                "{} go with their users and subscriptions; {backup}",
                user_data(plan)
            ),
        ),
    ] {
        lines.row(GOES, word, None, &said);
    }
}

fn licenses(plan: &PlanStatus) -> String {
    let seats: u64 = plan.ended_apart().map(|one| u64::from(one.seats)).sum();
    let more = if plan.ended_apart().count() < plan.subscriptions as usize {
        "more than "
    } else {
        ""
    };
    format!("{more}{} end with their subscriptions", thousands(seats))
}

/// Mailboxes and files, as they were counted.
fn user_data(plan: &PlanStatus) -> String {
    let counted = plan.losses.iter().map(|one| &one.counted);
    let sized = counted.filter(|one| one.kind.has_size());
    let told: Vec<String> = sized.map(LossCount::words).collect();
    if told.is_empty() {
        "mailboxes and files".to_owned()
    } else {
        told.join(", ")
    }
}

/// What to do with it.
fn next(
    closure: &TenantClosure,
    status: &TenantClosureStatus,
    plan: &PlanStatus,
    lines: &mut Lines,
) {
    let name = closure.metadata.name.as_deref().unwrap_or("-");
    let namespace = closure.metadata.namespace.as_deref().unwrap_or("default");
    match status.phase {
        Some(Phase::Planned) => {
            let _ = writeln!(
                lines.text,
                "To go on: set spec.mode to Execute; nothing happens before the plan is approved."
            );
        }
        Some(Phase::AwaitingApproval) => {
            let of_plan = status.approval.as_ref();
            let of_plan = of_plan.map_or((0, 1), |a| (a.given, a.required));
            let open = plan.supplement.as_ref();
            let open = open.map(|one| (&one.digest, one.given, one.required));
            let later = plan.acceptance.as_ref();
            let later = later.map(|one| (&one.digest, one.given, one.required));
            let mut more = later.into_iter().chain(open);
            let more = more.find(|(_, given, required)| given < required);
            let more = more.filter(|_| of_plan.0 >= of_plan.1);
            let (digest, given, required) = more.unwrap_or((&plan.digest, of_plan.0, of_plan.1));
            let _ = writeln!(
                lines.text,
                "To approve ({given} of {required} so far; not the author):  kubectl tenant-closure approve {name} -n {namespace} --plan {} --confirm {}",
                short(digest),
                closure.spec.tenant.initial_domain
            );
        }
        _ => {}
    }
}

fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests;
