//! What an application proves itself with at the token endpoint: a secret, a certificate, or a token of the cluster.
//!
//! Source: learn.microsoft.com `entra/identity-platform/v2-oauth2-client-creds-grant-flow`, its three cases.

use super::assertion::{self, Thumbprint};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use zeroize::Zeroizing;

/// The proof of one application. It prints nothing of what is secret in it.
#[derive(Clone, Debug)]
pub enum Proof {
    /// A client secret.
    Secret(SecretString),
    /// A certificate and its RSA key, PEM.
    Certificate(SecretString),
    /// A file with a token that the cluster gives to the operator; it rotates, so it is read for each request.
    FederatedToken(PathBuf),
}

/// Why there is no proof to send: a word that the token's error carries.
pub(super) type NoProof = &'static str;

/// The federated token cannot be read.
pub(super) const NO_FEDERATED_TOKEN: NoProof = "FederatedTokenUnreadable";

/// The most that a federated token can have, bytes; a pod's token has about a thousand.
const LARGEST_TOKEN: u64 = 16 * 1024;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

impl Proof {
    /// The fields that prove `client` to the token endpoint at `audience`.
    pub(super) async fn fields(
        &self,
        client: &str,
        audience: &str,
    ) -> Result<Vec<(&'static str, SecretString)>, NoProof> {
        let assertion = match self {
            Self::Secret(secret) => return Ok(vec![("client_secret", secret.clone())]),
            Self::Certificate(pem) => assertion::signed(pem.expose_secret(), client, audience)?,
            Self::FederatedToken(path) => read(path).await.ok_or(NO_FEDERATED_TOKEN)?,
        };
        let kind = ASSERTION_TYPE.into();
        Ok(vec![
            ("client_assertion_type", kind),
            ("client_assertion", assertion),
        ])
    }

    /// A secret that begins so.
    pub(super) fn begins(&self, hint: &str) -> bool {
        match self {
            Self::Secret(secret) => !hint.is_empty() && secret.expose_secret().starts_with(hint),
            Self::Certificate(_) | Self::FederatedToken(_) => false,
        }
    }

    /// Of a certificate that can be read, its thumbprint.
    pub(super) fn thumbprint(&self) -> Option<Thumbprint> {
        match self {
            Self::Certificate(pem) => assertion::thumbprint(pem.expose_secret()).ok(),
            Self::Secret(_) | Self::FederatedToken(_) => None,
        }
    }

    /// A hash that tells one proof from another.
    pub(super) fn fingerprint(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        match self {
            Self::Secret(secret) => {
                hash.update(b"secret ");
                hash.update(secret.expose_secret());
            }
            Self::Certificate(pem) => {
                hash.update(b"certificate ");
                hash.update(pem.expose_secret());
            }
            Self::FederatedToken(path) => {
                hash.update(b"federated ");
                hash.update(path.as_os_str().as_encoded_bytes());
            }
        }
        hash.finalize().into()
    }
}

/// One line of a small file: anything else is no token.
async fn read(path: &PathBuf) -> Option<SecretString> {
    let size = tokio::fs::metadata(path).await.ok()?.len();
    if size > LARGEST_TOKEN {
        return None;
    }
    let text = Zeroizing::new(tokio::fs::read_to_string(path).await.ok()?);
    let token = text.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let good = token.split('.').count() == 3 && token.chars().all(plain);
    good.then(|| token.into())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;

    fn told(fields: Result<Vec<(&'static str, SecretString)>, NoProof>) -> Vec<(String, String)> {
        let fields = fields.unwrap().into_iter();
        fields
            .map(|(key, value)| (key.to_owned(), value.expose_secret().to_owned()))
            .collect()
    }

    #[tokio::test]
    async fn a_federated_token_is_read_for_each_request() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let proof = Proof::FederatedToken(path.clone());
        assert_eq!(proof.fields("c", "a").await.err(), Some(NO_FEDERATED_TOKEN));
        for token in ["a.b.c", "d.e-_.f"] {
            std::fs::write(&path, format!("{token}\n")).unwrap();
            let fields = told(proof.fields("c", "a").await);
            assert_eq!(fields[0].1, ASSERTION_TYPE);
            assert_eq!(fields[1], ("client_assertion".into(), token.into()));
        }
        for bad in [
            String::new(),
            "opaque".into(),
            "a.b.c d".into(),
            "x".repeat(20_000),
        ] {
            std::fs::write(&path, &bad).unwrap();
            assert_eq!(proof.fields("c", "a").await.err(), Some(NO_FEDERATED_TOKEN));
        }
    }

    #[test]
    fn each_proof_has_a_fingerprint_of_its_own_and_prints_nothing() {
        let text = "hunter2";
        let all = [
            Proof::Secret(text.into()),
            Proof::Certificate(text.into()),
            Proof::FederatedToken(text.into()),
        ];
        let prints: std::collections::BTreeSet<_> = all.iter().map(Proof::fingerprint).collect();
        assert_eq!(prints.len(), 3);
        assert!(
            all[..2]
                .iter()
                .all(|proof| !format!("{proof:?}").contains(text))
        );
    }
}
