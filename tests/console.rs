//! The simulator's pages in a real browser: a whole tenant is closed by hand, by pressing what a person would press.
#![cfg(feature = "operator")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "tests fail by panicking"
)]

#[path = "support/browser.rs"]
mod browser;

use std::net::SocketAddr;

use browser::Browser;
use serde_json::Value;
use tenant_closure::simulator::{Running, Scenario, Settings, start};
use thirtyfour::prelude::*;

const TENANT: &str = r#"
tenants:
- displayName: "Contoso <script>document.title='taken'</script> & \"Sons\""
  users: 60
  guestsPercent: 10
  privilegedAdmins: 1
  restrictedUsers: 2
  mfaUsers: 1
  sync: { enabled: true, percent: 50 }
  spareAdministrator: {}
  subscriptions:
  - { kind: Direct, sku: SPE_E5, termEndDays: 120 }
  - { kind: CustomerAgreement, sku: POWER_BI_PRO, termEndDays: 10 }
  - { kind: CustomerAgreement, sku: PROJECT, termEndDays: 40, cancellable: false }
  - { kind: Partner, sku: M365_BUSINESS }
  - { kind: Azure, sku: AZURE_PAYG }
  - { kind: Direct, sku: VISIO, status: Suspended, deletable: false }
  applications: 1
  servicePrincipals: 1
  managedIdentities: 1
  firstPartyServicePrincipals: 40
"#;

/// For how long a page may take.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

fn simulate(scenario: &str) -> Running {
    let settings = Settings {
        scenario: Scenario::parse(scenario).unwrap(),
        console: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
        speed: 1.0,
        ..Settings::default()
    };
    start(&settings).unwrap()
}

/// A person before the browser.
struct Person {
    browser: Browser,
    home: String,
}

impl Person {
    async fn new(home: &str) -> Self {
        let browser = Browser::start().await;
        browser.page.goto(home).await.unwrap();
        Self {
            browser,
            home: home.to_owned(),
        }
    }

    /// Goes to a page of the tenant by the words of its link.
    async fn go(&self, words: &str) {
        let link = self.browser.page.find(By::LinkText(words)).await;
        self.follow(link.unwrap()).await;
    }

    /// Presses the first button with these words, within the row that `row` names where it is not empty.
    async fn press(&self, row: &str, words: &str) {
        let within = if row.is_empty() {
            String::new()
        } else {
            format!("//tr[contains(., '{row}')]")
        };
        let path = format!("{within}//*[self::button or self::a][normalize-space()='{words}']");
        let button = self.browser.page.find(By::XPath(&path)).await;
        let button = button.unwrap_or_else(|_| panic!("no button '{words}' in '{row}'"));
        self.follow(button).await;
    }

    /// Clicks what leads to another page, and waits until the old one is gone.
    async fn follow(&self, element: WebElement) {
        let old = self.browser.page.find(By::Tag("html")).await.unwrap();
        element.click().await.unwrap();
        let deadline = std::time::Instant::now() + PATIENCE;
        while old.is_present().await.unwrap_or(false) {
            assert!(std::time::Instant::now() < deadline, "the page stays");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// What the page says of the last press.
    async fn told(&self) -> String {
        let Ok(note) = self.browser.page.find(By::Css("p.note")).await else {
            self.picture("trouble").await;
            panic!("the page says nothing: {}", self.text().await);
        };
        note.text().await.unwrap()
    }

    async fn text(&self) -> String {
        let main = self.browser.page.find(By::Tag("main")).await;
        main.unwrap().text().await.unwrap()
    }

    /// A picture, where somebody wants to look: the folder is told by an environment variable.
    async fn picture(&self, name: &str) {
        if let Ok(folder) = std::env::var("CONSOLE_PICTURES") {
            let path = std::path::Path::new(&folder).join(format!("{name}.png"));
            self.browser.page.screenshot(&path).await.unwrap();
        }
    }

    async fn forward(&self, words: &str) {
        self.go("Overview").await;
        let choice = format!("//option[.='{words}']");
        let option = self.browser.page.find(By::XPath(&choice)).await;
        option.unwrap().click().await.unwrap();
        self.press("", "Forward").await;
        assert!(self.told().await.starts_with("The clock was put forward"));
    }

    async fn cancel(&self, product: &str, feedback: &str) {
        self.go("Subscriptions").await;
        self.press(product, "Cancel…").await;
        let reason = By::XPath("//option[starts-with(., 'The organization closes')]");
        self.browser
            .page
            .find(reason)
            .await
            .unwrap()
            .click()
            .await
            .unwrap();
        let field = self.browser.page.find(By::Id("feedback")).await.unwrap();
        field.send_keys(feedback).await.unwrap();
        self.picture("cancel").await;
        self.press("", "Cancel the subscription").await;
        assert_eq!(self.told().await, "The subscription was canceled.");
    }

    async fn delete(&self, product: &str) {
        self.press(product, "Delete…").await;
        self.press("", "Yes, delete the subscription").await;
        assert_eq!(self.told().await, "The subscription is being deleted.");
    }
}

/// What the simulation says of itself, over its own contract.
async fn sim(running: &Running, path: &str) -> Value {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let authority = reqwest::Certificate::from_pem(running.ca_pem.as_bytes()).unwrap();
    let http = reqwest::Client::builder()
        .tls_certs_only([authority])
        .no_proxy()
        .build()
        .unwrap();
    let url = format!("{}/{path}", running.urls.sim);
    http.get(url).send().await.unwrap().json().await.unwrap()
}

/// Step 1.
async fn delete_users(person: &Person) {
    // What comes from the premises stays until synchronization is off.
    person.go("Users").await;
    person.press("", "Delete the ticked users").await;
    assert_eq!(person.told().await, "Tick at least one user first.");
    person.press("", "Delete all on this page").await;
    let told = person.told().await;
    assert!(
        told.contains("refused: This user comes from the directory on the premises"),
        "{told}"
    );
    person.picture("users").await;
    person.go("Overview").await;
    person.press("", "Switch it off").await;
    assert!(
        person
            .text()
            .await
            .contains("Is being switched off: done in 3 days")
    );
    person.forward("3 days").await;
    assert!(
        person
            .text()
            .await
            .contains("Directory synchronization\nOff.")
    );

    person.go("Users").await;
    person.press("", "Lift the protection").await;
    person.picture("users-light").await;
    person.browser.prefer("dark").await;
    person.picture("users-dark").await;
    // Who stays has no box to tick; the others go page by page.
    for _ in 0..10 {
        let boxes = By::Css("input[type=checkbox]");
        if person
            .browser
            .page
            .find_all(boxes)
            .await
            .unwrap()
            .is_empty()
        {
            break;
        }
        person.press("", "Delete all on this page").await;
        assert!(
            person.told().await.ends_with("deleted."),
            "{}",
            person.told().await
        );
    }
    assert!(person.text().await.contains("\n1 is left. "));
}

/// Steps 2 and 3.
async fn end_subscriptions(person: &Person) {
    person.cancel("SPE_E5", "We <merge> & \"move\"").await;
    person.delete("SPE_E5").await;
    person.cancel("AZURE_PAYG", "").await;
    assert!(
        person
            .text()
            .await
            .contains("Delete is offered in 15 minutes")
    );
    person.forward("1 hour").await;
    person.go("Subscriptions").await;
    person.delete("AZURE_PAYG").await;
    person.cancel("POWER_BI_PRO", "").await;
    assert!(
        person
            .text()
            .await
            .contains("Nothing: it goes at the end of its term.")
    );
    assert!(
        person
            .text()
            .await
            .contains("Too late to cancel within this term.")
    );
    person.press("PROJECT", "Stop the renewal").await;
    person
        .press("M365_BUSINESS", "Ask the partner to cancel it")
        .await;
    person.press("VISIO", "Ask support to delete it").await;
    person.picture("subscriptions-dark").await;
    person.browser.prefer("light").await;
    person.picture("subscriptions").await;
    person.forward("30 days").await;
    person.forward("30 days").await;
    assert!(person.text().await.contains("No subscription is left."));
}

/// Step 5.
async fn delete_tenant(person: &Person) {
    person.go("Delete the tenant").await;
    person.picture("delete").await;
    for label in [
        "Set the LinkedIn connection to No",
        "Delete the multifactor providers",
        "Delete the self-service products",
        "Pay the invoices",
        "Remove the seats of the store",
    ] {
        person.press("", label).await;
        assert_eq!(person.told().await, "The check has passed.");
    }
    let field = By::Id("confirm");
    let find = || person.browser.page.find(field.clone());
    find()
        .await
        .unwrap()
        .send_keys("contoso.onmicrosoft.com")
        .await
        .unwrap();
    person.press("", "Delete this tenant").await;
    assert_eq!(person.told().await, "Not every check has passed.");

    person.go("Applications").await;
    person.picture("applications").await;
    for row in [
        "Line of business 1",
        "TenantClosure reader",
        "TenantClosure closer",
        "Vendor application 1",
    ] {
        person.press(row, "Delete").await;
        assert_eq!(person.told().await, "The application was deleted.");
    }
    assert!(
        !person.text().await.contains("managed-identity-1"),
        "it went with its subscription"
    );

    person.go("Delete the tenant").await;
    assert!(
        !person.text().await.contains("Not yet"),
        "{}",
        person.text().await
    );
    find()
        .await
        .unwrap()
        .send_keys("fabrikam.onmicrosoft.com")
        .await
        .unwrap();
    person.press("", "Delete this tenant").await;
    assert!(
        person
            .told()
            .await
            .contains("is not the first domain of this tenant")
    );
    find()
        .await
        .unwrap()
        .send_keys("contoso.onmicrosoft.com")
        .await
        .unwrap();
    person.picture("delete-ready").await;
    person.press("", "Delete this tenant").await;
    assert_eq!(person.told().await, "The tenant was deleted.");
    assert!(
        person
            .text()
            .await
            .contains("Nothing of it can be pressed any more.")
    );
}

#[tokio::test]
async fn a_tenant_is_closed_by_hand() {
    let running = simulate(TENANT);
    let person = Person::new(&running.urls.console).await;
    assert!(
        person
            .text()
            .await
            .contains("58 of 60 users are to be deleted.")
    );
    person.picture("overview").await;

    delete_users(&person).await;
    end_subscriptions(&person).await;
    delete_tenant(&person).await;
    person.go("History").await;
    assert!(person.text().await.contains("Tenant deleted"));
    person.picture("history").await;
    assert!(!person.browser.page.title().await.unwrap().contains("taken"));

    let tenant = &sim(&running, "tenants").await[0];
    assert_eq!(
        (&tenant["deleted"], &tenant["usersLeft"]),
        (&Value::Bool(true), &1.into())
    );
    assert_eq!(sim(&running, "violations").await["count"], 0);
    let effects = sim(&running, "effects?kind=subscriptionCanceled").await;
    assert_eq!(
        effects[0]["note"],
        "The organization closes or merges · We <merge> & \"move\""
    );
    person.browser.close().await;
}

const STUBBORN: &str = r"
tenants:
- users: 2
  guestsPercent: 0
  domains: [contoso.nl]
  publicClients: [00000000-0000-0000-0000-0000000000c1]
  azureDevOps: true
  linkedInConnection: true
  managedIdentities: 1
  undeletableServicePrincipals: 1
  hiddenServicePrincipals: 1
";

/// Another device asks for a code; what it is to show.
async fn code(running: &Running) -> String {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let authority = reqwest::Certificate::from_pem(running.ca_pem.as_bytes()).unwrap();
    let http = reqwest::Client::builder()
        .tls_certs_only([authority])
        .no_proxy()
        .build()
        .unwrap();
    let (login, tenant) = (&running.urls.login, running.tenants[0].id);
    let body = "client_id=00000000-0000-0000-0000-0000000000c1&scope=https://graph.microsoft.com/User.Read";
    let asked = http
        .post(format!("{login}/{tenant}/oauth2/v2.0/devicecode"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body)
        .send();
    let told: Value = asked.await.unwrap().json().await.unwrap();
    told["user_code"].as_str().unwrap().to_owned()
}

/// The checks, and the deletion that is refused though all of them have passed.
async fn settle_and_delete(person: &Person) {
    let setting = "It goes with the setting LinkedIn account connections";
    person.press("O365 LinkedIn Connection", setting).await;
    for label in [
        "Delete the multifactor providers",
        "Delete the self-service products",
        "Pay the invoices",
        "Remove the seats of the store",
    ] {
        person.press("", label).await;
    }
    assert!(person.text().await.contains("Not yet: 2 checks are open."));
    person.press("", "Set the LinkedIn connection to No").await;
    assert!(
        !person.text().await.contains("Not yet"),
        "{}",
        person.text().await
    );
    for (support, told) in [
        (
            None,
            "Unable to delete the tenant: some enterprise applications cannot be deleted in the portal. Contact support.",
        ),
        (
            Some("Support removed what these pages do not show."),
            "The tenant was deleted.",
        ),
    ] {
        if let Some(words) = support {
            person.press("", "Ask support to remove it").await;
            assert_eq!(person.told().await, words);
        }
        let field = person.browser.page.find(By::Id("confirm")).await.unwrap();
        field.send_keys("contoso.onmicrosoft.com").await.unwrap();
        person.press("", "Delete this tenant").await;
        assert_eq!(person.told().await, told);
    }
}

/// What nobody can delete has a way out, on the page that shows it, or on the one to which the deletion leads.
#[tokio::test]
async fn nothing_on_the_pages_is_a_dead_end() {
    let running = simulate(STUBBORN);
    let person = Person::new(&running.urls.console).await;
    assert!(
        person
            .text()
            .await
            .contains("1 of 2 users is to be deleted.")
    );
    for (typed, told) in [
        (
            "NOBODY".to_owned(),
            "Nobody waits for a sign-in with this code.",
        ),
        (code(&running).await, "The other device is signed in."),
    ] {
        let field = person
            .browser
            .page
            .find(By::Name("userCode"))
            .await
            .unwrap();
        field.send_keys(&typed).await.unwrap();
        person.press("", "Sign in").await;
        assert_eq!(person.told().await, told);
    }
    person
        .press("", "Remove the domain, and what uses it")
        .await;
    assert_eq!(person.told().await, "The domain was removed.");
    assert!(!person.text().await.contains("contoso.nl"));
    person.go("Users").await;
    person.press("", "Delete all on this page").await;

    person.go("Applications").await;
    for (row, button, told) in [
        (
            "TenantClosure reader",
            "Delete",
            "The application was deleted.",
        ),
        (
            "TenantClosure closer",
            "Delete",
            "The application was deleted.",
        ),
        (
            "Undeletable application 1",
            "Delete",
            "It refuses to be deleted.",
        ),
        (
            "Undeletable application 1",
            "Disable",
            "Nobody signs in to the application any more.",
        ),
        (
            "managed-identity-1",
            "Disable",
            "Nobody signs in to the application any more.",
        ),
        (
            "Azure DevOps",
            "Disconnect the organization of Azure DevOps",
            "The organization of Azure DevOps is disconnected.",
        ),
    ] {
        person.press(row, button).await;
        assert_eq!(person.told().await, told, "{row}");
    }
    person.picture("stubborn").await;
    let page = person.text().await;
    assert_eq!(
        page.matches("Disabled, it is no longer in the way.")
            .count(),
        2,
        "{page}"
    );
    settle_and_delete(&person).await;
    person.browser.close().await;
}

#[tokio::test]
async fn one_of_several_tenants_is_chosen_and_its_users_are_found() {
    let running = simulate("tenants: [{users: 3}, {users: 300, guestsPercent: 0}]");
    let person = Person::new(&running.urls.console).await;
    person.picture("tenants").await;
    person.go("contoso2.onmicrosoft.com").await;
    person.go("Users").await;
    assert!(person.text().await.contains("1–25 of 300"));
    person.go("After ›").await;
    assert!(person.text().await.contains("26–50 of 300"));
    let search = person.browser.page.find(By::Name("find")).await.unwrap();
    search.send_keys("closer@").await.unwrap();
    person.press("", "Find").await;
    assert!(person.text().await.contains("1–1 of 1"));
    person.go("Other tenants").await;
    assert!(person.browser.page.current_url().await.unwrap().as_str() == person.home);
    // Dark is dark, and light is light.
    let mut papers = Vec::new();
    for scheme in ["light", "dark"] {
        person.browser.prefer(scheme).await;
        let script = "return getComputedStyle(document.body).backgroundColor";
        let paper = person.browser.page.execute(script, vec![]).await.unwrap();
        papers.push(paper.json().as_str().unwrap().to_owned());
    }
    assert_eq!(papers, ["rgb(251, 250, 247)", "rgb(21, 25, 29)"]);
    person.browser.close().await;
}
