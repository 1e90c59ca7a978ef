//! Restricted management administrative units, with the users in them.

use super::*;
use tenant_closure::closure::observation::RestrictedUnit;

const UNITS: &str = "/v1.0/directory/administrativeUnits";

fn unit(n: usize, name: &str, restricted: Option<bool>) -> Value {
    json!({"id": id(n), "displayName": name, "isMemberManagementRestricted": restricted})
}

#[tokio::test]
async fn only_restricted_units_are_looked_into_to_the_end() {
    let members = |n: usize| format!("{UNITS}/{}/members", id(n));
    let (first, going) = (members(1), members(3));
    let (fake, tenant) = start(move |seen, before| match seen.path.as_str() {
        UNITS if before == 0 => Told::Json(
            200,
            json!({"value": [unit(1, "Board", Some(true)), unit(2, "Sales", Some(false))],
                "@odata.nextLink": format!("https://{GRAPH}{UNITS}?$skiptoken=x")}),
        ),
        UNITS => Told::Json(
            200,
            json!({"value": [unit(3, "Going", Some(true)), unit(4, "Old", None)]}),
        ),
        path if path == first && before == 0 => Told::Json(
            200,
            json!({"value": [{"id": id(11), "@odata.type": "#microsoft.graph.user"},
                    {"id": id(12), "@odata.type": "#microsoft.graph.group"}],
                "@odata.nextLink": format!("https://{GRAPH}{first}?$skiptoken=y")}),
        ),
        path if path == first => Told::Json(200, json!({"value": [{"id": id(13)}]})),
        path if path == going => {
            Told::Json(404, json!({"error": {"code": "Request_ResourceNotFound"}}))
        }
        _ => usual(seen),
    })
    .await;
    let seen = ask(&tenant, Question::RestrictedUnits).await;
    let expected = RestrictedUnit {
        name: "Board".into(),
        users: vec![id(11), id(13)],
    };
    assert_eq!(seen.restricted_units, Fact::Known(vec![expected]));
    let other = members(2);
    assert!(fake.seen().iter().all(|one| one.path != other));
}

#[tokio::test]
async fn without_the_permission_nothing_is_known_of_them() {
    let denied = json!({"error": {"code": "Authorization_RequestDenied"}});
    let (_fake, tenant) = start(move |seen, _| match seen.path.as_str() {
        UNITS => Told::Json(403, denied.clone()),
        _ => usual(seen),
    })
    .await;
    let seen = ask(&tenant, Question::RestrictedUnits).await;
    assert_eq!(seen.restricted_units, Fact::Unreadable(Why::Forbidden));
}
