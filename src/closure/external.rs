//! Directories for customers (External ID and B2C): what they have besides users and applications.

/// What kind of directory a tenant is (`tenantType` of Graph's `organization`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Directory {
    /// `AAD`: of an organization.
    Workforce,
    /// `CIAM`: Microsoft Entra External ID.
    ExternalId,
    /// `AAD B2C`: Azure Active Directory B2C.
    B2c,
}

/// What keeps a directory for customers from being deleted, besides users and applications; all 0 in a workforce directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct External {
    /// What kind of directory it is.
    pub directory: Directory,
    /// User flows.
    pub user_flows: u32,
    /// Identity providers that somebody configured: those that are built in do not count.
    pub identity_providers: u32,
    /// Custom policies.
    pub custom_policies: u32,
    /// Policy keys.
    pub policy_keys: u32,
}

impl External {
    /// True for a directory for customers.
    pub fn is_external(&self) -> bool {
        self.directory != Directory::Workforce
    }

    /// How many of all kinds.
    pub const fn left(&self) -> u32 {
        self.user_flows
            .saturating_add(self.identity_providers)
            .saturating_add(self.custom_policies)
            .saturating_add(self.policy_keys)
    }
}
