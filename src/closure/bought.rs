//! What was bought: a subscription, where it stands, and who can end it.

use crate::closure::id::ObjectId;
use jiff::{Span, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a subscription stands in its life (Graph's words in brackets).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifecycle {
    /// Runs (Enabled).
    Active,
    /// Its term is over (Warning): for 30 days it is there as before and can be renewed, then Microsoft disables it. Source:
    /// learn.microsoft.com `microsoft-365/commerce/subscriptions/what-if-my-subscription-expires`.
    Expired,
    /// Canceled or past grace (Suspended): data is kept, it can be deleted.
    Disabled,
    /// Locked by Microsoft (`LockedOut`).
    LockedOut,
    /// Deleted or no longer listed.
    Gone,
}

/// Under which agreement a subscription was bought: who can end it follows from that.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
pub enum Agreement {
    /// Directly from Microsoft, as a billing account of the Online Services Program shows: the admin center only.
    Direct,
    /// Microsoft Customer Agreement: ARM Billing.
    CustomerAgreement,
    /// Sold by a partner: Partner Center, or the partner.
    Partner,
    /// An Azure subscription.
    Azure,
    /// Enterprise agreement, as its billing account shows.
    Enterprise,
    /// Microsoft Entra ID Free: nobody bought it, it comes and goes with the tenant.
    WithTenant,
    /// No account that the closure names shows it, and Graph tells of no partner: bought directly, by a user's self-service,
    /// under a Customer Agreement or a volume licence. Graph shows these alike, so it is never guessed.
    Unknown,
}

impl Agreement {
    /// It is ended by somebody, or by its term. What goes with the tenant nobody can cancel or delete before, and no delete-tenant
    /// check asks for it.
    pub fn ends_apart(self) -> bool {
        self != Self::WithTenant
    }

    /// Is this the name of the subscription that Microsoft adds to every tenant, and that nobody can change, cancel or delete while
    /// the tenant is active? Source: learn.microsoft.com `azure/cost-management-billing/manage/microsoft-entra-id-free` and message
    /// MC1156361 of Microsoft's message center. However it is written: in words, or as a part number.
    pub fn names_entra_id_free(product: &str) -> bool {
        let letters = product.chars().filter(char::is_ascii_alphanumeric);
        let letters: String = letters.map(|one| one.to_ascii_lowercase()).collect();
        letters == "microsoftentraidfree"
    }
}

/// A subscription.
#[derive(Clone, Debug, PartialEq)]
pub struct Subscription {
    /// Graph's `commerceSubscriptionId`/`id`, or the Azure subscription id.
    pub id: ObjectId,
    /// `skuPartNumber`, an offer's name, or the display name that somebody gave it.
    pub name: String,
    /// The name is that of a product, which Microsoft gave: it may stand in the journal.
    pub product: bool,
    /// Seats.
    pub seats: u32,
    /// Where it stands.
    pub lifecycle: Lifecycle,
    /// How it was bought.
    pub agreement: Agreement,
    /// The next state change that Microsoft announces (`nextLifecycleDateTime` or the term's end).
    pub next_change: Option<Timestamp>,
    /// The end of the term at hand, as its account tells; Graph tells only of the next change.
    pub term_end: Option<Timestamp>,
    /// How long the term after that is if it renews, as its account tells.
    pub next_term: Option<Term>,
    /// ARM id, or path in Partner Center, through which we can cancel it; `None`: no account that we were given covers it.
    pub resource: Option<String>,
    /// Microsoft lets a program cancel it now: `systemOverrides.cancellation` is Allowed and its end date has not passed;
    /// `cancellationAllowedUntilDate` has not passed; for Azure: always.
    pub cancelable: bool,
    /// The last moment at which it can be canceled within this term, as its account tells.
    pub cancel_until: Option<Timestamp>,
    /// The tenant of the partner who sold it (Graph's `ownerTenantId`).
    pub seller: Option<ObjectId>,
    /// Recurring billing is on.
    pub auto_renew: bool,
}

/// The length of a term as an ISO 8601 duration, for example `P1Y`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Term(#[schemars(length(max = 32))] String);

impl Term {
    /// A duration; `None` for anything else, and for one that is no length at all.
    pub fn parse(text: &str) -> Option<Self> {
        let span: Span = text.parse().ok()?;
        let length = text.starts_with('P') && text.len() <= 32 && span.is_positive();
        length.then(|| Self(text.to_owned()))
    }

    /// The duration as Microsoft writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// In words: `1 year`, `3 months`; as Microsoft writes it where that is no whole number of years, months or days.
    pub fn words(&self) -> String {
        let units = [('Y', "year"), ('M', "month"), ('D', "day")];
        let found = units.iter().find_map(|(unit, word)| {
            let number = self.0.strip_prefix('P')?.strip_suffix(*unit)?;
            Some((number.parse::<u16>().ok()?, *word))
        });
        match found {
            Some((1, word)) => format!("1 {word}"),
            Some((number, word)) => format!("{number} {word}s"),
            None => self.0.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_with_the_tenant_is_known_by_its_whole_name() {
        for (name, is) in [
            ("Microsoft Entra ID Free", true),
            ("MICROSOFT_ENTRA_ID_FREE", true),
            ("Microsoft Entra ID P1", false),
            ("Microsoft Entra ID Free for our branch", false),
            ("Entra", false),
            ("", false),
        ] {
            assert_eq!(Agreement::names_entra_id_free(name), is, "{name}");
        }
    }

    #[test]
    fn a_term_is_a_duration_and_is_told_in_words() {
        let words = |text| Term::parse(text).map(|term| term.words());
        assert_eq!(words("P1Y").as_deref(), Some("1 year"));
        assert_eq!(words("P3M").as_deref(), Some("3 months"));
        assert_eq!(words("P1Y6M").as_deref(), Some("P1Y6M"));
        for bad in [
            "",
            "yearly",
            "1y",
            "P0D",
            "-P1Y",
            "PT",
            &format!("P{}Y", "0".repeat(40)),
        ] {
            assert_eq!(words(bad), None, "{bad}");
        }
    }
}
