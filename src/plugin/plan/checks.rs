//! The delete-tenant checks: which there are, where each is known from and who meets it.

use super::Lines;
use crate::api::TenantClosure;
use crate::closure::checks::{Source, TABLE};
use crate::plugin::look::Mark;

/// All of them; how they stand is told in step 5.
pub(super) fn tell(closure: &TenantClosure, lines: &mut Lines) {
    lines.title("What the portal checks before it deletes the tenant (step 5)");
    let directory = closure.spec.directory.as_ref();
    let removes = directory.is_some_and(|d| d.remove_applications);
    let resource = directory.is_some_and(|d| d.resource.is_some());
    let person = lines.look.sign(Mark::Person);
    for row in &TABLE {
        let who = row.who.word(removes, resource);
        let known = match row.source {
            Source::Read(_) => "read by the operator",
            Source::Person => "no program can read it: looked at and attested by a person",
            Source::WithTheDeletion => "done with the deletion itself",
            Source::NotAsked => "not asked for",
        };
        let met = match row.source {
            Source::NotAsked => "goes with the tenant".to_owned(),
            _ => format!("met by the {who}"),
        };
        let sign = match (who, row.source) {
            ("person", Source::Read(_) | Source::Person) => person.as_str(),
            _ => " ",
        };
        let title = format!("{} {}", row.id, row.name);
        lines.row(sign, &title, None, &format!("{known}; {met}"));
    }
}
