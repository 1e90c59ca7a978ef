//! A form that was sent: what it presses, and the page that tells what came of it.

use serde_json::{Value, json};

use super::super::control;
use super::super::errors::Refusal;
use super::super::exchange::{Content, Reply, Request};
use super::super::world::World;
use super::{problem, see_other};

/// The fields of a form, in order, names may repeat.
struct Form(Vec<(String, String)>);

impl Form {
    fn read(body: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(body).into_owned().collect())
    }

    fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let same = move |pair: &&(String, String)| pair.0 == name;
        self.0.iter().filter(same).map(|(_, value)| value.as_str())
    }
}

pub(super) fn form(world: &mut World, index: usize, rest: &[&str], request: &Request) -> Reply {
    let part = match rest {
        [] => "",
        [part @ ("users" | "subscriptions" | "applications" | "delete")] => part,
        _ => return problem(404, "No form of these pages goes there."),
    };
    let form = Form::read(&request.body);
    let (good, text) = match deed(world, index, &form, request) {
        Ok(text) => (true, text),
        Err(refusal) => (false, sentence(&refusal.message)),
    };
    let note = world.notes.add(good, text);
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("note", &note.to_string());
    for name in ["page", "find"] {
        if !form.get(name).is_empty() {
            query.append_pair(name, form.get(name));
        }
    }
    let slash = if part.is_empty() { "" } else { "/" };
    see_other(&format!(
        "/tenants/{}{slash}{part}?{}",
        world.tenants[index].id,
        query.finish()
    ))
}

fn refuse(text: &str) -> Refusal {
    Refusal::new(400, "badRequest", text)
}

/// Presses it, and says in a sentence what came of it.
fn deed(
    world: &mut World,
    index: usize,
    form: &Form,
    request: &Request,
) -> Result<String, Refusal> {
    let action = form.get("action");
    match action {
        "advanceClock" => {
            let seconds: f64 = form.get("seconds").parse().unwrap_or(0.0);
            control::advance(world, &json!({ "seconds": seconds }))?;
            Ok(format!(
                "The clock was put forward by {}.",
                super::frame::span((seconds * 1000.0) as i64)
            ))
        }
        "deleteUser" | "disableMfa" => many(
            world,
            index,
            action,
            &form.all("id").collect::<Vec<_>>(),
            request,
        ),
        "deleteShown" => many(
            world,
            index,
            "deleteUser",
            &form.all("shown").collect::<Vec<_>>(),
            request,
        ),
        "cancelSubscription" if form.get("reason").is_empty() => {
            Err(refuse("Choose a reason first."))
        }
        "deleteTenant"
            if !form
                .get("confirm")
                .trim()
                .eq_ignore_ascii_case(&world.tenants[index].initial_domain) =>
        {
            Err(refuse(
                "The domain that you wrote is not the first domain of this tenant.",
            ))
        }
        _ => {
            let mut body = json!({ "action": action });
            for name in ["id", "reason", "feedback", "userCode"] {
                let given = form.get(name).trim();
                if !given.is_empty() {
                    body[name] = json!(given);
                }
            }
            let hidden = world.tenants[index].hidden_left();
            press(world, index, &body, request)?;
            Ok(match action {
                "supportRemovesApplications" if !hidden => {
                    "Support finds nothing that these pages do not show."
                }
                _ => told(action),
            }
            .to_owned())
        }
    }
}

fn press(world: &mut World, index: usize, body: &Value, request: &Request) -> Result<(), Refusal> {
    let reply = control::press(world, index, body, &request.request_id)?;
    match (reply.status, &reply.content) {
        (200..300, _) => Ok(()),
        (status, Content::Json(value)) => {
            let text = value["message"].as_str().unwrap_or("That was refused.");
            Err(Refusal::new(status, "refused", text))
        }
        (status, _) => Err(Refusal::new(status, "refused", "That was refused.")),
    }
}

/// The same press on each of several users; one that is refused does not hold up the others.
fn many(
    world: &mut World,
    index: usize,
    action: &str,
    ids: &[&str],
    request: &Request,
) -> Result<String, Refusal> {
    if ids.is_empty() {
        return Err(refuse("Tick at least one user first."));
    }
    let mut refused = Vec::new();
    for id in ids {
        if let Err(refusal) = press(
            world,
            index,
            &json!({ "action": action, "id": id }),
            request,
        ) {
            refused.push(refusal.message);
        }
    }
    let done = ids.len() - refused.len();
    let users = if done == 1 {
        "1 user was".to_owned()
    } else {
        format!("{done} users were")
    };
    let what = if action == "deleteUser" {
        "deleted"
    } else {
        "freed of multifactor authentication"
    };
    let told = format!("{users} {what}.");
    match refused.first() {
        None => Ok(told),
        Some(first) => Err(refuse(&format!(
            "{told} {} refused: {}",
            refused.len(),
            sentence(first)
        ))),
    }
}

/// With a capital letter and a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    let stop = if text.ends_with(['.', '?', '!']) {
        ""
    } else {
        "."
    };
    format!("{first}{}{stop}", letters.as_str())
}

fn told(action: &str) -> &'static str {
    match action {
        "switchSyncOff" => "Directory synchronization is being switched off.",
        "changeDns" => "The records were removed.",
        "liftRestrictions" => "The protection was lifted.",
        "cancelSubscription" => "The subscription was canceled.",
        "deleteSubscription" => "The subscription is being deleted.",
        "supportDeletes" => "Support deleted the subscription.",
        "partnerCancels" => "The partner canceled the subscription.",
        "accountManagerEnds" => "The account manager ended the subscription.",
        "stopRenewal" => "The subscription renews no more.",
        "deleteApplication" => "The application was deleted.",
        "disableApplication" => "Nobody signs in to the application any more.",
        "disconnectAzureDevOps" => "The organization of Azure DevOps is disconnected.",
        "supportRemovesApplications" => "Support removed what these pages do not show.",
        "releaseDomain" => "The domain was removed.",
        "signIn" => "The other device is signed in.",
        "settleCheck" => "The check has passed.",
        "deleteTenant" => "The tenant was deleted.",
        _ => "Done.",
    }
}
