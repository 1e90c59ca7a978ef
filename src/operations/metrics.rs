//! Every metric, in the text format of Prometheus. No label: a fleet of tenants makes no more series than one.

use crate::controller::counters::Counters;
use crate::operations::reach::Microsoft;
use std::fmt::Write as _;
use std::sync::Arc;

/// Where the numbers come from.
pub struct Sources {
    /// What the controller counts.
    pub controller: Arc<Counters>,
    /// What is counted on the way to Microsoft.
    pub microsoft: Arc<Microsoft>,
}

/// Name, kind, help, value.
type Row = (&'static str, &'static str, &'static str, f64);

/// The page.
pub fn text(sources: &Sources) -> String {
    let mut text = String::new();
    for (name, kind, help, value) in controller(&sources.controller)
        .into_iter()
        .chain(microsoft(&sources.microsoft))
    {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "# HELP tenant_closure_{name} {help}.\n# TYPE tenant_closure_{name} {kind}\ntenant_closure_{name} {value}"
        );
    }
    text
}

// A counter beyond 2^53 loses its last digits: that is what the format's numbers are.
#[allow(clippy::cast_precision_loss)]
fn counter(name: &'static str, help: &'static str, value: u64) -> Row {
    (name, "counter", help, value as f64)
}

fn controller(counters: &Counters) -> [Row; 11] {
    [
        counter("cycles_total", "Cycles run", counters.cycles.get()),
        counter(
            "failed_cycles_total",
            "Cycles that ended in an error",
            counters.failed_cycles.get(),
        ),
        counter("effects_total", "Effects claimed", counters.effects.get()),
        counter(
            "objects_total",
            "Objects seen gone or changed after an effect",
            counters.objects.get(),
        ),
        counter(
            "effect_requests_total",
            "HTTP requests of effects and their settling",
            counters.requests.get(),
        ),
        counter(
            "effect_throttled_items_total",
            "Items of effects that Microsoft answered 429",
            counters.throttled.get(),
        ),
        counter(
            "records_total",
            "Journal records created",
            counters.records.get(),
        ),
        counter(
            "status_patches_total",
            "Status patches written",
            counters.status_patches.get(),
        ),
        counter(
            "evidence_objects_total",
            "Objects written to the evidence store",
            counters.evidence_objects.get(),
        ),
        counter(
            "evidence_failures_total",
            "Times that evidence could not be written, or that something else was there",
            counters.evidence_failures.get(),
        ),
        counter(
            "settled_in_doubt_total",
            "Records of another life that were settled",
            counters.settled_in_doubt.get(),
        ),
    ]
}

fn microsoft(microsoft: &Microsoft) -> [Row; 6] {
    let sent = microsoft.counts();
    let gates = microsoft.gates();
    let closed = gates.iter().filter(|gate| gate.closed_for.is_some());
    let count = |n: usize| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
    [
        counter(
            "microsoft_requests_total",
            "HTTP requests sent to Microsoft, a batch is one, tokens included",
            sent.requests,
        ),
        counter(
            "microsoft_throttled_total",
            "Requests and items of batches that Microsoft answered 429",
            sent.throttled,
        ),
        counter(
            "microsoft_failed_requests_total",
            "Requests to Microsoft that got no answer",
            sent.failed,
        ),
        counter(
            "microsoft_token_requests_total",
            "Requests to the token endpoint",
            sent.tokens,
        ),
        (
            "gates",
            "gauge",
            "Gates, one for each application in each tenant",
            count(gates.len()),
        ),
        (
            "gates_closed",
            "gauge",
            "Gates that are closed for writes after a 429",
            count(closed.count()),
        ),
    ]
}
