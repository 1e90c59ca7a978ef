//! What a scenario file says about the tenants.

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    pub(crate) tenants: Vec<TenantPart>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct TenantPart {
    pub(crate) id: Option<String>,
    pub(crate) initial_domain: Option<String>,
    pub(crate) display_name: Option<String>,
    /// `AAD` or `CIAM`.
    pub(crate) tenant_type: Option<String>,
    /// All users, administrators and guests included.
    pub(crate) users: Option<usize>,
    pub(crate) guests: usize,
    pub(crate) synced: bool,
    pub(crate) undeletable: usize,
    pub(crate) spare_administrator: bool,
    pub(crate) spare_mfa: Option<String>,
    pub(crate) applications: usize,
    pub(crate) subscriptions: Vec<SubscriptionPart>,
    pub(crate) app_roles: Option<Vec<String>>,
    pub(crate) directory_roles: Option<Vec<String>>,
    pub(crate) app_id: Option<String>,
    pub(crate) client_secret: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum Kind {
    Direct,
    CustomerAgreement,
    Azure,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Direct => "Direct",
            Self::CustomerAgreement => "CustomerAgreement",
            Self::Azure => "Azure",
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SubscriptionPart {
    pub(crate) kind: Kind,
    pub(crate) id: Option<String>,
    #[serde(default)]
    pub(crate) sku: Option<String>,
    #[serde(default)]
    pub(crate) seats: Option<u32>,
    #[serde(default)]
    pub(crate) term_days: Option<f64>,
    #[serde(default)]
    pub(crate) cancelable: Option<bool>,
}

pub(crate) fn parse(text: &str) -> Result<Scenario, String> {
    let scenario: Scenario = serde_saphyr::from_str(text)
        .map_err(|error| format!("the scenario cannot be read: {error}"))?;
    if scenario.tenants.is_empty() {
        return Err("a scenario needs one tenant at least".to_owned());
    }
    Ok(scenario)
}

/// App roles that a complete consent gives.
pub(crate) const APP_ROLES: &[&str] = &[
    "Organization.ReadWrite.All",
    "Organization.Read.All",
    "User.ReadWrite.All",
    "User.Read.All",
    "User.DeleteRestore.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "Application.ReadWrite.All",
    "Application.Read.All",
    "RoleManagement.Read.Directory",
    "RoleManagement.ReadWrite.Directory",
    "Policy.ReadWrite.AuthenticationMethod",
    "Policy.Read.All",
    "UserAuthenticationMethod.ReadWrite.All",
    "CrossTenantInformation.ReadBasic.All",
    "Domain.ReadWrite.All",
    "OnPremDirectorySynchronization.Read.All",
    "LicenseAssignment.Read.All",
];

pub(crate) const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";
pub(crate) const PRIVILEGED_AUTHENTICATION: &str = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13";

/// Directory roles by name and template id; a scenario names either.
const ROLES: &[(&str, &str)] = &[
    ("Global Administrator", GLOBAL_ADMINISTRATOR),
    (
        "Privileged Authentication Administrator",
        PRIVILEGED_AUTHENTICATION,
    ),
    ("User Administrator", "fe930be7-5e62-47db-91af-98c3a49a38b1"),
    (
        "Billing Administrator",
        "b0f54661-2d74-4c50-afa3-1ec803f12efe",
    ),
    (
        "Hybrid Identity Administrator",
        "8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2",
    ),
    (
        "Application Administrator",
        "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",
    ),
    (
        "Cloud Application Administrator",
        "158c047a-c907-4556-b7ef-446551a6b5f7",
    ),
    (
        "Privileged Role Administrator",
        "e8611ab8-c189-46e8-94e1-60213ab1f814",
    ),
    (
        "Authentication Policy Administrator",
        "0526716b-113d-4c15-b2c8-68e3c22b9f80",
    ),
    ("Global Reader", "f2ef992c-3afb-46b9-b7cf-a126ee74c451"),
];

pub(crate) fn template(role: &str) -> String {
    ROLES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(role))
        .map_or_else(|| role.to_ascii_lowercase(), |(_, id)| (*id).to_owned())
}

/// The roles that a service principal gets when the scenario names none.
pub(crate) fn default_roles() -> Vec<String> {
    [
        "Privileged Authentication Administrator",
        "User Administrator",
        "Hybrid Identity Administrator",
        "Application Administrator",
    ]
    .iter()
    .map(|role| template(role))
    .collect()
}
