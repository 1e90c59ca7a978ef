//! Mail that still arrives: which DNS records of a domain lead to Microsoft's mail service in a cloud.

use crate::closure::observation::Why;
use crate::closure::terms::Cloud;

/// A record by which mail, or who sends it, is led somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lead {
    /// MX: where mail to the domain is delivered.
    Mx,
    /// The alias `autodiscover` below the domain: where mail programs look for their mailbox.
    Autodiscover,
    /// The TXT record with `v=spf1`: who may send for the domain.
    Spf,
}

impl Lead {
    /// All, as they are told.
    pub const ALL: [Self; 3] = [Self::Mx, Self::Autodiscover, Self::Spf];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mx => "MX",
            Self::Autodiscover => "autodiscover",
            Self::Spf => "SPF",
        }
    }

    /// Does this host serve it for Microsoft in this cloud?
    ///
    /// Source: learn.microsoft.com `microsoft-365/enterprise/external-domain-name-system-records` (worldwide),
    /// `exchange/mail-flow-best-practices/…inbound-smtp-dane` (`mx.microsoft`),
    /// `microsoft-365/enterprise/dns-records-for-office-365-gcc-high` and `…-dod`,
    /// `microsoft-365/admin/services-in-china/create-dns-records-when-you-manage-your-dns-records`. Under
    /// `outlook.com` the alias `autodiscover` has been led to several hosts, so that each of them counts.
    pub fn is_microsofts(self, cloud: Cloud, host: &str) -> bool {
        let suffixes: &[&str] = match (self, cloud) {
            (Self::Mx, Cloud::Global) => &["mail.protection.outlook.com", "mx.microsoft"],
            (Self::Mx, Cloud::USGov | Cloud::USGovDoD) => &["mail.protection.office365.us"],
            (Self::Mx, Cloud::China) => &["mail.protection.partner.outlook.cn"],
            (Self::Autodiscover, Cloud::Global) => &["outlook.com", "office365.com"],
            (Self::Autodiscover, Cloud::USGov | Cloud::USGovDoD) => &["office365.us"],
            (Self::Autodiscover, Cloud::China) => &["partner.outlook.cn"],
            (Self::Spf, Cloud::Global) => &["protection.outlook.com"],
            (Self::Spf, Cloud::USGov | Cloud::USGovDoD) => {
                &["protection.office365.us", "protection.outlook.com"]
            }
            (Self::Spf, Cloud::China) => {
                &["protection.partner.outlook.cn", "protection.outlook.com"]
            }
        };
        suffixes.iter().any(|suffix| under(host, suffix))
    }
}

/// What DNS says of one domain; a record that cannot be read says why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailDomain {
    /// The domain, in lower case.
    pub domain: String,
    /// The hosts of its MX records.
    pub mx: Result<Vec<String>, Why>,
    /// What `autodiscover` below it is an alias of, and what that is an alias of.
    pub autodiscover: Result<Vec<String>, Why>,
    /// Its TXT records.
    pub texts: Result<Vec<String>, Why>,
}

impl MailDomain {
    /// Nothing of it could be read.
    pub fn unread(domain: &str, why: Why) -> Self {
        Self {
            domain: domain.to_owned(),
            mx: Err(why),
            autodiscover: Err(why),
            texts: Err(why),
        }
    }

    /// The records that lead to Microsoft.
    pub fn to_microsoft(&self, cloud: Cloud) -> Vec<Lead> {
        let leads = |lead: &Lead| match lead {
            Lead::Mx => any(&self.mx, |host| lead.is_microsofts(cloud, host)),
            Lead::Autodiscover => any(&self.autodiscover, |host| lead.is_microsofts(cloud, host)),
            Lead::Spf => any(&self.texts, |text| {
                senders(text).any(|host| lead.is_microsofts(cloud, host))
            }),
        };
        Lead::ALL.into_iter().filter(leads).collect()
    }

    /// The records that could not be read.
    pub fn unknown(&self) -> Vec<Lead> {
        let failed = |lead: &Lead| match lead {
            Lead::Mx => self.mx.is_err(),
            Lead::Autodiscover => self.autodiscover.is_err(),
            Lead::Spf => self.texts.is_err(),
        };
        Lead::ALL.into_iter().filter(failed).collect()
    }
}

fn any(found: &Result<Vec<String>, Why>, is_so: impl Fn(&str) -> bool) -> bool {
    found.iter().flatten().any(|one| is_so(one))
}

/// The domains that an SPF record includes or redirects to (RFC 7208); of any other text none.
fn senders(text: &str) -> impl Iterator<Item = &str> {
    let mut terms = text.split_ascii_whitespace();
    let spf = terms
        .next()
        .is_some_and(|version| version.eq_ignore_ascii_case("v=spf1"));
    terms.filter(move |_| spf).filter_map(|term| {
        let term = term.trim_start_matches(['+', '-', '~', '?']);
        let at = term.find([':', '='])?;
        let (word, host) = (term.get(..at)?, term.get(at + 1..)?);
        let named = ["include", "redirect"];
        named
            .iter()
            .any(|known| word.eq_ignore_ascii_case(known))
            .then_some(host)
    })
}

/// Is this host the suffix, or below it?
fn under(host: &str, suffix: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host.strip_suffix(suffix)
        .is_some_and(|above| above.is_empty() || above.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(mx: &[&str], autodiscover: &[&str], texts: &[&str]) -> MailDomain {
        let all = |some: &[&str]| Ok(some.iter().map(|one| (*one).to_owned()).collect());
        MailDomain {
            domain: "contoso.nl".into(),
            mx: all(mx),
            autodiscover: all(autodiscover),
            texts: all(texts),
        }
    }

    #[test]
    fn each_cloud_has_hosts_of_its_own() {
        let hosts = [
            (
                "contoso-nl.mail.protection.outlook.com",
                "autodiscover.outlook.com",
                "v=spf1 include:spf.protection.outlook.com -all",
                &[Cloud::Global][..],
            ),
            (
                "contoso-nl.a-v1.mx.microsoft",
                "autodiscover-s.outlook.com",
                "v=spf1 redirect=spf.protection.outlook.com",
                &[Cloud::Global],
            ),
            (
                "contoso.mail.protection.office365.us",
                "autodiscover.office365.us",
                "v=spf1 include:spf.protection.office365.us -all",
                &[Cloud::USGov, Cloud::USGovDoD],
            ),
            (
                "contoso.mail.protection.office365.us.",
                "autodiscover-dod.office365.us.",
                "v=spf1 mx ?include:spf.protection.office365.us ~all",
                &[Cloud::USGov, Cloud::USGovDoD],
            ),
            (
                "contoso.mail.protection.partner.outlook.cn",
                "autodiscover.partner.outlook.cn",
                "V=SPF1 INCLUDE:spf.protection.partner.outlook.cn -all",
                &[Cloud::China],
            ),
        ];
        for (mx, autodiscover, spf, clouds) in hosts {
            for cloud in Cloud::ALL {
                let found = domain(&[mx], &[autodiscover], &[spf]).to_microsoft(cloud);
                let expected = if clouds.contains(&cloud) {
                    Lead::ALL.to_vec()
                } else if spf.ends_with("spf.protection.outlook.com")
                    || spf.contains(":spf.protection.outlook.com")
                {
                    // Who sends over the worldwide service may be any cloud's tenant.
                    vec![Lead::Spf]
                } else {
                    Vec::new()
                };
                assert_eq!(found, expected, "{mx} {cloud:?}");
            }
        }
    }

    #[test]
    fn what_only_looks_like_microsoft_is_not() {
        let found = domain(
            &[
                "mail.protection.outlook.com.evil.example",
                "xmail.protection.outlook.com",
                "mx.microsoft.com",
                ".",
                "",
            ],
            &["autodiscover.contoso.nl", "notoutlook.com"],
            &[
                "v=spf10 include:spf.protection.outlook.com",
                "include:spf.protection.outlook.com",
                "MS=ms12345678",
                "v=spf1 include:spf.protection.outlook.com.evil.example a:spf.protection.outlook.com -all",
                "v=spf1",
                "",
            ],
        );
        for cloud in Cloud::ALL {
            assert!(found.to_microsoft(cloud).is_empty(), "{cloud:?}");
        }
        assert!(found.unknown().is_empty());
    }

    #[test]
    fn one_of_many_suffices_and_unknown_is_neither() {
        let mut found = domain(
            &["mx.contoso.nl", "CONTOSO-NL.MAIL.PROTECTION.OUTLOOK.COM."],
            &["hoster.example", "autodiscover.outlook.com"],
            &[],
        );
        let both = [Lead::Mx, Lead::Autodiscover];
        assert_eq!(found.to_microsoft(Cloud::Global), both);
        found.mx = Err(Why::Unavailable);
        assert_eq!(found.to_microsoft(Cloud::Global), [Lead::Autodiscover]);
        assert_eq!(found.unknown(), [Lead::Mx]);
        let nothing = MailDomain::unread("contoso.nl", Why::Unsupported);
        assert!(nothing.to_microsoft(Cloud::Global).is_empty());
        assert_eq!(nothing.unknown(), Lead::ALL);
    }
}
