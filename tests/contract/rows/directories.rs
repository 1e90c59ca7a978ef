//! Directories that are Azure resources.

use super::TENANT;
use super::arm::{absent, on};
use crate::row::{Row, Run, row};
use serde_json::{Value, json};
use tenant_closure::closure::intent::{Action, Intent};
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
        )
    };
}

pub fn rows() -> Vec<Row> {
    let kinds = [directory!("ciamDirectories"), directory!("b2cDirectories")];
    let rows = kinds.map(|(read, get, write, delete, resource)| {
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
        ]
    });
    rows.into_iter().flatten().collect()
}
