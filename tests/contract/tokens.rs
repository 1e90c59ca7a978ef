//! A federated token rotates: the file is read for each request.

use crate::row::{By, Row};
use crate::server::Told;
use crate::stage::{CLUSTERS_TOKEN, Hit, Ran};
use crate::trial;
use libtest_mimic::Trial;
use serde_json::json;
use tenant_closure::closure::observation::{Fact, Refused, Why};
use tenant_closure::microsoft::LiveTenant;

pub fn trials(row: &'static Row) -> Vec<Trial> {
    if row.by != By::FederatedToken {
        return Vec::new();
    }
    vec![
        trial(
            row,
            "once it has rotated the new one is sent",
            move |stage| async move {
                let tenant = LiveTenant::new(stage.settings());
                let ran = stage.twisted_on(&tenant, ending_at_once).await;
                assert_eq!(sent(&ran), [CLUSTERS_TOKEN]);
                stage.rotate(Some("e30.cluster.second"));
                let ran = stage.twisted_on(&tenant, ending_at_once).await;
                assert_eq!(sent(&ran), ["e30.cluster.second"]);
                assert_eq!(
                    ran.made,
                    Fact::Known(row.makes.to_owned()),
                    "{}",
                    ran.told()
                );
            },
        ),
        trial(
            row,
            "without a token in the file nothing is sent",
            move |stage| async move {
                let unreadable = Why::CredentialRefused(Refused::FederatedTokenUnreadable);
                for token in [None, Some("<html>"), Some("one.two three.four")] {
                    stage.rotate(token);
                    let tenant = LiveTenant::new(stage.settings());
                    let ran = stage.twisted_on(&tenant, ending_at_once).await;
                    assert_eq!(
                        ran.made,
                        Fact::Unreadable(unreadable),
                        "{token:?}: {}",
                        ran.told()
                    );
                    assert!(ran.asked.is_empty(), "{token:?}: {}", ran.told());
                    stage.rotate(Some(CLUSTERS_TOKEN));
                }
            },
        ),
    ]
}

/// The good reply, but the token in it ends at once: the next request needs another.
fn ending_at_once(mut hit: Hit<'_>) -> (Told, bool) {
    hit.good.body["expires_in"] = json!(0);
    (hit.good(), false)
}

/// The cluster's tokens that were sent, each once.
fn sent(ran: &Ran) -> Vec<String> {
    let forms = ran.asked.iter().map(|seen| seen.text.as_bytes().to_vec());
    let mut all: Vec<String> = forms
        .flat_map(|form| {
            let fields = url::form_urlencoded::parse(&form);
            let assertion = fields.filter(|(name, _)| name == "client_assertion");
            assertion
                .map(|(_, value)| value.into_owned())
                .collect::<Vec<_>>()
        })
        .collect();
    all.dedup();
    all
}
