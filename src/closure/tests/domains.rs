mod below;

use super::{decided, planned, reason, verified};
use crate::closure::decision::{Decided, Decision};
use crate::closure::fixtures::*;
use crate::closure::id::ObjectId;
use crate::closure::intent::Action;
use crate::closure::memory::Asked;
use crate::closure::observation::{Agreement, Domain, Fact, References, Why};
use crate::closure::report::{self, Phase};
use crate::closure::setback::Setback;
use crate::closure::step::Step;
use crate::closure::steps;
use jiff::SignedDuration;
use std::collections::BTreeSet;

/// A tenant with three domains besides the initial one, two of which are to be released; one of them is the default.
fn world() -> World {
    World::new(30).with(|w| {
        w.terms.release_domains = vec!["contoso.nl".into(), "shop.contoso.nl".into()];
        w.domains
            .extend(["contoso.nl", "shop.contoso.nl", "contoso.de"].map(domain));
        w.domains[0].default = false;
        w.domains[1].default = true;
        w.subscriptions = vec![subscription(1, Agreement::CustomerAgreement)];
        w.subscriptions[0].auto_renew = false;
    })
}

fn of<'a>(w: &'a mut World, name: &str) -> &'a mut Domain {
    w.domains.iter_mut().find(|one| one.name == name).unwrap()
}

fn using(w: &mut World, name: &str, references: References) {
    of(w, name).references = Some(references);
}

fn groups(groups: u32) -> References {
    References {
        groups,
        ..References::default()
    }
}

fn effect(decided: &Decided) -> (&'static str, &str) {
    let Decision::Act(intent) = &decided.decision else {
        panic!("no effect: {decided:?}")
    };
    let domain = intent.domain.as_deref().unwrap_or("-");
    assert_eq!(intent.step, Step::CancelSubscriptions);
    (intent.action.name(), domain)
}

fn handed_off(decided: &Decided) -> &str {
    let Decision::HandOff(list) = &decided.decision else {
        panic!("no hand-off: {decided:?}")
    };
    assert_eq!(list[0].key, "ReleaseDomain");
    assert!(list[0].link.ends_with("#/Domains"));
    &list[0].what
}

#[test]
fn after_the_users_and_before_the_subscriptions() {
    let mut run = planned(world());
    let head = &run.plan.sealed.as_ref().unwrap().head;
    assert_eq!(
        head.domains,
        ["contoso.nl", "shop.contoso.nl"],
        "the plan names them"
    );
    let effects: Vec<String> = std::iter::repeat_with(|| run.cycle(true))
        .take(400)
        .take_while(|d| d.decision != Decision::Closed)
        .filter(|d| matches!(&d.decision, Decision::Act(i) if !i.action.reads_only()))
        .map(|d| reason(&d).to_owned())
        .collect();
    assert_eq!(
        effects,
        [
            "DeleteUsers",
            "MakeDomainDefault",
            "ReleaseDomain",
            "ReleaseDomain",
            "CancelSubscription"
        ]
    );
    let left: Vec<_> = run.world.domains.iter().map(|d| d.name.as_str()).collect();
    assert_eq!(left, [DOMAIN, "contoso.de"], "what was not named stays");
    let last = run.told.last().unwrap().clone();
    let told = report::tell(&run.plan, &run.memory, &last);
    let standing = told
        .conditions
        .iter()
        .find(|(n, _)| *n == "DomainsReleased");
    assert_eq!(
        standing.map(|(_, s)| (s.status, s.message.as_str())),
        Some((
            Some(true),
            "Released, and can be added to another tenant now, under Settings, Domains there: contoso.nl, shop.contoso.nl"
        ))
    );
}

#[test]
fn the_initial_domain_becomes_the_default_and_domains_below_go_first() {
    let mut run = verified(world());
    let first = run.cycle(false);
    assert_eq!(effect(&first), ("MakeDomainDefault", DOMAIN));
    assert_eq!(first.progress[&Step::CancelSubscriptions], (0, 3));
    let standing = &first.standings["DomainsReleased"];
    assert_eq!(
        (standing.status, standing.message.as_str()),
        (Some(false), "0 of 2 domains released")
    );
    assert_eq!(
        effect(&run.cycle(false)),
        ("ReleaseDomain", "shop.contoso.nl")
    );
    assert_eq!(effect(&run.cycle(false)), ("ReleaseDomain", "contoso.nl"));
    let after = decided(&mut run, |_| {});
    assert_eq!(reason(&after), "CancelSubscription");
    assert_eq!(after.progress[&Step::CancelSubscriptions], (2, 3));
    assert_eq!(after.standings["DomainsReleased"].status, Some(true));
}

#[test]
fn nothing_is_done_or_asked_unless_the_author_named_a_domain() {
    let mut run = verified(world().with(|w| w.terms.release_domains.clear()));
    assert_eq!(reason(&run.cycle(false)), "CancelSubscription");
    assert!(
        !run.world
            .questions
            .contains_key(&crate::closure::observation::Question::Domains)
    );
    assert_eq!(run.world.domains.len(), 4);
}

#[test]
fn what_still_uses_a_domain_is_renamed_off_it() {
    let mut run = verified(world().with(|w| using(w, "contoso.nl", groups(3))));
    run.cycle(false);
    run.cycle(false);
    assert_eq!(
        effect(&run.cycle(false)),
        ("ForceReleaseDomain", "contoso.nl")
    );
    assert_eq!(reason(&decided(&mut run, |_| {})), "CancelSubscription");
}

#[test]
fn deleted_users_who_are_still_shown_are_waited_for_but_not_for_ever() {
    let mut run = verified(world());
    run.cycle(false);
    run.cycle(false);
    let users = vec![id(0x1_0001)];
    using(
        &mut run.world,
        "contoso.nl",
        References {
            users,
            ..References::default()
        },
    );
    let told = decided(&mut run, |_| {});
    assert_eq!(reason(&told), "WaitingReplica");
    assert_eq!(
        report::tell(&run.plan, &run.memory, &told).phase,
        Phase::Running
    );
    run.world.now += SignedDuration::from_mins(11);
    assert_eq!(
        effect(&decided(&mut run, |_| {})),
        ("ForceReleaseDomain", "contoso.nl")
    );
}

#[test]
fn who_stays_and_whom_nobody_approved_is_for_a_person() {
    for (who, words) in [
        (
            RETAINED,
            "An administrator who stays has a name or an address on it: take that away",
        ),
        (
            0x77,
            "It is used by 1 user whom the approved plan does not name",
        ),
    ] {
        let mut run = verified(world());
        run.cycle(false);
        run.cycle(false);
        let users = vec![id(who)];
        using(
            &mut run.world,
            "contoso.nl",
            References {
                users,
                ..References::default()
            },
        );
        let told = decided(&mut run, |_| {});
        assert!(
            handed_off(&told).starts_with(&format!("Release the domain contoso.nl. {words}")),
            "{told:?}"
        );
        let ready = report::tell(&run.plan, &run.memory, &told).conditions[0]
            .1
            .reason;
        assert_eq!(ready, "ReleaseDomainsHandOff");
        run.world.hands("ReleaseDomain");
        assert_eq!(reason(&decided(&mut run, |_| {})), "CancelSubscription");
    }
}

#[test]
fn a_refusal_is_handed_to_a_person_with_its_code_and_tried_again_after_a_day() {
    let mut run = verified(world());
    run.cycle(false);
    run.cycle(false);
    using(&mut run.world, "contoso.nl", groups(2));
    let refused = Asked {
        at: run.world.now,
        refused: Some("Request_BadRequest".into()),
        accepted: 0,
    };
    run.memory
        .domains
        .insert(ObjectId::of_domain("contoso.nl"), refused);
    // One below it went: it was asked for long enough that all have seen that.
    let for_minutes = Setback {
        refused: 9,
        at: run.world.now,
    };
    run.memory
        .setbacks
        .insert(Action::ForceReleaseDomain, for_minutes);
    let told = decided(&mut run, |_| {});
    assert_eq!(
        handed_off(&told),
        "Release the domain contoso.nl. Microsoft refused with Request_BadRequest to remove it (used by 2 groups): \
         remove what uses it, then the domain"
    );
    assert_eq!(
        (told.blockers[0].check.as_str(), told.blockers[0].who),
        ("Domain contoso.nl", "person")
    );
    run.world.now += SignedDuration::from_hours(25);
    assert_eq!(
        effect(&decided(&mut run, |_| {})),
        ("ForceReleaseDomain", "contoso.nl")
    );
}

#[test]
fn what_was_accepted_is_waited_for() {
    let mut run = verified(world());
    run.cycle(false);
    run.cycle(false);
    let before = run.world.domains.clone();
    run.cycle(false);
    run.world.domains = before;
    let told = decided(&mut run, |_| {});
    assert_eq!(reason(&told), "ReleasingDomains");
    let told = report::tell(&run.plan, &run.memory, &told);
    assert_eq!(
        told.summary,
        "Domains are being released; Microsoft takes a while to show it"
    );
}

#[test]
fn names_that_cannot_be_meant_block_before_anything_begins() {
    let with = |names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        world().with(|w| w.terms.release_domains = names)
    };
    for (world, wanted, message) in [
        (
            with(&["fabrikam.com"]),
            "DomainUnknown",
            "The tenant has no domain fabrikam.com to release",
        ),
        (
            with(&[DOMAIN]),
            "DomainIsInitial",
            "The initial domain contoso.onmicrosoft.com cannot be released: it goes with the tenant",
        ),
    ] {
        let mut run = Run::of(world.with(|w| w.terms.mode = crate::closure::terms::Mode::Plan));
        let told = run.until(false, 4, |d| {
            !matches!(d.decision, Decision::MakePlan { .. })
        });
        assert_eq!(reason(&told), wanted);
        if let Decision::Blocked(list) = &told.decision {
            assert_eq!(list[0].message, message);
            assert!(
                list[0].remedy.contains("spec.domains.release"),
                "{}",
                list[0].remedy
            );
        }
    }
}

#[test]
fn a_spare_administrator_on_a_domain_to_release_blocks() {
    let mut run = Run::of(world().with_spare());
    let told = decided(&mut run, |seen| {
        let Fact::Known(Some(spare)) = &mut seen.spare else {
            panic!()
        };
        spare.user_principal_name = "spare@Contoso.NL".into();
    });
    assert_eq!(reason(&told), "SpareAdminOnReleasedDomain");
}

#[test]
fn the_permission_is_asked_for_before_anything_begins() {
    let mut run = Run::of(world().with(|w| {
        w.identity.permissions.remove("Domain.ReadWrite.All");
    }));
    let told = run.cycle(false);
    let Decision::Blocked(list) = &told.decision else {
        panic!("{told:?}")
    };
    assert_eq!(list[0].reason, "RolesMissing");
    assert_eq!(
        list[0].message,
        "step 2 CancelSubscriptions: the identity lacks Domain.ReadWrite.All"
    );
}

#[test]
fn domains_that_cannot_be_read_never_count_as_released() {
    let mut run = verified(world());
    for (why, wanted) in [
        (Why::Unavailable, "MicrosoftUnavailable"),
        (Why::Forbidden, "PermissionDenied"),
    ] {
        let told = decided(&mut run, |seen| seen.domains = Fact::Unreadable(why));
        assert_eq!(
            (reason(&told), told.step),
            (wanted, Step::CancelSubscriptions)
        );
    }
}

/// More than a plan names are held against it as a whole; those that are released meanwhile count as there.
#[test]
fn a_domain_among_more_than_a_plan_names_is_drift_too() {
    let many = |from: u32| (from..from + 901).map(|n| format!("d{n:04}.example"));
    let world = World::new(100).with(|w| w.custom_domains = many(0).collect());
    let mut run = planned(world.clone());
    let head = &run.plan.sealed.as_ref().unwrap().head;
    assert_eq!(head.custom_domains, None);
    assert_eq!(
        head.custom_domains_digest.as_ref().map(String::len),
        Some(64)
    );
    // Before anything has begun it is planned with the rest.
    run.world.custom_domains.insert("later.example".into());
    assert_eq!(reason(&run.look().0), "OtherDomains");
    run.cycle(false);
    assert_eq!(reason(&run.cycle(false)), "DeleteUsers");
    for there in [
        many(0).collect::<BTreeSet<_>>(),
        many(1).chain(["later.example".to_owned()]).collect(),
        BTreeSet::new(),
    ] {
        let told = decided(&mut run, |s| {
            let Fact::Known(found) = &mut s.organization else {
                panic!()
            };
            found.custom_domains.clone_from(&there);
        });
        assert_eq!(reason(&told), "PlanDrift");
        let Decision::Blocked(list) = &told.decision else {
            panic!()
        };
        assert!(list[0].message.contains("more than 900"), "{list:?}");
    }
    assert_eq!(reason(&run.cycle(false)), "DeleteUsers");
    // What the plan releases may be gone, or not yet.
    let mut sealed = run.plan.sealed.as_ref().unwrap().as_ref().clone();
    sealed.head.domains = vec!["d0007.example".into()];
    let organization = |there: BTreeSet<String>| {
        let mut seen = super::all_seen(
            &mut World::new(1),
            &crate::closure::memory::Memory::default(),
        );
        if let Fact::Known(found) = &mut seen.organization {
            found.custom_domains = there;
        }
        seen
    };
    let all = organization(many(0).collect());
    let (_, digest) =
        steps::domains::of_plan(all.organization.known().unwrap(), &sealed.head.domains);
    sealed.head.custom_domains_digest = digest;
    assert_eq!(steps::domains::drift(&sealed, &all), None);
    let without = many(0).filter(|name| name != "d0007.example").collect();
    assert_eq!(steps::domains::drift(&sealed, &organization(without)), None);
    let without = many(0).filter(|name| name != "d0008.example").collect();
    assert!(steps::domains::drift(&sealed, &organization(without)).is_some());
}
