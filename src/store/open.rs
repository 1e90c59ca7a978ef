//! Opens a store. A folder must be there already: one that is made here could lie beside the volume that was meant.

use crate::store::address::Address;
use crate::store::folder::Folder;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// A store that can be written to and read from.
#[derive(Clone)]
pub struct Store {
    /// What holds the objects.
    pub objects: Arc<dyn ObjectStore>,
    /// What all names begin with.
    pub root: Path,
    /// The folder, which has what its volume has; `None`: a cloud's bucket.
    pub(super) volume: Option<PathBuf>,
}

/// The client of a cloud holds what the environment gave it, and prints what it likes: it is not asked to.
impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = f.debug_struct("Store");
        told.field("root", &self.root)
            .field("volume", &self.volume)
            .finish_non_exhaustive()
    }
}

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No folder is there.
    #[error(
        "{0} is no folder; mount the volume there, or create the folder: it is not created by this program"
    )]
    NoFolder(String),
    /// What the client of the cloud said; no credential is in it.
    #[error("the store cannot be opened: {0}")]
    Client(#[from] object_store::Error),
    /// The address names what this program was built without.
    #[error("{0} needs a program that was built with --features object-stores")]
    NotBuiltIn(Address),
}

impl Store {
    /// The folder of one closure.
    pub fn folder(&self, tenant: &str, uid: &str) -> Folder {
        Folder::new(&self.root, tenant, uid)
    }
}

/// Opens a store. Nothing is written, and of a cloud nothing is asked.
///
/// # Errors
/// Where the folder is not there, or the environment does not say how to reach the cloud.
pub fn open(address: &Address) -> Result<Store, OpenError> {
    let Some(folder) = address.path() else {
        return cloud(address);
    };
    if !folder.is_dir() {
        return Err(OpenError::NoFolder(folder.display().to_string()));
    }
    // What was told to be written stays written when the node dies.
    let objects = LocalFileSystem::new_with_prefix(&folder)?.with_fsync(true);
    Ok(Store {
        objects: Arc::new(objects),
        root: Path::default(),
        volume: Some(folder),
    })
}

/// Credentials, endpoints and regions are those of the environment, by the names that the clouds' own tools read.
#[cfg(feature = "object-stores")]
fn cloud(address: &Address) -> Result<Store, OpenError> {
    use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, Checksum};
    use object_store::azure::MicrosoftAzureBuilder;
    use object_store::gcp::GoogleCloudStorageBuilder;
    use object_store::{BackoffConfig, RetryConfig};
    use std::time::Duration;

    let url = address.url();
    // Longer failures are the caller's: he tells them, and comes again.
    let retry = RetryConfig {
        backoff: BackoffConfig::default(),
        max_retries: 2,
        retry_timeout: Duration::from_secs(15),
    };
    let objects: Arc<dyn ObjectStore> = match url.scheme() {
        "s3" => {
            let mut builder = AmazonS3Builder::from_env();
            // A bucket with Object Lock takes nothing without one:
            // <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html>.
            if builder
                .get_config_value(&AmazonS3ConfigKey::Checksum)
                .is_none()
            {
                builder = builder.with_checksum_algorithm(Checksum::SHA256);
            }
            Arc::new(builder.with_url(url.as_str()).with_retry(retry).build()?)
        }
        "az" => Arc::new(
            MicrosoftAzureBuilder::from_env()
                .with_url(url.as_str())
                .with_retry(retry)
                .build()?,
        ),
        _ => Arc::new(
            GoogleCloudStorageBuilder::from_env()
                .with_url(url.as_str())
                .with_retry(retry)
                .build()?,
        ),
    };
    let root = Path::from_url_path(url.path()).map_err(object_store::Error::from)?;
    Ok(Store {
        objects,
        root,
        volume: None,
    })
}

#[cfg(not(feature = "object-stores"))]
fn cloud(address: &Address) -> Result<Store, OpenError> {
    Err(OpenError::NotBuiltIn(address.clone()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;
    use object_store::ObjectStoreExt as _;

    #[tokio::test]
    async fn a_folder_holds_what_is_put_into_it() {
        let folder = tempfile::tempdir().unwrap();
        let address: Address = folder.path().display().to_string().parse().unwrap();
        let store = open(&address).unwrap();
        let place = store.folder("tenant", "uid").record(1);
        store
            .objects
            .put(&place, b"{}".to_vec().into())
            .await
            .unwrap();
        let path = folder.path().join("tenant/uid/records/0000000001.json");
        assert_eq!(std::fs::read(path).unwrap(), b"{}");
    }

    /// In place of a cloud's client, which would hold a key: a folder whose name is one.
    #[test]
    fn what_a_client_holds_is_not_printed() {
        let folder = tempfile::Builder::new()
            .prefix("hunter2")
            .tempdir()
            .unwrap();
        let objects = LocalFileSystem::new_with_prefix(folder.path()).unwrap();
        assert!(format!("{objects:?}").contains("hunter2"));
        let store = Store {
            objects: Arc::new(objects),
            root: Path::from("evidence"),
            volume: None,
        };
        let printed = format!("{store:?}");
        assert!(
            printed.contains("evidence") && !printed.contains("hunter2"),
            "{printed}"
        );
    }

    #[test]
    fn a_folder_is_not_created() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing");
        std::fs::write(folder.path().join("file"), "").unwrap();
        for path in [missing.clone(), folder.path().join("file")] {
            let address: Address = path.display().to_string().parse().unwrap();
            let why = open(&address).unwrap_err().to_string();
            assert!(why.contains("is no folder"), "{why}");
        }
        assert!(!missing.exists());
    }
}
