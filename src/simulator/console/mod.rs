//! The admin center of the simulation: pages on which a person sees what is left of a tenant and presses what only a person can press.
//!
//! Plain HTML with forms and redirects, no script. A button does what the same press under `/_sim` does, by the same code.

mod applications;
mod delete;
mod frame;
mod history;
mod notes;
mod overview;
mod press;
mod subscriptions;
mod users;

use maud::{Markup, html};

use super::exchange::{Content, Reply, Request};
use super::hosts;
use super::world::World;
use frame::{Page, Part};

pub(crate) use notes::Notes;

/// What the pages load and where their forms go: the simulation itself, and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

pub(crate) fn serve(world: &mut World, request: &Request) -> Reply {
    let segments = request.segments();
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    if request.method == "POST" && from_elsewhere(request) {
        return problem(
            403,
            "Another site sent this form. Open the page itself and press there.",
        );
    }
    match (request.method.as_str(), parts.as_slice()) {
        // Microsoft's own pages, where a hand-off or a device sends a person: the part after `#` never leaves the browser.
        ("GET" | "HEAD", [] | ["Adminportal", "Home"]) => front(world, request, ""),
        ("GET" | "HEAD", ["devicelogin"]) => front(world, request, "#sign-in"),
        ("GET" | "HEAD", ["fwlink", ..]) => front(world, request, forwarded(request)),
        ("GET" | "HEAD", ["style.css"]) => Reply {
            status: 200,
            headers: vec![("Cache-Control".to_owned(), "max-age=60".to_owned())],
            content: Content::Text(include_str!("style.css").to_owned(), "text/css"),
        },
        (method, ["tenants", id, rest @ ..]) => {
            let Ok(index) = super::control::find(world, id) else {
                return problem(404, "This simulation has no such tenant.");
            };
            match method {
                "GET" | "HEAD" => show(world, index, rest, request),
                "POST" => press::form(world, index, rest, request),
                _ => problem(405, "A page is read, or a form is sent."),
            }
        }
        _ => problem(404, "There is no such page."),
    }
}

/// A browser says where a form came from; other clients say nothing.
fn from_elsewhere(request: &Request) -> bool {
    request
        .header("sec-fetch-site")
        .is_some_and(|site| !matches!(site, "same-origin" | "none"))
}

fn show(world: &mut World, index: usize, rest: &[&str], request: &Request) -> Reply {
    let part = match rest {
        [] => Part::Overview,
        ["users", ..] => Part::Users,
        ["subscriptions", ..] => Part::Subscriptions,
        ["applications"] => Part::Applications,
        ["delete"] => Part::Delete,
        ["history"] => Part::History,
        _ => return problem(404, "There is no such page."),
    };
    let page = Page::new(world, index, part, request);
    let body = match rest {
        [] => Some(overview::page(&page)),
        ["users"] => Some(users::page(&page)),
        ["subscriptions"] => Some(subscriptions::page(&page)),
        ["subscriptions", id, deed] => subscriptions::question(&page, id, deed),
        ["applications"] => Some(applications::page(&page)),
        ["delete"] => Some(delete::page(&page)),
        ["history"] => Some(history::page(&page)),
        _ => None,
    };
    match body {
        Some(body) => html_reply(200, page.frame(&body)),
        None => problem(404, "There is no such page."),
    }
}

/// Where Microsoft's forward links go that its procedure names.
fn forwarded(request: &Request) -> &'static str {
    match request.query.get("linkid") {
        Some("842054") => "/subscriptions",
        Some("834822") => "/users",
        Some("518322") => "/delete",
        _ => "",
    }
}

/// Which tenant? Where there is only one in the clouds of this host, it; `part` is the page of it that is meant.
fn front(world: &World, request: &Request, part: &str) -> Reply {
    let host = request.base.strip_prefix("https://").unwrap_or_default();
    let clouds = hosts::lookup(host).map(|(_, clouds)| clouds);
    let here = world.tenants.iter();
    let here: Vec<_> = here
        .filter(|one| clouds.is_none_or(|clouds| clouds.contains(&one.cloud)))
        .collect();
    if let [only] = here.as_slice() {
        return see_other(&format!("/tenants/{}{part}", only.id));
    }
    let body = html! {
        h1 { "Tenants of this simulation" }
        table {
            thead { tr { th { "Tenant" } th { "Cloud" } th.number { "Users left" } th.number { "Subscriptions left" } th { "State" } } }
            tbody {
                @for tenant in here {
                    tr {
                        td { a href=(format!("/tenants/{}{part}", tenant.id)) { (tenant.initial_domain) } br; small { (tenant.id) } }
                        td { (format!("{:?}", tenant.cloud)) }
                        td.number { (tenant.users.alive()) }
                        td.number { (tenant.subscriptions_left()) }
                        td { @if tenant.exists() { "There" } @else { "Deleted" } }
                    }
                }
            }
        }
    };
    html_reply(200, frame::bare("Tenants", &body))
}

fn problem(status: u16, text: &str) -> Reply {
    let body =
        html! { h1 { "That did not work" } p { (text) } p { a href="/" { "To the tenants" } } };
    html_reply(status, frame::bare("That did not work", &body))
}

fn html_reply(status: u16, page: Markup) -> Reply {
    Reply {
        status,
        headers: Vec::new(),
        content: Content::Text(page.into_string(), "text/html; charset=utf-8"),
    }
    .with("Content-Security-Policy", POLICY)
    .with("X-Content-Type-Options", "nosniff")
    .with("Referrer-Policy", "same-origin")
    .with("Cache-Control", "no-store")
}

fn see_other(place: &str) -> Reply {
    Reply::empty(303).with("Location", place)
}

#[cfg(test)]
mod tests {
    use super::super::exchange::Service;
    use super::super::testing;
    use super::*;

    /// Where a page of Microsoft's leads in this simulation.
    fn leads(world: &mut World, host: &str, target: &str) -> (u16, String) {
        let mut request = testing::request(Service::Console, "GET", target, None, b"");
        request.base = format!("https://{host}");
        let reply = world.serve(&request);
        let place = reply.headers.iter().find(|(name, _)| name == "Location");
        (
            reply.status,
            place.map(|(_, place)| place.clone()).unwrap_or_default(),
        )
    }

    #[test]
    fn a_page_of_microsofts_leads_to_the_tenant_of_its_cloud() {
        let mut world = World::test("tenants: [{users: 1}, {users: 1, cloud: USGovDoD}]");
        let [global, defense] = [0, 1].map(|index| world.tenants[index].id);
        for (host, target, id, part) in [
            ("admin.microsoft.com", "/Adminportal/Home", global, ""),
            (
                "go.microsoft.com",
                "/fwlink/p/?linkid=842054",
                global,
                "/subscriptions",
            ),
            (
                "go.microsoft.com",
                "/fwlink/p/?linkid=834822",
                global,
                "/users",
            ),
            (
                "go.microsoft.com",
                "/fwlink/p/?linkid=518322",
                global,
                "/delete",
            ),
            ("microsoft.com", "/devicelogin", global, "#sign-in"),
            ("portal.azure.us", "/", defense, ""),
            ("portal.apps.mil:443", "/Adminportal/Home", defense, ""),
        ] {
            let wanted = (303, format!("/tenants/{id}{part}"));
            assert_eq!(leads(&mut world, host, target), wanted, "{host}{target}");
        }
        // Nobody lives in that cloud, and on our own address everybody does.
        assert_eq!(leads(&mut world, "portal.azure.cn", "/").0, 200);
        assert_eq!(leads(&mut world, "127.0.0.1:8443", "/").0, 200);
        assert_eq!(leads(&mut world, "admin.microsoft.com", "/nowhere").0, 404);
    }
}
