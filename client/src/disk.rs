//! Files: bounded reading, writing that survives a crash, and the names of receipts.

use crate::failure::Failure;
use hefu_types::{Digest, Suite};
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Component, Path, PathBuf};

/// The end of a receipt's file name.
pub const RECEIPT_SUFFIX: &str = ".receipt";
/// The longest name of a receipt in bytes; file systems take 255.
const NAME_BYTES_MAX: usize = 200;

/// A file is digested in pieces of this length.
const DIGEST_PIECE_BYTES: usize = 1024 * 1024;

/// Reads a file of at most so many bytes.
pub fn read(path: &Path, bytes_max: usize) -> Result<Vec<u8>, Failure> {
    read_up_to(path, bytes_max)?.ok_or_else(|| {
        Failure::bad_file(
            path,
            format!("it has more than {bytes_max} bytes, so it is not what it should be"),
        )
    })
}

/// Reads a file, unless it has more bytes than these.
pub fn read_up_to(path: &Path, bytes_max: usize) -> Result<Option<Vec<u8>>, Failure> {
    let disk = |error| Failure::disk(path, error);
    let mut bytes = Vec::new();
    // One more than allowed tells a file that is too long from one that just fits.
    let limit = u64::try_from(bytes_max)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    File::open(path)
        .map_err(disk)?
        .take(limit)
        .read_to_end(&mut bytes)
        .map_err(disk)?;
    Ok((bytes.len() <= bytes_max).then_some(bytes))
}

/// The digest of a file of any length, and its length in bytes.
pub fn digest(path: &Path, suite: Suite) -> Result<(Digest, u64), Failure> {
    let disk = |error| Failure::disk(path, error);
    let mut file = File::open(path).map_err(disk)?;
    let mut digest = suite.document_digester();
    let mut piece = vec![0; DIGEST_PIECE_BYTES];
    let mut length = 0;
    loop {
        let read = file.read(&mut piece).map_err(disk)?;
        if read == 0 {
            return Ok((digest.finish(), length));
        }
        digest.add(&piece[..read]);
        length += read as u64;
    }
}

/// Reads a file that may be missing.
pub fn read_if_there(path: &Path, bytes_max: usize) -> Result<Option<Vec<u8>>, Failure> {
    if path
        .try_exists()
        .map_err(|error| Failure::disk(path, error))?
    {
        read(path, bytes_max).map(Some)
    } else {
        Ok(None)
    }
}

/// Writes a file whole or not at all: who finds it under its name finds all of it.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let rename = |temporary: &Path| fs::rename(temporary, path);
    write_as(path, bytes, |file| File::create(file), rename)
}

/// The same, for its owner's eyes only.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let rename = |temporary: &Path| fs::rename(temporary, path);
    let create = |file: &Path| {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(file)
    };
    write_as(path, bytes, create, rename)
}

/// The same for a file that must not be there yet: of two that write it, one is told that it is.
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let link = |temporary: &Path| {
        fs::hard_link(temporary, path)?;
        fs::remove_file(temporary)
    };
    write_as(path, bytes, |file| File::create(file), link)
}

fn write_as(
    path: &Path,
    bytes: &[u8],
    create: impl FnOnce(&Path) -> std::io::Result<File>,
    give_name: impl FnOnce(&Path) -> std::io::Result<()>,
) -> Result<(), Failure> {
    let disk = |error| Failure::disk(path, error);
    let folder = folder_of(path);
    fs::create_dir_all(&folder).map_err(disk)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = folder.join(format!(".{name}.{}.tmp", std::process::id()));
    let written = (|| {
        let mut file = create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        give_name(&temporary)?;
        // Without this the name itself may be lost with the power.
        File::open(&folder)?.sync_all()
    })();
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written.map_err(disk)
}

/// Writes a secret: a new file that only its owner reads. Nothing is ever overwritten.
pub fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let disk = |error| Failure::disk(path, error);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(disk)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = fs::remove_file(path);
    }
    written.map_err(disk)
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// All files below a folder, in the order of their names. Links to folders are not followed, and
/// hidden files and receipts are left out.
pub fn walk(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(path) = waiting.pop() {
        let disk = |error| Failure::disk(&path, error);
        let mut entries = fs::read_dir(&path)
            .map_err(disk)?
            .collect::<Result<Vec<_>, _>>()
            .map_err(disk)?;
        entries.sort_by_key(std::fs::DirEntry::file_name);
        // The last that is put down is looked at first: so in reverse, folders in their order.
        let mut folders = Vec::new();
        for entry in entries {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with('.') || name.ends_with(RECEIPT_SUFFIX) {
                continue;
            }
            let kind = entry.file_type().map_err(disk)?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if entry.path().is_file() {
                files.push(entry.path());
            }
        }
        waiting.extend(folders.into_iter().rev());
    }
    files.sort();
    Ok(files)
}

/// The file name of a document's receipt: its path, separators as `__`.
pub fn receipt_name(suite: Suite, relative: &Path) -> String {
    let parts: Vec<_> = relative
        .components()
        .filter_map(|part| match part {
            Component::Normal(part) => Some(part.to_string_lossy()),
            _ => None,
        })
        .collect();
    let name = parts.join("__");
    if name.len() + RECEIPT_SUFFIX.len() <= NAME_BYTES_MAX {
        return format!("{name}{RECEIPT_SUFFIX}");
    }
    // The end of a path tells more than its beginning, the hash tells all of it.
    let hash = suite.hash(&[name.as_bytes()]).to_string();
    let mut from = name.len() - (NAME_BYTES_MAX - RECEIPT_SUFFIX.len() - 17);
    while !name.is_char_boundary(from) {
        from += 1;
    }
    format!("{}-{}{RECEIPT_SUFFIX}", &hash[..16], &name[from..])
}

/// Where a receipt is looked for that nobody named: beside the document.
pub fn receipt_beside(document: &Path) -> PathBuf {
    let mut name = document.as_os_str().to_owned();
    name.push(RECEIPT_SUFFIX);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUITE: Suite = Suite::Sha256Ed25519;

    #[test]
    fn a_receipt_is_named_after_the_path_of_its_document() {
        #[track_caller]
        fn check(relative: &str, expected: &str) {
            assert_eq!(receipt_name(SUITE, Path::new(relative)), expected);
        }
        check("a.xml", "a.xml.receipt");
        check("2026/九月/a.xml", "2026__九月__a.xml.receipt");
        check("./../x/a.xml", "x__a.xml.receipt");
        check("/abs/a.xml", "abs__a.xml.receipt");
    }

    #[test]
    fn a_long_path_still_gives_a_name_of_its_own() {
        let long = |last: &str| format!("{}/{last}", "很长的文件夹名/".repeat(40));
        let (a, b) = (long("a.xml"), long("b.xml"));
        let [a, b] = [a, b].map(|path| receipt_name(SUITE, Path::new(&path)));
        assert!(
            a.len() <= NAME_BYTES_MAX && a.ends_with("__a.xml.receipt"),
            "{a}"
        );
        assert_ne!(a, b);
    }

    #[test]
    fn a_written_file_is_whole_and_a_secret_is_never_overwritten() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep/r.receipt");
        write(&path, b"one").expect("written");
        write(&path, b"two").expect("written again");
        assert_eq!(read(&path, 3).expect("read"), b"two");
        assert!(read(&path, 2).is_err());
        assert_eq!(
            fs::read_dir(folder.path().join("deep"))
                .expect("listed")
                .count(),
            1
        );

        let new = folder.path().join("new");
        write_new(&new, b"one").expect("written");
        assert!(write_new(&new, b"two").is_err());
        assert_eq!(read(&new, 3).expect("read"), b"one");

        let secret = folder.path().join("key.json");
        write_secret(&secret, b"seed").expect("written");
        assert!(write_secret(&secret, b"other").is_err());
        assert_eq!(read(&secret, 10).expect("read"), b"seed");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&secret).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);

            write_private(&path, b"state").expect("written");
            let mode = fs::metadata(&path).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_walk_is_sorted_and_leaves_receipts_out() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["b/1.xml", "a.xml", "c.xml.receipt", ".hidden", "b/0.xml"] {
            write(&folder.path().join(name), b"x").expect("written");
        }
        let found = walk(folder.path()).expect("walked");
        let names: Vec<_> = found
            .iter()
            .map(|path| {
                path.strip_prefix(folder.path())
                    .expect("below")
                    .display()
                    .to_string()
            })
            .collect();
        assert_eq!(names, ["a.xml", "b/0.xml", "b/1.xml"]);
    }
}
