//! Custom domains in the scenario file: what uses them, and what DNS says of them.

use serde::{Deserialize, Serialize};

/// What uses a custom domain.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct DomainReferences {
    /// The domain.
    pub domain: String,
    /// Of a hundred users, so many have an address on it; the retained and the spare administrator have none.
    pub users_percent: u32,
    /// Groups with an address on it.
    pub groups: u32,
    /// Applications with an identifier on it.
    pub applications: u32,
    /// One of the applications is for several tenants: `forceDelete` refuses.
    pub multi_tenant_application: bool,
}

/// What DNS says of a custom domain.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct DomainDns {
    /// The domain.
    pub domain: String,
    /// The hosts of its MX records, the preferred one first.
    pub mx: Vec<String>,
    /// What `autodiscover` below it is an alias of (CNAME), and that of the next, to the end.
    pub autodiscover: Vec<String>,
    /// Its TXT records.
    pub texts: Vec<String>,
    /// How its name server answers.
    pub answers: DnsAnswers,
}

/// How a name server answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DnsAnswers {
    /// With the records that there are.
    #[default]
    Records,
    /// Over UDP only that the answer is too large; over TCP with the records.
    Truncated,
    /// There is no such name (`NXDOMAIN`).
    NameError,
    /// `SERVFAIL`.
    ServerFailure,
    /// `REFUSED`.
    Refused,
    /// Not at all.
    Silence,
    /// With what nobody can read.
    Garbage,
}
