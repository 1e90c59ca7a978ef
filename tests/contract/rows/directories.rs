//! Directories that are Azure resources.

use super::arm::{absent, on};
use super::{TENANT, told};
use crate::row::{But, Row, Run, row};
use serde_json::{Value, json};
use tenant_closure::closure::access::table::Kind;
use tenant_closure::closure::intent::{Action, Intent};
use tenant_closure::closure::observation::{Fact, Observation, Question};
use tenant_closure::microsoft::Service::Arm;

macro_rules! directory {
    ($kind:literal) => {
        (
            concat!("GET /subscriptions/{}/resourceGroups/{}/providers/Microsoft.AzureActiveDirectory/", $kind, "/{}"),
            concat!(
                "GET https://management.azure.com/subscriptions/00000000-0000-0000-0000-0000000000e1/resourceGroups/closing/providers/Microsoft.AzureActiveDirectory/",
                $kind,
                "/contoso.onmicrosoft.com?api-version=2023-05-17-preview"
            ),
            concat!("DELETE /subscriptions/{}/resourceGroups/{}/providers/Microsoft.AzureActiveDirectory/", $kind, "/{}"),
            concat!(
                "DELETE https://management.azure.com/subscriptions/00000000-0000-0000-0000-0000000000e1/resourceGroups/closing/providers/Microsoft.AzureActiveDirectory/",
                $kind,
                "/contoso.onmicrosoft.com?api-version=2023-05-17-preview"
            ),
            concat!(
                "/subscriptions/00000000-0000-0000-0000-0000000000e1/resourceGroups/closing/providers/Microsoft.AzureActiveDirectory/",
                $kind,
                "/contoso.onmicrosoft.com"
            ),
            concat!(
                "GET /subscriptions/{}/resourceGroups/{}/providers/Microsoft.AzureActiveDirectory/",
                $kind,
                "/{}/providers/Microsoft.Authorization/permissions"
            ),
            concat!(
                "GET https://management.azure.com/subscriptions/00000000-0000-0000-0000-0000000000e1/resourceGroups/closing/providers/Microsoft.AzureActiveDirectory/",
                $kind,
                "/contoso.onmicrosoft.com/providers/Microsoft.Authorization/permissions?api-version=2022-04-01"
            ),
        )
    };
}

fn rights(seen: &Observation) -> Fact<String> {
    told(&seen.rights, |held| {
        let of = |kind| {
            held.get(&kind)
                .map_or("untold".to_owned(), ToString::to_string)
        };
        let (all, one) = (of(Kind::SubscriptionRole), of(Kind::ResourceRole));
        format!("Owner on subscriptions: {all}; on the directory: {one}")
    })
}

/// What the caller may do: two roles, one of which takes something back.
pub fn permissions(
    call: &'static str,
    request: &'static str,
    makes: &'static str,
    refused: &'static str,
) -> Row {
    row(Arm, call, request, Run::Ask(Question::Rights, rights))
        .reply(json!({"value": [{"actions": ["*/read"], "notActions": []}, {"actions": ["*"], "notActions": ["*/read"]}]}))
        .makes(makes)
        .unread("value/notActions")
        .error(403, Value::Null, refused)
        .but(But::Paged)
}

pub fn rows() -> Vec<Row> {
    let kinds = [directory!("ciamDirectories"), directory!("b2cDirectories")];
    let rows = kinds.map(|(read, get, write, delete, resource, may, asked)| {
        let directory =
            json!({"name": "contoso.onmicrosoft.com", "properties": {"tenantId": TENANT}});
        let about = || Intent {
            objects: Vec::new(),
            ..on(Action::DeleteDirectory, 0, resource)
        };
        [
            row(Arm, read, get, Run::LookBack(about()))
                .reply(directory.clone())
                .makes("unanswered")
                .unread("name")
                .error(404, Value::Null, "done"),
            row(Arm, write, delete, Run::Perform(about()))
                .answered(202)
                .makes("accepted; done")
                .settled(read, directory, absent()),
            permissions(
                may,
                asked,
                "Owner on subscriptions: true; on the directory: true",
                "Owner on subscriptions: true; on the directory: false",
            ),
        ]
    });
    rows.into_iter().flatten().collect()
}
