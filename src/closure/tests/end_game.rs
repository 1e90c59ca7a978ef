use super::{all_seen, decided, reason, verified};
use crate::closure::checks::{Source, TABLE};
use crate::closure::decision::{Decided, Decision};
use crate::closure::external::{Directory, External};
use crate::closure::fixtures::*;
use crate::closure::id::ObjectId;
use crate::closure::intent::Action;
use crate::closure::observation::*;
use crate::closure::plan::Sealed;
use crate::closure::residue;
use crate::closure::steps::checks::{self, State};
use crate::closure::terms::{BillingAccount, BillingKind};

fn keys(decided: &Decided) -> Vec<&'static str> {
    match &decided.decision {
        Decision::HandOff(list) => list.iter().map(|h| h.key).collect(),
        other => panic!("{other:?}"),
    }
}

fn with_azure(world: &mut World) {
    world.terms.billing = vec![BillingAccount {
        kind: BillingKind::AzureSubscription,
        tenant_id: None,
    }];
    // One that was deleted is still listed: whoever shows it sees what there is.
    let mut gone = subscription(0xa2e, Agreement::Azure);
    gone.lifecycle = Lifecycle::Gone;
    world.subscriptions = vec![gone];
}

type Change = Box<dyn Fn(&mut Observation)>;

/// How each check stands, after a change of what is seen.
fn states(world: World, change: impl FnOnce(&mut Observation)) -> Vec<State> {
    let mut run = verified(world);
    let mut seen = all_seen(&mut run.world, &run.memory);
    change(&mut seen);
    let all = checks::all(&run.plan, &seen, &run.memory);
    all.iter().map(|check| check.state).collect()
}

#[test]
fn there_are_eighteen_checks_and_five_that_no_program_can_read() {
    let ids: Vec<String> = TABLE.iter().map(|row| row.id.to_owned()).collect();
    let wanted: Vec<String> = (1..=18).map(|n| format!("C{n}")).collect();
    assert_eq!(ids, wanted);
    let persons = TABLE.iter().filter(|row| row.source == Source::Person);
    let persons: Vec<&str> = persons.map(|row| row.id).collect();
    assert_eq!(persons, ["C5", "C9", "C10", "C11", "C15"]);
}

#[test]
fn each_check_that_is_read_passes_fails_and_is_unknown_by_what_is_seen() {
    let world = || World::new(0).with(with_azure);
    let at = |number: usize, states: &[State]| states[number - 1];
    let good = states(world().with(|w| w.domain_services = Ok(0)), |_| {});
    for row in &TABLE {
        let number: usize = row.id[1..].parse().unwrap();
        let wanted = match row.source {
            Source::Person => State::Unknown,
            Source::WithTheDeletion if row.id != "C14" => State::Unknown,
            Source::Read(_) | Source::NotAsked | Source::WithTheDeletion => State::Passed,
        };
        assert_eq!(at(number, &good), wanted, "{}", row.id);
    }
    let application = |principal| {
        move |s: &mut Observation| {
            s.applications = Fact::Known(vec![application(1, principal, false)]);
        }
    };
    let one_more = |s: &mut Observation| {
        if let Fact::Known(found) = &mut s.users {
            found.ids.push(id(0xffff_ffff));
        }
    };
    let syncs = |s: &mut Observation| {
        if let Fact::Known(found) = &mut s.organization {
            found.sync_enabled = true;
        }
    };
    let subscribed = |agreement| {
        move |s: &mut Observation| {
            s.subscriptions = Fact::Known(vec![subscription(1, agreement)]);
        }
    };
    let left = External {
        policy_keys: 1,
        ..external(Directory::B2c)
    };
    let cases: [(usize, Change, Change); 10] = [
        (1, Box::new(one_more), Box::new(|s| s.users = Fact::NotRead)),
        (
            1,
            Box::new(|s| s.spare = Fact::Known(Some(administrator(SPARE, "spare")))),
            Box::new(|s| s.spare = Fact::NotRead),
        ),
        (
            2,
            Box::new(syncs),
            Box::new(|s| s.organization = Fact::NotRead),
        ),
        (
            3,
            Box::new(application(true)),
            Box::new(|s| s.applications = Fact::Unreadable(Why::Forbidden)),
        ),
        (
            4,
            Box::new(application(false)),
            Box::new(|s| s.applications = Fact::Unreadable(Why::Forbidden)),
        ),
        (
            6,
            Box::new(subscribed(Agreement::Direct)),
            Box::new(|s| s.subscriptions = Fact::Unreadable(Why::Unavailable)),
        ),
        (
            7,
            Box::new(subscribed(Agreement::Azure)),
            Box::new(|s| s.subscriptions = Fact::Unreadable(Why::Unavailable)),
        ),
        (
            12,
            Box::new(|s| s.domain_services = Fact::Known(1)),
            Box::new(|s| s.domain_services = Fact::Unreadable(Why::Forbidden)),
        ),
        (
            13,
            Box::new(move |s| s.external = Fact::Known(left)),
            Box::new(|s| s.external = Fact::Unreadable(Why::Forbidden)),
        ),
        (
            14,
            Box::new(|_| {}),
            Box::new(|s| s.external = Fact::Known(external(Directory::ExternalId))),
        ),
    ];
    for (number, fails, unknown) in cases {
        if number != 14 {
            assert_eq!(
                at(number, &states(world(), fails)),
                State::Failed,
                "C{number}"
            );
        }
        assert_eq!(
            at(number, &states(world(), unknown)),
            State::Unknown,
            "C{number}"
        );
    }
    let released = states(world(), |_| {});
    assert_eq!(at(16, &released), State::Passed);
}

#[test]
fn a_domain_that_was_to_be_released_and_is_there_fails() {
    let mut run = verified(World::new(0));
    run.plan.terms.release_domains = vec!["contoso.nl".into()];
    let seen = all_seen(&mut run.world, &run.memory);
    let all = checks::all(&run.plan, &seen, &run.memory);
    assert_eq!((all[15].row.id, all[15].state), ("C16", State::Failed));
    assert!(!all[15].row.counts(), "Microsoft does not ask for it");
}

#[test]
fn azure_that_no_account_shows_is_not_none() {
    let states = states(World::new(0), |_| {});
    assert_eq!((states[6], states[11]), (State::Unknown, State::Unknown));
}

#[test]
fn an_account_that_shows_no_azure_subscription_proves_nothing() {
    let blind = || {
        World::new(0).with(|w| {
            with_azure(w);
            w.subscriptions.clear();
            w.domain_services = Ok(0);
        })
    };
    let found = states(blind(), |_| {});
    assert_eq!((found[6], found[11]), (State::Unknown, State::Unknown));
    let left = states(blind(), |s| s.domain_services = Fact::Known(1));
    assert_eq!(left[11], State::Failed);
}

#[test]
fn every_check_is_told_with_what_has_passed() {
    let mut run = verified(World::new(0));
    let told = decided(&mut run, |_| {});
    assert_eq!(told.checks.len(), 18);
    let open = told.checks.iter().filter(|one| one.state != "passed");
    let open: Vec<&str> = open.map(|one| one.check.as_str()).collect();
    let blockers: Vec<&str> = told.blockers.iter().map(|one| one.check.as_str()).collect();
    assert_eq!(
        open, blockers,
        "each that is open has its remedy, its page and who"
    );
    run.world.gone = true;
    let told = run.until(true, 10, |d| d.decision == Decision::Closed);
    assert!(told.checks.iter().all(|one| one.state == "passed"));
}

#[test]
fn user_flows_are_handed_over_before_azure_is_asked_and_only_where_they_are_seen() {
    let left = External {
        user_flows: 2,
        identity_providers: 1,
        custom_policies: 3,
        policy_keys: 0,
        directory: Directory::B2c,
    };
    let mut run = verified(World::new(0).with(|w| {
        w.terms.directory_resource = Some("/b2c".into());
        w.external = Ok(left);
    }));
    let told = decided(&mut run, |_| {});
    assert_eq!(keys(&told), ["RemoveUserFlows"]);
    let Decision::HandOff(list) = &told.decision else {
        panic!()
    };
    let says = "Left: 2 user flows, 1 identity provider, 3 custom policies";
    assert!(list[0].what.ends_with(says), "{}", list[0].what);
    assert_eq!(told.standings["DeletionChecksPassed"].status, Some(false));
    // What cannot be read bars nothing: Azure says so itself.
    let unread = |s: &mut Observation| s.external = Fact::Unreadable(Why::Forbidden);
    assert_eq!(reason(&decided(&mut run, unread)), "DeleteDirectory");
    run.world.external = Ok(external(Directory::B2c));
    assert_eq!(reason(&decided(&mut run, |_| {})), "DeleteDirectory");
}

#[test]
fn domain_services_are_handed_over_with_the_button() {
    let mut run = verified(World::new(0).with(with_azure));
    run.world.domain_services = Ok(1);
    let told = decided(&mut run, |_| {});
    assert_eq!(
        keys(&told),
        ["DeleteDirectory", "AttestChecks", "RemoveDomainServices"]
    );
}

fn attest(run: &mut Run, check: &str, said: &str) {
    run.world.attestations.insert(check.into(), said.into());
}

#[test]
fn what_stays_behind_is_written_down_before_our_own_goes_and_is_in_the_ticket_afterwards() {
    let vendor = Application {
        owner: Some(id(0x7e)),
        ..application(7, true, false)
    };
    let mut run = verified(World::new(0).with(|w| {
        w.applications.push(vendor);
        w.applications.push(application(2, true, true));
    }));
    attest(&mut run, "OnlyOurs", "Passed");
    let Decision::Act(intent) = decided(&mut run, |_| {}).decision else {
        panic!()
    };
    assert_eq!(intent.action, Action::RemoveOwnIdentity);
    assert_eq!(intent.residue, residue::of(&run.world.applications));
    run.cycle(false);
    attest(&mut run, "Refused", "failed");
    let told = decided(&mut run, |_| {});
    assert_eq!(reason(&told), "PortalRefused");
    let ticket = told.ticket.unwrap();
    for says in [
        "- 1 application, owned by tenant 00000000-0000-0000-0000-00000000007e: 00000000-0000-0000-0000-00000000d007",
        "- 1 application, owned by Microsoft's tenant or an Azure resource (00000000-0000-0000-0000-00000000f8cd): 00000000-0000-0000-0000-00000000d002",
        "The application of the program that closes this tenant: removed",
    ] {
        assert!(ticket.contains(says), "{says} is not in {ticket}");
    }
    // Support has mended it, and the person tries again.
    run.world.attestations.remove("Refused");
    assert_eq!(keys(&decided(&mut run, |_| {})), ["DeleteDirectory"]);
    run.world.gone = true;
    assert_eq!(reason(&decided(&mut run, |_| {})), "VerifyDirectoryGone");
}

#[test]
fn our_own_that_may_not_remove_itself_is_handed_over_and_its_loss_is_no_trouble_then() {
    let mut run = verified(World::new(0).with(|w| w.own_refused = true));
    let refused_credential = Fact::Unreadable(Why::CredentialRefused(Refused::ApplicationUnknown));
    let without_credential = |s: &mut Observation| s.organization = refused_credential.clone();
    // Before anybody was asked to remove it, the way in is lost.
    assert_eq!(
        reason(&decided(&mut run, without_credential)),
        "CredentialRefused"
    );
    attest(&mut run, "OnlyOurs", "Passed");
    run.cycle(false);
    let told = decided(&mut run, |_| {});
    assert_eq!(
        keys(&told)[..2],
        ["RemoveOwnApplication", "DeleteDirectory"]
    );
    let Decision::HandOff(list) = &told.decision else {
        panic!()
    };
    assert!(list[0].what.ends_with("(Authorization_RequestDenied)"));
    let mut refused = run.clone();
    attest(&mut refused, "Refused", "failed");
    let ticket = decided(&mut refused, |_| {}).ticket.unwrap();
    for says in [
        "still there (00000000-0000-0000-0000-0000000000b1, 00000000-0000-0000-0000-0000000000b2)",
        "Errors of Microsoft Graph when they were deleted: Authorization_RequestDenied (403)",
        "client-request-id of refused requests: 00000000-0000-0000-0000-000000007e57",
    ] {
        assert!(ticket.contains(says), "{says} is not in {ticket}");
    }
    // The person has removed it: what is left is to press Delete, and to look from outside.
    assert_eq!(
        keys(&decided(&mut run, without_credential)),
        ["DeleteDirectory"]
    );
    run.world.gone = true;
    assert_eq!(
        reason(&decided(&mut run, without_credential)),
        "VerifyDirectoryGone"
    );
}

#[test]
fn our_own_goes_only_as_the_plan_names_it() {
    let run = || {
        let mut run = verified(World::new(0));
        attest(&mut run, "OnlyOurs", "Passed");
        run
    };
    let named = run().plan.sealed.unwrap().head.own.clone();
    assert_eq!(named, [id(OWN_APP), id(OWN_PRINCIPAL)]);
    let removed = |run: &mut Run| match decided(run, |_| {}).decision {
        Decision::Act(intent) if intent.action == Action::RemoveOwnIdentity => intent.objects,
        Decision::HandOff(list) if list[0].key == "RemoveOwnApplication" => Vec::new(),
        other => panic!("{other:?}"),
    };
    assert_eq!(removed(&mut run()), named);
    // Of what could not be listed for the plan, or came later, a person takes care.
    for own in [vec![], vec![id(OWN_PRINCIPAL)]] {
        let mut run = run();
        let mut sealed = Sealed::clone(run.plan.sealed.as_ref().unwrap());
        sealed.head.own.clone_from(&own);
        run.plan.sealed = Some(sealed.into());
        assert_eq!(removed(&mut run), own);
    }
}

#[test]
fn residue_is_bounded_and_what_is_rare_comes_first() {
    let mut all: Vec<Application> = (0..3_000).map(|n| application(n, true, true)).collect();
    let owned = |n: u128, owner: u128| Application {
        owner: Some(id(owner)),
        ..application(n, true, false)
    };
    all.push(owned(5_000, 0x7e));
    all.extend((6_000..6_015).map(|n| owned(n, 0x70 + n)));
    all.push(Application {
        own: true,
        ..application(9_000, true, false)
    });
    let found = residue::of(&all);
    assert_eq!(found.len(), residue::OWNERS);
    assert!(found.iter().all(|one| one.count == 1 && !one.kept));
    let found = residue::of(&all[..3_001]);
    assert_eq!((found[0].owner, found[0].count), (Some(id(0x7e)), 1));
    assert_eq!((found[1].kept, found[1].count), (true, 3_000));
    let first: Vec<ObjectId> = (0..10).map(|n| id(0xD000 + n)).collect();
    assert_eq!(found[1].objects, first);
}
