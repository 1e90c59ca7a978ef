//! The sign-in service.

use super::told;
use crate::row::{But, By, Row, Run, row};
use crate::stage::{token, token_of};
use serde_json::{Value, json};
use tenant_closure::closure::observation::{Existence, Fact, Observation, Question};
use tenant_closure::microsoft::Service::Login;

fn error(code: u64) -> Value {
    json!({"error": "invalid_request", "error_description": "Anna Bakker", "error_codes": [code]})
}

fn permissions(seen: &Observation) -> Fact<String> {
    told(&seen.identity, |identity| {
        identity
            .permissions
            .iter()
            .cloned()
            .collect::<Vec<_>>()
            .join(" ")
    })
}

fn directory(seen: &Observation) -> Fact<String> {
    told(&seen.directory, |existence| match existence {
        Existence::Present => "there".to_owned(),
        Existence::Gone => "gone".to_owned(),
    })
}

/// The discovery document of our tenant.
const DOCUMENT: &str = "GET https://login.microsoftonline.com/00000000-0000-0000-0000-00000000aaaa/v2.0/.well-known/openid-configuration";

/// The code for a person, as it is answered.
const CODE: &str = "POST /{}/oauth2/v2.0/devicecode";

fn code(interval: u32, life: u32) -> Value {
    json!({"user_code": "FJC3-QWRP", "verification_uri": "https://microsoft.com/devicelogin",
        "device_code": "GMMhm", "interval": interval, "expires_in": life})
}

pub fn rows() -> Vec<Row> {
    let mut rows = sign_in();
    rows.extend(assertions());
    rows.extend(persons());
    rows.extend(outside());
    rows
}

fn sign_in() -> Vec<Row> {
    let other = token("00000000-0000-0000-0000-00000000dead", "");
    vec![
        row(
            Login,
            "POST /{}/oauth2/v2.0/token",
            "POST https://login.microsoftonline.com/00000000-0000-0000-0000-00000000aaaa/oauth2/v2.0/token\n\n\
             grant_type=client_credentials&client_id=00000000-0000-0000-0000-00000000bbbb&scope=https://graph.microsoft.com/.default&client_secret=hunter2",
            Run::Ask(Question::Identity, permissions),
        )
        .makes("User.ReadWrite.All")
        .unread("token_type")
        .error(400, error(90_002), "CredentialRefused(TenantUnknown)")
        .error(400, json!({"error": "invalid_tenant"}), "CredentialRefused(TenantUnknown)")
        .error(401, error(7_000_215), "CredentialRefused(SecretWrong)")
        .error(401, error(7_000_222), "CredentialRefused(SecretExpired)")
        .error(400, error(700_016), "CredentialRefused(ApplicationUnknown)")
        .error(400, error(53_003), "PolicyAsks")
        .error(400, error(65_001), "CredentialRefused(NotConsented)")
        .error(400, error(50_020), "CredentialRefused(ForeignAccount)")
        .error(400, error(700_082), "CredentialRefused(SignInEnded)")
        .error(400, error(70_011), "Unsupported")
        .error(400, error(50_196), "Unavailable")
        .error(404, json!({"message": "no"}), "Unavailable")
        .error(200, json!({"expires_in": 3599, "access_token": other}), "CredentialRefused(OtherTenant)")
        .error(200, json!({"expires_in": 3599, "access_token": "opaque"}), "CredentialRefused(Otherwise)")
        .but(But::ErrorsOfItsOwn),
        row(
            Login,
            "POST /{}/oauth2/v2.0/token",
            "POST https://login.microsoftonline.com/00000000-0000-0000-0000-00000000009a/oauth2/v2.0/token\n\n\
             grant_type=client_credentials&client_id=00000000-0000-0000-0000-00000000009b&scope=https://api.partnercenter.microsoft.com/.default&client_secret=a+secret",
            Run::Ask(Question::Subscriptions, |seen| told(&seen.subscriptions, |_| "all".to_owned())),
        )
        .what("of a partner")
        .makes("all")
        .unread("token_type")
        .error(401, error(7_000_215), "CredentialRefused(SecretWrong)")
        .but(But::ErrorsOfItsOwn),
    ]
}

/// What stands in the place of a secret.
fn assertions() -> Vec<Row> {
    vec![
        row(
            Login,
            "POST /{}/oauth2/v2.0/token",
            "POST https://login.microsoftonline.com/00000000-0000-0000-0000-00000000aaaa/oauth2/v2.0/token\n\n\
             grant_type=client_credentials&client_id=00000000-0000-0000-0000-00000000bbbb&scope=https://graph.microsoft.com/.default\
             &client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer&client_assertion={signed by the certificate}",
            Run::Ask(Question::Identity, permissions),
        )
        .what("with a certificate")
        .by(By::Certificate)
        .makes("User.ReadWrite.All")
        .unread("token_type")
        .error(401, error(700_027), "CredentialRefused(CertificateUnknown)")
        .error(401, error(700_024), "CredentialRefused(AssertionTime)")
        .error(400, error(700_016), "CredentialRefused(ApplicationUnknown)")
        .error(400, error(90_002), "CredentialRefused(TenantUnknown)")
        .error(404, json!({"message": "no"}), "Unavailable")
        .but(But::ErrorsOfItsOwn),
        row(
            Login,
            "POST /{}/oauth2/v2.0/token",
            "POST https://login.microsoftonline.com/00000000-0000-0000-0000-00000000aaaa/oauth2/v2.0/token\n\n\
             grant_type=client_credentials&client_id=00000000-0000-0000-0000-00000000bbbb&scope=https://graph.microsoft.com/.default\
             &client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer&client_assertion=e30.cluster.first",
            Run::Ask(Question::Identity, permissions),
        )
        .what("with the cluster's token")
        .by(By::FederatedToken)
        .makes("User.ReadWrite.All")
        .unread("token_type")
        .error(400, error(700_211), "CredentialRefused(FederationUnknown)")
        .error(400, error(700_212), "CredentialRefused(FederationUnknown)")
        .error(400, error(700_213), "CredentialRefused(FederationUnknown)")
        .error(401, error(700_024), "CredentialRefused(AssertionTime)")
        .error(400, error(90_002), "CredentialRefused(TenantUnknown)")
        .error(404, json!({"message": "no"}), "Unavailable")
        .but(But::ErrorsOfItsOwn),
    ]
}

/// A person who signs in by device code.
fn persons() -> Vec<Row> {
    let who = json!({"tid": super::TENANT, "oid": super::ADMINISTRATOR, "amr": ["pwd", "mfa"]});
    vec![
        row(
            Login,
            CODE,
            "POST https://login.microsoftonline.com/00000000-0000-0000-0000-00000000aaaa/oauth2/v2.0/devicecode\n\n\
             client_id=00000000-0000-0000-0000-00000000bbbb&scope=https://graph.microsoft.com/User.Read",
            Run::SignIn,
        )
        .reply(code(5, 900))
        .makes("FJC3-QWRP at https://microsoft.com/devicelogin")
        .unread("interval")
        .error(
            400,
            error(700_016),
            "the sign-in service refuses: AADSTS700016; the application must be registered in this tenant and allow public client flows",
        )
        .error(404, json!({"message": "no"}), "Unavailable")
        .but(But::ErrorsOfItsOwn)
        .but(But::AskedOnce),
        row(
            Login,
            "POST /{}/oauth2/v2.0/token",
            "POST https://login.microsoftonline.com/00000000-0000-0000-0000-00000000aaaa/oauth2/v2.0/token\n\n\
             client_id=00000000-0000-0000-0000-00000000bbbb&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=GMMhm",
            Run::SignedIn,
        )
        .what("of a person, by the code that was shown")
        .given(CODE, 200, code(1, 8))
        .reply(json!({"token_type": "Bearer", "scope": "User.Read", "expires_in": 3599, "access_token": token_of(&who)}))
        .makes("00000000-0000-0000-0000-0000000000a1 signed in with MFA")
        .unread("token_type")
        .unread("scope")
        .unread("expires_in")
        .error(400, json!({"error": "authorization_declined"}), "the sign-in was declined")
        .error(400, json!({"error": "access_denied"}), "the sign-in was declined")
        .error(
            400,
            json!({"error": "expired_token"}),
            "nobody signed in within the time of the code; run it again",
        )
        .error(
            401,
            error(7_000_218),
            "the sign-in service refuses: AADSTS7000218; the application must be registered in this tenant and allow public client flows",
        )
        .error(404, json!({"message": "no"}), "Unavailable")
        .but(But::ErrorsOfItsOwn)
        .but(But::Polled)
        .but(But::Slow),
    ]
}

fn outside() -> Vec<Row> {
    vec![
        row(
            Login,
            "GET /{}/v2.0/.well-known/openid-configuration",
            DOCUMENT,
            Run::Ask(Question::Directory, directory),
        )
        .reply(json!({"issuer": "https://login.microsoftonline.com/00000000-0000-0000-0000-00000000aaaa/v2.0"}))
        .makes("there")
        // Then the token endpoint is asked, which knows it.
        .error(400, error(90_002), "there")
        .error(400, json!({"error": "invalid_tenant"}), "there")
        .error(403, json!({"error": "access_denied"}), "Malformed")
        .error(404, json!({"message": "no"}), "Malformed")
        .but(But::ErrorsOfItsOwn)
        .but(But::AskedOnce),
        row(
            Login,
            "GET /{}/v2.0/.well-known/openid-configuration",
            "GET https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0/.well-known/openid-configuration",
            Run::Ask(Question::Directory, directory),
        )
        .what("of the tenant that is certainly there, once ours is gone")
        .reply(json!({"issuer": "https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0"}))
        .makes("gone")
        .given(DOCUMENT, 400, error(90_002))
        .given("POST /{}/oauth2/v2.0/token", 400, error(90_002))
        .given("GET /common/userrealm/{}", 200, json!({"account_type": "Unknown"}))
        .error(400, error(90_002), "Unavailable")
        .error(404, json!({"message": "no"}), "Malformed")
        .but(But::ErrorsOfItsOwn)
        .but(But::AskedOnce)
        .but(But::Slow),
        row(
            Login,
            "GET /common/userrealm/{}",
            "GET https://login.microsoftonline.com/common/userrealm/nobody@contoso.onmicrosoft.com?api-version=1.0",
            Run::Ask(Question::Directory, directory),
        )
        .reply(json!({"account_type": "Managed"}))
        .makes("there")
        .given(DOCUMENT, 400, error(90_002))
        .given("POST /{}/oauth2/v2.0/token", 400, error(90_002))
        .error(200, json!({"account_type": "Unknown"}), "gone")
        .error(200, json!({"account_type": "Federated"}), "there")
        // Where there is no such endpoint: the discovery document by the name of the domain.
        .error(404, json!({"message": "no"}), "there")
        .but(But::ErrorsOfItsOwn)
        .but(But::AskedOnce)
        .but(But::Slow),
    ]
}
