//! Garbage never counts: not as none, not as success, not as an empty list.

use crate::readings::words;
use crate::row::{But, Row};
use crate::server::Told;
use crate::stage::{Hit, Ran, Stage};
use crate::trial;
use libtest_mimic::Trial;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tenant_closure::closure::observation::Fact;

const MIB: usize = 1 << 20;

type Twist = Box<dyn Fn(Hit<'_>) -> Told + Send + Sync>;

pub fn trials(row: &'static Row) -> Vec<Trial> {
    if row.writes() {
        return Vec::new();
    }
    vec![
        trial(
            row,
            "garbage in the place of the reply",
            move |stage| async move {
                let mut twists: Vec<(String, Twist)> = Vec::new();
                for body in garbage() {
                    let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
                    let told = move |_: Hit<'_>| Told::Raw(200, vec![], body.clone());
                    twists.push((shown, Box::new(told)));
                }
                let torn = |hit: Hit<'_>| {
                    let text = hit.good.body.to_string();
                    Told::Raw(200, vec![], text.as_bytes()[..text.len() / 2].to_vec())
                };
                twists.push(("torn".to_owned(), Box::new(torn)));
                let wrapped = |hit: Hit<'_>| Told::Json(200, json!([hit.good.body]));
                twists.push(("in an array".to_owned(), Box::new(wrapped)));
                for (shown, ran) in each(stage, twists).await {
                    never(&ran, &shown);
                }
            },
        ),
        trial(
            row,
            "one MiB more than is documented",
            move |stage| async move {
                let ran = stage
                    .run(|mut hit| {
                        let body = &mut hit.good.body;
                        let place = if body.is_array() { &mut body[0] } else { body };
                        place["somethingNew"] = json!("x".repeat(MIB));
                        hit.good()
                    })
                    .await;
                assert_eq!(
                    ran.made,
                    Fact::Known(row.makes.to_owned()),
                    "{}",
                    ran.told()
                );
            },
        ),
        trial(row, "a field that is missing", move |stage| async move {
            let twists = fields(&stage, remove).await;
            for (name, ran) in each(stage, twists).await {
                match row.without.iter().find(|(field, _)| *field == name) {
                    Some((_, makes)) => {
                        assert_eq!(words(&ran.made), *makes, "{name}: {}", ran.told());
                    }
                    None => never(&ran, &name),
                }
            }
        }),
        trial(row, "a field of another type", move |stage| async move {
            let twists = fields(&stage, retype).await;
            for (name, ran) in each(stage, twists).await {
                let as_if_missing = row.without.iter().any(|(field, makes)| {
                    *field == name && ran.made == Fact::Known((*makes).to_owned())
                });
                if !as_if_missing {
                    never(&ran, &name);
                }
            }
        }),
        trial(
            row,
            "every field that may be missing is one of the reply's",
            move |stage| async move {
                let names: Vec<String> = paths(&reply(&stage).await)
                    .iter()
                    .map(|path| name(path))
                    .collect();
                let unknown = row
                    .without
                    .iter()
                    .find(|(field, _)| !names.iter().any(|name| name == field));
                assert_eq!(unknown, None, "{names:?}");
            },
        ),
    ]
}

/// One run for each; at once on stages of their own where a run takes long.
async fn each(stage: Stage, twists: Vec<(String, Twist)>) -> Vec<(String, Ran)> {
    let mut all = Vec::new();
    if stage.row.is(But::Slow) {
        let runs = twists.into_iter().map(|(name, twist)| async {
            let stage = Stage::new(stage.row).await;
            (name, stage.run(twist).await)
        });
        return futures::future::join_all(runs).await;
    }
    for (name, twist) in twists {
        all.push((name, stage.run(twist).await));
    }
    all
}

/// A twist for each field of the good reply.
async fn fields(stage: &Stage, change: fn(&mut Value, &[Step])) -> Vec<(String, Twist)> {
    let mut paths = paths(&reply(stage).await);
    if stage.row.is(But::Whole) {
        // What is inside the bodies is for the rows of the calls inside.
        let inside = |path: &Vec<Step>| name(path).starts_with("responses/body/");
        paths.retain(|path| !inside(path));
    }
    let twist = |path: Vec<Step>| {
        let name = name(&path);
        let twist = move |mut hit: Hit<'_>| {
            change(&mut hit.good.body, &path);
            hit.good()
        };
        (name, Box::new(twist) as Twist)
    };
    paths.into_iter().map(twist).collect()
}

/// No reply to anything.
pub fn garbage() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = [
        "",
        "<html><body>Sorry</body></html>",
        "null",
        "42",
        "\"text\"",
        "[]",
        "{}",
        r#"{"value": null}"#,
        r#"{"value": {}}"#,
        r#"{"value": "x"}"#,
        r#"{"value": [42]}"#,
        r#"{"value": [null]}"#,
        r#"{"items": {}}"#,
        r#"{"responses": {}}"#,
        r#"{"error": {"code": "InternalError"}}"#,
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec();
    all.push(format!("<html>{}</html>", "Sorry ".repeat(MIB / 6)).into_bytes());
    all
}

fn never(ran: &Ran, shown: &str) {
    let counts = !matches!(ran.made, Fact::Unreadable(_));
    assert!(!counts, "{shown}: {}", ran.told());
}

/// The good reply, as it is given in a run.
async fn reply(stage: &Stage) -> Value {
    let kept = Arc::new(Mutex::new(Value::Null));
    let theirs = Arc::clone(&kept);
    stage
        .run(move |hit| {
            theirs.lock().unwrap().clone_from(&hit.good.body);
            hit.good()
        })
        .await;
    kept.lock().unwrap().clone()
}

/// One step down into a reply.
#[derive(Clone, Debug)]
enum Step {
    Field(String),
    /// The first of an array.
    First,
}

fn name(path: &[Step]) -> String {
    let fields = path.iter().filter_map(|step| match step {
        Step::Field(name) => Some(name.as_str()),
        Step::First => None,
    });
    fields.collect::<Vec<_>>().join("/")
}

/// Every field, of arrays those of the first element.
fn paths(value: &Value) -> Vec<Vec<Step>> {
    let mut all = Vec::new();
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields {
                let here = Step::Field(name.clone());
                all.push(vec![here.clone()]);
                for path in paths(inner) {
                    all.push([vec![here.clone()], path].concat());
                }
            }
        }
        Value::Array(elements) => {
            for path in elements.first().map(paths).unwrap_or_default() {
                all.push([vec![Step::First], path].concat());
            }
        }
        _ => {}
    }
    all
}

fn find<'a>(value: &'a mut Value, path: &[Step]) -> &'a mut Value {
    path.iter().fold(value, |here, step| match step {
        Step::Field(name) => &mut here[name.as_str()],
        Step::First => &mut here[0],
    })
}

fn remove(value: &mut Value, path: &[Step]) {
    let Some((Step::Field(name), before)) = path.split_last() else {
        panic!("{path:?}")
    };
    find(value, before).as_object_mut().unwrap().remove(name);
}

fn retype(value: &mut Value, path: &[Step]) {
    let field = find(value, path);
    *field = if field.is_number() {
        json!({"x": "y"})
    } else {
        json!(42.5)
    };
}
