use super::{decided, planned};
use crate::closure::access::ends::{Credential, Ends};
use crate::closure::access::table::{Kind, Purpose, Right, TABLE, covers, least};
use crate::closure::access::warnings::{Finding, Warning, words};
use crate::closure::decision::Decision;
use crate::closure::fixtures::*;
use crate::closure::id::ObjectId;
use crate::closure::observation::*;
use crate::closure::step::Step;
use crate::closure::steps::roles::{GLOBAL_ADMINISTRATOR, PRIVILEGED_AUTHENTICATION_ADMINISTRATOR};
use crate::closure::terms::{BillingAccount, BillingKind, Mode};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

const GLOBAL_READER: &str = "f2ef992c-3afb-46b9-b7cf-a126ee74c451";
const HYBRID: &str = "8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2";
const OF_THE_CUSTOMER: &str = "00000000-aaaa-bbbb-cccc-000000000001";

fn role(text: &str) -> ObjectId {
    ObjectId::parse(text).unwrap()
}

fn holding(world: World, permissions: &[&str], roles: &[ObjectId]) -> World {
    world.with(|w| {
        w.identity.permissions = permissions.iter().map(|&one| one.to_owned()).collect();
        w.identity.directory_roles = roles.iter().copied().collect();
    })
}

fn warned(world: World) -> Option<Vec<Warning>> {
    decided(&mut planned(world), |_| {}).warnings
}

fn findings(world: World) -> Vec<(Finding, String)> {
    let all = warned(world).expect("step 0 looks");
    all.into_iter().map(|one| (one.finding, one.what)).collect()
}

fn more(finding: Finding, what: &str) -> (Finding, String) {
    (finding, what.to_owned())
}

#[test]
fn what_no_step_needs_is_told_and_bars_nothing() {
    let held = [
        "User.ReadWrite.All",
        "User.Read.All",
        "Mail.Read",
        "RoleManagement.ReadWrite.Directory",
        "Domain.ReadWrite.All",
    ];
    let roles = [
        role(GLOBAL_READER),
        role(HYBRID),
        role(OF_THE_CUSTOMER),
        PRIVILEGED_AUTHENTICATION_ADMINISTRATOR,
    ];
    let world = || holding(World::new(3), &held, &roles);
    let wanted = [
        more(Finding::Dangerous, "Domain.ReadWrite.All"),
        more(Finding::Dangerous, "RoleManagement.ReadWrite.Directory"),
        more(Finding::Dangerous, "the role Hybrid Identity Administrator"),
        more(
            Finding::Dangerous,
            "the role Privileged Authentication Administrator",
        ),
        more(Finding::MoreThanNeeded, "Mail.Read"),
        more(Finding::MoreThanNeeded, "the role Global Reader"),
        more(
            Finding::MoreThanNeeded,
            "the role with the id 00000000-aaaa-bbbb-cccc-000000000001",
        ),
    ];
    assert_eq!(findings(world()), wanted);
    let told = decided(&mut planned(world()), |_| {});
    let met = &told.standings["PreconditionsMet"];
    assert_eq!((met.status, met.reason), (Some(true), "AllMet"));
    let says = "; more than needed: Domain.ReadWrite.All, RoleManagement.ReadWrite.Directory, the role Hybrid Identity \
                Administrator and 4 more";
    assert!(met.message.ends_with(says), "{}", met.message);
}

#[test]
fn what_a_step_needs_is_not_too_much() {
    let with = |world: World, held: &[&str], roles: &[ObjectId]| {
        let held = [&["User.ReadWrite.All"][..], held].concat();
        findings(holding(world, &held, roles))
    };
    let none: [(Finding, String); 0] = [];
    let released = World::new(3).with(|w| {
        w.terms.release_domains = vec!["contoso.nl".into()];
        w.domains.push(domain("contoso.nl"));
    });
    assert_eq!(
        with(released, &["Domain.Read.All", "Domain.ReadWrite.All"], &[]),
        none
    );
    let over = [PRIVILEGED_AUTHENTICATION_ADMINISTRATOR];
    let others = || World::new(3).with(|w| w.administrators = [id(0x1_0001)].into());
    assert_eq!(with(others(), &[], &over), none);
    // He may do it, and far more: the other role would do.
    let global = [more(Finding::Dangerous, "the role Global Administrator")];
    assert_eq!(with(others(), &[], &[GLOBAL_ADMINISTRATOR]), global);
    let synced = World::new(3).with(|w| w.sync = true);
    let held = ["Organization.ReadWrite.All"];
    assert_eq!(with(synced, &held, &[role(HYBRID)]), none);
}

#[test]
fn who_only_reads_needs_nothing_that_writes() {
    let reader = |own: bool| {
        holding(
            World::new(3).with(|w| {
                w.terms.mode = Mode::Plan;
                w.terms.reader_of_its_own = own;
            }),
            &["User.Read.All", "User.ReadWrite.All"],
            &[],
        )
    };
    let wanted = [more(Finding::MoreThanNeeded, "User.ReadWrite.All")];
    assert_eq!(findings(reader(true)), wanted);
    assert_eq!(findings(reader(false)), [], "it acts later");
}

fn ending(credential: Credential, roles: Option<&[(ObjectId, Timestamp)]>) -> World {
    let over = [PRIVILEGED_AUTHENTICATION_ADMINISTRATOR];
    let world = holding(World::new(3), &["User.ReadWrite.All"], &over);
    world.with(|w| {
        w.administrators = [id(0x1_0001)].into();
        // Closed in three days at the earliest.
        w.subscriptions = vec![subscription(1, Agreement::Direct)];
        let roles = roles.map(|all| all.iter().copied().collect());
        w.ends = Fact::Known(Ends { credential, roles });
    })
}

#[test]
fn what_ends_before_the_estimate_is_told_with_its_date() {
    let day = |n: i64| start() + SignedDuration::from_hours(24 * n);
    let until = |world: World| -> Vec<(Finding, String, Option<Timestamp>)> {
        let all = warned(world).expect("step 0 looks").into_iter();
        all.map(|one| (one.finding, one.what, one.until)).collect()
    };
    let before = |what: &str, at| (Finding::EndsBeforeEstimate, what.to_owned(), Some(at));
    let unknown = |what: &str| (Finding::EndUnknown, what.to_owned(), None);
    let never = Some(&[][..]);
    assert_eq!(until(ending(Credential::Federated, never)), []);
    let secret = |ends: &[Timestamp]| Credential::Secret(ends.to_vec());
    assert_eq!(until(ending(secret(&[day(30)]), never)), []);
    let all = secret(&[day(-1), day(2), day(30)]);
    let wanted = [before("the client secret", day(2))];
    assert_eq!(until(ending(all, never)), wanted, "the first has ended");
    let certificate = Credential::Certificate(vec![day(1)]);
    let wanted = [before("the certificate", day(1))];
    assert_eq!(until(ending(certificate, never)), wanted);
    let wanted = [unknown("the client secret")];
    assert_eq!(until(ending(secret(&[]), never)), wanted);
    let words_of_role = "the role Privileged Authentication Administrator";
    let roles = [
        (PRIVILEGED_AUTHENTICATION_ADMINISTRATOR, day(2)),
        (role(HYBRID), day(1)),
    ];
    let wanted = [before(words_of_role, day(2))];
    assert_eq!(until(ending(Credential::Federated, Some(&roles))), wanted);
    let wanted = [unknown(words_of_role)];
    assert_eq!(until(ending(Credential::Federated, None)), wanted);
    let told = warned(ending(secret(&[day(2)]), never)).unwrap();
    let says = Some("ends before the estimate: the client secret".to_owned());
    assert_eq!(words(&told), says);
}

#[test]
fn where_nobody_looked_nothing_is_told() {
    let mut run = planned(World::new(3));
    let nobody = decided(&mut run, |seen| seen.identity = Fact::NotRead);
    assert_eq!(nobody.warnings, None);
    let unread = decided(&mut run, |seen| {
        seen.ends = Fact::Unreadable(Why::Forbidden);
    });
    assert!(unread.warnings.is_some(), "it bars nothing");
    run.cycle(false);
    assert_eq!(decided(&mut run, |_| {}).warnings, None, "it has begun");
}

#[test]
fn what_azure_tells_beforehand_is_missed_in_its_step() {
    let told = |rights: Fact<BTreeMap<Kind, bool>>, mode| {
        let world = World::new(3).with(|w| {
            let kind = BillingKind::AzureSubscription;
            let tenant_id = None;
            w.terms.billing = vec![BillingAccount { kind, tenant_id }];
            w.terms.mode = mode;
            w.terms.reader_of_its_own = true;
            w.rights = rights;
        });
        let decided = decided(&mut Run::of(world), |_| {});
        let rows = decided.access.iter().filter(|need| need.what == "Owner");
        let rows: Vec<_> = rows.map(|need| (need.step, need.held)).collect();
        let blocked =
            matches!(&decided.decision, Decision::Blocked(all) if all[0].reason == "RolesMissing");
        (rows, blocked)
    };
    let known = |may| Fact::Known(BTreeMap::from([(Kind::SubscriptionRole, may)]));
    let row = |may| vec![(Step::CancelSubscriptions, Some(may))];
    assert_eq!(told(known(false), Mode::Execute), (row(false), true));
    assert_eq!(told(known(true), Mode::Execute), (row(true), false));
    let nobody = Fact::Known(BTreeMap::new());
    assert_eq!(told(nobody, Mode::Execute), (Vec::new(), false));
    let unread = Fact::Unreadable(Why::Forbidden);
    assert_eq!(told(unread, Mode::Execute), (Vec::new(), false));
    assert_eq!(told(known(false), Mode::Plan), (Vec::new(), false));
}

#[test]
fn what_another_covers_is_not_asked_for() {
    let names = |most: Purpose| -> Vec<&str> {
        let rights: Vec<&Right> = TABLE
            .iter()
            .filter(|right| right.kind.is_told())
            .filter(|right| most == Purpose::Act || right.purpose == Purpose::Read)
            .collect();
        least(&rights).iter().map(|r| r.name()).collect()
    };
    assert_eq!(
        names(Purpose::Read),
        [
            "Organization.Read.All",
            "User.Read.All",
            "Application.Read.All",
            "RoleManagement.Read.Directory",
            "UserAuthenticationMethod.Read.All",
            "Reports.Read.All",
            "Group.Read.All",
            "DeviceManagementManagedDevices.Read.All",
            "DeviceManagementServiceConfig.Read.All",
            "AdministrativeUnit.Read.All",
            "Domain.Read.All",
            "Policy.Read.All",
            "IdentityProvider.Read.All",
            "EventListener.Read.All",
            "IdentityUserFlow.Read.All",
            "TrustFrameworkKeySet.Read.All",
            "Member.Read.Hidden"
        ]
    );
    assert_eq!(
        names(Purpose::Act),
        [
            "RoleManagement.Read.Directory",
            "UserAuthenticationMethod.Read.All",
            "Reports.Read.All",
            "Group.Read.All",
            "DeviceManagementManagedDevices.Read.All",
            "DeviceManagementServiceConfig.Read.All",
            "AdministrativeUnit.Read.All",
            "Policy.Read.All",
            "IdentityProvider.Read.All",
            "EventListener.Read.All",
            "IdentityUserFlow.Read.All",
            "TrustFrameworkKeySet.Read.All",
            "Member.Read.Hidden",
            "User.ReadWrite.All",
            "Privileged Authentication Administrator",
            "Organization.ReadWrite.All",
            "Domain.ReadWrite.All",
            "Policy.ReadWrite.AuthenticationMethod",
            "Policy.ReadWrite.SecurityDefaults",
            "Policy.ReadWrite.ConditionalAccess",
            "Application.ReadWrite.All"
        ]
    );
    assert!(!covers("User.ReadWrite.All", "Domain.Read.All"));
    assert!(!covers(
        "User.ReadWrite.All",
        "RoleManagement.Read.Directory"
    ));
}
