//! Reading and writing: what is a record is written once and compared ever after; what only tells the newest is replaced.

use crate::store::open::{OpenError, Store};
use futures::TryStreamExt as _;
use object_store::path::Path;
use object_store::{ObjectStoreExt as _, PutMode, PutOptions, PutPayload};
use std::time::Duration;

/// One reading or writing takes at most this long.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why something is not in the store, or could not be read from it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store is not there.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Credentials are missing, or may not do this.
    #[error("the store refuses what its environment gives as credentials")]
    Denied(#[source] object_store::Error),
    /// No answer in time.
    #[error("the store does not answer in time")]
    Timeout,
    /// Anything else; the source says what, for a log.
    #[error("the store could not be written or read, the operator's log says why")]
    Failed(#[source] object_store::Error),
    /// Something else is there under a name that is written once.
    #[error("{0} is there with another content")]
    Differs(Path),
}

impl StoreError {
    /// All that is known, for a log.
    pub fn detail(&self) -> String {
        match self {
            Self::Denied(why) => format!("{self}: {why}"),
            Self::Failed(why) => format!("the store could not be written or read: {why}"),
            Self::Open(_) | Self::Timeout | Self::Differs(_) => self.to_string(),
        }
    }
}

impl From<object_store::Error> for StoreError {
    fn from(why: object_store::Error) -> Self {
        match why {
            object_store::Error::PermissionDenied { .. }
            | object_store::Error::Unauthenticated { .. } => Self::Denied(why),
            other => Self::Failed(other),
        }
    }
}

/// What a writing came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It was not there, and now is.
    Written,
    /// It was there.
    Found,
}

impl Store {
    /// What is there; `None`: nothing.
    ///
    /// # Errors
    /// Where the store failed.
    pub async fn read(&self, place: &Path) -> Result<Option<Vec<u8>>, StoreError> {
        let reading = async {
            match self.objects.get(place).await {
                Ok(found) => Ok(Some(found.bytes().await?.to_vec())),
                Err(object_store::Error::NotFound { .. }) => Ok(None),
                Err(why) => Err(StoreError::from(why)),
            }
        };
        in_time(reading).await
    }

    /// Puts it there unless something is there. What is there is never replaced: it must be the same.
    ///
    /// # Errors
    /// `Differs` where it is not, or where the store failed.
    pub async fn put_once(
        &self,
        place: &Path,
        bytes: Vec<u8>,
        same: impl Fn(&[u8]) -> bool,
    ) -> Result<Put, StoreError> {
        if !in_time(self.create(place, bytes)).await? {
            return match self.read(place).await? {
                Some(found) if same(&found) => Ok(Put::Found),
                _ => Err(StoreError::Differs(place.clone())),
            };
        }
        Ok(Put::Written)
    }

    /// True where it was put there, false where something was there.
    async fn create(&self, place: &Path, bytes: Vec<u8>) -> Result<bool, StoreError> {
        let payload = PutPayload::from(bytes);
        let options = PutOptions::from(PutMode::Create);
        let why = match self.objects.put_opts(place, payload.clone(), options).await {
            Ok(_) => return Ok(true),
            Err(object_store::Error::AlreadyExists { .. }) => return Ok(false),
            Err(why) => why,
        };
        if self.volume.is_none() {
            return Err(why.into());
        }
        // A volume without hard links (SMB, FUSE) cannot create what must not be there yet; there is one writer.
        match self.objects.head(place).await {
            Ok(_) => Ok(false),
            Err(object_store::Error::NotFound { .. }) => {
                self.objects.put(place, payload).await?;
                Ok(true)
            }
            Err(_) => Err(why.into()),
        }
    }

    /// The names of all that is in the store, sorted.
    ///
    /// # Errors
    /// Where the store failed.
    pub async fn names(&self) -> Result<Vec<Path>, StoreError> {
        let listing = self.objects.list(Some(&self.root));
        let found: Result<Vec<_>, _> = listing.map_ok(|one| one.location).try_collect().await;
        let mut names = match found {
            Ok(names) => names,
            Err(why) => return Err(self.told_apart(why).await),
        };
        names.sort_unstable();
        Ok(names)
    }

    /// The clients of clouds tell a refused listing as they tell any failure, and a refused reading as what it is: so a
    /// reading is tried, whatever it would find.
    async fn told_apart(&self, why: object_store::Error) -> StoreError {
        match self.read(&self.root.clone().join("head.json")).await {
            Err(StoreError::Denied(_)) => StoreError::Denied(why),
            _ => why.into(),
        }
    }

    /// Puts it there, whatever was there.
    ///
    /// # Errors
    /// Where the store failed.
    pub async fn replace(&self, place: &Path, bytes: Vec<u8>) -> Result<(), StoreError> {
        in_time(async { Ok(self.objects.put(place, bytes.into()).await?) })
            .await
            .map(drop)
    }
}

async fn in_time<T>(work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let timed = tokio::time::timeout(PATIENCE, work).await;
    timed.unwrap_or(Err(StoreError::Timeout))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;
    use crate::store::{Address, open};
    use futures::stream::BoxStream;
    use object_store::{
        CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
        PutMultipartOptions, PutResult,
    };
    use std::sync::Arc;

    fn store(folder: &std::path::Path) -> Store {
        let address: Address = folder.display().to_string().parse().unwrap();
        open(&address).unwrap()
    }

    fn put<'a>(
        store: &'a Store,
        place: &'a Path,
        text: &'a str,
    ) -> impl Future<Output = Result<Put, StoreError>> + 'a {
        store.put_once(place, text.into(), move |found| found == text.as_bytes())
    }

    #[tokio::test]
    async fn what_is_written_once_is_compared_and_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let place = store.folder("tenant", "uid").record(1);
        assert_eq!(put(&store, &place, "one").await.unwrap(), Put::Written);
        assert_eq!(put(&store, &place, "one").await.unwrap(), Put::Found);
        let why = put(&store, &place, "two").await.unwrap_err();
        assert!(matches!(why, StoreError::Differs(_)), "{why}");
        assert_eq!(store.read(&place).await.unwrap().unwrap(), b"one");
    }

    #[tokio::test]
    async fn what_tells_the_newest_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let place = store.folder("tenant", "uid").named("head.json");
        assert_eq!(store.read(&place).await.unwrap(), None);
        for text in ["one", "two"] {
            store.replace(&place, text.into()).await.unwrap();
            assert_eq!(store.read(&place).await.unwrap().unwrap(), text.as_bytes());
        }
    }

    #[tokio::test]
    async fn a_folder_that_turned_into_a_file_fails_without_losing_anything() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("evidence");
        std::fs::create_dir(&folder).unwrap();
        let store = store(&folder);
        let place = store.folder("tenant", "uid").record(1);
        std::fs::remove_dir(&folder).unwrap();
        std::fs::write(&folder, "in the way").unwrap();
        let why = put(&store, &place, "one").await.unwrap_err();
        assert!(why.detail().len() > why.to_string().len(), "{why}");
        std::fs::remove_file(&folder).unwrap();
        std::fs::create_dir(&folder).unwrap();
        assert_eq!(put(&store, &place, "one").await.unwrap(), Put::Written);
    }

    /// A volume as SMB's and FUSE's: whatever creates by a hard link fails.
    #[derive(Debug)]
    struct WithoutLinks(Arc<dyn ObjectStore>);

    impl std::fmt::Display for WithoutLinks {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("WithoutLinks")
        }
    }

    #[async_trait::async_trait]
    impl ObjectStore for WithoutLinks {
        async fn put_opts(
            &self,
            place: &Path,
            payload: PutPayload,
            options: PutOptions,
        ) -> object_store::Result<PutResult> {
            if options.mode == PutMode::Create {
                return Err(object_store::Error::Generic {
                    store: "LocalFileSystem",
                    source: "Operation not supported (os error 95)".into(),
                });
            }
            self.0.put_opts(place, payload, options).await
        }

        async fn put_multipart_opts(
            &self,
            place: &Path,
            options: PutMultipartOptions,
        ) -> object_store::Result<Box<dyn MultipartUpload>> {
            self.0.put_multipart_opts(place, options).await
        }

        async fn get_opts(
            &self,
            place: &Path,
            options: GetOptions,
        ) -> object_store::Result<GetResult> {
            self.0.get_opts(place, options).await
        }

        fn delete_stream(
            &self,
            places: BoxStream<'static, object_store::Result<Path>>,
        ) -> BoxStream<'static, object_store::Result<Path>> {
            self.0.delete_stream(places)
        }

        fn list(
            &self,
            prefix: Option<&Path>,
        ) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
            self.0.list(prefix)
        }

        async fn list_with_delimiter(
            &self,
            prefix: Option<&Path>,
        ) -> object_store::Result<ListResult> {
            self.0.list_with_delimiter(prefix).await
        }

        async fn copy_opts(
            &self,
            from: &Path,
            to: &Path,
            options: CopyOptions,
        ) -> object_store::Result<()> {
            self.0.copy_opts(from, to, options).await
        }
    }

    #[tokio::test]
    async fn a_volume_without_hard_links_serves_and_keeps_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(folder.path());
        store.objects = Arc::new(WithoutLinks(store.objects));
        let place = store.folder("tenant", "uid").record(1);
        assert_eq!(put(&store, &place, "one").await.unwrap(), Put::Written);
        assert_eq!(put(&store, &place, "one").await.unwrap(), Put::Found);
        let why = put(&store, &place, "two").await.unwrap_err();
        assert!(matches!(why, StoreError::Differs(_)), "{why}");
        assert_eq!(store.read(&place).await.unwrap().unwrap(), b"one");
        // In a cloud the same failure is one: nothing is tried that could replace.
        store.volume = None;
        let other = store.folder("tenant", "uid").record(2);
        assert!(matches!(
            put(&store, &other, "one").await.unwrap_err(),
            StoreError::Failed(_)
        ));
        assert_eq!(store.read(&other).await.unwrap(), None);
    }
}
