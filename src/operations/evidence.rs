//! `tenant-closure verify` and `tenant-closure export`: for whoever wants to know what was done, with no operator running.

use crate::api::{ClosureApproval, TenantClosure};
use crate::evidence::entry::Found;
use crate::evidence::given::{self, Given};
use crate::evidence::{Anchor, Claims, Doubt, Verified, cluster, export, text, verify};
use crate::operations::journal_files;
use crate::plugin::Where;
use clap::{Args, ValueEnum};
use kube::{Api, Client, ResourceExt as _};
use serde_json::Value;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

/// The status follows the journal within some seconds; so often it is read again.
const LOOKS: u32 = 6;
/// Between two looks.
const PAUSE: Duration = Duration::from_secs(2);

/// Which closure.
#[derive(Clone, Debug, Args)]
pub struct Which {
    /// Name of the closure, in the namespace that -n names: UID, journal and head are read from it.
    #[arg(long, value_name = "NAME")]
    pub closure: Option<String>,
    /// UID of the closure, where the closure itself is gone or was never here.
    #[arg(long, value_name = "UID")]
    pub uid: Option<String>,
    /// Namespace of the journal, where no closure says it: the operator's.
    #[arg(long, value_name = "NAMESPACE", default_value = cluster::NAMESPACE)]
    pub journal_namespace: String,
}

/// How to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Verifies a journal: sequence, names, hash chain, plans, and that nothing outside the approved plan was touched.
///
/// Exit codes: 0 whole, 1 broken, 2 cannot be judged.
#[derive(Debug, Args)]
#[command(long_about)]
pub struct Verify {
    /// Exported journals, folders with them, or evidence stores (a folder, or its URL). None: the cluster's.
    #[arg(value_name = "FILE|FOLDER|STORE", required_unless_present_any = ["closure", "uid"])]
    pub paths: Vec<String>,
    /// Which closure.
    #[command(flatten)]
    pub which: Which,
    /// A head that is known from elsewhere (the operator's log, a report): without one a cut tail cannot be seen.
    #[arg(long, value_name = "SEQUENCE:HASH")]
    pub head: Vec<Anchor>,
    /// How to print.
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    pub output: Format,
    /// Which cluster.
    #[command(flatten)]
    pub place: Where,
}

/// Writes the journal of a closure as JSON lines, exactly as stored, and before it copies of the approvals that it rests on.
#[derive(Debug, Args)]
pub struct Export {
    /// Which closure.
    #[command(flatten)]
    pub which: Which,
    /// Where to. Default: standard output.
    #[arg(short, long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Which cluster.
    #[command(flatten)]
    pub place: Where,
}

/// Carries `verify` out; the exit code.
///
/// # Errors
/// What kept it from being judged, in one sentence; its exit code is 2.
pub async fn verified(asked: &Verify) -> Result<u8, String> {
    let verified = judged(asked).await?;
    let told = match asked.output {
        Format::Text => text::plain(&verified),
        Format::Json => format!("{:#}\n", text::json(&verified)),
    };
    write(&told)?;
    Ok(verified.verdict().code())
}

async fn judged(asked: &Verify) -> Result<Verified, String> {
    let which = &asked.which;
    let mut claims = Claims {
        uid: which.uid.clone(),
        anchors: asked.head.clone(),
    };
    if asked.paths.is_empty() {
        return in_cluster(asked, claims).await;
    }
    if which.closure.is_some() {
        let (client, namespace) = client(&asked.place).await?;
        claim(&which.named(&client, &namespace).await?, &mut claims)?;
    }
    let read = journal_files::read(&asked.paths, &mut claims.uid).await?;
    claims.anchors.extend(read.anchors);
    let mut verified = verify(&read.found, &claims);
    given::compare(&read.found, Given::beside(&read.found), &mut verified);
    Ok(verified)
}

/// The status first, then the records: what is written in between is newer than its head, and is looked at again.
async fn in_cluster(asked: &Verify, claims: Claims) -> Result<Verified, String> {
    let (client, namespace) = client(&asked.place).await?;
    let mut looks = 0;
    let (found, mut verified) = loop {
        let mut claims = claims.clone();
        let (uid, journal) = asked
            .which
            .journal(&client, &namespace, &mut claims)
            .await?;
        let found = found(&client, &journal, &uid).await?;
        let verified = verify(&found, &claims);
        looks += 1;
        let behind = matches!(verified.doubts.as_slice(), [Doubt::NewerThanAnchors { .. }]);
        if !behind || !verified.faults.is_empty() || looks >= LOOKS {
            break (found, verified);
        }
        tokio::time::sleep(PAUSE).await;
    };
    // After the records: whatever they rest on was there before them.
    if let Some((namespace, _)) = verified.closure.clone() {
        match cluster::approvals(&client, &namespace).await {
            Ok(there) => given::compare(&found, Given::in_cluster(&there), &mut verified),
            Err(why) => verified.notes.push(format!(
                "the approvals in namespace {namespace} were not compared: {}",
                refused(&why)
            )),
        }
    }
    Ok(verified)
}

/// Carries `export` out.
///
/// # Errors
/// Why there is no export, in one sentence.
pub async fn exported(asked: &Export) -> Result<(), String> {
    if asked.which.closure.is_none() && asked.which.uid.is_none() {
        return Err("which closure? Give --closure NAME (with -n) or --uid UID".to_owned());
    }
    let (client, namespace) = client(&asked.place).await?;
    let mut claims = Claims::default();
    let (uid, journal) = asked
        .which
        .journal(&client, &namespace, &mut claims)
        .await?;
    let records = cluster::records(&client, &journal, &uid).await;
    let records = records.map_err(|why| refused(&why))?;
    let found = cluster::found(&records);
    let verified = verify(&found, &claims);
    let mut lines = beside(&client, &found, &verified).await;
    lines.extend(records);
    let told = export::lines(&lines);
    match &asked.file {
        Some(path) => {
            std::fs::write(path, told).map_err(|why| format!("write {}: {why}", path.display()))?;
        }
        None => write(&told)?,
    }
    match &verified.head {
        Some(head) => eprintln!(
            "{}\nhead {head}\nKeep the head elsewhere: it is what shows that a tail was cut off.",
            text::records(&verified.figures)
        ),
        None => eprintln!("there is no settled record of closure {uid} in namespace {journal}"),
    }
    Ok(())
}

/// Copies of the approvals that the records rest on, as far as they are still there.
async fn beside(client: &Client, found: &Found, verified: &Verified) -> Vec<Value> {
    let Some((namespace, _)) = &verified.closure else {
        return Vec::new();
    };
    match cluster::approvals(client, namespace).await {
        Ok(there) => {
            let named = given::named(found, &verified.uid);
            let uid = |one: &ClosureApproval| one.uid().unwrap_or_default();
            let named = there.iter().filter(|one| named.contains(uid(one).as_str()));
            named.map(ClosureApproval::copy).collect()
        }
        Err(why) => {
            let why = refused(&why);
            eprintln!("the approvals in namespace {namespace} are not in the export: {why}");
            Vec::new()
        }
    }
}

impl Which {
    /// The closure that was named.
    async fn named(&self, client: &Client, namespace: &str) -> Result<TenantClosure, String> {
        let name = self.closure.as_deref().unwrap_or_default();
        let closures: Api<TenantClosure> = Api::namespaced(client.clone(), namespace);
        let found = closures.get_opt(name).await.map_err(|why| refused(&why))?;
        found.ok_or_else(|| {
            format!(
                "there is no TenantClosure {name} in namespace {namespace}; where it was deleted, give --uid: its records outlive it"
            )
        })
    }

    /// UID and namespace of the journal; what the closure says of it becomes a claim.
    async fn journal(
        &self,
        client: &Client,
        namespace: &str,
        claims: &mut Claims,
    ) -> Result<(String, String), String> {
        let mut journal = self.journal_namespace.clone();
        if self.closure.is_some() {
            let closure = self.named(client, namespace).await?;
            cluster::journal_namespace(&closure, &self.journal_namespace).clone_into(&mut journal);
            claim(&closure, claims)?;
        }
        let uid = claims
            .uid
            .get_or_insert_with(|| self.uid.clone().unwrap_or_default());
        Ok((uid.clone(), journal))
    }
}

/// What a closure says of its journal.
fn claim(closure: &TenantClosure, claims: &mut Claims) -> Result<(), String> {
    let uid = closure.uid().unwrap_or_default();
    if claims.uid.as_ref().is_some_and(|told| *told != uid) {
        return Err(format!(
            "the closure that --closure names has UID {uid}, not the one that --uid names"
        ));
    }
    claims.uid = Some(uid);
    claims.anchors.extend(cluster::anchor(closure));
    Ok(())
}

async fn found(client: &Client, namespace: &str, uid: &str) -> Result<Found, String> {
    let records = cluster::records(client, namespace, uid).await;
    Ok(cluster::found(&records.map_err(|why| refused(&why))?))
}

async fn client(place: &Where) -> Result<(Client, String), String> {
    place.client().await.map_err(|why| why.to_string())
}

fn refused(why: &kube::Error) -> String {
    format!("the API server refused, or could not be asked: {why}")
}

fn write(text: &str) -> Result<(), String> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(gone) if gone.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(|why| format!("write the output: {why}")),
    }
}
