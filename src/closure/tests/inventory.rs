use super::{decided, planned, reason};
use crate::closure::decision::Decision;
use crate::closure::fixtures::*;
use crate::closure::inventory::{Gap, Inventory, Kind, Shortage, Wish, Word};
use crate::closure::observation::{Agreement, Why};
use crate::closure::step::Step;
use crate::closure::steps::inventory::{TRIES, Verdict, judge, told};
use crate::closure::steps::users::SYNC_OFF_TAKES;
use crate::closure::terms::Mode;
use jiff::SignedDuration;

fn wishing(wish: Wish) -> World {
    World::new(120).with(|w| w.cluster.configuration.inventory = wish)
}

fn lacking(kind: Kind, why: Word) -> Inventory {
    Inventory {
        gaps: vec![Gap { kind, why }],
        ..whole_inventory()
    }
}

fn unwritten() -> Inventory {
    Inventory {
        object: None,
        digest: None,
        bytes: 0,
        ..whole_inventory()
    }
}

#[test]
fn it_is_written_after_the_approval_and_before_the_first_user_goes() {
    for wish in [Wish::Wanted, Wish::Required] {
        let mut run = planned(wishing(wish).with(|w| w.cluster.approvals.approvers.clear()));
        assert_eq!(reason(&run.cycle(false)), "ApprovalsMissing");
        run.world.cluster.approvals.approvers = vec!["alice@example.com".into()];
        assert_eq!(reason(&run.cycle(false)), "WriteInventory");
        assert!(run.world.deleted.is_empty());
        assert_eq!(reason(&run.cycle(false)), "DeleteUsers");
        run.to_the_end();
        let times = run.told.iter();
        let times = times.filter(|d| d.decision == Decision::WriteInventory);
        assert_eq!(times.count(), 1);
    }
}

#[test]
fn none_is_written_where_none_is_wanted_or_nothing_is_to_be_changed() {
    let mut run = planned(wishing(Wish::Off));
    assert_eq!(reason(&run.cycle(false)), "DeleteUsers");
    let plans = wishing(Wish::Required).with(|w| w.terms.mode = Mode::Plan);
    assert_eq!(reason(&planned(plans).cycle(false)), "Planned");
}

#[test]
fn whatever_takes_something_away_first_waits_for_it() {
    // A person is asked to cancel, and nobody was there to delete.
    let mut run = Run::of(wishing(Wish::Wanted).with(|w| {
        w.users.retain(|user| *user == id(RETAINED));
        w.subscriptions = vec![subscription(1, Agreement::Direct)];
    }));
    let first = |d: &crate::closure::decision::Decided| {
        matches!(d.decision, Decision::WriteInventory | Decision::HandOff(_))
    };
    let found = run.until(false, 50, first);
    assert_eq!(found.decision, Decision::WriteInventory);
    assert!(matches!(run.cycle(false).decision, Decision::HandOff(_)));
}

#[test]
fn nobody_is_asked_to_delete_users_before_it() {
    // Without the right to switch directory sync off a person may delete the accounts in Active Directory instead.
    let synced = |permission: &str| {
        let mut run = planned(wishing(Wish::Required).with(|w| w.sync = true));
        run.world.identity.permissions.remove(permission);
        run
    };
    let mut run = synced("Organization.ReadWrite.All");
    assert_eq!(reason(&run.cycle(false)), "WriteInventory");
    let Decision::HandOff(roads) = run.cycle(false).decision else {
        panic!()
    };
    assert!(roads.iter().any(|one| one.key == "DeleteInActiveDirectory"));
    let mut run = synced("Organization.ReadWrite.All");
    run.world.inventory = lacking(Kind::Group, Word::Forbidden);
    run.cycle(false);
    assert_eq!(reason(&decided(&mut run, |_| {})), "WriteInventory");
}

#[test]
fn what_can_be_undone_does_not_wait_for_it_and_an_old_one_is_written_again() {
    let mut run = planned(wishing(Wish::Wanted).with(|w| w.sync = true));
    assert_eq!(reason(&run.cycle(false)), "SwitchSyncOff");
    assert!(run.memory.inventory.is_none());
    run.world.now += SYNC_OFF_TAKES;
    assert_eq!(
        reason(&run.until(false, 5, |d| reason(d) != "WaitingSyncOff")),
        "WriteInventory"
    );
    run.world.now += SignedDuration::from_hours(25);
    assert_eq!(reason(&decided(&mut run, |_| {})), "WriteInventory");
    run.cycle(false);
    assert_eq!(reason(&decided(&mut run, |_| {})), "DeleteUsers");
}

#[test]
fn once_something_is_gone_it_is_too_late_for_one() {
    let mut run = planned(wishing(Wish::Off));
    assert_eq!(reason(&run.cycle(false)), "DeleteUsers");
    run.world.cluster.configuration.inventory = Wish::Required;
    run.world.cluster.inventory_store = Err("there is none".into());
    assert_eq!(reason(&decided(&mut run, |_| {})), "DeleteUsers");
}

#[test]
fn required_without_a_store_blocks_before_anybody_approves() {
    let nowhere = |wish| {
        wishing(wish).with(|w| {
            w.cluster.inventory_store = Err("evidenceStore names none".into());
            w.cluster.approvals.approvers.clear();
        })
    };
    let mut run = Run::of(nowhere(Wish::Required));
    let found = run.cycle(false);
    assert_eq!(reason(&found), "InventoryMissing");
    let Decision::Blocked(list) = &found.decision else {
        panic!()
    };
    assert!(list[0].message.contains("evidenceStore names none"));
    assert!(
        list[0].remedy.contains("evidenceStore"),
        "{}",
        list[0].remedy
    );
    assert_eq!(found.standings["PreconditionsMet"].status, Some(false));
    assert_eq!(
        reason(&planned(nowhere(Wish::Wanted)).cycle(false)),
        "ApprovalsMissing"
    );
}

#[test]
fn an_incomplete_one_is_taken_where_it_is_wanted_and_not_where_it_is_required() {
    let incomplete = lacking(Kind::Membership, Word::Hidden);
    let mut run = planned(wishing(Wish::Wanted).with(|w| w.inventory = incomplete.clone()));
    assert_eq!(reason(&run.cycle(false)), "WriteInventory");
    assert_eq!(reason(&run.cycle(false)), "DeleteUsers");
    let words = told(run.memory.inventory.as_ref().unwrap());
    assert!(words.contains("who is in which group"), "{words}");

    // The configuration became stricter before anything was gone.
    let mut run = planned(wishing(Wish::Wanted).with(|w| w.inventory = incomplete));
    run.cycle(false);
    run.world.cluster.configuration.inventory = Wish::Required;
    assert_eq!(reason(&decided(&mut run, |_| {})), "WriteInventory");
    assert!(run.world.steps.iter().all(|step| *step != Step::Users));
}

#[test]
fn a_try_is_judged_by_what_is_wanted_and_by_whether_another_may_help() {
    let whole = whole_inventory();
    for wish in [Wish::Wanted, Wish::Required] {
        assert_eq!(judge(wish, &whole, None, 1), Verdict::Keep);
        for tries in 1..TRIES {
            let later = judge(wish, &unwritten(), Some("disk full"), tries);
            assert!(matches!(later, Verdict::Again(_)), "{later:?}");
            let later = judge(wish, &lacking(Kind::User, Word::Unavailable), None, tries);
            assert!(matches!(later, Verdict::Again(_)), "{later:?}");
        }
    }
    let lost = judge(Wish::Wanted, &unwritten(), Some("disk full"), TRIES);
    assert_eq!(lost, Verdict::Keep);
    let Verdict::Refuse(lost) = judge(Wish::Required, &unwritten(), Some("disk full"), TRIES)
    else {
        panic!()
    };
    assert_eq!(lost.reason, "InventoryMissing");
    assert!(lost.message.contains("disk full"), "{}", lost.message);

    let forbidden = lacking(Kind::Group, Word::Forbidden);
    assert_eq!(judge(Wish::Wanted, &forbidden, None, 1), Verdict::Keep);
    let Verdict::Refuse(refused) = judge(Wish::Required, &forbidden, None, 1) else {
        panic!()
    };
    assert_eq!(refused.reason, "InventoryIncomplete");
    assert!(
        refused.message.contains("the groups"),
        "{}",
        refused.message
    );
    assert!(
        refused.remedy.contains("Group.Read.All"),
        "{}",
        refused.remedy
    );
}

#[test]
fn a_gap_names_the_permission_that_would_close_it() {
    let gap = |shortage: Shortage| Gap::from(shortage);
    let forbidden = gap(Shortage::Unread(Kind::Domain, Why::Forbidden));
    assert_eq!(forbidden.permission(), Some("Domain.Read.All"));
    assert_eq!(
        gap(Shortage::HiddenMembership).permission(),
        Some("Member.Read.Hidden")
    );
    let later = gap(Shortage::Unread(Kind::User, Why::Unavailable));
    assert_eq!((later.permission(), later.may_pass()), (None, true));
}
