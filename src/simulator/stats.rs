//! What was asked, for the figures of a run.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};
use uuid::Uuid;

use super::exchange::Service;
use super::figures::Figures;

/// Counters of a run. A batch is one request; its items are counted apart.
#[derive(Debug, Default)]
pub(crate) struct Stats {
    requests: BTreeMap<String, u64>,
    items: BTreeMap<String, u64>,
    statuses: BTreeMap<u16, u64>,
    throttled_items: u64,
    throttled_requests: u64,
    deletes: HashMap<Uuid, Deletes>,
}

/// How the users of one tenant went: moments in milliseconds, and how many requests had been served by then.
#[derive(Clone, Copy, Debug, Default)]
struct Deletes {
    count: u64,
    first: i64,
    last: i64,
    served_at_first: u64,
    served_at_last: u64,
}

impl Stats {
    pub(crate) fn request(
        &mut self,
        service: Service,
        method: &str,
        segments: &[String],
        status: u16,
    ) {
        *self
            .requests
            .entry(class(service, method, segments))
            .or_default() += 1;
        *self.statuses.entry(status).or_default() += 1;
        self.throttled_requests += u64::from(status == 429);
    }

    pub(crate) fn item(&mut self, method: &str, segments: &[String], status: u16) {
        *self
            .items
            .entry(class(Service::Graph, method, segments))
            .or_default() += 1;
        self.throttled_items += u64::from(status == 429);
    }

    /// The spare administrator goes steps later than all others: counted, but the clock has stopped by then.
    pub(crate) fn user_deleted(&mut self, tenant: Uuid, now: i64, spare: bool) {
        // The request that deletes is counted once it is answered.
        let served = self.requests.values().sum::<u64>() + 1;
        let entry = self.deletes.entry(tenant).or_insert(Deletes {
            first: now,
            served_at_first: served,
            ..Deletes::default()
        });
        entry.count += 1;
        if !spare {
            entry.last = now;
            entry.served_at_last = served;
        }
    }

    /// Everything, or what concerns the user deletions of one tenant, of whose users so many are `left` to delete. `bound` tells
    /// the seconds that so many deletions in a tenant take at least.
    pub(crate) fn figures(
        &self,
        bound: impl Fn(Uuid, u64) -> f64,
        tenant: Option<Uuid>,
        left: u64,
    ) -> Figures {
        let chosen: Vec<_> = self
            .deletes
            .iter()
            .filter(|(id, _)| tenant.is_none_or(|wanted| wanted == **id))
            .map(|(id, entry)| (*id, *entry))
            .collect();
        let first = chosen.iter().map(|(_, entry)| entry.first).min();
        let last = chosen.iter().map(|(_, entry)| entry.last).max();
        Figures {
            tenants: chosen.len(),
            deleted: chosen.iter().map(|(_, entry)| entry.count).sum(),
            left,
            moments: first.zip(last),
            bound: chosen
                .iter()
                .map(|(id, entry)| bound(*id, entry.count))
                .fold(0.0, f64::max),
            requests_meanwhile: chosen
                .iter()
                .map(|(_, entry)| entry.served_at_last.saturating_sub(entry.served_at_first) + 1)
                .sum(),
            requests: self.requests.values().sum(),
            items: self.items.values().sum(),
            throttled_requests: self.throttled_requests,
            throttled_items: self.throttled_items,
        }
    }

    /// The figures, with what was asked by route and how it was answered.
    pub(crate) fn report(&self, figures: &Figures) -> Value {
        let mut report = figures.json();
        report["byRoute"] = json!(self.requests);
        let statuses = self.statuses.iter();
        let statuses = statuses.map(|(status, count)| (status.to_string(), *count));
        report["byStatus"] = json!(statuses.collect::<BTreeMap<_, _>>());
        report["itemsByRoute"] = json!(self.items);
        report
    }
}

/// A route without its ids.
fn class(service: Service, method: &str, segments: &[String]) -> String {
    let service = match service {
        Service::Login => "login",
        Service::Graph => "graph",
        Service::Arm => "arm",
        Service::Partner => "partner",
        Service::Control => "_sim",
        Service::Console => "console",
    };
    let mut previous = "";
    let mut out = format!("{method} {service}");
    for segment in segments {
        let id = Uuid::parse_str(segment).is_ok()
            || segment.contains(['@', '=', ':'])
            || (segment.contains('.') && !segment.starts_with(['M', 'm', 'v', '.']))
            || matches!(
                previous,
                "users"
                    | "billingAccounts"
                    | "billingProfiles"
                    | "invoiceSections"
                    | "resourceGroups"
                    | "domains"
                    | "ciamDirectories"
                    | "b2cDirectories"
            ) && !segment.starts_with('$');
        out.push('/');
        out.push_str(if id { "{id}" } else { segment });
        previous = segment;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_named_without_ids() {
        let parts = |text: &str| super::super::exchange::segments(text);
        let id = Uuid::nil();
        assert_eq!(
            class(Service::Graph, "DELETE", &parts(&format!("users/{id}"))),
            "DELETE graph/users/{id}"
        );
        assert_eq!(
            class(Service::Graph, "GET", &parts("users/$count")),
            "GET graph/users/$count"
        );
        assert_eq!(
            class(
                Service::Login,
                "POST",
                &parts(&format!("{id}/oauth2/v2.0/token"))
            ),
            "POST login/{id}/oauth2/v2.0/token"
        );
    }
}
