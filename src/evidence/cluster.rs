//! From an API server: a closure, its records and approvals, read and never written.

use crate::api::{CLOSURE_UID, ClosureApproval, ClosureRecord, TenantClosure};
use crate::evidence::anchor::Anchor;
use crate::evidence::entry::{Found, Place};
use crate::evidence::export;
use kube::api::ListParams;
use kube::core::DynamicObject;
use kube::discovery::ApiResource;
use kube::{Api, Client, ResourceExt as _};
use serde_json::Value;

/// Where the operator keeps the journal unless the closure says otherwise.
pub const NAMESPACE: &str = "tenant-closure";
/// Parts of plans weigh up to 100 KiB.
const PAGE: u32 = 50;

/// Each record of a closure, as stored, page by page.
async fn each(
    client: &Client,
    namespace: &str,
    uid: &str,
    mut found: impl FnMut(Value),
) -> Result<(), kube::Error> {
    let resource = ApiResource::erase::<ClosureRecord>(&());
    let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &resource);
    let label = format!("{CLOSURE_UID}={uid}");
    let mut params = ListParams::default().labels(&label).limit(PAGE);
    loop {
        let page = api.list(&params).await?;
        for item in page.items {
            found(serde_json::to_value(item).map_err(kube::Error::SerdeError)?);
        }
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params = params.continue_token(&token),
            None => return Ok(()),
        }
    }
}

/// All records of a closure, as stored, in the order of an export.
///
/// # Errors
/// Where the API server refused or failed.
pub async fn records(
    client: &Client,
    namespace: &str,
    uid: &str,
) -> Result<Vec<Value>, kube::Error> {
    let mut all = Vec::new();
    each(client, namespace, uid, |object| all.push(object)).await?;
    export::sort(&mut all);
    Ok(all)
}

/// A closure's journal, read page by page: of a large plan only the ids stay in memory.
///
/// # Errors
/// Where the API server refused or failed.
pub async fn journal(client: &Client, namespace: &str, uid: &str) -> Result<Found, kube::Error> {
    let mut all = Found::default();
    each(client, namespace, uid, |object| add(&mut all, &object)).await?;
    Ok(all)
}

fn add(found: &mut Found, object: &Value) {
    let name = object.pointer("/metadata/name").and_then(Value::as_str);
    let source = format!("closurerecord {}", name.unwrap_or("without a name"));
    found.add(object, Place { source, line: None });
}

/// The same, read as a journal.
pub fn found(objects: &[Value]) -> Found {
    let mut found = Found::default();
    for object in objects {
        add(&mut found, object);
    }
    found
}

/// Where a closure's journal lies: as its status pins it, else where it is looked for.
pub fn journal_namespace<'a>(closure: &'a TenantClosure, otherwise: &'a str) -> &'a str {
    let journal = closure.status.as_ref().and_then(|s| s.journal.as_ref());
    journal.map_or(otherwise, |journal| &journal.namespace)
}

/// The approvals that a namespace holds.
///
/// # Errors
/// Where the API server refused or failed, or one of them cannot be read.
pub async fn approvals(
    client: &Client,
    namespace: &str,
) -> Result<Vec<ClosureApproval>, kube::Error> {
    let api: Api<ClosureApproval> = Api::namespaced(client.clone(), namespace);
    Ok(api.list(&ListParams::default()).await?.items)
}

/// The head that a closure's status names.
pub fn anchor(closure: &TenantClosure) -> Option<Anchor> {
    let journal = closure.status.as_ref()?.journal.as_ref()?;
    Some(Anchor {
        sequence: journal.sequence,
        hash: journal.head.clone(),
        source: format!(
            "status.journal of closure {}/{}",
            closure.namespace().unwrap_or_default(),
            closure.name_any()
        ),
    })
}
