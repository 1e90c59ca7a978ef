//! What a person does where no right and no credential helps: a policy of the tenant asks for him, or something in the
//! directory stands in the way. Handed over like everything that only a person can do, and noticed by asking again.

use crate::closure::decision::{Dates, Decision, HandOff};
use crate::closure::links;
use crate::closure::terms::Cloud;

/// The hand-off where a policy asks for a person.
pub const LIFT: &str = "LiftPolicy";
/// The hand-off where something in the directory stands in the way.
pub const CLEAR: &str = "ClearTheWay";

/// A claims challenge, as Graph and Azure answer it.
pub const CHALLENGE: &str = "insufficient_claims";

/// Codes with which a request for a token is answered where a policy asks for more than an application can bring.
/// Source: learn.microsoft.com `entra/identity-platform/reference-error-codes`.
pub const SIGN_IN: [u64; 11] = [
    50_074, 50_076, 50_079, 50_097, 50_158, 53_000, 53_001, 53_002, 53_003, 53_004, 530_032,
];

/// Says this code of Microsoft's that a policy asks for a person?
pub fn asks(code: &str) -> bool {
    let number = code.strip_prefix("AADSTS").and_then(|n| n.parse().ok());
    code == CHALLENGE
        || code == "interaction_required"
        || number.is_some_and(|n: u64| SIGN_IN.contains(&n))
}

/// Says this code that something else in the directory stands in the way?
pub fn in_the_way(code: &str) -> bool {
    matches!(
        code,
        "Request_MultipleObjectsWithSameKeyValue"
            | "ObjectConflict"
            | "nameAlreadyExists"
            | "Directory_QuotaExceeded"
    )
}

/// What to do about the policy; `met` says where the operator met it.
pub fn lift(met: &str) -> HandOff {
    HandOff {
        key: LIFT,
        what: format!(
            "{met}: a Conditional Access policy or a protected action of the tenant asks for what only a person can bring. \
             Exclude the application's service principal from that policy, or take the authentication context off the \
             protected action, until the tenant is closed"
        ),
        link: links::conditional_access(Cloud::Global).to_owned(),
        noticed: "The operator asks again from time to time, and goes on by itself".to_owned(),
        dates: Dates::default(),
    }
}

/// What to do about what stands in the way; `met` says where the operator met it.
pub fn clear(met: &str) -> HandOff {
    HandOff {
        key: CLEAR,
        what: format!(
            "{met}: something in the directory stands in the way, a quota that is full or another object with the same name \
             or address. Look for it in the Entra admin center and remove it; deleted objects count until they are gone for good"
        ),
        link: links::directory(Cloud::Global).to_owned(),
        noticed: "The operator asks again from time to time, and goes on by itself".to_owned(),
        dates: Dates::default(),
    }
}

/// Facts know no cloud: the pages of these hand-offs are those of the closure's own.
pub fn in_cloud(decision: &mut Decision, cloud: Cloud) {
    let Decision::HandOff(list) = decision else {
        return;
    };
    for one in list {
        let page = match one.key {
            LIFT => links::conditional_access(cloud),
            CLEAR => links::directory(cloud),
            _ => continue,
        };
        page.clone_into(&mut one.link);
    }
}
