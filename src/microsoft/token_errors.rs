//! Every error of the sign-in service that Microsoft documents for what is asked of it here, and what follows: one table.
//! Source: learn.microsoft.com `entra/identity-platform/reference-error-codes`.

use crate::closure::observation::Refused;
use crate::closure::steps::policy;

/// What follows from a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follows {
    /// There is no such tenant (any more).
    TenantGone,
    /// A trouble of the service's own, or we ask too often.
    Passes,
    /// A policy asks for a person.
    PolicyAsks,
    /// What is asked for does not exist in this cloud.
    Rejected,
    /// The credential is refused, for this reason.
    Refused(Refused),
}

/// One line of the table.
#[derive(Debug)]
pub struct TokenRow {
    /// Numbers after `AADSTS`.
    pub codes: &'static [u64],
    /// When it is answered.
    pub when: &'static str,
    /// What follows.
    pub follows: Follows,
}

const fn row(codes: &'static [u64], when: &'static str, follows: Follows) -> TokenRow {
    TokenRow {
        codes,
        when,
        follows,
    }
}

/// The table.
pub static TOKEN_TABLE: &[TokenRow] = &[
    row(
        &[90_002, 900_023, 5_000_224],
        "no such tenant, or it is not there any more",
        Follows::TenantGone,
    ),
    row(
        &[50_196, 90_033, 90_055],
        "a trouble of the service's own, or the same request too often",
        Follows::Passes,
    ),
    row(
        &policy::SIGN_IN,
        "Conditional Access, or a second factor, stands before the sign-in",
        Follows::PolicyAsks,
    ),
    row(
        &[70_011],
        "a scope that this cloud does not have",
        Follows::Rejected,
    ),
    row(
        &[65_001, 65_004, 90_094, 500_011, 650_052],
        "nobody has consented in the tenant to the application, or to what it asks for",
        Follows::Refused(Refused::NotConsented),
    ),
    row(
        &[50_020, 50_177],
        "an account of another directory",
        Follows::Refused(Refused::ForeignAccount),
    ),
    row(
        &[700_082, 70_008, 50_173],
        "a sign-in that was kept has ended",
        Follows::Refused(Refused::SignInEnded),
    ),
    row(
        &[7_000_215],
        "a wrong client secret",
        Follows::Refused(Refused::SecretWrong),
    ),
    row(
        &[7_000_222],
        "an expired client secret",
        Follows::Refused(Refused::SecretExpired),
    ),
    row(
        &[700_016],
        "an application that the tenant does not know",
        Follows::Refused(Refused::ApplicationUnknown),
    ),
    row(
        &[7_000_112],
        "a disabled application",
        Follows::Refused(Refused::ApplicationDisabled),
    ),
    row(
        &[700_027, 7_000_274],
        "a certificate that is not the application's, or has expired",
        Follows::Refused(Refused::CertificateUnknown),
    ),
    row(
        &[700_024],
        "what was signed is not within its time",
        Follows::Refused(Refused::AssertionTime),
    ),
    row(
        &[70_021, 700_211, 700_212, 700_213],
        "no federated credential fits the cluster's token",
        Follows::Refused(Refused::FederationUnknown),
    ),
];

/// What follows from a code; `None` for one that is not in the table.
pub(super) fn follows(number: u64) -> Option<Follows> {
    let mut rows = TOKEN_TABLE.iter();
    let row = rows.find(|row| row.codes.contains(&number))?;
    Some(row.follows)
}

/// Likewise, from the code as it is told: `AADSTS…`.
pub(super) fn of(code: &str) -> Option<Follows> {
    follows(code.strip_prefix("AADSTS")?.parse().ok()?)
}
