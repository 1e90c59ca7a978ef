//! The picture of a closure: header, tree of steps, hand-offs and blockers.

mod losses;

use crate::api::TenantClosure;
use crate::api::status::{BoughtStatus, PlanStatus, StepStatus, TenantClosureStatus};
use crate::closure::access::warnings::Finding;
use crate::closure::label::label;
use crate::closure::observation::Agreement;
use crate::closure::plan::Ender;
use crate::closure::report::Phase;
use crate::closure::step::Step;
use crate::closure::terms::Mode;
use crate::plugin::look::{Look, Mark};
use crate::plugin::words;
use jiff::{SignedDuration, Timestamp};
use std::fmt::Write as _;

/// Draws the closure as it stands, at `now`; each line ends with a line feed.
pub fn draw(closure: &TenantClosure, now: Timestamp, look: Look) -> String {
    let nothing = TenantClosureStatus::default();
    let status = closure.status.as_ref().unwrap_or(&nothing);
    let mut text = header(closure, status, look);
    let at = at(status);
    for step in Step::ORDER {
        let known = status.steps.iter().find(|s| s.name == step.name());
        let mark = mark(status.phase, at, step);
        let last = step == Step::DeleteDirectory;
        let (branch, below) = look.branch(last);
        let (done, total) = known.map_or((0, 0), |k| (k.done, k.total));
        let _ = writeln!(
            text,
            "{branch}{} {} {:<21} {} {}{}",
            look.sign(mark),
            step.number(),
            words::step(step),
            look.bar(done, total, mark == Mark::Done),
            counts(known, mark),
            timing(known, mark, now),
        );
        if at == Some(step) && mark != Mark::Done {
            for line in details(status, step, now, look) {
                let _ = writeln!(text, "{below}{line}");
            }
        }
    }
    let legend: Vec<String> = Mark::LEGEND
        .iter()
        .map(|(mark, word)| format!("{} {word}", look.sign(*mark)))
        .collect();
    let _ = writeln!(text, "{}", legend.join("  "));
    text
}

fn header(closure: &TenantClosure, status: &TenantClosureStatus, look: Look) -> String {
    let spec = &closure.spec;
    let dot = look.dot();
    let name = format!(
        "{}/{}",
        closure.metadata.namespace.as_deref().unwrap_or("default"),
        closure.metadata.name.as_deref().unwrap_or("-")
    );
    let mut text = format!(
        "TenantClosure {}   {}   step {}   {}\n",
        look.bold(&name),
        look.bold(words::phase(status.phase)),
        status.step.as_deref().unwrap_or("-"),
        words::reason(closure),
    );
    let cloud = spec.tenant.cloud.unwrap_or_default().name();
    let _ = writeln!(
        text,
        "  tenant    {} {dot} {} {dot} {cloud}",
        spec.tenant.initial_domain, spec.tenant.id
    );
    let mode = match spec.mode.unwrap_or_default() {
        Mode::Plan => "Plan (reads only)",
        Mode::Execute => "Execute",
    };
    let _ = writeln!(
        text,
        "  mode      {mode} {dot} stays to the end: {}",
        spec.retain.global_administrator
    );
    if let Some(plan) = &status.plan {
        let _ = writeln!(
            text,
            "  plan      {} {dot} {} users {dot} {} subscriptions {dot} {} applications {dot} made {}",
            plan.digest.get(..12).unwrap_or(&plan.digest),
            words::count(plan.users),
            words::count(plan.subscriptions),
            words::count(plan.applications),
            plan.made_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        );
        came_later(plan, dot, &mut text);
        for one in &plan.bought {
            let _ = writeln!(text, "  bought    {}", bought(one, dot));
        }
        for line in losses::words(plan)
            .iter()
            .flat_map(|said| words::wrap(said))
            .enumerate()
            .map(first("loses"))
        {
            let _ = writeln!(text, "{line}");
        }
    }
    if let Some(approval) = status.approval.as_ref().filter(|_| !words::over(closure)) {
        let until = approval.valid_until.map_or_else(String::new, |date| {
            format!(" {dot} until {}", words::minute(date))
        });
        let _ = writeln!(
            text,
            "  approval  {} of {}{until}",
            approval.given, approval.required
        );
    }
    if let Some(estimate) = status.estimate.as_ref().filter(|_| !words::over(closure)) {
        let _ = writeln!(
            text,
            "  earliest  {} {dot} {}",
            words::minute(estimate.earliest),
            estimate.message,
        );
    }
    if let Some((requests, throttled)) = cost(status) {
        let _ = writeln!(
            text,
            "  cost      {requests} requests {dot} {throttled} answered 429"
        );
    }
    for line in status
        .summary
        .iter()
        .flat_map(|s| words::wrap(s))
        .enumerate()
        .map(first("now"))
    {
        let _ = writeln!(text, "{line}");
    }
    if !words::current(closure) {
        text.push_str("  note      the operator has not looked at the newest spec yet\n");
    }
    text
}

/// Requests, and items that were throttled, of all steps together.
fn cost(status: &TenantClosureStatus) -> Option<(String, String)> {
    let totals = status.steps.iter().filter_map(|s| s.totals.as_ref());
    let (requests, throttled) = totals.fold((0u32, 0u32), |(r, t), step| {
        (
            r.saturating_add(step.requests),
            t.saturating_add(step.throttled),
        )
    });
    (requests > 0).then(|| (words::count(requests), words::count(throttled)))
}

/// Lines of the header, the first with its word.
fn first(word: &str) -> impl Fn((usize, String)) -> String {
    move |(n, line)| format!("  {:<9} {line}", if n == 0 { word } else { "" })
}

/// Who came after the plan was made, and waits for an approval.
fn came_later(plan: &PlanStatus, dot: &str, text: &mut String) {
    if let Some(open) = &plan.supplement {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "  came later  {} users {dot} supplement {} {dot} {} of {} approvals",
            words::count(open.users),
            open.digest.get(..12).unwrap_or(&open.digest),
            open.given,
            open.required,
        );
    }
}

/// One subscription: seats, how it was bought, who can end it, and Microsoft's dates.
pub(crate) fn bought(one: &BoughtStatus, dot: &str) -> String {
    let whose = match one.ended_by {
        Ender::Operator => "the operator",
        Ender::Administrator => "an administrator",
        Ender::Partner => "the partner",
        Ender::Distributor => "the partner's distributor",
        Ender::AccountManager => "the account manager",
        Ender::Tenant => {
            let says = "comes and goes with the tenant: nobody can cancel or delete it before";
            return format!("{} {dot} {says}", one.name);
        }
    };
    let how = match one.agreement {
        Agreement::Unknown => "how it was bought no program can read".to_owned(),
        known => format!("{known:?}"),
    };
    let mut text = format!(
        "{} {dot} {} seats {dot} {how} {dot} {whose} ends it",
        one.name,
        words::count(one.seats)
    );
    if let Some(right) = right_to_end(one) {
        let _ = write!(text, " {dot} {right}");
    }
    let day = |at: Timestamp| at.strftime("%Y-%m-%d");
    match (one.renews_at, one.term_ends_at, one.changes_at) {
        (Some(at), ..) => {
            let _ = write!(text, " {dot} renews {}", day(at));
            if let Some(term) = &one.next_term {
                let _ = write!(text, " for {}", term.words());
            }
        }
        (None, Some(at), _) => {
            let _ = write!(text, " {dot} term ends {}", day(at));
        }
        (None, None, Some(at)) => {
            let _ = write!(text, " {dot} renews or ends {}", day(at));
        }
        (None, None, None) => {}
    }
    text
}

/// Whether it can still be canceled within its term, and what becomes of it otherwise; nothing where that is no question.
fn right_to_end(one: &BoughtStatus) -> Option<String> {
    let term = matches!(
        one.agreement,
        Agreement::CustomerAgreement | Agreement::Partner
    );
    match (one.ended_by, one.cancel_until) {
        (Ender::Partner | Ender::Distributor, _) => {
            Some("whether it can be canceled, or ends with its term, he alone sees".to_owned())
        }
        (_, Some(until)) => Some(format!("cancel until {}", until.strftime("%Y-%m-%d"))),
        (Ender::Operator, None) if term && one.cancelable => {
            Some("can be canceled at any time".to_owned())
        }
        (Ender::Operator, None) if term && one.renews => Some(
            "its time to cancel is over: its renewal is switched off, and it ends with its term"
                .to_owned(),
        ),
        (Ender::Operator, None) if term => {
            Some("its time to cancel is over: it ends with its term".to_owned())
        }
        _ => None,
    }
}

/// The step that the status names.
fn at(status: &TenantClosureStatus) -> Option<Step> {
    let number: u8 = status
        .step
        .as_deref()?
        .split('/')
        .next()?
        .trim()
        .parse()
        .ok()?;
    Step::ORDER.into_iter().find(|s| s.number() == number)
}

fn mark(phase: Option<Phase>, at: Option<Step>, step: Step) -> Mark {
    let Some(at) = at else { return Mark::Later };
    if phase == Some(Phase::Closed) || step < at {
        return Mark::Done;
    }
    if step > at {
        return Mark::Later;
    }
    match phase {
        Some(Phase::Planned | Phase::Closed) => Mark::Done,
        Some(Phase::Waiting | Phase::Suspended) => Mark::Waiting,
        Some(Phase::AwaitingApproval | Phase::AwaitingHandOff) => Mark::Person,
        Some(Phase::Stalled) => Mark::Blocked,
        Some(Phase::Planning | Phase::Running) | None => Mark::Now,
    }
}

fn counts(known: Option<&StepStatus>, mark: Mark) -> String {
    let text = match known {
        Some(s) if s.total > 0 => format!("{}/{}", words::count(s.done), words::count(s.total)),
        Some(StepStatus {
            totals: Some(cost), ..
        }) if cost.objects > 0 => format!("{} done", words::count(cost.objects)),
        _ if mark == Mark::Done => "nothing to do".into(),
        _ => "-".into(),
    };
    format!("{text:<13}")
}

/// How long the step has taken, and how long it will where its pace is known.
fn timing(known: Option<&StepStatus>, mark: Mark, now: Timestamp) -> String {
    let Some((step, started)) = known.and_then(|s| s.started_at.map(|at| (s, at))) else {
        return String::new();
    };
    let until = step.totals.as_ref().and_then(|t| t.until);
    if mark == Mark::Done {
        return until.map_or_else(String::new, |end| {
            format!(" {}", words::span(end.duration_since(started)))
        });
    }
    let mut text = format!(" {}", words::span(now.duration_since(started)));
    if mark == Mark::Now
        && let Some(left) = until.and_then(|end| left(step, end.duration_since(started)))
    {
        let _ = write!(text, "   ETA {}", words::span(left));
    }
    text
}

/// What is left at the pace so far; `None` until there is a pace.
fn left(step: &StepStatus, spent: SignedDuration) -> Option<SignedDuration> {
    if step.done == 0 || step.done >= step.total || spent.as_millis() < 500 {
        return None;
    }
    let millis = spent.as_millis() * i128::from(step.total - step.done) / i128::from(step.done);
    Some(SignedDuration::from_millis(i64::try_from(millis).ok()?))
}

/// What hangs below the step at hand: its conditions, the wait, hand-offs, blockers.
fn details(status: &TenantClosureStatus, step: Step, now: Timestamp, look: Look) -> Vec<String> {
    let mut lines = Vec::new();
    for name in step.conditions() {
        if let Some(c) = status.condition(name) {
            let mark = if c.status == "True" {
                Mark::Done
            } else {
                Mark::Later
            };
            lines.push(format!("{} {name:<22} {}", look.sign(mark), c.reason));
        }
    }
    if step == Step::Preconditions {
        lines.extend(roles(status, look));
        lines.extend(warned(status, look));
    }
    if let Some(until) = status.waiting_until {
        let left = match until.duration_since(now) {
            left if left.as_secs() > 0 => format!("in {}", words::span(left)),
            _ => "any moment".into(),
        };
        lines.push(format!(
            "{} until {} ({left}); nothing for you to do",
            look.sign(Mark::Waiting),
            until.strftime("%Y-%m-%d %H:%M:%SZ")
        ));
    }
    for hand_off in &status.hand_offs {
        let since = words::span(now.duration_since(hand_off.since));
        lines.push(format!(
            "{} {} (for {since})",
            look.sign(Mark::Person),
            look.bold(&hand_off.key)
        ));
        told(&mut lines, "do", &hand_off.what);
        told(&mut lines, "open", &hand_off.link);
        told(&mut lines, "when", &words::dates(&hand_off.dates));
        told(&mut lines, "noticed", &hand_off.noticed);
    }
    for check in status.checks.iter().filter(|one| one.state == "passed") {
        let sign = look.sign(Mark::Done);
        lines.push(format!("{sign} {} passed", check.check));
    }
    for blocker in &status.blockers {
        let sign = look.sign(Mark::Blocked);
        lines.push(format!(
            "{sign} {} {} {} by {}",
            look.bold(&blocker.check),
            blocker.state,
            look.dot(),
            blocker.who
        ));
        told(&mut lines, "remedy", &blocker.remedy);
        told(&mut lines, "open", &blocker.link);
        told(&mut lines, "when", &words::dates(&blocker.dates));
    }
    if let Some(ticket) = &status.support_ticket {
        lines.push(look.bold("For Microsoft's support, ready to be sent:"));
        lines.extend(ticket.lines().map(|line| format!("  {line}")));
    }
    lines
}

/// The table of roles in one line; what is lacking is told by the blockers.
fn roles(status: &TenantClosureStatus, look: Look) -> Option<String> {
    let (mut held, mut lacking, mut unknown) = (String::new(), String::new(), String::new());
    for step in Step::ORDER {
        let of_step = status.steps.iter().find(|one| one.name == step.name());
        let needs: Vec<_> = of_step?.access.iter().filter(|one| !one.optional).collect();
        let list = if needs.is_empty() {
            continue;
        } else if needs.iter().any(|one| one.held == Some(false)) {
            &mut lacking
        } else if needs.iter().any(|one| one.held.is_none()) {
            &mut unknown
        } else {
            &mut held
        };
        let _ = write!(list, " {}", step.number());
    }
    let told = [
        (held, "held for steps"),
        (lacking, "lacking for steps"),
        (unknown, "not to be told yet for steps"),
    ];
    let open = !told[1].0.is_empty();
    let told: Vec<String> = told
        .into_iter()
        .filter(|(steps, _)| !steps.is_empty())
        .map(|(steps, words)| format!("{words}{steps}"))
        .collect();
    let mark = if open { Mark::Blocked } else { Mark::Done };
    (!told.is_empty()).then(|| format!("{} roles {}", look.sign(mark), told.join("; ")))
}

/// What is more than needed or ends too early, each in one line; `access check` tells it all.
fn warned(status: &TenantClosureStatus, look: Look) -> Vec<String> {
    let line = |findings: &[Finding], words: &str| {
        let all = status.access_warnings.iter();
        let of: Vec<_> = all.filter(|one| findings.contains(&one.finding)).collect();
        let first = of.first()?;
        let until = first
            .until
            .map_or_else(String::new, |at| format!(" ({})", words::minute(at)));
        let more = match of.len() - 1 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let sign = look.sign(Mark::Person);
        Some(format!(
            "{sign} {words} {}{until}{more}",
            label(&first.what)
        ))
    };
    let ends = line(&[Finding::EndsBeforeEstimate], "ends before the estimate:");
    let more = line(
        &[Finding::Dangerous, Finding::MoreThanNeeded],
        "more than needed:",
    );
    ends.into_iter().chain(more).collect()
}

fn told(lines: &mut Vec<String>, word: &str, text: &str) {
    if text.is_empty() {
        return;
    }
    for (i, line) in words::wrap(text).into_iter().enumerate() {
        lines.push(format!("  {:<8} {line}", if i == 0 { word } else { "" }));
    }
}
