use super::{decided, planned, reason, verified};
use crate::closure::clock::Skew;
use crate::closure::decision::Decision;
use crate::closure::fixtures::*;
use crate::closure::observation::*;
use crate::closure::terms::{Mode, Terms};
use jiff::{SignedDuration, Timestamp};

type Change = fn(&mut Observation);

fn organization(seen: &mut Observation, change: impl FnOnce(&mut Organization)) {
    if let Fact::Known(found) = &mut seen.organization {
        change(found);
    }
}

fn retained(seen: &mut Observation, change: impl FnOnce(&mut Administrator)) {
    if let Fact::Known(Some(found)) = &mut seen.retained {
        change(found);
    }
}

#[test]
fn clocks_that_are_too_far_apart_stop_what_changes_something_and_it_goes_on_by_itself() {
    let mut run = planned(World::new(100));
    run.cycle(false);
    let there = run.world.now - SignedDuration::from_secs(31);
    let here = run.world.now;
    run.world.cluster.skew = Some(Skew { there, here });
    let told = run.cycle(false);
    assert_eq!(reason(&told), "ClockSkew");
    let Decision::Blocked(all) = &told.decision else {
        panic!("{told:?}");
    };
    assert!(all[0].message.contains(" here, "), "{all:?}");
    assert_eq!(run.world.deleted.len(), 50);
    run.world.cluster.skew = None;
    assert_eq!(reason(&run.cycle(false)), "DeleteUsers");
}

/// Whatever is wrong on the cluster's or the tenant's side stops every effect, with its own reason.
#[test]
fn each_refusal_has_its_reason() {
    let table: &[(&str, Change)] = &[
        ("ConfigurationMissing", |s| {
            s.cluster.configuration.present = false
        }),
        ("KillSwitch", |s| s.cluster.configuration.kill_switch = true),
        ("TenantProtected", |s| {
            _ = s.cluster.configuration.protected.insert(id(TENANT))
        }),
        ("TenantNotAllowed", |s| {
            _ = s.cluster.configuration.allowed.insert(id(1))
        }),
        ("CredentialsForbidden", |s| {
            s.cluster.credential = Err(Obstacle::new(
                "CredentialsForbidden",
                "not granted",
                "grant it",
            ));
        }),
        ("TenantNamedTwice", |s| {
            s.cluster.rivals.push("other/contoso".into())
        }),
        ("TenantMismatch", |s| organization(s, |o| o.id = id(7))),
        ("PlanDrift", |s| {
            organization(s, |o| o.initial_domain = "fabrikam.onmicrosoft.com".into())
        }),
        ("PartnerTenant", |s| organization(s, |o| o.partner = true)),
        ("RetainedAdminMissing", |s| s.retained = Fact::Known(None)),
        ("RetainedAdminMissing", |s| retained(s, |r| r.id = id(0x77))),
        ("RetainedAdminDisabled", |s| {
            retained(s, |r| r.enabled = false)
        }),
        ("RetainedAdminGuest", |s| retained(s, |r| r.member = false)),
        ("RetainedAdminSynced", |s| retained(s, |r| r.synced = true)),
        ("RetainedAdminRenamed", |s| {
            retained(s, |r| r.user_principal_name = format!("x@{DOMAIN}"))
        }),
        ("RetainedAdminFederated", |s| {
            organization(s, |o| o.managed_domains.clear())
        }),
        ("RetainedAdminTemporary", |s| {
            retained(s, |r| r.global_administrator = Holding::Temporary)
        }),
        ("RetainedAdminEligibleOnly", |s| {
            retained(s, |r| r.global_administrator = Holding::EligibleOnly)
        }),
        ("RetainedAdminNotGlobalAdministrator", |s| {
            retained(s, |r| r.global_administrator = Holding::None)
        }),
        ("RetainedAdminNotGlobalAdministrator", |s| {
            retained(s, |r| r.global_administrator = Holding::BillingOnly)
        }),
        ("RetainedAdminWithoutMfa", |s| {
            retained(s, |r| r.second_factor = Fact::Known(false))
        }),
        ("MicrosoftUnavailable", |s| {
            retained(s, |r| r.second_factor = Fact::Unreadable(Why::Unavailable))
        }),
        ("UnexpectedAnswer", |s| {
            retained(s, |r| r.second_factor = Fact::Unreadable(Why::Malformed))
        }),
        ("PermissionDenied", |s| {
            s.organization = Fact::Unreadable(Why::Forbidden)
        }),
        ("CredentialRefused", |s| {
            s.retained = Fact::Unreadable(Why::CredentialRefused(Refused::SecretExpired))
        }),
        ("TenantMismatch", |s| {
            s.organization = Fact::Unreadable(Why::CredentialRefused(Refused::OtherTenant))
        }),
        ("TenantNotFound", |s| {
            s.organization = Fact::Unreadable(Why::CredentialRefused(Refused::TenantUnknown))
        }),
        ("MicrosoftUnavailable", |s| {
            s.organization = Fact::Unreadable(Why::Unavailable)
        }),
        ("UnexpectedAnswer", |s| {
            s.organization = Fact::Unreadable(Why::Malformed)
        }),
        ("NotSupported", |s| {
            s.organization = Fact::Unreadable(Why::Unsupported)
        }),
        ("Read", |s| s.organization = Fact::NotRead),
        ("Read", |s| s.spare = Fact::NotRead),
    ];
    for (wanted, change) in table {
        let mut run = planned(World::new(3));
        let first = decided(&mut run, change);
        assert_eq!(reason(&first), *wanted);
        // The same in the middle of the work.
        run.cycle(true);
        assert!(!run.memory.started.is_empty());
        let later = decided(&mut run, change);
        assert_eq!(reason(&later), *wanted, "midway");
    }
}

/// A sign-in that is young enough stands in for what nobody can tell, and for nothing else.
#[test]
fn where_nobody_can_tell_of_a_second_factor_a_sign_in_stands_in() {
    let days = |n: i64| start() - SignedDuration::from_hours(24 * n);
    let told = |run: &mut Run, fact: Fact<bool>, proof: Option<Timestamp>, asked: Option<u32>| {
        decided(run, |s| {
            let proof = proof.map(|at| (id(RETAINED), at));
            s.cluster.proofs.extend(proof);
            s.cluster.configuration.proof_days = asked;
            retained(s, |r| r.second_factor = fact);
        })
    };
    let unknown = "RetainedAdminMfaUnknown";
    for why in [Why::Forbidden, Why::Unsupported] {
        let mut run = planned(World::new(3));
        let untold = Fact::Unreadable(why);
        let cases = [
            (None, None, unknown),
            (Some(days(31)), None, unknown),
            (Some(days(29)), None, "DeleteUsers"),
            (Some(days(29)), Some(14), "RetainedAdminMfaUnknown"),
            (Some(days(13)), Some(14), "DeleteUsers"),
        ];
        for (proof, asked, wanted) in cases {
            let decided = told(&mut run, untold.clone(), proof, asked);
            assert_eq!(reason(&decided), wanted, "{why:?} {proof:?} {asked:?}");
        }
        // That there is none is known: he signed in before it was taken away.
        let none = told(&mut run, Fact::Known(false), Some(days(1)), None);
        assert_eq!(reason(&none), "RetainedAdminWithoutMfa");
        let Decision::Blocked(obstacles) = told(&mut run, untold, None, None).decision else {
            panic!("not blocked")
        };
        let grant = obstacles[0]
            .remedy
            .contains("UserAuthenticationMethod.Read.All");
        assert_eq!(grant, why == Why::Forbidden, "{}", obstacles[0].remedy);
        assert!(obstacles[0].remedy.contains("keeper prove"));
    }
    // A plan changes nothing.
    let mut run = Run::of(World::new(3).with(|w| w.terms.mode = Mode::Plan));
    let untold = Fact::Unreadable(Why::Forbidden);
    assert_ne!(reason(&told(&mut run, untold, None, None)), unknown);
}

/// Once something has begun it holds back each effect, and no wait and no reading.
#[test]
fn an_unknown_second_factor_holds_back_effects_and_nothing_else() {
    let untold = |s: &mut Observation| {
        retained(s, |r| r.second_factor = Fact::Unreadable(Why::Forbidden));
    };
    let mut run = planned(World::new(120));
    run.cycle(true);
    assert_eq!(
        reason(&decided(&mut run, untold)),
        "RetainedAdminMfaUnknown"
    );
    let mut run = planned(World::new(3));
    run.cycle(true);
    assert_eq!(reason(&decided(&mut run, untold)), "VerifyUsers");
    let handed = |w: &mut World| w.subscriptions = vec![subscription(1, Agreement::Direct)];
    let mut run = verified(World::new(3).with(handed));
    assert_eq!(reason(&decided(&mut run, untold)), "CancelSubscription");
}

#[test]
fn refusals_of_the_author_come_first() {
    let table: &[(&str, fn(&mut Terms))] = &[
        ("Suspended", |t| t.suspend = true),
        ("LegalHold", |t| t.hold = Some("case 7".into())),
    ];
    for (wanted, change) in table {
        let mut run = planned(World::new(3));
        change(&mut run.world.terms);
        let decided = decided(&mut run, |s| s.cluster.configuration.present = false);
        assert_eq!(reason(&decided), *wanted);
    }
}

#[test]
fn an_administrator_on_another_domain_cannot_finish() {
    let mut run = Run::of(World::new(3).with(|w| {
        w.terms.retained = "closer@contoso.nl".into();
        w.retained.user_principal_name = "closer@contoso.nl".into();
    }));
    assert_eq!(reason(&run.cycle(false)), "RetainedAdminNotOnInitialDomain");
}

#[test]
fn domains_and_names_are_compared_without_case() {
    let mut run = planned(World::new(3));
    run.world.terms.initial_domain = DOMAIN.to_ascii_uppercase();
    run.world.terms.retained = run.world.terms.retained.to_ascii_uppercase();
    assert_eq!(reason(&decided(&mut run, |_| {})), "DeleteUsers");
}

#[test]
fn the_switches_of_the_configuration_do_not_bar_a_plan() {
    let mut run = Run::of(World::new(3).with(|w| w.terms.mode = Mode::Plan));
    run.world.cluster.configuration.present = false;
    run.until(false, 5, |d| d.decision == Decision::Planned);
}

#[test]
fn a_lost_credential_leads_outside_only_when_all_users_are_proven_gone() {
    let lose: Change = |s| {
        s.cluster.credential = Err(Obstacle::new(
            "CredentialsMissing",
            "no Secret",
            "restore it",
        ));
        s.directory = Fact::NotRead;
    };
    let mut run = planned(World::new(3));
    run.cycle(false);
    assert_eq!(reason(&decided(&mut run, lose)), "CredentialsMissing");
    let mut run = verified(World::new(3));
    assert_eq!(
        decided(&mut run, lose).decision,
        Decision::Read(vec![Question::Directory])
    );
    let found = |directory| {
        move |s: &mut Observation| {
            lose(s);
            s.directory = directory;
        }
    };
    assert_eq!(
        reason(&decided(&mut run, found(Fact::Known(Existence::Present)))),
        "CredentialsMissing"
    );
    assert_eq!(
        reason(&decided(
            &mut run,
            found(Fact::Unreadable(Why::Unavailable))
        )),
        "CredentialsMissing"
    );
    assert_eq!(
        reason(&decided(&mut run, found(Fact::Known(Existence::Gone)))),
        "VerifyDirectoryGone"
    );
}

#[test]
fn an_outside_look_that_proves_nothing_is_paced_and_skips_no_step() {
    let mut run = verified(
        World::new(3).with(|w| w.subscriptions = vec![subscription(1, Agreement::Direct)]),
    );
    run.world.credential_lost = true;
    let mut seen = run.world.base();
    for question in [Question::Organization, Question::Administrators] {
        run.world.answer(question, &run.memory, &mut seen);
    }
    seen.directory = Fact::Known(Existence::Gone);
    let act = crate::closure::decide::decide(&run.plan, &seen, &run.memory, run.world.now);
    let Decision::Act(intent) = act.decision else {
        panic!("{act:?}")
    };
    let outcome = run.world.perform(&intent, &run.plan);
    run.memory = std::mem::take(&mut run.memory).advance(&intent, &outcome, run.world.now);
    let again = crate::closure::decide::decide(&run.plan, &seen, &run.memory, run.world.now);
    assert_eq!(reason(&again), "VerifyingDirectoryGone");
    run.world.credential_lost = false;
    assert_eq!(reason(&decided(&mut run, |_| {})), "CancelSubscription");
}

#[test]
fn a_plan_that_is_not_the_sealed_one_stops_everything() {
    let mut run = planned(World::new(3));
    let sealed = run.plan.sealed.as_mut().unwrap();
    std::sync::Arc::make_mut(sealed).digest = "0".repeat(64);
    assert_eq!(reason(&decided(&mut run, |_| {})), "PlanLost");
    run.plan.sealed = None;
    assert_eq!(reason(&decided(&mut run, |_| {})), "PlanLost");
}

/// Somebody goes on building in the tenant. Before anything has begun it is planned with the rest.
#[test]
fn a_domain_that_was_verified_after_the_approval_is_drift() {
    let later = || "later.example".to_owned();
    let mut run = planned(World::new(100));
    run.world.custom_domains.insert(later());
    assert_eq!(reason(&run.look().0), "OtherDomains");
    run.cycle(false);
    assert_eq!(reason(&run.cycle(false)), "DeleteUsers");
    run.world.custom_domains.insert("third.example".to_owned());
    let told = run.cycle(false);
    assert_eq!(reason(&told), "PlanDrift");
    let Decision::Blocked(list) = &told.decision else {
        panic!("{told:?}")
    };
    assert!(
        list[0].message.ends_with("does not name: third.example"),
        "{list:?}"
    );
    assert_eq!(run.world.deleted.len(), 50);
    // Gone again, and with it others that the plan knows.
    run.world.custom_domains = [later()].into();
    assert_eq!(reason(&run.cycle(false)), "DeleteUsers");
    // In step 2 it is as it was before.
    let mut run = verified(World::new(1).with(|w| {
        w.subscriptions = vec![subscription(1, Agreement::Direct)];
    }));
    run.world.custom_domains.insert(later());
    assert_eq!(reason(&decided(&mut run, |_| {})), "PlanDrift");
}

/// Plans of earlier versions know of no domains and no schedules; neither does their digest.
#[test]
fn a_plan_that_does_not_tell_of_them_is_not_held_against_it() {
    let mut run = planned(World::new(100));
    let sealed = run.plan.sealed.as_ref().unwrap();
    let mut head = sealed.head.clone();
    (head.custom_domains, head.role_schedules) = (None, false);
    let told = serde_json::to_value(&head).unwrap();
    assert!(told.get("customDomains").is_none() && told.get("roleSchedules").is_none());
    let old = crate::closure::plan::Sealed::seal(head, sealed.users.clone());
    run.memory.plan.as_mut().unwrap().digest = old.digest.clone();
    run.plan.sealed = Some(std::sync::Arc::new(old));
    run.cycle(false);
    run.world.custom_domains.insert("later.example".to_owned());
    assert_eq!(reason(&run.cycle(false)), "DeleteUsers");
    // Who may take the role up is asked all the same.
    run.world.role_schedules = Fact::Unreadable(Why::Forbidden);
    assert_eq!(reason(&run.cycle(false)), "RetainedAdminRoleUnknown");
}

/// Nobody is deleted while it is not told who may take the role up, until all users are gone: who stays may hold it for hours only.
#[test]
fn who_may_take_the_role_up_must_stay_readable_while_users_are_deleted() {
    let mut run = planned(World::new(100));
    assert!(run.plan.sealed.as_ref().unwrap().head.role_schedules);
    run.cycle(false);
    for (why, told) in [
        (Why::Forbidden, "RetainedAdminRoleUnknown"),
        (Why::Malformed, "UnexpectedAnswer"),
        // The licence ended: there is nothing to take up.
        (Why::Unsupported, "DeleteUsers"),
    ] {
        let found = decided(&mut run, |s| s.role_schedules = Fact::Unreadable(why));
        assert_eq!(reason(&found), told);
    }
    assert_eq!(run.world.deleted.len(), 50);
    let mut run = verified(World::new(1).with(|w| {
        w.subscriptions = vec![subscription(1, Agreement::Direct)];
    }));
    let found = decided(&mut run, |s| {
        s.role_schedules = Fact::Unreadable(Why::Forbidden)
    });
    assert_eq!(reason(&found), "CancelSubscription");
}
