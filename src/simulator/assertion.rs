//! Assertions at the token endpoint: signed with a certificate of the application, or a token that it trusts.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm};
use serde_json::Value;
use std::fmt::Write as _;
use webpki::EndEntityCert;

use super::scenario::{FederatedCredential, Jwk};
use super::tenant::Client;

/// Seconds that two clocks may differ.
const SKEW: i64 = 300;

/// The number of an error and its text.
type Refused = (u32, &'static str);

const NOT_SIGNED: Refused = (
    700_027,
    "The certificate used to sign the client assertion is not registered on application, or its signature is not valid.",
);
const NOT_IN_TIME: Refused = (
    700_024,
    "Client assertion is not within its valid time range.",
);
const NO_ISSUER: Refused = (
    700_211,
    "No matching federated identity record found for presented assertion issuer.",
);
const NO_AUDIENCE: Refused = (
    700_212,
    "No matching federated identity record found for presented assertion audience.",
);
const NO_SUBJECT: Refused = (
    700_213,
    "No matching federated identity record found for presented assertion subject.",
);
const MALFORMED: Refused = (50_027, "JWT token is invalid or malformed.");

struct Jwt<'a> {
    header: Value,
    claims: Value,
    signed: &'a str,
    signature: Vec<u8>,
}

/// Accepts an assertion of this client for the token endpoint at `audience`, at `now` in seconds.
pub(crate) fn verify(
    client: &Client,
    assertion: &str,
    audience: &str,
    now: i64,
) -> Result<(), Refused> {
    let jwt = read(assertion).ok_or(MALFORMED)?;
    let text = |name: &str| jwt.claims[name].as_str().unwrap_or_default();
    let app = client.app_id.to_string();
    let own = |name: &str| text(name).eq_ignore_ascii_case(&app);
    if own("iss") {
        let mut certificates = client.certificates.iter();
        let certificate = certificates.find_map(|pem| named(&jwt, pem));
        let good = certificate.is_some_and(|certificate| signed_with(&jwt, &certificate))
            && own("sub")
            && text("aud").eq_ignore_ascii_case(audience);
        if !good {
            return Err(NOT_SIGNED);
        }
    } else {
        trusted(client, &jwt)?;
    }
    // Some libraries write a date with a fraction.
    let number = |name: &str| jwt.claims[name].as_f64().map(|date| date as i64);
    let begun = number("nbf").is_none_or(|nbf| nbf <= now + SKEW);
    match number("exp") {
        Some(exp) if begun && exp > now => Ok(()),
        _ => Err(NOT_IN_TIME),
    }
}

fn read(assertion: &str) -> Option<Jwt<'_>> {
    let (signed, signature) = assertion.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let part = |text: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok();
    Some(Jwt {
        header: part(header)?,
        claims: part(claims)?,
        signed,
        signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
    })
}

/// A certificate's SHA-1, as the directory writes it: hexadecimal, in capitals.
pub(super) fn thumbprint(pem: &str) -> Option<String> {
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
    let hash = ring::digest::digest(&SHA1_FOR_LEGACY_USE_ONLY, &der);
    Some(hash.as_ref().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02X}");
        text
    }))
}

/// The certificate, where the assertion names it by its hash: SHA-256, or SHA-1 as older libraries do.
fn named(jwt: &Jwt<'_>, pem: &str) -> Option<CertificateDer<'static>> {
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
    let is = |name: &str, algorithm| {
        let told = jwt.header[name].as_str();
        let told = told.and_then(|text| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok());
        told.is_some_and(|told| told == digest(algorithm, &der).as_ref())
    };
    (is("x5t#S256", &SHA256) || is("x5t", &SHA1_FOR_LEGACY_USE_ONLY)).then_some(der)
}

fn signed_with(jwt: &Jwt<'_>, der: &CertificateDer<'_>) -> bool {
    let algorithm: &dyn SignatureVerificationAlgorithm = match jwt.header["alg"].as_str() {
        Some("PS256") => webpki::ring::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
        Some("RS256") => webpki::ring::RSA_PKCS1_2048_8192_SHA256,
        _ => return false,
    };
    let message = jwt.signed.as_bytes();
    EndEntityCert::try_from(der).is_ok_and(|known| {
        known
            .verify_signature(algorithm, message, &jwt.signature)
            .is_ok()
    })
}

/// A token of another issuer: by issuer, subject and audience, then by the issuer's key.
fn trusted(client: &Client, jwt: &Jwt<'_>) -> Result<(), Refused> {
    let is = |name: &str, wanted: &str| match &jwt.claims[name] {
        Value::String(one) => one == wanted,
        Value::Array(all) => all.iter().any(|one| one == wanted),
        _ => false,
    };
    let mut known: Vec<&FederatedCredential> = client.federated.iter().collect();
    let mut only = |fits: &dyn Fn(&FederatedCredential) -> bool, otherwise| {
        known.retain(|one| fits(one));
        if known.is_empty() {
            Err(otherwise)
        } else {
            Ok(())
        }
    };
    only(&|one| is("iss", &one.issuer), NO_ISSUER)?;
    only(&|one| is("sub", &one.subject), NO_SUBJECT)?;
    only(&|one| is("aud", &one.audience), NO_AUDIENCE)?;
    let kid = jwt.header["kid"].as_str();
    let mut keys = known.iter().flat_map(|one| &one.jwks.keys);
    let signed =
        keys.any(|key| (kid.is_none() || key.kid.as_deref() == kid) && signed_by(jwt, key));
    if signed { Ok(()) } else { Err(NOT_SIGNED) }
}

fn signed_by(jwt: &Jwt<'_>, key: &Jwk) -> bool {
    let part = |text: &str| URL_SAFE_NO_PAD.decode(text.trim_end_matches('='));
    let (Ok(n), Ok(e)) = (part(&key.n), part(&key.e)) else {
        return false;
    };
    let public = RsaPublicKeyComponents { n: &n, e: &e };
    let message = jwt.signed.as_bytes();
    let good = || public.verify(&RSA_PKCS1_2048_8192_SHA256, message, &jwt.signature);
    key.kty == "RSA" && jwt.header["alg"] == "RS256" && good().is_ok()
}

#[cfg(test)]
mod tests {
    use super::super::exchange::Service;
    use super::super::testing;
    use super::super::world::World;
    use super::*;
    use ring::rand::SystemRandom;
    use ring::rsa::PublicKeyComponents;
    use ring::signature::{
        KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
    };
    use rustls::pki_types::PrivatePkcs8KeyDer;
    use serde_json::json;

    const PEM: &str = include_str!("../../tests/support/certificate.pem");
    const OTHER: &str = include_str!("../../tests/support/other-certificate.pem");
    const SUBJECT: &str = "system:serviceaccount:tenant-closure:tenant-closure";

    fn key(pem: &str) -> RsaKeyPair {
        let key = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).unwrap();
        RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).unwrap()
    }

    fn encoded(bytes: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn signed(pem: &str, how: &'static dyn RsaEncoding, header: &Value, claims: &Value) -> String {
        let text = [header, claims]
            .map(|part| encoded(part.to_string().as_bytes()))
            .join(".");
        let key = key(pem);
        let mut signature = vec![0; key.public().modulus_len()];
        key.sign(how, &SystemRandom::new(), text.as_bytes(), &mut signature)
            .unwrap();
        format!("{text}.{}", encoded(&signature))
    }

    fn thumbprint(pem: &str, algorithm: &'static ring::digest::Algorithm) -> String {
        let der = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
        encoded(digest(algorithm, &der).as_ref())
    }

    /// A tenant whose closer has the one certificate, and trusts the key behind it as an issuer's.
    fn world() -> World {
        let public = PublicKeyComponents::<Vec<u8>>::from(key(PEM).public_key());
        let jwk =
            json!({"kty": "RSA", "kid": "k", "n": encoded(&public.n), "e": encoded(&public.e)});
        let trusted = json!({"issuer": "https://cluster.example", "subject": SUBJECT, "jwks": {"keys": [jwk]}});
        World::test(&json!({"tenants": [{"users": 1, "closer": {"certificates": [PEM], "federatedCredentials": [trusted]}}]}).to_string())
    }

    /// The number of the error with which the token endpoint refuses; `None`: it gives a token.
    fn refused(world: &mut World, assertion: &str) -> Option<u64> {
        let one = &world.tenants[0];
        let path = format!("/{}/oauth2/v2.0/token", one.id);
        let body = format!(
            "grant_type=client_credentials&client_id={}&scope=https://graph.microsoft.com/.default\
             &client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer&client_assertion={assertion}",
            one.clients[0].app_id
        );
        let reply = testing::raw(world, Service::Login, "POST", &path, None, body.as_bytes());
        let error = reply.value()["error_codes"][0].as_u64();
        assert_eq!(reply.status, if error.is_some() { 401 } else { 200 });
        error
    }

    #[test]
    fn a_certificate_proves_its_application() {
        let mut world = world();
        let now = world.clock.real() / 1000;
        let app = world.tenants[0].clients[0].app_id.to_string();
        let audience = format!(
            "https://graph.microsoft.com/{}/oauth2/v2.0/token",
            world.tenants[0].id
        );
        let header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint(PEM, &SHA256)});
        let claims = json!({"aud": audience, "iss": app, "sub": app, "jti": "1", "nbf": now, "exp": now + 300});
        let with = |value: &Value, key: &str, other: Value| {
            let mut value = value.clone();
            value[key] = other;
            value
        };
        let old = json!({"alg": "RS256", "typ": "JWT", "x5t": thumbprint(PEM, &SHA1_FOR_LEGACY_USE_ONLY)});
        let other = with(&header, "x5t#S256", json!(thumbprint(OTHER, &SHA256)));
        for (assertion, wanted) in [
            (signed(PEM, &RSA_PSS_SHA256, &header, &claims), None),
            (signed(PEM, &RSA_PKCS1_SHA256, &old, &claims), None),
            (
                signed(
                    PEM,
                    &RSA_PSS_SHA256,
                    &header,
                    &with(&claims, "exp", json!(now as f64 + 299.75)),
                ),
                None,
            ),
            (
                signed(OTHER, &RSA_PSS_SHA256, &header, &claims),
                Some(700_027),
            ),
            (
                signed(OTHER, &RSA_PSS_SHA256, &other, &claims),
                Some(700_027),
            ),
            (
                signed(PEM, &RSA_PKCS1_SHA256, &header, &claims),
                Some(700_027),
            ),
            (
                signed(
                    PEM,
                    &RSA_PSS_SHA256,
                    &with(&header, "alg", json!("none")),
                    &claims,
                ),
                Some(700_027),
            ),
            (
                signed(
                    PEM,
                    &RSA_PSS_SHA256,
                    &header,
                    &with(&claims, "aud", json!("https://evil.example")),
                ),
                Some(700_027),
            ),
            (
                signed(
                    PEM,
                    &RSA_PSS_SHA256,
                    &header,
                    &with(&claims, "sub", json!("another")),
                ),
                Some(700_027),
            ),
            (
                signed(
                    PEM,
                    &RSA_PSS_SHA256,
                    &header,
                    &with(&claims, "exp", json!(now - 1)),
                ),
                Some(700_024),
            ),
            (
                signed(
                    PEM,
                    &RSA_PSS_SHA256,
                    &header,
                    &with(&claims, "nbf", json!(now + 900)),
                ),
                Some(700_024),
            ),
            ("a.b".to_owned(), Some(50_027)),
        ] {
            assert_eq!(refused(&mut world, &assertion), wanted, "{assertion}");
        }
    }

    #[test]
    fn a_token_of_a_trusted_issuer_proves_the_application_that_trusts_it() {
        let mut world = world();
        let now = world.clock.real() / 1000;
        let header = json!({"alg": "RS256", "kid": "k"});
        let token = |changed: &str, value: Value| {
            let mut claims = json!({"iss": "https://cluster.example", "sub": SUBJECT,
                "aud": ["api://AzureADTokenExchange"], "nbf": now, "exp": now + 3600});
            claims[changed] = value;
            signed(PEM, &RSA_PKCS1_SHA256, &header, &claims)
        };
        let good = token("jti", json!("1"));
        let forged = format!("{}{}", &good[..good.len() - 4], "AAAA");
        for (assertion, wanted) in [
            (good, None),
            (token("aud", json!("api://AzureADTokenExchange")), None),
            (token("iss", json!("https://other.example")), Some(700_211)),
            (
                token("aud", json!("https://kubernetes.default.svc")),
                Some(700_212),
            ),
            (
                token("sub", json!("system:serviceaccount:default:default")),
                Some(700_213),
            ),
            (token("exp", json!(now - 1)), Some(700_024)),
            (forged, Some(700_027)),
        ] {
            assert_eq!(refused(&mut world, &assertion), wanted, "{assertion}");
        }
    }

    #[test]
    fn who_has_no_certificate_and_trusts_nobody_takes_no_assertion() {
        let mut world = World::test("tenants: [{users: 1}]");
        let app = world.tenants[0].clients[0].app_id.to_string();
        let header = json!({"alg": "PS256", "x5t#S256": thumbprint(PEM, &SHA256)});
        for (issuer, wanted) in [
            (app.as_str(), 700_027),
            ("https://cluster.example", 700_211),
        ] {
            let claims = json!({"iss": issuer, "sub": app});
            let assertion = signed(PEM, &RSA_PSS_SHA256, &header, &claims);
            assert_eq!(refused(&mut world, &assertion), Some(wanted));
        }
    }
}
