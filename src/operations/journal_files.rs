//! Journals from files: what `tenant-closure export` wrote, or a folder into which records were copied.

use crate::evidence::entry::Found;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What may hold records.
const ENDINGS: [&str; 3] = ["jsonl", "ndjson", "json"];
/// Folders in folders are followed so far.
const DEEPEST: u32 = 4;

/// Reads files, and of folders the files that hold records. Where folders hold several journals, `uid` chooses.
///
/// # Errors
/// Which file could not be read, or that a choice is missing.
pub fn read(paths: &[PathBuf], uid: &mut Option<String>) -> Result<Found, String> {
    let mut all = Found::default();
    let mut lying = Vec::new();
    for path in paths {
        if path.is_dir() {
            walk(path, DEEPEST, &mut lying)?;
        } else {
            all.add_text(&path.display().to_string(), &text(path)?);
        }
    }
    // Beside records a folder may hold other things, and other journals, each in files of its own.
    let mut journals = Vec::new();
    for path in lying {
        let mut found = Found::default();
        found.add_text(&path.display().to_string(), &text(&path)?);
        if !found.entries.is_empty() {
            journals.push(found);
        }
    }
    let uids: BTreeSet<&str> = journals
        .iter()
        .flat_map(|found| &found.entries)
        .map(|entry| entry.spec.closure_uid.as_str())
        .collect();
    if uid.is_none() && all.entries.is_empty() && uids.len() > 1 {
        let uids: Vec<&str> = uids.into_iter().collect();
        return Err(format!(
            "these folders hold the journals of {} closures; choose one with --uid: {}",
            uids.len(),
            uids.join(", ")
        ));
    }
    let wanted = |found: &Found| {
        let mut all = found.entries.iter();
        uid.as_ref()
            .is_none_or(|uid| all.any(|entry| entry.spec.closure_uid == *uid))
    };
    for found in journals.into_iter().filter(wanted) {
        all.entries.extend(found.entries);
        all.unreadable.extend(found.unreadable);
    }
    Ok(all)
}

fn walk(folder: &Path, deeper: u32, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let trouble = |why: std::io::Error| format!("read the folder {}: {why}", folder.display());
    let mut inside = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(trouble)? {
        inside.push(entry.map_err(trouble)?);
    }
    inside.sort_by_key(std::fs::DirEntry::file_name);
    for entry in inside {
        let (path, kind) = (entry.path(), entry.file_type().map_err(trouble)?);
        let ending = path
            .extension()
            .and_then(|e| e.to_str())
            .unwrap_or_default();
        if kind.is_dir() && deeper > 0 {
            walk(&path, deeper - 1, files)?;
        } else if kind.is_file() && ENDINGS.contains(&ending) {
            files.push(path);
        }
    }
    Ok(())
}

fn text(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|why| format!("read {}: {why}", path.display()))
}
