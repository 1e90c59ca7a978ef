//! Tokens outlive the tenant that asked for them: a cycle that begins anew finds the token of the one before.

use super::auth::{Credentials, Tokens};
use super::clouds::{Hosts, Service};
use super::gates::lock;
use crate::closure::id::ObjectId;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};

/// Login host, tenant, application, and a hash of the proof: another secret has other tokens.
type Key = (&'static str, ObjectId, ObjectId, [u8; 32]);

/// The tokens of all credentials of this process.
#[derive(Default)]
pub(super) struct TokenCache {
    inner: Mutex<HashMap<Key, Arc<Tokens>>>,
}

/// Not even the hashes of proofs are printed.
impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache").finish_non_exhaustive()
    }
}

impl TokenCache {
    /// The tokens of a credential. Those that nobody holds and that have all ended are forgotten.
    pub(super) fn of(&self, hosts: &'static Hosts, credentials: Credentials) -> Arc<Tokens> {
        let key = (
            hosts.host(Service::Login),
            credentials.tenant_id,
            credentials.app_id,
            credentials.proof.fingerprint(),
        );
        let mut known = lock(&self.inner);
        if let Some(tokens) = known.get(&key) {
            return Arc::clone(tokens);
        }
        known.retain(|_, tokens| Arc::strong_count(tokens) > 1 || tokens.is_alive());
        let tokens = Arc::new(Tokens::new(hosts, credentials));
        known.insert(key, Arc::clone(&tokens));
        tokens
    }
}

#[cfg(test)]
mod tests {
    use super::super::proof::Proof;
    use super::*;
    use crate::closure::terms::Cloud;

    fn credentials(tenant: u128, secret: &str) -> Credentials {
        Credentials {
            tenant_id: ObjectId(uuid::Uuid::from_u128(tenant)),
            app_id: ObjectId(uuid::Uuid::nil()),
            proof: Proof::Secret(secret.to_owned().into()),
        }
    }

    #[test]
    fn neither_proof_nor_its_hash_is_printed() {
        let cache = TokenCache::default();
        let credentials = credentials(1, "hunter2");
        let byte = format!("{:?}", &credentials.proof.fingerprint()[..4]);
        let byte = byte.trim_matches(['[', ']']).to_owned();
        cache.of(Hosts::of(Cloud::Global), credentials);
        let printed = format!("{cache:?}");
        assert!(
            !printed.contains("hunter2") && !printed.contains(&byte),
            "{printed}"
        );
    }

    #[test]
    fn one_credential_one_set_of_tokens() {
        let cache = TokenCache::default();
        let hosts = Hosts::of(Cloud::Global);
        let first = cache.of(hosts, credentials(1, "a"));
        assert!(Arc::ptr_eq(&first, &cache.of(hosts, credentials(1, "a"))));
        for (other, cloud) in [
            (credentials(1, "b"), Cloud::Global),
            (credentials(2, "a"), Cloud::Global),
            (credentials(1, "a"), Cloud::China),
        ] {
            assert!(!Arc::ptr_eq(&first, &cache.of(Hosts::of(cloud), other)));
        }
        assert_eq!(
            lock(&cache.inner).len(),
            2,
            "what nobody holds is forgotten"
        );
    }
}
