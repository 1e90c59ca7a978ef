//! Assertions signed with a certificate's key: a JWT with PS256, the certificate named by its SHA-256.
//!
//! Source: learn.microsoft.com `entra/identity-platform/certificate-credentials`.

use super::proof::NoProof;
use super::wiped;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{KeyPair, RSA_PSS_SHA256, RsaKeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::SecretString;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use zeroize::Zeroizing;

/// The text has no certificate or no RSA key of 2,048 to 4,096 bits.
pub(super) const UNREADABLE: NoProof = "CertificateUnreadable";

/// The key is none of the certificates'.
pub(super) const OTHER_KEY: NoProof = "CertificateOfAnotherKey";

/// How long an assertion counts, seconds.
const LIFE: i64 = 300;

/// An assertion that `client` is itself, for the token endpoint at `audience`.
pub(super) fn signed(pem: &str, client: &str, audience: &str) -> Result<SecretString, NoProof> {
    let key = key(pem)?;
    let certificate = certificate(pem, &key)?;
    let now = Timestamp::now().as_second();
    let header = json!({
        "alg": "PS256", "typ": "JWT", "x5t#S256": encoded(&Sha256::digest(&certificate)),
    });
    let claims = json!({
        "aud": audience, "iss": client, "sub": client, "jti": uuid::Uuid::new_v4(),
        "nbf": now, "iat": now, "exp": now + LIFE,
    });
    let text = format!(
        "{}.{}",
        encoded(header.to_string().as_bytes()),
        encoded(claims.to_string().as_bytes())
    );
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(
        &RSA_PSS_SHA256,
        &SystemRandom::new(),
        text.as_bytes(),
        &mut signature,
    )
    .map_err(|_| UNREADABLE)?;
    let signature = Zeroizing::new(encoded(&signature));
    Ok(wiped::joined(&[&text, ".", &signature]).as_str().into())
}

/// SHA-1 over a certificate, by which the directory names it.
#[derive(Debug)]
pub(super) struct Thumbprint(Vec<u8>);

impl Thumbprint {
    /// Hexadecimal, in capitals.
    pub(super) fn hexadecimal(&self) -> String {
        self.0.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02X}");
            text
        })
    }

    /// As Edm.Binary is written.
    pub(super) fn base64(&self) -> String {
        STANDARD.encode(&self.0)
    }

    /// Whether it is written so.
    pub(super) fn is(&self, written: &str) -> bool {
        written.eq_ignore_ascii_case(&self.hexadecimal()) || written == self.base64()
    }
}

/// The thumbprint of the certificate that an assertion would be signed for.
pub(super) fn thumbprint(pem: &str) -> Result<Thumbprint, NoProof> {
    let certificate = certificate(pem, &key(pem)?)?;
    let hash = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, &certificate);
    Ok(Thumbprint(hash.as_ref().to_vec()))
}

fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn key(pem: &str) -> Result<RsaKeyPair, NoProof> {
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| UNREADABLE)?;
    match &*Zeroizing::new(key) {
        PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
        PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
        _ => return Err(UNREADABLE),
    }
    .map_err(|_| UNREADABLE)
}

/// The certificate that holds this key's public half, byte for byte: a file may hold a whole chain.
fn certificate(pem: &str, key: &RsaKeyPair) -> Result<CertificateDer<'static>, NoProof> {
    let public = key.public_key().as_ref();
    let mut any = false;
    for found in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = found.map_err(|_| UNREADABLE)?;
        any = true;
        if certificate.windows(public.len()).any(|part| part == public) {
            return Ok(certificate);
        }
    }
    Err(if any { OTHER_KEY } else { UNREADABLE })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;
    use ring::signature::{RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
    use secrecy::ExposeSecret;
    use serde_json::Value;

    const PEM: &str = include_str!("../../tests/support/certificate.pem");
    const OTHER: &str = include_str!("../../tests/support/other-certificate.pem");

    fn part(text: &str) -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
    }

    #[test]
    fn what_is_signed_says_who_for_whom_and_until_when() {
        let token = signed(PEM, "client", "https://login/t/oauth2/v2.0/token").unwrap();
        let token = token.expose_secret();
        let parts: Vec<&str> = token.split('.').collect();
        let (header, claims) = (part(parts[0]), part(parts[1]));
        assert_eq!(
            (&header["alg"], &header["typ"]),
            (&json!("PS256"), &json!("JWT"))
        );
        assert_eq!(header["x5t#S256"].as_str().unwrap().len(), 43);
        assert_eq!(claims["aud"], "https://login/t/oauth2/v2.0/token");
        assert_eq!(
            (&claims["iss"], &claims["sub"]),
            (&json!("client"), &json!("client"))
        );
        let life = claims["exp"].as_i64().unwrap() - claims["nbf"].as_i64().unwrap();
        assert_eq!(life, LIFE);
        let again = signed(PEM, "client", "a").unwrap();
        let again = part(again.expose_secret().split('.').nth(1).unwrap());
        assert_ne!(again["jti"], claims["jti"]);
        let signature = URL_SAFE_NO_PAD.decode(parts[2]).unwrap();
        let text = format!("{}.{}", parts[0], parts[1]);
        let key = key(PEM).unwrap();
        let public = UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, key.public_key().as_ref());
        public.verify(text.as_bytes(), &signature).unwrap();
        assert!(public.verify(b"another text", &signature).is_err());
    }

    #[test]
    fn of_a_chain_the_certificate_of_the_key_is_named() {
        let of = |pem: &str| -> String {
            let token = signed(pem, "c", "a").unwrap();
            part(token.expose_secret().split('.').next().unwrap())["x5t#S256"].to_string()
        };
        let at = OTHER.find("-----BEGIN PRIVATE KEY").unwrap();
        assert_eq!(of(&format!("{}{PEM}", &OTHER[..at])), of(PEM));
    }

    #[test]
    fn what_cannot_sign_is_told() {
        let (certificate, key) = PEM.split_at(PEM.find("-----BEGIN PRIVATE KEY").unwrap());
        let (other, _) = OTHER.split_at(OTHER.find("-----BEGIN PRIVATE KEY").unwrap());
        let pair = rcgen::KeyPair::generate().unwrap();
        let elliptic = format!("{certificate}{}", pair.serialize_pem());
        for (pem, why) in [
            ("", UNREADABLE),
            ("hunter2", UNREADABLE),
            (certificate, UNREADABLE),
            (key, UNREADABLE),
            (elliptic.as_str(), UNREADABLE),
            (&format!("{other}{key}"), OTHER_KEY),
        ] {
            assert_eq!(signed(pem, "c", "a").err(), Some(why));
        }
    }
}
