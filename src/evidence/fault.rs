//! Faults: how a journal can be other than it was written. Each names the record and says what is wrong.

use crate::closure::id::ObjectId;
use crate::evidence::entry::Place;

/// Something that cannot be in a journal as the operator wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A record of another closure.
    #[error(
        "record {name} belongs to another closure (UID {theirs}, this journal's is {ours}): it was put in from elsewhere"
    )]
    OtherClosure {
        /// The record.
        name: String,
        /// Its closure.
        theirs: String,
        /// The journal's.
        ours: String,
    },
    /// A record of another tenant.
    #[error("record {name} is about tenant {theirs}, the first record is about {ours}")]
    OtherTenant {
        /// The record.
        name: String,
        /// Its tenant.
        theirs: ObjectId,
        /// The journal's.
        ours: ObjectId,
    },
    /// The name is not that of the place.
    #[error(
        "record {name} says that it is number {sequence}; such a record is named {expected}: it was renamed or renumbered"
    )]
    Misnamed {
        /// The record.
        name: String,
        /// What it says.
        sequence: u64,
        /// What it would be named.
        expected: String,
    },
    /// A file of an evidence store that holds something else than its name says.
    #[error(
        "{place} holds {what}, whose place in the store is {belongs}: it was put in or moved, or files were exchanged"
    )]
    Misplaced {
        /// The file.
        place: String,
        /// What it holds.
        what: String,
        /// Where that belongs.
        belongs: String,
    },
    /// Two in one place.
    #[error("record {sequence} is there twice ({first} and {second}): one was put in")]
    Twice {
        /// The place in the journal.
        sequence: u64,
        /// Where the first was found.
        first: Place,
        /// Where the second was found.
        second: Place,
    },
    /// A hole.
    #[error("record {name} is missing, though later ones are there: it was deleted")]
    Missing {
        /// The name it had.
        name: String,
    },
    /// A file whose lines are in another order than they were written in.
    #[error(
        "{place}: record {name} comes after record {after}: the lines were put in another order"
    )]
    OutOfOrder {
        /// Where.
        place: Place,
        /// The record.
        name: String,
        /// The number of the record before it.
        after: u64,
    },
    /// The chain is broken.
    #[error(
        "record {name} does not continue record {before}: it was written after one that hashes to {named}, and record {before} now hashes to {found}; one of the two was changed or exchanged"
    )]
    NotChained {
        /// The record.
        name: String,
        /// The number of the one before.
        before: u64,
        /// The hash that it names.
        named: String,
        /// The hash that it should name.
        found: String,
    },
    /// No outcome, and not the newest.
    #[error(
        "record {name} has no outcome, though record {newest} is newer: nothing is written after a record in doubt, so its outcome was taken away"
    )]
    Unsettled {
        /// The record.
        name: String,
        /// The number of the newest.
        newest: u64,
    },
    /// The end is missing.
    #[error(
        "the journal ends with record {newest}, but {who} names record {anchored}: its tail was cut off"
    )]
    TailCut {
        /// The newest record there is.
        newest: u64,
        /// The newest one that was known.
        anchored: u64,
        /// Who knew it.
        who: String,
    },
    /// An anchor says something else.
    #[error(
        "record {name} hashes to {found}, but {who} says {anchored}: it, or a record before it, was written anew"
    )]
    OtherHead {
        /// The record.
        name: String,
        /// What it hashes to.
        found: String,
        /// What the anchor says.
        anchored: String,
        /// Who says so.
        who: String,
    },
    /// A part of a sealed plan is not there.
    #[error("the plan that record {name} seals lacks its part {chunk}: it was deleted")]
    ChunkMissing {
        /// The sealing record.
        name: String,
        /// The part.
        chunk: String,
    },
    /// Two parts of one name.
    #[error("part {name} of a plan is there twice ({first} and {second}): one was put in")]
    PartTwice {
        /// The part.
        name: String,
        /// Where the first was found.
        first: Place,
        /// Where the second was found.
        second: Place,
    },
    /// A part that the operator cannot have written so.
    #[error("part {name} of a plan is none that the operator wrote: {what}")]
    StrangePart {
        /// The part.
        name: String,
        /// What is strange.
        what: String,
    },
    /// A part is another than the one that was sealed.
    #[error(
        "the plan that record {name} seals had a part {part} that hashed to {sealed}, and it hashes to {found}: it was changed or exchanged"
    )]
    PartChanged {
        /// The sealing record.
        name: String,
        /// The part.
        part: String,
        /// What it hashed to.
        sealed: String,
        /// What it hashes to.
        found: String,
    },
    /// The parts are not what was sealed.
    #[error(
        "the plan that record {name} seals has digest {sealed}, but its parts hash to {found}: one of {chunks} was changed or exchanged"
    )]
    PlanChanged {
        /// The sealing record.
        name: String,
        /// What was sealed.
        sealed: String,
        /// What is there.
        found: String,
        /// The parts, first to last.
        chunks: String,
    },
    /// Head of a plan and its record differ.
    #[error(
        "record {name} seals a plan whose first part names another tenant, other administrators, subscriptions or applications"
    )]
    PlanHeadDiffers {
        /// The sealing record.
        name: String,
    },
    /// An effect under a plan that is not in force.
    #[error("record {name} acts under plan {named}, but the plan in force is {in_force}")]
    OtherPlan {
        /// The record.
        name: String,
        /// The plan that it names.
        named: String,
        /// The newest plan that was sealed before it.
        in_force: String,
    },
    /// An object that the plan does not name.
    #[error(
        "record {name} ({action}) names object {object}, which the plan in force ({plan}) does not name"
    )]
    Unplanned {
        /// The record.
        name: String,
        /// What it does.
        action: &'static str,
        /// To whom.
        object: ObjectId,
        /// The plan.
        plan: String,
    },
    /// Fewer approvals than were needed.
    #[error("record {name} acts under plan {plan} with {given} of {required} approvals")]
    Unapproved {
        /// The record.
        name: String,
        /// The plan or supplement.
        plan: String,
        /// How many different approvals it names.
        given: usize,
        /// How many it says were needed.
        required: u32,
    },
    /// The object with the UID of an approval, or attestation, is none that can have been counted.
    #[error(
        "record {name} rests on approval {approval}, but the object with this UID {what}: it, or the record, was put in, changed or exchanged"
    )]
    OtherApproval {
        /// The record.
        name: String,
        /// UID of the approval.
        approval: String,
        /// Why it cannot have been.
        what: String,
    },
    /// An Azure subscription that nobody accepted by its id.
    #[error("record {name} cancels Azure subscription {object}, which was not accepted by its id")]
    NotAccepted {
        /// The record.
        name: String,
        /// The subscription.
        object: ObjectId,
    },
    /// A supplement that nobody approved, in a journal in which persons approve.
    #[error("record {name} acts under supplement {plan}, which nobody had approved")]
    UnapprovedSupplement {
        /// The record.
        name: String,
        /// The supplement.
        plan: String,
    },
    /// Another directory than the plan names.
    #[error(
        "record {name} deletes the directory through {through}, the plan in force names {planned}"
    )]
    OtherDirectory {
        /// The record.
        name: String,
        /// The resource.
        through: String,
        /// What was approved.
        planned: String,
    },
    /// The retained administrator was touched.
    #[error("record {name} ({action}) names the retained administrator {object}")]
    Retained {
        /// The record.
        name: String,
        /// What it does.
        action: &'static str,
        /// Who.
        object: ObjectId,
    },
    /// A time that cannot be: when a record was created is not under its hash, when it was settled is.
    #[error("record {name} {what}: the time in its metadata, which no hash covers, was changed")]
    OtherTime {
        /// The record.
        name: String,
        /// What cannot be.
        what: String,
    },
    /// It says that something else was known than what the one before left.
    #[error(
        "record {name} says that before it something else was known than what record {before} left ({fields}): one of the two was put in or changed"
    )]
    OtherMemory {
        /// The record.
        name: String,
        /// The number of the one before; 0: there is none.
        before: u64,
        /// The fields of `spec.memory`.
        fields: String,
    },
    /// A record that the operator does not write.
    #[error("record {name} is none that the operator writes: {what}")]
    Strange {
        /// The record.
        name: String,
        /// Why not.
        what: String,
    },
    /// An outcome about something else.
    #[error("the outcome of record {name} does not fit what it intended: {what}")]
    StrangeOutcome {
        /// The record.
        name: String,
        /// What does not fit.
        what: String,
    },
}

/// Why nothing certain can be said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// There is nothing to look at.
    #[error("there is no record of this closure here")]
    Empty,
    /// Something that is no record, or not one that this version knows.
    #[error("{place} cannot be judged: {why}")]
    Unreadable {
        /// Where.
        place: Place,
        /// Why.
        why: String,
    },
    /// No copy of an approval, or attestation, is in an evidence store.
    #[error(
        "record {name} rests on approval {approval}, of which no copy is here: nothing here says who gave it, and for what"
    )]
    NoCopy {
        /// The first record that rests on it.
        name: String,
        /// UID of the approval.
        approval: String,
    },
    /// An evidence store without the file that the operator writes there with each record.
    #[error(
        "{place} is not there, or cannot be read: the operator writes it with the records beside which it lies, so it was removed or changed, or it is not the whole store that is looked at; what else was taken away, such as copies of approvals, is not known"
    )]
    NoHead {
        /// Where it would be.
        place: String,
    },
    /// Fewer approvals than before, under the same plan.
    #[error(
        "record {name} asks for {required} approvals, record {earlier} of the same plan asked for {before}: the operator's configuration must have been changed in between; ask its owner"
    )]
    FewerAsked {
        /// The record.
        name: String,
        /// What it asks for.
        required: u32,
        /// The one before.
        earlier: String,
        /// What that asked for.
        before: u32,
    },
    /// Nothing outside the journal says where it ends.
    #[error(
        "nothing outside the journal says how it ends, so a tail that was cut off would not be seen; give --head SEQUENCE:HASH from the operator's log, a report or status.journal"
    )]
    NoAnchor,
    /// Records that no anchor vouches for.
    #[error(
        "the newest anchor names record {anchored}, the journal goes on to record {newest}: what was added is chained, but nothing outside the journal vouches for it"
    )]
    NewerThanAnchors {
        /// The newest anchored record.
        anchored: u64,
        /// The newest settled record.
        newest: u64,
    },
}
