//! The course: steps, conditions, plan.

use super::cells::{Line, at, joined, number, section, table};
use crate::closure::loss::LossCount;
use crate::closure::words::thousands;
use crate::evidence::report::document::{Block, Inline, Section, Tone};
use crate::evidence::report::{Foreign, Plan, Report, StepResult, Subscription};

impl Report {
    pub(super) fn progress(&self) -> Section {
        let rows = self.steps.iter().map(|step| {
            let (word, tone) = match step.result {
                StepResult::Done => ("done", Tone::Good),
                StepResult::DoneByOthers => ("done by others", Tone::Good),
                StepResult::NothingToDo => ("nothing to do", Tone::Good),
                StepResult::UnderWay => ("under way", Tone::Attention),
                StepResult::NotBegun => ("not begun", Tone::Plain),
            };
            let mut result = vec![Inline::Mark(word.to_owned(), tone)];
            if !step.detail.is_empty() {
                result.push(Inline::words(format!(" {}", step.detail)));
            }
            vec![
                vec![Inline::words(format!("{} {}", step.number, step.name))],
                result,
                number(step.objects),
                number(step.refused as u64),
                number(step.requests),
                number(step.throttled),
                at(step.started_at),
                at(step.ended_at),
            ]
        });
        let columns = vec![
            "Step",
            "Result",
            "Objects #",
            "Refused #",
            "Requests #",
            "429s #",
            "From",
            "To",
        ];
        let conditions = self
            .steps
            .iter()
            .flat_map(|step| &step.conditions)
            .map(|condition| {
                let tone = match condition.status.as_str() {
                    "True" => Tone::Good,
                    "False" => Tone::Attention,
                    _ => Tone::Plain,
                };
                vec![
                    vec![Inline::words(condition.type_)],
                    vec![Inline::Mark(condition.status.clone(), tone)],
                    vec![Inline::Foreign(condition.reason.clone())],
                    at(condition.since),
                ]
            });
        let conditions = table(
            vec!["Condition", "Status", "Reason", "Since"],
            conditions.collect(),
        );
        section(
            "Steps",
            vec![Block::Picture, table(columns, rows.collect()), conditions],
        )
    }

    pub(super) fn planned(&self) -> Option<Section> {
        let plan = self.plan.as_ref()?;
        let count = |n: u32| thousands(n);
        let users = format!(
            "{} to delete, of them {} guests, {} synced, {} other Global administrators",
            count(plan.users),
            count(plan.guests),
            count(plan.synced),
            plan.other_global_administrators
        );
        let mut facts: Vec<(&'static str, Line)> = vec![
            ("Digest", vec![Inline::Code(plan.digest.clone())]),
            (
                "Sealed",
                joined(&[
                    plan.sealed_at.map(|at| vec![Inline::Time(at)]),
                    Some(vec![Inline::words(format!("record {}", plan.record))]),
                    (plan.earlier > 0)
                        .then(|| vec![Inline::words(format!("{} earlier", plan.earlier))]),
                ]),
            ),
            ("Users", vec![Inline::words(users)]),
        ];
        facts.extend(plan.supplements.iter().map(|one| {
            let users = format!(
                "{} who came later, {} of them gone; record {}; ",
                count(one.users),
                thousands(one.gone),
                one.record
            );
            let line = vec![Inline::words(users), Inline::Code(one.digest.clone())];
            ("Supplement", line)
        }));
        facts.extend([
            ("Applications", vec![Inline::words(applications(plan))]),
            (
                "Retained administrator",
                vec![Inline::Code(plan.retained.to_string())],
            ),
        ]);
        if let Some(spare) = plan.spare {
            facts.push(("Spare administrator", vec![Inline::Code(spare.to_string())]));
        }
        if !plan.other_holders.is_empty() {
            let ids = plan.other_holders.iter().map(ToString::to_string);
            let line = vec![Inline::Code(ids.collect::<Vec<_>>().join(", "))];
            facts.push((
                "Groups and applications that are Global administrator",
                line,
            ));
        }
        facts.extend(switches(plan));
        if !plan.custom_domains.is_empty() {
            facts.push(("Custom domains", named(&plan.custom_domains)));
        }
        if !plan.domains.is_empty() {
            let mut line = vec![Inline::words("to release for another tenant: ")];
            line.extend(named(&plan.domains));
            facts.push(("Domains", line));
        }
        facts.extend(losses(plan));
        let rows = plan.subscriptions.iter().map(|one| {
            vec![
                vec![Inline::Foreign(one.name.clone())],
                number(u64::from(one.seats)),
                vec![Inline::words(one.agreement.clone())],
                vec![Inline::words(one.ended_by.clone())],
                term(one),
                vec![Inline::Code(one.id.to_string())],
            ]
        });
        let mut blocks = vec![Block::Facts(facts)];
        if plan.subscriptions.is_empty() {
            blocks.push(Block::Paragraph(vec![Inline::words(
                "The tenant had no subscription.",
            )]));
        } else {
            blocks.push(table(
                vec![
                    "Subscription",
                    "Seats #",
                    "Bought",
                    "Ended by",
                    "Term",
                    "Id",
                ],
                rows.collect(),
            ));
        }
        Some(section("Plan", blocks))
    }
}

/// What step 4 switches off, by id; how many of them are off by now stands with the step.
fn switches(plan: &Plan) -> Vec<(&'static str, Line)> {
    let mut facts = Vec::new();
    if plan.security_defaults {
        let line = vec![Inline::words("security defaults")];
        facts.push(("Switched off in step 4", line));
    }
    if !plan.policies.is_empty() {
        let ids = plan.policies.iter().map(ToString::to_string);
        let line = vec![
            Inline::words("Conditional Access policies: "),
            Inline::Code(ids.collect::<Vec<_>>().join(", ")),
        ];
        facts.push(("Switched off in step 4", line));
    }
    facts
}

/// What dies with the tenant besides, the Azure subscriptions one by one.
fn losses(plan: &Plan) -> Vec<(&'static str, Line)> {
    let mut facts = Vec::new();
    let kinds = plan.losses.iter().filter(|one| one.subscription.is_none());
    let told: Vec<String> = kinds.map(LossCount::words).collect();
    if !told.is_empty() {
        facts.push(("Dies with it", vec![Inline::words(told.join(", "))]));
    }
    for one in &plan.losses {
        if let Some(id) = one.subscription {
            let words = Inline::words(format!("{} ", one.words()));
            facts.push(("Dies in Azure", vec![words, Inline::Code(id.to_string())]));
        }
    }
    facts
}

/// The end of its term, and how long the next would have been.
fn term(one: &Subscription) -> Vec<Inline> {
    let mut words = at(one.ends_at);
    let next = one.next_term.iter();
    words.extend(next.map(|next| Inline::words(format!(", then {next}"))));
    words
}

/// What goes, and what one plan could not hold.
fn applications(plan: &Plan) -> String {
    match plan.applications_beyond {
        0 => format!("{} to remove", plan.applications),
        more => format!(
            "{} to remove, and {} more than one plan holds, for a person",
            plan.applications,
            thousands(more)
        ),
    }
}

/// So many names, one after the other.
fn named(all: &[Foreign]) -> Line {
    let mut line = Line::new();
    for (at, name) in all.iter().enumerate() {
        line.extend((at > 0).then(|| Inline::words(", ")));
        line.push(Inline::Foreign(name.clone()));
    }
    line
}
