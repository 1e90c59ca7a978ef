//! `report`: what was done and what proves it, as JSON, Markdown or one HTML page.

use crate::evidence::given::{self, Given};
use crate::evidence::report::{Report, Sources, html, markdown};
use crate::evidence::{Claims, Doubt, Verdict, Verified, cluster, verify};
use crate::plugin::arguments::{Report as Asked, ReportFormat};
use crate::plugin::{Ended, Trouble, read};
use jiff::Timestamp;
use kube::{Client, ResourceExt as _};
use std::io::Write;
use std::time::Duration;

/// The status follows the journal within some seconds; so often both are read again.
const LOOKS: u32 = 6;
/// Between two looks.
const PAUSE: Duration = Duration::from_secs(2);

pub(crate) async fn show(
    asked: &Asked,
    client: Client,
    namespace: &str,
    out: &mut (dyn Write + Send),
) -> Result<Ended, Trouble> {
    let mut looks = 0;
    let report = loop {
        let closure = read(&client, namespace, &asked.name).await?;
        let journal = cluster::journal_namespace(&closure, &asked.journal_namespace).to_owned();
        let uid = closure.uid().unwrap_or_default();
        let found = cluster::found(&cluster::records(&client, &journal, &uid).await?);
        let claims = Claims {
            uid: Some(uid),
            anchors: cluster::anchor(&closure).into_iter().collect(),
        };
        let mut verified = verify(&found, &claims);
        looks += 1;
        if looks < LOOKS && behind(&verified) {
            tokio::time::sleep(PAUSE).await;
            continue;
        }
        // After the records: whatever they rest on was there before them.
        let approvals = cluster::approvals(&client, namespace).await?;
        given::compare(&found, Given::in_cluster(&approvals), &mut verified);
        break Report::compose(&Sources {
            closure: &closure,
            approvals: &approvals,
            namespace: &journal,
            found: &found,
            verified: &verified,
            now: Timestamp::now(),
            version: env!("CARGO_PKG_VERSION"),
        });
    };
    let text = match asked.output {
        ReportFormat::Json => {
            let text = serde_json::to_string_pretty(&report);
            text.map_err(|why| Trouble::Print(why.to_string()))? + "\n"
        }
        ReportFormat::Markdown => markdown::print(&report.document()),
        ReportFormat::Html => html::print(&report),
    };
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(if report.journal.verdict == Verdict::Broken.word() {
        Ended::Stalled
    } else {
        Ended::Done
    })
}

/// The journal went on while it was read.
fn behind(verified: &Verified) -> bool {
    verified.faults.is_empty()
        && matches!(verified.doubts.as_slice(), [Doubt::NewerThanAnchors { .. }])
}
