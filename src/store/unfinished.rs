//! What a writer that was killed has left: a folder holds an object under another name until it is whole.

use crate::store::open::Store;
use object_store::path::Path;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

impl Store {
    /// Removes what was begun in this folder under names that begin so, and not written to for so long; how many files.
    /// A cloud's uploads that were not completed are for its own lifecycle rules.
    ///
    /// # Errors
    /// What the volume says.
    pub async fn remove_unfinished(
        &self,
        folder: &Path,
        begins: &str,
        older_than: Duration,
    ) -> io::Result<usize> {
        let Some(volume) = &self.volume else {
            return Ok(0);
        };
        let folder = folder.parts().fold(volume.clone(), |path, part| {
            path.join::<&str>(part.as_ref())
        });
        let mut removed = 0;
        for path in unfinished(folder, begins, older_than).await? {
            tokio::fs::remove_file(&path).await?;
            removed += 1;
        }
        Ok(removed)
    }
}

async fn unfinished(
    folder: PathBuf,
    begins: &str,
    older_than: Duration,
) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut entries = tokio::fs::read_dir(folder).await?;
    while let Some(entry) = entries.next_entry().await? {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if !name.starts_with(begins) || !staged(&name) {
            continue;
        }
        let told = entry.metadata().await?;
        let age = SystemTime::now().duration_since(told.modified()?);
        if told.is_file() && age.is_ok_and(|age| age > older_than) {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// As `object_store` names what it has not finished: the name, `#`, and a number.
fn staged(name: &str) -> bool {
    let number = name.rsplit_once('#').map(|(_, number)| number);
    number.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test fails by panicking
mod tests {
    use super::*;
    use crate::store::{Address, open};
    use object_store::{ObjectStoreExt as _, PutPayload};

    #[tokio::test]
    async fn what_a_killed_writer_left_goes_and_nothing_else() {
        let volume = tempfile::tempdir().unwrap();
        let address: Address = volume.path().to_str().unwrap().parse().unwrap();
        let store = open(&address).unwrap();
        let folder = Path::from("tenant/uid");
        let at = |name: &str| folder.parts().chain([name.into()]).collect::<Path>();
        let whole = at("inventory-a.jsonl");
        let text = || PutPayload::from_static(b"{}");
        store.objects.put(&whole, text()).await.unwrap();
        // What is put in pieces and not completed, as where the program is killed.
        let mut begun = store
            .objects
            .put_multipart(&at("inventory-b.jsonl"))
            .await
            .unwrap();
        begun.put_part(text()).await.unwrap();
        std::mem::forget(begun);
        let there = || {
            let entries = std::fs::read_dir(volume.path().join("tenant/uid")).unwrap();
            let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            let mut names: Vec<String> = names.collect();
            names.sort();
            names
        };
        assert_eq!(there(), ["inventory-a.jsonl", "inventory-b.jsonl#1"]);
        let remove = |begins: &'static str, seconds| {
            let (store, folder) = (store.clone(), folder.clone());
            async move {
                let old = Duration::from_secs(seconds);
                store.remove_unfinished(&folder, begins, old).await.unwrap()
            }
        };
        assert_eq!(remove("inventory-", 3_600).await, 0, "it may be under way");
        assert_eq!(remove("report", 0).await, 0);
        assert_eq!(remove("inventory-", 0).await, 1);
        assert_eq!(there(), ["inventory-a.jsonl"]);
    }
}
