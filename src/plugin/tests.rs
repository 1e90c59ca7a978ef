//! What the plugin shows, letter by letter.

use super::{Arguments, Lines, Look, draw, look, words};
use crate::api::TenantClosure;
use clap::{CommandFactory as _, Parser as _};
use jiff::Timestamp;
use serde_json::{Value, json};

fn closure(status: &Value) -> TenantClosure {
    serde_json::from_value(json!({
        "apiVersion": "tenantclosure.dev/v1alpha1",
        "kind": "TenantClosure",
        "metadata": {"name": "contoso", "namespace": "closures", "uid": "u-1", "generation": 1},
        "spec": {
            "tenant": {"id": "11111111-2222-3333-4444-555555555555", "initialDomain": "contoso.onmicrosoft.com"},
            "credentials": {"secretName": "contoso-closer"},
            "retain": {"globalAdministrator": "closer@contoso.onmicrosoft.com"},
            "mode": "Execute"
        },
        "status": status
    }))
    .unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn running() -> Value {
    json!({
        "observedGeneration": 1, "phase": "Running", "step": "1/5 Users", "progress": "400/1000 (40%)",
        "summary": "400 of 1,000 users are deleted",
        "plan": {"digest": "9f2c61aa77ab0000", "madeAt": "2026-10-02T09:14:07Z", "users": 1000, "subscriptions": 3, "applications": 2},
        "approval": {"required": 2, "given": 2, "validUntil": "2026-12-01T08:00:00Z"},
        "steps": [
            {"name": "Preconditions", "done": 4, "total": 4},
            {"name": "Users", "done": 400, "total": 1000, "startedAt": "2026-10-02T09:16:00Z",
             "totals": {"objects": 400, "requests": 24, "throttled": 3, "until": "2026-10-02T09:16:08Z"}}
        ],
        "conditions": [
            {"type": "Ready", "status": "False", "reason": "DeletingUsers", "message": "", "lastTransitionTime": "2026-10-02T09:16:00Z"},
            {"type": "DirectorySyncDisabled", "status": "True", "reason": "NeverEnabled", "message": "", "lastTransitionTime": "2026-10-02T09:16:00Z"}
        ]
    })
}

#[test]
fn roles_are_told_in_one_line() {
    let need = |who: &str, held: Value| json!({"who": who, "needs": "x", "held": held});
    let step =
        |name: &str, access: Value| json!({"name": name, "done": 0, "total": 0, "access": access});
    let yes = need("RetainedAdministrator", json!(true));
    let status = json!({
        "observedGeneration": 1, "phase": "Stalled", "step": "0/5 Preconditions",
        "accessWarnings": [
            {"finding": "Dangerous", "what": "Directory.ReadWrite.All"},
            {"finding": "EndsBeforeEstimate", "what": "the client secret", "until": "2026-10-04T00:00:00Z"},
            {"finding": "MoreThanNeeded", "what": "Mail.Read"},
        ],
        "steps": [
            step("Preconditions", json!([])),
            step("Users", json!([need("Identity", json!(false)), yes])),
            step("CancelSubscriptions", json!([yes])),
            step("DeleteSubscriptions", json!([yes])),
            step("DisableMFA", json!([need("Identity", Value::Null)])),
            step("DeleteDirectory", json!([yes])),
        ],
    });
    let text = draw(&closure(&status), at("2026-10-02T09:16:10Z"), ASCII);
    let line = "roles held for steps 2 3 5; lacking for steps 1; not to be told yet for steps 4";
    assert!(text.contains(line), "{text}");
    let warned = "> ends before the estimate: the client secret (2026-10-04 00:00Z)";
    assert!(text.contains(warned), "{text}");
    let warned = "> more than needed: Directory.ReadWrite.All and 1 more";
    assert!(text.contains(warned), "{text}");
}

const ASCII: Look = Look {
    terminal: false,
    colour: false,
    ascii: true,
};

#[test]
fn arguments_are_well_formed() {
    Arguments::command().debug_assert();
    let call = [
        "kubectl-tenant_closure",
        "status",
        "contoso",
        "-n",
        "x",
        "--watch",
    ];
    assert!(Arguments::try_parse_from(call).is_ok());
    let call = [
        "kubectl-tenant_closure",
        "approve",
        "contoso",
        "--plan",
        "9f2c61",
    ];
    assert!(
        Arguments::try_parse_from(call).is_err(),
        "the domain must be confirmed"
    );
}

#[test]
fn the_tree_shows_where_a_closure_stands() {
    let shown = draw(&closure(&running()), at("2026-10-02T09:16:09Z"), ASCII);
    let expected = "\
TenantClosure closures/contoso   Running   step 1/5 Users   DeletingUsers
  tenant    contoso.onmicrosoft.com | 11111111-2222-3333-4444-555555555555 | Global
  mode      Execute | stays to the end: closer@contoso.onmicrosoft.com
  plan      9f2c61aa77ab | 1,000 users | 3 subscriptions | 2 applications | made 2026-10-02T09:14:07Z
  approval  2 of 2 | until 2026-12-01 08:00Z
  cost      24 requests | 3 answered 429
  now       400 of 1,000 users are deleted
|- + 0 Preconditions         ########## 4/4
|- * 1 Users                 ####------ 400/1,000     9s   ETA 12s
|     + DirectorySyncDisabled  NeverEnabled
|- . 2 Cancel subscriptions  ---------- -
|- . 3 Delete subscriptions  ---------- -
|- . 4 Disable MFA           ---------- -
`- . 5 Delete directory      ---------- -
+ done  * now  . later  = waiting  > by a person  ! blocked
";
    let shown: String = shown
        .lines()
        .map(|l| l.trim_end().to_owned() + "\n")
        .collect();
    assert_eq!(shown, expected);
}

#[test]
fn what_dies_with_the_tenant_is_one_line_of_the_picture() {
    let loss = |kind: &str, count: Value, accepted: bool| json!({"kind": kind, "count": count, "accepted": accepted});
    let of = |losses: Value| {
        let mut status = running();
        status["plan"]["losses"] = losses;
        draw(&closure(&status), at("2026-10-02T09:16:10Z"), ASCII)
    };
    assert!(!of(json!([])).contains("loses"));
    let azure = |id: u32| {
        json!({"kind": "AzureResources", "count": 4, "accepted": false,
        "subscription": format!("11111111-2222-3333-4444-{id:012}")})
    };
    let mut mailboxes = loss("Mailboxes", json!(1234), true);
    mailboxes["bytes"] = json!(3_u64 << 30);
    let shown = of(json!([mailboxes, loss("Groups", Value::Null, true)]));
    let line = "  loses     1,234 mailboxes (3.0 GiB), an unknown number of groups: accepted\n";
    assert!(shown.contains(line), "{shown}");
    let shown = of(json!([loss("Groups", json!(2), true), azure(1), azure(2)]));
    let line = "  loses     2 groups, resources in 2 Azure subscriptions: 2 of 3 not accepted\n";
    assert!(shown.contains(line), "{shown}");
    assert!(of(json!([azure(1)])).contains("Azure subscription: not accepted\n"));
}

#[test]
fn hand_offs_and_blockers_say_what_to_do_and_where() {
    let mut status = running();
    status["phase"] = json!("AwaitingHandOff");
    status["handOffs"] = json!([{"key": "SwitchSyncOff", "what": "Switch directory sync off", "link": "https://example.test/sync",
        "noticed": "read again every 15 minutes", "since": "2026-10-02T09:16:00Z"}]);
    status["blockers"] = json!([{"check": "C4 Applications", "state": "failed", "remedy": "Remove the application",
        "link": "https://example.test/apps", "who": "person"}]);
    let shown = draw(
        &closure(&status),
        at("2026-10-02T09:16:09Z"),
        Look::default(),
    );
    for text in [
        "☞ 1 Users",
        "☞ SwitchSyncOff (for 9s)",
        "do       Switch directory sync off",
        "open     https://example.test/sync",
        "✖ C4 Applications failed · by person",
        "remedy   Remove the application",
    ] {
        assert!(shown.contains(text), "{text} is missing in:\n{shown}");
    }
}

#[test]
fn every_check_is_shown_and_the_ticket_as_it_can_be_sent() {
    let mut status = running();
    status["phase"] = json!("Stalled");
    status["step"] = json!("5/5 DeleteDirectory");
    status["checks"] = json!([
        {"check": "C1 Users", "state": "passed", "who": "operator"},
        {"check": "C9 Multifactor authentication providers", "state": "unknown", "who": "person"}]);
    status["blockers"] = json!([{"check": "C9 Multifactor authentication providers", "state": "unknown",
        "remedy": "Delete every one", "link": "https://example.test/mfa", "who": "person"}]);
    status["supportTicket"] = json!("The tenant cannot be deleted\n\nTenant id: 1");
    let shown = draw(
        &closure(&status),
        at("2026-10-02T09:16:09Z"),
        Look::default(),
    );
    for text in [
        "✔ C1 Users passed",
        "✖ C9 Multifactor authentication providers unknown · by person",
        "For Microsoft's support, ready to be sent:",
        "  The tenant cannot be deleted\n",
        "  Tenant id: 1\n",
    ] {
        assert!(shown.contains(text), "{text} is missing in:\n{shown}");
    }
}

#[test]
fn a_closure_without_a_status_is_drawn() {
    let shown = draw(
        &closure(&Value::Null),
        at("2026-10-02T09:16:09Z"),
        Look::default(),
    );
    assert!(shown.contains("Pending"), "{shown}");
    assert!(shown.contains("not looked at the newest spec"), "{shown}");
}

#[test]
fn lines_are_told_once() {
    let mut lines = Lines::default();
    let now = at("2026-10-02T09:16:09Z");
    let first = lines.next(&closure(&running()), now, Look::default());
    assert_eq!(
        first,
        ["09:16:09 Running          1/5 Users                400/1000 (40%)     DeletingUsers"]
    );
    assert!(
        lines
            .next(&closure(&running()), now, Look::default())
            .is_empty()
    );
    let mut further = running();
    further["progress"] = json!("800/1000 (80%)");
    assert_eq!(
        lines.next(&closure(&further), now, Look::default()).len(),
        1
    );
}

#[test]
fn watching_ends_at_the_wished_end_only_for_the_newest_spec() {
    let mut status = running();
    status["phase"] = json!("Closed");
    assert!(words::over(&closure(&status)));
    status["observedGeneration"] = json!(0);
    assert!(!words::over(&closure(&status)));
}

#[test]
fn signs_have_an_ascii_form() {
    for (mark, _) in look::Mark::LEGEND {
        assert!(ASCII.sign(mark).is_ascii());
    }
}
